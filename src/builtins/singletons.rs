//! None, NotImplemented and Ellipsis: objects with next to nothing in them.

use crate::native;
use crate::value::{Native, Value};
use crate::vm::Vm;

fn none_new(_: &mut Vm, _: &Value) -> Value {
    Value::None
}

fn none_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("None")
}

fn none_bool(_: &mut Vm, _: &Value) -> bool {
    false
}

pub const NONE_METHODS: &[Native] = &[
    native!("__new__(cls, /)", none_new(required), "None.").static_method(),
    native!("__repr__(self, /)", none_repr(required), "Return repr(self)."),
    native!("__bool__(self, /)", none_bool(required), "True if self else False"),
];

fn not_implemented_new(_: &mut Vm, _: &Value) -> Value {
    Value::NotImplemented
}

fn not_implemented_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("NotImplemented")
}

pub const NOT_IMPLEMENTED_METHODS: &[Native] = &[
    native!("__new__(cls, /)", not_implemented_new(required), "NotImplemented.").static_method(),
    native!("__repr__(self, /)", not_implemented_repr(required), "Return repr(self)."),
];

fn ellipsis_new(_: &mut Vm, _: &Value) -> Value {
    Value::Ellipsis
}

fn ellipsis_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("Ellipsis")
}

pub const ELLIPSIS_METHODS: &[Native] = &[
    native!("__new__(cls, /)", ellipsis_new(required), "Ellipsis.").static_method(),
    native!("__repr__(self, /)", ellipsis_repr(required), "Return repr(self)."),
];
