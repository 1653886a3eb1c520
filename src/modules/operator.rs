//! `_operator`: the operators as functions, and the functions that read items and attributes.
//!
//! These are what `sort(key=...)`, `map` and `reduce` are given, so calling one enters no frame.

use super::{native_class, native_module};
use crate::builtins::{arithmetic, keyword_pairs};
use crate::bytecode::Operator;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Module, Native, Raised, Result, Str, Value, types};
use crate::vm::{Comparison, Vm};

macro_rules! operations {
    ($($name:ident $operator:ident,)*) => {
        $(fn $name(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
            vm.binary(Operator::$operator, left, right)
        })*
    };
}

macro_rules! comparisons {
    ($($name:ident $comparison:ident,)*) => {
        $(fn $name(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
            vm.compare(Comparison::$comparison, left, right)
        })*
    };
}

operations! {
    add Add, sub Subtract, mul Multiply, matmul MatrixMultiply, truediv Divide, floordiv FloorDivide, modulo Modulo,
    pow Power, lshift ShiftLeft, rshift ShiftRight, and BitAnd, or BitOr, xor BitXor,
}

comparisons! {
    lt Less, le LessEqual, eq Equal, ne NotEqual, ge GreaterEqual, gt Greater,
}

fn not(vm: &mut Vm, value: &Value) -> Result<bool> {
    Ok(!vm.truth(value)?)
}

fn truth(vm: &mut Vm, value: &Value) -> Result<bool> {
    vm.truth(value)
}

fn is(_: &mut Vm, left: &Value, right: &Value) -> bool {
    left.is(right)
}

fn is_not(_: &mut Vm, left: &Value, right: &Value) -> bool {
    !left.is(right)
}

fn index(vm: &mut Vm, value: &Value) -> Result<Value> {
    vm.index_value(value)
}

fn getitem(vm: &mut Vm, object: &Value, key: &Value) -> Result<Value> {
    vm.get_item(object, key)
}

fn setitem(vm: &mut Vm, object: &Value, key: &Value, value: Value) -> Result<()> {
    vm.set_item(object, key, value)
}

fn delitem(vm: &mut Vm, object: &Value, key: &Value) -> Result<()> {
    vm.delete_item(object, key)
}

fn length_hint(vm: &mut Vm, object: &Value, default: Option<&Value>) -> Result<Value> {
    let default = default.cloned().unwrap_or(Value::Int(0));
    if !matches!(default.native(), Value::Int(_) | Value::BigInt(_) | Value::Bool(_)) {
        let kind = default.type_name();
        return Err(Raised::type_error(format!("'{kind}' object cannot be interpreted as an integer")));
    }
    if object.class().lookup(&Str::intern("__len__")).is_some() {
        match vm.length(object) {
            Ok(length) => return Ok(Value::from(length)),
            Err(raised) if raised.is_a(&types().type_error) => {}
            Err(raised) => return Err(raised),
        }
    }
    let name = Str::intern("__length_hint__");
    if object.class().lookup(&name).is_none() {
        return Ok(default);
    }
    let hint = match vm.call_method(object, &name, &[]) {
        Err(raised) if raised.is_a(&types().type_error) => return Ok(default),
        hint => hint?,
    };
    match hint.native() {
        Value::NotImplemented => Ok(default),
        Value::Int(number) if *number < 0 => Err(Raised::value_error("__length_hint__() should return >= 0")),
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => Ok(hint.native().clone()),
        _ => {
            let kind = hint.type_name();
            Err(Raised::type_error(format!("__length_hint__ must be an integer, not {kind}")))
        }
    }
}

/// What an itemgetter reads: the keys.
struct Items(Vec<Value>);

/// What an attrgetter reads: dotted names, and the names between their dots.
struct Attributes {
    names: Vec<Value>,
    paths: Vec<Vec<Str>>,
}

/// What a methodcaller calls.
struct Call {
    name: Str,
    arguments: Vec<Value>,
    keywords: Vec<(Str, Value)>,
}

impl Payload for Items {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.iter().for_each(|item| item.trace(tracer));
    }
}

impl Payload for Attributes {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.names.iter().for_each(|name| name.trace(tracer));
    }
}

impl Payload for Call {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.arguments.iter().for_each(|argument| argument.trace(tracer));
        self.keywords.iter().for_each(|(_, argument)| argument.trace(tracer));
    }
}

macro_rules! receiver {
    ($($type:ident $name:literal,)*) => {
        $(impl<'a> FromArgument<'a> for &'a $type {
            fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
                value.payload::<$type>().ok_or(Mismatch::Expected($name))
            }
        })*
    };
}

receiver! { Items "operator.itemgetter", Attributes "operator.attrgetter", Call "operator.methodcaller", }

/// The names of classes derived from these are shown alone, theirs with the module.
fn shown_name(vm: &mut Vm, this: &Value) -> Result<String> {
    let class = Value::Class(this.class());
    let module = vm.get_attribute(&class, &Str::intern("__module__"))?;
    let qualified = vm.get_attribute(&class, &Str::intern("__qualname__"))?;
    Ok(format!("{}.{}", vm.str(&module)?, vm.str(&qualified)?))
}

fn shown(vm: &mut Vm, this: &Value, values: &[Value]) -> Result<String> {
    let name = shown_name(vm, this)?;
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        parts.push(vm.repr(value)?.to_string());
    }
    Ok(format!("{name}({})", parts.join(", ")))
}

fn new_itemgetter(_: &mut Vm, class: &Class, item: Value, items: &[Value]) -> Value {
    let items = std::iter::once(item).chain(items.iter().cloned()).collect();
    Value::Instance(Instance::with_payload(class.clone(), Items(items)))
}

fn call_itemgetter(vm: &mut Vm, this: &Items, object: &Value) -> Result<Value> {
    match &this.0[..] {
        [Value::Int(index)]
            if let Value::Tuple(tuple) = object
                && let Ok(index) = usize::try_from(*index) =>
        {
            tuple.items().get(index).cloned().ok_or_else(|| Raised::index_error("tuple index out of range"))
        }
        [item] => vm.get_item(object, item),
        items => {
            let values = items.iter().map(|item| vm.get_item(object, item)).collect::<Result<Vec<_>>>()?;
            Ok(Value::tuple(values))
        }
    }
}

fn show_itemgetter(vm: &mut Vm, this: &Value) -> Result<String> {
    let items = this.payload::<Items>().map(|items| items.0.clone()).unwrap_or_default();
    vm.guard_repr(this, |vm| shown(vm, this, &items)).map(|text| text.unwrap_or_else(|| "...".into()))
}

fn reduce_itemgetter(_: &mut Vm, this: &Value) -> Value {
    let items = this.payload::<Items>().map(|items| items.0.clone()).unwrap_or_default();
    Value::tuple(vec![Value::Class(this.class()), Value::tuple(items)])
}

fn new_attrgetter(_: &mut Vm, class: &Class, name: Value, names: &[Value]) -> Result<Value> {
    let names: Vec<Value> = std::iter::once(name).chain(names.iter().cloned()).collect();
    let mut paths = Vec::with_capacity(names.len());
    for name in &names {
        let Some(text) = name.as_str() else { return Err(Raised::type_error("attribute name must be a string")) };
        paths.push(text.split('.').map(Str::intern).collect());
    }
    Ok(Value::Instance(Instance::with_payload(class.clone(), Attributes { names, paths })))
}

fn read_path(vm: &mut Vm, object: &Value, path: &[Str]) -> Result<Value> {
    let mut value = object.clone();
    for name in path {
        value = vm.get_attribute(&value, name)?;
    }
    Ok(value)
}

fn call_attrgetter(vm: &mut Vm, this: &Attributes, object: &Value) -> Result<Value> {
    match &this.paths[..] {
        [path] => read_path(vm, object, path),
        paths => {
            let values = paths.iter().map(|path| read_path(vm, object, path)).collect::<Result<Vec<_>>>()?;
            Ok(Value::tuple(values))
        }
    }
}

fn show_attrgetter(vm: &mut Vm, this: &Value) -> Result<String> {
    let names = this.payload::<Attributes>().map(|state| state.names.clone()).unwrap_or_default();
    shown(vm, this, &names)
}

fn reduce_attrgetter(_: &mut Vm, this: &Value) -> Value {
    let names = this.payload::<Attributes>().map(|state| state.names.clone()).unwrap_or_default();
    Value::tuple(vec![Value::Class(this.class()), Value::tuple(names)])
}

fn new_methodcaller(
    _: &mut Vm,
    class: &Class,
    name: &Value,
    arguments: &[Value],
    keywords: Option<&Gc<Dict>>,
) -> Result<Value> {
    let Some(name) = name.as_str() else { return Err(Raised::type_error("method name must be a string")) };
    let call = Call { name: name.interned(), arguments: arguments.to_vec(), keywords: keyword_pairs(keywords) };
    Ok(Value::Instance(Instance::with_payload(class.clone(), call)))
}

fn call_methodcaller(vm: &mut Vm, this: &Call, object: &Value) -> Result<Value> {
    let method = vm.get_attribute(object, &this.name)?;
    if this.keywords.is_empty() {
        return vm.call(&method, &this.arguments);
    }
    let (names, values): (Vec<Str>, Vec<Value>) = this.keywords.iter().cloned().unzip();
    let arguments: Vec<Value> = this.arguments.iter().cloned().chain(values).collect();
    vm.call_with_keywords(&method, &arguments, &names)
}

fn show_methodcaller(vm: &mut Vm, this: &Value) -> Result<String> {
    let Some(call) = this.payload::<Call>() else { return Err(Raised::type_error("this is not a methodcaller")) };
    let text = vm.guard_repr(this, |vm| {
        let mut text = shown_name(vm, this)?;
        text.push('(');
        text.push_str(&vm.repr(&Value::Str(call.name.clone()))?);
        for argument in &call.arguments {
            text.push_str(", ");
            text.push_str(&vm.repr(argument)?);
        }
        for (name, value) in &call.keywords {
            text.push_str(&format!(", {name}={}", vm.repr(value)?));
        }
        text.push(')');
        Ok(text)
    })?;
    Ok(text.unwrap_or_else(|| "...".into()))
}

/// Names of arguments cannot stand in a recipe: with them a partial of the class makes it again.
fn reduce_methodcaller(vm: &mut Vm, this: &Value) -> Result<Value> {
    let Some(call) = this.payload::<Call>() else { return Err(Raised::type_error("this is not a methodcaller")) };
    let class = Value::Class(this.class());
    let name = Value::Str(call.name.clone());
    if call.keywords.is_empty() {
        let parts = std::iter::once(name).chain(call.arguments.iter().cloned()).collect();
        return Ok(Value::tuple(vec![class, Value::tuple(parts)]));
    }
    let (import, globals) = (vm.hooks.import, vm.builtins.clone());
    let functools = import(vm, &Str::intern("functools"), 0, &globals, true)?;
    let partial = vm.get_attribute(&functools, &Str::intern("partial"))?;
    let (names, values): (Vec<Str>, Vec<Value>) = call.keywords.iter().cloned().unzip();
    let arguments: Vec<Value> = [class, name].into_iter().chain(values).collect();
    let maker = vm.call_with_keywords(&partial, &arguments, &names)?;
    Ok(Value::tuple(vec![maker, Value::tuple(call.arguments.clone())]))
}

const ITEMGETTER: &[Native] = &[
    native!("__new__(cls, item, /, *items)", new_itemgetter(required, required, rest), "A function that reads items.")
        .static_method(),
    native!("__call__(self, obj, /)", call_itemgetter(required, required), "The items of an object."),
    native!("__repr__(self, /)", show_itemgetter(required), "The items it reads."),
    native!("__reduce__(self, /)", reduce_itemgetter(required), "What it is made of."),
];

const ATTRGETTER: &[Native] = &[
    native!(
        "__new__(cls, attr, /, *attrs)",
        new_attrgetter(required, required, rest),
        "A function that reads attributes; dotted names go deeper."
    )
    .static_method(),
    native!("__call__(self, obj, /)", call_attrgetter(required, required), "The attributes of an object."),
    native!("__repr__(self, /)", show_attrgetter(required), "The attributes it reads."),
    native!("__reduce__(self, /)", reduce_attrgetter(required), "What it is made of."),
];

const METHODCALLER: &[Native] = &[
    native!(
        "__new__(cls, name, /, *args, **kwargs)",
        new_methodcaller(required, required, rest, keywords),
        "A function that calls a method."
    )
    .static_method(),
    native!("__call__(self, obj, /)", call_methodcaller(required, required), "Calls the method of an object."),
    native!("__repr__(self, /)", show_methodcaller(required), "The call it makes."),
    native!("__reduce__(self, /)", reduce_methodcaller(required), "What it is made of."),
];

fn negative(vm: &mut Vm, value: &Value) -> Result<Value> {
    vm.negate(value)
}

fn positive(vm: &mut Vm, value: &Value) -> Result<Value> {
    vm.positive(value)
}

fn inverse(vm: &mut Vm, value: &Value) -> Result<Value> {
    vm.invert(value)
}

fn contains(vm: &mut Vm, container: &Value, item: &Value) -> Result<bool> {
    vm.contains(container, item)
}

/// The functions for `a op= b`.
macro_rules! in_place {
    ($($name:ident = $operator:ident),* $(,)?) => {
        $(fn $name(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
            vm.binary_in_place(Operator::$operator, left, right)
        })*
    };
}

in_place! {
    iadd = Add, iand = BitAnd, ifloordiv = FloorDivide, ilshift = ShiftLeft, imod = Modulo, imul = Multiply,
    imatmul = MatrixMultiply, ior = BitOr, ipow = Power, irshift = ShiftRight, isub = Subtract, itruediv = Divide,
    ixor = BitXor,
}

const FUNCTIONS: &[Native] = &[
    native!("lt(a, b, /)", lt(required, required), "Same as a < b."),
    native!("le(a, b, /)", le(required, required), "Same as a <= b."),
    native!("eq(a, b, /)", eq(required, required), "Same as a == b."),
    native!("ne(a, b, /)", ne(required, required), "Same as a != b."),
    native!("ge(a, b, /)", ge(required, required), "Same as a >= b."),
    native!("gt(a, b, /)", gt(required, required), "Same as a > b."),
    native!("not_(a, /)", not(required), "Same as not a."),
    native!("truth(a, /)", truth(required), "Whether a is true."),
    native!("is_(a, b, /)", is(required, required), "Same as a is b."),
    native!("is_not(a, b, /)", is_not(required, required), "Same as a is not b."),
    native!("add(a, b, /)", add(required, required), "Same as a + b."),
    native!("sub(a, b, /)", sub(required, required), "Same as a - b."),
    native!("mul(a, b, /)", mul(required, required), "Same as a * b."),
    native!("matmul(a, b, /)", matmul(required, required), "Same as a @ b."),
    native!("truediv(a, b, /)", truediv(required, required), "Same as a / b."),
    native!("floordiv(a, b, /)", floordiv(required, required), "Same as a // b."),
    native!("mod(a, b, /)", modulo(required, required), "Same as a % b."),
    native!("pow(a, b, /)", pow(required, required), "Same as a ** b."),
    native!("lshift(a, b, /)", lshift(required, required), "Same as a << b."),
    native!("rshift(a, b, /)", rshift(required, required), "Same as a >> b."),
    native!("and_(a, b, /)", and(required, required), "Same as a & b."),
    native!("or_(a, b, /)", or(required, required), "Same as a | b."),
    native!("xor(a, b, /)", xor(required, required), "Same as a ^ b."),
    native!("neg(a, /)", negative(required), "Same as -a."),
    native!("pos(a, /)", positive(required), "Same as +a."),
    native!("abs(a, /)", arithmetic::abs(required), "Same as abs(a)."),
    native!("inv(a, /)", inverse(required), "Same as ~a."),
    native!("invert(a, /)", inverse(required), "Same as ~a."),
    native!("contains(a, b, /)", contains(required, required), "Same as b in a (note reversed operands)."),
    native!("iadd(a, b, /)", iadd(required, required), "Same as a += b."),
    native!("iand(a, b, /)", iand(required, required), "Same as a &= b."),
    native!("ifloordiv(a, b, /)", ifloordiv(required, required), "Same as a //= b."),
    native!("ilshift(a, b, /)", ilshift(required, required), "Same as a <<= b."),
    native!("imod(a, b, /)", imod(required, required), "Same as a %= b."),
    native!("imul(a, b, /)", imul(required, required), "Same as a *= b."),
    native!("imatmul(a, b, /)", imatmul(required, required), "Same as a @= b."),
    native!("ior(a, b, /)", ior(required, required), "Same as a |= b."),
    native!("ipow(a, b, /)", ipow(required, required), "Same as a **= b."),
    native!("irshift(a, b, /)", irshift(required, required), "Same as a >>= b."),
    native!("isub(a, b, /)", isub(required, required), "Same as a -= b."),
    native!("itruediv(a, b, /)", itruediv(required, required), "Same as a /= b."),
    native!("ixor(a, b, /)", ixor(required, required), "Same as a ^= b."),
    native!("index(a, /)", index(required), "a as an int."),
    native!("getitem(a, b, /)", getitem(required, required), "Same as a[b]."),
    native!("setitem(a, b, c, /)", setitem(required, required, required), "Same as a[b] = c."),
    native!("delitem(a, b, /)", delitem(required, required), "Same as del a[b]."),
    native!("length_hint(obj, default=0, /)", length_hint(required, optional), "How many items there seem to be."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_operator", FUNCTIONS);
    for (name, rows) in [("itemgetter", ITEMGETTER), ("attrgetter", ATTRGETTER), ("methodcaller", METHODCALLER)] {
        let class = native_class(&format!("operator.{name}"), &types().object, rows);
        module.set(name, Value::Class(class));
    }
    Ok(module)
}
