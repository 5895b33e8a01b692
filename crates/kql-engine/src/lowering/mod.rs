//! Lowering: a typed plan to a DataFusion plan.
//!
//! Column `ColumnId(5)` is named `c5`. Beside it a stored column may be carried in its stored form as `r5`
//! (a raw timestamp or string), so that filters, sorts and min/max reach the scan unconverted. `x:<type>:<name>`
//! are the run-time columns of open schemas, `s<n>` the row numbers that a subquery of `mv-apply` or
//! `partition` is run per. Parts that have to be computed first (`toscalar`, `in (subquery)`, window functions,
//! `pivot`) are run while lowering.

mod aggregate;
mod collected;
mod emptiness;
mod expression;
mod fused;
mod get_schema;
mod graph;
mod graph_match;
mod join;
mod latest;
mod nested;
mod parse;
mod plugin;
mod predicate;
mod projection;
mod relational;
mod row_order;
mod row_plugin;
mod runs;
mod scan;
mod series;
mod sources;
mod top_nested;
mod union;
mod window;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, Query, Rel};
use kql::types::{Span, Type};

pub(crate) use aggregate::AGGREGATES;
pub(crate) use expression::NATIVE_FUNCTIONS;
pub(crate) use row_order::depends_on_order;
pub(crate) use sources::stored_columns;

use crate::error::{EngineError, Result};
use crate::staging::Staging;
use crate::table_source::TableSource;
use crate::values::arrow_type;

/// A result column of a lowered plan.
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// One result of a query as a DataFusion plan, columns in output order.
pub(crate) struct Lowered {
    pub(crate) plan: LogicalPlan,
    pub(crate) columns: Vec<Output>,
}

/// A computed sub-expression, by the address of its node in the query.
type NodeKey = usize;

fn key<T>(node: &T) -> NodeKey {
    std::ptr::from_ref(node) as usize
}

/// The state of lowering one query.
pub(crate) struct Lowering<'q> {
    tables: &'q dyn TableSource,
    query: &'q Query,
    /// The columns read of each table.
    reads: HashMap<&'q str, HashSet<&'q str>>,
    time_range: Option<(i64, i64)>,
    /// Whether stored forms are carried beside values.
    stored_forms: bool,
    /// Whether chains of calls that one kernel stands for become a call of it.
    fuses: bool,
    staging: Staging,
    /// `materialize()` bodies that were run.
    materialized: HashMap<usize, LogicalPlan>,
    /// Values of `toscalar`.
    scalars: HashMap<NodeKey, ScalarValue>,
    /// Elements of `in (subquery)`.
    sets: HashMap<NodeKey, Vec<ScalarValue>>,
    /// Columns that hold window functions.
    windows: HashMap<NodeKey, String>,
    /// Values that stand for columns of an operator outside, while its query is run for each of them.
    parameters: HashMap<ColumnId, ScalarValue>,
    /// What the enclosing `mv-apply` or `partition` hands to its subquery.
    sub_inputs: Vec<LogicalPlan>,
    /// Names of the columns that number the runs of enclosing subqueries, outermost first.
    scopes: Vec<String>,
    next_name: usize,
    session: SessionContext,
    /// How large computed columns are with all that they read written out.
    sizes: std::sync::Mutex<HashMap<ColumnId, usize>>,
    /// Whether the rows at hand still carry when they came in.
    ingestion_known: std::sync::atomic::AtomicBool,
}

/// The column that carries when a stored row was received, for `ingestion_time()`.
const INGESTED: &str = "ingested";

/// The plan's name of a column.
fn name(id: ColumnId) -> String {
    format!("c{}", id.0)
}

fn raw_name(id: ColumnId) -> String {
    format!("r{}", id.0)
}

/// A reference to a plan column by its exact name.
fn column(name: impl Into<String>) -> DfExpr {
    DfExpr::Column(Column::new_unqualified(name))
}

fn has(plan: &LogicalPlan, name: &str) -> bool {
    plan.schema().has_column_with_unqualified_name(name)
}

/// The names of a plan's columns.
fn names(plan: &LogicalPlan) -> Vec<String> {
    plan.schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect()
}

/// Null of a type, or "" for a string.
fn missing(ty: Type) -> DfExpr {
    DfExpr::Literal(missing_value(ty), None)
}

fn missing_value(ty: Type) -> ScalarValue {
    match ty {
        Type::String => ScalarValue::Utf8(Some(String::new())),
        ty => ScalarValue::try_from(&arrow_type(ty)).unwrap_or(ScalarValue::Null),
    }
}

fn extra_name(name: &str, ty: Type) -> String {
    format!("x:{}:{name}", ty.name())
}

fn parse_extra(column: &str) -> Option<(Type, &str)> {
    let (ty, name) = column.strip_prefix("x:")?.split_once(':')?;
    Some((Type::parse(ty)?, name))
}

fn build(builder: LogicalPlanBuilder) -> Result<LogicalPlan> {
    Ok(builder.build()?)
}

fn unsupported(what: impl Into<String>, span: Span) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        span,
    }
}

impl<'q> Lowering<'q> {
    pub(crate) fn new(
        session: SessionContext,
        tables: &'q dyn TableSource,
        query: &'q Query,
        time_range: Option<(i64, i64)>,
    ) -> Self {
        let reads = query.reads.iter().map(|read| {
            let columns = read.columns.iter().map(|name| name.as_str()).collect();
            (read.table.as_str(), columns)
        });
        Self {
            tables,
            query,
            reads: reads.collect(),
            time_range,
            stored_forms: true,
            fuses: true,
            staging: Staging::new(session.clone()),
            materialized: HashMap::new(),
            scalars: HashMap::new(),
            sets: HashMap::new(),
            windows: HashMap::new(),
            parameters: HashMap::new(),
            sub_inputs: Vec::new(),
            scopes: Vec::new(),
            next_name: 0,
            session,
            sizes: std::sync::Mutex::default(),
            ingestion_known: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Parts of the query may run in so many partitions, even when the query as a whole runs in one.
    pub(crate) fn with_partitions(mut self, partitions: usize) -> Self {
        self.staging = self.staging.with_partitions(partitions);
        self
    }

    /// Filters and sorts read values only: slower, and the same rows.
    pub(crate) fn without_stored_forms(mut self) -> Self {
        self.stored_forms = false;
        self
    }

    /// Calls stay the calls that the query writes: slower, and the same values.
    pub(crate) fn without_fused_calls(mut self) -> Self {
        self.fuses = false;
        self
    }

    /// Lowers every result. The rows of stages stay accounted for as long as the returned plans live.
    pub(crate) async fn lower_query(mut self) -> Result<Vec<Lowered>> {
        let query = self.query;
        let mut out = Vec::with_capacity(query.results.len());
        for rel in &query.results {
            let plan = self.lower(rel).await?;
            out.push(self.output(rel, plan)?);
        }
        Ok(out)
    }

    /// Puts the result's columns in order, run-time columns last.
    fn output(&self, rel: &Rel, plan: LogicalPlan) -> Result<Lowered> {
        let mut exprs = Vec::new();
        let mut columns = Vec::new();
        for (idx, item) in rel.columns.iter().enumerate() {
            let value = if has(&plan, &name(item.id)) {
                column(name(item.id))
            } else {
                missing(item.ty)
            };
            exprs.push(value.alias(format!("o{idx}")));
            columns.push(Output {
                name: item.name.to_string(),
                ty: item.ty,
            });
        }
        let known: HashSet<&str> = rel.columns.iter().map(|c| c.name.as_str()).collect();
        if rel.open {
            for field in names(&plan) {
                if let Some((ty, name)) =
                    parse_extra(&field).filter(|(_, name)| !known.contains(name))
                {
                    let name = name.to_owned();
                    exprs.push(column(field).alias(format!("o{}", exprs.len())));
                    columns.push(Output { name, ty });
                }
            }
        }
        let plan = projection::project(plan, exprs)?;
        Ok(Lowered { plan, columns })
    }

    /// An expression as a value, for filters outside of a query.
    pub(crate) fn value(&self, expr: &kql::plan::Expr) -> Result<DfExpr> {
        self.expr(expr)
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.next_name += 1;
        format!("{prefix}{}", self.next_name)
    }

    /// The columns every operator hands on besides the ones it names: numbers of enclosing subquery runs.
    fn scope_columns(&self, plan: &LogicalPlan) -> Vec<DfExpr> {
        self.scopes
            .iter()
            .filter(|s| has(plan, s))
            .map(|s| column(s.clone()))
            .collect()
    }

    /// Runs a plan now and returns one that reads its rows.
    async fn stage(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        crate::staging::batch_plan(self.staging.collect(plan).await?)
    }

    /// The value of a constant expression.
    fn constant(&self, expr: &kql::plan::Expr) -> Result<ScalarValue> {
        use datafusion::common::DFSchema;
        use datafusion::physical_expr::create_physical_expr;
        let lowered = self.expr(expr)?;
        if let DfExpr::Literal(value, _) = lowered {
            return Ok(value);
        }
        if !lowered.column_refs().is_empty() {
            return Err(EngineError::BadArgument {
                what: "this argument must be constant: it can't depend on a column".to_owned(),
                span: expr.span,
            });
        }
        let schema = DFSchema::empty();
        let physical = create_physical_expr(
            &lowered,
            &schema,
            self.session.state().execution_props(),
            &PhysicalPlanningContext::default(),
        )?;
        let batch = crate::staging::named_batch(Vec::new(), 1)?;
        match physical.evaluate(&batch)? {
            datafusion::logical_expr::ColumnarValue::Scalar(value) => Ok(value),
            datafusion::logical_expr::ColumnarValue::Array(array) => {
                Ok(ScalarValue::try_from_array(&array, 0)?)
            }
        }
    }

    /// A constant row count; negative counts are zero.
    fn count(&self, expr: &kql::plan::Expr) -> Result<usize> {
        match self
            .constant(expr)?
            .cast_to(&arrow::datatypes::DataType::Int64)?
        {
            ScalarValue::Int64(Some(n)) => Ok(usize::try_from(n).unwrap_or(0)),
            _ => Err(EngineError::BadArgument {
                what: "a row count must not be null".into(),
                span: expr.span,
            }),
        }
    }
}

/// A call of one of our functions.
fn call(udf: datafusion::logical_expr::ScalarUDF, args: Vec<DfExpr>) -> DfExpr {
    DfExpr::ScalarFunction(datafusion::logical_expr::expr::ScalarFunction::new_udf(
        Arc::new(udf),
        args,
    ))
}
