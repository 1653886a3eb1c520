//! Traceback objects: the frames an exception has left, outermost first, as a chain.
//!
//! A traceback is a copy of what the exception has recorded so far.

use crate::memory::Tracer;
use crate::native;
use crate::value::exception::TracebackEntry;
use crate::value::instance::Payload;
use crate::value::{Exception, Gc, Instance, List, Mutable, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

use super::frame;

/// One place in the chain.
struct Traceback {
    entry: TracebackEntry,
    /// The next inner place, or None.
    next: Mutable<Value>,
    /// The line, where the script has made the object by itself.
    line: Option<i64>,
    /// As in `entry`, kept up to date.
    left: Mutable<Option<Gc<List>>>,
    /// The frame object, once it was asked for; unbound before.
    frame: Mutable<Value>,
}

impl Payload for Traceback {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.entry.trace(tracer);
        self.next.borrow().trace(tracer);
        self.frame.borrow().trace(tracer);
        if let Some(left) = &*self.left.borrow() {
            tracer.visit(left);
        }
    }

    fn clear(&self) {
        self.next.set(Value::None);
        self.frame.set(Value::Unbound);
        self.left.set(None);
    }
}

fn make(entry: TracebackEntry, next: Value, line: Option<i64>) -> Value {
    let left = Mutable::new(entry.left());
    let state = Traceback { entry, next: Mutable::new(next), line, left, frame: Mutable::default() };
    Value::Instance(Instance::with_payload(types().traceback.clone(), state))
}

/// The traceback object of an exception; None when it has left no frame. As long as it leaves no further
/// frame it is the same object.
pub fn traceback_object(exception: &Gc<Exception>) -> Value {
    let entries = exception.traceback.get();
    let (shown, length) = exception.shown.get();
    let (shown, length) = if length > entries.len() { (Value::None, 0) } else { (shown, length) };
    // The outermost frame that is shown may have been left since.
    if let (Some(outermost), Some(entry)) =
        (shown.payload::<Traceback>(), length.checked_sub(1).map(|last| &entries[last]))
    {
        outermost.left.set(entry.left());
    }
    let made = entries[length..].iter().fold(shown, |inner, entry| make(entry.clone(), inner, None));
    exception.shown.set((made.clone(), entries.len()));
    made
}

/// The recorded frames of a traceback object, innermost first; nothing for None. None when the value is
/// neither.
pub fn entries(value: &Value) -> Option<Vec<TracebackEntry>> {
    let mut entries = Vec::new();
    let mut link = value.clone();
    while !link.is_none() {
        let traceback = link.payload::<Traceback>()?;
        entries.push(traceback.entry.with_left(traceback.left.get()));
        let next = traceback.next.get();
        link = next;
    }
    entries.reverse();
    Some(entries)
}

fn traceback_of(this: &Value) -> Result<&Traceback> {
    this.payload::<Traceback>()
        .ok_or_else(|| Raised::type_error(format!("a traceback is needed, not '{}'", this.type_name())))
}

/// `types.TracebackType(tb_next, tb_frame, tb_lasti, tb_lineno)`
fn new(_: &mut Vm, _: &Value, next: &Value, of: &Value, instruction: i64, line: i64) -> Result<Value> {
    if !next.is_none() && next.payload::<Traceback>().is_none() {
        let kind = next.type_name();
        return Err(Raised::type_error(format!("expected traceback object or None, got '{kind}'")));
    }
    let Some(mut entry) = frame::entry_of(of) else {
        let kind = of.type_name();
        return Err(Raised::type_error(format!("traceback() argument 'tb_frame' must be frame, not {kind}")));
    };
    entry.pc = u32::try_from(instruction).unwrap_or(entry.pc);
    Ok(make(entry, next.clone(), Some(line)))
}

fn line(_: &mut Vm, this: &Value) -> Result<i64> {
    let this = traceback_of(this)?;
    Ok(this.line.unwrap_or_else(|| {
        let code = &this.entry.function.code.code;
        i64::from(code.position(this.entry.pc as usize).line)
    }))
}

fn instruction(_: &mut Vm, this: &Value) -> Result<i64> {
    Ok(i64::from(traceback_of(this)?.entry.pc))
}

fn next(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(traceback_of(this)?.next.get())
}

fn frame_object(vm: &mut Vm, this: &Value) -> Result<Value> {
    let this = traceback_of(this)?;
    let left = this.left.get();
    let known = this.frame.get();
    if !known.is_unbound() && (left.is_none() || frame::is_left(&known)) {
        return Ok(known);
    }
    let made = frame::frame_at(vm, this.entry.with_left(left));
    this.frame.set(made.clone());
    Ok(made)
}

/// Sets `tb_next`, the one part that can be set. False when the object is no traceback or the name another.
pub fn set_traceback_attribute(object: &Value, name: &Str, value: Option<&Value>) -> Result<bool> {
    let Some(this) = object.payload::<Traceback>() else { return Ok(false) };
    if &**name != "tb_next" {
        return Ok(false);
    }
    let Some(value) = value else { return Err(Raised::type_error("can't delete tb_next attribute")) };
    let Some(inner) = entries(value) else {
        let kind = value.type_name();
        return Err(Raised::type_error(format!("expected traceback object, got '{kind}'")));
    };
    drop(inner);
    let mut link = value.clone();
    while let Some(next) = link.payload::<Traceback>().map(|traceback| traceback.next.get()) {
        if link.is(object) {
            return Err(Raised::value_error("traceback loop detected"));
        }
        link = next;
    }
    this.next.set(value.clone());
    Ok(true)
}

fn dir(_: &mut Vm, _: &Value) -> Value {
    let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
    Value::list(names.into_iter().map(Value::str).collect())
}

pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, tb_next, tb_frame, tb_lasti, tb_lineno)",
        new(required, required, required, required, required),
        "Create and return a new object."
    )
    .static_method(),
    native!("tb_lineno(self, /)", line(required), "The line, from 1.").getter(),
    native!("tb_lasti(self, /)", instruction(required), "The number of the instruction.").getter(),
    native!("tb_next(self, /)", next(required), "The frame that was called from there, or None.").getter(),
    native!("tb_frame(self, /)", frame_object(required), "The frame.").getter(),
    native!("__dir__(self, /)", dir(required), "The names of the attributes."),
];
