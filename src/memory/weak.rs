//! Weak references: a pointer that does not keep its object alive.
//!
//! An object that is watched has a flag in its header and a cell in a table of this thread; all its
//! weak references share that cell, which is emptied when the object dies.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::rc::Rc;

use super::collector::WATCHED;
use super::counted::{Gc, Header, Object};

type Watch = Rc<Cell<Option<NonNull<Header>>>>;

thread_local! {
    static WATCHES: RefCell<HashMap<NonNull<Header>, Watch>> = RefCell::new(HashMap::new());
}

/// A weak reference to a `T`.
pub struct Weak<T: Object> {
    watch: Watch,
    refers: PhantomData<T>,
}

impl<T: Object> Weak<T> {
    pub fn new(object: &Gc<T>) -> Weak<T> {
        let header = object.header_pointer();
        let registry = &object.header().registry;
        registry.set(registry.get() | WATCHED);
        let watch = WATCHES.with(|watches| {
            watches.borrow_mut().entry(header).or_insert_with(|| Rc::new(Cell::new(Some(header)))).clone()
        });
        Weak { watch, refers: PhantomData }
    }

    /// The object, if it still lives.
    pub fn upgrade(&self) -> Option<Gc<T>> {
        // SAFETY: the cell is emptied before the object dies, and it was made from a `Gc<T>`.
        self.watch.get().map(|header| unsafe { Gc::from_header(header) })
    }
}

impl<T: Object> Clone for Weak<T> {
    fn clone(&self) -> Weak<T> {
        Weak { watch: self.watch.clone(), refers: PhantomData }
    }
}

#[inline(always)]
pub(super) fn is_watched(registry: u32) -> bool {
    registry & WATCHED != 0
}

#[cold]
pub(super) fn object_dies(header: NonNull<Header>) {
    // At the end of the thread the table may be gone already, and with it every weak reference.
    let _ = WATCHES.try_with(|watches| {
        if let Some(watch) = watches.borrow_mut().remove(&header) {
            watch.set(None);
        }
    });
}
