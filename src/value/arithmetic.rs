//! The operators on numbers: int (small and big), bool, float and complex.
//!
//! Nothing here runs script code. Operands are exact: an instance of a class derived from int may have
//! operators of its own, so it is no number here; the rows of the builtin types unwrap it first. What
//! int and int, or float and float, give most often is done by the VM before it comes here.

use std::borrow::Cow;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::complex::{Complex, PowerError};
use super::{Raised, Result, Value, float, integer, types};
use crate::bytecode::Operator;

/// Most bits of a power or shifted number (2 GB); a greater one is a MemoryError right away.
const MAXIMUM_BITS: u64 = 1 << 34;

/// Both are exact as floats up to here.
const EXACT: u64 = 1 << 53;

/// `left operator right`; None when one of them is no number, or numbers have no such operator.
#[inline]
pub fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Result<Value>> {
    use Value::*;
    match (left, right) {
        (Int(left), Int(right)) => small(operator, *left, *right),
        (Float(left), Float(right)) => floats(operator, *left, *right),
        (Int(left), Float(right)) => floats(operator, *left as f64, *right),
        (Float(left), Int(right)) => floats(operator, *left, *right as f64),
        (Bool(left), Bool(right)) => truths(operator, *left, *right),
        (Bool(left), Int(right)) => small(operator, *left as i64, *right),
        (Int(left), Bool(right)) => small(operator, *left, *right as i64),
        (Bool(left), Float(right)) => floats(operator, *left as u8 as f64, *right),
        (Float(left), Bool(right)) => floats(operator, *left, *right as u8 as f64),
        (BigInt(left), Float(right)) => match operator {
            Operator::MatrixMultiply => Option::None,
            _ => integer::to_float(&left.0)
                .map_or_else(|raised| Some(Err(raised)), |left| floats(operator, left, *right)),
        },
        (Float(left), BigInt(right)) => match operator {
            Operator::MatrixMultiply => Option::None,
            _ => integer::to_float(&right.0)
                .map_or_else(|raised| Some(Err(raised)), |right| floats(operator, *left, right)),
        },
        (BigInt(left), Int(right)) => big_and_small(operator, &left.0, *right),
        (BigInt(_), BigInt(_) | Bool(_)) | (Int(_) | Bool(_), BigInt(_)) => {
            big(operator, integer::as_big(left)?, integer::as_big(right)?)
        }
        (Instance(_), _) | (_, Instance(_)) => complexes(operator, exact_complex(left)?, exact_complex(right)?),
        _ => Option::None,
    }
}

/// `-value`; None when it is no number.
pub fn negate(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Int(number) => integer::from_i128(-(*number as i128)),
        Value::Float(number) => Value::Float(-number),
        Value::Bool(truth) => Value::Int(-(*truth as i64)),
        Value::BigInt(number) => integer::normalize(-&number.0),
        Value::Instance(_) => (-exact_complex(value)?.ok()?).into(),
        _ => return None,
    })
}

/// `+value`; None when it is no number.
pub fn positive(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Float(_) | Value::BigInt(_) => Some(value.clone()),
        Value::Bool(truth) => Some(Value::Int(*truth as i64)),
        Value::Instance(_) => exact_complex(value).map(|_| value.clone()),
        _ => None,
    }
}

/// `~value`; None when it is no int.
pub fn invert(value: &Value) -> Option<Value> {
    match value {
        Value::Int(number) => Some(Value::Int(!number)),
        Value::Bool(truth) => Some(Value::Int(!(*truth as i64))),
        Value::BigInt(number) => Some(integer::normalize(!&number.0)),
        _ => None,
    }
}

/// `abs(value)`; None when it is no number.
pub fn absolute(value: &Value) -> Option<Result<Value>> {
    match value {
        Value::Int(number) => Some(Ok(integer::from_i128((*number as i128).abs()))),
        Value::Float(number) => Some(Ok(Value::Float(number.abs()))),
        Value::Bool(truth) => Some(Ok(Value::Int(*truth as i64))),
        Value::BigInt(number) => Some(Ok(integer::normalize(number.0.abs()))),
        Value::Instance(_) => Some(exact_complex(value)?.and_then(absolute_complex)),
        _ => None,
    }
}

/// The distance of a complex number from zero.
pub fn absolute_complex(number: Complex) -> Result<Value> {
    let size = number.absolute();
    if size.is_infinite() && number.real.is_finite() && number.imaginary.is_finite() {
        return Err(Raised::overflow_error("absolute value too large"));
    }
    Ok(Value::Float(size))
}

/// `divmod(left, right)` as a pair; None when one of them is no real number.
pub fn divide_with_rest(left: &Value, right: &Value) -> Option<Result<(Value, Value)>> {
    if let (Value::Float(_), _) | (_, Value::Float(_)) = (left, right) {
        let (left, right) = match (as_float(left)?, as_float(right)?) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(raised), _) | (_, Err(raised)) => return Some(Err(raised)),
        };
        if right == 0.0 {
            return Some(Err(Raised::zero_division_error("float divmod()")));
        }
        let (quotient, rest) = float::divide_with_rest(left, right);
        return Some(Ok((Value::Float(quotient), Value::Float(rest))));
    }
    if let (Value::Int(left), Value::Int(right)) = (left, right)
        && let (Some(quotient), Some(rest)) = (left.checked_div(*right), left.checked_rem(*right))
    {
        let round = rest != 0 && (rest < 0) != (*right < 0);
        let (quotient, rest) = if round { (quotient - 1, rest + right) } else { (quotient, rest) };
        return Some(Ok((Value::Int(quotient), Value::Int(rest))));
    }
    let (left, right) = (exact_big(left)?, exact_big(right)?);
    if right.is_zero() {
        return Some(Err(Raised::zero_division_error("integer division or modulo by zero")));
    }
    let (quotient, rest) = left.div_mod_floor(&right);
    Some(Ok((integer::normalize(quotient), integer::normalize(rest))))
}

/// `base ** exponent % modulus` without the big number in between; None when one of them is no int.
pub fn power_modulo(base: &Value, exponent: &Value, modulus: &Value) -> Option<Result<Value>> {
    if let (Value::Int(base), Value::Int(exponent @ 0..), Value::Int(modulus @ 1..)) = (base, exponent, modulus) {
        let modulus = *modulus as u128;
        let mut square = base.rem_euclid(modulus as i64) as u128;
        let (mut power, mut exponent) = (1 % modulus, *exponent);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = power * square % modulus;
            }
            square = square * square % modulus;
            exponent >>= 1;
        }
        return Some(Ok(Value::Int(power as i64)));
    }
    let (base, exponent, modulus) = (exact_big(base)?, exact_big(exponent)?, exact_big(modulus)?);
    Some(integer::power_modulo(&base, &exponent, &modulus))
}

/// The number as a float; None when it is no real number.
pub fn as_float(value: &Value) -> Option<Result<f64>> {
    match value {
        Value::Float(number) => Some(Ok(*number)),
        Value::Int(number) => Some(Ok(*number as f64)),
        Value::Bool(truth) => Some(Ok(*truth as u8 as f64)),
        Value::BigInt(number) => Some(integer::to_float(&number.0)),
        _ => None,
    }
}

/// The number as a complex one; None when it is no number.
fn exact_complex(value: &Value) -> Option<Result<Complex>> {
    match value {
        Value::Instance(instance) if instance.class_ref().same(&types().complex) => {
            instance.payload::<Complex>().copied().map(Ok)
        }
        _ => Some(as_float(value)?.map(Complex::from)),
    }
}

fn exact_big(value: &Value) -> Option<Cow<'_, BigInt>> {
    if matches!(value, Value::Instance(_)) { None } else { integer::as_big(value) }
}

#[inline]
fn small(operator: Operator, left: i64, right: i64) -> Option<Result<Value>> {
    let wide = |number: i128| Ok(integer::from_i128(number));
    Some(match operator {
        Operator::Add => wide(left as i128 + right as i128),
        Operator::Subtract => wide(left as i128 - right as i128),
        Operator::Multiply => wide(left as i128 * right as i128),
        Operator::Divide => divide_small(left, right),
        Operator::FloorDivide => match left.checked_div(right) {
            None if right == 0 => Err(Raised::zero_division_error("integer division or modulo by zero")),
            None => wide(-(left as i128)),
            Some(quotient) => {
                let round = (left % right != 0) & ((left < 0) != (right < 0));
                Ok(Value::Int(quotient - round as i64))
            }
        },
        Operator::Modulo => match left.checked_rem(right) {
            None if right == 0 => Err(Raised::zero_division_error("integer modulo by zero")),
            None => Ok(Value::Int(0)),
            Some(rest) if rest != 0 && (rest < 0) != (right < 0) => Ok(Value::Int(rest + right)),
            Some(rest) => Ok(Value::Int(rest)),
        },
        Operator::Power if right < 0 => return floats(operator, left as f64, right as f64),
        Operator::Power => match u32::try_from(right).ok().and_then(|exponent| left.checked_pow(exponent)) {
            Some(power) => Ok(Value::Int(power)),
            None => power(&BigInt::from(left), Some(right as u64)),
        },
        Operator::ShiftLeft if (0..63).contains(&right) && left << right >> right == left => {
            Ok(Value::Int(left << right))
        }
        Operator::ShiftLeft => shift_left(&BigInt::from(left), &BigInt::from(right)),
        Operator::ShiftRight if right < 0 => Err(Raised::value_error("negative shift count")),
        Operator::ShiftRight => Ok(Value::Int(left >> right.min(63))),
        Operator::BitAnd => Ok(Value::Int(left & right)),
        Operator::BitOr => Ok(Value::Int(left | right)),
        Operator::BitXor => Ok(Value::Int(left ^ right)),
        Operator::MatrixMultiply => return None,
    })
}

fn truths(operator: Operator, left: bool, right: bool) -> Option<Result<Value>> {
    match operator {
        Operator::BitAnd => Some(Ok(Value::Bool(left & right))),
        Operator::BitOr => Some(Ok(Value::Bool(left | right))),
        Operator::BitXor => Some(Ok(Value::Bool(left ^ right))),
        _ => small(operator, left as i64, right as i64),
    }
}

#[inline]
fn floats(operator: Operator, left: f64, right: f64) -> Option<Result<Value>> {
    let by_zero = |message| Some(Err(Raised::zero_division_error(message)));
    Some(Ok(Value::Float(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right == 0.0 => return by_zero("float division by zero"),
        Operator::Divide => left / right,
        Operator::FloorDivide if right == 0.0 => return by_zero("float floor division by zero"),
        Operator::FloorDivide => float::divide_with_rest(left, right).0,
        Operator::Modulo if right == 0.0 => return by_zero("float modulo by zero"),
        Operator::Modulo => float::modulo(left, right),
        Operator::Power => return Some(power_of_floats(left, right)),
        _ => return None,
    })))
}

fn power_of_floats(base: f64, exponent: f64) -> Result<Value> {
    if base == 0.0 && exponent < 0.0 && exponent.is_finite() {
        return Err(Raised::zero_division_error("0.0 cannot be raised to a negative power"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent != exponent.floor() {
        return power_of_complexes(base.into(), exponent.into());
    }
    let power = base.powf(exponent);
    if power.is_infinite() && base.is_finite() && exponent.is_finite() {
        let arguments = vec![Value::Int(34), Value::str("Numerical result out of range")];
        return Err(Raised::new(&types().overflow_error, arguments));
    }
    Ok(Value::Float(power))
}

fn power_of_complexes(base: Complex, exponent: Complex) -> Result<Value> {
    base.power(exponent).map(Value::from).map_err(|error| match error {
        PowerError::Zero => Raised::zero_division_error("0.0 to a negative or complex power"),
        PowerError::Overflow => Raised::overflow_error("complex exponentiation"),
    })
}

/// The operators of complex numbers; None for those they do not have.
pub fn complexes(operator: Operator, left: Result<Complex>, right: Result<Complex>) -> Option<Result<Value>> {
    if !matches!(operator, Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Power)
    {
        return None;
    }
    let (left, right) = match (left, right) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(raised), _) | (_, Err(raised)) => return Some(Err(raised)),
    };
    Some(match operator {
        Operator::Add => Ok((left + right).into()),
        Operator::Subtract => Ok((left - right).into()),
        Operator::Multiply => Ok((left * right).into()),
        Operator::Divide => match left.divide(right) {
            Some(quotient) => Ok(quotient.into()),
            None => Err(Raised::zero_division_error("complex division by zero")),
        },
        _ => power_of_complexes(left, right),
    })
}

/// The commonest operators of a big and a small int, without making the small one big.
fn big_and_small(operator: Operator, left: &BigInt, right: i64) -> Option<Result<Value>> {
    match operator {
        Operator::Add => Some(Ok(integer::normalize(left + right))),
        Operator::Subtract => Some(Ok(integer::normalize(left - right))),
        Operator::Multiply => Some(Ok(integer::normalize(left * right))),
        Operator::ShiftRight if right >= 0 => Some(Ok(integer::normalize(left >> right))),
        Operator::Modulo if right > 0 => Some(Ok(modulo_small(left, right))),
        Operator::FloorDivide if right > 0 && !left.is_negative() => Some(Ok(integer::normalize(left / right))),
        _ => big(operator, Cow::Borrowed(left), Cow::Owned(BigInt::from(right))),
    }
}

/// The rest of a division by a positive number; the result has no allocation.
fn modulo_small(left: &BigInt, right: i64) -> Value {
    let rest = (left.magnitude() % right as u64).to_i64().unwrap_or(0);
    Value::Int(if left.is_negative() && rest != 0 { right - rest } else { rest })
}

fn big(operator: Operator, left: Cow<'_, BigInt>, right: Cow<'_, BigInt>) -> Option<Result<Value>> {
    let (left, right) = (&*left, &*right);
    let by_zero = |message| Some(Err(Raised::zero_division_error(message)));
    Some(Ok(integer::normalize(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => return Some(divide_big(left, right)),
        Operator::FloorDivide if right.is_zero() => return by_zero("integer division or modulo by zero"),
        Operator::FloorDivide => left.div_floor(right),
        Operator::Modulo if right.is_zero() => return by_zero("integer modulo by zero"),
        Operator::Modulo => left.mod_floor(right),
        Operator::Power if right.is_negative() => {
            return match (integer::to_float(left), integer::to_float(right)) {
                (Ok(left), Ok(right)) => floats(operator, left, right),
                (Err(raised), _) | (_, Err(raised)) => Some(Err(raised)),
            };
        }
        Operator::Power if *left == BigInt::from(-1) => BigInt::from(if right.is_even() { 1 } else { -1 }),
        Operator::Power => return Some(power(left, right.to_u64())),
        Operator::ShiftLeft => return Some(shift_left(left, right)),
        Operator::ShiftRight => return Some(shift_right(left, right)),
        Operator::BitAnd => left & right,
        Operator::BitOr => left | right,
        Operator::BitXor => left ^ right,
        Operator::MatrixMultiply => return None,
    })))
}

/// `base ** exponent`, where None is an exponent of more than 64 bits.
fn power(base: &BigInt, exponent: Option<u64>) -> Result<Value> {
    if base.is_zero() || base.is_one() {
        return Ok(integer::normalize(if exponent == Some(0) { BigInt::one() } else { base.clone() }));
    }
    let Some(exponent) = exponent else { return Err(Raised::out_of_memory()) };
    // A power has at least (bits - 1) * exponent bits.
    let bits = (base.bits() - 1) as u128 * exponent as u128;
    match u32::try_from(exponent) {
        Ok(exponent) if bits.max(exponent as u128) <= MAXIMUM_BITS as u128 => {
            if *base == BigInt::from(2) {
                return Ok(integer::normalize(BigInt::one() << exponent));
            }
            Ok(integer::normalize(base.pow(exponent)))
        }
        _ => Err(Raised::out_of_memory()),
    }
}

fn shift_left(number: &BigInt, count: &BigInt) -> Result<Value> {
    if count.is_negative() {
        return Err(Raised::value_error("negative shift count"));
    }
    if number.is_zero() {
        return Ok(Value::Int(0));
    }
    // Where CPython counts digits of 30 bits, their number must fit 63 bits.
    if count.bits() > 67 {
        return Err(Raised::overflow_error("too many digits in integer"));
    }
    match count.to_u64() {
        Some(count) if count.saturating_add(number.bits()) <= MAXIMUM_BITS => Ok(integer::normalize(number << count)),
        _ => Err(Raised::out_of_memory()),
    }
}

fn shift_right(number: &BigInt, count: &BigInt) -> Result<Value> {
    if count.is_negative() {
        return Err(Raised::value_error("negative shift count"));
    }
    match count.to_u64() {
        Some(count) if count < number.bits() => Ok(integer::normalize(number >> count)),
        _ => Ok(Value::Int(if number.is_negative() { -1 } else { 0 })),
    }
}

fn divide_small(left: i64, right: i64) -> Result<Value> {
    if right == 0 {
        return Err(Raised::zero_division_error("division by zero"));
    }
    if left.unsigned_abs() <= EXACT && right.unsigned_abs() <= EXACT {
        return Ok(Value::Float(left as f64 / right as f64));
    }
    divide_big(&BigInt::from(left), &BigInt::from(right))
}

fn divide_big(left: &BigInt, right: &BigInt) -> Result<Value> {
    if right.is_zero() {
        return Err(Raised::zero_division_error("division by zero"));
    }
    let quotient = divide_exactly(left.magnitude(), right.magnitude());
    if quotient.is_infinite() {
        return Err(Raised::overflow_error("integer division result too large for a float"));
    }
    let is_negative = left.is_negative() != right.is_negative();
    Ok(Value::Float(if is_negative { -quotient } else { quotient }))
}

/// The float nearest to the quotient; infinite when it is too large. `right` is not 0.
fn divide_exactly(left: &BigUint, right: &BigUint) -> f64 {
    if left.is_zero() {
        return 0.0;
    }
    // Scaled so that the whole quotient has 64 or 65 bits; the rest tells on which side of a half it is.
    let scale = 64 + right.bits() as i64 - left.bits() as i64;
    let (quotient, rest) =
        if scale >= 0 { (left << scale as u64).div_rem(right) } else { left.div_rem(&(right << scale.unsigned_abs())) };
    float::compose(quotient.to_u128().unwrap_or(0), -scale, !rest.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotient(left: u128, right: u128) -> f64 {
        divide_exactly(&BigUint::from(left), &BigUint::from(right))
    }

    #[test]
    fn quotients_of_ints_are_the_nearest_floats() {
        assert_eq!(quotient(10u128.pow(22), 3), 3.3333333333333335e+21);
        assert_eq!(quotient(1 << 70, (1 << 17) + 1), 9007130535788540.0);
        assert_eq!(quotient(9007199254740993, 1), 9007199254740992.0);
        assert_eq!(quotient(9007199254740995, 1), 9007199254740996.0);
        assert_eq!(divide_exactly(&BigUint::one(), &(BigUint::one() << 1074u32)), 5e-324);
        assert_eq!(divide_exactly(&BigUint::one(), &(BigUint::one() << 1075u32)), 0.0);
        assert_eq!(divide_exactly(&BigUint::from(3u8), &(BigUint::one() << 1076u32)), 5e-324);
        assert!(divide_exactly(&(BigUint::one() << 1024u32), &BigUint::one()).is_infinite());
    }

    #[test]
    fn small_results_are_small_and_big_ones_big() {
        let shown = |operator, left: i64, right: i64| match small(operator, left, right) {
            Some(Ok(value)) => integer::value_to_decimal(&value).and_then(std::result::Result::ok).unwrap_or_default(),
            _ => "error".to_string(),
        };
        assert_eq!(shown(Operator::FloorDivide, i64::MIN, -1), "9223372036854775808");
        assert_eq!(shown(Operator::Modulo, i64::MIN, -1), "0");
        assert_eq!(shown(Operator::FloorDivide, -7, 2), "-4");
        assert_eq!(shown(Operator::Modulo, 7, -2), "-1");
        assert_eq!(shown(Operator::Power, 2, 63), "9223372036854775808");
        assert_eq!(shown(Operator::Power, -2, 63), "-9223372036854775808");
        assert_eq!(shown(Operator::ShiftLeft, -1, 63), "-9223372036854775808");
        assert_eq!(shown(Operator::ShiftLeft, 1, 62), "4611686018427387904");
        assert_eq!(shown(Operator::ShiftRight, -1, 100), "-1");
        assert_eq!(shown(Operator::Power, 3, i64::MAX), "error");
    }
}
