//! The builtin functions that work on any object: its attributes, its class, its items, its text.
//!
//! Arithmetic is in `arithmetic`, `print` and `input` in `print`, what shows the insides of a program
//! in `introspection`, and `eval` and its like in `evaluate`. A function that is a protocol (`len`,
//! `hash`, `repr` ...) is a call of the VM's method for it, with the most common kinds in front.

use crate::memory::{Tracer, surrogate};
use crate::native;
use crate::value::bytes::ByteView;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::{CoroutineKind, Gc, Native, NativeCoroutine, Raised, Result, Str, Value, integer, symbols, types};
use crate::vm::{Outcome, Vm};

// Attributes.

fn attribute_name(name: &Value) -> Result<Str> {
    match name.as_str() {
        Some(text) => Ok(text.interned()),
        None => Err(Raised::type_error(format!("attribute name must be string, not '{}'", name.type_name()))),
    }
}

fn getattr(vm: &mut Vm, object: &Value, name: &Value, default: Option<&Value>) -> Result<Value> {
    let name = attribute_name(name)?;
    match default {
        None => vm.get_attribute(object, &name),
        Some(default) => Ok(vm.get_attribute_if_any(object, &name)?.unwrap_or_else(|| default.clone())),
    }
}

fn hasattr(vm: &mut Vm, object: &Value, name: &Value) -> Result<bool> {
    let name = attribute_name(name)?;
    Ok(vm.get_attribute_if_any(object, &name)?.is_some())
}

fn setattr(vm: &mut Vm, object: &Value, name: &Value, value: Value) -> Result<()> {
    let name = attribute_name(name)?;
    vm.set_attribute(object, &name, value)
}

fn delattr(vm: &mut Vm, object: &Value, name: &Value) -> Result<()> {
    let name = attribute_name(name)?;
    vm.delete_attribute(object, &name)
}

// Classes and identity.

fn isinstance(vm: &mut Vm, object: &Value, class: &Value) -> Result<bool> {
    vm.is_instance(object, class)
}

fn issubclass(vm: &mut Vm, class: &Value, other: &Value) -> Result<bool> {
    vm.is_subclass(class, other)
}

fn callable(_: &mut Vm, object: &Value) -> bool {
    is_callable(object)
}

/// Whether calling the value can work at all.
pub fn is_callable(object: &Value) -> bool {
    match object {
        Value::Function(_) | Value::Native(_) | Value::Method(_) | Value::Class(_) => true,
        _ => object.class().lookup(&symbols().call).is_some_and(|found| !found.is_none()),
    }
}

fn id(_: &mut Vm, object: &Value) -> Value {
    integer::from_u64(object.address() as u64)
}

fn hash(vm: &mut Vm, object: &Value) -> Result<i64> {
    vm.hash(object)
}

// Text.

fn repr(vm: &mut Vm, object: &Value) -> Result<Value> {
    vm.repr_object(object)
}

fn ascii(vm: &mut Vm, object: &Value) -> Result<Value> {
    let text = vm.repr_object(object)?;
    if text.as_str().is_some_and(|text| text.is_ascii()) { Ok(text) } else { vm.ascii(object).map(Value::Str) }
}

fn format(vm: &mut Vm, value: &Value, spec: Option<&Value>) -> Result<Str> {
    match spec.map(|spec| (spec, spec.as_str())) {
        Some((_, Some(spec))) => vm.format(value, spec),
        Some((spec, None)) => {
            let kind = match spec {
                Value::None => "None".into(),
                spec => spec.type_name(),
            };
            Err(Raised::type_error(format!("format() argument 2 must be str, not {kind}")))
        }
        None => vm.format(value, &Str::new("")),
    }
}

fn chr(vm: &mut Vm, code: &Value) -> Result<Str> {
    let out_of_range = || Raised::value_error("chr() arg not in range(0x110000)");
    let code = match vm.index_value(code)? {
        Value::Int(code) => u32::try_from(code).ok().filter(|code| *code < 0x110000).ok_or_else(out_of_range)?,
        _ => return Err(out_of_range()),
    };
    surrogate::character(code).map(Str::of_char).ok_or_else(out_of_range)
}

fn ord(_: &mut Vm, character: &Value) -> Result<i64> {
    let (kind, length) = match character.native() {
        Value::Str(text) => match text.chars().next() {
            Some(first) if text.characters() == 1 => return Ok(i64::from(surrogate::code(first))),
            _ => ("string", text.characters()),
        },
        Value::Bytes(bytes) => match *bytes.data {
            [byte] => return Ok(i64::from(byte)),
            _ => ("string", bytes.data.len()),
        },
        other if other.class().is_subclass(&types().bytearray) => match ByteView::of(other) {
            Some(data) if data.len() == 1 => return Ok(i64::from(data[0])),
            data => ("string", data.map_or(0, |data| data.len())),
        },
        other => {
            let kind = other.type_name();
            return Err(Raised::type_error(format!("ord() expected string of length 1, but {kind} found")));
        }
    };
    Err(Raised::type_error(format!("ord() expected a character, but {kind} of length {length} found")))
}

// Items.

fn len(vm: &mut Vm, object: &Value) -> Result<Value> {
    let length = match object {
        Value::List(list) => list.len(),
        Value::Tuple(tuple) => tuple.len(),
        Value::Dict(dict) => dict.len(),
        Value::Str(text) => text.characters(),
        _ => vm.length(object)?,
    };
    Ok(Value::from(length))
}

fn all(vm: &mut Vm, iterable: &Value) -> Result<bool> {
    let iterator = vm.iterate(iterable)?;
    while let Some(item) = vm.next(&iterator)? {
        if !vm.truth(&item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any(vm: &mut Vm, iterable: &Value) -> Result<bool> {
    let iterator = vm.iterate(iterable)?;
    while let Some(item) = vm.next(&iterator)? {
        if vm.truth(&item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

// Iteration.

fn iter(vm: &mut Vm, object: &Value, sentinel: Option<&Value>) -> Result<Value> {
    let Some(sentinel) = sentinel else { return vm.iterate(object) };
    if !is_callable(object) {
        return Err(Raised::type_error("iter(v, w): v must be callable"));
    }
    Ok(super::iterators::callable(object.clone(), sentinel.clone()))
}

/// The next item; at the end the StopIteration that says so, with the value a generator returned.
fn next_item(vm: &mut Vm, iterator: &Value) -> Result<Value> {
    match iterator {
        Value::Coroutine(generator) if generator.kind == CoroutineKind::Generator => {
            match vm.resume(iterator, Resume::Value(Value::None))? {
                Outcome::Yielded(item) => Ok(item),
                Outcome::Returned(value) => Err(Raised::stop_iteration(value)),
            }
        }
        Value::Iterator(_) => vm.next(iterator)?.ok_or_else(|| Raised::stop_iteration(Value::None)),
        _ => match vm.call_special(iterator, &symbols().next, &[]) {
            Some(result) => result,
            None => Err(Raised::type_error(format!("'{}' object is not an iterator", iterator.type_name()))),
        },
    }
}

fn next(vm: &mut Vm, iterator: &Value, default: Option<&Value>) -> Result<Value> {
    match (next_item(vm, iterator), default) {
        (Err(raised), Some(default)) if raised.is_a(&types().stop_iteration) => Ok(default.clone()),
        (result, _) => result,
    }
}

fn aiter(vm: &mut Vm, iterable: &Value) -> Result<Value> {
    let Some(iterator) = vm.call_special(iterable, &symbols().aiter, &[]) else {
        return Err(Raised::type_error(format!("'{}' object is not an async iterable", iterable.type_name())));
    };
    let iterator = iterator?;
    if iterator.class().lookup(&symbols().anext).is_none() {
        let kind = iterator.type_name();
        return Err(Raised::type_error(format!("aiter() returned not an async iterator of type '{kind}'")));
    }
    Ok(iterator)
}

/// `anext(iterator, default)`: the default when the awaitable raises StopAsyncIteration.
struct AnextWithDefault {
    awaitable: Value,
    default: Value,
    started: std::cell::Cell<bool>,
}

impl NativeBody for AnextWithDefault {
    fn resume(&self, _: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        // One that has ended asks the awaitable again, which says that it cannot be used twice.
        let is_first = matches!(input, Resume::Value(_)) && !self.started.get();
        self.started.set(is_first);
        match input {
            Resume::Value(_) if is_first => Ok(Step::Await(self.awaitable.clone())),
            Resume::Value(item) => Ok(Step::Return(item)),
            Resume::Raise(raised) if raised.is_a(&types().stop_async_iteration) => {
                Ok(Step::Return(self.default.clone()))
            }
            Resume::Raise(raised) => Err(raised),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.awaitable.trace(tracer);
        self.default.trace(tracer);
    }
}

fn anext(vm: &mut Vm, iterator: &Value, default: Option<&Value>) -> Result<Value> {
    let Some(awaitable) = vm.call_special(iterator, &symbols().anext, &[]) else {
        return Err(Raised::type_error(format!("'{}' object is not an async iterator", iterator.type_name())));
    };
    let awaitable = awaitable?;
    Ok(match default {
        None => awaitable,
        Some(default) => Value::NativeCoroutine(NativeCoroutine::awaitable(
            &"anext_awaitable",
            AnextWithDefault { awaitable, default: default.clone(), started: std::cell::Cell::new(false) },
        )),
    })
}

// Classes and modules.

fn build_class(
    vm: &mut Vm,
    function: &Value,
    name: &Str,
    bases: &[Value],
    keywords: Option<&Gc<crate::value::Dict>>,
) -> Result<Value> {
    vm.build_class(function, name, bases, &super::keyword_pairs(keywords))
}

fn import(
    vm: &mut Vm,
    name: &Str,
    globals: Option<&Value>,
    _locals: Option<&Value>,
    from_list: Option<&Value>,
    level: Option<i64>,
) -> Result<Value> {
    let globals = match globals {
        Some(Value::Dict(dict)) => dict.clone(),
        _ => vm.globals(),
    };
    let Ok(level) = usize::try_from(level.unwrap_or(0)) else {
        return Err(Raised::value_error("level must be >= 0"));
    };
    // With a list of names the last module of a dotted name is wanted, without one the first.
    let leaf = match from_list {
        Some(from_list) => vm.truth(from_list)?,
        None => false,
    };
    let import = vm.hooks.import;
    import(vm, &name.interned(), level, &globals, leaf)
}

fn open(_: &mut Vm, _file: &Value, _arguments: &[Value], _keywords: Option<&Gc<crate::value::Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error("open() is not available: files cannot be opened yet"))
}

fn exit(_: &mut Vm, code: Option<&Value>) -> Result<Value> {
    Err(Raised::new(&types().system_exit, code.into_iter().cloned().collect()))
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "getattr(object, name, default, /)",
        getattr(required, required, optional),
        "The attribute of that name, or the default when there is none."
    ),
    native!("hasattr(obj, name, /)", hasattr(required, required), "Whether the object has an attribute of that name."),
    native!(
        "setattr(obj, name, value, /)",
        setattr(required, required, required),
        "Sets an attribute: setattr(x, 'y', v) is x.y = v."
    ),
    native!("delattr(obj, name, /)", delattr(required, required), "Deletes an attribute: delattr(x, 'y') is del x.y."),
    native!(
        "isinstance(obj, class_or_tuple, /)",
        isinstance(required, required),
        "Whether an object is an instance of a class, of one in a tuple, or of a member of a union."
    ),
    native!(
        "issubclass(cls, class_or_tuple, /)",
        issubclass(required, required),
        "Whether a class is derived from another, from one in a tuple, or from a member of a union."
    ),
    native!("callable(obj, /)", callable(required), "Whether the object can be called."),
    native!("id(obj, /)", id(required), "A number that no other living object has."),
    native!("hash(obj, /)", hash(required), "The hash of an object; equal objects have equal hashes."),
    native!("repr(obj, /)", repr(required), "The object as text for a programmer."),
    native!("ascii(obj, /)", ascii(required), "As repr(), with what is not ASCII escaped."),
    native!(
        "format(value, format_spec='', /)",
        format(required, optional),
        "The value as text, laid out as the format says."
    ),
    native!("chr(i, /)", chr(required), "The character with a code point."),
    native!("ord(c, /)", ord(required), "The code point of a character."),
    native!("len(obj, /)", len(required), "The number of items in a container."),
    native!("all(iterable, /)", all(required), "Whether every item is true; true when there is none."),
    native!("any(iterable, /)", any(required), "Whether some item is true; false when there is none."),
    native!(
        "iter(object, sentinel, /)",
        iter(required, optional),
        "An iterator over the object; or over the results of calling it, until the sentinel comes."
    ),
    native!(
        "next(iterator, default, /)",
        next(required, optional),
        "The next item; at the end the default, or StopIteration."
    ),
    native!("aiter(async_iterable, /)", aiter(required), "The asynchronous iterator of an asynchronous iterable."),
    native!(
        "anext(aiterator, default, /)",
        anext(required, optional),
        "An awaitable of the next item; at the end the default, or StopAsyncIteration."
    ),
    native!(
        "__build_class__(func, name, /, *bases, **kwds)",
        build_class(required, required, rest, keywords),
        "What the class statement calls."
    ),
    native!(
        "__import__(name, globals=None, locals=None, fromlist=(), level=0)",
        import(required, optional, optional, optional, optional),
        "What the import statement calls."
    ),
    native!("open(file, /, *args, **kwargs)", open(required, rest, keywords), "Opens a file. Not available yet."),
    native!("exit(code=None)", exit(optional), "Ends the program by raising SystemExit."),
    native!("quit(code=None)", exit(optional), "Ends the program by raising SystemExit."),
];
