//! Text to syntax tree: the lexer, the tree and the recovering parser. Nothing in here knows a schema.
//!
//! The tree is lossless by its spans: what it does not hold are blanks and comments, and [`trivia`] finds those in the
//! gaps between tokens.

pub(crate) mod expected;
mod expression;
pub(crate) mod keyword;
pub mod lexer;
mod like;
pub mod literal;
mod operator;
pub mod parser;
mod primary;
mod statement;
pub mod tree;
pub mod trivia;

#[cfg(test)]
pub(crate) use operator::SOURCES;
pub(crate) use operator::{Choice, HINTS, OPERATORS};
pub use parser::{Parsed, parse};
