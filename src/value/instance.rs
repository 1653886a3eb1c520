//! Instances: a class, a shape with slots, and for native classes a payload.
//!
//! An instance starts with slots. When its `__dict__` is asked for, an attribute is deleted, or there
//! are too many, its attributes move into a dict for good (`shape::DICTIONARY`, the dict in slot 0).
//! What `__slots__` names is kept under hidden names, so that it never shows in the `__dict__`; once there
//! is a dict, it has one of its own in slot 1.

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

    /// Whether it has, or had, attributes of its own.
    #[inline]
    pub fn has_attributes(&self) -> bool {
        self.shape.get() != shape::EMPTY
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
        self.dictionary_at(0)
    }

    fn dictionary_at(&self, slot: usize) -> Option<Gc<Dict>> {
        match self.slots.borrow().get(slot) {
            Some(Value::Dict(dict)) => Some(dict.clone()),
            _ => None,
        }
    }

    /// What a slot holds, by its hidden name.
    pub fn member(&self, hidden: &Str) -> Option<Value> {
        match self.shape.get() {
            shape::DICTIONARY => self.dictionary_at(1)?.get_str(hidden),
            shape => shape.slot(hidden).map(|slot| self.slots.borrow()[slot].clone()),
        }
    }

    /// Sets what a slot holds, by its hidden name.
    pub fn set_member(&self, hidden: &Str, value: Value) {
        if self.shape.get() != shape::DICTIONARY {
            return self.set(hidden, value);
        }
        if let Some(members) = self.dictionary_at(1) {
            return members.set_str(hidden, value);
        }
        let members = Dict::new();
        members.set_str(hidden, value);
        self.slots.borrow_mut().push(Value::Dict(Gc::new(members)));
    }

    /// Empties a slot, by its hidden name. A shape only names slots that are not empty.
    pub fn remove_member(&self, hidden: &Str) -> Option<Value> {
        if self.shape.get() != shape::DICTIONARY {
            self.shape.get().slot(hidden)?;
            self.make_dictionary();
        }
        self.dictionary_at(1)?.remove_str(hidden)
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
        let mut members = None;
        for (name, value) in names.iter().zip(values) {
            if is_hidden(name) {
                members.get_or_insert_with(Dict::new).set_str(name, value);
            } else {
                dict.set_str(name, value);
            }
        }
        self.shape.set(shape::DICTIONARY);
        let dictionaries = std::iter::once(dict.clone()).chain(members.map(Gc::new));
        self.slots.set(dictionaries.map(Value::Dict).collect());
        dict
    }

    /// `__dict__ = dict`.
    pub fn set_dictionary(&self, dict: Gc<Dict>) {
        let old = self.make_dictionary();
        let replaced = std::mem::replace(&mut self.slots.borrow_mut()[0], Value::Dict(dict));
        drop((old, replaced));
    }

    /// Names and values of the attributes, in order.
    pub fn attributes(&self) -> Vec<(Str, Value)> {
        match self.shape.get() {
            shape::DICTIONARY => self.dictionary().map_or(Vec::new(), |dict| {
                let entries = dict.snapshot().into_iter();
                entries.filter_map(|entry| Some((entry.key.as_str()?.clone(), entry.value))).collect()
            }),
            shape => {
                let values = self.slots.borrow();
                let all = shape.names().into_iter().zip(values.iter().cloned());
                all.filter(|(name, _)| !is_hidden(name)).collect()
            }
        }
    }
}

/// The name under which an entry of `__slots__` is kept. `depth` tells apart the slots of a class from those of
/// its ancestors.
pub fn hidden_name(depth: usize, name: &Str) -> Str {
    Str::intern(&format!("\0{depth} {name}"))
}

fn is_hidden(name: &Str) -> bool {
    name.starts_with('\0')
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
