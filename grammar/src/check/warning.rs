//! What is allowed and yet hardly meant: comparing identities of literals, calling a str, an assertion
//! about a tuple. Python tells these as a SyntaxWarning.

use super::Checker;
use crate::ast::*;

impl Checker {
    /// `assert (test, message)`
    pub fn warn_assert(&mut self, test: &Expression, span: Span) {
        if matches!(&test.kind, ExpressionKind::Tuple(items) if !items.is_empty()) {
            self.warn(span, "assertion is always true, perhaps remove parentheses?");
        }
    }

    /// `x is 1`
    pub fn warn_identity(&mut self, left: &Expression, comparisons: &[(CompareOperator, Expression)], span: Span) {
        let mut left = left;
        for (operator, right) in comparisons {
            let words = match operator {
                CompareOperator::Is => Some(("is", "==")),
                CompareOperator::IsNot => Some(("is not", "!=")),
                _ => None,
            };
            if let Some((word, better)) = words
                && let Some(kind) = compared_literal(left).or_else(|| compared_literal(right))
            {
                let message = format!("\"{word}\" with '{kind}' literal. Did you mean \"{better}\"?");
                return self.warn(span, message);
            }
            left = right;
        }
    }

    /// `"text" (1)`
    pub fn warn_call(&mut self, function: &Expression) {
        if matches!(function.kind, ExpressionKind::Lambda { .. }) {
            return;
        }
        if let Some(kind) = literal_kind(function) {
            self.warn(function.span, format!("'{kind}' object is not callable; perhaps you missed a comma?"));
        }
    }

    /// `1[2]`, `[1]["a"]`
    pub fn warn_subscript(&mut self, object: &Expression, index: &Expression) {
        let Some(kind) = literal_kind(object) else { return };
        match kind {
            "str" | "bytes" | "tuple" | "list" => match literal_kind(index) {
                None | Some("int" | "bool") => {}
                Some(other) => {
                    let message =
                        format!("{kind} indices must be integers or slices, not {other}; perhaps you missed a comma?");
                    self.warn(object.span, message);
                }
            },
            "dict" => {}
            _ => {
                let message = format!("'{kind}' object is not subscriptable; perhaps you missed a comma?");
                self.warn(object.span, message);
            }
        }
    }
}

/// The class of what a literal makes.
fn literal_kind(expression: &Expression) -> Option<&'static str> {
    Some(match &expression.kind {
        ExpressionKind::Constant(constant) => match constant {
            Constant::None => "NoneType",
            Constant::True | Constant::False => "bool",
            Constant::Ellipsis => "ellipsis",
            Constant::Int(_) | Constant::BigInt(_) => "int",
            Constant::Float(_) => "float",
            Constant::Imaginary(_) => "complex",
            Constant::Str(_) => "str",
            Constant::Bytes(_) => "bytes",
        },
        ExpressionKind::Tuple(_) => "tuple",
        ExpressionKind::List(_) | ExpressionKind::ListComprehension(_) => "list",
        ExpressionKind::Dict(_) | ExpressionKind::DictComprehension { .. } => "dict",
        ExpressionKind::Set(_) | ExpressionKind::SetComprehension(_) => "set",
        ExpressionKind::Generator(_) => "generator",
        ExpressionKind::Lambda { .. } => "function",
        ExpressionKind::Format(_) => "str",
        _ => return None,
    })
}

/// The class of a constant whose identity says nothing.
fn compared_literal(expression: &Expression) -> Option<&'static str> {
    match &expression.kind {
        ExpressionKind::Constant(Constant::None | Constant::True | Constant::False | Constant::Ellipsis) => None,
        ExpressionKind::Constant(_) => literal_kind(expression),
        ExpressionKind::Tuple(items) => {
            let is_constant = |item: &Expression| {
                matches!(item.kind, ExpressionKind::Constant(_)) || compared_literal(item).is_some()
            };
            items.iter().all(is_constant).then_some("tuple")
        }
        ExpressionKind::Unary { operand, operator: UnaryOperator::Minus } => match literal_kind(operand) {
            Some(kind @ ("int" | "float" | "complex")) => Some(kind),
            _ => None,
        },
        _ => None,
    }
}
