//! `make-series`, `top-nested`, `top-hitters`, `partition`, `reduce`.

use super::rel;
use crate::diagnostic::Code;
use crate::functions;
use crate::plan::{
    Aggregate, Column, ColumnName, Expr, ExprKind, Literal, PluginArg, Rel, RelOp, SeriesAggregate,
    SortKey, TopNestedLevel,
};
use crate::syntax::tree::{
    Constant, Expr as Syntax, ExprKind as S, Level, Op, Option_, SeriesItem,
};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::names::{self, Names};
use super::project::split;
use super::scope::{Cx, Env};

impl Binder<'_> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn make_series(
        &mut self,
        mut rel: Rel,
        nonempty: bool,
        items: &[SeriesItem],
        axis: &Syntax,
        bounds: [Option<&Syntax>; 2],
        step: &Syntax,
        by: &[Syntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        let (keys, axis_name, axis, aggregates) = self.over(&mut rel, env, |b, cx| {
            let mut names = Names::default();
            let keys = b.keys_of_any_type(by, &mut names, cx);
            let mut aggregates = Vec::new();
            for item in items {
                let (given, syntax) = split(&item.expr);
                let default = item.default.as_ref().map(|default| b.scalar(default, cx));
                let mut inner = Vec::new();
                let Some((mut call, own)) = b.series_aggregate(syntax, cx, &mut inner) else {
                    continue;
                };
                let name = match given.first() {
                    Some(name) => {
                        names.explicit(&name.text);
                        ColumnName::from(&name.text)
                    }
                    None if own.is_empty() => names.computed(syntax, cx.row.columns),
                    None => names.implicit(&own),
                };
                if let Some(output) = call.outputs.first_mut() {
                    output.name = name;
                }
                call.outputs.truncate(1);
                let zero = Expr {
                    kind: ExprKind::Literal(Literal::Long(0)),
                    ty: Type::Long,
                    span: syntax.span,
                };
                aggregates.push(SeriesAggregate {
                    aggregate: call,
                    inner,
                    default: default.unwrap_or(zero),
                });
            }
            let (given, syntax) = split(axis);
            let axis = b.scalar(syntax, cx);
            let name = given
                .first()
                .map(|name| name.text.clone())
                .or_else(|| names::of(syntax));
            (
                keys,
                names.implicit(name.unwrap_or_else(|| "Column1".to_owned())),
                axis,
                aggregates,
            )
        });
        let ty = axis.ty;
        if !(ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan | Type::Unknown)) {
            self.error(
                Code::TypeMismatch,
                axis.span,
                format!("an axis is a number, `datetime` or `timespan`, not a `{ty}`"),
            );
        }
        let cx = Cx::top(env);
        let [from, to] = bounds.map(|bound| {
            bound.map(|bound| {
                let value = self.scalar(bound, &cx);
                Box::new(if ty == Type::Unknown {
                    value
                } else {
                    cast(value, ty)
                })
            })
        });
        let step = self.scalar(step, &cx);
        let axis_column = self.column(axis_name, Type::Dynamic);
        let mut columns: Vec<Column> = keys.iter().map(|(column, _)| column.clone()).collect();
        let outputs = aggregates
            .iter()
            .flat_map(|series| &series.aggregate.outputs);
        columns.extend(outputs.map(|output| Column {
            ty: Type::Dynamic,
            ..output.clone()
        }));
        columns.push(axis_column.clone());
        let op = RelOp::MakeSeries {
            input: Box::new(rel),
            aggregates,
            axis: Box::new(axis),
            axis_column: axis_column.id,
            from,
            to,
            step: Box::new(step),
            keys: keys
                .into_iter()
                .map(|(column, value)| (column.id, value))
                .collect(),
            nonempty,
        };
        rel::closed(op, columns, span)
    }

    /// An aggregate with its name, or an expression around some, which are put into `inner`.
    fn aggregate_or_expression(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
        inner: &mut Vec<Aggregate>,
    ) -> Option<(Aggregate, ColumnName)> {
        let call = matches!(&syntax.kind, S::Call { name, .. } if functions::aggregate(&name.text).is_some());
        if call || !contains_aggregate(syntax) {
            return self.single_aggregate(syntax, cx);
        }
        let (value, found) = self.with_aggregates(syntax, cx);
        *inner = found;
        Some(self.taking_any(value, syntax))
    }

    /// An aggregate, or a constant, which is the same in every bin.
    fn series_aggregate(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
        inner: &mut Vec<Aggregate>,
    ) -> Option<(Aggregate, ColumnName)> {
        if matches!(syntax.kind, S::Call { .. }) || contains_aggregate(syntax) {
            return self.aggregate_or_expression(syntax, cx, inner);
        }
        // What is being typed here will be an aggregate.
        if self.asked_about(syntax.span) {
            return None;
        }
        let value = self.scalar(syntax, &Cx::top(cx.env));
        Some(self.taking_any(value, syntax))
    }

    /// A value that is the same in all rows of a group, as an aggregate.
    fn taking_any(&mut self, value: Expr, syntax: &Syntax) -> (Aggregate, ColumnName) {
        let output = self.column(String::new(), value.ty);
        let aggregate = Aggregate {
            function: "take_any",
            args: vec![value],
            outputs: vec![output],
        };
        (aggregate, names::of(syntax).unwrap_or_default().into())
    }

    pub(super) fn top_nested(
        &mut self,
        mut rel: Rel,
        levels: &[Level],
        span: Span,
        env: &Env,
    ) -> Rel {
        let mut names = Names::default();
        let mut columns = Vec::new();
        let mut plan = Vec::new();
        for level in levels {
            let mut inner = Vec::new();
            let count = level
                .count
                .as_ref()
                .map(|count| self.count_argument(count, env));
            let others = level
                .others
                .as_ref()
                .map(|others| self.scalar(others, &Cx::top(env)));
            let (given, of) = split(&level.of);
            let (rank_given, by) = split(&level.by);
            let (value, call) = self.over(&mut rel, env, |b, cx| {
                let call = b.aggregate_or_expression(by, cx, &mut inner);
                (b.scalar(of, cx), call)
            });
            let own = given
                .first()
                .map(|name| name.text.clone())
                .or_else(|| names::of(of));
            let name = names.implicit(own.unwrap_or_else(|| "Column1".to_owned()));
            let Some((mut aggregate, _)) = call else {
                continue;
            };
            let rank = match rank_given.first() {
                Some(given) => names.implicit(&given.text),
                None => names.implicit(format!("aggregated_{name}")),
            };
            aggregate.outputs.truncate(1);
            let column = self.column(name, value.ty);
            columns.push(column.clone());
            if let Some(output) = aggregate.outputs.first_mut() {
                output.name = rank;
                columns.push(output.clone());
            }
            plan.push(TopNestedLevel {
                count,
                value: (column.id, value),
                others,
                aggregate,
                inner,
                descending: level.descending,
            });
        }
        rel::closed(
            RelOp::TopNested {
                input: Box::new(rel),
                levels: plan,
            },
            columns,
            span,
        )
    }

    /// `top-hitters n of x by y`: the exact answer, by `summarize` and `top`.
    pub(super) fn top_hitters(
        &mut self,
        mut rel: Rel,
        count: &Syntax,
        of: &Syntax,
        by: Option<&Syntax>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let count = Box::new(self.count_argument(count, env));
        let (given, syntax) = split(of);
        let (value, weight) = self.over(&mut rel, env, |b, cx| {
            (
                b.scalar(syntax, cx),
                by.map(|by| (b.scalar(by, cx), names::of(by))),
            )
        });
        let own = given
            .first()
            .map(|name| name.text.clone())
            .or_else(|| names::of(syntax));
        let key = self.column(own.unwrap_or_else(|| "Column1".to_owned()), value.ty);
        let (function, args, name, ty) = match weight {
            Some((weight, name)) => {
                let ty = weight.ty;
                (
                    "sum",
                    vec![weight],
                    format!("approximate_sum_{}", name.unwrap_or_default()),
                    ty,
                )
            }
            None => (
                "count",
                Vec::new(),
                format!("approximate_count_{}", key.name),
                Type::Long,
            ),
        };
        let function = functions::aggregate(function).map_or("count", |known| known.function.name);
        let output = self.column(name, ty);
        let columns = vec![key.clone(), output.clone()];
        let aggregates = vec![Aggregate {
            function,
            args,
            outputs: vec![output.clone()],
        }];
        let op = RelOp::Summarize {
            input: Box::new(rel),
            keys: vec![(key.id, value)],
            aggregates,
        };
        let inner = rel::closed(op, columns.clone(), span);
        let keys = vec![SortKey {
            expr: Self::pass(&output, span).1,
            descending: true,
            nulls_first: false,
        }];
        rel::ordered(
            RelOp::Top {
                input: Box::new(inner),
                count,
                keys,
            },
            columns,
            span,
        )
    }

    pub(super) fn partition(
        &mut self,
        mut rel: Rel,
        by: &Syntax,
        body: &[Op],
        span: Span,
        env: &Env,
    ) -> Rel {
        let key = self.over(&mut rel, env, |b, cx| b.scalar(by, cx));
        let ExprKind::Column(key) = key.kind else {
            self.error(Code::Expected, by.span, "`partition` needs a column");
            return rel;
        };
        let leaf = Rel {
            op: RelOp::SubInput,
            columns: rel.columns.clone(),
            open: rel.open,
            serialized: rel.serialized,
            span,
        };
        let subquery = self.pipeline(leaf, body, env);
        let (columns, open) = (subquery.columns.clone(), subquery.open);
        let op = RelOp::Partition {
            input: Box::new(rel),
            key,
            subquery: Box::new(subquery),
        };
        rel::unordered(op, columns, open, span)
    }

    pub(super) fn reduce(
        &mut self,
        mut rel: Rel,
        by: &Syntax,
        (source, options): (bool, &[Option_]),
        span: Span,
        env: &Env,
    ) -> Rel {
        let by = self.over(&mut rel, env, |b, cx| b.scalar_of(by, Type::String, cx));
        let mut columns = if source {
            rel.columns.clone()
        } else {
            Vec::new()
        };
        columns.extend([
            self.column("Pattern", Type::String),
            self.column("Count", Type::Long),
            self.column("Representative", Type::String),
        ]);
        let mut args = vec![PluginArg::Expr(by)];
        if source {
            let text = Literal::String("source".to_owned());
            let value = Expr {
                kind: ExprKind::Literal(text),
                ty: Type::String,
                span,
            };
            args.push(PluginArg::Named("kind".to_owned(), value));
        }
        for option in options {
            // Words as they are written; numbers are numbers.
            let value = match &option.value.kind {
                S::Name(text) => {
                    let text = S::Literal(Constant::String(text.clone()));
                    let syntax = Syntax {
                        kind: text,
                        span: option.span,
                    };
                    self.scalar(&syntax, &Cx::top(env))
                }
                _ => self.scalar(&option.value, &Cx::top(env)),
            };
            args.push(PluginArg::Named(option.name.clone(), value));
        }
        let op = RelOp::Evaluate {
            input: Some(Box::new(rel)),
            plugin: "reduce".to_owned(),
            args,
            declared: false,
        };
        rel::closed(op, columns, span)
    }
}

/// True for an expression that calls an aggregate somewhere.
fn contains_aggregate(syntax: &Syntax) -> bool {
    let mut stack = vec![syntax];
    while let Some(syntax) = stack.pop() {
        match &syntax.kind {
            S::Call { name, args, .. } => {
                let scalar = functions::scalar(&name.text).is_some();
                if !scalar && functions::aggregate(&name.text).is_some() {
                    return true;
                }
                stack.extend(args.iter().map(AsRef::as_ref));
            }
            S::Paren(inner) | S::Negate(inner) | S::Member(inner, _) => stack.push(inner),
            S::Binary(_, _, left, right) | S::Element(left, right) => {
                stack.extend([left.as_ref(), right]);
            }
            _ => {}
        }
    }
    false
}
