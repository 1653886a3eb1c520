//! What a regular expression is compiled to, and the compiler.

use super::charset::{CharSet, inside};
use super::letter_case::Folding;
use super::reader::{Fault, Read};
use super::start::{self, Start};
use super::syntax::{Greed, Node, Place, SetItem, SetNode, UNLIMITED, flag, width};
use crate::memory::surrogate;

/// One instruction of the matcher. Numbers of instructions are places in `Program::code`.
pub enum Op {
    /// This byte.
    Byte(u8),
    /// These bytes.
    Text(Box<[u8]>),
    /// One character.
    One(Unit),
    /// One character, several times.
    Many {
        unit: Unit,
        least: u32,
        most: u32,
        greed: Greed,
        follow: Option<u8>,
    },
    /// Remembers the place: groups have two marks each.
    Mark(u32),
    /// Tries `first`, then `second`. The guard says how what `first` matches can begin.
    Split {
        first: u32,
        second: u32,
        guard: Guard,
    },
    Jump(u32),
    At(Condition),
    /// A repetition is about to begin.
    LoopStart(u32),
    /// Another turn, which begins with the next instruction, or on to `exit`.
    Loop {
        slot: u32,
        least: u32,
        most: u32,
        lazy: bool,
        exit: u32,
    },
    /// Up to `AtomicEnd` there is one way to match.
    AtomicStart,
    AtomicEnd,
    /// Looks, from `back` characters before, whether there is a match up to `LookEnd`; goes on at `end`.
    LookStart {
        negate: bool,
        back: usize,
        end: u32,
    },
    LookEnd,
    /// The text of a group once more.
    Reference {
        group: u32,
        folding: Folding,
    },
    /// Goes on if the group has matched, else at `otherwise`.
    Conditional {
        group: u32,
        otherwise: u32,
    },
    Fail,
    Success,
}

/// What one character can be.
#[derive(Clone, Copy, PartialEq)]
pub enum Unit {
    /// Anything but a newline.
    Line,
    Anything,
    Literal(u32),
    NotLiteral(u32),
    /// One of `Program::sets`.
    Set(u32),
}

/// How an alternative can begin.
#[derive(Clone, Copy, PartialEq)]
pub enum Guard {
    Unknown,
    Byte(u8),
    /// One of `Program::tables`.
    Table(u32),
}

/// A condition on a place.
#[derive(Clone, Copy, PartialEq)]
pub enum Condition {
    BeginningOfText,
    BeginningOfLine,
    EndOfText,
    /// The end, or a newline at the end.
    LastEnd,
    EndOfLine,
    Boundary {
        unicode: bool,
        negate: bool,
    },
}

/// A regular expression ready to match.
pub struct Program {
    pub code: Vec<Op>,
    pub sets: Vec<CharSet>,
    pub tables: Vec<[bool; 256]>,
    /// Number of groups.
    pub groups: usize,
    /// Number of repetitions that count.
    pub loops: usize,
    /// The least number of characters of a match.
    pub least_width: usize,
    /// How a match can begin.
    pub start: Start,
}

/// Compiles a tree.
pub fn compile(body: &[Node], widths: &[Option<(u64, u64)>], flags: u32, is_text: bool) -> Read<Program> {
    let mut compiler = Compiler {
        widths,
        is_text,
        program: Program {
            code: Vec::new(),
            sets: Vec::new(),
            tables: Vec::new(),
            groups: widths.len() - 1,
            loops: 0,
            least_width: usize::try_from(width(body, widths).0).unwrap_or(usize::MAX),
            start: Start::Anywhere,
        },
    };
    compiler.sequence(body, flags)?;
    compiler.program.code.push(Op::Success);
    let mut program = compiler.program;
    add_guards(&mut program, is_text);
    add_follows(&mut program);
    program.start = start::of(&program, is_text);
    Ok(program)
}

struct Compiler<'a> {
    program: Program,
    widths: &'a [Option<(u64, u64)>],
    is_text: bool,
}

impl Compiler<'_> {
    fn here(&self) -> u32 {
        self.program.code.len() as u32
    }

    fn push(&mut self, op: Op) -> usize {
        self.program.code.push(op);
        self.program.code.len() - 1
    }

    fn sequence(&mut self, sequence: &[Node], flags: u32) -> Read<()> {
        let mut literal: Vec<u8> = Vec::new();
        for node in sequence {
            if let Node::Literal(code) = node
                && !Folding::of(flags).is_cased(*code)
                && self.encode(*code, &mut literal)
            {
                continue;
            }
            self.literal(&mut literal);
            self.node(node, flags)?;
        }
        self.literal(&mut literal);
        Ok(())
    }

    /// Appends a character as bytes; false when no text can have it.
    fn encode(&self, code: u32, bytes: &mut Vec<u8>) -> bool {
        if !self.is_text {
            bytes.push(code as u8);
            return code < 256;
        }
        let Some(character) = surrogate::character(code) else { return false };
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }

    /// The instruction for characters collected so far.
    fn literal(&mut self, bytes: &mut Vec<u8>) {
        match bytes[..] {
            [] => return,
            [byte] => self.push(Op::Byte(byte)),
            _ => self.push(Op::Text(bytes.clone().into())),
        };
        bytes.clear();
    }

    fn node(&mut self, node: &Node, flags: u32) -> Read<()> {
        match node {
            Node::Literal(_) | Node::NotLiteral(_) | Node::Any | Node::Set(_) => {
                let unit = self.unit(node, flags);
                self.push(Op::One(unit));
            }
            Node::At(place) => {
                self.push(Op::At(condition(*place, flags)));
            }
            Node::Branch(branches) => self.branches(branches, flags)?,
            Node::Group { number, add_flags, remove_flags, body } => {
                let kept = if add_flags & flag::KINDS != 0 { flags & !flag::KINDS } else { flags };
                let flags = (kept | add_flags) & !remove_flags;
                if let Some(number) = number {
                    self.push(Op::Mark(2 * (*number as u32 - 1)));
                }
                self.sequence(body, flags)?;
                if let Some(number) = number {
                    self.push(Op::Mark(2 * (*number as u32 - 1) + 1));
                }
            }
            Node::Atomic(body) => {
                self.push(Op::AtomicStart);
                self.sequence(body, flags)?;
                self.push(Op::AtomicEnd);
            }
            Node::Repeat { least, most, greed, body } => self.repeat(*least, *most, *greed, body, flags)?,
            Node::Reference(number) => {
                self.push(Op::Reference { group: *number as u32 - 1, folding: Folding::of(flags) });
            }
            Node::Conditional { number, yes, no } => {
                let group = *number as u32 - 1;
                let condition = self.push(Op::Conditional { group, otherwise: 0 });
                self.sequence(yes, flags)?;
                let jump = (!no.is_empty()).then(|| self.push(Op::Jump(0)));
                self.program.code[condition] = Op::Conditional { group, otherwise: self.here() };
                self.sequence(no, flags)?;
                if let Some(jump) = jump {
                    self.program.code[jump] = Op::Jump(self.here());
                }
            }
            Node::Look { behind, negate, body } => {
                let back = if *behind { self.look_behind_width(body)? } else { 0 };
                let look = self.push(Op::Fail);
                self.sequence(body, flags)?;
                self.push(Op::LookEnd);
                self.program.code[look] = Op::LookStart { negate: *negate, back, end: self.here() };
            }
            Node::Failure => {
                self.push(Op::Fail);
            }
        }
        Ok(())
    }

    fn look_behind_width(&self, body: &[Node]) -> Read<usize> {
        let (least, most) = width(body, self.widths);
        if least > u64::from(u32::MAX) {
            return Err(Fault::Pattern("looks too much behind".to_string(), None));
        }
        if least != most {
            return Err(Fault::Pattern("look-behind requires fixed-width pattern".to_string(), None));
        }
        Ok(least as usize)
    }

    fn unit(&mut self, node: &Node, flags: u32) -> Unit {
        let folding = Folding::of(flags);
        let set = match node {
            Node::Any if flags & flag::DOTALL != 0 => return Unit::Anything,
            Node::Literal(code) if !folding.is_cased(*code) => return Unit::Literal(inside(*code)),
            Node::NotLiteral(code) if !folding.is_cased(*code) => return Unit::NotLiteral(inside(*code)),
            Node::Literal(code) | Node::NotLiteral(code) => SetNode {
                negate: matches!(node, Node::NotLiteral(_)),
                // Folded here, since sets want letters of higher planes in lower case.
                items: vec![SetItem::Literal(folding.lower(*code))],
            },
            Node::Set(set) => set.clone(),
            _ => return Unit::Line,
        };
        self.program.sets.push(CharSet::new(&set, flags));
        Unit::Set(self.program.sets.len() as u32 - 1)
    }

    fn branches(&mut self, branches: &[Vec<Node>], flags: u32) -> Read<()> {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.sequence(branch, flags)?;
                break;
            }
            let split = self.push(Op::Fail);
            self.sequence(branch, flags)?;
            jumps.push(self.push(Op::Jump(0)));
            let (first, second) = (split as u32 + 1, self.here());
            self.program.code[split] = Op::Split { first, second, guard: Guard::Unknown };
        }
        for jump in jumps {
            self.program.code[jump] = Op::Jump(self.here());
        }
        Ok(())
    }

    fn repeat(&mut self, least: u32, most: u32, greed: Greed, body: &[Node], flags: u32) -> Read<()> {
        if let Some(node) = single_unit(body) {
            let unit = self.unit(node, flags);
            self.push(Op::Many { unit, least, most, greed, follow: None });
            return Ok(());
        }
        let possessive = greed == Greed::Possessive;
        if possessive {
            self.push(Op::AtomicStart);
        }
        if (least, most) == (0, 1) {
            let split = self.push(Op::Fail);
            self.sequence(body, flags)?;
            let (body, exit) = (split as u32 + 1, self.here());
            let (first, second) = if greed == Greed::Lazy { (exit, body) } else { (body, exit) };
            self.program.code[split] = Op::Split { first, second, guard: Guard::Unknown };
        } else {
            let slot = self.program.loops as u32;
            self.program.loops += 1;
            self.push(Op::LoopStart(slot));
            let head = self.push(Op::Fail);
            if possessive {
                self.push(Op::AtomicStart);
            }
            self.sequence(body, flags)?;
            if possessive {
                self.push(Op::AtomicEnd);
            }
            self.push(Op::Jump(head as u32));
            let lazy = greed == Greed::Lazy;
            self.program.code[head] = Op::Loop { slot, least, most, lazy, exit: self.here() };
        }
        if possessive {
            self.push(Op::AtomicEnd);
        }
        Ok(())
    }
}

/// The one character that a repeated sequence consists of.
fn single_unit(body: &[Node]) -> Option<&Node> {
    match body {
        [Node::Group { number: None, add_flags: 0, remove_flags: 0, body }] => single_unit(body),
        [node] if node.is_unit() => Some(node),
        _ => None,
    }
}

fn condition(place: Place, flags: u32) -> Condition {
    let lines = flags & flag::MULTILINE != 0;
    let unicode = flags & flag::UNICODE != 0;
    match place {
        Place::Beginning if lines => Condition::BeginningOfLine,
        Place::Beginning | Place::BeginningOfText => Condition::BeginningOfText,
        Place::End if lines => Condition::EndOfLine,
        Place::End => Condition::LastEnd,
        Place::EndOfText => Condition::EndOfText,
        Place::Boundary => Condition::Boundary { unicode, negate: false },
        Place::NoBoundary => Condition::Boundary { unicode, negate: true },
    }
}

/// Tells alternatives how they can begin, so that the wrong ones are left out.
fn add_guards(program: &mut Program, is_text: bool) {
    for index in 0..program.code.len() {
        let Op::Split { first, second, .. } = program.code[index] else { continue };
        let Some(table) = start::first_bytes(program, first, true, is_text) else { continue };
        let mut bytes = (0..=255u8).filter(|byte| table[*byte as usize]);
        let guard = match (bytes.next(), bytes.next()) {
            (Some(byte), None) => Guard::Byte(byte),
            _ => {
                program.tables.push(table);
                Guard::Table(program.tables.len() as u32 - 1)
            }
        };
        program.code[index] = Op::Split { first, second, guard };
    }
}

/// Tells repetitions of a character which byte must follow.
fn add_follows(program: &mut Program) {
    for index in 0..program.code.len() {
        let mut rest = program.code[index + 1..].iter();
        let next = rest.find(|op| !matches!(op, Op::Mark(_))).and_then(|op| match op {
            Op::Byte(byte) => Some(*byte),
            Op::Text(bytes) => bytes.first().copied(),
            _ => None,
        });
        if let Op::Many { follow, most, .. } = &mut program.code[index]
            && *most == UNLIMITED
        {
            *follow = next;
        }
    }
}
