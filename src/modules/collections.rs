//! `_collections`: deque, the part of `collections` that is worth writing in Rust.
//!
//! The items are borrowed for single reads and writes only; what loops while script code may run goes by
//! index and notices changes by a counter.

use std::cell::Cell;
use std::collections::VecDeque;

use super::{native_class, native_module};
use crate::builtins::add_rows;
use crate::builtins::iterators::{LENGTH_HINT, REDUCE};
use crate::builtins::sequence::{self, Sequence};
use crate::builtins::slice;
use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Gc, Instance, Iterator, Module, Mutable, Native, Raised, Result, Str, Value, symbols, types,
};
use crate::vm::{Comparison, Vm};

/// A list with two ends.
#[derive(Default)]
struct Deque {
    items: Mutable<VecDeque<Value>>,
    /// Items beyond this fall off at the other end.
    limit: Cell<Option<usize>>,
    /// Changes whenever items come or go, so that iterators notice.
    changes: Cell<u32>,
}

impl Payload for Deque {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.items.borrow().iter().for_each(|item| item.trace(tracer));
    }

    fn clear(&self) {
        drop(self.items.take());
    }
}

impl<'a> FromArgument<'a> for &'a Deque {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Deque>().ok_or(Mismatch::Expected("collections.deque"))
    }
}

impl Sequence for Deque {
    fn read<T>(&self, look: impl FnOnce(&[Value]) -> T) -> T {
        // Only changed when it has to be: a deque may be compared with itself.
        if !self.items.borrow().as_slices().1.is_empty() {
            self.items.borrow_mut().make_contiguous();
        }
        look(self.items.borrow().as_slices().0)
    }
}

impl Deque {
    fn changed(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }

    fn len(&self) -> usize {
        self.items.borrow().len()
    }

    fn get(&self, index: usize) -> Option<Value> {
        self.items.borrow().get(index).cloned()
    }

    fn push(&self, item: Value) {
        self.changed();
        let fallen = {
            let mut items = self.items.borrow_mut();
            items.push_back(item);
            if self.limit.get().is_some_and(|limit| items.len() > limit) { items.pop_front() } else { None }
        };
        drop(fallen);
    }

    fn push_left(&self, item: Value) {
        self.changed();
        let fallen = {
            let mut items = self.items.borrow_mut();
            items.push_front(item);
            if self.limit.get().is_some_and(|limit| items.len() > limit) { items.pop_back() } else { None }
        };
        drop(fallen);
    }

    fn snapshot(&self) -> Vec<Value> {
        self.items.borrow().iter().cloned().collect()
    }

    /// Where an index means; IndexError when there is no such item.
    fn position(&self, index: i64) -> Result<usize> {
        slice::position(index, self.len()).ok_or_else(|| Raised::index_error("deque index out of range"))
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Deque::default()))
}

fn init(vm: &mut Vm, this: &Deque, iterable: Option<&Value>, limit: Option<&Value>) -> Result<()> {
    let limit = match limit {
        None | Some(Value::None) => None,
        Some(limit) => {
            Some(usize::try_from(vm.index(limit)?).map_err(|_| Raised::value_error("maxlen must be non-negative"))?)
        }
    };
    this.limit.set(limit);
    clear(vm, this);
    iterable.map_or(Ok(()), |iterable| extend(vm, this, iterable))
}

fn append(_: &mut Vm, this: &Deque, item: Value) {
    this.push(item);
}

fn appendleft(_: &mut Vm, this: &Deque, item: Value) {
    this.push_left(item);
}

fn clear(_: &mut Vm, this: &Deque) {
    this.changed();
    drop(this.items.take());
}

/// The items of an iterable, read first when it is a deque, which may be the very one that grows.
fn each(vm: &mut Vm, iterable: &Value, mut visit: impl FnMut(Value)) -> Result<()> {
    if let Some(other) = iterable.payload::<Deque>() {
        other.snapshot().into_iter().for_each(visit);
        return Ok(());
    }
    vm.for_each(iterable, |_, item| {
        visit(item);
        Ok(())
    })
}

fn extend(vm: &mut Vm, this: &Deque, iterable: &Value) -> Result<()> {
    each(vm, iterable, |item| this.push(item))
}

fn extendleft(vm: &mut Vm, this: &Deque, iterable: &Value) -> Result<()> {
    each(vm, iterable, |item| this.push_left(item))
}

fn pop(_: &mut Vm, this: &Deque) -> Result<Value> {
    this.changed();
    this.items.borrow_mut().pop_back().ok_or_else(|| Raised::index_error("pop from an empty deque"))
}

fn popleft(_: &mut Vm, this: &Deque) -> Result<Value> {
    this.changed();
    this.items.borrow_mut().pop_front().ok_or_else(|| Raised::index_error("pop from an empty deque"))
}

fn copy(vm: &mut Vm, this: &Value) -> Result<Value> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    let limit = deque.limit.get().map_or(Value::None, Value::from);
    vm.call(&Value::Class(this.class()), &[this.clone(), limit])
}

fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    let arguments = match deque.limit.get() {
        Some(limit) => vec![Value::tuple(Vec::new()), Value::from(limit)],
        None => Vec::new(),
    };
    let attributes = vm.call_method(this, &Str::intern("__getstate__"), &[])?;
    let items = vm.iterate(this)?;
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(arguments), attributes, items]))
}

fn count(vm: &mut Vm, this: &Deque, item: &Value) -> Result<usize> {
    let before = this.changes.get();
    let count = sequence::count(vm, this, item)?;
    if this.changes.get() == before { Ok(count) } else { Err(changed_while_iterating()) }
}

fn index(vm: &mut Vm, this: &Deque, item: &Value, start: Option<&Value>, stop: Option<&Value>) -> Result<usize> {
    let (start, stop) = slice::search_bounds(vm, start, stop, this.len())?;
    let before = this.changes.get();
    let found = sequence::find(vm, this, start, stop, item)?;
    if this.changes.get() != before {
        return Err(changed_while_iterating());
    }
    match found {
        Some(index) => Ok(index),
        None => Err(Raised::value_error(format!("{} is not in deque", vm.repr(item)?))),
    }
}

fn insert(_: &mut Vm, this: &Deque, index: i64, item: Value) -> Result<()> {
    if this.limit.get() == Some(this.len()) {
        return Err(Raised::index_error("deque already at its maximum size"));
    }
    this.changed();
    let mut items = this.items.borrow_mut();
    let length = items.len() as i64;
    let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
    items.insert(index as usize, item);
    Ok(())
}

fn remove(vm: &mut Vm, this: &Deque, item: &Value) -> Result<()> {
    let before = this.changes.get();
    let found = sequence::find(vm, this, 0, usize::MAX, item)?;
    if this.changes.get() != before {
        return Err(Raised::index_error("deque mutated during remove()."));
    }
    let Some(index) = found else {
        return Err(Raised::value_error(format!("{} is not in deque", vm.repr(item)?)));
    };
    this.changed();
    let removed = this.items.borrow_mut().remove(index);
    drop(removed);
    Ok(())
}

fn reverse(_: &mut Vm, this: &Deque) {
    this.changed();
    this.items.borrow_mut().make_contiguous().reverse();
}

fn rotate(_: &mut Vm, this: &Deque, steps: Option<i64>) {
    this.changed();
    let mut items = this.items.borrow_mut();
    if !items.is_empty() {
        let steps = steps.unwrap_or(1).rem_euclid(items.len() as i64);
        items.rotate_right(steps as usize);
    }
}

fn maxlen(_: &mut Vm, this: &Deque) -> Value {
    this.limit.get().into()
}

fn len(_: &mut Vm, this: &Deque) -> usize {
    this.len()
}

fn getitem(vm: &mut Vm, this: &Deque, index: &Value) -> Result<Value> {
    let position = this.position(subscript(vm, index)?)?;
    this.get(position).ok_or_else(|| Raised::index_error("deque index out of range"))
}

fn setitem(vm: &mut Vm, this: &Deque, index: &Value, item: Value) -> Result<()> {
    let position = this.position(subscript(vm, index)?)?;
    let old = this.items.borrow_mut().get_mut(position).map(|place| std::mem::replace(place, item));
    drop(old);
    Ok(())
}

fn delitem(vm: &mut Vm, this: &Deque, index: &Value) -> Result<()> {
    let position = this.position(subscript(vm, index)?)?;
    this.changed();
    let old = this.items.borrow_mut().remove(position);
    drop(old);
    Ok(())
}

fn subscript(vm: &mut Vm, index: &Value) -> Result<i64> {
    match index {
        Value::Slice(_) => Err(Raised::type_error("sequence index must be integer, not 'slice'")),
        _ => vm.index(index),
    }
}

fn contains(vm: &mut Vm, this: &Deque, item: &Value) -> Result<bool> {
    let before = this.changes.get();
    let found = sequence::find(vm, this, 0, usize::MAX, item)?;
    if this.changes.get() == before { Ok(found.is_some()) } else { Err(changed_while_iterating()) }
}

fn changed_while_iterating() -> Raised {
    Raised::runtime_error("deque mutated during iteration")
}

/// Walks a deque from one end.
struct Walk {
    deque: Value,
    /// Items already given.
    given: Cell<usize>,
    changes: u32,
    backwards: bool,
}

impl NativeIterator for Walk {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let Some(deque) = self.deque.payload::<Deque>() else { return Ok(None) };
        let length = deque.len();
        let given = self.given.get();
        if deque.changes.get() != self.changes {
            self.given.set(usize::MAX);
            return Err(changed_while_iterating());
        }
        if given >= length {
            return Ok(None);
        }
        self.given.set(given + 1);
        Ok(deque.get(if self.backwards { length - 1 - given } else { given }))
    }

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        Ok(self.deque.payload::<Deque>().map(|deque| deque.len().saturating_sub(self.given.get())))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let length = self.deque.payload::<Deque>().map_or(0, Deque::len);
        Ok(Recipe::of_class(vec![self.deque.clone(), Value::from(self.given.get().min(length))]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.deque.trace(tracer);
    }
}

thread_local! {
    static ITERATOR: Class = walk_class("_deque_iterator");
    static REVERSE_ITERATOR: Class = walk_class("_deque_reverse_iterator");
    static DEQUE: Class = native_class("collections.deque", &types().object, METHODS);
}

fn walk_class(name: &str) -> Class {
    let class = super::native_iterator_class(&format!("collections.{name}"), WALK);
    [LENGTH_HINT, REDUCE].iter().for_each(|rows| add_rows(&class, rows));
    class.changed();
    class
}

fn walk(this: &Value, backwards: bool) -> Result<Value> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    let walk = Walk { deque: this.clone(), given: Cell::new(0), changes: deque.changes.get(), backwards };
    let class = if backwards { &REVERSE_ITERATOR } else { &ITERATOR };
    Ok(class.with(|class| Iterator::native(class, walk)))
}

fn iter(_: &mut Vm, this: &Value) -> Result<Value> {
    walk(this, false)
}

fn reversed(_: &mut Vm, this: &Value) -> Result<Value> {
    walk(this, true)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    let name = this.type_name();
    let shown = vm.guard_repr(this, |vm| {
        let mut items = String::new();
        sequence::show_items(vm, deque, &mut items)?;
        Ok(items)
    })?;
    let Some(items) = shown else { return Ok("[...]".into()) };
    Ok(match deque.limit.get() {
        Some(limit) => format!("{name}([{items}], maxlen={limit})"),
        None => format!("{name}([{items}])"),
    })
}

fn compare(vm: &mut Vm, comparison: Comparison, this: &Deque, other: &Value) -> Result<Value> {
    match other.payload::<Deque>() {
        Some(other) => sequence::compare(vm, comparison, this, other),
        None => Ok(Value::NotImplemented),
    }
}

fn eq(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::Equal, this, other)
}

fn ne(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::NotEqual, this, other)
}

fn lt(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::Less, this, other)
}

fn le(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::LessEqual, this, other)
}

fn gt(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::Greater, this, other)
}

fn ge(vm: &mut Vm, this: &Deque, other: &Value) -> Result<Value> {
    compare(vm, Comparison::GreaterEqual, this, other)
}

fn add(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    if other.payload::<Deque>().is_none() {
        return Err(Raised::type_error(format!("can only concatenate deque (not \"{}\") to deque", other.type_name())));
    }
    let sum = copy(vm, this)?;
    iadd(vm, &sum, other)
}

fn iadd(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    extend(vm, deque, other)?;
    Ok(this.clone())
}

fn mul(vm: &mut Vm, this: &Value, times: &Value) -> Result<Value> {
    let product = copy(vm, this)?;
    imul(vm, &product, times)
}

fn imul(vm: &mut Vm, this: &Value, times: &Value) -> Result<Value> {
    let deque = this.payload::<Deque>().ok_or_else(|| Raised::type_error("this is not a deque"))?;
    let Some(times) = sequence::repetitions(vm, deque.len(), times)? else {
        return Ok(Value::NotImplemented);
    };
    let mut items = sequence::repeat(&deque.snapshot(), times)?;
    if let Some(limit) = deque.limit.get() {
        items.drain(..items.len().saturating_sub(limit));
    }
    deque.changed();
    drop(deque.items.replace(items.into()));
    Ok(this.clone())
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "An empty deque.").static_method(),
    native!("__init__(self, /, iterable=(), maxlen=None)", init(required, optional, optional), "Fills a deque."),
    native!("append(self, item, /)", append(required, required), "Adds an item at the right end."),
    native!("appendleft(self, item, /)", appendleft(required, required), "Adds an item at the left end."),
    native!("clear(self, /)", clear(required), "Removes all items."),
    native!("copy(self, /)", copy(required), "A deque with the same items."),
    native!("__copy__(self, /)", copy(required), "A deque with the same items."),
    native!("__reduce__(self, /)", reduce(required), "What it is made of."),
    native!("count(self, value, /)", count(required, required), "How often a value is there."),
    native!("extend(self, iterable, /)", extend(required, required), "Adds items at the right end."),
    native!("extendleft(self, iterable, /)", extendleft(required, required), "Adds items at the left end, one by one."),
    native!(
        "index(self, value, start=0, stop=None, /)",
        index(required, required, optional, optional),
        "The first index of a value."
    ),
    native!("insert(self, index, value, /)", insert(required, required, required), "Puts an item before an index."),
    native!("pop(self, /)", pop(required), "Removes the item at the right end and gives it."),
    native!("popleft(self, /)", popleft(required), "Removes the item at the left end and gives it."),
    native!("remove(self, value, /)", remove(required, required), "Removes the first item that equals a value."),
    native!("reverse(self, /)", reverse(required), "Turns the order around."),
    native!("rotate(self, n=1, /)", rotate(required, optional), "Moves items from the right end to the left."),
    native!("maxlen(self, /)", maxlen(required), "The most items it holds, or None.").getter(),
    native!("__len__(self, /)", len(required), "How many items there are."),
    native!("__getitem__(self, index, /)", getitem(required, required), "One item."),
    native!("__setitem__(self, index, value, /)", setitem(required, required, required), "Replaces one item."),
    native!("__delitem__(self, index, /)", delitem(required, required), "Removes one item."),
    native!("__contains__(self, value, /)", contains(required, required), "Whether a value is there."),
    native!("__iter__(self, /)", iter(required), "The items from left to right."),
    native!("__reversed__(self, /)", reversed(required), "The items from right to left."),
    native!("__repr__(self, /)", repr(required), "The items, and the limit if there is one."),
    native!("__eq__(self, other, /)", eq(required, required), "self == other"),
    native!("__ne__(self, other, /)", ne(required, required), "self != other"),
    native!("__lt__(self, other, /)", lt(required, required), "self < other"),
    native!("__le__(self, other, /)", le(required, required), "self <= other"),
    native!("__gt__(self, other, /)", gt(required, required), "self > other"),
    native!("__ge__(self, other, /)", ge(required, required), "self >= other"),
    native!("__add__(self, other, /)", add(required, required), "self + other"),
    native!("__iadd__(self, other, /)", iadd(required, required), "self += other"),
    native!("__mul__(self, times, /)", mul(required, required), "self * times"),
    native!("__rmul__(self, times, /)", mul(required, required), "times * self"),
    native!("__imul__(self, times, /)", imul(required, required), "self *= times"),
];

/// Adds to a mapping how often each item of an iterable comes.
fn count_elements(vm: &mut Vm, mapping: &Value, iterable: &Value) -> Result<()> {
    let names = symbols();
    let class = mapping.class();
    // A dict that is read and written as dicts are is counted in directly.
    let own = |name: &Str| matches!(class.lookup(name), Some(Value::Native(row)) if row.owner.as_ref().is_some_and(|owner| owner.same(&types().dict)));
    if let Value::Dict(dict) = mapping.native()
        && own(&Str::intern("get"))
        && own(&names.setitem)
    {
        let dict = dict.clone();
        return vm.for_each(iterable, |vm, item| {
            let hash = vm.hash(&item)?;
            let Some(place) = vm.find_in_dict(&dict, &item, hash)? else {
                dict.insert_new(item, hash, Value::Int(1));
                return Ok(());
            };
            match dict.value_at(place) {
                Value::Int(count) if count < i64::MAX => drop(dict.replace_at(place, Value::Int(count + 1))),
                count => {
                    let sum = vm.binary(Operator::Add, &count, &Value::Int(1))?;
                    vm.dict_set(&dict, item, sum)?;
                }
            }
            Ok(())
        });
    }
    let get = vm.get_attribute(mapping, &Str::intern("get"))?;
    let mapping = mapping.clone();
    vm.for_each(iterable, |vm, item| {
        let count = vm.call(&get, &[item.clone(), Value::Int(0)])?;
        let sum = vm.binary(Operator::Add, &count, &Value::Int(1))?;
        vm.set_item(&mapping, &item, sum)
    })
}

/// Moves an existing key of a dict to its end, or to its beginning.
fn move_to_end(vm: &mut Vm, dict: &Gc<Dict>, key: &Value, last: bool) -> Result<()> {
    let hash = vm.hash(key)?;
    match vm.find_in_dict(dict, key, hash)? {
        Some(index) => {
            dict.move_to_end(index, last);
            Ok(())
        }
        None => Err(Raised::key_error(key.clone())),
    }
}

const FUNCTIONS: &[Native] = &[
    native!(
        "_count_elements(mapping, iterable, /)",
        count_elements(required, required),
        "Adds to a mapping how often each item comes."
    ),
    native!(
        "_move_to_end(dict, key, last, /)",
        move_to_end(required, required, required),
        "Moves a key of a dict to its end, or to its beginning."
    ),
];

/// An iterator of the same class over a deque, from an index on.
fn new_walk(vm: &mut Vm, class: &Class, deque: &Value, given: Option<i64>) -> Result<Value> {
    if deque.payload::<Deque>().is_none() {
        let kind = deque.type_name();
        let name = class.name();
        return Err(Raised::type_error(format!("{name}() argument 1 must be collections.deque, not {kind}")));
    }
    let iterator = walk(deque, REVERSE_ITERATOR.with(|backwards| backwards.same(class)))?;
    for _ in 0..given.unwrap_or(0) {
        if vm.next(&iterator)?.is_none() {
            break;
        }
    }
    Ok(iterator)
}

const WALK: &[Native] =
    &[native!("__new__(cls, deque, index=0, /)", new_walk(required, required, optional), "An iterator over a deque.")
        .static_method()];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_collections", FUNCTIONS);
    DEQUE.with(|class| {
        class.namespace.set_str(&symbols().hash, Value::None);
        add_rows(class, crate::builtins::generic_alias::SUBSCRIPTION);
        class.changed();
        module.set("deque", Value::Class(class.clone()));
    });
    [&ITERATOR, &REVERSE_ITERATOR].into_iter().for_each(|class| {
        class.with(|class| module.set(&class.name(), Value::Class(class.clone())));
    });
    Ok(module)
}
