//! Iteration: `iter`, `next`, and walking whatever can be walked.

use crate::value::coroutine::Resume;
use crate::value::iterator::{DictPart, Iterator, IteratorState, Recipe, ReusedPair};
use crate::value::{CoroutineKind, Mutable, Raised, Result, Str, Value, symbols, types};
use std::cell::Cell;

use super::{Outcome, Vm};

impl Vm {
    /// `iter(value)`; TypeError "'int' object is not iterable".
    pub fn iterate(&mut self, value: &Value) -> Result<Value> {
        let types = types();
        let (class, state) = match value {
            Value::Range(range) if range.end_fits() => {
                let state = IteratorState::Range {
                    next: Cell::new(range.start),
                    left: Cell::new(range.len()),
                    step: range.step,
                };
                (&types.range_iterator, state)
            }
            Value::List(list) => {
                let state = IteratorState::List { list: Mutable::new(Some(list.clone())), index: Cell::new(0) };
                (&types.list_iterator, state)
            }
            Value::Tuple(tuple) => {
                (&types.tuple_iterator, IteratorState::Tuple { tuple: tuple.clone(), index: Cell::new(0) })
            }
            Value::Str(text) => {
                let class = if text.is_ascii() { &types.str_ascii_iterator } else { &types.str_iterator };
                (class, IteratorState::Str { text: text.clone(), position: Cell::new(0) })
            }
            Value::Dict(dict) => {
                let state = IteratorState::Dict {
                    length: dict.len(),
                    dict: Mutable::new(Some(dict.clone())),
                    index: Cell::new(0),
                    left: Cell::new(dict.len()),
                    part: DictPart::Keys,
                    pair: ReusedPair::default(),
                };
                (&types.dict_key_iterator, state)
            }
            Value::Set(set) => {
                let state =
                    IteratorState::Set { length: set.len(), set: Mutable::new(Some(set.clone())), index: Cell::new(0) };
                (&types.set_iterator, state)
            }
            Value::Iterator(_) => return Ok(value.clone()),
            Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::Generator => return Ok(value.clone()),
            _ => return self.iterate_object(value),
        };
        Ok(Value::Iterator(Iterator::new(class, state)))
    }

    fn iterate_object(&mut self, value: &Value) -> Result<Value> {
        let names = symbols();
        let class = value.class();
        let is_disabled = matches!(class.lookup(&names.iter), Some(Value::None));
        if !is_disabled && let Some(result) = self.call_special(value, &names.iter, &[]) {
            let iterator = result?;
            let is_iterator = match &iterator {
                Value::Iterator(_) => true,
                Value::Coroutine(coroutine) => coroutine.kind == CoroutineKind::Generator,
                other => other.class().lookup(&names.next).is_some(),
            };
            if !is_iterator {
                return Err(Raised::type_error(format!(
                    "iter() returned non-iterator of type '{}'",
                    iterator.type_name()
                )));
            }
            return Ok(iterator);
        }
        if !is_disabled && !matches!(value, Value::Class(_)) && class.lookup(&names.getitem).is_some() {
            return Ok(Iterator::native(&types().sequence_iterator, SequenceIterator::new(value.clone())));
        }
        Err(Raised::type_error(format!("'{}' object is not iterable", value.type_name())))
    }

    /// `next(iterator)`, None at the end.
    #[inline]
    pub fn next(&mut self, iterator: &Value) -> Result<Option<Value>> {
        self.check_urgent()?;
        match iterator {
            Value::Iterator(iterator) => match &iterator.state {
                IteratorState::Range { next, left, step } => {
                    if left.get() == 0 {
                        return Ok(None);
                    }
                    left.set(left.get() - 1);
                    let value = next.get();
                    next.set(value.wrapping_add(*step));
                    Ok(Some(Value::Int(value)))
                }
                IteratorState::List { list, index } => {
                    let Some(source) = list.get() else { return Ok(None) };
                    let item = source.get(index.get());
                    match item {
                        Some(_) => index.set(index.get() + 1),
                        None => list.set(None),
                    }
                    Ok(item)
                }
                IteratorState::Tuple { tuple, index } => {
                    let item = tuple.items().get(index.get()).cloned();
                    index.set(index.get() + item.is_some() as usize);
                    Ok(item)
                }
                IteratorState::Str { text, position } => Ok(next_character(text, position)),
                IteratorState::Dict { dict, index, length, left, part, pair } => {
                    let Some(source) = dict.get() else { return Ok(None) };
                    if source.len() != *length {
                        dict.set(None);
                        return Err(Raised::runtime_error("dictionary changed size during iteration"));
                    }
                    match source.entry_from(index.get()) {
                        Some(_) if left.get() == 0 => {
                            dict.set(None);
                            Err(Raised::runtime_error("dictionary keys changed during iteration"))
                        }
                        Some((at, key, value)) => {
                            index.set(at + 1);
                            left.set(left.get() - 1);
                            Ok(Some(match part {
                                DictPart::Keys => key,
                                DictPart::Values => value,
                                DictPart::Items => pair.give(key, value),
                            }))
                        }
                        None => {
                            dict.set(None);
                            Ok(None)
                        }
                    }
                }
                IteratorState::Set { set, index, length } => {
                    let Some(source) = set.get() else { return Ok(None) };
                    if source.len() != *length {
                        set.set(None);
                        return Err(Raised::runtime_error("Set changed size during iteration"));
                    }
                    match source.key_from(index.get()) {
                        Some((at, key, _)) => {
                            index.set(at + 1);
                            Ok(Some(key))
                        }
                        None => {
                            set.set(None);
                            Ok(None)
                        }
                    }
                }
                IteratorState::Native(_) => {
                    let iterator = iterator.clone();
                    let IteratorState::Native(native) = &iterator.state else { return Ok(None) };
                    self.nest(" while calling a Python object", |vm| native.next(vm))
                }
            },
            Value::Coroutine(generator) if generator.kind == CoroutineKind::Generator => {
                match self.resume(iterator, Resume::Value(Value::None))? {
                    Outcome::Yielded(value) => Ok(Some(value)),
                    Outcome::Returned(_) => Ok(None),
                }
            }
            other => match self.call_special(other, &symbols().next, &[]) {
                Some(Ok(value)) => Ok(Some(value)),
                Some(Err(raised)) if raised.is_a(&types().stop_iteration) => Ok(None),
                Some(Err(raised)) => Err(raised),
                None => Err(Raised::type_error(format!("'{}' object is not an iterator", other.type_name()))),
            },
        }
    }

    /// Runs `visit` on every item. Quick for lists, tuples, ranges.
    pub fn for_each(&mut self, iterable: &Value, mut visit: impl FnMut(&mut Vm, Value) -> Result<()>) -> Result<()> {
        match iterable {
            Value::List(list) => {
                let list = list.clone();
                let mut index = 0;
                while let Some(item) = list.get(index) {
                    index += 1;
                    self.check_urgent()?;
                    visit(self, item)?;
                }
                Ok(())
            }
            Value::Tuple(tuple) => {
                let tuple = tuple.clone();
                tuple.items().iter().try_for_each(|item| visit(self, item.clone()))
            }
            Value::Range(range) => range.items().try_for_each(|item| {
                self.check_urgent()?;
                visit(self, Value::Int(item))
            }),
            Value::Str(text) => {
                let text = text.clone();
                text.chars().try_for_each(|character| visit(self, character_value(character)))
            }
            _ => {
                let iterator = self.iterate(iterable)?;
                while let Some(item) = self.next(&iterator)? {
                    visit(self, item)?;
                }
                Ok(())
            }
        }
    }

    /// All items.
    pub fn collect(&mut self, iterable: &Value) -> Result<Vec<Value>> {
        match iterable {
            Value::List(list) => Ok(list.snapshot()),
            Value::Tuple(tuple) => Ok(tuple.items().to_vec()),
            Value::Range(range) => collect_exactly(range.len() as usize, range.items().map(Value::Int)),
            Value::Str(text) if text.is_ascii() => ASCII.with(|strings| {
                let characters = text.bytes().map(|byte| Value::Str(strings[byte as usize].clone()));
                collect_exactly(text.len(), characters)
            }),
            Value::Str(text) => collect_exactly(text.characters(), text.chars().map(character_value)),
            Value::Dict(dict) => Ok(dict.keys()),
            _ => {
                let iterator = self.iterate(iterable)?;
                let hint = self.length_hint(iterable)?;
                let mut items = Vec::new();
                items.try_reserve_exact(hint).map_err(|_| Raised::out_of_memory())?;
                while let Some(item) = self.next(&iterator)? {
                    if items.len() == items.capacity() {
                        items.try_reserve(1).map_err(|_| Raised::out_of_memory())?;
                    }
                    items.push(item);
                }
                Ok(items)
            }
        }
    }

    /// Adds all items to a list. `callee` is the function that they are the only positional arguments of; else
    /// the list itself.
    pub(super) fn extend_list(&mut self, list: &Value, iterable: &Value, callee: &Value) -> Result<()> {
        let Value::List(list) = list.clone() else { return Ok(()) };
        let items = match self.collect(iterable) {
            Err(raised) if raised.is_a(&types().type_error) && self.iterate(iterable).is_err() => {
                let kind = iterable.type_name();
                return Err(Raised::type_error(if callee.is(&Value::List(list)) {
                    format!("Value after * must be an iterable, not {kind}")
                } else {
                    format!("{} argument after * must be an iterable, not {kind}", self.callee_name(callee))
                }));
            }
            result => result?,
        };
        list.items.borrow_mut().extend(items);
        Ok(())
    }

    /// Exactly `count` items, for an assignment to that many targets.
    pub(super) fn unpack(&mut self, value: &Value, count: usize) -> Result<Vec<Value>> {
        let items = match value {
            Value::List(list) => list.snapshot(),
            Value::Tuple(tuple) => tuple.items().to_vec(),
            _ => {
                let iterator = self.iterate_to_unpack(value)?;
                let mut items = Vec::with_capacity(count);
                while items.len() <= count {
                    match self.next(&iterator)? {
                        Some(item) => items.push(item),
                        None => break,
                    }
                }
                if items.len() > count {
                    return Err(Raised::value_error(format!("too many values to unpack (expected {count})")));
                }
                items
            }
        };
        if items.len() > count {
            // 3.13 says only how many were expected.
            return Err(Raised::value_error(format!("too many values to unpack (expected {count})")));
        }
        if items.len() < count {
            return Err(Raised::value_error(format!(
                "not enough values to unpack (expected {count}, got {})",
                items.len()
            )));
        }
        Ok(items)
    }

    fn iterate_to_unpack(&mut self, value: &Value) -> Result<Value> {
        match self.iterate(value) {
            Err(raised)
                if raised.is_a(&types().type_error)
                    && value.class().lookup(&symbols().iter).is_none()
                    && value.class().lookup(&symbols().getitem).is_none() =>
            {
                Err(Raised::type_error(format!("cannot unpack non-iterable {} object", value.type_name())))
            }
            result => result,
        }
    }

    /// `before` items, a list of the rest, `after` items.
    pub(super) fn unpack_star(&mut self, value: &Value, before: usize, after: usize) -> Result<Vec<Value>> {
        let iterator = self.iterate_to_unpack(value)?;
        let mut items = self.collect(&iterator)?;
        if items.len() < before + after {
            return Err(Raised::value_error(format!(
                "not enough values to unpack (expected at least {}, got {})",
                before + after,
                items.len()
            )));
        }
        let tail = items.split_off(items.len() - after);
        let middle = items.split_off(before);
        items.push(Value::list(middle));
        items.extend(tail);
        Ok(items)
    }
}

/// As many items as are known to come; MemoryError when there is no room for them.
fn collect_exactly(length: usize, items: impl std::iter::Iterator<Item = Value>) -> Result<Vec<Value>> {
    let mut collected = Vec::new();
    collected.try_reserve_exact(length).map_err(|_| Raised::out_of_memory())?;
    collected.extend(items);
    Ok(collected)
}

/// The character at a byte position of a string, which then moves on.
fn next_character(text: &Str, position: &Cell<usize>) -> Option<Value> {
    let character = text[position.get()..].chars().next()?;
    position.set(position.get() + character.len_utf8());
    Some(character_value(character))
}

thread_local! {
    /// The strings of one ASCII character.
    static ASCII: &'static [Str] = {
        let strings: Vec<Str> = (0..=127).map(|code: u8| Str::intern((code as char).encode_utf8(&mut [0; 4]))).collect();
        strings.leak()
    };
}

/// A string of one character; ASCII ones are shared.
pub fn character_value(character: char) -> Value {
    if character.is_ascii() {
        return Value::Str(ASCII.with(|strings| strings[character as usize].clone()));
    }
    Value::str(character.encode_utf8(&mut [0; 4]))
}

/// Walks an object by `__getitem__` with 0, 1, 2 ... until IndexError.
struct SequenceIterator {
    sequence: Mutable<Value>,
    index: Cell<i64>,
}

impl SequenceIterator {
    fn new(sequence: Value) -> SequenceIterator {
        SequenceIterator { sequence: Mutable::new(sequence), index: Cell::new(0) }
    }
}

impl crate::value::iterator::NativeIterator for SequenceIterator {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let sequence = self.sequence.get();
        if sequence.is_unbound() {
            return Ok(None);
        }
        match vm.get_item(&sequence, &Value::Int(self.index.get())) {
            Ok(item) => {
                self.index.set(self.index.get() + 1);
                Ok(Some(item))
            }
            Err(raised) if raised.is_a(&types().index_error) || raised.is_a(&types().stop_iteration) => {
                self.sequence.set(Value::Unbound);
                Ok(None)
            }
            Err(raised) => Err(raised),
        }
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let sequence = self.sequence.get();
        Ok(if sequence.is_unbound() {
            Recipe::iter(Value::tuple(Vec::new()), None)
        } else {
            Recipe::iter(sequence, Some(Value::Int(self.index.get())))
        })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let index = match vm.index_value(state)? {
            Value::Int(index) => index.max(0),
            _ => i64::MAX,
        };
        self.index.set(index);
        Ok(())
    }

    fn trace(&self, tracer: &mut crate::value::Tracer<'_>) {
        self.sequence.borrow().trace(tracer);
    }
}
