//! `asyncio.shield`: an outer future that can be cancelled while the inner one runs on.

use super::future;
use crate::memory::Tracer;
use crate::value::future::{Callback, Listener, Listening};
use crate::value::{Future, Gc, Mutable, Result, Value};
use crate::vm::Vm;

/// Connects the two futures. Each takes itself out when it is done.
struct Shield {
    inner: Mutable<Value>,
    outer: Mutable<Value>,
}

/// The numbers under which the two are registered.
const INNER: u32 = 0;
const OUTER: u32 = 1;

/// `asyncio.shield(awaitable)`
pub fn shield(vm: &mut Vm, awaitable: &Value) -> Result<Value> {
    let inner = future::ensure(vm, awaitable, None)?;
    let Some(state) = inner.as_future().filter(|state| !state.is_done()) else { return Ok(inner) };
    let outer = Future::pending(state.home.get());
    let outer = Value::Future(Gc::new(outer));
    let shield = Listening::new(Shield { inner: Mutable::new(inner.clone()), outer: Mutable::new(outer.clone()) });
    future::add_callback(&inner, Callback::Listener(shield.clone(), INNER))?;
    future::add_callback(&outer, Callback::Listener(shield, OUTER))?;
    Ok(outer)
}

impl Listener for Shield {
    fn name(&self) -> &'static str {
        "shield.<locals>._inner_done_callback"
    }

    fn future_done(&self, this: &Gc<Listening>, _: &mut Vm, _: &Value, index: u32) -> Result<()> {
        let (inner, outer) = (self.inner.get(), self.outer.get());
        let (Some(inner_state), Some(outer_state)) = (inner.as_future(), outer.as_future()) else { return Ok(()) };
        match index {
            OUTER => {
                if !inner_state.is_done() {
                    future::remove_listener(inner_state, this);
                }
                Ok(())
            }
            _ if outer_state.is_cancelled() => {
                inner_state.log_exception.set(false);
                Ok(())
            }
            _ if inner_state.is_cancelled() => future::cancel_here(&outer, &Value::None).map(drop),
            _ => match (inner_state.value(), inner_state.exception()) {
                (Some(value), _) => future::set_result(&outer, value),
                (None, Some(raised)) => future::set_exception(&outer, raised),
                (None, None) => Ok(()),
            },
        }
    }

    fn awaits(&self) -> Vec<Value> {
        vec![self.inner.get()]
    }

    fn awaiters(&self, found: &mut Vec<Value>) {
        found.push(self.outer.get());
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.inner.borrow().trace(tracer);
        self.outer.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.inner.set(Value::None);
        self.outer.set(Value::None);
    }
}
