//! Text to tree, and nothing else.

#![deny(unsafe_code)]

mod arguments;
pub mod ast;
mod builder;
mod check;
pub mod diagnostic;
mod explain;
mod layout;
mod lexer;
mod line_index;
mod literal_warnings;
mod number;
mod parse;
mod patterns;
mod recover;
mod soft_keywords;
mod string_parts;
mod strings;
pub mod surrogate;
mod targets;
mod token;

pub use builder::MAXIMUM_DEPTH;
pub use check::{CheckOptions, Findings, check, check_expression};
pub use diagnostic::{Diagnostic, Label, Severity};
pub use line_index::LineIndex;
pub use literal_warnings::literal_warnings;
pub use parse::{parse, parse_expression};

lalrpop_util::lalrpop_mod!(
    #[allow(unused, clippy::all)]
    python
);
