//! `partial`. How one is called is in `src/vm/call.rs`.

use crate::builtins::generic_alias;
use crate::modules::native_class;
use crate::native;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::partial::Partial;
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Tuple, Value, symbols, types};
use crate::vm::Vm;

thread_local! {
    pub static PARTIAL: Class = {
        let class = native_class("functools.partial", &types().object, METHODS);
        crate::builtins::add_rows(&class, generic_alias::SUBSCRIPTION);
        crate::vm::add_dictionary(&class);
        class.changed();
        class
    };
}

impl<'a> FromArgument<'a> for &'a Partial {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Partial>().ok_or(Mismatch::Expected("functools.partial"))
    }
}

fn is_callable(value: &Value) -> bool {
    match value {
        Value::Function(_) | Value::Native(_) | Value::Method(_) | Value::Class(_) => true,
        other => other.class().lookup(&symbols().call).is_some_and(|call| !call.is_none()),
    }
}

fn new(_: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let [function, given @ ..] = arguments else {
        return Err(Raised::type_error("type 'partial' takes at least one argument"));
    };
    if !is_callable(function) {
        return Err(Raised::type_error("the first argument must be callable"));
    }
    let mut function = function.clone();
    let mut all = Vec::new();
    let merged = Gc::new(Dict::new());
    // A partial of a partial is one partial, unless it has attributes that would be lost.
    if let Value::Instance(instance) = &function.clone()
        && let Some(inner) = instance.payload::<Partial>()
        && instance.attributes().is_empty()
    {
        function = inner.function.get();
        all.extend(inner.arguments.get().items().iter().cloned());
        merged.become_copy_of(&inner.keywords.get());
    }
    all.extend(given.iter().cloned());
    for (name, value) in crate::builtins::keyword_pairs(keywords) {
        merged.set_str(&name, value);
    }
    let partial = Partial {
        function: Mutable::new(function),
        arguments: Mutable::new(Gc::new(Tuple::new(all))),
        keywords: Mutable::new(merged),
    };
    Ok(Value::Instance(Instance::with_payload(class.clone(), partial)))
}

fn call(vm: &mut Vm, this: &Partial, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let pairs = crate::builtins::keyword_pairs(keywords);
    let (names, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let all: Vec<Value> = arguments.iter().cloned().chain(values).collect();
    let (all, names) = this.bind(all.into(), &names)?;
    let function = this.function.get();
    vm.call_with_keywords(&function, &all, &names)
}

/// A partial that is an attribute of a class does not bind, which will change.
fn get(vm: &mut Vm, this: &Value, instance: &Value, _owner: Option<&Value>) -> Result<Value> {
    if !instance.is_none() {
        let warn = vm.hooks.warn;
        let message = "functools.partial will be a method descriptor in future Python versions; wrap it in \
                       staticmethod() if you want to preserve the old behavior";
        warn(vm, &types().future_warning, message)?;
    }
    Ok(this.clone())
}

fn function(_: &mut Vm, this: &Partial) -> Value {
    this.function.get()
}

fn arguments(_: &mut Vm, this: &Partial) -> Value {
    Value::Tuple(this.arguments.get())
}

fn keywords(_: &mut Vm, this: &Partial) -> Value {
    Value::Dict(this.keywords.get())
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let partial = this.payload::<Partial>().ok_or_else(|| Raised::type_error("this is not a partial"))?;
    let class = this.class();
    let module = match class.lookup(&symbols().module) {
        Some(module) => format!("{}.", vm.str(&module)?),
        None => String::new(),
    };
    let name = format!("{module}{}", class.qualified_name.get());
    let shown = vm.guard_repr(this, |vm| {
        let mut parts = vec![vm.repr(&partial.function.get())?.to_string()];
        for argument in partial.arguments.get().items() {
            parts.push(vm.repr(argument)?.to_string());
        }
        for entry in partial.keywords.get().snapshot() {
            parts.push(format!("{}={}", vm.str(&entry.key)?, vm.repr(&entry.value)?));
        }
        Ok(parts.join(", "))
    })?;
    Ok(match shown {
        Some(shown) => format!("{name}({shown})"),
        None => "...".into(),
    })
}

fn reduce(_: &mut Vm, this: &Value) -> Result<Value> {
    let (Some(partial), Value::Instance(instance)) = (this.payload::<Partial>(), this) else {
        return Err(Raised::type_error("this is not a partial"));
    };
    let attributes = match instance.attributes().is_empty() {
        true => Value::None,
        false => Value::Dict(instance.make_dictionary()),
    };
    let function = partial.function.get();
    let state = vec![function.clone(), Value::Tuple(partial.arguments.get()), Value::Dict(partial.keywords.get())];
    let state = Value::tuple(state.into_iter().chain([attributes]).collect());
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(vec![function]), state]))
}

fn set_state(_: &mut Vm, this: &Value, state: &Value) -> Result<()> {
    let invalid = || Raised::type_error("invalid partial state");
    let (Some(partial), Value::Instance(instance), Value::Tuple(parts)) = (this.payload::<Partial>(), this, state)
    else {
        return Err(invalid());
    };
    let [function, arguments, keywords, attributes] = parts.items() else { return Err(invalid()) };
    let (true, Value::Tuple(arguments)) = (is_callable(function), arguments.native()) else { return Err(invalid()) };
    let keywords = match (keywords, keywords.native()) {
        (Value::None, _) => Gc::new(Dict::new()),
        (Value::Dict(dict), _) => dict.clone(),
        (_, Value::Dict(dict)) => Gc::new(dict.copy()),
        _ => return Err(invalid()),
    };
    match attributes {
        Value::None => instance.set_dictionary(Gc::new(Dict::new())),
        Value::Dict(dict) => instance.set_dictionary(dict.clone()),
        _ => return Err(invalid()),
    }
    partial.function.set(function.clone());
    partial.arguments.set(arguments.clone());
    partial.keywords.set(keywords);
    Ok(())
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **keywords)", new(required, rest, keywords), "A function with some arguments.")
        .static_method(),
    native!("__call__(self, /, *args, **keywords)", call(required, rest, keywords), "Calls with more arguments."),
    native!(
        "__get__(self, instance, owner=None, /)",
        get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!("func(self, /)", function(required), "The function.").member(),
    native!("args(self, /)", arguments(required), "Arguments that come first.").member(),
    native!("keywords(self, /)", keywords(required), "Arguments by name.").member(),
    native!("__repr__(self, /)", repr(required), "The function and its arguments."),
    native!("__reduce__(self, /)", reduce(required), "What it is made of."),
    native!("__setstate__(self, state, /)", set_state(required, required), "Takes over what another was made of."),
];
