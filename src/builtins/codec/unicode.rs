//! UTF-8, UTF-16 and UTF-32.

use super::Endian;
use super::errors::{Decoder, Encoder, Fault, Replacement};
use crate::memory::surrogate;
use crate::value::Result;
use crate::vm::Vm;

/// Why surrogates are not encoded.
const NOT_ALLOWED: &str = "surrogates not allowed";

/// Encodes with a way to append one character. What stands for surrogates has to be ASCII, or whole units of
/// the encoding; `run` says whether surrogates in a row are one error.
fn encode(
    vm: &mut Vm,
    mut encoder: Encoder<'_>,
    unit: usize,
    run: bool,
    push: fn(&mut Vec<u8>, char),
) -> Result<Vec<u8>> {
    let mut index = 0;
    while let Some(&character) = encoder.characters.get(index) {
        if !surrogate::stands_for_one(character) {
            push(&mut encoder.out, character);
            index += 1;
            continue;
        }
        let wrong = encoder.characters[index..].iter().take_while(|next| surrogate::stands_for_one(**next));
        let end = if run { index + wrong.count() } else { index + 1 };
        let (replacement, place) = encoder.handle(vm, index, end, NOT_ALLOWED)?;
        match replacement {
            Replacement::Bytes(bytes) if bytes.len().is_multiple_of(unit) => encoder.out.extend(bytes),
            Replacement::Text(text) if text.is_ascii() => text.chars().for_each(|one| push(&mut encoder.out, one)),
            _ => return Err(encoder.error(index, end, NOT_ALLOWED)),
        }
        index = place;
    }
    Ok(encoder.out)
}

pub fn encode_utf8(vm: &mut Vm, encoder: Encoder<'_>) -> Result<Vec<u8>> {
    encode(vm, encoder, 1, true, |out, character| {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    })
}

pub fn encode_utf16(vm: &mut Vm, mut encoder: Encoder<'_>, endian: Option<Endian>) -> Result<Vec<u8>> {
    if endian.is_none() {
        encoder.out.extend([0xff, 0xfe]);
    }
    let push: fn(&mut Vec<u8>, char) = match endian {
        Some(Endian::Big) => |out, character| {
            out.extend(character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        },
        _ => |out, character| {
            out.extend(character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_le_bytes()));
        },
    };
    encode(vm, encoder, 2, false, push)
}

pub fn encode_utf32(vm: &mut Vm, mut encoder: Encoder<'_>, endian: Option<Endian>) -> Result<Vec<u8>> {
    if endian.is_none() {
        encoder.out.extend([0xff, 0xfe, 0, 0]);
    }
    let push: fn(&mut Vec<u8>, char) = match endian {
        Some(Endian::Big) => |out, character| out.extend((character as u32).to_be_bytes()),
        _ => |out, character| out.extend((character as u32).to_le_bytes()),
    };
    encode(vm, encoder, 4, false, push)
}

pub fn decode_utf8(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
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

pub fn decode_utf16(vm: &mut Vm, decoder: &mut Decoder<'_>, endian: Option<Endian>) -> Result<()> {
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

pub fn decode_utf32(vm: &mut Vm, decoder: &mut Decoder<'_>, endian: Option<Endian>) -> Result<()> {
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
