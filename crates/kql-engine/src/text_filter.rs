//! What this crate's functions mean in a filter, for a scan that keeps an index of texts.

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::scalar::ScalarValue;

/// A test of a column's text against constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFilter<'e> {
    /// The column's name in the filter.
    pub column: &'e str,
    /// Texts looked for; none is empty.
    pub texts: Vec<&'e str>,
    /// Whether all of them must be found, or one.
    pub all: bool,
    /// Where a text must stand.
    pub place: TextPlace,
}

/// Where in a value a text stands when the test holds. Some tests ignore case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPlace {
    /// It is the whole value (`=~`, `in~`).
    Value,
    /// Anywhere. Terms are maximal runs of letters and digits ("String operators" in the Kusto
    /// reference).
    Within {
        /// A term that begins the text begins in the value, too (`has`, `hasprefix`, `startswith`).
        starts: bool,
        /// A term that ends the text ends in the value, too (`has`, `hassuffix`, `endswith`).
        ends: bool,
    },
}

/// Whether a function of this crate, by its name in a plan, takes an array of views of texts as its first argument as
/// well as one of plain texts.
#[must_use]
pub fn takes_views(name: &str) -> bool {
    let function = name
        .strip_prefix("kql:")
        .and_then(|name| name.split('(').next());
    let test = function.map(|function| function.strip_suffix("_cs").unwrap_or(function));
    matches!(
        test,
        Some("op:eq_ci" | "op:in_ci" | "op:startswith" | "op:endswith")
    )
}

/// The test that a call of one of this crate's functions makes; `None` when it is no such thing.
#[must_use]
pub fn text_filter(call: &ScalarFunction) -> Option<TextFilter<'_>> {
    let function = call.func.name().strip_prefix("kql:")?.split('(').next()?;
    let within = |starts, ends| TextPlace::Within { starts, ends };
    let (place, all) = match function.strip_suffix("_cs").unwrap_or(function) {
        "op:eq_ci" | "op:in_ci" => (TextPlace::Value, false),
        "op:has" | "op:has_any" => (within(true, true), false),
        "op:has_all" => (within(true, true), true),
        "op:hasprefix" | "op:startswith" => (within(true, false), false),
        "op:hassuffix" | "op:endswith" => (within(false, true), false),
        "op:contains" => (within(false, false), false),
        _ => return None,
    };
    let (column, texts) = call.args.split_first()?;
    let Expr::Column(column) = column else {
        return None;
    };
    let texts: Vec<&str> = texts.iter().map(constant).collect::<Option<_>>()?;
    Some(TextFilter {
        column: &column.name,
        texts,
        all,
        place,
    })
}

fn constant(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) if !text.is_empty() => Some(text),
        _ => None,
    }
}
