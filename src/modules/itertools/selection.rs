//! The iterators of `itertools` that choose items by a predicate or by selectors, or call a function with them.

use std::cell::Cell;

use super::{COPIES, COPIES_WITH_STATE, Description, native_iterator};
use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::{Class, Result, Value};
use crate::vm::Vm;

/// What a predicate decides about the items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// Those before the first for which it is false.
    While,
    /// Those from the first for which it is false.
    From,
    /// Those for which it is false.
    Not,
}

struct Select {
    selection: Selection,
    /// None: truth.
    predicate: Value,
    iterator: Value,
    /// Whether the turning point has passed.
    has_turned: Cell<bool>,
}

impl NativeIterator for Select {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        if self.selection == Selection::While && self.has_turned.get() {
            return Ok(None);
        }
        loop {
            let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
            if self.selection == Selection::From && self.has_turned.get() {
                return Ok(Some(item));
            }
            let answer = match &self.predicate {
                Value::None => vm.truth(&item)?,
                predicate => {
                    let answer = vm.call(predicate, std::slice::from_ref(&item))?;
                    vm.truth(&answer)?
                }
            };
            match (self.selection, answer) {
                (Selection::While, true) | (Selection::Not, false) => return Ok(Some(item)),
                (Selection::While, false) => {
                    self.has_turned.set(true);
                    return Ok(None);
                }
                (Selection::From, false) => {
                    self.has_turned.set(true);
                    return Ok(Some(item));
                }
                (Selection::From | Selection::Not, true) => {}
            }
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let state = (self.selection != Selection::Not).then(|| Value::Int(self.has_turned.get().into()));
        Ok(Recipe { state, ..Recipe::of_class(vec![self.predicate.clone(), self.iterator.clone()]) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        self.has_turned.set(vm.truth(state)?);
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.predicate.trace(tracer);
        self.iterator.trace(tracer);
    }
}

fn new_select(vm: &mut Vm, class: &Class, predicate: Value, iterable: &Value, selection: Selection) -> Result<Value> {
    let iterator = vm.iterate(iterable)?;
    Ok(native_iterator(class, Select { selection, predicate, iterator, has_turned: Cell::new(false) }))
}

fn new_takewhile(vm: &mut Vm, class: &Class, predicate: Value, iterable: &Value) -> Result<Value> {
    new_select(vm, class, predicate, iterable, Selection::While)
}

fn new_dropwhile(vm: &mut Vm, class: &Class, predicate: Value, iterable: &Value) -> Result<Value> {
    new_select(vm, class, predicate, iterable, Selection::From)
}

fn new_filterfalse(vm: &mut Vm, class: &Class, predicate: Value, iterable: &Value) -> Result<Value> {
    new_select(vm, class, predicate, iterable, Selection::Not)
}

/// The items whose selector is true.
struct Compress {
    data: Value,
    selectors: Value,
}

impl NativeIterator for Compress {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        loop {
            let Some(item) = vm.next(&self.data)? else { return Ok(None) };
            let Some(selector) = vm.next(&self.selectors)? else { return Ok(None) };
            if vm.truth(&selector)? {
                return Ok(Some(item));
            }
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(Recipe::of_class(vec![self.data.clone(), self.selectors.clone()]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.data.trace(tracer);
        self.selectors.trace(tracer);
    }
}

fn new_compress(vm: &mut Vm, class: &Class, data: &Value, selectors: &Value) -> Result<Value> {
    Ok(native_iterator(class, Compress { data: vm.iterate(data)?, selectors: vm.iterate(selectors)? }))
}

/// Calls a function with each item as its arguments.
struct Starmap {
    function: Value,
    iterator: Value,
}

impl NativeIterator for Starmap {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
        let arguments = vm.collect(&item)?;
        vm.call(&self.function, &arguments).map(Some)
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(Recipe::of_class(vec![self.function.clone(), self.iterator.clone()]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.iterator.trace(tracer);
    }
}

fn new_starmap(vm: &mut Vm, class: &Class, function: Value, iterable: &Value) -> Result<Value> {
    Ok(native_iterator(class, Starmap { function, iterator: vm.iterate(iterable)? }))
}

pub const CLASSES: &[Description] = &[
    (
        "takewhile",
        &[native!(
            "__new__(cls, predicate, iterable, /)",
            new_takewhile(required, required, required),
            "The items before the first for which a predicate is false."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "dropwhile",
        &[native!(
            "__new__(cls, predicate, iterable, /)",
            new_dropwhile(required, required, required),
            "The items from the first for which a predicate is false."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "filterfalse",
        &[native!(
            "__new__(cls, function, iterable, /)",
            new_filterfalse(required, required, required),
            "The items for which a function is false."
        )
        .static_method()],
        COPIES,
    ),
    (
        "compress",
        &[native!(
            "__new__(cls, data, selectors)",
            new_compress(required, required, required),
            "The items whose selector is true."
        )
        .static_method()],
        COPIES,
    ),
    (
        "starmap",
        &[native!(
            "__new__(cls, function, iterable, /)",
            new_starmap(required, required, required),
            "Calls a function with each item as its arguments."
        )
        .static_method()],
        COPIES,
    ),
];
