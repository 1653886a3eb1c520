//! Number literals.
//!
//! Reads one literal from the start of a text by hand, since the messages depend on where exactly it
//! stops being a number. What follows a number may be a keyword (`1if x else y`), nothing else.

use crate::ast::Constant;

/// Python refuses to convert decimal literals with more digits than this.
const MAXIMUM_DECIMAL_DIGITS: usize = 4300;

/// Converting to decimal takes time quadratic in the length, so very long literals are refused.
const MAXIMUM_RADIX_DIGITS: usize = 50_000;

/// A literal and its length in bytes.
pub struct ScannedNumber {
    pub length: usize,
    pub value: Result<Constant, Failure>,
}

/// Why a literal is none, and the offset of the character that messages point at.
#[derive(Debug, PartialEq)]
pub struct Failure {
    pub message: String,
    pub at: usize,
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure { message, at: 0 }
    }
}

/// Reads the number at the start of `text`, which begins with a digit or with a dot and a digit.
pub fn scan_number(text: &str) -> ScannedNumber {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    if at(0) == b'0' {
        let radix = match at(1) {
            b'x' | b'X' => Some((16, "hexadecimal")),
            b'o' | b'O' => Some((8, "octal")),
            b'b' | b'B' => Some((2, "binary")),
            _ => None,
        };
        if let Some((radix, name)) = radix {
            return scan_radix(text, radix, name);
        }
    }
    scan_decimal(text)
}

/// The index behind digits with single underscores between them.
fn skip_digits(bytes: &[u8], mut index: usize, radix: u32) -> usize {
    let is_digit = |index: usize| bytes.get(index).is_some_and(|&byte| (byte as char).is_digit(radix));
    while is_digit(index) || bytes.get(index) == Some(&b'_') && is_digit(index + 1) {
        index += 1;
    }
    index
}

fn scan_radix(text: &str, radix: u32, name: &str) -> ScannedNumber {
    let bytes = text.as_bytes();
    let end = skip_digits(bytes, 2, radix);
    if end == 2 || bytes.get(end) == Some(&b'_') {
        let end = if bytes.get(end) == Some(&b'_') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end + 1
        } else {
            end
        };
        if let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit()) {
            return failure(text, end, format!("invalid digit '{}' in {name} literal", *digit as char));
        }
        return failure(text, end, format!("invalid {name} literal"));
    }
    if let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit()) {
        return failure(text, end, format!("invalid digit '{}' in {name} literal", *digit as char));
    }
    let digits: String = text[2..end].chars().filter(|&digit| digit != '_').collect();
    let value = if let Ok(small) = i64::from_str_radix(&digits, radix) {
        Ok(Constant::Int(small))
    } else if digits.len() > MAXIMUM_RADIX_DIGITS {
        Err(format!("{name} literal with more than {MAXIMUM_RADIX_DIGITS} digits"))
    } else {
        Ok(Constant::BigInt(to_decimal(&digits, radix).into()))
    };
    finish(text, end, value, name)
}

fn scan_decimal(text: &str) -> ScannedNumber {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut end = skip_digits(bytes, 0, 10);
    let whole = end;
    let mut is_float = false;
    if at(end) == b'.' {
        is_float = true;
        end += 1;
        if at(end).is_ascii_digit() {
            end = skip_digits(bytes, end, 10);
        }
    }
    if matches!(at(end), b'e' | b'E') {
        let digits = if matches!(at(end + 1), b'+' | b'-') { end + 2 } else { end + 1 };
        if at(digits).is_ascii_digit() {
            is_float = true;
            end = skip_digits(bytes, digits, 10);
        }
    }
    let plain = || text[..end].chars().filter(|&digit| digit != '_').collect::<String>();
    if matches!(at(end), b'j' | b'J') {
        let value = plain().parse().map(Constant::Imaginary).map_err(|_| "invalid imaginary literal".to_string());
        return finish(text, end + 1, value, "imaginary");
    }
    if is_float {
        let value = plain().parse().map(Constant::Float).map_err(|_| "invalid decimal literal".to_string());
        return finish(text, end, value, "decimal");
    }
    let digits = plain();
    let significant = digits.trim_start_matches('0');
    if significant.len() < digits.len() && !significant.is_empty() {
        return failure(
            text,
            whole,
            "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
        );
    }
    let value = if let Ok(small) = digits.parse() {
        Ok(Constant::Int(small))
    } else if significant.len() > MAXIMUM_DECIMAL_DIGITS {
        Err(format!(
            "Exceeds the limit ({MAXIMUM_DECIMAL_DIGITS} digits) for integer string conversion: value has {} digits; \
             use hexadecimal for huge integer literals",
            significant.len()
        ))
    } else if significant.is_empty() {
        Ok(Constant::Int(0))
    } else {
        Ok(Constant::BigInt(significant.into()))
    };
    finish(text, end, value, "decimal")
}

/// Whether a text begins as a keyword that may follow a number at once.
pub fn begins_with_keyword(text: &str) -> bool {
    ["and", "else", "for", "if", "in", "is", "not", "or"].iter().any(|word| text.starts_with(word))
}

/// Accepts a literal that ends at `end`, unless what follows belongs to a word.
fn finish(text: &str, end: usize, value: Result<Constant, String>, name: &str) -> ScannedNumber {
    let rest = &text[end..];
    let continues = rest.starts_with(|next: char| next == '_' || unicode_ident::is_xid_continue(next));
    if continues && !begins_with_keyword(rest) {
        return failure(text, end, format!("invalid {name} literal"));
    }
    ScannedNumber { length: end, value: value.map_err(Failure::from) }
}

/// A literal that is wrong from `at` on. The word it runs into is part of it.
fn failure(text: &str, at: usize, message: impl Into<String>) -> ScannedNumber {
    let rest = &text[at..];
    let word = rest.find(|next: char| next != '_' && !unicode_ident::is_xid_continue(next)).unwrap_or(rest.len());
    let message = message.into();
    // As in CPython: at the wrong digit or underscore, else at the last character that fits.
    let exact = matches!(text.as_bytes().get(at), Some(b'_')) || message.starts_with("invalid digit");
    let place = match message.starts_with("leading") {
        true => 0,
        false => at.saturating_sub(usize::from(!exact)),
    };
    ScannedNumber { length: at + word, value: Err(Failure { message, at: place }) }
}

/// Digits of a radix up to 16 as decimal digits, by long multiplication in limbs of nine digits.
fn to_decimal(digits: &str, radix: u32) -> String {
    const LIMB: u64 = 1_000_000_000;
    let mut limbs: Vec<u32> = vec![0];
    // Eight digits at a time: a factor of at most 2^32.
    for chunk in digits.as_bytes().chunks(8) {
        let mut carry = chunk.iter().fold(0, |value, &digit| {
            value * u64::from(radix) + u64::from((digit as char).to_digit(radix).unwrap_or(0))
        });
        let factor = u64::from(radix).pow(chunk.len() as u32);
        for limb in &mut limbs {
            let product = u64::from(*limb) * factor + carry;
            *limb = (product % LIMB) as u32;
            carry = product / LIMB;
        }
        while carry > 0 {
            limbs.push((carry % LIMB) as u32);
            carry /= LIMB;
        }
    }
    let mut text = limbs.last().map(u32::to_string).unwrap_or_default();
    for limb in limbs.iter().rev().skip(1) {
        text.push_str(&format!("{limb:09}"));
    }
    text
}
