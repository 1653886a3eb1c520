//! `_abc`: the checks of abstract classes, and what they remember of other classes.
//!
//! `isinstance(value, Iterable)` is asked often with the same classes. An abstract class keeps, in `_abc_impl`,
//! which classes it knows to be derived from it and which not, by their versions: these name a class and the state
//! it is in, and are never used again, so that a class that changes is looked at anew, and one that is gone leaves a
//! number behind. What is not known, `ABCMeta._decide` in the script part finds out.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use super::{native_class, native_module};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::{Class, Gc, Instance, Module, Mutable, Native, NativeFunction, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// Most classes to remember; then it begins anew.
const MOST: usize = 10_000;

thread_local! {
    /// How often a class was registered with any abstract class: what was not derived then may be now.
    static REGISTRATIONS: Cell<u64> = const { Cell::new(0) };
}

/// What an abstract class knows of others, by their versions.
struct Known {
    /// A weak set of the classes registered with it.
    registry: Value,
    derived: Mutable<FxHashSet<u32>>,
    others: Mutable<FxHashSet<u32>>,
    /// The registrations there were when `others` was begun.
    registrations: Cell<u64>,
}

impl Payload for Known {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.registry.trace(tracer);
    }
}

impl Known {
    /// Whether a class is derived, if that is known.
    fn recall(&self, class: &Class) -> Option<bool> {
        let version = class.version();
        if self.derived.borrow().contains(&version) {
            return Some(true);
        }
        let is_recent = self.registrations.get() == REGISTRATIONS.get();
        (is_recent && self.others.borrow().contains(&version)).then_some(false)
    }

    fn remember(&self, class: &Class, is_derived: bool) {
        if self.registrations.replace(REGISTRATIONS.get()) != REGISTRATIONS.get() {
            self.others.borrow_mut().clear();
        }
        let mut versions = if is_derived { self.derived.borrow_mut() } else { self.others.borrow_mut() };
        if versions.len() >= MOST {
            versions.clear();
        }
        versions.insert(class.version());
    }

    fn forget(&self) {
        self.derived.borrow_mut().clear();
        self.others.borrow_mut().clear();
    }
}

/// The knowledge of an abstract class.
fn known(class: &Class) -> Result<Gc<Instance>> {
    match class.namespace.get_str(&Str::intern("_abc_impl")) {
        Some(Value::Instance(instance)) if instance.payload::<Known>().is_some() => Ok(instance),
        _ => Err(Raised::type_error("_abc_impl is set to a wrong type")),
    }
}

fn recall(class: &Class, other: &Class) -> Result<Option<bool>> {
    Ok(known(class)?.payload::<Known>().and_then(|known| known.recall(other)))
}

fn instance_check(vm: &mut Vm, class: &Class, instance: &Value) -> Result<bool> {
    let own = Value::Class(instance.class());
    let claimed = vm.claimed_class(instance)?;
    let known = match &claimed {
        Value::Class(claimed) => recall(class, claimed)?,
        _ => None,
    };
    let class = Value::Class(class.clone());
    let mut check = |other: &Value| {
        let answer = vm.call_method(&class, &Str::intern("__subclasscheck__"), std::slice::from_ref(other))?;
        vm.truth(&answer)
    };
    if claimed.is(&own) {
        return known.map_or_else(|| check(&own), Ok);
    }
    Ok(known == Some(true) || check(&claimed)? || check(&own)?)
}

fn subclass_check(vm: &mut Vm, class: &Class, other: &Value) -> Result<bool> {
    let Value::Class(other_class) = other else {
        return Err(Raised::type_error("issubclass() arg 1 must be a class"));
    };
    if let Some(is_derived) = recall(class, other_class)? {
        return Ok(is_derived);
    }
    let answer = vm.call_method(&Value::Class(class.clone()), &Str::intern("_decide"), std::slice::from_ref(other))?;
    let is_derived = vm.truth(&answer)?;
    if let Some(known) = known(class)?.payload::<Known>() {
        known.remember(other_class, is_derived);
    }
    Ok(is_derived)
}

static INSTANCE_CHECK: Native =
    native!("__instancecheck__(cls, instance, /)", instance_check(required, required), "isinstance(instance, cls)");
static SUBCLASS_CHECK: Native =
    native!("__subclasscheck__(cls, subclass, /)", subclass_check(required, required), "issubclass(subclass, cls)");

/// Gives a metaclass the checks.
fn install(_: &mut Vm, metaclass: &Class) {
    for row in [&INSTANCE_CHECK, &SUBCLASS_CHECK] {
        let check = Value::Native(NativeFunction::method(row, metaclass));
        metaclass.namespace.set_str(&Str::intern(row.name()), check);
    }
    metaclass.changed();
}

fn registered(_: &mut Vm) {
    REGISTRATIONS.set(REGISTRATIONS.get() + 1);
}

fn get_cache_token(_: &mut Vm) -> i64 {
    REGISTRATIONS.get() as i64
}

fn forget(_: &mut Vm, class: &Class) -> Result<()> {
    if let Some(known) = known(class)?.payload::<Known>() {
        known.forget();
    }
    Ok(())
}

fn new_known(_: &mut Vm, class: &Class, registry: Value) -> Value {
    let known = Known {
        registry,
        derived: Mutable::default(),
        others: Mutable::default(),
        registrations: Cell::new(REGISTRATIONS.get()),
    };
    Value::Instance(Instance::with_payload(class.clone(), known))
}

fn registry(_: &mut Vm, this: &Value) -> Value {
    this.payload::<Known>().map_or(Value::None, |known| known.registry.clone())
}

const KNOWN: &[Native] = &[
    native!("__new__(cls, registry, /)", new_known(required, required), "Knows of no class yet.").static_method(),
    native!("registry(self)", registry(required), "The classes that were registered.").getter(),
];

const FUNCTIONS: &[Native] = &[
    native!("install(metaclass, /)", install(required), "Gives a metaclass its two checks."),
    native!("registered()", registered(), "A class was registered."),
    native!("get_cache_token()", get_cache_token(), "A number that changes when a class is registered."),
    native!("forget(cls, /)", forget(required), "Forgets what an abstract class knows of others."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_abc", FUNCTIONS);
    module.set("Known", Value::Class(native_class("_abc.Known", &types().object, KNOWN)));
    Ok(module)
}
