//! asy: an interpreter for a Python-like language with async at its core.

#![deny(unsafe_code)]

pub mod builtins;
pub mod bytecode;
pub mod cli;
pub mod compiler;
pub mod interpreter;
pub mod memory;
pub mod modules;
pub mod report;
pub mod scheduler;
pub mod value;
pub mod vm;
