//! `asyncio.as_completed`: an iterator over awaitables in the order in which they end.
//!
//! Futures that are done go through a queue; each step takes one out of it. `async for` gives the
//! futures themselves, `for` coroutines that give their results.

use std::cell::Cell;

use super::lock::state;
use super::ready::Ready;
use super::timer::TimerId;
use super::{deadlock, event_loop, future, policy, queue, wait};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::future::{Callback, Listener, Listening};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Value, types};
use crate::vm::Vm;

struct AsCompleted {
    /// A queue of futures that are done, or None for each that will not be in time.
    done: Gc<Instance>,
    left: Cell<usize>,
    /// Keeps the watch alive.
    watch: Gc<Listening>,
}

impl Payload for AsCompleted {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.done);
        tracer.visit(&self.watch);
    }
}

impl<'a> FromArgument<'a> for &'a AsCompleted {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_AsCompletedIterator"))
    }
}

/// Hears of the futures.
struct Watch {
    done: Gc<Instance>,
    /// By index; None when it is done.
    pending: Mutable<Vec<Option<Value>>>,
    count: Cell<usize>,
    timer: Cell<Option<TimerId>>,
}

impl Listener for Watch {
    fn name(&self) -> &'static str {
        "_AsCompletedIterator._handle_completion"
    }

    fn future_done(&self, _: &Gc<Listening>, vm: &mut Vm, _: &Value, index: u32) -> Result<()> {
        // Nothing is pending any more when the time was up.
        let future = self.pending.borrow_mut().get_mut(index as usize).and_then(Option::take);
        let Some(future) = future else { return Ok(()) };
        self.count.set(self.count.get().saturating_sub(1));
        queue::put_into(vm, &self.done, future)?;
        if self.count.get() == 0
            && let Some(timer) = self.timer.take()
            && let Some(event_loop) = event_loop::running()
        {
            event_loop.timers.cancel(timer);
        }
        Ok(())
    }

    fn timer_due(&self, this: &Gc<Listening>, vm: &mut Vm) -> Result<()> {
        self.timer.set(None);
        for future in self.pending.take().into_iter().flatten() {
            if let Some(state) = future.as_future() {
                future::remove_listener(state, this);
            }
            queue::put_into(vm, &self.done, Value::None)?;
        }
        self.count.set(0);
        Ok(())
    }

    fn awaiters(&self, found: &mut Vec<Value>) {
        found.extend(queue::tasks_that_get(&self.done).into_iter().map(Value::Task));
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.done);
        self.pending.borrow().iter().flatten().for_each(|future| future.trace(tracer));
    }

    fn clear(&self) {
        drop(self.pending.take());
    }
}

/// `asyncio.as_completed(awaitables, timeout=)`
pub fn as_completed(vm: &mut Vm, awaitables: &Value, timeout: Option<Value>) -> Result<Value> {
    if future::is_awaitable(awaitables) {
        let message = format!("expects an iterable of awaitables, not {}", awaitables.type_name());
        return Err(Raised::type_error(message));
    }
    let event_loop = policy::current(vm)?;
    let given = wait::distinct(vm.collect(awaitables)?);
    let mut futures = Vec::with_capacity(given.len());
    for awaitable in &given {
        futures.push(future::ensure(vm, awaitable, Some(&event_loop))?);
    }
    let done = queue::create();
    let watch = Listening::new(Watch {
        done: done.clone(),
        pending: Mutable::new(futures.iter().cloned().map(Some).collect()),
        count: Cell::new(futures.len()),
        timer: Cell::new(None),
    });
    for (index, future) in futures.iter().enumerate() {
        future::add_callback(future, Callback::Listener(watch.clone(), index as u32))?;
    }
    if let Some(timeout) = timeout.filter(|timeout| !timeout.is_none())
        && !futures.is_empty()
        && let Some(state) = watch.get::<Watch>()
    {
        let delay = vm.float(&timeout)?;
        state.timer.set(Some(event_loop.call_later(vm, delay, Ready::ListenerDue(watch.clone()))?));
    }
    let iterator = AsCompleted { done, left: Cell::new(futures.len()), watch };
    Ok(Value::Instance(Instance::with_payload(types().as_completed_iterator.clone(), iterator)))
}

/// What a step of the iteration gives.
#[derive(Clone, Copy)]
enum Gives {
    Future,
    Result,
}

struct WaitForOne {
    done: Gc<Instance>,
    /// For the deadlock report.
    watch: Gc<Listening>,
    gives: Gives,
    started: Cell<bool>,
}

impl NativeBody for WaitForOne {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let value = match input {
            Resume::Raise(raised) => return Err(raised),
            Resume::Value(value) => value,
        };
        if !self.started.replace(true) {
            return Ok(Step::Await(queue::start_get(&self.done)));
        }
        if value.is_none() {
            return Err(Raised::new(&types().timeout_error, Vec::new()));
        }
        match (self.gives, value.as_future()) {
            (Gives::Result, Some(state)) => future::raise_or_return(this, vm, state).map(Step::Return),
            _ => Ok(Step::Return(value)),
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        let watch = self.watch.get::<Watch>();
        let pending: Vec<Value> = watch.map(|watch| watch.pending.get()).into_iter().flatten().flatten().collect();
        format!("the first of {}", deadlock::names_of(&pending))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.done);
        tracer.visit(&self.watch);
    }
}

fn take_one(iterator: &AsCompleted, end: Raised, gives: Gives) -> Result<Value> {
    let Some(left) = iterator.left.get().checked_sub(1) else { return Err(end) };
    iterator.left.set(left);
    let body =
        WaitForOne { done: iterator.done.clone(), watch: iterator.watch.clone(), gives, started: Cell::new(false) };
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"_AsCompletedIterator._wait_for_one", body)))
}

fn itself(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<AsCompleted>(this)?;
    Ok(Value::Instance(this.clone()))
}

fn next(_: &mut Vm, this: &AsCompleted) -> Result<Value> {
    take_one(this, Raised::stop_iteration(Value::None), Gives::Result)
}

fn anext(_: &mut Vm, this: &AsCompleted) -> Result<Value> {
    take_one(this, Raised::new(&types().stop_async_iteration, Vec::new()), Gives::Future)
}

pub const METHODS: &[Native] = &[
    native!("__iter__(self)", itself(required), "The iterator itself."),
    native!("__aiter__(self)", itself(required), "The iterator itself."),
    native!("__next__(self)", next(required), "A coroutine that gives the next result."),
    native!("__anext__(self)", anext(required), "Waits for the next future that is done."),
];
