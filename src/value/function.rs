//! Functions of the script, bound methods and cells.

use super::{Class, CodeObject, Dict, Gc, Mutable, Str, Tuple, Value, symbols, types};
use crate::memory::{Object, Tracer};

/// A function of the script.
pub struct Function {
    pub code: Gc<CodeObject>,
    pub globals: Gc<Dict>,
    /// The cells of the free variables, in the order of `Code::free_names`.
    pub closure: Box<[Gc<CellObject>]>,
    pub defaults: Mutable<Option<Gc<Tuple>>>,
    pub keyword_defaults: Mutable<Option<Gc<Dict>>>,
    /// What few functions have.
    parts: Mutable<Option<Box<Parts>>>,
}

#[derive(Default)]
struct Parts {
    name: Option<Str>,
    qualified_name: Option<Str>,
    annotations: Option<Gc<Dict>>,
    attributes: Option<Gc<Dict>>,
    type_parameters: Option<Value>,
    doc: Option<Value>,
    module: Option<Value>,
}

impl Function {
    pub fn new(code: Gc<CodeObject>, globals: Gc<Dict>, closure: Box<[Gc<CellObject>]>) -> Gc<Function> {
        Gc::new(Function {
            code,
            globals,
            closure,
            defaults: Mutable::new(None),
            keyword_defaults: Mutable::new(None),
            parts: Mutable::new(None),
        })
    }

    fn part<T>(&self, get: impl FnOnce(&Parts) -> Option<T>) -> Option<T> {
        self.parts.borrow().as_deref().and_then(get)
    }

    fn set_part(&self, set: impl FnOnce(&mut Parts)) {
        set(self.parts.borrow_mut().get_or_insert_default());
    }

    pub fn name(&self) -> Str {
        self.part(|parts| parts.name.clone()).unwrap_or_else(|| self.code.name.clone())
    }

    pub fn set_name(&self, name: Str) {
        self.set_part(|parts| parts.name = Some(name));
    }

    pub fn qualified_name(&self) -> Str {
        self.part(|parts| parts.qualified_name.clone()).unwrap_or_else(|| self.code.qualified_name.clone())
    }

    pub fn set_qualified_name(&self, name: Str) {
        self.set_part(|parts| parts.qualified_name = Some(name));
    }

    /// `__doc__`: the same object each time.
    pub fn doc(&self) -> Value {
        if let Some(doc) = self.part(|parts| parts.doc.clone()) {
            return doc;
        }
        let doc: Value = self.code.code.doc.as_deref().map(Value::str).into();
        if !doc.is_none() {
            self.set_doc(doc.clone());
        }
        doc
    }

    pub fn set_doc(&self, doc: Value) {
        self.set_part(|parts| parts.doc = Some(doc));
    }

    /// `__module__`: that of the globals unless the script has set another.
    pub fn module(&self) -> Value {
        self.part(|parts| parts.module.clone()).or_else(|| self.globals.get_str(&symbols().name)).unwrap_or(Value::None)
    }

    pub fn set_module(&self, module: Value) {
        self.set_part(|parts| parts.module = Some(module));
    }

    /// `__annotations__`, made on demand.
    pub fn annotations(&self) -> Gc<Dict> {
        if self.part(|parts| parts.annotations.clone()).is_none() {
            self.set_annotations(Gc::new(Dict::new()));
        }
        self.part(|parts| parts.annotations.clone()).expect("just made")
    }

    pub fn set_annotations(&self, annotations: Gc<Dict>) {
        self.set_part(|parts| parts.annotations = Some(annotations));
    }

    pub fn type_parameters(&self) -> Value {
        self.part(|parts| parts.type_parameters.clone()).unwrap_or_else(|| Value::tuple(Vec::new()))
    }

    pub fn set_type_parameters(&self, parameters: Value) {
        self.set_part(|parts| parts.type_parameters = Some(parameters));
    }

    /// An attribute the script has set on the function.
    pub fn attribute(&self, name: &Str) -> Option<Value> {
        self.part(|parts| parts.attributes.as_ref()?.get_str(name))
    }

    /// `__dict__ = attributes`
    pub fn set_attributes(&self, attributes: Gc<Dict>) {
        self.set_part(|parts| parts.attributes = Some(attributes));
    }

    /// `__dict__`, made on demand.
    pub fn attributes(&self) -> Gc<Dict> {
        if self.part(|parts| parts.attributes.clone()).is_none() {
            self.set_part(|parts| parts.attributes = Some(Gc::new(Dict::new())));
        }
        self.part(|parts| parts.attributes.clone()).expect("just made")
    }
}

impl Object for Function {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.code);
        tracer.visit(&self.globals);
        self.closure.iter().for_each(|cell| tracer.visit(cell));
        if let Some(defaults) = &*self.defaults.borrow() {
            tracer.visit(defaults);
        }
        if let Some(defaults) = &*self.keyword_defaults.borrow() {
            tracer.visit(defaults);
        }
        if let Some(parts) = &*self.parts.borrow() {
            parts.annotations.iter().chain(&parts.attributes).for_each(|dict| tracer.visit(dict));
            parts.type_parameters.iter().chain(&parts.doc).chain(&parts.module).for_each(|value| value.trace(tracer));
        }
    }

    fn clear(&self) {
        // The globals and the cells are broken at their own ends.
        self.defaults.set(None);
        self.keyword_defaults.set(None);
        self.parts.set(None);
    }
}

/// A function with its first argument.
pub struct BoundMethod {
    pub function: Value,
    pub receiver: Value,
}

impl BoundMethod {
    /// `method` for functions of the script, `builtin_function_or_method` for native ones.
    pub fn class(&self) -> Class {
        match self.function {
            Value::Native(ref native) if native.is_slot_wrapper() => types().method_wrapper.clone(),
            Value::Native(_) => types().builtin_function.clone(),
            _ => types().method.clone(),
        }
    }
}

impl Object for BoundMethod {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.receiver.trace(tracer);
    }
}

/// A variable shared by a function and the functions inside it.
#[derive(Default)]
pub struct CellObject {
    /// Unbound while empty.
    pub contents: Mutable<Value>,
}

impl CellObject {
    pub fn new(contents: Value) -> Gc<CellObject> {
        Gc::new(CellObject { contents: Mutable::new(contents) })
    }
}

impl Object for CellObject {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.contents.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.contents.set(Value::Unbound);
    }
}
