//! `tostring`, `toint`, ... `todynamic`: the conversions, all through `values::convert`.

use std::borrow::Cow;

use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, convert, dynamic};

/// What converts to the type of its result.
pub(crate) const CONVERSIONS: &[&str] = &[
    "op:cast",
    "tostring",
    "tobool",
    "toboolean",
    "toint",
    "tolong",
    "toreal",
    "todouble",
    "todecimal",
    "todatetime",
    "totimespan",
    "totime",
    "toguid",
];

/// What reads a string as JSON.
pub(crate) const PARSERS: &[&str] = &["todynamic", "parse_json", "parsejson", "toobject"];

pub(super) const KERNELS: &[Kernel] = &[
    lenient(CONVERSIONS, cast),
    lenient(PARSERS, to_dynamic),
    lenient(&["dynamic_to_json"], |_, args| match args.first() {
        Some(Datum::Null) | None => Datum::string(""),
        Some(value) => Datum::string(sorted(&dynamic::to_json(value)).to_string()),
    }),
    strict(&["tohex"], to_hex),
];

fn cast<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    args.first()
        .map_or(Datum::Null, |value| convert::to_type(value, call.ret))
}

fn to_dynamic<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    match args.first() {
        Some(Datum::Str(text)) => json_of(text.clone()),
        Some(value) => convert::to_type(value, kql::types::Type::Dynamic),
        None => Datum::Null,
    }
}

/// A string is read as JSON; text that isn't JSON stays the string it is.
pub(super) fn json_of(text: Cow<'_, str>) -> Datum<'_> {
    match text.trim() {
        "" | "null" => Datum::Null,
        trimmed if serde_json::from_str::<&serde_json::value::RawValue>(trimmed).is_ok() => {
            Datum::Dynamic(text)
        }
        _ => Datum::Dynamic(Cow::Owned(
            serde_json::Value::from(text.as_ref()).to_string(),
        )),
    }
}

/// `dynamic_to_json()` sorts keys, so that equal bags give equal text.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            Value::Object(
                keys.into_iter()
                    .map(|k| (k.clone(), map.get(k).map_or(Value::Null, sorted)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn to_hex<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(value) = args.first().and_then(Datum::as_i64) else {
        return Datum::Null;
    };
    let text = if matches!(args.first(), Some(Datum::Int(_))) && value < 0 {
        format!("{:x}", i32::try_from(value).unwrap_or(0))
    } else {
        format!("{value:x}")
    };
    let width = args
        .get(1)
        .and_then(Datum::as_i64)
        .and_then(|w| usize::try_from(w).ok())
        .unwrap_or(0)
        .min(64);
    Datum::string(format!("{text:0>width$}"))
}
