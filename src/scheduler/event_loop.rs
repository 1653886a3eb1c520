//! The event loop.
//!
//! One iteration moves the timers that are due behind what is ready and then runs exactly the entries
//! that are there: what they make ready runs in the next one. A loop is known by its number, which
//! futures carry; one loop at most is running, and it is reached through `running`. A loop that is
//! closed holds no values, so the collector need not look inside.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::executor::DefaultExecutor;
use super::flows::{Cause, Ident};
use super::observer::{self, Event};
use super::ready::{Notice, Policy, Ready, ReadyQueue};
use super::timer::{TimerId, Timers};
use super::{
    clock, context, deadlock, driver, entry, exception_handler, flows, foreign, future, handle, overriding, sleep,
    slow_callback, task, timeout,
};
use crate::memory::{Tracer, interrupt};
use crate::value::future::{Callback, Listener, Listening};
use crate::value::instance::Payload;
use crate::value::{Class, Coroutine, Gc, Instance, Mutable, Raised, Result, Str, Task, Value, Weak, types};
use crate::vm::Vm;

/// How many calls a coroutine notes when it is made while a loop runs in debug mode.
pub const ORIGIN_DEPTH: usize = 10;

/// Where in its life a loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    Closed,
}

/// An event loop.
pub struct EventLoop {
    /// Unique, from 1.
    pub number: u32,
    pub(super) ready: ReadyQueue,
    pub(super) timers: Timers,
    /// The task whose step is running.
    pub(super) current: Mutable<Option<Gc<Task>>>,
    tasks: Mutable<TaskTable>,
    state: Cell<State>,
    /// Leave after this iteration.
    stopping: Cell<bool>,
    pub(super) debug: Cell<bool>,
    pub(super) exception_handler: Mutable<Value>,
    pub(super) task_factory: Mutable<Value>,
    /// Async generators that have been started and may need closing at the end.
    async_generators: Mutable<Vec<Weak<Coroutine>>>,
    /// The object scripts see, once one has asked for it; until the loop is closed.
    object: Mutable<Option<Gc<Instance>>>,
    /// The same after the loop was closed, as long as somebody has it.
    closed_object: Mutable<Option<Weak<Instance>>>,
    /// In debug mode, calls that take longer than this, in seconds, are reported.
    pub(super) slow_callback: Cell<f64>,
    /// The flow it runs in; 0 while it does not run.
    flow: Cell<Ident>,
    pub(super) executor: DefaultExecutor,
}

/// The tasks that are not done.
#[derive(Default)]
struct TaskTable {
    tasks: Vec<Option<Gc<Task>>>,
    free: Vec<u32>,
}

/// What the object of a loop holds.
pub struct LoopState(pub Rc<EventLoop>);

impl Payload for LoopState {}

thread_local! {
    static RUNNING: Mutable<Option<Rc<EventLoop>>> = const { Mutable::new(None) };
    /// The loops that are not closed.
    static OPEN: RefCell<FxHashMap<u32, Rc<EventLoop>>> = RefCell::default();
    /// The loops that are closed but still referred to.
    static CLOSED: RefCell<FxHashMap<u32, std::rc::Weak<EventLoop>>> = RefCell::default();
    static LAST_NUMBER: Cell<u32> = const { Cell::new(0) };
    static POLICY: Cell<Policy> = const { Cell::new(Policy::Fifo) };
    /// Whether new loops are in debug mode.
    static DEBUG: Cell<bool> = const { Cell::new(false) };
}

/// Whether loops made from now on are in debug mode.
pub fn debug_by_default(debug: bool) {
    DEBUG.set(debug);
}

/// The order in which loops made from now on choose among ready tasks.
pub fn set_policy(policy: Policy) {
    POLICY.set(policy);
}

/// The loop that is running.
#[inline]
pub fn running() -> Option<Rc<EventLoop>> {
    RUNNING.with(|running| running.borrow().clone())
}

/// Says which loop is running, for drivers of the script's own.
pub fn set_running(event_loop: Option<Rc<EventLoop>>) {
    RUNNING.with(|running| running.set(event_loop));
}

/// The loop that is running; RuntimeError when there is none.
#[inline]
pub fn running_or_error() -> Result<Rc<EventLoop>> {
    running().ok_or_else(|| Raised::runtime_error("no running event loop"))
}

/// The task whose step is running.
pub fn current_task() -> Option<Gc<Task>> {
    RUNNING.with(|running| running.borrow().as_ref().and_then(|event_loop| event_loop.current_task()))
}

/// The open loop with this number.
pub fn find(number: u32) -> Option<Rc<EventLoop>> {
    OPEN.with_borrow(|open| open.get(&number).cloned())
}

/// The loop with this number, also when it is closed.
pub fn find_any(number: u32) -> Option<Rc<EventLoop>> {
    find(number).or_else(|| CLOSED.with_borrow(|closed| closed.get(&number).and_then(std::rc::Weak::upgrade)))
}

/// The loops that are running, in whatever flow.
pub(super) fn all_running() -> Vec<Rc<EventLoop>> {
    let is_running = |event_loop: &&Rc<EventLoop>| event_loop.is_running();
    let mut running: Vec<_> = OPEN.with_borrow(|open| open.values().filter(is_running).cloned().collect());
    running.sort_by_key(|event_loop| event_loop.number);
    running
}

/// What the running flow has as its running loop is exchanged for what another flow has.
pub(super) fn exchange_running(other: &mut Option<Rc<EventLoop>>) {
    RUNNING.with(|running| std::mem::swap(&mut *running.borrow_mut(), other));
}

/// Makes an entry ready on the loop with this number. RuntimeError when it is closed.
#[inline]
pub(super) fn schedule(number: u32, entry: Ready) -> Result<()> {
    RUNNING.with(|running| match &*running.borrow() {
        Some(event_loop) if event_loop.number == number || number == 0 => {
            event_loop.ready.push(entry);
            Ok(())
        }
        _ => schedule_elsewhere(number, entry),
    })
}

#[cold]
fn schedule_elsewhere(number: u32, entry: Ready) -> Result<()> {
    let event_loop = find(number).ok_or_else(|| Raised::runtime_error("Event loop is closed"))?;
    event_loop.ready.push(entry);
    if flows::are_many() {
        flows::look_at_loops();
    }
    Ok(())
}

/// Makes a task ready that waited natively. A task of a loop that is closed stays asleep for good.
#[inline]
pub(super) fn schedule_wake(task: Gc<Task>) {
    observer::tell(&task, || Event::Woken(current_task()));
    let _ = schedule(task.future.home.get(), Ready::Step(task));
}

impl EventLoop {
    pub fn new() -> Rc<EventLoop> {
        let number = LAST_NUMBER.get().wrapping_add(1).max(1);
        LAST_NUMBER.set(number);
        let event_loop = Rc::new(EventLoop {
            number,
            ready: ReadyQueue::default(),
            timers: Timers::default(),
            current: Mutable::new(None),
            tasks: Mutable::default(),
            state: Cell::new(State::Idle),
            stopping: Cell::new(false),
            debug: Cell::new(DEBUG.get()),
            exception_handler: Mutable::new(Value::None),
            task_factory: Mutable::new(Value::None),
            async_generators: Mutable::default(),
            object: Mutable::new(None),
            closed_object: Mutable::new(None),
            slow_callback: Cell::new(0.1),
            flow: Cell::new(0),
            executor: DefaultExecutor::default(),
        });
        event_loop.ready.set_policy(POLICY.get());
        OPEN.with_borrow_mut(|open| open.insert(number, event_loop.clone()));
        event_loop
    }

    /// The object scripts see: always the same while the loop is open.
    pub fn object(self: &Rc<EventLoop>) -> Value {
        if let Some(object) = self.object.get() {
            return Value::Instance(object);
        }
        if let Some(object) = self.closed_object.borrow().as_ref().and_then(Weak::upgrade) {
            return Value::Instance(object);
        }
        Value::Instance(self.make_object(types().unix_event_loop.clone()))
    }

    /// Makes the object scripts see, of this class.
    pub(super) fn make_object(self: &Rc<EventLoop>, class: Class) -> Gc<Instance> {
        let object = Instance::with_payload(class, LoopState(self.clone()));
        if !self.is_closed() {
            self.object.set(Some(object.clone()));
        }
        object
    }

    /// The object scripts see, if there is one and a script may have changed what its methods do.
    #[inline]
    pub(super) fn changed_object(&self) -> Option<Gc<Instance>> {
        let object = self.object.borrow();
        let object = object.as_ref()?;
        (!object.class_ref().is_builtin() || object.has_attributes()).then(|| object.clone())
    }

    pub fn is_running(&self) -> bool {
        self.state.get() == State::Running
    }

    pub fn is_closed(&self) -> bool {
        self.state.get() == State::Closed
    }

    /// RuntimeError when it runs in another flow: its methods are not meant to be called from there.
    pub(super) fn check_flow(&self) -> Result<()> {
        if self.is_running() && self.flow.get() != flows::current() {
            return Err(Raised::runtime_error(
                "Non-thread-safe operation invoked on an event loop other than the current one",
            ));
        }
        Ok(())
    }

    pub fn check_closed(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Raised::runtime_error("Event loop is closed"));
        }
        Ok(())
    }

    fn check_running(&self) -> Result<()> {
        if self.is_running() {
            return Err(Raised::runtime_error("This event loop is already running"));
        }
        if running().is_some() {
            return Err(Raised::runtime_error("Cannot run the event loop while another loop is running"));
        }
        Ok(())
    }

    /// The task whose step is running.
    #[inline]
    pub fn current_task(&self) -> Option<Gc<Task>> {
        self.current.get()
    }

    pub(super) fn enter_task(&self, task: &Gc<Task>) {
        let mut table = self.tasks.borrow_mut();
        let index = match table.free.pop() {
            Some(index) => {
                table.tasks[index as usize] = Some(task.clone());
                index
            }
            None => {
                table.tasks.push(Some(task.clone()));
                table.tasks.len() as u32 - 1
            }
        };
        task.place.set(index + 1);
    }

    pub(super) fn remove_task(&self, task: &Gc<Task>) {
        let Some(index) = task.place.replace(0).checked_sub(1) else { return };
        let mut table = self.tasks.borrow_mut();
        let removed = table.tasks.get_mut(index as usize).and_then(Option::take);
        table.free.push(index);
        drop(table);
        drop(removed);
    }

    /// The tasks that are not done, in the order in which they were made.
    pub fn pending_tasks(&self) -> Vec<Gc<Task>> {
        let mut tasks: Vec<Gc<Task>> = self.tasks.borrow().tasks.iter().flatten().cloned().collect();
        tasks.sort_by_key(|task| (task.number.get(), task.place.get()));
        tasks
    }

    /// Makes `target` ready at a moment of the loop's clock.
    #[inline]
    pub(super) fn call_at(&self, vm: &mut Vm, when: f64, target: Ready) -> Result<TimerId> {
        match self.changed_object() {
            Some(object) => overriding::call_at(vm, self, &object, when, target),
            None => Ok(self.timers.add(when, target)),
        }
    }

    /// Makes `target` ready after a delay in seconds.
    #[inline]
    pub(super) fn call_later(&self, vm: &mut Vm, delay: f64, target: Ready) -> Result<TimerId> {
        match self.changed_object() {
            Some(object) => overriding::call_later(vm, self, &object, delay, target),
            None => Ok(self.timers.add(clock::now() + delay, target)),
        }
    }

    /// The loop's clock, in seconds.
    #[inline]
    pub(super) fn now(&self, vm: &mut Vm) -> Result<f64> {
        match self.changed_object() {
            Some(object) => overriding::now(vm, &object),
            None => Ok(clock::now()),
        }
    }

    /// Leaves `run_forever` when the iteration is over.
    pub fn stop(&self) {
        self.stopping.set(true);
    }

    /// Runs until `stop` is called.
    pub fn run_forever(self: &Rc<EventLoop>, vm: &mut Vm) -> Result<()> {
        self.check_closed()?;
        self.check_running()?;
        self.state.set(State::Running);
        self.flow.set(flows::current());
        RUNNING.with(|running| running.set(Some(self.clone())));
        let origin_depth = vm.origin_depth;
        if self.debug.get() {
            vm.origin_depth = ORIGIN_DEPTH;
        }
        let outcome = loop {
            if let Err(raised) = self.turn(vm) {
                break Err(raised);
            }
            if self.stopping.get() {
                break Ok(());
            }
        };
        vm.origin_depth = origin_depth;
        self.stopping.set(false);
        self.flow.set(0);
        self.state.set(State::Idle);
        RUNNING.with(|running| running.set(None));
        outcome
    }

    /// Runs until the future is done and gives its result. A coroutine becomes a task.
    pub fn run_until_complete(self: &Rc<EventLoop>, vm: &mut Vm, main: &Value) -> Result<Value> {
        self.check_closed()?;
        self.check_running()?;
        let main_future = future::ensure(vm, main, Some(self))?;
        let is_new = !main_future.is(main);
        if is_new && let Value::Task(task) = &main_future {
            task.log_destroyed.set(false);
        }
        let Some(state) = main_future.as_future() else {
            return Err(Raised::type_error("a future is required"));
        };
        let stop = Listening::new(StopLoop);
        let entry = if foreign::adds_callbacks(&main_future) {
            let notice = Notice { listener: stop.clone(), index: 0, future: main_future.clone() };
            let entry = entry::of_ready(self, Ready::Notify(Box::new(notice)));
            vm.call_method(&main_future, &Str::intern("add_done_callback"), std::slice::from_ref(&entry))?;
            Some(entry)
        } else {
            future::add_callback(&main_future, Callback::Listener(stop.clone(), 0))?;
            None
        };
        let outcome = self.run_forever(vm);
        match entry {
            Some(entry) => {
                vm.call_method(&main_future, &Str::intern("remove_done_callback"), &[entry])?;
            }
            None => future::remove_listener(state, &stop),
        }
        if let Err(raised) = outcome {
            if is_new && state.is_done() {
                state.log_exception.set(false);
            }
            return Err(raised);
        }
        state.result().unwrap_or_else(|| Err(Raised::runtime_error("Event loop stopped before Future completed.")))
    }

    /// Closes the loop: nothing can run on it any more. RuntimeError while it is running.
    pub fn close(&self) -> Result<()> {
        if self.is_running() {
            return Err(Raised::runtime_error("Cannot close a running event loop"));
        }
        if self.is_closed() {
            return Ok(());
        }
        self.state.set(State::Closed);
        self.ready.clear();
        self.timers.clear();
        drop(self.tasks.take());
        let object = self.object.take();
        self.closed_object.set(object.as_ref().map(Weak::new));
        drop(object);
        let closed = OPEN.with_borrow_mut(|open| open.remove(&self.number));
        CLOSED.with_borrow_mut(|known| {
            known.retain(|_, event_loop| event_loop.strong_count() > 0);
            known.extend(closed.map(|event_loop| (self.number, Rc::downgrade(&event_loop))));
        });
        Ok(())
    }

    /// One iteration, as the class of the loop defines it.
    #[inline]
    fn turn(&self, vm: &mut Vm) -> Result<()> {
        match self.changed_object() {
            Some(object) => overriding::run_once(vm, self, &object),
            None => self.run_once(vm, None),
        }
    }

    /// One iteration. `changed` is the object of a loop whose methods a script may have changed.
    pub(super) fn run_once(&self, vm: &mut Vm, changed: Option<&Gc<Instance>>) -> Result<()> {
        self.timers.drop_cancelled();
        if !changed.is_some_and(overriding::has_selector) {
            if self.ready.is_empty() && !self.stopping.get() {
                self.wait(vm)?;
            } else if driver::is_busy() {
                driver::wait(vm, Some(std::time::Duration::ZERO))?;
            }
        } else if let Some(object) = changed {
            overriding::select(vm, self, object, self.ready.is_empty() && !self.stopping.get())?;
        }
        if interrupt::is_requested() {
            vm.check_interrupts()?;
        }
        if self.timers.next_moment().is_some() {
            let end = clock::just_after(self.now(vm)?);
            while let Some(entry) = self.timers.pop_due(end) {
                self.ready.push(entry);
            }
        }
        for window in (1..=self.ready.len()).rev() {
            let Some(entry) = self.ready.next(window) else { break };
            if self.debug.get() {
                slow_callback::run(vm, self, entry)?;
            } else {
                self.run(vm, entry)?;
            }
        }
        Ok(())
    }

    /// Whether it would run on at once if it waited: something is ready, or it is to stop.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || self.stopping.get()
    }

    /// Nothing is ready: waits for the next timer or the outside.
    fn wait(&self, vm: &mut Vm) -> Result<()> {
        if flows::are_many() {
            return self.wait_beside_others(vm);
        }
        match self.timers.next_moment() {
            // A timer that is set for never: time cannot jump to it.
            Some(when) if clock::is_virtual() && !driver::is_busy() && when.is_infinite() => {
                return Err(deadlock::report(vm, self));
            }
            Some(when) if clock::is_virtual() && !driver::is_busy() => clock::advance_to(when),
            Some(when) => {
                let left = when - self.now(vm)?;
                if left > 0.0 {
                    driver::wait(vm, Some(clock::seconds_to_duration(left)))?;
                }
            }
            None if driver::is_busy() => driver::wait(vm, None)?,
            None => return Err(deadlock::report(vm, self)),
        }
        Ok(())
    }

    /// As `wait`; meanwhile other flows run, which may make something ready here.
    #[cold]
    fn wait_beside_others(&self, vm: &mut Vm) -> Result<()> {
        let deadline = match self.timers.next_moment() {
            // Exactly so, when the loop has no clock of its own.
            Some(when) => Some(when + (clock::now() - self.now(vm)?)),
            None => None,
        };
        flows::suspend(vm, Cause::Loop(self.number), deadline)
    }

    #[inline]
    pub(super) fn run(&self, vm: &mut Vm, entry: Ready) -> Result<()> {
        match entry {
            Ready::Step(task) => task::step(vm, self, task, None),
            other => self.run_callback(vm, other),
        }
    }

    fn run_callback(&self, vm: &mut Vm, entry: Ready) -> Result<()> {
        match entry {
            Ready::Step(task) => task::step(vm, self, task, None),
            Ready::Cancel(cancellation) => {
                let message = (!cancellation.message.is_none()).then_some(cancellation.message);
                let error = Raised::new(&types().cancelled_error, message.into_iter().collect());
                task::step(vm, self, cancellation.task, Some(error))
            }
            Ready::Raise(parts) => task::step(vm, self, parts.0, Some(parts.1)),
            Ready::CoroutineDue(coroutine) => {
                let outcome = coroutine.body.timer_due(&coroutine, vm);
                exception_handler::of_callback(vm, outcome, || coroutine.name.to_string())
            }
            Ready::SleepOver(task) => {
                sleep::over(task);
                Ok(())
            }
            Ready::ListenerDue(listening) => {
                let outcome = listening.listener().timer_due(&listening, vm);
                exception_handler::of_callback(vm, outcome, || listening.listener().name().to_string())
            }
            Ready::TimeoutDue(parts) => {
                let outcome = timeout::due(vm, &parts.0, parts.1);
                exception_handler::of_callback(vm, outcome, || "Timeout._on_timeout".to_string())
            }
            Ready::Notify(notice) => {
                let Notice { listener, index, future } = *notice;
                let outcome = listener.listener().future_done(&listener, vm, &future, index);
                exception_handler::of_callback(vm, outcome, || listener.listener().name().to_string())
            }
            Ready::Call(parts) => {
                let (callback, future) = *parts;
                let outside = context::enter(callback.context);
                let outcome = vm.call(&callback.function, std::slice::from_ref(&future));
                context::leave(outside);
                match outcome {
                    Ok(_) => Ok(()),
                    Err(raised) => {
                        let handle = handle::of_done_callback(self, callback.function, &future);
                        handle::report(vm, &handle, raised)
                    }
                }
            }
            Ready::Handle(handle) => handle::run(vm, &handle),
            Ready::Nothing => Ok(()),
        }
    }

    /// Remembers an async generator that is iterated for the first time.
    pub(super) fn remember_async_generator(&self, generator: &Gc<Coroutine>) {
        let mut generators = self.async_generators.borrow_mut();
        if generators.len() == generators.capacity() {
            generators.retain(|generator| generator.upgrade().is_some());
        }
        generators.push(Weak::new(generator));
    }

    /// The async generators that are alive; they are forgotten.
    pub(super) fn take_async_generators(&self) -> Vec<Gc<Coroutine>> {
        let generators = self.async_generators.take();
        let mut seen = rustc_hash::FxHashSet::default();
        let alive = generators.iter().filter_map(Weak::upgrade);
        // One that was asked twice before it began stands here twice.
        alive.filter(|generator| seen.insert(generator.address())).collect()
    }
}

/// Ends `run_until_complete` when its future is done.
struct StopLoop;

impl Listener for StopLoop {
    fn name(&self) -> &'static str {
        "_run_until_complete_cb"
    }

    fn future_done(&self, _: &Gc<Listening>, _: &mut Vm, future: &Value, _: u32) -> Result<()> {
        // KeyboardInterrupt and SystemExit have left the loop by themselves.
        if let Some(future) = future.as_future()
            && let Some(raised) = future.exception()
            && task::leaves_the_loop(&raised)
        {
            return Ok(());
        }
        if let Some(event_loop) = running() {
            event_loop.stop();
        }
        Ok(())
    }
}

/// The VM's hook: an async generator is iterated for the first time.
pub fn async_generator_started(generator: &Gc<Coroutine>) {
    if let Some(event_loop) = running() {
        event_loop.remember_async_generator(generator);
    }
}

/// The VM's hook: an async generator died while suspended; in its next iteration the loop makes a task
/// that closes it.
/// False when no loop is running.
pub fn async_generator_died(vm: &mut Vm, generator: &Gc<Coroutine>) -> bool {
    let Some(event_loop) = running() else { return false };
    let generator = Value::Coroutine(generator.clone());
    match vm.call_method(&generator, &Str::intern("aclose"), &[]) {
        Ok(closing) => {
            let closing = CloseGenerator { closing: Mutable::new(closing) };
            event_loop.ready.push(Ready::ListenerDue(Listening::new(closing)));
            true
        }
        Err(_) => false,
    }
}

/// Makes a task that closes an async generator.
struct CloseGenerator {
    closing: Mutable<Value>,
}

impl Listener for CloseGenerator {
    fn name(&self) -> &'static str {
        "BaseEventLoop.create_task"
    }

    fn future_done(&self, _: &Gc<Listening>, _: &mut Vm, _: &Value, _: u32) -> Result<()> {
        Ok(())
    }

    fn timer_due(&self, _: &Gc<Listening>, vm: &mut Vm) -> Result<()> {
        let (Some(event_loop), Some(closing)) = (running(), self.closing.take().bound()) else { return Ok(()) };
        if event_loop.task_factory.borrow().is_none() && event_loop.changed_object().is_none() {
            task::create(&event_loop, closing, Value::None, None);
            return Ok(());
        }
        task::create_with_factory(vm, &event_loop, future::as_coroutine(closing), Value::None, None).map(drop)
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.closing.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.closing.set(Value::Unbound);
    }
}
