//! range.
//!
//! The usual range has 64-bit bounds; `range_big.rs` does what goes beyond. Search is arithmetic for
//! numbers; only an object of a class of the script is compared with each number in turn.

use num_bigint::BigInt;

use super::range_big::BigRange;
use super::slice::{self, Subscript};
use crate::native;
use crate::value::iterator::IteratorState;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Gc, Iterator, Native, Raised, Range, Result, Value, integer, types};
use crate::vm::Vm;

/// The receiver of the rows: a range of either kind.
#[derive(Clone, Copy)]
enum AnyRange<'a> {
    Small(&'a Gc<Range>),
    Big(&'a BigRange),
}

use AnyRange::{Big, Small};

impl<'a> FromArgument<'a> for AnyRange<'a> {
    #[inline]
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        any_range(value).ok_or(Mismatch::Expected("range"))
    }
}

fn any_range(value: &Value) -> Option<AnyRange<'_>> {
    match value {
        Value::Range(range) => Some(Small(range)),
        value => value.payload().map(Big),
    }
}

impl AnyRange<'_> {
    fn to_big(self) -> BigRange {
        match self {
            Small(range) => BigRange::from(&**range),
            Big(range) => range.clone(),
        }
    }

    /// The number of items, if it is the length of a sequence.
    fn length(self) -> Option<usize> {
        match self {
            Small(range) => isize::try_from(range.len()).ok().map(|length| length as usize),
            Big(range) => isize::try_from(range.length()).ok().map(|length| length as usize),
        }
    }
}

fn new(vm: &mut Vm, _: &Class, arguments: &[Value]) -> Result<Value> {
    let mut parts = [Value::Int(0), Value::Int(0), Value::Int(1)];
    match arguments {
        [stop] => parts[1] = vm.index_value(stop)?,
        [_, _] | [_, _, _] => {
            for (part, argument) in parts.iter_mut().zip(arguments) {
                *part = vm.index_value(argument)?;
            }
        }
        [] => return Err(Raised::type_error("range expected at least 1 argument, got 0")),
        more => return Err(Raised::type_error(format!("range expected at most 3 arguments, got {}", more.len()))),
    }
    if matches!(parts[2], Value::Int(0)) {
        return Err(Raised::value_error("range() arg 3 must not be zero"));
    }
    if let [Value::Int(start), Value::Int(stop), Value::Int(step)] = parts {
        return Ok(Value::Range(Gc::new(Range { start, stop, step })));
    }
    let [start, stop, step] = parts.map(|part| integer::to_big(&part).unwrap_or_default());
    Ok(BigRange { start, stop, step }.into_value())
}

fn start(_: &mut Vm, this: AnyRange<'_>) -> Value {
    match this {
        Small(range) => Value::Int(range.start),
        Big(range) => integer::normalize(range.start.clone()),
    }
}

fn stop(_: &mut Vm, this: AnyRange<'_>) -> Value {
    match this {
        Small(range) => Value::Int(range.stop),
        Big(range) => integer::normalize(range.stop.clone()),
    }
}

fn step(_: &mut Vm, this: AnyRange<'_>) -> Value {
    match this {
        Small(range) => Value::Int(range.step),
        Big(range) => integer::normalize(range.step.clone()),
    }
}

fn len(_: &mut Vm, this: AnyRange<'_>) -> Result<usize> {
    this.length().ok_or_else(|| Raised::overflow_error("Python int too large to convert to C ssize_t"))
}

fn truth(_: &mut Vm, this: AnyRange<'_>) -> bool {
    this.length() != Some(0)
}

fn get_item(vm: &mut Vm, this: AnyRange<'_>, key: &Value) -> Result<Value> {
    if let (Small(range), Some(length)) = (this, this.length()) {
        match slice::subscript(vm, key, "range") {
            Ok(Subscript::Index(index)) => {
                return match slice::position(index, length) {
                    Some(position) => Ok(Value::Int(range.at(position as u64))),
                    None => Err(Raised::index_error("range object index out of range")),
                };
            }
            Ok(Subscript::Slice(slice)) => {
                let indices = slice::indices(vm, slice, length)?;
                let number = |index: i64| {
                    let number = range.start as i128 + index as i128 * range.step as i128;
                    i64::try_from(number).ok()
                };
                if let (Some(start), Some(stop), Some(step)) =
                    (number(indices.start), number(indices.stop), range.step.checked_mul(indices.step))
                {
                    return Ok(Value::Range(Gc::new(Range { start, stop, step })));
                }
            }
            // An index beyond 64 bits is out of range, which the big way says.
            Err(raised) if raised.is_a(&types().index_error) => {}
            Err(raised) => return Err(raised),
        }
    }
    match key {
        Value::Slice(slice) => this.to_big().slice(vm, slice),
        key => {
            if !slice::has_index(key) {
                let kind = key.type_name();
                return Err(Raised::type_error(format!("range indices must be integers or slices, not {kind}")));
            }
            let index = vm.index_value(key)?;
            this.to_big().item(integer::to_big(&index).unwrap_or_default())
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

/// The first index whose number equals the value: an Int or BigInt.
fn find(vm: &mut Vm, range: AnyRange<'_>, value: &Value) -> Result<Option<Value>> {
    let whole = match value {
        Value::Int(number) => match range {
            Small(range) => return Ok(index_of_int(range, *number).map(integer::from_u64)),
            Big(_) => Some(BigInt::from(*number)),
        },
        Value::Bool(truth) => Some(BigInt::from(*truth as u8)),
        Value::BigInt(number) => Some(number.0.clone()),
        Value::Float(number) if number.fract() == 0.0 => {
            integer::from_f64(*number).and_then(|number| integer::to_big(&number))
        }
        Value::Instance(_) => return find_by_equality(vm, range, value),
        _ => None,
    };
    Ok(whole.and_then(|whole| range.to_big().index_of(&whole)).map(integer::normalize))
}

fn find_by_equality(vm: &mut Vm, range: AnyRange<'_>, value: &Value) -> Result<Option<Value>> {
    let iterator = match range {
        Small(range) => iterator(range.start, range.len(), range.step),
        Big(range) => range.iterator(),
    };
    let mut index = 0u64;
    while let Some(number) = vm.next(&iterator)? {
        if vm.equal(&number, value)? {
            return Ok(Some(integer::from_u64(index)));
        }
        index += 1;
        if index.is_multiple_of(1024) {
            vm.check_interrupts()?;
        }
    }
    Ok(None)
}

fn contains(vm: &mut Vm, this: AnyRange<'_>, value: &Value) -> Result<bool> {
    Ok(find(vm, this, value)?.is_some())
}

fn index(vm: &mut Vm, this: AnyRange<'_>, value: &Value) -> Result<Value> {
    match find(vm, this, value)? {
        Some(index) => Ok(index),
        None if matches!(value, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => {
            Err(Raised::value_error(format!("{} is not in range", vm.repr(value)?)))
        }
        None => Err(Raised::value_error("sequence.index(x): x not in sequence")),
    }
}

fn count(vm: &mut Vm, this: AnyRange<'_>, value: &Value) -> Result<usize> {
    // What is no int may equal several of them.
    if !matches!(value.native(), Value::Int(_) | Value::BigInt(_) | Value::Bool(_)) {
        let mut found = 0;
        let numbers = iter(vm, this);
        vm.for_each(&numbers, |vm, number| {
            found += vm.equal(&number, value)? as usize;
            Ok(())
        })?;
        return Ok(found);
    }
    Ok(find(vm, this, value)?.is_some() as usize)
}

fn repr(_: &mut Vm, this: AnyRange<'_>) -> String {
    this.to_big().repr()
}

/// An iterator over the numbers at `first`, `first + step` ..., `count` of them.
fn iterator(first: i64, count: u64, step: i64) -> Value {
    let state = IteratorState::Range { next: first.into(), left: count.into(), step };
    Value::Iterator(Iterator::new(&types().range_iterator, state))
}

fn iter(_: &mut Vm, this: AnyRange<'_>) -> Value {
    match this {
        Small(range) if range.end_fits() => iterator(range.start, range.len(), range.step),
        _ => this.to_big().iterator(),
    }
}

fn reversed(_: &mut Vm, this: AnyRange<'_>) -> Value {
    match this {
        Small(range) => {
            let length = range.len();
            iterator(range.at(length.saturating_sub(1)), length, range.step.wrapping_neg())
        }
        Big(range) => range.reversed().iterator(),
    }
}

fn hash(vm: &mut Vm, this: AnyRange<'_>) -> Result<Value> {
    vm.hash(&this.to_big().key()).map(Value::Int)
}

fn equal(vm: &mut Vm, this: AnyRange<'_>, other: &Value) -> Result<Value> {
    match any_range(other) {
        Some(other) => vm.equal(&this.to_big().key(), &other.to_big().key()).map(Value::Bool),
        None => Ok(Value::NotImplemented),
    }
}

fn not_equal(vm: &mut Vm, this: AnyRange<'_>, other: &Value) -> Result<Value> {
    Ok(match equal(vm, this, other)? {
        Value::Bool(equal) => Value::Bool(!equal),
        undecided => undecided,
    })
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args)", new(required, rest), "Makes a range from stop, or start, stop and step.")
        .static_method(),
    native!("start(self, /)", start(required), "The first number.").member(),
    native!("stop(self, /)", stop(required), "The number before which it ends.").member(),
    native!("step(self, /)", step(required), "The distance between two numbers.").member(),
    native!("index(self, value, /)", index(required, required), "Return the index of value; ValueError if missing."),
    native!("count(self, value, /)", count(required, required), "Return how often value is in the range."),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__bool__(self, /)", truth(required), "Return bool(self)."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
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
