//! A check of finished code: what the VM takes for granted about it.

use crate::bytecode::disassemble::{Operand, operands};
use crate::bytecode::{Code, Op, Register};

/// Checks that jumps land on instructions of the code, that words follow the instructions that own
/// them, that registers, names and constants exist, and that control cannot run off the end. Gives
/// what is wrong.
pub fn check_code(code: &Code) -> Result<(), String> {
    let mut starts = vec![false; code.ops.len() + 1];
    let mut pc = 0;
    while let Some(op) = code.ops.get(pc) {
        starts[pc] = true;
        if matches!(op, Op::Data { .. } | Op::Offset { .. }) {
            return Err(format!("a word without an instruction at {pc}"));
        }
        pc += 1;
        if op.has_word() {
            match code.ops.get(pc) {
                Some(Op::Data { .. } | Op::Offset { .. }) => pc += 1,
                _ => return Err(format!("no word after {op:?} at {}", pc - 1)),
            }
        }
    }
    for (pc, op) in code.ops.iter().enumerate().filter(|(pc, _)| starts[*pc]) {
        check_operands(code, pc, *op)?;
        let (from, distance) = match (op, code.ops.get(pc + 1)) {
            (Op::Jump { .. } | Op::JumpBack { .. }, _) => (pc + 1, op.distance()),
            (_, Some(word @ Op::Offset { .. })) if op.has_word() => (pc + 2, word.distance()),
            _ => continue,
        };
        let target = from as isize + distance;
        if distance < 0 && !matches!(op, Op::JumpBack { .. }) {
            return Err(format!("{op:?} at {pc} jumps back"));
        }
        if !usize::try_from(target).is_ok_and(|target| target < code.ops.len() && starts[target]) {
            return Err(format!("{op:?} at {pc} jumps to {target}"));
        }
    }
    for range in &code.exceptions {
        let ends = [range.start, range.handler];
        if range.start >= range.end || ends.iter().any(|&pc| !starts.get(pc as usize).is_some_and(|start| *start)) {
            return Err(format!("a bad range {range:?}"));
        }
        check_register(code, range.exception)?;
    }
    match code.ops.iter().enumerate().rfind(|(pc, _)| starts[*pc]) {
        Some((_, op)) if ends_flow(*op) => Ok(()),
        other => Err(format!("the code runs off its end after {other:?}")),
    }
}

fn ends_flow(op: Op) -> bool {
    matches!(
        op,
        Op::Return { .. }
            | Op::ReturnNone
            | Op::Raise { .. }
            | Op::RaiseFrom { .. }
            | Op::RaiseHandled
            | Op::Reraise { .. }
            | Op::Jump { .. }
            | Op::JumpBack { .. }
    )
}

fn check_register(code: &Code, register: Register) -> Result<(), String> {
    match (register.0 as u16) < code.register_count {
        true => Ok(()),
        false => Err(format!("{register:?} of {} registers", code.register_count)),
    }
}

fn check_operands(code: &Code, pc: usize, op: Op) -> Result<(), String> {
    let (_, operands) = operands(op);
    for operand in &operands {
        // A row of no registers may start anywhere.
        let is_empty_row = operands.last() == Some(&Operand::Number(0)) && operands.len() == 3;
        if let Operand::Register(register) = operand
            && !is_empty_row
        {
            check_register(code, *register).map_err(|problem| format!("{op:?} at {pc}: {problem}"))?;
        }
    }
    let fits = match op {
        Op::LoadConstant { constant, .. } => (constant as usize) < code.constants.len(),
        Op::MakeFunction { code: constant, .. } => (constant as usize) < code.constants.len(),
        Op::LoadGlobal { name, .. }
        | Op::StoreGlobal { name, .. }
        | Op::DeleteGlobal { name }
        | Op::LoadName { name, .. }
        | Op::StoreName { name, .. }
        | Op::DeleteName { name }
        | Op::ImportModule { name, .. } => (name as usize) < code.names.len(),
        Op::Release { start, count } => start.0 as u16 + count as u16 <= code.register_count,
        Op::Call { callee, count, .. } => callee.0 as u16 + (count as u16) < code.register_count,
        Op::CallAwaited { dst, callee, count } => {
            matches!(code.ops.get(pc + 1), Some(Op::GetAwaitable { dst: delegate, src, .. }) if *src == dst && *delegate == dst)
                && matches!(code.ops.get(pc + 2), Some(Op::YieldFrom { .. }))
                && callee.0 as u16 + (count as u16) < code.register_count
        }
        Op::CallMethod { callee, count, .. } => callee.0 as u16 + count as u16 + 1 < code.register_count,
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{op:?} at {pc} goes beyond its table")) }
}
