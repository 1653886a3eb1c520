//! Tuples whose items also have names: `sys.version_info`, `time.struct_time` and the like.
//!
//! A structure is an instance of a class derived from tuple; each field is a property that reads one
//! item. A structure may have more fields than items shown, as `time.struct_time` has.

use std::cell::Cell;

use crate::native;
use crate::value::class::{ClassObject, Layout};
use crate::value::descriptor::Property;
use crate::value::instance::BaseValue;
use crate::value::{
    Class, Dict, Gc, Instance, Mutable, Native, NativeFunction, Raised, Result, Str, Tuple, Value, symbols, types,
};
use crate::vm::Vm;

/// A class of structures with these fields. `name` is `module.class`.
pub fn class(name: &str, fields: &[&str]) -> Class {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let tuple = &types().tuple;
    let order = std::iter::once(tuple.clone()).chain(tuple.ancestors()).collect();
    let class = ClassObject::new(Str::intern(short), Layout::Tuple, vec![tuple.clone()], order, Gc::new(Dict::new()));
    let names = symbols();
    class.namespace.set_str(&names.module, Value::Str(Str::intern(module)));
    let match_args = fields.iter().map(|field| Value::Str(Str::intern(field))).collect();
    class.namespace.set_str(&names.match_args, Value::tuple(match_args));
    for row in METHODS {
        class.namespace.set_str(&Str::intern(row.name()), Value::Native(NativeFunction::method(row, &class)));
    }
    for (index, field) in fields.iter().enumerate() {
        let property = Property {
            getter: Mutable::new(NativeFunction::bound(&FIELD, Value::from(index))),
            setter: Mutable::new(Value::None),
            deleter: Mutable::new(Value::None),
            doc: Mutable::new(Value::None),
            doc_is_of_getter: Cell::new(false),
            name: Mutable::new(Value::str(field)),
        };
        let property = Instance::with_payload(types().property.clone(), property);
        class.namespace.set_str(&Str::intern(field), Value::Instance(property));
    }
    class.has_dictionary.set(false);
    class.has_weak_references.set(false);
    class.set_builtin();
    class.changed();
    class
}

/// A structure of this class.
pub fn make(class: &Class, items: Vec<Value>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), BaseValue(Value::tuple(items))))
}

fn field(_: &mut Vm, index: i64, structure: &Gc<Tuple>) -> Result<Value> {
    let item = usize::try_from(index).ok().and_then(|index| structure.items().get(index).cloned());
    item.ok_or_else(|| Raised::index_error("the structure has no such field"))
}

static FIELD: Native = native!("field(index, structure, /)", field(required, required), "Reads one field.");

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let class = this.class();
    let module = class.lookup(&symbols().module).and_then(|module| module.as_str().cloned());
    let fields = match class.lookup(&symbols().match_args) {
        Some(Value::Tuple(fields)) => fields,
        _ => return Err(Raised::type_error("the class has no fields")),
    };
    let Value::Tuple(items) = this.native() else { return Err(Raised::type_error("this is not a structure")) };
    let mut parts = Vec::with_capacity(items.len());
    for (field, item) in fields.items().iter().zip(items.items()) {
        parts.push(format!("{}={}", field.as_str().map_or("?", |name| name), vm.repr(item)?));
    }
    let module = module.map_or(String::new(), |module| format!("{module}."));
    Ok(format!("{module}{}({})", class.name(), parts.join(", ")))
}

fn new(vm: &mut Vm, class: &Class, sequence: &Value) -> Result<Value> {
    let items = vm.collect(sequence)?;
    let expected = match class.lookup(&symbols().match_args) {
        Some(Value::Tuple(fields)) => fields.len(),
        _ => items.len(),
    };
    if items.len() != expected {
        return Err(Raised::type_error(format!(
            "{}() takes a {expected}-sequence ({}-sequence given)",
            class.name(),
            items.len()
        )));
    }
    Ok(make(class, items))
}

static METHODS: &[Native] = &[
    native!("__new__(cls, sequence, /)", new(required, required), "A structure of the items of a sequence.")
        .static_method(),
    native!("__repr__(self, /)", repr(required), "The fields by name."),
];
