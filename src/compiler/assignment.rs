//! Assignment: to names, attributes, items and patterns of them; augmented and annotated.

use asy_grammar::ast::{BinaryOperator, Expression, ExpressionKind, Name, Span, Statement, StatementKind};

use crate::bytecode::{Constant, Intrinsic, Op, Register};

use super::Compiler;
use super::display::is_starred;
use super::expression::is_simple;
use super::operator::small_int;

/// The most targets that one instruction unpacks into.
const MOST_TARGETS: usize = 200;

/// The most targets before a star, as in CPython.
const MOST_BEFORE_STAR: usize = 255;

/// The most values that are assigned one by one without a tuple.
const MOST_IN_PLACE: usize = 16;

impl<'a> Compiler<'a> {
    pub fn assign(&mut self, targets: &'a [Expression], value: &'a Expression) {
        let mark = self.unit.registers.mark();
        match targets {
            [target] => self.assign_expression(target, value),
            _ => {
                let only_names = targets.iter().all(|target| matches!(target.kind, ExpressionKind::Name(_)));
                let register = if only_names {
                    self.operand(value, None)
                } else {
                    let register = self.unit.registers.take();
                    self.expression_to(value, register);
                    register
                };
                targets.iter().for_each(|target| self.assign_register(target, register));
                self.unit.registers.note_result(register);
            }
        }
        self.unit.registers.give_back(mark);
    }

    /// `target = value`, straight into the target where that can be.
    fn assign_expression(&mut self, target: &'a Expression, value: &'a Expression) {
        match (&target.kind, &value.kind) {
            (ExpressionKind::Name(name), _) => {
                let name = self.mangled(name);
                match self.register_of(&name, target.span) {
                    Some(register) => {
                        self.expression_to(value, register);
                        self.note_bound(&name, register);
                    }
                    None => {
                        let register = self.operand(value, None);
                        self.store_name(&name, register, target.span);
                    }
                }
            }
            (
                ExpressionKind::Tuple(targets) | ExpressionKind::List(targets),
                ExpressionKind::Tuple(values) | ExpressionKind::List(values),
            ) if targets.len() == values.len()
                && targets.len() <= MOST_IN_PLACE
                && !targets.iter().chain(values).any(is_starred) =>
            {
                self.assign_each(targets, values);
            }
            _ => {
                let register = self.operand(value, None);
                self.assign_register(target, register);
            }
        }
    }

    /// `a, b = c, d` without a tuple: all values first, then the targets from left to right.
    fn assign_each(&mut self, targets: &'a [Expression], values: &'a [Expression]) {
        let mut registers = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let mut later = values[index + 1..].iter();
            let register = match later.find(|later| !is_simple(later)) {
                Some(later) => self.operand_before(value, None, later),
                None => self.operand(value, None),
            };
            // A variable is used where it lives, unless a target before this one changes it.
            let is_changed =
                !self.unit.registers.is_temporary(register) && self.is_written_by(&targets[..index], register);
            if is_changed {
                let dst = self.unit.registers.take();
                self.emit_plain(value.span, dst, Op::Move { dst, src: register });
                self.unit.registers.note_result(dst);
                registers.push(dst);
            } else {
                registers.push(register);
            }
        }
        for (target, register) in targets.iter().zip(registers) {
            self.assign_register(target, register);
        }
    }

    fn is_written_by(&mut self, targets: &'a [Expression], register: Register) -> bool {
        targets.iter().any(|target| match &target.kind {
            ExpressionKind::Name(name) => {
                let name = self.mangled(name);
                self.register_of(&name, target.span) == Some(register)
            }
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => self.is_written_by(items, register),
            _ => false,
        })
    }

    /// Remembers `self.name = ...` for the class around it.
    fn note_attribute(&mut self, object: &Expression, name: &Name) {
        if let ExpressionKind::Name(object) = &object.kind
            && &**object == "self"
            && let Some(attributes) = self.attributes_of_self.last_mut()
        {
            attributes.insert(name.clone());
        }
    }

    /// `target = R[src]`
    pub fn assign_register(&mut self, target: &'a Expression, src: Register) {
        let span = target.span;
        let mark = self.unit.registers.mark();
        match &target.kind {
            ExpressionKind::Name(name) => {
                let name = self.mangled(name);
                self.store_name(&name, src, span);
            }
            ExpressionKind::Attribute { object, name } => {
                self.note_attribute(object, &name.name);
                let object = self.operand(object, None);
                let name = self.mangled(&name.name);
                let name = self.unit.name(&name);
                self.emit_data(span, Op::StoreAttribute { object, value: src }, name);
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand_before(object, None, index);
                let index = self.index(index, None);
                self.emit(span, Op::StoreItem { object, index, value: src });
            }
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => self.unpack(span, items, src),
            ExpressionKind::Starred(inner) => self.assign_register(inner, src),
            _ => self.error(span, "cannot assign to this expression"),
        }
        self.unit.registers.give_back(mark);
    }

    fn unpack(&mut self, span: Span, targets: &'a [Expression], src: Register) {
        let star = targets.iter().position(is_starred);
        if star.is_some_and(|before| before > MOST_BEFORE_STAR) {
            return self.error(span, "too many expressions in star-unpacking assignment");
        }
        if targets.len() > MOST_TARGETS {
            return self.unpack_many(span, targets, star, src);
        }
        let count = targets.len() as u8;
        if star.is_none()
            && let Some(start) = self.consecutive_variables(targets)
        {
            self.emit(span, Op::Unpack { src, start, count });
            for (index, target) in targets.iter().enumerate() {
                if let ExpressionKind::Name(name) = &target.kind {
                    let name = self.mangled(name);
                    self.note_bound(&name, Register(start.0 + index as u8));
                }
            }
            return;
        }
        let start = if targets.is_empty() { src } else { self.unit.registers.take_row(targets.len()) };
        match star {
            None => self.emit(span, Op::Unpack { src, start, count }),
            Some(before) => {
                let after = targets.len() - before - 1;
                self.emit_data(span, Op::UnpackStar { src, start, before: before as u8 }, after);
            }
        }
        for (index, target) in targets.iter().enumerate() {
            let register = Register(start.0.saturating_add(index as u8));
            self.unit.registers.note_result(register);
            self.assign_register(target, register);
        }
    }

    /// Unpacks into a list, and from there to targets that are too many for a row of registers.
    fn unpack_many(&mut self, span: Span, targets: &'a [Expression], star: Option<usize>, src: Register) {
        let operands = self.unit.registers.take_row(3);
        let operand = |index: u8| Register(operands.0.saturating_add(index));
        let constant = |count: Option<usize>| count.map_or(Constant::None, |count| Constant::Int(count as i64));
        self.emit(span, Op::Move { dst: operands, src });
        self.load_constant(span, constant(Some(star.unwrap_or(targets.len()))), operand(1));
        self.load_constant(span, constant(star.map(|before| targets.len() - before - 1)), operand(2));
        self.emit(span, Op::Intrinsic { dst: operands, start: operands, function: Intrinsic::UnpackMany });
        for (index, target) in targets.iter().enumerate() {
            let item = operand(1);
            self.load_constant(target.span, Constant::Int(index as i64), item);
            self.emit(target.span, Op::LoadItem { dst: item, object: operands, index: item });
            self.unit.registers.note_result(item);
            self.assign_register(target, item);
        }
    }

    /// The first register of the targets, when they are variables in registers in a row.
    fn consecutive_variables(&mut self, targets: &'a [Expression]) -> Option<Register> {
        let mut start = None;
        for (index, target) in targets.iter().enumerate() {
            let ExpressionKind::Name(name) = &target.kind else { return None };
            let name = self.mangled(name);
            let register = self.register_of(&name, target.span)?;
            let first = *start.get_or_insert(register);
            if register.0 as usize != first.0 as usize + index {
                return None;
            }
        }
        start
    }

    /// `target operator= value`
    pub fn augmented_assign(
        &mut self,
        span: Span,
        target: &'a Expression,
        operator: BinaryOperator,
        value: &'a Expression,
    ) {
        let mark = self.unit.registers.mark();
        match &target.kind {
            ExpressionKind::Name(name) => {
                let left = self.operand_before(target, None, value);
                let name = self.mangled(name);
                match self.register_of(&name, target.span) {
                    Some(dst) => self.in_place_right(span, left, operator, value, dst),
                    None => {
                        self.in_place_right(span, left, operator, value, left);
                        self.store_name(&name, left, span);
                    }
                }
            }
            ExpressionKind::Attribute { object, name } => {
                self.note_attribute(object, &name.name);
                let object = self.operand_before(object, None, value);
                let result = self.unit.registers.take();
                let name = self.mangled(&name.name);
                let load = self.unit.name(&name);
                self.emit_data(target.span, Op::LoadAttribute { dst: result, object }, load);
                self.in_place_right(span, result, operator, value, result);
                let store = self.unit.name(&name);
                self.emit_data(target.span, Op::StoreAttribute { object, value: result }, store);
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand_before(object, None, index);
                let object = self.keep_variable(object, value);
                let index_register = self.operand_before(index, None, value);
                let result = self.unit.registers.take();
                match small_int(index) {
                    Some(index) => self.emit(target.span, Op::LoadItemInt { dst: result, object, index }),
                    None => self.emit(target.span, Op::LoadItem { dst: result, object, index: index_register }),
                }
                self.in_place_right(span, result, operator, value, result);
                self.emit(target.span, Op::StoreItem { object, index: index_register, value: result });
            }
            _ => self.error(target.span, "illegal expression for augmented assignment"),
        }
        self.unit.registers.give_back(mark);
    }

    /// A register with the value of a variable that `:=` in `later` cannot change.
    fn keep_variable(&mut self, register: Register, later: &Expression) -> Register {
        let has_named = self.scopes.get(self.unit.frame).symbols.values().any(|symbol| symbol.is_named);
        if is_simple(later) || !has_named || self.unit.registers.is_temporary(register) {
            return register;
        }
        let dst = self.unit.registers.take();
        self.emit_plain(later.span, dst, Op::Move { dst, src: register });
        dst
    }

    /// `target: annotation = value`
    pub fn annotated_assign(
        &mut self,
        target: &'a Expression,
        annotation: &'a Expression,
        value: Option<&'a Expression>,
        simple: bool,
    ) {
        let mark = self.unit.registers.mark();
        match value {
            Some(value) => self.assign_expression(target, value),
            None if !simple => self.evaluate_target(target),
            None => {}
        }
        self.unit.registers.give_back(mark);
        if self.scopes.is_function_frame(self.unit.frame) {
            return;
        }
        let span = annotation.span;
        match &target.kind {
            ExpressionKind::Name(name) if simple => {
                let value = self.unit.registers.take();
                self.annotation_to(annotation, value);
                let (dict, key) = (self.unit.registers.take(), self.unit.registers.take());
                self.emit(span, Op::Intrinsic { dst: dict, start: dict, function: Intrinsic::Annotations });
                let name = self.mangled(name);
                self.load_constant(span, Constant::Str(name), key);
                self.emit(span, Op::StoreItem { object: dict, index: key, value });
                self.unit.registers.note_result(value);
            }
            _ if self.annotations_are_text => {}
            _ => self.effect(annotation),
        }
        self.unit.registers.give_back(mark);
    }

    /// Evaluates the parts of a target that nothing is assigned to.
    fn evaluate_target(&mut self, target: &'a Expression) {
        match &target.kind {
            ExpressionKind::Attribute { object, .. } => self.effect(object),
            ExpressionKind::Subscript { object, index } => {
                self.effect(object);
                self.effect(index);
            }
            _ => {}
        }
    }

    pub fn delete(&mut self, target: &'a Expression) {
        let span = target.span;
        let mark = self.unit.registers.mark();
        match &target.kind {
            ExpressionKind::Name(name) => {
                let name = self.mangled(name);
                self.delete_name(&name, span);
            }
            ExpressionKind::Attribute { object, name } => {
                let object = self.operand(object, None);
                let name = self.mangled(&name.name);
                let name = self.unit.name(&name);
                self.emit_data(span, Op::DeleteAttribute { object }, name);
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand_before(object, None, index);
                let index = self.index(index, None);
                self.emit(span, Op::DeleteItem { object, index });
            }
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                items.iter().for_each(|item| self.delete(item));
            }
            _ => self.error(span, "cannot delete this expression"),
        }
        self.unit.registers.give_back(mark);
    }
}

/// Whether a statement, or one inside of it in the same scope, is an annotation.
pub fn has_annotation(statement: &Statement) -> bool {
    let any = |statements: &[Statement]| statements.iter().any(has_annotation);
    match &statement.kind {
        StatementKind::AnnotatedAssign { .. } => true,
        StatementKind::If { body, or_else, .. }
        | StatementKind::While { body, or_else, .. }
        | StatementKind::For { body, or_else, .. } => any(body) || any(or_else),
        StatementKind::With { body, .. } => any(body),
        StatementKind::Try { body, handlers, or_else, finally, .. } => {
            any(body) || any(or_else) || any(finally) || handlers.iter().any(|handler| any(&handler.body))
        }
        StatementKind::Match { cases, .. } => cases.iter().any(|case| any(&case.body)),
        _ => false,
    }
}
