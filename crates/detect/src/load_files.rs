//! Files into tables in memory: Parquet, rows in JSON or CSV, and every log format that
//! `sources` reads.
//!
//! A log goes to the tables of its own format. Rows (JSON, CSV, Parquet) go to the table asked
//! for, in its columns when it is known; the columns of an unknown table are told from its rows.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::json::LineDelimitedWriter;
use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schema::{Column, ColumnType, Event, Row, TableSchema};
use serde_json::{Map, Value as Json};
use sources::{Collected, DecodeContext, Limits, OpenError, Visit};

use crate::memory_tables::{MemoryTables, TableError};

/// A file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be opened.
    #[error("{}", .0)]
    Open(#[from] OpenError),
    /// It is in no format known here.
    #[error("the format is not recognised")]
    Unknown,
    /// It could not be read to its end.
    #[error("{0}")]
    Decode(#[from] sources::DecodeError),
    /// One of its records is broken.
    #[error("record {record}: {reason}")]
    Record {
        /// Number of the record in the file, 1-based.
        record: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A Parquet file could not be read.
    #[error("{0}")]
    Parquet(#[from] DataFusionError),
    /// Values could not be made into columns.
    #[error("{0}")]
    Arrow(#[from] ArrowError),
    /// Rows could not be made into a table.
    #[error("{0}")]
    Table(#[from] TableError),
}

/// Sources whose records are rows already, in whatever columns.
const ROW_SOURCES: &[&str] = &["table_rows", "generic_json"];

impl MemoryTables {
    /// Loads a file (or every file of a folder) as, or next to, the table `name`. `now` is the time
    /// of receipt of records that have no time.
    ///
    /// # Errors
    /// [`LoadError`] with the first thing that could not be loaded; a broken record is an error
    /// too, since an answer over part of a file would look like one over all of it.
    pub async fn load(&mut self, name: &str, path: &Path, now: Timestamp) -> Result<(), LoadError> {
        if is_parquet(path) {
            let (schema, batches) = self.parquet(name, path).await?;
            for batch in batches {
                self.add_batch(&schema, &batch)?;
            }
            return Ok(());
        }
        let inputs = decoded(name, path, now, self)?;
        for input in inputs {
            self.add_input(name, input, now)?;
        }
        Ok(())
    }

    fn add_input(&mut self, name: &str, mut input: Input, now: Timestamp) -> Result<(), LoadError> {
        if !input.is_rows && self.catalog().table(name).is_some() {
            for (at, event) in input.events.iter_mut().enumerate() {
                event.finish(now, "", &format!("{name}-{at}"));
            }
            return Ok(self.add_events(&input.events)?);
        }
        let known = self.catalog().table(name).cloned();
        let schema = known.unwrap_or_else(|| Arc::new(infer(name, &input)));
        let rows: Vec<Row> = input
            .events
            .iter()
            .map(|event| row(&schema, event))
            .collect();
        if rows.is_empty() {
            return Ok(self.add_batch(&schema, &RecordBatch::new_empty(schema.arrow_schema()))?);
        }
        Ok(self.add_rows(&rows)?)
    }

    async fn parquet(
        &self,
        name: &str,
        path: &Path,
    ) -> Result<(Arc<TableSchema>, Vec<RecordBatch>), LoadError> {
        let session = SessionContext::new();
        let location = path.to_string_lossy();
        let options = ParquetReadOptions {
            file_extension: "",
            ..ParquetReadOptions::default()
        };
        let frame = session.read_parquet(location.as_ref(), options).await?;
        let fields = frame.schema().fields().clone();
        let columns = fields
            .iter()
            .map(|field| Column {
                name: field.name().clone(),
                ty: kql_type(field.data_type()),
            })
            .collect();
        let schema = match self.catalog().table(name) {
            Some(schema) => Arc::clone(schema),
            None => Arc::new(TableSchema::new(name, columns)),
        };
        let mut batches = Vec::new();
        for batch in frame.collect().await? {
            batches.push(stored(&schema, &batch)?);
        }
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(schema.arrow_schema()));
        }
        Ok((schema, batches))
    }
}

fn is_parquet(path: &Path) -> bool {
    let mut magic = [0; 4];
    std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic))
        .is_ok_and(|()| magic == *b"PAR1")
}

/// The events of one input, and whether they are rows rather than a log's records.
struct Input {
    events: Vec<Event>,
    is_rows: bool,
    /// CSV: every value is text, whatever it means.
    is_text: bool,
}

fn decoded(
    name: &str,
    path: &Path,
    now: Timestamp,
    tables: &MemoryTables,
) -> Result<Vec<Input>, LoadError> {
    let limits = Limits::default();
    let mut inputs = Vec::new();
    let mut failure = None;
    let mut stdin = std::io::stdin().lock();
    let visit = &mut |visit: Visit<'_>| {
        let result = match visit {
            Visit::Input(opened) => {
                decode(name, opened, now, tables).map(|input| inputs.push(input))
            }
            Visit::Skipped { .. } => Ok(()),
            Visit::Failed(error) => Err(error.into()),
        };
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let _ = sources::walk(&[path.to_owned()], &limits, &mut stdin, visit);
    match failure {
        Some(error) => Err(error),
        None => Ok(inputs),
    }
}

fn decode(
    name: &str,
    mut opened: sources::Opened<'_>,
    now: Timestamp,
    tables: &MemoryTables,
) -> Result<Input, LoadError> {
    let file = opened.input.name().to_owned();
    let found = sources::detect(&opened.head, &file)
        .filter(|source| !ROW_SOURCES.contains(&source.spec().name));
    let is_rows = found.is_none();
    let source = found
        .or_else(|| sources::by_name("table_rows"))
        .ok_or(LoadError::Unknown)?;
    let ctx = DecodeContext {
        received: now,
        zone: TimeZone::UTC,
        limits: Limits::default(),
        table: Some(name.to_owned()),
        catalog: tables.catalog(),
    };
    let mut collected = Collected::default();
    source.decode(opened.input.as_mut(), &ctx, &mut collected)?;
    if let Some(reject) = collected.rejects.into_iter().next() {
        return Err(LoadError::Record {
            record: reject.position.record,
            reason: reject.reason,
        });
    }
    let head = opened.head.trim_ascii_start();
    Ok(Input {
        events: collected.events,
        is_rows,
        is_text: is_rows && !head.starts_with(b"{") && !head.starts_with(b"["),
    })
}

/// A row in the columns of `schema`, from the record's own members.
fn row(schema: &Arc<TableSchema>, event: &Event) -> Row {
    let mut row = Row::new(Arc::clone(schema));
    for (member, value) in &event.native {
        row.set_json(member, value);
    }
    if schema.position("AdditionalFields").is_some() {
        row.fold_extra();
    }
    row
}

/// The columns of an unknown table: every member of its records, of the narrowest type that all
/// its values have.
fn infer(name: &str, input: &Input) -> TableSchema {
    let mut order: Vec<&str> = Vec::new();
    let mut types: HashMap<&str, Option<ColumnType>> = HashMap::new();
    for event in &input.events {
        for (member, value) in &event.native {
            let seen = types.entry(member).or_insert_with(|| {
                order.push(member);
                None
            });
            *seen = merged(*seen, type_of(value, input.is_text));
        }
    }
    let columns = order
        .iter()
        .map(|name| Column {
            name: (*name).to_owned(),
            ty: types
                .get(name)
                .copied()
                .flatten()
                .unwrap_or(ColumnType::String),
        })
        .collect();
    TableSchema::new(name, columns)
}

/// Type of a value; `None` when it says nothing.
fn type_of(value: &Json, is_text: bool) -> Option<ColumnType> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(_) => ColumnType::Bool,
        Json::Number(number) if number.is_i64() => ColumnType::Long,
        Json::Number(_) => ColumnType::Real,
        Json::String(text) if text.is_empty() => return None,
        Json::String(text) if is_time(text) => ColumnType::DateTime,
        Json::String(text) if is_text => {
            if text.parse::<i64>().is_ok() {
                ColumnType::Long
            } else if text.parse::<f64>().is_ok() {
                ColumnType::Real
            } else if ["true", "false"].contains(&text.to_ascii_lowercase().as_str()) {
                ColumnType::Bool
            } else if text.starts_with(['{', '[']) && serde_json::from_str::<Json>(text).is_ok() {
                ColumnType::Dynamic
            } else {
                ColumnType::String
            }
        }
        Json::String(_) => ColumnType::String,
        Json::Array(_) | Json::Object(_) => ColumnType::Dynamic,
    })
}

/// RFC 3339, or the same without a zone.
fn is_time(text: &str) -> bool {
    text.len() >= 19
        && text.as_bytes().get(4) == Some(&b'-')
        && (text.parse::<Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok())
}

fn merged(seen: Option<ColumnType>, next: Option<ColumnType>) -> Option<ColumnType> {
    use ColumnType::{Dynamic, Long, Real, String};
    match (seen, next) {
        (None, ty) | (ty, None) => ty,
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(Long | Real), Some(Long | Real)) => Some(Real),
        (Some(Dynamic), _) | (_, Some(Dynamic)) => Some(Dynamic),
        _ => Some(String),
    }
}

/// KQL type of a Parquet column.
fn kql_type(ty: &DataType) -> ColumnType {
    match ty {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnType::Int
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ColumnType::Long,
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
            ColumnType::Real
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => ColumnType::DateTime,
        DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) | DataType::Map(..) => {
            ColumnType::Dynamic
        }
        DataType::Dictionary(_, value) => kql_type(value),
        _ => ColumnType::String,
    }
}

/// The batch as the table stores it: its columns in its types, nested values as JSON text.
fn stored(schema: &TableSchema, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(ty) = schema.column_type(field.name()) else {
            continue;
        };
        let array = match kql_type(array.data_type()) {
            ColumnType::Dynamic => json_text(array)?,
            // Values with a zone are UTC inside; those without are taken as UTC, as everywhere.
            ColumnType::DateTime if ty == ColumnType::DateTime => {
                let local = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let times = local.as_primitive::<TimestampMicrosecondType>().clone();
                Arc::new(times.with_timezone("UTC"))
            }
            _ => Arc::clone(array),
        };
        fields.push(arrow::datatypes::Field::new(
            field.name(),
            ty.arrow_type(),
            true,
        ));
        columns.push(match array.data_type() == &ty.arrow_type() {
            true => array,
            false => cast(&array, &ty.arrow_type())?,
        });
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(
        Arc::new(arrow::datatypes::Schema::new(fields)),
        columns,
        &options,
    )
}

/// A nested array's values as JSON text, one a row.
fn json_text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = arrow::datatypes::Field::new("v", array.data_type().clone(), true);
    let batch = RecordBatch::try_new(
        Arc::new(arrow::datatypes::Schema::new(vec![field])),
        vec![Arc::clone(array)],
    )?;
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = writer.into_inner();
    let values = lines
        .split(|byte| *byte == b'\n')
        .take(array.len())
        .map(|line| {
            let row: Map<String, Json> = serde_json::from_slice(line).ok()?;
            row.get("v")
                .filter(|value| !value.is_null())
                .map(Json::to_string)
        });
    Ok(Arc::new(values.collect::<arrow::array::StringArray>()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use kql_engine::TableSource;

    async fn load(name: &str, text: &str) -> (MemoryTables, Vec<(String, ColumnType)>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, text).unwrap();
        let mut tables = MemoryTables::default();
        tables
            .load(name, &path, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        let columns = crate::queries::Tables::custom_schema(&tables, name)
            .map(|schema| {
                schema
                    .columns
                    .iter()
                    .map(|c| (c.name.clone(), c.ty))
                    .collect()
            })
            .unwrap_or_default();
        (tables, columns)
    }

    #[tokio::test]
    async fn an_unknown_table_has_the_columns_of_its_rows() {
        let text = "{\"a\":1,\"t\":\"2026-01-02T03:04:05Z\",\"d\":{\"x\":1}}\n{\"a\":2.5,\"b\":\"x\",\"t\":null}\n";
        let (tables, columns) = load("Numbers", text).await;
        let types: Vec<(&str, ColumnType)> =
            columns.iter().map(|(n, t)| (n.as_str(), *t)).collect();
        assert_eq!(
            types,
            [
                ("a", ColumnType::Real),
                ("t", ColumnType::DateTime),
                ("d", ColumnType::Dynamic),
                ("b", ColumnType::String),
            ]
        );
        assert!(tables.table("Numbers").is_some());
    }

    #[tokio::test]
    async fn csv_values_have_the_type_they_are_written_in() {
        let (_, columns) = load("People", "name,age,member\nann,30,true\nbo,31,false\n").await;
        let types: Vec<ColumnType> = columns.iter().map(|(_, ty)| *ty).collect();
        assert_eq!(
            types,
            [ColumnType::String, ColumnType::Long, ColumnType::Bool]
        );
    }

    #[tokio::test]
    async fn a_known_table_keeps_its_columns() {
        let row = "{\"Type\":\"SecurityEvent\",\"TimeGenerated\":\"2026-01-02T03:04:05Z\",\"EventID\":4625,\"Odd\":1}\n";
        let (tables, columns) = load("SecurityEvent", row).await;
        assert_eq!(
            columns.len(),
            schema::Catalog::builtin()
                .table("SecurityEvent")
                .unwrap()
                .columns
                .len()
        );
        assert_eq!(tables.names(), ["SecurityEvent"]);
    }
}
