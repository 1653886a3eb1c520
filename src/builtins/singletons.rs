//! None, NotImplemented, Ellipsis, and modules: objects with next to nothing in them.

use crate::native;
use crate::value::{Dict, Gc, Module, Native, Result, Str, Value, symbols};
use crate::vm::Vm;

fn none_new(_: &mut Vm, _: &Value) -> Value {
    Value::None
}

fn none_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("None")
}

fn none_bool(_: &mut Vm, _: &Value) -> bool {
    false
}

pub const NONE_METHODS: &[Native] = &[
    native!("__new__(cls, /)", none_new(required), "None.").static_method(),
    native!("__repr__(self, /)", none_repr(required), "Return repr(self)."),
    native!("__bool__(self, /)", none_bool(required), "True if self else False"),
];

fn not_implemented_new(_: &mut Vm, _: &Value) -> Value {
    Value::NotImplemented
}

fn not_implemented_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("NotImplemented")
}

pub const NOT_IMPLEMENTED_METHODS: &[Native] = &[
    native!("__new__(cls, /)", not_implemented_new(required), "NotImplemented.").static_method(),
    native!("__repr__(self, /)", not_implemented_repr(required), "Return repr(self)."),
];

fn ellipsis_new(_: &mut Vm, _: &Value) -> Value {
    Value::Ellipsis
}

fn ellipsis_repr(_: &mut Vm, _: &Value) -> Value {
    Value::str("Ellipsis")
}

pub const ELLIPSIS_METHODS: &[Native] = &[
    native!("__new__(cls, /)", ellipsis_new(required), "Ellipsis.").static_method(),
    native!("__repr__(self, /)", ellipsis_repr(required), "Return repr(self)."),
];

fn module_new(_: &mut Vm, _: &Value, name: &Str, doc: Option<&Value>) -> Gc<Module> {
    let module = Module::new(name);
    module.globals.set_str(&symbols().doc, doc.cloned().unwrap_or(Value::None));
    module
}

fn module_repr(vm: &mut Vm, this: &Gc<Module>) -> Result<Str> {
    let names = symbols();
    let name = match this.globals.get_str(&names.name) {
        Some(name) => vm.repr(&name)?,
        None => Str::new("'?'"),
    };
    Ok(match this.globals.get_str(&names.file) {
        Some(Value::Str(file)) => {
            let file = vm.repr(&Value::Str(file))?;
            format!("<module {name} from {file}>")
        }
        _ => format!("<module {name} (built-in)>"),
    }
    .into())
}

fn module_attributes(_: &mut Vm, this: &Gc<Module>) -> Gc<Dict> {
    this.globals.clone()
}

fn module_doc(_: &mut Vm, this: &Gc<Module>) -> Value {
    this.globals.get_str(&symbols().doc).unwrap_or(Value::None)
}

fn module_annotations(_: &mut Vm, this: &Gc<Module>) -> Value {
    let name = &symbols().annotations;
    this.globals.get_str(name).unwrap_or_else(|| {
        let annotations = Value::Dict(Gc::new(Dict::new()));
        this.globals.set_str(name, annotations.clone());
        annotations
    })
}

fn module_dir(vm: &mut Vm, this: &Gc<Module>) -> Result<Value> {
    match this.globals.get_str(&symbols().dir) {
        Some(function) => vm.call(&function, &[]),
        None => Ok(Value::list(this.globals.keys())),
    }
}

pub const MODULE_METHODS: &[Native] = &[
    native!(
        "__new__(cls, name, doc=None)",
        module_new(required, required, optional),
        "Create and return a new object."
    )
    .static_method(),
    native!("__repr__(self, /)", module_repr(required), "Return repr(self)."),
    native!("__dir__(self, /)", module_dir(required), "The names of the attributes."),
    native!("__dict__(self, /)", module_attributes(required), "The variables of the module.").getter(),
    native!("__doc__(self, /)", module_doc(required), "The docstring.").getter(),
    native!("__annotations__(self, /)", module_annotations(required), "The annotations of the module's variables.")
        .getter(),
];
