//! Warnings: what the language accepts and is surely a mistake, seen from one expression.

use super::Binder;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::Known;
use crate::plan::{Expr, ExprKind, Literal, Operator};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S};
use crate::types::Span;

impl Binder<'_> {
    pub(super) fn suspicious(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.report(Diagnostic::warning(Code::Suspicious, span, message).hint(hint));
    }

    /// Looks at an operator, its operands as written and as bound.
    pub(super) fn lint_binary(
        &mut self,
        op: Operator,
        (left, right): (&Syntax, &Syntax),
        (bound_left, bound_right): (&Expr, &Expr),
        span: Span,
    ) {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        if matches!(op, Equal | NotEqual) {
            self.lint_null(left, right, span);
        }
        if matches!(
            op,
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual
        ) && let (ExprKind::Column(a), ExprKind::Column(b)) =
            (&bound_left.kind, &bound_right.kind)
            && a == b
        {
            let message = "a column is compared with itself";
            self.suspicious(span, message, "one side should be another column");
        }
        if op == Operator::MatchesRegex {
            self.lint_regex(bound_right);
        }
        self.lint_contradiction(op, (bound_left, bound_right));
        if let Some(text) = literal_text(right) {
            self.lint_case(op, left, text, right.span);
            self.lint_wildcard(op, text, right.span);
        }
    }

    /// `x == null` is true for no row.
    fn lint_null(&mut self, left: &Syntax, right: &Syntax, span: Span) {
        let null = |value: &Syntax| match &value.kind {
            S::Literal(Constant::Null(_)) => true,
            S::Literal(Constant::Dynamic(json)) => json == "null",
            _ => false,
        };
        if null(left) != null(right) {
            let message = "a comparison with null is never true";
            self.suspicious(span, message, "write `isnull(...)` or `isnotnull(...)`");
        }
    }

    /// `tolower(x) == "ABC"` is true for no row.
    fn lint_case(&mut self, op: Operator, left: &Syntax, text: &str, span: Span) {
        use Operator::{ContainsCs, EndsWithCs, Equal, HasCs, NotEqual, StartsWithCs};
        let S::Call {
            receiver: None,
            name,
            ..
        } = &left.kind
        else {
            return;
        };
        if !matches!(
            op,
            Equal | NotEqual | ContainsCs | EndsWithCs | HasCs | StartsWithCs
        ) {
            return;
        }
        let wrong = match name.text.as_str() {
            "tolower" => text.chars().any(char::is_uppercase),
            "toupper" => text.chars().any(char::is_lowercase),
            _ => return,
        };
        if wrong {
            let message = format!("`{}` never gives a text in this case", name.text);
            let hint = "write the text in that case, or compare with `=~`, which ignores case";
            self.suspicious(span, message, hint);
        }
    }

    /// `has "abc*"` looks for the star itself. A text that is only a star means something else to its writer too.
    fn lint_wildcard(&mut self, op: Operator, text: &str, span: Span) {
        use Operator::{
            Contains, Equal, EqualIgnoreCase, Has, HasPrefix, HasSuffix, NotContains, NotEqual,
            NotHas,
        };
        let inner = text.trim_matches('*');
        let word = |c: char| c.is_alphanumeric();
        let starred = inner.len() < text.len()
            && inner.chars().any(word)
            && !inner.contains('*')
            && inner.starts_with(word)
            && inner.ends_with(word);
        let (like, terms) = match op {
            Has | NotHas | HasPrefix | HasSuffix => (true, true),
            Contains | NotContains => (true, false),
            Equal | NotEqual | EqualIgnoreCase => (false, false),
            _ => return,
        };
        // Where only whole values are compared, one star may well be part of the value.
        let both = text.starts_with('*') && text.ends_with('*');
        if !starred || !(like || both) {
            return;
        }
        let message = "a `*` in the text is no wildcard here; it is looked for as it is";
        let hint = match (text.starts_with('*'), text.ends_with('*')) {
            _ if like && !terms => "leave the `*` out: `contains` finds parts anyway",
            (true, true) => "use `contains` without the `*`",
            (true, false) => "use `endswith` or `hassuffix` without the `*`",
            _ => "use `startswith` or `hasprefix` without the `*`",
        };
        self.suspicious(span, message, hint);
    }

    /// `between (high .. low)` is true for no row.
    pub(super) fn lint_between(&mut self, low: &Expr, high: &Expr, span: Span) {
        let reversed = match (&low.kind, &high.kind) {
            (ExprKind::Literal(Literal::Long(l)), ExprKind::Literal(Literal::Long(h)))
            | (ExprKind::Literal(Literal::DateTime(l)), ExprKind::Literal(Literal::DateTime(h)))
            | (ExprKind::Literal(Literal::TimeSpan(l)), ExprKind::Literal(Literal::TimeSpan(h))) => {
                l > h
            }
            (ExprKind::Literal(Literal::Real(l)), ExprKind::Literal(Literal::Real(h))) => l > h,
            _ => false,
        };
        if reversed {
            let message = "the range ends before it begins, so nothing lies in it";
            self.suspicious(span, message, "write the lower end first");
        }
    }

    /// `ago(-1d)` lies in the future.
    pub(super) fn lint_ago(&mut self, ticks: i64, span: Span) {
        if ticks < 0 {
            let message = "`ago` of a negative time lies in the future";
            self.suspicious(span, message, "leave the `-` out");
        }
    }

    /// `where 1 == 2`: the same for every row, and visible as such.
    pub(super) fn lint_condition(&mut self, condition: &Syntax) {
        let S::Binary(op, _, left, right) = &condition.kind else {
            return;
        };
        let (S::Literal(left), S::Literal(right)) = (&left.kind, &right.kind) else {
            return;
        };
        // `1 == 1` is how conditions are stubbed out; nobody is surprised by it.
        let same = match op {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            _ => true,
        };
        if !same {
            let message = "this condition is false for every row";
            self.suspicious(condition.span, message, "compare with a column");
        }
    }

    /// An older name of a function.
    pub(super) fn lint_deprecated(&mut self, known: &Known, span: Span) {
        let name = known.function.name;
        let Some(new) = replacement(known) else {
            return;
        };
        let message = format!("`{name}` is deprecated");
        let hint = if name == "replace" {
            format!("write `{new}`, which takes the text first")
        } else {
            format!("write `{new}`")
        };
        self.report(Diagnostic::warning(Code::Deprecated, span, message).hint(hint));
    }
}

/// Names the reference marks as deprecated (each one's page names the replacement). Sorted.
const DEPRECATED: &[&str] = &[
    "any",
    "anyif",
    "argmax",
    "argmin",
    "arraylength",
    "base64_decodestring",
    "base64_encodestring",
    "columnifexists",
    "datepart",
    "extractall",
    "make_string",
    "makelist",
    "makeset",
    "notempty",
    "notnull",
    "pack",
    "pack_dictionary",
    "parsejson",
    "parseurl",
    "parseurlquery",
    "replace",
    "to_utf8",
    "totime",
    "weekofyear",
];

/// The name to write for a deprecated one.
fn replacement(known: &Known) -> Option<&'static str> {
    let name = known.function.name;
    let deprecated = DEPRECATED.binary_search(&name).is_ok();
    // Its arguments stand in another order, so it is no other spelling of the same function.
    let other = (name == "replace").then_some("replace_regex");
    known.function.alias_of.or(other).filter(|_| deprecated)
}

fn literal_text(syntax: &Syntax) -> Option<&str> {
    match &syntax.kind {
        S::Literal(Constant::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    #[test]
    fn deprecated_names_are_sorted_and_have_a_replacement() {
        assert!(DEPRECATED.is_sorted());
        for name in DEPRECATED {
            let known = functions::scalar(name).or(functions::aggregate(name));
            assert!(known.and_then(replacement).is_some(), "{name}");
        }
    }
}
