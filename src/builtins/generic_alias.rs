//! Generic aliases: `list[int]`, a class with arguments for its type parameters.
//!
//! An alias is called and derived from as the class itself; only its text, its arguments and
//! `isinstance`, which rejects it, tell the difference.

use super::{keyword_pairs, object, union};
use crate::native;
use crate::value::generic::GenericAlias;
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

fn alias_of(this: &Value) -> Result<&GenericAlias> {
    this.payload::<GenericAlias>()
        .ok_or_else(|| Raised::type_error(format!("a generic alias is needed, not '{}'", this.type_name())))
}

fn new(_: &mut Vm, class: &Class, origin: Value, item: &Value) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), GenericAlias::new(origin, item)))
}

/// How an argument of an alias or a member of a union is shown.
pub(super) fn argument_repr(vm: &mut Vm, argument: &Value) -> Result<String> {
    Ok(match argument {
        Value::Ellipsis => "...".to_string(),
        Value::Class(class) => object::full_name(class),
        Value::List(list) => {
            let mut parts = Vec::new();
            for item in list.snapshot() {
                parts.push(argument_repr(vm, &item)?);
            }
            format!("[{}]", parts.join(", "))
        }
        other => vm.repr(other)?.to_string(),
    })
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let alias = alias_of(this)?;
    let origin = argument_repr(vm, &alias.origin)?;
    let mut parts = Vec::new();
    for argument in alias.arguments.items() {
        parts.push(argument_repr(vm, argument)?);
    }
    if parts.is_empty() {
        parts.push("()".to_string());
    }
    Ok(format!("{origin}[{}]", parts.join(", ")).into())
}

fn origin(_: &mut Vm, this: &Value) -> Result<Value> {
    alias_of(this).map(|alias| alias.origin.clone())
}

fn arguments(_: &mut Vm, this: &Value) -> Result<Value> {
    alias_of(this).map(|alias| Value::Tuple(alias.arguments.clone()))
}

/// Whether a value is a type variable of some kind.
fn is_type_variable(value: &Value) -> bool {
    matches!(&*value.type_name(), "TypeVar" | "ParamSpec" | "TypeVarTuple")
}

/// The type variables among arguments, each one once.
pub(super) fn type_variables(vm: &mut Vm, arguments: &[Value]) -> Result<Vec<Value>> {
    let mut variables: Vec<Value> = Vec::new();
    for argument in arguments {
        let mut add = |variable: Value| {
            if !variables.iter().any(|known| known.is(&variable)) {
                variables.push(variable);
            }
        };
        if is_type_variable(argument) {
            add(argument.clone());
        } else if matches!(argument, Value::Instance(_))
            && let Some(Value::Tuple(inner)) = vm.get_attribute_if_any(argument, &Str::intern("__parameters__"))?
        {
            inner.items().iter().cloned().for_each(add);
        }
    }
    Ok(variables)
}

fn parameters(vm: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::tuple(type_variables(vm, alias_of(this)?.arguments.items())?))
}

/// `alias[item]`: puts arguments in the place of type variables.
fn get_item(vm: &mut Vm, this: &Value, item: &Value) -> Result<Value> {
    let inner = alias_of(this)?;
    let variables = type_variables(vm, inner.arguments.items())?;
    let given = match item {
        Value::Tuple(items) => items.items().to_vec(),
        single => vec![single.clone()],
    };
    if variables.is_empty() {
        return Err(Raised::type_error(format!("{} is not a generic class", vm.repr(this)?)));
    }
    if given.len() != variables.len() {
        let amount = if given.len() > variables.len() { "many" } else { "few" };
        return Err(Raised::type_error(format!(
            "Too {amount} arguments for {}; actual {}, expected {}",
            vm.repr(this)?,
            given.len(),
            variables.len()
        )));
    }
    let mut arguments = Vec::new();
    for argument in inner.arguments.items() {
        arguments.push(substitute(vm, argument, &variables, &given)?);
    }
    Ok(GenericAlias::new(inner.origin.clone(), &Value::tuple(arguments)).value())
}

/// An argument with type variables replaced, inside it too.
pub(super) fn substitute(vm: &mut Vm, argument: &Value, variables: &[Value], given: &[Value]) -> Result<Value> {
    if let Some(index) = variables.iter().position(|variable| variable.is(argument)) {
        return Ok(given[index].clone());
    }
    let own = match argument {
        Value::Instance(_) => type_variables(vm, std::slice::from_ref(argument))?,
        _ => Vec::new(),
    };
    if own.is_empty() {
        return Ok(argument.clone());
    }
    let chosen = own.iter().map(|variable| {
        let index = variables.iter().position(|known| known.is(variable));
        index.and_then(|index| given.get(index)).unwrap_or(variable).clone()
    });
    let chosen: Vec<Value> = chosen.collect();
    let item = if let [single] = &chosen[..] { single.clone() } else { Value::tuple(chosen) };
    vm.get_item(argument, &item)
}

fn call(vm: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let origin = alias_of(this)?.origin.clone();
    let object = vm.call_with_pairs(&origin, arguments, &keyword_pairs(keywords))?;
    // Instances of classes of the script remember how they were asked for.
    if let Value::Instance(instance) = &object
        && instance.class_ref().has_dictionary.get()
        && !instance.class_ref().is_builtin()
    {
        let name = Str::intern("__orig_class__");
        if let Err(raised) = vm.set_attribute(&object, &name, this.clone())
            && !raised.is_a(&types().attribute_error)
            && !raised.is_a(&types().type_error)
        {
            return Err(raised);
        }
    }
    Ok(object)
}

fn attribute(vm: &mut Vm, this: &Value, name: &Str) -> Result<Value> {
    let alias = alias_of(this)?;
    vm.get_attribute(&alias.origin, &name.interned())
}

fn mro_entries(_: &mut Vm, this: &Value, _bases: &Value) -> Result<Value> {
    Ok(Value::tuple(vec![alias_of(this)?.origin.clone()]))
}

fn eq(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    let (Some(left), Some(right)) = (this.payload::<GenericAlias>(), other.payload::<GenericAlias>()) else {
        return Ok(Value::NotImplemented);
    };
    let same = vm.equal(&left.origin, &right.origin)?
        && vm.equal(&Value::Tuple(left.arguments.clone()), &Value::Tuple(right.arguments.clone()))?;
    Ok(Value::Bool(same))
}

fn hash(vm: &mut Vm, this: &Value) -> Result<i64> {
    let alias = alias_of(this)?;
    Ok(vm.hash(&alias.origin)? ^ vm.hash(&Value::Tuple(alias.arguments.clone()))?)
}

fn or(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    union::union(vm, left, right)
}

fn reflected_or(vm: &mut Vm, right: &Value, left: &Value) -> Result<Value> {
    union::union(vm, left, right)
}

fn class_get_item(_: &mut Vm, class: &Class, item: &Value) -> Value {
    GenericAlias::new(Value::Class(class.clone()), item).value()
}

/// What makes a builtin class generic.
pub const SUBSCRIPTION: &[Native] = &[native!(
    "__class_getitem__(cls, item, /)",
    class_get_item(required, required),
    "The class with arguments for its type parameters."
)
.class_method()];

pub const METHODS: &[Native] = &[
    native!("__new__(cls, origin, args, /)", new(required, required, required), "Create and return a new object.")
        .static_method(),
    native!("__call__(self, /, *args, **kwargs)", call(required, rest, keywords), "Call self as a function."),
    native!("__getattr__(self, name, /)", attribute(required, required), "The attribute of the class."),
    native!("__getitem__(self, key, /)", get_item(required, required), "Return self[key]."),
    native!("__mro_entries__(self, bases, /)", mro_entries(required, required), "The class to derive from."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
    native!("__or__(self, value, /)", or(required, required), "Return self|value."),
    native!("__ror__(self, value, /)", reflected_or(required, required), "Return value|self."),
    native!("__origin__(self, /)", origin(required), "The class.").getter(),
    native!("__args__(self, /)", arguments(required), "The tuple of arguments.").getter(),
    native!("__parameters__(self, /)", parameters(required), "The type variables among the arguments.").getter(),
];
