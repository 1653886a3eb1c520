//! Lists and tuples.

use smallvec::SmallVec;

use super::{Mutable, Raised, Result, Value};
use crate::memory::tagged::release_all;
use crate::memory::{Object, Tracer};

/// A tuple: its items never change. Two stand in the object itself, since pairs are the most common.
pub struct Tuple {
    items: Mutable<SmallVec<[Value; 2]>>,
}

impl Tuple {
    pub fn new(items: Vec<Value>) -> Tuple {
        let mut items = SmallVec::from_vec(items);
        items.shrink_to_fit();
        Tuple { items: Mutable::new(items) }
    }

    pub fn from_slice(items: &[Value]) -> Tuple {
        items.iter().cloned().collect()
    }

    /// A tuple of what is in registers, which become unbound.
    pub fn taken(registers: &mut [Value]) -> Tuple {
        registers.iter_mut().map(std::mem::take).collect()
    }

    #[inline]
    pub fn pair(first: Value, second: Value) -> Tuple {
        Tuple { items: Mutable::new(SmallVec::from_buf([first, second])) }
    }

    /// Gives a tuple that nobody else has other items.
    #[inline]
    pub(super) fn refill(&self, first: Value, second: Value) {
        drop(self.items.replace(SmallVec::from_buf([first, second])));
    }

    #[inline(always)]
    pub fn items(&self) -> &[Value] {
        // The collector alone empties a tuple, when nothing can reach it any more.
        self.items.shared()
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<Value> for Tuple {
    fn from_iter<T: IntoIterator<Item = Value>>(items: T) -> Tuple {
        Tuple { items: Mutable::new(items.into_iter().collect()) }
    }
}

impl Object for Tuple {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.items().iter().for_each(|item| item.trace(tracer));
    }

    fn clear(&self) {
        drop(self.items.take());
    }
}

/// A list.
pub struct List {
    /// Borrowed for single reads and writes only; whoever loops while script code may run goes by
    /// index with `get`.
    pub items: Mutable<Vec<Value>>,
}

impl List {
    pub fn new(items: Vec<Value>) -> List {
        List { items: Mutable::new(items) }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Value> {
        self.items.borrow().get(index).cloned()
    }

    #[inline(always)]
    pub fn push(&self, value: Value) {
        self.items.borrow_mut().push(value);
    }

    /// `push` of a list that the script lets grow: a MemoryError when there is no room.
    #[inline(always)]
    pub fn try_push(&self, value: Value) -> Result<()> {
        let mut items = self.items.borrow_mut();
        if items.len() == items.capacity() {
            grow(&mut items)?;
        }
        items.push(value);
        Ok(())
    }

    /// Puts a value in and gives the one that was there; gives the new one back when there is no such
    /// index.
    pub fn replace(&self, index: usize, value: Value) -> std::result::Result<Value, Value> {
        match self.items.borrow_mut().get_mut(index) {
            Some(place) => Ok(std::mem::replace(place, value)),
            None => Err(value),
        }
    }

    /// Takes all items out.
    pub fn take_items(&self) -> Vec<Value> {
        self.items.take()
    }

    /// The items as they are now.
    pub fn snapshot(&self) -> Vec<Value> {
        self.items.borrow().clone()
    }
}

impl Drop for List {
    fn drop(&mut self) {
        release_all(self.items.get_mut(), |item| [item]);
    }
}

impl Object for List {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.items.borrow().iter().for_each(|item| item.trace(tracer));
    }

    fn clear(&self) {
        drop(self.items.take());
    }
}

/// Makes room for more items.
#[cold]
#[inline(never)]
fn grow(items: &mut Vec<Value>) -> Result<()> {
    items.try_reserve(1).map_err(|_| Raised::out_of_memory())
}
