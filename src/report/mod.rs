//! What is wrong, shown to the reader: diagnostics of a source, uncaught exceptions, deadlocks.
//!
//! The only place that knows how an error is drawn. A report ends with the plain line
//! `Class: message`, whatever stands above it, so that programs can find it too.

use std::io::{self, IsTerminal, Write};

use asy_grammar::Diagnostic;

use crate::bytecode::code::Source;
use crate::modules::traceback::describe::describe_chain;
use crate::modules::traceback::draw::{Paint, draw_chain};
use crate::scheduler::DeadlockReport;
use crate::value::{Exception, Gc};
use crate::vm::Vm;

mod deadlock;
mod diagnostic;
mod json;

/// For whom a report is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Shows what is wrong on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    format: ErrorFormat,
    paint: Paint,
}

impl Reporter {
    /// Colours are used on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    pub fn new(format: ErrorFormat) -> Reporter {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let paint = if io::stderr().is_terminal() && !forbidden { Paint::Colour } else { Paint::Plain };
        Reporter { format, paint }
    }

    /// What is wrong with a source.
    pub fn diagnostics(&self, source: &Source, diagnostics: &[Diagnostic]) {
        let text = match self.format {
            ErrorFormat::Text => diagnostic::draw(source, diagnostics, self.paint),
            ErrorFormat::Json => lines(diagnostics.iter().map(|diagnostic| json::diagnostic(source, diagnostic))),
        };
        print(&text);
    }

    /// An exception that nobody caught, with what it came from.
    pub fn exception(&self, vm: &mut Vm, exception: &Gc<Exception>) {
        let chain = describe_chain(vm, exception);
        let text = match self.format {
            ErrorFormat::Text => draw_chain(&chain, self.paint).concat(),
            ErrorFormat::Json => lines(std::iter::once(json::chain(&chain))),
        };
        print(&text);
    }

    /// Everything waits for something that cannot come.
    pub fn deadlock(&self, report: &DeadlockReport) {
        let text = match self.format {
            ErrorFormat::Text => deadlock::draw(report, self.paint),
            ErrorFormat::Json => lines(std::iter::once(json::deadlock(report))),
        };
        print(&text);
    }

    /// A message of the interpreter itself.
    pub fn message(&self, class: &str, message: &str) {
        let text = match self.format {
            ErrorFormat::Text => format!("{message}\n"),
            ErrorFormat::Json => lines(std::iter::once(json::message(class, message))),
        };
        print(&text);
    }
}

fn lines(objects: impl Iterator<Item = serde_json::Value>) -> String {
    objects.map(|object| format!("{object}\n")).collect()
}

/// Writes to standard error; when that is closed there is nobody left to tell.
fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
