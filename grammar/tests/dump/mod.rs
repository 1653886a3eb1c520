//! A tree as one line of text: the names and the order of the parts are those of CPython's `ast`.
//!
//! An absent part is `-`, a name stands bare, and text keeps only plain ASCII as it is.

use std::fmt::Write;

use asy_grammar::ast::*;

/// Whether every node tells the bytes it covers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spans {
    Hidden,
    Shown,
}

pub fn dump_module(module: &Module, spans: Spans) -> String {
    let mut dump = Dump { text: String::new(), spans };
    dump.list(&module.body, Dump::statement);
    dump.text
}

pub fn dump_expression(expression: &Expression) -> String {
    let mut dump = Dump { text: String::new(), spans: Spans::Hidden };
    dump.expression(expression);
    dump.text
}

struct Dump {
    text: String,
    spans: Spans,
}

impl Dump {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// `Name(part, part)`
    fn node(&mut self, name: &str, parts: &mut [&mut dyn FnMut(&mut Dump)]) {
        self.put(name);
        self.put("(");
        for (index, part) in parts.iter_mut().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            part(self);
        }
        self.put(")");
    }

    fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Dump, &T)) {
        self.put("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            each(self, item);
        }
        self.put("]");
    }

    fn option<T>(&mut self, item: Option<&T>, each: impl Fn(&mut Dump, &T)) {
        match item {
            Some(item) => each(self, item),
            None => self.put("-"),
        }
    }

    fn name(&mut self, identifier: &Identifier) {
        self.put(&identifier.name);
    }

    fn span(&mut self, span: Span) {
        if self.spans == Spans::Shown {
            let _ = write!(self.text, "@{}:{}", span.start, span.end);
        }
    }

    fn string(&mut self, text: &str) {
        self.put("\"");
        for character in text.chars() {
            match character {
                ' '..='~' if character != '"' && character != '\\' => self.text.push(character),
                _ => {
                    let _ = write!(self.text, "\\{:x};", character as u32);
                }
            }
        }
        self.put("\"");
    }

    fn statements(&mut self, body: &[Statement]) {
        self.list(body, Dump::statement);
    }

    fn statement(&mut self, statement: &Statement) {
        self.statement_kind(&statement.kind);
        self.span(statement.span);
    }

    fn statement_kind(&mut self, kind: &StatementKind) {
        use StatementKind::*;
        let prefix = |is_async: bool, plain, asynchronous| if is_async { asynchronous } else { plain };
        match kind {
            Expression(value) => self.node("Expr", &mut [&mut |d| d.expression(value)]),
            Assign { targets, value } => {
                self.node("Assign", &mut [&mut |d| d.expressions(targets), &mut |d| d.expression(value)]);
            }
            AugmentedAssign { target, operator, value } => self.node(
                "AugAssign",
                &mut [&mut |d| d.expression(target), &mut |d| d.put(binary(*operator)), &mut |d| d.expression(value)],
            ),
            AnnotatedAssign { target, annotation, value, simple } => self.node(
                "AnnAssign",
                &mut [
                    &mut |d| d.expression(target),
                    &mut |d| d.expression(annotation),
                    &mut |d| d.option(value.as_ref(), Dump::expression),
                    &mut |d| d.put(if *simple { "1" } else { "0" }),
                ],
            ),
            Return(value) => self.node("Return", &mut [&mut |d| d.option(value.as_ref(), Dump::expression)]),
            Delete(targets) => self.node("Delete", &mut [&mut |d| d.expressions(targets)]),
            Pass => self.put("Pass()"),
            Break => self.put("Break()"),
            Continue => self.put("Continue()"),
            Raise { exception, cause } => self.node(
                "Raise",
                &mut [&mut |d| d.option(exception.as_ref(), Dump::expression), &mut |d| {
                    d.option(cause.as_ref(), Dump::expression)
                }],
            ),
            Global(names) => self.node("Global", &mut [&mut |d| d.list(names, Dump::name)]),
            Nonlocal(names) => self.node("Nonlocal", &mut [&mut |d| d.list(names, Dump::name)]),
            Assert { test, message } => self.node(
                "Assert",
                &mut [&mut |d| d.expression(test), &mut |d| d.option(message.as_ref(), Dump::expression)],
            ),
            Import(names) => self.node("Import", &mut [&mut |d| d.list(names, Dump::alias)]),
            ImportFrom { module, names, level } => self.node(
                "ImportFrom",
                &mut [&mut |d| d.option(module.as_ref(), Dump::name), &mut |d| d.list(names, Dump::alias), &mut |d| {
                    d.put(&level.to_string())
                }],
            ),
            If { test, body, or_else } => self.node(
                "If",
                &mut [&mut |d| d.expression(test), &mut |d| d.statements(body), &mut |d| d.statements(or_else)],
            ),
            While { test, body, or_else } => self.node(
                "While",
                &mut [&mut |d| d.expression(test), &mut |d| d.statements(body), &mut |d| d.statements(or_else)],
            ),
            For { is_async, target, iterable, body, or_else } => self.node(
                prefix(*is_async, "For", "AsyncFor"),
                &mut [
                    &mut |d| d.expression(target),
                    &mut |d| d.expression(iterable),
                    &mut |d| d.statements(body),
                    &mut |d| d.statements(or_else),
                ],
            ),
            With { is_async, items, body } => self.node(
                prefix(*is_async, "With", "AsyncWith"),
                &mut [&mut |d| d.list(items, Dump::with_item), &mut |d| d.statements(body)],
            ),
            Try { body, handlers, or_else, finally, is_star } => self.node(
                prefix(*is_star, "Try", "TryStar"),
                &mut [
                    &mut |d| d.statements(body),
                    &mut |d| d.list(handlers, Dump::handler),
                    &mut |d| d.statements(or_else),
                    &mut |d| d.statements(finally),
                ],
            ),
            Match { subject, cases } => {
                self.node("Match", &mut [&mut |d| d.expression(subject), &mut |d| d.list(cases, Dump::match_case)])
            }
            Function(function) => self.node(
                prefix(function.is_async, "FunctionDef", "AsyncFunctionDef"),
                &mut [
                    &mut |d| d.name(&function.name),
                    &mut |d| d.parameters(&function.parameters),
                    &mut |d| d.statements(&function.body),
                    &mut |d| d.expressions(&function.decorators),
                    &mut |d| d.option(function.returns.as_ref(), Dump::expression),
                    &mut |d| d.list(&function.type_parameters, Dump::type_parameter),
                ],
            ),
            Class(class) => self.node(
                "ClassDef",
                &mut [
                    &mut |d| d.name(&class.name),
                    &mut |d| d.expressions(&class.arguments.positional),
                    &mut |d| d.list(&class.arguments.keywords, Dump::keyword),
                    &mut |d| d.statements(&class.body),
                    &mut |d| d.expressions(&class.decorators),
                    &mut |d| d.list(&class.type_parameters, Dump::type_parameter),
                ],
            ),
            TypeAlias { name, type_parameters, value } => self.node(
                "TypeAlias",
                &mut [&mut |d| d.name(name), &mut |d| d.list(type_parameters, Dump::type_parameter), &mut |d| {
                    d.expression(value)
                }],
            ),
        }
    }

    fn alias(&mut self, alias: &Alias) {
        self.node("alias", &mut [&mut |d| d.put(&alias.name), &mut |d| d.option(alias.alias.as_ref(), Dump::name)]);
    }

    fn with_item(&mut self, item: &WithItem) {
        self.node(
            "withitem",
            &mut [&mut |d| d.expression(&item.context), &mut |d| d.option(item.target.as_ref(), Dump::expression)],
        );
    }

    fn handler(&mut self, handler: &ExceptHandler) {
        self.node(
            "ExceptHandler",
            &mut [
                &mut |d| d.option(handler.exception.as_ref(), Dump::expression),
                &mut |d| d.option(handler.name.as_ref(), Dump::name),
                &mut |d| d.statements(&handler.body),
            ],
        );
        self.span(handler.span);
    }

    fn match_case(&mut self, case: &MatchCase) {
        self.node(
            "match_case",
            &mut [
                &mut |d| d.pattern(&case.pattern),
                &mut |d| d.option(case.guard.as_ref(), Dump::expression),
                &mut |d| d.statements(&case.body),
            ],
        );
    }

    fn pattern(&mut self, pattern: &Pattern) {
        use PatternKind::*;
        match &pattern.kind {
            Value(value) => self.node("MatchValue", &mut [&mut |d| d.expression(value)]),
            Singleton(value) => self.node("MatchSingleton", &mut [&mut |d| d.constant(value)]),
            Sequence(items) => self.node("MatchSequence", &mut [&mut |d| d.list(items, Dump::pattern)]),
            Mapping { keys, patterns, rest } => self.node(
                "MatchMapping",
                &mut [&mut |d| d.expressions(keys), &mut |d| d.list(patterns, Dump::pattern), &mut |d| {
                    d.option(rest.as_ref(), Dump::name)
                }],
            ),
            Class { class, positional, keywords } => self.node(
                "MatchClass",
                &mut [
                    &mut |d| d.expression(class),
                    &mut |d| d.list(positional, Dump::pattern),
                    &mut |d| d.list(keywords, |d, (name, _)| d.name(name)),
                    &mut |d| d.list(keywords, |d, (_, value)| d.pattern(value)),
                ],
            ),
            Star(name) => self.node("MatchStar", &mut [&mut |d| d.option(name.as_ref(), Dump::name)]),
            As { pattern, name } => self.node(
                "MatchAs",
                &mut [&mut |d| d.option(pattern.as_deref(), Dump::pattern), &mut |d| {
                    d.option(name.as_ref(), Dump::name)
                }],
            ),
            Or(items) => self.node("MatchOr", &mut [&mut |d| d.list(items, Dump::pattern)]),
        }
        self.span(pattern.span);
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let positional = || parameters.positional_only.iter().chain(&parameters.positional);
        let defaults: Vec<&Expression> = positional().filter_map(|parameter| parameter.default.as_ref()).collect();
        self.node(
            "arguments",
            &mut [
                &mut |d| d.list(&parameters.positional_only, Dump::parameter),
                &mut |d| d.list(&parameters.positional, Dump::parameter),
                &mut |d| d.option(parameters.star.as_ref(), Dump::parameter),
                &mut |d| d.list(&parameters.keyword_only, Dump::parameter),
                &mut |d| {
                    d.list(&parameters.keyword_only, |d, parameter| {
                        d.option(parameter.default.as_ref(), Dump::expression)
                    })
                },
                &mut |d| d.option(parameters.double_star.as_ref(), Dump::parameter),
                &mut |d| d.list(&defaults, |d, default| d.expression(default)),
            ],
        );
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.node(
            "arg",
            &mut [&mut |d| d.name(&parameter.name), &mut |d| d.option(parameter.annotation.as_ref(), Dump::expression)],
        );
    }

    fn type_parameter(&mut self, parameter: &TypeParameter) {
        let mut name = |d: &mut Dump| d.name(&parameter.name);
        let mut bound = |d: &mut Dump| d.option(parameter.bound.as_ref(), Dump::expression);
        let mut default = |d: &mut Dump| d.option(parameter.default.as_ref(), Dump::expression);
        match parameter.kind {
            TypeParameterKind::TypeVar => self.node("TypeVar", &mut [&mut name, &mut bound, &mut default]),
            TypeParameterKind::TypeVarTuple => self.node("TypeVarTuple", &mut [&mut name, &mut default]),
            TypeParameterKind::ParamSpec => self.node("ParamSpec", &mut [&mut name, &mut default]),
        }
    }

    fn expressions(&mut self, all: &[Expression]) {
        self.list(all, Dump::expression);
    }

    fn expression(&mut self, expression: &Expression) {
        self.expression_kind(&expression.kind);
        self.span(expression.span);
    }

    fn boxed(&mut self, expression: &Option<Box<Expression>>) {
        self.option(expression.as_deref(), Dump::expression);
    }

    fn expression_kind(&mut self, kind: &ExpressionKind) {
        use ExpressionKind::*;
        match kind {
            Constant(value) => self.node("Constant", &mut [&mut |d| d.constant(value)]),
            Name(name) => self.node("Name", &mut [&mut |d| d.put(name)]),
            Boolean { operator, operands } => {
                let name = if *operator == BooleanOperator::And { "And" } else { "Or" };
                self.node("BoolOp", &mut [&mut |d| d.put(name), &mut |d| d.expressions(operands)]);
            }
            Named { target, value } => self.node(
                "NamedExpr",
                &mut [
                    &mut |d| {
                        d.node("Name", &mut [&mut |d| d.name(target)]);
                        d.span(target.span);
                    },
                    &mut |d| d.expression(value),
                ],
            ),
            Binary { left, operator, right } => self.node(
                "BinOp",
                &mut [&mut |d| d.expression(left), &mut |d| d.put(binary(*operator)), &mut |d| d.expression(right)],
            ),
            Unary { operator, operand } => {
                let name = match operator {
                    UnaryOperator::Invert => "Invert",
                    UnaryOperator::Not => "Not",
                    UnaryOperator::Plus => "UAdd",
                    UnaryOperator::Minus => "USub",
                };
                self.node("UnaryOp", &mut [&mut |d| d.put(name), &mut |d| d.expression(operand)]);
            }
            Lambda { parameters, body } => {
                self.node("Lambda", &mut [&mut |d| d.parameters(parameters), &mut |d| d.expression(body)]);
            }
            Conditional { test, body, or_else } => self.node(
                "IfExp",
                &mut [&mut |d| d.expression(test), &mut |d| d.expression(body), &mut |d| d.expression(or_else)],
            ),
            Dict(items) => self.node(
                "Dict",
                &mut [&mut |d| d.list(items, |d, (key, _)| d.option(key.as_ref(), Dump::expression)), &mut |d| {
                    d.list(items, |d, (_, value)| d.expression(value))
                }],
            ),
            Set(items) => self.node("Set", &mut [&mut |d| d.expressions(items)]),
            List(items) => self.node("List", &mut [&mut |d| d.expressions(items)]),
            Tuple(items) => self.node("Tuple", &mut [&mut |d| d.expressions(items)]),
            ListComprehension(comprehension) => self.comprehension("ListComp", comprehension),
            SetComprehension(comprehension) => self.comprehension("SetComp", comprehension),
            Generator(comprehension) => self.comprehension("GeneratorExp", comprehension),
            DictComprehension { key, value, clauses } => self.node(
                "DictComp",
                &mut [&mut |d| d.expression(key), &mut |d| d.expression(value), &mut |d| d.list(clauses, Dump::clause)],
            ),
            Await(value) => self.node("Await", &mut [&mut |d| d.expression(value)]),
            Yield(value) => self.node("Yield", &mut [&mut |d| d.boxed(value)]),
            YieldFrom(value) => self.node("YieldFrom", &mut [&mut |d| d.expression(value)]),
            Compare { left, comparisons } => self.node(
                "Compare",
                &mut [
                    &mut |d| d.expression(left),
                    &mut |d| d.list(comparisons, |d, (operator, _)| d.put(compared(*operator))),
                    &mut |d| d.list(comparisons, |d, (_, right)| d.expression(right)),
                ],
            ),
            Call { function, arguments } => self.node(
                "Call",
                &mut [&mut |d| d.expression(function), &mut |d| d.expressions(&arguments.positional), &mut |d| {
                    d.list(&arguments.keywords, Dump::keyword)
                }],
            ),
            Format(parts) => self.format(parts),
            Attribute { object, name } => {
                self.node("Attribute", &mut [&mut |d| d.expression(object), &mut |d| d.name(name)]);
            }
            Subscript { object, index } => {
                self.node("Subscript", &mut [&mut |d| d.expression(object), &mut |d| d.expression(index)]);
            }
            Starred(value) => self.node("Starred", &mut [&mut |d| d.expression(value)]),
            Slice { lower, upper, step } => {
                self.node("Slice", &mut [&mut |d| d.boxed(lower), &mut |d| d.boxed(upper), &mut |d| d.boxed(step)]);
            }
        }
    }

    fn keyword(&mut self, keyword: &Keyword) {
        self.node(
            "keyword",
            &mut [&mut |d| d.option(keyword.name.as_ref(), Dump::name), &mut |d| d.expression(&keyword.value)],
        );
    }

    fn comprehension(&mut self, name: &str, comprehension: &Comprehension) {
        self.node(
            name,
            &mut [&mut |d| d.expression(&comprehension.element), &mut |d| d.list(&comprehension.clauses, Dump::clause)],
        );
    }

    fn clause(&mut self, clause: &ComprehensionClause) {
        self.node(
            "comprehension",
            &mut [
                &mut |d| d.expression(&clause.target),
                &mut |d| d.expression(&clause.iterable),
                &mut |d| d.expressions(&clause.conditions),
                &mut |d| d.put(if clause.is_async { "1" } else { "0" }),
            ],
        );
    }

    fn format(&mut self, parts: &[FormatPart]) {
        self.put("JoinedStr");
        self.list(parts, |d, part| match part {
            FormatPart::Literal(text) => d.string(text),
            FormatPart::Value { value, conversion, format } => {
                let letter = match conversion {
                    Conversion::None => "-",
                    Conversion::Str => "s",
                    Conversion::Repr => "r",
                    Conversion::Ascii => "a",
                };
                d.node(
                    "FormattedValue",
                    &mut [&mut |d| d.expression(value), &mut |d| d.put(letter), &mut |d| {
                        d.option(format.as_ref(), |d, parts| d.format(parts))
                    }],
                );
            }
        });
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::None => self.put("None"),
            Constant::True => self.put("True"),
            Constant::False => self.put("False"),
            Constant::Ellipsis => self.put("Ellipsis"),
            Constant::Int(value) => self.put(&value.to_string()),
            Constant::BigInt(digits) => self.put(digits),
            Constant::Float(value) => self.put(&format!("f{:x}", value.to_bits())),
            Constant::Imaginary(value) => self.put(&format!("j{:x}", value.to_bits())),
            Constant::Str(text) => self.string(text),
            Constant::Bytes(bytes) => {
                self.put("b");
                let text: String = bytes.iter().map(|&byte| byte as char).collect();
                self.string(&text);
            }
        }
    }
}

fn binary(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "Add",
        BinaryOperator::Subtract => "Sub",
        BinaryOperator::Multiply => "Mult",
        BinaryOperator::MatrixMultiply => "MatMult",
        BinaryOperator::Divide => "Div",
        BinaryOperator::Modulo => "Mod",
        BinaryOperator::Power => "Pow",
        BinaryOperator::ShiftLeft => "LShift",
        BinaryOperator::ShiftRight => "RShift",
        BinaryOperator::BitOr => "BitOr",
        BinaryOperator::BitXor => "BitXor",
        BinaryOperator::BitAnd => "BitAnd",
        BinaryOperator::FloorDivide => "FloorDiv",
    }
}

fn compared(operator: CompareOperator) -> &'static str {
    match operator {
        CompareOperator::Equal => "Eq",
        CompareOperator::NotEqual => "NotEq",
        CompareOperator::Less => "Lt",
        CompareOperator::LessEqual => "LtE",
        CompareOperator::Greater => "Gt",
        CompareOperator::GreaterEqual => "GtE",
        CompareOperator::Is => "Is",
        CompareOperator::IsNot => "IsNot",
        CompareOperator::In => "In",
        CompareOperator::NotIn => "NotIn",
    }
}
