//! Statements: where each may stand, and what it binds.

use std::collections::HashSet;

use super::Checker;
use super::expression::GENERIC;
use super::scope::{Loop, ScopeKind, Usage};
use crate::ast::*;

/// The features that `from __future__ import` knows.
const FUTURE_FEATURES: &[&str] = &[
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

const LEAVES_EXCEPT_STAR: &str = "'break', 'continue' and 'return' cannot appear in an except* block";

impl Checker {
    /// `from __future__` may only follow a docstring and others of its kind.
    pub fn future_imports(&mut self, body: &[Statement]) {
        let is_future = |statement: &Statement| match &statement.kind {
            StatementKind::ImportFrom { module: Some(module), level: 0, .. } => module.name.as_ref() == "__future__",
            _ => false,
        };
        let is_docstring = |statement: &Statement| match &statement.kind {
            StatementKind::Expression(value) => matches!(value.kind, ExpressionKind::Constant(Constant::Str(_))),
            _ => false,
        };
        let start = usize::from(body.first().is_some_and(is_docstring));
        let rest = body.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|statement| is_future(statement)).count();
        // Those later in the module are seen while walking; they know that they are not early.
        self.early_futures = rest.get(..count).and_then(<[Statement]>::last).map(|last| last.span.end);
    }

    pub fn statements(&mut self, body: &[Statement]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Assign { targets, value } => {
                self.expression(value);
                for target in targets {
                    self.whole_target(target);
                }
            }
            StatementKind::AugmentedAssign { target, value, .. } => {
                self.expression(value);
                self.whole_target(target);
            }
            StatementKind::AnnotatedAssign { target, annotation, value, simple } => {
                self.annotated(target, annotation, value.as_ref(), *simple);
            }
            StatementKind::Return(value) => self.return_statement(span, value.as_ref()),
            StatementKind::Delete(targets) => targets.iter().for_each(|target| self.deleted(target)),
            StatementKind::Pass => {}
            StatementKind::Break => self.loop_exit(span, "'break' outside loop"),
            StatementKind::Continue => self.loop_exit(span, "'continue' not properly in loop"),
            StatementKind::Raise { exception, cause } => {
                exception.iter().chain(cause).for_each(|value| self.expression(value));
            }
            StatementKind::Global(names) => names.iter().for_each(|name| self.global(name, span)),
            StatementKind::Nonlocal(names) => names.iter().for_each(|name| self.nonlocal(name, span)),
            StatementKind::Assert { test, message } => {
                self.warn_assert(test, span);
                self.expression(test);
                message.iter().for_each(|message| self.expression(message));
            }
            StatementKind::Import(names) => names.iter().for_each(|alias| self.imported(alias)),
            StatementKind::ImportFrom { module, names, level } => {
                self.import_from(span, module.as_ref(), names, *level);
            }
            StatementKind::If { test, body, or_else } => {
                self.expression(test);
                self.statements(body);
                self.statements(or_else);
            }
            StatementKind::While { test, body, or_else } => {
                self.expression(test);
                self.in_loop(Loop::Inside, |checker| checker.statements(body));
                self.statements(or_else);
            }
            StatementKind::For { is_async, target, iterable, body, or_else } => {
                if *is_async {
                    self.async_statement(span, "'async for'");
                }
                self.expression(iterable);
                self.whole_target(target);
                self.in_loop(Loop::Inside, |checker| checker.statements(body));
                self.statements(or_else);
            }
            StatementKind::With { is_async, items, body } => {
                if *is_async {
                    self.async_statement(span, "'async with'");
                }
                for item in items {
                    self.expression(&item.context);
                    item.target.iter().for_each(|target| self.whole_target(target));
                }
                self.statements(body);
            }
            StatementKind::Try { body, handlers, or_else, finally, is_star } => {
                self.statements(body);
                self.handlers(handlers, *is_star);
                self.statements(or_else);
                self.statements(finally);
            }
            StatementKind::Match { subject, cases } => {
                self.expression_or_star(subject);
                self.cases(cases);
            }
            StatementKind::Function(function) => self.function(function),
            StatementKind::Class(class) => self.class(class),
            StatementKind::TypeAlias { name, type_parameters, value } => {
                self.bind_identifier(name);
                self.enter(ScopeKind::Annotation { what: "a type alias" });
                self.type_parameters(type_parameters);
                self.expression(value);
                self.leave();
            }
        }
    }

    fn annotated(&mut self, target: &Expression, annotation: &Expression, value: Option<&Expression>, simple: bool) {
        if let (ExpressionKind::Name(name), true) = (&target.kind, simple) {
            let usage = self.scope.usage(name);
            usage.annotated = true;
            let (global, nonlocal) = (usage.global, usage.nonlocal);
            if (global || nonlocal) && !self.is_module() {
                let what = if global { "global" } else { "nonlocal" };
                self.error(target.span, format!("annotated name '{name}' can't be {what}"));
            }
        }
        self.expression(annotation);
        value.iter().for_each(|value| self.expression(value));
        self.whole_target(target);
    }

    fn return_statement(&mut self, span: Span, value: Option<&Expression>) {
        if matches!(self.scope.kind, ScopeKind::Module | ScopeKind::Class) {
            self.error(span, "'return' outside function");
        } else if self.scope.in_except_star {
            self.error(span, LEAVES_EXCEPT_STAR);
        }
        if let Some(value) = value {
            self.expression(value);
            self.scope.returns_value.get_or_insert(span);
        }
    }

    fn loop_exit(&mut self, span: Span, message: &str) {
        match self.scope.place {
            Loop::Inside => {}
            Loop::None => self.error(span, message),
            Loop::ExceptStar => self.error(span, LEAVES_EXCEPT_STAR),
        }
    }

    fn async_statement(&mut self, span: Span, what: &str) {
        if self.scope.kind != ScopeKind::AsyncFunction && !self.allows_top_level_await() {
            self.error(span, format!("{what} outside async function"));
        }
    }

    fn global(&mut self, name: &Identifier, span: Span) {
        let usage = *self.scope.usage(&name.name);
        if let Some(message) = prior_use(&name.name, usage, "global") {
            self.error(span, message);
        }
        self.scope.usage(&name.name).global = true;
    }

    fn nonlocal(&mut self, name: &Identifier, span: Span) {
        if self.is_module() {
            self.error(span, "nonlocal declaration not allowed at module level");
            return;
        }
        let usage = *self.scope.usage(&name.name);
        if let Some(message) = prior_use(&name.name, usage, "nonlocal") {
            self.error(span, message);
        }
        self.scope.usage(&name.name).nonlocal = true;
        if !usage.global {
            self.scope.unresolved.push((name.name.clone(), span));
        }
    }

    fn imported(&mut self, alias: &Alias) {
        match &alias.alias {
            Some(name) => self.bind_import(&name.name, name.span),
            None => {
                let first = alias.name.split('.').next().unwrap_or_default();
                self.bind_import(&first.into(), alias.span);
            }
        }
    }

    fn bind_import(&mut self, name: &Name, span: Span) {
        self.forbid_debug(name, span, "assign to");
        self.scope.usage(name).imported = true;
    }

    fn import_from(&mut self, span: Span, module: Option<&Identifier>, names: &[Alias], level: u32) {
        let is_future = level == 0 && module.is_some_and(|module| module.name.as_ref() == "__future__");
        if is_future && self.early_futures.is_none_or(|end| span.start >= end) {
            self.error(span, "from __future__ imports must occur at the beginning of the file");
        }
        for alias in names {
            if alias.name.as_ref() == "*" {
                if !self.is_module() {
                    self.error(span, "import * only allowed at module level");
                }
                if is_future {
                    self.error(span, "future feature * is not defined");
                }
                continue;
            }
            if is_future && alias.name.as_ref() == "braces" {
                self.error(span, "not a chance");
            } else if is_future && !FUTURE_FEATURES.contains(&alias.name.as_ref()) {
                self.error(span, format!("future feature {} is not defined", alias.name));
            }
            self.bind_import(alias.alias.as_ref().map_or(&alias.name, |alias| &alias.name), alias.span);
        }
    }

    fn handlers(&mut self, handlers: &[ExceptHandler], is_star: bool) {
        let before = (self.scope.place, self.scope.in_except_star);
        if is_star {
            (self.scope.place, self.scope.in_except_star) = (Loop::ExceptStar, true);
        }
        for (index, handler) in handlers.iter().enumerate() {
            match &handler.exception {
                Some(exception) => self.expression(exception),
                None if index + 1 < handlers.len() => self.error(handler.span, "default 'except:' must be last"),
                None => {}
            }
            handler.name.iter().for_each(|name| self.bind_identifier(name));
            self.statements(&handler.body);
        }
        (self.scope.place, self.scope.in_except_star) = before;
    }

    fn function(&mut self, function: &FunctionDefinition) {
        function.decorators.iter().for_each(|decorator| self.expression(decorator));
        self.defaults(&function.parameters);
        self.bind_identifier(&function.name);
        let generic = !function.type_parameters.is_empty();
        if generic {
            self.enter(ScopeKind::Annotation { what: GENERIC });
            self.type_parameters(&function.type_parameters);
        }
        for parameter in all_parameters(&function.parameters) {
            parameter.annotation.iter().for_each(|annotation| self.expression_or_star(annotation));
        }
        function.returns.iter().for_each(|returns| self.expression(returns));
        self.enter(if function.is_async { ScopeKind::AsyncFunction } else { ScopeKind::Function });
        self.parameters(&function.parameters);
        self.statements(&function.body);
        if let Some(scope) = self.leave()
            && let Some(span) = scope.returns_value.filter(|_| function.is_async && scope.has_yield)
        {
            self.error(span, "'return' with value in async generator");
        }
        if generic {
            self.leave();
        }
    }

    fn class(&mut self, class: &ClassDefinition) {
        class.decorators.iter().for_each(|decorator| self.expression(decorator));
        let generic = !class.type_parameters.is_empty();
        self.bind_identifier(&class.name);
        if generic {
            self.enter(ScopeKind::Annotation { what: GENERIC });
            self.type_parameters(&class.type_parameters);
        }
        self.arguments(&class.arguments);
        self.enter(ScopeKind::Class);
        self.statements(&class.body);
        self.leave();
        if generic {
            self.leave();
        }
    }

    /// Defaults are evaluated outside of the function.
    pub fn defaults(&mut self, parameters: &Parameters) {
        for parameter in all_parameters(parameters) {
            parameter.default.iter().for_each(|default| self.expression(default));
        }
    }

    /// Binds the parameters in the scope of the function, which has just been entered.
    pub fn parameters(&mut self, parameters: &Parameters) {
        for parameter in all_parameters(parameters) {
            let Identifier { span, name } = &parameter.name;
            self.forbid_debug(name, *span, "assign to");
            if std::mem::replace(&mut self.scope.usage(name).parameter, true) {
                self.error(*span, format!("duplicate argument '{name}' in function definition"));
            }
        }
    }

    fn type_parameters(&mut self, parameters: &[TypeParameter]) {
        self.scope.has_type_parameters = true;
        let mut seen = HashSet::new();
        let mut default_seen = false;
        for parameter in parameters {
            if !seen.insert(&parameter.name.name) {
                self.error(parameter.span, format!("duplicate type parameter '{}'", parameter.name.name));
            }
            self.bind_identifier(&parameter.name);
            if let Some(bound) = &parameter.bound {
                let is_tuple = matches!(bound.kind, ExpressionKind::Tuple(_));
                let what = if is_tuple { "constraints" } else { "bound" };
                match parameter.kind {
                    TypeParameterKind::TypeVar => {}
                    TypeParameterKind::TypeVarTuple => {
                        self.error(bound.span, format!("cannot use {what} with TypeVarTuple"));
                    }
                    TypeParameterKind::ParamSpec => {
                        self.error(bound.span, format!("cannot use {what} with ParamSpec"));
                    }
                }
                self.type_part(bound, if is_tuple { "a TypeVar constraint" } else { "a TypeVar bound" });
            }
            match &parameter.default {
                Some(default) => {
                    default_seen = true;
                    let what = match parameter.kind {
                        TypeParameterKind::TypeVar => "a TypeVar default",
                        TypeParameterKind::TypeVarTuple => "a TypeVarTuple default",
                        TypeParameterKind::ParamSpec => "a ParamSpec default",
                    };
                    self.type_part(default, what);
                }
                None if default_seen => {
                    let name = &parameter.name.name;
                    let message = format!("non-default type parameter '{name}' follows default type parameter");
                    self.error(parameter.name.span, message);
                }
                None => {}
            }
        }
    }

    /// A bound or default of a type parameter.
    fn type_part(&mut self, value: &Expression, what: &'static str) {
        self.enter(ScopeKind::Annotation { what });
        self.expression_or_star(value);
        self.leave();
    }
}

/// Why a name that occurs like this cannot be declared any more.
fn prior_use(name: &Name, usage: Usage, declaration: &str) -> Option<String> {
    let assigned = usage.bound && !usage.global && !usage.nonlocal;
    Some(if usage.parameter {
        format!("name '{name}' is parameter and {declaration}")
    } else if usage.global && declaration == "nonlocal" || usage.nonlocal && declaration == "global" {
        format!("name '{name}' is nonlocal and global")
    } else if usage.annotated {
        format!("annotated name '{name}' can't be {declaration}")
    } else if assigned && !usage.used {
        format!("name '{name}' is assigned to before {declaration} declaration")
    } else if usage.used {
        format!("name '{name}' is used prior to {declaration} declaration")
    } else {
        return None;
    })
}

/// All the parameters, in the order of the source.
pub fn all_parameters(parameters: &Parameters) -> impl Iterator<Item = &Parameter> {
    parameters
        .positional_only
        .iter()
        .chain(&parameters.positional)
        .chain(&parameters.star)
        .chain(&parameters.keyword_only)
        .chain(&parameters.double_star)
}
