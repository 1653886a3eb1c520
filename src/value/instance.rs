//! Instances: a class, a shape with slots, and for native classes a payload.
//!
//! An instance starts with slots. When its `__dict__` is asked for, an attribute is deleted, or there
//! are too many, its attributes move into a dict for good (`shape::DICTIONARY`, the dict in slot 0).

use std::any::Any;
use std::cell::Cell;

use smallvec::SmallVec;

use super::shape::{self, Shape};
use super::{Class, Dict, Gc, Mutable, Str, Value};
use crate::memory::{Object, Tracer, interrupt};

/// The state of a native object: a lock, a queue, a file; or the value inside an instance of a
/// subclass of a builtin type.
pub trait Payload: Any {
    /// Shows the counted references it holds.
    fn trace(&self, _tracer: &mut Tracer<'_>) {}

    /// Gives them up, to break a cycle.
    fn clear(&self) {}
}

/// The int, str, list ... inside an instance of a class derived from it.
pub struct BaseValue(pub Value);

impl Payload for BaseValue {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

/// An object with attributes.
pub struct Instance {
    class: Mutable<Class>,
    pub(crate) shape: Cell<Shape>,
    /// Whether `__del__` has run or there is none.
    finalized: Cell<bool>,
    pub(crate) slots: Mutable<SmallVec<[Value; 3]>>,
    payload: Option<Box<dyn Payload>>,
}

impl Instance {
    #[inline]
    pub fn new(class: Class) -> Gc<Instance> {
        Gc::new(Instance {
            class: Mutable::new(class),
            shape: Cell::new(shape::EMPTY),
            finalized: Cell::new(false),
            slots: Mutable::new(SmallVec::new()),
            payload: None,
        })
    }

    /// An instance of a native class, or of a class derived from one.
    pub fn with_payload(class: Class, payload: impl Payload) -> Gc<Instance> {
        Gc::new(Instance {
            class: Mutable::new(class),
            shape: Cell::new(shape::EMPTY),
            finalized: Cell::new(false),
            slots: Mutable::new(SmallVec::new()),
            payload: Some(Box::new(payload)),
        })
    }

    pub fn class(&self) -> Class {
        self.class.get()
    }

    /// The class without a new reference, for comparisons.
    #[inline(always)]
    pub fn class_ref(&self) -> &Class {
        self.class.shared()
    }

    /// `__class__ = class`.
    pub fn set_class(&self, class: Class) {
        self.class.set(class);
    }

    #[inline]
    pub fn payload<T: Payload>(&self) -> Option<&T> {
        let payload: &dyn Any = &**self.payload.as_ref()?;
        payload.downcast_ref()
    }

    /// The builtin value inside an instance of a subclass of a builtin type.
    #[inline]
    pub fn base_value(&self) -> Option<&Value> {
        self.payload::<BaseValue>().map(|base| &base.0)
    }

    /// An attribute of the instance itself. `name` is interned.
    pub fn get(&self, name: &Str) -> Option<Value> {
        match self.shape.get() {
            shape::DICTIONARY => self.dictionary()?.get_str(name),
            shape => shape.slot(name).map(|slot| self.slots.borrow()[slot].clone()),
        }
    }

    /// Sets an attribute of the instance itself. `name` is interned.
    pub fn set(&self, name: &Str, value: Value) {
        let shape = self.shape.get();
        if shape != shape::DICTIONARY {
            if let Some(slot) = shape.slot(name) {
                let old = std::mem::replace(&mut self.slots.borrow_mut()[slot], value);
                drop(old);
                return;
            }
            if let Some(next) = shape.with(name) {
                self.slots.borrow_mut().push(value);
                self.shape.set(next);
                return;
            }
        }
        self.make_dictionary().set_str(name, value);
    }

    /// Removes an attribute of the instance itself. `name` is interned.
    pub fn remove(&self, name: &Str) -> Option<Value> {
        if self.shape.get() != shape::DICTIONARY {
            self.shape.get().slot(name)?;
        }
        self.make_dictionary().remove_str(name)
    }

    fn dictionary(&self) -> Option<Gc<Dict>> {
        match self.slots.borrow().first() {
            Some(Value::Dict(dict)) => Some(dict.clone()),
            _ => None,
        }
    }

    /// The `__dict__`: from now on the attributes live in it.
    pub fn make_dictionary(&self) -> Gc<Dict> {
        if self.shape.get() == shape::DICTIONARY
            && let Some(dict) = self.dictionary()
        {
            return dict;
        }
        let dict = Gc::new(Dict::new());
        let names = self.shape.get().names();
        let values = self.slots.take();
        for (name, value) in names.iter().zip(values) {
            dict.set_str(name, value);
        }
        self.set_dictionary(dict.clone());
        dict
    }

    /// `__dict__ = dict`.
    pub fn set_dictionary(&self, dict: Gc<Dict>) {
        self.shape.set(shape::DICTIONARY);
        self.slots.set(SmallVec::from_iter([Value::Dict(dict)]));
    }

    /// Names and values of the attributes, in order.
    pub fn attributes(&self) -> Vec<(Str, Value)> {
        match self.shape.get() {
            shape::DICTIONARY => self.dictionary().map_or(Vec::new(), |dict| {
                let entries = dict.snapshot().into_iter();
                entries.filter_map(|entry| Some((entry.key.as_str()?.clone(), entry.value))).collect()
            }),
            shape => shape.names().into_iter().zip(self.slots.borrow().iter().cloned()).collect(),
        }
    }
}

thread_local! {
    /// Objects whose `__del__` the VM must call at its next safe point.
    static FINALIZING: std::cell::RefCell<Vec<Value>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Queues an object whose last reference is gone to run its finalizer.
pub(super) fn queue_finalizer(object: Value) {
    // At the end of the thread the queue may be gone, and nobody would run it any more.
    let _ = FINALIZING.try_with(|queue| queue.borrow_mut().push(object));
    interrupt::request(interrupt::FINALIZE);
}

/// The objects whose finalizers are due, oldest first.
pub fn take_finalizing() -> Vec<Value> {
    FINALIZING.with_borrow_mut(std::mem::take)
}

impl Object for Instance {
    const FINALIZED: bool = true;

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&*self.class.borrow());
        self.slots.borrow().iter().for_each(|slot| slot.trace(tracer));
        if let Some(payload) = &self.payload {
            payload.trace(tracer);
        }
    }

    fn clear(&self) {
        self.shape.set(shape::EMPTY);
        drop(self.slots.take());
        if let Some(payload) = &self.payload {
            payload.clear();
        }
    }

    #[inline]
    fn finalize(this: &Gc<Instance>) -> bool {
        if !this.class.borrow().has_finalizer.get() || this.finalized.replace(true) {
            return false;
        }
        queue_finalizer(Value::Instance(this.clone()));
        true
    }
}
