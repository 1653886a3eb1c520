//! Random numbers of other distributions than the even one, made from numbers between 0 and 1 that
//! `unit` draws.
//!
//! The methods and the order in which numbers are drawn are CPython's, so that a seed gives the same
//! numbers: Kinderman and Monahan for the normal distribution, Cheng (1977) and Ahrens and Dieter for
//! gamma, Best and Fisher for von Mises, Devroye and Hörmann's BTRS for the binomial one.

use std::f64::consts::{E, PI, TAU};

use super::special_function::log_gamma;
use crate::value::{Raised, Result};

fn divide(numerator: f64, denominator: f64) -> Result<f64> {
    if denominator == 0.0 {
        return Err(Raised::zero_division_error("float division by zero"));
    }
    Ok(numerator / denominator)
}

/// Between `low` and `high`, most often near `mode`.
pub fn triangular(mut unit: impl FnMut() -> Result<f64>, low: f64, high: f64, mode: Option<f64>) -> Result<f64> {
    let mut u = unit()?;
    let mut c = match mode {
        None => 0.5,
        Some(_) if high == low => return Ok(low),
        Some(mode) => (mode - low) / (high - low),
    };
    let (mut low, mut high) = (low, high);
    if u > c {
        u = 1.0 - u;
        c = 1.0 - c;
        (low, high) = (high, low);
    }
    Ok(low + (high - low) * (u * c).sqrt())
}

pub fn normal(mut unit: impl FnMut() -> Result<f64>, mu: f64, sigma: f64) -> Result<f64> {
    let factor = 4.0 * (-0.5f64).exp() / 2f64.sqrt();
    loop {
        let u = unit()?;
        let v = 1.0 - unit()?;
        let z = factor * (u - 0.5) / v;
        if z * z / 4.0 <= -v.ln() {
            return Ok(mu + z * sigma);
        }
    }
}

/// Two independent numbers of the standard normal distribution.
pub fn normal_pair(mut unit: impl FnMut() -> Result<f64>) -> Result<(f64, f64)> {
    let angle = unit()? * TAU;
    let radius = (-2.0 * (1.0 - unit()?).ln()).sqrt();
    Ok((angle.cos() * radius, angle.sin() * radius))
}

pub fn exponential(mut unit: impl FnMut() -> Result<f64>, rate: f64) -> Result<f64> {
    divide(-(1.0 - unit()?).ln(), rate)
}

pub fn von_mises(mut unit: impl FnMut() -> Result<f64>, mu: f64, kappa: f64) -> Result<f64> {
    if kappa <= 1e-6 {
        return Ok(TAU * unit()?);
    }
    let s = 0.5 / kappa;
    let r = s + (1.0 + s * s).sqrt();
    let z = loop {
        let z = (PI * unit()?).cos();
        let d = z / (r + z);
        let u = unit()?;
        if u < 1.0 - d * d || u <= (1.0 - d) * d.exp() {
            break z;
        }
    };
    let q = 1.0 / r;
    let angle = ((q + z) / (1.0 + q * z)).acos();
    let theta = if unit()? > 0.5 { mu + angle } else { mu - angle };
    Ok(crate::value::float::modulo(theta, TAU))
}

pub fn gamma(mut unit: impl FnMut() -> Result<f64>, alpha: f64, beta: f64) -> Result<f64> {
    if alpha <= 0.0 || beta <= 0.0 {
        return Err(Raised::value_error("gammavariate: alpha and beta must be > 0.0"));
    }
    if alpha == 1.0 {
        return Ok(-(1.0 - unit()?).ln() * beta);
    }
    if alpha > 1.0 {
        let root = (2.0 * alpha - 1.0).sqrt();
        let b = alpha - 4f64.ln();
        let c = alpha + root;
        loop {
            let u = unit()?;
            if !(1e-7 < u && u < 0.9999999) {
                continue;
            }
            let v = 1.0 - unit()?;
            let w = (u / (1.0 - u)).ln() / root;
            let x = alpha * w.exp();
            let z = u * u * v;
            let r = b + c * w - x;
            if r + (1.0 + 4.5f64.ln()) - 4.5 * z >= 0.0 || r >= z.ln() {
                return Ok(x * beta);
            }
        }
    }
    loop {
        let b = (E + alpha) / E;
        let p = b * unit()?;
        let x = if p <= 1.0 { p.powf(1.0 / alpha) } else { -((b - p) / alpha).ln() };
        let u = unit()?;
        let accepted = if p > 1.0 { u <= x.powf(alpha - 1.0) } else { u <= (-x).exp() };
        if accepted {
            return Ok(x * beta);
        }
    }
}

pub fn beta(mut unit: impl FnMut() -> Result<f64>, alpha: f64, beta: f64) -> Result<f64> {
    let y = gamma(&mut unit, alpha, 1.0)?;
    if y == 0.0 {
        return Ok(0.0);
    }
    Ok(y / (y + gamma(&mut unit, beta, 1.0)?))
}

pub fn pareto(mut unit: impl FnMut() -> Result<f64>, alpha: f64) -> Result<f64> {
    Ok((1.0 - unit()?).powf(divide(-1.0, alpha)?))
}

pub fn weibull(mut unit: impl FnMut() -> Result<f64>, alpha: f64, beta: f64) -> Result<f64> {
    let u = 1.0 - unit()?;
    Ok(alpha * (-u.ln()).powf(divide(1.0, beta)?))
}

/// How many of `count` tries succeed.
pub fn binomial(unit: &mut dyn FnMut() -> Result<f64>, count: i64, p: f64) -> Result<i64> {
    if count < 0 {
        return Err(Raised::value_error("n must be non-negative"));
    }
    if p == 0.0 {
        return Ok(0);
    }
    if p == 1.0 {
        return Ok(count);
    }
    if !(0.0..=1.0).contains(&p) {
        return Err(Raised::value_error("p must be in the range 0.0 <= p <= 1.0"));
    }
    if count == 1 {
        return Ok((unit()? < p) as i64);
    }
    if p > 0.5 {
        return Ok(count - binomial(unit, count, 1.0 - p)?);
    }
    let n = count as f64;
    if n * p < 10.0 {
        return few_successes(unit, count, p);
    }
    let spread = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    let log_odds = (p / (1.0 - p)).ln();
    let mode = ((n + 1.0) * p).floor();
    let log_factorial = |number: f64| log_gamma(number + 1.0).unwrap_or(f64::INFINITY);
    let height = log_factorial(mode) + log_factorial(n - mode);
    loop {
        let u = unit()? - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + c).floor();
        if !(0.0..=n).contains(&k) {
            continue;
        }
        let v = unit()?;
        if us >= 0.07 && v <= squeeze {
            return Ok(k as i64);
        }
        let v = v * (alpha / (a / (us * us) + b));
        if v.ln() <= height - log_factorial(k) - log_factorial(n - k) + (k - mode) * log_odds {
            return Ok(k as i64);
        }
    }
}

/// Adds up the gaps between successes.
fn few_successes(unit: &mut dyn FnMut() -> Result<f64>, count: i64, p: f64) -> Result<i64> {
    let scale = (1.0 - p).log2();
    if scale == 0.0 {
        return Ok(0);
    }
    let (mut successes, mut tries) = (0, 0i64);
    loop {
        // The logarithm of 0 is out of every range, as a gap past the end.
        let gap = (unit()?.log2() / scale).floor().min(i64::MAX as f64 / 2.0) as i64;
        tries = tries.saturating_add(gap).saturating_add(1);
        if tries > count {
            return Ok(successes);
        }
        successes += 1;
    }
}
