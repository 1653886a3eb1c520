//! The virtual machine: frames, the dispatch loop and the protocols of the language.

use crate::bytecode::{Conversion, Operator};
use crate::value::coroutine::Resume;
use crate::value::{Class, Coroutine, Dict, Exception, Function, Gc, List, Module, Raised, Result, Set, Str, Value};

pub struct Vm {}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// What driving a coroutine gave.
pub enum Outcome {
    Yielded(Value),
    Returned(Value),
}

impl Vm {
    pub fn new() -> Vm {
        Vm {}
    }
    pub fn recursion_limit(&self) -> usize {
        todo!()
    }
    pub fn set_recursion_limit(&mut self, limit: usize) {
        todo!()
    }
    pub fn depth(&self) -> usize {
        todo!()
    }
    pub fn run_module(&mut self, code: &Gc<crate::value::CodeObject>, module: &Gc<Module>) -> Result<Value> {
        todo!()
    }
    pub fn module_coroutine(&mut self, code: &Gc<crate::value::CodeObject>, globals: &Gc<Dict>) -> Value {
        todo!()
    }
    // Calls.
    /// Calls anything that can be called.
    pub fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value> {
        todo!()
    }
    /// Calls with keywords: the last arguments have the names.
    pub fn call_with_keywords(&mut self, function: &Value, arguments: &[Value], names: &[Str]) -> Result<Value> {
        todo!()
    }
    /// `object.name(*arguments)`, with the attribute looked up as usual. `name` is interned.
    pub fn call_method(&mut self, object: &Value, name: &Str, arguments: &[Value]) -> Result<Value> {
        todo!()
    }
    /// Calls a special method, looked up on the class alone; None when the class has none.
    pub fn call_special(&mut self, object: &Value, name: &Str, arguments: &[Value]) -> Option<Result<Value>> {
        todo!()
    }
    /// The special method, bound; None when the class has none.
    pub fn special(&mut self, object: &Value, name: &Str) -> Result<Option<Value>> {
        todo!()
    }

    // Attributes.
    pub fn get_attribute(&mut self, object: &Value, name: &Str) -> Result<Value> {
        todo!()
    }
    /// None instead of an AttributeError.
    pub fn get_attribute_if_any(&mut self, object: &Value, name: &Str) -> Result<Option<Value>> {
        todo!()
    }
    pub fn set_attribute(&mut self, object: &Value, name: &Str, value: Value) -> Result<()> {
        todo!()
    }
    pub fn delete_attribute(&mut self, object: &Value, name: &Str) -> Result<()> {
        todo!()
    }

    // Conversions and protocols.
    /// `bool(value)`
    pub fn truth(&mut self, value: &Value) -> Result<bool> {
        todo!()
    }
    /// `operator.index(value)`, as an i64; OverflowError when it does not fit.
    pub fn index(&mut self, value: &Value) -> Result<i64> {
        todo!()
    }
    /// As `index`, but clamped to what fits.
    pub fn index_clamped(&mut self, value: &Value) -> Result<i64> {
        todo!()
    }
    /// `operator.index(value)`, of any size: an Int or BigInt.
    pub fn index_value(&mut self, value: &Value) -> Result<Value> {
        todo!()
    }
    /// The number as a float: `__float__`, else `__index__`; TypeError "must be real number, not str".
    pub fn float(&mut self, value: &Value) -> Result<f64> {
        todo!()
    }
    /// `len(value)`
    pub fn length(&mut self, value: &Value) -> Result<usize> {
        todo!()
    }
    /// `operator.length_hint(value)`: a guess, 0 if there is none.
    pub fn length_hint(&mut self, value: &Value) -> Result<usize> {
        todo!()
    }
    /// `hash(value)`; TypeError "unhashable type: 'list'".
    pub fn hash(&mut self, value: &Value) -> Result<i64> {
        todo!()
    }
    /// `repr(value)`. Guards itself against recursion deeper than the limit.
    pub fn repr(&mut self, value: &Value) -> Result<Str> {
        todo!()
    }
    /// `str(value)`
    pub fn str(&mut self, value: &Value) -> Result<Str> {
        todo!()
    }
    /// `ascii(value)`
    pub fn ascii(&mut self, value: &Value) -> Result<Str> {
        todo!()
    }
    /// `format(value, spec)`
    pub fn format(&mut self, value: &Value, spec: &Str) -> Result<Str> {
        todo!()
    }
    /// Runs `show` unless `value` is already being shown further out (a list inside itself): then None.
    pub fn guard_repr<T>(&mut self, value: &Value, show: impl FnOnce(&mut Vm) -> Result<T>) -> Result<Option<T>> {
        todo!()
    }

    // Operators.
    /// `left == right`, with identity as a shortcut, as containers compare their items.
    pub fn equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        todo!()
    }
    /// `left op right`, whatever it gives.
    pub fn compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<Value> {
        todo!()
    }
    /// The truth of `left < right`.
    pub fn less(&mut self, left: &Value, right: &Value) -> Result<bool> {
        todo!()
    }
    /// `left op right`
    pub fn binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value> {
        todo!()
    }
    /// `left op= right`
    pub fn binary_in_place(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value> {
        todo!()
    }
    /// `-value`, `+value`, `~value` by the name of the special method.
    pub fn unary(&mut self, name: &Str, value: &Value) -> Result<Value> {
        todo!()
    }
    /// `item in container`
    pub fn contains(&mut self, container: &Value, item: &Value) -> Result<bool> {
        todo!()
    }
    pub fn get_item(&mut self, object: &Value, index: &Value) -> Result<Value> {
        todo!()
    }
    pub fn set_item(&mut self, object: &Value, index: &Value, value: Value) -> Result<()> {
        todo!()
    }
    pub fn delete_item(&mut self, object: &Value, index: &Value) -> Result<()> {
        todo!()
    }

    // Iteration.
    /// `iter(value)`; TypeError "'int' object is not iterable".
    pub fn iterate(&mut self, value: &Value) -> Result<Value> {
        todo!()
    }
    /// `next(iterator)`, None at the end.
    pub fn next(&mut self, iterator: &Value) -> Result<Option<Value>> {
        todo!()
    }
    /// Runs `visit` on every item. Quick for lists, tuples, ranges.
    pub fn for_each(&mut self, iterable: &Value, mut visit: impl FnMut(&mut Vm, Value) -> Result<()>) -> Result<()> {
        todo!()
    }
    /// All items.
    pub fn collect(&mut self, iterable: &Value) -> Result<Vec<Value>> {
        todo!()
    }

    // Dicts and sets with keys of any kind.
    pub fn dict_get(&mut self, dict: &Gc<Dict>, key: &Value) -> Result<Option<Value>> {
        todo!()
    }
    pub fn dict_set(&mut self, dict: &Gc<Dict>, key: Value, value: Value) -> Result<()> {
        todo!()
    }
    /// Removes a key and gives its value; None when it is missing.
    pub fn dict_remove(&mut self, dict: &Gc<Dict>, key: &Value) -> Result<Option<Value>> {
        todo!()
    }
    pub fn set_contains(&mut self, set: &Gc<Set>, key: &Value) -> Result<bool> {
        todo!()
    }
    /// Whether it was new.
    pub fn set_add(&mut self, set: &Gc<Set>, key: Value) -> Result<bool> {
        todo!()
    }
    /// Whether it was there.
    pub fn set_remove(&mut self, set: &Gc<Set>, key: &Value) -> Result<bool> {
        todo!()
    }

    // Classes.
    /// `isinstance(value, class)`, hooks and tuples and unions included.
    pub fn is_instance(&mut self, value: &Value, class: &Value) -> Result<bool> {
        todo!()
    }
    /// `issubclass(class, other)`
    pub fn is_subclass(&mut self, class: &Value, other: &Value) -> Result<bool> {
        todo!()
    }

    // Coroutines.
    /// Drives a generator, coroutine, async generator or native coroutine until it yields or ends.
    pub fn resume(&mut self, coroutine: &Value, input: Resume) -> Result<Outcome> {
        todo!()
    }
    /// Throws GeneratorExit into it, as `close()` does.
    pub fn close(&mut self, coroutine: &Value) -> Result<()> {
        todo!()
    }

    // Safe points.
    /// To be called by natives that loop for long: Ctrl-C, collection.
    pub fn check_interrupts(&mut self) -> Result<()> {
        todo!()
    }

    // Frames, for natives that look at their caller.
    /// Globals of the running frame.
    pub fn globals(&self) -> Gc<Dict> {
        todo!()
    }
    /// The exception that is being handled.
    pub fn handled_exception(&self) -> Option<Gc<Exception>> {
        todo!()
    }
    /// The line that calls this native: file name, line, function name.
    pub fn caller(&self) -> Option<(Str, u32, Str)> {
        todo!()
    }
}
