//! Type parameters of `def f[T]`, `class C[T]` and `type Name = ...`: objects of the library's `typing`.

use super::loader;
use crate::bytecode::Intrinsic;
use crate::value::{Raised, Result, Str, Value};
use crate::vm::Vm;

/// What an instruction for type parameters makes of its operands.
pub fn make(vm: &mut Vm, function: Intrinsic, operands: &[Value]) -> Result<Value> {
    let typing = loader::import_absolute(vm, "typing")?;
    let operand = |index: usize| operands.get(index).cloned().unwrap_or_default();
    match function {
        // Name, the functions that work out bound and default, whether the bound lists constraints.
        Intrinsic::TypeVar => {
            let class = vm.get_attribute(&typing, &Str::intern("TypeVar"))?;
            call(vm, &typing, "_make_parameter", &[class, operand(0), operand(1), operand(2), operand(3)])
        }
        Intrinsic::TypeVarTuple | Intrinsic::ParamSpec => {
            let name = if function == Intrinsic::ParamSpec { "ParamSpec" } else { "TypeVarTuple" };
            let class = vm.get_attribute(&typing, &Str::intern(name))?;
            call(vm, &typing, "_make_parameter", &[class, operand(0), Value::None, Value::Bool(false), operand(1)])
        }
        Intrinsic::TypeAlias => {
            // Name, type parameters, and the function that works the value out.
            call(vm, &typing, "_make_type_alias", &[operand(0), operand(2), operand(1)])
        }
        Intrinsic::SubscriptGeneric => call(vm, &typing, "_subscript_generic", &[operand(0)]),
        _ => Err(Raised::system_error("this instruction makes no type parameter")),
    }
}

fn call(vm: &mut Vm, typing: &Value, name: &str, arguments: &[Value]) -> Result<Value> {
    let function = vm.get_attribute(typing, &Str::intern(name))?;
    vm.call(&function, arguments)
}
