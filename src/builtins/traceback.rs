//! Traceback objects: the frames an exception has left, outermost first, as a chain.
//!
//! A traceback is a copy of what the exception has recorded so far. Its frames know code and line;
//! variables are gone by then.

use std::rc::Rc;

use crate::native;
use crate::value::exception::TracebackEntry;
use crate::value::instance::Payload;
use crate::value::{Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// One place in the chain: entry `index`, and the more inner ones before it.
struct Traceback {
    /// Innermost first.
    entries: Rc<[TracebackEntry]>,
    index: usize,
}

// The code objects are shared with the other places of the chain and are part of no cycle with it, so
// they are not shown to the collector.
impl Payload for Traceback {}

struct Frame(TracebackEntry);

impl Payload for Frame {}

fn at(entries: Rc<[TracebackEntry]>, index: usize) -> Value {
    Value::Instance(Instance::with_payload(types().traceback.clone(), Traceback { entries, index }))
}

/// The traceback object for recorded frames; None when there are none.
pub fn traceback(entries: &[TracebackEntry]) -> Value {
    match entries.len().checked_sub(1) {
        Some(outermost) => at(entries.into(), outermost),
        None => Value::None,
    }
}

/// The recorded frames of a traceback object; nothing for None. None when the value is neither.
pub fn entries(value: &Value) -> Option<Vec<TracebackEntry>> {
    if value.is_none() {
        return Some(Vec::new());
    }
    let traceback = value.payload::<Traceback>()?;
    Some(traceback.entries[..=traceback.index].to_vec())
}

fn traceback_of(this: &Value) -> Result<&Traceback> {
    this.payload::<Traceback>()
        .ok_or_else(|| Raised::type_error(format!("a traceback is needed, not '{}'", this.type_name())))
}

fn line_of(entry: &TracebackEntry) -> i64 {
    i64::from(entry.code.code.position(entry.pc as usize).line)
}

fn line(_: &mut Vm, this: &Value) -> Result<i64> {
    let this = traceback_of(this)?;
    Ok(line_of(&this.entries[this.index]))
}

fn instruction(_: &mut Vm, this: &Value) -> Result<i64> {
    let this = traceback_of(this)?;
    Ok(i64::from(this.entries[this.index].pc))
}

fn next(_: &mut Vm, this: &Value) -> Result<Value> {
    let this = traceback_of(this)?;
    Ok(match this.index.checked_sub(1) {
        Some(inner) => at(this.entries.clone(), inner),
        None => Value::None,
    })
}

fn frame(_: &mut Vm, this: &Value) -> Result<Value> {
    let this = traceback_of(this)?;
    Ok(frame_at(this.entries[this.index].clone()))
}

/// The frame object for a place in the code.
pub fn frame_at(entry: TracebackEntry) -> Value {
    Value::Instance(Instance::with_payload(types().frame.clone(), Frame(entry)))
}

fn frame_of(this: &Value) -> Result<&TracebackEntry> {
    match this.payload::<Frame>() {
        Some(frame) => Ok(&frame.0),
        None => Err(Raised::type_error(format!("a frame is needed, not '{}'", this.type_name()))),
    }
}

fn frame_code(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Code(frame_of(this)?.code.clone()))
}

fn frame_line(_: &mut Vm, this: &Value) -> Result<i64> {
    frame_of(this).map(line_of)
}

fn frame_repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let entry = frame_of(this)?;
    Ok(format!(
        "<frame at {:#x}, file '{}', line {}, code {}>",
        this.address(),
        entry.code.code.source.name,
        line_of(entry),
        entry.code.name
    )
    .into())
}

pub const METHODS: &[Native] = &[
    native!("tb_lineno(self, /)", line(required), "The line, from 1.").getter(),
    native!("tb_lasti(self, /)", instruction(required), "The number of the instruction.").getter(),
    native!("tb_next(self, /)", next(required), "The frame that was called from there, or None.").getter(),
    native!("tb_frame(self, /)", frame(required), "The frame.").getter(),
];

pub const FRAME_METHODS: &[Native] = &[
    native!("f_code(self, /)", frame_code(required), "The code object.").getter(),
    native!("f_lineno(self, /)", frame_line(required), "The line, from 1.").getter(),
    native!("__repr__(self, /)", frame_repr(required), "Return repr(self)."),
];
