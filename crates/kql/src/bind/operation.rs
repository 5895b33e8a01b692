//! Scalar expressions: operators.

use super::Binder;
use super::coerce::{self, cast};
use super::scalar::column_ref;
use super::scope::{Cx, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Column, Expr, ExprKind, InOperator, Literal, Operator};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S};
use crate::types::{Span, Type};
use crate::walk;

impl Binder<'_> {
    pub(super) fn binary(
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
        let equality = matches!(op, Operator::Equal | Operator::NotEqual);
        if !equality
            && [left, right]
                .iter()
                .any(|side| matches!(side.kind, S::TypeOf(_)))
        {
            self.error(Code::TypeMismatch, at, "a type is no value to compute with");
            return Self::unknown(span);
        }
        let written = (left, right);
        let [left, right] = [left, right].map(|operand| match self.value(operand, cx) {
            Value::Scalar(expr) => expr,
            Value::Table(_) | Value::Function => {
                self.report(
                    Diagnostic::error(
                        Code::ScalarExpected,
                        at,
                        "this operator takes single values, not a table",
                    )
                    .hint("`toscalar(...)` takes the first value of a table"),
                );
                Self::unknown(operand.span)
            }
        });
        self.lint_binary(op, written, (&left, &right), span);
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
        let listed = |value: &Expr| matches!(&value.kind, ExprKind::Literal(Literal::Dynamic(json)) if json.starts_with(['[', '{']));
        // Terms are of a string; the other text operators take a list for its text.
        let terms = (Operator::Has as u8..=Operator::NotHasSuffixCs as u8).contains(&(op as u8));
        let types = coerce::binary(op, left.ty, right.ty)
            .filter(|_| !(terms && left.ty != Type::Unknown && listed(&right)));
        let Some((l, r, result)) = types else {
            if self.stray_column(&left) || self.stray_column(&right) {
                return Self::unknown(span);
            }
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
        // What is computed on values of known type has a known type, also where the result's hangs on the data.
        let computed = match result {
            Type::Dynamic | Type::Unknown if !l.is_dynamic() && !r.is_dynamic() => {
                coerce::binary(op, l, r).map_or(result, |(_, _, ty)| ty)
            }
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
        let copies = walk::size(&mut right.clone()).nodes.saturating_add(2);
        if !self.spend(copies.saturating_mul(columns.len()), span) {
            return Self::balanced(Operator::Or, terms, span);
        }
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
    fn balanced(op: Operator, mut terms: Vec<Expr>, span: Span) -> Expr {
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

    pub(super) fn between(
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
            let mut copy = low.clone();
            if !self.admit_expr(&mut copy, span) {
                return Self::unknown(span);
            }
            high = self.apply(Operator::Add, high.span, copy, high, span);
        }
        let Some(ty) = coerce::between(value.ty, low.ty, high.ty) else {
            if self.is_broken(span) {
                return Expr {
                    ty: Type::Bool,
                    ..Self::unknown(span)
                };
            }
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
        self.lint_between(&low, &high, span);
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

    pub(super) fn membership(
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
        self.lint_list(op, list, span);
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
        let before = self.spent();
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
            let copies = (self.spent() - before).saturating_mul(columns.len());
            if !self.spend(copies, span) {
                return Self::balanced(Operator::Or, terms, span);
            }
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
