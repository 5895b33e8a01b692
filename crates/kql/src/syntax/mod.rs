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

#[cfg(test)]
pub(crate) use operator::SOURCES;
pub(crate) use operator::{Choice, HINTS, OPERATORS};
pub use parser::{Parsed, parse};
