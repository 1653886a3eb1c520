//! Strings of JSON: quotes, escapes, and the errors of reading.

use memchr::memchr2;

use crate::memory::{StrBuilder, surrogate};
use crate::modules::state;
use crate::native;
use crate::value::{Native, Raised, Result, Str, Value};
use crate::vm::Vm;

/// A `JSONDecodeError` for a place in a text, given in bytes.
#[cold]
pub fn decode_error(vm: &mut Vm, message: &str, text: &Str, byte: usize) -> Raised {
    let place = text[..byte].chars().count();
    let made =
        match state().module("json.decoder").map(|module| module.globals.get_str(&Str::intern("JSONDecodeError"))) {
            Some(Some(class)) => vm.call(&class, &[Value::str(message), Value::Str(text.clone()), Value::from(place)]),
            _ => return Raised::value_error(message),
        };
    match made {
        Ok(Value::Exception(exception)) => Raised(exception),
        Ok(_) => Raised::value_error(message),
        Err(raised) => raised,
    }
}

/// Whether a string is written with all that is not ASCII escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Ascii,
    Unicode,
}

/// Appends a string in quotes.
pub fn write_string(text: &str, charset: Charset, out: &mut StrBuilder) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let escape = |code: u32, out: &mut StrBuilder| {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            out.push(HEX[(code >> shift & 15) as usize] as char);
        }
    };
    out.push('"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let is_plain = match byte {
            b'"' | b'\\' | ..0x20 => false,
            0x80.. => charset == Charset::Unicode,
            0x7f => charset == Charset::Unicode,
            _ => true,
        };
        if is_plain {
            at += 1;
            continue;
        }
        out.push_str(&text[copied..at]);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x0c => out.push_str("\\f"),
            0x08 => out.push_str("\\b"),
            0x80.. => {
                let character = text[at..].chars().next().unwrap_or_default();
                match surrogate::stands_for_one(character) {
                    true => escape(surrogate::code(character), out),
                    false => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escape(*unit as u32, out)),
                }
                at += character.len_utf8() - 1;
            }
            control => escape(control as u32, out),
        }
        at += 1;
        copied = at;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

/// Reads a string whose opening quote is before the byte `start`: the text, and where it goes on.
pub fn read_string(vm: &mut Vm, text: &Str, start: usize, strict: bool) -> Result<(Str, usize)> {
    let bytes = text.as_bytes();
    let mut escaped: Option<StrBuilder> = None;
    let mut at = start;
    loop {
        let Some(length) = memchr2(b'"', b'\\', &bytes[at..]) else {
            if strict && let Some(control) = bytes[at..].iter().position(|byte| *byte < 0x20) {
                return Err(decode_error(vm, "Invalid control character at", text, at + control));
            }
            return Err(unterminated(vm, text, start));
        };
        let part = &text[at..at + length];
        if strict && let Some(control) = part.bytes().position(|byte| byte < 0x20) {
            return Err(decode_error(vm, "Invalid control character at", text, at + control));
        }
        at += length;
        if bytes[at] == b'"' {
            let read = match escaped {
                None => Str::new(part),
                Some(mut builder) => {
                    builder.push_str(part);
                    builder.finish()
                }
            };
            return Ok((read, at + 1));
        }
        let builder = escaped.get_or_insert_with(StrBuilder::new);
        builder.push_str(part);
        let character = match bytes.get(at + 1) {
            None => return Err(unterminated(vm, text, start)),
            Some(b'u') => {
                let (character, end) = read_escape(vm, text, at)?;
                builder.push(character);
                at = end;
                continue;
            }
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return Err(decode_error(vm, "Invalid \\escape", text, at)),
        };
        builder.push(character);
        at += 2;
    }
}

#[cold]
fn unterminated(vm: &mut Vm, text: &Str, start: usize) -> Raised {
    decode_error(vm, "Unterminated string starting at", text, start - 1)
}

/// Reads `\uXXXX` at a byte, with the second half of a pair: the character, and where it goes on.
fn read_escape(vm: &mut Vm, text: &Str, at: usize) -> Result<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.as_bytes().get(at + 2..at + 6)?;
        digits.iter().try_fold(0, |code, digit| Some(code << 4 | (*digit as char).to_digit(16)?))
    };
    // A string cannot end with the escape: its quote has to follow.
    let Some(first) = unit(at).filter(|_| at + 6 < text.len()) else {
        return Err(decode_error(vm, "Invalid \\uXXXX escape", text, at + 1));
    };
    if (0xd800..0xdc00).contains(&first) && text.as_bytes().get(at + 6..at + 8) == Some(b"\\u") && at + 12 < text.len()
    {
        let Some(second) = unit(at + 6) else {
            return Err(decode_error(vm, "Invalid \\uXXXX escape", text, at + 7));
        };
        if let Some(Ok(character)) = char::decode_utf16([first as u16, second as u16]).next() {
            return Ok((character, at + 12));
        }
    }
    Ok((surrogate::character(first).unwrap_or_default(), at + 6))
}

fn expect_text(value: &Value) -> Result<&Str> {
    value
        .as_str()
        .ok_or_else(|| Raised::type_error(format!("first argument must be a string, not {}", value.type_name())))
}

fn encode_basestring(_: &mut Vm, text: &Value) -> Result<Str> {
    let text = expect_text(text)?;
    let mut out = StrBuilder::with_capacity(text.len() + 2);
    write_string(text, Charset::Unicode, &mut out);
    Ok(out.finish())
}

fn encode_basestring_ascii(_: &mut Vm, text: &Value) -> Result<Str> {
    let text = expect_text(text)?;
    let mut out = StrBuilder::with_capacity(text.len() + 2);
    write_string(text, Charset::Ascii, &mut out);
    Ok(out.finish())
}

fn scanstring(vm: &mut Vm, text: &Value, end: i64, strict: Option<bool>) -> Result<Value> {
    let text = expect_text(text)?;
    let start = usize::try_from(end).ok().filter(|end| *end <= text.characters());
    let start = start.ok_or_else(|| Raised::value_error("end is out of bounds"))?;
    let (read, end) = read_string(vm, text, text.byte_offset(start), strict.unwrap_or(true))?;
    Ok(Value::tuple(vec![Value::Str(read), Value::from(text.character_index(end))]))
}

pub const FUNCTIONS: &[Native] = &[
    native!("encode_basestring(string, /)", encode_basestring(required), "A string as JSON."),
    native!("encode_basestring_ascii(string, /)", encode_basestring_ascii(required), "A string as JSON in ASCII."),
    native!(
        "scanstring(string, end, strict=True, /)",
        scanstring(required, required, optional),
        "Reads a string of JSON, from behind its opening quote: the text, and where it goes on."
    ),
];
