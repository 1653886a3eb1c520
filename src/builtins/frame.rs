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
    Coroutine, CoroutineKind, Dict, Gc, Instance, List, Mutable, Native, Raised, Result, Str, Value, Weak, types,
};
use crate::vm::{FrameView, Vm, bound_variables, builtins_of, inner_variables};

use super::frame_locals;

/// A frame: where it is, and where it was when the object was made.
struct Frame {
    entry: TracebackEntry,
    /// The generator or coroutine whose frame it is: the frame does not keep it alive.
    coroutine: Option<Weak<Coroutine>>,
    /// What was put into `f_locals` under names that are no variables.
    added: Mutable<Option<Gc<Dict>>>,
}

impl Payload for Frame {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.entry.trace(tracer);
        self.added.borrow().iter().for_each(|added| tracer.visit(added));
    }
}

fn make(entry: TracebackEntry, coroutine: Option<&Gc<Coroutine>>) -> Gc<Instance> {
    Instance::with_payload(
        types().frame.clone(),
        Frame { entry, coroutine: coroutine.map(Weak::new), added: Mutable::default() },
    )
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

/// What is in the registers of a frame that does not run: those of a coroutine, or those that an exception has
/// left.
enum Registers {
    Running(FrameView),
    Suspended(Gc<Coroutine>),
    Left(Gc<List>),
    Gone,
}

impl Registers {
    fn get(&self, register: Register) -> Value {
        let index = register.0 as usize;
        match self {
            Registers::Running(view) => view.register(register),
            Registers::Suspended(coroutine) => coroutine.registers.borrow().get(index).cloned().unwrap_or_default(),
            Registers::Left(list) => list.get(index).unwrap_or_default(),
            Registers::Gone => Value::Unbound,
        }
    }

    fn set(&self, register: Register, value: Value) {
        let index = register.0 as usize;
        match self {
            Registers::Running(view) => view.set_register(register, value),
            Registers::Suspended(coroutine) => {
                let mut registers = coroutine.registers.borrow_mut();
                let old = registers.get_mut(index).map(|place| std::mem::replace(place, value));
                drop(registers);
                drop(old);
            }
            Registers::Left(list) => drop(list.replace(index, value)),
            Registers::Gone => {}
        }
    }
}

impl Frame {
    fn registers(&self, vm: &Vm) -> Registers {
        if let Some(left) = self.entry.left() {
            return Registers::Left(left);
        }
        match self.find(vm) {
            Some(view) => Registers::Running(view),
            None => self.coroutine().map_or(Registers::Gone, Registers::Suspended),
        }
    }

    /// Whether its variables are registers, not only entries of a namespace.
    fn has_variables(&self, vm: &Vm) -> bool {
        let code = &self.entry.function.code.code;
        let is_namespace = matches!(code.kind, CodeKind::Module | CodeKind::Class);
        !is_namespace || inner_variables(code, self.instruction(vm)).next().is_some()
    }

    /// The namespace of a module or class.
    fn namespace(&self, registers: &Registers) -> Option<Value> {
        match self.entry.function.code.code.kind {
            CodeKind::Module => Some(Value::Dict(self.entry.function.globals.clone())),
            CodeKind::Class => Some(registers.get(Register(0))).filter(|namespace| !namespace.is_unbound()),
            _ => None,
        }
    }

    /// The variables as they are now, and what was added under other names.
    fn variables(&self, vm: &mut Vm) -> Result<Value> {
        let registers = self.registers(vm);
        let dict = match self.namespace(&registers) {
            Some(Value::Dict(namespace)) => namespace.copy(),
            _ => Dict::new(),
        };
        let read = |register| registers.get(register);
        for (name, value) in bound_variables(&self.entry.function, self.instruction(vm), read) {
            if !name.starts_with('.') {
                dict.set_str(&name, value);
            }
        }
        let dict = Value::Dict(Gc::new(dict));
        for entry in self.added.get().iter().flat_map(|added| added.snapshot()) {
            vm.set_item(&dict, &entry.key, entry.value)?;
        }
        Ok(dict)
    }

    /// Gives a variable a value. False when the code has none of this name.
    fn set_variable(&self, vm: &Vm, name: &Str, value: &Value) -> bool {
        let code = &self.entry.function.code.code;
        let registers = self.registers(vm);
        let inner = inner_variables(code, self.instruction(vm)).filter(|variable| *variable.name == **name).last();
        let own = || code.register_names.iter().position(|known| known.as_deref() == Some(&**name));
        let place = inner.map(|variable| variable.register).or_else(|| own().map(|index| Register(index as u8)));
        if let Some(register) = place {
            match registers.get(register) {
                Value::Cell(cell) => cell.contents.set(value.clone()),
                _ => registers.set(register, value.clone()),
            }
            return true;
        }
        let spilled = code.spill_names.iter().position(|known| **known == **name);
        if let (Some(index), Some(spill)) = (spilled, code.spill)
            && let Value::List(list) = registers.get(spill)
        {
            match list.get(index) {
                Some(Value::Cell(cell)) => cell.contents.set(value.clone()),
                _ => drop(list.replace(index, value.clone())),
            }
            return true;
        }
        match (self.namespace(&registers), code.kind) {
            (Some(Value::Dict(namespace)), _) => namespace.set_str(name, value.clone()),
            _ => return false,
        }
        true
    }

    /// Names that are no variables of the code, with the values that were put under them.
    fn added(&self) -> Gc<Dict> {
        let mut added = self.added.borrow_mut();
        added.get_or_insert_with(|| Gc::new(Dict::new())).clone()
    }
}

/// The variables of the frame that a frame object stands for.
pub fn variables_of(vm: &mut Vm, this: &Value) -> Result<Value> {
    frame(this)?.variables(vm)
}

/// Sets a variable of the frame that a frame object stands for. A name that its code does not have is kept by
/// the frame object.
pub fn set_variable(vm: &mut Vm, this: &Value, key: &Value, value: Value) -> Result<()> {
    let frame = frame(this)?;
    let code = frame.entry.function.code.clone();
    let hash = vm.hash(key)?;
    // A key may be no str and yet equal to one.
    let name = match key {
        Value::Str(name) => Some(name.clone()),
        _ => {
            let inner = code.code.inner_variables.iter().map(|variable| &variable.name);
            let own = code.code.register_names.iter().flatten().chain(&code.code.spill_names);
            let mut found = None;
            for name in inner.chain(own) {
                let name = Value::Str(Str::intern(name));
                if vm.hash(&name)? == hash && vm.equal(key, &name)? {
                    found = name.as_str().cloned();
                    break;
                }
            }
            found
        }
    };
    match name {
        Some(name) if frame.set_variable(vm, &name.interned(), &value) => Ok(()),
        _ => vm.set_item(&Value::Dict(frame.added()), key, value),
    }
}

fn locals(vm: &mut Vm, this: &Value) -> Result<Value> {
    let state = frame(this)?;
    if !state.has_variables(vm) {
        let namespace = state.namespace(&state.registers(vm));
        return Ok(namespace.unwrap_or_else(|| Value::Dict(Gc::new(Dict::new()))));
    }
    Ok(frame_locals::proxy(this))
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
