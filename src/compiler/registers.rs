//! Who owns which register of a frame.
//!
//! Variables come first, then temporaries in stack discipline: what an expression takes it gives back
//! at its end. A set remembers which temporaries hold results that somebody could miss (of calls,
//! awaits, displays), so that a statement can give them up when it is done.

use std::collections::HashMap;

use crate::bytecode::Register;

use super::scope::Variable;

/// A set of registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegisterSet([u64; 4]);

impl RegisterSet {
    pub const ALL: RegisterSet = RegisterSet([u64::MAX; 4]);

    pub fn contains(&self, register: Register) -> bool {
        self.0[register.0 as usize / 64] >> (register.0 % 64) & 1 == 1
    }

    pub fn insert(&mut self, register: Register) {
        self.0[register.0 as usize / 64] |= 1 << (register.0 % 64);
    }

    pub fn remove(&mut self, register: Register) {
        self.0[register.0 as usize / 64] &= !(1 << (register.0 % 64));
    }

    pub fn intersection(&self, other: &RegisterSet) -> RegisterSet {
        RegisterSet(std::array::from_fn(|index| self.0[index] & other.0[index]))
    }

    /// The members below `start` of this set and those from `start` on of the other.
    pub fn split_at(&self, start: u16, other: &RegisterSet) -> RegisterSet {
        RegisterSet(std::array::from_fn(|index| {
            let low = low_mask(start, index);
            (self.0[index] & low) | (other.0[index] & !low)
        }))
    }

    /// The first and the last member that is at least `start`.
    pub fn range_from(&self, start: u16) -> Option<(u8, u8)> {
        let above = RegisterSet::default().split_at(start, self);
        let first = (0..4).find(|&index| above.0[index] != 0)?;
        let last = (0..4).rev().find(|&index| above.0[index] != 0)?;
        let low = first as u32 * 64 + above.0[first].trailing_zeros();
        let high = last as u32 * 64 + 63 - above.0[last].leading_zeros();
        Some((low as u8, high as u8))
    }
}

/// The bits of word `index` that stand for registers below `start`.
fn low_mask(start: u16, index: usize) -> u64 {
    match (start as usize).saturating_sub(index * 64) {
        0 => 0,
        bits @ 1..=63 => (1 << bits) - 1,
        _ => u64::MAX,
    }
}

/// Where a variable is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Register(Register),
    /// The register holds a cell.
    Cell(Register),
    Spill(u16),
    /// The place in the spill list holds a cell.
    SpillCell(u16),
}

/// How many registers variables may take; the others stay for temporaries.
pub const VARIABLE_LIMIT: u16 = 180;

/// The registers of one frame.
#[derive(Debug, Default)]
pub struct Registers {
    pub places: HashMap<Variable, Place>,
    /// Registers that belong to variables, those of comprehensions included.
    variables: RegisterSet,
    next: u16,
    high: u16,
    /// Temporaries that hold results somebody could miss.
    results: RegisterSet,
    /// Set when there were not enough.
    pub is_exhausted: bool,
}

impl Registers {
    /// The next register, as a temporary. When there is none left the last one is given again and the
    /// code must not be used.
    pub fn take(&mut self) -> Register {
        if self.next > 255 {
            self.is_exhausted = true;
            return Register(255);
        }
        let register = Register(self.next as u8);
        self.next += 1;
        self.high = self.high.max(self.next);
        register
    }

    /// The next register, as a variable.
    pub fn take_variable(&mut self) -> Register {
        let register = self.take();
        self.variables.insert(register);
        register
    }

    /// The first of `count` registers in a row.
    pub fn take_row(&mut self, count: usize) -> Register {
        let first = self.take();
        for _ in 1..count {
            self.take();
        }
        first
    }

    /// The start of a window: `room` when it is the temporary taken last, else a new one.
    pub fn window(&mut self, room: Register) -> Register {
        if room.0 as u16 + 1 == self.next && self.is_temporary(room) { room } else { self.take() }
    }

    pub fn is_temporary(&self, register: Register) -> bool {
        !self.variables.contains(register)
    }

    /// What `give_back` goes back to.
    pub fn mark(&self) -> u16 {
        self.next
    }

    /// Gives back all that was taken since the mark.
    pub fn give_back(&mut self, mark: u16) {
        for register in mark..self.next {
            self.variables.remove(Register(register as u8));
        }
        self.next = mark;
    }

    /// Begins to watch how many registers are taken; gives what `end_watch` needs.
    pub fn begin_watch(&mut self) -> u16 {
        std::mem::replace(&mut self.high, self.next)
    }

    /// The first register that was never taken since `begin_watch`.
    pub fn end_watch(&mut self, earlier: u16) -> u16 {
        let high = self.high;
        self.high = high.max(earlier);
        high
    }

    /// How many registers the frame needs.
    pub fn count(&self) -> u16 {
        self.high
    }

    pub fn results(&self) -> RegisterSet {
        self.results
    }

    pub fn note_result(&mut self, register: Register) {
        if self.is_temporary(register) {
            self.results.insert(register);
        }
    }

    pub fn forget_result(&mut self, register: Register) {
        self.results.remove(register);
    }

    /// From `start` on the noted results are again what they were in `earlier`.
    pub fn restore_results(&mut self, start: u16, earlier: &RegisterSet) {
        self.results = self.results.split_at(start, earlier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_finds_its_range() {
        let mut set = RegisterSet::default();
        assert_eq!(set.range_from(0), None);
        for register in [3, 64, 200, 255] {
            set.insert(Register(register));
        }
        assert_eq!(set.range_from(0), Some((3, 255)));
        assert_eq!(set.range_from(4), Some((64, 255)));
        assert_eq!(set.range_from(65), Some((200, 255)));
        assert_eq!(set.range_from(256), None);
        set.remove(Register(255));
        assert_eq!(set.range_from(64), Some((64, 200)));
    }

    #[test]
    fn windows_reuse_the_top() {
        let mut registers = Registers::default();
        let first = registers.take_variable();
        assert_ne!(registers.window(first), first);
        let top = registers.take();
        assert_eq!(registers.window(top), top);
    }
}
