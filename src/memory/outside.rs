//! What belongs to the whole process and not to Rust's rules: descriptors known by their number only,
//! and the variables of the environment.
//!
//! Scripts name descriptors by number and may close them behind our back. A descriptor that is closed or
//! means another file by then is an error of the system (EBADF) or a mistake of the script, never memory
//! that is used wrongly.

use std::ffi::OsStr;
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A descriptor by its number, to be used at once. None for a negative number.
pub fn descriptor(number: RawFd) -> Option<BorrowedFd<'static>> {
    // SAFETY: only -1 is not a descriptor to the compiler; one that is not open gives EBADF.
    (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number) })
}

/// As `descriptor`, for calls that take a descriptor away; it stays open here. None for a negative number.
pub fn owned_descriptor(number: RawFd) -> Option<ManuallyDrop<OwnedFd>> {
    // SAFETY: as in `descriptor`; what must not be closed is never dropped.
    (number >= 0).then(|| ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) }))
}

/// Sets a variable of the environment, or without a value removes it.
pub fn set_variable(name: &OsStr, value: Option<&OsStr>) {
    // SAFETY: only the thread of the interpreter reads or writes the environment while a script runs.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}
