//! Dicts: insertion-ordered, a vector of entries and a table of indices into it.
//!
//! Up to eight entries need no table: the hashes are compared in a row. A removed entry leaves a
//! hole (an unbound key) that the next rebuild closes. Looking up a key of the script's own class
//! may need its `__eq__`; this file then answers `Undecided` and the VM compares the candidates.

use std::cell::Cell;
use std::ptr::NonNull;

use hashbrown::HashTable;

use super::instance::Payload;
use super::iterator::DictPart;
use super::{Gc, Mutable, Raised, Result, Str, Value, hash};
use crate::memory::tagged::release_all;
use crate::memory::{Object, Tracer};

/// One key with its value.
#[derive(Clone)]
pub struct Entry {
    pub hash: i64,
    /// Unbound in a hole.
    pub key: Value,
    pub value: Value,
}

/// Where a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    At(usize),
    Missing,
    /// A key with the same hash can only be compared by script code.
    Undecided,
}

#[derive(Clone, Default)]
struct Storage {
    entries: Vec<Entry>,
    table: HashTable<u32>,
    /// Entries that are no holes.
    live: usize,
    /// No entry before this one is live, so that taking the first entry time and again needs no search.
    first: usize,
}

/// Entries up to which there is no table.
const LINEAR: usize = 8;

/// A dict.
#[derive(Default)]
pub struct Dict {
    storage: Mutable<Storage>,
    /// Unique for this set of keys while somebody caches an index of an entry; 0: nobody does.
    version: Cell<u32>,
}

thread_local! {
    static LAST_VERSION: Cell<u32> = const { Cell::new(0) };
}

/// Spreads a hash over all bits, as the table takes its tags from the top.
#[inline(always)]
fn spread(hash: i64) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Drop for Storage {
    fn drop(&mut self) {
        release_all(&mut self.entries, |entry| [&mut entry.key, &mut entry.value]);
    }
}

impl Storage {
    #[inline]
    fn find(&self, hash: i64, mut equal: impl FnMut(&Value) -> bool) -> Option<usize> {
        if self.entries.len() <= LINEAR {
            return self
                .entries
                .iter()
                .position(|entry| entry.hash == hash && !entry.key.is_unbound() && equal(&entry.key));
        }
        let entries = &self.entries;
        self.table
            .find(spread(hash), |&index| {
                let entry = &entries[index as usize];
                entry.hash == hash && equal(&entry.key)
            })
            .map(|&index| index as usize)
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
            || self.entries.len() > LINEAR && self.table.len() == self.table.capacity()
    }

    /// Makes room for one more entry; MemoryError when there is none.
    #[cold]
    fn grow(&mut self) -> Result<()> {
        let entries = &mut self.entries;
        entries.try_reserve(1).map_err(|_| Raised::out_of_memory())?;
        let spread_of = |index: &u32| spread(entries[*index as usize].hash);
        self.table.try_reserve(1, spread_of).map_err(|_| Raised::out_of_memory())
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.entries.capacity() && self.live < self.entries.len() / 2 {
            self.entries.retain(|entry| !entry.key.is_unbound());
            self.first = 0;
            self.rebuild();
        }
        let index = self.entries.len();
        let hash = entry.hash;
        self.entries.push(entry);
        self.live += 1;
        match index {
            0..LINEAR => {}
            LINEAR => self.rebuild(),
            _ => {
                let entries = &self.entries;
                self.table.insert_unique(spread(hash), index as u32, |&index| spread(entries[index as usize].hash));
            }
        }
    }

    fn rebuild(&mut self) {
        self.table.clear();
        if self.entries.len() <= LINEAR {
            return;
        }
        let entries = &self.entries;
        self.table.reserve(entries.len(), |&index| spread(entries[index as usize].hash));
        for (index, entry) in entries.iter().enumerate() {
            if !entry.key.is_unbound() {
                self.table
                    .insert_unique(spread(entry.hash), index as u32, |&index| spread(entries[index as usize].hash));
            }
        }
    }

    fn remove(&mut self, index: usize) -> (Value, Value) {
        if self.entries.len() > LINEAR
            && let Ok(place) = self.table.find_entry(spread(self.entries[index].hash), |&other| other as usize == index)
        {
            place.remove();
        }
        self.live -= 1;
        let (key, value);
        let entry = &mut self.entries[index];
        key = std::mem::take(&mut entry.key);
        value = std::mem::take(&mut entry.value);
        // Holes at the end go at once, so that `popitem` finds the last entry without a search. The
        // last step down to a dict without a table is left to `rebuild`.
        while self.entries.len() != LINEAR + 1 && self.entries.last().is_some_and(|entry| entry.key.is_unbound()) {
            self.entries.pop();
        }
        if self.live == 0 {
            self.entries.clear();
            self.table.clear();
            self.first = 0;
        } else if index == self.first {
            while self.entries[self.first].key.is_unbound() {
                self.first += 1;
            }
        }
        (key, value)
    }
}

impl Dict {
    pub fn new() -> Dict {
        Dict::default()
    }

    pub fn with_capacity(capacity: usize) -> Dict {
        let dict = Dict::default();
        dict.storage.borrow_mut().entries.reserve(capacity);
        dict
    }

    /// How many keys it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.storage.borrow().live
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a key with this hash is.
    #[inline]
    pub fn find(&self, key: &Value, hash: i64) -> Found {
        let mut undecided = false;
        let storage = self.storage.borrow();
        let found = storage.find(hash, |candidate| match hash::equal(candidate, key) {
            Some(equal) => equal,
            None => {
                undecided = true;
                false
            }
        });
        match found {
            Some(index) => Found::At(index),
            None if undecided => Found::Undecided,
            None => Found::Missing,
        }
    }

    /// All keys with this hash and where they are, for the VM to compare.
    pub fn candidates(&self, hash: i64) -> Vec<(usize, Value)> {
        let storage = self.storage.borrow();
        let entries = &storage.entries;
        let candidate = |index: usize| {
            let entry = &entries[index];
            (entry.hash == hash && !entry.key.is_unbound()).then(|| (index, entry.key.clone()))
        };
        if entries.len() <= LINEAR {
            (0..entries.len()).filter_map(candidate).collect()
        } else {
            storage.table.iter_hash(spread(hash)).filter_map(|&index| candidate(index as usize)).collect()
        }
    }

    /// The index of a name.
    #[inline]
    pub fn find_str(&self, name: &Str) -> Option<usize> {
        self.storage.borrow().find(name.hash() as i64, |candidate| match candidate {
            Value::Str(text) => text.same(name) || !(text.is_interned() && name.is_interned()) && **text == **name,
            other => other.as_str().is_some_and(|text| **text == **name),
        })
    }

    #[inline]
    pub fn get_str(&self, name: &Str) -> Option<Value> {
        self.find_str(name).map(|index| self.value_at(index))
    }

    pub fn set_str(&self, name: &Str, value: Value) {
        match self.find_str(name) {
            Some(index) => drop(self.replace_at(index, value)),
            None => self.insert_new(Value::Str(name.clone()), name.hash() as i64, value),
        }
    }

    pub fn remove_str(&self, name: &Str) -> Option<Value> {
        self.find_str(name).map(|index| self.remove_at(index).1)
    }

    /// The value of a key whose hash and equality need no script code; None when there is none.
    pub fn get_simple(&self, key: &Value) -> Option<Value> {
        match self.find(key, hash::hash(key)?) {
            Found::At(index) => Some(self.value_at(index)),
            _ => None,
        }
    }

    #[inline(always)]
    pub fn value_at(&self, index: usize) -> Value {
        self.storage.borrow().entries[index].value.clone()
    }

    /// Where the value at an index is until a key is added or removed.
    pub fn place_of(&self, index: usize) -> NonNull<Value> {
        NonNull::from(&self.storage.borrow().entries[index].value)
    }

    /// Puts a value at an index found before and gives the old one.
    #[inline]
    pub fn replace_at(&self, index: usize, value: Value) -> Value {
        std::mem::replace(&mut self.storage.borrow_mut().entries[index].value, value)
    }

    /// As `insert_new`, or MemoryError.
    #[inline]
    pub fn try_insert_new(&self, key: Value, hash: i64, value: Value) -> Result<()> {
        let mut storage = self.storage.borrow_mut();
        if storage.is_full() {
            storage.grow()?;
        }
        self.version.set(0);
        storage.push(Entry { hash, key, value });
        Ok(())
    }

    /// Adds a key that is known to be missing.
    #[inline]
    pub fn insert_new(&self, key: Value, hash: i64, value: Value) {
        self.version.set(0);
        self.storage.borrow_mut().push(Entry { hash, key, value });
    }

    /// Removes the entry at an index found before.
    pub fn remove_at(&self, index: usize) -> (Value, Value) {
        self.version.set(0);
        self.storage.borrow_mut().remove(index)
    }

    /// The first entry at or after an index, with its index: how to walk a dict while script code may
    /// change it.
    #[inline]
    pub fn entry_from(&self, mut index: usize) -> Option<(usize, Value, Value)> {
        let storage = self.storage.borrow();
        index = index.max(storage.first);
        loop {
            let entry = storage.entries.get(index)?;
            if !entry.key.is_unbound() {
                return Some((index, entry.key.clone(), entry.value.clone()));
            }
            index += 1;
        }
    }

    /// As `entry_from`, with the hash.
    #[inline]
    pub fn hashed_entry_from(&self, index: usize) -> Option<(usize, Entry)> {
        let storage = self.storage.borrow();
        let index = index.max(storage.first);
        let rest = storage.entries.get(index..)?;
        let distance = rest.iter().position(|entry| !entry.key.is_unbound())?;
        Some((index + distance, rest[distance].clone()))
    }

    /// The last entry before an index, with its index.
    pub fn entry_before(&self, index: usize) -> Option<(usize, Value, Value)> {
        let storage = self.storage.borrow();
        let entries = &storage.entries[..index.min(storage.entries.len())];
        let index = entries.iter().rposition(|entry| !entry.key.is_unbound())?;
        Some((index, entries[index].key.clone(), entries[index].value.clone()))
    }

    /// One past the last index an entry can have.
    pub fn end(&self) -> usize {
        self.storage.borrow().entries.len()
    }

    /// How many entries there are at or after an index.
    pub fn live_from(&self, index: usize) -> usize {
        let storage = self.storage.borrow();
        let rest = storage.entries.get(index..).unwrap_or(&[]);
        rest.iter().filter(|entry| !entry.key.is_unbound()).count()
    }

    /// The entries as they are now, in order.
    pub fn snapshot(&self) -> Vec<Entry> {
        self.storage.borrow().entries.iter().filter(|entry| !entry.key.is_unbound()).cloned().collect()
    }

    pub fn keys(&self) -> Vec<Value> {
        let storage = self.storage.borrow();
        storage.entries.iter().filter(|entry| !entry.key.is_unbound()).map(|entry| entry.key.clone()).collect()
    }

    pub fn values(&self) -> Vec<Value> {
        let storage = self.storage.borrow();
        storage.entries.iter().filter(|entry| !entry.key.is_unbound()).map(|entry| entry.value.clone()).collect()
    }

    /// A dict with the same entries.
    pub fn copy(&self) -> Dict {
        let copy = Dict::new();
        copy.become_copy_of(self);
        copy
    }

    /// Takes over the entries of another dict instead of its own.
    pub fn become_copy_of(&self, other: &Dict) {
        let whole = {
            let storage = other.storage.borrow();
            (storage.live == storage.entries.len()).then(|| storage.clone())
        };
        let storage = whole.unwrap_or_else(|| {
            let entries = other.snapshot();
            let mut storage = Storage { live: entries.len(), entries, table: HashTable::new(), first: 0 };
            storage.rebuild();
            storage
        });
        self.version.set(0);
        drop(self.storage.replace(storage));
    }

    /// Moves the entry at an index found before to the end, or to the beginning.
    pub fn move_to_end(&self, index: usize, last: bool) {
        self.version.set(0);
        let mut storage = self.storage.borrow_mut();
        let storage = &mut *storage;
        if last {
            let hash = storage.entries[index].hash;
            let (key, value) = storage.remove(index);
            storage.push(Entry { hash, key, value });
            return;
        }
        // A hole in front takes it in, if there is one.
        if storage.first == 0 || storage.entries.len() <= LINEAR {
            storage.entries[..=index].rotate_right(1);
        } else {
            storage.first -= 1;
            storage.entries.swap(storage.first, index);
        }
        storage.rebuild();
        storage.first = storage.entries.iter().position(|entry| !entry.key.is_unbound()).unwrap_or(0);
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.version.set(0);
        let old = self.storage.take();
        drop(old);
    }

    /// A number that no other set of keys has, in this dict or another, until a key is added or removed.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version.get()
    }

    /// Lets whoever remembers the version look again.
    pub fn forget_version(&self) {
        self.version.set(0);
    }

    /// As `version`, but makes one if nobody asked before.
    pub fn ensure_version(&self) -> u32 {
        if self.version.get() == 0 {
            LAST_VERSION.with(|last| {
                last.set(last.get().wrapping_add(1).max(1));
                self.version.set(last.get());
            });
        }
        self.version.get()
    }
}

/// What `dict.keys()`, `values()` and `items()` give: a window on a dict.
pub struct DictView {
    pub dict: Gc<Dict>,
    pub part: DictPart,
}

impl Payload for DictView {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.dict);
    }
}

impl Object for Dict {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        for entry in &self.storage.borrow().entries {
            entry.key.trace(tracer);
            entry.value.trace(tracer);
        }
    }

    fn clear(&self) {
        Dict::clear(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict_of(count: i64) -> Dict {
        let dict = Dict::new();
        for key in 0..count {
            dict.insert_new(Value::Int(key), key, Value::Int(-key));
        }
        dict
    }

    #[test]
    fn entries_are_found_while_it_shrinks_and_grows_again() {
        for start in [3, 8, 9, 10, 40] {
            let dict = dict_of(start);
            for key in (0..start).rev() {
                assert_eq!(dict.find(&Value::Int(key), key), Found::At(key as usize));
                dict.remove_at(key as usize);
                assert_eq!(dict.find(&Value::Int(key), key), Found::Missing);
                dict.insert_new(Value::Int(100 + key), 100 + key, Value::None);
                let Found::At(index) = dict.find(&Value::Int(100 + key), 100 + key) else { panic!("lost a key") };
                dict.remove_at(index);
            }
            assert!(dict.is_empty());
        }
    }

    #[test]
    fn a_copy_has_the_same_entries_without_holes() {
        let dict = dict_of(20);
        dict.remove_at(3);
        let copy = dict.copy();
        assert_eq!((copy.len(), copy.end()), (19, 19));
        assert_eq!(copy.find(&Value::Int(4), 4), Found::At(3));
        assert!(matches!(copy.candidates(19)[..], [(18, Value::Int(19))]));
    }
}
