//! Warnings of the machine: a coroutine nobody awaited, an escape that does not exist.
//!
//! They go through the library's `warnings` module once the script has imported it, so that its
//! filters hold; before that they are printed, but for those that are silent by default.

use super::state;
use crate::builtins::stream;
use crate::value::{Class, Dict, Gc, Str, Value, symbols, types};
use crate::vm::Vm;

/// Issues a warning for the line that is running.
pub fn warn_from_machine(vm: &mut Vm, category: &Class, message: &str) -> crate::value::Result<()> {
    if let Some(warnings) = state().module("warnings") {
        let arguments = [Value::str(message), Value::Class(category.clone())];
        return vm.call_method(&Value::Module(warnings), &Str::intern("warn"), &arguments).map(drop);
    }
    let (file, line) = vm.caller().map_or_else(|| (Str::new("<sys>"), 0), |(file, line, _)| (file, line));
    let source = source_line(vm).unwrap_or_default();
    let namespace = vm.globals();
    let module = namespace.get_str(&symbols().name);
    // What is deprecated is told to the program itself, once for each line; the library knows how.
    if state().module("warnings").is_none()
        && category.is_subclass(&types().deprecation_warning)
        && module.is_some_and(|module| module.as_str().is_some_and(|module| **module == *symbols().main))
    {
        let globals = vm.builtins.clone();
        (vm.hooks.import)(vm, &Str::intern("warnings"), 0, &globals, false)?;
    }
    warn_at(vm, category, message, &file, line, &source, Some(namespace))
}

/// Warns of a coroutine that nobody has awaited. The library's module says where it was made, if that is known.
pub fn warn_never_awaited(vm: &mut Vm, coroutine: &Value) {
    let (message, has_origin) = match coroutine {
        Value::Coroutine(coroutine) => {
            let message = format!("coroutine '{}' was never awaited", coroutine.qualified_name());
            (message, !coroutine.origin().is_none())
        }
        Value::NativeCoroutine(native) => (native.never_awaited().unwrap_or_default(), false),
        _ => return,
    };
    if let Value::Coroutine(_) = coroutine
        && let Some(warn) = function_of_library(vm, has_origin)
    {
        match vm.call(&warn, std::slice::from_ref(coroutine)) {
            Ok(_) => return,
            Err(raised) => {
                let is_warning = raised.is_a(&types().runtime_warning);
                super::traceback::report_ignored(vm, raised, coroutine);
                if is_warning {
                    return;
                }
            }
        }
    }
    if let Err(raised) = warn_from_machine(vm, &types().runtime_warning, &message) {
        super::traceback::report_ignored(vm, raised, coroutine);
    }
}

/// `warnings._warn_unawaited_coroutine`, if the module is there or has to be.
fn function_of_library(vm: &mut Vm, is_needed: bool) -> Option<Value> {
    let name = Str::intern("warnings");
    let module = match state().module("warnings") {
        Some(module) => Value::Module(module),
        None if is_needed => {
            let globals = vm.builtins.clone();
            (vm.hooks.import)(vm, &name, 0, &globals, false).ok()?
        }
        None => return None,
    };
    vm.get_attribute_if_any(&module, &Str::intern("_warn_unawaited_coroutine")).ok()?
}

/// Issues a warning for a line of the code with these globals, which a filter may turn into an exception.
pub fn warn_at(
    vm: &mut Vm,
    category: &Class,
    message: &str,
    file: &Str,
    line: u32,
    source: &str,
    namespace: Option<Gc<Dict>>,
) -> crate::value::Result<()> {
    match state().module("warnings") {
        Some(warnings) => {
            let namespace = namespace.map_or(Value::None, Value::Dict);
            let mut arguments = vec![Value::str(message), Value::Class(category.clone())];
            arguments.extend([Value::Str(file.clone()), Value::Int(i64::from(line)), namespace, Value::str(source)]);
            vm.call_method(&Value::Module(warnings), &Str::intern("_warn_of_machine"), &arguments).map(drop)
        }
        None if is_silent(category) => Ok(()),
        None => {
            let source = if source.is_empty() { String::new() } else { format!("  {source}\n") };
            let text = format!("{file}:{line}: {}: {message}\n{source}", category.name());
            print(vm, &text)
        }
    }
}

/// The source line that is running.
fn source_line(vm: &Vm) -> Option<String> {
    let frame = vm.script_frames().next()?;
    let code = &frame.function.code.code;
    let line = code.position(frame.instruction).line as usize;
    let text = code.source.text.lines().nth(line.checked_sub(1)?)?.trim();
    (!text.is_empty()).then(|| text.to_string())
}

/// What the default filters hide.
fn is_silent(category: &Class) -> bool {
    if state().development.get() {
        return false;
    }
    let types = types();
    let silent = [
        &types.deprecation_warning,
        &types.pending_deprecation_warning,
        &types.import_warning,
        &types.resource_warning,
    ];
    silent.into_iter().any(|hidden| category.is_subclass(hidden))
}

fn print(vm: &mut Vm, text: &str) -> crate::value::Result<()> {
    match stream::current(&symbols().stderr) {
        Some(stderr) if !stderr.is_none() => vm.call_method(&stderr, &symbols().write, &[Value::str(text)]).map(drop),
        _ => Ok(()),
    }
}
