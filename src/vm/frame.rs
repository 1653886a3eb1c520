//! Frames and the stack they live on.
//!
//! A frame is a header on the VM's stack; behind it come the registers of a function, while a
//! coroutine's registers are in its own object. The stack is made of segments that never move, so
//! pointers to registers stay good while their frame lives. What lies above the top frame is
//! garbage: a frame writes all its registers when it is entered and gives them up when it ends.

use std::alloc::{self, Layout};
use std::mem::ManuallyDrop;
use std::ptr;

use crate::bytecode::{Op, Register};
use crate::memory::tagged::{Tagged, Words, release, tag};
use crate::value::{CodeObject, Coroutine, Dict, Gc, Raised, Result, Value};

use super::Vm;

/// What happens with the result of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// To register `dst` of the frame below.
    Call,
    /// As `Call`, for the body of a coroutine that is awaited where it is called (`enter_awaited`).
    Await,
    /// A special method of a binary operator: NotImplemented means that the other operand is asked.
    Binary,
    /// `__init__` of the instance in `subject`, which goes to `dst` of the frame below.
    Init,
    /// Out of the dispatch loop, to the native code that entered it.
    Entry,
    /// A generator resumed by `ForNext`: a value goes to `dst` of the frame below, the end jumps.
    ForNext,
}

impl FrameKind {
    /// Whether a result goes to the frame below without more ado.
    #[inline(always)]
    pub fn is_plain_call(self) -> bool {
        matches!(self, FrameKind::Call | FrameKind::Await)
    }

    /// As `is_plain_call`, for this result.
    #[inline(always)]
    pub fn takes(self, result: &Words) -> bool {
        self.is_plain_call() || self == FrameKind::Binary && !result.holds(&Value::NotImplemented)
    }
}

/// The header of a frame.
pub(super) struct Frame {
    pub previous: *mut Frame,
    /// The next instruction, saved while another frame runs or something may raise. The instruction
    /// before it is the one that is being executed.
    pub pc: *const Op,
    /// R[0].
    pub base: *mut Value,
    /// The first free place of the stack.
    pub top: *mut Value,
    pub code: *const CodeObject,
    pub globals: *const Dict,
    /// Keeps code and globals alive.
    pub function: Value,
    /// The coroutine that was resumed; unbound for a function. For `Init`, the instance.
    pub subject: Value,
    /// The coroutine that runs: the end of the chain that starts at `subject`.
    pub current: Option<Gc<Coroutine>>,
    pub dst: Register,
    pub kind: FrameKind,
    /// `Await`: how many frames of that kind are on top of each other, this one included.
    pub awaits: u16,
    /// Of a chain into which an exception was thrown: the coroutines that await fewer than so many others
    /// have not gone on since. What comes out of the inner end is thrown into each of them in turn.
    pub thrown: u32,
}

impl Frame {
    /// The number of the instruction that is being executed.
    pub fn instruction(&self) -> usize {
        // SAFETY: pc points into the ops of `code`, which `function` keeps alive.
        unsafe { self.pc.offset_from((*self.code).code.ops.as_ptr()).max(1) as usize - 1 }
    }
}

/// A piece of the stack.
pub(super) struct Segment {
    start: *mut Value,
    size: usize,
}

impl Segment {
    /// A segment with room for `size` values.
    pub fn new(size: usize) -> Segment {
        let layout = Layout::array::<Value>(size).expect("a stack segment fits the address space");
        // SAFETY: the size is not zero.
        let start = unsafe { alloc::alloc(layout) }.cast::<Value>();
        if start.is_null() {
            alloc::handle_alloc_error(layout);
        }
        Segment { start, size }
    }

    pub fn start(&self) -> *mut Value {
        self.start
    }

    pub fn end(&self) -> *mut Value {
        // SAFETY: one past the end of the allocation.
        unsafe { self.start.add(self.size) }
    }

    /// Writes the bottom frame, a header without code that never ends, to the start.
    pub fn write_bottom(&self) -> *mut Frame {
        let bottom = self.start.cast::<Frame>();
        // SAFETY: the segment has room for the header; the registers are none.
        unsafe {
            let top = self.start.add(HEADER);
            bottom.write(Frame {
                previous: ptr::null_mut(),
                pc: ptr::null(),
                base: top,
                top,
                code: ptr::null(),
                globals: ptr::null(),
                function: Value::Unbound,
                subject: Value::Unbound,
                current: None,
                dst: Register(0),
                kind: FrameKind::Entry,
                awaits: 0,
                thrown: 0,
            });
        }
        bottom
    }

    fn contains(&self, place: *mut Value) -> bool {
        self.start <= place && place <= self.end()
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let layout = Layout::array::<Value>(self.size).expect("as when it was made");
        // SAFETY: allocated with this layout.
        unsafe { alloc::dealloc(self.start.cast(), layout) };
    }
}

/// Places a frame header takes.
pub(super) const HEADER: usize = size_of::<Frame>().div_ceil(size_of::<Value>());

/// Values in the first segment; each further one is twice as large as the last.
pub(super) const FIRST_SEGMENT: usize = 1 << 16;

impl Vm {
    /// Room for a frame with so many registers above the top frame. The frame must be pushed before
    /// anything else is: from now on `limit` is that of its segment.
    #[inline(always)]
    pub(super) fn reserve(&mut self, registers: usize) -> Result<*mut Value> {
        if self.depth >= self.recursion_limit {
            return Err(self.recursion_error());
        }
        // SAFETY: `top` of the running frame is inside its segment.
        let top = unsafe { (*self.frame).top };
        if top as usize + (HEADER + registers) * size_of::<Value>() > self.limit as usize {
            return Ok(self.next_segment(registers));
        }
        Ok(top)
    }

    #[cold]
    #[inline(never)]
    fn next_segment(&mut self, registers: usize) -> *mut Value {
        let needed = HEADER + registers;
        let index = self.segment + 1;
        if self.segments.get(index).is_some_and(|segment| segment.size < needed) {
            self.segments.truncate(index);
        }
        if self.segments.len() == index {
            let size = (FIRST_SEGMENT << index.min(12)).max(needed);
            self.segments.push(Segment::new(size));
        }
        self.segment = index;
        self.limit = self.segments[index].end();
        self.segments[index].start()
    }

    #[cold]
    pub(super) fn recursion_error(&mut self) -> Raised {
        Raised::recursion_error("maximum recursion depth exceeded")
    }

    /// Puts a frame on the stack; its registers are to be written by the caller.
    ///
    /// # Safety
    /// `top` comes from `reserve`; `code` and `globals` are kept alive by `function`.
    #[inline(always)]
    pub(super) unsafe fn push_frame(&mut self, top: *mut Value, frame: Frame) -> *mut Frame {
        let place = top.cast::<Frame>();
        unsafe { place.write(frame) };
        self.frame = place;
        self.depth += 1;
        place
    }

    /// Ends the top frame: gives up its registers, if they are on the stack, and its header.
    ///
    /// # Safety
    /// The top frame is not the bottom one.
    pub(super) unsafe fn pop_frame(&mut self) {
        unsafe {
            let frame = self.frame;
            if (*frame).current.is_none() {
                release_registers((*frame).base, (*frame).top);
            }
            self.frame = (*frame).previous;
            self.depth -= 1;
            release(&raw mut (*frame).function);
            release(&raw mut (*frame).subject);
            drop(ptr::read(&raw const (*frame).current));
            if self.segment > 0 {
                self.leave_segment(frame);
            }
        }
    }

    /// As `pop_frame`, for a plain call: it has no subject and no coroutine. Gives the new top frame.
    ///
    /// # Safety
    /// `frame` is the top frame, and of that kind.
    #[inline(always)]
    pub(super) unsafe fn pop_call_frame(&mut self, frame: *mut Frame) -> *mut Frame {
        unsafe {
            release_pairs((*frame).base, (*frame).top);
            let previous = (*frame).previous;
            self.frame = previous;
            self.depth -= 1;
            release(&raw mut (*frame).function);
            if self.segment > 0 {
                self.leave_segment(frame);
            }
            previous
        }
    }

    /// Goes back to the segment of the new top frame, keeping one spare segment.
    #[cold]
    pub(super) fn leave_segment(&mut self, left: *mut Frame) {
        if left.cast::<Value>() == self.segments[self.segment].start() {
            self.segments.truncate(self.segment + 1);
            // SAFETY: the frame below is alive.
            let top = unsafe { (*self.frame).top };
            while self.segment > 0 && !self.segments[self.segment].contains(top) {
                self.segment -= 1;
            }
            self.limit = self.segments[self.segment].end();
        }
    }
}

/// Gives up the registers from `register` to `end`.
///
/// # Safety
/// Each of them holds a value.
#[inline(always)]
unsafe fn release_registers(mut register: *mut Value, end: *mut Value) {
    unsafe {
        while register < end {
            release(register);
            register = register.add(1);
        }
    }
}

/// As `release_registers`, for an even number of them, which often hold nothing counted.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn release_pairs(start: *mut Value, end: *mut Value) {
    unsafe {
        let (mut register, mut tags) = (start, 0);
        while register < end {
            tags |= tag(&*register) | tag(&*register.add(1));
            register = register.add(2);
        }
        if tags & Value::COUNTED != 0 {
            release_registers(start, end);
        }
    }
}

/// Fills the registers from `base` to `end`, an even number, with `count` arguments, which are moved and
/// their places made unbound.
///
/// # Safety
/// `arguments` points to so many values.
#[inline(always)]
pub(super) unsafe fn fill_registers(arguments: *mut Value, count: usize, base: *mut Value, end: *mut Value) {
    unsafe {
        let mut place = base.add(count & !1);
        while place < end {
            place.write(Value::Unbound);
            place.add(1).write(Value::Unbound);
            place = place.add(2);
        }
        let last = base.add(count);
        let (mut source, mut place) = (arguments, base);
        while place < last {
            Words::take(source).put(place);
            source.write(Value::Unbound);
            source = source.add(1);
            place = place.add(1);
        }
    }
}

/// Moves `count` values from `from` to `to` and makes the registers behind them, up to `end`, unbound.
///
/// # Safety
/// `from` holds the values; they count as moved out, and its places are made unbound.
#[inline(always)]
pub(super) unsafe fn move_arguments(from: *mut Value, count: usize, to: *mut Value, end: *mut Value) {
    unsafe {
        let (mut source, mut place) = (from, to);
        let last = to.add(count);
        while place < last {
            Words::take(source).put(place);
            source.write(Value::Unbound);
            source = source.add(1);
            place = place.add(1);
        }
        while place < end {
            place.write(Value::Unbound);
            place = place.add(1);
        }
    }
}

/// Whether dropping the value does anything.
#[inline(always)]
pub(super) fn is_counted(value: &Value) -> bool {
    value.is_counted()
}

/// Replaces the value of a register by one that is made on the spot, so that it never was in memory.
///
/// # Safety
/// The place holds a value. The old one is dropped after the new one is in place.
#[inline(always)]
pub(super) unsafe fn set_new(place: *mut Value, value: Value) {
    unsafe {
        if (*place).is_counted() {
            let old = Words::take(place);
            place.write(value);
            old.release_counted();
        } else {
            place.write(value);
        }
    }
}

/// Replaces the value of a register.
///
/// # Safety
/// As `set_new`.
#[inline(always)]
pub(super) unsafe fn set(place: *mut Value, value: Value) {
    let value = ManuallyDrop::new(value);
    unsafe { set_words(place, Words::take(&raw const *value)) }
}

/// Replaces the value of a register by one that was taken from its place.
///
/// # Safety
/// As `set_new`.
#[inline(always)]
pub(super) unsafe fn set_words(place: *mut Value, value: Words) {
    unsafe {
        if (*place).is_counted() {
            let old = Words::take(place);
            value.put(place);
            old.release_counted();
        } else {
            value.put(place);
        }
    }
}
