//! Functions over the sketches that `hll()` and `tdigest()` give.

use super::array::{items, json};
use super::{Kernel, lenient, strict};
use crate::aggregates::hll::Sketch;
use crate::aggregates::tdigest::Digest;
use crate::values::{Datum, convert, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["dcount_hll"], |_, a| match a.first() {
        // The sketch of no values.
        None | Some(Datum::Null) => Datum::Long(0),
        given => sketch(given).map_or(Datum::Null, |s| Datum::Long(s.count())),
    }),
    lenient(&["hll_isvalid"], |_, a| {
        Datum::Bool(sketch(a.first()).is_some())
    }),
    lenient(&["hll_merge"], |_, a| merged(a)),
    strict(&["percentile_tdigest"], |call, a| {
        let found = digest(a.first()).zip(percentage(a.get(1)));
        found.map_or(Datum::Null, |(digest, percentage)| {
            convert::to_type(&digest.percentile(percentage), call.ret)
        })
    }),
    strict(
        &["percentiles_array_tdigest", "percentile_array_tdigest"],
        |_, a| percentiles(a),
    ),
    strict(&["percentrank_tdigest"], |_, a| {
        ranked(a, Digest::percent_rank)
    }),
    strict(&["rank_tdigest"], |_, a| ranked(a, Digest::rank)),
    lenient(&["tdigest_isvalid"], |_, a| {
        Datum::Bool(digest(a.first()).is_some())
    }),
    lenient(&["tdigest_merge", "merge_tdigest"], |_, a| {
        merged_digests(a)
    }),
];

fn digest(value: Option<&Datum<'_>>) -> Option<Digest> {
    Digest::parse(value?.text())
}

fn percentage(value: Option<&Datum<'_>>) -> Option<f64> {
    value?.as_f64().filter(|percentage| !percentage.is_nan())
}

/// An array with the value of each percentage, which are arguments or one array.
fn percentiles<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let Some(digest) = digest(args.first()) else {
        return Datum::Null;
    };
    let wanted: Vec<Option<f64>> = match args.get(1) {
        Some(Datum::Dynamic(_)) => items(args, 1)
            .unwrap_or_default()
            .iter()
            .map(serde_json::Value::as_f64)
            .collect(),
        _ => args
            .iter()
            .skip(1)
            .map(|arg| percentage(Some(arg)))
            .collect(),
    };
    let value = |wanted: Option<f64>| wanted.map_or(Datum::Null, |p| digest.percentile(p));
    let values = wanted.into_iter().map(value);
    json(values.map(|value| dynamic::to_json(&value)).collect())
}

fn ranked<'a>(args: &[Datum<'a>], rank: fn(&Digest, &Datum<'_>) -> Option<f64>) -> Datum<'a> {
    let found = digest(args.first()).zip(args.get(1));
    found
        .and_then(|(digest, value)| rank(&digest, value))
        .map_or(Datum::Null, Datum::Real)
}

/// Nulls and what isn't a digest add nothing.
fn merged_digests(args: &[Datum<'_>]) -> Datum<'static> {
    let mut all = args.iter().filter_map(|arg| digest(Some(arg)));
    let Some(mut first) = all.next() else {
        return Datum::Null;
    };
    all.for_each(|other| first.merge(&other));
    first.settle();
    Datum::json(&first.to_json())
}

fn sketch(value: Option<&Datum<'_>>) -> Option<Sketch> {
    Sketch::parse(value?.text())
}

/// Nulls and what isn't a sketch add nothing.
fn merged(args: &[Datum<'_>]) -> Datum<'static> {
    let mut all = args.iter().filter_map(|arg| sketch(Some(arg)));
    let Some(mut first) = all.next() else {
        return Datum::Null;
    };
    all.for_each(|other| first.merge(&other));
    Datum::json(&first.to_json())
}
