//! Imports: from a name to a module.
//!
//! Searched in this order: `sys.modules`; finders that the script has put into `sys.meta_path`; the native modules that always win; the folders of
//! `sys.path` (a package's `__path__` for what is inside it); the other native modules; the embedded
//! library; last the folders of `sys.path` that come from the environment, so that the library of
//! another implementation can stand there without taking the place of this one. A file is
//! `NAME/__init__.asy`, `NAME.asy` or the same with `.py`; a folder without `__init__` is a namespace
//! package. The VM calls in through its importer hook and knows nothing of files.

use std::path::Path;
use std::rc::Rc;

use super::{NativeModule, Precedence, find_native, module_spec, source, state, stdlib};
use crate::bytecode::code::Source;
use crate::scheduler::flows::{self, Cause, Ident};
use crate::value::{Dict, Gc, List, Module, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// Endings of source files, the language's own first.
const ENDINGS: [&str; 2] = ["asy", "py"];

/// Where a module comes from.
enum Origin {
    Native(fn(&mut Vm) -> Result<Gc<Module>>),
    /// A text, the file name shown for it, and the folder when it is a package.
    Text {
        source: Rc<Source>,
        package: Option<String>,
    },
    /// A folder without `__init__`.
    Namespace(String),
}

/// `import name`, as the instruction asks for it: with `leaf` the last module of a dotted name is the
/// result, without it the first. `level` counts the leading dots, `globals` are those of the importer.
pub fn import(vm: &mut Vm, name: &str, level: usize, globals: &Gc<Dict>, leaf: bool) -> Result<Value> {
    let full = match level {
        0 if name.is_empty() => return Err(Raised::value_error("Empty module name")),
        0 => name.to_string(),
        _ => absolute_name(vm, name, level, globals)?,
    };
    if let Some(native) = shut_off_native(&full, globals) {
        return (native.make)(vm).map(Value::Module);
    }
    let module = import_absolute(vm, &full)?;
    match name.split_once('.') {
        Some((first, _)) if !leaf => {
            let first = &full[..full.len() - name.len() + first.len()];
            import_absolute(vm, first)
        }
        _ => Ok(module),
    }
}

/// The native part of an embedded module, where the script has forbidden its import (None in `sys.modules`).
/// A script that blocks `_heapq` wants `heapq` without it; here that would be no `heapq` at all.
fn shut_off_native(full: &str, importer: &Dict) -> Option<&'static NativeModule> {
    if !matches!(state().modules.get_str(&Str::intern(full)), Some(Value::None)) {
        return None;
    }
    let file = importer.get_str(&symbols().file)?;
    find_native(full).filter(|_| file.as_str().is_some_and(|file| file.starts_with("<stdlib>/")))
}

/// `from module import name`: an attribute, or a module inside the package.
pub fn import_from(vm: &mut Vm, module: &Value, name: &Str) -> Result<Value> {
    if let Some(value) = vm.get_attribute_if_any(module, &name.interned())? {
        return Ok(value);
    }
    let package = vm.get_attribute_if_any(module, &symbols().name)?.and_then(|name| name.as_str().cloned());
    let Some(package) = package else {
        return Err(import_error(format!("cannot import name '{name}'"), name, None));
    };
    let full = format!("{package}.{name}");
    if vm.get_attribute_if_any(module, &symbols().path)?.is_some() {
        match import_absolute(vm, &full) {
            Err(raised) if is_missing(&raised, &full) => {}
            outcome => return outcome,
        }
    } else if let Some(value) = state().modules.get_str(&Str::intern(&full)) {
        return Ok(value);
    }
    let file = vm.get_attribute_if_any(module, &symbols().file)?.and_then(|file| file.as_str().cloned());
    let place = file.as_ref().map_or("unknown location", |file| file);
    let message = if state().is_loading(&package) {
        format!(
            "cannot import name '{name}' from partially initialized module '{package}' \
             (most likely due to a circular import) ({place})"
        )
    } else {
        format!("cannot import name '{name}' from '{package}' ({place})")
    };
    let error = import_error(message, &package, file.as_ref());
    error.0.set(&Str::intern("name_from"), Value::Str(name.clone()));
    Err(error)
}

/// `from module import *` into a namespace.
pub fn import_star(vm: &mut Vm, module: &Value, namespace: &Value) -> Result<()> {
    for (name, value) in star_names(vm, module)? {
        vm.set_item(namespace, &Value::Str(name), value)?;
    }
    Ok(())
}

/// The names and values that `from module import *` gives, in order.
fn star_names(vm: &mut Vm, module: &Value) -> Result<Vec<(Str, Value)>> {
    let mut names = Vec::new();
    if let Some(all) = vm.get_attribute_if_any(module, &symbols().all)? {
        for name in vm.collect(&all)? {
            let Some(name) = name.as_str() else {
                let owner = module_name(vm, module)?;
                return Err(Raised::type_error(format!(
                    "Item in {owner}.__all__ must be str, not {}",
                    name.type_name()
                )));
            };
            names.push(name.interned());
        }
        let is_package = vm.get_attribute_if_any(module, &symbols().path)?.is_some();
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let value = match vm.get_attribute_if_any(module, &name)? {
                Some(value) => value,
                None if is_package => match import_from(vm, module, &name) {
                    Ok(value) => value,
                    Err(_) => return Err(missing_attribute(vm, module, &name)),
                },
                None => return Err(missing_attribute(vm, module, &name)),
            };
            found.push((name, value));
        }
        return Ok(found);
    }
    let Value::Module(module) = module else {
        return Err(Raised::import_error("from-import-* object has no __dict__ and no __all__"));
    };
    let entries = module.globals.snapshot().into_iter();
    Ok(entries
        .filter_map(|entry| Some((entry.key.as_str()?.interned(), entry.value)))
        .filter(|(name, _)| !name.starts_with('_'))
        .collect())
}

fn missing_attribute(vm: &mut Vm, module: &Value, name: &str) -> Raised {
    match module_name(vm, module) {
        Ok(owner) => Raised::attribute_error(format!("module '{owner}' has no attribute '{name}'")),
        Err(raised) => raised,
    }
}

fn module_name(vm: &mut Vm, module: &Value) -> Result<Str> {
    let name = vm.get_attribute_if_any(module, &symbols().name)?;
    Ok(name.and_then(|name| name.as_str().cloned()).unwrap_or_else(|| Str::new("?")))
}

/// `importlib.import_module` and what the instructions come down to: a module by its full name.
pub fn import_absolute(vm: &mut Vm, full: &str) -> Result<Value> {
    if flows::are_many() {
        wait_until_loaded(vm, full)?;
    }
    if let Some(found) = find_loaded(full)? {
        return Ok(found);
    }
    let Some((parent_name, short)) = full.rsplit_once('.') else {
        return load(vm, full, None);
    };
    let parent = import_absolute(vm, parent_name)?;
    // Importing the parent may have imported this one.
    if let Some(found) = find_loaded(full)? {
        return Ok(found);
    }
    let Some(path) = vm.get_attribute_if_any(&parent, &symbols().path)? else {
        return Err(not_found(format!("No module named '{full}'; '{parent_name}' is not a package"), full));
    };
    let module = load(vm, full, Some(&path))?;
    vm.set_attribute(&parent, &Str::intern(short), module.clone())?;
    Ok(module)
}

/// Another thread that is running the code of the module comes first, unless it waits for this one in turn.
#[cold]
fn wait_until_loaded(vm: &mut Vm, full: &str) -> Result<()> {
    let me = flows::current();
    while let Some(loader) = state().loader_of(full)
        && loader != me
    {
        let waits = |flow: Ident| state().import_waits.borrow().get(&flow).and_then(|name| state().loader_of(name));
        let mut next = Some(loader);
        while let Some(flow) = next {
            if flow == me {
                return Ok(());
            }
            next = waits(flow);
        }
        state().import_waits.borrow_mut().insert(me, Str::new(full));
        let outcome = state().import_waiters.wait(vm, Cause::Module, None);
        state().import_waits.borrow_mut().remove(&me);
        outcome?;
    }
    Ok(())
}

fn find_loaded(full: &str) -> Result<Option<Value>> {
    match state().modules.get_str(&Str::intern(full)) {
        Some(Value::None) => Err(not_found(format!("import of {full} halted; None in sys.modules"), full)),
        found => Ok(found),
    }
}

/// Finds, makes and runs a module that is not loaded yet.
fn load(vm: &mut Vm, full: &str, package_path: Option<&Value>) -> Result<Value> {
    let origin = match search(vm, full, package_path)? {
        Some(Found::Origin(origin)) => origin,
        Some(Found::Spec(spec)) => return load_from_spec(vm, &spec),
        None => return Err(not_found(format!("No module named '{full}'"), full)),
    };
    let spec = spec_of(full, &origin);
    let key = Str::intern(full);
    let modules = &state().modules;
    match origin {
        Origin::Native(make) => {
            let module = make(vm)?;
            let (names, globals) = (symbols(), &module.globals);
            globals.set_str(&names.package, Value::str(full.rsplit_once('.').map_or("", |(parent, _)| parent)));
            globals.set_str(&names.loader, Value::None);
            globals.set_str(&names.spec, spec);
            modules.set_str(&key, Value::Module(module.clone()));
            Ok(Value::Module(module))
        }
        Origin::Namespace(folder) => {
            let module = Module::new(full);
            describe(vm, &module, None, Some(folder));
            module.globals.set_str(&symbols().spec, spec);
            modules.set_str(&key, Value::Module(module.clone()));
            Ok(Value::Module(module))
        }
        Origin::Text { source, package } => {
            let module = Module::new(full);
            describe(vm, &module, Some(&source.name), package);
            module.globals.set_str(&symbols().spec, spec);
            modules.set_str(&key, Value::Module(module.clone()));
            let mark = (key.clone(), flows::current());
            state().loading.borrow_mut().push(mark.clone());
            let outcome = run(vm, &module, &source);
            state().loading.borrow_mut().retain(|other| *other != mark);
            state().import_waiters.wake_all();
            match outcome {
                // The module may have put something else in its place.
                Ok(()) => Ok(modules.get_str(&key).unwrap_or(Value::Module(module))),
                Err(raised) => {
                    modules.remove_str(&key);
                    Err(raised)
                }
            }
        }
    }
}

fn run(vm: &mut Vm, module: &Gc<Module>, text: &Rc<Source>) -> Result<()> {
    let (code, warnings) = source::compile(text, source::TopLevelAwait::No)
        .map_err(|diagnostics| source::syntax_error(text, &diagnostics))?;
    source::issue_warnings(vm, text, &warnings)?;
    vm.run_module(&code, module).map(drop)
}

/// The `__spec__` of a module that comes from there.
fn spec_of(full: &str, origin: &Origin) -> Value {
    match origin {
        Origin::Native(_) => module_spec::make(full, Some("built-in"), None, false),
        Origin::Namespace(folder) => module_spec::make(full, None, Some(folder), false),
        Origin::Text { source, package } => module_spec::make(full, Some(&source.name), package.as_deref(), true),
    }
}

/// What was found: by the machine itself, or by a finder of the script.
enum Found {
    Origin(Origin),
    Spec(Value),
}

/// Asks the finders of `sys.meta_path` in turn; the usual ones stand for `find`.
fn search(vm: &mut Vm, full: &str, package_path: Option<&Value>) -> Result<Option<Found>> {
    let own = &state().finders;
    let is_own = |finder: &Value| matches!(finder, Value::Class(class) if own.iter().any(|own| own.same(class)));
    let finders = match state().module("sys").and_then(|sys| sys.get("meta_path")) {
        Some(Value::List(finders)) => finders.snapshot(),
        _ => Vec::new(),
    };
    if finders.iter().all(is_own) {
        return Ok(find(vm, full, package_path)?.map(Found::Origin));
    }
    let path = package_path.cloned().unwrap_or(Value::None);
    for finder in finders {
        if is_own(&finder) {
            if matches!(&finder, Value::Class(class) if class.same(&own[own.len() - 1]))
                && let Some(origin) = find(vm, full, package_path)?
            {
                return Ok(Some(Found::Origin(origin)));
            }
        } else if let Some(find_spec) = vm.get_attribute_if_any(&finder, &Str::intern("find_spec"))? {
            let spec = vm.call(&find_spec, &[Value::str(full), path.clone(), Value::None])?;
            if !spec.is_none() {
                return Ok(Some(Found::Spec(spec)));
            }
        }
    }
    Ok(None)
}

/// Makes and runs the module of a spec that comes from the script.
fn load_from_spec(vm: &mut Vm, spec: &Value) -> Result<Value> {
    let loading = import_absolute(vm, "importlib._loading")?;
    let load = vm.get_attribute(&loading, &Str::intern("load_from_spec"))?;
    vm.call(&load, std::slice::from_ref(spec))
}

/// What `importlib.util.find_spec` asks for: the spec of a module that is not loaded; None when there is none.
pub fn find_spec(vm: &mut Vm, full: &Str, package_path: Option<&Value>) -> Result<Value> {
    let package_path = package_path.filter(|path| !path.is_none());
    Ok(match search(vm, full, package_path)? {
        Some(Found::Origin(origin)) => spec_of(full, &origin),
        Some(Found::Spec(spec)) => spec,
        None => Value::None,
    })
}

/// As `find_spec`, without the finders of the script.
pub fn find_spec_on_path(vm: &mut Vm, full: &Str, package_path: Option<&Value>) -> Result<Value> {
    let package_path = package_path.filter(|path| !path.is_none());
    Ok(find(vm, full, package_path)?.map_or(Value::None, |origin| spec_of(full, &origin)))
}

/// Sets what a module knows about itself. `package` is the folder when it is one.
pub fn describe(vm: &mut Vm, module: &Gc<Module>, file: Option<&str>, package: Option<String>) {
    let names = symbols();
    let globals = &module.globals;
    globals.set_str(&names.doc, Value::None);
    let is_program = *module.name == *names.main;
    let parent = match &package {
        Some(_) => &*module.name,
        None => module.name.rsplit_once('.').map_or("", |(parent, _)| parent),
    };
    globals.set_str(&names.package, if is_program { Value::None } else { Value::str(parent) });
    globals.set_str(&names.loader, Value::None);
    globals.set_str(&names.spec, Value::None);
    // As in CPython the program has the module, all others its dict; and it is ready for annotations.
    let mut builtins = Value::Dict(vm.builtins.clone());
    if is_program {
        globals.set_str(&names.annotations, Value::Dict(Gc::new(Dict::new())));
        builtins = import_absolute(vm, "builtins").unwrap_or(builtins);
        globals.set_str(&names.builtins, builtins.clone());
    }
    if let Some(folder) = package {
        globals.set_str(&names.path, Value::list(vec![Value::str(&folder)]));
    }
    if let Some(file) = file {
        globals.set_str(&names.file, Value::str(file));
        globals.set_str(&Str::intern("__cached__"), Value::None);
    }
    globals.set_str(&names.builtins, builtins);
}

/// Modules that the machine imports for itself.
const MACHINE: [&str; 4] = ["codecs", "abc", "io", "os"];

/// Finds where a module is.
fn find(vm: &mut Vm, full: &str, package_path: Option<&Value>) -> Result<Option<Origin>> {
    let native = find_native(full);
    if let Some(native) = native
        && native.precedence == Precedence::First
    {
        return Ok(Some(Origin::Native(native.make)));
    }
    let folders = match package_path {
        Some(path) => vm.collect(path)?,
        None => search_path(vm)?,
    };
    let short = full.rsplit_once('.').map_or(full, |(_, short)| short);
    let folders: Vec<&Str> =
        folders.iter().filter_map(Value::as_str).filter(|it| !it.starts_with("<stdlib>")).collect();
    let outside = &state().outside;
    let is_outside = |folder: &&Str| outside.borrow().iter().any(|outside| **outside == ***folder);
    let (last, first): (Vec<&Str>, Vec<&Str>) = folders.into_iter().partition(is_outside);
    let mut namespace = None;
    // A script cannot stand in for what the machine itself imports, as in CPython, where it is there already.
    if !MACHINE.contains(&full)
        && let Some(found) = find_among(vm, &first, short, &mut namespace)?
    {
        return Ok(Some(found));
    }
    if let Some(native) = native {
        return Ok(Some(Origin::Native(native.make)));
    }
    if let Some(embedded) = stdlib::find(full) {
        let name = embedded.file_name();
        let package = embedded.is_package.then(|| format!("<stdlib>/{}", full.replace('.', "/")));
        let source = Rc::new(Source { name, text: embedded.text.to_string() });
        return Ok(Some(Origin::Text { source, package }));
    }
    let found = find_among(vm, &last, short, &mut namespace)?;
    Ok(found.or(namespace.map(Origin::Namespace)))
}

/// Looks for a module in several folders; `namespace` gets the first folder that is a namespace package.
fn find_among(vm: &mut Vm, folders: &[&Str], short: &str, namespace: &mut Option<String>) -> Result<Option<Origin>> {
    for folder in folders {
        match find_in(vm, Path::new(&***folder), short)? {
            Some(Origin::Namespace(found)) => *namespace = namespace.take().or(Some(found)),
            Some(origin) => return Ok(Some(origin)),
            None => {}
        }
    }
    Ok(None)
}

/// `sys.path` as the script sees it now.
fn search_path(vm: &mut Vm) -> Result<Vec<Value>> {
    match state().module("sys").and_then(|sys| sys.get("path")) {
        Some(path) => vm.collect(&path),
        None => Ok(state().path.snapshot()),
    }
}

/// Looks for a module in one folder.
fn find_in(vm: &mut Vm, folder: &Path, short: &str) -> Result<Option<Origin>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let package = folder.join(short);
    let is_folder = package.is_dir();
    if is_folder {
        for ending in ENDINGS {
            let file = package.join(format!("__init__.{ending}"));
            if file.is_file() {
                let source = read(vm, &file)?;
                return Ok(Some(Origin::Text { source, package: Some(package.display().to_string()) }));
            }
        }
    }
    for ending in ENDINGS {
        let file = folder.join(format!("{short}.{ending}"));
        if file.is_file() {
            return Ok(Some(Origin::Text { source: read(vm, &file)?, package: None }));
        }
    }
    Ok(is_folder.then(|| Origin::Namespace(package.display().to_string())))
}

fn read(vm: &mut Vm, file: &Path) -> Result<Rc<Source>> {
    source::read(vm, file, &file.display().to_string()).map_err(|failure| failure.raised())
}

/// Turns leading dots into the name of the package they stand for.
fn absolute_name(vm: &mut Vm, name: &str, level: usize, globals: &Gc<Dict>) -> Result<String> {
    let names = symbols();
    let text = |key: &Str| globals.get_str(key).and_then(|value| value.as_str().cloned());
    let package = match text(&names.package) {
        Some(package) => package.to_string(),
        None => {
            let message = "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__";
            (vm.hooks.warn)(vm, &crate::value::types().import_warning, message)?;
            match text(&names.name) {
                Some(module) if globals.get_str(&names.path).is_some() => module.to_string(),
                Some(module) => module.rsplit_once('.').map_or(String::new(), |(parent, _)| parent.to_string()),
                None => return Err(Raised::key_error(Value::str("'__name__' not in globals"))),
            }
        }
    };
    if package.is_empty() {
        return Err(Raised::import_error("attempted relative import with no known parent package"));
    }
    let mut base = &*package;
    for _ in 1..level {
        base = match base.rsplit_once('.') {
            Some((parent, _)) => parent,
            None => return Err(Raised::import_error("attempted relative import beyond top-level package")),
        };
    }
    Ok(if name.is_empty() { base.to_string() } else { format!("{base}.{name}") })
}

fn not_found(message: String, name: &str) -> Raised {
    let error = Raised::module_not_found_error(message);
    annotate(&error, name, None);
    error
}

fn import_error(message: String, name: &str, file: Option<&Str>) -> Raised {
    let error = Raised::import_error(message);
    annotate(&error, name, file);
    error
}

fn annotate(error: &Raised, name: &str, file: Option<&Str>) {
    error.0.set(&Str::intern("name"), Value::str(name));
    error.0.set(&symbols().path_, file.cloned().into());
}

/// Whether this says that the module with this very name does not exist.
fn is_missing(raised: &Raised, full: &str) -> bool {
    raised.is_a(&crate::value::types().module_not_found_error)
        && raised.0.get(&Str::intern("name")).and_then(|name| name.as_str().cloned()).is_some_and(|name| &*name == full)
}

/// Puts a folder at the front of the search path.
pub fn search_first(folder: &str) {
    let path: &Gc<List> = &state().path;
    path.items.borrow_mut().insert(0, Value::str(folder));
}

/// Puts a folder that the environment names at the end of the search path: after the embedded library.
pub fn search_last(folder: &str) {
    let state = state();
    state.path.items.borrow_mut().push(Value::str(folder));
    state.outside.borrow_mut().push(folder.to_string());
}

/// What `-m` runs.
pub struct Program {
    pub source: Rc<Source>,
    /// The `__package__` it runs in.
    pub package: String,
    /// Its `__spec__`.
    pub spec: Value,
}

/// Finds a module, or `__main__` of a package, to be run as a program. Parents are imported.
pub fn find_program(vm: &mut Vm, name: &str) -> Result<Program> {
    let parent = name.rsplit_once('.').map(|(parent, _)| parent);
    let path = match parent {
        Some(parent) => {
            let parent = import_absolute(vm, parent)?;
            vm.get_attribute_if_any(&parent, &symbols().path)?
        }
        None => None,
    };
    match find(vm, name, path.as_ref())? {
        Some(Origin::Text { source, package: None }) => {
            let spec = module_spec::make(name, Some(&source.name), None, true);
            Ok(Program { source, package: parent.unwrap_or("").to_string(), spec })
        }
        Some(Origin::Text { package: Some(_), .. } | Origin::Namespace(_)) => {
            let package = import_absolute(vm, name)?;
            let path = vm.get_attribute_if_any(&package, &symbols().path)?;
            let main = format!("{name}.__main__");
            match find(vm, &main, path.as_ref())? {
                Some(Origin::Text { source, .. }) => {
                    let spec = module_spec::make(&main, Some(&source.name), None, true);
                    Ok(Program { source, package: name.to_string(), spec })
                }
                _ => Err(Raised::import_error(format!(
                    "No module named {main}; '{name}' is a package and cannot be directly executed"
                ))),
            }
        }
        Some(Origin::Native(_)) => Err(Raised::import_error(format!("{name} is built in and cannot be run"))),
        None => Err(not_found(format!("No module named {name}"), name)),
    }
}
