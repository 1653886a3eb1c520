//! `itertools`: iterators that combine others, or count.
//!
//! Each is a `NativeIterator` with its state in cells, and one `__new__` row. `tee` and `groupby` are in
//! `shared_iterators`, what arranges a pool of items is in `combinatorics`.

use std::cell::Cell;

use super::shared_iterators::{new_groupby, tee};
use super::{native_iterator, native_iterator_class};
use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::{IteratorState, NativeIterator};
use crate::value::{Class, Gc, Module, Mutable, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// The repr of those that have one of their own.
fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let name = this.class().name();
    let arguments = match this.native() {
        Value::Iterator(iterator) => match &iterator.state {
            IteratorState::Native(state) => state.shown_arguments(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let mut shown = Vec::with_capacity(arguments.len());
    for argument in &arguments {
        shown.push(vm.repr(argument)?.to_string());
    }
    Ok(format!("{name}({})", shown.join(", ")))
}

/// Counts up from a number.
struct Count {
    next: Mutable<Value>,
    step: Value,
}

impl NativeIterator for Count {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let number = self.next.get();
        let following = vm.binary(Operator::Add, &number, &self.step)?;
        self.next.set(following);
        Ok(Some(number))
    }

    fn shown_arguments(&self) -> Vec<Value> {
        match self.step {
            Value::Int(1) => vec![self.next.get()],
            _ => vec![self.next.get(), self.step.clone()],
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.next.borrow().trace(tracer);
        self.step.trace(tracer);
    }
}

fn new_count(_: &mut Vm, class: &Class, start: Option<&Value>, step: Option<&Value>) -> Result<Value> {
    let start = start.cloned().unwrap_or(Value::Int(0));
    let step = step.cloned().unwrap_or(Value::Int(1));
    for number in [&start, &step] {
        let is_number = matches!(number.native(), Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Bool(_));
        let names = symbols();
        let converts = |name: &Str| number.class().lookup(name).is_some();
        if !is_number && ![&names.index, &names.float, &names.complex, &names.int].into_iter().any(converts) {
            return Err(Raised::type_error("a number is required"));
        }
    }
    Ok(native_iterator(class, Count { next: Mutable::new(start), step }))
}

/// Repeats the items of an iterable.
struct Cycle {
    /// None once it has ended.
    iterator: Mutable<Value>,
    kept: Mutable<Vec<Value>>,
    index: Cell<usize>,
}

impl NativeIterator for Cycle {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let iterator = self.iterator.get();
        if !iterator.is_none() {
            if let Some(item) = vm.next(&iterator)? {
                self.kept.borrow_mut().push(item.clone());
                return Ok(Some(item));
            }
            self.iterator.set(Value::None);
        }
        let kept = self.kept.borrow();
        let Some(item) = kept.get(self.index.get()) else { return Ok(None) };
        self.index.set((self.index.get() + 1) % kept.len());
        Ok(Some(item.clone()))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.borrow().trace(tracer);
        self.kept.borrow().iter().for_each(|item| item.trace(tracer));
    }
}

fn new_cycle(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    let iterator = Mutable::new(vm.iterate(iterable)?);
    Ok(native_iterator(class, Cycle { iterator, kept: Mutable::default(), index: Cell::new(0) }))
}

/// Repeats one object.
struct Repeat {
    object: Value,
    left: Cell<Option<usize>>,
}

impl NativeIterator for Repeat {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        match self.left.get() {
            Some(0) => return Ok(None),
            Some(left) => self.left.set(Some(left - 1)),
            None => {}
        }
        Ok(Some(self.object.clone()))
    }

    fn length_hint(&self, _: &mut Vm) -> Option<usize> {
        self.left.get()
    }

    fn shown_arguments(&self) -> Vec<Value> {
        std::iter::once(self.object.clone()).chain(self.left.get().map(Value::from)).collect()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.object.trace(tracer);
    }
}

fn new_repeat(_: &mut Vm, class: &Class, object: Value, times: Option<i64>) -> Value {
    let left = times.map(|times| usize::try_from(times).unwrap_or(0));
    native_iterator(class, Repeat { object, left: Cell::new(left) })
}

/// The items of one iterable after the other.
struct Chain {
    /// The iterables.
    sources: Value,
    /// None between two of them.
    current: Mutable<Option<Value>>,
}

impl NativeIterator for Chain {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        loop {
            let current = self.current.get();
            match current {
                Some(current) => match vm.next(&current)? {
                    Some(item) => return Ok(Some(item)),
                    None => self.current.set(None),
                },
                None => match vm.next(&self.sources)? {
                    Some(iterable) => {
                        let iterator = vm.iterate(&iterable)?;
                        self.current.set(Some(iterator));
                    }
                    None => return Ok(None),
                },
            }
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.sources.trace(tracer);
        self.current.borrow().iter().for_each(|current| current.trace(tracer));
    }
}

fn new_chain(vm: &mut Vm, class: &Class, iterables: &[Value]) -> Result<Value> {
    let sources = vm.iterate(&Value::tuple(iterables.to_vec()))?;
    Ok(native_iterator(class, Chain { sources, current: Mutable::new(None) }))
}

fn chain_from_iterable(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    Ok(native_iterator(class, Chain { sources: vm.iterate(iterable)?, current: Mutable::new(None) }))
}

/// Running totals.
struct Accumulate {
    iterator: Value,
    /// None: addition.
    function: Value,
    /// Unbound before the first item.
    total: Mutable<Value>,
    /// Given before anything is read.
    initial: Mutable<Value>,
}

impl NativeIterator for Accumulate {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        if let Some(initial) = self.initial.take().bound() {
            self.total.set(initial.clone());
            return Ok(Some(initial));
        }
        let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
        let total = match self.total.get() {
            Value::Unbound => item,
            total if self.function.is_none() => vm.binary(Operator::Add, &total, &item)?,
            total => vm.call(&self.function, &[total, item])?,
        };
        self.total.set(total.clone());
        Ok(Some(total))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.function.trace(tracer);
        self.total.borrow().trace(tracer);
        self.initial.borrow().trace(tracer);
    }
}

fn new_accumulate(
    vm: &mut Vm,
    class: &Class,
    iterable: &Value,
    function: Option<&Value>,
    initial: Option<&Value>,
) -> Result<Value> {
    let initial = initial.filter(|initial| !initial.is_none()).cloned().unwrap_or_default();
    let accumulate = Accumulate {
        iterator: vm.iterate(iterable)?,
        function: function.cloned().unwrap_or(Value::None),
        total: Mutable::default(),
        initial: Mutable::new(initial),
    };
    Ok(native_iterator(class, accumulate))
}

/// A part of an iterable, by index.
struct Islice {
    iterator: Mutable<Option<Value>>,
    /// Index of the next item read.
    position: Cell<usize>,
    /// Index of the next item given.
    wanted: Cell<usize>,
    stop: Option<usize>,
    step: usize,
}

impl NativeIterator for Islice {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(iterator) = self.iterator.get() else { return Ok(None) };
        let wanted = self.wanted.get();
        // Up to the end what is left out is read too, so that the rest of the iterable is what follows.
        let end = self.stop.map_or(wanted, |stop| wanted.min(stop));
        while self.position.get() < end {
            if vm.next(&iterator)?.is_none() {
                self.iterator.set(None);
                return Ok(None);
            }
            self.position.set(self.position.get() + 1);
        }
        if self.stop.is_some_and(|stop| wanted >= stop) {
            self.iterator.set(None);
            return Ok(None);
        }
        let item = vm.next(&iterator)?;
        if item.is_none() {
            self.iterator.set(None);
        }
        self.position.set(self.position.get() + 1);
        self.wanted.set(wanted.saturating_add(self.step));
        Ok(item)
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.borrow().iter().for_each(|iterator| iterator.trace(tracer));
    }
}

fn new_islice(vm: &mut Vm, class: &Class, iterable: &Value, bounds: &[Value]) -> Result<Value> {
    let (start, stop, step) = match bounds {
        [stop] => (&Value::None, stop, &Value::None),
        [start, stop] => (start, stop, &Value::None),
        [start, stop, step] => (start, stop, step),
        _ => {
            return Err(Raised::type_error(format!(
                "islice expected {} arguments, got {}",
                if bounds.is_empty() { "at least 2" } else { "at most 4" },
                bounds.len() + 1
            )));
        }
    };
    let mut read = |value: &Value, complaint: &str| match value {
        Value::None => Ok(None),
        value => match vm.index(value).ok().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Raised::value_error(complaint)),
        },
    };
    let either = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    let stop_only = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    let stop = read(stop, if bounds.len() == 1 { stop_only } else { either })?;
    let start = read(start, either)?.unwrap_or(0);
    let step_complaint = "Step for islice() must be a positive integer or None.";
    let step = read(step, step_complaint)?.unwrap_or(1);
    if step == 0 {
        return Err(Raised::value_error(step_complaint));
    }
    let iterator = Mutable::new(Some(vm.iterate(iterable)?));
    Ok(native_iterator(class, Islice { iterator, position: Cell::new(0), wanted: Cell::new(start), stop, step }))
}

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

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.iterator.trace(tracer);
    }
}

fn new_starmap(vm: &mut Vm, class: &Class, function: Value, iterable: &Value) -> Result<Value> {
    Ok(native_iterator(class, Starmap { function, iterator: vm.iterate(iterable)? }))
}

/// As zip, until the longest ends.
struct ZipLongest {
    /// None: has ended.
    iterators: Mutable<Vec<Option<Value>>>,
    fill: Value,
}

impl NativeIterator for ZipLongest {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let iterators = self.iterators.get();
        let mut items = Vec::with_capacity(iterators.len());
        let mut is_over = true;
        for (index, iterator) in iterators.into_iter().enumerate() {
            let item = match &iterator {
                Some(iterator) => vm.next(iterator)?,
                None => None,
            };
            match item {
                Some(item) => {
                    is_over = false;
                    items.push(item);
                }
                None => {
                    if let Some(place) = self.iterators.borrow_mut().get_mut(index) {
                        *place = None;
                    }
                    items.push(self.fill.clone());
                }
            }
        }
        Ok((!is_over).then(|| Value::tuple(items)))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterators.borrow().iter().flatten().for_each(|iterator| iterator.trace(tracer));
        self.fill.trace(tracer);
    }
}

fn new_zip_longest(vm: &mut Vm, class: &Class, iterables: &[Value], fill: Option<Value>) -> Result<Value> {
    let iterators = iterables.iter().map(|iterable| vm.iterate(iterable).map(Some)).collect::<Result<Vec<_>>>()?;
    let iterators = Mutable::new(iterators);
    Ok(native_iterator(class, ZipLongest { iterators, fill: fill.unwrap_or(Value::None) }))
}

/// Each item with the one before.
struct Pairwise {
    iterator: Value,
    previous: Mutable<Value>,
}

impl NativeIterator for Pairwise {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        // The source may ask this very iterator, which then moves on in between.
        if self.previous.borrow().is_unbound() {
            let Some(first) = vm.next(&self.iterator)? else { return Ok(None) };
            self.previous.set(first);
        }
        let previous = self.previous.get();
        let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
        self.previous.set(item.clone());
        Ok(Some(Value::tuple(vec![previous, item])))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.previous.borrow().trace(tracer);
    }
}

fn new_pairwise(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    Ok(native_iterator(class, Pairwise { iterator: vm.iterate(iterable)?, previous: Mutable::default() }))
}

/// Tuples of so many items each.
struct Batched {
    iterator: Value,
    size: usize,
    strict: bool,
}

impl NativeIterator for Batched {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let mut items = Vec::new();
        while items.len() < self.size {
            match vm.next(&self.iterator)? {
                Some(item) => items.push(item),
                None if items.is_empty() => return Ok(None),
                None if self.strict => return Err(Raised::value_error("batched(): incomplete batch")),
                None => break,
            }
        }
        Ok(Some(Value::tuple(items)))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
    }
}

fn new_batched(vm: &mut Vm, class: &Class, iterable: &Value, size: i64, strict: Option<bool>) -> Result<Value> {
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return Err(Raised::value_error("n must be at least one"));
    };
    let strict = strict.unwrap_or(false);
    Ok(native_iterator(class, Batched { iterator: vm.iterate(iterable)?, size, strict }))
}

const FUNCTIONS: &[Native] =
    &[native!("tee(iterable, n=2, /)", tee(required, optional), "Independent iterators over the same items.")];

/// Each class: its name and its rows.
const CLASSES: &[(&str, &[Native])] = &[
    (
        "count",
        &[
            native!(
                "__new__(cls, /, start=0, step=1)",
                new_count(required, optional, optional),
                "Counts up from a number."
            )
            .static_method(),
            native!("__repr__(self, /)", repr(required), "Where it is."),
        ],
    ),
    (
        "cycle",
        &[native!("__new__(cls, iterable, /)", new_cycle(required, required), "Repeats the items for ever.")
            .static_method()],
    ),
    (
        "repeat",
        &[
            native!(
                "__new__(cls, /, object, times=None)",
                new_repeat(required, required, optional),
                "Repeats one object."
            )
            .static_method(),
            native!("__repr__(self, /)", repr(required), "What is left."),
        ],
    ),
    (
        "chain",
        &[
            native!("__new__(cls, /, *iterables)", new_chain(required, rest), "The items of one after the other.")
                .static_method(),
            native!(
                "from_iterable(cls, iterable, /)",
                chain_from_iterable(required, required),
                "The items of the items of an iterable."
            )
            .class_method(),
        ],
    ),
    (
        "accumulate",
        &[native!(
            "__new__(cls, /, iterable, func=None, *, initial=None)",
            new_accumulate(required, required, optional, named),
            "Running totals."
        )
        .static_method()],
    ),
    (
        "islice",
        &[native!(
            "__new__(cls, iterable, /, *bounds)",
            new_islice(required, required, rest),
            "A part of an iterable."
        )
        .static_method()],
    ),
    (
        "takewhile",
        &[native!(
            "__new__(cls, predicate, iterable, /)",
            new_takewhile(required, required, required),
            "The items before the first for which a predicate is false."
        )
        .static_method()],
    ),
    (
        "dropwhile",
        &[native!(
            "__new__(cls, predicate, iterable, /)",
            new_dropwhile(required, required, required),
            "The items from the first for which a predicate is false."
        )
        .static_method()],
    ),
    (
        "filterfalse",
        &[native!(
            "__new__(cls, function, iterable, /)",
            new_filterfalse(required, required, required),
            "The items for which a function is false."
        )
        .static_method()],
    ),
    (
        "compress",
        &[native!(
            "__new__(cls, data, selectors)",
            new_compress(required, required, required),
            "The items whose selector is true."
        )
        .static_method()],
    ),
    (
        "starmap",
        &[native!(
            "__new__(cls, function, iterable, /)",
            new_starmap(required, required, required),
            "Calls a function with each item as its arguments."
        )
        .static_method()],
    ),
    (
        "zip_longest",
        &[native!(
            "__new__(cls, /, *iterables, fillvalue=None)",
            new_zip_longest(required, rest, named),
            "As zip, until the longest ends."
        )
        .static_method()],
    ),
    (
        "pairwise",
        &[native!("__new__(cls, iterable, /)", new_pairwise(required, required), "Each item with the one before.")
            .static_method()],
    ),
    (
        "batched",
        &[native!(
            "__new__(cls, /, iterable, n, *, strict=False)",
            new_batched(required, required, required, named),
            "Tuples of so many items each."
        )
        .static_method()],
    ),
    (
        "groupby",
        &[native!(
            "__new__(cls, /, iterable, key=None)",
            new_groupby(required, required, optional),
            "Runs of items with the same key."
        )
        .static_method()],
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = super::native_module("itertools", FUNCTIONS);
    for (name, rows) in CLASSES.iter().chain(super::combinatorics::CLASSES) {
        let class = native_iterator_class(&format!("itertools.{name}"), rows);
        module.set(name, Value::Class(class));
    }
    Ok(module)
}
