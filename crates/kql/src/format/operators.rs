//! What the printer knows of each query operator: the words that divide its operands. One more operator is one line; tests
//! compare the list with what the language has.

use crate::scalar_operators::scalar;

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
    /// Options before an operand that is never a call, although brackets may follow it.
    Partition,
}

impl Form {
    /// True when options with names of their own (`kind=inner`) stand before the operands.
    pub(super) fn has_options(self) -> bool {
        matches!(
            self,
            Form::Options
                | Form::Patterns
                | Form::Parse
                | Form::Graph
                | Form::Steps
                | Form::Partition
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
    operator(
        &["find"],
        &["where", "project", "project-away", "project-smart"],
        &["in"],
        Form::Patterns,
    ),
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
    operator(&["assert-schema"], &[], &[], Form::Columns),
    operator(&["macro-expand"], &[], &[], Form::Partition),
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
    "expandoutput",
    "flags",
    "force_remote",
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
    "with_step_name",
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

/// Words between two values that are no entry of their own among the scalar operators: old spellings, the two of
/// `matches regex`, and what stands before a type.
const BETWEEN_VALUES: &[&str] = &[
    "containscs",
    "matches",
    "notcontains",
    "notcontainscs",
    "regex",
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
    word.starts_with('!') || BETWEEN_VALUES.contains(&word) || scalar(word).is_some()
}

/// Functions whose arguments go two and two.
pub(super) fn takes_pairs(function: &str) -> bool {
    matches!(function, "case" | "bag_pack" | "pack" | "pack_dictionary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complete::{CompletionKind, complete};
    use crate::operators::{Place, TABULAR, TabularOperator, tabular};
    use crate::{BindOptions, Dialect, StaticCatalog, TableDef, Type};

    /// Words of an operator's syntax that divide nothing where it stands, although they do with others.
    const WITHIN: &[(&str, &str)] = &[
        ("graph-to-table", "as"),
        ("macro-expand", "as"),
        ("make-graph", "on"),
        ("mv-apply", "to"),
        ("mv-expand", "to"),
        ("scan", "step"),
    ];

    fn read() -> impl Iterator<Item = &'static TabularOperator> {
        let operators = TABULAR.iter();
        operators.filter(|operator| operator.place != Place::Unsupported)
    }

    #[test]
    fn the_language_and_the_printer_know_the_same_operators() {
        for operator in read() {
            let known = find(operator.name);
            let words = known.map_or(&[][..], |known| known.words);
            assert!(!words.is_empty(), "no line for {}", operator.name);
            for alias in operator.aliases {
                let alias_known = find(alias).map(|known| (known.form, known.lines, known.inline));
                let same = known.map(|known| (known.form, known.lines, known.inline));
                assert_eq!(alias_known, same, "{alias} of {}", operator.name);
            }
        }
        for word in OPERATORS.iter().flat_map(|known| known.words) {
            assert!(tabular(word).is_some(), "{word} is no operator");
        }
        for word in BEGINNERS {
            assert!(find(word).is_some(), "{word} begins no query");
        }
    }

    #[test]
    fn words_that_divide_operands_are_those_of_the_syntax() {
        let dividing: Vec<&str> = OPERATORS
            .iter()
            .flat_map(|known| known.lines.iter().chain(known.inline))
            .copied()
            .collect();
        for operator in read() {
            let Some(known) = find(operator.name).filter(|known| known.form != Form::Levels) else {
                continue;
            };
            let syntax = operator.syntax.split_once(operator.name);
            let syntax = syntax.map_or("", |(_, rest)| rest);
            let forgotten: Vec<&str> = syntax
                .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
                .filter(|word| dividing.contains(word))
                .filter(|word| !known.lines.contains(word) && !known.inline.contains(word))
                .filter(|word| !WITHIN.contains(&(operator.name, word)))
                .collect();
            assert!(forgotten.is_empty(), "{}: {forgotten:?}", operator.name);
        }
    }

    /// What completion offers as an option comes from the parser's own lists.
    #[test]
    fn options_that_the_parser_reads_are_known() {
        let mut catalog = StaticCatalog::new();
        catalog.add_table(TableDef {
            name: "T".to_owned(),
            columns: vec![("a".into(), Type::Long)],
        });
        let options = BindOptions {
            now: 0,
            dialect: Dialect::Sentinel,
        };
        let (mut seen, mut forgotten) = (0, Vec::new());
        for operator in read() {
            let source = match operator.place {
                Place::Start => "",
                _ => "T | ",
            };
            let text = format!("{source}{} ", operator.name);
            let offered = complete(&text, text.len(), &catalog, &options).items;
            for item in offered {
                let option = item.kind == CompletionKind::Option;
                if !option || item.label.starts_with("hint.") {
                    continue;
                }
                seen += 1;
                let form = find(operator.name).map(|known| known.form);
                let free = form == Some(Form::Properties);
                let named = form.is_some_and(Form::has_options);
                let label = item.label.trim_end_matches([' ', '=']);
                let known = free || (named && is_option(label));
                if !known {
                    forgotten.push(format!("{} {label}", operator.name));
                }
            }
        }
        assert!(forgotten.is_empty(), "{forgotten:?}");
        assert!(seen > 20, "completion offers only {seen} options");
    }
}
