//! Names of files as natives take them: str, bytes, or an object with `__fspath__`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::builtins::codec::errors::encode_error;
use crate::memory::surrogate;
use crate::value::{Raised, Result, Str, Value, bytes, symbols};
use crate::vm::Vm;

/// The name of a file for the system, and the value it was given as, which errors show.
pub struct PathArgument {
    pub name: OsString,
    pub value: Value,
}

impl PathArgument {
    /// Whether the names that belong to this one are bytes, too.
    pub fn is_bytes(&self) -> bool {
        matches!(self.value.native(), Value::Bytes(_))
    }
}

/// `os.fspath(value)`: the value itself when it is str or bytes, else what its `__fspath__` gives.
pub fn file_system_path(vm: &mut Vm, value: &Value) -> Result<Value> {
    if matches!(value.native(), Value::Str(_) | Value::Bytes(_)) {
        return Ok(value.clone());
    }
    let Some(path) = vm.call_special(value, &symbols().fspath, &[]) else {
        let kind = value.type_name();
        return Err(Raised::type_error(format!("expected str, bytes or os.PathLike object, not {kind}")));
    };
    let path = path?;
    if matches!(path.native(), Value::Str(_) | Value::Bytes(_)) {
        return Ok(path);
    }
    let (owner, kind) = (value.type_name(), path.type_name());
    Err(Raised::type_error(format!("expected {owner}.__fspath__() to return str or bytes, not {kind}")))
}

/// The name of a file for the system. ValueError when there is a NUL in it.
pub fn path(vm: &mut Vm, value: &Value) -> Result<PathArgument> {
    let value = file_system_path(vm, value)?;
    let name = match value.native() {
        Value::Bytes(bytes) => OsString::from_vec(bytes.data.to_vec()),
        other => {
            let text = other.as_str().cloned().unwrap_or_else(|| Str::new(""));
            let Some(name) = surrogate::system_bytes(&text) else {
                let wrong = |character: char| surrogate::stands_for_one(character);
                let start = text.chars().position(wrong).unwrap_or(0);
                return Err(encode_error("utf-8", &text, start, start + 1, "surrogates not allowed"));
            };
            OsString::from_vec(name)
        }
    };
    if name.as_bytes().contains(&0) {
        return Err(Raised::value_error("embedded null byte"));
    }
    Ok(PathArgument { name, value })
}

/// A name of the system as a value: bytes when asked for, else text, in which surrogates stand for bytes that
/// are not UTF-8.
pub fn name_value(vm: &mut Vm, name: &OsStr, as_bytes: bool) -> Result<Value> {
    if as_bytes {
        return Ok(bytes::new(name.as_bytes()));
    }
    match name.to_str() {
        Some(text) => Ok(Value::str(text)),
        None => crate::builtins::codec::decode(vm, name.as_bytes(), "utf-8", "surrogateescape").map(Value::Str),
    }
}
