//! The module `contextvars`: variables with a value of their own in every task.

use std::cell::Cell;

use super::native_module;
use crate::builtins::{add_rows, generic_alias};
use crate::memory::Tracer;
use crate::native;
use crate::scheduler::context::{self, Context};
use crate::scheduler::event_loop;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Module, Mutable, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let types = types();
    for (class, rows) in [
        (&types.context_variable, VARIABLE_METHODS),
        (&types.context, CONTEXT_METHODS),
        (&types.context_token, TOKEN_METHODS),
        (&types.context_variable, generic_alias::SUBSCRIPTION),
        (&types.context_token, generic_alias::SUBSCRIPTION),
    ] {
        add_rows(class, rows);
        class.changed();
    }
    let missing = Instance::with_payload(types.missing_token.clone(), Missing);
    add_rows(&types.missing_token, MISSING_METHODS);
    types.missing_token.changed();
    types.context_token.set(&Str::intern("MISSING"), Value::Instance(missing));
    let module = native_module("contextvars", FUNCTIONS);
    for class in [&types.context_variable, &types.context, &types.context_token] {
        module.set(&class.name(), Value::Class(class.clone()));
    }
    Ok(module)
}

/// `ContextVar`
struct Variable {
    name: Str,
    /// Unbound when there is none.
    default: Value,
}

impl Payload for Variable {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.default.trace(tracer);
    }
}

/// `Token`
struct Token {
    variable: Value,
    /// Unbound when the variable had no value.
    old: Value,
    /// Where it was made: a task or a `Context` object, by address.
    home: usize,
    is_used: Cell<bool>,
}

impl Payload for Token {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.variable.trace(tracer);
        self.old.trace(tracer);
    }
}

/// `Token.MISSING`
struct Missing;

impl Payload for Missing {}

impl<'a> FromArgument<'a> for &'a Variable {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("ContextVar"))
    }
}

impl<'a> FromArgument<'a> for &'a Token {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("an instance of Token"))
    }
}

/// What tells one context from another.
fn home() -> usize {
    context::home(event_loop::current_task().map_or(0, |task| task.address()))
}

/// The value of a variable in these variables.
fn find(vm: &mut Vm, variables: &Value, variable: &Value) -> Result<Option<Value>> {
    match variables {
        Value::Dict(dict) => vm.dict_get(dict, variable),
        _ => Ok(None),
    }
}

/// Sets a variable, or with None takes its value away, in the context in force.
fn change(vm: &mut Vm, variable: &Value, value: Option<Value>) -> Result<()> {
    let changed = Gc::new(Dict::new());
    if let Value::Dict(dict) = context::current() {
        for entry in dict.snapshot() {
            vm.dict_set(&changed, entry.key, entry.value)?;
        }
    }
    match value {
        Some(value) => vm.dict_set(&changed, variable.clone(), value)?,
        None => drop(vm.dict_remove(&changed, variable)?),
    }
    context::set_variables(Value::Dict(changed));
    Ok(())
}

fn new_variable(_: &mut Vm, class: &Class, name: &Value, default: Option<Value>) -> Result<Value> {
    let Some(name) = name.as_str() else {
        return Err(Raised::type_error("context variable name must be a str"));
    };
    let variable = Variable { name: name.clone(), default: default.unwrap_or_default() };
    Ok(Value::Instance(Instance::with_payload(class.clone(), variable)))
}

fn name(_: &mut Vm, this: &Variable) -> Value {
    Value::Str(this.name.clone())
}

fn get(vm: &mut Vm, this: &Value, default: &[Value]) -> Result<Value> {
    if let Some(value) = find(vm, &context::current(), this)? {
        return Ok(value);
    }
    let own = this.payload::<Variable>().map(|variable| variable.default.clone());
    let default = default.first().cloned().or_else(|| own.and_then(Value::bound));
    default.ok_or_else(|| Raised::new(&types().lookup_error, vec![this.clone()]))
}

fn set(vm: &mut Vm, this: &Value, value: Value) -> Result<Value> {
    let old = find(vm, &context::current(), this)?.unwrap_or_default();
    change(vm, this, Some(value))?;
    let token = Token { variable: this.clone(), old, home: home(), is_used: Cell::new(false) };
    Ok(Value::Instance(Instance::with_payload(types().context_token.clone(), token)))
}

fn reset(vm: &mut Vm, this: &Value, token: &Value) -> Result<()> {
    let Some(state) = token.payload::<Token>() else {
        return Err(Raised::type_error(format!("expected an instance of Token, got {}", vm.repr(token)?)));
    };
    let shown = vm.repr(token)?;
    if state.is_used.get() {
        return Err(Raised::runtime_error(format!("{shown} has already been used once")));
    }
    if !state.variable.is(this) {
        return Err(Raised::value_error(format!("{shown} was created by a different ContextVar")));
    }
    if state.home != home() {
        return Err(Raised::value_error(format!("{shown} was created in a different Context")));
    }
    state.is_used.set(true);
    change(vm, this, state.old.clone().bound())
}

fn variable_repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let Some(variable) = this.payload::<Variable>() else { return Ok("<ContextVar>".to_string()) };
    let mut text = format!("<ContextVar name={}", vm.repr(&Value::Str(variable.name.clone()))?);
    if !variable.default.is_unbound() {
        text += &format!(" default={}", vm.repr(&variable.default)?);
    }
    Ok(format!("{text} at {:#x}>", this.address()))
}

fn token_variable(_: &mut Vm, this: &Token) -> Value {
    this.variable.clone()
}

fn token_old_value(vm: &mut Vm, this: &Token) -> Result<Value> {
    match this.old.clone().bound() {
        Some(value) => Ok(value),
        None => vm.get_attribute(&Value::Class(types().context_token.clone()), &Str::intern("MISSING")),
    }
}

fn token_repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let Some(token) = this.payload::<Token>() else { return Ok("<Token>".to_string()) };
    let used = if token.is_used.get() { " used" } else { "" };
    Ok(format!("<Token{used} var={} at {:#x}>", vm.repr(&token.variable)?, this.address()))
}

fn missing_repr(_: &mut Vm, _: &Value) -> &'static str {
    "<Token.MISSING>"
}

fn new_context(_: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    if !arguments.is_empty() || keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error("Context() does not accept any arguments"));
    }
    let context = Context { variables: Mutable::new(Value::None), is_entered: Cell::new(false), task: Cell::new(0) };
    Ok(Value::Instance(Instance::with_payload(class.clone(), context)))
}

/// Contexts are equal when their variables have the same values.
fn equal(vm: &mut Vm, this: &Context, other: &Value) -> Result<Value> {
    let Some(other) = other.payload::<Context>() else { return Ok(Value::NotImplemented) };
    vm.equal(&Value::Dict(variables(this)), &Value::Dict(variables(other))).map(Value::Bool)
}

fn run(vm: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let Some((function, arguments)) = arguments.split_first() else {
        return Err(Raised::type_error("run() missing 1 required positional argument"));
    };
    let Some(state) = this.payload::<Context>() else { return Err(Raised::type_error("a Context is needed")) };
    if state.is_entered.replace(true) {
        let shown = vm.repr(this)?;
        return Err(Raised::runtime_error(format!("cannot enter context: {shown} is already entered")));
    }
    let mut arguments = arguments.to_vec();
    let mut names = Vec::new();
    for entry in keywords.map_or(Vec::new(), |keywords| keywords.snapshot()) {
        names.extend(entry.key.as_str().cloned());
        arguments.push(entry.value);
    }
    let outside = context::replace(this.clone());
    let outcome = vm.call_with_keywords(function, &arguments, &names);
    context::replace(outside);
    state.is_entered.set(false);
    outcome
}

fn copy(_: &mut Vm, this: &Context) -> Value {
    Value::Instance(context::object(this.variables.get()))
}

/// The variables as a dict that may be read.
fn variables(this: &Context) -> Gc<Dict> {
    match this.variables.get() {
        Value::Dict(dict) => dict,
        _ => Gc::new(Dict::new()),
    }
}

fn check_key(vm: &mut Vm, key: &Value) -> Result<()> {
    match key.payload::<Variable>() {
        Some(_) => Ok(()),
        None => Err(Raised::type_error(format!("a ContextVar key was expected, got {}", vm.repr(key)?))),
    }
}

fn get_item(vm: &mut Vm, this: &Context, key: &Value) -> Result<Value> {
    check_key(vm, key)?;
    find(vm, &this.variables.get(), key)?.ok_or_else(|| Raised::key_error(key.clone()))
}

fn contains(vm: &mut Vm, this: &Context, key: &Value) -> Result<bool> {
    check_key(vm, key)?;
    Ok(find(vm, &this.variables.get(), key)?.is_some())
}

fn context_get(vm: &mut Vm, this: &Context, key: &Value, default: Option<Value>) -> Result<Value> {
    check_key(vm, key)?;
    Ok(find(vm, &this.variables.get(), key)?.or(default).unwrap_or(Value::None))
}

fn length(_: &mut Vm, this: &Context) -> usize {
    variables(this).len()
}

fn through_dict(vm: &mut Vm, this: &Context, method: &str) -> Result<Value> {
    vm.call_method(&Value::Dict(variables(this)), &Str::intern(method), &[])
}

fn iterate(vm: &mut Vm, this: &Context) -> Result<Value> {
    vm.iterate(&Value::Dict(variables(this)))
}

fn keys(vm: &mut Vm, this: &Context) -> Result<Value> {
    through_dict(vm, this, "keys")
}

fn values(vm: &mut Vm, this: &Context) -> Result<Value> {
    through_dict(vm, this, "values")
}

fn items(vm: &mut Vm, this: &Context) -> Result<Value> {
    through_dict(vm, this, "items")
}

fn copy_context(_: &mut Vm) -> Value {
    Value::Instance(context::object(context::current()))
}

const FUNCTIONS: &[Native] = &[native!("copy_context()", copy_context, "A copy of the current context.")];

const VARIABLE_METHODS: &[Native] = &[
    native!("__new__(cls, name, /, *, default)", new_variable(required, required, named), "Makes a variable.")
        .static_method(),
    native!("__repr__(self)", variable_repr(required), "Name and default."),
    native!("name(self)", name(required), "The name.").getter(),
    native!("get(self, /, *default)", get(required, rest), "The value in the current context, or a default."),
    native!("set(self, value, /)", set(required, required), "Sets the value. Gives a token for reset()."),
    native!("reset(self, token, /)", reset(required, required), "Brings back the value before set()."),
];

const TOKEN_METHODS: &[Native] = &[
    native!("__repr__(self)", token_repr(required), "The variable."),
    native!("var(self)", token_variable(required), "The variable.").getter(),
    native!("old_value(self)", token_old_value(required), "The value before, or Token.MISSING.").getter(),
];

const MISSING_METHODS: &[Native] = &[native!("__repr__(self)", missing_repr(required), "Its name.")];

const CONTEXT_METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new_context(required, rest, keywords), "Makes an empty context.")
        .static_method(),
    native!(
        "run(self, /, *args, **kwargs)",
        run(required, rest, keywords),
        "Calls a function, the first argument, in this context."
    ),
    native!("__eq__(self, other, /)", equal(required, required), "Whether all variables have the same values."),
    native!("copy(self)", copy(required), "Another context with the same values."),
    native!("get(self, key, default=None, /)", context_get(required, required, optional), "A value, or the default."),
    native!("keys(self)", keys(required), "The variables."),
    native!("values(self)", values(required), "The values."),
    native!("items(self)", items(required), "The variables with their values."),
    native!("__getitem__(self, key, /)", get_item(required, required), "The value of a variable."),
    native!("__contains__(self, key, /)", contains(required, required), "Whether the variable has a value."),
    native!("__len__(self)", length(required), "How many variables have a value."),
    native!("__iter__(self)", iterate(required), "Iterates over the variables."),
];
