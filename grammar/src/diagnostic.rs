//! What is wrong with a program, as plain data.
//!
//! A `Diagnostic` knows where and what, never how it is drawn. The lexer, the parser, the checks and
//! everything behind them produce this one type.

use crate::ast::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// A place in the source and what there is to say about it (may be empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

/// One message to the author of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The class of the exception Python raises for it: `SyntaxError`, `IndentationError`, `TabError` ...
    pub code: &'static str,
    pub message: String,
    /// The first label is the place itself; others are context.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with the given code at the given place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        let labels = vec![Label { span, message: String::new() }];
        Diagnostic { severity: Severity::Error, code, message: message.into(), labels, notes: Vec::new(), help: None }
    }

    /// A `SyntaxError` at the given place.
    pub fn syntax(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error("SyntaxError", span, message)
    }

    /// Adds a place of context.
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The main place; the beginning of the source when there is none.
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }
}
