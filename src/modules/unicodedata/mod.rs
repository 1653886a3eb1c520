//! `unicodedata`: what the Unicode Character Database says about characters.

mod tables;

use unicode_bidi::BidiDataSource;
use unicode_general_category::GeneralCategory;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::native_module;
use crate::memory::surrogate;
use crate::native;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Gc, Module, Native, Raised, Result, Str, Value, str_properties, unicode_version};
use crate::vm::Vm;

/// An argument that is one character.
struct Character(char);

impl<'a> FromArgument<'a> for Character {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.as_str() {
            Some(text) if text.characters() == 1 => Ok(Character(text.chars().next().unwrap_or_default())),
            _ => Err(Mismatch::Expected("a unicode character")),
        }
    }
}

/// How wide a character is in East Asian text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Ambiguous,
    Fullwidth,
    Halfwidth,
    Narrow,
    Wide,
}

/// The row of a sorted table of ranges that holds a character.
fn row<T>(table: &'static [T], character: char, bounds: fn(&T) -> (u32, u32)) -> Option<&'static T> {
    let code = character as u32;
    let index = table.partition_point(|row| bounds(row).1 < code);
    table.get(index).filter(|row| bounds(row).0 <= code)
}

fn category(_: &mut Vm, character: Character) -> &'static str {
    use GeneralCategory::*;
    match unicode_version::category(character.0) {
        UppercaseLetter => "Lu",
        LowercaseLetter => "Ll",
        TitlecaseLetter => "Lt",
        ModifierLetter => "Lm",
        OtherLetter => "Lo",
        NonspacingMark => "Mn",
        SpacingMark => "Mc",
        EnclosingMark => "Me",
        DecimalNumber => "Nd",
        LetterNumber => "Nl",
        OtherNumber => "No",
        ConnectorPunctuation => "Pc",
        DashPunctuation => "Pd",
        OpenPunctuation => "Ps",
        ClosePunctuation => "Pe",
        InitialPunctuation => "Pi",
        FinalPunctuation => "Pf",
        OtherPunctuation => "Po",
        MathSymbol => "Sm",
        CurrencySymbol => "Sc",
        ModifierSymbol => "Sk",
        OtherSymbol => "So",
        SpaceSeparator => "Zs",
        LineSeparator => "Zl",
        ParagraphSeparator => "Zp",
        Control => "Cc",
        Format => "Cf",
        Surrogate => "Cs",
        PrivateUse => "Co",
        _ => "Cn",
    }
}

fn is_assigned(character: char) -> bool {
    unicode_version::category(character) != GeneralCategory::Unassigned
}

fn bidirectional(_: &mut Vm, character: Character) -> String {
    match is_assigned(character.0) {
        // The names of the variants are those of the standard.
        true if surrogate::stands_for_one(character.0) => "L".to_string(),
        true => format!("{:?}", unicode_bidi::HardcodedBidiData.bidi_class(character.0)),
        false => String::new(),
    }
}

fn combining(_: &mut Vm, character: Character) -> i64 {
    if is_assigned(character.0) { i64::from(canonical_combining_class(character.0)) } else { 0 }
}

fn east_asian_width(_: &mut Vm, character: Character) -> &'static str {
    match row(tables::WIDTHS, character.0, |row| (row.0, row.1)).map(|row| row.2) {
        Some(_) if surrogate::stands_for_one(character.0) => "N",
        Some(Width::Ambiguous) => "A",
        Some(Width::Fullwidth) => "F",
        Some(Width::Halfwidth) => "H",
        Some(Width::Narrow) => "Na",
        Some(Width::Wide) => "W",
        None => "N",
    }
}

fn mirrored(_: &mut Vm, character: Character) -> i64 {
    i64::from(row(tables::MIRRORED, character.0, |row| *row).is_some())
}

// Names.

fn name(_: &mut Vm, character: Character, default: Option<Value>) -> Result<Value> {
    let found = unicode_names2::name(character.0).filter(|_| is_assigned(character.0));
    match found {
        Some(name) => Ok(Value::from(name.to_string())),
        None => default.ok_or_else(|| Raised::value_error("no such name")),
    }
}

fn lookup(_: &mut Vm, name: &Str) -> Result<Str> {
    match unicode_names2::character(name).filter(|found| is_assigned(*found)) {
        Some(character) => Ok(Str::of_char(character)),
        None => Err(Raised::key_error(Value::from(format!("undefined character name '{name}'")))),
    }
}

// Numbers.

/// The value of anything that stands for a number.
fn number(character: char) -> Option<f64> {
    if let Some(digit) = str_properties::decimal_value(character) {
        return Some(f64::from(digit));
    }
    let (first, _, numerator, step, denominator) = row(tables::NUMBERS, character, |row| (row.0, row.1))?;
    let distance = i64::from(character as u32 - first);
    Some((numerator + step * distance) as f64 / *denominator as f64)
}

fn numeric(_: &mut Vm, character: Character, default: Option<Value>) -> Result<Value> {
    match number(character.0) {
        Some(number) => Ok(Value::Float(number)),
        None => default.ok_or_else(|| Raised::value_error("not a numeric character")),
    }
}

fn decimal(_: &mut Vm, character: Character, default: Option<Value>) -> Result<Value> {
    match str_properties::decimal_value(character.0) {
        Some(digit) => Ok(Value::Int(i64::from(digit))),
        None => default.ok_or_else(|| Raised::value_error("not a decimal")),
    }
}

fn digit(_: &mut Vm, character: Character, default: Option<Value>) -> Result<Value> {
    match number(character.0).filter(|_| str_properties::is_digit(character.0)) {
        Some(digit) => Ok(Value::Int(digit as i64)),
        None => default.ok_or_else(|| Raised::value_error("not a digit")),
    }
}

// Decompositions.

fn decomposition(_: &mut Vm, character: Character) -> String {
    let character = character.0;
    // Those of Hangul follow from a rule and are not shown.
    if !is_assigned(character) || ('\u{ac00}'..='\u{d7a3}').contains(&character) {
        return String::new();
    }
    let tag = row(tables::TAGS, character, |row| (row.0, row.1)).map(|row| row.2);
    let listed = tables::DECOMPOSITIONS.binary_search_by_key(&(character as u32), |row| row.0);
    let parts: Vec<char> = match listed {
        Ok(index) => tables::DECOMPOSITIONS[index].1.chars().collect(),
        Err(_) if tag.is_some() => std::iter::once(character).nfkd().collect(),
        Err(_) => {
            let mut full: Vec<char> = std::iter::once(character).nfd().collect();
            if full == [character] {
                return String::new();
            }
            // One step back: all but the last part together are one character, if there is one.
            if let Some(last) = full.pop() {
                full = full.into_iter().nfc().chain([last]).collect();
            }
            full
        }
    };
    let mut shown: Vec<String> = tag.iter().map(|tag| format!("<{tag}>")).collect();
    shown.extend(parts.iter().map(|part| format!("{:04X}", *part as u32)));
    shown.join(" ")
}

/// The text in one of the four forms.
fn normal_form(form: &str, text: &str) -> Result<String> {
    // What was added later takes no part in it.
    let is_known = |character: &char| !unicode_version::is_added_later(*character);
    if !text.chars().all(|character| is_known(&character)) {
        return text
            .split_inclusive(|character| !is_known(&character))
            .map(|piece| {
                let end = piece.char_indices().next_back().filter(|(_, last)| !is_known(last));
                let (known, rest) = piece.split_at(end.map_or(piece.len(), |(place, _)| place));
                Ok(normal_form(form, known)? + rest)
            })
            .collect();
    }
    Ok(match form {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => return Err(Raised::value_error("invalid normalization form")),
    })
}

fn normalize(_: &mut Vm, form: &str, text: &Str) -> Result<Str> {
    if text.is_ascii() && matches!(form, "NFC" | "NFD" | "NFKC" | "NFKD") {
        return Ok(text.clone());
    }
    normal_form(form, text).map(Str::from)
}

fn is_normalized(_: &mut Vm, form: &str, text: &Str) -> Result<bool> {
    Ok(normal_form(form, text)? == **text)
}

static FUNCTIONS: &[Native] = &[
    native!("category(chr, /)", category(required), "The general category of a character."),
    native!("bidirectional(chr, /)", bidirectional(required), "How a character behaves in text of both directions."),
    native!("combining(chr, /)", combining(required), "The canonical combining class of a character."),
    native!("east_asian_width(chr, /)", east_asian_width(required), "The East Asian width of a character."),
    native!("mirrored(chr, /)", mirrored(required), "1 when a character is mirrored in text from right to left."),
    native!("name(chr, default=None, /)", name(required, optional), "The name of a character."),
    native!("lookup(name, /)", lookup(required), "The character with a name."),
    native!("numeric(chr, default=None, /)", numeric(required, optional), "The number a character stands for."),
    native!("decimal(chr, default=None, /)", decimal(required, optional), "The value of a decimal digit."),
    native!("digit(chr, default=None, /)", digit(required, optional), "The value of a digit."),
    native!("decomposition(chr, /)", decomposition(required), "What a character is made of."),
    native!("normalize(form, unistr, /)", normalize(required, required), "A text in a normal form."),
    native!("is_normalized(form, unistr, /)", is_normalized(required, required), "Whether a text is in a normal form."),
];

/// The module `unicodedata`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("unicodedata", FUNCTIONS);
    module.set("unidata_version", Value::str("15.1.0"));
    Ok(module)
}
