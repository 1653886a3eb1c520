//! `_json`: the parts of `json` that go through text and data: reading (`scanner`), writing
//! (`encoder`), and what both know of strings (`text`).

use super::native_module;
use crate::value::{Gc, Module, Result, Value};
use crate::vm::Vm;

mod encoder;
mod scanner;
mod text;

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_json", text::FUNCTIONS);
    scanner::SCANNER.with(|class| module.set("make_scanner", Value::Class(class.clone())));
    encoder::ENCODER.with(|class| module.set("make_encoder", Value::Class(class.clone())));
    Ok(module)
}
