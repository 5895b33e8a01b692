//! A query's result tables, and their values as the Azure Monitor Logs API prints them.

use std::time::Duration;

use arrow::array::RecordBatch;
use kql::types::Type;
use serde_json::Value;

use crate::values::{Datum, Reader, datetime, decimal, dynamic, timespan};

/// What a query gave.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// One per tabular result; the first is named `PrimaryResult`.
    pub tables: Vec<ResultTable>,
    /// True when a table was cut at the row limit.
    pub truncated: bool,
    /// Figures about the run.
    pub stats: Statistics,
}

/// Figures about a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Rows in all tables.
    pub rows: usize,
}

/// One result table.
#[derive(Clone, Debug)]
pub struct ResultTable {
    /// `PrimaryResult`, `Table_1`, ...
    pub name: String,
    /// Column names and types, in order.
    pub columns: Vec<(String, Type)>,
    /// Rows; column `n` of a batch is `columns[n]`, `datetime` and `timespan` as Int64 ticks.
    pub batches: Vec<RecordBatch>,
}

impl ResultTable {
    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows as the Azure Monitor Logs API prints them: dynamic, decimal and timespan as strings, datetime as
    /// RFC 3339 with up to seven digits, NaN and infinities as strings.
    #[must_use]
    pub fn rows_json(&self) -> Vec<Vec<Value>> {
        let mut rows = Vec::with_capacity(self.n_rows());
        for batch in &self.batches {
            let readers: Vec<Option<Reader>> = self
                .columns
                .iter()
                .zip(batch.columns())
                .map(|((_, ty), array)| Reader::new(*ty, array, false).ok())
                .collect();
            for row in 0..batch.num_rows() {
                rows.push(
                    readers
                        .iter()
                        .map(|r| r.as_ref().map_or(Value::Null, |r| cell(&r.get(row))))
                        .collect(),
                );
            }
        }
        rows
    }

    /// Columns whose type was not known before run time take the one type their values have, if there is one.
    pub(crate) fn settle_types(mut self) -> Self {
        for idx in 0..self.columns.len() {
            let unknown = self
                .columns
                .get(idx)
                .is_some_and(|(_, ty)| *ty == Type::Unknown);
            if !unknown {
                continue;
            }
            let ty = self.common_type(idx).unwrap_or(Type::Dynamic);
            if ty != Type::Dynamic && self.convert(idx, ty).is_none() {
                continue;
            }
            if let Some((_, slot)) = self.columns.get_mut(idx) {
                *slot = ty;
            }
        }
        self
    }

    fn common_type(&self, idx: usize) -> Option<Type> {
        let mut known = None;
        for batch in &self.batches {
            let reader = Reader::new(Type::Dynamic, batch.columns().get(idx)?, false).ok()?;
            for row in 0..batch.num_rows() {
                known =
                    crate::operators::bag_unpack::merge(known, &dynamic::to_json(&reader.get(row)));
            }
        }
        known
    }

    fn convert(&mut self, idx: usize, ty: Type) -> Option<()> {
        let mut converted = Vec::with_capacity(self.batches.len());
        for batch in &self.batches {
            let reader = Reader::new(Type::Dynamic, batch.columns().get(idx)?, false).ok()?;
            let mut column = crate::values::ColumnBuilder::new(ty, batch.num_rows());
            for row in 0..batch.num_rows() {
                column.push(&dynamic::to_type(&dynamic::to_json(&reader.get(row)), ty));
            }
            let mut columns = batch.columns().to_vec();
            *columns.get_mut(idx)? = column.finish();
            let fields: Vec<arrow::datatypes::Field> = batch
                .schema()
                .fields()
                .iter()
                .zip(&columns)
                .map(|(f, c)| arrow::datatypes::Field::new(f.name(), c.data_type().clone(), true))
                .collect();
            let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
            converted.push(RecordBatch::try_new(schema, columns).ok()?);
        }
        self.batches = converted;
        Some(())
    }
}

/// One value in the API's form.
fn cell(value: &Datum<'_>) -> Value {
    match value {
        Datum::Null => Value::Null,
        Datum::Bool(v) => Value::Bool(*v),
        Datum::Int(v) => Value::from(*v),
        Datum::Long(v) => Value::from(*v),
        Datum::Real(v) => dynamic::to_json(&Datum::Real(*v)),
        Datum::Decimal(v) => Value::from(decimal::format(*v)),
        Datum::DateTime(v) => Value::from(datetime::format_trimmed(*v)),
        Datum::TimeSpan(v) => Value::from(timespan::format(*v)),
        Datum::Str(v) | Datum::Guid(v) | Datum::Dynamic(v) => Value::from(v.as_ref()),
    }
}
