//! Patterns: what they bind, and which can never be reached.

use std::collections::BTreeSet;

use super::Checker;
use crate::ast::*;

/// The names a pattern binds.
type Names = BTreeSet<Name>;

impl Checker {
    pub fn cases(&mut self, cases: &[MatchCase]) {
        for (index, case) in cases.iter().enumerate() {
            let last = index + 1 == cases.len();
            if !last && case.guard.is_none() {
                self.forbid_irrefutable(&case.pattern);
            }
            let mut names = Names::new();
            self.pattern(&case.pattern, &mut names);
            case.guard.iter().for_each(|guard| self.expression(guard));
            self.statements(&case.body);
        }
    }

    /// Reports a pattern that leaves nothing to those behind it.
    fn forbid_irrefutable(&mut self, pattern: &Pattern) {
        match irrefutable_part(pattern) {
            Some(Pattern { span, kind: PatternKind::As { name: Some(name), .. } }) => {
                let message = format!("name capture '{}' makes remaining patterns unreachable", name.name);
                self.error(*span, message);
            }
            Some(Pattern { span, .. }) => self.error(*span, "wildcard makes remaining patterns unreachable"),
            None => {}
        }
    }

    fn pattern(&mut self, pattern: &Pattern, names: &mut Names) {
        match &pattern.kind {
            PatternKind::Value(value) => self.expression(value),
            PatternKind::Singleton(_) => {}
            PatternKind::Sequence(items) => items.iter().for_each(|item| self.pattern(item, names)),
            PatternKind::Mapping { keys, patterns, rest } => {
                self.mapping_keys(keys);
                patterns.iter().for_each(|value| self.pattern(value, names));
                rest.iter().for_each(|rest| self.capture(rest, names));
            }
            PatternKind::Class { class, positional, keywords } => {
                self.expression(class);
                positional.iter().for_each(|item| self.pattern(item, names));
                for (index, (name, value)) in keywords.iter().enumerate() {
                    if keywords.iter().take(index).any(|(earlier, _)| earlier.name == name.name) {
                        let message = format!("attribute name repeated in class pattern: {}", name.name);
                        self.error(name.span, message);
                    }
                    self.pattern(value, names);
                }
            }
            PatternKind::Star(name) => name.iter().for_each(|name| self.capture(name, names)),
            PatternKind::As { pattern, name } => {
                pattern.iter().for_each(|pattern| self.pattern(pattern, names));
                name.iter().for_each(|name| self.capture(name, names));
            }
            PatternKind::Or(alternatives) => self.alternatives(pattern.span, alternatives, names),
        }
    }

    fn alternatives(&mut self, span: Span, alternatives: &[Pattern], names: &mut Names) {
        let mut first: Option<Names> = None;
        for (index, alternative) in alternatives.iter().enumerate() {
            if index + 1 < alternatives.len() {
                self.forbid_irrefutable(alternative);
            }
            let mut own = names.clone();
            self.pattern(alternative, &mut own);
            match &first {
                None => first = Some(own),
                Some(first) if *first != own => {
                    self.error(span, "alternative patterns bind different names");
                    break;
                }
                Some(_) => {}
            }
        }
        *names = first.unwrap_or_default();
    }

    fn capture(&mut self, name: &Identifier, names: &mut Names) {
        if !names.insert(name.name.clone()) {
            self.error(name.span, format!("multiple assignments to name '{}' in pattern", name.name));
        }
        self.bind_identifier(name);
    }

    /// Literal keys must differ.
    fn mapping_keys(&mut self, keys: &[Expression]) {
        for (index, key) in keys.iter().enumerate() {
            // `-0` is 0 as well.
            let plain = match &key.kind {
                ExpressionKind::Unary { operator: UnaryOperator::Minus, operand } if is_zero(operand) => operand,
                _ => key,
            };
            let ExpressionKind::Constant(constant) = &plain.kind else {
                self.expression(key);
                continue;
            };
            let same = |other: &&Expression| matches!(&other.kind, ExpressionKind::Constant(earlier) if are_equal(earlier, constant));
            if keys.iter().take(index).find(same).is_some() {
                let message = format!("mapping pattern checks duplicate key ({})", describe_key(constant));
                self.error(key.span, message);
            }
        }
    }
}

fn is_zero(number: &Expression) -> bool {
    matches!(&number.kind, ExpressionKind::Constant(constant) if are_equal(constant, &Constant::Int(0)))
}

/// Whether two keys are the same key: numbers and truths are by their value.
fn are_equal(left: &Constant, right: &Constant) -> bool {
    let number = |constant: &Constant| match constant {
        Constant::True => Some((1.0, 0.0)),
        Constant::False => Some((0.0, 0.0)),
        Constant::Int(value) if value.unsigned_abs() < 1 << 53 => Some((*value as f64, 0.0)),
        Constant::Float(value) => Some((*value, 0.0)),
        Constant::Imaginary(value) => Some((0.0, *value)),
        _ => None,
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// The part of a pattern that makes it match everything, if it does.
fn irrefutable_part(pattern: &Pattern) -> Option<&Pattern> {
    match &pattern.kind {
        PatternKind::As { pattern: None, .. } => Some(pattern),
        PatternKind::As { pattern: Some(inner), .. } => irrefutable_part(inner),
        PatternKind::Or(alternatives) => alternatives.last().and_then(irrefutable_part),
        _ => None,
    }
}

/// A key as Python writes it.
fn describe_key(constant: &Constant) -> String {
    match constant {
        Constant::None => "None".to_string(),
        Constant::True => "True".to_string(),
        Constant::False => "False".to_string(),
        Constant::Ellipsis => "Ellipsis".to_string(),
        Constant::Int(value) => value.to_string(),
        Constant::BigInt(digits) => digits.to_string(),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Imaginary(value) => format!("{value}j"),
        Constant::Str(text) => format!("'{}'", text.escape_debug()),
        Constant::Bytes(bytes) => format!("b'{}'", bytes.escape_ascii()),
    }
}
