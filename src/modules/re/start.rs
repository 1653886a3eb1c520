//! Where a match can begin: a search skips the places where it cannot.

use memchr::memmem::Finder;
use memchr::{memchr, memchr2, memchr3};

use super::program::{Condition, Op, Program, Unit};

/// How a match begins.
pub enum Start {
    Anywhere,
    /// At the beginning of the text only.
    Beginning,
    /// With these bytes.
    Text(Box<Finder<'static>>),
    /// With one of these bytes.
    Byte(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Table(Box<[bool; 256]>),
}

impl Start {
    /// The next place, from `from` on, at which a match can begin.
    #[inline]
    pub fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = match self {
            Start::Anywhere => return Some(from),
            Start::Beginning => return (from == 0).then_some(0),
            Start::Text(finder) => finder.find(rest),
            Start::Byte(byte) => memchr(*byte, rest),
            Start::Two(one, two) => memchr2(*one, *two, rest),
            Start::Three(one, two, three) => memchr3(*one, *two, *three, rest),
            Start::Table(table) => rest.iter().position(|byte| table[*byte as usize]),
        };
        found.map(|found| from + found)
    }
}

/// How a match of the program begins.
pub fn of(program: &Program, is_text: bool) -> Start {
    let is_silent = |op: &&Op| matches!(op, Op::Mark(_));
    if let Some(Op::At(Condition::BeginningOfText)) = program.code.iter().find(|op| !is_silent(op)) {
        return Start::Beginning;
    }
    let mut prefix = Vec::new();
    for op in &program.code {
        match op {
            Op::Mark(_) => {}
            Op::Byte(byte) => prefix.push(*byte),
            Op::Text(bytes) => prefix.extend_from_slice(bytes),
            _ => break,
        }
    }
    match prefix[..] {
        [] => {}
        [byte] => return Start::Byte(byte),
        _ => return Start::Text(Box::new(Finder::new(&prefix).into_owned())),
    }
    let Some(table) = first_bytes(program, 0, false, is_text) else { return Start::Anywhere };
    let bytes: Vec<u8> = (0..=255u8).filter(|byte| table[*byte as usize]).take(4).collect();
    match bytes[..] {
        [one] => Start::Byte(one),
        [one, two] => Start::Two(one, two),
        [one, two, three] => Start::Three(one, two, three),
        _ => Start::Table(Box::new(table)),
    }
}

/// The bytes with which a match from an instruction on can begin; None when it can be empty, or when that
/// cannot be told. An atomic group chooses without regard to what follows it, so that choices in it may not
/// look behind its end.
pub fn first_bytes(program: &Program, from: u32, is_choice: bool, is_text: bool) -> Option<[bool; 256]> {
    let mut table = [false; 256];
    let mut visited = vec![false; program.code.len()];
    let mut places = vec![from];
    while let Some(place) = places.pop() {
        if std::mem::replace(&mut visited[place as usize], true) {
            continue;
        }
        let op = &program.code[place as usize];
        match op {
            Op::AtomicEnd if is_choice => return None,
            Op::Byte(byte) => table[*byte as usize] = true,
            Op::Text(bytes) => table[bytes[0] as usize] = true,
            Op::One(unit) => add_unit(&mut table, program, *unit, is_text),
            Op::Many { unit, least, .. } => {
                add_unit(&mut table, program, *unit, is_text);
                if *least == 0 {
                    places.push(place + 1);
                }
            }
            Op::Mark(_) | Op::At(_) | Op::AtomicStart | Op::AtomicEnd => places.push(place + 1),
            Op::Split { first, second, .. } => places.extend([*first, *second]),
            Op::Jump(target) => places.push(*target),
            // The first turn cannot be left out when there has to be one; later ones can, for all that is known.
            Op::LoopStart(_) => match program.code[place as usize + 1] {
                Op::Loop { least: 1.., .. } => places.push(place + 2),
                _ => places.push(place + 1),
            },
            Op::Loop { exit, .. } => places.extend([place + 1, *exit]),
            Op::LookStart { end, .. } => places.push(*end),
            Op::Fail => {}
            Op::LookEnd | Op::Reference { .. } | Op::Conditional { .. } | Op::Success => return None,
        }
    }
    Some(table)
}

fn add_unit(table: &mut [bool; 256], program: &Program, unit: Unit, is_text: bool) {
    let matches = |code: u32| match unit {
        Unit::Line => code != u32::from('\n'),
        Unit::Anything => true,
        Unit::Literal(literal) => code == literal,
        Unit::NotLiteral(literal) => code != literal,
        Unit::Set(set) => program.sets[set as usize].table[code as usize],
    };
    let plain = if is_text { 0x80 } else { 0x100 };
    (0..plain).for_each(|code| table[code as usize] |= matches(code));
    if !is_text {
        return;
    }
    match unit {
        Unit::Literal(literal) => {
            let lead = char::from_u32(literal).map(|character| character.encode_utf8(&mut [0; 4]).as_bytes()[0]);
            lead.into_iter().for_each(|lead| table[lead as usize] = true);
        }
        Unit::Set(set) if !program.sets[set as usize].reaches_beyond_ascii() => {}
        _ => table[0x80..].fill(true),
    }
}
