//! Functions and lambdas: their code, defaults, annotations and decorators.

use std::rc::Rc;

use asy_grammar::ast::{
    Constant as TreeConstant, Expression, ExpressionKind, FunctionDefinition, Name, Parameter, Parameters, Span,
    Statement, StatementKind,
};

use crate::bytecode::{Capture, Code, CodeKind, Constant, FunctionPart, Op, Register};

use super::emit::Unit;
use super::registers::Place;
use super::scope::{Binding, NAMESPACE_CELL, ScopeId, ScopeKind, node_key};
use super::symbols::all_parameters;
use super::unparse::unparse;
use super::{Compiler, Optimize};

/// What is evaluated before a function is made and set on it afterwards.
pub type FunctionParts = Vec<(FunctionPart, Register)>;

impl<'a> Compiler<'a> {
    /// The docstring of a body, and what follows it.
    pub fn split_docstring(&self, body: &'a [Statement]) -> Option<(Rc<str>, &'a [Statement])> {
        let (first, rest) = body.split_first()?;
        match &first.kind {
            StatementKind::Expression(Expression {
                kind: ExpressionKind::Constant(TreeConstant::Str(text)), ..
            }) if self.options.optimize < Optimize::Docstrings => Some((text.clone(), rest)),
            _ => None,
        }
    }

    pub fn function(&mut self, definition: &'a FunctionDefinition) {
        let span = definition.name.span;
        let name = self.mangled(&definition.name.name);
        let mark = self.unit.registers.mark();
        let decorators = self.decorators(&definition.decorators);
        let direct = if decorators.is_empty() { self.register_of(&name, span) } else { None };
        let function = self.unit.registers.take();
        let mut parts = self.default_values(span, &definition.parameters);
        let scope = self.open_type_parameters(&definition.type_parameters, span);
        if let Some(parameters) = scope {
            parts.push((FunctionPart::TypeParameters, parameters));
        }
        parts.extend(self.annotation_values(definition));
        let code = self.function_code(definition);
        let made = if parts.is_empty() { direct.unwrap_or(function) } else { function };
        self.make_function(span, code, made);
        self.set_function_parts(span, made, &parts);
        if scope.is_some() {
            self.close_inline_scope(span);
        }
        if made == function {
            self.unit.registers.note_result(function);
        }
        self.apply_decorators(&definition.decorators, &decorators, function);
        match decorators.first() {
            Some(result) => self.store_name(&name, *result, span),
            None if Some(made) == direct => self.note_bound(&name, made),
            None => self.store_name(&name, made, span),
        }
        self.unit.registers.give_back(mark);
    }

    /// Evaluates decorators into registers in a row; what is decorated comes behind.
    pub fn decorators(&mut self, decorators: &'a [Expression]) -> Vec<Register> {
        decorators
            .iter()
            .map(|decorator| {
                let register = self.unit.registers.take();
                self.expression_to(decorator, register);
                register
            })
            .collect()
    }

    /// Calls the decorators, the last first. The result is in the register of the first.
    pub fn apply_decorators(&mut self, decorators: &'a [Expression], registers: &[Register], decorated: Register) {
        for (decorator, callee) in decorators.iter().zip(registers).rev() {
            self.emit_result(decorator.span, *callee, Op::Call { dst: *callee, callee: *callee, count: 1 });
        }
        if !registers.is_empty() {
            self.unit.registers.forget_result(decorated);
        }
    }

    /// Evaluates default values; gives the registers that hold them.
    pub fn default_values(&mut self, span: Span, parameters: &'a Parameters) -> FunctionParts {
        let mut parts = Vec::new();
        let positional = parameters.positional_only.iter().chain(&parameters.positional);
        let defaults: Vec<&'a Expression> = positional.filter_map(|parameter| parameter.default.as_ref()).collect();
        if !defaults.is_empty() {
            let tuple = self.unit.registers.take();
            match defaults.iter().map(|value| super::fold::fold(value)).collect::<Option<Vec<_>>>() {
                Some(constants) => self.load_constant(span, Constant::Tuple(constants), tuple),
                None => self.tuple_of(span, tuple, defaults.len(), |compiler, index, register| {
                    compiler.expression_to(defaults[index], register);
                }),
            }
            parts.push((FunctionPart::Defaults, tuple));
        }
        let named: Vec<(Name, &'a Expression)> = parameters
            .keyword_only
            .iter()
            .filter_map(|parameter| Some((self.mangled(&parameter.name.name), parameter.default.as_ref()?)))
            .collect();
        if !named.is_empty() {
            let dict = self.unit.registers.take();
            self.emit_result(span, dict, Op::BuildDict { dst: dict, start: dict, count: 0 });
            for (name, value) in named {
                self.insert_named(span, dict, &name, |compiler, register| compiler.expression_to(value, register));
            }
            parts.push((FunctionPart::KeywordDefaults, dict));
        }
        parts
    }

    fn insert_named(
        &mut self,
        span: Span,
        dict: Register,
        name: &Name,
        evaluate: impl FnOnce(&mut Compiler<'a>, Register),
    ) {
        let mark = self.unit.registers.mark();
        let (key, value) = (self.unit.registers.take(), self.unit.registers.take());
        self.load_constant(span, Constant::Str(name.clone()), key);
        evaluate(self, value);
        self.emit(span, Op::DictInsert { dict, key, value });
        self.unit.registers.give_back(mark);
    }

    fn annotation_values(&mut self, definition: &'a FunctionDefinition) -> FunctionParts {
        let parameters = &definition.parameters;
        // In the order in which they are written, not in that of registers.
        let written = parameters
            .positional_only
            .iter()
            .chain(&parameters.positional)
            .chain(&parameters.star)
            .chain(&parameters.keyword_only)
            .chain(&parameters.double_star);
        let annotated = |parameter: &'a Parameter| Some((parameter.name.name.clone(), parameter.annotation.as_ref()?));
        let mut annotations: Vec<(Name, &'a Expression)> = written.filter_map(annotated).collect();
        annotations.extend(definition.returns.as_ref().map(|returns| ("return".into(), returns)));
        if annotations.is_empty() {
            return Vec::new();
        }
        let span = definition.name.span;
        let dict = self.unit.registers.take();
        self.emit_result(span, dict, Op::BuildDict { dst: dict, start: dict, count: 0 });
        for (name, annotation) in annotations {
            let name = self.mangled(&name);
            self.insert_named(span, dict, &name, |compiler, register| compiler.annotation_to(annotation, register));
        }
        vec![(FunctionPart::Annotations, dict)]
    }

    /// R[dst] = the value of an annotation, or its text when the source asks for that.
    pub fn annotation_to(&mut self, annotation: &'a Expression, dst: Register) {
        if self.annotations_are_text {
            return self.load_constant(annotation.span, Constant::Str(unparse(annotation).into()), dst);
        }
        match &annotation.kind {
            // `*args: *Ts`
            ExpressionKind::Starred(inner) => {
                let mark = self.unit.registers.mark();
                let src = self.operand(inner, Some(dst));
                self.emit(annotation.span, Op::Unpack { src, start: dst, count: 1 });
                self.unit.registers.give_back(mark);
            }
            _ => self.expression_to(annotation, dst),
        }
    }

    pub fn make_function(&mut self, span: Span, code: Rc<Code>, dst: Register) {
        let index = self.unit.constant(Constant::Code(code));
        let code = self.unit.checked(span, index, u16::MAX as usize, "this code has too many constants for a function");
        self.emit_result(span, dst, Op::MakeFunction { dst, code: code as u16 });
    }

    pub fn set_function_parts(&mut self, span: Span, function: Register, parts: &FunctionParts) {
        for (part, value) in parts {
            self.emit(span, Op::SetFunctionPart { function, value: *value, part: *part });
        }
    }

    /// The qualified name of something defined here.
    pub fn inner_name(&self, name: &str) -> Rc<str> {
        if matches!(self.binding(name), Binding::Global)
            && self.scopes.variable(self.scope(), name).is_some_and(|symbol| symbol.is_global)
        {
            return name.into();
        }
        let outer = &self.unit.qualified_name;
        match self.scopes.get(self.unit.frame).kind {
            ScopeKind::Module => name.into(),
            ScopeKind::Class => format!("{outer}.{name}").into(),
            _ => format!("{outer}.<locals>.{name}").into(),
        }
    }

    fn function_code(&mut self, definition: &'a FunctionDefinition) -> Rc<Code> {
        let span = definition.name.span;
        let Some(scope) = self.scopes.of_node(node_key(definition)) else {
            self.error(span, "the scopes of this function are missing");
            return Rc::new(self.blank_code(CodeKind::Function, 1));
        };
        let has_yield = self.scopes.get(scope).has_yield;
        let kind = match (definition.is_async, has_yield) {
            (false, false) => CodeKind::Function,
            (false, true) => CodeKind::Generator,
            (true, false) => CodeKind::Coroutine,
            (true, true) => CodeKind::AsyncGenerator,
        };
        let name = self.mangled(&definition.name.name);
        let qualified = self.inner_name(&name).to_string();
        let qualified = match qualified.strip_suffix(&*name) {
            Some(outer) => format!("{outer}{}", definition.name.name),
            None => qualified,
        };
        let (doc, body) = match self.split_docstring(&definition.body) {
            Some((doc, body)) => (Some(doc), body),
            None => (None, &*definition.body),
        };
        let unit = self.function_unit(definition.name.name.clone(), qualified.into(), scope);
        let captures = self.captures_of(scope, span);
        let line = self.line(span);
        let (code, _) = self.in_unit(unit, |compiler| {
            compiler.place_variables(span);
            compiler.statements(body);
            compiler.function_object(kind, line, &definition.parameters, captures, doc)
        });
        code
    }

    pub fn lambda_code(
        &mut self,
        span: Span,
        parameters: &'a Parameters,
        body: &'a Expression,
        key: usize,
    ) -> Rc<Code> {
        self.expression_code(span, "<lambda>".into(), parameters, body, key)
    }

    /// The code of a function that returns an expression.
    pub fn expression_code(
        &mut self,
        span: Span,
        name: Rc<str>,
        parameters: &Parameters,
        body: &'a Expression,
        key: usize,
    ) -> Rc<Code> {
        let Some(scope) = self.scopes.of_node(key) else {
            self.error(span, "the scopes of this function are missing");
            return Rc::new(self.blank_code(CodeKind::Function, 1));
        };
        let kind = match (self.scopes.get(scope).has_yield, self.scopes.get(scope).awaits.is_some()) {
            (true, true) => CodeKind::AsyncGenerator,
            (true, false) => CodeKind::Generator,
            _ => CodeKind::Function,
        };
        let unit = self.function_unit(name.clone(), self.inner_name(&name), scope);
        let captures = self.captures_of(scope, span);
        let line = self.line(span);
        let (code, _) = self.in_unit(unit, |compiler| {
            compiler.open_class_around(scope);
            compiler.place_variables(span);
            compiler.load_class_around(scope, span);
            match &body.kind {
                ExpressionKind::Starred(inner) => compiler.return_only_item(inner),
                _ => compiler.return_value(body),
            }
            compiler.function_object(kind, line, parameters, captures, None)
        });
        code
    }

    /// The value of `*items`, where one item may stand.
    fn return_only_item(&mut self, items: &'a Expression) {
        let dst = self.unit.registers.take();
        let src = self.operand(items, Some(dst));
        self.emit(items.span, Op::Unpack { src, start: dst, count: 1 });
        self.emit(items.span, Op::Return { src: dst });
    }

    /// A lazy frame that sees the names of a class has its namespace in R[0], as the class body has.
    fn open_class_around(&mut self, scope: ScopeId) {
        if self.scopes.get(scope).class_around.is_some() {
            let namespace = self.unit.registers.take_variable();
            debug_assert_eq!(namespace, Register(0));
        }
    }

    /// Puts it there.
    fn load_class_around(&mut self, scope: ScopeId, span: Span) {
        let Some(class) = self.scopes.get(scope).class_around else { return };
        let variable = (class, NAMESPACE_CELL.into());
        if let Some(Place::Cell(cell)) = self.unit.registers.places.get(&variable).copied() {
            self.emit(span, Op::LoadCell { dst: Register(0), cell });
        }
    }

    pub(super) fn function_unit(&self, name: Rc<str>, qualified_name: Rc<str>, scope: ScopeId) -> Unit<'a> {
        let mut unit = Unit::new(name, qualified_name, scope, self.unit.class_name.clone());
        unit.private_parameters = self.unit.private_parameters.clone();
        unit
    }

    fn function_object(
        &mut self,
        kind: CodeKind,
        line: u32,
        parameters: &Parameters,
        captures: Vec<Capture>,
        doc: Option<Rc<str>>,
    ) -> Rc<Code> {
        let mut code = self.blank_code(kind, line);
        code.positional_only_count = parameters.positional_only.len() as u16;
        code.positional_count = (parameters.positional_only.len() + parameters.positional.len()) as u16;
        code.keyword_only_count = parameters.keyword_only.len() as u16;
        code.has_star = parameters.star.is_some();
        code.has_double_star = parameters.double_star.is_some();
        code.parameter_names = all_parameters(parameters).map(|parameter| self.mangled(&parameter.name.name)).collect();
        code.captures = captures;
        code.doc = doc;
        self.finish_unit(code)
    }
}
