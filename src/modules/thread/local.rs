//! What `threading.local` is made of: an object whose `__dict__` is another one in each thread.
//!
//! The dicts belong to the object, so that they go with it; each thread knows the objects in which it has a
//! dict, and takes it out at its end.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use crate::memory::Tracer;
use crate::modules::native_class;
use crate::native;
use crate::scheduler::flows::{self, Ident};
use crate::value::instance::Payload;
use crate::value::{Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, Weak, symbols, types};
use crate::vm::Vm;

thread_local! {
    pub static LOCAL: Class = native_class("_thread._local_base", &types().object, METHODS);
    /// The objects in which a thread has a dict.
    static USED: RefCell<FxHashMap<Ident, Vec<Weak<Instance>>>> = RefCell::default();
}

struct Local {
    /// What `__init__` is called with in each thread.
    arguments: Vec<Value>,
    names: Vec<Str>,
    dicts: Mutable<FxHashMap<Ident, Gc<Dict>>>,
    /// Whose dict is the `__dict__` now; 0 for nobody's.
    shown: Cell<Ident>,
}

impl Payload for Local {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.arguments.iter().for_each(|argument| argument.trace(tracer));
        self.dicts.borrow().values().for_each(|dict| tracer.visit(dict));
    }

    fn clear(&self) {
        drop(self.dicts.take());
    }
}

fn new(_: &mut Vm, class: &Class, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let (names, values): (Vec<Str>, Vec<Value>) = crate::builtins::keyword_pairs(keywords).into_iter().unzip();
    let init = (class.lookup(&symbols().init), types().object.lookup(&symbols().init));
    let is_plain = matches!(&init, (Some(found), Some(own)) if found.is(own));
    if is_plain && !(arguments.is_empty() && names.is_empty()) {
        return Err(Raised::type_error("Initialization arguments are not supported"));
    }
    let local = Local {
        arguments: arguments.iter().cloned().chain(values).collect(),
        names,
        dicts: Mutable::default(),
        shown: Cell::new(0),
    };
    let instance = Instance::with_payload(class.clone(), local);
    show_dict(&instance);
    Ok(Value::Instance(instance))
}

/// Makes the dict of the running thread the `__dict__`. True when it is a new one.
fn show_dict(instance: &Gc<Instance>) -> bool {
    let Some(local) = instance.payload::<Local>() else { return false };
    let me = flows::current();
    if local.shown.replace(me) == me {
        return false;
    }
    let known = local.dicts.borrow().get(&me).cloned();
    let is_new = known.is_none();
    let dict = known.unwrap_or_else(|| {
        let dict = Gc::new(Dict::new());
        local.dicts.borrow_mut().insert(me, dict.clone());
        USED.with_borrow_mut(|used| used.entry(me).or_default().push(Weak::new(instance)));
        dict
    });
    instance.set_dictionary(dict);
    is_new
}

fn prepare(vm: &mut Vm, this: &Gc<Instance>) -> Result<()> {
    if !show_dict(this) {
        return Ok(());
    }
    let Some(local) = this.payload::<Local>() else { return Ok(()) };
    let object = Value::Instance(this.clone());
    let Some(init) = this.class().lookup(&symbols().init) else { return Ok(()) };
    let init = vm.bind(init, &object, &this.class())?;
    vm.call_with_keywords(&init, &local.arguments, &local.names)?;
    show_dict(this);
    Ok(())
}

/// A thread has ended: its dicts go.
pub fn forget(ident: Ident) {
    let used = USED.with_borrow_mut(|used| used.remove(&ident)).unwrap_or_default();
    for instance in used.iter().filter_map(Weak::upgrade) {
        let Some(local) = instance.payload::<Local>() else { continue };
        let dict = local.dicts.borrow_mut().remove(&ident);
        if local.shown.get() == ident {
            local.shown.set(0);
            instance.set_dictionary(Gc::new(Dict::new()));
        }
        drop(dict);
    }
}

/// An attribute of a local object in the running thread.
pub fn get(vm: &mut Vm, this: &Gc<Instance>, name: &Str) -> Result<Value> {
    prepare(vm, this)?;
    let object = Value::Instance(this.clone());
    match vm.find_plain(&object, &this.class(), &name.interned())? {
        Some(value) => Ok(value),
        None => Err(vm.missing_attribute(&object, name)),
    }
}

/// Sets an attribute of a local object in the running thread, or deletes it.
fn change(vm: &mut Vm, this: &Gc<Instance>, name: &Str, value: Option<Value>) -> Result<()> {
    if name.same(&symbols().dict) || &**name == "__dict__" {
        let class = this.class().name();
        return Err(Raised::attribute_error(format!("'{class}' object attribute '__dict__' is read-only")));
    }
    prepare(vm, this)?;
    vm.set_plain(&Value::Instance(this.clone()), name, value)
}

pub fn set(vm: &mut Vm, this: &Gc<Instance>, name: &Str, value: Value) -> Result<()> {
    change(vm, this, name, Some(value))
}

pub fn delete(vm: &mut Vm, this: &Gc<Instance>, name: &Str) -> Result<()> {
    change(vm, this, name, None)
}

const METHODS: &[Native] = &[native!(
    "__new__(cls, /, *args, **kwargs)",
    new(required, rest, keywords),
    "Makes an object that is another one in each thread."
)
.static_method()];
