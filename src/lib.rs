//! asy: an interpreter for a Python-like language with async at its core.

#![deny(unsafe_code)]

pub mod bytecode;
pub mod memory;
pub mod modules;
pub mod scheduler;
pub mod value;
pub mod vm;
