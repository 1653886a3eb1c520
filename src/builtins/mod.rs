//! The builtin types and functions: one file each, their methods as tables of rows.

pub mod arguments;
pub mod dict;
pub mod dict_views;
pub mod iterators;
pub mod list;
pub mod range;
pub mod sequence;
pub mod set;
pub mod slice;
pub mod sort;
pub mod tuple;

use crate::value::instance::BaseValue;
use crate::value::{Class, Instance, Value};

/// What `__new__` of a builtin type gives: the value itself, or for a class derived from the type an
/// instance around it.
pub fn wrap(class: &Class, builtin: &Class, value: Value) -> Value {
    if class.same(builtin) {
        return value;
    }
    Value::Instance(Instance::with_payload(class.clone(), BaseValue(value)))
}
