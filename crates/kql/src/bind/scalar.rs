//! Scalar expressions: names, literals, members.

use super::Binder;
use super::coerce::cast;
use super::scope::{Binding, Cx, Element, Value};
use crate::diagnostic::{Code, Diagnostic, foreign};
use crate::plan::{Column, Expr, ExprKind, Literal};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};

impl Binder<'_> {
    /// Binds a scalar; a table is an error here.
    pub(super) fn scalar(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Expr {
        match self.value(syntax, cx) {
            Value::Scalar(expr) => expr,
            Value::Table(_) => {
                self.report(
                    Diagnostic::error(
                        Code::ScalarExpected,
                        syntax.span,
                        "a table stands where a single value is needed",
                    )
                    .hint("`toscalar(...)` takes the first value of a table"),
                );
                Self::unknown(syntax.span)
            }
            Value::Function => {
                self.error(
                    Code::ScalarExpected,
                    syntax.span,
                    "a function stands where a value is needed",
                );
                Self::unknown(syntax.span)
            }
        }
    }

    /// Binds a scalar and converts it to `ty`, or reports that it is of another type.
    pub(super) fn scalar_of(&mut self, syntax: &Syntax, ty: Type, cx: &Cx<'_>) -> Expr {
        let expr = self.scalar(syntax, cx);
        let fits =
            expr.ty == ty || expr.ty == Type::Unknown || (expr.ty.is_integer() && ty == Type::Long);
        if !fits && !self.is_cut_short(syntax.span) {
            self.error(
                Code::TypeMismatch,
                syntax.span,
                format!("expected a `{ty}`, found a `{}`", expr.ty),
            );
        }
        cast(expr, ty)
    }

    /// A predicate.
    pub(super) fn predicate(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Expr {
        self.scalar_of(syntax, Type::Bool, cx)
    }

    /// Binds anything: a scalar, a table or a function.
    pub(super) fn value(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Value {
        if !self.enter(syntax.span) {
            return Value::Scalar(Self::unknown(syntax.span));
        }
        let value = self.observed_value(syntax, cx);
        self.leave();
        value
    }

    fn observed_value(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Value {
        if self.observer.is_none() {
            return self.bind_value(syntax, cx);
        }
        self.observe_expression(syntax, cx);
        let value = self.bind_value(syntax, cx);
        self.observe_value(syntax.span, &value);
        value
    }

    fn bind_value(&mut self, syntax: &Syntax, cx: &Cx<'_>) -> Value {
        let span = syntax.span;
        Value::Scalar(match &syntax.kind {
            S::Pipeline(..) | S::Source(_) | S::Wildcard(_) => {
                return Value::Table(self.table(syntax, cx.env));
            }
            S::Paren(inner) => {
                // With the closing bracket forgotten, the operators that follow seem to stand inside.
                if let S::Pipeline(source, _) = &inner.kind
                    && matches!(source.kind, S::Binary(..) | S::In(..) | S::Between { .. })
                    && self.is_broken(span)
                {
                    return self.value(source, cx);
                }
                return self.value(inner, cx);
            }
            S::Name(name) => return self.name(name, span, cx),
            S::Call {
                receiver,
                name,
                args,
            } => return self.call(receiver.as_deref(), name, args, span, cx),
            S::Member(value, name) => return self.member(value, name, span, cx),
            S::Lambda(_) | S::EntityGroup(_) => return Value::Function,
            S::Literal(constant) => literal(constant, span),
            S::Element(value, index) => self.element(value, index, span, cx),
            S::Negate(value) => self.negate(value, span, cx),
            S::Binary(op, at, left, right) => self.binary(*op, *at, left, right, span, cx),
            S::Between {
                negated,
                value,
                low,
                high,
            } => self.between(*negated, value, low, high, span, cx),
            S::In(op, at, value, list) => self.membership(*op, *at, value, list, span, cx),
            S::Named { value, .. } => {
                self.error(
                    Code::Expected,
                    span,
                    "a name is given where none is allowed",
                );
                return self.value(value, cx);
            }
            S::Star => {
                self.error(Code::Expected, span, "`*` isn't allowed here");
                Self::unknown(span)
            }
            S::TypeOf(_) | S::TypeOfTable(..) | S::Missing => Self::unknown(span),
        })
    }

    pub(super) fn name(&mut self, name: &str, span: Span, cx: &Cx<'_>) -> Value {
        if let Some(column) = cx.row.column(name) {
            return Value::Scalar(column_ref(column, span));
        }
        if let Some(column) = cx.row.late_column(name) {
            return Value::Scalar(column_ref(&column, span));
        }
        if let Some(binding) = cx.env.get(name) {
            return self.binding(binding.clone(), span);
        }
        if cx.row.open && self.catalog.table(name).is_none() {
            return Value::Scalar(self.late(name, span, cx));
        }
        if let Some(rel) = self.stored(name, span) {
            return Value::Table(rel);
        }
        if matches!(name, "$left" | "$right") && cx.row.right.is_some() {
            self.error(
                Code::JoinCondition,
                span,
                format!("`{name}` needs a column, as in `{name}.Name`"),
            );
        } else {
            self.unknown_name(name, span, cx);
        }
        Value::Scalar(Self::unknown(span))
    }

    fn late(&mut self, name: &str, span: Span, cx: &Cx<'_>) -> Expr {
        let column = self.column(name, Type::Unknown);
        let expr = column_ref(&column, span);
        cx.row.late.borrow_mut().push(column);
        expr
    }

    fn unknown_name(&mut self, name: &str, span: Span, cx: &Cx<'_>) {
        if name.is_empty() {
            return;
        }
        let in_row = !cx.row.columns.is_empty();
        let candidates = cx.row.columns.iter().map(|column| column.name.as_str());
        // Which table a parameter names is known in the call only: where that one lacks a column, the value is null.
        let mut found = if in_row && self.inlined > 0 {
            let message = format!("unknown column `{name}`; it reads as null");
            Diagnostic::warning(Code::UnknownColumn, span, message)
        } else if in_row {
            Diagnostic::error(
                Code::UnknownColumn,
                span,
                format!("unknown column `{name}`"),
            )
        } else {
            Diagnostic::error(Code::UnknownName, span, format!("unknown name `{name}`"))
        };
        if let Some(source) = cx.row.source {
            found = found.label(format!("not in table `{source}`"));
        }
        let variables = cx.env.iter().map(|(name, _)| name);
        found = match foreign::token(name) {
            Some(hint) => found.hint(hint),
            None => self.hinted(found, name, candidates.chain(variables)),
        };
        self.report(found);
    }

    pub(super) fn binding(&mut self, binding: Binding, span: Span) -> Value {
        match binding {
            Binding::Scalar(mut expr) => {
                if !self.admit_expr(&mut expr, span) {
                    return Value::Scalar(Self::unknown(span));
                }
                Value::Scalar(Expr { span, ..expr })
            }
            Binding::Table(rel) => Value::Table(self.instance(&rel)),
            Binding::Function(lambda, env) if lambda.parameters.is_empty() => {
                self.call_lambda(&lambda, &env, &[], span, &Cx::top(&env))
            }
            Binding::Function(..) | Binding::Pattern(..) => Value::Function,
            Binding::Element(_) | Binding::Databases(_) => Value::Scalar(Expr {
                ty: Type::Dynamic,
                ..Self::unknown(span)
            }),
        }
    }

    fn member(&mut self, value: &Syntax, name: &Name, span: Span, cx: &Cx<'_>) -> Value {
        if let Some(side) = self.join_side(value, name, cx) {
            return Value::Scalar(side);
        }
        if let S::Name(element) = &value.kind
            && let Some(Binding::Element(element)) = cx.env.get(element).cloned()
        {
            return Value::Scalar(self.element_member(&element, name, span));
        }
        if let S::Call {
            receiver: None,
            name: pattern,
            args,
        } = &value.kind
            && let Some(Binding::Pattern(pattern, env)) = cx.env.get(&pattern.text).cloned()
        {
            return self.pattern_call(&pattern, &env, args, Some(&name.text), span);
        }
        if Self::is_database(value) || Self::is_group_member(value, cx) {
            self.note_database(value, cx);
            if Self::is_foreign(value) {
                return Value::Table(self.foreign_table(&name.text, span));
            }
            return Value::Table(self.remote_table(&name.text, span));
        }
        let value = self.scalar(value, cx);
        if !value.ty.is_dynamic() {
            self.error(
                Code::TypeMismatch,
                name.span,
                format!(
                    "a `{}` has no property `{}`; only a `dynamic` has",
                    value.ty, name.text
                ),
            );
            return Value::Scalar(Self::unknown(span));
        }
        // A part of a value of unknown type is of unknown type.
        let ty = value.ty;
        let kind = ExprKind::Member {
            value: Box::new(value),
            name: name.text.clone(),
        };
        Value::Scalar(Expr { kind, ty, span })
    }

    /// `node.Column`, `step.Column`.
    fn element_member(&mut self, element: &Element, name: &Name, span: Span) -> Expr {
        let found = element
            .columns
            .iter()
            .find(|column| column.name == name.text);
        if let Some(column) = found {
            let ty = if element.many {
                Type::Dynamic
            } else {
                column.ty
            };
            let kind = ExprKind::Column(column.id);
            return Expr { kind, ty, span };
        }
        let ty = match found {
            Some(column) => column.ty,
            None => {
                if !element.open {
                    let columns = element.columns.iter().map(|column| column.name.as_str());
                    let message = format!("unknown column `{}`", name.text);
                    let found = Diagnostic::error(Code::UnknownColumn, name.span, message);
                    let found = self.hinted(found, &name.text, columns);
                    self.report(found);
                }
                Type::Unknown
            }
        };
        Expr {
            ty,
            ..Self::unknown(span)
        }
    }

    /// `$left.Column` and `$right.Column` in a join's condition.
    fn join_side(&mut self, value: &Syntax, name: &Name, cx: &Cx<'_>) -> Option<Expr> {
        let right = cx.row.right?;
        let S::Name(side) = &value.kind else {
            return None;
        };
        let columns = match side.as_str() {
            "$left" => cx.row.columns,
            "$right" => right,
            _ => return None,
        };
        let Some(column) = columns.iter().find(|column| column.name == name.text) else {
            let names = columns.iter().map(|column| column.name.as_str());
            let message = format!("unknown column `{}` on `{side}`", name.text);
            let found = Diagnostic::error(Code::UnknownColumn, name.span, message);
            let found = self.hinted(found, &name.text, names);
            self.report(found);
            return Some(Self::unknown(value.span.to(name.span)));
        };
        Some(column_ref(column, value.span.to(name.span)))
    }

    pub(super) fn element(
        &mut self,
        value: &Syntax,
        index: &Syntax,
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let value = self.scalar(value, cx);
        let index = self.scalar(index, cx);
        if !value.ty.is_dynamic() {
            self.error(
                Code::TypeMismatch,
                span,
                format!("a `{}` has no elements; only a `dynamic` has", value.ty),
            );
            return Self::unknown(span);
        }
        let ty = value.ty;
        let kind = match index.kind {
            ExprKind::Literal(Literal::String(name)) => ExprKind::Member {
                value: Box::new(value),
                name,
            },
            _ if index.ty.is_integer() => ExprKind::Index {
                value: Box::new(value),
                index: Box::new(cast(index, Type::Long)),
            },
            _ if index.ty == Type::String || index.ty.is_dynamic() => ExprKind::Index {
                value: Box::new(value),
                index: Box::new(index),
            },
            _ => {
                self.error(
                    Code::TypeMismatch,
                    index.span,
                    format!("an index is a number or a string, not a `{}`", index.ty),
                );
                return Self::unknown(span);
            }
        };
        Expr { kind, ty, span }
    }

    fn negate(&mut self, value: &Syntax, span: Span, cx: &Cx<'_>) -> Expr {
        let value = self.scalar(value, cx);
        let (operand, result) = match value.ty {
            Type::Int => (Type::Long, Type::Long),
            ty if ty.is_numeric() || matches!(ty, Type::TimeSpan | Type::DateTime) => (ty, ty),
            ty if ty.is_dynamic() => (Type::Real, ty),
            ty => {
                self.error(
                    Code::TypeMismatch,
                    span,
                    format!("`-` is not defined for a `{ty}`"),
                );
                return Self::unknown(span);
            }
        };
        let negated = Expr {
            kind: ExprKind::Negate(Box::new(cast(value, operand))),
            ty: operand,
            span,
        };
        cast(negated, result)
    }
}

/// The plan's form of a literal.
pub(crate) fn literal(constant: &Constant, span: Span) -> Expr {
    let (value, ty) = match constant.clone() {
        Constant::Null(ty) => (Literal::Null, ty),
        Constant::Bool(v) => (Literal::Bool(v), Type::Bool),
        Constant::Int(v) => (Literal::Int(v), Type::Int),
        Constant::Long(v) => (Literal::Long(v), Type::Long),
        Constant::Real(v) => (Literal::Real(v), Type::Real),
        Constant::Decimal(v) => (Literal::Decimal(v), Type::Decimal),
        Constant::String(v) => (Literal::String(v), Type::String),
        Constant::DateTime(v) => (Literal::DateTime(v), Type::DateTime),
        Constant::TimeSpan(v) => (Literal::TimeSpan(v), Type::TimeSpan),
        Constant::Guid(v) => (Literal::Guid(v), Type::Guid),
        Constant::Dynamic(v) => (Literal::Dynamic(v), Type::Dynamic),
    };
    Expr {
        kind: ExprKind::Literal(value),
        ty,
        span,
    }
}

pub(super) fn column_ref(column: &Column, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Column(column.id),
        ty: column.ty,
        span,
    }
}
