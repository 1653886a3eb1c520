//! Operators on numbers.
use super::{Result, Value};
use crate::bytecode::Operator;

pub fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Result<Value>> {
    use num_bigint::BigInt;
    let (Some(a), Some(b)) = (super::integer::to_big(left), super::integer::to_big(right)) else {
        let f = |v: &Value| match v { Value::Float(f) => Some(*f), Value::Int(i) => Some(*i as f64), _ => None };
        let (a, b) = (f(left)?, f(right)?);
        return Some(Ok(Value::Float(match operator { Operator::Add => a + b, Operator::Subtract => a - b, Operator::Multiply => a * b, Operator::Divide => a / b, _ => return None })));
    };
    let _: BigInt = a.clone();
    Some(Ok(super::integer::normalize(match operator { Operator::Add => a + b, Operator::Subtract => a - b, Operator::Multiply => a * b, _ => return None })))
}
pub fn negate(value: &Value) -> Option<Value> { if let Value::Int(i) = value { Some(Value::Int(-i)) } else { None } }
pub fn positive(value: &Value) -> Option<Value> { Some(value.clone()) }
pub fn invert(_: &Value) -> Option<Value> { None }
