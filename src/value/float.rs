//! Floats as text.

use std::fmt::{self, Write};

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

#[cfg(test)]
mod tests {
    use super::repr;

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
}
