//! Loads Parquet files into a lake as rows that came in just now, without reading logs: for
//! measurements of large stores.
//!
//! `cargo run -p lake --example load_parquet LAKE FOLDER`, where FOLDER has a folder of Parquet
//! files for each table, columns by the tables' names.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{Field, Schema};
use lake::{Frame, FrameCounts, Lake, LakeOptions, SystemClock};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schema::Catalog;

/// Rows of a frame, as a receiver's larger requests have.
const FRAME_ROWS: usize = 8192;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (lake, folder) = (args.next().unwrap(), args.next().unwrap());
    let lake = Lake::open(LakeOptions::new(lake), Arc::new(SystemClock)).unwrap();
    let mut tables: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    tables.sort();
    for table in tables {
        let mut files: Vec<_> = std::fs::read_dir(&table)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let mut rows = 0;
        for file in files {
            rows += load(&lake, &table, &file).await;
        }
        println!("{}: {rows} rows", table.display());
    }
    lake.flush().await.unwrap();
}

async fn load(lake: &Lake, table: &Path, file: &Path) -> usize {
    let table = table.file_name().unwrap().to_str().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
    let reader = reader.with_batch_size(FRAME_ROWS).build().unwrap();
    let input = uuid::Uuid::new_v4().simple().to_string();
    let mut rows = 0;
    for batch in reader {
        let batch = as_received(table, &batch.unwrap(), input.get(..24).unwrap(), rows);
        rows += batch.num_rows();
        let frame = Frame {
            source: "load_parquet".into(),
            received: jiff::Timestamp::now(),
            receipt: None,
            counts: FrameCounts::default(),
            batches: vec![(table.into(), batch)],
        };
        lake.append(frame).await.unwrap();
    }
    rows
}

/// The batch with the table's types, and with what a receiver adds to each row.
fn as_received(table: &str, batch: &RecordBatch, input: &str, from: usize) -> RecordBatch {
    let types = Catalog::builtin().table(table).unwrap().arrow_schema();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Ok(wanted) = types.field_with_name(field.name()) {
            let column = cast(column, wanted.data_type()).unwrap();
            columns.push((field.name().clone(), column));
        }
    }
    let rows = batch.num_rows();
    let ids = (from..from + rows).map(|record| format!("{input}{record:08x}"));
    let ids: StringArray = ids.map(Some).collect();
    let now = jiff::Timestamp::now().as_microsecond();
    let now = TimestampMicrosecondArray::from(vec![now; rows]).with_timezone("UTC");
    let quality = StringArray::from(vec!["late"; rows]);
    columns.push(("_ItemId".into(), Arc::new(ids)));
    columns.push(("_TimeReceived".into(), Arc::new(now)));
    columns.push(("_TimeQuality".into(), Arc::new(quality)));
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}
