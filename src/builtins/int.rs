//! The methods of int.
//!
//! Operators on plain ints do not come here (the VM and `value::arithmetic` do them); these rows serve
//! explicit calls and instances of derived classes.

use num_bigint::BigInt;
use num_traits::Pow;

use super::number_parse::{self, IntError};
use super::wrap;
use crate::bytecode::Operator;
use crate::memory::StrBuilder;
use crate::native;
use crate::value::bytes::ByteView;
use crate::value::format_spec;
use crate::value::hash::{self, Order};
use crate::value::integer::{self, ByteOrder, Signedness};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Bytes, Class, Gc, Native, Raised, Result, Str, Value, arithmetic, symbols, types};
use crate::vm::Vm;

/// An argument that must be an int or bool, or an instance of a class derived from int: the plain
/// value.
pub struct IntArgument<'a>(pub &'a Value);

impl<'a> FromArgument<'a> for IntArgument<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        plain_int(value).map(IntArgument).ok_or(Mismatch::Expected("int"))
    }
}

impl IntArgument<'_> {
    fn big(&self) -> BigInt {
        integer::to_big(self.0).unwrap_or_default()
    }

    /// As an int proper: True becomes 1.
    fn value(&self) -> Value {
        match self.0 {
            Value::Bool(truth) => Value::Int(*truth as i64),
            number => number.clone(),
        }
    }
}

/// The plain value of an int, bool or instance of a class derived from int.
fn plain_int(value: &Value) -> Option<&Value> {
    let plain = value.native();
    matches!(plain, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)).then_some(plain)
}

/// Checks the class given to `__new__` of a builtin type.
pub fn check_new(class: &Class, base: &Class) -> Result<()> {
    let (name, base_name) = (class.name(), base.name());
    if !class.is_subclass(base) {
        let message = format!("{base_name}.__new__({name}): {name} is not a subtype of {base_name}");
        return Err(Raised::type_error(message));
    }
    if class.same(&types().bool) && !base.same(&types().bool) {
        return Err(Raised::type_error(format!("{base_name}.__new__(bool) is not safe, use bool.__new__()")));
    }
    Ok(())
}

fn new(vm: &mut Vm, class: &Class, number: Option<&Value>, base: Option<&Value>) -> Result<Value> {
    check_new(class, &types().int)?;
    let value = match (number, base) {
        (None, None) => Value::Int(0),
        (None, Some(_)) => return Err(Raised::type_error("int() missing string argument")),
        (Some(number), None) => convert(vm, number)?,
        (Some(number), Some(base)) => {
            let base = vm.index_clamped(base)?;
            let base = match u32::try_from(base) {
                Ok(base @ (0 | 2..=36)) => base,
                _ => return Err(Raised::value_error("int() base must be >= 2 and <= 36, or 0")),
            };
            match parse(vm, number, base)? {
                Some(value) => value,
                None => return Err(Raised::type_error("int() can't convert non-string with explicit base")),
            }
        }
    };
    Ok(wrap(class, &types().int, value))
}

/// `int(number)`
pub fn convert(vm: &mut Vm, number: &Value) -> Result<Value> {
    match number {
        Value::Int(_) | Value::BigInt(_) => return Ok(number.clone()),
        Value::Bool(truth) => return Ok(Value::Int(*truth as i64)),
        Value::Float(float) => return format_spec::truncated(*float),
        Value::Str(text) => {
            if let Ok(value) = number_parse::parse_int(text, 10) {
                return Ok(value);
            }
        }
        _ => {
            for name in [&symbols().int, &symbols().index, &symbols().trunc] {
                if let Some(result) = vm.call_special(number, name, &[]) {
                    let result = result?;
                    if name.same(&symbols().trunc) {
                        let warn = vm.hooks.warn;
                        warn(vm, &types().deprecation_warning, "The delegation of int() to __trunc__ is deprecated.")?;
                    } else {
                        vm.warn_of_subclass(&result, &types().int, name)?;
                    }
                    return match plain_int(&result) {
                        Some(plain) => Ok(IntArgument(plain).value()),
                        None if name.same(&symbols().trunc) => {
                            if vm.special(&result, &symbols().index)?.is_some() {
                                return vm.index_value(&result);
                            }
                            let message = format!("__trunc__ returned non-Integral (type {})", result.type_name());
                            Err(Raised::type_error(message))
                        }
                        None => {
                            Err(Raised::type_error(format!("{name} returned non-int (type {})", result.type_name())))
                        }
                    };
                }
            }
        }
    }
    parse(vm, number, 10)?.ok_or_else(|| {
        Raised::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            number.type_name()
        ))
    })
}

/// Reads the text of a str, bytes or bytearray; None for another kind.
fn parse(vm: &mut Vm, value: &Value, base: u32) -> Result<Option<Value>> {
    if let Some(text) = value.as_str() {
        return match number_parse::parse_int(text, base) {
            Ok(number) => Ok(Some(number)),
            Err(error) => Err(error.raise(vm, value, base)),
        };
    }
    let Some(bytes) = bytes_of(value) else { return Ok(None) };
    let parsed = match std::str::from_utf8(&bytes) {
        Ok(text) if text.is_ascii() => number_parse::parse_int(text, base),
        _ => Err(IntError::Invalid),
    };
    match parsed {
        Ok(number) => Ok(Some(number)),
        Err(error) => Err(error.raise(vm, value, base)),
    }
}

/// The bytes of a bytes or bytearray; None for another kind.
pub fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    ByteView::of(value).map(|data| data.unborrowed().to_vec())
}

/// `left operator right` when both are ints; else NotImplemented.
fn operate(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    match (plain_int(left), plain_int(right)) {
        (Some(left), Some(right)) => arithmetic::binary(operator, left, right).unwrap_or(Ok(Value::NotImplemented)),
        _ => Ok(Value::NotImplemented),
    }
}

macro_rules! operators {
    ($($operator:ident $forward:ident $reflected:ident)*) => {
        $(fn $forward(_: &mut Vm, this: IntArgument<'_>, other: &Value) -> Result<Value> {
            operate(Operator::$operator, this.0, other)
        }

        fn $reflected(_: &mut Vm, this: IntArgument<'_>, other: &Value) -> Result<Value> {
            operate(Operator::$operator, other, this.0)
        })*
    };
}

operators! {
    Add add radd
    Subtract subtract rsubtract
    Multiply multiply rmultiply
    Divide divide rdivide
    FloorDivide floor_divide rfloor_divide
    Modulo modulo rmodulo
    ShiftLeft shift_left rshift_left
    ShiftRight shift_right rshift_right
    BitAnd and rand
    BitOr or ror
    BitXor xor rxor
}

fn divide_with_rest(_: &mut Vm, this: IntArgument<'_>, other: &Value) -> Result<Value> {
    pair_of(this.0, other)
}

fn rdivide_with_rest(_: &mut Vm, this: IntArgument<'_>, other: &Value) -> Result<Value> {
    pair_of(other, this.0)
}

fn pair_of(left: &Value, right: &Value) -> Result<Value> {
    let (Some(left), Some(right)) = (plain_int(left), plain_int(right)) else { return Ok(Value::NotImplemented) };
    match arithmetic::divide_with_rest(left, right) {
        Some(result) => result.map(|(quotient, rest)| Value::tuple(vec![quotient, rest])),
        None => Ok(Value::NotImplemented),
    }
}

fn power(_: &mut Vm, this: IntArgument<'_>, exponent: &Value, modulus: Option<&Value>) -> Result<Value> {
    power_of(this.0, exponent, modulus)
}

fn rpower(_: &mut Vm, this: IntArgument<'_>, base: &Value, modulus: Option<&Value>) -> Result<Value> {
    power_of(base, this.0, modulus)
}

fn power_of(base: &Value, exponent: &Value, modulus: Option<&Value>) -> Result<Value> {
    let Some(modulus) = modulus.filter(|modulus| !modulus.is_none()) else {
        return operate(Operator::Power, base, exponent);
    };
    arithmetic::power_modulo(base.native(), exponent.native(), modulus.native()).unwrap_or(Ok(Value::NotImplemented))
}

fn compare(left: &Value, right: &Value, holds: impl Fn(Order) -> bool) -> Value {
    match plain_int(right).and_then(|right| hash::compare_numbers(left, right)) {
        Some(order) => Value::Bool(holds(order)),
        None => Value::NotImplemented,
    }
}

macro_rules! comparisons {
    ($($function:ident $orders:pat,)*) => {
        $(fn $function(_: &mut Vm, this: IntArgument<'_>, other: &Value) -> Value {
            compare(this.0, other, |order| matches!(order, $orders))
        })*
    };
}

comparisons! {
    equal Order::Equal,
    not_equal Order::Less | Order::Greater | Order::Unordered,
    less Order::Less,
    less_equal Order::Less | Order::Equal,
    greater Order::Greater,
    greater_equal Order::Greater | Order::Equal,
}

fn negate(_: &mut Vm, this: IntArgument<'_>) -> Value {
    arithmetic::negate(this.0).unwrap_or(Value::NotImplemented)
}

fn invert(_: &mut Vm, this: IntArgument<'_>) -> Value {
    arithmetic::invert(this.0).unwrap_or(Value::NotImplemented)
}

fn absolute(_: &mut Vm, this: IntArgument<'_>) -> Result<Value> {
    arithmetic::absolute(this.0).unwrap_or(Ok(Value::NotImplemented))
}

/// The number itself: `__int__`, `__index__`, `real`, `numerator` ...
fn itself(_: &mut Vm, this: IntArgument<'_>) -> Value {
    this.value()
}

fn zero(_: &mut Vm, _: IntArgument<'_>) -> i64 {
    0
}

fn one(_: &mut Vm, _: IntArgument<'_>) -> i64 {
    1
}

fn float(_: &mut Vm, this: IntArgument<'_>) -> Result<f64> {
    arithmetic::as_float(this.0).unwrap_or(Ok(0.0))
}

fn truth(_: &mut Vm, this: IntArgument<'_>) -> bool {
    !matches!(this.0, Value::Int(0) | Value::Bool(false))
}

fn hash_of(_: &mut Vm, this: IntArgument<'_>) -> Option<i64> {
    hash::hash(this.0)
}

fn repr(_: &mut Vm, this: IntArgument<'_>) -> Result<Value> {
    integer::value_to_decimal(this.0).unwrap_or(Ok(String::new())).map(Value::from)
}

fn format(vm: &mut Vm, this: &Value, spec: &str) -> Result<Str> {
    if spec.is_empty() {
        return vm.str(this);
    }
    let number = plain_int(this).ok_or_else(|| {
        Raised::type_error(format!(
            "descriptor '__format__' requires a 'int' object but received a '{}'",
            this.type_name()
        ))
    })?;
    let mut out = StrBuilder::with_capacity(24);
    format_spec::format_int(&mut out, number, spec, &this.type_name())?;
    Ok(out.finish())
}

fn round(vm: &mut Vm, this: IntArgument<'_>, digits: Option<&Value>) -> Result<Value> {
    let Some(digits) = digits.filter(|digits| !digits.is_none()) else { return Ok(this.value()) };
    let digits = vm.index_clamped(digits)?;
    if digits >= 0 {
        return Ok(this.value());
    }
    // Below half of the unit there is nothing left; log2(10) is more than 3.
    let size = digits.unsigned_abs();
    let bits = integer::bit_length(this.0).unwrap_or(0);
    match u32::try_from(size) {
        Ok(size) if bits / 3 + 1 >= size as u64 => {
            Ok(integer::normalize(integer::round_to_multiple(&this.big(), &BigInt::from(10).pow(size))))
        }
        _ => Ok(Value::Int(0)),
    }
}

fn bit_length(_: &mut Vm, this: IntArgument<'_>) -> Value {
    integer::from_u64(integer::bit_length(this.0).unwrap_or(0))
}

fn bit_count(_: &mut Vm, this: IntArgument<'_>) -> Value {
    integer::from_u64(match this.0 {
        Value::Int(number) => number.unsigned_abs().count_ones() as u64,
        _ => this.big().magnitude().count_ones(),
    })
}

fn byte_order(name: Option<&str>) -> Result<ByteOrder> {
    match name {
        None | Some("big") => Ok(ByteOrder::Big),
        Some("little") => Ok(ByteOrder::Little),
        Some(_) => Err(Raised::value_error("byteorder must be either 'little' or 'big'")),
    }
}

fn signedness(is_signed: Option<bool>) -> Signedness {
    if is_signed == Some(true) { Signedness::Signed } else { Signedness::Unsigned }
}

fn to_bytes(
    _: &mut Vm,
    this: IntArgument<'_>,
    length: Option<i64>,
    order: Option<&str>,
    is_signed: Option<bool>,
) -> Result<Gc<Bytes>> {
    let order = byte_order(order)?;
    let length = usize::try_from(length.unwrap_or(1))
        .map_err(|_| Raised::value_error("length argument must be non-negative"))?;
    if length > isize::MAX as usize / 2 {
        return Err(Raised::out_of_memory());
    }
    let bytes = integer::to_bytes(&this.big(), length, order, signedness(is_signed))?;
    Ok(Gc::new(Bytes::new(bytes)))
}

fn from_bytes(
    vm: &mut Vm,
    class: &Class,
    bytes: &Value,
    order: Option<&str>,
    is_signed: Option<bool>,
) -> Result<Value> {
    let order = byte_order(order)?;
    let data = match bytes_of(bytes) {
        Some(data) => data,
        None => collect_bytes(vm, bytes)?,
    };
    let value = integer::from_bytes(&data, order, signedness(is_signed));
    if class.same(&types().int) { Ok(value) } else { vm.call(&Value::Class(class.clone()), &[value]) }
}

/// The bytes that `bytes(value)` has: from `__bytes__`, or from the ints of an iterable.
fn collect_bytes(vm: &mut Vm, value: &Value) -> Result<Vec<u8>> {
    let unfit = || Raised::type_error(format!("cannot convert '{}' object to bytes", value.type_name()));
    if let Some(result) = vm.call_special(value, &symbols().bytes, &[]) {
        let result = result?;
        return bytes_of(&result)
            .ok_or_else(|| Raised::type_error(format!("__bytes__ returned non-bytes (type {})", result.type_name())));
    }
    let is_iterable = [&symbols().iter, &symbols().getitem].iter().any(|name| value.class().lookup(name).is_some());
    if value.as_str().is_some() || !is_iterable {
        return Err(unfit());
    }
    let mut data = Vec::new();
    vm.for_each(value, |vm, item| {
        let byte = vm.index_clamped(&item)?;
        data.push(u8::try_from(byte).map_err(|_| Raised::value_error("bytes must be in range(0, 256)"))?);
        Ok(())
    })?;
    Ok(data)
}

fn as_integer_ratio(_: &mut Vm, this: IntArgument<'_>) -> Value {
    Value::tuple(vec![this.value(), Value::Int(1)])
}

fn is_integer(_: &mut Vm, _: IntArgument<'_>) -> bool {
    true
}

fn new_arguments(_: &mut Vm, this: IntArgument<'_>) -> Value {
    Value::tuple(vec![this.value()])
}

/// As CPython counts it: a header and digits of 30 bits.
fn size_of(_: &mut Vm, this: IntArgument<'_>) -> Value {
    let digits = integer::bit_length(this.0).unwrap_or(0).div_ceil(30).max(1);
    integer::from_u64(24 + 4 * digits)
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, x=0, /, base=10)", new(required, optional, optional), "An int from a number or from text.")
        .static_method(),
    native!("__add__(self, value, /)", add(required, required), "self + value"),
    native!("__radd__(self, value, /)", radd(required, required), "value + self"),
    native!("__sub__(self, value, /)", subtract(required, required), "self - value"),
    native!("__rsub__(self, value, /)", rsubtract(required, required), "value - self"),
    native!("__mul__(self, value, /)", multiply(required, required), "self * value"),
    native!("__rmul__(self, value, /)", rmultiply(required, required), "value * self"),
    native!("__truediv__(self, value, /)", divide(required, required), "self / value"),
    native!("__rtruediv__(self, value, /)", rdivide(required, required), "value / self"),
    native!("__floordiv__(self, value, /)", floor_divide(required, required), "self // value"),
    native!("__rfloordiv__(self, value, /)", rfloor_divide(required, required), "value // self"),
    native!("__mod__(self, value, /)", modulo(required, required), "self % value"),
    native!("__rmod__(self, value, /)", rmodulo(required, required), "value % self"),
    native!("__divmod__(self, value, /)", divide_with_rest(required, required), "divmod(self, value)"),
    native!("__rdivmod__(self, value, /)", rdivide_with_rest(required, required), "divmod(value, self)"),
    native!("__pow__(self, value, mod=None, /)", power(required, required, optional), "pow(self, value, mod)"),
    native!("__rpow__(self, value, mod=None, /)", rpower(required, required, optional), "pow(value, self, mod)"),
    native!("__lshift__(self, value, /)", shift_left(required, required), "self << value"),
    native!("__rlshift__(self, value, /)", rshift_left(required, required), "value << self"),
    native!("__rshift__(self, value, /)", shift_right(required, required), "self >> value"),
    native!("__rrshift__(self, value, /)", rshift_right(required, required), "value >> self"),
    native!("__and__(self, value, /)", and(required, required), "self & value"),
    native!("__rand__(self, value, /)", rand(required, required), "value & self"),
    native!("__or__(self, value, /)", or(required, required), "self | value"),
    native!("__ror__(self, value, /)", ror(required, required), "value | self"),
    native!("__xor__(self, value, /)", xor(required, required), "self ^ value"),
    native!("__rxor__(self, value, /)", rxor(required, required), "value ^ self"),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__lt__(self, value, /)", less(required, required), "self < value"),
    native!("__le__(self, value, /)", less_equal(required, required), "self <= value"),
    native!("__gt__(self, value, /)", greater(required, required), "self > value"),
    native!("__ge__(self, value, /)", greater_equal(required, required), "self >= value"),
    native!("__neg__(self, /)", negate(required), "-self"),
    native!("__pos__(self, /)", itself(required), "+self"),
    native!("__invert__(self, /)", invert(required), "~self"),
    native!("__abs__(self, /)", absolute(required), "abs(self)"),
    native!("__bool__(self, /)", truth(required), "True unless self is 0."),
    native!("__hash__(self, /)", hash_of(required), "hash(self)"),
    native!("__repr__(self, /)", repr(required), "The number in decimal."),
    native!("__format__(self, format_spec, /)", format(required, required), "The number as a format spec asks."),
    native!("__int__(self, /)", itself(required), "int(self)"),
    native!("__index__(self, /)", itself(required), "The number, for use as an index."),
    native!("__float__(self, /)", float(required), "float(self)"),
    native!("__trunc__(self, /)", itself(required), "The number itself."),
    native!("__floor__(self, /)", itself(required), "The number itself."),
    native!("__ceil__(self, /)", itself(required), "The number itself."),
    native!("__round__(self, ndigits=None, /)", round(required, optional), "Rounded to a power of ten, half to even."),
    native!("__getnewargs__(self, /)", new_arguments(required), "What makes an equal number."),
    native!("__sizeof__(self, /)", size_of(required), "Size in memory, in bytes."),
    native!("bit_length(self, /)", bit_length(required), "Bits needed to write the number without its sign."),
    native!("bit_count(self, /)", bit_count(required), "Bits that are 1 in the number without its sign."),
    native!(
        "to_bytes(self, /, length=1, byteorder='big', *, signed=False)",
        to_bytes(required, optional, optional, named),
        "The number as bytes."
    ),
    native!(
        "from_bytes(cls, /, bytes, byteorder='big', *, signed=False)",
        from_bytes(required, required, optional, named),
        "The int that bytes stand for."
    )
    .class_method(),
    native!("as_integer_ratio(self, /)", as_integer_ratio(required), "The pair (self, 1)."),
    native!("is_integer(self, /)", is_integer(required), "True."),
    native!("conjugate(self, /)", itself(required), "The number itself."),
    native!("real(self, /)", itself(required), "The number itself.").getter(),
    native!("imag(self, /)", zero(required), "0").getter(),
    native!("numerator(self, /)", itself(required), "The number itself.").getter(),
    native!("denominator(self, /)", one(required), "1").getter(),
];
