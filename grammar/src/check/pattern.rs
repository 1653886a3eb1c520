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
            let is_literal = matches!(key.kind, ExpressionKind::Constant(_)) || number_of(key).is_some();
            if !is_literal {
                self.expression(key);
            } else if keys.iter().take(index).any(|earlier| are_equal(earlier, key)) {
                let message = format!("mapping pattern checks duplicate key ({})", describe_key(key));
                self.error(key.span, message);
            }
        }
    }
}

/// The real and the imaginary part of a number, of which a sign and a sum make one as well.
fn number_of(expression: &Expression) -> Option<(f64, f64)> {
    match &expression.kind {
        ExpressionKind::Constant(Constant::True) => Some((1.0, 0.0)),
        ExpressionKind::Constant(Constant::False) => Some((0.0, 0.0)),
        ExpressionKind::Constant(Constant::Int(value)) if value.unsigned_abs() < 1 << 53 => Some((*value as f64, 0.0)),
        ExpressionKind::Constant(Constant::Float(value)) => Some((*value, 0.0)),
        ExpressionKind::Constant(Constant::Imaginary(value)) => Some((0.0, *value)),
        ExpressionKind::Unary { operator: UnaryOperator::Minus, operand } => {
            number_of(operand).map(|(real, imaginary)| (-real, -imaginary))
        }
        ExpressionKind::Binary { left, operator, right } => {
            let (left, right) = (number_of(left)?, number_of(right)?);
            match operator {
                BinaryOperator::Add => Some((left.0 + right.0, left.1 + right.1)),
                BinaryOperator::Subtract => Some((left.0 - right.0, left.1 - right.1)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether two keys are the same key: numbers and truths are by their value.
fn are_equal(left: &Expression, right: &Expression) -> bool {
    match (number_of(left), number_of(right), &left.kind, &right.kind) {
        (Some(left), Some(right), ..) => left == right,
        (_, _, ExpressionKind::Constant(left), ExpressionKind::Constant(right)) => left == right,
        _ => false,
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
fn describe_key(key: &Expression) -> String {
    match &key.kind {
        ExpressionKind::Constant(constant) => describe_constant(constant),
        ExpressionKind::Unary { operand, .. } => match describe_key(operand) {
            zero if zero == "0" => zero,
            text => format!("-{text}"),
        },
        ExpressionKind::Binary { .. } => {
            let (real, imaginary) = number_of(key).unwrap_or_default();
            format!("({real}{imaginary:+}j)")
        }
        _ => String::new(),
    }
}

fn describe_constant(constant: &Constant) -> String {
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
