//! The Kusto Query Language: lexer, recovering parser, binder and type checker, function table, diagnostics.
//!
//! A text becomes a typed plan in two steps, neither of which does I/O or fails:
//!
//! - [`syntax::parse`] gives a tree with byte spans and a list of diagnostics, whatever the text.
//! - [`bind`] resolves every name against a [`Catalog`] and the scopes of the text, checks types, inlines functions and
//!   `let`s, and gives the [`plan::Query`] that an engine runs.
//!
//! [`format()`] prints a text in the house style of published queries.
//!
//! The reference is Microsoft's: "Kusto Query Language" in the Azure Data Explorer documentation.

mod bind;
pub mod catalog;
pub mod complete;
pub mod diagnostic;
mod format;
pub mod functions;
pub mod hover;
pub mod operators;
pub mod plan;
pub mod scalar_operators;
pub mod syntax;
pub mod types;
mod walk;

pub use bind::{BindOptions, Bound, Dialect, bind};
pub use catalog::{Catalog, FunctionDef, StaticCatalog, TableDef};
pub use complete::{
    CompletionItem, CompletionKind, Completions, SignatureHelp, complete, signature_help,
};
pub use diagnostic::{
    Code, Diagnostic, DiagnosticJson, EditorDiagnostic, Position, Related, Severity,
};
pub use format::{FormatOptions, Formatted, format};
pub use hover::{Hover, hover};
pub use plan::Query;
pub use types::{Span, Type};
