//! The order of values that needs no script code: numbers, text, bytes, and tuples of them.

use super::{Value, hash};

/// How deep tuples in tuples are looked into.
const DEPTH: u32 = 8;

/// `left < right`; None when only the values' own methods can tell.
#[inline]
pub fn less(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left < right),
        // The order of UTF-8 is the order of code points.
        (Value::Str(left), Value::Str(right)) => Some(left.as_bytes() < right.as_bytes()),
        _ => less_within(left, right, DEPTH),
    }
}

fn less_within(left: &Value, right: &Value, depth: u32) -> Option<bool> {
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(left.as_bytes() < right.as_bytes()),
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
