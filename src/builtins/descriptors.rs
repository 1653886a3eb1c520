//! `classmethod`, `staticmethod` and the descriptors of `__slots__`.

use super::{function, keyword_pairs};
use crate::native;
use crate::value::descriptor::{ClassMethod, Member, StaticMethod};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, NativeFunction, Raised, Result, Str, Value, symbols};
use crate::vm::{self, Vm};

/// The function inside a classmethod or staticmethod.
fn inner(this: &Value) -> Result<Value> {
    if let Some(method) = this.payload::<ClassMethod>() {
        return Ok(method.0.get());
    }
    match this.payload::<StaticMethod>() {
        Some(method) => Ok(method.0.get()),
        None => Err(Raised::type_error(format!("a method object is needed, not '{}'", this.type_name()))),
    }
}

fn class_method_new(_: &mut Vm, class: &Class, arguments: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let function = arguments.first().cloned().unwrap_or(Value::None);
    Value::Instance(Instance::with_payload(class.clone(), ClassMethod(Mutable::new(function))))
}

fn static_method_new(_: &mut Vm, class: &Class, arguments: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let function = arguments.first().cloned().unwrap_or(Value::None);
    Value::Instance(Instance::with_payload(class.clone(), StaticMethod(Mutable::new(function))))
}

fn class_method_init(vm: &mut Vm, this: &Value, function: Value) -> Result<()> {
    if let Some(method) = this.payload::<ClassMethod>() {
        method.0.set(function.clone());
    }
    take_names(vm, this, &function)
}

fn static_method_init(vm: &mut Vm, this: &Value, function: Value) -> Result<()> {
    if let Some(method) = this.payload::<StaticMethod>() {
        method.0.set(function.clone());
    }
    take_names(vm, this, &function)
}

fn class_method_get(_: &mut Vm, this: &Value, instance: &Value, owner: Option<&Value>) -> Result<Value> {
    let receiver = match owner {
        Some(owner) if !owner.is_none() => owner.clone(),
        _ => Value::Class(instance.class()),
    };
    Ok(function::bound(inner(this)?, receiver))
}

fn static_method_get(_: &mut Vm, this: &Value, _: &Value, _: Option<&Value>) -> Result<Value> {
    inner(this)
}

fn static_method_call(vm: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    vm.call_with_pairs(&inner(this)?, arguments, &keyword_pairs(keywords))
}

fn wrapped(_: &mut Vm, this: &Value) -> Result<Value> {
    inner(this)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let kind = if this.payload::<ClassMethod>().is_some() { "classmethod" } else { "staticmethod" };
    let function = vm.repr(&inner(this)?)?;
    Ok(format!("<{kind}({function})>").into())
}

fn is_abstract(vm: &mut Vm, this: &Value) -> Result<bool> {
    match vm.get_attribute_if_any(&inner(this)?, &symbols().isabstractmethod)? {
        Some(answer) => vm.truth(&answer),
        None => Ok(false),
    }
}

/// Takes over what a wrapper of a function shows of it.
fn take_names(vm: &mut Vm, this: &Value, function: &Value) -> Result<()> {
    let names = symbols();
    let Value::Instance(instance) = this else { return Ok(()) };
    for name in [&names.module, &names.name, &names.qualname, &names.doc, &names.annotations] {
        if let Some(value) = vm.get_attribute_if_any(function, name)? {
            instance.set(name, value);
        }
    }
    Ok(())
}

pub const CLASSMETHOD_METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *args, **kwargs)",
        class_method_new(required, rest, keywords),
        "Create and return a new object."
    )
    .static_method(),
    native!("__init__(self, function, /)", class_method_init(required, required), "Initialize self."),
    native!(
        "__get__(self, instance, owner=None, /)",
        class_method_get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__func__(self, /)", wrapped(required), "The function inside.").member(),
    native!("__wrapped__(self, /)", wrapped(required), "The function inside.").member(),
    native!("__isabstractmethod__(self, /)", is_abstract(required), "Whether the function is abstract.").getter(),
];

pub const STATICMETHOD_METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *args, **kwargs)",
        static_method_new(required, rest, keywords),
        "Create and return a new object."
    )
    .static_method(),
    native!("__init__(self, function, /)", static_method_init(required, required), "Initialize self."),
    native!(
        "__get__(self, instance, owner=None, /)",
        static_method_get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!(
        "__call__(self, /, *args, **kwargs)",
        static_method_call(required, rest, keywords),
        "Call self as a function."
    ),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__func__(self, /)", wrapped(required), "The function inside.").member(),
    native!("__wrapped__(self, /)", wrapped(required), "The function inside.").member(),
    native!("__isabstractmethod__(self, /)", is_abstract(required), "Whether the function is abstract.").getter(),
];

// Attributes of builtin kinds, computed when they are read.

/// Sets, or without a value deletes, what a descriptor of a builtin class stands for.
fn change(vm: &mut Vm, getter: &NativeFunction, object: &Value, value: Option<Value>) -> Result<()> {
    function::check_receiver(getter, object)?;
    let name = Str::intern(getter.row.name());
    if super::attributes::set_builtin_attribute(vm, object, &name, value)? {
        return Ok(());
    }
    Err(vm::read_only(getter, object))
}

fn getset_set(vm: &mut Vm, this: &Gc<NativeFunction>, object: &Value, value: Value) -> Result<()> {
    change(vm, this, object, Some(value))
}

fn getset_delete(vm: &mut Vm, this: &Gc<NativeFunction>, object: &Value) -> Result<()> {
    change(vm, this, object, None)
}

pub const GETSET_METHODS: &[Native] = &[
    native!(
        "__set__(self, instance, value, /)",
        getset_set(required, required, required),
        "Set an attribute of instance to value."
    ),
    native!("__delete__(self, instance, /)", getset_delete(required, required), "Delete an attribute of instance."),
];

// Members.

fn member(this: &Value) -> Result<&Member> {
    this.payload::<Member>()
        .ok_or_else(|| Raised::type_error(format!("a member descriptor is needed, not '{}'", this.type_name())))
}

/// The object that has the slot.
fn holder<'a>(member: &Member, instance: &'a Value) -> Result<&'a Value> {
    match instance {
        Value::Instance(holder) if holder.class_ref().is_subclass(&member.class) => Ok(instance),
        Value::Exception(holder) if holder.is_a(&member.class) => Ok(instance),
        _ => Err(Raised::type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            member.name,
            member.class.name(),
            instance.type_name()
        ))),
    }
}

fn member_get(vm: &mut Vm, this: &Value, instance: &Value, owner: Option<&Value>) -> Result<Value> {
    if let Value::Native(_) = this {
        return function::native_bind(vm, this, instance, owner);
    }
    if instance.is_none() {
        return Ok(this.clone());
    }
    let member = member(this)?;
    member.read(holder(member, instance)?).ok_or_else(|| vm::empty_slot(instance, &member.name))
}

fn member_set(vm: &mut Vm, this: &Value, instance: &Value, value: Value) -> Result<()> {
    if let Value::Native(getter) = this {
        return change(vm, getter, instance, Some(value));
    }
    let member = member(this)?;
    member.write(holder(member, instance)?, value);
    Ok(())
}

fn member_delete(vm: &mut Vm, this: &Value, instance: &Value) -> Result<()> {
    if let Value::Native(getter) = this {
        return change(vm, getter, instance, None);
    }
    let member = member(this)?;
    member.remove(holder(member, instance)?).map(drop).ok_or_else(|| vm::empty_slot(instance, &member.name))
}

/// The name of a member and the class that has it.
fn member_place(this: &Value) -> Result<(Str, Class)> {
    if let Value::Native(getter) = this
        && let Some(owner) = &getter.owner
    {
        return Ok((Str::intern(getter.row.name()), owner.clone()));
    }
    let member = member(this)?;
    Ok((member.name.clone(), member.class.clone()))
}

fn member_repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let (name, class) = member_place(this)?;
    Ok(format!("<member '{name}' of '{}' objects>", class.name()).into())
}

fn member_name(_: &mut Vm, this: &Value) -> Result<Str> {
    Ok(member_place(this)?.0)
}

fn member_qualified_name(_: &mut Vm, this: &Value) -> Result<Str> {
    let (name, class) = member_place(this)?;
    Ok(format!("{}.{name}", class.qualified_name.get()).into())
}

fn member_class(_: &mut Vm, this: &Value) -> Result<Class> {
    Ok(member_place(this)?.1)
}

fn member_doc(_: &mut Vm, this: &Value) -> Value {
    match this {
        Value::Native(getter) => Value::str(getter.row.doc),
        _ => Value::None,
    }
}

pub const MEMBER_METHODS: &[Native] = &[
    native!(
        "__get__(self, instance, owner=None, /)",
        member_get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!(
        "__set__(self, instance, value, /)",
        member_set(required, required, required),
        "Set an attribute of instance to value."
    ),
    native!("__delete__(self, instance, /)", member_delete(required, required), "Delete an attribute of instance."),
    native!("__repr__(self, /)", member_repr(required), "Return repr(self)."),
    native!("__name__(self, /)", member_name(required), "The name of the slot.").member(),
    native!("__qualname__(self, /)", member_qualified_name(required), "The name with that of its class.").getter(),
    native!("__objclass__(self, /)", member_class(required), "The class that has the slot.").member(),
    native!("__doc__(self, /)", member_doc(required), "What it is.").getter(),
];
