//! The methods of complex.

use super::int::check_new;
use super::number_parse;
use crate::bytecode::Operator;
use crate::memory::StrBuilder;
use crate::native;
use crate::value::complex::Complex;
use crate::value::hash::{self, Order};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Instance, Native, Raised, Result, Str, Value, arithmetic, format_spec, symbols, types};
use crate::vm::Vm;

impl<'a> FromArgument<'a> for Complex {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Complex>().copied().ok_or(Mismatch::Expected("complex"))
    }
}

/// The number of a complex, int, float or bool, or of an instance of a class derived from one.
fn operand(value: &Value) -> Option<Result<Complex>> {
    if let Some(number) = value.payload::<Complex>() {
        return Some(Ok(*number));
    }
    Some(arithmetic::as_float(value.native())?.map(Complex::from))
}

fn new(vm: &mut Vm, class: &Class, real: Option<&Value>, imaginary: Option<&Value>) -> Result<Value> {
    check_new(class, &types().complex)?;
    let make = |number: Complex| match class.same(&types().complex) {
        true => Value::from(number),
        false => Value::Instance(Instance::with_payload(class.clone(), number)),
    };
    if let (Some(value @ Value::Instance(instance)), None) = (real, imaginary)
        && instance.class_ref().same(&types().complex)
        && class.same(&types().complex)
    {
        return Ok(value.clone());
    }
    if let Some(text) = real.and_then(Value::as_str) {
        if imaginary.is_some() {
            return Err(Raised::type_error("complex() can't take second arg if first is a string"));
        }
        return match number_parse::parse_complex(text) {
            Some(number) => Ok(make(number)),
            None => Err(Raised::value_error("complex() arg is a malformed string")),
        };
    }
    if imaginary.is_some_and(|imaginary| imaginary.as_str().is_some()) {
        return Err(Raised::type_error("complex() second arg can't be a string"));
    }
    let whole = match real {
        Some(real) => part(vm, real, "complex() first argument must be a string or a number")?,
        None => Part::Real(0.0),
    };
    let second = match imaginary {
        Some(imaginary) => part(vm, imaginary, "complex() second argument must be a number")?,
        None => return Ok(make(whole.number())),
    };
    // real + imaginary * 1j, where a part that is complex itself brings the other one.
    let (whole, second) = match (whole, second) {
        (Part::Real(real), Part::Real(imaginary)) => return Ok(make(Complex { real, imaginary })),
        (whole, second) => (whole, second),
    };
    let imaginary = match whole {
        Part::Real(_) => second.number().real,
        Part::Complex(whole) => whole.imaginary + second.number().real,
    };
    let real = match second {
        Part::Real(_) => whole.number().real,
        Part::Complex(second) => whole.number().real - second.imaginary,
    };
    Ok(make(Complex { real, imaginary }))
}

/// An argument of `complex()`.
enum Part {
    Real(f64),
    Complex(Complex),
}

impl Part {
    fn number(&self) -> Complex {
        match self {
            Part::Real(number) => Complex::from(*number),
            Part::Complex(number) => *number,
        }
    }
}

fn part(vm: &mut Vm, value: &Value, complaint: &str) -> Result<Part> {
    if let Some(number) = arithmetic::as_float(value) {
        return number.map(Part::Real);
    }
    if let Value::Instance(instance) = value {
        if instance.class_ref().same(&types().complex)
            && let Some(number) = instance.payload::<Complex>()
        {
            return Ok(Part::Complex(*number));
        }
        if let Some(result) = vm.call_special(value, &symbols().complex, &[]) {
            let result = result?;
            return result.payload::<Complex>().copied().map(Part::Complex).ok_or_else(|| {
                Raised::type_error(format!(
                    "{}.__complex__() must return a complex, not {}",
                    value.type_name(),
                    result.type_name()
                ))
            });
        }
        let class = value.class();
        if class.lookup(&symbols().float).is_some() || class.lookup(&symbols().index).is_some() {
            return vm.float(value).map(Part::Real);
        }
    }
    Err(Raised::type_error(format!("{complaint}, not '{}'", value.type_name())))
}

fn operate(operator: Operator, left: Option<Result<Complex>>, right: Option<Result<Complex>>) -> Result<Value> {
    match (left, right) {
        (Some(left), Some(right)) => arithmetic::complexes(operator, left, right).unwrap_or(Ok(Value::NotImplemented)),
        _ => Ok(Value::NotImplemented),
    }
}

macro_rules! operators {
    ($($operator:ident $forward:ident $reflected:ident)*) => {
        $(fn $forward(_: &mut Vm, this: Complex, other: &Value) -> Result<Value> {
            operate(Operator::$operator, Some(Ok(this)), operand(other))
        }

        fn $reflected(_: &mut Vm, this: Complex, other: &Value) -> Result<Value> {
            operate(Operator::$operator, operand(other), Some(Ok(this)))
        })*
    };
}

operators! {
    Add add radd
    Subtract subtract rsubtract
    Multiply multiply rmultiply
    Divide divide rdivide
}

fn check_modulus(modulus: Option<&Value>) -> Result<()> {
    match modulus {
        Some(modulus) if !modulus.is_none() => Err(Raised::value_error("complex modulo")),
        _ => Ok(()),
    }
}

fn power(_: &mut Vm, this: Complex, exponent: &Value, modulus: Option<&Value>) -> Result<Value> {
    check_modulus(modulus)?;
    operate(Operator::Power, Some(Ok(this)), operand(exponent))
}

fn rpower(_: &mut Vm, this: Complex, base: &Value, modulus: Option<&Value>) -> Result<Value> {
    check_modulus(modulus)?;
    operate(Operator::Power, operand(base), Some(Ok(this)))
}

/// Whether the numbers are equal exactly; None when the other is no number.
fn is_equal(this: Complex, other: &Value) -> Option<bool> {
    if let Some(other) = other.payload::<Complex>() {
        return Some(this == *other);
    }
    let other = other.native();
    let order = hash::compare_numbers(&Value::Float(this.real), other)?;
    Some(this.imaginary == 0.0 && order == Order::Equal)
}

fn equal(_: &mut Vm, this: Complex, other: &Value) -> Value {
    is_equal(this, other).map_or(Value::NotImplemented, Value::Bool)
}

fn not_equal(_: &mut Vm, this: Complex, other: &Value) -> Value {
    is_equal(this, other).map_or(Value::NotImplemented, |equal| Value::Bool(!equal))
}

/// Complex numbers have no order.
fn unordered(_: &mut Vm, _: Complex, _: &Value) -> Value {
    Value::NotImplemented
}

fn negate(_: &mut Vm, this: Complex) -> Value {
    (-this).into()
}

fn itself(_: &mut Vm, this: Complex) -> Value {
    this.into()
}

fn absolute(_: &mut Vm, this: Complex) -> Result<Value> {
    arithmetic::absolute_complex(this)
}

fn truth(_: &mut Vm, this: Complex) -> bool {
    this.real != 0.0 || this.imaginary != 0.0
}

fn hash_of(_: &mut Vm, this: Complex) -> i64 {
    this.hash()
}

fn repr(_: &mut Vm, this: Complex) -> String {
    this.repr()
}

fn format(_: &mut Vm, this: Complex, spec: &str) -> Result<Str> {
    let mut out = StrBuilder::with_capacity(48);
    format_spec::format_complex(&mut out, this, spec)?;
    Ok(out.finish())
}

fn conjugate(_: &mut Vm, this: Complex) -> Value {
    this.conjugate().into()
}

fn real(_: &mut Vm, this: Complex) -> f64 {
    this.real
}

fn imaginary(_: &mut Vm, this: Complex) -> f64 {
    this.imaginary
}

fn new_arguments(_: &mut Vm, this: Complex) -> Value {
    Value::tuple(vec![Value::Float(this.real), Value::Float(this.imaginary)])
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, real=0, imag=0)", new(required, optional, optional), "A complex number from parts or text.")
        .static_method(),
    native!("__add__(self, value, /)", add(required, required), "self + value"),
    native!("__radd__(self, value, /)", radd(required, required), "value + self"),
    native!("__sub__(self, value, /)", subtract(required, required), "self - value"),
    native!("__rsub__(self, value, /)", rsubtract(required, required), "value - self"),
    native!("__mul__(self, value, /)", multiply(required, required), "self * value"),
    native!("__rmul__(self, value, /)", rmultiply(required, required), "value * self"),
    native!("__truediv__(self, value, /)", divide(required, required), "self / value"),
    native!("__rtruediv__(self, value, /)", rdivide(required, required), "value / self"),
    native!("__pow__(self, value, mod=None, /)", power(required, required, optional), "self ** value"),
    native!("__rpow__(self, value, mod=None, /)", rpower(required, required, optional), "value ** self"),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__lt__(self, value, /)", unordered(required, required), "NotImplemented"),
    native!("__le__(self, value, /)", unordered(required, required), "NotImplemented"),
    native!("__gt__(self, value, /)", unordered(required, required), "NotImplemented"),
    native!("__ge__(self, value, /)", unordered(required, required), "NotImplemented"),
    native!("__neg__(self, /)", negate(required), "-self"),
    native!("__pos__(self, /)", itself(required), "+self"),
    native!("__abs__(self, /)", absolute(required), "The distance from zero."),
    native!("__bool__(self, /)", truth(required), "True unless self is 0."),
    native!("__hash__(self, /)", hash_of(required), "hash(self)"),
    native!("__repr__(self, /)", repr(required), "The number as (real+imagj)."),
    native!("__format__(self, format_spec, /)", format(required, required), "The number as a format spec asks."),
    native!("__complex__(self, /)", itself(required), "complex(self)"),
    native!("__getnewargs__(self, /)", new_arguments(required), "What makes an equal number."),
    native!("conjugate(self, /)", conjugate(required), "The number with the other sign of its imaginary part."),
    native!("real(self, /)", real(required), "the real part of a complex number").member(),
    native!("imag(self, /)", imaginary(required), "the imaginary part of a complex number").member(),
];
