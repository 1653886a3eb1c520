//! `_thread`: what `threading` is made of. Threads are flows (`scheduler/flows.rs`).

mod handle;
mod local;
mod lock;
pub mod simple_queue;

use std::cell::{Cell, RefCell};

use super::{native_module, signal, structure, traceback};
use crate::builtins::functions::is_callable;
use crate::memory::interrupt;
use crate::native;
use crate::scheduler::flows::{self, Ident};
use crate::value::{Class, Gc, Instance, Module, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

use handle::Handle;

/// Bytes of native stack for a thread, unless `stack_size` says otherwise. Only what is touched costs memory.
const STACK: usize = 8 << 20;
/// The least that can be asked for.
const LEAST_STACK: i64 = 32 << 10;

thread_local! {
    /// What `stack_size` was last set to; 0 for the usual.
    static STACK_SIZE: Cell<usize> = const { Cell::new(0) };
    /// Handles of the threads that the end of the program waits for.
    static AWAITED: RefCell<Vec<Gc<Instance>>> = const { RefCell::new(Vec::new()) };
    static HOOK_ARGUMENTS: Class = structure::class(
        "_thread._ExceptHookArgs",
        &["exc_type", "exc_value", "exc_traceback", "thread"],
    );
}

/// Whether the end of the program waits for a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Awaited,
    Ignored,
}

/// Starts a thread that calls `function`.
fn start(function: Value, arguments: Vec<Value>, names: Vec<Str>, handle: Gc<Instance>, end: End) -> Result<Ident> {
    let size = if STACK_SIZE.get() == 0 { STACK } else { STACK_SIZE.get() };
    let of_thread = handle.clone();
    let body = move |vm: &mut Vm| {
        let outcome = vm.call_with_keywords(&function, &arguments, &names);
        if let Err(raised) = outcome
            && !raised.is_a(&types().system_exit)
        {
            let shown = vm.repr(&function).map_or_else(|_| "a function".into(), |shown| shown.to_string());
            let message = format!("Exception ignored in thread started by {shown}");
            traceback::report_ignored_with(vm, raised, Some(&message), &Value::None);
        }
        drop((function, arguments));
        local::forget(flows::current());
        AWAITED.with_borrow_mut(|awaited| awaited.retain(|other| !other.same(&of_thread)));
        if let Some(handle) = of_thread.payload::<Handle>() {
            handle.ended();
        }
    };
    let ident =
        flows::start(size, body).map_err(|error| Raised::runtime_error(format!("can't start new thread: {error}")))?;
    if let Some(state) = handle.payload::<Handle>() {
        state.started(ident);
    }
    if end == End::Awaited {
        AWAITED.with_borrow_mut(|awaited| awaited.push(handle));
    }
    Ok(ident)
}

fn start_new_thread(_: &mut Vm, function: &Value, arguments: &Value, keywords: Option<&Value>) -> Result<i64> {
    if !is_callable(function) {
        return Err(Raised::type_error("first arg must be callable"));
    }
    let Value::Tuple(arguments) = arguments.native() else {
        return Err(Raised::type_error("2nd arg must be a tuple"));
    };
    let keywords = match keywords.map(Value::native) {
        None => None,
        Some(Value::Dict(keywords)) => Some(keywords),
        Some(_) => return Err(Raised::type_error("optional 3rd arg must be a dictionary")),
    };
    let (names, values): (Vec<Str>, Vec<Value>) = crate::builtins::keyword_pairs(keywords).into_iter().unzip();
    let arguments = arguments.items().iter().cloned().chain(values).collect();
    start(function.clone(), arguments, names, handle::make(), End::Ignored)
}

fn start_joinable_thread(_: &mut Vm, function: &Value, given: Option<Value>, daemon: Option<bool>) -> Result<Value> {
    if !is_callable(function) {
        return Err(Raised::type_error("thread function must be callable"));
    }
    let handle = match given {
        None | Some(Value::None) => handle::make(),
        Some(Value::Instance(handle)) if handle.payload::<Handle>().is_some() => handle,
        Some(_) => return Err(Raised::type_error("'handle' must be a _ThreadHandle")),
    };
    if let Some(state) = handle.payload::<Handle>() {
        state.check_new()?;
    }
    let end = if daemon == Some(false) { End::Awaited } else { End::Ignored };
    start(function.clone(), Vec::new(), Vec::new(), handle.clone(), end)?;
    Ok(Value::Instance(handle))
}

fn get_ident(_: &mut Vm) -> i64 {
    flows::current()
}

fn main_ident(_: &mut Vm) -> i64 {
    flows::MAIN
}

fn count(_: &mut Vm) -> usize {
    flows::others()
}

fn is_true(_: &mut Vm) -> bool {
    true
}

fn exit(_: &mut Vm) -> Result<()> {
    Err(Raised::new(&types().system_exit, Vec::new()))
}

fn interrupt_main(vm: &mut Vm, number: Option<i64>) -> Result<()> {
    match number {
        None | Some(2) if signal::is_handled() => {}
        // What the script does not handle is not simulated.
        None | Some(1..=64) => return Ok(()),
        Some(_) => return Err(Raised::value_error("signal number out of range")),
    }
    interrupt::request(interrupt::SIGNAL);
    if vm.is_main_flow() { vm.check_interrupts() } else { Ok(()) }
}

fn stack_size(_: &mut Vm, size: Option<i64>) -> Result<usize> {
    let size = size.unwrap_or(-1);
    match size {
        -1 => return Ok(STACK_SIZE.get()),
        size if size < 0 => return Err(Raised::value_error("size must be 0 or a positive value")),
        size if size != 0 && size < LEAST_STACK => {
            return Err(Raised::value_error(format!("size not valid: {size} bytes")));
        }
        _ => {}
    }
    Ok(STACK_SIZE.replace(size as usize))
}

fn set_name(_: &mut Vm, name: &Str) {
    flows::set_name(flows::current(), name.clone());
}

/// Waits for the threads that are not daemons.
fn shutdown(vm: &mut Vm) -> Result<()> {
    let me = flows::current();
    loop {
        let next = AWAITED.with_borrow(|awaited| awaited.last().cloned());
        let Some(next) = next else { return Ok(()) };
        AWAITED.with_borrow_mut(|awaited| awaited.retain(|other| !other.same(&next)));
        if let Some(handle) = next.payload::<Handle>().filter(|handle| handle.number() != me) {
            handle.join(vm, None)?;
        }
    }
}

const FUNCTIONS: &[Native] = &[
    native!(
        "start_new_thread(function, args, kwargs={}, /)",
        start_new_thread(required, required, optional),
        "Starts a thread and gives its number."
    ),
    native!(
        "start_new(function, args, kwargs={}, /)",
        start_new_thread(required, required, optional),
        "As start_new_thread()."
    ),
    native!(
        "start_joinable_thread(function, handle=None, daemon=True)",
        start_joinable_thread(required, optional, optional),
        "Starts a thread and gives its handle."
    ),
    native!("_make_thread_handle(ident, /)", handle::of_running(required), "The handle of a thread that runs."),
    native!("allocate_lock()", lock::new, "Makes a lock."),
    native!("allocate()", lock::new, "As allocate_lock()."),
    native!("get_ident()", get_ident, "The number of the running thread."),
    native!("get_native_id()", get_ident, "The number of the running thread."),
    native!("_get_main_thread_ident()", main_ident, "The number of the main thread."),
    native!("_is_main_interpreter()", is_true, "There is only one interpreter."),
    native!("daemon_threads_allowed()", is_true, "Daemon threads are allowed."),
    native!("_count()", count, "How many threads run besides the main one."),
    native!("exit()", exit, "Ends the running thread."),
    native!("exit_thread()", exit, "As exit()."),
    native!("interrupt_main(signum=2, /)", interrupt_main(optional), "As if Ctrl-C was pressed."),
    native!("stack_size(size=-1, /)", stack_size(optional), "Bytes of stack for threads to come; 0 for the usual."),
    native!("_shutdown()", shutdown, "Waits for the threads that are not daemons."),
    native!("_set_name(name, /)", set_name(required), "How reports call the running thread."),
    native!("_local_get(local, name, /)", local::get(required, required), "An attribute of this thread."),
    native!("_local_set(local, name, value, /)", local::set(required, required, required), "Sets an attribute."),
    native!("_local_delete(local, name, /)", local::delete(required, required), "Deletes an attribute."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_thread", FUNCTIONS);
    for (name, class) in [("lock", &lock::LOCK), ("LockType", &lock::LOCK), ("RLock", &lock::REENTRANT)] {
        class.with(|class| module.set(name, Value::Class(class.clone())));
    }
    handle::HANDLE.with(|class| module.set("_ThreadHandle", Value::Class(class.clone())));
    local::LOCAL.with(|class| module.set("_local_base", Value::Class(class.clone())));
    HOOK_ARGUMENTS.with(|class| module.set("_ExceptHookArgs", Value::Class(class.clone())));
    module.set("error", Value::Class(types().runtime_error.clone()));
    module.set("TIMEOUT_MAX", Value::Float(lock::LONGEST));
    Ok(module)
}
