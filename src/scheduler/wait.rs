//! `asyncio.wait`, and waiting until some of several futures are done.

use std::cell::Cell;

use super::deadlock;
use super::event_loop;
use super::future;
use super::ready::Ready;
use super::timer::TimerId;
use super::wait_queue::{WaiterState, wake, woken};
use crate::memory::Tracer;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::future::{Callback, Listener, Listening};
use crate::value::{Future, Gc, Mutable, NativeCoroutine, Raised, Result, Set, Task, Value};
use crate::vm::Vm;

/// When waiting ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    FirstCompleted,
    FirstException,
    AllCompleted,
}

impl Until {
    pub const NAMES: [(&'static str, Until); 3] = [
        ("FIRST_COMPLETED", Until::FirstCompleted),
        ("FIRST_EXCEPTION", Until::FirstException),
        ("ALL_COMPLETED", Until::AllCompleted),
    ];

    fn from_value(vm: &mut Vm, value: Option<&Value>) -> Result<Until> {
        let Some(value) = value else { return Ok(Until::AllCompleted) };
        let named = value.as_str().and_then(|text| Until::NAMES.iter().find(|(name, _)| *name == &**text));
        match named {
            Some((_, until)) => Ok(*until),
            None => Err(Raised::value_error(format!("Invalid return_when value: {}", vm.str(value)?))),
        }
    }
}

/// Counts futures that become done and wakes the task that waits for enough of them.
struct Completion {
    task: Mutable<Option<Gc<Task>>>,
    state: Cell<WaiterState>,
    left: Cell<usize>,
    until: Until,
    timer: Cell<Option<TimerId>>,
}

impl Completion {
    fn cancel_timer(&self) {
        if let Some(timer) = self.timer.take()
            && let Some(event_loop) = event_loop::running()
        {
            event_loop.timers.cancel(timer);
        }
    }

    fn release(&self) {
        if self.state.get() == WaiterState::Waiting {
            self.state.set(WaiterState::Woken);
            if let Some(task) = self.task.take() {
                wake(task);
            }
        }
    }
}

impl Listener for Completion {
    fn name(&self) -> &'static str {
        "_wait.<locals>._on_completion"
    }

    fn future_done(&self, _: &Gc<Listening>, _: &mut Vm, future: &Value, _: u32) -> Result<()> {
        self.left.set(self.left.get().saturating_sub(1));
        let enough = match self.until {
            Until::FirstCompleted => true,
            Until::AllCompleted => self.left.get() == 0,
            Until::FirstException => {
                let raised = future.as_future().and_then(|future| future.exception());
                self.left.get() == 0 || raised.is_some()
            }
        };
        if enough {
            self.cancel_timer();
            self.release();
        }
        Ok(())
    }

    fn timer_due(&self, _: &Gc<Listening>, _: &mut Vm) -> Result<()> {
        self.timer.set(None);
        self.release();
        Ok(())
    }

    fn awaiters(&self, found: &mut Vec<Value>) {
        found.extend(self.task.get().map(Value::Task));
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.task.borrow().iter().for_each(|task| tracer.visit(task));
    }

    fn clear(&self) {
        self.task.set(None);
    }
}

/// The waiting side: a part of a native coroutine that suspends its task until futures are done.
#[derive(Default)]
pub struct CompletionWaiter {
    completion: Mutable<Option<Gc<Listening>>>,
}

impl CompletionWaiter {
    /// The current task waits for these futures, or until the time (in seconds) has passed. The caller
    /// then suspends.
    pub fn watch_all(&self, vm: &mut Vm, futures: &[Value], until: Until, timeout: Option<f64>) -> Result<()> {
        let event_loop = event_loop::running_or_error()?;
        let Some(task) = event_loop.current_task() else {
            return Err(Raised::runtime_error("only a task can wait"));
        };
        let listening = Listening::new(Completion {
            task: Mutable::new(Some(task)),
            state: Cell::new(WaiterState::Waiting),
            left: Cell::new(futures.len()),
            until,
            timer: Cell::new(None),
        });
        if let Some(timeout) = timeout
            && let Some(completion) = listening.get::<Completion>()
        {
            let timer = event_loop.call_later(vm, timeout, Ready::ListenerDue(listening.clone()))?;
            completion.timer.set(Some(timer));
        }
        for (index, future) in futures.iter().enumerate() {
            future::add_callback(future, Callback::Listener(listening.clone(), index as u32))?;
        }
        self.completion.set(Some(listening));
        Ok(())
    }

    /// As `watch_all`, for one.
    pub fn watch(&self, vm: &mut Vm, future: &Value) -> Result<()> {
        self.watch_all(vm, std::slice::from_ref(future), Until::AllCompleted, None)
    }

    /// Whether something is being waited for.
    pub fn is_watching(&self) -> bool {
        self.completion.borrow().is_some()
    }

    /// The task goes on. An error when it was thrown in, or when nothing woke the task.
    pub fn leave(&self, input: Resume) -> Result<()> {
        let listening = self.completion.get();
        let completion = listening.as_ref().and_then(|listening| listening.get::<Completion>());
        let state = completion.map(|completion| {
            completion.cancel_timer();
            completion.task.set(None);
            completion.state.replace(WaiterState::Cancelled)
        });
        woken(state, input)
    }

    /// Takes the watch off a future.
    pub fn forget(&self, future: &Future) {
        if let Some(listening) = self.completion.get() {
            future::remove_listener(future, &listening);
        }
    }

    /// The waiting task is cancelled. False when it had been woken.
    pub fn cancel(&self) -> bool {
        let listening = self.completion.get();
        match listening.as_ref().and_then(|listening| listening.get::<Completion>()) {
            Some(completion) if completion.state.get() == WaiterState::Waiting => {
                completion.state.set(WaiterState::Cancelled);
                true
            }
            _ => false,
        }
    }

    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        self.completion.borrow().iter().for_each(|completion| tracer.visit(completion));
    }

    pub fn clear(&self) {
        self.completion.set(None);
    }
}

struct Wait {
    /// What the script gave; unbound once it has been looked at.
    given: Mutable<Value>,
    timeout: Value,
    return_when: Option<Value>,
    futures: Mutable<Vec<Value>>,
    waiter: CompletionWaiter,
}

/// The coroutine of `asyncio.wait(futures, timeout=, return_when=)`.
pub fn wait(_: &mut Vm, futures: Value, timeout: Option<Value>, return_when: Option<Value>) -> Value {
    let body = Wait {
        given: Mutable::new(futures),
        timeout: timeout.unwrap_or(Value::None),
        return_when,
        futures: Mutable::default(),
        waiter: CompletionWaiter::default(),
    };
    Value::NativeCoroutine(NativeCoroutine::new(&"wait", body))
}

impl NativeBody for Wait {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        if !self.waiter.is_watching() {
            if let Resume::Raise(raised) = input {
                return Err(raised);
            }
            self.start(vm)?;
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        }
        let outcome = self.waiter.leave(input);
        let futures = self.futures.take();
        for state in futures.iter().filter_map(Value::as_future) {
            self.waiter.forget(state);
        }
        self.waiter.clear();
        outcome?;
        let (done, pending) = (Gc::new(Set::new()), Gc::new(Set::new()));
        for future in futures {
            let is_done = future.as_future().is_some_and(Future::is_done);
            vm.set_add(if is_done { &done } else { &pending }, future)?;
        }
        Ok(Step::Return(Value::tuple(vec![Value::Set(done), Value::Set(pending)])))
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        self.waiter.cancel()
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        format!("wait() of {}", deadlock::names_of(&self.futures.get()))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.given.borrow().trace(tracer);
        self.timeout.trace(tracer);
        self.futures.borrow().iter().for_each(|future| future.trace(tracer));
        self.waiter.trace(tracer);
    }

    fn clear(&self) {
        drop(self.futures.take());
        self.waiter.clear();
    }
}

impl Wait {
    fn start(&self, vm: &mut Vm) -> Result<()> {
        let given = self.given.take();
        if given.as_future().is_some() || future::is_coroutine(&given) {
            return Err(Raised::type_error(format!("expect a list of futures, not {}", given.type_name())));
        }
        if !vm.truth(&given)? {
            return Err(Raised::value_error("Set of Tasks/Futures is empty."));
        }
        let until = Until::from_value(vm, self.return_when.as_ref())?;
        let futures = distinct(vm.collect(&given)?);
        if futures.iter().any(future::is_coroutine) {
            return Err(Raised::type_error("Passing coroutines is forbidden, use tasks explicitly."));
        }
        if let Some(other) = futures.iter().find(|value| value.as_future().is_none()) {
            let message = format!("'{}' object has no attribute 'add_done_callback'", other.type_name());
            return Err(Raised::attribute_error(message));
        }
        if futures.is_empty() {
            return Err(Raised::assertion_error("Set of Futures is empty."));
        }
        let timeout = if self.timeout.is_none() { None } else { Some(vm.float(&self.timeout)?) };
        self.waiter.watch_all(vm, &futures, until, timeout)?;
        self.futures.set(futures);
        Ok(())
    }
}

/// The values without repetitions, in order.
pub(super) fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut seen = rustc_hash::FxHashSet::default();
    values.into_iter().filter(|value| seen.insert(value.address())).collect()
}
