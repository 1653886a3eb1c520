//! After a syntax error.
//!
//! `Recovery` reports what is wrong where the grammar stopped (`explain` finds the words) and mends the
//! tokens there, so that another run of the grammar comes further: a line that does not fit is replaced
//! by the shortest one that does and keeps the blocks around it intact. One mistake, one message: a line
//! with a lexical error, or one that fails again when mended, says nothing more.

use crate::ast::{Constant, Span};
use crate::diagnostic::Diagnostic;
use crate::explain::{Context, explain};
use crate::line_index::LineIndex;
use crate::parse::Failure;
use crate::token::{Spanned, Token};

pub struct Recovery {
    lines: LineIndex,
    tokens: Vec<Spanned>,
    diagnostics: Vec<Diagnostic>,
    /// Where the last mended line began, to see when mending does not help.
    last_mended: Option<usize>,
}

impl Recovery {
    pub fn new(source: &str, tokens: Vec<Spanned>, diagnostics: Vec<Diagnostic>) -> Recovery {
        Recovery { lines: LineIndex::new(source), tokens, diagnostics, last_mended: None }
    }

    pub fn tokens(&self) -> &[Spanned] {
        &self.tokens
    }

    /// How many diagnostics there are so far.
    pub fn count(&self) -> usize {
        self.diagnostics.len()
    }

    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Drops those errors of the builder that stand in a line with a lexical error: they may be about
    /// its stand-in.
    pub fn keep_apart(&self, errors: &mut Vec<Diagnostic>) {
        if self.diagnostics.is_empty() {
            return;
        }
        errors.retain(|error| {
            let start = error.span().start;
            let index = self.tokens.partition_point(|spanned| spanned.span.start < start);
            !self.has_diagnostic(self.line_span(index.min(self.tokens.len().saturating_sub(1))))
        });
    }

    /// Reports a failure and mends the tokens. False when another run would not come further.
    pub fn mend(&mut self, failure: Failure) -> bool {
        let index = failure.index;
        let expects = |token: &str| failure.expected.iter().any(|expected| expected == token);
        let begin = self.line_begin(index);
        if self.last_mended.is_some_and(|last| begin <= last) {
            return false;
        }
        self.last_mended = Some(begin);
        let token = self.tokens.get(index).map(|spanned| spanned.token.clone());
        let span = self.tokens.get(index).map_or(self.end(), |spanned| spanned.span);
        if token == Some(Token::Indent) {
            let place = Span { start: span.start.saturating_sub(1), end: span.end };
            self.report(Diagnostic::error("IndentationError", place, "unexpected indent"), index);
            self.remove_indent(index);
            // The line itself is not mended: it may have a mistake of its own.
            self.last_mended = None;
            return true;
        }
        let at_line_start = index == begin;
        if at_line_start && expects("\"indent\"") {
            self.report(self.missing_block(index, span), index);
            let is_match = self.tokens.get(self.previous_begin(begin)).is_some_and(|first| first.token == Token::Match);
            let body = if is_match { case_words(Ending::Line) } else { vec![Token::Pass, Token::Newline] };
            let block = [vec![Token::Indent], body, vec![Token::Dedent]].concat();
            self.replace(index, index, block);
            return true;
        }
        if at_line_start && expects("\"except\"") && expects("\"finally\"") {
            self.report(Diagnostic::syntax(span, "expected 'except' or 'finally' block"), index);
            self.replace(index, index, vec![Token::Finally, Token::Colon, Token::Pass, Token::Newline]);
            return true;
        }
        let context = Context { tokens: &self.tokens, index, begin, expected: &failure.expected };
        let diagnostic = explain(&context);
        self.report(diagnostic, index);
        self.replace_line(index, begin, expects("\"case\""));
        true
    }

    /// Adds a diagnostic, unless its line already has one. What is wrong with an indentation or in the field
    /// of an f-string comes before a lexical error further on, which may only follow from it.
    fn report(&mut self, diagnostic: Diagnostic, failed: usize) {
        let start = diagnostic.span().start;
        let index = self.tokens.partition_point(|spanned| spanned.span.start < start);
        let line = self.line_span(index.min(self.tokens.len().saturating_sub(1)));
        let failed_at = self.tokens.get(failed).map_or(Span::default(), |spanned| spanned.span);
        // A token without text stands for one that is missing because of the lexical error.
        let is_real = failed_at.end > failed_at.start;
        let is_indentation = diagnostic.code == "IndentationError";
        let last_before = if is_indentation { start } else { failed_at.start };
        if is_indentation || is_real && self.in_field(failed) {
            self.diagnostics.retain(|other| {
                let start = other.span().start;
                // A string without its end is only known to be one at the end.
                let is_late = other.message.starts_with("unterminated");
                start < line.start || start > line.end || start <= last_before && !is_late
            });
        }
        if !self.has_diagnostic(line) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether a token stands in the field of an f-string.
    fn in_field(&self, index: usize) -> bool {
        let mut depth = 0isize;
        self.tokens[self.line_begin(index)..index.min(self.tokens.len())].iter().rev().any(|spanned| {
            depth += isize::from(spanned.token.closes()) - isize::from(spanned.token.opens());
            depth < 0 && spanned.token == Token::FieldOpen
        })
    }

    fn has_diagnostic(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|diagnostic| {
            let start = diagnostic.span().start;
            span.start <= start && start <= span.end
        })
    }

    /// The place behind the last token.
    fn end(&self) -> Span {
        let end = self.tokens.last().map_or(0, |last| last.span.end);
        Span { start: end, end }
    }

    /// The index of the first token of the logical line that holds `index`.
    fn line_begin(&self, index: usize) -> usize {
        let behind = self.tokens[..index.min(self.tokens.len())].iter().rposition(|spanned| ends_line(&spanned.token));
        behind.map_or(0, |last| last + 1)
    }

    /// The index of the first token of the logical line before the one that begins at `begin`.
    fn previous_begin(&self, begin: usize) -> usize {
        self.line_begin(begin.saturating_sub(1))
    }

    /// What the logical line around a token covers, up to the next line.
    fn line_span(&self, index: usize) -> Span {
        let begin = self.line_begin(index);
        let start = self.tokens.get(begin).map_or(0, |first| first.span.start);
        let rest = self.tokens.get(index..).unwrap_or_default();
        let next_line = rest.iter().skip_while(|spanned| spanned.token != Token::Newline);
        // What was dropped behind the last token still belongs to this line.
        let next = next_line.map(|spanned| spanned.span).find(|span| span.end > span.start);
        Span { start, end: next.map_or(u32::MAX, |next| next.start.saturating_sub(1)) }
    }

    /// `if x:` without anything indented behind it.
    fn missing_block(&self, index: usize, span: Span) -> Diagnostic {
        let header = &self.tokens[self.previous_begin(index)..index];
        let place = header.first().map_or(span, |first| first.span);
        let line = self.lines.line(place.start);
        let is_async = header.first().is_some_and(|first| first.token == Token::Async);
        let word = header.get(usize::from(is_async)).map(|spanned| &spanned.token);
        let is_star = header.get(1).is_some_and(|second| second.token == Token::Star);
        let what = match word {
            Some(Token::Def) => "function definition",
            Some(Token::Class) => "class definition",
            Some(Token::If) => "'if' statement",
            Some(Token::Elif) => "'elif' statement",
            Some(Token::Else) => "'else' statement",
            Some(Token::For) => "'for' statement",
            Some(Token::While) => "'while' statement",
            Some(Token::With) => "'with' statement",
            Some(Token::Try) => "'try' statement",
            Some(Token::Except) if is_star => "'except*' statement",
            Some(Token::Except) => "'except' statement",
            Some(Token::Finally) => "'finally' statement",
            Some(Token::Match) => "'match' statement",
            Some(Token::Case) => "'case' statement",
            _ => "this line, which is",
        };
        let message = format!("expected an indented block after {what} on line {line}");
        Diagnostic::error("IndentationError", span, message).with_label(place, "this needs a block")
    }

    /// Takes away an indent and the dedent that belongs to it.
    fn remove_indent(&mut self, index: usize) {
        let mut depth = 0usize;
        for position in index..self.tokens.len() {
            match self.tokens[position].token {
                Token::Indent => depth += 1,
                Token::Dedent if depth == 1 => {
                    self.tokens.remove(position);
                    break;
                }
                Token::Dedent => depth -= 1,
                _ => {}
            }
        }
        self.tokens.remove(index);
    }

    /// Puts a line that fits in the place of the one that begins at `begin` and fails at `index`.
    fn replace_line(&mut self, index: usize, begin: usize, in_match: bool) {
        let first = self.tokens.get(begin).map(|spanned| spanned.token.clone());
        let line = self.tokens.get(begin..).unwrap_or_default();
        let newline =
            line.iter().position(|spanned| ends_line(&spanned.token)).map_or(self.tokens.len(), |at| begin + at);
        let is_line = self.tokens.get(newline).is_some_and(|last| last.token == Token::Newline);
        let end = if is_line { newline + 1 } else { newline };
        let ending = match self.tokens.get(end) {
            Some(Spanned { token: Token::Indent, .. }) => Ending::Block,
            _ => Ending::Line,
        };
        let previous = self.tokens.get(self.previous_begin(begin)).map(|spanned| &spanned.token);
        let decorated = begin > 0 && previous == Some(&Token::At);
        let expression = self.tokens.first().is_some_and(|start| start.token == Token::StartExpression);
        // A word that fails as the first of its line stands where no such line can be.
        let word = first.filter(|_| index > begin);
        let head = match word {
            _ if expression => {
                let end = self.tokens.len();
                return self.replace(begin.max(1), end, vec![Token::None, Token::Newline]);
            }
            _ if decorated => class_head(),
            _ if in_match && index == begin => return self.replace(begin, end, case_words(ending)),
            Some(Token::If) => vec![Token::If, Token::True, Token::Colon],
            Some(Token::Elif) => vec![Token::Elif, Token::True, Token::Colon],
            Some(Token::For | Token::While) => vec![Token::While, Token::True, Token::Colon],
            Some(word @ (Token::Else | Token::Try | Token::Finally)) => vec![word, Token::Colon],
            Some(Token::Except) => {
                let is_star = self.tokens.get(begin + 1).is_some_and(|second| second.token == Token::Star);
                let star = if is_star { vec![Token::Star] } else { Vec::new() };
                [vec![Token::Except], star, vec![Token::None, Token::Colon]].concat()
            }
            Some(Token::Match) if ending == Ending::Block => vec![Token::Match, Token::None, Token::Colon],
            Some(Token::Case) => return self.replace(begin, end, case_words(ending)),
            _ if ending == Ending::Block => class_head(),
            _ => return self.replace(begin, end, vec![Token::Pass, Token::Newline]),
        };
        let tail = if ending == Ending::Block { vec![Token::Newline] } else { vec![Token::Pass, Token::Newline] };
        self.replace(begin, end, [head, tail].concat());
    }

    /// Replaces tokens; the new ones stand where the old ones stood.
    fn replace(&mut self, begin: usize, end: usize, words: Vec<Token>) {
        let start = match begin.checked_sub(1).and_then(|before| self.tokens.get(before)) {
            Some(before) if begin == end => before.span.end,
            _ => self.tokens.get(begin).map_or(self.end().end, |first| first.span.start),
        };
        let stop = if begin == end { start } else { self.tokens.get(end - 1).map_or(start, |last| last.span.end) };
        // The first covers all, so that the place of the line is not lost.
        let replacement = words.into_iter().enumerate().map(|(position, token)| {
            let start = if position == 0 { start } else { stop };
            Spanned { token, span: Span { start, end: stop } }
        });
        self.tokens.splice(begin..end, replacement);
    }
}

/// Whether a replacement must open a block, since one follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Block,
    Line,
}

/// `class _:`, which may be decorated and followed by any block.
fn class_head() -> Vec<Token> {
    vec![Token::Class, Token::Name("_".into()), Token::Colon]
}

/// `case 0:`, a whole line or the head of a block.
fn case_words(ending: Ending) -> Vec<Token> {
    let mut words = vec![Token::Case, Token::Number(Constant::Int(0)), Token::Colon];
    if ending == Ending::Line {
        words.push(Token::Pass);
    }
    words.push(Token::Newline);
    words
}

/// Whether the next token begins a line.
fn ends_line(token: &Token) -> bool {
    matches!(token, Token::Newline | Token::Indent | Token::Dedent | Token::StartModule | Token::StartExpression)
}
