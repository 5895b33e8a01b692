//! `rolling_percentile`: a percentile over the bins so far, up to a number of them.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::activity::{bin_of, instant, moment, ticks};
use crate::operators::rows::{Cancel, Groups, Output, PluginCall, Table, bad_argument};
use crate::values::Datum;

/// `rolling_percentile(value, percentile, index, bin, bins_per_window, dimensions...)`: a row for each bin with rows, with
/// the nearest-rank percentile of the values in it and in the bins before that the window covers.
pub(super) fn rolling_percentile(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (value, index) = (call.column(0)?, call.column(2)?);
    let percentile = call.need(1)?.as_f64().unwrap_or(f64::NAN);
    if !(0.0..=100.0).contains(&percentile) {
        return Err(bad_argument("a percentile lies between 0 and 100"));
    }
    let step = ticks(call.need(3)?, "bin_size")?;
    let window = call.need(4)?.as_i64().unwrap_or(0).max(1);
    let dimensions = call.columns_from(5);
    let mut columns = vec![(index.title.clone(), index.ty)];
    columns.extend(dimensions.iter().map(|d| (d.title.clone(), d.ty)));
    columns.push((String::new(), value.ty));
    let mut table = Table::new(columns);
    let (values, indexes) = (value.read(batch)?, index.read(batch)?);
    for (dimension, rows) in Groups::by(&dimensions, batch)?.iter() {
        let mut bins: BTreeMap<i64, Vec<Datum<'_>>> = BTreeMap::new();
        for row in rows {
            let value = values.get(*row);
            if let (Some(at), Some(_)) = (instant(&indexes.get(*row)), value.as_f64()) {
                bins.entry(bin_of(at, 0, step)).or_default().push(value);
            }
        }
        for at in bins.keys() {
            cancel.check()?;
            let first = at.saturating_sub(window - 1);
            let mut inside: Vec<&Datum<'_>> =
                bins.range(first..=*at).flat_map(|(_, v)| v).collect();
            inside.sort_by(|a, b| {
                let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
                a.total_cmp(&b)
            });
            let found = nearest_rank(inside.len(), percentile).and_then(|at| inside.get(at));
            let start = at.saturating_mul(step);
            let mut row = vec![moment(index.ty, start)];
            row.extend(dimension.iter().cloned());
            row.push(found.map_or(Datum::Null, |found| (*found).clone()));
            table.push(row)?;
        }
    }
    Ok(table.finish())
}

/// The place of a percentile among so many sorted values.
fn nearest_rank(values: usize, percentile: f64) -> Option<usize> {
    #[allow(clippy::cast_precision_loss)]
    let rank = (percentile / 100.0 * values as f64).ceil();
    let rank = crate::values::number::real_to_long(rank)?;
    let rank = usize::try_from(rank.max(1)).ok()?;
    Some(rank - 1).filter(|at| *at < values)
}
