//! The payloads of the descriptor classes: what the VM looks at when it finds one on a class.

use std::cell::Cell;

use super::instance::Payload;
use super::{Class, Mutable, Str, Value};
use crate::memory::Tracer;

/// `property`. Missing parts are None.
pub struct Property {
    pub getter: Mutable<Value>,
    pub setter: Mutable<Value>,
    pub deleter: Mutable<Value>,
    pub doc: Mutable<Value>,
    /// Whether the docstring was taken from the getter.
    pub doc_is_of_getter: Cell<bool>,
    /// Set by `__set_name__`, for error messages; unbound before.
    pub name: Mutable<Value>,
}

impl Payload for Property {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        for part in [&self.getter, &self.setter, &self.deleter, &self.doc] {
            part.borrow().trace(tracer);
        }
    }

    fn clear(&self) {
        for part in [&self.getter, &self.setter, &self.deleter, &self.doc] {
            part.set(Value::None);
        }
    }
}

/// `classmethod`.
pub struct ClassMethod(pub Mutable<Value>);

impl Payload for ClassMethod {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.0.set(Value::None);
    }
}

/// `staticmethod`.
pub struct StaticMethod(pub Mutable<Value>);

impl Payload for StaticMethod {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.0.set(Value::None);
    }
}

/// `super(class, receiver)`: attributes are looked up behind `class` in the order of `start`.
pub struct Super {
    pub class: Class,
    /// The instance or class it was made with; unbound for `super(class)`.
    pub receiver: Value,
    /// The class whose search order is used.
    pub start: Class,
}

impl Payload for Super {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.class);
        self.receiver.trace(tracer);
        tracer.visit(&self.start);
    }
}

/// An entry of `__slots__`: an attribute kept in the instance under a name of its own.
pub struct Member {
    pub class: Class,
    pub name: Str,
    /// Under which name instances have it.
    pub hidden: Str,
}

impl Member {
    /// What the object has there. The slots of exceptions stand among their attributes.
    pub fn read(&self, object: &Value) -> Option<Value> {
        match object {
            Value::Instance(instance) => instance.member(&self.hidden),
            Value::Exception(exception) => exception.get(&self.name),
            _ => None,
        }
    }

    /// Says whether such an object has slots.
    pub fn write(&self, object: &Value, value: Value) -> bool {
        match object {
            Value::Instance(instance) => instance.set_member(&self.hidden, value),
            Value::Exception(exception) => exception.set(&self.name, value),
            _ => return false,
        }
        true
    }

    pub fn remove(&self, object: &Value) -> Option<Value> {
        match object {
            Value::Instance(instance) => instance.remove_member(&self.hidden),
            Value::Exception(exception) => exception.remove(&self.name),
            _ => None,
        }
    }
}

impl Payload for Member {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.class);
    }
}
