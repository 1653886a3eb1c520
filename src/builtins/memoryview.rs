//! memoryview: a window on the bytes of a bytes, bytearray or array object, without a copy.
//!
//! It has one dimension; its items are of any kind that has a code. While a view of a bytearray lives, the
//! bytearray keeps its size (`ByteArray::resize` refuses).

use std::cell::Cell;

use super::byte_string::{self, not_bytes_like, to_hex};
use super::slice::{self, Subscript};
use crate::memory::Tracer;
use crate::native;
use crate::value::bytes::{self, ByteView, MemoryView};
use crate::value::iterator::NativeIterator;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::packed_array::{PackedArray, item_size, read_item};
use crate::value::{Class, Instance, Iterator, Native, Raised, Result, Str, Value, hash, integer, symbols, types};
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
        ByteView::of(self.value).ok_or_else(released)
    }

    /// ValueError when the view has been released.
    fn check(&self) -> Result<()> {
        if self.view.object().is_unbound() { Err(released()) } else { Ok(()) }
    }

    fn is_read_only(&self) -> bool {
        self.view.read_only || matches!(self.view.object(), Value::Bytes(_))
    }
}

fn released() -> Raised {
    Raised::value_error("operation forbidden on released memoryview object")
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
    this.check()?;
    Ok(this.view.length)
}

fn byte_count(_: &mut Vm, this: Receiver<'_>) -> Result<usize> {
    this.check()?;
    Ok(this.view.length * this.view.item_size())
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
        Value::Tuple(keys) if keys.len() > 1 && keys.items().iter().all(|key| matches!(key, Value::Slice(_))) => {
            Err(Raised::not_implemented_error("multi-dimensional slicing is not implemented"))
        }
        _ => Err(Raised::type_error("memoryview: invalid slice key")),
    }
}

fn get_item(vm: &mut Vm, this: Receiver<'_>, key: &Value) -> Result<Value> {
    match key_of(vm, key)? {
        Subscript::Index(index) => {
            this.check()?;
            let place = place_of(index, this.view.length)?;
            this.view.item(place).ok_or_else(released)
        }
        Subscript::Slice(slice) => {
            this.check()?;
            Ok(make(part_of(vm, &this, slice)?))
        }
    }
}

/// A value as the bytes of an item.
fn item_bytes(vm: &mut Vm, code: u8, value: &Value) -> Result<Vec<u8>> {
    let invalid = |kind: &str| format!("memoryview: invalid {kind} for format '{}'", code as char);
    let size = item_size(code).unwrap_or(1);
    match code {
        b'd' => Ok(vm.float(value)?.to_ne_bytes().to_vec()),
        b'f' => Ok((vm.float(value)? as f32).to_ne_bytes().to_vec()),
        b'?' => Ok(vec![vm.truth(value)? as u8]),
        b'c' => match value.native() {
            Value::Bytes(bytes) if bytes.data.len() == 1 => Ok(bytes.data.to_vec()),
            Value::Bytes(_) => Err(Raised::value_error(invalid("value"))),
            _ => Err(Raised::type_error(invalid("type"))),
        },
        b'u' | b'w' => Err(Raised::not_implemented_error(format!("memoryview: format {} not supported", code as char))),
        _ => {
            if vm.special(value, &symbols().index)?.is_none() {
                return Err(Raised::type_error(invalid("type")));
            }
            let number = vm.index_value(value)?;
            let wide = integer::as_big(&number).and_then(|number| i128::try_from(&*number).ok());
            let bits = 8 * size as u32;
            let (least, most) = if code.is_ascii_lowercase() {
                (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
            } else {
                (0, (1i128 << bits) - 1)
            };
            let Some(wide) = wide.filter(|wide| (least..=most).contains(wide)) else {
                return Err(Raised::value_error(invalid("value")));
            };
            let all = (wide as u64).to_le_bytes();
            let mut bytes = all[..size].to_vec();
            if cfg!(target_endian = "big") {
                bytes.reverse();
            }
            Ok(bytes)
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
            let new = item_bytes(vm, this.view.code, value)?;
            (this.view.part(this.view.start + start as i64 * this.view.step, this.view.step, 1), new)
        }
        Subscript::Slice(slice) => {
            let view = part_of(vm, &this, slice)?;
            let new = ByteView::of(value).ok_or_else(|| not_bytes_like(value))?.to_vec();
            if new.len() != view.length * view.item_size() || code_of(value) != view.code {
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

/// Walks the items.
struct Items {
    view: Value,
    next: Cell<usize>,
}

impl NativeIterator for Items {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let Some(view) = self.view.payload::<MemoryView>() else { return Ok(None) };
        let index = self.next.get();
        if index >= view.length {
            return Ok(None);
        }
        self.next.set(index + 1);
        view.item(index).map(Some).ok_or_else(released)
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.view.trace(tracer);
    }
}

fn iterate(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.check()?;
    Ok(Iterator::native(&types().memory_iterator, Items { view: this.value.clone(), next: Cell::new(0) }))
}

/// The items of something with bytes.
fn items_of(value: &Value) -> Option<Vec<Value>> {
    let data = ByteView::of(value)?;
    let code = code_of(value);
    Some(data.chunks_exact(item_size(code)?).map(|item| read_item(code, item)).collect())
}

fn code_of(value: &Value) -> u8 {
    let array = value.payload::<PackedArray>().map(|array| array.code);
    value.payload::<MemoryView>().map(|view| view.code).or(array).unwrap_or(b'B')
}

fn equal(_: &mut Vm, this: Receiver<'_>, other: &Value) -> Value {
    let codes = (this.view.code, code_of(other));
    let is_plain = |code: u8| !matches!(code, b'f' | b'd');
    if codes.0 == codes.1 && is_plain(codes.0) {
        match (ByteView::of(this.value), ByteView::of(other)) {
            (Some(left), Some(right)) => return Value::Bool(*left == *right),
            _ if this.value.is(other) => return Value::Bool(true),
            _ => return Value::NotImplemented,
        }
    }
    match (items_of(this.value), items_of(other)) {
        (Some(left), Some(right)) => Value::Bool(
            left.len() == right.len()
                && left.iter().zip(&right).all(|(left, right)| hash::equal(left, right) == Some(true)),
        ),
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
    if let Some(known) = this.view.hash.get() {
        return Ok(known);
    }
    let data = this.data()?;
    if !this.is_read_only() {
        return Err(Raised::value_error("cannot hash writable memoryview object"));
    }
    if !matches!(this.view.code, b'B' | b'b' | b'c') {
        return Err(Raised::value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    let hash = hash::hash(&bytes::new(&*data)).unwrap_or(0);
    this.view.hash.set(Some(hash));
    Ok(hash)
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
    Ok(Value::list(items_of(this.value).ok_or_else(released)?))
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

fn format(_: &mut Vm, this: Receiver<'_>) -> Result<Str> {
    this.check()?;
    Ok(Str::of_char(this.view.code as char))
}

fn one(_: &mut Vm, this: Receiver<'_>) -> Result<i64> {
    this.check()?;
    Ok(1)
}

fn size_of_item(_: &mut Vm, this: Receiver<'_>) -> Result<usize> {
    this.check()?;
    Ok(this.view.item_size())
}

/// The same bytes as items of another kind.
fn cast(vm: &mut Vm, this: Receiver<'_>, format: &Str, shape: Option<&Value>) -> Result<Value> {
    this.check()?;
    let code = match format.strip_prefix('@').unwrap_or(format).as_bytes() {
        [code] if !matches!(code, b'u' | b'w') && item_size(*code).is_some() => *code,
        _ => {
            let message = "memoryview: destination format must be a native single character format prefixed with an \
                           optional '@'";
            return Err(Raised::value_error(message));
        }
    };
    let is_bytes = |code: u8| matches!(code, b'b' | b'B' | b'c');
    if !is_bytes(code) && !is_bytes(this.view.code) {
        return Err(Raised::type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let (count, size) = (this.view.length * this.view.item_size(), item_size(code).unwrap_or(1));
    if count % size != 0 {
        return Err(Raised::type_error("memoryview: length is not a multiple of itemsize"));
    }
    let view = this.view.cast(code);
    let view = view.ok_or_else(|| Raised::type_error("memoryview: casts are restricted to C-contiguous views"))?;
    if let Some(shape) = shape {
        match shape.native() {
            Value::List(_) | Value::Tuple(_) => {}
            _ => return Err(Raised::type_error("shape must be a list or a tuple")),
        }
        let [length] = &*vm.collect(shape)? else {
            return Err(Raised::not_implemented_error("memoryview: views with more than one dimension"));
        };
        if vm.index(length)? != view.length as i64 {
            return Err(Raised::type_error("memoryview: product(shape) * itemsize != buffer size"));
        }
    }
    Ok(make(view))
}

fn shape(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.check()?;
    Ok(Value::tuple(vec![Value::from(this.view.length)]))
}

fn strides(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.data()?;
    Ok(Value::tuple(vec![Value::Int(this.view.step)]))
}

fn suboffsets(_: &mut Vm, this: Receiver<'_>) -> Result<Value> {
    this.check()?;
    Ok(Value::tuple(Vec::new()))
}

fn contiguous(_: &mut Vm, this: Receiver<'_>) -> Result<bool> {
    this.data()?;
    Ok(this.view.is_contiguous())
}

/// The methods of memoryview.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, object)", new(required, required), "A view of the bytes of an object.").static_method(),
    native!("__len__(self, /)", length(required), "How many items there are."),
    native!("__getitem__(self, key, /)", get_item(required, required), "self[key]"),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "self[key] = value"),
    native!("__iter__(self, /)", iterate(required), "An iterator over the items."),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__hash__(self, /)", hash(required), "The hash of the bytes, if they cannot change."),
    native!("__repr__(self, /)", repr(required), "What it is and where."),
    native!("__enter__(self, /)", enter(required), "The view itself."),
    native!("__exit__(self, /, *args)", exit(required, rest), "Releases the object."),
    native!("release(self, /)", release(required), "Gives up the object."),
    native!("tobytes(self, /)", to_bytes(required), "A copy as bytes."),
    native!("tolist(self, /)", to_list(required), "The items as a list."),
    native!(
        "hex(self, sep=None, bytes_per_sep=1)",
        hex(required, optional, optional),
        "The bytes as hexadecimal digits."
    ),
    native!("toreadonly(self, /)", to_read_only(required), "A view that cannot be written to."),
    native!("cast(self, /, format, shape=None)", cast(required, required, optional), "The bytes as other items."),
    native!("obj(self, /)", object(required), "The object that is viewed.").getter(),
    native!("readonly(self, /)", read_only(required), "Whether the bytes cannot be written to.").getter(),
    native!("nbytes(self, /)", byte_count(required), "How many bytes there are.").getter(),
    native!("format(self, /)", format(required), "The format of an item.").getter(),
    native!("itemsize(self, /)", size_of_item(required), "The size of an item in bytes.").getter(),
    native!("ndim(self, /)", one(required), "The number of dimensions.").getter(),
    native!("shape(self, /)", shape(required), "The length in each dimension.").getter(),
    native!("strides(self, /)", strides(required), "The distance of items in each dimension.").getter(),
    native!("suboffsets(self, /)", suboffsets(required), "Nothing: the items lie in one place.").getter(),
    native!("f_contiguous(self, /)", contiguous(required), "Whether the bytes lie side by side.").getter(),
    native!("contiguous(self, /)", contiguous(required), "Whether the bytes lie side by side.").getter(),
    native!("c_contiguous(self, /)", contiguous(required), "Whether the bytes lie side by side.").getter(),
];

fn buffer(vm: &mut Vm, this: &Value, _flags: i64) -> Result<Value> {
    new(vm, &types().memoryview, this)
}

/// What all that a memoryview can show has.
pub const BUFFER: &[Native] =
    &[native!("__buffer__(self, flags, /)", buffer(required, required), "A memoryview of the object.")];
