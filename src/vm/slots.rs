//! What instances of a class have room for: the entries of `__slots__`, a `__dict__`, weak references; and
//! when two classes lay out their instances alike.
//!
//! A class that gives its instances a `__dict__` has a descriptor of that name, and one `__weakref__` when it
//! gives them room for weak references.

use super::Vm;
use crate::native;
use crate::value::class::Layout;
use crate::value::descriptor::Member;
use crate::value::instance::hidden_name;
use crate::value::str_properties::is_identifier;
use crate::value::weak_reference::WeakReference;
use crate::value::{Class, Dict, Gc, Instance, Native, NativeFunction, Raised, Result, Str, Value, symbols, types};

/// What a class adds to the instances of its bases.
#[derive(Default)]
pub(super) struct Additions {
    /// The names of slots, mangled and sorted.
    slots: Vec<Str>,
    dictionary: bool,
    weak_references: bool,
}

fn dictionary(vm: &mut Vm, this: &Value) -> Result<Value> {
    match this {
        Value::Instance(instance) => Ok(Value::Dict(instance.make_dictionary())),
        Value::Exception(exception) => Ok(Value::Dict(exception.dictionary())),
        _ if let Some(future) = this.as_future() => Ok(Value::Dict(future.dictionary())),
        // A class or a module, which have their own idea of it.
        _ => {
            let (class, name) = (this.class(), &symbols().dict);
            let builtin = class
                .search_order()
                .into_iter()
                .find(|base| base.is_builtin() && base.namespace.find_str(name).is_some());
            match builtin.and_then(|builtin| builtin.namespace.get_str(name)) {
                Some(found) => vm.bind(found, this, &class),
                None => Err(vm.missing_attribute(this, name)),
            }
        }
    }
}

fn first_weak_reference(_: &mut Vm, this: &Value) -> Value {
    WeakReference::of(this).into_iter().next().map(Value::Instance).into()
}

static DICTIONARY: Native =
    native!("__dict__(self, /)", dictionary(required), "dictionary for instance variables").getter();
static WEAK_REFERENCES: Native =
    native!("__weakref__(self, /)", first_weak_reference(required), "list of weak references to the object").getter();

/// Gives instances of a class a `__dict__`.
pub fn add_dictionary(class: &Class) {
    class.has_dictionary.set(true);
    let descriptor = Value::Native(NativeFunction::method(&DICTIONARY, class));
    // The body may have a descriptor of its own.
    if class.namespace.find_str(&symbols().dict).is_none() {
        class.namespace.set_str(&symbols().dict, descriptor);
    }
}

impl Vm {
    /// What a class with these bases and this namespace adds to its instances.
    pub(super) fn additions(&mut self, class_name: &Str, bases: &[Class], namespace: &Gc<Dict>) -> Result<Additions> {
        let base = best_base(bases).unwrap_or_else(|| types().object.clone());
        let mut free = Additions {
            slots: Vec::new(),
            dictionary: !base.has_dictionary.get(),
            weak_references: !base.has_weak_references.get() && !has_items(base.layout),
        };
        let Some(slots) = namespace.get_str(&symbols().slots) else { return Ok(free) };
        let entries = match slots.as_str() {
            Some(_) => vec![slots.clone()],
            None => self.collect(&slots)?,
        };
        if !entries.is_empty() && has_items(base.layout) {
            let base = base.name();
            return Err(Raised::type_error(format!("nonempty __slots__ not supported for subtype of '{base}'")));
        }
        let mut added = Additions::default();
        for entry in entries {
            let Some(text) = entry.as_str() else {
                let kind = entry.type_name();
                return Err(Raised::type_error(format!("__slots__ items must be strings, not '{kind}'")));
            };
            if !is_identifier(text) {
                return Err(Raised::type_error("__slots__ must be identifiers"));
            }
            let (is_free, is_added) = match &**text {
                "__dict__" => (&mut free.dictionary, &mut added.dictionary),
                "__weakref__" => (&mut free.weak_references, &mut added.weak_references),
                _ => {
                    let slot = mangle(class_name, text);
                    if namespace.find_str(&slot).is_some() {
                        let message = format!("'{slot}' in __slots__ conflicts with class variable");
                        return Err(Raised::value_error(message));
                    }
                    added.slots.push(slot);
                    continue;
                }
            };
            if !std::mem::take(is_free) {
                return Err(Raised::type_error(format!("{text} slot disallowed: we already got one")));
            }
            *is_added = true;
        }
        added.slots.sort_by_key(|name| name.to_string());
        // Other bases may bring along what the best one lacks.
        let brings = |has: fn(&Class) -> bool| bases.iter().any(has);
        added.dictionary |= free.dictionary && brings(|base| base.has_dictionary.get());
        added.weak_references |= free.weak_references && brings(|base| base.has_weak_references.get());
        Ok(added)
    }
}

/// Gives the class its descriptors.
pub(super) fn install(class: &Class, added: Additions) {
    let base = best_base(&class.bases.borrow()).unwrap_or_else(|| types().object.clone());
    class.has_dictionary.set(base.has_dictionary.get());
    class.has_weak_references.set(base.has_weak_references.get() || added.weak_references);
    class.slots.set(added.slots.clone());
    // Classes with the same slots on the same base keep them under the same names, so that instances can
    // change from one to the other.
    let depth = class.ancestors().iter().filter(|class| !class.slots.borrow().is_empty()).count();
    for name in added.slots {
        let hidden = hidden_name(depth, &name);
        let member = Member { class: class.clone(), name: name.clone(), hidden };
        let member = Instance::with_payload(types().member_descriptor.clone(), member);
        class.namespace.set_str(&name, Value::Instance(member));
    }
    if added.dictionary {
        add_dictionary(class);
    }
    if added.weak_references {
        let name = Str::intern("__weakref__");
        class.namespace.set_str(&name, Value::Native(NativeFunction::method(&WEAK_REFERENCES, class)));
    }
}

/// Whether instances are of different length, which leaves no fixed place behind them.
fn has_items(layout: Layout) -> bool {
    matches!(layout, Layout::Int | Layout::Tuple | Layout::Bytes | Layout::Class)
}

/// The class, among a class and its ancestors, that determines how instances are laid out.
pub(super) fn solid(class: &Class) -> Class {
    let decides =
        |class: &Class| class.is_builtin() && class.layout != Layout::Object || !class.slots.borrow().is_empty();
    if decides(class) {
        return class.clone();
    }
    class.ancestors().into_iter().find(decides).unwrap_or_else(|| types().object.clone())
}

/// Of several bases the one whose layout the others can be part of; None when there are no bases.
pub fn best_base(bases: &[Class]) -> Option<Class> {
    if let [base] = bases {
        return Some(base.clone());
    }
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

/// The layout of instances of a class with these bases.
pub(super) fn choose_layout(bases: &[Class]) -> Result<Layout> {
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

/// Whether instances of one class can become instances of the other.
pub fn same_layout(left: &Class, right: &Class) -> bool {
    let (left, right) = (last_to_add(left), last_to_add(right));
    if left.same(&right) {
        return true;
    }
    let is_script = !left.is_builtin() && !right.is_builtin();
    let (left_base, right_base) = (best_base(&left.bases.borrow()), best_base(&right.bases.borrow()));
    is_script
        && left_base.zip(right_base).is_some_and(|(left, right)| left.same(&right))
        && *left.slots.borrow() == *right.slots.borrow()
        && left.has_dictionary.get() == right.has_dictionary.get()
        && left.has_weak_references.get() == right.has_weak_references.get()
}

/// The class itself, or the nearest one along the best bases that adds something to its instances.
fn last_to_add(class: &Class) -> Class {
    let mut class = class.clone();
    while let Some(base) = base_without_additions(&class) {
        class = base;
    }
    class
}

/// The best base of a class that adds nothing to it.
fn base_without_additions(class: &Class) -> Option<Class> {
    if class.is_builtin() || !class.slots.borrow().is_empty() {
        return None;
    }
    best_base(&class.bases.borrow()).filter(|base| {
        base.has_dictionary.get() == class.has_dictionary.get()
            && base.has_weak_references.get() == class.has_weak_references.get()
    })
}

/// The name of a private variable of a class: `__x` in class `A` is `_A__x`.
fn mangle(class_name: &str, name: &str) -> Str {
    let class_name = class_name.trim_start_matches('_');
    if !name.starts_with("__") || name.ends_with("__") || class_name.is_empty() {
        return Str::intern(name);
    }
    Str::intern(&format!("_{class_name}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_names_carry_their_class() {
        assert_eq!(&*mangle("_Tree", "__root"), "_Tree__root");
        assert_eq!(&*mangle("Tree", "__len__"), "__len__");
        assert_eq!(&*mangle("__", "__root"), "__root");
    }
}
