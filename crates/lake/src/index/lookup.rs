//! What a filter looks for, as keys of the term index.

use std::fmt;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::keys::{ANYWHERE, Places};
use super::terms::{needle_keys, value_key};

/// Most texts of one list that are looked up; a longer one is not worth it.
const TEXTS_MAX: usize = 10_000;

/// A test of a column's text, as a function of a query's own makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTest {
    /// The stored column.
    pub column: String,
    /// Texts looked for.
    pub texts: Vec<String>,
    /// Whether all of them must be found, or one.
    pub all: bool,
    /// Where a text must stand.
    pub place: TextPlace,
}

/// Where in a value a text must stand for a test to hold. Case may be ignored or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPlace {
    /// It is the whole value.
    Value,
    /// It occurs. A term (a run of letters and digits) that begins or ends it may go on in the
    /// value, unless that side is said to be whole.
    Within {
        /// The first term begins in the value where it begins in the text.
        starts: bool,
        /// The last term ends in the value where it ends in the text.
        ends: bool,
    },
}

/// Tells the lake which calls in a filter are tests of text. The lake knows no query language:
/// whoever brings functions of its own into filters says what they mean.
pub trait TextCalls: Send + Sync + fmt::Debug {
    /// The test that a call makes of a stored column; `None` when it is no such thing.
    fn text_test(&self, call: &ScalarFunction) -> Option<TextTest>;

    /// Whether a function of this name takes views of texts, too, as its first argument. With constants as the
    /// others it is then computed over views.
    fn takes_views(&self, _function: &str) -> bool {
        false
    }
}

/// A condition on the keys of a row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Says nothing.
    Any,
    All(Vec<Lookup>),
    Either(Vec<Lookup>),
    /// All of these keys of a column.
    Keys {
        column: String,
        keys: Vec<u64>,
    },
}

impl Lookup {
    /// The places of a row group that may have a matching row, given those that may hold a
    /// column's key.
    pub(crate) fn places(&self, of_key: &impl Fn(&str, u64) -> Places) -> Places {
        let all = |places: &mut dyn Iterator<Item = Places>| {
            let mut left = ANYWHERE;
            while left != 0
                && let Some(next) = places.next()
            {
                left &= next;
            }
            left
        };
        match self {
            Self::Any => ANYWHERE,
            Self::All(parts) => all(&mut parts.iter().map(|part| part.places(of_key))),
            Self::Either(parts) => parts.iter().fold(0, |sum, part| sum | part.places(of_key)),
            Self::Keys { column, keys } => all(&mut keys.iter().map(|key| of_key(column, *key))),
        }
    }

    /// Calls `f` with each column that is asked for.
    pub(crate) fn columns<'l>(&'l self, f: &mut impl FnMut(&'l str)) {
        match self {
            Self::Any => {}
            Self::All(parts) | Self::Either(parts) => {
                parts.iter().for_each(|part| part.columns(f));
            }
            Self::Keys { column, .. } => f(column),
        }
    }

    fn all(mut parts: Vec<Self>) -> Self {
        parts.retain(|part| *part != Self::Any);
        match parts.len() {
            0 => Self::Any,
            1 => parts.swap_remove(0),
            _ => Self::All(parts),
        }
    }

    fn either(mut parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Any) {
            return Self::Any;
        }
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => Self::Either(parts),
        }
    }

    fn keys(column: &str, keys: Vec<u64>) -> Self {
        if keys.is_empty() {
            return Self::Any;
        }
        let column = column.to_owned();
        Self::Keys { column, keys }
    }
}

/// What filters that must all hold look for; only in columns that `text` says are indexed.
pub(crate) fn read_filters(
    filters: &[Expr],
    calls: Option<&dyn TextCalls>,
    text: &dyn Fn(&str) -> bool,
) -> Lookup {
    let reader = Reader { calls, text };
    Lookup::all(filters.iter().map(|filter| reader.read(filter)).collect())
}

struct Reader<'r> {
    calls: Option<&'r dyn TextCalls>,
    text: &'r dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn read(&self, filter: &Expr) -> Lookup {
        match filter {
            Expr::Alias(alias) => self.read(&alias.expr),
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::InList(list) => self.list(list),
            Expr::ScalarFunction(call) => {
                let test = self.calls.and_then(|calls| calls.text_test(call));
                test.map_or(Lookup::Any, |test| self.test(&test))
            }
            _ => Lookup::Any,
        }
    }

    fn binary(&self, binary: &BinaryExpr) -> Lookup {
        match binary.op {
            Operator::And => Lookup::all(vec![self.read(&binary.left), self.read(&binary.right)]),
            Operator::Or => Lookup::either(vec![self.read(&binary.left), self.read(&binary.right)]),
            Operator::Eq => {
                let sides = [
                    (&*binary.left, &*binary.right),
                    (&*binary.right, &*binary.left),
                ];
                let found = sides
                    .into_iter()
                    .find_map(|(column, value)| Some((self.column(column)?, text_of(value)?)));
                found.map_or(Lookup::Any, |(column, text)| {
                    Lookup::keys(column, vec![value_key(text)])
                })
            }
            _ => Lookup::Any,
        }
    }

    fn list(&self, list: &InList) -> Lookup {
        let Some(column) = self.column(&list.expr) else {
            return Lookup::Any;
        };
        let texts: Option<Vec<&str>> = list.list.iter().map(text_of).collect();
        match texts {
            Some(texts) if !list.negated && texts.len() <= TEXTS_MAX => Lookup::either(
                texts
                    .into_iter()
                    .map(|text| Lookup::keys(column, vec![value_key(text)]))
                    .collect(),
            ),
            _ => Lookup::Any,
        }
    }

    fn test(&self, test: &TextTest) -> Lookup {
        if !(self.text)(&test.column) || test.texts.len() > TEXTS_MAX {
            return Lookup::Any;
        }
        let parts = test.texts.iter().map(|text| {
            let keys = match test.place {
                // Without case, only ASCII compares the same way everywhere.
                TextPlace::Value if text.is_ascii() => vec![value_key(text)],
                TextPlace::Value => Vec::new(),
                TextPlace::Within { starts, ends } => needle_keys(text, starts, ends),
            };
            Lookup::keys(&test.column, keys)
        });
        if test.all {
            Lookup::all(parts.collect())
        } else {
            Lookup::either(parts.collect())
        }
    }

    fn column<'e>(&self, expr: &'e Expr) -> Option<&'e str> {
        match expr {
            Expr::Column(column) if (self.text)(&column.name) => Some(&column.name),
            _ => None,
        }
    }
}

/// A text that no missing value reads as.
fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) if !text.is_empty() => Some(text),
        _ => None,
    }
}
