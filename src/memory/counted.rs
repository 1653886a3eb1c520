//! The counted pointer.
//!
//! A `Gc<T>` points to a block: a header (count, place in the collector's registry, table of
//! functions) and the object. Dropping the last reference frees at once, but never deeper than a
//! fixed number of nested frees: what lies deeper waits in a list, so that a list nested a million
//! deep does not overflow the native stack.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::collector::{self, Tracer};
use super::weak;

/// What stands before every counted object.
#[repr(C)]
pub struct Header {
    /// References. 32 bits hold more than fit in 64 GB of values.
    pub(super) count: Cell<u32>,
    /// Place in the collector's registry and flags; see `collector`.
    pub(super) registry: Cell<u32>,
    pub(super) table: &'static Table,
}

/// What can be done with an object whose type is not known.
pub struct Table {
    /// Drops the object and returns its memory.
    pub(super) free: unsafe fn(NonNull<Header>),
    pub(super) trace: unsafe fn(NonNull<Header>, &mut Tracer<'_>),
    pub(super) clear: unsafe fn(NonNull<Header>),
    pub(super) finalize: Option<unsafe fn(NonNull<Header>) -> bool>,
}

/// What a type needs to be counted.
pub trait Object: Sized + 'static {
    /// Whether objects can be part of a reference cycle and the collector must know them.
    const TRACKED: bool = true;
    /// Whether `finalize` does anything.
    const FINALIZED: bool = false;

    /// Shows every counted reference the object holds, once each.
    fn trace(&self, tracer: &mut Tracer<'_>);

    /// Gives up the references through which a cycle can go.
    fn clear(&self) {}

    /// Called when the last reference is gone. True when the object was given a new reference (it was
    /// queued to run its finalizer) and lives on.
    fn finalize(_this: &Gc<Self>) -> bool {
        false
    }
}

#[repr(C)]
struct Block<T> {
    header: Header,
    object: T,
}

/// A counted pointer to a `T`.
pub struct Gc<T: Object> {
    block: NonNull<Block<T>>,
    owns: PhantomData<Block<T>>,
}

struct TableOf<T>(PhantomData<T>);

impl<T: Object> TableOf<T> {
    const TABLE: Table = Table {
        free: free::<T>,
        trace: trace::<T>,
        clear: clear::<T>,
        finalize: if T::FINALIZED { Some(finalize::<T>) } else { None },
    };
}

// SAFETY (the four functions below): they are only reached through the header's own table, so the
// block is a `Block<T>`; `free` is called once, when no reference is left.
unsafe fn free<T: Object>(header: NonNull<Header>) {
    drop(unsafe { Box::from_raw(header.cast::<Block<T>>().as_ptr()) });
}

unsafe fn trace<T: Object>(header: NonNull<Header>, tracer: &mut Tracer<'_>) {
    unsafe { header.cast::<Block<T>>().as_ref() }.object.trace(tracer);
}

unsafe fn clear<T: Object>(header: NonNull<Header>) {
    unsafe { header.cast::<Block<T>>().as_ref() }.object.clear();
}

unsafe fn finalize<T: Object>(header: NonNull<Header>) -> bool {
    // The count is zero: a temporary reference is made that does not free when it goes.
    let this = std::mem::ManuallyDrop::new(Gc::<T> { block: header.cast(), owns: PhantomData });
    unsafe { header.as_ref() }.count.set(1);
    let kept = T::finalize(&this);
    let count = unsafe { header.as_ref() }.count.get() - 1;
    unsafe { header.as_ref() }.count.set(count);
    debug_assert_eq!(kept, count > 0);
    count > 0
}

impl<T: Object> Gc<T> {
    #[inline]
    pub fn new(object: T) -> Gc<T> {
        let table = const { &TableOf::<T>::TABLE };
        let header = Header { count: Cell::new(1), registry: Cell::new(collector::UNTRACKED), table };
        let block = NonNull::from(Box::leak(Box::new(Block { header, object })));
        if T::TRACKED {
            collector::track(block.cast());
        }
        Gc { block, owns: PhantomData }
    }

    /// As `new`, for an object that is large enough that building it elsewhere and moving it would cost:
    /// `write` fills it in where it stays.
    ///
    /// # Safety
    /// `write` initialises the whole object and does not panic.
    #[inline(always)]
    pub unsafe fn emplace(write: impl FnOnce(*mut T)) -> Gc<T> {
        let mut block = Box::<Block<T>>::new_uninit();
        let place = block.as_mut_ptr();
        let table = const { &TableOf::<T>::TABLE };
        // SAFETY: both fields are initialised before the block is used.
        let block = unsafe {
            (&raw mut (*place).header).write(Header {
                count: Cell::new(1),
                registry: Cell::new(collector::UNTRACKED),
                table,
            });
            write(&raw mut (*place).object);
            NonNull::from(Box::leak(block.assume_init()))
        };
        if T::TRACKED {
            collector::track(block.cast());
        }
        Gc { block, owns: PhantomData }
    }

    /// The same object, not merely an equal one.
    #[inline(always)]
    pub fn same(&self, other: &Gc<T>) -> bool {
        self.block == other.block
    }

    /// The address, which serves as `id()`.
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.block.as_ptr() as usize
    }

    /// How many references there are.
    pub fn count(&self) -> u32 {
        self.header().count.get()
    }

    #[inline(always)]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: the block lives as long as a reference does.
        unsafe { &self.block.as_ref().header }
    }

    #[inline(always)]
    pub(super) fn header_pointer(&self) -> NonNull<Header> {
        self.block.cast()
    }

    /// A new reference to a block that is known to live.
    ///
    /// # Safety
    /// `header` belongs to a live `Gc<T>`.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Gc<T> {
        let count = unsafe { &header.as_ref().count };
        count.set(count.get() + 1);
        Gc { block: header.cast(), owns: PhantomData }
    }
}

impl<T: Object> Deref for Gc<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the block lives as long as a reference does.
        unsafe { &self.block.as_ref().object }
    }
}

impl<T: Object> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Gc<T> {
        let count = &self.header().count;
        count.set(count.get().wrapping_add(1));
        Gc { block: self.block, owns: PhantomData }
    }
}

impl<T: Object> Drop for Gc<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let count = &self.header().count;
        let left = count.get().wrapping_sub(1);
        count.set(left);
        if left == 0 {
            release(self.block.cast());
        }
    }
}

impl<T: Object> fmt::Debug for Gc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:#x}", std::any::type_name::<T>(), self.address())
    }
}

/// Nested frees before the rest is put off.
const DEPTH: u32 = 100;

struct Freeing {
    depth: Cell<u32>,
    waiting: std::cell::UnsafeCell<std::mem::ManuallyDrop<Vec<NonNull<Header>>>>,
}

thread_local! {
    static FREEING: Freeing = const {
        Freeing { depth: Cell::new(0), waiting: std::cell::UnsafeCell::new(std::mem::ManuallyDrop::new(Vec::new())) }
    };
}

/// Ends the life of an object whose last reference is gone.
#[inline(never)]
pub(super) fn release(header: NonNull<Header>) {
    // SAFETY: the count is zero and this is the only place that frees, so the block is still whole.
    let Header { registry, table, .. } = unsafe { header.as_ref() };
    if let Some(finalize) = table.finalize
        && unsafe { finalize(header) }
    {
        return;
    }
    if weak::is_watched(registry.get()) {
        weak::object_dies(header);
    }
    collector::untrack(registry.get());
    FREEING.with(|freeing| {
        let depth = freeing.depth.get();
        if depth >= DEPTH {
            // SAFETY: the list is only touched here and below, never while an element is freed.
            unsafe { (*freeing.waiting.get()).push(header) };
            return;
        }
        freeing.depth.set(depth + 1);
        unsafe { (table.free)(header) };
        if depth == 0 {
            while let Some(next) = unsafe { (*freeing.waiting.get()).pop() } {
                unsafe { (next.as_ref().table.free)(next) };
            }
        }
        freeing.depth.set(depth);
    });
}
