//! Escapes in patterns: `\n`, `\x41`, `\d`, `\1`.

use super::parser::Parser;
use super::reader::{Read, Reader};
use super::syntax::{Category, CategoryKind, Node, Place, SetItem, SetNode};
use crate::memory::surrogate;
use crate::value::str_repr::repr_str;

/// An escape outside of sets, behind its letter.
pub fn in_pattern(parser: &mut Parser<'_>, letter: char) -> Read<Node> {
    let place = match letter {
        'A' => Some(Place::BeginningOfText),
        'b' => Some(Place::Boundary),
        'B' => Some(Place::NoBoundary),
        'Z' => Some(Place::EndOfText),
        _ => None,
    };
    if let Some(place) = place {
        return Ok(Node::At(place));
    }
    if let Some(category) = category(letter) {
        return Ok(Node::Set(SetNode { negate: false, items: vec![SetItem::Category(category)] }));
    }
    if let Some(code) = control(letter) {
        return Ok(Node::Literal(code));
    }
    match letter {
        '0' => {
            let digits = parser.reader.take_while(2, is_octal)?;
            Ok(Node::Literal(u32::from_str_radix(&digits, 8).unwrap_or(0)))
        }
        '1'..='9' => reference(parser, letter),
        _ => in_either(&mut parser.reader, letter).map(Node::Literal),
    }
}

/// An escape in a set, behind its letter.
pub fn in_set(parser: &mut Parser<'_>, letter: char) -> Read<SetItem> {
    if let Some(code) = control(letter) {
        return Ok(SetItem::Literal(code));
    }
    if let Some(category) = category(letter) {
        return Ok(SetItem::Category(category));
    }
    if is_octal(letter) {
        let digits = format!("{letter}{}", parser.reader.take_while(2, is_octal)?);
        return octal(&parser.reader, &digits).map(SetItem::Literal);
    }
    in_either(&mut parser.reader, letter).map(SetItem::Literal)
}

/// `\12`: a group, or with three octal digits a character.
fn reference(parser: &mut Parser<'_>, first: char) -> Read<Node> {
    let mut digits = first.to_string();
    if let Some(second) = parser.reader.peek_if(|character| character.is_ascii_digit()) {
        parser.reader.take()?;
        digits.push(second);
        if is_octal(first)
            && is_octal(second)
            && let Some(third) = parser.reader.peek_if(is_octal)
        {
            parser.reader.take()?;
            digits.push(third);
            return octal(&parser.reader, &digits).map(Node::Literal);
        }
    }
    let number = digits.parse::<usize>().unwrap_or(usize::MAX);
    if number >= parser.widths.len() {
        return Err(parser.reader.fault(format!("invalid group reference {digits}"), digits.len()));
    }
    if !parser.is_closed(number) {
        return Err(parser.reader.fault("cannot refer to an open group", digits.len() + 1));
    }
    parser.check_look_behind(number)?;
    Ok(Node::Reference(number))
}

/// The character with these octal digits, which have just been read.
pub fn octal(reader: &Reader, digits: &str) -> Read<u32> {
    match u32::from_str_radix(digits, 8) {
        Ok(code) if code <= 0o377 => Ok(code),
        _ => {
            let message = format!("octal escape value \\{digits} outside of range 0-0o377");
            Err(reader.fault(message, digits.len() + 1))
        }
    }
}

/// Escapes that mean the same everywhere.
fn in_either(reader: &mut Reader, letter: char) -> Read<u32> {
    match letter {
        'x' => hexadecimal(reader, 'x', 2),
        'u' if reader.is_text => hexadecimal(reader, 'u', 4),
        'U' if reader.is_text => {
            let digits = hexadecimal_digits(reader, 'U', 8)?;
            match u32::from_str_radix(&digits, 16) {
                Ok(code) if code <= 0x10ffff => Ok(code),
                _ => Err(reader.fault(format!("bad escape \\U{digits}"), 10)),
            }
        }
        'N' if reader.is_text => named(reader),
        '0'..='9' | 'a'..='z' | 'A'..='Z' => Err(reader.fault(format!("bad escape \\{letter}"), 2)),
        _ => Ok(surrogate::code(letter)),
    }
}

fn hexadecimal(reader: &mut Reader, letter: char, count: usize) -> Read<u32> {
    Ok(u32::from_str_radix(&hexadecimal_digits(reader, letter, count)?, 16).unwrap_or(0))
}

fn hexadecimal_digits(reader: &mut Reader, letter: char, count: usize) -> Read<String> {
    let digits = reader.take_while(count, |character| character.is_ascii_hexdigit())?;
    if digits.len() != count {
        return Err(reader.fault(format!("incomplete escape \\{letter}{digits}"), digits.len() + 2));
    }
    Ok(digits)
}

/// `\N{EM DASH}`
fn named(reader: &mut Reader) -> Read<u32> {
    if !reader.take_if('{')? {
        return Err(reader.fault("missing {", 0));
    }
    let name = reader.take_until('}', "character name")?;
    match unicode_names2::character(&name) {
        Some(character) => Ok(surrogate::code(character)),
        None => {
            let message = format!("undefined character name {}", repr_str(&name));
            Err(reader.fault(message, name.chars().count() + r"\N{}".len()))
        }
    }
}

/// Escapes of control characters, in replacements too.
pub fn control(letter: char) -> Option<u32> {
    Some(match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => u32::from('\\'),
        _ => return None,
    })
}

fn category(letter: char) -> Option<Category> {
    let kind = match letter.to_ascii_lowercase() {
        'd' => CategoryKind::Digit,
        's' => CategoryKind::Space,
        'w' => CategoryKind::Word,
        _ => return None,
    };
    Some(Category { kind, negate: letter.is_ascii_uppercase() })
}

pub fn is_octal(character: char) -> bool {
    matches!(character, '0'..='7')
}
