//! Decoding and encoding piece by piece: what is incomplete at the end of a piece waits for the next one,
//! and a byte order mark stands only at the start.

use super::{escapes, utf7};
use crate::builtins::codec;
use crate::value::{Result, Str};
use crate::vm::Vm;

/// The mark at the start of `utf-8-sig`.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Text that comes as bytes, in pieces.
#[derive(Clone)]
pub struct StreamDecoder {
    /// The encoding as `codecs.lookup` names it.
    encoding: &'static str,
    /// The encoding of what follows, once a mark at the start has told it.
    decided: Option<&'static str>,
    errors: Str,
    /// Bytes of a character that is not complete yet.
    pending: Vec<u8>,
}

impl StreamDecoder {
    /// LookupError when there is no such encoding.
    pub fn new(encoding: &str, errors: &Str) -> Result<StreamDecoder> {
        let encoding = codec::canonical_name(encoding)?;
        Ok(StreamDecoder { encoding, decided: None, errors: errors.clone(), pending: Vec::new() })
    }

    /// Bytes that wait for the rest of their character.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Begins anew; at the start of a text marks count again.
    pub fn reset(&mut self, is_start: bool) {
        self.pending.clear();
        if is_start {
            self.decided = None;
        }
    }

    /// What the start of the text says about the rest, with the length of the mark. None when too little has
    /// come to tell.
    fn decide(&self, data: &[u8], is_final: bool) -> Option<(&'static str, usize)> {
        match self.encoding {
            "utf-8-sig" if data.starts_with(UTF8_MARK) => Some(("utf-8", 3)),
            "utf-8-sig" if !is_final && UTF8_MARK.starts_with(data) => None,
            "utf-8-sig" => Some(("utf-8", 0)),
            "utf-16" => match data {
                [0xff, 0xfe, ..] => Some(("utf-16-le", 2)),
                [0xfe, 0xff, ..] => Some(("utf-16-be", 2)),
                [_, _, ..] => Some(("utf-16-le", 0)),
                _ => is_final.then_some(("utf-16-le", 0)),
            },
            "utf-32" => match data {
                [0xff, 0xfe, 0, 0, ..] => Some(("utf-32-le", 4)),
                [0, 0, 0xfe, 0xff, ..] => Some(("utf-32-be", 4)),
                [_, _, _, _, ..] => Some(("utf-32-le", 0)),
                _ => is_final.then_some(("utf-32-le", 0)),
            },
            other => Some((other, 0)),
        }
    }

    /// The text of what waited and of these bytes, without what is not complete; the last piece must be.
    pub fn decode(&mut self, vm: &mut Vm, piece: &[u8], is_final: bool) -> Result<Str> {
        let mut joined = std::mem::take(&mut self.pending);
        let data = if joined.is_empty() {
            piece
        } else {
            joined.extend_from_slice(piece);
            &joined
        };
        let (encoding, start) = match self.decided {
            Some(encoding) => (encoding, 0),
            None if data.is_empty() => return Ok(Str::new("")),
            None => match self.decide(data, is_final) {
                Some((encoding, start)) => {
                    self.decided = Some(encoding);
                    (encoding, start)
                }
                None => {
                    self.pending = data.to_vec();
                    return Ok(Str::new(""));
                }
            },
        };
        let data = &data[start..];
        let end = if is_final { data.len() } else { complete_length(encoding, data) };
        let text = codec::decode(vm, &data[..end], encoding, &self.errors)?;
        self.pending = data[end..].to_vec();
        Ok(text)
    }
}

/// How much of the bytes can be decoded before more have come.
pub fn complete_length(encoding: &str, data: &[u8]) -> usize {
    let unit = |position: usize| match encoding {
        "utf-16-be" => u16::from_be_bytes([data[position], data[position + 1]]),
        _ => u16::from_le_bytes([data[position], data[position + 1]]),
    };
    match encoding {
        "utf-8" | "utf-8-sig" => {
            // The last character can begin three bytes before the end at most.
            let begin = (data.len().saturating_sub(3)..data.len()).rev().find(|place| data[*place] & 0xc0 != 0x80);
            match begin.map(|begin| (begin, std::str::from_utf8(&data[begin..]))) {
                Some((begin, Err(error))) if error.error_len().is_none() => begin,
                // Half of what may be a surrogate that is let pass.
                Some((begin, Err(_))) if matches!(data[begin..], [0xed, 0xa0..=0xbf]) => begin,
                _ => data.len(),
            }
        }
        "utf-16" | "utf-16-le" | "utf-16-be" => {
            let whole = data.len() & !1;
            // Half of a pair waits for the other half.
            if whole >= 2 && (0xd800..0xdc00).contains(&unit(whole - 2)) { whole - 2 } else { whole }
        }
        "utf-32" | "utf-32-le" | "utf-32-be" => data.len() & !3,
        "utf-7" => utf7::complete_length(data),
        "unicode-escape" => escapes::complete_length(data, false),
        "raw-unicode-escape" => escapes::complete_length(data, true),
        _ => data.len(),
    }
}

/// Text that goes out as bytes, in pieces.
#[derive(Clone)]
pub struct StreamEncoder {
    encoding: &'static str,
    errors: Str,
    /// Whether the mark is behind us.
    has_begun: bool,
}

impl StreamEncoder {
    /// LookupError when there is no such encoding.
    pub fn new(encoding: &str, errors: &Str) -> Result<StreamEncoder> {
        let encoding = codec::canonical_name(encoding)?;
        Ok(StreamEncoder { encoding, errors: errors.clone(), has_begun: false })
    }

    /// Whether the bytes of a text are those it is kept in.
    pub fn is_plain(&self) -> bool {
        self.encoding == "utf-8"
    }

    /// At the start of a text a mark is written, elsewhere none.
    pub fn set_begun(&mut self, has_begun: bool) {
        self.has_begun = has_begun;
    }

    /// The bytes of the next piece.
    pub fn encode(&mut self, vm: &mut Vm, text: &Str) -> Result<Vec<u8>> {
        let encoding = match self.encoding {
            "utf-16" if self.has_begun => "utf-16-le",
            "utf-32" if self.has_begun => "utf-32-le",
            "utf-8-sig" if self.has_begun => "utf-8",
            other => other,
        };
        let data = codec::encode(vm, text, encoding, &self.errors)?;
        self.has_begun = true;
        Ok(data)
    }
}
