//! `atexit`: functions that run when the program ends, the last registered first.

use super::native_module;
use crate::native;
use crate::value::{Dict, Gc, Module, Mutable, Native, Raised, Result, Str, Value};
use crate::vm::Vm;

/// A function with its arguments; the last ones have names.
#[derive(Clone)]
struct Registered {
    function: Value,
    arguments: Vec<Value>,
    names: Vec<Str>,
}

thread_local! {
    static REGISTERED: &'static Mutable<Vec<Registered>> = Box::leak(Box::new(Mutable::new(Vec::new())));
}

fn registered() -> &'static Mutable<Vec<Registered>> {
    REGISTERED.with(|registered| *registered)
}

fn register(_: &mut Vm, function: &Value, rest: &[Value], keywords: Option<&Gc<Dict>>) -> Value {
    let mut arguments = rest.to_vec();
    let mut names = Vec::new();
    for entry in keywords.map_or(Vec::new(), |keywords| keywords.snapshot()) {
        if let Some(name) = entry.key.as_str() {
            names.push(name.clone());
            arguments.push(entry.value);
        }
    }
    registered().borrow_mut().push(Registered { function: function.clone(), arguments, names });
    function.clone()
}

fn unregister(vm: &mut Vm, function: &Value) -> Result<()> {
    let mut kept = Vec::new();
    let all = registered().get();
    for one in all {
        if !vm.equal(&one.function, function)? {
            kept.push(one);
        }
    }
    registered().set(kept);
    Ok(())
}

fn clear(_: &mut Vm) {
    registered().set(Vec::new());
}

fn count(_: &mut Vm) -> usize {
    registered().borrow().len()
}

/// Runs and forgets them all; gives the exceptions they raised.
pub fn run(vm: &mut Vm) -> Vec<Raised> {
    let mut failures = Vec::new();
    loop {
        // One may register another.
        let Some(next) = registered().borrow_mut().pop() else { return failures };
        if let Err(raised) = vm.call_with_keywords(&next.function, &next.arguments, &next.names) {
            failures.push(raised);
        }
    }
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "register(func, /, *args, **kwargs)",
        register(required, rest, keywords),
        "Has a function called when the program ends."
    ),
    native!("unregister(func, /)", unregister(required), "Takes a function back."),
    native!("_clear()", clear(), "Takes all functions back."),
    native!("_ncallbacks()", count(), "How many functions are registered."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("atexit", FUNCTIONS))
}
