//! The tabular operators of the language with their syntax, a line of documentation and an example: for completion,
//! hover and the reference page. One more operator of the parser is one more entry here; a test compares the two.
//!
//! Facts from "Tabular operators" in the Kusto Query Language reference.

/// Where an operator may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind a pipe.
    Pipe,
    /// Where a query starts.
    Start,
    /// Both.
    Both,
    /// Known, but nothing here reads it; not offered.
    Unsupported,
}

/// A tabular operator.
#[derive(Clone, Copy, Debug)]
pub struct TabularOperator {
    /// Name, as written in queries.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// Where it may stand.
    pub place: Place,
    /// Its form; brackets enclose what may be left out.
    pub syntax: &'static str,
    /// One line.
    pub doc: &'static str,
    /// A query over `SecurityEvent` and `SigninLogs`, or over no table; empty when nothing here reads the operator.
    pub example: &'static str,
}

/// The operator of this name or alias.
#[must_use]
pub fn tabular(name: &str) -> Option<&'static TabularOperator> {
    TABULAR
        .iter()
        .find(|operator| operator.name == name || operator.aliases.contains(&name))
}

/// Every operator, by name.
pub const TABULAR: &[TabularOperator] = &[
    TabularOperator {
        name: "as",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | as Name",
        doc: "Gives the rows so far a name that later parts of the query may use.",
        example: "SigninLogs | where ResultType != \"0\" | as Failed | union (Failed | take 1)",
    },
    TabularOperator {
        name: "assert-schema",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | assert-schema (Name: type, ...)",
        doc: "Passes the rows on if the table has exactly these columns, and fails otherwise.",
        example: "print a = 1 | assert-schema (a: long)",
    },
    TabularOperator {
        name: "consume",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | consume [decodeblocks = bool]",
        doc: "Reads all rows and returns none of them; shows what reading costs.",
        example: "SecurityEvent | consume",
    },
    TabularOperator {
        name: "count",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | count [as Name]",
        doc: "Returns the number of rows.",
        example: "SecurityEvent | where EventID == 4625 | count",
    },
    TabularOperator {
        name: "datatable",
        aliases: &[],
        place: Place::Start,
        syntax: "datatable (Name: type, ...) [value, ...]",
        doc: "A table whose rows are written in the query.",
        example: "datatable (Account: string, Tries: long) [\"anna\", 3, \"ben\", 7]",
    },
    TabularOperator {
        name: "distinct",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | distinct Column, ...",
        doc: "Returns each combination of values of these columns once.",
        example: "SigninLogs | distinct UserPrincipalName, IPAddress",
    },
    TabularOperator {
        name: "evaluate",
        aliases: &[],
        place: Place::Both,
        syntax: "T | evaluate plugin(arguments) [: (Name: type, ...)]",
        doc: "Calls a plugin, which makes a table of the input.",
        example: "SigninLogs | evaluate bag_unpack(DeviceDetail)",
    },
    TabularOperator {
        name: "extend",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | extend Name = expression, ...",
        doc: "Adds computed columns, or replaces those of the same name.",
        example: "SigninLogs | extend Hour = bin(TimeGenerated, 1h)",
    },
    TabularOperator {
        name: "externaldata",
        aliases: &["external_data"],
        place: Place::Start,
        syntax: "externaldata (Name: type, ...) [uri, ...] [with (property = value, ...)]",
        doc: "A table read from files at the given addresses.",
        example: "externaldata (Indicator: string) [\"https://example.com/list.csv\"] with (format = \"csv\")",
    },
    TabularOperator {
        name: "facet",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | facet by Column, ... [with (operators)]",
        doc: "Returns a table of counts for each of the columns.",
        example: "SecurityEvent | facet by Account, Computer",
    },
    TabularOperator {
        name: "find",
        aliases: &[],
        place: Place::Start,
        syntax: "find [in (tables)] where predicate [project columns]",
        doc: "Finds rows in several tables and says which table each is from.",
        example: "find in (SecurityEvent, SigninLogs) where TimeGenerated > ago(1h) project TimeGenerated",
    },
    TabularOperator {
        name: "fork",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | fork [Name =] (operators) ...",
        doc: "Runs several pipelines over the same rows; each gives a result.",
        example: "SecurityEvent | fork (count) (take 5)",
    },
    TabularOperator {
        name: "getschema",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | getschema",
        doc: "Returns the columns of the input with their types as rows.",
        example: "SecurityEvent | getschema",
    },
    TabularOperator {
        name: "graph-mark-components",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-mark-components [kind = weak|strong] [with_component_id = Name]",
        doc: "Marks each node of a graph with the number of its connected component.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-mark-components | graph-to-table nodes",
    },
    TabularOperator {
        name: "graph-match",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-match (a)-[e]->(b) [where predicate] project Name = expression, ...",
        doc: "Finds the places of a graph that look like a pattern.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-match (user)-[logon]->(host) where logon.EventID == 4624 project User = user.Id, Host = host.Id",
    },
    TabularOperator {
        name: "graph-shortest-paths",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-shortest-paths [output = any|all] (a)-[e*1..n]->(b) [where predicate] project Name = expression, ...",
        doc: "Finds the shortest paths between nodes of a graph.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-shortest-paths (user)-[step*1..4]->(host) project User = user.Id, Host = host.Id",
    },
    TabularOperator {
        name: "graph-to-table",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-to-table nodes|edges [as Name], ...",
        doc: "Turns the nodes or the edges of a graph into a table.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-to-table edges",
    },
    TabularOperator {
        name: "graph-where-edges",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-where-edges predicate",
        doc: "Keeps the edges of a graph for which the predicate holds.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-where-edges EventID == 4624 | graph-to-table edges",
    },
    TabularOperator {
        name: "graph-where-nodes",
        aliases: &[],
        place: Place::Pipe,
        syntax: "G | graph-where-nodes predicate",
        doc: "Keeps the nodes of a graph for which the predicate holds, and the edges between them.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-where-nodes Id != \"\" | graph-to-table nodes",
    },
    TabularOperator {
        name: "inline_external_table",
        aliases: &[],
        place: Place::Unsupported,
        syntax: "inline_external_table (Name: type, ...) kind = storage (connection string, ...)",
        doc: "A table defined over files in a storage account, for this query only; read by clusters, not here.",
        example: "",
    },
    TabularOperator {
        name: "invoke",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | invoke function(arguments)",
        doc: "Calls a function with the input as its first argument.",
        example: "let recent = (T: (TimeGenerated: datetime)) { T | where TimeGenerated > ago(1h) }; SecurityEvent | invoke recent()",
    },
    TabularOperator {
        name: "join",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | join [kind = inner|leftouter|...] (Right) on Key, ...",
        doc: "Puts rows of two tables together whose keys are equal.",
        example: "SecurityEvent | join kind=inner (SigninLogs | project Account = UserPrincipalName, Location) on Account",
    },
    TabularOperator {
        name: "lookup",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | lookup [kind = leftouter|inner] (Right) on Key, ...",
        doc: "Adds columns of a small table to the rows whose keys are equal.",
        example: "SigninLogs | lookup (datatable (Location: string, Name: string) [\"SE\", \"Sweden\"]) on Location",
    },
    TabularOperator {
        name: "macro-expand",
        aliases: &[],
        place: Place::Both,
        syntax: "macro-expand EntityGroup as Name (query over Name.Table)",
        doc: "Runs a query for each database of a group and puts the results together.",
        example: "macro-expand entity_group [database(\"a\"), database(\"b\")] as D (D.SigninLogs | count)",
    },
    TabularOperator {
        name: "make-graph",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | make-graph Source --> Target [with Nodes on Key, ... | with_node_id = Name]",
        doc: "Makes a graph whose edges are the rows.",
        example: "SecurityEvent | make-graph Account --> Computer with_node_id = Id | graph-to-table nodes",
    },
    TabularOperator {
        name: "make-series",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | make-series [Name =] aggregate [default = value], ... on Axis [from start] [to end] step size [by Column, ...]",
        doc: "Makes arrays of aggregated values at regular steps, without gaps.",
        example: "SecurityEvent | make-series Events = count() default = 0 on TimeGenerated from ago(1d) to now() step 1h by Computer",
    },
    TabularOperator {
        name: "mv-apply",
        aliases: &["mvapply"],
        place: Place::Pipe,
        syntax: "T | mv-apply [Name =] Array [to typeof(type)], ... on (operators)",
        doc: "Runs a pipeline over the elements of an array, row by row.",
        example: "SigninLogs | mv-apply Part = split(UserPrincipalName, '@') to typeof(string) on (take 1)",
    },
    TabularOperator {
        name: "mv-expand",
        aliases: &["mvexpand"],
        place: Place::Pipe,
        syntax: "T | mv-expand [kind = bag|array] [Name =] Array [to typeof(type)], ... [limit n]",
        doc: "Makes a row of each element of an array or a property bag.",
        example: "SigninLogs | mv-expand DeviceDetail",
    },
    TabularOperator {
        name: "parse",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | parse [kind = simple|regex|relaxed] Text with * \"text\" Name: type ...",
        doc: "Takes columns out of a text by a pattern; rows that do not fit get nulls.",
        example: "SecurityEvent | parse Account with Domain \"\\\\\" User",
    },
    TabularOperator {
        name: "parse-kv",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | parse-kv Text as (Name: type, ...) [with (pair_delimiter = text, kv_delimiter = text, ...)]",
        doc: "Takes columns out of a text of keys and values.",
        example: "SecurityEvent | parse-kv CommandLine as (user: string, port: long) with (pair_delimiter = \" \", kv_delimiter = \"=\")",
    },
    TabularOperator {
        name: "parse-where",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | parse-where [kind = simple|regex] Text with * \"text\" Name: type ...",
        doc: "Takes columns out of a text by a pattern and drops the rows that do not fit.",
        example: "SecurityEvent | parse-where Account with Domain \"\\\\\" User",
    },
    TabularOperator {
        name: "partition",
        aliases: &["__partitionby"],
        place: Place::Pipe,
        syntax: "T | partition [hint.strategy = native|shuffle|legacy] by Column (operators)",
        doc: "Runs a pipeline for each value of a column and puts the results together.",
        example: "SecurityEvent | partition by Computer (top 3 by TimeGenerated)",
    },
    TabularOperator {
        name: "print",
        aliases: &[],
        place: Place::Start,
        syntax: "print [Name =] expression, ...",
        doc: "Makes one row of computed values.",
        example: "print Start = ago(1d), Pi = 3.14",
    },
    TabularOperator {
        name: "project",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project [Name =] expression, ...",
        doc: "Returns these columns in this order, renamed or computed.",
        example: "SigninLogs | project TimeGenerated, User = UserPrincipalName",
    },
    TabularOperator {
        name: "project-away",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project-away Column, ...",
        doc: "Drops columns; `*` stands for any characters.",
        example: "SigninLogs | project-away Device*",
    },
    TabularOperator {
        name: "project-by-names",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project-by-names names, ...",
        doc: "Returns the columns whose names the strings or arrays give.",
        example: "SigninLogs | project-by-names \"TimeGenerated\", dynamic([\"Location\"])",
    },
    TabularOperator {
        name: "project-keep",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project-keep Column, ...",
        doc: "Keeps these columns in their order; `*` stands for any characters.",
        example: "SigninLogs | project-keep TimeGenerated, User*",
    },
    TabularOperator {
        name: "project-rename",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project-rename New = Old, ...",
        doc: "Gives columns new names.",
        example: "SigninLogs | project-rename User = UserPrincipalName",
    },
    TabularOperator {
        name: "project-reorder",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | project-reorder Column [asc|desc|granny-asc|granny-desc], ...",
        doc: "Moves columns to the front; `*` stands for any characters.",
        example: "SigninLogs | project-reorder UserPrincipalName, * asc",
    },
    TabularOperator {
        name: "range",
        aliases: &[],
        place: Place::Start,
        syntax: "range Name from start to end step size",
        doc: "A table of one column with values at regular steps.",
        example: "range Hour from 1 to 24 step 1",
    },
    TabularOperator {
        name: "reduce",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | reduce by Text [with threshold = number, characters = text]",
        doc: "Groups similar texts and returns a pattern for each group.",
        example: "SecurityEvent | reduce by CommandLine with threshold = 0.2",
    },
    TabularOperator {
        name: "render",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | render chart [with (property = value, ...)]",
        doc: "Asks the client to draw the result.",
        example: "SecurityEvent | summarize count() by bin(TimeGenerated, 1h) | render timechart",
    },
    TabularOperator {
        name: "sample",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | sample n",
        doc: "Returns n rows chosen at random.",
        example: "SecurityEvent | sample 10",
    },
    TabularOperator {
        name: "sample-distinct",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | sample-distinct n of Column",
        doc: "Returns up to n different values of a column.",
        example: "SecurityEvent | sample-distinct 10 of Account",
    },
    TabularOperator {
        name: "scan",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | scan [with_match_id = Name] [declare (Name: type = value, ...)] with (step Name [output = all|last|none]: condition [=> Name = expression, ...]; ...)",
        doc: "Follows sequences of rows through steps with conditions.",
        example: "SecurityEvent | sort by TimeGenerated asc | scan declare (Tries: long = 0) with (step fail: EventID == 4625 => Tries = fail.Tries + 1; step ok: EventID == 4624;)",
    },
    TabularOperator {
        name: "search",
        aliases: &[],
        place: Place::Both,
        syntax: "[T |] search [kind = case_sensitive] [in (tables)] predicate",
        doc: "Finds rows in which any column holds a text.",
        example: "search in (SecurityEvent, SigninLogs) \"mimikatz\"",
    },
    TabularOperator {
        name: "serialize",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | serialize [Name = expression, ...]",
        doc: "Keeps the order of the rows from here on, so that window functions may be used.",
        example: "SecurityEvent | serialize Row = row_number()",
    },
    TabularOperator {
        name: "sort",
        aliases: &["order"],
        place: Place::Pipe,
        syntax: "T | sort by Column [asc|desc] [nulls first|last], ...",
        doc: "Orders the rows; descending unless told otherwise.",
        example: "SecurityEvent | sort by TimeGenerated desc",
    },
    TabularOperator {
        name: "summarize",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | summarize [Name =] aggregate, ... [by [Name =] expression, ...]",
        doc: "Makes a row of each group of rows.",
        example: "SigninLogs | summarize Tries = count(), dcount(IPAddress) by UserPrincipalName",
    },
    TabularOperator {
        name: "take",
        aliases: &["limit"],
        place: Place::Pipe,
        syntax: "T | take n",
        doc: "Returns up to n rows, no matter which.",
        example: "SecurityEvent | take 10",
    },
    TabularOperator {
        name: "top",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | top n by expression [asc|desc] [nulls first|last]",
        doc: "Returns the first n rows by an order.",
        example: "SecurityEvent | top 10 by TimeGenerated desc",
    },
    TabularOperator {
        name: "top-hitters",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | top-hitters n of Column [by expression]",
        doc: "Returns about the n most frequent values of a column.",
        example: "SigninLogs | top-hitters 5 of IPAddress",
    },
    TabularOperator {
        name: "top-nested",
        aliases: &[],
        place: Place::Pipe,
        syntax: "T | top-nested [n] of Column [with others = value] by aggregate [asc|desc], ...",
        doc: "Returns the n best values of a column, in each of them the best of the next, and so on.",
        example: "SigninLogs | top-nested 3 of Location by count(), top-nested 2 of UserPrincipalName by count()",
    },
    TabularOperator {
        name: "union",
        aliases: &[],
        place: Place::Both,
        syntax: "[T |] union [kind = inner|outer] [withsource = Name] [isfuzzy = bool] Table, ...",
        doc: "Puts the rows of several tables into one.",
        example: "union withsource=Source SecurityEvent, SigninLogs",
    },
    TabularOperator {
        name: "where",
        aliases: &["filter"],
        place: Place::Pipe,
        syntax: "T | where predicate",
        doc: "Keeps the rows for which the predicate holds.",
        example: "SigninLogs | where ResultType == \"0\" and TimeGenerated > ago(1h)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{OPERATORS, SOURCES};
    use crate::{BindOptions, Dialect, StaticCatalog, TableDef, Type, bind};

    const SECURITY_EVENT: &[(&str, Type)] = &[
        ("TimeGenerated", Type::DateTime),
        ("Account", Type::String),
        ("Computer", Type::String),
        ("EventID", Type::Int),
        ("CommandLine", Type::String),
    ];
    const SIGNIN_LOGS: &[(&str, Type)] = &[
        ("TimeGenerated", Type::DateTime),
        ("UserPrincipalName", Type::String),
        ("IPAddress", Type::String),
        ("ResultType", Type::String),
        ("Location", Type::String),
        ("DeviceDetail", Type::Dynamic),
    ];

    fn catalog() -> StaticCatalog {
        let mut catalog = StaticCatalog::new();
        for (name, columns) in [
            ("SecurityEvent", SECURITY_EVENT),
            ("SigninLogs", SIGNIN_LOGS),
        ] {
            let columns = columns.iter().map(|(name, ty)| ((*name).into(), *ty));
            catalog.add_table(TableDef {
                name: name.to_owned(),
                columns: columns.collect(),
            });
        }
        catalog
    }

    #[test]
    fn the_list_is_sorted_and_has_each_name_once() {
        assert!(TABULAR.is_sorted_by(|a, b| a.name < b.name));
        for operator in TABULAR {
            for alias in operator.aliases {
                assert_eq!(tabular(alias).map(|found| found.name), Some(operator.name));
                assert!(TABULAR.iter().all(|other| other.name != *alias), "{alias}");
            }
        }
    }

    #[test]
    fn the_parser_and_the_list_know_the_same_operators() {
        let undocumented: Vec<_> = OPERATORS
            .iter()
            .chain(SOURCES)
            .filter(|name| tabular(name).is_none())
            .collect();
        assert!(undocumented.is_empty(), "no entry for {undocumented:?}");
        for operator in TABULAR {
            let starts = matches!(operator.place, Place::Start | Place::Both);
            assert_eq!(
                SOURCES.contains(&operator.name),
                starts,
                "{}",
                operator.name
            );
            let piped = matches!(operator.place, Place::Pipe | Place::Both);
            assert_eq!(
                OPERATORS.contains(&operator.name),
                piped,
                "{}",
                operator.name
            );
        }
    }

    #[test]
    fn every_example_binds_and_shows_its_operator() {
        let options = BindOptions {
            now: 638_000_000_000_000_000,
            dialect: Dialect::Sentinel,
        };
        for operator in TABULAR {
            assert!(!operator.syntax.is_empty() && operator.doc.ends_with('.'));
            if operator.place == Place::Unsupported {
                assert!(operator.example.is_empty());
                continue;
            }
            assert!(
                operator.example.contains(operator.name),
                "{}",
                operator.name
            );
            let bound = bind(operator.example, &catalog(), &options);
            assert!(bound.ok(), "{}: {:?}", operator.name, bound.diagnostics);
        }
    }
}
