//! Rows to Arrow columns.
//!
//! A batch holds only the columns that some row of it sets: Log Analytics tables have up to 230
//! columns and a source fills a few dozen. Readers take a missing column as null (`""` for text).

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;

use crate::{ColumnType, Event, Row, TableSchema, Value};

/// Column that carries an event's native fields (JSON text) through the write-ahead log to the
/// Sigma matcher. It never reaches a table.
pub const NATIVE_COLUMN: &str = "__native";

impl ColumnType {
    /// How a column of this type is stored: text for `string`, `guid` and `dynamic`, UTC
    /// microseconds for `datetime`.
    pub fn arrow_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::String | Self::Dynamic | Self::Guid => DataType::Utf8,
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

impl TableSchema {
    /// The table's full Arrow schema: every column nullable, no field metadata.
    pub fn arrow_schema(&self) -> Arc<Schema> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, column.ty.arrow_type(), true))
            .collect();
        Arc::new(Schema::new(fields))
    }
}

enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(ty: ColumnType) -> Self {
        match ty {
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Int => Self::Int(Int32Builder::new()),
            ColumnType::Long => Self::Long(Int64Builder::new()),
            ColumnType::Real => Self::Real(Float64Builder::new()),
            ColumnType::String | ColumnType::Dynamic | ColumnType::Guid => {
                Self::Text(StringBuilder::new())
            }
            ColumnType::DateTime => {
                Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
        }
    }

    fn pad_to(&mut self, rows: usize) {
        match self {
            Self::Bool(b) => (b.values_slice_len()..rows).for_each(|_| b.append_null()),
            Self::Int(b) => (b.values_slice().len()..rows).for_each(|_| b.append_null()),
            Self::Long(b) => (b.values_slice().len()..rows).for_each(|_| b.append_null()),
            Self::Real(b) => (b.values_slice().len()..rows).for_each(|_| b.append_null()),
            Self::Text(b) => (b.offsets_slice().len() - 1..rows).for_each(|_| b.append_null()),
            Self::Time(b) => (b.values_slice().len()..rows).for_each(|_| b.append_null()),
        }
    }

    fn append(&mut self, value: &Value) {
        match (self, value) {
            (Self::Bool(b), Value::Bool(flag)) => b.append_value(*flag),
            (Self::Int(b), Value::Long(number)) => match i32::try_from(*number) {
                Ok(number) => b.append_value(number),
                Err(_) => b.append_null(),
            },
            (Self::Long(b), Value::Long(number)) => b.append_value(*number),
            (Self::Real(b), Value::Real(number)) => b.append_value(*number),
            (Self::Text(b), Value::String(text)) => b.append_value(text),
            (Self::Text(b), Value::Dynamic(json)) => b.append_value(json.to_string()),
            (Self::Time(b), Value::DateTime(at)) => b.append_value(at.as_microsecond()),
            (Self::Time(b), Value::LastHours(us)) => b.append_value(*us),
            // `Row::set` has already coerced every cell to its column's type.
            (Self::Bool(b), _) => b.append_null(),
            (Self::Int(b), _) => b.append_null(),
            (Self::Long(b), _) => b.append_null(),
            (Self::Real(b), _) => b.append_null(),
            (Self::Text(b), _) => b.append_null(),
            (Self::Time(b), _) => b.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut b) => Arc::new(b.finish()),
            Self::Int(mut b) => Arc::new(b.finish()),
            Self::Long(mut b) => Arc::new(b.finish()),
            Self::Real(mut b) => Arc::new(b.finish()),
            Self::Text(mut b) => Arc::new(b.finish()),
            Self::Time(mut b) => Arc::new(b.finish()),
        }
    }
}

trait ValuesLen {
    fn values_slice_len(&self) -> usize;
}
impl ValuesLen for BooleanBuilder {
    fn values_slice_len(&self) -> usize {
        arrow::array::ArrayBuilder::len(self)
    }
}

/// Collects rows of one table into a [`RecordBatch`].
pub struct RowsBuilder {
    table: Arc<TableSchema>,
    columns: Vec<Option<Builder>>,
    native: Option<StringBuilder>,
    rows: usize,
    approximate_bytes: usize,
}

impl RowsBuilder {
    /// Starts an empty batch. With `native`, the batch ends with [`NATIVE_COLUMN`].
    pub fn new(table: Arc<TableSchema>, native: bool) -> Self {
        Self {
            columns: table.columns.iter().map(|_| None).collect(),
            table,
            native: native.then(StringBuilder::new),
            rows: 0,
            approximate_bytes: 0,
        }
    }

    /// The table the rows belong to.
    pub fn table(&self) -> &Arc<TableSchema> {
        &self.table
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows yet.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Text bytes appended so far: a cheap measure for cutting batches.
    pub fn approximate_bytes(&self) -> usize {
        self.approximate_bytes
    }

    /// Appends a finished event.
    pub fn push_event(&mut self, event: &Event) {
        if let Some(native) = &mut self.native {
            let text = serde_json::to_string(&event.native).unwrap_or_default();
            self.approximate_bytes += text.len();
            native.append_value(text);
        }
        self.push(&event.row);
    }

    /// Appends a row. Cells in `AdditionalFields` must have been folded before.
    pub fn push(&mut self, row: &Row) {
        let (cells, _) = row.parts();
        for (at, value) in cells {
            let ty = self.table.columns[*at].ty;
            let builder = self.columns[*at].get_or_insert_with(|| Builder::new(ty));
            builder.pad_to(self.rows);
            builder.append(value);
            self.approximate_bytes += match value {
                Value::String(text) => text.len(),
                _ => 8,
            };
        }
        self.rows += 1;
        if let Some(native) = &mut self.native {
            // A row pushed without its event has no native form.
            (native.offsets_slice().len() - 1..self.rows).for_each(|_| native.append_value("{}"));
        }
    }

    /// Ends the batch.
    ///
    /// # Errors
    /// Only when Arrow refuses the columns, which would be a defect here.
    pub fn finish(self) -> Result<RecordBatch, ArrowError> {
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (column, builder) in self.table.columns.iter().zip(self.columns) {
            let Some(mut builder) = builder else { continue };
            builder.pad_to(self.rows);
            fields.push(Field::new(&column.name, column.ty.arrow_type(), true));
            arrays.push(builder.finish());
        }
        if let Some(mut native) = self.native {
            fields.push(Field::new(NATIVE_COLUMN, DataType::Utf8, true));
            arrays.push(Arc::new(native.finish()) as ArrayRef);
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use arrow::array::Array;

    #[test]
    fn a_batch_has_only_the_columns_in_use_and_pads_the_rest() {
        let table = Arc::clone(Catalog::builtin().table("SecurityEvent").unwrap());
        let mut builder = RowsBuilder::new(Arc::clone(&table), true);
        let mut first = Row::new(Arc::clone(&table));
        first.set("EventID", 4624_i64);
        let mut second = Row::new(table);
        second.set("Account", "CORP\\ann");
        builder.push(&first);
        builder.push(&second);
        let batch = builder.finish().unwrap();
        assert_eq!(batch.num_columns(), 3);
        assert_eq!(batch.num_rows(), 2);
        assert!(batch.column_by_name("Account").unwrap().is_null(0));
        assert!(batch.column_by_name("EventID").unwrap().is_null(1));
    }
}
