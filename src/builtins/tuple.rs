//! tuple.

use super::arguments::at_most_one_for;
use super::slice::{self, Subscript};
use super::{list, sequence, wrap};
use crate::native;
use crate::value::iterator::IteratorState;
use crate::value::{Class, Dict, Gc, Iterator, Native, Raised, Result, Tuple, Value, types};
use crate::vm::{Comparison, Vm};

fn new(vm: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let value = match at_most_one_for(class, &types().tuple, arguments, keywords)? {
        None => Value::tuple(Vec::new()),
        Some(value @ Value::Tuple(_)) => value.clone(),
        Some(iterable) => Value::tuple(vm.collect(iterable)?),
    };
    Ok(wrap(class, &types().tuple, value))
}

fn index(vm: &mut Vm, this: &Gc<Tuple>, item: &Value, start: Option<&Value>, stop: Option<&Value>) -> Result<Value> {
    let (start, stop) = slice::search_bounds(vm, start, stop, this.len())?;
    match sequence::find(vm, &**this, start, stop, item)? {
        Some(index) => Ok(index.into()),
        None => Err(Raised::value_error("tuple.index(x): x not in tuple")),
    }
}

fn count(vm: &mut Vm, this: &Gc<Tuple>, item: &Value) -> Result<usize> {
    sequence::count(vm, &**this, item)
}

fn len(_: &mut Vm, this: &Gc<Tuple>) -> usize {
    this.len()
}

fn contains(vm: &mut Vm, this: &Gc<Tuple>, item: &Value) -> Result<bool> {
    Ok(sequence::find(vm, &**this, 0, usize::MAX, item)?.is_some())
}

fn get_item(vm: &mut Vm, this: &Gc<Tuple>, key: &Value) -> Result<Value> {
    match slice::subscript(vm, key, "tuple")? {
        Subscript::Index(index) => match slice::position(index, this.len()) {
            Some(position) => Ok(this.items()[position].clone()),
            None => Err(Raised::index_error("tuple index out of range")),
        },
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let indices = bounds.adjust(this.len());
            if indices.step == 1 && indices.length == this.len() {
                return Ok(Value::Tuple(this.clone()));
            }
            Ok(Value::tuple(list::slice_items(this.items(), bounds)))
        }
    }
}

fn add(_: &mut Vm, this: &Gc<Tuple>, other: &Value) -> Result<Value> {
    let Value::Tuple(right) = other.native() else {
        let kind = other.type_name();
        return Err(Raised::type_error(format!("can only concatenate tuple (not \"{kind}\") to tuple")));
    };
    if right.is_empty() {
        return Ok(Value::Tuple(this.clone()));
    }
    if this.is_empty() {
        return Ok(Value::Tuple(right.clone()));
    }
    Ok(Value::tuple([this.items(), right.items()].concat()))
}

fn multiply(vm: &mut Vm, this: &Gc<Tuple>, factor: &Value) -> Result<Value> {
    match sequence::repetitions(vm, this.len(), factor)? {
        Some(1) => Ok(Value::Tuple(this.clone())),
        Some(times) => Ok(Value::tuple(sequence::repeat(this.items(), times)?)),
        None => Err(sequence::not_a_factor(factor)),
    }
}

fn repr(vm: &mut Vm, this: &Gc<Tuple>) -> Result<Value> {
    if this.is_empty() {
        return Ok("()".into());
    }
    let shown = vm.guard_repr(&Value::Tuple(this.clone()), |vm| {
        let mut text = String::from("(");
        sequence::show_items(vm, &**this, &mut text)?;
        text.push_str(if this.len() == 1 { ",)" } else { ")" });
        Ok(text)
    })?;
    Ok(shown.map_or_else(|| "(...)".into(), Value::from))
}

fn hash_method(vm: &mut Vm, this: &Gc<Tuple>) -> Result<Value> {
    vm.hash(&Value::Tuple(this.clone())).map(Value::Int)
}

fn iter(_: &mut Vm, this: &Gc<Tuple>) -> Value {
    let state = IteratorState::Tuple { tuple: this.clone(), index: Default::default() };
    Value::Iterator(Iterator::new(&types().tuple_iterator, state))
}

fn get_new_arguments(_: &mut Vm, this: &Gc<Tuple>) -> Value {
    Value::tuple(vec![Value::Tuple(this.clone())])
}

fn compare(vm: &mut Vm, comparison: Comparison, this: &Gc<Tuple>, other: &Value) -> Result<Value> {
    match other.native() {
        Value::Tuple(other) => sequence::compare(vm, comparison, &**this, &**other),
        _ => Ok(Value::NotImplemented),
    }
}

sequence::comparison_rows!(Gc<Tuple>, compare);

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a tuple of an iterable's items.")
        .static_method(),
    native!(
        "index(self, value, start=0, stop=9223372036854775807, /)",
        index(required, required, optional, optional),
        "Return the first index of value."
    ),
    native!("count(self, value, /)", count(required, required), "Return how often value is in the tuple."),
    native!("__len__(self, /)", len(required), "Return len(self)."),
    native!("__contains__(self, key, /)", contains(required, required), "Return key in self."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__add__(self, value, /)", add(required, required), "Return self+value."),
    native!("__mul__(self, value, /)", multiply(required, required), "Return self*value."),
    native!("__rmul__(self, value, /)", multiply(required, required), "Return value*self."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__hash__(self, /)", hash_method(required), "Return hash(self)."),
    native!("__iter__(self, /)", iter(required), "Implement iter(self)."),
    native!("__getnewargs__(self, /)", get_new_arguments(required), "What __new__ needs to make a copy."),
    native!("__eq__(self, value, /)", equal(required, required), "Return self==value."),
    native!("__ne__(self, value, /)", not_equal(required, required), "Return self!=value."),
    native!("__lt__(self, value, /)", less(required, required), "Return self<value."),
    native!("__le__(self, value, /)", less_equal(required, required), "Return self<=value."),
    native!("__gt__(self, value, /)", greater(required, required), "Return self>value."),
    native!("__ge__(self, value, /)", greater_equal(required, required), "Return self>=value."),
];
