//! `_cmath`: what `stdlib/cmath.asy` needs natively: `isclose`, which classes take as an attribute and call unbound.

use super::native_module;
use crate::native;
use crate::value::complex::Complex;
use crate::value::{Gc, Module, Native, Raised, Result, Value, types};
use crate::vm::Vm;

/// The parts of a number of any kind.
fn parts(vm: &mut Vm, value: &Value) -> Result<(f64, f64)> {
    let number = vm.call(&Value::Class(types().complex.clone()), std::slice::from_ref(value))?;
    match number.payload::<Complex>() {
        Some(number) => Ok((number.real, number.imaginary)),
        None => Err(Raised::type_error(format!("must be real number, not {}", value.type_name()))),
    }
}

fn isclose(vm: &mut Vm, a: &Value, b: &Value, relative: Option<f64>, absolute: Option<f64>) -> Result<bool> {
    let (a, b) = (parts(vm, a)?, parts(vm, b)?);
    let (relative, absolute) = (relative.unwrap_or(1e-9), absolute.unwrap_or(0.0));
    if relative < 0.0 || absolute < 0.0 {
        return Err(Raised::value_error("tolerances must be non-negative"));
    }
    if a == b {
        return Ok(true);
    }
    if [a.0, a.1, b.0, b.1].iter().any(|part| part.is_infinite()) {
        return Ok(false);
    }
    let distance = (a.0 - b.0).hypot(a.1 - b.1);
    let larger = a.0.hypot(a.1).max(b.0.hypot(b.1));
    Ok(distance <= relative * larger || distance <= absolute)
}

const FUNCTIONS: &[Native] = &[native!(
    "isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
    isclose(required, required, named, named),
    "Whether two numbers differ by no more than the tolerances."
)];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_cmath", FUNCTIONS))
}
