//! Operators: which instruction stands for which, with small ints as immediate operands.

use asy_grammar::ast::{BinaryOperator, BooleanOperator, CompareOperator, Expression, Span, UnaryOperator};

use crate::bytecode::{Constant, Op, Register};

use super::Compiler;
use super::fold::fold;

impl<'a> Compiler<'a> {
    pub fn binary_to(
        &mut self,
        span: Span,
        left: &'a Expression,
        operator: BinaryOperator,
        right: &'a Expression,
        dst: Register,
    ) {
        let mark = self.unit.registers.mark();
        let room = self.room(dst);
        let left = self.operand_before(left, room, right);
        self.binary_right(span, left, operator, right, dst);
        self.unit.registers.give_back(mark);
    }

    /// R[dst] = R[left] operator right
    pub fn binary_right(
        &mut self,
        span: Span,
        left: Register,
        operator: BinaryOperator,
        right: &'a Expression,
        dst: Register,
    ) {
        if let Some(value) = small_int(right)
            && let Some(op) = immediate_operation(operator, dst, left, value)
        {
            return self.emit_plain(span, dst, op);
        }
        let room = self.room(dst).filter(|&room| room != left);
        let right = self.operand(right, room);
        self.emit_plain(span, dst, operation(operator, dst, left, right));
    }

    /// As `binary_right`, in the in-place form.
    pub fn in_place_right(
        &mut self,
        span: Span,
        left: Register,
        operator: BinaryOperator,
        right: &'a Expression,
        dst: Register,
    ) {
        let op = match small_int(right).and_then(|value| immediate_operation(operator, dst, left, value)) {
            Some(op) => op,
            None => {
                let right = self.operand(right, None);
                operation(operator, dst, left, right)
            }
        };
        self.unit.mark_in_place();
        self.emit_plain(span, dst, op);
    }

    pub fn unary_to(&mut self, span: Span, operator: UnaryOperator, operand: &'a Expression, dst: Register) {
        let mark = self.unit.registers.mark();
        let room = self.room(dst);
        let operand = self.operand(operand, room);
        let op = match operator {
            UnaryOperator::Invert => Op::Invert { dst, operand },
            UnaryOperator::Not => Op::Not { dst, operand },
            UnaryOperator::Plus => Op::Positive { dst, operand },
            UnaryOperator::Minus => Op::Negate { dst, operand },
        };
        self.emit_plain(span, dst, op);
        self.unit.registers.give_back(mark);
    }

    /// `a and b`, `a or b` as a value. `dst` is a temporary.
    pub fn boolean_to(&mut self, operator: BooleanOperator, operands: &'a [Expression], dst: Register) {
        let end = self.unit.new_label();
        let Some((last, others)) = operands.split_last() else { return };
        for operand in others {
            self.expression_to(operand, dst);
            let jump = match operator {
                BooleanOperator::And => Op::JumpIfFalse { condition: dst },
                BooleanOperator::Or => Op::JumpIfTrue { condition: dst },
            };
            self.emit_jump(operand.span, jump, end);
            self.unit.conditional += 1;
        }
        self.expression_to(last, dst);
        self.unit.conditional -= others.len();
        self.unit.bind(end);
    }

    /// A comparison as a value. `dst` is a temporary when there are two or more.
    pub fn compare_to(
        &mut self,
        span: Span,
        left: &'a Expression,
        comparisons: &'a [(CompareOperator, Expression)],
        dst: Register,
    ) {
        let Some(((last_operator, last), others)) = comparisons.split_last() else { return };
        let mark = self.unit.registers.mark();
        let first_right = &comparisons[0].1;
        let room = if others.is_empty() { self.room(dst) } else { None };
        let mut left = self.operand_before(left, room, first_right);
        let end = self.unit.new_label();
        for (index, (operator, right)) in others.iter().enumerate() {
            let right = self.operand_before(right, None, &comparisons[index + 1].1);
            self.emit_comparison(span, *operator, dst, left, right);
            self.emit_jump(span, Op::JumpIfFalse { condition: dst }, end);
            self.unit.conditional += 1;
            left = right;
        }
        let room = self.room(dst).filter(|&room| room != left);
        let right = self.comparison_operand(*last_operator, last, room);
        self.emit_comparison(span, *last_operator, dst, left, right);
        self.unit.conditional -= others.len();
        self.unit.bind(end);
        self.unit.registers.give_back(mark);
    }

    /// The right side of a comparison. What `in` looks through becomes a constant if it can.
    pub fn comparison_operand(
        &mut self,
        operator: CompareOperator,
        operand: &'a Expression,
        room: Option<Register>,
    ) -> Register {
        if matches!(operator, CompareOperator::In | CompareOperator::NotIn)
            && let Some(constant) = super::fold::container(operand)
        {
            let dst = room.unwrap_or_else(|| self.unit.registers.take());
            self.load_constant(operand.span, constant, dst);
            return dst;
        }
        self.operand(operand, room)
    }

    fn emit_comparison(
        &mut self,
        span: Span,
        operator: CompareOperator,
        dst: Register,
        left: Register,
        right: Register,
    ) {
        let op = match operator {
            CompareOperator::Equal => Op::Equal { dst, left, right },
            CompareOperator::NotEqual => Op::NotEqual { dst, left, right },
            CompareOperator::Less => Op::Less { dst, left, right },
            CompareOperator::LessEqual => Op::LessEqual { dst, left, right },
            CompareOperator::Greater => Op::Greater { dst, left, right },
            CompareOperator::GreaterEqual => Op::GreaterEqual { dst, left, right },
            CompareOperator::Is => Op::Is { dst, left, right },
            CompareOperator::IsNot => Op::IsNot { dst, left, right },
            CompareOperator::In => Op::In { dst, left, right },
            CompareOperator::NotIn => Op::NotIn { dst, left, right },
        };
        self.emit_plain(span, dst, op);
    }
}

/// The value of an expression that is an int of eight bits.
pub fn small_int(expression: &Expression) -> Option<i8> {
    match fold(expression)? {
        Constant::Int(value) => i8::try_from(value).ok(),
        _ => None,
    }
}

fn operation(operator: BinaryOperator, dst: Register, left: Register, right: Register) -> Op {
    match operator {
        BinaryOperator::Add => Op::Add { dst, left, right },
        BinaryOperator::Subtract => Op::Subtract { dst, left, right },
        BinaryOperator::Multiply => Op::Multiply { dst, left, right },
        BinaryOperator::MatrixMultiply => Op::MatrixMultiply { dst, left, right },
        BinaryOperator::Divide => Op::Divide { dst, left, right },
        BinaryOperator::Modulo => Op::Modulo { dst, left, right },
        BinaryOperator::Power => Op::Power { dst, left, right },
        BinaryOperator::ShiftLeft => Op::ShiftLeft { dst, left, right },
        BinaryOperator::ShiftRight => Op::ShiftRight { dst, left, right },
        BinaryOperator::BitOr => Op::BitOr { dst, left, right },
        BinaryOperator::BitXor => Op::BitXor { dst, left, right },
        BinaryOperator::BitAnd => Op::BitAnd { dst, left, right },
        BinaryOperator::FloorDivide => Op::FloorDivide { dst, left, right },
    }
}

fn immediate_operation(operator: BinaryOperator, dst: Register, left: Register, value: i8) -> Option<Op> {
    match operator {
        BinaryOperator::Add => Some(Op::AddInt { dst, left, value }),
        BinaryOperator::Subtract => Some(Op::SubtractInt { dst, left, value }),
        BinaryOperator::Multiply => Some(Op::MultiplyInt { dst, left, value }),
        BinaryOperator::FloorDivide => Some(Op::FloorDivideInt { dst, left, value }),
        BinaryOperator::Modulo => Some(Op::ModuloInt { dst, left, value }),
        _ => None,
    }
}
