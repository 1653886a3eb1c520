//! String literals: prefixes, quotes, escapes, and the literal text of f-strings.
//!
//! Unknown escapes stay as they are written, as Python keeps them.

use std::borrow::Cow;

use crate::ast::Span;
use crate::surrogate;

/// What a prefix makes of a literal; whether it is raw is part of the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringPrefix {
    Text,
    Bytes,
    Format,
}

/// How a literal is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub mark: u8,
    pub triple: bool,
    pub raw: bool,
}

impl Quote {
    /// The length of the closing quote in bytes.
    pub fn length(self) -> usize {
        if self.triple { 3 } else { 1 }
    }

    /// Whether the closing quote stands at `index`.
    fn closes_at(self, bytes: &[u8], index: usize) -> bool {
        bytes.get(index) == Some(&self.mark)
            && (!self.triple || bytes.get(index + 1) == Some(&self.mark) && bytes.get(index + 2) == Some(&self.mark))
    }
}

/// Takes `rb'''` apart.
pub fn read_opening(opening: &str) -> (StringPrefix, Quote) {
    let letters = opening.trim_end_matches(['"', '\'']);
    let has = |wanted: char| letters.contains([wanted, wanted.to_ascii_uppercase()]);
    let prefix = if has('b') {
        StringPrefix::Bytes
    } else if has('f') {
        StringPrefix::Format
    } else {
        StringPrefix::Text
    };
    let quotes = &opening.as_bytes()[letters.len()..];
    let mark = quotes.first().copied().unwrap_or(b'"');
    (prefix, Quote { mark, triple: quotes.len() == 3, raw: has('r') })
}

/// The offset of the closing quote of a plain literal whose body begins at `start`; or, as an error, the
/// offset where the unterminated literal stops (the end of its line or of the source).
pub fn find_end(source: &str, start: usize, quote: Quote) -> Result<usize, usize> {
    let bytes = source.as_bytes();
    let mut index = start;
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'\\' => index += escape_length(bytes, index),
            b'\n' | b'\r' if !quote.triple => return Err(index),
            _ if quote.closes_at(bytes, index) => return Ok(index),
            _ => index += 1,
        }
    }
    Err(source.len())
}

/// A backslash and what it certainly takes with it; never ends inside a character.
fn escape_length(bytes: &[u8], index: usize) -> usize {
    match (bytes.get(index + 1), bytes.get(index + 2)) {
        (Some(b'\r'), Some(b'\n')) => 3,
        (Some(next), _) if next.is_ascii() => 2,
        _ => 1,
    }
}

/// Why the literal text of an f-string ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatStop {
    /// The closing quote.
    Quote,
    /// `{`
    Field,
    /// `}` behind a format.
    FormatEnd,
    /// The end of the line or of the source.
    Unterminated,
}

impl FormatStop {
    /// The length in bytes of what stopped the text.
    pub fn length(self, quote: Quote) -> usize {
        match self {
            FormatStop::Quote => quote.length(),
            FormatStop::Field | FormatStop::FormatEnd => 1,
            FormatStop::Unterminated => 0,
        }
    }
}

/// Literal text of an f-string.
pub struct FormatText {
    pub text: String,
    /// The offset of what stopped it.
    pub end: usize,
    pub stop: FormatStop,
    pub errors: Vec<(Span, String)>,
}

/// Reads literal text of an f-string from `start` on; `in_format` behind the `:` of a field.
pub fn scan_format_text(source: &str, start: usize, quote: Quote, in_format: bool) -> FormatText {
    let bytes = source.as_bytes();
    let mut text = String::new();
    let mut errors = Vec::new();
    let mut chunk = start;
    let mut index = start;
    let mut flush = |from: usize, to: usize| match decode_text(&source[from..to], quote.raw) {
        Ok(decoded) => text.push_str(&decoded),
        Err(message) => errors.push((Span::new(from, to), message)),
    };
    let mut lone_brace = None;
    let stop = loop {
        let Some(&byte) = bytes.get(index) else { break FormatStop::Unterminated };
        match byte {
            b'\n' | b'\r' if !quote.triple => break FormatStop::Unterminated,
            b'\\' => {
                let next = bytes.get(index + 1).copied();
                let named = !quote.raw && next == Some(b'N') && bytes.get(index + 2) == Some(&b'{');
                let line_end = |byte: &u8| matches!(byte, b'}' | b'\n' | b'\r') || *byte == quote.mark;
                if named {
                    let length = bytes[index + 3..].iter().position(line_end).unwrap_or(bytes.len() - index - 3);
                    index += 3 + length;
                    if bytes.get(index) == Some(&b'}') {
                        index += 1;
                    }
                } else if matches!(next, Some(b'{' | b'}')) {
                    index += 1;
                } else {
                    index += escape_length(bytes, index);
                }
            }
            b'{' if !in_format && bytes.get(index + 1) == Some(&b'{') => {
                flush(chunk, index + 1);
                index += 2;
                chunk = index;
            }
            b'{' => break FormatStop::Field,
            b'}' if in_format => break FormatStop::FormatEnd,
            b'}' => {
                if bytes.get(index + 1) == Some(&b'}') {
                    flush(chunk, index + 1);
                    index += 2;
                } else {
                    lone_brace.get_or_insert(Span::new(index, index + 1));
                    flush(chunk, index);
                    index += 1;
                }
                chunk = index;
            }
            _ if quote.closes_at(bytes, index) => break FormatStop::Quote,
            _ => index += 1,
        }
    };
    flush(chunk, index);
    errors.extend(lone_brace.map(|span| (span, "f-string: single '}' is not allowed".to_string())));
    FormatText { text, end: index, stop, errors }
}

/// The text a literal stands for. Line ends become `\n`.
pub fn decode_text(body: &str, raw: bool) -> Result<Cow<'_, str>, String> {
    if !body.bytes().any(|byte| byte == b'\\' && !raw || byte == b'\r') {
        return Ok(Cow::Borrowed(body));
    }
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(next) = rest.find(|next| next == '\\' && !raw || next == '\r') {
        text.push_str(&rest[..next]);
        rest = &rest[next..];
        if let Some(behind) = rest.strip_prefix('\r') {
            text.push('\n');
            rest = behind.strip_prefix('\n').unwrap_or(behind);
            continue;
        }
        let offset = body.len() - rest.len();
        rest = decode_text_escape(&rest[1..], offset, &mut text)?;
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// Decodes the escape whose backslash stands at `offset` just before `rest`; gives what follows it.
fn decode_text_escape<'body>(rest: &'body str, offset: usize, text: &mut String) -> Result<&'body str, String> {
    let failure = |length: usize, reason: &str| {
        let end = offset + length;
        Err(format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {offset}-{end}: {reason}"))
    };
    let Some(letter) = rest.chars().next() else {
        text.push('\\');
        return Ok(rest);
    };
    let after = &rest[letter.len_utf8()..];
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'N' => {
            let Some((name, behind)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                let length = if after.starts_with('{') { after.len() } else { 0 };
                return failure(length + 1, "malformed \\N character escape");
            };
            return match unicode_names2::character(name) {
                Some(character) => {
                    text.push(character);
                    Ok(behind)
                }
                None => failure(name.len() + 3, "unknown Unicode character name"),
            };
        }
        '0'..='7' => {
            let length = octal_length(rest);
            let code = u32::from_str_radix(&rest[..length], 8).unwrap_or(0);
            text.extend(char::from_u32(code));
            return Ok(&rest[length..]);
        }
        _ => {
            match simple_escape(letter) {
                Some(Simple::Character(character)) => text.push(character),
                Some(Simple::LineEnd) if letter == '\r' => return Ok(after.strip_prefix('\n').unwrap_or(after)),
                Some(Simple::LineEnd) => {}
                None => text.extend(['\\', letter]),
            }
            return Ok(after);
        }
    };
    let length = after.bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
    if length < digits {
        let shape = ["xXX", "uXXXX", "UXXXXXXXX"][digits / 4];
        return failure(length + 1, &format!("truncated \\{shape} escape"));
    }
    let code = u32::from_str_radix(&after[..digits], 16).unwrap_or(u32::MAX);
    match surrogate::character(code) {
        Some(character) => text.push(character),
        None => return failure(digits + 1, "illegal Unicode character"),
    }
    Ok(&after[digits..])
}

/// What an escape of one letter stands for.
enum Simple {
    Character(char),
    LineEnd,
}

fn simple_escape(letter: char) -> Option<Simple> {
    Some(Simple::Character(match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '\\' | '\'' | '"' => letter,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'v' => '\x0B',
        '\n' | '\r' => return Some(Simple::LineEnd),
        _ => return None,
    }))
}

/// How many octal digits an escape takes, three at the most.
fn octal_length(rest: &str) -> usize {
    rest.bytes().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count()
}

/// The bytes a literal stands for. Line ends become `\n`.
pub fn decode_bytes(body: &str, raw: bool) -> Result<Vec<u8>, String> {
    if !body.is_ascii() {
        return Err("bytes can only contain ASCII literal characters".to_string());
    }
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        if first == '\r' {
            bytes.push(b'\n');
            rest = after.strip_prefix('\n').unwrap_or(after);
            continue;
        }
        let Some(letter) = after.chars().next().filter(|_| first == '\\' && !raw) else {
            bytes.push(first as u8);
            rest = after;
            continue;
        };
        rest = &after[1..];
        match letter {
            'x' => {
                let Some(Ok(byte)) = rest
                    .get(..2)
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                    .map(|digits| u8::from_str_radix(digits, 16))
                else {
                    let position = body.len() - after.len() - 1;
                    return Err(format!("(value error) invalid \\x escape at position {position}"));
                };
                bytes.push(byte);
                rest = &rest[2..];
            }
            '0'..='7' => {
                let length = octal_length(after);
                let code = u32::from_str_radix(&after[..length], 8).unwrap_or(0);
                bytes.push((code & 0xFF) as u8);
                rest = &after[length..];
            }
            _ => match simple_escape(letter) {
                Some(Simple::Character(character)) => bytes.push(character as u8),
                Some(Simple::LineEnd) if letter == '\r' => rest = rest.strip_prefix('\n').unwrap_or(rest),
                Some(Simple::LineEnd) => {}
                None => bytes.extend([b'\\', letter as u8]),
            },
        }
    }
    Ok(bytes)
}
