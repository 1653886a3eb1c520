//! BufferedRWPair: a reader and a writer that belong together, such as the two ends of a connection.

use super::buffered::{Buffered, Kind};
use super::buffered_methods::buffer_size;
use super::{base, classes};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// The two buffers; unbound before `__init__`.
struct Pair {
    reader: Mutable<Value>,
    writer: Mutable<Value>,
}

impl Payload for Pair {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.reader.borrow().trace(tracer);
        self.writer.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.reader.take());
        drop(self.writer.take());
    }
}

impl<'a> FromArgument<'a> for &'a Pair {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Pair>().ok_or(Mismatch::Expected("_io.BufferedRWPair"))
    }
}

impl Pair {
    fn reader(&self) -> Result<Value> {
        let missing = || Raised::value_error("I/O operation on uninitialized object");
        self.reader.get().bound().ok_or_else(missing)
    }

    fn writer(&self) -> Result<Value> {
        let missing = || Raised::value_error("I/O operation on uninitialized object");
        self.writer.get().bound().ok_or_else(missing)
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let pair = Pair { reader: Mutable::new(Value::Unbound), writer: Mutable::new(Value::Unbound) };
    Value::Instance(Instance::with_payload(class.clone(), pair))
}

fn init(vm: &mut Vm, this: &Pair, reader: &Value, writer: &Value, size: Option<i64>) -> Result<()> {
    for (stream, method, word) in [(reader, "readable", "readable"), (writer, "writable", "writable")] {
        if !base::ask(vm, stream, method)? {
            return Err(super::unsupported(&format!("File or stream is not {word}.")));
        }
    }
    let size = buffer_size(size)?;
    let make = |class: &Class, kind, raw: &Value| {
        let buffered = Buffered::new(kind);
        buffered.connect(raw.clone(), size);
        Value::Instance(Instance::with_payload(class.clone(), buffered))
    };
    let reader = make(&classes().reader, Kind::Reader, reader);
    let writer = make(&classes().writer, Kind::Writer, writer);
    super::remember(&writer);
    drop(this.reader.replace(reader));
    drop(this.writer.replace(writer));
    Ok(())
}

macro_rules! forwarded {
    ($($function:ident $side:ident $method:literal;)*) => {
        $(fn $function(vm: &mut Vm, this: &Pair, arguments: &[Value]) -> Result<Value> {
            let stream = this.$side()?;
            vm.call_method(&stream, &Str::intern($method), arguments)
        })*
    };
}

forwarded! {
    read reader "read";
    read1 reader "read1";
    readinto reader "readinto";
    readinto1 reader "readinto1";
    peek reader "peek";
    readable reader "readable";
    write writer "write";
    writable writer "writable";
    flush writer "flush";
}

fn isatty(vm: &mut Vm, this: &Pair) -> Result<bool> {
    let (reader, writer) = (this.reader()?, this.writer()?);
    Ok(base::ask(vm, &writer, "isatty")? || base::ask(vm, &reader, "isatty")?)
}

fn closed(vm: &mut Vm, this: &Pair) -> Result<bool> {
    let writer = this.writer()?;
    base::is_closed(vm, &writer)
}

fn close(vm: &mut Vm, this: &Pair) -> Result<()> {
    let (reader, writer) = (this.reader()?, this.writer()?);
    let first = vm.call_method(&writer, &symbols().close, &[]);
    let second = vm.call_method(&reader, &symbols().close, &[]);
    first.and(second).map(drop)
}

/// The rows of BufferedRWPair.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A pair without streams yet.")
        .static_method(),
    native!(
        "__init__(self, reader, writer, buffer_size=8192, /)",
        init(required, required, required, optional),
        "Puts buffers on two raw streams."
    ),
    native!("read(self, /, *args)", read(required, rest), "Reads so many bytes, or all."),
    native!("read1(self, /, *args)", read1(required, rest), "Reads with one call of the stream below."),
    native!("readinto(self, /, *args)", readinto(required, rest), "Reads into an object."),
    native!("readinto1(self, /, *args)", readinto1(required, rest), "Reads into an object with one call."),
    native!("peek(self, /, *args)", peek(required, rest), "What comes next, which stays to be read."),
    native!("readable(self, /, *args)", readable(required, rest), "Whether the reader can be read."),
    native!("write(self, /, *args)", write(required, rest), "Writes bytes and gives their number."),
    native!("writable(self, /, *args)", writable(required, rest), "Whether the writer can be written."),
    native!("flush(self, /, *args)", flush(required, rest), "Writes what waits in the buffer."),
    native!("isatty(self, /)", isatty(required), "Whether one of the two is a terminal."),
    native!("closed(self, /)", closed(required), "Whether the writer has been closed.").getter(),
    native!("close(self, /)", close(required), "Closes both."),
];
