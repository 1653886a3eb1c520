//! StringIO: a text stream in memory.
//!
//! As long as text is only added at the end it is kept as one string, which `getvalue` gives as it is.
//! Anything else makes it a list of characters, since positions count characters.

use std::cell::{Cell, RefCell};

use super::base::limit;
use super::newline::{Newline, NewlineDecoder};
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

enum Store {
    /// Text and its number of characters; the position is its end.
    Growing(String, usize),
    Characters(Vec<char>),
}

/// The state of a StringIO.
struct StringBuffer {
    store: RefCell<Store>,
    position: Cell<usize>,
    newline: Cell<Newline>,
    decoder: RefCell<Option<NewlineDecoder>>,
    is_open: Cell<bool>,
    is_ready: Cell<bool>,
}

impl Payload for StringBuffer {}

impl<'a> FromArgument<'a> for &'a StringBuffer {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<StringBuffer>().ok_or(Mismatch::Expected("_io.StringIO"))
    }
}

impl StringBuffer {
    fn check_open(&self) -> Result<()> {
        match (self.is_ready.get(), self.is_open.get()) {
            (false, _) => Err(Raised::value_error("I/O operation on uninitialized object")),
            (_, false) => Err(Raised::value_error("I/O operation on closed file")),
            _ => Ok(()),
        }
    }

    /// Works with the characters one by one.
    fn with_characters<T>(&self, work: impl FnOnce(&mut Vec<char>) -> T) -> T {
        let mut store = self.store.borrow_mut();
        if let Store::Growing(text, _) = &*store {
            *store = Store::Characters(text.chars().collect());
        }
        match &mut *store {
            Store::Characters(characters) => work(characters),
            Store::Growing(..) => work(&mut Vec::new()),
        }
    }

    fn write(&self, text: &Str) {
        let decoded = match &mut *self.decoder.borrow_mut() {
            Some(decoder) => decoder.decode(text, true),
            None => text.clone(),
        };
        let translated = match self.newline.get().written() {
            Some(end) if decoded.contains('\n') => Str::from(decoded.replace('\n', end)),
            _ => decoded,
        };
        let count = translated.characters();
        if let Store::Growing(all, length) = &mut *self.store.borrow_mut()
            && self.position.get() == *length
        {
            all.push_str(&translated);
            *length += count;
            self.position.set(*length);
            return;
        }
        let start = self.position.get();
        self.with_characters(|characters| {
            if characters.len() < start + count && count > 0 {
                characters.resize(start + count, '\0');
            }
            for (place, character) in characters.iter_mut().skip(start).zip(translated.chars()) {
                *place = character;
            }
        });
        self.position.set(start + count);
    }

    fn value(&self) -> Str {
        match &*self.store.borrow() {
            Store::Growing(text, characters) => Str::with_length(text, *characters),
            Store::Characters(characters) => Str::from(characters.iter().collect::<String>()),
        }
    }

    /// Takes characters from the position to an end.
    fn take(&self, find_end: impl FnOnce(&[char]) -> usize) -> Str {
        let start = self.position.get();
        self.with_characters(|characters| {
            let rest = characters.get(start..).unwrap_or(&[]);
            let count = find_end(rest);
            self.position.set(start + count);
            Str::from(rest[..count].iter().collect::<String>())
        })
    }

    fn readline(&self, size: Option<usize>) -> Str {
        let newline = self.newline.get();
        self.take(|rest| {
            let rest = &rest[..rest.len().min(size.unwrap_or(usize::MAX))];
            line_length(newline, rest).unwrap_or(rest.len())
        })
    }
}

/// The length of the first line with its end; None when there is no end.
fn line_length(newline: Newline, text: &[char]) -> Option<usize> {
    match newline {
        Newline::Translated | Newline::Only("\n") => text.iter().position(|c| *c == '\n').map(|place| place + 1),
        Newline::Only("\r") => text.iter().position(|c| *c == '\r').map(|place| place + 1),
        Newline::Only(_) => text.windows(2).position(|pair| pair == ['\r', '\n']).map(|place| place + 2),
        Newline::Universal => text
            .iter()
            .position(|c| matches!(c, '\n' | '\r'))
            .map(|place| if text[place] == '\r' && text.get(place + 1) == Some(&'\n') { place + 2 } else { place + 1 }),
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let buffer = StringBuffer {
        store: RefCell::new(Store::Growing(String::new(), 0)),
        position: Cell::new(0),
        newline: Cell::new(Newline::Only("\n")),
        decoder: RefCell::new(None),
        is_open: Cell::new(true),
        is_ready: Cell::new(false),
    };
    Value::Instance(Instance::with_payload(class.clone(), buffer))
}

fn init(_: &mut Vm, this: &StringBuffer, initial: Option<&Value>, newline: Option<&Value>) -> Result<()> {
    this.is_ready.set(false);
    let newline = match newline {
        None => Newline::Only("\n"),
        Some(newline) => Newline::of(newline, true)?,
    };
    let text = match initial {
        None | Some(Value::None) => None,
        Some(initial) => match initial.as_str() {
            Some(text) => Some(text),
            None => {
                let kind = initial.type_name();
                return Err(Raised::type_error(format!("initial_value must be str or None, not {kind}")));
            }
        },
    };
    this.newline.set(newline);
    let decoder = newline.is_universal().then(|| NewlineDecoder::new(newline == Newline::Translated));
    this.decoder.replace(decoder);
    this.store.replace(Store::Growing(String::new(), 0));
    this.position.set(0);
    if let Some(text) = text {
        this.write(text);
    }
    this.position.set(0);
    this.is_ready.set(true);
    this.is_open.set(true);
    Ok(())
}

fn write(_: &mut Vm, this: &StringBuffer, text: &Value) -> Result<usize> {
    let Some(text) = text.as_str() else {
        return Err(Raised::type_error(format!("string argument expected, got '{}'", text.type_name())));
    };
    this.check_open()?;
    if !text.is_empty() {
        this.write(text);
    }
    Ok(text.characters())
}

fn read(_: &mut Vm, this: &StringBuffer, size: Option<i64>) -> Result<Str> {
    this.check_open()?;
    Ok(this.take(|rest| rest.len().min(limit(size).unwrap_or(usize::MAX))))
}

fn readline(_: &mut Vm, this: &StringBuffer, size: Option<i64>) -> Result<Str> {
    this.check_open()?;
    Ok(this.readline(limit(size)))
}

fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    let buffer = this.payload::<StringBuffer>().ok_or_else(|| Raised::type_error("this is not a StringIO"))?;
    buffer.check_open()?;
    let line = if super::base::is_exactly(this, &super::classes().string_buffer) {
        Value::Str(buffer.readline(None))
    } else {
        vm.call_method(this, &symbols().readline, &[])?
    };
    match line.as_str() {
        Some(text) if text.is_empty() => Err(Raised::stop_iteration(Value::None)),
        Some(_) => Ok(line),
        None => {
            let kind = line.type_name();
            Err(Raised::os_error(format!("readline() should have returned a str object, not '{kind}'")))
        }
    }
}

fn getvalue(_: &mut Vm, this: &StringBuffer) -> Result<Str> {
    this.check_open()?;
    Ok(this.value())
}

fn tell(_: &mut Vm, this: &StringBuffer) -> Result<usize> {
    this.check_open()?;
    Ok(this.position.get())
}

fn seek(_: &mut Vm, this: &StringBuffer, offset: i64, whence: Option<i64>) -> Result<usize> {
    this.check_open()?;
    let position = match whence.unwrap_or(0) {
        0 => usize::try_from(offset).map_err(|_| Raised::value_error(format!("Negative seek position {offset}")))?,
        1 | 2 if offset != 0 => return Err(Raised::os_error("Can't do nonzero cur-relative seeks")),
        1 => this.position.get(),
        2 => match &*this.store.borrow() {
            Store::Growing(_, length) => *length,
            Store::Characters(characters) => characters.len(),
        },
        other => return Err(Raised::value_error(format!("Invalid whence ({other}, should be 0, 1 or 2)"))),
    };
    this.position.set(position);
    Ok(position)
}

fn truncate(vm: &mut Vm, this: &StringBuffer, size: Option<&Value>) -> Result<i64> {
    this.check_open()?;
    let size = match size {
        None | Some(Value::None) => this.position.get() as i64,
        Some(size) => vm.index(size)?,
    };
    let length = usize::try_from(size).map_err(|_| Raised::value_error(format!("Negative size value {size}")))?;
    this.with_characters(|characters| characters.truncate(length));
    Ok(size)
}

fn close(_: &mut Vm, this: &StringBuffer) {
    this.is_open.set(false);
    this.store.replace(Store::Growing(String::new(), 0));
}

fn closed(_: &mut Vm, this: &StringBuffer) -> Result<bool> {
    if this.is_ready.get() {
        Ok(!this.is_open.get())
    } else {
        Err(Raised::value_error("I/O operation on uninitialized object"))
    }
}

fn yes(_: &mut Vm, this: &StringBuffer) -> Result<bool> {
    this.check_open().map(|()| true)
}

fn no(_: &mut Vm, this: &StringBuffer) -> Result<bool> {
    this.check_open().map(|()| false)
}

fn newlines(_: &mut Vm, this: &StringBuffer) -> Result<Value> {
    this.check_open()?;
    Ok(this.decoder.borrow().as_ref().map_or(Value::None, NewlineDecoder::newlines))
}

/// The rows of StringIO.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A stream that is not set up.")
        .static_method(),
    native!("__init__(self, initial_value='', newline='\\n')", init(required, optional, optional), "Fills the stream."),
    native!("write(self, s, /)", write(required, required), "Writes text and gives its length."),
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many characters, or all."),
    native!("readline(self, size=-1, /)", readline(required, optional), "Reads a line with its end."),
    native!("__next__(self, /)", next(required), "The next line."),
    native!("getvalue(self, /)", getvalue(required), "All of the text, wherever the position is."),
    native!("tell(self, /)", tell(required), "The position."),
    native!("seek(self, pos, whence=0, /)", seek(required, required, optional), "Changes the position."),
    native!("truncate(self, pos=None, /)", truncate(required, optional), "Cuts the text off at a length."),
    native!("close(self, /)", close(required), "Gives up the text."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("readable(self, /)", yes(required), "Whether it can be read: always."),
    native!("writable(self, /)", yes(required), "Whether it can be written: always."),
    native!("seekable(self, /)", yes(required), "Whether the position can be changed: always."),
    native!("line_buffering(self, /)", no(required), "Whether each line is passed on: never.").getter(),
    native!("newlines(self, /)", newlines(required), "The ends of lines seen so far.").getter(),
];
