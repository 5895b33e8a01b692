//! Text to syntax tree: the lexer, the tree and the recovering parser. Nothing in here knows a schema.

mod expression;
pub mod lexer;
pub mod literal;
mod operator;
pub mod parser;
pub mod tree;

pub use parser::{Parsed, parse};
