//! Functions of real numbers that the standard library has not: gamma, the inverse hyperbolic ones,
//! exact sums, and lengths of vectors.
//!
//! Gamma is Lanczos's approximation with the 13 rational coefficients of Boost (g = 6.0246...), arranged
//! as in CPython so that results agree to the last bit. The inverse hyperbolic functions follow fdlibm.

// The constants stand as they were published.
#![allow(clippy::excessive_precision)]

use std::f64::consts::{LN_2, PI};

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathError {
    Domain,
    Range,
}

const LANCZOS_G: f64 = 6.024680040776729583740234375;
const LANCZOS_G_MINUS_HALF: f64 = 5.524680040776729583740234375;
const NUMERATOR: [f64; 13] = [
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
];
const DENOMINATOR: [f64; 13] = [
    0.0,
    39916800.0,
    120543840.0,
    150917976.0,
    105258076.0,
    45995730.0,
    13339535.0,
    2637558.0,
    357423.0,
    32670.0,
    1925.0,
    66.0,
    1.0,
];

fn lanczos_sum(x: f64) -> f64 {
    let (mut numerator, mut denominator) = (0.0, 0.0);
    let coefficients = NUMERATOR.iter().zip(&DENOMINATOR);
    if x < 5.0 {
        for (above, below) in coefficients.rev() {
            numerator = numerator * x + above;
            denominator = denominator * x + below;
        }
    } else {
        for (above, below) in coefficients {
            numerator = numerator / x + above;
            denominator = denominator / x + below;
        }
    }
    numerator / denominator
}

/// sin(pi * x), exact for multiples of a half.
fn sin_pi(x: f64) -> f64 {
    let y = x.abs() % 2.0;
    let sine = match (2.0 * y).round() as i32 {
        0 => (PI * y).sin(),
        1 => (PI * (y - 0.5)).cos(),
        2 => (PI * (1.0 - y)).sin(),
        3 => -(PI * (y - 1.5)).cos(),
        _ => (PI * (y - 2.0)).sin(),
    };
    1f64.copysign(x) * sine
}

pub fn gamma(x: f64) -> Result<f64, MathError> {
    if x.is_nan() || x == f64::INFINITY {
        return Ok(x);
    }
    if x == 0.0 || x == f64::NEG_INFINITY {
        return Err(MathError::Domain);
    }
    if x == x.floor() {
        if x < 0.0 {
            return Err(MathError::Domain);
        }
        if x <= 23.0 {
            // 22! is exact.
            return Ok((1..x as u32).map(f64::from).product());
        }
    }
    let size = x.abs();
    let finite = |result: f64| if result.is_infinite() { Err(MathError::Range) } else { Ok(result) };
    if size < 1e-20 {
        return finite(1.0 / x);
    }
    if size > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(MathError::Range) };
    }
    let y = size + LANCZOS_G_MINUS_HALF;
    // What rounding has lost of y.
    let lost =
        if size > LANCZOS_G_MINUS_HALF { (y - size) - LANCZOS_G_MINUS_HALF } else { (y - LANCZOS_G_MINUS_HALF) - size };
    let correction = lost * LANCZOS_G / y;
    finite(if x < 0.0 {
        let mut result = -PI / sin_pi(size) / size * y.exp() / lanczos_sum(size);
        result -= correction * result;
        if size < 140.0 {
            result / y.powf(size - 0.5)
        } else {
            let root = y.powf(size / 2.0 - 0.25);
            result / root / root
        }
    } else {
        let mut result = lanczos_sum(size) / y.exp();
        result += correction * result;
        if size < 140.0 {
            result * y.powf(size - 0.5)
        } else {
            let root = y.powf(size / 2.0 - 0.25);
            result * root * root
        }
    })
}

/// The logarithm of the absolute value of gamma.
pub fn log_gamma(x: f64) -> Result<f64, MathError> {
    if !x.is_finite() {
        return Ok(x.abs());
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { Err(MathError::Domain) } else { Ok(0.0) };
    }
    let size = x.abs();
    if size < 1e-20 {
        return Ok(-size.ln());
    }
    let mut result = lanczos_sum(size).ln() - LANCZOS_G;
    result += (size - 0.5) * ((size + LANCZOS_G - 0.5).ln() - 1.0);
    if x < 0.0 {
        const LN_PI: f64 = 1.1447298858494002;
        result = LN_PI - sin_pi(size).abs().ln() - size.ln() - result;
    }
    if result.is_infinite() { Err(MathError::Range) } else { Ok(result) }
}

/// Beyond this, 1 is nothing beside the square.
const LARGE: f64 = (1u64 << 28) as f64;

pub fn asinh(x: f64) -> f64 {
    let size = x.abs();
    if !x.is_finite() || size < 1.0 / LARGE {
        return x;
    }
    let result = if size > LARGE {
        size.ln() + LN_2
    } else if size > 2.0 {
        (2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size)).ln()
    } else {
        let square = size * size;
        (size + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    result.copysign(x)
}

/// NaN below 1.
pub fn acosh(x: f64) -> f64 {
    if x > LARGE {
        x.ln() + LN_2
    } else if x > 2.0 {
        (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln()
    } else {
        let above = x - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    }
}

/// NaN beyond 1, infinite at 1.
pub fn atanh(x: f64) -> f64 {
    let size = x.abs();
    if size < 1.0 / LARGE {
        return x;
    }
    let double = size + size;
    let result = if size < 0.5 {
        0.5 * (double + double * size / (1.0 - size)).ln_1p()
    } else {
        0.5 * (double / (1.0 - size)).ln_1p()
    };
    result.copysign(x)
}

/// The cube root: a polynomial of the mantissa, one step of Halley's method, then the exponent. The
/// last digit can be off by one, as it is in the C library under most CPythons.
pub fn cbrt(x: f64) -> f64 {
    const ROOT: f64 = 1.2599210498948731648;
    const SQUARE: f64 = 1.5874010519681994748;
    const FACTORS: [f64; 5] = [1.0 / SQUARE, 1.0 / ROOT, 1.0, ROOT, SQUARE];
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (m, exponent) = libm::frexp(x.abs());
    let high = 2.11499494167371287 - (2.44693122563534430 - higher_terms(m) * m) * m;
    let guess = 0.354895765043919860 + (1.50819193781584896 - high * m) * m;
    let cube = guess * guess * guess;
    let root = guess * (cube + 2.0 * m) / (2.0 * cube + m) * FACTORS[(2 + exponent % 3) as usize];
    libm::ldexp(root, exponent / 3).copysign(x)
}

fn higher_terms(m: f64) -> f64 {
    1.83469277483613086 - (0.784932344976639262 - 0.145263899385486367 * m) * m
}

/// x - n * y for the whole n nearest to x / y, the even one of two. Both are finite, y is not 0.
pub fn ieee_remainder(x: f64, y: f64) -> f64 {
    let (size, unit) = (x.abs(), y.abs());
    let rest = size % unit;
    let above = unit - rest;
    let result = if rest < above {
        rest
    } else if rest > above {
        -above
    } else {
        rest - 2.0 * ((0.5 * (size - rest)) % unit)
    };
    if x.is_sign_negative() { -result } else { result }
}

/// A number as the unevaluated sum of two.
#[derive(Clone, Copy)]
struct Double {
    high: f64,
    low: f64,
}

/// a + b without an error, for |a| >= |b|.
fn quick_sum(a: f64, b: f64) -> Double {
    let high = a + b;
    Double { high, low: (a - high) + b }
}

/// a + b without an error (Knuth).
fn sum(a: f64, b: f64) -> Double {
    let high = a + b;
    let part = high - a;
    Double { high, low: (a - (high - part)) + (b - part) }
}

/// a * b without an error.
fn product(a: f64, b: f64) -> Double {
    let high = a * b;
    Double { high, low: a.mul_add(b, -high) }
}

/// The length of a vector, with less than one unit of error in the last place: squares are added
/// without an error, and the root is corrected once.
pub fn vector_length(coordinates: &[f64]) -> f64 {
    let maximum = coordinates.iter().fold(0.0f64, |maximum, x| maximum.max(x.abs()));
    if maximum.is_infinite() {
        return maximum;
    }
    if coordinates.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    if maximum == 0.0 || coordinates.len() <= 1 {
        return maximum;
    }
    let exponent = libm::frexp(maximum).1;
    if exponent < -1023 {
        // Subnormal: the scale itself would overflow.
        let scaled: Vec<f64> = coordinates.iter().map(|x| x / f64::MIN_POSITIVE).collect();
        return f64::MIN_POSITIVE * vector_length(&scaled);
    }
    let scale = libm::ldexp(1.0, -exponent);
    let (mut total, mut low_products, mut low_sums) = (1.0, 0.0, 0.0);
    for x in coordinates {
        let x = x * scale;
        let square = product(x, x);
        let next = quick_sum(total, square.high);
        total = next.high;
        low_products += square.low;
        low_sums += next.low;
    }
    let root = (total - 1.0 + (low_products + low_sums)).sqrt();
    let square = product(-root, root);
    let next = quick_sum(total, square.high);
    let rest = next.high - 1.0 + (low_products + square.low + (low_sums + next.low));
    (root + rest / (2.0 * root)) / scale
}

/// A sum of products in three floats (Ogita, Rump and Oishi's dot product in triple length).
#[derive(Clone, Copy, Default)]
pub struct ProductSum {
    high: f64,
    low: f64,
    tiny: f64,
}

impl ProductSum {
    /// The sum with one product more; not finite when it overflows.
    pub fn with(self, a: f64, b: f64) -> ProductSum {
        let product = product(a, b);
        let first = sum(self.high, product.high);
        let second = sum(self.low, product.low);
        let third = sum(second.high, first.low);
        ProductSum { high: first.high, low: third.high, tiny: self.tiny + second.low + third.low }
    }

    pub fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    pub fn value(self) -> f64 {
        let last = sum(self.low, self.tiny);
        sum(self.high, last.high).high
    }
}

/// A sum of floats without any error until it is read (Shewchuk): parts that do not overlap.
#[derive(Default)]
pub struct ExactSum {
    parts: Vec<f64>,
    /// Sum of the infinities and NaNs.
    special: f64,
    infinities: f64,
}

/// Why an exact sum has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumError {
    Overflow,
    OppositeInfinities,
}

impl ExactSum {
    pub fn add(&mut self, number: f64) -> Result<(), SumError> {
        let mut x = number;
        let mut kept = 0;
        for index in 0..self.parts.len() {
            let mut y = self.parts[index];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let next = quick_sum_parts(x, y);
            if next.low != 0.0 {
                self.parts[kept] = next.low;
                kept += 1;
            }
            x = next.high;
        }
        self.parts.truncate(kept);
        if x.is_finite() {
            if x != 0.0 {
                self.parts.push(x);
            }
            return Ok(());
        }
        if number.is_finite() {
            return Err(SumError::Overflow);
        }
        if number.is_infinite() {
            self.infinities += number;
        }
        self.special += number;
        self.parts.clear();
        Ok(())
    }

    /// The nearest float.
    pub fn value(mut self) -> Result<f64, SumError> {
        if self.special != 0.0 {
            return if self.infinities.is_nan() { Err(SumError::OppositeInfinities) } else { Ok(self.special) };
        }
        let Some(mut high) = self.parts.pop() else { return Ok(0.0) };
        let mut low = 0.0;
        while let Some(part) = self.parts.pop() {
            let next = quick_sum_parts(high, part);
            (high, low) = (next.high, next.low);
            if low != 0.0 {
                break;
            }
        }
        // Half of a unit is left over: the sign of what is below it decides, instead of evenness.
        if let Some(rest) = self.parts.last()
            && (low < 0.0 && *rest < 0.0 || low > 0.0 && *rest > 0.0)
        {
            let double = low * 2.0;
            let candidate = high + double;
            if double == candidate - high {
                high = candidate;
            }
        }
        Ok(high)
    }
}

/// a + b without an error, for |a| >= |b|, also when a is infinite.
fn quick_sum_parts(a: f64, b: f64) -> Double {
    let high = a + b;
    Double { high, low: b - (high - a) }
}

/// So many steps from one float towards another, in the order of floats.
pub fn next_after(from: f64, to: f64, steps: u64) -> f64 {
    const SIGN: u64 = 1 << 63;
    if steps == 0 {
        return from;
    }
    if from.is_nan() || to.is_nan() {
        return f64::NAN;
    }
    let (start, end) = (from.to_bits(), to.to_bits());
    if start == end {
        return from;
    }
    let (above_zero, end_above_zero) = (start & !SIGN, end & !SIGN);
    if (start ^ end) & SIGN != 0 {
        // Through zero, which is no step of its own.
        return if above_zero + end_above_zero <= steps {
            to
        } else if above_zero < steps {
            f64::from_bits((end & SIGN) | (steps - above_zero))
        } else {
            f64::from_bits(start - steps)
        };
    }
    if above_zero > end_above_zero {
        if above_zero - end_above_zero >= steps { f64::from_bits(start - steps) } else { to }
    } else if end_above_zero - above_zero >= steps {
        f64::from_bits(start + steps)
    } else {
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_of_whole_numbers_is_exact() {
        assert_eq!(gamma(5.0), Ok(24.0));
        assert_eq!(gamma(23.0), Ok(1124000727777607680000.0));
        assert_eq!(gamma(-1.0), Err(MathError::Domain));
        assert_eq!(gamma(200.5), Err(MathError::Range));
        assert_eq!(log_gamma(100.5), Ok(361.4355404677776));
    }

    #[test]
    fn sums_are_exact() {
        let total = |numbers: &[f64]| {
            let mut sum = ExactSum::default();
            numbers.iter().try_for_each(|number| sum.add(*number))?;
            sum.value()
        };
        assert_eq!(total(&[0.1; 10]), Ok(1.0));
        assert_eq!(total(&[1e100, 1.0, -1e100]), Ok(1.0));
        assert_eq!(total(&[f64::INFINITY, f64::NEG_INFINITY]), Err(SumError::OppositeInfinities));
        assert_eq!(total(&[1e308, 1e308]), Err(SumError::Overflow));
    }

    #[test]
    fn steps_go_through_zero() {
        assert_eq!(next_after(1.0, 2.0, 3), 1.0000000000000007);
        assert_eq!(next_after(0.0, -1.0, 1), -5e-324);
        assert!(next_after(0.0, -0.0, 1).is_sign_negative());
        assert_eq!(next_after(1.0, 2.0, u64::MAX), 2.0);
    }

    #[test]
    fn lengths_do_not_overflow() {
        assert_eq!(vector_length(&[3.0, 4.0]), 5.0);
        assert_eq!(vector_length(&[1e308, 1e308]), 1.4142135623730951e308);
        assert_eq!(vector_length(&[f64::INFINITY, f64::NAN]), f64::INFINITY);
    }
}
