//! BufferedReader, BufferedWriter and BufferedRandom as scripts see them.

use super::base::{self, data_of, limit};
use super::buffered::{Buffered, Kind};
use super::file::class_name;
use super::{BUFFER, raw, remember, unsupported};
use crate::native;
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, bytes, symbols};
use crate::vm::Vm;

fn state(this: &Value) -> Result<&Buffered> {
    this.payload().ok_or_else(|| Raised::type_error("this is not a buffered stream"))
}

fn make(class: &Class, kind: Kind) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Buffered::new(kind)))
}

fn new_reader(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    make(class, Kind::Reader)
}

fn new_writer(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    make(class, Kind::Writer)
}

fn new_random(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    make(class, Kind::Random)
}

/// The size of a buffer from an argument.
pub fn buffer_size(size: Option<i64>) -> Result<usize> {
    match usize::try_from(size.unwrap_or(BUFFER as i64)) {
        Ok(size @ 1..) => Ok(size),
        _ => Err(Raised::value_error("buffer size must be strictly positive")),
    }
}

fn init(vm: &mut Vm, this: &Value, raw: &Value, size: Option<i64>) -> Result<()> {
    let buffered = state(this)?;
    buffered.disconnect();
    let size = buffer_size(size);
    if buffered.kind == Kind::Random && !raw::ask(vm, raw, "seekable")? {
        return Err(unsupported("File or stream is not seekable."));
    }
    if buffered.kind != Kind::Writer && !raw::ask(vm, raw, "readable")? {
        return Err(unsupported("File or stream is not readable."));
    }
    if buffered.kind != Kind::Reader && !raw::ask(vm, raw, "writable")? {
        return Err(unsupported("File or stream is not writable."));
    }
    buffered.connect(raw.clone(), size?);
    if buffered.kind != Kind::Reader {
        remember(this);
    }
    Ok(())
}

fn raw_stream(_: &mut Vm, this: &Buffered) -> Value {
    this.raw().unwrap_or(Value::None)
}

fn detach(vm: &mut Vm, this: &Value) -> Result<Value> {
    let raw = state(this)?.raw()?;
    vm.call_method(this, &symbols().flush, &[])?;
    state(this)?.disconnect();
    Ok(raw)
}

fn closed(vm: &mut Vm, this: &Buffered) -> Result<bool> {
    let raw = this.raw()?;
    raw::is_closed(vm, &raw)
}

fn close(vm: &mut Vm, this: &Value) -> Result<()> {
    let raw = state(this)?.raw()?;
    if raw::is_closed(vm, &raw)? {
        return Ok(());
    }
    let flushed = vm.call_method(this, &symbols().flush, &[]);
    state(this)?.leave_channel();
    let closed = vm.call_method(&raw, &symbols().close, &[]);
    match (flushed, closed) {
        (Err(first), Err(second)) => {
            second.0.context.set(Value::Exception(first.0));
            Err(second)
        }
        (flushed, closed) => flushed.and(closed).map(drop),
    }
}

fn flush(vm: &mut Vm, this: &Buffered) -> Result<()> {
    if this.kind == Kind::Reader {
        let raw = this.raw()?;
        return vm.call_method(&raw, &symbols().flush, &[]).map(drop);
    }
    this.flush(vm)
}

fn ask_raw(vm: &mut Vm, this: &Buffered, method: &str) -> Result<bool> {
    let raw = this.raw()?;
    base::ask(vm, &raw, method)
}

fn seekable(vm: &mut Vm, this: &Buffered) -> Result<bool> {
    ask_raw(vm, this, "seekable")
}

fn readable(vm: &mut Vm, this: &Buffered) -> Result<bool> {
    Ok(this.kind != Kind::Writer && ask_raw(vm, this, "readable")?)
}

fn writable(vm: &mut Vm, this: &Buffered) -> Result<bool> {
    Ok(this.kind != Kind::Reader && ask_raw(vm, this, "writable")?)
}

fn isatty(vm: &mut Vm, this: &Buffered) -> Result<bool> {
    ask_raw(vm, this, "isatty")
}

fn fileno(vm: &mut Vm, this: &Buffered) -> Result<Value> {
    let raw = this.raw()?;
    vm.call_method(&raw, &Str::intern("fileno"), &[])
}

fn name(vm: &mut Vm, this: &Buffered) -> Result<Value> {
    let raw = this.raw()?;
    vm.get_attribute(&raw, &symbols().name_)
}

fn mode(vm: &mut Vm, this: &Buffered) -> Result<Value> {
    let raw = this.raw()?;
    vm.get_attribute(&raw, &Str::intern("mode"))
}

fn tell(vm: &mut Vm, this: &Buffered) -> Result<i64> {
    this.tell(vm)
}

fn seek(vm: &mut Vm, this: &Buffered, offset: i64, whence: Option<i64>) -> Result<i64> {
    this.seek(vm, offset, whence.unwrap_or(0))
}

fn truncate(vm: &mut Vm, this: &Buffered, size: Option<Value>) -> Result<Value> {
    let raw = this.open_raw(vm, "truncate of closed file")?;
    if this.kind == Kind::Reader {
        return Err(unsupported("truncate"));
    }
    this.flush(vm)?;
    let size = match size {
        None | Some(Value::None) => Value::Int(this.tell(vm)?),
        Some(size) => size,
    };
    vm.call_method(&raw, &Str::intern("truncate"), &[size])
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    Ok(match base::name_of(vm, this)? {
        Some(name) => format!("<{} name={}>", class_name(this), vm.repr(&name)?),
        None => format!("<{}>", class_name(this)),
    })
}

/// What all three have.
pub const STATE: &[Native] = &[
    native!("__init__(self, raw, buffer_size=8192)", init(required, required, optional), "Puts it on a raw stream."),
    native!("raw(self, /)", raw_stream(required), "The stream below.").getter(),
    native!("detach(self, /)", detach(required), "Gives up the stream below."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("close(self, /)", close(required), "Flushes and closes the stream below."),
    native!("flush(self, /)", flush(required), "Writes what waits in the buffer."),
    native!("seekable(self, /)", seekable(required), "Whether the position can be changed."),
    native!("readable(self, /)", readable(required), "Whether it can be read."),
    native!("writable(self, /)", writable(required), "Whether it can be written."),
    native!("isatty(self, /)", isatty(required), "Whether it is a terminal."),
    native!("fileno(self, /)", fileno(required), "The number of the descriptor."),
    native!("name(self, /)", name(required), "The name of the stream below.").getter(),
    native!("mode(self, /)", mode(required), "How the stream below was opened.").getter(),
    native!("tell(self, /)", tell(required), "The position."),
    native!("seek(self, target, whence=0, /)", seek(required, required, optional), "Changes the position."),
    native!("truncate(self, pos=None, /)", truncate(required, optional), "Cuts the stream off at a size."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];

fn read(vm: &mut Vm, this: &Buffered, size: Option<i64>) -> Result<Value> {
    if size.is_some_and(|size| size < -1) {
        return Err(Raised::value_error("read length must be non-negative or -1"));
    }
    Ok(this.read(vm, limit(size))?.map_or(Value::None, bytes::new))
}

fn read1(vm: &mut Vm, this: &Buffered, size: Option<i64>) -> Result<Value> {
    Ok(bytes::new(this.read1(vm, limit(size))?))
}

fn readinto(vm: &mut Vm, this: &Buffered, target: &Value) -> Result<Value> {
    let size = base::room(target, "readinto")?;
    this.open_raw(vm, "readinto of closed file")?;
    let data = this.read(vm, Some(size))?;
    Ok(data.map_or(Value::None, |data| {
        base::put(target, &data);
        Value::from(data.len())
    }))
}

fn readinto1(vm: &mut Vm, this: &Buffered, target: &Value) -> Result<usize> {
    let size = base::room(target, "readinto1")?;
    this.open_raw(vm, "readinto of closed file")?;
    let data = this.read1(vm, Some(size))?;
    base::put(target, &data);
    Ok(data.len())
}

fn peek(vm: &mut Vm, this: &Buffered, _: Option<i64>) -> Result<Value> {
    Ok(bytes::new(this.peek(vm)?))
}

fn readline(vm: &mut Vm, this: &Buffered, size: Option<i64>) -> Result<Value> {
    Ok(bytes::new(this.readline(vm, limit(size))?))
}

fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    let line = match Buffered::of_exact(this) {
        Some(buffered) => bytes::new(buffered.readline(vm, None)?),
        None => vm.call_method(this, &symbols().readline, &[])?,
    };
    if vm.length(&line)? == 0 { Err(Raised::stop_iteration(Value::None)) } else { Ok(line) }
}

/// What those have that can be read.
pub const READING: &[Native] = &[
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many bytes, or all."),
    native!("read1(self, size=-1, /)", read1(required, optional), "Reads with one call of the stream below."),
    native!("readinto(self, buffer, /)", readinto(required, required), "Reads into an object."),
    native!("readinto1(self, buffer, /)", readinto1(required, required), "Reads into an object with one call."),
    native!("peek(self, size=0, /)", peek(required, optional), "What comes next, which stays to be read."),
    native!("readline(self, size=-1, /)", readline(required, optional), "Reads a line with its end."),
    native!("__next__(self, /)", next(required), "The next line."),
];

fn write(vm: &mut Vm, this: &Buffered, data: &Value) -> Result<usize> {
    this.raw()?;
    let data = data_of(data)?.to_vec();
    this.write(vm, &data)?;
    Ok(data.len())
}

/// What those have that can be written.
pub const WRITING: &[Native] =
    &[native!("write(self, buffer, /)", write(required, required), "Writes bytes and gives their number.")];

/// `BufferedReader.__new__`.
pub const READER: &[Native] = &[native!(
    "__new__(cls, /, *args, **kwargs)",
    new_reader(required, rest, keywords),
    "A reader that has no stream yet."
)
.static_method()];

/// `BufferedWriter.__new__`.
pub const WRITER: &[Native] = &[native!(
    "__new__(cls, /, *args, **kwargs)",
    new_writer(required, rest, keywords),
    "A writer that has no stream yet."
)
.static_method()];

/// `BufferedRandom.__new__`.
pub const RANDOM: &[Native] = &[native!(
    "__new__(cls, /, *args, **kwargs)",
    new_random(required, rest, keywords),
    "A buffer for both directions that has no stream yet."
)
.static_method()];
