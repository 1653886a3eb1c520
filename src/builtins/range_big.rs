//! Ranges whose numbers do not all fit 64 bits.
//!
//! Such a range is an instance of class range with a `BigRange` inside. It is rare and slow; the rows
//! in `range.rs` come here only when the quick way does not apply, and also with a small range when
//! its length or a result is too large for 64 bits.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::value::instance::Payload;
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::{
    Gc, Instance, Iterator, Mutable, Raised, Range, Result, Slice, Value,
    integer::{normalize, to_big},
    types,
};
use crate::vm::Vm;

/// A range of numbers of any size. `step` is not 0.
#[derive(Clone)]
pub struct BigRange {
    pub start: BigInt,
    pub stop: BigInt,
    pub step: BigInt,
}

impl Payload for BigRange {}

impl From<&Range> for BigRange {
    fn from(range: &Range) -> BigRange {
        BigRange { start: range.start.into(), stop: range.stop.into(), step: range.step.into() }
    }
}

impl BigRange {
    /// How many numbers it has.
    pub fn length(&self) -> BigInt {
        let distance = if self.step.is_positive() { &self.stop - &self.start } else { &self.start - &self.stop };
        if distance.is_positive() { (distance - 1) / self.step.abs() + 1 } else { BigInt::zero() }
    }

    /// The range as a value, of the small kind if its numbers allow it.
    pub fn into_value(self) -> Value {
        match (self.start.to_i64(), self.stop.to_i64(), self.step.to_i64()) {
            (Some(start), Some(stop), Some(step)) => Value::Range(Gc::new(Range { start, stop, step })),
            _ => Value::Instance(Instance::with_payload(types().range.clone(), self)),
        }
    }

    /// The number at an index, counted from the end when negative.
    pub fn item(&self, index: BigInt) -> Result<Value> {
        let length = self.length();
        let index = if index.is_negative() { index + &length } else { index };
        if index.is_negative() || index >= length {
            return Err(Raised::index_error("range object index out of range"));
        }
        Ok(normalize(&self.start + index * &self.step))
    }

    /// The range of the numbers that a slice picks.
    pub fn slice(&self, vm: &mut Vm, slice: &Slice) -> Result<Value> {
        let mut part = |value: &Value| match value {
            Value::None => Ok(None),
            value => vm.index_value(value).map(|index| to_big(&index)),
        };
        let step = part(&slice.step)?.unwrap_or_else(BigInt::one);
        if step.is_zero() {
            return Err(Raised::value_error("slice step cannot be zero"));
        }
        let length = self.length();
        let (lowest, highest) =
            if step.is_negative() { ((-1).into(), &length - 1) } else { (BigInt::zero(), length.clone()) };
        let fit = |bound: BigInt| match bound.is_negative() {
            true => (bound + &length).max(lowest.clone()),
            false => bound.min(highest.clone()),
        };
        let (first, last) = if step.is_negative() { (&highest, &lowest) } else { (&lowest, &highest) };
        let start = part(&slice.start)?.map_or_else(|| first.clone(), fit);
        let stop = part(&slice.stop)?.map_or_else(|| last.clone(), fit);
        let number = |index: BigInt| &self.start + index * &self.step;
        Ok(BigRange { start: number(start), stop: number(stop), step: &self.step * step }.into_value())
    }

    /// The index of a number; None when it is not in the range.
    pub fn index_of(&self, number: &BigInt) -> Option<BigInt> {
        let (index, rest) = (number - &self.start).div_rem(&self.step);
        (rest.is_zero() && !index.is_negative() && index < self.length()).then_some(index)
    }

    /// What makes two ranges equal and is hashed: the length, and as far as they matter start and step.
    pub fn key(&self) -> Value {
        let length = self.length();
        let start = if length.is_zero() { Value::None } else { normalize(self.start.clone()) };
        let step = if length <= BigInt::one() { Value::None } else { normalize(self.step.clone()) };
        Value::tuple(vec![normalize(length), start, step])
    }

    pub fn repr(&self) -> String {
        let BigRange { start, stop, step } = self;
        if step.is_one() { format!("range({start}, {stop})") } else { format!("range({start}, {stop}, {step})") }
    }

    /// An iterator over the numbers.
    pub fn iterator(&self) -> Value {
        let (next, left) = (Mutable::new(self.start.clone()), Mutable::new(self.length()));
        Iterator::native(&types().long_range_iterator, BigRangeIterator { next, left, step: self.step.clone() })
    }

    /// The same numbers from the last to the first.
    pub fn reversed(&self) -> BigRange {
        let last = &self.start + (self.length() - 1) * &self.step;
        BigRange { start: last, stop: &self.start - &self.step, step: -&self.step }
    }
}

struct BigRangeIterator {
    next: Mutable<BigInt>,
    /// How many numbers are left.
    left: Mutable<BigInt>,
    step: BigInt,
}

impl NativeIterator for BigRangeIterator {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        if self.left.borrow().is_zero() {
            return Ok(None);
        }
        *self.left.borrow_mut() -= 1;
        let number = self.next.get();
        self.next.set(&number + &self.step);
        Ok(Some(normalize(number)))
    }

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        Ok(self.left.borrow().to_usize())
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let start = self.next.get();
        let stop = &start + self.left.get() * &self.step;
        Ok(Recipe::iter(BigRange { start, stop, step: self.step.clone() }.into_value(), Some(Value::None)))
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let left = self.left.get();
        let skipped = to_big(&vm.index_value(state)?).unwrap_or_default().clamp(BigInt::zero(), left.clone());
        self.next.set(self.next.get() + &skipped * &self.step);
        self.left.set(left - skipped);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_and_counted() {
        let power: BigInt = BigInt::from(1) << 80;
        let range = BigRange { start: power.clone(), stop: BigInt::zero(), step: (-3).into() };
        assert_eq!(range.length(), (&power - 1) / 3 + 1);
        assert_eq!(range.index_of(&(&power - 6)), Some(2.into()));
        assert_eq!(range.index_of(&(&power - 7)), None);
        assert_eq!(range.index_of(&(&power + 3)), None);
        let back = range.reversed();
        assert_eq!((back.length(), back.reversed().start), (range.length(), power));
    }
}
