//! The ends of lines: `\n`, `\r` and `\r\n` made one, counted, and found.

use std::cell::{Cell, RefCell};

use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value};
use crate::vm::Vm;

/// The argument `newline` of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    /// None: every end becomes `\n` when read, `\n` that of the system when written.
    Translated,
    /// `''`: every end counts and is left alone.
    Universal,
    /// Only this one counts.
    Only(&'static str),
}

impl Newline {
    /// From an argument. TypeError, ValueError.
    pub fn of(value: &Value) -> Result<Newline> {
        if value.is_none() {
            return Ok(Newline::Translated);
        }
        let Some(text) = value.as_str() else {
            return Err(Raised::type_error(format!("newline must be str or None, not {}", value.type_name())));
        };
        Ok(match &**text {
            "" => Newline::Universal,
            "\n" => Newline::Only("\n"),
            "\r" => Newline::Only("\r"),
            "\r\n" => Newline::Only("\r\n"),
            _ => return Err(Raised::value_error(format!("illegal newline value: {}", quoted(text)))),
        })
    }

    /// Whether all three ends are looked for when reading.
    pub fn is_universal(self) -> bool {
        !matches!(self, Newline::Only(_))
    }

    /// What is written for `\n`, if it is something else.
    pub fn written(self) -> Option<&'static str> {
        match self {
            Newline::Only(end) if end != "\n" => Some(end),
            _ => None,
        }
    }

    /// The length in bytes of the first line of a text with its end. None when there is no end in it.
    pub fn line_length(self, text: &str) -> Option<usize> {
        let data = text.as_bytes();
        match self {
            Newline::Translated | Newline::Only("\n") => memchr::memchr(b'\n', data).map(|place| place + 1),
            Newline::Universal => memchr::memchr2(b'\n', b'\r', data).map(|place| {
                if data[place] == b'\r' && data.get(place + 1) == Some(&b'\n') { place + 2 } else { place + 1 }
            }),
            Newline::Only(end) => text.find(end).map(|place| place + end.len()),
        }
    }
}

fn quoted(text: &str) -> String {
    let mut shown = crate::memory::StrBuilder::new();
    crate::value::str_repr::write_repr(text, &mut shown);
    shown.finish().to_string()
}

/// Makes the ends of lines one, in text that comes in pieces.
#[derive(Clone, Default)]
pub struct NewlineDecoder {
    pub translates: bool,
    /// Whether a `\r` at the end of a piece waits for what follows.
    pub holds_return: bool,
    /// The ends seen: bits for `\r`, `\n`, `\r\n`.
    seen: u8,
}

const RETURN: u8 = 1;
const LINE_FEED: u8 = 2;
const BOTH: u8 = 4;

impl NewlineDecoder {
    pub fn new(translates: bool) -> NewlineDecoder {
        NewlineDecoder { translates, ..NewlineDecoder::default() }
    }

    /// The text with what was held back, ends of lines counted, and translated if that is wanted.
    pub fn decode(&mut self, piece: &Str, is_final: bool) -> Str {
        let mut text = piece.clone();
        if self.holds_return && (is_final || !text.is_empty()) {
            text = Str::from(format!("\r{text}"));
            self.holds_return = false;
        }
        if !is_final && text.ends_with('\r') {
            text = Str::new(&text[..text.len() - 1]);
            self.holds_return = true;
        }
        let data = text.as_bytes();
        if memchr::memchr(b'\r', data).is_none() {
            if self.seen & LINE_FEED == 0 && memchr::memchr(b'\n', data).is_some() {
                self.seen |= LINE_FEED;
            }
            return text;
        }
        let mut previous = 0;
        for (index, byte) in data.iter().enumerate() {
            match byte {
                b'\n' if previous == b'\r' => self.seen |= BOTH,
                b'\n' => self.seen |= LINE_FEED,
                b'\r' if data.get(index + 1) != Some(&b'\n') => self.seen |= RETURN,
                _ => {}
            }
            previous = *byte;
        }
        if self.translates { Str::from(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
    }

    /// The attribute `newlines`: None, an end, or a tuple of ends.
    pub fn newlines(&self) -> Value {
        let ends = [(RETURN, "\r"), (LINE_FEED, "\n"), (BOTH, "\r\n")];
        let mut seen: Vec<Value> =
            ends.iter().filter(|(bit, _)| self.seen & bit != 0).map(|(_, end)| Value::str(end)).collect();
        match seen.len() {
            0 => Value::None,
            1 => seen.remove(0),
            _ => Value::tuple(seen),
        }
    }

    pub fn reset(&mut self) {
        self.holds_return = false;
        self.seen = 0;
    }
}

/// IncrementalNewlineDecoder: the same around another decoder, for scripts.
struct Wrapped {
    decoder: Mutable<Value>,
    state: RefCell<NewlineDecoder>,
    is_ready: Cell<bool>,
}

impl Payload for Wrapped {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.decoder.borrow().trace(tracer);
    }

    fn clear(&self) {
        drop(self.decoder.replace(Value::None));
    }
}

impl<'a> FromArgument<'a> for &'a Wrapped {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Wrapped>().ok_or(Mismatch::Expected("_io.IncrementalNewlineDecoder"))
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let wrapped = Wrapped { decoder: Mutable::new(Value::None), state: RefCell::default(), is_ready: Cell::new(false) };
    Value::Instance(Instance::with_payload(class.clone(), wrapped))
}

fn init(_: &mut Vm, this: &Wrapped, decoder: Value, translate: bool, _: Option<&Value>) {
    drop(this.decoder.replace(decoder));
    this.state.replace(NewlineDecoder::new(translate));
    this.is_ready.set(true);
}

fn check_ready(this: &Wrapped) -> Result<()> {
    if this.is_ready.get() {
        Ok(())
    } else {
        Err(Raised::value_error("IncrementalNewlineDecoder.__init__() not called"))
    }
}

fn decode(vm: &mut Vm, this: &Wrapped, input: Value, is_final: Option<bool>) -> Result<Str> {
    check_ready(this)?;
    let is_final = is_final.unwrap_or(false);
    let decoder = this.decoder.get();
    let text = match decoder {
        Value::None => input,
        decoder => vm.call_method(&decoder, &Str::intern("decode"), &[input, Value::Bool(is_final)])?,
    };
    match text.as_str() {
        Some(text) => Ok(this.state.borrow_mut().decode(text, is_final)),
        None => {
            let kind = text.type_name();
            Err(Raised::type_error(format!("decoder should return a string result, not '{kind}'")))
        }
    }
}

fn getstate(vm: &mut Vm, this: &Wrapped) -> Result<Value> {
    check_ready(this)?;
    let decoder = this.decoder.get();
    let (buffer, flag) = match decoder {
        Value::None => (crate::value::bytes::new(&b""[..]), 0),
        decoder => {
            let state = vm.call_method(&decoder, &Str::intern("getstate"), &[])?;
            match state.native() {
                Value::Tuple(parts) if parts.items().len() == 2 => {
                    (parts.items()[0].clone(), vm.index(&parts.items()[1])?)
                }
                _ => return Err(Raised::type_error("illegal decoder state")),
            }
        }
    };
    let flag = flag << 1 | i64::from(this.state.borrow().holds_return);
    Ok(Value::tuple(vec![buffer, Value::Int(flag)]))
}

fn setstate(vm: &mut Vm, this: &Wrapped, state: &Value) -> Result<()> {
    check_ready(this)?;
    let Value::Tuple(parts) = state.native() else {
        return Err(Raised::type_error("state argument must be a tuple"));
    };
    let [buffer, flag] = parts.items() else { return Err(Raised::type_error("illegal decoder state")) };
    let flag = vm.index(flag)?;
    this.state.borrow_mut().holds_return = flag & 1 == 1;
    let decoder = this.decoder.get();
    if !decoder.is_none() {
        let inner = Value::tuple(vec![buffer.clone(), Value::Int(flag >> 1)]);
        vm.call_method(&decoder, &Str::intern("setstate"), &[inner])?;
    }
    Ok(())
}

fn reset(vm: &mut Vm, this: &Wrapped) -> Result<()> {
    check_ready(this)?;
    this.state.borrow_mut().reset();
    let decoder = this.decoder.get();
    if !decoder.is_none() {
        vm.call_method(&decoder, &Str::intern("reset"), &[])?;
    }
    Ok(())
}

fn newlines(_: &mut Vm, this: &Wrapped) -> Result<Value> {
    check_ready(this)?;
    Ok(this.state.borrow().newlines())
}

/// The rows of IncrementalNewlineDecoder.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A decoder that is not set up.")
        .static_method(),
    native!(
        "__init__(self, decoder, translate, errors='strict')",
        init(required, required, required, optional),
        "Puts it around a decoder, or None."
    ),
    native!("decode(self, input, final=False)", decode(required, required, optional), "The text of the next piece."),
    native!("getstate(self, /)", getstate(required), "What is held back."),
    native!("setstate(self, state, /)", setstate(required, required), "Goes back to a state."),
    native!("reset(self, /)", reset(required), "Begins anew."),
    native!("newlines(self, /)", newlines(required), "The ends of lines seen so far.").getter(),
];
