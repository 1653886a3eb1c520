//! Comprehensions, which run in the frame around them, and generator expressions, which are functions
//! of their own that get the first iterator as their parameter.

use std::rc::Rc;

use asy_grammar::ast::{Comprehension, ComprehensionClause, Expression, ExpressionKind, Span};

use crate::bytecode::{CodeKind, Op, Register};

use super::Compiler;
use super::emit::Label;
use super::registers::Place;
use super::scope::{ScopeId, node_key};

/// What becomes of each element.
#[derive(Clone, Copy)]
enum Element<'a> {
    List(Register, &'a Expression),
    Set(Register, &'a Expression),
    Dict(Register, &'a Expression, &'a Expression),
    Yield(&'a Expression),
}

impl<'a> Compiler<'a> {
    /// R[dst] = the list, set or dict. `dst` is a temporary.
    pub fn comprehension_to(&mut self, expression: &'a Expression, dst: Register) {
        let span = expression.span;
        let (key, clauses, element, build) = match &expression.kind {
            ExpressionKind::ListComprehension(inner) => {
                let build = Op::BuildList { dst, start: dst, count: 0 };
                (node_key(&**inner), &inner.clauses, Element::List(dst, &inner.element), build)
            }
            ExpressionKind::SetComprehension(inner) => {
                let build = Op::BuildSet { dst, start: dst, count: 0 };
                (node_key(&**inner), &inner.clauses, Element::Set(dst, &inner.element), build)
            }
            ExpressionKind::DictComprehension { key, value, clauses } => {
                let build = Op::BuildDict { dst, start: dst, count: 0 };
                (node_key(&**key), clauses, Element::Dict(dst, key, value), build)
            }
            _ => return,
        };
        let (Some(first), Some(scope)) = (clauses.first(), self.scopes.of_node(key)) else { return };
        let mark = self.unit.registers.mark();
        let iterator = self.unit.registers.take();
        self.first_iterator(first, iterator);
        if first.is_async {
            self.unit.registers.take();
        }
        self.open_inline_scope(scope, span);
        self.emit_result(span, dst, build);
        self.clauses(clauses, iterator, element);
        self.close_inline_scope(span);
        self.unit.registers.give_back(mark);
    }

    /// R[iterator] = what the first clause goes through, evaluated in the scope around.
    fn first_iterator(&mut self, clause: &'a ComprehensionClause, iterator: Register) {
        let span = clause.iterable.span;
        let iterable = self.iterable(clause.is_async, &clause.iterable, iterator);
        if clause.is_async {
            self.emit_plain(span, iterator, Op::GetAsyncIterator { dst: iterator, src: iterable });
        } else {
            self.emit_plain(span, iterator, Op::GetIterator { dst: iterator, iterable });
        }
    }

    /// Emits the loops from the first of `clauses` on; its iterator is in a register already. The
    /// register after it is free for an async one.
    fn clauses(&mut self, clauses: &'a [ComprehensionClause], iterator: Register, element: Element<'a>) {
        let Some((clause, rest)) = clauses.split_first() else { return };
        let (head, next, end) = (self.unit.new_label(), self.unit.new_label(), self.unit.new_label());
        let span = clause.target.span.to(clause.iterable.span);
        if clause.is_async {
            self.emit(span, Op::Release { start: Register(iterator.0.saturating_add(1)), count: 1 });
        }
        self.unit.conditional += 1;
        self.unit.bind(head);
        self.next_into(clause.is_async, clause.iterable.span, &clause.target, iterator, end);
        for condition in &clause.conditions {
            self.condition(condition, false, next);
        }
        let mark = self.unit.registers.mark();
        match rest.first() {
            Some(inner) => {
                let iterator = self.unit.registers.take();
                self.first_iterator(inner, iterator);
                if inner.is_async {
                    self.unit.registers.take();
                }
                self.clauses(rest, iterator, element);
            }
            None => self.element(element),
        }
        self.unit.registers.give_back(mark);
        self.unit.bind(next);
        self.jump(span, head);
        self.unit.bind(end);
        self.unit.conditional -= 1;
        self.emit(span, Op::Release { start: iterator, count: 1 });
        self.unit.registers.forget_result(iterator);
    }

    /// Takes the next value of an iterator into a target, or jumps to `end`.
    pub fn next_into(&mut self, is_async: bool, span: Span, target: &'a Expression, iterator: Register, end: Label) {
        let mark = self.unit.registers.mark();
        let direct = match &target.kind {
            ExpressionKind::Name(name) => {
                let name = self.mangled(name);
                self.register_of(&name, target.span).map(|register| (name, register))
            }
            _ => None,
        };
        let dst = match &direct {
            Some((_, register)) => *register,
            None => self.unit.registers.take(),
        };
        let op = if is_async { Op::AsyncForNext { dst, iterator } } else { Op::ForNext { dst, iterator } };
        self.emit_jump(span, op, end);
        match direct {
            Some((name, register)) => self.note_bound(&name, register),
            None => {
                self.assign_register(target, dst);
                self.unit.registers.note_result(dst);
            }
        }
        self.unit.registers.give_back(mark);
    }

    fn element(&mut self, element: Element<'a>) {
        match element {
            Element::List(list, value) => {
                let register = self.operand(value, None);
                self.emit(value.span, Op::ListAppend { list, value: register });
            }
            Element::Set(set, value) => {
                let register = self.operand(value, None);
                self.emit(value.span, Op::SetAdd { set, value: register });
            }
            Element::Dict(dict, key, value) => {
                let key_register = self.operand_before(key, None, value);
                let value_register = self.operand(value, None);
                self.emit(key.span.to(value.span), Op::DictInsert { dict, key: key_register, value: value_register });
            }
            Element::Yield(value) => {
                let register = self.operand(value, None);
                let dst = self.unit.registers.take();
                self.emit(value.span, Op::Yield { dst, src: register });
            }
        }
    }

    /// R[dst] = the generator of a generator expression.
    pub fn generator_to(&mut self, span: Span, comprehension: &'a Comprehension, dst: Register) {
        let key = node_key(comprehension);
        let (Some(first), Some(scope)) = (comprehension.clauses.first(), self.scopes.of_node(key)) else { return };
        let mark = self.unit.registers.mark();
        let callee = self.unit.registers.window(dst);
        let earlier = self.unit.registers.results();
        let argument = self.unit.registers.take();
        self.first_iterator(first, argument);
        let code = self.generator_code(span, comprehension, scope);
        self.make_function(span, code, callee);
        self.emit(span, Op::Call { dst, callee, count: 1 });
        self.unit.registers.restore_results(callee.0 as u16, &earlier);
        self.unit.registers.note_result(dst);
        self.unit.registers.give_back(mark);
    }

    fn generator_code(
        &mut self,
        span: Span,
        comprehension: &'a Comprehension,
        scope: ScopeId,
    ) -> Rc<crate::bytecode::Code> {
        let name: Rc<str> = "<genexpr>".into();
        let parameter: Rc<str> = ".0".into();
        let captures = self.captures_of(scope, span);
        let unit = self.function_unit(name.clone(), self.inner_name(&name), scope);
        let kind = match self.scopes.get(scope).awaits {
            Some(_) => CodeKind::AsyncGenerator,
            None => CodeKind::Generator,
        };
        let line = self.line(span);
        let (code, _) = self.in_unit(unit, |compiler| {
            compiler.place_variables(span);
            let given = match compiler.unit.registers.places.get(&(scope, parameter.clone())) {
                Some(Place::Register(register)) => *register,
                _ => Register(0),
            };
            // An async iterator needs the register behind it.
            let iterator = compiler.unit.registers.take_row(2);
            compiler.emit(span, Op::Move { dst: iterator, src: given });
            compiler.emit(span, Op::Release { start: given, count: 1 });
            compiler.clauses(&comprehension.clauses, iterator, Element::Yield(&comprehension.element));
            let mut code = compiler.blank_code(kind, line);
            code.positional_count = 1;
            code.positional_only_count = 1;
            code.parameter_names = vec![parameter.clone()];
            code.captures = captures;
            compiler.finish_unit(code)
        });
        code
    }
}
