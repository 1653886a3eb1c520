//! bytes.

use std::cell::Cell;

use crate::memory::{Object, Tracer, text};

/// An immutable byte string.
pub struct Bytes {
    pub data: Box<[u8]>,
    hash: Cell<u64>,
}

impl Bytes {
    pub fn new(data: impl Into<Box<[u8]>>) -> Bytes {
        Bytes { data: data.into(), hash: Cell::new(0) }
    }

    pub fn hash(&self) -> u64 {
        if self.hash.get() == 0 {
            self.hash.set(text::hash_bytes(&self.data));
        }
        self.hash.get()
    }
}

impl Object for Bytes {
    const TRACKED: bool = false;

    fn trace(&self, _: &mut Tracer<'_>) {}
}
