//! `posix`: what `os` asks of the system. `stdlib/os.asy` builds the module that scripts import on it.
//!
//! One file for each topic. Errors are OSErrors with the number of the system and the names of the files.

use rustix::io::Errno;

use super::native_module;
use super::path_argument::{self, PathArgument};
use crate::builtins::os_errors::os_error;
use crate::value::{Gc, Module, Raised, Result, Str, Value};
use crate::vm::Vm;

pub mod descriptor;
pub mod folder;
pub mod name;
pub mod process;
pub mod status;

/// Constants of the module.
const CONSTANTS: &[(&str, i64)] = &[
    ("F_OK", 0),
    ("X_OK", 1),
    ("W_OK", 2),
    ("R_OK", 4),
    ("O_RDONLY", libc::O_RDONLY as i64),
    ("O_WRONLY", libc::O_WRONLY as i64),
    ("O_RDWR", libc::O_RDWR as i64),
    ("O_APPEND", libc::O_APPEND as i64),
    ("O_CREAT", libc::O_CREAT as i64),
    ("O_EXCL", libc::O_EXCL as i64),
    ("O_TRUNC", libc::O_TRUNC as i64),
    ("O_NONBLOCK", libc::O_NONBLOCK as i64),
    ("O_NOCTTY", libc::O_NOCTTY as i64),
    ("O_CLOEXEC", libc::O_CLOEXEC as i64),
    ("O_DIRECTORY", libc::O_DIRECTORY as i64),
    ("O_NOFOLLOW", libc::O_NOFOLLOW as i64),
    ("O_SYNC", libc::O_SYNC as i64),
    ("O_DSYNC", libc::O_DSYNC as i64),
    ("EX_OK", 0),
    ("EX_USAGE", 64),
    ("EX_DATAERR", 65),
    ("EX_NOINPUT", 66),
    ("EX_UNAVAILABLE", 69),
    ("EX_SOFTWARE", 70),
    ("EX_OSERR", 71),
    ("EX_CANTCREAT", 73),
    ("EX_IOERR", 74),
    ("EX_TEMPFAIL", 75),
    ("EX_NOPERM", 77),
    ("EX_CONFIG", 78),
];

/// The error of a call about these files.
#[cold]
pub fn failure(error: Errno, files: &[&PathArgument]) -> Raised {
    let raised = os_error(error.raw_os_error(), files.first().map(|file| file.value.clone()));
    if let Some(second) = files.get(1) {
        raised.0.set(&Str::intern("filename2"), second.value.clone());
    }
    raised
}

/// A file by its name or its descriptor.
pub enum Target {
    Name(PathArgument),
    Descriptor(rustix::fd::BorrowedFd<'static>),
}

/// A name or, as an int, a descriptor; `function` is named in errors.
pub fn target(vm: &mut Vm, value: &Value, function: &str) -> Result<Target> {
    if matches!(value.native(), Value::Int(_) | Value::Bool(_)) {
        let number = vm.index(value)?;
        return descriptor::borrow(number).map(Target::Descriptor);
    }
    match path_argument::path(vm, value) {
        Err(raised) if raised.is_a(&crate::value::types().type_error) => Err(wrong_path(value, function, true)),
        Err(raised) if raised.is_a(&crate::value::types().value_error) => {
            Err(Raised::value_error(format!("{function}: embedded null character in path")))
        }
        outcome => outcome.map(Target::Name),
    }
}

/// A name; `function` is named in errors.
pub fn named(vm: &mut Vm, value: &Value, function: &str) -> Result<PathArgument> {
    match path_argument::path(vm, value) {
        Err(raised) if raised.is_a(&crate::value::types().type_error) => Err(wrong_path(value, function, false)),
        Err(raised) if raised.is_a(&crate::value::types().value_error) => {
            Err(Raised::value_error(format!("{function}: embedded null character in path")))
        }
        outcome => outcome,
    }
}

fn wrong_path(value: &Value, function: &str, takes_descriptor: bool) -> Raised {
    let kinds = if takes_descriptor { "string, bytes, os.PathLike or integer" } else { "string, bytes or os.PathLike" };
    Raised::type_error(format!("{function}: path should be {kinds}, not {}", value.type_name()))
}

/// The module `posix`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("posix", name::FUNCTIONS);
    for rows in [folder::FUNCTIONS, status::FUNCTIONS, descriptor::FUNCTIONS, process::FUNCTIONS] {
        for row in rows {
            let function = crate::value::NativeFunction::of_module(row, &module.name);
            module.set(row.name(), Value::Native(function));
        }
    }
    for (name, value) in CONSTANTS {
        module.set(name, Value::Int(*value));
    }
    for class in [status::class(), process::times_class(), process::uname_class(), process::size_class()] {
        module.set(&class.name(), Value::Class(class));
    }
    Ok(module)
}
