//! `_array`: array.array, numbers or characters side by side in memory.
//!
//! The bytes are those of a `PackedArray`. They are borrowed for single reads and writes only: making an
//! item out of a value may run script code, so the item is made first.

use std::cell::Cell;

use super::array_item::{CODES, is_text, pack};
use super::{native_class, native_iterator_class, native_module};
use crate::builtins::iterators::{REDUCE, SET_STATE, position};
use crate::builtins::sequence;
use crate::builtins::slice::{self, Subscript};
use crate::builtins::{add_rows, generic_alias, memoryview};
use crate::memory::{StrBuilder, Tracer};
use crate::native;
use crate::value::bytes::{self, ByteArray, ByteView};
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::packed_array::{PackedArray, read_item};
use crate::value::{
    Class, Dict, Gc, Iterator, Module, Native, Raised, Result, Slice, Str, Value, hash, symbols, types,
};
use crate::vm::{Comparison, Vm};

/// An array and the object it is in.
struct Receiver<'a> {
    value: &'a Value,
    array: &'a PackedArray,
}

impl<'a> FromArgument<'a> for Receiver<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.payload::<PackedArray>() {
            Some(array) => Ok(Receiver { value, array }),
            None => Err(Mismatch::Expected("array")),
        }
    }
}

impl<'a> FromArgument<'a> for &'a PackedArray {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<PackedArray>().ok_or(Mismatch::Expected("array"))
    }
}

thread_local! {
    static ARRAY: Class = native_class("array.array", &types().object, METHODS);
    static ITERATOR: Class = iterator_class();
}

fn iterator_class() -> Class {
    let class = native_iterator_class("array.arrayiterator", REDUCE);
    add_rows(&class, SET_STATE);
    class.changed();
    class
}

/// An array with the code of another.
fn like(array: &PackedArray, data: Vec<u8>) -> Value {
    ARRAY.with(|class| PackedArray::of_class(class, array.code, data))
}

fn new(vm: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let is_array = ARRAY.with(|array| array.same(class));
    if is_array && keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error("array.array() takes no keyword arguments"));
    }
    let (code, initial) = match arguments {
        [code] => (code, None),
        [code, initial] => (code, Some(initial)),
        [] => return Err(Raised::type_error("array() takes at least 1 argument (0 given)")),
        _ => {
            let count = arguments.len();
            return Err(Raised::type_error(format!("array() takes at most 2 arguments ({count} given)")));
        }
    };
    let not_a_code = || {
        let kind = code.type_name();
        Raised::type_error(format!("array() argument 1 must be a unicode character, not {kind}"))
    };
    let text = code.as_str().filter(|text| text.characters() == 1).ok_or_else(not_a_code)?;
    let Some(code) = text.bytes().next().filter(|code| text.is_ascii() && CODES.as_bytes().contains(code)) else {
        return Err(Raised::value_error("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)"));
    };
    if code == b'u' {
        let message = "The 'u' type code is deprecated and will be removed in Python 3.16";
        (vm.hooks.warn)(vm, &types().deprecation_warning, message)?;
    }
    let value = PackedArray::of_class(class, code, Vec::new());
    let (Some(array), Some(initial)) = (value.payload::<PackedArray>(), initial) else { return Ok(value) };
    if !is_text(code) {
        let complaint = if initial.as_str().is_some() {
            Some("a str")
        } else {
            initial.payload::<PackedArray>().filter(|other| is_text(other.code)).map(|_| "a unicode array")
        };
        if let Some(kind) = complaint {
            let code = code as char;
            return Err(Raised::type_error(format!("cannot use {kind} to initialize an array with typecode '{code}'")));
        }
    }
    let other = initial.payload::<PackedArray>();
    if is_byte_string(initial) {
        from_bytes(vm, array, initial)?;
    } else if let Some(other) = other.filter(|other| other.code == code) {
        let data = other.data().get();
        array.data().set(data);
    } else {
        add_all(vm, array, initial)?;
    }
    Ok(value)
}

/// Whether a value is bytes or a bytearray, whose bytes are taken for items.
fn is_byte_string(value: &Value) -> bool {
    matches!(value.native(), Value::Bytes(_)) || value.payload::<ByteArray>().is_some()
}

/// Adds the items of an iterable.
fn add_all(vm: &mut Vm, array: &PackedArray, items: &Value) -> Result<()> {
    vm.for_each(items, |vm, item| append(vm, array, &item))
}

fn append(vm: &mut Vm, this: &PackedArray, item: &Value) -> Result<()> {
    let item = pack(vm, this.code, item)?;
    this.resize()?.extend_from_slice(&item);
    Ok(())
}

fn extend(vm: &mut Vm, this: &PackedArray, items: &Value) -> Result<()> {
    match items.payload::<PackedArray>() {
        Some(other) if other.code == this.code => {
            let more = other.data().get();
            this.resize()?.extend_from_slice(&more);
            Ok(())
        }
        Some(_) => Err(Raised::type_error("can only extend with array of same kind")),
        None => add_all(vm, this, items),
    }
}

fn insert(vm: &mut Vm, this: &PackedArray, index: i64, item: &Value) -> Result<()> {
    let item = pack(vm, this.code, item)?;
    let length = this.len() as i64;
    let place = if index < 0 { index.saturating_add(length).max(0) } else { index.min(length) } as usize * this.size;
    this.resize()?.splice(place..place, item.iter().copied());
    Ok(())
}

fn clear(_: &mut Vm, this: &PackedArray) -> Result<()> {
    this.resize()?.clear();
    Ok(())
}

fn pop(vm: &mut Vm, this: &PackedArray, index: Option<&Value>) -> Result<Value> {
    let index = index.map(|index| vm.index(index)).transpose()?;
    if this.is_empty() {
        return Err(Raised::index_error("pop from empty array"));
    }
    let out_of_range = || Raised::index_error("pop index out of range");
    let place = slice::position(index.unwrap_or(-1), this.len()).ok_or_else(out_of_range)?;
    let item = this.get(place).ok_or_else(out_of_range)?;
    remove_items(this, place, 1)?;
    Ok(item)
}

fn remove_items(array: &PackedArray, first: usize, count: usize) -> Result<()> {
    array.resize()?.drain(first * array.size..(first + count) * array.size);
    Ok(())
}

/// The first item that equals a value, in a range.
fn find(vm: &mut Vm, array: &PackedArray, from: usize, to: usize, wanted: &Value) -> Result<Option<usize>> {
    let mut index = from;
    while index < to
        && let Some(item) = array.get(index)
    {
        let is_equal = match hash::equal(&item, wanted) {
            Some(answer) => answer,
            None => vm.equal(&item, wanted)?,
        };
        if is_equal {
            return Ok(Some(index));
        }
        index += 1;
    }
    Ok(None)
}

fn index(vm: &mut Vm, this: &PackedArray, item: &Value, start: Option<&Value>, stop: Option<&Value>) -> Result<usize> {
    let (start, stop) = slice::search_bounds(vm, start, stop, this.len())?;
    find(vm, this, start, stop, item)?.ok_or_else(|| Raised::value_error("array.index(x): x not in array"))
}

fn remove(vm: &mut Vm, this: &PackedArray, item: &Value) -> Result<()> {
    match find(vm, this, 0, usize::MAX, item)? {
        Some(place) if place < this.len() => remove_items(this, place, 1),
        _ => Err(Raised::value_error("array.remove(x): x not in array")),
    }
}

fn count(vm: &mut Vm, this: &PackedArray, item: &Value) -> Result<usize> {
    let (mut found, mut from) = (0, 0);
    while let Some(place) = find(vm, this, from, usize::MAX, item)? {
        found += 1;
        from = place + 1;
    }
    Ok(found)
}

fn contains(vm: &mut Vm, this: &PackedArray, item: &Value) -> Result<bool> {
    Ok(find(vm, this, 0, usize::MAX, item)?.is_some())
}

fn reverse(_: &mut Vm, this: &PackedArray) {
    let mut data = this.data().borrow_mut();
    // All bytes turned around, and those of each item back again.
    data.reverse();
    data.chunks_exact_mut(this.size).for_each(<[u8]>::reverse);
}

fn byteswap(_: &mut Vm, this: &PackedArray) {
    this.data().borrow_mut().chunks_exact_mut(this.size).for_each(<[u8]>::reverse);
}

fn buffer_info(_: &mut Vm, this: &PackedArray) -> Value {
    let address = if this.is_empty() { 0 } else { this.data().borrow().as_ptr() as usize };
    Value::tuple(vec![Value::from(address), Value::from(this.len())])
}

fn from_bytes(_: &mut Vm, this: &PackedArray, data: &Value) -> Result<()> {
    let data = ByteView::of(data).map(|data| data.unborrowed().into_owned());
    let Some(data) = data else { return Err(Raised::type_error("a bytes-like object is required")) };
    if data.len() % this.size != 0 {
        return Err(Raised::value_error("bytes length not a multiple of item size"));
    }
    this.resize()?.extend_from_slice(&data);
    Ok(())
}

/// Four bytes as a number.
fn bits_of(item: &[u8]) -> u32 {
    item.try_into().map_or(u32::MAX, u32::from_ne_bytes)
}

fn frombytes(vm: &mut Vm, this: &PackedArray, data: &Value) -> Result<()> {
    if ByteView::of(data).is_none() {
        let kind = data.type_name();
        return Err(Raised::type_error(format!("a bytes-like object is required, not '{kind}'")));
    }
    from_bytes(vm, this, data)
}

fn fromlist(vm: &mut Vm, this: &PackedArray, list: &Value) -> Result<()> {
    let Value::List(list) = list.native() else { return Err(Raised::type_error("arg must be list")) };
    let before = list.len();
    let mut more = Vec::new();
    let mut index = 0;
    while let Some(item) = list.get(index) {
        more.extend_from_slice(&pack(vm, this.code, &item)?);
        if list.len() != before {
            return Err(Raised::runtime_error("list changed size during iteration"));
        }
        index += 1;
    }
    this.resize()?.extend_from_slice(&more);
    Ok(())
}

fn fromunicode(vm: &mut Vm, this: &PackedArray, text: &Str) -> Result<()> {
    if !is_text(this.code) {
        return Err(Raised::value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
    }
    add_all(vm, this, &Value::Str(text.clone()))
}

fn tounicode(_: &mut Vm, this: &PackedArray) -> Result<Str> {
    if !is_text(this.code) {
        return Err(Raised::value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')"));
    }
    let mut text = StrBuilder::new();
    for item in this.data().borrow().chunks_exact(this.size) {
        let bits = bits_of(item);
        let not_a_character =
            || Raised::value_error(format!("character U+{bits:x} is not in range [U+0000; U+10ffff]"));
        text.push(char::from_u32(bits).ok_or_else(not_a_character)?);
    }
    Ok(text.finish())
}

fn fromfile(vm: &mut Vm, this: &PackedArray, file: &Value, count: i64) -> Result<()> {
    let count = usize::try_from(count).map_err(|_| Raised::value_error("negative count"))?;
    let wanted = count.checked_mul(this.size).ok_or_else(Raised::out_of_memory)?;
    let data = vm.call_method(file, &Str::intern("read"), &[Value::from(wanted)])?;
    let Value::Bytes(read) = data.native() else { return Err(Raised::type_error("read() didn't return bytes")) };
    let length = read.data.len();
    from_bytes(vm, this, &data)?;
    if length == wanted {
        return Ok(());
    }
    Err(Raised::new(&types().eof_error, vec![Value::str("read() didn't return enough bytes")]))
}

fn tofile(vm: &mut Vm, this: &PackedArray, file: &Value) -> Result<()> {
    let data = bytes::new(this.data().get());
    vm.call_method(file, &Str::intern("write"), &[data]).map(drop)
}

fn tobytes(_: &mut Vm, this: &PackedArray) -> Value {
    bytes::new(this.data().get())
}

fn items(array: &PackedArray) -> Vec<Value> {
    array.data().borrow().chunks_exact(array.size).map(|item| read_item(array.code, item)).collect()
}

fn tolist(_: &mut Vm, this: &PackedArray) -> Value {
    Value::list(items(this))
}

fn typecode(_: &mut Vm, this: &PackedArray) -> Str {
    Str::of_char(this.code as char)
}

fn itemsize(_: &mut Vm, this: &PackedArray) -> usize {
    this.size
}

fn copy(_: &mut Vm, this: &PackedArray) -> Value {
    like(this, this.data().get())
}

fn deepcopy(_: &mut Vm, this: &PackedArray, _memo: &Value) -> Value {
    like(this, this.data().get())
}

/// The number by which pickles name how a machine writes items of this kind.
fn machine_format(array: &PackedArray) -> i64 {
    let is_big_endian = cfg!(target_endian = "big") as i64;
    match (array.code, array.size) {
        (b'B', _) => 0,
        (b'b', _) => 1,
        (b'f', _) => 14 + is_big_endian,
        (b'd', _) => 16 + is_big_endian,
        (b'u' | b'w', size) => 18 + 2 * (size == 4) as i64 + is_big_endian,
        (code, size) => {
            let first = if size == 2 {
                2
            } else if size == 4 {
                6
            } else {
                10
            };
            first + 2 * code.is_ascii_lowercase() as i64 + is_big_endian
        }
    }
}

fn reduce(vm: &mut Vm, this: Receiver<'_>, protocol: i64) -> Result<Value> {
    let attributes = vm.get_attribute_if_any(this.value, &symbols().dict)?.unwrap_or(Value::None);
    let code = Value::Str(typecode(vm, this.array));
    if protocol >= 3 {
        let (import, globals) = (vm.hooks.import, vm.builtins.clone());
        let module = import(vm, &Str::intern("array"), 0, &globals, true)?;
        let maker = vm.get_attribute(&module, &Str::intern("_array_reconstructor"))?;
        let format = Value::Int(machine_format(this.array));
        let data = bytes::new(this.array.data().borrow().as_slice());
        let arguments = vec![Value::Class(this.value.class()), code, format, data];
        return Ok(Value::tuple(vec![maker, Value::tuple(arguments), attributes]));
    }
    let arguments = Value::tuple(vec![code, Value::list(items(this.array))]);
    Ok(Value::tuple(vec![Value::Class(this.value.class()), arguments, attributes]))
}

fn len(_: &mut Vm, this: &PackedArray) -> usize {
    this.len()
}

/// Reads an index or slice.
fn key_of<'a>(vm: &mut Vm, key: &'a Value) -> Result<Subscript<'a>> {
    if !matches!(key, Value::Slice(_)) && !slice::has_index(key) {
        return Err(Raised::type_error("array indices must be integers"));
    }
    slice::subscript(vm, key, "array")
}

/// The items of a slice, as bytes.
fn part(array: &PackedArray, bounds: slice::Bounds) -> Vec<u8> {
    let (data, size) = (array.data().borrow(), array.size);
    let indices = bounds.adjust(data.len() / size);
    if indices.step == 1 {
        let start = indices.start as usize * size;
        return data[start..start + indices.length * size].to_vec();
    }
    indices.positions().flat_map(|position| data[position * size..(position + 1) * size].iter().copied()).collect()
}

fn getitem(vm: &mut Vm, this: &PackedArray, key: &Value) -> Result<Value> {
    match key_of(vm, key)? {
        Subscript::Index(index) => {
            let item = slice::position(index, this.len()).and_then(|position| this.get(position));
            item.ok_or_else(|| Raised::index_error("array index out of range"))
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            Ok(like(this, part(this, bounds)))
        }
    }
}

fn out_of_range() -> Raised {
    Raised::index_error("array assignment index out of range")
}

fn setitem(vm: &mut Vm, this: &PackedArray, key: &Value, value: &Value) -> Result<()> {
    match key_of(vm, key)? {
        Subscript::Index(index) => {
            slice::position(index, this.len()).ok_or_else(out_of_range)?;
            let item = pack(vm, this.code, value)?;
            let start = slice::position(index, this.len()).ok_or_else(out_of_range)? * this.size;
            this.data().borrow_mut()[start..start + this.size].copy_from_slice(&item);
            Ok(())
        }
        Subscript::Slice(slice) => {
            let Some(other) = value.payload::<PackedArray>() else {
                let kind = value.type_name();
                return Err(Raised::type_error(format!("can only assign array (not \"{kind}\") to array slice")));
            };
            if other.code != this.code {
                return Err(Raised::type_error("bad argument type for built-in operation"));
            }
            let new = other.data().get();
            set_slice(vm, this, slice, new)
        }
    }
}

fn set_slice(vm: &mut Vm, this: &PackedArray, slice: &Slice, new: Vec<u8>) -> Result<()> {
    let indices = slice::unpack(vm, slice)?.adjust(this.len());
    let (count, size) = (new.len() / this.size, this.size);
    if indices.step == 1 && count != indices.length {
        let start = indices.start as usize * size;
        this.resize()?.splice(start..start + indices.length * size, new);
        return Ok(());
    }
    if count != indices.length {
        return Err(Raised::value_error(format!(
            "attempt to assign array of size {count} to extended slice of size {}",
            indices.length
        )));
    }
    let mut data = this.data().borrow_mut();
    for (position, item) in indices.positions().zip(new.chunks_exact(size)) {
        data[position * size..(position + 1) * size].copy_from_slice(item);
    }
    Ok(())
}

fn delitem(vm: &mut Vm, this: &PackedArray, key: &Value) -> Result<()> {
    match key_of(vm, key)? {
        Subscript::Index(index) => {
            let place = slice::position(index, this.len()).ok_or_else(out_of_range)?;
            remove_items(this, place, 1)
        }
        Subscript::Slice(slice) => {
            let indices = slice::unpack(vm, slice)?.adjust(this.len()).ascending();
            if indices.length == 0 {
                return Ok(());
            }
            if indices.step == 1 {
                return remove_items(this, indices.start as usize, indices.length);
            }
            let mut gone = vec![false; this.len()];
            indices.positions().for_each(|position| gone[position] = true);
            let mut data = this.resize()?;
            let kept = data.chunks_exact(this.size).zip(gone).filter(|(_, gone)| !gone);
            let kept: Vec<u8> = kept.flat_map(|(item, _)| item.iter().copied()).collect();
            *data = kept;
            Ok(())
        }
    }
}

fn add(_: &mut Vm, this: &PackedArray, other: &Value) -> Result<Value> {
    match other.payload::<PackedArray>() {
        Some(other) if other.code == this.code => {
            Ok(like(this, [&this.data().borrow()[..], &other.data().borrow()[..]].concat()))
        }
        Some(_) => Err(Raised::type_error("bad argument type for built-in operation")),
        None => {
            let kind = other.type_name();
            Err(Raised::type_error(format!("can only append array (not \"{kind}\") to array")))
        }
    }
}

fn iadd(vm: &mut Vm, this: Receiver<'_>, other: &Value) -> Result<Value> {
    if other.payload::<PackedArray>().is_none() {
        let kind = other.type_name();
        return Err(Raised::type_error(format!("can only extend array with array (not \"{kind}\")")));
    }
    extend(vm, this.array, other)?;
    Ok(this.value.clone())
}

/// The bytes, so many times over; None when the factor is no int.
fn repeated(vm: &mut Vm, array: &PackedArray, times: &Value) -> Result<Option<Vec<u8>>> {
    let Some(times) = sequence::repetitions(vm, array.len(), times)? else { return Ok(None) };
    let data = array.data().borrow();
    let total = data.len().checked_mul(times).filter(|total| isize::try_from(*total).is_ok());
    let mut result = Vec::new();
    result.try_reserve_exact(total.ok_or_else(Raised::out_of_memory)?).map_err(|_| Raised::out_of_memory())?;
    (0..times).for_each(|_| result.extend_from_slice(&data));
    Ok(Some(result))
}

fn mul(vm: &mut Vm, this: &PackedArray, times: &Value) -> Result<Value> {
    match repeated(vm, this, times)? {
        Some(data) => Ok(like(this, data)),
        None => Err(sequence::not_a_factor(times)),
    }
}

fn imul(vm: &mut Vm, this: Receiver<'_>, times: &Value) -> Result<Value> {
    let data = repeated(vm, this.array, times)?.ok_or_else(|| sequence::not_a_factor(times))?;
    *this.array.resize()? = data;
    Ok(this.value.clone())
}

fn compare(vm: &mut Vm, comparison: Comparison, this: &PackedArray, other: &Value) -> Result<Value> {
    let Some(other) = other.payload::<PackedArray>() else { return Ok(Value::NotImplemented) };
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if is_equality && this.len() != other.len() {
        return Ok(Value::Bool(comparison == Comparison::NotEqual));
    }
    if is_equality && this.code == other.code && !matches!(this.code, b'f' | b'd') {
        let is_equal = *this.data().borrow() == *other.data().borrow();
        return Ok(Value::Bool(is_equal == (comparison == Comparison::Equal)));
    }
    let mut index = 0;
    while let (Some(left), Some(right)) = (this.get(index), other.get(index)) {
        let is_equal = match (&left, &right) {
            // Not by identity: what is no number equals nothing.
            (Value::Float(left), Value::Float(right)) => left == right,
            _ => vm.equal(&left, &right)?,
        };
        if !is_equal {
            return if is_equality {
                Ok(Value::Bool(comparison == Comparison::NotEqual))
            } else {
                vm.compare(comparison, &left, &right)
            };
        }
        index += 1;
    }
    Ok(Value::Bool(sequence::holds(comparison, this.len().cmp(&other.len()))))
}

sequence::comparison_rows!(PackedArray, compare);

fn repr(vm: &mut Vm, this: Receiver<'_>) -> Result<String> {
    let (name, code) = (this.value.type_name(), this.array.code as char);
    if this.array.is_empty() {
        return Ok(format!("{name}('{code}')"));
    }
    let shown = if is_text(this.array.code) { tounicode(vm, this.array)?.into() } else { tolist(vm, this.array) };
    Ok(format!("{name}('{code}', {})", vm.repr(&shown)?))
}

/// The index of an iterator that has come to the end.
const USED_UP: usize = usize::MAX / 16;

/// Walks an array.
struct Items {
    array: Value,
    next: Cell<usize>,
}

impl NativeIterator for Items {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let index = self.next.get();
        let item = self.array.payload::<PackedArray>().and_then(|array| array.get(index));
        // Once at the end, it stays there, even if the array grows.
        self.next.set(if item.is_some() { index + 1 } else { USED_UP });
        Ok(item)
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(match self.next.get() {
            USED_UP => Recipe::iter(Value::tuple(Vec::new()), None),
            next => Recipe::iter(self.array.clone(), Some(Value::from(next))),
        })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let length = self.array.payload::<PackedArray>().map_or(0, |array| array.len());
        self.next.set((position(vm, state)?.max(0) as usize).min(length));
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.array.trace(tracer);
    }
}

fn iter(_: &mut Vm, this: Receiver<'_>) -> Value {
    ITERATOR.with(|class| Iterator::native(class, Items { array: this.value.clone(), next: Cell::new(0) }))
}

const METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *arguments, **keywords)",
        new(required, rest, keywords),
        "An array: the code of its items, and what they are."
    )
    .static_method(),
    native!("append(self, value, /)", append(required, required), "Adds an item at the end."),
    native!("buffer_info(self, /)", buffer_info(required), "Where the items are, and how many."),
    native!("byteswap(self, /)", byteswap(required), "Turns the bytes of each item around."),
    native!("count(self, value, /)", count(required, required), "How often a value is there."),
    native!("clear(self, /)", clear(required), "Removes all items."),
    native!("extend(self, iterable, /)", extend(required, required), "Adds items at the end."),
    native!("frombytes(self, buffer, /)", frombytes(required, required), "Adds the items that some bytes are."),
    native!("fromfile(self, file, n, /)", fromfile(required, required, required), "Adds items read from a file."),
    native!("fromlist(self, list, /)", fromlist(required, required), "Adds the items of a list, or none."),
    native!("fromunicode(self, text, /)", fromunicode(required, required), "Adds the characters of a str."),
    native!(
        "index(self, value, start=0, stop=None, /)",
        index(required, required, optional, optional),
        "The first index of a value."
    ),
    native!("insert(self, index, value, /)", insert(required, required, required), "Puts an item before an index."),
    native!("pop(self, index=-1, /)", pop(required, optional), "Removes one item and gives it."),
    native!("remove(self, value, /)", remove(required, required), "Removes the first item that equals a value."),
    native!("reverse(self, /)", reverse(required), "Turns the order around."),
    native!("tobytes(self, /)", tobytes(required), "The bytes of all items."),
    native!("tofile(self, file, /)", tofile(required, required), "Writes the bytes of all items to a file."),
    native!("tolist(self, /)", tolist(required), "The items as a list."),
    native!("tounicode(self, /)", tounicode(required), "The characters as a str."),
    native!("typecode(self, /)", typecode(required), "The code of the items.").getter(),
    native!("itemsize(self, /)", itemsize(required), "The bytes of one item.").getter(),
    native!("__copy__(self, /)", copy(required), "An array with the same items."),
    native!("__deepcopy__(self, memo, /)", deepcopy(required, required), "An array with the same items."),
    native!("__reduce_ex__(self, protocol, /)", reduce(required, required), "What it is made of."),
    native!("__len__(self, /)", len(required), "How many items there are."),
    native!("__getitem__(self, key, /)", getitem(required, required), "self[key]"),
    native!("__setitem__(self, key, value, /)", setitem(required, required, required), "self[key] = value"),
    native!("__delitem__(self, key, /)", delitem(required, required), "del self[key]"),
    native!("__contains__(self, value, /)", contains(required, required), "Whether a value is there."),
    native!("__iter__(self, /)", iter(required), "The items in order."),
    native!("__repr__(self, /)", repr(required), "The code and the items."),
    native!("__eq__(self, other, /)", equal(required, required), "self == other"),
    native!("__ne__(self, other, /)", not_equal(required, required), "self != other"),
    native!("__lt__(self, other, /)", less(required, required), "self < other"),
    native!("__le__(self, other, /)", less_equal(required, required), "self <= other"),
    native!("__gt__(self, other, /)", greater(required, required), "self > other"),
    native!("__ge__(self, other, /)", greater_equal(required, required), "self >= other"),
    native!("__add__(self, other, /)", add(required, required), "self + other"),
    native!("__iadd__(self, other, /)", iadd(required, required), "self += other"),
    native!("__mul__(self, times, /)", mul(required, required), "self * times"),
    native!("__rmul__(self, times, /)", mul(required, required), "times * self"),
    native!("__imul__(self, times, /)", imul(required, required), "self *= times"),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_array", &[]);
    ARRAY.with(|class| {
        class.namespace.set_str(&symbols().hash, Value::None);
        crate::builtins::add_rows(class, generic_alias::SUBSCRIPTION);
        crate::builtins::add_rows(class, memoryview::BUFFER);
        class.changed();
        module.set("array", Value::Class(class.clone()));
    });
    module.set("typecodes", Value::str(CODES));
    Ok(module)
}
