//! How objects are taken apart for copies and for pickling: what `object` has to say about it, and the builtin
//! types that are made anew from a list or from their parts.

use crate::native;
use crate::value::class::Layout;
use crate::value::{Class, Exception, Gc, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

fn copyreg(vm: &mut Vm, name: &str) -> Result<Value> {
    let (import, globals) = (vm.hooks.import, vm.builtins.clone());
    let module = import(vm, &Str::intern("copyreg"), 0, &globals, true)?;
    vm.get_attribute(&module, &Str::intern(name))
}

fn cannot(class: &Class) -> Raised {
    let name = if class.is_builtin() { super::object::full_name(class) } else { class.name().to_string() };
    Raised::type_error(format!("cannot pickle '{name}' object"))
}

/// Whether the class has only what `object` has under the name.
fn is_inherited(class: &Class, name: &Str) -> bool {
    let own = types().object.lookup(name);
    class.lookup(name).zip(own).is_some_and(|(found, own)| found.is(&own))
}

fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    with_reconstructor(vm, this)
}

fn reduce_ex(vm: &mut Vm, this: &Value, protocol: i64) -> Result<Value> {
    let name = Str::intern("__reduce__");
    if !is_inherited(&this.class(), &name) {
        let own = vm.get_attribute(this, &name)?;
        return vm.call(&own, &[]);
    }
    if protocol < 2 { with_reconstructor(vm, this) } else { with_new(vm, this) }
}

/// By protocol 0 and 1: the builtin class it is derived from, with an instance of that, and its state.
fn with_reconstructor(vm: &mut Vm, this: &Value) -> Result<Value> {
    let class = this.class();
    let base =
        class.search_order().into_iter().find(|class| class.is_builtin()).unwrap_or_else(|| types().object.clone());
    let inner = if base.same(&types().object) {
        Value::None
    } else if base.same(&class) {
        return Err(cannot(&class));
    } else {
        vm.call(&Value::Class(base.clone()), std::slice::from_ref(this))?
    };
    let getstate = Str::intern("__getstate__");
    if is_inherited(&class, &getstate)
        && let Some(slots) = vm.get_attribute_if_any(this, &symbols().slots)?
        && vm.truth(&slots)?
    {
        let message = "a class that defines __slots__ without defining __getstate__ cannot be pickled";
        return Err(Raised::type_error(message));
    }
    let own = vm.get_attribute(this, &getstate)?;
    let state = vm.call(&own, &[])?;
    let parts = Value::tuple(vec![Value::Class(class), Value::Class(base), inner]);
    let mut all = vec![copyreg(vm, "_reconstructor")?, parts];
    if vm.truth(&state)? {
        all.push(state);
    }
    Ok(Value::tuple(all))
}

/// By protocol 2 and later: `__new__` of the class with its arguments, the state, items and pairs.
fn with_new(vm: &mut Vm, this: &Value) -> Result<Value> {
    let class = this.class();
    let arguments = new_arguments(vm, this, &class)?;
    let has_arguments = arguments.is_some();
    let (positional, keywords) = arguments.unwrap_or_default();
    let mut parts = vec![Value::Class(class)];
    let maker = match keywords {
        Some(keywords) => {
            parts.extend([Value::tuple(positional), keywords]);
            copyreg(vm, "__newobj_ex__")?
        }
        None => {
            parts.extend(positional);
            copyreg(vm, "__newobj__")?
        }
    };
    let is_filled = matches!(this.native(), Value::List(_) | Value::Dict(_));
    let state = if is_inherited(&this.class(), &Str::intern("__getstate__")) {
        default_state(vm, this, !has_arguments && !is_filled)?
    } else {
        let own = vm.get_attribute(this, &Str::intern("__getstate__"))?;
        vm.call(&own, &[])?
    };
    let items = if matches!(this.native(), Value::List(_)) { vm.iterate(this)? } else { Value::None };
    let pairs = if matches!(this.native(), Value::Dict(_)) {
        let pairs = vm.call_method(this, &Str::intern("items"), &[])?;
        vm.iterate(&pairs)?
    } else {
        Value::None
    };
    Ok(Value::tuple(vec![maker, Value::tuple(parts), state, items, pairs]))
}

type NewArguments = (Vec<Value>, Option<Value>);

/// What `__new__` needs to make a copy: arguments by position, and the dict of those by name if there are any.
fn new_arguments(vm: &mut Vm, this: &Value, class: &Class) -> Result<Option<NewArguments>> {
    let (with_names, plain) = (Str::intern("__getnewargs_ex__"), Str::intern("__getnewargs__"));
    if class.lookup(&with_names).is_some() {
        let found = vm.call_special(this, &with_names, &[]).unwrap_or(Ok(Value::None))?;
        let Value::Tuple(parts) = found.native() else {
            let kind = found.type_name();
            return Err(Raised::type_error(format!("__getnewargs_ex__ should return a tuple, not '{kind}'")));
        };
        let [positional, keywords] = parts.items() else {
            let length = parts.len();
            let message = format!("__getnewargs_ex__ should return a tuple of length 2, not {length}");
            return Err(Raised::value_error(message));
        };
        let wrong = |position: &str, expected: &str, value: &Value| {
            let kind = value.type_name();
            Raised::type_error(format!(
                "{position} item of the tuple returned by __getnewargs_ex__ must be a {expected}, not '{kind}'"
            ))
        };
        let Value::Tuple(arguments) = positional.native() else { return Err(wrong("first", "tuple", positional)) };
        let Value::Dict(names) = keywords.native() else { return Err(wrong("second", "dict", keywords)) };
        return Ok(Some((arguments.items().to_vec(), (!names.is_empty()).then(|| keywords.clone()))));
    }
    if class.lookup(&plain).is_none() {
        return Ok(None);
    }
    let found = vm.call_special(this, &plain, &[]).unwrap_or(Ok(Value::None))?;
    match found.native() {
        Value::Tuple(arguments) => Ok(Some((arguments.items().to_vec(), None))),
        _ => {
            let kind = found.type_name();
            Err(Raised::type_error(format!("__getnewargs__ should return a tuple, not '{kind}'")))
        }
    }
}

fn getstate(vm: &mut Vm, this: &Value) -> Result<Value> {
    default_state(vm, this, false)
}

/// The attributes of an object: those of its `__dict__`, and of its slots if there are any. An object that is to
/// be `complete` must not have anything besides.
fn default_state(vm: &mut Vm, this: &Value, complete: bool) -> Result<Value> {
    let class = this.class();
    if complete && !matches!(class.layout, Layout::Object | Layout::Exception) {
        return Err(cannot(&class));
    }
    let attributes = match this {
        Value::Instance(instance) if class.has_dictionary.get() && !instance.attributes().is_empty() => {
            Value::Dict(instance.make_dictionary())
        }
        Value::Exception(exception) if !exception.dictionary().is_empty() => Value::Dict(exception.dictionary()),
        _ => Value::None,
    };
    let has_slots = class.search_order().iter().any(|class| !class.slots.borrow().is_empty());
    if !has_slots && class.namespace.find_str(&Str::intern("__slotnames__")).is_none() {
        return Ok(attributes);
    }
    let names = copyreg(vm, "_slotnames")?;
    let names = vm.call(&names, &[Value::Class(class)])?;
    let slots = crate::value::Dict::new();
    for name in vm.collect(&names)? {
        if let Some(name) = name.as_str()
            && let Some(value) = vm.get_attribute_if_any(this, name)?
        {
            slots.set_str(&name.interned(), value);
        }
    }
    if slots.is_empty() {
        return Ok(attributes);
    }
    Ok(Value::tuple(vec![attributes, Value::Dict(Gc::new(slots))]))
}

fn reduce_exception(_: &mut Vm, this: &Gc<Exception>) -> Value {
    let mut parts = vec![Value::Class(this.class()), Value::Tuple(this.args.get())];
    let attributes = this.dictionary();
    if !attributes.is_empty() {
        parts.push(Value::Dict(attributes));
    }
    Value::tuple(parts)
}

/// Sets and bytearrays: the class, what is inside, the attributes.
fn reduce_container(vm: &mut Vm, this: &Value, inside: Value) -> Result<Value> {
    let own = vm.get_attribute(this, &Str::intern("__getstate__"))?;
    let state = vm.call(&own, &[])?;
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(vec![inside]), state]))
}

fn reduce_set(vm: &mut Vm, this: &Value) -> Result<Value> {
    let items = Value::list(vm.collect(this)?);
    reduce_container(vm, this, items)
}

fn reduce_bytearray(vm: &mut Vm, this: &Value) -> Result<Value> {
    let inside = vm.call(&Value::Class(types().bytes.clone()), std::slice::from_ref(this))?;
    reduce_container(vm, this, inside)
}

/// Slices and ranges: the class and its three numbers.
fn reduce_bounds(vm: &mut Vm, this: &Value) -> Result<Value> {
    let mut bounds = Vec::new();
    for name in ["start", "stop", "step"] {
        bounds.push(vm.get_attribute(this, &Str::intern(name))?);
    }
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(bounds)]))
}

/// What is found by its name: `Ellipsis`, `NotImplemented`.
fn reduce_name(vm: &mut Vm, this: &Value) -> Result<Str> {
    vm.repr(this)
}

pub const OBJECT: &[Native] = &[
    native!("__reduce__(self, /)", reduce(required), "Helper for pickle."),
    native!("__reduce_ex__(self, protocol, /)", reduce_ex(required, required), "Helper for pickle."),
    native!("__getstate__(self, /)", getstate(required), "Helper for pickle."),
];

pub const EXCEPTION: &[Native] = &[native!("__reduce__(self, /)", reduce_exception(required), "Helper for pickle.")];

pub const SET: &[Native] = &[native!("__reduce__(self, /)", reduce_set(required), "Helper for pickle.")];

pub const BYTEARRAY: &[Native] = &[native!("__reduce__(self, /)", reduce_bytearray(required), "Helper for pickle.")];

pub const BOUNDS: &[Native] = &[native!("__reduce__(self, /)", reduce_bounds(required), "Helper for pickle.")];

pub const NAME: &[Native] = &[native!("__reduce__(self, /)", reduce_name(required), "Helper for pickle.")];
