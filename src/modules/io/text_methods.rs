//! TextIOWrapper as scripts see it.

use super::base::{self, limit};
use super::file::class_name;
use super::newline::Newline;
use super::text::{CHUNK, Settings, Text};
use super::text_reading;
use super::{raw, remember, unsupported};
use crate::builtins::codec;
use crate::native;
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

fn state(this: &Value) -> Result<&Text> {
    this.payload().ok_or_else(|| Raised::type_error("this is not a TextIOWrapper"))
}

/// A wrapper of a class, on nothing yet.
pub fn make(class: &Class) -> Value {
    let text = Text { buffer: Mutable::new(Value::Unbound), ..Text::default() };
    Value::Instance(Instance::with_payload(class.clone(), text))
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    make(class)
}

/// The name of an encoding from an argument: `locale` and None mean utf-8. LookupError when there is none.
pub fn encoding_name(encoding: Option<&Str>) -> Result<Str> {
    match encoding {
        None => Ok(Str::new("utf-8")),
        Some(name) if &**name == "locale" => Ok(Str::new("utf-8")),
        Some(name) => {
            if name.contains('\0') {
                return Err(Raised::value_error("embedded null character"));
            }
            codec::canonical_name(name)?;
            Ok(name.clone())
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "these are the parameters of the function")]
fn init(
    vm: &mut Vm,
    this: &Value,
    buffer: &Value,
    encoding: Option<&Str>,
    errors: Option<&Str>,
    newline: Option<&Value>,
    line_buffering: Option<bool>,
    write_through: Option<bool>,
) -> Result<()> {
    let text = state(this)?;
    drop(text.buffer.replace(Value::Unbound));
    let settings = Settings {
        newline: Newline::of(newline.unwrap_or(&Value::None), false)?,
        encoding: encoding_name(encoding)?,
        errors: errors.cloned().unwrap_or_else(|| Str::new("strict")),
        line_buffering: line_buffering.unwrap_or(false),
        write_through: write_through.unwrap_or(false),
    };
    set_up(vm, this, buffer, settings)
}

/// Puts a wrapper on a stream of bytes.
pub fn set_up(vm: &mut Vm, this: &Value, buffer: &Value, settings: Settings) -> Result<()> {
    let text = state(this)?;
    let reads = raw::ask(vm, buffer, "readable")?;
    let writes = raw::ask(vm, buffer, "writable")?;
    text.configure(settings, reads, writes)?;
    text.forget();
    text.pending.borrow_mut().clear();
    text.look_below(vm, buffer)?;
    drop(text.buffer.replace(buffer.clone()));
    if writes {
        remember(this);
    }
    Ok(())
}

fn write(vm: &mut Vm, this: &Value, text: &Value) -> Result<usize> {
    let state = state(this)?;
    let Some(text) = text.as_str() else {
        return Err(Raised::type_error(format!("write() argument must be str, not {}", text.type_name())));
    };
    if state.encoder.borrow().is_none() {
        state.open_buffer(vm, this)?;
        return Err(unsupported("not writable"));
    }
    state.write(vm, this, text)?;
    Ok(text.characters())
}

fn read(vm: &mut Vm, this: &Value, size: Option<i64>) -> Result<Str> {
    state(this)?.read(vm, this, limit(size))
}

fn readline(vm: &mut Vm, this: &Value, size: Option<i64>) -> Result<Str> {
    state(this)?.readline(vm, this, limit(size))
}

fn flush(vm: &mut Vm, this: &Value) -> Result<()> {
    let text = state(this)?;
    text.tells.set(text.is_seekable.get());
    text.flush(vm, this)
}

fn closed(vm: &mut Vm, this: &Value) -> Result<bool> {
    let buffer = state(this)?.buffer()?;
    base::is_closed(vm, &buffer)
}

fn close(vm: &mut Vm, this: &Value) -> Result<()> {
    let buffer = state(this)?.buffer()?;
    if base::is_closed(vm, &buffer)? {
        return Ok(());
    }
    let flushed = vm.call_method(this, &symbols().flush, &[]);
    leave_channel(this);
    let closed = vm.call_method(&buffer, &symbols().close, &[]);
    match (flushed, closed) {
        (Err(first), Err(second)) => {
            second.0.context.set(Value::Exception(first.0));
            Err(second)
        }
        (flushed, closed) => flushed.and(closed).map(drop),
    }
}

fn detach(vm: &mut Vm, this: &Value) -> Result<Value> {
    let buffer = state(this)?.buffer()?;
    vm.call_method(this, &symbols().flush, &[])?;
    leave_channel(this);
    drop(state(this)?.buffer.replace(Value::None));
    Ok(buffer)
}

/// A standard stream that is closed or detached is no longer what `print` writes to.
fn leave_channel(this: &Value) {
    if let Some(channel) = this.payload::<Text>().and_then(|text| text.channel.get()) {
        channel.set_plain(false);
    }
}

fn seek(vm: &mut Vm, this: &Value, offset: &Value, whence: Option<i64>) -> Result<Value> {
    state(this)?.seek(vm, this, offset, whence.unwrap_or(0))
}

fn tell(vm: &mut Vm, this: &Value) -> Result<i64> {
    state(this)?.tell(vm, this)
}

fn truncate(vm: &mut Vm, this: &Value, size: Option<Value>) -> Result<Value> {
    state(this)?.truncate(vm, this, size)
}

fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    text_reading::next(vm, this)
}

fn reconfigure(
    vm: &mut Vm,
    this: &Value,
    encoding: Option<&Str>,
    errors: Option<&Str>,
    newline: Option<&Value>,
    line_buffering: Option<&Value>,
    write_through: Option<&Value>,
) -> Result<()> {
    let text = state(this)?;
    let buffer = text.buffer()?;
    let has_read = !text.decoded.borrow().text.is_empty() || text.snapshot.borrow().is_some();
    if has_read && (encoding.is_some() || errors.is_some() || newline.is_some()) {
        return Err(unsupported("It is not possible to set the encoding or newline of stream after the first read"));
    }
    let flag = |vm: &mut Vm, value: Option<&Value>, old: bool| match value {
        None | Some(Value::None) => Ok(old),
        Some(value) => vm.index(value).map(|number| number != 0),
    };
    let old = text.settings(|settings| (settings.line_buffering, settings.write_through))?;
    let line_buffering = flag(vm, line_buffering, old.0)?;
    let write_through = flag(vm, write_through, old.1)?;
    let newline = newline.map(|newline| Newline::of(newline, false)).transpose()?;
    let changes_codec = encoding.is_some() || errors.is_some() || newline.is_some();
    let settings = text.settings(|settings| Settings {
        encoding: encoding.unwrap_or(&settings.encoding).clone(),
        errors: match (errors, encoding) {
            (Some(errors), _) => errors.clone(),
            (None, Some(_)) => Str::new("strict"),
            _ => settings.errors.clone(),
        },
        newline: newline.unwrap_or(settings.newline),
        line_buffering,
        write_through,
    })?;
    let encoding = encoding_name(Some(&settings.encoding))?;
    vm.call_method(this, &symbols().flush, &[])?;
    if changes_codec {
        let (reads, writes) = (text.decoder.borrow().is_some(), text.encoder.borrow().is_some());
        text.configure(Settings { encoding, ..settings }, reads, writes)?;
        text.look_below(vm, &buffer)?;
    } else {
        text.settings.replace(Some(settings));
    }
    if let Some(channel) = text.channel.get() {
        super::standard::reconfigured(channel, text)?;
    }
    Ok(())
}

fn buffer(_: &mut Vm, this: &Text) -> Result<Value> {
    match this.buffer.get() {
        Value::Unbound => Err(Raised::value_error("I/O operation on uninitialized object")),
        buffer => Ok(buffer),
    }
}

fn ask(vm: &mut Vm, this: &Text, method: &str) -> Result<Value> {
    let buffer = this.buffer()?;
    vm.call_method(&buffer, &Str::intern(method), &[])
}

fn readable(vm: &mut Vm, this: &Text) -> Result<Value> {
    ask(vm, this, "readable")
}

fn writable(vm: &mut Vm, this: &Text) -> Result<Value> {
    ask(vm, this, "writable")
}

fn seekable(vm: &mut Vm, this: &Text) -> Result<Value> {
    ask(vm, this, "seekable")
}

fn isatty(vm: &mut Vm, this: &Text) -> Result<Value> {
    ask(vm, this, "isatty")
}

fn fileno(vm: &mut Vm, this: &Text) -> Result<Value> {
    ask(vm, this, "fileno")
}

fn name(vm: &mut Vm, this: &Text) -> Result<Value> {
    let buffer = this.buffer()?;
    vm.get_attribute(&buffer, &symbols().name_)
}

fn encoding(_: &mut Vm, this: &Text) -> Result<Value> {
    this.settings(|settings| Value::Str(settings.encoding.clone()))
}

fn errors(_: &mut Vm, this: &Text) -> Result<Value> {
    this.settings(|settings| Value::Str(settings.errors.clone()))
}

fn newlines(_: &mut Vm, this: &Text) -> Value {
    let decoder = this.decoder.borrow();
    decoder.as_ref().and_then(|decoder| decoder.newline.as_ref()).map_or(Value::None, |newline| newline.newlines())
}

fn line_buffering(_: &mut Vm, this: &Text) -> Result<bool> {
    this.settings(|settings| settings.line_buffering)
}

fn write_through(_: &mut Vm, this: &Text) -> Result<bool> {
    this.settings(|settings| settings.write_through)
}

fn chunk_size(_: &mut Vm, _: &Text) -> usize {
    CHUNK
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let mut shown = format!("<{}", class_name(this));
    if let Some(name) = base::name_of(vm, this)? {
        shown.push_str(&format!(" name={}", vm.repr(&name)?));
    }
    if let Some(mode) = vm.get_attribute_if_any(this, &Str::intern("mode"))? {
        shown.push_str(&format!(" mode={}", vm.repr(&mode)?));
    }
    let encoding = state(this)?.settings(|settings| settings.encoding.clone())?;
    Ok(format!("{shown} encoding={}>", vm.repr(&Value::Str(encoding))?))
}

/// The rows of TextIOWrapper.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A wrapper on nothing yet.")
        .static_method(),
    native!(
        "__init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)",
        init(required, required, optional, optional, optional, optional, optional),
        "Puts it on a stream of bytes."
    ),
    native!("write(self, text, /)", write(required, required), "Writes text and gives its length."),
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many characters, or all."),
    native!("readline(self, size=-1, /)", readline(required, optional), "Reads a line with its end."),
    native!("__next__(self, /)", next(required), "The next line."),
    native!("flush(self, /)", flush(required), "Passes on what waits."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("close(self, /)", close(required), "Flushes and closes the stream below."),
    native!("detach(self, /)", detach(required), "Gives up the stream below."),
    native!("seek(self, cookie, whence=0, /)", seek(required, required, optional), "Changes the position."),
    native!("tell(self, /)", tell(required), "The position."),
    native!("truncate(self, pos=None, /)", truncate(required, optional), "Cuts the stream off at a size."),
    native!(
        "reconfigure(self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
        reconfigure(required, named, named, named, named, named),
        "Changes how text is written and read."
    ),
    native!("buffer(self, /)", buffer(required), "The stream below.").getter(),
    native!("readable(self, /)", readable(required), "Whether it can be read."),
    native!("writable(self, /)", writable(required), "Whether it can be written."),
    native!("seekable(self, /)", seekable(required), "Whether the position can be changed."),
    native!("isatty(self, /)", isatty(required), "Whether it is a terminal."),
    native!("fileno(self, /)", fileno(required), "The number of the descriptor."),
    native!("name(self, /)", name(required), "The name of the stream below.").getter(),
    native!("encoding(self, /)", encoding(required), "The encoding.").getter(),
    native!("errors(self, /)", errors(required), "How errors of the encoding are handled.").getter(),
    native!("newlines(self, /)", newlines(required), "The ends of lines seen so far.").getter(),
    native!("line_buffering(self, /)", line_buffering(required), "Whether each line is passed on at once.").getter(),
    native!("write_through(self, /)", write_through(required), "Whether all is passed on at once.").getter(),
    native!("_CHUNK_SIZE(self, /)", chunk_size(required), "How much is read at once.").getter(),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];
