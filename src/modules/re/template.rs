//! Replacements: `\1`, `\g<name>` and escapes, read once and filled in for each match.

use super::escape::{self, is_octal};
use super::match_object::Found;
use super::parser::MOST_GROUPS;
use super::pattern::Pattern;
use super::reader::{Fault, Read, Reader, Token, is_number};
use super::subject::{Output, Subject};
use crate::value::str_repr::repr_str;
use crate::value::{Raised, Result};

/// A replacement that refers to groups.
pub struct Template {
    pub is_text: bool,
    /// Text, and the group that follows, if one does. A byte is the character with its number.
    pieces: Vec<(String, Option<usize>)>,
}

impl Template {
    /// Reads a replacement for matches of a pattern.
    pub fn parse(characters: Vec<char>, is_text: bool, pattern: &Pattern) -> Read<Template> {
        let mut reader = Reader::new(characters, is_text)?;
        let mut pieces = Vec::new();
        let mut literal = String::new();
        while let Some(token) = reader.take()? {
            let letter = match token {
                Token::Plain(character) => {
                    literal.push(character);
                    continue;
                }
                Token::Escaped(letter) => letter,
            };
            match letter {
                'g' => {
                    let number = named_group(&mut reader, pattern)?;
                    pieces.push((std::mem::take(&mut literal), Some(number)));
                }
                '0' => {
                    let digits = reader.take_while(2, is_octal)?;
                    let code = u32::from_str_radix(&digits, 8).unwrap_or(0) & 0xff;
                    literal.push(char::from(code as u8));
                }
                '1'..='9' => match numbered_group(&mut reader, letter, pattern)? {
                    Numbered::Group(number) => pieces.push((std::mem::take(&mut literal), Some(number))),
                    Numbered::Character(code) => literal.push(char::from(code as u8)),
                },
                _ => match escape::control(letter) {
                    Some(code) => literal.push(char::from(code as u8)),
                    None if letter.is_ascii_alphabetic() => {
                        return Err(reader.fault(format!("bad escape \\{letter}"), 2));
                    }
                    None => {
                        literal.push('\\');
                        literal.push(letter);
                    }
                },
            }
        }
        pieces.push((literal, None));
        Ok(Template { is_text, pieces })
    }

    /// Appends the replacement for a match.
    pub fn fill(&self, subject: &Subject, found: &Found, out: &mut Output) -> Result<()> {
        if self.is_text != subject.is_text() && self.pieces.len() > 1 {
            return Err(Raised::type_error(match self.is_text {
                true => "sequence item 1: expected str instance, bytes found",
                false => "sequence item 1: expected a bytes-like object, str found",
            }));
        }
        for (literal, group) in &self.pieces {
            out.push_text(literal);
            if let Some((start, end)) = group.and_then(|group| found.span(group)) {
                out.push_part(subject, start, end);
            }
        }
        Ok(())
    }
}

enum Numbered {
    Group(usize),
    Character(u32),
}

/// `\12`, behind the first digit: a group, or with three octal digits a character.
fn numbered_group(reader: &mut Reader, first: char, pattern: &Pattern) -> Read<Numbered> {
    let mut digits = first.to_string();
    if let Some(second) = reader.peek_if(|character| character.is_ascii_digit()) {
        reader.take()?;
        digits.push(second);
        if is_octal(first)
            && is_octal(second)
            && let Some(third) = reader.peek_if(is_octal)
        {
            reader.take()?;
            digits.push(third);
            return escape::octal(reader, &digits).map(Numbered::Character);
        }
    }
    check_group(reader, &digits, digits.len(), pattern).map(Numbered::Group)
}

/// `\g<name>`, behind the `g`.
fn named_group(reader: &mut Reader, pattern: &Pattern) -> Read<usize> {
    if !reader.take_if('<')? {
        return Err(reader.fault("missing <", 0));
    }
    let name = reader.take_until('>', "group name")?;
    if is_number(&name) {
        return check_group(reader, &name, name.len() + 1, pattern);
    }
    reader.check_name(&name, 1)?;
    pattern.number_of(&name).ok_or_else(|| Fault::Index(format!("unknown group name {}", repr_str(&name))))
}

fn check_group(reader: &Reader, digits: &str, back: usize, pattern: &Pattern) -> Read<usize> {
    match digits.parse::<u64>() {
        Ok(number) if number < MOST_GROUPS && number as usize <= pattern.program.groups => Ok(number as usize),
        _ => {
            let shown = digits.trim_start_matches('0');
            let shown = if shown.is_empty() { "0" } else { shown };
            Err(reader.fault(format!("invalid group reference {shown}"), back))
        }
    }
}
