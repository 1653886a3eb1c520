//! `f_locals` of a function's frame: its variables as a mapping that can be written to (PEP 667).
//!
//! What reads looks at a dict made of the variables as they are now; what writes changes the variables
//! themselves. Nothing can be removed.

use super::frame;
use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::{Class, Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::{Comparison, Vm};

/// The frame object whose variables it shows.
struct FrameLocals(Value);

impl Payload for FrameLocals {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

/// The variables of a frame object.
pub fn proxy(frame: &Value) -> Value {
    Value::Instance(Instance::with_payload(types().frame_locals.clone(), FrameLocals(frame.clone())))
}

fn frame_of(this: &Value) -> Result<&Value> {
    let frame = this.payload::<FrameLocals>().map(|locals| &locals.0);
    frame.ok_or_else(|| Raised::type_error(format!("a FrameLocalsProxy is needed, not '{}'", this.type_name())))
}

fn now(vm: &mut Vm, this: &Value) -> Result<Value> {
    frame::variables_of(vm, frame_of(this)?)
}

/// What another mapping holds; a proxy is taken as it is now.
fn plain(vm: &mut Vm, value: &Value) -> Result<Value> {
    if value.payload::<FrameLocals>().is_some() { now(vm, value) } else { Ok(value.clone()) }
}

fn new(_: &mut Vm, class: &Class, frame: &Value) -> Result<Value> {
    if !frame.class().same(&types().frame) {
        return Err(Raised::type_error(format!("expect frame, not {}", frame.type_name())));
    }
    Ok(Value::Instance(Instance::with_payload(class.clone(), FrameLocals(frame.clone()))))
}

fn get_item(vm: &mut Vm, this: &Value, key: &Value) -> Result<Value> {
    let now = now(vm, this)?;
    vm.get_item(&now, key)
}

fn set_item(vm: &mut Vm, this: &Value, key: &Value, value: Value) -> Result<()> {
    frame::set_variable(vm, frame_of(this)?, key, value)
}

fn delete_item(_: &mut Vm, _this: &Value, _key: &Value) -> Result<()> {
    Err(Raised::type_error("cannot remove variables from FrameLocalsProxy"))
}

fn contains(vm: &mut Vm, this: &Value, key: &Value) -> Result<bool> {
    let now = now(vm, this)?;
    vm.contains(&now, key)
}

fn length(vm: &mut Vm, this: &Value) -> Result<usize> {
    let now = now(vm, this)?;
    vm.length(&now)
}

fn list_of(vm: &mut Vm, this: &Value, part: &str) -> Result<Value> {
    let now = now(vm, this)?;
    let part = vm.call_method(&now, &Str::intern(part), &[])?;
    vm.collect(&part).map(Value::list)
}

fn iterate(vm: &mut Vm, this: &Value) -> Result<Value> {
    let keys = list_of(vm, this, "keys")?;
    vm.iterate(&keys)
}

fn keys(vm: &mut Vm, this: &Value) -> Result<Value> {
    list_of(vm, this, "keys")
}

fn values(vm: &mut Vm, this: &Value) -> Result<Value> {
    list_of(vm, this, "values")
}

fn items(vm: &mut Vm, this: &Value) -> Result<Value> {
    list_of(vm, this, "items")
}

fn reversed(vm: &mut Vm, this: &Value) -> Result<Value> {
    let now = now(vm, this)?;
    let mut keys = vm.collect(&now)?;
    keys.reverse();
    Ok(Value::list(keys))
}

fn get(vm: &mut Vm, this: &Value, key: Value, default: Option<Value>) -> Result<Value> {
    let now = now(vm, this)?;
    vm.call_method(&now, &Str::intern("get"), &[key, default.unwrap_or(Value::None)])
}

fn set_default(vm: &mut Vm, this: &Value, key: &Value, default: Option<Value>) -> Result<Value> {
    let now = now(vm, this)?;
    if vm.contains(&now, key)? {
        return vm.get_item(&now, key);
    }
    let default = default.unwrap_or(Value::None);
    set_item(vm, this, key, default.clone())?;
    Ok(default)
}

/// Sets a variable for each entry of a mapping.
fn merge(vm: &mut Vm, this: &Value, other: &Value) -> Result<()> {
    let other = plain(vm, other)?;
    let keys = vm.call_method(&other, &Str::intern("keys"), &[])?;
    for key in vm.collect(&keys)? {
        let value = vm.get_item(&other, &key)?;
        set_item(vm, this, &key, value)?;
    }
    Ok(())
}

fn is_mapping(value: &Value) -> bool {
    matches!(value.native(), Value::Dict(_)) || value.payload::<FrameLocals>().is_some()
}

fn update(vm: &mut Vm, this: &Value, other: &Value) -> Result<()> {
    match vm.get_attribute_if_any(other, &Str::intern("keys"))? {
        Some(_) => merge(vm, this, other),
        None => Err(Raised::type_error("update() argument must be dict or another FrameLocalsProxy")),
    }
}

fn copy(vm: &mut Vm, this: &Value) -> Result<Value> {
    now(vm, this)
}

fn or(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    if !is_mapping(other) {
        return Ok(Value::NotImplemented);
    }
    let (now, other) = (now(vm, this)?, plain(vm, other)?);
    vm.binary(Operator::BitOr, &now, &other)
}

fn reflected_or(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    if !is_mapping(other) {
        return Ok(Value::NotImplemented);
    }
    let (now, other) = (now(vm, this)?, plain(vm, other)?);
    vm.binary(Operator::BitOr, &other, &now)
}

fn or_in_place(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    if !is_mapping(other) {
        return Ok(Value::NotImplemented);
    }
    merge(vm, this, other)?;
    Ok(this.clone())
}

fn equal(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    if let Some(locals) = other.payload::<FrameLocals>() {
        return vm.equal(frame_of(this)?, &locals.0).map(Value::Bool);
    }
    if !is_mapping(other) {
        return Ok(Value::NotImplemented);
    }
    let now = now(vm, this)?;
    vm.compare(Comparison::Equal, &now, other)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let now = now(vm, this)?;
    let shown = vm.guard_repr(this, |vm| vm.repr(&now))?;
    Ok(shown.unwrap_or_else(|| Str::new("{...}")))
}

fn reduce(_: &mut Vm, _this: &Value, _protocol: i64) -> Result<Value> {
    Err(Raised::type_error("cannot pickle 'FrameLocalsProxy' object"))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, frame, /)", new(required, required), "The variables of a frame.").static_method(),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "Set self[key] to value."),
    native!("__delitem__(self, key, /)", delete_item(required, required), "Delete self[key]."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__len__(self, /)", length(required), "Return len(self)."),
    native!("__iter__(self, /)", iterate(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "The names from the last to the first."),
    native!("keys(self, /)", keys(required), "A list of the names."),
    native!("values(self, /)", values(required), "A list of the values."),
    native!("items(self, /)", items(required), "A list of the names with their values."),
    native!("get(self, key, default=None, /)", get(required, required, optional), "The value, or a default."),
    native!(
        "setdefault(self, key, default=None, /)",
        set_default(required, required, optional),
        "The value, which is set if there was none."
    ),
    native!("update(self, other, /)", update(required, required), "Sets the variables of a mapping."),
    native!("copy(self, /)", copy(required), "A dict of the variables."),
    native!("__or__(self, other, /)", or(required, required), "Return self|other."),
    native!("__ror__(self, other, /)", reflected_or(required, required), "Return other|self."),
    native!("__ior__(self, other, /)", or_in_place(required, required), "Return self|=other."),
    native!("__eq__(self, other, /)", equal(required, required), "Return self==other."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__reduce_ex__(self, protocol, /)", reduce(required, required), "It cannot be copied."),
];
