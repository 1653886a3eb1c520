//! What list and tuple share: search, lexicographic comparison, repetition and repr.
//!
//! Items are compared natively as far as that goes. Only where a class of the script has a say is the
//! item copied out and the VM asked; the list may then change, so every step looks at it afresh.

use crate::value::hash;
use crate::value::{List, Raised, Result, Tuple, Value, symbols};
use crate::vm::{Comparison, Vm};

/// Reads the items in place, for as long as no script code runs.
pub trait Sequence {
    fn read<T>(&self, look: impl FnOnce(&[Value]) -> T) -> T;
}

impl Sequence for List {
    #[inline(always)]
    fn read<T>(&self, look: impl FnOnce(&[Value]) -> T) -> T {
        look(&self.items.borrow())
    }
}

impl Sequence for Tuple {
    #[inline(always)]
    fn read<T>(&self, look: impl FnOnce(&[Value]) -> T) -> T {
        look(self.items())
    }
}

/// Where a native scan stopped.
enum Stop<T> {
    Found,
    /// Only the VM can compare these.
    Ask(T),
    End,
}

/// The first position in `from..to` whose item equals `wanted`.
pub fn find(vm: &mut Vm, sequence: &impl Sequence, from: usize, to: usize, wanted: &Value) -> Result<Option<usize>> {
    let mut index = from;
    loop {
        let stop = sequence.read(|items| {
            let end = to.min(items.len());
            while index < end {
                match hash::equal(&items[index], wanted) {
                    Some(true) => return Stop::Found,
                    Some(false) => index += 1,
                    None => return Stop::Ask(items[index].clone()),
                }
            }
            Stop::End
        });
        match stop {
            Stop::Found => return Ok(Some(index)),
            Stop::End => return Ok(None),
            Stop::Ask(item) if vm.equal(&item, wanted)? => return Ok(Some(index)),
            Stop::Ask(_) => index += 1,
        }
    }
}

/// How many items equal `wanted`.
pub fn count(vm: &mut Vm, sequence: &impl Sequence, wanted: &Value) -> Result<usize> {
    let (mut found, mut from) = (0, 0);
    while let Some(index) = find(vm, sequence, from, usize::MAX, wanted)? {
        found += 1;
        from = index + 1;
    }
    Ok(found)
}

/// The first items at the same position that are not equal; None when one sequence starts with the
/// other.
fn first_difference(vm: &mut Vm, left: &impl Sequence, right: &impl Sequence) -> Result<Option<(Value, Value)>> {
    let mut index = 0;
    loop {
        let (stop, pair) = left.read(|left| {
            right.read(|right| {
                for (one, other) in left.iter().zip(right).skip(index) {
                    match hash::equal(one, other) {
                        Some(true) => index += 1,
                        Some(false) => return (Stop::Found, Some((one.clone(), other.clone()))),
                        None => return (Stop::Ask(()), Some((one.clone(), other.clone()))),
                    }
                }
                (Stop::End, None)
            })
        });
        let Some((one, other)) = pair else { return Ok(None) };
        if matches!(stop, Stop::Found) || !vm.nest(" in comparison", |vm| vm.equal(&one, &other))? {
            // Script code may have taken the items out meanwhile: then the length decides.
            let end = length(left).min(length(right));
            return Ok((matches!(stop, Stop::Found) || index < end).then_some((one, other)));
        }
        index += 1;
    }
}

/// Compares item by item: the first difference decides, else the length.
pub fn compare(vm: &mut Vm, comparison: Comparison, left: &impl Sequence, right: &impl Sequence) -> Result<Value> {
    if length(left) != length(right) && matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        return Ok(Value::Bool(comparison == Comparison::NotEqual));
    }
    if let Some((one, other)) = first_difference(vm, left, right)? {
        return match comparison {
            Comparison::Equal => Ok(Value::Bool(false)),
            Comparison::NotEqual => Ok(Value::Bool(true)),
            _ => vm.nest(" in comparison", |vm| vm.compare(comparison, &one, &other)),
        };
    }
    let order = length(left).cmp(&length(right));
    Ok(Value::Bool(holds(comparison, order)))
}

fn length(sequence: &impl Sequence) -> usize {
    sequence.read(<[Value]>::len)
}

/// Whether a comparison holds between two things in this order.
pub fn holds(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterEqual => order.is_ge(),
    }
}

/// The six functions behind `__eq__` ... `__ge__`, by one that takes the comparison.
macro_rules! comparison_rows {
    ($type:ty, $compare:path) => {
        fn equal(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::Equal, this, other)
        }

        fn not_equal(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::NotEqual, this, other)
        }

        fn less(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::Less, this, other)
        }

        fn less_equal(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::LessEqual, this, other)
        }

        fn greater(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::Greater, this, other)
        }

        fn greater_equal(vm: &mut Vm, this: &$type, other: &Value) -> Result<Value> {
            $compare(vm, Comparison::GreaterEqual, this, other)
        }
    };
}
pub(crate) use comparison_rows;

/// How often a sequence of this length is to be repeated; None when the factor is no int, in which
/// case the other operand may know what to do.
pub fn repetitions(vm: &mut Vm, length: usize, factor: &Value) -> Result<Option<usize>> {
    let times = match factor.native() {
        Value::Int(times) => *times,
        Value::Bool(truth) => *truth as i64,
        Value::BigInt(_) => return Err(Raised::overflow_error("cannot fit 'int' into an index-sized integer")),
        Value::Instance(_) if factor.class().lookup(&symbols().index).is_some() => vm.index(factor)?,
        _ => return Ok(None),
    };
    let times = usize::try_from(times).unwrap_or(0);
    match length.checked_mul(times) {
        Some(total) if total <= isize::MAX as usize / size_of::<Value>() => Ok(Some(times)),
        _ => Err(Raised::out_of_memory()),
    }
}

/// TypeError "can't multiply sequence by non-int of type 'str'".
pub fn not_a_factor(factor: &Value) -> Raised {
    Raised::type_error(format!("can't multiply sequence by non-int of type '{}'", factor.type_name()))
}

/// The items, `times` times over. MemoryError when there is no room.
pub fn repeat(items: &[Value], times: usize) -> Result<Vec<Value>> {
    let mut result = Vec::new();
    result.try_reserve_exact(items.len() * times).map_err(|_| Raised::out_of_memory())?;
    match items {
        [] => {}
        [item] => result.resize(times, item.clone()),
        _ => (0..times).for_each(|_| result.extend_from_slice(items)),
    }
    Ok(result)
}

/// Adds the reprs of the items, separated by commas.
pub fn show_items(vm: &mut Vm, sequence: &impl Sequence, text: &mut String) -> Result<()> {
    let mut index = 0;
    while let Some(item) = sequence.read(|items| items.get(index).cloned()) {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&vm.repr(&item)?);
        index += 1;
    }
    Ok(())
}
