//! The exception classes: how they are made, shown and changed.
//!
//! Most attributes (`value`, `code`, `errno` ...) are read from `args`, so that an exception raised by
//! native code needs no more than its arguments; what the script sets, and what comes by keyword, is
//! kept among the attributes of the exception and goes before. Groups have a file of their own.

use super::{keyword_pairs, os_errors, traceback};
use crate::memory::surrogate;
use crate::native;
use crate::value::native::{Arguments, Binding};
use crate::value::{Class, Dict, Exception, Gc, Native, Raised, Result, Str, Tuple, Value, symbols, types};
use crate::vm::Vm;

pub use super::os_errors::{OS_ERROR_METHODS, from_io_error, os_error};

// Making.

fn new(vm: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let names = symbols();
    if !class.is_subclass(&types().base_exception) {
        let name = class.name();
        return Err(Raised::type_error(format!(
            "BaseException.__new__({name}): {name} is not a subtype of BaseException"
        )));
    }
    let _ = keywords;
    super::object::check_concrete(vm, class)?;
    let mut class = class.clone();
    let mut arguments = arguments;
    let mut files = None;
    let inherits_os_init = || match (class.lookup(&names.init), types().os_error.lookup(&names.init)) {
        (Some(found), Some(own)) => found.is(&own),
        _ => false,
    };
    if class.is_subclass(&types().os_error) && inherits_os_init() {
        if let (true, [Value::Int(code), _, ..]) = (class.same(&types().os_error), arguments) {
            class = os_errors::class_for(*code).clone();
        }
        // With a file name the arguments that remain are the number and the text.
        if (3..=5).contains(&arguments.len()) {
            files = Some((arguments[2].clone(), arguments.get(4).cloned()));
            arguments = &arguments[..2];
        }
    }
    let exception = Exception::new(class, Gc::new(Tuple::from_slice(arguments)));
    if let Some((first, second)) = files {
        os_errors::set_files(&exception, first, second);
    }
    Ok(Value::Exception(exception))
}

fn init(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    if keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(no_keywords(this));
    }
    this.args.set(Gc::new(Tuple::from_slice(arguments)));
    Ok(())
}

pub(super) fn no_keywords(exception: &Exception) -> Raised {
    Raised::type_error(format!("{}() takes no keyword arguments", exception.class().name()))
}

/// `__init__` of a class that takes some attributes by keyword.
fn init_with(
    this: &Gc<Exception>,
    arguments: &[Value],
    keywords: Option<&Gc<Dict>>,
    accepted: &[&str],
    kind: &str,
) -> Result<()> {
    this.args.set(Gc::new(Tuple::from_slice(arguments)));
    for name in accepted {
        drop(this.remove(&Str::intern(name)));
    }
    for (name, value) in keyword_pairs(keywords) {
        if !accepted.contains(&&*name) {
            return Err(Raised::type_error(format!("{kind}() got an unexpected keyword argument '{name}'")));
        }
        this.set(&name, value);
    }
    Ok(())
}

fn init_import_error(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    init_with(this, arguments, keywords, &["name", "path", "name_from"], "ImportError")
}

fn init_attribute_error(
    _: &mut Vm,
    this: &Gc<Exception>,
    arguments: &[Value],
    keywords: Option<&Gc<Dict>>,
) -> Result<()> {
    init_with(this, arguments, keywords, &["name", "obj"], "AttributeError")
}

fn init_name_error(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<()> {
    init_with(this, arguments, keywords, &["name"], "NameError")
}

fn init_syntax_error(
    vm: &mut Vm,
    this: &Gc<Exception>,
    arguments: &[Value],
    keywords: Option<&Gc<Dict>>,
) -> Result<()> {
    init(vm, this, arguments, keywords)?;
    let [_, details] = arguments else { return Ok(()) };
    let details = vm.collect(details)?;
    if !(4..=6).contains(&details.len()) {
        let (bound, limit) = if details.len() < 4 { ("at least", 4) } else { ("at most", 6) };
        return Err(Raised::type_error(format!("function takes {bound} {limit} arguments ({} given)", details.len())));
    }
    if details.len() == 5 {
        return Err(Raised::type_error("end_offset must be provided when end_lineno is provided"));
    }
    for (name, value) in ["filename", "lineno", "offset", "text", "end_lineno", "end_offset"].into_iter().zip(details) {
        this.set(&Str::intern(name), value);
    }
    Ok(())
}

/// `__init__` of UnicodeDecodeError and its like: the arguments must have these types.
fn init_unicode(this: &Gc<Exception>, arguments: &[Value], kinds: &[&str]) -> Result<()> {
    if arguments.len() != kinds.len() {
        return Err(Raised::type_error(format!(
            "function takes exactly {} arguments ({} given)",
            kinds.len(),
            arguments.len()
        )));
    }
    for (index, (argument, kind)) in arguments.iter().zip(kinds).enumerate() {
        let fits = match (*kind, argument.native()) {
            ("str", Value::Str(_)) | ("int", Value::Int(_)) | ("bytes", Value::Bytes(_)) => true,
            ("bytes", _) => {
                let kind = argument.type_name();
                return Err(Raised::type_error(format!("a bytes-like object is required, not '{kind}'")));
            }
            _ => false,
        };
        if !fits {
            let given = argument.type_name();
            return Err(Raised::type_error(match *kind {
                "int" => format!("'{given}' object cannot be interpreted as an integer"),
                _ => format!("argument {} must be {kind}, not {given}", index + 1),
            }));
        }
    }
    this.args.set(Gc::new(Tuple::from_slice(arguments)));
    Ok(())
}

fn init_decode_error(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value]) -> Result<()> {
    init_unicode(this, arguments, &["str", "bytes", "int", "int", "str"])
}

fn init_encode_error(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value]) -> Result<()> {
    init_unicode(this, arguments, &["str", "str", "int", "int", "str"])
}

fn init_translate_error(_: &mut Vm, this: &Gc<Exception>, arguments: &[Value]) -> Result<()> {
    init_unicode(this, arguments, &["str", "int", "int", "str"])
}

/// What `raise value` and `throw(value)` raise: an exception, or an instance of a class made for it.
pub fn to_raise(vm: &mut Vm, value: &Value) -> Result<Raised> {
    match value {
        Value::Exception(exception) => Ok(Raised(exception.clone())),
        Value::Class(class) if class.is_subclass(&types().base_exception) => match vm.call(value, &[])? {
            Value::Exception(exception) => Ok(Raised(exception)),
            other => Err(Raised::type_error(format!(
                "calling {} should have returned an instance of BaseException, not {}",
                vm.repr(value)?,
                other.type_name()
            ))),
        },
        _ => Err(Raised::type_error(format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            value.type_name()
        ))),
    }
}

// Showing.

fn str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let args = this.args.get();
    match args.items() {
        [] => Ok(Str::new("")),
        [single] => vm.str(single),
        _ => vm.str(&Value::Tuple(args)),
    }
}

fn repr(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let name = this.class().name();
    let args = this.args.get();
    Ok(match args.items() {
        [single] => format!("{name}({})", vm.repr(single)?),
        _ => format!("{name}{}", vm.repr(&Value::Tuple(args))?),
    }
    .into())
}

fn key_error_str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    match this.args.get().items() {
        [key] => vm.repr(key),
        _ => str(vm, this),
    }
}

fn import_error_str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    match part(this, "msg").as_str() {
        Some(text) => Ok(text.clone()),
        None => str(vm, this),
    }
}

fn syntax_error_str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let message = vm.str(&part(this, "msg"))?;
    let line = match part(this, "lineno") {
        Value::Int(line) => Some(line),
        _ => None,
    };
    Ok(match (part(this, "filename").as_str(), line) {
        (Some(file), line) => {
            let name = file.rsplit('/').next().unwrap_or(file);
            match line {
                Some(line) => format!("{message} ({name}, line {line})"),
                None => format!("{message} ({name})"),
            }
        }
        (None, Some(line)) => format!("{message} (line {line})"),
        (None, None) => return Ok(message),
    }
    .into())
}

/// A character as messages of UnicodeEncodeError show it: `\xe9`, `\u1234`, `\U0001f600`.
fn escaped(character: char) -> String {
    match surrogate::code(character) {
        code @ 0..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

fn unicode_error_str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let (object, reason) = (part(this, "object"), part(this, "reason"));
    let (Value::Int(start), Value::Int(end)) = (part(this, "start"), part(this, "end")) else {
        return str(vm, this);
    };
    let reason = vm.str(&reason)?;
    let is_single = end == start.saturating_add(1);
    let last = end.saturating_sub(1);
    let at = usize::try_from(start).unwrap_or(usize::MAX);
    let encoding = match part(this, "encoding") {
        Value::None => Str::new(""),
        encoding => vm.str(&encoding)?,
    };
    Ok(match &object {
        Value::Bytes(bytes) => match bytes.data.get(at).filter(|_| is_single) {
            Some(byte) => {
                format!("'{encoding}' codec can't decode byte {byte:#04x} in position {start}: {reason}")
            }
            None => format!("'{encoding}' codec can't decode bytes in position {start}-{last}: {reason}"),
        },
        object => {
            let verb = if this.is_a(&types().unicode_translate_error) {
                "can't translate".to_string()
            } else {
                format!("'{encoding}' codec can't encode")
            };
            match object.as_str().and_then(|text| text.chars().nth(at)).filter(|_| is_single) {
                Some(character) => {
                    format!("{verb} character '{}' in position {start}: {reason}", escaped(character))
                }
                None => format!("{verb} characters in position {start}-{last}: {reason}"),
            }
        }
    }
    .into())
}

// Attributes.

/// An attribute of an exception by name: as it was set, else what `args` tell.
pub fn part(exception: &Exception, name: &str) -> Value {
    if let Some(value) = exception.get(&Str::intern(name)) {
        return value;
    }
    let args = exception.args.get();
    let items = args.items();
    let at = |index: usize| items.get(index).cloned().unwrap_or(Value::None);
    let types = types();
    let is_translation = exception.is_a(&types.unicode_translate_error);
    match name {
        "value" | "message" => at(0),
        "msg" if items.len() == 1 || !exception.is_a(&types.import_error) => at(0),
        "code" => match items {
            [] => Value::None,
            [code] => code.clone(),
            _ => Value::Tuple(args.clone()),
        },
        "errno" if items.len() >= 2 => at(0),
        "strerror" if items.len() >= 2 => at(1),
        "exceptions" => at(1),
        "encoding" if !is_translation => at(0),
        "object" => at(if is_translation { 0 } else { 1 }),
        "start" => at(if is_translation { 1 } else { 2 }),
        "end" => at(if is_translation { 2 } else { 3 }),
        "reason" => at(if is_translation { 3 } else { 4 }),
        _ => Value::None,
    }
}

fn read_part(vm: &mut Vm, arguments: Arguments<'_>) -> Result<Value> {
    let this: &Gc<Exception> = arguments.required(vm, 0)?;
    Ok(part(this, arguments.function.row.name()))
}

/// The row of an attribute that `part` knows.
pub(super) const fn attribute(signature: &'static str, doc: &'static str) -> Native {
    Native {
        signature,
        doc,
        function: read_part,
        required: 1,
        positional: 1,
        named: 0,
        has_rest: false,
        has_keywords: false,
        binding: Binding::Getter,
        is_member: true,
        at_once: None,
    }
}

fn args(_: &mut Vm, this: &Gc<Exception>) -> Gc<Tuple> {
    this.args.get()
}

fn cause(_: &mut Vm, this: &Gc<Exception>) -> Value {
    this.cause.get()
}

fn context(_: &mut Vm, this: &Gc<Exception>) -> Value {
    this.context.get()
}

fn suppress_context(_: &mut Vm, this: &Gc<Exception>) -> bool {
    this.suppress_context.get()
}

fn attributes(_: &mut Vm, this: &Gc<Exception>) -> Gc<Dict> {
    this.dictionary()
}

fn get_traceback(_: &mut Vm, this: &Gc<Exception>) -> Value {
    traceback::traceback_object(this)
}

fn with_traceback(_: &mut Vm, this: &Gc<Exception>, traceback: &Value) -> Result<Value> {
    set_traceback(this, traceback)?;
    Ok(Value::Exception(this.clone()))
}

/// `exception.__traceback__ = value`
pub fn set_traceback(exception: &Gc<Exception>, value: &Value) -> Result<()> {
    let entries =
        traceback::entries(value).ok_or_else(|| Raised::type_error("__traceback__ must be a traceback or None"))?;
    exception.shown.set((value.clone(), entries.len()));
    exception.traceback.set(entries);
    Ok(())
}

fn add_note(_: &mut Vm, this: &Gc<Exception>, note: &Value) -> Result<()> {
    if note.as_str().is_none() {
        return Err(Raised::type_error(format!("note must be a str, not '{}'", note.type_name())));
    }
    match this.get(&symbols().notes) {
        Some(notes) if !matches!(notes, Value::List(_)) => {
            Err(Raised::type_error("Cannot add note: __notes__ is not a list"))
        }
        _ => {
            this.append_note(note.clone());
            Ok(())
        }
    }
}

fn set_state(vm: &mut Vm, this: &Gc<Exception>, state: &Value) -> Result<()> {
    match state {
        Value::None => Ok(()),
        Value::Dict(state) => {
            for entry in state.snapshot() {
                if let Some(name) = entry.key.as_str() {
                    vm.set_attribute(&Value::Exception(this.clone()), &name.interned(), entry.value)?;
                }
            }
            Ok(())
        }
        _ => Err(Raised::type_error("state is not a dictionary")),
    }
}

/// Sets or deletes an attribute of an exception that is a part of it. False when it belongs among its
/// other attributes.
pub fn set_exception_attribute(
    vm: &mut Vm,
    exception: &Gc<Exception>,
    name: &Str,
    value: Option<Value>,
) -> Result<bool> {
    let names = symbols();
    if name.same(&names.dict) {
        exception.set_dictionary(super::attributes::new_dictionary(value)?);
        return Ok(true);
    }
    let parts = [&names.args, &names.cause, &names.context, &names.suppress_context, &names.traceback, &names.class];
    if parts.iter().any(|part| part.same(name)) {
        let Some(value) = value else {
            return Err(Raised::type_error(format!("{name} may not be deleted")));
        };
        return set_part(vm, exception, name, value).map(|()| true);
    }
    let found = exception.class().lookup(name);
    let Some(Value::Native(row)) = found.filter(|_| !name.starts_with("__")) else { return Ok(false) };
    if row.row.binding != Binding::Getter {
        return Ok(false);
    }
    if exception.is_a(&types().base_exception_group) && matches!(&**name, "message" | "exceptions") {
        return Err(Raised::attribute_error("readonly attribute"));
    }
    exception.set(name, value.unwrap_or(Value::None));
    Ok(true)
}

fn set_part(vm: &mut Vm, exception: &Gc<Exception>, name: &Str, value: Value) -> Result<()> {
    let names = symbols();
    if name.same(&names.args) {
        let items = vm.collect(&value)?;
        exception.args.set(Gc::new(Tuple::new(items)));
    } else if name.same(&names.suppress_context) {
        let Value::Bool(suppress) = value else {
            return Err(Raised::type_error("attribute value type must be bool"));
        };
        exception.suppress_context.set(suppress);
    } else if name.same(&names.traceback) {
        set_traceback(exception, &value)?;
    } else if name.same(&names.class) {
        match &value {
            Value::Class(new) if !new.is_builtin() && !exception.class().is_builtin() => {
                if !new.is_subclass(&types().base_exception) {
                    let (new, old) = (new.name(), exception.class().name());
                    return Err(Raised::type_error(format!(
                        "__class__ assignment: '{new}' object layout differs from '{old}'"
                    )));
                }
                exception.set_class(new.clone());
            }
            Value::Class(_) => {
                return Err(Raised::type_error(
                    "__class__ assignment only supported for mutable types or ModuleType subclasses",
                ));
            }
            other => {
                let kind = other.type_name();
                return Err(Raised::type_error(format!("__class__ must be set to a class, not '{kind}' object")));
            }
        }
    } else {
        let is_cause = name.same(&names.cause);
        if !matches!(value, Value::None | Value::Exception(_)) {
            let what = if is_cause { "cause" } else { "context" };
            return Err(Raised::type_error(format!("exception {what} must be None or derive from BaseException")));
        }
        if is_cause {
            exception.suppress_context.set(true);
            exception.cause.set(value);
        } else {
            exception.context.set(value);
        }
    }
    Ok(())
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Create and return a new object.")
        .static_method(),
    native!("__init__(self, /, *args, **kwargs)", init(required, rest, keywords), "Initialize self."),
    native!("__str__(self, /)", str(required), "Return str(self)."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!(
        "with_traceback(self, tb, /)",
        with_traceback(required, required),
        "Sets __traceback__ and gives the exception."
    ),
    native!("add_note(self, note, /)", add_note(required, required), "Adds a text that is shown below the exception."),
    native!("__setstate__(self, state, /)", set_state(required, required), "Sets attributes from a dict."),
    native!("args(self, /)", args(required), "The tuple of arguments.").getter(),
    native!("__cause__(self, /)", cause(required), "The exception it was raised from, or None.").getter(),
    native!(
        "__context__(self, /)",
        context(required),
        "The exception that was being handled when it was raised, or None."
    )
    .getter(),
    native!("__suppress_context__(self, /)", suppress_context(required), "Whether the context is not shown.").getter(),
    native!("__traceback__(self, /)", get_traceback(required), "The frames it has left, or None.").getter(),
    native!("__dict__(self, /)", attributes(required), "The attributes of the object itself.").getter(),
];

pub const STOP_ITERATION_METHODS: &[Native] = &[attribute("value(self, /)", "What the generator returned.")];

pub const SYSTEM_EXIT_METHODS: &[Native] = &[attribute("code(self, /)", "The exit code, or a message.")];

pub const KEY_ERROR_METHODS: &[Native] = &[native!("__str__(self, /)", key_error_str(required), "Return str(self).")];

pub const IMPORT_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args, **kwargs)", init_import_error(required, rest, keywords), "Initialize self."),
    native!("__str__(self, /)", import_error_str(required), "Return str(self)."),
    attribute("msg(self, /)", "The message."),
    attribute("name(self, /)", "The name of the module."),
    attribute("path(self, /)", "The file of the module."),
    attribute("name_from(self, /)", "The name that was to be imported from the module."),
];

pub const ATTRIBUTE_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args, **kwargs)", init_attribute_error(required, rest, keywords), "Initialize self."),
    attribute("name(self, /)", "The name of the attribute."),
    attribute("obj(self, /)", "The object without the attribute."),
];

pub const NAME_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args, **kwargs)", init_name_error(required, rest, keywords), "Initialize self."),
    attribute("name(self, /)", "The name that was not found."),
];

pub const SYNTAX_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args, **kwargs)", init_syntax_error(required, rest, keywords), "Initialize self."),
    native!("__str__(self, /)", syntax_error_str(required), "Return str(self)."),
    attribute("msg(self, /)", "The message."),
    attribute("filename(self, /)", "The file."),
    attribute("lineno(self, /)", "The line, from 1."),
    attribute("offset(self, /)", "The column, from 1."),
    attribute("text(self, /)", "The line's text."),
    attribute("end_lineno(self, /)", "The line where the place ends."),
    attribute("end_offset(self, /)", "The column where the place ends."),
];

pub const UNICODE_DECODE_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args)", init_decode_error(required, rest), "Initialize self."),
    native!("__str__(self, /)", unicode_error_str(required), "Return str(self)."),
    attribute("encoding(self, /)", "The encoding."),
    attribute("object(self, /)", "The bytes that were to be decoded."),
    attribute("start(self, /)", "Where the trouble starts."),
    attribute("end(self, /)", "Where it ends."),
    attribute("reason(self, /)", "What the trouble is."),
];

pub const UNICODE_ENCODE_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args)", init_encode_error(required, rest), "Initialize self."),
    native!("__str__(self, /)", unicode_error_str(required), "Return str(self)."),
    attribute("encoding(self, /)", "The encoding."),
    attribute("object(self, /)", "The text that was to be encoded."),
    attribute("start(self, /)", "Where the trouble starts."),
    attribute("end(self, /)", "Where it ends."),
    attribute("reason(self, /)", "What the trouble is."),
];

pub const UNICODE_TRANSLATE_ERROR_METHODS: &[Native] = &[
    native!("__init__(self, /, *args)", init_translate_error(required, rest), "Initialize self."),
    native!("__str__(self, /)", unicode_error_str(required), "Return str(self)."),
    attribute("encoding(self, /)", "None: no encoding takes part."),
    attribute("object(self, /)", "The text that was to be translated."),
    attribute("start(self, /)", "Where the trouble starts."),
    attribute("end(self, /)", "Where it ends."),
    attribute("reason(self, /)", "What the trouble is."),
];
