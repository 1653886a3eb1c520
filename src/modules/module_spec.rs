//! `importlib.machinery.ModuleSpec`: what a module knows of where it came from, its `__spec__`.
//!
//! The attributes are plain ones. There are no loader objects: `loader` is None.

use super::loader::find_spec;
use super::{native_module, state};
use crate::builtins;
use crate::native;
use crate::value::class::{ClassObject, Layout};
use crate::value::{Class, Dict, Gc, Instance, Module, Native, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// The class; made once for each interpreter.
pub fn make_class() -> Class {
    let object = types().object.clone();
    let order = vec![object.clone()];
    let class = ClassObject::new(Str::intern("ModuleSpec"), Layout::Object, vec![object], order, Gc::new(Dict::new()));
    class.namespace.set_str(&symbols().module, Value::Str(Str::intern("importlib.machinery")));
    builtins::add_rows(&class, METHODS);
    class.changed();
    class
}

/// The spec of a module; `folder` when it is a package, `has_location` when `origin` is a file.
pub fn make(name: &str, origin: Option<&str>, folder: Option<&str>, has_location: bool) -> Value {
    let spec = Instance::new(state().module_spec.clone());
    let folders = folder.map_or(Value::None, |folder| Value::list(vec![Value::str(folder)]));
    fill(&spec, name, Value::None, origin.map_or(Value::None, Value::str), Value::None, folders);
    spec.set(&Str::intern("has_location"), Value::Bool(has_location));
    Value::Instance(spec)
}

fn fill(spec: &Gc<Instance>, name: &str, loader: Value, origin: Value, loader_state: Value, folders: Value) {
    let parent = match &folders {
        Value::None => name.rsplit_once('.').map_or("", |(parent, _)| parent),
        _ => name,
    };
    let attributes = [
        ("name", Value::str(name)),
        ("loader", loader),
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
    fill(this, name, loader.clone(), given(origin), given(loader_state), folders);
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

static METHODS: &[Native] = &[
    native!(
        "__init__(self, name, loader, *, origin=None, loader_state=None, is_package=None)",
        init(required, required, required, named, named, named),
        "Sets what is known of a module before it is loaded."
    ),
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
    Ok(module)
}
