//! Exceptions, and what carries one through native code.

use std::cell::Cell;
use std::fmt;

use super::{Class, Dict, Function, Gc, List, Mutable, Str, Tuple, Value, symbols, types};
use crate::memory::{Object, Tracer};

/// An instance of BaseException or a class derived from it.
pub struct Exception {
    class: Mutable<Class>,
    pub args: Mutable<Gc<Tuple>>,
    /// Raised `from` this; None if not.
    pub cause: Mutable<Value>,
    /// What was being handled when this was raised; None if nothing.
    pub context: Mutable<Value>,
    pub suppress_context: Cell<bool>,
    /// Whether it has been raised: then its context is settled until it is raised anew.
    pub was_raised: Cell<bool>,
    /// The frames it has left, innermost first.
    pub traceback: Mutable<Vec<TracebackEntry>>,
    /// The traceback object that was made last, with the number of frames it shows.
    pub shown: Mutable<(Value, usize)>,
    /// Attributes set by the script or by the class (`errno`, `exceptions`, `__notes__` ...).
    attributes: Mutable<Option<Gc<Dict>>>,
}

/// A frame an exception has passed.
pub struct TracebackEntry {
    pub function: Gc<Function>,
    pub pc: u32,
    /// Tells the frame from others that run: where its registers are, or the address of its coroutine.
    pub place: usize,
    left: Mutable<Left>,
}

/// What was in the registers of a frame when the exception left it.
enum Left {
    /// It has not been left.
    Running,
    /// Nobody has asked for them: mostly nobody ever does.
    Kept(Vec<Value>),
    /// In a list that whoever looks at the frame shares.
    Shared(Gc<List>),
}

impl TracebackEntry {
    /// An entry for a frame that runs.
    #[inline(always)]
    pub fn new(function: Gc<Function>, pc: u32, place: usize) -> TracebackEntry {
        TracebackEntry { function, pc, place, left: Mutable::new(Left::Running) }
    }

    /// The frame is left: these were its registers.
    #[inline(always)]
    pub fn keep(&self, registers: Vec<Value>) {
        self.left.set(Left::Kept(registers));
    }

    /// What was in its registers when the exception left it; None while it runs.
    pub fn left(&self) -> Option<Gc<List>> {
        let shared = match self.left.replace(Left::Running) {
            Left::Running => return None,
            Left::Kept(registers) => Gc::new(List::new(registers)),
            Left::Shared(list) => list,
        };
        self.left.set(Left::Shared(shared.clone()));
        Some(shared)
    }

    pub fn is_left(&self) -> bool {
        !matches!(&*self.left.borrow(), Left::Running)
    }

    /// A copy that shares what was in the registers.
    pub fn with_left(&self, left: Option<Gc<List>>) -> TracebackEntry {
        let left = Mutable::new(left.map_or(Left::Running, Left::Shared));
        TracebackEntry { function: self.function.clone(), pc: self.pc, place: self.place, left }
    }

    /// Shows the counted references it holds.
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.function);
        match &*self.left.borrow() {
            Left::Running => {}
            Left::Kept(registers) => registers.iter().for_each(|register| register.trace(tracer)),
            Left::Shared(list) => tracer.visit(list),
        }
    }
}

impl Clone for TracebackEntry {
    fn clone(&self) -> TracebackEntry {
        self.with_left(self.left())
    }
}

impl Exception {
    pub fn new(class: Class, args: Gc<Tuple>) -> Gc<Exception> {
        Gc::new(Exception {
            class: Mutable::new(class),
            args: Mutable::new(args),
            cause: Mutable::new(Value::None),
            context: Mutable::new(Value::None),
            suppress_context: Cell::new(false),
            was_raised: Cell::new(false),
            traceback: Mutable::default(),
            shown: Mutable::new((Value::None, 0)),
            attributes: Mutable::new(None),
        })
    }

    pub fn class(&self) -> Class {
        self.class.get()
    }

    /// `isinstance(self, class)`.
    pub fn is_a(&self, class: &Class) -> bool {
        self.class.borrow().is_subclass(class)
    }

    pub fn set_class(&self, class: Class) {
        self.class.set(class);
    }

    /// The attribute dict, made on demand.
    pub fn dictionary(&self) -> Gc<Dict> {
        self.attributes.borrow_mut().get_or_insert_with(|| Gc::new(Dict::new())).clone()
    }

    /// `__dict__ = attributes`
    pub fn set_dictionary(&self, attributes: Gc<Dict>) {
        self.attributes.set(Some(attributes));
    }

    pub fn get(&self, name: &Str) -> Option<Value> {
        self.attributes.borrow().as_ref()?.get_str(name)
    }

    pub fn set(&self, name: &Str, value: Value) {
        self.dictionary().set_str(name, value);
    }

    pub fn remove(&self, name: &Str) -> Option<Value> {
        self.attributes.borrow().as_ref()?.remove_str(name)
    }

    /// The frames it has left are these from now on.
    pub fn replace_traceback(&self, traceback: Vec<TracebackEntry>) {
        self.traceback.set(traceback);
        self.shown.set((Value::None, 0));
    }

    /// Adds to `__notes__`, which is made when there is none.
    pub fn append_note(&self, note: Value) {
        let name = &symbols().notes;
        match self.get(name) {
            Some(Value::List(notes)) => notes.push(note),
            _ => self.set(name, Value::list(vec![note])),
        }
    }

    /// The first argument; None when there is none.
    pub fn first_argument(&self) -> Option<Value> {
        self.args.borrow().items().first().cloned()
    }
}

impl Object for Exception {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&*self.class.borrow());
        tracer.visit(&*self.args.borrow());
        self.cause.borrow().trace(tracer);
        self.context.borrow().trace(tracer);
        if let Some(attributes) = &*self.attributes.borrow() {
            tracer.visit(attributes);
        }
        self.traceback.borrow().iter().for_each(|entry| entry.trace(tracer));
        self.shown.borrow().0.trace(tracer);
    }

    fn clear(&self) {
        self.cause.set(Value::None);
        self.context.set(Value::None);
        self.attributes.set(None);
        self.args.set(Gc::new(Tuple::new(Vec::new())));
        drop(self.traceback.take());
        self.shown.set((Value::None, 0));
    }
}

/// An exception on its way up: the error of every `Result` in the interpreter.
#[derive(Clone)]
pub struct Raised(pub Gc<Exception>);

impl Raised {
    /// An exception of a builtin class with one message, or with other arguments.
    #[cold]
    pub fn new(class: &Class, args: Vec<Value>) -> Raised {
        Raised(Exception::new(class.clone(), Gc::new(Tuple::new(args))))
    }

    /// A MemoryError, without a message.
    #[cold]
    pub fn out_of_memory() -> Raised {
        Raised::new(&types().memory_error, Vec::new())
    }

    #[cold]
    fn message(class: &Class, message: impl AsRef<str>) -> Raised {
        Raised::new(class, vec![Value::str(message.as_ref())])
    }

    pub fn is_a(&self, class: &Class) -> bool {
        self.0.is_a(class)
    }

    pub fn stop_iteration(value: Value) -> Raised {
        Raised::new(&types().stop_iteration, if value.is_none() { vec![] } else { vec![value] })
    }

    /// A KeyError shows the repr of the key, so it takes the key itself.
    pub fn key_error(key: Value) -> Raised {
        Raised::new(&types().key_error, vec![key])
    }
}

macro_rules! message_errors {
    ($($function:ident),* $(,)?) => {
        impl Raised {
            $(#[cold]
            pub fn $function(message: impl AsRef<str>) -> Raised {
                Raised::message(&types().$function, message)
            })*
        }
    };
}

message_errors!(
    type_error,
    value_error,
    index_error,
    attribute_error,
    name_error,
    unbound_local_error,
    zero_division_error,
    overflow_error,
    runtime_error,
    recursion_error,
    assertion_error,
    import_error,
    module_not_found_error,
    not_implemented_error,
    lookup_error,
    memory_error,
    os_error,
    eof_error,
    syntax_error,
    stop_async_iteration,
    system_error,
    buffer_error,
);

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.0.class().name(), self.0.args.borrow().items())
    }
}
