//! The digits of a float in one of the styles of the format mini-language and of `%`.
//!
//! The standard library gives correctly rounded digits; here they are put in the form of C's `printf`,
//! which CPython follows: exponents of at least two digits, `g` that picks the shorter way.

use std::fmt::Write;

use super::{Raised, Result, float};

/// How a float is written. The number is the precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatStyle {
    /// As `repr`.
    Shortest,
    /// As `repr`, but a whole number shows no point.
    ShortestWhole,
    /// `1.500000e+00`
    Exponent(usize),
    /// `1.500000`
    Fixed(usize),
    /// So many significant digits, fixed or with an exponent, without zeros at the end.
    General(usize),
    /// As `General`, but a whole number shows `.0`.
    GeneralFloat(usize),
}

/// Digits of a double behind its point or its first digit beyond which there are only zeros.
const EXACT: usize = 1100;

/// Appends a number that is not negative. `alternate` keeps the point and, in general style, the zeros.
pub fn write_float_digits(out: &mut String, number: f64, style: FloatStyle, alternate: bool) -> Result<()> {
    if !number.is_finite() {
        out.push_str(if number.is_nan() { "nan" } else { "inf" });
        return Ok(());
    }
    match style {
        FloatStyle::Shortest => {
            let _ = float::write_repr(number, out);
            // `repr` shows a point already, except in `1e+16`.
            if alternate && !out.contains('.') {
                let place = out.find('e').unwrap_or(out.len());
                out.insert(place, '.');
            }
        }
        FloatStyle::ShortestWhole => {
            let _ = float::write_repr(number, out);
            if out.ends_with(".0") {
                out.truncate(out.len() - if alternate { 1 } else { 2 });
            } else if alternate && !out.contains('.') {
                let place = out.find('e').unwrap_or(out.len());
                out.insert(place, '.');
            }
        }
        FloatStyle::Fixed(precision) => {
            let _ = write!(out, "{number:.*}", precision.min(EXACT));
            if precision == 0 && alternate {
                out.push('.');
            }
            push_zeros(out, precision.saturating_sub(EXACT))?;
        }
        FloatStyle::Exponent(precision) => {
            let exponent = write_scientific(out, number, precision.min(EXACT))?;
            if precision == 0 && alternate {
                out.push('.');
            }
            push_zeros(out, precision.saturating_sub(EXACT))?;
            write_exponent(out, exponent);
        }
        FloatStyle::General(precision) => {
            write_general(out, number, precision.max(1), alternate, precision.max(1), "")?
        }
        FloatStyle::GeneralFloat(precision) => {
            let precision = precision.max(1);
            write_general(out, number, precision, alternate, precision - 1, ".0")?;
        }
    }
    Ok(())
}

fn push_zeros(out: &mut String, count: usize) -> Result<()> {
    out.try_reserve(count).map_err(|_| Raised::out_of_memory())?;
    out.extend(std::iter::repeat_n('0', count));
    Ok(())
}

/// Appends `d.ddd` and gives the exponent.
fn write_scientific(out: &mut String, number: f64, precision: usize) -> Result<i32> {
    let start = out.len();
    let _ = write!(out, "{number:.precision$e}");
    let mark = out[start..].find('e').map_or(out.len(), |place| start + place);
    let exponent = out.get(mark + 1..).and_then(|text| text.parse().ok()).unwrap_or(0);
    out.truncate(mark);
    Ok(exponent)
}

fn write_exponent(out: &mut String, exponent: i32) {
    let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
}

/// `limit` is the exponent from which on the number is written with one; `whole` is what ends a whole number.
fn write_general(
    out: &mut String,
    number: f64,
    precision: usize,
    alternate: bool,
    limit: usize,
    whole: &str,
) -> Result<()> {
    let mut digits = String::new();
    let exponent = write_scientific(&mut digits, number, precision.min(EXACT) - 1)?;
    digits.retain(|digit| digit != '.');
    if alternate {
        push_zeros(&mut digits, precision.saturating_sub(EXACT))?;
    } else {
        digits.truncate(digits.trim_end_matches('0').len().max(1));
    }
    let with_exponent = exponent < -4 || exponent >= 0 && exponent as usize >= limit;
    let point = if with_exponent { 1 } else { exponent + 1 };
    if point <= 0 {
        out.push_str("0.");
        push_zeros(out, -point as usize)?;
        out.push_str(&digits);
    } else {
        let point = point as usize;
        let split = point.min(digits.len());
        out.push_str(&digits[..split]);
        push_zeros(out, point - split)?;
        if split < digits.len() {
            out.push('.');
            out.push_str(&digits[split..]);
        } else if !with_exponent && !whole.is_empty() {
            out.push_str(whole);
        } else if alternate {
            out.push('.');
        }
    }
    if with_exponent {
        write_exponent(out, exponent);
    }
    Ok(())
}
