//! `_functools`: the parts of `functools` that are called often: `partial`, caches (`cache`), `reduce`,
//! and sort keys made of a comparison (`sort_key`).

use super::native_module;
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

mod cache;
mod partial;
mod sort_key;

fn reduce(vm: &mut Vm, function: &Value, iterable: &Value, initial: Option<Value>) -> Result<Value> {
    let iterator = vm.iterate(iterable).map_err(|raised| match raised.is_a(&crate::value::types().type_error) {
        true if vm.special(iterable, &crate::value::symbols().iter).is_ok_and(|method| method.is_none()) => {
            Raised::type_error("reduce() arg 2 must support iteration")
        }
        _ => raised,
    })?;
    let function = function.clone();
    let first = match initial {
        Some(initial) => Some(initial),
        None => vm.next(&iterator)?,
    };
    let Some(mut result) = first else {
        return Err(Raised::type_error("reduce() of empty iterable with no initial value"));
    };
    while let Some(item) = vm.next(&iterator)? {
        result = vm.call(&function, &[result, item])?;
    }
    Ok(result)
}

fn cmp_to_key(_: &mut Vm, mycmp: Value) -> Value {
    sort_key::maker(mycmp)
}

const FUNCTIONS: &[Native] = &[
    native!(
        "reduce(function, iterable, initial=None, /)",
        reduce(required, required, optional),
        "Folds the items from the left with a function of two arguments."
    ),
    native!(
        "cmp_to_key(mycmp)",
        cmp_to_key(required),
        "Makes a sort key of a comparison that gives a negative number, zero or a positive number."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_functools", FUNCTIONS);
    partial::PARTIAL.with(|class| module.set("partial", Value::Class(class.clone())));
    cache::WRAPPER.with(|class| module.set("_lru_cache_wrapper", Value::Class(class.clone())));
    Ok(module)
}
