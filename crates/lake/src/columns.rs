//! A table's columns: the Arrow schema that queries see, which columns read as `""` when
//! missing, and the names they are stored under.
//!
//! Delta compares column names without case; three Log Analytics tables have two columns that
//! differ in case only. The second one is stored as `name__2` and read back under its own name.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use jiff::Timestamp;
use schema::{Column, ColumnType, NATIVE_COLUMN, TableSchema};

use crate::durable::{read_document, write_document};
use crate::error::{LakeError, Result};

/// Event time, present in every row.
pub(crate) const TIME: &str = "TimeGenerated";
/// The row's own id.
pub(crate) const ITEM_ID: &str = "_ItemId";
const COLUMNS_FORMAT: u32 = 1;

/// A table's columns; cheap to share, replaced as a whole when a custom table grows.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) table: Arc<TableSchema>,
    pub(crate) arrow: SchemaRef,
    /// Columns of KQL type `string`: never null, `""` where a file or batch lacks them.
    pub(crate) text: Arc<HashSet<String>>,
    /// Columns whose texts are in the term index.
    indexed: HashSet<String>,
    /// Names under which columns are stored, where they differ.
    pub(crate) stored: Arc<HashMap<String, String>>,
    pub(crate) custom: bool,
}

impl Columns {
    pub(crate) fn new(table: Arc<TableSchema>, custom: bool) -> Self {
        let text = table.columns.iter().filter(|c| c.ty == ColumnType::String);
        let mut seen: HashMap<String, u32> = HashMap::new();
        let mut stored = HashMap::new();
        for column in &table.columns {
            let count = seen.entry(column.name.to_lowercase()).or_default();
            *count += 1;
            if *count > 1 {
                stored.insert(column.name.clone(), format!("{}__{count}", column.name));
            }
        }
        let texts = table
            .columns
            .iter()
            .filter(|c| matches!(c.ty, ColumnType::String | ColumnType::Guid) && c.name != ITEM_ID);
        Self {
            arrow: table.arrow_schema(),
            indexed: texts.map(|c| c.name.clone()).collect(),
            text: Arc::new(text.map(|c| c.name.clone()).collect()),
            stored: Arc::new(stored),
            table,
            custom,
        }
    }

    /// The columns of a table that has none yet but the standard ones.
    pub(crate) fn empty_custom(name: &str) -> Self {
        Self::new(
            Arc::new(TableSchema::new(name, Vec::new()).with_standard_columns()),
            true,
        )
    }

    /// Whether a column's texts are in the term index. Not `_ItemId`: every row has another one,
    /// and who has one has the row's time, too.
    pub(crate) fn is_indexed(&self, name: &str) -> bool {
        self.indexed.contains(name)
    }

    /// Name under which a column is stored.
    pub(crate) fn stored_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.stored.get(name).map_or(name, String::as_str)
    }

    /// Checks a batch against the table. For a custom table, gives the wider columns when the
    /// batch has new ones.
    pub(crate) fn check(&self, batch: &Schema) -> Result<Option<Self>> {
        let mut new = Vec::new();
        for field in batch.fields() {
            if field.name() == NATIVE_COLUMN {
                continue;
            }
            match self.table.position(field.name()) {
                Some(at) => {
                    let expected = self.arrow.field(at).data_type();
                    if expected != field.data_type() {
                        return Err(LakeError::ColumnType {
                            table: self.table.name.clone(),
                            column: field.name().clone(),
                            expected: expected.clone(),
                            found: field.data_type().clone(),
                        });
                    }
                }
                None if self.custom => new.push(self.new_column(field)?),
                None => {
                    return Err(LakeError::UnknownColumn {
                        table: self.table.name.clone(),
                        column: field.name().clone(),
                    });
                }
            }
        }
        Ok((!new.is_empty()).then(|| self.with(new)))
    }

    /// The same table with more columns at its end; those it has already keep their type.
    pub(crate) fn with(&self, new: Vec<Column>) -> Self {
        let columns = self.table.columns.iter().cloned().chain(new).collect();
        Self::new(
            Arc::new(TableSchema::new(self.table.name.clone(), columns)),
            self.custom,
        )
    }

    fn new_column(&self, field: &Field) -> Result<Column> {
        check_column_name(field.name())?;
        let ty = match field.data_type() {
            DataType::Boolean => ColumnType::Bool,
            DataType::Int32 => ColumnType::Int,
            DataType::Int64 => ColumnType::Long,
            DataType::Float64 => ColumnType::Real,
            DataType::Utf8 => ColumnType::String,
            other if *other == ColumnType::DateTime.arrow_type() => ColumnType::DateTime,
            other => {
                return Err(LakeError::ColumnType {
                    table: self.table.name.clone(),
                    column: field.name().clone(),
                    expected: DataType::Utf8,
                    found: other.clone(),
                });
            }
        };
        Ok(Column {
            name: field.name().clone(),
            ty,
        })
    }

    /// Turns a batch into rows of the table: without the native column, strings without null,
    /// event time always there (the receipt's where the row has none).
    pub(crate) fn normalise(
        &self,
        batch: &RecordBatch,
        received: Timestamp,
    ) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        let mut has_time = false;
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let name = field.name();
            if name == NATIVE_COLUMN {
                continue;
            }
            let array = if name == TIME {
                has_time = true;
                fill_time(array, received)
            } else if self.text.contains(name) {
                fill_text(array)
            } else if array.null_count() == rows {
                continue;
            } else {
                Arc::clone(array)
            };
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        if !has_time {
            fields.push(Field::new(TIME, ColumnType::DateTime.arrow_type(), true));
            let time = TimestampMicrosecondArray::from_value(received.as_microsecond(), rows);
            arrays.push(Arc::new(time.with_timezone("UTC")));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::new(Schema::new(fields)),
            arrays,
            &options,
        )?)
    }

    /// Picks columns for a query, making the ones the batch lacks.
    pub(crate) fn project(&self, batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let arrays = wanted
            .fields()
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(array) => Arc::clone(array),
                None => self.missing(field, rows),
            });
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(wanted),
            arrays.collect(),
            &options,
        )?)
    }

    fn missing(&self, field: &Field, rows: usize) -> ArrayRef {
        if self.text.contains(field.name()) {
            let offsets = OffsetBuffer::new_zeroed(rows);
            // Only fails for offsets beyond the values; these are all zero.
            match StringArray::try_new(offsets, Buffer::from(&[]), None) {
                Ok(array) => Arc::new(array),
                Err(_) => new_null_array(field.data_type(), rows),
            }
        } else {
            new_null_array(field.data_type(), rows)
        }
    }

    /// Saves a custom table's columns beside it: Delta knows Arrow types, not KQL's.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let columns: Vec<(&str, &str)> = self
            .table
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.ty.kql_name()))
            .collect();
        write_document(path, COLUMNS_FORMAT, &columns)
    }

    /// Reads a custom table's columns, `None` when none were saved.
    pub(crate) fn load(table: &str, path: &Path) -> Result<Option<Self>> {
        let Some(stored) = read_document::<Vec<(String, String)>>(path, COLUMNS_FORMAT)? else {
            return Ok(None);
        };
        let columns: Option<Vec<Column>> = stored
            .into_iter()
            .map(|(name, ty)| {
                Some(Column {
                    name,
                    ty: ColumnType::from_kql_name(&ty)?,
                })
            })
            .collect();
        let columns = columns.ok_or_else(|| LakeError::Corrupt {
            file: path.to_owned(),
            offset: 0,
            reason: "a column has an unknown type",
        })?;
        Ok(Some(Self::new(
            Arc::new(TableSchema::new(table, columns)),
            true,
        )))
    }
}

/// Column names that Delta can store without column mapping.
fn check_column_name(name: &str) -> Result<()> {
    let reason = if name.is_empty() || name.len() > 255 {
        "it must have 1 to 255 bytes"
    } else if name
        .chars()
        .any(|c| " ,;{}()\n\t=".contains(c) || c.is_control())
    {
        "blanks and ,;{}()= are not allowed in column names"
    } else {
        return Ok(());
    };
    Err(LakeError::BadName {
        name: name.to_owned(),
        reason,
    })
}

fn fill_text(array: &ArrayRef) -> ArrayRef {
    let Some(strings) = array.as_string_opt::<i32>() else {
        return Arc::clone(array);
    };
    match strings.nulls() {
        Some(nulls) if nulls.null_count() > 0 => {}
        _ => return Arc::clone(array),
    }
    let filled: StringArray = strings
        .iter()
        .map(|text| Some(text.unwrap_or("")))
        .collect();
    // `collect` keeps an all-valid null buffer only if asked; drop it so that readers see none.
    let (offsets, values, _) = filled.into_parts();
    match StringArray::try_new(offsets, values, None) {
        Ok(array) => Arc::new(array),
        Err(_) => Arc::clone(array),
    }
}

fn fill_time(array: &ArrayRef, received: Timestamp) -> ArrayRef {
    let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() else {
        return Arc::clone(array);
    };
    if times.null_count() == 0 {
        return Arc::clone(array);
    }
    let received = received.as_microsecond();
    let filled: TimestampMicrosecondArray = times
        .iter()
        .map(|time| Some(time.unwrap_or(received)))
        .collect();
    Arc::new(filled.with_timezone("UTC"))
}

/// Earliest and latest event time of a batch, microseconds.
pub(crate) fn time_range(batch: &RecordBatch) -> Option<(i64, i64)> {
    let times = batch
        .column_by_name(TIME)?
        .as_primitive_opt::<TimestampMicrosecondType>()?;
    Some((arrow::compute::min(times)?, arrow::compute::max(times)?))
}

/// Bytes the rows of a batch take, the native column left out.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> u64 {
    let sizes = batch
        .columns()
        .iter()
        .map(|array| array.to_data().get_slice_memory_size().unwrap_or_default() as u64);
    sizes.sum()
}
