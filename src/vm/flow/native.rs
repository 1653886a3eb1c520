//! The native stacks of flows. Those of ended flows are used again.

use std::cell::{Cell, RefCell};
use std::io;
use std::ptr;

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::{Progress, Vm};

type Routine = Coroutine<*mut Vm, *mut Vm, (), DefaultStack>;

/// Stacks that are kept for flows to come.
const MOST_SPARE: usize = 16;
/// Bytes of native stack for what is deep by nature, as the compiler is.
const DEEP: usize = 64 << 20;

thread_local! {
    /// Whether the native stack is that of a flow.
    static IN_FLOW: Cell<bool> = const { Cell::new(false) };
    /// Stacks nobody uses, with their sizes.
    static SPARE: RefCell<Vec<(usize, DefaultStack)>> = const { RefCell::new(Vec::new()) };
}

/// How a flow gets back to the stack that has resumed it.
pub struct WayBack(*const Yielder<*mut Vm, *mut Vm>);

impl WayBack {
    pub const NONE: WayBack = WayBack(ptr::null());

    pub fn is_none(&self) -> bool {
        self.0.is_null()
    }
}

/// A flow's native stack and what runs on it.
pub struct Native {
    /// None once it has ended.
    routine: Option<Routine>,
    size: usize,
    lowest: usize,
}

impl Native {
    pub fn new(size: usize, body: impl FnOnce(&mut Vm) + 'static) -> io::Result<Native> {
        let spare = SPARE.with_borrow_mut(|spare| {
            let index = spare.iter().position(|(of_spare, _)| *of_spare == size)?;
            Some(spare.swap_remove(index).1)
        });
        let stack = match spare {
            Some(stack) => stack,
            None => DefaultStack::new(size)?,
        };
        let lowest = stack.limit().get();
        let routine = Routine::with_stack(stack, move |yielder, vm| {
            // SAFETY: `resume` hands over the VM it was given; the other stack does not touch it before this
            // one suspends.
            let vm = unsafe { &mut *vm };
            vm.way_back = WayBack(yielder);
            body(vm);
        });
        Ok(Native { routine: Some(routine), size, lowest })
    }

    /// The lowest address of the stack.
    pub fn lowest(&self) -> usize {
        self.lowest
    }

    pub fn resume(&mut self, vm: &mut Vm) -> Progress {
        let Some(routine) = &mut self.routine else { return Progress::Ended };
        IN_FLOW.set(true);
        let result = routine.resume(&raw mut *vm);
        IN_FLOW.set(false);
        match result {
            CoroutineResult::Yield(_) => Progress::Suspended,
            CoroutineResult::Return(()) => {
                let stack = self.routine.take().map(Coroutine::into_stack);
                SPARE.with_borrow_mut(|spare| {
                    if spare.len() < MOST_SPARE {
                        spare.extend(stack.map(|stack| (self.size, stack)));
                    }
                });
                Progress::Ended
            }
        }
    }
}

impl Drop for Native {
    /// A flow that is given up in the middle keeps its stack: what stands there is not to be touched again.
    fn drop(&mut self) {
        std::mem::forget(self.routine.take());
    }
}

pub fn suspend(vm: &mut Vm) {
    let yielder = vm.way_back.0;
    assert!(!yielder.is_null(), "the main flow has nobody to suspend towards");
    // SAFETY: the yielder stands on the flow's own stack as long as its body runs. The VM goes along, so
    // that nothing of it is taken for unchanged.
    unsafe { (*yielder).suspend(&raw mut *vm) };
}

/// Runs what may need more native stack than a flow has: the parser, the compiler. It must not call the VM.
pub fn on_deep_stack<T>(run: impl FnOnce() -> T) -> T {
    if !IN_FLOW.get() {
        return run();
    }
    match DefaultStack::new(DEEP) {
        Ok(stack) => corosensei::on_stack(stack, run),
        // Then what there is must do.
        Err(_) => run(),
    }
}
