//! set and frozenset.
//!
//! Which operand is walked, when room is made and what is copied follow CPython (Objects/setobject.c),
//! because the order of a set shows it. The table is `value/set.rs`; lookups that may need a
//! script's `__eq__` are the VM's.

use super::arguments::{Receiver, at_most_one, at_most_one_for};
use super::wrap;
use crate::native;
use crate::value::iterator::IteratorState;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Iterator, Mutable, Native, Raised, Result, Set, Value, types};
use crate::vm::{Comparison, Vm};

/// A set or a frozenset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Changeable,
    Frozen,
}

impl Kind {
    fn of(set: &Set) -> Kind {
        if set.is_frozen() { Kind::Frozen } else { Kind::Changeable }
    }

    fn empty(self) -> Set {
        match self {
            Kind::Changeable => Set::new(),
            Kind::Frozen => Set::new_frozen(),
        }
    }
}

/// The receiver of a method that changes it: a set, not a frozenset.
struct Changeable<'a> {
    value: &'a Value,
    set: &'a Gc<Set>,
}

impl<'a> FromArgument<'a> for Changeable<'a> {
    #[inline]
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.native() {
            Value::Set(set) if !set.is_frozen() => Ok(Changeable { value, set }),
            _ => Err(Mismatch::Expected("set")),
        }
    }
}

fn as_set(value: &Value) -> Option<&Gc<Set>> {
    match value.native() {
        Value::Set(set) => Some(set),
        _ => None,
    }
}

fn add_hashed(vm: &mut Vm, set: &Set, key: Value, hash: i64) -> Result<()> {
    if vm.find_in_set(set, &key, hash)?.is_none() {
        set.insert_new(key, hash);
    }
    Ok(())
}

/// Whether the key was there.
fn remove_hashed(vm: &mut Vm, set: &Set, key: &Value, hash: i64) -> Result<bool> {
    let found = vm.find_in_set(set, key, hash)?;
    if let Some(index) = found {
        drop(set.remove_at(index));
    }
    Ok(found.is_some())
}

/// Runs `visit` on all keys of an iterable with their hashes, which sets and dicts know.
pub(super) fn each_key(
    vm: &mut Vm,
    iterable: &Value,
    mut visit: impl FnMut(&mut Vm, Value, i64) -> Result<()>,
) -> Result<()> {
    let mut next = 0;
    if let Some(set) = as_set(iterable) {
        while let Some((index, key, hash)) = set.key_from(next) {
            visit(vm, key, hash)?;
            next = index + 1;
        }
        Ok(())
    } else if let Value::Dict(dict) = iterable {
        while let Some((index, entry)) = dict.hashed_entry_from(next) {
            visit(vm, entry.key, entry.hash)?;
            next = index + 1;
        }
        Ok(())
    } else {
        vm.for_each(iterable, |vm, key| {
            let hash = vm.hash(&key)?;
            visit(vm, key, hash)
        })
    }
}

/// A set of the items of an iterable.
pub fn from_iterable(vm: &mut Vm, iterable: &Value, kind: Kind) -> Result<Set> {
    let set = kind.empty();
    fill(vm, &set, iterable)?;
    Ok(set)
}

/// Adds the items of an iterable.
pub fn update(vm: &mut Vm, set: &Gc<Set>, iterable: &Value) -> Result<()> {
    if as_set(iterable).is_some_and(|other| other.same(set)) {
        return Ok(());
    }
    fill(vm, set, iterable)
}

fn fill(vm: &mut Vm, set: &Set, iterable: &Value) -> Result<()> {
    if let Some(other) = as_set(iterable) {
        if set.fill_from(other) {
            return Ok(());
        }
    } else if let Value::Dict(dict) = iterable {
        set.reserve_merge(dict.len());
    }
    each_key(vm, iterable, |vm, key, hash| add_hashed(vm, set, key, hash))
}

/// The keys that are in both: the smaller of two sets is walked.
pub fn intersection(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Gc<Set>> {
    let result = Kind::of(this).empty();
    let smaller;
    let (mut container, mut walked) = (this, other);
    if let Some(other) = as_set(other) {
        if other.same(this) {
            return Ok(Gc::new(this.copy(this.is_frozen())));
        }
        if other.len() > this.len() {
            smaller = Value::Set(this.clone());
            (container, walked) = (other, &smaller);
        }
    }
    each_key(vm, walked, |vm, key, hash| {
        if vm.find_in_set(container, &key, hash)?.is_some() {
            add_hashed(vm, &result, key, hash)?;
        }
        Ok(())
    })?;
    Ok(Gc::new(result))
}

/// Removes the items of an iterable.
pub fn difference_update(vm: &mut Vm, set: &Gc<Set>, iterable: &Value) -> Result<()> {
    let common;
    let mut walked = iterable;
    if let Some(other) = as_set(iterable) {
        if other.same(set) {
            set.clear();
            return Ok(());
        }
        // A set much larger than this one is not walked.
        if other.len() >> 3 > set.len() {
            common = Value::Set(intersection(vm, set, iterable)?);
            walked = &common;
        }
    }
    each_key(vm, walked, |vm, key, hash| remove_hashed(vm, set, &key, hash).map(drop))?;
    set.close_holes();
    Ok(())
}

fn difference_of(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Gc<Set>> {
    let other_length = match other {
        Value::Dict(dict) => Some(dict.len()),
        other => as_set(other).map(|set| set.len()),
    };
    if other_length.is_none_or(|length| this.len() >> 2 > length) {
        let result = Gc::new(this.copy(this.is_frozen()));
        difference_update(vm, &result, other)?;
        return Ok(result);
    }
    let result = Kind::of(this).empty();
    let mut next = 0;
    while let Some((index, key, hash)) = this.key_from(next) {
        let found = match other {
            Value::Dict(dict) => vm.find_in_dict(dict, &key, hash)?.is_some(),
            other => match as_set(other) {
                Some(set) => vm.find_in_set(set, &key, hash)?.is_some(),
                None => false,
            },
        };
        if !found {
            add_hashed(vm, &result, key, hash)?;
        }
        next = index + 1;
    }
    Ok(Gc::new(result))
}

/// Keeps what is in exactly one of the two.
pub fn symmetric_difference_update(vm: &mut Vm, set: &Gc<Set>, iterable: &Value) -> Result<()> {
    let other = match iterable {
        Value::Dict(_) => iterable.clone(),
        _ => match as_set(iterable) {
            Some(other) if other.same(set) => {
                set.clear();
                return Ok(());
            }
            Some(other) => Value::Set(other.clone()),
            None => Value::Set(Gc::new(from_iterable(vm, iterable, Kind::Changeable)?)),
        },
    };
    each_key(vm, &other, |vm, key, hash| {
        if !remove_hashed(vm, set, &key, hash)? {
            add_hashed(vm, set, key, hash)?;
        }
        Ok(())
    })
}

fn symmetric_difference_of(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Gc<Set>> {
    let result = Gc::new(from_iterable(vm, other, Kind::of(this))?);
    symmetric_difference_update(vm, &result, &Value::Set(this.clone()))?;
    Ok(result)
}

/// Whether all keys of one set are in another.
fn is_subset_of(vm: &mut Vm, left: &Set, right: &Set) -> Result<bool> {
    if left.len() > right.len() {
        return Ok(false);
    }
    let mut next = 0;
    while let Some((index, key, hash)) = left.key_from(next) {
        if vm.find_in_set(right, &key, hash)?.is_none() {
            return Ok(false);
        }
        next = index + 1;
    }
    Ok(true)
}

fn new(_: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    if class.same(&types().set) {
        at_most_one("set", arguments, keywords)?;
    }
    Ok(wrap(class, &types().set, Value::Set(Gc::new(Set::new()))))
}

fn init(vm: &mut Vm, this: Changeable<'_>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    let iterable = at_most_one("set", arguments, keywords)?;
    if !this.set.is_empty() {
        this.set.clear();
    }
    iterable.map_or(Ok(()), |iterable| update(vm, this.set, iterable))
}

fn new_frozen(vm: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let value = match at_most_one_for(class, &types().frozenset, arguments, keywords)? {
        None => Value::Set(Gc::new(Set::new_frozen())),
        Some(value @ Value::Set(set)) if set.is_frozen() => value.clone(),
        Some(iterable) => Value::Set(Gc::new(from_iterable(vm, iterable, Kind::Frozen)?)),
    };
    Ok(wrap(class, &types().frozenset, value))
}

fn add(vm: &mut Vm, this: Changeable<'_>, key: Value) -> Result<()> {
    vm.set_add(this.set, key).map(drop)
}

fn remove(vm: &mut Vm, this: Changeable<'_>, key: &Value) -> Result<()> {
    if vm.set_remove(this.set, key)? { Ok(()) } else { Err(Raised::key_error(key.clone())) }
}

fn discard(vm: &mut Vm, this: Changeable<'_>, key: &Value) -> Result<()> {
    vm.set_remove(this.set, key).map(drop)
}

fn pop(_: &mut Vm, this: Changeable<'_>) -> Result<Value> {
    this.set.pop().ok_or_else(|| Raised::key_error("pop from an empty set".into()))
}

fn clear(_: &mut Vm, this: Changeable<'_>) {
    this.set.clear();
}

fn copy(_: &mut Vm, this: &Gc<Set>) -> Value {
    if this.is_frozen() { Value::Set(this.clone()) } else { Value::Set(Gc::new(this.copy(false))) }
}

fn union(vm: &mut Vm, this: &Gc<Set>, others: &[Value]) -> Result<Value> {
    let result = Gc::new(this.copy(this.is_frozen()));
    for other in others {
        update(vm, &result, other)?;
    }
    Ok(Value::Set(result))
}

fn update_method(vm: &mut Vm, this: Changeable<'_>, others: &[Value]) -> Result<()> {
    others.iter().try_for_each(|other| update(vm, this.set, other))
}

fn intersection_method(vm: &mut Vm, this: &Gc<Set>, others: &[Value]) -> Result<Value> {
    if others.is_empty() {
        return Ok(Value::Set(Gc::new(this.copy(this.is_frozen()))));
    }
    let mut result = this.clone();
    for other in others {
        result = intersection(vm, &result, other)?;
    }
    Ok(Value::Set(result))
}

fn intersection_update(vm: &mut Vm, this: Changeable<'_>, others: &[Value]) -> Result<()> {
    if let Value::Set(result) = intersection_method(vm, this.set, others)? {
        this.set.take_from(&result);
    }
    Ok(())
}

fn difference(vm: &mut Vm, this: &Gc<Set>, others: &[Value]) -> Result<Value> {
    let [first, rest @ ..] = others else { return Ok(copy(vm, this)) };
    let result = difference_of(vm, this, first)?;
    for other in rest {
        difference_update(vm, &result, other)?;
    }
    Ok(Value::Set(result))
}

fn difference_update_method(vm: &mut Vm, this: Changeable<'_>, others: &[Value]) -> Result<()> {
    others.iter().try_for_each(|other| difference_update(vm, this.set, other))
}

fn symmetric_difference(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
    Ok(Value::Set(symmetric_difference_of(vm, this, other)?))
}

fn symmetric_difference_update_method(vm: &mut Vm, this: Changeable<'_>, other: &Value) -> Result<()> {
    symmetric_difference_update(vm, this.set, other)
}

fn is_disjoint(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<bool> {
    if let Some(other) = as_set(other) {
        let (smaller, larger) = if other.len() > this.len() { (this, other) } else { (other, this) };
        let mut next = 0;
        while let Some((index, key, hash)) = smaller.key_from(next) {
            if vm.find_in_set(larger, &key, hash)?.is_some() {
                return Ok(false);
            }
            next = index + 1;
        }
        return Ok(true);
    }
    let iterator = vm.iterate(other)?;
    while let Some(key) = vm.next(&iterator)? {
        let hash = vm.hash(&key)?;
        if vm.find_in_set(this, &key, hash)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_subset(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<bool> {
    match as_set(other) {
        Some(other) => is_subset_of(vm, this, other),
        None => {
            let other = from_iterable(vm, other, Kind::Changeable)?;
            is_subset_of(vm, this, &other)
        }
    }
}

fn is_superset(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<bool> {
    if let Some(other) = as_set(other) {
        return is_subset_of(vm, other, this);
    }
    let iterator = vm.iterate(other)?;
    while let Some(key) = vm.next(&iterator)? {
        let hash = vm.hash(&key)?;
        if vm.find_in_set(this, &key, hash)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn len(_: &mut Vm, this: &Gc<Set>) -> usize {
    this.len()
}

fn contains(vm: &mut Vm, this: &Gc<Set>, key: &Value) -> Result<bool> {
    vm.set_contains(this, key)
}

fn iter(_: &mut Vm, this: &Gc<Set>) -> Value {
    let state =
        IteratorState::Set { set: Mutable::new(Some(this.clone())), index: Default::default(), length: this.len() };
    Value::Iterator(Iterator::new(&types().set_iterator, state))
}

fn repr(vm: &mut Vm, this: Receiver<'_, Gc<Set>>) -> Result<Value> {
    let (set, name) = (this.inner, this.value.type_name());
    if set.is_empty() {
        return Ok(format!("{name}()").into());
    }
    let shown = vm.guard_repr(&Value::Set(set.clone()), |vm| {
        let mut text = String::from("{");
        for (key, _) in set.snapshot() {
            if text.len() > 1 {
                text.push_str(", ");
            }
            text.push_str(&vm.repr(&key)?);
        }
        text.push('}');
        Ok(text)
    })?;
    Ok(match shown {
        None => format!("{name}(...)"),
        Some(text) if this.value.class().same(&types().set) => text,
        Some(text) => format!("{name}({text})"),
    }
    .into())
}

fn hash(vm: &mut Vm, this: &Gc<Set>) -> Result<Value> {
    vm.hash(&Value::Set(this.clone())).map(Value::Int)
}

/// The rows of an operator: `__op__` and `__rop__` for two sets, `__iop__` for a set that is changed.
macro_rules! operators {
    ($($name:ident $reflected:ident $in_place:ident $compute:path, $change:path;)*) => {
        $(fn $name(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
            if as_set(other).is_none() {
                return Ok(Value::NotImplemented);
            }
            $compute(vm, this, other)
        }

        fn $reflected(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
            match as_set(other) {
                Some(left) => $compute(vm, left, &Value::Set(this.clone())),
                None => Ok(Value::NotImplemented),
            }
        }

        fn $in_place(vm: &mut Vm, this: Changeable<'_>, other: &Value) -> Result<Value> {
            if as_set(other).is_none() {
                return Ok(Value::NotImplemented);
            }
            $change(vm, this.set, other)?;
            Ok(this.value.clone())
        })*
    };
}

operators! {
    and and_reflected and_in_place intersection_value, keep_common;
    or or_reflected or_in_place union_value, update;
    subtract subtract_reflected subtract_in_place difference_value, difference_update;
    xor xor_reflected xor_in_place symmetric_difference, symmetric_difference_update;
}

fn intersection_value(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
    intersection(vm, this, other).map(Value::Set)
}

fn union_value(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
    union(vm, this, std::slice::from_ref(other))
}

fn difference_value(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<Value> {
    difference_of(vm, this, other).map(Value::Set)
}

fn keep_common(vm: &mut Vm, this: &Gc<Set>, other: &Value) -> Result<()> {
    let result = intersection(vm, this, other)?;
    this.take_from(&result);
    Ok(())
}

/// Comparisons are subset tests.
fn compare(vm: &mut Vm, comparison: Comparison, this: &Gc<Set>, other: &Value) -> Result<Value> {
    let Some(other) = as_set(other) else { return Ok(Value::NotImplemented) };
    let (length, other_length) = (this.len(), other.len());
    let holds = match comparison {
        Comparison::Equal => length == other_length && is_subset_of(vm, this, other)?,
        Comparison::NotEqual => length != other_length || !is_subset_of(vm, this, other)?,
        Comparison::Less => length < other_length && is_subset_of(vm, this, other)?,
        Comparison::LessEqual => is_subset_of(vm, this, other)?,
        Comparison::Greater => length > other_length && is_subset_of(vm, other, this)?,
        Comparison::GreaterEqual => is_subset_of(vm, other, this)?,
    };
    Ok(Value::Bool(holds))
}

super::sequence::comparison_rows!(Gc<Set>, compare);

/// What only set has; see `SHARED`.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes an empty set.").static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Fills the set from an iterable."),
    native!("add(self, object, /)", add(required, required), "Add an element."),
    native!("remove(self, object, /)", remove(required, required), "Remove an element; KeyError if it is missing."),
    native!("discard(self, object, /)", discard(required, required), "Remove an element if it is there."),
    native!("pop(self, /)", pop(required), "Remove and return some element; KeyError if there is none."),
    native!("clear(self, /)", clear(required), "Remove all elements."),
    native!("update(self, /, *others)", update_method(required, rest), "Add the elements of all others."),
    native!(
        "intersection_update(self, /, *others)",
        intersection_update(required, rest),
        "Keep only the elements that are in all others."
    ),
    native!(
        "difference_update(self, /, *others)",
        difference_update_method(required, rest),
        "Remove the elements of all others."
    ),
    native!(
        "symmetric_difference_update(self, other, /)",
        symmetric_difference_update_method(required, required),
        "Keep the elements that are in exactly one of the two."
    ),
    native!("__iand__(self, value, /)", and_in_place(required, required), "Return self&=value."),
    native!("__ior__(self, value, /)", or_in_place(required, required), "Return self|=value."),
    native!("__isub__(self, value, /)", subtract_in_place(required, required), "Return self-=value."),
    native!("__ixor__(self, value, /)", xor_in_place(required, required), "Return self^=value."),
];

/// What only frozenset has; see `SHARED`.
pub const FROZEN_METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *args, **kwargs)",
        new_frozen(required, rest, keywords),
        "Makes a frozenset of an iterable's items."
    )
    .static_method(),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
];

/// What set and frozenset have in common.
pub const SHARED: &[Native] = &[
    native!("copy(self, /)", copy(required), "Return a shallow copy."),
    native!("union(self, /, *others)", union(required, rest), "The elements of all."),
    native!("intersection(self, /, *others)", intersection_method(required, rest), "The elements common to all."),
    native!("difference(self, /, *others)", difference(required, rest), "The elements that are in no other."),
    native!(
        "symmetric_difference(self, other, /)",
        symmetric_difference(required, required),
        "The elements that are in exactly one of the two."
    ),
    native!("isdisjoint(self, other, /)", is_disjoint(required, required), "Whether they have nothing in common."),
    native!("issubset(self, other, /)", is_subset(required, required), "Whether the other contains all of this set."),
    native!("issuperset(self, other, /)", is_superset(required, required), "Whether this set contains all of other."),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__contains__(self, object, /)", contains(required, required), "Return object in self."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__and__(self, value, /)", and(required, required), "Return self&value."),
    native!("__rand__(self, value, /)", and_reflected(required, required), "Return value&self."),
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", or_reflected(required, required), "Return value|self."),
    native!("__sub__(self, value, /)", subtract(required, required), "Return self-value."),
    native!("__rsub__(self, value, /)", subtract_reflected(required, required), "Return value-self."),
    native!("__xor__(self, value, /)", xor(required, required), "Return self^value."),
    native!("__rxor__(self, value, /)", xor_reflected(required, required), "Return value^self."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", less(required, required), "Return self<value."),
    native!("__le__(self, value, /)", less_equal(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", greater(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", greater_equal(required, required), "Return self>=value."),
];
