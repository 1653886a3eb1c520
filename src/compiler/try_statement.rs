//! `try`: handlers, `else`, `finally` and `except*`.
//!
//! The statements of `finally` are emitted for each way out: here for the normal way and for an
//! exception, in `block` for `return`, `break` and `continue`.

use asy_grammar::ast::{ExceptHandler, Identifier, Span, Statement};

use crate::bytecode::{Intrinsic, Op, Register};

use super::Compiler;
use super::block::{BlockKind, Region};
use super::emit::Label;

impl<'a> Compiler<'a> {
    pub fn try_statement(
        &mut self,
        span: Span,
        body: &'a [Statement],
        handlers: &'a [ExceptHandler],
        or_else: &'a [Statement],
        finally: &'a [Statement],
        is_star: bool,
    ) {
        if finally.is_empty() {
            return self.try_except(span, body, handlers, or_else, is_star);
        }
        let exception = self.unit.registers.take();
        let (handler, end) = (self.unit.new_label(), self.unit.new_label());
        let bound = self.unit.bound();
        let watch = self.unit.registers.begin_watch();
        self.open_block(BlockKind::Finally(finally), Region::Protected { handler, exception });
        if handlers.is_empty() {
            self.statements(body);
            self.statements(or_else);
        } else {
            self.try_except(span, body, handlers, or_else, is_star);
        }
        self.close_block();
        let high = self.unit.registers.end_watch(watch);
        self.statements(finally);
        let span = self.unit.last_span().unwrap_or(span);
        self.jump(span, end);
        self.unit.bind_handler(handler, bound);
        self.open_block(BlockKind::Handler(exception), Region::Handled { exception });
        self.release_body(span, exception, high);
        self.statements(finally);
        self.close_block();
        self.emit(span, Op::Reraise { exception });
        self.unit.bind(end);
    }

    /// Gives up what the body that raised left in its temporaries.
    pub fn release_body(&mut self, span: Span, exception: Register, high: u16) {
        let start = exception.0 as u16 + 1;
        if start < high {
            self.emit(span, Op::Release { start: Register(start as u8), count: (high - start).min(255) as u8 });
        }
    }

    fn try_except(
        &mut self,
        span: Span,
        body: &'a [Statement],
        handlers: &'a [ExceptHandler],
        or_else: &'a [Statement],
        is_star: bool,
    ) {
        let mark = self.unit.registers.mark();
        let exception = self.unit.registers.take();
        let (handler, end) = (self.unit.new_label(), self.unit.new_label());
        let bound = self.unit.bound();
        let watch = self.unit.registers.begin_watch();
        self.open_block(BlockKind::Plain, Region::Protected { handler, exception });
        self.statements(body);
        self.close_block();
        let high = self.unit.registers.end_watch(watch);
        self.statements(or_else);
        let last = self.unit.last_span().unwrap_or(span);
        self.jump(last, end);
        self.unit.bind_handler(handler, bound);
        let first = handlers.first().map_or(span, handler_span);
        self.open_block(BlockKind::Handler(exception), Region::Handled { exception });
        self.release_body(first, exception, high);
        if is_star {
            self.group_handlers(span, handlers, exception, end);
        } else {
            handlers.iter().for_each(|handler| self.handler(handler, exception, end));
        }
        self.close_block();
        self.emit(first, Op::Reraise { exception });
        self.unit.bind(end);
        self.unit.registers.give_back(mark);
    }

    fn handler(&mut self, handler: &'a ExceptHandler, exception: Register, end: Label) {
        let span = handler_span(handler);
        let next = self.unit.new_label();
        let mark = self.unit.registers.mark();
        if let Some(expression) = &handler.exception {
            let class = self.operand(expression, None);
            self.emit_jump(span, Op::JumpIfNotException { exception, class }, next);
        }
        match &handler.name {
            Some(name) => {
                let raised = self.unit.registers.take();
                let cleanup = self.unit.new_label();
                let bound = self.unit.bound();
                let mangled = self.mangled(&name.name);
                self.store_name(&mangled, exception, name.span);
                self.open_block(
                    BlockKind::NamedHandler(name),
                    Region::Protected { handler: cleanup, exception: raised },
                );
                self.statements(&handler.body);
                self.close_block();
                self.unbind_handler_name(name);
                self.emit(name.span, Op::Release { start: exception, count: 1 });
                self.jump(name.span, end);
                self.unit.bind_handler(cleanup, bound);
                self.unbind_handler_name(name);
                self.emit(name.span, Op::Reraise { exception: raised });
            }
            None => {
                self.statements(&handler.body);
                self.emit(span, Op::Release { start: exception, count: 1 });
                self.jump(span, end);
            }
        }
        self.unit.bind(next);
        self.unit.registers.give_back(mark);
    }

    /// Ends the life of `name` in `except E as name`.
    pub fn unbind_handler_name(&mut self, name: &'a Identifier) {
        let mangled = self.mangled(&name.name);
        self.unbind_name(&mangled, name.span);
    }

    /// The handlers of `except*`: each takes its part of what is left of the exception. What they raise
    /// and what nobody takes is raised together at the end.
    fn group_handlers(&mut self, span: Span, handlers: &'a [ExceptHandler], exception: Register, end: Label) {
        let mark = self.unit.registers.mark();
        // The two operands of the split and its two results are neighbours.
        let matched = self.unit.registers.take_row(2);
        let rest = Register(matched.0.saturating_add(1));
        let original = self.unit.registers.take_row(2);
        let raised_parts = Register(original.0.saturating_add(1));
        let first = handlers.first().map_or(span, handler_span);
        self.emit(first, Op::Move { dst: rest, src: exception });
        self.emit(first, Op::Move { dst: original, src: exception });
        self.emit(first, Op::BuildList { dst: raised_parts, start: raised_parts, count: 0 });
        for handler in handlers {
            self.group_handler(handler, matched, rest, raised_parts);
        }
        let all_handled = self.unit.new_label();
        let nothing_left = self.unit.new_label();
        self.emit_jump(first, Op::JumpIsNone { value: rest, expected: true }, nothing_left);
        self.emit(first, Op::ListAppend { list: raised_parts, value: rest });
        self.unit.bind(nothing_left);
        let result = self.unit.registers.take();
        self.emit(first, Op::Intrinsic { dst: result, start: original, function: Intrinsic::MergeExceptionGroup });
        self.emit_jump(first, Op::JumpIsNone { value: result, expected: true }, all_handled);
        self.emit(first, Op::Reraise { exception: result });
        self.unit.bind(all_handled);
        let count = (result.0 - exception.0).saturating_add(1);
        self.emit(first, Op::Release { start: exception, count });
        self.jump(first, end);
        self.unit.registers.give_back(mark);
    }

    fn group_handler(&mut self, handler: &'a ExceptHandler, matched: Register, rest: Register, raised_parts: Register) {
        let span = handler_span(handler);
        let mark = self.unit.registers.mark();
        let next = self.unit.new_label();
        let start = self.unit.registers.take_row(2);
        let raised = self.unit.registers.take();
        self.emit(span, Op::Move { dst: start, src: rest });
        if let Some(class) = &handler.exception {
            self.expression_to(class, Register(start.0.saturating_add(1)));
        }
        self.emit(span, Op::Intrinsic { dst: start, start, function: Intrinsic::SplitExceptionGroup });
        self.emit(span, Op::Unpack { src: start, start: matched, count: 2 });
        self.unit.registers.note_result(start);
        self.emit_jump(span, Op::JumpIsNone { value: matched, expected: true }, next);
        let cleanup = self.unit.new_label();
        let bound = self.unit.bound();
        if let Some(name) = &handler.name {
            let mangled = self.mangled(&name.name);
            self.store_name(&mangled, matched, name.span);
        }
        self.open_block(BlockKind::Handler(matched), Region::Handled { exception: matched });
        self.open_block(BlockKind::Plain, Region::Protected { handler: cleanup, exception: raised });
        self.statements(&handler.body);
        self.close_block();
        self.close_block();
        if let Some(name) = &handler.name {
            self.unbind_handler_name(name);
        }
        self.jump(span, next);
        self.unit.bind_handler(cleanup, bound);
        if let Some(name) = &handler.name {
            self.unbind_handler_name(name);
        }
        self.emit(span, Op::ListAppend { list: raised_parts, value: raised });
        self.emit(span, Op::Release { start: raised, count: 1 });
        self.unit.bind(next);
        self.unit.registers.give_back(mark);
    }
}

/// The part of a handler that an error in matching points at.
fn handler_span(handler: &ExceptHandler) -> Span {
    handler.exception.as_ref().map_or(handler.span, |expression| expression.span)
}
