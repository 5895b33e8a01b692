//! `summarize` and aggregates wherever they may stand.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{self, Known, Naming};
use crate::plan::{Aggregate, Column, ColumnId, Expr, ExprKind, Literal, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};
use crate::walk;

use super::Binder;
use super::coerce::cast;
use super::names::{self, Names};
use super::project::split;
use super::scope::{Cx, Env};

/// An aggregate with the default names of its outputs.
struct Call {
    aggregate: Aggregate,
}

impl Binder<'_> {
    pub(super) fn summarize(
        &mut self,
        mut rel: Rel,
        items: &[Syntax],
        by: &[Syntax],
        span: Span,
        env: &Env,
    ) -> Rel {
        let (keys, calls, outputs) = self.over(&mut rel, env, |b, cx| {
            let mut names = Names::over(cx.row.columns);
            let keys = b.group_keys(by, &mut names, cx);
            let mut calls = Vec::new();
            let mut outputs = Vec::new();
            for item in items {
                b.summarized(item, &keys, &mut names, &mut calls, &mut outputs, cx);
            }
            (keys, calls, outputs)
        });
        let key_columns: Vec<Column> = keys.iter().map(|(column, _)| column.clone()).collect();
        let keys: Vec<(ColumnId, Expr)> = keys
            .into_iter()
            .map(|(column, value)| (column.id, value))
            .collect();
        let plain = outputs
            .iter()
            .all(|(column, value)| matches!(value.kind, ExprKind::Column(id) if id == column.id));
        let mut columns = key_columns.clone();
        if plain {
            columns.extend(outputs.into_iter().map(|(column, _)| column));
        } else {
            columns.extend(
                calls
                    .iter()
                    .flat_map(|call: &Aggregate| call.outputs.iter().cloned()),
            );
            let op = RelOp::Summarize {
                input: Box::new(rel),
                keys,
                aggregates: calls,
            };
            let inner = Rel {
                op,
                columns,
                open: false,
                serialized: false,
                span,
            };
            let mut columns = key_columns;
            let mut values: Vec<(ColumnId, Expr)> = columns
                .iter()
                .map(|column| Self::pass(column, span))
                .collect();
            for (column, value) in outputs {
                values.push((column.id, value));
                columns.push(column);
            }
            let op = RelOp::Project {
                input: Box::new(inner),
                items: values,
            };
            return Rel {
                op,
                columns,
                open: false,
                serialized: false,
                span,
            };
        }
        let op = RelOp::Summarize {
            input: Box::new(rel),
            keys,
            aggregates: calls,
        };
        Rel {
            op,
            columns,
            open: false,
            serialized: false,
            span,
        }
    }

    pub(super) fn group_keys(
        &mut self,
        by: &[Syntax],
        names: &mut Names,
        cx: &Cx<'_>,
    ) -> Vec<(Column, Expr)> {
        let mut keys = Vec::new();
        for item in by {
            let (given, syntax) = split(item);
            let value = self.scalar(syntax, cx);
            if value.ty == Type::Dynamic {
                self.report(
                    Diagnostic::error(
                        Code::TypeMismatch,
                        item.span,
                        "a `dynamic` cannot be a group key",
                    )
                    .hint("convert it, as with `tostring()`"),
                );
            }
            let name = match given.first() {
                Some(name) => {
                    if !names.explicit(&name.text) {
                        self.error(
                            Code::Duplicate,
                            item.span,
                            format!("a column `{}` is already there", name.text),
                        );
                    }
                    name.text.clone()
                }
                None => names.computed(syntax),
            };
            let id = match value.kind {
                ExprKind::Column(id) if names.take_id(id) => id,
                _ => self.fresh(),
            };
            keys.push((
                Column {
                    id,
                    name,
                    ty: value.ty,
                },
                value,
            ));
        }
        keys
    }

    /// Binds one item of `summarize`.
    fn summarized(
        &mut self,
        item: &Syntax,
        keys: &[(Column, Expr)],
        names: &mut Names,
        calls: &mut Vec<Aggregate>,
        outputs: &mut Vec<(Column, Expr)>,
        cx: &Cx<'_>,
    ) {
        let (given, syntax) = split(item);
        if let S::Call {
            receiver: None,
            name,
            args,
        } = &syntax.kind
            && cx.env.get(&name.text).is_none()
            && let Some(known) = functions::aggregate(&name.text)
        {
            let mut call = self.aggregate(known, args, syntax.span, keys, cx);
            for (index, column) in call.aggregate.outputs.iter_mut().enumerate() {
                column.name = match given.get(index) {
                    Some(name) => self.output_name(name, keys, names),
                    None if column.name.is_empty() => names.unnamed(),
                    None => names.implicit(&column.name),
                };
                outputs.push((column.clone(), Self::pass(column, item.span).1));
            }
            calls.push(call.aggregate);
            return;
        }
        let outer = self.aggregating.replace(Vec::new());
        let value = self.scalar(syntax, cx);
        let mut found = std::mem::replace(&mut self.aggregating, outer).unwrap_or_default();
        self.check_aggregated(&value, &found, keys, item.span);
        calls.append(&mut found);
        let name = match given.first() {
            Some(name) => {
                if !names.explicit(&name.text) {
                    self.error(
                        Code::Duplicate,
                        item.span,
                        format!("a column `{}` is already there", name.text),
                    );
                }
                name.text.clone()
            }
            None => names.computed(syntax),
        };
        let column = self.column(name, value.ty);
        outputs.push((column, value));
    }

    /// A name the query gives: an error if a key has it, a number after it if a default name took it.
    fn output_name(&mut self, name: &Name, keys: &[(Column, Expr)], names: &mut Names) -> String {
        if names.explicit(&name.text) {
            return name.text.clone();
        }
        if keys.iter().any(|(column, _)| column.name == name.text) {
            self.error(
                Code::Duplicate,
                name.span,
                format!("a column `{}` is already there", name.text),
            );
        }
        names.implicit(&name.text)
    }

    /// An expression around aggregates may only use their results and the keys.
    fn check_aggregated(
        &mut self,
        value: &Expr,
        found: &[Aggregate],
        keys: &[(Column, Expr)],
        span: Span,
    ) {
        let allowed: Vec<ColumnId> = found
            .iter()
            .flat_map(|call| call.outputs.iter().map(|column| column.id))
            .chain(keys.iter().map(|(column, _)| column.id))
            .collect();
        let mut stray = false;
        let mut copy = value.clone();
        walk::expr(
            &mut copy,
            &mut walk::Visit {
                id: &mut |id, used| stray |= used == walk::Use::Reads && !allowed.contains(id),
                rel: &mut |_| {},
            },
        );
        if stray {
            self.report(
                Diagnostic::error(
                    Code::AggregateMisplaced,
                    span,
                    "a column stands outside of an aggregate",
                )
                .hint("aggregate it, as with `take_any()`, or group by it"),
            );
        }
    }

    /// An aggregate inside a larger expression of `summarize`: its result becomes a column.
    pub(super) fn nested_aggregate(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let outer = self.aggregating.take();
        let call = self.aggregate(known, args, span, &[], cx);
        self.aggregating = outer;
        let Some(first) = call.aggregate.outputs.first().cloned() else {
            return Self::unknown(span);
        };
        if let Some(found) = &mut self.aggregating {
            found.push(call.aggregate);
        }
        Self::pass(&first, span).1
    }

    /// An aggregate with a single output, for operators other than `summarize`; `None` with a report otherwise.
    pub(super) fn single_aggregate(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
    ) -> Option<(Aggregate, String)> {
        let S::Call {
            receiver: None,
            name,
            args,
        } = &syntax.kind
        else {
            self.error(
                Code::AggregateMisplaced,
                syntax.span,
                "an aggregate is needed here",
            );
            return None;
        };
        let Some(known) = functions::aggregate(&name.text) else {
            self.error(
                Code::AggregateMisplaced,
                name.span,
                format!("`{}` is no aggregate", name.text),
            );
            return None;
        };
        let call = self.aggregate(known, args, syntax.span, &[], cx);
        let name = call.aggregate.outputs.first()?.name.clone();
        Some((call.aggregate, name))
    }

    fn aggregate(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Call {
        match known.function.canonical() {
            "arg_max" | "arg_min" => self.arg_extreme(known, args, span, keys, cx),
            "take_any" => self.take_any(known, args, span, keys, cx),
            "percentile" | "percentiles" | "percentilew" | "percentilesw" => {
                self.percentiles(known, args, span, cx)
            }
            _ => self.simple_aggregate(known, args, span, cx),
        }
    }

    fn simple_aggregate(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        cx: &Cx<'_>,
    ) -> Call {
        let bound = args
            .iter()
            .map(|arg| self.scalar(split(arg).1, cx))
            .collect();
        let (bound, ty) = self.fit(known, bound, span, None);
        let argument = args
            .first()
            .and_then(|arg| names::of(arg))
            .unwrap_or_default();
        let name = match known.function.naming {
            // `count(predicate)` and `count()` are both `count_`.
            Naming::Prefixed(prefix)
                if known.function.name.starts_with("count")
                    && !known.function.name.contains("distinct") =>
            {
                format!("{prefix}_")
            }
            Naming::Prefixed(prefix) => format!("{prefix}_{argument}"),
            Naming::Argument => argument,
            Naming::Fixed(name) => name.to_owned(),
            Naming::Anonymous if known.function.name.starts_with("percentiles") => {
                format!("{}_{argument}", "percentiles")
            }
            Naming::Anonymous | Naming::Column => String::new(),
        };
        let ty = if known.function.name.ends_with("_array") {
            Type::Dynamic
        } else {
            ty
        };
        let output = self.column(name, ty);
        Call {
            aggregate: Aggregate {
                function: known.function.canonical(),
                args: bound,
                outputs: vec![output],
            },
        }
    }

    /// Columns that `*` stands for: all but the keys and those listed beside it.
    fn star_columns(
        keys: &[(Column, Expr)],
        listed: &[Expr],
        cx: &Cx<'_>,
        span: Span,
    ) -> Vec<(Expr, String)> {
        let used = |id: ColumnId| {
            let direct = |expr: &Expr| matches!(expr.kind, ExprKind::Column(other) if other == id);
            keys.iter().any(|(_, value)| direct(value)) || listed.iter().any(direct)
        };
        let late = cx.row.late.borrow();
        let all = cx
            .row
            .columns
            .iter()
            .chain(late.iter())
            .filter(|column| !used(column.id));
        all.map(|column| (Self::pass(column, span).1, column.name.clone()))
            .collect()
    }

    fn arg_extreme(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Call {
        let function = known.function.canonical();
        let word = if function == "arg_max" { "max" } else { "min" };
        let Some(first) = args.first() else {
            self.error(
                Code::ArgumentCount,
                span,
                format!(
                    "`{}` takes at least 1 argument, found 0",
                    known.function.name
                ),
            );
            return Call {
                aggregate: Aggregate {
                    function,
                    args: Vec::new(),
                    outputs: Vec::new(),
                },
            };
        };
        let (first_given, first) = split(first);
        let extreme = self.scalar(first, cx);
        if extreme.ty == Type::Dynamic {
            self.error(
                Code::TypeMismatch,
                first.span,
                "a `dynamic` has no order; convert it, as with `tolong()`",
            );
        }
        let own = first_given
            .first()
            .map(|name| name.text.clone())
            .or_else(|| names::of(first));
        let old = known.function.alias_of.is_some();
        let first_name = match (&own, old) {
            (Some(name), false) => name.clone(),
            (Some(name), true) => format!("{word}_{name}"),
            (None, _) => format!("{word}_"),
        };
        let prefix = if old {
            format!("{first_name}_")
        } else {
            String::new()
        };
        let mut values = vec![extreme];
        let mut names = vec![first_name];
        for arg in &args[1..] {
            if matches!(arg.kind, S::Star) {
                for (value, name) in Self::star_columns(keys, &values, cx, arg.span) {
                    values.push(value);
                    names.push(format!("{prefix}{name}"));
                }
            } else {
                let (given, syntax) = split(arg);
                values.push(self.scalar(syntax, cx));
                let name = given
                    .first()
                    .map(|name| name.text.clone())
                    .or_else(|| names::of(syntax));
                names.push(
                    name.map(|name| format!("{prefix}{name}"))
                        .unwrap_or_default(),
                );
            }
        }
        self.outputs(function, values, names)
    }

    fn outputs(&mut self, function: &'static str, args: Vec<Expr>, names: Vec<String>) -> Call {
        let outputs = args
            .iter()
            .zip(names)
            .map(|(arg, name)| self.column(name, arg.ty))
            .collect();
        Call {
            aggregate: Aggregate {
                function,
                args,
                outputs,
            },
        }
    }

    fn take_any(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Call {
        let prefix = if known.function.alias_of.is_some() {
            "any_"
        } else {
            ""
        };
        if args.is_empty() {
            self.error(
                Code::ArgumentCount,
                span,
                format!(
                    "`{}` takes at least 1 argument, found 0",
                    known.function.name
                ),
            );
        }
        let mut values = Vec::new();
        let mut names = Vec::new();
        for arg in args {
            if matches!(arg.kind, S::Star) {
                for (value, name) in Self::star_columns(keys, &values, cx, arg.span) {
                    values.push(value);
                    names.push(format!("{prefix}{name}"));
                }
            } else {
                values.push(self.scalar(arg, cx));
                let own = names::of(arg);
                names.push(if own.is_none() && prefix.is_empty() {
                    String::new()
                } else {
                    format!("{prefix}{}", own.unwrap_or_default())
                });
            }
        }
        self.outputs("take_any", values, names)
    }

    fn percentiles(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        cx: &Cx<'_>,
    ) -> Call {
        let bound: Vec<Expr> = args.iter().map(|arg| self.scalar(arg, cx)).collect();
        let (mut bound, _) = self.fit(known, bound, span, None);
        let function = known.function.canonical();
        let skip = if function.ends_with('w') { 2 } else { 1 };
        let argument = args
            .first()
            .and_then(|arg| names::of(arg))
            .unwrap_or_default();
        let ty = match bound.first().map_or(Type::Unknown, |arg| arg.ty) {
            Type::Int => Type::Long,
            ty => ty,
        };
        if let Some(first) = bound.first_mut()
            && first.ty == Type::Int
        {
            *first = cast(first.clone(), Type::Long);
        }
        let mut outputs = Vec::new();
        for percentage in bound.iter().skip(skip) {
            let text = match &percentage.kind {
                ExprKind::Literal(Literal::Long(n)) => n.to_string(),
                ExprKind::Literal(Literal::Int(n)) => n.to_string(),
                ExprKind::Literal(Literal::Real(r)) => r.to_string().replace('.', "_"),
                _ => String::new(),
            };
            outputs.push(self.column(format!("percentile_{argument}_{text}"), ty));
        }
        if outputs.is_empty() {
            outputs.push(self.column(format!("percentile_{argument}"), ty));
        }
        Call {
            aggregate: Aggregate {
                function,
                args: bound,
                outputs,
            },
        }
    }
}
