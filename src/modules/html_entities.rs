//! `_html`: the names of characters in HTML, as `stdlib/html/entities.asy` shows them.

use super::native_module;
use crate::native;
use crate::value::{Dict, Gc, Module, Native, Result, Str, Value};
use crate::vm::Vm;

fn entities(_: &mut Vm) -> Value {
    let names = Dict::new();
    for entity in &entities::ENTITIES {
        names.set_str(&Str::intern(entity.entity.trim_start_matches('&')), Value::str(entity.characters));
    }
    Value::Dict(Gc::new(names))
}

const FUNCTIONS: &[Native] = &[native!("entities()", entities(), "The characters by their names.")];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_html", FUNCTIONS))
}
