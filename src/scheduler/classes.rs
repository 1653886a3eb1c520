//! Which class has which table of methods.

use super::{
    abstract_loop, as_completed, barrier, condition, entry, event, future_attributes, future_methods, handle, lock,
    loop_object, queue, runner, semaphore, task_group, timeout,
};
use crate::builtins::generic_alias;
use crate::value::{Class, Native, NativeFunction, Str, Value, types};
use crate::vm::add_dictionary;

/// The classes of the scheduler with their methods.
pub fn tables() -> Vec<(Class, &'static [Native])> {
    let types = types();
    let tables: Vec<(&Class, &'static [Native])> = vec![
        (&types.future, future_methods::FUTURE_METHODS),
        (&types.task, future_methods::TASK_METHODS),
        (&types.future, future_attributes::FUTURE_ATTRIBUTES),
        (&types.task, future_attributes::TASK_ATTRIBUTES),
        (&types.event_loop, abstract_loop::NEW),
        (&types.event_loop, abstract_loop::METHODS),
        (&types.event_loop, abstract_loop::WITH_SOCKETS),
        (&types.event_loop, abstract_loop::WITH_FILES),
        (&types.event_loop, abstract_loop::WITH_PROCESSES),
        (&types.event_loop, abstract_loop::WITH_SIGNALS),
        (&types.base_event_loop, loop_object::METHODS),
        (&types.loop_entry, entry::METHODS),
        (&types.handle, handle::METHODS),
        (&types.timer_handle, handle::TIMER_METHODS),
        (&types.lock, lock::METHODS),
        (&types.event, event::METHODS),
        (&types.condition, condition::METHODS),
        (&types.semaphore, semaphore::METHODS),
        (&types.bounded_semaphore, semaphore::BOUNDED_METHODS),
        (&types.barrier, barrier::METHODS),
        (&types.queue, queue::METHODS),
        (&types.timeout, timeout::METHODS),
        (&types.task_group, task_group::METHODS),
        (&types.as_completed_iterator, as_completed::METHODS),
        (&types.runner, runner::METHODS),
        (&types.queue, generic_alias::SUBSCRIPTION),
    ];
    tables.into_iter().map(|(class, rows)| (class.clone(), rows)).collect()
}

thread_local! {
    static INSTALLED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Puts the methods into the classes, once a thread.
pub fn install() {
    if INSTALLED.replace(true) {
        return;
    }
    for class in [&types().event_loop, &types().base_event_loop, &types().unix_event_loop] {
        add_dictionary(class);
    }
    for (class, rows) in tables() {
        for row in rows {
            class.set(&Str::intern(row.name()), Value::Native(NativeFunction::method(row, &class)));
        }
    }
}
