//! The loop as scripts see it: the methods of `AbstractEventLoop`.

use std::rc::Rc;

use super::event_loop::{EventLoop, LoopState, ORIGIN_DEPTH};
use super::exception_handler;
use super::gather::{self, Exceptions};
use super::handle::{self, loop_of, module_of};
use super::{clock, executor, flows, future, future_attributes, overriding, task};
use crate::builtins::functions::is_callable;
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Str, Value, types};
use crate::vm::Vm;

impl<'a> FromArgument<'a> for &'a Rc<EventLoop> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<LoopState>().map(|state| &state.0).ok_or(Mismatch::Expected("AbstractEventLoop"))
    }
}

fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

fn run_until_complete(vm: &mut Vm, this: &Rc<EventLoop>, main: &Value) -> Result<Value> {
    this.run_until_complete(vm, main)
}

fn run_forever(vm: &mut Vm, this: &Rc<EventLoop>) -> Result<()> {
    this.run_forever(vm)
}

fn stop(_: &mut Vm, this: &Rc<EventLoop>) {
    this.stop();
}

fn close(vm: &mut Vm, this: &Rc<EventLoop>) -> Result<()> {
    this.close()?;
    executor::give_up(vm, this)
}

fn is_running(_: &mut Vm, this: &Rc<EventLoop>) -> bool {
    this.is_running()
}

fn is_closed(_: &mut Vm, this: &Rc<EventLoop>) -> bool {
    this.is_closed()
}

fn time(_: &mut Vm, _: &Rc<EventLoop>) -> f64 {
    clock::now()
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(EventLoop::new().make_object(class.clone()))
}

fn init(_: &mut Vm, _: &Rc<EventLoop>, _: &[Value]) {}

fn run_once(vm: &mut Vm, this: &Rc<EventLoop>) -> Result<()> {
    let changed = this.changed_object();
    this.run_once(vm, changed.as_ref())
}

/// In debug mode, what is to be called is looked at before.
fn check_callback(vm: &mut Vm, this: &Rc<EventLoop>, callback: &Value, method: &str) -> Result<()> {
    if !this.debug.get() {
        return Ok(());
    }
    if future::is_coroutine(callback) {
        return Err(Raised::type_error(format!("coroutines cannot be used with {method}()")));
    }
    if !is_callable(callback) {
        let shown = vm.repr(callback)?;
        return Err(Raised::type_error(format!("a callable object was expected by {method}(), got {shown}")));
    }
    Ok(())
}

fn call_soon(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    if this.debug.get() {
        this.check_closed()?;
        this.check_flow()?;
    }
    check_callback(vm, this, &callback, "call_soon")?;
    handle::call_soon(vm, this, callback, arguments, given(context))
}

fn call_soon_threadsafe(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    check_callback(vm, this, &callback, "call_soon_threadsafe")?;
    let handle = handle::call_soon(vm, this, callback, arguments, given(context))?;
    if flows::are_many() {
        flows::look_at_loops();
    }
    Ok(handle)
}

fn call_later(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    delay: &Value,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    if delay.is_none() {
        return Err(Raised::type_error("delay must not be None"));
    }
    let when = this.now(vm)? + vm.float(delay)?;
    if let Some(call_at) = overriding::method_of(vm, this, "call_at")? {
        let mut all = vec![Value::Float(when), callback];
        all.extend_from_slice(arguments);
        all.push(context.into());
        return vm.call_with_keywords(&call_at, &all, &[Str::intern("context")]);
    }
    check_callback(vm, this, &callback, "call_later")?;
    handle::call_at(vm, this, when, callback, arguments, given(context))
}

fn call_at(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    when: &Value,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    if when.is_none() {
        return Err(Raised::type_error("when cannot be None"));
    }
    let when = vm.float(when)?;
    check_callback(vm, this, &callback, "call_at")?;
    handle::call_at(vm, this, when, callback, arguments, given(context))
}

fn create_future(vm: &mut Vm, this: &Rc<EventLoop>) -> Result<Value> {
    let future = future::create(this);
    future_attributes::remember_source(vm, this, &future)?;
    Ok(Value::Future(future))
}

fn create_task(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    coroutine: Value,
    name: Option<Value>,
    context: Option<Value>,
) -> Result<Value> {
    task::create_by_loop(vm, this, coroutine, name.unwrap_or(Value::None), given(context))
}

fn set_task_factory(_: &mut Vm, this: &Rc<EventLoop>, factory: Value) -> Result<()> {
    if !factory.is_none() && !is_callable(&factory) {
        return Err(Raised::type_error("task factory must be a callable or None"));
    }
    this.task_factory.set(factory);
    Ok(())
}

fn get_task_factory(_: &mut Vm, this: &Rc<EventLoop>) -> Value {
    this.task_factory.get()
}

fn set_exception_handler(vm: &mut Vm, this: &Rc<EventLoop>, handler: Value) -> Result<()> {
    if !handler.is_none() && !is_callable(&handler) {
        let shown = vm.repr(&handler)?;
        return Err(Raised::type_error(format!("A callable object or None is expected, got {shown}")));
    }
    this.exception_handler.set(handler);
    Ok(())
}

fn get_exception_handler(_: &mut Vm, this: &Rc<EventLoop>) -> Value {
    this.exception_handler.get()
}

fn default_exception_handler(vm: &mut Vm, _: &Rc<EventLoop>, context: &Gc<Dict>) -> Result<()> {
    exception_handler::by_default(vm, context)
}

fn call_exception_handler(vm: &mut Vm, this: &Rc<EventLoop>, context: &Gc<Dict>) -> Result<()> {
    exception_handler::call_by_loop(vm, this, context)
}

fn ready(_: &mut Vm, this: &Rc<EventLoop>) -> Value {
    Value::list(this.ready.snapshot())
}

fn slow_callback_duration(_: &mut Vm, this: &Rc<EventLoop>) -> f64 {
    this.slow_callback.get()
}

/// Sets an attribute that is a part of the loop. False: it is an ordinary one.
pub fn set_attribute(vm: &mut Vm, instance: &Gc<Instance>, name: &Str, value: Option<&Value>) -> Result<bool> {
    if &**name != "slow_callback_duration" {
        return Ok(false);
    }
    let (Some(state), Some(value)) = (instance.payload::<LoopState>(), value) else { return Ok(false) };
    state.0.slow_callback.set(vm.float(value)?);
    Ok(true)
}

fn get_debug(_: &mut Vm, this: &Rc<EventLoop>) -> bool {
    this.debug.get()
}

fn set_debug(vm: &mut Vm, this: &Rc<EventLoop>, enabled: bool) {
    this.debug.set(enabled);
    if this.is_running() {
        vm.origin_depth = if enabled { ORIGIN_DEPTH } else { 0 };
    }
}

fn shutdown_asyncgens(_: &mut Vm, this: &Rc<EventLoop>) -> Value {
    close_async_generators(this)
}

fn run_in_executor(
    vm: &mut Vm,
    this: &Rc<EventLoop>,
    executor: Value,
    function: Value,
    arguments: &[Value],
) -> Result<Value> {
    this.check_closed()?;
    check_callback(vm, this, &function, "run_in_executor")?;
    executor::run(vm, this, executor, function, arguments)
}

/// Closes the async generators that are alive.
struct CloseGenerators {
    event_loop: Rc<EventLoop>,
    /// Those that are being closed; None before the start.
    generators: Mutable<Option<Vec<Value>>>,
}

/// The coroutine of `loop.shutdown_asyncgens()`.
pub(super) fn close_async_generators(event_loop: &Rc<EventLoop>) -> Value {
    let body = CloseGenerators { event_loop: event_loop.clone(), generators: Mutable::new(None) };
    Value::NativeCoroutine(NativeCoroutine::new(&"BaseEventLoop.shutdown_asyncgens", body))
}

impl NativeBody for CloseGenerators {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let results = match input {
            Resume::Raise(raised) => return Err(raised),
            Resume::Value(results) => results,
        };
        let Some(generators) = self.generators.take() else {
            let generators: Vec<Value> =
                self.event_loop.take_async_generators().into_iter().map(Value::Coroutine).collect();
            if generators.is_empty() {
                return Ok(Step::Return(Value::None));
            }
            let mut closing = Vec::with_capacity(generators.len());
            for generator in &generators {
                closing.push(future::as_coroutine(vm.call_method(generator, &Str::intern("aclose"), &[])?));
            }
            self.generators.set(Some(generators));
            return Ok(Step::Await(gather::gather(vm, &closing, Exceptions::Returned)?));
        };
        for (generator, result) in generators.into_iter().zip(vm.collect(&results)?) {
            if let Value::Exception(exception) = result
                && exception.is_a(&types().exception)
            {
                let shown = vm.repr(&generator)?;
                let message = format!("an error occurred during closing of asynchronous generator {shown}");
                exception_handler::report(vm, message, Some(&Raised(exception)), &[("asyncgen", generator)])?;
            }
        }
        Ok(Step::Return(Value::None))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.generators.borrow().iter().flatten().for_each(|generator| generator.trace(tracer));
    }
}

fn repr(_: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let Some(event_loop) = loop_of(&Value::Instance(this.clone())) else {
        let class = this.class();
        return Ok(format!("<{}.{} object at {:#x}>", module_of(&class), class.name(), this.address()));
    };
    let truth = |truth: bool| if truth { "True" } else { "False" };
    Ok(format!(
        "<{} running={} closed={} debug={}>",
        this.class_ref().name(),
        truth(event_loop.is_running()),
        truth(event_loop.is_closed()),
        truth(event_loop.debug.get())
    ))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a loop.").static_method(),
    native!("__init__(self, *args)", init(required, rest), "A loop that is idle."),
    native!("_ready(self)", ready(required), "What is ready: handles and tasks, oldest first.").getter(),
    native!("_run_once(self)", run_once(required), "Runs what is ready, after waiting if nothing is."),
    native!(
        "slow_callback_duration(self)",
        slow_callback_duration(required),
        "In debug mode, calls that take longer are reported."
    )
    .getter(),
    native!("__repr__(self)", repr(required), "The state of the loop."),
    native!(
        "run_until_complete(self, future)",
        run_until_complete(required, required),
        "Runs until the future is done and gives its result."
    ),
    native!("run_forever(self)", run_forever(required), "Runs until stop() is called."),
    native!("stop(self)", stop(required), "Ends run_forever() after this iteration."),
    native!("close(self)", close(required), "Closes the loop."),
    native!("is_running(self)", is_running(required), "Whether it is running."),
    native!("is_closed(self)", is_closed(required), "Whether it was closed."),
    native!("time(self)", time(required), "The loop's clock, in seconds."),
    native!(
        "call_soon(self, callback, *args, context=None)",
        call_soon(required, required, rest, named),
        "Calls the callback in the next iteration."
    ),
    native!(
        "call_soon_threadsafe(self, callback, *args, context=None)",
        call_soon_threadsafe(required, required, rest, named),
        "As call_soon, from any thread."
    ),
    native!(
        "call_later(self, delay, callback, *args, context=None)",
        call_later(required, required, required, rest, named),
        "Calls the callback after a delay in seconds."
    ),
    native!(
        "call_at(self, when, callback, *args, context=None)",
        call_at(required, required, required, rest, named),
        "Calls the callback at a moment of the loop's clock."
    ),
    native!("create_future(self)", create_future(required), "A new future of this loop."),
    native!(
        "create_task(self, coro, *, name=None, context=None)",
        create_task(required, required, named, named),
        "Starts a task."
    ),
    native!("set_task_factory(self, factory)", set_task_factory(required, required), "Who makes tasks; or None."),
    native!("get_task_factory(self)", get_task_factory(required), "Who makes tasks; or None."),
    native!(
        "set_exception_handler(self, handler)",
        set_exception_handler(required, required),
        "Who hears of errors that have nowhere else to go; or None."
    ),
    native!("get_exception_handler(self)", get_exception_handler(required), "Who hears of errors; or None."),
    native!(
        "default_exception_handler(self, context)",
        default_exception_handler(required, required),
        "Writes the error to stderr."
    ),
    native!(
        "call_exception_handler(self, context)",
        call_exception_handler(required, required),
        "Tells the exception handler."
    ),
    native!("get_debug(self)", get_debug(required), "Whether the loop is in debug mode."),
    native!("set_debug(self, enabled)", set_debug(required, required), "Turns the debug mode on or off."),
    native!("shutdown_asyncgens(self)", shutdown_asyncgens(required), "Closes the async generators that are alive."),
    native!(
        "shutdown_default_executor(self, timeout=None)",
        executor::shut_down(required, optional),
        "Waits for the threads of the executor."
    ),
    native!(
        "run_in_executor(self, executor, func, *args)",
        run_in_executor(required, required, required, rest),
        "Calls a function in a thread; gives a future for its result."
    ),
    native!("set_default_executor(self, executor)", executor::set(required, required), "Whose threads are used."),
    native!("_default_executor(self)", executor::get(required), "The executor, once there is one.").getter(),
];
