//! The iterators of `itertools` that share a source: those of one `tee`, and `groupby` with its groups.
//!
//! What they share is the payload of an object that they all refer to, so that the collector counts it once.

use std::cell::Cell;
use std::collections::VecDeque;

use super::native_iterator_class;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::iterator::{IteratorState, NativeIterator};
use crate::value::{Class, Instance, Iterator, Mutable, Native, Raised, Result, Value, types};
use crate::vm::Vm;

/// What the iterators of one `tee` share.
struct TeeSource {
    iterator: Value,
    /// Items that not all have given yet.
    waiting: Mutable<VecDeque<Value>>,
    /// Items that all have given.
    gone: Cell<usize>,
    /// How many items each has given; `usize::MAX` for one that is dead.
    positions: Mutable<Vec<usize>>,
    /// Whether the iterator is being asked for an item.
    is_busy: Cell<bool>,
}

impl Payload for TeeSource {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.waiting.borrow().iter().for_each(|item| item.trace(tracer));
    }

    fn clear(&self) {
        drop(self.waiting.take());
    }
}

struct Tee {
    source: Value,
    number: usize,
}

impl NativeIterator for Tee {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(source) = self.source.payload::<TeeSource>() else { return Ok(None) };
        let position = source.positions.borrow().get(self.number).copied().unwrap_or(usize::MAX);
        let item = source.waiting.borrow().get(position.wrapping_sub(source.gone.get())).cloned();
        let item = match item {
            Some(item) => item,
            None => {
                if source.is_busy.replace(true) {
                    return Err(Raised::runtime_error("cannot re-enter the tee iterator"));
                }
                let item = vm.next(&source.iterator);
                source.is_busy.set(false);
                let Some(item) = item? else { return Ok(None) };
                source.waiting.borrow_mut().push_back(item.clone());
                item
            }
        };
        if let Some(place) = source.positions.borrow_mut().get_mut(self.number) {
            *place = position + 1;
        }
        source.forget_what_all_have();
        Ok(Some(item))
    }

    fn shared_source(&self) -> Option<(Value, usize)> {
        Some((self.source.clone(), self.number))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.source.trace(tracer);
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        if let Some(source) = self.source.payload::<TeeSource>()
            && let Some(place) = source.positions.borrow_mut().get_mut(self.number)
        {
            *place = usize::MAX;
        }
    }
}

impl TeeSource {
    fn forget_what_all_have(&self) {
        let least = self.positions.borrow().iter().copied().min().unwrap_or(0);
        while self.gone.get() < least {
            let item = self.waiting.borrow_mut().pop_front();
            if item.is_none() {
                break;
            }
            self.gone.set(self.gone.get() + 1);
        }
    }
}

thread_local! {
    static TEE: Class = native_iterator_class("itertools._tee", TEE_ROWS);
    static GROUP: Class = native_iterator_class("itertools._grouper", &[]);
}

const TEE_ROWS: &[Native] = &[
    native!("__new__(cls, iterable, /)", new_tee(required, required), "An iterator that can be copied.")
        .static_method(),
    native!("__copy__(self, /)", copy_tee(required), "An iterator over what is left."),
];

fn new_tee(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    match tee_of(iterable) {
        Some(_) => copy_tee(vm, iterable),
        None => Ok(super::native_iterator(class, Tee { source: source_of(vm, iterable, 1)?, number: 0 })),
    }
}

fn source_of(vm: &mut Vm, iterable: &Value, count: usize) -> Result<Value> {
    let source = TeeSource {
        iterator: vm.iterate(iterable)?,
        waiting: Mutable::default(),
        gone: Cell::new(0),
        positions: Mutable::new(vec![0; count]),
        is_busy: Cell::new(false),
    };
    Ok(Value::Instance(Instance::with_payload(types().object.clone(), source)))
}

/// The source and the number of an iterator that `tee` made.
fn tee_of(value: &Value) -> Option<(Value, usize)> {
    let Value::Iterator(iterator) = value.native() else { return None };
    let IteratorState::Native(state) = &iterator.state else { return None };
    state.shared_source()
}

fn copy_tee(_: &mut Vm, this: &Value) -> Result<Value> {
    let shared = tee_of(this).ok_or_else(|| Raised::type_error("this is no iterator of tee"))?;
    Ok(copy_of(&shared.0, shared.1))
}

/// One more iterator, which is where the one with this number is.
fn copy_of(source: &Value, number: usize) -> Value {
    let copy = source.payload::<TeeSource>().map_or(0, |shared| {
        let mut positions = shared.positions.borrow_mut();
        let position = positions.get(number).copied().unwrap_or(usize::MAX);
        positions.push(position);
        positions.len() - 1
    });
    TEE.with(|class| Iterator::native(class, Tee { source: source.clone(), number: copy }))
}

pub fn tee(vm: &mut Vm, iterable: &Value, count: Option<i64>) -> Result<Value> {
    let Ok(count) = usize::try_from(count.unwrap_or(2)) else {
        return Err(Raised::value_error("n must be >= 0"));
    };
    if count == 0 {
        return Ok(Value::tuple(Vec::new()));
    }
    // One that can be copied is the first itself.
    if let Some((source, number)) = tee_of(iterable) {
        let copies = (1..count).map(|_| copy_of(&source, number));
        return Ok(Value::tuple(std::iter::once(iterable.clone()).chain(copies).collect()));
    }
    let source = source_of(vm, iterable, count)?;
    let iterators =
        (0..count).map(|number| TEE.with(|class| Iterator::native(class, Tee { source: source.clone(), number })));
    Ok(Value::tuple(iterators.collect()))
}

/// What `groupby` and its groups share.
struct Groups {
    iterator: Value,
    /// None: the item itself.
    key: Value,
    /// The item read ahead and its key; unbound when there is none.
    item: Mutable<Value>,
    item_key: Mutable<Value>,
    /// The key of the group given last; unbound before the first.
    group_key: Mutable<Value>,
    /// Number of that group: an older one has ended.
    group: Cell<usize>,
}

impl Payload for Groups {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.key.trace(tracer);
        self.item.borrow().trace(tracer);
        self.item_key.borrow().trace(tracer);
        self.group_key.borrow().trace(tracer);
    }
}

impl Groups {
    /// Reads an item ahead. False at the end.
    fn advance(&self, vm: &mut Vm) -> Result<bool> {
        let Some(item) = vm.next(&self.iterator)? else {
            self.item.set(Value::Unbound);
            return Ok(false);
        };
        let key = if self.key.is_none() { item.clone() } else { vm.call(&self.key, std::slice::from_ref(&item))? };
        self.item.set(item);
        self.item_key.set(key);
        Ok(true)
    }

    /// Whether the item read ahead belongs to the group given last.
    fn is_in_group(&self, vm: &mut Vm) -> Result<bool> {
        let (group, item) = (self.group_key.get(), self.item_key.get());
        vm.equal(&group, &item)
    }
}

struct GroupBy(Value);

impl NativeIterator for GroupBy {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(groups) = self.0.payload::<Groups>() else { return Ok(None) };
        groups.group.set(groups.group.get() + 1);
        // What is left of the group before is passed over.
        loop {
            if groups.item.borrow().is_unbound() {
                if !groups.advance(vm)? {
                    return Ok(None);
                }
            } else if groups.group_key.borrow().is_unbound() || !groups.is_in_group(vm)? {
                break;
            } else if !groups.advance(vm)? {
                return Ok(None);
            }
        }
        let key = groups.item_key.get();
        groups.group_key.set(key.clone());
        let group = Group { groups: self.0.clone(), number: groups.group.get() };
        Ok(Some(Value::tuple(vec![key, GROUP.with(|class| Iterator::native(class, group))])))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

struct Group {
    groups: Value,
    number: usize,
}

impl NativeIterator for Group {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(groups) = self.groups.payload::<Groups>() else { return Ok(None) };
        if groups.group.get() != self.number {
            return Ok(None);
        }
        if groups.item.borrow().is_unbound() && !groups.advance(vm)? {
            return Ok(None);
        }
        if !groups.is_in_group(vm)? {
            return Ok(None);
        }
        Ok(groups.item.take().bound())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.groups.trace(tracer);
    }
}

pub fn new_groupby(vm: &mut Vm, class: &Class, iterable: &Value, key: Option<Value>) -> Result<Value> {
    let groups = Groups {
        iterator: vm.iterate(iterable)?,
        key: key.unwrap_or(Value::None),
        item: Mutable::default(),
        item_key: Mutable::default(),
        group_key: Mutable::default(),
        group: Cell::new(0),
    };
    let groups = Value::Instance(Instance::with_payload(types().object.clone(), groups));
    Ok(super::native_iterator(class, GroupBy(groups)))
}
