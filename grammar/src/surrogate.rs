//! Lone surrogates in strings.
//!
//! Strings are UTF-8, which has no U+D800 to U+DFFF. Inside, each of these 2,048 codes is kept as a private
//! character of plane 16 that nobody uses, U+10F000 and those behind it. What takes codes from outside or
//! gives them out (escapes, `chr` and `ord`, `repr`, codecs, `json`, `re`) goes through this file.

/// The character that stands for U+D800.
const FIRST: u32 = 0x10_f000;
const LAST: u32 = FIRST + 0x7ff;

/// The characters that stand for surrogates, as a range of codes.
pub const INSIDE: std::ops::RangeInclusive<u32> = FIRST..=LAST;

/// The character that a string holds for a code. None when the code is none of Unicode.
#[inline]
pub fn character(code: u32) -> Option<char> {
    char::from_u32(if is_surrogate(code) { code - 0xd800 + FIRST } else { code })
}

/// The code of a character in a string: `ord`.
#[inline]
pub fn code(character: char) -> u32 {
    let code = character as u32;
    if INSIDE.contains(&code) { code - FIRST + 0xd800 } else { code }
}

/// Whether a code is half of a pair.
pub fn is_surrogate(code: u32) -> bool {
    (0xd800..0xe000).contains(&code)
}

/// Whether a character of a string stands for half of a pair.
#[inline]
pub fn stands_for_one(character: char) -> bool {
    INSIDE.contains(&(character as u32))
}

/// Whether the UTF-8 of a string holds one at a byte.
#[inline]
pub fn is_at(text: &[u8], place: usize) -> bool {
    matches!(text.get(place..place + 3), Some([0xf4, 0x8f, 0x80..=0x9f]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for wanted in [0x41, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0x10_efff, 0x10_f800, 0x10_ffff] {
            let found = character(wanted).expect("a character");
            assert_eq!(code(found), wanted);
            assert_eq!(is_at(found.to_string().as_bytes(), 0), is_surrogate(wanted));
        }
        assert_eq!(character(0x11_0000), None);
    }
}
