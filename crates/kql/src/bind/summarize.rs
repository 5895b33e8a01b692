//! `summarize` and aggregates wherever they may stand.

use super::rel;
use std::collections::HashSet;
use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{self, Known};
use crate::plan::{Aggregate, Column, ColumnId, ColumnName, Expr, ExprKind, Literal, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};
use crate::walk;

use super::Binder;
use super::coerce::cast;
use super::names::{self, Names};
use super::project::split;
use super::scope::{Cx, Env};

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
            let inner = rel::closed(op, columns, span);
            let mut columns = key_columns;
            let mut values: Vec<(ColumnId, Expr)> = columns
                .iter()
                .map(|column| Self::pass(column, span))
                .collect();
            for (column, value) in outputs {
                values.push((column.id, value));
                columns.push(column);
            }
            return rel::project(inner, columns, values, false, span);
        }
        let op = RelOp::Summarize {
            input: Box::new(rel),
            keys,
            aggregates: calls,
        };
        rel::closed(op, columns, span)
    }

    pub(super) fn group_keys(
        &mut self,
        by: &[Syntax],
        names: &mut Names,
        cx: &Cx<'_>,
    ) -> Vec<(Column, Expr)> {
        let keys = self.keys_of_any_type(by, names, cx);
        for ((_, value), item) in keys.iter().zip(by) {
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
        }
        keys
    }

    /// Group keys, dynamics among them: `make-series` takes those.
    pub(super) fn keys_of_any_type(
        &mut self,
        by: &[Syntax],
        names: &mut Names,
        cx: &Cx<'_>,
    ) -> Vec<(Column, Expr)> {
        let mut keys = Vec::new();
        for item in by {
            let (given, syntax) = split(item);
            let value = self.scalar(syntax, cx);
            let name = match (given.first(), &syntax.kind) {
                (Some(name), _) => self.take_name(names, &name.text, item.span),
                // A name that means nothing takes nobody's name away.
                (None, S::Name(name)) if Self::is_unknown(&value) => name.into(),
                (None, S::Name(name)) => self.take_name(names, name, item.span),
                (None, _) => names.computed(syntax, cx.row.columns),
            };
            names.given(&name);
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
            for (index, column) in call.outputs.iter_mut().enumerate() {
                column.name = match given.get(index) {
                    Some(name) => self.output_name(name, names),
                    None if column.name.is_empty() => names.unnamed(),
                    None => names.implicit(&column.name),
                };
                outputs.push((column.clone(), Self::pass(column, item.span).1));
            }
            calls.push(call);
            return;
        }
        let (value, mut found) = self.with_aggregates(syntax, cx);
        self.check_aggregated(&value, &found, keys, item.span);
        calls.append(&mut found);
        let name = match given.first() {
            Some(name) => self.output_name(name, names),
            None => names.computed(syntax, cx.row.columns),
        };
        let column = self.column(name, value.ty);
        outputs.push((column, value));
    }

    /// An expression in which aggregates may stand, and those.
    pub(super) fn with_aggregates(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
    ) -> (Expr, Vec<Aggregate>) {
        let outer = self.aggregating.replace(Vec::new());
        let value = self.scalar(syntax, cx);
        let found = std::mem::replace(&mut self.aggregating, outer).unwrap_or_default();
        (value, found)
    }

    /// A name the query gives: an error if it gave it before, a number after it if a default name took it.
    fn output_name(&mut self, name: &Name, names: &mut Names) -> ColumnName {
        let first = names.place(&name.text, name.span);
        if !names.given(&name.text) {
            self.name_taken(&name.text, name.span, first);
        }
        names.implicit(&name.text)
    }

    /// Takes a name, or reports that another column has it.
    pub(super) fn take_name(
        &mut self,
        names: &mut Names,
        name: impl Into<ColumnName>,
        span: Span,
    ) -> ColumnName {
        let name = name.into();
        let first = names.place(&name, span);
        if !names.explicit(&name) {
            self.name_taken(&name, span, first);
        }
        name
    }

    /// `first` is where the query gives the name, if it is not the input that does.
    pub(super) fn name_taken(&mut self, name: &str, span: Span, first: Option<Span>) {
        let message = format!("a column `{name}` is already there");
        self.report(Diagnostic::error(Code::Duplicate, span, message).first_at(first));
    }

    /// An expression around aggregates may only use their results and the keys.
    fn check_aggregated(
        &mut self,
        value: &Expr,
        found: &[Aggregate],
        keys: &[(Column, Expr)],
        span: Span,
    ) {
        let allowed: HashSet<ColumnId> = found
            .iter()
            .flat_map(|call| call.outputs.iter().map(|column| column.id))
            .chain(keys.iter().map(|(column, _)| column.id))
            .collect();
        let mut stray = false;
        let mut copy = value.clone();
        let mut note = walk::Ids(|id: &mut ColumnId, used| {
            stray |= used == walk::Use::Reads && !allowed.contains(id);
        });
        walk::expr(&mut copy, &mut note);
        if stray {
            self.report_stray(span);
        }
    }

    /// True for what [`Self::unknown`] gives: something that has been reported.
    pub(super) fn is_unknown(value: &Expr) -> bool {
        value.ty == Type::Unknown && matches!(value.kind, ExprKind::Literal(Literal::Null))
    }

    /// Reports an operand that is a column outside of an aggregate, while an expression of `summarize` is bound.
    pub(super) fn stray_column(&mut self, operand: &Expr) -> bool {
        let ExprKind::Column(id) = operand.kind else {
            return false;
        };
        let Some(found) = &self.aggregating else {
            return false;
        };
        let mut outputs = found.iter().flat_map(|call| &call.outputs);
        if outputs.any(|column| column.id == id) {
            return false;
        }
        self.report_stray(operand.span);
        true
    }

    fn report_stray(&mut self, span: Span) {
        self.report(
            Diagnostic::error(
                Code::AggregateMisplaced,
                span,
                "a column stands outside of an aggregate",
            )
            .hint("aggregate it, as with `take_any()`, or group by it"),
        );
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
        let Some(first) = call.outputs.first().cloned() else {
            return Self::unknown(span);
        };
        if let Some(found) = &mut self.aggregating {
            found.push(call);
        }
        Self::pass(&first, span).1
    }

    /// An aggregate with a single output, for operators other than `summarize`; `None` with a report otherwise.
    pub(super) fn single_aggregate(
        &mut self,
        syntax: &Syntax,
        cx: &Cx<'_>,
    ) -> Option<(Aggregate, ColumnName)> {
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
        let name = call.outputs.first()?.name.clone();
        Some((call, name))
    }

    fn aggregate(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Aggregate {
        let start = span.start as usize;
        self.lint_deprecated(known, Span::new(start, start + known.function.name.len()));
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
    ) -> Aggregate {
        let bound = args
            .iter()
            .map(|arg| self.scalar(split(arg).1, cx))
            .collect();
        let fitted = self.fit(known, bound, (span, span), None);
        let (bound, ty) = (fitted.args, fitted.computed);
        let argument = args
            .first()
            .and_then(|arg| names::of(arg))
            .unwrap_or_default();
        let name = names::aggregate(known, &argument);
        let ty = if known.function.name.ends_with("_array") {
            Type::Dynamic
        } else {
            ty
        };
        let output = self.column(name, ty);
        Aggregate {
            function: known.function.canonical(),
            args: bound,
            outputs: vec![output],
        }
    }

    /// Columns that `*` stands for: all but the keys and those listed beside it.
    fn star_columns(
        keys: &[(Column, Expr)],
        listed: &[Expr],
        cx: &Cx<'_>,
        span: Span,
    ) -> Vec<(Expr, ColumnName)> {
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

    fn needs_argument(&mut self, known: &Known, span: Span) {
        let name = known.function.name;
        let message = format!("`{name}` takes at least 1 argument, found 0");
        self.error(Code::ArgumentCount, span, message);
    }

    /// The values of one argument of `arg_max` or `take_any`, with their default names.
    fn values_of(
        &mut self,
        arg: &Syntax,
        values: &[Expr],
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Vec<(Expr, Option<ColumnName>)> {
        if matches!(arg.kind, S::Star) {
            // Each gives an argument, its value and a column.
            if !self.spend(3 * cx.row.columns.len(), arg.span) {
                return Vec::new();
            }
            let all = Self::star_columns(keys, values, cx, arg.span);
            return all
                .into_iter()
                .map(|(value, name)| (value, Some(name)))
                .collect();
        }
        let (given, syntax) = split(arg);
        let name = given.first().map(|name| name.text.clone());
        let name = name.or_else(|| names::of(syntax));
        vec![(self.scalar(syntax, cx), name.map(ColumnName::from))]
    }

    fn arg_extreme(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Aggregate {
        let function = known.function.canonical();
        let word = if function == "arg_max" { "max" } else { "min" };
        let Some(first) = args.first() else {
            self.needs_argument(known, span);
            return Aggregate {
                function,
                args: Vec::new(),
                outputs: Vec::new(),
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
        let mut names = vec![ColumnName::from(first_name)];
        let primary = own.unwrap_or_default();
        for (position, arg) in args.iter().enumerate().skip(1) {
            for (value, name) in self.values_of(arg, &values, keys, cx) {
                values.push(value);
                names.push(match name {
                    None => format!("{word}_{primary}_arg{position}").into(),
                    name => prefixed(&prefix, name),
                });
            }
        }
        self.outputs(function, values, names)
    }

    fn outputs(
        &mut self,
        function: &'static str,
        args: Vec<Expr>,
        names: Vec<ColumnName>,
    ) -> Aggregate {
        let outputs = args
            .iter()
            .zip(names)
            .map(|(arg, name)| self.column(name, arg.ty))
            .collect();
        Aggregate {
            function,
            args,
            outputs,
        }
    }

    fn take_any(
        &mut self,
        known: &'static Known,
        args: &[Rc<Syntax>],
        span: Span,
        keys: &[(Column, Expr)],
        cx: &Cx<'_>,
    ) -> Aggregate {
        let prefix = if known.function.alias_of.is_some() {
            "any_"
        } else {
            ""
        };
        if args.is_empty() {
            self.needs_argument(known, span);
        }
        let mut values = Vec::new();
        let mut names = Vec::new();
        for (position, arg) in args.iter().enumerate() {
            for (value, name) in self.values_of(arg, &values, keys, cx) {
                values.push(value);
                names.push(match name {
                    None if args.len() == 1 && !prefix.is_empty() => prefix.into(),
                    None => format!("any_arg{position}").into(),
                    name => prefixed(prefix, name),
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
    ) -> Aggregate {
        let bound: Vec<Expr> = args.iter().map(|arg| self.scalar(arg, cx)).collect();
        let mut bound = self.fit(known, bound, (span, span), None).args;
        let function = known.function.canonical();
        let skip = if function.ends_with('w') { 2 } else { 1 };
        let argument = args
            .first()
            .and_then(|arg| names::of(arg))
            .unwrap_or_default();
        let given = bound.first().map_or(Type::Unknown, |arg| arg.ty);
        let ty = match given {
            Type::Int => Type::Long,
            Type::Decimal => Type::Real,
            ty => ty,
        };
        if let Some(first) = bound.first_mut()
            && ty != given
        {
            *first = cast(first.clone(), ty);
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
        Aggregate {
            function,
            args: bound,
            outputs,
        }
    }
}

/// A default name behind a prefix; empty where there is none.
fn prefixed(prefix: &str, name: Option<ColumnName>) -> ColumnName {
    match name {
        Some(name) if prefix.is_empty() => name,
        Some(name) => format!("{prefix}{name}").into(),
        None => "".into(),
    }
}
