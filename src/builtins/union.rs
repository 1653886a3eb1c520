//! Unions of types: `int | None`.

use super::generic_alias::{argument_repr, filled_in, type_variables};
use crate::native;
use crate::value::generic::{GenericAlias, Union};
use crate::value::{Gc, Native, Raised, Result, Str, Tuple, Value, types};
use crate::vm::Vm;

/// Whether `|` takes the value for a type.
fn is_type(value: &Value) -> bool {
    match value {
        Value::None | Value::Class(_) => true,
        Value::Instance(_) => {
            value.payload::<GenericAlias>().is_some()
                || value.payload::<Union>().is_some()
                || matches!(&*value.type_name(), "TypeVar" | "TypeAliasType" | "ParamSpec")
        }
        _ => false,
    }
}

fn add(vm: &mut Vm, members: &mut Vec<Value>, value: &Value) -> Result<()> {
    if let Some(union) = value.payload::<Union>() {
        for member in union.members.items() {
            add(vm, members, member)?;
        }
        return Ok(());
    }
    let member = if value.is_none() { Value::Class(types().none.clone()) } else { value.clone() };
    for known in &*members {
        if vm.equal(known, &member)? {
            return Ok(());
        }
    }
    members.push(member);
    Ok(())
}

/// `left | right`; NotImplemented when one is no type.
pub fn union(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    if !is_type(left) || !is_type(right) {
        return Ok(Value::NotImplemented);
    }
    union_of(vm, &[left.clone(), right.clone()])
}

/// The union of types: the type itself when there is only one.
fn union_of(vm: &mut Vm, values: &[Value]) -> Result<Value> {
    let mut members = Vec::new();
    for value in values {
        add(vm, &mut members, value)?;
    }
    if let [single] = &members[..] {
        return Ok(single.clone());
    }
    Ok(Union { members: Gc::new(Tuple::new(members)) }.value())
}

fn union_in(this: &Value) -> Result<&Union> {
    this.payload::<Union>().ok_or_else(|| Raised::type_error(format!("a union is needed, not '{}'", this.type_name())))
}

fn or(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    union(vm, left, right)
}

fn reflected_or(vm: &mut Vm, right: &Value, left: &Value) -> Result<Value> {
    union(vm, left, right)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let mut parts = Vec::new();
    for member in union_in(this)?.members.items() {
        parts.push(match member {
            Value::Class(class) if class.same(&types().none) => "None".to_string(),
            member => argument_repr(vm, member)?,
        });
    }
    Ok(parts.join(" | ").into())
}

/// Whether every member of one is a member of the other.
fn is_part(vm: &mut Vm, left: &Union, right: &Union) -> Result<bool> {
    for member in left.members.items() {
        let mut found = false;
        for other in right.members.items() {
            found = found || vm.equal(member, other)?;
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn eq(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    let (Some(left), Some(right)) = (this.payload::<Union>(), other.payload::<Union>()) else {
        return Ok(Value::NotImplemented);
    };
    Ok(Value::Bool(is_part(vm, left, right)? && is_part(vm, right, left)?))
}

fn hash(vm: &mut Vm, this: &Value) -> Result<i64> {
    // Independent of the order, as equality is.
    let mut hash = 0;
    for member in union_in(this)?.members.items() {
        hash ^= vm.hash(member)?;
    }
    Ok(hash)
}

fn arguments(_: &mut Vm, this: &Value) -> Result<Value> {
    union_in(this).map(|union| Value::Tuple(union.members.clone()))
}

fn parameters(vm: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::tuple(type_variables(vm, union_in(this)?.members.items())?))
}

fn get_item(vm: &mut Vm, this: &Value, item: &Value) -> Result<Value> {
    let members = filled_in(vm, this, union_in(this)?.members.items(), item)?;
    union_of(vm, &members)
}

fn instance_check(vm: &mut Vm, this: &Value, instance: &Value) -> Result<bool> {
    vm.is_instance(instance, this)
}

fn subclass_check(vm: &mut Vm, this: &Value, class: &Value) -> Result<bool> {
    vm.is_subclass(class, this)
}

pub const METHODS: &[Native] = &[
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", reflected_or(required, required), "Return value|self."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!(
        "__instancecheck__(self, instance, /)",
        instance_check(required, required),
        "Whether an object is an instance of a member."
    ),
    native!(
        "__subclasscheck__(self, subclass, /)",
        subclass_check(required, required),
        "Whether a class is derived from a member."
    ),
    native!("__args__(self, /)", arguments(required), "The tuple of members.").getter(),
    native!("__parameters__(self, /)", parameters(required), "The type variables among the members.").getter(),
];
