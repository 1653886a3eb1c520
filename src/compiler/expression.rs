//! Expressions: from a node to a register that holds its value.
//!
//! `operand` finds or makes a register with the value, `expression_to` puts it where it is wanted. A
//! destination that is a temporary holds nothing of value and may be used as scratch on the way; one
//! that belongs to a variable is written once, at the very end, so that an exception on the way leaves
//! the variable as it was.

use asy_grammar::ast::{Expression, ExpressionKind, Name, Span};

use crate::bytecode::{AwaitContext, Op, Register};

use super::Compiler;
use super::display::is_starred;
use super::fold::{fold, plain};
use super::operator::small_int;
use super::scope::{Binding, node_key};

impl<'a> Compiler<'a> {
    /// A register that holds the value. A local variable is given as it is; else `room` is used, or a
    /// new temporary.
    pub fn operand(&mut self, expression: &'a Expression, room: Option<Register>) -> Register {
        match &expression.kind {
            ExpressionKind::Name(name) => self.load_name(name, expression.span, room),
            ExpressionKind::Named { target, value } => {
                let name = self.mangled(&target.name);
                match self.register_of(&name, target.span) {
                    Some(register) => {
                        self.expression_to(value, register);
                        self.note_bound(&name, register);
                        register
                    }
                    None => {
                        let value = self.operand(value, room);
                        self.store_name(&name, value, expression.span);
                        value
                    }
                }
            }
            _ => {
                let dst = room.unwrap_or_else(|| self.unit.registers.take());
                self.expression_to(expression, dst);
                dst
            }
        }
    }

    /// As `operand`, for an operand that must still hold its value after `later` was evaluated.
    pub fn operand_before(
        &mut self,
        expression: &'a Expression,
        room: Option<Register>,
        later: &Expression,
    ) -> Register {
        let register = self.operand(expression, room);
        self.keep_over(expression, register, room, later)
    }

    fn keep_over(
        &mut self,
        expression: &'a Expression,
        register: Register,
        room: Option<Register>,
        later: &Expression,
    ) -> Register {
        let name = match &expression.kind {
            ExpressionKind::Name(name) => name,
            ExpressionKind::Named { target, .. } => &target.name,
            _ => return register,
        };
        if is_simple(later) || self.unit.registers.is_temporary(register) || !self.is_rebound_by_expressions(name) {
            return register;
        }
        let dst = room.unwrap_or_else(|| self.unit.registers.take());
        self.emit_plain(expression.span, dst, Op::Move { dst, src: register });
        dst
    }

    /// Whether some `:=` binds the variable.
    fn is_rebound_by_expressions(&self, name: &Name) -> bool {
        let name = self.mangled(name);
        match self.binding(&name) {
            Binding::Variable(owner) => self.scopes.variable(owner, &name).is_some_and(|symbol| symbol.is_named),
            _ => false,
        }
    }

    /// The destination as scratch, if it may be used so.
    pub fn room(&self, dst: Register) -> Option<Register> {
        self.unit.registers.is_temporary(dst).then_some(dst)
    }

    /// Runs `work` with a temporary and puts the outcome in `dst`: for what is built in steps.
    fn staged(&mut self, span: Span, dst: Register, work: impl FnOnce(&mut Compiler<'a>, Register)) {
        if self.unit.registers.is_temporary(dst) {
            return work(self, dst);
        }
        let mark = self.unit.registers.mark();
        let temporary = self.unit.registers.take();
        work(self, temporary);
        self.emit(span, Op::Move { dst, src: temporary });
        self.unit.registers.note_result(temporary);
        self.unit.registers.give_back(mark);
    }

    /// R[dst] = the value of the expression.
    pub fn expression_to(&mut self, expression: &'a Expression, dst: Register) {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Constant(constant) => self.load_constant(span, plain(constant), dst),
            ExpressionKind::Name(_) | ExpressionKind::Named { .. } => {
                let src = self.operand(expression, Some(dst));
                if src != dst {
                    self.emit_plain(span, dst, Op::Move { dst, src });
                    self.unit.registers.note_result(dst);
                }
            }
            ExpressionKind::Binary { left, operator, right } => match fold(expression) {
                Some(constant) => self.load_constant(span, constant, dst),
                None => self.binary_to(span, left, *operator, right, dst),
            },
            ExpressionKind::Unary { operator, operand } => match fold(expression) {
                Some(constant) => self.load_constant(span, constant, dst),
                None => self.unary_to(span, *operator, operand, dst),
            },
            ExpressionKind::Boolean { operator, operands } => {
                self.staged(span, dst, |compiler, dst| compiler.boolean_to(*operator, operands, dst));
            }
            ExpressionKind::Compare { left, comparisons } if comparisons.len() == 1 => {
                self.compare_to(span, left, comparisons, dst);
            }
            ExpressionKind::Compare { left, comparisons } => {
                self.staged(span, dst, |compiler, dst| compiler.compare_to(span, left, comparisons, dst));
            }
            ExpressionKind::Conditional { test, body, or_else } => self.conditional_to(test, body, or_else, dst),
            ExpressionKind::Lambda { parameters, body } => self.lambda(span, parameters, body, dst),
            ExpressionKind::Dict(items) => {
                self.staged(span, dst, |compiler, dst| compiler.dict_to(span, items, dst));
            }
            ExpressionKind::Set(items) => {
                self.staged(span, dst, |compiler, dst| compiler.set_to(span, items, dst));
            }
            ExpressionKind::List(items) => self.list_display(span, items, dst),
            ExpressionKind::Tuple(items) => match fold(expression) {
                Some(constant) => self.load_constant(span, constant, dst),
                None => self.tuple_display(span, items, dst),
            },
            ExpressionKind::ListComprehension(_)
            | ExpressionKind::SetComprehension(_)
            | ExpressionKind::DictComprehension { .. } => {
                self.staged(span, dst, |compiler, dst| compiler.comprehension_to(expression, dst));
            }
            ExpressionKind::Generator(comprehension) => self.generator_to(span, comprehension, dst),
            ExpressionKind::Await(operand) => {
                let mark = self.unit.registers.mark();
                let room = self.room(dst);
                let src = self.operand(operand, room);
                let delegate = match room {
                    Some(room) => room,
                    None if self.unit.registers.is_temporary(src) => src,
                    None => self.unit.registers.take(),
                };
                self.await_to(span, src, AwaitContext::Await, delegate, dst);
                self.unit.registers.give_back(mark);
            }
            ExpressionKind::Yield(operand) => {
                let mark = self.unit.registers.mark();
                let room = self.room(dst);
                let src = match operand {
                    Some(operand) => self.operand(operand, room),
                    None => {
                        let src = room.unwrap_or_else(|| self.unit.registers.take());
                        self.emit(span, Op::LoadNone { dst: src });
                        src
                    }
                };
                self.emit_plain(span, dst, Op::Yield { dst, src });
                self.unit.registers.give_back(mark);
            }
            ExpressionKind::YieldFrom(operand) => {
                let mark = self.unit.registers.mark();
                let room = self.room(dst);
                let src = self.operand(operand, room);
                let delegate = room.unwrap_or_else(|| self.unit.registers.take());
                self.emit(span, Op::GetYieldFromIterator { dst: delegate, src });
                self.emit(span, Op::YieldFrom { dst, delegate });
                self.unit.registers.forget_result(delegate);
                self.unit.registers.note_result(dst);
                self.unit.registers.give_back(mark);
            }
            ExpressionKind::Call { function, arguments } => self.call(span, function, arguments, dst),
            ExpressionKind::Format(parts) => {
                self.staged(span, dst, |compiler, dst| compiler.format_to(span, parts, dst));
            }
            ExpressionKind::Attribute { object, name } => {
                let mark = self.unit.registers.mark();
                let room = self.room(dst);
                let object = self.operand(object, room);
                let name = self.mangled(&name.name);
                let name = self.unit.name(&name);
                self.emit_data(span, Op::LoadAttribute { dst, object }, name);
                if self.unit.conditional == 0 {
                    self.unit.registers.forget_result(dst);
                }
                self.unit.registers.give_back(mark);
            }
            ExpressionKind::Subscript { object, index } => self.subscript_to(span, object, index, dst),
            ExpressionKind::Starred(operand) => {
                self.error(span, "can't use starred expression here");
                self.expression_to(operand, dst);
            }
            ExpressionKind::Slice { lower, upper, step } => {
                let mark = self.unit.registers.mark();
                let start = self.unit.registers.window(dst);
                for (index, part) in [lower, upper, step].into_iter().enumerate() {
                    let register = if index == 0 { start } else { self.unit.registers.take() };
                    match part {
                        Some(part) => self.expression_to(part, register),
                        None => self.emit(span, Op::LoadNone { dst: register }),
                    }
                }
                self.emit_plain(span, dst, Op::BuildSlice { dst, start });
                self.unit.registers.give_back(mark);
            }
        }
    }

    /// Evaluates an expression for what it does.
    pub fn effect(&mut self, expression: &'a Expression) {
        if fold(expression).is_some() {
            return;
        }
        let mark = self.unit.registers.mark();
        self.operand(expression, None);
        self.unit.registers.give_back(mark);
    }

    /// R[dst] = await R[src], by way of the register `delegate`.
    pub fn await_to(&mut self, span: Span, src: Register, context: AwaitContext, delegate: Register, dst: Register) {
        if src == delegate {
            self.unit.note_awaited(src);
        }
        self.emit(span, Op::GetAwaitable { dst: delegate, src, context });
        self.emit(span, Op::YieldFrom { dst, delegate });
        self.unit.registers.forget_result(delegate);
        self.unit.registers.note_result(dst);
    }

    fn conditional_to(&mut self, test: &'a Expression, body: &'a Expression, or_else: &'a Expression, dst: Register) {
        let (other, end) = (self.unit.new_label(), self.unit.new_label());
        self.condition(test, false, other);
        self.unit.conditional += 1;
        self.expression_to(body, dst);
        self.jump(body.span, end);
        self.unit.bind(other);
        self.expression_to(or_else, dst);
        self.unit.conditional -= 1;
        self.unit.bind(end);
    }

    fn subscript_to(&mut self, span: Span, object: &'a Expression, index: &'a Expression, dst: Register) {
        let mark = self.unit.registers.mark();
        let room = self.room(dst);
        let object = self.operand_before(object, room, index);
        let op = match small_int(index) {
            Some(index) => Op::LoadItemInt { dst, object, index },
            None => {
                let room = room.filter(|&room| room != object);
                let index = self.index(index, room);
                Op::LoadItem { dst, object, index }
            }
        };
        self.emit_plain(span, dst, op);
        self.unit.registers.give_back(mark);
    }

    /// A register with what stands in the brackets of a subscript: a lone `*items` is a tuple.
    pub fn index(&mut self, index: &'a Expression, room: Option<Register>) -> Register {
        if !is_starred(index) {
            return self.operand(index, room);
        }
        let dst = room.unwrap_or_else(|| self.unit.registers.take());
        self.tuple_display(index.span, std::slice::from_ref(index), dst);
        dst
    }

    fn lambda(
        &mut self,
        span: Span,
        parameters: &'a asy_grammar::ast::Parameters,
        body: &'a Expression,
        dst: Register,
    ) {
        let mark = self.unit.registers.mark();
        let parts = self.default_values(span, parameters);
        let code = self.lambda_code(span, parameters, body, node_key(parameters));
        self.staged(span, dst, |compiler, dst| {
            compiler.make_function(span, code, dst);
            compiler.set_function_parts(span, dst, &parts);
        });
        self.unit.registers.give_back(mark);
    }
}

/// Whether evaluating an expression binds nothing, seen at a glance.
pub fn is_simple(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Constant(_) | ExpressionKind::Name(_))
}
