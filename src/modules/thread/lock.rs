//! `_thread.lock` and `_thread.RLock`.
//!
//! Releasing wakes the thread that has waited longest, but does not hand the lock over: who comes first takes
//! it, as in CPython.

use std::cell::Cell;

use crate::builtins::object::full_name;
use crate::modules::native_class;
use crate::native;
use crate::scheduler::flows::{self, Cause, Ident, Waiters};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Value, types};
use crate::vm::Vm;

/// The longest wait, in seconds.
pub const LONGEST: f64 = 9_223_372_036.0;

thread_local! {
    pub static LOCK: Class = native_class("_thread.lock", &types().object, METHODS);
    pub static REENTRANT: Class = native_class("_thread.RLock", &types().object, REENTRANT_METHODS);
}

/// The end of a wait as `blocking` and `timeout` say; None for no end. Not waiting at all is an end that has
/// come already.
pub fn deadline(vm: &mut Vm, blocking: Option<&Value>, timeout: Option<&Value>) -> Result<Option<f64>> {
    let blocking = match blocking {
        Some(blocking) => vm.truth(blocking)?,
        None => true,
    };
    let seconds = match timeout {
        Some(timeout) => seconds(vm, timeout)?,
        None => -1.0,
    };
    if !blocking && seconds != -1.0 {
        return Err(Raised::value_error("can't specify a timeout for a non-blocking call"));
    }
    if seconds < 0.0 && seconds != -1.0 {
        return Err(Raised::value_error("timeout value must be a non-negative number"));
    }
    if seconds > LONGEST {
        return Err(Raised::overflow_error("timeout value is too large"));
    }
    Ok(match (blocking, seconds) {
        (false, _) => Some(f64::NEG_INFINITY),
        (true, -1.0) => None,
        (true, seconds) => Some(flows::deadline_after(seconds)),
    })
}

/// A time in seconds, as the system's calls take it.
fn seconds(vm: &mut Vm, value: &Value) -> Result<f64> {
    let seconds = match value.native() {
        Value::Float(seconds) => *seconds,
        _ => match vm.index_value(value)? {
            Value::Int(seconds) => seconds as f64,
            _ => return Err(Raised::overflow_error("timestamp too large to convert to C PyTime_t")),
        },
    };
    if seconds.is_nan() {
        return Err(Raised::value_error("Invalid value NaN (not a number)"));
    }
    if seconds.abs() > i64::MAX as f64 / 1e9 {
        return Err(Raised::overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(seconds)
}

/// A lock.
#[derive(Default)]
struct Lock {
    locked: Cell<bool>,
    waiters: Waiters,
}

impl Payload for Lock {}

impl<'a> FromArgument<'a> for &'a Lock {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_thread.lock"))
    }
}

pub fn new(_: &mut Vm) -> Value {
    LOCK.with(|class| Value::Instance(Instance::with_payload(class.clone(), Lock::default())))
}

fn new_of_class(vm: &mut Vm, _: &Class) -> Value {
    new(vm)
}

fn acquire(vm: &mut Vm, this: &Lock, blocking: Option<&Value>, timeout: Option<&Value>) -> Result<bool> {
    if !this.locked.get() && timeout.is_none() && blocking.is_none() {
        this.locked.set(true);
        return Ok(true);
    }
    let deadline = deadline(vm, blocking, timeout)?;
    while this.locked.get() {
        if flows::has_passed(deadline) {
            return Ok(false);
        }
        this.waiters.wait(vm, Cause::Lock, deadline)?;
    }
    this.locked.set(true);
    Ok(true)
}

fn release(_: &mut Vm, this: &Lock) -> Result<()> {
    if !this.locked.replace(false) {
        return Err(Raised::runtime_error("release unlocked lock"));
    }
    this.waiters.wake_first();
    Ok(())
}

fn locked(_: &mut Vm, this: &Lock) -> bool {
    this.locked.get()
}

fn enter(vm: &mut Vm, this: &Lock) -> Result<bool> {
    acquire(vm, this, None, None)
}

fn exit(vm: &mut Vm, this: &Lock, _: &[Value]) -> Result<()> {
    release(vm, this)
}

fn reset(_: &mut Vm, this: &Lock) {
    this.locked.set(false);
    this.waiters.wake_first();
}

fn repr(_: &mut Vm, this: &Value) -> String {
    let locked = this.payload::<Lock>().is_some_and(|lock| lock.locked.get());
    let state = if locked { "locked" } else { "unlocked" };
    format!("<{state} {} object at {:#x}>", full_name(&this.class()), this.address())
}

/// A lock that its owner can take again.
#[derive(Default)]
struct Reentrant {
    /// 0 for nobody.
    owner: Cell<Ident>,
    count: Cell<i64>,
    waiters: Waiters,
}

impl Payload for Reentrant {}

impl<'a> FromArgument<'a> for &'a Reentrant {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_thread.RLock"))
    }
}

fn new_reentrant(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Reentrant::default()))
}

fn acquire_again(vm: &mut Vm, this: &Reentrant, blocking: Option<&Value>, timeout: Option<&Value>) -> Result<bool> {
    let deadline = deadline(vm, blocking, timeout)?;
    let me = flows::current();
    if this.owner.get() != me {
        while this.count.get() > 0 {
            if flows::has_passed(deadline) {
                return Ok(false);
            }
            this.waiters.wait(vm, Cause::Lock, deadline)?;
        }
        this.owner.set(me);
    }
    this.count.set(this.count.get() + 1);
    Ok(true)
}

fn check_owned(this: &Reentrant) -> Result<()> {
    if this.count.get() == 0 || this.owner.get() != flows::current() {
        return Err(Raised::runtime_error("cannot release un-acquired lock"));
    }
    Ok(())
}

fn release_again(_: &mut Vm, this: &Reentrant) -> Result<()> {
    check_owned(this)?;
    this.count.set(this.count.get() - 1);
    if this.count.get() == 0 {
        this.owner.set(0);
        this.waiters.wake_first();
    }
    Ok(())
}

fn enter_again(vm: &mut Vm, this: &Reentrant) -> Result<bool> {
    acquire_again(vm, this, None, None)
}

fn exit_again(vm: &mut Vm, this: &Reentrant, _: &[Value]) -> Result<()> {
    release_again(vm, this)
}

fn is_owned(_: &mut Vm, this: &Reentrant) -> bool {
    this.count.get() > 0 && this.owner.get() == flows::current()
}

fn recursion_count(_: &mut Vm, this: &Reentrant) -> i64 {
    if this.owner.get() == flows::current() { this.count.get() } else { 0 }
}

/// For `Condition.wait`: gives the lock up however often it is held, and says how often and by whom.
fn release_save(_: &mut Vm, this: &Reentrant) -> Result<Value> {
    check_owned(this)?;
    let (count, owner) = (this.count.replace(0), this.owner.replace(0));
    this.waiters.wake_first();
    Ok(Value::tuple(vec![Value::Int(count), Value::Int(owner)]))
}

/// Takes the lock as `release_save` has found it.
fn acquire_restore(vm: &mut Vm, this: &Reentrant, saved: &Value) -> Result<()> {
    let saved = vm.collect(saved)?;
    let [count, owner] = &saved[..] else { return Err(Raised::type_error("a pair is needed")) };
    let (count, owner) = (vm.index(count)?, vm.index(owner)?);
    while this.count.get() > 0 {
        this.waiters.wait(vm, Cause::Lock, None)?;
    }
    this.count.set(count.max(0));
    this.owner.set(owner.max(0));
    Ok(())
}

fn reset_again(_: &mut Vm, this: &Reentrant) {
    this.count.set(0);
    this.owner.set(0);
    this.waiters.wake_first();
}

fn repr_again(_: &mut Vm, this: &Value) -> String {
    let (owner, count) = this.payload::<Reentrant>().map_or((0, 0), |lock| (lock.owner.get(), lock.count.get()));
    let state = if count > 0 { "locked" } else { "unlocked" };
    let class = full_name(&this.class());
    format!("<{state} {class} object owner={owner} count={count} at {:#x}>", this.address())
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /)", new_of_class(required), "Makes a lock that nobody holds.").static_method(),
    native!("acquire(self, blocking=True, timeout=-1)", acquire(required, optional, optional), "Takes the lock."),
    native!("acquire_lock(self, blocking=True, timeout=-1)", acquire(required, optional, optional), "As acquire()."),
    native!("release(self, /)", release(required), "Gives the lock up, whoever holds it."),
    native!("release_lock(self, /)", release(required), "As release()."),
    native!("locked(self, /)", locked(required), "Whether somebody holds the lock."),
    native!("locked_lock(self, /)", locked(required), "As locked()."),
    native!("_at_fork_reinit(self, /)", reset(required), "Makes it a lock that nobody holds."),
    native!("__enter__(self, /)", enter(required), "Takes the lock."),
    native!("__exit__(self, /, *exc_info)", exit(required, rest), "Gives the lock up."),
    native!("__repr__(self, /)", repr(required), "Whether it is locked."),
];

const REENTRANT_METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *args, **kwargs)",
        new_reentrant(required, rest, keywords),
        "Makes a lock that nobody holds."
    )
    .static_method(),
    native!(
        "acquire(self, blocking=True, timeout=-1)",
        acquire_again(required, optional, optional),
        "Takes the lock, once more if it is held already."
    ),
    native!("release(self, /)", release_again(required), "Gives the lock up once."),
    native!("_is_owned(self, /)", is_owned(required), "Whether the running thread holds it."),
    native!("_recursion_count(self, /)", recursion_count(required), "How often the running thread holds it."),
    native!("_release_save(self, /)", release_save(required), "Gives it up wholly, for a time."),
    native!("_acquire_restore(self, state, /)", acquire_restore(required, required), "Takes it as it was."),
    native!("_at_fork_reinit(self, /)", reset_again(required), "Makes it a lock that nobody holds."),
    native!("__enter__(self, /)", enter_again(required), "Takes the lock."),
    native!("__exit__(self, /, *exc_info)", exit_again(required, rest), "Gives the lock up once."),
    native!("__repr__(self, /)", repr_again(required), "Who holds it."),
];
