//! Names: where a variable is kept, and reading, writing and deleting it.
//!
//! A read of a local variable costs nothing: it is used in its register. Only where the analysis of
//! the way here does not prove it bound a `CheckBound` comes before it.

use std::rc::Rc;

use asy_grammar::ast::{Name, Span};

use crate::bytecode::{Capture, Code, Constant, InnerVariable, Op, Register};

use super::Compiler;
use super::registers::{Place, VARIABLE_LIMIT};
use super::scope::{Binding, ScopeId, Variable};

impl<'a> Compiler<'a> {
    /// What a name (already mangled) means here.
    pub fn binding(&self, name: &str) -> Binding {
        self.scopes.binding(self.scope(), name)
    }

    fn place(&mut self, owner: ScopeId, name: &Name, span: Span) -> Place {
        match self.unit.registers.places.get(&(owner, name.clone())) {
            Some(place) => *place,
            None => {
                // Only after another error: there were no registers for it.
                self.unit.problems.push((span, "this variable has found no place in the frame"));
                Place::Register(Register(0))
            }
        }
    }

    /// The register a name (already mangled) may be written to directly.
    pub fn register_of(&mut self, name: &Name, span: Span) -> Option<Register> {
        match self.binding(name) {
            Binding::Variable(owner) => match self.place(owner, name, span) {
                Place::Register(register) => Some(register),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_unstable(&self, owner: ScopeId, name: &str) -> bool {
        self.scopes.variable(owner, name).is_some_and(|symbol| symbol.is_unstable)
    }

    /// Remembers that a name that lives in a register was bound just now.
    pub fn note_bound(&mut self, name: &Name, register: Register) {
        if let Binding::Variable(owner) = self.binding(name)
            && !self.is_unstable(owner, name)
        {
            self.unit.note_bound(register);
        }
    }

    /// A register that holds the value of a name (not yet mangled); `room` is used if one is needed.
    pub fn load_name(&mut self, name: &Name, span: Span, room: Option<Register>) -> Register {
        let name = self.mangled(name);
        let binding = self.binding(&name);
        if let Binding::Variable(owner) = binding
            && let Place::Register(register) = self.place(owner, &name, span)
        {
            if !self.unit.is_bound(register) {
                self.emit(span, Op::CheckBound { register });
                self.note_bound(&name, register);
            }
            return register;
        }
        let dst = room.unwrap_or_else(|| self.unit.registers.take());
        match binding {
            Binding::Global if &*name == "__debug__" => self.emit(span, Op::LoadBool { dst, value: self.debug() }),
            Binding::Namespace if &*name == "__debug__" => self.emit(span, Op::LoadBool { dst, value: self.debug() }),
            Binding::Global => {
                let name = self.unit.short_name(span, &name);
                self.emit_plain(span, dst, Op::LoadGlobal { dst, name });
            }
            Binding::Namespace => {
                let name = self.unit.short_name(span, &name);
                self.emit_plain(span, dst, Op::LoadName { dst, name });
            }
            Binding::NamespaceOrVariable(owner) => {
                let cell = self.cell(owner, &name, span, dst);
                let name = self.unit.name(&name);
                self.emit_data(span, Op::LoadNameOrCell { dst, cell }, name);
            }
            Binding::Variable(owner) => match self.place(owner, &name, span) {
                Place::Register(src) => self.emit_plain(span, dst, Op::Move { dst, src }),
                Place::Spill(index) => {
                    self.emit_plain(span, dst, Op::LoadSpill { dst, index });
                    self.emit(span, Op::CheckBound { register: dst });
                }
                Place::Cell(_) | Place::SpillCell(_) => {
                    let cell = self.cell(owner, &name, span, dst);
                    self.emit_plain(span, dst, Op::LoadCell { dst, cell });
                }
            },
        }
        dst
    }

    /// The register that holds the cell of a variable; `room` receives it when it is spilled.
    fn cell(&mut self, owner: ScopeId, name: &Name, span: Span, room: Register) -> Register {
        match self.place(owner, name, span) {
            Place::Register(register) | Place::Cell(register) => register,
            Place::Spill(index) | Place::SpillCell(index) => {
                self.emit(span, Op::LoadSpill { dst: room, index });
                room
            }
        }
    }

    /// Binds a name (already mangled) to the value in a register.
    pub fn store_name(&mut self, name: &Name, src: Register, span: Span) {
        match self.binding(name) {
            Binding::Global => {
                let name = self.unit.short_name(span, name);
                self.emit(span, Op::StoreGlobal { src, name });
            }
            Binding::Namespace | Binding::NamespaceOrVariable(_) => {
                let name = self.unit.short_name(span, name);
                self.emit(span, Op::StoreName { src, name });
            }
            Binding::Variable(owner) => match self.place(owner, name, span) {
                Place::Register(dst) => {
                    if dst != src {
                        self.emit(span, Op::Move { dst, src });
                    }
                    self.note_bound(name, dst);
                }
                Place::Spill(index) => self.emit(span, Op::StoreSpill { src, index }),
                Place::Cell(cell) => self.emit(span, Op::StoreCell { cell, src }),
                Place::SpillCell(_) => {
                    let mark = self.unit.registers.mark();
                    let room = self.unit.registers.take();
                    let cell = self.cell(owner, name, span, room);
                    self.emit(span, Op::StoreCell { cell, src });
                    self.unit.registers.give_back(mark);
                }
            },
        }
    }

    /// `del name` (already mangled).
    pub fn delete_name(&mut self, name: &Name, span: Span) {
        match self.binding(name) {
            Binding::Global => {
                let name = self.unit.short_name(span, name);
                self.emit(span, Op::DeleteGlobal { name });
            }
            Binding::Namespace | Binding::NamespaceOrVariable(_) => {
                let name = self.unit.short_name(span, name);
                self.emit(span, Op::DeleteName { name });
            }
            Binding::Variable(owner) => {
                let mark = self.unit.registers.mark();
                match self.place(owner, name, span) {
                    Place::Register(register) => {
                        self.emit(span, Op::CheckBound { register });
                        self.emit(span, Op::Release { start: register, count: 1 });
                        self.unit.note_unbound(register);
                        self.emit(span, Op::SafePoint);
                    }
                    Place::Spill(index) => {
                        let src = self.unit.registers.take();
                        self.emit(span, Op::LoadSpill { dst: src, index });
                        self.emit(span, Op::CheckBound { register: src });
                        self.emit(span, Op::Release { start: src, count: 1 });
                        self.emit(span, Op::StoreSpill { src, index });
                    }
                    Place::Cell(_) | Place::SpillCell(_) => {
                        let room = self.unit.registers.take();
                        let cell = self.cell(owner, name, span, room);
                        self.emit(span, Op::DeleteCell { cell });
                        self.emit(span, Op::SafePoint);
                    }
                }
                self.unit.registers.give_back(mark);
            }
        }
    }

    /// Makes sure that a name (already mangled) is unbound, whether it is bound or not.
    pub fn unbind_name(&mut self, name: &Name, span: Span) {
        if let Some(register) = self.register_of(name, span) {
            self.emit(span, Op::Release { start: register, count: 1 });
            return self.unit.note_unbound(register);
        }
        let mark = self.unit.registers.mark();
        let none = self.unit.registers.take();
        self.emit(span, Op::LoadNone { dst: none });
        self.store_name(name, none, span);
        self.unit.registers.give_back(mark);
        self.delete_name(name, span);
    }

    /// Gives the variables of the unit's own scope their places and makes its cells. Parameters must be
    /// the first in the order of the scope.
    pub fn place_variables(&mut self, span: Span) {
        let frame = self.unit.frame;
        let scope = self.scopes.get(frame);
        let owned: Vec<Name> = scope
            .order
            .iter()
            .filter(|name| {
                scope
                    .symbols
                    .get(*name)
                    .is_some_and(|symbol| symbol.is_bound && !symbol.is_global && !symbol.is_nonlocal)
            })
            .cloned()
            .collect();
        let parameter_count =
            owned.iter().filter(|name| scope.symbols.get(*name).is_some_and(|symbol| symbol.is_parameter)).count();
        let room = (VARIABLE_LIMIT as usize).saturating_sub(scope.free.len() + 1);
        let spills = owned.len() > room;
        let spills_parameters = parameter_count > room;
        let in_registers = match (spills, spills_parameters) {
            (_, true) => 0,
            (true, _) => room,
            _ => owned.len(),
        };
        for (index, name) in owned.iter().enumerate() {
            let place = if index < in_registers {
                Place::Register(self.unit.registers.take_variable())
            } else {
                Place::Spill((index - in_registers) as u16)
            };
            self.unit.registers.places.insert((frame, name.clone()), place);
        }
        self.place_free_variables();
        if spills {
            let dst = self.unit.registers.take_variable();
            self.unit.spill = Some(dst);
            self.unit.spills_parameters = spills_parameters;
            let count = self.unit.checked(span, owned.len() - in_registers, u16::MAX as usize, "too many variables");
            if !spills_parameters {
                self.emit(span, Op::MakeSpill { dst, count: count as u16 });
            }
        }
        for (index, name) in owned.iter().enumerate() {
            if index < parameter_count
                && let Some(Place::Register(register)) = self.unit.registers.places.get(&(frame, name.clone()))
            {
                let register = *register;
                self.note_bound(name, register);
            }
            if self.scopes.variable(frame, name).is_some_and(|symbol| symbol.is_captured) {
                self.make_cell(&(frame, name.clone()), span);
            }
        }
    }

    /// Gives the free variables of the frame their registers.
    pub fn place_free_variables(&mut self) {
        for variable in self.scopes.get(self.unit.frame).free.clone() {
            let register = self.unit.registers.take_variable();
            self.unit.registers.places.insert(variable, Place::Cell(register));
        }
    }

    /// Turns the place of a variable into a cell with what it holds.
    pub fn make_cell(&mut self, variable: &Variable, span: Span) {
        let place = match self.unit.registers.places.get(variable) {
            Some(Place::Register(register)) => {
                let register = *register;
                self.emit(span, Op::MakeCell { register });
                Place::Cell(register)
            }
            Some(Place::Spill(index)) => {
                let index = *index;
                let register = self.unit.registers.take();
                self.emit(span, Op::LoadSpill { dst: register, index });
                self.emit(span, Op::MakeCell { register });
                self.emit(span, Op::StoreSpill { src: register, index });
                self.unit.registers.give_back(register.0 as u16);
                Place::SpillCell(index)
            }
            _ => return,
        };
        self.unit.registers.places.insert(variable.clone(), place);
    }

    /// Opens an inline scope: its variables get the next registers, unbound, and cells where an inner
    /// frame captures them. The registers are given back with everything above the mark.
    pub fn open_inline_scope(&mut self, scope: ScopeId, span: Span) {
        let owned: Vec<Name> = {
            let here = self.scopes.get(scope);
            here.order
                .iter()
                .filter(|name| here.symbols.get(*name).is_some_and(|symbol| symbol.is_bound))
                .cloned()
                .collect()
        };
        let start = self.unit.registers.mark();
        for name in &owned {
            let register = self.unit.registers.take_variable();
            self.unit.note_unbound(register);
            self.unit.registers.forget_result(register);
            self.unit.registers.places.insert((scope, name.clone()), Place::Register(register));
        }
        if !owned.is_empty() && start < 256 {
            self.emit(span, Op::Release { start: Register(start as u8), count: owned.len().min(255) as u8 });
        }
        for name in &owned {
            if self.scopes.variable(scope, name).is_some_and(|symbol| symbol.is_captured) {
                self.make_cell(&(scope, name.clone()), span);
            }
        }
        self.unit.scopes.push(scope);
        let start = self.unit.here();
        self.unit.open_inline.push(start);
    }

    /// Closes the inline scope opened last and gives up its variables.
    pub fn close_inline_scope(&mut self, span: Span) {
        let Some(scope) = self.unit.scopes.pop() else { return };
        let (start, end) = (self.unit.open_inline.pop().unwrap_or(0), self.unit.here());
        let places = self.unit.registers.places.iter().filter(|((owner, _), _)| *owner == scope);
        let mut registers: Vec<u8> = Vec::new();
        let mut variables: Vec<InnerVariable> = Vec::new();
        for ((_, name), place) in places {
            if let Place::Register(register) | Place::Cell(register) = *place {
                registers.push(register.0);
                variables.push(InnerVariable { name: name.clone(), register, start, end });
            }
        }
        variables.sort_by_key(|variable| variable.register);
        self.unit.inner_variables.extend(variables);
        if let (Some(first), Some(last)) = (registers.iter().min(), registers.iter().max()) {
            self.emit(span, Op::Release { start: Register(*first), count: (last - first).saturating_add(1) });
        }
        self.unit.registers.places.retain(|(owner, _), _| *owner != scope);
    }

    /// Where the current unit has the cells that an inner frame captures.
    pub fn captures_of(&mut self, inner: ScopeId, span: Span) -> Vec<Capture> {
        let free = self.scopes.get(inner).free.clone();
        free.iter()
            .map(|(owner, name)| match self.place(*owner, name, span) {
                Place::Register(register) | Place::Cell(register) => Capture::Register(register),
                Place::Spill(index) | Place::SpillCell(index) => Capture::Spill(index),
            })
            .collect()
    }

    /// Fills in what a code object tells about its variables.
    pub fn describe_variables(&mut self, code: &mut Code) {
        let frame = self.unit.frame;
        code.register_names = vec![None; self.unit.registers.count() as usize];
        let mut spilled: Vec<(u16, Rc<str>)> = Vec::new();
        for ((owner, name), place) in &self.unit.registers.places {
            match *place {
                Place::Register(register) | Place::Cell(register) => {
                    if let Some(entry) = code.register_names.get_mut(register.0 as usize) {
                        *entry = Some(name.clone());
                    }
                    let is_own = *owner == frame;
                    if is_own && matches!(place, Place::Cell(_)) {
                        code.cell_registers.push(register);
                    }
                }
                Place::Spill(index) | Place::SpillCell(index) => spilled.push((index, name.clone())),
            }
        }
        code.cell_registers.sort();
        spilled.sort();
        code.spill_names = spilled.into_iter().map(|(_, name)| name).collect();
        code.spilled_parameters = self.unit.spills_parameters;
        for variable in &self.scopes.get(frame).free {
            if let Some(Place::Cell(register)) = self.unit.registers.places.get(variable) {
                code.free_registers.push(*register);
                code.free_names.push(variable.1.clone());
            }
        }
    }

    /// R[dst] = a constant, by the shortest instruction.
    pub fn load_constant(&mut self, span: Span, constant: Constant, dst: Register) {
        let op = match constant {
            Constant::None => Op::LoadNone { dst },
            Constant::Bool(value) => Op::LoadBool { dst, value },
            Constant::Int(value) if i16::try_from(value).is_ok() => Op::LoadInt { dst, value: value as i16 },
            constant => {
                let index = self.unit.constant(constant);
                match u16::try_from(index) {
                    Ok(constant) => Op::LoadConstant { dst, constant },
                    Err(_) => return self.emit_data(span, Op::LoadConstantWide { dst }, index),
                }
            }
        };
        self.emit_plain(span, dst, op);
    }
}
