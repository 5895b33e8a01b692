//! Set functions over dynamic arrays: distinct elements, in order of first appearance.

use std::collections::HashSet;

use serde_json::Value;

use super::array::{items, json};
use super::{Call, Kernel, strict};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["set_union"], |_, args| combine(args, |_, _| true, true)),
    strict(&["set_intersect"], |_, args| {
        combine(args, |in_others, n| in_others == n, false)
    }),
    strict(&["set_difference"], |_, args| {
        combine(args, |in_others, _| in_others == 0, false)
    }),
    strict(&["set_has_element"], has_element),
    strict(&["set_equals"], equals),
    strict(&["jaccard_index"], jaccard),
    strict(&["array_distinct"], |_, args| {
        combine(args, |_, _| true, true)
    }),
];

/// Elements of the first array (of all when `all`) for which `keep(how many others hold it, how many others)`.
fn combine<'a>(args: &[Datum<'a>], keep: fn(usize, usize) -> bool, all: bool) -> Datum<'a> {
    let arrays: Option<Vec<Vec<Value>>> = (0..args.len()).map(|idx| items(args, idx)).collect();
    let Some(arrays) = arrays else {
        return Datum::Null;
    };
    let keys: Vec<HashSet<String>> = arrays
        .iter()
        .map(|a| a.iter().map(Value::to_string).collect())
        .collect();
    let others = keys.len().saturating_sub(1);
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for item in arrays
        .into_iter()
        .take(if all { usize::MAX } else { 1 })
        .flatten()
    {
        let key = item.to_string();
        let held = keys.iter().skip(1).filter(|set| set.contains(&key)).count();
        if keep(held, others) && seen.insert(key) {
            out.push(item);
        }
    }
    json(out)
}

fn has_element<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(array), Some(want)) = (items(args, 0), args.get(1)) else {
        return Datum::Null;
    };
    let want = dynamic::to_json(want);
    Datum::Bool(array.iter().any(|item| dynamic::equal(item, &want)))
}

fn equals<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(a), Some(b)) = (items(args, 0), items(args, 1)) else {
        return Datum::Null;
    };
    let a: HashSet<String> = a.iter().map(Value::to_string).collect();
    let b: HashSet<String> = b.iter().map(Value::to_string).collect();
    Datum::Bool(a == b)
}

fn jaccard<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(a), Some(b)) = (items(args, 0), items(args, 1)) else {
        return Datum::Null;
    };
    let a: HashSet<String> = a.iter().map(Value::to_string).collect();
    let b: HashSet<String> = b.iter().map(Value::to_string).collect();
    #[allow(clippy::cast_precision_loss)]
    let index = a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
    Datum::Real(index)
}
