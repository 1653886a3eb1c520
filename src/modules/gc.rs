//! `gc`: the cycle collector, as scripts see it.

use super::native_module;
use crate::memory::collector;
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

fn collect(vm: &mut Vm, generation: Option<i64>) -> Result<usize> {
    let generation = generation.unwrap_or(2);
    if !(0..=2).contains(&generation) {
        return Err(Raised::value_error("invalid generation"));
    }
    let mut found = 0;
    loop {
        let round = collector::collect(generation == 2);
        found += round.freed;
        // Finalizers of what was found run now, not at the next safe point. What they leave behind is freed
        // in another round.
        vm.check_interrupts()?;
        if !round.has_finalizers {
            return Ok(found);
        }
    }
}

fn enable(_: &mut Vm) {
    collector::set_enabled(true);
}

fn disable(_: &mut Vm) {
    collector::set_enabled(false);
}

fn isenabled(_: &mut Vm) -> bool {
    collector::is_enabled()
}

/// The collector counts objects, not generations: all are in the first.
fn get_count(_: &mut Vm) -> Value {
    Value::tuple(vec![Value::from(collector::tracked()), Value::Int(0), Value::Int(0)])
}

pub const FUNCTIONS: &[Native] = &[
    native!("collect(generation=2)", collect(optional), "Runs the collector; gives how many objects it freed."),
    native!("enable()", enable(), "Lets the collector run by itself."),
    native!("disable()", disable(), "Keeps the collector from running by itself."),
    native!("isenabled()", isenabled(), "Whether the collector runs by itself."),
    native!("get_count()", get_count(), "How many objects the collector knows."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("gc", FUNCTIONS);
    module.set("garbage", Value::list(Vec::new()));
    Ok(module)
}
