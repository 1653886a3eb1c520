//! Modules: a name and a dict of globals. A script may give one a class derived from `module`.

use super::{Class, Dict, Gc, Mutable, Str, Value, types};
use crate::memory::{Object, Tracer};

pub struct Module {
    pub name: Str,
    pub globals: Gc<Dict>,
    /// `module` unless the script has chosen a class derived from it.
    class: Mutable<Option<Class>>,
}

impl Module {
    /// A module with nothing but its name in it.
    pub fn new(name: &str) -> Gc<Module> {
        Module::with_globals(name, Gc::new(Dict::new()))
    }

    /// A module with these variables, to which its name is added.
    pub fn with_globals(name: &str, globals: Gc<Dict>) -> Gc<Module> {
        let module = Module { name: Str::intern(name), globals, class: Mutable::new(None) };
        module.set("__name__", Value::Str(module.name.clone()));
        Gc::new(module)
    }

    /// A module without anything in it, not even a name.
    pub fn empty(class: &Class) -> Gc<Module> {
        let module = Module { name: Str::new("?"), globals: Gc::new(Dict::new()), class: Mutable::new(None) };
        module.set_class(class.clone());
        Gc::new(module)
    }

    pub fn class(&self) -> Class {
        self.class.borrow().as_ref().unwrap_or(&types().module).clone()
    }

    /// Whether its attributes are just its globals.
    pub fn is_plain(&self) -> bool {
        self.class.borrow().is_none()
    }

    /// `__class__ = class`. What inline caches know of the attributes does not hold any more.
    pub fn set_class(&self, class: Class) {
        self.class.set((!class.same(&types().module)).then_some(class));
        self.globals.forget_version();
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
        if let Some(class) = &*self.class.borrow() {
            tracer.visit(class);
        }
    }

    fn clear(&self) {
        self.globals.clear();
    }
}
