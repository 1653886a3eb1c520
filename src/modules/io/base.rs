//! The base classes of all streams: what a stream can do when its class says nothing else.
//!
//! They have no state of their own but the attribute that says whether the stream was closed, so that
//! classes of the script can derive from them and from each other freely.

use super::{BUFFER, unsupported};
use crate::builtins::byte_string::not_bytes_like;
use crate::native;
use crate::value::bytes::{self, ByteArray, ByteView, MemoryView};
use crate::value::{Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// The attribute of a closed stream.
const CLOSED: &str = "__IOBase_closed";

/// The error for using a closed stream.
#[cold]
pub fn closed_error() -> Raised {
    Raised::value_error("I/O operation on closed file.")
}

/// The attribute `closed` of any stream.
pub fn is_closed(vm: &mut Vm, this: &Value) -> Result<bool> {
    let closed = vm.get_attribute(this, &Str::intern("closed"))?;
    vm.truth(&closed)
}

/// An error when the stream is closed.
pub fn check_open(vm: &mut Vm, this: &Value) -> Result<()> {
    if is_closed(vm, this)? { Err(closed_error()) } else { Ok(()) }
}

/// Whether a method without arguments, such as `readable`, gives a true value.
pub fn ask(vm: &mut Vm, this: &Value, method: &str) -> Result<bool> {
    let answer = vm.call_method(this, &Str::intern(method), &[])?;
    vm.truth(&answer)
}

/// A number of items to read: None for all of them.
pub fn limit(size: Option<i64>) -> Option<usize> {
    size.and_then(|size| usize::try_from(size).ok())
}

/// How many bytes fit an object to read into. TypeError when it cannot be written to.
pub fn room(target: &Value, method: &str) -> Result<usize> {
    if let Some(array) = ByteArray::within(target) {
        return Ok(array.data.borrow().len());
    }
    if let Some(view) = target.payload::<MemoryView>()
        && !view.read_only
        && !matches!(view.object(), Value::Bytes(_))
    {
        return match ByteView::of(target) {
            Some(data) => Ok(data.len()),
            None => Err(Raised::value_error("operation forbidden on released memoryview object")),
        };
    }
    let kind = target.type_name();
    Err(Raised::type_error(format!("{method}() argument must be read-write bytes-like object, not {kind}")))
}

/// Puts bytes to the start of an object that has room for them.
pub fn put(target: &Value, data: &[u8]) {
    if let Some(array) = ByteArray::within(target) {
        let mut place = array.data.borrow_mut();
        let length = data.len().min(place.len());
        place[..length].copy_from_slice(&data[..length]);
    } else if let Some(view) = target.payload::<MemoryView>() {
        view.write(data);
    }
}

/// The bytes of an argument; TypeError when it is not bytes-like.
pub fn data_of(value: &Value) -> Result<ByteView<'_>> {
    ByteView::of(value).ok_or_else(|| not_bytes_like(value))
}

fn closed(_: &mut Vm, this: &Value) -> bool {
    matches!(this, Value::Instance(instance) if instance.get(&Str::intern(CLOSED)).is_some())
}

fn close(vm: &mut Vm, this: &Value) -> Result<()> {
    if closed(vm, this) {
        return Ok(());
    }
    let flushed = vm.call_method(this, &symbols().flush, &[]);
    if let Value::Instance(instance) = this {
        instance.set(&Str::intern(CLOSED), Value::Bool(true));
    }
    flushed.map(drop)
}

fn finalize(vm: &mut Vm, this: &Value) -> Result<()> {
    // An object that was never set up has nothing to close.
    match is_closed(vm, this) {
        Ok(false) => vm.call_method(this, &symbols().close, &[]).map(drop),
        _ => Ok(()),
    }
}

fn flush(vm: &mut Vm, this: &Value) -> Result<()> {
    if closed(vm, this) { Err(closed_error()) } else { Ok(()) }
}

fn seek(_: &mut Vm, _: &Value, _: &[Value]) -> Result<()> {
    Err(unsupported("seek"))
}

fn tell(vm: &mut Vm, this: &Value) -> Result<Value> {
    vm.call_method(this, &Str::intern("seek"), &[Value::Int(0), Value::Int(1)])
}

fn truncate(_: &mut Vm, _: &Value, _: Option<&Value>) -> Result<()> {
    Err(unsupported("truncate"))
}

fn fileno(_: &mut Vm, _: &Value) -> Result<()> {
    Err(unsupported("fileno"))
}

fn no(_: &mut Vm, _: &Value) -> bool {
    false
}

fn isatty(vm: &mut Vm, this: &Value) -> Result<bool> {
    check_open(vm, this).map(|()| false)
}

fn check_closed(vm: &mut Vm, this: &Value, _: Option<&Value>) -> Result<()> {
    check_open(vm, this)
}

fn check_able(vm: &mut Vm, this: &Value, method: &str, message: &str) -> Result<bool> {
    if ask(vm, this, method)? { Ok(true) } else { Err(unsupported(message)) }
}

fn check_seekable(vm: &mut Vm, this: &Value, _: Option<&Value>) -> Result<bool> {
    check_able(vm, this, "seekable", "File or stream is not seekable.")
}

fn check_readable(vm: &mut Vm, this: &Value, _: Option<&Value>) -> Result<bool> {
    check_able(vm, this, "readable", "File or stream is not readable.")
}

fn check_writable(vm: &mut Vm, this: &Value, _: Option<&Value>) -> Result<bool> {
    check_able(vm, this, "writable", "File or stream is not writable.")
}

/// `__enter__` and `__iter__` of every stream.
fn itself(vm: &mut Vm, this: Value) -> Result<Value> {
    check_open(vm, &this)?;
    Ok(this)
}

fn exit(vm: &mut Vm, this: &Value, _: &[Value]) -> Result<()> {
    vm.call_method(this, &symbols().close, &[]).map(drop)
}

fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    let line = vm.call_method(this, &symbols().readline, &[])?;
    if vm.length(&line)? == 0 { Err(Raised::stop_iteration(Value::None)) } else { Ok(line) }
}

fn readline(vm: &mut Vm, this: &Value, size: Option<i64>) -> Result<Value> {
    let size = limit(size);
    let read = Str::intern("read");
    let peek = vm.get_attribute_if_any(this, &Str::intern("peek"))?;
    let mut line = Vec::new();
    while size.is_none_or(|size| line.len() < size) {
        let mut ahead = 1;
        if let Some(peek) = &peek {
            let seen = vm.call(peek, &[Value::Int(1)])?;
            let Value::Bytes(seen) = seen.native() else {
                let kind = seen.type_name();
                return Err(Raised::os_error(format!("peek() should have returned a bytes object, not '{kind}'")));
            };
            if !seen.data.is_empty() {
                let seen = &seen.data[..seen.data.len().min(size.map_or(usize::MAX, |size| size - line.len()))];
                ahead = memchr::memchr(b'\n', seen).map_or(seen.len(), |newline| newline + 1);
            }
        }
        let piece = vm.call_method(this, &read, &[Value::from(ahead)])?;
        let Value::Bytes(piece) = piece.native() else {
            let kind = piece.type_name();
            return Err(Raised::os_error(format!("read() should have returned a bytes object, not '{kind}'")));
        };
        if piece.data.is_empty() {
            break;
        }
        line.extend_from_slice(&piece.data);
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(bytes::new(line))
}

fn readlines(vm: &mut Vm, this: &Value, hint: Option<i64>) -> Result<Value> {
    let hint = hint.filter(|hint| *hint > 0).map(|hint| hint as usize);
    let (mut lines, mut total) = (Vec::new(), 0);
    let iterator = vm.iterate(this)?;
    while let Some(line) = vm.next(&iterator)? {
        total += vm.length(&line)?;
        lines.push(line);
        if hint.is_some_and(|hint| total > hint) {
            break;
        }
    }
    Ok(Value::list(lines))
}

fn writelines(vm: &mut Vm, this: &Value, lines: &Value) -> Result<()> {
    check_open(vm, this)?;
    let write = vm.get_attribute(this, &symbols().write)?;
    vm.for_each(lines, |vm, line| vm.call(&write, &[line]).map(drop))
}

/// The rows of `_IOBase`.
pub const METHODS: &[Native] = &[
    native!("close(self, /)", close(required), "Flushes and closes the stream."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("__del__(self, /)", finalize(required), "Closes a stream that nobody refers to any more."),
    native!("flush(self, /)", flush(required), "Writes what waits in buffers."),
    native!("seek(self, /, *args)", seek(required, rest), "Changes the position and gives the new one."),
    native!("tell(self, /)", tell(required), "The position."),
    native!("truncate(self, size=None, /)", truncate(required, optional), "Cuts the stream off at a size."),
    native!("fileno(self, /)", fileno(required), "The number of the file descriptor."),
    native!("seekable(self, /)", no(required), "Whether the position can be changed."),
    native!("readable(self, /)", no(required), "Whether the stream can be read."),
    native!("writable(self, /)", no(required), "Whether the stream can be written."),
    native!("isatty(self, /)", isatty(required), "Whether the stream is a terminal."),
    native!("_checkClosed(self, msg=None, /)", check_closed(required, optional), "An error when it is closed."),
    native!("_checkSeekable(self, msg=None, /)", check_seekable(required, optional), "An error when it cannot seek."),
    native!("_checkReadable(self, msg=None, /)", check_readable(required, optional), "An error when it cannot read."),
    native!("_checkWritable(self, msg=None, /)", check_writable(required, optional), "An error when it cannot write."),
    native!("__enter__(self, /)", itself(required), "The stream itself."),
    native!("__exit__(self, /, *args)", exit(required, rest), "Closes the stream."),
    native!("__iter__(self, /)", itself(required), "The stream itself, which gives lines."),
    native!("__next__(self, /)", next(required), "The next line."),
    native!("readline(self, size=-1, /)", readline(required, optional), "Reads a line with its end."),
    native!("readlines(self, hint=-1, /)", readlines(required, optional), "A list of the lines that are left."),
    native!("writelines(self, lines, /)", writelines(required, required), "Writes all items of an iterable."),
];

fn raw_read(vm: &mut Vm, this: &Value, size: Option<i64>) -> Result<Value> {
    let Some(size) = limit(size.or(Some(-1))) else {
        return vm.call_method(this, &Str::intern("readall"), &[]);
    };
    let target = bytes::new_array(vec![0; size]);
    let count = vm.call_method(this, &Str::intern("readinto"), std::slice::from_ref(&target))?;
    if count.is_none() {
        return Ok(Value::None);
    }
    let count = vm.index(&count)?;
    let data = data_of(&target)?;
    match usize::try_from(count) {
        Ok(count) if count <= data.len() => Ok(bytes::new(&data[..count])),
        _ => Err(Raised::value_error(format!("readinto returned {count} outside buffer size {}", data.len()))),
    }
}

fn readall(vm: &mut Vm, this: &Value) -> Result<Value> {
    let mut all = Vec::new();
    loop {
        let piece = vm.call_method(this, &Str::intern("read"), &[Value::from(BUFFER)])?;
        match piece.native() {
            Value::None if all.is_empty() => return Ok(Value::None),
            Value::None => break,
            Value::Bytes(piece) if piece.data.is_empty() => break,
            Value::Bytes(piece) => all.extend_from_slice(&piece.data),
            _ => return Err(Raised::type_error("read() should return bytes")),
        }
    }
    Ok(bytes::new(all))
}

/// The rows of `_RawIOBase`.
pub const RAW_METHODS: &[Native] = &[
    native!("read(self, size=-1, /)", raw_read(required, optional), "Reads so many bytes at most, or all."),
    native!("readall(self, /)", readall(required), "Reads until the end."),
];

fn no_read(_: &mut Vm, _: &Value, _: &[Value]) -> Result<()> {
    Err(unsupported("read"))
}

fn no_read1(_: &mut Vm, _: &Value, _: &[Value]) -> Result<()> {
    Err(unsupported("read1"))
}

fn no_write(_: &mut Vm, _: &Value, _: &[Value]) -> Result<()> {
    Err(unsupported("write"))
}

fn no_detach(_: &mut Vm, _: &Value) -> Result<()> {
    Err(unsupported("detach"))
}

fn read_into(vm: &mut Vm, this: &Value, target: &Value, method: &str, name: &str) -> Result<Value> {
    let size = room(target, name)?;
    let piece = vm.call_method(this, &Str::intern(method), &[Value::from(size)])?;
    let Value::Bytes(piece) = piece.native() else { return Err(Raised::type_error("read() should return bytes")) };
    if piece.data.len() > size {
        let message = format!("read() returned too much data: {size} bytes requested, {} returned", piece.data.len());
        return Err(Raised::value_error(message));
    }
    put(target, &piece.data);
    Ok(Value::from(piece.data.len()))
}

fn readinto(vm: &mut Vm, this: &Value, target: &Value) -> Result<Value> {
    read_into(vm, this, target, "read", "readinto")
}

fn readinto1(vm: &mut Vm, this: &Value, target: &Value) -> Result<Value> {
    read_into(vm, this, target, "read1", "readinto1")
}

/// The rows of `_BufferedIOBase`.
pub const BUFFERED_METHODS: &[Native] = &[
    native!("read(self, /, *args)", no_read(required, rest), "Reads so many bytes, or all."),
    native!("read1(self, /, *args)", no_read1(required, rest), "Reads so many bytes with one call at most."),
    native!("readinto(self, buffer, /)", readinto(required, required), "Reads into an object."),
    native!("readinto1(self, buffer, /)", readinto1(required, required), "Reads into an object with one call."),
    native!("write(self, /, *args)", no_write(required, rest), "Writes bytes and gives their number."),
    native!("detach(self, /)", no_detach(required), "Gives up the stream below."),
];

fn no_readline(_: &mut Vm, _: &Value, _: &[Value]) -> Result<()> {
    Err(unsupported("readline"))
}

fn nothing(_: &mut Vm, _: &Value) {}

/// The rows of `_TextIOBase`.
pub const TEXT_METHODS: &[Native] = &[
    native!("read(self, /, *args)", no_read(required, rest), "Reads so many characters, or all."),
    native!("readline(self, /, *args)", no_readline(required, rest), "Reads a line with its end."),
    native!("write(self, /, *args)", no_write(required, rest), "Writes text and gives its length."),
    native!("detach(self, /)", no_detach(required), "Gives up the stream below."),
    native!("encoding(self, /)", nothing(required), "The encoding.").getter(),
    native!("errors(self, /)", nothing(required), "How errors of the encoding are handled.").getter(),
    native!("newlines(self, /)", nothing(required), "The ends of lines seen so far.").getter(),
];

/// An OSError of the system, for a call that failed.
pub fn system_error(error: rustix::io::Errno, file: Option<Value>) -> Raised {
    crate::builtins::os_errors::os_error(error.raw_os_error(), file)
}

/// Whether the class of a stream is exactly this builtin one.
pub fn is_exactly(this: &Value, class: &crate::value::Class) -> bool {
    matches!(this, Value::Instance(instance) if instance.class_ref().same(class))
}

/// The name of a file as errors and repr show it: the attribute `name`, if there is one.
pub fn name_of(vm: &mut Vm, this: &Value) -> Result<Option<Value>> {
    match vm.get_attribute_if_any(this, &symbols().name_) {
        Err(raised) if raised.is_a(&types().value_error) => Ok(None),
        found => found,
    }
}
