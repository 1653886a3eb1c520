//! The module `asyncio`: the scheduler as scripts see it.

use std::rc::Rc;

use super::{loader, state};
use crate::builtins::add_rows;
use crate::bytecode::CodeKind;
use crate::native;
use crate::scheduler::event_loop::{self, EventLoop};
use crate::scheduler::gather::Exceptions;
use crate::scheduler::wait::Until;
use crate::scheduler::{
    as_completed, call_graph, classes, exception_handler, foreign, future, future_attributes, gather, handle, policy,
    registry, runner, shield, sleep, task, timeout, wait, wait_for,
};
use crate::value::{Gc, Module, Native, NativeFunction, Raised, Result, Set, Str, Value, types};
use crate::vm::Vm;

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    classes::install();
    let module = Module::new("asyncio");
    for row in FUNCTIONS.iter().chain(call_graph::FUNCTIONS) {
        module.set(row.name(), Value::Native(NativeFunction::of_module(row, &module.name)));
    }
    let types = types();
    for class in [
        &types.future,
        &types.task,
        &types.handle,
        &types.timer_handle,
        &types.lock,
        &types.event,
        &types.condition,
        &types.semaphore,
        &types.bounded_semaphore,
        &types.barrier,
        &types.queue,
        &types.priority_queue,
        &types.lifo_queue,
        &types.task_group,
        &types.runner,
        &types.timeout_error,
        &types.cancelled_error,
        &types.invalid_state_error,
        &types.broken_barrier_error,
        &types.queue_empty,
        &types.queue_full,
        &types.queue_shut_down,
    ] {
        module.set(&class.name(), Value::Class(class.clone()));
    }
    module.set("Timeout", Value::Class(types.timeout.clone()));
    module.set("AbstractEventLoop", Value::Class(types.event_loop.clone()));
    module.set("BaseEventLoop", Value::Class(types.base_event_loop.clone()));
    module.set("SelectorEventLoop", Value::Class(types.unix_event_loop.clone()));
    module.set("EventLoop", Value::Class(types.unix_event_loop.clone()));
    module.set("DeadlockError", Value::Class(types.deadlock_error.clone()));
    for (name, _) in Until::NAMES {
        module.set(name, Value::Str(Str::intern(name)));
    }
    // A package: its modules, in the embedded library, hold the same objects under CPython's names.
    module.set("__path__", Value::list(vec![Value::str("<stdlib>/asyncio")]));
    module.set("__package__", Value::str("asyncio"));
    let entries = module.globals.snapshot().into_iter().filter_map(|entry| Some(entry.key.as_str()?.interned()));
    let defined = DEFINED.iter().map(|(name, _)| Str::intern(name));
    let public = entries.filter(|name| !name.starts_with('_')).chain(defined);
    module.set("__all__", Value::list(public.map(Value::Str).collect()));
    add_rows(&types.task, TASK_STACK);
    future_attributes::set_stack_source(|vm| {
        let traceback = loader::import_absolute(vm, "asyncio.base_tasks")?;
        let depth = Value::Int(event_loop::ORIGIN_DEPTH as i64);
        vm.call_method(&traceback, &Str::intern("_source_stack"), &[depth])
    });
    exception_handler::set_logger_source(|vm| {
        if let Some(base_events) = state().module("asyncio.base_events") {
            return base_events.get("logger");
        }
        let logging = Value::Module(state().module("logging")?);
        vm.call_method(&logging, &Str::intern("getLogger"), &[Value::str("asyncio")]).ok()
    });
    Ok(module)
}

/// The modules of the package.
const PARTS: [&str; 20] = [
    "base_events",
    "base_futures",
    "base_tasks",
    "coroutines",
    "events",
    "exceptions",
    "futures",
    "graph",
    "locks",
    "log",
    "protocols",
    "queues",
    "runners",
    "streams",
    "taskgroups",
    "tasks",
    "threads",
    "timeouts",
    "transports",
    "unix_events",
];

/// What one of the modules defines in the language itself: it is imported when a script asks for it.
const DEFINED: &[(&str, &str)] = &[
    ("AbstractEventLoopPolicy", "events"),
    ("AbstractServer", "events"),
    ("DefaultEventLoopPolicy", "events"),
    ("get_event_loop_policy", "events"),
    ("set_event_loop_policy", "events"),
    ("IncompleteReadError", "exceptions"),
    ("LimitOverrunError", "exceptions"),
    ("SendfileNotAvailableError", "exceptions"),
    ("FrameCallGraphEntry", "graph"),
    ("FutureCallGraph", "graph"),
    ("capture_call_graph", "graph"),
    ("format_call_graph", "graph"),
    ("print_call_graph", "graph"),
    ("BaseProtocol", "protocols"),
    ("Protocol", "protocols"),
    ("DatagramProtocol", "protocols"),
    ("SubprocessProtocol", "protocols"),
    ("BufferedProtocol", "protocols"),
    ("StreamReader", "streams"),
    ("BaseTransport", "transports"),
    ("ReadTransport", "transports"),
    ("WriteTransport", "transports"),
    ("Transport", "transports"),
    ("DatagramTransport", "transports"),
    ("SubprocessTransport", "transports"),
    ("create_eager_task_factory", "tasks"),
    ("eager_task_factory", "tasks"),
    ("run_coroutine_threadsafe", "tasks"),
    ("to_thread", "threads"),
    ("wrap_future", "futures"),
];

/// What CPython's asyncio has besides, by what asy has not for it.
const ABSENT: &[(&str, &[&str])] = &[
    (
        "sockets",
        &[
            "Server",
            "StreamReaderProtocol",
            "StreamWriter",
            "open_connection",
            "open_unix_connection",
            "start_server",
            "start_unix_server",
        ],
    ),
    (
        "processes",
        &[
            "AbstractChildWatcher",
            "FastChildWatcher",
            "MultiLoopChildWatcher",
            "PidfdChildWatcher",
            "SafeChildWatcher",
            "ThreadedChildWatcher",
            "create_subprocess_exec",
            "create_subprocess_shell",
            "get_child_watcher",
            "set_child_watcher",
        ],
    ),
];

/// The module's `__getattr__`: imports a module of the package, or what one of them defines.
fn missing_attribute(vm: &mut Vm, name: &Str) -> Result<Value> {
    if PARTS.contains(&&**name) {
        return loader::import_absolute(vm, &format!("asyncio.{name}"));
    }
    let Some((_, part)) = DEFINED.iter().find(|(defined, _)| **defined == **name) else {
        let absent = ABSENT.iter().find(|(_, names)| names.contains(&&**name));
        let reason = absent.map_or(String::new(), |(what, _)| format!(": asy has no {what} yet"));
        return Err(Raised::attribute_error(format!("module 'asyncio' has no attribute '{name}'{reason}")));
    };
    let part = loader::import_absolute(vm, &format!("asyncio.{part}"))?;
    let value = vm.get_attribute(&part, name)?;
    if let Some(module) = state().module("asyncio") {
        module.set(name, value.clone());
    }
    Ok(value)
}

fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

fn run(vm: &mut Vm, main: &Value, debug: Option<Option<bool>>, loop_factory: Option<Value>) -> Result<Value> {
    runner::run(vm, main, debug.flatten(), loop_factory.unwrap_or(Value::None))
}

fn sleep_(vm: &mut Vm, delay: &Value, result: Option<Value>) -> Result<Value> {
    sleep::sleep(vm, delay, result).map(Value::NativeCoroutine)
}

fn create_task(vm: &mut Vm, coroutine: Value, name: Option<Value>, context: Option<Value>) -> Result<Value> {
    let event_loop = event_loop::running_or_error()?;
    task::create_with_factory(vm, &event_loop, coroutine, name.unwrap_or(Value::None), given(context))
}

fn ensure_future(vm: &mut Vm, awaitable: &Value, event_loop: Option<&Rc<EventLoop>>) -> Result<Value> {
    future::ensure(vm, awaitable, event_loop)
}

fn gather_(vm: &mut Vm, awaitables: &[Value], return_exceptions: Option<bool>) -> Result<Value> {
    let exceptions = if return_exceptions == Some(true) { Exceptions::Returned } else { Exceptions::Raised };
    gather::gather(vm, awaitables, exceptions)
}

fn current_task(_: &mut Vm, event_loop: Option<Value>) -> Result<Value> {
    match given(event_loop) {
        Some(event_loop) => Ok(registry::current(&event_loop)),
        None => Ok(event_loop::running_or_error()?.current_task().into()),
    }
}

fn all_tasks(vm: &mut Vm, event_loop: Option<Value>) -> Result<Value> {
    let event_loop = match given(event_loop) {
        Some(event_loop) => event_loop,
        None => event_loop::running_or_error()?.object(),
    };
    let tasks = Gc::new(Set::new());
    for task in registry::tasks(vm, &event_loop)? {
        vm.set_add(&tasks, task)?;
    }
    Ok(Value::Set(tasks))
}

fn enter_task(vm: &mut Vm, event_loop: &Value, task: Value) -> Result<()> {
    registry::enter(vm, event_loop, task)
}

fn leave_task(vm: &mut Vm, event_loop: &Value, task: &Value) -> Result<()> {
    registry::leave(vm, event_loop, task)
}

fn swap_current_task(_: &mut Vm, event_loop: &Value, task: Value) -> Value {
    registry::swap(event_loop, task)
}

fn register_task(_: &mut Vm, task: &Value) {
    registry::register(task);
}

fn unregister_task(_: &mut Vm, task: &Value) {
    registry::unregister(task);
}

fn install_policy(_: &mut Vm, policy: Value) {
    policy::set_policy(policy);
}

fn current_by_default(vm: &mut Vm) -> Result<Value> {
    Ok(policy::current_by_default(vm)?.object())
}

fn set_current_by_default(_: &mut Vm, event_loop: Option<&Rc<EventLoop>>) {
    policy::set_current_by_default(event_loop.cloned());
}

fn get_running_loop(_: &mut Vm) -> Result<Value> {
    Ok(event_loop::running_or_error()?.object())
}

fn running_loop_or_none(_: &mut Vm) -> Option<Value> {
    event_loop::running().map(|event_loop| event_loop.object())
}

fn set_running_loop(_: &mut Vm, event_loop: &Value) -> Result<()> {
    let event_loop = if event_loop.is_none() { None } else { Some(policy::expect_loop(event_loop)?) };
    event_loop::set_running(event_loop);
    Ok(())
}

fn get_event_loop(vm: &mut Vm) -> Result<Value> {
    policy::current_object(vm)
}

fn new_event_loop(vm: &mut Vm) -> Result<Value> {
    Ok(policy::new_loop(vm)?.object())
}

fn set_event_loop(vm: &mut Vm, event_loop: &Value) -> Result<()> {
    if event_loop.is_none() {
        return policy::set_current(vm, None);
    }
    let Some(event_loop) = handle::loop_of(event_loop) else {
        return Err(Raised::type_error(format!(
            "loop must be an instance of AbstractEventLoop or None, not '{}'",
            event_loop.type_name()
        )));
    };
    policy::set_current(vm, Some(&event_loop))
}

fn iscoroutine(_: &mut Vm, value: &Value) -> bool {
    future::is_coroutine(value)
}

fn iscoroutinefunction(vm: &mut Vm, value: &Value) -> Result<bool> {
    let function = match value {
        Value::Method(method) => &method.function,
        other => other,
    };
    if let Value::Function(function) = function
        && function.code.code.kind == CodeKind::Coroutine
    {
        return Ok(true);
    }
    // What `inspect.markcoroutinefunction` leaves behind.
    let mark = vm.get_attribute_if_any(function, &Str::intern("_is_coroutine_mark"))?;
    if matches!(mark, Some(Value::Bool(true))) {
        return Ok(true);
    }
    // The mark of old; only who has imported the module can have it.
    let old = Str::intern("_is_coroutine");
    let Some(mark) = super::state().module("asyncio.coroutines").and_then(|module| module.get(&old)) else {
        return Ok(false);
    };
    Ok(vm.get_attribute_if_any(function, &old)?.is_some_and(|own| own.is(&mark)))
}

fn isfuture(vm: &mut Vm, value: &Value) -> Result<bool> {
    Ok(value.as_future().is_some() || foreign::is_future(vm, value)?)
}

fn get_stack(vm: &mut Vm, this: &Value, limit: Option<Value>) -> Result<Value> {
    let module = loader::import_absolute(vm, "asyncio.base_tasks")?;
    vm.call_method(&module, &Str::intern("_task_get_stack"), &[this.clone(), limit.into()])
}

fn print_stack(vm: &mut Vm, this: &Value, limit: Option<Value>, file: Option<Value>) -> Result<Value> {
    let module = loader::import_absolute(vm, "asyncio.base_tasks")?;
    vm.call_method(&module, &Str::intern("_task_print_stack"), &[this.clone(), limit.into(), file.into()])
}

/// What of a task is written in the language itself.
const TASK_STACK: &[Native] = &[
    native!("get_stack(self, /, *, limit=None)", get_stack(required, named), "The frames of the coroutine."),
    native!(
        "print_stack(self, /, *, limit=None, file=None)",
        print_stack(required, named, named),
        "Prints the frames of the coroutine."
    ),
];

pub const FUNCTIONS: &[Native] = &[
    native!(
        "run(main, *, debug=None, loop_factory=None)",
        run(required, named, named),
        "Runs a coroutine on a loop of its own and gives its result."
    ),
    native!("sleep(delay, result=None)", sleep_(required, optional), "Waits for a time in seconds.")
        .at_once(sleep::at_once),
    native!(
        "create_task(coro, *, name=None, context=None)",
        create_task(required, named, named),
        "Starts a task that runs beside this one."
    ),
    native!(
        "ensure_future(coro_or_future, *, loop=None)",
        ensure_future(required, named),
        "A future as it is; another awaitable as a task."
    ),
    native!(
        "gather(*coros_or_futures, return_exceptions=False)",
        gather_(rest, named),
        "Runs awaitables side by side. Gives a future for the list of results."
    ),
    native!(
        "wait(fs, *, timeout=None, return_when='ALL_COMPLETED')",
        wait::wait(required, named, named),
        "Waits for futures. Gives those that are done and those that are not."
    ),
    native!(
        "wait_for(fut, timeout)",
        wait_for::wait_for(required, required),
        "Waits for one awaitable, but not longer than a time in seconds."
    ),
    native!("timeout(delay)", timeout::timeout(required), "Limits the time of a block."),
    native!("timeout_at(when)", timeout::timeout_at(required), "Limits a block to a moment of the loop's clock."),
    native!("shield(arg)", shield::shield(required), "Waits for an awaitable that is not cancelled with the waiter."),
    native!(
        "as_completed(fs, *, timeout=None)",
        as_completed::as_completed(required, named),
        "Iterates over awaitables in the order in which they end."
    ),
    native!("current_task(loop=None)", current_task(optional), "The task that is running, or None."),
    native!("all_tasks(loop=None)", all_tasks(optional), "The tasks that are not done."),
    native!("get_running_loop()", get_running_loop, "The loop that is running."),
    native!("_get_running_loop()", running_loop_or_none, "The loop that is running, or None."),
    native!("_set_running_loop(loop, /)", set_running_loop(required), "Sets the loop that is running, or None."),
    native!("get_event_loop()", get_event_loop, "The running loop, or the one that was set."),
    native!("new_event_loop()", new_event_loop, "A new loop."),
    native!("set_event_loop(loop)", set_event_loop(required), "Sets the loop get_event_loop() gives."),
    native!("iscoroutine(obj)", iscoroutine(required), "Whether it is a coroutine."),
    native!("iscoroutinefunction(func)", iscoroutinefunction(required), "Whether calling it gives a coroutine."),
    native!("isfuture(obj)", isfuture(required), "Whether it is a future or task."),
    native!("_enter_task(loop, task)", enter_task(required, required), "The task is now the current one."),
    native!("_leave_task(loop, task)", leave_task(required, required), "The task is no longer the current one."),
    native!(
        "_swap_current_task(loop, task)",
        swap_current_task(required, required),
        "Sets the current task and gives the one before."
    ),
    native!("_register_task(task)", register_task(required), "Makes a task known."),
    native!("_unregister_task(task)", unregister_task(required), "Forgets a task."),
    native!("_install_policy(policy)", install_policy(required), "Sets a policy, or None for the default one."),
    native!("_current_by_default()", current_by_default, "The loop of the default policy."),
    native!("_set_current_by_default(loop)", set_current_by_default(required), "Sets the loop of the default policy."),
    native!("__getattr__(name)", missing_attribute(required), "Imports what is imported when it is needed."),
];
