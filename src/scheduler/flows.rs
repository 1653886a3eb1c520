//! Who runs: the flows of the script and what they wait for.
//!
//! A flow (`vm/flow.rs`) is a thread of the script. It runs until it waits, ends, or has had its slice
//! while others are ready; then the next one in the order of readiness runs. The main flow is one of them:
//! while it waits, in `run_others`, the others run, and when none of them can, time passes there: to the
//! nearest deadline, or until something comes from outside. Whoever waits looks again when it goes on: it
//! may have been woken, its deadline may have passed, or an interrupt was to be looked at.
//!
//! Invariant: a flow that does not run either stands in `ready` once, or `waits`.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::event_loop::{self, EventLoop};
use super::policy::{self, Remembered};
use super::{clock, context, deadlock, driver, input, slice};
use crate::memory::interrupt;
use crate::value::{Mutable, Result, Str, Value};
use crate::vm::Vm;
use crate::vm::flow::{Flow, Progress};

/// Names a flow: what `threading.get_ident` gives. It is never used again.
pub type Ident = i64;

/// The main flow.
pub const MAIN: Ident = 1;

/// What a flow waits for, to be told when nothing can wake it.
#[derive(Clone, Debug)]
pub enum Cause {
    Time,
    Lock,
    Item,
    /// That this one ends.
    Flow(Ident),
    /// That something can be read from a file descriptor.
    Input(i32),
    /// That another flow has run the code of a module.
    Module,
    /// That the loop with this number has something to run.
    Loop(u32),
}

/// Names a wait of a flow, also when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    flow: Ident,
    wait: u64,
}

/// A flow as it is known here.
struct Entry {
    /// None while it runs, and for the main flow.
    flow: Option<Flow>,
    surroundings: Surroundings,
    /// What it waits for, in which wait.
    waits: Option<(u64, Cause)>,
    name: Str,
}

/// What belongs to a flow besides its frames; that of the running one is in force.
#[derive(Default)]
struct Surroundings {
    context: Value,
    running: Option<Rc<EventLoop>>,
    remembered: Remembered,
}

impl Surroundings {
    fn exchange(&mut self) {
        self.context = context::replace(std::mem::take(&mut self.context));
        event_loop::exchange_running(&mut self.running);
        policy::exchange(&mut self.remembered);
    }
}

/// A moment at which a wait ends.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Deadline {
    /// The moment's bits, which for positive numbers are in order.
    moment: u64,
    wait: u64,
    flow: Ident,
}

#[derive(Default)]
struct Flows {
    entries: FxHashMap<Ident, Entry>,
    ready: VecDeque<Ident>,
    deadlines: BinaryHeap<Reverse<Deadline>>,
    last_ident: Ident,
    last_wait: u64,
    /// Flows that wait for a loop to have work.
    in_loops: usize,
    /// Flows that wait for something to read.
    in_inputs: usize,
}

thread_local! {
    static FLOWS: &'static Mutable<Flows> = Box::leak(Box::new(Mutable::new(Flows::with_main())));
    static CURRENT: Cell<Ident> = const { Cell::new(MAIN) };
    /// Flows besides the main one.
    static OTHERS: Cell<usize> = const { Cell::new(0) };
    /// Whether the outside is being asked: then nobody gives way.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
    /// When the outside was last asked.
    static ASKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How often the outside is asked while flows are busy.
const ASKING: Duration = Duration::from_millis(1);
/// Longest time between two looks at the interrupt word while something to read is waited for.
const LOOKING: Duration = Duration::from_millis(20);

fn flows() -> &'static Mutable<Flows> {
    FLOWS.with(|flows| *flows)
}

impl Flows {
    fn with_main() -> Flows {
        let mut flows = Flows { last_ident: MAIN, ..Flows::default() };
        flows.enter(MAIN, None, Str::new("MainThread"));
        flows
    }

    fn enter(&mut self, ident: Ident, flow: Option<Flow>, name: Str) {
        let entry = Entry { flow, surroundings: Surroundings::default(), waits: None, name };
        self.entries.insert(ident, entry);
    }

    /// The wait is over, if it is still the one the flow is in.
    fn end_wait(&mut self, ticket: Ticket) -> bool {
        let Some(entry) = self.entries.get_mut(&ticket.flow) else { return false };
        if entry.waits.as_ref().is_none_or(|(wait, _)| *wait != ticket.wait) {
            return false;
        }
        match entry.waits.take() {
            Some((_, Cause::Loop(_))) => self.in_loops -= 1,
            Some((_, Cause::Input(_))) => self.in_inputs -= 1,
            _ => {}
        }
        true
    }

    fn wake(&mut self, ticket: Ticket) -> bool {
        let woken = self.end_wait(ticket);
        if woken {
            self.ready.push_back(ticket.flow);
        }
        woken
    }

    /// Makes those ready whose deadline has come.
    fn wake_due(&mut self) {
        let now = order_of(clock::now());
        while let Some(Reverse(next)) = self.deadlines.peek() {
            if next.moment > now && self.is_waiting(next) {
                return;
            }
            if let Some(Reverse(due)) = self.deadlines.pop() {
                self.wake(Ticket { flow: due.flow, wait: due.wait });
            }
        }
    }

    /// Deadlines of waits that ended before them go, when they are many.
    fn forget_ended_waits(&mut self) {
        if self.deadlines.len() > 2 * self.entries.len() + 100 {
            let mut deadlines = std::mem::take(&mut self.deadlines);
            deadlines.retain(|Reverse(deadline)| self.is_waiting(deadline));
            self.deadlines = deadlines;
        }
    }

    fn is_waiting(&self, deadline: &Deadline) -> bool {
        let waits = self.entries.get(&deadline.flow).and_then(|entry| entry.waits.as_ref());
        waits.is_some_and(|(wait, _)| *wait == deadline.wait)
    }

    /// Whether others are ready, or may become so by the mere passing of time.
    fn may_come(&self) -> bool {
        !self.ready.is_empty()
            || !clock::is_virtual() && (!self.deadlines.is_empty() || self.in_loops + self.in_inputs > 0)
    }

    /// Makes those ready whose loop has work.
    fn wake_loops(&mut self) {
        if self.in_loops == 0 {
            return;
        }
        self.wake_those(|cause| match cause {
            Cause::Loop(number) => event_loop::find(*number).is_none_or(|event_loop| event_loop.has_work()),
            _ => false,
        });
    }

    /// Makes those ready that wait for one of these descriptors.
    fn wake_inputs(&mut self, ready: &[i32]) {
        if !ready.is_empty() {
            self.wake_those(|cause| matches!(cause, Cause::Input(descriptor) if ready.contains(descriptor)));
        }
    }

    /// Makes those ready whose cause is over, in the order in which they began to wait.
    fn wake_those(&mut self, is_over: impl Fn(&Cause) -> bool) {
        let waiting = self.entries.iter().filter_map(|(flow, entry)| {
            let (wait, cause) = entry.waits.as_ref()?;
            is_over(cause).then_some(Ticket { flow: *flow, wait: *wait })
        });
        let mut woken: Vec<Ticket> = waiting.collect();
        woken.sort_by_key(|ticket| ticket.wait);
        for ticket in woken {
            self.wake(ticket);
        }
    }

    /// The descriptors flows wait for.
    fn inputs(&self) -> Vec<i32> {
        let causes = self.entries.values().filter_map(|entry| entry.waits.as_ref());
        causes.filter_map(|(_, cause)| if let Cause::Input(number) = cause { Some(*number) } else { None }).collect()
    }
}

/// Positive moments in the order of their bits; what is not positive counts as zero.
fn order_of(moment: f64) -> u64 {
    if moment > 0.0 { moment.to_bits() } else { 0 }
}

/// Whether there are flows besides the main one.
#[inline]
pub fn are_many() -> bool {
    OTHERS.get() > 0
}

/// How many flows there are besides the main one.
pub fn others() -> usize {
    OTHERS.get()
}

/// The running flow.
pub fn current() -> Ident {
    CURRENT.get()
}

/// The name of the running flow, for messages.
pub fn current_name() -> Str {
    name_of(current())
}

/// The name of a flow, for messages.
pub fn name_of(flow: Ident) -> Str {
    flows().borrow().entries.get(&flow).map_or_else(|| Str::new("ended"), |entry| entry.name.clone())
}

/// Gives a flow a name, for messages.
pub fn set_name(flow: Ident, name: Str) {
    let old = flows().borrow_mut().entries.get_mut(&flow).map(|entry| std::mem::replace(&mut entry.name, name));
    drop(old);
}

/// Starts a flow. It is ready, but does not run yet.
pub fn start(stack_size: usize, body: impl FnOnce(&mut Vm) + 'static) -> io::Result<Ident> {
    let flow = Flow::new(stack_size, body)?;
    let ident = {
        let mut flows = flows().borrow_mut();
        flows.last_ident += 1;
        let ident = flows.last_ident;
        flows.enter(ident, Some(flow), Str::new(&format!("Thread-{ident}")));
        flows.ready.push_back(ident);
        ident
    };
    OTHERS.set(OTHERS.get() + 1);
    slice::limit();
    Ok(ident)
}

/// The running flow is about to wait: what wakes it needs the ticket. `suspend_as` must follow.
pub fn ticket() -> Ticket {
    let mut flows = flows().borrow_mut();
    flows.last_wait += 1;
    Ticket { flow: current(), wait: flows.last_wait }
}

/// Wakes the flow, if it is still in that wait.
pub fn wake(ticket: Ticket) -> bool {
    let woken = flows().borrow_mut().wake(ticket);
    if woken {
        slice::limit();
    }
    woken
}

/// A loop of another flow may have got work.
#[cold]
pub(super) fn look_at_loops() {
    let is_ready = {
        let mut flows = flows().borrow_mut();
        flows.wake_loops();
        !flows.ready.is_empty()
    };
    if is_ready {
        slice::limit();
    }
}

/// Suspends the running flow until it is woken, the moment has come, or there is something to look at.
/// DeadlockError, in the main flow, when nothing can ever happen.
pub fn suspend(vm: &mut Vm, cause: Cause, deadline: Option<f64>) -> Result<()> {
    suspend_as(vm, ticket(), cause, deadline)
}

/// As `suspend`, with the ticket by which it is woken.
pub fn suspend_as(vm: &mut Vm, ticket: Ticket, cause: Cause, deadline: Option<f64>) -> Result<()> {
    {
        let mut flows = flows().borrow_mut();
        let Ticket { flow, wait } = ticket;
        match cause {
            Cause::Loop(_) => flows.in_loops += 1,
            Cause::Input(_) => flows.in_inputs += 1,
            _ => {}
        }
        if let Some(entry) = flows.entries.get_mut(&flow) {
            entry.waits = Some((wait, cause));
        }
        if let Some(moment) = deadline {
            flows.forget_ended_waits();
            flows.deadlines.push(Reverse(Deadline { moment: order_of(moment), wait, flow }));
        }
    }
    if !vm.is_main_flow() {
        vm.suspend_flow();
        return Ok(());
    }
    let outcome = run_others(vm);
    flows().borrow_mut().end_wait(ticket);
    outcome?;
    if interrupt::is_requested() {
        vm.check_interrupts()?;
    }
    Ok(())
}

/// Does nothing for so many seconds; others run meanwhile.
pub fn sleep(vm: &mut Vm, seconds: f64) -> Result<()> {
    if seconds <= 0.0 {
        give_way(vm);
        return Ok(());
    }
    let end = clock::now() + seconds;
    while order_of(clock::now()) < order_of(end) {
        suspend(vm, Cause::Time, Some(end))?;
    }
    Ok(())
}

/// Lets those that are ready run before the running flow goes on.
pub fn give_way(vm: &mut Vm) {
    if IS_ASKING.get() {
        return;
    }
    {
        let mut flows = flows().borrow_mut();
        flows.wake_due();
        flows.wake_loops();
        if flows.ready.is_empty() && !interrupt::is_signalled() {
            return;
        }
        flows.ready.push_back(current());
    }
    if vm.is_main_flow() {
        // It is ready, so that there is no deadlock.
        let _ = run_others(vm);
    } else {
        vm.suspend_flow();
    }
}

/// The main flow waits or gives way: runs the others until it is its turn. An interrupt ends that early.
fn run_others(vm: &mut Vm) -> Result<()> {
    loop {
        if interrupt::is_signalled() {
            flows().borrow_mut().ready.retain(|flow| *flow != MAIN);
            return Ok(());
        }
        ask_outside(vm)?;
        let next = {
            let mut flows = flows().borrow_mut();
            flows.wake_due();
            flows.wake_loops();
            let next = flows.ready.pop_front();
            slice::begin(flows.may_come());
            next
        };
        match next {
            Some(MAIN) => return Ok(()),
            Some(flow) => run(vm, flow),
            // Finalizers and the like are the main flow's when nobody else runs.
            None if interrupt::is_requested() => return Ok(()),
            None => pass_time(vm)?,
        }
    }
}

/// Lets a flow run until it waits, gives way or ends.
fn run(vm: &mut Vm, ident: Ident) {
    let (flow, mut surroundings) = {
        let mut flows = flows().borrow_mut();
        let Some(entry) = flows.entries.get_mut(&ident) else { return };
        (entry.flow.take(), std::mem::take(&mut entry.surroundings))
    };
    let Some(mut flow) = flow else { return };
    surroundings.exchange();
    CURRENT.set(ident);
    let progress = flow.resume(vm);
    CURRENT.set(MAIN);
    surroundings.exchange();
    if progress == Progress::Suspended {
        let mut flows = flows().borrow_mut();
        if let Some(entry) = flows.entries.get_mut(&ident) {
            entry.flow = Some(flow);
            entry.surroundings = surroundings;
        }
        return;
    }
    OTHERS.set(OTHERS.get() - 1);
    let ended = flows().borrow_mut().entries.remove(&ident);
    drop((ended, flow, surroundings));
}

/// While flows are busy, what comes from outside for a loop that waits is taken in now and then.
fn ask_outside(vm: &mut Vm) -> Result<()> {
    let (in_loops, in_inputs) = (flows().borrow().in_loops, flows().borrow().in_inputs);
    let asks_driver = in_loops > 0 && driver::is_busy();
    if !asks_driver && in_inputs == 0 || ASKED.get().is_some_and(|asked| asked.elapsed() < ASKING) {
        return Ok(());
    }
    ASKED.set(Some(Instant::now()));
    if in_inputs > 0 {
        wait_for_inputs(Duration::ZERO);
    }
    if asks_driver {
        wait_for_outside(vm, Duration::ZERO)?;
    }
    Ok(())
}

/// Waits for something to read, at most this long.
fn wait_for_inputs(limit: Duration) {
    let inputs = flows().borrow().inputs();
    let ready = input::ready(&inputs, limit);
    flows().borrow_mut().wake_inputs(&ready);
}

fn wait_for_outside(vm: &mut Vm, limit: Duration) -> Result<()> {
    IS_ASKING.set(true);
    let outcome = driver::wait(vm, Some(limit));
    IS_ASKING.set(false);
    outcome
}

/// No flow is ready: time passes to the next deadline, or until something comes from outside.
fn pass_time(vm: &mut Vm) -> Result<()> {
    let next = flows().borrow().deadlines.peek().map(|Reverse(next)| f64::from_bits(next.moment));
    if flows().borrow().in_inputs > 0 {
        let left = next.map_or(LOOKING, |moment| clock::seconds_to_duration(moment - clock::now()).min(LOOKING));
        let waits_long = !(driver::is_busy() || clock::is_virtual() && next.is_some());
        wait_for_inputs(if waits_long { left } else { Duration::ZERO });
        let is_woken = !flows().borrow().ready.is_empty();
        if is_woken || waits_long {
            return Ok(());
        }
        if driver::is_busy() {
            return wait_for_outside(vm, left.min(ASKING));
        }
    }
    match next {
        Some(moment) if clock::is_virtual() && !driver::is_busy() => clock::advance_to(moment),
        Some(moment) => wait_for_outside(vm, clock::seconds_to_duration(moment - clock::now()))?,
        None if driver::is_busy() => wait_for_outside(vm, Duration::MAX)?,
        None => return Err(deadlock::report_all(vm)),
    }
    Ok(())
}

/// Calls `visit` with the name of each flow that waits, what it waits for, and its stacks; none for the main
/// flow.
pub(super) fn visit_waiting(mut visit: impl FnMut(&Str, &Cause, Option<&Flow>)) {
    let flows = flows().borrow();
    let mut waiting: Vec<(&Ident, &Entry)> = flows.entries.iter().collect();
    waiting.sort_by_key(|(ident, _)| **ident);
    for (_, entry) in waiting {
        if let Some((_, cause)) = &entry.waits {
            visit(&entry.name, cause, entry.flow.as_ref());
        }
    }
}

/// Flows that wait in line.
#[derive(Default)]
pub struct Waiters {
    line: Mutable<VecDeque<Ticket>>,
}

impl Waiters {
    /// Suspends the running flow until it is woken here, or as `suspend` says.
    pub fn wait(&self, vm: &mut Vm, cause: Cause, deadline: Option<f64>) -> Result<()> {
        let ticket = ticket();
        self.line.borrow_mut().push_back(ticket);
        let outcome = suspend_as(vm, ticket, cause, deadline);
        let is_inside = {
            let mut line = self.line.borrow_mut();
            let place = line.iter().position(|other| *other == ticket);
            place.and_then(|place| line.remove(place)).is_some()
        };
        if outcome.is_err() && !is_inside {
            // It was woken but will not look: the next one shall.
            self.wake_first();
        }
        outcome
    }

    /// Wakes the one that has waited longest. False when none waits.
    pub fn wake_first(&self) -> bool {
        loop {
            let Some(next) = self.line.borrow_mut().pop_front() else { return false };
            if wake(next) {
                return true;
            }
        }
    }

    pub fn wake_all(&self) {
        while self.wake_first() {}
    }

    pub fn is_empty(&self) -> bool {
        self.line.borrow().is_empty()
    }
}

/// The end of a wait that may last so many seconds.
pub fn deadline_after(seconds: f64) -> f64 {
    clock::now() + seconds
}

/// Whether the end of a wait has come.
pub fn has_passed(deadline: Option<f64>) -> bool {
    deadline.is_some_and(|deadline| order_of(clock::now()) >= order_of(deadline))
}
