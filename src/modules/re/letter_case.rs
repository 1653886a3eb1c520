//! Letters without regard to case, and the kinds of characters, as patterns see them.

use super::syntax::{CategoryKind, flag};
use crate::value::str_properties as properties;

/// Lower case letters that share their upper case with others, in groups.
const SAME_UPPER_CASE: &[&[u32]] = &[
    &[0x69, 0x131],
    &[0x73, 0x17f],
    &[0xb5, 0x3bc],
    &[0x345, 0x3b9, 0x1fbe],
    &[0x390, 0x1fd3],
    &[0x3b0, 0x1fe3],
    &[0x3b2, 0x3d0],
    &[0x3b5, 0x3f5],
    &[0x3b8, 0x3d1],
    &[0x3ba, 0x3f0],
    &[0x3c0, 0x3d6],
    &[0x3c1, 0x3f1],
    &[0x3c2, 0x3c3],
    &[0x3c6, 0x3d5],
    &[0x432, 0x1c80],
    &[0x434, 0x1c81],
    &[0x43e, 0x1c82],
    &[0x441, 0x1c83],
    &[0x442, 0x1c84, 0x1c85],
    &[0x44a, 0x1c86],
    &[0x463, 0x1c87],
    &[0x1c88, 0xa64b],
    &[0x1e61, 0x1e9b],
    &[0xfb05, 0xfb06],
];

/// How characters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// As they are.
    Exact,
    /// Without regard to the case of ASCII letters.
    Ascii,
    /// Without regard to the case of any letter.
    Unicode,
}

impl Folding {
    /// What the flags ask for.
    pub fn of(flags: u32) -> Folding {
        match () {
            () if flags & flag::IGNORECASE == 0 => Folding::Exact,
            () if flags & flag::UNICODE != 0 => Folding::Unicode,
            () => Folding::Ascii,
        }
    }

    /// The lower case of a character.
    #[inline]
    pub fn lower(self, code: u32) -> u32 {
        match self {
            Folding::Exact => code,
            _ if code < 0x80 => u32::from((code as u8).to_ascii_lowercase()),
            Folding::Ascii => code,
            Folding::Unicode => first(code, |character| character.to_lowercase().next()),
        }
    }

    /// All lower case letters equal to this one, which is lower case.
    pub fn equals(self, lower: u32) -> &'static [u32] {
        if self != Folding::Unicode {
            return &[];
        }
        SAME_UPPER_CASE.iter().find(|group| group.contains(&lower)).copied().unwrap_or(&[])
    }

    /// Whether a character has another case.
    pub fn is_cased(self, code: u32) -> bool {
        match self {
            Folding::Exact => false,
            Folding::Ascii => code < 0x80 && (code as u8).is_ascii_alphabetic(),
            Folding::Unicode => self.lower(code) != code || upper(code) != code,
        }
    }
}

/// The upper case of a character, the first letter if there are several.
pub fn upper(code: u32) -> u32 {
    first(code, |character| character.to_uppercase().next())
}

fn first(code: u32, change: impl Fn(char) -> Option<char>) -> u32 {
    char::from_u32(code).and_then(change).map_or(code, |character| character as u32)
}

/// Whether a character is of a kind; `unicode` counts those beyond ASCII.
pub fn is_of_kind(kind: CategoryKind, unicode: bool, code: u32) -> bool {
    if code < 0x80 {
        let byte = code as u8;
        return match kind {
            CategoryKind::Digit => byte.is_ascii_digit(),
            CategoryKind::Space => matches!(byte, b'\t'..=b'\r' | b' ') || unicode && matches!(byte, 0x1c..=0x1f),
            CategoryKind::Word => byte.is_ascii_alphanumeric() || byte == b'_',
        };
    }
    let Some(character) = char::from_u32(code).filter(|_| unicode) else { return false };
    match kind {
        CategoryKind::Digit => properties::is_decimal(character),
        CategoryKind::Space => properties::is_space(character),
        CategoryKind::Word => properties::is_alphabetic(character) || properties::is_numeric(character),
    }
}
