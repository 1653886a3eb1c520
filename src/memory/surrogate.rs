//! Lone surrogates in strings: the mapping of the grammar, whose literals need it too, and what is done with
//! it on whole texts.

use std::cmp::Ordering;

pub use asy_grammar::surrogate::{INSIDE, character, code, is_surrogate, stands_for_one};

/// Whether a lone surrogate is in a text.
#[inline]
pub fn occurs_in(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(0xf4, bytes).any(|place| asy_grammar::surrogate::is_at(bytes, place))
}

/// The order of two texts by the codes of their characters.
pub fn compare(left: &str, right: &str) -> Ordering {
    match left.bytes().zip(right.bytes()).position(|(one, other)| one != other) {
        None => left.len().cmp(&right.len()),
        Some(mut place) => {
            // Both have the same bytes before, so a character begins at the same place in both.
            while !left.is_char_boundary(place) {
                place -= 1;
            }
            let first = |text: &str| text[place..].chars().next().map(code);
            first(left).cmp(&first(right))
        }
    }
}

/// The byte that a surrogate stands for, as made by the error handler `surrogateescape`.
pub fn escaped_byte(character: char) -> Option<u8> {
    match code(character) {
        code @ 0xdc80..=0xdcff => Some((code - 0xdc00) as u8),
        _ => None,
    }
}

/// The bytes of a text that names something of the system; None when there is no way to write it.
pub fn system_bytes(text: &str) -> Option<Vec<u8>> {
    if !occurs_in(text) {
        return Some(text.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match stands_for_one(character) {
            true => bytes.push(escaped_byte(character)?),
            false => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(bytes)
}
