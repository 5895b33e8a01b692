//! `sequence_detect`: events that match one predicate after the other, close enough in time.

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use super::activity::{instant, moment, ticks};
use crate::operators::rows::{
    Arg, ArgValue, Cancel, Groups, Output, PluginCall, Table, bad_argument,
};
use crate::values::{Datum, Reader};

/// When, and in which row.
type Event = (i64, usize);

/// What the search goes by.
struct Search<'s> {
    /// For each step, times and rows of the events that match it, in order of time.
    steps: Vec<Vec<Event>>,
    near: i64,
    span: i64,
    cancel: &'s Cancel,
}

/// `sequence_detect(time, max_step, max_span, Step = predicate, ..., dimensions...)`: each way to take one event of every
/// step, each at or after the one before.
pub(super) fn sequence_detect(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let time = call.column(0)?;
    let near = ticks(call.need(1)?, "max_sequence_step_window")?;
    let span = ticks(call.need(2)?, "max_sequence_span")?;
    let is_step = |arg: &&Arg| match &arg.value {
        ArgValue::Column(column) => column.ty == Type::Bool,
        ArgValue::Constant(value) => matches!(value, Datum::Bool(_)),
        ArgValue::Table(..) => false,
    };
    let steps: Vec<&Arg> = call.args.iter().skip(3).filter(is_step).collect();
    if steps.is_empty() {
        return Err(bad_argument("`sequence_detect` needs a step"));
    }
    let dimensions: Vec<_> = call
        .columns_from(3)
        .into_iter()
        .filter(|column| column.ty != Type::Bool)
        .collect();
    let mut columns: Vec<(String, Type)> = Vec::new();
    columns.extend(dimensions.iter().map(|d| (d.title.clone(), d.ty)));
    columns.extend(steps.iter().map(|step| {
        let name = step.name.as_deref().unwrap_or_default();
        (format!("{name}_{}", time.title), time.ty)
    }));
    columns.push(("Duration".to_owned(), Type::TimeSpan));
    let mut table = Table::new(columns);
    let times = time.read(batch)?;
    let tests = steps
        .iter()
        .map(|step| match &step.value {
            ArgValue::Column(column) => Ok((Some(column.read(batch)?), false)),
            ArgValue::Constant(value) => Ok((None, *value == Datum::Bool(true))),
            ArgValue::Table(..) => Ok((None, false)),
        })
        .collect::<Result<Vec<(Option<Reader>, bool)>>>()?;
    for (values, rows) in Groups::by(&dimensions, batch)?.iter() {
        let matching = tests.iter().map(|(reader, constant)| {
            let holds = |row: &&usize| match reader {
                Some(reader) => reader.get(**row) == Datum::Bool(true),
                None => *constant,
            };
            let matching = rows.iter().filter(holds);
            let mut found: Vec<(i64, usize)> = matching
                .filter_map(|row| Some((instant(&times.get(*row))?, *row)))
                .collect();
            found.sort_unstable();
            found
        });
        let search = Search {
            steps: matching.collect(),
            near,
            span,
            cancel,
        };
        search.from(&mut Vec::new(), &mut |path| {
            let mut row: Vec<Datum<'_>> = values.to_vec();
            row.extend(path.iter().map(|(at, _)| moment(time.ty, *at)));
            let ends = path.first().zip(path.last());
            let duration = ends.map_or(0, |((first, _), (last, _))| last - first);
            row.push(Datum::TimeSpan(duration));
            table.push(row)
        })?;
    }
    Ok(table.finish())
}

impl Search<'_> {
    /// Every way to go on from these events.
    fn from(
        &self,
        path: &mut Vec<Event>,
        found: &mut dyn FnMut(&[Event]) -> Result<()>,
    ) -> Result<()> {
        let Some(step) = self.steps.get(path.len()) else {
            return found(path);
        };
        self.cancel.check()?;
        let (from, until) = match (path.first(), path.last()) {
            (Some((first, _)), Some((last, _))) => (
                *last,
                last.saturating_add(self.near)
                    .min(first.saturating_add(self.span)),
            ),
            _ => (i64::MIN, i64::MAX),
        };
        let start = step.partition_point(|(at, _)| *at < from);
        for event in step.iter().skip(start).take_while(|(at, _)| *at <= until) {
            if path.iter().any(|(_, row)| *row == event.1) {
                continue;
            }
            path.push(*event);
            self.from(path, found)?;
            path.pop();
        }
        Ok(())
    }
}
