//! The functions of `math` on ints: divisors, factorials, combinations, roots.

use num_bigint::{BigInt, BigUint};
use num_integer::{Integer, Roots};
use num_traits::{One, Signed, ToPrimitive};

use crate::native;
use crate::value::{Native, Raised, Result, Value, integer};
use crate::vm::Vm;

fn big_index(vm: &mut Vm, value: &Value) -> Result<BigInt> {
    let index = vm.index_value(value)?;
    Ok(integer::to_big(&index).unwrap_or_default())
}

fn gcd(vm: &mut Vm, numbers: &[Value]) -> Result<Value> {
    fold(vm, numbers, 0, |left, right| left.gcd(&right).into(), |left, right| left.gcd(right))
}

fn lcm(vm: &mut Vm, numbers: &[Value]) -> Result<Value> {
    fold(vm, numbers, 1, |left, right| u128::from(left).lcm(&right.into()), |left, right| left.lcm(right))
}

/// Combines the sizes of all numbers, as small ints as long as the result is one.
fn fold(
    vm: &mut Vm,
    numbers: &[Value],
    start: i64,
    small: impl Fn(u64, u64) -> u128,
    big: impl Fn(&BigInt, &BigInt) -> BigInt,
) -> Result<Value> {
    let mut result = Value::Int(start);
    for number in numbers {
        let number = vm.index_value(number)?;
        result = match (&result, &number) {
            (Value::Int(left), Value::Int(right)) => {
                let both = small(left.unsigned_abs(), right.unsigned_abs());
                i64::try_from(both).map_or_else(|_| integer::normalize(BigInt::from(both)), Value::Int)
            }
            _ => {
                let (left, right) = (integer::as_big(&result), integer::as_big(&number));
                match (left, right) {
                    (Some(left), Some(right)) => integer::normalize(big(&left, &right).abs()),
                    _ => number.clone(),
                }
            }
        };
    }
    Ok(result)
}

fn isqrt(vm: &mut Vm, number: &Value) -> Result<Value> {
    let negative = || Raised::value_error("isqrt() argument must be nonnegative");
    match vm.index_value(number)? {
        Value::Int(number) => Ok(Value::Int(u64::try_from(number).map_err(|_| negative())?.sqrt() as i64)),
        big => {
            let number = integer::to_big(&big).unwrap_or_default();
            if number.is_negative() { Err(negative()) } else { Ok(integer::normalize(number.sqrt())) }
        }
    }
}

/// The product of the whole numbers from `first` to `last`, halved again and again so that the factors
/// stay of one size.
fn product(vm: &mut Vm, first: &BigUint, count: u64) -> Result<BigUint> {
    const TOGETHER: u64 = 16;
    if count <= TOGETHER {
        return Ok((0..count).map(|step| first + step).product());
    }
    vm.check_interrupts()?;
    let half = count / 2;
    Ok(product(vm, first, half)? * product(vm, &(first + half), count - half)?)
}

fn factorial_of(vm: &mut Vm, number: u64) -> Result<BigUint> {
    product(vm, &BigUint::one(), number)
}

fn factorial(vm: &mut Vm, number: &Value) -> Result<Value> {
    let number = match vm.index_value(number)? {
        Value::Int(number) => number,
        big if integer::as_big(&big).is_some_and(|big| big.is_negative()) => -1,
        _ => {
            let message = format!("factorial() argument should not exceed {}", i64::MAX);
            return Err(Raised::overflow_error(message));
        }
    };
    let number =
        u64::try_from(number).map_err(|_| Raised::value_error("factorial() not defined for negative values"))?;
    /// The largest whose factorial is a plain int.
    const PLAIN: u64 = 20;
    if number <= PLAIN {
        return Ok(Value::Int((1..=number as i64).product()));
    }
    Ok(integer::normalize(factorial_of(vm, number)?.into()))
}

/// n * (n - 1) * ... of `count` factors; `count` is not more than n.
fn falling_product(vm: &mut Vm, number: &BigUint, count: u64) -> Result<BigUint> {
    product(vm, &(number + 1u8 - count), count)
}

fn check_not_negative(number: BigInt, name: &str) -> Result<BigUint> {
    match number.to_biguint() {
        Some(number) => Ok(number),
        None => Err(Raised::value_error(format!("{name} must be a non-negative integer"))),
    }
}

/// As i64, which is how many factors may be multiplied.
fn check_count(count: &BigUint, name: &str) -> Result<u64> {
    match count.to_i64() {
        Some(count) => Ok(count as u64),
        None => Err(Raised::overflow_error(format!("{name} must not exceed {}", i64::MAX))),
    }
}

fn perm(vm: &mut Vm, number: &Value, count: Option<&Value>) -> Result<Value> {
    let Some(count) = count.filter(|count| !count.is_none()) else { return factorial(vm, number) };
    let (number, count) = (big_index(vm, number)?, big_index(vm, count)?);
    let (number, count) = (check_not_negative(number, "n")?, check_not_negative(count, "k")?);
    if count > number {
        return Ok(Value::Int(0));
    }
    let count = check_count(&count, "k")?;
    Ok(integer::normalize(falling_product(vm, &number, count)?.into()))
}

fn comb(vm: &mut Vm, number: &Value, count: &Value) -> Result<Value> {
    let (number, count) = (big_index(vm, number)?, big_index(vm, count)?);
    let (number, count) = (check_not_negative(number, "n")?, check_not_negative(count, "k")?);
    if count > number {
        return Ok(Value::Int(0));
    }
    let count = (&number - &count).min(count);
    let count = check_count(&count, "min(n - k, k)")?;
    if let Some(result) = number.to_u64().and_then(|number| small_comb(number, count)) {
        return Ok(integer::from_u64(result));
    }
    let all = falling_product(vm, &number, count)?;
    Ok(integer::normalize((all / factorial_of(vm, count)?).into()))
}

/// Every step is a whole number; None when one does not fit 64 bits.
fn small_comb(number: u64, count: u64) -> Option<u64> {
    let mut result = 1u64;
    for step in 0..count {
        let next = result as u128 * (number - step) as u128 / (step + 1) as u128;
        result = u64::try_from(next).ok()?;
    }
    Some(result)
}

pub const FUNCTIONS: &[Native] = &[
    native!("comb(n, k, /)", comb(required, required), "Ways to choose k of n things."),
    native!("factorial(n, /)", factorial(required), "The product of the numbers from 1 to n."),
    native!("gcd(*integers)", gcd(rest), "The greatest common divisor."),
    native!("isqrt(n, /)", isqrt(required), "The whole part of the square root."),
    native!("lcm(*integers)", lcm(rest), "The least common multiple."),
    native!("perm(n, k=None, /)", perm(required, optional), "Ways to arrange k of n things in order."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;

    #[test]
    fn combinations_are_whole_at_every_step() {
        assert_eq!(small_comb(5, 2), Some(10));
        assert_eq!(small_comb(60, 30), Some(118264581564861424));
        assert_eq!(small_comb(100, 50), None);
        assert_eq!(small_comb(0, 0), Some(1));
    }

    #[test]
    fn zero_is_its_own_root() {
        assert!(BigInt::zero().sqrt().is_zero());
    }
}
