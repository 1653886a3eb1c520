//! asy: an interpreter for a Python-like language with async at its core.

#![deny(unsafe_code)]

pub mod builtins;
pub mod bytecode;
pub mod compiler;
pub mod memory;
pub mod value;
pub mod vm;
