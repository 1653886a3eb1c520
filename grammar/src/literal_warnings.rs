//! Literals that Python warns of: escapes that mean nothing, which it keeps as they are written, and numbers
//! that run into a keyword.

use crate::ast::Span;
use crate::diagnostic::{Diagnostic, Severity};
use crate::layout::{Shape, read_lines};
use crate::number::begins_with_keyword;
use crate::strings::{Quote, StringPrefix, read_opening};
use crate::token::Token;

/// A SyntaxWarning for the first meaningless escape of each literal of a source that can be parsed, and for each
/// number without a space between it and a keyword.
pub fn literal_warnings(source: &str) -> Vec<Diagnostic> {
    if bad_escape(source, StringPrefix::Bytes).is_none() && !may_run_together(source) {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    // The f-strings that are open.
    let mut open: Vec<Quote> = Vec::new();
    for token in read_lines(source, Shape::Module).tokens {
        let Some(text) = source.get(token.span.start as usize..token.span.end as usize) else { continue };
        if let Token::Number(_) = token.token
            && begins_with_keyword(source.get(token.span.end as usize..).unwrap_or(""))
        {
            warnings.push(syntax_warning(token.span, format!("invalid {} literal", kind_of_number(text))));
            continue;
        }
        let found = match token.token {
            Token::Str(_) | Token::Bytes(_) => {
                let (prefix, quote) = read_opening(opening(text));
                (!quote.raw).then(|| bad_escape(text, prefix)).flatten()
            }
            Token::FormatStart => {
                open.push(read_opening(opening(text)).1);
                None
            }
            Token::FormatEnd => {
                open.pop();
                None
            }
            Token::FormatText(_) if open.last().is_some_and(|quote| !quote.raw) => {
                bad_escape(text, StringPrefix::Format)
            }
            _ => None,
        };
        if let Some(escape) = found {
            warnings.push(warning(token.span, &escape));
        }
    }
    warnings
}

fn warning(span: Span, escape: &str) -> Diagnostic {
    let octal = if escape.len() == 4 && escape.is_ascii() { "octal " } else { "" };
    syntax_warning(span, format!("invalid {octal}escape sequence '{escape}'"))
}

fn syntax_warning(span: Span, message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..Diagnostic::syntax(span, message) }
}

/// Whether a number may stand right in front of a keyword somewhere. Says so of some names, too (`x1n`).
fn may_run_together(source: &str) -> bool {
    let begins = |byte: u8| matches!(byte, b'a' | b'e' | b'f' | b'i' | b'n' | b'o');
    source.as_bytes().windows(3).any(|bytes| match bytes {
        [b'0', b'x' | b'X', _] => true,
        [digit, b'.' | b'j' | b'J', next] => digit.is_ascii_digit() && begins(*next),
        [_, digit, next] => digit.is_ascii_digit() && begins(*next),
        _ => false,
    }) || matches!(source.as_bytes(), [digit, next, ..] if digit.is_ascii_digit() && begins(*next))
}

fn kind_of_number(text: &str) -> &'static str {
    let lower = text.to_ascii_lowercase();
    match lower.get(..2) {
        Some("0x") => "hexadecimal",
        Some("0o") => "octal",
        Some("0b") => "binary",
        _ if lower.ends_with('j') => "imaginary",
        _ => "decimal",
    }
}

/// Prefix and quotes of a literal.
fn opening(text: &str) -> &str {
    let prefix = text.find(['"', '\'']).unwrap_or(0);
    let mark = &text[prefix..=prefix];
    let quotes = &text[prefix..];
    let is_triple =
        quotes.len() >= 6 && quotes.starts_with(&mark.repeat(3)) || quotes.len() == 3 && quotes == mark.repeat(3);
    &text[..prefix + if is_triple { 3 } else { 1 }]
}

/// The first escape that means nothing.
fn bad_escape(text: &str, prefix: StringPrefix) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let after = &rest[at + 1..];
        let Some(letter) = after.chars().next() else {
            // The brace of a field follows.
            return (prefix == StringPrefix::Format).then(|| "\\{".to_string());
        };
        rest = &after[letter.len_utf8()..];
        match letter {
            '\n' | '\r' | '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => {}
            'N' | 'u' | 'U' if prefix != StringPrefix::Bytes => {}
            '0'..='7' => {
                let is_octal = |digit: &u8| (b'0'..=b'7').contains(digit);
                if letter > '3' && after.bytes().take(3).filter(is_octal).count() == 3 {
                    return Some(format!("\\{}", &after[..3]));
                }
            }
            other => return Some(format!("\\{other}")),
        }
    }
    None
}
