//! slice objects and subscripts: how an index or a slice picks positions in a sequence.
//!
//! `unpack` reads the three parts (script code may run in `__index__`), `Bounds::adjust` fits them to
//! a length. A caller whose sequence may change in between unpacks first and adjusts after.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::sequence;
use crate::native;
use crate::value::{Class, Gc, Native, Raised, Result, Slice, Tuple, Value, hash, integer, symbols};
use crate::vm::{Comparison, Vm};

/// The parts of a slice as numbers, clamped to 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    start: Option<i64>,
    stop: Option<i64>,
    /// Not 0, and not less than `-i64::MAX`.
    step: i64,
}

/// A slice of a sequence of known length: the positions `start`, `start + step` ..., `length` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceIndices {
    pub start: i64,
    /// The first position that is not meant, -1 when walking down past the first item.
    pub stop: i64,
    pub step: i64,
    pub length: usize,
}

/// What stands between the brackets.
pub enum Subscript<'a> {
    Index(i64),
    Slice(&'a Gc<Slice>),
}

impl Bounds {
    /// The positions in a sequence of this length.
    pub fn adjust(&self, length: usize) -> SliceIndices {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let step = self.step;
        let (lowest, highest) = if step < 0 { (-1, length - 1) } else { (0, length) };
        let fit = |bound: i64| if bound < 0 { (bound + length).max(lowest) } else { bound.min(highest) };
        let (first, last) = if step < 0 { (highest, lowest) } else { (lowest, highest) };
        let (start, stop) = (self.start.map_or(first, fit), self.stop.map_or(last, fit));
        let distance = if step < 0 { start - stop } else { stop - start };
        let count = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
        SliceIndices { start, stop, step, length: count as usize }
    }
}

impl SliceIndices {
    /// The positions in order.
    pub fn positions(self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.length).map(move |count| (self.start + count as i64 * self.step) as usize)
    }

    /// The same positions walked upwards.
    pub fn ascending(self) -> SliceIndices {
        if self.step > 0 || self.length == 0 {
            return SliceIndices { step: self.step.abs(), ..self };
        }
        let last = self.start + (self.length as i64 - 1) * self.step;
        SliceIndices { start: last, stop: self.start + 1, step: -self.step, length: self.length }
    }
}

/// A bound of a slice: an int or an object with `__index__`, clamped to 64 bits. `allowed` names in
/// the message what else is taken.
pub fn bound(vm: &mut Vm, value: &Value, allowed: &str) -> Result<i64> {
    if let Value::Int(number) = value {
        return Ok(*number);
    }
    if !has_index(value) {
        return Err(Raised::type_error(format!("slice indices must be integers or {allowed}have an __index__ method")));
    }
    vm.index_clamped(value)
}

/// Whether a value can be an index.
pub fn has_index(value: &Value) -> bool {
    match value.native() {
        Value::Int(_) | Value::Bool(_) | Value::BigInt(_) => true,
        Value::Float(_) | Value::Str(_) | Value::None | Value::Tuple(_) | Value::List(_) => false,
        _ => value.class().lookup(&symbols().index).is_some(),
    }
}

/// The optional `start` and `stop` of `index` methods, fitted to a length.
pub fn search_bounds(
    vm: &mut Vm,
    start: Option<&Value>,
    stop: Option<&Value>,
    length: usize,
) -> Result<(usize, usize)> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let mut read = |value: Option<&Value>, default: i64| match value {
        None => Ok(default),
        Some(value) => {
            let position = bound(vm, value, "")?;
            Ok(if position < 0 { (position + length).max(0) } else { position })
        }
    };
    Ok((read(start, 0)? as usize, read(stop, i64::MAX)? as usize))
}

/// Reads the parts of a slice. ValueError "slice step cannot be zero".
pub fn unpack(vm: &mut Vm, slice: &Slice) -> Result<Bounds> {
    let mut part = |value: &Value| match value {
        Value::None => Ok(None),
        value => bound(vm, value, "None or ").map(Some),
    };
    let step = part(&slice.step)?.unwrap_or(1).max(-i64::MAX);
    if step == 0 {
        return Err(Raised::value_error("slice step cannot be zero"));
    }
    Ok(Bounds { start: part(&slice.start)?, stop: part(&slice.stop)?, step })
}

/// The positions a slice means in a sequence of this length.
pub fn indices(vm: &mut Vm, slice: &Slice, length: usize) -> Result<SliceIndices> {
    Ok(unpack(vm, slice)?.adjust(length))
}

/// Reads an index or slice; TypeError "list indices must be integers or slices, not str".
#[inline]
pub fn subscript<'a>(vm: &mut Vm, key: &'a Value, sequence: &str) -> Result<Subscript<'a>> {
    match key {
        Value::Int(index) => Ok(Subscript::Index(*index)),
        Value::Slice(slice) => Ok(Subscript::Slice(slice)),
        key => index_of_object(vm, key, sequence).map(Subscript::Index),
    }
}

#[cold]
fn index_of_object(vm: &mut Vm, key: &Value, sequence: &str) -> Result<i64> {
    if !has_index(key) {
        let kind = key.type_name();
        return Err(Raised::type_error(format!("{sequence} indices must be integers or slices, not {kind}")));
    }
    match vm.index_value(key)? {
        Value::Int(index) => Ok(index),
        _ => Err(Raised::index_error(format!("cannot fit '{}' into an index-sized integer", key.type_name()))),
    }
}

/// The position an index means, counting from the end when negative; None when it is out of range.
#[inline(always)]
pub fn position(index: i64, length: usize) -> Option<usize> {
    let position = if index < 0 { index.wrapping_add(length as i64) } else { index };
    ((position as u64) < length as u64).then_some(position as usize)
}

fn new(_: &mut Vm, _: &Class, arguments: &[Value]) -> Result<Value> {
    let part = |index: usize| arguments.get(index).cloned().unwrap_or(Value::None);
    let (start, stop, step) = match arguments.len() {
        0 => return Err(Raised::type_error("slice expected at least 1 argument, got 0")),
        1 => (Value::None, part(0), Value::None),
        2 | 3 => (part(0), part(1), part(2)),
        count => return Err(Raised::type_error(format!("slice expected at most 3 arguments, got {count}"))),
    };
    Ok(Value::Slice(Gc::new(Slice { start, stop, step })))
}

fn start(_: &mut Vm, this: &Gc<Slice>) -> Value {
    this.start.clone()
}

fn stop(_: &mut Vm, this: &Gc<Slice>) -> Value {
    this.stop.clone()
}

fn step(_: &mut Vm, this: &Gc<Slice>) -> Value {
    this.step.clone()
}

fn indices_method(vm: &mut Vm, this: &Gc<Slice>, length: &Value) -> Result<Value> {
    let negative = || Raised::value_error("length should not be negative");
    let length = vm.index_value(length)?;
    let is_big = |value: &Value| matches!(value.native(), Value::BigInt(_));
    if [&length, &this.start, &this.stop, &this.step].into_iter().any(is_big) {
        return big_indices(vm, this, &length);
    }
    let Value::Int(length) = length else { return Err(negative()) };
    let length = usize::try_from(length).map_err(|_| negative())?;
    let found = indices(vm, this, length)?;
    Ok(Value::tuple(vec![Value::Int(found.start), Value::Int(found.stop), Value::Int(found.step)]))
}

/// The three numbers when they, or the length, need more than 64 bits.
fn big_indices(vm: &mut Vm, slice: &Slice, length: &Value) -> Result<Value> {
    let length = integer::to_big(length).unwrap_or_default();
    if length.is_negative() {
        return Err(Raised::value_error("length should not be negative"));
    }
    let mut part = |value: &Value| match value {
        Value::None => Ok(None),
        value if has_index(value) => Ok(integer::to_big(&vm.index_value(value)?)),
        _ => bound(vm, value, "None or ").map(|number| Some(BigInt::from(number))),
    };
    let step = part(&slice.step)?.unwrap_or_else(|| BigInt::from(1));
    let (start, stop) = (part(&slice.start)?, part(&slice.stop)?);
    if step.is_zero() {
        return Err(Raised::value_error("slice step cannot be zero"));
    }
    let down = step.is_negative();
    let (lowest, highest) = if down { (BigInt::from(-1), &length - 1) } else { (BigInt::from(0), length.clone()) };
    let fit = |number: BigInt| {
        if number.is_negative() { (number + &length).max(lowest.clone()) } else { number.min(highest.clone()) }
    };
    let (first, last) = if down { (&highest, &lowest) } else { (&lowest, &highest) };
    let start = start.map_or_else(|| first.clone(), fit);
    let stop = stop.map_or_else(|| last.clone(), fit);
    Ok(Value::tuple([start, stop, step].into_iter().map(integer::normalize).collect()))
}

fn repr(vm: &mut Vm, this: &Gc<Slice>) -> Result<Value> {
    let (start, stop, step) = (vm.repr(&this.start)?, vm.repr(&this.stop)?, vm.repr(&this.step)?);
    Ok(format!("slice({start}, {stop}, {step})").into())
}

/// As the tuple's hash, but without the length.
fn hash_method(vm: &mut Vm, this: &Gc<Slice>) -> Result<Value> {
    let lanes = [vm.hash(&this.start)?, vm.hash(&this.stop)?, vm.hash(&this.step)?];
    Ok(Value::Int(hash::combine_slice(lanes)))
}

fn parts(slice: &Slice) -> Tuple {
    Tuple::new(vec![slice.start.clone(), slice.stop.clone(), slice.step.clone()])
}

/// Slices compare as the tuples of their parts.
fn compare(vm: &mut Vm, comparison: Comparison, this: &Gc<Slice>, other: &Value) -> Result<Value> {
    match other {
        Value::Slice(other) => sequence::compare(vm, comparison, &parts(this), &parts(other)),
        _ => Ok(Value::NotImplemented),
    }
}

sequence::comparison_rows!(Gc<Slice>, compare);

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args)", new(required, rest), "Makes a slice from stop, or start, stop and step.")
        .static_method(),
    native!("start(self, /)", start(required), "Where the slice starts.").member(),
    native!("stop(self, /)", stop(required), "Where the slice ends.").member(),
    native!("step(self, /)", step(required), "How far it goes at a time.").member(),
    native!(
        "indices(self, length, /)",
        indices_method(required, required),
        "Start, stop and step for a sequence of this length."
    ),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__hash__(self, /)", hash_method(required), "Return hash(self)."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", less(required, required), "Return self<value."),
    native!("__le__(self, value, /)", less_equal(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", greater(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", greater_equal(required, required), "Return self>=value."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn adjust(start: Option<i64>, stop: Option<i64>, step: i64, length: usize) -> Vec<usize> {
        Bounds { start, stop, step }.adjust(length).positions().collect()
    }

    #[test]
    fn bounds_fit_the_length() {
        assert_eq!(adjust(None, None, 1, 3), [0, 1, 2]);
        assert_eq!(adjust(None, None, -1, 3), [2, 1, 0]);
        assert_eq!(adjust(Some(-2), None, 1, 3), [1, 2]);
        assert_eq!(adjust(Some(5), Some(-9), -2, 3), [2, 0]);
        assert_eq!(adjust(Some(i64::MIN), Some(i64::MAX), i64::MAX, 3), [0]);
        assert_eq!(adjust(Some(2), Some(1), 1, 3), [0usize; 0]);
        assert_eq!(adjust(None, None, 1, 0), [0usize; 0]);
    }

    #[test]
    fn a_slice_walked_upwards_has_the_same_positions() {
        let down = Bounds { start: None, stop: None, step: -3 }.adjust(8);
        assert_eq!(down.positions().collect::<Vec<_>>(), [7, 4, 1]);
        assert_eq!(down.ascending().positions().collect::<Vec<_>>(), [1, 4, 7]);
    }
}
