//! The methods of float.

use super::int::{bytes_of, check_new};
use super::{number_parse, wrap};
use crate::bytecode::Operator;
use crate::memory::StrBuilder;
use crate::native;
use crate::value::float::HexError;
use crate::value::format_spec::{self, truncated};
use crate::value::hash::{self, Order};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Native, Raised, Result, Str, Value, arithmetic, float, integer, symbols, types};
use crate::vm::Vm;

/// An argument that must be a float or an instance of a class derived from it.
struct FloatArgument(f64);

impl<'a> FromArgument<'a> for FloatArgument {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.native() {
            Value::Float(number) => Ok(FloatArgument(*number)),
            _ => Err(Mismatch::Expected("float")),
        }
    }
}

fn new(vm: &mut Vm, class: &Class, number: Option<&Value>) -> Result<Value> {
    check_new(class, &types().float)?;
    let number = number.map_or(Ok(0.0), |number| convert(vm, number))?;
    Ok(wrap(class, &types().float, Value::Float(number)))
}

/// `float(value)`
pub fn convert(vm: &mut Vm, value: &Value) -> Result<f64> {
    if let Some(number) = arithmetic::as_float(value) {
        return number;
    }
    if let Value::Instance(_) = value {
        for name in [&symbols().float, &symbols().index] {
            let Some(result) = vm.call_special(value, name, &[]) else { continue };
            let result = result?;
            let expected = if name.same(&symbols().float) { &types().float } else { &types().int };
            vm.warn_of_subclass(&result, expected, name)?;
            return match result.native() {
                Value::Float(number) => Ok(*number),
                number @ (Value::Int(_) | Value::BigInt(_) | Value::Bool(_)) if name.same(&symbols().index) => {
                    arithmetic::as_float(number).unwrap_or(Ok(0.0))
                }
                _ if name.same(&symbols().index) => {
                    Err(Raised::type_error(format!("__index__ returned non-int (type {})", result.type_name())))
                }
                _ => Err(Raised::type_error(format!(
                    "{}.__float__ returned non-float (type {})",
                    value.type_name(),
                    result.type_name()
                ))),
            };
        }
    }
    let parsed = if let Some(text) = value.as_str() {
        number_parse::parse_float(text)
    } else if let Some(bytes) = bytes_of(value) {
        std::str::from_utf8(&bytes).ok().filter(|text| text.is_ascii()).and_then(number_parse::parse_float)
    } else {
        return Err(Raised::type_error(format!(
            "float() argument must be a string or a real number, not '{}'",
            value.type_name()
        )));
    };
    match parsed {
        Some(number) => Ok(number),
        None => Err(number_parse::invalid_float(vm, value)),
    }
}

/// `left operator right` when both are real numbers; else NotImplemented.
fn operate(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    match (left, right) {
        (Value::Instance(_), _) | (_, Value::Instance(_)) => Ok(Value::NotImplemented),
        _ => arithmetic::binary(operator, left, right).unwrap_or(Ok(Value::NotImplemented)),
    }
}

macro_rules! operators {
    ($($operator:ident $forward:ident $reflected:ident)*) => {
        $(fn $forward(_: &mut Vm, this: FloatArgument, other: &Value) -> Result<Value> {
            operate(Operator::$operator, &Value::Float(this.0), other.native())
        }

        fn $reflected(_: &mut Vm, this: FloatArgument, other: &Value) -> Result<Value> {
            operate(Operator::$operator, other.native(), &Value::Float(this.0))
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
}

fn divide_with_rest(_: &mut Vm, this: FloatArgument, other: &Value) -> Result<Value> {
    pair_of(&Value::Float(this.0), other.native())
}

fn rdivide_with_rest(_: &mut Vm, this: FloatArgument, other: &Value) -> Result<Value> {
    pair_of(other.native(), &Value::Float(this.0))
}

fn pair_of(left: &Value, right: &Value) -> Result<Value> {
    match arithmetic::divide_with_rest(left, right) {
        Some(result) => result.map(|(quotient, rest)| Value::tuple(vec![quotient, rest])),
        None => Ok(Value::NotImplemented),
    }
}

fn check_modulus(modulus: Option<&Value>) -> Result<()> {
    match modulus {
        Some(modulus) if !modulus.is_none() => {
            Err(Raised::type_error("pow() 3rd argument not allowed unless all arguments are integers"))
        }
        _ => Ok(()),
    }
}

fn power(_: &mut Vm, this: FloatArgument, exponent: &Value, modulus: Option<&Value>) -> Result<Value> {
    check_modulus(modulus)?;
    operate(Operator::Power, &Value::Float(this.0), exponent.native())
}

fn rpower(_: &mut Vm, this: FloatArgument, base: &Value, modulus: Option<&Value>) -> Result<Value> {
    check_modulus(modulus)?;
    operate(Operator::Power, base.native(), &Value::Float(this.0))
}

macro_rules! comparisons {
    ($($function:ident $orders:pat,)*) => {
        $(fn $function(_: &mut Vm, this: FloatArgument, other: &Value) -> Value {
            match hash::compare_numbers(&Value::Float(this.0), other.native()) {
                Some(order) => Value::Bool(matches!(order, $orders)),
                None => Value::NotImplemented,
            }
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

fn negate(_: &mut Vm, this: FloatArgument) -> f64 {
    -this.0
}

/// The number itself: `__float__`, `real`, `conjugate` ...
fn itself(_: &mut Vm, this: FloatArgument) -> f64 {
    this.0
}

fn zero(_: &mut Vm, _: FloatArgument) -> f64 {
    0.0
}

fn absolute(_: &mut Vm, this: FloatArgument) -> f64 {
    this.0.abs()
}

fn truth(_: &mut Vm, this: FloatArgument) -> bool {
    this.0 != 0.0
}

/// A NaN hashes by identity, so that sets of them do not collide.
fn hash_of(vm: &mut Vm, this: &Value) -> Result<i64> {
    match this.native() {
        Value::Float(number) if number.is_nan() && matches!(this, Value::Instance(_)) => {
            Ok(hash::hash_address(this.address()))
        }
        Value::Float(number) => Ok(hash::hash_float(*number)),
        _ => vm.hash(this),
    }
}

fn repr(_: &mut Vm, this: FloatArgument) -> String {
    float::repr(this.0)
}

fn format(vm: &mut Vm, this: &Value, spec: &str) -> Result<Str> {
    let Value::Float(number) = this.native() else {
        let message = "descriptor '__format__' requires a 'float' object but received a";
        return Err(Raised::type_error(format!("{message} '{}'", this.type_name())));
    };
    if spec.is_empty() {
        return vm.str(this);
    }
    let mut out = StrBuilder::with_capacity(24);
    format_spec::format_float(&mut out, *number, spec)?;
    Ok(out.finish())
}

fn int(_: &mut Vm, this: FloatArgument) -> Result<Value> {
    truncated(this.0)
}

fn floor(_: &mut Vm, this: FloatArgument) -> Result<Value> {
    truncated(this.0.floor())
}

fn ceil(_: &mut Vm, this: FloatArgument) -> Result<Value> {
    truncated(this.0.ceil())
}

fn round(vm: &mut Vm, this: FloatArgument, digits: Option<&Value>) -> Result<Value> {
    let Some(digits) = digits.filter(|digits| !digits.is_none()) else { return truncated(this.0.round_ties_even()) };
    let digits = vm.index_clamped(digits)?;
    let rounded = float::round_to_digits(this.0, digits);
    if rounded.is_infinite() && this.0.is_finite() {
        return Err(Raised::overflow_error("rounded value too large to represent"));
    }
    Ok(Value::Float(rounded))
}

fn is_integer(_: &mut Vm, this: FloatArgument) -> bool {
    this.0.is_finite() && this.0 == this.0.trunc()
}

fn as_integer_ratio(_: &mut Vm, this: FloatArgument) -> Result<Value> {
    if this.0.is_nan() {
        return Err(Raised::value_error("cannot convert NaN to integer ratio"));
    }
    if this.0.is_infinite() {
        return Err(Raised::overflow_error("cannot convert Infinity to integer ratio"));
    }
    let (numerator, denominator) = float::ratio(this.0);
    Ok(Value::tuple(vec![integer::normalize(numerator), integer::normalize(denominator)]))
}

fn hex(_: &mut Vm, this: FloatArgument) -> String {
    float::hex(this.0)
}

fn from_hex(vm: &mut Vm, class: &Class, text: &Value) -> Result<Value> {
    let text: &Str = text.as_str().ok_or_else(|| Raised::type_error("bad argument type for built-in operation"))?;
    let number = float::from_hex(text).map_err(|error| match error {
        HexError::Invalid => Raised::value_error("invalid hexadecimal floating-point string"),
        HexError::TooLarge => Raised::overflow_error("hexadecimal value too large to represent as a float"),
    })?;
    let value = Value::Float(number);
    if class.same(&types().float) { Ok(value) } else { vm.call(&Value::Class(class.clone()), &[value]) }
}

fn new_arguments(_: &mut Vm, this: FloatArgument) -> Value {
    Value::tuple(vec![Value::Float(this.0)])
}

fn get_format(_: &mut Vm, _: &Class, kind: &str) -> Result<&'static str> {
    match kind {
        "double" | "float" if cfg!(target_endian = "big") => Ok("IEEE, big-endian"),
        "double" | "float" => Ok("IEEE, little-endian"),
        _ => Err(Raised::value_error("__getformat__() argument 1 must be 'double' or 'float'")),
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, x=0, /)", new(required, optional), "A float from a number or from text.").static_method(),
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
    native!("__pow__(self, value, mod=None, /)", power(required, required, optional), "self ** value"),
    native!("__rpow__(self, value, mod=None, /)", rpower(required, required, optional), "value ** self"),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__lt__(self, value, /)", less(required, required), "self < value"),
    native!("__le__(self, value, /)", less_equal(required, required), "self <= value"),
    native!("__gt__(self, value, /)", greater(required, required), "self > value"),
    native!("__ge__(self, value, /)", greater_equal(required, required), "self >= value"),
    native!("__neg__(self, /)", negate(required), "-self"),
    native!("__pos__(self, /)", itself(required), "+self"),
    native!("__abs__(self, /)", absolute(required), "abs(self)"),
    native!("__bool__(self, /)", truth(required), "True unless self is 0."),
    native!("__hash__(self, /)", hash_of(required), "hash(self)"),
    native!("__repr__(self, /)", repr(required), "The shortest text that reads back as the same number."),
    native!("__format__(self, format_spec, /)", format(required, required), "The number as a format spec asks."),
    native!("__int__(self, /)", int(required), "The whole part."),
    native!("__float__(self, /)", itself(required), "float(self)"),
    native!("__trunc__(self, /)", int(required), "The whole part."),
    native!("__floor__(self, /)", floor(required), "The greatest int that is not greater."),
    native!("__ceil__(self, /)", ceil(required), "The smallest int that is not smaller."),
    native!(
        "__round__(self, ndigits=None, /)",
        round(required, optional),
        "Rounded half to even, to an int, or to that many digits behind the point."
    ),
    native!("__getnewargs__(self, /)", new_arguments(required), "What makes an equal number."),
    native!("__getformat__(cls, typestr, /)", get_format(required, required), "How floats stand in memory.")
        .class_method(),
    native!("is_integer(self, /)", is_integer(required), "Whether there is nothing behind the point."),
    native!(
        "as_integer_ratio(self, /)",
        as_integer_ratio(required),
        "Numerator and denominator of exactly this number, in lowest terms."
    ),
    native!("hex(self, /)", hex(required), "The number in base 16."),
    native!("fromhex(cls, string, /)", from_hex(required, required), "The number that text in base 16 stands for.")
        .class_method(),
    native!("conjugate(self, /)", itself(required), "The number itself."),
    native!("real(self, /)", itself(required), "The number itself.").getter(),
    native!("imag(self, /)", zero(required), "0.0").getter(),
];
