//! `asyncio.Handle` and `asyncio.TimerHandle`: calls the script has scheduled.

use std::cell::Cell;
use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::lock::state;
use super::ready::Ready;
use super::timer::TimerId;
use super::{context, exception_handler, task};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Function, Gc, Instance, Mutable, Native, Raised, Result, Value, float, symbols, types};
use crate::vm::{Comparison, Vm};

/// A call that is scheduled.
pub struct Handle {
    /// None once it is cancelled.
    callback: Mutable<Value>,
    arguments: Mutable<Vec<Value>>,
    context: Value,
    is_cancelled: Cell<bool>,
    /// The moment, for a timer; as the script gave or the loop computed it.
    when: Option<f64>,
    pub(super) timer: Cell<Option<TimerId>>,
    /// The number of the loop.
    home: u32,
}

impl Payload for Handle {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.callback.borrow().trace(tracer);
        self.arguments.borrow().iter().for_each(|argument| argument.trace(tracer));
        self.context.trace(tracer);
    }

    fn clear(&self) {
        self.callback.set(Value::None);
        drop(self.arguments.take());
    }
}

impl<'a> FromArgument<'a> for &'a Handle {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Handle"))
    }
}

fn create(
    class: &Class,
    event_loop: &EventLoop,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
    when: Option<f64>,
) -> Gc<Instance> {
    let handle = Handle {
        callback: Mutable::new(callback),
        arguments: Mutable::new(arguments.to_vec()),
        context: context.unwrap_or_else(context::current),
        is_cancelled: Cell::new(false),
        when,
        timer: Cell::new(None),
        home: event_loop.number,
    };
    Instance::with_payload(class.clone(), handle)
}

/// `loop.call_soon`
pub fn call_soon(
    event_loop: &EventLoop,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    let handle = create(&types().handle, event_loop, callback, arguments, context, None);
    event_loop.ready.push(Ready::Handle(handle.clone()));
    Ok(Value::Instance(handle))
}

/// `loop.call_at`
pub fn call_at(
    event_loop: &EventLoop,
    when: f64,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    let handle = create(&types().timer_handle, event_loop, callback, arguments, context, Some(when));
    let timer = event_loop.timers.add(when, Ready::Handle(handle.clone()));
    state::<Handle>(&handle)?.timer.set(Some(timer));
    Ok(Value::Instance(handle))
}

/// A handle for a callback of a future, made when an error is to be reported.
pub(super) fn of_done_callback(event_loop: &EventLoop, callback: Value) -> Gc<Instance> {
    create(&types().handle, event_loop, callback, &[], None, None)
}

/// The loop's call.
pub(super) fn run(vm: &mut Vm, instance: &Gc<Instance>) -> Result<()> {
    let handle: &Handle = state(instance)?;
    handle.timer.set(None);
    if handle.is_cancelled.get() {
        return Ok(());
    }
    let (callback, arguments) = (handle.callback.get(), handle.arguments.get());
    let outside = context::replace(handle.context.clone());
    let outcome = vm.call(&callback, &arguments);
    context::replace(outside);
    match outcome {
        Ok(_) => Ok(()),
        Err(raised) => report(vm, instance, raised),
    }
}

/// The callback has raised.
pub(super) fn report(vm: &mut Vm, instance: &Gc<Instance>, raised: Raised) -> Result<()> {
    if task::leaves_the_loop(&raised) {
        return Err(raised);
    }
    let callback = state::<Handle>(instance)?.callback.get();
    let message = format!("Exception in callback {}", callback_text(vm, &callback));
    exception_handler::report(vm, message, Some(&raised), &[("handle", Value::Instance(instance.clone()))])
}

/// A callback as reprs and messages name it: `work() at f.py:3`.
pub fn callback_text(vm: &mut Vm, callback: &Value) -> String {
    let place = |function: &Function| {
        let code = &function.code.code;
        format!("{}() at {}:{}", function.qualified_name(), code.source.name, code.first_line)
    };
    match callback {
        Value::Function(function) => place(function),
        Value::Method(method) => match &method.function {
            Value::Function(function) => format!("{}()", function.qualified_name()),
            other => callback_text(vm, other),
        },
        Value::Native(function) => match &function.owner {
            Some(owner) => format!("{}.{}()", owner.name(), function.row.name()),
            None => format!("{}()", function.row.name()),
        },
        other => match vm.repr(other) {
            Ok(text) => format!("{text}()"),
            Err(_) => format!("{}()", other.type_name()),
        },
    }
}

/// The timer of a handle was cancelled by the part of the scheduler that had asked for it.
pub(super) fn timer_cancelled(handle: &Gc<Instance>) {
    if let Some(handle) = handle.payload::<Handle>() {
        handle.is_cancelled.set(true);
    }
}

fn cancel(_: &mut Vm, this: &Handle) {
    if this.is_cancelled.replace(true) {
        return;
    }
    if let Some(timer) = this.timer.take()
        && let Some(event_loop) = event_loop::find(this.home)
    {
        event_loop.timers.cancel(timer);
    }
    this.callback.set(Value::None);
    drop(this.arguments.take());
}

fn new(
    vm: &mut Vm,
    class: &Class,
    callback: Value,
    arguments: &Value,
    home: &Rc<EventLoop>,
    context: Option<Value>,
) -> Result<Value> {
    let arguments = vm.collect(arguments)?;
    let context = context.filter(|context| !context.is_none());
    Ok(Value::Instance(create(class, home, callback, &arguments, context, None)))
}

fn new_timer(
    vm: &mut Vm,
    class: &Class,
    when: &Value,
    callback: Value,
    arguments: &Value,
    home: &Rc<EventLoop>,
    context: Option<Value>,
) -> Result<Value> {
    let when = vm.float(when)?;
    let arguments = vm.collect(arguments)?;
    let context = context.filter(|context| !context.is_none());
    Ok(Value::Instance(create(class, home, callback, &arguments, context, Some(when))))
}

fn run_now(vm: &mut Vm, this: &Gc<Instance>) -> Result<()> {
    run(vm, this)
}

fn get_callback(_: &mut Vm, this: &Handle) -> Value {
    this.callback.get()
}

fn get_arguments(_: &mut Vm, this: &Handle) -> Value {
    if this.is_cancelled.get() { Value::None } else { Value::tuple(this.arguments.get()) }
}

fn equal(vm: &mut Vm, this: &Handle, other: &Value) -> Result<Value> {
    let Some(other) = other.payload::<Handle>().filter(|other| other.when.is_some()) else {
        return Ok(Value::NotImplemented);
    };
    let (callback, arguments) = (other.callback.get(), Value::tuple(other.arguments.get()));
    let own = Value::tuple(this.arguments.get());
    let same = this.when == other.when
        && this.is_cancelled.get() == other.is_cancelled.get()
        && vm.equal(&this.callback.get(), &callback)?
        && vm.equal(&own, &arguments)?;
    Ok(Value::Bool(same))
}

fn hash(vm: &mut Vm, this: &Handle) -> Result<i64> {
    vm.hash(&Value::Float(this.when.unwrap_or_default()))
}

fn cancelled(_: &mut Vm, this: &Handle) -> bool {
    this.is_cancelled.get()
}

fn get_context(_: &mut Vm, this: &Handle) -> Value {
    Value::Instance(context::object(this.context.clone()))
}

fn when(_: &mut Vm, this: &Handle) -> Option<f64> {
    this.when
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let handle: &Handle = state(this)?;
    let mut text = format!("<{}", this.class_ref().name());
    if handle.is_cancelled.get() {
        text += " cancelled";
    }
    if let Some(when) = handle.when {
        text += &format!(" when={}", float::repr(when));
    }
    let callback = handle.callback.get();
    if !callback.is_none() {
        text += &format!(" {}", callback_text(vm, &callback));
    }
    Ok(text + ">")
}

fn order(left: &Handle, right: &Value, comparison: Comparison) -> Value {
    let Some(right) = right.payload::<Handle>().and_then(|right| right.when) else { return Value::NotImplemented };
    let Some(left) = left.when else { return Value::NotImplemented };
    Value::Bool(match comparison {
        Comparison::Less => left < right,
        Comparison::LessEqual => left <= right,
        Comparison::Greater => left > right,
        _ => left >= right,
    })
}

fn less(_: &mut Vm, this: &Handle, other: &Value) -> Value {
    order(this, other, Comparison::Less)
}

fn less_equal(_: &mut Vm, this: &Handle, other: &Value) -> Value {
    order(this, other, Comparison::LessEqual)
}

fn greater(_: &mut Vm, this: &Handle, other: &Value) -> Value {
    order(this, other, Comparison::Greater)
}

fn greater_equal(_: &mut Vm, this: &Handle, other: &Value) -> Value {
    order(this, other, Comparison::GreaterEqual)
}

/// The loop behind an object scripts see.
pub fn loop_of(value: &Value) -> Option<Rc<EventLoop>> {
    value.payload::<event_loop::LoopState>().map(|state| state.0.clone())
}

/// The module of a class, for reprs.
pub(super) fn module_of(class: &Class) -> String {
    let module = class.lookup(&symbols().module);
    module.as_ref().and_then(Value::as_str).map_or(String::new(), |module| module.to_string())
}

pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, callback, args, loop, context=None)",
        new(required, required, required, required, optional),
        "A call that is to be made."
    )
    .static_method(),
    native!("__repr__(self)", repr(required), "What it calls."),
    native!("_run(self)", run_now(required), "Makes the call now."),
    native!("_callback(self)", get_callback(required), "What it calls; None once it is cancelled.").getter(),
    native!("_args(self)", get_arguments(required), "The arguments; None once it is cancelled.").getter(),
    native!("_cancelled(self)", cancelled(required), "Whether it was cancelled.").getter(),
    native!("cancel(self)", cancel(required), "The call will not be made."),
    native!("cancelled(self)", cancelled(required), "Whether it was cancelled."),
    native!("get_context(self)", get_context(required), "The context of the call."),
];

pub const TIMER_METHODS: &[Native] = &[
    native!(
        "__new__(cls, when, callback, args, loop, context=None)",
        new_timer(required, required, required, required, required, optional),
        "A call that is to be made at a moment."
    )
    .static_method(),
    native!("__eq__(self, other)", equal(required, required), "Whether it is the same call at the same moment."),
    native!("__hash__(self)", hash(required), "By the moment."),
    native!("when(self)", when(required), "The moment of the call, on the loop's clock."),
    native!("__lt__(self, other)", less(required, required), "Whether it is earlier."),
    native!("__le__(self, other)", less_equal(required, required), "Whether it is not later."),
    native!("__gt__(self, other)", greater(required, required), "Whether it is later."),
    native!("__ge__(self, other)", greater_equal(required, required), "Whether it is not earlier."),
];
