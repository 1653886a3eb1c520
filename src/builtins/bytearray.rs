//! bytearray: what changes it; what only reads is in `byte_string`.

use super::byte_string::{byte_of, from_hex, make, of_items, repeated};
use super::slice::{self, Subscript};
use super::str::repetitions;
use crate::memory::StrBuilder;
use crate::native;
use crate::value::bytes::{self, ByteArray, ByteView};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::str_repr::write_repr_bytes;
use crate::value::{Class, Dict, Gc, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// A bytearray and the object it is in.
struct Receiver<'a> {
    value: &'a Value,
    array: &'a ByteArray,
}

impl<'a> FromArgument<'a> for Receiver<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.payload::<ByteArray>() {
            Some(array) => Ok(Receiver { value, array }),
            None => Err(Mismatch::Expected("bytearray")),
        }
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    ByteArray::of_class(class, Vec::new())
}

fn init(
    vm: &mut Vm,
    this: Receiver<'_>,
    source: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
) -> Result<()> {
    let data = make(vm, "bytearray", source, encoding, errors)?;
    *this.array.resize()? = data;
    Ok(())
}

fn fromhex(vm: &mut Vm, class: &Class, text: &Str) -> Result<Value> {
    let data = from_hex(text)?;
    if class.same(&types().bytearray) {
        Ok(bytes::new_array(data))
    } else {
        vm.call(&Value::Class(class.clone()), &[bytes::new(data)])
    }
}

fn repr(_: &mut Vm, this: Receiver<'_>) -> Str {
    let mut out = StrBuilder::new();
    out.push_str(&this.value.type_name());
    out.push('(');
    write_repr_bytes(&this.array.data.borrow(), &mut out);
    out.push(')');
    out.finish()
}

fn append(vm: &mut Vm, this: Receiver<'_>, item: &Value) -> Result<()> {
    let byte = byte_of(vm, item)?;
    this.array.resize()?.push(byte);
    Ok(())
}

fn extend(vm: &mut Vm, this: Receiver<'_>, items: &Value) -> Result<()> {
    let more = match ByteView::of(items) {
        Some(data) => data.to_vec(),
        None if items.as_str().is_some() => {
            return Err(Raised::type_error("expected iterable of integers; got: 'str'"));
        }
        None if vm.special(items, &symbols().iter)?.is_none() && vm.special(items, &symbols().getitem)?.is_none() => {
            return Err(Raised::type_error(format!("can't extend bytearray with {}", items.type_name())));
        }
        None => of_items(vm, items, "byte")?,
    };
    this.array.resize()?.extend_from_slice(&more);
    Ok(())
}

fn insert(vm: &mut Vm, this: Receiver<'_>, index: i64, item: &Value) -> Result<()> {
    let byte = byte_of(vm, item)?;
    let mut data = this.array.resize()?;
    let length = data.len() as i64;
    let place = if index < 0 { index.saturating_add(length).max(0) } else { index.min(length) };
    data.insert(place as usize, byte);
    Ok(())
}

fn pop(_: &mut Vm, this: Receiver<'_>, index: Option<i64>) -> Result<i64> {
    let mut data = this.array.resize()?;
    if data.is_empty() {
        return Err(Raised::index_error("pop from empty bytearray"));
    }
    let place = slice::position(index.unwrap_or(-1), data.len());
    Ok(data.remove(place.ok_or_else(|| Raised::index_error("pop index out of range"))?) as i64)
}

fn remove(vm: &mut Vm, this: Receiver<'_>, item: &Value) -> Result<()> {
    let byte = byte_of(vm, item)?;
    let mut data = this.array.resize()?;
    let place = memchr::memchr(byte, &data).ok_or_else(|| Raised::value_error("value not found in bytearray"))?;
    data.remove(place);
    Ok(())
}

fn reverse(_: &mut Vm, this: Receiver<'_>) {
    this.array.data.borrow_mut().reverse();
}

fn clear(_: &mut Vm, this: Receiver<'_>) -> Result<()> {
    this.array.resize()?.clear();
    Ok(())
}

fn copy(_: &mut Vm, this: Receiver<'_>) -> Value {
    bytes::new_array(this.array.data.get())
}

fn out_of_range() -> Raised {
    Raised::index_error("bytearray index out of range")
}

fn set_item(vm: &mut Vm, this: Receiver<'_>, key: &Value, value: &Value) -> Result<()> {
    match slice::subscript(vm, key, "bytearray")? {
        Subscript::Index(index) => {
            let byte = byte_of(vm, value)?;
            let mut data = this.array.data.borrow_mut();
            let place = slice::position(index, data.len()).ok_or_else(out_of_range)?;
            data[place] = byte;
            Ok(())
        }
        Subscript::Slice(slice) => {
            let new = replacement(vm, value)?;
            let bounds = slice::unpack(vm, slice)?;
            let mut data = this.array.data.borrow_mut();
            let indices = bounds.adjust(data.len());
            if indices.step == 1 && indices.length != new.len() {
                drop(data);
                let mut data = this.array.resize()?;
                let start = indices.start as usize;
                data.splice(start..start + indices.length, new);
                return Ok(());
            }
            if new.is_empty() {
                drop(data);
                return delete_item(vm, this, key);
            }
            if new.len() != indices.length {
                return Err(Raised::value_error(format!(
                    "attempt to assign bytes of size {} to extended slice of size {}",
                    new.len(),
                    indices.length
                )));
            }
            indices.positions().zip(new).for_each(|(place, byte)| data[place] = byte);
            Ok(())
        }
    }
}

/// What is assigned to a slice.
fn replacement(vm: &mut Vm, value: &Value) -> Result<Vec<u8>> {
    if let Some(data) = ByteView::of(value) {
        return Ok(data.to_vec());
    }
    let refused = matches!(value.native(), Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::BigInt(_))
        || vm.special(value, &symbols().iter)?.is_none() && vm.special(value, &symbols().getitem)?.is_none();
    if refused {
        let message = "can assign only bytes, buffers, or iterables of ints in range(0, 256)";
        return Err(Raised::type_error(message));
    }
    of_items(vm, value, "byte")
}

fn delete_item(vm: &mut Vm, this: Receiver<'_>, key: &Value) -> Result<()> {
    match slice::subscript(vm, key, "bytearray")? {
        Subscript::Index(index) => {
            let mut data = this.array.resize()?;
            let place = slice::position(index, data.len()).ok_or_else(out_of_range)?;
            data.remove(place);
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let mut data = this.array.resize()?;
            let mut unwanted = bounds.adjust(data.len()).ascending().positions().peekable();
            let mut place = 0;
            data.retain(|_| {
                place += 1;
                unwanted.next_if_eq(&(place - 1)).is_none()
            });
        }
    }
    Ok(())
}

fn add_in_place(_: &mut Vm, this: Receiver<'_>, other: &Value) -> Result<Value> {
    let Some(more) = ByteView::of(other).map(|data| data.to_vec()) else {
        let message = format!("can't concat {} to {}", other.type_name(), this.value.type_name());
        return Err(Raised::type_error(message));
    };
    let mut data = this.array.resize()?;
    data.try_reserve(more.len()).map_err(|_| Raised::out_of_memory())?;
    data.extend_from_slice(&more);
    Ok(this.value.clone())
}

fn multiply_in_place(vm: &mut Vm, this: Receiver<'_>, count: &Value) -> Result<Value> {
    let count = repetitions(vm, count)?;
    let result = repeated(&this.array.data.borrow(), count)?;
    *this.array.resize()? = result;
    Ok(this.value.clone())
}

/// The rows of this file, part of the methods of bytearray.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "An empty bytearray.").static_method(),
    native!(
        "__init__(self, /, source=b'', encoding='utf-8', errors='strict')",
        init(required, optional, optional, optional),
        "Fills it from an iterable of ints, a str and its encoding, bytes, or with so many zeros."
    ),
    native!("__repr__(self, /)", repr(required), "The call that makes an equal one."),
    native!("fromhex(cls, string, /)", fromhex(required, required), "A bytearray of hexadecimal digits.")
        .class_method(),
    native!("append(self, item, /)", append(required, required), "Adds a byte at the end."),
    native!(
        "extend(self, iterable_of_ints, /)",
        extend(required, required),
        "Adds the bytes of an iterable at the end."
    ),
    native!("insert(self, index, item, /)", insert(required, required, required), "Puts a byte before an index."),
    native!(
        "pop(self, index=-1, /)",
        pop(required, optional),
        "Removes a byte, the last one by default, and gives it."
    ),
    native!("remove(self, value, /)", remove(required, required), "Removes the first byte with this value."),
    native!("reverse(self, /)", reverse(required), "Turns the order round."),
    native!("clear(self, /)", clear(required), "Removes all bytes."),
    native!("copy(self, /)", copy(required), "A copy."),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "self[key] = value"),
    native!("__delitem__(self, key, /)", delete_item(required, required), "del self[key]"),
    native!("__iadd__(self, value, /)", add_in_place(required, required), "self += value"),
    native!("__imul__(self, value, /)", multiply_in_place(required, required), "self *= value"),
];
