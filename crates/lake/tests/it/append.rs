//! What an append promises, and what queries see of it.

use std::sync::Arc;

use crate::harness::*;
use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use datafusion::prelude::{SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use lake::{Appended, Clock, LakeError, ReceiptKey, ReceiptPart};
use schema::{Catalog, NATIVE_COLUMN, Row, RowsBuilder};

#[tokio::test]
async fn rows_are_there_in_the_next_query_without_the_native_column() {
    let t = new_lake();
    append(&t, 0, 3).await;
    assert_eq!(ids(&t.lake).await, [0, 1, 2]);
    let table = t.lake.table("Syslog").unwrap();
    let batches = rows(&t.lake, "Syslog", None).await;
    assert!(batches[0].column_by_name(NATIVE_COLUMN).is_none());
    assert_eq!(batches[0].num_columns(), table.table_schema().columns.len());
    t.lake.flush().await.unwrap();
    assert_eq!(ids(&t.lake).await, [0, 1, 2]);
    let batches = rows(&t.lake, "Syslog", None).await;
    assert!(batches[0].column_by_name(NATIVE_COLUMN).is_none());
}

#[tokio::test]
async fn a_missing_string_reads_as_empty_and_other_types_as_null() {
    let t = new_lake();
    append(&t, 0, 2).await;
    for flushed in [false, true] {
        if flushed {
            t.lake.flush().await.unwrap();
        }
        for batch in rows(&t.lake, "Syslog", None).await {
            let facility = batch.column_by_name("Facility").unwrap().as_string::<i32>();
            assert_eq!(facility.null_count(), 0, "flushed: {flushed}");
            assert_eq!(facility.value(0), "");
            let fields = batch.column_by_name("AdditionalFields").unwrap();
            assert_eq!(fields.null_count(), fields.len());
        }
        let matching = rows(&t.lake, "Syslog", Some(col("\"Facility\"").eq(lit("")))).await;
        assert_eq!(matching.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    }
}

#[tokio::test]
async fn a_null_inside_a_string_column_reads_as_empty() {
    let t = new_lake();
    let schema = Arc::clone(Catalog::builtin().table("Syslog").unwrap());
    let mut builder = RowsBuilder::new(Arc::clone(&schema), false);
    let mut with = Row::new(Arc::clone(&schema));
    with.set("Facility", "auth");
    builder.push(&with);
    builder.push(&Row::new(schema));
    let now = t.clock.now();
    t.lake
        .append(frame("Syslog", builder.finish().unwrap(), now))
        .await
        .unwrap();
    for flushed in [false, true] {
        if flushed {
            t.lake.flush().await.unwrap();
        }
        let empty = rows(&t.lake, "Syslog", Some(col("\"Facility\"").eq(lit("")))).await;
        assert_eq!(empty.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
        // A row without an event time has the receipt's.
        let time = empty.iter().find(|b| b.num_rows() > 0).unwrap();
        let time = time.column_by_name("TimeGenerated").unwrap();
        assert_eq!(
            time.as_primitive::<TimestampMicrosecondType>().value(0),
            now.as_microsecond()
        );
    }
}

fn at_time(us: i64) -> RecordBatch {
    let times = TimestampMicrosecondArray::from(vec![us]).with_timezone("UTC");
    let schema = Schema::new(vec![
        Field::new("TimeGenerated", times.data_type().clone(), true),
        Field::new("Computer", DataType::Utf8, true),
    ]);
    let computer: ArrayRef = Arc::new(StringArray::from(vec!["c"]));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(times), computer]).unwrap()
}

#[tokio::test]
async fn event_times_of_1601_and_9999_survive_and_can_be_filtered() {
    let y1601 = -11_644_473_600_000_000_i64;
    let y9999 = 253_402_300_799_999_999_i64;
    let y0001 = -62_135_596_800_000_000_i64;
    let beyond = i64::MAX;
    let mut t = new_lake();
    let now = t.clock.now();
    for us in [y1601, y9999, y0001, beyond, i64::MIN, now.as_microsecond()] {
        t.lake
            .append(frame("Syslog", at_time(us), now))
            .await
            .unwrap();
    }
    for stage in ["memory", "files", "reopened"] {
        match stage {
            "files" => t.lake.flush().await.unwrap(),
            "reopened" => t = t.reopen(),
            _ => {}
        }
        assert_eq!(count(&t.lake, "Syslog").await, 6, "{stage}");
        for us in [y1601, y9999, y0001, beyond, now.as_microsecond()] {
            let value = ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()));
            let filter = col("\"TimeGenerated\"").eq(lit(value));
            let found = rows(&t.lake, "Syslog", Some(filter)).await;
            let found: usize = found.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(found, 1, "{stage} {us}");
        }
    }
}

#[tokio::test]
async fn a_frame_over_two_tables_is_stored_in_both_or_in_none() {
    let t = new_lake();
    let now = t.clock.now();
    let mut both = frame("Syslog", syslog(0, 2, now), now);
    both.batches
        .push(("CommonSecurityLog".into(), at_time(now.as_microsecond())));
    t.lake.append(both.clone()).await.unwrap();
    both.batches.push(("NoSuchTable".into(), at_time(0)));
    let error = t.lake.append(both).await.unwrap_err();
    assert!(matches!(error, LakeError::UnknownTable { .. }), "{error}");
    assert_eq!(count(&t.lake, "Syslog").await, 2);
    assert_eq!(count(&t.lake, "CommonSecurityLog").await, 1);
}

fn one_column(name: &str, array: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new(name, array.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![array]).unwrap()
}

#[tokio::test]
async fn a_custom_table_grows_with_its_batches_and_keeps_its_types() {
    let mut t = new_lake();
    let now = t.clock.now();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let long: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let append = |name: &str, array: &ArrayRef| {
        t.lake
            .append(frame("Mine_CL", one_column(name, Arc::clone(array)), now))
    };
    append("A", &text).await.unwrap();
    t.lake.flush().await.unwrap();
    append("B", &long).await.unwrap();
    let error = append("B", &text).await.unwrap_err();
    assert!(matches!(error, LakeError::ColumnType { .. }), "{error}");
    let error = append("bad name", &text).await.unwrap_err();
    assert!(matches!(error, LakeError::BadName { .. }), "{error}");
    t.lake.flush().await.unwrap();
    t = t.reopen();
    let all = rows(&t.lake, "Mine_CL", None).await;
    assert_eq!(all.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let old = rows(&t.lake, "Mine_CL", Some(col("\"A\"").eq(lit("")))).await;
    let old = old.iter().find(|b| b.num_rows() > 0).unwrap();
    assert_eq!(int64(old, "B"), [7]);
    assert_eq!(t.lake.custom_tables().len(), 1);
}

#[tokio::test]
async fn a_defined_custom_table_knows_its_dynamic_columns() {
    let t = new_lake();
    let column = |name: &str, ty| schema::Column {
        name: name.into(),
        ty,
    };
    let table = schema::TableSchema::new("Mine_CL", vec![column("D", schema::ColumnType::Dynamic)])
        .with_standard_columns();
    t.lake.define_table(&table).unwrap();
    let t = t.reopen();
    let mine = t.lake.table("Mine_CL").unwrap();
    assert_eq!(
        mine.table_schema().column_type("D"),
        Some(schema::ColumnType::Dynamic)
    );
}

#[tokio::test]
async fn columns_that_differ_in_case_only_are_kept_apart() {
    let mut t = new_lake();
    let now = t.clock.now();
    let text = |s: &str| Arc::new(StringArray::from(vec![s])) as ArrayRef;
    let batch = RecordBatch::try_from_iter(vec![
        ("Stacktrace", text("lower")),
        ("StackTrace", text("upper")),
    ])
    .unwrap();
    t.lake
        .append(frame("AppServiceAppLogs", batch, now))
        .await
        .unwrap();
    for stage in ["memory", "files", "reopened"] {
        match stage {
            "files" => t.lake.flush().await.unwrap(),
            "reopened" => t = t.reopen(),
            _ => {}
        }
        let filter = col("\"StackTrace\"").eq(lit("upper"));
        let found = rows(&t.lake, "AppServiceAppLogs", Some(filter)).await;
        let found = found.iter().find(|b| b.num_rows() == 1).unwrap();
        let lower = found
            .column_by_name("Stacktrace")
            .unwrap()
            .as_string::<i32>();
        assert_eq!(lower.value(0), "lower", "{stage}");
    }
}

#[tokio::test]
async fn unknown_tables_columns_and_hostile_names_are_refused() {
    let t = new_lake();
    let now = t.clock.now();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    for (table, column) in [
        ("Nope", "A"),
        ("../x_CL", "A"),
        ("a/b_CL", "A"),
        ("_CL", "A"),
        ("Syslog", "NoSuchColumn"),
        ("X_CL", ""),
        ("X_CL", "a\nb"),
    ] {
        let batch = one_column(column, Arc::clone(&text));
        assert!(
            t.lake.append(frame(table, batch, now)).await.is_err(),
            "{table}.{column}"
        );
    }
    assert!(t.lake.table("Nope").is_none());
    assert!(t.lake.stream("../evil").is_err());
}

#[tokio::test]
async fn the_disk_guard_refuses_before_the_disk_is_full_and_lets_go_afterwards() {
    let free = Arc::new(std::sync::atomic::AtomicU64::new(5_000));
    let measured = Arc::clone(&free);
    let t = new_lake_with(|options| {
        options.disk_guard_bytes = 1_000;
        options.free_space = Some(Arc::new(move |_| {
            Ok(measured.load(std::sync::atomic::Ordering::Relaxed))
        }));
    });
    append(&t, 0, 1).await;
    free.store(999, std::sync::atomic::Ordering::Relaxed);
    let now = t.clock.now();
    let error = t
        .lake
        .append(frame("Syslog", syslog(1, 1, now), now))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            LakeError::DiskFull {
                free_bytes: 999,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_retryable());
    free.store(5_000, std::sync::atomic::Ordering::Relaxed);
    append(&t, 1, 1).await;
    assert_eq!(ids(&t.lake).await, [0, 1]);
}

fn part(key: ReceiptKey, from: u64, to: u64, last: bool) -> ReceiptPart {
    ReceiptPart {
        key,
        from,
        to,
        last,
    }
}

#[tokio::test]
async fn the_same_input_is_stored_once_over_flush_trim_and_restart() {
    let mut t = new_lake();
    let file = ReceiptKey::file([7; 32]);
    let now = t.clock.now();
    let first = frame_with(part(file, 0, 5, false), syslog(0, 5, now), now);
    let second = frame_with(part(file, 5, 8, true), syslog(5, 3, now), now);
    // A part that does not follow is refused with the place to go on.
    let error = t.lake.append(second.clone()).await.unwrap_err();
    assert!(
        matches!(
            error,
            LakeError::ReceiptGap {
                expected: 0,
                from: 5
            }
        ),
        "{error}"
    );
    for round in 0..3 {
        let done = t.lake.append(first.clone()).await.unwrap();
        assert_eq!(
            matches!(done, Appended::Stored { .. }),
            round == 0,
            "{done:?}"
        );
        if round == 0 {
            assert_eq!(t.lake.receipt(&file).unwrap().records_done, 5);
            assert!(!t.lake.receipt(&file).unwrap().complete);
        } else if round == 1 {
            t.lake.flush().await.unwrap();
            assert_eq!(segments_of(&t.dir()).len(), 1, "the log was trimmed");
        }
        t = t.reopen();
    }
    assert!(matches!(
        t.lake.append(second.clone()).await.unwrap(),
        Appended::Stored { .. }
    ));
    let receipt = t.lake.receipt(&file).unwrap();
    assert_eq!((receipt.records_done, receipt.complete), (8, true));
    assert_eq!(receipt.counts.rows, 8);
    assert_eq!(
        t.lake.append(second).await.unwrap(),
        Appended::AlreadyDone(receipt)
    );
    assert_eq!(ids(&t.lake).await, (0..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_http_receipt_ends_after_a_day_and_a_files_does_not() {
    let t = new_lake();
    let now = t.clock.now();
    let http = ReceiptKey::http("s", "key", b"body");
    let file = ReceiptKey::file([1; 32]);
    for key in [http, file] {
        let frame = frame_with(part(key, 0, 1, true), syslog(0, 1, now), now);
        t.lake.append(frame).await.unwrap();
    }
    t.clock.advance(jiff::SignedDuration::from_hours(23));
    assert!(t.lake.receipt(&http).is_some());
    assert!(!t.lake.other_body(&http));
    assert!(t.lake.other_body(&ReceiptKey::http("s", "key", b"other")));
    assert!(!t.lake.other_body(&ReceiptKey::http("s", "key 2", b"other")));
    assert!(!t.lake.other_body(&ReceiptKey::http("s 2", "key", b"other")));
    t.clock.advance(jiff::SignedDuration::from_hours(2));
    assert!(t.lake.receipt(&http).is_none());
    assert!(!t.lake.other_body(&ReceiptKey::http("s", "key", b"other")));
    t.lake.flush().await.unwrap();
    let t = t.reopen();
    assert!(t.lake.receipt(&http).is_none());
    assert!(t.lake.receipt(&file).is_some());
}

#[tokio::test]
async fn of_two_bodies_at_the_same_time_with_one_key_only_one_is_stored() {
    let t = new_lake();
    let now = t.clock.now();
    let appends = (0..20u8).map(|body| {
        let key = ReceiptKey::http("s", "k", &[body]);
        let frame = frame_with(part(key, 0, 1, true), syslog(body.into(), 1, now), now);
        t.lake.append(frame)
    });
    let results = futures::future::join_all(appends).await;
    let stored = results
        .iter()
        .filter(|r| matches!(r, Ok(Appended::Stored { .. })))
        .count();
    let refused = results
        .iter()
        .filter(|r| matches!(r, Err(LakeError::KeyReused)))
        .count();
    assert_eq!((stored, refused), (1, 19), "{results:?}");
    assert_eq!(ids(&t.lake).await.len(), 1);
}

#[tokio::test]
async fn appends_at_the_same_time_with_one_key_store_it_once() {
    let t = new_lake();
    let now = t.clock.now();
    let key = ReceiptKey::http("s", "k", b"b");
    let appends = (0..20).map(|_| {
        let frame = frame_with(part(key, 0, 2, true), syslog(0, 2, now), now);
        t.lake.append(frame)
    });
    let results = futures::future::join_all(appends).await;
    let stored = results
        .iter()
        .filter(|r| matches!(r, Ok(Appended::Stored { .. })))
        .count();
    let done = results
        .iter()
        .filter(|r| matches!(r, Ok(Appended::AlreadyDone(_))))
        .count();
    assert_eq!((stored, done), (1, 19));
    assert_eq!(ids(&t.lake).await, [0, 1]);
}

#[tokio::test]
async fn counts_and_usage_add_up_and_survive() {
    let mut t = new_lake();
    for i in 0..3 {
        append(&t, i * 10, 10).await;
        t.clock.advance(jiff::SignedDuration::from_hours(12));
    }
    for _ in 0..2 {
        let stats = t.lake.stats();
        assert_eq!(stats.tables.len(), 1);
        assert_eq!(stats.tables[0].rows, 30);
        assert_eq!(stats.sources[0].rows, 30);
        assert_eq!(stats.intake[0].counts.records_in, 30);
        let usage = t.lake.usage();
        assert_eq!(usage.iter().map(|u| u.rows).collect::<Vec<_>>(), [20, 10]);
        assert!(usage.iter().all(|u| u.bytes > 0));
        t.lake.flush().await.unwrap();
        t = t.reopen();
    }
}

/// How many rows there are from an instant on, and the plan that finds them.
async fn since(t: &TestLake, from: jiff::Timestamp) -> (usize, String) {
    let from = ScalarValue::TimestampMicrosecond(Some(from.as_microsecond()), Some("UTC".into()));
    let table = t.lake.table("Syslog").unwrap();
    let frame = SessionContext::new()
        .read_table(Arc::new(table))
        .unwrap()
        .filter(col("\"TimeGenerated\"").gt_eq(lit(from)))
        .unwrap();
    let plan = frame.clone().create_physical_plan().await.unwrap();
    let text = datafusion::physical_plan::displayable(plan.as_ref())
        .indent(true)
        .to_string();
    (frame.count().await.unwrap(), text)
}

#[tokio::test]
async fn a_time_filter_leaves_out_files_and_gets_the_same_rows() {
    let t = new_lake();
    for day in 0..5 {
        append(&t, day * 10, 10).await;
        t.lake.flush().await.unwrap();
        t.clock.advance(jiff::SignedDuration::from_hours(24));
    }
    assert_eq!(t.lake.table("Syslog").unwrap().files(), 5);
    let (found, plan) = since(&t, start() + jiff::SignedDuration::from_hours(71)).await;
    assert_eq!(plan.matches(".parquet").count(), 2, "{plan}");
    // All of their rows are within the range.
    assert!(!plan.contains("TimeGenerated@"), "{plan}");
    assert_eq!(found, 20);
    // Of the fourth day's rows, a millisecond apart, the last five.
    let fourth_day = start() + jiff::SignedDuration::from_hours(72);
    let within = fourth_day + jiff::SignedDuration::from_millis(5);
    let (found, plan) = since(&t, within).await;
    let tested = plan.matches(" predicate=TimeGenerated").count();
    assert_eq!(tested, 1, "{plan}");
    assert_eq!(found, 15);
    // With rows in memory beside the files, the filter still reaches the Parquet scan.
    append(&t, 50, 10).await;
    assert_eq!(t.lake.table("Syslog").unwrap().rows(), Some(60));
    let (found, plan) = since(&t, within).await;
    assert!(plan.contains("predicate=TimeGenerated"), "{plan}");
    assert_eq!(found, 25);
}
