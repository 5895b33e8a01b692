//! Scalar expressions.

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::plan::{Column, Expr, ExprKind, InOperator, Literal, Operator};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S, Name};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::{self, cast};
use super::scope::{Binding, Cx, Value};

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

fn column_ref(column: &Column, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Column(column.id),
        ty: column.ty,
        span,
    }
}

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
        if !fits {
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
        let span = syntax.span;
        Value::Scalar(match &syntax.kind {
            S::Pipeline(..) | S::Source(_) | S::Wildcard(_) => {
                return Value::Table(self.table(syntax, cx.env));
            }
            S::Paren(inner) => return self.value(inner, cx),
            S::Name(name) => return self.name(name, span, cx),
            S::Call {
                receiver,
                name,
                args,
            } => return self.call(receiver.as_deref(), name, args, span, cx),
            S::Member(value, name) => return self.member(value, name, span, cx),
            S::Lambda(_) => return Value::Function,
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
            S::TypeOf(_) | S::Missing => Self::unknown(span),
        })
    }

    fn name(&mut self, name: &str, span: Span, cx: &Cx<'_>) -> Value {
        if let Some(column) = cx.row.columns.iter().find(|column| column.name == name) {
            return Value::Scalar(column_ref(column, span));
        }
        if let Some(column) = cx
            .row
            .late
            .borrow()
            .iter()
            .find(|column| column.name == name)
        {
            return Value::Scalar(column_ref(column, span));
        }
        if let Some(binding) = cx.env.get(name) {
            return self.binding(binding.clone(), span);
        }
        if cx.row.open {
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

    pub(super) fn unknown_name(&mut self, name: &str, span: Span, cx: &Cx<'_>) {
        if name.is_empty() {
            return;
        }
        let in_row = !cx.row.columns.is_empty();
        let candidates = cx.row.columns.iter().map(|column| column.name.as_str());
        let near =
            closest(name, candidates.chain(cx.env.iter().map(|(name, _)| name))).map(str::to_owned);
        let mut found = if in_row {
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
        if let Some(near) = near {
            found = found.hint(format!("did you mean `{near}`?"));
        }
        self.report(found);
    }

    pub(super) fn binding(&mut self, binding: Binding, span: Span) -> Value {
        match binding {
            Binding::Scalar(expr) => Value::Scalar(Expr { span, ..expr }),
            Binding::Table(rel) => Value::Table(self.instance(&rel)),
            Binding::Function(lambda, env) if lambda.parameters.is_empty() => {
                self.call_lambda(&lambda, &env, &[], span, &Cx::top(&env))
            }
            Binding::Function(..) => Value::Function,
        }
    }

    fn member(&mut self, value: &Syntax, name: &Name, span: Span, cx: &Cx<'_>) -> Value {
        if let Some(side) = self.join_side(value, name, cx) {
            return Value::Scalar(side);
        }
        if Self::is_database(value) {
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
        let kind = ExprKind::Member {
            value: Box::new(value),
            name: name.text.clone(),
        };
        Value::Scalar(Expr {
            kind,
            ty: Type::Dynamic,
            span,
        })
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
            let near = closest(
                &name.text,
                columns.iter().map(|column| column.name.as_str()),
            );
            let mut found = Diagnostic::error(
                Code::UnknownColumn,
                name.span,
                format!("unknown column `{}` on `{side}`", name.text),
            );
            if let Some(near) = near {
                found = found.hint(format!("did you mean `{near}`?"));
            }
            self.report(found);
            return Some(Self::unknown(value.span.to(name.span)));
        };
        Some(column_ref(column, value.span.to(name.span)))
    }

    fn element(&mut self, value: &Syntax, index: &Syntax, span: Span, cx: &Cx<'_>) -> Expr {
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
        Expr {
            kind,
            ty: Type::Dynamic,
            span,
        }
    }

    fn negate(&mut self, value: &Syntax, span: Span, cx: &Cx<'_>) -> Expr {
        let value = self.scalar(value, cx);
        let (operand, result) = match value.ty {
            Type::Int => (Type::Long, Type::Long),
            ty if ty.is_numeric() || ty == Type::TimeSpan => (ty, ty),
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

    fn binary(
        &mut self,
        op: Operator,
        at: Span,
        left: &Syntax,
        right: &Syntax,
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        if let Some(expr) = self.any_column(op, left, right, span, cx) {
            return expr;
        }
        let left = self.scalar(left, cx);
        let right = self.scalar(right, cx);
        self.apply(op, at, left, right, span)
    }

    /// Applies an operator to bound operands.
    pub(super) fn apply(
        &mut self,
        op: Operator,
        at: Span,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Expr {
        let Some((l, r, result)) = coerce::binary(op, left.ty, right.ty) else {
            self.error(
                Code::TypeMismatch,
                at,
                format!(
                    "this operator is not defined for `{}` and `{}`",
                    left.ty, right.ty
                ),
            );
            return Expr {
                ty: if op as u8 >= Operator::And as u8 {
                    Type::Bool
                } else {
                    Type::Unknown
                },
                ..Self::unknown(span)
            };
        };
        let kind = ExprKind::Binary {
            op,
            left: Box::new(cast(left, l)),
            right: Box::new(cast(right, r)),
        };
        // Arithmetic on dynamics runs on reals and gives a dynamic.
        let computed = match (l, result) {
            (Type::Real, Type::Dynamic | Type::Unknown) => Type::Real,
            (Type::DateTime, Type::Unknown) => Type::DateTime,
            _ => result,
        };
        cast(
            Expr {
                kind,
                ty: computed,
                span,
            },
            result,
        )
    }

    /// `* has "x"`: any column that can hold text.
    fn any_column(
        &mut self,
        op: Operator,
        left: &Syntax,
        right: &Syntax,
        span: Span,
        cx: &Cx<'_>,
    ) -> Option<Expr> {
        if !matches!(left.kind, S::Star) {
            return None;
        }
        let right = self.scalar(right, cx);
        Some(self.any_of(cx.row.columns, op, &right, span))
    }

    /// `op` with `right` over all text columns, joined by `or`.
    pub(super) fn any_of(
        &mut self,
        columns: &[Column],
        op: Operator,
        right: &Expr,
        span: Span,
    ) -> Expr {
        let mut terms: Vec<Expr> = Vec::new();
        for column in columns {
            let value = column_ref(column, span);
            let (l, r) = match coerce::binary(op, column.ty, right.ty) {
                Some((l, r, Type::Bool)) if l != Type::Bool => (l, r),
                _ => continue,
            };
            let kind = ExprKind::Binary {
                op,
                left: Box::new(cast(value, l)),
                right: Box::new(cast(right.clone(), r)),
            };
            terms.push(Expr {
                kind,
                ty: Type::Bool,
                span,
            });
        }
        Self::balanced(Operator::Or, terms, span)
    }

    /// A balanced tree of `and`/`or`; false for no term.
    pub(super) fn balanced(op: Operator, mut terms: Vec<Expr>, span: Span) -> Expr {
        while terms.len() > 1 {
            let mut rest = terms.into_iter();
            let mut pairs = Vec::new();
            while let Some(left) = rest.next() {
                pairs.push(match rest.next() {
                    Some(right) => Expr {
                        kind: ExprKind::Binary {
                            op,
                            left: Box::new(left),
                            right: Box::new(right),
                        },
                        ty: Type::Bool,
                        span,
                    },
                    None => left,
                });
            }
            terms = pairs;
        }
        terms.pop().unwrap_or(Expr {
            kind: ExprKind::Literal(Literal::Bool(false)),
            ty: Type::Bool,
            span,
        })
    }

    fn between(
        &mut self,
        negated: bool,
        value: &Syntax,
        low: &Syntax,
        high: &Syntax,
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let value = self.scalar(value, cx);
        let low = self.scalar(low, cx);
        let mut high = self.scalar(high, cx);
        if high.ty == Type::TimeSpan && low.ty == Type::DateTime {
            high = self.apply(Operator::Add, high.span, low.clone(), high, span);
        }
        let Some(ty) = coerce::between(value.ty, low.ty, high.ty) else {
            let message = format!(
                "`between` is not defined for `{}`, `{}` and `{}`",
                value.ty, low.ty, high.ty
            );
            self.error(Code::TypeMismatch, span, message);
            return Expr {
                ty: Type::Bool,
                ..Self::unknown(span)
            };
        };
        let kind = ExprKind::Between {
            negated,
            value: Box::new(cast(value, ty)),
            low: Box::new(cast(low, ty)),
            high: Box::new(cast(high, ty)),
        };
        Expr {
            kind,
            ty: Type::Bool,
            span,
        }
    }

    fn membership(
        &mut self,
        op: InOperator,
        at: Span,
        value: &Syntax,
        list: &[Syntax],
        span: Span,
        cx: &Cx<'_>,
    ) -> Expr {
        let text = matches!(op, InOperator::HasAny | InOperator::HasAll);
        let ignore_case = matches!(op, InOperator::InIgnoreCase | InOperator::NotInIgnoreCase);
        let star = matches!(value.kind, S::Star).then(|| cx.row.columns.to_vec());
        let value = if star.is_some() {
            Self::unknown(span)
        } else {
            self.scalar(value, cx)
        };
        if (text || ignore_case) && !(value.ty == Type::String || value.ty.is_dynamic()) {
            self.error(
                Code::TypeMismatch,
                at,
                format!(
                    "the left side must be a `string` or `dynamic`, not a `{}`",
                    value.ty
                ),
            );
        }
        let mut elements = Vec::new();
        for item in list {
            match self.value(item, cx) {
                Value::Scalar(expr) => elements.push(expr),
                Value::Table(rel) if list.len() == 1 => {
                    return self.in_subquery(op, value, rel, span);
                }
                Value::Table(_) | Value::Function => {
                    self.error(
                        Code::ScalarExpected,
                        item.span,
                        "only one table may stand in this list",
                    );
                }
            }
        }
        if let Some(columns) = star {
            let mut terms = Vec::new();
            for column in columns.iter().filter(|column| column.ty == Type::String) {
                terms.push(Self::in_list(
                    op,
                    column_ref(column, span),
                    elements.clone(),
                    span,
                ));
            }
            return Self::balanced(Operator::Or, terms, span);
        }
        Self::in_list(op, value, elements, span)
    }

    fn in_list(op: InOperator, value: Expr, elements: Vec<Expr>, span: Span) -> Expr {
        let text = !matches!(op, InOperator::In | InOperator::NotIn);
        let elements_type =
            coerce::common(elements.iter().map(|e| e.ty).filter(|ty| !ty.is_dynamic()));
        let ty = if text {
            Type::String
        } else if value.ty.is_dynamic() {
            if elements_type.is_dynamic() {
                Type::String
            } else {
                elements_type
            }
        } else if value.ty.is_numeric() && elements_type.is_numeric() {
            coerce::widest(value.ty, elements_type)
        } else {
            value.ty
        };
        let list = elements
            .into_iter()
            .map(|e| if e.ty.is_dynamic() { e } else { cast(e, ty) })
            .collect();
        Expr {
            kind: ExprKind::In {
                op,
                value: Box::new(cast(value, ty)),
                list,
            },
            ty: Type::Bool,
            span,
        }
    }

    fn in_subquery(
        &mut self,
        op: InOperator,
        value: Expr,
        rel: crate::plan::Rel,
        span: Span,
    ) -> Expr {
        let text = !matches!(op, InOperator::In | InOperator::NotIn);
        let first = rel
            .columns
            .first()
            .map_or(Type::Unknown, |column| column.ty);
        let ty = match value.ty {
            _ if text => Type::String,
            ty if ty.is_dynamic() && !first.is_dynamic() => first,
            ty if ty.is_dynamic() => Type::String,
            ty => ty,
        };
        let value = Box::new(cast(value, ty));
        Expr {
            kind: ExprKind::InSubquery {
                op,
                value,
                input: Box::new(rel),
            },
            ty: Type::Bool,
            span,
        }
    }
}
