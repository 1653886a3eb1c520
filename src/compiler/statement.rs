//! Statements: control flow and everything simple.
//!
//! After each statement the temporaries that hold results somebody could miss are given up with one
//! instruction.

use asy_grammar::ast::{Expression, ExpressionKind, Span, Statement, StatementKind};

use crate::bytecode::{Intrinsic, Op, Register};

use super::block::{BlockKind, Region};
use super::emit::Label;
use super::fold::container;
use super::scope::Scopes;
use super::{Compiler, Optimize};

impl<'a> Compiler<'a> {
    pub fn statements(&mut self, statements: &'a [Statement]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    pub fn statement(&mut self, statement: &'a Statement) {
        let mark = self.unit.registers.mark();
        self.statement_kind(statement);
        self.release_results(mark, statement.span);
        self.unit.registers.give_back(mark);
    }

    /// Gives up the noted results in temporaries from `start` on.
    pub fn release_results(&mut self, start: u16, span: Span) {
        if let Some((first, last)) = self.unit.registers.results().range_from(start) {
            let span = self.unit.last_span().unwrap_or(span);
            self.emit(span, Op::Release { start: Register(first), count: (last - first).saturating_add(1) });
            self.unit.registers.restore_results(start, &Default::default());
        }
    }

    fn statement_kind(&mut self, statement: &'a Statement) {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Expression(value) => self.expression_statement(value),
            StatementKind::Assign { targets, value } => self.assign(targets, value),
            StatementKind::AugmentedAssign { target, operator, value } => {
                self.augmented_assign(span, target, *operator, value);
            }
            StatementKind::AnnotatedAssign { target, annotation, value, simple } => {
                self.annotated_assign(target, annotation, value.as_ref(), *simple);
            }
            StatementKind::Return(value) => self.return_statement(span, value.as_ref()),
            StatementKind::Delete(targets) => targets.iter().for_each(|target| self.delete(target)),
            StatementKind::Pass | StatementKind::Global(_) | StatementKind::Nonlocal(_) => {}
            StatementKind::Break => self.leave_loop(span, true),
            StatementKind::Continue => self.leave_loop(span, false),
            StatementKind::Raise { exception, cause } => self.raise(span, exception.as_ref(), cause.as_ref()),
            StatementKind::Assert { .. } if self.options.optimize >= Optimize::Asserts => {}
            StatementKind::Assert { test, message } => self.assert(test, message.as_ref()),
            StatementKind::Import(names) => names.iter().for_each(|alias| self.import(span, alias)),
            StatementKind::ImportFrom { module, names, level } => {
                self.import_from(span, module.as_ref(), names, *level);
            }
            StatementKind::If { test, body, or_else } => self.if_statement(test, body, or_else),
            StatementKind::While { test, body, or_else } => self.while_statement(test, body, or_else),
            StatementKind::For { is_async, target, iterable, body, or_else } => {
                self.for_statement(*is_async, target, iterable, body, or_else);
            }
            StatementKind::With { is_async, items, body } => self.with_statement(*is_async, items, body),
            StatementKind::Try { body, handlers, or_else, finally, is_star } => {
                self.try_statement(span, body, handlers, or_else, finally, *is_star);
            }
            StatementKind::Match { subject, cases } => self.match_statement(subject, cases),
            StatementKind::Function(definition) => self.function(definition),
            StatementKind::Class(definition) => self.class(definition),
            StatementKind::TypeAlias { name, type_parameters, value } => {
                self.type_alias(span, name, type_parameters, value);
            }
        }
    }

    fn expression_statement(&mut self, value: &'a Expression) {
        if self.shows_results && self.unit.frame == Scopes::TOP {
            let start = self.operand(value, None);
            let dst = self.unit.registers.take();
            self.emit(value.span, Op::Intrinsic { dst, start, function: Intrinsic::ShowResult });
            return;
        }
        self.effect(value);
    }

    fn return_statement(&mut self, span: Span, value: Option<&'a Expression>) {
        let Some(value) = value else {
            if !self.leaving_runs_code() {
                return self.emit(span, Op::ReturnNone);
            }
            let left = self.leave(0, span);
            self.emit(span, Op::ReturnNone);
            return self.reenter(left);
        };
        if !self.leaving_runs_code() {
            return self.return_value(value);
        }
        let src = self.unit.registers.take();
        self.expression_to(value, src);
        let left = self.leave(0, span);
        self.emit(span, Op::Return { src });
        self.reenter(left);
    }

    /// Returns the value of an expression, where nothing is to be done on the way out.
    pub fn return_value(&mut self, value: &'a Expression) {
        match &value.kind {
            ExpressionKind::Constant(asy_grammar::ast::Constant::None) => self.emit(value.span, Op::ReturnNone),
            ExpressionKind::Conditional { test, body, or_else } => {
                let other = self.unit.new_label();
                self.condition(test, false, other);
                self.return_value(body);
                self.unit.bind(other);
                self.return_value(or_else);
            }
            _ => {
                let mark = self.unit.registers.mark();
                let src = self.operand(value, None);
                self.emit(value.span, Op::Return { src });
                self.unit.registers.give_back(mark);
            }
        }
    }

    fn leave_loop(&mut self, span: Span, is_break: bool) {
        let Some((index, break_label, continue_label)) = self.innermost_loop() else {
            let message = if is_break { "'break' outside loop" } else { "'continue' not properly in loop" };
            return self.error(span, message);
        };
        let left = self.leave(index + 1, span);
        self.jump(span, if is_break { break_label } else { continue_label });
        self.reenter(left);
    }

    fn raise(&mut self, span: Span, exception: Option<&'a Expression>, cause: Option<&'a Expression>) {
        let Some(exception) = exception else { return self.emit(span, Op::RaiseHandled) };
        match cause {
            Some(cause) => {
                let exception = self.operand_before(exception, None, cause);
                let cause = self.operand(cause, None);
                self.emit(span, Op::RaiseFrom { exception, cause });
            }
            None => {
                let exception = self.operand(exception, None);
                self.emit(span, Op::Raise { exception });
            }
        }
    }

    fn assert(&mut self, test: &'a Expression, message: Option<&'a Expression>) {
        let holds = self.unit.new_label();
        self.condition(test, true, holds);
        let tested = self.unit.registers.results();
        let exception = self.unit.registers.take();
        let function = Intrinsic::AssertionError;
        self.emit(test.span, Op::Intrinsic { dst: exception, start: exception, function });
        if let Some(message) = message {
            let argument = self.unit.registers.take();
            self.expression_to(message, argument);
            self.emit(test.span, Op::Call { dst: exception, callee: exception, count: 1 });
        }
        self.emit(test.span, Op::Raise { exception });
        self.unit.registers.restore_results(0, &tested);
        self.unit.bind(holds);
    }

    fn if_statement(&mut self, test: &'a Expression, body: &'a [Statement], or_else: &'a [Statement]) {
        if let Some(break_label) = self.plain_break(body)
            && or_else.is_empty()
        {
            return self.condition(test, true, break_label);
        }
        let (other, end) = (self.unit.new_label(), self.unit.new_label());
        self.condition(test, false, other);
        self.statements(body);
        if !or_else.is_empty() {
            let span = self.unit.last_span().unwrap_or(test.span);
            self.jump(span, end);
        }
        self.unit.bind(other);
        self.statements(or_else);
        self.unit.bind(end);
    }

    /// Where a body that is a lone `break` goes, when nothing is to be done on the way.
    fn plain_break(&self, body: &[Statement]) -> Option<Label> {
        let [Statement { kind: StatementKind::Break, .. }] = body else { return None };
        match self.unit.blocks.last()?.kind {
            BlockKind::Loop { break_label, .. } => Some(break_label),
            _ => None,
        }
    }

    fn while_statement(&mut self, test: &'a Expression, body: &'a [Statement], or_else: &'a [Statement]) {
        let (head, exhausted, end) = (self.unit.new_label(), self.unit.new_label(), self.unit.new_label());
        if self.known_truth(test) == Some(false) {
            // The body is still compiled, for its errors.
            self.jump(test.span, exhausted);
        }
        self.unit.bind(head);
        self.condition(test, false, exhausted);
        self.open_block(BlockKind::Loop { break_label: end, continue_label: head, iterator: None }, Region::None);
        self.statements(body);
        self.close_block();
        self.jump(test.span, head);
        self.unit.bind(exhausted);
        self.statements(or_else);
        self.unit.bind(end);
    }

    fn for_statement(
        &mut self,
        is_async: bool,
        target: &'a Expression,
        iterable: &'a Expression,
        body: &'a [Statement],
        or_else: &'a [Statement],
    ) {
        let (head, exhausted, end) = (self.unit.new_label(), self.unit.new_label(), self.unit.new_label());
        let broken = if or_else.is_empty() { exhausted } else { self.unit.new_label() };
        let span = iterable.span;
        let iterator = self.unit.registers.take();
        let source = self.iterable(is_async, iterable, iterator);
        if is_async {
            self.emit_plain(span, iterator, Op::GetAsyncIterator { dst: iterator, src: source });
            let awaited = self.unit.registers.take();
            self.emit(span, Op::Release { start: awaited, count: 1 });
        } else {
            self.emit_plain(span, iterator, Op::GetIterator { dst: iterator, iterable: source });
        }
        self.unit.bind(head);
        self.next_into(is_async, span, target, iterator, exhausted);
        let kind = BlockKind::Loop { break_label: broken, continue_label: head, iterator: Some(iterator) };
        self.open_block(kind, Region::None);
        self.statements(body);
        self.close_block();
        self.jump(span, head);
        self.unit.bind(exhausted);
        self.emit(span, Op::Release { start: iterator, count: 1 });
        if !or_else.is_empty() {
            self.statements(or_else);
            self.jump(span, end);
            self.unit.bind(broken);
            self.emit(span, Op::Release { start: iterator, count: 1 });
        }
        self.unit.bind(end);
    }

    /// A register with what a loop goes through; a display of constants becomes a constant, except in
    /// an async loop, which fails and says what it was given.
    pub fn iterable(&mut self, is_async: bool, iterable: &'a Expression, room: Register) -> Register {
        match (&iterable.kind, container(iterable)) {
            (ExpressionKind::List(_), Some(constant)) if !is_async => {
                self.load_constant(iterable.span, constant, room);
                room
            }
            _ => self.operand(iterable, Some(room)),
        }
    }
}
