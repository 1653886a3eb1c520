//! How a class comes to be: the class statement and `type(name, bases, namespace)`. Calling one is in
//! `class_call`.
//!
//! Sources: PEP 3115 (`__prepare__`), PEP 487
//! (`__set_name__`, `__init_subclass__`), PEP 560 (`__mro_entries__`).

use super::Vm;
use super::search_order::{linearize, orders_itself};
use super::slots::{self, choose_layout};
use crate::value::class::{ClassObject, Layout};
use crate::value::descriptor::{ClassMethod, StaticMethod};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Raised, Result, Str, Value, symbols, types};

impl Vm {
    /// `__build_class__`: runs the body of a class statement and calls the metaclass.
    pub fn build_class(
        &mut self,
        function: &Value,
        name: &Str,
        bases: &[Value],
        keywords: &[(Str, Value)],
    ) -> Result<Value> {
        let names = symbols();
        let resolved = self.resolve_bases(bases)?;
        let mut keywords = keywords.to_vec();
        let given = keywords.iter().position(|(keyword, _)| keyword.same(&names.metaclass));
        let metaclass = match given.map(|index| keywords.remove(index).1) {
            Some(metaclass) => metaclass,
            None => Value::Class(resolved.first().map_or_else(|| types().type_.clone(), Value::class)),
        };
        let metaclass = match metaclass {
            Value::Class(metaclass) => {
                Value::Class(self.most_derived_metaclass(&metaclass, resolved.iter().map(Value::class))?)
            }
            other => other,
        };
        let base_tuple = Value::tuple(resolved.clone());
        let namespace = self.prepare_namespace(&metaclass, name, &base_tuple, &keywords)?;
        let Value::Function(body) = function else {
            return Err(Raised::type_error("__build_class__: func must be a function"));
        };
        let cell = self.run_class_body(body, namespace.clone())?;
        if !same_values(&resolved, bases) {
            let original = Value::tuple(bases.to_vec());
            self.set_item(&namespace, &Value::Str(names.orig_bases.clone()), original)?;
        }
        let class = match (&metaclass, namespace.native()) {
            (Value::Class(metaclass), Value::Dict(dict))
                if metaclass.same(&types().type_) && resolved.iter().all(|base| matches!(base, Value::Class(_))) =>
            {
                let bases = resolved.iter().filter_map(as_class).collect();
                Value::Class(self.new_class(metaclass, name, bases, dict, &keywords)?)
            }
            _ => {
                self.call_with_pairs(&metaclass, &[Value::Str(name.clone()), base_tuple, namespace.clone()], &keywords)?
            }
        };
        if let (Value::Class(class_object), Value::Cell(cell)) = (&class, &cell) {
            match cell.contents.get() {
                Value::Class(filled) if filled.same(class_object) => {}
                Value::Unbound => {
                    return Err(Raised::runtime_error(format!(
                        "__class__ not set defining '{name}' as {}. Was __classcell__ propagated to type.__new__?",
                        self.repr(&class)?
                    )));
                }
                other => {
                    return Err(Raised::type_error(format!(
                        "__class__ set to {} defining '{name}' as {}",
                        self.repr(&other)?,
                        self.repr(&class)?
                    )));
                }
            }
        }
        Ok(class)
    }

    /// The bases with `__mro_entries__` of those that are no classes put in their place.
    pub fn resolve_bases(&mut self, bases: &[Value]) -> Result<Vec<Value>> {
        let mut resolved = Vec::with_capacity(bases.len());
        for base in bases {
            if matches!(base, Value::Class(_)) {
                resolved.push(base.clone());
                continue;
            }
            match self.get_attribute_if_any(base, &symbols().mro_entries)? {
                None => resolved.push(base.clone()),
                Some(entries) => match self.call(&entries, &[Value::tuple(bases.to_vec())])? {
                    Value::Tuple(entries) => resolved.extend_from_slice(entries.items()),
                    _ => return Err(Raised::type_error("__mro_entries__ must return a tuple")),
                },
            }
        }
        Ok(resolved)
    }

    /// The metaclass that is derived from all others among the given one and the classes of the bases.
    pub fn most_derived_metaclass(&mut self, metaclass: &Class, others: impl Iterator<Item = Class>) -> Result<Class> {
        let mut winner = metaclass.clone();
        for other in others {
            if winner.is_subclass(&other) {
                continue;
            }
            if !other.is_subclass(&winner) {
                return Err(Raised::type_error(
                    "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the \
                     metaclasses of all its bases",
                ));
            }
            winner = other;
        }
        Ok(winner)
    }

    fn prepare_namespace(
        &mut self,
        metaclass: &Value,
        name: &Str,
        bases: &Value,
        keywords: &[(Str, Value)],
    ) -> Result<Value> {
        let plain = || Value::Dict(Gc::new(Dict::new()));
        if matches!(metaclass, Value::Class(class) if class.same(&types().type_)) {
            return Ok(plain());
        }
        let Some(prepare) = self.get_attribute_if_any(metaclass, &symbols().prepare)? else { return Ok(plain()) };
        let namespace = self.call_with_pairs(&prepare, &[Value::Str(name.clone()), bases.clone()], keywords)?;
        let class = namespace.class();
        if !matches!(namespace.native(), Value::Dict(_)) && class.lookup(&symbols().getitem).is_none() {
            let owner = match metaclass {
                Value::Class(class) => class.name(),
                _ => Str::new("<metaclass>"),
            };
            return Err(Raised::type_error(format!(
                "{owner}.__prepare__() must return a mapping, not {}",
                class.name()
            )));
        }
        Ok(namespace)
    }

    /// `type.__new__`: makes a class of a name, bases and a namespace, which is copied.
    pub fn new_class(
        &mut self,
        metaclass: &Class,
        name: &Str,
        mut bases: Vec<Class>,
        namespace: &Gc<Dict>,
        keywords: &[(Str, Value)],
    ) -> Result<Class> {
        let names = symbols();
        if name.contains('\0') {
            return Err(Raised::value_error("type name must not contain null characters"));
        }
        if bases.is_empty() {
            bases.push(types().object.clone());
        }
        for base in &bases {
            if !base.is_ordered.get() {
                return Err(Raised::type_error(format!("Cannot extend an incomplete type '{}'", base.name())));
            }
            if base.layout == Layout::Sealed {
                let name = match base.namespace.get_str(&symbols().module) {
                    Some(Value::Str(module)) if &*module != "builtins" => format!("{module}.{}", base.name()),
                    _ => base.name().to_string(),
                };
                return Err(Raised::type_error(format!("type '{name}' is not an acceptable base type")));
            }
        }
        let layout = choose_layout(&bases)?;
        let has_own_order = orders_itself(metaclass);
        let order = if has_own_order { bases.clone() } else { linearize(&bases)? };
        if namespace.keys().iter().any(|key| key.as_str().is_none()) {
            let warn = self.hooks.warn;
            warn(self, &types().runtime_warning, &format!("non-string key in the __dict__ of class {name}"))?;
        }
        let namespace = Gc::new(namespace.copy());
        let qualified_name = match namespace.remove_str(&names.qualname) {
            None => name.clone(),
            Some(Value::Str(qualified_name)) => qualified_name,
            Some(other) => {
                return Err(Raised::type_error(format!("type __qualname__ must be a str, not {}", other.type_name())));
            }
        };
        let cell = match namespace.remove_str(&names.classcell) {
            None => None,
            Some(Value::Cell(cell)) => Some(cell),
            Some(other) => {
                let class = self.repr(&Value::Class(other.class()))?;
                return Err(Raised::type_error(format!("__classcell__ must be a nonlocal cell, not {class}")));
            }
        };
        // Lazy frames of the body look into the class from now on.
        if let Some(Value::Cell(cell)) = namespace.remove_str(&Str::intern("__classdictcell__")) {
            cell.contents.set(Value::Dict(namespace.clone()));
        }
        if namespace.find_str(&names.module).is_none()
            && let Some(module) = self.globals().get_str(&names.name)
        {
            namespace.set_str(&names.module, module);
        }
        if namespace.find_str(&names.eq).is_some() && namespace.find_str(&names.hash).is_none() {
            namespace.set_str(&names.hash, Value::None);
        }
        wrap_special_functions(&namespace);
        let additions = self.additions(name, &bases, &namespace)?;
        let class = ClassObject::new(name.interned(), layout, bases, order, namespace.clone());
        class.qualified_name.set(qualified_name);
        if !metaclass.same(&types().type_) {
            class.set_metaclass(metaclass.clone());
        }
        slots::install(&class, additions);
        if namespace.find_str(&names.doc).is_none() {
            namespace.set_str(&names.doc, Value::None);
        }
        if let Some(cell) = cell {
            cell.contents.set(Value::Class(class.clone()));
        }
        if has_own_order {
            class.is_ordered.set(false);
            let order = self.search_order(&class)?;
            class.is_ordered.set(true);
            if order.own_place.is_none() {
                return Err(Raised::type_error(format!(
                    "super(type, obj): obj (type {name}) is not an instance or subtype of type ({name})."
                )));
            }
            order.apply(&class);
        }
        class.changed();
        self.set_names(&class, &namespace)?;
        self.init_subclass(&class, keywords)?;
        Ok(class)
    }

    /// Tells every value of the namespace its name, when its class has a `__set_name__`.
    fn set_names(&mut self, class: &Class, namespace: &Gc<Dict>) -> Result<()> {
        let name = &symbols().set_name;
        for entry in namespace.snapshot() {
            let value = &entry.value;
            if !matches!(value, Value::Instance(_) | Value::Class(_)) || value.class().lookup(name).is_none() {
                continue;
            }
            let Some(Err(raised)) = self.call_special(value, name, &[Value::Class(class.clone()), entry.key.clone()])
            else {
                continue;
            };
            let key = self.repr(&entry.key)?;
            let note =
                format!("Error calling __set_name__ on '{}' instance {key} in '{}'", value.type_name(), class.name());
            raised.0.append_note(Value::from(note));
            return Err(raised);
        }
        Ok(())
    }

    /// Calls the `__init_subclass__` that the class inherits.
    fn init_subclass(&mut self, class: &Class, keywords: &[(Str, Value)]) -> Result<()> {
        match class.lookup_after(class, &symbols().init_subclass) {
            None => Ok(()),
            Some(Value::Native(_)) if keywords.is_empty() => Ok(()),
            Some(Value::Native(_)) => Err(Raised::type_error(format!(
                "{}.__init_subclass__() takes no keyword arguments",
                class.qualified_name.get()
            ))),
            Some(found) => {
                let receiver = Value::Class(class.clone());
                let (function, arguments) = match found.payload::<ClassMethod>() {
                    Some(method) => (method.0.get(), vec![receiver]),
                    None => match found.payload::<StaticMethod>() {
                        Some(method) => (method.0.get(), vec![]),
                        None => match self.call_special(&found, &symbols().get, &[Value::None, receiver]) {
                            Some(bound) => (bound?, vec![]),
                            None => (found.clone(), vec![]),
                        },
                    },
                };
                self.call_with_pairs(&function, &arguments, keywords)?;
                Ok(())
            }
        }
    }

    /// Calls with keywords given as pairs.
    pub fn call_with_pairs(
        &mut self,
        function: &Value,
        arguments: &[Value],
        keywords: &[(Str, Value)],
    ) -> Result<Value> {
        if keywords.is_empty() {
            return self.call(function, arguments);
        }
        let mut all = arguments.to_vec();
        all.extend(keywords.iter().map(|(_, value)| value.clone()));
        let names: Vec<Str> = keywords.iter().map(|(name, _)| name.clone()).collect();
        self.call_with_keywords(function, &all, &names)
    }
}

fn as_class(value: &Value) -> Option<Class> {
    match value {
        Value::Class(class) => Some(class.clone()),
        _ => None,
    }
}

fn same_values(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.is(right))
}

/// `__new__` is a static method and `__init_subclass__` and `__class_getitem__` are class methods
/// without being marked as such.
fn wrap_special_functions(namespace: &Gc<Dict>) {
    let names = symbols();
    if let Some(function @ Value::Function(_)) = namespace.get_str(&names.new) {
        let method = Instance::with_payload(types().staticmethod.clone(), StaticMethod(Mutable::new(function)));
        namespace.set_str(&names.new, Value::Instance(method));
    }
    for name in [&names.init_subclass, &names.class_getitem] {
        if let Some(function @ Value::Function(_)) = namespace.get_str(name) {
            let method = Instance::with_payload(types().classmethod.clone(), ClassMethod(Mutable::new(function)));
            namespace.set_str(name, Value::Instance(method));
        }
    }
}
