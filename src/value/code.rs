//! Linked code: what the compiler made, with its constants as values and room for inline caches.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;

use num_bigint::BigInt;

use super::{Bytes, Gc, Mutable, Set, Str, Value, complex, hash, integer};
use crate::bytecode::{Code, CodeKind, Constant};
use crate::memory::{Object, Tracer};

/// A code object of the language.
pub struct CodeObject {
    pub code: Rc<Code>,
    pub name: Str,
    pub qualified_name: Str,
    pub constants: Vec<Value>,
    /// One for each instruction that names something.
    pub sites: Vec<Site>,
    /// Interned names of the parameters.
    pub parameter_names: Vec<Str>,
    /// No `*args`, `**kwargs`, keyword-only or spilled parameters: a call with `positional_count`
    /// arguments binds by moving them.
    pub has_plain_parameters: bool,
    /// With so many arguments a call needs nothing but a frame; `NEVER` when it always needs more.
    pub quick_arguments: u32,
    /// As `quick_arguments`, for a coroutine function that is awaited where it is called.
    pub awaited_arguments: u32,
    /// Registers a frame on the stack has: an even number, so that they can be filled and given up in pairs.
    pub frame_registers: u32,
    pub has_free_cells: bool,
    /// A generator function whose generators can be awaited: `types.coroutine`.
    pub is_awaitable: Cell<bool>,
}

/// No call has so many arguments.
pub const NEVER: u32 = u32::MAX;

/// A name used by an instruction, and what was found there last.
pub struct Site {
    pub name: Str,
    pub cache: Cache,
}

/// An inline cache. The instruction that owns it gives its fields their meaning; 0 in `key` never hits.
#[derive(Default)]
pub struct Cache {
    pub key: Cell<u32>,
    pub second_key: Cell<u32>,
    pub index: Cell<u32>,
    pub kind: Cell<CacheKind>,
    pub value: Mutable<Value>,
    /// The value of an entry of globals or builtins: good while the dict has the version noted, since its
    /// entries move only when keys come or go.
    pub place: Cell<Option<NonNull<Value>>>,
}

/// What an attribute cache found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheKind {
    #[default]
    Empty,
    /// In slot `index` of an instance whose class has version `key` and whose shape is `second_key`.
    Slot,
    /// `value` is a plain function in the class with version `key`; shape `second_key` does not hide it.
    Method,
    /// `value` as it stands in the class with version `key`; shape `second_key` does not hide it.
    ClassValue,
    /// A new attribute: shape `second_key` becomes shape `index`.
    Transition,
    /// In entry `index` of the dict with version `key`: globals, or those of a module.
    Entry,
    /// Not in the globals with version `key`, but in entry `index` of the builtins with version
    /// `second_key`.
    Builtin,
    /// `value` is a method of a builtin kind of value, whose number is `key`.
    NativeMethod,
    /// `value` is an attribute of the class itself, whose version is `key`.
    OfClass,
    /// `value` is the getter of a property in the class with version `key`.
    Getter,
}

impl CodeObject {
    /// Makes values of the constants, nested code included.
    pub fn link(code: &Rc<Code>) -> Gc<CodeObject> {
        let sites = code.names.iter().map(|name| Site { name: Str::intern(name), cache: Cache::default() });
        let has_plain_parameters =
            code.keyword_only_count == 0 && !code.has_star && !code.has_double_star && !code.spilled_parameters;
        let quick_for = |kind: CodeKind| {
            if has_plain_parameters && code.kind == kind { code.positional_count as u32 } else { NEVER }
        };
        Gc::new(CodeObject {
            quick_arguments: quick_for(CodeKind::Function),
            awaited_arguments: quick_for(CodeKind::Coroutine),
            frame_registers: (code.register_count as u32).next_multiple_of(2),
            has_free_cells: !code.free_registers.is_empty(),
            has_plain_parameters,
            is_awaitable: Cell::new(false),
            name: Str::intern(&code.name),
            qualified_name: Str::new(&code.qualified_name),
            constants: code.constants.iter().map(constant_value).collect(),
            sites: sites.collect(),
            parameter_names: code.parameter_names.iter().map(|name| Str::intern(name)).collect(),
            code: code.clone(),
        })
    }
}

fn constant_value(constant: &Constant) -> Value {
    match constant {
        Constant::None => Value::None,
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Ellipsis => Value::Ellipsis,
        Constant::Int(value) => Value::Int(*value),
        Constant::BigInt(digits) => integer::normalize(digits.parse::<BigInt>().unwrap_or_default()),
        Constant::Float(value) => Value::Float(*value),
        Constant::Imaginary(value) => complex::imaginary(*value),
        // Strings that look like names are interned, as they are often keys and attribute names.
        Constant::Str(text)
            if text.len() <= 40 && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) =>
        {
            Value::Str(Str::intern(text))
        }
        Constant::Str(text) => Value::str(text),
        Constant::Bytes(bytes) => Value::Bytes(Gc::new(Bytes::new(&**bytes))),
        Constant::Tuple(items) => Value::tuple(items.iter().map(constant_value).collect()),
        Constant::FrozenSet(items) => {
            let set = Set::new_frozen();
            for item in items.iter().map(constant_value) {
                if let Some(hash) = hash::hash(&item)
                    && set.find(&item, hash) == super::dict::Found::Missing
                {
                    set.insert_new(item, hash);
                }
            }
            Value::Set(Gc::new(set))
        }
        Constant::Code(code) => Value::Code(CodeObject::link(code)),
    }
}

impl Object for CodeObject {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.constants.iter().for_each(|constant| constant.trace(tracer));
        self.sites.iter().for_each(|site| site.cache.value.borrow().trace(tracer));
    }

    fn clear(&self) {
        for site in &self.sites {
            site.cache.key.set(0);
            site.cache.value.set(Value::Unbound);
        }
    }
}
