//! `unicode_escape` and `raw_unicode_escape`: text as escapes of string literals.

use super::errors::{Decoder, Fault};
use crate::memory::surrogate;
use crate::value::str_repr::write_escape;
use crate::value::{Result, types};
use crate::vm::Vm;

/// All that is not printable ASCII as escapes.
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(character),
            _ => write_escape(character, &mut out),
        }
    }
    out.into_bytes()
}

/// All that is beyond Latin-1 as escapes.
pub fn encode_raw(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut escape = String::new();
    for character in text.chars() {
        if let Ok(byte) = u8::try_from(character as u32) {
            out.push(byte);
        } else {
            escape.clear();
            write_escape(character, &mut escape);
            out.extend_from_slice(escape.as_bytes());
        }
    }
    out
}

/// How many digits an escape has, and what is said when there are fewer.
fn shape(letter: u8) -> (usize, &'static str) {
    match letter {
        b'x' => (2, "truncated \\xXX escape"),
        b'u' => (4, "truncated \\uXXXX escape"),
        _ => (8, "truncated \\UXXXXXXXX escape"),
    }
}

/// The number of digits behind an escape's letter, `most` at most, and their value.
fn hexadecimal(digits: &[u8], most: usize) -> (usize, u32) {
    let found = digits.iter().take(most).map_while(|digit| (*digit as char).to_digit(16));
    found.fold((0, 0), |(count, value), digit| (count + 1, value << 4 | digit))
}

/// Decodes an escape with hexadecimal digits whose letter stands at `start + 1`; gives where to go on.
fn decode_code(vm: &mut Vm, decoder: &mut Decoder<'_>, start: usize, illegal: &'static str) -> Result<usize> {
    let (most, truncated) = shape(decoder.data[start + 1]);
    let (count, code) = hexadecimal(&decoder.data[start + 2..], most);
    let end = start + 2 + count;
    if count < most {
        return decoder.handle(vm, Fault { start, end, reason: truncated });
    }
    match surrogate::character(code) {
        Some(character) => {
            decoder.out.push(character);
            Ok(end)
        }
        None => decoder.handle(vm, Fault { start, end, reason: illegal }),
    }
}

pub fn decode_raw(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
    let mut index = 0;
    while let Some(&byte) = decoder.data.get(index) {
        if byte == b'\\' {
            match decoder.data.get(index + 1) {
                Some(b'u' | b'U') => {
                    index = decode_code(vm, decoder, index, "\\Uxxxxxxxx out of range")?;
                    continue;
                }
                Some(next) => {
                    decoder.out.extend(['\\', *next as char]);
                    index += 2;
                    continue;
                }
                None => {}
            }
        }
        decoder.out.push(byte as char);
        index += 1;
    }
    Ok(())
}

pub fn decode(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
    let data = decoder.data;
    let mut index = 0;
    let mut unknown = None;
    while let Some(&byte) = data.get(index) {
        if byte != b'\\' {
            decoder.out.push(byte as char);
            index += 1;
            continue;
        }
        let start = index;
        let Some(&letter) = data.get(index + 1) else {
            index = decoder.handle(vm, Fault { start, end: start + 1, reason: "\\ at end of string" })?;
            continue;
        };
        index += 2;
        match letter {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => decoder.out.push(letter as char),
            b'a' => decoder.out.push('\x07'),
            b'b' => decoder.out.push('\x08'),
            b'f' => decoder.out.push('\x0c'),
            b'n' => decoder.out.push('\n'),
            b'r' => decoder.out.push('\r'),
            b't' => decoder.out.push('\t'),
            b'v' => decoder.out.push('\x0b'),
            b'0'..=b'7' => {
                let digits = data[start + 1..].iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit));
                let (count, code) =
                    digits.fold((0, 0), |(count, code), digit| (count + 1, code * 8 + u32::from(digit - b'0')));
                index = start + 1 + count;
                if code > 0o377 {
                    unknown.get_or_insert_with(|| format!("invalid octal escape sequence '\\{code:o}'"));
                }
                decoder.out.extend(char::from_u32(code));
            }
            b'x' | b'u' | b'U' => index = decode_code(vm, decoder, start, "illegal Unicode character")?,
            b'N' => index = decode_name(vm, decoder, start)?,
            _ => {
                unknown.get_or_insert_with(|| format!("invalid escape sequence '\\{}'", letter as char));
                decoder.out.extend(['\\', letter as char]);
            }
        }
    }
    if let Some(message) = unknown {
        let warn = vm.hooks.warn;
        warn(vm, &types().deprecation_warning, &message)?;
    }
    Ok(())
}

/// Decodes `\N{name}`.
fn decode_name(vm: &mut Vm, decoder: &mut Decoder<'_>, start: usize) -> Result<usize> {
    let rest = &decoder.data[start + 2..];
    let length = rest.iter().position(|byte| *byte == b'}');
    let (Some(b'{'), Some(length)) = (rest.first(), length) else {
        let end = if rest.first() == Some(&b'{') { decoder.data.len() } else { start + 2 };
        return decoder.handle(vm, Fault { start, end, reason: "malformed \\N character escape" });
    };
    let end = start + 2 + length + 1;
    if length == 1 {
        return decoder.handle(vm, Fault { start, end, reason: "malformed \\N character escape" });
    }
    match std::str::from_utf8(&rest[1..length]).ok().and_then(unicode_names2::character) {
        Some(character) => {
            decoder.out.push(character);
            Ok(end)
        }
        None => decoder.handle(vm, Fault { start, end, reason: "unknown Unicode character name" }),
    }
}

/// How much of the bytes can be decoded before more have come: an escape that is not complete waits.
pub fn complete_length(data: &[u8], is_raw: bool) -> usize {
    let mut index = 0;
    while let Some(offset) = data[index..].iter().position(|byte| *byte == b'\\') {
        let start = index + offset;
        let Some(letter) = data.get(start + 1) else { return start };
        let rest = &data[start + 2..];
        let length = match letter {
            b'u' | b'U' => shape(*letter).0,
            b'x' if !is_raw => 2,
            b'N' if !is_raw => match rest.iter().position(|byte| *byte == b'}') {
                None if rest.first().is_none_or(|first| *first == b'{') => return start,
                _ => 0,
            },
            b'0'..=b'7' if !is_raw => {
                let count = rest.iter().take(2).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
                if count < 2 && count == rest.len() {
                    return start;
                }
                count
            }
            _ => 0,
        };
        let (count, _) = hexadecimal(rest, length);
        if count < length && count == rest.len() {
            return start;
        }
        index = start + 2 + count;
    }
    data.len()
}
