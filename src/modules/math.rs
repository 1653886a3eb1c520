//! The module `math`.
//!
//! The functions of one float share one check of their result: NaN from a number is a domain error, an
//! infinity from a finite number a range error where the function can grow too large, else a domain
//! error at a pole. What needs more than the standard library is in `special_function` and
//! `error_function`, whole numbers are in `whole_number`.

use super::special_function::{self, ExactSum, MathError, ProductSum, SumError};
use super::{error_function, native_module, whole_number};
use crate::bytecode::Operator;
use crate::native;
use crate::value::{
    Gc, Module, Native, NativeFunction, Raised, Result, Str, Value, arithmetic, format_spec, integer, symbols,
};
use crate::vm::Vm;

fn domain_error() -> Raised {
    Raised::value_error("math domain error")
}

fn range_error() -> Raised {
    Raised::overflow_error("math range error")
}

/// What an infinite result of a finite argument means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtInfinity {
    TooLarge,
    Pole,
}

fn checked(x: f64, result: f64, at_infinity: AtInfinity) -> Result<f64> {
    if result.is_nan() && !x.is_nan() {
        return Err(domain_error());
    }
    if result.is_infinite() && x.is_finite() {
        return Err(if at_infinity == AtInfinity::TooLarge { range_error() } else { domain_error() });
    }
    Ok(result)
}

macro_rules! functions_of_one_float {
    ($($name:ident $function:path, $at_infinity:ident;)*) => {
        $(fn $name(_: &mut Vm, x: f64) -> Result<f64> {
            checked(x, $function(x), AtInfinity::$at_infinity)
        })*
    };
}

functions_of_one_float! {
    acos f64::acos, Pole;
    acosh special_function::acosh, Pole;
    asin f64::asin, Pole;
    asinh special_function::asinh, Pole;
    atan f64::atan, Pole;
    atanh special_function::atanh, Pole;
    cbrt special_function::cbrt, Pole;
    cos f64::cos, Pole;
    cosh f64::cosh, TooLarge;
    erf error_function::erf, Pole;
    erfc error_function::erfc, Pole;
    exp f64::exp, TooLarge;
    exp2 f64::exp2, TooLarge;
    expm1 f64::exp_m1, TooLarge;
    fabs f64::abs, Pole;
    log1p f64::ln_1p, Pole;
    sin f64::sin, Pole;
    sinh f64::sinh, TooLarge;
    sqrt f64::sqrt, Pole;
    tan f64::tan, Pole;
    tanh f64::tanh, Pole;
}

fn raise(error: MathError) -> Raised {
    match error {
        MathError::Domain => domain_error(),
        MathError::Range => range_error(),
    }
}

fn gamma(_: &mut Vm, x: f64) -> Result<f64> {
    special_function::gamma(x).map_err(raise)
}

fn lgamma(_: &mut Vm, x: f64) -> Result<f64> {
    special_function::log_gamma(x).map_err(raise)
}

fn degrees(_: &mut Vm, x: f64) -> f64 {
    x * (180.0 / std::f64::consts::PI)
}

fn radians(_: &mut Vm, x: f64) -> f64 {
    x * (std::f64::consts::PI / 180.0)
}

/// A logarithm of any number; an int may be larger than any float.
fn logarithm(vm: &mut Vm, x: &Value, log: fn(f64) -> f64) -> Result<f64> {
    if let Value::BigInt(number) = x.native() {
        if number.0.sign() == num_bigint::Sign::Minus {
            return Err(domain_error());
        }
        if integer::big_to_f64(&number.0).is_none() {
            let (mantissa, exponent) = integer::split_exponent(&number.0);
            return Ok(log(mantissa) + log(2.0) * exponent as f64);
        }
    }
    let x = vm.float(x)?;
    // Not what the processor thinks of the logarithm of 0.
    if x <= 0.0 { Err(domain_error()) } else { Ok(log(x)) }
}

fn log(vm: &mut Vm, x: &Value, base: Option<&Value>) -> Result<f64> {
    let numerator = logarithm(vm, x, f64::ln)?;
    let Some(base) = base else { return Ok(numerator) };
    let denominator = logarithm(vm, base, f64::ln)?;
    if denominator == 0.0 {
        return Err(Raised::zero_division_error("float division by zero"));
    }
    Ok(numerator / denominator)
}

fn log2(vm: &mut Vm, x: &Value) -> Result<f64> {
    logarithm(vm, x, f64::log2)
}

fn log10(vm: &mut Vm, x: &Value) -> Result<f64> {
    logarithm(vm, x, f64::log10)
}

fn pow(_: &mut Vm, x: f64, y: f64) -> Result<f64> {
    let result = x.powf(y);
    if !x.is_finite() || !y.is_finite() || result.is_finite() {
        return Ok(result);
    }
    Err(if result.is_nan() || x == 0.0 { domain_error() } else { range_error() })
}

fn fmod(_: &mut Vm, x: f64, y: f64) -> Result<f64> {
    let result = x % y;
    if result.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain_error()) } else { Ok(result) }
}

fn remainder(_: &mut Vm, x: f64, y: f64) -> Result<f64> {
    if x.is_nan() || y.is_nan() {
        return Ok(f64::NAN);
    }
    if x.is_infinite() || y == 0.0 {
        return Err(domain_error());
    }
    Ok(if y.is_infinite() { x } else { special_function::ieee_remainder(x, y) })
}

fn atan2(_: &mut Vm, y: f64, x: f64) -> f64 {
    y.atan2(x)
}

fn copysign(_: &mut Vm, x: f64, y: f64) -> f64 {
    x.copysign(y)
}

fn fma(_: &mut Vm, x: f64, y: f64, z: f64) -> Result<f64> {
    let result = x.mul_add(y, z);
    if result.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
        return Err(Raised::value_error("invalid operation in fma"));
    }
    if result.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
        return Err(Raised::overflow_error("overflow in fma"));
    }
    Ok(result)
}

/// `floor` and `ceil`: the special method of anything but a float decides.
fn rounded(vm: &mut Vm, x: &Value, name: &Str, round: fn(f64) -> f64) -> Result<Value> {
    match x {
        Value::Int(_) | Value::BigInt(_) => return Ok(x.clone()),
        Value::Float(_) => {}
        _ => {
            if let Some(result) = vm.call_special(x, name, &[]) {
                return result;
            }
        }
    }
    let number = vm.float(x)?;
    format_spec::truncated(round(number))
}

fn floor(vm: &mut Vm, x: &Value) -> Result<Value> {
    rounded(vm, x, &symbols().floor, f64::floor)
}

fn ceil(vm: &mut Vm, x: &Value) -> Result<Value> {
    rounded(vm, x, &symbols().ceil, f64::ceil)
}

fn trunc(vm: &mut Vm, x: &Value) -> Result<Value> {
    match x {
        Value::Float(number) => format_spec::truncated(*number),
        _ => vm.call_special(x, &symbols().trunc, &[]).unwrap_or_else(|| {
            Err(Raised::type_error(format!("type {} doesn't define __trunc__ method", x.type_name())))
        }),
    }
}

fn modf(_: &mut Vm, x: f64) -> Value {
    let whole = x.trunc();
    let fraction = if x.is_infinite() { 0.0 } else { x - whole };
    Value::tuple(vec![Value::Float(fraction.copysign(x)), Value::Float(whole)])
}

fn frexp(_: &mut Vm, x: f64) -> Value {
    let (mantissa, exponent) = if x.is_finite() { libm::frexp(x) } else { (x, 0) };
    Value::tuple(vec![Value::Float(mantissa), Value::Int(exponent as i64)])
}

fn ldexp(vm: &mut Vm, x: f64, exponent: &Value) -> Result<f64> {
    if integer::as_big(exponent).is_none() {
        return Err(Raised::type_error("Expected an int as second argument to ldexp."));
    }
    let exponent = vm.index_clamped(exponent)?;
    if x == 0.0 || !x.is_finite() {
        return Ok(x);
    }
    let result = libm::ldexp(x, exponent.clamp(-5000, 5000) as i32);
    if result.is_infinite() { Err(range_error()) } else { Ok(result) }
}

fn isnan(_: &mut Vm, x: f64) -> bool {
    x.is_nan()
}

fn isinf(_: &mut Vm, x: f64) -> bool {
    x.is_infinite()
}

fn isfinite(_: &mut Vm, x: f64) -> bool {
    x.is_finite()
}

fn isclose(_: &mut Vm, a: f64, b: f64, relative: Option<f64>, absolute: Option<f64>) -> Result<bool> {
    let (relative, absolute) = (relative.unwrap_or(1e-9), absolute.unwrap_or(0.0));
    if relative < 0.0 || absolute < 0.0 {
        return Err(Raised::value_error("tolerances must be non-negative"));
    }
    if a == b {
        return Ok(true);
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(false);
    }
    let distance = (b - a).abs();
    Ok(distance <= (relative * b).abs() || distance <= (relative * a).abs() || distance <= absolute)
}

fn nextafter(vm: &mut Vm, x: f64, y: f64, steps: Option<&Value>) -> Result<f64> {
    let steps = match steps.filter(|steps| !steps.is_none()) {
        None => {
            // The step to zero keeps the sign.
            let next = special_function::next_after(x, y, 1);
            return Ok(if next == 0.0 && x != 0.0 { next.copysign(x) } else { next });
        }
        Some(steps) => match vm.index_value(steps)? {
            Value::Int(steps) => {
                u64::try_from(steps).map_err(|_| Raised::value_error("steps must be a non-negative integer"))?
            }
            big => match integer::as_big(&big) {
                Some(big) if big.sign() == num_bigint::Sign::Minus => {
                    return Err(Raised::value_error("steps must be a non-negative integer"));
                }
                _ => u64::MAX,
            },
        },
    };
    Ok(special_function::next_after(x, y, steps))
}

fn ulp(_: &mut Vm, x: f64) -> f64 {
    let x = x.abs();
    if !x.is_finite() {
        return x;
    }
    let next = x.next_up();
    if next.is_infinite() { x - x.next_down() } else { next - x }
}

fn floats_of(vm: &mut Vm, values: &[Value]) -> Result<Vec<f64>> {
    values.iter().map(|value| vm.float(value)).collect()
}

fn hypot(vm: &mut Vm, coordinates: &[Value]) -> Result<f64> {
    Ok(special_function::vector_length(&floats_of(vm, coordinates)?))
}

fn dist(vm: &mut Vm, p: &Value, q: &Value) -> Result<f64> {
    let (p, q) = (vm.collect(p)?, vm.collect(q)?);
    if p.len() != q.len() {
        return Err(Raised::value_error("both points must have the same number of dimensions"));
    }
    let (p, q) = (floats_of(vm, &p)?, floats_of(vm, &q)?);
    let differences: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p - q).abs()).collect();
    Ok(special_function::vector_length(&differences))
}

fn fsum(vm: &mut Vm, iterable: &Value) -> Result<f64> {
    let raise = |error| match error {
        SumError::Overflow => Raised::overflow_error("intermediate overflow in fsum"),
        SumError::OppositeInfinities => Raised::value_error("-inf + inf in fsum"),
    };
    let mut sum = ExactSum::default();
    vm.for_each(iterable, |vm, item| {
        let number = vm.float(&item)?;
        sum.add(number).map_err(raise)
    })?;
    sum.value().map_err(raise)
}

fn prod(vm: &mut Vm, iterable: &Value, start: Option<&Value>) -> Result<Value> {
    let mut product = start.cloned().unwrap_or(Value::Int(1));
    vm.for_each(iterable, |vm, item| {
        product = match (&product, &item) {
            (Value::Float(product), Value::Float(item)) => Value::Float(product * item),
            _ => vm.binary(Operator::Multiply, &product, &item)?,
        };
        Ok(())
    })?;
    Ok(product)
}

/// The factors of one product, when they can be multiplied as floats.
fn float_factors(p: &Value, q: &Value) -> Option<Result<(f64, f64)>> {
    if !matches!((p, q), (Value::Float(_), _) | (_, Value::Float(_))) {
        return None;
    }
    let (p, q) = (arithmetic::as_float(p)?, arithmetic::as_float(q)?);
    Some(p.and_then(|p| Ok((p, q?))))
}

/// Ints are added exactly, then floats in triple length, then anything by its own operators.
fn sumprod(vm: &mut Vm, p: &Value, q: &Value) -> Result<Value> {
    let (p, q) = (vm.collect(p)?, vm.collect(q)?);
    if p.len() != q.len() {
        return Err(Raised::value_error("Inputs are not the same length"));
    }
    let mut pairs = p.iter().zip(&q).peekable();
    let mut whole = 0i128;
    while let Some((Value::Int(p), Value::Int(q))) = pairs.peek()
        && let Some(next) = whole.checked_add(*p as i128 * *q as i128)
    {
        whole = next;
        pairs.next();
    }
    let mut total = integer::from_i128(whole);
    let mut sum = ProductSum::default();
    let mut has_floats = false;
    while let Some((p, q)) = pairs.peek()
        && let Some(factors) = float_factors(p, q)
    {
        let (p, q) = factors?;
        let next = sum.with(p, q);
        if !next.is_finite() {
            break;
        }
        sum = next;
        has_floats = true;
        pairs.next();
    }
    if has_floats {
        total = vm.binary(Operator::Add, &total, &Value::Float(sum.value()))?;
    }
    for (p, q) in pairs {
        let product = vm.binary(Operator::Multiply, p, q)?;
        total = vm.binary(Operator::Add, &total, &product)?;
    }
    Ok(total)
}

const FUNCTIONS: &[Native] = &[
    native!("acos(x, /)", acos(required), "The arc cosine in radians."),
    native!("acosh(x, /)", acosh(required), "The inverse hyperbolic cosine."),
    native!("asin(x, /)", asin(required), "The arc sine in radians."),
    native!("asinh(x, /)", asinh(required), "The inverse hyperbolic sine."),
    native!("atan(x, /)", atan(required), "The arc tangent in radians."),
    native!("atan2(y, x, /)", atan2(required, required), "The angle of the point (x, y) in radians."),
    native!("atanh(x, /)", atanh(required), "The inverse hyperbolic tangent."),
    native!("cbrt(x, /)", cbrt(required), "The cube root."),
    native!("ceil(x, /)", ceil(required), "The smallest int that is not smaller."),
    native!("copysign(x, y, /)", copysign(required, required), "The size of x with the sign of y."),
    native!("cos(x, /)", cos(required), "The cosine of an angle in radians."),
    native!("cosh(x, /)", cosh(required), "The hyperbolic cosine."),
    native!("degrees(x, /)", degrees(required), "An angle in radians as degrees."),
    native!("dist(p, q, /)", dist(required, required), "The distance of two points."),
    native!("erf(x, /)", erf(required), "The error function."),
    native!("erfc(x, /)", erfc(required), "One less the error function."),
    native!("exp(x, /)", exp(required), "e ** x"),
    native!("exp2(x, /)", exp2(required), "2 ** x"),
    native!("expm1(x, /)", expm1(required), "e ** x - 1, exact for small x."),
    native!("fabs(x, /)", fabs(required), "The absolute value as a float."),
    native!("floor(x, /)", floor(required), "The greatest int that is not greater."),
    native!("fma(x, y, z, /)", fma(required, required, required), "x * y + z, rounded once."),
    native!("fmod(x, y, /)", fmod(required, required), "The rest of x / y with the sign of x."),
    native!("frexp(x, /)", frexp(required), "Mantissa and exponent: x == m * 2 ** e."),
    native!("fsum(seq, /)", fsum(required), "The sum of floats, rounded once."),
    native!("gamma(x, /)", gamma(required), "The gamma function."),
    native!("hypot(*coordinates)", hypot(rest), "The length of a vector."),
    native!(
        "isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
        isclose(required, required, named, named),
        "Whether two numbers differ by no more than the tolerances."
    ),
    native!("isfinite(x, /)", isfinite(required), "Whether x is neither infinite nor NaN."),
    native!("isinf(x, /)", isinf(required), "Whether x is infinite."),
    native!("isnan(x, /)", isnan(required), "Whether x is no number."),
    native!("ldexp(x, i, /)", ldexp(required, required), "x * 2 ** i"),
    native!("lgamma(x, /)", lgamma(required), "The logarithm of the size of the gamma function."),
    native!("log(x, base=e, /)", log(required, optional), "The logarithm of x to the base, or the natural one."),
    native!("log10(x, /)", log10(required), "The logarithm to the base 10."),
    native!("log1p(x, /)", log1p(required), "The natural logarithm of 1 + x, exact for small x."),
    native!("log2(x, /)", log2(required), "The logarithm to the base 2."),
    native!("modf(x, /)", modf(required), "The parts behind and before the point."),
    native!(
        "nextafter(x, y, /, *, steps=None)",
        nextafter(required, required, named),
        "The float so many steps from x towards y."
    ),
    native!("pow(x, y, /)", pow(required, required), "x ** y as floats."),
    native!("prod(iterable, /, *, start=1)", prod(required, named), "The product of the items."),
    native!("radians(x, /)", radians(required), "An angle in degrees as radians."),
    native!("remainder(x, y, /)", remainder(required, required), "x less the nearest multiple of y."),
    native!("sin(x, /)", sin(required), "The sine of an angle in radians."),
    native!("sinh(x, /)", sinh(required), "The hyperbolic sine."),
    native!("sqrt(x, /)", sqrt(required), "The square root."),
    native!("sumprod(p, q, /)", sumprod(required, required), "The sum of the products of two sequences."),
    native!("tan(x, /)", tan(required), "The tangent of an angle in radians."),
    native!("tanh(x, /)", tanh(required), "The hyperbolic tangent."),
    native!("trunc(x, /)", trunc(required), "The whole part, by __trunc__."),
    native!("ulp(x, /)", ulp(required), "The value of the last bit of a float."),
];

/// Makes the module.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("math", FUNCTIONS);
    for row in whole_number::FUNCTIONS {
        let function = NativeFunction::of_module(row, &module.name);
        module.set(row.name(), Value::Native(function));
    }
    module.set("__doc__", Value::str("Mathematical functions of real numbers."));
    module.set("pi", Value::Float(std::f64::consts::PI));
    module.set("e", Value::Float(std::f64::consts::E));
    module.set("tau", Value::Float(std::f64::consts::TAU));
    module.set("inf", Value::Float(f64::INFINITY));
    module.set("nan", Value::Float(f64::NAN));
    Ok(module)
}
