//! A place inside a counted object that can be changed.
//!
//! Like `RefCell`, but a release build does not pay for the check: borrows are short, no script code
//! runs during one, and debug builds (which the test-suite uses) panic when that is broken.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

/// A changeable `T`.
pub struct Mutable<T> {
    value: UnsafeCell<T>,
    /// Readers, or -1 for a writer.
    #[cfg(debug_assertions)]
    borrows: std::cell::Cell<isize>,
}

impl<T> Mutable<T> {
    pub const fn new(value: T) -> Mutable<T> {
        Mutable {
            value: UnsafeCell::new(value),
            #[cfg(debug_assertions)]
            borrows: std::cell::Cell::new(0),
        }
    }

    /// Reads. The borrow must end before script code can run.
    #[inline(always)]
    pub fn borrow(&self) -> Reading<'_, T> {
        #[cfg(debug_assertions)]
        {
            assert!(self.borrows.get() >= 0, "read while being changed");
            self.borrows.set(self.borrows.get() + 1);
        }
        Reading { place: self }
    }

    /// Changes. The borrow must end before script code can run or anything is dropped that may reach
    /// this place.
    #[inline(always)]
    pub fn borrow_mut(&self) -> Changing<'_, T> {
        #[cfg(debug_assertions)]
        {
            assert!(self.borrows.get() == 0, "changed while in use");
            self.borrows.set(-1);
        }
        Changing { place: self }
    }

    /// Puts a value in and gives the one that was there.
    #[inline(always)]
    pub fn replace(&self, value: T) -> T {
        std::mem::replace(&mut *self.borrow_mut(), value)
    }

    /// Puts a value in. The old one is dropped when the borrow is over.
    #[inline(always)]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Takes the value out and leaves the default.
    #[inline(always)]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// A copy of the value.
    #[inline(always)]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.borrow().clone()
    }

    /// The value, of which nobody else knows.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// A reference that outlives a borrow, for what is only changed when nothing can reach it any more
    /// (a tuple's items, emptied by the collector).
    #[inline(always)]
    pub fn shared(&self) -> &T {
        // SAFETY: the callers hold on to the rule above.
        unsafe { &*self.value.get() }
    }

    /// The place itself, for the VM's register access.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut T {
        self.value.get()
    }
}

impl<T: Default> Default for Mutable<T> {
    fn default() -> Mutable<T> {
        Mutable::new(T::default())
    }
}

/// A read borrow.
pub struct Reading<'a, T> {
    place: &'a Mutable<T>,
}

/// A write borrow.
pub struct Changing<'a, T> {
    place: &'a Mutable<T>,
}

impl<T> Deref for Reading<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: nobody changes the value while this lives (checked in debug builds).
        unsafe { &*self.place.value.get() }
    }
}

impl<T> Deref for Changing<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: as below.
        unsafe { &*self.place.value.get() }
    }
}

impl<T> DerefMut for Changing<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: nobody else uses the value while this lives (checked in debug builds).
        unsafe { &mut *self.place.value.get() }
    }
}

#[cfg(debug_assertions)]
impl<T> Drop for Reading<'_, T> {
    fn drop(&mut self) {
        self.place.borrows.set(self.place.borrows.get() - 1);
    }
}

#[cfg(debug_assertions)]
impl<T> Drop for Changing<'_, T> {
    fn drop(&mut self) {
        self.place.borrows.set(0);
    }
}
