//! Copying and dropping the 16-byte value without looking at its kind.
//!
//! A value is a tag and eight bytes. From a certain tag on, the eight bytes are a pointer to a counted
//! block, and every such block begins with a `Header`. So copying is: bump the count if there is one,
//! copy the sixteen bytes; dropping is: lower the count, and free at zero. What the derived code does
//! with a jump table, this does with one comparison.

use std::mem::{self, MaybeUninit, align_of, size_of};
use std::ptr::{self, NonNull};

use super::counted::{self, Header};

/// Implemented by `Value` alone, whose layout makes it true (a test in `value` checks it): the first word
/// is the tag, the second a pointer to a counted block if the tag has the bit `COUNTED`.
pub trait Tagged: Sized {
    const COUNTED: u64;

    /// Whether the second word points to a counted block.
    #[inline(always)]
    fn is_counted(&self) -> bool {
        tag(self) & Self::COUNTED != 0
    }
}

/// The tag of a value. Those of several can be or-ed to find out whether any is counted.
#[inline(always)]
pub fn tag<T: Tagged>(value: &T) -> u64 {
    const { assert!(size_of::<T>() == 16 && align_of::<T>() == 8) };
    // SAFETY: the first word is always initialised.
    unsafe { *ptr::from_ref(value).cast::<u64>() }
}

/// The header behind a value that is counted.
#[inline(always)]
unsafe fn header<T: Tagged>(value: *const T) -> NonNull<Header> {
    // SAFETY: the caller has checked the tag.
    unsafe { *value.cast::<NonNull<Header>>().add(1) }
}

/// Another reference to the same.
#[inline(always)]
pub fn copy<T: Tagged>(value: &T) -> T {
    // SAFETY: a counted value holds a reference, so its block is alive.
    unsafe {
        if value.is_counted() {
            let count = &header(value).as_ref().count;
            count.set(count.get().wrapping_add(1));
        }
        Words::take(value).value()
    }
}

/// A value on its way from one place to another, as its two words.
///
/// A value is written as two words, and must be read as two words: a load of sixteen bytes right behind
/// two stores of eight has to wait until both have left the store buffer. The loads are volatile so that
/// the compiler does not make one of them.
pub struct Words(MaybeUninit<u64>, MaybeUninit<u64>);

impl Words {
    /// Moves the value out of its place.
    ///
    /// # Safety
    /// The place holds a value, and counts as moved out.
    #[inline(always)]
    pub unsafe fn take<T: Tagged>(place: *const T) -> Words {
        let place = place.cast::<MaybeUninit<u64>>();
        // SAFETY: the place has two words, which need not be initialised.
        unsafe { Words(place.read_volatile(), place.add(1).read_volatile()) }
    }

    /// Moves the value into a place, without looking at what was there.
    ///
    /// # Safety
    /// The words are those of a `T`, and used once.
    #[inline(always)]
    pub unsafe fn put<T: Tagged>(self, place: *mut T) {
        let place = place.cast::<MaybeUninit<u64>>();
        // SAFETY: as in `take`.
        unsafe {
            place.write(self.0);
            place.add(1).write(self.1);
        }
    }

    /// Whether it is a value of the same kind as this one.
    #[inline(always)]
    pub fn holds<T: Tagged>(&self, kind: &T) -> bool {
        // SAFETY: the first word of a value is its tag.
        unsafe { self.0.assume_init() == tag(kind) }
    }

    /// Drops the value, which is counted.
    ///
    /// # Safety
    /// As `put`.
    #[inline(always)]
    pub unsafe fn release_counted(self) {
        // SAFETY: the second word points to the block, and the reference is given up here and nowhere else.
        unsafe {
            let block: MaybeUninit<NonNull<Header>> = mem::transmute(self.1);
            release_block(block.assume_init());
        }
    }

    /// The value.
    ///
    /// # Safety
    /// As `put`.
    #[inline(always)]
    pub unsafe fn value<T: Tagged>(self) -> T {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: as in `put`.
        unsafe {
            self.put(value.as_mut_ptr());
            value.assume_init()
        }
    }
}

/// Drops the value at a place, which must be written before it is read again.
///
/// # Safety
/// The place holds a value.
#[inline(always)]
pub unsafe fn release<T: Tagged>(place: *mut T) {
    // SAFETY: as `copy`; the reference is given up here and nowhere else.
    unsafe {
        if (*place).is_counted() {
            release_block(header(place));
        }
    }
}

/// Drops elements that hold values and nothing else that needs dropping: one test for each value that is not
/// counted. `values` gives the values inside an element.
#[inline]
pub fn release_all<E, T: Tagged, const N: usize>(elements: &mut Vec<E>, values: impl Fn(&mut E) -> [&mut T; N]) {
    let count = elements.len();
    // SAFETY: what lies behind the length is never looked at again, so that each value is dropped once.
    unsafe {
        elements.set_len(0);
        for index in 0..count {
            let element = elements.as_mut_ptr().add(index);
            for value in values(&mut *element) {
                debug_assert!((element as usize..element.add(1) as usize).contains(&(&raw const *value as usize)));
                release(value);
            }
        }
    }
}

/// Gives up a reference to a block.
///
/// # Safety
/// The block is alive and the reference is not used again.
#[inline(always)]
unsafe fn release_block(block: NonNull<Header>) {
    // SAFETY: as said.
    let count = unsafe { &block.as_ref().count };
    let left = count.get().wrapping_sub(1);
    count.set(left);
    if left == 0 {
        counted::release(block);
    }
}
