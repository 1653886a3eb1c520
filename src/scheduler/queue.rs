//! `asyncio.Queue`, `asyncio.PriorityQueue` and `asyncio.LifoQueue`.
//!
//! A class of the script may put its own `_init`, `_put` or `_get` in place; then the items are kept
//! where these expect them, in an attribute `_queue`.

use std::cell::Cell;
use std::collections::VecDeque;

use super::heap;
use super::lock::{is_overridden, state};
use super::wait_queue::{Ticket, WaitQueue, woken};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineName, NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{AtOnce, FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Str, Task, Value, types,
};
use crate::vm::Vm;

/// Which item comes out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fifo,
    Lifo,
    /// The least.
    Priority,
}

/// A queue.
pub struct Queue {
    kind: Kind,
    items: Mutable<VecDeque<Value>>,
    /// 0 or less: any number.
    limit: Cell<i64>,
    /// As the script gave it, when that was no int.
    given_limit: Mutable<Value>,
    unfinished: Cell<usize>,
    is_shut_down: Cell<bool>,
    /// Whether the script keeps the items itself.
    is_custom: Cell<bool>,
    getters: WaitQueue,
    putters: WaitQueue,
    /// Those in `join`.
    joiners: WaitQueue,
}

impl Payload for Queue {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.items.borrow().iter().for_each(|item| item.trace(tracer));
        self.getters.trace(tracer);
        self.putters.trace(tracer);
        self.joiners.trace(tracer);
    }

    fn clear(&self) {
        drop(self.items.take());
        self.getters.clear();
        self.putters.clear();
        self.joiners.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Queue {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Queue"))
    }
}

fn raise(class: &Class) -> Raised {
    Raised::new(class, Vec::new())
}

impl Queue {
    fn of_kind(kind: Kind) -> Queue {
        Queue {
            kind,
            items: Mutable::default(),
            limit: Cell::new(0),
            given_limit: Mutable::new(Value::None),
            unfinished: Cell::new(0),
            is_shut_down: Cell::new(false),
            is_custom: Cell::new(false),
            getters: WaitQueue::default(),
            putters: WaitQueue::default(),
            joiners: WaitQueue::default(),
        }
    }

    /// The number of items.
    #[inline]
    fn size(&self, vm: &mut Vm, this: &Gc<Instance>) -> Result<usize> {
        if self.is_custom.get()
            && let Some(items) = this.get(&Str::intern("_queue"))
        {
            return vm.length(&items);
        }
        Ok(self.items.borrow().len())
    }

    fn is_full(&self, vm: &mut Vm, this: &Gc<Instance>) -> Result<bool> {
        let limit = self.limit.get();
        Ok(limit > 0 && self.size(vm, this)? >= limit as usize)
    }

    fn insert(&self, vm: &mut Vm, item: Value) -> Result<()> {
        if self.kind == Kind::Priority {
            return self.with_heap(vm, |vm, heap| heap::push(heap, item, &mut |left, right| vm.less(left, right)));
        }
        self.items.borrow_mut().push_back(item);
        Ok(())
    }

    fn remove(&self, vm: &mut Vm) -> Result<Value> {
        let item = match self.kind {
            Kind::Fifo => self.items.borrow_mut().pop_front(),
            Kind::Lifo => self.items.borrow_mut().pop_back(),
            Kind::Priority => {
                self.with_heap(vm, |vm, heap| heap::pop(heap, &mut |left, right| vm.less(left, right)))?
            }
        };
        item.ok_or_else(|| Raised::index_error("pop from an empty queue"))
    }

    /// Works on the items while script code compares them: what that puts in meanwhile comes last.
    fn with_heap<T>(&self, vm: &mut Vm, work: impl FnOnce(&mut Vm, &mut Vec<Value>) -> Result<T>) -> Result<T> {
        let mut heap = Vec::from(self.items.take());
        let outcome = work(vm, &mut heap);
        let added = self.items.replace(VecDeque::from(heap));
        self.items.borrow_mut().extend(added);
        outcome
    }

    fn put_now(&self, vm: &mut Vm, this: &Gc<Instance>, item: Value) -> Result<()> {
        if self.is_shut_down.get() {
            return Err(raise(&types().queue_shut_down));
        }
        if self.is_full(vm, this)? {
            return Err(raise(&types().queue_full));
        }
        self.put_in(vm, this, item)
    }

    /// There is room.
    fn put_in(&self, vm: &mut Vm, this: &Gc<Instance>, item: Value) -> Result<()> {
        if self.is_custom.get() {
            vm.call_method(&Value::Instance(this.clone()), &Str::intern("_put"), &[item])?;
        } else {
            self.insert(vm, item)?;
        }
        self.unfinished.set(self.unfinished.get() + 1);
        self.getters.pop_and_wake();
        Ok(())
    }

    fn get_now(&self, vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
        if self.size(vm, this)? == 0 {
            let shut_down = self.is_shut_down.get();
            return Err(raise(if shut_down { &types().queue_shut_down } else { &types().queue_empty }));
        }
        self.take_out(vm, this)
    }

    /// There is an item.
    fn take_out(&self, vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
        let item = self.take_item(vm, this)?;
        self.putters.pop_and_wake();
        Ok(item)
    }

    fn take_item(&self, vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
        if self.is_custom.get() {
            return vm.call_method(&Value::Instance(this.clone()), &Str::intern("_get"), &[]);
        }
        self.remove(vm)
    }
}

/// What a waiting coroutine wants.
enum Wish {
    Get,
    Put(Value),
}

/// `queue.get()` and `queue.put(item)`
struct Transfer {
    queue: Gc<Instance>,
    wish: Wish,
    ticket: Cell<Option<Ticket>>,
    is_cancelled: Cell<bool>,
}

impl Transfer {
    fn line<'a>(&self, queue: &'a Queue) -> &'a WaitQueue {
        match self.wish {
            Wish::Get => &queue.getters,
            Wish::Put(_) => &queue.putters,
        }
    }

    /// Whether there is nothing to get, or no room.
    fn must_wait(&self, vm: &mut Vm, queue: &Queue) -> Result<bool> {
        match self.wish {
            Wish::Get => Ok(queue.size(vm, &self.queue)? == 0),
            Wish::Put(_) => queue.is_full(vm, &self.queue),
        }
    }
}

impl NativeBody for Transfer {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let queue: &Queue = state(&self.queue)?;
        match self.ticket.take() {
            None => {
                if let Resume::Raise(raised) = input {
                    return Err(raised);
                }
            }
            Some(ticket) => {
                let left = self.line(queue).leave(ticket);
                let was_woken = left != Some(super::wait_queue::WaiterState::Waiting) && !self.is_cancelled.get();
                if let Err(raised) = woken(left, input) {
                    if was_woken && !self.must_wait(vm, queue)? {
                        // It was woken but does not use the occasion.
                        self.line(queue).pop_and_wake();
                    }
                    return Err(raised);
                }
            }
        }
        if self.must_wait(vm, queue)? {
            if queue.is_shut_down.get() {
                return Err(raise(&types().queue_shut_down));
            }
            self.ticket.set(Some(self.line(queue).park(vm, &Value::Instance(self.queue.clone()))?));
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        }
        Ok(Step::Return(match &self.wish {
            Wish::Get => queue.get_now(vm, &self.queue)?,
            Wish::Put(item) => {
                queue.put_now(vm, &self.queue, item.clone())?;
                Value::None
            }
        }))
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        let (Ok(queue), Some(ticket)) = (state::<Queue>(&self.queue), self.ticket.get()) else { return false };
        let cancelled = self.line(queue).cancel(ticket);
        self.is_cancelled.set(cancelled);
        cancelled
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        match self.wish {
            Wish::Get => "an item from a queue that is empty".to_string(),
            Wish::Put(_) => match state::<Queue>(&self.queue) {
                Ok(queue) => format!("room in a queue that is full ({} items)", queue.limit.get()),
                Err(_) => "room in a queue".to_string(),
            },
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.queue);
        if let Wish::Put(item) = &self.wish {
            item.trace(tracer);
        }
    }
}

/// `queue.join()`
struct Join {
    queue: Gc<Instance>,
    ticket: Cell<Option<Ticket>>,
}

impl NativeBody for Join {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let queue: &Queue = state(&self.queue)?;
        if let Some(ticket) = self.ticket.take() {
            woken(queue.joiners.leave(ticket), input)?;
            return Ok(Step::Return(Value::None));
        }
        if let Resume::Raise(raised) = input {
            return Err(raised);
        }
        if queue.unfinished.get() == 0 {
            return Ok(Step::Return(Value::None));
        }
        self.ticket.set(Some(queue.joiners.park(vm, &Value::Instance(self.queue.clone()))?));
        Ok(Step::Yield(Value::NativeCoroutine(this.clone())))
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        match (state::<Queue>(&self.queue), self.ticket.get()) {
            (Ok(queue), Some(ticket)) => queue.joiners.cancel(ticket),
            _ => false,
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        match state::<Queue>(&self.queue) {
            Ok(queue) => match queue.unfinished.get() {
                1 => "task_done() for 1 item of a queue".to_string(),
                count => format!("task_done() for {count} items of a queue"),
            },
            Err(_) => "a queue".to_string(),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.queue);
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let kind = if class.is_subclass(&types().priority_queue) {
        Kind::Priority
    } else if class.is_subclass(&types().lifo_queue) {
        Kind::Lifo
    } else {
        Kind::Fifo
    };
    Value::Instance(Instance::with_payload(class.clone(), Queue::of_kind(kind)))
}

fn init(vm: &mut Vm, this: &Gc<Instance>, given: Option<Value>) -> Result<()> {
    let queue: &Queue = state(this)?;
    let given = given.unwrap_or(Value::Int(0));
    queue.limit.set(match &given {
        // As many items as are not fewer.
        Value::Float(limit) => limit.ceil() as i64,
        other => i64::from_argument(vm, other).map_err(|_| limit_error(other))?,
    });
    queue.given_limit.set(given.clone());
    if ["_init", "_put", "_get"].iter().any(|name| is_overridden(this, name)) {
        queue.is_custom.set(true);
        vm.call_method(&Value::Instance(this.clone()), &Str::intern("_init"), &[given])?;
    }
    Ok(())
}

/// A queue of the first-in-first-out kind, for parts that are built on one.
pub(super) fn create() -> Gc<Instance> {
    Instance::with_payload(types().queue.clone(), Queue::of_kind(Kind::Fifo))
}

pub(super) fn put_into(vm: &mut Vm, queue: &Gc<Instance>, item: Value) -> Result<()> {
    state::<Queue>(queue)?.put_now(vm, queue, item)
}

/// Who waits for an item.
pub(super) fn tasks_that_get(queue: &Gc<Instance>) -> Vec<Gc<Task>> {
    state::<Queue>(queue).map(|queue| queue.getters.tasks()).unwrap_or_default()
}

pub(super) fn start_get(queue: &Gc<Instance>) -> Value {
    start(queue, &"Queue.get", Wish::Get)
}

fn start(queue: &Gc<Instance>, name: CoroutineName, wish: Wish) -> Value {
    let body = Transfer { queue: queue.clone(), wish, ticket: Cell::new(None), is_cancelled: Cell::new(false) };
    Value::NativeCoroutine(NativeCoroutine::new(name, body))
}

/// The store of a queue whose items the script handles: a deque, or a list.
fn store(this: &Gc<Instance>) -> Result<Value> {
    this.get(&Str::intern("_queue")).ok_or_else(|| {
        let class = this.class_ref().name();
        Raised::attribute_error(format!("'{class}' object has no attribute '_queue'"))
    })
}

fn init_items(vm: &mut Vm, this: &Gc<Instance>, _: &Value) -> Result<()> {
    let queue: &Queue = state(this)?;
    drop(queue.items.take());
    if queue.is_custom.get() {
        let store = match queue.kind {
            Kind::Fifo => {
                let (import, globals) = (vm.hooks.import, vm.globals());
                let collections = import(vm, &Str::intern("collections"), 0, &globals, false)?;
                vm.call_method(&collections, &Str::intern("deque"), &[])?
            }
            Kind::Lifo | Kind::Priority => Value::list(Vec::new()),
        };
        this.set(&Str::intern("_queue"), store);
    }
    Ok(())
}

fn put_item(vm: &mut Vm, this: &Gc<Instance>, item: Value) -> Result<()> {
    let queue: &Queue = state(this)?;
    if !queue.is_custom.get() {
        return queue.insert(vm, item);
    }
    match (queue.kind, store(this)?) {
        (Kind::Priority, Value::List(list)) => {
            queue.items.set(VecDeque::from(list.items.take()));
            let outcome = queue.insert(vm, item);
            list.items.set(Vec::from(queue.items.take()));
            outcome
        }
        (_, store) => vm.call_method(&store, &Str::intern("append"), &[item]).map(drop),
    }
}

fn get_item(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let queue: &Queue = state(this)?;
    if !queue.is_custom.get() {
        return queue.remove(vm);
    }
    match (queue.kind, store(this)?) {
        (Kind::Priority, Value::List(list)) => {
            queue.items.set(VecDeque::from(list.items.take()));
            let outcome = queue.remove(vm);
            list.items.set(Vec::from(queue.items.take()));
            outcome
        }
        (Kind::Fifo, store) => vm.call_method(&store, &Str::intern("popleft"), &[]),
        (_, store) => vm.call_method(&store, &Str::intern("pop"), &[]),
    }
}

fn limit_error(given: &Value) -> Raised {
    Raised::type_error(format!("'<=' not supported between instances of '{}' and 'int'", given.type_name()))
}

fn maxsize(_: &mut Vm, this: &Queue) -> Value {
    match this.given_limit.get() {
        Value::None => Value::Int(this.limit.get()),
        given => given,
    }
}

fn qsize(vm: &mut Vm, this: &Gc<Instance>) -> Result<usize> {
    state::<Queue>(this)?.size(vm, this)
}

fn empty(vm: &mut Vm, this: &Gc<Instance>) -> Result<bool> {
    Ok(state::<Queue>(this)?.size(vm, this)? == 0)
}

fn full(vm: &mut Vm, this: &Gc<Instance>) -> Result<bool> {
    state::<Queue>(this)?.is_full(vm, this)
}

fn put(_: &mut Vm, this: &Gc<Instance>, item: Value) -> Result<Value> {
    state::<Queue>(this)?;
    Ok(start(this, &"Queue.put", Wish::Put(item)))
}

fn put_at_once(vm: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let [Value::Instance(this), item] = arguments else { return Ok(AtOnce::Later) };
    let Some(queue) = this.payload::<Queue>() else { return Ok(AtOnce::Later) };
    if queue.is_custom.get() || queue.is_shut_down.get() || queue.is_full(vm, this)? {
        return Ok(AtOnce::Later);
    }
    queue.put_in(vm, this, item.clone())?;
    Ok(AtOnce::Result(Value::None))
}

fn get_at_once(vm: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let [Value::Instance(this)] = arguments else { return Ok(AtOnce::Later) };
    let Some(queue) = this.payload::<Queue>() else { return Ok(AtOnce::Later) };
    if queue.is_custom.get() || queue.size(vm, this)? == 0 {
        return Ok(AtOnce::Later);
    }
    queue.take_out(vm, this).map(AtOnce::Result)
}

fn put_nowait(vm: &mut Vm, this: &Gc<Instance>, item: Value) -> Result<()> {
    state::<Queue>(this)?.put_now(vm, this, item)
}

fn get(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Queue>(this)?;
    Ok(start_get(this))
}

fn get_nowait(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Queue>(this)?.get_now(vm, this)
}

fn task_done(_: &mut Vm, this: &Queue) -> Result<()> {
    let Some(left) = this.unfinished.get().checked_sub(1) else {
        return Err(Raised::value_error("task_done() called too many times"));
    };
    this.unfinished.set(left);
    if left == 0 {
        this.joiners.wake_all();
    }
    Ok(())
}

fn join(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Queue>(this)?;
    let body = Join { queue: this.clone(), ticket: Cell::new(None) };
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"Queue.join", body)))
}

fn shutdown(vm: &mut Vm, this: &Gc<Instance>, immediate: Option<bool>) -> Result<()> {
    let queue: &Queue = state(this)?;
    queue.is_shut_down.set(true);
    if immediate.unwrap_or(false) {
        while queue.size(vm, this)? > 0 {
            queue.take_item(vm, this)?;
            queue.unfinished.set(queue.unfinished.get().saturating_sub(1));
        }
        if queue.unfinished.get() == 0 {
            queue.joiners.wake_all();
        }
    }
    queue.getters.pop_and_wake_all();
    queue.putters.pop_and_wake_all();
    Ok(())
}

fn description(vm: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let queue: &Queue = state(this)?;
    let limit = maxsize(vm, queue);
    let mut text = format!("maxsize={}", vm.repr(&limit)?);
    let items: Vec<Value> = match this.get(&Str::intern("_queue")) {
        Some(items) if queue.is_custom.get() => vm.collect(&items)?,
        _ => queue.items.borrow().iter().cloned().collect(),
    };
    if !items.is_empty() {
        text += &format!(" _queue={}", vm.repr(&Value::list(items))?);
    }
    for (name, count) in [("_getters", queue.getters.len()), ("_putters", queue.putters.len())] {
        if count > 0 {
            text += &format!(" {name}[{count}]");
        }
    }
    if queue.unfinished.get() > 0 {
        text += &format!(" tasks={}", queue.unfinished.get());
    }
    if queue.is_shut_down.get() {
        text += " shutdown";
    }
    Ok(text)
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let text = description(vm, this)?;
    Ok(format!("<{} at {:#x} {text}>", this.class_ref().name(), this.address()))
}

fn str(vm: &mut Vm, this: &Gc<Instance>) -> Result<String> {
    let text = description(vm, this)?;
    Ok(format!("<{} {text}>", this.class_ref().name()))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a queue.").static_method(),
    native!("__init__(self, maxsize=0)", init(required, optional), "A queue for this many items, or any number."),
    native!("__repr__(self)", repr(required), "The state of the queue."),
    native!("__str__(self)", str(required), "The state of the queue."),
    native!("_init(self, maxsize)", init_items(required, required), "Makes the store of the items."),
    native!("_put(self, item)", put_item(required, required), "Puts an item into the store."),
    native!("_get(self)", get_item(required), "Takes an item out of the store."),
    native!("maxsize(self)", maxsize(required), "How many items fit; 0 for any number.").getter(),
    native!("qsize(self)", qsize(required), "How many items there are."),
    native!("empty(self)", empty(required), "Whether there is no item."),
    native!("full(self)", full(required), "Whether there is no room."),
    native!("put(self, item)", put(required, required), "Waits for room and puts an item in.").at_once(put_at_once),
    native!("put_nowait(self, item)", put_nowait(required, required), "Puts an item in, or raises QueueFull."),
    native!("get(self)", get(required), "Waits for an item and takes it out.").at_once(get_at_once),
    native!("get_nowait(self)", get_nowait(required), "Takes an item out, or raises QueueEmpty."),
    native!("task_done(self)", task_done(required), "Says that an item has been dealt with."),
    native!("join(self)", join(required), "Waits until every item has been dealt with."),
    native!(
        "shutdown(self, immediate=False)",
        shutdown(required, optional),
        "From now on put raises QueueShutDown, and get once the queue is empty (or at once)."
    ),
];
