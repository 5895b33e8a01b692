//! Words of SQL, SPL and programming languages, and how the language says it.

/// Tabular operators, in lower case.
const OPERATORS: &[(&str, &str)] = &[
    (
        "dedup",
        "`distinct` or `summarize take_any(*) by ...` keeps one row of each",
    ),
    ("delete", "a query only reads"),
    ("eval", "computed columns are written `extend Name = ...`"),
    ("fields", "columns are chosen with `project`"),
    (
        "from",
        "a query begins with the table: `Table | where ... | project ...`",
    ),
    ("group", "groups are written `summarize count() by Column`"),
    (
        "groupby",
        "groups are written `summarize count() by Column`",
    ),
    ("having", "write `where` after `summarize`"),
    ("head", "write `take 10`"),
    ("insert", "a query only reads"),
    ("orderby", "write `sort by Column`"),
    ("rename", "write `project-rename New = Old`"),
    (
        "select",
        "columns are chosen with `project`, computed ones with `extend`",
    ),
    ("sort_by", "write `sort by Column`"),
    (
        "stats",
        "aggregates are written `summarize count() by Column`",
    ),
    ("table", "columns are chosen with `project`"),
    ("tail", "write `top 10 by Column asc`"),
    (
        "timechart",
        "write `summarize count() by bin(Column, 1h)` and then `render timechart`",
    ),
    ("uniq", "write `distinct Column`"),
    ("unnest", "write `mv-expand Column`"),
];

/// Scalar functions and aggregates, in lower case.
const FUNCTIONS: &[(&str, &str)] = &[
    ("array_agg", "write `make_list(Column)`"),
    (
        "cast",
        "convert with `tostring()`, `tolong()`, `todatetime()`, ...",
    ),
    ("char_length", "write `strlen()`"),
    ("charindex", "write `indexof()`"),
    ("concat", "write `strcat()`"),
    (
        "convert",
        "convert with `tostring()`, `tolong()`, `todatetime()`, ...",
    ),
    (
        "count_distinct",
        "write `dcount(Column)` or the exact `count_distinct(Column)` in `summarize`",
    ),
    ("current_timestamp", "write `now()`"),
    (
        "datediff",
        "write `datetime_diff('day', End, Start)` or subtract",
    ),
    (
        "date_trunc",
        "write `bin(Column, 1h)` or `startofday(Column)`",
    ),
    (
        "first",
        "write `take_any()`, or `arg_min(Time, Column)` for the earliest",
    ),
    ("getdate", "write `now()`"),
    (
        "group_concat",
        "write `strcat_array(make_list(Column), ',')`",
    ),
    ("if", "write `iff(condition, then, else)`"),
    ("ifnull", "write `coalesce()`"),
    ("instr", "write `indexof()`"),
    ("is_null", "write `isnull()`, or `isempty()` for strings"),
    ("isnullorempty", "write `isempty()`"),
    ("last", "write `arg_max(Time, Column)`"),
    ("lcase", "write `tolower()`"),
    ("left", "write `substring(Column, 0, length)`"),
    ("len", "write `strlen()`, or `array_length()` for arrays"),
    ("length", "write `strlen()`, or `array_length()` for arrays"),
    ("lower", "write `tolower()`"),
    ("mid", "write `substring()`"),
    ("nvl", "write `coalesce()`"),
    ("regexp_replace", "write `replace_regex()`"),
    ("regexp_extract", "write `extract()`"),
    ("string_agg", "write `strcat_array(make_list(Column), ',')`"),
    ("substr", "write `substring()`"),
    ("to_char", "write `tostring()` or `format_datetime()`"),
    ("ucase", "write `toupper()`"),
    (
        "unix_timestamp",
        "write `datetime_diff('second', Column, datetime(1970-01-01))`",
    ),
    ("upper", "write `toupper()`"),
];

/// Tokens in the middle of a query, as written.
const TOKENS: &[(&str, &str)] = &[
    (
        "!",
        "a negation is written `not(...)`, or with the operator, as in `!contains`",
    ),
    ("#", "a comment begins with `//`"),
    ("&", "write `and`"),
    ("&&", "write `and`"),
    ("=", "a comparison is written `==`"),
    ("===", "a comparison is written `==`"),
    ("<>", "write `!=`"),
    (
        "AND",
        "write `and`; words of the language are in lower case",
    ),
    ("BETWEEN", "write `between (low .. high)`"),
    ("BY", "write `by`; words of the language are in lower case"),
    ("IN", "write `in`; words of the language are in lower case"),
    ("IS", "write `isnull(Column)` or `isempty(Column)`"),
    (
        "LIKE",
        "write `has`, `contains`, `startswith` or `matches regex`",
    ),
    (
        "NOT",
        "a negation is written `not(...)`, or with the operator, as in `!in`",
    ),
    ("ON", "write `on`; words of the language are in lower case"),
    ("OR", "write `or`; words of the language are in lower case"),
    ("`", "a name with blanks is written `['a b']`"),
    ("as", "a name stands before: `project Name = Column`"),
    ("is", "write `isnull(Column)` or `isempty(Column)`"),
    (
        "not",
        "a negation is written `not(...)`, or with the operator, as in `!in`",
    ),
    ("||", "write `or`"),
];

/// Types, in lower case.
const TYPES: &[(&str, &str)] = &[
    ("bigint", "`long`"),
    ("float", "`real`"),
    ("integer", "`int` or `long`"),
    ("json", "`dynamic`"),
    ("number", "`long` or `real`"),
    ("str", "`string`"),
    ("text", "`string`"),
    ("timestamp", "`datetime`"),
    ("varchar", "`string`"),
];

fn find(list: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    list.iter()
        .find(|(foreign, _)| *foreign == word)
        .map(|(_, hint)| *hint)
}

/// The hint for an operator's name.
pub(crate) fn operator(word: &str) -> Option<&'static str> {
    find(OPERATORS, &word.to_ascii_lowercase())
}

/// The hint for a function's name.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    find(FUNCTIONS, &name.to_ascii_lowercase())
}

/// The hint for a token that continues nothing.
pub(crate) fn token(text: &str) -> Option<&'static str> {
    find(TOKENS, text)
}

/// What a type's name of another language is called.
pub(crate) fn type_name(name: &str) -> Option<&'static str> {
    find(TYPES, &name.to_ascii_lowercase())
}
