//! The builtin functions that show the insides of a program: `dir`, `vars`, `globals`, `locals`, `help`.

use super::stream::{self, Channel};
use super::{object, type_object};
use crate::native;
use crate::value::{Dict, Function, Gc, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

fn globals(vm: &mut Vm) -> Gc<Dict> {
    vm.globals()
}

fn locals(vm: &mut Vm) -> Value {
    vm.locals()
}

fn vars(vm: &mut Vm, object: Option<&Value>) -> Result<Value> {
    match object {
        None => Ok(vm.locals()),
        Some(object) => vm
            .get_attribute_if_any(object, &symbols().dict)?
            .ok_or_else(|| Raised::type_error("vars() argument must have __dict__ attribute")),
    }
}

fn dir(vm: &mut Vm, object: Option<&Value>) -> Result<Value> {
    let names = match object {
        None => match vm.locals() {
            dict @ Value::Dict(_) => dict,
            mapping => vm.call_method(&mapping, &Str::intern("keys"), &[])?,
        },
        Some(object) => match vm.call_special(object, &symbols().dir, &[]) {
            Some(names) => names?,
            None => return Err(Raised::type_error("object does not provide __dir__")),
        },
    };
    let names = Value::list(vm.collect(&names)?);
    vm.call_method(&names, &symbols().sort, &[])?;
    Ok(names)
}

/// The parameters of a function of the script, with their defaults: `(a, /, b=1)`.
fn parameters(vm: &mut Vm, function: &Gc<Function>) -> Result<String> {
    let code = function.code.code.clone();
    let (positional, keyword_only) = (code.positional_count as usize, code.keyword_only_count as usize);
    let defaults = function.defaults.get().map_or(Vec::new(), |defaults| defaults.items().to_vec());
    let keyword_defaults = function.keyword_defaults.get();
    let first_default = positional.saturating_sub(defaults.len());
    let mut parts: Vec<String> = Vec::new();
    for (index, name) in code.parameter_names.iter().take(positional + keyword_only).enumerate() {
        if index == positional && !code.has_star {
            parts.push("*".to_string());
        } else if index == positional
            && let Some(star) = code.parameter_names.get(positional + keyword_only)
        {
            parts.push(format!("*{star}"));
        }
        let default = if index < positional {
            index.checked_sub(first_default).and_then(|index| defaults.get(index).cloned())
        } else {
            keyword_defaults.as_ref().and_then(|defaults| defaults.get_str(&Str::intern(name)))
        };
        parts.push(match default {
            Some(default) => format!("{name}={}", vm.repr(&default)?),
            None => name.to_string(),
        });
        if index + 1 == code.positional_only_count as usize {
            parts.push("/".to_string());
        }
    }
    let mut rest = code.parameter_names.iter().skip(positional + keyword_only);
    if code.has_star
        && let Some(star) = rest.next()
        && keyword_only == 0
    {
        parts.push(format!("*{star}"));
    }
    if let Some(double_star) = rest.next() {
        parts.push(format!("**{double_star}"));
    }
    Ok(format!("({})", parts.join(", ")))
}

/// What kind of object it is, and its name with what it takes, as far as that is known.
fn headlines(vm: &mut Vm, object: &Value) -> Result<(String, String)> {
    let callee = match object {
        Value::Method(method) => &method.function,
        other => other,
    };
    Ok(match callee {
        Value::Native(native) => {
            let name = native.row.name();
            let kind = match (&native.module, &native.owner) {
                (Some(module), _) => format!("built-in function {name} in module {module}"),
                (None, Some(owner)) => format!("method {name} of class {}", object::full_name(owner)),
                (None, None) => format!("built-in function {name}"),
            };
            (kind, native.row.signature.to_string())
        }
        Value::Function(function) => {
            let (name, module) = (function.name(), vm.str(&function.module())?);
            let kind = if matches!(object, Value::Method(_)) { "method" } else { "function" };
            (format!("{kind} {name} in module {module}"), format!("{name}{}", parameters(vm, function)?))
        }
        Value::Class(class) => {
            let module = vm.str(&type_object::module_name(class))?;
            (format!("class {} in module {module}", class.name()), format!("class {}", class.name()))
        }
        Value::Module(module) => (format!("module {}", module.name), module.name.to_string()),
        other => (format!("{} object", other.type_name()), vm.repr(other)?.to_string()),
    })
}

fn help(vm: &mut Vm, object: Option<&Value>) -> Result<()> {
    let Some(object) = object else {
        return Err(Raised::type_error("help() needs the object to explain: the interactive help is not available"));
    };
    let (kind, headline) = headlines(vm, object)?;
    let mut text = format!("Help on {kind}:\n\n{headline}\n");
    if let Some(doc) = vm.get_attribute_if_any(object, &symbols().doc)?
        && let Some(doc) = doc.as_str()
    {
        for line in doc.trim().lines() {
            text.push_str("    ");
            text.push_str(line.trim_start());
            text.push('\n');
        }
    }
    text.push('\n');
    let stdout = stream::current(&symbols().stdout).unwrap_or_else(|| stream::object(Channel::Stdout));
    vm.call_method(&stdout, &symbols().write, &[Value::Str(Str::from(text))])?;
    Ok(())
}

fn breakpoint(vm: &mut Vm, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let loaded = vm.hooks.loaded_module;
    match loaded(&Str::intern("sys")).and_then(|sys| sys.get("breakpointhook")) {
        Some(hook) => vm.call_with_pairs(&hook, arguments, &super::keyword_pairs(keywords)),
        None => Err(Raised::runtime_error("lost sys.breakpointhook")),
    }
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "breakpoint(*args, **kws)",
        breakpoint(rest, keywords),
        "Calls sys.breakpointhook with the same arguments."
    ),
    native!("globals()", globals(), "The dict of the module's variables."),
    native!("locals()", locals(), "A dict of the variables of the running function or class body."),
    native!("vars(object, /)", vars(optional), "The __dict__ of an object; without one, locals()."),
    native!(
        "dir(object, /)",
        dir(optional),
        "The sorted names of the attributes of an object; without one, of the variables here."
    ),
    native!("help(request, /)", help(optional), "Prints what an object takes and its docstring."),
];
