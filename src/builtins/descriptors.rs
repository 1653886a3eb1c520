//! `classmethod`, `staticmethod` and the descriptors of `__slots__`.

use super::{function, keyword_pairs};
use crate::native;
use crate::value::descriptor::{ClassMethod, Member, StaticMethod};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

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

fn class_method_init(_: &mut Vm, this: &Value, function: Value) {
    if let Some(method) = this.payload::<ClassMethod>() {
        method.0.set(function);
    }
}

fn static_method_init(_: &mut Vm, this: &Value, function: Value) {
    if let Some(method) = this.payload::<StaticMethod>() {
        method.0.set(function);
    }
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

macro_rules! function_part {
    ($($function:ident = $symbol:ident),* $(,)?) => {
        $(fn $function(vm: &mut Vm, this: &Value) -> Result<Value> {
            vm.get_attribute(&inner(this)?, &symbols().$symbol)
        })*
    };
}

function_part!(name = name, qualified_name = qualname, module = module, doc = doc, annotations = annotations);

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
    native!("__func__(self, /)", wrapped(required), "The function inside.").getter(),
    native!("__wrapped__(self, /)", wrapped(required), "The function inside.").getter(),
    native!("__name__(self, /)", name(required), "The name of the function.").getter(),
    native!("__qualname__(self, /)", qualified_name(required), "The full name of the function.").getter(),
    native!("__module__(self, /)", module(required), "The module of the function.").getter(),
    native!("__doc__(self, /)", doc(required), "The docstring of the function.").getter(),
    native!("__annotations__(self, /)", annotations(required), "The annotations of the function.").getter(),
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
    native!("__func__(self, /)", wrapped(required), "The function inside.").getter(),
    native!("__wrapped__(self, /)", wrapped(required), "The function inside.").getter(),
    native!("__name__(self, /)", name(required), "The name of the function.").getter(),
    native!("__qualname__(self, /)", qualified_name(required), "The full name of the function.").getter(),
    native!("__module__(self, /)", module(required), "The module of the function.").getter(),
    native!("__doc__(self, /)", doc(required), "The docstring of the function.").getter(),
    native!("__annotations__(self, /)", annotations(required), "The annotations of the function.").getter(),
    native!("__isabstractmethod__(self, /)", is_abstract(required), "Whether the function is abstract.").getter(),
];

// Members.

fn member(this: &Value) -> Result<&Member> {
    this.payload::<Member>()
        .ok_or_else(|| Raised::type_error(format!("a member descriptor is needed, not '{}'", this.type_name())))
}

/// The instance that has the slot.
fn holder<'a>(member: &Member, instance: &'a Value) -> Result<&'a Gc<Instance>> {
    match instance {
        Value::Instance(holder) if holder.class_ref().is_subclass(&member.class) => Ok(holder),
        _ => Err(Raised::type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            member.name,
            member.class.name(),
            instance.type_name()
        ))),
    }
}

fn unset(member: &Member, instance: &Value) -> Raised {
    Raised::attribute_error(format!("'{}' object has no attribute '{}'", instance.type_name(), member.name))
}

fn member_get(_: &mut Vm, this: &Value, instance: &Value, _owner: Option<&Value>) -> Result<Value> {
    if instance.is_none() {
        return Ok(this.clone());
    }
    let member = member(this)?;
    holder(member, instance)?.member(&member.hidden).ok_or_else(|| unset(member, instance))
}

fn member_set(_: &mut Vm, this: &Value, instance: &Value, value: Value) -> Result<()> {
    let member = member(this)?;
    holder(member, instance)?.set_member(&member.hidden, value);
    Ok(())
}

fn member_delete(_: &mut Vm, this: &Value, instance: &Value) -> Result<()> {
    let member = member(this)?;
    holder(member, instance)?.remove_member(&member.hidden).map(drop).ok_or_else(|| unset(member, instance))
}

fn member_repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let member = member(this)?;
    Ok(format!("<member '{}' of '{}' objects>", member.name, member.class.name()).into())
}

fn member_name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Str(member(this)?.name.clone()))
}

fn member_class(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Class(member(this)?.class.clone()))
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
    native!("__name__(self, /)", member_name(required), "The name of the slot.").getter(),
    native!("__objclass__(self, /)", member_class(required), "The class that has the slot.").getter(),
];
