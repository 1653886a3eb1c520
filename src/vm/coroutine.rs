//! Generators and coroutines: resuming, yielding, awaiting.
//!
//! One frame stands for a whole chain of awaits: `subject` is its root, `current` the coroutine that
//! runs. Awaiting links the inner one to the outer (`awaiter`) and makes it current in the same frame;
//! its end makes the outer one current again. When the chain is suspended the frame goes and the root
//! keeps the inner end, so that resuming starts right there. The link from the second of the chain to
//! the root is undone meanwhile, so that a root nobody refers to any more dies at once.
//!
//! A coroutine that is not running has `pc` behind the instruction it is suspended in: `Yield`,
//! `YieldFrom`, or `AsyncForNext` with its offset word.

use crate::bytecode::{AwaitContext, BEFORE_START, Op, Register};
use crate::value::coroutine::{CoroutineState, Resume, Step};
use crate::value::exception::TracebackEntry;
use crate::value::{Coroutine, CoroutineKind, Exception, Gc, NativeCoroutine, Raised, Result, Value, types};

use super::awaiting::is_foreign;
use super::frame::{self, Frame, FrameKind, set, set_new};
use super::unwind::set_context;
use super::{Flow, Outcome, Vm};

/// A chain of awaits may be this many times deeper than the recursion limit: it takes no native stack.
pub(super) const CHAIN_FACTOR: usize = 100;

impl Vm {
    /// Drives a generator, coroutine, async generator or native coroutine until it yields or ends.
    pub fn resume(&mut self, coroutine: &Value, input: Resume) -> Result<Outcome> {
        if let (Value::Coroutine(coroutine), Resume::Value(Value::None)) = (coroutine, &input)
            && !self.is_nested_too_deeply(0)
            // SAFETY: the top frame has called this, so its pc is saved.
            && unsafe { self.enter_suspended(self.frame, coroutine, Register(0), FrameKind::Entry) }.is_some()
        {
            return self.run_nested();
        }
        // Errors of the stack come first: nothing has been taken apart yet.
        self.reserve(0)?;
        if self.is_nested_too_deeply(0) {
            return Err(self.recursion_error());
        }
        let input = match input {
            Resume::Raise(raised) if raised.is_a(&types().generator_exit) => {
                Resume::Raise(self.close_delegates(coroutine, raised))
            }
            input => input,
        };
        let (target, input) = match self.begin(coroutine, input)? {
            Begin::Run(target, input) => (target, input),
            Begin::Ended => return Ok(Outcome::Returned(Value::None)),
        };
        self.push_chain(coroutine.clone(), Register(0), FrameKind::Entry)?;
        if let Resume::Raise(_) = input {
            // SAFETY: the frame has just been pushed.
            unsafe { (*self.frame).thrown = chain_depth(&target).saturating_add(1) };
        }
        match self.drive(target, input)? {
            Some(outcome) => Ok(outcome),
            None => self.run_nested(),
        }
    }

    /// Checks that a root can be resumed, and finds where.
    pub(super) fn begin(&mut self, coroutine: &Value, input: Resume) -> Result<Begin> {
        match coroutine {
            Value::Coroutine(coroutine) => {
                match coroutine.state.get() {
                    CoroutineState::Created | CoroutineState::Suspended => {}
                    CoroutineState::Finished => {
                        return match (coroutine.kind, input) {
                            (CoroutineKind::Coroutine, _) => {
                                Err(Raised::runtime_error("cannot reuse already awaited coroutine"))
                            }
                            (_, Resume::Raise(raised)) => {
                                raised.0.was_raised.set(true);
                                Err(raised)
                            }
                            (_, Resume::Value(_)) => Ok(Begin::Ended),
                        };
                    }
                    CoroutineState::Running | CoroutineState::Waiting if !coroutine.has_innermost() => {
                        return Err(already_executing(coroutine));
                    }
                    CoroutineState::Running | CoroutineState::Waiting => {}
                }
                match (coroutine.state.get(), &input) {
                    (CoroutineState::Created, Resume::Value(value)) if !value.is_none() => {
                        let kind = kind_name(coroutine.kind);
                        return Err(Raised::type_error(format!("can't send non-None value to a just-started {kind}")));
                    }
                    // Nothing of the body runs, not even a `try` at its start.
                    (CoroutineState::Created, Resume::Raise(raised)) => {
                        throw_before_start(coroutine, raised);
                        return Err(raised.clone());
                    }
                    _ => {}
                }
                // Whoever awaited it until now finds out when it goes on (`relink`).
                drop(coroutine.take_awaiter());
                match coroutine.take_innermost() {
                    Value::Unbound => Ok(Begin::Run(Value::Coroutine(coroutine.clone()), input)),
                    innermost => Ok(relink(coroutine, innermost, input)),
                }
            }
            Value::NativeCoroutine(native) => {
                match native.state.get() {
                    // One that is no coroutine to the script says itself what it is.
                    CoroutineState::Finished if !native.is_plain_awaitable => {
                        return Err(Raised::runtime_error("cannot reuse already awaited coroutine"));
                    }
                    CoroutineState::Running => return Err(Raised::value_error("coroutine already executing")),
                    _ if !native.awaiter.borrow().is_unbound() => {
                        return Err(Raised::value_error("coroutine already executing"));
                    }
                    _ => {}
                }
                let target = match native.take_innermost() {
                    Value::Unbound => Value::NativeCoroutine(native.clone()),
                    innermost => innermost,
                };
                Ok(Begin::Run(target, input))
            }
            other => Err(Raised::type_error(format!("'{}' object is no coroutine", other.type_name()))),
        }
    }

    /// Pushes the frame of a chain.
    pub(super) fn push_chain(&mut self, root: Value, dst: Register, kind: FrameKind) -> Result<()> {
        let top = self.reserve(0)?;
        // SAFETY: `reserve` gave room for the header; there are no registers behind it.
        unsafe {
            let end = top.add(frame::HEADER);
            let frame = Frame {
                previous: self.frame,
                pc: std::ptr::null(),
                base: end,
                top: end,
                code: std::ptr::null(),
                globals: std::ptr::null(),
                function: Value::Unbound,
                subject: root,
                current: None,
                dst,
                kind,
                awaits: 0,
                thrown: 0,
            };
            self.push_frame(top, frame);
        }
        Ok(())
    }

    /// Makes a coroutine the one that runs in the top frame.
    #[inline(always)]
    pub(super) fn activate(&mut self, coroutine: Gc<Coroutine>) {
        coroutine.state.set(CoroutineState::Running);
        // SAFETY: the top frame is a chain's; the coroutine keeps code and registers alive while it is
        // current.
        unsafe {
            let frame = &mut *self.frame;
            if frame.thrown != 0 {
                frame.thrown = frame.thrown.min(coroutine.chain_depth.get());
            }
            frame.code = &*coroutine.function.code;
            frame.globals = &*coroutine.function.globals;
            frame.base = (*coroutine.registers.as_ptr()).as_mut_ptr();
            frame.pc = (*frame.code).code.ops.as_ptr().add(coroutine.pc.get() as usize);
            frame.current = Some(coroutine);
        }
    }

    /// Takes the running coroutine out of the top frame, its pc saved.
    #[inline(always)]
    pub(super) fn deactivate(&mut self, state: CoroutineState) -> Gc<Coroutine> {
        // SAFETY: only called while a coroutine runs in the top frame.
        unsafe {
            let frame = &mut *self.frame;
            let current = frame.current.take().expect("a coroutine runs");
            current.pc.set(frame.pc.offset_from((*frame.code).code.ops.as_ptr()) as u32);
            current.state.set(state);
            frame.base = frame.top;
            frame.code = std::ptr::null();
            current
        }
    }

    /// Takes the jump of the `ForNext` or `AsyncForNext` that the top frame has just executed.
    pub(super) fn jump_out(&mut self) {
        // SAFETY: pc is behind the offset word.
        unsafe {
            let frame = &mut *self.frame;
            frame.pc = frame.pc.offset((*frame.pc.sub(1)).distance());
        }
    }

    /// Goes on in a chain, whose frame is on top: `target` receives `input`.
    pub(super) fn drive(&mut self, target: Value, input: Resume) -> Flow {
        let mut is_thrown = false;
        let mut next = (target, input);
        loop {
            let (target, input) = next;
            match target {
                Value::Coroutine(coroutine) => {
                    // SAFETY: the top frame is the chain's.
                    is_thrown |= coroutine.chain_depth.get() < unsafe { (*self.frame).thrown };
                    self.activate(coroutine);
                    return match input {
                        Resume::Value(value) => self.receive(value),
                        Resume::Raise(raised) => self.receive_raised(raised, is_thrown),
                    };
                }
                Value::NativeCoroutine(native) => match self.advance_native(native, input) {
                    Advance::On(target, input) => next = (target, input),
                    Advance::Throw(target, raised) => {
                        is_thrown = true;
                        next = (target, Resume::Raise(raised));
                    }
                    Advance::Out(flow) => return flow,
                },
                // The collector has broken the chain; nothing can reach it any more.
                _ => return self.leave_returned(Value::None),
            }
        }
    }

    /// Lets a native coroutine go on, and finds who is next.
    pub(super) fn advance_native(&mut self, native: Gc<NativeCoroutine>, input: Resume) -> Advance {
        match self.step_native(&native, input) {
            Ok(Step::Yield(value)) => {
                native.state.set(CoroutineState::Suspended);
                Advance::Out(self.suspend(value, Value::NativeCoroutine(native)))
            }
            Ok(Step::Await(inner)) => match self.link_native(&native, inner) {
                Ok((target, input)) => Advance::On(target, input),
                Err(raised) => Advance::On(Value::NativeCoroutine(native), Resume::Raise(raised)),
            },
            Ok(Step::Drive(generator, input)) => self.drive_generator(native, generator, input),
            Ok(Step::Return(value)) => {
                native.state.set(CoroutineState::Finished);
                match native.awaiter.take() {
                    Value::Unbound => Advance::Out(self.leave_returned(value)),
                    awaiter => Advance::On(awaiter, Resume::Value(value)),
                }
            }
            Err(raised) => {
                native.state.set(CoroutineState::Finished);
                match native.awaiter.take() {
                    Value::Unbound => Advance::Out(self.leave_raised(raised)),
                    awaiter => Advance::On(awaiter, Resume::Raise(raised)),
                }
            }
        }
    }

    /// A native coroutine asks an async generator for its next value.
    pub(super) fn drive_generator(
        &mut self,
        native: Gc<NativeCoroutine>,
        generator: Gc<Coroutine>,
        input: Resume,
    ) -> Advance {
        let driven = Value::Coroutine(generator.clone());
        if generator.state.get() == CoroutineState::Created {
            (self.hooks.async_generator_started)(&driven);
        }
        match self.link(&driven, Value::NativeCoroutine(native.clone())) {
            Ok(_) if generator.state.get() == CoroutineState::Finished => {
                generator.set_awaiter(Value::Unbound);
                let raised = match input {
                    Resume::Raise(raised) => raised,
                    Resume::Value(_) => Raised::new(&types().stop_async_iteration, vec![]),
                };
                Advance::On(Value::NativeCoroutine(native), Resume::Raise(raised))
            }
            Ok(target) => {
                native.state.set(CoroutineState::Waiting);
                match input {
                    Resume::Raise(raised) => Advance::Throw(target, raised),
                    input => Advance::On(target, input),
                }
            }
            Err(raised) => Advance::On(Value::NativeCoroutine(native), Resume::Raise(raised)),
        }
    }

    /// Lets a native coroutine go on; if it awaits a future or iterator, that is asked first.
    pub(super) fn step_native(&mut self, native: &Gc<NativeCoroutine>, input: Resume) -> Result<Step> {
        let delegate = native.take_delegate();
        native.state.set(CoroutineState::Running);
        let is_thrown = matches!(input, Resume::Raise(_));
        let input = match delegate {
            Value::Unbound => input,
            delegate => match self.step_delegate(&delegate, input) {
                Ok(Outcome::Yielded(value)) => {
                    native.set_inner(delegate);
                    return Ok(Step::Yield(value));
                }
                Ok(Outcome::Returned(value)) => Resume::Value(value),
                Err(raised) => {
                    if !is_thrown && delegate.as_future().is_some() {
                        // It was raised elsewhere, and is raised here anew.
                        self.set_context_in(native, &raised.0);
                    }
                    Resume::Raise(raised)
                }
            },
        };
        native.body.resume(native, self, input)
    }

    /// A native coroutine awaits something: who goes on, and with what.
    pub(super) fn link_native(&mut self, native: &Gc<NativeCoroutine>, inner: Value) -> Result<(Value, Resume)> {
        let inner = self.awaitable(&inner, AwaitContext::Await)?;
        let this = Value::NativeCoroutine(native.clone());
        match &inner {
            Value::Coroutine(_) | Value::NativeCoroutine(_) => {
                native.state.set(CoroutineState::Waiting);
                let next = self.link(&inner, this)?;
                Ok((next, Resume::Value(Value::None)))
            }
            _ => {
                native.set_inner(inner);
                Ok((this, Resume::Value(Value::None)))
            }
        }
    }

    /// Links a coroutine under the one that awaits it, and finds where it goes on.
    pub(super) fn link(&mut self, inner: &Value, awaiter: Value) -> Result<Value> {
        match inner {
            Value::Coroutine(coroutine) => {
                let executing = matches!(coroutine.state.get(), CoroutineState::Running | CoroutineState::Waiting);
                if coroutine.has_awaiter() {
                    return Err(already_executing(coroutine));
                }
                if executing && !coroutine.has_innermost() {
                    return Err(already_executing(coroutine));
                }
                if coroutine.state.get() == CoroutineState::Finished && coroutine.kind == CoroutineKind::Coroutine {
                    return Err(Raised::runtime_error("cannot reuse already awaited coroutine"));
                }
                let depth = chain_depth(&awaiter).saturating_add(1);
                if depth as usize > self.recursion_limit.saturating_mul(CHAIN_FACTOR) {
                    return Err(self.recursion_error());
                }
                coroutine.chain_depth.set(depth);
                let innermost = coroutine.take_innermost();
                coroutine.set_awaiter(awaiter);
                match innermost {
                    Value::Unbound => Ok(inner.clone()),
                    innermost => match relink(coroutine, innermost, Resume::Value(Value::None)) {
                        Begin::Run(target, _) => Ok(target),
                        Begin::Ended => Ok(inner.clone()),
                    },
                }
            }
            Value::NativeCoroutine(native) => {
                match native.state.get() {
                    CoroutineState::Finished if !native.is_plain_awaitable => {
                        return Err(Raised::runtime_error("cannot reuse already awaited coroutine"));
                    }
                    CoroutineState::Created | CoroutineState::Finished => {}
                    _ if native.awaiter.borrow().is_unbound() => {}
                    _ => return Err(Raised::runtime_error("coroutine is being awaited already")),
                }
                native.awaiter.set(awaiter);
                Ok(match native.take_innermost() {
                    Value::Unbound => inner.clone(),
                    innermost => innermost,
                })
            }
            other => Ok(other.clone()),
        }
    }

    /// The coroutine that has just become current receives a value for the instruction it waits in.
    #[inline]
    pub(super) fn receive(&mut self, value: Value) -> Flow {
        // SAFETY: the coroutine is current in the top frame; its pc is behind the instruction it is
        // suspended in, or at the start.
        unsafe {
            let frame = &mut *self.frame;
            let start = (*frame.code).code.ops.as_ptr();
            if frame.pc == start {
                return Ok(None);
            }
            if let Op::Yield { dst, .. } = *frame.pc.sub(1) {
                set(frame.base.add(dst.0 as usize), value);
                return Ok(None);
            }
            let Some((dst, place)) = self.delegate_place() else { return Ok(None) };
            if is_foreign(&*place) {
                let delegate = (*place).clone();
                if delegate.as_future().is_some_and(|future| !future.is_done()) {
                    return self.unwind(Raised::runtime_error("await wasn't used with future"));
                }
                return self.continue_delegate(&delegate, Resume::Value(value));
            }
            // `dst` may be the same register.
            let awaited = std::ptr::replace(place, Value::Unbound);
            set(dst, value);
            drop(awaited);
            Ok(None)
        }
    }

    /// The coroutine that has just become current has an exception raised in the instruction it waits in,
    /// by what it awaits or thrown in from outside. One that is thrown in gets as context what this coroutine
    /// itself is handling, not what those around it are.
    pub(super) fn receive_raised(&mut self, raised: Raised, is_thrown: bool) -> Flow {
        // SAFETY: as in `receive`.
        let is_at_start = unsafe { (*self.frame).pc == (*(*self.frame).code).code.ops.as_ptr() };
        if is_at_start {
            // It has not begun: no `try` of it is in force, even one that is its first statement.
            self.add_traceback(&raised.0, BEFORE_START as usize);
            return self.coroutine_raised(raised);
        }
        if let Some(delegate) = self.foreign_delegate() {
            return self.continue_delegate(&delegate, Resume::Raise(raised));
        }
        if is_thrown { self.thrown(raised) } else { self.unwind(raised) }
    }

    /// An exception is thrown into the coroutine that has just become current.
    pub(super) fn thrown(&mut self, raised: Raised) -> Flow {
        raised.0.was_raised.set(true);
        let own = self.script_frames().next().and_then(|view| view.handled());
        if let Some(own) = own {
            set_context(&raised.0, own);
        }
        self.propagate(raised, false)
    }

    /// `Yield` in the current coroutine.
    #[inline]
    pub(super) fn yield_value(&mut self, value: Value) -> Flow {
        let current = self.deactivate(CoroutineState::Suspended);
        if current.kind == CoroutineKind::AsyncGenerator {
            current.is_consumed.set(false);
            return match current.take_awaiter() {
                Value::Unbound => self.leave_yielded(value),
                Value::Coroutine(consumer) => {
                    self.activate(consumer);
                    self.receive(value)
                }
                consumer => self.drive(consumer, Resume::Value(value)),
            };
        }
        // SAFETY: the top frame is a chain's.
        if matches!(unsafe { &(*self.frame).subject }, Value::Coroutine(root) if root.same(&current)) {
            drop(current);
            return self.leave_yielded(value);
        }
        self.suspend(value, Value::Coroutine(current))
    }

    /// Leaves the frame of a chain that is suspended at `innermost`.
    #[inline]
    pub(super) fn suspend(&mut self, value: Value, innermost: Value) -> Flow {
        // SAFETY: the top frame is a chain's.
        match (unsafe { &(*self.frame).subject }, &innermost) {
            (Value::Coroutine(root), Value::Coroutine(end)) if root.same(end) => {}
            (Value::NativeCoroutine(root), Value::NativeCoroutine(end)) if root.same(end) => {}
            (Value::Coroutine(root), _) => {
                root.set_innermost(innermost);
                drop(root.delegate().map(take_awaiter));
            }
            (Value::NativeCoroutine(root), _) => root.set_inner(innermost),
            _ => {}
        }
        self.leave_yielded(value)
    }

    /// Gives a yielded value to whoever drives the chain on top.
    #[inline]
    pub(super) fn leave_yielded(&mut self, value: Value) -> Flow {
        // SAFETY: the top frame is a chain's, the frame below is alive.
        unsafe {
            let (kind, dst) = ((*self.frame).kind, (*self.frame).dst);
            self.pop_frame();
            if kind == FrameKind::ForNext {
                set((*self.frame).base.add(dst.0 as usize), value);
                return Ok(None);
            }
        }
        Ok(Some(Outcome::Yielded(value)))
    }

    /// The chain on top has ended with a value.
    pub(super) fn leave_returned(&mut self, value: Value) -> Flow {
        // SAFETY: as in `leave_yielded`.
        unsafe {
            let kind = (*self.frame).kind;
            self.pop_frame();
            if kind == FrameKind::ForNext {
                self.jump_out();
                return Ok(None);
            }
        }
        Ok(Some(Outcome::Returned(value)))
    }

    /// The chain on top has ended with an exception.
    pub(super) fn leave_raised(&mut self, raised: Raised) -> Flow {
        // SAFETY: as in `leave_yielded`.
        let kind = unsafe { (*self.frame).kind };
        unsafe { self.pop_frame() };
        if kind == FrameKind::ForNext { self.unwind(raised) } else { Err(raised) }
    }

    /// The current coroutine has returned.
    pub(super) fn coroutine_returned(&mut self, value: Value) -> Flow {
        let current = self.deactivate(CoroutineState::Running);
        current.finish();
        let awaiter = current.take_awaiter();
        let kind = current.kind;
        drop(current);
        match awaiter {
            awaiter if kind == CoroutineKind::AsyncGenerator => self.async_generator_ended(awaiter),
            Value::Coroutine(outer) => {
                self.activate(outer);
                self.receive(value)
            }
            Value::Unbound => self.leave_returned(value),
            awaiter => self.drive(awaiter, Resume::Value(value)),
        }
    }

    /// An async generator has come to its end while a consumer waits.
    pub(super) fn async_generator_ended(&mut self, consumer: Value) -> Flow {
        if let Value::Coroutine(coroutine) = &consumer {
            self.activate(coroutine.clone());
            // SAFETY: as in `receive`; a consumer waits in `AsyncForNext` or `YieldFrom`.
            unsafe {
                if let Op::AsyncForNext { iterator, .. } = *(*self.frame).pc.sub(2)
                    && matches!(*(*self.frame).pc.sub(1), Op::Offset { .. })
                {
                    set_new((*self.frame).base.add(iterator.0 as usize + 1), Value::Unbound);
                    self.jump_out();
                    return Ok(None);
                }
            }
            return self.unwind(Raised::new(&types().stop_async_iteration, vec![]));
        }
        let raised = Raised::new(&types().stop_async_iteration, vec![]);
        match consumer {
            Value::Unbound => self.leave_raised(raised),
            consumer => self.drive(consumer, Resume::Raise(raised)),
        }
    }

    /// The current coroutine has ended with an exception: on to who awaits it (Ok), or out of the chain.
    pub(super) fn coroutine_raised(&mut self, raised: Raised) -> Flow {
        let current = self.deactivate(CoroutineState::Running);
        keep_variables(&current, &raised.0);
        current.finish();
        let awaiter = current.take_awaiter();
        let raised = convert_stop(current.kind, raised);
        drop(current);
        match awaiter {
            Value::Unbound => self.leave_raised(raised),
            awaiter => self.drive(awaiter, Resume::Raise(raised)),
        }
    }
}

/// An exception is thrown into a coroutine that has not begun, which ends it.
pub fn throw_before_start(coroutine: &Gc<Coroutine>, raised: &Raised) {
    let (function, place) = (coroutine.function.clone(), coroutine.address());
    raised.0.traceback.borrow_mut().push(TracebackEntry::new(function, BEFORE_START, place));
    raised.0.was_raised.set(true);
    keep_variables(coroutine, &raised.0);
    coroutine.finish();
}

/// The variables of a coroutine that an exception leaves live on in the traceback.
fn keep_variables(coroutine: &Gc<Coroutine>, exception: &Exception) {
    let traceback = exception.traceback.borrow();
    let Some(entry) = traceback.last().filter(|entry| entry.place == coroutine.address()) else { return };
    let registers = coroutine.registers.get();
    let names = coroutine.function.code.code.register_names.iter();
    let kept = names.zip(registers).map(|(name, value)| if name.is_some() { value } else { Value::Unbound });
    entry.keep(kept.collect());
}

/// What a chain does after a native coroutine has gone on.
pub(super) enum Advance {
    /// This one goes on, with this.
    On(Value, Resume),
    /// This one has an exception thrown into it.
    Throw(Value, Raised),
    /// The chain was left.
    Out(Flow),
}

/// Where a root that may be resumed goes on.
pub(super) enum Begin {
    Run(Value, Resume),
    /// It has ended already.
    Ended,
}

pub(super) fn kind_name(kind: CoroutineKind) -> &'static str {
    match kind {
        CoroutineKind::Generator => "generator",
        CoroutineKind::Coroutine => "coroutine",
        CoroutineKind::AsyncGenerator => "async generator",
    }
}

pub(super) fn already_executing(coroutine: &Coroutine) -> Raised {
    Raised::value_error(format!("{} already executing", kind_name(coroutine.kind)))
}

/// Takes the link outwards from a coroutine.
pub(super) fn take_awaiter(coroutine: &Value) -> Value {
    match coroutine {
        Value::Coroutine(coroutine) => coroutine.take_awaiter(),
        Value::NativeCoroutine(native) => native.awaiter.take(),
        _ => Value::Unbound,
    }
}

/// The depth of a chain that ends in this coroutine; native ones do not count.
pub(super) fn chain_depth(end: &Value) -> u32 {
    let mut end = end.clone();
    loop {
        end = match &end {
            Value::Coroutine(coroutine) => return coroutine.chain_depth.get(),
            Value::NativeCoroutine(native) => native.awaiter.get(),
            _ => return 0,
        };
    }
}

/// Links the second of a suspended chain to its root again, and finds where it goes on: at the end of
/// the chain, unless somebody has driven a part of the chain by hand meanwhile.
pub(super) fn relink(root: &Gc<Coroutine>, innermost: Value, input: Resume) -> Begin {
    if let Value::NativeCoroutine(native) = &innermost
        && native.state.get() == CoroutineState::Suspended
        && matches!(root.delegate(), Some(Value::NativeCoroutine(awaited)) if awaited.same(native))
    {
        // The usual chain of two.
        native.awaiter.set(Value::Coroutine(root.clone()));
        return Begin::Run(innermost, input);
    }
    let mut outer = Value::Coroutine(root.clone());
    let mut inner = root.delegate().cloned().unwrap_or_default();
    // Only the innermost can have been driven by hand: the others count as running.
    let is_whole = !inner.is(&innermost) && !matches!(&innermost, Value::Coroutine(end) if !end.has_awaiter());
    loop {
        match &inner {
            Value::Coroutine(coroutine) => {
                let is_end = inner.is(&innermost);
                match coroutine.state.get() {
                    CoroutineState::Finished => return Begin::Run(outer, finished_by_hand(coroutine, input)),
                    CoroutineState::Running => return Begin::Run(outer, Resume::Raise(already_executing(coroutine))),
                    CoroutineState::Waiting if is_end && !coroutine.has_innermost() => {
                        return Begin::Run(outer, Resume::Raise(already_executing(coroutine)));
                    }
                    _ => {}
                }
                let driven_to = coroutine.take_innermost();
                coroutine.set_awaiter(outer);
                if is_whole {
                    return Begin::Run(innermost, input);
                }
                match driven_to {
                    Value::Unbound => {}
                    innermost => return relink(coroutine, innermost, input),
                }
                let delegate = coroutine.delegate().cloned().unwrap_or_default();
                outer = inner;
                inner = delegate;
            }
            Value::NativeCoroutine(native) => {
                return match native.state.get() {
                    CoroutineState::Finished => {
                        let raised = Raised::runtime_error("cannot reuse already awaited coroutine");
                        Begin::Run(outer, Resume::Raise(raised))
                    }
                    CoroutineState::Running => {
                        Begin::Run(outer, Resume::Raise(Raised::value_error("coroutine already executing")))
                    }
                    _ => {
                        native.awaiter.set(outer);
                        Begin::Run(innermost, input)
                    }
                };
            }
            _ => return Begin::Run(outer, input),
        }
    }
}

/// What an awaiter receives whose coroutine somebody else has brought to its end.
pub(super) fn finished_by_hand(coroutine: &Coroutine, input: Resume) -> Resume {
    match (coroutine.kind, input) {
        (CoroutineKind::Coroutine, Resume::Value(_)) => {
            Resume::Raise(Raised::runtime_error("cannot reuse already awaited coroutine"))
        }
        (CoroutineKind::AsyncGenerator, Resume::Value(_)) => {
            Resume::Raise(Raised::new(&types().stop_async_iteration, vec![]))
        }
        (CoroutineKind::Generator, Resume::Value(_)) => Resume::Value(Value::None),
        (_, raised) => raised,
    }
}

/// PEP 479: a StopIteration must not leave a generator or coroutine, as it would look like its end.
pub(super) fn convert_stop(kind: CoroutineKind, raised: Raised) -> Raised {
    let types = types();
    let stop = if raised.is_a(&types.stop_iteration) {
        "StopIteration"
    } else if kind == CoroutineKind::AsyncGenerator && raised.is_a(&types.stop_async_iteration) {
        "StopAsyncIteration"
    } else {
        return raised;
    };
    let kind = kind_name(kind);
    let converted = Raised::runtime_error(format!("{kind} raised {stop}"));
    converted.0.cause.set(Value::Exception(raised.0.clone()));
    converted.0.context.set(Value::Exception(raised.0));
    converted.0.suppress_context.set(true);
    converted
}
