//! `asyncio.sleep`.
//!
//! A delay takes two turns, as in CPython, where the timer sets a future that wakes the task: in the
//! first the timer comes up, in the second the task goes on. No delay is a bare yield.

use std::cell::Cell;

use super::clock;
use super::event_loop;
use super::ready::Ready;
use super::timer::TimerId;
use super::wait_queue::{WaiterState, not_awaited, wake};
use crate::memory::Tracer;
use crate::value::coroutine::{NativeBody, Resume, Step};
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

struct Sleep {
    delay: f64,
    result: Value,
    timer: Cell<Option<TimerId>>,
    state: Cell<WaiterState>,
    task: Mutable<Option<Gc<Task>>>,
}

impl NativeBody for Sleep {
    fn resume(&self, this: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        match (self.timer.get(), input) {
            (None, Resume::Raise(raised)) => Err(raised),
            (None, Resume::Value(_)) => {
                let event_loop = event_loop::running_or_error()?;
                let Some(task) = event_loop.current_task() else {
                    return Err(Raised::runtime_error("only a task can wait"));
                };
                self.task.set(Some(task));
                let when = clock::now() + self.delay;
                self.timer.set(Some(event_loop.call_at(when, Ready::CoroutineDue(this.clone()))));
                Ok(Step::Yield(Value::NativeCoroutine(this.clone())))
            }
            (Some(_), Resume::Value(_)) => match self.state.get() {
                WaiterState::Waiting => Err(not_awaited()),
                _ => Ok(Step::Return(self.result.clone())),
            },
            (Some(timer), Resume::Raise(raised)) => {
                self.state.set(WaiterState::Cancelled);
                self.task.set(None);
                if let Some(event_loop) = event_loop::running() {
                    event_loop.timers.cancel(timer);
                }
                Err(raised)
            }
        }
    }

    fn timer_due(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> Result<()> {
        if self.state.get() == WaiterState::Waiting {
            self.state.set(WaiterState::Woken);
            if let Some(task) = self.task.take() {
                wake(task);
            }
        }
        Ok(())
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        let waiting = self.state.get() == WaiterState::Waiting;
        if waiting {
            self.state.set(WaiterState::Cancelled);
        }
        waiting
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        "a timer".to_string()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.result.trace(tracer);
        self.task.borrow().iter().for_each(|task| tracer.visit(task));
    }

    fn clear(&self) {
        self.task.set(None);
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
                return Ok(super::future::failing("sleep", Raised::type_error(message)));
            }
        },
    };
    let result = result.unwrap_or(Value::None);
    if delay.is_nan() {
        return Ok(super::future::failing("sleep", Raised::value_error("Invalid delay: NaN (not a number)")));
    }
    Ok(if delay > 0.0 {
        NativeCoroutine::new(
            "sleep",
            Sleep {
                delay,
                result,
                timer: Cell::new(None),
                state: Cell::new(WaiterState::Waiting),
                task: Mutable::new(None),
            },
        )
    } else if result.is_none() {
        NativeCoroutine::pause("sleep", BarePause)
    } else {
        NativeCoroutine::new("sleep", Pause { result, begun: Cell::new(false) })
    })
}
