//! `funnel_sequence` and `funnel_sequence_completion`: what ids did before, after and on the way through a sequence of
//! states.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;
use serde_json::Value;

use super::activity::{bin_of, instant, moment, ticks};
use crate::operators::rows::{Cancel, Groups, Output, PluginCall, Table, bad_argument};
use crate::values::{Datum, convert, dynamic};

/// Most ids shown as examples of a path.
const SAMPLES_MAX: usize = 128;

/// The states of one id in order of time.
struct Visits {
    id: Datum<'static>,
    states: Vec<(i64, String)>,
}

fn visits(call: &PluginCall, batch: &RecordBatch, state_at: usize) -> Result<Vec<Visits>> {
    let (id, time, state) = (call.column(0)?, call.column(1)?, call.column(state_at)?);
    let (times, states) = (time.read(batch)?, state.read(batch)?);
    let mut all = Vec::new();
    for (values, rows) in Groups::by(&[id], batch)?.iter() {
        let mut visited: Vec<(i64, String)> = rows
            .iter()
            .filter_map(|row| {
                let at = instant(&times.get(*row))?;
                Some((at, convert::to_text(&states.get(*row)).into_owned()))
            })
            .collect();
        visited.sort_by_key(|(at, _)| *at);
        all.push(Visits {
            id: values.first().cloned().unwrap_or(Datum::Null),
            states: visited,
        });
    }
    Ok(all)
}

fn list(value: &Datum<'_>, what: &str) -> Result<Vec<Value>> {
    match dynamic::to_json(value) {
        Value::Array(items) if !items.is_empty() => Ok(items),
        _ => Err(bad_argument(format!("`{what}` must be an array"))),
    }
}

fn span(call: &PluginCall) -> Result<(i64, i64)> {
    let point = |at: usize| {
        instant(call.need(at)?)
            .ok_or_else(|| bad_argument("`start` and `end` must be points in time"))
    };
    Ok((point(2)?, point(3)?))
}

/// `funnel_sequence(id, time, start, end, max_step, step, state, sequence)`: the states directly before and after each
/// passage of the sequence, "" when there is none near enough.
pub(super) fn sequence(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let (start, end) = span(call)?;
    let near = ticks(call.need(4)?, "max_window_size_between_steps")?;
    let step = ticks(call.need(5)?, "step")?;
    let wanted: Vec<String> = list(call.need(7)?, "sequence")?
        .iter()
        .map(dynamic::to_plain_text)
        .collect();
    let time = call.column(1)?;
    let mut paths: BTreeMap<(i64, String, String), Vec<Value>> = BTreeMap::new();
    for visits in visits(call, batch, 6)? {
        cancel.check()?;
        let mut mine = BTreeSet::new();
        let states = &visits.states;
        for (first, window) in states.windows(wanted.len()).enumerate() {
            let fits = window
                .iter()
                .zip(&wanted)
                .all(|((_, state), want)| state == want);
            let gaps = window.windows(2).all(|pair| match pair {
                [(a, _), (b, _)] => b - a <= near,
                _ => true,
            });
            let (Some((at, _)), Some((until, _))) = (window.first(), window.last()) else {
                continue;
            };
            if !fits || !gaps || !(start..=end).contains(at) {
                continue;
            }
            let before = first.checked_sub(1).and_then(|place| states.get(place));
            let before = before.filter(|(t, _)| at - t <= near);
            let after = states.get(first + wanted.len());
            let after = after.filter(|(t, _)| t - until <= near);
            let name = |state: Option<&(i64, String)>| {
                state.map_or_else(String::new, |(_, state)| state.clone())
            };
            mine.insert((bin_of(*at, start, step), name(before), name(after)));
        }
        let id = dynamic::to_json(&visits.id);
        for path in mine {
            paths.entry(path).or_default().push(id.clone());
        }
    }
    let mut table = Table::new([
        (time.title.clone(), time.ty),
        ("prev".to_owned(), Type::String),
        ("next".to_owned(), Type::String),
        ("dcount".to_owned(), Type::Long),
        ("samples".to_owned(), Type::Dynamic),
    ]);
    for ((bin, before, after), mut ids) in paths {
        let found = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        ids.truncate(SAMPLES_MAX);
        table.push([
            moment(time.ty, start.saturating_add(bin.saturating_mul(step))),
            Datum::string(before),
            Datum::string(after),
            Datum::Long(found),
            Datum::json(&Value::Array(ids)),
        ])?;
    }
    Ok(table.finish())
}

/// `funnel_sequence_completion(id, time, start, end, step, state, sequence, windows)`: for each window, how many ids came
/// how far within it of the first state.
pub(super) fn completion(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let (start, end) = span(call)?;
    let step = ticks(call.need(4)?, "bin_size")?;
    let sequence: Vec<String> = list(call.need(6)?, "sequence")?
        .iter()
        .map(dynamic::to_plain_text)
        .collect();
    let windows: Vec<Datum<'static>> = list(call.need(7)?, "max_sequence_periods")?
        .iter()
        .map(|window| dynamic::to_type(window, Type::TimeSpan))
        .collect();
    let (time, state) = (call.column(1)?, call.column(5)?);
    let all = visits(call, batch, 5)?;
    let mut table = Table::new([
        (time.title.clone(), time.ty),
        (state.title.clone(), Type::String),
        ("Period".to_owned(), Type::TimeSpan),
        ("dcount".to_owned(), Type::Long),
    ]);
    for window in &windows {
        let Some(ticks) = window.as_i64() else {
            return Err(bad_argument("`max_sequence_periods` must be timespans"));
        };
        // Ids by period and place in the sequence.
        let mut reached: BTreeMap<(i64, usize), i64> = BTreeMap::new();
        for visits in &all {
            cancel.check()?;
            let mut mine = BTreeSet::new();
            for (first, (at, state)) in visits.states.iter().enumerate() {
                if sequence.first() == Some(state) && (start..=end).contains(at) {
                    let rest = visits.states.get(first..).unwrap_or_default();
                    let far = progress(rest, &sequence, at.saturating_add(ticks));
                    let bin = bin_of(*at, start, step);
                    mine.extend((0..far).map(|place| (bin, place)));
                }
            }
            for place in mine {
                *reached.entry(place).or_default() += 1;
            }
        }
        for ((bin, place), ids) in reached {
            table.push([
                moment(time.ty, start.saturating_add(bin.saturating_mul(step))),
                Datum::string(sequence.get(place).cloned().unwrap_or_default()),
                window.clone(),
                Datum::Long(ids),
            ])?;
        }
    }
    Ok(table.finish())
}

/// How many states of the sequence follow each other until then.
fn progress(states: &[(i64, String)], sequence: &[String], until: i64) -> usize {
    let mut far = 0;
    for (at, state) in states {
        if *at > until || far == sequence.len() {
            break;
        }
        if sequence.get(far) == Some(state) {
            far += 1;
        }
    }
    far
}
