//! The builtin types and functions: one file each, their methods as tables of rows.

pub mod arguments;
pub mod byte_search;
pub mod byte_string;
pub mod bytearray;
pub mod bytes;
pub mod codec;
pub mod dict;
pub mod dict_views;
pub mod iterators;
pub mod list;
pub mod percent_format;
pub mod range;
pub mod sequence;
pub mod set;
pub mod slice;
pub mod sort;
pub mod str;
pub mod str_case;
pub mod str_format;
pub mod str_search;
pub mod tuple;

use crate::value::instance::BaseValue;
use crate::value::{Class, Instance, Value};

/// What `__new__` of a builtin type gives: the value itself, or for a class derived from the type an
/// instance of that class around it.
pub fn wrap(class: &Class, base: &Class, value: Value) -> Value {
    if class.same(base) {
        return value;
    }
    Value::Instance(Instance::with_payload(class.clone(), BaseValue(value)))
}
