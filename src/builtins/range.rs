//! range.
//!
//! Bounds are 64-bit ints; larger ones are an OverflowError. Search is arithmetic for numbers; only an
//! object of a class of the script is compared with each number in turn.

use super::slice::{self, Subscript};
use crate::native;
use crate::value::iterator::IteratorState;
use crate::value::{Class, Gc, Iterator, Native, Raised, Range, Result, Value, hash, integer, types};
use crate::vm::Vm;

fn overflow() -> Raised {
    Raised::overflow_error("range does not support numbers beyond 64 bits")
}

fn bound(vm: &mut Vm, value: &Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => match vm.index_value(value)? {
            Value::Int(number) => Ok(number),
            _ => Err(overflow()),
        },
    }
}

fn new(vm: &mut Vm, _: &Class, arguments: &[Value]) -> Result<Value> {
    let (start, stop, step) = match arguments {
        [stop] => (0, bound(vm, stop)?, 1),
        [start, stop] => (bound(vm, start)?, bound(vm, stop)?, 1),
        [start, stop, step] => (bound(vm, start)?, bound(vm, stop)?, bound(vm, step)?),
        [] => return Err(Raised::type_error("range expected at least 1 argument, got 0")),
        more => return Err(Raised::type_error(format!("range expected at most 3 arguments, got {}", more.len()))),
    };
    if step == 0 {
        return Err(Raised::value_error("range() arg 3 must not be zero"));
    }
    Ok(Value::Range(Gc::new(Range { start, stop, step })))
}

fn start(_: &mut Vm, this: &Gc<Range>) -> i64 {
    this.start
}

fn stop(_: &mut Vm, this: &Gc<Range>) -> i64 {
    this.stop
}

fn step(_: &mut Vm, this: &Gc<Range>) -> i64 {
    this.step
}

fn length(range: &Range) -> Result<usize> {
    match isize::try_from(range.len()) {
        Ok(length) => Ok(length as usize),
        Err(_) => Err(Raised::overflow_error("Python int too large to convert to C ssize_t")),
    }
}

fn len(_: &mut Vm, this: &Gc<Range>) -> Result<usize> {
    length(this)
}

fn truth(_: &mut Vm, this: &Gc<Range>) -> bool {
    !this.is_empty()
}

fn get_item(vm: &mut Vm, this: &Gc<Range>, key: &Value) -> Result<Value> {
    let length = length(this)?;
    match slice::subscript(vm, key, "range")? {
        Subscript::Index(index) => match slice::position(index, length) {
            Some(position) => Ok(Value::Int(this.at(position as u64))),
            None => Err(Raised::index_error("range object index out of range")),
        },
        Subscript::Slice(slice) => {
            let indices = slice::indices(vm, slice, length)?;
            let number = |index: i64| {
                let number = this.start as i128 + index as i128 * this.step as i128;
                i64::try_from(number).map_err(|_| overflow())
            };
            let step = this.step.checked_mul(indices.step).ok_or_else(overflow)?;
            let (start, stop) = (number(indices.start)?, number(indices.stop)?);
            Ok(Value::Range(Gc::new(Range { start, stop, step })))
        }
    }
}

/// The index of an int; None when it is not in the range.
fn index_of_int(range: &Range, number: i64) -> Option<u64> {
    let distance = number as i128 - range.start as i128;
    let step = range.step as i128;
    let index = distance / step;
    (distance % step == 0 && index >= 0 && index < range.len() as i128).then_some(index as u64)
}

/// The first index whose number equals the value.
fn find(vm: &mut Vm, range: &Gc<Range>, value: &Value) -> Result<Option<u64>> {
    match value {
        Value::Int(number) => Ok(index_of_int(range, *number)),
        Value::Bool(truth) => Ok(index_of_int(range, *truth as i64)),
        Value::Float(number) => Ok(match integer::from_f64(number.trunc()) {
            Some(Value::Int(whole)) if number.is_finite() && number.fract() == 0.0 => index_of_int(range, whole),
            _ => None,
        }),
        Value::Instance(_) => {
            for index in 0..range.len() {
                if vm.equal(&Value::Int(range.at(index)), value)? {
                    return Ok(Some(index));
                }
                if index % 1024 == 0 {
                    vm.check_interrupts()?;
                }
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn contains(vm: &mut Vm, this: &Gc<Range>, value: &Value) -> Result<bool> {
    Ok(find(vm, this, value)?.is_some())
}

fn index(vm: &mut Vm, this: &Gc<Range>, value: &Value) -> Result<Value> {
    match find(vm, this, value)? {
        Some(index) => Ok(integer::from_u64(index)),
        None if matches!(value, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => {
            Err(Raised::value_error(format!("{} is not in range", vm.repr(value)?)))
        }
        None => Err(Raised::value_error("sequence.index(x): x not in sequence")),
    }
}

fn count(vm: &mut Vm, this: &Gc<Range>, value: &Value) -> Result<usize> {
    Ok(find(vm, this, value)?.is_some() as usize)
}

fn repr(_: &mut Vm, this: &Gc<Range>) -> String {
    let Range { start, stop, step } = **this;
    if step == 1 { format!("range({start}, {stop})") } else { format!("range({start}, {stop}, {step})") }
}

/// An iterator over the numbers at `first`, `first + step` ..., `count` of them.
fn iterator(first: i64, count: u64, step: i64) -> Value {
    let state = IteratorState::Range { next: first.into(), left: count.into(), step };
    Value::Iterator(Iterator::new(&types().range_iterator, state))
}

fn iter(_: &mut Vm, this: &Gc<Range>) -> Value {
    iterator(this.start, this.len(), this.step)
}

fn reversed(_: &mut Vm, this: &Gc<Range>) -> Value {
    let length = this.len();
    iterator(this.at(length.saturating_sub(1)), length, this.step.wrapping_neg())
}

fn hash_method(vm: &mut Vm, this: &Gc<Range>) -> Result<Value> {
    vm.hash(&Value::Range(this.clone())).map(Value::Int)
}

fn equal(_: &mut Vm, this: &Gc<Range>, other: &Value) -> Value {
    match other {
        Value::Range(_) => hash::equal(&Value::Range(this.clone()), other).map_or(Value::NotImplemented, Value::Bool),
        _ => Value::NotImplemented,
    }
}

fn not_equal(vm: &mut Vm, this: &Gc<Range>, other: &Value) -> Value {
    match equal(vm, this, other) {
        Value::Bool(equal) => Value::Bool(!equal),
        undecided => undecided,
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args)", new(required, rest), "Makes a range from stop, or start, stop and step.")
        .static_method(),
    native!("start(self, /)", start(required), "The first number.").getter(),
    native!("stop(self, /)", stop(required), "The number before which it ends.").getter(),
    native!("step(self, /)", step(required), "The distance between two numbers.").getter(),
    native!("index(self, value, /)", index(required, required), "Return the index of value; ValueError if missing."),
    native!("count(self, value, /)", count(required, required), "Return how often value is in the range."),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__bool__(self, /)", truth(required), "Return bool(self)."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__hash__(self, /)", hash_method(required), "Return hash(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "Return a reverse iterator."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_int_is_found_by_arithmetic() {
        let range = Range { start: 1, stop: 10, step: 3 };
        assert_eq!(index_of_int(&range, 7), Some(2));
        assert_eq!(index_of_int(&range, 8), None);
        assert_eq!(index_of_int(&range, 10), None);
        let down = Range { start: i64::MAX, stop: i64::MIN, step: -1 };
        assert_eq!(index_of_int(&down, 0), Some(i64::MAX as u64));
        assert_eq!(index_of_int(&down, i64::MIN), None);
    }
}
