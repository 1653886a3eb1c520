//! `_bisect`: where an item belongs in a sorted sequence.

use super::native_module;
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Str, Value, ordering};
use crate::vm::Vm;

/// On which side of items equal to it a new one goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Where the search begins and ends, as the caller wrote it.
struct Part<'a> {
    low: Option<i64>,
    high: Option<&'a Value>,
}

fn search(vm: &mut Vm, items: &Value, wanted: &Value, part: Part<'_>, key: Option<&Value>, side: Side) -> Result<i64> {
    let mut low = part.low.unwrap_or(0);
    if low < 0 {
        return Err(Raised::value_error("lo must be non-negative"));
    }
    let mut high = match part.high {
        Some(high) if !high.is_none() => vm.index(high)?,
        _ => vm.length(items)? as i64,
    };
    let key = key.filter(|key| !key.is_none()).cloned();
    while low < high {
        let middle = ((low as u64 + high as u64) / 2) as i64;
        let goes_left = match quick_step(items, middle, wanted, side, key.is_some()) {
            Some(goes_left) => goes_left,
            None => {
                let mut item = vm.get_item(items, &Value::Int(middle))?;
                if let Some(key) = &key {
                    item = vm.call(key, std::slice::from_ref(&item))?;
                }
                match side {
                    Side::Right => vm.less(wanted, &item)?,
                    Side::Left => !vm.less(&item, wanted)?,
                }
            }
        };
        if goes_left { high = middle } else { low = middle + 1 }
    }
    Ok(low)
}

/// Whether the place is left of an item of a plain list; None when script code has to be asked.
#[inline]
fn quick_step(items: &Value, middle: i64, wanted: &Value, side: Side, has_key: bool) -> Option<bool> {
    let Value::List(list) = items else { return None };
    if has_key {
        return None;
    }
    let items = list.items.borrow();
    let item = items.get(middle as usize)?;
    match side {
        Side::Right => ordering::less(wanted, item),
        Side::Left => ordering::less(item, wanted).map(|is_less| !is_less),
    }
}

fn insert(vm: &mut Vm, items: &Value, item: Value, part: Part<'_>, key: Option<&Value>, side: Side) -> Result<()> {
    let rank = match key.filter(|key| !key.is_none()) {
        Some(key) => vm.call(key, std::slice::from_ref(&item))?,
        None => item.clone(),
    };
    let place = search(vm, items, &rank, part, key, side)?;
    if let Value::List(list) = items {
        let mut items = list.items.borrow_mut();
        let place = (place as usize).min(items.len());
        items.insert(place, item);
        return Ok(());
    }
    vm.call_method(items, &Str::intern("insert"), &[Value::Int(place), item])?;
    Ok(())
}

fn bisect_right(
    vm: &mut Vm,
    items: &Value,
    item: &Value,
    low: Option<i64>,
    high: Option<&Value>,
    key: Option<&Value>,
) -> Result<i64> {
    search(vm, items, item, Part { low, high }, key, Side::Right)
}

fn bisect_left(
    vm: &mut Vm,
    items: &Value,
    item: &Value,
    low: Option<i64>,
    high: Option<&Value>,
    key: Option<&Value>,
) -> Result<i64> {
    search(vm, items, item, Part { low, high }, key, Side::Left)
}

fn insort_right(
    vm: &mut Vm,
    items: &Value,
    item: Value,
    low: Option<i64>,
    high: Option<&Value>,
    key: Option<&Value>,
) -> Result<()> {
    insert(vm, items, item, Part { low, high }, key, Side::Right)
}

fn insort_left(
    vm: &mut Vm,
    items: &Value,
    item: Value,
    low: Option<i64>,
    high: Option<&Value>,
    key: Option<&Value>,
) -> Result<()> {
    insert(vm, items, item, Part { low, high }, key, Side::Left)
}

const FUNCTIONS: &[Native] = &[
    native!(
        "bisect_right(a, x, lo=0, hi=None, *, key=None)",
        bisect_right(required, required, optional, optional, named),
        "Where an item belongs in a sorted list, behind those equal to it."
    ),
    native!(
        "bisect_left(a, x, lo=0, hi=None, *, key=None)",
        bisect_left(required, required, optional, optional, named),
        "Where an item belongs in a sorted list, before those equal to it."
    ),
    native!(
        "insort_right(a, x, lo=0, hi=None, *, key=None)",
        insort_right(required, required, optional, optional, named),
        "Puts an item into a sorted list, behind those equal to it."
    ),
    native!(
        "insort_left(a, x, lo=0, hi=None, *, key=None)",
        insort_left(required, required, optional, optional, named),
        "Puts an item into a sorted list, before those equal to it."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_bisect", FUNCTIONS))
}
