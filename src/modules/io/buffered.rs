//! The buffer between a raw stream and those who read and write in small pieces.
//!
//! One state serves reader, writer and random access. Of the two buffers `ahead` holds what has been read
//! and not yet been asked for, `waiting` what has been written and not yet been passed on; at most one of
//! them has something in it. Nothing is borrowed while the raw stream, which may be a script's, runs.

use std::cell::Cell;

use super::base::is_exactly;
use super::{classes, raw, unsupported};
use crate::builtins::exceptions;
use crate::builtins::stream::Channel;
use crate::memory::Tracer;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Mutable, Raised, Result, Value, types};
use crate::vm::Vm;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Reader,
    Writer,
    Random,
}

/// The state of a buffered stream.
pub struct Buffered {
    pub kind: Kind,
    /// The stream below: unbound before `__init__`, None once it was detached.
    raw: Mutable<Value>,
    size: Cell<usize>,
    ahead: Mutable<Vec<u8>>,
    /// How much of `ahead` has been given away.
    taken: Cell<usize>,
    waiting: Mutable<Vec<u8>>,
    /// A standard stream, whose buffer is that of `print`.
    channel: Cell<Option<Channel>>,
}

impl Payload for Buffered {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.raw.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.raw.replace(Value::None));
    }
}

impl<'a> FromArgument<'a> for &'a Buffered {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Buffered>().ok_or(Mismatch::Expected("a buffered stream"))
    }
}

impl Buffered {
    pub fn new(kind: Kind) -> Buffered {
        Buffered {
            kind,
            raw: Mutable::new(Value::Unbound),
            size: Cell::new(super::BUFFER),
            ahead: Mutable::default(),
            taken: Cell::new(0),
            waiting: Mutable::default(),
            channel: Cell::new(None),
        }
    }

    /// The state of a value that is a buffered stream of `_io`, and of no class derived from one.
    pub fn of_exact(value: &Value) -> Option<&Buffered> {
        let classes = classes();
        let is_ours = [&classes.reader, &classes.writer, &classes.random].iter().any(|class| is_exactly(value, class));
        if is_ours { value.payload() } else { None }
    }

    /// Puts it on a raw stream.
    pub fn connect(&self, raw: Value, size: usize) {
        drop(self.raw.replace(raw));
        self.size.set(size);
        self.forget();
        self.waiting.borrow_mut().clear();
    }

    /// Makes it write into the buffer of a standard stream.
    pub fn set_channel(&self, channel: Channel) {
        self.channel.set(Some(channel));
    }

    /// What `print` writes goes past this buffer: not any more.
    pub fn leave_channel(&self) {
        if let Some(channel) = self.channel.get() {
            channel.set_plain(false);
        }
    }

    /// Takes the raw stream away for good.
    pub fn disconnect(&self) {
        drop(self.raw.replace(Value::None));
    }

    /// The raw stream.
    pub fn raw(&self) -> Result<Value> {
        match self.raw.get() {
            Value::Unbound => Err(Raised::value_error("I/O operation on uninitialized object")),
            Value::None => Err(Raised::value_error("raw stream has been detached")),
            raw => Ok(raw),
        }
    }

    /// The raw stream of one that is open; ValueError with these words when it is closed.
    pub fn open_raw(&self, vm: &mut Vm, message: &str) -> Result<Value> {
        let raw = self.raw()?;
        if raw::is_closed(vm, &raw)? { Err(Raised::value_error(message)) } else { Ok(raw) }
    }

    fn forget(&self) {
        self.ahead.borrow_mut().clear();
        self.taken.set(0);
    }

    /// How many bytes can be given without asking the raw stream.
    pub fn unread(&self) -> usize {
        self.ahead.borrow().len() - self.taken.get()
    }

    /// Gives away so many bytes of those read ahead.
    fn take_ahead(&self, count: usize, data: &mut Vec<u8>) {
        let start = self.taken.get();
        data.extend_from_slice(&self.ahead.borrow()[start..start + count]);
        self.taken.set(start + count);
    }

    /// Reads once into the empty buffer. None when there is nothing yet, 0 at the end.
    pub fn fill(&self, vm: &mut Vm, raw: &Value) -> Result<Option<usize>> {
        let mut ahead = self.ahead.take();
        ahead.clear();
        self.taken.set(0);
        let outcome = raw::read_onto(vm, raw, &mut ahead, self.size.get());
        self.ahead.set(ahead);
        outcome
    }

    /// Before reading: what was written must be under way.
    fn before_reading(&self, vm: &mut Vm, raw: &Value) -> Result<()> {
        if self.kind == Kind::Random && !self.waiting.borrow().is_empty() { self.write_out(vm, raw) } else { Ok(()) }
    }

    /// Reads so many bytes, or all. None when there is nothing yet.
    pub fn read(&self, vm: &mut Vm, size: Option<usize>) -> Result<Option<Vec<u8>>> {
        let raw = self.open_raw(vm, "read of closed file")?;
        self.before_reading(vm, &raw)?;
        let mut data = Vec::new();
        self.take_ahead(self.unread().min(size.unwrap_or(usize::MAX)), &mut data);
        let Some(size) = size else {
            let rest = raw::read_rest(vm, &raw)?;
            return Ok(match rest {
                Some(rest) if data.is_empty() => Some(rest),
                Some(rest) => Some([data, rest].concat()),
                None if data.is_empty() => None,
                None => Some(data),
            });
        };
        while data.len() < size {
            let missing = size - data.len();
            // Large pieces go past the buffer.
            let count = if missing >= self.size.get() {
                raw::read_onto(vm, &raw, &mut data, missing.min(1 << 30))?
            } else {
                let count = self.fill(vm, &raw)?;
                self.take_ahead(self.unread().min(missing), &mut data);
                count
            };
            match count {
                Some(0) => break,
                None if data.is_empty() => return Ok(None),
                None => break,
                Some(_) => {}
            }
        }
        Ok(Some(data))
    }

    /// Reads so many bytes at most, with at most one call of the raw stream.
    pub fn read1(&self, vm: &mut Vm, size: Option<usize>) -> Result<Vec<u8>> {
        let raw = self.open_raw(vm, "read of closed file")?;
        let size = size.unwrap_or(self.size.get());
        self.before_reading(vm, &raw)?;
        let mut data = Vec::new();
        if size == 0 {
            return Ok(data);
        }
        if self.unread() > 0 {
            self.take_ahead(self.unread().min(size), &mut data);
        } else {
            self.forget();
            raw::read_onto(vm, &raw, &mut data, size)?;
        }
        Ok(data)
    }

    /// What has been read ahead, after one call of the raw stream if that is nothing.
    pub fn peek(&self, vm: &mut Vm) -> Result<Vec<u8>> {
        let raw = self.open_raw(vm, "peek of closed file")?;
        self.before_reading(vm, &raw)?;
        if self.unread() == 0 {
            self.fill(vm, &raw)?;
        }
        Ok(self.ahead.borrow()[self.taken.get()..].to_vec())
    }

    /// A line with its newline, or so many bytes of it.
    pub fn readline(&self, vm: &mut Vm, limit: Option<usize>) -> Result<Vec<u8>> {
        let raw = self.open_raw(vm, "readline of closed file")?;
        self.before_reading(vm, &raw)?;
        let mut line = Vec::new();
        let limit = limit.unwrap_or(usize::MAX);
        while line.len() < limit {
            if self.unread() == 0 && !matches!(self.fill(vm, &raw)?, Some(1..)) {
                break;
            }
            let start = self.taken.get();
            let room = limit - line.len();
            let (count, is_end) = {
                let ahead = self.ahead.borrow();
                let seen = &ahead[start..start + room.min(ahead.len() - start)];
                memchr::memchr(b'\n', seen).map_or((seen.len(), false), |newline| (newline + 1, true))
            };
            self.take_ahead(count, &mut line);
            if is_end {
                break;
            }
        }
        Ok(line)
    }

    /// Writes bytes: into the buffer, or when there is no room on their way.
    pub fn write(&self, vm: &mut Vm, data: &[u8]) -> Result<()> {
        let raw = self.open_raw(vm, "write to closed file")?;
        if let Some(channel) = self.channel.get() {
            return channel.append(data).map_err(|error| exceptions::from_io_error(&error, None));
        }
        self.rewind(vm, &raw)?;
        let is_room = self.waiting.borrow().len() + data.len() <= self.size.get();
        if !is_room {
            self.write_out(vm, &raw)?;
        }
        self.waiting.borrow_mut().extend_from_slice(data);
        if data.len() > self.size.get() { self.write_out(vm, &raw) } else { Ok(()) }
    }

    /// Moves the raw stream back to where the reader of this one is.
    fn rewind(&self, vm: &mut Vm, raw: &Value) -> Result<()> {
        let unread = self.unread();
        if unread > 0 {
            raw::seek(vm, raw, -(unread as i64), 1)?;
        }
        self.forget();
        Ok(())
    }

    /// Passes on what waits. What could not be written goes on waiting.
    fn write_out(&self, vm: &mut Vm, raw: &Value) -> Result<()> {
        let data = self.waiting.take();
        let mut start = 0;
        let mut outcome = Ok(());
        while start < data.len() {
            match raw::write(vm, raw, &data[start..]) {
                Ok(Some(count)) => start += count,
                Ok(None) => {
                    let text = Value::str("write could not complete without blocking");
                    let args = vec![Value::Int(i64::from(libc::EAGAIN)), text];
                    outcome = Err(Raised::new(&types().blocking_io_error, args));
                    break;
                }
                Err(raised) => {
                    outcome = Err(raised);
                    break;
                }
            }
        }
        let mut waiting = self.waiting.borrow_mut();
        if start < data.len() {
            waiting.splice(0..0, data[start..].iter().copied());
        } else if waiting.is_empty() {
            // The buffer keeps its memory.
            *waiting = data;
            waiting.clear();
        }
        outcome
    }

    /// Passes on what waits, and moves the raw stream to where the reader is.
    pub fn flush(&self, vm: &mut Vm) -> Result<()> {
        let raw = self.open_raw(vm, "flush of closed file")?;
        if let Some(channel) = self.channel.get() {
            return channel.flush().map_err(|error| exceptions::from_io_error(&error, None));
        }
        self.write_out(vm, &raw)?;
        if self.kind == Kind::Random { self.rewind(vm, &raw) } else { Ok(()) }
    }

    pub fn tell(&self, vm: &mut Vm) -> Result<i64> {
        let raw = self.raw()?;
        if self.channel.get().is_some() {
            self.flush(vm)?;
        }
        let position = raw::tell(vm, &raw)?;
        Ok(position - self.unread() as i64 + self.waiting.borrow().len() as i64)
    }

    pub fn seek(&self, vm: &mut Vm, offset: i64, whence: i64) -> Result<i64> {
        if !(0..=2).contains(&whence) {
            return Err(Raised::value_error(format!("whence value {whence} unsupported")));
        }
        let raw = self.open_raw(vm, "seek of closed file")?;
        if !raw::ask(vm, &raw, "seekable")? {
            return Err(unsupported("File or stream is not seekable."));
        }
        if self.channel.get().is_some() {
            self.flush(vm)?;
        }
        self.write_out(vm, &raw)?;
        let offset = if whence == 1 { offset - self.unread() as i64 } else { offset };
        let position = raw::seek(vm, &raw, offset, whence)?;
        self.forget();
        Ok(position)
    }
}
