//! Text to tree, and nothing else.

pub mod ast;
