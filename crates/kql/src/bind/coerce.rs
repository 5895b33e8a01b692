//! Type rules: which operands an operator takes, and the conversions that make them fit.

use crate::plan::{Expr, ExprKind, Literal, Operator};
use crate::types::Type;

/// Converts to `ty`: nothing to do, a literal of the other type, or an explicit cast.
pub(crate) fn cast(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty {
        return expr;
    }
    let span = expr.span;
    let literal = match (&expr.kind, ty) {
        (ExprKind::Literal(Literal::Null), Type::String) => None,
        (ExprKind::Literal(Literal::Null), _) => Some(Literal::Null),
        (ExprKind::Literal(Literal::Int(n)), Type::Long) => Some(Literal::Long(i64::from(*n))),
        #[allow(clippy::cast_precision_loss)]
        (ExprKind::Literal(Literal::Long(n)), Type::Real) => Some(Literal::Real(*n as f64)),
        (ExprKind::Literal(Literal::Int(n)), Type::Real) => Some(Literal::Real(f64::from(*n))),
        _ => None,
    };
    let kind = literal.map_or_else(|| ExprKind::Cast(Box::new(expr)), ExprKind::Literal);
    Expr { kind, ty, span }
}

/// The wider of two numeric types.
pub(crate) fn widest(a: Type, b: Type) -> Type {
    let rank = |ty| match ty {
        Type::Int => 0,
        Type::Long => 1,
        Type::Real => 2,
        _ => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// The type that values of several types share: numbers widen, a dynamic adapts, a mixture is dynamic.
pub(crate) fn common(types: impl IntoIterator<Item = Type>) -> Type {
    common_as(types, Adapt::All)
}

/// What adapts to the other types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adapt {
    /// Dynamics and values of unknown type.
    All,
    /// Dynamics only: one value of unknown type makes the result unknown (the branches of `iff` and `case`).
    Dynamic,
}

/// [`common`], choosing what adapts.
pub(crate) fn common_as(types: impl IntoIterator<Item = Type>, adapt: Adapt) -> Type {
    let mut result: Option<Type> = None;
    let mut dynamic = None;
    for ty in types {
        if ty == Type::Unknown && adapt == Adapt::Dynamic {
            return Type::Unknown;
        }
        if ty.is_dynamic() {
            // A known dynamic says more than a value of unknown type.
            dynamic = if dynamic == Some(Type::Dynamic) {
                dynamic
            } else {
                Some(ty)
            };
            continue;
        }
        result = Some(match result {
            None => ty,
            Some(known) if known == ty => ty,
            Some(known) if known.is_numeric() && ty.is_numeric() => widest(known, ty),
            Some(_) => return Type::Dynamic,
        });
    }
    result.or(dynamic).unwrap_or(Type::Unknown)
}

/// Operand and result types of a binary operator, or `None` when it isn't defined for these operands.
pub(crate) fn binary(op: Operator, left: Type, right: Type) -> Option<(Type, Type, Type)> {
    use Operator::{
        Add, And, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Modulo, Multiply,
        NotEqual, Or, Subtract,
    };
    match op {
        And | Or => logical(left, right),
        Add | Subtract | Multiply | Divide | Modulo => arithmetic(op, left, right),
        Equal | NotEqual => equality(left, right).map(|ty| (ty, ty, Type::Bool)),
        Less | LessOrEqual | Greater | GreaterOrEqual => {
            order(left, right).map(|ty| (ty, ty, Type::Bool))
        }
        _ => {
            let text = |ty: Type| ty == Type::String || ty.is_dynamic();
            (text(left) && text(right)).then_some((Type::String, Type::String, Type::Bool))
        }
    }
}

fn logical(left: Type, right: Type) -> Option<(Type, Type, Type)> {
    let fits = |ty: Type| ty == Type::Bool || ty.is_dynamic();
    let both_dynamic = left == Type::Dynamic && right == Type::Dynamic;
    (fits(left) && fits(right) && !both_dynamic).then_some((Type::Bool, Type::Bool, Type::Bool))
}

fn arithmetic(op: Operator, left: Type, right: Type) -> Option<(Type, Type, Type)> {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    use Type::{DateTime, Dynamic, Long, Real, TimeSpan, Unknown};
    let number = |ty: Type| if ty == Type::Int { Long } else { ty };
    Some(match (left, right) {
        (l, r) if l.is_numeric() && r.is_numeric() => {
            let ty = number(widest(l, r));
            (ty, ty, ty)
        }
        (l, r) if l.is_dynamic() && r.is_numeric() => (number(r), number(r), number(r)),
        (l, r) if l.is_numeric() && r.is_dynamic() => (number(l), number(l), number(l)),
        (Unknown, r) if r.is_dynamic() => (Real, Real, Unknown),
        (l, r) if l.is_dynamic() && r.is_dynamic() => (Real, Real, Dynamic),
        (DateTime, DateTime) if op == Subtract => (DateTime, DateTime, TimeSpan),
        (DateTime, r) if op == Subtract && r.is_dynamic() => (DateTime, DateTime, TimeSpan),
        (l, DateTime) if op == Subtract && l.is_dynamic() => (DateTime, DateTime, TimeSpan),
        (DateTime, r) if matches!(op, Add | Subtract) && (r == TimeSpan || r.is_dynamic()) => {
            (DateTime, TimeSpan, DateTime)
        }
        (l, DateTime) if op == Add && (l == TimeSpan || l.is_dynamic()) => {
            (TimeSpan, DateTime, DateTime)
        }
        (DateTime, TimeSpan) if op == Modulo => (DateTime, TimeSpan, TimeSpan),
        (TimeSpan, TimeSpan) if op == Divide => (TimeSpan, TimeSpan, Real),
        (TimeSpan, TimeSpan) if matches!(op, Add | Subtract | Modulo) => {
            (TimeSpan, TimeSpan, TimeSpan)
        }
        (TimeSpan, r) if matches!(op, Multiply | Divide) && r.is_numeric() => {
            (TimeSpan, number(r), TimeSpan)
        }
        (l, TimeSpan) if op == Multiply && l.is_numeric() => (number(l), TimeSpan, TimeSpan),
        (TimeSpan, r) if r.is_dynamic() && op == Divide => (TimeSpan, TimeSpan, Real),
        (TimeSpan, r) if r.is_dynamic() && op == Multiply => (TimeSpan, Real, TimeSpan),
        (TimeSpan, r) if r.is_dynamic() => (TimeSpan, TimeSpan, TimeSpan),
        (l, TimeSpan) if l.is_dynamic() && op == Multiply => (Real, TimeSpan, TimeSpan),
        (l, TimeSpan) if l == Unknown && matches!(op, Add | Subtract) => {
            (DateTime, TimeSpan, Unknown)
        }
        (l, TimeSpan) if l.is_dynamic() && op == Divide => (TimeSpan, TimeSpan, Real),
        (l, TimeSpan) if l.is_dynamic() => (TimeSpan, TimeSpan, TimeSpan),
        (Unknown, _) | (_, Unknown) => (Dynamic, Dynamic, Unknown),
        _ => return None,
    })
}

/// The type both sides of `==` are compared in. A string is read as the other side's type, as the service does with
/// `EventID == "4625"`; what does not read is null and equals nothing.
pub(crate) fn equality(left: Type, right: Type) -> Option<Type> {
    Some(match (left, right) {
        (l, r) if l == r => l,
        (l, r) if l.is_dynamic() && r.is_dynamic() => Type::Dynamic,
        (l, r) if l.is_dynamic() => r,
        (l, r) if r.is_dynamic() => l,
        (l, r) if l.is_numeric() && r.is_numeric() => widest(l, r),
        (Type::String, other) | (other, Type::String) => other,
        (Type::Bool, other) | (other, Type::Bool) if other.is_numeric() => other,
        _ => return None,
    })
}

/// The type both sides of `<` are compared in. Strings have no order in the language.
fn order(left: Type, right: Type) -> Option<Type> {
    let ordered = |ty: Type| ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan);
    match (left, right) {
        (Type::Unknown, other) | (other, Type::Unknown) if ordered(other) => Some(other),
        (l, r) if l.is_dynamic() && r.is_dynamic() => Some(Type::Real),
        (l, r) if l.is_numeric() && r.is_numeric() => Some(widest(l, r)),
        (l, r) if l.is_dynamic() && r.is_numeric() => Some(r),
        (l, r) if l.is_numeric() && r.is_dynamic() => Some(l),
        (l, r) if l == r && matches!(l, Type::DateTime | Type::TimeSpan) => Some(l),
        _ => None,
    }
}

/// The type `between` compares in.
pub(crate) fn between(value: Type, low: Type, high: Type) -> Option<Type> {
    order(value, low)?;
    order(value, high)?;
    let ty = common([value, low, high]);
    Some(if ty.is_dynamic() { Type::Real } else { ty })
}
