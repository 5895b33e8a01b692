//! Query operators: the dispatcher and the ones that are short.

use super::rel;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Column, Expr, ExprKind, Rel, RelOp, Render, SortKey};
use crate::syntax::tree::{Expr as Syntax, Name, Op, OpKind, Order};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::scope::{Cx, Env, Value};

impl Binder<'_> {
    pub(super) fn operator(&mut self, mut rel: Rel, op: &Op, env: &Env) -> Rel {
        let span = op.span;
        match &op.kind {
            OpKind::Where(predicate) => {
                let predicate = self.over(&mut rel, env, |b, cx| b.condition(predicate, cx));
                Self::filter(rel, predicate, span)
            }
            OpKind::Extend(items) => self.extend(rel, items, span, env),
            OpKind::Project(items) => self.project(rel, items, span, env),
            OpKind::ProjectAway(items) => self.project_away(rel, items, span),
            OpKind::ProjectKeep(items) => self.project_keep(rel, items, span),
            OpKind::ProjectRename(items) => self.project_rename(rel, items, span),
            OpKind::ProjectReorder(items) => self.project_reorder(rel, items, span),
            OpKind::Summarize { aggregates, by } => self.summarize(rel, aggregates, by, span, env),
            OpKind::Sort(orders) => {
                let keys = self.over(&mut rel, env, |b, cx| b.sort_keys(orders, cx));
                rel::sorted(rel, span, |input| RelOp::Sort { input, keys })
            }
            OpKind::Top { count, by } => {
                let count = Box::new(self.count_argument(count, env));
                let keys = self.over(&mut rel, env, |b, cx| b.keys(by, cx));
                rel::sorted(rel, span, |input| RelOp::Top { input, count, keys })
            }
            OpKind::Take(count) => {
                let count = Box::new(self.count_argument(count, env));
                rel::passing(rel, span, |input| RelOp::Take { input, count })
            }
            OpKind::Sample(count) => {
                let count = Box::new(self.count_argument(count, env));
                rel::passing(rel, span, |input| RelOp::Sample { input, count })
            }
            OpKind::Serialize(items) => {
                let rel = rel::sorted(rel, span, |input| RelOp::Serialize { input });
                if items.is_empty() {
                    rel
                } else {
                    self.extended(rel, items, false, span, env)
                }
            }
            OpKind::Distinct(items) => self.distinct(rel, items, span, env),
            OpKind::Count(name) => {
                let column = self.column(
                    name.as_ref().map_or("Count", |name| name.text.as_str()),
                    Type::Long,
                );
                let op = RelOp::Count {
                    input: Box::new(rel),
                };
                rel::closed(op, vec![column], span)
            }
            OpKind::SampleDistinct { count, of } => self.sample_distinct(rel, count, of, span, env),
            OpKind::Join {
                options,
                right,
                on,
                lookup,
            } => self.join(rel, options, right, on, *lookup, span, env),
            OpKind::Union { options, inputs } => self.union(Some(rel), options, inputs, span, env),
            OpKind::MvExpand {
                options,
                items,
                limit,
            } => self.mv_expand(rel, options, items, limit.as_ref(), span, env),
            OpKind::MvApply {
                options,
                items,
                limit,
                body,
            } => self.mv_apply(rel, options, items, limit.as_ref(), body, span, env),
            OpKind::Parse {
                options,
                value,
                pieces,
                only_matches,
            } => self.parse(rel, options, value, pieces, *only_matches, span, env),
            OpKind::ParseKv {
                value,
                keys,
                options,
            } => self.parse_kv(rel, value, keys, options, span, env),
            OpKind::Search { predicate, .. } => self.search(Some(rel), &[], predicate, span, env),
            OpKind::Evaluate { call, schema } => {
                self.evaluate(Some(rel), call, schema.as_ref(), span, env)
            }
            OpKind::Invoke(call) => self.invoke(rel, call, env),
            OpKind::GetSchema => self.get_schema(rel, span),
            OpKind::MakeSeries {
                options,
                items,
                axis,
                from,
                to,
                step,
                by,
            } => self.make_series(
                rel,
                super::union::option(options, &["kind"]).is_some(),
                items,
                axis,
                [from.as_ref(), to.as_ref()],
                step,
                by,
                span,
                env,
            ),
            OpKind::TopNested(levels) => self.top_nested(rel, levels, span, env),
            OpKind::TopHitters { count, of, by } => {
                self.top_hitters(rel, count, of, by.as_ref(), span, env)
            }
            OpKind::Partition { by, body, .. } => self.partition(rel, by, body, span, env),
            OpKind::PartitionQuery { by, query } => self.partition_query(rel, by, query, span, env),
            OpKind::Reduce {
                by,
                source,
                options,
            } => self.reduce(rel, by, (*source, options), span, env),
            OpKind::Scan {
                partition,
                order,
                declare,
                match_id,
                steps,
            } => self.scan(
                rel,
                (partition, order),
                declare,
                match_id.as_ref(),
                steps,
                span,
                env,
            ),
            OpKind::Fork(branches) => self.fork(&rel, branches, env),
            OpKind::Facet { by, body } => self.facet(rel, by, body, span, env),
            OpKind::ProjectByNames(items) => self.project_by_names(rel, items, span, env),
            OpKind::MakeGraph(graph) => self.make_graph(rel, graph, span, env),
            OpKind::GraphMatch(graph) => self.graph_match(rel, graph, span, env),
            OpKind::GraphToTable(outputs) => self.graph_to_table(rel, outputs, span),
            OpKind::GraphMarkComponents(options) => self.graph_mark_components(rel, options, span),
            OpKind::GraphWhere(edges, predicate) => {
                self.graph_where(rel, *edges, predicate, span, env)
            }
            OpKind::AssertSchema(columns) => self.assert_schema(rel, columns, span),
            OpKind::Render { kind, properties } => {
                self.render = Some(Render {
                    kind: kind.text.clone(),
                    properties: properties.clone(),
                });
                rel
            }
            OpKind::Consume | OpKind::As(_) => rel,
            OpKind::Error => rel,
            OpKind::Find { .. } => {
                self.report(
                    Diagnostic::warning(
                        Code::Suspicious,
                        span,
                        "`find` looks in the tables it names; the rows before it are dropped",
                    )
                    .hint("start the query with `find`"),
                );
                self.source(op, env)
            }
            OpKind::Print(_)
            | OpKind::Range { .. }
            | OpKind::Datatable { .. }
            | OpKind::ExternalData { .. }
            | OpKind::MacroExpand(_) => {
                self.error(
                    Code::UnknownOperator,
                    span,
                    "this operator starts a query; it takes no input",
                );
                rel
            }
        }
    }

    /// The predicate of `where`. `where a = true` names the predicate as far as the language goes; a comparison is meant.
    fn condition(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Expr {
        use crate::plan::Operator;
        use crate::syntax::tree::ExprKind as S;
        let S::Named { names, value } = &syntax.kind else {
            self.lint_condition(syntax);
            return self.predicate(syntax, cx);
        };
        let predicate = self.predicate(value, cx);
        let name = names.first();
        let column = name.and_then(|name| {
            let mut columns = cx.row.columns.iter();
            columns.find(|column| column.name == name.text)
        });
        let (Some(name), Some(column)) = (name, column) else {
            return predicate;
        };
        self.report(
            Diagnostic::warning(
                Code::Suspicious,
                syntax.span,
                "a single `=` is no comparison; it is read as `==` here",
            )
            .hint("write `==`"),
        );
        let column = Self::pass(column, name.span).1;
        self.apply(Operator::Equal, syntax.span, column, predicate, syntax.span)
    }

    pub(super) fn filter(rel: Rel, predicate: Expr, span: Span) -> Rel {
        rel::passing(rel, span, |input| RelOp::Filter { input, predicate })
    }

    /// The constant count of `take`, `top`, ...
    pub(super) fn count_argument(&mut self, syntax: &Syntax, env: &Env) -> Expr {
        let expr = self.scalar(syntax, &Cx::top(env));
        if !expr.ty.is_integer() && expr.ty != Type::Unknown {
            self.error(
                Code::TypeMismatch,
                syntax.span,
                format!("expected an integer, found a `{}`", expr.ty),
            );
        }
        cast(expr, Type::Long)
    }

    pub(super) fn sort_keys(&mut self, orders: &[Order], cx: &Cx<'_>) -> Vec<SortKey> {
        let keys = self.keys(orders, cx);
        for (key, order) in keys.iter().zip(orders) {
            if key.expr.ty == Type::Dynamic {
                self.error(
                    Code::TypeMismatch,
                    order.expr.span,
                    "a `dynamic` has no order; convert it, as with `tostring()`",
                );
            }
        }
        keys
    }

    /// Keys of any type: `top` takes a dynamic, too.
    fn keys(&mut self, orders: &[Order], cx: &Cx<'_>) -> Vec<SortKey> {
        let mut keys = Vec::with_capacity(orders.len());
        for order in orders {
            let (_, value) = super::project::split(&order.expr);
            let expr = self.scalar(value, cx);
            let descending = order.descending.unwrap_or(true);
            keys.push(SortKey {
                expr,
                descending,
                nulls_first: order.nulls_first.unwrap_or(!descending),
            });
        }
        keys
    }

    fn sample_distinct(
        &mut self,
        mut rel: Rel,
        count: &Syntax,
        of: &Syntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let count = Box::new(self.count_argument(count, env));
        let (given, value) = super::project::split(of);
        let value = self.over(&mut rel, env, |b, cx| b.scalar(value, cx));
        if value.ty == Type::Dynamic {
            self.error(
                Code::TypeMismatch,
                of.span,
                "a `dynamic` has no distinct values; convert it, as with `tostring()`",
            );
        }
        let name = given
            .first()
            .map(|name| name.text.clone())
            .or_else(|| super::names::of(of));
        let column = self.column(name.unwrap_or_else(|| "Column1".to_owned()), value.ty);
        let op = RelOp::SampleDistinct {
            input: Box::new(rel),
            count,
            item: (column.id, value),
        };
        rel::closed(op, vec![column], span)
    }

    fn invoke(&mut self, rel: Rel, call: &Syntax, env: &Env) -> Rel {
        use crate::syntax::tree::ExprKind as S;
        let S::Call {
            receiver: None,
            name,
            args,
        } = &call.kind
        else {
            self.error(
                Code::UnknownFunction,
                call.span,
                "`invoke` needs a function call",
            );
            return rel;
        };
        // The input becomes the first argument, under a name no query can write.
        let span = rel.span;
        let inner = env.with("|", super::scope::Binding::Table(std::rc::Rc::new(rel)));
        let mut all = vec![std::rc::Rc::new(Syntax {
            kind: S::Name("|".to_owned()),
            span,
        })];
        all.extend(args.iter().cloned());
        match self.call(None, name, &all, call.span, &Cx::top(&inner)) {
            Value::Table(rel) => rel,
            Value::Scalar(_) | Value::Function => Self::error_rel(call.span),
        }
    }

    fn get_schema(&mut self, rel: Rel, span: Span) -> Rel {
        let columns = vec![
            self.column("ColumnName", Type::String),
            self.column("ColumnOrdinal", Type::Long),
            self.column("DataType", Type::String),
            self.column("ColumnType", Type::String),
        ];
        rel::ordered(
            RelOp::GetSchema {
                input: Box::new(rel),
            },
            columns,
            span,
        )
    }

    fn fork(&mut self, rel: &Rel, branches: &[(Option<Name>, Vec<Op>)], env: &Env) -> Rel {
        let mut results = Vec::new();
        for (_, ops) in branches {
            let copy = self.instance(rel);
            results.push(self.pipeline(copy, ops, env));
        }
        let first = if results.is_empty() {
            Self::error_rel(rel.span)
        } else {
            results.remove(0)
        };
        self.side_results.append(&mut results);
        first
    }

    fn assert_schema(&mut self, rel: Rel, columns: &[(Name, Type)], span: Span) -> Rel {
        let same = rel.columns.len() == columns.len()
            && rel
                .columns
                .iter()
                .zip(columns)
                .all(|(a, (name, ty))| a.name == name.text && a.ty == *ty);
        if !same && !rel.open {
            self.error(
                Code::TypeMismatch,
                span,
                "the table does not have this schema",
            );
        }
        rel
    }

    /// An expression that passes a column on.
    pub(super) fn pass(column: &Column, span: Span) -> (crate::plan::ColumnId, Expr) {
        (
            column.id,
            Expr {
                kind: ExprKind::Column(column.id),
                ty: column.ty,
                span,
            },
        )
    }
}
