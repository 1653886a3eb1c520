//! `asyncio.AbstractEventLoop`: the methods a loop has, each of which says that it is not there.

use crate::native;
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Value};
use crate::vm::Vm;

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::new(class.clone()))
}

fn missing(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error(""))
}

/// A row for each signature.
macro_rules! missing_methods {
    ($($signature:literal,)*) => {
        &[
            native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a loop.")
                .static_method(),
            $(native!(
                $signature,
                missing(required, rest, keywords),
                "What a loop defines."
            ),)*
        ]
    };
}

pub const METHODS: &[Native] = missing_methods!(
    "run_forever(self, *args, **kwargs)",
    "run_until_complete(self, *args, **kwargs)",
    "stop(self, *args, **kwargs)",
    "is_running(self, *args, **kwargs)",
    "is_closed(self, *args, **kwargs)",
    "close(self, *args, **kwargs)",
    "shutdown_asyncgens(self, *args, **kwargs)",
    "shutdown_default_executor(self, *args, **kwargs)",
    "call_soon(self, *args, **kwargs)",
    "call_later(self, *args, **kwargs)",
    "call_at(self, *args, **kwargs)",
    "time(self, *args, **kwargs)",
    "create_future(self, *args, **kwargs)",
    "create_task(self, *args, **kwargs)",
    "call_soon_threadsafe(self, *args, **kwargs)",
    "run_in_executor(self, *args, **kwargs)",
    "set_default_executor(self, *args, **kwargs)",
    "set_task_factory(self, *args, **kwargs)",
    "get_task_factory(self, *args, **kwargs)",
    "get_exception_handler(self, *args, **kwargs)",
    "set_exception_handler(self, *args, **kwargs)",
    "default_exception_handler(self, *args, **kwargs)",
    "call_exception_handler(self, *args, **kwargs)",
    "get_debug(self, *args, **kwargs)",
    "set_debug(self, *args, **kwargs)",
);
