//! The debug mode: what takes too long in one turn is reported, since nothing else runs meanwhile.

use super::event_loop::EventLoop;
use super::ready::Ready;
use super::{clock, exception_handler, handle};
use crate::value::{Result, Value};
use crate::vm::Vm;

/// Runs an entry of the loop and reports it when it was slow.
pub(super) fn run(vm: &mut Vm, event_loop: &EventLoop, entry: Ready) -> Result<()> {
    let what = match &entry {
        Ready::Step(task) => Some(Value::Task(task.clone())),
        Ready::Cancel(cancellation) => Some(Value::Task(cancellation.task.clone())),
        Ready::Raise(parts) => Some(Value::Task(parts.0.clone())),
        Ready::Handle(handle) => Some(Value::Instance(handle.clone())),
        Ready::Call(parts) => {
            Some(Value::Instance(handle::of_done_callback(event_loop, parts.0.function.clone(), &parts.1)))
        }
        _ => None,
    };
    let start = clock::now();
    event_loop.run(vm, entry)?;
    let spent = clock::now() - start;
    if spent >= event_loop.slow_callback.get()
        && let Some(what) = what
    {
        let shown = vm.repr(&what)?;
        exception_handler::warn(vm, &format!("Executing {shown} took {spent:.3} seconds"))?;
    }
    Ok(())
}
