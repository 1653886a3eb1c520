//! A code object: the instructions of one function, class body or module, with its side tables.

use std::rc::Rc;

use asy_grammar::ast::Span;

use super::op::{Op, Register};

/// Stands for the place in front of the first instruction, where an exception arrives that is thrown into a
/// coroutine that has not begun.
pub const BEFORE_START: u32 = u32::MAX;

/// The text a code object was compiled from.
#[derive(Debug)]
pub struct Source {
    /// As shown in tracebacks: a path, `<string>` or `<stdin>`.
    pub name: String,
    pub text: String,
}

/// What calling the code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// Runs to its end.
    Function,
    Generator,
    Coroutine,
    AsyncGenerator,
    /// A class body: R[0] is the namespace.
    Class,
    /// A module: names are globals.
    Module,
}

/// Compiled code. Registers: the parameters come first, in the order positional-only, positional,
/// keyword-only, `*args`, `**kwargs`; then the other variables; then temporaries.
#[derive(Clone, Debug)]
pub struct Code {
    pub name: Rc<str>,
    pub qualified_name: Rc<str>,
    pub source: Rc<Source>,
    /// 1-based line of `def`, `class` or `lambda`.
    pub first_line: u32,
    pub kind: CodeKind,
    pub positional_only_count: u16,
    /// All that can be given by position, positional-only ones included.
    pub positional_count: u16,
    pub keyword_only_count: u16,
    pub has_star: bool,
    pub has_double_star: bool,
    /// How many registers a frame has, at most 256.
    pub register_count: u16,
    /// Names of the parameters in register order, `*args` and `**kwargs` included.
    pub parameter_names: Vec<Rc<str>>,
    /// The variable that lives in each register, if one does: for messages and `locals()`.
    pub register_names: Vec<Option<Rc<str>>>,
    /// The variables of comprehensions, which live in registers of the frame around them.
    pub inner_variables: Vec<InnerVariable>,
    /// Where the spill list is, when there are more variables than registers. Then `spill_names` has
    /// its variables, and when there are too many parameters these are all in it, in order.
    pub spill: Option<Register>,
    pub spill_names: Vec<Rc<str>>,
    pub spilled_parameters: bool,
    pub ops: Vec<Op>,
    pub constants: Vec<Constant>,
    /// The names that global, attribute and import instructions refer to. Each instruction has an
    /// entry of its own, which is also the number of its inline cache.
    pub names: Vec<Rc<str>>,
    /// For each free variable, in order: where `MakeFunction` finds its cell in the enclosing frame.
    pub captures: Vec<Capture>,
    /// The registers that receive the captured cells at a call, in the same order.
    pub free_registers: Vec<Register>,
    /// Names of the free variables, in the same order.
    pub free_names: Vec<Rc<str>>,
    /// Registers of variables that are captured by inner functions and hold a cell.
    pub cell_registers: Vec<Register>,
    /// Sorted by start; of the ranges that contain a pc the last one is the innermost.
    pub exceptions: Vec<ExceptionRange>,
    /// As `exceptions`: which exception is being handled where.
    pub handled: Vec<HandledRange>,
    /// Sorted by pc: from there on, until the next, instructions belong to this place.
    pub positions: Vec<Position>,
    /// Sorted pcs of operators in their in-place form.
    pub in_place: Vec<u32>,
    /// The docstring.
    pub doc: Option<Rc<str>>,
    /// Whether this function was written in a class body or a function (affects nothing but repr and
    /// introspection).
    pub is_nested: bool,
    /// A module whose top level awaits: it is run as a coroutine by `asyncio.run`.
    pub awaits_at_top: bool,
}

/// While pc is in [start, end) this variable of a comprehension lives in the register.
#[derive(Clone, Debug)]
pub struct InnerVariable {
    pub name: Rc<str>,
    pub register: Register,
    pub start: u32,
    pub end: u32,
}

/// An instruction in [start, end) that raises continues at `handler`, with the exception in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionRange {
    pub start: u32,
    pub end: u32,
    pub handler: u32,
    pub exception: Register,
}

/// While pc is in [start, end) the exception in this register is being handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandledRange {
    pub start: u32,
    pub end: u32,
    pub exception: Register,
}

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub pc: u32,
    /// 1-based.
    pub line: u32,
    pub span: Span,
}

/// Where a captured cell is found in the enclosing frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    Register(Register),
    /// An index into the spill list.
    Spill(u16),
}

/// A constant as plain data.
#[derive(Clone, Debug)]
pub enum Constant {
    None,
    Bool(bool),
    Ellipsis,
    Int(i64),
    /// Decimal digits.
    BigInt(Rc<str>),
    Float(f64),
    Imaginary(f64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Vec<Constant>),
    /// For `x in {1, 2, 3}`.
    FrozenSet(Vec<Constant>),
    Code(Rc<Code>),
}

impl Code {
    /// The place an instruction belongs to.
    pub fn position(&self, pc: usize) -> Position {
        if pc == BEFORE_START as usize {
            return Position { pc: 0, line: self.first_line, span: Span::default() };
        }
        let after = self.positions.partition_point(|position| position.pc as usize <= pc);
        match after.checked_sub(1) {
            Some(index) => self.positions[index],
            None => Position { pc: 0, line: self.first_line, span: Span::default() },
        }
    }

    /// The innermost handler for an exception raised at pc.
    pub fn handler(&self, pc: usize) -> Option<ExceptionRange> {
        let pc = pc as u32;
        self.exceptions.iter().rev().find(|range| range.start <= pc && pc < range.end).copied()
    }

    /// The register with the exception that is being handled at pc.
    pub fn handled_register(&self, pc: usize) -> Option<Register> {
        let pc = pc as u32;
        self.handled.iter().rev().find(|range| range.start <= pc && pc < range.end).map(|range| range.exception)
    }

    /// Whether the operator at pc is in its in-place form.
    pub fn is_in_place(&self, pc: usize) -> bool {
        self.in_place.binary_search(&(pc as u32)).is_ok()
    }
}
