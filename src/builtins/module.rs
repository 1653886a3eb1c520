//! `module`: what its attributes are is the VM's; here is how one is made and shown.

use crate::native;
use crate::value::{Class, Dict, Gc, Module, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Gc<Module> {
    Module::empty(class)
}

fn init(_: &mut Vm, this: &Gc<Module>, name: &Str, doc: Option<&Value>) {
    let names = symbols();
    this.globals.set_str(&names.name, Value::Str(name.clone()));
    this.globals.set_str(&names.doc, doc.cloned().unwrap_or(Value::None));
    for name in [&names.package, &names.loader, &names.spec] {
        this.globals.set_str(name, Value::None);
    }
}

/// By its spec if it has one, else by its file or its loader.
fn repr(vm: &mut Vm, this: &Gc<Module>) -> Result<Str> {
    let names = symbols();
    let given = |name: &Str| this.globals.get_str(name).filter(|value| !value.is_none());
    if let Some(spec) = given(&Str::intern("__spec__")) {
        return repr_by_spec(vm, &spec);
    }
    let name = match this.globals.get_str(&names.name) {
        Some(name) => vm.repr(&name)?,
        None => Str::new("'?'"),
    };
    Ok(match (this.globals.get_str(&names.file), given(&Str::intern("__loader__"))) {
        (Some(file), _) => format!("<module {name} from {}>", vm.repr(&file)?),
        (None, Some(loader)) => format!("<module {name} ({})>", vm.repr(&loader)?),
        (None, None) => format!("<module {name}>"),
    }
    .into())
}

fn repr_by_spec(vm: &mut Vm, spec: &Value) -> Result<Str> {
    let mut part = |name: &str| vm.get_attribute(spec, &Str::intern(name));
    let (name, origin, loader) = (part("name")?, part("origin")?, part("loader")?);
    let (has_location, places) = (part("has_location")?, part("submodule_search_locations")?);
    let name = if name.is_none() { Str::new("'?'") } else { vm.repr(&name)? };
    Ok(match (&origin, &loader) {
        (Value::None, Value::None) => format!("<module {name}>"),
        // A package of several folders.
        (Value::None, loader) if &*loader.type_name() == "NamespaceLoader" => {
            let places = vm.collect(&places)?;
            format!("<module {name} (namespace) from {}>", vm.repr(&Value::list(places))?)
        }
        (Value::None, loader) => format!("<module {name} ({})>", vm.repr(loader)?),
        (origin, _) if vm.truth(&has_location)? => format!("<module {name} from {}>", vm.repr(origin)?),
        (origin, _) => format!("<module {name} ({})>", vm.str(origin)?),
    }
    .into())
}

fn attributes(_: &mut Vm, this: &Gc<Module>) -> Gc<Dict> {
    this.globals.clone()
}

fn doc(_: &mut Vm, this: &Gc<Module>) -> Value {
    this.globals.get_str(&symbols().doc).unwrap_or(Value::None)
}

fn annotations(_: &mut Vm, this: &Gc<Module>) -> Value {
    let name = &symbols().annotations;
    this.globals.get_str(name).unwrap_or_else(|| {
        let annotations = Value::Dict(Gc::new(Dict::new()));
        this.globals.set_str(name, annotations.clone());
        annotations
    })
}

/// The names of the variables, or what the module's own `__dir__` says. A derived class may show something else
/// as its `__dict__`.
fn dir(vm: &mut Vm, this: &Gc<Module>) -> Result<Value> {
    let variables = vm.get_attribute(&Value::Module(this.clone()), &symbols().dict)?;
    let Value::Dict(variables) = variables.native() else {
        let name = this.class().name();
        return Err(Raised::type_error(format!("{name}.__dict__ is not a dictionary")));
    };
    match variables.get_str(&symbols().dir) {
        Some(function) => vm.call(&function, &[]),
        None => Ok(Value::list(variables.keys())),
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Create and return a new object.")
        .static_method(),
    native!("__init__(self, name, doc=None)", init(required, required, optional), "Initialize self."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__dir__(self, /)", dir(required), "The names of the attributes."),
    native!("__dict__(self, /)", attributes(required), "The variables of the module.").getter(),
    native!("__doc__(self, /)", doc(required), "The docstring.").getter(),
    native!("__annotations__(self, /)", annotations(required), "The annotations of the module's variables.").getter(),
];
