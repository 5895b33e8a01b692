//! `dcount_intersect`: how many values the sketches of a row have in common.

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use super::reshape::picked;
use crate::aggregates::hll::Sketch;
use crate::operators::rows::{Cancel, Output, PluginCall, Table, bad_argument};
use crate::values::Datum;

/// Most sketches: all their unions are counted.
const SKETCHES_MAX: usize = 10;

/// `dcount_intersect(hll, hll, ...)`: `s0` is the count of the first sketch, `s1` that of what it shares with the second,
/// and so on. Null from the first value on that is no sketch.
pub(super) fn dcount_intersect(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let n_sketches = call.args.len();
    if n_sketches > SKETCHES_MAX {
        let message = format!("`{}` takes at most {SKETCHES_MAX} sketches", call.plugin);
        return Err(bad_argument(message));
    }
    let readers = (0..n_sketches)
        .map(|at| call.column(at)?.read(batch))
        .collect::<Result<Vec<_>>>()?;
    let mut counts = Table::new((0..n_sketches).map(|at| (format!("s{at}"), Type::Long)));
    for row in 0..batch.num_rows() {
        cancel.check()?;
        let sketches = readers
            .iter()
            .map_while(|reader| Sketch::parse(reader.get(row).text()));
        let shared = intersections(&sketches.collect::<Vec<_>>());
        counts.push(shared.into_iter().map(Datum::Long))?;
    }
    let all: Vec<usize> = (0..batch.num_rows()).collect();
    let (mut made, rows) = picked(call, batch, &all)?;
    made.extend(counts.finish().0);
    Ok((made, rows))
}

/// For each sketch, the size of the intersection of all up to it, from the sizes of unions (inclusion and exclusion).
/// Estimates may make that negative or more than before; it is neither.
fn intersections(sketches: &[Sketch]) -> Vec<i64> {
    // What the unions add whose last member is the sketch of this place.
    let mut by_last = vec![0i64; sketches.len()];
    add_unions(sketches, 0, None, 1, &mut by_last);
    let (mut sum, mut most) = (0i64, i64::MAX);
    let size = |part: i64| {
        sum = sum.saturating_add(part);
        most = sum.clamp(0, most);
        most
    };
    by_last.into_iter().map(size).collect()
}

fn add_unions(
    sketches: &[Sketch],
    from: usize,
    union: Option<&Sketch>,
    sign: i64,
    by_last: &mut [i64],
) {
    for (at, sketch) in sketches.iter().enumerate().skip(from) {
        let mut larger = sketch.clone();
        if let Some(union) = union {
            larger.merge(union);
        }
        if let Some(sum) = by_last.get_mut(at) {
            *sum = sum.saturating_add(sign.saturating_mul(larger.count()));
        }
        add_unions(sketches, at + 1, Some(&larger), -sign, by_last);
    }
}
