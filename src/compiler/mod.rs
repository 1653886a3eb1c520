//! From the tree to bytecode.
//!
//! `compile_module` analyses scopes, then emits one code object per frame, inner ones first. Each file
//! here is one topic; what they share is the `Compiler`, which holds the unit in the making. An
//! expression is compiled to a register that holds it: a local variable is used where it lives, and
//! results go straight to where they are wanted. The compiler knows no values: constants are plain data.

use std::rc::Rc;

use asy_grammar::LineIndex;
use asy_grammar::ast::{Expression, Module, Name, Span, Statement, StatementKind};
use asy_grammar::diagnostic::Diagnostic;

use crate::bytecode::code::Source;
use crate::bytecode::{Code, CodeKind, Constant, Intrinsic, Op, Register};

mod assignment;
mod block;
mod call;
mod class;
mod comprehension;
mod condition;
mod display;
mod emit;
mod expression;
mod fold;
mod function;
mod import;
mod name;
mod operator;
mod pattern;
mod registers;
mod scope;
mod statement;
mod symbols;
mod try_statement;
mod type_parameters;
mod unparse;
mod verify;
mod with_statement;

#[cfg(test)]
mod tests;

use emit::{Label, Unit};
use scope::{ScopeId, Scopes};
use symbols::{Tree, analyse};

pub use verify::check_code;

/// Where the names at the top live, and what becomes of expressions there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileMode {
    /// A file: names are globals.
    Module,
    /// `exec` and `eval`: names live in the namespace R[0].
    Namespace,
    /// A prompt: as `Namespace`, and the last statement shows its values.
    Interactive,
}

#[derive(Clone, Copy, Debug)]
pub struct CompileOptions {
    pub mode: CompileMode,
    /// Whether the top level may await.
    pub top_level_await: bool,
    /// Whether annotations are kept as text although no `from __future__ import` says so.
    pub annotations_are_text: bool,
    pub optimize: Optimize,
}

/// What of a program is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Optimize {
    #[default]
    Nothing,
    /// `assert`; `__debug__` is false.
    Asserts,
    /// Docstrings as well.
    Docstrings,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions {
            mode: CompileMode::Module,
            top_level_await: false,
            annotations_are_text: false,
            optimize: Optimize::Nothing,
        }
    }
}

/// Compiles a source file or a fragment of statements.
///
/// Errors are what only scopes can tell (`nonlocal` without a variable) and what does not fit the
/// format of instructions.
pub fn compile_module(
    module: &Module,
    source: &Rc<Source>,
    options: CompileOptions,
) -> Result<Rc<Code>, Vec<Diagnostic>> {
    compile(Tree::Statements(&module.body), source, options)
}

/// Compiles an expression for `eval`: names live in the namespace R[0], running the code gives the value.
pub fn compile_expression(
    expression: &Expression,
    source: &Rc<Source>,
    options: CompileOptions,
) -> Result<Rc<Code>, Vec<Diagnostic>> {
    compile(Tree::Expression(expression), source, CompileOptions { mode: CompileMode::Namespace, ..options })
}

fn compile<'a>(tree: Tree<'a>, source: &Rc<Source>, options: CompileOptions) -> Result<Rc<Code>, Vec<Diagnostic>> {
    let annotations_are_text = options.annotations_are_text || asks_for_text_annotations(&tree);
    let has_namespace = options.mode != CompileMode::Module;
    let scopes = analyse(&tree, has_namespace, annotations_are_text);
    let mut compiler = Compiler {
        source: source.clone(),
        lines: LineIndex::new(&source.text),
        diagnostics: Vec::new(),
        scopes,
        options,
        annotations_are_text,
        shows_results: false,
        attributes_of_self: Vec::new(),
        unit: Unit::new("<module>".into(), "<module>".into(), Scopes::TOP, None),
    };
    for error in std::mem::take(&mut compiler.scopes.errors) {
        compiler.error(error.span, error.message);
    }
    let code = compiler.top(&tree);
    if compiler.diagnostics.is_empty() { Ok(code) } else { Err(compiler.diagnostics) }
}

/// Whether the tree starts with `from __future__ import annotations`, after its docstring.
fn asks_for_text_annotations(tree: &Tree) -> bool {
    let Tree::Statements(statements) = tree else { return false };
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::ImportFrom { module: Some(module), names, level: 0 } => {
            &*module.name == "__future__" && names.iter().any(|alias| &*alias.name == "annotations")
        }
        _ => false,
    })
}

/// The state of a compilation.
struct Compiler<'a> {
    source: Rc<Source>,
    lines: LineIndex,
    diagnostics: Vec<Diagnostic>,
    scopes: Scopes,
    options: CompileOptions,
    annotations_are_text: bool,
    /// Whether expression statements at the top are shown now.
    shows_results: bool,
    /// For each class that is open, the attributes that its functions set on `self`.
    attributes_of_self: Vec<std::collections::BTreeSet<Name>>,
    unit: Unit<'a>,
}

impl<'a> Compiler<'a> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::syntax(span, message));
    }

    /// The 1-based line of a place.
    fn line(&self, span: Span) -> u32 {
        self.lines.line(span.start)
    }

    fn emit(&mut self, span: Span, op: Op) {
        let line = self.line(span);
        self.unit.emit(span, line, op);
    }

    fn emit_data(&mut self, span: Span, op: Op, data: usize) {
        let line = self.line(span);
        self.unit.emit_data(span, line, op, data);
    }

    fn emit_jump(&mut self, span: Span, op: Op, target: Label) {
        let line = self.line(span);
        self.unit.emit_jump(span, line, op, target);
    }

    fn jump(&mut self, span: Span, target: Label) {
        let line = self.line(span);
        self.unit.jump(span, line, target);
    }

    /// Emits an instruction whose result in `dst` nobody could miss.
    fn emit_plain(&mut self, span: Span, dst: Register, op: Op) {
        self.emit(span, op);
        if self.unit.conditional == 0 {
            self.unit.registers.forget_result(dst);
        }
    }

    /// Emits an instruction whose result in `dst` somebody could miss.
    fn emit_result(&mut self, span: Span, dst: Register, op: Op) {
        self.emit(span, op);
        self.unit.registers.note_result(dst);
    }

    /// Compiles the top of the tree.
    fn top(&mut self, tree: &Tree<'a>) -> Rc<Code> {
        if self.options.mode != CompileMode::Module {
            self.unit.registers.take_variable();
        }
        let mut doc = None;
        match tree {
            Tree::Expression(expression) => {
                let value = self.operand(expression, None);
                self.emit(expression.span, Op::Return { src: value });
            }
            Tree::Statements(statements) => {
                let mut body = *statements;
                if self.options.mode != CompileMode::Interactive
                    && let Some((text, rest)) = self.split_docstring(body)
                {
                    let span = body[0].span;
                    let value = self.unit.registers.take();
                    self.load_constant(span, Constant::Str(text.clone()), value);
                    self.store_name(&"__doc__".into(), value, span);
                    self.unit.registers.give_back(value.0 as u16);
                    (doc, body) = (Some(text), rest);
                }
                self.top_statements(body);
            }
        }
        let awaits = self.scopes.get(Scopes::TOP).awaits;
        if let Some(span) = awaits
            && !self.options.top_level_await
        {
            self.error(span, "'await' outside function");
        }
        let kind = match self.options.mode {
            CompileMode::Module => CodeKind::Module,
            _ => CodeKind::Class,
        };
        let mut code = self.blank_code(kind, 1);
        code.awaits_at_top = awaits.is_some();
        code.doc = doc;
        self.finish_unit(code)
    }

    fn top_statements(&mut self, statements: &'a [Statement]) {
        self.shows_results = self.options.mode == CompileMode::Interactive;
        // A module with annotations has the dict for them from its beginning.
        if let Some(first) = statements.first()
            && statements.iter().any(assignment::has_annotation)
        {
            let dst = self.unit.registers.take();
            self.emit(first.span, Op::Intrinsic { dst, start: dst, function: Intrinsic::Annotations });
            self.unit.registers.give_back(dst.0 as u16);
        }
        for statement in statements {
            self.statement(statement);
        }
    }

    /// A code object with nothing in it but what the unit and its scope tell.
    fn blank_code(&self, kind: CodeKind, first_line: u32) -> Code {
        let is_nested = self.scopes.get(self.unit.frame).parent.is_some_and(|parent| parent != Scopes::TOP);
        Code {
            name: self.unit.name.clone(),
            qualified_name: self.unit.qualified_name.clone(),
            source: self.source.clone(),
            first_line,
            kind,
            positional_only_count: 0,
            positional_count: 0,
            keyword_only_count: 0,
            has_star: false,
            has_double_star: false,
            register_count: 0,
            parameter_names: Vec::new(),
            register_names: Vec::new(),
            inner_variables: Vec::new(),
            spill: None,
            spill_names: Vec::new(),
            spilled_parameters: false,
            ops: Vec::new(),
            constants: Vec::new(),
            names: Vec::new(),
            captures: Vec::new(),
            free_registers: Vec::new(),
            free_names: Vec::new(),
            cell_registers: Vec::new(),
            exceptions: Vec::new(),
            handled: Vec::new(),
            positions: Vec::new(),
            in_place: Vec::new(),
            doc: None,
            is_nested,
            awaits_at_top: false,
        }
    }

    /// Compiles `work` as a unit of its own and gives what it gives.
    fn in_unit<T>(&mut self, unit: Unit<'a>, work: impl FnOnce(&mut Compiler<'a>) -> T) -> (T, Unit<'a>) {
        let outer = std::mem::replace(&mut self.unit, unit);
        let result = work(self);
        (result, std::mem::replace(&mut self.unit, outer))
    }

    /// Turns the current unit, whose body has been emitted, into the code object.
    fn finish_unit(&mut self, mut code: Code) -> Rc<Code> {
        let end = Span::new(self.source.text.len(), self.source.text.len());
        if self.unit.is_reachable() {
            // Where a body falls off its end is told by what ran before it.
            let span = self.unit.last_span().unwrap_or(end);
            self.emit(span, Op::ReturnNone);
        }
        self.describe_variables(&mut code);
        let spent = Unit::new("".into(), "".into(), self.unit.frame, None);
        let (code, problems) = std::mem::replace(&mut self.unit, spent).finish(code);
        for (span, problem) in problems {
            self.error(span, problem);
        }
        #[cfg(debug_assertions)]
        if self.diagnostics.is_empty()
            && let Err(problem) = check_code(&code)
        {
            self.error(Span::default(), format!("the compiler made invalid code for {}: {problem}", code.name));
        }
        Rc::new(code)
    }

    /// The innermost scope that is open.
    fn scope(&self) -> ScopeId {
        self.unit.scopes.last().copied().unwrap_or(self.unit.frame)
    }

    fn mangled(&self, name: &Name) -> Name {
        scope::mangle_with(self.unit.private_parameters.as_ref(), self.unit.class_name.as_deref(), name)
    }
}
