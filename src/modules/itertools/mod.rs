//! `itertools`: iterators that combine others, or count.
//!
//! Each is a `NativeIterator` with its state in cells, one `__new__` row, and a recipe by which it can be made
//! again where CPython 3.13 has that (deprecated, so with a warning). `tee`, `groupby`, what asks a predicate
//! (`selection`) and what arranges a pool of items (`combinatorics`) have files of their own.

mod combinatorics;
mod groupby;
mod selection;
mod tee;

use std::cell::Cell;

use super::warnings::warn_from_machine;
use super::{native_iterator, native_iterator_class};
use crate::builtins::add_rows;
use crate::builtins::iterators::{self, LENGTH_HINT};
use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::{IteratorState, Maker, NativeIterator, Recipe};
use crate::value::{Class, Gc, Iterator, Module, Mutable, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

fn warn_of_copy(vm: &mut Vm) -> Result<()> {
    let message = "Pickle, copy, and deepcopy support will be removed from itertools in Python 3.14.";
    warn_from_machine(vm, &types().deprecation_warning, message)
}

fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    warn_of_copy(vm)?;
    iterators::reduce(vm, this)
}

fn set_state(vm: &mut Vm, this: &Gc<Iterator>, state: &Value) -> Result<Value> {
    warn_of_copy(vm)?;
    iterators::set_state(vm, this, state)
}

/// The parts of a state.
fn parts(state: &Value) -> Result<&[Value]> {
    match state.native() {
        Value::Tuple(parts) => Ok(parts.items()),
        _ => Err(Raised::type_error("state is not a tuple")),
    }
}

/// The error for a state with too few or too many parts.
#[cold]
fn wrong_parts(expected: usize, found: usize) -> Raised {
    let plural = if expected == 1 { "" } else { "s" };
    Raised::type_error(format!("function takes exactly {expected} argument{plural} ({found} given)"))
}

/// Something of this module.
fn member(vm: &mut Vm, name: &str) -> Result<Value> {
    let (import, globals) = (vm.hooks.import, vm.builtins.clone());
    let module = import(vm, &Str::intern("itertools"), 0, &globals, true)?;
    vm.get_attribute(&module, &Str::intern(name))
}

fn make(vm: &mut Vm, name: &str, arguments: &[Value]) -> Result<Value> {
    let maker = member(vm, name)?;
    vm.call(&maker, arguments)
}

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

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let next = self.next.get();
        Ok(Recipe::of_class(match (&next, &self.step) {
            (Value::Int(_), Value::Int(1)) => vec![next],
            _ => vec![next, self.step.clone()],
        }))
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
    /// Whether `kept` holds all items already.
    is_complete: Cell<bool>,
}

impl NativeIterator for Cycle {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let iterator = self.iterator.get();
        if !iterator.is_none() {
            if let Some(item) = vm.next(&iterator)? {
                if !self.is_complete.get() {
                    self.kept.borrow_mut().push(item.clone());
                }
                return Ok(Some(item));
            }
            self.iterator.set(Value::None);
            self.is_complete.set(true);
        }
        let kept = self.kept.borrow();
        let Some(item) = kept.get(self.index.get()) else { return Ok(None) };
        self.index.set((self.index.get() + 1) % kept.len());
        Ok(Some(item.clone()))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let kept = Value::list(self.kept.get());
        let iterator = match (self.iterator.get(), &kept) {
            (Value::None, Value::List(list)) => {
                let state = IteratorState::List { list: Mutable::new(Some(list.clone())), index: self.index.clone() };
                Value::Iterator(Iterator::new(&types().list_iterator, state))
            }
            (iterator, _) => iterator,
        };
        let state = Value::tuple(vec![kept, Value::Bool(self.is_complete.get())]);
        Ok(Recipe { state: Some(state), ..Recipe::of_class(vec![iterator]) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let [kept, is_complete] = parts(state)? else { return Err(wrong_parts(2, parts(state)?.len())) };
        let Value::List(kept) = kept.native() else {
            return Err(Raised::type_error(format!("argument 1 must be list, not {}", kept.type_name())));
        };
        self.is_complete.set(vm.index(is_complete)? != 0);
        self.kept.set(kept.snapshot());
        self.index.set(0);
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.borrow().trace(tracer);
        self.kept.borrow().iter().for_each(|item| item.trace(tracer));
    }
}

fn new_cycle(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    let iterator = Mutable::new(vm.iterate(iterable)?);
    let (index, is_complete) = (Cell::new(0), Cell::new(false));
    Ok(native_iterator(class, Cycle { iterator, kept: Mutable::default(), index, is_complete }))
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

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        match self.left.get() {
            Some(left) => Ok(Some(left)),
            None => Err(Raised::type_error("len() of unsized object")),
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(Recipe::of_class(self.shown_arguments()))
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
    /// The iterables; None at the end.
    sources: Mutable<Option<Value>>,
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
                None => {
                    let Some(sources) = self.sources.get() else { return Ok(None) };
                    match vm.next(&sources)? {
                        Some(iterable) => {
                            let iterator = vm.iterate(&iterable)?;
                            self.current.set(Some(iterator));
                        }
                        None => self.sources.set(None),
                    }
                }
            }
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let iterators: Vec<Value> = self.sources.get().into_iter().chain(self.current.get()).collect();
        let state = (!iterators.is_empty()).then(|| Value::tuple(iterators));
        Ok(Recipe { state, ..Recipe::of_class(Vec::new()) })
    }

    fn set_state(&self, _: &mut Vm, state: &Value) -> Result<()> {
        let (sources, current) = match parts(state)? {
            [sources] => (sources, None),
            [sources, current] => (sources, Some(current)),
            parts => return Err(wrong_parts(2, parts.len())),
        };
        let is_iterator = |value: &Value| value.class().lookup(&symbols().next).is_some();
        if !is_iterator(sources) || !current.is_none_or(is_iterator) {
            return Err(Raised::type_error("Arguments must be iterators."));
        }
        self.sources.set(Some(sources.clone()));
        self.current.set(current.cloned());
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.sources.borrow().iter().for_each(|sources| sources.trace(tracer));
        self.current.borrow().iter().for_each(|current| current.trace(tracer));
    }
}

fn new_chain(vm: &mut Vm, class: &Class, iterables: &[Value]) -> Result<Value> {
    let sources = vm.iterate(&Value::tuple(iterables.to_vec()))?;
    Ok(native_iterator(class, Chain { sources: Mutable::new(Some(sources)), current: Mutable::default() }))
}

fn chain_from_iterable(vm: &mut Vm, class: &Class, iterable: &Value) -> Result<Value> {
    let sources = Mutable::new(Some(vm.iterate(iterable)?));
    Ok(native_iterator(class, Chain { sources, current: Mutable::default() }))
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

    fn recipe(&self, vm: &mut Vm) -> Result<Recipe> {
        let made = |iterator: Value| vec![iterator, self.function.clone()];
        let ahead = |vm: &mut Vm, first: Value| {
            let sources = [Value::tuple(vec![first]), self.iterator.clone()];
            make(vm, "chain", &sources)
        };
        if let Some(initial) = self.initial.get().bound() {
            let arguments = made(ahead(vm, initial)?);
            return Ok(Recipe { state: Some(Value::None), ..Recipe::of_class(arguments) });
        }
        let total = self.total.get();
        if total.is_none() {
            // None as a state says that there is no total yet.
            let arguments = made(ahead(vm, total)?);
            let again = make(vm, "accumulate", &arguments)?;
            let maker = Maker::Function(member(vm, "islice")?);
            return Ok(Recipe { maker, arguments: vec![again, Value::Int(1), Value::None], state: None });
        }
        let state = total.bound().unwrap_or(Value::None);
        Ok(Recipe { state: Some(state), ..Recipe::of_class(made(self.iterator.clone())) })
    }

    fn set_state(&self, _: &mut Vm, state: &Value) -> Result<()> {
        self.total.set(if state.is_none() { Value::Unbound } else { state.clone() });
        Ok(())
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

    fn recipe(&self, vm: &mut Vm) -> Result<Recipe> {
        let (arguments, position) = match self.iterator.get() {
            Some(iterator) => {
                let stop = self.stop.map_or(Value::None, Value::from);
                let wanted = self.stop.map_or(self.wanted.get(), |stop| self.wanted.get().min(stop));
                (vec![iterator, Value::from(wanted), stop, Value::from(self.step)], self.position.get())
            }
            None => (vec![vm.iterate(&Value::list(Vec::new()))?, Value::Int(0)], 0),
        };
        Ok(Recipe { state: Some(Value::from(position)), ..Recipe::of_class(arguments) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        self.position.set(vm.index(state)?.max(0) as usize);
        Ok(())
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

/// As zip, until the longest ends.
struct ZipLongest {
    /// None: has ended.
    iterators: Mutable<Vec<Option<Value>>>,
    fill: Mutable<Value>,
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
                    items.push(self.fill.get());
                }
            }
        }
        Ok((!is_over).then(|| Value::tuple(items)))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let ended = || Value::tuple(Vec::new());
        let iterators = self.iterators.get().into_iter().map(|iterator| iterator.unwrap_or_else(ended)).collect();
        Ok(Recipe { state: Some(self.fill.get()), ..Recipe::of_class(iterators) })
    }

    fn set_state(&self, _: &mut Vm, state: &Value) -> Result<()> {
        self.fill.set(state.clone());
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterators.borrow().iter().flatten().for_each(|iterator| iterator.trace(tracer));
        self.fill.borrow().trace(tracer);
    }
}

fn new_zip_longest(vm: &mut Vm, class: &Class, iterables: &[Value], fill: Option<Value>) -> Result<Value> {
    let iterators = iterables.iter().map(|iterable| vm.iterate(iterable).map(Some)).collect::<Result<Vec<_>>>()?;
    let iterators = Mutable::new(iterators);
    Ok(native_iterator(class, ZipLongest { iterators, fill: Mutable::new(fill.unwrap_or(Value::None)) }))
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
    &[native!("tee(iterable, n=2, /)", tee::tee(required, optional), "Independent iterators over the same items.")];

const REDUCE: &[Native] = &[native!("__reduce__(self, /)", reduce(required), "Return state information for pickling.")];

const SET_STATE: &[Native] =
    &[native!("__setstate__(self, state, /)", set_state(required, required), "Set state information for unpickling.")];

/// For those whose recipe has no state.
const COPIES: &[&[Native]] = &[REDUCE];
const COPIES_WITH_STATE: &[&[Native]] = &[REDUCE, SET_STATE];

/// A class: its name, its rows, and those it shares with others.
type Description = (&'static str, &'static [Native], &'static [&'static [Native]]);

const CLASSES: &[Description] = &[
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
        COPIES,
    ),
    (
        "cycle",
        &[native!("__new__(cls, iterable, /)", new_cycle(required, required), "Repeats the items for ever.")
            .static_method()],
        COPIES_WITH_STATE,
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
        &[LENGTH_HINT, REDUCE],
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
        COPIES_WITH_STATE,
    ),
    (
        "accumulate",
        &[native!(
            "__new__(cls, /, iterable, func=None, *, initial=None)",
            new_accumulate(required, required, optional, named),
            "Running totals."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "islice",
        &[native!(
            "__new__(cls, iterable, /, *bounds)",
            new_islice(required, required, rest),
            "A part of an iterable."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "zip_longest",
        &[native!(
            "__new__(cls, /, *iterables, fillvalue=None)",
            new_zip_longest(required, rest, named),
            "As zip, until the longest ends."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "pairwise",
        &[native!("__new__(cls, iterable, /)", new_pairwise(required, required), "Each item with the one before.")
            .static_method()],
        &[],
    ),
    (
        "batched",
        &[native!(
            "__new__(cls, /, iterable, n, *, strict=False)",
            new_batched(required, required, required, named),
            "Tuples of so many items each."
        )
        .static_method()],
        &[],
    ),
];

/// A class by its description.
fn class_of((name, rows, more): &Description) -> Class {
    let class = native_iterator_class(&format!("itertools.{name}"), rows);
    more.iter().for_each(|rows| add_rows(&class, rows));
    class.changed();
    class
}

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = super::native_module("itertools", FUNCTIONS);
    for description in CLASSES.iter().chain(selection::CLASSES).chain(combinatorics::CLASSES) {
        module.set(description.0, Value::Class(class_of(description)));
    }
    for class in tee::classes().into_iter().chain(groupby::classes()) {
        module.set(&class.name(), Value::Class(class));
    }
    Ok(module)
}
