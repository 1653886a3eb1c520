//! memoryview: a window on the bytes of a bytes or bytearray object, without a copy.
//!
//! Of the formats of CPython's memoryview there is one, unsigned bytes in one dimension. While a view of
//! a bytearray lives, the bytearray keeps its size (`ByteArray::resize` refuses).

use super::byte_string::{self, not_bytes_like, to_hex};
use super::slice::{self, Subscript};
use crate::native;
use crate::value::bytes::{self, ByteView, MemoryView};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Instance, Native, Raised, Result, Value, hash, symbols, types};
use crate::vm::Vm;

/// A view and the object it is in.
struct Receiver<'a> {
    value: &'a Value,
    view: &'a MemoryView,
}

impl<'a> FromArgument<'a> for Receiver<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.payload::<MemoryView>() {
            Some(view) => Ok(Receiver { value, view }),
            None => Err(Mismatch::Expected("memoryview")),
        }
    }
}

impl<'a> Receiver<'a> {
    /// The bytes; ValueError when the view has been released.
    fn data(&self) -> Result<ByteView<'a>> {
        ByteView::of(self.value).ok_or_else(|| Raised::value_error("operation forbidden on released memoryview object"))
    }

    fn is_read_only(&self) -> bool {
        self.view.read_only || matches!(self.view.object(), Value::Bytes(_))
    }
}

fn make(view: MemoryView) -> Value {
    Value::Instance(Instance::with_payload(types().memoryview.clone(), view))
}

fn new(_: &mut Vm, _: &Class, object: &Value) -> Result<Value> {
    if let Some(view) = object.payload::<MemoryView>() {
        Receiver { value: object, view }.data()?;
        return Ok(make(view.part(view.start, view.step, view.length)));
    }
    match ByteView::of(object) {
        Some(data) => Ok(make(MemoryView::new(object.native(), data.len()))),
        None => {
            let kind = object.type_name();
            Err(Raised::type_error(format!("memoryview: a bytes-like object is required, not '{kind}'")))
        }
    }
}

fn length(_: &mut Vm, this: Receiver<'_>) -> Result<usize> {
    Ok(this.data()?.len())
}

/// The positions a slice means, in the bytes of the object.
fn part_of(vm: &mut Vm, this: &Receiver<'_>, slice: &crate::value::Slice) -> Result<MemoryView> {
    let indices = slice::indices(vm, slice, this.view.length)?;
    let start = this.view.start + indices.start * this.view.step;
    // A step that goes beyond any length is as good as the length.
    let step = this.view.step.saturating_mul(indices.step);
    Ok(this.view.part(start, step, indices.length))
}

fn place_of(index: i64, length: usize) -> Result<usize> {
    slice::position(index, length).ok_or_else(|| Raised::index_error("index out of bounds on dimension 1"))
}

fn key_of<'a>(vm: &mut Vm, key: &'a Value) -> Result<Subscript<'a>> {
    match key {
        Value::Int(_) | Value::Slice(_) => slice::subscript(vm, key, "memoryview"),
        other if vm.special(other, &symbols().index)?.is_some() => slice::subscript(vm, key, "memoryview"),
        _ => Err(Raised::type_error("memoryview: invalid slice key")),
    }
}

fn get_item(vm: &mut Vm, this: Receiver<'_>, key: &Value) -> Result<Value> {
    match key_of(vm, key)? {
        Subscript::Index(index) => {
            let data = this.data()?;
            Ok(Value::Int(data[place_of(index, data.len())?] as i64))
        }
        Subscript::Slice(slice) => {
            this.data()?;
            Ok(make(part_of(vm, &this, slice)?))
        }
    }
}

fn set_item(vm: &mut Vm, this: Receiver<'_>, key: &Value, value: &Value) -> Result<()> {
    this.data()?;
    if this.is_read_only() {
        return Err(Raised::type_error("cannot modify read-only memory"));
    }
    let (view, new) = match key_of(vm, key)? {
        Subscript::Index(index) => {
            let start = place_of(index, this.view.length)?;
            if vm.special(value, &symbols().index)?.is_none() {
                return Err(Raised::type_error("memoryview: invalid type for format 'B'"));
            }
            let byte = u8::try_from(vm.index_clamped(value)?)
                .map_err(|_| Raised::value_error("memoryview: invalid value for format 'B'"))?;
            (this.view.part(this.view.start + start as i64 * this.view.step, 1, 1), vec![byte])
        }
        Subscript::Slice(slice) => {
            let view = part_of(vm, &this, slice)?;
            let new = ByteView::of(value).ok_or_else(|| not_bytes_like(value))?.to_vec();
            if new.len() != view.length {
                let message = "memoryview assignment: lvalue and rvalue have different structures";
                return Err(Raised::value_error(message));
            }
            (view, new)
        }
    };
    this.data()?;
    view.write(&new);
    Ok(())
}

fn iterate(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    Ok(byte_string::iterator(&types().memory_iterator, this.value))
}

fn equal(_: &mut Vm, this: Receiver<'_>, other: &Value) -> Value {
    match (ByteView::of(this.value), ByteView::of(other)) {
        (Some(left), Some(right)) => Value::Bool(*left == *right),
        _ if this.value.is(other) => Value::Bool(true),
        _ => Value::NotImplemented,
    }
}

fn not_equal(vm: &mut Vm, this: Receiver<'_>, other: &Value) -> Value {
    match equal(vm, this, other) {
        Value::Bool(equal) => Value::Bool(!equal),
        other => other,
    }
}

fn hash(_: &mut Vm, this: Receiver<'_>) -> Result<i64> {
    let data = this.data()?;
    if !this.is_read_only() {
        return Err(Raised::value_error("cannot hash writable memoryview object"));
    }
    Ok(hash::hash(&bytes::new(&*data)).unwrap_or(0))
}

fn repr(_: &mut Vm, this: Receiver<'_>) -> String {
    let state = if ByteView::of(this.value).is_some() { "memory" } else { "released memory" };
    format!("<{state} at {:#x}>", this.value.address())
}

fn enter(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    Ok(this.value.clone())
}

fn exit(_: &mut Vm, this: Receiver<'_>, _: &[Value]) {
    this.view.release();
}

fn release(_: &mut Vm, this: Receiver<'_>) {
    this.view.release();
}

fn to_bytes(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    Ok(bytes::new(&*this.data()?))
}

fn to_list(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    Ok(Value::list(this.data()?.iter().map(|byte| Value::Int(*byte as i64)).collect()))
}

fn hex(vm: &mut Vm, this: Receiver<'_>, separator: Option<&Value>, group: Option<i64>) -> Result<String> {
    let separator = separator.map(|separator| byte_string::separator_of(vm, separator)).transpose()?;
    Ok(to_hex(&this.data()?, separator, group.unwrap_or(1)))
}

fn to_read_only(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    let mut view = this.view.part(this.view.start, this.view.step, this.view.length);
    view.read_only = true;
    Ok(make(view))
}

fn object(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    Ok(this.view.object())
}

fn read_only(_: &mut Vm, this: Receiver<'_>) -> Result<bool> {
    this.data()?;
    Ok(this.is_read_only())
}

fn format(_: &mut Vm, this: Receiver<'_>) -> Result<&'static str> {
    this.data()?;
    Ok("B")
}

fn one(_: &mut Vm, this: Receiver<'_>) -> Result<i64> {
    this.data()?;
    Ok(1)
}

fn shape(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    Ok(Value::tuple(vec![Value::from(this.data()?.len())]))
}

fn strides(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    Ok(Value::tuple(vec![Value::Int(this.view.step)]))
}

fn contiguous(_: &mut Vm, this: Receiver<'_>) -> Result<bool> {
    this.data()?;
    Ok(this.view.step == 1 || this.view.length <= 1)
}

/// The methods of memoryview.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, object)", new(required, required), "A view of the bytes of an object.").static_method(),
    native!("__len__(self, /)", length(required), "How many bytes there are."),
    native!("__getitem__(self, key, /)", get_item(required, required), "self[key]"),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "self[key] = value"),
    native!("__iter__(self, /)", iterate(required), "An iterator over the bytes as ints."),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__hash__(self, /)", hash(required), "The hash of the bytes, if they cannot change."),
    native!("__repr__(self, /)", repr(required), "What it is and where."),
    native!("__enter__(self, /)", enter(required), "The view itself."),
    native!("__exit__(self, /, *args)", exit(required, rest), "Releases the object."),
    native!("release(self, /)", release(required), "Gives up the object."),
    native!("tobytes(self, /)", to_bytes(required), "A copy as bytes."),
    native!("tolist(self, /)", to_list(required), "The bytes as a list of ints."),
    native!(
        "hex(self, sep=None, bytes_per_sep=1)",
        hex(required, optional, optional),
        "The bytes as hexadecimal digits."
    ),
    native!("toreadonly(self, /)", to_read_only(required), "A view that cannot be written to."),
    native!("obj(self, /)", object(required), "The object that is viewed.").getter(),
    native!("readonly(self, /)", read_only(required), "Whether the bytes cannot be written to.").getter(),
    native!("nbytes(self, /)", length(required), "How many bytes there are.").getter(),
    native!("format(self, /)", format(required), "The format of an item.").getter(),
    native!("itemsize(self, /)", one(required), "The size of an item in bytes.").getter(),
    native!("ndim(self, /)", one(required), "The number of dimensions.").getter(),
    native!("shape(self, /)", shape(required), "The length in each dimension.").getter(),
    native!("strides(self, /)", strides(required), "The distance of items in each dimension.").getter(),
    native!("contiguous(self, /)", contiguous(required), "Whether the bytes lie side by side.").getter(),
    native!("c_contiguous(self, /)", contiguous(required), "Whether the bytes lie side by side.").getter(),
];
