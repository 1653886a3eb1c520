//! The error function and its complement.
//!
//! The rational approximations are fdlibm's (Sun Microsystems, 1993). Their polynomials are added up in
//! pairs, as the C library does under most CPythons, so that results agree to the last bit.

/// 2 / sqrt(pi) - 1.
const SLOPE: f64 = 1.28379167095512586316e-01;
/// erf(1), a little short of it.
const AT_ONE: f64 = 8.45062911510467529297e-01;

// Up to 0.84375.
const NEAR_ZERO_ABOVE: [f64; 5] = [
    1.28379167095512558561e-01,
    -3.25042107247001499370e-01,
    -2.84817495755985104766e-02,
    -5.77027029648944159157e-03,
    -2.37630166566501626084e-05,
];
const NEAR_ZERO_BELOW: [f64; 6] = [
    1.0,
    3.97917223959155352819e-01,
    6.50222499887672944485e-02,
    5.08130628187576562776e-03,
    1.32494738004321644526e-04,
    -3.96022827877536812320e-06,
];

// From there to 1.25, by the distance from 1.
const NEAR_ONE_ABOVE: [f64; 7] = [
    -2.36211856075265944077e-03,
    4.14856118683748331666e-01,
    -3.72207876035701323847e-01,
    3.18346619901161753674e-01,
    -1.10894694282396677476e-01,
    3.54783043256182359371e-02,
    -2.16637559486879084300e-03,
];
const NEAR_ONE_BELOW: [f64; 7] = [
    1.0,
    1.06420880400844228286e-01,
    5.40397917702171048937e-01,
    7.18286544141962662868e-02,
    1.26171219808761642112e-01,
    1.36370839120290507362e-02,
    1.19844998467991074170e-02,
];

// From there to 1 / 0.35, by the inverse square.
const MIDDLE_ABOVE: [f64; 8] = [
    -9.86494403484714822705e-03,
    -6.93858572707181764372e-01,
    -1.05586262253232909814e+01,
    -6.23753324503260060396e+01,
    -1.62396669462573470355e+02,
    -1.84605092906711035994e+02,
    -8.12874355063065934246e+01,
    -9.81432934416914548592e+00,
];
const MIDDLE_BELOW: [f64; 9] = [
    1.0,
    1.96512716674392571292e+01,
    1.37657754143519042600e+02,
    4.34565877475229228821e+02,
    6.45387271733267880336e+02,
    4.29008140027567833386e+02,
    1.08635005541779435134e+02,
    6.57024977031928170135e+00,
    -6.04244152148580987438e-02,
];

// From there on.
const FAR_ABOVE: [f64; 7] = [
    -9.86494292470009928597e-03,
    -7.99283237680523006574e-01,
    -1.77579549177547519889e+01,
    -1.60636384855821916062e+02,
    -6.37566443368389627722e+02,
    -1.02509513161107724954e+03,
    -4.83519191608651397019e+02,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    3.03380607434824582924e+01,
    3.25792512996573918826e+02,
    1.53672958608443695994e+03,
    3.19985821950859553908e+03,
    2.55305040643316442583e+03,
    4.74528541206955367215e+02,
    -2.24409524465858183362e+01,
];

/// The polynomial with these coefficients, lowest first: c0 + x c1, then x**2 (c2 + x c3), and so on.
fn in_pairs(x: f64, coefficients: &[f64]) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let powers = [1.0, square, fourth, fourth * square, fourth * fourth];
    let pairs = coefficients.chunks(2).zip(powers);
    pairs.fold(0.0, |total, (pair, power)| match *pair {
        [even, odd] => total + power * (even + x * odd),
        [even] => total + power * even,
        _ => total,
    })
}

/// erf(x) / x - 1, for small x.
fn near_zero(x: f64) -> f64 {
    let square = x * x;
    in_pairs(square, &NEAR_ZERO_ABOVE) / in_pairs(square, &NEAR_ZERO_BELOW)
}

/// erf(size) - AT_ONE, near 1.
fn near_one(size: f64) -> f64 {
    let distance = size - 1.0;
    in_pairs(distance, &NEAR_ONE_ABOVE) / in_pairs(distance, &NEAR_ONE_BELOW)
}

/// erfc(size), from 1.25 on.
fn tail(size: f64) -> f64 {
    let inverse = 1.0 / (size * size);
    let ratio = if size < 1.0 / 0.35 {
        in_pairs(inverse, &MIDDLE_ABOVE) / in_pairs(inverse, &MIDDLE_BELOW)
    } else {
        in_pairs(inverse, &FAR_ABOVE) / in_pairs(inverse, &FAR_BELOW)
    };
    // The square of half the digits is exact.
    let rough = f64::from_bits(size.to_bits() & !0xffff_ffff);
    (-rough * rough - 0.5625).exp() * ((rough - size) * (rough + size) + ratio).exp() / size
}

pub fn erf(x: f64) -> f64 {
    let size = x.abs();
    let result = if x.is_nan() {
        return x;
    } else if size < 1.0 / (1u64 << 28) as f64 {
        return x + SLOPE * x;
    } else if size < 0.84375 {
        return x + x * near_zero(x);
    } else if size < 1.25 {
        AT_ONE + near_one(size)
    } else if size < 6.0 {
        1.0 - tail(size)
    } else {
        1.0
    };
    result.copysign(x)
}

/// 1 - erf(x), exact for large x.
pub fn erfc(x: f64) -> f64 {
    let size = x.abs();
    if x.is_nan() {
        x
    } else if size < 1.0 / (1u64 << 56) as f64 {
        1.0 - x
    } else if x < 0.25 && size < 0.84375 {
        1.0 - (x + x * near_zero(x))
    } else if size < 0.84375 {
        0.5 - (x * near_zero(x) + (x - 0.5))
    } else if size < 1.25 {
        if x > 0.0 { 1.0 - AT_ONE - near_one(size) } else { 1.0 + (AT_ONE + near_one(size)) }
    } else if x < -6.0 {
        2.0
    } else if size < 28.0 {
        if x > 0.0 { tail(size) } else { 2.0 - tail(size) }
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::{erf, erfc};

    #[test]
    fn gives_known_values() {
        assert_eq!(erf(0.5), 0.5204998778130465);
        assert_eq!(erfc(0.5), 0.4795001221869535);
        assert_eq!(erf(-1.0), -0.8427007929497149);
        assert_eq!(erfc(30.0), 0.0);
        assert_eq!(erfc(f64::NEG_INFINITY), 2.0);
        assert_eq!(erf(f64::INFINITY), 1.0);
        assert!(erf(-0.0).is_sign_negative());
    }
}
