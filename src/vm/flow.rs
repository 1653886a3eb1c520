//! Flows: threads of the script, each with frames and a native stack of its own.
//!
//! All flows share the one VM, and only one of them runs at a time. The VM's fields are the state of the
//! one that runs; `resume` exchanges them for those of a flow, goes over to its native stack, and exchanges
//! them back when the flow suspends itself or ends. Only the main flow, which is the program's own native
//! stack, resumes others: they suspend towards it. Who runs next, and what a flow waits for, is decided in
//! `scheduler/flows.rs`.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
#[path = "flow/none.rs"]
mod native;

use std::io;
use std::mem::swap;

use super::frame::{Frame, Segment};
use super::{FrameView, MOST_NESTING, Vm};
use crate::value::Value;

use native::Native;
pub use native::{WayBack, on_deep_stack};

/// Values in the first segment of a flow's frames.
const FIRST_SEGMENT: usize = 1 << 10;

/// Native stack that is kept for native code which does not nest the dispatch loop.
const RESERVE: usize = 1 << 20;

/// About what native code needs for one more level.
const LEVEL: usize = 1 << 15;

/// What stopped a flow that was resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Suspended,
    Ended,
}

/// A flow that does not run now.
pub struct Flow {
    state: State,
    native: Native,
}

/// The fields of the VM that belong to one flow.
struct State {
    frame: *mut Frame,
    limit: *mut Value,
    segment: usize,
    segments: Vec<Segment>,
    depth: usize,
    nesting: usize,
    showing: Vec<usize>,
    floor: usize,
    way_back: WayBack,
}

impl Flow {
    /// A flow that will run `body` on a native stack of so many bytes.
    pub fn new(stack_size: usize, body: impl FnOnce(&mut Vm) + 'static) -> io::Result<Flow> {
        let native = Native::new(stack_size.saturating_add(RESERVE), body)?;
        let first = Segment::new(FIRST_SEGMENT);
        let state = State {
            frame: first.write_bottom(),
            limit: first.end(),
            segment: 0,
            segments: vec![first],
            depth: 0,
            nesting: 0,
            showing: Vec::new(),
            floor: native.lowest() + RESERVE,
            way_back: WayBack::NONE,
        };
        Ok(Flow { state, native })
    }

    /// Lets it run until it suspends itself or ends. To be called on the main native stack only.
    pub fn resume(&mut self, vm: &mut Vm) -> Progress {
        debug_assert!(vm.is_main_flow());
        vm.exchange(&mut self.state);
        let progress = self.native.resume(vm);
        vm.exchange(&mut self.state);
        progress
    }
}

impl Vm {
    /// Whether the running flow is the main one: the program itself.
    pub fn is_main_flow(&self) -> bool {
        self.way_back.is_none()
    }

    /// Suspends the running flow, which is not the main one, until it is resumed.
    pub fn suspend_flow(&mut self) {
        native::suspend(self);
    }

    /// The frames of a suspended flow, innermost first.
    pub fn frames_of<'a>(&'a self, flow: &'a Flow) -> impl Iterator<Item = FrameView> + 'a {
        self.frames_below(flow.state.frame, None)
    }

    fn exchange(&mut self, state: &mut State) {
        swap(&mut self.frame, &mut state.frame);
        swap(&mut self.limit, &mut state.limit);
        swap(&mut self.segment, &mut state.segment);
        swap(&mut self.segments, &mut state.segments);
        swap(&mut self.depth, &mut state.depth);
        swap(&mut self.nesting, &mut state.nesting);
        swap(&mut self.showing, &mut state.showing);
        swap(&mut self.floor, &mut state.floor);
        swap(&mut self.way_back, &mut state.way_back);
    }

    /// Whether native code is nested so deep that no more than `spare` levels would be safe.
    #[inline(always)]
    pub(super) fn is_nested_too_deeply(&self, spare: usize) -> bool {
        let here = 0u8;
        self.nesting + spare >= MOST_NESTING || (&raw const here as usize) < self.floor + spare * LEVEL
    }
}
