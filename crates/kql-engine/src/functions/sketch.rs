//! Functions over the sketches that `hll()` gives.

use super::{Kernel, lenient, strict};
use crate::aggregates::hll::Sketch;
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["dcount_hll"], |_, a| {
        sketch(a.first()).map_or(Datum::Null, |s| Datum::Long(s.count()))
    }),
    lenient(&["hll_merge"], |_, a| merged(a)),
];

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
