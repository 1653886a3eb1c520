//! `_string`: format strings taken apart, for `string.Formatter`.

use super::native_module;
use crate::builtins::str_format::{parse_field, parse_index};
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Str, Value};
use crate::vm::Vm;

/// The parts of a format string: text, and behind it the name, the specification and the conversion of
/// a field, or None three times.
fn formatter_parser(vm: &mut Vm, format: &Value) -> Result<Value> {
    let format = expect_text(format)?;
    let mut parts = Vec::new();
    let mut rest: &str = format;
    while !rest.is_empty() {
        let Some(place) = memchr::memchr2(b'{', b'}', rest.as_bytes()) else {
            parts.push(part(rest, None));
            break;
        };
        let after = &rest[place + 1..];
        let brace = &rest[place..=place];
        if after.starts_with(brace) {
            parts.push(part(&rest[..=place], None));
            rest = &after[1..];
            continue;
        }
        if brace == "}" || after.is_empty() {
            return Err(Raised::value_error(format!("Single '{brace}' encountered in format string")));
        }
        let (field, following) = parse_field(after)?;
        let conversion = field.conversion.map(|conversion| Value::Str(Str::of_char(conversion)));
        let field = (Value::str(field.name), Value::str(field.spec), conversion.into());
        parts.push(part(&rest[..place], Some(field)));
        rest = following;
    }
    vm.iterate(&Value::list(parts))
}

fn part(text: &str, field: Option<(Value, Value, Value)>) -> Value {
    let (name, spec, conversion) = field.unwrap_or((Value::None, Value::None, Value::None));
    Value::tuple(vec![Value::str(text), name, spec, conversion])
}

/// The argument of a field, and the attributes and items that are taken of it.
fn formatter_field_name_split(vm: &mut Vm, name: &Value) -> Result<Value> {
    let name = expect_text(name)?;
    let end = memchr::memchr2(b'.', b'[', name.as_bytes()).unwrap_or(name.len());
    let (first, mut rest) = name.split_at(end);
    let key = |text: &str| -> Result<Value> { Ok(parse_index(text)?.map_or_else(|| Value::str(text), Value::from)) };
    let first = key(first)?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let part;
        if let Some(attribute) = rest.strip_prefix('.') {
            let end = memchr::memchr2(b'.', b'[', attribute.as_bytes()).unwrap_or(attribute.len());
            (part, rest) = attribute.split_at(end);
            parts.push(Value::tuple(vec![Value::Bool(true), Value::str(part)]));
        } else if let Some(item) = rest.strip_prefix('[') {
            let Some(found) = item.split_once(']') else {
                return Err(Raised::value_error("Missing ']' in format string"));
            };
            (part, rest) = found;
            parts.push(Value::tuple(vec![Value::Bool(false), key(part)?]));
        } else {
            return Err(Raised::value_error("Only '.' or '[' may follow ']' in format field specifier"));
        }
        if part.is_empty() {
            return Err(Raised::value_error("Empty attribute in format string"));
        }
    }
    let parts = vm.iterate(&Value::list(parts))?;
    Ok(Value::tuple(vec![first, parts]))
}

fn expect_text(value: &Value) -> Result<&Str> {
    value.as_str().ok_or_else(|| Raised::type_error(format!("expected str, got {}", value.type_name())))
}

const FUNCTIONS: &[Native] = &[
    native!("formatter_parser(format, /)", formatter_parser(required), "The parts of a format string."),
    native!(
        "formatter_field_name_split(name, /)",
        formatter_field_name_split(required),
        "The argument of a field, and what is taken of it."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_string", FUNCTIONS))
}
