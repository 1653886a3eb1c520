//! Classes: the body is code of its own that fills a namespace, and a call makes the class from it.

use std::collections::BTreeSet;
use std::rc::Rc;

use asy_grammar::ast::{ClassDefinition, Name};

use crate::bytecode::{Code, CodeKind, Constant, Intrinsic, Op, Register};

use super::Compiler;
use super::emit::Unit;
use super::registers::Place;
use super::scope::{NAMESPACE_CELL, PrivateParameters, ScopeId, node_key};

impl<'a> Compiler<'a> {
    pub fn class(&mut self, definition: &'a ClassDefinition) {
        let span = definition.name.span;
        let name = self.mangled(&definition.name.name);
        let mark = self.unit.registers.mark();
        let decorators = self.decorators(&definition.decorators);
        let class = self.unit.registers.take();
        let outer_parameters = self.unit.private_parameters.clone();
        if let Some(own) = PrivateParameters::of(&definition.name.name, &definition.type_parameters) {
            self.unit.private_parameters = Some(own);
        }
        let parameters = self.open_type_parameters(&definition.type_parameters, span);
        let Some(scope) = self.scopes.of_node(node_key(definition)) else {
            return self.error(span, "the scopes of this class are missing");
        };
        let window_mark = self.unit.registers.mark();
        let callee = self.unit.registers.take();
        let body = self.unit.registers.take();
        let title = self.unit.registers.take();
        self.emit(span, Op::LoadBuildClass { dst: callee });
        let code = self.class_code(definition, scope);
        self.make_function(span, code, body);
        self.load_constant(span, Constant::Str(definition.name.name.clone()), title);
        let arguments = &definition.arguments;
        match parameters {
            Some(tuple) => self.call_with_generic(span, callee, tuple, arguments, class),
            None => self.call_after(span, callee, 2, arguments, class),
        }
        self.unit.private_parameters = outer_parameters;
        self.unit.registers.give_back(window_mark);
        if parameters.is_some() {
            self.close_inline_scope(span);
        }
        self.unit.registers.note_result(class);
        self.apply_decorators(&definition.decorators, &decorators, class);
        self.store_name(&name, decorators.first().copied().unwrap_or(class), span);
        self.unit.registers.give_back(mark);
    }

    fn class_code(&mut self, definition: &'a ClassDefinition, scope: ScopeId) -> Rc<Code> {
        let span = definition.name.span;
        let name = definition.name.name.clone();
        let qualified = self.inner_name(&name);
        let captures = self.captures_of(scope, span);
        let unit = Unit::new(name.clone(), qualified.clone(), scope, Some(name));
        let line = self.line(span);
        let (doc, body) = match self.split_docstring(&definition.body) {
            Some((doc, body)) => (Some(doc), body),
            None => (None, &*definition.body),
        };
        let (code, _) = self.in_unit(unit, |compiler| {
            let namespace = compiler.unit.registers.take_variable();
            debug_assert_eq!(namespace, Register(0));
            compiler.place_free_variables();
            let cell = compiler.make_class_cell(scope, span);
            let namespace_cell = compiler.make_namespace_cell(scope, span);
            compiler.class_prologue(definition, qualified, doc.clone());
            compiler.attributes_of_self.push(BTreeSet::new());
            compiler.statements(body);
            let attributes = compiler.attributes_of_self.pop().unwrap_or_default();
            let attributes = attributes.into_iter().map(Constant::Str).collect();
            let value = compiler.unit.registers.take();
            compiler.load_constant(span, Constant::Tuple(attributes), value);
            let name = compiler.unit.short_name(span, &"__static_attributes__".into());
            compiler.emit(span, Op::StoreName { src: value, name });
            if let Some(cell) = namespace_cell {
                let name = compiler.unit.short_name(span, &"__classdictcell__".into());
                compiler.emit(span, Op::StoreName { src: cell, name });
            }
            if let Some(cell) = cell {
                let name = compiler.unit.short_name(span, &"__classcell__".into());
                compiler.emit(span, Op::StoreName { src: cell, name });
                compiler.emit(span, Op::Return { src: cell });
            }
            let mut code = compiler.blank_code(CodeKind::Class, line);
            code.captures = captures;
            code.doc = doc;
            compiler.finish_unit(code)
        });
        code
    }

    /// The cell for `__class__`, when methods use it.
    fn make_class_cell(&mut self, scope: ScopeId, span: asy_grammar::ast::Span) -> Option<Register> {
        if !self.scopes.get(scope).has_class_cell {
            return None;
        }
        let register = self.unit.registers.take_variable();
        self.emit(span, Op::MakeCell { register });
        self.unit.registers.places.insert((scope, "__class__".into()), Place::Cell(register));
        Some(register)
    }

    /// The cell with the namespace, when lazy frames look into it.
    fn make_namespace_cell(&mut self, scope: ScopeId, span: asy_grammar::ast::Span) -> Option<Register> {
        if !self.scopes.get(scope).has_namespace_cell {
            return None;
        }
        let cell = self.unit.registers.take_variable();
        self.emit(span, Op::MakeCell { register: cell });
        self.emit(span, Op::StoreCell { cell, src: Register(0) });
        self.unit.registers.places.insert((scope, NAMESPACE_CELL.into()), Place::Cell(cell));
        Some(cell)
    }

    /// What every class namespace begins with.
    fn class_prologue(&mut self, definition: &'a ClassDefinition, qualified: Rc<str>, doc: Option<Rc<str>>) {
        let span = definition.name.span;
        let value = self.unit.registers.take();
        let module = self.unit.short_name(span, &"__name__".into());
        self.emit(span, Op::LoadGlobal { dst: value, name: module });
        let store = |compiler: &mut Compiler<'a>, name: &str| {
            let name: Name = name.into();
            let name = compiler.unit.short_name(span, &name);
            compiler.emit(span, Op::StoreName { src: value, name });
        };
        store(self, "__module__");
        self.load_constant(span, Constant::Str(qualified), value);
        store(self, "__qualname__");
        let first = definition.decorators.first().map_or(span, |decorator| decorator.span);
        let first_line = i64::from(self.line(first));
        self.load_constant(span, Constant::Int(first_line), value);
        store(self, "__firstlineno__");
        if !definition.type_parameters.is_empty() {
            let loaded = self.load_name(&".type_params".into(), span, Some(value));
            if loaded != value {
                self.emit(span, Op::Move { dst: value, src: loaded });
            }
            store(self, "__type_params__");
        }
        if let Some(doc) = doc {
            self.load_constant(span, Constant::Str(doc), value);
            store(self, "__doc__");
        }
        if definition.body.iter().any(super::assignment::has_annotation) {
            self.emit(span, Op::Intrinsic { dst: value, start: value, function: Intrinsic::Annotations });
        }
        self.unit.registers.give_back(value.0 as u16);
    }
}
