//! `mappingproxy`: a read-only view of a mapping, such as the `__dict__` of a class.

use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::{Class, Instance, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::{Comparison, Vm};

/// The mapping behind the view.
pub struct MappingProxy(pub Value);

impl Payload for MappingProxy {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

/// A view of a mapping.
pub fn proxy(mapping: Value) -> Value {
    Value::Instance(Instance::with_payload(types().mappingproxy.clone(), MappingProxy(mapping)))
}

fn mapping(this: &Value) -> Result<&Value> {
    this.payload::<MappingProxy>()
        .map(|proxy| &proxy.0)
        .ok_or_else(|| Raised::type_error(format!("a mappingproxy is needed, not '{}'", this.type_name())))
}

fn new(_: &mut Vm, class: &Class, mapping: &Value) -> Result<Value> {
    let is_mapping = !matches!(mapping.native(), Value::List(_) | Value::Tuple(_) | Value::Str(_))
        && mapping.class().lookup(&symbols().getitem).is_some();
    if !is_mapping {
        let kind = mapping.type_name();
        return Err(Raised::type_error(format!("mappingproxy() argument must be a mapping, not {kind}")));
    }
    Ok(Value::Instance(Instance::with_payload(class.clone(), MappingProxy(mapping.clone()))))
}

fn get_item(vm: &mut Vm, this: &Value, key: &Value) -> Result<Value> {
    vm.get_item(mapping(this)?, key)
}

fn contains(vm: &mut Vm, this: &Value, key: &Value) -> Result<bool> {
    vm.contains(mapping(this)?, key)
}

fn len(vm: &mut Vm, this: &Value) -> Result<usize> {
    vm.length(mapping(this)?)
}

fn iter(vm: &mut Vm, this: &Value) -> Result<Value> {
    vm.iterate(mapping(this)?)
}

fn delegate(vm: &mut Vm, this: &Value, name: &str, arguments: &[Value]) -> Result<Value> {
    vm.call_method(mapping(this)?, &Str::intern(name), arguments)
}

fn get(vm: &mut Vm, this: &Value, key: Value, default: Option<&Value>) -> Result<Value> {
    delegate(vm, this, "get", &[key, default.cloned().unwrap_or(Value::None)])
}

fn keys(vm: &mut Vm, this: &Value) -> Result<Value> {
    delegate(vm, this, "keys", &[])
}

fn values(vm: &mut Vm, this: &Value) -> Result<Value> {
    delegate(vm, this, "values", &[])
}

fn items(vm: &mut Vm, this: &Value) -> Result<Value> {
    delegate(vm, this, "items", &[])
}

fn copy(vm: &mut Vm, this: &Value) -> Result<Value> {
    delegate(vm, this, "copy", &[])
}

fn reversed(vm: &mut Vm, this: &Value) -> Result<Value> {
    delegate(vm, this, "__reversed__", &[])
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    Ok(format!("mappingproxy({})", vm.repr(mapping(this)?)?).into())
}

fn str(vm: &mut Vm, this: &Value) -> Result<Str> {
    vm.str(mapping(this)?)
}

/// The mapping behind a view, or the value itself.
fn inside(value: &Value) -> &Value {
    value.payload::<MappingProxy>().map_or(value, |proxy| &proxy.0)
}

fn eq(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    vm.compare(Comparison::Equal, mapping(this)?, inside(other))
}

fn or(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    vm.binary(Operator::BitOr, inside(this), inside(other))
}

fn reflected_or(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    vm.binary(Operator::BitOr, inside(other), inside(this))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, mapping, /)", new(required, required), "Create and return a new object.").static_method(),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__contains__(self, key, /)", contains(required, required), "Return bool(key in self)."),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "An iterator over the keys, backwards."),
    native!(
        "get(self, key, default=None, /)",
        get(required, required, optional),
        "The value of a key, or the default."
    ),
    native!("keys(self, /)", keys(required), "A view of the keys."),
    native!("values(self, /)", values(required), "A view of the values."),
    native!("items(self, /)", items(required), "A view of the pairs."),
    native!("copy(self, /)", copy(required), "A copy of the mapping."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__str__(self, /)", str(required), "Return str(self)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", reflected_or(required, required), "Return value|self."),
];
