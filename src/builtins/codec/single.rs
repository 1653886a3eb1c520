//! Encodings with one byte for each character: ASCII, Latin-1 and code pages.

use super::code_pages::CodePage;
use super::errors::{Decoder, Encoder, Fault, Replacement};
use crate::value::Result;
use crate::vm::Vm;

/// Why a code page does not encode a character, or decode a byte.
const UNDEFINED: &str = "character maps to <undefined>";

/// Encodes with a function that knows the byte of each character.
fn encode(vm: &mut Vm, mut encoder: Encoder<'_>, reason: &str, byte: impl Fn(char) -> Option<u8>) -> Result<Vec<u8>> {
    let mut index = 0;
    while let Some(&character) = encoder.characters.get(index) {
        if let Some(byte) = byte(character) {
            encoder.out.push(byte);
            index += 1;
            continue;
        }
        let end = index + encoder.characters[index..].iter().take_while(|next| byte(**next).is_none()).count();
        let (replacement, place) = encoder.handle(vm, index, end, reason)?;
        match replacement {
            Replacement::Bytes(bytes) => encoder.out.extend(bytes),
            Replacement::Text(text) => match text.chars().map(&byte).collect::<Option<Vec<u8>>>() {
                Some(bytes) => encoder.out.extend(bytes),
                None => return Err(encoder.error(index, end, reason)),
            },
        }
        index = place;
    }
    Ok(encoder.out)
}

/// Encodes the characters below a limit as themselves.
pub fn encode_below(vm: &mut Vm, encoder: Encoder<'_>, limit: u32) -> Result<Vec<u8>> {
    let reason = format!("ordinal not in range({limit})");
    encode(vm, encoder, &reason, |character| ((character as u32) < limit).then_some(character as u8))
}

pub fn encode_page(vm: &mut Vm, encoder: Encoder<'_>, page: &'static CodePage) -> Result<Vec<u8>> {
    let mut bytes: std::collections::HashMap<char, u8> = std::collections::HashMap::with_capacity(256);
    for byte in (0..=255).rev() {
        bytes.extend(page.character(byte).map(|character| (character, byte)));
    }
    encode(vm, encoder, UNDEFINED, |character| bytes.get(&character).copied())
}

pub fn decode_ascii(vm: &mut Vm, decoder: &mut Decoder<'_>) -> Result<()> {
    decode(vm, decoder, "ordinal not in range(128)", |byte| byte.is_ascii().then_some(byte as char))
}

pub fn decode_page(vm: &mut Vm, decoder: &mut Decoder<'_>, page: &'static CodePage) -> Result<()> {
    let characters: [Option<char>; 256] = std::array::from_fn(|byte| page.character(byte as u8));
    decode(vm, decoder, UNDEFINED, |byte| characters[byte as usize])
}

fn decode(
    vm: &mut Vm,
    decoder: &mut Decoder<'_>,
    reason: &'static str,
    character: impl Fn(u8) -> Option<char>,
) -> Result<()> {
    let mut index = 0;
    while let Some(byte) = decoder.data.get(index) {
        match character(*byte) {
            Some(character) => {
                decoder.out.push(character);
                index += 1;
            }
            None => index = decoder.handle(vm, Fault { start: index, end: index + 1, reason })?,
        }
    }
    Ok(())
}
