//! dict_keys, dict_values and dict_items: windows on a dict.
//!
//! Keys and items are sets in all but name: they compare and combine with sets and with each other,
//! and, as left operands, with any iterable. The results are plain sets.

use super::{dict, iterators, set};
use crate::native;
use crate::value::dict::DictView;
use crate::value::iterator::DictPart;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Gc, Native, Raised, Result, Set, Value, types};
use crate::vm::{Comparison, Vm};

impl<'a> FromArgument<'a> for &'a DictView {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<DictView>().ok_or(Mismatch::Expected("dict view"))
    }
}

/// The view behind a value, if it is one of keys or items.
fn set_like(value: &Value) -> Option<&DictView> {
    value.payload::<DictView>().filter(|view| view.part != DictPart::Values)
}

/// How many keys a set or a set-like view has; None for anything else.
fn set_length(value: &Value) -> Option<usize> {
    match value.native() {
        Value::Set(set) => Some(set.len()),
        other => set_like(other).map(|view| view.dict.len()),
    }
}

fn len(_: &mut Vm, this: &DictView) -> usize {
    this.dict.len()
}

fn iter(_: &mut Vm, this: &DictView) -> Value {
    dict::iterator(&this.dict, this.part)
}

fn reversed(_: &mut Vm, this: &DictView) -> Value {
    iterators::reversed_dict(&this.dict, this.part)
}

fn mapping(vm: &mut Vm, this: &DictView) -> Result<Value> {
    vm.call(&Value::Class(types().mappingproxy.clone()), &[Value::Dict(this.dict.clone())])
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Value> {
    let Some(view) = this.payload::<DictView>() else {
        return Err(Raised::type_error("__repr__() argument must be a dict view"));
    };
    let shown = vm.guard_repr(this, |vm| {
        let mut text = format!("{}([", this.type_name());
        let mut next = 0;
        while let Some((index, key, value)) = view.dict.entry_from(next) {
            let item = match view.part {
                DictPart::Keys => key,
                DictPart::Values => value,
                DictPart::Items => Value::tuple(vec![key, value]),
            };
            if next > 0 {
                text.push_str(", ");
            }
            text.push_str(&vm.repr(&item)?);
            next = index + 1;
        }
        text.push_str("])");
        Ok(text)
    })?;
    Ok(shown.map_or_else(|| "...".into(), Value::from))
}

/// `item in view`, for keys and items.
fn contains(vm: &mut Vm, this: &DictView, item: &Value) -> Result<bool> {
    if this.part == DictPart::Keys {
        let hash = vm.hash(item)?;
        return Ok(vm.find_in_dict(&this.dict, item, hash)?.is_some());
    }
    let Value::Tuple(pair) = item.native() else { return Ok(false) };
    let [key, value] = pair.items() else { return Ok(false) };
    match vm.dict_get(&this.dict, key)? {
        Some(found) => vm.equal(&found, value),
        None => Ok(false),
    }
}

/// A set of the items; for a view on keys by the short way that sets have for dicts, as in CPython.
fn new_set(vm: &mut Vm, iterable: &Value) -> Result<Gc<Set>> {
    if let Some(DictView { dict, part: DictPart::Keys }) = iterable.payload() {
        return new_set(vm, &Value::Dict(dict.clone()));
    }
    Ok(Gc::new(set::from_iterable(vm, iterable, set::Kind::Changeable)?))
}

/// `view & other` and `other & view`: walks the smaller of two sets, as CPython does.
fn and(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    let (mut view, mut walked) = (this, other);
    let length = set_length(this).unwrap_or(0);
    if let Value::Set(set) = other
        && !set.is_frozen()
        && length <= set.len()
    {
        return Ok(Value::Set(set::intersection(vm, set, this)?));
    }
    if set_like(other).is_some_and(|other| other.dict.len() > length) {
        (view, walked) = (other, this);
    }
    let Some(view) = set_like(view) else { return Ok(Value::NotImplemented) };
    let result = Gc::new(Set::new());
    vm.for_each(walked, |vm, item| {
        if contains(vm, view, &item)? {
            vm.set_add(&result, item)?;
        }
        Ok(())
    })?;
    Ok(Value::Set(result))
}

fn or_of(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    let result = new_set(vm, left)?;
    set::update(vm, &result, right)?;
    Ok(Value::Set(result))
}

fn subtract_of(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    let result = new_set(vm, left)?;
    set::difference_update(vm, &result, right)?;
    Ok(Value::Set(result))
}

fn xor_of(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    let result = new_set(vm, left)?;
    set::symmetric_difference_update(vm, &result, right)?;
    Ok(Value::Set(result))
}

fn or_reflected(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    or_of(vm, other, this)
}

fn subtract_reflected(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    subtract_of(vm, other, this)
}

fn xor_reflected(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    xor_of(vm, other, this)
}

fn is_disjoint(vm: &mut Vm, this: &Value, other: &Value) -> Result<bool> {
    let (mut container, mut walked) = (this, other);
    if set_length(other) > set_length(this) {
        (container, walked) = (other, this);
    }
    let iterator = vm.iterate(walked)?;
    while let Some(item) = vm.next(&iterator)? {
        if vm.contains(container, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all items of `left` are in `right`.
fn all_contained(vm: &mut Vm, left: &Value, right: &Value) -> Result<bool> {
    let iterator = vm.iterate(left)?;
    while let Some(item) = vm.next(&iterator)? {
        if !vm.contains(right, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Comparisons are subset tests, with sets and set-like views.
fn compare(vm: &mut Vm, comparison: Comparison, this: &Value, other: &Value) -> Result<Value> {
    let (Some(length), Some(other_length)) = (set_length(this), set_length(other)) else {
        return Ok(Value::NotImplemented);
    };
    let holds = match comparison {
        Comparison::Equal => length == other_length && all_contained(vm, this, other)?,
        Comparison::NotEqual => length != other_length || !all_contained(vm, this, other)?,
        Comparison::Less => length < other_length && all_contained(vm, this, other)?,
        Comparison::LessEqual => length <= other_length && all_contained(vm, this, other)?,
        Comparison::Greater => length > other_length && all_contained(vm, other, this)?,
        Comparison::GreaterEqual => length >= other_length && all_contained(vm, other, this)?,
    };
    Ok(Value::Bool(holds))
}

super::sequence::comparison_rows!(Value, compare);

/// dict_values.
pub const VALUES: &[Native] = &[
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "Return a reverse iterator over the view."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("mapping(self, /)", mapping(required), "The dict that this view is on.").getter(),
];

/// dict_keys and dict_items.
pub const SET_LIKE: &[Native] = &[
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "Return a reverse iterator over the view."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("mapping(self, /)", mapping(required), "The dict that this view is on.").getter(),
    native!("isdisjoint(self, other, /)", is_disjoint(required, required), "Whether they have nothing in common."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__and__(self, value, /)", and(required, required), "Return self&value."),
    native!("__rand__(self, value, /)", and(required, required), "Return value&self."),
    native!("__or__(self, value, /)", or_of(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", or_reflected(required, required), "Return value|self."),
    native!("__sub__(self, value, /)", subtract_of(required, required), "Return self-value."),
    native!("__rsub__(self, value, /)", subtract_reflected(required, required), "Return value-self."),
    native!("__xor__(self, value, /)", xor_of(required, required), "Return self^value."),
    native!("__rxor__(self, value, /)", xor_reflected(required, required), "Return value^self."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", less(required, required), "Return self<value."),
    native!("__le__(self, value, /)", less_equal(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", greater(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", greater_equal(required, required), "Return self>=value."),
];
