//! Query operators: the dispatcher and the ones that are short.

use crate::diagnostic::Code;
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
                let predicate = self.over(&mut rel, env, |b, cx| b.predicate(predicate, cx));
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
                let (columns, open) = (rel.columns.clone(), rel.open);
                Rel {
                    op: RelOp::Sort {
                        input: Box::new(rel),
                        keys,
                    },
                    columns,
                    open,
                    serialized: true,
                    span,
                }
            }
            OpKind::Top { count, by } => {
                let count = Box::new(self.count_argument(count, env));
                let keys = self.over(&mut rel, env, |b, cx| b.sort_keys(by, cx));
                let (columns, open) = (rel.columns.clone(), rel.open);
                Rel {
                    op: RelOp::Top {
                        input: Box::new(rel),
                        count,
                        keys,
                    },
                    columns,
                    open,
                    serialized: true,
                    span,
                }
            }
            OpKind::Take(count) => {
                let count = Box::new(self.count_argument(count, env));
                self.same_columns(rel, span, |input| RelOp::Take { input, count })
            }
            OpKind::Sample(count) => {
                let count = Box::new(self.count_argument(count, env));
                self.same_columns(rel, span, |input| RelOp::Sample { input, count })
            }
            OpKind::Serialize(items) => {
                let mut rel = self.same_columns(rel, span, |input| RelOp::Serialize { input });
                rel.serialized = true;
                if items.is_empty() {
                    rel
                } else {
                    self.extend(rel, items, span, env)
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
                Rel {
                    op,
                    columns: vec![column],
                    open: false,
                    serialized: false,
                    span,
                }
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
                items,
                axis,
                from,
                to,
                step,
                by,
            } => self.make_series(
                rel,
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
            OpKind::Reduce { by } => self.reduce(rel, by, span, env),
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
            OpKind::Facet { body, .. } => {
                let copy = self.instance(&rel);
                let extra = self.pipeline(copy, body, env);
                self.side_results.push(extra);
                rel
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
            OpKind::Opaque(name) => {
                self.error(
                    Code::Unsupported,
                    span,
                    format!("`{name}` isn't supported yet"),
                );
                Self::error_rel(span)
            }
            OpKind::Error => rel,
            OpKind::Print(_)
            | OpKind::Range { .. }
            | OpKind::Datatable { .. }
            | OpKind::ExternalData { .. }
            | OpKind::Find { .. } => {
                self.error(
                    Code::UnknownOperator,
                    span,
                    "this operator starts a query; it takes no input",
                );
                rel
            }
        }
    }

    pub(super) fn filter(rel: Rel, predicate: Expr, span: Span) -> Rel {
        let (columns, open, serialized) = (rel.columns.clone(), rel.open, rel.serialized);
        Rel {
            op: RelOp::Filter {
                input: Box::new(rel),
                predicate,
            },
            columns,
            open,
            serialized,
            span,
        }
    }

    fn same_columns(&mut self, rel: Rel, span: Span, op: impl FnOnce(Box<Rel>) -> RelOp) -> Rel {
        let (columns, open, serialized) = (rel.columns.clone(), rel.open, rel.serialized);
        Rel {
            op: op(Box::new(rel)),
            columns,
            open,
            serialized,
            span,
        }
    }

    /// The constant count of `take`, `top`, ...
    pub(super) fn count_argument(&mut self, syntax: &Syntax, env: &Env) -> Expr {
        let expr = self.scalar(syntax, &Cx::top(env));
        if !expr.ty.is_numeric() && !expr.ty.is_dynamic() {
            self.error(
                Code::TypeMismatch,
                syntax.span,
                format!("expected a number, found a `{}`", expr.ty),
            );
        }
        cast(expr, Type::Long)
    }

    pub(super) fn sort_keys(&mut self, orders: &[Order], cx: &Cx<'_>) -> Vec<SortKey> {
        let mut keys = Vec::with_capacity(orders.len());
        for order in orders {
            let (_, value) = super::project::split(&order.expr);
            let expr = self.scalar(value, cx);
            if expr.ty == Type::Dynamic {
                self.error(
                    Code::TypeMismatch,
                    order.expr.span,
                    "a `dynamic` has no order; convert it, as with `tostring()`",
                );
            }
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
        Rel {
            op,
            columns: vec![column],
            open: false,
            serialized: false,
            span,
        }
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
        Rel {
            op: RelOp::GetSchema {
                input: Box::new(rel),
            },
            columns,
            open: false,
            serialized: true,
            span,
        }
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
