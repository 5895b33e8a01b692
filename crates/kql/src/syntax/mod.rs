//! Text to syntax tree: the lexer, the tree and the recovering parser. Nothing in here knows a schema.

pub(crate) mod expected;
mod expression;
pub(crate) mod keyword;
pub mod lexer;
pub mod literal;
mod operator;
pub mod parser;
mod primary;
mod statement;
pub mod tree;

pub(crate) use operator::{Choice, HINTS, OPERATORS, SOURCES};
pub use parser::{Parsed, parse};
