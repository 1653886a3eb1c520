//! Iterators over iterators: enumerate, zip, map, filter, reversed, and `iter(callable, sentinel)`.
//!
//! Each is a `NativeIterator`; the classes share the rows of the iterator protocol. State sits in
//! cells and no borrow lasts while the VM runs script code.

use std::cell::Cell;

use smallvec::SmallVec;

use super::range_big::BigRange;
use super::wrap;
use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::{DictPart, IteratorState, Maker, NativeIterator, Recipe, ReusedPair};
use crate::value::{
    Class, Dict, Gc, Iterator, List, Mutable, Native, Raised, Range, Result, Str, Value, integer, symbols, types,
};
use crate::vm::Vm;

struct Enumerate {
    iterator: Value,
    /// The next number: an Int or BigInt.
    number: Mutable<Value>,
    pair: ReusedPair,
}

impl NativeIterator for Enumerate {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
        let number = self.number.get();
        let following = match &number {
            Value::Int(number) if *number < i64::MAX => Value::Int(number + 1),
            Value::Int(number) => integer::from_i128(*number as i128 + 1),
            Value::BigInt(number) => integer::normalize(&number.0 + 1),
            _ => return Err(Raised::system_error("enumerate counts with something that is no int")),
        };
        self.number.set(following);
        Ok(Some(self.pair.give(number, item)))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(Recipe::of_class(vec![self.iterator.clone(), self.number.get()]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.pair.trace(tracer);
    }
}

fn new_enumerate(vm: &mut Vm, class: &Class, iterable: &Value, start: Option<&Value>) -> Result<Value> {
    let number = start.map_or(Ok(Value::Int(0)), |start| vm.index_value(start))?;
    let iterator =
        Enumerate { iterator: vm.iterate(iterable)?, number: Mutable::new(number), pair: ReusedPair::default() };
    Ok(wrap(class, &types().enumerate, Iterator::native(&types().enumerate, iterator)))
}

struct Zip {
    iterators: Vec<Value>,
    strict: Cell<bool>,
    pair: ReusedPair,
}

impl Zip {
    /// The first iterator has ended while the others may not have: an error if they have not.
    fn check_others_have_ended(&self, vm: &mut Vm) -> Result<()> {
        for (index, iterator) in self.iterators.iter().enumerate().skip(1) {
            if vm.next(iterator)?.is_some() {
                return Err(Zip::uneven(index, "longer"));
            }
        }
        Ok(())
    }

    fn uneven(index: usize, than: &str) -> Raised {
        let before = if index == 1 { "argument 1".to_string() } else { format!("arguments 1-{index}") };
        Raised::value_error(format!("zip() argument {} is {than} than {before}", index + 1))
    }
}

impl NativeIterator for Zip {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        if let ([left, right], false) = (&self.iterators[..], self.strict.get()) {
            let Some(left) = vm.next(left)? else { return Ok(None) };
            let Some(right) = vm.next(right)? else { return Ok(None) };
            return Ok(Some(self.pair.give(left, right)));
        }
        if self.iterators.is_empty() {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(self.iterators.len());
        for (index, iterator) in self.iterators.iter().enumerate() {
            match vm.next(iterator)? {
                Some(item) => items.push(item),
                None if !self.strict.get() => return Ok(None),
                None if index > 0 => return Err(Zip::uneven(index, "shorter")),
                None => return self.check_others_have_ended(vm).map(|()| None),
            }
        }
        Ok(Some(Value::tuple(items)))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let recipe = Recipe::of_class(self.iterators.clone());
        Ok(Recipe { state: self.strict.get().then_some(Value::Bool(true)), ..recipe })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        self.strict.set(vm.truth(state)?);
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterators.iter().for_each(|iterator| iterator.trace(tracer));
        self.pair.trace(tracer);
    }
}

fn iterate_all(vm: &mut Vm, iterables: &[Value]) -> Result<Vec<Value>> {
    iterables.iter().map(|iterable| vm.iterate(iterable)).collect()
}

fn new_zip(vm: &mut Vm, class: &Class, iterables: &[Value], strict: Option<bool>) -> Result<Value> {
    let (iterators, pair) = (iterate_all(vm, iterables)?, ReusedPair::default());
    let iterator = Zip { iterators, strict: Cell::new(strict.unwrap_or(false)), pair };
    Ok(wrap(class, &types().zip, Iterator::native(&types().zip, iterator)))
}

struct Map {
    function: Value,
    iterators: Vec<Value>,
}

impl NativeIterator for Map {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        if let [iterator] = &self.iterators[..] {
            let item = vm.next(iterator)?;
            return item.map(|item| vm.call(&self.function, &[item])).transpose();
        }
        let mut arguments = SmallVec::<[Value; 4]>::new();
        for iterator in &self.iterators {
            match vm.next(iterator)? {
                Some(item) => arguments.push(item),
                None => return Ok(None),
            }
        }
        vm.call(&self.function, &arguments).map(Some)
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let arguments = std::iter::once(&self.function).chain(&self.iterators).cloned().collect();
        Ok(Recipe::of_class(arguments))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.iterators.iter().for_each(|iterator| iterator.trace(tracer));
    }
}

fn new_map(vm: &mut Vm, class: &Class, arguments: &[Value]) -> Result<Value> {
    let [function, iterables @ ..] = arguments else {
        return Err(Raised::type_error("map() must have at least two arguments."));
    };
    if iterables.is_empty() {
        return Err(Raised::type_error("map() must have at least two arguments."));
    }
    let iterator = Map { function: function.clone(), iterators: iterate_all(vm, iterables)? };
    Ok(wrap(class, &types().map, Iterator::native(&types().map, iterator)))
}

struct Filter {
    /// None: the items themselves are asked.
    function: Value,
    iterator: Value,
}

impl NativeIterator for Filter {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        while let Some(item) = vm.next(&self.iterator)? {
            let passes = match &self.function {
                Value::None => vm.truth(&item)?,
                function => {
                    let answer = vm.call(function, std::slice::from_ref(&item))?;
                    vm.truth(&answer)?
                }
            };
            if passes {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(Recipe::of_class(vec![self.function.clone(), self.iterator.clone()]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.iterator.trace(tracer);
    }
}

fn new_filter(vm: &mut Vm, class: &Class, function: &Value, iterable: &Value) -> Result<Value> {
    let function = match function {
        Value::Class(class) if class.same(&types().bool) => Value::None,
        function => function.clone(),
    };
    let iterator = Filter { function, iterator: vm.iterate(iterable)? };
    Ok(wrap(class, &types().filter, Iterator::native(&types().filter, iterator)))
}

/// Walks a sequence down by index.
struct Reversed {
    /// Unbound at the end.
    sequence: Mutable<Value>,
    /// How many items are left.
    left: Cell<usize>,
    /// What makes it again.
    maker: Maker,
}

impl Reversed {
    fn new(sequence: Value, length: usize) -> Reversed {
        Reversed { sequence: Mutable::new(sequence), left: Cell::new(length), maker: Maker::Class }
    }
}

impl NativeIterator for Reversed {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(index) = self.left.get().checked_sub(1) else {
            self.sequence.set(Value::Unbound);
            return Ok(None);
        };
        let sequence = self.sequence.get();
        let item = match &sequence {
            Value::List(list) => Ok(list.get(index)),
            Value::Tuple(tuple) => Ok(tuple.items().get(index).cloned()),
            _ => vm.get_item(&sequence, &Value::from(index)).map(Some),
        };
        match item {
            Ok(Some(item)) => {
                self.left.set(index);
                return Ok(Some(item));
            }
            Ok(None) => {}
            Err(raised) if raised.is_a(&types().index_error) || raised.is_a(&types().stop_iteration) => {}
            Err(raised) => return Err(raised),
        }
        self.left.set(0);
        self.sequence.set(Value::Unbound);
        Ok(None)
    }

    fn length_hint(&self, vm: &mut Vm) -> Result<Option<usize>> {
        let sequence = self.sequence.get();
        let left = self.left.get();
        if sequence.is_unbound() {
            return Ok(Some(0));
        }
        Ok(Some(if vm.length(&sequence)? < left { 0 } else { left }))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let sequence = self.sequence.get();
        Ok(if !sequence.is_unbound() {
            let state = Some(Value::Int(self.left.get() as i64 - 1));
            Recipe { maker: self.maker.clone(), arguments: vec![sequence], state }
        } else if let Maker::Builtin(_) = self.maker {
            Recipe { maker: self.maker.clone(), ..Recipe::of_class(vec![Value::list(Vec::new())]) }
        } else {
            Recipe::of_class(vec![Value::tuple(Vec::new())])
        })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let sequence = self.sequence.get();
        if !sequence.is_unbound() {
            let length = vm.length(&sequence)?;
            self.left.set(((position(vm, state)? as i128 + 1).max(0) as usize).min(length));
        }
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.sequence.borrow().trace(tracer);
    }
}

/// Walks a string down.
struct ReversedStr {
    text: Str,
    /// Bytes before this position are left.
    position: Cell<usize>,
}

impl NativeIterator for ReversedStr {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let left = self.text.get(..self.position.get()).unwrap_or("");
        let Some(character) = left.chars().next_back() else { return Ok(None) };
        self.position.set(left.len() - character.len_utf8());
        Ok(Some(Value::str(character.encode_utf8(&mut [0; 4]))))
    }

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        Ok(self.text.get(..self.position.get()).map(|left| left.chars().count()))
    }

    fn recipe(&self, vm: &mut Vm) -> Result<Recipe> {
        let state = self.length_hint(vm)?.map(|left| Value::Int(left as i64 - 1));
        Ok(Recipe { state, ..Recipe::of_class(vec![Value::Str(self.text.clone())]) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let left = (position(vm, state)? as i128 + 1).max(0) as usize;
        self.position.set(self.text.char_indices().nth(left).map_or(self.text.len(), |(position, _)| position));
        Ok(())
    }
}

/// Walks a dict down.
struct ReversedDict {
    /// None at the end.
    dict: Mutable<Option<Gc<Dict>>>,
    /// Entries before this index are left.
    index: Cell<usize>,
    /// The length at the start.
    length: usize,
    part: DictPart,
}

impl NativeIterator for ReversedDict {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let Some(dict) = self.dict.get() else { return Ok(None) };
        if dict.len() != self.length {
            return Err(Raised::runtime_error("dictionary changed size during iteration"));
        }
        let Some((index, key, value)) = dict.entry_before(self.index.get()) else {
            self.dict.set(None);
            return Ok(None);
        };
        self.index.set(index);
        Ok(Some(self.part.of(key, value)))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let mut rest = Vec::new();
        if let Some(dict) = self.dict.get() {
            let mut before = self.index.get();
            while let Some((index, key, value)) = dict.entry_before(before) {
                before = index;
                rest.push(self.part.of(key, value));
            }
        }
        Ok(Recipe::iter(Value::list(rest), None))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.dict.borrow().iter().for_each(|dict| tracer.visit(dict));
    }
}

/// `reversed(list)`
pub fn reversed_list(list: &Gc<List>) -> Value {
    let reversed =
        Reversed { maker: Maker::Builtin("reversed"), ..Reversed::new(Value::List(list.clone()), list.len()) };
    Iterator::native(&types().list_reverse_iterator, reversed)
}

/// `reversed(dict)`, or of a view on its values or items.
pub fn reversed_dict(dict: &Gc<Dict>, part: DictPart) -> Value {
    let types = types();
    let class = match part {
        DictPart::Keys => &types.dict_reverse_iterator,
        DictPart::Values => &types.dict_reverse_value_iterator,
        DictPart::Items => &types.dict_reverse_item_iterator,
    };
    let (index, length) = (Cell::new(dict.end()), dict.len());
    Iterator::native(class, ReversedDict { dict: Mutable::new(Some(dict.clone())), index, length, part })
}

fn new_reversed(vm: &mut Vm, class: &Class, sequence: &Value) -> Result<Value> {
    let types = types();
    let iterator = match sequence {
        Value::Tuple(tuple) => Iterator::native(&types.reversed, Reversed::new(sequence.clone(), tuple.len())),
        Value::Str(text) => {
            let position = Cell::new(text.len());
            Iterator::native(&types.reversed, ReversedStr { text: text.clone(), position })
        }
        _ => {
            let own = sequence.class().lookup(&symbols().reversed);
            if let Some(own) = own
                && !own.is_none()
                && let Some(iterator) = vm.call_special(sequence, &symbols().reversed, &[])
            {
                return iterator;
            }
            if matches!(sequence.class().lookup(&symbols().reversed), Some(Value::None))
                || matches!(sequence.native(), Value::Dict(_) | Value::Set(_))
                || sequence.class().lookup(&symbols().getitem).is_none()
            {
                let kind = sequence.type_name();
                return Err(Raised::type_error(format!("'{kind}' object is not reversible")));
            }
            let length = vm.length(sequence)?;
            Iterator::native(&types.reversed, Reversed::new(sequence.clone(), length))
        }
    };
    Ok(wrap(class, &types.reversed, iterator))
}

/// Calls a function until it gives the sentinel.
struct Callable {
    /// Unbound at the end.
    function: Mutable<Value>,
    sentinel: Value,
}

impl NativeIterator for Callable {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let function = self.function.get();
        if function.is_unbound() {
            return Ok(None);
        }
        match vm.call(&function, &[]) {
            // The function may have read its own iterator to the end.
            Ok(_) if self.function.borrow().is_unbound() => Ok(None),
            Ok(item) if !vm.equal(&self.sentinel, &item)? => Ok(Some(item)),
            Err(raised) if !raised.is_a(&types().stop_iteration) => Err(raised),
            _ => {
                self.function.set(Value::Unbound);
                Ok(None)
            }
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let function = self.function.get();
        Ok(if function.is_unbound() {
            Recipe::iter(Value::tuple(Vec::new()), None)
        } else {
            Recipe { maker: Maker::Builtin("iter"), arguments: vec![function, self.sentinel.clone()], state: None }
        })
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.borrow().trace(tracer);
        self.sentinel.trace(tracer);
    }
}

/// `iter(function, sentinel)`. Whether the function can be called is for the caller to check.
pub fn callable(function: Value, sentinel: Value) -> Value {
    Iterator::native(&types().callable_iterator, Callable { function: Mutable::new(function), sentinel })
}

fn iter(_: &mut Vm, this: Value) -> Value {
    this
}

fn next(vm: &mut Vm, this: &Gc<Iterator>) -> Result<Value> {
    vm.next(&Value::Iterator(this.clone()))?.ok_or_else(|| Raised::stop_iteration(Value::None))
}

fn length_hint(vm: &mut Vm, this: &Gc<Iterator>) -> Result<Value> {
    Ok(this.length_hint(vm)?.map_or(Value::NotImplemented, Value::from))
}

/// An index out of a recipe.
pub fn position(vm: &mut Vm, state: &Value) -> Result<i64> {
    Ok(match vm.index_value(state)? {
        Value::Int(position) => position,
        Value::BigInt(position) if position.0.sign() == num_bigint::Sign::Minus => -1,
        _ => i64::MAX,
    })
}

/// How the common iterators can be made again.
fn recipe(iterator: &Iterator, vm: &mut Vm) -> Result<Recipe> {
    let from = |source: Value, index: usize| Recipe::iter(source, Some(Value::from(index)));
    Ok(match &iterator.state {
        IteratorState::Range { next, left, step } => {
            let stop = next.get() as i128 + left.get() as i128 * *step as i128;
            let range = match i64::try_from(stop) {
                Ok(stop) => Value::Range(Gc::new(Range { start: next.get(), stop, step: *step })),
                Err(_) => BigRange { start: next.get().into(), stop: stop.into(), step: (*step).into() }.into_value(),
            };
            Recipe::iter(range, Some(Value::None))
        }
        IteratorState::List { list, index } => match list.get() {
            Some(list) => from(Value::List(list), index.get()),
            None => Recipe::iter(Value::list(Vec::new()), None),
        },
        IteratorState::Tuple { tuple, index } if index.get() < tuple.len() => {
            from(Value::Tuple(tuple.clone()), index.get())
        }
        IteratorState::Tuple { .. } => Recipe::iter(Value::tuple(Vec::new()), None),
        IteratorState::Str { text, position } => match text.get(..position.get()) {
            Some(given) if given.len() < text.len() => from(Value::Str(text.clone()), given.chars().count()),
            _ => Recipe::iter(Value::str(""), None),
        },
        IteratorState::Dict { dict, index, part, .. } => {
            let mut rest = Vec::new();
            if let Some(dict) = dict.get() {
                let mut from = index.get();
                while let Some((following, key, value)) = dict.entry_from(from) {
                    from = following + 1;
                    rest.push(part.of(key, value));
                }
            }
            Recipe::iter(Value::list(rest), None)
        }
        IteratorState::Set { set, index, .. } => {
            let mut rest = Vec::new();
            if let Some(set) = set.get() {
                let all = set.snapshot();
                let left = set.live_from(index.get());
                rest.extend(all[all.len() - left..].iter().map(|(item, _)| item.clone()));
            }
            Recipe::iter(Value::list(rest), None)
        }
        IteratorState::Native(iterator) => return iterator.recipe(vm),
    })
}

pub fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    let native = this.native();
    let Value::Iterator(iterator) = &native else { return Err(Raised::type_error("this is no iterator")) };
    let mut made = recipe(iterator, vm)?;
    let maker = match made.maker {
        Maker::Builtin(name) => {
            let maker = vm.builtin_of_frame(&Str::intern(name))?.ok_or_else(|| Raised::attribute_error(name))?;
            // Looking for it may have run script code, which may have moved the iterator.
            made = recipe(iterator, vm)?;
            maker
        }
        Maker::Class => Value::Class(this.class()),
        Maker::Function(function) => function,
    };
    let parts = [maker, Value::tuple(made.arguments)].into_iter().chain(made.state);
    Ok(Value::tuple(parts.collect()))
}

pub fn set_state(vm: &mut Vm, this: &Gc<Iterator>, state: &Value) -> Result<Value> {
    match &this.state {
        IteratorState::Native(iterator) => iterator.set_state(vm, state)?,
        IteratorState::Range { next, left, step } => {
            let skipped = (position(vm, state)?.max(0) as u64).min(left.get());
            next.set(next.get().wrapping_add((skipped as i64).wrapping_mul(*step)));
            left.set(left.get() - skipped);
        }
        IteratorState::List { list, index } => {
            let wanted = position(vm, state)?.max(0) as usize;
            if let Some(list) = list.get() {
                index.set(wanted.min(list.len()));
            }
        }
        IteratorState::Tuple { tuple, index } => index.set((position(vm, state)?.max(0) as usize).min(tuple.len())),
        IteratorState::Str { text, position: place } => {
            let wanted = position(vm, state)?.max(0) as usize;
            place.set(text.char_indices().nth(wanted).map_or(text.len(), |(place, _)| place));
        }
        IteratorState::Dict { .. } | IteratorState::Set { .. } => {}
    }
    Ok(Value::None)
}

/// What every native iterator has.
pub const PROTOCOL: &[Native] = &[
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__next__(self, /)", next(required), "Implement next(self)."),
];

/// For those that can tell how much is left.
pub const LENGTH_HINT: &[Native] =
    &[native!("__length_hint__(self, /)", length_hint(required), "Return a guess at how many items are left.")];

/// For those that can be made again from a recipe.
pub const REDUCE: &[Native] = &[native!("__reduce__(self, /)", reduce(required), "How it can be made again.")];

/// For those whose recipe has a state.
pub const SET_STATE: &[Native] =
    &[native!("__setstate__(self, state, /)", set_state(required, required), "Set state information for unpickling.")];

pub const ENUMERATE: &[Native] = &[native!(
    "__new__(cls, /, iterable, start=0)",
    new_enumerate(required, required, optional),
    "Pairs each item of an iterable with its number."
)
.static_method()];

pub const ZIP: &[Native] = &[native!(
    "__new__(cls, /, *iterables, strict=False)",
    new_zip(required, rest, named),
    "Tuples of the first items of all iterables, then of the second ones, until the shortest ends."
)
.static_method()];

pub const MAP: &[Native] = &[native!(
    "__new__(cls, /, *args)",
    new_map(required, rest),
    "What a function gives for each item of an iterable, or for the items of several taken together."
)
.static_method()];

pub const FILTER: &[Native] = &[native!(
    "__new__(cls, function, iterable, /)",
    new_filter(required, required, required),
    "The items for which a function is true, or which are true themselves if it is None."
)
.static_method()];

pub const REVERSED: &[Native] =
    &[native!("__new__(cls, sequence, /)", new_reversed(required, required), "The items of a sequence from the end.")
        .static_method()];
