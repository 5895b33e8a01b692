//! Conversions between types.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "to_utf8",
        &["(value: scalar) -> dynamic"],
        "Older spelling of unicode_codepoints_from_string.",
    )
    .alias_of("unicode_codepoints_from_string"),
    Function::new(
        "tobool",
        &["(value: scalar) -> bool"],
        "Converts to bool; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new("toboolean", &["(value: scalar) -> bool"], "Same as tobool.")
        .named_as_argument()
        .alias_of("tobool"),
    Function::new(
        "todatetime",
        &["(value: scalar) -> datetime"],
        "Converts to datetime; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new(
        "todecimal",
        &["(value: scalar) -> decimal"],
        "Converts to decimal; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new("todouble", &["(value: scalar) -> real"], "Same as toreal.")
        .named_as_argument()
        .alias_of("toreal"),
    Function::new(
        "toguid",
        &["(value: text) -> guid"],
        "Converts to guid; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new(
        "tohex",
        &["(value: integer, min_length: integer?) -> string"],
        "Hexadecimal digits of an integer.",
    )
    .named_as_argument(),
    Function::new(
        "toint",
        &["(value: scalar) -> int"],
        "Converts to int; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new(
        "tolong",
        &["(value: scalar) -> long"],
        "Converts to long; null when it does not read as one.",
    )
    .named_as_argument(),
    Function::new(
        "toreal",
        &["(value: scalar) -> real"],
        "Converts to real; null when it does not read as one.",
    )
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
    .named_as_argument()
    .alias_of("totimespan"),
    Function::new(
        "totimespan",
        &["(value: scalar) -> timespan"],
        "Converts to timespan; null when it does not read as one.",
    )
    .named_as_argument(),
];
