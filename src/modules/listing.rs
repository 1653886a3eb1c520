//! `_dis`: the instructions of a code object as text, for the module `dis`.

use super::native_module;
use crate::bytecode::disassemble::disassemble;
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

fn listing(_: &mut Vm, code: &Value) -> Result<String> {
    match code {
        Value::Code(code) => Ok(disassemble(&code.code)),
        other => Err(Raised::type_error(format!("a code object is needed, not '{}'", other.type_name()))),
    }
}

const FUNCTIONS: &[Native] = &[native!(
    "listing(code, /)",
    listing(required),
    "A line for each instruction, and the same for the code inside, as `asy dis` prints them."
)];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_dis", FUNCTIONS))
}
