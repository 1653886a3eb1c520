//! Calls: arguments to parameters, and frames for functions of the script.

use std::cell::Cell;
use std::mem;
use std::ptr::{self, NonNull};

use smallvec::SmallVec;

use crate::bytecode::{Capture, CodeKind, FunctionPart, Register};
use crate::memory::interrupt;
use crate::memory::tagged::Words;
use crate::value::coroutine::CoroutineState;
use crate::value::native::Binding;
use crate::value::partial::Partial;
use crate::value::{
    CellObject, CodeObject, Coroutine, CoroutineKind, Dict, Function, Gc, Mutable, Raised, Result, Str, Value, symbols,
    types,
};

use super::frame::{self, Frame, FrameKind, set, set_new};
use super::parameters::bind;
use super::{Outcome, Vm};

/// What a RecursionError says about calls that nest natively.
pub(super) const CALLING: &str = " while calling a Python object";

/// Arguments bound to the parameters of a function, in register order.
pub(super) type Bound = SmallVec<[Value; 8]>;

impl Vm {
    /// Calls anything that can be called.
    pub fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value> {
        self.call_with_keywords(function, arguments, &[])
    }

    /// Calls with keywords: the last arguments have the names.
    pub fn call_with_keywords(&mut self, function: &Value, arguments: &[Value], names: &[Str]) -> Result<Value> {
        match function {
            Value::Native(native) => native.call_with_keywords(self, arguments, names),
            Value::Function(function)
                if names.is_empty() && function.code.quick_arguments as usize == arguments.len() =>
            {
                let mut owned: SmallVec<[Value; 4]> = arguments.iter().cloned().collect();
                self.push_quick(function.clone(), &mut owned, Register(0), FrameKind::Entry)?;
                self.finish_call(None)
            }
            Value::Function(function) => {
                let mut owned: Bound = arguments.iter().cloned().collect();
                let entered =
                    self.start_function(function.clone(), &mut owned, names, Register(0), FrameKind::Entry)?;
                self.finish_call(entered)
            }
            Value::Method(method) => with_receiver(&method.receiver, arguments, |all| match &method.function {
                Value::Function(_) => self.call_with_keywords(&method.function, all, names),
                other => self.nest(CALLING, |vm| vm.call_with_keywords(other, all, names)),
            }),
            Value::Class(class) => self.nest(CALLING, |vm| vm.call_class(class, arguments, names)),
            other => {
                // Looked at where it is, as moving what has just been written would have to wait for it.
                let found = other.class().lookup(&symbols().call);
                match &found {
                    // Called without a bound method, which would be thrown away.
                    Some(method) if is_plain_method(method) => with_receiver(other, arguments, |all| {
                        self.nest(CALLING, |vm| vm.call_with_keywords(method, all, names))
                    }),
                    Some(method) => self.nest(CALLING, |vm| {
                        let bound = vm.bind(method.clone(), other, &other.class())?;
                        vm.call_with_keywords(&bound, arguments, names)
                    }),
                    None => Err(not_callable(other)),
                }
            }
        }
    }

    /// `object.name(*arguments)`, with the attribute looked up as usual. `name` is interned.
    pub fn call_method(&mut self, object: &Value, name: &Str, arguments: &[Value]) -> Result<Value> {
        let method = self.get_attribute(object, name)?;
        self.call(&method, arguments)
    }

    /// Calls a special method, looked up on the class alone; None when the class has none.
    pub fn call_special(&mut self, object: &Value, name: &Str, arguments: &[Value]) -> Option<Result<Value>> {
        let method = object.class().lookup(name)?;
        match &method {
            Value::Function(_) => Some(with_receiver(object, arguments, |all| self.call(&method, all))),
            Value::Native(native) if is_plain_method(&method) => {
                Some(with_receiver(object, arguments, |all| self.nest(CALLING, |vm| native.call(vm, all))))
            }
            _ => Some(self.nest(CALLING, |vm| {
                let bound = vm.bind(method.clone(), object, &object.class())?;
                vm.call(&bound, arguments)
            })),
        }
    }

    /// The result of a call: at hand, or of the `Entry` frame just pushed.
    pub(super) fn finish_call(&mut self, entered: Option<Value>) -> Result<Value> {
        match entered {
            Some(value) => Ok(value),
            None => match self.run_nested()? {
                Outcome::Returned(value) | Outcome::Yielded(value) => Ok(value),
            },
        }
    }

    /// Runs the `Entry` frame on top in a dispatch loop of its own.
    pub(super) fn run_nested(&mut self) -> Result<Outcome> {
        if self.is_nested_too_deeply(0) {
            let raised = self.recursion_error();
            return match self.leave_raised_entry(raised) {
                Err(raised) => Err(raised),
                Ok(_) => Ok(Outcome::Returned(Value::None)),
            };
        }
        self.nesting += 1;
        let outcome = self.run();
        self.nesting -= 1;
        outcome
    }

    /// Gives up the `Entry` frame on top without running it.
    fn leave_raised_entry(&mut self, raised: Raised) -> Result<()> {
        // SAFETY: an Entry frame was just pushed.
        unsafe { self.pop_frame() };
        Err(raised)
    }

    /// Runs a function without arguments, with a namespace in R[0] if there is one.
    pub(super) fn run_function_in(&mut self, function: Gc<Function>, namespace: Option<Value>) -> Result<Value> {
        let count = function.code.code.register_count as usize;
        let mut registers: Bound = SmallVec::from_elem(Value::Unbound, count.max(1));
        if let Some(namespace) = namespace {
            registers[0] = namespace;
        }
        self.push_function(function, &mut registers, Register(0), FrameKind::Entry)?;
        self.finish_call(None)
    }

    /// The quick call: a plain function with as many arguments as it has parameters. The window's
    /// values are moved. None when this is not such a call; else the new frame.
    #[inline(always)]
    pub(super) unsafe fn enter_function(
        &mut self,
        window: *mut Value,
        arguments: *mut Value,
        count: usize,
        dst: Register,
    ) -> Result<Option<NonNull<Frame>>> {
        unsafe {
            let Value::Function(function) = &*window else { return Ok(None) };
            let code: *const CodeObject = &*function.code;
            if (*code).quick_arguments as usize != count {
                return Ok(None);
            }
            let top = self.reserve((*code).frame_registers as usize)?;
            Ok(Some(self.push_call(top, window, arguments, count, dst, FrameKind::Call)))
        }
    }

    /// Pushes the frame of a plain call of the function at `window`; it and its arguments are moved.
    ///
    /// # Safety
    /// `top` comes from `reserve`, `count` is the number of the function's parameters.
    #[inline(always)]
    pub(super) unsafe fn push_call(
        &mut self,
        top: *mut Value,
        window: *mut Value,
        arguments: *mut Value,
        count: usize,
        dst: Register,
        kind: FrameKind,
    ) -> NonNull<Frame> {
        unsafe {
            let Value::Function(function) = &*window else { unreachable!("the caller has looked") };
            let code: *const CodeObject = &*function.code;
            let total = (*code).frame_registers as usize;
            let base = top.add(frame::HEADER);
            let frame = top.cast::<Frame>();
            // Field by field, so that the header is written once, in place.
            (&raw mut (*frame).previous).write(self.frame);
            (&raw mut (*frame).pc).write((*code).code.ops.as_ptr());
            (&raw mut (*frame).base).write(base);
            (&raw mut (*frame).top).write(base.add(total));
            (&raw mut (*frame).code).write(code);
            (&raw mut (*frame).globals).write(&*function.globals);
            Words::take(window).put(&raw mut (*frame).function);
            window.write(Value::Unbound);
            (&raw mut (*frame).subject).write(Value::Unbound);
            (&raw mut (*frame).current).write(None);
            (&raw mut (*frame).dst).write(dst);
            (&raw mut (*frame).kind).write(kind);
            self.frame = frame;
            self.depth += 1;
            frame::fill_registers(arguments, count, base, base.add(total));
            if (*code).has_free_cells {
                self.load_free_cells();
            }
            NonNull::new_unchecked(frame)
        }
    }

    /// Pushes the frame of a call of a function with as many arguments as `quick_arguments`; they are moved.
    #[inline]
    pub(super) fn push_quick(
        &mut self,
        function: Gc<Function>,
        arguments: &mut [Value],
        dst: Register,
        kind: FrameKind,
    ) -> Result<()> {
        if interrupt::is_requested() {
            self.check_interrupts()?;
        }
        let top = self.reserve(function.code.frame_registers as usize)?;
        let mut function = Value::Function(function);
        // SAFETY: there is room, and the caller has counted the arguments.
        unsafe { self.push_call(top, &raw mut function, arguments.as_mut_ptr(), arguments.len(), dst, kind) };
        Ok(())
    }

    /// Puts the captured cells of the top frame's function into their registers.
    #[inline(never)]
    fn load_free_cells(&mut self) {
        // SAFETY: the top frame is a function's, its registers are written.
        unsafe {
            let frame = &*self.frame;
            let Value::Function(function) = &frame.function else { return };
            for (register, cell) in function.code.code.free_registers.iter().zip(&function.closure) {
                set(frame.base.add(register.0 as usize), Value::Cell(cell.clone()));
            }
        }
    }

    /// Pushes a frame for a function whose first registers are given; they are moved.
    pub(super) fn push_function(
        &mut self,
        function: Gc<Function>,
        registers: &mut [Value],
        dst: Register,
        kind: FrameKind,
    ) -> Result<()> {
        let total = (function.code.code.register_count as usize).max(registers.len());
        let top = self.reserve(total)?;
        // SAFETY: `reserve` gave room for the header and the registers.
        unsafe {
            let base = top.add(frame::HEADER);
            let code: *const CodeObject = &*function.code;
            let globals: *const Dict = &*function.globals;
            let frame = Frame {
                previous: self.frame,
                pc: (*code).code.ops.as_ptr(),
                base,
                top: base.add(total),
                code,
                globals,
                function: Value::Function(function),
                subject: Value::Unbound,
                current: None,
                dst,
                kind,
                awaits: 0,
                thrown: 0,
            };
            self.push_frame(top, frame);
            for (index, value) in registers.iter_mut().enumerate() {
                base.add(index).write(mem::take(value));
            }
            for index in registers.len()..total {
                base.add(index).write(Value::Unbound);
            }
        }
        self.load_free_cells();
        Ok(())
    }

    /// Calls a function of the script: pushes a frame (None), or gives the generator or coroutine.
    pub(super) fn start_function(
        &mut self,
        function: Gc<Function>,
        arguments: &mut Bound,
        names: &[Str],
        dst: Register,
        kind: FrameKind,
    ) -> Result<Option<Value>> {
        let code = &function.code;
        if !(names.is_empty() && code.has_plain_parameters && arguments.len() == code.code.positional_count as usize) {
            *arguments = bind(self, &function, arguments, names)?;
        }
        if interrupt::is_requested() {
            self.check_interrupts()?;
        }
        let kind_of_coroutine = match code.code.kind {
            CodeKind::Generator => CoroutineKind::Generator,
            CodeKind::Coroutine => CoroutineKind::Coroutine,
            CodeKind::AsyncGenerator => CoroutineKind::AsyncGenerator,
            CodeKind::Function => {
                self.push_function(function, arguments, dst, kind)?;
                return Ok(None);
            }
            // A function made of the code of `compile`: its names are its globals.
            CodeKind::Class | CodeKind::Module => {
                let namespace = Value::Dict(function.globals.clone());
                if code.code.awaits_at_top {
                    return Ok(Some(self.module_coroutine(&function, Some(namespace))));
                }
                *arguments = SmallVec::from_elem(namespace, 1);
                self.push_function(function, arguments, dst, kind)?;
                return Ok(None);
            }
        };
        // SAFETY: the arguments are moved out of the slice.
        let made = unsafe { new_coroutine(kind_of_coroutine, function, arguments.as_mut_ptr(), arguments.len()) };
        self.note_origin(&made);
        Ok(Some(made))
    }

    /// A call with the callee at `window` and its arguments behind it. Gives a value, or None when a
    /// frame was pushed that will write `dst`.
    pub(super) unsafe fn call_window(
        &mut self,
        window: *mut Value,
        count: usize,
        dst: Register,
    ) -> Result<Option<Value>> {
        unsafe {
            let arguments = std::slice::from_raw_parts_mut(window.add(1), count);
            match &*window {
                Value::Native(native) => {
                    if let Some(at_once) = native.row.at_once
                        && self.awaits_result(dst)
                    {
                        return self.call_awaited(at_once, window, count);
                    }
                    self.call_native(window, count).map(Some)
                }
                Value::Class(_) if self.enter_init(window, count, dst)? => Ok(None),
                Value::Class(class) if class.is_builtin() && class.metaclass().same(&types().type_) => {
                    let class = class.clone();
                    let result = self.instantiate(&class, arguments, &[]);
                    clear_window(window, count);
                    result.map(Some)
                }
                Value::Function(function) => {
                    let code = &function.code;
                    if code.quick_arguments as usize == count {
                        let top = self.reserve(code.frame_registers as usize)?;
                        self.push_call(top, window, window.add(1), count, dst, FrameKind::Call);
                        return Ok(None);
                    }
                    if self.awaits_result(dst) && self.enter_awaited(window, count).is_some() {
                        return Ok(None);
                    }
                    if code.code.kind == CodeKind::Function
                        && code.has_plain_parameters
                        && let Some(missing) = (code.code.positional_count as usize).checked_sub(count)
                        && let Some(defaults) = function.defaults.get()
                        && let Some(first) = defaults.len().checked_sub(missing)
                    {
                        let top = self.reserve(code.frame_registers as usize)?;
                        let frame = self.push_call(top, window, window.add(1), count, dst, FrameKind::Call);
                        for (index, default) in defaults.items()[first..].iter().enumerate() {
                            set((*frame.as_ptr()).base.add(count + index), default.clone());
                        }
                        return Ok(None);
                    }
                    if code.has_plain_parameters
                        && code.code.positional_count as usize == count
                        && let Some(kind) = coroutine_kind(code.code.kind)
                    {
                        let Value::Function(function) = ptr::replace(window, Value::Unbound) else { return Ok(None) };
                        let made = new_coroutine(kind, function, window.add(1), count);
                        self.note_origin(&made);
                        return Ok(Some(made));
                    }
                    let function = function.clone();
                    let mut owned: Bound = arguments.iter_mut().map(mem::take).collect();
                    set_new(window, Value::Unbound);
                    self.start_function(function, &mut owned, &[], dst, FrameKind::Call)
                }
                callee => {
                    let callee = callee.clone();
                    let owned: Bound = arguments.iter_mut().map(mem::take).collect();
                    set_new(window, Value::Unbound);
                    self.call_owned(callee, owned, &[], dst)
                }
            }
        }
    }

    /// Calls the native function at `window` with the values behind it; all of them are taken.
    #[inline(never)]
    pub(super) unsafe fn call_native(&mut self, window: *mut Value, count: usize) -> Result<Value> {
        unsafe {
            let Value::Native(native) = &*window else { unreachable!("the caller has looked") };
            let result = native.call(self, std::slice::from_raw_parts(window.add(1), count));
            clear_window(window, count);
            result
        }
    }

    /// As `call_window`, the last arguments named by the tuple constant.
    pub(super) unsafe fn call_window_keywords(
        &mut self,
        window: *mut Value,
        count: usize,
        names: usize,
        dst: Register,
    ) -> Result<Option<Value>> {
        unsafe {
            let names: SmallVec<[Str; 4]> = match &(*(*self.frame).code).constants[names] {
                Value::Tuple(names) => names.items().iter().filter_map(|name| name.as_str().cloned()).collect(),
                _ => SmallVec::new(),
            };
            let callee = ptr::replace(window, Value::Unbound);
            let arguments = std::slice::from_raw_parts_mut(window.add(1), count);
            let owned: Bound = arguments.iter_mut().map(mem::take).collect();
            self.call_owned(callee, owned, &names, dst)
        }
    }

    /// `f(*list, **dict)`.
    pub(super) unsafe fn call_spread(&mut self, window: *mut Value, dst: Register) -> Result<Option<Value>> {
        unsafe {
            let callee = ptr::replace(window, Value::Unbound);
            let positional = ptr::replace(window.add(1), Value::Unbound);
            let keywords = ptr::replace(window.add(2), Value::Unbound);
            let mut owned: Bound = match &positional {
                Value::List(list) => list.items.borrow().iter().cloned().collect(),
                Value::Tuple(tuple) => tuple.items().iter().cloned().collect(),
                _ => SmallVec::new(),
            };
            let mut names = Vec::new();
            if let Value::Dict(dict) = &keywords {
                for entry in dict.snapshot() {
                    let Some(name) = entry.key.as_str() else {
                        return Err(Raised::type_error("keywords must be strings"));
                    };
                    names.push(name.interned());
                    owned.push(entry.value);
                }
            }
            self.call_owned(callee, owned, &names, dst)
        }
    }

    /// A call that may push a frame writing `dst`.
    pub(super) fn call_owned(
        &mut self,
        callee: Value,
        mut arguments: Bound,
        names: &[Str],
        dst: Register,
    ) -> Result<Option<Value>> {
        match &callee {
            Value::Function(function) => {
                self.start_function(function.clone(), &mut arguments, names, dst, FrameKind::Call)
            }
            Value::Method(method) => {
                arguments.insert(0, method.receiver.clone());
                match &method.function {
                    Value::Function(function) => {
                        self.start_function(function.clone(), &mut arguments, names, dst, FrameKind::Call)
                    }
                    other => self.nest(CALLING, |vm| vm.call_owned(other.clone(), arguments, names, dst)),
                }
            }
            Value::Class(class) => self.enter_class(class, arguments, names, dst),
            Value::Instance(instance) => match instance.class_ref().lookup(&symbols().call) {
                Some(Value::Native(_)) if let Some(partial) = instance.payload::<Partial>() => {
                    let (arguments, names) = partial.bind(arguments, names)?;
                    let function = partial.function.get();
                    self.nest(CALLING, |vm| vm.call_owned(function, arguments, &names, dst))
                }
                Some(method) if is_plain_method(&method) => {
                    arguments.insert(0, callee.clone());
                    self.call_owned(method, arguments, names, dst)
                }
                _ => self.call_with_keywords(&callee, &arguments, names).map(Some),
            },
            _ => self.call_with_keywords(&callee, &arguments, names).map(Some),
        }
    }

    /// A call with arguments at hand that may push a frame writing `dst`.
    pub(super) fn call_entering(&mut self, callee: Value, arguments: &[Value], dst: Register) -> Result<Option<Value>> {
        self.call_owned(callee, arguments.iter().cloned().collect(), &[], dst)
    }

    /// Calls a special method as it was found on the class of `receiver`.
    pub(super) fn call_special_entering(
        &mut self,
        method: Value,
        receiver: &Value,
        dst: Register,
    ) -> Result<Option<Value>> {
        match &method {
            Value::Function(_) => self.call_owned(method, SmallVec::from_iter([receiver.clone()]), &[], dst),
            Value::Native(native) if is_plain_method(&method) => {
                native.call(self, std::slice::from_ref(receiver)).map(Some)
            }
            _ => {
                let bound = self.bind(method, receiver, &receiver.class())?;
                self.call_owned(bound, SmallVec::new(), &[], dst)
            }
        }
    }

    /// Calls `__exit__` or `__aexit__` at the end of a block that was left without an exception.
    pub(super) fn call_exit(&mut self, exit: Value, dst: Register) -> Result<Option<Value>> {
        const NOTHING: [Value; 3] = [Value::None, Value::None, Value::None];
        if let Value::Method(method) = &exit
            && let Value::Native(native) = &method.function
        {
            let [class, exception, traceback] = NOTHING;
            return native.call(self, &[method.receiver.clone(), class, exception, traceback]).map(Some);
        }
        self.call_entering(exit, &NOTHING, dst)
    }

    /// A function of a code constant of the running frame.
    pub(super) fn make_function(&mut self, constant: usize) -> Value {
        // SAFETY: the running frame is a function's or coroutine's; captures name its cells.
        unsafe {
            let frame = &*self.frame;
            let Value::Code(code) = &(*frame.code).constants[constant] else { return Value::None };
            let spill = (*frame.code).code.spill;
            let cell = |capture: &Capture| -> Gc<CellObject> {
                let value = match capture {
                    Capture::Register(register) => (*frame.base.add(register.0 as usize)).clone(),
                    Capture::Spill(index) => match spill.map(|spill| &*frame.base.add(spill.0 as usize)) {
                        Some(Value::List(list)) => list.get(*index as usize).unwrap_or_default(),
                        _ => Value::Unbound,
                    },
                };
                match value {
                    Value::Cell(cell) => cell,
                    other => CellObject::new(other),
                }
            };
            let closure = code.code.captures.iter().map(cell).collect();
            let globals = match &frame.current {
                Some(current) => current.function.globals.clone(),
                None => match &frame.function {
                    Value::Function(function) => function.globals.clone(),
                    _ => self.builtins.clone(),
                },
            };
            Value::Function(Function::new(code.clone(), globals, closure))
        }
    }
}

/// Gives up a callee and its arguments.
///
/// # Safety
/// The registers hold values.
#[inline(always)]
pub(super) unsafe fn clear_window(window: *mut Value, count: usize) {
    for index in (0..=count).rev() {
        unsafe { set_new(window.add(index), Value::Unbound) };
    }
}

/// Calls with the receiver before the arguments; mostly there are few.
fn with_receiver<R>(receiver: &Value, arguments: &[Value], call: impl FnOnce(&[Value]) -> R) -> R {
    match arguments {
        [] => {
            let receiver = receiver.clone();
            call(std::slice::from_ref(&receiver))
        }
        [only] => call(&[receiver.clone(), only.clone()]),
        [first, second] => call(&[receiver.clone(), first.clone(), second.clone()]),
        _ => call(&std::iter::once(receiver).chain(arguments).cloned().collect::<Vec<_>>()),
    }
}

/// Whether a method found on a class takes the instance as its first argument, with nothing else to do.
pub(super) fn is_plain_method(method: &Value) -> bool {
    match method {
        Value::Function(_) => true,
        Value::Native(native) => native.row.binding == Binding::Method && native.owner.is_some(),
        _ => false,
    }
}

fn coroutine_kind(kind: CodeKind) -> Option<CoroutineKind> {
    match kind {
        CodeKind::Generator => Some(CoroutineKind::Generator),
        CodeKind::Coroutine => Some(CoroutineKind::Coroutine),
        CodeKind::AsyncGenerator => Some(CoroutineKind::AsyncGenerator),
        CodeKind::Function | CodeKind::Class | CodeKind::Module => None,
    }
}

/// A coroutine that has not begun; the arguments are moved into its registers.
///
/// # Safety
/// `arguments` points to `count` values, as many as the function has parameters.
unsafe fn new_coroutine(kind: CoroutineKind, function: Gc<Function>, arguments: *mut Value, count: usize) -> Value {
    let total = function.code.code.register_count as usize;
    let has_free_cells = function.code.has_free_cells;
    // SAFETY: the registers have room for `total` values.
    let coroutine = unsafe {
        make_coroutine(kind, function, total.max(count), |first| {
            frame::move_arguments(arguments, count, first, first.add(total))
        })
    };
    if has_free_cells {
        let mut registers = coroutine.registers.borrow_mut();
        let code = &coroutine.function.code.code;
        for (register, cell) in code.free_registers.iter().zip(&coroutine.function.closure) {
            registers[register.0 as usize] = Value::Cell(cell.clone());
        }
    }
    Value::Coroutine(coroutine)
}

/// A coroutine that goes on where a frame of kind `Await` stands.
///
/// # Safety
/// The frame's function and registers are moved out: the frame must be given up.
pub(super) unsafe fn coroutine_of_frame(frame: *mut Frame) -> Gc<Coroutine> {
    unsafe {
        let Value::Function(function) = ptr::replace(&raw mut (*frame).function, Value::Unbound) else {
            unreachable!("an awaited frame runs a function")
        };
        let base = (*frame).base;
        let count = function.code.code.register_count as usize;
        let pc = (*frame).pc.offset_from((*(*frame).code).code.ops.as_ptr()) as u32;
        let coroutine = make_coroutine(CoroutineKind::Coroutine, function, count, |first| {
            ptr::copy_nonoverlapping(base, first, count)
        });
        coroutine.pc.set(pc);
        coroutine
    }
}

/// Makes a coroutine in place: it is too large to be moved around.
///
/// # Safety
/// `fill` writes the registers.
#[inline(always)]
unsafe fn make_coroutine(
    kind: CoroutineKind,
    function: Gc<Function>,
    register_count: usize,
    fill: impl FnOnce(*mut Value),
) -> Gc<Coroutine> {
    // SAFETY: every field is written.
    unsafe {
        Gc::<Coroutine>::emplace(|place| {
            (&raw mut (*place).kind).write(kind);
            (&raw mut (*place).state).write(Cell::new(CoroutineState::Created));
            (&raw mut (*place).finalized).write(Cell::new(false));
            (&raw mut (*place).is_consumed).write(Cell::new(false));
            (&raw mut (*place).pc).write(Cell::new(0));
            (&raw mut (*place).chain_depth).write(Cell::new(0));
            (&raw mut (*place).function).write(function);
            (&raw mut (*place).links_inwards).write(Cell::new(false));
            (&raw mut (*place).has_extra).write(Cell::new(false));
            (&raw mut (*place).link).write(Mutable::new(Value::Unbound));
            (&raw mut (*place).registers).write(Mutable::new(SmallVec::new()));
            let registers = &mut *(*place).registers.as_ptr();
            registers.reserve_exact(register_count);
            fill(registers.as_mut_ptr());
            registers.set_len(register_count);
        })
    }
}

pub(super) fn not_callable(value: &Value) -> Raised {
    Raised::type_error(format!("'{}' object is not callable", value.type_name()))
}

/// Sets what the compiler prepared for a new function.
pub(super) fn set_function_part(function: &Gc<Function>, part: FunctionPart, value: Value) {
    match (part, value) {
        (FunctionPart::Defaults, Value::Tuple(defaults)) => function.defaults.set(Some(defaults)),
        (FunctionPart::KeywordDefaults, Value::Dict(defaults)) => function.keyword_defaults.set(Some(defaults)),
        (FunctionPart::Annotations, Value::Dict(annotations)) => function.set_annotations(annotations),
        (FunctionPart::TypeParameters, parameters) => function.set_type_parameters(parameters),
        _ => {}
    }
}
