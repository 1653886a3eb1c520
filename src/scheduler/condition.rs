//! `asyncio.Condition`.

use super::future;
use super::lock::{Lock, enter_through_acquire, shown, state};
use super::wait_queue::{Ticket, WaitQueue, woken};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Str, Value, types};
use crate::vm::{Vm, set_context};

/// A condition variable with its lock.
#[derive(Default)]
pub struct Condition {
    /// Unbound until `__init__`.
    lock: Mutable<Value>,
    waiters: WaitQueue,
}

impl Payload for Condition {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.lock.borrow().trace(tracer);
        self.waiters.trace(tracer);
    }

    fn clear(&self) {
        self.lock.set(Value::Unbound);
        self.waiters.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Condition {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Condition"))
    }
}

impl Condition {
    fn lock(&self) -> Result<Value> {
        self.lock.get().bound().ok_or_else(|| Raised::runtime_error("Condition.__init__() has not been called"))
    }

    fn is_locked(&self, vm: &mut Vm) -> Result<bool> {
        let lock = self.lock()?;
        if let Some(lock) = lock.payload::<Lock>() {
            return Ok(lock.is_locked());
        }
        let locked = vm.call_method(&lock, &Str::intern("locked"), &[])?;
        vm.truth(&locked)
    }

    fn acquire(&self, vm: &mut Vm) -> Result<Value> {
        vm.call_method(&self.lock()?, &Str::intern("acquire"), &[])
    }

    fn release(&self, vm: &mut Vm) -> Result<()> {
        let lock = self.lock()?;
        vm.call_method(&lock, &Str::intern("release"), &[]).map(drop)
    }

    /// Wakes up to `count` that wait.
    fn notify(&self, count: i64) {
        for _ in 0..count {
            if !self.waiters.wake_next() {
                return;
            }
        }
    }
}

/// How far a waiting coroutine is.
enum WaitState {
    Start,
    Waiting(Ticket),
    /// Gets the lock back; then it raises the last cancellation that has come meanwhile, or else what has
    /// ended the waiting, if anything.
    Reacquiring {
        ended: Option<Raised>,
        last: Option<Raised>,
    },
}

/// `condition.wait()`
struct Wait {
    condition: Gc<Instance>,
    state: Mutable<WaitState>,
}

impl Wait {
    fn start(condition: &Gc<Instance>) -> Value {
        let body = Wait { condition: condition.clone(), state: Mutable::new(WaitState::Start) };
        Value::NativeCoroutine(NativeCoroutine::new(&"Condition.wait", body))
    }
}

impl NativeBody for Wait {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let condition: &Condition = state(&self.condition)?;
        match (self.state.replace(WaitState::Start), input) {
            (WaitState::Start, Resume::Raise(raised)) => Err(raised),
            (WaitState::Start, Resume::Value(_)) => {
                if !condition.is_locked(vm)? {
                    return Err(Raised::runtime_error("cannot wait on un-acquired lock"));
                }
                let ticket = condition.waiters.park(vm, &Value::Instance(self.condition.clone()))?;
                if let Err(raised) = condition.release(vm) {
                    condition.waiters.leave(ticket);
                    return Err(raised);
                }
                self.state.set(WaitState::Waiting(ticket));
                Ok(Step::Yield(Value::NativeCoroutine(this.clone())))
            }
            (WaitState::Waiting(ticket), input) => {
                let left = condition.waiters.leave(ticket);
                self.reacquire(vm, condition, woken(left, input).err(), None)
            }
            (WaitState::Reacquiring { ended, last }, Resume::Value(_)) => match last.or(ended) {
                Some(raised) => self.fail(condition, raised),
                None => Ok(Step::Return(Value::Bool(true))),
            },
            (WaitState::Reacquiring { ended, .. }, Resume::Raise(raised)) => {
                if let Some(ended) = &ended {
                    set_context(&raised.0, ended.0.clone());
                }
                if !raised.is_a(&types().cancelled_error) {
                    return self.fail(condition, raised);
                }
                // The lock must be held again, whatever happens.
                self.reacquire(vm, condition, ended, Some(raised))
            }
        }
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        let ticket = match &*self.state.borrow() {
            WaitState::Waiting(ticket) => *ticket,
            _ => return false,
        };
        state::<Condition>(&self.condition).is_ok_and(|condition| condition.waiters.cancel(ticket))
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        "a condition that nobody notifies".to_string()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.condition);
        if let WaitState::Reacquiring { ended, last } = &*self.state.borrow() {
            [ended, last].into_iter().flatten().for_each(|raised| tracer.visit(&raised.0));
        }
    }
}

impl Wait {
    fn reacquire(
        &self,
        vm: &mut Vm,
        condition: &Condition,
        ended: Option<Raised>,
        last: Option<Raised>,
    ) -> Result<Step> {
        match condition.acquire(vm) {
            Ok(acquiring) => {
                self.state.set(WaitState::Reacquiring { ended, last });
                Ok(Step::Await(acquiring))
            }
            Err(raised) => self.fail(condition, raised),
        }
    }

    /// Another may use the notification this one perhaps got.
    fn fail(&self, condition: &Condition, raised: Raised) -> Result<Step> {
        condition.notify(1);
        Err(raised)
    }
}

/// `condition.wait_for(predicate)`
struct WaitFor {
    condition: Gc<Instance>,
    predicate: Value,
}

impl NativeBody for WaitFor {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        if let Resume::Raise(raised) = input {
            return Err(raised);
        }
        let result = vm.call(&self.predicate, &[])?;
        if vm.truth(&result)? {
            return Ok(Step::Return(result));
        }
        let this = Value::Instance(self.condition.clone());
        Ok(Step::Await(vm.call_method(&this, &Str::intern("wait"), &[])?))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.condition);
        self.predicate.trace(tracer);
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Condition::default()))
}

fn init(_: &mut Vm, this: &Condition, lock: Option<Value>) {
    let lock = match lock {
        None | Some(Value::None) => Value::Instance(Instance::with_payload(types().lock.clone(), Lock::default())),
        Some(lock) => lock,
    };
    this.lock.set(lock);
}

fn locked(vm: &mut Vm, this: &Condition) -> Result<bool> {
    this.is_locked(vm)
}

fn acquire(vm: &mut Vm, this: &Condition) -> Result<Value> {
    this.acquire(vm)
}

fn release(vm: &mut Vm, this: &Condition) -> Result<()> {
    this.release(vm)
}

fn wait(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Condition>(this)?;
    Ok(Wait::start(this))
}

fn wait_for(_: &mut Vm, this: &Gc<Instance>, predicate: Value) -> Result<Value> {
    state::<Condition>(this)?;
    let body = WaitFor { condition: this.clone(), predicate };
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"Condition.wait_for", body)))
}

fn check_notify(vm: &mut Vm, this: &Condition) -> Result<()> {
    if !this.is_locked(vm)? {
        return Err(Raised::runtime_error("cannot notify on un-acquired lock"));
    }
    Ok(())
}

fn notify(vm: &mut Vm, this: &Condition, count: Option<i64>) -> Result<()> {
    check_notify(vm, this)?;
    this.notify(count.unwrap_or(1));
    Ok(())
}

fn notify_all(vm: &mut Vm, this: &Condition) -> Result<()> {
    check_notify(vm, this)?;
    this.waiters.wake_all();
    Ok(())
}

fn enter(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let condition: &Condition = state(this)?;
    let lock = condition.lock()?;
    if lock.class().same(&types().lock) && !super::lock::is_overridden(this, "acquire") {
        return vm.call_method(&lock, &crate::value::symbols().aenter, &[]);
    }
    enter_through_acquire(vm, &Value::Instance(this.clone()))
}

fn exit(vm: &mut Vm, this: &Gc<Instance>, _: &[Value]) -> Result<Value> {
    vm.call_method(&Value::Instance(this.clone()), &Str::intern("release"), &[])?;
    Ok(future::done())
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let condition: &Condition = state(this)?;
    let extra = if condition.is_locked(vm)? { "locked" } else { "unlocked" };
    Ok(shown(vm, this, extra, &condition.waiters))
}

/// A condition with a lock of its own, for parts that are built on one.
pub(super) fn create() -> Gc<Instance> {
    let lock = Instance::with_payload(types().lock.clone(), Lock::default());
    let condition = Condition { lock: Mutable::new(Value::Instance(lock)), waiters: WaitQueue::default() };
    Instance::with_payload(types().condition.clone(), condition)
}

/// Waits on a condition made by `create`, whose lock is held.
pub(super) fn start_wait(condition: &Gc<Instance>) -> Value {
    Wait::start(condition)
}

/// Acquires the lock of a condition made by `create`.
pub(super) fn start_acquire(vm: &mut Vm, condition: &Gc<Instance>) -> Result<Value> {
    state::<Condition>(condition)?.acquire(vm)
}

pub(super) fn release_lock(vm: &mut Vm, condition: &Gc<Instance>) -> Result<()> {
    state::<Condition>(condition)?.release(vm)
}

pub(super) fn wake_all(condition: &Gc<Instance>) {
    if let Ok(condition) = state::<Condition>(condition) {
        condition.waiters.wake_all();
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a condition.").static_method(),
    native!("__init__(self, lock=None)", init(required, optional), "A condition with this lock or a new one."),
    native!("__repr__(self)", repr(required), "The state of the condition."),
    native!("locked(self)", locked(required), "Whether the lock is held."),
    native!("acquire(self)", acquire(required), "Acquires the lock."),
    native!("release(self)", release(required), "Releases the lock."),
    native!("wait(self)", wait(required), "Releases the lock, waits to be notified and acquires it again."),
    native!("wait_for(self, predicate)", wait_for(required, required), "Waits until the predicate is true."),
    native!("notify(self, n=1)", notify(required, optional), "Wakes n of those that wait."),
    native!("notify_all(self)", notify_all(required), "Wakes all that wait."),
    native!("__aenter__(self)", enter(required), "Acquires the lock."),
    native!("__aexit__(self, *args)", exit(required, rest), "Releases the lock."),
];
