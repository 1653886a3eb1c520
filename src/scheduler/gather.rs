//! `asyncio.gather`: one future for the results of several.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use super::event_loop;
use super::{future, policy};
use crate::memory::Tracer;
use crate::value::future::{Callback, Listener, Listening, Outcome};
use crate::value::{Future, Gc, Mutable, Raised, Result, Value, types};
use crate::vm::Vm;

/// What becomes of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceptions {
    /// The first one is that of the whole.
    Raised,
    /// They are results like others.
    Returned,
}

struct Gather {
    /// The future of the whole; None once it is done, which breaks the cycle.
    outer: Mutable<Option<Gc<Future>>>,
    /// In the order of the arguments, repetitions included.
    children: Mutable<Vec<Value>>,
    /// Different children that are not done.
    left: Cell<usize>,
    exceptions: Exceptions,
    cancel_requested: Cell<bool>,
}

/// `asyncio.gather(*awaitables, return_exceptions=)`
pub fn gather(vm: &mut Vm, awaitables: &[Value], exceptions: Exceptions) -> Result<Value> {
    if awaitables.is_empty() {
        let outer = Value::Future(future::create(&*policy::current(vm)?));
        future::set_result(&outer, Value::list(Vec::new()))?;
        return Ok(outer);
    }
    let state = Listening::new(Gather {
        outer: Mutable::new(None),
        children: Mutable::default(),
        left: Cell::new(0),
        exceptions,
        cancel_requested: Cell::new(false),
    });
    let Some(gather) = state.get::<Gather>() else { return Err(Raised::system_error("gather has no state")) };
    let mut known: FxHashMap<usize, Value> = FxHashMap::default();
    let mut children: Vec<Value> = Vec::with_capacity(awaitables.len());
    let mut done = Vec::new();
    let mut event_loop = None;
    let mut left = 0;
    for awaitable in awaitables {
        if awaitables.len() > 1
            && let Some(child) = known.get(&awaitable.address())
        {
            children.push(child.clone());
            continue;
        }
        let child = future::ensure(vm, awaitable, event_loop.as_ref())?;
        let Some(child_state) = child.as_future() else {
            return Err(Raised::type_error("a task factory must give a future"));
        };
        if event_loop.is_none() {
            event_loop = event_loop::find(child_state.home.get()).or_else(event_loop::running);
        }
        if let Value::Task(task) = &child
            && !child.is(awaitable)
        {
            task.log_destroyed.set(false);
        }
        left += 1;
        if child_state.is_done() {
            done.push(child.clone());
        } else {
            future::add_callback(&child, Callback::Listener(state.clone(), children.len() as u32))?;
        }
        if awaitables.len() > 1 {
            known.insert(awaitable.address(), child.clone());
        }
        children.push(child);
    }
    let home = event_loop.map_or(0, |event_loop| event_loop.number);
    let outer = Gc::new(Future::pending_of_class(types().gathering_future.clone(), home));
    gather.left.set(left);
    gather.children.set(children);
    gather.outer.set(Some(outer.clone()));
    outer.set_canceller(Some(state.clone()));
    for child in done {
        gather.child_done(&child)?;
    }
    Ok(Value::Future(outer))
}

impl Gather {
    fn child_done(&self, child: &Value) -> Result<()> {
        let Some(state) = child.as_future() else { return Ok(()) };
        self.left.set(self.left.get().saturating_sub(1));
        let outer = self.outer.get().filter(|outer| !outer.is_done());
        if outer.is_none() {
            state.log_exception.set(false);
            return Ok(());
        }
        if self.exceptions == Exceptions::Raised {
            let raised = if state.is_cancelled() { Some(state.cancelled_error()) } else { state.exception() };
            if let Some(raised) = raised {
                return self.finish(Err(raised));
            }
        }
        if self.left.get() > 0 {
            return Ok(());
        }
        if self.cancel_requested.get() {
            // Cancelling the whole ends in a cancellation, whatever the children made of it; as in CPython
            // it is that of the last child.
            let last = self.children.borrow().last().cloned();
            let error = last.as_ref().and_then(Value::as_future).map(Future::cancelled_error);
            return self.finish(Err(error.unwrap_or_else(|| state.cancelled_error())));
        }
        let children = self.children.take();
        let results = children.iter().filter_map(Value::as_future).map(result_value).collect();
        self.finish(Ok(Value::list(results)))
    }

    fn finish(&self, result: Result<Value>) -> Result<()> {
        let Some(outer) = self.outer.take() else { return Ok(()) };
        outer.set_canceller(None);
        let outer = Value::Future(outer);
        match result {
            Ok(value) => future::set_result(&outer, value),
            Err(raised) => future::set_exception(&outer, raised),
        }
    }
}

/// What stands in the list of results for a child that is done.
fn result_value(child: &Future) -> Value {
    let raised = match &*child.outcome.borrow() {
        Outcome::Result(value) => return value.clone(),
        Outcome::Raised(raised) => Some(raised.0.clone()),
        Outcome::Cancelled | Outcome::Pending => None,
    };
    child.log_exception.set(false);
    Value::Exception(raised.unwrap_or_else(|| {
        let message = child.cancel_message();
        let message = if message.is_none() { Value::str("") } else { message };
        Raised::new(&types().cancelled_error, vec![message]).0
    }))
}

impl Listener for Gather {
    fn name(&self) -> &'static str {
        "gather.<locals>._done_callback"
    }

    fn future_done(&self, _: &Gc<Listening>, _: &mut Vm, future: &Value, _: u32) -> Result<()> {
        self.child_done(future)
    }

    fn cancel(&self, vm: &mut Vm, message: &Value) -> Result<bool> {
        let mut any = false;
        for index in 0.. {
            let child = self.children.borrow().get(index).cloned();
            let Some(child) = child else { break };
            any |= future::cancel(vm, &child, message)?;
        }
        if any {
            self.cancel_requested.set(true);
        }
        Ok(any)
    }

    fn awaits(&self) -> Vec<Value> {
        self.children.get()
    }

    fn awaiters(&self, found: &mut Vec<Value>) {
        found.extend(self.outer.get().map(Value::Future));
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.outer.borrow().iter().for_each(|outer| tracer.visit(outer));
        self.children.borrow().iter().for_each(|child| child.trace(tracer));
    }

    fn clear(&self) {
        self.outer.set(None);
        drop(self.children.take());
    }
}
