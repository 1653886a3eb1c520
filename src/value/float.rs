//! Floats: as text, as fractions, rounded and divided.
//!
//! Everything here is exact up to the one rounding that the result needs: half to even, as in CPython.

use std::fmt::{self, Write};

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::Zero;

use super::integer;

/// The shortest text that reads back as the same number, in CPython's form: `1.0`, `1e+16`, `inf`.
pub fn repr(number: f64) -> String {
    let mut text = String::with_capacity(24);
    let _ = write_repr(number, &mut text);
    text
}

/// Writes what `repr` gives.
pub fn write_repr(number: f64, out: &mut impl Write) -> fmt::Result {
    if number.is_nan() {
        return out.write_str("nan");
    }
    if number.is_sign_negative() {
        out.write_char('-')?;
    }
    if number.is_infinite() {
        return out.write_str("inf");
    }
    let mut buffer = [0; 17];
    let (digits, exponent) = shortest_digits_in(&mut buffer, number.abs());
    let (point, count) = (exponent + 1, digits.len() as i32);
    if (-3..=16).contains(&point) {
        if point <= 0 {
            out.write_str("0.")?;
            out.write_str(&ZEROS[..-point as usize])?;
            out.write_str(digits)
        } else if point >= count {
            out.write_str(digits)?;
            out.write_str(&ZEROS[..(point - count) as usize])?;
            out.write_str(".0")
        } else {
            let (whole, fraction) = digits.split_at(point as usize);
            out.write_str(whole)?;
            out.write_char('.')?;
            out.write_str(fraction)
        }
    } else {
        let (first, rest) = digits.split_at(1);
        out.write_str(first)?;
        if !rest.is_empty() {
            out.write_char('.')?;
            out.write_str(rest)?;
        }
        write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

const ZEROS: &str = "0000000000000000";

/// The shortest decimal digits of a finite number that is not negative, and the power of ten of the
/// first one.
pub fn shortest_digits(number: f64) -> (String, i32) {
    let mut buffer = [0; 17];
    let (digits, exponent) = shortest_digits_in(&mut buffer, number);
    (digits.to_string(), exponent)
}

/// As `shortest_digits`; a double never needs more than 17 digits.
fn shortest_digits_in(digits: &mut [u8; 17], number: f64) -> (&str, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(number);
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let (mut count, mut leading_zeros, mut whole_digits, mut seen_point) = (0, 0, 0, false);
    for byte in mantissa.bytes() {
        match byte {
            b'.' => seen_point = true,
            b'0' if count == 0 => leading_zeros += seen_point as i32,
            _ => {
                whole_digits += !seen_point as i32;
                if let Some(place) = digits.get_mut(count) {
                    *place = byte;
                    count += 1;
                }
            }
        }
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
    }
    if count == 0 {
        return ("0", 0);
    }
    let exponent =
        power.parse::<i32>().unwrap_or(0) + if whole_digits > 0 { whole_digits - 1 } else { -leading_zeros - 1 };
    (std::str::from_utf8(&digits[..count]).unwrap_or("0"), exponent)
}

/// Whole quotient rounded down and the rest, which has the sign of the divisor. `right` is not 0.
pub fn divide_with_rest(left: f64, right: f64) -> (f64, f64) {
    let rest = left % right;
    let mut quotient = (left - rest) / right;
    let rest = if rest == 0.0 {
        0.0f64.copysign(right)
    } else if (right < 0.0) != (rest < 0.0) {
        quotient -= 1.0;
        rest + right
    } else {
        rest
    };
    if quotient == 0.0 {
        return (0.0f64.copysign(left / right), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

/// The rest of a division, with the sign of the divisor. `right` is not 0.
#[inline]
pub fn modulo(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest == 0.0 {
        0.0f64.copysign(right)
    } else if (right < 0.0) != (rest < 0.0) {
        rest + right
    } else {
        rest
    }
}

/// `mantissa * 2**exponent`, or a little more when `is_more`, as the nearest float; infinite when it is
/// too large.
pub fn compose(mantissa: u128, exponent: i64, is_more: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 128 - mantissa.leading_zeros() as i64;
    // The exponent of the last bit that a float of this size has.
    let last = bits.saturating_add(exponent).saturating_sub(53).max(-1074);
    if last > 1024 {
        return f64::INFINITY;
    }
    let dropped = last - exponent;
    let rounded = if dropped <= 0 {
        return libm::ldexp(mantissa as f64, exponent as i32);
    } else if dropped > 128 {
        0
    } else {
        let kept = if dropped == 128 { 0 } else { mantissa >> dropped };
        let half = 1u128 << (dropped - 1);
        let rest = mantissa & (half | (half - 1));
        let up = rest > half || rest == half && (is_more || kept & 1 == 1);
        kept + up as u128
    };
    libm::ldexp(rounded as f64, last as i32)
}

/// The parts of a finite float: it is `mantissa * 2**exponent`, without the sign.
pub fn decompose(number: f64) -> (u64, i32) {
    let bits = number.abs().to_bits();
    match bits >> 52 {
        0 => (bits, -1074),
        biased => (bits & ((1 << 52) - 1) | 1 << 52, biased as i32 - 1075),
    }
}

/// Numerator and denominator in lowest terms of a finite float.
pub fn ratio(number: f64) -> (BigInt, BigInt) {
    let (mut mantissa, mut exponent) = decompose(number);
    if mantissa == 0 {
        return (BigInt::zero(), BigInt::from(1));
    }
    let zeros = mantissa.trailing_zeros();
    mantissa >>= zeros;
    exponent += zeros as i32;
    let sign = if number < 0.0 { Sign::Minus } else { Sign::Plus };
    let numerator = BigInt::from_biguint(sign, BigUint::from(mantissa));
    if exponent >= 0 {
        (numerator << exponent as u32, BigInt::from(1))
    } else {
        (numerator, BigInt::from(1) << exponent.unsigned_abs())
    }
}

/// Rounded to so many decimal digits behind the point (before it, when negative), the even one of two
/// numbers equally near. Infinite when the result is too large.
pub fn round_to_digits(number: f64, digits: i64) -> f64 {
    if !number.is_finite() || number == 0.0 || digits > 323 {
        return number;
    }
    if digits < -309 {
        return 0.0f64.copysign(number);
    }
    if digits >= 0 {
        // Formatting rounds the exact decimal expansion, and reading is exact again.
        return format!("{number:.*}", digits as usize).parse().unwrap_or(number);
    }
    let unit = BigInt::from(10).pow(digits.unsigned_abs() as u32);
    // A unit is even, so that the fraction only matters when the whole part is just half of it: one
    // more bit, set when there is a fraction, decides.
    let (numerator, denominator) = ratio(number.abs());
    let whole = (&numerator / &denominator) * 2u8 + (!(&numerator % &denominator).is_zero()) as u8;
    let rounded = integer::round_to_multiple(&whole, &(unit * 2u8)) / 2u8;
    let rounded: f64 = rounded.to_string().parse().unwrap_or(f64::INFINITY);
    rounded.copysign(number)
}

/// The number in base 16: `0x1.8p+1`.
pub fn hex(number: f64) -> String {
    if !number.is_finite() {
        return repr(number);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let (mantissa, exponent) = decompose(number);
    let (first, fraction) = (mantissa >> 52, mantissa & ((1 << 52) - 1));
    format!("{sign}0x{first}.{fraction:013x}p{:+}", exponent + 52)
}

/// Why text is no number in base 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    Invalid,
    TooLarge,
}

/// Reads what `hex` gives: sign, `0x`, digits with a point, and a power of two are optional; so are
/// blanks around it.
pub fn from_hex(text: &str) -> Result<f64, HexError> {
    let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = |number: f64| if is_negative { -number } else { number };
    let lower = text.to_ascii_lowercase();
    match &*lower {
        "inf" | "infinity" => return Ok(signed(f64::INFINITY)),
        "nan" => return Ok(signed(f64::NAN)),
        _ => {}
    }
    let body = lower.strip_prefix("0x").unwrap_or(&lower);
    let (digits, power) = match body.split_once('p') {
        Some((digits, power)) => (digits, parse_power(power).ok_or(HexError::Invalid)?),
        None => (body, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(HexError::Invalid);
    }
    let (mut mantissa, mut exponent, mut is_more) = (0u128, power, false);
    for (is_fraction, digit) in
        whole.chars().map(|digit| (false, digit)).chain(fraction.chars().map(|digit| (true, digit)))
    {
        let value = digit.to_digit(16).ok_or(HexError::Invalid)?;
        let has_room = mantissa >> 120 == 0;
        if has_room {
            mantissa = mantissa << 4 | value as u128;
        } else {
            is_more |= value != 0;
        }
        match (is_fraction, has_room) {
            (true, true) => exponent = exponent.saturating_sub(4),
            (false, false) => exponent = exponent.saturating_add(4),
            _ => {}
        }
    }
    // What was left out below 120 bits is below any half, so it only breaks ties.
    let number = compose(mantissa, exponent, is_more);
    if number.is_infinite() { Err(HexError::TooLarge) } else { Ok(signed(number)) }
}

/// A decimal exponent, clamped to a size that is out of range for any mantissa.
fn parse_power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 60);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_in_cpython() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456.789, "123456.789"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (9007199254740993.0, "9007199254740992.0"),
        ];
        for (number, text) in cases {
            assert_eq!(repr(number), text);
        }
    }

    #[test]
    fn rounds_half_to_even() {
        assert_eq!(round_to_digits(2.675, 2), 2.67);
        assert_eq!(round_to_digits(0.125, 2), 0.12);
        assert_eq!(round_to_digits(0.375, 2), 0.38);
        assert_eq!(round_to_digits(0.5, 0), 0.0);
        assert_eq!(round_to_digits(2.5, 0), 2.0);
        assert_eq!(round_to_digits(12350.0, -2), 12400.0);
        assert_eq!(round_to_digits(12250.0, -2), 12200.0);
        assert_eq!(round_to_digits(12250.5, -2), 12300.0);
        assert_eq!(round_to_digits(1e308, -308), 1e308);
        assert!(round_to_digits(1.7e308, -308).is_infinite());
        assert!(round_to_digits(-0.4, 0).is_sign_negative());
    }

    #[test]
    fn reads_and_writes_base_sixteen() {
        for number in [0.1, -0.1, 5e-324, 1.0, f64::MAX, f64::MIN_POSITIVE, 1e300, 0.0] {
            assert_eq!(from_hex(&hex(number)), Ok(number));
        }
        assert_eq!(hex(0.1), "0x1.999999999999ap-4");
        assert_eq!(hex(5e-324), "0x0.0000000000001p-1022");
        assert_eq!(from_hex("1.0e5"), Ok(1.055908203125));
        assert_eq!(from_hex("0x1p-1075"), Ok(0.0));
        assert_eq!(from_hex("0x1.8p-1075"), Ok(5e-324));
        assert_eq!(from_hex("0x1.fffffffffffff8p1023"), Err(HexError::TooLarge));
        assert_eq!(from_hex("0x1.fffffffffffff7p1023"), Ok(f64::MAX));
        assert_eq!(from_hex("0x0p99999999999999999999"), Ok(0.0));
        assert_eq!(from_hex("0x1p"), Err(HexError::Invalid));
        assert_eq!(from_hex("0x"), Err(HexError::Invalid));
    }

    #[test]
    fn divides_as_in_cpython() {
        assert_eq!(divide_with_rest(7.5, -2.0), (-4.0, -0.5));
        assert_eq!(divide_with_rest(-1.0, f64::INFINITY), (-1.0, f64::INFINITY));
        assert_eq!(modulo(1e16, -3.0), -2.0);
    }
}
