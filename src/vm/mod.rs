//! The virtual machine: frames, the dispatch loop and the protocols of the language.
//!
//! `dispatch` is the loop; an arm that does not apply at once calls a named function in the file of
//! its topic. Those come in two kinds: plain ones, which may nest the loop to run script code, and
//! ones that push a frame and let the loop go on (they answer with `Entered`). Natives see the plain
//! ones: `Vm::call`, `Vm::repr`, `Vm::equal` and so on.

// The pointers in a frame are good while the frame lives; borrowing through them is this folder's work.
#![allow(unsafe_code, dangerous_implicit_autorefs)]

mod attribute;
mod awaiting;
mod call;
mod class_building;
mod class_call;
mod closing;
mod coroutine;
mod dispatch;
pub mod flow;
mod frame;
mod generator;
mod instance_check;
mod intrinsic;
mod item;
mod iteration;
mod keyed;
mod matching;
mod operator;
mod parameters;
mod protocol;
mod safe_point;
mod search_order;
mod slots;
mod unwind;
mod variable;

use crate::bytecode::{Code, CodeKind, InnerVariable, Register};
use crate::value::{
    CellObject, Class, CodeObject, Coroutine, Dict, Exception, Function, Gc, Module, Result, Str, Value,
};

use frame::{Frame, Segment};

pub use attribute::{empty_slot, read_only};
pub use coroutine::throw_before_start;
pub use operator::Comparison;
pub use safe_point::Hooks;
pub use search_order::linearize;
pub use slots::{add_dictionary, best_base, same_layout};
pub use unwind::set_context;
pub use variable::builtins_of;

/// A running interpreter: its stack and what it has to know while it runs.
pub struct Vm {
    /// The top frame. The bottom one is a header without code that never ends.
    frame: *mut Frame,
    /// End of the segment that the top frame is in.
    limit: *mut Value,
    /// Number of that segment.
    segment: usize,
    segments: Vec<Segment>,
    /// Frames on the stack.
    depth: usize,
    /// Most frames: `sys.setrecursionlimit`.
    recursion_limit: usize,
    /// Native calls that have entered the dispatch loop.
    nesting: usize,
    /// Values whose repr is being made.
    showing: Vec<usize>,
    /// Native code may not nest below this address of the native stack.
    floor: usize,
    /// How the running flow goes back to the main native stack; null for the main flow.
    way_back: flow::WayBack,
    pub builtins: Gc<Dict>,
    /// How many calls are noted when a coroutine is made (`sys.set_coroutine_origin_tracking_depth`).
    pub origin_depth: usize,
    /// What the layers above do for the VM.
    pub hooks: Hooks,
}

/// What driving a coroutine gave.
pub enum Outcome {
    Yielded(Value),
    Returned(Value),
}

/// What the loop does after a frame was left or entered: go on with the top frame (None), or leave.
type Flow = Result<Option<Outcome>>;

/// Most native calls into the dispatch loop inside each other; more would endanger the native stack.
const MOST_NESTING: usize = 8_000;

impl Vm {
    /// A VM with nothing in it; `builtins` is filled by the layer above.
    pub fn new() -> Vm {
        let first = Segment::new(frame::FIRST_SEGMENT);
        Vm {
            frame: first.write_bottom(),
            limit: first.end(),
            segment: 0,
            segments: vec![first],
            depth: 0,
            recursion_limit: 1000,
            nesting: 0,
            showing: Vec::new(),
            floor: 0,
            way_back: flow::WayBack::NONE,
            builtins: Gc::new(Dict::new()),
            origin_depth: 0,
            hooks: Hooks::default(),
        }
    }

    /// Most frames on the stack.
    pub fn recursion_limit(&self) -> usize {
        self.recursion_limit
    }

    pub fn set_recursion_limit(&mut self, limit: usize) {
        self.recursion_limit = limit;
    }

    /// Frames on the stack now.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Runs the code of a module in its globals.
    pub fn run_module(&mut self, code: &Gc<CodeObject>, module: &Gc<Module>) -> Result<Value> {
        self.run_function_in(Function::new(code.clone(), module.globals.clone(), Box::new([])), None)
    }

    /// Runs the body of a class (or of `exec`) in a namespace, which it has in R[0].
    pub fn run_class_body(&mut self, function: &Gc<Function>, namespace: Value) -> Result<Value> {
        self.run_function_in(function.clone(), Some(namespace))
    }

    /// Runs code as a function without parameters, with a namespace in R[0] if it is of that kind. Code
    /// that awaits at its top becomes a coroutine.
    pub fn run_code(&mut self, function: Gc<Function>, namespace: Option<Value>) -> Result<Value> {
        if function.code.code.awaits_at_top {
            return Ok(self.module_coroutine(&function, namespace));
        }
        self.run_function_in(function, namespace)
    }

    /// A coroutine that runs code which awaits at its top, with its namespace in R[0] if it has one.
    pub fn module_coroutine(&mut self, function: &Gc<Function>, namespace: Option<Value>) -> Value {
        let count = function.code.code.register_count as usize;
        let mut registers = smallvec::SmallVec::from_elem(Value::Unbound, count.max(1));
        registers[0] = namespace.unwrap_or_default();
        let function = function.clone();
        Value::Coroutine(crate::value::Coroutine::new(crate::value::CoroutineKind::Coroutine, function, registers))
    }

    /// Globals of the running frame; those of the builtins when none runs.
    pub fn globals(&self) -> Gc<Dict> {
        match self.script_frames().next() {
            Some(view) => view.function.globals.clone(),
            None => self.builtins.clone(),
        }
    }

    /// Where the script calls this native: file name, line, function name.
    pub fn caller(&self) -> Option<(Str, u32, Str)> {
        let view = self.script_frames().next()?;
        let code = &view.function.code;
        let line = code.code.position(view.instruction).line;
        Some((Str::new(&code.code.source.name), line, code.qualified_name.clone()))
    }

    /// The frames of the script that are running, innermost first; those of a chain of awaits one by
    /// one.
    pub fn script_frames(&self) -> impl Iterator<Item = FrameView> + '_ {
        self.script_frames_from(None)
    }

    /// As `script_frames`, but first those of a chain of awaits that has been left for a native coroutine.
    fn script_frames_from(&self, chain: Option<Value>) -> impl Iterator<Item = FrameView> + '_ {
        self.frames_below(self.frame, chain)
    }

    /// As `script_frames_from`, from a frame of the running flow or of one that is suspended.
    fn frames_below(&self, mut frame: *mut Frame, mut chain: Option<Value>) -> impl Iterator<Item = FrameView> + '_ {
        // SAFETY: the frame is alive.
        let mut thrown = unsafe { (*frame).thrown };
        std::iter::from_fn(move || {
            loop {
                if let Some(awaiter) = chain.take() {
                    match &awaiter {
                        Value::Coroutine(coroutine) => {
                            chain = Some(coroutine.awaiter());
                            return Some(
                                FrameView {
                                    function: coroutine.function.clone(),
                                    instruction: (coroutine.pc.get() as usize).max(1) - 1,
                                    registers: coroutine.registers.as_ptr().cast_const().cast(),
                                    coroutine: Some(awaiter.clone()),
                                    is_thrown_through: coroutine.chain_depth.get() < thrown,
                                }
                                .with_heap_registers(coroutine),
                            );
                        }
                        Value::NativeCoroutine(native) => {
                            chain = Some(native.awaiter.get());
                            continue;
                        }
                        _ => {}
                    }
                }
                // SAFETY: the frames below the top one are alive.
                let this = unsafe { &*frame };
                if this.previous.is_null() {
                    return None;
                }
                frame = this.previous;
                if let Some(current) = &this.current {
                    chain = Some(current.awaiter());
                    thrown = this.thrown;
                }
                if this.code.is_null() {
                    continue;
                }
                let function = match (&this.current, &this.function) {
                    (Some(current), _) => current.function.clone(),
                    (None, Value::Function(function)) => function.clone(),
                    _ => continue,
                };
                return Some(FrameView {
                    function,
                    instruction: this.instruction(),
                    registers: this.base.cast_const(),
                    coroutine: this.current.clone().map(Value::Coroutine),
                    is_thrown_through: false,
                });
            }
        })
    }

    /// The exception that is being handled: by the innermost frame that handles one, awaiters included.
    pub fn handled_exception(&self) -> Option<Gc<Exception>> {
        let mut frame: *const Frame = self.frame;
        // SAFETY: the frames below the top one are alive; one with code has its registers.
        unsafe {
            while !(*frame).previous.is_null() {
                let this = &*frame;
                if !this.code.is_null()
                    && let Some(exception) = handled_in(&(*this.code).code, this.instruction(), this.base)
                {
                    return Some(exception);
                }
                if let Some(current) = &this.current
                    && let Some(exception) = handled_by_awaiters(current, this.thrown)
                {
                    return Some(exception);
                }
                frame = this.previous;
            }
        }
        None
    }

    /// As `handled_exception`, from a chain of awaits on that has been left for a native coroutine.
    fn handled_from(&self, chain: Value) -> Option<Gc<Exception>> {
        let mut views = self.script_frames_from(Some(chain)).filter(|view| !view.is_thrown_through);
        views.find_map(|view| view.handled())
    }
}

impl Default for Vm {
    fn default() -> Vm {
        Vm::new()
    }
}

/// A frame of the script as natives see it.
pub struct FrameView {
    pub function: Gc<Function>,
    /// Number of the instruction that is being executed.
    pub instruction: usize,
    registers: *const Value,
    /// The coroutine it belongs to, if it does.
    pub coroutine: Option<Value>,
    /// Whether an exception was thrown through this coroutine into one that it awaits: what it handles
    /// itself counts only when that comes back to it.
    is_thrown_through: bool,
}

impl FrameView {
    fn with_heap_registers(mut self, coroutine: &crate::value::Coroutine) -> FrameView {
        // SAFETY: no borrow is held while frames are looked at.
        self.registers = unsafe { (*coroutine.registers.as_ptr()).as_ptr() };
        self
    }

    /// The exception that this frame is handling.
    fn handled(&self) -> Option<Gc<Exception>> {
        // SAFETY: as in `register`.
        unsafe { handled_in(&self.function.code.code, self.instruction, self.registers) }
    }

    /// What is in a register. A cell is given as it is.
    pub fn register(&self, register: Register) -> Value {
        // SAFETY: the view is used while its frame lives; every register of a frame holds a value.
        unsafe { (*self.registers.add(register.0 as usize)).clone() }
    }

    /// What tells the frame from others that run.
    pub fn place(&self) -> usize {
        match &self.coroutine {
            Some(coroutine) => coroutine.address(),
            None => self.registers as usize,
        }
    }

    /// The variables that are bound, by name, cells opened.
    pub fn locals(&self) -> Vec<(Str, Value)> {
        bound_variables(&self.function, self.instruction, |register| self.register(register))
    }

    /// Puts a value into a register.
    pub fn set_register(&self, register: Register, value: Value) {
        // SAFETY: as in `register`; nobody has a reference to what is in it while natives run.
        let old = unsafe { std::mem::replace(&mut *self.registers.cast_mut().add(register.0 as usize), value) };
        drop(old);
    }

    /// What `locals()` gives there: the namespace of a module or class, or a new dict.
    pub fn locals_object(&self) -> Value {
        let code = &self.function.code.code;
        let namespace = match code.kind {
            CodeKind::Module => Value::Dict(self.function.globals.clone()),
            CodeKind::Class => self.register(Register(0)),
            _ => Value::Dict(Gc::new(Dict::new())),
        };
        let is_function = !matches!(code.kind, CodeKind::Module | CodeKind::Class);
        if !is_function && inner_variables(code, self.instruction).next().is_none() {
            return namespace;
        }
        // Inside a comprehension its variables are shown as well, in a copy.
        let dict = match &namespace {
            Value::Dict(namespace) => namespace.copy(),
            _ => return namespace,
        };
        for (name, value) in self.locals() {
            if !name.starts_with('.') {
                dict.set_str(&name, value);
            }
        }
        Value::Dict(Gc::new(dict))
    }
}

/// The exception that a frame is handling at an instruction.
///
/// # Safety
/// `registers` are those of a live frame of the code.
unsafe fn handled_in(code: &Code, instruction: usize, registers: *const Value) -> Option<Gc<Exception>> {
    if code.handled.is_empty() {
        return None;
    }
    let register = code.handled_register(instruction)?;
    match unsafe { &*registers.add(register.0 as usize) } {
        Value::Exception(exception) => Some(exception.clone()),
        _ => None,
    }
}

/// The exception that one of those who await a running coroutine is handling. Those that await fewer than
/// `thrown` others do not count: an exception was thrown through them.
fn handled_by_awaiters(coroutine: &Coroutine, thrown: u32) -> Option<Gc<Exception>> {
    let mut link = coroutine.awaiter();
    loop {
        link = match &link {
            Value::Coroutine(awaiter) => {
                if awaiter.chain_depth.get() < thrown {
                    link = awaiter.awaiter();
                    continue;
                }
                let instruction = (awaiter.pc.get() as usize).max(1) - 1;
                // SAFETY: no borrow is held while frames are looked at, and an awaiter has its registers.
                let handled = unsafe {
                    handled_in(&awaiter.function.code.code, instruction, (*awaiter.registers.as_ptr()).as_ptr())
                };
                if handled.is_some() {
                    return handled;
                }
                awaiter.awaiter()
            }
            Value::NativeCoroutine(native) => native.awaiter.get(),
            _ => return None,
        }
    }
}

/// The variables of the comprehensions around an instruction.
pub fn inner_variables(code: &Code, instruction: usize) -> impl Iterator<Item = &InnerVariable> {
    let is_around =
        move |variable: &&InnerVariable| (variable.start as usize..variable.end as usize).contains(&instruction);
    code.inner_variables.iter().filter(is_around)
}

/// The variables of a function that are bound at an instruction, by name, cells opened; `register` reads a
/// register.
pub fn bound_variables(
    function: &Function,
    instruction: usize,
    register: impl Fn(Register) -> Value,
) -> Vec<(Str, Value)> {
    let code = &function.code.code;
    let named = code.register_names.iter().enumerate();
    let open = |value: Value| match value {
        Value::Cell(cell) => cell_contents(&cell),
        other => other,
    };
    let mut locals: Vec<(Str, Value)> = named
        .filter_map(|(index, name)| {
            let value = open(register(Register(index as u8)));
            Some((Str::intern(name.as_ref()?), value.bound()?))
        })
        .collect();
    if let Some(spill) = code.spill
        && let Value::List(values) = register(spill)
    {
        let spilled = code.spill_names.iter().zip(values.snapshot());
        locals.extend(spilled.filter_map(|(name, value)| Some((Str::intern(name), open(value).bound()?))));
    }
    for variable in inner_variables(code, instruction) {
        if let Some(value) = open(register(variable.register)).bound() {
            locals.push((Str::intern(&variable.name), value));
        }
    }
    locals
}

fn cell_contents(cell: &Gc<CellObject>) -> Value {
    cell.contents.get()
}

/// The class of a value as errors name it.
fn type_name(value: &Value) -> Str {
    value.type_name()
}

/// The class of a value of a kind that has just one, by number; 0 for kinds with many classes. Keys of
/// inline caches for methods of builtin types.
#[inline(always)]
fn kind_number(value: &Value) -> u32 {
    match value {
        Value::Str(_) => 1,
        Value::List(_) => 2,
        Value::Dict(_) => 3,
        Value::Tuple(_) => 4,
        Value::Int(_) => 5,
        Value::Float(_) => 6,
        Value::Bytes(_) => 7,
        Value::Set(set) => {
            if set.is_frozen() {
                9
            } else {
                8
            }
        }
        Value::Future(future) if !future.has_subclass() => 10,
        Value::Task(task) if !task.future.has_subclass() => 11,
        _ => 0,
    }
}

/// Whether an instance of the class is made by `object.__new__`.
fn makes_plain_instances(class: &Class) -> bool {
    class.layout == crate::value::class::Layout::Object
}
