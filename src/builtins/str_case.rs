//! Methods of str about letter case and kinds of characters.
//!
//! Upper and lower case follow Unicode's full mappings, a final sigma included; ASCII text is done in
//! one pass over its bytes.

use crate::memory::StrBuilder;
use crate::native;
use crate::value::unicode_version::{self, category, is_lowercase, is_uppercase, push_uppercase};
use crate::value::{Native, Str, str_properties as properties};
use crate::vm::Vm;

/// A copy of an ASCII text, changed in place.
fn change_ascii(this: &Str, change: impl FnOnce(&mut str)) -> Str {
    let mut builder = StrBuilder::with_capacity(this.len());
    builder.push_str(this);
    change(builder.as_mut_str());
    builder.finish_with_length(this.len())
}

fn upper(_: &mut Vm, this: &Str) -> Str {
    if this.is_ascii() {
        return change_ascii(this, str::make_ascii_uppercase);
    }
    let mut builder = StrBuilder::with_capacity(this.len());
    this.chars().for_each(|character| push_uppercase(character, &mut builder));
    builder.finish()
}

fn lower(_: &mut Vm, this: &Str) -> Str {
    if this.is_ascii() {
        return change_ascii(this, str::make_ascii_lowercase);
    }
    let mut builder = StrBuilder::with_capacity(this.len());
    this.char_indices().for_each(|(place, character)| push_lowercase(this, place, character, &mut builder));
    builder.finish()
}

fn casefold(vm: &mut Vm, this: &Str) -> Str {
    if this.is_ascii() {
        return lower(vm, this);
    }
    let mut builder = StrBuilder::with_capacity(this.len());
    this.chars().for_each(|character| properties::push_casefold(character, &mut builder));
    builder.finish()
}

/// Appends the lower case of the character at a byte of a text, which decides about a final sigma.
fn push_lowercase(text: &str, place: usize, character: char, out: &mut StrBuilder) {
    if character == 'Σ' {
        out.push(if is_final_sigma(text, place) { 'ς' } else { 'σ' });
    } else {
        unicode_version::push_lowercase(character, out);
    }
}

/// Whether a sigma follows a letter and precedes none; what case ignores is looked through.
fn is_final_sigma(text: &str, place: usize) -> bool {
    let is_cased =
        |character: char| is_lowercase(character) || is_uppercase(character) || properties::is_titlecase(character);
    let before = text[..place].chars().rev().find(|character| !is_case_ignorable(*character));
    let after = text[place..].chars().skip(1).find(|character| !is_case_ignorable(*character));
    before.is_some_and(is_cased) && !after.is_some_and(is_cased)
}

fn is_case_ignorable(character: char) -> bool {
    use unicode_general_category::GeneralCategory::*;
    matches!(character, '\'' | '.' | ':' | '\u{b7}' | '\u{387}' | '\u{55f}' | '\u{5f4}' | '\u{2018}' | '\u{2019}')
        || matches!(character, '\u{2024}' | '\u{2027}' | '\u{fe13}' | '\u{fe52}' | '\u{fe55}' | '\u{ff07}' | '\u{ff0e}')
        || character == '\u{ff1a}'
        || matches!(category(character), NonspacingMark | EnclosingMark | Format | ModifierLetter | ModifierSymbol)
}

fn capitalize(_: &mut Vm, this: &Str) -> Str {
    if this.is_ascii() {
        return change_ascii(this, |text| {
            text.make_ascii_lowercase();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
        });
    }
    let mut builder = StrBuilder::with_capacity(this.len());
    for (place, character) in this.char_indices() {
        match place {
            0 => properties::push_titlecase(character, &mut builder),
            _ => push_lowercase(this, place, character, &mut builder),
        }
    }
    builder.finish()
}

fn title(_: &mut Vm, this: &Str) -> Str {
    if this.is_ascii() {
        let mut in_word = false;
        return change_ascii(this, |text| {
            let mut rest = text;
            while !rest.is_empty() {
                let (first, others) = rest.split_at_mut(1);
                if in_word {
                    first.make_ascii_lowercase()
                } else {
                    first.make_ascii_uppercase()
                }
                in_word = first.bytes().all(|byte| byte.is_ascii_alphabetic());
                rest = others;
            }
        });
    }
    let mut builder = StrBuilder::with_capacity(this.len());
    let mut in_word = false;
    for (place, character) in this.char_indices() {
        if in_word {
            push_lowercase(this, place, character, &mut builder);
        } else {
            properties::push_titlecase(character, &mut builder);
        }
        in_word = is_cased(character);
    }
    builder.finish()
}

fn swapcase(_: &mut Vm, this: &Str) -> Str {
    let mut builder = StrBuilder::with_capacity(this.len());
    for (place, character) in this.char_indices() {
        if is_uppercase(character) {
            push_lowercase(this, place, character, &mut builder);
        } else if is_lowercase(character) {
            push_uppercase(character, &mut builder);
        } else {
            builder.push(character);
        }
    }
    builder.finish()
}

fn is_cased(character: char) -> bool {
    is_lowercase(character) || is_uppercase(character) || properties::is_titlecase(character)
}

fn every(this: &Str, test: impl Fn(char) -> bool) -> bool {
    !this.is_empty() && this.chars().all(test)
}

fn isalpha(_: &mut Vm, this: &Str) -> bool {
    every(this, properties::is_alphabetic)
}

fn isalnum(_: &mut Vm, this: &Str) -> bool {
    every(this, |character| properties::is_alphabetic(character) || properties::is_numeric(character))
}

fn isascii(_: &mut Vm, this: &Str) -> bool {
    this.is_ascii()
}

fn isdecimal(_: &mut Vm, this: &Str) -> bool {
    every(this, properties::is_decimal)
}

fn isdigit(_: &mut Vm, this: &Str) -> bool {
    every(this, properties::is_digit)
}

fn isnumeric(_: &mut Vm, this: &Str) -> bool {
    every(this, properties::is_numeric)
}

fn isspace(_: &mut Vm, this: &Str) -> bool {
    every(this, properties::is_space)
}

fn isprintable(_: &mut Vm, this: &Str) -> bool {
    this.chars().all(properties::is_printable)
}

fn islower(_: &mut Vm, this: &Str) -> bool {
    let unwanted = |character: char| is_uppercase(character) || properties::is_titlecase(character);
    this.chars().any(char::is_lowercase) && !this.chars().any(unwanted)
}

fn isupper(_: &mut Vm, this: &Str) -> bool {
    let unwanted = |character: char| is_lowercase(character) || properties::is_titlecase(character);
    this.chars().any(char::is_uppercase) && !this.chars().any(unwanted)
}

fn istitle(_: &mut Vm, this: &Str) -> bool {
    let (mut in_word, mut any) = (false, false);
    for character in this.chars() {
        let is_large = is_uppercase(character) || properties::is_titlecase(character);
        let is_small = !is_large && is_lowercase(character);
        if is_large && in_word || is_small && !in_word {
            return false;
        }
        in_word = is_large || is_small;
        any |= in_word;
    }
    any
}

fn isidentifier(_: &mut Vm, this: &Str) -> bool {
    properties::is_identifier(this)
}

/// The rows of this file, part of the methods of str.
pub const METHODS: &[Native] = &[
    native!("upper(self, /)", upper(required), "The text in upper case."),
    native!("lower(self, /)", lower(required), "The text in lower case."),
    native!("casefold(self, /)", casefold(required), "The text made fit for comparison without regard to case."),
    native!("capitalize(self, /)", capitalize(required), "The first character in upper case, the rest in lower case."),
    native!(
        "title(self, /)",
        title(required),
        "Each word with its first letter in upper case, the rest in lower case."
    ),
    native!("swapcase(self, /)", swapcase(required), "Upper case made lower case and the other way round."),
    native!("isalpha(self, /)", isalpha(required), "Whether there are characters and all are letters."),
    native!("isalnum(self, /)", isalnum(required), "Whether there are characters and all are letters or numbers."),
    native!("isascii(self, /)", isascii(required), "Whether all characters are ASCII."),
    native!("isdecimal(self, /)", isdecimal(required), "Whether there are characters and all are decimal digits."),
    native!("isdigit(self, /)", isdigit(required), "Whether there are characters and all are digits."),
    native!("isnumeric(self, /)", isnumeric(required), "Whether there are characters and all stand for numbers."),
    native!("isspace(self, /)", isspace(required), "Whether there are characters and all are white space."),
    native!("isprintable(self, /)", isprintable(required), "Whether repr shows all characters as they are."),
    native!("islower(self, /)", islower(required), "Whether there are letters with case and all are lower case."),
    native!("isupper(self, /)", isupper(required), "Whether there are letters with case and all are upper case."),
    native!("istitle(self, /)", istitle(required), "Whether each word starts with its only upper case letter."),
    native!("isidentifier(self, /)", isidentifier(required), "Whether the text could be a name."),
];
