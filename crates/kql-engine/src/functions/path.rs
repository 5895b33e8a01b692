//! Paths into dynamics: `a.b`, `a['b']`, `a[0]`, `extract_json`, read over the text.

use std::borrow::Cow;

use serde_json::Value;

use super::regex_fn::text;
use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, convert, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["op:member"], member),
    strict(&["op:index"], index),
    lenient(&["extract_json", "extractjson"], extract_json),
];

fn raw<'a>(source: &Cow<'a, str>, found: Option<(usize, usize)>) -> Datum<'a> {
    match found.map(|(from, to)| crate::values::datum::slice(source, from, to)) {
        Some(text) if text != "null" => Datum::Dynamic(text),
        _ => Datum::Null,
    }
}

/// Where a part lies in the text it was taken from.
fn range_in(whole: &str, part: &str) -> (usize, usize) {
    let from = part.as_ptr() as usize - whole.as_ptr() as usize;
    (from, from + part.len())
}

/// Follows property names (the second argument and on).
fn member<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(Datum::Dynamic(source)) = args.first() else {
        return Datum::Null;
    };
    let mut current: &str = source;
    for name in args.iter().skip(1) {
        match dynamic::member(current, name.text()) {
            Some(found) => current = found,
            None => return Datum::Null,
        }
    }
    raw(source, Some(range_in(source, current)))
}

fn index<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [Datum::Dynamic(source), index] = args else {
        return Datum::Null;
    };
    let index = match index {
        Datum::Dynamic(_) => dynamic::to_scalar(&dynamic::to_json(index)),
        other => other.clone(),
    };
    let found = match &index {
        Datum::Str(name) => dynamic::member(source, name),
        other => other.as_i64().and_then(|at| dynamic::element(source, at)),
    };
    raw(source, found.map(|part| range_in(source, part)))
}

/// `$.a.b[0]['c']`: the steps of a simple JSON path.
fn steps(path: &str) -> Option<Vec<Value>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Value::from(after.get(..end)?));
            rest = after.get(end..)?;
        } else {
            let after = rest.strip_prefix('[')?;
            let end = after.find(']')?;
            let inner = after.get(..end)?.trim();
            let quoted = inner.trim_matches(['\'', '"']);
            steps.push(if quoted.len() < inner.len() {
                Value::from(quoted)
            } else {
                Value::from(inner.parse::<i64>().ok()?)
            });
            rest = after.get(end + 1..)?;
        }
    }
    Some(steps)
}

fn extract_json<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let found = steps(text(args, 0)).and_then(|steps| {
        let mut current = text(args, 1);
        for step in &steps {
            current = match step {
                Value::String(name) => dynamic::member(current, name)?,
                other => dynamic::element(current, other.as_i64()?)?,
            };
        }
        Some(dynamic::parse(current))
    });
    match found {
        Some(value) => dynamic::to_type(&value, call.ret),
        None => convert::to_type(&Datum::Null, call.ret),
    }
}
