//! Tests for null and empty, and the few conditionals that don't become DataFusion's own `CASE`.

use kql::types::Type;

use super::{Call, Kernel, lenient};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["isnull"], |_, args| Datum::Bool(is_null(args))),
    lenient(&["isnotnull", "notnull"], |_, args| {
        Datum::Bool(!is_null(args))
    }),
    lenient(&["isempty"], |call, args| Datum::Bool(is_empty(call, args))),
    lenient(&["isnotempty", "notempty"], |call, args| {
        Datum::Bool(!is_empty(call, args))
    }),
    lenient(&["gettype"], get_type),
    lenient(&["max_of"], |_, args| extreme(args, true)),
    lenient(&["min_of"], |_, args| extreme(args, false)),
];

/// Strings are never null; a dynamic JSON null is.
fn is_null(args: &[Datum<'_>]) -> bool {
    match args.first() {
        Some(Datum::Dynamic(text)) => text.trim() == "null",
        Some(value) => value.is_null(),
        None => true,
    }
}

fn is_empty(call: &Call<'_>, args: &[Datum<'_>]) -> bool {
    match args.first() {
        Some(Datum::Str(text)) => text.is_empty(),
        Some(Datum::Dynamic(text)) if call.args.first().is_some_and(|ty| ty.is_dynamic()) => {
            matches!(text.trim(), "" | "null" | "\"\"")
        }
        Some(value) => value.is_null(),
        None => true,
    }
}

fn get_type<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let ty = call.args.first().copied().unwrap_or(Type::Dynamic);
    let name = match args.first() {
        Some(Datum::Dynamic(text)) => match dynamic::parse(text) {
            serde_json::Value::Array(_) => "array",
            serde_json::Value::Object(_) => "dictionary",
            serde_json::Value::Bool(_) => "bool",
            serde_json::Value::String(_) => "string",
            serde_json::Value::Number(n) if n.is_f64() => "double",
            // A small number in a dynamic is an int, as the page's example has it.
            serde_json::Value::Number(n)
                if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) =>
            {
                "int"
            }
            serde_json::Value::Number(_) => "long",
            serde_json::Value::Null => "null",
        },
        Some(Datum::Null) | None => "null",
        Some(_) => ty.name(),
    };
    Datum::string(name)
}

fn extreme<'a>(args: &[Datum<'a>], greatest: bool) -> Datum<'a> {
    let mut best: Option<&Datum<'a>> = None;
    for value in args.iter().filter(|v| !v.is_null()) {
        let better = best.is_none_or(|best| {
            let order = match (value, best) {
                (Datum::Str(a), Datum::Str(b)) => a.cmp(b),
                (a, b) => match (a.as_i64(), b.as_i64()) {
                    (Some(a), Some(b)) => a.cmp(&b),
                    _ => a
                        .as_f64()
                        .unwrap_or(f64::NAN)
                        .total_cmp(&b.as_f64().unwrap_or(f64::NAN)),
                },
            };
            if greatest {
                order.is_gt()
            } else {
                order.is_lt()
            }
        });
        if better {
            best = Some(value);
        }
    }
    best.cloned().unwrap_or(Datum::Null)
}
