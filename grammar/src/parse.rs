//! From a source to its tree, or to everything that is wrong with it.

use std::cell::Cell;

use lalrpop_util::ParseError;

use crate::ast::{Expression, Module, Span};
use crate::builder::{Builder, Source};
use crate::diagnostic::Diagnostic;
use crate::layout::{Shape, read_lines};
use crate::python::SourceParser;
use crate::recover::Recovery;
use crate::soft_keywords::mark_soft_keywords;
use crate::token::Spanned;

/// How many diagnostics one run gives at most.
const MAXIMUM_DIAGNOSTICS: usize = 20;

/// Reads a whole file. The tree may still break rules that `check` knows.
///
/// Fails with at least one diagnostic, ordered by place.
pub fn parse(source: &str) -> Result<Module, Vec<Diagnostic>> {
    match parse_source(source, Shape::Module)? {
        Source::Module(module) => Ok(module),
        Source::Expression(_) => Err(vec![Diagnostic::syntax(Span::default(), "invalid syntax")]),
    }
}

/// Reads one expression, as `eval` takes it.
pub fn parse_expression(source: &str) -> Result<Expression, Vec<Diagnostic>> {
    match parse_source(source, Shape::Expression)? {
        Source::Expression(expression) => Ok(expression),
        Source::Module(_) => Err(vec![Diagnostic::syntax(Span::default(), "invalid syntax")]),
    }
}

/// Where the grammar could not go on, and what it would have taken.
pub struct Failure {
    /// The token that did not fit.
    pub index: usize,
    /// The terminals of the grammar that fit, quoted as they stand there.
    pub expected: Vec<String>,
}

fn parse_source(source: &str, shape: Shape) -> Result<Source, Vec<Diagnostic>> {
    if u32::try_from(source.len()).is_err() {
        return Err(vec![Diagnostic::syntax(Span::default(), "source is larger than 4 GiB")]);
    }
    if let Some(null) = source.find('\0') {
        return Err(vec![Diagnostic::syntax(Span::new(null, null + 1), "source code cannot contain null bytes")]);
    }
    let mut lines = read_lines(source, shape);
    if lines.diagnostics.len() >= MAXIMUM_DIAGNOSTICS {
        lines.diagnostics.truncate(MAXIMUM_DIAGNOSTICS);
        return Err(lines.diagnostics);
    }
    mark_soft_keywords(&mut lines.tokens);
    let first = match run(source, &lines.tokens) {
        Ok((tree, errors)) if errors.is_empty() && lines.diagnostics.is_empty() => return Ok(tree),
        outcome => outcome,
    };
    let mut recovery = Recovery::new(source, lines.tokens, lines.diagnostics);
    let mut outcome = first;
    let mut errors = loop {
        match outcome {
            Ok((_, errors)) => break errors,
            Err((failure, errors)) => {
                if recovery.count() >= MAXIMUM_DIAGNOSTICS || !recovery.mend(failure) {
                    break errors;
                }
                outcome = run(source, recovery.tokens());
            }
        }
    };
    // The last run has built every line that is well formed, and met what is wrong in those.
    recovery.keep_apart(&mut errors);
    let mut all = recovery.into_diagnostics();
    all.append(&mut errors);
    all.sort_by_key(|diagnostic| diagnostic.span().start);
    all.truncate(MAXIMUM_DIAGNOSTICS);
    Err(all)
}

type Outcome = Result<(Source, Vec<Diagnostic>), (Failure, Vec<Diagnostic>)>;

/// One run of the grammar over some tokens.
fn run(source: &str, tokens: &[Spanned]) -> Outcome {
    let mut builder = Builder::new(source);
    let taken = Cell::new(0);
    let stream = tokens.iter().map(|spanned| {
        taken.set(taken.get() + 1);
        Ok((spanned.span.start, spanned.token.clone(), spanned.span.end))
    });
    let result = SourceParser::new().parse(&mut builder, stream);
    let (index, expected) = match result {
        Ok(tree) => return Ok((tree, builder.errors)),
        Err(ParseError::UnrecognizedToken { expected, .. }) => (taken.get() - 1, expected),
        Err(ParseError::UnrecognizedEof { expected, .. }) => (tokens.len(), expected),
        Err(ParseError::InvalidToken { .. } | ParseError::ExtraToken { .. }) => (taken.get() - 1, Vec::new()),
        Err(ParseError::User { error }) => match error {},
    };
    Err((Failure { index, expected }, builder.errors))
}
