//! Native iterators.
//!
//! The common ones are variants that `for` goes through without a call; the rest implement
//! `NativeIterator`.

use std::cell::Cell;

use super::{Class, Dict, Gc, List, Mutable, Raised, Result, Set, Str, Tuple, Value};
use crate::memory::{Object, Tracer};
use crate::vm::Vm;

/// An iterator object. The class gives its name (`list_iterator`, `zip` ...).
pub struct Iterator {
    class: Class,
    pub state: IteratorState,
}

/// What it walks and where it is.
pub enum IteratorState {
    /// `next`, how many are left, step.
    Range {
        next: Cell<i64>,
        left: Cell<u64>,
        step: i64,
    },
    List {
        list: Mutable<Option<Gc<List>>>,
        index: Cell<usize>,
    },
    Tuple {
        tuple: Gc<Tuple>,
        index: Cell<usize>,
    },
    /// Byte position.
    Str {
        text: Str,
        position: Cell<usize>,
    },
    /// Keys, values or items of a dict; `length` is the one it had at the start, `left` how many of them
    /// have not been given.
    Dict {
        dict: Mutable<Option<Gc<Dict>>>,
        index: Cell<usize>,
        length: usize,
        left: Cell<usize>,
        part: DictPart,
        pair: ReusedPair,
    },
    Set {
        set: Mutable<Option<Gc<Set>>>,
        index: Cell<usize>,
        length: usize,
    },
    Native(Box<dyn NativeIterator>),
}

/// The pair an iterator gives: the same tuple again when nobody else has it any more, as after `for a, b in`.
#[derive(Default)]
pub struct ReusedPair(Mutable<Option<Gc<Tuple>>>);

impl ReusedPair {
    pub fn give(&self, first: Value, second: Value) -> Value {
        if let Some(pair) = self.0.shared() {
            if pair.count() > 1 {
                return Value::Tuple(Gc::new(Tuple::pair(first, second)));
            }
            pair.refill(first, second);
            return Value::Tuple(pair.clone());
        }
        let pair = Gc::new(Tuple::pair(first, second));
        self.0.set(Some(pair.clone()));
        Value::Tuple(pair)
    }

    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.borrow().iter().for_each(|pair| tracer.visit(pair));
    }
}

/// What of a dict an iterator or view gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DictPart {
    Keys,
    Values,
    Items,
}

impl DictPart {
    /// This part of an entry.
    pub fn of(self, key: Value, value: Value) -> Value {
        match self {
            DictPart::Keys => key,
            DictPart::Values => value,
            DictPart::Items => Value::tuple(vec![key, value]),
        }
    }
}

/// How an iterator can be made again: who makes it, with what, and the state it is given then.
pub struct Recipe {
    pub maker: Maker,
    pub arguments: Vec<Value>,
    pub state: Option<Value>,
}

/// Who makes an iterator again.
#[derive(Clone)]
pub enum Maker {
    /// Its class.
    Class,
    /// The builtin function of this name.
    Builtin(&'static str),
    Function(Value),
}

impl Recipe {
    /// `iter(source)`, from an index on.
    pub fn iter(source: Value, state: Option<Value>) -> Recipe {
        Recipe { maker: Maker::Builtin("iter"), arguments: vec![source], state }
    }

    /// The class called with these arguments.
    pub fn of_class(arguments: Vec<Value>) -> Recipe {
        Recipe { maker: Maker::Class, arguments, state: None }
    }
}

/// An iterator written in Rust. State is changed through cells; script code may run inside `next`, so
/// no borrow is held across a call to the VM.
pub trait NativeIterator: 'static {
    /// The next item, None at the end (and from then on).
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>>;

    /// How many items are left, if it can tell.
    fn length_hint(&self, _vm: &mut Vm) -> Result<Option<usize>> {
        Ok(None)
    }

    /// What its repr shows between the brackets, for those that have one of their own.
    fn shown_arguments(&self) -> Vec<Value> {
        Vec::new()
    }

    /// How it can be made again as it is now, for copies and pickles. Asked for only where the class has the row
    /// `__reduce__`.
    fn recipe(&self, _vm: &mut Vm) -> Result<Recipe> {
        Err(Raised::type_error("this iterator cannot be made again"))
    }

    /// Takes the state of a recipe.
    fn set_state(&self, _vm: &mut Vm, _state: &Value) -> Result<()> {
        Ok(())
    }

    /// What it shares with others, and where it is in it: for the iterators of `itertools.tee` and `groupby`.
    fn shared(&self) -> Option<(Value, usize)> {
        None
    }

    fn trace(&self, _tracer: &mut Tracer<'_>) {}
}

impl Iterator {
    pub fn new(class: &Class, state: IteratorState) -> Gc<Iterator> {
        Gc::new(Iterator { class: class.clone(), state })
    }

    pub fn native(class: &Class, iterator: impl NativeIterator) -> Value {
        Value::Iterator(Iterator::new(class, IteratorState::Native(Box::new(iterator))))
    }

    pub fn class(&self) -> Class {
        self.class.clone()
    }
}

impl Iterator {
    /// How many items are left, if it can tell.
    pub fn length_hint(&self, vm: &mut Vm) -> Result<Option<usize>> {
        Ok(match &self.state {
            IteratorState::Range { left, .. } => usize::try_from(left.get()).ok(),
            IteratorState::List { list, index } => {
                Some(list.borrow().as_ref().map_or(0, |list| list.len().saturating_sub(index.get())))
            }
            IteratorState::Tuple { tuple, index } => Some(tuple.len().saturating_sub(index.get())),
            IteratorState::Str { text, position } => text.get(position.get()..).map(|rest| rest.chars().count()),
            IteratorState::Dict { dict, index, length, .. } => {
                dict.get().map(|dict| if dict.len() == *length { dict.live_from(index.get()) } else { 0 })
            }
            IteratorState::Set { set, index, length } => {
                set.get().map(|set| if set.len() == *length { set.live_from(index.get()) } else { 0 })
            }
            IteratorState::Native(iterator) => return iterator.length_hint(vm),
        })
    }
}

impl Object for Iterator {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.class);
        match &self.state {
            IteratorState::List { list, .. } => list.borrow().iter().for_each(|list| tracer.visit(list)),
            IteratorState::Tuple { tuple, .. } => tracer.visit(tuple),
            IteratorState::Dict { dict, pair, .. } => {
                dict.borrow().iter().for_each(|dict| tracer.visit(dict));
                pair.trace(tracer);
            }
            IteratorState::Set { set, .. } => set.borrow().iter().for_each(|set| tracer.visit(set)),
            IteratorState::Native(iterator) => iterator.trace(tracer),
            IteratorState::Range { .. } | IteratorState::Str { .. } => {}
        }
    }

    fn clear(&self) {
        match &self.state {
            IteratorState::List { list, .. } => list.set(None),
            IteratorState::Dict { dict, pair, .. } => {
                dict.set(None);
                pair.0.set(None);
            }
            IteratorState::Set { set, .. } => set.set(None),
            _ => {}
        }
    }
}
