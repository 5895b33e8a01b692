//! Conditions and tests.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "assert",
        &["(predicate: bool, message: string) -> bool"],
        "Fails the query with the message when the condition is false.",
    )
    .example("assert(1h < 1d, \"the window is longer than the lookback\") == true"),
    Function::new(
        "case",
        &["(predicate: bool+, then: common_or_dynamic+, else: common_or_dynamic) -> common"],
        "The value of the first predicate that is true, else the last argument.",
    )
    .example("case(Level <= 2, \"low\", Level <= 5, \"medium\", \"high\")"),
    Function::new(
        "coalesce",
        &["(arg: common{2}) -> common"],
        "The first argument that is not null (or not empty, for strings).",
    )
    .example("coalesce(tolong(Port), 0)"),
    Function::new(
        "column_ifexists",
        &["(column_name: const string, default_value: scalar) -> arg1"],
        "The column of that name, or the default where the table has none.",
    )
    .example("column_ifexists(\"DeviceName\", \"\")")
    .named_as_column(),
    Function::new(
        "columnifexists",
        &["(column_name: const string, default_value: scalar) -> arg1"],
        "Older spelling of column_ifexists.",
    )
    .example("columnifexists(\"DeviceName\", \"\")")
    .named_as_column()
    .alias_of("column_ifexists"),
    Function::new(
        "iff",
        &["(if: bool, then: common_or_dynamic, else: common_or_dynamic) -> common"],
        "The second argument when the first is true, else the third.",
    )
    .example("iff(EventID == 4625, \"failure\", \"success\")"),
    Function::new(
        "iif",
        &["(if: bool, then: common_or_dynamic, else: common_or_dynamic) -> common"],
        "Same as iff.",
    )
    .example("iif(ResultType == \"0\", \"success\", \"failure\")")
    .alias_of("iff"),
    Function::new(
        "isascii",
        &["(value: scalar) -> bool"],
        "True when the string holds only ASCII characters.",
    )
    .example("isascii(\"admin\") == true"),
    Function::new(
        "iscolumnexists",
        &["(column_name: const string) -> bool"],
        "True when the table has a column of that name.",
    )
    .example("iff(iscolumnexists(\"DeviceName\"), \"Defender\", \"Windows\")"),
    Function::new(
        "isempty",
        &["(value: scalar) -> bool"],
        "True for an empty string or a null.",
    )
    .example("isempty(\"\") == true"),
    Function::new(
        "isnotempty",
        &["(value: scalar) -> bool"],
        "True unless the value is an empty string or null.",
    )
    .example("isnotempty(IpAddress)"),
    Function::new(
        "isnotnull",
        &["(expression: scalar) -> bool"],
        "True unless the value is null; always true for strings.",
    )
    .example("isnotnull(tolong(\"22\")) == true"),
    Function::new(
        "isnull",
        &["(expression: scalar) -> bool"],
        "True when the value is null; never for strings.",
    )
    .example("isnull(tolong(\"ssh\")) == true"),
    Function::new(
        "isutf8",
        &["(value: scalar) -> bool"],
        "True when the string is valid UTF-8.",
    )
    .example("isutf8(\"admin\") == true"),
    Function::new(
        "not",
        &["(expression: bool) -> bool"],
        "Logical negation; null stays null.",
    )
    .example("not(Account endswith \"$\")"),
    Function::new(
        "notempty",
        &["(value: scalar) -> bool"],
        "Same as isnotempty.",
    )
    .example("notempty(IpAddress)")
    .alias_of("isnotempty"),
    Function::new(
        "notnull",
        &["(expression: scalar) -> bool"],
        "Same as isnotnull.",
    )
    .example("notnull(tolong(\"22\")) == true")
    .alias_of("isnotnull"),
];
