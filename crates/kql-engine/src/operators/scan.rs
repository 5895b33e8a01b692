//! `scan`: rows in order against steps with a state ("Scan logic" of the scan operator's page).
//!
//! What a step's expressions see is put together as a batch of one row, so that every function means the same as
//! elsewhere. Conditions that read only the row itself are computed for all rows at once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use kql::plan::ScanOutput;

use super::rows::Cancel;

/// Where a value is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A column of the rows that no step assigns.
    Row(usize),
    /// A declared column, or one that a step assigns.
    Changing(usize),
}

/// A column that expressions read.
pub(crate) struct Used {
    /// The step whose last match it is of; `None`: the row at hand.
    pub(crate) step: Option<usize>,
    pub(crate) place: Place,
    /// The value of a step that has matched nothing: an array of one.
    pub(crate) missing: ArrayRef,
}

pub(crate) struct Step {
    pub(crate) output: ScanOutput,
    pub(crate) condition: Arc<dyn PhysicalExpr>,
    /// The condition reads nothing but the row.
    pub(crate) stateless: bool,
    /// Place among the changing columns, and the new value.
    pub(crate) assignments: Vec<(usize, Arc<dyn PhysicalExpr>)>,
}

/// A column that steps change.
pub(crate) struct Changing {
    /// The row's column of the same name, whose value it has until it is assigned.
    pub(crate) row: Option<usize>,
    /// The default of a declared column: an array of one.
    pub(crate) default: ArrayRef,
}

/// A scan, ready to run.
pub(crate) struct Machine {
    /// Names and types of [`Machine::used`].
    pub(crate) schema: SchemaRef,
    pub(crate) used: Vec<Used>,
    pub(crate) changing: Vec<Changing>,
    pub(crate) steps: Vec<Step>,
}

/// A row as a step matched it.
#[derive(Clone)]
pub(crate) struct Record {
    /// The input's row.
    pub(crate) row: usize,
    /// The changing columns, each an array of one.
    pub(crate) values: Arc<Vec<ArrayRef>>,
    pub(crate) match_id: i64,
}

/// The last matches of the steps up to one of them; empty when it has no active sequence.
#[derive(Clone, Default)]
struct State {
    records: Vec<Option<Record>>,
    match_id: i64,
}

impl State {
    fn is_active(&self) -> bool {
        !self.records.is_empty()
    }

    fn set(&mut self, step: usize, record: Record) {
        if self.records.len() <= step {
            self.records.resize(step + 1, None);
        }
        self.match_id = record.match_id;
        if let Some(slot) = self.records.get_mut(step) {
            *slot = Some(record);
        }
    }
}

/// One pass over rows.
struct Run<'m> {
    machine: &'m Machine,
    batch: &'m RecordBatch,
    /// Of stateless conditions, whether they hold in each row.
    known: Vec<Option<BooleanArray>>,
    states: Vec<State>,
    /// For steps with `output = last`: the match that is the last one so far.
    pending: Vec<Option<Record>>,
    next_match: i64,
    out: Vec<Record>,
}

impl Machine {
    /// The matches of the rows with these numbers, in the order they are put out.
    pub(crate) fn run(
        &self,
        batch: &RecordBatch,
        rows: &[usize],
        first_match: i64,
        cancel: &Cancel,
    ) -> Result<(Vec<Record>, i64)> {
        let none = State::default();
        let mut run = Run {
            machine: self,
            batch,
            known: self.stateless(batch)?,
            states: vec![none.clone(); self.steps.len()],
            pending: vec![None; self.steps.len()],
            next_match: first_match,
            out: Vec::new(),
        };
        for row in rows {
            cancel.check()?;
            for step in (0..self.steps.len()).rev() {
                run.step(step, *row)?;
            }
        }
        for step in 0..self.steps.len() {
            run.flush(step);
        }
        Ok((run.out, run.next_match))
    }

    fn stateless(&self, batch: &RecordBatch) -> Result<Vec<Option<BooleanArray>>> {
        let of = |step: &Step| {
            if !step.stateless {
                return Ok(None);
            }
            let columns = self.used.iter().map(|used| match used.place {
                Place::Row(at) if used.step.is_none() => Ok(Arc::clone(batch.column(at))),
                // Not read by this condition.
                _ => {
                    let none = arrow::array::UInt32Array::from(vec![0; batch.num_rows()]);
                    Ok(arrow::compute::take(&used.missing, &none, None)?)
                }
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let rows =
                RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
            let value = step.condition.evaluate(&rows)?;
            let value = value.into_array(batch.num_rows())?;
            Ok(Some(value.as_boolean().clone()))
        };
        self.steps.iter().map(of).collect()
    }
}

impl Run<'_> {
    fn step(&mut self, step: usize, row: usize) -> Result<()> {
        let before = step.checked_sub(1);
        if let Some(before) = before
            && self.states.get(before).is_some_and(State::is_active)
            && self.holds(step, before, row)?
        {
            // The sequence moves on from the step before.
            let mut state = self
                .states
                .get_mut(before)
                .map(std::mem::take)
                .unwrap_or_default();
            self.flush(before);
            self.flush(step);
            let record = self.record(step, &state, row, state.match_id)?;
            state.set(step, record.clone());
            if let Some(slot) = self.states.get_mut(step) {
                *slot = state;
            }
            self.put(step, record);
            return Ok(());
        }
        let active = self.states.get(step).is_some_and(State::is_active);
        if (!active && step > 0) || !self.holds(step, step, row)? {
            return Ok(());
        }
        let state = self.states.get(step).cloned().unwrap_or_default();
        let match_id = if active {
            state.match_id
        } else {
            self.next_match += 1;
            self.next_match - 1
        };
        let record = self.record(step, &state, row, match_id)?;
        if let Some(state) = self.states.get_mut(step) {
            state.set(step, record.clone());
        }
        self.put(step, record);
        Ok(())
    }

    /// Whether a step's condition holds for a row, seen with the state of some step.
    fn holds(&self, step: usize, state: usize, row: usize) -> Result<bool> {
        let true_at = |test: &BooleanArray, at: usize| test.is_valid(at) && test.value(at);
        if let Some(Some(known)) = self.known.get(step) {
            return Ok(true_at(known, row));
        }
        let (Some(step), Some(state)) = (self.machine.steps.get(step), self.states.get(state))
        else {
            return Ok(false);
        };
        let seen = self.seen(state, row)?;
        let value = step.condition.evaluate(&seen)?.into_array(1)?;
        Ok(true_at(value.as_boolean(), 0))
    }

    /// The row as the step makes it.
    fn record(&self, step: usize, state: &State, row: usize, match_id: i64) -> Result<Record> {
        let mut values: Vec<ArrayRef> = (0..self.machine.changing.len())
            .filter_map(|at| self.unassigned(at, row))
            .collect();
        if let Some(step) = self.machine.steps.get(step)
            && !step.assignments.is_empty()
        {
            let seen = self.seen(state, row)?;
            for (at, value) in &step.assignments {
                let value = value.evaluate(&seen)?.into_array(1)?;
                if let Some(slot) = values.get_mut(*at) {
                    *slot = value;
                }
            }
        }
        Ok(Record {
            row,
            values: Arc::new(values),
            match_id,
        })
    }

    fn unassigned(&self, at: usize, row: usize) -> Option<ArrayRef> {
        let changing = self.machine.changing.get(at)?;
        Some(match changing.row {
            Some(column) => self.batch.column(column).slice(row, 1),
            None => Arc::clone(&changing.default),
        })
    }

    /// The batch of one row that expressions are computed over.
    fn seen(&self, state: &State, row: usize) -> Result<RecordBatch> {
        let value = |used: &Used| {
            let found = match (used.step, used.place) {
                (None, Place::Row(at)) => Some(self.batch.column(at).slice(row, 1)),
                (None, Place::Changing(at)) => self.unassigned(at, row),
                (Some(step), place) => {
                    let record = state.records.get(step).and_then(Option::as_ref);
                    record.and_then(|record| match place {
                        Place::Row(at) => Some(self.batch.column(at).slice(record.row, 1)),
                        Place::Changing(at) => record.values.get(at).map(Arc::clone),
                    })
                }
            };
            found.unwrap_or_else(|| Arc::clone(&used.missing))
        };
        let columns = self.machine.used.iter().map(value).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let schema = Arc::clone(&self.machine.schema);
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }

    fn put(&mut self, step: usize, record: Record) {
        match self.machine.steps.get(step).map(|step| step.output) {
            Some(ScanOutput::All) => self.out.push(record),
            Some(ScanOutput::Last) => {
                if let Some(pending) = self.pending.get_mut(step) {
                    *pending = Some(record);
                }
            }
            _ => {}
        }
    }

    /// The series of a step's matches ends.
    fn flush(&mut self, step: usize) {
        let pending = self.pending.get_mut(step).and_then(Option::take);
        self.out.extend(pending);
    }
}
