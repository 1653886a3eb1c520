//! How a class comes to be: the class statement and `type(name, bases, namespace)`. Calling one is in
//! `class_call`.
//!
//! Sources: the C3 linearisation (Barrett et al., 1996), PEP 3115 (`__prepare__`), PEP 487
//! (`__set_name__`, `__init_subclass__`), PEP 560 (`__mro_entries__`).

use super::Vm;
use crate::value::class::{ClassObject, Layout};
use crate::value::descriptor::{ClassMethod, Member, StaticMethod};
use crate::value::instance::hidden_name;
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
                let classes: Vec<Class> = resolved.iter().filter_map(as_class).collect();
                Value::Class(self.most_derived_metaclass(&metaclass, &classes)?)
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

    /// The metaclass that is derived from all others among the given one and those of the bases.
    pub fn most_derived_metaclass(&mut self, metaclass: &Class, bases: &[Class]) -> Result<Class> {
        let mut winner = metaclass.clone();
        for base in bases {
            let other = base.metaclass();
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
            if base.layout == Layout::Sealed {
                return Err(Raised::type_error(format!("type '{}' is not an acceptable base type", base.name())));
            }
        }
        let layout = choose_layout(&bases)?;
        let has_own_order = orders_itself(metaclass);
        let order = if has_own_order { bases.clone() } else { linearize(&bases)? };
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
        if namespace.find_str(&names.doc).is_none() {
            namespace.set_str(&names.doc, Value::None);
        }
        if namespace.find_str(&names.eq).is_some() && namespace.find_str(&names.hash).is_none() {
            namespace.set_str(&names.hash, Value::None);
        }
        wrap_special_functions(&namespace);
        let slots = match namespace.get_str(&names.slots) {
            Some(slots) => Some(self.slot_names(name, &slots, layout, &bases, &namespace)?),
            None => None,
        };
        let class = ClassObject::new(name.interned(), layout, bases, order, namespace.clone());
        class.qualified_name.set(qualified_name);
        if !metaclass.same(&types().type_) {
            class.set_metaclass(metaclass.clone());
        }
        install_slots(&class, slots);
        if let Some(cell) = cell {
            cell.contents.set(Value::Class(class.clone()));
        }
        if has_own_order {
            let order = self.search_order(&class)?;
            class.set_ancestors(order);
        }
        class.changed();
        self.set_names(&class, &namespace)?;
        self.init_subclass(&class, keywords)?;
        Ok(class)
    }

    /// The entries of `__slots__`, mangled; whether `__dict__` is among them is told by its presence.
    fn slot_names(
        &mut self,
        class_name: &Str,
        slots: &Value,
        layout: Layout,
        bases: &[Class],
        namespace: &Gc<Dict>,
    ) -> Result<Vec<Str>> {
        let entries = match slots.as_str() {
            Some(_) => vec![slots.clone()],
            None => self.collect(slots)?,
        };
        let mut names: Vec<Str> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(text) = entry.as_str() else {
                return Err(Raised::type_error(format!(
                    "__slots__ items must be strings, not '{}'",
                    entry.type_name()
                )));
            };
            if !is_identifier(text) {
                return Err(Raised::type_error("__slots__ must be identifiers"));
            }
            if &**text == "__dict__" && bases.iter().any(|base| base.has_dictionary.get() && !base.is_builtin()) {
                return Err(Raised::type_error("__dict__ slot disallowed: we already got one"));
            }
            // A class of the script without slots has room for weak references.
            let is_open = |class: &Class| !class.is_builtin() && class.namespace.find_str(&symbols().slots).is_none();
            if &**text == "__weakref__"
                && bases.iter().any(|base| is_open(base) || base.ancestors().iter().any(is_open))
                || matches!(&**text, "__dict__" | "__weakref__") && names.iter().any(|name| name.same(text))
            {
                return Err(Raised::type_error(format!("{text} slot disallowed: we already got one")));
            }
            let slot = mangle(class_name, text);
            if &*slot != "__dict__" && &*slot != "__weakref__" {
                if matches!(layout, Layout::Int | Layout::Tuple | Layout::Bytes) {
                    let base = best_base(bases).map_or_else(|| Str::new("object"), |base| base.name());
                    return Err(Raised::type_error(format!(
                        "nonempty __slots__ not supported for subtype of '{base}'"
                    )));
                }
                if namespace.find_str(&slot).is_some() {
                    return Err(Raised::value_error(format!("'{slot}' in __slots__ conflicts with class variable")));
                }
            }
            names.push(slot);
        }
        names.sort_by_key(|name| name.to_string());
        Ok(names)
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
            Some(Value::Native(_)) => {
                Err(Raised::type_error(format!("{}.__init_subclass__() takes no keyword arguments", class.name())))
            }
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

    /// `class.__bases__ = bases`: the search orders of the class and of those derived from it change.
    pub fn set_bases(&mut self, class: &Class, bases: Vec<Class>) -> Result<()> {
        let (old, new) = (best_base(&class.bases.get()), best_base(&bases));
        if let (Some(old), Some(new)) = (&old, &new)
            && !same_layout(old, new)
        {
            return Err(Raised::type_error(format!(
                "__bases__ assignment: '{}' object layout differs from '{}'",
                new.name(),
                old.name()
            )));
        }
        let old = (class.bases.get(), class.ancestors());
        class.set_bases(bases, old.1.clone());
        let mut done = Vec::new();
        if let Err(raised) = self.reorder(class, &mut done) {
            // The search orders go back to what they were.
            class.set_bases(old.0, old.1);
            for (class, order) in done {
                class.set_ancestors(order);
            }
            class.changed();
            return Err(raised);
        }
        class.changed();
        Ok(())
    }

    /// The search order behind a class, as `mro` of its metaclass tells it.
    fn search_order(&mut self, class: &Class) -> Result<Vec<Class>> {
        let metaclass = class.metaclass();
        if !orders_itself(&metaclass) {
            return linearize(&class.bases.get());
        }
        let order = self.call_method_of(&metaclass, "mro", &Value::Class(class.clone()))?;
        let mut ancestors = Vec::new();
        for ancestor in self.collect(&order)? {
            let Value::Class(ancestor) = ancestor else {
                let kind = ancestor.type_name();
                return Err(Raised::type_error(format!("mro() returned a non-class ('{kind}')")));
            };
            if !solid(class).is_subclass(&solid(&ancestor)) {
                let name = ancestor.name();
                return Err(Raised::type_error(format!("mro() returned base with unsuitable layout ('{name}')")));
            }
            if !ancestor.same(class) {
                ancestors.push(ancestor);
            }
        }
        Ok(ancestors)
    }

    /// Calls a method of a class, whatever the object itself has under the name.
    fn call_method_of(&mut self, class: &Class, name: &str, object: &Value) -> Result<Value> {
        let method = class.lookup(&Str::intern(name)).unwrap_or_default();
        let bound = self.bind(method, object, class)?;
        self.call(&bound, &[])
    }

    /// Computes the search orders of a class with new bases and of those derived from it. Those replaced
    /// are kept in `done`.
    fn reorder(&mut self, class: &Class, done: &mut Vec<(Class, Vec<Class>)>) -> Result<()> {
        let order = self.search_order(class)?;
        done.push((class.clone(), class.ancestors()));
        class.set_ancestors(order);
        class.changed();
        for derived in class.live_subclasses() {
            self.reorder(&derived, done)?;
        }
        Ok(())
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

/// The class, among a class and its ancestors, that determines how instances are laid out.
fn solid(class: &Class) -> Class {
    let adds_slots = |class: &Class| {
        !class.is_builtin() && class.namespace.values().iter().any(|value| value.payload::<Member>().is_some())
    };
    let decides = |class: &Class| class.is_builtin() && class.layout != Layout::Object || adds_slots(class);
    if decides(class) {
        return class.clone();
    }
    class.ancestors().into_iter().find(decides).unwrap_or_else(|| types().object.clone())
}

/// Of several bases the one whose layout the others can be part of; None when there are no bases.
pub fn best_base(bases: &[Class]) -> Option<Class> {
    let mut best: Option<(Class, Class)> = None;
    for base in bases {
        let candidate = solid(base);
        match &best {
            Some((_, winner)) if winner.is_subclass(&candidate) => {}
            _ => best = Some((base.clone(), candidate)),
        }
    }
    best.map(|(base, _)| base)
}

/// Whether instances of the two classes are laid out alike.
pub fn same_layout(left: &Class, right: &Class) -> bool {
    left.layout == right.layout
        && left.has_dictionary.get() == right.has_dictionary.get()
        && solid(left).same(&solid(right))
}

/// Whether a metaclass has an `mro` of its own.
fn orders_itself(metaclass: &Class) -> bool {
    !metaclass.same(&types().type_) && !matches!(metaclass.lookup(&Str::intern("mro")), None | Some(Value::Native(_)))
}

/// The layout of instances of a class with these bases.
fn choose_layout(bases: &[Class]) -> Result<Layout> {
    if let [base] = bases {
        return Ok(base.layout);
    }
    let mut winner = types().object.clone();
    for base in bases {
        let candidate = solid(base);
        // All exceptions are laid out alike.
        let both_exceptions = candidate.layout == Layout::Exception && winner.layout == Layout::Exception;
        if winner.is_subclass(&candidate) || both_exceptions {
            continue;
        }
        if !candidate.is_subclass(&winner) {
            return Err(Raised::type_error("multiple bases have instance lay-out conflict"));
        }
        winner = candidate;
    }
    Ok(winner.layout)
}

/// The C3 order of the ancestors of a class with these bases, without the class itself.
pub fn linearize(bases: &[Class]) -> Result<Vec<Class>> {
    if let [base] = bases {
        return Ok(std::iter::once(base.clone()).chain(base.ancestors()).collect());
    }
    for (index, base) in bases.iter().enumerate() {
        if bases[..index].iter().any(|other| other.same(base)) {
            return Err(Raised::type_error(format!("duplicate base class {}", base.name())));
        }
    }
    // Each sequence is reversed, so that its head is popped from the end.
    let mut sequences: Vec<Vec<Class>> = bases
        .iter()
        .map(|base| {
            let mut sequence: Vec<Class> = std::iter::once(base.clone()).chain(base.ancestors()).collect();
            sequence.reverse();
            sequence
        })
        .collect();
    sequences.push(bases.iter().rev().cloned().collect());
    let mut order = Vec::new();
    loop {
        sequences.retain(|sequence| !sequence.is_empty());
        if sequences.is_empty() {
            return Ok(order);
        }
        // The first head that is in no tail.
        let is_in_tail = |class: &Class| {
            sequences.iter().any(|sequence| sequence[..sequence.len() - 1].iter().any(|other| other.same(class)))
        };
        let Some(next) =
            sequences.iter().filter_map(|sequence| sequence.last()).find(|head| !is_in_tail(head)).cloned()
        else {
            let mut heads: Vec<Str> = Vec::new();
            for head in sequences.iter().filter_map(|sequence| sequence.last()) {
                if !heads.contains(&head.name()) {
                    heads.push(head.name());
                }
            }
            let heads: Vec<&str> = heads.iter().map(|name| &**name).collect();
            return Err(Raised::type_error(format!(
                "Cannot create a consistent method resolution order (MRO) for bases {}",
                heads.join(", ")
            )));
        };
        for sequence in &mut sequences {
            if sequence.last().is_some_and(|head| head.same(&next)) {
                sequence.pop();
            }
        }
        order.push(next);
    }
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

/// Gives the class its slots, and its instances attributes of their own unless slots forbid it.
fn install_slots(class: &Class, slots: Option<Vec<Str>>) {
    let inherits_dictionary = class.bases.borrow().iter().any(|base| base.has_dictionary.get());
    let wants_dictionary = slots.as_ref().is_none_or(|slots| slots.iter().any(|slot| &**slot == "__dict__"));
    class.has_dictionary.set(inherits_dictionary || wants_dictionary);
    for slot in slots.unwrap_or_default() {
        if matches!(&*slot, "__dict__" | "__weakref__") {
            continue;
        }
        let hidden = hidden_name(class, &slot);
        let member = Member { class: class.clone(), name: slot.clone(), hidden };
        let member = Instance::with_payload(types().member_descriptor.clone(), member);
        class.namespace.set_str(&slot, Value::Instance(member));
    }
}

/// The name of a private variable of a class: `__x` in class `A` is `_A__x`.
fn mangle(class_name: &str, name: &str) -> Str {
    let class_name = class_name.trim_start_matches('_');
    if !name.starts_with("__") || name.ends_with("__") || class_name.is_empty() {
        return Str::intern(name);
    }
    Str::intern(&format!("_{class_name}{name}"))
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|other| other == '_' || other.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, bases: &[&Class]) -> Class {
        let bases: Vec<Class> = bases.iter().copied().cloned().collect();
        let order = linearize(&bases).unwrap();
        ClassObject::new(Str::new(name), Layout::Object, bases, order, Gc::new(Dict::new()))
    }

    #[test]
    fn a_diamond_is_searched_breadth_first() {
        let base = class("Base", &[&types().object]);
        let (left, right) = (class("Left", &[&base]), class("Right", &[&base]));
        let order = linearize(&[left.clone(), right.clone()]).unwrap();
        let names: Vec<String> = order.iter().map(|class| class.name().to_string()).collect();
        assert_eq!(names, ["Left", "Right", "Base", "object"]);
        assert!(linearize(&[base, left]).is_err());
    }

    #[test]
    fn private_names_carry_their_class() {
        assert_eq!(&*mangle("_Tree", "__root"), "_Tree__root");
        assert_eq!(&*mangle("Tree", "__len__"), "__len__");
        assert_eq!(&*mangle("__", "__root"), "__root");
    }
}
