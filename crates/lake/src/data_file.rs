//! Data files: what is known of one without opening it, its Delta action, and how it is written.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, MapBuilder, MapFieldNames, RecordBatch, StringArray, StringBuilder,
    StructArray, TimestampMicrosecondArray,
};
use arrow::compute::{SortOptions, concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use jiff::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::columns::{Columns, ITEM_ID, TIME, time_range};
use crate::error::{AtPath, LakeError, Result};
use crate::index::{IndexWriter, place_rows};

/// A Parquet file of a table, as its log describes it.
///
/// Its name begins with the UTC day its newest row was received and the UTC day of its event
/// times (`mixed` when there are several): `20261124-20261123-<uuid>.parquet`. Retention and
/// compaction go by the name, so a file needs no tag that other writers would drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    /// Event times lie in this range (microseconds); read from a log it is wider than the truth
    /// by up to two milliseconds. `None` when unknown.
    pub(crate) time: Option<(i64, i64)>,
    /// When the file was written, milliseconds from 1970 (not read back from a log).
    pub(crate) modified_ms: i64,
    /// Day of receipt (days from 1970), `None` for a file that is not of our making.
    pub(crate) received_day: Option<i64>,
    /// Day of all its event times, `None` when mixed or not of our making.
    pub(crate) event_day: Option<i64>,
}

impl DataFile {
    /// Reads a file's entry in the table's log.
    pub(crate) fn from_log(path: &str, bytes: u64, stats: Option<&str>) -> Self {
        let stats: serde_json::Value = stats
            .and_then(|s| serde_json::from_str(s).ok())
            .unwrap_or_default();
        let bound = |which: &str| {
            let text = stats.get(which)?.get(TIME)?.as_str()?;
            text.parse::<Timestamp>()
                .ok()
                .map(Timestamp::as_microsecond)
        };
        // Rows without an event time match no range.
        let nulls = stats
            .get("nullCount")
            .and_then(|nulls| nulls.get(TIME)?.as_u64());
        // A log keeps milliseconds, by the protocol cut off: the maximum of another writer's
        // file may be short by 999 microseconds.
        let time = bound("minValues")
            .zip(bound("maxValues"))
            .filter(|_| nulls == Some(0))
            .map(|(min, max)| (min, max.saturating_add(999)));
        let mut parts = path.split('-');
        Self {
            received_day: parts.next().and_then(day_from_name),
            event_day: parts.next().and_then(day_from_name),
            name: path.to_owned(),
            modified_ms: 0,
            bytes,
            rows: stats
                .get("numRecords")
                .and_then(|n| n.as_u64())
                .unwrap_or(0),
            time,
        }
    }

    /// The range of event times, as narrow as it is known.
    pub(crate) fn sure_time(&self) -> Option<(i64, i64)> {
        let (min, max) = self.time?;
        let Some(day) = self.event_day else {
            return Some((min, max));
        };
        let begins = day.checked_mul(DAY_US)?;
        Some((min.max(begins), max.min(begins.checked_add(DAY_US - 1)?)))
    }
}

const DAY_US: i64 = 86_400_000_000;
const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

fn day_from_name(text: &str) -> Option<i64> {
    if text.len() != 8 {
        return None;
    }
    let number: i32 = text.parse().ok()?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let date = jiff::civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    Some(i64::from(date.since(EPOCH).ok()?.get_days()))
}

/// A day as `yyyymmdd`; `None` outside the years 1 to 9999.
fn day_to_name(day: i64) -> Option<String> {
    let days = jiff::Span::new().try_days(day).ok()?;
    let date = EPOCH
        .checked_add(days)
        .ok()
        .filter(|date| date.year() >= 1)?;
    Some(format!(
        "{:04}{:02}{:02}",
        date.year(),
        date.month(),
        date.day()
    ))
}

/// UTC day of an event time in microseconds.
pub(crate) fn event_day(us: i64) -> i64 {
    us.div_euclid(DAY_US)
}

/// Writes one data file, batch by batch. Batches come in order of event time.
pub(crate) struct DataFileWriter {
    writer: ArrowWriter<File>,
    index: IndexWriter,
    name: String,
    rows: u64,
    time: Option<(i64, i64)>,
    received_day: i64,
    event_day: Option<i64>,
}

impl DataFileWriter {
    /// Starts a file with the given stored columns in the table's folder.
    pub(crate) fn create(
        dir: &Path,
        columns: &Columns,
        stored: SchemaRef,
        received_day: i64,
        event_day: Option<i64>,
        group_rows: usize,
    ) -> Result<Self> {
        let event = event_day.and_then(day_to_name);
        let name = format!(
            "{}-{}-{}.parquet",
            day_to_name(received_day).as_deref().unwrap_or("unknown"),
            event.as_deref().unwrap_or("mixed"),
            uuid::Uuid::new_v4().simple()
        );
        let level = ZstdLevel::try_new(3)?;
        let sorting = stored
            .index_of(TIME)
            .ok()
            .and_then(|at| i32::try_from(at).ok());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(group_rows))
            // So that rows which the index leaves out are pages that are not read.
            .set_data_page_row_count_limit(place_rows(group_rows))
            .set_write_batch_size(place_rows(group_rows).min(1024))
            .set_sorting_columns(sorting.map(|column_idx| {
                vec![SortingColumn {
                    column_idx,
                    descending: false,
                    nulls_first: true,
                }]
            }))
            // Times come sorted, ids count up: the differences are short.
            .set_column_dictionary_enabled(TIME.into(), false)
            .set_column_encoding(TIME.into(), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled(ITEM_ID.into(), false)
            .set_column_encoding(ITEM_ID.into(), Encoding::DELTA_BYTE_ARRAY)
            .set_created_by(concat!("watchfloor ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let indexed = columns.arrow.fields().iter().map(|field| field.name());
        let indexed = indexed
            .filter(|name| columns.is_indexed(name))
            .map(|name| columns.stored_name(name))
            .filter(|name| stored.index_of(name).is_ok())
            .map(str::to_owned);
        let index = IndexWriter::new(indexed, group_rows);
        let path = dir.join(&name);
        let file = File::create_new(&path).at(&path)?;
        Ok(Self {
            index,
            writer: ArrowWriter::try_new(file, stored, Some(properties))?,
            name,
            rows: 0,
            time: None,
            received_day,
            event_day: event.and(event_day),
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if let Some((min, max)) = time_range(batch) {
            let (low, high) = self.time.unwrap_or((min, max));
            self.time = Some((low.min(min), high.max(max)));
        }
        self.rows += batch.num_rows() as u64;
        self.index.observe(batch);
        Ok(self.writer.write(batch)?)
    }

    /// Ends the file and syncs its bytes; the folder is the caller's. Its term index is written
    /// beside it, not synced: a damaged one is never believed.
    pub(crate) fn finish(mut self, dir: &Path) -> Result<Arc<DataFile>> {
        let path = dir.join(&self.name);
        let footer = self.writer.finish()?;
        let groups: Vec<u64> = footer
            .row_groups()
            .iter()
            .filter_map(|group| u64::try_from(group.num_rows()).ok())
            .collect();
        let file = self.writer.inner();
        file.sync_all().at(&path)?;
        let metadata = file.metadata().at(&path)?;
        let file = DataFile {
            name: self.name,
            bytes: metadata.len(),
            rows: self.rows,
            time: self.time,
            modified_ms: modified_ms(&metadata),
            received_day: Some(self.received_day),
            event_day: self.event_day,
        };
        if let Err(error) = self.index.finish(dir, &file, &groups) {
            tracing::warn!(file = %file.name, %error, "no term index was written");
        }
        Ok(Arc::new(file))
    }
}

fn modified_ms(metadata: &std::fs::Metadata) -> i64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    since
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Joins batches of a table and sorts them by event time. Columns no batch has are left out;
/// columns carry their stored names.
pub(crate) fn sorted(columns: &Columns, batches: &[RecordBatch]) -> Result<RecordBatch> {
    let present = |name: &str| batches.iter().any(|b| b.column_by_name(name).is_some());
    let wanted: Vec<Field> = columns
        .arrow
        .fields()
        .iter()
        .filter(|field| present(field.name()))
        .map(|field| field.as_ref().clone())
        .collect();
    let wanted = Arc::new(Schema::new(wanted));
    let projected: Vec<RecordBatch> = batches
        .iter()
        .map(|b| columns.project(b, &wanted))
        .collect::<Result<_>>()?;
    let joined = concat_batches(&wanted, &projected)?;
    let time = joined
        .column_by_name(TIME)
        .ok_or(LakeError::Interrupted("rows without an event time"))?;
    let order = sort_to_indices(time, Some(SortOptions::default()), None)?;
    let sorted = take_record_batch(&joined, &order)?;
    let stored: Vec<Field> = wanted
        .fields()
        .iter()
        .map(|f| Field::new(columns.stored_name(f.name()), f.data_type().clone(), true))
        .collect();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(stored)),
        sorted.columns().to_vec(),
    )?)
}

/// The add actions of files, in the shape the kernel's transaction takes.
pub(crate) fn add_actions(files: &[Arc<DataFile>]) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(files.iter().map(|f| f.name.as_str()));
    let mut partitions = MapBuilder::new(
        Some(MapFieldNames {
            entry: "key_value".into(),
            key: "key".into(),
            value: "value".into(),
        }),
        StringBuilder::new(),
        StringBuilder::new(),
    );
    for _ in files {
        partitions.append(true)?;
    }
    let as_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sizes = Int64Array::from_iter_values(files.iter().map(|f| as_i64(f.bytes)));
    let modified = Int64Array::from_iter_values(files.iter().map(|f| f.modified_ms));
    let rows = Int64Array::from_iter_values(files.iter().map(|f| as_i64(f.rows)));
    let bound = |pick: fn((i64, i64)) -> i64| -> ArrayRef {
        let values = files.iter().map(|f| f.time.and_then(log_range).map(pick));
        Arc::new(TimestampMicrosecondArray::from_iter(values).with_timezone("UTC"))
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let one = |name: &str, ty: &DataType| Fields::from(vec![Field::new(name, ty.clone(), true)]);
    let nulls = Int64Array::from_iter_values(files.iter().map(|_| 0));
    let long = DataType::Int64;
    let stats = StructArray::from(vec![
        field("numRecords", Arc::new(rows)),
        field("nullCount", nested(one(TIME, &long), Arc::new(nulls))?),
        field(
            "minValues",
            nested(one(TIME, &time), bound(|(min, _)| min))?,
        ),
        field(
            "maxValues",
            nested(one(TIME, &time), bound(|(_, max)| max))?,
        ),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("path", Arc::new(names)),
        ("partitionValues", Arc::new(partitions.finish())),
        ("size", Arc::new(sizes)),
        ("modificationTime", Arc::new(modified)),
        ("stats", Arc::new(stats)),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), *name == "stats"))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// Widens a range to whole milliseconds, as a log keeps them. `None` outside the years 1 to
/// 9999: a log's statistics are RFC 3339 text.
fn log_range((min, max): (i64, i64)) -> Option<(i64, i64)> {
    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_300_799_999_000;
    let low = min.div_euclid(1000).checked_mul(1000)?;
    let up = max.checked_add(999)?.div_euclid(1000) * 1000;
    // The last millisecond of 9999 can't be rounded up; the protocol has it cut off.
    let high = if up > LAST && max <= LAST + 999 {
        LAST
    } else {
        up
    };
    (low >= FIRST && high <= LAST).then_some((low, high))
}

fn field(name: &str, array: ArrayRef) -> (Arc<Field>, ArrayRef) {
    (
        Arc::new(Field::new(name, array.data_type().clone(), true)),
        array,
    )
}

fn nested(fields: Fields, array: ArrayRef) -> Result<ArrayRef> {
    Ok(Arc::new(StructArray::try_new(fields, vec![array], None)?))
}
