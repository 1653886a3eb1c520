//! Modules: a name and a dict of globals.

use super::{Dict, Gc, Str, Value};
use crate::memory::{Object, Tracer};

pub struct Module {
    pub name: Str,
    pub globals: Gc<Dict>,
}

impl Module {
    /// A module with nothing but its name in it.
    pub fn new(name: &str) -> Gc<Module> {
        let module = Module { name: Str::intern(name), globals: Gc::new(Dict::new()) };
        module.set("__name__", Value::Str(module.name.clone()));
        Gc::new(module)
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        self.globals.get_str(&Str::intern(name))
    }

    pub fn set(&self, name: &str, value: Value) {
        self.globals.set_str(&Str::intern(name), value);
    }
}

impl Object for Module {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.globals);
    }

    fn clear(&self) {
        self.globals.clear();
    }
}
