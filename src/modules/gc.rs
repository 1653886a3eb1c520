//! `gc`: the cycle collector, as scripts see it.

use std::cell::Cell;

use super::native_module;
use crate::memory::collector;
use crate::native;
use crate::value::{Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

thread_local! {
    static THRESHOLDS: Cell<[i64; 3]> = const { Cell::new([2000, 10, 0]) };
}

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

/// The thresholds as the script has set them. Of these only a first one of 0 means anything: the collector
/// does not run by itself then.
fn get_threshold(_: &mut Vm) -> Value {
    THRESHOLDS.with(|thresholds| Value::tuple(thresholds.get().map(Value::Int).to_vec()))
}

fn set_threshold(_: &mut Vm, first: i64, second: Option<i64>, third: Option<i64>) {
    THRESHOLDS.with(|thresholds| {
        let old = thresholds.get();
        thresholds.set([first, second.unwrap_or(old[1]), third.unwrap_or(old[2])]);
    });
    collector::set_enabled(first != 0);
}

fn get_debug(_: &mut Vm) -> i64 {
    0
}

fn set_debug(_: &mut Vm, flags: i64) -> Result<()> {
    if flags == 0 {
        return Ok(());
    }
    Err(Raised::not_implemented_error("the collector has no debug output"))
}

/// Whether the collector knows the object: whether it can be part of a cycle.
fn is_tracked(_: &mut Vm, object: &Value) -> bool {
    !matches!(
        object,
        Value::None
            | Value::NotImplemented
            | Value::Ellipsis
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::BigInt(_)
            | Value::Bytes(_)
            | Value::Range(_)
    )
}

pub const FUNCTIONS: &[Native] = &[
    native!("get_threshold()", get_threshold(), "The thresholds that were set last."),
    native!(
        "set_threshold(threshold0, threshold1=10, threshold2=10, /)",
        set_threshold(required, optional, optional),
        "Sets the thresholds; a first one of 0 keeps the collector from running by itself."
    ),
    native!("get_debug()", get_debug(), "The debug flags: none."),
    native!("set_debug(flags, /)", set_debug(required), "Sets the debug flags, of which there are none."),
    native!("is_tracked(object, /)", is_tracked(required), "Whether the collector knows an object."),
    native!("collect(generation=2)", collect(optional), "Runs the collector; gives how many objects it freed."),
    native!("enable()", enable(), "Lets the collector run by itself."),
    native!("disable()", disable(), "Keeps the collector from running by itself."),
    native!("isenabled()", isenabled(), "Whether the collector runs by itself."),
    native!("get_count()", get_count(), "How many objects the collector knows."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("gc", FUNCTIONS);
    module.set("garbage", Value::list(Vec::new()));
    module.set("callbacks", Value::list(Vec::new()));
    Ok(module)
}
