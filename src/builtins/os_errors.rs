//! OSError: the class for each error number, its text, and errors of the host turned into exceptions.
//!
//! Source of the numbers: errno(3) of Linux. The classes are those of PEP 3151.

use std::io;

use super::exceptions::{attribute, no_keywords, part};
use crate::native;
use crate::value::{Class, Dict, Exception, Gc, Native, Raised, Result, Str, Tuple, Value, symbols, types};
use crate::vm::Vm;

/// The class of an OSError with this number.
pub fn class_for(code: i64) -> &'static Class {
    let types = types();
    match code {
        11 | 114 | 115 => &types.blocking_io_error,
        10 => &types.child_process_error,
        32 | 108 => &types.broken_pipe_error,
        103 => &types.connection_aborted_error,
        111 => &types.connection_refused_error,
        104 => &types.connection_reset_error,
        17 => &types.file_exists_error,
        2 => &types.file_not_found_error,
        4 => &types.interrupted_error,
        21 => &types.is_a_directory_error,
        20 => &types.not_a_directory_error,
        1 | 13 => &types.permission_error,
        3 => &types.process_lookup_error,
        110 => &types.timeout_error,
        _ => &types.os_error,
    }
}

/// The text of the host for an error number.
pub fn error_text(code: i32) -> String {
    let text = io::Error::from_raw_os_error(code).to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// The exception for an error number, with the file it is about.
pub fn os_error(code: i32, file: Option<Value>) -> Raised {
    let args = vec![Value::Int(i64::from(code)), Value::from(error_text(code))];
    let raised = Raised::new(class_for(i64::from(code)), args);
    if let Some(file) = file {
        raised.0.set(&symbols().filename, file);
    }
    raised
}

/// The exception for an error of the host.
pub fn from_io_error(error: &io::Error, file: Option<Value>) -> Raised {
    match error.raw_os_error() {
        Some(code) => os_error(code, file),
        None => Raised::os_error(error.to_string()),
    }
}

/// Keeps the files an error is about.
pub(super) fn set_files(exception: &Exception, first: Value, second: Option<Value>) {
    if !first.is_none() {
        exception.set(&symbols().filename, first);
    }
    if let Some(second) = second.filter(|second| !second.is_none()) {
        exception.set(&Str::intern("filename2"), second);
    }
}

fn init(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    if keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(no_keywords(this));
    }
    let mut arguments = arguments;
    if (3..=5).contains(&arguments.len()) {
        set_files(this, arguments[2].clone(), arguments.get(4).cloned());
        arguments = &arguments[..2];
    }
    this.args.set(Gc::new(Tuple::from_slice(arguments)));
    Ok(())
}

fn str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let (code, text) = (part(this, "errno"), part(this, "strerror"));
    if code.is_none() && text.is_none() {
        let args = this.args.get();
        return match args.items() {
            [] => Ok(Str::new("")),
            [single] => vm.str(single),
            _ => vm.str(&Value::Tuple(args)),
        };
    }
    let mut shown = format!("[Errno {}] {}", vm.str(&code)?, vm.str(&text)?);
    let (first, second) = (part(this, "filename"), part(this, "filename2"));
    if !first.is_none() {
        shown.push_str(": ");
        shown.push_str(&vm.repr(&first)?);
        if !second.is_none() {
            shown.push_str(" -> ");
            shown.push_str(&vm.repr(&second)?);
        }
    }
    Ok(shown.into())
}

pub const OS_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Initialize self."),
    native!("__str__(self, /)", str(required), "Return str(self)."),
    attribute("errno(self, /)", "The number of the error."),
    attribute("strerror(self, /)", "The text of the error."),
    attribute("filename(self, /)", "The file it is about."),
    attribute("filename2(self, /)", "The second file it is about."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_classes_and_texts() {
        assert_eq!(&*class_for(2).name(), "FileNotFoundError");
        assert_eq!(&*class_for(28).name(), "OSError");
        assert_eq!(error_text(28), "No space left on device");
    }
}
