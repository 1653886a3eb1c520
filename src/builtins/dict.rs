//! dict.
//!
//! The table itself is `value/dict.rs`, lookups that may need a script's `__eq__` are the VM's. A dict that is walked while script code may run is walked by index, and its length is
//! checked where CPython checks it.

use super::arguments::{Receiver, at_most_one};
use super::wrap;
use crate::native;
use crate::value::dict::DictView;
use crate::value::iterator::{DictPart, IteratorState, ReusedPair};
use crate::value::{Class, Dict, Gc, Instance, Iterator, Mutable, Native, Raised, Result, Value, symbols, types};
use crate::vm::Vm;

/// `dict[key] = value` for a key whose hash is known.
pub fn set(vm: &mut Vm, dict: &Dict, key: Value, hash: i64, value: Value) -> Result<()> {
    match vm.find_in_dict(dict, &key, hash)? {
        Some(index) => drop(dict.replace_at(index, value)),
        None => dict.insert_new(key, hash, value),
    }
    Ok(())
}

/// Takes over the entries of another dict.
pub fn merge(vm: &mut Vm, into: &Gc<Dict>, from: &Gc<Dict>) -> Result<()> {
    if into.same(from) {
        return Ok(());
    }
    if into.is_empty() {
        into.become_copy_of(from);
        return Ok(());
    }
    let length = from.len();
    let mut next = 0;
    while let Some((index, entry)) = from.hashed_entry_from(next) {
        set(vm, into, entry.key, entry.hash, entry.value)?;
        if from.len() != length {
            return Err(Raised::runtime_error("dict mutated during update"));
        }
        next = index + 1;
    }
    Ok(())
}

/// The dict inside, when walking the value is sure to give the dict's own keys: no `__iter__` of a
/// script's class stands in the way.
pub fn plain_dict(value: &Value) -> Option<&Gc<Dict>> {
    let Value::Dict(dict) = value.native() else { return None };
    match value {
        Value::Dict(_) => Some(dict),
        _ => matches!(value.class().lookup(&symbols().iter), Some(Value::Native(_))).then_some(dict),
    }
}

/// `dict.update(source)`: another mapping or an iterable of pairs.
pub fn update(vm: &mut Vm, into: &Gc<Dict>, source: &Value) -> Result<()> {
    if let Some(from) = plain_dict(source) {
        return merge(vm, into, from);
    }
    if let Some(keys) = vm.get_attribute_if_any(source, &symbols().keys)? {
        let keys = vm.call(&keys, &[])?;
        return vm.for_each(&keys, |vm, key| {
            let value = vm.get_item(source, &key)?;
            vm.dict_set(into, key, value)
        });
    }
    let mut index = 0;
    vm.for_each(source, |vm, element| {
        let (key, value) = read_pair(vm, &element, index)?;
        index += 1;
        vm.dict_set(into, key, value)
    })
}

fn read_pair(vm: &mut Vm, element: &Value, index: usize) -> Result<(Value, Value)> {
    let items = match element {
        Value::Tuple(tuple) => tuple.items().to_vec(),
        Value::List(list) => list.snapshot(),
        _ => {
            let iterator = vm.iterate(element).map_err(|raised| {
                if raised.is_a(&types().type_error) {
                    Raised::type_error(format!(
                        "cannot convert dictionary update sequence element #{index} to a sequence"
                    ))
                } else {
                    raised
                }
            })?;
            vm.collect(&iterator)?
        }
    };
    let length = items.len();
    <[Value; 2]>::try_from(items).map(|[key, value]| (key, value)).map_err(|_| {
        Raised::value_error(format!("dictionary update sequence element #{index} has length {length}; 2 is required"))
    })
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    wrap(class, &types().dict, Value::Dict(Gc::new(Dict::new())))
}

fn init(vm: &mut Vm, this: &Gc<Dict>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    update_with(vm, this, at_most_one("dict", arguments, None)?, keywords)
}

fn update_method(vm: &mut Vm, this: &Gc<Dict>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    update_with(vm, this, at_most_one("update", arguments, None)?, keywords)
}

fn update_with(vm: &mut Vm, this: &Gc<Dict>, source: Option<&Value>, keywords: Option<&Gc<Dict>>) -> Result<()> {
    if let Some(source) = source {
        update(vm, this, source)?;
    }
    keywords.map_or(Ok(()), |keywords| merge(vm, this, keywords))
}

fn from_keys(vm: &mut Vm, class: &Class, iterable: &Value, value: Option<Value>) -> Result<Value> {
    let value = value.unwrap_or(Value::None);
    if class.same(&types().dict) {
        let dict = Gc::new(Dict::new());
        super::set::each_key(vm, iterable, |vm, key, hash| match vm.find_in_dict(&dict, &key, hash)? {
            Some(_) => Ok(()),
            None => {
                dict.insert_new(key, hash, value.clone());
                Ok(())
            }
        })?;
        return Ok(Value::Dict(dict));
    }
    let object = vm.call(&Value::Class(class.clone()), &[])?;
    vm.for_each(iterable, |vm, key| vm.set_item(&object, &key, value.clone()))?;
    Ok(object)
}

fn get(vm: &mut Vm, this: &Gc<Dict>, key: &Value, default: Option<&Value>) -> Result<Value> {
    Ok(vm.dict_get(this, key)?.unwrap_or_else(|| default.cloned().unwrap_or(Value::None)))
}

fn set_default(vm: &mut Vm, this: &Gc<Dict>, key: &Value, default: Option<&Value>) -> Result<Value> {
    let hash = vm.hash(key)?;
    if let Some(index) = vm.find_in_dict(this, key, hash)? {
        return Ok(this.value_at(index));
    }
    let value = default.cloned().unwrap_or(Value::None);
    this.insert_new(key.clone(), hash, value.clone());
    Ok(value)
}

fn pop(vm: &mut Vm, this: &Gc<Dict>, key: &Value, default: Option<&Value>) -> Result<Value> {
    match vm.dict_remove(this, key)? {
        Some(value) => Ok(value),
        None => default.cloned().ok_or_else(|| Raised::key_error(key.clone())),
    }
}

fn pop_item(_: &mut Vm, this: &Gc<Dict>) -> Result<Value> {
    let Some((index, ..)) = this.entry_before(usize::MAX) else {
        return Err(Raised::key_error("popitem(): dictionary is empty".into()));
    };
    let (key, value) = this.remove_at(index);
    Ok(Value::tuple(vec![key, value]))
}

fn clear(_: &mut Vm, this: &Gc<Dict>) {
    this.clear();
}

fn copy(_: &mut Vm, this: &Gc<Dict>) -> Value {
    Value::Dict(Gc::new(this.copy()))
}

fn view(dict: &Gc<Dict>, part: DictPart) -> Value {
    let types = types();
    let class = match part {
        DictPart::Keys => &types.dict_keys,
        DictPart::Values => &types.dict_values,
        DictPart::Items => &types.dict_items,
    };
    Value::Instance(Instance::with_payload(class.clone(), DictView { dict: dict.clone(), part }))
}

fn keys(_: &mut Vm, this: &Gc<Dict>) -> Value {
    view(this, DictPart::Keys)
}

fn values(_: &mut Vm, this: &Gc<Dict>) -> Value {
    view(this, DictPart::Values)
}

fn items(_: &mut Vm, this: &Gc<Dict>) -> Value {
    view(this, DictPart::Items)
}

fn len(_: &mut Vm, this: &Gc<Dict>) -> usize {
    this.len()
}

fn contains(vm: &mut Vm, this: &Gc<Dict>, key: &Value) -> Result<bool> {
    let hash = vm.hash(key)?;
    Ok(vm.find_in_dict(this, key, hash)?.is_some())
}

fn get_item(vm: &mut Vm, this: Receiver<'_, Gc<Dict>>, key: &Value) -> Result<Value> {
    if let Some(value) = vm.dict_get(this.inner, key)? {
        return Ok(value);
    }
    if let Value::Instance(_) = this.value
        && let Some(value) = vm.call_special(this.value, &symbols().missing, std::slice::from_ref(key))
    {
        return value;
    }
    Err(Raised::key_error(key.clone()))
}

fn set_item(vm: &mut Vm, this: &Gc<Dict>, key: Value, value: Value) -> Result<()> {
    vm.dict_set(this, key, value)
}

fn delete_item(vm: &mut Vm, this: &Gc<Dict>, key: &Value) -> Result<()> {
    match vm.dict_remove(this, key)? {
        Some(_) => Ok(()),
        None => Err(Raised::key_error(key.clone())),
    }
}

fn or(vm: &mut Vm, this: &Gc<Dict>, other: &Value) -> Result<Value> {
    let Value::Dict(other) = other.native() else { return Ok(Value::NotImplemented) };
    union(vm, this, other)
}

fn or_reflected(vm: &mut Vm, this: &Gc<Dict>, other: &Value) -> Result<Value> {
    let Value::Dict(other) = other.native() else { return Ok(Value::NotImplemented) };
    union(vm, other, this)
}

fn union(vm: &mut Vm, left: &Gc<Dict>, right: &Gc<Dict>) -> Result<Value> {
    let result = Gc::new(left.copy());
    merge(vm, &result, right)?;
    Ok(Value::Dict(result))
}

fn or_in_place(vm: &mut Vm, this: Receiver<'_, Gc<Dict>>, other: &Value) -> Result<Value> {
    update(vm, this.inner, other)?;
    Ok(this.value.clone())
}

fn repr(vm: &mut Vm, this: &Gc<Dict>) -> Result<Value> {
    if this.is_empty() {
        return Ok("{}".into());
    }
    let shown = vm.guard_repr(&Value::Dict(this.clone()), |vm| {
        let mut text = String::from("{");
        let mut next = 0;
        while let Some((index, key, value)) = this.entry_from(next) {
            if text.len() > 1 {
                text.push_str(", ");
            }
            text.push_str(&vm.repr(&key)?);
            text.push_str(": ");
            text.push_str(&vm.repr(&value)?);
            next = index + 1;
        }
        text.push('}');
        Ok(text)
    })?;
    Ok(shown.map_or_else(|| "{...}".into(), Value::from))
}

/// An iterator over keys, values or items.
pub fn iterator(dict: &Gc<Dict>, part: DictPart) -> Value {
    let types = types();
    let class = match part {
        DictPart::Keys => &types.dict_key_iterator,
        DictPart::Values => &types.dict_value_iterator,
        DictPart::Items => &types.dict_item_iterator,
    };
    let state = IteratorState::Dict {
        dict: Mutable::new(Some(dict.clone())),
        index: Default::default(),
        length: dict.len(),
        left: dict.len().into(),
        part,
        pair: ReusedPair::default(),
    };
    Value::Iterator(Iterator::new(class, state))
}

fn iter(_: &mut Vm, this: &Gc<Dict>) -> Value {
    iterator(this, DictPart::Keys)
}

fn reversed(_: &mut Vm, this: &Gc<Dict>) -> Value {
    super::iterators::reversed_dict(this, DictPart::Keys)
}

fn equal_dicts(vm: &mut Vm, left: &Gc<Dict>, right: &Gc<Dict>) -> Result<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    let mut next = 0;
    while let Some((index, entry)) = left.hashed_entry_from(next) {
        let Some(found) = vm.find_in_dict(right, &entry.key, entry.hash)? else { return Ok(false) };
        let other = right.value_at(found);
        if !vm.nest(" in comparison", |vm| vm.equal(&entry.value, &other))? {
            return Ok(false);
        }
        next = index + 1;
    }
    Ok(true)
}

fn equal(vm: &mut Vm, this: &Gc<Dict>, other: &Value) -> Result<Value> {
    match other.native() {
        Value::Dict(other) => equal_dicts(vm, this, other).map(Value::Bool),
        _ => Ok(Value::NotImplemented),
    }
}

fn not_equal(vm: &mut Vm, this: &Gc<Dict>, other: &Value) -> Result<Value> {
    match other.native() {
        Value::Dict(other) => equal_dicts(vm, this, other).map(|equal| Value::Bool(!equal)),
        _ => Ok(Value::NotImplemented),
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes an empty dict.").static_method(),
    native!(
        "__init__(self, /, *args, **kwargs)",
        init(required, rest, keywords),
        "Fills the dict from a mapping or an iterable of pairs, and from keywords."
    ),
    native!("get(self, key, default=None, /)", get(required, required, optional), "Return self[key], or the default."),
    native!(
        "setdefault(self, key, default=None, /)",
        set_default(required, required, optional),
        "Return self[key]; put the default there first if there is none."
    ),
    native!(
        "pop(self, key, default=None, /)",
        pop(required, required, optional),
        "Remove the key and return its value, or the default if one is given."
    ),
    native!("popitem(self, /)", pop_item(required), "Remove and return the pair that was added last."),
    native!(
        "update(self, /, *args, **kwargs)",
        update_method(required, rest, keywords),
        "Update from a mapping or an iterable of pairs, and from keywords."
    ),
    native!("clear(self, /)", clear(required), "Remove all items."),
    native!("copy(self, /)", copy(required), "Return a shallow copy."),
    native!("keys(self, /)", keys(required), "A set-like view on the keys."),
    native!("values(self, /)", values(required), "A view on the values."),
    native!("items(self, /)", items(required), "A set-like view on the items."),
    native!(
        "fromkeys(cls, iterable, value=None, /)",
        from_keys(required, required, optional),
        "Make a dict of the keys in an iterable, all with one value."
    )
    .class_method(),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__setitem__(self, key, value, /)", set_item(required, required, required), "Set self[key] to value."),
    native!("__delitem__(self, key, /)", delete_item(required, required), "Delete self[key]."),
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", or_reflected(required, required), "Return value|self."),
    native!("__ior__(self, value, /)", or_in_place(required, required), "Implement self|=value."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__reversed__(self, /)", reversed(required), "Return a reverse iterator over the keys."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
];
