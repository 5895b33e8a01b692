//! What the integration tests share: catalogs, running a text, and comparing cells as the documentation prints them.
#![allow(unreachable_pub, reason = "shared by the test binaries of this folder")]
#![allow(clippy::unwrap_used, dead_code)]

pub mod agreement;
pub mod files;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::datasource::MemTable;
use kql::catalog::{StaticCatalog, TableDef};
use kql::plan::ColumnName;
use kql::types::Type;
use kql_engine::{Engine, EngineOptions, MemoryTables, QueryResult, RunOptions};
use serde_json::Value;

pub fn corpora() -> Option<std::path::PathBuf> {
    let found = std::env::var_os("WATCHFLOOR_CORPORA").map(Into::into);
    if found.is_none() {
        eprintln!("skipped: WATCHFLOOR_CORPORA is not set");
    }
    found
}

pub fn engine() -> Engine {
    Engine::new(EngineOptions {
        memory_bytes: 1 << 30,
        target_partitions: 2,
    })
    .unwrap()
}

/// The Arrow type a table stores.
pub fn stored_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}

pub fn memory_table(columns: Vec<(&str, ArrayRef)>) -> Arc<MemTable> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(n, a)| Field::new(*n, a.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(
        schema.clone(),
        columns.into_iter().map(|(_, a)| a).collect(),
    )
    .unwrap();
    Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap())
}

pub fn empty_table(columns: &[(ColumnName, Type)]) -> Arc<MemTable> {
    memory_table(
        columns
            .iter()
            .map(|(n, ty)| (n.as_str(), new_empty_array(&stored_type(*ty))))
            .collect(),
    )
}

/// Tables of a `table,column,type` file, empty.
pub fn schema(csv: &str) -> (StaticCatalog, MemoryTables) {
    let mut defs: std::collections::BTreeMap<String, Vec<(ColumnName, Type)>> = Default::default();
    for line in csv.lines().skip(1) {
        let mut fields = line.split(',');
        if let (Some(table), Some(column), Some(ty)) = (fields.next(), fields.next(), fields.next())
        {
            let ty = Type::parse(ty.trim()).unwrap_or(Type::Dynamic);
            defs.entry(table.to_owned())
                .or_default()
                .push((column.into(), ty));
        }
    }
    let (mut catalog, mut tables) = (StaticCatalog::new(), MemoryTables::new());
    for (name, mut columns) in defs {
        if !columns.iter().any(|(n, _)| n == "Timestamp")
            && (name.starts_with("Device")
                || name.starts_with("Email")
                || name.starts_with("Identity")
                || name.starts_with("Cloud")
                || name.starts_with("Alert")
                || name.starts_with("Url"))
        {
            columns.push(("Timestamp".into(), Type::DateTime));
        }
        tables.add(name.clone(), empty_table(&columns));
        catalog.add_table(TableDef { name, columns });
    }
    (catalog, tables)
}

/// 2026-01-02T03:04:05Z.
pub fn now() -> jiff::Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub fn bind(text: &str, catalog: &StaticCatalog) -> Result<kql::Query, String> {
    let bound = kql::bind(text, catalog, &bind_options());
    if !bound.ok() {
        let errors: Vec<String> = bound
            .diagnostics
            .iter()
            .filter(|d| d.is_error())
            .map(|d| d.message.clone())
            .collect();
        return Err(format!("bind: {}", errors.join("; ")));
    }
    bound.query.ok_or_else(|| "bind: no plan".to_owned())
}

pub async fn run(
    engine: &Engine,
    text: &str,
    catalog: &StaticCatalog,
    tables: &MemoryTables,
) -> Result<QueryResult, String> {
    let query = bind(text, catalog)?;
    engine
        .run(&query, tables, &RunOptions::default())
        .await
        .map_err(|e| e.to_string())
}

/// Rows of the first table.
pub fn rows(result: &QueryResult) -> Vec<Vec<Value>> {
    result
        .tables
        .first()
        .map(|t| t.rows_json())
        .unwrap_or_default()
}

/// Options with the fixed [`now`].
pub fn bind_options() -> kql::BindOptions {
    // 2026-01-02T03:04:05Z in ticks.
    let now = 621_355_968_000_000_000 + now().as_second() * 10_000_000;
    kql::BindOptions {
        now,
        dialect: kql::Dialect::Sentinel,
    }
}

fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn number(text: &str) -> Option<f64> {
    match text.trim() {
        "∞" | "Infinity" => Some(f64::INFINITY),
        "-∞" | "-Infinity" => Some(f64::NEG_INFINITY),
        other => other.replace(',', "").parse().ok(),
    }
}

fn reals(want: &str, got: &str) -> bool {
    let (Some(a), Some(b)) = (number(want), number(got)) else {
        return false;
    };
    if a.is_nan() || b.is_nan() {
        return a.is_nan() && b.is_nan();
    }
    let decimals = want.split_once('.').map_or(0, |(_, d)| {
        d.chars().take_while(char::is_ascii_digit).count()
    });
    let exponent: i32 = want
        .to_uppercase()
        .split_once('E')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let shown = i32::try_from(decimals).unwrap_or(0) - exponent;
    a == b
        || (shown > 0 && (a - b).abs() <= 1.01 * 10f64.powi(-shown))
        || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Digits of a datetime or timespan text, so that `2017-01-01 00:00:00.0000000` and `2017-01-01T00:00:00Z` agree.
fn instant(text: &str) -> String {
    let text = text.trim().trim_end_matches('Z').replace('T', " ");
    let (whole, fraction) = text
        .split_once('.')
        .filter(|(w, _)| w.contains(':'))
        .unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.len() == 10 && whole.matches('-').count() == 2 {
        format!("{whole} 00:00:00")
    } else {
        whole.to_owned()
    };
    if fraction.is_empty() {
        whole
    } else {
        format!("{whole}.{fraction}")
    }
}

fn json_equal(want: &Value, got: &Value, loose: bool) -> bool {
    match (want, got) {
        (Value::Number(a), Value::Number(b)) => reals(&a.to_string(), &b.to_string()),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(k, v)| b.get(k).is_some_and(|w| json_equal(v, w, loose)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len()
                && (a.iter().zip(b).all(|(a, b)| json_equal(a, b, loose))
                    || same_ring(a, b)
                    || (loose && {
                        let mut rest: Vec<&Value> = b.iter().collect();
                        a.iter().all(
                            |a| match rest.iter().position(|b| json_equal(a, b, loose)) {
                                Some(at) => {
                                    rest.remove(at);
                                    true
                                }
                                None => false,
                            },
                        )
                    }))
        }
        (Value::String(a), Value::String(b)) => {
            instant(a) == instant(b) || squeezed(a) == squeezed(b)
        }
        (a, b) => {
            a == b
                || (!a.is_null() && !b.is_null() && {
                    let (a, b) = (a.to_string(), b.to_string());
                    a == b
                })
        }
    }
}

/// A closed ring of positions may start at another of them.
fn same_ring(a: &[Value], b: &[Value]) -> bool {
    let open = |ring: &[Value]| match ring.split_last() {
        Some((last, rest)) if last.is_array() && rest.first() == Some(last) => rest.to_vec(),
        _ => Vec::new(),
    };
    let (a, b) = (open(a), open(b));
    let turned = |by: usize| b.iter().cycle().skip(by).take(b.len());
    let same = |by: usize| {
        a.iter()
            .zip(turned(by))
            .all(|(a, b)| json_equal(a, b, false))
    };
    a.len() == b.len() && (0..b.len()).any(same)
}

/// Compares a documented cell with a result cell by the rules of the corpus's README.
pub fn cell_equal(want: &Value, got: &Value, ty: &str, loose: bool) -> bool {
    let want = match want {
        Value::Null => "",
        Value::String(text) => text.trim(),
        _ => return false,
    };
    let text = match got {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let empty = matches!(want, "" | "null" | "(null)");
    match ty {
        "string" => {
            squeezed(want) == squeezed(&text)
                || matches!((json(want), json(&text)), (Some(a @ (Value::Object(_) | Value::Array(_))), Some(b)) if json_equal(&a, &b, loose))
        }
        _ if got.is_null() || (ty == "dynamic" && matches!(text.as_str(), "" | "null")) => empty,
        "dynamic" | "unknown" => {
            let parsed = json(&text).unwrap_or_else(|| Value::from(text.clone()));
            let plain = parsed.as_str().map_or(text.clone(), ToOwned::to_owned);
            (empty && matches!(&parsed, Value::String(s) if s.is_empty()))
                || json(want).is_some_and(|w| json_equal(&w, &parsed, loose))
                || instant(want) == instant(&plain)
                || squeezed(want) == squeezed(&plain)
                || reals(want, &plain)
                || want.eq_ignore_ascii_case(&plain)
        }
        _ if empty => false,
        "bool" => matches!(
            (want.to_lowercase().as_str(), got),
            ("1" | "true", Value::Bool(true)) | ("0" | "false", Value::Bool(false))
        ),
        "int" | "long" => want.replace(',', "") == text || reals(want, &text),
        "decimal" | "real" => reals(want, &text),
        "datetime" | "timespan" => instant(want) == instant(&text),
        _ => want.eq_ignore_ascii_case(&text),
    }
}

/// Runs a test on a stack that holds the deepest plans: unoptimised frames are large.
pub fn on_large_stack<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(test());
    };
    std::thread::Builder::new()
        .stack_size(512 << 20)
        .spawn(body)
        .unwrap()
        .join()
        .unwrap();
}
