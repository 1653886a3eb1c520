//! `repr` and `ascii` of str and bytes: which quotes, and what is escaped.

use std::fmt::Write;

use super::Str;
use super::str_properties::is_printable;
use crate::memory::{StrBuilder, surrogate};

/// What is shown with an escape besides control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaping {
    /// What cannot be printed.
    Unprintable,
    /// All that is not ASCII.
    NonAscii,
}

/// `repr(text)`.
pub fn repr_str(text: &str) -> Str {
    let mut builder = StrBuilder::with_capacity(text.len() + 2);
    write_repr(text, &mut builder);
    builder.finish()
}

/// Appends `repr(text)`.
pub fn write_repr(text: &str, out: &mut StrBuilder) {
    write_quoted(text, Escaping::Unprintable, out);
}

/// `ascii(text)`.
pub fn ascii_str(text: &str) -> Str {
    let mut builder = StrBuilder::with_capacity(text.len() + 2);
    write_quoted(text, Escaping::NonAscii, &mut builder);
    builder.finish()
}

/// What `repr` gives, with all that is not ASCII escaped, as `ascii` does.
pub fn escape_non_ascii(text: &Str) -> Str {
    if text.is_ascii() {
        return text.clone();
    }
    let mut builder = StrBuilder::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii() { builder.push(character) } else { write_escape(character, &mut builder) }
    }
    builder.finish()
}

fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

fn write_quoted(text: &str, escaping: Escaping, out: &mut StrBuilder) {
    let quote = quote_for(text.contains('\''), text.contains('"'));
    out.push(quote);
    let mut copied = 0;
    for (place, character) in text.char_indices() {
        let plain = match character {
            '\\' => false,
            _ if character.is_ascii() => character != quote && !character.is_ascii_control(),
            _ => escaping == Escaping::Unprintable && is_printable(character),
        };
        if !plain {
            out.push_str(&text[copied..place]);
            copied = place + character.len_utf8();
            match character {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                _ if character == quote => {
                    out.push('\\');
                    out.push(quote);
                }
                _ => write_escape(character, out),
            }
        }
    }
    out.push_str(&text[copied..]);
    out.push(quote);
}

/// Writes `\xe9`, `\u20ac` or `\U0001f600`.
pub fn write_escape(character: char, out: &mut impl Write) {
    let code = surrogate::code(character);
    // Writing to memory does not fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// `repr(data)` of a bytes object.
pub fn repr_bytes(data: &[u8]) -> Str {
    let mut builder = StrBuilder::with_capacity(data.len() + 3);
    write_repr_bytes(data, &mut builder);
    builder.finish()
}

/// Appends `repr(data)` of a bytes object.
pub fn write_repr_bytes(data: &[u8], out: &mut StrBuilder) {
    let quote = quote_for(data.contains(&b'\''), data.contains(&b'"'));
    out.push('b');
    out.push(quote);
    for byte in data {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ if *byte == quote as u8 => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(*byte as char),
            _ => write_escape(*byte as char, out),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(&*repr_str("it's"), "\"it's\"");
        assert_eq!(&*repr_str("'\"\\\n\u{1}é\u{200b}"), "'\\'\"\\\\\\n\\x01é\\u200b'");
        assert_eq!(&*ascii_str("é€😀"), "'\\xe9\\u20ac\\U0001f600'");
        assert_eq!(&*repr_bytes(b"a'\xff"), "b\"a'\\xff\"");
    }
}
