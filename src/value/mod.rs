//! Values: what a script computes with.
//!
//! A `Value` is 16 bytes: the small kinds in place, the rest as typed counted pointers. One file per
//! kind of object. This layer holds data and what can be done with it without running script code;
//! operators, calls and attribute access are the VM's. One exception to the layering: the signature
//! of a native function names `Vm`, which natives receive and hand on.

pub mod arithmetic;
pub mod bytes;
pub mod class;
pub mod code;
pub mod complex;
pub mod coroutine;
pub mod descriptor;
pub mod dict;
pub mod exception;
pub mod float;
pub mod format_float;
pub mod format_spec;
pub mod function;
pub mod future;
pub mod generic;
pub mod hash;
pub mod instance;
pub mod integer;
pub mod iterator;
pub mod list;
pub mod module;
pub mod native;
pub mod ordering;
pub mod packed_array;
pub mod partial;
pub mod range;
pub mod set;
pub mod shape;
pub mod str_properties;
pub mod str_repr;
pub mod symbols;
pub mod types;
pub mod unicode_version;
pub mod weak_reference;

pub use bytes::Bytes;
pub use class::{Class, ClassObject};
pub use code::CodeObject;
pub use coroutine::{Coroutine, CoroutineKind, NativeCoroutine};
pub use dict::Dict;
pub use exception::{Exception, Raised};
pub use function::{BoundMethod, CellObject, Function};
pub use future::{Future, Task};
pub use instance::Instance;
pub use integer::BigInteger;
pub use iterator::Iterator;
pub use list::{List, Tuple};
pub use module::Module;
pub use native::{Arguments, Native, NativeFunction};
pub use range::{Range, Slice};
pub use set::Set;
pub use symbols::symbols;
pub use types::types;

use crate::memory::tagged::{self, Tagged};
pub use crate::memory::{Gc, Mutable, Str, Tracer, Weak};

/// The result of anything that can raise.
pub type Result<T> = std::result::Result<T, Raised>;

/// A value of the language. Those from `Str` on are counted pointers, which have a bit of the tag for
/// themselves (`COUNTED`), so that several values can be asked at once.
#[derive(Debug, Default)]
#[repr(u64)]
pub enum Value {
    /// No value: an unbound variable, an omitted argument. Scripts never see it.
    #[default]
    Unbound,
    None,
    NotImplemented,
    Ellipsis,
    Bool(bool),
    Int(i64),
    Float(f64),
    // From here on: counted pointers.
    Str(Str) = COUNTED,
    /// An int that does not fit 64 bits.
    BigInt(Gc<BigInteger>),
    Bytes(Gc<Bytes>),
    Tuple(Gc<Tuple>),
    List(Gc<List>),
    Dict(Gc<Dict>),
    /// A set or frozenset.
    Set(Gc<Set>),
    Range(Gc<Range>),
    Slice(Gc<Slice>),
    Function(Gc<Function>),
    Native(Gc<NativeFunction>),
    Method(Gc<BoundMethod>),
    Class(Class),
    /// An object of a class of the script, or of a native class without a kind of its own.
    Instance(Gc<Instance>),
    Exception(Gc<Exception>),
    Module(Gc<Module>),
    Cell(Gc<CellObject>),
    Code(Gc<CodeObject>),
    /// A native iterator.
    Iterator(Gc<Iterator>),
    /// A generator, coroutine or async generator of the script.
    Coroutine(Gc<Coroutine>),
    /// A coroutine written in Rust, such as `asyncio.sleep`.
    NativeCoroutine(Gc<NativeCoroutine>),
    Future(Gc<Future>),
    Task(Gc<Task>),
}

/// The bit in the tags of counted pointers.
const COUNTED: u64 = 32;

impl Tagged for Value {
    const COUNTED: u64 = COUNTED;
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        tagged::copy(self)
    }
}

impl Value {
    pub fn str(text: &str) -> Value {
        Value::Str(Str::new(text))
    }

    pub fn tuple(items: Vec<Value>) -> Value {
        Value::Tuple(Gc::new(Tuple::new(items)))
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Gc::new(List::new(items)))
    }

    #[inline(always)]
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    #[inline(always)]
    pub fn is_unbound(&self) -> bool {
        matches!(self, Value::Unbound)
    }

    /// None when unbound.
    pub fn bound(self) -> Option<Value> {
        (!self.is_unbound()).then_some(self)
    }

    /// `self is other`.
    #[inline]
    pub fn is(&self, other: &Value) -> bool {
        use Value::*;
        match (self, other) {
            (Unbound, Unbound) | (None, None) | (NotImplemented, NotImplemented) | (Ellipsis, Ellipsis) => true,
            (Bool(a), Bool(b)) => a == b,
            (Int(a), Int(b)) => a == b,
            (Float(a), Float(b)) => a.to_bits() == b.to_bits(),
            (Str(a), Str(b)) => a.same(b) || a.is_empty() && b.is_empty(),
            (Tuple(a), Tuple(b)) => a.same(b) || a.is_empty() && b.is_empty(),
            (Method(_), Method(_)) => self.address() == other.address(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other) && self.address() == other.address(),
        }
    }

    /// What `id()` gives: the address, or for values without one a number made of kind and content.
    pub fn address(&self) -> usize {
        match self {
            Value::Unbound => 0,
            Value::None => 0x10,
            Value::NotImplemented => 0x20,
            Value::Ellipsis => 0x30,
            Value::Bool(value) => 0x40 + 0x10 * *value as usize,
            Value::Int(value) => (*value as usize) << 4 | 1,
            Value::Float(value) => value.to_bits() as usize | 2,
            Value::Str(value) => value.address(),
            Value::BigInt(value) => value.address(),
            Value::Bytes(value) => value.address(),
            Value::Tuple(value) => value.address(),
            Value::List(value) => value.address(),
            Value::Dict(value) => value.address(),
            Value::Set(value) => value.address(),
            Value::Range(value) => value.address(),
            Value::Slice(value) => value.address(),
            Value::Function(value) => value.address(),
            Value::Native(value) => value.address(),
            Value::Method(value) => value.address(),
            Value::Class(value) => value.address(),
            Value::Instance(value) => value.address(),
            Value::Exception(value) => value.address(),
            Value::Module(value) => value.address(),
            Value::Cell(value) => value.address(),
            Value::Code(value) => value.address(),
            Value::Iterator(value) => value.address(),
            Value::Coroutine(value) => value.address(),
            Value::NativeCoroutine(value) => value.address(),
            Value::Future(value) => value.address(),
            Value::Task(value) => value.address(),
        }
    }

    /// `type(self)`.
    pub fn class(&self) -> Class {
        let types = types();
        match self {
            Value::Unbound | Value::None => &types.none,
            Value::NotImplemented => &types.not_implemented,
            Value::Ellipsis => &types.ellipsis,
            Value::Bool(_) => &types.bool,
            Value::Int(_) | Value::BigInt(_) => &types.int,
            Value::Float(_) => &types.float,
            Value::Str(_) => &types.str,
            Value::Bytes(_) => &types.bytes,
            Value::Tuple(_) => &types.tuple,
            Value::List(_) => &types.list,
            Value::Dict(_) => &types.dict,
            Value::Set(set) => {
                if set.is_frozen() {
                    &types.frozenset
                } else {
                    &types.set
                }
            }
            Value::Range(_) => &types.range,
            Value::Slice(_) => &types.slice,
            Value::Function(_) => &types.function,
            Value::Native(native) => {
                if native.is_slot_wrapper() {
                    &types.wrapper_descriptor
                } else if native.is_method_descriptor() {
                    &types.method_descriptor
                } else if native.binding_is_class() {
                    &types.classmethod_descriptor
                } else if native.row.is_member {
                    &types.member_descriptor
                } else if native.row.binding == native::Binding::Getter {
                    &types.getset_descriptor
                } else {
                    &types.builtin_function
                }
            }
            Value::Method(method) => return method.class(),
            Value::Class(class) => return class.metaclass(),
            Value::Instance(instance) => return instance.class(),
            Value::Exception(exception) => return exception.class(),
            Value::Module(module) => return module.class(),
            Value::Cell(_) => &types.cell,
            Value::Code(_) => &types.code,
            Value::Iterator(iterator) => return iterator.class(),
            Value::Coroutine(coroutine) => match coroutine.kind {
                CoroutineKind::Generator => &types.generator,
                CoroutineKind::Coroutine => &types.coroutine,
                CoroutineKind::AsyncGenerator => &types.async_generator,
            },
            Value::NativeCoroutine(coroutine) => return coroutine.class(),
            Value::Future(future) => return future.class(),
            Value::Task(task) => return task.future.class(),
        }
        .clone()
    }

    /// The name of the type, as error messages give it.
    pub fn type_name(&self) -> Str {
        self.class().name()
    }

    /// As `type_name`, with the module that CPython's name of a class written in C has in it.
    pub fn full_type_name(&self) -> Str {
        let class = self.class();
        let name = class.name();
        match class.namespace.get_str(&symbols().module) {
            Some(Value::Str(module))
                if class.is_builtin()
                    && !module.starts_with("asyncio")
                    && !matches!(&*module, "builtins" | "random") =>
            {
                format!("{module}.{name}").into()
            }
            _ => name,
        }
    }

    /// Shows the counted references this value holds.
    #[inline]
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        match self {
            Value::Tuple(value) => tracer.visit(value),
            Value::List(value) => tracer.visit(value),
            Value::Dict(value) => tracer.visit(value),
            Value::Set(value) => tracer.visit(value),
            Value::Slice(value) => tracer.visit(value),
            Value::Function(value) => tracer.visit(value),
            Value::Native(value) => tracer.visit(value),
            Value::Method(value) => tracer.visit(value),
            Value::Class(value) => tracer.visit(value),
            Value::Instance(value) => tracer.visit(value),
            Value::Exception(value) => tracer.visit(value),
            Value::Module(value) => tracer.visit(value),
            Value::Cell(value) => tracer.visit(value),
            Value::Code(value) => tracer.visit(value),
            Value::Iterator(value) => tracer.visit(value),
            Value::Coroutine(value) => tracer.visit(value),
            Value::NativeCoroutine(value) => tracer.visit(value),
            Value::Future(value) => tracer.visit(value),
            Value::Task(value) => tracer.visit(value),
            Value::Range(_) | Value::Bytes(_) | Value::BigInt(_) | Value::Str(_) => {}
            Value::Unbound
            | Value::None
            | Value::NotImplemented
            | Value::Ellipsis
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_) => {}
        }
    }

    /// The native value inside an instance of a subclass of a builtin type; else the value itself.
    #[inline]
    pub fn native(&self) -> &Value {
        match self {
            Value::Instance(instance) => instance.base_value().unwrap_or(self),
            _ => self,
        }
    }

    /// The text of a str or of an instance of a subclass of str.
    #[inline]
    pub fn as_str(&self) -> Option<&Str> {
        match self.native() {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The future inside a future or task.
    #[inline]
    pub fn as_future(&self) -> Option<&Future> {
        match self {
            Value::Future(future) => Some(future),
            Value::Task(task) => Some(&task.future),
            _ => None,
        }
    }

    /// The state of a native object kept in an instance.
    #[inline]
    pub fn payload<T: instance::Payload>(&self) -> Option<&T> {
        match self {
            Value::Instance(instance) => instance.payload::<T>(),
            _ => None,
        }
    }
}

macro_rules! from_counted {
    ($($kind:ident($type:ty)),* $(,)?) => {
        $(impl From<$type> for Value {
            #[inline(always)]
            fn from(value: $type) -> Value {
                Value::$kind(value)
            }
        })*
    };
}

from_counted! {
    Bool(bool), Int(i64), Float(f64), Str(Str), Bytes(Gc<Bytes>), Tuple(Gc<Tuple>), List(Gc<List>), Dict(Gc<Dict>),
    Set(Gc<Set>), Range(Gc<Range>), Slice(Gc<Slice>), Function(Gc<Function>), Native(Gc<NativeFunction>),
    Method(Gc<BoundMethod>), Class(Class), Instance(Gc<Instance>), Exception(Gc<Exception>), Module(Gc<Module>),
    Cell(Gc<CellObject>), Code(Gc<CodeObject>), Iterator(Gc<Iterator>), Coroutine(Gc<Coroutine>),
    NativeCoroutine(Gc<NativeCoroutine>), Future(Gc<Future>), Task(Gc<Task>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::str(&text)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Value {
        integer::from_u64(value as u64)
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value::None
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::None, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sixteen_bytes() {
        assert_eq!(size_of::<Value>(), 16);
        assert_eq!(size_of::<Option<Value>>(), 16);
        assert_eq!(size_of::<Result<Value>>(), 16);
    }
}
