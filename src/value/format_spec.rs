//! The format mini-language: what stands behind the colon of `f"{value:>8.2f}"`.
//!
//! A spec is parsed into a `FormatSpec` and applied to a str, int, float or complex number. Results are
//! appended to a `StrBuilder`; `format_value` is the quick way in for values of builtin types, and gives
//! None for those whose class must be asked. Digits of floats come from the standard library, which
//! rounds exactly; only their arrangement is done here.

use num_traits::{Signed, ToPrimitive};

use super::complex::Complex;
use super::format_float::{FloatStyle, write_float_digits};
use super::{Raised, Result, Str, Value, float, integer};
use crate::memory::{StrBuilder, surrogate};

/// Where the text stands in its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    Left,
    Right,
    Center,
    /// Between the sign and the digits.
    AfterSign,
}

/// Which sign a number that is not negative shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    None,
    Plus,
    Space,
}

/// A parsed spec.
#[derive(Clone, Debug)]
pub struct FormatSpec {
    pub fill: char,
    pub alignment: Alignment,
    /// None when the spec does not say, which differs from `-` in what is allowed only.
    pub sign: Option<Sign>,
    /// `z`: a negative zero loses its sign.
    pub coerce_zero: bool,
    /// `#`
    pub alternate: bool,
    pub width: usize,
    /// `,` or `_`
    pub grouping: Option<char>,
    pub precision: Option<usize>,
    /// The letter at the end.
    pub kind: Option<char>,
}

/// The largest width and precision: what CPython's size type holds.
const LARGEST: usize = i64::MAX as usize;

impl FormatSpec {
    /// Parses a spec for an object of a type whose values stand left or right in their field.
    pub fn parse(spec: &str, default: Alignment, type_name: &str) -> Result<FormatSpec> {
        let mut parsed = FormatSpec {
            fill: ' ',
            alignment: default,
            sign: None,
            coerce_zero: false,
            alternate: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: None,
        };
        let mut rest = spec.chars();
        let (mut has_fill, mut has_alignment) = (false, false);
        let mut ahead = rest.clone();
        let (first, second) = (ahead.next(), ahead.next());
        if let (Some(fill), Some(alignment)) = (first, second.and_then(alignment_of)) {
            (parsed.fill, parsed.alignment, has_fill, has_alignment) = (fill, alignment, true, true);
            rest = ahead;
        } else if let Some(alignment) = first.and_then(alignment_of) {
            (parsed.alignment, has_alignment) = (alignment, true);
            rest.next();
        }
        let take = |rest: &mut std::str::Chars<'_>, wanted: char| {
            let found = rest.as_str().starts_with(wanted);
            if found {
                rest.next();
            }
            found
        };
        for (letter, sign) in [('+', Sign::Plus), ('-', Sign::None), (' ', Sign::Space)] {
            if take(&mut rest, letter) {
                parsed.sign = Some(sign);
                break;
            }
        }
        parsed.coerce_zero = take(&mut rest, 'z');
        parsed.alternate = take(&mut rest, '#');
        if !has_fill && take(&mut rest, '0') {
            parsed.fill = '0';
            if !has_alignment && default == Alignment::Right {
                parsed.alignment = Alignment::AfterSign;
            }
        }
        parsed.width = take_number(&mut rest)?.unwrap_or(0);
        if take(&mut rest, ',') {
            parsed.grouping = Some(',');
        }
        if take(&mut rest, '_') {
            if parsed.grouping.is_some() {
                return Err(Raised::value_error("Cannot specify both ',' and '_'."));
            }
            parsed.grouping = Some('_');
            if take(&mut rest, ',') {
                return Err(Raised::value_error("Cannot specify both ',' and '_'."));
            }
        }
        if take(&mut rest, '.') {
            let precision = take_number(&mut rest)?;
            parsed.precision =
                Some(precision.ok_or_else(|| Raised::value_error("Format specifier missing precision"))?);
        }
        parsed.kind = rest.next();
        if rest.next().is_some() {
            return Err(Raised::value_error(format!(
                "Invalid format specifier '{spec}' for object of type '{type_name}'"
            )));
        }
        parsed.check_grouping(default)?;
        Ok(parsed)
    }

    fn check_grouping(&self, default: Alignment) -> Result<()> {
        let Some(grouping) = self.grouping else { return Ok(()) };
        match self.kind {
            Some('d' | 'e' | 'f' | 'g' | 'E' | 'F' | 'G' | '%') => Ok(()),
            Some('b' | 'o' | 'x' | 'X') if grouping == '_' => Ok(()),
            None if default == Alignment::Right => Ok(()),
            kind => {
                let kind = show_code(kind.unwrap_or('s'));
                Err(Raised::value_error(format!("Cannot specify '{grouping}' with '{kind}'.")))
            }
        }
    }

    fn unknown_code(&self, type_name: &str) -> Raised {
        let code = show_code(self.kind.unwrap_or(' '));
        Raised::value_error(format!("Unknown format code '{code}' for object of type '{type_name}'"))
    }

    /// The text of the sign of a number.
    fn sign_text(&self, is_negative: bool) -> &'static str {
        match self.sign {
            _ if is_negative => "-",
            Some(Sign::Plus) => "+",
            Some(Sign::Space) => " ",
            _ => "",
        }
    }
}

/// A code letter as messages show it.
fn show_code(code: char) -> String {
    if ('!'..='\x7f').contains(&code) { code.to_string() } else { format!("\\x{:x}", code as u32) }
}

fn alignment_of(letter: char) -> Option<Alignment> {
    Some(match letter {
        '<' => Alignment::Left,
        '>' => Alignment::Right,
        '^' => Alignment::Center,
        '=' => Alignment::AfterSign,
        _ => return None,
    })
}

/// The digits at the start as a number; None when there are none.
fn take_number(rest: &mut std::str::Chars<'_>) -> Result<Option<usize>> {
    let mut number: Option<usize> = None;
    while let Some(digit) = rest.clone().next().and_then(super::str_properties::decimal_value) {
        rest.next();
        let next = number.unwrap_or(0).checked_mul(10).and_then(|number| number.checked_add(digit as usize));
        number = Some(next.filter(|next| *next <= LARGEST).ok_or_else(too_many_digits)?);
    }
    Ok(number)
}

#[cold]
fn too_many_digits() -> Raised {
    Raised::value_error("Too many decimal digits in format string")
}

/// Makes room for a field, or raises MemoryError.
pub fn reserve(out: &mut StrBuilder, bytes: usize) -> Result<()> {
    if bytes < 1024 || out.try_reserve(bytes) { Ok(()) } else { Err(Raised::out_of_memory()) }
}

/// Appends a text of so many characters in a field.
fn write_padded(out: &mut StrBuilder, text: &str, characters: usize, spec: &FormatSpec) -> Result<()> {
    let padding = spec.width.saturating_sub(characters);
    reserve(out, padding.saturating_mul(spec.fill.len_utf8()).saturating_add(text.len()))?;
    let before = match spec.alignment {
        Alignment::Left => 0,
        Alignment::Center => padding / 2,
        Alignment::Right | Alignment::AfterSign => padding,
    };
    out.push_repeated(spec.fill, before);
    out.push_str(text);
    out.push_repeated(spec.fill, padding - before);
    Ok(())
}

/// The parts of a number in its field.
struct Number<'a> {
    sign: &'a str,
    /// `0x` and the like.
    prefix: &'a str,
    /// Digits before the point, which are grouped; empty for an infinity or NaN.
    whole: &'a str,
    /// What follows.
    rest: &'a str,
    /// Digits in a group.
    group: usize,
}

fn write_number(out: &mut StrBuilder, number: &Number<'_>, spec: &FormatSpec) -> Result<()> {
    let Number { sign, prefix, whole, rest, group } = *number;
    let around = sign.len() + prefix.len() + rest.len();
    // Zeros that fill up a grouped number are grouped too.
    let is_zero_padded = spec.fill == '0' && spec.alignment == Alignment::AfterSign;
    let least = if is_zero_padded { spec.width.saturating_sub(around) } else { 0 };
    reserve(out, least)?;
    let separators = |digits: usize| if spec.grouping.is_some() { digits.saturating_sub(1) / group } else { 0 };
    let mut digits = whole.len();
    if digits > 0 && least > digits + separators(digits) {
        // Of every group and its separator, the group is digits; the estimate is short by less than one group.
        digits = match spec.grouping {
            None => least,
            Some(_) => digits.max(least / (group + 1) * group),
        };
        while digits + separators(digits) < least {
            digits += 1;
        }
    }
    let length = around + digits + separators(digits);
    let padding = spec.width.saturating_sub(length);
    reserve(out, padding.saturating_mul(spec.fill.len_utf8()).saturating_add(length))?;
    let (before, inside) = match spec.alignment {
        Alignment::Left => (0, 0),
        Alignment::Right => (padding, 0),
        Alignment::Center => (padding / 2, 0),
        Alignment::AfterSign => (0, padding),
    };
    out.push_repeated(spec.fill, before);
    out.push_str(sign);
    out.push_str(prefix);
    out.push_repeated(spec.fill, inside);
    match spec.grouping {
        None => {
            out.push_repeated('0', digits - whole.len());
            out.push_str(whole);
        }
        Some(separator) => {
            let zeros = digits - whole.len();
            for index in 0..digits {
                if index > 0 && (digits - index) % group == 0 {
                    out.push(separator);
                }
                out.push(if index < zeros { '0' } else { whole.as_bytes()[index - zeros] as char });
            }
        }
    }
    out.push_str(rest);
    out.push_repeated(spec.fill, padding - before - inside);
    Ok(())
}

/// `format(text, spec)`
pub fn format_str(out: &mut StrBuilder, text: &Str, spec: &str) -> Result<()> {
    if spec.is_empty() {
        out.push_str(text);
        return Ok(());
    }
    let spec = FormatSpec::parse(spec, Alignment::Left, "str")?;
    let refuse = |what: &str| Err(Raised::value_error(format!("{what} not allowed in string format specifier")));
    if !matches!(spec.kind, None | Some('s')) {
        return Err(spec.unknown_code("str"));
    }
    match spec.sign {
        Some(Sign::Space) => return refuse("Space"),
        Some(_) => return refuse("Sign"),
        None if spec.coerce_zero => return refuse("Negative zero coercion (z)"),
        None if spec.alternate => return refuse("Alternate form (#)"),
        None if spec.alignment == Alignment::AfterSign => return refuse("'=' alignment"),
        None => {}
    }
    match spec.precision {
        Some(precision) if precision < text.characters() => {
            let part = text.substring(0, precision);
            write_padded(out, part, precision, &spec)
        }
        _ => write_padded(out, text, text.characters(), &spec),
    }
}

/// Appends the decimal digits of an int.
#[inline]
pub fn write_int(out: &mut StrBuilder, number: i64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// The digits of the magnitude of an int in base 2, 8, 10 or 16.
pub fn digits_of(number: &Value, radix: u32) -> Result<String> {
    use std::fmt::Write;
    let mut text = String::new();
    match number {
        Value::BigInt(number) if radix == 10 => text = integer::to_decimal(&number.0.abs())?,
        Value::BigInt(number) => text = number.0.magnitude().to_str_radix(radix),
        _ => {
            let magnitude = small_int(number).unsigned_abs();
            let _ = match radix {
                2 => write!(text, "{magnitude:b}"),
                8 => write!(text, "{magnitude:o}"),
                16 => write!(text, "{magnitude:x}"),
                _ => write!(text, "{magnitude}"),
            };
        }
    }
    Ok(text)
}

fn small_int(number: &Value) -> i64 {
    match number {
        Value::Int(number) => *number,
        Value::Bool(truth) => *truth as i64,
        _ => 0,
    }
}

/// Whether an int is negative.
pub fn is_negative(number: &Value) -> bool {
    match number {
        Value::BigInt(number) => number.0.is_negative(),
        other => small_int(other) < 0,
    }
}

/// The character of a code point, for `c`.
pub fn character_of(number: &Value) -> Result<char> {
    let code = match number {
        Value::BigInt(_) => return Err(Raised::overflow_error("Python int too large to convert to C long")),
        number => small_int(number),
    };
    match u32::try_from(code) {
        Ok(code) if code < 0x110000 => Ok(surrogate::character(code).unwrap_or_default()),
        _ => Err(Raised::overflow_error("%c arg not in range(0x110000)")),
    }
}

/// `format(number, spec)` of an int or bool. `type_name` is for messages.
pub fn format_int(out: &mut StrBuilder, number: &Value, spec: &str, type_name: &str) -> Result<()> {
    if spec.is_empty() {
        match number {
            Value::Bool(truth) => out.push_str(if *truth { "True" } else { "False" }),
            Value::BigInt(number) => out.push_str(&integer::to_decimal(&number.0)?),
            number => write_int(out, small_int(number)),
        }
        return Ok(());
    }
    let spec = FormatSpec::parse(spec, Alignment::Right, type_name)?;
    let (radix, prefix) = match spec.kind {
        None | Some('d' | 'n') => (10, ""),
        Some('b') => (2, "0b"),
        Some('o') => (8, "0o"),
        Some('x') => (16, "0x"),
        Some('X') => (16, "0X"),
        Some('c') => return format_code_point(out, number, &spec),
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            return write_float(out, int_to_float(number)?, &spec, type_name);
        }
        Some(_) => return Err(spec.unknown_code(type_name)),
    };
    refuse_in_integer(&spec)?;
    let sign = spec.sign_text(is_negative(number));
    let prefix = if spec.alternate { prefix } else { "" };
    let group = if radix == 10 { 3 } else { 4 };
    let mut buffer = itoa::Buffer::new();
    let mut text;
    let whole = match number {
        Value::Int(number) if radix == 10 => buffer.format(number.unsigned_abs()),
        _ => {
            text = digits_of(number, radix)?;
            if spec.kind == Some('X') {
                text.make_ascii_uppercase();
            }
            &text
        }
    };
    write_number(out, &Number { sign, prefix, whole, rest: "", group }, &spec)
}

fn refuse_in_integer(spec: &FormatSpec) -> Result<()> {
    if spec.precision.is_some() {
        return Err(Raised::value_error("Precision not allowed in integer format specifier"));
    }
    if spec.coerce_zero {
        return Err(Raised::value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    Ok(())
}

fn format_code_point(out: &mut StrBuilder, number: &Value, spec: &FormatSpec) -> Result<()> {
    refuse_in_integer(spec)?;
    if spec.sign.is_some() {
        return Err(Raised::value_error("Sign not allowed with integer format specifier 'c'"));
    }
    if spec.alternate {
        return Err(Raised::value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
    }
    write_padded(out, character_of(number)?.encode_utf8(&mut [0; 4]), 1, spec)
}

/// An int as a float; OverflowError when it is too large.
pub fn int_to_float(number: &Value) -> Result<f64> {
    match number {
        Value::BigInt(number) => match number.0.to_f64() {
            Some(float) if float.is_finite() => Ok(float),
            _ => Err(Raised::overflow_error("int too large to convert to float")),
        },
        number => Ok(small_int(number) as f64),
    }
}

/// `format(number, spec)` of a float.
pub fn format_float(out: &mut StrBuilder, number: f64, spec: &str) -> Result<()> {
    if spec.is_empty() {
        let _ = float::write_repr(number, out);
        return Ok(());
    }
    let spec = FormatSpec::parse(spec, Alignment::Right, "float")?;
    write_float(out, number, &spec, "float")
}

/// The style a letter asks for; None when it is no letter for floats. A spec without a letter gives the
/// shortest digits, or with a precision something like `g` that always looks like a float.
fn float_style(spec: &FormatSpec) -> Option<FloatStyle> {
    let precision = spec.precision.unwrap_or(6);
    Some(match spec.kind {
        None => match spec.precision {
            None => FloatStyle::Shortest,
            Some(precision) => FloatStyle::GeneralFloat(precision),
        },
        Some('e' | 'E') => FloatStyle::Exponent(precision),
        Some('f' | 'F' | '%') => FloatStyle::Fixed(precision),
        Some('g' | 'G' | 'n') => FloatStyle::General(precision),
        _ => return None,
    })
}

fn check_precision(spec: &FormatSpec) -> Result<()> {
    match spec.precision {
        Some(precision) if precision > i32::MAX as usize => Err(Raised::value_error("precision too big")),
        _ => Ok(()),
    }
}

fn write_float(out: &mut StrBuilder, number: f64, spec: &FormatSpec, type_name: &str) -> Result<()> {
    let style = float_style(spec).ok_or_else(|| spec.unknown_code(type_name))?;
    check_precision(spec)?;
    let number = if spec.kind == Some('%') { number * 100.0 } else { number };
    let mut digits = FloatText::new(number, style, spec)?;
    if spec.kind == Some('%') {
        digits.text.push('%');
    }
    digits.write(out, spec)
}

/// A float as digits, without its field.
struct FloatText {
    is_negative: bool,
    text: String,
}

impl FloatText {
    fn new(number: f64, style: FloatStyle, spec: &FormatSpec) -> Result<FloatText> {
        let mut text = String::new();
        write_float_digits(&mut text, number.abs(), style, spec.alternate)?;
        let is_zero = || !text.bytes().take_while(|byte| *byte != b'e').any(|byte| matches!(byte, b'1'..=b'9'));
        let is_negative =
            number.is_sign_negative() && !number.is_nan() && !(spec.coerce_zero && number.is_finite() && is_zero());
        if matches!(spec.kind, Some('E' | 'F' | 'G')) {
            text.make_ascii_uppercase();
        }
        Ok(FloatText { is_negative, text })
    }

    fn write(&self, out: &mut StrBuilder, spec: &FormatSpec) -> Result<()> {
        let whole = self.text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.text.len());
        let (whole, rest) = self.text.split_at(whole);
        let sign = spec.sign_text(self.is_negative);
        write_number(out, &Number { sign, prefix: "", whole, rest, group: 3 }, spec)
    }
}

/// `format(number, spec)` of a complex number.
pub fn format_complex(out: &mut StrBuilder, number: Complex, spec: &str) -> Result<()> {
    let spec = FormatSpec::parse(spec, Alignment::Right, "complex")?;
    if spec.fill == '0' {
        return Err(Raised::value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.alignment == Alignment::AfterSign {
        return Err(Raised::value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let style = match (spec.kind, spec.precision) {
        (Some('%'), _) => return Err(spec.unknown_code("complex")),
        (None, Some(precision)) => FloatStyle::General(precision),
        (None, None) => FloatStyle::ShortestWhole,
        _ => float_style(&spec).ok_or_else(|| spec.unknown_code("complex"))?,
    };
    check_precision(&spec)?;
    let is_plain = spec.kind.is_none();
    let skips_real = is_plain && number.real == 0.0 && !number.real.is_sign_negative();
    let in_parentheses = is_plain && !skips_real;
    // The parts have no field of their own.
    let part = FormatSpec { width: 0, ..spec.clone() };
    let mut text = StrBuilder::new();
    if in_parentheses {
        text.push('(');
    }
    if !skips_real {
        FloatText::new(number.real, style, &part)?.write(&mut text, &part)?;
    }
    let imaginary = FormatSpec { sign: if skips_real { part.sign } else { Some(Sign::Plus) }, ..part };
    FloatText::new(number.imaginary, style, &imaginary)?.write(&mut text, &imaginary)?;
    text.push_str(if in_parentheses { "j)" } else { "j" });
    write_padded(out, text.as_str(), text.as_str().len(), &spec)
}

/// `format(value, spec)` for a value that is exactly of a builtin type with a format of its own; None
/// when the class must be asked for `__format__`.
#[inline]
pub fn format_value(out: &mut StrBuilder, value: &Value, spec: &str) -> Option<Result<()>> {
    Some(match value {
        Value::Str(text) => format_str(out, text, spec),
        Value::Int(_) | Value::BigInt(_) => format_int(out, value, spec, "int"),
        Value::Bool(_) => format_int(out, value, spec, "bool"),
        Value::Float(number) => format_float(out, *number, spec),
        Value::None if spec.is_empty() => {
            out.push_str("None");
            Ok(())
        }
        _ => return None,
    })
}

/// As `format_value`, but as a string of its own. A str without a spec is given as it is.
#[inline]
pub fn format_to_str(value: &Value, spec: &str) -> Option<Result<Str>> {
    if spec.is_empty() {
        match value {
            Value::Str(text) => return Some(Ok(text.clone())),
            Value::Int(number) => return Some(Ok(int_to_str(*number))),
            _ => {}
        }
    }
    let mut is_known = true;
    let text = Str::written(|out| {
        format_value(out, value, spec).unwrap_or_else(|| {
            is_known = false;
            Ok(())
        })
    });
    is_known.then_some(text)
}

/// `str(number)` of a float.
pub fn float_to_str(number: f64) -> Str {
    let written = Str::written(|out| float::write_repr(number, out));
    written.unwrap_or_else(|_| Str::new(""))
}

/// `str(number)` of an int.
#[inline]
pub fn int_to_str(number: i64) -> Str {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number);
    Str::with_length(text, text.len())
}

/// An int of any size from a float without its fraction.
pub fn truncated(number: f64) -> Result<Value> {
    integer::from_f64(number).ok_or_else(|| {
        if number.is_nan() {
            Raised::value_error("cannot convert float NaN to integer")
        } else {
            Raised::overflow_error("cannot convert float infinity to integer")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(number: i64, spec: &str) -> String {
        let mut out = StrBuilder::new();
        format_int(&mut out, &Value::Int(number), spec, "int").expect("a good spec");
        out.as_str().to_string()
    }

    fn float(number: f64, spec: &str) -> String {
        let mut out = StrBuilder::new();
        format_float(&mut out, number, spec).expect("a good spec");
        out.as_str().to_string()
    }

    #[test]
    fn ints() {
        assert_eq!(int(1234567, ","), "1,234,567");
        assert_eq!(int(-1234, "010,"), "-0,001,234");
        assert_eq!(int(123456, "08,"), "0,123,456");
        assert_eq!(int(1234, "#010_x"), "0x000_04d2");
        assert_eq!(int(5, "^5"), "  5  ");
        assert_eq!(int(255, "#X"), "0XFF");
        assert_eq!(int(i64::MIN, "d"), "-9223372036854775808");
    }

    #[test]
    fn floats() {
        assert_eq!(float(1.5, "#.0f"), "2.");
        assert_eq!(float(1.0, "#g"), "1.00000");
        assert_eq!(float(1e20, ","), "1e+20");
        assert_eq!(float(123456.7, "_.3g"), "1.23e+05");
        assert_eq!(float(-0.01, "z.1f"), "0.0");
        assert_eq!(float(f64::NAN, "010"), "0000000nan");
        assert_eq!(float(0.5, "%"), "50.000000%");
        assert_eq!(float(100.0, ".3"), "1e+02");
    }
}
