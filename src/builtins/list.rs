//! list.
//!
//! A list is only borrowed for single reads and writes; what loops while script code may run goes by
//! index. Values that leave the list are dropped after the borrow has ended.

use super::arguments::{Receiver, at_most_one_for, at_most_one_to_fill};
use super::slice::{self, Subscript};
use super::{iterators, sequence, sort, wrap};
use crate::native;
use crate::value::iterator::IteratorState;
use crate::value::{Class, Dict, Gc, Iterator, List, Mutable, Native, Raised, Result, Value, types};
use crate::vm::{Comparison, Vm};

fn new(_: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    if class.same(&types().list) {
        at_most_one_for(class, &types().list, arguments, keywords)?;
    }
    Ok(wrap(class, &types().list, Value::list(Vec::new())))
}

fn init(vm: &mut Vm, object: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    let Value::List(this) = object.native() else {
        let kind = object.type_name();
        return Err(Raised::type_error(format!(
            "descriptor '__init__' requires a 'list' object but received a '{kind}'"
        )));
    };
    let items = at_most_one_to_fill(object, &types().list, arguments, keywords)?;
    drop(this.items.take());
    items.map_or(Ok(()), |items| extend(vm, this, items))
}

fn append(_: &mut Vm, this: &Gc<List>, item: Value) -> Result<()> {
    this.try_push(item)
}

/// Appends the items of any iterable.
pub fn extend(vm: &mut Vm, this: &Gc<List>, iterable: &Value) -> Result<()> {
    match iterable {
        Value::List(other) => {
            let items = sequence::repeat(&other.items.borrow(), 1)?;
            let mut target = this.items.borrow_mut();
            target.try_reserve(items.len()).map_err(|_| Raised::out_of_memory())?;
            target.extend(items);
        }
        Value::Tuple(other) => this.items.borrow_mut().extend_from_slice(other.items()),
        Value::Range(_) | Value::Str(_) | Value::Dict(_) => {
            let items = vm.collect(iterable)?;
            let mut target = this.items.borrow_mut();
            if target.is_empty() {
                *target = items;
            } else {
                target.try_reserve(items.len()).map_err(|_| Raised::out_of_memory())?;
                target.extend(items);
            }
        }
        _ => {
            let expected = vm.length_hint(iterable)?;
            let length = this.items.borrow().len();
            // A hint beyond all bounds is no reason to fail before the items come.
            if length.checked_add(expected).is_some_and(|all| all <= isize::MAX as usize) {
                this.items.borrow_mut().try_reserve(expected).map_err(|_| Raised::out_of_memory())?;
            }
            vm.for_each(iterable, |_, item| this.try_push(item))?;
        }
    }
    Ok(())
}

fn insert(_: &mut Vm, this: &Gc<List>, index: i64, item: Value) {
    let mut items = this.items.borrow_mut();
    let length = items.len() as i64;
    let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
    items.insert(index as usize, item);
}

fn pop(vm: &mut Vm, this: &Gc<List>, index: Option<&Value>) -> Result<Value> {
    let Some(index) = index else {
        return this.items.borrow_mut().pop().ok_or_else(|| Raised::index_error("pop from empty list"));
    };
    let index = vm.index(index)?;
    let mut items = this.items.borrow_mut();
    match slice::position(index, items.len()) {
        Some(position) => Ok(items.remove(position)),
        None if items.is_empty() => Err(Raised::index_error("pop from empty list")),
        None => Err(Raised::index_error("pop index out of range")),
    }
}

fn remove(vm: &mut Vm, this: &Gc<List>, item: &Value) -> Result<()> {
    let Some(index) = sequence::find(vm, &**this, 0, usize::MAX, item)? else {
        return Err(Raised::value_error("list.remove(x): x not in list"));
    };
    let removed = {
        let mut items = this.items.borrow_mut();
        (index < items.len()).then(|| items.remove(index))
    };
    drop(removed);
    Ok(())
}

fn clear(_: &mut Vm, this: &Gc<List>) {
    drop(this.items.take());
}

fn copy(_: &mut Vm, this: &Gc<List>) -> Value {
    Value::list(this.snapshot())
}

fn index(vm: &mut Vm, this: &Gc<List>, item: &Value, start: Option<&Value>, stop: Option<&Value>) -> Result<Value> {
    let (start, stop) = slice::search_bounds(vm, start, stop, this.len())?;
    match sequence::find(vm, &**this, start, stop, item)? {
        Some(index) => Ok(index.into()),
        None => Err(Raised::value_error(format!("{} is not in list", vm.repr(item)?))),
    }
}

fn count(vm: &mut Vm, this: &Gc<List>, item: &Value) -> Result<usize> {
    sequence::count(vm, &**this, item)
}

fn reverse(_: &mut Vm, this: &Gc<List>) {
    this.items.borrow_mut().reverse();
}

/// Sorts in place. The list is empty meanwhile; what script code puts in is lost, with a ValueError.
fn sort_method(vm: &mut Vm, this: &Gc<List>, key: Option<&Value>, reverse: Option<bool>) -> Result<()> {
    let mut items = this.items.take();
    let outcome = sort::sort(vm, &mut items, key, reverse.unwrap_or(false));
    let intruders = this.items.replace(items);
    // Items that came and went again leave their room behind.
    if outcome.is_ok() && intruders.capacity() > 0 {
        return Err(Raised::value_error("list modified during sort"));
    }
    outcome
}

fn len(_: &mut Vm, this: &Gc<List>) -> usize {
    this.len()
}

fn contains(vm: &mut Vm, this: &Gc<List>, item: &Value) -> Result<bool> {
    Ok(sequence::find(vm, &**this, 0, usize::MAX, item)?.is_some())
}

fn get_item(vm: &mut Vm, this: &Gc<List>, key: &Value) -> Result<Value> {
    match slice::subscript(vm, key, "list")? {
        Subscript::Index(index) => {
            let items = this.items.borrow();
            match slice::position(index, items.len()) {
                Some(position) => Ok(items[position].clone()),
                None => Err(Raised::index_error("list index out of range")),
            }
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let items = this.items.borrow();
            Ok(Value::list(slice_items(&items, bounds)))
        }
    }
}

/// The items a slice means.
pub(super) fn slice_items(items: &[Value], bounds: slice::Bounds) -> Vec<Value> {
    let indices = bounds.adjust(items.len());
    if indices.step == 1 {
        let start = indices.start as usize;
        items[start..start + indices.length].to_vec()
    } else {
        indices.positions().map(|position| items[position].clone()).collect()
    }
}

fn set_item(vm: &mut Vm, this: &Gc<List>, key: &Value, value: &Value) -> Result<()> {
    match slice::subscript(vm, key, "list")? {
        Subscript::Index(index) => {
            let replaced = slice::position(index, this.len()).map(|position| this.replace(position, value.clone()));
            match replaced {
                Some(Ok(_)) => Ok(()),
                _ => Err(Raised::index_error("list assignment index out of range")),
            }
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let values = items_to_assign(vm, value)?;
            set_slice(this, bounds, values)
        }
    }
}

fn items_to_assign(vm: &mut Vm, value: &Value) -> Result<Vec<Value>> {
    match value {
        Value::List(list) => Ok(list.snapshot()),
        Value::Tuple(tuple) => Ok(tuple.items().to_vec()),
        _ => {
            let iterator = vm.iterate(value).map_err(|raised| {
                if raised.is_a(&types().type_error) {
                    Raised::type_error("must assign iterable to extended slice")
                } else {
                    raised
                }
            })?;
            vm.collect(&iterator)
        }
    }
}

fn set_slice(this: &List, bounds: slice::Bounds, values: Vec<Value>) -> Result<()> {
    let mut items = this.items.borrow_mut();
    let indices = bounds.adjust(items.len());
    let replaced: Vec<Value> = if indices.step == 1 {
        let start = indices.start as usize;
        items.splice(start..start + indices.length, values).collect()
    } else if indices.length == values.len() {
        indices
            .positions()
            .zip(values)
            .map(|(position, value)| std::mem::replace(&mut items[position], value))
            .collect()
    } else {
        let (given, places) = (values.len(), indices.length);
        return Err(Raised::value_error(format!(
            "attempt to assign sequence of size {given} to extended slice of size {places}"
        )));
    };
    drop(items);
    drop(replaced);
    Ok(())
}

fn delete_item(vm: &mut Vm, this: &Gc<List>, key: &Value) -> Result<()> {
    let removed = match slice::subscript(vm, key, "list")? {
        Subscript::Index(index) => {
            let mut items = this.items.borrow_mut();
            match slice::position(index, items.len()) {
                Some(position) => vec![items.remove(position)],
                None => return Err(Raised::index_error("list assignment index out of range")),
            }
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let mut items = this.items.borrow_mut();
            let indices = bounds.adjust(items.len()).ascending();
            let start = indices.start as usize;
            if indices.length == 0 {
                Vec::new()
            } else if indices.step == 1 {
                items.drain(start..start + indices.length).collect()
            } else {
                let mut due = indices.positions().peekable();
                let mut position = 0;
                items
                    .extract_if(.., |_| {
                        let goes = due.next_if_eq(&position).is_some();
                        position += 1;
                        goes
                    })
                    .collect()
            }
        }
    };
    drop(removed);
    Ok(())
}

fn add(_: &mut Vm, this: &Gc<List>, other: &Value) -> Result<Value> {
    let Value::List(other) = other.native() else {
        let kind = other.type_name();
        return Err(Raised::type_error(format!("can only concatenate list (not \"{kind}\") to list")));
    };
    let (left, right) = (this.items.borrow(), other.items.borrow());
    let mut items = Vec::with_capacity(left.len() + right.len());
    items.extend_from_slice(&left);
    items.extend_from_slice(&right);
    Ok(Value::list(items))
}

fn add_in_place(vm: &mut Vm, this: Receiver<'_, Gc<List>>, other: &Value) -> Result<Value> {
    extend(vm, this.inner, other)?;
    Ok(this.value.clone())
}

fn multiply(vm: &mut Vm, this: &Gc<List>, factor: &Value) -> Result<Value> {
    match sequence::repetitions(vm, this.len(), factor)? {
        Some(times) => Ok(Value::list(sequence::repeat(&this.items.borrow(), times)?)),
        None => Err(sequence::not_a_factor(factor)),
    }
}

fn multiply_in_place(vm: &mut Vm, this: Receiver<'_, Gc<List>>, factor: &Value) -> Result<Value> {
    let Some(times) = sequence::repetitions(vm, this.inner.len(), factor)? else {
        return Err(sequence::not_a_factor(factor));
    };
    let repeated = sequence::repeat(&this.inner.items.borrow(), times)?;
    this.inner.items.set(repeated);
    Ok(this.value.clone())
}

fn repr(vm: &mut Vm, this: &Gc<List>) -> Result<Value> {
    if this.is_empty() {
        return Ok("[]".into());
    }
    let shown = vm.guard_repr(&Value::List(this.clone()), |vm| {
        let mut text = String::from("[");
        sequence::show_items(vm, &**this, &mut text)?;
        text.push(']');
        Ok(text)
    })?;
    Ok(shown.map_or_else(|| "[...]".into(), Value::from))
}

fn iter(_: &mut Vm, this: &Gc<List>) -> Value {
    let state = IteratorState::List { list: Mutable::new(Some(this.clone())), index: Default::default() };
    Value::Iterator(Iterator::new(&types().list_iterator, state))
}

fn reversed(_: &mut Vm, this: &Gc<List>) -> Value {
    iterators::reversed_list(this)
}

fn compare(vm: &mut Vm, comparison: Comparison, this: &Gc<List>, other: &Value) -> Result<Value> {
    match other.native() {
        Value::List(other) => sequence::compare(vm, comparison, &**this, &**other),
        _ => Ok(Value::NotImplemented),
    }
}

sequence::comparison_rows!(Gc<List>, compare);

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes an empty list.").static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Fills the list from an iterable."),
    native!("append(self, object, /)", append(required, required), "Append object to the end of the list."),
    native!("extend(self, iterable, /)", extend(required, required), "Extend the list by the items of an iterable."),
    native!("insert(self, index, object, /)", insert(required, required, required), "Insert object before index."),
    native!("pop(self, index=-1, /)", pop(required, optional), "Remove and return the item at index."),
    native!("remove(self, value, /)", remove(required, required), "Remove the first item equal to value."),
    native!("clear(self, /)", clear(required), "Remove all items."),
    native!("copy(self, /)", copy(required), "Return a shallow copy."),
    native!(
        "index(self, value, start=0, stop=9223372036854775807, /)",
        index(required, required, optional, optional),
        "Return the first index of value."
    ),
    native!("count(self, value, /)", count(required, required), "Return how often value is in the list."),
    native!("reverse(self, /)", reverse(required), "Reverse in place."),
    native!(
        "sort(self, /, *, key=None, reverse=False)",
        sort_method(required, named, named),
        "Sort in place, keeping the order of equal items."
    ),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__getitem__(self, index, /)", get_item(required, required), "Return self[index]."),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "Set self[key] to value."),
    native!("__delitem__(self, key, /)", delete_item(required, required), "Delete self[key]."),
    native!("__add__(self, value, /)", add(required, required), "Return self+value."),
    native!("__iadd__(self, value, /)", add_in_place(required, required), "Implement self+=value."),
    native!("__mul__(self, value, /)", multiply(required, required), "Return self*value."),
    native!("__rmul__(self, value, /)", multiply(required, required), "Return value*self."),
    native!("__imul__(self, value, /)", multiply_in_place(required, required), "Implement self*=value."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "Return a reverse iterator over the list."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", less(required, required), "Return self<value."),
    native!("__le__(self, value, /)", less_equal(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", greater(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", greater_equal(required, required), "Return self>=value."),
];
