//! The listing that `asy dis` prints: a line for each instruction, with its place and what its
//! operands mean.
//!
//! The table at the end names the operands of every instruction; printing, and checking what the
//! compiler made, go by it.

use std::fmt::{self, Write};

use super::code::{Capture, Code, Constant};
use super::op::{AwaitContext, Conversion, FunctionPart, Intrinsic, Op, Register};

/// An operand, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Register(Register),
    Number(i64),
    Flag(bool),
    Word(&'static str),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Register(register) => write!(f, "{register:?}"),
            Operand::Number(number) => write!(f, "{number}"),
            Operand::Flag(flag) => write!(f, "{flag}"),
            Operand::Word(word) => f.write_str(word),
        }
    }
}

impl From<Register> for Operand {
    fn from(register: Register) -> Operand {
        Operand::Register(register)
    }
}

impl From<bool> for Operand {
    fn from(flag: bool) -> Operand {
        Operand::Flag(flag)
    }
}

macro_rules! numbers {
    ($($kind:ty)*) => { $(
        impl From<$kind> for Operand {
            fn from(number: $kind) -> Operand {
                Operand::Number(number.into())
            }
        }
    )* };
}

numbers!(i8 u8 i16 u16);

macro_rules! words {
    ($($kind:ident { $($word:ident)* })*) => { $(
        impl From<$kind> for Operand {
            fn from(value: $kind) -> Operand {
                Operand::Word(match value { $($kind::$word => stringify!($word),)* })
            }
        }
    )* };
}

words! {
    Conversion { Str Repr Ascii }
    FunctionPart { Defaults KeywordDefaults Annotations TypeParameters }
    AwaitContext { Await AsyncEnter AsyncExit }
    Intrinsic {
        AssertionError ImportStar Annotations ShowResult TypeVar TypeVarTuple ParamSpec TypeAlias
        SubscriptGeneric SplitExceptionGroup MergeExceptionGroup MappingRest UnpackMany Locals Super
    }
}

/// Writes an instruction: its name and operands.
pub fn write_op(op: Op, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (name, operands) = operands(op);
    f.write_str(name)?;
    match op {
        Op::Offset { .. } | Op::Jump { .. } | Op::JumpBack { .. } => write!(f, " {:+}", op.distance()),
        Op::Data { .. } => write!(f, " {}", op.data_value()),
        _ => operands.iter().try_for_each(|operand| write!(f, " {operand}")),
    }
}

/// The listing of a code object and of those inside of it.
pub fn disassemble(code: &Code) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_code(code, &mut out);
    out
}

fn write_code(code: &Code, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "{} ({:?}, {} registers), line {}",
        code.qualified_name, code.kind, code.register_count, code.first_line
    )?;
    write_variables(code, out)?;
    let mut line = 0;
    let mut pc = 0;
    while let Some(op) = code.ops.get(pc) {
        let position = code.position(pc);
        match position.line == line {
            true => write!(out, "{:>6} ", "")?,
            false => write!(out, "{:>6} ", position.line)?,
        }
        line = position.line;
        let text = format!("{op:?}");
        let word = if op.has_word() { code.ops.get(pc + 1).copied() } else { None };
        let comment = comment(code, pc, *op, word);
        let line = format!("{pc:>5}  {text:<32} {comment}");
        writeln!(out, "{}", line.trim_end())?;
        pc += if word.is_some() { 2 } else { 1 };
    }
    for range in &code.exceptions {
        writeln!(out, "  exceptions {}..{} -> {} in {:?}", range.start, range.end, range.handler, range.exception)?;
    }
    for range in &code.handled {
        writeln!(out, "  handling   {}..{} {:?}", range.start, range.end, range.exception)?;
    }
    for constant in &code.constants {
        if let Constant::Code(inner) = constant {
            out.write_char('\n')?;
            write_code(inner, out)?;
        }
    }
    Ok(())
}

fn write_variables(code: &Code, out: &mut String) -> fmt::Result {
    let named = code.register_names.iter().enumerate();
    let named: Vec<String> =
        named.filter_map(|(index, name)| name.as_ref().map(|name| format!("r{index}={name}"))).collect();
    if !named.is_empty() {
        writeln!(out, "  variables  {}", named.join(" "))?;
    }
    for (name, capture) in code.free_names.iter().zip(&code.captures) {
        match capture {
            Capture::Register(register) => writeln!(out, "  captures   {name} from {register:?}")?,
            Capture::Spill(index) => writeln!(out, "  captures   {name} from spill {index}")?,
        }
    }
    Ok(())
}

/// What the operands of an instruction mean.
fn comment(code: &Code, pc: usize, op: Op, word: Option<Op>) -> String {
    let name = |index: usize| code.names.get(index).map_or("?".into(), |name| name.to_string());
    let constant = |index: usize| code.constants.get(index).map_or("?".into(), show_constant);
    let data = word.map_or(0, Op::data_value);
    match op {
        Op::Jump { .. } | Op::JumpBack { .. } => format!("-> {}", pc as isize + 1 + op.distance()),
        Op::LoadConstant { constant: index, .. } | Op::MakeFunction { code: index, .. } => constant(index as usize),
        Op::LoadConstantWide { .. } | Op::CallKeywords { .. } | Op::CallMethodKeywords { .. } => constant(data),
        Op::LoadGlobal { name: index, .. }
        | Op::StoreGlobal { name: index, .. }
        | Op::DeleteGlobal { name: index }
        | Op::LoadName { name: index, .. }
        | Op::StoreName { name: index, .. }
        | Op::DeleteName { name: index } => name(index as usize),
        Op::ImportModule { name: index, .. } => format!("{} {data}", name(index as usize)),
        Op::LoadNameOrCell { .. }
        | Op::LoadAttribute { .. }
        | Op::StoreAttribute { .. }
        | Op::DeleteAttribute { .. }
        | Op::LoadMethod { .. }
        | Op::ImportFrom { .. } => name(data),
        Op::UnpackStar { .. } | Op::MatchClass { .. } => data.to_string(),
        _ => match word {
            Some(word @ Op::Offset { .. }) => format!("-> {}", pc as isize + 2 + word.distance()),
            _ if code.is_in_place(pc) => "in place".into(),
            _ => String::new(),
        },
    }
}

fn show_constant(constant: &Constant) -> String {
    let all = |items: &[Constant]| items.iter().map(show_constant).collect::<Vec<_>>().join(", ");
    match constant {
        Constant::None => "None".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Ellipsis => "...".into(),
        Constant::Int(value) => value.to_string(),
        Constant::BigInt(digits) => digits.to_string(),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Imaginary(value) => format!("{value:?}j"),
        Constant::Str(text) => format!("{text:?}"),
        Constant::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        Constant::Tuple(items) => format!("({})", all(items)),
        Constant::FrozenSet(items) => format!("frozenset({{{}}})", all(items)),
        Constant::Code(code) => format!("code {}", code.qualified_name),
    }
}

macro_rules! operand_table {
    ($($name:ident $({ $($field:ident),* })?,)*) => {
        /// The name of an instruction and its operands in order.
        pub fn operands(op: Op) -> (&'static str, Vec<Operand>) {
            match op {
                $(Op::$name $({ $($field),* })? => (stringify!($name), vec![$($(Operand::from($field)),*)?]),)*
            }
        }
    };
}

operand_table! {
    Data { high, low },
    Offset { high, low },
    LoadNone { dst },
    LoadBool { dst, value },
    LoadInt { dst, value },
    LoadConstant { dst, constant },
    LoadConstantWide { dst },
    Move { dst, src },
    Release { start, count },
    SafePoint,
    CheckBound { register },
    MakeSpill { dst, count },
    LoadSpill { dst, index },
    StoreSpill { src, index },
    MakeCell { register },
    LoadCell { dst, cell },
    StoreCell { cell, src },
    DeleteCell { cell },
    LoadGlobal { dst, name },
    StoreGlobal { src, name },
    DeleteGlobal { name },
    LoadName { dst, name },
    LoadNameOrCell { dst, cell },
    StoreName { src, name },
    DeleteName { name },
    LoadAttribute { dst, object },
    StoreAttribute { object, value },
    DeleteAttribute { object },
    LoadMethod { callee, object },
    LoadItem { dst, object, index },
    LoadItemInt { dst, object, index },
    StoreItem { object, index, value },
    DeleteItem { object, index },
    Add { dst, left, right },
    Subtract { dst, left, right },
    Multiply { dst, left, right },
    MatrixMultiply { dst, left, right },
    Divide { dst, left, right },
    FloorDivide { dst, left, right },
    Modulo { dst, left, right },
    Power { dst, left, right },
    ShiftLeft { dst, left, right },
    ShiftRight { dst, left, right },
    BitAnd { dst, left, right },
    BitOr { dst, left, right },
    BitXor { dst, left, right },
    AddInt { dst, left, value },
    SubtractInt { dst, left, value },
    MultiplyInt { dst, left, value },
    FloorDivideInt { dst, left, value },
    ModuloInt { dst, left, value },
    Negate { dst, operand },
    Positive { dst, operand },
    Invert { dst, operand },
    Not { dst, operand },
    Equal { dst, left, right },
    NotEqual { dst, left, right },
    Less { dst, left, right },
    LessEqual { dst, left, right },
    Greater { dst, left, right },
    GreaterEqual { dst, left, right },
    Is { dst, left, right },
    IsNot { dst, left, right },
    In { dst, left, right },
    NotIn { dst, left, right },
    Jump { high, low },
    JumpBack { high, low },
    JumpIfTrue { condition },
    JumpIfFalse { condition },
    JumpEqual { left, right, expected },
    JumpNotEqual { left, right, expected },
    JumpLess { left, right, expected },
    JumpLessEqual { left, right, expected },
    JumpGreater { left, right, expected },
    JumpGreaterEqual { left, right, expected },
    JumpIs { left, right, expected },
    JumpIn { left, right, expected },
    JumpIsNone { value, expected },
    JumpEqualInt { left, value, expected },
    JumpLessInt { left, value, expected },
    JumpLessEqualInt { left, value, expected },
    JumpGreaterInt { left, value, expected },
    JumpGreaterEqualInt { left, value, expected },
    BuildList { dst, start, count },
    BuildTuple { dst, start, count },
    BuildSet { dst, start, count },
    BuildDict { dst, start, count },
    BuildSlice { dst, start },
    BuildString { dst, start, count },
    ListAppend { list, value },
    ListExtend { list, iterable, callee },
    ListToTuple { dst, list },
    SetAdd { set, value },
    SetUpdate { set, iterable },
    DictInsert { dict, key, value },
    DictUpdate { dict, mapping },
    DictMerge { dict, mapping, callee },
    Convert { dst, value, conversion },
    Format { dst, value },
    FormatWith { dst, value, spec },
    Unpack { src, start, count },
    UnpackStar { src, start, before },
    GetIterator { dst, iterable },
    ForNext { dst, iterator },
    Call { dst, callee, count },
    CallAwaited { dst, callee, count },
    CallMethod { dst, callee, count },
    CallKeywords { dst, callee, count },
    CallMethodKeywords { dst, callee, count },
    CallSpread { dst, callee },
    Return { src },
    ReturnNone,
    MakeFunction { dst, code },
    SetFunctionPart { function, value, part },
    LoadBuildClass { dst },
    Yield { dst, src },
    GetYieldFromIterator { dst, src },
    GetAwaitable { dst, src, context },
    YieldFrom { dst, delegate },
    GetAsyncIterator { dst, src },
    AsyncForNext { dst, iterator },
    EnterWith { dst, exit, manager },
    EnterAsyncWith { dst, exit, manager },
    CallExit { dst, exit },
    CallExitWith { dst, exit, exception },
    Raise { exception },
    RaiseFrom { exception, cause },
    RaiseHandled,
    Reraise { exception },
    JumpIfNotException { exception, class },
    ImportModule { dst, name },
    ImportFrom { dst, module },
    MatchSequence { dst, subject },
    MatchMapping { dst, subject },
    MatchKeys { dst, subject, keys },
    MatchClass { dst, start },
    Length { dst, object },
    Intrinsic { dst, start, function },
}
