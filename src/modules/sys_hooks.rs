//! The hooks of `sys`: what shows an exception that nobody caught, or one that could not be raised; and
//! the settings of the interpreter that scripts ask for.

use std::cell::{Cell, RefCell};

use super::{state, structure, traceback};
use crate::native;
use crate::scheduler::slice;
use crate::value::{Class, Dict, Gc, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// `sys.excepthook(type, value, traceback)`: writes the report of an exception.
fn excepthook(vm: &mut Vm, _class: &Value, value: &Value, _traceback: &Value) -> Result<()> {
    match value {
        Value::Exception(exception) => {
            let text = traceback::text_of(vm, exception);
            traceback::write_to_stderr(vm, &text)
        }
        other => Err(Raised::type_error(format!("an exception is needed, not '{}'", other.type_name()))),
    }
}

/// The hook of `sys` with this name, when the script has put one of its own there.
fn replaced(name: &str) -> Option<Value> {
    let sys = state().module("sys")?;
    let (hook, original) = (sys.get(name)?, sys.get(&format!("__{name}__"))?);
    (!hook.is(&original)).then_some(hook)
}

/// Shows an exception that nobody caught with the script's `sys.excepthook`. False when there is none; an
/// error when the hook itself raises.
pub fn show_uncaught(vm: &mut Vm, raised: &Raised) -> Result<bool> {
    let Some(hook) = replaced("excepthook") else { return Ok(false) };
    let exception = &raised.0;
    let traceback = crate::builtins::traceback::traceback_object(exception);
    vm.call(&hook, &[Value::Class(exception.class()), Value::Exception(exception.clone()), traceback])?;
    Ok(true)
}

thread_local! {
    static AUDIT_HOOKS: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// `sys.addaudithook(hook)`
fn add_audit_hook(_: &mut Vm, hook: Value) {
    AUDIT_HOOKS.with_borrow_mut(|hooks| hooks.push(hook));
}

/// `sys.audit(event, *args)`: tells the hooks of an event.
fn audit(vm: &mut Vm, event: &Str, arguments: &[Value]) -> Result<()> {
    for hook in AUDIT_HOOKS.with_borrow(Clone::clone) {
        vm.call(&hook, &[Value::Str(event.clone()), Value::tuple(arguments.to_vec())])?;
    }
    Ok(())
}

thread_local! {
    static UNRAISABLE: &'static Class = Box::leak(Box::new(structure::class(
        "sys.UnraisableHookArgs",
        &["exc_type", "exc_value", "exc_traceback", "err_msg", "object"],
    )));
}

/// `sys.unraisablehook(unraisable)`: says that an exception could not be raised.
fn unraisablehook(vm: &mut Vm, unraisable: &Value) -> Result<()> {
    let mut part = |name: &str| vm.get_attribute(unraisable, &Str::intern(name));
    let (value, object, message) = (part("exc_value")?, part("object")?, part("err_msg")?);
    if let Value::Exception(exception) = value {
        traceback::write_ignored(vm, &Raised(exception), message.as_str().map(|message| &**message), &object);
    }
    Ok(())
}

/// Gives an exception that could not be raised to the script's `sys.unraisablehook`, with the object it is
/// about. False when there is no such hook.
pub fn show_unraisable(vm: &mut Vm, raised: &Raised, message: Option<&str>, object: &Value) -> Result<bool> {
    let Some(hook) = replaced("unraisablehook") else { return Ok(false) };
    let exception = &raised.0;
    let traceback = crate::builtins::traceback::traceback_object(exception);
    let parts = vec![
        Value::Class(exception.class()),
        Value::Exception(exception.clone()),
        traceback,
        message.map_or(Value::None, Value::str),
        object.clone(),
    ];
    let arguments = structure::make(UNRAISABLE.with(|class| *class), parts);
    vm.call(&hook, &[arguments])?;
    Ok(true)
}

/// About how many bytes an object takes, without what it refers to.
fn getsizeof(vm: &mut Vm, object: &Value, default: Option<&Value>) -> Result<Value> {
    let name = Str::intern("__sizeof__");
    if let Some(result) = vm.call_special(object, &name, &[]) {
        return result;
    }
    match default {
        Some(default) => Ok(default.clone()),
        None => Err(Raised::type_error(format!("Type {} doesn't define __sizeof__", object.type_name()))),
    }
}

thread_local! {
    static SWITCH_INTERVAL: Cell<f64> = const { Cell::new(0.005) };
}

fn getswitchinterval(_: &mut Vm) -> f64 {
    SWITCH_INTERVAL.with(Cell::get)
}

/// How long a thread may be busy while others are ready.
fn setswitchinterval(_: &mut Vm, interval: f64) -> Result<()> {
    if interval <= 0.0 {
        return Err(Raised::value_error("switch interval must be strictly positive"));
    }
    SWITCH_INTERVAL.with(|place| place.set(interval));
    slice::set_length(interval);
    Ok(())
}

fn nothing(_: &mut Vm) {}

fn not_traced(function: &Value, what: &str) -> Result<()> {
    if function.is_none() {
        return Ok(());
    }
    Err(Raised::new(
        &types().not_implemented_error,
        vec![Value::from(format!("sys.{what}: programs cannot be traced"))],
    ))
}

fn settrace(_: &mut Vm, function: &Value) -> Result<()> {
    not_traced(function, "settrace")
}

fn setprofile(_: &mut Vm, function: &Value) -> Result<()> {
    not_traced(function, "setprofile")
}

/// `sys.breakpointhook(...)`: calls what the variable PYTHONBREAKPOINT names, as CPython's does.
fn breakpointhook(vm: &mut Vm, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let name = environment_variable(vm, "PYTHONBREAKPOINT")?;
    if name == "0" {
        return Ok(Value::None);
    }
    let name = if name.is_empty() { "pdb.set_trace" } else { &name };
    let (module, function) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let found = match super::loader::import_absolute(vm, module) {
        Ok(module) => vm.get_attribute_if_any(&module, &Str::intern(function))?,
        Err(_) => None,
    };
    match found {
        Some(hook) => vm.call_with_pairs(&hook, arguments, &crate::builtins::keyword_pairs(keywords)),
        None if name == "pdb.set_trace" => {
            let message = "breakpoint(): there is no debugger; set sys.breakpointhook to a function of your own";
            Err(Raised::new(&types().not_implemented_error, vec![Value::str(message)]))
        }
        None => {
            let message = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{name}\"");
            (vm.hooks.warn)(vm, &types().runtime_warning, &message)?;
            Ok(Value::None)
        }
    }
}

/// A variable of the environment: as the script sees it once it has imported `os`.
fn environment_variable(vm: &mut Vm, name: &str) -> Result<String> {
    let Some(environment) = state().module("os").and_then(|os| os.get("environ")) else {
        return Ok(std::env::var(name).unwrap_or_default());
    };
    let value = vm.call_method(&environment, &Str::intern("get"), &[Value::str(name), Value::str("")])?;
    Ok(vm.str(&value)?.to_string())
}

fn is_finalizing(_: &mut Vm) -> bool {
    false
}

pub const FUNCTIONS: &[Native] = &[
    native!("addaudithook(hook)", add_audit_hook(required), "Adds a function that is told of each event."),
    native!("audit(event, /, *args)", audit(required, rest), "Tells the hooks of an event."),
    native!(
        "excepthook(exctype, value, traceback, /)",
        excepthook(required, required, required),
        "Writes the report of an exception to sys.stderr."
    ),
    native!(
        "unraisablehook(unraisable, /)",
        unraisablehook(required),
        "Says that an exception could not be raised, in a finalizer for instance."
    ),
    native!(
        "breakpointhook(*args, **kws)",
        breakpointhook(rest, keywords),
        "What breakpoint() calls: the function that PYTHONBREAKPOINT names."
    ),
    native!("getswitchinterval()", getswitchinterval(), "The switch interval that was set last."),
    native!("setswitchinterval(interval, /)", setswitchinterval(required), "Keeps a switch interval."),
    native!("gettrace()", nothing(), "The trace function: there is none."),
    native!("settrace(function, /)", settrace(required), "Only None can be set: programs cannot be traced."),
    native!("getprofile()", nothing(), "The profile function: there is none."),
    native!("setprofile(function, /)", setprofile(required), "Only None can be set: programs cannot be traced."),
    native!("is_finalizing()", is_finalizing(), "Whether the interpreter is ending."),
    native!("getsizeof(object, default, /)", getsizeof(required, optional), "About how many bytes an object takes."),
];
