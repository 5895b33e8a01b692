//! Completion and signature help: what may be written at a place of a half-typed query.
//!
//! Everything before the place decides, nothing behind it does: the text is cut there, a stand-in takes the place of the
//! word being typed, and parser and binder tell what they looked for and what is in scope ([`site`]). From that come the
//! names and words that fit ([`names`], [`words`]), best first ([`collect`]).

mod collect;
mod help;
mod names;
pub(crate) mod show;
pub(crate) mod site;
mod words;

use crate::bind::BindOptions;
use crate::catalog::Catalog;
use crate::types::Span;

pub(crate) use words::values;

pub use help::{SignatureHelp, signature_help};

/// No more items than this in one answer.
pub const MAX_ITEMS: usize = 500;

/// What may be written at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The word being typed, which an item replaces; empty where none is.
    pub replace: Span,
    /// What fits, best first; no more than [`MAX_ITEMS`].
    pub items: Vec<CompletionItem>,
    /// More would fit.
    pub more: bool,
}

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionItem {
    /// The name to show and to filter by.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// The text to insert: a name that needs it is bracketed, a function has its opening bracket.
    pub insert: String,
    /// A signature, a type, or what a table holds.
    pub detail: String,
    /// Documentation; empty when there is none.
    pub doc: String,
    /// What fits best has the least; equal ones stand in a sensible order.
    pub rank: u8,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A tabular operator, or an operator between scalars.
    Operator,
    /// A word of the language.
    Keyword,
    /// A column in scope.
    Column,
    /// A table, stored or of a `let`.
    Table,
    /// A scalar function, a function of the text or a stored one.
    Function,
    /// An aggregation function.
    Aggregate,
    /// A plugin.
    Plugin,
    /// A scalar `let` or parameter.
    Variable,
    /// An option or a property.
    Option,
    /// A scalar type.
    Type,
    /// A value of an option.
    Value,
}

impl CompletionKind {
    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Keyword => "keyword",
            Self::Column => "column",
            Self::Table => "table",
            Self::Function => "function",
            Self::Aggregate => "aggregate",
            Self::Plugin => "plugin",
            Self::Variable => "variable",
            Self::Option => "option",
            Self::Type => "type",
            Self::Value => "value",
        }
    }
}

/// What may be written at a byte offset; nothing inside strings, comments and numbers.
///
/// An offset past the end is the end, one inside a character is that character's start.
#[must_use]
pub fn complete(
    text: &str,
    position: usize,
    catalog: &dyn Catalog,
    options: &BindOptions,
) -> Completions {
    let Some(site) = site::Site::at(text, position, catalog, options) else {
        let at = site::floor(text, position);
        return Completions {
            replace: Span::new(at, at),
            ..Completions::default()
        };
    };
    let mut found = collect::Collector::new(site.prefix);
    if site.member {
        names::members(&site, catalog, &mut found);
    } else {
        words::fill(&site, &mut found);
        names::fill(&site, catalog, &mut found);
    }
    let (mut items, more) = found.finish(MAX_ITEMS);
    names::describe_tables(&mut items, &site, catalog);
    Completions {
        replace: site.replace,
        items,
        more,
    }
}
