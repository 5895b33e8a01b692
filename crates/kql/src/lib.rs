//! The Kusto Query Language: lexer, recovering parser, binder and type checker, function table, diagnostics.
//!
//! A text becomes a typed plan in two steps, neither of which does I/O or fails:
//!
//! - [`syntax::parse`] gives a tree with byte spans and a list of diagnostics, whatever the text.
//! - [`bind`] resolves every name against a [`Catalog`] and the scopes of the text, checks types, inlines functions and
//!   `let`s, and gives the [`plan::Query`] that an engine runs.
//!
//! The reference is Microsoft's: "Kusto Query Language" in the Azure Data Explorer documentation.

mod bind;
pub mod catalog;
pub mod diagnostic;
pub mod functions;
pub mod plan;
pub mod syntax;
pub mod types;
mod walk;

pub use bind::{BindOptions, Bound, Dialect, bind};
pub use catalog::{Catalog, FunctionDef, StaticCatalog, TableDef};
pub use diagnostic::{
    Code, Diagnostic, DiagnosticJson, EditorDiagnostic, Position, Related, Severity,
};
pub use plan::Query;
pub use types::{Span, Type};
