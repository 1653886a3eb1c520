//! `_heapq`: a list as a heap, the smallest item first.
//!
//! The list is a valid arrangement of its items at every moment, since comparisons may run script code
//! that looks at it. If such code changes its length, the operation ends with an error.

use super::native_module;
use crate::native;
use crate::value::{Gc, List, Module, Native, Raised, Result, Value, ordering};
use crate::vm::Vm;

/// Which item is on top.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Top {
    Smallest,
    Largest,
}

/// Whether the item at one index belongs above that at another. The length must stay what it was.
fn is_above(vm: &mut Vm, heap: &List, top: Top, one: usize, other: usize, length: usize) -> Result<bool> {
    let (one, other) = if top == Top::Smallest { (one, other) } else { (other, one) };
    let (left, right) = {
        let items = heap.items.borrow();
        let (left, right) = (&items[one], &items[other]);
        if let Some(is_less) = ordering::less(left, right) {
            return Ok(is_less);
        }
        (left.clone(), right.clone())
    };
    let is_less = vm.less(&left, &right)?;
    if heap.len() != length {
        return Err(Raised::runtime_error("list changed size during iteration"));
    }
    Ok(is_less)
}

/// Moves an item up while it belongs above its parent, not beyond `start`.
fn rise(vm: &mut Vm, heap: &List, top: Top, start: usize, mut place: usize) -> Result<()> {
    let length = heap.len();
    if place >= length {
        return Err(Raised::index_error("index out of range"));
    }
    while place > start {
        let parent = (place - 1) / 2;
        if !is_above(vm, heap, top, place, parent, length)? {
            break;
        }
        heap.items.borrow_mut().swap(place, parent);
        place = parent;
    }
    Ok(())
}

/// Moves an item down to the bottom, always below the better child, and from there up to its place.
/// That takes fewer comparisons than to compare it at each step: it mostly belongs near the bottom.
fn settle(vm: &mut Vm, heap: &List, top: Top, start: usize) -> Result<()> {
    let length = heap.len();
    if start >= length {
        return Err(Raised::index_error("index out of range"));
    }
    let mut place = start;
    while place < length / 2 {
        let mut child = 2 * place + 1;
        if child + 1 < length && !is_above(vm, heap, top, child, child + 1, length)? {
            child += 1;
        }
        heap.items.borrow_mut().swap(place, child);
        place = child;
    }
    rise(vm, heap, top, start, place)
}

fn pop(vm: &mut Vm, heap: &List, top: Top) -> Result<Value> {
    let Some(last) = heap.items.borrow_mut().pop() else {
        return Err(Raised::index_error("index out of range"));
    };
    if heap.is_empty() {
        return Ok(last);
    }
    exchange(vm, heap, top, last)
}

/// Puts an item in the place of the top one and gives that.
fn exchange(vm: &mut Vm, heap: &List, top: Top, item: Value) -> Result<Value> {
    let Ok(best) = heap.replace(0, item) else {
        return Err(Raised::index_error("index out of range"));
    };
    settle(vm, heap, top, 0)?;
    Ok(best)
}

fn arrange(vm: &mut Vm, heap: &List, top: Top) -> Result<()> {
    (0..heap.len() / 2).rev().try_for_each(|place| settle(vm, heap, top, place))
}

fn heappush(vm: &mut Vm, heap: &Gc<List>, item: Value) -> Result<()> {
    heap.push(item);
    rise(vm, heap, Top::Smallest, 0, heap.len() - 1)
}

fn heappop(vm: &mut Vm, heap: &Gc<List>) -> Result<Value> {
    pop(vm, heap, Top::Smallest)
}

fn heapreplace(vm: &mut Vm, heap: &Gc<List>, item: Value) -> Result<Value> {
    exchange(vm, heap, Top::Smallest, item)
}

fn heappushpop(vm: &mut Vm, heap: &Gc<List>, item: Value) -> Result<Value> {
    let Some(best) = heap.get(0) else { return Ok(item) };
    if !vm.less(&best, &item)? {
        return Ok(item);
    }
    exchange(vm, heap, Top::Smallest, item)
}

fn heapify(vm: &mut Vm, heap: &Gc<List>) -> Result<()> {
    arrange(vm, heap, Top::Smallest)
}

fn heappop_max(vm: &mut Vm, heap: &Gc<List>) -> Result<Value> {
    pop(vm, heap, Top::Largest)
}

fn heapreplace_max(vm: &mut Vm, heap: &Gc<List>, item: Value) -> Result<Value> {
    exchange(vm, heap, Top::Largest, item)
}

fn heapify_max(vm: &mut Vm, heap: &Gc<List>) -> Result<()> {
    arrange(vm, heap, Top::Largest)
}

/// With more items than this wanted, sorting all of them is not slower than keeping the best ones.
const MOST_KEPT: usize = 500;

/// The best `count` items, the best first; of equal ones those that came first.
fn select(vm: &mut Vm, count: &Value, iterable: &Value, key: Option<&Value>, top: Top) -> Result<Value> {
    let count = usize::try_from(vm.index_clamped(count)?).unwrap_or(0);
    let key = key.filter(|key| !key.is_none()).cloned();
    let is_better = |vm: &mut Vm, one: &Value, other: &Value| match top {
        Top::Smallest => vm.less(one, other),
        Top::Largest => vm.less(other, one),
    };
    if count > MOST_KEPT {
        let mut items = vm.collect(iterable)?;
        crate::builtins::sort::sort(vm, &mut items, key.as_ref(), top == Top::Largest)?;
        items.truncate(count);
        return Ok(Value::list(items));
    }
    // Pairs of key and item, in order.
    let mut best: Vec<(Value, Value)> = Vec::with_capacity(count + 1);
    vm.for_each(iterable, |vm, item| {
        if count == 0 {
            return Ok(());
        }
        let rank = match &key {
            Some(key) => vm.call(key, std::slice::from_ref(&item))?,
            None => item.clone(),
        };
        if best.len() == count && !is_better(vm, &rank, &best[count - 1].0)? {
            return Ok(());
        }
        let (mut low, mut high) = (0, best.len());
        while low < high {
            let middle = (low + high) / 2;
            if is_better(vm, &rank, &best[middle].0)? { high = middle } else { low = middle + 1 }
        }
        best.insert(low, (rank, item));
        best.truncate(count);
        Ok(())
    })?;
    Ok(Value::list(best.into_iter().map(|(_, item)| item).collect()))
}

fn nsmallest(vm: &mut Vm, count: &Value, iterable: &Value, key: Option<&Value>) -> Result<Value> {
    select(vm, count, iterable, key, Top::Smallest)
}

fn nlargest(vm: &mut Vm, count: &Value, iterable: &Value, key: Option<&Value>) -> Result<Value> {
    select(vm, count, iterable, key, Top::Largest)
}

const FUNCTIONS: &[Native] = &[
    native!("heappush(heap, item, /)", heappush(required, required), "Adds an item to a heap."),
    native!("heappop(heap, /)", heappop(required), "Removes the smallest item and gives it."),
    native!(
        "heapreplace(heap, item, /)",
        heapreplace(required, required),
        "Removes the smallest item and gives it, then adds another one."
    ),
    native!(
        "heappushpop(heap, item, /)",
        heappushpop(required, required),
        "Adds an item, then removes the smallest one and gives it."
    ),
    native!("heapify(heap, /)", heapify(required), "Makes a list a heap, in place."),
    native!("_heappop_max(heap, /)", heappop_max(required), "As heappop, for a heap with the largest item on top."),
    native!(
        "_heapreplace_max(heap, item, /)",
        heapreplace_max(required, required),
        "As heapreplace, for a heap with the largest item on top."
    ),
    native!("_heapify_max(heap, /)", heapify_max(required), "As heapify, with the largest item on top."),
    native!(
        "nsmallest(n, iterable, key=None)",
        nsmallest(required, required, optional),
        "The smallest items, in order."
    ),
    native!(
        "nlargest(n, iterable, key=None)",
        nlargest(required, required, optional),
        "The largest items, the largest first."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_heapq", FUNCTIONS))
}
