//! Reports as JSON, for editors and other programs. Lines and columns are 1-based; columns count
//! characters.

use asy_grammar::ast::Span;
use asy_grammar::{Diagnostic, LineIndex, Severity};
use serde_json::{Value, json};

use crate::bytecode::code::Source;
use crate::modules::traceback::describe::{Described, Frame, Link};
use crate::scheduler::DeadlockReport;
use crate::scheduler::deadlock::Waiting;

/// One diagnostic of a source.
pub fn diagnostic(source: &Source, diagnostic: &Diagnostic) -> Value {
    let index = LineIndex::new(&source.text);
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| json!({ "message": label.message, "span": span(source, &index, label.span) }))
        .collect();
    json!({
        "kind": "diagnostic",
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "file": source.name,
        "span": span(source, &index, diagnostic.span()),
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

/// An uncaught exception: the last of its chain, with those it came from inside it.
pub fn chain(chain: &[Described]) -> Value {
    let mut newest = Value::Null;
    for described in chain {
        let older = newest;
        newest = exception(described);
        match described.link {
            Some(Link::Cause) => newest["cause"] = older,
            Some(Link::Context) => newest["context"] = older,
            None => {}
        }
    }
    newest
}

/// A deadlock: the waiting tasks and threads.
pub fn deadlock(report: &DeadlockReport) -> Value {
    let waiting = |waiting: &Waiting| {
        let frames: Vec<Value> =
            waiting.stack.iter().rev().map(|place| frame(&super::deadlock::frame(place))).collect();
        json!({ "name": waiting.name, "waits_for": waiting.waits_for, "frames": frames })
    };
    json!({
        "kind": "deadlock",
        "severity": "error",
        "code": "DeadlockError",
        "tasks": report.tasks.iter().map(waiting).collect::<Vec<Value>>(),
        "threads": report.threads.iter().map(waiting).collect::<Vec<Value>>(),
    })
}

/// A message of the interpreter itself.
pub fn message(class: &str, message: &str) -> Value {
    json!({ "kind": "message", "severity": "error", "code": class, "message": message })
}

fn exception(described: &Described) -> Value {
    let mut object = json!({
        "kind": "exception",
        "severity": "error",
        "code": described.class,
        "message": described.message,
        "notes": described.notes,
        "frames": described.frames.iter().map(frame).collect::<Vec<Value>>(),
    });
    if let Some(members) = &described.members {
        object["exceptions"] = members.iter().map(|member| chain(member)).collect();
    }
    if let Some(place) = &described.place {
        object["file"] = json!(place.file);
        object["span"] = json!({
            "start": { "line": place.line, "column": place.column },
            "end": { "line": place.end_line, "column": place.end_column },
        });
    }
    object
}

fn frame(frame: &Frame) -> Value {
    let index = LineIndex::new(&frame.source.text);
    json!({
        "file": frame.file,
        "line": frame.line,
        "function": frame.name,
        "span": span(&frame.source, &index, frame.span),
    })
}

fn span(source: &Source, index: &LineIndex, span: Span) -> Value {
    let place = |offset: u32| {
        let (line, column) = index.line_column(&source.text, offset);
        json!({ "line": line, "column": column, "offset": offset })
    };
    json!({ "start": place(span.start), "end": place(span.end) })
}
