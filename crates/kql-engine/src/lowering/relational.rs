//! The operators, and the parts that have to be computed before one can be lowered.

use datafusion::functions_aggregate::expr_fn::count;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{
    Expr as DfExpr, ExprFunctionExt as _, LogicalPlan, LogicalPlanBuilder,
};
use datafusion::scalar::ScalarValue;
use futures::future::BoxFuture;
use kql::plan::{ColumnId, Expr, ExprKind, Rel, RelOp, SortKey};
use kql::types::Type;

use super::expression::{kernel, lit};
use super::predicate::raw_column;
use super::{Lowering, build, column, has, key, name, names, parse_extra, projection, raw_name};
use crate::error::{EngineError, Result};

/// Most elements an `in (subquery)` may have, as in Kusto.
const IN_ELEMENTS_MAX: usize = 1_000_000;

/// Parts of an expression, written out down to stored columns, from which on it is computed where it stands.
const WRITTEN_OUT_MAX: usize = 2_000;

impl<'q> Lowering<'q> {
    /// Lowers an operator with everything below it.
    pub(super) fn lower<'s>(&'s mut self, rel: &'q Rel) -> BoxFuture<'s, Result<LogicalPlan>>
    where
        'q: 's,
    {
        match &rel.op {
            RelOp::Filter { .. } | RelOp::Project { .. } => Box::pin(self.lower_rows(rel)),
            _ => Box::pin(self.lower_operator(rel)),
        }
    }

    /// Filters and projections. Queries nest hundreds of them, and each level holds the state of its function on the
    /// stack: this one's is small.
    async fn lower_rows(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        self.subqueries(rel).await?;
        match &rel.op {
            RelOp::Filter { input, predicate } => {
                let plan = self.window_input(rel, input).await?;
                let predicate = self.predicate(predicate, &plan)?;
                build(LogicalPlanBuilder::from(plan).filter(predicate)?)
            }
            RelOp::Project { input, items } => {
                let plan = self.window_input(rel, input).await?;
                self.project(plan, items, rel.open)
            }
            _ => Err(EngineError::Internal(
                "neither filter nor projection".into(),
            )),
        }
    }

    /// [`Lowering::compute_subqueries`], made apart from who waits for it.
    fn subqueries<'s>(&'s mut self, rel: &'q Rel) -> BoxFuture<'s, Result<()>>
    where
        'q: 's,
    {
        Box::pin(self.compute_subqueries(rel))
    }

    async fn lower_operator(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        self.subqueries(rel).await?;
        match &rel.op {
            RelOp::Table { .. }
            | RelOp::MissingTable { .. }
            | RelOp::Watchlist { .. }
            | RelOp::ExternalData { .. }
            | RelOp::Values { .. }
            | RelOp::Print { .. }
            | RelOp::Range { .. } => self.source(rel).await,
            RelOp::Filter { .. } | RelOp::Project { .. } => self.lower(rel).await,
            RelOp::Summarize {
                input,
                keys,
                aggregates,
            } => self.summarize(input, keys, aggregates).await,
            RelOp::Sort { input, keys } => {
                let plan = self.lower(input).await?;
                let sorts = self.sorts(keys, &plan)?;
                build(LogicalPlanBuilder::from(plan).sort(sorts)?)
            }
            RelOp::Take { input, count } => self.take(input, count).await,
            RelOp::Sample { input, count } => {
                let plan = self.lower(input).await?;
                let n = self.count(count)?;
                self.limit_per_scope(plan, n, Vec::new())
            }
            RelOp::Top { input, count, keys } => {
                let plan = self.lower(input).await?;
                let n = self.count(count)?;
                let sorts = self.sorts(keys, &plan)?;
                self.top(plan, n, sorts)
            }
            RelOp::Distinct { input, items } => {
                let plan = self.lower(input).await?;
                let mut plan = self.project_only(plan, items, false)?;
                if rel.open {
                    plan = self.drop_raw(plan)?;
                }
                build(LogicalPlanBuilder::from(plan).distinct()?)
            }
            RelOp::SampleDistinct { input, count, item } => {
                let plan = self.lower(input).await?;
                let n = self.count(count)?;
                let plan = self.project_only(plan, std::slice::from_ref(item), false)?;
                let plan = build(LogicalPlanBuilder::from(plan).distinct()?)?;
                self.limit_per_scope(plan, n, Vec::new())
            }
            RelOp::Count { input } => {
                let plan = self.lower(input).await?;
                let out = rel.columns.first().map(|c| name(c.id)).unwrap_or_default();
                let groups = self.scope_columns(&plan);
                let counted = count(lit(ScalarValue::Int64(Some(1)))).alias(out.clone());
                let plan = build(LogicalPlanBuilder::from(plan).aggregate(groups, [counted])?)?;
                self.counted_runs(plan, &out)
            }
            RelOp::Join {
                kind,
                left,
                right,
                on,
            } => self.join(rel, *kind, left, right, on).await,
            RelOp::Union { inputs, source } => self.union(rel, inputs, *source).await,
            RelOp::MvExpand {
                input,
                items,
                index,
                limit,
                bag,
            } => {
                let plan = self.lower(input).await?;
                self.mv_expand(plan, items, *index, limit.as_deref(), *bag, true)
            }
            RelOp::MvApply { .. } => self.mv_apply(rel).await,
            RelOp::Partition {
                input,
                key,
                subquery,
            } => self.partition(input, *key, subquery).await,
            RelOp::SubInput => match self.sub_inputs.last() {
                Some(plan) => Ok(plan.clone()),
                None => Err(EngineError::Internal("a subquery has no input".into())),
            },
            RelOp::Parse { .. } | RelOp::ParseKv { .. } => self.parse(rel).await,
            RelOp::Materialized { index, columns } => self.materialized(*index, columns).await,
            RelOp::Serialize { input } => Box::pin(self.lower_in_order(input)).await,
            RelOp::MakeSeries { .. } => self.make_series(rel).await,
            RelOp::GetSchema { input } => self.get_schema(rel, input).await,
            RelOp::Evaluate { .. } => self.evaluate(rel).await,
            RelOp::TopNested { input, levels } => self.top_nested(rel, input, levels).await,
            RelOp::Scan(scan) => self.scan(rel, scan).await,
            RelOp::Graph(graph) => self.graph(rel, graph).await,
            RelOp::Error => Err(EngineError::Internal("the plan holds an error".into())),
        }
    }

    /// Runs the `toscalar` and `in (subquery)` parts of an operator's expressions.
    pub(super) async fn compute_subqueries(&mut self, rel: &'q Rel) -> Result<()> {
        let mut scalars: Vec<&'q Rel> = Vec::new();
        let mut sets: Vec<(&'q Rel, Type)> = Vec::new();
        for expr in rel.expressions() {
            expr.each(&mut |part| match &part.kind {
                ExprKind::ToScalar(input) => scalars.push(input),
                ExprKind::InSubquery { input, value, .. } => sets.push((input, value.ty)),
                _ => {}
            });
        }
        for input in scalars {
            let values = self.first_column(input, None, Some(1)).await?;
            let ty = input.columns.first().map_or(Type::Dynamic, |c| c.ty);
            let value = values
                .into_iter()
                .next()
                .unwrap_or_else(|| super::missing_value(ty));
            self.scalars.insert(key(input), value);
        }
        for (input, ty) in sets {
            let values = self.first_column(input, Some(ty), None).await?;
            self.sets.insert(key(input), values);
        }
        Ok(())
    }

    /// The values of a sub-plan's first column, converted to `ty` where one is wanted.
    async fn first_column(
        &mut self,
        rel: &'q Rel,
        ty: Option<Type>,
        limit: Option<usize>,
    ) -> Result<Vec<ScalarValue>> {
        // A subquery sees no outer row.
        let (scopes, sub_inputs) = (
            std::mem::take(&mut self.scopes),
            std::mem::take(&mut self.sub_inputs),
        );
        let lowered = self.lower(rel).await;
        (self.scopes, self.sub_inputs) = (scopes, sub_inputs);
        let plan = lowered?;
        let Some(first) = rel.columns.first() else {
            return Ok(Vec::new());
        };
        let mut value = column(name(first.id));
        let want = ty.unwrap_or(first.ty);
        let mut builder = LogicalPlanBuilder::from(plan);
        // An array of a dynamic column stands for its elements.
        if want != first.ty && !(want.is_dynamic() && first.ty.is_dynamic()) {
            value = kernel("op:cast", vec![(first.ty, value)], want, rel.span)?;
        }
        builder = builder.project([value.alias("value")])?;
        if let Some(limit) = limit {
            builder = builder.limit(0, Some(limit))?;
        } else {
            builder = builder.distinct()?.limit(0, Some(IN_ELEMENTS_MAX + 1))?;
        }
        let batch = self.staging.collect(build(builder)?).await?;
        if batch.num_rows() > IN_ELEMENTS_MAX {
            let what = format!("a list of `in` has more than {IN_ELEMENTS_MAX} elements");
            return Err(EngineError::BadArgument {
                what,
                span: rel.span,
            });
        }
        let array = batch.column(0);
        (0..batch.num_rows())
            .map(|row| Ok(ScalarValue::try_from_array(array, row)?))
            .collect()
    }

    /// Projects to items, carrying scope columns, stored forms of passed columns and, if open, run-time columns.
    pub(super) fn project(
        &self,
        plan: LogicalPlan,
        items: &[(ColumnId, Expr)],
        open: bool,
    ) -> Result<LogicalPlan> {
        let plan_names = names(&plan);
        let mut exprs = self.project_exprs(&plan, items, true)?;
        exprs.extend(has(&plan, super::INGESTED).then(|| column(super::INGESTED)));
        if open {
            exprs.extend(
                plan_names
                    .iter()
                    .filter(|n| parse_extra(n).is_some())
                    .map(|n| column(n.clone())),
            );
        }
        projection::project(plan, exprs)
    }

    fn project_only(
        &self,
        plan: LogicalPlan,
        items: &[(ColumnId, Expr)],
        raw: bool,
    ) -> Result<LogicalPlan> {
        let exprs = self.project_exprs(&plan, items, raw)?;
        projection::project(plan, exprs)
    }

    fn project_exprs(
        &self,
        plan: &LogicalPlan,
        items: &[(ColumnId, Expr)],
        raw: bool,
    ) -> Result<Vec<DfExpr>> {
        let mut exprs = self.scope_columns(plan);
        let mut done = std::collections::HashSet::new();
        for (id, expr) in items {
            if !done.insert(*id) {
                continue;
            }
            if let ExprKind::Column(from) = &expr.kind {
                if !has(plan, &name(*from)) && !self.parameters.contains_key(from) {
                    continue;
                }
                if raw && has(plan, &raw_name(*from)) {
                    exprs.push(column(raw_name(*from)).alias(raw_name(*id)));
                }
            }
            exprs.push(self.fenced(*id, expr)?.alias(name(*id)));
        }
        Ok(exprs)
    }

    /// An item's value. Where writing out the columns it reads would make it very large, nothing is moved through it.
    fn fenced(&self, id: ColumnId, expr: &Expr) -> Result<DfExpr> {
        let value = self.expr(expr)?;
        let Ok(mut sizes) = self.sizes.lock() else {
            return Ok(value);
        };
        let mut size = 0usize;
        expr.each(&mut |part| {
            let of = match &part.kind {
                ExprKind::Column(id) => sizes.get(id).copied().unwrap_or(1),
                _ => 1,
            };
            size = size.saturating_add(of);
        });
        if size <= WRITTEN_OUT_MAX || matches!(expr.kind, ExprKind::Column(_)) {
            sizes.insert(id, size);
            return Ok(value);
        }
        sizes.insert(id, 1);
        kernel("op:fence", vec![(expr.ty, value)], expr.ty, expr.span)
    }

    /// Only the columns that stand for values, not their stored forms.
    pub(super) fn drop_raw(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let kept: Vec<DfExpr> = names(&plan)
            .into_iter()
            .filter(|n| !n.starts_with('r'))
            .map(column)
            .collect();
        build(LogicalPlanBuilder::from(plan).project(kept)?)
    }

    /// Sort expressions, by the stored form where there is one.
    pub(super) fn sorts(&self, keys: &[SortKey], plan: &LogicalPlan) -> Result<Vec<Sort>> {
        let mut sorts: Vec<Sort> = self
            .scope_columns(plan)
            .into_iter()
            .map(|s| s.sort(true, false))
            .collect();
        for sort_key in keys {
            let value = match &sort_key.expr.kind {
                ExprKind::Column(id) if sort_key.expr.ty == Type::DateTime => {
                    raw_column(*id, plan).map(|(raw, _)| raw)
                }
                _ => None,
            };
            let value = match value {
                Some(raw) => raw,
                None => self.expr(&sort_key.expr)?,
            };
            sorts.push(value.sort(!sort_key.descending, sort_key.nulls_first));
        }
        Ok(sorts)
    }

    async fn take(&mut self, input: &'q Rel, count: &Expr) -> Result<LogicalPlan> {
        let plan = self.lower(input).await?;
        let n = self.count(count)?;
        let sorts = match (&input.op, self.scopes.is_empty()) {
            (RelOp::Sort { keys, .. }, false) => self.sorts(keys, &plan)?,
            _ => Vec::new(),
        };
        self.limit_per_scope(plan, n, sorts)
    }

    fn top(&mut self, plan: LogicalPlan, n: usize, sorts: Vec<Sort>) -> Result<LogicalPlan> {
        if self.scope_columns(&plan).is_empty() {
            return build(
                LogicalPlanBuilder::from(plan)
                    .sort(sorts)?
                    .limit(0, Some(n))?,
            );
        }
        self.limit_per_scope(plan, n, sorts)
    }

    /// The first `n` rows; inside of a subquery that is run per row or key, the first `n` of each run.
    fn limit_per_scope(
        &mut self,
        plan: LogicalPlan,
        n: usize,
        sorts: Vec<Sort>,
    ) -> Result<LogicalPlan> {
        let scopes = self.scope_columns(&plan);
        if scopes.is_empty() {
            return build(LogicalPlanBuilder::from(plan).limit(0, Some(n))?);
        }
        let kept: Vec<DfExpr> = names(&plan).into_iter().map(column).collect();
        let number = self.fresh("n");
        let ranked = row_number().partition_by(scopes);
        // An empty order asks for a frame over its first column.
        let ranked = if sorts.is_empty() {
            ranked.build()?
        } else {
            ranked.order_by(sorts.clone()).build()?
        };
        let ranked = ranked.alias(number.clone());
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        let mut builder = LogicalPlanBuilder::from(plan)
            .window([ranked])?
            .filter(column(number).lt_eq(lit(ScalarValue::UInt64(Some(n)))))?
            .project(kept)?;
        if !sorts.is_empty() {
            builder = builder.sort(sorts)?;
        }
        build(builder)
    }

    async fn materialized(
        &mut self,
        index: usize,
        columns: &[(ColumnId, ColumnId)],
    ) -> Result<LogicalPlan> {
        if !self.materialized.contains_key(&index) {
            let body = self
                .query
                .materialized
                .get(index)
                .ok_or_else(|| EngineError::Internal("no such materialize()".into()))?;
            let (scopes, sub_inputs) = (
                std::mem::take(&mut self.scopes),
                std::mem::take(&mut self.sub_inputs),
            );
            let lowered = self.lower(body).await;
            (self.scopes, self.sub_inputs) = (scopes, sub_inputs);
            let staged = self.stage(lowered?).await?;
            self.materialized.insert(index, staged);
        }
        let plan = self
            .materialized
            .get(&index)
            .cloned()
            .ok_or_else(|| EngineError::Internal("no such materialize()".into()))?;
        let mut exprs = Vec::new();
        for (out, inner) in columns {
            if has(&plan, &name(*inner)) {
                exprs.push(column(name(*inner)).alias(name(*out)));
            }
            if has(&plan, &raw_name(*inner)) {
                exprs.push(column(raw_name(*inner)).alias(raw_name(*out)));
            }
        }
        exprs.extend(
            names(&plan)
                .into_iter()
                .filter(|n| parse_extra(n).is_some())
                .map(column),
        );
        build(LogicalPlanBuilder::from(plan).project(exprs)?)
    }
}
