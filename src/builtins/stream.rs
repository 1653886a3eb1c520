//! The three standard streams as native objects.
//!
//! What is written to stdout waits in a buffer of this thread until the buffer is full, a flush is
//! asked for, or (on a terminal) a line ends; stderr goes out with each line. `flush_all` empties both
//! and must be called on every way out of the program. A failed write raises the OSError of its cause
//! and gives up what was waiting, so that nothing is tried twice. stdin is decoded line by line, with
//! universal newlines. Files of the script are not here.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, IsTerminal, Read, Write};

use super::exceptions;
use crate::native;
use crate::value::instance::Payload;
use crate::value::{Bytes, Dict, Gc, Instance, Native, Raised, Result, Str, Value, integer, symbols, types};
use crate::vm::Vm;

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Stdin,
    Stdout,
    Stderr,
}

/// Bytes that wait before they are written.
const BUFFER: usize = 1 << 16;

struct Output {
    waiting: RefCell<Vec<u8>>,
    line_buffered: Cell<bool>,
}

impl Output {
    fn new(line_buffered: bool) -> Output {
        Output { waiting: RefCell::default(), line_buffered: Cell::new(line_buffered) }
    }
}

thread_local! {
    static STDOUT: Output = Output::new(io::stdout().is_terminal());
    static STDERR: Output = Output::new(true);
    /// Text of stdin that has been decoded and not yet read.
    static DECODED: RefCell<String> = const { RefCell::new(String::new()) };
    /// The attributes of the module `sys`, where a script may have put streams of its own.
    static SYS: RefCell<Option<Gc<Dict>>> = const { RefCell::new(None) };
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Channel::Stdin => "<stdin>",
            Channel::Stdout => "<stdout>",
            Channel::Stderr => "<stderr>",
        }
    }

    fn descriptor(self) -> i64 {
        match self {
            Channel::Stdin => 0,
            Channel::Stdout => 1,
            Channel::Stderr => 2,
        }
    }

    fn is_terminal(self) -> bool {
        match self {
            Channel::Stdin => io::stdin().is_terminal(),
            Channel::Stdout => io::stdout().is_terminal(),
            Channel::Stderr => io::stderr().is_terminal(),
        }
    }

    fn with_output<T>(self, work: impl FnOnce(&Output) -> T) -> T {
        match self {
            Channel::Stderr => STDERR.with(work),
            _ => STDOUT.with(work),
        }
    }

    /// Puts bytes into the buffer, and on their way when it is time.
    fn append(self, bytes: &[u8]) -> io::Result<()> {
        let is_due = self.with_output(|output| {
            let mut waiting = output.waiting.borrow_mut();
            waiting.extend_from_slice(bytes);
            waiting.len() >= BUFFER || output.line_buffered.get() && bytes.contains(&b'\n')
        });
        if is_due { self.flush() } else { Ok(()) }
    }

    fn flush(self) -> io::Result<()> {
        let waiting = self.with_output(|output| output.waiting.take());
        if waiting.is_empty() {
            return Ok(());
        }
        let written = if self == Channel::Stderr {
            io::stderr().lock().write_all(&waiting)
        } else {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&waiting).and_then(|()| stdout.flush())
        };
        // The buffer keeps its memory for the next lines.
        self.with_output(|output| {
            let mut empty = output.waiting.borrow_mut();
            if empty.is_empty() && empty.capacity() < waiting.capacity() {
                *empty = waiting;
                empty.clear();
            }
        });
        written
    }
}

/// Writes what waits in the buffers of stdout and stderr. The first error is given.
pub fn flush_all() -> io::Result<()> {
    let stdout = Channel::Stdout.flush();
    let stderr = Channel::Stderr.flush();
    stdout.and(stderr)
}

/// Tells where `sys.stdin`, `sys.stdout` and `sys.stderr` are looked up: the attributes of `sys`.
pub fn use_sys(attributes: &Gc<Dict>) {
    SYS.with_borrow_mut(|sys| *sys = Some(attributes.clone()));
}

/// `sys.stdin`, `sys.stdout` or `sys.stderr` as it is now: None when the script has deleted it.
pub fn current(name: &Str) -> Option<Value> {
    SYS.with_borrow(|sys| sys.as_ref().map(|attributes| attributes.get_str(name))).unwrap_or_else(|| {
        let names = symbols();
        let channel = match name {
            _ if name.same(&names.stdin) => Channel::Stdin,
            _ if name.same(&names.stderr) => Channel::Stderr,
            _ => Channel::Stdout,
        };
        Some(text_stream(channel))
    })
}

thread_local! {
    static STREAMS: [Value; 3] = [Channel::Stdin, Channel::Stdout, Channel::Stderr].map(|channel| {
        let stream = TextStream { channel, closed: Cell::new(false) };
        Value::Instance(Instance::with_payload(types().text_stream.clone(), stream))
    });
}

/// The object for a standard stream: always the same one.
pub fn text_stream(channel: Channel) -> Value {
    STREAMS.with(|streams| streams[channel.descriptor() as usize].clone())
}

/// A standard stream, seen as text.
pub struct TextStream {
    pub channel: Channel,
    closed: Cell<bool>,
}

impl Payload for TextStream {}

/// A standard stream, seen as bytes: `sys.stdout.buffer`.
struct BinaryStream(Channel);

impl Payload for BinaryStream {}

fn failed(error: io::Error) -> Raised {
    exceptions::from_io_error(&error, None)
}

fn unsupported(operation: &str) -> Raised {
    // io.UnsupportedOperation is both an OSError and a ValueError; the builtin of the two stands in.
    Raised::os_error(operation)
}

impl TextStream {
    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(Raised::value_error("I/O operation on closed file.")) } else { Ok(()) }
    }

    /// Writes text into the buffer.
    pub fn write(&self, text: &str) -> Result<()> {
        self.check_open()?;
        if self.channel == Channel::Stdin {
            return Err(unsupported("not writable"));
        }
        self.channel.append(text.as_bytes()).map_err(failed)
    }

    pub fn flush(&self) -> Result<()> {
        self.check_open()?;
        if self.channel == Channel::Stdin { Ok(()) } else { self.channel.flush().map_err(failed) }
    }

    fn check_readable(&self) -> Result<()> {
        self.check_open()?;
        if self.channel == Channel::Stdin { Ok(()) } else { Err(unsupported("not readable")) }
    }
}

// Reading.

/// Decodes one more line of stdin. False at the end of the input.
fn decode_line() -> Result<bool> {
    let mut line = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut line).map_err(failed)?;
    if line.is_empty() {
        return Ok(false);
    }
    let text = String::from_utf8(line).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let end = error.utf8_error().error_len().map_or(error.as_bytes().len(), |length| valid + length);
        let reason = match error.as_bytes().get(valid) {
            _ if error.utf8_error().error_len().is_none() => "unexpected end of data",
            Some(0x80..=0xc1 | 0xf5..) => "invalid start byte",
            _ => "invalid continuation byte",
        };
        let object = Value::Bytes(Gc::new(Bytes::new(error.as_bytes())));
        let args = vec![Value::str("utf-8"), object, Value::from(valid), Value::from(end), Value::str(reason)];
        Raised::new(&types().unicode_decode_error, args)
    })?;
    let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    DECODED.with_borrow_mut(|decoded| decoded.push_str(&text));
    Ok(true)
}

/// Takes text up to the end of the line, or so many characters.
fn take_line(limit: Option<usize>) -> Result<Str> {
    if DECODED.with_borrow(String::is_empty) {
        decode_line()?;
    }
    Ok(DECODED.with_borrow_mut(|decoded| {
        let line = decoded.find('\n').map_or(decoded.len(), |newline| newline + 1);
        let end = match limit {
            Some(limit) => decoded.char_indices().nth(limit).map_or(decoded.len(), |(index, _)| index).min(line),
            None => line,
        };
        Str::from(decoded.drain(..end).collect::<String>())
    }))
}

/// Takes so many characters, or all until the end.
fn take_text(limit: Option<usize>) -> Result<Str> {
    while limit.is_none_or(|limit| DECODED.with_borrow(|decoded| decoded.chars().nth(limit).is_none())) {
        if !decode_line()? {
            break;
        }
    }
    Ok(DECODED.with_borrow_mut(|decoded| {
        let end = limit.and_then(|limit| decoded.char_indices().nth(limit)).map_or(decoded.len(), |(index, _)| index);
        Str::from(decoded.drain(..end).collect::<String>())
    }))
}

/// A line of stdin with its newline; empty at the end.
pub fn read_line() -> Result<Str> {
    take_line(None)
}

// Methods of text streams.

fn text_of(this: &Value) -> Result<&TextStream> {
    this.payload::<TextStream>()
        .ok_or_else(|| Raised::type_error(format!("a standard stream is needed, not '{}'", this.type_name())))
}

fn write(_: &mut Vm, this: &Value, text: &Str) -> Result<Value> {
    text_of(this)?.write(text)?;
    Ok(Value::from(text.characters()))
}

fn writelines(vm: &mut Vm, this: &Value, lines: &Value) -> Result<()> {
    let stream = text_of(this)?;
    vm.for_each(lines, |_, line| match line.as_str() {
        Some(text) => stream.write(text),
        None => Err(Raised::type_error(format!("write() argument must be str, not {}", line.type_name()))),
    })
}

fn flush(_: &mut Vm, this: &Value) -> Result<()> {
    text_of(this)?.flush()
}

fn close(_: &mut Vm, this: &Value) -> Result<()> {
    let stream = text_of(this)?;
    if !stream.closed.get() {
        stream.flush()?;
        stream.closed.set(true);
    }
    Ok(())
}

fn limit(size: Option<i64>) -> Option<usize> {
    size.and_then(|size| usize::try_from(size).ok())
}

fn read(_: &mut Vm, this: &Value, size: Option<i64>) -> Result<Str> {
    text_of(this)?.check_readable()?;
    take_text(limit(size))
}

fn readline(_: &mut Vm, this: &Value, size: Option<i64>) -> Result<Str> {
    text_of(this)?.check_readable()?;
    take_line(limit(size))
}

fn readlines(vm: &mut Vm, this: &Value, hint: Option<i64>) -> Result<Value> {
    text_of(this)?.check_readable()?;
    let hint = hint.filter(|hint| *hint > 0);
    let (mut lines, mut total) = (Vec::new(), 0i64);
    loop {
        vm.check_interrupts()?;
        let line = take_line(None)?;
        if line.is_empty() {
            return Ok(Value::list(lines));
        }
        total = total.saturating_add(line.characters() as i64);
        lines.push(Value::Str(line));
        if hint.is_some_and(|hint| total >= hint) {
            return Ok(Value::list(lines));
        }
    }
}

fn iterate(_: &mut Vm, this: Value) -> Result<Value> {
    text_of(&this)?.check_open()?;
    Ok(this)
}

fn next(_: &mut Vm, this: &Value) -> Result<Str> {
    text_of(this)?.check_readable()?;
    let line = take_line(None)?;
    if line.is_empty() { Err(Raised::stop_iteration(Value::None)) } else { Ok(line) }
}

fn enter(_: &mut Vm, this: Value) -> Result<Value> {
    text_of(&this)?.check_open()?;
    Ok(this)
}

fn exit(vm: &mut Vm, this: &Value, _: &[Value]) -> Result<()> {
    close(vm, this)
}

fn is_terminal(_: &mut Vm, this: &Value) -> Result<bool> {
    Ok(channel_of(this)?.is_terminal())
}

fn descriptor(_: &mut Vm, this: &Value) -> Result<i64> {
    Ok(channel_of(this)?.descriptor())
}

fn is_readable(_: &mut Vm, this: &Value) -> Result<bool> {
    Ok(channel_of(this)? == Channel::Stdin)
}

fn is_writable(_: &mut Vm, this: &Value) -> Result<bool> {
    Ok(channel_of(this)? != Channel::Stdin)
}

fn is_seekable(_: &mut Vm, this: &Value) -> Result<bool> {
    channel_of(this).map(|_| false)
}

fn encoding(_: &mut Vm, this: &Value) -> Result<Value> {
    text_of(this).map(|_| Value::str("utf-8"))
}

fn errors(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::str(if text_of(this)?.channel == Channel::Stderr { "backslashreplace" } else { "strict" }))
}

fn newlines(_: &mut Vm, this: &Value) -> Result<()> {
    text_of(this).map(|_| ())
}

fn name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::str(channel_of(this)?.name()))
}

fn mode(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::str(if channel_of(this)? == Channel::Stdin { "r" } else { "w" }))
}

fn is_closed(_: &mut Vm, this: &Value) -> Result<bool> {
    Ok(text_of(this)?.closed.get())
}

fn line_buffering(_: &mut Vm, this: &Value) -> Result<bool> {
    let channel = text_of(this)?.channel;
    Ok(channel != Channel::Stdin && channel.with_output(|output| output.line_buffered.get()))
}

fn reconfigure(
    _: &mut Vm,
    this: &Value,
    encoding: Option<&Str>,
    errors: Option<&Str>,
    newline: Option<&Str>,
    line_buffering: Option<bool>,
    write_through: Option<bool>,
) -> Result<()> {
    let stream = text_of(this)?;
    if let Some(encoding) = encoding
        && !matches!(&*encoding.to_ascii_lowercase(), "utf-8" | "utf8")
    {
        return Err(Raised::lookup_error(format!("standard streams are UTF-8, not '{encoding}'")));
    }
    let _ = (errors, newline);
    stream.flush()?;
    if stream.channel != Channel::Stdin
        && let Some(on) = line_buffering.or(write_through)
    {
        stream.channel.with_output(|output| output.line_buffered.set(on));
    }
    Ok(())
}

fn binary(_: &mut Vm, this: &Value) -> Result<Value> {
    let channel = text_of(this)?.channel;
    let class = if channel == Channel::Stdin { &types().input_stream } else { &types().output_stream };
    Ok(Value::Instance(Instance::with_payload(class.clone(), BinaryStream(channel))))
}

fn repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let channel = text_of(this)?.channel;
    let mode = if channel == Channel::Stdin { "r" } else { "w" };
    Ok(format!("<_io.TextIOWrapper name='{}' mode='{mode}' encoding='utf-8'>", channel.name()).into())
}

// Methods of binary streams.

fn channel_of(this: &Value) -> Result<Channel> {
    if let Some(stream) = this.payload::<BinaryStream>() {
        return Ok(stream.0);
    }
    text_of(this).map(|stream| stream.channel)
}

fn write_bytes(vm: &mut Vm, this: &Value, data: &Value) -> Result<Value> {
    let channel = channel_of(this)?;
    if channel == Channel::Stdin {
        return Err(unsupported("not writable"));
    }
    let data = match data.native() {
        Value::Bytes(bytes) => bytes.clone(),
        // A bytearray or another object that makes bytes.
        Value::Instance(_) => match vm.call_special(data, &symbols().bytes, &[]) {
            Some(bytes) => match bytes? {
                Value::Bytes(bytes) => bytes,
                other => return Err(not_bytes(&other)),
            },
            None => return Err(not_bytes(data)),
        },
        other => return Err(not_bytes(other)),
    };
    channel.append(&data.data).map_err(failed)?;
    Ok(integer::from_u64(data.data.len() as u64))
}

fn not_bytes(value: &Value) -> Raised {
    Raised::type_error(format!("a bytes-like object is required, not '{}'", value.type_name()))
}

fn flush_bytes(_: &mut Vm, this: &Value) -> Result<()> {
    match channel_of(this)? {
        Channel::Stdin => Ok(()),
        channel => channel.flush().map_err(failed),
    }
}

fn read_bytes(_: &mut Vm, this: &Value, size: Option<i64>) -> Result<Value> {
    if channel_of(this)? != Channel::Stdin {
        return Err(unsupported("not readable"));
    }
    let mut data = Vec::new();
    let stdin = io::stdin().lock();
    match limit(size) {
        Some(limit) => stdin.take(limit as u64).read_to_end(&mut data),
        None => { stdin }.read_to_end(&mut data),
    }
    .map_err(failed)?;
    Ok(Value::Bytes(Gc::new(Bytes::new(data))))
}

fn read_line_bytes(_: &mut Vm, this: &Value) -> Result<Value> {
    if channel_of(this)? != Channel::Stdin {
        return Err(unsupported("not readable"));
    }
    let mut data = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut data).map_err(failed)?;
    Ok(Value::Bytes(Gc::new(Bytes::new(data))))
}

fn iterate_bytes(_: &mut Vm, this: Value) -> Value {
    this
}

fn next_bytes(vm: &mut Vm, this: &Value) -> Result<Value> {
    match read_line_bytes(vm, this)? {
        Value::Bytes(line) if line.data.is_empty() => Err(Raised::stop_iteration(Value::None)),
        line => Ok(line),
    }
}

fn repr_binary(_: &mut Vm, this: &Value) -> Result<Str> {
    Ok(format!("<{} name='{}'>", this.class().name(), channel_of(this)?.name()).into())
}

pub const METHODS: &[Native] = &[
    native!("write(self, text, /)", write(required, required), "Writes text and gives its length."),
    native!("writelines(self, lines, /)", writelines(required, required), "Writes all strings of an iterable."),
    native!("flush(self, /)", flush(required), "Sends what is waiting on its way."),
    native!("close(self, /)", close(required), "Flushes; afterwards the stream cannot be used."),
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many characters, or all."),
    native!(
        "readline(self, size=-1, /)",
        readline(required, optional),
        "Reads a line with its newline; empty at the end."
    ),
    native!("readlines(self, hint=-1, /)", readlines(required, optional), "A list of the lines that are left."),
    native!("__iter__(self, /)", iterate(required), "The stream itself, which gives lines."),
    native!("__next__(self, /)", next(required), "The next line."),
    native!("__enter__(self, /)", enter(required), "The stream itself."),
    native!("__exit__(self, /, *args)", exit(required, rest), "Closes the stream."),
    native!("isatty(self, /)", is_terminal(required), "Whether this is a terminal."),
    native!("fileno(self, /)", descriptor(required), "The number of the file descriptor."),
    native!("readable(self, /)", is_readable(required), "Whether it can be read."),
    native!("writable(self, /)", is_writable(required), "Whether it can be written."),
    native!("seekable(self, /)", is_seekable(required), "Whether its position can be set: never."),
    native!(
        "reconfigure(self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
        reconfigure(required, named, named, named, named, named),
        "Changes how the stream is buffered."
    ),
    native!("encoding(self, /)", encoding(required), "The encoding: utf-8.").getter(),
    native!("errors(self, /)", errors(required), "How errors of the encoding are handled.").getter(),
    native!("newlines(self, /)", newlines(required), "None: newlines are not recorded.").getter(),
    native!("name(self, /)", name(required), "The name in angle brackets.").getter(),
    native!("mode(self, /)", mode(required), "r or w.").getter(),
    native!("closed(self, /)", is_closed(required), "Whether it has been closed.").getter(),
    native!("line_buffering(self, /)", line_buffering(required), "Whether each line is sent at once.").getter(),
    native!("buffer(self, /)", binary(required), "The same stream, for bytes.").getter(),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];

pub const BINARY_METHODS: &[Native] = &[
    native!("write(self, data, /)", write_bytes(required, required), "Writes bytes and gives their number."),
    native!("flush(self, /)", flush_bytes(required), "Sends what is waiting on its way."),
    native!("read(self, size=-1, /)", read_bytes(required, optional), "Reads so many bytes, or all."),
    native!("readline(self, /)", read_line_bytes(required), "Reads a line with its newline; empty at the end."),
    native!("__iter__(self, /)", iterate_bytes(required), "The stream itself, which gives lines."),
    native!("__next__(self, /)", next_bytes(required), "The next line."),
    native!("isatty(self, /)", is_terminal(required), "Whether this is a terminal."),
    native!("fileno(self, /)", descriptor(required), "The number of the file descriptor."),
    native!("readable(self, /)", is_readable(required), "Whether it can be read."),
    native!("writable(self, /)", is_writable(required), "Whether it can be written."),
    native!("seekable(self, /)", is_seekable(required), "Whether its position can be set: never."),
    native!("name(self, /)", name(required), "The name in angle brackets.").getter(),
    native!("__repr__(self, /)", repr_binary(required), "Return repr(self)."),
];
