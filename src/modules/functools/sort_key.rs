//! Sort keys made of a comparison.

use crate::memory::Tracer;
use crate::modules::native_class;
use crate::native;
use crate::value::instance::Payload;
use crate::value::{Class, Instance, Mutable, Native, Raised, Result, Value, symbols, types};
use crate::vm::{Comparison, Vm};

/// A comparison, with an object when it is a key.
struct Key {
    compare: Value,
    object: Mutable<Value>,
}

impl Payload for Key {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.compare.trace(tracer);
        self.object.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.object.set(Value::Unbound);
    }
}

thread_local! {
    static KEY: Class = {
        let class = native_class("functools.KeyWrapper", &types().object, METHODS);
        class.namespace.set_str(&symbols().hash, Value::None);
        class.changed();
        class
    };
}

/// What makes keys.
pub fn maker(compare: Value) -> Value {
    make(compare, Value::Unbound)
}

fn make(compare: Value, object: Value) -> Value {
    let key = Key { compare, object: Mutable::new(object) };
    KEY.with(|class| Value::Instance(Instance::with_payload(class.clone(), key)))
}

fn key_of(value: &Value) -> Result<&Key> {
    value.payload::<Key>().ok_or_else(|| Raised::type_error("other argument must be K instance"))
}

fn call(_: &mut Vm, this: &Value, obj: Value) -> Result<Value> {
    Ok(make(key_of(this)?.compare.clone(), obj))
}

fn object(_: &mut Vm, this: &Value) -> Result<Value> {
    key_of(this)?.object.get().bound().ok_or_else(|| Raised::attribute_error("object"))
}

fn compare(vm: &mut Vm, comparison: Comparison, this: &Value, other: &Value) -> Result<Value> {
    let (this, other) = (key_of(this)?, key_of(other)?);
    let (Some(left), Some(right)) = (this.object.get().bound(), other.object.get().bound()) else {
        return Err(Raised::attribute_error("object"));
    };
    let function = this.compare.clone();
    let order = vm.call(&function, &[left, right])?;
    vm.compare(comparison, &order, &Value::Int(0))
}

macro_rules! comparisons {
    ($($name:ident $comparison:ident),*) => {
        $(fn $name(vm: &mut Vm, this: &Value, other: &Value) -> Result<Value> {
            compare(vm, Comparison::$comparison, this, other)
        })*
    };
}

comparisons!(lt Less, le LessEqual, gt Greater, ge GreaterEqual, eq Equal, ne NotEqual);

const METHODS: &[Native] = &[
    native!("__call__(self, obj)", call(required, required), "A key for an object."),
    native!("obj(self, /)", object(required), "The object of a key.").getter(),
    native!("__lt__(self, other, /)", lt(required, required), "self < other"),
    native!("__le__(self, other, /)", le(required, required), "self <= other"),
    native!("__gt__(self, other, /)", gt(required, required), "self > other"),
    native!("__ge__(self, other, /)", ge(required, required), "self >= other"),
    native!("__eq__(self, other, /)", eq(required, required), "self == other"),
    native!("__ne__(self, other, /)", ne(required, required), "self != other"),
];
