//! Ints beyond 64 bits.
//!
//! Invariant: a `Value::BigInt` never holds a number that fits an i64; every result goes through
//! `normalize`, which comes back to `Value::Int` when it can.

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

use super::{Gc, Value};
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
    match value.native() {
        Value::Bool(value) => Some(BigInt::from(*value as u8)),
        Value::Int(value) => Some(BigInt::from(*value)),
        Value::BigInt(value) => Some(value.0.clone()),
        _ => None,
    }
}

/// The nearest float; None when it is too large.
pub fn big_to_f64(number: &BigInt) -> Option<f64> {
    number.to_f64().filter(|number| number.is_finite())
}
