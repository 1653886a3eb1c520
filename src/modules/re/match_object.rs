//! `re.Match`: what a pattern has matched.

use smallvec::SmallVec;

use super::matcher::{Machine, UNSET};
use super::pattern::Pattern;
use super::subject::{Anchor, Subject};
use super::{pattern, substitution};
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Dict, Gc, Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// Where a match and its groups begin and end.
#[derive(Default)]
pub struct Found {
    /// The whole match is number 0.
    spans: SmallVec<[(usize, usize); 3]>,
    /// The group that was closed last; 0 for none.
    last_group: usize,
}

impl Found {
    /// What the machine has found.
    #[inline]
    pub fn new(machine: &Machine, start: usize, end: usize) -> Found {
        let mut spans = SmallVec::with_capacity(1 + machine.marks.len() / 2);
        spans.push((start, end));
        let groups = machine.marks.len() as u32 / 2;
        spans.extend((0..groups).map(|group| machine.group(group).unwrap_or((UNSET, UNSET))));
        Found { spans, last_group: machine.last_group as usize }
    }

    /// The part of the text that a group has matched.
    #[inline]
    pub fn span(&self, group: usize) -> Option<(usize, usize)> {
        self.spans.get(group).copied().filter(|(start, _)| *start != UNSET)
    }
}

/// The state of a match object.
pub struct Match {
    subject: Subject,
    pattern: Value,
    /// Where the search began and ended, in characters.
    limits: (usize, usize),
    found: Found,
    /// A place whose index is known.
    anchor: Anchor,
}

impl Payload for Match {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.subject.trace(tracer);
        self.pattern.trace(tracer);
    }
}

impl<'a> FromArgument<'a> for &'a Match {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("re.Match"))
    }
}

impl Match {
    /// A match object.
    pub fn value(pattern: &Value, subject: &Subject, limits: (usize, usize), found: Found, anchor: Anchor) -> Value {
        let this = Match { subject: subject.clone(), pattern: pattern.clone(), limits, found, anchor };
        Value::Instance(Instance::with_payload(types().regular_match.clone(), this))
    }

    fn pattern(&self) -> Result<&Pattern> {
        pattern::of(&self.pattern)
    }

    fn groups(&self) -> usize {
        self.found.spans.len() - 1
    }

    /// The text of a group, or the default if it has not matched.
    fn text(&self, group: usize, default: &Value) -> Value {
        match self.found.span(group) {
            Some((start, end)) => self.subject.part_now(start, end),
            None => default.clone(),
        }
    }

    /// The group that a number or a name means.
    fn number(&self, vm: &mut Vm, group: &Value) -> Result<usize> {
        let number = match group.native() {
            Value::Int(number) => usize::try_from(*number).ok(),
            Value::Str(name) => self.pattern()?.number_of(name),
            Value::None | Value::Float(_) | Value::List(_) => None,
            other => match vm.index(other) {
                Ok(number) => usize::try_from(number).ok(),
                Err(raised) if raised.is_a(&types().type_error) || raised.is_a(&types().overflow_error) => None,
                Err(raised) => return Err(raised),
            },
        };
        number.filter(|number| *number <= self.groups()).ok_or_else(|| Raised::index_error("no such group"))
    }

    /// Where a group begins and ends in characters.
    fn indexes(&self, group: usize) -> Option<(usize, usize)> {
        let (start, end) = self.found.span(group)?;
        let index = self.subject.index(start, self.anchor);
        Some((index, self.subject.index(end, Anchor { place: start, index })))
    }

    fn span_value(&self, group: usize) -> Value {
        let (start, end) = self.indexes(group).map_or((-1, -1), |(start, end)| (start as i64, end as i64));
        Value::tuple(vec![Value::Int(start), Value::Int(end)])
    }
}

fn group(vm: &mut Vm, this: &Match, groups: &[Value]) -> Result<Value> {
    match groups {
        [] => Ok(this.text(0, &Value::None)),
        [single] => get_item(vm, this, single),
        several => {
            let mut texts = Vec::with_capacity(several.len());
            for group in several {
                texts.push(get_item(vm, this, group)?);
            }
            Ok(Value::tuple(texts))
        }
    }
}

fn get_item(vm: &mut Vm, this: &Match, group: &Value) -> Result<Value> {
    Ok(this.text(this.number(vm, group)?, &Value::None))
}

fn groups(_: &mut Vm, this: &Match, default: Option<Value>) -> Value {
    let default = default.unwrap_or(Value::None);
    Value::tuple((1..=this.groups()).map(|group| this.text(group, &default)).collect())
}

fn groupdict(_: &mut Vm, this: &Match, default: Option<Value>) -> Result<Value> {
    let default = default.unwrap_or(Value::None);
    let texts = Gc::new(Dict::new());
    for (name, group) in &this.pattern()?.names {
        texts.set_str(name, this.text(*group, &default));
    }
    Ok(Value::Dict(texts))
}

fn chosen(vm: &mut Vm, this: &Match, group: Option<&Value>) -> Result<usize> {
    group.map_or(Ok(0), |group| this.number(vm, group))
}

fn start(vm: &mut Vm, this: &Match, group: Option<&Value>) -> Result<i64> {
    let group = chosen(vm, this, group)?;
    let span = this.found.span(group);
    Ok(span.map_or(-1, |(start, _)| this.subject.index(start, this.anchor) as i64))
}

fn end(vm: &mut Vm, this: &Match, group: Option<&Value>) -> Result<i64> {
    let group = chosen(vm, this, group)?;
    let span = this.found.span(group);
    Ok(span.map_or(-1, |(_, end)| this.subject.index(end, this.anchor) as i64))
}

fn span(vm: &mut Vm, this: &Match, group: Option<&Value>) -> Result<Value> {
    let group = chosen(vm, this, group)?;
    Ok(this.span_value(group))
}

fn expand(vm: &mut Vm, this: &Match, template: &Value) -> Result<Value> {
    substitution::expand(vm, &this.pattern, &this.subject, &this.found, template)
}

fn string(_: &mut Vm, this: &Match) -> Value {
    this.subject.object.clone()
}

fn re(_: &mut Vm, this: &Match) -> Value {
    this.pattern.clone()
}

fn pos(_: &mut Vm, this: &Match) -> usize {
    this.limits.0
}

fn endpos(_: &mut Vm, this: &Match) -> usize {
    this.limits.1
}

fn lastindex(_: &mut Vm, this: &Match) -> Option<usize> {
    Some(this.found.last_group).filter(|group| *group > 0)
}

fn lastgroup(_: &mut Vm, this: &Match) -> Result<Option<Str>> {
    let names = &this.pattern()?.names;
    Ok(names.iter().find(|(_, group)| *group == this.found.last_group).map(|(name, _)| name.clone()))
}

fn regs(_: &mut Vm, this: &Match) -> Value {
    Value::tuple((0..=this.groups()).map(|group| this.span_value(group)).collect())
}

fn repr(vm: &mut Vm, this: &Match) -> Result<String> {
    let shown = vm.repr(&this.text(0, &Value::None))?;
    let (start, end) = this.indexes(0).unwrap_or_default();
    let shown: String = shown.chars().take(50).collect();
    Ok(format!("<re.Match object; span=({start}, {end}), match={shown}>"))
}

fn copy(_: &mut Vm, this: &Value) -> Value {
    this.clone()
}

fn deep_copy(_: &mut Vm, this: &Value, _memo: &Value) -> Value {
    this.clone()
}

pub const METHODS: &[Native] = &[
    native!("group(self, /, *groups)", group(required, rest), "The text of a group, or of several as a tuple."),
    native!("__getitem__(self, key, /)", get_item(required, required), "The text of a group."),
    native!("groups(self, /, default=None)", groups(required, optional), "The texts of all groups."),
    native!("groupdict(self, /, default=None)", groupdict(required, optional), "The texts of the groups with names."),
    native!("start(self, group=0, /)", start(required, optional), "Where a group begins; -1 if it has not matched."),
    native!("end(self, group=0, /)", end(required, optional), "Where a group ends; -1 if it has not matched."),
    native!("span(self, group=0, /)", span(required, optional), "Where a group begins and ends."),
    native!("expand(self, /, template)", expand(required, required), "A replacement filled in for this match."),
    native!("string(self)", string(required), "The text that was searched.").getter(),
    native!("re(self)", re(required), "The pattern.").getter(),
    native!("pos(self)", pos(required), "Where the search began.").getter(),
    native!("endpos(self)", endpos(required), "Where the search had to end.").getter(),
    native!("lastindex(self)", lastindex(required), "The number of the group that was closed last.").getter(),
    native!("lastgroup(self)", lastgroup(required), "The name of the group that was closed last.").getter(),
    native!("regs(self)", regs(required), "Where all groups begin and end.").getter(),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
    native!("__copy__(self, /)", copy(required), "The match itself."),
    native!("__deepcopy__(self, memo, /)", deep_copy(required, required), "The match itself."),
];
