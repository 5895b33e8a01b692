//! Where rows begin: stored tables, `datatable`, `print`, `range`.

use std::collections::HashSet;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, ColumnName, Expr, Operator, Rel, RelOp};
use kql::types::{Span, Type};

use super::expression::{filled, kernel, lit};
use super::predicate::time_bound;
use super::{Lowering, build, missing, name, raw_name};
use crate::error::{EngineError, Result};
use crate::staging::{batch_plan, named_batch};
use crate::values::{ColumnBuilder, Datum, arrow_type};

/// Most rows that `range` makes.
const RANGE_ROWS_MAX: usize = 20_000_000;

/// The column that time ranges apply to.
const TIME_COLUMN: &str = "TimeGenerated";

/// The column that `ingestion_time()` reads.
const RECEIVED_COLUMN: &str = "_TimeReceived";

impl<'q> Lowering<'q> {
    pub(super) async fn source(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        match &rel.op {
            RelOp::Table {
                name: table,
                columns,
            } => self.table(rel, table, columns),
            RelOp::Values { rows } => self.values(rel, rows),
            RelOp::Print { items } => {
                let exprs: Vec<DfExpr> = items
                    .iter()
                    .map(|(id, e)| Ok(self.expr(e)?.alias(name(*id))))
                    .collect::<Result<_>>()?;
                build(LogicalPlanBuilder::empty(true).project(exprs)?)
            }
            RelOp::Range { from, to, step } => self.range(rel, from, to, step),
            RelOp::ExternalData { uris, properties } => self.external(rel, uris, properties),
            RelOp::Watchlist { alias } => {
                let alias = self.datum(alias)?;
                match self.tables.watchlist(alias.text()) {
                    Some(provider) => self.provided(rel, provider),
                    None => self.no_rows(rel),
                }
            }
            _ => self.no_rows(rel),
        }
    }

    /// `externaldata`: what the source of tables answers for each address. It answers none unless told to.
    fn external(
        &self,
        rel: &Rel,
        uris: &[String],
        properties: &[(String, String)],
    ) -> Result<LogicalPlan> {
        let mut all: Option<LogicalPlan> = None;
        for uri in uris {
            let provider = self.tables.external(uri, properties);
            let provider = provider.ok_or_else(|| EngineError::Outside {
                what: format!("externaldata [{uri}]"),
                span: rel.span,
            })?;
            let plan = self.provided(rel, provider)?;
            all = Some(match all {
                Some(before) => build(LogicalPlanBuilder::from(before).union(plan)?)?,
                None => plan,
            });
        }
        all.map_or_else(|| self.no_rows(rel), Ok)
    }

    /// The rows of a provider by the names of the operator's columns: those it lacks are null (or ""), and of an open
    /// operator its further ones are run-time columns.
    pub(super) fn provided(
        &self,
        rel: &Rel,
        provider: std::sync::Arc<dyn datafusion::datasource::TableProvider>,
    ) -> Result<LogicalPlan> {
        let schema = provider.schema();
        let scan = LogicalPlanBuilder::scan("source", provider_as_source(provider), None)?;
        let stored =
            |name: &str| DfExpr::Column(datafusion::common::Column::new(Some("source"), name));
        let mut exprs = Vec::new();
        for column in &rel.columns {
            let value = match schema.field_with_name(&column.name) {
                Ok(field) => {
                    from_stored(stored(&column.name), field.data_type(), column.ty, rel.span)?.0
                }
                Err(_) => missing(column.ty),
            };
            exprs.push(value.alias(name(column.id)));
        }
        let more = schema.fields().iter().filter(|field| {
            rel.open && !rel.columns.iter().any(|c| c.name == field.name().as_str())
        });
        for field in more {
            let ty = stored_type(field.data_type());
            let (value, _) = from_stored(stored(field.name()), field.data_type(), ty, rel.span)?;
            exprs.push(value.alias(super::extra_name(field.name(), ty)));
        }
        build(scan.project(exprs)?)
    }

    /// The operator's columns without rows.
    pub(super) fn no_rows(&self, rel: &Rel) -> Result<LogicalPlan> {
        let columns = rel
            .columns
            .iter()
            .map(|c| (name(c.id), ColumnBuilder::new(c.ty, 0).finish()))
            .collect();
        batch_plan(named_batch(columns, 0)?)
    }

    fn table(
        &self,
        rel: &Rel,
        table: &str,
        columns: &[(ColumnId, ColumnName)],
    ) -> Result<LogicalPlan> {
        let provider = self
            .tables
            .table(table)
            .ok_or_else(|| EngineError::NoSuchTable {
                table: table.to_owned(),
                span: rel.span,
            })?;
        let schema = provider.schema();
        let read = self.reads.get(table);
        // Log Analytics tables have up to 230 columns and planning walks all it is shown.
        let projection = read.map(|read| {
            let wanted =
                |name: &str| name == TIME_COLUMN || name == RECEIVED_COLUMN || read.contains(name);
            let fields = schema.fields().iter().enumerate();
            fields
                .filter(|(_, field)| wanted(field.name()))
                .map(|(idx, _)| idx)
                .collect::<Vec<_>>()
        });
        let scan = LogicalPlanBuilder::scan("source", provider_as_source(provider), projection)?;
        let stored =
            |name: &str| DfExpr::Column(datafusion::common::Column::new(Some("source"), name));
        let mut builder = scan;
        if let (Some((from, to)), Ok(field)) =
            (self.time_range, schema.field_with_name(TIME_COLUMN))
        {
            let from = time_bound(
                Operator::GreaterOrEqual,
                stored(TIME_COLUMN),
                field.data_type(),
                from,
            );
            let to = time_bound(Operator::Less, stored(TIME_COLUMN), field.data_type(), to);
            for bound in [from, to].into_iter().flatten() {
                builder = builder.filter(bound)?;
            }
        }
        let mut exprs = Vec::new();
        for ((id, stored_name), column) in columns.iter().zip(&rel.columns) {
            if read.is_some_and(|read| !read.contains(stored_name.as_str())) {
                continue;
            }
            let field =
                schema
                    .field_with_name(stored_name)
                    .map_err(|_| EngineError::NoSuchColumn {
                        table: table.to_owned(),
                        column: stored_name.to_string(),
                        span: rel.span,
                    })?;
            let (value, raw) =
                from_stored(stored(stored_name), field.data_type(), column.ty, rel.span)?;
            exprs.push(value.alias(name(*id)));
            let raw = raw.filter(|_| self.stored_forms);
            exprs.extend(raw.map(|raw| raw.alias(raw_name(*id))));
        }
        if let Ok(field) = schema.field_with_name(RECEIVED_COLUMN) {
            let (value, _) = from_stored(
                stored(RECEIVED_COLUMN),
                field.data_type(),
                Type::DateTime,
                rel.span,
            )?;
            exprs.push(value.alias(super::INGESTED));
        }
        if exprs.is_empty() {
            // `T | count` reads no column; one constant keeps the rows countable.
            exprs.push(lit(ScalarValue::Int64(Some(0))).alias("k0"));
        }
        build(builder.project(exprs)?)
    }

    fn values(&self, rel: &Rel, rows: &[Vec<Expr>]) -> Result<LogicalPlan> {
        let mut columns = Vec::with_capacity(rel.columns.len());
        for (idx, column) in rel.columns.iter().enumerate() {
            let mut cells = Vec::with_capacity(rows.len());
            for cell in rows.iter().filter_map(|row| row.get(idx)) {
                let value = self.constant(cell)?;
                cells.push(match value {
                    value if value.is_null() => super::missing_value(column.ty),
                    value => value.cast_to(&arrow_type(column.ty))?,
                });
            }
            let array: ArrayRef = if cells.is_empty() {
                ColumnBuilder::new(column.ty, 0).finish()
            } else {
                ScalarValue::iter_to_array(cells)?
            };
            columns.push((name(column.id), array));
        }
        batch_plan(named_batch(columns, rows.len())?)
    }

    fn range(&self, rel: &Rel, from: &Expr, to: &Expr, step: &Expr) -> Result<LogicalPlan> {
        let Some(column) = rel.columns.first() else {
            return self.no_rows(rel);
        };
        let (from, to, step) = (
            self.constant(from)?,
            self.constant(to)?,
            self.constant(step)?,
        );
        let mut out = ColumnBuilder::new(column.ty, 0);
        let n_rows = match (whole(&from), whole(&to), whole(&step)) {
            (Some(from), Some(to), Some(step)) => {
                let mut rows = 0;
                let mut value = from;
                while step != 0
                    && (if step > 0 { value <= to } else { value >= to })
                    && rows <= RANGE_ROWS_MAX
                {
                    out.push(&Datum::Long(value));
                    rows += 1;
                    match value.checked_add(step) {
                        Some(next) => value = next,
                        None => break,
                    }
                }
                rows
            }
            _ => {
                let (
                    ScalarValue::Float64(Some(from)),
                    ScalarValue::Float64(Some(to)),
                    ScalarValue::Float64(Some(step)),
                ) = (&from, &to, &step)
                else {
                    return self.no_rows(rel);
                };
                let mut rows: u32 = 0;
                loop {
                    let value = from + f64::from(rows) * step;
                    let inside = if *step > 0.0 {
                        value <= *to
                    } else {
                        *step < 0.0 && value >= *to
                    };
                    if !inside || rows as usize > RANGE_ROWS_MAX {
                        break rows as usize;
                    }
                    out.push(&Datum::Real(value));
                    rows += 1;
                }
            }
        };
        if n_rows > RANGE_ROWS_MAX {
            let what = format!("`range` would make more than {RANGE_ROWS_MAX} rows");
            return Err(EngineError::BadArgument {
                what,
                span: rel.span,
            });
        }
        batch_plan(named_batch(vec![(name(column.id), out.finish())], n_rows)?)
    }
}

/// The type of a stored column that nobody declared.
fn stored_type(ty: &DataType) -> Type {
    match ty {
        DataType::Boolean => Type::Bool,
        DataType::Int32 => Type::Int,
        DataType::Int64 => Type::Long,
        DataType::Float64 => Type::Real,
        DataType::Timestamp(..) => Type::DateTime,
        _ => Type::String,
    }
}

fn whole(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int64(v) => *v,
        ScalarValue::Int32(v) => v.map(i64::from),
        _ => None,
    }
}

/// A stored column as the engine's value, and its stored form where comparisons should use that.
pub(crate) fn from_stored(
    stored: DfExpr,
    have: &DataType,
    ty: Type,
    span: Span,
) -> Result<(DfExpr, Option<DfExpr>)> {
    let want = arrow_type(ty);
    Ok(match (ty, have) {
        (Type::DateTime, DataType::Timestamp(unit, zone)) => {
            let micros = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.clone());
            let raw = if *unit == arrow::datatypes::TimeUnit::Microsecond {
                stored
            } else {
                cast(stored, micros)
            };
            let ticks = kernel(
                "op:ticks",
                vec![(Type::Long, cast(raw.clone(), DataType::Int64))],
                Type::DateTime,
                span,
            )?;
            (ticks, Some(raw))
        }
        (Type::String, have) => {
            let raw = if *have == DataType::Utf8 {
                stored
            } else {
                cast(stored, DataType::Utf8)
            };
            (filled(raw.clone(), span)?, Some(raw))
        }
        (_, have) if *have == want => (stored, None),
        _ => (cast(stored, want), None),
    })
}

/// The columns of a batch as the engine's values, for filters over rows that are not stored yet. A batch has only the
/// columns that a row of it sets: one that it lacks and that `readers` name is empty, the others are left out.
///
/// # Errors
/// When a column cannot be converted.
pub(crate) fn stored_columns(
    batch: &arrow::array::RecordBatch,
    columns: Vec<(ColumnId, String, Type)>,
    readers: &[DfExpr],
    span: Span,
) -> Result<arrow::array::RecordBatch> {
    use datafusion::common::ToDFSchema as _;
    use datafusion::execution::context::ExecutionProps;
    use datafusion::physical_expr::create_physical_expr;
    let schema = batch.schema().to_dfschema()?;
    let read: HashSet<&str> = readers
        .iter()
        .flat_map(DfExpr::column_refs)
        .map(|column| column.name.as_str())
        .collect();
    let mut out = Vec::new();
    for (id, stored_name, ty) in columns {
        let schema_ref = batch.schema();
        let Ok(field) = schema_ref.field_with_name(&stored_name) else {
            if read.contains(name(id).as_str()) {
                let empty = super::missing_value(ty).to_array_of_size(batch.num_rows())?;
                out.push((name(id), empty));
            }
            continue;
        };
        let (value, _) = from_stored(super::column(stored_name), field.data_type(), ty, span)?;
        let value = create_physical_expr(
            &value,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        out.push((
            name(id),
            value.evaluate(batch)?.into_array(batch.num_rows())?,
        ));
    }
    named_batch(out, batch.num_rows())
}
