//! UTF-7: ASCII, with runs of other characters as UTF-16 in base 64 between `+` and `-`.

use super::errors::{Decoder, Fault};
use crate::memory::surrogate;
use crate::value::Result;
use crate::vm::Vm;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(byte: u8) -> Option<u32> {
    DIGITS.iter().position(|digit| *digit == byte).map(|value| value as u32)
}

/// Whether a character is written as itself outside of runs.
fn is_direct(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='}') && !matches!(character, '+' | '\\')
}

/// The 16-bit units of a character; a lone surrogate is one, too.
fn units(character: char) -> impl Iterator<Item = u16> {
    let mut pair = [0; 2];
    let length = match surrogate::stands_for_one(character) {
        true => {
            pair[0] = surrogate::code(character) as u16;
            1
        }
        false => character.encode_utf16(&mut pair).len(),
    };
    pair.into_iter().take(length)
}

pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut count, mut in_run) = (0_u32, 0, false);
    for character in text.chars() {
        if is_direct(character) {
            if in_run {
                if count > 0 {
                    out.push(DIGITS[(bits << (6 - count) & 0x3f) as usize]);
                }
                if digit(character as u8).is_some() || character == '-' {
                    out.push(b'-');
                }
                (bits, count, in_run) = (0, 0, false);
            }
            out.push(character as u8);
        } else if character == '+' && !in_run {
            out.extend_from_slice(b"+-");
        } else {
            if !in_run {
                out.push(b'+');
                in_run = true;
            }
            for unit in units(character) {
                bits = bits << 16 | u32::from(unit);
                count += 16;
                while count >= 6 {
                    count -= 6;
                    out.push(DIGITS[(bits >> count & 0x3f) as usize]);
                }
                bits &= (1 << count) - 1;
            }
        }
    }
    if in_run {
        if count > 0 {
            out.push(DIGITS[(bits << (6 - count) & 0x3f) as usize]);
        }
        out.push(b'-');
    }
    out
}

/// A run of base 64 that is being read.
#[derive(Default)]
struct Run {
    bits: u32,
    count: u32,
    /// The first half of a pair.
    half: Option<u32>,
}

impl Run {
    /// Takes a digit and gives out the characters that are complete.
    fn take(&mut self, value: u32, out: &mut impl Extend<char>) {
        self.bits = self.bits << 6 | value;
        self.count += 6;
        if self.count < 16 {
            return;
        }
        self.count -= 16;
        let unit = self.bits >> self.count;
        self.bits &= (1 << self.count) - 1;
        if let Some(half) = self.half.take() {
            if (0xdc00..0xe000).contains(&unit) {
                return out.extend(char::from_u32(0x10000 + ((half - 0xd800) << 10) + (unit - 0xdc00)));
            }
            out.extend(surrogate::character(half));
        }
        match (0xd800..0xdc00).contains(&unit) {
            true => self.half = Some(unit),
            false => out.extend(surrogate::character(unit)),
        }
    }

    /// What is wrong with the end of the run.
    fn fault(&self) -> Option<&'static str> {
        match self.count {
            6.. => Some("partial character in base64 sequence"),
            _ if self.bits != 0 => Some("non-zero padding bits in shift sequence"),
            _ => None,
        }
    }
}

pub fn decode(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
    let data = decoder.data;
    let (mut index, mut start) = (0, 0);
    let mut run: Option<Run> = None;
    while let Some(&byte) = data.get(index) {
        if let Some(reading) = &mut run {
            if let Some(value) = digit(byte) {
                reading.take(value, &mut decoder.out);
                index += 1;
                continue;
            }
            let fault = reading.fault();
            let half = reading.half.take();
            run = None;
            if let Some(reason) = fault {
                index = decoder.handle(vm, Fault { start, end: index + 1, reason })?;
                continue;
            }
            if let Some(half) = half.filter(|_| byte.is_ascii() && byte != b'+') {
                decoder.out.extend(surrogate::character(half));
            }
            if byte == b'-' {
                index += 1;
            }
            continue;
        }
        match byte {
            b'+' if data.get(index + 1) == Some(&b'-') => {
                decoder.out.push('+');
                index += 2;
            }
            b'+' => match data.get(index + 1) {
                Some(next) if digit(*next).is_none() => {
                    let fault = Fault { start: index, end: index + 2, reason: "ill-formed sequence" };
                    index = decoder.handle(vm, fault)?;
                }
                _ => {
                    start = index;
                    run = Some(Run::default());
                    index += 1;
                }
            },
            _ if byte.is_ascii() => {
                decoder.out.push(byte as char);
                index += 1;
            }
            _ => {
                let fault = Fault { start: index, end: index + 1, reason: "unexpected special character" };
                index = decoder.handle(vm, fault)?;
            }
        }
    }
    if let Some(run) = run
        && (run.half.is_some() || run.count >= 6 || run.bits != 0)
    {
        let fault = Fault { start, end: data.len(), reason: "unterminated shift sequence" };
        decoder.handle(vm, fault)?;
    }
    Ok(())
}

/// How much of the bytes can be decoded before more have come: a run that has not ended waits.
pub fn complete_length(data: &[u8]) -> usize {
    let mut start = None;
    for (index, byte) in data.iter().enumerate() {
        match start {
            None if *byte == b'+' => start = Some(index),
            Some(_) if digit(*byte).is_none() => start = None,
            _ => {}
        }
    }
    start.unwrap_or(data.len())
}
