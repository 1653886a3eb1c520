//! What happens to errors that reach the loop and have nowhere else to go.
//!
//! They go to the exception handler of the loop, or else to stderr, in CPython's words. How an
//! exception is drawn is not decided here: whoever draws sets `set_describer`.

use std::cell::Cell;
use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::{overriding, task};
use crate::value::{Dict, Exception, Gc, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// Gives an exception as text, with its traceback.
pub type Describer = fn(&mut Vm, &Gc<Exception>) -> String;

thread_local! {
    static DESCRIBER: Cell<Option<Describer>> = const { Cell::new(None) };
    static LOGGER: Cell<Option<LoggerSource>> = const { Cell::new(None) };
}

/// Sets how exceptions are shown; without, it is class and message alone.
pub fn set_describer(describer: Describer) {
    DESCRIBER.set(Some(describer));
}

fn describe(vm: &mut Vm, exception: &Gc<Exception>) -> String {
    if let Some(describer) = DESCRIBER.get() {
        return describer(vm, exception);
    }
    let name = exception.class().name();
    match vm.str(&Value::Exception(exception.clone())) {
        Ok(text) if !text.is_empty() => format!("{name}: {text}"),
        _ => name.to_string(),
    }
}

/// The outcome of a part of the scheduler that was called: an error is reported and forgotten, unless it
/// is to leave the loop.
pub(super) fn of_callback(vm: &mut Vm, outcome: Result<()>, name: impl FnOnce() -> String) -> Result<()> {
    match outcome {
        Err(raised) if !task::leaves_the_loop(&raised) => {
            report(vm, format!("Exception in callback {}", name()), Some(&raised), &[])
        }
        other => other,
    }
}

/// Reports to the running loop, or whichever there is.
pub(super) fn report(vm: &mut Vm, message: String, raised: Option<&Raised>, more: &[(&str, Value)]) -> Result<()> {
    let event_loop = event_loop::running();
    report_to(vm, event_loop.as_ref(), message, raised, more)
}

/// Reports to this loop.
pub(super) fn report_to(
    vm: &mut Vm,
    event_loop: Option<&Rc<EventLoop>>,
    message: String,
    raised: Option<&Raised>,
    more: &[(&str, Value)],
) -> Result<()> {
    let context = Gc::new(Dict::new());
    context.set_str(&Str::intern("message"), Value::from(message));
    if let Some(raised) = raised {
        context.set_str(&Str::intern("exception"), Value::Exception(raised.0.clone()));
    }
    for (name, value) in more {
        context.set_str(&Str::intern(name), value.clone());
    }
    match event_loop {
        Some(event_loop) => call(vm, event_loop, &context),
        None => by_default(vm, &context),
    }
}

/// `loop.call_exception_handler(context)`, as the class of the loop defines it.
pub fn call(vm: &mut Vm, event_loop: &Rc<EventLoop>, context: &Gc<Dict>) -> Result<()> {
    match overriding::method_of(vm, event_loop, "call_exception_handler")? {
        Some(method) => vm.call(&method, &[Value::Dict(context.clone())]).map(drop),
        None => call_by_loop(vm, event_loop, context),
    }
}

/// What `BaseEventLoop.call_exception_handler` does.
pub fn call_by_loop(vm: &mut Vm, event_loop: &Rc<EventLoop>, context: &Gc<Dict>) -> Result<()> {
    let handler = event_loop.exception_handler.get();
    if handler.is_none() {
        return by_default(vm, context);
    }
    match vm.call(&handler, &[event_loop.object(), Value::Dict(context.clone())]) {
        Err(raised) if !task::leaves_the_loop(&raised) => {
            let failure = Gc::new(Dict::new());
            failure.set_str(&Str::intern("message"), Value::str("Unhandled error in exception handler"));
            failure.set_str(&Str::intern("exception"), Value::Exception(raised.0));
            failure.set_str(&Str::intern("context"), Value::Dict(context.clone()));
            by_default(vm, &failure)
        }
        other => other.map(drop),
    }
}

/// `loop.default_exception_handler(context)`: the message, what belongs to it, the exception.
pub fn by_default(vm: &mut Vm, context: &Gc<Dict>) -> Result<()> {
    let message = context.get_str(&Str::intern("message"));
    let mut text = match message.as_ref().and_then(Value::as_str) {
        Some(message) if !message.is_empty() => message.to_string(),
        _ => "Unhandled exception in event loop".to_string(),
    };
    let mut entries = context.snapshot();
    entries.sort_by_key(|entry| entry.key.as_str().map(|name| name.to_string()));
    for entry in entries {
        let Some(name) = entry.key.as_str().filter(|name| !matches!(&***name, "message" | "exception")) else {
            continue;
        };
        if &**name == "source_traceback" {
            let lines = vm.call_method(&entry.value, &Str::intern("format"), &[])?;
            text += "\nsource_traceback: Object created at (most recent call last):\n";
            for line in vm.collect(&lines)? {
                text += &vm.str(&line)?;
            }
            text.truncate(text.trim_end().len());
            continue;
        }
        let shown = vm.repr(&entry.value)?;
        text += &format!("\n{name}: {shown}");
    }
    let exception = match context.get_str(&Str::intern("exception")) {
        Some(Value::Exception(exception)) => Some(exception),
        _ => None,
    };
    if let Some(logger) = logger(vm) {
        let info = match exception {
            Some(exception) => {
                let class = Value::Class(exception.class());
                let exception = Value::Exception(exception);
                let traceback = vm.get_attribute(&exception, &symbols().traceback)?;
                Value::tuple(vec![class, exception, traceback])
            }
            None => Value::Bool(false),
        };
        let error = vm.get_attribute(&logger, &Str::intern("error"))?;
        return vm.call_with_keywords(&error, &[Value::from(text), info], &[Str::intern("exc_info")]).map(drop);
    }
    write(vm, &text, exception.as_ref());
    Ok(())
}

/// Writes a message to stderr, with the exception it is about.
fn write(vm: &mut Vm, message: &str, exception: Option<&Gc<Exception>>) {
    match exception {
        Some(exception) => eprintln!("{message}\n{}", describe(vm, exception).trim_end()),
        None => eprintln!("{message}"),
    }
}

/// A warning for the log.
pub(super) fn warn(vm: &mut Vm, message: &str) -> Result<()> {
    match logger(vm) {
        Some(logger) => vm.call_method(&logger, &Str::intern("warning"), &[Value::str(message)]).map(drop),
        None => {
            write(vm, message, None);
            Ok(())
        }
    }
}

/// Gives the logger a script may have looked at or replaced; None while it has not.
pub type LoggerSource = fn(&mut Vm) -> Option<Value>;

/// Sets where the logger is found.
pub fn set_logger_source(source: LoggerSource) {
    LOGGER.set(Some(source));
}

fn logger(vm: &mut Vm) -> Option<Value> {
    LOGGER.get().and_then(|source| source(vm))
}

/// The VM's hook: reports futures that died with an exception nobody has seen, and tasks that died while
/// pending.
pub fn report_forgotten(vm: &mut Vm, forgotten: Vec<Value>) {
    for future in forgotten {
        let Some(state) = future.as_future() else { continue };
        let (message, raised) = match state.exception() {
            Some(raised) => (format!("{} exception was never retrieved", state.class().name()), Some(raised)),
            None => ("Task was destroyed but it is pending!".to_string(), None),
        };
        let name = if raised.is_some() { "future" } else { "task" };
        let source = state.source_traceback();
        let mut more = vec![(name, future.clone())];
        if !source.is_none() {
            more.push(("source_traceback", source));
        }
        let home = event_loop::find(state.home.get());
        if let Err(failed) = report_to(vm, home.as_ref(), message, raised.as_ref(), &more) {
            // There is nobody above: the VM is between two instructions.
            eprintln!("{}", describe(vm, &failed.0).trim_end());
        }
    }
}
