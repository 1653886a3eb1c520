//! Generators and coroutines: what a script does with them by hand. `for`, `await` and the scheduler
//! drive them without these methods.

use super::exceptions::to_raise;
use super::traceback;
use crate::native;
use crate::value::coroutine::{CoroutineState, CoroutineWrapper, Resume};
use crate::value::{CoroutineKind, Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::{Outcome, Vm};

/// The value itself if it is a generator or coroutine that can be driven.
fn driven(this: &Value) -> Result<&Value> {
    match this {
        Value::Coroutine(_) | Value::NativeCoroutine(_) => Ok(this),
        _ => match this.payload::<CoroutineWrapper>() {
            Some(wrapper) => Ok(&wrapper.0),
            None => Err(Raised::type_error(format!("a generator or coroutine is needed, not '{}'", this.type_name()))),
        },
    }
}

fn advance(vm: &mut Vm, this: &Value, input: Resume) -> Result<Value> {
    match vm.resume(driven(this)?, input)? {
        Outcome::Yielded(item) => Ok(item),
        Outcome::Returned(value) => Err(Raised::stop_iteration(value)),
    }
}

fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    advance(vm, this, Resume::Value(Value::None))
}

fn send(vm: &mut Vm, this: &Value, value: Value) -> Result<Value> {
    advance(vm, this, Resume::Value(value))
}

/// Warns of `throw(type, value, traceback)`, which is not to be used any more.
pub(super) fn warn_of_parts(vm: &mut Vm, method: &str, value: Option<&Value>, trace: Option<&Value>) -> Result<()> {
    if value.is_some() || trace.is_some() {
        let message =
            format!("the (type, exc, tb) signature of {method}() is deprecated, use the single-arg signature instead.");
        return (vm.hooks.warn)(vm, &types().deprecation_warning, &message);
    }
    Ok(())
}

/// What `throw(type, value, traceback)` raises; usually the first argument alone says it.
pub(super) fn thrown(vm: &mut Vm, exception: &Value, value: Option<&Value>, trace: Option<&Value>) -> Result<Raised> {
    let value = value.filter(|value| !value.is_none());
    let raised = match (exception, value) {
        // A class that cannot be called with nothing: that is what the generator gets.
        (Value::Class(class), None) if class.is_exception() => to_raise(vm, exception).unwrap_or_else(|raised| raised),
        (_, None) => to_raise(vm, exception)?,
        (Value::Class(class), Some(Value::Exception(given))) if given.is_a(class) => Raised(given.clone()),
        (Value::Class(class), Some(value)) if class.is_subclass(&types().base_exception) => {
            let arguments = match value {
                Value::Tuple(arguments) => arguments.items().to_vec(),
                single => vec![single.clone()],
            };
            let made = vm.call(exception, &arguments)?;
            to_raise(vm, &made)?
        }
        (Value::Exception(_), Some(_)) => {
            return Err(Raised::type_error("instance exception may not have a separate value"));
        }
        _ => to_raise(vm, exception)?,
    };
    if let Some(trace) = trace.filter(|trace| !trace.is_none()) {
        if traceback::entries(trace).is_none() {
            return Err(Raised::type_error("throw() third argument must be a traceback object"));
        }
        super::exceptions::set_traceback(&raised.0, trace)?;
    }
    Ok(raised)
}

fn throw(vm: &mut Vm, this: &Value, exception: &Value, value: Option<&Value>, trace: Option<&Value>) -> Result<Value> {
    warn_of_parts(vm, "throw", value, trace)?;
    let raised = thrown(vm, exception, value, trace)?;
    advance(vm, this, Resume::Raise(raised))
}

fn close(vm: &mut Vm, this: &Value) -> Result<Value> {
    let this = driven(this)?;
    // Since 3.13 a generator that returns a value when closed gives it to the caller.
    let value = vm.close(this)?;
    Ok(if matches!(this, Value::Coroutine(generator) if generator.kind == CoroutineKind::Generator) {
        value
    } else {
        Value::None
    })
}

fn itself(_: &mut Vm, this: Value) -> Value {
    this
}

/// `coroutine.__await__()`
fn wrapper(_: &mut Vm, this: &Value) -> Result<Value> {
    let inner = CoroutineWrapper(driven(this)?.clone());
    Ok(Value::Instance(Instance::with_payload(types().coroutine_wrapper.clone(), inner)))
}

fn name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(match driven(this)? {
        Value::Coroutine(coroutine) => Value::Str(coroutine.name()),
        Value::NativeCoroutine(coroutine) => Value::str(coroutine.name.rsplit('.').next().unwrap_or(coroutine.name)),
        other => Value::Str(other.type_name()),
    })
}

/// The name with those around it.
pub(super) fn full_name(this: &Value) -> Str {
    match this {
        Value::Coroutine(coroutine) => coroutine.qualified_name(),
        Value::NativeCoroutine(coroutine) => Str::new(coroutine.name),
        other => other.type_name(),
    }
}

fn qualified_name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Str(full_name(driven(this)?)))
}

pub(super) fn repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let kind = this.type_name();
    Ok(match this {
        Value::Instance(_) => format!("<{kind} object at {:#x}>", this.address()),
        Value::NativeCoroutine(coroutine) if coroutine.is_plain_awaitable => {
            format!("<{} object at {:#x}>", coroutine.name, this.address())
        }
        _ => format!("<{kind} object {} at {:#x}>", full_name(this), this.address()),
    }
    .into())
}

fn state(this: &Value) -> Result<CoroutineState> {
    Ok(match driven(this)? {
        Value::Coroutine(coroutine) => coroutine.state.get(),
        Value::NativeCoroutine(coroutine) => coroutine.state.get(),
        _ => CoroutineState::Finished,
    })
}

/// Whether it runs, or awaits what runs.
pub(super) fn is_running(vm: &mut Vm, this: &Value) -> Result<bool> {
    Ok(match state(this)? {
        CoroutineState::Running => true,
        CoroutineState::Waiting => {
            let this = driven(this)?;
            vm.script_frames().any(|view| view.coroutine.is_some_and(|coroutine| coroutine.is(this)))
        }
        _ => false,
    })
}

pub(super) fn is_suspended(vm: &mut Vm, this: &Value) -> Result<bool> {
    let is_inside = matches!(state(this)?, CoroutineState::Suspended | CoroutineState::Waiting);
    Ok(is_inside && !is_running(vm, this)?)
}

pub(super) fn code(_: &mut Vm, this: &Value) -> Result<Value> {
    match driven(this)? {
        Value::Coroutine(coroutine) => Ok(Value::Code(coroutine.function.code.clone())),
        _ => Err(Raised::attribute_error("a coroutine written in Rust has no code object")),
    }
}

/// Where it stands, as a frame; None when it is over.
pub(super) fn frame(_: &mut Vm, this: &Value) -> Result<Value> {
    match driven(this)? {
        Value::Coroutine(coroutine) if coroutine.state.get() != CoroutineState::Finished => {
            Ok(super::frame::frame_of_coroutine(coroutine))
        }
        _ => Ok(Value::None),
    }
}

/// The calls in which a coroutine of the script was made, innermost first.
fn origin(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(match driven(this)? {
        Value::Coroutine(coroutine) => coroutine.origin(),
        _ => Value::None,
    })
}

/// What a coroutine of the script delegates to.
pub(super) fn delegate(vm: &mut Vm, this: &Value) -> Result<Value> {
    let Value::Coroutine(outer) = driven(this)? else { return Ok(Value::None) };
    if is_running(vm, this)? {
        return Ok(Value::None);
    }
    Ok(outer.delegate().cloned().unwrap_or_default().bound().unwrap_or(Value::None))
}

pub const GENERATOR_METHODS: &[Native] = &[
    native!("__iter__(self, /)", itself(required), "Implement iter(self)."),
    native!("__next__(self, /)", next(required), "Implement next(self)."),
    native!(
        "send(self, value, /)",
        send(required, required),
        "Goes on with a value as the result of yield; gives the next item or raises StopIteration."
    ),
    native!(
        "throw(self, type, value=None, traceback=None, /)",
        throw(required, required, optional, optional),
        "Raises an exception where the generator waits; gives the next item or raises StopIteration."
    ),
    native!("close(self, /)", close(required), "Raises GeneratorExit where the generator waits."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__name__(self, /)", name(required), "The name.").getter(),
    native!("__qualname__(self, /)", qualified_name(required), "The name with those around it.").getter(),
    native!("gi_running(self, /)", is_running(required), "Whether it is running.").getter(),
    native!("gi_suspended(self, /)", is_suspended(required), "Whether it waits at a yield.").getter(),
    native!("gi_code(self, /)", code(required), "The code object.").getter(),
    native!("gi_frame(self, /)", frame(required), "Where it stands, or None when it is over.").getter(),
    native!("gi_yieldfrom(self, /)", delegate(required), "The iterator it delegates to, or None.").getter(),
];

pub const COROUTINE_METHODS: &[Native] = &[
    native!("__await__(self, /)", wrapper(required), "An iterator that drives the coroutine."),
    native!(
        "send(self, value, /)",
        send(required, required),
        "Sends a value into coroutine; gives what it yields next or raises StopIteration."
    ),
    native!(
        "throw(self, type, value=None, traceback=None, /)",
        throw(required, required, optional, optional),
        "Raises an exception in coroutine, where it waits."
    ),
    native!("close(self, /)", close(required), "Raises GeneratorExit inside coroutine, where it waits."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__name__(self, /)", name(required), "The name of the coroutine.").getter(),
    native!("__qualname__(self, /)", qualified_name(required), "The name of the coroutine with those around it.")
        .getter(),
    native!("cr_running(self, /)", is_running(required), "Whether it is running.").getter(),
    native!("cr_suspended(self, /)", is_suspended(required), "Whether it waits.").getter(),
    native!("cr_code(self, /)", code(required), "The code object.").getter(),
    native!("cr_frame(self, /)", frame(required), "Where it stands, or None when it is over.").getter(),
    native!("cr_origin(self, /)", origin(required), "Where it was made, or None when that was not noted.").getter(),
    native!("cr_await(self, /)", delegate(required), "What it awaits, or None.").getter(),
];

/// The iterator of `__await__`.
pub const WRAPPER_METHODS: &[Native] = &[
    native!("__iter__(self, /)", itself(required), "Implement iter(self)."),
    native!("__next__(self, /)", next(required), "Implement next(self)."),
    native!("send(self, value, /)", send(required, required), "Goes on with a value."),
    native!(
        "throw(self, type, value=None, traceback=None, /)",
        throw(required, required, optional, optional),
        "Raises an exception where the coroutine waits."
    ),
    native!("close(self, /)", close(required), "Raises GeneratorExit where the coroutine waits."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];

/// Awaitables that are no coroutines, such as what `__anext__` gives.
pub const AWAITABLE_METHODS: &[Native] = &[
    native!("__await__(self, /)", itself(required), "The object itself."),
    native!("__iter__(self, /)", itself(required), "Implement iter(self)."),
    native!("__next__(self, /)", next(required), "Implement next(self)."),
    native!("send(self, value, /)", send(required, required), "Goes on with a value."),
    native!(
        "throw(self, type, value=None, traceback=None, /)",
        throw(required, required, optional, optional),
        "Raises an exception where it waits."
    ),
    native!("close(self, /)", close(required), "Gives it up."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];
