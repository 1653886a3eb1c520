//! What a tree must not contain.
//!
//! The grammar builds trees that Python forbids for reasons outside of it: a `return` at the top, a name
//! that is parameter and global, a pattern behind one that matches all. This pass walks a finished tree
//! once, in the order of the source, and reports them in Python's words. It changes nothing, and it
//! relies on the bound on the depth of trees that parsing keeps.

mod expression;
mod pattern;
mod scope;
mod statement;
mod warning;

use crate::ast::{Expression, Identifier, Module, Name, Span};
use crate::diagnostic::{Diagnostic, Severity};
use scope::{Loop, Scope, ScopeKind};

/// What depends on where a tree is to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// Whether `await`, `async for` and `async with` may stand outside of functions.
    pub top_level_await: bool,
}

/// What the checks have found, ordered by place.
#[derive(Debug, Default)]
pub struct Findings {
    pub errors: Vec<Diagnostic>,
    /// What Python tells as a SyntaxWarning.
    pub warnings: Vec<Diagnostic>,
}

/// Checks a module.
pub fn check(module: &Module, options: CheckOptions) -> Findings {
    let mut checker = Checker::new(options);
    checker.future_imports(&module.body);
    checker.statements(&module.body);
    checker.finish()
}

/// Checks one expression that stands alone.
pub fn check_expression(expression: &Expression, options: CheckOptions) -> Findings {
    let mut checker = Checker::new(options);
    checker.expression(expression);
    checker.finish()
}

struct Checker {
    options: CheckOptions,
    diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// The scopes around the current one, the module first.
    outer: Vec<Scope>,
    scope: Scope,
    /// The offset up to which `from __future__` imports come early enough.
    early_futures: Option<u32>,
}

impl Checker {
    fn new(options: CheckOptions) -> Checker {
        let scope = Scope::new(ScopeKind::Module);
        Checker {
            options,
            diagnostics: Vec::new(),
            warnings: Vec::new(),
            outer: Vec::new(),
            scope,
            early_futures: None,
        }
    }

    fn finish(mut self) -> Findings {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
        self.warnings.sort_by_key(|diagnostic| diagnostic.span().start);
        Findings { errors: self.diagnostics, warnings: self.warnings }
    }

    fn warn(&mut self, span: Span, message: impl Into<String>) {
        let warning = Diagnostic { severity: Severity::Warning, ..Diagnostic::syntax(span, message) };
        self.warnings.push(warning);
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::syntax(span, message));
    }

    fn enter(&mut self, kind: ScopeKind) {
        let inner = Scope { in_iterable: self.scope.in_iterable, ..Scope::new(kind) };
        let outer = std::mem::replace(&mut self.scope, inner);
        self.outer.push(outer);
    }

    /// Leaves the current scope and gives it back, complete.
    fn leave(&mut self) -> Option<Scope> {
        let outer = self.outer.pop()?;
        let mut inner = std::mem::replace(&mut self.scope, outer);
        if inner.has_type_parameters {
            self.refuse_nonlocal_parameters(&mut inner);
        }
        self.scope.unresolved.extend(inner.leave_unresolved());
        Some(inner)
    }

    /// `nonlocal` cannot reach type parameters.
    fn refuse_nonlocal_parameters(&mut self, scope: &mut Scope) {
        let unresolved = std::mem::take(&mut scope.unresolved);
        let (refused, rest) =
            unresolved.into_iter().partition(|(name, _)| scope.names.get(name).is_some_and(|usage| usage.bound));
        scope.unresolved = rest;
        let refused: Vec<(Name, Span)> = refused;
        for (name, span) in refused {
            self.error(span, format!("nonlocal binding not allowed for type parameter '{name}'"));
        }
    }

    fn is_module(&self) -> bool {
        self.scope.kind == ScopeKind::Module
    }

    /// Whether the innermost scope that is no comprehension is the module.
    fn is_at_top(&self) -> bool {
        self.flow_kind() == ScopeKind::Module
    }

    /// The kind of the innermost scope that is no comprehension.
    fn flow_kind(&self) -> ScopeKind {
        let mut scopes = std::iter::once(&self.scope).chain(self.outer.iter().rev());
        scopes.find(|scope| !scope.is_comprehension()).map_or(ScopeKind::Module, |scope| scope.kind)
    }

    fn allows_top_level_await(&self) -> bool {
        self.options.top_level_await && self.is_at_top()
    }

    fn read(&mut self, name: &Name) {
        self.scope.usage(name).used = true;
    }

    fn bind(&mut self, name: &Name, span: Span) {
        self.forbid_debug(name, span, "assign to");
        self.scope.usage(name).bound = true;
    }

    fn bind_identifier(&mut self, identifier: &Identifier) {
        self.bind(&identifier.name, identifier.span);
    }

    fn forbid_debug(&mut self, name: &Name, span: Span, verb: &str) {
        if name.as_ref() == "__debug__" {
            self.error(span, format!("cannot {verb} __debug__"));
        }
    }

    /// Walks a block of a loop.
    fn in_loop(&mut self, place: Loop, walk: impl FnOnce(&mut Checker)) {
        let before = std::mem::replace(&mut self.scope.place, place);
        walk(self);
        self.scope.place = before;
    }
}
