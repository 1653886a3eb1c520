//! The end of a program: what nobody caught, what must still run, output that must still be written,
//! and the exit code of it all.

use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::exit_code;
use crate::builtins::{os_errors, stream};
use crate::interpreter::Interpreter;
use crate::modules::sys_hooks;
use crate::report::Reporter;
use crate::scheduler::deadlock;
use crate::value::{Exception, Gc, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// Shows an exception that nobody caught and gives the exit code it means.
pub fn uncaught(interpreter: &mut Interpreter, reporter: &Reporter, raised: &Raised) -> u8 {
    let exception = &raised.0;
    let vm = interpreter.vm();
    if exception.is_a(&types().system_exit) {
        return exit_status(vm, exception);
    }
    if exception.is_a(&types().broken_pipe_error) && output_has_no_reader() {
        return exit_code::FAILED;
    }
    // What was printed before comes first. That it cannot be written is said at the end.
    let _ = flush(vm, &symbols().stdout);
    if exception.is_a(&types().deadlock_error)
        && let Some(report) = deadlock::take_report()
    {
        reporter.deadlock(&report);
        return exit_code::DEADLOCK;
    }
    match sys_hooks::show_uncaught(vm, raised) {
        Ok(true) => {}
        Ok(false) => reporter.exception(vm, exception),
        Err(of_hook) => {
            reporter.message("Error", "Error in sys.excepthook:");
            reporter.exception(vm, &of_hook.0);
            reporter.message("Error", "\nOriginal exception was:");
            reporter.exception(vm, exception);
        }
    }
    if exception.is_a(&types().keyboard_interrupt) { exit_code::INTERRUPTED } else { exit_code::FAILED }
}

/// Whether standard output is a pipe whose reader has gone.
fn output_has_no_reader() -> bool {
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    poll(&mut watched, PollTimeout::ZERO).is_ok()
        && watched[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR))
}

/// The exit code of a SystemExit: none is 0, a number is itself, anything else is printed and 1.
fn exit_status(vm: &mut Vm, exception: &Gc<Exception>) -> u8 {
    let value = Value::Exception(exception.clone());
    let status = match vm.get_attribute_if_any(&value, &symbols().code) {
        Ok(Some(status)) => status,
        _ => exception.first_argument().unwrap_or(Value::None),
    };
    match status.native() {
        Value::None => 0,
        // The system keeps the lowest eight bits.
        Value::Int(number) => (*number & 0xff) as u8,
        Value::Bool(flag) => u8::from(*flag),
        Value::BigInt(_) => u8::MAX,
        _ => {
            let text = vm.str(&status).map_or_else(|_| String::new(), |text| text.to_string());
            let line = Value::str(&format!("{text}\n"));
            let _ = flush(vm, &symbols().stdout);
            if write(vm, &symbols().stderr, line).is_err() {
                eprintln!("{text}");
            }
            exit_code::FAILED
        }
    }
}

/// Runs what is registered for the end and writes what is still to be written.
pub fn finish(interpreter: &mut Interpreter, reporter: &Reporter, code: u8) -> u8 {
    let mut code = code;
    interpreter.end(&mut |vm, raised| {
        if raised.is_a(&types().deadlock_error)
            && let Some(report) = deadlock::take_report()
        {
            reporter.deadlock(&report);
            code = exit_code::DEADLOCK;
        } else if !raised.is_a(&types().system_exit) {
            reporter.exception(vm, &raised.0);
        }
    });
    let vm = interpreter.vm();
    let outcome = flush(vm, &symbols().stdout);
    let _ = flush(vm, &symbols().stderr);
    // The script may have put streams of its own in their place.
    let outcome = outcome.and(stream::flush_all().map_err(|error| os_errors::from_io_error(&error, None)));
    match outcome {
        Ok(()) => code,
        // Whoever read the output has gone: nothing to complain about.
        Err(raised) if raised.is_a(&types().broken_pipe_error) => {
            if code == 0 {
                exit_code::OUTPUT
            } else {
                code
            }
        }
        Err(raised) => {
            reporter.message("OSError", "Exception ignored while the standard output was being written:");
            reporter.exception(vm, &raised.0);
            exit_code::OUTPUT
        }
    }
}

/// Writes what waits in a stream of `sys`, as the script has left it.
fn flush(vm: &mut Vm, name: &Str) -> Result<()> {
    match stream::current(name) {
        Some(stream) if !stream.is_none() => vm.call_method(&stream, &symbols().flush, &[]).map(drop),
        _ => Ok(()),
    }
}

fn write(vm: &mut Vm, name: &Str, text: Value) -> Result<()> {
    match stream::current(name) {
        Some(stream) if !stream.is_none() => vm.call_method(&stream, &symbols().write, &[text]).map(drop),
        _ => Ok(()),
    }
}
