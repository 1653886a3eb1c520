//! `asyncio.run` and `asyncio.Runner`: a loop from its start to its tidy end.
//!
//! The first Ctrl-C cancels the main task, so that it can clean up; the next one interrupts.

use std::cell::Cell;
use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::gather::{self, Exceptions};
use super::lock::state;
use super::{context, exception_handler, executor, future, loop_object, overriding, policy, task};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Task, Value, types};
use crate::vm::Vm;

thread_local! {
    /// The main task of the run in progress.
    static MAIN: Mutable<Option<Gc<Task>>> = const { Mutable::new(None) };
    /// How often Ctrl-C was pressed during the run.
    static INTERRUPTS: Cell<u32> = const { Cell::new(0) };
}

/// The VM's hook: Ctrl-C was pressed. The first time the main task is cancelled. True when that was all; false when
/// KeyboardInterrupt is to be raised.
pub fn take_interrupt(vm: &mut Vm) -> Result<bool> {
    let Some(main) = MAIN.with(Mutable::get) else { return Ok(false) };
    INTERRUPTS.set(INTERRUPTS.get().saturating_add(1));
    if INTERRUPTS.get() > 1 || main.future.is_done() {
        return Ok(false);
    }
    task::cancel(vm, &main, &Value::None)
}

/// Runs a coroutine on a loop as its main task.
fn run_main(vm: &mut Vm, event_loop: &Rc<EventLoop>, coroutine: &Value, context: Option<Value>) -> Result<Value> {
    let main = task::create_with_factory(vm, event_loop, coroutine.clone(), Value::None, context)?;
    if !vm.is_main_flow() {
        // Ctrl-C is for the main flow.
        return event_loop.run_until_complete(vm, &main);
    }
    let outside = MAIN.with(|place| place.replace(future::as_task(&main).cloned()));
    INTERRUPTS.set(0);
    let outcome = event_loop.run_until_complete(vm, &main);
    MAIN.with(|place| place.set(outside));
    match outcome {
        Err(raised) if raised.is_a(&types().cancelled_error) && INTERRUPTS.get() > 0 => {
            let left = future::as_task(&main).map_or(0, |main| task::uncancel(main));
            Err(if left == 0 { Raised::new(&types().keyboard_interrupt, Vec::new()) } else { raised })
        }
        other => other,
    }
}

/// Ends what is still running: tasks are cancelled, async generators closed, then the loop.
fn shut_down(vm: &mut Vm, event_loop: &Rc<EventLoop>, is_current: bool) -> Result<()> {
    let outcome = cancel_all(vm, event_loop).and_then(|()| {
        let closing = match overriding::method_of(vm, event_loop, "shutdown_asyncgens")? {
            Some(method) => vm.call(&method, &[])?,
            None => loop_object::close_async_generators(event_loop),
        };
        event_loop.run_until_complete(vm, &closing)?;
        let closing = match overriding::method_of(vm, event_loop, "shutdown_default_executor")? {
            Some(method) => vm.call(&method, &[])?,
            None => executor::shut_down(vm, event_loop, Some(Value::Float(executor::JOIN_LIMIT)))?,
        };
        event_loop.run_until_complete(vm, &closing).map(drop)
    });
    if is_current {
        policy::set_current(vm, None)?;
    }
    match overriding::method_of(vm, event_loop, "close")? {
        Some(close) => vm.call(&close, &[]).map(drop)?,
        None => event_loop.close()?,
    }
    outcome
}

fn cancel_all(vm: &mut Vm, event_loop: &Rc<EventLoop>) -> Result<()> {
    let tasks: Vec<Value> = event_loop.pending_tasks().into_iter().map(Value::Task).collect();
    if tasks.is_empty() {
        return Ok(());
    }
    for task in &tasks {
        future::cancel(vm, task, &Value::None)?;
    }
    let all = gather::gather(vm, &tasks, Exceptions::Returned)?;
    event_loop.run_until_complete(vm, &all)?;
    for task in tasks {
        if let Some(raised) = task.as_future().and_then(|state| state.exception()) {
            let message = "unhandled exception during asyncio.run() shutdown".to_string();
            exception_handler::report_to(vm, Some(event_loop), message, Some(&raised), &[("task", task)])?;
        }
    }
    Ok(())
}

/// The end of a run, whose own error comes before one of the cleaning up. After a deadlock there is no
/// cleaning up: the program ends.
fn end<T>(vm: &mut Vm, event_loop: &Rc<EventLoop>, is_current: bool, outcome: Result<T>) -> Result<T> {
    if let Err(raised) = &outcome
        && raised.is_a(&types().deadlock_error)
    {
        event_loop.close()?;
        return outcome;
    }
    match (shut_down(vm, event_loop, is_current), outcome) {
        (Err(later), Err(raised)) => {
            if later.0.context.borrow().is_none() && !later.0.same(&raised.0) {
                later.0.context.set(Value::Exception(raised.0));
            }
            Err(later)
        }
        (Err(raised), Ok(_)) => Err(raised),
        (Ok(()), outcome) => outcome,
    }
}

fn check_idle(message: &str) -> Result<()> {
    match event_loop::running() {
        Some(_) => Err(Raised::runtime_error(message)),
        None => Ok(()),
    }
}

fn check_main(vm: &mut Vm, main: &Value) -> Result<()> {
    if future::is_coroutine(main) {
        return Ok(());
    }
    let shown = vm.repr(main)?;
    Err(Raised::value_error(format!("a coroutine was expected, got {shown}")))
}

/// `asyncio.run(main)`: runs a coroutine on a loop of its own and gives its result.
pub fn run(vm: &mut Vm, main: &Value, debug: Option<bool>, factory: Value) -> Result<Value> {
    check_idle("asyncio.run() cannot be called from a running event loop")?;
    check_main(vm, main)?;
    let (event_loop, is_current) = make_loop(vm, &factory, debug)?;
    let outcome = run_main(vm, &event_loop, main, None);
    end(vm, &event_loop, is_current, outcome)
}

/// The loop of a run, from the factory or else from the policy, which then also makes it the current one; and
/// whether it did.
fn make_loop(vm: &mut Vm, factory: &Value, debug: Option<bool>) -> Result<(Rc<EventLoop>, bool)> {
    let (event_loop, is_current) = if factory.is_none() {
        let event_loop = policy::new_loop(vm)?;
        policy::set_current(vm, Some(&event_loop))?;
        (event_loop, true)
    } else {
        (policy::expect_loop(&vm.call(factory, &[])?)?, false)
    };
    if let Some(debug) = debug {
        event_loop.debug.set(debug);
    }
    Ok((event_loop, is_current))
}

/// Where in its life a runner is.
enum Stage {
    Created,
    /// The loop, and whether it was made the current one.
    Open(Rc<EventLoop>, bool),
    Closed,
}

/// The state of a `Runner`.
pub struct Runner {
    stage: Mutable<Stage>,
    debug: Cell<Option<bool>>,
    loop_factory: Mutable<Value>,
    /// The context of its runs: what one of them sets, the next one finds.
    context: Mutable<Value>,
}

impl Payload for Runner {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.loop_factory.borrow().trace(tracer);
        self.context.borrow().trace(tracer);
    }
}

impl<'a> FromArgument<'a> for &'a Runner {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Runner"))
    }
}

impl Runner {
    fn open(&self, vm: &mut Vm) -> Result<Rc<EventLoop>> {
        match &*self.stage.borrow() {
            Stage::Open(event_loop, _) => return Ok(event_loop.clone()),
            Stage::Closed => return Err(Raised::runtime_error("Runner is closed")),
            Stage::Created => {}
        }
        let factory = self.loop_factory.get();
        let (event_loop, is_current) = make_loop(vm, &factory, self.debug.get())?;
        self.context.set(Value::Instance(context::object(context::current())));
        self.stage.set(Stage::Open(event_loop.clone(), is_current));
        Ok(event_loop)
    }

    fn close<T>(&self, vm: &mut Vm, outcome: Result<T>) -> Result<T> {
        let (event_loop, is_current) = match &*self.stage.borrow() {
            Stage::Open(event_loop, is_current) => (event_loop.clone(), *is_current),
            _ => return outcome,
        };
        let outcome = end(vm, &event_loop, is_current, outcome);
        self.stage.set(Stage::Closed);
        outcome
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let runner = Runner {
        stage: Mutable::new(Stage::Created),
        debug: Cell::new(None),
        loop_factory: Mutable::new(Value::None),
        context: Mutable::new(Value::None),
    };
    Value::Instance(Instance::with_payload(class.clone(), runner))
}

fn init(_: &mut Vm, this: &Runner, debug: Option<Option<bool>>, loop_factory: Option<Value>) {
    this.debug.set(debug.flatten());
    this.loop_factory.set(loop_factory.unwrap_or(Value::None));
}

fn run_method(vm: &mut Vm, this: &Runner, main: &Value, context: Option<Value>) -> Result<Value> {
    check_main(vm, main)?;
    check_idle("Runner.run() cannot be called from a running event loop")?;
    let event_loop = this.open(vm)?;
    let context = context.filter(|context| !context.is_none()).unwrap_or_else(|| this.context.get());
    run_main(vm, &event_loop, main, Some(context))
}

fn close(vm: &mut Vm, this: &Runner) -> Result<()> {
    this.close(vm, Ok(()))
}

fn get_loop(vm: &mut Vm, this: &Runner) -> Result<Value> {
    Ok(this.open(vm)?.object())
}

fn enter(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Runner>(this)?.open(vm)?;
    Ok(Value::Instance(this.clone()))
}

fn exit(vm: &mut Vm, this: &Runner, _: &Value, exception: &Value, _: &Value) -> Result<Value> {
    if let Value::Exception(exception) = exception
        && exception.is_a(&types().deadlock_error)
    {
        return Ok(Value::None);
    }
    this.close(vm, Ok(Value::None))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a runner.").static_method(),
    native!("__init__(self, *, debug=None, loop_factory=None)", init(required, named, named), "A runner."),
    native!("run(self, coro, *, context=None)", run_method(required, required, named), "Runs a coroutine."),
    native!("close(self)", close(required), "Ends what is still running and closes the loop."),
    native!("get_loop(self)", get_loop(required), "The loop of this runner."),
    native!("__enter__(self)", enter(required), "Makes the loop."),
    native!("__exit__(self, exc_type, exc_val, exc_tb)", exit(required, required, required, required), "As close."),
];
