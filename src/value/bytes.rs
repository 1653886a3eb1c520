//! bytes, bytearray and views of the bytes of objects.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Deref;

use super::instance::{Instance, Payload};
use super::packed_array::{self, PackedArray};
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
        Value::Instance(Instance::with_payload(class.clone(), ByteArray::new(data)))
    }

    pub fn new(data: Vec<u8>) -> ByteArray {
        ByteArray { data: Mutable::new(data), views: Cell::new(0) }
    }

    /// The changeable bytes that a bytearray or an array has.
    pub fn within(value: &Value) -> Option<&ByteArray> {
        value.payload::<ByteArray>().or_else(|| value.payload::<PackedArray>().map(|array| &array.storage))
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

/// A memoryview: some items in the bytes of an object. The payload of an instance.
pub struct MemoryView {
    /// Unbound once it is released.
    object: Mutable<Value>,
    /// What an item is: a code of `packed_array::read_item`.
    pub code: u8,
    /// The position of its first byte.
    pub start: i64,
    /// How far it is from the first byte of one item to that of the next.
    pub step: i64,
    /// How many items there are.
    pub length: usize,
    /// Whether it cannot be written to although the object can.
    pub read_only: bool,
    /// Its hash, once it was asked for: that stays when it is released.
    pub hash: Cell<Option<i64>>,
}

impl MemoryView {
    /// A view of all of an object, which has so many bytes: of the items of an array, else of bytes.
    pub fn new(object: &Value, length: usize) -> MemoryView {
        match object.payload::<PackedArray>() {
            Some(array) => {
                let items = length / array.size;
                MemoryView::of_part(object.clone(), array.code, 0, array.size as i64, items)
            }
            None => MemoryView::of_part(object.clone(), b'B', 0, 1, length),
        }
    }

    /// A view of `length` items of the same object, `step` bytes apart, all in range.
    pub fn part(&self, start: i64, step: i64, length: usize) -> MemoryView {
        let mut part = MemoryView::of_part(self.object(), self.code, start, step, length);
        part.read_only = self.read_only;
        part
    }

    /// The same bytes as items of another kind; None when they do not lie side by side. The number of
    /// bytes must be that of whole items.
    pub fn cast(&self, code: u8) -> Option<MemoryView> {
        if !self.is_contiguous() {
            return None;
        }
        let size = packed_array::item_size(code)?;
        let mut view =
            MemoryView::of_part(self.object(), code, self.start, size as i64, self.length * self.item_size() / size);
        view.read_only = self.read_only;
        Some(view)
    }

    fn of_part(object: Value, code: u8, start: i64, step: i64, length: usize) -> MemoryView {
        if let Some(array) = ByteArray::within(&object) {
            array.views.set(array.views.get() + 1);
        }
        MemoryView { object: Mutable::new(object), code, start, step, length, read_only: false, hash: Cell::new(None) }
    }

    /// The object it shows; unbound once it is released.
    pub fn object(&self) -> Value {
        self.object.get()
    }

    /// Bytes of one item.
    #[inline]
    pub fn item_size(&self) -> usize {
        packed_array::item_size(self.code).unwrap_or(1)
    }

    /// Whether the items lie side by side.
    pub fn is_contiguous(&self) -> bool {
        self.step == self.item_size() as i64 || self.length <= 1
    }

    /// Gives up the object.
    pub fn release(&self) {
        let object = self.object.take();
        if let Some(array) = ByteArray::within(&object) {
            array.views.set(array.views.get() - 1);
        }
    }

    /// Where each byte is.
    fn positions(&self) -> impl Iterator<Item = usize> {
        let (start, step, size) = (self.start, self.step, self.item_size());
        (0..self.length).flat_map(move |index| (0..size).map(move |byte| (start + index as i64 * step) as usize + byte))
    }

    /// Puts other bytes in the place of those it shows, if their object can change.
    pub fn write(&self, new: &[u8]) {
        let object = self.object();
        if let Some(array) = ByteArray::within(&object) {
            let mut data = array.data.borrow_mut();
            self.positions().zip(new).for_each(|(position, byte)| data[position] = *byte);
        }
    }

    /// One item; None once it is released, or behind the last one.
    pub fn item(&self, index: usize) -> Option<Value> {
        if index >= self.length {
            return None;
        }
        let object = self.object();
        let data = ByteView::of(&object)?;
        let start = (self.start + index as i64 * self.step) as usize;
        Some(packed_array::read_item(self.code, data.get(start..start + self.item_size())?))
    }

    /// What it shows; None once it is released.
    fn view(&self) -> Option<ByteView<'_>> {
        let object = self.object();
        let data = ByteView::of(&object)?;
        if self.is_contiguous() {
            let start = self.start.max(0) as usize;
            let end = start + self.length * self.item_size();
            return Some(ByteView::Copied(data.get(start..end).unwrap_or_default().to_vec()));
        }
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

/// The bytes of a bytes, bytearray, array or memoryview object. No script code may run while one is held.
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
            other => match ByteArray::within(other) {
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
