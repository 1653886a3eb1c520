//! One code object in the making: instructions, labels, tables.
//!
//! Nothing is emitted where nothing can arrive: after a jump or return the unit is unreachable until a
//! label that somebody jumps to. With each label travels the set of variables that are certainly bound
//! there. Positions are given with each instruction and compressed here. `finish` turns labels into
//! distances; what does not fit becomes a problem, never a panic.

use std::collections::HashMap;
use std::rc::Rc;

use asy_grammar::ast::{Name, Span};

use crate::bytecode::{Code, Constant, ExceptionRange, HandledRange, InnerVariable, Op, Position, Register};

use super::block::Block;
use super::registers::{RegisterSet, Registers};
use super::scope::{PrivateParameters, ScopeId};

/// A place in the code that is jumped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

#[derive(Debug, Default)]
struct LabelState {
    position: Option<u32>,
    /// The variables bound on every way here so far; None when nothing jumps here.
    bound: Option<RegisterSet>,
}

/// A range of instructions with the handler its exceptions go to.
#[derive(Debug)]
pub struct ProtectedRange {
    pub start: u32,
    pub end: u32,
    pub depth: usize,
    pub handler: Label,
    pub exception: Register,
}

/// A range of instructions while which an exception is being handled.
#[derive(Debug)]
pub struct HandledSpan {
    pub depth: usize,
    pub range: HandledRange,
}

/// What makes two constants the same one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ConstantKey {
    None,
    Bool(bool),
    Ellipsis,
    Int(i64),
    BigInt(Rc<str>),
    Float(u64),
    Imaginary(u64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Vec<ConstantKey>),
    FrozenSet(Vec<ConstantKey>),
}

impl ConstantKey {
    /// None for code, which is never shared.
    fn of(constant: &Constant) -> Option<ConstantKey> {
        let all = |items: &[Constant]| items.iter().map(ConstantKey::of).collect::<Option<Vec<_>>>();
        Some(match constant {
            Constant::None => ConstantKey::None,
            Constant::Bool(value) => ConstantKey::Bool(*value),
            Constant::Ellipsis => ConstantKey::Ellipsis,
            Constant::Int(value) => ConstantKey::Int(*value),
            Constant::BigInt(digits) => ConstantKey::BigInt(digits.clone()),
            Constant::Float(value) => ConstantKey::Float(value.to_bits()),
            Constant::Imaginary(value) => ConstantKey::Imaginary(value.to_bits()),
            Constant::Str(text) => ConstantKey::Str(text.clone()),
            Constant::Bytes(bytes) => ConstantKey::Bytes(bytes.clone()),
            Constant::Tuple(items) => ConstantKey::Tuple(all(items)?),
            Constant::FrozenSet(items) => ConstantKey::FrozenSet(all(items)?),
            Constant::Code(_) => return None,
        })
    }
}

/// A code object in the making.
pub struct Unit<'a> {
    pub name: Rc<str>,
    pub qualified_name: Rc<str>,
    pub frame: ScopeId,
    /// The scopes of this frame that are open, the frame's own first.
    pub scopes: Vec<ScopeId>,
    /// The class whose name mangles `__x`.
    pub class_name: Option<Name>,
    /// Those of a class whose type parameters, bases or bounds are compiled.
    pub private_parameters: Option<PrivateParameters>,
    pub registers: Registers,
    pub blocks: Vec<Block<'a>>,
    /// How many conditions decide whether what is being emitted runs, within one expression.
    pub conditional: usize,
    pub spill: Option<Register>,
    /// Whether the parameters are in the spill list, where the call puts them.
    pub spills_parameters: bool,
    ops: Vec<Op>,
    constants: Vec<Constant>,
    constant_index: HashMap<ConstantKey, usize>,
    names: Vec<Rc<str>>,
    positions: Vec<Position>,
    in_place: Vec<u32>,
    labels: Vec<LabelState>,
    /// Jumps and offset words, with the label they go to.
    patches: Vec<(usize, Label)>,
    pub protected: Vec<ProtectedRange>,
    pub handled: Vec<HandledSpan>,
    /// As in `Code`, of the inline scopes that are closed.
    pub inner_variables: Vec<InnerVariable>,
    /// Where the inline scopes that are open begin.
    pub open_inline: Vec<u32>,
    bound: RegisterSet,
    is_reachable: bool,
    /// What did not fit.
    pub problems: Vec<(Span, &'static str)>,
}

impl<'a> Unit<'a> {
    pub fn new(name: Rc<str>, qualified_name: Rc<str>, frame: ScopeId, class_name: Option<Name>) -> Unit<'a> {
        Unit {
            name,
            qualified_name,
            frame,
            scopes: vec![frame],
            class_name,
            private_parameters: None,
            registers: Registers::default(),
            blocks: Vec::new(),
            conditional: 0,
            spill: None,
            spills_parameters: false,
            ops: Vec::new(),
            constants: Vec::new(),
            constant_index: HashMap::new(),
            names: Vec::new(),
            positions: Vec::new(),
            in_place: Vec::new(),
            labels: Vec::new(),
            patches: Vec::new(),
            protected: Vec::new(),
            handled: Vec::new(),
            inner_variables: Vec::new(),
            open_inline: Vec::new(),
            bound: RegisterSet::default(),
            is_reachable: true,
            problems: Vec::new(),
        }
    }

    pub fn is_reachable(&self) -> bool {
        self.is_reachable
    }

    /// The span of the instruction emitted last.
    pub fn last_span(&self) -> Option<Span> {
        self.positions.last().map(|position| position.span)
    }

    /// Where the next instruction goes.
    pub fn here(&self) -> u32 {
        self.ops.len() as u32
    }

    /// Emits an instruction of one word. `line` is that of the span's start.
    pub fn emit(&mut self, span: Span, line: u32, op: Op) {
        if !self.is_reachable {
            return;
        }
        let pc = self.here();
        if self.positions.last().is_none_or(|last| last.span != span || last.line != line) {
            self.positions.push(Position { pc, line, span });
        }
        self.ops.push(op);
        if matches!(
            op,
            Op::Return { .. }
                | Op::ReturnNone
                | Op::Raise { .. }
                | Op::RaiseFrom { .. }
                | Op::RaiseHandled
                | Op::Reraise { .. }
        ) {
            self.stop();
        }
    }

    /// What is emitted next awaits this register: if a call has just put its result there, it is told so.
    pub fn note_awaited(&mut self, result: Register) {
        if self.is_reachable
            && let Some(op) = self.ops.last_mut()
            && let Op::Call { dst, callee, count } = *op
            && dst == result
        {
            *op = Op::CallAwaited { dst, callee, count };
        }
    }

    /// Emits an instruction that owns a data word.
    pub fn emit_data(&mut self, span: Span, line: u32, op: Op, data: usize) {
        let data = self.checked(span, data, (1 << 24) - 1, "this code needs too many names or constants");
        self.emit(span, line, op);
        if self.is_reachable {
            self.ops.push(Op::data(data));
        }
    }

    /// Emits a conditional jump, which goes forward only.
    pub fn emit_jump(&mut self, span: Span, line: u32, op: Op, target: Label) {
        debug_assert!(self.labels[target.0].position.is_none(), "conditional jumps go forward");
        self.emit(span, line, op);
        if self.is_reachable {
            self.patches.push((self.ops.len(), target));
            self.ops.push(Op::Offset { high: 0, low: 0 });
            self.arrive(target);
        }
    }

    /// Emits a jump, backwards when the label is behind.
    pub fn jump(&mut self, span: Span, line: u32, target: Label) {
        if !self.is_reachable {
            return;
        }
        let op = match self.labels[target.0].position {
            Some(_) => Op::JumpBack { high: 0, low: 0 },
            None => Op::Jump { high: 0, low: 0 },
        };
        self.patches.push((self.ops.len(), target));
        self.emit(span, line, op);
        self.arrive(target);
        self.stop();
    }

    /// The next instruction is an operator in its in-place form.
    pub fn mark_in_place(&mut self) {
        if self.is_reachable {
            self.in_place.push(self.here());
        }
    }

    pub fn new_label(&mut self) -> Label {
        self.labels.push(LabelState::default());
        Label(self.labels.len() - 1)
    }

    /// Puts a label here.
    pub fn bind(&mut self, label: Label) {
        let here = self.here();
        let state = &mut self.labels[label.0];
        state.position = Some(here);
        if let Some(bound) = state.bound {
            self.bound = if self.is_reachable { self.bound.intersection(&bound) } else { bound };
            self.is_reachable = true;
        }
    }

    /// Puts the label of a handler here. `bound` is what is certainly bound in all of the range it
    /// protects; a handler of an empty range is unreachable.
    pub fn bind_handler(&mut self, label: Label, bound: RegisterSet) {
        let here = self.here();
        self.labels[label.0].position = Some(here);
        self.is_reachable = self.protected.iter().any(|range| range.handler == label);
        self.bound = if self.is_reachable { bound } else { RegisterSet::ALL };
    }

    fn arrive(&mut self, label: Label) {
        let state = &mut self.labels[label.0];
        state.bound = Some(state.bound.map_or(self.bound, |bound| bound.intersection(&self.bound)));
    }

    /// Nothing arrives at the next instruction.
    fn stop(&mut self) {
        self.is_reachable = false;
        self.bound = RegisterSet::ALL;
    }

    pub fn bound(&self) -> RegisterSet {
        self.bound
    }

    pub fn is_bound(&self, register: Register) -> bool {
        self.bound.contains(register)
    }

    pub fn note_bound(&mut self, register: Register) {
        self.bound.insert(register);
    }

    pub fn note_unbound(&mut self, register: Register) {
        if self.is_reachable {
            self.bound.remove(register);
        }
    }

    /// A fresh entry of the name table.
    pub fn name(&mut self, name: &Rc<str>) -> usize {
        if self.is_reachable {
            self.names.push(name.clone());
        }
        self.names.len().saturating_sub(1)
    }

    /// A fresh entry of the name table, for instructions with 16 bits for it.
    pub fn short_name(&mut self, span: Span, name: &Rc<str>) -> u16 {
        let index = self.name(name);
        self.checked(span, index, u16::MAX as usize, "this code uses more than 65,536 names") as u16
    }

    pub fn constant(&mut self, constant: Constant) -> usize {
        let key = ConstantKey::of(&constant);
        if let Some(index) = key.as_ref().and_then(|key| self.constant_index.get(key)) {
            return *index;
        }
        let index = self.constants.len();
        self.constants.push(constant);
        if let Some(key) = key {
            self.constant_index.insert(key, index);
        }
        index
    }

    /// `value`, or 0 with a problem noted when it is above the limit.
    pub fn checked(&mut self, span: Span, value: usize, limit: usize, problem: &'static str) -> usize {
        if value <= limit {
            return value;
        }
        self.problems.push((span, problem));
        0
    }

    /// Fills the tables of `code` with what was emitted. Labels become distances here.
    pub fn finish(mut self, mut code: Code) -> (Code, Vec<(Span, &'static str)>) {
        self.resolve_jumps();
        self.protected.sort_by_key(|range| (range.start, range.depth));
        self.handled.sort_by_key(|span| (span.range.start, span.depth));
        code.exceptions = self
            .protected
            .iter()
            .map(|range| ExceptionRange {
                start: range.start,
                end: range.end,
                handler: self.labels[range.handler.0].position.unwrap_or(0),
                exception: range.exception,
            })
            .collect();
        code.inner_variables = self.inner_variables;
        code.handled = self.handled.iter().map(|span| span.range).collect();
        code.register_count = self.registers.count();
        code.spill = self.spill;
        code.ops = self.ops;
        code.constants = self.constants;
        code.names = self.names;
        code.positions = self.positions;
        code.in_place = self.in_place;
        if self.registers.is_exhausted {
            let problem = "this code has too many values in use at once; split the expression or the function";
            self.problems.push((Span::default(), problem));
        }
        (code, self.problems)
    }

    fn resolve_jumps(&mut self) {
        let jumps: HashMap<usize, Label> =
            self.patches.iter().filter(|(at, _)| !matches!(self.ops[*at], Op::Offset { .. })).copied().collect();
        for (at, label) in std::mem::take(&mut self.patches) {
            let target = self.final_target(&jumps, at, label);
            let distance = target as isize - (at as isize + 1);
            let Some((high, low)) = Op::split_distance(distance) else {
                self.problems.push((Span::default(), "this code is too long to jump over"));
                continue;
            };
            self.ops[at] = match self.ops[at] {
                Op::Offset { .. } => Op::Offset { high, low },
                _ if distance < 0 => Op::JumpBack { high, low },
                _ => Op::Jump { high, low },
            };
        }
    }

    /// Where a jump ends up when it goes to another jump. A conditional jump stays a forward one.
    fn final_target(&self, jumps: &HashMap<usize, Label>, at: usize, label: Label) -> usize {
        let position = |label: Label| self.labels[label.0].position.unwrap_or(0) as usize;
        let mut target = position(label);
        let forward_only = matches!(self.ops[at], Op::Offset { .. });
        // Bounded, because an empty endless loop jumps to itself.
        for _ in 0..8 {
            match jumps.get(&target) {
                Some(next) if !forward_only || position(*next) > at => target = position(*next),
                _ => break,
            }
        }
        target
    }
}
