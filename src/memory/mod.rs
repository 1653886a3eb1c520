//! Memory: the counted pointer, strings, weak references, the cycle collector and the flags that
//! say what a running program must look at.
//!
//! Nearly all `unsafe` of the project lives in this folder, behind an interface that is safe under
//! one rule: script code never runs while a `Mutable` is borrowed, and no drop runs script code.
//! What must run at the end of a life (`__del__`, a suspended `finally`) is queued by `finalize`
//! and run by the VM at its next safe point. Everything belongs to one thread.

#![allow(unsafe_code)]

#[cfg(feature = "mimalloc")]
pub mod allocator;
pub mod collector;
pub mod counted;
pub mod interrupt;
pub mod mutable;
mod offsets;
pub mod outside;
pub mod surrogate;
pub mod tagged;
pub mod text;
pub mod weak;

pub use collector::Tracer;
pub use counted::{Gc, Header, Object};
pub use mutable::Mutable;
pub use text::{Str, StrBuilder};
pub use weak::Weak;
