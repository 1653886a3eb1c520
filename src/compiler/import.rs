//! Imports.

use asy_grammar::ast::{Alias, Identifier, Name, Span};

use crate::bytecode::{Intrinsic, Op};

use super::Compiler;
use super::symbols::first_part;

/// Whether `import a.b` gives `a` or `a.b`.
#[derive(Clone, Copy)]
enum Wanted {
    First = 0,
    Leaf = 1,
}

impl<'a> Compiler<'a> {
    /// `import a.b`, `import a.b as c`
    pub fn import(&mut self, span: Span, alias: &'a Alias) {
        let mark = self.unit.registers.mark();
        let dst = self.unit.registers.take();
        let (target, wanted) = match &alias.alias {
            Some(target) => (target.name.clone(), Wanted::Leaf),
            None => (first_part(&alias.name), Wanted::First),
        };
        let name = self.unit.short_name(span, &alias.name);
        self.emit_data(span, Op::ImportModule { dst, name }, wanted as usize);
        let target = self.mangled(&target);
        self.store_name(&target, dst, span);
        self.unit.registers.give_back(mark);
    }

    /// `from ..module import a as b, c`
    pub fn import_from(&mut self, span: Span, module: Option<&'a Identifier>, names: &'a [Alias], level: u32) {
        let mark = self.unit.registers.mark();
        let dst = self.unit.registers.take();
        let module: Name = module.map_or_else(|| "".into(), |module| module.name.clone());
        let name = self.unit.short_name(span, &module);
        self.emit_data(span, Op::ImportModule { dst, name }, (level as usize) << 1 | Wanted::Leaf as usize);
        for alias in names {
            let value = self.unit.registers.take();
            if &*alias.name == "*" {
                self.emit(span, Op::Intrinsic { dst: value, start: dst, function: Intrinsic::ImportStar });
            } else {
                let name = self.unit.name(&alias.name);
                self.emit_data(span, Op::ImportFrom { dst: value, module: dst }, name);
                let target = alias.alias.as_ref().map_or(&alias.name, |target| &target.name);
                let target = self.mangled(target);
                self.store_name(&target, value, alias.span);
                self.unit.registers.note_result(value);
            }
            self.unit.registers.give_back(value.0 as u16);
        }
        self.unit.registers.give_back(mark);
    }
}
