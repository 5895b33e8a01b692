//! `geo_polygon_lookup` and `geo_line_lookup`: rows beside the polygons or lines of a table that their point is in or near.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::lookup_rows::Pairs;
use crate::functions::{Place, Target};
use crate::operators::rows::{ArgValue, Cancel, Output, PluginCall, bad_argument};
use crate::values::Datum;

/// `geo_..._lookup(table, key, longitude, latitude, radius, return_unmatched, lookup_area_radius, return_lookup_key)`. The
/// area radius only tells the service how to search; a shape that is none matches nothing.
pub(super) fn lookup(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let polygons = call.plugin == "geo_polygon_lookup";
    let Some(ArgValue::Table(table, columns)) = call.args.first().map(|arg| &arg.value) else {
        return Err(bad_argument("a lookup needs a table"));
    };
    let radius = match option(call, 4, "radius").and_then(Datum::as_f64) {
        Some(radius) if radius >= 0.0 => radius,
        None if polygons => 0.0,
        _ => {
            let message = format!("the radius of `{}` must not be negative", call.plugin);
            return Err(bad_argument(message));
        }
    };
    let yes = |at: usize, name: &str| option(call, at, name) == Some(&Datum::Bool(true));
    let (unmatched, with_key) = (yes(5, "return_unmatched"), yes(7, "return_lookup_key"));
    let key = &call.column(1)?.key;
    let shapes = columns.iter().find(|column| column.key == *key);
    let shapes = shapes
        .ok_or_else(|| bad_argument("the key of a lookup must be a column of its table"))?
        .read(table)?;
    let mut targets = Vec::new();
    for row in 0..table.num_rows() {
        cancel.check()?;
        let value = shapes.get(row);
        let target = if polygons {
            Target::polygon(&value)
        } else {
            Target::line(&value)
        };
        targets.extend(target.map(|target| (row, target)));
    }
    let (longitude, latitude) = (call.column(2)?.read(batch)?, call.column(3)?.read(batch)?);
    let mut pairs = Pairs::default();
    for row in 0..batch.num_rows() {
        cancel.check()?;
        let place = (longitude.get(row).as_f64())
            .zip(latitude.get(row).as_f64())
            .and_then(|(longitude, latitude)| Place::new(longitude, latitude));
        let near = |(_, target): &&(usize, Target)| {
            (place.as_ref()).is_some_and(|place| target.within(place, radius))
        };
        let found = targets.iter().filter(near).map(|(other, _)| *other);
        pairs.add(&call.plugin, row, found, unmatched)?;
    }
    pairs.table(call, batch, (table, columns), |column| {
        with_key || column.key != *key
    })
}

/// An optional argument by its name or in its place.
fn option<'c>(call: &'c PluginCall, at: usize, name: &str) -> Option<&'c Datum<'static>> {
    let placed = || {
        let unnamed = call.args.get(at)?.name.is_none();
        call.constant(at).filter(|_| unnamed)
    };
    call.named(name).or_else(placed)
}
