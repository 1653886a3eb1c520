//! The standard streams as `print` and the ends of programs see them: two channels out.
//!
//! What is written to stdout waits in a buffer of this thread until the buffer is full, a flush is
//! asked for, or (on a terminal) a line ends; stderr goes out with each line. `flush_all` empties both
//! and must be called on every way out of the program. A failed write raises the OSError of its cause
//! and gives up what was waiting, so that nothing is tried twice. The objects `sys.stdin` and so on are
//! made by a layer above (`use_maker`); they write through the same channels.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write};

use super::codec::errors::encode_error;
use super::exceptions;
use crate::memory::surrogate;
use crate::value::str_repr::write_escape;
use crate::value::{Dict, Gc, Raised, Result, Str, Value, symbols};

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
    /// Whether text goes out as it is: the stream is open, in UTF-8, with plain ends of lines.
    is_plain: Cell<bool>,
    /// Where the object for it is; 0 before it is made.
    object: Cell<usize>,
}

impl Output {
    fn new(line_buffered: bool) -> Output {
        Output {
            waiting: RefCell::default(),
            line_buffered: Cell::new(line_buffered),
            is_plain: Cell::new(true),
            object: Cell::new(0),
        }
    }
}

/// Makes the object for a standard stream, always the same one.
type Maker = fn(Channel) -> Value;

thread_local! {
    static STDOUT: Output = Output::new(io::stdout().is_terminal());
    static STDERR: Output = Output::new(true);
    /// The attributes of the module `sys`, where a script may have put streams of its own.
    static SYS: RefCell<Option<Gc<Dict>>> = const { RefCell::new(None) };
    static MAKER: Cell<Maker> = const { Cell::new(|_| Value::None) };
}

impl Channel {
    /// The name in angle brackets.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Stdin => "<stdin>",
            Channel::Stdout => "<stdout>",
            Channel::Stderr => "<stderr>",
        }
    }

    /// The number of its descriptor.
    pub fn descriptor(self) -> i32 {
        match self {
            Channel::Stdin => 0,
            Channel::Stdout => 1,
            Channel::Stderr => 2,
        }
    }

    fn with_output<T>(self, work: impl FnOnce(&Output) -> T) -> T {
        match self {
            Channel::Stderr => STDERR.with(work),
            _ => STDOUT.with(work),
        }
    }

    /// Tells which object stands for the channel.
    pub fn set_object(self, object: &Value) {
        if self != Channel::Stdin {
            self.with_output(|output| output.object.set(object.address()));
        }
    }

    /// Whether text may go into the channel as it is, past its object.
    pub fn set_plain(self, is_plain: bool) {
        if self != Channel::Stdin {
            self.with_output(|output| output.is_plain.set(is_plain));
        }
    }

    /// Whether each line goes out at once.
    pub fn is_line_buffered(self) -> bool {
        self != Channel::Stdin && self.with_output(|output| output.line_buffered.get())
    }

    /// Sets whether each line goes out at once.
    pub fn set_line_buffered(self, on: bool) {
        if self != Channel::Stdin {
            self.with_output(|output| output.line_buffered.set(on));
        }
    }

    /// Puts bytes into the buffer, and on their way when it is time.
    pub fn append(self, bytes: &[u8]) -> io::Result<()> {
        let is_due = self.with_output(|output| {
            let mut waiting = output.waiting.borrow_mut();
            waiting.extend_from_slice(bytes);
            waiting.len() >= BUFFER || output.line_buffered.get() && bytes.contains(&b'\n')
        });
        if is_due { self.flush() } else { Ok(()) }
    }

    /// Writes text into the buffer. Lone surrogates are an error, but shown as escapes on stderr.
    pub fn write(self, text: &str) -> Result<()> {
        if surrogate::occurs_in(text) {
            return self.write_surrogates(text);
        }
        self.append(text.as_bytes()).map_err(failed)
    }

    #[cold]
    fn write_surrogates(self, text: &str) -> Result<()> {
        let is_wrong = |character: &char| surrogate::stands_for_one(*character);
        if self != Channel::Stderr {
            let characters: Vec<char> = text.chars().collect();
            let start = characters.iter().position(is_wrong).unwrap_or(0);
            let end = start + characters[start..].iter().take_while(|character| is_wrong(character)).count();
            return Err(encode_error("utf-8", &Str::new(text), start, end, "surrogates not allowed"));
        }
        let mut shown = String::with_capacity(text.len() + 8);
        for character in text.chars() {
            if is_wrong(&character) { write_escape(character, &mut shown) } else { shown.push(character) }
        }
        self.append(shown.as_bytes()).map_err(failed)
    }

    /// Writes what waits.
    pub fn flush(self) -> io::Result<()> {
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

/// The exception for a failed write.
pub fn failed(error: io::Error) -> Raised {
    exceptions::from_io_error(&error, None)
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

/// Tells who makes the objects of the standard streams.
pub fn use_maker(maker: Maker) {
    MAKER.set(maker);
}

/// The object for a standard stream: always the same one.
pub fn object(channel: Channel) -> Value {
    MAKER.get()(channel)
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
        Some(object(channel))
    })
}

/// The channel behind a value, when text may be written to it without a call.
#[inline]
pub fn channel_of(stream: &Value) -> Option<Channel> {
    let Value::Instance(_) = stream else { return None };
    let address = stream.address();
    [Channel::Stdout, Channel::Stderr]
        .into_iter()
        .find(|channel| channel.with_output(|output| output.is_plain.get() && output.object.get() == address))
}
