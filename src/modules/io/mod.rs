//! `_io`: files and streams. `stdlib/io.asy` puts the abstract classes of the module `io` on top.
//!
//! Three layers, as in CPython: `file` reads and writes a descriptor, `buffered` keeps bytes in between,
//! `text` decodes and encodes. Each calls the one below through its methods, so that a script can put a
//! class of its own in any place, or directly when it is one of these. A stream whose last reference goes
//! is closed by its `__del__`; what is still open at the end of the program is flushed by `flush_at_end`.

use std::cell::RefCell;

use super::native_module;
use crate::builtins;
use crate::memory::Weak;
use crate::native;
use crate::value::class::{ClassObject, Layout};
use crate::value::{Class, Dict, Gc, Instance, Module, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::{self, Vm};

pub mod base;
pub mod buffered;
pub mod buffered_methods;
pub mod bytes_buffer;
pub mod file;
pub mod newline;
pub mod open;
pub mod pair;
pub mod raw;
pub mod standard;
pub mod string_buffer;
pub mod text;
pub mod text_methods;
pub mod text_position;
pub mod text_reading;

/// `io.DEFAULT_BUFFER_SIZE`.
pub const BUFFER: usize = 8192;

/// The classes of the module.
pub struct Classes {
    pub base: Class,
    pub raw_base: Class,
    pub buffered_base: Class,
    pub text_base: Class,
    pub file: Class,
    pub bytes_buffer: Class,
    pub string_buffer: Class,
    pub reader: Class,
    pub writer: Class,
    pub random: Class,
    pub pair: Class,
    pub text: Class,
    pub newline_decoder: Class,
    pub unsupported: Class,
}

impl Classes {
    fn new() -> Classes {
        let base = class("_IOBase", Layout::Object, &types().object, &[base::METHODS]);
        let raw_base = class("_RawIOBase", Layout::Object, &base, &[base::RAW_METHODS]);
        let buffered_base = class("_BufferedIOBase", Layout::Object, &base, &[base::BUFFERED_METHODS]);
        let text_base = class("_TextIOBase", Layout::Object, &base, &[base::TEXT_METHODS]);
        let state = buffered_methods::STATE;
        let (reading, writing) = (buffered_methods::READING, buffered_methods::WRITING);
        Classes {
            file: class("FileIO", Layout::Native, &raw_base, &[file::METHODS]),
            bytes_buffer: class("BytesIO", Layout::Native, &buffered_base, &[bytes_buffer::METHODS]),
            string_buffer: class("StringIO", Layout::Native, &text_base, &[string_buffer::METHODS]),
            reader: class(
                "BufferedReader",
                Layout::Native,
                &buffered_base,
                &[state, reading, buffered_methods::READER],
            ),
            writer: class(
                "BufferedWriter",
                Layout::Native,
                &buffered_base,
                &[state, writing, buffered_methods::WRITER],
            ),
            random: class(
                "BufferedRandom",
                Layout::Native,
                &buffered_base,
                &[state, reading, writing, buffered_methods::RANDOM],
            ),
            pair: class("BufferedRWPair", Layout::Native, &buffered_base, &[pair::METHODS]),
            text: class("TextIOWrapper", Layout::Native, &text_base, &[text_methods::METHODS]),
            newline_decoder: class("IncrementalNewlineDecoder", Layout::Native, &types().object, &[newline::METHODS]),
            unsupported: unsupported_operation(),
            base,
            raw_base,
            buffered_base,
            text_base,
        }
    }
}

/// A class of `_io` with these rows.
fn class(name: &str, layout: Layout, base: &Class, tables: &[&'static [Native]]) -> Class {
    let order = std::iter::once(base.clone()).chain(base.ancestors()).collect();
    let class = ClassObject::new(Str::intern(name), layout, vec![base.clone()], order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern("_io")));
    vm::add_dictionary(&class);
    for rows in tables {
        builtins::add_rows(&class, rows);
    }
    class.set_builtin();
    class.changed();
    class
}

/// The class of errors for what a stream cannot do: an OSError and a ValueError.
fn unsupported_operation() -> Class {
    let bases = vec![types().os_error.clone(), types().value_error.clone()];
    let mut order = bases.clone();
    order.extend(types().value_error.ancestors());
    let name = Str::intern("UnsupportedOperation");
    let class = ClassObject::new(name, Layout::Exception, bases, order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern("io")));
    class.changed();
    class
}

thread_local! {
    static CLASSES: &'static Classes = Box::leak(Box::new(Classes::new()));
    /// Streams with bytes of their own to write, for the end of the program.
    static WRITERS: RefCell<Vec<Weak<Instance>>> = const { RefCell::new(Vec::new()) };
}

/// The classes of this thread.
pub fn classes() -> &'static Classes {
    CLASSES.with(|classes| *classes)
}

/// The error for what a stream cannot do.
#[cold]
pub fn unsupported(message: &str) -> Raised {
    Raised::new(&classes().unsupported, vec![Value::str(message)])
}

/// Remembers a stream that must be flushed at the end of the program.
pub fn remember(stream: &Value) {
    let Value::Instance(instance) = stream else { return };
    WRITERS.with_borrow_mut(|writers| {
        if writers.len() == writers.capacity() {
            writers.retain(|weak| weak.upgrade().is_some());
        }
        writers.push(Weak::new(instance));
    });
}

/// Flushes all streams that are still open, text before the buffers below it. Errors are given, with the
/// streams they came from.
pub fn flush_at_end(vm: &mut Vm) -> Vec<(Raised, Value)> {
    let mut streams: Vec<Value> =
        WRITERS.with_borrow_mut(std::mem::take).iter().filter_map(Weak::upgrade).map(Value::Instance).collect();
    streams.sort_by_key(|stream| !stream.class().is_subclass(&classes().text));
    let mut errors = Vec::new();
    for stream in streams {
        let outcome = match base::is_closed(vm, &stream) {
            Ok(false) => vm.call_method(&stream, &symbols().flush, &[]).map(drop),
            Ok(true) => Ok(()),
            Err(raised) => Err(raised),
        };
        if let Err(raised) = outcome {
            errors.push((raised, stream));
        }
    }
    errors
}

fn text_encoding(_: &mut Vm, encoding: Option<Value>, _: Option<i64>) -> Value {
    encoding.filter(|encoding| !encoding.is_none()).unwrap_or_else(|| Value::str("utf-8"))
}

static FUNCTIONS: &[Native] = &[native!(
    "text_encoding(encoding, stacklevel=2, /)",
    text_encoding(optional, optional),
    "The encoding a file gets when none is asked for: utf-8."
)];

/// The module `_io`.
pub fn module(vm: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_io", FUNCTIONS);
    let classes = classes();
    let all = [
        &classes.base,
        &classes.raw_base,
        &classes.buffered_base,
        &classes.text_base,
        &classes.file,
        &classes.bytes_buffer,
        &classes.string_buffer,
        &classes.reader,
        &classes.writer,
        &classes.random,
        &classes.pair,
        &classes.text,
        &classes.newline_decoder,
        &classes.unsupported,
    ];
    for class in all {
        module.set(&class.name(), Value::Class(class.clone()));
    }
    module.set("BlockingIOError", Value::Class(types().blocking_io_error.clone()));
    module.set("DEFAULT_BUFFER_SIZE", Value::from(BUFFER));
    if let Some(open) = vm.builtins.get_str(&Str::intern("open")) {
        module.set("open", open);
    }
    module.set("open_code", open::open_code());
    Ok(module)
}
