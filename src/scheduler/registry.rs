//! Which task is current on a loop and which tasks there are, as other drivers of tasks say it:
//! `_enter_task`, `_leave_task`, `_swap_current_task`, `_register_task`.
//!
//! The loops and tasks of this scheduler keep both themselves. Beside them, any object can stand for a
//! loop or a task.

use super::event_loop::EventLoop;
use super::handle::loop_of;
use crate::value::{Gc, Instance, Mutable, Raised, Result, Str, Task, Value, Weak};
use crate::vm::Vm;

thread_local! {
    /// Loop and task, where one of the two is no object of the scheduler.
    static CURRENT: Mutable<Vec<(Value, Value)>> = const { Mutable::new(Vec::new()) };
    /// Tasks that are no objects of the scheduler.
    static REGISTERED: Mutable<Vec<Weak<Instance>>> = const { Mutable::new(Vec::new()) };
}

/// The current task of a loop, which may be any object.
pub fn current(home: &Value) -> Value {
    let native = loop_of(home).and_then(|event_loop| event_loop.current_task());
    if let Some(task) = native {
        return Value::Task(task);
    }
    let entries = CURRENT.with(Mutable::get);
    entries.into_iter().find(|entry| entry.0.is(home)).map_or(Value::None, |entry| entry.1)
}

/// Sets the current task of a loop (None for none) and gives the one before.
pub fn swap(home: &Value, task: Value) -> Value {
    let before = current(home);
    CURRENT.with(|current| {
        let mut entries = current.get();
        entries.retain(|entry| !entry.0.is(home));
        current.set(entries);
    });
    match (loop_of(home), task) {
        (Some(event_loop), Value::Task(task)) => event_loop.current.set(Some(task)),
        (event_loop, task) => {
            if let Some(event_loop) = event_loop {
                event_loop.current.set(None);
            }
            if !task.is_none() {
                CURRENT.with(|current| {
                    let mut entries = current.get();
                    entries.push((home.clone(), task));
                    current.set(entries);
                });
            }
        }
    }
    before
}

/// `_enter_task(loop, task)`
pub fn enter(vm: &mut Vm, home: &Value, task: Value) -> Result<()> {
    let now = current(home);
    if !now.is_none() {
        let (task, now) = (vm.repr(&task)?, vm.repr(&now)?);
        return Err(Raised::runtime_error(format!(
            "Cannot enter into task {task} while another task {now} is being executed."
        )));
    }
    swap(home, task);
    Ok(())
}

/// `_leave_task(loop, task)`
pub fn leave(vm: &mut Vm, home: &Value, task: &Value) -> Result<()> {
    let now = current(home);
    if !now.is(task) {
        let (task, now) = (vm.repr(task)?, vm.repr(&now)?);
        return Err(Raised::runtime_error(format!("Leaving task {task} does not match the current task {now}.")));
    }
    swap(home, Value::None);
    Ok(())
}

/// `_register_task(task)`: `all_tasks` will give it until it is done.
pub fn register(task: &Value) {
    if let Value::Instance(task) = task {
        REGISTERED.with(|registered| {
            let mut tasks = registered.take();
            tasks.retain(|other| other.upgrade().is_some_and(|other| !other.same(task)));
            tasks.push(Weak::new(task));
            registered.set(tasks);
        });
    }
}

/// `_unregister_task(task)`
pub fn unregister(task: &Value) {
    match task {
        Value::Instance(task) => REGISTERED.with(|registered| {
            let mut tasks = registered.take();
            tasks.retain(|other| other.upgrade().is_some_and(|other| !other.same(task)));
            registered.set(tasks);
        }),
        Value::Task(task) => forget(task),
        _ => {}
    }
}

fn forget(task: &Gc<Task>) {
    if let Some(event_loop) = super::event_loop::find(task.future.home.get()) {
        event_loop.remove_task(task);
    }
}

/// The tasks of a loop that are not done.
pub fn tasks(vm: &mut Vm, home: &Value) -> Result<Vec<Value>> {
    let native = loop_of(home);
    let mut tasks: Vec<Value> = native.map_or(Vec::new(), |event_loop: std::rc::Rc<EventLoop>| {
        event_loop.pending_tasks().into_iter().map(Value::Task).collect()
    });
    let registered: Vec<Gc<Instance>> =
        REGISTERED.with(|registered| registered.borrow().iter().filter_map(Weak::upgrade).collect());
    for task in registered {
        let task = Value::Instance(task);
        let of = match vm.get_attribute_if_any(&task, &Str::intern("get_loop"))? {
            Some(get_loop) => vm.call(&get_loop, &[])?,
            None => vm.get_attribute(&task, &Str::intern("_loop"))?,
        };
        if of.is(home) {
            let done = vm.call_method(&task, &Str::intern("done"), &[])?;
            if !vm.truth(&done)? {
                tasks.push(task);
            }
        }
    }
    Ok(tasks)
}
