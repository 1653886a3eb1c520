//! `sys`: the interpreter, as scripts see it.

use super::{Precedence, native_module, state, stdlib, structure, sys_hooks};
use crate::builtins::frame;
use crate::builtins::stream::{self, Channel};
use crate::native;
use crate::value::{
    Class, Dict, Gc, Instance, Module, Native, NativeFunction, Raised, Result, Str, Value, class::ClassObject,
    class::Layout, integer, symbols, types,
};
use crate::vm::Vm;

/// The version of the language that asy follows.
pub const LANGUAGE_VERSION: (i64, i64, i64) = (3, 13, 0);

/// `sys.version`: the version of the language, then that of asy.
pub fn version() -> String {
    let (major, minor, micro) = LANGUAGE_VERSION;
    format!("{major}.{minor}.{micro} (asy {})", env!("CARGO_PKG_VERSION"))
}

fn exit(_: &mut Vm, status: Option<&Value>) -> Result<()> {
    Err(Raised::new(&types().system_exit, status.cloned().into_iter().collect()))
}

fn exc_info(vm: &mut Vm) -> Result<Value> {
    let Some(exception) = vm.handled_exception() else {
        return Ok(Value::tuple(vec![Value::None, Value::None, Value::None]));
    };
    let class = exception.class();
    let value = Value::Exception(exception);
    let traceback = vm.get_attribute_if_any(&value, &symbols().traceback)?.unwrap_or(Value::None);
    Ok(Value::tuple(vec![Value::Class(class), value, traceback]))
}

fn exception(vm: &mut Vm) -> Value {
    vm.handled_exception().into()
}

fn intern(_: &mut Vm, text: &Str) -> Str {
    text.interned()
}

/// One more than there are, for the argument, as in CPython.
fn getrefcount(_: &mut Vm, object: &Value) -> i64 {
    1 + i64::from(match object {
        Value::Str(object) => object.count(),
        Value::BigInt(object) => object.count(),
        Value::Bytes(object) => object.count(),
        Value::Tuple(object) => object.count(),
        Value::List(object) => object.count(),
        Value::Dict(object) => object.count(),
        Value::Set(object) => object.count(),
        Value::Range(object) => object.count(),
        Value::Slice(object) => object.count(),
        Value::Function(object) => object.count(),
        Value::Native(object) => object.count(),
        Value::Method(object) => object.count(),
        Value::Class(object) => object.count(),
        Value::Instance(object) => object.count(),
        Value::Exception(object) => object.count(),
        Value::Module(object) => object.count(),
        Value::Cell(object) => object.count(),
        Value::Code(object) => object.count(),
        Value::Iterator(object) => object.count(),
        Value::Coroutine(object) => object.count(),
        Value::NativeCoroutine(object) => object.count(),
        Value::Future(object) => object.count(),
        Value::Task(object) => object.count(),
        // What has no count of its own lives for ever.
        Value::Unbound
        | Value::None
        | Value::NotImplemented
        | Value::Ellipsis
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_) => u32::MAX,
    })
}

fn getrecursionlimit(vm: &mut Vm) -> usize {
    vm.recursion_limit()
}

fn setrecursionlimit(vm: &mut Vm, limit: i64) -> Result<()> {
    let Some(limit) = usize::try_from(limit).ok().filter(|limit| *limit > 0) else {
        return Err(Raised::value_error("recursion limit must be greater or equal than 1"));
    };
    if vm.depth() >= limit {
        return Err(Raised::recursion_error(format!(
            "cannot set the recursion limit to {limit} at the recursion depth {}: the limit is too low",
            vm.depth()
        )));
    }
    vm.set_recursion_limit(limit);
    Ok(())
}

/// The `__name__` of the module whose code called, `depth` frames further out.
fn module_of_caller(vm: &mut Vm, depth: Option<i64>) -> Value {
    let depth = usize::try_from(depth.unwrap_or(0)).unwrap_or(0);
    let globals = vm.script_frames().nth(depth).map(|frame| frame.function.globals.clone());
    globals.and_then(|globals| globals.get_str(&symbols().name)).into()
}

/// Where code called, `depth` frames further out: file name, line, module name, source line. For warnings.
fn place_of_caller(vm: &mut Vm, depth: i64) -> Value {
    let depth = usize::try_from(depth).unwrap_or(0);
    let Some(frame) = vm.script_frames().nth(depth) else {
        return Value::tuple(vec![Value::str("<sys>"), Value::Int(0), Value::str("sys"), Value::None]);
    };
    let code = &frame.function.code.code;
    let line = code.position(frame.instruction).line;
    let module = frame.function.globals.get_str(&symbols().name);
    let text = code.source.text.lines().nth((line as usize).saturating_sub(1)).map(Value::str);
    Value::tuple(vec![Value::str(&code.source.name), Value::Int(line.into()), module.into(), text.into()])
}

fn get_frame(vm: &mut Vm, depth: Option<i64>) -> Result<Value> {
    let depth = usize::try_from(depth.unwrap_or(0)).unwrap_or(0);
    frame::running_frame(vm, depth).ok_or_else(|| Raised::value_error("call stack is not deep enough"))
}

fn getdefaultencoding(_: &mut Vm) -> &'static str {
    "utf-8"
}

fn getfilesystemencoding(_: &mut Vm) -> &'static str {
    "utf-8"
}

/// What a prompt does with the value of an expression.
fn displayhook(vm: &mut Vm, value: &Value) -> Result<()> {
    if value.is_none() {
        return Ok(());
    }
    let last = Str::intern("_");
    vm.builtins.set_str(&last, Value::None);
    let text = vm.repr(value)?;
    let Some(stdout) = stream::current(&symbols().stdout).filter(|stdout| !stdout.is_none()) else {
        return Err(Raised::runtime_error("lost sys.stdout"));
    };
    for piece in [text, Str::new("\n")] {
        vm.call_method(&stdout, &symbols().write, &[Value::Str(piece)])?;
    }
    vm.builtins.set_str(&last, value.clone());
    Ok(())
}

/// Shows the value of an expression in the way that the script has chosen.
pub fn show_result(vm: &mut Vm, value: &Value) -> Result<()> {
    let chosen = state().module("sys").and_then(|sys| sys.get("displayhook"));
    match chosen {
        Some(hook) => vm.call(&hook, std::slice::from_ref(value)).map(drop),
        None => displayhook(vm, value),
    }
}

fn getfilesystemencodeerrors(_: &mut Vm) -> &'static str {
    "surrogateescape"
}

fn get_int_max_str_digits(_: &mut Vm) -> Value {
    Value::from(integer::digit_limit())
}

fn set_int_max_str_digits(_: &mut Vm, limit: i64) -> Result<()> {
    match usize::try_from(limit) {
        Ok(limit) if limit == 0 || limit >= integer::LOWEST_DIGIT_LIMIT => {
            integer::set_digit_limit(limit);
            Ok(())
        }
        _ => {
            let lowest = integer::LOWEST_DIGIT_LIMIT;
            Err(Raised::value_error(format!("maxdigits must be 0 or larger than {lowest}")))
        }
    }
}

fn set_coroutine_origin_tracking_depth(vm: &mut Vm, depth: i64) -> Result<()> {
    vm.origin_depth = usize::try_from(depth).map_err(|_| Raised::value_error("depth must be >= 0"))?;
    Ok(())
}

fn get_coroutine_origin_tracking_depth(vm: &mut Vm) -> usize {
    vm.origin_depth
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "set_coroutine_origin_tracking_depth(depth)",
        set_coroutine_origin_tracking_depth(required),
        "Sets how many calls a coroutine notes when it is made; 0 for none."
    ),
    native!(
        "get_coroutine_origin_tracking_depth()",
        get_coroutine_origin_tracking_depth(),
        "How many calls a coroutine notes when it is made."
    ),
    native!("get_int_max_str_digits()", get_int_max_str_digits(), "Most digits of an int that text is made of."),
    native!(
        "set_int_max_str_digits(maxdigits)",
        set_int_max_str_digits(required),
        "Sets how many digits of an int text is made of at most; 0 is no limit."
    ),
    native!("exit(status=None, /)", exit(optional), "Ends the program by raising SystemExit."),
    native!("exc_info()", exc_info(), "Class, value and traceback of the exception being handled."),
    native!("exception()", exception(), "The exception being handled."),
    native!("intern(string, /)", intern(required), "The one string with this text that names share."),
    native!("getrefcount(object, /)", getrefcount(required), "How many references an object has."),
    native!("getrecursionlimit()", getrecursionlimit(), "How many frames there can be."),
    native!("setrecursionlimit(limit, /)", setrecursionlimit(required), "Sets how many frames there can be."),
    native!("_getframe(depth=0, /)", get_frame(optional), "The frame that called, or one further out."),
    native!("_getframemodulename(depth=0)", module_of_caller(optional), "The name of the module that called."),
    native!("_caller_place(depth)", place_of_caller(required), "File, line, module and source line of a caller."),
    native!("getdefaultencoding()", getdefaultencoding(), "The encoding of text: utf-8."),
    native!("getfilesystemencoding()", getfilesystemencoding(), "The encoding of file names: utf-8."),
    native!("displayhook(object, /)", displayhook(required), "Prints a value and keeps it as builtins._."),
    native!(
        "getfilesystemencodeerrors()",
        getfilesystemencodeerrors(),
        "What becomes of file names that are no text: strict, they are refused."
    ),
];

/// A class without methods whose one instance carries attributes, as `sys.implementation` does.
pub fn namespace(class_name: &str, attributes: Vec<(&str, Value)>) -> Value {
    let object = types().object.clone();
    let order = vec![object.clone()];
    let class = ClassObject::new(
        Str::intern(class_name),
        Layout::Object,
        vec![object],
        order,
        Gc::new(crate::value::Dict::new()),
    );
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern("types")));
    let instance = Instance::new(class);
    for (name, value) in attributes {
        instance.set(&Str::intern(name), value);
    }
    Value::Instance(instance)
}

fn version_info() -> Value {
    let class = structure::class("sys.version_info", &["major", "minor", "micro", "releaselevel", "serial"]);
    let (major, minor, micro) = LANGUAGE_VERSION;
    let items = vec![Value::Int(major), Value::Int(minor), Value::Int(micro), Value::str("final"), Value::Int(0)];
    structure::make(&class, items)
}

fn named(class: &str, fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let class: Class = structure::class(class, &names);
    structure::make(&class, fields.iter().map(|(_, value)| value.clone()).collect())
}

fn float_info() -> Value {
    named(
        "sys.float_info",
        &[
            ("max", Value::Float(f64::MAX)),
            ("max_exp", Value::Int(f64::MAX_EXP.into())),
            ("max_10_exp", Value::Int(f64::MAX_10_EXP.into())),
            ("min", Value::Float(f64::MIN_POSITIVE)),
            ("min_exp", Value::Int(f64::MIN_EXP.into())),
            ("min_10_exp", Value::Int(f64::MIN_10_EXP.into())),
            ("dig", Value::Int(f64::DIGITS.into())),
            ("mant_dig", Value::Int(f64::MANTISSA_DIGITS.into())),
            ("epsilon", Value::Float(f64::EPSILON)),
            ("radix", Value::Int(f64::RADIX.into())),
            ("rounds", Value::Int(1)),
        ],
    )
}

/// The parameters of the hashes of numbers, which are CPython's on 64 bits.
fn hash_info() -> Value {
    named(
        "sys.hash_info",
        &[
            ("width", Value::Int(64)),
            ("modulus", Value::Int((1 << 61) - 1)),
            ("inf", Value::Int(314_159)),
            ("nan", Value::Int(0)),
            ("imag", Value::Int(1_000_003)),
            ("algorithm", Value::str("ahash")),
            ("hash_bits", Value::Int(64)),
            ("seed_bits", Value::Int(256)),
            ("cutoff", Value::Int(0)),
        ],
    )
}

fn int_info() -> Value {
    named(
        "sys.int_info",
        &[
            ("bits_per_digit", Value::Int(64)),
            ("sizeof_digit", Value::Int(8)),
            ("default_max_str_digits", Value::Int(4300)),
            ("str_digits_check_threshold", Value::Int(640)),
        ],
    )
}

fn flags() -> Value {
    let zero = [
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
    ];
    let mut fields: Vec<(&str, Value)> = zero.into_iter().map(|name| (name, Value::Int(0))).collect();
    fields.push(("hash_randomization", Value::Int(1)));
    fields.push(("isolated", Value::Int(0)));
    fields.push(("dev_mode", Value::Bool(state().development.get())));
    fields.push(("utf8_mode", Value::Int(1)));
    fields.push(("warn_default_encoding", Value::Int(0)));
    fields.push(("safe_path", Value::Bool(false)));
    fields.push(("int_max_str_digits", Value::Int(4300)));
    named("sys.flags", &fields)
}

fn names_set(names: impl std::iter::Iterator<Item = String>) -> Vec<Value> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names.iter().map(|name| Value::str(name)).collect()
}

pub fn module(vm: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("sys", FUNCTIONS);
    let state = state();
    module.set("modules", Value::Dict(state.modules.clone()));
    for (channel, name) in [(Channel::Stdin, "stdin"), (Channel::Stdout, "stdout"), (Channel::Stderr, "stderr")] {
        module.set(name, stream::object(channel));
        module.set(&format!("__{name}__"), stream::object(channel));
    }
    for row in sys_hooks::FUNCTIONS {
        module.set(row.name(), Value::Native(NativeFunction::of_module(row, &module.name)));
    }
    for name in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
        if let Some(hook) = module.get(name) {
            module.set(&format!("__{name}__"), hook);
        }
    }
    stream::use_sys(&module.globals);
    module.set("path", Value::List(state.path.clone()));
    module.set("meta_path", Value::list(state.finders.iter().cloned().map(Value::Class).collect()));
    module.set("path_hooks", Value::list(Vec::new()));
    module.set("path_importer_cache", Value::Dict(Gc::new(Dict::new())));
    module.set("argv", Value::List(state.arguments.clone()));
    module.set("orig_argv", Value::list(std::env::args().map(|text| Value::str(&text)).collect()));
    module.set("executable", Value::Str(state.executable.get()));
    module.set("version", Value::str(&version()));
    module.set("version_info", version_info());
    let (major, minor, micro) = LANGUAGE_VERSION;
    let hexversion = major << 24 | minor << 16 | micro << 8 | 0xf0;
    module.set("hexversion", Value::Int(hexversion));
    module.set("api_version", Value::Int(1013));
    let implementation = vec![
        ("name", Value::str("asy")),
        ("version", version_info()),
        ("hexversion", Value::Int(hexversion)),
        ("cache_tag", Value::None),
    ];
    module.set("implementation", namespace("SimpleNamespace", implementation));
    module.set("platform", Value::str(if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS }));
    module.set("byteorder", Value::str(if cfg!(target_endian = "little") { "little" } else { "big" }));
    module.set("maxsize", Value::Int(i64::MAX));
    module.set("maxunicode", Value::Int(0x10ffff));
    module.set("float_repr_style", Value::str("short"));
    module.set("float_info", float_info());
    module.set("int_info", int_info());
    module.set("hash_info", hash_info());
    module.set("flags", flags());
    module.set("copyright", Value::str("Copyright (c) the asy authors."));
    module.set("dont_write_bytecode", Value::Bool(true));
    module.set("prefix", Value::str(""));
    module.set("exec_prefix", Value::str(""));
    module.set("base_prefix", Value::str(""));
    module.set("warnoptions", Value::list(Vec::new()));
    module.set("_xoptions", Value::Dict(state.extended.clone()));
    let builtin = super::NATIVE.iter().filter(|module| module.precedence == Precedence::First);
    let builtin = names_set(builtin.map(|module| module.name.to_string()));
    module.set("builtin_module_names", Value::tuple(builtin));
    let all = super::NATIVE.iter().map(|module| module.name).chain(stdlib::names());
    let all = names_set(all.map(str::to_string));
    let frozen = vm.call(&Value::Class(types().frozenset.clone()), &[Value::list(all)])?;
    module.set("stdlib_module_names", frozen);
    Ok(module)
}
