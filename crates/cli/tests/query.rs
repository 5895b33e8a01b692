//! `query`: every format, over a folder, through a server and over files; limits; hostile values.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Cursor;
use std::path::Path;
use std::process::Output;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::ipc::reader::StreamReader;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};
use support::{Server, ok, query, watchfloor, with_stdin};

/// A row with a value of every type, the ends of their ranges among them, and one of nulls.
const EVERY_TYPE: &str = "union
    (print b=true, i=int(-7), l=9223372036854775807, r=1.5, n=real(nan), d=decimal(-1.25), s='é',
        earliest=datetime(0001-01-01), latest=datetime(9999-12-31 23:59:59.9999999), span=timespan(-1.02:00:00.0000001),
        long_span=timespan(10675199.02:48:05.4775807), g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
        j=dynamic({'a':[1]}), sort=1),
    (print b=bool(null), i=int(null), l=long(null), r=real(null), n=real(null), d=decimal(null), s='',
        earliest=datetime(null), latest=datetime(null), span=timespan(null),
        long_span=timespan(null), g=guid(null), j=dynamic(null), sort=2)
    | order by sort asc";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn parquet(bytes: Vec<u8>) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

fn arrow_stream(bytes: Vec<u8>) -> RecordBatch {
    let reader = StreamReader::try_new(Cursor::new(bytes), None).unwrap();
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

fn columns_of(data: &Path, text: &str, format: &str, more: &[&str]) -> RecordBatch {
    let args = [&["query", text, "--format", format], more].concat();
    let output = watchfloor(data, &args);
    assert!(output.status.success(), "{}", stderr(&output));
    match format {
        "parquet" => parquet(output.stdout),
        _ => arrow_stream(output.stdout),
    }
}

/// That the columns have the values of [`EVERY_TYPE`].
fn assert_every_type(batch: &RecordBatch) {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(batch.num_rows(), 2);
    assert!(column("b").as_boolean().value(0));
    assert_eq!(column("i").as_primitive::<Int32Type>().value(0), -7);
    assert_eq!(column("l").as_primitive::<Int64Type>().value(0), i64::MAX);
    assert_eq!(column("r").as_primitive::<Float64Type>().value(0), 1.5);
    assert!(column("n").as_primitive::<Float64Type>().value(0).is_nan());
    assert_eq!(column("d").data_type(), &DataType::Decimal128(38, 10));
    assert_eq!(
        column("d").as_primitive::<Decimal128Type>().value(0),
        -12_500_000_000
    );
    assert_eq!(column("s").as_string::<i32>().value(0), "é");
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let micros = |name: &str| {
        assert_eq!(column(name).data_type(), &utc);
        column(name)
            .as_primitive::<TimestampMicrosecondType>()
            .value(0)
    };
    assert_eq!(micros("earliest"), -62_135_596_800_000_000);
    assert_eq!(micros("latest"), 253_402_300_799_999_999);
    let ticks = |name: &str| column(name).as_primitive::<Int64Type>().value(0);
    assert_eq!(ticks("span"), -936_000_000_001);
    assert_eq!(ticks("long_span"), i64::MAX);
    assert_eq!(
        column("g").as_string::<i32>().value(0),
        "74be27de-1e4e-49d9-b579-fe0b331d3642"
    );
    let dynamic: Json = serde_json::from_str(column("j").as_string::<i32>().value(0)).unwrap();
    assert_eq!(dynamic, json!({"a": [1]}));
    for field in batch.schema().fields() {
        let is_null = column(field.name()).is_null(1);
        let has_no_null = ["s", "sort"].contains(&field.name().as_str());
        assert_eq!(is_null, !has_no_null, "{}", field.name());
        assert!(field.metadata().contains_key("kql_type"), "{field:?}");
    }
}

#[test]
fn columns_have_their_types_and_values_over_a_folder_a_server_and_files() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "t.ndjson", "{\"a\":1}\n");
    let load = format!("T={file}");
    let formats = ["parquet", "arrow"];
    for format in formats {
        assert_every_type(&columns_of(data.path(), EVERY_TYPE, format, &[]));
        let from_files = columns_of(data.path(), EVERY_TYPE, format, &["--load", &load]);
        assert_every_type(&from_files);
    }
    let server = Server::start(data.path(), &[]);
    for format in formats {
        assert_every_type(&columns_of(data.path(), EVERY_TYPE, format, &[]));
    }
    server.stop();
}

#[test]
fn no_rows_still_have_columns() {
    let data = tempfile::tempdir().unwrap();
    for format in ["parquet", "arrow"] {
        let text = "Syslog | project TimeGenerated, Computer";
        let batch = columns_of(data.path(), text, format, &[]);
        assert_eq!((batch.num_rows(), batch.num_columns()), (0, 2));
    }
    assert_eq!(
        ok(
            data.path(),
            &["query", "Syslog | project Computer", "--format", "csv"]
        ),
        "Computer\n"
    );
}

#[test]
fn a_written_parquet_file_loads_again() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = "range n from 1 to 3 step 1 | extend at = datetime(2026-01-01) + n * 1d, s = strcat('x', n)";
    let output = watchfloor(data.path(), &["query", text, "--format", "parquet"]);
    let path = folder.path().join("rows.parquet");
    std::fs::write(&path, output.stdout).unwrap();
    let load = format!("Again={}", path.display());
    let args = [
        "query",
        "Again | where at > datetime(2026-01-02) | project n, s | order by n asc",
        "--load",
        &load,
        "--format",
        "csv",
    ];
    assert_eq!(ok(data.path(), &args), "n,s\n2,x2\n3,x3\n");
}

#[test]
fn a_timespan_limits_rows_of_a_folder_and_of_files() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let rows: String = (1..=5)
        .map(|day| {
            format!(
                "{{\"Type\":\"Syslog\",\"TimeGenerated\":\"2026-03-0{day}T00:00:00Z\",\"SyslogMessage\":\"{day}\"}}\n"
            )
        })
        .collect();
    let file = write(folder.path(), "syslog.ndjson", &rows);
    ok(data.path(), &["ingest", &file]);
    let load = format!("Syslog={file}");
    let span = "2026-03-02T00:00:00Z/2026-03-04T00:00:00Z";
    let text = "Syslog | order by TimeGenerated asc | project SyslogMessage";
    let base = ["query", text, "--format", "csv", "--timespan", span];
    assert_eq!(ok(data.path(), &base), "SyslogMessage\n2\n3\n");
    let files = [&base[..], &["--load", &load]].concat();
    assert_eq!(ok(data.path(), &files), "SyslogMessage\n2\n3\n");
    for more in [vec![], vec!["--load", load.as_str()]] {
        let args = [&["query", text, "--timespan", "soon"], &more[..]].concat();
        let output = watchfloor(data.path(), &args);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("timespan `soon`"), "{output:?}");
    }
}

#[test]
fn the_query_comes_from_an_argument_a_file_or_stdin() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "q.kql", "print x = 'from a file'");
    let csv = ["--format", "csv"];
    let from_file = [&["query", "-f", &file], &csv[..]].concat();
    assert_eq!(ok(data.path(), &from_file), "x\nfrom a file\n");
    let piped = with_stdin(
        data.path(),
        &["query", "-", "--format", "csv"],
        "print x = 'from stdin'",
    );
    assert_eq!(String::from_utf8_lossy(&piped.stdout), "x\nfrom stdin\n");
    assert_eq!(watchfloor(data.path(), &["query"]).status.code(), Some(2));
}

#[test]
fn a_wrong_text_is_bad_input_and_its_place_is_named() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "t.ndjson", "{\"a\":1}\n");
    let load = format!("T={file}");
    for more in [vec![], vec!["--load", load.as_str()]] {
        let args = [&["query", "Syslog\n| where Nope == 1"], &more[..]].concat();
        let output = watchfloor(data.path(), &args);
        assert_eq!(output.status.code(), Some(2));
        let stderr = stderr(&output);
        assert!(stderr.contains("query:2:9"), "{stderr}");
        assert!(stderr.contains("Nope"), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_passed_time_limit_fails_the_work_and_is_named() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "t.ndjson", "{\"a\":1}\n");
    let load = format!("T={file}");
    let long = "range x from 1 to 20000000 step 1 | summarize count() by tostring(x) | count";
    for more in [vec![], vec!["--load", load.as_str()]] {
        let args = [&["query", long, "--timeout", "1ms"], &more[..]].concat();
        let output = watchfloor(data.path(), &args);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("longer than 0.001 s"), "{stderr}");
    }
    let output = watchfloor(data.path(), &["query", "print 1", "--timeout", "soon"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn explain_says_what_is_read_and_runs_nothing() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "t.ndjson", "{\"a\":1}\n");
    let load = format!("T={file}");
    let folder_plan = ok(
        data.path(),
        &[
            "query",
            "Syslog | where Computer == 'x' | count",
            "--explain",
        ],
    );
    assert!(
        folder_plan.contains("reads Syslog: Computer"),
        "{folder_plan}"
    );
    assert!(folder_plan.contains("Exec"), "{folder_plan}");
    let logged = query(
        data.path(),
        "LAQueryLogs | where QueryText has 'Computer ==' | count",
    );
    assert_eq!(logged[0]["Count"], 0);
    let args = [
        "query",
        "T | summarize sum(a)",
        "--explain",
        "--load",
        &load,
    ];
    assert!(ok(data.path(), &args).contains("reads T: a"));
    let wrong = watchfloor(data.path(), &["query", "Syslog | where", "--explain"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_cut_answer_says_so_unless_quiet() {
    let data = tempfile::tempdir().unwrap();
    let args = ["query", "range x from 1 to 10 step 1", "--max-rows", "3"];
    let output = watchfloor(data.path(), &args);
    assert!(stderr(&output).contains("first 3 rows"), "{output:?}");
    let quiet = watchfloor(data.path(), &[&args[..], &["--quiet"]].concat());
    assert_eq!(stderr(&quiet), "");
    assert_eq!(quiet.status.code(), Some(0));
}

#[test]
fn a_format_of_another_command_is_refused_before_anything_is_done() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let row = "{\"Type\":\"Syslog\",\"SyslogMessage\":\"x\"}\n";
    let file = write(folder.path(), "one.ndjson", row);
    for format in ["parquet", "arrow", "html"] {
        let output = watchfloor(data.path(), &["ingest", &file, "--format", format]);
        assert_eq!(output.status.code(), Some(2), "{format}");
        assert!(stderr(&output).contains(format), "{output:?}");
    }
    assert_eq!(query(data.path(), "Syslog | count")[0]["Count"], 0);
}

/// What an attacker would put into a log.
const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "=cmd|' /C calc'!A0",
    "+1+cmd",
    "@SUM(A1)",
    "-2+3",
    "\t=1",
    "gnp.\u{202e}exe",
    "one\ntwo\r\nthree",
    "\u{9b}31mred\u{7f}",
    "a,\"b\"\u{2066}c\u{feff}",
];

fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn hostile_values_reach_people_inert_and_programs_unchanged() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let rows: String = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let row = json!({
                "Type": "Syslog", "TimeGenerated": "2026-03-01T00:00:00Z", "ProcessID": at, "SyslogMessage": text,
            });
            format!("{row}\n")
        })
        .collect();
    ok(
        data.path(),
        &["ingest", &write(folder.path(), "hostile.ndjson", &rows)],
    );
    let text =
        "Syslog | order by ProcessID asc | project SyslogMessage, bag = bag_pack(SyslogMessage, 1)";
    let print = |format: &str| ok(data.path(), &["query", text, "--format", format]);

    let table = print("table");
    assert_eq!(table.chars().find(|c| is_harmful(*c)), None, "{table}");
    assert!(table.contains("\\u{1b}[2J"), "{table}");
    // A frame, a header and a line a row: no value makes a line of its own.
    let shown = table.lines().filter(|line| line.starts_with('│')).count();
    assert_eq!(shown, HOSTILE.len() + 1, "{table}");

    let ndjson = print("ndjson");
    assert_eq!(ndjson.chars().find(|c| is_harmful(*c)), None, "{ndjson}");
    let json: Vec<Json> = serde_json::from_str(&print("json")).unwrap();
    let lines: Vec<Json> = ndjson
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, json);
    let values: Vec<&str> = lines
        .iter()
        .map(|row| row["SyslogMessage"].as_str().unwrap())
        .collect();
    assert_eq!(values, HOSTILE);

    let csv = print("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let cells: Vec<String> = reader
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect();
    assert_eq!(cells.len(), HOSTILE.len());
    for (cell, text) in cells.iter().zip(HOSTILE) {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell:?}"
        );
        assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), *text);
    }

    let pivoted = ok(
        data.path(),
        &[
            "query",
            "Syslog | where SyslogMessage startswith '=' | evaluate pivot(SyslogMessage, count(), Computer)",
            "--format",
            "csv",
        ],
    );
    let header = csv::Reader::from_reader(pivoted.as_bytes())
        .headers()
        .unwrap()
        .clone();
    assert!(
        header.iter().any(|name| name.starts_with("'=cmd")),
        "{header:?}"
    );
}
