//! `itertools.groupby`: runs of items with the same key.
//!
//! What it shares with its groups is the payload of an object that they all refer to, so that the collector
//! counts it once.

use std::cell::Cell;

use super::{COPIES, COPIES_WITH_STATE, class_of, parts, wrong_parts};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::iterator::{IteratorState, NativeIterator, Recipe};
use crate::value::{Class, Instance, Iterator, Mutable, Native, Raised, Result, Value, types};
use crate::vm::Vm;

/// What `groupby` and its groups share.
struct Groups {
    iterator: Value,
    /// None: the item itself.
    key: Value,
    /// The item read ahead and its key; unbound when there is none.
    item: Mutable<Value>,
    item_key: Mutable<Value>,
    /// The key of the group given last; unbound before the first.
    group_key: Mutable<Value>,
    /// Number of that group: an older one has ended.
    group: Cell<usize>,
}

impl Payload for Groups {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iterator.trace(tracer);
        self.key.trace(tracer);
        self.item.borrow().trace(tracer);
        self.item_key.borrow().trace(tracer);
        self.group_key.borrow().trace(tracer);
    }
}

impl Groups {
    /// Reads an item ahead. False at the end.
    fn advance(&self, vm: &mut Vm) -> Result<bool> {
        let Some(item) = vm.next(&self.iterator)? else {
            self.item.set(Value::Unbound);
            return Ok(false);
        };
        let key = if self.key.is_none() { item.clone() } else { vm.call(&self.key, std::slice::from_ref(&item))? };
        self.item.set(item);
        self.item_key.set(key);
        Ok(true)
    }

    /// Whether the item read ahead belongs to the group with this key.
    fn is_in_group(&self, vm: &mut Vm, key: &Value) -> Result<bool> {
        let item = self.item_key.get();
        vm.equal(key, &item)
    }
}

struct GroupBy(Value);

impl NativeIterator for GroupBy {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(groups) = self.0.payload::<Groups>() else { return Ok(None) };
        groups.group.set(groups.group.get() + 1);
        // What is left of the group before is passed over.
        loop {
            if groups.item.borrow().is_unbound() {
                if !groups.advance(vm)? {
                    return Ok(None);
                }
            } else if groups.group_key.borrow().is_unbound() || !groups.is_in_group(vm, &groups.group_key.get())? {
                break;
            } else if !groups.advance(vm)? {
                return Ok(None);
            }
        }
        let key = groups.item_key.get();
        groups.group_key.set(key.clone());
        let group = Group { groups: self.0.clone(), number: groups.group.get(), key: key.clone() };
        Ok(Some(Value::tuple(vec![key, GROUP.with(|class| Iterator::native(class, group))])))
    }

    fn shared(&self) -> Option<(Value, usize)> {
        Some((self.0.clone(), 0))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let Some(groups) = self.0.payload::<Groups>() else { return Err(not_a_groupby()) };
        let state = [groups.item.get(), groups.group_key.get(), groups.item_key.get()];
        let state = state.iter().all(|part| !part.is_unbound()).then(|| Value::tuple(state.to_vec()));
        Ok(Recipe { state, ..Recipe::of_class(vec![groups.iterator.clone(), groups.key.clone()]) })
    }

    fn set_state(&self, _: &mut Vm, state: &Value) -> Result<()> {
        let Some(groups) = self.0.payload::<Groups>() else { return Err(not_a_groupby()) };
        let [item, group_key, item_key] = parts(state)? else { return Err(wrong_parts(3, parts(state)?.len())) };
        groups.item.set(item.clone());
        groups.group_key.set(group_key.clone());
        groups.item_key.set(item_key.clone());
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }
}

#[cold]
fn not_a_groupby() -> Raised {
    Raised::type_error("this is no groupby")
}

struct Group {
    groups: Value,
    number: usize,
    key: Value,
}

impl NativeIterator for Group {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        let Some(groups) = self.groups.payload::<Groups>() else { return Ok(None) };
        if groups.group.get() != self.number {
            return Ok(None);
        }
        if groups.item.borrow().is_unbound() && !groups.advance(vm)? {
            return Ok(None);
        }
        if !groups.is_in_group(vm, &self.key)? {
            return Ok(None);
        }
        Ok(groups.item.take().bound())
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let is_over = self.groups.payload::<Groups>().is_none_or(|groups| groups.group.get() != self.number);
        if is_over {
            return Ok(Recipe::iter(Value::tuple(Vec::new()), None));
        }
        let parent = GROUP_BY.with(|class| Iterator::native(class, GroupBy(self.groups.clone())));
        Ok(Recipe::of_class(vec![parent, self.key.clone()]))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.groups.trace(tracer);
        self.key.trace(tracer);
    }
}

thread_local! {
    static GROUP_BY: Class = class_of(&("groupby", ROWS, COPIES_WITH_STATE));
    static GROUP: Class = class_of(&("_grouper", GROUP_ROWS, COPIES));
}

pub fn classes() -> [Class; 2] {
    [GROUP_BY.with(Class::clone), GROUP.with(Class::clone)]
}

const ROWS: &[Native] = &[native!(
    "__new__(cls, /, iterable, key=None)",
    new_groupby(required, required, optional),
    "Runs of items with the same key."
)
.static_method()];

const GROUP_ROWS: &[Native] = &[native!(
    "__new__(cls, parent, tgtkey, /)",
    new_group(required, required, required),
    "The items of a groupby with one key."
)
.static_method()];

/// The group of a groupby from now on.
fn new_group(_: &mut Vm, class: &Class, parent: &Value, key: &Value) -> Result<Value> {
    let groups = match parent.native() {
        Value::Iterator(iterator) => match &iterator.state {
            IteratorState::Native(state) => state.shared().map(|(groups, _)| groups),
            _ => None,
        },
        _ => None,
    };
    let Some(groups) = groups.filter(|groups| groups.payload::<Groups>().is_some()) else {
        return Err(Raised::type_error(format!("argument 1 must be itertools.groupby, not {}", parent.type_name())));
    };
    let number = groups.payload::<Groups>().map_or(0, |shared| {
        shared.group.set(shared.group.get() + 1);
        shared.group.get()
    });
    Ok(super::native_iterator(class, Group { groups, number, key: key.clone() }))
}

fn new_groupby(vm: &mut Vm, class: &Class, iterable: &Value, key: Option<Value>) -> Result<Value> {
    let groups = Groups {
        iterator: vm.iterate(iterable)?,
        key: key.unwrap_or(Value::None),
        item: Mutable::default(),
        item_key: Mutable::default(),
        group_key: Mutable::default(),
        group: Cell::new(0),
    };
    let groups = Value::Instance(Instance::with_payload(types().object.clone(), groups));
    Ok(super::native_iterator(class, GroupBy(groups)))
}
