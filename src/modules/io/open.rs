//! `open`: the layers for a mode, one on top of the other.

use super::buffered::{Buffered, Kind};
use super::file::File;
use super::newline::Newline;
use super::text::Settings;
use super::text_methods::{encoding_name, make, set_up};
use super::{classes, remember};
use crate::native;
use crate::value::{Instance, Native, NativeFunction, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// A mode in its parts.
struct Mode {
    creates: bool,
    reads: bool,
    writes: bool,
    appends: bool,
    updates: bool,
    is_text: bool,
    is_binary: bool,
}

impl Mode {
    fn parse(mode: &str) -> Result<Mode> {
        let has = |letter| mode.contains(letter);
        let invalid = || Raised::value_error(format!("invalid mode: '{mode}'"));
        let is_repeated = mode.char_indices().any(|(place, letter)| mode[..place].contains(letter));
        if is_repeated || mode.chars().any(|letter| !"rwaxbt+".contains(letter)) {
            return Err(invalid());
        }
        let mode = Mode {
            creates: has('x'),
            reads: has('r'),
            writes: has('w'),
            appends: has('a'),
            updates: has('+'),
            is_text: has('t'),
            is_binary: has('b'),
        };
        if mode.is_text && mode.is_binary {
            return Err(Raised::value_error("can't have text and binary mode at once"));
        }
        let kinds = [mode.creates, mode.reads, mode.writes, mode.appends];
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            return Err(Raised::value_error("must have exactly one of create/read/write/append mode"));
        }
        Ok(mode)
    }

    /// As FileIO wants it.
    fn raw(&self) -> String {
        let letters = [(self.creates, 'x'), (self.reads, 'r'), (self.writes, 'w'), (self.appends, 'a')];
        let letters = letters.into_iter().chain([(self.updates, '+')]);
        letters.filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect()
    }

    fn kind(&self) -> Kind {
        match (self.updates, self.reads) {
            (true, _) => Kind::Random,
            (_, true) => Kind::Reader,
            _ => Kind::Writer,
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "these are the parameters of the function")]
fn open(
    vm: &mut Vm,
    file: &Value,
    mode: Option<&Str>,
    buffering: Option<i64>,
    encoding: Option<&Str>,
    errors: Option<&Str>,
    newline: Option<&Value>,
    closefd: Option<bool>,
    opener: Option<Value>,
) -> Result<Value> {
    let mode_text = mode.cloned().unwrap_or_else(|| Str::new("r"));
    let mode = Mode::parse(&mode_text)?;
    let newline = newline.filter(|newline| !newline.is_none());
    if mode.is_binary {
        for (argument, name) in [(encoding.is_some(), "an encoding"), (errors.is_some(), "an errors")] {
            if argument {
                return Err(Raised::value_error(format!("binary mode doesn't take {name} argument")));
            }
        }
        if newline.is_some() {
            return Err(Raised::value_error("binary mode doesn't take a newline argument"));
        }
    }
    // A path object is asked for its name once.
    let name = match file.native() {
        Value::Int(_) | Value::Bool(_) | Value::Str(_) | Value::Bytes(_) => file.clone(),
        _ if crate::builtins::slice::has_index(file) => file.clone(),
        _ => super::super::path_argument::file_system_path(vm, file)?,
    };
    let name = match name.native() {
        Value::Int(_) | Value::Bool(_) | Value::Str(_) | Value::Bytes(_) => name,
        _ => Value::Int(vm.index(&name)?),
    };
    let arguments =
        [name, Value::from(mode.raw()), Value::Bool(closefd.unwrap_or(true)), opener.unwrap_or(Value::None)];
    let raw = vm.call(&Value::Class(classes().file.clone()), &arguments)?;
    match layers(vm, &raw, &mode, &mode_text, buffering.unwrap_or(-1), encoding, errors, newline) {
        Ok(stream) => Ok(stream),
        Err(raised) => {
            // The first error is the one to be seen.
            let _ = vm.call_method(&raw, &symbols().close, &[]);
            Err(raised)
        }
    }
}

/// Puts buffer and text on top of an open file, as far as they are wanted.
#[expect(clippy::too_many_arguments, reason = "these are the parameters of `open`")]
fn layers(
    vm: &mut Vm,
    raw: &Value,
    mode: &Mode,
    mode_text: &Str,
    buffering: i64,
    encoding: Option<&Str>,
    errors: Option<&Str>,
    newline: Option<&Value>,
) -> Result<Value> {
    let Some(file) = raw.payload::<File>() else { return Err(Raised::type_error("this is not a FileIO")) };
    let line_buffering = !mode.is_binary && (buffering == 1 || buffering < 0 && file.is_terminal()?);
    let size = match buffering {
        0 if mode.is_binary => return Ok(raw.clone()),
        0 => return Err(Raised::value_error("can't have unbuffered text I/O")),
        2.. => buffering as usize,
        _ => file.block(),
    };
    let kind = mode.kind();
    let class = match kind {
        Kind::Random => &classes().random,
        Kind::Reader => &classes().reader,
        Kind::Writer => &classes().writer,
    };
    if kind == Kind::Random && !file.is_seekable()? {
        return Err(super::unsupported("File or stream is not seekable."));
    }
    let buffered = Buffered::new(kind);
    buffered.connect(raw.clone(), size);
    let buffer = Value::Instance(Instance::with_payload(class.clone(), buffered));
    if mode.is_binary {
        if kind != Kind::Reader {
            remember(&buffer);
        }
        return Ok(buffer);
    }
    let settings = Settings {
        newline: Newline::of(newline.unwrap_or(&Value::None), false)?,
        encoding: encoding_name(encoding)?,
        errors: errors.cloned().unwrap_or_else(|| Str::new("strict")),
        line_buffering,
        write_through: false,
    };
    let text = make(&classes().text);
    set_up(vm, &text, &buffer, settings)?;
    if let Value::Instance(instance) = &text {
        instance.set(&Str::intern("mode"), Value::Str(mode_text.clone()));
    }
    Ok(text)
}

fn open_for_code(vm: &mut Vm, path: &Value) -> Result<Value> {
    if path.as_str().is_none() {
        let kind = path.type_name();
        return Err(Raised::type_error(format!("open_code() argument 'path' must be str, not {kind}")));
    }
    open(vm, path, Some(&Str::new("rb")), None, None, None, None, None, None)
}

static OPEN: Native = native!(
    "open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
    open(required, optional, optional, optional, optional, optional, optional, optional),
    "Opens a file and gives a stream for it."
);

static OPEN_CODE: Native =
    native!("open_code(path)", open_for_code(required), "Opens a file with a program, for reading bytes.");

/// `io.open_code`.
pub fn open_code() -> Value {
    Value::Native(NativeFunction::of_module(&OPEN_CODE, &Str::intern("_io")))
}

/// Makes `open` a builtin function.
pub fn install(vm: &mut Vm) {
    let open = NativeFunction::of_module(&OPEN, &Str::intern("_io"));
    vm.builtins.set_str(&Str::intern("open"), Value::Native(open));
}
