//! Codecs: text to bytes and back.
//!
//! UTF-8, ASCII, Latin-1, UTF-16 and UTF-32 with the error handlers `strict`, `ignore`, `replace`,
//! `backslashreplace`, `xmlcharrefreplace`, `namereplace` and those of the script. A str holds no surrogates, so
//! `surrogateescape` and `surrogatepass` act as `strict` where they would have to make one.

use std::fmt::Write;

use super::codec_errors::{self, Handler, encode_error, error_arguments, handler_of};
use crate::memory::StrBuilder;
use crate::value::str_repr::write_escape;
use crate::value::{Raised, Result, Str, Value, bytes, types};
use crate::vm::Vm;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endian {
    Little,
    Big,
}

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Utf8,
    /// With a byte order mark that decoding drops.
    Utf8Signed,
    Ascii,
    Latin1,
    /// Without an order: little, with a byte order mark.
    Utf16(Option<Endian>),
    Utf32(Option<Endian>),
}

fn codec_of(name: &str) -> Result<Codec> {
    let normal: String = name
        .chars()
        .map(|letter| if matches!(letter, '_' | ' ') { '-' } else { letter.to_ascii_lowercase() })
        .collect();
    Ok(match normal.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "cp65001" => Codec::Utf8,
        "utf-8-sig" => Codec::Utf8Signed,
        "ascii" | "us-ascii" | "646" | "us" | "ansi-x3.4-1968" | "iso646-us" => Codec::Ascii,
        "latin-1" | "latin1" | "latin" | "l1" | "iso-8859-1" | "iso8859-1" | "iso8859" | "8859" | "cp819" => {
            Codec::Latin1
        }
        "utf-16" | "utf16" | "u16" => Codec::Utf16(None),
        "utf-16-le" | "utf-16le" | "utf16le" => Codec::Utf16(Some(Endian::Little)),
        "utf-16-be" | "utf-16be" | "utf16be" => Codec::Utf16(Some(Endian::Big)),
        "utf-32" | "utf32" | "u32" => Codec::Utf32(None),
        "utf-32-le" | "utf-32le" | "utf32le" => Codec::Utf32(Some(Endian::Little)),
        "utf-32-be" | "utf-32be" | "utf32be" => Codec::Utf32(Some(Endian::Big)),
        _ => return Err(Raised::lookup_error(format!("unknown encoding: {name}"))),
    })
}

/// The name by which `codecs.lookup` knows an encoding. LookupError when there is none.
pub fn canonical_name(name: &str) -> Result<&'static str> {
    Ok(match codec_of(name)? {
        Codec::Utf8 => "utf-8",
        Codec::Utf8Signed => "utf-8-sig",
        Codec::Ascii => "ascii",
        Codec::Latin1 => "iso8859-1",
        Codec::Utf16(None) => "utf-16",
        Codec::Utf16(Some(Endian::Little)) => "utf-16-le",
        Codec::Utf16(Some(Endian::Big)) => "utf-16-be",
        Codec::Utf32(None) => "utf-32",
        Codec::Utf32(Some(Endian::Little)) => "utf-32-le",
        Codec::Utf32(Some(Endian::Big)) => "utf-32-be",
    })
}

/// `text.encode(encoding, errors)`. Errors: LookupError, UnicodeEncodeError.
pub fn encode(vm: &mut Vm, text: &Str, encoding: &str, errors: &str) -> Result<Vec<u8>> {
    Ok(match codec_of(encoding)? {
        Codec::Utf8 => text.as_bytes().to_vec(),
        Codec::Utf8Signed => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        Codec::Ascii if text.is_ascii() => text.as_bytes().to_vec(),
        Codec::Ascii => encode_single(vm, text, "ascii", 0x80, errors)?,
        Codec::Latin1 => encode_single(vm, text, "latin-1", 0x100, errors)?,
        Codec::Utf16(endian) => {
            let mark = endian.is_none().then_some(0xfeff);
            let units = mark.into_iter().chain(text.encode_utf16());
            match endian {
                Some(Endian::Big) => units.flat_map(u16::to_be_bytes).collect(),
                _ => units.flat_map(u16::to_le_bytes).collect(),
            }
        }
        Codec::Utf32(endian) => {
            let mark = endian.is_none().then_some(0xfeff);
            let codes = mark.into_iter().chain(text.chars().map(|character| character as u32));
            match endian {
                Some(Endian::Big) => codes.flat_map(u32::to_be_bytes).collect(),
                _ => codes.flat_map(u32::to_le_bytes).collect(),
            }
        }
    })
}

/// Encodes with one byte a character, those below `limit`.
fn encode_single(vm: &mut Vm, text: &Str, encoding: &str, limit: u32, errors: &str) -> Result<Vec<u8>> {
    let characters: Vec<char> = text.chars().collect();
    let mut data = Vec::with_capacity(characters.len());
    let mut index = 0;
    while let Some(&character) = characters.get(index) {
        if (character as u32) < limit {
            data.push(character as u8);
            index += 1;
            continue;
        }
        let mut escaped = String::new();
        let handler = handler_of(errors)?;
        match handler {
            Handler::Strict | Handler::Custom(_) => {
                let run = characters[index..].iter().take_while(|next| **next as u32 >= limit).count();
                let reason = format!("ordinal not in range({limit})");
                let error = encode_error(encoding, text, index, index + run, &reason);
                let Handler::Custom(handler) = handler else { return Err(error) };
                let (replacement, place) = codec_errors::ask(vm, &handler, error, characters.len(), "encoding")?;
                match replacement.native() {
                    Value::Bytes(bytes) => data.extend_from_slice(&bytes.data),
                    other => {
                        let replacement = other.as_str().map_or("", |replacement| replacement);
                        if replacement.chars().any(|character| character as u32 >= limit) {
                            return Err(encode_error(encoding, text, index, index + run, &reason));
                        }
                        data.extend(replacement.chars().map(|character| character as u8));
                    }
                }
                index = place;
                continue;
            }
            Handler::Ignore => {}
            Handler::Replace => escaped.push('?'),
            Handler::BackslashReplace => write_escape(character, &mut escaped),
            Handler::XmlReplace => {
                let _ = write!(escaped, "&#{};", character as u32);
            }
            Handler::NameReplace => match unicode_names2::name(character) {
                Some(name) => {
                    let _ = write!(escaped, "\\N{{{name}}}");
                }
                None => write_escape(character, &mut escaped),
            },
        }
        data.extend_from_slice(escaped.as_bytes());
        index += 1;
    }
    Ok(data)
}

/// Bytes that cannot be decoded.
struct Fault {
    start: usize,
    end: usize,
    reason: &'static str,
}

/// Decoding in progress.
struct Decoder<'a> {
    /// As messages name it.
    encoding: &'static str,
    errors: &'a str,
    data: &'a [u8],
    out: StrBuilder,
}

impl Decoder<'_> {
    /// Deals with a fault and says where to go on.
    fn handle(&mut self, vm: &mut Vm, fault: Fault) -> Result<usize> {
        let Fault { start, end, reason } = fault;
        let handler = handler_of(self.errors)?;
        match handler {
            Handler::Strict | Handler::Custom(_) => {
                let args = error_arguments(self.encoding, bytes::new(self.data), start, end, reason);
                let error = Raised::new(&types().unicode_decode_error, args);
                let Handler::Custom(handler) = handler else { return Err(error) };
                let (replacement, place) = codec_errors::ask(vm, &handler, error, self.data.len(), "decoding")?;
                self.out.push_str(replacement.as_str().map_or("", |replacement| replacement));
                return Ok(place);
            }
            Handler::Ignore => {}
            Handler::Replace => self.out.push('\u{fffd}'),
            Handler::BackslashReplace => {
                for byte in &self.data[start..end] {
                    let _ = write!(self.out, "\\x{byte:02x}");
                }
            }
            Handler::XmlReplace | Handler::NameReplace => {
                let message = "don't know how to handle UnicodeDecodeError in error callback";
                return Err(Raised::type_error(message));
            }
        }
        Ok(end)
    }
}

/// `data.decode(encoding, errors)`. Errors: LookupError, UnicodeDecodeError.
pub fn decode(vm: &mut Vm, data: &[u8], encoding: &str, errors: &str) -> Result<Str> {
    let codec = codec_of(encoding)?;
    let data = match codec {
        Codec::Utf8Signed => data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data),
        _ => data,
    };
    if matches!(codec, Codec::Utf8 | Codec::Utf8Signed)
        && let Ok(text) = std::str::from_utf8(data)
    {
        return Ok(Str::new(text));
    }
    let encoding = match codec {
        Codec::Utf8 | Codec::Utf8Signed => "utf-8",
        _ => canonical_name(encoding)?,
    };
    let mut decoder = Decoder { encoding, errors, data, out: StrBuilder::with_capacity(data.len()) };
    match codec {
        Codec::Utf8 | Codec::Utf8Signed => decode_utf8(vm, &mut decoder)?,
        Codec::Ascii => {
            let mut index = 0;
            while let Some(byte) = data.get(index) {
                if byte.is_ascii() {
                    decoder.out.push(*byte as char);
                    index += 1;
                } else {
                    let fault = Fault { start: index, end: index + 1, reason: "ordinal not in range(128)" };
                    index = decoder.handle(vm, fault)?;
                }
            }
        }
        Codec::Latin1 => decoder.out.extend(data.iter().map(|byte| *byte as char)),
        Codec::Utf16(endian) => decode_utf16(vm, &mut decoder, endian)?,
        Codec::Utf32(endian) => decode_utf32(vm, &mut decoder, endian)?,
    }
    Ok(decoder.out.finish())
}

fn decode_utf8(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
    let mut position = 0;
    loop {
        let rest = &decoder.data[position..];
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                decoder.out.push_str(text);
                return Ok(());
            }
            Err(error) => error,
        };
        decoder.out.push_str(std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or(""));
        let start = position + error.valid_up_to();
        let (end, reason) = match error.error_len() {
            None => (decoder.data.len(), "unexpected end of data"),
            Some(1) if !matches!(decoder.data[start], 0xc2..=0xf4) => (start + 1, "invalid start byte"),
            Some(length) => (start + length, "invalid continuation byte"),
        };
        position = decoder.handle(vm, Fault { start, end, reason })?;
    }
}

fn decode_utf16(vm: &mut Vm, decoder: &mut Decoder<'_>, endian: Option<Endian>) -> Result<()> {
    let data = decoder.data;
    let (endian, mut position) = match (endian, data) {
        (Some(endian), _) => (endian, 0),
        (None, [0xff, 0xfe, ..]) => (Endian::Little, 2),
        (None, [0xfe, 0xff, ..]) => (Endian::Big, 2),
        (None, _) => (Endian::Little, 0),
    };
    decoder.encoding = if endian == Endian::Little { "utf-16-le" } else { "utf-16-be" };
    let unit = |position: usize| match (endian, data.get(position..position + 2)) {
        (Endian::Little, Some(&[low, high])) | (Endian::Big, Some(&[high, low])) => {
            Some(u16::from_be_bytes([high, low]))
        }
        _ => None,
    };
    while position < data.len() {
        let Some(first) = unit(position) else {
            let fault = Fault { start: position, end: data.len(), reason: "truncated data" };
            position = decoder.handle(vm, fault)?;
            continue;
        };
        let (length, reason) = match (first, unit(position + 2)) {
            (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) => {
                let code = 0x10000 + ((first as u32 - 0xd800) << 10) + (second as u32 - 0xdc00);
                decoder.out.extend(char::from_u32(code));
                position += 4;
                continue;
            }
            (0xd800..=0xdbff, Some(_)) => (2, "illegal UTF-16 surrogate"),
            (0xd800..=0xdbff, None) => (data.len() - position, "unexpected end of data"),
            (0xdc00..=0xdfff, _) => (2, "illegal encoding"),
            _ => {
                decoder.out.extend(char::from_u32(first as u32));
                position += 2;
                continue;
            }
        };
        position = decoder.handle(vm, Fault { start: position, end: position + length, reason })?;
    }
    Ok(())
}

fn decode_utf32(vm: &mut Vm, decoder: &mut Decoder<'_>, endian: Option<Endian>) -> Result<()> {
    let data = decoder.data;
    let (endian, mut position) = match (endian, data) {
        (Some(endian), _) => (endian, 0),
        (None, [0xff, 0xfe, 0, 0, ..]) => (Endian::Little, 4),
        (None, [0, 0, 0xfe, 0xff, ..]) => (Endian::Big, 4),
        (None, _) => (Endian::Little, 0),
    };
    decoder.encoding = if endian == Endian::Little { "utf-32-le" } else { "utf-32-be" };
    while position < data.len() {
        let Some(&[a, b, c, d]) = data.get(position..position + 4) else {
            let fault = Fault { start: position, end: data.len(), reason: "truncated data" };
            position = decoder.handle(vm, fault)?;
            continue;
        };
        let code = match endian {
            Endian::Little => u32::from_le_bytes([a, b, c, d]),
            Endian::Big => u32::from_be_bytes([a, b, c, d]),
        };
        match char::from_u32(code) {
            Some(character) => {
                decoder.out.push(character);
                position += 4;
            }
            None => {
                let reason = match code {
                    0xd800..=0xdfff => "code point in surrogate code point range(0xd800, 0xe000)",
                    _ => "code point not in range(0x110000)",
                };
                position = decoder.handle(vm, Fault { start: position, end: position + 4, reason })?;
            }
        }
    }
    Ok(())
}
