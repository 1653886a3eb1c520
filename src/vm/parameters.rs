//! Parameters: which argument of a call goes to which, and what is wrong when that cannot be said.

use smallvec::SmallVec;

use crate::value::{Dict, Function, Gc, Raised, Result, Str, Tuple, Value};

use super::Vm;
use super::call::Bound;

/// Binds arguments to parameters, as the language reference says under "Calls". The errors are CPython's
/// (Python/ceval.c, initialize_locals).
pub(super) fn bind(vm: &mut Vm, function: &Gc<Function>, arguments: &mut Bound, names: &[Str]) -> Result<Bound> {
    let object = &function.code;
    let code = &object.code;
    let positional = code.positional_count as usize;
    let keyword_only = code.keyword_only_count as usize;
    let named = positional + keyword_only;
    let given = arguments.len() - names.len();
    let total = named + code.has_star as usize + code.has_double_star as usize;
    let mut bound: Bound = SmallVec::from_elem(Value::Unbound, total);
    let mut values = arguments.drain(..);
    let mut extra = Vec::new();
    for index in 0..given {
        let value = values.next().unwrap_or_default();
        if index < positional {
            bound[index] = value;
        } else {
            extra.push(value);
        }
    }
    let extra_count = extra.len();
    if code.has_star {
        bound[named] = Value::tuple(extra);
    }
    let keywords = code.has_double_star.then(|| Gc::new(Dict::new()));
    let mut positional_only_as_keywords: Vec<Str> = Vec::new();
    let parameters = &object.parameter_names;
    for (name, value) in names.iter().zip(values) {
        let place = parameters[..named].iter().position(|parameter| parameter.same(name) || **parameter == **name);
        match place {
            Some(index) if index >= code.positional_only_count as usize => {
                if !bound[index].is_unbound() {
                    return Err(Raised::type_error(format!(
                        "{}() got multiple values for argument '{name}'",
                        function.qualified_name()
                    )));
                }
                bound[index] = value;
            }
            place => match &keywords {
                Some(keywords) => keywords.set_str(name, value),
                None if place.is_some() => positional_only_as_keywords.push(name.clone()),
                None => return Err(unexpected_keyword(vm, function, name)),
            },
        }
    }
    if !positional_only_as_keywords.is_empty() {
        let list: Vec<&str> = positional_only_as_keywords.iter().map(|name| &**name).collect();
        return Err(Raised::type_error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            function.qualified_name(),
            list.join(", ")
        )));
    }
    if let Some(keywords) = keywords {
        bound[total - 1] = Value::Dict(keywords);
    }
    let defaults = function.defaults.get();
    let default_count = defaults.as_ref().map_or(0, |defaults| defaults.len());
    if extra_count > 0 && !code.has_star {
        let keyword_only_given = bound[positional..named].iter().filter(|value| !value.is_unbound()).count();
        return Err(too_many(function, positional, default_count, given, keyword_only_given));
    }
    let first_default = positional.saturating_sub(default_count);
    fill_defaults(&mut bound[..positional], &defaults, first_default);
    let missing: Vec<&Str> =
        (0..positional).filter(|&index| bound[index].is_unbound()).map(|index| &parameters[index]).collect();
    if !missing.is_empty() {
        return Err(missing_arguments(function, "positional", &missing));
    }
    if keyword_only > 0 {
        let defaults = function.keyword_defaults.get();
        for index in positional..named {
            if bound[index].is_unbound()
                && let Some(value) = defaults.as_ref().and_then(|defaults| defaults.get_str(&parameters[index]))
            {
                bound[index] = value;
            }
        }
        let missing: Vec<&Str> =
            (positional..named).filter(|&index| bound[index].is_unbound()).map(|index| &parameters[index]).collect();
        if !missing.is_empty() {
            return Err(missing_arguments(function, "keyword-only", &missing));
        }
    }
    if code.spilled_parameters {
        let mut registers: Bound = SmallVec::from_elem(Value::Unbound, code.register_count as usize);
        let mut values = bound.into_vec();
        values.resize(code.spill_names.len().max(values.len()), Value::Unbound);
        if let Some(spill) = code.spill {
            registers[spill.0 as usize] = Value::list(values);
        }
        return Ok(registers);
    }
    Ok(bound)
}

fn fill_defaults(bound: &mut [Value], defaults: &Option<Gc<Tuple>>, first: usize) {
    let Some(defaults) = defaults else { return };
    let skipped = defaults.len().saturating_sub(bound.len() - first);
    for (place, default) in bound[first..].iter_mut().zip(&defaults.items()[skipped..]) {
        if place.is_unbound() {
            *place = default.clone();
        }
    }
}

#[cold]
fn unexpected_keyword(vm: &mut Vm, function: &Gc<Function>, name: &Str) -> Raised {
    let known: Vec<Str> = function.code.parameter_names.clone();
    let hint = match (vm.hooks.suggest)(name, &known) {
        Some(similar) => format!(". Did you mean '{similar}'?"),
        None => String::new(),
    };
    Raised::type_error(format!("{}() got an unexpected keyword argument '{name}'{hint}", function.qualified_name()))
}

#[cold]
fn too_many(function: &Gc<Function>, most: usize, defaults: usize, given: usize, keyword_only: usize) -> Raised {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let takes = if defaults > 0 { format!("from {} to {most}", most - defaults.min(most)) } else { most.to_string() };
    let plural_takes = if defaults > 0 { "s" } else { plural(most) };
    let with_keywords = if keyword_only > 0 {
        format!(
            " positional argument{} (and {keyword_only} keyword-only argument{})",
            plural(given),
            plural(keyword_only)
        )
    } else {
        String::new()
    };
    let were = if given == 1 && keyword_only == 0 { "was" } else { "were" };
    Raised::type_error(format!(
        "{}() takes {takes} positional argument{plural_takes} but {given}{with_keywords} {were} given",
        function.qualified_name()
    ))
}

#[cold]
fn missing_arguments(function: &Gc<Function>, kind: &str, missing: &[&Str]) -> Raised {
    let quoted: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
    let list = match &quoted[..] {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
        [] => String::new(),
    };
    let plural = if missing.len() == 1 { "" } else { "s" };
    Raised::type_error(format!(
        "{}() missing {} required {kind} argument{plural}: {list}",
        function.qualified_name(),
        missing.len()
    ))
}
