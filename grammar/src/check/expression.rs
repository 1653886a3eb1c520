//! Expressions and targets.
//!
//! The walk recurses once per level of the tree, except along the left side of chains (`a + b + c`,
//! `a.b.c()`), which are what grows deep in real programs: those are walked from a list.

use std::collections::HashSet;

use super::Checker;
use super::scope::ScopeKind;
use crate::ast::*;

/// What surrounds the annotations and bases of something with type parameters.
pub const GENERIC: &str = "the definition of a generic";

impl Checker {
    /// Walks an expression that cannot be starred.
    pub fn expression(&mut self, expression: &Expression) {
        if let ExpressionKind::Starred(_) = expression.kind {
            self.error(expression.span, "can't use starred expression here");
        }
        self.expression_or_star(expression);
    }

    /// Walks an expression in a place where it may be starred.
    pub fn expression_or_star(&mut self, expression: &Expression) {
        let mut chain = Vec::new();
        let mut leftmost = expression;
        while let Some(left) = left_side(leftmost) {
            chain.push(leftmost);
            leftmost = left;
        }
        self.node(leftmost);
        while let Some(link) = chain.pop() {
            self.right_side(link);
        }
    }

    /// Walks what follows the left side of an expression that has one.
    fn right_side(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Binary { right, .. } => self.expression(right),
            ExpressionKind::Call { function, arguments } => {
                self.warn_call(function);
                self.arguments(arguments);
            }
            ExpressionKind::Subscript { object, index } => {
                self.warn_subscript(object, index);
                self.expression(index);
            }
            _ => {}
        }
    }

    fn node(&mut self, expression: &Expression) {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Constant(_) => {}
            ExpressionKind::Name(name) => self.read(name),
            ExpressionKind::Boolean { operands, .. } => self.expressions(operands),
            ExpressionKind::Named { target, value } => self.named(target, value, span),
            ExpressionKind::Unary { operand, .. } => self.expression(operand),
            ExpressionKind::Lambda { parameters, body } => self.lambda(parameters, body),
            ExpressionKind::Conditional { test, body, or_else } => {
                self.expression(test);
                self.expression(body);
                self.expression(or_else);
            }
            ExpressionKind::Dict(items) => self.dict(items),
            ExpressionKind::Set(items) | ExpressionKind::List(items) | ExpressionKind::Tuple(items) => {
                self.elements(items);
            }
            ExpressionKind::ListComprehension(comprehension) => {
                self.comprehension("list comprehension", span, &[&comprehension.element], &comprehension.clauses);
            }
            ExpressionKind::SetComprehension(comprehension) => {
                self.comprehension("set comprehension", span, &[&comprehension.element], &comprehension.clauses);
            }
            ExpressionKind::Generator(comprehension) => {
                self.comprehension("generator expression", span, &[&comprehension.element], &comprehension.clauses);
            }
            ExpressionKind::DictComprehension { key, value, clauses } => {
                self.comprehension("dict comprehension", span, &[key, value], clauses);
            }
            ExpressionKind::Await(value) => {
                self.await_expression(span);
                self.expression(value);
            }
            ExpressionKind::Yield(value) => {
                self.yield_expression(span, "'yield'");
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            ExpressionKind::YieldFrom(value) => {
                self.yield_expression(span, "'yield from'");
                self.expression(value);
            }
            ExpressionKind::Compare { left, comparisons } => {
                self.warn_identity(left, comparisons, span);
                self.expression(left);
                self.compared(comparisons);
            }
            ExpressionKind::Format(parts) => self.format_parts(parts),
            // Links of a chain never come here.
            ExpressionKind::Binary { .. }
            | ExpressionKind::Call { .. }
            | ExpressionKind::Attribute { .. }
            | ExpressionKind::Subscript { .. } => {}
            ExpressionKind::Starred(value) => self.expression(value),
            ExpressionKind::Slice { lower, upper, step } => {
                for bound in [lower, upper, step].into_iter().flatten() {
                    self.expression(bound);
                }
            }
        }
    }

    fn expressions(&mut self, all: &[Expression]) {
        for expression in all {
            self.expression(expression);
        }
    }

    fn elements(&mut self, items: &[Expression]) {
        for item in items {
            self.expression_or_star(item);
        }
    }

    fn dict(&mut self, items: &[(Option<Expression>, Expression)]) {
        for (key, value) in items {
            if let Some(key) = key {
                self.expression(key);
            }
            self.expression(value);
        }
    }

    fn compared(&mut self, comparisons: &[(CompareOperator, Expression)]) {
        for (_, right) in comparisons {
            self.expression(right);
        }
    }

    fn format_parts(&mut self, parts: &[FormatPart]) {
        for part in parts {
            if let FormatPart::Value { value, format, .. } = part {
                self.expression(value);
                if let Some(format) = format {
                    self.format_parts(format);
                }
            }
        }
    }

    pub fn arguments(&mut self, arguments: &Arguments) {
        self.elements(&arguments.positional);
        let mut seen = HashSet::new();
        for keyword in &arguments.keywords {
            if let Some(name) = &keyword.name {
                self.forbid_debug(&name.name, name.span, "assign to");
                if !seen.insert(&name.name) {
                    self.error(keyword.span, format!("keyword argument repeated: {}", name.name));
                }
            }
            self.expression(&keyword.value);
        }
    }

    fn lambda(&mut self, parameters: &Parameters, body: &Expression) {
        self.defaults(parameters);
        self.enter(ScopeKind::Lambda);
        self.parameters(parameters);
        self.expression(body);
        self.leave();
    }

    fn await_expression(&mut self, span: Span) {
        self.scope.is_async = true;
        match self.scope.kind {
            ScopeKind::AsyncFunction | ScopeKind::Comprehension { .. } => {}
            ScopeKind::Module if self.options.top_level_await => {}
            ScopeKind::Module | ScopeKind::Class => self.error(span, "'await' outside function"),
            ScopeKind::Function | ScopeKind::Lambda => self.error(span, "'await' outside async function"),
            ScopeKind::Annotation { what } => {
                self.error(span, format!("await expression cannot be used within {what}"));
            }
        }
    }

    fn yield_expression(&mut self, span: Span, what: &str) {
        self.scope.has_yield = true;
        match self.scope.kind {
            ScopeKind::Module | ScopeKind::Class => self.error(span, format!("{what} outside function")),
            ScopeKind::Comprehension { what: comprehension, .. } => {
                self.error(span, format!("'yield' inside {comprehension}"));
            }
            ScopeKind::Annotation { what } => {
                self.error(span, format!("yield expression cannot be used within {what}"));
            }
            ScopeKind::AsyncFunction if what == "'yield from'" => {
                self.error(span, "'yield from' inside async function");
            }
            ScopeKind::AsyncFunction | ScopeKind::Function | ScopeKind::Lambda => {}
        }
    }

    /// `target := value`, which binds outside of the comprehensions around it.
    fn named(&mut self, target: &Identifier, value: &Expression, span: Span) {
        self.expression(value);
        if self.scope.in_iterable {
            self.error(span, "assignment expression cannot be used in a comprehension iterable expression");
        }
        if let ScopeKind::Annotation { what } = self.scope.kind {
            return self.error(span, format!("named expression cannot be used within {what}"));
        }
        if !self.scope.is_comprehension() {
            self.bind_identifier(target);
            return;
        }
        self.forbid_debug(&target.name, target.span, "assign to");
        let name = &target.name;
        let mut problem = None;
        for scope in std::iter::once(&mut self.scope).chain(self.outer.iter_mut().rev()) {
            if scope.is_comprehension() {
                if scope.names.get(name).is_some_and(|usage| usage.iteration) {
                    problem =
                        Some(format!("assignment expression cannot rebind comprehension iteration variable '{name}'"));
                    break;
                }
                scope.usage(name).nonlocal = true;
                continue;
            }
            if scope.kind == ScopeKind::Class {
                let message = "assignment expression within a comprehension cannot be used in a class body";
                problem = Some(message.to_string());
            }
            if let ScopeKind::Annotation { what } = scope.kind {
                let place = if what == GENERIC { "within" } else { "in" };
                problem = Some(format!("assignment expression within a comprehension cannot be used {place} {what}"));
            }
            scope.usage(name).bound = true;
            break;
        }
        if let Some(message) = problem {
            self.error(span, message);
        }
    }

    /// The first iterable is evaluated outside; everything else in a scope of its own.
    fn comprehension(
        &mut self,
        what: &'static str,
        span: Span,
        elements: &[&Expression],
        clauses: &[ComprehensionClause],
    ) {
        let Some((first, rest)) = clauses.split_first() else { return };
        self.iterable(&first.iterable);
        let is_generator = what == "generator expression";
        self.enter(ScopeKind::Comprehension { what, is_generator });
        self.clause(first);
        for clause in rest {
            self.iterable(&clause.iterable);
            self.clause(clause);
        }
        for element in elements {
            self.expression(element);
        }
        let Some(inner) = self.leave() else { return };
        if inner.is_async && !is_generator {
            let outside = !matches!(self.scope.kind, ScopeKind::AsyncFunction | ScopeKind::Comprehension { .. })
                && !self.allows_top_level_await();
            if outside {
                self.error(span, "asynchronous comprehension outside of an asynchronous function");
            }
            self.scope.is_async = true;
        }
    }

    fn clause(&mut self, clause: &ComprehensionClause) {
        self.scope.is_async |= clause.is_async;
        self.whole_target(&clause.target);
        self.mark_iteration(&clause.target);
        self.expressions(&clause.conditions);
    }

    fn iterable(&mut self, iterable: &Expression) {
        let before = std::mem::replace(&mut self.scope.in_iterable, true);
        self.expression(iterable);
        self.scope.in_iterable = before;
    }

    fn mark_iteration(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Name(name) => {
                let usage = self.scope.usage(name);
                usage.iteration = true;
                if usage.nonlocal {
                    let message =
                        format!("comprehension inner loop cannot rebind assignment expression target '{name}'");
                    self.error(target.span, message);
                }
            }
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                items.iter().for_each(|item| self.mark_iteration(item));
            }
            ExpressionKind::Starred(inner) => self.mark_iteration(inner),
            _ => {}
        }
    }

    /// A target that is not part of another.
    pub fn whole_target(&mut self, target: &Expression) {
        if let ExpressionKind::Starred(_) = target.kind {
            self.error(target.span, "starred assignment target must be in a list or tuple");
        }
        self.target(target);
    }

    fn target(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Name(name) => self.bind(name, target.span),
            ExpressionKind::Attribute { object, name } => {
                self.forbid_debug(&name.name, target.span, "assign to");
                self.expression(object);
            }
            ExpressionKind::Starred(inner) => self.target(inner),
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                let mut stars = items.iter().filter(|item| matches!(item.kind, ExpressionKind::Starred(_)));
                if let Some(second) = stars.nth(1) {
                    let _ = second;
                    self.error(target.span, "multiple starred expressions in assignment");
                }
                items.iter().for_each(|item| self.target(item));
            }
            _ => self.expression(target),
        }
    }

    /// A target of `del`.
    pub fn deleted(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Name(name) => {
                self.forbid_debug(name, target.span, "delete");
                self.scope.usage(name).bound = true;
            }
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                items.iter().for_each(|item| self.deleted(item));
            }
            _ => self.expression(target),
        }
    }
}

/// The operand that an expression begins with, in the kinds that form long chains.
fn left_side(expression: &Expression) -> Option<&Expression> {
    match &expression.kind {
        ExpressionKind::Binary { left, .. } => Some(left),
        ExpressionKind::Call { function, .. } => Some(function),
        ExpressionKind::Attribute { object, .. } | ExpressionKind::Subscript { object, .. } => Some(object),
        _ => None,
    }
}
