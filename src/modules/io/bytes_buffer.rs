//! BytesIO: a binary stream in memory.
//!
//! Its bytes are those of a bytearray, so that `getbuffer` can show them without a copy and nothing can
//! change their number meanwhile.

use std::cell::Cell;

use super::base::{self, closed_error, data_of, limit};
use super::raw;
use crate::memory::Tracer;
use crate::memory::mutable::Changing;
use crate::native;
use crate::value::bytes::{self, ByteArray};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Value, symbols};
use crate::vm::Vm;

/// The state of a BytesIO.
struct BytesBuffer {
    /// A bytearray; None when the stream is closed.
    array: Mutable<Value>,
    position: Cell<usize>,
}

impl Payload for BytesBuffer {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.array.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.array.replace(Value::None));
    }
}

impl<'a> FromArgument<'a> for &'a BytesBuffer {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<BytesBuffer>().ok_or(Mismatch::Expected("_io.BytesIO"))
    }
}

impl BytesBuffer {
    fn array(&self) -> Result<&ByteArray> {
        self.array.shared().payload::<ByteArray>().ok_or_else(closed_error)
    }

    /// The bytes, to change their number.
    fn resize(&self) -> Result<Changing<'_, Vec<u8>>> {
        self.array()?.resize()
    }

    /// The position, or the end when it is beyond.
    fn place(&self, length: usize) -> usize {
        self.position.get().min(length)
    }

    fn read(&self, size: Option<usize>) -> Result<Vec<u8>> {
        let data = self.array()?.data.borrow();
        let start = self.place(data.len());
        let end = size.map_or(data.len(), |size| data.len().min(start.saturating_add(size)));
        if end > start {
            self.position.set(end);
        }
        Ok(data[start..end].to_vec())
    }

    fn readline(&self, size: Option<usize>) -> Result<Vec<u8>> {
        let data = self.array()?.data.borrow();
        let start = self.place(data.len());
        let end = size.map_or(data.len(), |size| data.len().min(start.saturating_add(size)));
        let end = memchr::memchr(b'\n', &data[start..end]).map_or(end, |newline| start + newline + 1);
        if end > start {
            self.position.set(end);
        }
        Ok(data[start..end].to_vec())
    }

    fn write(&self, new: &[u8]) -> Result<()> {
        let array = self.array()?;
        if new.is_empty() {
            return Ok(());
        }
        let start = self.position.get();
        let end = start + new.len();
        let mut data = array.resize()?;
        if start == data.len() {
            data.extend_from_slice(new);
        } else {
            if data.len() < end {
                data.resize(end, 0);
            }
            data[start..end].copy_from_slice(new);
        }
        self.position.set(end);
        Ok(())
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let array = Mutable::new(bytes::new_array(Vec::new()));
    Value::Instance(Instance::with_payload(class.clone(), BytesBuffer { array, position: Cell::new(0) }))
}

fn init(_: &mut Vm, this: &BytesBuffer, initial: Option<&Value>) -> Result<()> {
    let data = match initial {
        None | Some(Value::None) => Vec::new(),
        Some(initial) => data_of(initial)?.to_vec(),
    };
    drop(this.resize()?);
    drop(this.array.replace(bytes::new_array(data)));
    this.position.set(0);
    Ok(())
}

fn read(_: &mut Vm, this: &BytesBuffer, size: Option<i64>) -> Result<Value> {
    Ok(bytes::new(this.read(limit(size))?))
}

fn readline(_: &mut Vm, this: &BytesBuffer, size: Option<i64>) -> Result<Value> {
    Ok(bytes::new(this.readline(limit(size))?))
}

fn readlines(_: &mut Vm, this: &BytesBuffer, hint: Option<i64>) -> Result<Value> {
    let hint = limit(hint).filter(|hint| *hint > 0).unwrap_or(usize::MAX);
    let (mut lines, mut total) = (Vec::new(), 0);
    loop {
        let line = this.readline(None)?;
        if line.is_empty() {
            break;
        }
        total += line.len();
        lines.push(bytes::new(line));
        if total >= hint {
            break;
        }
    }
    Ok(Value::list(lines))
}

fn next(_: &mut Vm, this: &BytesBuffer) -> Result<Value> {
    let line = this.readline(None)?;
    if line.is_empty() { Err(Raised::stop_iteration(Value::None)) } else { Ok(bytes::new(line)) }
}

fn readinto(_: &mut Vm, this: &BytesBuffer, target: &Value) -> Result<usize> {
    this.array()?;
    let size = base::room(target, "readinto")?;
    let data = this.read(Some(size))?;
    base::put(target, &data);
    Ok(data.len())
}

fn write(_: &mut Vm, this: &BytesBuffer, data: &Value) -> Result<usize> {
    this.array()?;
    let data = data_of(data)?.unborrowed();
    this.write(&data)?;
    Ok(data.len())
}

fn writelines(vm: &mut Vm, this: &Value, lines: &Value) -> Result<()> {
    let buffer = this.payload::<BytesBuffer>().ok_or_else(|| Raised::type_error("this is not a BytesIO"))?;
    buffer.array()?;
    let write = vm.get_attribute(this, &symbols().write)?;
    vm.for_each(lines, |vm, line| vm.call(&write, &[line]).map(drop))
}

fn seek(_: &mut Vm, this: &BytesBuffer, offset: i64, whence: Option<i64>) -> Result<usize> {
    let length = this.array()?.data.borrow().len();
    let base = match whence.unwrap_or(0) {
        0 if offset < 0 => return Err(Raised::value_error(format!("negative seek value {offset}"))),
        0 => 0,
        1 => this.position.get(),
        2 => length,
        other => {
            return Err(Raised::value_error(format!("invalid whence ({other}, should be 0, 1 or 2)")));
        }
    };
    let position = (base as i64).checked_add(offset).ok_or_else(|| Raised::overflow_error("new position too large"))?;
    this.position.set(position.max(0) as usize);
    Ok(this.position.get())
}

fn tell(_: &mut Vm, this: &BytesBuffer) -> Result<usize> {
    this.array()?;
    Ok(this.position.get())
}

fn truncate(vm: &mut Vm, this: &BytesBuffer, size: Option<&Value>) -> Result<i64> {
    this.array()?;
    let size = match size {
        None | Some(Value::None) => this.position.get() as i64,
        Some(size) => vm.index(size)?,
    };
    let length = usize::try_from(size).map_err(|_| Raised::value_error(format!("negative size value {size}")))?;
    if length < this.array()?.data.borrow().len() {
        this.resize()?.truncate(length);
    }
    Ok(size)
}

fn getvalue(_: &mut Vm, this: &BytesBuffer) -> Result<Value> {
    Ok(bytes::new(this.array()?.data.borrow().as_slice()))
}

fn getbuffer(vm: &mut Vm, this: &BytesBuffer) -> Result<Value> {
    this.array()?;
    raw::view(vm, this.array.get())
}

fn close(_: &mut Vm, this: &BytesBuffer) -> Result<()> {
    if this.array().is_ok() {
        // Not while somebody looks at the bytes.
        drop(this.resize()?);
        drop(this.array.replace(Value::None));
    }
    Ok(())
}

fn closed(_: &mut Vm, this: &BytesBuffer) -> bool {
    this.array().is_err()
}

fn yes(_: &mut Vm, this: &BytesBuffer) -> Result<bool> {
    this.array().map(|_| true)
}

fn no(_: &mut Vm, this: &BytesBuffer) -> Result<bool> {
    this.array().map(|_| false)
}

fn flush(_: &mut Vm, this: &BytesBuffer) -> Result<()> {
    this.array().map(drop)
}

fn getstate(vm: &mut Vm, this: &Value) -> Result<Value> {
    let buffer = this.payload::<BytesBuffer>().ok_or_else(|| Raised::type_error("this is not a BytesIO"))?;
    let value = bytes::new(buffer.array()?.data.borrow().as_slice());
    let attributes = vm.get_attribute_if_any(this, &symbols().dict)?.unwrap_or(Value::None);
    let attributes = if vm.truth(&attributes)? { attributes } else { Value::None };
    Ok(Value::tuple(vec![value, Value::from(buffer.position.get()), attributes]))
}

/// The rows of BytesIO.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "An empty stream.").static_method(),
    native!("__init__(self, initial_bytes=b'')", init(required, optional), "Fills the stream."),
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many bytes, or all."),
    native!("read1(self, size=-1, /)", read(required, optional), "Reads so many bytes, or all."),
    native!("readline(self, size=-1, /)", readline(required, optional), "Reads a line with its end."),
    native!("readlines(self, size=None, /)", readlines(required, optional), "A list of the lines that are left."),
    native!("__next__(self, /)", next(required), "The next line."),
    native!("readinto(self, buffer, /)", readinto(required, required), "Reads into an object."),
    native!("write(self, b, /)", write(required, required), "Writes bytes and gives their number."),
    native!("writelines(self, lines, /)", writelines(required, required), "Writes all items of an iterable."),
    native!("seek(self, pos, whence=0, /)", seek(required, required, optional), "Changes the position."),
    native!("tell(self, /)", tell(required), "The position."),
    native!("truncate(self, size=None, /)", truncate(required, optional), "Cuts the bytes off at a size."),
    native!("getvalue(self, /)", getvalue(required), "All bytes, wherever the position is."),
    native!("getbuffer(self, /)", getbuffer(required), "A view of the bytes."),
    native!("close(self, /)", close(required), "Gives up the bytes."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("readable(self, /)", yes(required), "Whether it can be read: always."),
    native!("writable(self, /)", yes(required), "Whether it can be written: always."),
    native!("seekable(self, /)", yes(required), "Whether the position can be changed: always."),
    native!("isatty(self, /)", no(required), "Whether it is a terminal: never."),
    native!("flush(self, /)", flush(required), "Nothing waits here."),
    native!("__getstate__(self, /)", getstate(required), "The bytes, the position and the attributes."),
];
