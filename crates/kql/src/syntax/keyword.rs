//! Words the language keeps for itself: where they may still name something without brackets.

/// Name nothing unless bracketed. Sorted.
const RESERVED: &[&str] = &[
    "__contextual_datatable",
    "__crossCluster",
    "__crossDB",
    "__executeAndCache",
    "__id",
    "__isFuzzy",
    "__noWithSource",
    "__packedColumn",
    "__projectAway",
    "__sourceColumnIndex",
    "and",
    "anomalychart",
    "areachart",
    "asc",
    "bagexpansion",
    "barchart",
    "between",
    "bin_legacy",
    "boolean",
    "byte",
    "cachingpolicy",
    "callout",
    "cancel",
    "card",
    "char",
    "columnchart",
    "contains_cs",
    "containscs",
    "cycles",
    "dataexport",
    "datascope",
    "date",
    "datetime",
    "decimal",
    "decodeblocks",
    "desc",
    "double",
    "dynamic",
    "encodingpolicy",
    "endswith",
    "endswith_cs",
    "expandoutput",
    "extent_tags_retention",
    "external_data",
    "first",
    "flags",
    "float",
    "force_remote",
    "harddelete",
    "hardretention",
    "has_all",
    "has_any",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "hotcache",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "isfuzzy",
    "journal",
    "ladderchart",
    "last",
    "like",
    "likecs",
    "linechart",
    "long",
    "missing",
    "nooptimization",
    "notcontains",
    "notcontainscs",
    "notlike",
    "notlikecs",
    "or",
    "others",
    "pathformat",
    "piechart",
    "pivotchart",
    "project",
    "queries",
    "query_results",
    "real",
    "relaxed",
    "restricted_view_access",
    "row_level_security",
    "rowstore",
    "rowstore_references",
    "rowstore_sealinfo",
    "rowstorepolicy",
    "rowstores",
    "scatterchart",
    "seal",
    "seals",
    "shards",
    "simple",
    "softdelete",
    "softretention",
    "stackedareachart",
    "startswith",
    "startswith_cs",
    "statistics",
    "storedqueryresultcontainers",
    "string",
    "tablepurge",
    "time",
    "timechart",
    "timeline",
    "timepivot",
    "timespan",
    "treemap",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "ulong",
    "union",
    "uniqueid",
    "unrestrictedviewers",
    "views",
    "with_itemindex",
    "with_match_id",
    "with_step_name",
    "writeaheadlog",
];

/// May name a new column (`extend by = 1`), but only a bracketed name refers to it. Sorted.
const DECLARABLE: &[&str] = &[
    "accumulate",
    "as",
    "by",
    "contains",
    "datatable",
    "earliest",
    "externaldata",
    "find",
    "has",
    "in",
    "invoke",
    "latest",
    "materialize",
    "mdm",
    "of",
    "print",
    "sample",
    "search",
    "set",
    "sql",
    "title",
    "to",
    "toscalar",
    "totable",
    "verbose",
    "viewers",
    "where",
];

/// The other way round: `kind` may refer to a column, but a new one needs brackets. Sorted.
const REFERABLE: &[&str] = &["kind", "with_source", "withsource"];

fn holds(list: &[&str], word: &str) -> bool {
    // No word of the language begins like most columns and tables do.
    !word.starts_with(|c: char| c.is_ascii_uppercase()) && list.binary_search(&word).is_ok()
}

/// True when the bare word may refer to a column, a variable or a table.
pub(crate) fn refers(word: &str) -> bool {
    !holds(RESERVED, word) && !holds(DECLARABLE, word)
}

/// True when the bare word may name a new column.
pub(super) fn declares(word: &str) -> bool {
    !holds(RESERVED, word) && !holds(REFERABLE, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [RESERVED, DECLARABLE, REFERABLE] {
            assert!(list.is_sorted());
            assert!(
                !list
                    .iter()
                    .any(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
            );
        }
    }

    #[test]
    fn operators_are_no_columns_but_may_name_one() {
        assert!(!refers("by") && declares("by"));
        assert!(refers("kind") && !declares("kind"));
        assert!(!refers("project") && !declares("project"));
        assert!(refers("Account") && declares("count"));
    }
}
