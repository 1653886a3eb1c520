//! The scheduler: the event loop, tasks, futures, timers and everything tasks can wait for.
//!
//! Its promise is order: a program whose order CPython 3.13 determines runs in that order. The state
//! of the loops is kept per thread in `event_loop`; the VM knows nothing of it and merely resumes
//! coroutines. A primitive is one file: a little state, its wait queues and the table of its methods.

pub mod abstract_loop;
pub mod as_completed;
pub mod barrier;
pub mod call_graph;
pub mod classes;
pub mod clock;
pub mod condition;
pub mod context;
pub mod deadlock;
pub mod driver;
pub mod entry;
pub mod event;
pub mod event_loop;
pub mod exception_handler;
pub mod executor;
pub mod flows;
pub mod foreign;
pub mod future;
pub mod future_attributes;
pub mod future_methods;
pub mod gather;
pub mod handle;
pub mod heap;
pub mod input;
pub mod lock;
pub mod loop_object;
pub mod observer;
pub mod overriding;
pub mod place;
pub mod policy;
pub mod queue;
pub mod ready;
pub mod registry;
pub mod runner;
pub mod semaphore;
pub mod shield;
pub mod short_repr;
pub mod sleep;
pub mod slice;
pub mod slow_callback;
pub mod task;
pub mod task_group;
pub mod task_repr;
pub mod timeout;
pub mod timer;
pub mod wait;
pub mod wait_for;
pub mod wait_queue;

pub use clock::{now, sleep_blocking};
pub use deadlock::DeadlockReport;
pub use event_loop::EventLoop;

use crate::builtins::attributes;
use crate::value::{Result, Str, Value};
use crate::vm::Vm;

/// Tells the VM what the scheduler does for it: async generators that start and die, futures nobody
/// has asked.
pub fn connect(vm: &mut Vm) {
    classes::install();
    vm.hooks.async_generator_started = |generator| {
        if let Value::Coroutine(generator) = generator {
            event_loop::async_generator_started(generator);
        }
    };
    vm.hooks.async_generator_died = |vm, generator| match generator {
        Value::Coroutine(generator) => event_loop::async_generator_died(vm, generator),
        _ => false,
    };
    vm.hooks.set_builtin_attribute = set_attribute;
    vm.hooks.interrupted = runner::take_interrupt;
    vm.hooks.slice_over = slice::over;
    vm.hooks.let_main_look = flows::give_way;
    vm.hooks.report_forgotten = exception_handler::report_forgotten;
}

/// The VM's hook: sets the attributes of futures and loops that are parts of them; what is none goes to the
/// builtin types.
fn set_attribute(vm: &mut Vm, object: &Value, name: &Str, value: Option<Value>) -> Option<Result<()>> {
    let own = match object {
        Value::Future(_) | Value::Task(_) => future_attributes::set(vm, object, name, value.as_ref()),
        Value::Instance(instance) => loop_object::set_attribute(vm, instance, name, value.as_ref()),
        _ => Ok(false),
    };
    match own {
        Ok(true) => Some(Ok(())),
        Ok(false) => attributes::set(vm, object, name, value),
        Err(raised) => Some(Err(raised)),
    }
}
