//! `_codecs`: encodings as `stdlib/codecs.asy` needs them.

use super::native_module;
use crate::builtins::codec::{self, errors as handlers, stream};
use crate::native;
use crate::value::bytes::ByteView;
use crate::value::{Gc, Module, Native, Raised, Result, Str, Value, bytes};
use crate::vm::Vm;

fn encode(vm: &mut Vm, text: &Str, encoding: &str, errors: &str) -> Result<Value> {
    codec::encode(vm, text, encoding, errors).map(bytes::new)
}

/// The text of bytes and how many of them were used: all, unless more are to come.
fn decode(vm: &mut Vm, data: &Value, encoding: &str, errors: &str, is_final: bool) -> Result<Value> {
    let Some(data) = ByteView::of(data) else {
        let kind = data.type_name();
        return Err(Raised::type_error(format!("a bytes-like object is required, not '{kind}'")));
    };
    let data = data.unborrowed();
    let end = if is_final { data.len() } else { stream::complete_length(codec::canonical_name(encoding)?, &data) };
    let text = codec::decode(vm, &data[..end], encoding, errors)?;
    Ok(Value::tuple(vec![Value::Str(text), Value::from(end)]))
}

fn canonical_name(_: &mut Vm, encoding: &str) -> Result<&'static str> {
    codec::canonical_name(encoding)
}

fn register_error(vm: &mut Vm, name: &str, handler: Value) -> Result<()> {
    if vm.special(&handler, &crate::value::symbols().call)?.is_none()
        && !matches!(handler, Value::Function(_) | Value::Native(_) | Value::Method(_) | Value::Class(_))
    {
        return Err(Raised::type_error("handler must be callable"));
    }
    handlers::register(name, handler);
    Ok(())
}

fn registered_error(_: &mut Vm, name: &str) -> Option<Value> {
    handlers::registered(name)
}

static FUNCTIONS: &[Native] = &[
    native!("encode(text, encoding, errors, /)", encode(required, required, required), "The bytes of a text."),
    native!(
        "decode(data, encoding, errors, final, /)",
        decode(required, required, required, required),
        "The text of bytes, and how many were used."
    ),
    native!("canonical_name(encoding, /)", canonical_name(required), "The usual name of an encoding."),
    native!("register_error(name, handler, /)", register_error(required, required), "Gives a handler a name."),
    native!("registered_error(name, /)", registered_error(required), "The handler a script has given this name."),
];

/// The module `_codecs`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_codecs", FUNCTIONS))
}
