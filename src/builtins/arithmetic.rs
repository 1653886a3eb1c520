//! The builtin functions that compute: sums, extremes, powers, numbers as text.
//!
//! Ints and floats take a quick way; everything else goes through the operators of the VM.

use num_bigint::Sign;
use num_traits::Signed;

use crate::bytecode::Operator;
use crate::native;
use crate::value::arithmetic as numbers;
use crate::value::{Native, Raised, Result, Str, Value, integer, symbols, types};
use crate::vm::{Comparison, Vm};

/// `abs(number)`
pub fn abs(vm: &mut Vm, number: &Value) -> Result<Value> {
    match number {
        Value::Int(number) => Ok(integer::from_i128(i128::from(*number).abs())),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        _ => match vm.call_special(number, &symbols().abs, &[]) {
            Some(result) => result,
            None => Err(Raised::type_error(format!("bad operand type for abs(): '{}'", number.type_name()))),
        },
    }
}

fn divmod(vm: &mut Vm, left: &Value, right: &Value) -> Result<Value> {
    if let Some(result) = numbers::divide_with_rest(left, right) {
        return result.map(|(quotient, remainder)| Value::tuple(vec![quotient, remainder]));
    }
    let names = symbols();
    // A class derived from that of the left operand is asked first, if it has a method of its own.
    let (own, other) = (left.class(), right.class());
    let reflected_first = !own.same(&other)
        && other.is_subclass(&own)
        && match (other.lookup(&names.rdivmod), own.lookup(&names.rdivmod)) {
            (Some(theirs), Some(ours)) => !theirs.is(&ours),
            (theirs, _) => theirs.is_some(),
        };
    let attempts = [(left, &names.divmod, right), (right, &names.rdivmod, left)];
    for attempt in if reflected_first { [1, 0] } else { [0, 1] } {
        if attempt == 1 && own.same(&other) {
            continue;
        }
        let (receiver, name, argument) = attempts[attempt];
        if let Some(result) = vm.call_special(receiver, name, std::slice::from_ref(argument)) {
            let result = result?;
            if !matches!(result, Value::NotImplemented) {
                return Ok(result);
            }
        }
    }
    Err(Raised::type_error(format!(
        "unsupported operand type(s) for divmod(): '{}' and '{}'",
        left.full_type_name(),
        right.full_type_name()
    )))
}

fn pow(vm: &mut Vm, base: &Value, exponent: &Value, modulus: Option<&Value>) -> Result<Value> {
    let Some(modulus) = modulus.filter(|modulus| !modulus.is_none()) else {
        return vm.binary(Operator::Power, base, exponent);
    };
    if let Some(result) = numbers::power_modulo(base, exponent, modulus) {
        return result;
    }
    if matches!(base, Value::Instance(_))
        && let Some(result) = vm.call_special(base, &symbols().pow, &[exponent.clone(), modulus.clone()])
    {
        let result = result?;
        if !matches!(result, Value::NotImplemented) {
            return Ok(result);
        }
    }
    let is_number =
        |value: &Value| matches!(value.native(), Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::BigInt(_));
    if is_number(base) && is_number(exponent) && is_number(modulus) {
        return Err(Raised::type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    Err(Raised::type_error(format!(
        "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
        base.type_name(),
        exponent.type_name(),
        modulus.type_name()
    )))
}

fn round(vm: &mut Vm, number: &Value, digits: Option<&Value>) -> Result<Value> {
    let arguments: Vec<Value> = digits.filter(|digits| !digits.is_none()).into_iter().cloned().collect();
    match vm.call_special(number, &symbols().round, &arguments) {
        Some(result) => result,
        None => Err(Raised::type_error(format!("type {} doesn't define __round__ method", number.type_name()))),
    }
}

/// What has been added up so far.
enum Total {
    Int(i64),
    /// The sum, and what rounding has lost of it (Neumaier's compensated summation).
    Float(f64, f64),
    Any(Value),
}

impl Total {
    fn value(self) -> Value {
        match self {
            Total::Int(sum) => Value::Int(sum),
            Total::Float(sum, lost) if lost != 0.0 && lost.is_finite() => Value::Float(sum + lost),
            Total::Float(sum, _) => Value::Float(sum),
            Total::Any(sum) => sum,
        }
    }

    fn add(&mut self, vm: &mut Vm, item: &Value) -> Result<()> {
        match (&mut *self, item) {
            (Total::Int(sum), Value::Int(number)) => {
                if let Some(next) = sum.checked_add(*number) {
                    *sum = next;
                    return Ok(());
                }
            }
            (Total::Float(sum, lost), Value::Float(number)) => {
                let next = *sum + *number;
                *lost += if sum.abs() >= number.abs() { (*sum - next) + *number } else { (*number - next) + *sum };
                *sum = next;
                return Ok(());
            }
            (Total::Float(sum, _), Value::Int(number)) => {
                *sum += *number as f64;
                return Ok(());
            }
            _ => {}
        }
        let was_int = matches!(self, Total::Int(_));
        let sum = std::mem::replace(self, Total::Int(0)).value();
        *self = match vm.binary(Operator::Add, &sum, item)? {
            Value::Int(sum) if was_int => Total::Int(sum),
            Value::Float(sum) if was_int => Total::Float(sum, 0.0),
            sum => Total::Any(sum),
        };
        Ok(())
    }
}

fn sum(vm: &mut Vm, iterable: &Value, start: Option<&Value>) -> Result<Value> {
    let mut total = match start {
        None => Total::Int(0),
        Some(Value::Int(start)) => Total::Int(*start),
        Some(Value::Float(start)) => Total::Float(*start, 0.0),
        Some(start) => {
            let advice = match start {
                _ if start.as_str().is_some() => "strings [use ''.join(seq) instead]",
                Value::Bytes(_) => "bytes [use b''.join(seq) instead]",
                Value::Instance(instance) if instance.class_ref().same(&types().bytearray) => {
                    "bytearray [use b''.join(seq) instead]"
                }
                _ => "",
            };
            if !advice.is_empty() {
                return Err(Raised::type_error(format!("sum() can't sum {advice}")));
            }
            Total::Any(start.clone())
        }
    };
    vm.for_each(iterable, |vm, item| total.add(vm, &item))?;
    Ok(total.value())
}

/// Whether `candidate` beats `best`.
#[inline]
fn beats(vm: &mut Vm, comparison: Comparison, candidate: &Value, best: &Value) -> Result<bool> {
    let is_greater = comparison == Comparison::Greater;
    match (candidate, best) {
        (Value::Int(candidate), Value::Int(best)) => Ok(if is_greater { candidate > best } else { candidate < best }),
        (Value::Float(candidate), Value::Float(best)) => {
            Ok(if is_greater { candidate > best } else { candidate < best })
        }
        _ => {
            let result = vm.compare(comparison, candidate, best)?;
            vm.truth(&result)
        }
    }
}

/// `min` and `max`: the first of the items that no other beats.
fn extreme(
    vm: &mut Vm,
    name: &str,
    comparison: Comparison,
    arguments: &[Value],
    key: Option<&Value>,
    default: Option<&Value>,
) -> Result<Value> {
    let key = key.filter(|key| !key.is_none());
    let mut best: Option<(Value, Value)> = None;
    let mut visit = |vm: &mut Vm, item: Value| -> Result<()> {
        let rank = match key {
            Some(key) => vm.call(key, std::slice::from_ref(&item))?,
            None => item.clone(),
        };
        match &best {
            Some((_, highest)) if !beats(vm, comparison, &rank, highest)? => {}
            _ => best = Some((item, rank)),
        }
        Ok(())
    };
    match arguments {
        [] => return Err(Raised::type_error(format!("{name} expected at least 1 argument, got 0"))),
        [iterable] => vm.for_each(iterable, &mut visit)?,
        _ if default.is_some() => {
            return Err(Raised::type_error(format!(
                "Cannot specify a default for {name}() with multiple positional arguments"
            )));
        }
        items => {
            for item in items {
                visit(vm, item.clone())?;
            }
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(Raised::value_error(format!("{name}() iterable argument is empty"))),
    }
}

fn min(vm: &mut Vm, arguments: &[Value], key: Option<&Value>, default: Option<&Value>) -> Result<Value> {
    extreme(vm, "min", Comparison::Less, arguments, key, default)
}

fn max(vm: &mut Vm, arguments: &[Value], key: Option<&Value>, default: Option<&Value>) -> Result<Value> {
    extreme(vm, "max", Comparison::Greater, arguments, key, default)
}

fn in_base(vm: &mut Vm, number: &Value, prefix: &str, base: u32) -> Result<Str> {
    let number = vm.index_value(number)?;
    let number = integer::to_big(&number).unwrap_or_default();
    let sign = if number.sign() == Sign::Minus { "-" } else { "" };
    Ok(Str::join(&[sign, prefix, &number.abs().to_str_radix(base)]))
}

fn bin(vm: &mut Vm, number: &Value) -> Result<Str> {
    in_base(vm, number, "0b", 2)
}

fn oct(vm: &mut Vm, number: &Value) -> Result<Str> {
    in_base(vm, number, "0o", 8)
}

fn hex(vm: &mut Vm, number: &Value) -> Result<Str> {
    in_base(vm, number, "0x", 16)
}

pub const FUNCTIONS: &[Native] = &[
    native!("abs(x, /)", abs(required), "The absolute value of a number."),
    native!("divmod(x, y, /)", divmod(required, required), "The tuple (x // y, x % y)."),
    native!(
        "pow(base, exp, mod=None)",
        pow(required, required, optional),
        "base ** exp, or base ** exp % mod without the big number in between."
    ),
    native!(
        "round(number, ndigits=None)",
        round(required, optional),
        "The number rounded to that many digits after the point; without digits an int."
    ),
    native!("sum(iterable, /, start=0)", sum(required, optional), "The start plus all items."),
    native!(
        "min(*args, key=None, default)",
        min(rest, named, named),
        "min(iterable, *[, default=obj, key=func]) -> value\nmin(arg1, arg2, *args, *[, key=func]) -> value\n\n\
         The smallest item of an iterable, or of several arguments."
    ),
    native!(
        "max(*args, key=None, default)",
        max(rest, named, named),
        "max(iterable, *[, default=obj, key=func]) -> value\nmax(arg1, arg2, *args, *[, key=func]) -> value\n\n\
         The biggest item of an iterable, or of several arguments."
    ),
    native!("bin(number, /)", bin(required), "An int in base 2, as text: 0b..."),
    native!("oct(number, /)", oct(required), "An int in base 8, as text: 0o..."),
    native!("hex(number, /)", hex(required), "An int in base 16, as text: 0x..."),
];
