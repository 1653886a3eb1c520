//! `asy dis`: the bytecode of a script.

use std::io::Write;
use std::path::Path;

use super::{Settings, exit_code};
use crate::bytecode::disassemble::disassemble;
use crate::modules::source::{self, TopLevelAwait};
use crate::report::Reporter;
use crate::vm::Vm;

/// Prints the listing and gives the exit code.
pub fn run(file: &Path, settings: &Settings) -> u8 {
    let reporter = Reporter::new(settings.error_format);
    let name = file.display().to_string();
    let mut vm = Vm::new();
    let source = match source::read(&mut vm, file, &name) {
        Ok(source) => source,
        Err(failure) => return super::run::report_unreadable(&reporter, file, &failure),
    };
    match source::compile_plain(&source, TopLevelAwait::Yes).map(|(code, _)| code) {
        Ok(code) => {
            let written = std::io::stdout().lock().write_all(disassemble(&code).as_bytes());
            if written.is_ok() { 0 } else { exit_code::OUTPUT }
        }
        Err(diagnostics) => {
            reporter.diagnostics(&source, &diagnostics);
            exit_code::FAILED
        }
    }
}
