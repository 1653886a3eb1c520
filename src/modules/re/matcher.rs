//! The matcher: runs a program over a text, going back where it fails.
//!
//! What can be tried otherwise, and what has to be put back on the way there, lies on one stack of
//! `Choice`s; nothing recurses. Ctrl-C is looked for now and then while going back.

use memchr::{memchr, memchr_iter, memrchr};

use super::input::{Input, Octets, Utf8};
use super::letter_case::{Folding, is_of_kind};
use super::program::{Condition, Guard, Op, Program, Unit};
use super::syntax::{CategoryKind, Greed, UNLIMITED};
use crate::memory::interrupt;
use crate::value::Result;
use crate::vm::Vm;

/// A mark that has not been set; the place before the first turn of a repetition.
pub const UNSET: usize = usize::MAX;

/// Between two looks for Ctrl-C, the matcher goes back so many times.
const STEPS_BETWEEN_LOOKS: u32 = 1 << 16;

/// What is to be done when matching goes back.
#[derive(Clone, Copy)]
enum Choice {
    /// Go on at an instruction.
    Resume { at: u32, place: usize },
    /// One character less, but not less than up to `floor`.
    Less { at: u32, floor: usize, place: usize },
    /// One character more, if any are left.
    More { at: u32, left: u32, place: usize },
    /// One more turn of a lazy repetition.
    Turn { at: u32, place: usize },
    /// Put back a mark, and the group that was closed last.
    Mark { index: u32, last_group: u32, old: usize },
    /// Put back the state of a repetition.
    Loop { slot: u32, turns: u32, last: usize },
    /// The beginning of an atomic group or a look-around has failed.
    Barrier { at: u32, place: usize },
}

/// How far a match must go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Wherever it ends.
    Any,
    /// To the end of the text.
    Full,
}

/// The bytes of a text, and whether they are UTF-8 beyond ASCII.
#[derive(Clone, Copy)]
pub struct Haystack<'a> {
    pub bytes: &'a [u8],
    pub is_wide: bool,
}

/// The state of matching, kept from one match to the next.
#[derive(Default)]
pub struct Machine {
    /// Two places for each group.
    pub marks: Vec<usize>,
    /// The group that was closed last; 0 for none.
    pub last_group: u32,
    choices: Vec<Choice>,
    /// Turns, and the place where the last one began.
    loops: Vec<(u32, usize)>,
    /// Where in `choices` atomic groups and look-arounds began that have not ended.
    barriers: Vec<usize>,
    steps: u32,
}

impl Machine {
    /// Makes ready for a program.
    pub fn prepare(&mut self, program: &Program) {
        self.marks.clear();
        self.marks.resize(2 * program.groups, UNSET);
        self.loops.clear();
        self.loops.resize(program.loops, (0, UNSET));
        self.forget();
    }

    fn forget(&mut self) {
        self.last_group = 0;
        self.choices.clear();
        self.barriers.clear();
    }

    /// A match that begins at a place: where it ends. `advance`: it must not be empty.
    pub fn match_at(
        &mut self,
        vm: &mut Vm,
        program: &Program,
        haystack: Haystack<'_>,
        start: usize,
        extent: Extent,
        advance: bool,
    ) -> Result<Option<usize>> {
        self.marks.fill(UNSET);
        self.forget();
        match haystack.is_wide {
            true => self.run(vm, program, Utf8(haystack.bytes), start, extent, advance),
            false => self.run(vm, program, Octets(haystack.bytes), start, extent, advance),
        }
    }

    /// The first match that begins at a place or later: where it begins and ends. `advance`: if it begins
    /// at the first place, it must not be empty.
    pub fn search(
        &mut self,
        vm: &mut Vm,
        program: &Program,
        haystack: Haystack<'_>,
        from: usize,
        advance: bool,
    ) -> Result<Option<(usize, usize)>> {
        match haystack.is_wide {
            true => self.search_in(vm, program, Utf8(haystack.bytes), from, advance),
            false => self.search_in(vm, program, Octets(haystack.bytes), from, advance),
        }
    }

    fn search_in<I: Input>(
        &mut self,
        vm: &mut Vm,
        program: &Program,
        input: I,
        from: usize,
        mut advance: bool,
    ) -> Result<Option<(usize, usize)>> {
        let length = input.bytes().len();
        self.marks.fill(UNSET);
        self.forget();
        let mut place = from;
        while let Some(start) = program.start.next(input.bytes(), place) {
            if length - start < program.least_width {
                break;
            }
            if let Some(end) = self.run(vm, program, input, start, Extent::Any, advance && start == from)? {
                return Ok(Some((start, end)));
            }
            advance = false;
            self.steps += 1;
            match input.next(start) {
                Some((_, next)) => place = next,
                None => break,
            }
        }
        Ok(None)
    }

    /// Runs the program. When it fails, all marks are as they were.
    fn run<I: Input>(
        &mut self,
        vm: &mut Vm,
        program: &Program,
        input: I,
        start: usize,
        extent: Extent,
        advance: bool,
    ) -> Result<Option<usize>> {
        let bytes = input.bytes();
        let code = &program.code[..];
        let mut at = 0usize;
        let mut place = start;
        loop {
            // Each arm either goes on with `at` behind it, or leaves the block to go back.
            let goes_on = match &code[at] {
                Op::Byte(byte) => {
                    let matches = bytes.get(place) == Some(byte);
                    place += 1;
                    at += 1;
                    matches
                }
                Op::Text(text) => {
                    let matches = bytes.get(place..).is_some_and(|rest| rest.starts_with(text));
                    place += text.len();
                    at += 1;
                    matches
                }
                Op::One(unit) => match input.next(place) {
                    Some((character, next)) if matches_unit(program, *unit, character) => {
                        place = next;
                        at += 1;
                        true
                    }
                    _ => false,
                },
                Op::Many { unit, least, most, greed, follow } => {
                    match self.many(program, input, at as u32, place, (*unit, *least, *most, *greed, *follow)) {
                        Some(next) => {
                            place = next;
                            at += 1;
                            true
                        }
                        None => false,
                    }
                }
                Op::Mark(index) => {
                    self.mark(*index, place);
                    at += 1;
                    true
                }
                Op::Split { first, second, guard } => {
                    let possible = match guard {
                        Guard::Unknown => true,
                        Guard::Byte(byte) => bytes.get(place) == Some(byte),
                        Guard::Table(table) => {
                            bytes.get(place).is_some_and(|byte| program.tables[*table as usize][*byte as usize])
                        }
                    };
                    if possible {
                        self.choices.push(Choice::Resume { at: *second, place });
                        at = *first as usize;
                    } else {
                        at = *second as usize;
                    }
                    true
                }
                Op::Jump(target) => {
                    at = *target as usize;
                    true
                }
                Op::At(condition) => {
                    at += 1;
                    holds(input, *condition, place)
                }
                Op::LoopStart(slot) => {
                    self.set_loop(*slot, 0, UNSET);
                    at += 1;
                    true
                }
                Op::Loop { slot, least, most, lazy, exit } => {
                    let (turns, last) = self.loops[*slot as usize];
                    if turns < *least {
                        self.set_loop(*slot, turns + 1, last);
                        at += 1;
                    } else if *lazy {
                        self.choices.push(Choice::Turn { at: at as u32, place });
                        at = *exit as usize;
                    } else if (turns < *most || *most == UNLIMITED) && place != last {
                        self.choices.push(Choice::Resume { at: *exit, place });
                        self.set_loop(*slot, turns.saturating_add(1), place);
                        at += 1;
                    } else {
                        at = *exit as usize;
                    }
                    true
                }
                Op::AtomicStart => {
                    self.raise_barrier(at as u32, place);
                    at += 1;
                    true
                }
                Op::AtomicEnd => {
                    self.cut();
                    at += 1;
                    true
                }
                Op::LookStart { negate, back, end } => match input.back(place, *back) {
                    Some(behind) => {
                        self.raise_barrier(at as u32, place);
                        place = behind;
                        at += 1;
                        true
                    }
                    None => {
                        at = *end as usize;
                        *negate
                    }
                },
                Op::LookEnd => match self.end_look(code) {
                    Some((end, before)) => {
                        at = end as usize;
                        place = before;
                        true
                    }
                    None => false,
                },
                Op::Reference { group, folding } => match self.repeat_group(input, *group, *folding, place) {
                    Some(end) => {
                        place = end;
                        at += 1;
                        true
                    }
                    None => false,
                },
                Op::Conditional { group, otherwise } => {
                    at = if self.group(*group).is_some() { at + 1 } else { *otherwise as usize };
                    true
                }
                Op::Fail => false,
                Op::Success => {
                    if !(extent == Extent::Full && place != bytes.len() || advance && place == start) {
                        return Ok(Some(place));
                    }
                    false
                }
            };
            if !goes_on {
                self.steps += 1;
                if self.steps >= STEPS_BETWEEN_LOOKS {
                    self.steps = 0;
                    if interrupt::is_signalled() {
                        vm.check_interrupts()?;
                    }
                }
                match self.go_back(program, input) {
                    Some((next, before)) => (at, place) = (next as usize, before),
                    None => return Ok(None),
                }
            }
        }
    }

    /// Undoes what was done since the last choice: the instruction and the place to go on with.
    fn go_back<I: Input>(&mut self, program: &Program, input: I) -> Option<(u32, usize)> {
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Resume { at, place } => return Some((at, place)),
                Choice::Less { at, floor, place } => {
                    let follow = match &program.code[at as usize] {
                        Op::Many { follow, .. } => *follow,
                        _ => None,
                    };
                    let Some((_, before)) = input.previous(place) else { continue };
                    if let Some(place) = self.settle(input, at, floor, before, follow) {
                        return Some((at + 1, place));
                    }
                }
                Choice::More { at, left, place } => {
                    if let Op::Many { unit, follow, .. } = &program.code[at as usize]
                        && let Some(place) = self.more(program, input, (at, *unit, *follow), left, place)
                    {
                        return Some((at + 1, place));
                    }
                }
                Choice::Turn { at, place } => {
                    if let Op::Loop { slot, most, .. } = &program.code[at as usize] {
                        let (turns, last) = self.loops[*slot as usize];
                        if (turns < *most || *most == UNLIMITED) && place != last {
                            self.set_loop(*slot, turns.saturating_add(1), place);
                            return Some((at + 1, place));
                        }
                    }
                }
                Choice::Mark { .. } | Choice::Loop { .. } => self.put_back(choice),
                Choice::Barrier { at, place } => {
                    self.barriers.pop();
                    if let Op::LookStart { negate: true, end, .. } = &program.code[at as usize] {
                        return Some((*end, place));
                    }
                }
            }
        }
        None
    }

    /// Puts back what a choice remembers.
    fn put_back(&mut self, choice: Choice) {
        match choice {
            Choice::Mark { index, last_group, old } => {
                self.marks[index as usize] = old;
                self.last_group = last_group;
            }
            Choice::Loop { slot, turns, last } => self.loops[slot as usize] = (turns, last),
            _ => {}
        }
    }

    fn mark(&mut self, index: u32, place: usize) {
        let old = std::mem::replace(&mut self.marks[index as usize], place);
        self.choices.push(Choice::Mark { index, last_group: self.last_group, old });
        if index % 2 == 1 {
            self.last_group = index / 2 + 1;
        }
    }

    fn set_loop(&mut self, slot: u32, turns: u32, last: usize) {
        let (old_turns, old_last) = std::mem::replace(&mut self.loops[slot as usize], (turns, last));
        self.choices.push(Choice::Loop { slot, turns: old_turns, last: old_last });
    }

    fn raise_barrier(&mut self, at: u32, place: usize) {
        self.barriers.push(self.choices.len());
        self.choices.push(Choice::Barrier { at, place });
    }

    /// Removes all choices since the last barrier, and the barrier; what has to be put back stays.
    fn cut(&mut self) {
        let Some(barrier) = self.barriers.pop() else { return };
        let mut kept = barrier;
        for index in barrier + 1..self.choices.len() {
            let choice = self.choices[index];
            if matches!(choice, Choice::Mark { .. } | Choice::Loop { .. }) {
                self.choices[kept] = choice;
                kept += 1;
            }
        }
        self.choices.truncate(kept);
    }

    /// The look-around that began last has a match: where to go on; None when it should have none.
    fn end_look(&mut self, code: &[Op]) -> Option<(u32, usize)> {
        let barrier = *self.barriers.last()?;
        let Choice::Barrier { at, place } = self.choices[barrier] else { return None };
        let Op::LookStart { negate, end, .. } = &code[at as usize] else { return None };
        if *negate {
            while self.choices.len() > barrier {
                if let Some(choice) = self.choices.pop() {
                    self.put_back(choice);
                }
            }
            self.barriers.pop();
            return None;
        }
        self.cut();
        Some((*end, place))
    }

    /// Where a group began and ended, if it has matched.
    pub fn group(&self, group: u32) -> Option<(usize, usize)> {
        let (start, end) = (self.marks[2 * group as usize], self.marks[2 * group as usize + 1]);
        (start != UNSET && end != UNSET && start <= end).then_some((start, end))
    }

    /// Matches the text of a group again: where that ends.
    fn repeat_group<I: Input>(&self, input: I, group: u32, folding: Folding, mut place: usize) -> Option<usize> {
        let (mut start, end) = self.group(group)?;
        let bytes = input.bytes();
        if folding == Folding::Exact {
            let text = &bytes[start..end];
            return bytes.get(place..)?.starts_with(text).then(|| place + text.len());
        }
        while start < end {
            let (one, next_start) = input.next(start)?;
            let (other, next_place) = input.next(place)?;
            if folding.lower(one) != folding.lower(other) {
                return None;
            }
            (start, place) = (next_start, next_place);
        }
        Some(place)
    }

    /// A character repeated, from a place on: where to go on.
    #[inline(always)]
    fn many<I: Input>(
        &mut self,
        program: &Program,
        input: I,
        at: u32,
        place: usize,
        (unit, least, most, greed, follow): (Unit, u32, u32, Greed, Option<u8>),
    ) -> Option<usize> {
        let floor = if least == 0 { place } else { run_of(program, input, unit, place, least, true)? };
        let left = if most == UNLIMITED { UNLIMITED } else { most - least };
        if greed == Greed::Lazy {
            return self.settle_lazily(program, input, (at, unit, follow), left, floor);
        }
        let end = run_of(program, input, unit, floor, left, false)?;
        if greed == Greed::Possessive {
            return Some(end);
        }
        self.settle(input, at, floor, end, follow)
    }

    /// The last place up to `end`, but not before `floor`, where what follows can begin; shorter ones
    /// are left to be tried later.
    #[inline(always)]
    fn settle<I: Input>(&mut self, input: I, at: u32, floor: usize, end: usize, follow: Option<u8>) -> Option<usize> {
        if end < floor {
            return None;
        }
        let mut end = end;
        if let Some(follow) = follow {
            let bytes = input.bytes();
            if bytes.get(end) != Some(&follow) {
                end = floor + memrchr(follow, &bytes[floor..end])?;
            }
        }
        if end > floor {
            self.choices.push(Choice::Less { at, floor, place: end });
        }
        Some(end)
    }

    /// The first place from `place` on where what follows can begin; longer ones are tried later.
    fn settle_lazily<I: Input>(
        &mut self,
        program: &Program,
        input: I,
        (at, unit, follow): (u32, Unit, Option<u8>),
        mut left: u32,
        mut place: usize,
    ) -> Option<usize> {
        if let Some(follow) = follow {
            while input.bytes().get(place) != Some(&follow) {
                let (character, next) = input.next(place).filter(|_| left > 0)?;
                if !matches_unit(program, unit, character) {
                    return None;
                }
                left -= (left != UNLIMITED) as u32;
                place = next;
            }
        }
        if left > 0 {
            self.choices.push(Choice::More { at, left, place });
        }
        Some(place)
    }

    /// One character more of a lazy repetition.
    fn more<I: Input>(
        &mut self,
        program: &Program,
        input: I,
        (at, unit, follow): (u32, Unit, Option<u8>),
        left: u32,
        place: usize,
    ) -> Option<usize> {
        let (character, next) = input.next(place)?;
        if !matches_unit(program, unit, character) {
            return None;
        }
        let left = if left == UNLIMITED { left } else { left - 1 };
        self.settle_lazily(program, input, (at, unit, follow), left, next)
    }
}

#[inline(always)]
fn matches_unit(program: &Program, unit: Unit, character: u32) -> bool {
    match unit {
        Unit::Line => character != u32::from('\n'),
        Unit::Anything => true,
        Unit::Literal(literal) => character == literal,
        Unit::NotLiteral(literal) => character != literal,
        Unit::Set(set) => program.sets[set as usize].contains(character),
    }
}

/// Where a run of up to `most` such characters ends; None when there are fewer and `all` are wanted.
#[inline(always)]
fn run_of<I: Input>(program: &Program, input: I, unit: Unit, start: usize, most: u32, all: bool) -> Option<usize> {
    let bytes = input.bytes();
    if I::SINGLE {
        let limit = if most == UNLIMITED { bytes.len() } else { bytes.len().min(start.saturating_add(most as usize)) };
        let rest = bytes.get(start..limit).unwrap_or_default();
        let length = match unit {
            Unit::Anything => Some(rest.len()),
            Unit::Line => memchr(b'\n', rest),
            Unit::Set(set) => {
                let table = &program.sets[set as usize].table;
                rest.iter().position(|byte| !table[*byte as usize])
            }
            Unit::Literal(literal) => rest.iter().position(|byte| u32::from(*byte) != literal),
            Unit::NotLiteral(literal) => match u8::try_from(literal) {
                Ok(literal) => memchr_iter(literal, rest).next(),
                Err(_) => None,
            },
        };
        let length = length.unwrap_or(rest.len());
        return (!all || length == most as usize).then_some(start + length);
    }
    if most == UNLIMITED {
        match unit {
            Unit::Anything => return Some(bytes.len()),
            Unit::Line => {
                let rest = bytes.get(start..)?;
                return Some(memchr(b'\n', rest).map_or(bytes.len(), |found| start + found));
            }
            _ => {}
        }
    }
    let (mut place, mut count) = (start, 0);
    while most == UNLIMITED || count < most {
        match input.next(place) {
            Some((character, next)) if matches_unit(program, unit, character) => place = next,
            _ => break,
        }
        count += (most != UNLIMITED) as u32;
    }
    (!all || count == most).then_some(place)
}

fn holds<I: Input>(input: I, condition: Condition, place: usize) -> bool {
    let bytes = input.bytes();
    let is_newline = |place: usize| bytes.get(place) == Some(&b'\n');
    match condition {
        Condition::BeginningOfText => place == 0,
        Condition::BeginningOfLine => place == 0 || is_newline(place - 1),
        Condition::EndOfText => place == bytes.len(),
        Condition::LastEnd => place == bytes.len() || place + 1 == bytes.len() && is_newline(place),
        Condition::EndOfLine => place == bytes.len() || is_newline(place),
        // There is neither in an empty text.
        Condition::Boundary { .. } if bytes.is_empty() => false,
        Condition::Boundary { unicode, negate } => {
            let is_word = |found: Option<(u32, usize)>| {
                found.is_some_and(|(character, _)| is_of_kind(CategoryKind::Word, unicode, character))
            };
            (is_word(input.previous(place)) != is_word(input.next(place))) != negate
        }
    }
}
