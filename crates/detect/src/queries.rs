//! Running KQL over the lake: binding against the tables there are, limits, and a record of every
//! run in `LAQueryLogs`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::datasource::TableProvider;
use jiff::Timestamp;
use kql::{Bound, Diagnostic};
use kql_engine::{Engine, EngineError, Limits, RunOptions, TableSource};
use schema::{Catalog, TableSchema};
use serde_json::json;

use crate::journal::Journal;
use crate::result::ResultRows;
use crate::text_calls::KqlTextCalls;
use crate::usage;

/// 100 ns ticks between 0001-01-01 and the Unix epoch.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// An instant as KQL counts it.
pub fn ticks(at: Timestamp) -> i64 {
    let nanos = at.as_nanosecond().div_euclid(100);
    i64::try_from(nanos).unwrap_or(i64::MAX - UNIX_EPOCH_TICKS) + UNIX_EPOCH_TICKS
}

/// Who runs a query and why; goes into `LAQueryLogs`.
#[derive(Debug, Clone, Default)]
pub struct QueryContext {
    /// User, or the rule's id.
    pub who: String,
    /// `query`, `rule`, `evidence`, `scope` ...
    pub purpose: &'static str,
}

/// How to run a query.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// `now()`.
    pub now: Timestamp,
    /// Window on `TimeGenerated`, start inclusive, end exclusive.
    pub range: Option<(Timestamp, Timestamp)>,
    /// Rows returned at most.
    pub max_rows: usize,
    /// Wall-clock limit.
    pub timeout: Duration,
}

impl QueryOptions {
    /// 30,000 rows (the limit of the Azure Monitor Logs API is of that order) and one minute.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            range: None,
            max_rows: 30_000,
            timeout: Duration::from_secs(60),
        }
    }

    fn run_options(&self) -> RunOptions {
        RunOptions {
            limits: Limits {
                timeout: self.timeout,
                max_rows: self.max_rows,
            },
            time_range: self.range.map(|(from, to)| (ticks(from), ticks(to))),
        }
    }
}

/// A query's result.
#[derive(Debug)]
pub struct QueryOutcome {
    /// The last result table.
    pub result: ResultRows,
    /// The rows as columns, for writers of files.
    pub engine: kql_engine::QueryResult,
    /// Warnings of the binder.
    pub diagnostics: Vec<Diagnostic>,
    /// More rows than asked for were there.
    pub truncated: bool,
    /// Wall-clock time.
    pub elapsed: Duration,
}

/// Why a query gave no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is wrong.
    #[error("the query has {} error(s)", .0.len())]
    Diagnostics(Vec<Diagnostic>),
    /// The engine gave up.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl QueryError {
    /// The error with every finding's message, in one line.
    pub(crate) fn explained(&self) -> String {
        match self {
            Self::Diagnostics(found) => {
                let messages: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
                format!("{self}: {}", messages.join("; "))
            }
            Self::Engine(_) => self.to_string(),
        }
    }
}

/// Where tables come from besides the built-in schemas.
pub trait Tables: TableSource {
    /// The schema of a table that is not built in.
    fn custom_schema(&self, name: &str) -> Option<Arc<TableSchema>>;

    /// The tables that are known whether they hold rows or not.
    fn catalog(&self) -> &Catalog {
        Catalog::builtin()
    }

    /// Whether a view of Watchfloor's own answers for this table's name. Not where somebody
    /// brought a table of that name.
    fn views(&self, _name: &str) -> bool {
        true
    }
}

/// The lake's tables.
pub struct LakeTables(pub lake::Lake);

impl TableSource for LakeTables {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        if name == usage::TABLE {
            return usage::table(&self.0);
        }
        self.0
            .table(name)
            .map(|table| table.with_text_calls(Arc::new(KqlTextCalls)))
            .map(|table| Arc::new(table) as Arc<dyn TableProvider>)
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.0.table_names();
        if !names.iter().any(|name| name == usage::TABLE) {
            names.push(usage::TABLE.to_owned());
            names.sort();
        }
        names
    }

    fn rows_have_time(&self, name: &str) -> bool {
        // The lake fills in the time of receipt where a row has none.
        name != usage::TABLE
    }

    fn holds_rows(&self, name: &str) -> bool {
        name == usage::TABLE || self.0.has_table(name)
    }
}

impl Tables for LakeTables {
    fn custom_schema(&self, name: &str) -> Option<Arc<TableSchema>> {
        self.0
            .custom_tables()
            .into_iter()
            .find(|table| table.name == name)
    }
}

/// The binder's view: Watchfloor's views first, then stored tables, then the built-in schemas.
pub struct KqlCatalog<'a> {
    tables: &'a dyn Tables,
    builtin: &'a Catalog,
}

impl<'a> KqlCatalog<'a> {
    /// A catalog over tables, with their own catalog for the ones that hold no rows yet.
    pub fn new(tables: &'a dyn Tables) -> Self {
        Self {
            tables,
            builtin: tables.catalog(),
        }
    }

    fn view(&self, name: &str) -> Option<&'static str> {
        VIEWS
            .iter()
            .find(|(view, _)| *view == name && self.tables.views(name))
            .map(|(_, body)| *body)
    }
}

/// Views: KQL over stored tables under a published table's name.
const VIEWS: &[(&str, &str)] = &[("WindowsEvent", include_str!("../views/WindowsEvent.kql"))];

impl kql::Catalog for KqlCatalog<'_> {
    fn table(&self, name: &str) -> Option<Cow<'_, kql::TableDef>> {
        if self.view(name).is_some() {
            return None;
        }
        let custom = self.tables.custom_schema(name);
        let schema = custom.as_ref().or_else(|| self.builtin.table(name))?;
        Some(Cow::Owned(table_def(schema)))
    }

    fn table_names(&self) -> Vec<Cow<'_, str>> {
        let mut names: Vec<String> = self
            .builtin
            .tables()
            .map(|table| table.name.clone())
            .collect();
        names.extend(self.tables.names());
        names.sort();
        names.dedup();
        names.into_iter().map(Cow::Owned).collect()
    }

    fn function(&self, name: &str) -> Option<Cow<'_, kql::FunctionDef>> {
        self.view(name).map(|body| {
            Cow::Owned(kql::FunctionDef {
                name: name.to_owned(),
                parameters: "()".to_owned(),
                body: body.to_owned(),
            })
        })
    }

    fn function_names(&self) -> Vec<Cow<'_, str>> {
        let names = VIEWS.iter().map(|(name, _)| *name);
        let mut names: Vec<&str> = names.filter(|name| self.view(name).is_some()).collect();
        names.sort_unstable();
        names.into_iter().map(Cow::Borrowed).collect()
    }
}

/// A table's schema in the binder's types.
pub fn table_def(schema: &TableSchema) -> kql::TableDef {
    kql::TableDef {
        name: schema.name.clone(),
        columns: schema
            .columns
            .iter()
            .map(|column| (column.name.as_str().into(), kql_type(column.ty)))
            .collect(),
    }
}

fn kql_type(ty: schema::ColumnType) -> kql::Type {
    match ty {
        schema::ColumnType::Bool => kql::Type::Bool,
        schema::ColumnType::Int => kql::Type::Int,
        schema::ColumnType::Long => kql::Type::Long,
        schema::ColumnType::Real => kql::Type::Real,
        schema::ColumnType::String => kql::Type::String,
        schema::ColumnType::DateTime => kql::Type::DateTime,
        schema::ColumnType::Dynamic => kql::Type::Dynamic,
        schema::ColumnType::Guid => kql::Type::Guid,
    }
}

/// Binds and runs queries over one set of tables. Cheap to clone.
#[derive(Clone)]
pub struct Queries {
    tables: Arc<dyn Tables>,
    engine: Arc<Engine>,
    journal: Journal,
}

impl Queries {
    /// Queries over `tables`; every run is recorded in `journal`.
    pub fn new(tables: Arc<dyn Tables>, engine: Arc<Engine>, journal: Journal) -> Self {
        Self {
            tables,
            engine,
            journal,
        }
    }

    /// The tables queries see.
    pub fn tables(&self) -> &Arc<dyn Tables> {
        &self.tables
    }

    /// The same engine over other tables; runs are recorded nowhere.
    pub(crate) fn over(&self, tables: Arc<dyn Tables>) -> Self {
        Self::new(tables, Arc::clone(&self.engine), Journal::default())
    }

    /// Binds a query without running it.
    pub fn bind(&self, text: &str, now: Timestamp) -> Bound {
        self.in_language(now, |catalog, options| kql::bind(text, catalog, options))
    }

    /// Asks the language about a text with the tables and functions that queries here see:
    /// completion, hover help.
    pub fn in_language<T>(
        &self,
        now: Timestamp,
        ask: impl FnOnce(&dyn kql::Catalog, &kql::BindOptions) -> T,
    ) -> T {
        let catalog = KqlCatalog::new(self.tables.as_ref());
        let options = kql::BindOptions {
            now: ticks(now),
            dialect: kql::Dialect::Sentinel,
        };
        ask(&catalog, &options)
    }

    /// Binds and runs a query.
    ///
    /// # Errors
    /// [`QueryError::Diagnostics`] when the text is wrong, [`QueryError::Engine`] when a limit is
    /// hit or the engine fails.
    pub async fn run(
        &self,
        text: &str,
        options: &QueryOptions,
        context: &QueryContext,
    ) -> Result<QueryOutcome, QueryError> {
        let bound = self.bind(text, options.now);
        match bound.query {
            Some(query) => {
                self.run_bound(text, &query, bound.diagnostics, options, context)
                    .await
            }
            None => Err(QueryError::Diagnostics(bound.diagnostics)),
        }
    }

    /// Runs a query and tells what it read, what the scans left out, and the time of each operator, as
    /// text.
    ///
    /// # Errors
    /// As [`Queries::run`].
    pub async fn explain(&self, text: &str, options: &QueryOptions) -> Result<String, QueryError> {
        let bound = self.bind(text, options.now);
        let Some(query) = bound.query else {
            return Err(QueryError::Diagnostics(bound.diagnostics));
        };
        let mut explained = String::new();
        for read in &query.reads {
            let columns: Vec<&str> = read.columns.iter().map(|name| name.as_str()).collect();
            explained.push_str(&format!("reads {}: {}\n", read.table, columns.join(", ")));
        }
        let run = options.run_options();
        let plan = self.engine.profile(&query, self.tables.as_ref(), &run);
        explained.push_str(&plan.await?.text());
        Ok(explained)
    }

    /// Runs a query that is bound already; `text` is what the record shows.
    ///
    /// # Errors
    /// [`QueryError::Engine`].
    pub async fn run_bound(
        &self,
        text: &str,
        query: &kql::plan::Query,
        diagnostics: Vec<Diagnostic>,
        options: &QueryOptions,
        context: &QueryContext,
    ) -> Result<QueryOutcome, QueryError> {
        let started = Instant::now();
        let run = options.run_options();
        let answer = self.engine.run(query, self.tables.as_ref(), &run).await;
        let elapsed = started.elapsed();
        let rows = answer.as_ref().map_or(0, |result| {
            result.tables.last().map_or(0, |table| table.n_rows())
        });
        self.record(text, query, options, context, elapsed, rows, answer.is_ok());
        let engine = answer?;
        let result = match engine.tables.last() {
            Some(table) => ResultRows {
                columns: table
                    .columns
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.name().to_owned()))
                    .collect(),
                rows: table.rows_json(),
            },
            None => ResultRows::default(),
        };
        Ok(QueryOutcome {
            truncated: engine.truncated,
            result,
            engine,
            diagnostics,
            elapsed,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one record has these facts")]
    fn record(
        &self,
        text: &str,
        query: &kql::plan::Query,
        options: &QueryOptions,
        context: &QueryContext,
        elapsed: Duration,
        rows: usize,
        ok: bool,
    ) {
        let Some(mut row) = Journal::row("LAQueryLogs", options.now) else {
            return;
        };
        let reads: Vec<_> = query
            .reads
            .iter()
            .map(|read| {
                let columns: Vec<&str> = read.columns.iter().map(|name| name.as_str()).collect();
                json!({"table": read.table, "columns": columns})
            })
            .collect();
        row.set("QueryText", text);
        row.set("AADEmail", context.who.as_str());
        row.set("RequestClientApp", "Watchfloor");
        row.set("RecordKind", context.purpose);
        row.set("RequestContext", json!({ "tables": reads }));
        row.set("ResponseCode", if ok { 200_i64 } else { 500 });
        row.set("ResponseDurationMs", elapsed.as_secs_f64() * 1000.0);
        row.set("ResponseRowCount", i64::try_from(rows).unwrap_or(i64::MAX));
        if let Some((from, to)) = options.range {
            row.set("QueryTimeRangeStart", from);
            row.set("QueryTimeRangeEnd", to);
        }
        self.journal.add(row);
    }
}
