//! The usual ways into and out of a generator, written out: what a `for`, an `async for` or a step of a task
//! does all the time, with one look at everything that could make it another case.
//!
//! What is not usual is left alone, for `coroutine` and `awaiting` to do.

use std::ptr::NonNull;

use crate::bytecode::{Op, Register};
use crate::memory::tagged::release;
use crate::value::coroutine::{CoroutineState, Resume};
use crate::value::{CodeObject, Coroutine, CoroutineKind, Dict, Gc, Value};

use super::coroutine::{Begin, CHAIN_FACTOR};
use super::frame::{self, Frame, FrameKind, set, set_new};
use super::{Flow, Vm};

impl Vm {
    /// The usual way to resume: a root that has not begun, or is suspended by itself, at a `yield`, to give way or
    /// in a future that has a result now, receives that or None in a new frame. None when it is another case.
    ///
    /// # Safety
    /// `frame` is the top frame, with its pc saved.
    #[inline(always)]
    pub(super) unsafe fn enter_suspended(
        &mut self,
        frame: *mut Frame,
        coroutine: &Gc<Coroutine>,
        dst: Register,
        kind: FrameKind,
    ) -> Option<NonNull<Frame>> {
        unsafe {
            let state = coroutine.state.get();
            if !matches!(state, CoroutineState::Created | CoroutineState::Suspended)
                || coroutine.is_linked()
                || coroutine.kind == CoroutineKind::AsyncGenerator
            {
                return None;
            }
            let place = (*frame).top;
            let top = place.add(frame::HEADER);
            if self.depth >= self.recursion_limit || top > self.limit {
                return None;
            }
            let code: *const CodeObject = &*coroutine.function.code;
            let pc = (*code).code.ops.as_ptr().add(coroutine.pc.get() as usize);
            let base = (*coroutine.registers.as_ptr()).as_mut_ptr();
            if state == CoroutineState::Suspended {
                match *pc.sub(1) {
                    Op::Yield { dst, .. } => set_new(base.add(dst.0 as usize), Value::None),
                    Op::YieldFrom { dst, delegate } => {
                        let delegate = base.add(delegate.0 as usize);
                        let value = match &*delegate {
                            Value::Unbound => Value::None,
                            awaited => awaited.as_future()?.value()?,
                        };
                        set_new(delegate, Value::Unbound);
                        set(base.add(dst.0 as usize), value);
                    }
                    _ => return None,
                };
            }
            let globals: *const Dict = &*coroutine.function.globals;
            coroutine.state.set(CoroutineState::Running);
            Some(NonNull::new_unchecked(self.push_frame(
                place,
                Frame {
                    previous: frame,
                    pc,
                    base,
                    top,
                    code,
                    globals,
                    function: Value::Unbound,
                    subject: Value::Coroutine(coroutine.clone()),
                    current: Some(coroutine.clone()),
                    dst,
                    kind,
                    awaits: 0,
                    thrown: 0,
                },
            )))
        }
    }

    /// The usual `Yield`: of a generator to a `for`, or of an async generator to an `async for`. Gives the frame
    /// that goes on; None when it is another case.
    ///
    /// # Safety
    /// `frame` is the top frame, with its pc saved, `value` one of its registers.
    #[inline(always)]
    pub(super) unsafe fn yield_to_loop(&mut self, frame: *mut Frame, value: *const Value) -> Option<NonNull<Frame>> {
        unsafe {
            let generator = (*frame).current.as_deref()?;
            match generator.kind {
                CoroutineKind::Generator => {
                    let Value::Coroutine(root) = &(*frame).subject else { return None };
                    if (*frame).kind != FrameKind::ForNext || !std::ptr::eq(&**root, generator) || self.segment > 0 {
                        return None;
                    }
                    generator.pause((*frame).pc);
                    let previous = (*frame).previous;
                    set((*previous).base.add((*frame).dst.0 as usize), (*value).clone());
                    self.frame = previous;
                    self.depth -= 1;
                    release(&raw mut (*frame).subject);
                    drop(std::ptr::read(&raw const (*frame).current));
                    Some(NonNull::new_unchecked(previous))
                }
                CoroutineKind::AsyncGenerator => {
                    let consumer = generator.coroutine_awaiter().filter(|_| (*frame).thrown == 0)?;
                    let code: *const CodeObject = &*consumer.function.code;
                    let pc = (*code).code.ops.as_ptr().add(consumer.pc.get() as usize);
                    let Op::Offset { .. } = *pc.sub(1) else { return None };
                    let Op::AsyncForNext { dst, iterator } = *pc.sub(2) else { return None };
                    let base = (*consumer.registers.as_ptr()).as_mut_ptr();
                    if !(*base.add(iterator.0 as usize + 1)).is_unbound() {
                        return None;
                    }
                    generator.pause((*frame).pc);
                    generator.is_consumed.set(false);
                    consumer.state.set(CoroutineState::Running);
                    (*frame).code = code;
                    (*frame).globals = &*consumer.function.globals;
                    (*frame).base = base;
                    (*frame).pc = pc;
                    set(base.add(dst.0 as usize), (*value).clone());
                    let Value::Coroutine(consumer) = generator.take_awaiter() else { return None };
                    drop((*frame).current.replace(consumer));
                    Some(NonNull::new_unchecked(frame))
                }
                CoroutineKind::Coroutine => None,
            }
        }
    }

    /// `ForNext` on a generator, where `enter_suspended` does not do.
    #[inline(never)]
    pub(super) fn enter_generator(&mut self, generator: Gc<Coroutine>, dst: Register) -> Flow {
        if generator.state.get() == CoroutineState::Finished {
            self.jump_out();
            return Ok(None);
        }
        let root = Value::Coroutine(generator);
        let target = match self.begin(&root, Resume::Value(Value::None)) {
            Ok(Begin::Run(target, _)) => target,
            Ok(Begin::Ended) => {
                self.jump_out();
                return Ok(None);
            }
            Err(raised) => return self.unwind(raised),
        };
        if let Err(raised) = self.push_chain(root, dst, FrameKind::ForNext) {
            return self.unwind(raised);
        }
        self.drive(target, Resume::Value(Value::None))
    }

    /// The usual `AsyncForNext`: a coroutine asks an async generator that stands at a `yield` of its own, which
    /// gives None. False when it is another case.
    ///
    /// # Safety
    /// `frame` is the top frame, with its pc saved, `iterator` one of its registers.
    #[inline(always)]
    pub(super) unsafe fn ask_generator(&mut self, frame: *mut Frame, iterator: *mut Value) -> bool {
        unsafe {
            let Value::Coroutine(generator) = &*iterator else { return false };
            let Some(outer) = &(*frame).current else { return false };
            if (*frame).thrown != 0
                || generator.kind != CoroutineKind::AsyncGenerator
                || generator.state.get() != CoroutineState::Suspended
                || generator.is_consumed.get()
                || generator.is_linked()
            {
                return false;
            }
            let code = &*generator.function.code;
            let pc = code.code.ops.as_ptr().add(generator.pc.get() as usize);
            let Op::Yield { dst, .. } = *pc.sub(1) else { return false };
            let depth = outer.chain_depth.get() + 1;
            if depth as usize > self.recursion_limit.saturating_mul(CHAIN_FACTOR) {
                return false;
            }
            outer.pause((*frame).pc);
            outer.state.set(CoroutineState::Waiting);
            generator.is_consumed.set(true);
            generator.state.set(CoroutineState::Running);
            generator.chain_depth.set(depth);
            let base = (*generator.registers.as_ptr()).as_mut_ptr();
            (*frame).code = code;
            (*frame).globals = &*generator.function.globals;
            (*frame).base = base;
            (*frame).pc = pc;
            let generator = generator.clone();
            if let Some(outer) = (*frame).current.replace(generator.clone()) {
                generator.set_awaiter(Value::Coroutine(outer));
            }
            set_new(base.add(dst.0 as usize), Value::None);
            true
        }
    }
}
