//! Futures and tasks: their data. What happens to them is the scheduler's.
//!
//! A task is kept small, since programs have many that merely wait: what few futures have (a name, a
//! cancel message, attributes) stands in a box that is made when it is needed.

use std::any::Any;
use std::cell::Cell;
use std::ops::Deref;

use super::exception::TracebackEntry;
use super::{Class, Dict, Gc, Mutable, NativeCoroutine, Raised, Result, Str, Value, types};
use crate::memory::{Object, Tracer, interrupt};
use crate::vm::Vm;

/// How far a future is.
#[derive(Clone, Default)]
pub enum Outcome {
    #[default]
    Pending,
    Cancelled,
    Result(Value),
    Raised(Raised),
}

/// What is scheduled when a future is done, in the order of registration.
#[derive(Clone)]
pub enum Callback {
    /// Resume this task, which waits for the future.
    Wake(Gc<Task>),
    /// Call a function of the script with the future.
    Call(Box<ScriptCallback>),
    /// Tell a part of the scheduler, with a number it gives meaning to.
    Listener(Gc<Listening>, u32),
}

/// Callbacks in order. Most futures have one at most, which needs no memory of its own.
#[derive(Clone, Default)]
pub enum Callbacks {
    #[default]
    None,
    One(Callback),
    Many(Box<Vec<Callback>>),
}

impl Callbacks {
    #[inline]
    pub fn push(&mut self, callback: Callback) {
        *self = match std::mem::take(self) {
            Callbacks::None => Callbacks::One(callback),
            Callbacks::One(first) => Callbacks::Many(Box::new(vec![first, callback])),
            Callbacks::Many(mut all) => {
                all.push(callback);
                Callbacks::Many(all)
            }
        };
    }
}

impl Deref for Callbacks {
    type Target = [Callback];

    #[inline]
    fn deref(&self) -> &[Callback] {
        match self {
            Callbacks::None => &[],
            Callbacks::One(callback) => std::slice::from_ref(callback),
            Callbacks::Many(all) => all,
        }
    }
}

impl IntoIterator for Callbacks {
    type Item = Callback;
    type IntoIter = std::vec::IntoIter<Callback>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Callbacks::None => Vec::new(),
            Callbacks::One(callback) => vec![callback],
            Callbacks::Many(all) => *all,
        }
        .into_iter()
    }
}

impl FromIterator<Callback> for Callbacks {
    fn from_iter<T: IntoIterator<Item = Callback>>(callbacks: T) -> Callbacks {
        let mut all = Callbacks::None;
        callbacks.into_iter().for_each(|callback| all.push(callback));
        all
    }
}

/// A function that was given to `add_done_callback`.
#[derive(Clone)]
pub struct ScriptCallback {
    pub function: Value,
    /// The context it runs in; None: the empty one.
    pub context: Value,
}

/// A part of the scheduler that hears of futures and timers: `gather`, `wait`, `shield` ...
pub trait Listener: Any {
    /// As the repr of a future names it.
    fn name(&self) -> &'static str;

    /// A future it was registered with, under this number, is done.
    fn future_done(&self, this: &Gc<Listening>, vm: &mut Vm, future: &Value, index: u32) -> Result<()>;

    /// A timer it was registered with is due.
    fn timer_due(&self, _this: &Gc<Listening>, _vm: &mut Vm) -> Result<()> {
        Ok(())
    }

    /// `cancel` was called on a future whose cancellation this part handles.
    fn cancel(&self, _vm: &mut Vm, _message: &Value) -> Result<bool> {
        Ok(false)
    }

    /// Adds the futures and tasks that wait through this part.
    fn awaiters(&self, _found: &mut Vec<Value>) {}

    /// The futures it waits for itself, for a deadlock report.
    fn awaits(&self) -> Vec<Value> {
        Vec::new()
    }

    fn trace(&self, _tracer: &mut Tracer<'_>) {}

    fn clear(&self) {}
}

/// A counted listener.
pub struct Listening {
    listener: Box<dyn Listener>,
}

impl Listening {
    pub fn new(listener: impl Listener) -> Gc<Listening> {
        Gc::new(Listening { listener: Box::new(listener) })
    }

    pub fn listener(&self) -> &dyn Listener {
        &*self.listener
    }

    /// The listener, when it is of this type.
    pub fn get<T: Listener>(&self) -> Option<&T> {
        let listener: &dyn Any = &*self.listener;
        listener.downcast_ref()
    }
}

impl Object for Listening {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.listener.trace(tracer);
    }

    fn clear(&self) {
        self.listener.clear();
    }
}

/// What few futures have.
#[derive(Default)]
struct Extra {
    /// The class, when it is not the builtin one.
    subclass: Option<Class>,
    cancel_message: Option<Value>,
    /// The CancelledError a task ended with, for the first who asks.
    cancelled_error: Option<Raised>,
    /// Who handles `cancel` instead of the future itself.
    canceller: Option<Gc<Listening>>,
    /// The name of a task, if the script has given it one.
    name: Option<Value>,
    /// The context of a task, if it is not the empty one.
    context: Option<Value>,
    attributes: Option<Gc<Dict>>,
    /// Where it was made, as a list of frames, in debug mode.
    source_traceback: Option<Value>,
    /// The frames the exception had passed when it was set, for the first who awaits.
    traceback: Vec<TracebackEntry>,
    /// Who waits for it in ways the scheduler does not know, as the script says.
    awaited_by: Vec<Value>,
}

/// A future.
pub struct Future {
    pub outcome: Mutable<Outcome>,
    pub callbacks: Mutable<Callbacks>,
    extra: Mutable<Option<Box<Extra>>>,
    /// The number of the loop it belongs to; 0: none yet.
    pub home: Cell<u32>,
    /// Whether somebody should still hear of the exception.
    pub log_exception: Cell<bool>,
    /// `_asyncio_future_blocking`: kept for drivers of the script's own, which go by it.
    pub is_blocking: Cell<bool>,
    /// Whether it is the future in a task.
    is_task: bool,
}

impl Future {
    /// A future of the builtin class.
    pub fn pending(home: u32) -> Future {
        Future::new(home, false)
    }

    /// A future of the builtin class or a subclass.
    pub fn pending_of_class(class: Class, home: u32) -> Future {
        let future = Future::pending(home);
        future.set_class(class);
        future
    }

    fn new(home: u32, is_task: bool) -> Future {
        Future {
            outcome: Mutable::new(Outcome::Pending),
            callbacks: Mutable::default(),
            extra: Mutable::new(None),
            home: Cell::new(home),
            log_exception: Cell::new(false),
            is_blocking: Cell::new(false),
            is_task,
        }
    }

    pub fn class(&self) -> Class {
        self.subclass().unwrap_or_else(|| self.builtin_class().clone())
    }

    /// Its class, when that is not the builtin one of futures or tasks.
    #[inline]
    pub fn subclass(&self) -> Option<Class> {
        self.extra(|extra| extra.subclass.clone())
    }

    #[inline(always)]
    pub fn has_subclass(&self) -> bool {
        self.extra.borrow().as_deref().is_some_and(|extra| extra.subclass.is_some())
    }

    fn builtin_class(&self) -> &'static Class {
        let types = types();
        if self.is_task { &types.task } else { &types.future }
    }

    fn set_class(&self, class: Class) {
        if !class.same(self.builtin_class()) {
            self.set_extra(|extra| extra.subclass = Some(class));
        }
    }

    /// Whether it has a result or exception or is cancelled.
    #[inline]
    pub fn is_done(&self) -> bool {
        !matches!(&*self.outcome.borrow(), Outcome::Pending)
    }

    pub fn is_cancelled(&self) -> bool {
        matches!(&*self.outcome.borrow(), Outcome::Cancelled)
    }

    /// What awaiting it gives: None while it is pending. Its exception counts as retrieved. To the first who
    /// asks it is given with the traceback it had when it was set, to others without one.
    pub fn result(&self) -> Option<Result<Value>> {
        let raised = match &*self.outcome.borrow() {
            Outcome::Pending => return None,
            Outcome::Result(value) => return Some(Ok(value.clone())),
            Outcome::Cancelled => None,
            Outcome::Raised(raised) => Some(raised.clone()),
        };
        let Some(raised) = raised else {
            return Some(Err(self.cancelled_error()));
        };
        self.log_exception.set(false);
        let traceback = self.extra.borrow_mut().as_deref_mut().map(|extra| std::mem::take(&mut extra.traceback));
        raised.0.replace_traceback(traceback.unwrap_or_default());
        Some(Err(raised))
    }

    /// The value it ended with; None when it is pending or ended otherwise.
    #[inline]
    pub fn value(&self) -> Option<Value> {
        match &*self.outcome.borrow() {
            Outcome::Result(value) => Some(value.clone()),
            _ => None,
        }
    }

    #[inline]
    pub fn has_value(&self) -> bool {
        matches!(&*self.outcome.borrow(), Outcome::Result(_))
    }

    /// The exception it ended with, which counts as retrieved; None when there is none.
    pub fn exception(&self) -> Option<Raised> {
        let raised = match &*self.outcome.borrow() {
            Outcome::Raised(raised) => raised.clone(),
            _ => return None,
        };
        self.log_exception.set(false);
        Some(raised)
    }

    /// Makes it done. The callbacks are the scheduler's to schedule.
    pub fn finish(&self, outcome: Outcome) {
        if let Outcome::Raised(raised) = &outcome {
            let traceback = raised.0.traceback.borrow().clone();
            if !traceback.is_empty() {
                self.set_extra(|extra| extra.traceback = traceback);
            }
            self.log_exception.set(true);
        }
        self.outcome.set(outcome);
    }

    /// The CancelledError to raise for a cancelled future: the one its task ended with, for the first
    /// who asks, or a new one with the message that was given to `cancel`.
    pub fn cancelled_error(&self) -> Raised {
        let (error, message) = match self.extra.borrow_mut().as_deref_mut() {
            Some(extra) => (extra.cancelled_error.take(), extra.cancel_message.clone()),
            None => (None, None),
        };
        error.unwrap_or_else(|| Raised::new(&types().cancelled_error, message.into_iter().collect()))
    }

    pub fn set_cancelled_error(&self, error: Raised) {
        self.set_extra(|extra| extra.cancelled_error = Some(error));
    }

    /// The argument of `cancel`; None if not given.
    pub fn cancel_message(&self) -> Value {
        self.extra(|extra| extra.cancel_message.clone()).unwrap_or(Value::None)
    }

    pub fn set_cancel_message(&self, message: &Value) {
        if message.is_none() && self.extra.borrow().is_none() {
            return;
        }
        let message = (!message.is_none()).then(|| message.clone());
        self.set_extra(|extra| extra.cancel_message = message);
    }

    /// Where it was made, if the loop was in debug mode; else None.
    pub fn source_traceback(&self) -> Value {
        self.extra(|extra| extra.source_traceback.clone()).unwrap_or(Value::None)
    }

    pub fn set_source_traceback(&self, frames: Value) {
        self.set_extra(|extra| extra.source_traceback = Some(frames));
    }

    /// Who waits for it, as the script says.
    pub fn awaited_by(&self) -> Vec<Value> {
        self.extra(|extra| Some(extra.awaited_by.clone())).unwrap_or_default()
    }

    pub fn add_awaited_by(&self, waiter: &Value) {
        self.set_extra(|extra| {
            if !extra.awaited_by.iter().any(|known| known.is(waiter)) {
                extra.awaited_by.push(waiter.clone());
            }
        });
    }

    pub fn discard_awaited_by(&self, waiter: &Value) {
        if self.extra.borrow().is_some() {
            self.set_extra(|extra| extra.awaited_by.retain(|known| !known.is(waiter)));
        }
    }

    pub fn canceller(&self) -> Option<Gc<Listening>> {
        self.extra(|extra| extra.canceller.clone())
    }

    pub fn set_canceller(&self, canceller: Option<Gc<Listening>>) {
        if canceller.is_some() || self.extra.borrow().is_some() {
            self.set_extra(|extra| extra.canceller = canceller);
        }
    }

    /// `__dict__`, made on demand, for futures of a class of the script.
    pub fn dictionary(&self) -> Gc<Dict> {
        if let Some(dictionary) = self.extra(|extra| extra.attributes.clone()) {
            return dictionary;
        }
        let dictionary = Gc::new(Dict::new());
        self.set_extra(|extra| extra.attributes = Some(dictionary.clone()));
        dictionary
    }

    pub fn get(&self, name: &Str) -> Option<Value> {
        self.extra(|extra| extra.attributes.clone())?.get_str(name)
    }

    fn extra<T>(&self, read: impl FnOnce(&Extra) -> Option<T>) -> Option<T> {
        self.extra.borrow().as_deref().and_then(read)
    }

    fn set_extra(&self, change: impl FnOnce(&mut Extra)) {
        change(self.extra.borrow_mut().get_or_insert_default());
    }

    fn trace_parts(&self, tracer: &mut Tracer<'_>) {
        match &*self.outcome.borrow() {
            Outcome::Result(value) => value.trace(tracer),
            Outcome::Raised(raised) => tracer.visit(&raised.0),
            Outcome::Pending | Outcome::Cancelled => {}
        }
        for callback in self.callbacks.borrow().iter() {
            match callback {
                Callback::Wake(task) => tracer.visit(task),
                Callback::Call(call) => {
                    call.function.trace(tracer);
                    call.context.trace(tracer);
                }
                Callback::Listener(listener, _) => tracer.visit(listener),
            }
        }
        if let Some(extra) = &*self.extra.borrow() {
            let values = [&extra.cancel_message, &extra.name, &extra.context, &extra.source_traceback];
            values.into_iter().flatten().for_each(|value| value.trace(tracer));
            extra.traceback.iter().for_each(|entry| entry.trace(tracer));
            extra.cancelled_error.iter().for_each(|error| tracer.visit(&error.0));
            extra.canceller.iter().for_each(|canceller| tracer.visit(canceller));
            extra.attributes.iter().for_each(|attributes| tracer.visit(attributes));
            extra.awaited_by.iter().for_each(|waiter| waiter.trace(tracer));
            extra.subclass.iter().for_each(|class| tracer.visit(class));
        }
    }

    fn clear_parts(&self) {
        drop(self.callbacks.take());
        self.outcome.set(Outcome::Cancelled);
        let class = self.class();
        self.extra.set(None);
        self.set_class(class);
    }
}

thread_local! {
    static FORGOTTEN: std::cell::RefCell<Vec<Value>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Futures that died with an exception nobody looked at, and tasks that died while pending: for the
/// scheduler to report.
pub fn take_forgotten() -> Vec<Value> {
    FORGOTTEN.with_borrow_mut(std::mem::take)
}

fn queue_forgotten(future: Value) {
    FORGOTTEN.with_borrow_mut(|list| list.push(future));
    interrupt::request(interrupt::FINALIZE);
}

impl Object for Future {
    const FINALIZED: bool = true;

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.trace_parts(tracer);
    }

    fn clear(&self) {
        self.clear_parts();
    }

    #[inline]
    fn finalize(this: &Gc<Future>) -> bool {
        if !this.log_exception.replace(false) {
            return false;
        }
        queue_forgotten(Value::Future(this.clone()));
        true
    }
}

/// What a task waits for.
#[derive(Clone, Default)]
pub enum Waiting {
    /// It is in the ready queue, running, or done.
    #[default]
    Nothing,
    /// A future or task.
    Future(Value),
    /// A native coroutine that wakes it by itself.
    Native(Gc<NativeCoroutine>),
    /// A timer, in a sleep that needs no coroutine.
    Timer(TimerId),
    /// As `Timer`, but it was cancelled there; it is still to leave the timer.
    LeavesTimer(TimerId),
}

/// Names a timer of the loop, also when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    pub index: u32,
    /// How often the place in the loop's table has been used.
    pub generation: u32,
}

impl Waiting {
    /// What the future that was waited for has failed with.
    #[inline]
    pub fn failure(&self) -> Option<Raised> {
        match self {
            Waiting::Future(future) => {
                let future = future.as_future()?;
                if future.has_value() { None } else { future.result()?.err() }
            }
            _ => None,
        }
    }
}

/// A task: a coroutine driven by the loop.
pub struct Task {
    pub future: Future,
    /// Unbound until the task is set up.
    pub coroutine: Mutable<Value>,
    pub waiting: Mutable<Waiting>,
    /// Serves as name, "Task-7", while it has none; else that of the one made before.
    pub number: Cell<u32>,
    /// Place in the loop's table of tasks, plus 1; 0: it stands in none.
    pub place: Cell<u32>,
    /// How often `cancel` was called, less `uncancel`.
    pub cancel_requests: Cell<u16>,
    /// Whether the next step throws a CancelledError.
    pub must_cancel: Cell<bool>,
    /// Whether it is worth a message when it dies while pending.
    pub log_destroyed: Cell<bool>,
    /// Whether it has a context of its own.
    has_context: Cell<bool>,
}

impl Task {
    /// A task that has not been set up: no coroutine, no loop.
    pub fn new() -> Gc<Task> {
        Gc::new(Task {
            future: Future::new(0, true),
            coroutine: Mutable::default(),
            waiting: Mutable::default(),
            number: Cell::new(0),
            place: Cell::new(0),
            cancel_requests: Cell::new(0),
            must_cancel: Cell::new(false),
            log_destroyed: Cell::new(false),
            has_context: Cell::new(false),
        })
    }

    /// As `new`, of the builtin class or a subclass.
    pub fn of_class(class: Class) -> Gc<Task> {
        let task = Task::new();
        task.future.set_class(class);
        task
    }

    /// The name the script has given it; else "Task-7".
    pub fn name(&self) -> Value {
        self.future
            .extra(|extra| extra.name.clone())
            .unwrap_or_else(|| Value::from(format!("Task-{}", self.number.get())))
    }

    pub fn set_name(&self, name: Value) {
        self.future.set_extra(|extra| extra.name = Some(name));
    }

    /// The context its steps run in; None: the empty one.
    #[inline]
    pub fn context(&self) -> Value {
        if !self.has_context.get() {
            return Value::None;
        }
        self.future.extra(|extra| extra.context.clone()).unwrap_or(Value::None)
    }

    pub fn set_context(&self, context: Value) {
        self.has_context.set(!context.is_none());
        let context = self.has_context.get().then_some(context);
        self.future.set_extra(|extra| extra.context = context);
    }
}

impl Object for Task {
    const FINALIZED: bool = true;

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.future.trace_parts(tracer);
        self.coroutine.borrow().trace(tracer);
        match &*self.waiting.borrow() {
            Waiting::Future(future) => future.trace(tracer),
            Waiting::Native(native) => tracer.visit(native),
            Waiting::Nothing | Waiting::Timer(_) | Waiting::LeavesTimer(_) => {}
        }
    }

    fn clear(&self) {
        self.future.clear_parts();
        self.coroutine.set(Value::Unbound);
        self.waiting.set(Waiting::Nothing);
    }

    #[inline]
    fn finalize(this: &Gc<Task>) -> bool {
        let destroyed = this.log_destroyed.replace(false) && !this.future.is_done();
        if !this.future.log_exception.replace(false) && !destroyed {
            return false;
        }
        queue_forgotten(Value::Task(this.clone()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_small() {
        assert_eq!(size_of::<Outcome>(), 16);
        assert_eq!(size_of::<Callbacks>(), 16);
        assert_eq!(size_of::<Waiting>(), 16);
        // Debug builds count borrows.
        if !cfg!(debug_assertions) {
            assert_eq!(size_of::<Task>(), 96);
        }
    }
}
