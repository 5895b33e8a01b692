//! What the printer knows of each query operator: the words that divide its operands. One more operator is one line.

/// An operator's keyword and how its operands are laid out.
#[derive(Debug)]
pub(super) struct Operator {
    /// Keyword; several for aliases.
    pub(super) words: &'static [&'static str],
    /// Words that begin a new line when the operator does not fit on one.
    pub(super) lines: &'static [&'static str],
    /// Words that go on where they are.
    pub(super) inline: &'static [&'static str],
    /// Peculiarities of its operands.
    pub(super) form: Form,
}

/// How an operator's operands are read and laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Expressions; `name = value` makes a column.
    Columns,
    /// Options (`kind=inner`) stand before the operands.
    Options,
    /// The same, and operands may be name patterns (`Device*`).
    Patterns,
    /// Name patterns without options.
    NamePatterns,
    /// A `parse` pattern: texts, columns and stars.
    Parse,
    /// Options everywhere, also in brackets behind `with`.
    Properties,
    /// Patterns of nodes and edges.
    Graph,
    /// Steps that end in `;`.
    Steps,
    /// Pipelines in brackets.
    Branches,
    /// Levels that each begin with the keyword.
    Levels,
    /// A table in the text: a schema in brackets, its rows in others.
    Table,
    /// Its operand is never a call, although brackets may follow it.
    Partition,
}

impl Form {
    /// True when options with names of their own (`kind=inner`) stand before the operands.
    pub(super) fn has_options(self) -> bool {
        matches!(
            self,
            Form::Options | Form::Patterns | Form::Parse | Form::Graph | Form::Steps
        )
    }
}

const fn operator(
    words: &'static [&'static str],
    lines: &'static [&'static str],
    inline: &'static [&'static str],
    form: Form,
) -> Operator {
    Operator {
        words,
        lines,
        inline,
        form,
    }
}

const OPERATORS: &[Operator] = &[
    operator(&["where", "filter"], &[], &[], Form::Columns),
    operator(&["extend", "project", "print"], &[], &[], Form::Columns),
    operator(&["summarize"], &["by"], &[], Form::Columns),
    operator(&["distinct", "serialize"], &[], &[], Form::Columns),
    operator(
        &["project-rename", "project-by-names"],
        &[],
        &[],
        Form::Columns,
    ),
    operator(
        &["project-away", "project-keep", "project-reorder"],
        &[],
        &[],
        Form::NamePatterns,
    ),
    operator(&["sort", "order", "top"], &[], &["by"], Form::Columns),
    operator(
        &["top-hitters", "sample-distinct"],
        &[],
        &["of", "by"],
        Form::Columns,
    ),
    operator(&["top-nested"], &[], &[], Form::Levels),
    operator(&["take", "limit", "sample"], &[], &[], Form::Columns),
    operator(&["as"], &[], &[], Form::Columns),
    operator(&["count"], &[], &["as"], Form::Columns),
    operator(&["getschema", "consume"], &[], &[], Form::Options),
    operator(&["join", "lookup"], &[], &["on"], Form::Options),
    operator(&["union"], &[], &[], Form::Patterns),
    operator(&["search"], &[], &["in"], Form::Patterns),
    operator(&["find"], &["where", "project"], &["in"], Form::Patterns),
    operator(&["mv-expand", "mvexpand"], &[], &["limit"], Form::Options),
    operator(
        &["mv-apply", "mvapply"],
        &[],
        &["limit", "on"],
        Form::Options,
    ),
    operator(&["parse", "parse-where"], &[], &["with"], Form::Parse),
    operator(&["parse-kv"], &[], &["as", "with"], Form::Properties),
    operator(&["render"], &[], &["with"], Form::Properties),
    operator(
        &["datatable", "externaldata", "external_data"],
        &[],
        &["with"],
        Form::Table,
    ),
    operator(&["range"], &[], &["from", "to", "step"], Form::Columns),
    operator(&["evaluate", "invoke"], &[], &[], Form::Columns),
    operator(
        &["make-series"],
        &["on", "by"],
        &["from", "to", "in", "step"],
        Form::Options,
    ),
    operator(
        &["partition", "__partitionby"],
        &[],
        &["by"],
        Form::Partition,
    ),
    operator(&["reduce"], &[], &["by", "with"], Form::Options),
    operator(
        &["scan"],
        &["partition", "order", "declare"],
        &["by", "with"],
        Form::Steps,
    ),
    operator(&["facet"], &[], &["by", "with"], Form::Columns),
    operator(&["fork"], &[], &[], Form::Branches),
    operator(&["assert-schema", "macro-expand"], &[], &[], Form::Columns),
    operator(
        &["make-graph"],
        &["with", "with_node_id", "partitioned"],
        &[],
        Form::Options,
    ),
    operator(
        &["graph-match", "graph-shortest-paths"],
        &["where", "project"],
        &[],
        Form::Graph,
    ),
    operator(
        &["graph-to-table", "graph-mark-components"],
        &[],
        &[],
        Form::Options,
    ),
    operator(
        &["graph-where-nodes", "graph-where-edges"],
        &[],
        &[],
        Form::Columns,
    ),
];

/// Words with a dash that are no operators.
const DASHED: &[&str] = &["granny-asc", "granny-desc", "project-smart"];

/// Options with a name of their own; all others begin with `hint.`.
const OPTIONS: &[&str] = &[
    "bagexpansion",
    "best_effort",
    "characters",
    "cycles",
    "datascope",
    "decodeblocks",
    "flags",
    "id",
    "isfuzzy",
    "kind",
    "output",
    "threshold",
    "with_component_id",
    "with_itemindex",
    "with_match_id",
    "with_node_id",
    "with_source",
    "with_source_id",
    "with_target_id",
    "withsource",
];

/// Operators that may begin a query or a part of one and are not a name there, whatever follows.
const BEGINNERS: &[&str] = &[
    "datatable",
    "distinct",
    "extend",
    "external_data",
    "externaldata",
    "filter",
    "find",
    "print",
    "project",
    "search",
    "summarize",
    "union",
    "where",
];

/// Operators between two values that are words.
const BETWEEN_VALUES: &[&str] = &[
    "and",
    "between",
    "contains",
    "contains_cs",
    "containscs",
    "endswith",
    "endswith_cs",
    "has",
    "has_all",
    "has_any",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "in",
    "in~",
    "matches",
    "notcontains",
    "notcontainscs",
    "or",
    "regex",
    "startswith",
    "startswith_cs",
    "to",
];

/// The operator of this keyword.
pub(super) fn find(word: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|known| known.words.contains(&word))
}

/// True for keywords with a dash and other words that hold together like one.
pub(super) fn is_dashed(word: &str) -> bool {
    word.contains('-') && (find(word).is_some() || DASHED.contains(&word))
}

pub(super) fn is_option(word: &str) -> bool {
    OPTIONS.contains(&word.to_ascii_lowercase().as_str())
}

pub(super) fn begins_query(word: &str) -> bool {
    BEGINNERS.contains(&word)
}

pub(super) fn is_between_values(word: &str) -> bool {
    word.starts_with('!') || BETWEEN_VALUES.contains(&word)
}

/// Functions whose arguments go two and two.
pub(super) fn takes_pairs(function: &str) -> bool {
    matches!(function, "case" | "bag_pack" | "pack" | "pack_dictionary")
}
