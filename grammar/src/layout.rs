//! Lines, indentation and brackets.
//!
//! `read_lines` turns a source into the tokens the grammar reads: it joins physical lines inside
//! brackets, makes `Newline`, `Indent` and `Dedent`, and follows f-strings into their fields. Whatever
//! the source, the tokens it gives are balanced: every opening bracket and every indent has its end.

use std::cell::OnceCell;

use crate::ast::Span;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Lexer, Word};
use crate::line_index::LineIndex;
use crate::strings::{FormatStop, Quote};
use crate::token::{Spanned, Token};

/// As in CPython.
const MAXIMUM_INDENTS: usize = 100;
/// As in CPython; the fields of f-strings count.
const MAXIMUM_BRACKETS: usize = 200;
/// As in CPython: f-strings inside each other.
const MAXIMUM_FORMAT_STRINGS: usize = 149;
/// As in CPython: fields in the format of a field.
const MAXIMUM_FORMATS: usize = 2;

/// The tokens of a source, and what was wrong with it.
pub struct Lines {
    pub tokens: Vec<Spanned>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether a source is statements, or one expression whose leading blanks mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Module,
    Expression,
}

/// Reads a whole source. The tokens begin with the start token for its shape.
pub fn read_lines(source: &str, shape: Shape) -> Lines {
    let mut layout = Layout {
        source,
        lexer: Lexer::new(source),
        tokens: Vec::with_capacity(source.len() / 4 + 8),
        open: Vec::new(),
        indents: vec![Indentation { column: 0, characters: 0 }],
        lines: OnceCell::new(),
        is_cut: false,
    };
    let start = if shape == Shape::Module { Token::StartModule } else { Token::StartExpression };
    layout.push(start, Span::default());
    layout.read(shape);
    let mut diagnostics = layout.lexer.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
    Lines { tokens: layout.tokens, diagnostics }
}

/// The width of an indentation with tabs of eight, and with tabs of one: both must agree on the order
/// of two lines, or it would depend on the size of a tab.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Indentation {
    column: usize,
    characters: usize,
}

/// Something that is open and waits for its end.
#[derive(Clone, Copy)]
struct Open {
    kind: OpenKind,
    span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenKind {
    /// One of `([{`.
    Bracket(char),
    /// The literal text of an f-string.
    FormatString(Quote),
    /// The expression of a field.
    Field,
    /// The format of a field; closed together with it.
    Format(Quote),
}

/// Reading has met something behind which nothing makes sense.
struct Abandon;

struct Layout<'source> {
    source: &'source str,
    lexer: Lexer<'source>,
    tokens: Vec<Spanned>,
    open: Vec<Open>,
    indents: Vec<Indentation>,
    /// Made when the first message needs the number of a line.
    lines: OnceCell<LineIndex>,
    /// Whether a literal without its end has been reported.
    is_cut: bool,
}

impl Layout<'_> {
    fn read(&mut self, shape: Shape) {
        if self.source.starts_with('\u{FEFF}') {
            self.lexer.move_to('\u{FEFF}'.len_utf8());
        }
        let finished = self.read_all(shape);
        if finished.is_ok() {
            self.report_unclosed();
        }
        while self.open.pop().is_some_and(|open| {
            self.push_end(open);
            true
        }) {}
        self.end_line();
        for _ in 1..self.indents.len() {
            self.push_empty(Token::Dedent);
        }
    }

    fn read_all(&mut self, shape: Shape) -> Result<(), Abandon> {
        if shape == Shape::Module {
            self.read_indentation()?;
        }
        loop {
            if let Some(&Open { kind: OpenKind::FormatString(quote) | OpenKind::Format(quote), .. }) = self.open.last()
            {
                self.read_format_text(quote)?;
                continue;
            }
            let Some((word, span)) = self.lexer.next_word() else { return Ok(()) };
            match word {
                Word::Newline if self.open.is_empty() => {
                    self.end_line();
                    if shape == Shape::Module {
                        self.read_indentation()?;
                    }
                }
                Word::Newline => {}
                Word::Token(token) => self.read_token(token, span)?,
                Word::Bang if self.in_field() => self.push(Token::FieldBang, span),
                Word::Bang => self.report(span, "invalid syntax"),
                Word::Stray if self.in_field() => self.report(span, "f-string: expecting '=', or '!', or ':', or '}'"),
                Word::Stray => self.report(span, "invalid syntax"),
                Word::FormatStart(quote) => {
                    let is_string = |open: &&Open| matches!(open.kind, OpenKind::FormatString(_));
                    if self.open.iter().filter(is_string).count() >= MAXIMUM_FORMAT_STRINGS {
                        self.report(span, "too many nested f-strings");
                        return Err(Abandon);
                    }
                    self.push(Token::FormatStart, span);
                    self.open.push(Open { kind: OpenKind::FormatString(quote), span });
                }
                Word::Unterminated(quote) => self.read_unterminated(quote, span),
            }
        }
    }

    fn read_token(&mut self, token: Token, span: Span) -> Result<(), Abandon> {
        match token {
            Token::OpenParenthesis => self.open_bracket('(', token, span),
            Token::OpenBracket => self.open_bracket('[', token, span),
            Token::OpenBrace => self.open_bracket('{', token, span),
            Token::CloseParenthesis => self.close_bracket(')', '(', token, span),
            Token::CloseBracket => self.close_bracket(']', '[', token, span),
            Token::CloseBrace if self.in_field() => {
                self.open.pop();
                self.push(Token::FieldClose, span);
                Ok(())
            }
            Token::CloseBrace => self.close_bracket('}', '{', token, span),
            // `{x:=10}` has the format `=10`.
            Token::Colon | Token::ColonEqual if self.in_field() => {
                self.lexer.move_to(span.start as usize + 1);
                if let Some(quote) = self.format_quote() {
                    self.open.push(Open { kind: OpenKind::Format(quote), span });
                }
                self.push(Token::FieldColon, Span { start: span.start, end: span.start + 1 });
                Ok(())
            }
            // No expression has an `=` outside of brackets.
            Token::Equal if self.in_field() => {
                self.push(Token::FieldEqual, span);
                Ok(())
            }
            _ => {
                self.push(token, span);
                Ok(())
            }
        }
    }

    fn open_bracket(&mut self, bracket: char, token: Token, span: Span) -> Result<(), Abandon> {
        self.push(token, span);
        self.open_nesting(OpenKind::Bracket(bracket), span)
    }

    fn open_nesting(&mut self, kind: OpenKind, span: Span) -> Result<(), Abandon> {
        self.open.push(Open { kind, span });
        let is_bracket = |open: &&Open| matches!(open.kind, OpenKind::Bracket(_) | OpenKind::Field);
        if self.open.len() > MAXIMUM_BRACKETS && self.open.iter().filter(is_bracket).count() > MAXIMUM_BRACKETS {
            self.report(span, "too many nested parentheses");
            return Err(Abandon);
        }
        Ok(())
    }

    fn close_bracket(&mut self, closing: char, opening: char, token: Token, span: Span) -> Result<(), Abandon> {
        match self.open.last().copied() {
            Some(Open { kind: OpenKind::Bracket(bracket), .. }) if bracket == opening => {
                self.open.pop();
                self.push(token, span);
            }
            Some(open @ Open { kind: OpenKind::Bracket(bracket), .. }) => {
                let line_break = |byte| byte == b'\n' || byte == b'\r';
                let between = &self.source.as_bytes()[open.span.start as usize..span.start as usize];
                let line = if between.iter().copied().any(line_break) {
                    format!(" on line {}", self.line(open.span.start))
                } else {
                    String::new()
                };
                let message =
                    format!("closing parenthesis '{closing}' does not match opening parenthesis '{bracket}'{line}");
                self.lexer.diagnostics.push(Diagnostic::syntax(span, message).with_label(open.span, "opened here"));
                return Err(Abandon);
            }
            _ => {
                let prefix = if self.format_quote().is_some() { "f-string: " } else { "" };
                self.report(span, format!("{prefix}unmatched '{closing}'"));
                if !prefix.is_empty() {
                    return Err(Abandon);
                }
            }
        }
        Ok(())
    }

    /// Literal text of an f-string, up to the next field or the end.
    fn read_format_text(&mut self, quote: Quote) -> Result<(), Abandon> {
        let in_format = matches!(self.open.last(), Some(Open { kind: OpenKind::Format(_), .. }));
        let (text, span, stop) = self.lexer.format_text(quote, in_format);
        if !text.is_empty() {
            self.push(Token::FormatText(text), span);
        }
        let stop_span = Span::new(span.end as usize, self.lexer.position());
        match stop {
            FormatStop::Field => {
                self.check_formats(stop_span)?;
                self.push(Token::FieldOpen, stop_span);
                self.open_nesting(OpenKind::Field, stop_span)?;
            }
            FormatStop::FormatEnd => {
                self.open.pop();
                self.open.pop();
                self.push(Token::FieldClose, stop_span);
            }
            FormatStop::Quote if in_format => {
                self.report(stop_span, "f-string: expecting '}', or format specs");
                self.close_format_string();
            }
            FormatStop::Quote => {
                self.open.pop();
                self.push(Token::FormatEnd, stop_span);
            }
            FormatStop::Unterminated => {
                let start = self.close_format_string().unwrap_or(span);
                self.report_unterminated(quote, "f-string", start, span.end);
            }
        }
        Ok(())
    }

    /// Refuses a field in the format of a field in the format of a field.
    fn check_formats(&mut self, span: Span) -> Result<(), Abandon> {
        let inside = self.open.iter().rev().take_while(|open| !matches!(open.kind, OpenKind::FormatString(_)));
        if inside.filter(|open| matches!(open.kind, OpenKind::Format(_))).count() > MAXIMUM_FORMATS {
            self.report(span, "f-string: expressions nested too deeply");
            return Err(Abandon);
        }
        Ok(())
    }

    /// Gives up the innermost f-string, fields and all; tells where it began.
    fn close_format_string(&mut self) -> Option<Span> {
        while let Some(open) = self.open.pop() {
            self.push_end(open);
            if matches!(open.kind, OpenKind::FormatString(_)) {
                return Some(open.span);
            }
        }
        None
    }

    /// A plain string without an end. The quote of an f-string around it is the likely culprit.
    fn read_unterminated(&mut self, quote: Quote, span: Span) {
        let around = self.format_quote();
        if around.is_some_and(|around| (around.mark, around.triple) == (quote.mark, quote.triple)) {
            self.report(span, "f-string: expecting '}'");
            self.close_format_string();
        } else {
            self.report_unterminated(quote, "string", span, span.end);
            self.push(Token::Str("".into()), span);
        }
    }

    fn report_unterminated(&mut self, quote: Quote, what: &str, span: Span, end: u32) {
        self.is_cut = true;
        let kind = if quote.triple { "triple-quoted " } else { "" };
        // The line end that closes a file opens no further line.
        let last = if end as usize >= self.source.len() && self.source.ends_with(['\n', '\r']) {
            self.line(end).saturating_sub(1)
        } else {
            self.line(end)
        };
        let text = &self.source[span.start as usize..end as usize];
        let escaped = !quote.triple && what == "string" && text.contains(&*format!("\\{}", quote.mark as char));
        let advice = if escaped { "; perhaps you escaped the end quote?" } else { "" };
        self.report(span, format!("unterminated {kind}{what} literal (detected at line {last}){advice}"));
    }

    fn line(&self, offset: u32) -> u32 {
        self.lines.get_or_init(|| LineIndex::new(self.source)).line(offset)
    }

    /// Reports the innermost open bracket, unless a literal without its end may have swallowed the
    /// closing one.
    fn report_unclosed(&mut self) {
        if self.is_cut || self.lexer.lost_line {
            return;
        }
        let unclosed = self.open.iter().rev().find_map(|open| match open.kind {
            OpenKind::Bracket(bracket) => Some((bracket, open.span)),
            OpenKind::Field => Some(('{', open.span)),
            _ => None,
        });
        if let Some((bracket, span)) = unclosed {
            self.report(span, format!("'{bracket}' was never closed"));
        }
    }

    /// The token that ends something open, for a source that lacks it.
    fn push_end(&mut self, open: Open) {
        match open.kind {
            OpenKind::Bracket('(') => self.push_empty(Token::CloseParenthesis),
            OpenKind::Bracket('[') => self.push_empty(Token::CloseBracket),
            OpenKind::Bracket(_) => self.push_empty(Token::CloseBrace),
            OpenKind::FormatString(_) => self.push_empty(Token::FormatEnd),
            OpenKind::Field => self.push_empty(Token::FieldClose),
            OpenKind::Format(_) => {}
        }
    }

    /// Whether the innermost open thing is the expression of an f-string field.
    fn in_field(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Field, .. }))
    }

    /// The quote of the innermost f-string that is open.
    fn format_quote(&self) -> Option<Quote> {
        self.open.iter().rev().find_map(|open| match open.kind {
            OpenKind::FormatString(quote) | OpenKind::Format(quote) => Some(quote),
            _ => None,
        })
    }

    /// At the start of a line: blank lines are skipped, the indentation of the next is compared.
    fn read_indentation(&mut self) -> Result<(), Abandon> {
        let bytes = self.source.as_bytes();
        let mut index = self.lexer.position();
        loop {
            let mut here = Indentation { column: 0, characters: 0 };
            // Of an indentation that goes on behind a backslash the first line counts.
            let mut first = None;
            while let Some(&byte) = bytes.get(index) {
                match byte {
                    b' ' => here = Indentation { column: here.column + 1, characters: here.characters + 1 },
                    b'\t' => here = Indentation { column: (here.column / 8 + 1) * 8, characters: here.characters + 1 },
                    b'\x0C' => here = Indentation { column: 0, characters: 0 },
                    b'\\' if here.characters > 0 && matches!(bytes.get(index + 1), Some(b'\n' | b'\r')) => {
                        first.get_or_insert(here);
                        index += 1 + usize::from(bytes[index + 1..].starts_with(b"\r\n"));
                    }
                    _ => break,
                }
                index += 1;
            }
            if bytes.get(index) == Some(&b'#') {
                index += bytes[index..].iter().take_while(|&&byte| byte != b'\n' && byte != b'\r').count();
            }
            match bytes.get(index) {
                Some(b'\n' | b'\r') => index += 1,
                None => {
                    self.lexer.move_to(index);
                    return Ok(());
                }
                Some(_) => {
                    self.lexer.move_to(index);
                    return self.compare_indentation(first.unwrap_or(here), index);
                }
            }
        }
    }

    fn compare_indentation(&mut self, here: Indentation, offset: usize) -> Result<(), Abandon> {
        let span = Span::new(offset, offset);
        let line = Span::new(offset - here.characters.min(offset), offset);
        let Some(&outer) = self.indents.last() else { return Err(Abandon) };
        let mut consistent = true;
        if here.column > outer.column {
            consistent = here.characters > outer.characters;
            if self.indents.len() >= MAXIMUM_INDENTS {
                self.error("IndentationError", line, "too many levels of indentation");
                // The block is there, though nobody reads it: it must not be missed as well.
                for token in [Token::Indent, Token::Pass, Token::Newline, Token::Dedent] {
                    self.push(token, span);
                }
                return Err(Abandon);
            }
            self.indents.push(here);
            self.push(Token::Indent, span);
        } else {
            let mut level = outer;
            while level.column > here.column {
                self.indents.pop();
                self.push_empty(Token::Dedent);
                let Some(&next) = self.indents.last() else { return Err(Abandon) };
                level = next;
            }
            if level.column != here.column {
                self.error("IndentationError", line, "unindent does not match any outer indentation level");
            } else {
                consistent = level.characters == here.characters;
            }
        }
        if !consistent {
            self.error("TabError", line, "inconsistent use of tabs and spaces in indentation");
        }
        Ok(())
    }

    /// Ends a logical line, unless it is empty.
    fn end_line(&mut self) {
        use Token::{Dedent, Indent, Newline, StartExpression, StartModule};
        let empty = matches!(
            self.tokens.last(),
            Some(Spanned { token: Newline | Indent | Dedent | StartModule | StartExpression, .. })
        );
        if !empty {
            self.push_empty(Newline);
        }
    }

    fn push(&mut self, token: Token, span: Span) {
        self.tokens.push(Spanned { token, span });
    }

    /// A token without text stands behind the one before it, so that what it ends ends there.
    fn push_empty(&mut self, token: Token) {
        let end = self.tokens.last().map(|last| last.span.end).unwrap_or(0);
        self.push(token, Span { start: end, end });
    }

    fn report(&mut self, span: Span, message: impl Into<String>) {
        self.error("SyntaxError", span, message);
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.lexer.diagnostics.push(Diagnostic::error(code, span, message));
    }
}
