//! `asyncio.sleep`.
//!
//! A delay takes two turns, as in CPython, where the timer sets a future that wakes the task: in the
//! first the timer comes up, in the second the task goes on. No delay is a bare yield.

use std::cell::Cell;

use super::event_loop::EventLoop;
use super::ready::Ready;
use super::timer::TimerId;
use super::wait_queue::{not_awaited, wake};
use super::{event_loop, future, observer};
use crate::memory::Tracer;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::future::{Listener, Listening, Waiting};
use crate::value::native::AtOnce;
use crate::value::{Gc, Mutable, NativeCoroutine, Raised, Result, Task, Value};
use crate::vm::Vm;

/// `sleep(0)`: others run first.
struct Pause {
    result: Value,
    begun: Cell<bool>,
}

impl NativeBody for Pause {
    fn resume(&self, _: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        match input {
            Resume::Raise(raised) => Err(raised),
            Resume::Value(_) if self.begun.replace(true) => Ok(Step::Return(self.result.clone())),
            Resume::Value(_) => Ok(Step::Yield(Value::None)),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.result.trace(tracer);
    }
}

/// `sleep(0)` without a result, the common case.
struct BarePause;

impl NativeBody for BarePause {
    fn resume(&self, this: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        match input {
            Resume::Raise(raised) => Err(raised),
            Resume::Value(_) if this.has_paused.replace(true) => Ok(Step::Return(Value::None)),
            Resume::Value(_) => Ok(Step::Yield(Value::None)),
        }
    }
}

/// Where a sleep is.
#[derive(Clone, Copy)]
enum Stage {
    /// Not begun; the delay in seconds.
    Created(f64),
    Waiting(TimerId),
    /// The timer has come up, or was left in favour of a cancellation.
    Over(TimerId),
}

/// There can be very many of them, so it is small.
struct Sleep {
    stage: Cell<Stage>,
    task: Mutable<Option<Gc<Task>>>,
    /// What it gives, if not None.
    result: Option<Box<Value>>,
}

impl NativeBody for Sleep {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        match (self.stage.get(), input) {
            (Stage::Created(_), Resume::Raise(raised)) => Err(raised),
            (Stage::Created(delay), Resume::Value(_)) => {
                let event_loop = event_loop::running_or_error()?;
                let Some(task) = event_loop.current_task() else {
                    return self.sleep_in_future(vm, &event_loop, delay);
                };
                self.task.set(Some(task));
                let timer = event_loop.call_later(vm, delay, Ready::CoroutineDue(this.clone()))?;
                self.stage.set(Stage::Waiting(timer));
                Ok(Step::Yield(Value::NativeCoroutine(this.clone())))
            }
            (Stage::Waiting(_), Resume::Value(_)) => Err(not_awaited()),
            (Stage::Over(_), Resume::Value(_)) => {
                Ok(Step::Return(self.result.as_deref().cloned().unwrap_or(Value::None)))
            }
            (Stage::Waiting(timer) | Stage::Over(timer), Resume::Raise(raised)) => {
                self.stage.set(Stage::Over(timer));
                self.task.set(None);
                if let Some(event_loop) = event_loop::running() {
                    event_loop.timers.cancel(timer);
                }
                Err(raised)
            }
        }
    }

    fn timer_due(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> Result<()> {
        if let Stage::Waiting(timer) = self.stage.get() {
            self.stage.set(Stage::Over(timer));
            if let Some(task) = self.task.take() {
                wake(task);
            }
        }
        Ok(())
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        let Stage::Waiting(timer) = self.stage.get() else { return false };
        self.stage.set(Stage::Over(timer));
        true
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        WAITS_FOR.to_string()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(result) = &self.result {
            result.trace(tracer);
        }
        self.task.borrow().iter().for_each(|task| tracer.visit(task));
    }

    fn clear(&self) {
        self.task.set(None);
    }
}

impl Sleep {
    /// Somebody drives it outside of a task: gets a future.
    fn sleep_in_future(&self, vm: &mut Vm, event_loop: &EventLoop, delay: f64) -> Result<Step> {
        let future = Value::Future(future::create(event_loop));
        let alarm = Listening::new(Alarm { future: future.clone() });
        let timer = event_loop.call_later(vm, delay, Ready::ListenerDue(alarm))?;
        self.stage.set(Stage::Over(timer));
        Ok(Step::Await(future))
    }
}

/// Completes a future.
struct Alarm {
    future: Value,
}

impl Listener for Alarm {
    fn name(&self) -> &'static str {
        "_set_result_unless_cancelled"
    }

    fn future_done(&self, _: &Gc<Listening>, _: &mut Vm, _: &Value, _: u32) -> Result<()> {
        Ok(())
    }

    fn timer_due(&self, _: &Gc<Listening>, _: &mut Vm) -> Result<()> {
        match self.future.as_future() {
            Some(future) if !future.is_done() => future::set_result(&self.future, Value::None),
            _ => Ok(()),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.future.trace(tracer);
    }
}

/// What a task that sleeps waits for, in a deadlock report.
pub const WAITS_FOR: &str = "a timer";

/// `await asyncio.sleep(delay)` needs no coroutine: without a delay it gives way, else the task itself waits for the
/// timer. (An observer is told of the coroutine that a task waits for.)
pub fn at_once(vm: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let delay = match arguments {
        [Value::Int(delay)] => *delay as f64,
        [Value::Float(delay)] => *delay,
        _ => return Ok(AtOnce::Later),
    };
    if delay <= 0.0 {
        return Ok(AtOnce::Pause);
    }
    if delay.is_nan() || observer::is_active() {
        return Ok(AtOnce::Later);
    }
    let Some(event_loop) = event_loop::running() else { return Ok(AtOnce::Later) };
    let Some(task) = event_loop.current_task() else { return Ok(AtOnce::Later) };
    if !vm.runs_chain_of(&task.coroutine.borrow()) {
        return Ok(AtOnce::Later);
    }
    let timer = event_loop.call_later(vm, delay, Ready::SleepOver(task.clone()))?;
    task.waiting.set(Waiting::Timer(timer));
    Ok(AtOnce::Wait)
}

/// The timer of a sleeping task has come up, if it still waits for it.
pub(super) fn over(task: Gc<Task>) {
    if matches!(&*task.waiting.borrow(), Waiting::Timer(_)) {
        task.waiting.set(Waiting::Nothing);
        wake(task);
    }
}

/// The coroutine of `asyncio.sleep(delay, result)`.
pub fn sleep(vm: &mut Vm, delay: &Value, result: Option<Value>) -> Result<Gc<NativeCoroutine>> {
    let delay = match delay {
        Value::Int(delay) => *delay as f64,
        Value::Float(delay) => *delay,
        other => match vm.float(other) {
            Ok(delay) => delay,
            Err(_) => {
                let class = other.type_name();
                let message = format!("'<=' not supported between instances of '{class}' and 'int'");
                return Ok(super::future::failing(&"sleep", Raised::type_error(message)));
            }
        },
    };
    let result = result.unwrap_or(Value::None);
    if delay.is_nan() {
        return Ok(super::future::failing(&"sleep", Raised::value_error("Invalid delay: NaN (not a number)")));
    }
    Ok(if delay > 0.0 {
        let result = (!result.is_none()).then(|| Box::new(result));
        NativeCoroutine::new(
            &"sleep",
            Sleep { stage: Cell::new(Stage::Created(delay)), task: Mutable::new(None), result },
        )
    } else if result.is_none() {
        NativeCoroutine::pause(&"sleep", BarePause)
    } else {
        NativeCoroutine::new(&"sleep", Pause { result, begun: Cell::new(false) })
    })
}
