//! `object`: what every class inherits.

use super::type_object;
use crate::native;
use crate::value::class::Layout;
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, hash, symbols, types};
use crate::vm::Vm;

/// Whether a lookup of the name on the class finds what `object` itself has.
fn is_inherited(class: &Class, name: &Str) -> bool {
    match (class.lookup(name), types().object.lookup(name)) {
        (Some(found), Some(own)) => found.is(&own),
        (found, _) => found.is_none(),
    }
}

/// TypeError when the class has abstract methods left.
pub fn check_concrete(vm: &mut Vm, class: &Class) -> Result<()> {
    let Some(methods) = class.namespace.get_str(&symbols().abstractmethods) else { return Ok(()) };
    if !vm.truth(&methods)? {
        return Ok(());
    }
    let mut names = Vec::new();
    vm.for_each(&methods, |vm, name| {
        names.push(vm.str(&name)?.to_string());
        Ok(())
    })?;
    names.sort();
    let plural = if names.len() == 1 { "" } else { "s" };
    Err(Raised::type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{plural} '{}'",
        class.name(),
        names.join("', '")
    )))
}

fn new(vm: &mut Vm, class: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let Value::Class(class) = class else {
        return Err(Raised::type_error(format!("object.__new__(X): X is not a type object ({})", class.type_name())));
    };
    if !arguments.is_empty() || keywords.is_some_and(|keywords| !keywords.is_empty()) {
        let names = symbols();
        if !is_inherited(class, &names.new) {
            return Err(Raised::type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
        }
        if is_inherited(class, &names.init) {
            return Err(Raised::type_error(format!("{}() takes no arguments", class.name())));
        }
    }
    if class.layout != Layout::Object {
        let name = class.name();
        return Err(Raised::type_error(format!("object.__new__({name}) is not safe, use {name}.__new__()")));
    }
    check_concrete(vm, class)?;
    Ok(Value::Instance(Instance::new(class.clone())))
}

fn init(_: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    if arguments.is_empty() && keywords.is_none_or(|keywords| keywords.is_empty()) {
        return Ok(());
    }
    let class = this.class();
    let names = symbols();
    let name = class.name();
    if !is_inherited(&class, &names.init) {
        return Err(Raised::type_error("object.__init__() takes exactly one argument (the instance to initialize)"));
    }
    if is_inherited(&class, &names.new) {
        return Err(Raised::type_error(format!(
            "{name}.__init__() takes exactly one argument (the instance to initialize)"
        )));
    }
    Ok(())
}

/// The name of a class with its module, except for builtin ones: `__main__.Point`.
pub fn full_name(class: &Class) -> String {
    match type_object::module_name(class).as_str() {
        Some(module) if &**module != "builtins" => format!("{module}.{}", class.qualified_name.get()),
        _ => class.qualified_name.get().to_string(),
    }
}

fn repr(_: &mut Vm, this: &Value) -> Str {
    format!("<{} object at {:#x}>", full_name(&this.class()), this.address()).into()
}

fn str(vm: &mut Vm, this: &Value) -> Result<Str> {
    vm.repr(this)
}

fn format(vm: &mut Vm, this: &Value, spec: &Str) -> Result<Str> {
    if spec.is_empty() {
        return vm.str(this);
    }
    Err(Raised::type_error(format!("unsupported format string passed to {}.__format__", this.type_name())))
}

fn eq(_: &mut Vm, this: &Value, other: &Value) -> Value {
    if this.is(other) { Value::Bool(true) } else { Value::NotImplemented }
}

fn ne(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    Ok(match vm.call_special(this, &symbols().eq, std::slice::from_ref(other)) {
        None => Value::NotImplemented,
        Some(result) => match result? {
            Value::NotImplemented => Value::NotImplemented,
            result => Value::Bool(!vm.truth(&result)?),
        },
    })
}

fn order(_: &mut Vm, _: &Value, _: &Value) -> Value {
    Value::NotImplemented
}

fn hash_value(_: &mut Vm, this: &Value) -> i64 {
    hash::hash(this).unwrap_or_else(|| (this.address() as u64).rotate_right(4) as i64)
}

fn class(_: &mut Vm, this: &Value) -> Class {
    this.class()
}

/// The names in a class and its ancestors.
pub(super) fn class_names(class: &Class, names: &mut Vec<Value>) {
    names.extend(class.namespace.keys());
    for ancestor in class.ancestors() {
        names.extend(ancestor.namespace.keys());
    }
}

/// A list of names, each one once.
pub(super) fn distinct_names(names: Vec<Value>) -> Value {
    let seen = Dict::new();
    for name in names {
        if let Some(name) = name.as_str() {
            seen.set_str(name, Value::None);
        }
    }
    Value::list(seen.keys())
}

fn dir(vm: &mut Vm, this: &Value) -> Result<Value> {
    let mut names = Vec::new();
    if let Some(attributes) = vm.get_attribute_if_any(this, &symbols().dict)? {
        match attributes.native() {
            Value::Dict(attributes) => names.extend(attributes.keys()),
            _ => names.extend(vm.collect(&attributes)?),
        }
    }
    // An attribute of its own may hide the class, or what stands in for the class.
    if let Some(Value::Class(class)) = vm.get_attribute_if_any(this, &symbols().class)? {
        class_names(&class, &mut names);
    }
    Ok(distinct_names(names))
}

fn init_subclass(_: &mut Vm, class: &Class, keywords: Option<&Gc<Dict>>) -> Result<()> {
    if keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error(format!(
            "{}.__init_subclass__() takes no keyword arguments",
            class.qualified_name.get()
        )));
    }
    Ok(())
}

fn subclass_hook(_: &mut Vm, _: &Class, _: &Value) -> Value {
    Value::NotImplemented
}

pub(super) fn attribute_name(name: &Value) -> Result<Str> {
    match name.as_str() {
        Some(text) => Ok(text.interned()),
        None => Err(Raised::type_error(format!("attribute name must be string, not '{}'", name.type_name()))),
    }
}

fn get_attribute(vm: &mut Vm, this: &Value, name: &Value) -> Result<Value> {
    let name = attribute_name(name)?;
    match vm.find_plain(this, &this.class(), &name)? {
        Some(value) => Ok(value),
        None => Err(vm.missing_attribute(this, &name)),
    }
}

/// A class has its own ways of setting attributes, which must not be bypassed.
fn check_is_no_class(this: &Value, method: &str) -> Result<()> {
    match this {
        Value::Class(_) => Err(Raised::type_error(format!("can't apply this {method} to {} object", this.type_name()))),
        _ => Ok(()),
    }
}

fn set_attribute(vm: &mut Vm, this: &Value, name: &Value, value: Value) -> Result<()> {
    check_is_no_class(this, "__setattr__")?;
    vm.set_plain(this, &attribute_name(name)?, Some(value))
}

fn delete_attribute(vm: &mut Vm, this: &Value, name: &Value) -> Result<()> {
    check_is_no_class(this, "__delattr__")?;
    vm.set_plain(this, &attribute_name(name)?, None)
}

/// About how many bytes it takes, without what it refers to: what stands before each object, its fixed part,
/// and its items.
fn size_of(_: &mut Vm, this: &Value) -> usize {
    const ITEM: usize = std::mem::size_of::<Value>();
    let inside = match this.native() {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.data.len(),
        Value::Tuple(items) => items.len() * ITEM,
        Value::List(items) => items.len() * ITEM,
        Value::Dict(entries) => entries.len() * (2 * ITEM + 16),
        Value::Set(items) => items.len() * (ITEM + 8),
        Value::Instance(instance) => instance.attributes().len() * ITEM,
        _ => 0,
    };
    3 * ITEM + inside
}

pub const METHODS: &[Native] = &[
    native!("__sizeof__(self, /)", size_of(required), "Size of object in memory, in bytes."),
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Create and return a new object.")
        .static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Initialize self."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__str__(self, /)", str(required), "Return str(self)."),
    native!("__format__(self, format_spec, /)", format(required, required), "Return format(self, format_spec)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", ne(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", order(required, required), "Return self<value."),
    native!("__le__(self, value, /)", order(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", order(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", order(required, required), "Return self>=value."),
    native!("__hash__(self, /)", hash_value(required), "Return hash(self)."),
    native!("__class__(self, /)", class(required), "The class of the object.").getter(),
    native!("__dir__(self, /)", dir(required), "The names of the attributes."),
    native!("__getattribute__(self, name, /)", get_attribute(required, required), "Return getattr(self, name)."),
    native!(
        "__setattr__(self, name, value, /)",
        set_attribute(required, required, required),
        "Implement setattr(self, name, value)."
    ),
    native!("__delattr__(self, name, /)", delete_attribute(required, required), "Implement delattr(self, name)."),
    native!(
        "__init_subclass__(cls, /, **kwargs)",
        init_subclass(required, keywords),
        "Called when a class is derived from this one."
    )
    .class_method(),
    native!(
        "__subclasshook__(cls, subclass, /)",
        subclass_hook(required, required),
        "Lets an abstract class decide what counts as derived from it."
    )
    .class_method(),
];
