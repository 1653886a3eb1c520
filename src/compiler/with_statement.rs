//! `with` and `async with`: each item is a block whose exit is called on every way out.

use asy_grammar::ast::{ExpressionKind, Span, Statement, WithItem};

use crate::bytecode::{AwaitContext, Op, Register};

use super::Compiler;
use super::block::{BlockKind, Region};

impl<'a> Compiler<'a> {
    pub fn with_statement(&mut self, is_async: bool, items: &'a [WithItem], body: &'a [Statement]) {
        let Some((item, rest)) = items.split_first() else { return self.statements(body) };
        let span = item.context.span;
        let mark = self.unit.registers.mark();
        let exit = self.unit.registers.take();
        let exception = self.unit.registers.take();
        let entered = self.unit.registers.take();
        let manager = self.operand(&item.context, Some(entered));
        let direct = match item.target.as_ref().map(|target| &target.kind) {
            Some(ExpressionKind::Name(name)) => {
                let name = self.mangled(name);
                self.register_of(&name, span).map(|register| (name, register))
            }
            _ => None,
        };
        let dst = direct.as_ref().map_or(entered, |(_, register)| *register);
        if is_async {
            self.emit(span, Op::EnterAsyncWith { dst: entered, exit, manager });
            self.await_to(span, entered, AwaitContext::AsyncEnter, entered, dst);
        } else {
            self.emit_result(span, dst, Op::EnterWith { dst, exit, manager });
        }
        if let Some((name, register)) = &direct {
            self.note_bound(name, *register);
        }
        let (handler, swallowed, end) = (self.unit.new_label(), self.unit.new_label(), self.unit.new_label());
        let bound = self.unit.bound();
        let watch = self.unit.registers.begin_watch();
        self.open_block(BlockKind::With { exit, is_async, span }, Region::Protected { handler, exception });
        if let (None, Some(target)) = (&direct, &item.target) {
            self.assign_register(target, dst);
        }
        self.with_statement(is_async, rest, body);
        self.close_block();
        let high = self.unit.registers.end_watch(watch);
        self.call_exit(exit, is_async, span);
        self.jump(span, end);
        self.unit.bind_handler(handler, bound);
        self.open_block(BlockKind::Handler(exception), Region::Handled { exception });
        self.release_body(span, exception, high);
        self.emit_result(span, entered, Op::CallExitWith { dst: entered, exit, exception });
        if is_async {
            self.await_to(span, entered, AwaitContext::AsyncExit, entered, entered);
        }
        self.emit_jump(span, Op::JumpIfTrue { condition: entered }, swallowed);
        self.close_block();
        self.emit(span, Op::Reraise { exception });
        self.unit.bind(swallowed);
        self.emit(span, Op::Release { start: exit, count: 2 });
        self.unit.bind(end);
        self.release_results(mark, span);
        self.unit.registers.give_back(mark);
    }

    /// Calls an exit when there is no exception.
    pub fn call_exit(&mut self, exit: Register, is_async: bool, span: Span) {
        let mark = self.unit.registers.mark();
        let dst = self.unit.registers.take();
        self.emit_result(span, dst, Op::CallExit { dst, exit });
        if is_async {
            self.await_to(span, dst, AwaitContext::AsyncExit, dst, dst);
        }
        self.emit(span, Op::Release { start: exit, count: 1 });
        self.unit.registers.give_back(mark);
    }
}
