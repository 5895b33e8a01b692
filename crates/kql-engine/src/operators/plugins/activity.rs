//! Plugins that count who was active when. Periods begin at the start and have the length of the step; the end is still
//! inside. Rows without a time, and periods without a row, count for nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{
    Arg, ArgValue, Cancel, ColumnRef, Groups, Key, Output, PluginCall, Table, bad_argument,
};
use crate::values::Datum;

/// Most periods that are looked at one by one.
const PERIODS_MAX: i64 = 1_000_000;

/// Ids that were active in a period.
type Ids = HashSet<u32>;

/// A point of a timeline: an instant, a duration or a whole number.
pub(super) fn instant(value: &Datum<'_>) -> Option<i64> {
    match value {
        Datum::Real(v) => crate::values::number::real_to_long(v.floor()),
        other => other.as_i64(),
    }
}

/// A length, which has to be positive.
pub(super) fn ticks(value: &Datum<'_>, what: &str) -> Result<i64> {
    let found = instant(value).filter(|ticks| *ticks > 0);
    found.ok_or_else(|| bad_argument(format!("`{what}` must be positive")))
}

/// The period a point belongs to.
pub(super) fn bin_of(at: i64, start: i64, step: i64) -> i64 {
    at.saturating_sub(start).div_euclid(step)
}

/// A point of a timeline of this type.
pub(super) fn moment(ty: Type, at: i64) -> Datum<'static> {
    match ty {
        Type::DateTime => Datum::DateTime(at),
        Type::TimeSpan => Datum::TimeSpan(at),
        #[allow(clippy::cast_precision_loss)]
        Type::Real => Datum::Real(at as f64),
        _ => Datum::Long(at),
    }
}

fn count(n: usize) -> Datum<'static> {
    Datum::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> Datum<'static> {
    Datum::Real(part as f64 / whole as f64)
}

/// The rows of one combination of dimensions: when, and who by number.
struct Slice {
    dimensions: Vec<Datum<'static>>,
    events: Vec<(i64, u32)>,
}

/// All rows, by dimensions, each slice in order of time.
pub(super) struct Timeline<'c> {
    time: &'c ColumnRef,
    dimensions: Vec<&'c ColumnRef>,
    slices: Vec<Slice>,
    numbers: HashMap<Key, u32>,
}

impl<'c> Timeline<'c> {
    /// Reads id and time of the first two arguments and the dimensions from `dimensions_at` on.
    fn read(call: &'c PluginCall, batch: &RecordBatch, dimensions_at: usize) -> Result<Self> {
        let (id, time) = (call.column(0)?, call.column(1)?);
        let dimensions = call.columns_from(dimensions_at);
        let (ids, times) = (id.read(batch)?, time.read(batch)?);
        let mut numbers: HashMap<Key, u32> = HashMap::new();
        let mut slices = Vec::new();
        for (values, rows) in Groups::by(&dimensions, batch)?.iter() {
            let mut events = Vec::with_capacity(rows.len());
            for row in rows {
                if let Some(at) = instant(&times.get(*row)) {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    let number = *numbers.entry(Key::of(&ids.get(*row))).or_insert(next);
                    events.push((at, number));
                }
            }
            events.sort_unstable();
            slices.push(Slice {
                dimensions: values.to_vec(),
                events,
            });
        }
        Ok(Self {
            time,
            dimensions,
            slices,
            numbers,
        })
    }

    /// A table of time, dimensions, and these columns.
    fn table(&self, more: &[(&str, Type)]) -> Table {
        let time = (self.time.title.clone(), self.time.ty);
        let dimensions = self.dimensions.iter().map(|d| (d.title.clone(), d.ty));
        let more = more.iter().map(|(name, ty)| ((*name).to_owned(), *ty));
        Table::new(std::iter::once(time).chain(dimensions).chain(more))
    }

    fn row(&self, at: i64, slice: &Slice, values: Vec<Datum<'static>>) -> Vec<Datum<'static>> {
        let mut row = vec![moment(self.time.ty, at)];
        row.extend(slice.dimensions.iter().cloned());
        row.extend(values);
        row
    }
}

impl Slice {
    /// The events from `start` to `end`, both included.
    fn between(&self, start: i64, end: i64) -> impl Iterator<Item = &(i64, u32)> {
        self.events
            .iter()
            .filter(move |(at, _)| (start..=end).contains(at))
    }

    /// Who was active in each period.
    fn bins(&self, start: i64, end: i64, step: i64) -> BTreeMap<i64, Ids> {
        let mut bins: BTreeMap<i64, Ids> = BTreeMap::new();
        for (at, id) in self.between(start, end) {
            bins.entry(bin_of(*at, start, step))
                .or_default()
                .insert(*id);
        }
        bins
    }
}

fn bounds(call: &PluginCall, at: usize) -> Result<(i64, i64)> {
    let bound = |at: usize| {
        let value = call.need(at)?;
        instant(value).ok_or_else(|| bad_argument("`start` and `end` must be points in time"))
    };
    Ok((bound(at)?, bound(at + 1)?))
}

/// Where a period begins.
fn begin(bin: i64, start: i64, step: i64) -> i64 {
    start.saturating_add(bin.saturating_mul(step))
}

/// `activity_counts_metrics(id, time, start, end, step, dimensions...)`.
pub(super) fn counts_metrics(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let ((start, end), step) = (bounds(call, 2)?, ticks(call.need(4)?, "step")?);
    let timeline = Timeline::read(call, batch, 5)?;
    let mut table = timeline.table(&[
        ("count", Type::Long),
        ("dcount", Type::Long),
        ("new_dcount", Type::Long),
        ("aggregated_dcount", Type::Long),
    ]);
    for slice in &timeline.slices {
        cancel.check()?;
        let mut rows: BTreeMap<i64, usize> = BTreeMap::new();
        for (at, _) in slice.between(start, end) {
            *rows.entry(bin_of(*at, start, step)).or_default() += 1;
        }
        let mut seen = Ids::new();
        for (bin, ids) in slice.bins(start, end, step) {
            let before = seen.len();
            seen.extend(&ids);
            let values = vec![
                count(rows.get(&bin).copied().unwrap_or(0)),
                count(ids.len()),
                count(seen.len() - before),
                count(seen.len()),
            ];
            table.push(timeline.row(begin(bin, start, step), slice, values))?;
        }
    }
    Ok(table.finish())
}

/// `activity_metrics(id, time, [start, end,] window, dimensions...)`: the rates compare a period with the one before.
pub(super) fn metrics(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let constants = constants_from(call, 2);
    let timeline = Timeline::read(call, batch, 2 + constants)?;
    let step = ticks(call.need(1 + constants)?, "window")?;
    let (start, end) = if constants >= 3 {
        bounds(call, 2)?
    } else {
        whole(&timeline, step)
    };
    let mut table = timeline.table(&[
        ("dcount_values", Type::Long),
        ("dcount_newvalues", Type::Long),
        ("retention_rate", Type::Real),
        ("churn_rate", Type::Real),
    ]);
    for slice in &timeline.slices {
        cancel.check()?;
        let bins = slice.bins(start, end, step);
        let (none, mut seen) = (Ids::new(), Ids::new());
        for (bin, ids) in &bins {
            let before = bins.get(&(bin - 1)).unwrap_or(&none);
            let stayed = ids.intersection(before).count();
            let known = seen.len();
            seen.extend(ids);
            let values = vec![
                count(ids.len()),
                count(seen.len() - known),
                ratio(stayed, before.len()),
                ratio(before.len() - stayed, before.len()),
            ];
            table.push(timeline.row(begin(*bin, start, step), slice, values))?;
        }
    }
    Ok(table.finish())
}

/// How many constants follow from a place on.
fn constants_from(call: &PluginCall, at: usize) -> usize {
    let constant = |arg: &&Arg| matches!(arg.value, ArgValue::Constant(_));
    call.args.iter().skip(at).take_while(constant).count()
}

/// The whole timeline, from a multiple of the step on.
fn whole(timeline: &Timeline<'_>, step: i64) -> (i64, i64) {
    let times = timeline.slices.iter().flat_map(|slice| &slice.events);
    let times = times.map(|(at, _)| *at);
    let first = times.clone().min().unwrap_or(0);
    let start = bin_of(first, 0, step).saturating_mul(step);
    (start, times.max().unwrap_or(0))
}

/// `activity_engagement(id, time, [start, end,] inner, outer, dimensions...)`: who was active in a period, and in the
/// longer window that ends with it.
pub(super) fn engagement(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let constants = constants_from(call, 2).clamp(2, 4);
    let timeline = Timeline::read(call, batch, 2 + constants)?;
    let inner = ticks(call.need(constants)?, "inner_activity_window")?;
    let outer = ticks(call.need(1 + constants)?, "outer_activity_window")?;
    let (start, end) = if constants == 4 {
        bounds(call, 2)?
    } else {
        whole(&timeline, inner)
    };
    let mut table = timeline.table(&[
        ("dcount_activities_inner", Type::Long),
        ("dcount_activities_outer", Type::Long),
        ("activity_ratio", Type::Real),
    ]);
    for slice in &timeline.slices {
        for (bin, ids) in slice.bins(start, end, inner) {
            cancel.check()?;
            let at = begin(bin, start, inner);
            let last = at.saturating_add(inner - 1);
            let first = last.saturating_sub(outer - 1);
            let wide: Ids = slice.between(first, last).map(|(_, id)| *id).collect();
            let values = vec![
                count(ids.len()),
                count(wide.len()),
                ratio(ids.len(), wide.len()),
            ];
            table.push(timeline.row(at, slice, values))?;
        }
    }
    Ok(table.finish())
}

/// `sliding_window_counts(id, time, start, end, lookback, step, dimensions...)`: for each period, the window that ends
/// with it.
pub(super) fn sliding_window_counts(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (start, end) = bounds(call, 2)?;
    let lookback = ticks(call.need(4)?, "look_back_window")?;
    let step = ticks(call.need(5)?, "step")?;
    let timeline = Timeline::read(call, batch, 6)?;
    let mut table = timeline.table(&[("Count", Type::Long), ("Dcount", Type::Long)]);
    let periods = bin_of(end, start, step);
    if periods > PERIODS_MAX {
        return Err(crate::operators::rows::limit(format!(
            "sliding_window_counts would have more than {PERIODS_MAX} periods"
        )));
    }
    for slice in &timeline.slices {
        for bin in 0..=periods {
            cancel.check()?;
            let at = begin(bin, start, step);
            let last = at.saturating_add(step - 1);
            let first = last.saturating_sub(lookback - 1);
            let inside = slice.between(first, last);
            let (mut rows, mut ids) = (0, Ids::new());
            inside.for_each(|(_, id)| {
                rows += 1;
                ids.insert(*id);
            });
            if rows > 0 {
                let values = vec![count(rows), count(ids.len())];
                table.push(timeline.row(at, slice, values))?;
            }
        }
    }
    Ok(table.finish())
}

/// `active_users_count(id, time, start, end, lookback, period, active_periods, step, dimensions...)`: ids with an
/// appearance before which, within the lookback, they appeared in enough different periods.
pub(super) fn active_users_count(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (start, end) = bounds(call, 2)?;
    let lookback = ticks(call.need(4)?, "lookback_window")?;
    let period = ticks(call.need(5)?, "period")?;
    let enough = instant(call.need(6)?).unwrap_or(0);
    let step = ticks(call.need(7)?, "step")?;
    let timeline = Timeline::read(call, batch, 8)?;
    let mut table = timeline.table(&[("dcount", Type::Long)]);
    for slice in &timeline.slices {
        let mut bins: BTreeMap<i64, Ids> = BTreeMap::new();
        for (id, times) in by_id(&slice.events) {
            cancel.check()?;
            for (place, at) in times.iter().enumerate() {
                if !(start..=end).contains(at) {
                    continue;
                }
                let before = times.iter().take(place + 1).rev();
                let near = before.take_while(|t| at.saturating_sub(**t) < lookback);
                let periods: HashSet<i64> = near.map(|t| bin_of(*t, start, period)).collect();
                if i64::try_from(periods.len()).unwrap_or(i64::MAX) >= enough {
                    bins.entry(bin_of(*at, start, step)).or_default().insert(id);
                }
            }
        }
        for (bin, ids) in bins {
            let at = begin(bin, start, step);
            table.push(timeline.row(at, slice, vec![count(ids.len())]))?;
        }
    }
    Ok(table.finish())
}

fn by_id(events: &[(i64, u32)]) -> BTreeMap<u32, Vec<i64>> {
    let mut ids: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for (at, id) in events {
        ids.entry(*id).or_default().push(*at);
    }
    ids
}

/// `session_count(id, time, start, end, bin, lookback, dimensions...)`: sessions with an event in the period. An id that
/// rests for longer than the lookback begins a new one.
pub(super) fn session_count(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (start, end) = bounds(call, 2)?;
    let step = ticks(call.need(4)?, "bin")?;
    let lookback = ticks(call.need(5)?, "look_back_window")?;
    let timeline = Timeline::read(call, batch, 6)?;
    let mut table = timeline.table(&[("count_sessions", Type::Long)]);
    for slice in &timeline.slices {
        let mut bins: BTreeMap<i64, usize> = BTreeMap::new();
        for times in by_id(&slice.events).values() {
            cancel.check()?;
            let mut last: Option<(i64, i64)> = None;
            for at in times.iter().filter(|at| (start..=end).contains(*at)) {
                let bin = bin_of(*at, start, step);
                let same = last
                    .is_some_and(|(before, of)| at.saturating_sub(before) <= lookback && of == bin);
                if !same {
                    *bins.entry(bin).or_default() += 1;
                }
                last = Some((*at, bin));
            }
        }
        for (bin, sessions) in bins {
            let at = begin(bin, start, step);
            table.push(timeline.row(at, slice, vec![count(sessions)]))?;
        }
    }
    Ok(table.finish())
}

/// `new_activity_metrics(id, time, start, end, window, [cohort,] dimensions..., [lookback table])`: of the ids that were
/// new in one period, how many are seen in each later one.
pub(super) fn new_metrics(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (start, end) = bounds(call, 2)?;
    let step = ticks(call.need(4)?, "window")?;
    let cohort = call
        .constant(5)
        .and_then(instant)
        .map(|at| bin_of(at, start, step));
    let timeline = Timeline::read(call, batch, 5)?;
    let time = (&timeline.time.title, timeline.time.ty);
    let mut columns = vec![
        (format!("from_{}", time.0), time.1),
        (format!("to_{}", time.0), time.1),
    ];
    let dimensions = timeline.dimensions.iter();
    columns.extend(dimensions.map(|d| (d.title.clone(), d.ty)));
    for name in ["new", "retained", "churn"] {
        columns.push((format!("dcount_{name}_values"), Type::Long));
    }
    columns.push(("retention_rate".to_owned(), Type::Real));
    columns.push(("churn_rate".to_owned(), Type::Real));
    let mut table = Table::new(columns);
    let known = seen_before(call, &timeline)?;
    for slice in &timeline.slices {
        let bins = slice.bins(start, end, step);
        let mut first: HashMap<u32, i64> = known.iter().map(|id| (*id, i64::MIN)).collect();
        for (bin, ids) in &bins {
            ids.iter().for_each(|id| {
                first.entry(*id).or_insert(*bin);
            });
        }
        for from in bins.keys().filter(|bin| cohort.is_none_or(|c| c == **bin)) {
            cancel.check()?;
            let new = |id: &&u32| first.get(id) == Some(from);
            let size = bins
                .get(from)
                .map_or(0, |ids| ids.iter().filter(new).count());
            for (to, ids) in bins.range(from..) {
                let late = |id: &&u32| first.get(id).is_some_and(|bin| bin > from);
                let fresh = if to == from {
                    size
                } else {
                    ids.iter().filter(late).count()
                };
                let retained = ids.iter().filter(new).count();
                let mut row = vec![
                    moment(time.1, begin(*from, start, step)),
                    moment(time.1, begin(*to, start, step)),
                ];
                row.extend(slice.dimensions.iter().cloned());
                row.extend([
                    count(fresh),
                    count(retained),
                    count(size - retained),
                    ratio(retained, size),
                    ratio(size - retained, size),
                ]);
                table.push(row)?;
            }
        }
    }
    Ok(table.finish())
}

/// The ids of the lookback table, which are not new.
fn seen_before(call: &PluginCall, timeline: &Timeline<'_>) -> Result<Ids> {
    let id = call.column(0)?;
    let mut known = Ids::new();
    for arg in &call.args {
        let ArgValue::Table(batch, columns) = &arg.value else {
            continue;
        };
        let column = columns.iter().find(|column| column.title == id.title);
        let column = column.ok_or_else(|| {
            bad_argument(format!("the lookback table has no column `{}`", id.title))
        })?;
        let reader = column.read(batch)?;
        let numbers = (0..batch.num_rows()).filter_map(|row| {
            let key = Key::of(&reader.get(row));
            timeline.numbers.get(&key).copied()
        });
        known.extend(numbers);
    }
    Ok(known)
}
