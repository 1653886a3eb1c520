//! `property`. The VM reads through one directly; the rows here serve explicit calls and subclasses.

use std::cell::Cell;

use crate::native;
use crate::value::descriptor::Property;
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

fn property(this: &Value) -> Result<&Property> {
    this.payload::<Property>()
        .ok_or_else(|| Raised::type_error(format!("a property is needed, not '{}'", this.type_name())))
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let none = || Mutable::new(Value::None);
    let property = Property {
        getter: none(),
        setter: none(),
        deleter: none(),
        doc: none(),
        doc_is_of_getter: Cell::new(false),
        name: Mutable::new(Value::Unbound),
    };
    Value::Instance(Instance::with_payload(class.clone(), property))
}

fn init(
    vm: &mut Vm,
    this: &Value,
    getter: Option<&Value>,
    setter: Option<&Value>,
    deleter: Option<&Value>,
    doc: Option<&Value>,
) -> Result<()> {
    let property = property(this)?;
    let part = |value: Option<&Value>| value.cloned().unwrap_or(Value::None);
    property.getter.set(part(getter));
    property.setter.set(part(setter));
    property.deleter.set(part(deleter));
    let mut doc = part(doc);
    let mut is_of_getter = false;
    if doc.is_none() && !property.getter.get().is_none() {
        doc = vm.get_attribute_if_any(&property.getter.get(), &symbols().doc)?.unwrap_or(Value::None);
        is_of_getter = !doc.is_none();
    }
    property.doc_is_of_getter.set(is_of_getter);
    property.doc.set(doc.clone());
    // The docstring of a derived class would hide that of the property.
    if !this.class().same(&types().property)
        && let Err(raised) = vm.set_attribute(this, &symbols().doc, doc)
        && (is_of_getter || !raised.is_a(&types().attribute_error))
    {
        return Err(raised);
    }
    Ok(())
}

/// A property of the same class with one part replaced.
fn with_parts(vm: &mut Vm, this: &Value, getter: Value, setter: Value, deleter: Value) -> Result<Value> {
    let old = property(this)?;
    // A docstring taken from a getter is taken again from the getter there is now.
    let doc = if old.doc_is_of_getter.get() && !getter.is_none() { Value::None } else { old.doc.get() };
    let name = old.name.get();
    let copy = vm.call(&Value::Class(this.class()), &[getter, setter, deleter, doc])?;
    if let Some(property) = copy.payload::<Property>() {
        property.name.set(name);
    }
    Ok(copy)
}

fn getter(vm: &mut Vm, this: &Value, function: Value) -> Result<Value> {
    let old = property(this)?;
    with_parts(vm, this, function, old.setter.get(), old.deleter.get())
}

fn setter(vm: &mut Vm, this: &Value, function: Value) -> Result<Value> {
    let old = property(this)?;
    with_parts(vm, this, old.getter.get(), function, old.deleter.get())
}

fn deleter(vm: &mut Vm, this: &Value, function: Value) -> Result<Value> {
    let old = property(this)?;
    with_parts(vm, this, old.getter.get(), old.setter.get(), function)
}

/// The AttributeError for a part that is missing: "getter", "setter" or "deleter".
#[cold]
pub fn missing_part(vm: &mut Vm, property: &Property, owner: &Value, part: &str) -> Raised {
    let owner = owner.class().qualified_name.get();
    let name = property.name.get();
    let text = match name.is_unbound() {
        true => Ok(None),
        false => vm.repr(&name).map(Some),
    };
    match text {
        Ok(None) => Raised::attribute_error(format!("property of '{owner}' object has no {part}")),
        Ok(Some(name)) => Raised::attribute_error(format!("property {name} of '{owner}' object has no {part}")),
        Err(raised) => raised,
    }
}

fn get(vm: &mut Vm, this: &Value, instance: &Value, _owner: Option<&Value>) -> Result<Value> {
    if instance.is_none() {
        return Ok(this.clone());
    }
    let property = property(this)?;
    match property.getter.get() {
        Value::None => Err(missing_part(vm, property, instance, "getter")),
        getter => vm.call(&getter, std::slice::from_ref(instance)),
    }
}

fn set(vm: &mut Vm, this: &Value, instance: &Value, value: Value) -> Result<()> {
    let property = property(this)?;
    match property.setter.get() {
        Value::None => Err(missing_part(vm, property, instance, "setter")),
        setter => vm.call(&setter, &[instance.clone(), value]).map(|_| ()),
    }
}

fn delete(vm: &mut Vm, this: &Value, instance: &Value) -> Result<()> {
    let property = property(this)?;
    match property.deleter.get() {
        Value::None => Err(missing_part(vm, property, instance, "deleter")),
        deleter => vm.call(&deleter, std::slice::from_ref(instance)).map(|_| ()),
    }
}

fn set_name(_: &mut Vm, this: &Value, arguments: &[Value]) -> Result<()> {
    let [_owner, name] = arguments else {
        let given = arguments.len();
        return Err(Raised::type_error(format!("__set_name__() takes 2 positional arguments but {given} were given")));
    };
    property(this)?.name.set(name.clone());
    Ok(())
}

fn fget(_: &mut Vm, this: &Value) -> Result<Value> {
    property(this).map(|property| property.getter.get())
}

fn fset(_: &mut Vm, this: &Value) -> Result<Value> {
    property(this).map(|property| property.setter.get())
}

fn fdel(_: &mut Vm, this: &Value) -> Result<Value> {
    property(this).map(|property| property.deleter.get())
}

fn doc(_: &mut Vm, this: &Value) -> Result<Value> {
    property(this).map(|property| property.doc.get())
}

fn name(vm: &mut Vm, this: &Value) -> Result<Value> {
    let property = property(this)?;
    match property.name.get() {
        Value::Unbound => match vm.get_attribute_if_any(&property.getter.get(), &symbols().name)? {
            Some(name) => Ok(name),
            None => Err(Raised::attribute_error(format!("'{}' object has no attribute '__name__'", this.type_name()))),
        },
        name => Ok(name),
    }
}

fn is_abstract(vm: &mut Vm, this: &Value) -> Result<bool> {
    let property = property(this)?;
    for part in [property.getter.get(), property.setter.get(), property.deleter.get()] {
        if let Some(answer) = vm.get_attribute_if_any(&part, &symbols().isabstractmethod)?
            && vm.truth(&answer)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sets `__doc__` or `__name__`, the parts of a property that can be set. False for any other name.
pub fn set_property_attribute(property: &Property, name: &Str, value: Option<Value>) -> bool {
    if name.same(&symbols().doc) {
        property.doc.set(value.unwrap_or(Value::None));
        return true;
    }
    if name.same(&symbols().name) {
        property.name.set(value.unwrap_or_default());
        return true;
    }
    false
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Create and return a new object.")
        .static_method(),
    native!(
        "__init__(self, fget=None, fset=None, fdel=None, doc=None)",
        init(required, optional, optional, optional, optional),
        "Initialize self."
    ),
    native!("getter(self, function, /)", getter(required, required), "A property with another function for reading."),
    native!("setter(self, function, /)", setter(required, required), "A property with another function for setting."),
    native!(
        "deleter(self, function, /)",
        deleter(required, required),
        "A property with another function for deleting."
    ),
    native!(
        "__get__(self, instance, owner=None, /)",
        get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!(
        "__set__(self, instance, value, /)",
        set(required, required, required),
        "Set an attribute of instance to value."
    ),
    native!("__delete__(self, instance, /)", delete(required, required), "Delete an attribute of instance."),
    native!("__set_name__(self, /, *args)", set_name(required, rest), "Tells the property its name."),
    native!("fget(self, /)", fget(required), "The function for reading.").member(),
    native!("fset(self, /)", fset(required), "The function for setting.").member(),
    native!("fdel(self, /)", fdel(required), "The function for deleting.").member(),
    native!("__doc__(self, /)", doc(required), "The docstring.").getter(),
    native!("__name__(self, /)", name(required), "The name of the attribute.").getter(),
    native!("__isabstractmethod__(self, /)", is_abstract(required), "Whether a part of it is abstract.").getter(),
];
