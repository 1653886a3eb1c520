//! Numbers from text: what `int("...")`, `float("...")` and `complex("...")` accept.
//!
//! More than literals do: blanks around the number, a sign, and the decimal digits of every script.
//! Underscores stand between digits, as in literals. The errors carry no text of their own, except that
//! of the digit limit: the caller shows the value it was given.

use std::borrow::Cow;

use num_bigint::{BigInt, BigUint, Sign};

use crate::value::complex::Complex;
use crate::value::{Raised, Result, Str, Value, integer, str_properties};
use crate::vm::Vm;

/// Why text is no int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntError {
    Invalid,
    /// More digits than the limit allows.
    TooLong(usize),
}

impl IntError {
    /// The exception, for the value that was given.
    pub fn raise(self, vm: &mut Vm, value: &Value, base: u32) -> Raised {
        match self {
            IntError::Invalid => match shown(vm, value) {
                Ok(shown) => Raised::value_error(format!("invalid literal for int() with base {base}: {shown}")),
                Err(raised) => raised,
            },
            IntError::TooLong(digits) => Raised::value_error(format!(
                "Exceeds the limit ({} digits) for integer string conversion: value has {digits} digits; use \
                 sys.set_int_max_str_digits() to increase the limit",
                integer::digit_limit()
            )),
        }
    }
}

/// The exception for a value that is no float.
pub fn invalid_float(vm: &mut Vm, value: &Value) -> Raised {
    match vm.repr(value) {
        Ok(shown) => Raised::value_error(format!("could not convert string to float: {shown}")),
        Err(raised) => raised,
    }
}

/// The repr, cut where messages cut it.
fn shown(vm: &mut Vm, value: &Value) -> Result<Str> {
    let text = vm.repr(value)?;
    match text.char_indices().nth(200) {
        Some((end, _)) => Ok(Str::new(&text[..end])),
        None => Ok(text),
    }
}

/// Digits of other scripts become ASCII, and the blanks around go.
fn simplify(text: &str) -> Cow<'_, str> {
    const BLANKS: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];
    if text.is_ascii() {
        return Cow::Borrowed(text.trim_matches(BLANKS));
    }
    let is_blank = |character: char| character.is_whitespace() || ('\x1c'..='\x1f').contains(&character);
    let digit =
        |character: char| str_properties::decimal_value(character).and_then(|digit| char::from_digit(digit, 10));
    Cow::Owned(text.trim_matches(is_blank).chars().map(|character| digit(character).unwrap_or(character)).collect())
}

/// Reads an int in a base of 2 to 36; in base 0 the prefix tells it, as in a literal.
pub fn parse_int(text: &str, base: u32) -> std::result::Result<Value, IntError> {
    let text = simplify(text);
    let (is_negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let prefixed = match body.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 0,
    };
    let has_prefix = prefixed != 0 && (base == 0 || base == prefixed);
    let digits = if has_prefix { &body[2..] } else { body };
    let digits = if has_prefix { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    let is_zero = |text: &str| text.bytes().all(|byte| matches!(byte, b'0' | b'_'));
    if base == 0 && !has_prefix && digits.starts_with('0') && !is_zero(digits) {
        return Err(IntError::Invalid);
    }
    let base = match base {
        0 if has_prefix => prefixed,
        0 => 10,
        base => base,
    };
    let digits = without_underscores(digits, |byte| (byte as char).is_digit(base)).ok_or(IntError::Invalid)?;
    if digits.is_empty() || !digits.bytes().all(|byte| (byte as char).is_digit(base)) {
        return Err(IntError::Invalid);
    }
    if let Ok(number) = i64::from_str_radix(&digits, base) {
        return Ok(Value::Int(if is_negative { -number } else { number }));
    }
    if !base.is_power_of_two() && integer::exceeds_digit_limit(digits.len()) {
        return Err(IntError::TooLong(digits.len()));
    }
    let magnitude = match base {
        10 => integer::from_decimal(digits.as_bytes()),
        _ => BigUint::parse_bytes(digits.as_bytes(), base).ok_or(IntError::Invalid)?,
    };
    let sign = if is_negative { Sign::Minus } else { Sign::Plus };
    Ok(integer::normalize(BigInt::from_biguint(sign, magnitude)))
}

/// Removes underscores; None when one does not stand between two digits.
fn without_underscores(text: &str, is_digit: impl Fn(u8) -> bool) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let stands_well = |index: usize| {
        let before = index.checked_sub(1).and_then(|index| bytes.get(index));
        before.is_some_and(|byte| is_digit(*byte)) && bytes.get(index + 1).is_some_and(|byte| is_digit(*byte))
    };
    let all_stand_well = bytes.iter().enumerate().all(|(index, byte)| *byte != b'_' || stands_well(index));
    all_stand_well.then(|| Cow::Owned(text.replace('_', "")))
}

/// Reads a float.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = simplify(text);
    let text = without_underscores(&text, |byte| byte.is_ascii_digit())?;
    match float_prefix(&text)? {
        (number, length) if length == text.len() => Some(number),
        _ => None,
    }
}

/// The float at the start of text, and how many bytes it takes.
fn float_prefix(text: &str) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = matches!(bytes.first(), Some(b'+' | b'-')) as usize;
    for name in ["infinity", "inf", "nan"] {
        if bytes.get(sign..sign + name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes())) {
            let number = if name == "nan" { f64::NAN } else { f64::INFINITY };
            return Some((if bytes[0] == b'-' { -number } else { number }, sign + name.len()));
        }
    }
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-')) as usize;
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    Some((text[..end].parse().ok()?, end))
}

/// Reads a complex number: `1+2j`, `2j`, `1`, `(1-j)`.
pub fn parse_complex(text: &str) -> Option<Complex> {
    let text = simplify(text);
    let text = without_underscores(&text, |byte| byte.is_ascii_digit())?;
    let text = match text.strip_prefix('(') {
        Some(inside) => inside.strip_suffix(')')?.trim_matches(str_properties::is_space),
        None => &text,
    };
    let is_unit = |text: &str| text.eq_ignore_ascii_case("j");
    let (number, rest) = signed_part(text)?;
    if is_unit(rest) {
        return Some(Complex { real: 0.0, imaginary: number });
    }
    // Without a unit it is the real part, which must have been written out.
    float_prefix(text)?;
    if rest.is_empty() {
        return Some(Complex::from(number));
    }
    if !rest.starts_with(['+', '-']) {
        return None;
    }
    let (imaginary, rest) = signed_part(rest)?;
    is_unit(rest).then_some(Complex { real: number, imaginary })
}

/// A float or what stands for one in front of a lone `j`: a sign, or nothing.
fn signed_part(text: &str) -> Option<(f64, &str)> {
    if let Some((number, length)) = float_prefix(text) {
        return Some((number, &text[length..]));
    }
    match text.as_bytes().first()? {
        b'-' => Some((-1.0, &text[1..])),
        b'+' => Some((1.0, &text[1..])),
        _ => Some((1.0, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str, base: u32) -> Option<i64> {
        match parse_int(text, base) {
            Ok(Value::Int(number)) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn ints_are_read_as_in_cpython() {
        let good = [
            (" 12\n", 10, 12),
            ("+12", 10, 12),
            ("-0x1f", 16, -31),
            ("0o17", 0, 15),
            ("z", 36, 35),
            ("0b1", 16, 177),
            ("0_0", 0, 0),
            ("0x_10", 16, 16),
            ("1_000", 10, 1000),
            ("٣", 10, 3),
            ("\u{2003}12\u{3000}", 10, 12),
            ("-9223372036854775807", 10, -i64::MAX),
        ];
        for (text, base, number) in good {
            assert_eq!(int(text, base), Some(number), "{text}");
        }
        for (text, base) in [
            ("", 10),
            ("  ", 10),
            ("0x", 16),
            ("1__0", 10),
            ("_1", 10),
            ("1_", 10),
            ("010", 0),
            ("0b2", 0),
            ("- 1", 10),
            ("+-1", 10),
            ("0_x10", 16),
            ("0x__10", 16),
            ("12\0", 10),
        ] {
            assert!(matches!(parse_int(text, base), Err(IntError::Invalid)), "{text}");
        }
        assert!(matches!(parse_int(&"9".repeat(4301), 10), Err(IntError::TooLong(4301))));
        assert!(parse_int(&"9".repeat(4300), 10).is_ok());
    }

    #[test]
    fn floats_are_read_as_in_cpython() {
        assert_eq!(parse_float("1_0.5_0e1_0"), Some(105000000000.0));
        assert_eq!(parse_float(" -Infinity "), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float(".5"), Some(0.5));
        assert_eq!(parse_float("1."), Some(1.0));
        assert_eq!(parse_float("1e400"), Some(f64::INFINITY));
        for text in ["", ".", "1__0", "_1", "1_.5", "x", "1e", "1e+", "e5", "0x10", "1 2"] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }

    #[test]
    fn complex_numbers_are_read_as_in_cpython() {
        let number = |real, imaginary| Some(Complex { real, imaginary });
        assert_eq!(parse_complex(" ( 1+2j ) "), number(1.0, 2.0));
        assert_eq!(parse_complex("-j"), number(0.0, -1.0));
        assert_eq!(parse_complex("1_0-2.5e-3J"), number(10.0, -0.0025));
        assert_eq!(parse_complex("3"), number(3.0, 0.0));
        for text in ["", "()", "1+", "1+2", "1j+2", "--1", "1 + 2j", "+", "(1+2j"] {
            assert_eq!(parse_complex(text), None, "{text}");
        }
    }
}
