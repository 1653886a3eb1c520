//! `traceback`: exceptions as text.
//!
//! `describe` reads an exception into plain data, `draw` makes text of it, `excerpt` shows source lines.
//! The report of an uncaught exception uses the same three.

use super::native_module;
use crate::builtins::stream;
use crate::native;
use crate::value::{Exception, Gc, Module, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

pub mod describe;
pub mod draw;
pub mod excerpt;

use draw::Paint;

/// The exception among the arguments `exc, value, tb` of the older forms.
fn exception_of<'a>(first: &'a Value, value: Option<&'a Value>) -> Result<Option<&'a Gc<Exception>>> {
    match value.unwrap_or(first) {
        Value::Exception(exception) => Ok(Some(exception)),
        Value::None => Ok(None),
        other => Err(Raised::type_error(format!("Exception expected for value, {} found", other.type_name()))),
    }
}

/// What is printed when there is no exception.
const NOTHING: &str = "NoneType: None\n";

fn pieces(vm: &mut Vm, exception: Option<&Gc<Exception>>, chain: bool) -> Vec<String> {
    match exception {
        None => vec![NOTHING.to_string()],
        Some(exception) if chain => draw::draw_chain(&describe::describe_chain(vm, exception), Paint::Plain),
        Some(exception) => draw::draw_chain(&[describe::describe_alone(vm, exception)], Paint::Plain),
    }
}

fn list(pieces: Vec<String>) -> Value {
    Value::list(pieces.into_iter().map(Value::from).collect())
}

/// Refuses what is not there: frames are always shown in full.
fn no_limit(limit: Option<&Value>) -> Result<()> {
    match limit {
        None | Some(Value::None) => Ok(()),
        Some(_) => Err(Raised::not_implemented_error("traceback: limit is not supported")),
    }
}

fn format_exception(
    vm: &mut Vm,
    first: &Value,
    value: Option<&Value>,
    _traceback: Option<&Value>,
    limit: Option<&Value>,
    chain: Option<bool>,
) -> Result<Value> {
    no_limit(limit)?;
    let exception = exception_of(first, value)?;
    Ok(list(pieces(vm, exception, chain.unwrap_or(true))))
}

fn format_exception_only(vm: &mut Vm, first: &Value, value: Option<&Value>) -> Result<Value> {
    Ok(list(match exception_of(first, value)? {
        None => vec![NOTHING.to_string()],
        Some(exception) => draw::draw_last_lines(&describe::describe_alone(vm, exception), Paint::Plain),
    }))
}

fn format_exc(vm: &mut Vm, limit: Option<&Value>, chain: Option<bool>) -> Result<String> {
    no_limit(limit)?;
    let exception = vm.handled_exception();
    Ok(pieces(vm, exception.as_ref(), chain.unwrap_or(true)).concat())
}

fn print_exc(vm: &mut Vm, limit: Option<&Value>, file: Option<&Value>, chain: Option<bool>) -> Result<()> {
    let text = format_exc(vm, limit, chain)?;
    write_to(vm, file, &text)
}

#[allow(clippy::too_many_arguments)]
fn print_exception(
    vm: &mut Vm,
    first: &Value,
    value: Option<&Value>,
    _traceback: Option<&Value>,
    limit: Option<&Value>,
    file: Option<&Value>,
    chain: Option<bool>,
) -> Result<()> {
    no_limit(limit)?;
    let text = pieces(vm, exception_of(first, value)?, chain.unwrap_or(true)).concat();
    write_to(vm, file, &text)
}

/// Writes to a file of the script's; to `sys.stderr` when there is none.
fn write_to(vm: &mut Vm, file: Option<&Value>, text: &str) -> Result<()> {
    let file = match file {
        Some(file) if !file.is_none() => file.clone(),
        _ => match stream::current(&symbols().stderr) {
            Some(stderr) if !stderr.is_none() => stderr,
            _ => return Ok(()),
        },
    };
    vm.call_method(&file, &symbols().write, &[Value::Str(Str::new(text))]).map(drop)
}

/// An exception with its traceback and what it came from, as one text.
pub fn text_of(vm: &mut Vm, exception: &Gc<Exception>) -> String {
    pieces(vm, Some(exception), true).concat()
}

/// Says that an exception could not go anywhere: it was raised in a finalizer, say. `object` is whose.
pub fn report_ignored(vm: &mut Vm, raised: Raised, object: &Value) {
    let shown = vm.repr(object).map_or_else(|_| "<object repr() failed>".to_string(), |text| text.to_string());
    let text = format!("Exception ignored in: {shown}\n{}", pieces(vm, Some(&raised.0), true).concat());
    // When even this cannot be written there is nobody left to tell.
    let _ = write_to(vm, None, &text);
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "format_exception(exc, /, value=None, tb=None, limit=None, chain=True)",
        format_exception(required, optional, optional, optional, optional),
        "An exception with its traceback and what it came from, as a list of texts."
    ),
    native!(
        "format_exception_only(exc, /, value=None)",
        format_exception_only(required, optional),
        "The last lines of an exception, as a list of texts."
    ),
    native!(
        "format_exc(limit=None, chain=True)",
        format_exc(optional, optional),
        "The exception being handled, as text."
    ),
    native!(
        "print_exc(limit=None, file=None, chain=True)",
        print_exc(optional, optional, optional),
        "Prints the exception being handled."
    ),
    native!(
        "print_exception(exc, /, value=None, tb=None, limit=None, file=None, chain=True)",
        print_exception(required, optional, optional, optional, optional, optional),
        "Prints an exception."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("traceback", FUNCTIONS))
}
