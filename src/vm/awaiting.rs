//! Awaiting: what `await`, `yield from` and `async for` delegate to, and how it is asked.
//!
//! A coroutine is linked under the one that awaits it (`coroutine`); a future or an iterator is a foreign
//! delegate, asked here each time the chain is resumed.

use std::ptr::NonNull;

use smallvec::SmallVec;

use crate::bytecode::{AwaitContext, Op, Register};
use crate::value::coroutine::{CoroutineState, Resume};
use crate::value::native::{AtOnce, AwaitAtOnce};
use crate::value::{Coroutine, CoroutineKind, Gc, Raised, Result, Value, symbols, types};

use super::call::{clear_window, coroutine_of_frame};
use super::coroutine::CHAIN_FACTOR;
use super::frame::{Frame, FrameKind, set, set_new};
use super::{Flow, Outcome, Vm};

/// So many `Await` frames on top of each other become coroutines, which take no stack.
const MOST_AWAITS: u16 = 100;

impl Vm {
    /// What the current coroutine waits for, if that is no coroutine.
    pub(super) fn foreign_delegate(&self) -> Option<Value> {
        // SAFETY: as in `receive`.
        unsafe {
            let (_, place) = self.delegate_place()?;
            is_foreign(&*place).then(|| (*place).clone())
        }
    }

    /// The registers of the instruction the current coroutine waits in: where its result goes and where the
    /// delegate is. None at the start and at a `Yield`.
    #[inline(always)]
    pub(super) fn delegate_place(&self) -> Option<(*mut Value, *mut Value)> {
        // SAFETY: the coroutine is current in the top frame; its pc is behind the instruction it is suspended
        // in, or at the start.
        unsafe {
            let frame = &*self.frame;
            if frame.pc == (*frame.code).code.ops.as_ptr() {
                return None;
            }
            let register = |number: usize| frame.base.add(number);
            match *frame.pc.sub(1) {
                Op::YieldFrom { dst, delegate } => Some((register(dst.0 as usize), register(delegate.0 as usize))),
                Op::Offset { .. } => match *frame.pc.sub(2) {
                    Op::AsyncForNext { dst, iterator } => {
                        Some((register(dst.0 as usize), register(iterator.0 as usize + 1)))
                    }
                    _ => None,
                },
                _ => None,
            }
        }
    }

    /// Asks a delegate that is no coroutine, and goes on as it says.
    pub(super) fn continue_delegate(&mut self, delegate: &Value, input: Resume) -> Flow {
        let is_thrown = matches!(input, Resume::Raise(_));
        match self.step_delegate(delegate, input) {
            Ok(Outcome::Yielded(value)) => {
                let current = self.deactivate(CoroutineState::Suspended);
                self.suspend(value, Value::Coroutine(current))
            }
            Ok(Outcome::Returned(value)) => {
                self.clear_delegate();
                self.receive(value)
            }
            Err(raised) if is_thrown => self.thrown(raised),
            Err(raised) => {
                if delegate.as_future().is_some() {
                    // It was raised elsewhere, and is raised here anew.
                    self.set_context(&raised.0);
                }
                self.unwind(raised)
            }
        }
    }

    /// Forgets the delegate of the instruction the current coroutine waits in.
    pub(super) fn clear_delegate(&mut self) {
        if let Some((_, place)) = self.delegate_place() {
            // SAFETY: the register holds a value.
            unsafe { set_new(place, Value::Unbound) };
        }
    }

    /// One step of a delegate that is no coroutine: a future or an iterator.
    pub(super) fn step_delegate(&mut self, delegate: &Value, input: Resume) -> Result<Outcome> {
        if let Some(future) = delegate.as_future() {
            return match input {
                Resume::Raise(raised) => Err(raised),
                Resume::Value(_) if !future.is_done() => Ok(Outcome::Yielded(delegate.clone())),
                Resume::Value(_) => future.result().unwrap_or(Ok(Value::None)).map(Outcome::Returned),
            };
        }
        let names = symbols();
        let result = match input {
            Resume::Value(Value::None) => match self.next_or_stop(delegate) {
                Ok(value) => Ok(value),
                Err(raised) => Err(raised),
            },
            Resume::Value(value) => self.call_method(delegate, &names.send, &[value]),
            Resume::Raise(raised) => {
                if raised.is_a(&types().generator_exit) {
                    match self.get_attribute_if_any(delegate, &names.close) {
                        Ok(Some(close)) => drop(self.call(&close, &[])?),
                        Ok(None) => {}
                        // What cannot even be asked for it is not what is to be told of.
                        Err(broken) => (self.hooks.report_ignored)(self, broken, delegate),
                    }
                    return Err(raised);
                }
                match self.get_attribute_if_any(delegate, &names.throw)? {
                    Some(throw) => self.call(&throw, &[Value::Exception(raised.0.clone())]),
                    None => return Err(raised),
                }
            }
        };
        match result {
            Ok(value) => Ok(Outcome::Yielded(value)),
            Err(raised) if raised.is_a(&types().stop_iteration) => {
                Ok(Outcome::Returned(raised.0.first_argument().unwrap_or(Value::None)))
            }
            Err(raised) => Err(raised),
        }
    }

    /// `next(iterator)`, with StopIteration (and its value) at the end.
    pub(super) fn next_or_stop(&mut self, iterator: &Value) -> Result<Value> {
        if let Value::Instance(_) = iterator
            && let Some(result) = self.call_special(iterator, &symbols().next, &[])
        {
            return result;
        }
        match self.next(iterator)? {
            Some(value) => Ok(value),
            None => Err(Raised::stop_iteration(Value::None)),
        }
    }

    /// `YieldFrom`: the current coroutine waits for `delegate`.
    ///
    /// It is taken by value: the register it comes from is written before this returns, so a reference
    /// into it would not hold.
    pub(super) fn delegate(&mut self, delegate: Value) -> Flow {
        if delegate.is_none() || delegate.is_unbound() {
            return self.give_way(delegate);
        }
        if let Some(future) = delegate.as_future() {
            if let Some(value) = future.value() {
                // There is nothing to wait for.
                // SAFETY: pc is behind the `YieldFrom`, or behind an `AsyncForNext`, whose offset word says so.
                unsafe {
                    if let Some((dst, place)) = self.delegate_place() {
                        set_new(place, Value::Unbound);
                        set(dst, value);
                        return Ok(None);
                    }
                }
            }
            if !future.is_done() {
                self.materialize();
                let current = self.deactivate(CoroutineState::Suspended);
                return self.suspend(delegate, Value::Coroutine(current));
            }
        }
        self.materialize();
        let delegate = match delegate {
            Value::Coroutine(inner)
                if inner.state.get() == CoroutineState::Created
                    && inner.kind != CoroutineKind::AsyncGenerator
                    && !inner.has_awaiter() =>
            {
                return self.await_new(inner);
            }
            Value::NativeCoroutine(pause)
                if pause.is_pause
                    && pause.state.get() == CoroutineState::Created
                    && pause.awaiter.borrow().is_unbound() =>
            {
                pause.state.set(CoroutineState::Finished);
                return self.give_way(Value::None);
            }
            other => other,
        };
        match &delegate {
            Value::Coroutine(inner)
                if inner.state.get() == CoroutineState::Finished && inner.kind != CoroutineKind::Coroutine =>
            {
                self.receive(Value::None)
            }
            Value::Coroutine(_) | Value::NativeCoroutine(_) => self.await_coroutine(delegate),
            _ => self.continue_delegate(&delegate, Resume::Value(Value::None)),
        }
    }

    /// The current coroutine is suspended in place of the `sleep` that it awaits, and yields what that would:
    /// None to give way once, or nothing when its task is woken by other means.
    fn give_way(&mut self, yielded: Value) -> Flow {
        self.materialize();
        self.clear_delegate();
        let current = self.deactivate(CoroutineState::Suspended);
        self.suspend(yielded, Value::Coroutine(current))
    }

    /// Whether the chain of awaits that runs is the one of this root.
    pub fn runs_chain_of(&self, root: &Value) -> bool {
        // SAFETY: frames of kind `Await` stand on that of their chain.
        unsafe {
            let mut frame = self.frame;
            while (*frame).kind == FrameKind::Await {
                frame = (*frame).previous;
            }
            (*frame).subject.is(root)
        }
    }

    /// A call of a coroutine function whose result is awaited at once: the body runs in a frame of its own
    /// like that of a plain function, and no coroutine is made unless it has to wait (`materialize`). None
    /// when this is not such a call; else the new frame.
    ///
    /// # Safety
    /// The callee is at `window`, its arguments behind it; pc is behind the call and saved, and `awaits_result`
    /// holds.
    #[inline(always)]
    pub(super) unsafe fn enter_awaited(&mut self, window: *mut Value, count: usize) -> Option<NonNull<Frame>> {
        unsafe {
            let Value::Function(function) = &*window else { return None };
            if function.code.awaited_arguments as usize != count {
                return None;
            }
            let frame = self.frame;
            let Op::YieldFrom { dst, .. } = *(*frame).pc.add(1) else { return None };
            let awaits = match (*frame).kind {
                FrameKind::Await => (*frame).awaits + 1,
                _ if (*frame).current.is_some() => 1,
                _ => return None,
            };
            if awaits > MOST_AWAITS {
                return None;
            }
            let top = self.reserve(function.code.frame_registers as usize).ok()?;
            (*frame).pc = (*frame).pc.add(2);
            let entered = self.push_call(top, window, window.add(1), count, dst, FrameKind::Await);
            (*entered.as_ptr()).awaits = awaits;
            Some(entered)
        }
    }

    /// A call of a native function whose coroutine is awaited at once.
    ///
    /// # Safety
    /// The callee is at `window`, its arguments behind it; `awaits_result` holds.
    pub(super) unsafe fn call_awaited(
        &mut self,
        at_once: AwaitAtOnce,
        window: *mut Value,
        count: usize,
    ) -> Result<Option<Value>> {
        unsafe {
            let Value::Native(native) = &*window else { unreachable!("the caller has looked") };
            let arguments = std::slice::from_raw_parts(window.add(1), count);
            let (outcome, value) = match at_once(self, arguments) {
                Ok(AtOnce::Later) => (native.call(self, arguments).map(Some), None),
                // On behind the `YieldFrom`.
                Ok(AtOnce::Result(value)) => (Ok(None), Some((2, value))),
                // On to the `YieldFrom`, which gives way for None.
                Ok(AtOnce::Pause) => (Ok(None), Some((1, Value::None))),
                // As well, for a value that no script can await.
                Ok(AtOnce::Wait) => (Ok(None), Some((1, Value::Unbound))),
                Err(raised) => (Err(raised), None),
            };
            clear_window(window, count);
            if let Some((instructions, value)) = value {
                let frame = &mut *self.frame;
                if let Op::YieldFrom { dst, delegate } = *frame.pc.add(1) {
                    let place = if instructions == 1 { delegate } else { dst };
                    set(frame.base.add(place.0 as usize), value);
                }
                frame.pc = frame.pc.add(instructions);
            }
            outcome
        }
    }

    /// Whether the result of the call just executed, in `result`, is awaited at once by the two instructions
    /// behind it, and is nobody's variable.
    ///
    /// # Safety
    /// pc is behind the call and saved.
    #[inline(always)]
    pub(super) unsafe fn awaits_result(&self, result: Register) -> bool {
        unsafe {
            let pc = (*self.frame).pc;
            matches!(*pc, Op::GetAwaitable { dst, src, .. } if src == result && dst == result)
                && matches!(*pc.add(1), Op::YieldFrom { .. })
        }
    }

    /// Makes coroutines of the `Await` frames on top, each awaited by the next: something has to wait.
    #[inline(always)]
    pub(super) fn materialize(&mut self) {
        // SAFETY: there is a frame.
        if unsafe { (*self.frame).kind } == FrameKind::Await {
            self.materialize_frames();
        }
    }

    #[inline(never)]
    fn materialize_frames(&mut self) {
        let count;
        // SAFETY: below frames of this kind is that of a chain, whose current coroutine waits for the first
        // of them. Their registers and functions are moved out before they go.
        unsafe {
            let mut frames: SmallVec<[*mut Frame; 4]> = SmallVec::new();
            while (*self.frame).kind == FrameKind::Await {
                frames.push(self.frame);
                self.frame = (*self.frame).previous;
            }
            count = frames.len();
            self.depth -= count;
            let mut outer = self.deactivate(CoroutineState::Waiting);
            for &frame in frames.iter().rev() {
                let inner = coroutine_of_frame(frame);
                inner.state.set(CoroutineState::Waiting);
                inner.chain_depth.set(outer.chain_depth.get() + 1);
                if let Op::YieldFrom { delegate, .. } = outer.function.code.code.ops[outer.pc.get() as usize - 1] {
                    outer.registers.borrow_mut()[delegate.0 as usize] = Value::Coroutine(inner.clone());
                }
                inner.set_awaiter(Value::Coroutine(outer));
                outer = inner;
            }
            for &frame in &frames {
                if self.segment > 0 {
                    self.leave_segment(frame);
                }
            }
            self.activate(outer);
        }
        if self.origin_depth != 0 {
            let made: Vec<Value> = self.script_frames().take(count).filter_map(|view| view.coroutine).collect();
            for (place, coroutine) in made.iter().enumerate() {
                self.note_origin_behind(place + 1, coroutine);
            }
        }
    }

    /// Remembers where a coroutine has just been made, if the script wants to know.
    #[inline(always)]
    pub(super) fn note_origin(&self, made: &Value) {
        if self.origin_depth != 0 {
            self.note_origin_behind(0, made);
        }
    }

    /// As `note_origin`, without so many of the innermost frames.
    #[cold]
    fn note_origin_behind(&self, skipped: usize, made: &Value) {
        let Value::Coroutine(coroutine) = made else { return };
        if coroutine.kind != CoroutineKind::Coroutine {
            return;
        }
        let calls = self.script_frames().skip(skipped).take(self.origin_depth).map(|view| {
            let code = &view.function.code;
            let line = code.code.position(view.instruction).line;
            let file = Value::str(&code.code.source.name);
            Value::tuple(vec![file, Value::Int(i64::from(line)), Value::Str(code.name.clone())])
        });
        coroutine.set_origin(Value::tuple(calls.collect()));
    }

    /// The current coroutine awaits one that has no awaiter and no chain: the common case of
    /// `await_coroutine`.
    #[inline(always)]
    pub(super) fn await_new(&mut self, inner: Gc<Coroutine>) -> Flow {
        let outer = self.deactivate(CoroutineState::Waiting);
        let depth = outer.chain_depth.get() + 1;
        if depth as usize > self.recursion_limit.saturating_mul(CHAIN_FACTOR) {
            self.activate(outer);
            let raised = self.recursion_error();
            return self.unwind(raised);
        }
        inner.chain_depth.set(depth);
        inner.set_awaiter(Value::Coroutine(outer));
        self.activate(inner);
        Ok(None)
    }

    /// The current coroutine awaits another one, in its place in the top frame.
    #[inline]
    pub(super) fn await_coroutine(&mut self, inner: Value) -> Flow {
        // SAFETY: a coroutine runs in the top frame.
        let outer = unsafe { (*self.frame).current.clone() }.expect("a coroutine runs");
        match self.link(&inner, Value::Coroutine(outer)) {
            Ok(target) => {
                drop(self.deactivate(CoroutineState::Waiting));
                self.drive(target, Resume::Value(Value::None))
            }
            Err(raised) => self.unwind(raised),
        }
    }

    /// `AsyncForNext`, with the iterator in a register, where `ask_generator` does not do.
    pub(super) fn async_for_next(&mut self, iterator: Register) -> Flow {
        self.materialize();
        // SAFETY: the two registers belong to the current coroutine's frame.
        let (iterator, place) = unsafe {
            let register = (*self.frame).base.add(iterator.0 as usize);
            ((*register).clone(), register.add(1))
        };
        if let Value::Coroutine(generator) = &iterator
            && generator.kind == CoroutineKind::AsyncGenerator
        {
            match generator.state.get() {
                CoroutineState::Finished => {
                    self.jump_out();
                    return Ok(None);
                }
                _ if generator.is_consumed.get() => {
                    let raised = Raised::runtime_error("anext(): asynchronous generator is already running");
                    return self.unwind(raised);
                }
                CoroutineState::Running | CoroutineState::Waiting => {
                    let raised = Raised::runtime_error("anext(): asynchronous generator is already running");
                    return self.unwind(raised);
                }
                CoroutineState::Created => {
                    (self.hooks.async_generator_started)(&iterator);
                }
                CoroutineState::Suspended => {}
            }
            generator.is_consumed.set(true);
            return self.await_coroutine(iterator);
        }
        let awaitable = match self.call_special(&iterator, &symbols().anext, &[]) {
            Some(result) => result,
            None => Err(Raised::type_error(format!(
                "'async for' requires an iterator with __anext__ method, got {}",
                iterator.type_name()
            ))),
        };
        let awaitable = awaitable.and_then(|awaitable| {
            let name = awaitable.type_name();
            self.awaitable(&awaitable, AwaitContext::Await).map_err(|cause| {
                let message = format!("'async for' received an invalid object from __anext__: {name}");
                let raised = Raised::type_error(message);
                raised.0.cause.set(Value::Exception(cause.0.clone()));
                raised.0.context.set(Value::Exception(cause.0));
                raised.0.suppress_context.set(true);
                raised
            })
        });
        match awaitable {
            Ok(awaitable) => {
                // SAFETY: as above.
                unsafe { set(place, awaitable.clone()) };
                self.delegate(awaitable)
            }
            Err(raised) => self.unwind(raised),
        }
    }

    /// What `yield from` delegates to.
    pub(super) fn yield_from_iterator(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::Generator => Ok(value.clone()),
            Value::Coroutine(coroutine)
                if coroutine.kind == CoroutineKind::Coroutine && !self.runs_awaitable_generator() =>
            {
                Err(Raised::type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"))
            }
            Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::Coroutine => Ok(value.clone()),
            Value::Future(_) | Value::Task(_) => Ok(value.clone()),
            _ => self.iterate(value),
        }
    }

    /// Whether the generator that runs was made awaitable by `types.coroutine`.
    fn runs_awaitable_generator(&self) -> bool {
        // SAFETY: the top frame is alive.
        unsafe { &(*self.frame).current }.as_ref().is_some_and(|current| current.function.code.is_awaitable.get())
    }

    /// What `await` delegates to.
    pub(super) fn awaitable(&mut self, value: &Value, context: AwaitContext) -> Result<Value> {
        match value {
            Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::Coroutine => {
                if matches!(coroutine.state.get(), CoroutineState::Suspended | CoroutineState::Waiting) {
                    return Err(Raised::runtime_error("coroutine is being awaited already"));
                }
                return Ok(value.clone());
            }
            Value::Coroutine(generator) if generator.function.code.is_awaitable.get() => return Ok(value.clone()),
            Value::NativeCoroutine(_) => return Ok(value.clone()),
            Value::Future(_) | Value::Task(_)
                if value.as_future().is_some_and(|future| !future.has_subclass()) || value.class().is_builtin() =>
            {
                return Ok(value.clone());
            }
            _ => {}
        }
        let Some(result) = self.call_special(value, &symbols().await_, &[]) else {
            let name = value.type_name();
            return Err(Raised::type_error(match context {
                AwaitContext::Await => format!("object {name} can't be used in 'await' expression"),
                AwaitContext::AsyncEnter => {
                    format!("'async with' received an object from __aenter__ that does not implement __await__: {name}")
                }
                AwaitContext::AsyncExit => {
                    format!("'async with' received an object from __aexit__ that does not implement __await__: {name}")
                }
            }));
        };
        let iterator = result?;
        match &iterator {
            Value::Coroutine(coroutine) if coroutine.kind == CoroutineKind::Coroutine => {
                Err(Raised::type_error("__await__() returned a coroutine"))
            }
            Value::Coroutine(_)
            | Value::Iterator(_)
            | Value::Future(_)
            | Value::Task(_)
            | Value::NativeCoroutine(_) => Ok(iterator),
            other if other.class().lookup(&symbols().next).is_some() => Ok(iterator),
            other => {
                Err(Raised::type_error(format!("__await__() returned non-iterator of type '{}'", other.type_name())))
            }
        }
    }

    /// `aiter(value)`.
    pub fn async_iterator(&mut self, value: &Value) -> Result<Value> {
        if let Value::Coroutine(coroutine) = value
            && coroutine.kind == CoroutineKind::AsyncGenerator
        {
            return Ok(value.clone());
        }
        let Some(result) = self.call_special(value, &symbols().aiter, &[]) else {
            return Err(Raised::type_error(format!(
                "'async for' requires an object with __aiter__ method, got {}",
                value.type_name()
            )));
        };
        let iterator = result?;
        if iterator.class().lookup(&symbols().anext).is_none() {
            return Err(Raised::type_error(format!(
                "'async for' received an object from __aiter__ that does not implement __anext__: {}",
                iterator.type_name()
            )));
        }
        Ok(iterator)
    }
}

/// Whether a delegate is a future or an iterator, which is asked each time; a coroutine is linked instead.
#[inline(always)]
pub(super) fn is_foreign(delegate: &Value) -> bool {
    !matches!(delegate, Value::Coroutine(_) | Value::NativeCoroutine(_) | Value::Unbound)
}
