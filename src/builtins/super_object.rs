//! `super`: attributes looked up behind a class. The lookup is the VM's; here is how one is made.

use crate::bytecode::Register;
use crate::native;
use crate::value::descriptor::Super;
use crate::value::{Class, Instance, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// The class whose search order `super(class, receiver)` uses.
fn start(vm: &mut Vm, class: &Class, receiver: &Value) -> Result<Class> {
    if let Value::Class(receiver) = receiver
        && receiver.is_subclass(class)
    {
        return Ok(receiver.clone());
    }
    let own = receiver.class();
    if own.is_subclass(class) {
        return Ok(own);
    }
    // A proxy says itself of which class it is.
    if let Some(Value::Class(shown)) = vm.get_attribute_if_any(receiver, &symbols().class)?
        && !shown.same(&own)
        && shown.is_subclass(class)
    {
        return Ok(shown);
    }
    let what = match receiver {
        Value::Class(receiver) => format!("type {}", receiver.name()),
        _ => format!("instance of {}", own.name()),
    };
    Err(Raised::type_error(format!(
        "super(type, obj): obj ({what}) is not an instance or subtype of type ({}).",
        class.name()
    )))
}

/// `super(class, receiver)`; an unbound receiver makes an unbound super.
pub fn super_object(vm: &mut Vm, kind: &Class, class: Class, receiver: Value) -> Result<Value> {
    let start = if receiver.is_unbound() { class.clone() } else { start(vm, &class, &receiver)? };
    Ok(Value::Instance(Instance::with_payload(kind.clone(), Super { class, receiver, start })))
}

/// The class and the receiver of a `super()` without arguments: the cell `__class__` and the first
/// argument of the function that calls.
fn of_caller(vm: &Vm) -> Result<(Class, Value)> {
    let Some(view) = vm.script_frames().next() else { return Err(Raised::runtime_error("super(): no current frame")) };
    let code = &view.function.code.code;
    let class = code.free_names.iter().position(|name| &**name == "__class__");
    let opened = |value: Value| match value {
        Value::Cell(cell) => cell.contents.get(),
        other => other,
    };
    if code.parameter_names.is_empty() {
        return Err(Raised::runtime_error("super(): no arguments"));
    }
    let receiver = if code.spilled_parameters {
        let first = Str::intern(&code.parameter_names[0]);
        view.locals().into_iter().find(|(name, _)| name.same(&first)).map_or(Value::Unbound, |(_, value)| value)
    } else {
        opened(view.register(Register(0)))
    };
    if receiver.is_unbound() {
        return Err(Raised::runtime_error("super(): arg[0] deleted"));
    }
    match class.and_then(|index| view.function.closure.get(index)).map(|cell| cell.contents.get()) {
        Some(Value::Class(class)) => Ok((class, receiver)),
        Some(Value::Unbound) => Err(Raised::runtime_error("super(): empty __class__ cell")),
        Some(other) => Err(Raised::runtime_error(format!("super(): __class__ is not a type ({})", other.type_name()))),
        None => Err(Raised::runtime_error("super(): __class__ cell not found")),
    }
}

fn new(vm: &mut Vm, kind: &Class, class: Option<&Value>, receiver: Option<&Value>) -> Result<Value> {
    let Some(class) = class else {
        let (class, receiver) = of_caller(vm)?;
        return super_object(vm, kind, class, receiver);
    };
    let Value::Class(class) = class else {
        return Err(Raised::type_error(format!("super() argument 1 must be a type, not {}", class.type_name())));
    };
    let receiver = receiver.filter(|receiver| !receiver.is_none()).cloned().unwrap_or_default();
    super_object(vm, kind, class.clone(), receiver)
}

fn init(_: &mut Vm, _: &Value, _: &[Value]) {}

fn super_of(this: &Value) -> Result<&Super> {
    this.payload::<Super>()
        .ok_or_else(|| Raised::type_error(format!("a super object is needed, not '{}'", this.type_name())))
}

fn repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let this = super_of(this)?;
    let class = this.class.name();
    Ok(match &this.receiver {
        Value::Unbound => format!("<super: <class '{class}'>, NULL>"),
        _ => format!("<super: <class '{class}'>, <{} object>>", this.start.name()),
    }
    .into())
}

fn this_class(_: &mut Vm, this: &Value) -> Result<Class> {
    super_of(this).map(|this| this.class.clone())
}

fn receiver(_: &mut Vm, this: &Value) -> Result<Value> {
    super_of(this).map(|this| this.receiver.clone().bound().unwrap_or(Value::None))
}

fn receiver_class(_: &mut Vm, this: &Value) -> Result<Value> {
    super_of(this).map(|this| if this.receiver.is_unbound() { Value::None } else { Value::Class(this.start.clone()) })
}

fn get(vm: &mut Vm, this: &Value, instance: &Value, _owner: Option<&Value>) -> Result<Value> {
    let unbound = super_of(this)?;
    if instance.is_none() || !unbound.receiver.is_unbound() {
        return Ok(this.clone());
    }
    super_object(vm, &this.class(), unbound.class.clone(), instance.clone())
}

pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, type=None, object=None, /)",
        new(required, optional, optional),
        "Create and return a new object."
    )
    .static_method(),
    native!("__init__(self, /, *args)", init(required, rest), "Initialize self."),
    native!(
        "__get__(self, instance, owner=None, /)",
        get(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__thisclass__(self, /)", this_class(required), "The class behind which attributes are looked up.")
        .member(),
    native!("__self__(self, /)", receiver(required), "What methods are bound to, or None.").member(),
    native!("__self_class__(self, /)", receiver_class(required), "The class whose search order is used, or None.")
        .member(),
];
