//! The process: its numbers, its environment, its machine.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use super::super::path_argument::name_value;
use super::super::structure;
use super::{descriptor, failure};
use crate::builtins::os_errors::{error_text, os_error};
use crate::memory::outside;
use crate::memory::surrogate;
use crate::native;
use crate::value::{Class, Native, Raised, Result, Value, bytes};
use crate::vm::Vm;

thread_local! {
    static TIMES: Class = structure::class(
        "posix.times_result",
        &["user", "system", "children_user", "children_system", "elapsed"],
    );
    static UNAME: Class = structure::class(
        "posix.uname_result",
        &["sysname", "nodename", "release", "version", "machine"],
    );
    static SIZE: Class = structure::class("os.terminal_size", &["columns", "lines"]);
}

/// The class times_result.
pub fn times_class() -> Class {
    TIMES.with(Class::clone)
}

/// The class uname_result.
pub fn uname_class() -> Class {
    UNAME.with(Class::clone)
}

/// The class terminal_size.
pub fn size_class() -> Class {
    SIZE.with(Class::clone)
}

fn getpid(_: &mut Vm) -> i64 {
    i64::from(rustix::process::getpid().as_raw_nonzero().get())
}

fn getppid(_: &mut Vm) -> i64 {
    rustix::process::getppid().map_or(0, |process| i64::from(process.as_raw_nonzero().get()))
}

fn getuid(_: &mut Vm) -> i64 {
    i64::from(rustix::process::getuid().as_raw())
}

fn geteuid(_: &mut Vm) -> i64 {
    i64::from(rustix::process::geteuid().as_raw())
}

fn getgid(_: &mut Vm) -> i64 {
    i64::from(rustix::process::getgid().as_raw())
}

fn getegid(_: &mut Vm) -> i64 {
    i64::from(rustix::process::getegid().as_raw())
}

fn umask(_: &mut Vm, mask: i64) -> i64 {
    i64::from(rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask as u32)).as_raw_mode())
}

fn urandom(_: &mut Vm, size: i64) -> Result<Value> {
    let size = usize::try_from(size).map_err(|_| Raised::value_error("negative argument not allowed"))?;
    let mut data = vec![0; size];
    let mut filled = 0;
    while filled < size {
        let flags = rustix::rand::GetRandomFlags::empty();
        match rustix::rand::getrandom(&mut data[filled..], flags) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(failure(error, &[])),
        }
    }
    Ok(bytes::new(data))
}

fn strerror(_: &mut Vm, code: i64) -> Result<String> {
    let code = i32::try_from(code).map_err(|_| Raised::overflow_error("Python int too large to convert to C int"))?;
    Ok(error_text(code))
}

fn cpu_count(_: &mut Vm) -> Value {
    std::thread::available_parallelism().map_or(Value::None, |count| Value::from(count.get()))
}

fn get_terminal_size(_: &mut Vm, number: Option<i64>) -> Result<Value> {
    let descriptor = descriptor::borrow(number.unwrap_or(1))?;
    let size = rustix::termios::tcgetwinsize(descriptor).map_err(|error| failure(error, &[]))?;
    let items = vec![Value::Int(i64::from(size.ws_col)), Value::Int(i64::from(size.ws_row))];
    Ok(SIZE.with(|class| structure::make(class, items)))
}

fn times(_: &mut Vm) -> Result<Value> {
    let seconds = |time: TimeVal| Value::Float(time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6);
    let mut items = Vec::with_capacity(5);
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).map_err(|error| os_error(error as i32, None))?;
        items.extend([seconds(usage.user_time()), seconds(usage.system_time())]);
    }
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    items.push(Value::Float(up.tv_sec as f64 + up.tv_nsec as f64 / 1e9));
    Ok(TIMES.with(|class| structure::make(class, items)))
}

fn uname(_: &mut Vm) -> Value {
    let names = rustix::system::uname();
    let parts = [names.sysname(), names.nodename(), names.release(), names.version(), names.machine()];
    let items = parts.iter().map(|part| Value::from(part.to_string_lossy().into_owned())).collect();
    UNAME.with(|class| structure::make(class, items))
}

/// The environment as the process got it: names and values.
fn environment(vm: &mut Vm) -> Result<Value> {
    let mut items = Vec::new();
    for (name, value) in std::env::vars_os() {
        let pair = vec![name_value(vm, &name, false)?, name_value(vm, &value, false)?];
        items.push(Value::tuple(pair));
    }
    Ok(Value::list(items))
}

/// A name or value of the environment.
fn part_of(value: &Value, function: &str) -> Result<Vec<u8>> {
    let data = match value.native() {
        Value::Bytes(data) => data.data.to_vec(),
        other => match other.as_str() {
            Some(text) => surrogate::system_bytes(text).unwrap_or_else(|| text.as_bytes().to_vec()),
            None => {
                let kind = value.type_name();
                return Err(Raised::type_error(format!("{function}() argument must be str or bytes, not {kind}")));
            }
        },
    };
    if data.contains(&0) { Err(Raised::value_error("embedded null byte")) } else { Ok(data) }
}

fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(failure(rustix::io::Errno::INVAL, &[]));
    }
    if name.contains(&b'=') { Err(Raised::value_error("illegal environment variable name")) } else { Ok(()) }
}

fn putenv(_: &mut Vm, name: &Value, value: &Value) -> Result<()> {
    let (name, value) = (part_of(name, "putenv")?, part_of(value, "putenv")?);
    check_name(&name)?;
    outside::set_variable(OsStr::from_bytes(&name), Some(OsStr::from_bytes(&value)));
    Ok(())
}

fn unsetenv(_: &mut Vm, name: &Value) -> Result<()> {
    let name = part_of(name, "unsetenv")?;
    check_name(&name)?;
    outside::set_variable(OsStr::from_bytes(&name), None);
    Ok(())
}

fn exit_at_once(_: &mut Vm, status: i64) {
    std::process::exit((status & 0xff) as i32);
}

fn abort(_: &mut Vm) {
    std::process::abort();
}

/// Functions of the process.
pub const FUNCTIONS: &[Native] = &[
    native!("getpid()", getpid, "The number of this process."),
    native!("getppid()", getppid, "The number of the process that started this one."),
    native!("getuid()", getuid, "The user."),
    native!("geteuid()", geteuid, "The user whose rights count."),
    native!("getgid()", getgid, "The group."),
    native!("getegid()", getegid, "The group whose rights count."),
    native!("umask(mask, /)", umask(required), "Sets which permissions new files do not get."),
    native!("urandom(size, /)", urandom(required), "Random bytes of the system."),
    native!("strerror(code, /)", strerror(required), "The text for the number of an error."),
    native!("cpu_count()", cpu_count, "How many processors there are."),
    native!("get_terminal_size(fd=1, /)", get_terminal_size(optional), "Columns and lines of a terminal."),
    native!("times()", times, "How much time has been used."),
    native!("uname()", uname, "The names of system and machine."),
    native!("_environment()", environment, "Names and values of the environment."),
    native!("putenv(name, value, /)", putenv(required, required), "Sets a variable of the environment."),
    native!("unsetenv(name, /)", unsetenv(required), "Removes a variable of the environment."),
    native!("_exit(status)", exit_at_once(required), "Ends the process at once."),
    native!("abort()", abort, "Ends the process as a crash would."),
];
