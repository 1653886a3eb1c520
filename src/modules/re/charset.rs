//! Sets of characters, ready for matching: a table for the first 256, ranges for the others.

use super::letter_case::{Folding, is_of_kind, upper};
use super::syntax::{Category, SetItem, SetNode, flag};
use crate::memory::surrogate;

/// Which characters match.
pub struct CharSet {
    /// The answers for characters up to 255.
    pub table: [bool; 256],
    rest: Rest,
}

/// How the other characters are answered.
struct Rest {
    negate: bool,
    /// How a character is changed before it is looked up.
    folding: Folding,
    /// Sorted, apart from each other.
    ranges: Vec<(u32, u32)>,
    /// Ranges in which also the upper case of a character may be.
    cased_ranges: Vec<(u32, u32)>,
    categories: Vec<Category>,
    unicode: bool,
}

impl CharSet {
    /// The set as it is under these flags.
    pub fn new(node: &SetNode, flags: u32) -> CharSet {
        let mut folding = Folding::of(flags);
        let mut collected = Collected { folding, ranges: Vec::new(), cased_ranges: Vec::new(), has_case: false };
        let mut categories = Vec::new();
        for item in &node.items {
            match *item {
                SetItem::Category(category) => categories.push(category),
                SetItem::Literal(code) => collected.add_literal(inside(code)),
                SetItem::Range(low, high) => collected.add_codes(low, high),
            }
        }
        if !collected.has_case {
            folding = Folding::Exact;
        }
        let rest = Rest {
            negate: node.negate,
            folding,
            ranges: merge(collected.ranges),
            cased_ranges: collected.cased_ranges,
            categories,
            unicode: flags & flag::UNICODE != 0,
        };
        CharSet { table: std::array::from_fn(|code| rest.contains(code as u32)), rest }
    }

    /// Whether characters beyond ASCII may be in it.
    pub fn reaches_beyond_ascii(&self) -> bool {
        let rest = &self.rest;
        let far = |ranges: &[(u32, u32)]| ranges.last().is_some_and(|(_, high)| *high >= 0x80);
        rest.negate
            || far(&rest.ranges)
            || !rest.cased_ranges.is_empty()
            || rest.folding == Folding::Unicode
            || rest.categories.iter().any(|category| rest.unicode || category.negate)
    }

    #[inline(always)]
    pub fn contains(&self, code: u32) -> bool {
        match self.table.get(code as usize) {
            Some(answer) => *answer,
            None => self.rest.contains(code),
        }
    }
}

impl Rest {
    fn contains(&self, code: u32) -> bool {
        let code = self.folding.lower(code);
        let inside = |ranges: &[(u32, u32)], code: u32| {
            let behind = ranges.partition_point(|(low, _)| *low <= code);
            behind > 0 && ranges[behind - 1].1 >= code
        };
        let among = |code: u32| self.cased_ranges.iter().any(|(low, high)| (*low..=*high).contains(&code));
        let found = inside(&self.ranges, code)
            || !self.cased_ranges.is_empty() && (among(code) || among(upper(code)))
            || self.categories.iter().any(|one| is_of_kind(one.kind, self.unicode, code) != one.negate);
        found != self.negate
    }
}

/// The characters of a set while they are collected.
struct Collected {
    folding: Folding,
    ranges: Vec<(u32, u32)>,
    cased_ranges: Vec<(u32, u32)>,
    has_case: bool,
}

/// The last character that has two bytes in UTF-16; those beyond are folded in another way.
const LAST_OF_PLANE: u32 = 0xffff;

/// The code inside a text of what the pattern says.
pub fn inside(code: u32) -> u32 {
    surrogate::character(code).map_or(code, |character| character as u32)
}

impl Collected {
    /// Adds a range of the pattern: its surrogates stand elsewhere in a text.
    fn add_codes(&mut self, low: u32, high: u32) {
        let (first, last) = (*surrogate::INSIDE.start(), *surrogate::INSIDE.end());
        for (start, end) in [(0, 0xd7ff), (0xe000, first - 1), (last + 1, u32::MAX)] {
            let (low, high) = (low.max(start), high.min(end));
            if low <= high {
                self.add_range(low, high);
            }
        }
        let (low, high) = (low.max(0xd800), high.min(0xdfff));
        if low <= high {
            self.ranges.push((inside(low), inside(high)));
        }
    }

    fn add_literal(&mut self, code: u32) {
        if self.folding == Folding::Exact {
            return self.ranges.push((code, code));
        }
        self.has_case |= self.folding.is_cased(code);
        // A letter beyond the plane has to be given in lower case, as in CPython.
        if code > LAST_OF_PLANE {
            self.has_case = true;
            return self.ranges.push((code, code));
        }
        self.add_folded(code);
    }

    fn add_folded(&mut self, code: u32) {
        let lower = self.folding.lower(code);
        match self.ranges.last_mut() {
            Some(last) if last.1.wrapping_add(1) == lower => last.1 = lower,
            _ => self.ranges.push((lower, lower)),
        }
        self.ranges.extend(self.folding.equals(lower).iter().map(|equal| (*equal, *equal)));
    }

    fn add_range(&mut self, low: u32, high: u32) {
        match self.folding {
            Folding::Exact => self.ranges.push((low, high)),
            Folding::Ascii => {
                for code in low..=high.min(0x7f) {
                    self.has_case |= self.folding.is_cased(code);
                    self.add_folded(code);
                }
                if high > 0x7f {
                    self.ranges.push((low.max(0x80), high));
                }
            }
            Folding::Unicode => {
                if high > LAST_OF_PLANE {
                    self.has_case = true;
                    self.cased_ranges.push((low, high));
                }
                for code in low..=high.min(LAST_OF_PLANE) {
                    self.has_case = self.has_case || self.folding.is_cased(code);
                    self.add_folded(code);
                }
            }
        }
    }
}

/// Sorted ranges that do not touch.
fn merge(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::new();
    for (low, high) in ranges {
        match merged.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    merged
}
