//! `evaluate` of plugins that work on collected rows, `reduce`, and workspace functions.

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan};
use kql::plan::{Column, Expr, ExprKind, PluginArg, Rel};

use super::{Lowering, has, name, names, parse_extra, unsupported};
use crate::error::{EngineError, Result};
use crate::operators::plugins;
use crate::operators::rows::{Arg, ArgValue, Cancel, ColumnRef, Made, Output, PluginCall};
use crate::staging::named_batch;
use crate::values::{ColumnBuilder, Datum, Reader, convert};

/// Plugins that ask other services, or run code of another language.
fn reaches_outside(plugin: &str) -> bool {
    plugin.ends_with("_request")
        || plugin.starts_with("http_request")
        || plugin.starts_with("ai_")
        || plugin.starts_with("infer_storage_schema")
        || matches!(
            plugin,
            "python"
                | "r"
                | "csharp"
                | "execute_query"
                | "execute_show_command"
                | "external_datatable"
        )
}

impl<'q> Lowering<'q> {
    /// A plugin or workspace function that has no input.
    pub(super) fn starting_plugin(&self, rel: &Rel, plugin: &str) -> Result<LogicalPlan> {
        if reaches_outside(plugin) {
            let what = plugin.to_owned();
            return Err(EngineError::Outside {
                what,
                span: rel.span,
            });
        }
        if kql::functions::workspace::table_function(plugin).is_none() {
            return Err(unsupported(plugin, rel.span));
        }
        match self.tables.table(plugin) {
            Some(provider) => self.provided(rel, provider),
            None => self.no_rows(rel),
        }
    }

    /// A plugin over the rows of its input.
    pub(super) async fn row_plugin(
        &mut self,
        rel: &'q Rel,
        input: &'q Rel,
        plugin: &str,
        args: &'q [PluginArg],
    ) -> Result<LogicalPlan> {
        if reaches_outside(plugin) {
            let what = plugin.to_owned();
            return Err(EngineError::Outside {
                what,
                span: rel.span,
            });
        }
        let Some(run) = plugins::find(plugin) else {
            return Err(unsupported(plugin, rel.span));
        };
        let plan = self.lower(input).await?;
        let plan = self.drop_raw(plan)?;
        let plan = self.compute_windows(rel, plan).await?;
        let columns = input_columns(input, &plan);
        let mut more = Vec::new();
        let mut given = Vec::with_capacity(args.len());
        for arg in args {
            let (name, value) = match arg {
                PluginArg::Expr(expr) => (None, self.plugin_value(expr, &columns, &mut more)?),
                PluginArg::Named(name, expr) => (
                    Some(name.clone()),
                    self.plugin_value(expr, &columns, &mut more)?,
                ),
                PluginArg::Rel(table) => (None, self.plugin_table(table).await?),
                PluginArg::Aggregate(_) => return Err(unsupported(plugin, rel.span)),
            };
            given.push(Arg { name, value });
        }
        let batch = self.collect_with(plan, more).await?;
        let call = PluginCall {
            plugin: plugin.to_owned(),
            args: given,
            input: columns,
        };
        let (wanted, declared) = (rel.columns.clone(), is_declared(rel));
        let span = rel.span;
        self.per_run(batch, move |batch: &RecordBatch, cancel: &Cancel| {
            let made = run(&call, batch, cancel).map_err(|error| match error {
                DataFusionError::Plan(what) => EngineError::BadArgument { what, span },
                error => error.into(),
            })?;
            placed(&wanted, declared, made)
        })
        .await
    }

    fn plugin_value(
        &mut self,
        expr: &Expr,
        columns: &[ColumnRef],
        more: &mut Vec<DfExpr>,
    ) -> Result<ArgValue> {
        if let ExprKind::Column(id) = &expr.kind {
            let key = name(*id);
            if let Some(known) = columns.iter().find(|column| column.key == key) {
                return Ok(ArgValue::Column(known.clone()));
            }
            // A column of a lookup's table, or one that nobody stored.
            let title = String::new();
            let ty = expr.ty;
            return Ok(ArgValue::Column(ColumnRef { key, title, ty }));
        }
        let mut reads = false;
        expr.each(&mut |part| {
            reads |= matches!(part.kind, ExprKind::Column(_) | ExprKind::Window { .. });
        });
        if !reads {
            return Ok(ArgValue::Constant(self.datum(expr)?));
        }
        let key = self.fresh("u");
        more.push(self.expr(expr)?.alias(key.clone()));
        Ok(ArgValue::Column(ColumnRef {
            key,
            title: String::new(),
            ty: expr.ty,
        }))
    }

    async fn plugin_table(&mut self, table: &'q Rel) -> Result<ArgValue> {
        let (scopes, sub_inputs) = (
            std::mem::take(&mut self.scopes),
            std::mem::take(&mut self.sub_inputs),
        );
        let lowered = self.lower(table).await;
        (self.scopes, self.sub_inputs) = (scopes, sub_inputs);
        let plan = self.drop_raw(lowered?)?;
        let columns = input_columns(table, &plan);
        let batch = self.staging.collect(plan).await?;
        Ok(ArgValue::Table(batch, columns))
    }
}

fn is_declared(rel: &Rel) -> bool {
    matches!(&rel.op, kql::plan::RelOp::Evaluate { declared: true, .. })
}

/// The columns of an operator's rows: those it names that are there, then run-time ones.
pub(super) fn input_columns(rel: &Rel, plan: &LogicalPlan) -> Vec<ColumnRef> {
    let named = rel.columns.iter().filter(|c| has(plan, &name(c.id)));
    let mut columns: Vec<ColumnRef> = named
        .map(|c| ColumnRef {
            key: name(c.id),
            title: c.name.to_string(),
            ty: c.ty,
        })
        .collect();
    for key in names(plan) {
        if let Some((ty, title)) = parse_extra(&key) {
            let title = title.to_owned();
            columns.push(ColumnRef { key, title, ty });
        }
    }
    columns
}

/// What a plugin made, under the ids of the plan. A declared schema takes columns by name; so do columns that an open
/// result was found to need.
fn placed(wanted: &[Column], declared: bool, (made, rows): Output) -> Result<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(wanted.len());
    let mut used = vec![false; made.len()];
    for (place, column) in wanted.iter().enumerate() {
        let by_name = || made.iter().position(|m| column.name == m.title.as_str());
        let fits = |at: &usize| {
            made.get(*at)
                .is_some_and(|m| column.name == m.title.as_str())
        };
        let at = Some(place).filter(fits).or_else(by_name);
        let at = at.or(Some(place).filter(|at| !declared && *at < made.len()));
        if let Some(used) = at.and_then(|at| used.get_mut(at)) {
            *used = true;
        }
        let array = match at.and_then(|at| made.get(at)) {
            Some(made) => converted(made, column, rows)?,
            None => {
                let mut empty = ColumnBuilder::new(column.ty, rows);
                (0..rows).for_each(|_| empty.push(&Datum::Null));
                empty.finish()
            }
        };
        columns.push((name(column.id), array));
    }
    for (made, used) in made.into_iter().zip(used) {
        let key = super::extra_name(&made.title, made.ty);
        if !used && !declared && !columns.iter().any(|(known, _)| *known == key) {
            columns.push((key, made.array));
        }
    }
    named_batch(columns, rows)
}

fn converted(made: &Made, column: &Column, rows: usize) -> Result<ArrayRef> {
    if made.ty == column.ty || (made.ty.is_dynamic() && column.ty.is_dynamic()) {
        return Ok(ArrayRef::clone(&made.array));
    }
    let reader = Reader::new(made.ty, &made.array, false)?;
    let mut out = ColumnBuilder::new(column.ty, rows);
    (0..rows).for_each(|row| out.push(&convert::to_type(&reader.get(row), column.ty)));
    Ok(out.finish())
}
