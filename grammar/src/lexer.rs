//! Characters to words, one at a time.
//!
//! `Lexer` cuts the source with logos and hands what has an inner grammar of its own (numbers, strings,
//! names beyond ASCII) to the scanner for it. It never fails: what is wrong becomes a diagnostic and a
//! stand-in token, so that one run finds every lexical mistake. It knows neither brackets nor
//! indentation (`layout` does), so the text of an f-string is scanned when `layout` asks for it.

use std::collections::HashMap;
use std::rc::Rc;

use logos::Logos;
use unicode_normalization::UnicodeNormalization;

use crate::ast::{Constant, Name, Span};
use crate::diagnostic::Diagnostic;
use crate::number::scan_number;
use crate::strings::{self, FormatStop, Quote, StringPrefix};
use crate::token::{KEYWORDS, Token};

/// What logos tells apart.
#[derive(Logos, Clone, Debug, PartialEq)]
#[logos(skip r"[ \t\x0C]+")]
enum Lexeme {
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    #[regex(r"[^\x00-\x7F]")]
    BeyondAscii,
    #[regex(r"\.?[0-9]")]
    Number,
    #[regex(r#"(?i:r|u|b|f|br|rb|fr|rf)?("""|'''|"|')"#)]
    Quote,
    #[regex(r"\r\n|\r|\n")]
    Newline,
    #[regex(r"#[^\r\n]*", allow_greedy = true)]
    Comment,
    #[token("\\")]
    Backslash,
    #[token("!")]
    Bang,

    #[token("(", |_| Token::OpenParenthesis)]
    #[token(")", |_| Token::CloseParenthesis)]
    #[token("[", |_| Token::OpenBracket)]
    #[token("]", |_| Token::CloseBracket)]
    #[token("{", |_| Token::OpenBrace)]
    #[token("}", |_| Token::CloseBrace)]
    #[token(",", |_| Token::Comma)]
    #[token(":", |_| Token::Colon)]
    #[token(":=", |_| Token::ColonEqual)]
    #[token(";", |_| Token::Semicolon)]
    #[token(".", |_| Token::Dot)]
    #[token("...", |_| Token::Ellipsis)]
    #[token("->", |_| Token::Arrow)]
    #[token("@", |_| Token::At)]
    #[token("=", |_| Token::Equal)]
    #[token("+", |_| Token::Plus)]
    #[token("-", |_| Token::Minus)]
    #[token("*", |_| Token::Star)]
    #[token("**", |_| Token::DoubleStar)]
    #[token("/", |_| Token::Slash)]
    #[token("//", |_| Token::DoubleSlash)]
    #[token("%", |_| Token::Percent)]
    #[token("&", |_| Token::Ampersand)]
    #[token("|", |_| Token::Bar)]
    #[token("^", |_| Token::Caret)]
    #[token("~", |_| Token::Tilde)]
    #[token("<<", |_| Token::ShiftLeft)]
    #[token(">>", |_| Token::ShiftRight)]
    #[token("==", |_| Token::EqualEqual)]
    #[token("!=", |_| Token::NotEqual)]
    #[token("<", |_| Token::Less)]
    #[token("<=", |_| Token::LessEqual)]
    #[token(">", |_| Token::Greater)]
    #[token(">=", |_| Token::GreaterEqual)]
    #[token("+=", |_| Token::PlusEqual)]
    #[token("-=", |_| Token::MinusEqual)]
    #[token("*=", |_| Token::StarEqual)]
    #[token("**=", |_| Token::DoubleStarEqual)]
    #[token("/=", |_| Token::SlashEqual)]
    #[token("//=", |_| Token::DoubleSlashEqual)]
    #[token("%=", |_| Token::PercentEqual)]
    #[token("&=", |_| Token::AmpersandEqual)]
    #[token("|=", |_| Token::BarEqual)]
    #[token("^=", |_| Token::CaretEqual)]
    #[token("<<=", |_| Token::ShiftLeftEqual)]
    #[token(">>=", |_| Token::ShiftRightEqual)]
    #[token("@=", |_| Token::AtEqual)]
    Operator(Token),
}

/// What the lexer hands to `layout`.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    Token(Token),
    /// The end of a physical line.
    Newline,
    /// A `!` alone: the start of a conversion, or a mistake.
    Bang,
    /// A character that begins nothing.
    Stray,
    /// The opening quote of an f-string.
    FormatStart(Quote),
    /// A string that ends nowhere; the mistake is not yet reported.
    Unterminated(Quote),
}

/// Cuts a source into words. Every span is in bytes of the source.
pub struct Lexer<'source> {
    source: &'source str,
    inner: logos::Lexer<'source, Lexeme>,
    /// Every word met so far; it begins with the keywords.
    words: HashMap<&'source str, Token>,
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the rest of a line was given up, and brackets with it.
    pub lost_line: bool,
}

impl<'source> Lexer<'source> {
    pub fn new(source: &'source str) -> Lexer<'source> {
        let words = KEYWORDS.iter().cloned().collect();
        Lexer { source, inner: Lexeme::lexer(source), words, diagnostics: Vec::new(), lost_line: false }
    }

    /// The offset behind the last word.
    pub fn position(&self) -> usize {
        self.inner.span().end
    }

    /// Continues at `offset`, which must be a character boundary.
    pub fn move_to(&mut self, offset: usize) {
        let position = self.position();
        if offset < position {
            self.inner = Lexeme::lexer(self.source);
            self.inner.bump(offset);
        } else {
            self.inner.bump(offset - position);
        }
    }

    /// The next word, or nothing at the end of the source.
    pub fn next_word(&mut self) -> Option<(Word, Span)> {
        loop {
            let lexeme = self.inner.next()?;
            let start = self.inner.span().start;
            let word = match lexeme {
                Ok(Lexeme::Operator(token)) => Word::Token(token),
                Ok(Lexeme::Word) => Word::Token(self.name(start)),
                Ok(Lexeme::Newline) => Word::Newline,
                Ok(Lexeme::Comment) => continue,
                Ok(Lexeme::Number) => Word::Token(self.number(start)),
                Ok(Lexeme::Quote) => self.string(start),
                Ok(Lexeme::Bang) => Word::Bang,
                Ok(Lexeme::BeyondAscii) => match self.inner.slice().chars().next() {
                    Some(first) if unicode_ident::is_xid_start(first) => Word::Token(self.name(start)),
                    Some('\u{FEFF}') if start == 0 => continue,
                    Some(other) => {
                        self.bad_character(other);
                        continue;
                    }
                    None => continue,
                },
                Ok(Lexeme::Backslash) => {
                    self.join_lines();
                    continue;
                }
                Err(()) => match self.inner.slice().chars().next() {
                    Some(control) if control.is_control() => {
                        self.bad_character(control);
                        continue;
                    }
                    _ => Word::Stray,
                },
            };
            return Some((word, Span::new(start, self.position())));
        }
    }

    /// Literal text of an f-string from the current position on; the position is then behind it, and
    /// behind the quote or brace that ended it.
    pub fn format_text(&mut self, quote: Quote, in_format: bool) -> (Rc<str>, Span, FormatStop) {
        let start = self.position();
        let scanned = strings::scan_format_text(self.source, start, quote, in_format);
        for (span, message) in scanned.errors {
            self.diagnostics.push(Diagnostic::syntax(span, message));
        }
        self.move_to(scanned.end + scanned.stop.length(quote));
        (scanned.text.into(), Span::new(start, scanned.end), scanned.stop)
    }

    /// The name that begins at `start`, or the keyword it spells.
    fn name(&mut self, start: usize) -> Token {
        let rest = self.inner.remainder();
        if !rest.starts_with(|next: char| !next.is_ascii()) && self.source.as_bytes()[start].is_ascii() {
            return self.intern(self.inner.slice());
        }
        let length = rest.find(|next: char| !unicode_ident::is_xid_continue(next)).unwrap_or(rest.len());
        self.inner.bump(length);
        let written = self.inner.slice();
        let normal: String = written.nfkc().collect();
        if normal == written {
            return self.intern(written);
        }
        // A spelling that is not normal may still mean a word that has been met.
        match self.words.get(normal.as_str()) {
            Some(Token::Name(name)) => Token::Name(name.clone()),
            _ => {
                let token = Token::Name(Rc::from(normal));
                self.words.insert(written, token.clone());
                token
            }
        }
    }

    fn intern(&mut self, text: &'source str) -> Token {
        self.words.entry(text).or_insert_with(|| Token::Name(Name::from(text))).clone()
    }

    fn number(&mut self, start: usize) -> Token {
        let scanned = scan_number(&self.source[start..]);
        self.move_to(start + scanned.length);
        match scanned.value {
            Ok(constant) => Token::Number(constant),
            Err(failure) => {
                let at = start + failure.at;
                self.diagnostics.push(Diagnostic::syntax(Span::new(at, at + 1), failure.message));
                Token::Number(Constant::Int(0))
            }
        }
    }

    /// The string literal whose prefix and opening quote have just been read.
    fn string(&mut self, start: usize) -> Word {
        let opening = self.inner.slice();
        let (prefix, quote) = strings::read_opening(opening);
        if prefix == StringPrefix::Format {
            return Word::FormatStart(quote);
        }
        let body_start = self.position();
        let body = match strings::find_end(self.source, body_start, quote) {
            Ok(end) => &self.source[body_start..end],
            Err(stop) => {
                self.move_to(stop);
                return Word::Unterminated(quote);
            }
        };
        self.move_to(body_start + body.len() + quote.length());
        let decoded = match prefix {
            StringPrefix::Bytes => strings::decode_bytes(body, quote.raw).map(|bytes| Token::Bytes(bytes.into())),
            _ => strings::decode_text(body, quote.raw).map(|text| Token::Str(text.as_ref().into())),
        };
        Word::Token(decoded.unwrap_or_else(|message| {
            self.diagnostics.push(Diagnostic::syntax(Span::new(start, self.position()), message));
            Token::Str("".into())
        }))
    }

    /// A backslash: what follows must be the end of the line, and not of the file.
    fn join_lines(&mut self) {
        let rest = self.inner.remainder();
        let length = if rest.starts_with("\r\n") {
            2
        } else if rest.starts_with(['\r', '\n']) {
            1
        } else if rest.is_empty() {
            self.report("unexpected EOF while parsing");
            return;
        } else {
            let at = self.position();
            let next = rest.chars().next().map_or(0, char::len_utf8);
            let message = "unexpected character after line continuation character";
            self.diagnostics.push(Diagnostic::syntax(Span::new(at, at + next), message));
            self.lost_line = true;
            // The rest of the line is lost, so that it makes no further noise.
            self.inner.bump(rest.find(['\r', '\n']).unwrap_or(rest.len()));
            return;
        };
        self.inner.bump(length);
        if self.inner.remainder().is_empty() {
            self.report("unexpected EOF while parsing");
        }
    }

    fn bad_character(&mut self, character: char) {
        let code = character as u32;
        let hidden = character.is_control()
            || character.is_whitespace()
            || matches!(code, 0xAD | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xE000..=0xF8FF | 0xFEFF);
        if hidden {
            self.report(format!("invalid non-printable character U+{code:04X}"));
        } else {
            self.report(format!("invalid character '{character}' (U+{code:04X})"));
        }
    }

    fn report(&mut self, message: impl Into<String>) {
        let span = self.inner.span();
        self.diagnostics.push(Diagnostic::syntax(Span::new(span.start, span.end), message));
    }
}
