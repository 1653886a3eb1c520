//! bytes and bytearray.

use std::cell::Cell;
use std::ops::Deref;

use super::instance::{Instance, Payload};
use super::{Class, Gc, Value, types};
use crate::memory::mutable::Reading;
use crate::memory::{Mutable, Object, Tracer, text};

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

/// The changeable bytes of a bytearray: the payload of an instance.
#[derive(Default)]
pub struct ByteArray {
    pub data: Mutable<Vec<u8>>,
}

impl ByteArray {
    /// A bytearray of a class: `bytearray` itself or one derived from it.
    pub fn of_class(class: &Class, data: Vec<u8>) -> Value {
        Value::Instance(Instance::with_payload(class.clone(), ByteArray { data: Mutable::new(data) }))
    }
}

impl Payload for ByteArray {}

/// The value of a byte string.
pub fn new(data: impl Into<Box<[u8]>>) -> Value {
    Value::Bytes(Gc::new(Bytes::new(data)))
}

/// The value of a bytearray.
pub fn new_array(data: Vec<u8>) -> Value {
    ByteArray::of_class(&types().bytearray, data)
}

/// The bytes of a bytes or bytearray object. No script code may run while one is held.
pub enum ByteView<'a> {
    Fixed(&'a [u8]),
    Changeable(Reading<'a, Vec<u8>>),
}

impl<'a> ByteView<'a> {
    /// None when the value is neither.
    pub fn of(value: &'a Value) -> Option<ByteView<'a>> {
        match value.native() {
            Value::Bytes(bytes) => Some(ByteView::Fixed(&bytes.data)),
            other => other.payload::<ByteArray>().map(|array| ByteView::Changeable(array.data.borrow())),
        }
    }
}

impl Deref for ByteView<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            ByteView::Fixed(data) => data,
            ByteView::Changeable(data) => data,
        }
    }
}
