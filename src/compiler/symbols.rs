//! The walk over the tree that fills the scopes: which names each one binds, uses and declares.
//!
//! It decides nothing about what a name means; that is `scope`'s. Its invariant: it opens exactly the
//! scopes that the compiler later asks for, with the same keys.

use asy_grammar::ast::*;

use super::scope::{PrivateParameters, ScopeError, ScopeId, ScopeKind, Scopes, lazy_key, mangle_with, node_key};

/// What is analysed.
pub enum Tree<'a> {
    Statements(&'a [Statement]),
    Expression(&'a Expression),
}

/// The scopes of a tree, with every name resolved.
pub fn analyse(tree: &Tree, top_is_namespace: bool, annotations_are_text: bool) -> Scopes {
    let mut walk = Walk {
        scopes: Scopes::new(top_is_namespace),
        scope: Scopes::TOP,
        class_name: None,
        private_parameters: None,
        annotations_are_text,
    };
    match tree {
        Tree::Statements(statements) => walk.statements(statements),
        Tree::Expression(expression) => walk.expression(expression),
    }
    walk.scopes.resolve();
    walk.scopes
}

struct Walk {
    scopes: Scopes,
    scope: ScopeId,
    class_name: Option<Name>,
    private_parameters: Option<PrivateParameters>,
    annotations_are_text: bool,
}

impl Walk {
    fn error(&mut self, span: Span, message: String) {
        self.scopes.errors.push(ScopeError { span, message });
    }

    fn mangled(&self, name: &Name) -> Name {
        mangle_with(self.private_parameters.as_ref(), self.class_name.as_deref(), name)
    }

    fn bind(&mut self, name: &Name) {
        let name = self.mangled(name);
        self.scopes.symbol(self.scope, &name).is_bound = true;
    }

    fn bind_unstable(&mut self, name: &Name) {
        let name = self.mangled(name);
        let symbol = self.scopes.symbol(self.scope, &name);
        symbol.is_bound = true;
        symbol.is_unstable = true;
    }

    fn use_name(&mut self, name: &Name) {
        let name = self.mangled(name);
        self.scopes.symbol(self.scope, &name).is_used = true;
        if &*name == "super" && self.scopes.get(self.scope).kind != ScopeKind::Class {
            self.scopes.symbol(self.scope, &"__class__".into());
        }
    }

    fn inside(&mut self, kind: ScopeKind, key: usize, work: impl FnOnce(&mut Walk)) {
        let outer = self.scope;
        self.scope = self.scopes.open(kind, Some(outer), key);
        work(self);
        self.scope = outer;
    }

    fn mark_await(&mut self, span: Span) {
        let frame = self.scopes.get(self.scope).frame;
        self.scopes.get_mut(frame).awaits.get_or_insert(span);
    }

    fn mark_yield(&mut self) {
        let frame = self.scopes.get(self.scope).frame;
        self.scopes.get_mut(frame).has_yield = true;
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Assign { targets, value } => {
                self.expression(value);
                self.targets(targets);
            }
            StatementKind::AugmentedAssign { target, value, .. } => {
                if let ExpressionKind::Name(name) = &target.kind {
                    self.use_name(name);
                }
                self.target(target);
                self.expression(value);
            }
            StatementKind::AnnotatedAssign { target, annotation, value, simple } => {
                if let Some(value) = value {
                    self.expression(value);
                }
                // In parentheses and without a value it binds nothing.
                if *simple || value.is_some() || !matches!(target.kind, ExpressionKind::Name(_)) {
                    self.annotated_target(target, *simple);
                }
                let in_function = self.scopes.is_function_frame(self.scopes.get(self.scope).frame);
                if !in_function {
                    self.annotation(annotation);
                }
            }
            StatementKind::Return(value) => self.optional(value.as_ref()),
            StatementKind::Delete(targets) => targets.iter().for_each(|target| self.deleted(target)),
            StatementKind::Pass | StatementKind::Break | StatementKind::Continue => {}
            StatementKind::Raise { exception, cause } => {
                self.optional(exception.as_ref());
                self.optional(cause.as_ref());
            }
            StatementKind::Global(names) => {
                names.iter().for_each(|name| self.declare(name, statement.span, Declaration::Global))
            }
            StatementKind::Nonlocal(names) => {
                names.iter().for_each(|name| self.declare(name, statement.span, Declaration::Nonlocal))
            }
            StatementKind::Assert { test, message } => {
                self.expression(test);
                self.optional(message.as_ref());
            }
            StatementKind::Import(names) => {
                for alias in names {
                    match &alias.alias {
                        Some(name) => self.bind(&name.name),
                        None => self.bind(&first_part(&alias.name)),
                    }
                }
            }
            StatementKind::ImportFrom { names, .. } => {
                for alias in names.iter().filter(|alias| &*alias.name != "*") {
                    self.bind(alias.alias.as_ref().map_or(&alias.name, |name| &name.name));
                }
            }
            StatementKind::If { test, body, or_else } | StatementKind::While { test, body, or_else } => {
                self.expression(test);
                self.statements(body);
                self.statements(or_else);
            }
            StatementKind::For { is_async, target, iterable, body, or_else } => {
                if *is_async {
                    self.mark_await(target.span);
                }
                self.expression(iterable);
                self.target(target);
                self.statements(body);
                self.statements(or_else);
            }
            StatementKind::With { is_async, items, body } => {
                if *is_async {
                    self.mark_await(statement.span);
                }
                for item in items {
                    self.expression(&item.context);
                    if let Some(target) = &item.target {
                        self.target(target);
                    }
                }
                self.statements(body);
            }
            StatementKind::Try { body, handlers, or_else, finally, .. } => {
                self.statements(body);
                for handler in handlers {
                    self.optional(handler.exception.as_ref());
                    if let Some(name) = &handler.name {
                        self.bind_unstable(&name.name);
                    }
                    self.statements(&handler.body);
                }
                self.statements(or_else);
                self.statements(finally);
            }
            StatementKind::Match { subject, cases } => {
                self.expression(subject);
                for case in cases {
                    self.pattern(&case.pattern);
                    self.optional(case.guard.as_ref());
                    self.statements(&case.body);
                }
            }
            StatementKind::Function(definition) => self.function(definition),
            StatementKind::Class(definition) => self.class(definition),
            StatementKind::TypeAlias { name, type_parameters, value } => {
                self.bind(&name.name);
                self.with_type_parameters(type_parameters, |walk| {
                    walk.inside(ScopeKind::Lazy, lazy_key(value), |walk| walk.expression(value));
                });
            }
        }
    }

    fn annotated_target(&mut self, target: &Expression, simple: bool) {
        match &target.kind {
            ExpressionKind::Name(name) => {
                self.bind(name);
                let name = self.mangled(name);
                let symbol = self.scopes.symbol(self.scope, &name);
                symbol.is_annotated = simple;
                if symbol.is_global {
                    self.error(target.span, format!("annotated name '{name}' can't be global"));
                }
            }
            _ => self.target(target),
        }
    }

    fn declare(&mut self, name: &Identifier, span: Span, declaration: Declaration) {
        let word = declaration.word();
        if declaration == Declaration::Nonlocal && self.scope == Scopes::TOP {
            return self.error(span, "nonlocal declaration not allowed at module level".into());
        }
        let mangled = self.mangled(&name.name);
        let symbol = self.scopes.symbol(self.scope, &mangled);
        let problem = if symbol.is_parameter {
            Some(format!("name '{mangled}' is parameter and {word}"))
        } else if (symbol.is_global && declaration == Declaration::Nonlocal)
            || (symbol.is_nonlocal && declaration == Declaration::Global)
        {
            Some(format!("name '{mangled}' is nonlocal and global"))
        } else if symbol.is_annotated {
            Some(format!("annotated name '{mangled}' can't be {word}"))
        } else if symbol.is_used {
            Some(format!("name '{mangled}' is used prior to {word} declaration"))
        } else if symbol.is_bound && !symbol.is_global && !symbol.is_nonlocal {
            Some(format!("name '{mangled}' is assigned to before {word} declaration"))
        } else {
            None
        };
        symbol.declared = span;
        match declaration {
            Declaration::Global => {
                symbol.is_global = true;
                // It holds at the top too, where names could live in a namespace of their own.
                self.scopes.symbol(Scopes::TOP, &mangled).is_global = true;
            }
            Declaration::Nonlocal => symbol.is_nonlocal = true,
        }
        if let Some(message) = problem {
            self.error(name.span, message);
        }
    }

    fn function(&mut self, definition: &FunctionDefinition) {
        self.expressions(&definition.decorators);
        self.bind(&definition.name.name);
        self.defaults(&definition.parameters);
        self.with_type_parameters(&definition.type_parameters, |walk| {
            for parameter in all_parameters(&definition.parameters) {
                if let Some(annotation) = &parameter.annotation {
                    walk.annotation(annotation);
                }
            }
            if let Some(returns) = &definition.returns {
                walk.annotation(returns);
            }
            walk.inside(ScopeKind::Function, node_key(definition), |walk| {
                walk.parameters(&definition.parameters);
                walk.statements(&definition.body);
            });
        });
    }

    fn class(&mut self, definition: &ClassDefinition) {
        self.expressions(&definition.decorators);
        self.bind(&definition.name.name);
        // Type parameters are private to the class; its bases are not.
        let outer = (self.class_name.clone(), self.private_parameters.clone());
        if let Some(own) = PrivateParameters::of(&definition.name.name, &definition.type_parameters) {
            self.private_parameters = Some(own);
        }
        self.with_type_parameters(&definition.type_parameters, |walk| {
            walk.arguments(&definition.arguments);
            walk.inside(ScopeKind::Class, node_key(definition), |walk| {
                walk.class_name = Some(definition.name.name.clone());
                walk.private_parameters = None;
                if !definition.type_parameters.is_empty() {
                    walk.use_name(&".type_params".into());
                }
                walk.statements(&definition.body);
            });
        });
        (self.class_name, self.private_parameters) = outer;
    }

    /// Runs `work` in the scope of type parameters, or right here when there are none.
    fn with_type_parameters(&mut self, parameters: &[TypeParameter], work: impl FnOnce(&mut Walk)) {
        let Some(first) = parameters.first() else { return work(self) };
        self.inside(ScopeKind::TypeParameters, node_key(first), |walk| {
            walk.bind(&".type_params".into());
            for parameter in parameters {
                walk.bind(&parameter.name.name);
                for part in parameter.bound.iter().chain(&parameter.default) {
                    walk.inside(ScopeKind::Lazy, lazy_key(part), |walk| walk.expression(part));
                }
            }
            work(walk);
        });
    }

    fn annotation(&mut self, annotation: &Expression) {
        if !self.annotations_are_text {
            self.expression(annotation);
        }
    }

    fn defaults(&mut self, parameters: &Parameters) {
        for parameter in all_parameters(parameters) {
            self.optional(parameter.default.as_ref());
        }
    }

    fn parameters(&mut self, parameters: &Parameters) {
        for parameter in all_parameters(parameters) {
            let name = self.mangled(&parameter.name.name);
            let symbol = self.scopes.symbol(self.scope, &name);
            symbol.is_bound = true;
            symbol.is_parameter = true;
        }
    }

    fn targets(&mut self, targets: &[Expression]) {
        targets.iter().for_each(|target| self.target(target));
    }

    fn target(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Name(name) => self.bind(name),
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => self.targets(items),
            ExpressionKind::Starred(item) => self.target(item),
            _ => self.expression(target),
        }
    }

    fn deleted(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Name(name) => self.bind_unstable(name),
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                items.iter().for_each(|item| self.deleted(item));
            }
            _ => self.expression(target),
        }
    }

    fn optional(&mut self, expression: Option<&Expression>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expressions(&mut self, expressions: &[Expression]) {
        expressions.iter().for_each(|expression| self.expression(expression));
    }

    fn arguments(&mut self, arguments: &Arguments) {
        self.expressions(&arguments.positional);
        arguments.keywords.iter().for_each(|keyword| self.expression(&keyword.value));
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Constant(_) => {}
            ExpressionKind::Name(name) => self.use_name(name),
            ExpressionKind::Boolean { operands, .. } => self.expressions(operands),
            ExpressionKind::Named { target, value } => {
                self.expression(value);
                self.named_target(target);
            }
            ExpressionKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Unary { operand, .. } => self.expression(operand),
            ExpressionKind::Lambda { parameters, body } => {
                self.defaults(parameters);
                self.inside(ScopeKind::Function, node_key(&**parameters), |walk| {
                    walk.parameters(parameters);
                    walk.expression(body);
                });
            }
            ExpressionKind::Conditional { test, body, or_else } => {
                self.expression(test);
                self.expression(body);
                self.expression(or_else);
            }
            ExpressionKind::Dict(items) => {
                for (key, value) in items {
                    self.optional(key.as_ref());
                    self.expression(value);
                }
            }
            ExpressionKind::Set(items) | ExpressionKind::List(items) | ExpressionKind::Tuple(items) => {
                self.expressions(items);
            }
            ExpressionKind::ListComprehension(comprehension) | ExpressionKind::SetComprehension(comprehension) => {
                let key = node_key(&**comprehension);
                self.comprehension(ScopeKind::Comprehension, key, &comprehension.clauses, &[&comprehension.element]);
            }
            ExpressionKind::DictComprehension { key, value, clauses } => {
                self.comprehension(ScopeKind::Comprehension, node_key(&**key), clauses, &[key, value]);
            }
            ExpressionKind::Generator(comprehension) => {
                let key = node_key(&**comprehension);
                self.comprehension(ScopeKind::Generator, key, &comprehension.clauses, &[&comprehension.element]);
            }
            ExpressionKind::Await(operand) => {
                self.mark_await(expression.span);
                self.expression(operand);
            }
            ExpressionKind::Yield(operand) => {
                self.mark_yield();
                self.optional(operand.as_deref());
            }
            ExpressionKind::YieldFrom(operand) => {
                self.mark_yield();
                self.expression(operand);
            }
            ExpressionKind::Compare { left, comparisons } => {
                self.expression(left);
                comparisons.iter().for_each(|(_, right)| self.expression(right));
            }
            ExpressionKind::Call { function, arguments } => {
                self.expression(function);
                self.arguments(arguments);
            }
            ExpressionKind::Format(parts) => self.format_parts(parts),
            ExpressionKind::Attribute { object, .. } => self.expression(object),
            ExpressionKind::Subscript { object, index } => {
                self.expression(object);
                self.expression(index);
            }
            ExpressionKind::Starred(operand) => self.expression(operand),
            ExpressionKind::Slice { lower, upper, step } => {
                self.optional(lower.as_deref());
                self.optional(upper.as_deref());
                self.optional(step.as_deref());
            }
        }
    }

    fn format_parts(&mut self, parts: &[FormatPart]) {
        for part in parts {
            if let FormatPart::Value { value, format, .. } = part {
                self.expression(value);
                self.format_parts(format.as_deref().unwrap_or_default());
            }
        }
    }

    fn comprehension(
        &mut self,
        kind: ScopeKind,
        key: usize,
        clauses: &[ComprehensionClause],
        elements: &[&Expression],
    ) {
        if let Some(first) = clauses.first() {
            self.expression(&first.iterable);
        }
        self.inside(kind, key, |walk| {
            if kind == ScopeKind::Generator {
                let symbol = walk.scopes.symbol(walk.scope, &".0".into());
                symbol.is_bound = true;
                symbol.is_parameter = true;
                walk.scopes.get_mut(walk.scope).has_yield = true;
            }
            for (index, clause) in clauses.iter().enumerate() {
                if clause.is_async {
                    walk.mark_await(clause.target.span);
                }
                if index > 0 {
                    walk.expression(&clause.iterable);
                }
                walk.target(&clause.target);
                walk.expressions(&clause.conditions);
            }
            elements.iter().for_each(|element| walk.expression(element));
        });
    }

    /// `:=` in a comprehension binds in the scope around all comprehensions.
    fn named_target(&mut self, target: &Identifier) {
        let name = self.mangled(&target.name);
        let mut scope = self.scope;
        while let (ScopeKind::Comprehension | ScopeKind::Generator, Some(parent)) =
            (self.scopes.get(scope).kind, self.scopes.get(scope).parent)
        {
            if self.scopes.symbol(scope, &name).is_bound {
                let message = format!("assignment expression cannot rebind comprehension iteration variable '{name}'");
                return self.error(target.span, message);
            }
            scope = parent;
        }
        if scope != self.scope && self.scopes.get(scope).kind == ScopeKind::Class {
            let message = "assignment expression within a comprehension cannot be used in a class body";
            return self.error(target.span, message.into());
        }
        let symbol = self.scopes.symbol(scope, &name);
        symbol.is_bound = true;
        symbol.is_named = true;
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Value(value) => self.expression(value),
            PatternKind::Singleton(_) => {}
            PatternKind::Sequence(patterns) | PatternKind::Or(patterns) => {
                patterns.iter().for_each(|pattern| self.pattern(pattern));
            }
            PatternKind::Mapping { keys, patterns, rest } => {
                self.expressions(keys);
                patterns.iter().for_each(|pattern| self.pattern(pattern));
                if let Some(rest) = rest {
                    self.bind(&rest.name);
                }
            }
            PatternKind::Class { class, positional, keywords } => {
                self.expression(class);
                positional.iter().for_each(|pattern| self.pattern(pattern));
                keywords.iter().for_each(|(_, pattern)| self.pattern(pattern));
            }
            PatternKind::Star(name) => {
                if let Some(name) = name {
                    self.bind(&name.name);
                }
            }
            PatternKind::As { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern);
                }
                if let Some(name) = name {
                    self.bind(&name.name);
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Declaration {
    Global,
    Nonlocal,
}

impl Declaration {
    fn word(self) -> &'static str {
        match self {
            Declaration::Global => "global",
            Declaration::Nonlocal => "nonlocal",
        }
    }
}

/// The parameters in register order: positional-only, positional, keyword-only, `*args`, `**kwargs`.
pub fn all_parameters(parameters: &Parameters) -> impl Iterator<Item = &Parameter> {
    parameters
        .positional_only
        .iter()
        .chain(&parameters.positional)
        .chain(&parameters.keyword_only)
        .chain(&parameters.star)
        .chain(&parameters.double_star)
}

/// `a` of `a.b.c`.
pub fn first_part(name: &Name) -> Name {
    match name.split_once('.') {
        Some((first, _)) => first.into(),
        None => name.clone(),
    }
}
