//! Exceptions: raising them, and finding who handles them.

use crate::bytecode::{CodeKind, Op};
use crate::memory::interrupt;
use crate::value::exception::TracebackEntry;
use crate::value::{Class, CoroutineKind, Exception, Gc, NativeCoroutine, Raised, Result, Value, symbols, types};

use super::coroutine::convert_stop;
use super::frame::{FrameKind, set, set_new};
use super::{Flow, Vm};

impl Vm {
    /// Takes an exception up the frames until one handles it: then the top frame goes on there. Leaves
    /// the loop with the exception when it passes a frame of kind `Entry`.
    #[cold]
    #[inline(never)]
    pub(super) fn unwind(&mut self, raised: Raised) -> Flow {
        // SAFETY: the top frame runs code, since something in it raised (or it has just been activated);
        // its pc is behind the instruction at fault.
        let is_reraise = unsafe {
            let frame = &*self.frame;
            if frame.previous.is_null() {
                return Err(raised);
            }
            matches!((*frame.code).code.ops[frame.instruction()], Op::Reraise { .. } | Op::RaiseHandled)
        };
        // It may be on its way up from a nested loop.
        if !is_reraise && !raised.0.was_raised.replace(true) && raised.0.context.borrow().is_none() {
            self.set_context(&raised.0);
        }
        self.propagate(raised, is_reraise)
    }

    /// What `unwind` does once the context is set. A frame that raises again is in the traceback already.
    pub(super) fn propagate(&mut self, mut raised: Raised, mut is_reraise: bool) -> Flow {
        loop {
            // SAFETY: the top frame runs code, since something in it raised (or it has just been
            // activated); its pc is behind the instruction at fault.
            unsafe {
                let frame = &mut *self.frame;
                if frame.previous.is_null() {
                    return Err(raised);
                }
                let index = frame.instruction();
                let code = &(*frame.code).code;
                let op = code.ops[index];
                if !is_reraise {
                    self.add_traceback(&raised.0, index);
                }
                is_reraise = false;
                if let Op::Offset { .. } = op
                    && self.ends_loop(&raised, index)
                {
                    return Ok(None);
                }
                if let Some(handler) = code.handler(index) {
                    let mut next = handler.handler as usize;
                    if let Op::Release { start, count } = code.ops[next] {
                        next += 1;
                        self.leave_behind(start.0 as usize..start.0 as usize + count as usize, |_| true);
                    }
                    if interrupt::is_requested() {
                        self.run_finalizers();
                    }
                    let frame = &mut *self.frame;
                    if let Op::YieldFrom { delegate, .. } = op {
                        set_new(frame.base.add(delegate.0 as usize), Value::Unbound);
                    }
                    set(frame.base.add(handler.exception.0 as usize), Value::Exception(raised.0));
                    frame.pc = code.ops.as_ptr().add(next);
                    return Ok(None);
                }
                if let Some(handled) = code.handled_register(index) {
                    let names = &code.register_names;
                    self.leave_behind(handled.0 as usize + 1..names.len(), |register| names[register].is_none());
                }
                let frame = &mut *self.frame;
                if frame.current.is_some() {
                    return self.coroutine_raised(raised);
                }
                let kind = frame.kind;
                self.keep_variables(&raised.0);
                self.pop_frame();
                match kind {
                    FrameKind::Entry => return Err(raised),
                    FrameKind::Await => {
                        raised = convert_stop(CoroutineKind::Coroutine, raised);
                        if raised.0.traceback.borrow().is_empty() {
                            return self.unwind(raised);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Gives up temporaries of a block that an exception leaves, the last ones first. What dies with them ends
    /// before that exception counts as handled, and while an earlier one still does.
    fn leave_behind(&mut self, registers: std::ops::Range<usize>, is_temporary: impl Fn(usize) -> bool) {
        for register in registers.rev().filter(|register| is_temporary(*register)) {
            // SAFETY: the register belongs to the top frame, which runs code.
            unsafe { set_new((*self.frame).base.add(register), Value::Unbound) };
            if interrupt::is_requested() {
                self.run_finalizers();
            }
        }
    }

    /// Whether the exception only says that a `for` or `async for` is at its end; then the jump is taken.
    fn ends_loop(&mut self, raised: &Raised, index: usize) -> bool {
        // SAFETY: an offset word follows the instruction it belongs to.
        unsafe {
            let frame = &mut *self.frame;
            let code = &(*frame.code).code;
            match code.ops[index - 1] {
                Op::ForNext { .. } if raised.is_a(&types().stop_iteration) => {}
                Op::AsyncForNext { iterator, .. } if raised.is_a(&types().stop_async_iteration) => {
                    set_new(frame.base.add(iterator.0 as usize + 1), Value::Unbound);
                }
                Op::AsyncForNext { iterator, .. } => {
                    set_new(frame.base.add(iterator.0 as usize + 1), Value::Unbound);
                    return false;
                }
                _ => return false,
            }
            frame.pc = code.ops.as_ptr().add(index + 1).offset(code.ops[index].distance());
            true
        }
    }

    /// Notes that the exception passes the top frame.
    pub(super) fn add_traceback(&mut self, exception: &Gc<Exception>, index: usize) {
        // SAFETY: as in `unwind`.
        let frame = unsafe { &*self.frame };
        let function = match (&frame.current, &frame.function) {
            (Some(current), _) => &current.function,
            (None, Value::Function(function)) => function,
            _ => return,
        };
        let place = match &frame.current {
            Some(current) => current.address(),
            None => frame.base as usize,
        };
        let entry = TracebackEntry::new(function.clone(), index as u32, place);
        exception.traceback.borrow_mut().push(entry);
    }

    /// The top frame is left with an exception: its variables move into the traceback. Registers without a
    /// name are not kept; one may hold the exception itself.
    fn keep_variables(&mut self, exception: &Gc<Exception>) {
        // SAFETY: the top frame is alive, and each of its registers holds a value.
        unsafe {
            let frame = &*self.frame;
            let traceback = exception.traceback.borrow();
            let Some(entry) = traceback.last().filter(|entry| entry.place == frame.base as usize) else { return };
            let code = &entry.function.code.code;
            let names = &code.register_names;
            // R[0] of a class body is its namespace.
            let is_named = |index: usize| names[index].is_some() || index == 0 && code.kind == CodeKind::Class;
            let holds = |index: &usize| is_named(*index) && !(*frame.base.add(*index)).is_unbound();
            let count = (0..names.len()).rev().find(holds).map_or(0, |last| last + 1);
            let mut kept = Vec::with_capacity(count);
            for index in 0..count {
                // Moved, not cloned: the frame goes.
                kept.push(if is_named(index) { std::mem::take(&mut *frame.base.add(index)) } else { Value::Unbound });
            }
            entry.keep(kept);
        }
    }

    /// Sets `__context__`: the exception that is being handled when this one is raised.
    pub fn set_context(&mut self, exception: &Gc<Exception>) {
        exception.was_raised.set(true);
        if let Some(handled) = self.handled_exception() {
            set_context(exception, handled);
        }
    }

    /// As `set_context`, for an exception that a native coroutine raises although it was raised before.
    pub fn set_context_in(&mut self, native: &NativeCoroutine, exception: &Gc<Exception>) {
        exception.was_raised.set(true);
        if let Some(handled) = self.handled_from(native.awaiter.get()) {
            set_context(exception, handled);
        }
    }

    /// `raise value`.
    pub(super) fn make_raised(&mut self, value: Value) -> Result<Raised> {
        match value {
            Value::Exception(exception) => {
                self.set_context(&exception);
                Ok(Raised(exception))
            }
            Value::Class(class) if class.is_exception() => self.instance_to_raise(&class).map(Raised),
            _ => Err(Raised::type_error("exceptions must derive from BaseException")),
        }
    }

    /// The exception that a class stands for.
    fn instance_to_raise(&mut self, class: &Class) -> Result<Gc<Exception>> {
        match self.call_class(class, &[], &[])? {
            Value::Exception(exception) => Ok(exception),
            other => Err(Raised::type_error(format!(
                "calling {} should have returned an instance of BaseException, not {}",
                self.repr(&Value::Class(class.clone()))?,
                self.repr(&Value::Class(other.class()))?
            ))),
        }
    }

    /// `raise value from cause`.
    pub(super) fn make_raised_from(&mut self, value: Value, cause: Value) -> Result<Raised> {
        let raised = self.make_raised(value)?;
        let cause = match cause {
            Value::None | Value::Exception(_) => cause,
            Value::Class(class) if class.is_exception() => Value::Exception(self.instance_to_raise(&class)?),
            _ => return Err(Raised::type_error("exception causes must derive from BaseException")),
        };
        raised.0.cause.set(cause);
        raised.0.suppress_context.set(true);
        Ok(raised)
    }

    /// Whether an `except` clause takes an exception.
    pub(super) fn exception_matches(&mut self, exception: &Value, class: &Value) -> Result<bool> {
        let Value::Exception(exception) = exception else { return Ok(false) };
        match class {
            Value::Class(class) if class.is_exception() => Ok(exception.is_a(class)),
            Value::Tuple(classes) => {
                for class in classes.items() {
                    match class {
                        Value::Class(class) if class.is_exception() => {}
                        _ => return Err(bad_except()),
                    }
                }
                Ok(classes.items().iter().any(|class| matches!(class, Value::Class(class) if exception.is_a(class))))
            }
            _ => Err(bad_except()),
        }
    }

    /// The `__traceback__` of an exception value.
    pub(super) fn traceback_of(&mut self, exception: &Value) -> Result<Value> {
        Ok(self.get_attribute_if_any(exception, &symbols().traceback)?.unwrap_or(Value::None))
    }

    /// What to do with the result of the top frame when it is no plain call.
    pub(super) fn finish_frame(&mut self, value: Value) -> Flow {
        // SAFETY: the top frame has returned; the frame below is alive.
        unsafe {
            let frame = &mut *self.frame;
            if frame.current.is_some() {
                return self.coroutine_returned(value);
            }
            let (kind, dst) = (frame.kind, frame.dst);
            let result = match kind {
                FrameKind::Entry => {
                    self.pop_frame();
                    return Ok(Some(super::Outcome::Returned(value)));
                }
                FrameKind::Init => {
                    let instance = std::mem::take(&mut frame.subject);
                    self.pop_frame();
                    if value.is_none() { Ok(instance) } else { Err(super::class_call::init_returned(&value)) }
                }
                FrameKind::Binary => {
                    self.pop_frame();
                    if matches!(value, Value::NotImplemented) { self.retry_binary() } else { Ok(value) }
                }
                FrameKind::Call | FrameKind::Await | FrameKind::ForNext => {
                    self.pop_frame();
                    Ok(value)
                }
            };
            match result {
                Ok(value) => {
                    set((*self.frame).base.add(dst.0 as usize), value);
                    Ok(None)
                }
                Err(raised) => self.unwind(raised),
            }
        }
    }
}

/// Sets `__context__` of an exception, unless it is the handled one itself.
pub fn set_context(exception: &Gc<Exception>, handled: Gc<Exception>) {
    if handled.same(exception) {
        return;
    }
    // The chain must not come back to the exception itself. A script may have made a cycle elsewhere
    // in it: that is noticed by a second walker at half the speed (Floyd).
    let (mut link, mut slow, mut advance_slow) = (handled.clone(), handled.clone(), false);
    while let Value::Exception(next) = link.context.get() {
        if next.same(exception) {
            link.context.set(Value::None);
            break;
        }
        link = next;
        if link.same(&slow) {
            break;
        }
        if advance_slow && let Value::Exception(next) = slow.context.get() {
            slow = next;
        }
        advance_slow = !advance_slow;
    }
    exception.context.set(Value::Exception(handled));
}

fn bad_except() -> Raised {
    Raised::type_error("catching classes that do not inherit from BaseException is not allowed")
}
