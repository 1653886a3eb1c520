//! Displays (`[a, b]`, `{k: v}`) and f-strings: short ones in one instruction, long ones and those with
//! `*spread` in pieces.

use asy_grammar::ast::{self, Expression, ExpressionKind, FormatPart, Span};

use crate::bytecode::{Constant, Conversion, Op, Register};

use super::Compiler;
use super::fold::fold;

/// How many values one instruction gathers.
const CHUNK: usize = 30;

/// From how many constants on a list is copied from a constant tuple.
const COPIED_FROM: usize = 6;

impl<'a> Compiler<'a> {
    pub fn list_display(&mut self, span: Span, items: &'a [Expression], dst: Register) {
        if is_short(items) && items.len() < COPIED_FROM
            || is_short(items) && !items.iter().all(|item| fold(item).is_some())
        {
            let (mark, start, count) = self.row(items, dst);
            self.emit_result(span, dst, Op::BuildList { dst, start, count });
            return self.unit.registers.give_back(mark);
        }
        if self.unit.registers.is_temporary(dst) {
            return self.list_in_pieces(span, items, dst);
        }
        let mark = self.unit.registers.mark();
        let list = self.unit.registers.take();
        self.list_in_pieces(span, items, list);
        self.emit(span, Op::Move { dst, src: list });
        self.unit.registers.give_back(mark);
    }

    pub fn tuple_display(&mut self, span: Span, items: &'a [Expression], dst: Register) {
        let mark = self.unit.registers.mark();
        if is_short(items) {
            let (mark, start, count) = self.row(items, dst);
            self.emit_result(span, dst, Op::BuildTuple { dst, start, count });
            self.unit.registers.give_back(mark);
        } else {
            let list = self.unit.registers.window(dst);
            self.list_in_pieces(span, items, list);
            self.emit_result(span, dst, Op::ListToTuple { dst, list });
        }
        self.unit.registers.give_back(mark);
    }

    /// R[dst] = a tuple of what `work` puts in a row of `count` registers.
    pub fn tuple_of(
        &mut self,
        span: Span,
        dst: Register,
        count: usize,
        mut work: impl FnMut(&mut Compiler<'a>, usize, Register),
    ) {
        let mark = self.unit.registers.mark();
        let start = self.unit.registers.window(dst);
        if count <= CHUNK {
            for index in 0..count {
                let register = if index == 0 { start } else { self.unit.registers.take() };
                work(self, index, register);
            }
            self.emit_result(span, dst, Op::BuildTuple { dst, start, count: count as u8 });
        } else {
            self.emit_result(span, start, Op::BuildList { dst: start, start, count: 0 });
            let value = self.unit.registers.take();
            for index in 0..count {
                work(self, index, value);
                self.emit(span, Op::ListAppend { list: start, value });
            }
            self.emit_result(span, dst, Op::ListToTuple { dst, list: start });
        }
        self.unit.registers.give_back(mark);
    }

    /// R[list] = a list of the items, however many; `list` is a temporary.
    pub fn list_in_pieces(&mut self, span: Span, items: &'a [Expression], list: Register) {
        let plain = items.iter().take(CHUNK).take_while(|item| !is_starred(item)).count();
        if items.len() >= COPIED_FROM
            && let Some(constants) = items.iter().map(fold).collect::<Option<Vec<_>>>()
        {
            self.emit_result(span, list, Op::BuildList { dst: list, start: list, count: 0 });
            let iterable = self.unit.registers.take();
            self.load_constant(span, Constant::Tuple(constants), iterable);
            self.emit(span, Op::ListExtend { list, iterable, callee: list });
            return self.unit.registers.give_back(iterable.0 as u16);
        }
        let (mark, start, count) = self.row(&items[..plain], list);
        self.emit_result(span, list, Op::BuildList { dst: list, start, count });
        self.unit.registers.give_back(mark);
        for item in &items[plain..] {
            let mark = self.unit.registers.mark();
            match &item.kind {
                ExpressionKind::Starred(iterable) => {
                    let register = self.operand(iterable, None);
                    self.emit(iterable.span, Op::ListExtend { list, iterable: register, callee: list });
                }
                _ => {
                    let value = self.operand(item, None);
                    self.emit(item.span, Op::ListAppend { list, value });
                }
            }
            self.unit.registers.give_back(mark);
        }
    }

    /// `dst` is a temporary.
    pub fn set_to(&mut self, span: Span, items: &'a [Expression], dst: Register) {
        if items.len() > 2
            && let Some(constants) = items.iter().map(fold).collect::<Option<Vec<_>>>()
        {
            // Filled from a constant, as CPython does: the order of a small set shows it.
            self.emit_result(span, dst, Op::BuildSet { dst, start: dst, count: 0 });
            let iterable = self.unit.registers.take();
            self.load_constant(span, Constant::FrozenSet(constants), iterable);
            self.emit(span, Op::SetUpdate { set: dst, iterable });
            return self.unit.registers.give_back(iterable.0 as u16);
        }
        let plain = items.iter().take(CHUNK).take_while(|item| !is_starred(item)).count();
        let (mark, start, count) = self.row(&items[..plain], dst);
        self.emit_result(span, dst, Op::BuildSet { dst, start, count });
        self.unit.registers.give_back(mark);
        for item in &items[plain..] {
            let mark = self.unit.registers.mark();
            match &item.kind {
                ExpressionKind::Starred(iterable) => {
                    let register = self.operand(iterable, None);
                    self.emit(iterable.span, Op::SetUpdate { set: dst, iterable: register });
                }
                _ => {
                    let value = self.operand(item, None);
                    self.emit(item.span, Op::SetAdd { set: dst, value });
                }
            }
            self.unit.registers.give_back(mark);
        }
    }

    /// `dst` is a temporary.
    pub fn dict_to(&mut self, span: Span, items: &'a [(Option<Expression>, Expression)], dst: Register) {
        let plain = items.iter().take(CHUNK / 2).take_while(|(key, _)| key.is_some()).count();
        let mark = self.unit.registers.mark();
        let start = self.unit.registers.window(dst);
        let mut next = Some(start);
        for (key, value) in &items[..plain] {
            for part in key.iter().chain([value]) {
                let register = next.take().unwrap_or_else(|| self.unit.registers.take());
                self.expression_to(part, register);
            }
        }
        self.emit_result(span, dst, Op::BuildDict { dst, start, count: plain as u8 });
        self.unit.registers.give_back(mark);
        for (key, value) in &items[plain..] {
            let mark = self.unit.registers.mark();
            match key {
                Some(key) => {
                    let key_register = self.operand_before(key, None, value);
                    let value_register = self.operand(value, None);
                    self.emit(key.span, Op::DictInsert { dict: dst, key: key_register, value: value_register });
                }
                None => {
                    let mapping = self.operand(value, None);
                    self.emit(value.span, Op::DictUpdate { dict: dst, mapping });
                }
            }
            self.unit.registers.give_back(mark);
        }
    }

    /// Evaluates expressions into registers in a row. Gives what to go back to, the first and how many.
    fn row(&mut self, items: &'a [Expression], dst: Register) -> (u16, Register, u8) {
        let mark = self.unit.registers.mark();
        if items.is_empty() {
            return (mark, dst, 0);
        }
        let start = self.unit.registers.window(dst);
        for (index, item) in items.iter().enumerate() {
            let register = if index == 0 { start } else { self.unit.registers.take() };
            self.expression_to(item, register);
        }
        (mark, start, items.len() as u8)
    }

    /// An f-string. `dst` is a temporary.
    pub fn format_to(&mut self, span: Span, parts: &'a [FormatPart], dst: Register) {
        match parts {
            [] => return self.load_constant(span, Constant::Str("".into()), dst),
            [part] => return self.format_part(span, part, dst),
            _ => {}
        }
        let mark = self.unit.registers.mark();
        let start = self.unit.registers.window(dst);
        let mut count = 0;
        for part in parts {
            if count == CHUNK {
                self.emit(span, Op::BuildString { dst: start, start, count: CHUNK as u8 });
                self.unit.registers.give_back(start.0 as u16 + 1);
                count = 1;
            }
            let register = if count == 0 { start } else { self.unit.registers.take() };
            self.format_part(span, part, register);
            count += 1;
        }
        self.emit_plain(span, dst, Op::BuildString { dst, start, count: count as u8 });
        self.unit.registers.give_back(mark);
    }

    fn format_part(&mut self, span: Span, part: &'a FormatPart, dst: Register) {
        let (value, conversion, format) = match part {
            FormatPart::Literal(text) => return self.load_constant(span, Constant::Str(text.clone()), dst),
            FormatPart::Value { value, conversion, format } => (value, conversion, format),
        };
        let mark = self.unit.registers.mark();
        let value_span = value.span;
        let mut register = self.operand(value, Some(dst));
        let conversion = match conversion {
            ast::Conversion::None => None,
            ast::Conversion::Str => Some(Conversion::Str),
            ast::Conversion::Repr => Some(Conversion::Repr),
            ast::Conversion::Ascii => Some(Conversion::Ascii),
        };
        if let Some(conversion) = conversion {
            self.emit_plain(value_span, dst, Op::Convert { dst, value: register, conversion });
            register = dst;
        }
        match format {
            Some(format) => {
                let is_literal = format.iter().all(|part| matches!(part, FormatPart::Literal(_)));
                if !is_literal && !self.unit.registers.is_temporary(register) {
                    self.emit_plain(value_span, dst, Op::Move { dst, src: register });
                    register = dst;
                }
                let spec = self.unit.registers.take();
                self.format_to(span, format, spec);
                self.emit_plain(value_span, dst, Op::FormatWith { dst, value: register, spec });
            }
            None => self.emit_plain(value_span, dst, Op::Format { dst, value: register }),
        }
        self.unit.registers.give_back(mark);
    }
}

pub fn is_starred(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Starred(_))
}

fn is_short(items: &[Expression]) -> bool {
    items.len() <= CHUNK && !items.iter().any(is_starred)
}
