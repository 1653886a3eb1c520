//! `type`: the class of classes. What makes a class is in `vm::class_building`.

use super::object::{attribute_name, class_names, distinct_names, full_name};
use super::{codec, keyword_pairs, mappingproxy, union};
use crate::native;
use crate::value::{Class, Dict, Gc, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// Whether a class can have this name: no null character, and nothing that UTF-8 has not.
pub fn check_name(vm: &mut Vm, name: &Str) -> Result<()> {
    if name.contains('\0') {
        return Err(Raised::value_error("type name must not contain null characters"));
    }
    codec::encode(vm, name, "utf-8", "strict").map(drop)
}

/// `type(x)`, or a new class of `type(name, bases, namespace)`.
fn new(vm: &mut Vm, metaclass: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let (name, bases, namespace) = match arguments {
        [object] if metaclass.same(&types().type_) && keywords.is_none_or(|keywords| keywords.is_empty()) => {
            return Ok(Value::Class(object.class()));
        }
        [name, bases, namespace] => (name, bases, namespace),
        _ if metaclass.same(&types().type_) => return Err(Raised::type_error("type() takes 1 or 3 arguments")),
        _ => {
            return Err(Raised::type_error(format!(
                "type.__new__() takes exactly 3 arguments ({} given)",
                arguments.len()
            )));
        }
    };
    let wrong = |position: usize, expected: &str, value: &Value| {
        Raised::type_error(format!("type.__new__() argument {position} must be {expected}, not {}", value.type_name()))
    };
    let name = name.as_str().ok_or_else(|| wrong(1, "str", name))?;
    let Value::Tuple(bases) = bases.native() else { return Err(wrong(2, "tuple", bases)) };
    let Value::Dict(namespace) = namespace.native() else { return Err(wrong(3, "dict", namespace)) };
    check_name(vm, name)?;
    if let Some(Value::Str(doc)) = namespace.get_str(&symbols().doc) {
        codec::encode(vm, &doc, "utf-8", "strict")?;
    }
    let mut classes = Vec::with_capacity(bases.len());
    for base in bases.items() {
        match base {
            Value::Class(class) => classes.push(class.clone()),
            other if vm.get_attribute_if_any(other, &symbols().mro_entries)?.is_some() => {
                return Err(Raised::type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
            }
            // Its class takes the part of a metaclass, and fits no other.
            other => {
                vm.most_derived_metaclass(&other.class(), std::iter::once(types().type_.clone()))?;
                return Err(Raised::type_error("bases must be types"));
            }
        }
    }
    // A base may ask for a metaclass with a `__new__` of its own.
    let winner = vm.most_derived_metaclass(metaclass, classes.iter().map(|class| class.metaclass()))?;
    if !winner.same(metaclass)
        && let Some(other_new) = winner.lookup(&symbols().new)
        && types().type_.lookup(&symbols().new).is_none_or(|own| !own.is(&other_new))
    {
        let other_new = vm.get_attribute(&Value::Class(winner.clone()), &symbols().new)?;
        let mut all = vec![Value::Class(winner)];
        all.extend_from_slice(arguments);
        return vm.call_with_pairs(&other_new, &all, &keyword_pairs(keywords));
    }
    let class = vm.new_class(&winner, name, classes, namespace, &keyword_pairs(keywords))?;
    Ok(Value::Class(class))
}

fn init(_: &mut Vm, _: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    if arguments.len() == 1 && keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error("type.__init__() takes no keyword arguments"));
    }
    if !matches!(arguments.len(), 1 | 3) {
        return Err(Raised::type_error("type.__init__() takes 1 or 3 arguments"));
    }
    Ok(())
}

fn call(vm: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let mut all = arguments.to_vec();
    let (names, values): (Vec<Str>, Vec<Value>) = keyword_pairs(keywords).into_iter().unzip();
    all.extend(values);
    vm.instantiate(class, &all, &names)
}

fn repr(_: &mut Vm, class: &Class) -> Str {
    format!("<class '{}'>", full_name(class)).into()
}

fn name(_: &mut Vm, class: &Class) -> Str {
    class.name()
}

fn qualified_name(_: &mut Vm, class: &Class) -> Str {
    class.qualified_name.get()
}

/// `__module__` of a class.
pub fn module_name(class: &Class) -> Value {
    match class.namespace.get_str(&symbols().module) {
        // A class whose instances have a computed `__module__`, such as `function`.
        None | Some(Value::Native(_)) => Value::str("builtins"),
        Some(module) => module,
    }
}

fn module(_: &mut Vm, class: &Class) -> Value {
    module_name(class)
}

fn doc(vm: &mut Vm, class: &Class) -> Result<Value> {
    match class.namespace.get_str(&symbols().doc) {
        None => Ok(Value::None),
        Some(Value::Native(_)) => Ok(Value::None),
        // A descriptor, such as a property, is asked.
        Some(found @ Value::Instance(_)) => {
            match vm.call_special(&found, &symbols().get, &[Value::None, Value::Class(class.clone())]) {
                Some(result) => result,
                None => Ok(found),
            }
        }
        Some(found) => Ok(found),
    }
}

fn class_tuple(classes: Vec<Class>) -> Value {
    Value::tuple(classes.into_iter().map(Value::Class).collect())
}

fn bases(_: &mut Vm, class: &Class) -> Value {
    class_tuple(class.bases.get())
}

fn base(_: &mut Vm, class: &Class) -> Option<Class> {
    crate::vm::best_base(&class.bases.get())
}

/// `__mro__`; None while it is worked out.
fn mro_tuple(_: &mut Vm, class: &Class) -> Value {
    if class.is_ordered.get() { class_tuple(class.search_order()) } else { Value::None }
}

fn mro(_: &mut Vm, class: &Class) -> Result<Value> {
    let mut order = vec![Value::Class(class.clone())];
    order.extend(crate::vm::linearize(&class.bases.get())?.into_iter().map(Value::Class));
    Ok(Value::list(order))
}

fn subclasses(_: &mut Vm, class: &Class) -> Value {
    Value::list(class.live_subclasses().into_iter().map(Value::Class).collect())
}

fn namespace(_: &mut Vm, class: &Class) -> Value {
    mappingproxy::proxy(Value::Dict(class.namespace.clone()))
}

fn annotations(_: &mut Vm, class: &Class) -> Result<Value> {
    let name = &symbols().annotations;
    match class.namespace.get_str(name) {
        Some(found) if !matches!(found, Value::Native(_)) => Ok(found),
        _ if class.is_builtin() => {
            Err(Raised::attribute_error(format!("type object '{}' has no attribute '__annotations__'", class.name())))
        }
        _ => {
            let annotations = Value::Dict(Gc::new(Dict::new()));
            class.set(name, annotations.clone());
            Ok(annotations)
        }
    }
}

fn type_parameters(_: &mut Vm, class: &Class) -> Value {
    match class.namespace.get_str(&symbols().type_params) {
        Some(found) if !matches!(found, Value::Native(_)) => found,
        _ => Value::tuple(Vec::new()),
    }
}

fn abstract_methods(_: &mut Vm, class: &Class) -> Result<Value> {
    let name = &symbols().abstractmethods;
    match class.namespace.get_str(name) {
        Some(found) if !matches!(found, Value::Native(_)) => Ok(found),
        _ => Err(Raised::attribute_error("__abstractmethods__")),
    }
}

fn instance_check(vm: &mut Vm, class: &Value, instance: &Value) -> Result<bool> {
    vm.is_plain_instance(instance, class)
}

fn subclass_check(vm: &mut Vm, class: &Value, subclass: &Value) -> Result<bool> {
    vm.is_plain_subclass(subclass, class)
}

fn or(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    union::union(vm, left, right)
}

fn reflected_or(vm: &mut Vm, right: &Value, left: &Value) -> Result<Value> {
    union::union(vm, left, right)
}

fn dir(_: &mut Vm, class: &Class) -> Value {
    let mut names = Vec::new();
    class_names(class, &mut names);
    distinct_names(names)
}

fn prepare(_: &mut Vm, _: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Gc<Dict> {
    Gc::new(Dict::new())
}

fn get_attribute(vm: &mut Vm, this: &Class, name: &Value) -> Result<Value> {
    let (name, object) = (attribute_name(name)?, Value::Class(this.clone()));
    vm.find_plain(&object, &this.metaclass(), &name)?.ok_or_else(|| vm.missing_attribute(&object, &name))
}

fn set_attribute(vm: &mut Vm, this: &Class, name: &Value, value: Value) -> Result<()> {
    vm.set_plain(&Value::Class(this.clone()), &attribute_name(name)?, Some(value))
}

fn delete_attribute(vm: &mut Vm, this: &Class, name: &Value) -> Result<()> {
    vm.set_plain(&Value::Class(this.clone()), &attribute_name(name)?, None)
}

pub const METHODS: &[Native] = &[
    native!("__getattribute__(self, name, /)", get_attribute(required, required), "Return getattr(self, name)."),
    native!(
        "__setattr__(self, name, value, /)",
        set_attribute(required, required, required),
        "Implement setattr(self, name, value)."
    ),
    native!("__delattr__(self, name, /)", delete_attribute(required, required), "Implement delattr(self, name)."),
    native!(
        "__new__(cls, /, *args, **kwargs)",
        new(required, rest, keywords),
        "The class of an object; or a new class."
    )
    .static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Initialize self."),
    native!("__call__(self, /, *args, **kwargs)", call(required, rest, keywords), "Call self as a function."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__name__(self, /)", name(required), "The name of the class.").getter(),
    native!(
        "__qualname__(self, /)",
        qualified_name(required),
        "The name with those of the classes and functions around it."
    )
    .getter(),
    native!("__module__(self, /)", module(required), "The name of the module the class was made in.").getter(),
    native!("__doc__(self, /)", doc(required), "The docstring.").getter(),
    native!("__bases__(self, /)", bases(required), "The classes it is derived from.").getter(),
    native!("__base__(self, /)", base(required), "The class whose kind of instances it has.").getter(),
    native!("__mro__(self, /)", mro_tuple(required), "The classes in which attributes are looked up, in order.")
        .getter(),
    native!("__dict__(self, /)", namespace(required), "A read-only view of the attributes of the class itself.")
        .getter(),
    native!("__annotations__(self, /)", annotations(required), "The annotations of the class body.").getter(),
    native!("__type_params__(self, /)", type_parameters(required), "The type parameters.").getter(),
    native!(
        "__abstractmethods__(self, /)",
        abstract_methods(required),
        "The names of methods that are still abstract."
    )
    .getter(),
    native!("mro(self, /)", mro(required), "A list of the classes in which attributes are looked up."),
    native!("__subclasses__(self, /)", subclasses(required), "A list of the classes derived directly from this one."),
    native!(
        "__instancecheck__(self, instance, /)",
        instance_check(required, required),
        "Whether an object is an instance."
    ),
    native!(
        "__subclasscheck__(self, subclass, /)",
        subclass_check(required, required),
        "Whether a class is derived from this one."
    ),
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", reflected_or(required, required), "Return value|self."),
    native!("__dir__(self, /)", dir(required), "The names of the attributes."),
    native!(
        "__prepare__(cls, /, *args, **kwargs)",
        prepare(required, rest, keywords),
        "The namespace a class body runs in."
    )
    .class_method(),
];
