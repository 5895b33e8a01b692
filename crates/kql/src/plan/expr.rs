//! Scalar expressions of the plan.

use super::{ColumnId, Rel};
use crate::types::{Span, Type};

/// A typed scalar expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// Result type.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// Expression kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant of type `Expr::ty`.
    Literal(Literal),
    /// A column of the input.
    Column(ColumnId),
    /// A scalar function by canonical lower-case name (an entry of the function table; aliases resolved). Arguments
    /// have the types of one of its signatures. Includes `iff`, `case`, `coalesce`, `bin`, `tostring`, `not`, ...
    Call {
        /// Canonical name.
        function: &'static str,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// A window function (`prev`, `next`, `row_number`, `row_cumsum`, `row_rank_dense`, `row_rank_min`,
    /// `row_window_session`) over a serialized input, at any depth of an expression.
    Window {
        /// Canonical name.
        function: &'static str,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// A binary operator; see [`Operator`] for operand types.
    Binary {
        /// Operator.
        op: Operator,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// Numeric or timespan minus.
    Negate(Box<Expr>),
    /// `between` / `!between`: inclusive; null anywhere gives null. All three have one type (`datetime between
    /// (datetime .. timespan)` is already written out as `low + timespan`).
    Between {
        /// `!between`.
        negated: bool,
        /// Value.
        value: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
    },
    /// `in`, `in~`, `has_any`, `has_all` and negations against listed values. An element of type `dynamic` stands for
    /// all elements of that array (when `value` isn't dynamic); other elements have `value`'s type.
    In {
        /// Which test.
        op: InOperator,
        /// Tested value.
        value: Box<Expr>,
        /// Elements.
        list: Vec<Expr>,
    },
    /// The same against the only column that matters, the first, of a sub-plan. An element type other than
    /// `value`'s is converted to it.
    InSubquery {
        /// Which test.
        op: InOperator,
        /// Tested value.
        value: Box<Expr>,
        /// Elements: the first column's values.
        input: Box<Rel>,
    },
    /// `value.name` or `value['name']` on a dynamic; result dynamic, null when absent.
    Member {
        /// A dynamic.
        value: Box<Expr>,
        /// Property.
        name: String,
    },
    /// `value[index]` on a dynamic: a long index (negative counts from the end) or a computed string property.
    Index {
        /// A dynamic.
        value: Box<Expr>,
        /// Long, string or dynamic.
        index: Box<Expr>,
    },
    /// Implicit conversion to `Expr::ty`, with the meaning of `toT(value)`: int to long, integers to real, numbers to
    /// decimal, anything to dynamic, dynamic to anything (null when the value does not convert; "" for string).
    Cast(Box<Expr>),
    /// `toscalar(...)`: first column of the first row, null (or "") for no rows. Constant for the whole query.
    ToScalar(Box<Rel>),
}

/// A constant. Ticks are 100 ns.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Null of the expression's type (never `string`).
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i32),
    /// `long`.
    Long(i64),
    /// `real`.
    Real(f64),
    /// `decimal`, digits as written.
    Decimal(String),
    /// `string`.
    String(String),
    /// `datetime`: ticks since 0001-01-01.
    DateTime(i64),
    /// `timespan`: ticks.
    TimeSpan(i64),
    /// `guid`: lower case with dashes.
    Guid(String),
    /// `dynamic`: JSON text.
    Dynamic(String),
}

/// Binary operators. Operand types after binding:
///
/// - `Add`, `Subtract`, `Multiply`, `Divide`, `Modulo`: both operands and the result of one numeric type; or
///   datetime + timespan, timespan + datetime, datetime - timespan (datetime); datetime - datetime, timespan +/- timespan
///   (timespan); timespan * number, number * timespan (number is real or long, result timespan); timespan / timespan (real);
///   timespan / number (timespan); timespan % timespan, datetime % timespan (timespan). Integer division truncates;
///   division by zero gives null for integers.
/// - comparisons: both of one type. `Equal`/`NotEqual` may see two dynamics. Null with anything gives null, except that
///   `Equal`/`NotEqual` follow the reference's null rules (`where x != 1` keeps no null row).
/// - `And`, `Or`: bool, three-valued.
/// - all others: both strings, result bool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `=~`
    EqualIgnoreCase,
    /// `!~`
    NotEqualIgnoreCase,
    Has,
    NotHas,
    HasCs,
    NotHasCs,
    HasPrefix,
    NotHasPrefix,
    HasPrefixCs,
    NotHasPrefixCs,
    HasSuffix,
    NotHasSuffix,
    HasSuffixCs,
    NotHasSuffixCs,
    Contains,
    NotContains,
    ContainsCs,
    NotContainsCs,
    StartsWith,
    NotStartsWith,
    StartsWithCs,
    NotStartsWithCs,
    EndsWith,
    NotEndsWith,
    EndsWithCs,
    NotEndsWithCs,
    /// `matches regex`
    MatchesRegex,
}

/// Membership tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum InOperator {
    In,
    NotIn,
    /// `in~`
    InIgnoreCase,
    /// `!in~`
    NotInIgnoreCase,
    HasAny,
    HasAll,
}
