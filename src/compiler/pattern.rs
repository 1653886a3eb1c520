//! `match`: patterns as tests that jump away. Names are bound only when the whole pattern fits.

use asy_grammar::ast::{Constant as TreeConstant, Expression, Identifier, MatchCase, Name, Pattern, PatternKind, Span};

use crate::bytecode::{Constant, Intrinsic, Op, Register};

use super::Compiler;
use super::emit::Label;
use super::fold::fold;
use super::operator::small_int;

/// What a pattern has caught: a name and the register with its value.
type Captures = Vec<(Name, Register)>;

/// The most parts of one pattern.
const MOST_PARTS: usize = 100;

impl<'a> Compiler<'a> {
    pub fn match_statement(&mut self, subject: &'a Expression, cases: &'a [MatchCase]) {
        let register = self.unit.registers.take();
        self.expression_to(subject, register);
        let end = self.unit.new_label();
        for case in cases {
            let mark = self.unit.registers.mark();
            let next = self.unit.new_label();
            let mut captures = Captures::new();
            self.pattern(&case.pattern, register, next, &mut captures);
            for (name, src) in captures {
                self.store_name(&name, src, case.pattern.span);
                self.unit.registers.note_result(src);
            }
            if let Some(guard) = &case.guard
                && self.known_truth(guard) != Some(true)
            {
                self.condition(guard, false, next);
            }
            self.statements(&case.body);
            let span = self.unit.last_span().unwrap_or(case.pattern.span);
            self.jump(span, end);
            self.unit.bind(next);
            self.unit.registers.give_back(mark);
        }
        self.unit.bind(end);
    }

    /// Jumps to `fail` when the pattern does not fit the subject. Temporaries that hold what was caught
    /// stay taken.
    fn pattern(&mut self, pattern: &'a Pattern, subject: Register, fail: Label, captures: &mut Captures) {
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Value(value) => self.value_pattern(span, value, subject, fail),
            PatternKind::Singleton(constant) => self.singleton_pattern(span, constant, subject, fail),
            PatternKind::Sequence(items) => self.sequence_pattern(span, items, subject, fail, captures),
            PatternKind::Mapping { keys, patterns, rest } => {
                self.mapping_pattern(span, keys, patterns, rest.as_ref(), subject, fail, captures);
            }
            PatternKind::Class { class, positional, keywords } => {
                self.class_pattern(span, class, positional, keywords, subject, fail, captures);
            }
            PatternKind::Star(name) => self.capture(name.as_ref(), subject, captures),
            PatternKind::As { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern, subject, fail, captures);
                }
                self.capture(name.as_ref(), subject, captures);
            }
            PatternKind::Or(alternatives) => self.or_pattern(span, alternatives, subject, fail, captures),
        }
    }

    fn capture(&mut self, name: Option<&'a Identifier>, subject: Register, captures: &mut Captures) {
        let Some(name) = name else { return };
        let mangled = self.mangled(&name.name);
        if captures.iter().any(|(other, _)| *other == mangled) {
            self.error(name.span, format!("multiple assignments to name '{}' in pattern", name.name));
        }
        captures.push((mangled, subject));
    }

    fn value_pattern(&mut self, span: Span, value: &'a Expression, subject: Register, fail: Label) {
        if let Some(value) = small_int(value) {
            return self.emit_jump(span, Op::JumpEqualInt { left: subject, value, expected: false }, fail);
        }
        let mark = self.unit.registers.mark();
        let right = self.operand(value, None);
        self.emit_jump(span, Op::JumpEqual { left: subject, right, expected: false }, fail);
        self.unit.registers.give_back(mark);
    }

    fn singleton_pattern(&mut self, span: Span, constant: &TreeConstant, subject: Register, fail: Label) {
        if *constant == TreeConstant::None {
            return self.emit_jump(span, Op::JumpIsNone { value: subject, expected: false }, fail);
        }
        let mark = self.unit.registers.mark();
        let right = self.unit.registers.take();
        self.load_constant(span, super::fold::plain(constant), right);
        self.emit_jump(span, Op::JumpIs { left: subject, right, expected: false }, fail);
        self.unit.registers.give_back(mark);
    }

    /// Jumps to `fail` when R[flag] is false.
    fn require(&mut self, span: Span, flag: Register, fail: Label) {
        self.emit_jump(span, Op::JumpIfFalse { condition: flag }, fail);
    }

    /// Jumps to `fail` unless the length of the subject is `count`, or at least that.
    fn require_length(&mut self, span: Span, subject: Register, count: usize, at_least: bool, fail: Label) {
        let mark = self.unit.registers.mark();
        let left = self.unit.registers.take();
        self.emit(span, Op::Length { dst: left, object: subject });
        let op = match (i8::try_from(count), at_least) {
            (Ok(value), false) => Op::JumpEqualInt { left, value, expected: false },
            (Ok(value), true) => Op::JumpGreaterEqualInt { left, value, expected: false },
            (Err(_), at_least) => {
                let right = self.unit.registers.take();
                self.load_constant(span, Constant::Int(count as i64), right);
                match at_least {
                    false => Op::JumpEqual { left, right, expected: false },
                    true => Op::JumpGreaterEqual { left, right, expected: false },
                }
            }
        };
        self.emit_jump(span, op, fail);
        self.unit.registers.give_back(mark);
    }

    fn sequence_pattern(
        &mut self,
        span: Span,
        items: &'a [Pattern],
        subject: Register,
        fail: Label,
        captures: &mut Captures,
    ) {
        if items.len() > MOST_PARTS {
            return self.error(span, format!("more than {MOST_PARTS} parts in a pattern"));
        }
        let flag = self.unit.registers.take();
        self.emit(span, Op::MatchSequence { dst: flag, subject });
        self.require(span, flag, fail);
        let star = items.iter().position(|item| matches!(item.kind, PatternKind::Star(_)));
        match star {
            Some(_) if items.len() == 1 => {}
            Some(_) => self.require_length(span, subject, items.len() - 1, true, fail),
            None => self.require_length(span, subject, items.len(), false, fail),
        }
        if items.iter().all(is_wildcard) {
            return;
        }
        let start = self.unit.registers.take_row(items.len());
        match star {
            // Nobody asks for the middle: the others are taken one by one.
            Some(before) if is_wildcard(&items[before]) => self.take_outer(span, items, before, subject, start),
            Some(before) => {
                let after = items.len() - before - 1;
                self.emit_data(span, Op::UnpackStar { src: subject, start, before: before as u8 }, after);
            }
            None => self.emit(span, Op::Unpack { src: subject, start, count: items.len() as u8 }),
        }
        self.parts(items.iter(), start, fail, captures);
    }

    /// Takes the items before and behind the star out of a sequence.
    fn take_outer(&mut self, span: Span, items: &'a [Pattern], star: usize, subject: Register, start: Register) {
        for (index, item) in items.iter().enumerate() {
            let dst = Register(start.0.saturating_add(index as u8));
            if index == star || is_wildcard(item) {
                continue;
            }
            if index < star {
                self.load_constant(span, Constant::Int(index as i64), dst);
            } else {
                // Counted from the end by the length, as a sequence of a script may know no other way.
                let from_end = (items.len() - index) as i8;
                self.emit(span, Op::Length { dst, object: subject });
                self.emit(span, Op::SubtractInt { dst, left: dst, value: from_end });
            }
            self.emit(span, Op::LoadItem { dst, object: subject, index: dst });
        }
    }

    /// Matches patterns against registers in a row.
    fn parts(
        &mut self,
        patterns: impl Iterator<Item = &'a Pattern>,
        start: Register,
        fail: Label,
        captures: &mut Captures,
    ) {
        for (index, pattern) in patterns.enumerate() {
            let register = Register(start.0.saturating_add(index as u8));
            self.unit.registers.note_result(register);
            self.pattern(pattern, register, fail, captures);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn mapping_pattern(
        &mut self,
        span: Span,
        keys: &'a [Expression],
        patterns: &'a [Pattern],
        rest: Option<&'a Identifier>,
        subject: Register,
        fail: Label,
        captures: &mut Captures,
    ) {
        if keys.len() > MOST_PARTS {
            return self.error(span, format!("more than {MOST_PARTS} parts in a pattern"));
        }
        let flag = self.unit.registers.take();
        self.emit(span, Op::MatchMapping { dst: flag, subject });
        self.require(span, flag, fail);
        if keys.is_empty() && rest.is_none() {
            return;
        }
        if !keys.is_empty() {
            self.require_length(span, subject, keys.len(), true, fail);
        }
        let window = self.unit.registers.take_row(2);
        let key_tuple = Register(window.0.saturating_add(1));
        match keys.iter().map(fold).collect::<Option<Vec<_>>>() {
            Some(constants) => self.load_constant(span, Constant::Tuple(constants), key_tuple),
            None => self.tuple_of(span, key_tuple, keys.len(), |compiler, index, register| {
                compiler.expression_to(&keys[index], register);
            }),
        }
        if !keys.is_empty() {
            let values = self.unit.registers.take();
            self.emit(span, Op::MatchKeys { dst: values, subject, keys: key_tuple });
            self.emit_jump(span, Op::JumpIsNone { value: values, expected: true }, fail);
            let start = self.unit.registers.take_row(keys.len());
            self.emit(span, Op::Unpack { src: values, start, count: keys.len() as u8 });
            self.unit.registers.note_result(values);
            self.parts(patterns.iter(), start, fail, captures);
        }
        if let Some(rest) = rest {
            self.emit(span, Op::Move { dst: window, src: subject });
            let function = Intrinsic::MappingRest;
            self.emit_result(span, window, Op::Intrinsic { dst: window, start: window, function });
            self.capture(Some(rest), window, captures);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn class_pattern(
        &mut self,
        span: Span,
        class: &'a Expression,
        positional: &'a [Pattern],
        keywords: &'a [(Identifier, Pattern)],
        subject: Register,
        fail: Label,
        captures: &mut Captures,
    ) {
        let count = positional.len() + keywords.len();
        if count > MOST_PARTS {
            return self.error(span, format!("more than {MOST_PARTS} parts in a pattern"));
        }
        let window = self.unit.registers.take_row(3);
        self.emit(span, Op::Move { dst: window, src: subject });
        self.expression_to(class, Register(window.0.saturating_add(1)));
        let names = keywords.iter().map(|(name, _)| Constant::Str(name.name.clone())).collect();
        self.load_constant(span, Constant::Tuple(names), Register(window.0.saturating_add(2)));
        self.emit_data(span, Op::MatchClass { dst: window, start: window }, positional.len());
        self.unit.registers.note_result(window);
        self.emit_jump(span, Op::JumpIsNone { value: window, expected: true }, fail);
        if count == 0 {
            return;
        }
        let start = self.unit.registers.take_row(count);
        self.emit(span, Op::Unpack { src: window, start, count: count as u8 });
        self.parts(positional.iter().chain(keywords.iter().map(|(_, pattern)| pattern)), start, fail, captures);
    }

    fn or_pattern(
        &mut self,
        span: Span,
        alternatives: &'a [Pattern],
        subject: Register,
        fail: Label,
        captures: &mut Captures,
    ) {
        let done = self.unit.new_label();
        // Where each name ends up, whichever alternative fits.
        let mut common: Option<Captures> = None;
        for (index, alternative) in alternatives.iter().enumerate() {
            let is_last = index + 1 == alternatives.len();
            let next = if is_last { fail } else { self.unit.new_label() };
            if common.is_none() {
                let mut names = Vec::new();
                bound_names(alternative, &mut names);
                let registers = names.iter().map(|name| (self.mangled(name), self.unit.registers.take())).collect();
                common = Some(registers);
            }
            let mark = self.unit.registers.mark();
            let mut own = Captures::new();
            self.pattern(alternative, subject, next, &mut own);
            let targets = common.as_deref().unwrap_or_default();
            let is_same = own.len() == targets.len()
                && targets.iter().all(|(name, _)| own.iter().any(|(other, _)| other == name));
            if !is_same {
                self.error(span, "alternative patterns bind different names");
            }
            for (name, dst) in targets.iter().cloned() {
                if let Some((_, src)) = own.iter().find(|(other, _)| *other == name) {
                    self.emit(span, Op::Move { dst, src: *src });
                    self.unit.registers.note_result(dst);
                }
            }
            self.unit.registers.give_back(mark);
            if !is_last {
                self.jump(span, done);
                self.unit.bind(next);
            }
        }
        self.unit.bind(done);
        captures.extend(common.unwrap_or_default());
    }
}

fn is_wildcard(pattern: &Pattern) -> bool {
    matches!(pattern.kind, PatternKind::Star(None) | PatternKind::As { pattern: None, name: None })
}

/// The names a pattern binds.
fn bound_names(pattern: &Pattern, names: &mut Vec<Name>) {
    match &pattern.kind {
        PatternKind::Value(_) | PatternKind::Singleton(_) => {}
        PatternKind::Sequence(patterns) => patterns.iter().for_each(|pattern| bound_names(pattern, names)),
        PatternKind::Or(patterns) => patterns.iter().take(1).for_each(|pattern| bound_names(pattern, names)),
        PatternKind::Mapping { patterns, rest, .. } => {
            patterns.iter().for_each(|pattern| bound_names(pattern, names));
            names.extend(rest.iter().map(|rest| rest.name.clone()));
        }
        PatternKind::Class { positional, keywords, .. } => {
            positional.iter().for_each(|pattern| bound_names(pattern, names));
            keywords.iter().for_each(|(_, pattern)| bound_names(pattern, names));
        }
        PatternKind::Star(name) => names.extend(name.iter().map(|name| name.name.clone())),
        PatternKind::As { pattern, name } => {
            if let Some(pattern) = pattern {
                bound_names(pattern, names);
            }
            names.extend(name.iter().map(|name| name.name.clone()));
        }
    }
}
