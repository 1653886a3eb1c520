//! range and slice objects.

use super::Value;
use crate::memory::{Object, Tracer};

/// A range whose bounds fit 64 bits. `step` is not 0.
pub struct Range {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
}

impl Range {
    /// How many numbers it has.
    pub fn len(&self) -> u64 {
        let (start, stop, step) = (self.start as i128, self.stop as i128, self.step as i128);
        let distance = if step > 0 { stop - start } else { start - stop };
        if distance <= 0 { 0 } else { ((distance - 1) / step.abs() + 1) as u64 }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the number a step behind the last one fits 64 bits, too.
    #[inline]
    pub fn end_fits(&self) -> bool {
        matches!(self.step, 1 | -1) || self.stop.checked_add(self.step - self.step.signum()).is_some()
    }

    /// The number at an index that is in range.
    pub fn at(&self, index: u64) -> i64 {
        (self.start as i128 + index as i128 * self.step as i128) as i64
    }

    /// The numbers.
    pub fn items(&self) -> impl Iterator<Item = i64> + use<> {
        let (start, step) = (self.start, self.step);
        // In wrapping numbers, since a product may be too large where the sum is not.
        (0..self.len()).map(move |index| start.wrapping_add((index as i64).wrapping_mul(step)))
    }
}

impl Object for Range {
    const TRACKED: bool = false;

    fn trace(&self, _: &mut Tracer<'_>) {}
}

/// A slice object.
pub struct Slice {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

impl Object for Slice {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.start.trace(tracer);
        self.stop.trace(tracer);
        self.step.trace(tracer);
    }
}
