//! bytes, bytearray and views of their bytes.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Deref;

use super::instance::{Instance, Payload};
use super::{Class, Gc, Raised, Result, Value, types};
use crate::memory::mutable::{Changing, Reading};
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
    /// Written to in place only; what changes the size goes through `resize`.
    pub data: Mutable<Vec<u8>>,
    /// How many memoryviews show it.
    views: Cell<usize>,
}

impl ByteArray {
    /// A bytearray of a class: `bytearray` itself or one derived from it.
    pub fn of_class(class: &Class, data: Vec<u8>) -> Value {
        Value::Instance(Instance::with_payload(
            class.clone(),
            ByteArray { data: Mutable::new(data), views: Cell::new(0) },
        ))
    }

    /// The bytes, to add or remove some; BufferError while a memoryview shows them.
    pub fn resize(&self) -> Result<Changing<'_, Vec<u8>>> {
        if self.views.get() > 0 {
            return Err(Raised::buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(self.data.borrow_mut())
    }
}

impl Payload for ByteArray {}

/// A memoryview: some bytes of a bytes or bytearray object. The payload of an instance.
pub struct MemoryView {
    /// Unbound once it is released.
    object: Mutable<Value>,
    /// The position of its first byte.
    pub start: i64,
    /// How far it is from one byte to the next.
    pub step: i64,
    pub length: usize,
    /// Whether it cannot be written to although the object can.
    pub read_only: bool,
}

impl MemoryView {
    /// A view of all bytes of an object.
    pub fn new(object: &Value, length: usize) -> MemoryView {
        MemoryView::of_part(object.clone(), 0, 1, length)
    }

    /// A view of `length` bytes of the same object, `step` apart, all in range.
    pub fn part(&self, start: i64, step: i64, length: usize) -> MemoryView {
        let mut part = MemoryView::of_part(self.object(), start, step, length);
        part.read_only = self.read_only;
        part
    }

    fn of_part(object: Value, start: i64, step: i64, length: usize) -> MemoryView {
        if let Some(array) = object.payload::<ByteArray>() {
            array.views.set(array.views.get() + 1);
        }
        MemoryView { object: Mutable::new(object), start, step, length, read_only: false }
    }

    /// The object it shows; unbound once it is released.
    pub fn object(&self) -> Value {
        self.object.get()
    }

    /// Gives up the object.
    pub fn release(&self) {
        let object = self.object.take();
        if let Some(array) = object.payload::<ByteArray>() {
            array.views.set(array.views.get() - 1);
        }
    }

    fn positions(&self) -> impl Iterator<Item = usize> {
        let (start, step) = (self.start, self.step);
        (0..self.length).map(move |index| (start + index as i64 * step) as usize)
    }

    /// Puts other bytes in the place of those it shows, if their object can change.
    pub fn write(&self, new: &[u8]) {
        let object = self.object();
        if let Some(array) = object.payload::<ByteArray>() {
            let mut data = array.data.borrow_mut();
            self.positions().zip(new).for_each(|(position, byte)| data[position] = *byte);
        }
    }

    /// What it shows; None once it is released.
    fn view(&self) -> Option<ByteView<'_>> {
        let object = self.object();
        let data = ByteView::of(&object)?;
        Some(ByteView::Copied(self.positions().filter_map(|position| data.get(position).copied()).collect()))
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        self.release();
    }
}

impl Payload for MemoryView {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.object.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.release();
    }
}

/// The value of a byte string.
pub fn new(data: impl Into<Box<[u8]>>) -> Value {
    Value::Bytes(Gc::new(Bytes::new(data)))
}

/// The value of a bytearray.
pub fn new_array(data: Vec<u8>) -> Value {
    ByteArray::of_class(&types().bytearray, data)
}

/// The bytes of a bytes, bytearray or memoryview object. No script code may run while one is held.
pub enum ByteView<'a> {
    Fixed(&'a [u8]),
    Changeable(Reading<'a, Vec<u8>>),
    /// What a memoryview shows.
    Copied(Vec<u8>),
}

impl<'a> ByteView<'a> {
    /// None when the value is none of them, or a view that has been released.
    pub fn of(value: &'a Value) -> Option<ByteView<'a>> {
        match value.native() {
            Value::Bytes(bytes) => Some(ByteView::Fixed(&bytes.data)),
            other => match other.payload::<ByteArray>() {
                Some(array) => Some(ByteView::Changeable(array.data.borrow())),
                None => other.payload::<MemoryView>()?.view(),
            },
        }
    }
}

impl<'a> ByteView<'a> {
    /// The bytes without a borrow, for use while script code can run.
    pub fn unborrowed(self) -> Cow<'a, [u8]> {
        match self {
            ByteView::Fixed(data) => Cow::Borrowed(data),
            ByteView::Changeable(data) => Cow::Owned(data.to_vec()),
            ByteView::Copied(data) => Cow::Owned(data),
        }
    }
}

impl Deref for ByteView<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            ByteView::Fixed(data) => data,
            ByteView::Changeable(data) => data,
            ByteView::Copied(data) => data,
        }
    }
}
