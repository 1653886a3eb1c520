//! `_binascii`: base64 and checksums, as `stdlib/binascii.asy` needs them.

use super::native_module;
use crate::builtins::byte_string::Data;
use crate::native;
use crate::value::{Gc, Module, Native, Result, Value, bytes};
use crate::vm::Vm;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(_: &mut Vm, data: Data) -> Value {
    let view = data.view();
    let mut text = Vec::with_capacity(view.len().div_ceil(3) * 4);
    for group in view.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            // One byte makes two digits, two bytes make three.
            text.push(if place <= group.len() { ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] } else { b'=' });
        }
    }
    bytes::new(text)
}

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The bytes, or a text that says what is wrong.
fn decode(_: &mut Vm, data: Data, strict: bool) -> Value {
    match decoded(&data.view(), strict) {
        Ok(decoded) => bytes::new(decoded),
        Err(message) => Value::str(&message),
    }
}

fn decoded(data: &[u8], strict: bool) -> std::result::Result<Vec<u8>, String> {
    if strict && data.first() == Some(&b'=') {
        return Err("Leading padding not allowed".to_string());
    }
    let mut result = Vec::with_capacity(data.len() / 4 * 3);
    let (mut place, mut left, mut pads) = (0, 0u8, 0);
    let mut padding_began = false;
    for (index, &byte) in data.iter().enumerate() {
        if byte == b'=' {
            padding_began = true;
            pads += 1;
            if place >= 2 && place + pads >= 4 {
                if strict && index + 1 < data.len() {
                    return Err("Excess data after padding".to_string());
                }
                return Ok(result);
            }
            continue;
        }
        let Some(value) = digit(byte) else {
            if strict {
                return Err("Only base64 data is allowed".to_string());
            }
            continue;
        };
        if strict && padding_began {
            return Err("Discontinuous padding not allowed".to_string());
        }
        pads = 0;
        match place {
            0 => left = value,
            1 => {
                result.push(left << 2 | value >> 4);
                left = value & 15;
            }
            2 => {
                result.push(left << 4 | value >> 2);
                left = value & 3;
            }
            _ => result.push(left << 6 | value),
        }
        place = (place + 1) % 4;
    }
    match place {
        0 => Ok(result),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            result.len() / 3 * 4 + 1
        )),
        _ => Err("Incorrect padding".to_string()),
    }
}

fn crc32(_: &mut Vm, data: Data, start: i64) -> i64 {
    let mut sum = !(start as u32);
    for byte in data.view().iter() {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    i64::from(!sum)
}

fn crc_hqx(_: &mut Vm, data: Data, start: i64) -> i64 {
    let mut sum = start as u16;
    for byte in data.view().iter() {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum >> 15 == 1 { sum << 1 ^ 0x1021 } else { sum << 1 };
        }
    }
    i64::from(sum)
}

const FUNCTIONS: &[Native] = &[
    native!("encode(data, /)", encode(required), "The digits of base64."),
    native!("decode(data, strict, /)", decode(required, required), "The bytes, or a text about what is wrong."),
    native!("crc32(data, start, /)", crc32(required, required), "The checksum of zip and PNG."),
    native!("crc_hqx(data, start, /)", crc_hqx(required, required), "The checksum CRC-CCITT."),
];

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_binascii", FUNCTIONS))
}
