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
        Equal | NotEqual => {
            let ty = equality(left, right);
            Some((ty, ty, Type::Bool))
        }
        Less | LessOrEqual | Greater | GreaterOrEqual => {
            order(left, right).map(|ty| (ty, ty, Type::Bool))
        }
        _ => {
            let text = |ty: Type| ty == Type::String || ty.is_dynamic();
            let unsure = left == Type::Unknown || right == Type::Unknown;
            (unsure || text(left) && text(right)).then_some((
                Type::String,
                Type::String,
                Type::Bool,
            ))
        }
    }
}

fn logical(left: Type, right: Type) -> Option<(Type, Type, Type)> {
    let fits = |ty: Type| ty == Type::Bool || ty.is_dynamic();
    let unsure = left == Type::Unknown || right == Type::Unknown;
    (unsure || fits(left) && fits(right)).then_some((Type::Bool, Type::Bool, Type::Bool))
}

fn arithmetic(op: Operator, left: Type, right: Type) -> Option<(Type, Type, Type)> {
    use Operator::{Add, Subtract};
    use Type::{DateTime, Dynamic, Long, Real, TimeSpan, Unknown};
    let number = |ty: Type| if ty == Type::Int { Long } else { ty };
    Some(match (left, right) {
        (Unknown, _) | (_, Unknown) => unknown_arithmetic(op, left, right),
        (l, r) if l.is_numeric() && r.is_numeric() => {
            let ty = number(widest(l, r));
            (ty, ty, ty)
        }
        (Dynamic, r) if r.is_numeric() => (number(r), number(r), number(r)),
        (l, Dynamic) if l.is_numeric() => (number(l), number(l), number(l)),
        (Dynamic, Dynamic) => (Real, Real, Dynamic),
        (DateTime, Dynamic) | (Dynamic, DateTime) if op == Subtract => {
            (DateTime, DateTime, TimeSpan)
        }
        (DateTime, Dynamic) if op == Add => (DateTime, TimeSpan, DateTime),
        (Dynamic, DateTime) if op == Add => (TimeSpan, DateTime, DateTime),
        (TimeSpan, Dynamic) | (Dynamic, TimeSpan) if matches!(op, Add | Subtract) => {
            (TimeSpan, TimeSpan, TimeSpan)
        }
        (l, r) => (l, r, time_arithmetic(op, l, r)?),
    })
}

/// What arithmetic on times gives. Odd sums, such as that of two datetimes, are counted in ticks.
fn time_arithmetic(op: Operator, left: Type, right: Type) -> Option<Type> {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    use Type::{DateTime, Real, TimeSpan};
    Some(match (left, right) {
        (DateTime, DateTime) => match op {
            Add => DateTime,
            Subtract | Modulo => TimeSpan,
            Divide => Real,
            _ => return None,
        },
        (DateTime, TimeSpan) => match op {
            Add | Subtract => DateTime,
            Modulo => TimeSpan,
            Divide => Real,
            _ => return None,
        },
        (TimeSpan, DateTime) if matches!(op, Add | Subtract) => DateTime,
        (TimeSpan, TimeSpan) => match op {
            Divide => Real,
            _ => TimeSpan,
        },
        (l, r) if r.is_numeric() && matches!(op, Multiply | Divide | Modulo) => {
            matches!(l, DateTime | TimeSpan).then_some(l)?
        }
        (l, r) if l.is_numeric() && op == Multiply => {
            matches!(r, DateTime | TimeSpan).then_some(r)?
        }
        _ => return None,
    })
}

/// The same where an operand's type is known at run time only: it is taken for what the other one suggests. The result's
/// type is known where everything that the operand may be gives the same.
fn unknown_arithmetic(op: Operator, left: Type, right: Type) -> (Type, Type, Type) {
    use Operator::{Add, Divide, Multiply, Subtract};
    use Type::{DateTime, Dynamic, Long, Real, TimeSpan, Unknown};
    let number = |ty: Type| if ty == Type::Int { Long } else { ty };
    let result = match (left, right) {
        (Unknown, Unknown) => Unknown,
        (Unknown, known) => after_unknown(op, known),
        (known, _) => before_unknown(op, known),
    };
    let (l, r) = match (left, right) {
        (l, r) if l.is_dynamic() && r.is_dynamic() => (Real, Real),
        (_, r) if r.is_numeric() => (number(r), number(r)),
        (l, _) if l.is_numeric() => (number(l), number(l)),
        (DateTime, _) | (_, DateTime) if op == Subtract => (DateTime, DateTime),
        (DateTime, _) if op == Add => (DateTime, TimeSpan),
        (_, DateTime) if op == Add => (TimeSpan, DateTime),
        (TimeSpan, _) if op == Multiply => (TimeSpan, Real),
        (_, TimeSpan) if op == Multiply => (Real, TimeSpan),
        (TimeSpan, _) | (_, TimeSpan) if op == Divide => (TimeSpan, TimeSpan),
        (_, TimeSpan) if op == Subtract => (DateTime, TimeSpan),
        (TimeSpan, _) | (_, TimeSpan) => (TimeSpan, TimeSpan),
        _ => (Dynamic, Dynamic),
    };
    (l, r, result)
}

/// What `unknown op right` gives.
fn after_unknown(op: Operator, right: Type) -> Type {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    use Type::{DateTime, Int, Long, Real, TimeSpan, Unknown};
    match (op, right) {
        (Add | Subtract, Int) => Long,
        (Add | Multiply, DateTime | TimeSpan) => right,
        (Divide, DateTime | TimeSpan) => Real,
        (Modulo, DateTime | TimeSpan) => TimeSpan,
        _ => Unknown,
    }
}

/// What `left op unknown` gives.
fn before_unknown(op: Operator, left: Type) -> Type {
    use Operator::{Add, Modulo, Multiply};
    use Type::{DateTime, Int, Long, TimeSpan, Unknown};
    match (op, left) {
        (Multiply, ty) if ty.is_numeric() => Unknown,
        (_, Int) => Long,
        (_, ty) if ty.is_numeric() => ty,
        (Add | Multiply, DateTime | TimeSpan) => left,
        (Modulo, TimeSpan) => TimeSpan,
        _ => Unknown,
    }
}

/// The type both sides of `==` are compared in; any two scalars compare. A string is read as the other side's type, as
/// the service does with `EventID == "4625"`; what does not read is null and equals nothing.
pub(crate) fn equality(left: Type, right: Type) -> Type {
    match (left, right) {
        (l, r) if l == r => l,
        (l, r) if l.is_dynamic() && r.is_dynamic() => Type::Dynamic,
        (l, r) if l.is_dynamic() => r,
        (l, r) if r.is_dynamic() => l,
        (l, r) if l.is_numeric() && r.is_numeric() => widest(l, r),
        (Type::String, other) | (other, Type::String) => other,
        (Type::Bool, other) | (other, Type::Bool) if other.is_numeric() => other,
        // Nothing of the one type is of the other.
        _ => Type::Dynamic,
    }
}

/// The type both sides of `<` are compared in. Strings have no order in the language.
fn order(left: Type, right: Type) -> Option<Type> {
    let ordered = |ty: Type| ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan);
    match (left, right) {
        (Type::Unknown, other) | (other, Type::Unknown) if ordered(other) => Some(other),
        (Type::Unknown, _) | (_, Type::Unknown) => Some(Type::Real),
        (Type::Bool, Type::Bool) => Some(Type::Long),
        (Type::Bool, other) | (other, Type::Bool) if other.is_numeric() => Some(other),
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
    let time = |ty: Type| matches!(ty, Type::DateTime | Type::TimeSpan);
    let known = |ty: Type| ty != Type::Unknown;
    let ty = match (value, low, high) {
        (v, l, h) if v.is_numeric() && l.is_numeric() && h.is_numeric() => widest(widest(v, l), h),
        (Type::Dynamic, l, h) if l.is_numeric() && (h == l || h == Type::Unknown) => l,
        (v, Type::Dynamic, Type::Dynamic) if v.is_numeric() => v,
        (v, l, h) => {
            let mut same = [v, l, h].into_iter().filter(|ty| known(*ty));
            let first = same.next().unwrap_or(Type::Real);
            if !same.all(|ty| ty == first) || !(time(first) || first.is_numeric()) {
                return None;
            }
            first
        }
    };
    Some(ty)
}
