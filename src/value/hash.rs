//! Hashes and equality that need no script code, with CPython's numbers.
//!
//! Sources: PEP 456 and Python/pyhash.c for numbers, Objects/tupleobject.c (xxHash) for tuples,
//! Objects/setobject.c for frozensets. Equality is Python's `==` between values of builtin types;
//! where a class of the script has a say, the answer is None and the VM decides.

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

use super::{Value, types};

/// Numbers are hashed modulo this prime, 2**61 - 1.
const MODULUS: u64 = (1 << 61) - 1;
const INFINITY: i64 = 314159;

/// The hash of a value; None when script code must compute it or the value has none.
#[inline]
pub fn hash(value: &Value) -> Option<i64> {
    Some(match value {
        Value::Str(text) => text.hash() as i64,
        Value::Int(number) => hash_int(*number),
        Value::Bool(truth) => *truth as i64,
        Value::Float(number) => hash_float(*number),
        Value::BigInt(number) => hash_big(&number.0),
        Value::None => 0xfca86420,
        Value::Tuple(tuple) => hash_tuple(tuple.items(), 0)?,
        Value::Bytes(bytes) => bytes.hash() as i64,
        Value::Set(set) if set.is_frozen() => set.hash.get().unwrap_or_else(|| {
            let hash = hash_frozenset(&set.snapshot());
            set.hash.set(Some(hash));
            hash
        }),
        Value::Range(range) => {
            let (length, start, step) = (range.len(), range.start, range.step);
            let whole = |count: u64| super::integer::from_u64(count);
            hash_tuple(
                &match length {
                    0 => [whole(0), Value::None, Value::None],
                    1 => [whole(1), Value::Int(start), Value::None],
                    _ => [whole(length), Value::Int(start), Value::Int(step)],
                },
                0,
            )?
        }
        Value::Instance(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Slice(_) | Value::Unbound => {
            return None;
        }
        Value::Class(class) if !class.metaclass().same(&types().type_) => return None,
        Value::Exception(exception) if !exception.class().is_builtin() => return None,
        Value::Method(_) => return None,
        other => hash_address(other.address()),
    })
}

/// The hash of an object that is equal only to itself.
pub fn hash_address(address: usize) -> i64 {
    (address as u64).rotate_right(4) as i64
}

#[inline]
pub fn hash_int(number: i64) -> i64 {
    let rest = (number.unsigned_abs() % MODULUS) as i64;
    let hash = if number < 0 { -rest } else { rest };
    if hash == -1 { -2 } else { hash }
}

fn hash_big(number: &BigInt) -> i64 {
    let rest = (number.magnitude() % MODULUS).to_i64().unwrap_or(0);
    let hash = if number.sign() == Sign::Minus { -rest } else { rest };
    if hash == -1 { -2 } else { hash }
}

/// A float with a whole value hashes as the int does.
pub fn hash_float(number: f64) -> i64 {
    if number.is_nan() {
        return 0;
    }
    if number.is_infinite() {
        return if number > 0.0 { INFINITY } else { -INFINITY };
    }
    if number == number.trunc() && number.abs() < 9.0e18 {
        return hash_int(number as i64);
    }
    // mantissa * 2**exponent, with an odd or 53-bit mantissa, modulo the prime.
    let bits = number.abs().to_bits();
    let (exponent, mantissa) = match bits >> 52 {
        0 => (-1074, bits),
        biased => (biased as i64 - 1075, bits & ((1 << 52) - 1) | 1 << 52),
    };
    let shift = exponent.rem_euclid(61) as u32;
    let product = ((mantissa as u128) << shift) % MODULUS as u128;
    let hash = if number < 0.0 { -(product as i64) } else { product as i64 };
    if hash == -1 { -2 } else { hash }
}

/// Tuples nested deeper than this are left to the VM, which counts the depth of its recursion.
const DEEPEST: u32 = 64;

fn hash_tuple(items: &[Value], depth: u32) -> Option<i64> {
    let mut hashes = items.iter().map(|item| match item {
        Value::Tuple(_) if depth == DEEPEST => None,
        Value::Tuple(inner) => hash_tuple(inner.items(), depth + 1),
        item => hash(item),
    });
    combine_tuple(items.len(), || hashes.next().flatten())
}

const PRIME_1: u64 = 11400714785074694791;
const PRIME_2: u64 = 14029467366897019727;
const PRIME_5: u64 = 2870177450012600261;

#[inline]
fn mix_lane(sum: u64, lane: i64) -> u64 {
    sum.wrapping_add((lane as u64).wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

/// The hash of a tuple from the hashes of its items, which `next` gives in order.
pub fn combine_tuple(length: usize, mut next: impl FnMut() -> Option<i64>) -> Option<i64> {
    let mut sum = PRIME_5;
    for _ in 0..length {
        sum = mix_lane(sum, next()?);
    }
    sum = sum.wrapping_add(length as u64 ^ (PRIME_5 ^ 3527539));
    Some(if sum == u64::MAX { 1546275796 } else { sum as i64 })
}

/// The hash of a slice from the hashes of its parts: the tuple's, without the length.
pub fn combine_slice(lanes: [i64; 3]) -> i64 {
    let sum = lanes.iter().fold(PRIME_5, |sum, lane| mix_lane(sum, *lane));
    if sum == u64::MAX { 1546275796 } else { sum as i64 }
}

fn hash_frozenset(keys: &[(Value, i64)]) -> i64 {
    let mut hash = 0u64;
    for (_, key) in keys {
        let key = *key as u64;
        hash ^= (key ^ 89869747 ^ key << 16).wrapping_mul(3644798167);
    }
    hash ^= (keys.len() as u64 + 1).wrapping_mul(1927868237);
    hash ^= hash >> 11 ^ hash >> 25;
    hash = hash.wrapping_mul(69069).wrapping_add(907133923);
    if hash == u64::MAX { 590923713 } else { hash as i64 }
}

/// `left == right` (identity counts as equality, as for items of containers); None when script code
/// must decide.
#[inline]
pub fn equal(left: &Value, right: &Value) -> Option<bool> {
    use Value::*;
    match (left, right) {
        (Str(left), Str(right)) => Some(left == right),
        (Int(left), Int(right)) => Some(left == right),
        _ => equal_other(left, right, 0),
    }
}

fn equal_other(left: &Value, right: &Value, depth: u32) -> Option<bool> {
    use Value::*;
    if left.is(right) {
        return Some(true);
    }
    match (left, right) {
        (Instance(_) | Exception(_) | Class(_) | Method(_) | Slice(_) | Iterator(_), _)
        | (_, Instance(_) | Exception(_) | Class(_) | Method(_) | Slice(_) | Iterator(_)) => match (left, right) {
            // Classes without a metaclass of the script and plain exceptions are equal only to themselves.
            (Class(left), Class(right)) => {
                let plain = &types().type_;
                if left.metaclass().same(plain) && right.metaclass().same(plain) { Some(false) } else { UNDECIDED }
            }
            _ => UNDECIDED,
        },
        (Tuple(_), Tuple(_)) if depth == DEEPEST => UNDECIDED,
        (Tuple(left), Tuple(right)) => {
            if left.len() != right.len() {
                return Some(false);
            }
            for (left, right) in left.items().iter().zip(right.items()) {
                let equal = match (left, right) {
                    (Str(left), Str(right)) => Some(left == right),
                    (Int(left), Int(right)) => Some(left == right),
                    _ => equal_other(left, right, depth + 1),
                };
                if equal != Some(true) {
                    return equal;
                }
            }
            Some(true)
        }
        (List(_), List(_)) | (Dict(_), Dict(_)) | (Set(_), Set(_)) => UNDECIDED,
        (Bytes(left), Bytes(right)) => Some(left.data == right.data),
        (Range(left), Range(right)) => {
            let length = left.len();
            Some(
                length == right.len()
                    && (length == 0 || left.start == right.start && (length == 1 || left.step == right.step)),
            )
        }
        _ => match compare_numbers(left, right) {
            Some(order) => Some(order == Order::Equal),
            Option::None => Some(false),
        },
    }
}

/// Only script code can tell.
const UNDECIDED: Option<bool> = Option::None;

/// How two numbers compare; a NaN is unordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Less,
    Equal,
    Greater,
    Unordered,
}

impl From<std::cmp::Ordering> for Order {
    fn from(ordering: std::cmp::Ordering) -> Order {
        match ordering {
            std::cmp::Ordering::Less => Order::Less,
            std::cmp::Ordering::Equal => Order::Equal,
            std::cmp::Ordering::Greater => Order::Greater,
        }
    }
}

/// Compares two ints, bools or floats exactly; None when one is no number.
pub fn compare_numbers(left: &Value, right: &Value) -> Option<Order> {
    use Value::*;
    let left = if let Bool(truth) = left { &Int(*truth as i64) } else { left };
    let right = if let Bool(truth) = right { &Int(*truth as i64) } else { right };
    Some(match (left, right) {
        (Int(left), Int(right)) => left.cmp(right).into(),
        (Float(left), Float(right)) => left.partial_cmp(right).map_or(Order::Unordered, Into::into),
        (Int(left), Float(right)) => compare_int_float(*left, *right),
        (Float(left), Int(right)) => reverse(compare_int_float(*right, *left)),
        (BigInt(left), BigInt(right)) => left.0.cmp(&right.0).into(),
        (BigInt(left), Int(_)) => {
            if left.0.sign() == Sign::Minus {
                Order::Less
            } else {
                Order::Greater
            }
        }
        (Int(_), BigInt(right)) => {
            if right.0.sign() == Sign::Minus {
                Order::Greater
            } else {
                Order::Less
            }
        }
        (BigInt(left), Float(right)) => compare_big_float(&left.0, *right),
        (Float(left), BigInt(right)) => reverse(compare_big_float(&right.0, *left)),
        _ => return Option::None,
    })
}

fn reverse(order: Order) -> Order {
    match order {
        Order::Less => Order::Greater,
        Order::Greater => Order::Less,
        same => same,
    }
}

fn compare_int_float(left: i64, right: f64) -> Order {
    if right.is_nan() {
        return Order::Unordered;
    }
    // Outside this range the float decides alone; inside, its whole part is an i64.
    if right >= 9.3e18 {
        return Order::Less;
    }
    if right <= -9.3e18 {
        return Order::Greater;
    }
    let whole = right.trunc();
    match (left as i128).cmp(&(whole as i128)) {
        std::cmp::Ordering::Equal => 0.0f64.partial_cmp(&(right - whole)).map_or(Order::Unordered, Into::into),
        other => other.into(),
    }
}

fn compare_big_float(left: &num_bigint::BigInt, right: f64) -> Order {
    use num_traits::FromPrimitive;
    if right.is_nan() {
        return Order::Unordered;
    }
    match num_bigint::BigInt::from_f64(right) {
        Some(whole) => match left.cmp(&whole) {
            std::cmp::Ordering::Equal => {
                0.0f64.partial_cmp(&(right - right.trunc())).map_or(Order::Unordered, Into::into)
            }
            other => other.into(),
        },
        None if right > 0.0 => Order::Less,
        None => Order::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_hash_as_in_cpython() {
        assert_eq!(hash_int(-1), -2);
        assert_eq!(hash_int(i64::MAX), 3);
        assert_eq!(hash_float(0.5), 1152921504606846976);
        assert_eq!(hash_float(1e300), 1224995262755759164);
        assert_eq!(hash(&Value::tuple(vec![Value::Int(1), Value::Int(2)])), Some(-3550055125485641917));
    }
}
