//! Who waits for a future, and where a task stands: what `asyncio.capture_call_graph` is made of.
//!
//! Nothing is kept for it. A future knows whom it will wake: a task, or a part of the scheduler (gather, a
//! group, `wait`) that knows for whom it works.

use crate::builtins::frame::frame_of_coroutine;
use crate::native;
use crate::value::coroutine::CoroutineState;
use crate::value::future::Callback;
use crate::value::{Native, Value};
use crate::vm::Vm;

use super::place;

/// The tasks and futures that wait for a future, each once. The future of a gather or shield is not shown:
/// whoever waits for it does.
fn awaiters(future: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut looked_at: Vec<Value> = vec![future.clone()];
    let mut next = 0;
    while let Some(future) = looked_at.get(next).cloned() {
        next += 1;
        let Some(state) = future.as_future() else { continue };
        let mut waiters = Vec::new();
        for callback in state.callbacks.get() {
            match callback {
                Callback::Wake(task) => waiters.push(Value::Task(task)),
                Callback::Listener(listening, _) => listening.listener().awaiters(&mut waiters),
                Callback::Call(_) => {}
            }
        }
        for waiter in waiters {
            let known = if matches!(waiter, Value::Task(_)) { &mut found } else { &mut looked_at };
            if !known.iter().any(|other| other.is(&waiter)) {
                known.push(waiter);
            }
        }
        for waiter in state.awaited_by() {
            if !found.iter().any(|other| other.is(&waiter)) {
                found.push(waiter);
            }
        }
    }
    found
}

fn awaited_by(_: &mut Vm, future: &Value) -> Value {
    Value::list(awaiters(future))
}

/// The frames of a task that is not running, from the innermost outwards.
fn frames(_: &mut Vm, task: &Value) -> Value {
    let Value::Task(task) = task else { return Value::list(Vec::new()) };
    let chain = place::chain(&task.coroutine.get()).into_iter();
    let alive = chain.filter(|coroutine| coroutine.state.get() != CoroutineState::Finished);
    Value::list(alive.map(|coroutine| frame_of_coroutine(&coroutine)).collect())
}

fn add_awaited_by(_: &mut Vm, future: &Value, waiter: &Value) {
    if let (Some(future), Some(_)) = (future.as_future(), waiter.as_future()) {
        future.add_awaited_by(waiter);
    }
}

fn discard_awaited_by(_: &mut Vm, future: &Value, waiter: &Value) {
    if let (Some(future), Some(_)) = (future.as_future(), waiter.as_future()) {
        future.discard_awaited_by(waiter);
    }
}

pub const FUNCTIONS: &[Native] = &[
    native!("_awaited_by(future)", awaited_by(required), "Who waits for a future."),
    native!("_frames(task)", frames(required), "The frames of a task that waits, innermost first."),
    native!(
        "future_add_to_awaited_by(future, waiter, /)",
        add_awaited_by(required, required),
        "Says that one future waits for another, in a way of the script's own."
    ),
    native!(
        "future_discard_from_awaited_by(future, waiter, /)",
        discard_awaited_by(required, required),
        "Takes back what future_add_to_awaited_by() has said."
    ),
];
