//! `asyncio.wait_for`.
//!
//! What is waited for runs in the waiting task itself, under a deadline (as from Python 3.12 on).
//! When the time is up from the start, a future is cancelled and waited for.

use std::cell::Cell;

use super::deadlock;
use super::ready::Ready;
use super::timeout::{Deadline, is_over, timeout_error};
use super::wait::CompletionWaiter;
use super::{event_loop, future};
use crate::memory::Tracer;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::{Gc, Mutable, NativeCoroutine, Raised, Result, Value, types};
use crate::vm::Vm;

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// Awaits, under the deadline.
    Awaiting,
    /// Has cancelled the future and waits for its end.
    Cancelling,
}

struct WaitFor {
    at: Cell<At>,
    /// What is waited for; while cancelling, the future.
    awaited: Mutable<Value>,
    timeout: Value,
    deadline: Deadline,
    cancelled: CompletionWaiter,
}

/// The coroutine of `asyncio.wait_for(awaitable, timeout)`.
pub fn wait_for(_: &mut Vm, awaitable: Value, timeout: Value) -> Value {
    let body = WaitFor {
        at: Cell::new(At::Start),
        awaited: Mutable::new(awaitable),
        timeout,
        deadline: Deadline::default(),
        cancelled: CompletionWaiter::default(),
    };
    Value::NativeCoroutine(NativeCoroutine::new(&"wait_for", body))
}

impl NativeBody for WaitFor {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        match (self.at.get(), input) {
            (At::Start, Resume::Raise(raised)) => Err(raised),
            (At::Start, Resume::Value(_)) => {
                if !self.timeout.is_none() && is_over(vm, &self.timeout)? {
                    return self.cancel_at_once(this, vm);
                }
                self.at.set(At::Awaiting);
                self.deadline.enter()?;
                if !self.timeout.is_none() {
                    let event_loop = event_loop::running_or_error()?;
                    let now = event_loop.now(vm)?;
                    let when = now + vm.float(&self.timeout)?;
                    self.deadline.arm(vm, &event_loop, now, when, Ready::CoroutineDue(this.clone()))?;
                }
                Ok(Step::Await(self.awaited.take()))
            }
            (At::Awaiting, Resume::Value(value)) => {
                self.deadline.exit(None);
                Ok(Step::Return(value))
            }
            (At::Awaiting, Resume::Raise(raised)) => Err(self.deadline.exit(Some(&raised)).unwrap_or(raised)),
            (At::Cancelling, input) => {
                let outcome = self.cancelled.leave(input);
                let awaited = self.awaited.take();
                if let Some(state) = awaited.as_future() {
                    self.cancelled.forget(state);
                }
                outcome?;
                self.result_in_time(this, vm, &awaited)
            }
        }
    }

    fn timer_due(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm) -> Result<()> {
        self.deadline.expire(vm)
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        self.cancelled.cancel()
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        match self.at.get() {
            At::Cancelling => {
                format!("the end of {}, which it has cancelled", deadlock::names_of(&[self.awaited.get()]))
            }
            At::Start | At::Awaiting => String::new(),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.awaited.borrow().trace(tracer);
        self.deadline.trace(tracer);
        self.cancelled.trace(tracer);
    }

    fn clear(&self) {
        self.awaited.set(Value::Unbound);
        self.deadline.clear();
        self.cancelled.clear();
    }
}

impl WaitFor {
    fn cancel_at_once(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm) -> Result<Step> {
        let awaited = future::ensure(vm, &self.awaited.take(), None)?;
        let Some(state) = awaited.as_future() else {
            return Err(Raised::type_error("a future is required"));
        };
        if state.is_done() {
            return future::raise_or_return(this, vm, state).map(Step::Return);
        }
        self.cancelled.watch(vm, &awaited)?;
        self.at.set(At::Cancelling);
        self.awaited.set(awaited.clone());
        if let Err(raised) = future::cancel(vm, &awaited, &Value::None) {
            self.cancelled.forget(state);
            return Err(raised);
        }
        Ok(Step::Yield(Value::NativeCoroutine(this.clone())))
    }

    /// The result of the future that was cancelled: some suppress it.
    fn result_in_time(&self, this: &NativeCoroutine, vm: &mut Vm, awaited: &Value) -> Result<Step> {
        let Some(state) = awaited.as_future() else { return Err(Raised::type_error("a future is required")) };
        match future::raise_or_return(this, vm, state) {
            Err(raised) if raised.is_a(&types().cancelled_error) => Err(timeout_error(&raised)),
            result => result.map(Step::Return),
        }
    }
}
