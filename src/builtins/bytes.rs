//! bytes: what is its own; the rest it shares with bytearray in `byte_string`.

use super::byte_string::{expect_bytes, from_hex, has_bytes, make};
use crate::native;
use crate::value::str_repr::repr_bytes;
use crate::value::{Bytes, Class, Gc, Native, Result, Str, Value, bytes, symbols, types};
use crate::vm::Vm;

fn new(
    vm: &mut Vm,
    class: &Class,
    source: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
) -> Result<Value> {
    if let (Some(Value::Bytes(data)), None, None) = (source, encoding, errors) {
        return Ok(super::wrap(class, &types().bytes, Value::Bytes(data.clone())));
    }
    if let (Some(source), None, None) = (source, encoding, errors)
        && class.same(&types().bytes)
        && has_bytes(source)
        && let Some(result) = vm.call_special(source, &symbols().bytes, &[])
    {
        // What the method gives may be of a class derived from bytes.
        return expect_bytes(result?);
    }
    let data = make(vm, "bytes", source, encoding, errors)?;
    Ok(super::wrap(class, &types().bytes, bytes::new(data)))
}

fn fromhex(vm: &mut Vm, class: &Class, text: &Str) -> Result<Value> {
    let data = bytes::new(from_hex(text)?);
    if class.same(&types().bytes) { Ok(data) } else { vm.call(&Value::Class(class.clone()), &[data]) }
}

fn repr(_: &mut Vm, this: &Gc<Bytes>) -> Str {
    repr_bytes(&this.data)
}

fn hash(_: &mut Vm, this: &Gc<Bytes>) -> i64 {
    this.hash() as i64
}

fn to_bytes(_: &mut Vm, this: &Gc<Bytes>) -> Value {
    Value::Bytes(this.clone())
}

fn get_new_arguments(_: &mut Vm, this: &Gc<Bytes>) -> Value {
    Value::tuple(vec![Value::Bytes(this.clone())])
}

/// The rows of this file, part of the methods of bytes.
pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, source=b'', encoding='utf-8', errors='strict')",
        new(required, optional, optional, optional),
        "Bytes of an iterable of ints, of a str and its encoding, of bytes, or so many zeros."
    )
    .static_method(),
    native!("__repr__(self, /)", repr(required), "The literal that gives these bytes."),
    native!("__hash__(self, /)", hash(required), "The hash of the bytes."),
    native!("__bytes__(self, /)", to_bytes(required), "The bytes themselves."),
    native!("__getnewargs__(self, /)", get_new_arguments(required), "The arguments that make a copy."),
    native!("fromhex(cls, string, /)", fromhex(required, required), "Bytes of hexadecimal digits.").class_method(),
];
