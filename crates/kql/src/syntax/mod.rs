//! Text to syntax tree: the lexer, the tree and the recovering parser. Nothing in here knows a schema.

mod expression;
mod keyword;
pub mod lexer;
mod like;
pub mod literal;
mod operator;
pub mod parser;
mod primary;
mod statement;
pub mod tree;

pub use parser::{Parsed, parse};
