//! TextIOWrapper: text on top of a stream of bytes. Its state, and how it writes.
//!
//! What is written is encoded at once and waits in `pending` until there is a chunk of it. What is read
//! is decoded chunk by chunk into `decoded` (`text_reading`); the snapshot taken before each chunk tells
//! positions (`text_position`). A standard stream writes into the buffer of `print`.

use std::cell::{Cell, RefCell};

use super::base::is_exactly;
use super::buffered::Buffered;
use super::newline::{Newline, NewlineDecoder};
use super::{classes, unsupported};
use crate::builtins::codec::stream::{StreamDecoder, StreamEncoder};
use crate::builtins::exceptions;
use crate::builtins::stream::Channel;
use crate::memory::{Tracer, surrogate};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Mutable, Raised, Result, Str, Value, bytes, symbols};
use crate::vm::Vm;

/// How much is read or written at once.
pub const CHUNK: usize = 8192;

/// Bytes to text, with the ends of lines.
#[derive(Clone)]
pub struct TextDecoder {
    pub codec: StreamDecoder,
    pub newline: Option<NewlineDecoder>,
}

impl TextDecoder {
    pub fn decode(&mut self, vm: &mut Vm, data: &[u8], is_final: bool) -> Result<Str> {
        let text = self.codec.decode(vm, data, is_final)?;
        Ok(match &mut self.newline {
            Some(newline) => newline.decode(&text, is_final),
            None => text,
        })
    }

    pub fn reset(&mut self, is_start: bool) {
        self.codec.reset(is_start);
        if let Some(newline) = &mut self.newline {
            newline.holds_return = false;
        }
    }

    /// Whether nothing is held back.
    pub fn is_clean(&self) -> bool {
        self.codec.pending().is_empty() && !self.newline.as_ref().is_some_and(|newline| newline.holds_return)
    }
}

/// The decoder as it was before a chunk, and the bytes of the chunk.
pub struct Snapshot {
    pub decoder: TextDecoder,
    pub input: Vec<u8>,
}

/// Decoded text that waits to be read.
pub struct Decoded {
    pub text: Str,
    /// How many bytes of it have been read.
    pub used: usize,
}

impl Default for Decoded {
    fn default() -> Decoded {
        Decoded { text: Str::new(""), used: 0 }
    }
}

impl Decoded {
    pub fn rest(&self) -> &str {
        &self.text[self.used..]
    }
}

/// What can be set when a wrapper is made, and later by `reconfigure`.
pub struct Settings {
    pub encoding: Str,
    pub errors: Str,
    pub newline: Newline,
    pub line_buffering: bool,
    pub write_through: bool,
}

/// The state of a TextIOWrapper.
#[derive(Default)]
pub struct Text {
    /// The stream below: unbound before `__init__`, None once it was detached.
    pub buffer: Mutable<Value>,
    pub settings: RefCell<Option<Settings>>,
    pub encoder: RefCell<Option<StreamEncoder>>,
    pub decoder: RefCell<Option<TextDecoder>>,
    pub pending: RefCell<Vec<u8>>,
    pub decoded: RefCell<Decoded>,
    pub snapshot: RefCell<Option<Snapshot>>,
    pub is_seekable: Cell<bool>,
    /// Whether positions can be told: not while lines are given one after the other.
    pub tells: Cell<bool>,
    pub channel: Cell<Option<Channel>>,
}

impl Payload for Text {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.buffer.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.buffer.replace(Value::None));
    }
}

impl<'a> FromArgument<'a> for &'a Text {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Text>().ok_or(Mismatch::Expected("_io.TextIOWrapper"))
    }
}

impl Text {
    /// The stream below. ValueError when there is none.
    pub fn buffer(&self) -> Result<Value> {
        match self.buffer.get() {
            Value::Unbound => Err(Raised::value_error("I/O operation on uninitialized object")),
            Value::None => Err(Raised::value_error("underlying buffer has been detached")),
            buffer => Ok(buffer),
        }
    }

    /// The stream below, of a wrapper that is open.
    pub fn open_buffer(&self, vm: &mut Vm, this: &Value) -> Result<Value> {
        let buffer = self.buffer()?;
        let is_closed = match Buffered::of_exact(&buffer) {
            Some(buffered) if is_exactly(this, &classes().text) => {
                let raw = buffered.raw()?;
                super::raw::is_closed(vm, &raw)?
            }
            _ => super::base::is_closed(vm, this)?,
        };
        if is_closed { Err(super::base::closed_error()) } else { Ok(buffer) }
    }

    /// Looks at the settings.
    pub fn settings<T>(&self, look: impl FnOnce(&Settings) -> T) -> Result<T> {
        match &*self.settings.borrow() {
            Some(settings) => Ok(look(settings)),
            None => Err(Raised::value_error("I/O operation on uninitialized object")),
        }
    }

    /// Sets up encoder and decoder for the settings.
    pub fn configure(&self, settings: Settings, reads: bool, writes: bool) -> Result<()> {
        let decoder = reads.then(|| {
            let newline = settings.newline;
            let newline = newline.is_universal().then(|| NewlineDecoder::new(newline == Newline::Translated));
            Ok(TextDecoder { codec: StreamDecoder::new(&settings.encoding, &settings.errors)?, newline })
        });
        let encoder = writes.then(|| StreamEncoder::new(&settings.encoding, &settings.errors));
        self.decoder.replace(decoder.transpose()?);
        self.encoder.replace(encoder.transpose()?);
        self.settings.replace(Some(settings));
        Ok(())
    }

    /// Forgets what has been decoded and not been read.
    pub fn forget(&self) {
        self.decoded.replace(Decoded::default());
        self.snapshot.replace(None);
    }

    /// Encodes text for the stream below.
    fn encode(&self, vm: &mut Vm, text: &Str) -> Result<Vec<u8>> {
        let Some(mut encoder) = self.encoder.borrow().clone() else { return Err(unsupported("not writable")) };
        let data = encoder.encode(vm, text)?;
        self.encoder.replace(Some(encoder));
        Ok(data)
    }

    /// Writes text.
    pub fn write(&self, vm: &mut Vm, this: &Value, text: &Str) -> Result<()> {
        let buffer = self.open_buffer(vm, this)?;
        let (written, line_buffering, write_through) =
            self.settings(|settings| (settings.newline.written(), settings.line_buffering, settings.write_through))?;
        let is_plain = self.encoder.borrow().as_ref().is_some_and(StreamEncoder::is_plain);
        let has_surrogates = !text.is_ascii() && surrogate::occurs_in(text);
        if is_plain
            && written.is_none()
            && !write_through
            && let Some(channel) = self.channel.get()
        {
            let appended = match has_surrogates {
                true => channel.append(&self.encode(vm, text)?),
                false => channel.append(text.as_bytes()),
            };
            return appended.map_err(|error| exceptions::from_io_error(&error, None));
        }
        let has_end = (written.is_some() || line_buffering) && text.contains('\n');
        let sends_line = line_buffering && (has_end || text.contains('\r'));
        let translated = match written {
            Some(end) if has_end => Str::from(text.replace('\n', end)),
            _ => text.clone(),
        };
        if is_plain && !has_surrogates {
            self.append(vm, &buffer, translated.as_bytes())?;
        } else {
            let data = self.encode(vm, &translated)?;
            self.append(vm, &buffer, &data)?;
        }
        if self.pending.borrow().len() >= CHUNK || sends_line || write_through {
            self.write_pending(vm, &buffer)?;
        }
        if sends_line {
            vm.call_method(&buffer, &symbols().flush, &[])?;
        }
        self.forget();
        if let Some(decoder) = &mut *self.decoder.borrow_mut() {
            decoder.reset(false);
        }
        Ok(())
    }

    fn append(&self, vm: &mut Vm, buffer: &Value, data: &[u8]) -> Result<()> {
        let waiting = self.pending.borrow().len();
        if waiting > 0 && waiting + data.len() > CHUNK {
            self.write_pending(vm, buffer)?;
        }
        self.pending.borrow_mut().extend_from_slice(data);
        Ok(())
    }

    /// Passes on what waits. What could not be written is given up by the one below, or goes on waiting
    /// there.
    pub fn write_pending(&self, vm: &mut Vm, buffer: &Value) -> Result<()> {
        let mut data = self.pending.take();
        if data.is_empty() {
            return Ok(());
        }
        if let Some(buffered) = Buffered::of_exact(buffer) {
            let outcome = buffered.write(vm, &data);
            data.clear();
            let mut pending = self.pending.borrow_mut();
            if pending.is_empty() {
                // The buffer keeps its memory.
                *pending = data;
            }
            return outcome;
        }
        vm.call_method(buffer, &symbols().write, &[bytes::new(data)]).map(drop)
    }

    /// Passes on what waits, here and below.
    pub fn flush(&self, vm: &mut Vm, this: &Value) -> Result<()> {
        let buffer = self.open_buffer(vm, this)?;
        self.write_pending(vm, &buffer)?;
        vm.call_method(&buffer, &symbols().flush, &[]).map(drop)
    }
}
