//! Frame objects: `sys._getframe()`, `tb_frame`, `gi_frame`.
//!
//! A frame object does not own the frame. It knows where the frame is and looks there each time it is
//! asked; one that an exception has left keeps its variables in the traceback.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::bytecode::{CodeKind, Register};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::CoroutineState;
use crate::value::exception::TracebackEntry;
use crate::value::instance::Payload;
use crate::value::{
    Coroutine, CoroutineKind, Dict, Function, Gc, Instance, Native, Raised, Result, Str, Value, Weak, types,
};
use crate::vm::{FrameView, Vm, bound_variables, builtins_of};

/// A frame: where it is, and where it was when the object was made.
struct Frame {
    entry: TracebackEntry,
    /// The generator or coroutine whose frame it is: the frame does not keep it alive.
    coroutine: Option<Weak<Coroutine>>,
}

impl Payload for Frame {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.entry.trace(tracer);
    }
}

fn make(entry: TracebackEntry, coroutine: Option<&Gc<Coroutine>>) -> Gc<Instance> {
    Instance::with_payload(types().frame.clone(), Frame { entry, coroutine: coroutine.map(Weak::new) })
}

thread_local! {
    /// The objects for frames that run, by place, so that a frame has one object as long as it is looked at.
    static KNOWN: RefCell<HashMap<usize, Weak<Instance>>> = RefCell::new(HashMap::new());
}

/// The object for a frame that runs.
fn shared(entry: TracebackEntry, coroutine: Option<&Gc<Coroutine>>) -> Value {
    let is_of_same = |frame: &Frame| match (frame.coroutine(), coroutine) {
        (Some(known), Some(coroutine)) => known.same(coroutine),
        (None, None) => frame.coroutine.is_none(),
        _ => false,
    };
    let known = KNOWN.with_borrow(|known| known.get(&entry.place).and_then(Weak::upgrade)).map(Value::Instance);
    if let Some(known) = known
        && known.payload::<Frame>().is_some_and(|frame| frame.entry.function.same(&entry.function) && is_of_same(frame))
    {
        return known;
    }
    let place = entry.place;
    let made = make(entry, coroutine);
    KNOWN.with_borrow_mut(|known| {
        if known.len() > 1000 {
            known.retain(|_, frame| frame.upgrade().is_some());
        }
        known.insert(place, Weak::new(&made));
    });
    Value::Instance(made)
}

/// The frame object for a place an exception has passed.
pub fn frame_at(vm: &Vm, entry: TracebackEntry) -> Value {
    let runs = |view: &FrameView| view.place() == entry.place && view.function.same(&entry.function);
    let running = if entry.is_left() { None } else { vm.script_frames().find(runs) };
    match running {
        Some(view) => frame_of_view(&view),
        None => Value::Instance(make(entry, None)),
    }
}

/// Whether the frame of a frame object was left with an exception.
pub fn is_left(frame: &Value) -> bool {
    frame.payload::<Frame>().is_some_and(|frame| frame.entry.is_left())
}

/// The frame object of a generator or coroutine.
pub fn frame_of_coroutine(coroutine: &Gc<Coroutine>) -> Value {
    let pc = coroutine.pc.get().saturating_sub(1);
    let entry = TracebackEntry::new(coroutine.function.clone(), pc, coroutine.address());
    shared(entry, Some(coroutine))
}

/// The frame object of a frame that runs.
fn frame_of_view(view: &FrameView) -> Value {
    let pc = view.instruction as u32;
    let entry = TracebackEntry::new(view.function.clone(), pc, view.place());
    let coroutine = match &view.coroutine {
        Some(Value::Coroutine(coroutine)) => Some(coroutine),
        _ => None,
    };
    shared(entry, coroutine)
}

/// `sys._getframe(depth)`
pub fn running_frame(vm: &mut Vm, depth: usize) -> Option<Value> {
    vm.script_frames().nth(depth).map(|view| frame_of_view(&view))
}

/// The entry of a traceback that a frame object stands for.
pub fn entry_of(value: &Value) -> Option<TracebackEntry> {
    value.payload::<Frame>().map(|frame| frame.entry.clone())
}

fn frame(this: &Value) -> Result<&Frame> {
    this.payload::<Frame>().ok_or_else(|| Raised::type_error(format!("a frame is needed, not '{}'", this.type_name())))
}

impl Frame {
    /// The generator or coroutine whose frame it is, while that lives.
    fn coroutine(&self) -> Option<Gc<Coroutine>> {
        self.coroutine.as_ref().and_then(Weak::upgrade)
    }

    /// The frame itself, if it still runs.
    fn find(&self, vm: &Vm) -> Option<FrameView> {
        if self.entry.is_left() {
            return None;
        }
        vm.script_frames().find(|view| view.place() == self.entry.place && view.function.same(&self.entry.function))
    }

    fn instruction(&self, vm: &Vm) -> usize {
        if let Some(view) = self.find(vm) {
            return view.instruction;
        }
        match self.coroutine() {
            Some(coroutine) if coroutine.state.get() != CoroutineState::Finished => {
                coroutine.pc.get().saturating_sub(1) as usize
            }
            _ => self.entry.pc as usize,
        }
    }

    fn line(&self, vm: &Vm) -> i64 {
        let code = &self.entry.function.code.code;
        match self.coroutine() {
            Some(coroutine) if coroutine.state.get() == CoroutineState::Created => i64::from(code.first_line),
            _ => i64::from(code.position(self.instruction(vm)).line),
        }
    }
}

fn code(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Code(frame(this)?.entry.function.code.clone()))
}

fn line(vm: &mut Vm, this: &Value) -> Result<i64> {
    Ok(frame(this)?.line(vm))
}

fn instruction(vm: &mut Vm, this: &Value) -> Result<usize> {
    Ok(frame(this)?.instruction(vm))
}

fn globals(_: &mut Vm, this: &Value) -> Result<Gc<Dict>> {
    Ok(frame(this)?.entry.function.globals.clone())
}

fn builtins(vm: &mut Vm, this: &Value) -> Result<Value> {
    Ok(builtins_of(vm, &frame(this)?.entry.function.globals))
}

/// Who called it: the next frame further out that runs.
fn back(vm: &mut Vm, this: &Value) -> Result<Value> {
    let this = frame(this)?;
    let mut views = vm.script_frames().skip_while(|view| {
        view.place() != this.entry.place || !view.function.same(&this.entry.function) || this.entry.is_left()
    });
    views.next();
    Ok(views.next().map(|view| frame_of_view(&view)).into())
}

fn variables(function: &Gc<Function>, registers: &[Value]) -> Value {
    let dict = Dict::new();
    let register = |register: Register| registers.get(register.0 as usize).cloned().unwrap_or_default();
    for (name, value) in bound_variables(function, register) {
        if !name.starts_with('.') {
            dict.set_str(&name, value);
        }
    }
    Value::Dict(Gc::new(dict))
}

fn locals(vm: &mut Vm, this: &Value) -> Result<Value> {
    let this = frame(this)?;
    let function = &this.entry.function;
    if function.code.code.kind == CodeKind::Module {
        return Ok(Value::Dict(function.globals.clone()));
    }
    if let Some(left) = this.entry.left() {
        let registers = left.snapshot();
        if function.code.code.kind == CodeKind::Class {
            return Ok(registers.first().cloned().unwrap_or_else(|| Value::Dict(Gc::new(Dict::new()))));
        }
        return Ok(variables(function, &registers));
    }
    if let Some(view) = this.find(vm) {
        return Ok(view.locals_object());
    }
    match this.coroutine() {
        Some(coroutine) => Ok(variables(function, &coroutine.registers.get())),
        None => Ok(Value::Dict(Gc::new(Dict::new()))),
    }
}

fn none(_: &mut Vm, this: &Value) -> Result<()> {
    frame(this).map(drop)
}

fn yes(_: &mut Vm, this: &Value) -> Result<bool> {
    frame(this).map(|_| true)
}

fn no(_: &mut Vm, this: &Value) -> Result<bool> {
    frame(this).map(|_| false)
}

fn clear(vm: &mut Vm, this: &Value) -> Result<()> {
    let this = frame(this)?;
    if this.find(vm).is_some() {
        return Err(Raised::runtime_error("cannot clear an executing frame"));
    }
    if let Some(left) = this.entry.left() {
        left.take_items();
    }
    match this.coroutine() {
        Some(coroutine) if coroutine.state.get() == CoroutineState::Created => {
            if coroutine.kind == CoroutineKind::Coroutine {
                (vm.hooks.warn_never_awaited)(vm, &Value::Coroutine(coroutine.clone()));
            }
            coroutine.finish();
            Ok(())
        }
        Some(coroutine) if coroutine.state.get() != CoroutineState::Finished => {
            Err(Raised::runtime_error("cannot clear a suspended frame"))
        }
        _ => Ok(()),
    }
}

fn repr(vm: &mut Vm, this: &Value) -> Result<Str> {
    let state = frame(this)?;
    let code = &state.entry.function.code;
    let (address, line) = (this.address(), state.line(vm));
    Ok(format!("<frame at {address:#x}, file '{}', line {line}, code {}>", code.code.source.name, code.name).into())
}

/// Frames are equal when they are the same frame: each look at one makes a new object.
fn eq(_: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
    let this = &frame(this)?.entry;
    let Some(other) = other.payload::<Frame>() else { return Ok(Value::NotImplemented) };
    Ok(Value::Bool(this.place == other.entry.place && this.function.same(&other.entry.function)))
}

fn hash(_: &mut Vm, this: &Value) -> Result<i64> {
    Ok(frame(this)?.entry.place as i64)
}

pub const METHODS: &[Native] = &[
    native!("f_code(self, /)", code(required), "The code object.").getter(),
    native!("f_lineno(self, /)", line(required), "The line, from 1.").getter(),
    native!("f_lasti(self, /)", instruction(required), "The number of the instruction.").getter(),
    native!("f_back(self, /)", back(required), "The frame that called, or None.").getter(),
    native!("f_locals(self, /)", locals(required), "The variables.").getter(),
    native!("f_globals(self, /)", globals(required), "The variables of the module.").getter(),
    native!("f_builtins(self, /)", builtins(required), "The builtin names.").getter(),
    native!("f_trace(self, /)", none(required), "The trace function: there is none.").getter(),
    native!("f_trace_lines(self, /)", yes(required), "Whether lines would be traced.").getter(),
    native!("f_trace_opcodes(self, /)", no(required), "Whether instructions would be traced.").getter(),
    native!("clear(self, /)", clear(required), "Gives up the variables of a frame that is over."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
];
