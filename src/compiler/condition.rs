//! Conditions as jumps: comparison and jump are one instruction, `and`, `or` and `not` cost nothing.

use asy_grammar::ast::{self, BooleanOperator, CompareOperator, Expression, ExpressionKind, Span, UnaryOperator};

use crate::bytecode::{Op, Register};

use super::emit::Label;
use super::fold::{fold, truth};
use super::operator::small_int;
use super::{Compiler, Optimize};

impl<'a> Compiler<'a> {
    /// Jumps to `target` when the truth of the expression is `when`, else goes on behind.
    pub fn condition(&mut self, test: &'a Expression, when: bool, target: Label) {
        if let Some(value) = self.known_truth(test) {
            if value == when {
                self.jump(test.span, target);
            }
            return;
        }
        match &test.kind {
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => self.condition(operand, !when, target),
            ExpressionKind::Boolean { operator, operands } => self.boolean_condition(*operator, operands, when, target),
            ExpressionKind::Compare { left, comparisons } => {
                self.compare_condition(test.span, left, comparisons, when, target);
            }
            _ => {
                let mark = self.unit.registers.mark();
                let condition = self.operand(test, None);
                let op = if when { Op::JumpIfTrue { condition } } else { Op::JumpIfFalse { condition } };
                self.emit_jump(test.span, op, target);
                self.unit.registers.give_back(mark);
            }
        }
    }

    fn boolean_condition(&mut self, operator: BooleanOperator, operands: &'a [Expression], when: bool, target: Label) {
        let Some((last, others)) = operands.split_last() else { return };
        // The truth of an operand that decides the whole.
        let decisive = operator == BooleanOperator::Or;
        let skip = self.unit.new_label();
        for operand in others {
            self.condition(operand, decisive, if decisive == when { target } else { skip });
            self.unit.conditional += 1;
        }
        self.condition(last, when, target);
        self.unit.conditional -= others.len();
        self.unit.bind(skip);
    }

    fn compare_condition(
        &mut self,
        span: Span,
        left: &'a Expression,
        comparisons: &'a [(CompareOperator, Expression)],
        when: bool,
        target: Label,
    ) {
        let Some(((last_operator, last), others)) = comparisons.split_last() else { return };
        let mark = self.unit.registers.mark();
        let mut left = self.operand_before(left, None, &comparisons[0].1);
        let skip = self.unit.new_label();
        for (index, (operator, right)) in others.iter().enumerate() {
            let right = self.operand_before(right, None, &comparisons[index + 1].1);
            self.emit_jump(span, compare_jump(*operator, left, right, false), if when { skip } else { target });
            self.unit.conditional += 1;
            left = right;
        }
        let op = match immediate_jump(*last_operator, left, last, when) {
            Some(op) => op,
            None => {
                let right = self.comparison_operand(*last_operator, last, None);
                compare_jump(*last_operator, left, right, when)
            }
        };
        self.emit_jump(span, op, target);
        self.unit.conditional -= others.len();
        self.unit.bind(skip);
        self.unit.registers.give_back(mark);
    }

    /// Whether the truth of a test is known before the program runs.
    pub fn known_truth(&self, test: &Expression) -> Option<bool> {
        match &test.kind {
            ExpressionKind::Name(name) if &**name == "__debug__" => Some(self.debug()),
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                self.known_truth(operand).map(|value| !value)
            }
            _ => truth(&fold(test)?),
        }
    }

    /// The value of `__debug__`.
    pub fn debug(&self) -> bool {
        self.options.optimize < Optimize::Asserts
    }
}

fn compare_jump(operator: CompareOperator, left: Register, right: Register, expected: bool) -> Op {
    match operator {
        CompareOperator::Equal => Op::JumpEqual { left, right, expected },
        CompareOperator::NotEqual => Op::JumpNotEqual { left, right, expected },
        CompareOperator::Less => Op::JumpLess { left, right, expected },
        CompareOperator::LessEqual => Op::JumpLessEqual { left, right, expected },
        CompareOperator::Greater => Op::JumpGreater { left, right, expected },
        CompareOperator::GreaterEqual => Op::JumpGreaterEqual { left, right, expected },
        CompareOperator::Is => Op::JumpIs { left, right, expected },
        CompareOperator::IsNot => Op::JumpIs { left, right, expected: !expected },
        CompareOperator::In => Op::JumpIn { left, right, expected },
        CompareOperator::NotIn => Op::JumpIn { left, right, expected: !expected },
    }
}

/// The jump that has the right side in itself. There is none for `!=`: `__ne__` may differ from
/// `not __eq__`.
fn immediate_jump(operator: CompareOperator, left: Register, right: &Expression, expected: bool) -> Option<Op> {
    let is_none = matches!(right.kind, ExpressionKind::Constant(ast::Constant::None));
    match operator {
        CompareOperator::Is if is_none => return Some(Op::JumpIsNone { value: left, expected }),
        CompareOperator::IsNot if is_none => return Some(Op::JumpIsNone { value: left, expected: !expected }),
        _ => {}
    }
    let value = small_int(right)?;
    match operator {
        CompareOperator::Equal => Some(Op::JumpEqualInt { left, value, expected }),
        CompareOperator::Less => Some(Op::JumpLessInt { left, value, expected }),
        CompareOperator::LessEqual => Some(Op::JumpLessEqualInt { left, value, expected }),
        CompareOperator::Greater => Some(Op::JumpGreaterInt { left, value, expected }),
        CompareOperator::GreaterEqual => Some(Op::JumpGreaterEqualInt { left, value, expected }),
        _ => None,
    }
}
