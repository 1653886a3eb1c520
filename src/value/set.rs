//! Sets and frozensets.
//!
//! The table is CPython's (Objects/setobject.c): open addressing with runs of linear probes, the
//! same growth, the same order of insertion on a resize, so that iteration order agrees wherever
//! the hashes do.

use std::cell::Cell;

use super::dict::Found;
use super::{Mutable, Value, hash};
use crate::memory::tagged::release_all;
use crate::memory::{Object, Tracer};

const LINEAR_PROBES: usize = 9;
const SMALLEST: usize = 8;

#[derive(Clone)]
struct Slot {
    /// Unbound: free (hash 0) or a hole (hash -1) that a probe must pass.
    key: Value,
    hash: i64,
}

const FREE: Slot = Slot { key: Value::Unbound, hash: 0 };

struct Storage {
    /// A power of two.
    slots: Vec<Slot>,
    /// Slots in use, holes included.
    fill: usize,
    used: usize,
    /// Where `pop` goes on looking.
    finger: usize,
}

impl Drop for Storage {
    fn drop(&mut self) {
        release_all(&mut self.slots, |slot| [&mut slot.key]);
    }
}

impl Storage {
    fn new() -> Storage {
        Storage { slots: vec![FREE; SMALLEST], fill: 0, used: 0, finger: 0 }
    }

    /// Walks the slots a hash may be in until `visit` gives an answer.
    #[inline]
    fn probe<T>(&self, hash: i64, mut visit: impl FnMut(usize, &Slot) -> Option<T>) -> T {
        let mask = self.slots.len() - 1;
        let mut perturb = hash as u64;
        let mut start = hash as usize & mask;
        loop {
            let probes = if start + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for index in start..=start + probes {
                if let Some(answer) = visit(index, &self.slots[index]) {
                    return answer;
                }
            }
            perturb >>= 5;
            start = start.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
        }
    }

    fn insert_clean(&mut self, key: Value, hash: i64) {
        let index = self.probe(hash, |index, slot| (slot.key.is_unbound() && slot.hash == 0).then_some(index));
        self.slots[index] = Slot { key, hash };
    }

    /// Makes room for so many keys. Without memory for that it stays as it is, which `is_crowded` tells.
    fn resize(&mut self, least: usize) {
        let mut size = SMALLEST;
        while size <= least {
            size <<= 1;
        }
        let mut slots = Vec::new();
        if slots.try_reserve_exact(size).is_err() {
            return;
        }
        slots.resize(size, FREE);
        let old = std::mem::replace(&mut self.slots, slots);
        self.fill = self.used;
        for slot in old {
            if !slot.key.is_unbound() {
                self.insert_clean(slot.key, slot.hash);
            }
        }
    }

    /// Adds a missing key: in the last hole passed on the way to a free slot, or else there.
    fn insert_new(&mut self, key: Value, hash: i64) {
        let mut hole = None;
        let free = self.probe(hash, |index, slot| {
            if slot.key.is_unbound() && slot.hash != 0 {
                hole = Some(index);
            }
            (slot.key.is_unbound() && slot.hash == 0).then_some(index)
        });
        self.slots[hole.unwrap_or(free)] = Slot { key, hash };
        self.used += 1;
        if hole.is_some() {
            return;
        }
        self.fill += 1;
        if self.is_crowded() {
            let least = self.growth();
            self.resize(least);
        }
    }

    fn is_crowded(&self) -> bool {
        self.fill * 5 >= (self.slots.len() - 1) * 3
    }

    /// How many keys a new table must have room for.
    fn growth(&self) -> usize {
        if self.used > 50_000 { self.used * 2 } else { self.used * 4 }
    }
}

/// A set or frozenset.
pub struct Set {
    storage: Mutable<Storage>,
    frozen: bool,
    /// The hash of a frozenset, once asked for.
    pub hash: Cell<Option<i64>>,
}

impl Set {
    pub fn new() -> Set {
        Set { storage: Mutable::new(Storage::new()), frozen: false, hash: Cell::new(None) }
    }

    pub fn new_frozen() -> Set {
        Set { frozen: true, ..Set::new() }
    }

    /// Whether it could not grow when it should: nothing is to be added any more.
    pub fn is_crowded(&self) -> bool {
        self.storage.borrow().is_crowded()
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    pub fn len(&self) -> usize {
        self.storage.borrow().used
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a key with this hash is. The index is valid until the set changes.
    pub fn find(&self, key: &Value, hash: i64) -> Found {
        let mut undecided = false;
        let found = self.storage.borrow().probe(hash, |index, slot| {
            if slot.key.is_unbound() {
                return (slot.hash == 0).then_some(None);
            }
            if slot.hash != hash {
                return None;
            }
            match hash::equal(&slot.key, key) {
                Some(true) => Some(Some(index)),
                Some(false) => None,
                None => {
                    undecided = true;
                    None
                }
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
        let mut candidates = Vec::new();
        self.storage.borrow().probe(hash, |index, slot| {
            if slot.key.is_unbound() {
                return (slot.hash == 0).then_some(());
            }
            if slot.hash == hash {
                candidates.push((index, slot.key.clone()));
            }
            None
        });
        candidates
    }

    /// Adds a key that is known to be missing.
    pub fn insert_new(&self, key: Value, hash: i64) {
        self.storage.borrow_mut().insert_new(key, hash);
    }

    /// Removes the key at an index found before.
    pub fn remove_at(&self, index: usize) -> Value {
        let mut storage = self.storage.borrow_mut();
        storage.used -= 1;
        std::mem::replace(&mut storage.slots[index], Slot { key: Value::Unbound, hash: -1 }).key
    }

    /// Takes out some key, as `set.pop` does.
    pub fn pop(&self) -> Option<Value> {
        let mut storage = self.storage.borrow_mut();
        if storage.used == 0 {
            return None;
        }
        let mask = storage.slots.len() - 1;
        let mut index = storage.finger & mask;
        while storage.slots[index].key.is_unbound() {
            index = (index + 1) & mask;
        }
        storage.finger = index + 1;
        storage.used -= 1;
        Some(std::mem::replace(&mut storage.slots[index], Slot { key: Value::Unbound, hash: -1 }).key)
    }

    /// Makes room for the keys of another set about to be added, as CPython does.
    pub fn reserve_merge(&self, other_used: usize) {
        let mut storage = self.storage.borrow_mut();
        if (storage.fill + other_used) * 5 >= (storage.slots.len() - 1) * 3 {
            let least = (storage.used + other_used) * 2;
            storage.resize(least);
        }
    }

    /// The first key at or after a slot, with its slot and hash: how to walk a set while script code
    /// may change it.
    pub fn key_from(&self, mut index: usize) -> Option<(usize, Value, i64)> {
        let storage = self.storage.borrow();
        loop {
            let slot = storage.slots.get(index)?;
            if !slot.key.is_unbound() {
                return Some((index, slot.key.clone(), slot.hash));
            }
            index += 1;
        }
    }

    /// How many keys there are at or after a slot.
    pub fn live_from(&self, index: usize) -> usize {
        let storage = self.storage.borrow();
        let rest = storage.slots.get(index..).unwrap_or(&[]);
        rest.iter().filter(|slot| !slot.key.is_unbound()).count()
    }

    /// The keys with their hashes, in order.
    pub fn snapshot(&self) -> Vec<(Value, i64)> {
        let storage = self.storage.borrow();
        storage.slots.iter().filter(|slot| !slot.key.is_unbound()).map(|slot| (slot.key.clone(), slot.hash)).collect()
    }

    /// A set with the same keys, frozen or not.
    pub fn copy(&self, frozen: bool) -> Set {
        let copy = if frozen { Set::new_frozen() } else { Set::new() };
        copy.fill_from(self);
        copy
    }

    /// The first step of a union: makes room for the keys of another set and, if this one was empty,
    /// takes them over in CPython's order. False when they are still to be added one by one.
    pub fn fill_from(&self, other: &Set) -> bool {
        self.reserve_merge(other.len());
        let mut storage = self.storage.borrow_mut();
        if storage.fill > 0 {
            return false;
        }
        let source = other.storage.borrow();
        if storage.slots.len() == source.slots.len() && source.fill == source.used {
            storage.slots = source.slots.clone();
        } else {
            for slot in source.slots.iter().filter(|slot| !slot.key.is_unbound()) {
                storage.insert_clean(slot.key.clone(), slot.hash);
            }
        }
        storage.fill = source.used;
        storage.used = source.used;
        true
    }

    /// Closes the holes that many removals have left, as CPython does after a difference.
    pub fn close_holes(&self) {
        let mut storage = self.storage.borrow_mut();
        if storage.fill - storage.used > (storage.slots.len() - 1) / 4 {
            let least = storage.growth();
            storage.resize(least);
        }
    }

    /// Takes over the keys of another set and leaves that one empty.
    pub fn take_from(&self, other: &Set) {
        let taken = other.storage.replace(Storage::new());
        drop(self.storage.replace(taken));
    }

    /// Removes everything.
    pub fn clear(&self) {
        let mut empty = Storage::new();
        empty.finger = self.storage.borrow().finger;
        drop(self.storage.replace(empty));
    }
}

impl Default for Set {
    fn default() -> Set {
        Set::new()
    }
}

impl Object for Set {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.storage.borrow().slots.iter().for_each(|slot| slot.key.trace(tracer));
    }

    fn clear(&self) {
        Set::clear(self);
    }
}
