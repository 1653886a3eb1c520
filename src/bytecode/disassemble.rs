//! The listing that `asy dis` prints: a line for each instruction, with its place and what its
//! operands mean.

use std::fmt;

use super::code::{Capture, Code, Constant};
use super::op::Op;

pub(super) fn write_op(_op: Op, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "op")
}
