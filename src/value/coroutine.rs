//! Generators, coroutines and async generators, of the script and native.
//!
//! A coroutine owns its registers and runs in place. While one awaits another the two are linked:
//! `awaiter` points outwards. The outermost of a chain is its root; when the chain is suspended the
//! root remembers the innermost, so that resuming costs the same however long the chain is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use smallvec::SmallVec;

use super::instance::{Payload, queue_finalizer};
use super::{Class, Function, Gc, Mutable, Raised, Result, Str, Value, types};
use crate::bytecode::{Op, Register};
use crate::memory::{Object, Tracer};
use crate::vm::Vm;

/// Which of the three a script coroutine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoroutineKind {
    Generator,
    Coroutine,
    AsyncGenerator,
}

/// Where in its life a coroutine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoroutineState {
    /// Not started.
    Created,
    Suspended,
    /// On the VM's stack, or linked under one that is.
    Running,
    /// Awaits another of its chain, and the chain is suspended or running.
    Waiting,
    Finished,
}

/// A generator, coroutine or async generator of the script.
pub struct Coroutine {
    pub kind: CoroutineKind,
    pub state: Cell<CoroutineState>,
    /// Whether the finalizer has been queued, so that it is not again.
    pub(crate) finalized: Cell<bool>,
    /// Async generator: whether a consumer is waiting for the next value.
    pub is_consumed: Cell<bool>,
    /// Whether `link` points inwards.
    pub(crate) links_inwards: Cell<bool>,
    /// Whether `EXTRAS` has an entry for it.
    pub(crate) has_extra: Cell<bool>,
    /// Where to go on.
    pub pc: Cell<u32>,
    /// How many coroutines await this one, counted from the root.
    pub chain_depth: Cell<u32>,
    pub function: Gc<Function>,
    pub registers: Mutable<SmallVec<[Value; 6]>>,
    /// One of two, which exclude each other, or unbound.
    ///
    /// Outwards, the *awaiter*: who awaits this one, a coroutine or native coroutine. There is none for a
    /// root, and below a suspended root that is a script's: the chain does not keep the root alive.
    ///
    /// Inwards, the *innermost*: for a suspended root the end of its chain, when that is not the root itself.
    pub(crate) link: Mutable<Value>,
}

/// What few coroutines have.
#[derive(Default)]
struct Extra {
    /// Name and qualified name that the script has given it.
    names: Option<(Str, Str)>,
    /// The calls in which it was made, innermost first, as the script sees them.
    origin: Option<Value>,
}

thread_local! {
    /// By the address of the coroutine.
    static EXTRAS: RefCell<HashMap<usize, Extra>> = RefCell::default();
}

impl Coroutine {
    pub fn new(kind: CoroutineKind, function: Gc<Function>, registers: SmallVec<[Value; 6]>) -> Gc<Coroutine> {
        Gc::new(Coroutine {
            kind,
            state: Cell::new(CoroutineState::Created),
            finalized: Cell::new(false),
            is_consumed: Cell::new(false),
            links_inwards: Cell::new(false),
            has_extra: Cell::new(false),
            pc: Cell::new(0),
            chain_depth: Cell::new(0),
            function,
            registers: Mutable::new(registers),
            link: Mutable::new(Value::Unbound),
        })
    }

    pub fn name(&self) -> Str {
        self.given_names().map_or_else(|| self.function.name(), |names| names.0)
    }

    pub fn qualified_name(&self) -> Str {
        self.given_names().map_or_else(|| self.function.qualified_name(), |names| names.1)
    }

    fn extra<T>(&self, read: impl FnOnce(&Extra) -> Option<T>) -> Option<T> {
        if !self.has_extra.get() {
            return None;
        }
        EXTRAS.with_borrow(|extras| extras.get(&self.address()).and_then(read))
    }

    fn set_extra(&self, change: impl FnOnce(&mut Extra)) {
        self.has_extra.set(true);
        EXTRAS.with_borrow_mut(|extras| change(extras.entry(self.address()).or_default()));
    }

    fn given_names(&self) -> Option<(Str, Str)> {
        self.extra(|extra| extra.names.clone())
    }

    pub fn set_names(&self, name: Str, qualified_name: Str) {
        self.set_extra(|extra| extra.names = Some((name, qualified_name)));
    }

    /// Where it was made, a tuple of file, line and function for each call; None when that was not noted.
    pub fn origin(&self) -> Value {
        self.extra(|extra| extra.origin.clone()).unwrap_or(Value::None)
    }

    pub fn set_origin(&self, origin: Value) {
        self.set_extra(|extra| extra.origin = Some(origin));
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    #[inline(always)]
    pub fn has_awaiter(&self) -> bool {
        !self.link.borrow().is_unbound() && !self.links_inwards.get()
    }

    /// It is suspended in front of this instruction of its code.
    #[inline(always)]
    pub fn pause(&self, pc: *const Op) {
        let start = self.function.code.code.ops.as_ptr();
        self.pc.set(((pc as usize - start as usize) / size_of::<Op>()) as u32);
        self.state.set(CoroutineState::Suspended);
    }

    /// Whether it has an awaiter or an innermost one.
    #[inline(always)]
    pub fn is_linked(&self) -> bool {
        !self.link.borrow().is_unbound()
    }

    /// Who awaits it, if that is a coroutine of the script.
    #[inline(always)]
    pub fn coroutine_awaiter(&self) -> Option<&Gc<Coroutine>> {
        match self.link.shared() {
            Value::Coroutine(awaiter) if !self.links_inwards.get() => Some(awaiter),
            _ => None,
        }
    }

    /// Who awaits it; unbound if nobody does.
    pub fn awaiter(&self) -> Value {
        if self.links_inwards.get() { Value::Unbound } else { self.link.get() }
    }

    #[inline(always)]
    pub fn take_awaiter(&self) -> Value {
        if self.links_inwards.get() { Value::Unbound } else { self.link.take() }
    }

    /// It must not have an innermost one.
    #[inline(always)]
    pub fn set_awaiter(&self, awaiter: Value) {
        debug_assert!(!self.has_innermost());
        self.links_inwards.set(false);
        self.link.set(awaiter);
    }

    #[inline(always)]
    pub fn has_innermost(&self) -> bool {
        self.links_inwards.get()
    }

    /// The end of the chain that is suspended under it; unbound if that is itself.
    pub fn innermost(&self) -> Value {
        if self.links_inwards.get() { self.link.get() } else { Value::Unbound }
    }

    #[inline(always)]
    pub fn take_innermost(&self) -> Value {
        if self.links_inwards.replace(false) { self.link.take() } else { Value::Unbound }
    }

    /// It must not have an awaiter.
    #[inline(always)]
    pub fn set_innermost(&self, innermost: Value) {
        debug_assert!(!self.has_awaiter());
        self.links_inwards.set(true);
        self.link.set(innermost);
    }

    /// The register that what is sent to it goes to, when it is suspended at a `yield` of its own.
    #[inline]
    pub fn yield_register(&self) -> Option<Register> {
        match self.function.code.code.ops.get((self.pc.get() as usize).checked_sub(1)?) {
            Some(Op::Yield { dst, .. }) => Some(*dst),
            _ => None,
        }
    }

    /// What it waits for while it is suspended: a coroutine, native coroutine, future or iterator. None, or
    /// unbound, when it waits at a `yield`, is running or not started.
    #[inline]
    pub fn delegate(&self) -> Option<&Value> {
        if !matches!(self.state.get(), CoroutineState::Suspended | CoroutineState::Waiting) {
            return None;
        }
        let (ops, registers) = (&self.function.code.code.ops, self.registers.shared());
        let before = |distance: usize| ops.get((self.pc.get() as usize).checked_sub(distance)?);
        match before(1)? {
            Op::YieldFrom { delegate, .. } => registers.get(delegate.0 as usize),
            Op::Offset { .. } => match before(2)? {
                Op::AsyncForNext { iterator, .. } => match registers.get(iterator.0 as usize + 1) {
                    None | Some(Value::Unbound) => registers.get(iterator.0 as usize),
                    awaitable => awaitable,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Gives up the registers at the end of its life.
    pub fn finish(&self) {
        self.state.set(CoroutineState::Finished);
        self.is_consumed.set(false);
        // Nobody looks at the registers of a finished coroutine, so they can go where they are.
        self.registers.borrow_mut().clear();
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        if self.has_extra.get() {
            let extra = EXTRAS.with_borrow_mut(|extras| extras.remove(&self.address()));
            drop(extra);
        }
    }
}

impl Object for Coroutine {
    const FINALIZED: bool = true;

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.function);
        self.registers.shared().iter().for_each(|register| register.trace(tracer));
        self.link.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.finish();
        self.links_inwards.set(false);
        self.link.set(Value::Unbound);
    }

    /// One that is suspended inside `try` or `with` must still run its `finally`; a coroutine that was
    /// never started is reported. The VM does both.
    #[inline]
    fn finalize(this: &Gc<Coroutine>) -> bool {
        let due = match this.state.get() {
            CoroutineState::Finished => false,
            CoroutineState::Created => this.kind == CoroutineKind::Coroutine,
            _ => true,
        };
        if !due || this.finalized.replace(true) {
            return false;
        }
        queue_finalizer(Value::Coroutine(this.clone()));
        true
    }
}

/// What a native coroutine receives when it goes on.
pub enum Resume {
    /// The first time: None. After `Step::Yield`: what was sent. After `Step::Await`: the result.
    Value(Value),
    /// An exception thrown in, or raised by what it awaited.
    Raise(Raised),
}

/// What a native coroutine does next.
pub enum Step {
    /// Suspends the whole chain and gives this to whoever drives it: a future to wait for, None to be
    /// resumed in the next turn of the loop, or the native coroutine itself, which then wakes the task
    /// by itself (it is registered with a timer or a wait queue) and must implement `cancel_wait`.
    Yield(Value),
    /// Awaits this; goes on with its result.
    Await(Value),
    /// Asks an async generator for its next value, sending or throwing something in. Goes on with the
    /// value, or with StopAsyncIteration when the generator ends.
    Drive(Gc<Coroutine>, Resume),
    /// Ends.
    Return(Value),
}

/// What `coroutine.__await__()` gives: an iterator that drives the coroutine. Awaiting it is awaiting the
/// coroutine.
pub struct CoroutineWrapper(pub Value);

impl Payload for CoroutineWrapper {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

/// The body of a coroutine written in Rust: a state machine.
pub trait NativeBody: 'static {
    /// Goes on until the next step. An error ends the coroutine.
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step>;

    /// The task that waits for this is cancelled (or closed): leave the timer or queue. True when it
    /// was still waiting; false when it had been woken already.
    fn cancel_wait(&self, _this: &Gc<NativeCoroutine>, _vm: &mut Vm) -> bool {
        false
    }

    /// The timer it is registered with is due.
    fn timer_due(&self, _this: &Gc<NativeCoroutine>, _vm: &mut Vm) -> Result<()> {
        Ok(())
    }

    /// What to say when it dies without having been awaited, of an awaitable that is no coroutine; None:
    /// nothing.
    fn never_awaited(&self) -> Option<String> {
        None
    }

    /// What it waits for, in words for a deadlock report: "lock 0x.., held by task 'x'".
    fn waits_for(&self, _vm: &mut Vm) -> String {
        String::new()
    }

    fn trace(&self, _tracer: &mut Tracer<'_>) {}

    fn clear(&self) {}
}

/// The name of a native coroutine: one word, as there are many of them.
pub type CoroutineName = &'static &'static str;

/// A coroutine written in Rust: `asyncio.sleep(1)`, `lock.acquire()`.
pub struct NativeCoroutine {
    /// As in its repr: `sleep`, `Lock.acquire`.
    pub name: CoroutineName,
    pub state: Cell<CoroutineState>,
    /// An awaitable that is no coroutine to the script (`__anext__` of an async generator).
    pub is_plain_awaitable: bool,
    /// It yields None once and gives None, so the VM need not ask its body: `sleep(0)`.
    pub is_pause: bool,
    /// For a pause that is driven by hand: whether it has yielded.
    pub has_paused: Cell<bool>,
    pub awaiter: Mutable<Value>,
    /// For a suspended root: the end of its chain; for one that awaits a future or iterator: that. The two
    /// exclude each other. Else unbound.
    inner: Mutable<Value>,
    pub body: Box<dyn NativeBody>,
}

impl NativeCoroutine {
    pub fn new(name: CoroutineName, body: impl NativeBody) -> Gc<NativeCoroutine> {
        NativeCoroutine::make(name, body, false, false)
    }

    /// An awaitable object that `asyncio.iscoroutine` does not take for a coroutine.
    pub fn awaitable(name: CoroutineName, body: impl NativeBody) -> Gc<NativeCoroutine> {
        NativeCoroutine::make(name, body, true, false)
    }

    /// A coroutine that yields None once and gives None.
    pub fn pause(name: CoroutineName, body: impl NativeBody) -> Gc<NativeCoroutine> {
        NativeCoroutine::make(name, body, false, true)
    }

    fn make(
        name: CoroutineName,
        body: impl NativeBody,
        is_plain_awaitable: bool,
        is_pause: bool,
    ) -> Gc<NativeCoroutine> {
        Gc::new(NativeCoroutine {
            name,
            state: Cell::new(CoroutineState::Created),
            is_plain_awaitable,
            is_pause,
            has_paused: Cell::new(false),
            awaiter: Mutable::new(Value::Unbound),
            inner: Mutable::new(Value::Unbound),
            body: Box::new(body),
        })
    }

    /// The end of the chain that is suspended under this root; unbound when that is the root itself.
    pub fn innermost(&self) -> Value {
        if self.has_chain() { self.inner.get() } else { Value::Unbound }
    }

    pub fn take_innermost(&self) -> Value {
        if self.has_chain() { self.inner.take() } else { Value::Unbound }
    }

    /// The future or iterator it awaits; unbound when there is none.
    pub fn take_delegate(&self) -> Value {
        if self.has_chain() { Value::Unbound } else { self.inner.take() }
    }

    /// Notes the end of its chain, or the future or iterator it awaits.
    pub fn set_inner(&self, inner: Value) {
        self.inner.set(inner);
    }

    fn has_chain(&self) -> bool {
        matches!(&*self.inner.borrow(), Value::Coroutine(_) | Value::NativeCoroutine(_))
    }

    pub fn class(&self) -> Class {
        if self.is_plain_awaitable { types().awaitable.clone() } else { types().coroutine.clone() }
    }

    /// What to say when it dies without having been awaited.
    pub fn never_awaited(&self) -> Option<String> {
        if self.is_plain_awaitable {
            return self.body.never_awaited();
        }
        Some(format!("coroutine '{}' was never awaited", self.name))
    }
}

impl Object for NativeCoroutine {
    const FINALIZED: bool = true;

    /// As for a coroutine of the script.
    #[inline]
    fn finalize(this: &Gc<NativeCoroutine>) -> bool {
        if this.state.get() != CoroutineState::Created || this.never_awaited().is_none() {
            return false;
        }
        queue_finalizer(Value::NativeCoroutine(this.clone()));
        true
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.awaiter.borrow().trace(tracer);
        self.inner.borrow().trace(tracer);
        self.body.trace(tracer);
    }

    fn clear(&self) {
        self.state.set(CoroutineState::Finished);
        self.awaiter.set(Value::Unbound);
        self.inner.set(Value::Unbound);
        self.body.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coroutine_is_small() {
        // Debug builds count borrows.
        if !cfg!(debug_assertions) {
            assert_eq!(size_of::<Coroutine>(), 144);
            assert_eq!(size_of::<NativeCoroutine>(), 64);
        }
    }
}
