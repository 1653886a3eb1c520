//! `_types`: what the module `types` of the library cannot do by itself.

use super::native_module;
use crate::bytecode::CodeKind;
use crate::native;
use crate::value::{Function, Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

/// Lets the generators of a generator function be awaited.
fn as_awaitable(_: &mut Vm, function: &Gc<Function>) -> Result<Value> {
    if function.code.code.kind != CodeKind::Generator {
        return Err(Raised::type_error("a generator function is needed"));
    }
    function.code.is_awaitable.set(true);
    Ok(Value::Function(function.clone()))
}

const FUNCTIONS: &[Native] = &[native!(
    "as_awaitable(function, /)",
    as_awaitable(required),
    "Lets the generators of a generator function be awaited."
)];

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_types", FUNCTIONS))
}
