//! What is done between instructions: Ctrl-C, collection, finalizers; and what the layers above do for
//! the VM.

use std::any::Any;
use std::rc::Rc;

#[cfg(feature = "mimalloc")]
use crate::memory::allocator;
use crate::memory::{collector, interrupt, weak};
use crate::value::coroutine::CoroutineState;
use crate::value::weak_reference::Observers;
use crate::value::{
    Class, CoroutineKind, Dict, Gc, Module, Raised, Result, Str, Value, future, instance, symbols, types,
};

use super::Vm;

/// Sets an attribute, or without a value deletes it.
pub type SetAttribute = fn(&mut Vm, &Value, &Str, Option<Value>) -> Option<Result<()>>;

/// Functions of the layers above that the VM calls.
pub struct Hooks {
    /// The builtin `__import__`: name, level, globals of the importer, whether the last part of a dotted
    /// name is wanted.
    pub import: fn(&mut Vm, &Str, usize, &Gc<Dict>, bool) -> Result<Value>,
    /// `from module import name` when the module has no such attribute: a submodule, or ImportError.
    pub import_from: fn(&mut Vm, &Value, &Str) -> Result<Value>,
    /// `from module import *` into a namespace.
    pub import_star: fn(&mut Vm, &Value, &Value) -> Result<()>,
    /// A module that has been imported already.
    pub loaded_module: fn(&Str) -> Option<Gc<Module>>,
    /// The known name most like a mistyped one.
    pub suggest: fn(&Str, &[Str]) -> Option<Str>,
    /// Sets an attribute of a function, class or other object of a builtin kind; None when there is no
    /// such attribute that can be set.
    pub set_builtin_attribute: SetAttribute,
    /// An async generator runs for the first time.
    pub async_generator_started: fn(&Value),
    /// An async generator died while suspended. False when nobody takes care of it.
    pub async_generator_died: fn(&mut Vm, &Value) -> bool,
    /// Ctrl-C was pressed. True when that is taken care of; else KeyboardInterrupt is raised.
    pub interrupted: fn(&mut Vm) -> Result<bool>,
    /// The running flow has had its time: others that are ready run first.
    pub slice_over: fn(&mut Vm),
    /// The running flow cannot go on before the main flow has looked at a Ctrl-C.
    pub let_main_look: fn(&mut Vm),
    /// Futures whose exception nobody has retrieved.
    pub report_forgotten: fn(&mut Vm, Vec<Value>),
    /// An exception in a finalizer, with what was finalized: "Exception ignored in: ...".
    pub report_ignored: fn(&mut Vm, Raised, &Value),
    /// A warning: category, message. An error when a filter makes it one.
    pub warn: fn(&mut Vm, &Class, &str) -> Result<()>,
    /// A coroutine died that nobody has awaited.
    pub warn_never_awaited: fn(&mut Vm, &Value),
    /// The repr of `value`, for a TypeVar and the like; made by the typing module.
    pub make_type_parameter: fn(&mut Vm, crate::bytecode::Intrinsic, &[Value]) -> Result<Value>,
    /// Shows a value at a prompt.
    pub show_result: fn(&mut Vm, &Value) -> Result<()>,
    /// Splits or merges exception groups for `except*`.
    pub exception_group: fn(&mut Vm, crate::bytecode::Intrinsic, &Value, &Value) -> Result<Value>,
}

impl Default for Hooks {
    fn default() -> Hooks {
        Hooks {
            import: |_, name, _, _, _| Err(Raised::module_not_found_error(format!("No module named '{name}'"))),
            import_from: |_, _, name| Err(Raised::import_error(format!("cannot import name '{name}'"))),
            import_star: |_, _, _| Err(Raised::import_error("nothing can be imported here")),
            loaded_module: |_| None,
            suggest: |_, _| None,
            set_builtin_attribute: |_, _, _, _| None,
            async_generator_started: |_| {},
            async_generator_died: |_, _| false,
            interrupted: |_| Ok(false),
            slice_over: |_| {},
            let_main_look: |_| {},
            report_forgotten: |_, _| {},
            report_ignored: |_, _, _| {},
            warn: |_, _, _| Ok(()),
            warn_never_awaited: |_, _| {},
            make_type_parameter: |_, _, _| Err(Raised::not_implemented_error("type parameters need the typing module")),
            show_result: |_, _| Ok(()),
            exception_group: |_, _, _, _| Err(Raised::not_implemented_error("except* is not there yet")),
        }
    }
}

impl Vm {
    /// To be called by natives in loops that may be long: Ctrl-C, and memory that is used up. Nothing else happens
    /// there, since other threads take such a loop for one step.
    #[inline(always)]
    pub fn check_urgent(&mut self) -> Result<()> {
        if interrupt::is_urgent() { self.do_requested(interrupt::URGENT) } else { Ok(()) }
    }

    /// To be called by natives that take long and can be interrupted: Ctrl-C, collection, other threads.
    #[cold]
    #[inline(never)]
    pub fn check_interrupts(&mut self) -> Result<()> {
        self.do_requested(u32::MAX)
    }

    /// Does what of these bits is requested.
    #[cold]
    fn do_requested(&mut self, bits: u32) -> Result<()> {
        let requests = interrupt::take(bits);
        if requests & interrupt::MEMORY != 0 {
            interrupt::request(interrupt::RESERVE);
            return Err(Raised::out_of_memory());
        }
        #[cfg(feature = "mimalloc")]
        if requests & interrupt::RESERVE != 0 && !allocator::keep_reserve() {
            interrupt::request(interrupt::RESERVE);
        }
        if requests & interrupt::COLLECT != 0 {
            collector::collect_if_due();
        }
        if requests & interrupt::FINALIZE != 0 {
            self.run_finalizers();
        }
        if requests & interrupt::SIGNAL != 0 {
            if !self.is_main_flow() {
                interrupt::request(interrupt::SIGNAL);
                (self.hooks.let_main_look)(self);
            } else if !(self.hooks.interrupted)(self)? {
                return Err(Raised::new(&types().keyboard_interrupt, vec![]));
            }
        }
        if requests & interrupt::SLICE != 0 {
            (self.hooks.slice_over)(self);
        }
        Ok(())
    }

    /// Runs what is queued for objects whose life is over.
    pub fn run_finalizers(&mut self) {
        loop {
            let due = instance::take_finalizing();
            let forgotten = future::take_forgotten();
            let departed = weak::take_departed();
            if due.is_empty() && forgotten.is_empty() && departed.is_empty() {
                return;
            }
            for observers in departed {
                self.tell_of_death(&observers);
            }
            if !forgotten.is_empty() {
                (self.hooks.report_forgotten)(self, forgotten);
            }
            for object in due {
                self.finalize(&object);
            }
        }
    }

    /// Calls the callbacks of weak references whose object has died.
    fn tell_of_death(&mut self, attached: &Rc<dyn Any>) {
        let Some(observers) = attached.downcast_ref::<Observers>() else { return };
        for (callback, reference) in observers.callbacks() {
            if let Err(raised) = self.call(&callback, &[reference]) {
                (self.hooks.report_ignored)(self, raised, &callback);
            }
        }
    }

    fn finalize(&mut self, object: &Value) {
        let result = match object {
            Value::Coroutine(coroutine) => match (coroutine.kind, coroutine.state.get()) {
                (_, CoroutineState::Finished) => Ok(()),
                (CoroutineKind::Coroutine, CoroutineState::Created) => {
                    (self.hooks.warn_never_awaited)(self, object);
                    coroutine.finish();
                    Ok(())
                }
                (CoroutineKind::AsyncGenerator, _) if (self.hooks.async_generator_died)(self, object) => Ok(()),
                _ => self.close(object).map(drop),
            },
            Value::NativeCoroutine(native) => {
                if native.state.get() == CoroutineState::Created {
                    (self.hooks.warn_never_awaited)(self, object);
                    native.state.set(CoroutineState::Finished);
                }
                Ok(())
            }
            _ => match self.call_special(object, &symbols().del, &[]) {
                Some(result) => result.map(drop),
                None => Ok(()),
            },
        };
        if let Err(raised) = result {
            let finalizer = match object {
                Value::Coroutine(_) => None,
                _ => object.class().lookup(&symbols().del),
            };
            (self.hooks.report_ignored)(self, raised, finalizer.as_ref().unwrap_or(object));
        }
    }
}
