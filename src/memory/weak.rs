//! Weak references: a pointer that does not keep its object alive.
//!
//! An object that is watched has a flag in its header and a cell in a table of this thread; all its
//! weak references share that cell, which is emptied when the object dies. Whoever wants to hear of the
//! death attaches something to the cell: it is queued then, and the VM takes it at its next safe point.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::rc::Rc;

use super::collector::WATCHED;
use super::counted::{Gc, Header, Object};
use super::interrupt;

/// What the weak references to one object share.
struct Watched {
    object: Cell<Option<NonNull<Header>>>,
    attached: RefCell<Option<Rc<dyn Any>>>,
}

type Watch = Rc<Watched>;

thread_local! {
    static WATCHES: RefCell<HashMap<NonNull<Header>, Watch>> = RefCell::new(HashMap::new());
    /// What was attached to objects that have died.
    static DEPARTED: RefCell<Vec<Rc<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

impl Watched {
    fn of(header: NonNull<Header>) -> Watched {
        Watched { object: Cell::new(Some(header)), attached: RefCell::new(None) }
    }
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
        let watch = WATCHES
            .with(|watches| watches.borrow_mut().entry(header).or_insert_with(|| Rc::new(Watched::of(header))).clone());
        Weak { watch, refers: PhantomData }
    }

    /// The object, if it still lives.
    pub fn upgrade(&self) -> Option<Gc<T>> {
        // SAFETY: the cell is emptied before the object dies, and it was made from a `Gc<T>`.
        self.watch.object.get().map(|header| unsafe { Gc::from_header(header) })
    }

    /// What is attached to the object; made by `make` when nothing is.
    pub fn attached<A: Any>(&self, make: impl FnOnce() -> A) -> Option<Rc<A>> {
        let mut attached = self.watch.attached.borrow_mut();
        attached.get_or_insert_with(|| Rc::new(make())).clone().downcast().ok()
    }
}

/// What was attached to objects that have died since the last time.
pub fn take_departed() -> Vec<Rc<dyn Any>> {
    DEPARTED.with_borrow_mut(std::mem::take)
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
        let Some(watch) = watches.borrow_mut().remove(&header) else { return };
        watch.object.set(None);
        if let Some(attached) = watch.attached.take()
            && DEPARTED.try_with(|departed| departed.borrow_mut().push(attached)).is_ok()
        {
            interrupt::request(interrupt::FINALIZE);
        }
    });
}
