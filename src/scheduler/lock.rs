//! `asyncio.Lock`.

use std::cell::Cell;

use super::deadlock;
use super::wait_queue::{Ticket, WaitQueue, woken};
use super::{event_loop, future};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineName, NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{AtOnce, FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Str, Task, Value, types,
};
use crate::vm::Vm;

/// A lock.
#[derive(Default)]
pub struct Lock {
    locked: Cell<bool>,
    /// The task that acquired it, for the deadlock report.
    owner: Mutable<Option<Gc<Task>>>,
    waiters: WaitQueue,
}

impl Payload for Lock {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.owner.borrow().iter().for_each(|owner| tracer.visit(owner));
        self.waiters.trace(tracer);
    }

    fn clear(&self) {
        self.owner.set(None);
        self.waiters.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Lock {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Lock"))
    }
}

impl Lock {
    /// Takes the lock if it is free and nobody waits in front.
    #[inline]
    fn try_acquire(&self) -> bool {
        let free = !self.locked.get() && !self.waiters.has_contenders();
        if free {
            self.take();
        }
        free
    }

    fn take(&self) {
        self.locked.set(true);
        self.owner.set(event_loop::current_task());
    }

    /// RuntimeError when it is not locked.
    pub fn release(&self) -> Result<()> {
        if !self.locked.replace(false) {
            return Err(Raised::runtime_error("Lock is not acquired."));
        }
        self.owner.set(None);
        self.waiters.wake_first();
        Ok(())
    }

    pub fn is_locked(&self) -> bool {
        self.locked.get()
    }
}

/// What an acquiring coroutine gives.
#[derive(Clone, Copy)]
enum Gives {
    True,
    /// For `async with`.
    None,
}

struct Acquire {
    lock: Gc<Instance>,
    ticket: Cell<Option<Ticket>>,
    gives: Gives,
}

impl Acquire {
    fn start(lock: &Gc<Instance>, name: CoroutineName, gives: Gives) -> Value {
        let body = Acquire { lock: lock.clone(), ticket: Cell::new(None), gives };
        Value::NativeCoroutine(NativeCoroutine::new(name, body))
    }

    fn end(&self) -> Step {
        Step::Return(match self.gives {
            Gives::True => Value::Bool(true),
            Gives::None => Value::None,
        })
    }
}

impl NativeBody for Acquire {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let lock: &Lock = state(&self.lock)?;
        let Some(ticket) = self.ticket.take() else {
            if let Resume::Raise(raised) = input {
                return Err(raised);
            }
            if lock.try_acquire() {
                return Ok(self.end());
            }
            self.ticket.set(Some(lock.waiters.park(vm, &Value::Instance(self.lock.clone()))?));
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        };
        let state = lock.waiters.leave(ticket);
        if let Err(raised) = woken(state, input) {
            if raised.is_a(&types().cancelled_error) && !lock.locked.get() {
                lock.waiters.wake_first();
            }
            return Err(raised);
        }
        lock.take();
        Ok(self.end())
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        match (state::<Lock>(&self.lock), self.ticket.get()) {
            (Ok(lock), Some(ticket)) => lock.waiters.cancel(ticket),
            _ => false,
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        match state::<Lock>(&self.lock).ok().and_then(|lock| lock.owner.get()) {
            Some(owner) => format!("a lock held by {}", deadlock::holder(&owner)),
            None => "a lock that nobody releases".to_string(),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.lock);
    }
}

/// The state of a native object; TypeError when the instance is of another kind.
pub fn state<T: Payload>(instance: &Gc<Instance>) -> Result<&T> {
    instance
        .payload()
        .ok_or_else(|| Raised::type_error(format!("a '{}' object cannot be used here", instance.class_ref().name())))
}

/// Whether a class of the script has put a method of its own in place of a native one.
pub fn is_overridden(instance: &Instance, name: &str) -> bool {
    let class = instance.class_ref();
    !class.is_builtin() && !matches!(class.lookup(&Str::intern(name)), Some(Value::Native(_)) | None)
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Lock::default()))
}

fn init(_: &mut Vm, _: &Lock) {}

fn locked(_: &mut Vm, this: &Lock) -> bool {
    this.is_locked()
}

fn acquire(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Lock>(this)?;
    Ok(Acquire::start(this, &"Lock.acquire", Gives::True))
}

fn acquire_at_once(_: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let [Value::Instance(this)] = arguments else { return Ok(AtOnce::Later) };
    Ok(match this.payload::<Lock>() {
        Some(lock) if lock.try_acquire() => AtOnce::Result(Value::Bool(true)),
        _ => AtOnce::Later,
    })
}

fn release(_: &mut Vm, this: &Lock) -> Result<()> {
    this.release()
}

/// A free lock is taken on the spot, and what is given to `await` costs nothing.
fn enter(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let lock: &Lock = state(this)?;
    if is_overridden(this, "acquire") {
        return enter_through_acquire(vm, &Value::Instance(this.clone()));
    }
    if lock.try_acquire() {
        return Ok(future::done());
    }
    Ok(Acquire::start(this, &"Lock.__aenter__", Gives::None))
}

/// `__aenter__` by way of an `acquire` the script has written.
pub fn enter_through_acquire(vm: &mut Vm, this: &Value) -> Result<Value> {
    let acquiring = vm.call_method(this, &Str::intern("acquire"), &[])?;
    Ok(Value::NativeCoroutine(future::awaiting_for_none(&"__aenter__", acquiring)))
}

fn exit(vm: &mut Vm, this: &Gc<Instance>, _: &[Value]) -> Result<Value> {
    if is_overridden(this, "release") {
        vm.call_method(&Value::Instance(this.clone()), &Str::intern("release"), &[])?;
    } else {
        state::<Lock>(this)?.release()?;
    }
    Ok(future::done())
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let lock: &Lock = state(this)?;
    let extra = if lock.is_locked() { "locked" } else { "unlocked" };
    Ok(shown(vm, this, extra, &lock.waiters))
}

/// The repr of a primitive: `<asyncio.locks.Lock object at 0x... [locked, waiters:2]>`.
pub fn shown(_: &mut Vm, this: &Gc<Instance>, extra: &str, waiters: &WaitQueue) -> Value {
    let class = this.class();
    let module = class.lookup(&crate::value::symbols().module);
    let module = module.as_ref().and_then(Value::as_str).map_or("", |module| &**module);
    let waiters = match waiters.len() {
        0 => String::new(),
        count => format!(", waiters:{count}"),
    };
    let name = class.qualified_name.get();
    Value::from(format!("<{module}.{name} object at {:#x} [{extra}{waiters}]>", this.address()))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a lock.").static_method(),
    native!("__init__(self)", init(required), "A lock that is not locked."),
    native!("__repr__(self)", repr(required), "The state of the lock."),
    native!("locked(self)", locked(required), "Whether the lock is held."),
    native!("acquire(self)", acquire(required), "Waits until the lock is free, then takes it. Gives True.")
        .at_once(acquire_at_once),
    native!("release(self)", release(required), "Frees the lock and wakes the task that has waited longest."),
    native!("__aenter__(self)", enter(required), "Acquires the lock."),
    native!("__aexit__(self, *args)", exit(required, rest), "Releases the lock."),
];
