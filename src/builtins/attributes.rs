//! Setting and deleting the attributes that are parts of builtin objects: `function.__name__`,
//! `class.__bases__`, `exception.args`, `instance.__class__`.
//!
//! The VM asks here before it takes the ordinary way. The answer is whether the attribute was one of
//! these; a value of None (not the script's None) stands for deleting.

use super::{exceptions, function, property};
use crate::value::descriptor::Property;
use crate::value::{
    CellObject, Class, Coroutine, Dict, Future, Gc, Instance, Module, Raised, Result, Str, Value, symbols, types,
};
use crate::vm::{self, Vm};

/// As `set_builtin_attribute`, in the form of the VM's hook.
pub fn set(vm: &mut Vm, object: &Value, name: &Str, value: Option<Value>) -> Option<Result<()>> {
    match set_builtin_attribute(vm, object, name, value) {
        Ok(true) => Some(Ok(())),
        Ok(false) => None,
        Err(raised) => Some(Err(raised)),
    }
}

/// Sets or deletes a part of a builtin object. False: the name is an ordinary attribute.
pub fn set_builtin_attribute(vm: &mut Vm, object: &Value, name: &Str, value: Option<Value>) -> Result<bool> {
    match object {
        Value::Instance(_) if super::traceback::set_traceback_attribute(object, name, value.as_ref())? => Ok(true),
        Value::Instance(instance) => set_instance_attribute(instance, name, value),
        Value::Function(function) => function::set_function_attribute(vm, function, name, value),
        Value::Class(class) => set_class_attribute(vm, class, name, value),
        Value::Exception(exception) => exceptions::set_exception_attribute(vm, exception, name, value),
        Value::Coroutine(coroutine) => set_coroutine_attribute(coroutine, name, value),
        Value::Cell(cell) => set_cell_attribute(cell, name, value),
        Value::Future(future) => set_future_attribute(future, object, name, value),
        Value::Task(task) => set_future_attribute(&task.future, object, name, value),
        Value::Module(module) => set_module_attribute(module, name, value),
        _ if name.same(&symbols().class) => new_class_of(&object.class(), value).map(|_| true),
        _ => Ok(false),
    }
}

/// What a `__dict__` is set to; without a value, an empty dict.
pub(super) fn new_dictionary(value: Option<Value>) -> Result<Gc<Dict>> {
    let Some(new) = value else { return Ok(Gc::new(Dict::new())) };
    match new.native() {
        Value::Dict(dict) => Ok(dict.clone()),
        _ => {
            let kind = new.type_name();
            Err(Raised::type_error(format!("__dict__ must be set to a dictionary, not a '{kind}'")))
        }
    }
}

/// Checks `object.__class__ = value`: the new class must lay out its instances as the old one does.
fn new_class_of(old: &Class, value: Option<Value>) -> Result<Class> {
    let new = match value {
        None => return Err(Raised::type_error("can't delete __class__ attribute")),
        Some(Value::Class(new)) => new,
        Some(other) => {
            let kind = other.type_name();
            return Err(Raised::type_error(format!("__class__ must be set to a class, not '{kind}' object")));
        }
    };
    let module = &types().module;
    let is_for_modules = old.is_subclass(module) && new.is_subclass(module);
    if !is_for_modules && (old.is_builtin() || new.is_builtin()) {
        return Err(Raised::type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    }
    if !is_for_modules && !vm::same_layout(old, &new) {
        return Err(Raised::type_error(format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.name(),
            old.name()
        )));
    }
    Ok(new)
}

fn set_module_attribute(module: &Gc<Module>, name: &Str, value: Option<Value>) -> Result<bool> {
    let names = symbols();
    if name.same(&names.dict) {
        return Err(Raised::attribute_error("readonly attribute"));
    }
    if name.same(&names.class) {
        module.set_class(new_class_of(&module.class(), value)?);
        return Ok(true);
    }
    // A class derived from `module` may have descriptors; these two are the module's own.
    let is_part = name.same(&names.doc) || name.same(&names.annotations);
    match value {
        Some(value) if is_part => module.globals.set_str(name, value),
        None if is_part => {
            module.globals.remove_str(name).ok_or_else(|| Raised::attribute_error(&**name))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_instance_attribute(instance: &Gc<Instance>, name: &Str, value: Option<Value>) -> Result<bool> {
    let names = symbols();
    if name.same(&names.dict) && instance.class_ref().has_dictionary.get() {
        if value.is_none() && instance.class_ref().owner(name).is_some_and(|owner| owner.is_builtin()) {
            return Err(Raised::type_error("cannot delete __dict__"));
        }
        instance.set_dictionary(new_dictionary(value)?);
        return Ok(true);
    }
    if name.same(&names.class) {
        // A class of the script may have an attribute of its own under this name.
        if !matches!(instance.class_ref().lookup(name), None | Some(Value::Native(_))) {
            return Ok(false);
        }
        let class = new_class_of(instance.class_ref(), value)?;
        instance.set_class(class);
        return Ok(true);
    }
    Ok(match instance.payload::<Property>() {
        Some(property) => property::set_property_attribute(property, name, value),
        None => false,
    })
}

fn set_future_attribute(future: &Future, object: &Value, name: &Str, value: Option<Value>) -> Result<bool> {
    if name.same(&symbols().class) {
        new_class_of(&future.class(), value)?;
        let kind = object.type_name();
        return Err(Raised::type_error(format!("__class__ assignment: not possible for '{kind}' objects")));
    }
    Ok(false)
}

fn set_coroutine_attribute(coroutine: &Gc<Coroutine>, name: &Str, value: Option<Value>) -> Result<bool> {
    let names = symbols();
    let is_name = name.same(&names.name);
    if !is_name && !name.same(&names.qualname) {
        return Ok(false);
    }
    let Some(text) = value.as_ref().and_then(Value::as_str) else {
        return Err(Raised::type_error(format!("{name} must be set to a string object")));
    };
    if is_name {
        coroutine.set_names(text.clone(), coroutine.qualified_name());
    } else {
        coroutine.set_names(coroutine.name(), text.clone());
    }
    Ok(true)
}

fn set_cell_attribute(cell: &Gc<CellObject>, name: &Str, value: Option<Value>) -> Result<bool> {
    if &**name != "cell_contents" {
        return Ok(false);
    }
    cell.contents.set(value.unwrap_or_default());
    Ok(true)
}

/// Sets or deletes an attribute of a class that is a part of it. False: it belongs into its namespace,
/// which can be changed.
pub fn set_class_attribute(vm: &mut Vm, class: &Class, name: &Str, value: Option<Value>) -> Result<bool> {
    if class.is_builtin() {
        let verb = if value.is_some() { "set" } else { "delete" };
        return Err(Raised::type_error(format!(
            "cannot {verb} '{name}' attribute of immutable type '{}'",
            class.name()
        )));
    }
    match &**name {
        "__name__" | "__qualname__" | "__bases__" | "__doc__" | "__module__" | "__type_params__" if value.is_none() => {
            Err(Raised::type_error(format!("cannot delete '{name}' attribute of immutable type '{}'", class.name())))
        }
        "__name__" | "__qualname__" => {
            let value = value.unwrap_or_default();
            let Some(text) = value.as_str() else {
                return Err(Raised::type_error(format!(
                    "can only assign string to {}.{name}, not '{}'",
                    class.name(),
                    value.type_name()
                )));
            };
            if &**name == "__name__" {
                super::type_object::check_name(vm, text)?;
                class.set_name(text.interned());
            } else {
                class.qualified_name.set(text.clone());
            }
            Ok(true)
        }
        "__bases__" => {
            let bases = checked_bases(class, &value.unwrap_or_default())?;
            vm.set_bases(class, bases)?;
            Ok(true)
        }
        "__dict__" | "__mro__" | "__base__" => {
            Err(Raised::attribute_error(format!("attribute '{name}' of 'type' objects is not writable")))
        }
        // These are attributes of `type` too, and of the class all the same.
        "__module__" | "__doc__" | "__annotations__" | "__type_params__" | "__abstractmethods__" => {
            match value {
                Some(value) => {
                    if &**name == "__module__" {
                        class.remove(&Str::intern("__firstlineno__"));
                    }
                    class.set(name, value);
                }
                None if &**name == "__type_params__" => {
                    return Err(Raised::type_error(format!(
                        "cannot delete '{name}' attribute of immutable type '{}'",
                        class.name()
                    )));
                }
                None => {
                    if class.remove(name).is_none() {
                        return Err(Raised::attribute_error(&**name));
                    }
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Whether a class is reached from another by bases, whatever the search orders say at the moment.
fn derives_from(class: &Class, ancestor: &Class) -> bool {
    let mut open = vec![class.clone()];
    let mut seen: Vec<Class> = Vec::new();
    while let Some(class) = open.pop() {
        if class.same(ancestor) {
            return true;
        }
        if !seen.iter().any(|other| other.same(&class)) {
            open.extend(class.bases.get());
            seen.push(class);
        }
    }
    false
}

fn checked_bases(class: &Class, value: &Value) -> Result<Vec<Class>> {
    let name = class.name();
    let Value::Tuple(tuple) = value.native() else {
        return Err(Raised::type_error(format!(
            "can only assign tuple to {name}.__bases__, not {}",
            value.type_name()
        )));
    };
    if tuple.is_empty() {
        return Err(Raised::type_error(format!("can only assign non-empty tuple to {name}.__bases__, not ()")));
    }
    let mut bases = Vec::with_capacity(tuple.len());
    for base in tuple.items() {
        match base {
            Value::Class(base) if base.is_subclass(class) || derives_from(base, class) => {
                return Err(Raised::type_error("a __bases__ item causes an inheritance cycle"));
            }
            Value::Class(base) => bases.push(base.clone()),
            other => {
                let kind = other.type_name();
                return Err(Raised::type_error(format!("{name}.__bases__ must be tuple of classes, not '{kind}'")));
            }
        }
    }
    Ok(bases)
}
