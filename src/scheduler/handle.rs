//! `asyncio.Handle` and `asyncio.TimerHandle`: calls the script has scheduled.

use std::cell::Cell;
use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::lock::state;
use super::ready::Ready;
use super::timer::TimerId;
use super::{context, exception_handler, future_attributes, short_repr, task};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, float, symbols, types};
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
    /// What is kept in debug mode.
    origin: Mutable<Option<Box<Origin>>>,
}

/// What a handle knows of itself in debug mode.
struct Origin {
    /// Where it was made, as a list of frames.
    frames: Value,
    /// How it showed itself when it was cancelled.
    repr: Option<String>,
}

impl Payload for Handle {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.callback.borrow().trace(tracer);
        self.arguments.borrow().iter().for_each(|argument| argument.trace(tracer));
        self.context.trace(tracer);
        self.origin.borrow().iter().for_each(|origin| origin.frames.trace(tracer));
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
        origin: Mutable::new(None),
    };
    Instance::with_payload(class.clone(), handle)
}

/// In debug mode a handle remembers where it was made.
fn remember_source(vm: &mut Vm, event_loop: &EventLoop, handle: &Gc<Instance>) -> Result<()> {
    if let Some(frames) = future_attributes::source_stack(vm, event_loop)? {
        state::<Handle>(handle)?.origin.set(Some(Box::new(Origin { frames, repr: None })));
    }
    Ok(())
}

/// `loop.call_soon`
pub fn call_soon(
    vm: &mut Vm,
    event_loop: &EventLoop,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    let handle = create(&types().handle, event_loop, callback, arguments, context, None);
    remember_source(vm, event_loop, &handle)?;
    event_loop.ready.push(Ready::Handle(handle.clone()));
    Ok(Value::Instance(handle))
}

/// `loop.call_at`
pub fn call_at(
    vm: &mut Vm,
    event_loop: &EventLoop,
    when: f64,
    callback: Value,
    arguments: &[Value],
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    let handle = create(&types().timer_handle, event_loop, callback, arguments, context, Some(when));
    remember_source(vm, event_loop, &handle)?;
    let timer = event_loop.timers.add(when, Ready::Handle(handle.clone()));
    state::<Handle>(&handle)?.timer.set(Some(timer));
    Ok(Value::Instance(handle))
}

/// A handle for a callback of a future, made when an error is to be reported.
pub(super) fn of_done_callback(event_loop: &EventLoop, callback: Value, future: &Value) -> Gc<Instance> {
    create(&types().handle, event_loop, callback, std::slice::from_ref(future), None, None)
}

/// The loop's call.
pub(super) fn run(vm: &mut Vm, instance: &Gc<Instance>) -> Result<()> {
    let handle: &Handle = state(instance)?;
    handle.timer.set(None);
    if handle.is_cancelled.get() {
        return Ok(());
    }
    let (callback, arguments) = (handle.callback.get(), handle.arguments.get());
    let outside = context::enter(handle.context.clone());
    let outcome = vm.call(&callback, &arguments);
    context::leave(outside);
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
    let handle: &Handle = state(instance)?;
    let message = format!("Exception in callback {}", handle.call_text(vm));
    let mut more = vec![("handle", Value::Instance(instance.clone()))];
    let frames = handle.frames();
    if !frames.is_none() {
        more.push(("source_traceback", frames));
    }
    exception_handler::report(vm, message, Some(&raised), &more)
}

impl Handle {
    /// Where it was made, if the loop was in debug mode; else None.
    fn frames(&self) -> Value {
        self.origin.borrow().as_ref().map_or(Value::None, |origin| origin.frames.clone())
    }

    /// The call; with its arguments only in debug mode, since they may be nobody else's business.
    fn call_text(&self, vm: &mut Vm) -> String {
        let callback = self.callback.get();
        let is_debugged = event_loop::find(self.home).is_some_and(|event_loop| event_loop.debug.get());
        if !is_debugged {
            return callback_text(vm, &callback, "()");
        }
        let shown: Result<Vec<String>> =
            self.arguments.get().iter().map(|argument| short_repr::short_repr(vm, argument)).collect();
        callback_text(vm, &callback, &format!("({})", shown.unwrap_or_default().join(", ")))
    }
}

/// A callback as reprs and messages name it: `work() at f.py:3`. `arguments` stand in parentheses.
pub fn callback_text(vm: &mut Vm, callback: &Value, arguments: &str) -> String {
    match callback {
        Value::Function(function) => {
            let code = &function.code.code;
            format!("{}{arguments} at {}:{}", function.qualified_name(), code.source.name, code.first_line)
        }
        Value::Method(method) => match &method.function {
            Value::Function(function) => format!("{}{arguments}", function.qualified_name()),
            other => callback_text(vm, other, arguments),
        },
        Value::Native(function) => match &function.owner {
            Some(owner) => format!("{}.{}{arguments}", owner.name(), function.row.name()),
            None => format!("{}{arguments}", function.row.name()),
        },
        other => {
            if let Some(inner) = function_of_partial(vm, other) {
                return callback_text(vm, &inner, &format!("(){arguments}"));
            }
            let name = vm.get_attribute_if_any(other, &symbols().qualname);
            match name.map(|name| name.as_ref().and_then(Value::as_str).cloned()) {
                Ok(Some(name)) => format!("{name}{arguments}"),
                _ => match vm.repr(other) {
                    Ok(text) => format!("{text}{arguments}"),
                    Err(_) => format!("{}{arguments}", other.type_name()),
                },
            }
        }
    }
}

/// What a `functools.partial` calls. None: it is none.
fn function_of_partial(vm: &mut Vm, value: &Value) -> Option<Value> {
    if !matches!(value, Value::Instance(_)) || &*value.class().name() != "partial" {
        return None;
    }
    vm.get_attribute_if_any(value, &Str::intern("func")).ok().flatten()
}

/// The timer of a handle was cancelled by the part of the scheduler that had asked for it.
pub(super) fn timer_cancelled(handle: &Gc<Instance>) {
    if let Some(handle) = handle.payload::<Handle>() {
        handle.is_cancelled.set(true);
    }
}

fn cancel(vm: &mut Vm, this: &Gc<Instance>) -> Result<()> {
    let handle: &Handle = state(this)?;
    if handle.is_cancelled.replace(true) {
        return Ok(());
    }
    if handle.origin.borrow().is_some() {
        let shown = repr(vm, this)?;
        if let Some(origin) = handle.origin.borrow_mut().as_mut() {
            origin.repr = Some(shown);
        }
    }
    handle.give_up();
    Ok(())
}

impl Handle {
    /// Leaves the timers and forgets the call.
    fn give_up(&self) {
        if let Some(timer) = self.timer.take()
            && let Some(event_loop) = event_loop::find(self.home)
        {
            event_loop.timers.cancel(timer);
        }
        self.callback.set(Value::None);
        drop(self.arguments.take());
    }
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
    let handle = create(class, home, callback, &arguments, context, None);
    remember_source(vm, home, &handle)?;
    Ok(Value::Instance(handle))
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
    let handle = create(class, home, callback, &arguments, context, Some(when));
    remember_source(vm, home, &handle)?;
    Ok(Value::Instance(handle))
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

fn source_traceback(_: &mut Vm, this: &Handle) -> Value {
    this.frames()
}

fn home(_: &mut Vm, this: &Handle) -> Value {
    event_loop::find_any(this.home).map_or(Value::None, |event_loop| event_loop.object())
}

fn is_scheduled(_: &mut Vm, this: &Handle) -> bool {
    this.timer.get().is_some()
}

/// The parts of the repr.
fn description(vm: &mut Vm, this: &Gc<Instance>) -> Result<Vec<String>> {
    let handle: &Handle = state(this)?;
    let mut parts = vec![this.class_ref().name().to_string()];
    if handle.is_cancelled.get() {
        parts.push("cancelled".to_string());
    }
    if let Some(when) = handle.when {
        parts.push(format!("when={}", float::repr(when)));
    }
    if !handle.callback.borrow().is_none() {
        parts.push(handle.call_text(vm));
    }
    parts.extend(future_attributes::created_at(vm, &handle.frames())?);
    Ok(parts)
}

fn repr_info(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    Ok(Value::list(description(vm, this)?.into_iter().map(Value::from).collect()))
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let handle: &Handle = state(this)?;
    let kept = handle.origin.borrow().as_ref().and_then(|origin| origin.repr.clone());
    match kept {
        Some(kept) => Ok(kept),
        None => Ok(format!("<{}>", description(vm, this)?.join(" "))),
    }
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
    native!("_context(self)", get_context(required), "The context of the call.").getter(),
    native!("_loop(self)", home(required), "The loop.").getter(),
    native!("_source_traceback(self)", source_traceback(required), "Where it was made, in debug mode.").getter(),
    native!("_repr_info(self)", repr_info(required), "The parts of the repr."),
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
    native!("_when(self)", when(required), "The moment of the call, on the loop's clock.").getter(),
    native!("_scheduled(self)", is_scheduled(required), "Whether it stands among the timers.").getter(),
    native!("when(self)", when(required), "The moment of the call, on the loop's clock."),
    native!("__lt__(self, other)", less(required, required), "Whether it is earlier."),
    native!("__le__(self, other)", less_equal(required, required), "Whether it is not later."),
    native!("__gt__(self, other)", greater(required, required), "Whether it is later."),
    native!("__ge__(self, other)", greater_equal(required, required), "Whether it is not earlier."),
];
