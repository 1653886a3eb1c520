//! Going from match to match through a text.

use std::cell::Cell;

use super::match_object::Found;
use super::matcher::{Extent, Machine};
use super::pattern::Pattern;
use super::subject::Subject;
use crate::value::Result;
use crate::vm::Vm;

/// Where a search is in a text. A match may follow another at the same place, but not be empty then.
#[derive(Clone, Copy)]
pub struct Position {
    /// Where the next match may begin.
    pub from: usize,
    /// Where the text ends for this search.
    pub end: usize,
    /// The next match must not be empty if it begins at `from`.
    pub advance: bool,
}

/// A search with what it needs.
pub struct Hunt {
    /// None once it has been given back.
    machine: Option<Box<Machine>>,
    pub position: Position,
}

thread_local! {
    /// A machine that is not in use, so that its memory serves again.
    static SPARE: Cell<Option<Box<Machine>>> = const { Cell::new(None) };
}

impl Hunt {
    /// A search that goes on at a position.
    #[inline]
    pub fn new(pattern: &Pattern, position: Position) -> Hunt {
        let mut machine = SPARE.take().unwrap_or_default();
        machine.prepare(&pattern.program);
        Hunt { machine: Some(machine), position }
    }

    /// A search through all of a text.
    pub fn whole(pattern: &Pattern, subject: &Subject) -> Hunt {
        Hunt::new(pattern, Position { from: 0, end: subject.bytes().len(), advance: false })
    }

    /// The next match: where it begins and ends.
    #[inline]
    pub fn next(&mut self, vm: &mut Vm, pattern: &Pattern, subject: &Subject) -> Result<Option<(usize, usize)>> {
        let Position { from, end, advance } = self.position;
        let Some(machine) = &mut self.machine else { return Ok(None) };
        let found = machine.search(vm, &pattern.program, subject.haystack(end), from, advance)?;
        Ok(self.passed(found))
    }

    /// The match that begins exactly here.
    #[inline]
    pub fn here(
        &mut self,
        vm: &mut Vm,
        pattern: &Pattern,
        subject: &Subject,
        extent: Extent,
    ) -> Result<Option<(usize, usize)>> {
        let Position { from, end, advance } = self.position;
        let Some(machine) = &mut self.machine else { return Ok(None) };
        let found = machine.match_at(vm, &pattern.program, subject.haystack(end), from, extent, advance)?;
        Ok(self.passed(found.map(|end| (from, end))))
    }

    fn passed(&mut self, found: Option<(usize, usize)>) -> Option<(usize, usize)> {
        if let Some((start, end)) = found {
            self.position.advance = start == end;
            self.position.from = end;
        }
        found
    }

    /// The groups of the match found last.
    #[inline]
    pub fn found(&self, start: usize, end: usize) -> Found {
        match &self.machine {
            Some(machine) => Found::new(machine, start, end),
            None => Found::default(),
        }
    }

    /// Where a group of the match found last begins and ends; groups are counted from 0.
    #[inline]
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        self.machine.as_ref()?.group(group as u32)
    }
}

impl Drop for Hunt {
    fn drop(&mut self) {
        SPARE.set(self.machine.take());
    }
}
