//! `importlib.machinery.ModuleSpec`: what a module knows of where it came from, its `__spec__`.
//!
//! The attributes are plain ones. `loader` is made when it is first asked for, by `importlib._loading`: importing
//! needs no loader objects. Here are also the finders that `sys.meta_path` begins with, which stand for the
//! machine's own search.

use super::loader::{find_spec, find_spec_on_path, import_absolute};
use super::{native_module, state};
use crate::builtins;
use crate::native;
use crate::value::class::{ClassObject, Layout};
use crate::value::{Class, Dict, Gc, Instance, Module, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// The class; made once for each interpreter.
pub fn make_class() -> Class {
    class("ModuleSpec", METHODS)
}

/// The finders of the machine, by their names in CPython. All but the last do nothing of their own.
pub fn make_finders() -> [Class; 3] {
    [class("BuiltinImporter", NO_FINDER), class("FrozenImporter", NO_FINDER), class("PathFinder", PATH_FINDER)]
}

fn class(name: &str, rows: &'static [Native]) -> Class {
    let object = types().object.clone();
    let order = vec![object.clone()];
    let class = ClassObject::new(Str::intern(name), Layout::Object, vec![object], order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern("importlib.machinery")));
    builtins::add_rows(&class, rows);
    class.changed();
    class
}

/// The spec of a module; `folder` when it is a package, `has_location` when `origin` is a file.
pub fn make(name: &str, origin: Option<&str>, folder: Option<&str>, has_location: bool) -> Value {
    let spec = Instance::new(state().module_spec.clone());
    let folders = folder.map_or(Value::None, |folder| Value::list(vec![Value::str(folder)]));
    fill(&spec, name, None, origin.map_or(Value::None, Value::str), Value::None, folders);
    spec.set(&Str::intern("has_location"), Value::Bool(has_location));
    Value::Instance(spec)
}

fn fill(spec: &Gc<Instance>, name: &str, loader: Option<Value>, origin: Value, loader_state: Value, folders: Value) {
    let parent = match &folders {
        Value::None => name.rsplit_once('.').map_or("", |(parent, _)| parent),
        _ => name,
    };
    if let Some(loader) = loader {
        spec.set(&Str::intern("loader"), loader);
    }
    let attributes = [
        ("name", Value::str(name)),
        ("origin", origin),
        ("loader_state", loader_state),
        ("parent", Value::str(parent)),
        ("submodule_search_locations", folders),
        ("has_location", Value::Bool(false)),
        ("cached", Value::None),
    ];
    for (name, value) in attributes {
        spec.set(&Str::intern(name), value);
    }
}

fn init(
    vm: &mut Vm,
    this: &Gc<Instance>,
    name: &Str,
    loader: &Value,
    origin: Option<&Value>,
    loader_state: Option<&Value>,
    is_package: Option<&Value>,
) -> Result<()> {
    let is_package = is_package.map_or(Ok(false), |it| vm.truth(it))?;
    let folders = if is_package { Value::list(Vec::new()) } else { Value::None };
    let given = |value: Option<&Value>| value.cloned().unwrap_or(Value::None);
    fill(this, name, Some(loader.clone()), given(origin), given(loader_state), folders);
    Ok(())
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let mut parts = Vec::new();
    for name in ["name", "loader", "origin", "submodule_search_locations"] {
        let value = vm.get_attribute(this, &Str::intern(name))?;
        if !value.is_none() || matches!(name, "name" | "loader") {
            parts.push(format!("{name}={}", vm.repr(&value)?));
        }
    }
    Ok(format!("{}({})", this.class().name(), parts.join(", ")))
}

/// The loader of a module that the machine has found itself.
fn missing_attribute(vm: &mut Vm, this: &Value, name: &Str) -> Result<Value> {
    if &**name != "loader" {
        let kind = this.class().name();
        return Err(Raised::attribute_error(format!("'{kind}' object has no attribute '{name}'")));
    }
    let loading = import_absolute(vm, "importlib._loading")?;
    let make = vm.get_attribute(&loading, &Str::intern("make_loader"))?;
    let loader = vm.call(&make, std::slice::from_ref(this))?;
    vm.set_attribute(this, &Str::intern("loader"), loader.clone())?;
    Ok(loader)
}

fn find_nothing(_: &mut Vm, _name: &Str, _path: Option<&Value>, _target: Option<&Value>) {}

fn find_on_path(vm: &mut Vm, name: &Str, path: Option<&Value>, _target: Option<&Value>) -> Result<Value> {
    find_spec_on_path(vm, name, path)
}

static NO_FINDER: &[Native] = &[native!(
    "find_spec(fullname, path=None, target=None)",
    find_nothing(required, optional, optional),
    "Nothing: the search along the path finds all modules."
)
.static_method()];

static PATH_FINDER: &[Native] = &[native!(
    "find_spec(fullname, path=None, target=None)",
    find_on_path(required, optional, optional),
    "The spec of a module that the machine finds itself."
)
.static_method()];

static METHODS: &[Native] = &[
    native!(
        "__init__(self, name, loader, *, origin=None, loader_state=None, is_package=None)",
        init(required, required, required, named, named, named),
        "Sets what is known of a module before it is loaded."
    ),
    native!("__getattr__(self, name, /)", missing_attribute(required, required), "Makes the loader."),
    native!("__repr__(self, /)", repr(required), "The fields that are set."),
];

static FUNCTIONS: &[Native] = &[native!(
    "find_spec(name, path=None, /)",
    find_spec(required, optional),
    "The spec of a module that is not loaded; None when there is no such module."
)];

/// The module `_module_spec`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_module_spec", FUNCTIONS);
    module.set("ModuleSpec", Value::Class(state().module_spec.clone()));
    for finder in &state().finders {
        module.set(&finder.name(), Value::Class(finder.clone()));
    }
    Ok(module)
}
