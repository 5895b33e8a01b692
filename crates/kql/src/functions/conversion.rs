//! Conversions between types.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "to_utf8",
        &["(value: scalar) -> dynamic"],
        "Older spelling of unicode_codepoints_from_string.",
    )
    .example("tostring(to_utf8(\"hi\")) == \"[104,105]\"")
    .alias_of("unicode_codepoints_from_string"),
    Function::new(
        "tobool",
        &["(value: scalar) -> bool"],
        "Converts to bool; null when it does not read as one.",
    )
    .example("tobool(\"true\") == true")
    .named_as_argument(),
    Function::new("toboolean", &["(value: scalar) -> bool"], "Same as tobool.")
        .example("toboolean(\"false\") == false")
        .named_as_argument()
        .alias_of("tobool"),
    Function::new(
        "todatetime",
        &["(value: scalar) -> datetime"],
        "Converts to datetime; null when it does not read as one.",
    )
    .example("todatetime(\"2026-03-14\") == datetime(2026-03-14)")
    .named_as_argument(),
    Function::new(
        "todecimal",
        &["(value: scalar) -> decimal"],
        "Converts to decimal; null when it does not read as one.",
    )
    .example("todecimal(\"12.5\") == decimal(12.5)")
    .named_as_argument(),
    Function::new("todouble", &["(value: scalar) -> real"], "Same as toreal.")
        .example("todouble(\"12.5\") == 12.5")
        .named_as_argument()
        .alias_of("toreal"),
    Function::new(
        "toguid",
        &["(value: text) -> guid"],
        "Converts to guid; null when it does not read as one.",
    )
    .example("toguid(LogonGuid)")
    .named_as_argument(),
    Function::new(
        "tohex",
        &[
            "(value: int, min_length: integer?) -> string",
            "(value: integer, min_length: integer?) -> string",
        ],
        "Hexadecimal digits of an integer.",
    )
    .example("tohex(255) == \"ff\"")
    .named_as_argument(),
    Function::new(
        "toint",
        &["(value: scalar) -> int"],
        "Converts to int; null when it does not read as one.",
    )
    .example("toint(\"4625\") == 4625")
    .named_as_argument(),
    Function::new(
        "tolong",
        &["(value: scalar) -> long"],
        "Converts to long; null when it does not read as one.",
    )
    .example("tolong(\"4625\") == 4625")
    .named_as_argument(),
    Function::new(
        "toreal",
        &["(value: scalar) -> real"],
        "Converts to real; null when it does not read as one.",
    )
    .example("toreal(\"0.5\") == 0.5")
    .named_as_argument(),
    Function::new(
        "tostring",
        &["(value: scalar) -> string"],
        "Converts to a string; null becomes the empty string.",
    )
    .example("tostring(Properties.name)")
    .named_as_argument(),
    Function::new(
        "totime",
        &["(value: scalar) -> timespan"],
        "Same as totimespan.",
    )
    .example("totime(\"00:01:00\") == 1m")
    .named_as_argument()
    .alias_of("totimespan"),
    Function::new(
        "totimespan",
        &["(value: scalar) -> timespan"],
        "Converts to timespan; null when it does not read as one.",
    )
    .example("totimespan(\"0.00:01:00\") == 1m")
    .named_as_argument(),
];
