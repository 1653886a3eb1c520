//! What the constructors and methods of containers want of their arguments.
//!
//! `Receiver` gives a method both the object it was called on and the native value inside it;
//! `at_most_one` reads the arguments of `list()`, `set()` and their like, with CPython's messages.

use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// An argument as the script sees it, and the native value inside. They differ for instances of
/// classes derived from the builtin type.
pub struct Receiver<'a, T> {
    pub value: &'a Value,
    pub inner: &'a T,
}

impl<'a, T> FromArgument<'a> for Receiver<'a, T>
where
    &'a T: FromArgument<'a>,
{
    #[inline]
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        <&'a T>::from_argument(vm, value).map(|inner| Receiver { value, inner })
    }
}

/// The only argument of a constructor that takes none or one, and no keywords.
pub fn at_most_one<'a>(name: &str, arguments: &'a [Value], keywords: Option<&Gc<Dict>>) -> Result<Option<&'a Value>> {
    if keywords.is_some_and(|keywords| !keywords.is_empty()) {
        return Err(Raised::type_error(format!("{name}() takes no keyword arguments")));
    }
    match arguments {
        [] => Ok(None),
        [argument] => Ok(Some(argument)),
        _ => Err(Raised::type_error(format!("{name} expected at most 1 argument, got {}", arguments.len()))),
    }
}

/// The same for `__new__`: a class derived from the builtin one gives its own meaning to keywords when it
/// has an `__init__`.
pub fn at_most_one_for<'a>(
    class: &Class,
    builtin: &Class,
    arguments: &'a [Value],
    keywords: Option<&Gc<Dict>>,
) -> Result<Option<&'a Value>> {
    at_most_one(
        &builtin.name(),
        arguments,
        keywords.filter(|_| class.same(builtin) || inherits(class, builtin, &symbols().init)),
    )
}

/// The same for `__init__` of an object: its class gives its own meaning to keywords when it has a `__new__`.
pub fn at_most_one_to_fill<'a>(
    object: &Value,
    builtin: &Class,
    arguments: &'a [Value],
    keywords: Option<&Gc<Dict>>,
) -> Result<Option<&'a Value>> {
    let class = object.class();
    let is_plain = class.same(builtin) || inherits(&class, builtin, &symbols().new);
    at_most_one(&builtin.name(), arguments, keywords.filter(|_| is_plain))
}

/// Whether a class has a method as the builtin class has it.
fn inherits(class: &Class, builtin: &Class, name: &Str) -> bool {
    match (class.lookup(name), builtin.lookup(name)) {
        (Some(own), Some(inherited)) => own.is(&inherited),
        (own, _) => own.is_none(),
    }
}
