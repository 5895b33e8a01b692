//! Which signature a call means, and whether each argument fits its parameter.
//!
//! Several signatures may take as many arguments as are given. The one that most arguments fit wins; among equals the
//! one whose worst fit is the better, then the one whose best fit is ("Function call expressions" in the reference).

use crate::bind::coerce;
use crate::functions::{Kind, Known, Parameter, Returns, Signature};
use crate::plan::{Expr, ExprKind, Literal};
use crate::types::Type;

/// How well an argument fits a parameter, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Unknown,
    AsDynamic,
    Promoted,
    Class,
    OneOf,
    Scalar,
    Summable,
    Orderable,
    Number,
    Integer,
    Exact,
}

/// A signature with the parameter of each argument.
pub(super) struct Candidate<'k> {
    pub(super) signature: &'k Signature,
    pub(super) parameters: Vec<&'k Parameter>,
}

/// The outcome of [`choose`].
pub(super) enum Choice<'k> {
    /// No signature takes as many arguments.
    None,
    /// This one.
    One(Candidate<'k>),
    /// These do as well, as far as the arguments' types are known; never empty.
    Any(Vec<Candidate<'k>>),
    /// None is better than all others.
    Several,
}

/// Chooses the signature of a call with these arguments.
pub(super) fn choose<'k>(known: &'k Known, args: &[Expr]) -> Choice<'k> {
    let mut candidates: Vec<(Vec<Fit>, Candidate<'k>)> = known
        .signatures
        .iter()
        .filter_map(|signature| {
            let parameters = signature.assign(args.len())?;
            let common = strict_common(args, &parameters).flatten();
            let fits = args
                .iter()
                .zip(&parameters)
                .map(|(arg, parameter)| fit(parameter.kind, arg.ty, common))
                .collect();
            let candidate = Candidate {
                signature,
                parameters,
            };
            Some((fits, candidate))
        })
        .collect();
    let matching = |fits: &[Fit]| fits.iter().filter(|fit| **fit != Fit::No).count();
    let most = candidates.iter().map(|(fits, _)| matching(fits)).max();
    let Some(most) = most else {
        return Choice::None;
    };
    candidates.retain(|(fits, _)| matching(fits) == most);
    let rank = |fits: &[Fit]| (fits.iter().min().copied(), fits.iter().max().copied());
    let best = candidates.iter().map(|(fits, _)| rank(fits)).max();
    candidates.retain(|(fits, _)| Some(rank(fits)) == best);
    let mut left: Vec<Candidate<'k>> = candidates.into_iter().map(|(_, c)| c).collect();
    match (left.len(), left.pop()) {
        (1, Some(candidate)) => Choice::One(candidate),
        (_, Some(candidate)) if most == args.len() => {
            left.push(candidate);
            Choice::Any(left)
        }
        (_, None) => Choice::None,
        _ => Choice::Several,
    }
}

/// `int` widens to `long`, that to `real`, that to `decimal`; a `dynamic` is read as a `string`.
fn promotes(from: Type, to: Type) -> bool {
    matches!(
        (from, to),
        (Type::Int, Type::Long | Type::Real | Type::Decimal)
            | (Type::Long, Type::Real | Type::Decimal)
            | (Type::Real, Type::Decimal)
            | (Type::Dynamic, Type::String)
    )
}

fn summable(ty: Type) -> bool {
    ty.is_numeric() || matches!(ty, Type::DateTime | Type::TimeSpan)
}

fn orderable(ty: Type) -> bool {
    !matches!(ty, Type::Dynamic | Type::Guid)
}

fn fit(kind: Kind, ty: Type, common: Option<Type>) -> Fit {
    if ty == Type::Unknown {
        return Fit::Unknown;
    }
    let when = |holds: bool, fit: Fit| if holds { fit } else { Fit::No };
    match kind {
        Kind::TypeLiteral | Kind::Table => Fit::Exact,
        Kind::Scalar => Fit::Scalar,
        Kind::Exact(exact) if ty == exact => Fit::Exact,
        Kind::Exact(exact) => when(promotes(ty, exact), Fit::Promoted),
        Kind::Plain => when(ty != Type::Dynamic, Fit::Class),
        Kind::Hashable => when(!matches!(ty, Type::Real | Type::Bool), Fit::Class),
        Kind::Integer => when(ty.is_integer(), Fit::Integer),
        Kind::Number => when(ty.is_numeric(), Fit::Number),
        Kind::NumberOrBool => when(ty.is_numeric() || ty == Type::Bool, Fit::Number),
        Kind::Summable => when(summable(ty), Fit::Summable),
        Kind::Orderable => when(orderable(ty), Fit::Orderable),
        Kind::Text | Kind::TextOrArray => {
            when(matches!(ty, Type::String | Type::Dynamic), Fit::OneOf)
        }
        Kind::IntegerOrArray => when(ty.is_integer() || ty == Type::Dynamic, Fit::OneOf),
        Kind::Array | Kind::Bag => when(ty == Type::Dynamic, Fit::OneOf),
        Kind::CommonOrderable if !orderable(ty) => Fit::No,
        Kind::Common | Kind::CommonOrderable | Kind::CommonOrDynamic => match common {
            None => when(kind == Kind::CommonOrDynamic, Fit::AsDynamic),
            Some(common) if common == ty => Fit::Exact,
            Some(Type::Unknown) => Fit::Unknown,
            Some(common) if promotes(ty, common) => Fit::Promoted,
            Some(_) => when(
                common == Some(Type::Dynamic) || kind == Kind::CommonOrDynamic,
                Fit::AsDynamic,
            ),
        },
    }
}

/// True when a value of this type may stand for a parameter of this kind, where `common` is what the common
/// parameters share.
pub(super) fn argument_fits(kind: Kind, ty: Type, common: Option<Type>) -> bool {
    match fit(kind, ty, common) {
        Fit::No => false,
        // A dynamic among values that have to be of one type is not converted for them.
        Fit::AsDynamic => kind == Kind::CommonOrDynamic,
        _ => true,
    }
}

/// False when a written-out dynamic is seen not to be the array or the bag the parameter takes.
pub(super) fn shape_fits(kind: Kind, arg: &Expr) -> bool {
    let ExprKind::Literal(Literal::Dynamic(json)) = &arg.kind else {
        return true;
    };
    let null = json == "null";
    match kind {
        Kind::Array => null || json.starts_with('['),
        Kind::Bag => null || json.starts_with('{'),
        Kind::Exact(Type::String) => null,
        _ => true,
    }
}

/// What a parameter takes, for messages.
pub(super) fn wanted(kind: Kind, common: Option<Type>) -> String {
    let class = match kind {
        Kind::Exact(ty) => return format!("a `{ty}`"),
        Kind::Common | Kind::CommonOrDynamic => {
            return common.map_or_else(|| "another type".to_owned(), |ty| format!("a `{ty}`"));
        }
        Kind::Scalar | Kind::Table | Kind::TypeLiteral => "a value",
        Kind::Plain => "anything but a `dynamic`",
        Kind::Hashable => "neither a `real` nor a `bool`",
        Kind::Integer => "an integer",
        Kind::Number => "a number",
        Kind::NumberOrBool => "a number or `bool`",
        Kind::Summable => "a number, `timespan` or `datetime`",
        Kind::Orderable | Kind::CommonOrderable => {
            "a number, `timespan`, `datetime`, `string` or `bool`"
        }
        Kind::Text => "a `string` or `dynamic`",
        Kind::TextOrArray => "a `string` or an array of them",
        Kind::IntegerOrArray => "an integer or an array of them",
        Kind::Array => "a `dynamic` array",
        Kind::Bag => "a `dynamic` bag",
    };
    class.to_owned()
}

/// The type all `common` arguments share: `None` when they share none, `Some(None)` when there are none of the kind.
pub(super) fn strict_common(args: &[Expr], parameters: &[&Parameter]) -> Option<Option<Type>> {
    let mut common: Option<Type> = None;
    for (arg, parameter) in args.iter().zip(parameters) {
        let mixes = match parameter.kind {
            Kind::Common => false,
            Kind::CommonOrderable if orderable(arg.ty) => false,
            Kind::CommonOrDynamic => true,
            _ => continue,
        };
        common = Some(match common {
            None => arg.ty,
            Some(known) if known == arg.ty => known,
            Some(Type::Unknown) => Type::Unknown,
            Some(_) if arg.ty == Type::Unknown => Type::Unknown,
            Some(known) if known == Type::Dynamic || arg.ty == Type::Dynamic => Type::Dynamic,
            Some(known) if promotes(known, arg.ty) => arg.ty,
            Some(known) if promotes(arg.ty, known) => known,
            Some(_) if mixes => Type::Dynamic,
            Some(_) => return None,
        });
    }
    Some(common)
}

/// True when the value is the same for every row.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::ToScalar(_) => true,
        ExprKind::Column(_) | ExprKind::Window { .. } => false,
        ExprKind::Call { args, .. } => args.iter().all(is_constant),
        ExprKind::Binary { left, right, .. } => is_constant(left) && is_constant(right),
        ExprKind::Negate(value) | ExprKind::Cast(value) | ExprKind::Member { value, .. } => {
            is_constant(value)
        }
        ExprKind::Between {
            value, low, high, ..
        } => [value, low, high].into_iter().all(|part| is_constant(part)),
        ExprKind::In { value, list, .. } => is_constant(value) && list.iter().all(is_constant),
        ExprKind::InSubquery { value, .. } => is_constant(value),
        ExprKind::Index { value, index } => is_constant(value) && is_constant(index),
    }
}

/// The type all `common` arguments share.
pub(super) fn shared_type(args: &[Expr], parameters: &[&Parameter]) -> Type {
    let shared = |p: &Parameter| {
        matches!(
            p.kind,
            Kind::Common | Kind::CommonOrderable | Kind::CommonOrDynamic
        )
    };
    let branches = parameters.iter().any(|p| p.kind == Kind::CommonOrDynamic);
    let adapt = if branches {
        coerce::Adapt::Dynamic
    } else {
        coerce::Adapt::All
    };
    let typed = args
        .iter()
        .zip(parameters)
        .filter(|(_, p)| shared(p))
        .map(|(arg, _)| arg.ty);
    coerce::common_as(typed, adapt)
}

/// The result type of a signature.
pub(super) fn result(
    signature: &Signature,
    args: &[Expr],
    parameters: &[&Parameter],
    literal: Option<Type>,
) -> Type {
    let argument = |index: usize| args.get(index).map_or(Type::Unknown, |arg| arg.ty);
    match signature.returns {
        Returns::Type(ty) => ty,
        Returns::Argument(index) => argument(index),
        Returns::Promoted => match argument(0) {
            Type::Int => Type::Long,
            ty => ty,
        },
        Returns::Widest => match coerce::common((0..args.len().max(2)).map(argument)) {
            Type::Int => Type::Long,
            ty => ty,
        },
        Returns::Common => shared_type(args, parameters),
        Returns::Literal => literal.unwrap_or(Type::String),
        Returns::Custom => Type::Dynamic,
    }
}

/// The result type where no signature fits: the one all have.
pub(super) fn agreed_result(known: &Known, args: &[Expr], literal: Option<Type>) -> Type {
    let mut types = known
        .signatures
        .iter()
        .map(|signature| result(signature, args, &[], literal));
    let first = types.next().unwrap_or(Type::Unknown);
    if types.all(|ty| ty == first) {
        first
    } else {
        Type::Unknown
    }
}
