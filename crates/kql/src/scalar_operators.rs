//! The operators between two scalars, for completion and hover.
//!
//! Facts from "Scalar operators" in the Kusto Query Language reference.

/// What an operator is mostly used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// Truth values.
    Logic,
    /// Values of any type.
    Equality,
    /// Numbers and times.
    Order,
    /// Numbers and times.
    Arithmetic,
    /// Texts.
    Text,
}

/// An operator between two scalars.
#[derive(Clone, Copy, Debug)]
pub struct ScalarOperator {
    /// As written in queries.
    pub name: &'static str,
    /// What it is mostly used with.
    pub fits: Fits,
    /// One line.
    pub doc: &'static str,
}

const fn op(name: &'static str, fits: Fits, doc: &'static str) -> ScalarOperator {
    ScalarOperator { name, fits, doc }
}

/// The operator of this name.
#[must_use]
pub fn scalar(name: &str) -> Option<&'static ScalarOperator> {
    SCALAR.iter().find(|operator| operator.name == name)
}

/// Every operator, the common ones of its kind first.
pub const SCALAR: &[ScalarOperator] = &[
    op("==", Fits::Equality, "Equal; the case of letters counts."),
    op(
        "!=",
        Fits::Equality,
        "Not equal; the case of letters counts.",
    ),
    op(
        "=~",
        Fits::Text,
        "Equal without regard to the case of letters.",
    ),
    op(
        "!~",
        Fits::Text,
        "Not equal, also without regard to the case of letters.",
    ),
    op("<", Fits::Order, "Less than."),
    op("<=", Fits::Order, "Less than or equal."),
    op(">", Fits::Order, "Greater than."),
    op(">=", Fits::Order, "Greater than or equal."),
    op(
        "between",
        Fits::Order,
        "In the range, both ends included: `x between (low .. high)`.",
    ),
    op("!between", Fits::Order, "Not in the range."),
    op(
        "in",
        Fits::Equality,
        "Equal to one of the values, or to a value of the table's first column.",
    ),
    op("!in", Fits::Equality, "Equal to none of the values."),
    op(
        "in~",
        Fits::Text,
        "Equal to one of the values without regard to the case of letters.",
    ),
    op(
        "!in~",
        Fits::Text,
        "Equal to none of the values, also without regard to the case of letters.",
    ),
    op(
        "has",
        Fits::Text,
        "Has the whole term; faster than `contains`.",
    ),
    op("!has", Fits::Text, "Does not have the whole term."),
    op(
        "has_cs",
        Fits::Text,
        "Has the whole term; the case of letters counts.",
    ),
    op(
        "!has_cs",
        Fits::Text,
        "Does not have the whole term; the case of letters counts.",
    ),
    op("has_any", Fits::Text, "Has one of the terms."),
    op("has_all", Fits::Text, "Has all of the terms."),
    op("hasprefix", Fits::Text, "Has a term that begins so."),
    op("!hasprefix", Fits::Text, "Has no term that begins so."),
    op(
        "hasprefix_cs",
        Fits::Text,
        "Has a term that begins so; the case of letters counts.",
    ),
    op(
        "!hasprefix_cs",
        Fits::Text,
        "Has no term that begins so; the case of letters counts.",
    ),
    op("hassuffix", Fits::Text, "Has a term that ends so."),
    op("!hassuffix", Fits::Text, "Has no term that ends so."),
    op(
        "hassuffix_cs",
        Fits::Text,
        "Has a term that ends so; the case of letters counts.",
    ),
    op(
        "!hassuffix_cs",
        Fits::Text,
        "Has no term that ends so; the case of letters counts.",
    ),
    op("contains", Fits::Text, "Holds the text anywhere."),
    op("!contains", Fits::Text, "Does not hold the text."),
    op(
        "contains_cs",
        Fits::Text,
        "Holds the text anywhere; the case of letters counts.",
    ),
    op(
        "!contains_cs",
        Fits::Text,
        "Does not hold the text; the case of letters counts.",
    ),
    op("startswith", Fits::Text, "Begins with the text."),
    op("!startswith", Fits::Text, "Does not begin with the text."),
    op(
        "startswith_cs",
        Fits::Text,
        "Begins with the text; the case of letters counts.",
    ),
    op(
        "!startswith_cs",
        Fits::Text,
        "Does not begin with the text; the case of letters counts.",
    ),
    op("endswith", Fits::Text, "Ends with the text."),
    op("!endswith", Fits::Text, "Does not end with the text."),
    op(
        "endswith_cs",
        Fits::Text,
        "Ends with the text; the case of letters counts.",
    ),
    op(
        "!endswith_cs",
        Fits::Text,
        "Does not end with the text; the case of letters counts.",
    ),
    op(
        "matches regex",
        Fits::Text,
        "Has a part that the regular expression describes.",
    ),
    op("and", Fits::Logic, "Both hold."),
    op("or", Fits::Logic, "At least one holds."),
    op("+", Fits::Arithmetic, "Sum."),
    op("-", Fits::Arithmetic, "Difference."),
    op("*", Fits::Arithmetic, "Product."),
    op(
        "/",
        Fits::Arithmetic,
        "Quotient; of two integers a whole number.",
    ),
    op("%", Fits::Arithmetic, "Remainder."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_parses_between_two_operands() {
        for operator in SCALAR {
            let right = match operator.name {
                "between" | "!between" => "(1 .. 2)",
                "in" | "!in" | "in~" | "!in~" | "has_any" | "has_all" => "(1)",
                _ => "b",
            };
            let text = format!("T | where a {} {right}", operator.name);
            assert!(crate::syntax::parse(&text).diagnostics.is_empty(), "{text}");
        }
    }
}
