//! Generic aliases: `list[int]`, a class with arguments for its type parameters.
//!
//! An alias is called and derived from as the class itself; only its text, its arguments and
//! `isinstance`, which rejects it, tell the difference.

use super::{keyword_pairs, object, union};
use crate::memory::Tracer;
use crate::native;
use crate::value::generic::GenericAlias;
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::{Class, Dict, Gc, Instance, Iterator, Mutable, Native, Raised, Result, Str, Value, symbols, types};
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
    let star = if alias.is_unpacked { "*" } else { "" };
    Ok(format!("{star}{origin}[{}]", parts.join(", ")).into())
}

fn origin(_: &mut Vm, this: &Value) -> Result<Value> {
    alias_of(this).map(|alias| alias.origin.clone())
}

fn arguments(_: &mut Vm, this: &Value) -> Result<Value> {
    alias_of(this).map(|alias| Value::Tuple(alias.arguments.clone()))
}

/// An attribute by which an argument says what it can be replaced by; a class says nothing.
fn ask(vm: &mut Vm, argument: &Value, name: &str) -> Result<Option<Value>> {
    match argument {
        Value::Instance(_) => vm.get_attribute_if_any(argument, &Str::intern(name)),
        _ => Ok(None),
    }
}

const SUBSTITUTE: &str = "__typing_subst__";

/// The type variables among arguments, each one once: what can be substituted, and what other arguments name as
/// their parameters.
pub(super) fn type_variables(vm: &mut Vm, arguments: &[Value]) -> Result<Vec<Value>> {
    let mut variables: Vec<Value> = Vec::new();
    for argument in arguments {
        let found = match argument {
            Value::List(list) => type_variables(vm, &list.snapshot())?,
            Value::Tuple(items) => type_variables(vm, items.items())?,
            _ if ask(vm, argument, SUBSTITUTE)?.is_some() => vec![argument.clone()],
            _ => match ask(vm, argument, "__parameters__")? {
                Some(Value::Tuple(inner)) => inner.items().to_vec(),
                _ => Vec::new(),
            },
        };
        for variable in found {
            if !variables.iter().any(|known| known.is(&variable)) {
                variables.push(variable);
            }
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
    let arguments = filled_in(vm, this, inner.arguments.items(), item)?;
    let mut alias = GenericAlias::new(inner.origin.clone(), &Value::tuple(arguments));
    alias.is_unpacked = inner.is_unpacked;
    Ok(alias.value())
}

/// The arguments of an alias (or members of a union) with what `item` gives in the place of type variables.
pub(super) fn filled_in(vm: &mut Vm, alias: &Value, arguments: &[Value], item: &Value) -> Result<Vec<Value>> {
    let variables = type_variables(vm, arguments)?;
    if variables.is_empty() {
        return Err(Raised::type_error(format!("{} is not a generic class", vm.repr(alias)?)));
    }
    let mut given = Vec::new();
    for one in several(item) {
        match ask(vm, &one, "__typing_unpacked_tuple_args__")? {
            Some(Value::Tuple(inner)) if !matches!(inner.items().last(), Some(Value::Ellipsis)) => {
                given.extend_from_slice(inner.items());
            }
            _ => given.push(one),
        }
    }
    for variable in &variables {
        if let Some(prepare) = ask(vm, variable, "__typing_prepare_subst__")? {
            given = several(&vm.call(&prepare, &[alias.clone(), Value::tuple(given)])?);
        }
    }
    if given.len() != variables.len() {
        let amount = if given.len() > variables.len() { "many" } else { "few" };
        return Err(Raised::type_error(format!(
            "Too {amount} arguments for {}; actual {}, expected {}",
            vm.repr(alias)?,
            given.len(),
            variables.len()
        )));
    }
    let mut filled = Vec::new();
    for argument in arguments {
        fill(vm, argument, &variables, &given, &mut filled)?;
    }
    Ok(filled)
}

/// The items of a tuple, or the value alone.
fn several(item: &Value) -> Vec<Value> {
    match item {
        Value::Tuple(items) => items.items().to_vec(),
        single => vec![single.clone()],
    }
}

/// Adds an argument with its type variables replaced to those that are filled in.
fn fill(vm: &mut Vm, argument: &Value, variables: &[Value], given: &[Value], filled: &mut Vec<Value>) -> Result<()> {
    let inside = |vm: &mut Vm, items: &[Value]| {
        let mut inner = Vec::new();
        items.iter().try_for_each(|item| fill(vm, item, variables, given, &mut inner)).map(|()| inner)
    };
    match argument {
        Value::List(list) => {
            let inner = inside(vm, &list.snapshot())?;
            filled.push(Value::list(inner));
            return Ok(());
        }
        Value::Tuple(items) => {
            let inner = inside(vm, items.items())?;
            filled.push(Value::tuple(inner));
            return Ok(());
        }
        _ => {}
    }
    let unpacks = match ask(vm, argument, "__typing_is_unpacked_typevartuple__")? {
        Some(answer) => vm.truth(&answer)?,
        None => false,
    };
    let index = variables.iter().position(|variable| variable.is(argument));
    let value = match (ask(vm, argument, SUBSTITUTE)?, index) {
        (Some(substitute), Some(index)) => vm.call(&substitute, std::slice::from_ref(&given[index]))?,
        _ => with_parameters(vm, argument, variables, given)?,
    };
    match &value {
        Value::Tuple(items) if unpacks => filled.extend_from_slice(items.items()),
        _ => filled.push(value),
    }
    Ok(())
}

/// An argument that has parameters of its own, with these filled in.
fn with_parameters(vm: &mut Vm, argument: &Value, variables: &[Value], given: &[Value]) -> Result<Value> {
    let own = match ask(vm, argument, "__parameters__")? {
        Some(Value::Tuple(own)) if !own.is_empty() => own,
        _ => return Ok(argument.clone()),
    };
    let mut chosen = Vec::new();
    for variable in own.items() {
        let index = variables.iter().position(|known| known.is(variable));
        match index.map(|index| &given[index]) {
            // What stands for several types can be iterated.
            Some(Value::Tuple(several)) if variable.class().lookup(&symbols().iter).is_some() => {
                chosen.extend_from_slice(several.items());
            }
            Some(value) => chosen.push(value.clone()),
            None => chosen.push(variable.clone()),
        }
    }
    vm.get_item(argument, &Value::tuple(chosen))
}

/// `*alias`: the alias once, unpacked.
fn iterate(_: &mut Vm, this: &Value) -> Result<Value> {
    let unpacked = alias_of(this)?.unpacked().value();
    Ok(Iterator::native(&types().generic_alias_iterator, Once(Mutable::new(Some(unpacked)))))
}

/// Gives one value.
struct Once(Mutable<Option<Value>>);

impl NativeIterator for Once {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        Ok(self.0.take())
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        // CPython keeps the plain alias, and unpacks it when it is asked for.
        Ok(match self.0.get().as_ref().map(alias_of) {
            Some(alias) => {
                let alias = alias?;
                Recipe::iter(
                    GenericAlias::new(alias.origin.clone(), &Value::Tuple(alias.arguments.clone())).value(),
                    None,
                )
            }
            None => Recipe::iter(Value::tuple(Vec::new()), None),
        })
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.borrow().iter().for_each(|value| value.trace(tracer));
    }
}

fn is_unpacked(_: &mut Vm, this: &Value) -> Result<bool> {
    alias_of(this).map(|alias| alias.is_unpacked)
}

/// The arguments of an unpacked tuple, else None.
fn unpacked_arguments(_: &mut Vm, this: &Value) -> Result<Value> {
    let alias = alias_of(this)?;
    let is_tuple = matches!(&alias.origin, Value::Class(class) if class.same(&types().tuple));
    Ok(if alias.is_unpacked && is_tuple { Value::Tuple(alias.arguments.clone()) } else { Value::None })
}

fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    let alias = alias_of(this)?;
    let parts = Value::tuple(vec![alias.origin.clone(), Value::Tuple(alias.arguments.clone())]);
    if alias.is_unpacked {
        let plain = GenericAlias::new(alias.origin.clone(), &Value::Tuple(alias.arguments.clone())).value();
        let next = vm.builtins.get_str(&Str::intern("next")).unwrap_or_default();
        let iterator = vm.iterate(&plain)?;
        return Ok(Value::tuple(vec![next, Value::tuple(vec![iterator])]));
    }
    Ok(Value::tuple(vec![Value::Class(types().generic_alias.clone()), parts]))
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
    let same = left.is_unpacked == right.is_unpacked
        && vm.equal(&left.origin, &right.origin)?
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
    native!("__iter__(self, /)", iterate(required), "Implement iter(self)."),
    native!("__reduce__(self, /)", reduce(required), "Helper for pickle."),
    native!("__unpacked__(self, /)", is_unpacked(required), "Whether a star made it.").member(),
    native!(
        "__typing_unpacked_tuple_args__(self, /)",
        unpacked_arguments(required),
        "The arguments of an unpacked tuple."
    )
    .getter(),
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
