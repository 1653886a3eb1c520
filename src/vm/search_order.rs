//! The order in which a class and its ancestors are searched, and what happens to it when the bases of a class
//! are replaced.
//!
//! Source: the C3 linearisation (Barrett et al., 1996).

use super::Vm;
use super::slots::{best_base, same_layout, solid};
use crate::value::{Class, Raised, Result, Str, Value, types};

/// A search order without the class itself, which stands behind `own_place` of its ancestors; None when it is
/// not in the order at all.
pub(super) struct SearchOrder {
    pub ancestors: Vec<Class>,
    pub own_place: Option<usize>,
}

impl SearchOrder {
    pub fn apply(self, class: &Class) {
        class.set_ancestors(self.ancestors, self.own_place.unwrap_or(0));
    }
}

/// A class whose search order was replaced: the one it had and the one it got.
struct Replaced {
    class: Class,
    old: (Vec<Class>, usize),
    new: Vec<Class>,
}

impl Vm {
    /// The search order of a class, as `mro` of its metaclass tells it.
    pub(super) fn search_order(&mut self, class: &Class) -> Result<SearchOrder> {
        let metaclass = class.metaclass();
        if !orders_itself(&metaclass) {
            return Ok(SearchOrder { ancestors: linearize(&class.bases.get())?, own_place: Some(0) });
        }
        let order = self.call_method_of(&metaclass, "mro", &Value::Class(class.clone()))?;
        let mut found = SearchOrder { ancestors: Vec::new(), own_place: None };
        for ancestor in self.collect(&order)? {
            let Value::Class(ancestor) = ancestor else {
                let kind = ancestor.type_name();
                return Err(Raised::type_error(format!("mro() returned a non-class ('{kind}')")));
            };
            if ancestor.same(class) {
                found.own_place.get_or_insert(found.ancestors.len());
                continue;
            }
            if !solid(class).is_subclass(&solid(&ancestor)) {
                let name = ancestor.name();
                return Err(Raised::type_error(format!("mro() returned base with unsuitable layout ('{name}')")));
            }
            found.ancestors.push(ancestor);
        }
        Ok(found)
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
        let old_bases = class.bases.get();
        class.set_bases(bases.clone());
        let mut replaced = Vec::new();
        if let Err(raised) = self.reorder(class, &mut replaced) {
            // All goes back to what it was, but for what an `mro` of the script has replaced meanwhile.
            for Replaced { class, old, new } in replaced {
                if same_classes(&class.ancestors(), &new) {
                    class.set_ancestors(old.0, old.1);
                }
            }
            if same_classes(&class.bases.get(), &bases) {
                class.set_bases(old_bases);
            }
            class.changed();
            return Err(raised);
        }
        class.changed();
        Ok(())
    }

    /// Calls a method of a class, whatever the object itself has under the name.
    fn call_method_of(&mut self, class: &Class, name: &str, object: &Value) -> Result<Value> {
        let method = class.lookup(&Str::intern(name)).unwrap_or_default();
        let bound = self.bind(method, object, class)?;
        self.call(&bound, &[])
    }

    /// Computes the search orders of a class with new bases and of those derived from it.
    fn reorder(&mut self, class: &Class, replaced: &mut Vec<Replaced>) -> Result<()> {
        let order = self.search_order(class)?;
        let (class, old) = (class.clone(), (class.ancestors(), class.own_place()));
        replaced.push(Replaced { class: class.clone(), old, new: order.ancestors.clone() });
        order.apply(&class);
        class.changed();
        for derived in class.live_subclasses() {
            self.reorder(&derived, replaced)?;
        }
        Ok(())
    }
}

fn same_classes(left: &[Class], right: &[Class]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same(right))
}

/// Whether a metaclass has an `mro` of its own.
pub(super) fn orders_itself(metaclass: &Class) -> bool {
    !metaclass.same(&types().type_) && !matches!(metaclass.lookup(&Str::intern("mro")), None | Some(Value::Native(_)))
}

/// The C3 order of the ancestors of a class with these bases, without the class itself.
pub fn linearize(bases: &[Class]) -> Result<Vec<Class>> {
    if let [base] = bases {
        return Ok(base.search_order());
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
            let mut sequence = base.search_order();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::class::{ClassObject, Layout};
    use crate::value::{Dict, Gc};

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
}
