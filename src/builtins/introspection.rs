//! The builtin functions that show the insides of a program: `dir`, `vars`, `globals`, `locals`, `help`.

use super::stream::{self, Channel};
use crate::native;
use crate::value::{Dict, Gc, Native, Raised, Result, Str, Value, symbols};
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
        None => vm.locals(),
        Some(object) => match vm.call_special(object, &symbols().dir, &[]) {
            Some(names) => names?,
            None => return Err(Raised::type_error("object does not provide __dir__")),
        },
    };
    let names = Value::list(vm.collect(&names)?);
    vm.call_method(&names, &symbols().sort, &[])?;
    Ok(names)
}

/// The name of an object with what it takes, as far as it is known: `len(obj, /)`.
fn headline(vm: &mut Vm, object: &Value) -> Result<String> {
    let row = match object {
        Value::Native(native) => Some(native.row),
        Value::Method(method) => match &method.function {
            Value::Native(native) => Some(native.row),
            _ => None,
        },
        _ => None,
    };
    if let Some(row) = row {
        return Ok(row.signature.to_string());
    }
    let function = match object {
        Value::Method(method) => &method.function,
        other => other,
    };
    if let Value::Function(function) = function {
        let code = &function.code.code;
        let mut parts: Vec<String> = Vec::new();
        let (positional, keyword_only) = (code.positional_count as usize, code.keyword_only_count as usize);
        let names = &code.parameter_names;
        parts.extend(names.iter().take(positional).map(ToString::to_string));
        if code.positional_only_count > 0 {
            parts.insert(code.positional_only_count as usize, "/".to_string());
        }
        let mut rest = names.iter().skip(positional + keyword_only);
        match rest.next().filter(|_| code.has_star) {
            Some(star) => parts.push(format!("*{star}")),
            None if keyword_only > 0 => parts.push("*".to_string()),
            None => {}
        }
        parts.extend(names.iter().skip(positional).take(keyword_only).map(ToString::to_string));
        if code.has_double_star
            && let Some(last) = names.last()
        {
            parts.push(format!("**{last}"));
        }
        return Ok(format!("{}({})", function.name(), parts.join(", ")));
    }
    match object {
        Value::Class(class) => Ok(format!("class {}", class.name())),
        Value::Module(module) => Ok(format!("module {}", module.name)),
        _ => Ok(vm.repr(object)?.to_string()),
    }
}

fn help(vm: &mut Vm, object: Option<&Value>) -> Result<()> {
    let Some(object) = object else {
        return Err(Raised::type_error("help() needs the object to explain: the interactive help is not available"));
    };
    let mut text = headline(vm, object)?;
    text.push('\n');
    match vm.get_attribute_if_any(object, &symbols().doc)? {
        Some(Value::Str(doc)) => {
            for line in doc.trim().lines() {
                text.push_str("    ");
                text.push_str(line.trim_start());
                text.push('\n');
            }
        }
        _ => text.push_str("    (no description)\n"),
    }
    let stdout = stream::current(&symbols().stdout).unwrap_or_else(|| stream::text_stream(Channel::Stdout));
    vm.call_method(&stdout, &symbols().write, &[Value::Str(Str::from(text))])?;
    Ok(())
}

pub const FUNCTIONS: &[Native] = &[
    native!("globals()", globals(), "The dict of the module's variables."),
    native!("locals()", locals(), "A dict of the variables of the running function or class body."),
    native!("vars(object, /)", vars(optional), "The __dict__ of an object; without one, locals()."),
    native!("dir(object, /)", dir(optional), "The sorted names of the attributes of an object; without one, of the variables here."),
    native!("help(request, /)", help(optional), "Prints what an object takes and its docstring."),
];
