//! Complex numbers: two floats in the payload of an instance.

use super::instance::{Instance, Payload};
use super::{Value, types};

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub real: f64,
    pub imaginary: f64,
}

impl Payload for Complex {}

/// The value of a complex number.
pub fn new(real: f64, imaginary: f64) -> Value {
    Value::Instance(Instance::with_payload(types().complex.clone(), Complex { real, imaginary }))
}

/// The value of a literal such as `2j`.
pub fn imaginary(part: f64) -> Value {
    new(0.0, part)
}
