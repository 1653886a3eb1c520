//! `asy FILE`, `asy -c CODE`, `asy -m MODULE`, `asy -`: runs a program.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::{Settings, ending, exit_code};
use crate::interpreter::{Failure, Interpreter, Options, on_own_thread};
use crate::memory::interrupt;
use crate::modules::source::ReadFailure;
use crate::report::Reporter;
use crate::value::Value;

/// What is to be run.
pub enum Program {
    File(PathBuf),
    Code(String),
    Module(String),
    /// Standard input.
    Input,
    /// Nothing was named.
    Nothing,
}

/// Runs a program and gives the exit code.
pub fn run(program: Program, script_arguments: Vec<OsString>, settings: &Settings) -> u8 {
    let reporter = Reporter::new(settings.error_format);
    if matches!(program, Program::Nothing) && io::stdin().is_terminal() {
        reporter.message("Usage", "asy: there is no prompt yet; name a script, or see `asy --help`");
        return exit_code::USAGE;
    }
    let first = match &program {
        Program::File(file) => file.display().to_string(),
        Program::Code(_) => "-c".to_string(),
        Program::Module(_) => "-m".to_string(),
        Program::Input => "-".to_string(),
        Program::Nothing => String::new(),
    };
    let rest = script_arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
    let options = Options {
        arguments: std::iter::once(first).chain(rest).collect(),
        virtual_time: settings.virtual_time,
        development: settings.extended.iter().any(|(name, _)| name == "dev") || is_set("PYTHONDEVMODE"),
        extended: settings.extended.clone(),
        debug_loops: is_set("PYTHONASYNCIODEBUG"),
        hash_seed: std::env::var("PYTHONHASHSEED").ok().and_then(|seed| seed.parse().ok()),
        search_path: ["ASYPATH", "PYTHONPATH"].into_iter().flat_map(folders_of).collect(),
    };
    let outcome = on_own_thread(move || {
        watch_for_interrupts();
        let mut interpreter = Interpreter::new(options);
        let outcome = run_program(&mut interpreter, program);
        let code = match outcome {
            Err(Failure::Unreadable(failure)) => report_unreadable(&reporter, Path::new(failure.name()), &failure),
            Err(Failure::Invalid(source, diagnostics)) => {
                reporter.diagnostics(&source, &diagnostics);
                exit_code::FAILED
            }
            Err(Failure::NoProgram(message)) => {
                reporter.message("Usage", &format!("asy: {message}"));
                exit_code::FAILED
            }
            Err(Failure::Raised(raised)) => ending::uncaught(&mut interpreter, &reporter, &raised),
            Ok(_) => 0,
        };
        let code = ending::finish(&mut interpreter, &reporter, code);
        // What is left in memory goes with the process.
        std::process::exit(i32::from(code))
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            reporter.message("OSError", &format!("asy: cannot start a thread: {error}"));
            exit_code::USAGE
        }
    }
}

/// Whether an environment variable says yes.
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|text| !text.is_empty())
}

/// The folders that an environment variable lists.
fn folders_of(variable: &str) -> Vec<String> {
    let folders = std::env::var_os(variable).unwrap_or_default();
    let folders = std::env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty());
    folders.map(|folder| folder.display().to_string()).collect()
}

fn run_program(interpreter: &mut Interpreter, program: Program) -> Result<Value, Failure> {
    match program {
        Program::File(file) if file.is_dir() => interpreter.run_folder(&file),
        Program::File(file) => interpreter.run_file(&file),
        Program::Code(code) => interpreter.run_source(code.into_bytes(), "<string>"),
        Program::Module(module) => interpreter.run_module(&module),
        Program::Input | Program::Nothing => {
            let mut text = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut text)
                .map_err(|error| Failure::Unreadable(ReadFailure::System(error, "<stdin>".to_string())))?;
            interpreter.run_source(text, "<stdin>")
        }
    }
}

/// Says that a script could not be read and gives the exit code.
pub fn report_unreadable(reporter: &Reporter, file: &Path, failure: &ReadFailure) -> u8 {
    match failure {
        ReadFailure::System(error, name) => {
            let full = std::path::absolute(file).map_or_else(|_| name.clone(), |path| path.display().to_string());
            let number = error.raw_os_error().unwrap_or(0);
            let message = failure.message();
            reporter.message("OSError", &format!("asy: can't open file '{full}': [Errno {number}] {message}"));
            exit_code::USAGE
        }
        ReadFailure::Encoding { .. } | ReadFailure::Unknown { .. } => {
            reporter.message("SyntaxError", &format!("SyntaxError: {}", failure.message()));
            exit_code::FAILED
        }
    }
}

/// Ctrl-C asks the program to look; a second one, when it has not looked yet, ends it at once.
fn watch_for_interrupts() {
    let watching = ctrlc::set_handler(|| {
        if interrupt::is_signalled() {
            std::process::exit(i32::from(exit_code::INTERRUPTED));
        }
        interrupt::request(interrupt::SIGNAL);
    });
    // Without a handler Ctrl-C ends the process the system's way, which is good enough.
    drop(watching);
}
