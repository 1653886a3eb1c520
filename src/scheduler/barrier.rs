//! `asyncio.Barrier`: a condition, a count and a phase.

use std::cell::Cell;

use super::condition;
use super::future;
use super::lock::state;
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineName, NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, NativeCoroutine, Raised, Result, Value, symbols, types};
use crate::vm::Vm;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Filling,
    Draining,
    Resetting,
    Broken,
}

/// A barrier.
pub struct Barrier {
    parties: Cell<i64>,
    /// Tasks inside.
    count: Cell<i64>,
    phase: Cell<Phase>,
    condition: Gc<Instance>,
}

impl Payload for Barrier {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.condition);
    }
}

impl<'a> FromArgument<'a> for &'a Barrier {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Barrier"))
    }
}

impl Barrier {
    /// A task leaves; the last one opens the barrier for the next round.
    fn leave(&self) {
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            if matches!(self.phase.get(), Phase::Resetting | Phase::Draining) {
                self.phase.set(Phase::Filling);
            }
            condition::wake_all(&self.condition);
        }
    }
}

fn broken_error(message: &str) -> Raised {
    Raised::new(&types().broken_barrier_error, vec![Value::str(message)])
}

/// How far a coroutine at the barrier is.
#[derive(Clone, Copy)]
enum At {
    Start,
    Acquiring,
    /// Waits until the round before has left.
    Blocked,
    /// Waits with this index for the others.
    Inside(i64),
}

/// What a coroutine does with the lock held.
#[derive(Clone, Copy)]
enum Purpose {
    Wait,
    Reset,
    Abort,
}

struct Visit {
    barrier: Gc<Instance>,
    at: Cell<At>,
    purpose: Purpose,
}

impl NativeBody for Visit {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let barrier: &Barrier = state(&self.barrier)?;
        let at = self.at.replace(At::Start);
        match (at, input) {
            (At::Start | At::Acquiring, Resume::Raise(raised)) => Err(raised),
            (At::Start, Resume::Value(_)) => {
                self.at.set(At::Acquiring);
                Ok(Step::Await(condition::start_acquire(vm, &barrier.condition)?))
            }
            (At::Acquiring, Resume::Value(_)) => match self.purpose {
                Purpose::Wait => self.enter(vm, barrier),
                Purpose::Reset => {
                    let inside = barrier.count.get() > 0;
                    barrier.phase.set(if inside { Phase::Resetting } else { Phase::Filling });
                    condition::wake_all(&barrier.condition);
                    self.end(vm, barrier, Ok(Value::None))
                }
                Purpose::Abort => {
                    barrier.phase.set(Phase::Broken);
                    condition::wake_all(&barrier.condition);
                    self.end(vm, barrier, Ok(Value::None))
                }
            },
            (At::Blocked, Resume::Raise(raised)) => self.end(vm, barrier, Err(raised)),
            (At::Blocked, Resume::Value(_)) => self.enter(vm, barrier),
            (At::Inside(_), Resume::Raise(raised)) => {
                barrier.leave();
                self.end(vm, barrier, Err(raised))
            }
            (At::Inside(index), Resume::Value(_)) => self.stay(vm, barrier, index),
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        let Ok(barrier) = state::<Barrier>(&self.barrier) else { return String::new() };
        format!("a barrier that {} of {} have reached", barrier.count.get(), barrier.parties.get())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.barrier);
    }
}

impl Visit {
    fn start(barrier: &Gc<Instance>, name: CoroutineName, purpose: Purpose) -> Result<Value> {
        state::<Barrier>(barrier)?;
        let body = Visit { barrier: barrier.clone(), at: Cell::new(At::Start), purpose };
        Ok(Value::NativeCoroutine(NativeCoroutine::new(name, body)))
    }

    fn enter(&self, vm: &mut Vm, barrier: &Barrier) -> Result<Step> {
        match barrier.phase.get() {
            Phase::Draining | Phase::Resetting => {
                self.at.set(At::Blocked);
                return Ok(Step::Await(condition::start_wait(&barrier.condition)));
            }
            Phase::Broken => return self.end(vm, barrier, Err(broken_error("Barrier aborted"))),
            Phase::Filling => {}
        }
        let index = barrier.count.get();
        barrier.count.set(index + 1);
        if index + 1 == barrier.parties.get() {
            barrier.phase.set(Phase::Draining);
            condition::wake_all(&barrier.condition);
            barrier.leave();
            return self.end(vm, barrier, Ok(Value::Int(index)));
        }
        self.stay(vm, barrier, index)
    }

    fn stay(&self, vm: &mut Vm, barrier: &Barrier, index: i64) -> Result<Step> {
        let result = match barrier.phase.get() {
            Phase::Filling => {
                self.at.set(At::Inside(index));
                return Ok(Step::Await(condition::start_wait(&barrier.condition)));
            }
            Phase::Draining => Ok(Value::Int(index)),
            Phase::Broken | Phase::Resetting => Err(broken_error("Abort or reset of barrier")),
        };
        barrier.leave();
        self.end(vm, barrier, result)
    }

    fn end(&self, vm: &mut Vm, barrier: &Barrier, result: Result<Value>) -> Result<Step> {
        condition::release_lock(vm, &barrier.condition)?;
        result.map(Step::Return)
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let barrier = Barrier {
        parties: Cell::new(1),
        count: Cell::new(0),
        phase: Cell::new(Phase::Filling),
        condition: condition::create(),
    };
    Value::Instance(Instance::with_payload(class.clone(), barrier))
}

fn init(_: &mut Vm, this: &Barrier, parties: i64) -> Result<()> {
    if parties < 1 {
        return Err(Raised::value_error("parties must be > 0"));
    }
    this.parties.set(parties);
    Ok(())
}

fn parties(_: &mut Vm, this: &Barrier) -> i64 {
    this.parties.get()
}

fn n_waiting(_: &mut Vm, this: &Barrier) -> i64 {
    if this.phase.get() == Phase::Filling { this.count.get() } else { 0 }
}

fn broken(_: &mut Vm, this: &Barrier) -> bool {
    this.phase.get() == Phase::Broken
}

fn wait(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    Visit::start(this, &"Barrier.wait", Purpose::Wait)
}

fn reset(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    Visit::start(this, &"Barrier.reset", Purpose::Reset)
}

fn abort(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    Visit::start(this, &"Barrier.abort", Purpose::Abort)
}

fn enter(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    Visit::start(this, &"Barrier.__aenter__", Purpose::Wait)
}

fn exit(_: &mut Vm, _: &Barrier, _: &[Value]) -> Value {
    future::done()
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let barrier: &Barrier = state(this)?;
    let waiting = n_waiting(vm, barrier);
    let parties = barrier.parties.get();
    let extra = match barrier.phase.get() {
        Phase::Filling => format!("filling, waiters:{waiting}/{parties}"),
        Phase::Draining => format!("draining, waiters:{waiting}/{parties}"),
        Phase::Resetting => format!("resetting, waiters:{waiting}/{parties}"),
        Phase::Broken => "broken".to_string(),
    };
    let class = this.class();
    let module = class.lookup(&symbols().module);
    let module = module.as_ref().and_then(Value::as_str).map_or("", |module| &**module);
    Ok(Value::from(format!("<{module}.{} object at {:#x} [{extra}]>", class.qualified_name.get(), this.address())))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a barrier.").static_method(),
    native!("__init__(self, parties)", init(required, required), "A barrier for this many tasks."),
    native!("__repr__(self)", repr(required), "The state of the barrier."),
    native!("parties(self)", parties(required), "How many tasks it takes to pass.").getter(),
    native!("n_waiting(self)", n_waiting(required), "How many tasks wait now.").getter(),
    native!("broken(self)", broken(required), "Whether it was aborted.").getter(),
    native!("wait(self)", wait(required), "Waits until all have come. Gives a number from 0, each its own."),
    native!("reset(self)", reset(required), "Makes it empty; who waits gets a BrokenBarrierError."),
    native!("abort(self)", abort(required), "Breaks it; who waits gets a BrokenBarrierError."),
    native!("__aenter__(self)", enter(required), "As wait."),
    native!("__aexit__(self, *args)", exit(required, rest), "Does nothing."),
];
