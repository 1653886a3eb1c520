//! What the compiler makes and the VM runs: instructions, code objects and their listing.
//!
//! This layer knows no values: constants are plain data, turned into values when code is linked.

pub mod code;
pub mod disassemble;
pub mod op;

pub use code::{
    BEFORE_START, Capture, Code, CodeKind, Constant, ExceptionRange, HandledRange, InnerVariable, Position, Source,
};
pub use op::{AwaitContext, Conversion, FunctionPart, Intrinsic, Op, Operator, Register};
