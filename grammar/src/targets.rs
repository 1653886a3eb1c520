//! What can be assigned to, and how to say that something cannot.
//!
//! The grammar reads targets as expressions; the builder asks here whether they are targets.

use crate::ast::*;
use crate::builder::Builder;

/// What a target is for: the messages differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Assign,
    Augmented,
    Annotated,
    Loop,
    With,
    Delete,
}

impl Expression {
    /// What Python calls an expression of this kind in a message.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            ExpressionKind::Constant(Constant::None) => "None",
            ExpressionKind::Constant(Constant::True) => "True",
            ExpressionKind::Constant(Constant::False) => "False",
            ExpressionKind::Constant(Constant::Ellipsis) => "ellipsis",
            ExpressionKind::Constant(_) => "literal",
            ExpressionKind::Name(_) => "name",
            ExpressionKind::Boolean { .. } | ExpressionKind::Binary { .. } | ExpressionKind::Unary { .. } => {
                "expression"
            }
            ExpressionKind::Named { .. } => "named expression",
            ExpressionKind::Lambda { .. } => "lambda",
            ExpressionKind::Conditional { .. } => "conditional expression",
            ExpressionKind::Dict(_) => "dict literal",
            ExpressionKind::Set(_) => "set display",
            ExpressionKind::List(_) => "list",
            ExpressionKind::Tuple(_) => "tuple",
            ExpressionKind::ListComprehension(_) => "list comprehension",
            ExpressionKind::SetComprehension(_) => "set comprehension",
            ExpressionKind::DictComprehension { .. } => "dict comprehension",
            ExpressionKind::Generator(_) => "generator expression",
            ExpressionKind::Await(_) => "await expression",
            ExpressionKind::Yield(_) | ExpressionKind::YieldFrom(_) => "yield expression",
            ExpressionKind::Compare { .. } => "comparison",
            ExpressionKind::Call { .. } => "function call",
            ExpressionKind::Format(_) => "f-string expression",
            ExpressionKind::Attribute { .. } => "attribute",
            ExpressionKind::Subscript { .. } => "subscript",
            ExpressionKind::Starred(_) => "starred",
            ExpressionKind::Slice { .. } => "slice",
        }
    }

    /// Whether `=` behind this was probably meant as `==`.
    fn looks_compared(&self) -> bool {
        let singleton = matches!(
            &self.kind,
            ExpressionKind::Constant(Constant::None | Constant::True | Constant::False)
                | ExpressionKind::Unary { operator: UnaryOperator::Not, .. }
        );
        !singleton
            && matches!(
                &self.kind,
                ExpressionKind::Constant(_)
                    | ExpressionKind::Binary { .. }
                    | ExpressionKind::Unary { .. }
                    | ExpressionKind::Dict(_)
                    | ExpressionKind::Set(_)
                    | ExpressionKind::ListComprehension(_)
                    | ExpressionKind::SetComprehension(_)
                    | ExpressionKind::DictComprehension { .. }
                    | ExpressionKind::Await(_)
                    | ExpressionKind::Named { .. }
                    | ExpressionKind::Call { .. }
                    | ExpressionKind::Format(_)
                    | ExpressionKind::Yield(_)
                    | ExpressionKind::YieldFrom(_)
            )
    }
}

impl Builder<'_> {
    /// Checks a target that may be a tuple or a list of targets.
    pub fn check_target(&mut self, target: &Expression, purpose: Purpose) {
        if purpose == Purpose::Assign && target.looks_compared() {
            let what = target.describe();
            self.error(target.span, format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?"));
        } else {
            self.check_target_parts(target, purpose);
        }
    }

    fn check_target_parts(&mut self, target: &Expression, purpose: Purpose) {
        match &target.kind {
            ExpressionKind::Name(_) | ExpressionKind::Attribute { .. } | ExpressionKind::Subscript { .. } => {}
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                for item in items {
                    self.check_target_parts(item, purpose);
                }
            }
            ExpressionKind::Starred(inner) if purpose != Purpose::Delete => self.check_target_parts(inner, purpose),
            _ => {
                let verb = if purpose == Purpose::Delete { "delete" } else { "assign to" };
                self.error(target.span, format!("cannot {verb} {}", target.describe()));
            }
        }
    }

    /// Checks a target that must be one name, attribute or subscript.
    pub fn check_single_target(&mut self, target: &Expression, purpose: Purpose) {
        let what = target.describe();
        match &target.kind {
            ExpressionKind::Name(_) | ExpressionKind::Attribute { .. } | ExpressionKind::Subscript { .. } => {}
            _ if purpose == Purpose::Augmented => {
                self.error(target.span, format!("'{what}' is an illegal expression for augmented assignment"));
            }
            ExpressionKind::Tuple(_) | ExpressionKind::List(_) => {
                self.error(target.span, format!("only single target (not {what}) can be annotated"));
            }
            _ => self.error(target.span, "illegal target for annotation"),
        }
    }
}
