//! Where a task stands in the source: read from its chain of suspended coroutines.

use std::rc::Rc;

use crate::bytecode::code::Position;
use crate::bytecode::code::Source;
use crate::value::coroutine::CoroutineState;
use crate::value::{Coroutine, Gc, Value};
use crate::vm::FrameView;

/// A place in the source.
#[derive(Clone, Debug)]
pub struct Place {
    pub source: Rc<Source>,
    pub position: Position,
    /// The qualified name of the function.
    pub function: String,
}

/// Where a coroutine of the script is suspended or running; its first line when it has not started
/// or is done.
pub fn of_frame(coroutine: &Coroutine) -> Place {
    let code = &coroutine.function.code.code;
    let mut position = match coroutine.state.get() {
        CoroutineState::Created | CoroutineState::Finished => code.position(0),
        // `pc` is where it goes on: behind the instruction that suspends.
        _ => code.position((coroutine.pc.get() as usize).saturating_sub(1)),
    };
    if matches!(coroutine.state.get(), CoroutineState::Created | CoroutineState::Finished) {
        position.line = code.first_line;
    }
    Place { source: code.source.clone(), position, function: coroutine.qualified_name().to_string() }
}

/// Where a running or suspended frame stands.
pub fn of_view(view: &FrameView) -> Place {
    let code = &view.function.code.code;
    Place {
        source: code.source.clone(),
        position: code.position(view.instruction),
        function: view.function.qualified_name().to_string(),
    }
}

/// The script coroutines of a chain from the innermost to the root.
pub fn chain(root: &Value) -> Vec<Gc<Coroutine>> {
    let mut frames = Vec::new();
    let mut next = match root {
        Value::Coroutine(coroutine) => coroutine.innermost(),
        Value::NativeCoroutine(coroutine) => coroutine.innermost(),
        _ => return frames,
    };
    if next.is_unbound() {
        next = root.clone();
    }
    loop {
        let awaiter = match &next {
            Value::Coroutine(coroutine) => {
                frames.push(coroutine.clone());
                coroutine.awaiter()
            }
            Value::NativeCoroutine(coroutine) => coroutine.awaiter.get(),
            _ => break,
        };
        next = awaiter;
    }
    // The chain of a suspended root does not lead up to it.
    if let Value::Coroutine(root) = root
        && !frames.last().is_some_and(|last| last.same(root))
    {
        frames.push(root.clone());
    }
    frames
}

/// Where the innermost script coroutine of a chain stands.
pub fn of_coroutine(root: &Value) -> Option<Place> {
    chain(root).first().map(|coroutine| of_frame(coroutine))
}
