//! `_traceback`: exceptions as text; the module `traceback` of the library is built on it.
//!
//! `describe` reads an exception into plain data, `draw` makes text of it, `excerpt` shows source lines.
//! The report of an uncaught exception uses the same three.

use std::rc::Rc;

use asy_grammar::ast::Span;

use super::native_module;
use crate::builtins::{code_object, stream};
use crate::bytecode::code::Source;
use crate::native;
use crate::value::{CodeObject, Exception, Gc, Module, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

pub mod describe;
pub mod draw;
pub mod excerpt;

use draw::Paint;

/// The exception and what it came from, drawn.
fn pieces(vm: &mut Vm, exception: &Gc<Exception>) -> Vec<String> {
    draw::draw_chain(&describe::describe_chain(vm, exception), Paint::Plain)
}

/// Writes to `sys.stderr`, if there is one.
pub fn write_to_stderr(vm: &mut Vm, text: &str) -> Result<()> {
    match stream::current(&symbols().stderr) {
        Some(file) if !file.is_none() => vm.call_method(&file, &symbols().write, &[Value::str(text)]).map(drop),
        _ => Ok(()),
    }
}

/// An exception with its traceback and what it came from, as one text.
pub fn text_of(vm: &mut Vm, exception: &Gc<Exception>) -> String {
    pieces(vm, exception).concat()
}

/// Says that an exception could not go anywhere: it was raised in a finalizer, say. `object` is whose.
pub fn report_ignored(vm: &mut Vm, raised: Raised, object: &Value) {
    report_ignored_with(vm, raised, None, object);
}

/// As `report_ignored`, with a message that says more than that the exception was ignored.
pub fn report_ignored_with(vm: &mut Vm, raised: Raised, message: Option<&str>, object: &Value) {
    match super::sys_hooks::show_unraisable(vm, &raised, message, object) {
        Ok(true) => {}
        Ok(false) => write_ignored(vm, &raised, message, object),
        Err(of_hook) => write_ignored(vm, &of_hook, message, object),
    }
}

/// Writes that an exception could not go anywhere.
pub fn write_ignored(vm: &mut Vm, raised: &Raised, message: Option<&str>, object: &Value) {
    let message = message.unwrap_or("Exception ignored in");
    let place = match object {
        Value::None => String::new(),
        object => {
            let shown = vm.repr(object);
            format!(" {}", shown.map_or_else(|_| "<object repr() failed>".to_string(), |text| text.to_string()))
        }
    };
    let text = format!("{message}:{place}\n{}", pieces(vm, &raised.0).concat());
    // When even this cannot be written there is nobody left to tell.
    let _ = write_to_stderr(vm, &text);
}

/// The lines to show for a piece of source, each with the marks below it or None. Columns count bytes: in
/// the first line, and in the last.
fn excerpt_of(_: &mut Vm, lines: &Str, column: i64, end_column: i64) -> Value {
    let last = lines.rfind('\n').map_or(0, |newline| newline + 1);
    let end = last + usize::try_from(end_column).unwrap_or(0);
    let span = Span { start: u32::try_from(column).unwrap_or(0), end: u32::try_from(end).unwrap_or(0) };
    let source = Rc::new(Source { name: String::new(), text: lines.to_string() });
    let frame = describe::Frame { file: String::new(), line: 1, name: String::new(), source, span };
    let shown = excerpt::excerpt(&frame).into_iter();
    Value::list(shown.map(|line| Value::tuple(vec![Value::from(line.text), line.marks.into()])).collect())
}

fn hint(vm: &mut Vm, exception: &Gc<Exception>) -> String {
    super::suggestion::hint(vm, exception)
}

fn position(_: &mut Vm, code: &Gc<CodeObject>, instruction: i64) -> Value {
    code_object::position(&code.code, usize::try_from(instruction).unwrap_or(0))
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "excerpt(lines, column, end_column, /)",
        excerpt_of(required, required, required),
        "The lines to show for a piece of source, each with the marks below it or None."
    ),
    native!("hint(exception, /)", hint(required), "What may have been meant: text that follows the message."),
    native!(
        "position(code, instruction, /)",
        position(required, required),
        "Line, last line, column and end column of an instruction."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_traceback", FUNCTIONS))
}
