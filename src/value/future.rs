//! Futures and tasks: their data. What happens to them is the scheduler's.

use std::cell::Cell;

use smallvec::SmallVec;

use super::{Class, Dict, Gc, Mutable, Raised, Str, Value};
use crate::memory::{Object, Tracer};

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
    /// Call this with the future, in a context (None: the current one).
    Call { function: Value, context: Value },
    /// A part of the scheduler that waits for the future (gather, wait ...): an object it knows and a
    /// number it gives meaning to.
    Native { owner: Value, index: usize },
}

/// A future.
pub struct Future {
    class: Mutable<Class>,
    pub outcome: Mutable<Outcome>,
    pub callbacks: Mutable<SmallVec<[Callback; 1]>>,
    /// The argument of `cancel`; None if not given.
    pub cancel_message: Mutable<Value>,
    /// Whether somebody should still hear of the exception.
    pub log_exception: Cell<bool>,
    /// A future of a native part (gather, shield ...): what it is to be asked for when cancelled.
    pub owner: Mutable<Value>,
    attributes: Mutable<Option<Gc<Dict>>>,
}

impl Future {
    pub fn pending(class: Class) -> Future {
        Future {
            class: Mutable::new(class),
            outcome: Mutable::new(Outcome::Pending),
            callbacks: Mutable::default(),
            cancel_message: Mutable::new(Value::None),
            log_exception: Cell::new(false),
            owner: Mutable::new(Value::None),
            attributes: Mutable::new(None),
        }
    }

    pub fn class(&self) -> Class {
        self.class.get()
    }

    /// Whether it has a result or exception or is cancelled.
    #[inline]
    pub fn is_done(&self) -> bool {
        !matches!(&*self.outcome.borrow(), Outcome::Pending)
    }

    pub fn is_cancelled(&self) -> bool {
        matches!(&*self.outcome.borrow(), Outcome::Cancelled)
    }

    /// `__dict__`, made on demand, for futures of a class of the script.
    pub fn dictionary(&self) -> Gc<Dict> {
        self.attributes.borrow_mut().get_or_insert_with(|| Gc::new(Dict::new())).clone()
    }

    pub fn get(&self, name: &Str) -> Option<Value> {
        self.attributes.borrow().as_ref()?.get_str(name)
    }

    fn trace_parts(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&*self.class.borrow());
        match &*self.outcome.borrow() {
            Outcome::Result(value) => value.trace(tracer),
            Outcome::Raised(raised) => tracer.visit(&raised.0),
            Outcome::Pending | Outcome::Cancelled => {}
        }
        for callback in self.callbacks.borrow().iter() {
            match callback {
                Callback::Wake(task) => tracer.visit(task),
                Callback::Call { function, context } => {
                    function.trace(tracer);
                    context.trace(tracer);
                }
                Callback::Native { owner, .. } => owner.trace(tracer),
            }
        }
        self.cancel_message.borrow().trace(tracer);
        self.owner.borrow().trace(tracer);
        if let Some(attributes) = &*self.attributes.borrow() {
            tracer.visit(attributes);
        }
    }

    fn clear_parts(&self) {
        drop(self.callbacks.take());
        self.outcome.set(Outcome::Cancelled);
        self.owner.set(Value::None);
        self.attributes.set(None);
    }
}

thread_local! {
    /// Exceptions of futures that died before anybody looked: (the future's repr text, exception).
    static NEVER_RETRIEVED: std::cell::RefCell<Vec<Value>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Futures whose exception nobody retrieved, for the scheduler to report.
pub fn take_never_retrieved() -> Vec<Value> {
    NEVER_RETRIEVED.with_borrow_mut(std::mem::take)
}

fn report_never_retrieved(future: Value) {
    NEVER_RETRIEVED.with_borrow_mut(|list| list.push(future));
    crate::memory::interrupt::request(crate::memory::interrupt::FINALIZE);
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
        report_never_retrieved(Value::Future(this.clone()));
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
    Native(Gc<super::NativeCoroutine>),
}

/// A task: a coroutine driven by the loop.
pub struct Task {
    pub future: Future,
    /// Unbound when it is done.
    pub coroutine: Mutable<Value>,
    /// Serves as name, "Task-7", while it has none.
    pub number: u32,
    /// How often `cancel` was called, less `uncancel`.
    pub cancel_requests: Cell<u32>,
    pub must_cancel: Cell<bool>,
    /// The name the script has given it.
    pub name: Mutable<Value>,
    pub waiting: Mutable<Waiting>,
    /// The context its steps run in; None: it shares the empty one.
    pub context: Mutable<Value>,
}

impl Task {
    pub fn new(class: Class, coroutine: Value, number: u32, name: Value, context: Value) -> Gc<Task> {
        Gc::new(Task {
            future: Future::pending(class),
            coroutine: Mutable::new(coroutine),
            number,
            cancel_requests: Cell::new(0),
            must_cancel: Cell::new(false),
            name: Mutable::new(name),
            waiting: Mutable::default(),
            context: Mutable::new(context),
        })
    }
}

impl Object for Task {
    const FINALIZED: bool = true;

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.future.trace_parts(tracer);
        self.coroutine.borrow().trace(tracer);
        self.name.borrow().trace(tracer);
        match &*self.waiting.borrow() {
            Waiting::Future(future) => future.trace(tracer),
            Waiting::Native(native) => tracer.visit(native),
            Waiting::Nothing => {}
        }
        self.context.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.future.clear_parts();
        self.coroutine.set(Value::Unbound);
        self.waiting.set(Waiting::Nothing);
    }

    #[inline]
    fn finalize(this: &Gc<Task>) -> bool {
        if !this.future.log_exception.replace(false) {
            return false;
        }
        report_never_retrieved(Value::Task(this.clone()));
        true
    }
}
