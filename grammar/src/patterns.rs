//! Patterns of `case`: building them and rejecting what is none.

use crate::ast::*;
use crate::builder::Builder;

/// One entry in the parentheses of a class pattern.
pub enum PatternArgument {
    Positional(Pattern),
    Keyword(Identifier, Pattern),
}

/// One entry of a mapping pattern.
pub enum MappingItem {
    Pair(Expression, Pattern),
    /// `**rest`
    Rest(Identifier),
}

impl Builder<'_> {
    /// A name alone: it matches all and binds the name, or nothing for `_`.
    pub fn capture_pattern(&mut self, name: Identifier) -> Pattern {
        let (start, end) = (name.span.start, name.span.end);
        let name = Some(name).filter(|name| name.name.as_ref() != "_");
        self.pattern(start, end, PatternKind::As { pattern: None, name })
    }

    pub fn as_pattern(&mut self, start: u32, end: u32, pattern: Pattern, name: Identifier) -> Pattern {
        if name.name.as_ref() == "_" {
            self.error(name.span, "cannot use '_' as a target");
        }
        self.pattern(start, end, PatternKind::As { pattern: Some(Box::new(pattern)), name: Some(name) })
    }

    pub fn star_pattern(&mut self, start: u32, end: u32, name: Identifier) -> Pattern {
        let name = Some(name).filter(|name| name.name.as_ref() != "_");
        self.pattern(start, end, PatternKind::Star(name))
    }

    /// A pattern that is no part of a sequence, so it cannot be a star.
    pub fn lone_pattern(&mut self, pattern: Pattern) -> Pattern {
        if let PatternKind::Star(_) = pattern.kind {
            self.error(pattern.span, "invalid syntax");
        }
        pattern
    }

    pub fn sequence_pattern(&mut self, start: u32, end: u32, first: Option<Pattern>, rest: Vec<Pattern>) -> Pattern {
        let items: Vec<Pattern> = first.into_iter().chain(rest).collect();
        let is_star = |pattern: &&Pattern| matches!(pattern.kind, PatternKind::Star(_));
        if let Some(second) = items.iter().filter(is_star).nth(1) {
            let _ = second;
            self.error(Span { start, end }, "multiple starred names in sequence pattern");
        }
        self.pattern(start, end, PatternKind::Sequence(items))
    }

    pub fn class_pattern(
        &mut self,
        start: u32,
        end: u32,
        class: Expression,
        arguments: Vec<PatternArgument>,
    ) -> Pattern {
        let mut positional = Vec::new();
        let mut keywords: Vec<(Identifier, Pattern)> = Vec::new();
        for argument in arguments {
            match argument {
                PatternArgument::Positional(pattern) => {
                    if !keywords.is_empty() {
                        self.error(pattern.span, "positional patterns follow keyword patterns");
                    }
                    positional.push(pattern);
                }
                PatternArgument::Keyword(name, pattern) => keywords.push((name, pattern)),
            }
        }
        self.pattern(start, end, PatternKind::Class { class, positional, keywords })
    }

    pub fn mapping_pattern(&mut self, start: u32, end: u32, items: Vec<MappingItem>) -> Pattern {
        let mut keys = Vec::new();
        let mut patterns = Vec::new();
        let mut rest: Option<Identifier> = None;
        for item in items {
            if let (Some(_), MappingItem::Pair(key, _)) = (&rest, &item) {
                self.error(key.span, "invalid syntax");
            }
            match item {
                MappingItem::Pair(key, pattern) => {
                    keys.push(key);
                    patterns.push(pattern);
                }
                MappingItem::Rest(name) => {
                    if name.name.as_ref() == "_" {
                        self.error(name.span, "invalid syntax");
                    }
                    rest = Some(name);
                }
            }
        }
        self.pattern(start, end, PatternKind::Mapping { keys, patterns, rest })
    }

    /// `real + imaginary`
    pub fn complex_literal(
        &mut self,
        start: u32,
        end: u32,
        left: Expression,
        operator: BinaryOperator,
        right: Expression,
    ) -> Expression {
        let real = match &left.kind {
            ExpressionKind::Unary { operand, .. } => operand,
            _ => &left,
        };
        if let ExpressionKind::Constant(Constant::Imaginary(_)) = real.kind {
            self.error(left.span, "real number required in complex literal");
        }
        if !matches!(right.kind, ExpressionKind::Constant(Constant::Imaginary(_))) {
            self.error(right.span, "imaginary number required in complex literal");
        }
        self.binary(start, end, left, operator, right)
    }

    /// A string as a pattern, which an f-string cannot be.
    pub fn pattern_strings(&mut self, start: u32, end: u32, parts: Vec<Expression>) -> Expression {
        let value = self.strings(start, end, parts);
        if let ExpressionKind::Format(_) = value.kind {
            self.error(value.span, "patterns may only match literals and attribute lookups");
        }
        value
    }
}
