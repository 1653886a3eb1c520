//! Complex numbers: two floats in the payload of an instance, and what can be computed with them.
//!
//! The arithmetic is that of the textbook, without the recovery of infinities of C's Annex G, as in
//! CPython 3.13: a real operand becomes a complex one first. Division is Smith's algorithm (1962).

use super::instance::{Instance, Payload};
use super::{Value, float, hash, types};

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub real: f64,
    pub imaginary: f64,
}

impl Payload for Complex {}

/// Why there is no power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerError {
    /// Zero to a negative or complex power.
    Zero,
    Overflow,
}

/// The value of a complex number.
pub fn new(real: f64, imaginary: f64) -> Value {
    Complex { real, imaginary }.into()
}

/// The value of a literal such as `2j`.
pub fn imaginary(part: f64) -> Value {
    new(0.0, part)
}

impl From<Complex> for Value {
    fn from(number: Complex) -> Value {
        Value::Instance(Instance::with_payload(types().complex.clone(), number))
    }
}

impl From<f64> for Complex {
    fn from(real: f64) -> Complex {
        Complex { real, imaginary: 0.0 }
    }
}

const ONE: Complex = Complex { real: 1.0, imaginary: 0.0 };

impl Complex {
    /// None when `other` is zero.
    pub fn divide(self, other: Complex) -> Option<Complex> {
        let (a, b) = (self, other);
        if b.real.abs() >= b.imaginary.abs() {
            if b.real == 0.0 {
                return None;
            }
            let ratio = b.imaginary / b.real;
            let denominator = b.real + b.imaginary * ratio;
            Some(Complex {
                real: (a.real + a.imaginary * ratio) / denominator,
                imaginary: (a.imaginary - a.real * ratio) / denominator,
            })
        } else if b.imaginary.abs() >= b.real.abs() {
            let ratio = b.real / b.imaginary;
            let denominator = b.real * ratio + b.imaginary;
            Some(Complex {
                real: (a.real * ratio + a.imaginary) / denominator,
                imaginary: (a.imaginary * ratio - a.real) / denominator,
            })
        } else {
            Some(Complex { real: f64::NAN, imaginary: f64::NAN })
        }
    }

    /// `self ** exponent`. Small whole exponents multiply, which is exact for whole numbers.
    pub fn power(self, exponent: Complex) -> std::result::Result<Complex, PowerError> {
        let Complex { real, imaginary } = exponent;
        let result = if imaginary == 0.0 && real == real.floor() && real.abs() <= 100.0 {
            let power = self.whole_power(real.abs() as u32);
            if real > 0.0 { power } else { ONE.divide(power).ok_or(PowerError::Zero)? }
        } else if real == 0.0 && imaginary == 0.0 {
            ONE
        } else if self.real == 0.0 && self.imaginary == 0.0 {
            if imaginary != 0.0 || real < 0.0 {
                return Err(PowerError::Zero);
            }
            Complex::from(0.0)
        } else {
            let size = self.absolute();
            let angle = self.imaginary.atan2(self.real);
            let (mut length, mut phase) = (size.powf(real), angle * real);
            if imaginary != 0.0 {
                length /= (angle * imaginary).exp();
                phase += imaginary * size.ln();
            }
            Complex { real: length * phase.cos(), imaginary: length * phase.sin() }
        };
        if result.real.is_infinite() || result.imaginary.is_infinite() {
            return Err(PowerError::Overflow);
        }
        Ok(result)
    }

    fn whole_power(self, exponent: u32) -> Complex {
        let (mut result, mut square, mut mask) = (ONE, self, 1);
        while mask <= exponent {
            if exponent & mask != 0 {
                result = result * square;
            }
            mask <<= 1;
            square = square * square;
        }
        result
    }

    /// The distance from zero; infinite when it is too large.
    pub fn absolute(self) -> f64 {
        self.real.hypot(self.imaginary)
    }

    pub fn conjugate(self) -> Complex {
        Complex { real: self.real, imaginary: -self.imaginary }
    }

    /// The text that reads back as the same number: `(1+2j)`, `2j`.
    pub fn repr(self) -> String {
        let part = |number: f64| {
            let text = float::repr(number);
            text.strip_suffix(".0").map_or(text.clone(), str::to_string)
        };
        if self.real == 0.0 && self.real.is_sign_positive() {
            return format!("{}j", part(self.imaginary));
        }
        let text = part(self.imaginary);
        let plus = if text.starts_with('-') { "" } else { "+" };
        format!("({}{plus}{text}j)", part(self.real))
    }

    /// A number without an imaginary part hashes as the float does.
    pub fn hash(self) -> i64 {
        let mixed = hash::hash_float(self.imaginary).wrapping_mul(1000003);
        let hash = hash::hash_float(self.real).wrapping_add(mixed);
        if hash == -1 { -2 } else { hash }
    }
}

impl std::ops::Add for Complex {
    type Output = Complex;

    fn add(self, other: Complex) -> Complex {
        Complex { real: self.real + other.real, imaginary: self.imaginary + other.imaginary }
    }
}

impl std::ops::Sub for Complex {
    type Output = Complex;

    fn sub(self, other: Complex) -> Complex {
        Complex { real: self.real - other.real, imaginary: self.imaginary - other.imaginary }
    }
}

impl std::ops::Mul for Complex {
    type Output = Complex;

    fn mul(self, other: Complex) -> Complex {
        Complex {
            real: self.real * other.real - self.imaginary * other.imaginary,
            imaginary: self.real * other.imaginary + self.imaginary * other.real,
        }
    }
}

impl std::ops::Neg for Complex {
    type Output = Complex;

    fn neg(self) -> Complex {
        Complex { real: -self.real, imaginary: -self.imaginary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(real: f64, imaginary: f64) -> Complex {
        Complex { real, imaginary }
    }

    #[test]
    fn divides_as_in_cpython() {
        assert_eq!(number(1.0, 2.0).divide(number(3.0, -4.0)), Some(number(-0.2, 0.4)));
        assert_eq!(number(1.0, 2.0).divide(number(0.0, 0.0)), None);
    }

    #[test]
    fn powers_of_whole_numbers_are_exact() {
        assert_eq!(number(2.0, 3.0).power(number(2.0, 0.0)), Ok(number(-5.0, 12.0)));
        assert_eq!(number(0.0, 0.0).power(number(-1.0, 0.0)), Err(PowerError::Zero));
        assert_eq!(number(1e200, 1.0).power(number(2.0, 0.0)), Err(PowerError::Overflow));
    }

    #[test]
    fn reads_as_in_cpython() {
        assert_eq!(number(0.0, -0.0).repr(), "-0j");
        assert_eq!(number(-0.0, 2.0).repr(), "(-0+2j)");
        assert_eq!(number(1e20, 1e-7).repr(), "(1e+20+1e-07j)");
        assert_eq!(number(f64::NAN, f64::INFINITY).repr(), "(nan+infj)");
    }
}
