//! The order of values that needs no script code: numbers, text, bytes, and tuples of them.

use std::cmp::Ordering;

use super::{Str, Value, hash};
use crate::memory::surrogate;

/// How deep tuples in tuples are looked into.
const DEPTH: u32 = 8;

/// The order of UTF-8 is the order of code points, but for lone surrogates among other characters.
#[inline]
pub fn compare_text(left: &Str, right: &Str) -> Ordering {
    if left.is_ascii() || right.is_ascii() {
        return left.as_bytes().cmp(right.as_bytes());
    }
    surrogate::compare(left, right)
}

/// `left < right`; None when only the values' own methods can tell.
#[inline]
pub fn less(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left < right),
        (Value::Str(left), Value::Str(right)) => Some(compare_text(left, right).is_lt()),
        _ => less_within(left, right, DEPTH),
    }
}

fn less_within(left: &Value, right: &Value, depth: u32) -> Option<bool> {
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(compare_text(left, right).is_lt()),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.data < right.data),
        (Value::Tuple(left), Value::Tuple(right)) => {
            for (one, other) in left.items().iter().zip(right.items()) {
                if !hash::equal(one, other)? {
                    return less_within(one, other, depth.checked_sub(1)?);
                }
            }
            Some(left.len() < right.len())
        }
        _ => hash::compare_numbers(left, right).map(|order| order == hash::Order::Less),
    }
}
