//! What characters are: the Unicode properties behind `str.isdigit`, `str.title`, `repr` and the like.
//!
//! General categories come from a crate, letter case from the standard library. What neither has is
//! here as ranges or rules read off the Unicode Character Database 15.1: numeric types, title case,
//! case folding.

use unicode_general_category::GeneralCategory;

use smallvec::SmallVec;

use super::unicode_version::{category, is_added_later, push_lowercase, push_uppercase};

/// Characters with a digit value that are not decimal digits: superscripts, circled digits and the like.
const DIGITS: &[(u32, u32)] = &[
    (0xb2, 0xb3),
    (0xb9, 0xb9),
    (0x1369, 0x1371),
    (0x19da, 0x19da),
    (0x2070, 0x2070),
    (0x2074, 0x2079),
    (0x2080, 0x2089),
    (0x2460, 0x2468),
    (0x2474, 0x247c),
    (0x2488, 0x2490),
    (0x24ea, 0x24ea),
    (0x24f5, 0x24fd),
    (0x24ff, 0x24ff),
    (0x2776, 0x277e),
    (0x2780, 0x2788),
    (0x278a, 0x2792),
    (0x10a40, 0x10a43),
    (0x10e60, 0x10e68),
    (0x11052, 0x1105a),
    (0x1f100, 0x1f10a),
];

/// Ideographs that are letters by category but stand for numbers.
const NUMERIC_IDEOGRAPHS: &[(u32, u32)] = &[
    (0x3405, 0x3405),
    (0x3483, 0x3483),
    (0x382a, 0x382a),
    (0x3b4d, 0x3b4d),
    (0x4e00, 0x4e00),
    (0x4e03, 0x4e03),
    (0x4e07, 0x4e07),
    (0x4e09, 0x4e09),
    (0x4e24, 0x4e24),
    (0x4e5d, 0x4e5d),
    (0x4e8c, 0x4e8c),
    (0x4e94, 0x4e94),
    (0x4e96, 0x4e96),
    (0x4eac, 0x4eac),
    (0x4ebf, 0x4ec0),
    (0x4edf, 0x4edf),
    (0x4ee8, 0x4ee8),
    (0x4f0d, 0x4f0d),
    (0x4f70, 0x4f70),
    (0x4fe9, 0x4fe9),
    (0x5006, 0x5006),
    (0x5104, 0x5104),
    (0x5146, 0x5146),
    (0x5169, 0x5169),
    (0x516b, 0x516b),
    (0x516d, 0x516d),
    (0x5341, 0x5341),
    (0x5343, 0x5345),
    (0x534c, 0x534c),
    (0x53c1, 0x53c4),
    (0x56db, 0x56db),
    (0x58f1, 0x58f1),
    (0x58f9, 0x58f9),
    (0x5e7a, 0x5e7a),
    (0x5efe, 0x5eff),
    (0x5f0c, 0x5f0e),
    (0x5f10, 0x5f10),
    (0x62d0, 0x62d0),
    (0x62fe, 0x62fe),
    (0x634c, 0x634c),
    (0x67d2, 0x67d2),
    (0x6d1e, 0x6d1e),
    (0x6f06, 0x6f06),
    (0x7396, 0x7396),
    (0x767e, 0x767e),
    (0x7695, 0x7695),
    (0x79ed, 0x79ed),
    (0x8086, 0x8086),
    (0x842c, 0x842c),
    (0x8cae, 0x8cae),
    (0x8cb3, 0x8cb3),
    (0x8d30, 0x8d30),
    (0x920e, 0x920e),
    (0x94a9, 0x94a9),
    (0x9621, 0x9621),
    (0x9646, 0x9646),
    (0x964c, 0x964c),
    (0x9678, 0x9678),
    (0x96f6, 0x96f6),
    (0xf96b, 0xf96b),
    (0xf973, 0xf973),
    (0xf978, 0xf978),
    (0xf9b2, 0xf9b2),
    (0xf9d1, 0xf9d1),
    (0xf9d3, 0xf9d3),
    (0xf9fd, 0xf9fd),
    (0x20001, 0x20001),
    (0x20064, 0x20064),
    (0x200e2, 0x200e2),
    (0x20121, 0x20121),
    (0x2092a, 0x2092a),
    (0x20983, 0x20983),
    (0x2098c, 0x2098c),
    (0x2099c, 0x2099c),
    (0x20aea, 0x20aea),
    (0x20afd, 0x20afd),
    (0x20b19, 0x20b19),
    (0x22390, 0x22390),
    (0x22998, 0x22998),
    (0x23b1b, 0x23b1b),
    (0x2626d, 0x2626d),
    (0x2f890, 0x2f890),
];

pub fn is_in(ranges: &[(u32, u32)], character: char) -> bool {
    let code = character as u32;
    ranges
        .binary_search_by(|(first, last)| {
            if *last < code {
                std::cmp::Ordering::Less
            } else if *first > code {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

/// A letter of any kind.
pub fn is_alphabetic(character: char) -> bool {
    use GeneralCategory::*;
    character.is_ascii_alphabetic()
        || !character.is_ascii()
            && matches!(
                category(character),
                UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
            )
}

/// A decimal digit of some script.
pub fn is_decimal(character: char) -> bool {
    character.is_ascii_digit() || !character.is_ascii() && category(character) == GeneralCategory::DecimalNumber
}

/// A decimal digit, or another character that stands for a single digit.
pub fn is_digit(character: char) -> bool {
    is_decimal(character) || is_in(DIGITS, character)
}

/// Anything that stands for a number.
pub fn is_numeric(character: char) -> bool {
    use GeneralCategory::*;
    character.is_ascii_digit()
        || !character.is_ascii()
            && (matches!(category(character), DecimalNumber | LetterNumber | OtherNumber)
                || is_in(NUMERIC_IDEOGRAPHS, character))
}

/// The value of a decimal digit of any script: they come in runs of ten from 0 to 9.
pub fn decimal_value(character: char) -> Option<u32> {
    if character.is_ascii() {
        return character.to_digit(10);
    }
    if !is_decimal(character) {
        return None;
    }
    let code = character as u32;
    // The mathematical digits are five runs without a gap.
    if (0x1d7ce..=0x1d7ff).contains(&code) {
        return Some((code - 0x1d7ce) % 10);
    }
    let before = (1..10).take_while(|back| char::from_u32(code - back).is_some_and(is_decimal)).count();
    Some(before as u32)
}

/// White space, as `str.split` and `str.strip` see it.
#[inline]
pub fn is_space(character: char) -> bool {
    match character {
        '\t'..='\r' | '\x1c'..=' ' => true,
        _ if character.is_ascii() => false,
        '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' => true,
        '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => true,
        _ => false,
    }
}

/// White space among ASCII bytes, as for `is_space`.
#[inline(always)]
pub fn is_space_byte(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ')
}

/// Whether `repr` shows the character as it is.
#[inline]
pub fn is_printable(character: char) -> bool {
    use GeneralCategory::*;
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    !matches!(
        category(character),
        Control | Format | Surrogate | PrivateUse | Unassigned | LineSeparator | ParagraphSeparator | SpaceSeparator
    )
}

/// A digraph letter in title case, such as U+01C5.
pub fn is_titlecase(character: char) -> bool {
    !character.is_ascii() && category(character) == GeneralCategory::TitlecaseLetter
}

/// Appends the title case of a character: its upper case but for digraphs, ligatures, letters with iota
/// subscript and Georgian.
pub fn push_titlecase(character: char, out: &mut impl Extend<char>) {
    let code = character as u32;
    let single = |code: u32| char::from_u32(code).unwrap_or(character);
    match code {
        0x1c4..=0x1cc => out.extend([single((code - 0x1c4) / 3 * 3 + 0x1c5)]),
        0x1f1..=0x1f3 => out.extend(['\u{1f2}']),
        0x10d0..=0x10fa | 0x10fd..=0x10ff => out.extend([character]),
        0x1f80..=0x1faf => out.extend([single(code | 8)]),
        0x1fb3 | 0x1fbc => out.extend(['\u{1fbc}']),
        0x1fc3 | 0x1fcc => out.extend(['\u{1fcc}']),
        0x1ff3 | 0x1ffc => out.extend(['\u{1ffc}']),
        0x1fb2 => out.extend(['\u{1fba}', '\u{345}']),
        0x1fb4 => out.extend(['\u{386}', '\u{345}']),
        0x1fb7 => out.extend(['\u{391}', '\u{342}', '\u{345}']),
        0x1fc2 => out.extend(['\u{1fca}', '\u{345}']),
        0x1fc4 => out.extend(['\u{389}', '\u{345}']),
        0x1fc7 => out.extend(['\u{397}', '\u{342}', '\u{345}']),
        0x1ff2 => out.extend(['\u{1ffa}', '\u{345}']),
        0x1ff4 => out.extend(['\u{38f}', '\u{345}']),
        0x1ff7 => out.extend(['\u{3a9}', '\u{342}', '\u{345}']),
        // Letters that are several in upper case: only the first is large.
        0xdf | 0x587 | 0xfb00..=0xfb06 | 0xfb13..=0xfb17 => {
            let mut upper = character.to_uppercase();
            out.extend(upper.next());
            upper.for_each(|letter| out.extend(letter.to_lowercase()));
        }
        _ => push_uppercase(character, out),
    }
}

/// Appends the full case folding of a character. It is the lower case of its upper case, with few
/// exceptions: the dotless i, the capital sharp s and Cherokee, which folds to upper case.
pub fn push_casefold(character: char, out: &mut impl Extend<char>) {
    match character as u32 {
        0x131 | 0x13a0..=0x13f5 => out.extend([character]),
        0x1e9e => out.extend(['s', 's']),
        0x13f8..=0x13fd | 0xab70..=0xabbf => out.extend(character.to_uppercase()),
        _ => {
            let mut upper: SmallVec<[char; 4]> = SmallVec::new();
            push_uppercase(character, &mut upper);
            upper.into_iter().for_each(|letter| push_lowercase(letter, out));
        }
    }
}

/// Whether a character can start an identifier.
pub fn starts_identifier(character: char) -> bool {
    character == '_' || unicode_ident::is_xid_start(character) && !is_added_later(character)
}

/// Whether a character can go on an identifier.
pub fn continues_identifier(character: char) -> bool {
    unicode_ident::is_xid_continue(character) && !is_added_later(character)
}

/// Whether a text could be a name.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(starts_identifier) && characters.all(continues_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_other_scripts_have_values() {
        assert_eq!(decimal_value('٣'), Some(3));
        assert_eq!(decimal_value('𝟡'), Some(9));
        assert_eq!(decimal_value('²'), None);
    }

    #[test]
    fn case_folding() {
        let fold = |character| {
            let mut folded = String::new();
            push_casefold(character, &mut folded);
            folded
        };
        assert_eq!(fold('ß'), "ss");
        assert_eq!(fold('ς'), "σ");
        assert_eq!(fold('İ'), "i\u{307}");
    }
}
