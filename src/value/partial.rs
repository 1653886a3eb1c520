//! `functools.partial`: a function with some of its arguments. The VM knows it, so that calling one is
//! calling its function.

use smallvec::SmallVec;

use super::instance::Payload;
use super::{Dict, Gc, Mutable, Raised, Result, Str, Tuple, Value};
use crate::memory::Tracer;

/// The payload of a partial.
pub struct Partial {
    pub function: Mutable<Value>,
    pub arguments: Mutable<Gc<Tuple>>,
    pub keywords: Mutable<Gc<Dict>>,
}

impl Payload for Partial {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.borrow().trace(tracer);
        tracer.visit(&*self.arguments.borrow());
        tracer.visit(&*self.keywords.borrow());
    }

    fn clear(&self) {
        self.function.set(Value::None);
    }
}

impl Partial {
    /// The arguments of a call of the function: its own ones before those given, of which the last ones have
    /// the names. What is given by name replaces what it has by that name.
    pub fn bind(&self, given: SmallVec<[Value; 8]>, names: &[Str]) -> Result<(SmallVec<[Value; 8]>, Vec<Str>)> {
        let own = self.keywords.get();
        let mut all: SmallVec<[Value; 8]> = self.arguments.borrow().items().iter().cloned().collect();
        if own.is_empty() {
            all.extend(given);
            return Ok((all, names.to_vec()));
        }
        let positional = given.len() - names.len();
        all.extend(given[..positional].iter().cloned());
        let mut merged: Vec<(Str, Value)> = Vec::with_capacity(own.len() + names.len());
        for entry in own.snapshot() {
            let Some(name) = entry.key.as_str() else { return Err(Raised::type_error("keywords must be strings")) };
            merged.push((name.interned(), entry.value));
        }
        for (name, value) in names.iter().zip(&given[positional..]) {
            match merged.iter_mut().find(|(own, _)| **own == **name) {
                Some((_, place)) => *place = value.clone(),
                None => merged.push((name.clone(), value.clone())),
            }
        }
        let (all_names, values): (Vec<Str>, Vec<Value>) = merged.into_iter().unzip();
        all.extend(values);
        Ok((all, all_names))
    }
}
