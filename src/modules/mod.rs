//! Library modules written in Rust, the loader, and the embedded library.
//!
//! A native module is one file with its rows and one row in `NATIVE`; it is made when a script first
//! imports it. What importing needs to remember (`sys.modules`, `sys.path`) is the `State` of the thread.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use crate::builtins;
use crate::scheduler::flows::{Ident, Waiters};
use crate::value::class::{ClassObject, Layout};
use crate::value::iterator::NativeIterator;
use crate::value::{
    Class, Dict, Gc, Iterator, List, Module, Mutable, Native, NativeFunction, Result, Str, Value, symbols, types,
};
use crate::vm::Vm;

mod abc;
pub mod array;
pub mod array_item;
pub mod asyncio;
pub mod at_exit;
pub mod base64;
pub mod bisect;
pub mod calendar;
pub mod clock;
pub mod codecs;
pub mod collections;
pub mod complex_closeness;
pub mod compression;
pub mod contextvars;
pub mod entropy;
pub mod errno;
pub mod error_function;
pub mod evaluate;
pub mod format_parts;
pub mod functools;
pub mod gc;
pub mod hashes;
pub mod heap;
pub mod html_entities;
pub mod io;
pub mod itertools;
pub mod json;
mod listing;
pub mod loader;
pub mod math;
pub mod mersenne_twister;
pub mod module_spec;
pub mod operator;
pub mod os;
pub mod packed_item;
pub mod packing;
pub mod path_argument;
pub mod random;
pub mod random_distribution;
pub mod re;
pub mod resource;
pub mod signal;
pub mod source;
pub mod special_function;
pub mod stdlib;
pub mod structure;
pub mod suggestion;
pub mod syntax_tree;
pub mod sys;
pub mod sys_hooks;
pub mod thread;
pub mod time;
pub mod traceback;
pub mod type_parameters;
pub mod type_support;
pub mod unicodedata;
pub mod warnings;
pub mod weak_reference;
pub mod whole_number;

/// Whether a file of the script's can take the place of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The module always wins, as those that are built into CPython do.
    First,
    /// A file of that name on `sys.path` wins.
    AfterPath,
}

/// One row of the table: a module and who makes it.
pub struct NativeModule {
    pub name: &'static str,
    pub precedence: Precedence,
    pub make: fn(&mut Vm) -> Result<Gc<Module>>,
}

/// All native modules, sorted by name.
pub const NATIVE: &[NativeModule] = &[
    NativeModule { name: "_abc", precedence: Precedence::First, make: abc::module },
    NativeModule { name: "_ast", precedence: Precedence::First, make: syntax_tree::module },
    NativeModule { name: "_array", precedence: Precedence::First, make: array::module },
    NativeModule { name: "_binascii", precedence: Precedence::First, make: base64::module },
    NativeModule { name: "_bisect", precedence: Precedence::First, make: bisect::module },
    NativeModule { name: "_cmath", precedence: Precedence::First, make: complex_closeness::module },
    NativeModule { name: "_codecs", precedence: Precedence::First, make: codecs::module },
    NativeModule { name: "_collections", precedence: Precedence::First, make: collections::module },
    NativeModule { name: "_traceback", precedence: Precedence::First, make: traceback::module },
    NativeModule { name: "_dis", precedence: Precedence::First, make: listing::module },
    NativeModule { name: "_functools", precedence: Precedence::First, make: functools::module },
    NativeModule { name: "_hashes", precedence: Precedence::First, make: hashes::module },
    NativeModule { name: "_heapq", precedence: Precedence::First, make: heap::module },
    NativeModule { name: "_html", precedence: Precedence::First, make: html_entities::module },
    NativeModule { name: "_json", precedence: Precedence::First, make: json::module },
    NativeModule { name: "_signal", precedence: Precedence::First, make: signal::module },
    NativeModule { name: "_streams", precedence: Precedence::First, make: compression::module },
    NativeModule { name: "_string", precedence: Precedence::First, make: format_parts::module },
    NativeModule { name: "_struct", precedence: Precedence::First, make: packing::module },
    NativeModule { name: "_thread", precedence: Precedence::First, make: thread::module },
    NativeModule { name: "_types", precedence: Precedence::First, make: type_support::module },
    NativeModule { name: "_weakref", precedence: Precedence::First, make: weak_reference::module },
    NativeModule { name: "_operator", precedence: Precedence::First, make: operator::module },
    NativeModule { name: "_queue", precedence: Precedence::First, make: thread::simple_queue::module },
    NativeModule { name: "_re", precedence: Precedence::First, make: re::module },
    NativeModule { name: "_module_spec", precedence: Precedence::First, make: module_spec::module },
    NativeModule { name: "_io", precedence: Precedence::First, make: io::module },
    NativeModule { name: "asyncio", precedence: Precedence::AfterPath, make: asyncio::module },
    NativeModule { name: "atexit", precedence: Precedence::First, make: at_exit::module },
    NativeModule { name: "builtins", precedence: Precedence::First, make: builtins_module },
    NativeModule { name: "contextvars", precedence: Precedence::AfterPath, make: contextvars::module },
    NativeModule { name: "errno", precedence: Precedence::First, make: errno::module },
    NativeModule { name: "gc", precedence: Precedence::First, make: gc::module },
    NativeModule { name: "itertools", precedence: Precedence::First, make: itertools::module },
    NativeModule { name: "math", precedence: Precedence::AfterPath, make: math::module },
    NativeModule { name: "posix", precedence: Precedence::First, make: os::module },
    NativeModule { name: "random", precedence: Precedence::AfterPath, make: random::module },
    NativeModule { name: "resource", precedence: Precedence::AfterPath, make: resource::module },
    NativeModule { name: "sys", precedence: Precedence::First, make: sys::module },
    NativeModule { name: "time", precedence: Precedence::First, make: time::module },
    NativeModule { name: "unicodedata", precedence: Precedence::AfterPath, make: unicodedata::module },
];

/// The native module with this name.
pub fn find_native(name: &str) -> Option<&'static NativeModule> {
    NATIVE.iter().find(|module| module.name == name)
}

/// A module with these functions in it.
pub fn native_module(name: &str, functions: &'static [Native]) -> Gc<Module> {
    let module = Module::new(name);
    for row in functions {
        module.set(row.name(), Value::Native(NativeFunction::of_module(row, &module.name)));
    }
    module
}

/// A class written in Rust; `name` is `module.class`. Its `__new__` row makes the instances.
pub fn native_class(name: &str, base: &Class, rows: &'static [Native]) -> Class {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let order = std::iter::once(base.clone()).chain(base.ancestors()).collect();
    let class = ClassObject::new(Str::intern(short), Layout::Native, vec![base.clone()], order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern(module)));
    class.has_dictionary.set(false);
    builtins::add_rows(&class, rows);
    class.set_builtin();
    class.changed();
    class
}

/// An exception written in Rust; `name` is `module.class`.
pub fn native_exception(name: &str, base: &Class) -> Class {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let order = std::iter::once(base.clone()).chain(base.ancestors()).collect();
    let class =
        ClassObject::new(Str::intern(short), Layout::Exception, vec![base.clone()], order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern(module)));
    class.changed();
    class
}

/// As `native_class`, for native iterators: with the protocol of iterators.
pub fn native_iterator_class(name: &str, rows: &'static [Native]) -> Class {
    let class = native_class(name, &types().object, rows);
    builtins::add_rows(&class, builtins::iterators::PROTOCOL);
    class.has_weak_references.set(false);
    class.changed();
    class
}

/// A native iterator as an instance of a class of `native_iterator_class`, or of one the script derived.
pub fn native_iterator(class: &Class, iterator: impl NativeIterator) -> Value {
    if class.is_builtin() {
        return Iterator::native(class, iterator);
    }
    let base = class.ancestors().into_iter().find(|ancestor| ancestor.is_builtin());
    let base = base.unwrap_or_else(|| class.clone());
    builtins::wrap(class, &base, Iterator::native(&base, iterator))
}

/// The module whose globals are the builtin names.
fn builtins_module(vm: &mut Vm) -> Result<Gc<Module>> {
    Ok(Module::with_globals("builtins", vm.builtins.clone()))
}

/// What importing remembers.
pub struct State {
    /// `sys.modules`.
    pub modules: Gc<Dict>,
    /// `sys.path` as it is at the start; a script may bind the name to another list.
    pub path: Gc<List>,
    /// The folders of `sys.path` that the environment names: the embedded library comes before them.
    pub outside: Mutable<Vec<String>>,
    /// `sys.argv`.
    pub arguments: Gc<List>,
    /// `sys._xoptions`.
    pub extended: Gc<Dict>,
    /// Whether this is the development mode.
    pub development: Cell<bool>,
    /// `sys.executable`.
    pub executable: Mutable<Str>,
    /// The class of every `__spec__`.
    pub module_spec: Class,
    /// What `sys.meta_path` begins with: classes that stand for the search of the loader.
    pub finders: [Class; 3],
    /// Modules whose code is running, and in which flow.
    loading: Mutable<Vec<(Str, Ident)>>,
    /// Flows that wait until another one has run the code of a module.
    import_waiters: Waiters,
    /// For which module each of them waits.
    import_waits: Mutable<FxHashMap<Ident, Str>>,
}

thread_local! {
    static STATE: &'static State = Box::leak(Box::new(State {
        modules: Gc::new(Dict::new()),
        path: Gc::new(List::new(Vec::new())),
        outside: Mutable::default(),
        arguments: Gc::new(List::new(Vec::new())),
        extended: Gc::new(Dict::new()),
        development: Cell::new(false),
        executable: Mutable::new(Str::new("")),
        module_spec: module_spec::make_class(),
        finders: module_spec::make_finders(),
        loading: Mutable::default(),
        import_waiters: Waiters::default(),
        import_waits: Mutable::default(),
    }));
}

/// The state of this thread's interpreter.
pub fn state() -> &'static State {
    STATE.with(|state| *state)
}

impl State {
    /// A module that has been imported, or is being imported.
    pub fn module(&self, name: &str) -> Option<Gc<Module>> {
        match self.modules.get_str(&Str::intern(name)) {
            Some(Value::Module(module)) => Some(module),
            _ => None,
        }
    }

    /// Whether the code of this module is still running.
    pub fn is_loading(&self, name: &str) -> bool {
        self.loader_of(name).is_some()
    }

    /// The flow in which the code of this module is running.
    fn loader_of(&self, name: &str) -> Option<Ident> {
        self.loading.borrow().iter().find(|(loading, _)| &**loading == name).map(|(_, flow)| *flow)
    }
}
