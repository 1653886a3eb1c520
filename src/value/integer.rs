//! Ints beyond 64 bits, and what all ints share: text, bytes, rounding.
//!
//! Invariant: a `Value::BigInt` never holds a number that fits an i64; every result goes through
//! `normalize`, which comes back to `Value::Int` when it can. Operators are in `arithmetic`.

use std::borrow::Cow;
use std::cell::Cell;
use std::f64::consts::LOG10_2;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{FromPrimitive, One, Signed, ToPrimitive, Zero};

use super::{Gc, Raised, Result, Value};
use crate::memory::{Object, Tracer};

/// A big int.
pub struct BigInteger(pub BigInt);

impl Object for BigInteger {
    const TRACKED: bool = false;

    fn trace(&self, _: &mut Tracer<'_>) {}
}

/// The value of a number, small if it fits.
pub fn normalize(number: BigInt) -> Value {
    match number.to_i64() {
        Some(small) => Value::Int(small),
        None => Value::BigInt(Gc::new(BigInteger(number))),
    }
}

pub fn from_u64(number: u64) -> Value {
    match i64::try_from(number) {
        Ok(small) => Value::Int(small),
        Err(_) => normalize(BigInt::from(number)),
    }
}

pub fn from_i128(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(small) => Value::Int(small),
        Err(_) => normalize(BigInt::from(number)),
    }
}

/// The whole part of a finite float; None for an infinity or NaN.
pub fn from_f64(number: f64) -> Option<Value> {
    if number.abs() < 9.0e18 {
        return Some(Value::Int(number as i64));
    }
    BigInt::from_f64(number).map(normalize)
}

/// The number of an int or bool (or an instance of a subclass of int) as a big int.
pub fn to_big(value: &Value) -> Option<BigInt> {
    as_big(value).map(Cow::into_owned)
}

/// As `to_big`, without copying one that is big already.
pub fn as_big(value: &Value) -> Option<Cow<'_, BigInt>> {
    match value.native() {
        Value::Bool(value) => Some(Cow::Owned(BigInt::from(*value as u8))),
        Value::Int(value) => Some(Cow::Owned(BigInt::from(*value))),
        Value::BigInt(value) => Some(Cow::Borrowed(&value.0)),
        _ => None,
    }
}

/// The nearest float; None when it is too large.
pub fn big_to_f64(number: &BigInt) -> Option<f64> {
    number.to_f64().filter(|number| number.is_finite())
}

/// The nearest float; OverflowError when it is too large.
pub fn to_float(number: &BigInt) -> Result<f64> {
    big_to_f64(number).ok_or_else(|| Raised::overflow_error("int too large to convert to float"))
}

/// The number as `mantissa * 2**exponent` with `0.5 <= |mantissa| < 1`, for numbers no float can hold.
pub fn split_exponent(number: &BigInt) -> (f64, u64) {
    let bits = number.bits();
    // 64 bits and a sticky one below them round to 53 as the whole number does.
    let shift = bits.saturating_sub(64);
    let top = number.magnitude() >> shift;
    let is_exact = number.magnitude().trailing_zeros().is_none_or(|zeros| zeros >= shift);
    let top = (top.to_u128().unwrap_or(0) << 1) | !is_exact as u128;
    let mantissa = libm::ldexp(top as f64, -(bits.min(64) as i32) - 1);
    let mantissa = if number.is_negative() { -mantissa } else { mantissa };
    if mantissa.abs() == 1.0 { (mantissa / 2.0, bits + 1) } else { (mantissa, bits) }
}

thread_local! {
    static DIGIT_LIMIT: Cell<usize> = const { Cell::new(DEFAULT_DIGIT_LIMIT) };
}

/// Most decimal digits that ints and text are converted with, unless the script says otherwise:
/// converting takes time that grows with the square of the digits.
pub const DEFAULT_DIGIT_LIMIT: usize = 4300;

/// No limit of digits is lower than this.
pub const LOWEST_DIGIT_LIMIT: usize = 640;

/// What `sys.get_int_max_str_digits()` gives; 0 is no limit.
pub fn digit_limit() -> usize {
    DIGIT_LIMIT.get()
}

/// `sys.set_int_max_str_digits(limit)`
pub fn set_digit_limit(limit: usize) {
    DIGIT_LIMIT.set(limit);
}

/// Whether text of so many digits may not be converted.
pub fn exceeds_digit_limit(digits: usize) -> bool {
    let limit = digit_limit();
    limit != 0 && digits > limit
}

/// The number in decimal; ValueError beyond the limit of digits.
pub fn to_decimal(number: &BigInt) -> Result<String> {
    let too_long = || {
        Raised::value_error(format!(
            "Exceeds the limit ({} digits) for integer string conversion; use sys.set_int_max_str_digits() to \
             increase the limit",
            digit_limit()
        ))
    };
    // A little less than the logarithm, so that rounding never says too many.
    let at_least = (number.bits() as f64 * (LOG10_2 - 1e-5)) as usize;
    if exceeds_digit_limit(at_least) {
        return Err(too_long());
    }
    let mut text = String::with_capacity(at_least + 2);
    if number.is_negative() {
        text.push('-');
    }
    push_decimal(&mut text, number.magnitude());
    if exceeds_digit_limit(text.len() - number.is_negative() as usize) {
        return Err(too_long());
    }
    Ok(text)
}

/// The decimal digits of a number in base 10, or of any value that is an int.
pub fn value_to_decimal(value: &Value) -> Option<Result<String>> {
    match value.native() {
        Value::Bool(value) => Some(Ok((*value as u8).to_string())),
        Value::Int(value) => Some(Ok(value.to_string())),
        Value::BigInt(value) => Some(to_decimal(&value.0)),
        _ => None,
    }
}

/// Below so many bits the conversion digit by digit is quicker than halving.
const HALVING_BITS: u64 = 20_000;

/// Appends the digits, halving the number at a power of ten, so that most of the work is done on
/// numbers of few digits.
fn push_decimal(text: &mut String, number: &BigUint) {
    if number.bits() < HALVING_BITS {
        text.push_str(&number.to_string());
        return;
    }
    let mut powers = vec![(BigUint::from(10u8).pow(2048), 2048usize)];
    while let Some((power, digits)) = powers.last()
        && power.bits() * 2 < number.bits()
    {
        let next = (power * power, digits * 2);
        powers.push(next);
    }
    push_halves(text, number, &powers, None);
}

fn push_halves(text: &mut String, number: &BigUint, powers: &[(BigUint, usize)], width: Option<usize>) {
    let Some(((power, digits), smaller)) = powers.split_last() else {
        let plain = number.to_string();
        let zeros = width.map_or(0, |width| width.saturating_sub(plain.len()));
        text.extend(std::iter::repeat_n('0', zeros));
        text.push_str(&plain);
        return;
    };
    let (high, low) = number.div_rem(power);
    match width {
        None if high.is_zero() => return push_halves(text, &low, smaller, None),
        None => push_halves(text, &high, smaller_for(powers, &high), None),
        Some(width) => push_halves(text, &high, smaller, Some(width.saturating_sub(*digits))),
    }
    push_halves(text, &low, smaller, Some(*digits));
}

/// The powers not above the number.
fn smaller_for<'a>(powers: &'a [(BigUint, usize)], number: &BigUint) -> &'a [(BigUint, usize)] {
    let count = powers.iter().take_while(|(power, _)| power <= number).count();
    &powers[..count]
}

/// The number with these ASCII decimal digits.
pub fn from_decimal(digits: &[u8]) -> BigUint {
    const PIECE: usize = 1024;
    if digits.len() <= PIECE {
        return BigUint::parse_bytes(digits, 10).unwrap_or_default();
    }
    // The low half has as many digits as the greatest power of ten of the form 10**(1024 * 2**n).
    let mut low = PIECE;
    while low * 2 < digits.len() {
        low *= 2;
    }
    let (high, rest) = digits.split_at(digits.len() - low);
    from_decimal(high) * power_of_ten(low) + from_decimal(rest)
}

fn power_of_ten(exponent: usize) -> BigUint {
    BigUint::from(5u8).pow(exponent as u32) << exponent
}

/// Bits of the magnitude.
pub fn bit_length(number: &Value) -> Option<u64> {
    match number.native() {
        Value::Bool(value) => Some(*value as u64),
        Value::Int(value) => Some(64 - value.unsigned_abs().leading_zeros() as u64),
        Value::BigInt(value) => Some(value.0.bits()),
        _ => None,
    }
}

/// In which order the bytes of a number stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    Big,
    Little,
}

/// Whether the highest bit is a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signedness {
    Signed,
    Unsigned,
}

/// The number in exactly `length` bytes; OverflowError when it does not fit.
pub fn to_bytes(number: &BigInt, length: usize, order: ByteOrder, signedness: Signedness) -> Result<Vec<u8>> {
    let too_big = || Raised::overflow_error("int too big to convert");
    if signedness == Signedness::Unsigned && number.is_negative() {
        return Err(Raised::overflow_error("can't convert negative int to unsigned"));
    }
    let needed = match signedness {
        _ if number.is_zero() => 0,
        Signedness::Unsigned => number.bits().div_ceil(8),
        // A negative number needs as many bits as the one below its magnitude, and the sign.
        Signedness::Signed if number.is_negative() => (number.magnitude() - 1u8).bits() / 8 + 1,
        Signedness::Signed => number.bits() / 8 + 1,
    };
    if needed > length as u64 {
        return Err(too_big());
    }
    let mut bytes = number.to_signed_bytes_le();
    bytes.try_reserve(length.saturating_sub(bytes.len())).map_err(|_| Raised::out_of_memory())?;
    bytes.resize(length, if number.is_negative() { 0xff } else { 0 });
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    Ok(bytes)
}

/// The number these bytes stand for.
pub fn from_bytes(bytes: &[u8], order: ByteOrder, signedness: Signedness) -> Value {
    normalize(match (order, signedness) {
        (ByteOrder::Big, Signedness::Unsigned) => BigInt::from_bytes_be(Sign::Plus, bytes),
        (ByteOrder::Little, Signedness::Unsigned) => BigInt::from_bytes_le(Sign::Plus, bytes),
        (ByteOrder::Big, Signedness::Signed) => BigInt::from_signed_bytes_be(bytes),
        (ByteOrder::Little, Signedness::Signed) => BigInt::from_signed_bytes_le(bytes),
    })
}

/// The nearest multiple of `unit`, the even one of two that are equally near.
pub fn round_to_multiple(number: &BigInt, unit: &BigInt) -> BigInt {
    let (quotient, rest) = number.div_mod_floor(unit);
    let up = match (&rest * 2u8).cmp(unit) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.is_odd(),
    };
    (quotient + up as u8) * unit
}

/// `base ** exponent % modulus`, with the sign of the modulus. A negative exponent asks for the
/// inverse. ValueError when there is none or the modulus is 0.
pub fn power_modulo(base: &BigInt, exponent: &BigInt, modulus: &BigInt) -> Result<Value> {
    if modulus.is_zero() {
        return Err(Raised::value_error("pow() 3rd argument cannot be 0"));
    }
    let size = modulus.abs();
    let mut base = base.mod_floor(&size);
    if exponent.is_negative() {
        let greatest = base.extended_gcd(&size);
        if !greatest.gcd.is_one() {
            return Err(Raised::value_error("base is not invertible for the given modulus"));
        }
        base = greatest.x.mod_floor(&size);
    }
    Ok(normalize(base.modpow(&exponent.abs(), &size).mod_floor(modulus)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_read_back() {
        for digits in [1, 17, 4300, 4301, 9000, 30000] {
            let text: String = (0..digits).map(|index| char::from(b'1' + (index * 7 % 9) as u8)).collect();
            let number = from_decimal(text.as_bytes());
            let mut shown = String::new();
            push_decimal(&mut shown, &number);
            assert_eq!(shown, text);
        }
        let mut shown = String::new();
        push_decimal(&mut shown, &power_of_ten(20_000));
        assert_eq!(shown, format!("1{}", "0".repeat(20_000)));
    }

    #[test]
    fn bytes_have_the_length_asked_for() {
        let bytes =
            |number: i64, length, signedness| to_bytes(&BigInt::from(number), length, ByteOrder::Big, signedness).ok();
        assert_eq!(bytes(255, 1, Signedness::Unsigned), Some(vec![255]));
        assert_eq!(bytes(255, 1, Signedness::Signed), None);
        assert_eq!(bytes(-128, 1, Signedness::Signed), Some(vec![128]));
        assert_eq!(bytes(-129, 1, Signedness::Signed), None);
        assert_eq!(bytes(-1, 3, Signedness::Signed), Some(vec![255, 255, 255]));
        assert_eq!(bytes(0, 0, Signedness::Signed), Some(vec![]));
        assert_eq!(bytes(-1, 1, Signedness::Unsigned), None);
    }

    #[test]
    fn halves_round_to_even() {
        let round = |number: i64, unit: i64| round_to_multiple(&number.into(), &unit.into()).to_i64();
        assert_eq!([round(5, 10), round(15, 10), round(25, 10)], [Some(0), Some(20), Some(20)]);
        assert_eq!([round(-5, 10), round(-15, 10), round(-16, 10)], [Some(0), Some(-20), Some(-20)]);
    }

    #[test]
    fn a_negative_exponent_is_an_inverse() {
        let power = |base: i64, exponent: i64, modulus: i64| {
            let result = power_modulo(&base.into(), &exponent.into(), &modulus.into());
            result.ok().and_then(|value| as_big(&value)?.to_i64())
        };
        assert_eq!(power(3, -1, 7), Some(5));
        assert_eq!(power(2, 5, -7), Some(-3));
        assert_eq!(power(2, -1, 4), None);
    }
}
