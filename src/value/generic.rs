//! What stands for a type without being a class: generic aliases (`list[int]`) and unions
//! (`int | None`). They are payloads of instances, known to `isinstance`.

use super::instance::{Instance, Payload};
use super::{Gc, Tuple, Value, types};
use crate::memory::Tracer;

/// `origin[arguments]`
pub struct GenericAlias {
    pub origin: Value,
    pub arguments: Gc<Tuple>,
    /// `*origin[arguments]`, as a star in front of it makes one.
    pub is_unpacked: bool,
}

impl GenericAlias {
    /// `origin[item]`; a tuple stands for several arguments.
    pub fn new(origin: Value, item: &Value) -> GenericAlias {
        let arguments = match item {
            Value::Tuple(arguments) => arguments.clone(),
            single => Gc::new(Tuple::new(vec![single.clone()])),
        };
        GenericAlias { origin, arguments, is_unpacked: false }
    }

    /// The same alias, unpacked.
    pub fn unpacked(&self) -> GenericAlias {
        GenericAlias { origin: self.origin.clone(), arguments: self.arguments.clone(), is_unpacked: true }
    }

    /// The value for it.
    pub fn value(self) -> Value {
        Value::Instance(Instance::with_payload(types().generic_alias.clone(), self))
    }
}

impl Payload for GenericAlias {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.origin.trace(tracer);
        tracer.visit(&self.arguments);
    }
}

/// The members of a union in order, each one once; the type of None as that type.
pub struct Union {
    pub members: Gc<Tuple>,
}

impl Union {
    /// The value for it.
    pub fn value(self) -> Value {
        Value::Instance(Instance::with_payload(types().union.clone(), self))
    }
}

impl Payload for Union {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.members);
    }
}
