//! Closing a generator or coroutine: GeneratorExit, from the inner end of its chain outwards.

use crate::value::coroutine::{CoroutineState, Resume};
use crate::value::{CoroutineKind, Raised, Result, Value, types};

use super::coroutine::{Begin, kind_name, relink, take_awaiter};
use super::{Outcome, Vm};

impl Vm {
    /// GeneratorExit reaches a chain not at its end only: as in CPython, what is delegated to is closed
    /// first, one by one from the inside, and then the exception is raised further out. Gives what to
    /// raise in the root, whose chain is gone.
    pub(super) fn close_delegates(&mut self, root: &Value, exit: Raised) -> Raised {
        let mut inner = match root {
            Value::Coroutine(root) => root.take_innermost(),
            Value::NativeCoroutine(root) => root.take_innermost(),
            _ => Value::Unbound,
        };
        if inner.is_unbound() {
            return exit;
        }
        let mut problem = None;
        if let Value::Coroutine(root) = root {
            match relink(root, inner, Resume::Value(Value::None)) {
                Begin::Run(target, Resume::Value(_)) => inner = target,
                Begin::Run(target, Resume::Raise(raised)) => (inner, problem) = (target, Some(raised)),
                Begin::Ended => return exit,
            }
        }
        while !inner.is_unbound() && !inner.is(root) {
            let outer = take_awaiter(&inner);
            let raised = problem.unwrap_or_else(|| self.exit());
            let name = match &inner {
                // What is closed is the awaitable that asks it for an item.
                Value::Coroutine(inner) if inner.kind != CoroutineKind::AsyncGenerator => kind_name(inner.kind),
                _ => "coroutine",
            };
            problem = self.close_with(&inner, raised, name).err();
            inner = outer;
            if let Value::Coroutine(coroutine) = &inner {
                coroutine.state.set(CoroutineState::Suspended);
            }
        }
        if let Value::Coroutine(root) = root
            && root.state.get() == CoroutineState::Waiting
        {
            root.state.set(CoroutineState::Suspended);
        }
        problem.unwrap_or(exit)
    }

    fn exit(&mut self) -> Raised {
        let exit = Raised::new(&types().generator_exit, vec![]);
        self.set_context(&exit.0);
        exit
    }

    /// Throws GeneratorExit into it, as `close()` does. Gives what a generator returns.
    pub fn close(&mut self, coroutine: &Value) -> Result<Value> {
        let exit = self.exit();
        let name = match coroutine {
            Value::Coroutine(coroutine) => kind_name(coroutine.kind),
            _ => "coroutine",
        };
        self.close_with(coroutine, exit, name)
    }

    fn close_with(&mut self, coroutine: &Value, raised: Raised, name: &str) -> Result<Value> {
        let state = match coroutine {
            Value::Coroutine(coroutine) => coroutine.state.get(),
            Value::NativeCoroutine(native) => {
                if native.state.get() == CoroutineState::Suspended && native.innermost().is_unbound() {
                    native.body.cancel_wait(native, self);
                }
                native.state.get()
            }
            _ => return Ok(Value::None),
        };
        match state {
            CoroutineState::Finished => return Ok(Value::None),
            CoroutineState::Created => {
                match coroutine {
                    Value::Coroutine(coroutine) => coroutine.finish(),
                    Value::NativeCoroutine(native) => native.state.set(CoroutineState::Finished),
                    _ => {}
                }
                return Ok(Value::None);
            }
            _ => {}
        }
        match self.resume(coroutine, Resume::Raise(raised)) {
            Ok(Outcome::Yielded(_)) => Err(Raised::runtime_error(format!("{name} ignored GeneratorExit"))),
            Ok(Outcome::Returned(value)) => Ok(value),
            Err(raised) if raised.is_a(&types().generator_exit) || raised.is_a(&types().stop_iteration) => {
                Ok(Value::None)
            }
            Err(raised) if raised.is_a(&types().stop_async_iteration) && is_async_generator(coroutine) => {
                Ok(Value::None)
            }
            Err(raised) => Err(raised),
        }
    }
}

fn is_async_generator(value: &Value) -> bool {
    matches!(value, Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::AsyncGenerator)
}
