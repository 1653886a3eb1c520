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
        Intrinsic::TypeVar => {
            let mut arguments = vec![operand(0)];
            let mut named = vec![("infer_variance", Value::Bool(true))];
            match operand(1) {
                Value::Tuple(constraints) => arguments.extend_from_slice(constraints.items()),
                Value::None | Value::Unbound => {}
                bound => named.push(("bound", bound)),
            }
            call(vm, &typing, "TypeVar", arguments, named, operand(2))
        }
        Intrinsic::TypeVarTuple => call(vm, &typing, "TypeVarTuple", vec![operand(0)], Vec::new(), operand(1)),
        Intrinsic::ParamSpec => call(vm, &typing, "ParamSpec", vec![operand(0)], Vec::new(), operand(1)),
        Intrinsic::TypeAlias => {
            // Name, type parameters, and the function that works the value out.
            let arguments = vec![operand(0), operand(2), operand(1)];
            call(vm, &typing, "_make_type_alias", arguments, Vec::new(), Value::Unbound)
        }
        Intrinsic::SubscriptGeneric => {
            call(vm, &typing, "_subscript_generic", vec![operand(0)], Vec::new(), Value::Unbound)
        }
        _ => Err(Raised::system_error("this instruction makes no type parameter")),
    }
}

fn call(
    vm: &mut Vm,
    typing: &Value,
    class: &str,
    mut arguments: Vec<Value>,
    mut named: Vec<(&str, Value)>,
    default: Value,
) -> Result<Value> {
    if let Some(default) = default.bound() {
        named.push(("default", default));
    }
    let names: Vec<Str> = named.iter().map(|(name, _)| Str::intern(name)).collect();
    arguments.extend(named.into_iter().map(|(_, value)| value));
    let class = vm.get_attribute(typing, &Str::intern(class))?;
    vm.call_with_keywords(&class, &arguments, &names)
}
