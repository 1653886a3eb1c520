//! `_thread._ThreadHandle`: a thread from before its start to after its end.

use std::cell::Cell;

use super::lock;
use crate::modules::native_class;
use crate::native;
use crate::scheduler::flows::{self, Cause, Ident, Waiters};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Gc, Instance, Native, Raised, Result, Value, types};
use crate::vm::Vm;

thread_local! {
    pub static HANDLE: Class = native_class("_thread._ThreadHandle", &types().object, METHODS);
}

/// Where in its life a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Created,
    Running,
    Ended,
}

/// The state of a handle.
pub struct Handle {
    stage: Cell<Stage>,
    /// 0 before the start.
    ident: Cell<Ident>,
    waiters: Waiters,
}

impl Payload for Handle {}

impl<'a> FromArgument<'a> for &'a Handle {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_thread._ThreadHandle"))
    }
}

impl Handle {
    /// RuntimeError when it has been started before.
    pub fn check_new(&self) -> Result<()> {
        match self.stage.get() {
            Stage::Created => Ok(()),
            _ => Err(Raised::runtime_error("thread already started")),
        }
    }

    /// The number of the thread.
    pub fn number(&self) -> Ident {
        self.ident.get()
    }

    pub fn started(&self, ident: Ident) {
        self.stage.set(Stage::Running);
        self.ident.set(ident);
    }

    pub fn ended(&self) {
        self.stage.set(Stage::Ended);
        self.waiters.wake_all();
    }

    /// Waits for the end of the thread, which may not come before the deadline.
    pub fn join(&self, vm: &mut Vm, deadline: Option<f64>) -> Result<()> {
        if self.stage.get() == Stage::Created {
            return Err(Raised::runtime_error("thread not started"));
        }
        if self.stage.get() == Stage::Running && self.ident.get() == flows::current() {
            return Err(Raised::runtime_error("Cannot join current thread"));
        }
        while self.stage.get() == Stage::Running && !flows::has_passed(deadline) {
            self.waiters.wait(vm, Cause::Flow(self.ident.get()), deadline)?;
        }
        Ok(())
    }
}

/// A handle of a thread that is to be started.
pub fn make() -> Gc<Instance> {
    let handle = Handle { stage: Cell::new(Stage::Created), ident: Cell::new(0), waiters: Waiters::default() };
    HANDLE.with(|class| Instance::with_payload(class.clone(), handle))
}

/// `_make_thread_handle(ident)`: for a thread that was not started with a handle.
pub fn of_running(_: &mut Vm, ident: i64) -> Value {
    let handle = make();
    if let Some(state) = handle.payload::<Handle>() {
        state.started(ident);
    }
    Value::Instance(handle)
}

fn new(_: &mut Vm, _: &Class) -> Value {
    Value::Instance(make())
}

fn ident(_: &mut Vm, this: &Handle) -> i64 {
    this.ident.get()
}

fn is_done(_: &mut Vm, this: &Handle) -> bool {
    this.stage.get() == Stage::Ended
}

fn set_done(_: &mut Vm, this: &Handle) -> Result<()> {
    match this.stage.get() {
        Stage::Created => Err(Raised::runtime_error("thread not started")),
        _ => {
            this.ended();
            Ok(())
        }
    }
}

fn join(vm: &mut Vm, this: &Handle, timeout: Option<&Value>) -> Result<()> {
    // A negative time is no limit.
    let deadline = match timeout {
        None | Some(Value::None) => None,
        Some(timeout) if vm.float(timeout)? < 0.0 => None,
        timeout => lock::deadline(vm, None, timeout)?,
    };
    this.join(vm, deadline)
}

fn repr(_: &mut Vm, this: &Handle) -> String {
    format!("<_thread._ThreadHandle object: ident={}>", this.ident.get())
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /)", new(required), "The handle of a thread that is to be started.").static_method(),
    native!("ident(self, /)", ident(required), "The number of the thread.").getter(),
    native!("is_done(self, /)", is_done(required), "Whether the thread has ended."),
    native!("_set_done(self, /)", set_done(required), "Takes the thread for ended."),
    native!("join(self, timeout=None, /)", join(required, optional), "Waits for the end of the thread."),
    native!("__repr__(self, /)", repr(required), "The number of the thread."),
];
