//! Constants known before the program runs.
//!
//! Only what gives exactly the value the program would compute, cannot raise, and stays small is
//! folded; everything else is left to the VM.

use std::rc::Rc;

use asy_grammar::ast::{self, BinaryOperator, Expression, ExpressionKind, UnaryOperator};

use crate::bytecode::Constant;

/// The longest text or bytes that folding makes.
const LONGEST: usize = 4096;

/// The largest int that a float holds exactly.
const EXACT: i64 = 1 << 53;

/// The value of an expression, when it is constant.
pub fn fold(expression: &Expression) -> Option<Constant> {
    match &expression.kind {
        ExpressionKind::Constant(constant) => Some(plain(constant)),
        ExpressionKind::Unary { operator, operand } => unary(*operator, fold(operand)?),
        ExpressionKind::Binary { left, operator, right } => {
            // The right side first: a long chain leans to the left.
            let right = fold(right)?;
            binary(fold(left)?, *operator, right)
        }
        ExpressionKind::Tuple(items) => items.iter().map(fold).collect::<Option<Vec<_>>>().map(Constant::Tuple),
        _ => None,
    }
}

/// The constant that a list, set or tuple display of constants can be looked through as.
pub fn container(expression: &Expression) -> Option<Constant> {
    let all = |items: &[Expression]| items.iter().map(fold).collect::<Option<Vec<_>>>();
    match &expression.kind {
        ExpressionKind::List(items) => all(items).map(Constant::Tuple),
        ExpressionKind::Set(items) => all(items).map(Constant::FrozenSet),
        _ => fold(expression),
    }
}

/// Whether a constant is true; None when that needs a value.
pub fn truth(constant: &Constant) -> Option<bool> {
    Some(match constant {
        Constant::None => false,
        Constant::Bool(value) => *value,
        Constant::Int(value) => *value != 0,
        Constant::Float(value) | Constant::Imaginary(value) => *value != 0.0,
        Constant::Str(text) => !text.is_empty(),
        Constant::Bytes(bytes) => !bytes.is_empty(),
        Constant::Tuple(items) | Constant::FrozenSet(items) => !items.is_empty(),
        Constant::Ellipsis | Constant::BigInt(_) | Constant::Code(_) => true,
    })
}

/// A constant of the tree as one of the code.
pub fn plain(constant: &ast::Constant) -> Constant {
    match constant {
        ast::Constant::None => Constant::None,
        ast::Constant::True => Constant::Bool(true),
        ast::Constant::False => Constant::Bool(false),
        ast::Constant::Ellipsis => Constant::Ellipsis,
        ast::Constant::Int(value) => Constant::Int(*value),
        ast::Constant::BigInt(digits) => Constant::BigInt(digits.clone()),
        ast::Constant::Float(value) => Constant::Float(*value),
        ast::Constant::Imaginary(value) => Constant::Imaginary(*value),
        ast::Constant::Str(text) => Constant::Str(text.clone()),
        ast::Constant::Bytes(bytes) => Constant::Bytes(bytes.clone()),
    }
}

fn unary(operator: UnaryOperator, operand: Constant) -> Option<Constant> {
    match (operator, operand) {
        (UnaryOperator::Not, operand) => truth(&operand).map(|value| Constant::Bool(!value)),
        (UnaryOperator::Minus, Constant::Int(value)) => value.checked_neg().map(Constant::Int),
        (UnaryOperator::Minus, Constant::BigInt(digits)) => match digits.strip_prefix('-') {
            Some(_) => None,
            None if &*digits == "9223372036854775808" => Some(Constant::Int(i64::MIN)),
            None => Some(Constant::BigInt(format!("-{digits}").into())),
        },
        (UnaryOperator::Minus, Constant::Float(value)) => Some(Constant::Float(-value)),
        (UnaryOperator::Plus, operand @ (Constant::Int(_) | Constant::BigInt(_) | Constant::Float(_))) => Some(operand),
        (UnaryOperator::Invert, Constant::Int(value)) => Some(Constant::Int(!value)),
        _ => None,
    }
}

fn binary(left: Constant, operator: BinaryOperator, right: Constant) -> Option<Constant> {
    match (left, right) {
        (Constant::Int(left), Constant::Int(right)) => of_ints(left, operator, right),
        (Constant::Float(left), Constant::Float(right)) => of_floats(left, operator, right),
        (Constant::Float(left), Constant::Int(right)) => of_floats(left, operator, exact(right)?),
        (Constant::Int(left), Constant::Float(right)) => of_floats(exact(left)?, operator, right),
        (Constant::Str(left), Constant::Str(right)) if operator == BinaryOperator::Add => {
            let fits = left.len() + right.len() <= LONGEST;
            fits.then(|| Constant::Str(format!("{left}{right}").into()))
        }
        (Constant::Bytes(left), Constant::Bytes(right)) if operator == BinaryOperator::Add => {
            let fits = left.len() + right.len() <= LONGEST;
            fits.then(|| Constant::Bytes(left.iter().chain(right.iter()).copied().collect()))
        }
        (Constant::Str(text), Constant::Int(count)) | (Constant::Int(count), Constant::Str(text))
            if operator == BinaryOperator::Multiply =>
        {
            let text: Rc<str> = text.repeat(times(text.len(), count)?).into();
            Some(Constant::Str(text))
        }
        (Constant::Bytes(bytes), Constant::Int(count)) | (Constant::Int(count), Constant::Bytes(bytes))
            if operator == BinaryOperator::Multiply =>
        {
            Some(Constant::Bytes(bytes.repeat(times(bytes.len(), count)?).into()))
        }
        _ => None,
    }
}

/// How often to repeat, when the result stays small.
fn times(length: usize, count: i64) -> Option<usize> {
    let count = usize::try_from(count.max(0)).ok()?;
    (length.checked_mul(count)? <= LONGEST).then_some(count).filter(|count| *count <= LONGEST)
}

/// An int as the float that equals it.
fn exact(value: i64) -> Option<f64> {
    (-EXACT..=EXACT).contains(&value).then_some(value as f64)
}

fn of_ints(left: i64, operator: BinaryOperator, right: i64) -> Option<Constant> {
    let result = match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::FloorDivide => floor_divide(left, right),
        BinaryOperator::Modulo => {
            floor_divide(left, right).and_then(|quotient| left.checked_sub(quotient.checked_mul(right)?))
        }
        BinaryOperator::Divide if right != 0 => return Some(Constant::Float(exact(left)? / exact(right)?)),
        BinaryOperator::Power => u32::try_from(right).ok().and_then(|right| left.checked_pow(right)),
        BinaryOperator::ShiftLeft if (0..63).contains(&right) => left.checked_mul(1 << right),
        BinaryOperator::ShiftRight if right >= 0 => Some(left >> right.min(63)),
        BinaryOperator::BitAnd => Some(left & right),
        BinaryOperator::BitOr => Some(left | right),
        BinaryOperator::BitXor => Some(left ^ right),
        _ => None,
    };
    result.map(Constant::Int)
}

fn floor_divide(left: i64, right: i64) -> Option<i64> {
    let quotient = left.checked_div(right)?;
    let is_inexact = left.checked_rem(right)? != 0;
    Some(if is_inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn of_floats(left: f64, operator: BinaryOperator, right: f64) -> Option<Constant> {
    match operator {
        BinaryOperator::Add => Some(Constant::Float(left + right)),
        BinaryOperator::Subtract => Some(Constant::Float(left - right)),
        BinaryOperator::Multiply => Some(Constant::Float(left * right)),
        BinaryOperator::Divide if right != 0.0 => Some(Constant::Float(left / right)),
        _ => None,
    }
}
