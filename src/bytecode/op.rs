//! The instructions, each with its meaning as an equation.
//!
//! An instruction is four bytes and is executed as it stands. `R[x]` is register x of the running
//! frame. An instruction marked "+ Data" or "+ Offset" owns the word after it: `Data` carries 24
//! bits, `Offset` a signed distance in words, counted from the word after the offset. Instructions
//! in which something is evaluated by a function of the script (`__add__`, `__next__`) push a frame
//! and continue when it returns.

use std::fmt;

/// A register of the running frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Register(pub u8);

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    // Words that belong to the instruction before them.
    /// 24 bits of data: `high << 16 | low`.
    Data { high: u8, low: u16 },
    /// A signed distance of 24 bits: `high << 16 | low`.
    Offset { high: i8, low: u16 },

    // Loading and moving.
    /// R[dst] = None
    LoadNone { dst: Register },
    /// R[dst] = value
    LoadBool { dst: Register, value: bool },
    /// R[dst] = value
    LoadInt { dst: Register, value: i16 },
    /// R[dst] = constants[constant]
    LoadConstant { dst: Register, constant: u16 },
    /// R[dst] = constants[data]  + Data
    LoadConstantWide { dst: Register },
    /// R[dst] = R[src]
    Move { dst: Register, src: Register },
    /// R[start .. start+count] = unbound: gives up temporaries that hold results.
    Release { start: Register, count: u8 },
    /// Runs what is queued: finalizers, collections, Ctrl-C.
    SafePoint,
    /// Raises UnboundLocalError (or NameError for a free variable) when R[register] is unbound.
    CheckBound { register: Register },
    /// R[dst] = a fresh spill list of `count` unbound places, for variables beyond the registers.
    MakeSpill { dst: Register, count: u16 },
    /// R[dst] = spill[index]; the spill list is in register `code.spill`.
    LoadSpill { dst: Register, index: u16 },
    /// spill[index] = R[src]
    StoreSpill { src: Register, index: u16 },

    // Variables.
    /// R[register] = a new cell holding what R[register] held (unbound or an argument).
    MakeCell { register: Register },
    /// R[dst] = contents of the cell R[cell]; NameError when it is empty.
    LoadCell { dst: Register, cell: Register },
    /// contents of the cell R[cell] = R[src]
    StoreCell { cell: Register, src: Register },
    /// empties the cell R[cell]; NameError when it is empty already.
    DeleteCell { cell: Register },
    /// R[dst] = globals or builtins [names[name]]; NameError when absent.
    LoadGlobal { dst: Register, name: u16 },
    /// globals[names[name]] = R[src]
    StoreGlobal { src: Register, name: u16 },
    /// del globals[names[name]]
    DeleteGlobal { name: u16 },
    /// R[dst] = the namespace R[0], then globals, then builtins [names[name]]
    LoadName { dst: Register, name: u16 },
    /// R[dst] = the namespace R[0] [names[data]], else the contents of the cell R[cell]  + Data
    LoadNameOrCell { dst: Register, cell: Register },
    /// namespace R[0] [names[name]] = R[src]
    StoreName { src: Register, name: u16 },
    /// del namespace R[0] [names[name]]
    DeleteName { name: u16 },

    // Attributes and items.
    /// R[dst] = R[object].names[data]  + Data
    LoadAttribute { dst: Register, object: Register },
    /// R[object].names[data] = R[value]  + Data
    StoreAttribute { object: Register, value: Register },
    /// del R[object].names[data]  + Data
    DeleteAttribute { object: Register },
    /// Prepares `CallMethod`: R[callee] = the plain function names[data] of R[object]'s class and
    /// R[callee+1] = R[object]; or R[callee] = the attribute and R[callee+1] = unbound  + Data
    LoadMethod { callee: Register, object: Register },
    /// R[dst] = R[object][R[index]]
    LoadItem { dst: Register, object: Register, index: Register },
    /// R[dst] = R[object][index]
    LoadItemInt { dst: Register, object: Register, index: i8 },
    /// R[object][R[index]] = R[value]
    StoreItem { object: Register, index: Register, value: Register },
    /// del R[object][R[index]]
    DeleteItem { object: Register, index: Register },

    // Operators. Whether one is the in-place form (`+=`) stands in `code.in_place`, looked at only
    // when the quick path does not apply.
    /// R[dst] = R[left] + R[right]
    Add { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] - R[right]
    Subtract { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] * R[right]
    Multiply { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] @ R[right]
    MatrixMultiply { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] / R[right]
    Divide { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] // R[right]
    FloorDivide { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] % R[right]
    Modulo { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] ** R[right]
    Power { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] << R[right]
    ShiftLeft { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] >> R[right]
    ShiftRight { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] & R[right]
    BitAnd { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] | R[right]
    BitOr { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] ^ R[right]
    BitXor { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] + value
    AddInt { dst: Register, left: Register, value: i8 },
    /// R[dst] = R[left] - value
    SubtractInt { dst: Register, left: Register, value: i8 },
    /// R[dst] = R[left] * value
    MultiplyInt { dst: Register, left: Register, value: i8 },
    /// R[dst] = R[left] // value
    FloorDivideInt { dst: Register, left: Register, value: i8 },
    /// R[dst] = R[left] % value
    ModuloInt { dst: Register, left: Register, value: i8 },
    /// R[dst] = -R[operand]
    Negate { dst: Register, operand: Register },
    /// R[dst] = +R[operand]
    Positive { dst: Register, operand: Register },
    /// R[dst] = ~R[operand]
    Invert { dst: Register, operand: Register },
    /// R[dst] = not R[operand]
    Not { dst: Register, operand: Register },
    /// R[dst] = R[left] == R[right]
    Equal { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] != R[right]
    NotEqual { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] < R[right]
    Less { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] <= R[right]
    LessEqual { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] > R[right]
    Greater { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] >= R[right]
    GreaterEqual { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] is R[right]
    Is { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] is not R[right]
    IsNot { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] in R[right]
    In { dst: Register, left: Register, right: Register },
    /// R[dst] = R[left] not in R[right]
    NotIn { dst: Register, left: Register, right: Register },

    // Jumps.
    /// pc += offset, the 24 bits in the instruction itself, counted from the word after it.
    Jump { high: i8, low: u16 },
    /// As `Jump`, backwards: the edge on which interrupts are looked at.
    JumpBack { high: i8, low: u16 },
    /// if truth of R[condition]: jump  + Offset
    JumpIfTrue { condition: Register },
    /// if not truth of R[condition]: jump  + Offset
    JumpIfFalse { condition: Register },
    /// if (R[left] == R[right]) is expected: jump  + Offset
    JumpEqual { left: Register, right: Register, expected: bool },
    /// if (R[left] != R[right]) is expected: jump  + Offset
    JumpNotEqual { left: Register, right: Register, expected: bool },
    /// if (R[left] < R[right]) is expected: jump  + Offset
    JumpLess { left: Register, right: Register, expected: bool },
    /// if (R[left] <= R[right]) is expected: jump  + Offset
    JumpLessEqual { left: Register, right: Register, expected: bool },
    /// if (R[left] > R[right]) is expected: jump  + Offset
    JumpGreater { left: Register, right: Register, expected: bool },
    /// if (R[left] >= R[right]) is expected: jump  + Offset
    JumpGreaterEqual { left: Register, right: Register, expected: bool },
    /// if (R[left] is R[right]) is expected: jump  + Offset
    JumpIs { left: Register, right: Register, expected: bool },
    /// if (R[left] in R[right]) is expected: jump  + Offset
    JumpIn { left: Register, right: Register, expected: bool },
    /// if (R[value] is None) is expected: jump  + Offset
    JumpIsNone { value: Register, expected: bool },
    /// if (R[left] == value) is expected: jump  + Offset
    JumpEqualInt { left: Register, value: i8, expected: bool },
    /// if (R[left] < value) is expected: jump  + Offset
    JumpLessInt { left: Register, value: i8, expected: bool },
    /// if (R[left] <= value) is expected: jump  + Offset
    JumpLessEqualInt { left: Register, value: i8, expected: bool },
    /// if (R[left] > value) is expected: jump  + Offset
    JumpGreaterInt { left: Register, value: i8, expected: bool },
    /// if (R[left] >= value) is expected: jump  + Offset
    JumpGreaterEqualInt { left: Register, value: i8, expected: bool },

    // Building.
    /// R[dst] = [R[start], ... count of them]
    BuildList { dst: Register, start: Register, count: u8 },
    /// R[dst] = (R[start], ... count of them)
    BuildTuple { dst: Register, start: Register, count: u8 },
    /// R[dst] = {R[start], ... count of them}
    BuildSet { dst: Register, start: Register, count: u8 },
    /// R[dst] = {R[start]: R[start+1], ... count pairs}
    BuildDict { dst: Register, start: Register, count: u8 },
    /// R[dst] = slice(R[start], R[start+1], R[start+2])
    BuildSlice { dst: Register, start: Register },
    /// R[dst] = the strings R[start], ... count of them, joined
    BuildString { dst: Register, start: Register, count: u8 },
    /// R[list].append(R[value]), for displays and comprehensions
    ListAppend { list: Register, value: Register },
    /// R[list].extend(R[iterable]), the only positional arguments of R[callee]; elsewhere `callee` is the list
    ListExtend { list: Register, iterable: Register, callee: Register },
    /// R[dst] = tuple(R[list])
    ListToTuple { dst: Register, list: Register },
    /// R[set].add(R[value])
    SetAdd { set: Register, value: Register },
    /// R[set].update(R[iterable])
    SetUpdate { set: Register, iterable: Register },
    /// R[dict][R[key]] = R[value], for displays and comprehensions
    DictInsert { dict: Register, key: Register, value: Register },
    /// R[dict].update(R[mapping]), as in `{**mapping}`
    DictUpdate { dict: Register, mapping: Register },
    /// As `DictUpdate`, but keys must be new strings, as in `f(**mapping)`; R[callee] is named in
    /// the error.
    DictMerge { dict: Register, mapping: Register, callee: Register },
    /// R[dst] = str, repr or ascii of R[value]
    Convert { dst: Register, value: Register, conversion: Conversion },
    /// R[dst] = format(R[value], "")
    Format { dst: Register, value: Register },
    /// R[dst] = format(R[value], R[spec])
    FormatWith { dst: Register, value: Register, spec: Register },
    /// R[start], ... count of them = R[src], which must have exactly that many
    Unpack { src: Register, start: Register, count: u8 },
    /// R[start] ... = R[src]: `before` single ones, a list of the rest, then data single ones  + Data
    UnpackStar { src: Register, start: Register, before: u8 },

    // Iteration.
    /// R[dst] = iter(R[iterable])
    GetIterator { dst: Register, iterable: Register },
    /// R[dst] = next(R[iterator]); at its end: jump  + Offset
    ForNext { dst: Register, iterator: Register },

    // Calls. The callee sits in R[callee], its arguments behind it. The window is given up by the call.
    /// R[dst] = R[callee](R[callee+1], ... count of them)
    Call { dst: Register, callee: Register, count: u8 },
    /// As `Call`, of something that is awaited at once: `GetAwaitable` of R[dst] and `YieldFrom` stand behind it.
    /// The body of a coroutine function is entered on the spot; then both are skipped.
    CallAwaited { dst: Register, callee: Register, count: u8 },
    /// After `LoadMethod`: R[dst] = R[callee](self, R[callee+2], ... count of them)
    CallMethod { dst: Register, callee: Register, count: u8 },
    /// As `Call`; the last arguments have the names in the tuple constants[data]  + Data
    CallKeywords { dst: Register, callee: Register, count: u8 },
    /// As `CallMethod`; the last arguments have the names in the tuple constants[data]  + Data
    CallMethodKeywords { dst: Register, callee: Register, count: u8 },
    /// R[dst] = R[callee](*R[callee+1], **R[callee+2]); R[callee+1] is a list or tuple, R[callee+2]
    /// a dict or unbound
    CallSpread { dst: Register, callee: Register },
    /// return R[src]
    Return { src: Register },
    /// return None
    ReturnNone,

    // Functions and classes.
    /// R[dst] = a function of the code constants[code], its captured cells taken from this frame as
    /// `Code::captures` says
    MakeFunction { dst: Register, code: u16 },
    /// sets a part of the function R[function]: defaults (a tuple), keyword defaults (a dict),
    /// annotations (a dict), type parameters (a tuple)
    SetFunctionPart { function: Register, value: Register, part: FunctionPart },
    /// R[dst] = the function that builds a class from (body function, name, *bases, **keywords)
    LoadBuildClass { dst: Register },

    // Generators and coroutines.
    /// yields R[src]; when resumed, R[dst] = what was sent. In an async generator the value goes to
    /// the consumer of `__anext__`.
    Yield { dst: Register, src: Register },
    /// R[dst] = the iterator that `yield from R[src]` delegates to
    GetYieldFromIterator { dst: Register, src: Register },
    /// R[dst] = what `await R[src]` delegates to: a coroutine, a future, or an iterator
    GetAwaitable { dst: Register, src: Register, context: AwaitContext },
    /// Delegates to R[delegate] until it ends, then R[dst] = its value. Serves `await` as well. It
    /// is executed anew each time the frame is resumed. R[delegate] is given up at the end.
    YieldFrom { dst: Register, delegate: Register },
    /// R[dst] = aiter(R[src])
    GetAsyncIterator { dst: Register, src: Register },
    /// R[dst] = await anext(R[iterator]); at StopAsyncIteration: jump. R[iterator+1] holds the
    /// awaitable meanwhile and must be unbound at the start  + Offset
    AsyncForNext { dst: Register, iterator: Register },

    // Context managers.
    /// R[exit] = the bound `__exit__` of R[manager]; R[dst] = its `__enter__()`
    EnterWith { dst: Register, exit: Register, manager: Register },
    /// R[exit] = the bound `__aexit__` of R[manager]; R[dst] = its `__aenter__()`, to be awaited
    EnterAsyncWith { dst: Register, exit: Register, manager: Register },
    /// R[dst] = R[exit](None, None, None)
    CallExit { dst: Register, exit: Register },
    /// R[dst] = R[exit](type of e, e, traceback of e) where e = R[exception]
    CallExitWith { dst: Register, exit: Register, exception: Register },

    // Exceptions. A handler finds the exception in the register that `Code::exceptions` names; the
    // ranges of `Code::handled` tell which exception is being handled.
    /// raise R[exception]
    Raise { exception: Register },
    /// raise R[exception] from R[cause]
    RaiseFrom { exception: Register, cause: Register },
    /// raise the exception that is being handled (a bare `raise`)
    RaiseHandled,
    /// raise R[exception] as it is, at the end of a handler that did not take it
    Reraise { exception: Register },
    /// if R[exception] is no instance of R[class] (a class or tuple of classes): jump  + Offset
    JumpIfNotException { exception: Register, class: Register },

    // Imports.
    /// R[dst] = import of names[name]; data = level << 1 | leaf: with leaf the last module of a
    /// dotted name is the result, without it the first  + Data
    ImportModule { dst: Register, name: u16 },
    /// R[dst] = `from R[module] import names[data]`  + Data
    ImportFrom { dst: Register, module: Register },

    // Pattern matching.
    /// R[dst] = whether R[subject] is a sequence (no str, bytes or bytearray)
    MatchSequence { dst: Register, subject: Register },
    /// R[dst] = whether R[subject] is a mapping
    MatchMapping { dst: Register, subject: Register },
    /// R[dst] = a tuple of the values in R[subject] under the keys of the tuple R[keys], or None
    MatchKeys { dst: Register, subject: Register, keys: Register },
    /// R[dst] = a tuple of `data` positional attributes, then those named in the tuple R[start+2], of
    /// the subject R[start] when it is an instance of R[start+1]; or None  + Data
    MatchClass { dst: Register, start: Register },
    /// R[dst] = len(R[object])
    Length { dst: Register, object: Register },

    // What is rare.
    /// R[dst] = a rare operation on R[start], ...
    Intrinsic { dst: Register, start: Register, function: Intrinsic },
}

/// The rare operations, with their operands from R[start] on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Intrinsic {
    /// The class AssertionError, whatever the name means now. No operand.
    AssertionError,
    /// `from module import *` into the globals (or the namespace of a class). Operand: the module.
    ImportStar,
    /// Makes sure that the namespace has `__annotations__` and gives it. No operand; in a class body
    /// the namespace is R[0], else the globals.
    Annotations,
    /// Shows a value at a prompt: prints its repr unless it is None, and binds `_`. Operand: the value.
    ShowResult,
    /// A TypeVar: name, function of the bound or None, whether that gives constraints, function of the
    /// default or None.
    TypeVar,
    /// A TypeVarTuple: name, function of the default or None.
    TypeVarTuple,
    /// A ParamSpec: name, default or unbound.
    ParamSpec,
    /// A type alias: name, type parameters (a tuple), a function that computes the value.
    TypeAlias,
    /// `Generic[parameters]`, the base of a class with type parameters. Operand: a tuple.
    SubscriptGeneric,
    /// For `except*`: operands: exception (or None), class. Gives the tuple (matching group or None,
    /// rest or None).
    SplitExceptionGroup,
    /// For `except*`: operands: the original exception, a list of raised and unhandled parts. Gives the
    /// exception to raise, or None.
    MergeExceptionGroup,
    /// Removes the keys of the tuple R[start+1] from a new dict made of the mapping R[start].
    MappingRest,
    /// A list of the items for an assignment to many targets. Operands: the value, the number of targets before a
    /// star, the number behind it or None where there is no star.
    UnpackMany,
    /// The namespace of the running frame as a dict: `locals()`.
    Locals,
    /// `super()`: what the name `super` means now, `__class__`, and the first argument.
    Super,
}

/// Which conversion `!s`, `!r` or `!a` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Conversion {
    Str,
    Repr,
    Ascii,
}

/// What `SetFunctionPart` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FunctionPart {
    Defaults,
    KeywordDefaults,
    Annotations,
    TypeParameters,
}

/// Where an awaitable comes from, for the error when it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AwaitContext {
    Await,
    AsyncEnter,
    AsyncExit,
}

/// A binary operator, for the paths that are common to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    MatrixMultiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    BitAnd,
    BitOr,
    BitXor,
}

impl Op {
    /// The data word for `value`.
    ///
    /// Panics when it needs more than 24 bits; the compiler checks its tables against that.
    pub fn data(value: usize) -> Op {
        assert!(value < 1 << 24, "a data word holds 24 bits");
        Op::Data { high: (value >> 16) as u8, low: value as u16 }
    }

    /// The value of a data word; 0 for any other instruction.
    #[inline(always)]
    pub fn data_value(self) -> usize {
        match self {
            Op::Data { high, low } => (high as usize) << 16 | low as usize,
            _ => 0,
        }
    }

    /// The distance of an offset word or jump; 0 for any other instruction.
    #[inline(always)]
    pub fn distance(self) -> isize {
        match self {
            Op::Offset { high, low } | Op::Jump { high, low } | Op::JumpBack { high, low } => {
                (high as isize) << 16 | low as isize
            }
            _ => 0,
        }
    }

    /// The two halves of a signed distance; None when it needs more than 24 bits.
    pub fn split_distance(distance: isize) -> Option<(i8, u16)> {
        let high = i8::try_from(distance >> 16).ok()?;
        Some((high, distance as u16))
    }

    /// Whether the word after this instruction belongs to it.
    pub fn has_word(self) -> bool {
        use Op::*;
        matches!(
            self,
            LoadConstantWide { .. }
                | LoadNameOrCell { .. }
                | LoadAttribute { .. }
                | StoreAttribute { .. }
                | DeleteAttribute { .. }
                | LoadMethod { .. }
                | JumpIfTrue { .. }
                | JumpIfFalse { .. }
                | JumpEqual { .. }
                | JumpNotEqual { .. }
                | JumpLess { .. }
                | JumpLessEqual { .. }
                | JumpGreater { .. }
                | JumpGreaterEqual { .. }
                | JumpIs { .. }
                | JumpIn { .. }
                | JumpIsNone { .. }
                | JumpEqualInt { .. }
                | JumpLessInt { .. }
                | JumpLessEqualInt { .. }
                | JumpGreaterInt { .. }
                | JumpGreaterEqualInt { .. }
                | UnpackStar { .. }
                | ForNext { .. }
                | CallKeywords { .. }
                | CallMethodKeywords { .. }
                | AsyncForNext { .. }
                | JumpIfNotException { .. }
                | ImportModule { .. }
                | ImportFrom { .. }
                | MatchClass { .. }
        )
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::disassemble::write_op(*self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_four_bytes() {
        assert_eq!(size_of::<Op>(), 4);
    }

    #[test]
    fn distances_survive_splitting() {
        for distance in [0, 1, -1, 0x7fff, 0x8000, -0x8000, 0x7fffff, -0x800000] {
            let (high, low) = Op::split_distance(distance).unwrap();
            assert_eq!(Op::Jump { high, low }.distance(), distance);
        }
        assert_eq!(Op::split_distance(0x800000), None);
    }
}
