//! The methods of bool that are not those of int.

use super::int::check_new;
use crate::bytecode::Operator;
use crate::native;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Native, Result, Value, arithmetic, types};
use crate::vm::Vm;

/// An argument that must be True or False.
struct Truth(bool);

impl<'a> FromArgument<'a> for Truth {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value {
            Value::Bool(truth) => Ok(Truth(*truth)),
            _ => Err(Mismatch::Expected("bool")),
        }
    }
}

fn new(vm: &mut Vm, class: &Class, value: Option<&Value>) -> Result<bool> {
    check_new(class, &types().bool)?;
    value.map_or(Ok(false), |value| vm.truth(value))
}

fn repr(_: &mut Vm, this: Truth) -> &'static str {
    if this.0 { "True" } else { "False" }
}

/// A bool of two bools, an int of a bool and an int.
fn operate(operator: Operator, this: bool, other: &Value) -> Result<Value> {
    match other.native() {
        other @ (Value::Bool(_) | Value::Int(_) | Value::BigInt(_)) => {
            arithmetic::binary(operator, &Value::Bool(this), other).unwrap_or(Ok(Value::NotImplemented))
        }
        _ => Ok(Value::NotImplemented),
    }
}

fn and(_: &mut Vm, this: Truth, other: &Value) -> Result<Value> {
    operate(Operator::BitAnd, this.0, other)
}

fn or(_: &mut Vm, this: Truth, other: &Value) -> Result<Value> {
    operate(Operator::BitOr, this.0, other)
}

fn xor(_: &mut Vm, this: Truth, other: &Value) -> Result<Value> {
    operate(Operator::BitXor, this.0, other)
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, object=False, /)", new(required, optional), "The truth of an object.").static_method(),
    native!("__repr__(self, /)", repr(required), "True or False."),
    native!("__and__(self, value, /)", and(required, required), "self & value"),
    native!("__rand__(self, value, /)", and(required, required), "value & self"),
    native!("__or__(self, value, /)", or(required, required), "self | value"),
    native!("__ror__(self, value, /)", or(required, required), "value | self"),
    native!("__xor__(self, value, /)", xor(required, required), "self ^ value"),
    native!("__rxor__(self, value, /)", xor(required, required), "value ^ self"),
];
