//! Weak references as scripts see them: `weakref.ref`.
//!
//! All references to one object stand in a list that is attached to the object (`Observers`), so that
//! they can be counted, and so that the callbacks are found when it dies.

use std::cell::Cell;
use std::rc::Rc;

use super::class::Layout;
use super::instance::Payload;
use super::{
    BoundMethod, Class, ClassObject, CodeObject, Coroutine, Exception, Function, Future, Gc, Instance, Iterator,
    Module, Mutable, NativeCoroutine, NativeFunction, Set, Task, Value, Weak, types,
};
use crate::memory::Tracer;

macro_rules! weak_values {
    ($($kind:ident($type:ty)),* $(,)?) => {
        /// A `Value` that does not keep its object alive.
        #[derive(Clone)]
        pub enum WeakValue {
            $($kind(Weak<$type>),)*
        }

        impl WeakValue {
            /// None for an object that cannot be referred to weakly.
            pub fn new(value: &Value) -> Option<WeakValue> {
                if !can_be_watched(value) {
                    return None;
                }
                match value {
                    $(Value::$kind(object) => Some(WeakValue::$kind(Weak::new(object))),)*
                    _ => None,
                }
            }

            /// The object, if it still lives.
            pub fn upgrade(&self) -> Option<Value> {
                match self {
                    $(WeakValue::$kind(weak) => weak.upgrade().map(Value::$kind),)*
                }
            }

            fn observers(&self) -> Option<Rc<Observers>> {
                match self {
                    $(WeakValue::$kind(weak) => weak.attached(Observers::default),)*
                }
            }
        }
    };
}

weak_values! {
    Instance(Instance), Function(Function), Native(NativeFunction), Method(BoundMethod), Class(ClassObject),
    Set(Set), Module(Module), Code(CodeObject), Coroutine(Coroutine), NativeCoroutine(NativeCoroutine),
    Exception(Exception), Iterator(Iterator), Future(Future), Task(Task),
}

fn can_be_watched(value: &Value) -> bool {
    match value {
        Value::Instance(instance) => instances_can_be_watched(instance.class_ref()),
        Value::Exception(exception) => instances_can_be_watched(&exception.class()),
        Value::Iterator(iterator) => instances_can_be_watched(&iterator.class()),
        _ => true,
    }
}

/// Whether instances of a class have room for weak references: those of few builtin classes have, and those
/// of a class of the script unless its `__slots__` leave none.
fn instances_can_be_watched(class: &Class) -> bool {
    class.has_weak_references.get()
}

/// As `has_weak_references` of a class tells, for a builtin one.
pub fn builtin_has_weak_references(class: &Class) -> bool {
    match class.layout {
        Layout::Native => !is_plain_tool(class),
        Layout::Set | Layout::FrozenSet | Layout::Class | Layout::Future | Layout::Task => true,
        _ => class.same(&types().regular_pattern) || class.same(&types().memoryview),
    }
}

/// The native classes whose instances cannot be watched.
fn is_plain_tool(class: &Class) -> bool {
    let types = types();
    let tools = [
        &types.property,
        &types.classmethod,
        &types.staticmethod,
        &types.super_,
        &types.mappingproxy,
        &types.enumerate,
        &types.zip,
        &types.map,
        &types.filter,
        &types.reversed,
        &types.complex,
        &types.bytearray,
    ];
    tools.into_iter().any(|tool| class.same(tool))
}

/// The weak references to one object, oldest first.
#[derive(Default)]
pub struct Observers {
    references: Mutable<Vec<Weak<Instance>>>,
}

impl Observers {
    /// Those that live.
    pub fn living(&self) -> Vec<Gc<Instance>> {
        let mut references = self.references.borrow_mut();
        let living: Vec<Gc<Instance>> = references.iter().filter_map(Weak::upgrade).collect();
        if living.len() < references.len() {
            *references = living.iter().map(Weak::new).collect();
        }
        living
    }

    /// What is to be called now that the object is dead, with its argument: the newest first.
    pub fn callbacks(&self) -> Vec<(Value, Value)> {
        let newest_first = self.living().into_iter().rev();
        newest_first
            .filter_map(|reference| {
                let callback = reference.payload::<WeakReference>()?.callback.replace(Value::None);
                (!callback.is_none()).then(|| (callback, Value::Instance(reference.clone())))
            })
            .collect()
    }
}

/// The state of a `weakref.ref`.
pub struct WeakReference {
    target: WeakValue,
    /// None when there is none, or when it has been called.
    pub callback: Mutable<Value>,
    /// The hash of the object, once it was asked for.
    pub hash: Cell<Option<i64>>,
}

/// Whether it is of the builtin class and has no callback. An object has at most one such reference.
fn is_plain(reference: &Gc<Instance>) -> bool {
    reference.class_ref().is_builtin()
        && reference.payload::<WeakReference>().is_some_and(|state| state.callback.borrow().is_none())
}

impl WeakReference {
    /// A new reference of a class; None when the object cannot be referred to weakly.
    pub fn make(class: &Class, object: &Value, callback: Value) -> Option<Value> {
        let target = WeakValue::new(object)?;
        let observers = target.observers()?;
        let payload = WeakReference { target, callback: Mutable::new(callback), hash: Cell::new(None) };
        let reference = Instance::with_payload(class.clone(), payload);
        observers.references.borrow_mut().push(Weak::new(&reference));
        Some(Value::Instance(reference))
    }

    /// The living references to an object: the plain one, then the newest first.
    pub fn of(object: &Value) -> Vec<Gc<Instance>> {
        let observers = WeakValue::new(object).and_then(|weak| weak.observers());
        let mut living = observers.map_or(Vec::new(), |observers| observers.living());
        living.reverse();
        living.sort_by_key(|reference| !is_plain(reference));
        living
    }

    /// The object, if it still lives.
    pub fn target(&self) -> Option<Value> {
        self.target.upgrade()
    }
}

impl Payload for WeakReference {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.callback.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.callback.set(Value::None);
    }
}
