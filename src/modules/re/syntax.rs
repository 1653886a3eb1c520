//! The tree of a regular expression, and how wide what it matches can be.
//!
//! Characters are numbers: code points of a str pattern, bytes of a bytes pattern.

/// The flags, with Python's numbers.
pub mod flag {
    pub const IGNORECASE: u32 = 2;
    pub const LOCALE: u32 = 4;
    pub const MULTILINE: u32 = 8;
    pub const DOTALL: u32 = 16;
    pub const UNICODE: u32 = 32;
    pub const VERBOSE: u32 = 64;
    pub const DEBUG: u32 = 128;
    pub const ASCII: u32 = 256;
    /// Of these, one at most holds.
    pub const KINDS: u32 = ASCII | LOCALE | UNICODE;
}

/// Where a repetition has no upper bound.
pub const UNLIMITED: u32 = u32::MAX;

/// The width of what has no greatest width.
pub const MOST_WIDTH: u64 = u64::MAX;

/// Parts that follow each other.
pub type Sequence = Vec<Node>;

/// A part of a regular expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Literal(u32),
    NotLiteral(u32),
    /// `.`
    Any,
    Set(SetNode),
    At(Place),
    Branch(Vec<Sequence>),
    /// Parentheses: with a number when they capture, and with flags that hold inside.
    Group {
        number: Option<usize>,
        add_flags: u32,
        remove_flags: u32,
        body: Sequence,
    },
    Atomic(Sequence),
    Repeat {
        least: u32,
        most: u32,
        greed: Greed,
        body: Sequence,
    },
    /// `\1`
    Reference(usize),
    /// `(?(1)yes|no)`
    Conditional {
        number: usize,
        yes: Sequence,
        no: Sequence,
    },
    Look {
        behind: bool,
        negate: bool,
        body: Sequence,
    },
    /// What never matches: `(?!)`
    Failure,
}

/// `[...]`
#[derive(Clone, Debug, PartialEq)]
pub struct SetNode {
    pub negate: bool,
    pub items: Vec<SetItem>,
}

/// What stands in a set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetItem {
    Literal(u32),
    Range(u32, u32),
    Category(Category),
}

/// `\d`, `\s`, `\w` and their opposites.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Category {
    pub kind: CategoryKind,
    pub negate: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CategoryKind {
    Digit,
    Space,
    Word,
}

/// A condition on a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// `^`
    Beginning,
    /// `\A`
    BeginningOfText,
    /// `$`
    End,
    /// `\Z`
    EndOfText,
    /// `\b`
    Boundary,
    /// `\B`
    NoBoundary,
}

/// How a repetition takes its turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

impl Node {
    /// Whether it matches exactly one character, whatever it is.
    pub fn is_unit(&self) -> bool {
        matches!(self, Node::Literal(_) | Node::NotLiteral(_) | Node::Any | Node::Set(_))
    }
}

/// The least and the greatest width of what a sequence matches; `groups` are the widths of the closed groups.
pub fn width(sequence: &[Node], groups: &[Option<(u64, u64)>]) -> (u64, u64) {
    let (mut least, mut most) = (0u64, 0u64);
    for node in sequence {
        let (low, high) = match node {
            Node::Literal(_) | Node::NotLiteral(_) | Node::Any | Node::Set(_) => (1, 1),
            Node::At(_) | Node::Look { .. } | Node::Failure => (0, 0),
            Node::Branch(branches) => {
                let widths = branches.iter().map(|branch| width(branch, groups));
                widths.fold((MOST_WIDTH, 0), |all, one| (all.0.min(one.0), all.1.max(one.1)))
            }
            Node::Group { body, .. } | Node::Atomic(body) => width(body, groups),
            Node::Repeat { least, most, body, .. } => {
                let (low, high) = width(body, groups);
                let high = match *most {
                    UNLIMITED if high > 0 => MOST_WIDTH,
                    most => high.saturating_mul(u64::from(most)),
                };
                (low.saturating_mul(u64::from(*least)), high)
            }
            Node::Reference(number) => groups.get(*number).copied().flatten().unwrap_or((0, MOST_WIDTH)),
            Node::Conditional { yes, no, .. } => {
                let (yes, no) = (width(yes, groups), width(no, groups));
                (yes.0.min(no.0), yes.1.max(no.1))
            }
        };
        least = least.saturating_add(low);
        most = most.saturating_add(high);
    }
    (least, most)
}
