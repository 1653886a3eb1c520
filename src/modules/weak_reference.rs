//! `_weakref`: references that do not keep their object alive; the rest of `weakref` is in the library.

use super::{native_class, native_module};
use crate::builtins::{add_rows, functions, generic_alias};
use crate::native;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::weak_reference::WeakReference;
use crate::value::{Class, Dict, Gc, Module, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::{Comparison, Vm};

thread_local! {
    static REFERENCE: &'static Class = Box::leak(Box::new({
        let class = native_class("weakref.ReferenceType", &types().object, METHODS);
        add_rows(&class, generic_alias::SUBSCRIPTION);
        class.has_weak_references.set(false);
        class.changed();
        class
    }));
}

/// The class `weakref.ref`.
fn reference_class() -> &'static Class {
    REFERENCE.with(|class| *class)
}

impl<'a> FromArgument<'a> for &'a WeakReference {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("weakref.ReferenceType"))
    }
}

fn new(_: &mut Vm, class: &Class, object: &Value, rest: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    if rest.len() > 1 && class.same(reference_class()) {
        let given = rest.len() + 1;
        return Err(Raised::type_error(format!("__new__ expected at most 2 arguments, got {given}")));
    }
    let callback = rest.first().cloned().unwrap_or(Value::None);
    // A plain reference without a callback is made once for an object.
    if callback.is_none() && class.same(reference_class()) {
        let is_plain = |reference: &Value| {
            reference.class().same(class)
                && reference.payload::<WeakReference>().is_some_and(|state| state.callback.borrow().is_none())
        };
        if let Some(plain) = WeakReference::of(object).into_iter().map(Value::Instance).find(is_plain) {
            return Ok(plain);
        }
    }
    WeakReference::make(class, object, callback)
        .ok_or_else(|| Raised::type_error(format!("cannot create weak reference to '{}' object", object.type_name())))
}

fn init(_: &mut Vm, _: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    if keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error("ref() takes no keyword arguments"));
    }
    match arguments.len() {
        0 => Err(Raised::type_error("__init__ expected at least 1 argument, got 0")),
        1 | 2 => Ok(()),
        given => Err(Raised::type_error(format!("__init__ expected at most 2 arguments, got {given}"))),
    }
}

fn target(_: &mut Vm, this: &WeakReference) -> Value {
    this.target().into()
}

fn callback(_: &mut Vm, this: &WeakReference) -> Value {
    this.callback.get()
}

fn hash(vm: &mut Vm, this: &WeakReference) -> Result<i64> {
    if let Some(hash) = this.hash.get() {
        return Ok(hash);
    }
    let target = this.target().ok_or_else(|| Raised::type_error("weak object has gone away"))?;
    let hash = vm.hash(&target)?;
    this.hash.set(Some(hash));
    Ok(hash)
}

/// Living references are compared by their objects, dead ones by identity.
fn compare(vm: &mut Vm, this: &Value, other: &Value, equal: bool) -> Result<Value> {
    let (Some(left), Some(right)) = (this.payload::<WeakReference>(), other.payload::<WeakReference>()) else {
        return Ok(Value::NotImplemented);
    };
    match (left.target(), right.target()) {
        (Some(left), Some(right)) => {
            let comparison = if equal { Comparison::Equal } else { Comparison::NotEqual };
            vm.compare(comparison, &left, &right)
        }
        _ => Ok(Value::Bool(this.is(other) == equal)),
    }
}

fn eq(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    compare(vm, this, other, true)
}

fn ne(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    compare(vm, this, other, false)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let Some(target) = this.payload::<WeakReference>().and_then(WeakReference::target) else {
        return Ok(format!("<weakref at {:#x}; dead>", this.address()).into());
    };
    let (kind, address) = (target.type_name(), target.address());
    // What the class has, without asking a `__getattr__`.
    let name = match vm.special(&target, &symbols().name)? {
        Some(Value::Str(name)) => format!(" ({name})"),
        _ => String::new(),
    };
    Ok(format!("<weakref at {:#x}; to '{kind}' at {address:#x}{name}>", this.address()).into())
}

pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, object, /, *args, **kwargs)",
        new(required, required, rest, keywords),
        "Create and return a new object."
    )
    .static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Initialize self."),
    native!("__call__(self, /)", target(required), "The object, or None when it is gone."),
    native!("__callback__(self, /)", callback(required), "What is called when the object dies, or None.").getter(),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", ne(required, required), "Return self!=value."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];

fn get_weak_references(_: &mut Vm, object: &Value) -> Value {
    Value::list(WeakReference::of(object).into_iter().map(Value::Instance).collect())
}

fn count_weak_references(_: &mut Vm, object: &Value) -> usize {
    WeakReference::of(object).len()
}

fn is_callable(_: &mut Vm, object: &Value) -> bool {
    functions::is_callable(object)
}

const FUNCTIONS: &[Native] = &[
    native!("getweakrefs(object, /)", get_weak_references(required), "The weak references to an object."),
    native!("getweakrefcount(object, /)", count_weak_references(required), "How many there are."),
    native!("_is_callable(object, /)", is_callable(required), "Whether the class of an object can be called."),
];

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_weakref", FUNCTIONS);
    module.set("ref", Value::Class(reference_class().clone()));
    Ok(module)
}
