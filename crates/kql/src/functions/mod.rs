//! The function table: every scalar function, aggregate, window function and plugin of the language with its
//! signatures, a line of documentation and an example. One more function is one more entry in one of these modules.
//!
//! A signature is written as people read it, `(text: string, start: integer, length: integer?) -> string`, and parsed
//! once. Words before a kind: `const` (no column), `literal` (written out), `column` (a column), `star_or` (or `*`), `in=a|b` (one of these words). After it: `?`
//! optional, `*` any number, `+` one or more, `{2}` two or more. Kinds are types or classes of them, see [`Kind`].
//! Results: a type, `arg0`/`arg1` (that argument's type), `promoted` (int becomes long), `widest`, `common`, `literal`
//! (the type a `typeof` argument names) and `custom` (the binder knows).

mod aggregates;
mod conversion;
mod datetime;
mod describe;
mod dynamic;
mod encoding;
mod geo;
mod groups;
mod logic;
mod math;
mod network;
mod plugins;
mod series;
pub mod signature;
mod sketch;
mod system;
mod text;
pub mod tuples;
mod units;
mod window;
pub mod workspace;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use groups::{GROUPS, Group};
pub use signature::{Kind, Parameter, Returns, Signature};

/// How a column computed by this function is called when the query does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `Column1`, `print_0`.
    Anonymous,
    /// Like its first argument: `tostring(a)` is `a`.
    Argument,
    /// Like its argument, when it is the only one.
    OnlyArgument,
    /// `prefix_argument`: `dcount(a)` is `dcount_a`.
    Prefixed(&'static str),
    /// Always so.
    Fixed(&'static str),
    /// The column its first argument, a string, names.
    Column,
}

/// What kind of function an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// Computes a value per row.
    Scalar,
    /// Computes a value from neighbouring rows of an ordered table.
    Window,
    /// Computes a value per group.
    Aggregate,
    /// Stands after `evaluate`.
    Plugin,
}

/// An entry of the table.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Name, as written in queries.
    pub name: &'static str,
    /// Signatures as text; see the module's documentation for the notation.
    pub signatures: &'static [&'static str],
    /// One line.
    pub doc: &'static str,
    /// What stands behind `extend x =`, `summarize` or `evaluate`. Where it compares two constants, the result is true.
    pub example: &'static str,
    /// Default column name.
    pub naming: Naming,
    /// The name the plan uses, when this entry is another spelling.
    pub alias_of: Option<&'static str>,
}

impl Function {
    const fn new(
        name: &'static str,
        signatures: &'static [&'static str],
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            signatures,
            doc,
            example: "",
            naming: Naming::Anonymous,
            alias_of: None,
        }
    }

    const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    const fn prefixed(mut self, prefix: &'static str) -> Self {
        self.naming = Naming::Prefixed(prefix);
        self
    }

    const fn called(mut self, name: &'static str) -> Self {
        self.naming = Naming::Fixed(name);
        self
    }

    const fn named_as_argument(mut self) -> Self {
        self.naming = Naming::Argument;
        self
    }

    const fn named_as_only_argument(mut self) -> Self {
        self.naming = Naming::OnlyArgument;
        self
    }

    const fn named_as_column(mut self) -> Self {
        self.naming = Naming::Column;
        self
    }

    const fn alias_of(mut self, name: &'static str) -> Self {
        self.alias_of = Some(name);
        self
    }

    /// The name the plan uses.
    #[must_use]
    pub fn canonical(&self) -> &'static str {
        self.alias_of.unwrap_or(self.name)
    }
}

/// An entry with its parsed signatures.
#[derive(Debug)]
pub struct Known {
    /// The entry.
    pub function: &'static Function,
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// Its kind.
    pub kind: FunctionKind,
}

impl Known {
    /// The example in its place in a query over a table `T`.
    #[must_use]
    pub fn example_query(&self) -> String {
        let example = self.function.example;
        match self.kind {
            FunctionKind::Scalar => format!("T | extend x = {example}"),
            FunctionKind::Window => format!("T | serialize | extend x = {example}"),
            FunctionKind::Aggregate => format!("T | summarize {example}"),
            FunctionKind::Plugin => format!("T | evaluate {example}"),
        }
    }
}

type Table = HashMap<&'static str, Known>;

fn table(kinds: &[FunctionKind]) -> Table {
    let groups = GROUPS.iter().filter(|group| kinds.contains(&group.kind));
    let entries =
        groups.flat_map(|group| group.entries.iter().map(move |entry| (group.kind, entry)));
    entries
        .map(|(kind, function)| {
            let signatures = function
                .signatures
                .iter()
                .filter_map(|text| Signature::parse(text))
                .collect();
            (
                function.name,
                Known {
                    function,
                    signatures,
                    kind,
                },
            )
        })
        .collect()
}

static SCALARS: LazyLock<Table> =
    LazyLock::new(|| table(&[FunctionKind::Scalar, FunctionKind::Window]));
static AGGREGATES: LazyLock<Table> = LazyLock::new(|| table(&[FunctionKind::Aggregate]));
static PLUGINS: LazyLock<Table> = LazyLock::new(|| table(&[FunctionKind::Plugin]));

/// The scalar or window function of this name.
#[must_use]
pub fn scalar(name: &str) -> Option<&'static Known> {
    SCALARS.get(name)
}

/// The aggregate of this name.
#[must_use]
pub fn aggregate(name: &str) -> Option<&'static Known> {
    AGGREGATES.get(name)
}

/// The plugin of this name.
#[must_use]
pub fn plugin(name: &str) -> Option<&'static Known> {
    PLUGINS.get(name)
}

/// Every entry, by kind and name; for documentation, completion and "did you mean".
#[must_use]
pub fn all() -> Vec<&'static Known> {
    let mut all: Vec<&Known> = SCALARS
        .values()
        .chain(AGGREGATES.values())
        .chain(PLUGINS.values())
        .collect();
    all.sort_by_key(|known| (known.kind as u8, known.function.name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_reads() {
        for known in all() {
            assert_eq!(
                known.signatures.len(),
                known.function.signatures.len(),
                "{}",
                known.function.name
            );
        }
    }

    #[test]
    fn every_function_is_documented() {
        let bare: Vec<_> = all()
            .iter()
            .filter(|known| known.function.doc.is_empty())
            .map(|known| known.function.name)
            .collect();
        assert!(bare.is_empty(), "without a doc line: {bare:?}");
    }

    #[test]
    fn aliases_lead_somewhere() {
        for known in all() {
            if let Some(target) = known.function.alias_of {
                assert!(scalar(target).or(aggregate(target)).is_some(), "{target}");
            }
        }
    }
}
