//! How a function of the language is written in Rust.
//!
//! A native function is a plain Rust function with typed arguments, plus one row in the table of its
//! file:
//!
//! ```ignore
//! fn split(_: &mut Vm, this: &Str, separator: Option<&Str>, limit: Option<i64>) -> Result<Value> { ... }
//!
//! pub const METHODS: &[Native] = &[
//!     native!("split(self, /, sep=None, maxsplit=-1)", split(required, optional, optional), "Splits ..."),
//! ];
//! ```
//!
//! The signature is Python's, as `help` shows it. Behind the function stands, for each parameter, how
//! it is passed: `required`; `optional` (an `Option`: None when omitted or None); `rest` (`*args`, a
//! `&[Value]`); `named` (keyword-only, an `Option`); `keywords` (`**kwargs`, an
//! `Option<&Gc<Dict>>`). A parameter's type says what is accepted (see `FromArgument`). `vm` always
//! comes first. The row gives arity and type errors in CPython's words; a call by position binds
//! nothing and allocates nothing.

use std::cell::OnceCell;

use smallvec::SmallVec;

use super::{Class, Dict, Gc, Mutable, Raised, Result, Str, Value, symbols};
use crate::memory::{Object, Tracer};
use crate::vm::Vm;

/// One row of a table: a function, or a method of a builtin type (then `self` comes first).
pub struct Native {
    /// `name(parameters)`.
    pub signature: &'static str,
    pub doc: &'static str,
    pub function: fn(&mut Vm, Arguments<'_>) -> Result<Value>,
    pub required: u8,
    /// Positional parameters, `required` ones included.
    pub positional: u8,
    /// Keyword-only parameters.
    pub named: u8,
    pub has_rest: bool,
    pub has_keywords: bool,
    pub binding: Binding,
    /// For a `Getter`: a plain field in CPython, which has descriptors of a kind of their own for these.
    pub is_member: bool,
    /// For a function that gives a coroutine.
    pub at_once: Option<AwaitAtOnce>,
}

/// Does what awaiting the coroutine of a native function would do, when that need not wait: then `await` of
/// the call makes no coroutine.
pub type AwaitAtOnce = fn(&mut Vm, &[Value]) -> Result<AtOnce>;

/// What awaiting a call comes to without a coroutine.
pub enum AtOnce {
    /// It gives this, without waiting.
    Result(Value),
    /// It gives way once, and then gives None.
    Pause,
    /// It has seen to it that the current task, whose chain it is in, is woken, and then gives None.
    Wait,
    /// It must wait, or the arguments are not the usual: nothing is done.
    Later,
}

/// What becomes of a row when it is looked up on an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// `self` is the instance.
    Method,
    /// The first argument is the class: `dict.fromkeys`, and every `__new__`'s companion.
    Class,
    /// No binding: `str.maketrans`, `__new__`.
    Static,
    /// A read-only attribute: the function is called with the instance.
    Getter,
}

impl Native {
    /// The name alone.
    pub fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }

    /// Whether this is its name.
    pub fn is_named(&self, name: &str) -> bool {
        self.signature.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
    }

    /// Binds as a class method.
    pub const fn class_method(self) -> Native {
        Native { binding: Binding::Class, ..self }
    }

    /// Does not bind.
    pub const fn static_method(self) -> Native {
        Native { binding: Binding::Static, ..self }
    }

    /// Is an attribute, computed when it is read.
    pub const fn getter(self) -> Native {
        Native { binding: Binding::Getter, ..self }
    }

    /// As `getter`, for a plain field.
    pub const fn member(self) -> Native {
        Native { binding: Binding::Getter, is_member: true, ..self }
    }

    /// Can be awaited without a coroutine.
    pub const fn at_once(self, at_once: AwaitAtOnce) -> Native {
        Native { at_once: Some(at_once), ..self }
    }

    /// Names of the parameters in order, keyword-only ones last, without `*args` and `**kwargs`; and how
    /// many of them cannot be given by keyword.
    pub fn parameter_names(&self) -> (Vec<&'static str>, usize) {
        let inside = self.signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let mut names = Vec::new();
        let mut positional_only = 0;
        for part in split_parameters(inside) {
            let name = part.split('=').next().unwrap_or(part).split(':').next().unwrap_or(part).trim();
            match name {
                "/" => positional_only = names.len(),
                "" => {}
                name if name.starts_with('*') => {}
                name => names.push(name),
            }
        }
        (names, positional_only)
    }
}

/// Splits at commas that are not inside brackets or quotes.
fn split_parameters(text: &'static str) -> Vec<&'static str> {
    let (mut depth, mut quote, mut start) = (0, None, 0);
    let mut parts = Vec::new();
    for (index, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b',') if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A native function as a value.
pub struct NativeFunction {
    pub row: &'static Native,
    /// The class whose method it is.
    pub owner: Option<Class>,
    /// The module it is in.
    pub module: Option<Str>,
    /// What it was made with, for a function that remembers something; else unbound.
    pub bound: Mutable<Value>,
    /// Its parameters, once it was called by keyword: `Native::parameter_names`.
    parameters: OnceCell<Box<(Vec<&'static str>, usize)>>,
}

impl NativeFunction {
    pub fn new(row: &'static Native) -> Gc<NativeFunction> {
        NativeFunction::make(row, None, None)
    }

    pub fn method(row: &'static Native, owner: &Class) -> Gc<NativeFunction> {
        NativeFunction::make(row, Some(owner.clone()), None)
    }

    pub fn of_module(row: &'static Native, module: &Str) -> Gc<NativeFunction> {
        NativeFunction::make(row, None, Some(module.clone()))
    }

    fn make(row: &'static Native, owner: Option<Class>, module: Option<Str>) -> Gc<NativeFunction> {
        let bound = Mutable::new(Value::Unbound);
        Gc::new(NativeFunction { row, owner, module, bound, parameters: OnceCell::new() })
    }

    /// A function that gets `bound` as its first argument.
    pub fn bound(row: &'static Native, bound: Value) -> Value {
        Value::Method(Gc::new(super::BoundMethod {
            function: Value::Native(NativeFunction::new(row)),
            receiver: bound,
        }))
    }

    pub fn is_method_descriptor(&self) -> bool {
        self.owner.is_some() && self.row.binding == Binding::Method
    }

    /// A class method as it stands in the namespace of its class.
    pub fn binding_is_class(&self) -> bool {
        self.row.binding == Binding::Class
    }

    /// Whether CPython has it as a slot of its type, which gives it a class of its own.
    pub fn is_slot_wrapper(&self) -> bool {
        self.is_method_descriptor() && self.has_slot_name()
    }

    /// Whether the name is that of a slot of CPython's types.
    pub fn has_slot_name(&self) -> bool {
        const PLAIN_METHODS: &[&str] = &[
            "__bytes__",
            "__ceil__",
            "__class_getitem__",
            "__complex__",
            "__copy__",
            "__deepcopy__",
            "__dir__",
            "__enter__",
            "__exit__",
            "__floor__",
            "__format__",
            "__getnewargs__",
            "__getstate__",
            "__instancecheck__",
            "__length_hint__",
            "__mro_entries__",
            "__prepare__",
            "__reduce__",
            "__reduce_ex__",
            "__replace__",
            "__reversed__",
            "__round__",
            "__set_name__",
            "__setstate__",
            "__sizeof__",
            "__subclasscheck__",
            "__subclasses__",
            "__trunc__",
        ];
        let name = self.row.name();
        name.starts_with("__") && name.ends_with("__") && !PLAIN_METHODS.contains(&name)
    }

    /// Calls it with arguments by position.
    #[inline]
    pub fn call(&self, vm: &mut Vm, arguments: &[Value]) -> Result<Value> {
        let row = self.row;
        let count = arguments.len();
        if row.binding == Binding::Static {
            self.check_constructed(arguments.first())?;
        }
        if count < row.required as usize || count > row.positional as usize && !row.has_rest {
            return Err(self.wrong_count(count, 0));
        }
        (row.function)(vm, Arguments { function: self, positional: arguments, named: &[], keywords: None })
    }

    /// What a `__new__` is to make must be a class derived from its own, and laid out by it.
    fn check_constructed(&self, class: Option<&Value>) -> Result<()> {
        let (Some(owner), Some(class)) = (self.constructed(), class) else { return Ok(()) };
        let name = owner.name();
        let Value::Class(class) = class else {
            let kind = class.type_name();
            return Err(Raised::type_error(format!("{name}.__new__(X): X is not a type object ({kind})")));
        };
        if class.same(owner) {
            return Ok(());
        }
        let other = class.name();
        if !class.is_subclass(owner) {
            let message = format!("{name}.__new__({other}): {other} is not a subtype of {name}");
            return Err(Raised::type_error(message));
        }
        let builtin =
            std::iter::once(class.clone()).chain(class.ancestors()).find(|base| base.is_builtin() || base.same(owner));
        if let Some(builtin) = builtin
            && builtin.layout != owner.layout
            && !builtin.same(owner)
        {
            let message = format!("{name}.__new__({other}) is not safe, use {}.__new__()", builtin.name());
            return Err(Raised::type_error(message));
        }
        Ok(())
    }

    /// Calls it with some arguments by keyword: the last ones, named by `names`.
    pub fn call_with_keywords(&self, vm: &mut Vm, arguments: &[Value], names: &[Str]) -> Result<Value> {
        if names.is_empty() {
            return self.call(vm, arguments);
        }
        let row = self.row;
        if row.binding == Binding::Static {
            self.check_constructed(arguments.first())?;
        }
        let (ref parameters, positional_only) = **self.parameters.get_or_init(|| Box::new(row.parameter_names()));
        let (positional, by_name) = arguments.split_at(arguments.len() - names.len());
        if row.named == 0 && !row.has_keywords && parameters.len() == positional_only {
            // A class derived from the builtin one may take keywords in an `__init__` of its own.
            if let (Some(owner), Some(Value::Class(class))) = (self.constructed(), positional.first())
                && !class.same(owner)
                && let (Some(own), Some(inherited)) = (class.lookup(&symbols().init), owner.lookup(&symbols().init))
                && !own.is(&inherited)
            {
                return self.call(vm, positional);
            }
            let owner = match &self.owner {
                Some(owner) if self.constructed().is_none() => format!("{}.", owner.name()),
                _ => String::new(),
            };
            return Err(Raised::type_error(format!("{owner}{} takes no keyword arguments", self.called_name())));
        }
        let fixed = row.positional as usize;
        let too_many = positional.len() > fixed || !row.has_keywords && arguments.len() > parameters.len();
        if too_many && !row.has_rest {
            return Err(self.wrong_count(positional.len(), names.len()));
        }
        let mut unexpected = None;
        let mut bound: SmallVec<[Value; 8]> = SmallVec::from(positional);
        let mut named: SmallVec<[Value; 8]> = SmallVec::from_elem(Value::Unbound, row.named as usize);
        let mut keywords = row.has_keywords.then(|| Gc::new(Dict::new()));
        for (name, value) in names.iter().zip(by_name) {
            match parameters.iter().position(|parameter| *parameter == &**name) {
                Some(index) if index >= fixed && index - fixed < named.len() => named[index - fixed] = value.clone(),
                Some(index) if index >= positional_only && index < fixed => {
                    if bound.len() <= index {
                        bound.resize(index + 1, Value::Unbound);
                    } else if !bound[index].is_unbound() {
                        return Err(Raised::type_error(format!(
                            "argument for {} given by name ('{name}') and position ({})",
                            self.called_name(),
                            index + 1 - self.receivers()
                        )));
                    }
                    bound[index] = value.clone();
                }
                _ => match &mut keywords {
                    Some(keywords) => keywords.set_str(name, value.clone()),
                    None => {
                        unexpected.get_or_insert(name);
                    }
                },
            }
        }
        for index in 0..row.required as usize {
            if bound.get(index).is_none_or(Value::is_unbound) {
                if index < positional_only || row.has_rest {
                    return Err(self.wrong_count(positional.len(), 0));
                }
                let name = parameters.get(index).copied().unwrap_or("?");
                return Err(Raised::type_error(format!(
                    "{} missing required argument '{name}' (pos {})",
                    self.called_name(),
                    index + 1 - self.receivers()
                )));
            }
        }
        if let Some(name) = unexpected {
            let message = format!("{} got an unexpected keyword argument '{name}'", self.called_name());
            return Err(Raised::type_error(message));
        }
        let arguments = Arguments { function: self, positional: &bound, named: &named, keywords: keywords.as_ref() };
        (row.function)(vm, arguments)
    }

    /// How many leading arguments the caller does not write (`self`, the class of `__new__`).
    fn receivers(&self) -> usize {
        match self.row.binding {
            Binding::Method | Binding::Class => (self.owner.is_some() || self.row.signature.contains("(self")) as usize,
            Binding::Static => (self.constructed().is_some()) as usize,
            Binding::Getter => 0,
        }
    }

    /// The class whose `__new__` this is.
    fn constructed(&self) -> Option<&Class> {
        self.owner.as_ref().filter(|_| self.row.signature.starts_with("__new__("))
    }

    /// As messages name it: `split()`, or `zip()` for the `__new__` of zip.
    fn called_name(&self) -> String {
        match self.constructed() {
            Some(class) => format!("{}()", class.name()),
            None => match &self.owner {
                Some(class) if self.row.name() == "__init__" => match class.lookup(&symbols().module) {
                    // The classes of asyncio are not native elsewhere.
                    Some(Value::Str(module)) if module.starts_with("asyncio.") => {
                        format!("{}.__init__()", class.name())
                    }
                    _ => format!("{}()", class.name()),
                },
                _ => format!("{}()", self.row.name()),
            },
        }
    }

    /// A wrong number of arguments, in the words of CPython, which differ by the way a function takes
    /// them: a fixed number, by position only, or by keyword too.
    #[cold]
    fn wrong_count(&self, count: usize, keywords: usize) -> Raised {
        let row = self.row;
        let hidden = self.receivers();
        let name = self.called_name();
        let Some(given) = count.checked_sub(hidden) else {
            let owner = self.owner.as_ref().map_or_else(|| "object".into(), |owner| owner.name());
            return Raised::type_error(match self.constructed() {
                Some(_) => format!("{owner}.__new__(): not enough arguments"),
                None if self.is_slot_wrapper() => {
                    format!("descriptor '{}' of '{owner}' object needs an argument", row.name())
                }
                None => format!("unbound method {owner}.{}() needs an argument", row.name()),
            });
        };
        let (least, most) =
            ((row.required as usize).saturating_sub(hidden), (row.positional as usize).saturating_sub(hidden));
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (parameters, positional_only) = row.parameter_names();
        let at_most = if least < most { "at most" } else { "exactly" };
        let plain_name = name.trim_end_matches("()");
        Raised::type_error(if positional_only < parameters.len() && !row.has_rest {
            let all = most + row.named as usize;
            if given + keywords > all {
                let kind = if given == 0 { "keyword " } else { "" };
                let total = given + keywords;
                format!("{name} takes {at_most} {all} {kind}argument{} ({total} given)", plural(all))
            } else if most == 0 {
                format!("{name} takes no positional arguments")
            } else if given > most {
                format!("{name} takes {at_most} {most} positional argument{} ({given} given)", plural(most))
            } else if hidden + given < positional_only.min(row.required as usize) {
                let bound = positional_only.min(row.required as usize) - hidden;
                let at_least = if least < most { "at least" } else { "exactly" };
                format!("{name} takes {at_least} {bound} positional argument{} ({given} given)", plural(bound))
            } else {
                let missing = parameters.get(hidden + given).copied().unwrap_or("?");
                format!("{name} missing required argument '{missing}' (pos {})", given + 1)
            }
        } else if least == most && !row.has_rest {
            let is_slot = row.name().starts_with("__") && self.constructed().is_none();
            let owner = match &self.owner {
                Some(owner) if self.constructed().is_none() => format!("{}.", owner.name()),
                _ => String::new(),
            };
            match most {
                _ if is_slot && row.name() != "__getitem__" => {
                    format!("expected {most} argument{}, got {given}", plural(most))
                }
                0 => format!("{owner}{name} takes no arguments ({given} given)"),
                1 if self.constructed().is_none() => {
                    format!("{owner}{name} takes exactly one argument ({given} given)")
                }
                _ => format!("{plain_name} expected {most} argument{}, got {given}", plural(most)),
            }
        } else if given < least {
            format!("{plain_name} expected at least {least} argument{}, got {given}", plural(least))
        } else {
            format!("{plain_name} expected at most {most} argument{}, got {given}", plural(most))
        })
    }
}

impl Object for NativeFunction {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(owner) = &self.owner {
            tracer.visit(owner);
        }
        self.bound.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.bound.set(Value::Unbound);
    }
}

/// The arguments of a native call, bound to parameters.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    pub function: &'a NativeFunction,
    /// Unbound (or missing at the end) where omitted; what belongs to `*args` at the end.
    pub positional: &'a [Value],
    /// Keyword-only arguments, unbound where omitted; empty if none were given.
    pub named: &'a [Value],
    pub keywords: Option<&'a Gc<Dict>>,
}

impl<'a> Arguments<'a> {
    /// A required parameter.
    #[inline]
    pub fn required<T: FromArgument<'a>>(&self, vm: &mut Vm, index: usize) -> Result<T> {
        match self.positional.get(index) {
            Some(value) => T::from_argument(vm, value).map_err(|mismatch| self.explain(mismatch, value, index)),
            None => Err(self.function.wrong_count(self.positional.len(), 0)),
        }
    }

    /// A parameter with a default: None when it is omitted.
    #[inline]
    pub fn optional<T: FromArgument<'a>>(&self, vm: &mut Vm, index: usize) -> Result<Option<T>> {
        match self.positional.get(index) {
            None | Some(Value::Unbound) => Ok(None),
            Some(value) => T::from_optional(vm, value).map_err(|mismatch| self.explain(mismatch, value, index)),
        }
    }

    /// A keyword-only parameter: None when it is omitted.
    pub fn named<T: FromArgument<'a>>(&self, vm: &mut Vm, index: usize) -> Result<Option<T>> {
        match self.named.get(index) {
            None | Some(Value::Unbound) => Ok(None),
            Some(value) => T::from_optional(vm, value).map_err(|mismatch| self.explain(mismatch, value, usize::MAX)),
        }
    }

    /// What is left for `*args`, from an index on.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.positional.get(index..).unwrap_or(&[])
    }

    #[cold]
    fn explain(&self, mismatch: Mismatch, value: &Value, index: usize) -> Raised {
        match mismatch {
            Mismatch::Raised(raised) => raised,
            Mismatch::Expected(expected) => {
                let hidden = self.function.receivers();
                if index < hidden && self.function.constructed().is_some() {
                    let (name, kind) = (self.function.called_name(), value.type_name());
                    let name = name.trim_end_matches("()");
                    return Raised::type_error(format!("{name}.__new__(X): X is not a type object ({kind})"));
                }
                if index < hidden {
                    let owner = self.function.owner.as_ref().map_or_else(|| "object".into(), |owner| owner.name());
                    return Raised::type_error(format!(
                        "descriptor '{}' for '{owner}' objects doesn't apply to a '{}' object",
                        self.function.row.name(),
                        value.type_name()
                    ));
                }
                let single = self.function.row.positional as usize - hidden == 1 && !self.function.row.has_rest;
                let which = match index {
                    usize::MAX => "keyword argument".to_string(),
                    _ if single => "argument".to_string(),
                    _ => format!("argument {}", index + 1 - hidden),
                };
                Raised::type_error(format!(
                    "{} {which} must be {expected}, not {}",
                    self.function.called_name(),
                    value.type_name()
                ))
            }
        }
    }
}

/// Why an argument was not accepted.
pub enum Mismatch {
    /// "must be <this>, not ..."
    Expected(&'static str),
    Raised(Raised),
}

impl From<Raised> for Mismatch {
    fn from(raised: Raised) -> Mismatch {
        Mismatch::Raised(raised)
    }
}

/// A type a native function can take as an argument.
///
/// `&Value` and `Value` accept anything; `&Str`, `&Gc<List>` ... exactly that type or a subclass;
/// `i64` whatever has `__index__` and fits; `f64` a number; `bool` anything, by its truth. `Option<T>`
/// of a required parameter accepts None as well.
pub trait FromArgument<'a>: Sized {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch>;

    /// For a parameter with a default: None counts as omitted, unless the type takes None itself.
    fn from_optional(vm: &mut Vm, value: &'a Value) -> std::result::Result<Option<Self>, Mismatch> {
        if value.is_none() { Ok(None) } else { Self::from_argument(vm, value).map(Some) }
    }
}

impl<'a> FromArgument<'a> for &'a Value {
    #[inline]
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        Ok(value)
    }

    fn from_optional(_: &mut Vm, value: &'a Value) -> std::result::Result<Option<Self>, Mismatch> {
        Ok(Some(value))
    }
}

impl<'a> FromArgument<'a> for Value {
    #[inline]
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        Ok(value.clone())
    }

    fn from_optional(_: &mut Vm, value: &'a Value) -> std::result::Result<Option<Self>, Mismatch> {
        Ok(Some(value.clone()))
    }
}

impl<'a, T: FromArgument<'a>> FromArgument<'a> for Option<T> {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        if value.is_none() { Ok(None) } else { T::from_argument(vm, value).map(Some) }
    }
}

impl<'a> FromArgument<'a> for bool {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        Ok(vm.truth(value)?)
    }

    fn from_optional(vm: &mut Vm, value: &'a Value) -> std::result::Result<Option<Self>, Mismatch> {
        Self::from_argument(vm, value).map(Some)
    }
}

impl<'a> FromArgument<'a> for i64 {
    #[inline]
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value {
            Value::Int(value) => Ok(*value),
            _ => Ok(vm.index(value)?),
        }
    }
}

/// A count or size: as i64, but an int that does not fit is clamped instead of an OverflowError.
pub struct Clamped(pub i64);

impl<'a> FromArgument<'a> for Clamped {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        Ok(Clamped(vm.index_clamped(value)?))
    }
}

impl<'a> FromArgument<'a> for f64 {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value {
            Value::Float(value) => Ok(*value),
            Value::Int(value) => Ok(*value as f64),
            _ => Ok(vm.float(value)?),
        }
    }
}

impl<'a> FromArgument<'a> for &'a str {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.as_str().map(|text| &**text).ok_or(Mismatch::Expected("str"))
    }
}

macro_rules! from_kind {
    ($($kind:ident($type:ty) $expected:literal),* $(,)?) => {
        $(impl<'a> FromArgument<'a> for &'a $type {
            #[inline]
            fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
                match value.native() {
                    Value::$kind(inner) => Ok(inner),
                    _ => Err(Mismatch::Expected($expected)),
                }
            }
        })*
    };
}

from_kind! {
    Str(Str) "str", List(Gc<super::List>) "list", Tuple(Gc<super::Tuple>) "tuple", Dict(Gc<Dict>) "dict",
    Set(Gc<super::Set>) "set", Bytes(Gc<super::Bytes>) "bytes", Range(Gc<super::Range>) "range",
    Slice(Gc<super::Slice>) "slice", Function(Gc<super::Function>) "function", Class(Class) "type",
    Exception(Gc<super::Exception>) "BaseException", Module(Gc<super::Module>) "module",
    Instance(Gc<super::Instance>) "object", Iterator(Gc<super::Iterator>) "iterator",
    Coroutine(Gc<super::Coroutine>) "generator", Task(Gc<super::Task>) "Task", Code(Gc<super::CodeObject>) "code",
    NativeCoroutine(Gc<super::NativeCoroutine>) "coroutine", Method(Gc<super::BoundMethod>) "method",
    Native(Gc<NativeFunction>) "builtin_function_or_method", Cell(Gc<super::CellObject>) "cell",
}

impl<'a> FromArgument<'a> for &'a super::Future {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.as_future().ok_or(Mismatch::Expected("Future"))
    }
}

/// What a native function may return: a value, something that becomes one, or a `Result` of it.
pub trait IntoResult {
    fn into_result(self) -> Result<Value>;
}

impl<T: Into<Value>> IntoResult for T {
    #[inline(always)]
    fn into_result(self) -> Result<Value> {
        Ok(self.into())
    }
}

impl<T: Into<Value>> IntoResult for Result<T> {
    #[inline(always)]
    fn into_result(self) -> Result<Value> {
        self.map(Into::into)
    }
}

/// One row; see the head of this file.
#[macro_export]
macro_rules! native {
    ($signature:literal, $($function:ident)::+, $doc:literal $(,)?) => {
        $crate::native!($signature, $($function)::+ (), $doc)
    };
    ($signature:literal, $($function:ident)::+ ($($kind:ident),* $(,)?), $doc:literal $(,)?) => {
        $crate::value::Native {
            signature: $signature,
            doc: $doc,
            function: |vm, arguments| {
                $crate::native_call!(vm, arguments, ($($function)::+), 0usize, 0usize, (), $($kind)*)
            },
            required: 0 $(+ $crate::native_count!(required $kind))*,
            positional: 0 $(+ $crate::native_count!(required $kind) + $crate::native_count!(optional $kind))*,
            named: 0 $(+ $crate::native_count!(named $kind))*,
            has_rest: false $(|| $crate::native_count!(rest $kind) == 1)*,
            has_keywords: false $(|| $crate::native_count!(keywords $kind) == 1)*,
            binding: $crate::value::native::Binding::Method,
            is_member: false,
            at_once: None,
        }
    };
    ($signature:literal, $function:path, $doc:literal $(,)?) => {
        $crate::native!($signature, $function (), $doc)
    };
}

/// 1 when the two kinds are the same.
#[macro_export]
#[doc(hidden)]
macro_rules! native_count {
    (required required) => {
        1
    };
    (optional optional) => {
        1
    };
    (named named) => {
        1
    };
    (rest rest) => {
        1
    };
    (keywords keywords) => {
        1
    };
    ($one:ident $other:ident) => {
        0
    };
}

/// Converts the arguments one by one, then calls.
#[macro_export]
#[doc(hidden)]
macro_rules! native_call {
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*), required $($kind:ident)*) => {{
        let value = $arguments.required(&mut *$vm, $index)?;
        $crate::native_call!($vm, $arguments, ($($function)+), $index + 1, $named, ($($value)* value), $($kind)*)
    }};
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*), optional $($kind:ident)*) => {{
        let value = $arguments.optional(&mut *$vm, $index)?;
        $crate::native_call!($vm, $arguments, ($($function)+), $index + 1, $named, ($($value)* value), $($kind)*)
    }};
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*), named $($kind:ident)*) => {{
        let value = $arguments.named(&mut *$vm, $named)?;
        $crate::native_call!($vm, $arguments, ($($function)+), $index, $named + 1, ($($value)* value), $($kind)*)
    }};
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*), rest $($kind:ident)*) => {{
        let value = $arguments.rest($index);
        $crate::native_call!($vm, $arguments, ($($function)+), $index, $named, ($($value)* value), $($kind)*)
    }};
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*), keywords $($kind:ident)*) => {{
        let value = $arguments.keywords;
        $crate::native_call!($vm, $arguments, ($($function)+), $index, $named, ($($value)* value), $($kind)*)
    }};
    ($vm:ident, $arguments:ident, ($($function:tt)+), $index:expr, $named:expr, ($($value:ident)*),) => {{
        let _ = &$arguments;
        $crate::value::native::IntoResult::into_result($($function)+($vm, $($value),*))
    }};
}
