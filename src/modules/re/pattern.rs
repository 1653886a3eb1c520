//! `re.Pattern`, a compiled regular expression, and its scanners.

use std::cell::Cell;
use std::rc::Rc;

use super::hunt::{Hunt, Position};
use super::match_object::Match;
use super::matcher::Extent;
use super::program::Program;
use super::subject::{Anchor, Subject};
use super::substitution::substitute;
use super::syntax::flag;
use super::template::Template;
use crate::builtins::mappingproxy;
use crate::memory::Tracer;
use crate::native;
use crate::value::bytes::MemoryView;
use crate::value::instance::Payload;
use crate::value::iterator::NativeIterator;
use crate::value::native::{Clamped, FromArgument, Mismatch};
use crate::value::{Gc, Instance, Iterator, List, Mutable, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// The state of a pattern.
pub struct Pattern {
    /// The str or bytes it was made of.
    pub source: Value,
    pub flags: u32,
    /// Whether it searches text, not bytes.
    pub is_text: bool,
    pub program: Program,
    /// Names of groups, in order.
    pub names: Vec<(Str, usize)>,
    /// The same as a dict.
    pub group_index: Value,
    /// The replacement that was read last, and what it was read from.
    pub last_template: Mutable<Option<(Str, Rc<Template>)>>,
}

impl Payload for Pattern {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.source.trace(tracer);
        self.group_index.trace(tracer);
    }
}

impl Pattern {
    /// The group with a name.
    pub fn number_of(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| &**known == name).map(|(_, number)| *number)
    }
}

/// The pattern in an object.
pub fn of(object: &Value) -> Result<&Pattern> {
    object.payload::<Pattern>().ok_or_else(|| Raised::type_error("this is not a compiled pattern"))
}

/// A pattern as an argument.
struct This<'a> {
    object: &'a Value,
    pattern: &'a Pattern,
}

impl<'a> FromArgument<'a> for This<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        let pattern = value.payload().ok_or(Mismatch::Expected("re.Pattern"))?;
        Ok(This { object: value, pattern })
    }
}

/// Which part of a text is searched.
struct Section {
    subject: Subject,
    /// In characters.
    limits: (usize, usize),
    position: Position,
}

impl Section {
    /// From the arguments `string`, `pos` and `endpos`.
    #[inline]
    fn new(pattern: &Pattern, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Section> {
        let subject = Subject::new(string, pattern.is_text)?;
        let length = subject.characters();
        let clamp = |index: i64| usize::try_from(index).unwrap_or(0).min(length);
        let limits = (pos.map_or(0, |pos| clamp(pos.0)), endpos.map_or(length, |end| clamp(end.0)));
        let end = if limits.1 == length { subject.bytes().len() } else { subject.place(limits.1) };
        let position = Position { from: subject.place(limits.0), end, advance: false };
        Ok(Section { subject, limits, position })
    }

    fn anchor(&self) -> Anchor {
        Anchor { place: self.position.from, index: self.limits.0 }
    }
}

/// How a text is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Search,
    Match,
    FullMatch,
}

/// `search`, `match` or `fullmatch`: a match object or None.
pub fn try_text(
    vm: &mut Vm,
    object: &Value,
    manner: Manner,
    string: &Value,
    pos: Option<Clamped>,
    endpos: Option<Clamped>,
) -> Result<Value> {
    let pattern = of(object)?;
    let section = Section::new(pattern, string, pos, endpos)?;
    let mut hunt = Hunt::new(pattern, section.position);
    let found = match manner {
        Manner::Search => hunt.next(vm, pattern, &section.subject)?,
        Manner::Match => hunt.here(vm, pattern, &section.subject, Extent::Any)?,
        Manner::FullMatch => hunt.here(vm, pattern, &section.subject, Extent::Full)?,
    };
    Ok(found.map_or(Value::None, |(start, end)| {
        Match::value(object, &section.subject, section.limits, hunt.found(start, end), section.anchor())
    }))
}

fn search(vm: &mut Vm, this: &Value, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Value> {
    try_text(vm, this, Manner::Search, string, pos, endpos)
}

fn match_(vm: &mut Vm, this: &Value, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Value> {
    try_text(vm, this, Manner::Match, string, pos, endpos)
}

fn fullmatch(
    vm: &mut Vm,
    this: &Value,
    string: &Value,
    pos: Option<Clamped>,
    endpos: Option<Clamped>,
) -> Result<Value> {
    try_text(vm, this, Manner::FullMatch, string, pos, endpos)
}

fn findall(
    vm: &mut Vm,
    this: This<'_>,
    string: &Value,
    pos: Option<Clamped>,
    endpos: Option<Clamped>,
) -> Result<Value> {
    find_all(vm, this.object, string, pos, endpos)
}

/// The texts of all matches, or of their groups if there are any.
pub fn find_all(
    vm: &mut Vm,
    object: &Value,
    string: &Value,
    pos: Option<Clamped>,
    endpos: Option<Clamped>,
) -> Result<Value> {
    let pattern = of(object)?;
    let Section { subject, position, .. } = Section::new(pattern, string, pos, endpos)?;
    let mut hunt = Hunt::new(pattern, position);
    let mut texts = Vec::new();
    while let Some((start, end)) = hunt.next(vm, pattern, &subject)? {
        let text = |group: usize| match hunt.group(group) {
            Some((start, end)) => subject.part(start, end),
            None => subject.part(start, start),
        };
        texts.push(match pattern.program.groups {
            0 => subject.part(start, end),
            1 => text(0),
            groups => Value::tuple((0..groups).map(text).collect()),
        });
    }
    Ok(Value::list(texts))
}

fn finditer(
    _: &mut Vm,
    this: This<'_>,
    string: &Value,
    pos: Option<Clamped>,
    endpos: Option<Clamped>,
) -> Result<Value> {
    find_iterator(this.object, string, pos, endpos)
}

/// An iterator over all matches.
pub fn find_iterator(object: &Value, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Value> {
    let scanner = Scanner::new(object, string, pos, endpos)?;
    Ok(Iterator::native(&types().callable_iterator, scanner))
}

fn split(vm: &mut Vm, this: This<'_>, string: &Value, most: Option<Clamped>) -> Result<Value> {
    split_text(vm, this.object, string, most.map_or(0, |most| most.0))
}

/// What is between up to `most` matches, all for 0, with the groups of the matches.
pub fn split_text(vm: &mut Vm, object: &Value, string: &Value, most: i64) -> Result<Value> {
    let pattern = of(object)?;
    let subject = Subject::new(string, pattern.is_text)?;
    let mut hunt = Hunt::whole(pattern, &subject);
    let parts = Gc::new(List::new(Vec::new()));
    let (mut behind, mut count) = (0, 0);
    while (most == 0 || count < most)
        && let Some((start, end)) = hunt.next(vm, pattern, &subject)?
    {
        parts.push(subject.part(behind, start));
        for group in 0..pattern.program.groups {
            parts.push(hunt.group(group).map_or(Value::None, |(start, end)| subject.part(start, end)));
        }
        count += 1;
        behind = end;
    }
    parts.push(subject.part(behind, subject.bytes().len()));
    Ok(Value::List(parts))
}

fn sub(vm: &mut Vm, this: This<'_>, repl: &Value, string: &Value, count: Option<Clamped>) -> Result<Value> {
    let most = count.map_or(0, |count| count.0);
    substitute(vm, this.object, this.pattern, repl, string, most).map(|(text, _)| text)
}

fn subn(vm: &mut Vm, this: This<'_>, repl: &Value, string: &Value, count: Option<Clamped>) -> Result<Value> {
    let most = count.map_or(0, |count| count.0);
    let (text, count) = substitute(vm, this.object, this.pattern, repl, string, most)?;
    Ok(Value::tuple(vec![text, count.into()]))
}

fn scanner(_: &mut Vm, this: This<'_>, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Value> {
    let scanner = Scanner::new(this.object, string, pos, endpos)?;
    Ok(Value::Instance(Instance::with_payload(types().regular_scanner.clone(), scanner)))
}

fn flags(_: &mut Vm, this: &Pattern) -> i64 {
    i64::from(this.flags as i32)
}

fn groups(_: &mut Vm, this: &Pattern) -> usize {
    this.program.groups
}

fn groupindex(_: &mut Vm, this: &Pattern) -> Value {
    mappingproxy::proxy(this.group_index.clone())
}

fn source(_: &mut Vm, this: &Pattern) -> Value {
    this.source.clone()
}

impl<'a> FromArgument<'a> for &'a Pattern {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("re.Pattern"))
    }
}

fn eq(vm: &mut Vm, this: &Pattern, other: &Value) -> Result<Value> {
    match other.payload::<Pattern>() {
        Some(other) => {
            let same = this.flags == other.flags && this.is_text == other.is_text;
            Ok(Value::Bool(same && vm.equal(&this.source, &other.source)?))
        }
        None => Ok(Value::NotImplemented),
    }
}

fn hash(vm: &mut Vm, this: &Pattern) -> Result<i64> {
    Ok(vm.hash(&this.source)? ^ i64::from(this.flags))
}

fn repr(vm: &mut Vm, this: &Pattern) -> Result<String> {
    const NAMES: &[(u32, &str)] = &[
        (flag::IGNORECASE, "re.IGNORECASE"),
        (flag::LOCALE, "re.LOCALE"),
        (flag::MULTILINE, "re.MULTILINE"),
        (flag::DOTALL, "re.DOTALL"),
        (flag::UNICODE, "re.UNICODE"),
        (flag::VERBOSE, "re.VERBOSE"),
        (flag::DEBUG, "re.DEBUG"),
        (flag::ASCII, "re.ASCII"),
    ];
    let mut rest = this.flags;
    if this.is_text && rest & flag::KINDS == flag::UNICODE {
        rest &= !flag::UNICODE;
    }
    let mut shown = Vec::new();
    for (flag, name) in NAMES {
        if rest & flag != 0 {
            shown.push(name.to_string());
            rest &= !flag;
        }
    }
    if rest != 0 {
        shown.push(format!("{rest:#x}"));
    }
    let source: String = vm.repr(&this.source)?.chars().take(200).collect();
    let separator = if shown.is_empty() { "" } else { ", " };
    Ok(format!("re.compile({source}{separator}{})", shown.join("|")))
}

fn copy(_: &mut Vm, this: &Value) -> Value {
    this.clone()
}

fn deep_copy(_: &mut Vm, this: &Value, _memo: &Value) -> Value {
    this.clone()
}

/// Goes through a text match by match.
struct Scanner {
    pattern: Value,
    subject: Subject,
    limits: (usize, usize),
    position: Cell<Position>,
    anchor: Cell<Anchor>,
    is_done: Cell<bool>,
    /// Keeps a bytearray from changing its size.
    _hold: Option<MemoryView>,
}

impl Scanner {
    fn new(object: &Value, string: &Value, pos: Option<Clamped>, endpos: Option<Clamped>) -> Result<Scanner> {
        let section = Section::new(of(object)?, string, pos, endpos)?;
        Ok(Scanner {
            pattern: object.clone(),
            limits: section.limits,
            position: Cell::new(section.position),
            anchor: Cell::new(section.anchor()),
            is_done: Cell::new(false),
            _hold: section.subject.hold(),
            subject: section.subject,
        })
    }

    fn advance(&self, vm: &mut Vm, manner: Manner) -> Result<Option<Value>> {
        if self.is_done.get() {
            return Ok(None);
        }
        let pattern = of(&self.pattern)?;
        let mut hunt = Hunt::new(pattern, self.position.get());
        let found = match manner {
            Manner::Search => hunt.next(vm, pattern, &self.subject)?,
            _ => hunt.here(vm, pattern, &self.subject, Extent::Any)?,
        };
        let Some((start, end)) = found else {
            self.is_done.set(true);
            return Ok(None);
        };
        self.position.set(hunt.position);
        let anchor = Anchor { place: start, index: self.subject.index(start, self.anchor.get()) };
        self.anchor.set(anchor);
        Ok(Some(Match::value(&self.pattern, &self.subject, self.limits, hunt.found(start, end), anchor)))
    }
}

impl NativeIterator for Scanner {
    fn next(&self, vm: &mut Vm) -> Result<Option<Value>> {
        self.advance(vm, Manner::Search)
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.pattern.trace(tracer);
        self.subject.trace(tracer);
    }
}

impl Payload for Scanner {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        NativeIterator::trace(self, tracer);
    }
}

impl<'a> FromArgument<'a> for &'a Scanner {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_sre.SRE_Scanner"))
    }
}

fn scanner_match(vm: &mut Vm, this: &Scanner) -> Result<Option<Value>> {
    this.advance(vm, Manner::Match)
}

fn scanner_search(vm: &mut Vm, this: &Scanner) -> Result<Option<Value>> {
    this.advance(vm, Manner::Search)
}

fn scanner_pattern(_: &mut Vm, this: &Scanner) -> Value {
    this.pattern.clone()
}

pub const METHODS: &[Native] = &[
    native!(
        "search(self, /, string, pos=0, endpos=sys.maxsize)",
        search(required, required, optional, optional),
        "The first match, or None."
    ),
    native!(
        "match(self, /, string, pos=0, endpos=sys.maxsize)",
        match_(required, required, optional, optional),
        "The match at the beginning, or None."
    ),
    native!(
        "fullmatch(self, /, string, pos=0, endpos=sys.maxsize)",
        fullmatch(required, required, optional, optional),
        "The match of the whole text, or None."
    ),
    native!(
        "findall(self, /, string, pos=0, endpos=sys.maxsize)",
        findall(required, required, optional, optional),
        "The texts of all matches."
    ),
    native!(
        "finditer(self, /, string, pos=0, endpos=sys.maxsize)",
        finditer(required, required, optional, optional),
        "An iterator over all matches."
    ),
    native!(
        "scanner(self, /, string, pos=0, endpos=sys.maxsize)",
        scanner(required, required, optional, optional),
        "Goes through a text match by match."
    ),
    native!("split(self, /, string, maxsplit=0)", split(required, required, optional), "What is between the matches."),
    native!("sub(self, /, repl, string, count=0)", sub(required, required, required, optional), "Replaces matches."),
    native!(
        "subn(self, /, repl, string, count=0)",
        subn(required, required, required, optional),
        "Replaces matches; the text and how many there were."
    ),
    native!("flags(self)", flags(required), "The flags, those in the pattern included.").getter(),
    native!("groups(self)", groups(required), "How many groups there are.").getter(),
    native!("groupindex(self)", groupindex(required), "The groups with names.").getter(),
    native!("pattern(self)", source(required), "What it was made of.").getter(),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__copy__(self, /)", copy(required), "The pattern itself."),
    native!("__deepcopy__(self, memo, /)", deep_copy(required, required), "The pattern itself."),
];

pub const SCANNER_METHODS: &[Native] = &[
    native!("match(self, /)", scanner_match(required), "The match that begins where the last one ended, or None."),
    native!("search(self, /)", scanner_search(required), "The next match, or None."),
    native!("pattern(self)", scanner_pattern(required), "The pattern.").getter(),
];
