//! From the parser's tree to the nodes of `ast`.
//!
//! Columns count bytes, as CPython's do. The pieces of an f-string have the place of the whole.

use asy_grammar::LineIndex;
use asy_grammar::ast::*;
use num_bigint::BigInt;

use crate::value::{Bytes, Gc, Instance, Module as Namespace, Str, Value, complex, integer, types};

/// What is done with an expression: its `ctx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Load,
    Store,
    Delete,
}

/// Makes nodes of one source.
pub struct Maker<'source> {
    source: &'source str,
    index: LineIndex,
    classes: Gc<Namespace>,
    contexts: [Value; 3],
}

type Fields = Vec<(&'static str, Value)>;

impl Maker<'_> {
    pub fn new(source: &str, classes: Gc<Namespace>) -> Maker<'_> {
        let mut maker = Maker { source, index: LineIndex::new(source), classes, contexts: Default::default() };
        maker.contexts = ["Load", "Store", "Del"].map(|name| maker.node(name, Vec::new()));
        maker
    }

    pub fn module(&self, module: &Module, class: &str) -> Value {
        let mut fields = vec![("body", self.statements(&module.body))];
        if class == "Module" {
            fields.push(("type_ignores", Value::list(Vec::new())));
        }
        self.node(class, fields)
    }

    pub fn expression_tree(&self, expression: &Expression) -> Value {
        self.node("Expression", vec![("body", self.load(expression))])
    }

    /// A node without a place.
    fn node(&self, class: &str, fields: Fields) -> Value {
        let class = match self.classes.get(class) {
            Some(Value::Class(class)) => class,
            _ => types().object.clone(),
        };
        let node = Instance::new(class);
        for (name, value) in fields {
            node.set(&Str::intern(name), value);
        }
        Value::Instance(node)
    }

    fn placed(&self, class: &str, span: Span, mut fields: Fields) -> Value {
        let place = |offset: u32| {
            let line = self.index.line(offset);
            (Value::Int(line.into()), Value::Int((offset - self.index.line_start(line).unwrap_or(0)).into()))
        };
        let ((line, column), (end_line, end_column)) = (place(span.start), place(span.end));
        fields.extend([
            ("lineno", line),
            ("col_offset", column),
            ("end_lineno", end_line),
            ("end_col_offset", end_column),
        ]);
        self.node(class, fields)
    }

    fn list<T>(&self, items: &[T], mut make: impl FnMut(&T) -> Value) -> Value {
        Value::list(items.iter().map(&mut make).collect())
    }

    fn statements(&self, body: &[Statement]) -> Value {
        self.list(body, |statement| self.statement(statement))
    }

    fn loads(&self, expressions: &[Expression]) -> Value {
        self.list(expressions, |expression| self.load(expression))
    }

    fn load(&self, expression: &Expression) -> Value {
        self.expression(expression, Context::Load)
    }

    fn maybe(&self, expression: Option<&Expression>) -> Value {
        expression.map_or(Value::None, |expression| self.load(expression))
    }

    /// Where a statement ends: with its last line, not where the next one begins.
    fn statement_end(&self, span: Span) -> Span {
        let text = &self.source[span.start as usize..span.end as usize];
        Span { end: span.start + text.trim_end().len() as u32, ..span }
    }

    fn block_span(&self, span: Span, bodies: &[&[Statement]]) -> Span {
        let last = bodies.iter().rev().find_map(|body| body.last());
        last.map_or(self.statement_end(span), |last| Span { end: self.span_of(last).end, ..span })
    }

    fn span_of(&self, statement: &Statement) -> Span {
        let span = statement.span;
        match &statement.kind {
            StatementKind::If { body, or_else, .. }
            | StatementKind::While { body, or_else, .. }
            | StatementKind::For { body, or_else, .. } => self.block_span(span, &[body, or_else]),
            StatementKind::With { body, .. } => self.block_span(span, &[body]),
            StatementKind::Try { body, handlers, or_else, finally, .. } => {
                let handler = handlers.last().map_or(&[][..], |handler| &handler.body);
                self.block_span(span, &[body, handler, or_else, finally])
            }
            StatementKind::Match { cases, .. } => {
                self.block_span(span, &[cases.last().map_or(&[][..], |case| &case.body)])
            }
            StatementKind::Function(function) => self.block_span(span, &[&function.body]),
            StatementKind::Class(class) => self.block_span(span, &[&class.body]),
            _ => self.statement_end(span),
        }
    }

    fn statement(&self, statement: &Statement) -> Value {
        let (class, fields) = self.statement_fields(&statement.kind);
        self.placed(class, self.span_of(statement), fields)
    }

    fn statement_fields(&self, kind: &StatementKind) -> (&'static str, Fields) {
        use Context::{Delete, Store};
        match kind {
            StatementKind::Expression(value) => ("Expr", vec![("value", self.load(value))]),
            StatementKind::Assign { targets, value } => (
                "Assign",
                vec![
                    ("targets", self.list(targets, |target| self.expression(target, Store))),
                    ("value", self.load(value)),
                    ("type_comment", Value::None),
                ],
            ),
            StatementKind::AugmentedAssign { target, operator, value } => (
                "AugAssign",
                vec![
                    ("target", self.expression(target, Store)),
                    ("op", self.node(binary_class(*operator), Vec::new())),
                    ("value", self.load(value)),
                ],
            ),
            StatementKind::AnnotatedAssign { target, annotation, value, simple } => (
                "AnnAssign",
                vec![
                    ("target", self.expression(target, Store)),
                    ("annotation", self.load(annotation)),
                    ("value", self.maybe(value.as_ref())),
                    ("simple", Value::Int((*simple).into())),
                ],
            ),
            StatementKind::Return(value) => ("Return", vec![("value", self.maybe(value.as_ref()))]),
            StatementKind::Delete(targets) => {
                ("Delete", vec![("targets", self.list(targets, |target| self.expression(target, Delete)))])
            }
            StatementKind::Pass => ("Pass", Vec::new()),
            StatementKind::Break => ("Break", Vec::new()),
            StatementKind::Continue => ("Continue", Vec::new()),
            StatementKind::Raise { exception, cause } => {
                ("Raise", vec![("exc", self.maybe(exception.as_ref())), ("cause", self.maybe(cause.as_ref()))])
            }
            StatementKind::Global(names) => ("Global", vec![("names", self.list(names, identifier))]),
            StatementKind::Nonlocal(names) => ("Nonlocal", vec![("names", self.list(names, identifier))]),
            StatementKind::Assert { test, message } => {
                ("Assert", vec![("test", self.load(test)), ("msg", self.maybe(message.as_ref()))])
            }
            StatementKind::Import(names) => ("Import", vec![("names", self.list(names, |alias| self.alias(alias)))]),
            StatementKind::ImportFrom { module, names, level } => (
                "ImportFrom",
                vec![
                    ("module", module.as_ref().map_or(Value::None, identifier)),
                    ("names", self.list(names, |alias| self.alias(alias))),
                    ("level", Value::Int((*level).into())),
                ],
            ),
            StatementKind::If { test, body, or_else } => (
                "If",
                vec![("test", self.load(test)), ("body", self.statements(body)), ("orelse", self.statements(or_else))],
            ),
            StatementKind::While { test, body, or_else } => (
                "While",
                vec![("test", self.load(test)), ("body", self.statements(body)), ("orelse", self.statements(or_else))],
            ),
            StatementKind::For { is_async, target, iterable, body, or_else } => (
                if *is_async { "AsyncFor" } else { "For" },
                vec![
                    ("target", self.expression(target, Store)),
                    ("iter", self.load(iterable)),
                    ("body", self.statements(body)),
                    ("orelse", self.statements(or_else)),
                    ("type_comment", Value::None),
                ],
            ),
            StatementKind::With { is_async, items, body } => (
                if *is_async { "AsyncWith" } else { "With" },
                vec![
                    (
                        "items",
                        self.list(items, |item| {
                            let target =
                                item.target.as_ref().map_or(Value::None, |target| self.expression(target, Store));
                            self.node(
                                "withitem",
                                vec![("context_expr", self.load(&item.context)), ("optional_vars", target)],
                            )
                        }),
                    ),
                    ("body", self.statements(body)),
                    ("type_comment", Value::None),
                ],
            ),
            StatementKind::Try { body, handlers, or_else, finally, is_star } => (
                if *is_star { "TryStar" } else { "Try" },
                vec![
                    ("body", self.statements(body)),
                    ("handlers", self.list(handlers, |handler| self.handler(handler))),
                    ("orelse", self.statements(or_else)),
                    ("finalbody", self.statements(finally)),
                ],
            ),
            StatementKind::Match { subject, cases } => (
                "Match",
                vec![
                    ("subject", self.load(subject)),
                    (
                        "cases",
                        self.list(cases, |case| {
                            self.node(
                                "match_case",
                                vec![
                                    ("pattern", self.pattern(&case.pattern)),
                                    ("guard", self.maybe(case.guard.as_ref())),
                                    ("body", self.statements(&case.body)),
                                ],
                            )
                        }),
                    ),
                ],
            ),
            StatementKind::Function(function) => (
                if function.is_async { "AsyncFunctionDef" } else { "FunctionDef" },
                vec![
                    ("name", identifier(&function.name)),
                    ("args", self.parameters(&function.parameters)),
                    ("body", self.statements(&function.body)),
                    ("decorator_list", self.loads(&function.decorators)),
                    ("returns", self.maybe(function.returns.as_ref())),
                    ("type_comment", Value::None),
                    ("type_params", self.type_parameters(&function.type_parameters)),
                ],
            ),
            StatementKind::Class(class) => (
                "ClassDef",
                vec![
                    ("name", identifier(&class.name)),
                    ("bases", self.loads(&class.arguments.positional)),
                    ("keywords", self.keywords(&class.arguments)),
                    ("body", self.statements(&class.body)),
                    ("decorator_list", self.loads(&class.decorators)),
                    ("type_params", self.type_parameters(&class.type_parameters)),
                ],
            ),
            StatementKind::TypeAlias { name, type_parameters, value } => {
                let target = vec![("id", identifier(name)), ("ctx", self.contexts[Store as usize].clone())];
                (
                    "TypeAlias",
                    vec![
                        ("name", self.placed("Name", name.span, target)),
                        ("type_params", self.type_parameters(type_parameters)),
                        ("value", self.load(value)),
                    ],
                )
            }
        }
    }

    fn alias(&self, alias: &Alias) -> Value {
        let name = alias.alias.as_ref().map_or(Value::None, identifier);
        self.placed("alias", alias.span, vec![("name", Value::str(&alias.name)), ("asname", name)])
    }

    fn handler(&self, handler: &ExceptHandler) -> Value {
        self.placed(
            "ExceptHandler",
            self.block_span(handler.span, &[&handler.body]),
            vec![
                ("type", self.maybe(handler.exception.as_ref())),
                ("name", handler.name.as_ref().map_or(Value::None, identifier)),
                ("body", self.statements(&handler.body)),
            ],
        )
    }

    fn type_parameters(&self, parameters: &[TypeParameter]) -> Value {
        self.list(parameters, |parameter| {
            let default = ("default_value", self.maybe(parameter.default.as_ref()));
            let name = ("name", identifier(&parameter.name));
            match parameter.kind {
                TypeParameterKind::TypeVar => {
                    let bound = ("bound", self.maybe(parameter.bound.as_ref()));
                    self.placed("TypeVar", parameter.span, vec![name, bound, default])
                }
                TypeParameterKind::TypeVarTuple => self.placed("TypeVarTuple", parameter.span, vec![name, default]),
                TypeParameterKind::ParamSpec => self.placed("ParamSpec", parameter.span, vec![name, default]),
            }
        })
    }

    fn parameters(&self, parameters: &Parameters) -> Value {
        let all = |items: &[Parameter]| self.list(items, |item| self.parameter(item));
        let one = |item: &Option<Parameter>| item.as_ref().map_or(Value::None, |item| self.parameter(item));
        let positional = parameters.positional_only.iter().chain(&parameters.positional);
        let defaults = positional.filter_map(|parameter| parameter.default.as_ref());
        self.node(
            "arguments",
            vec![
                ("posonlyargs", all(&parameters.positional_only)),
                ("args", all(&parameters.positional)),
                ("vararg", one(&parameters.star)),
                ("kwonlyargs", all(&parameters.keyword_only)),
                ("kw_defaults", self.list(&parameters.keyword_only, |item| self.maybe(item.default.as_ref()))),
                ("kwarg", one(&parameters.double_star)),
                ("defaults", Value::list(defaults.map(|default| self.load(default)).collect())),
            ],
        )
    }

    fn parameter(&self, parameter: &Parameter) -> Value {
        let annotation = parameter.annotation.as_ref();
        let span = annotation.map_or(parameter.name.span, |annotation| parameter.name.span.to(annotation.span));
        self.placed(
            "arg",
            span,
            vec![
                ("arg", identifier(&parameter.name)),
                ("annotation", self.maybe(annotation)),
                ("type_comment", Value::None),
            ],
        )
    }

    fn keywords(&self, arguments: &Arguments) -> Value {
        self.list(&arguments.keywords, |keyword| {
            let name = keyword.name.as_ref().map_or(Value::None, identifier);
            self.placed("keyword", keyword.span, vec![("arg", name), ("value", self.load(&keyword.value))])
        })
    }

    fn clauses(&self, clauses: &[ComprehensionClause]) -> Value {
        self.list(clauses, |clause| {
            self.node(
                "comprehension",
                vec![
                    ("target", self.expression(&clause.target, Context::Store)),
                    ("iter", self.load(&clause.iterable)),
                    ("ifs", self.loads(&clause.conditions)),
                    ("is_async", Value::Int(clause.is_async.into())),
                ],
            )
        })
    }

    fn comprehension(&self, comprehension: &Comprehension) -> Fields {
        vec![("elt", self.load(&comprehension.element)), ("generators", self.clauses(&comprehension.clauses))]
    }

    fn expression(&self, expression: &Expression, context: Context) -> Value {
        let (class, fields) = self.expression_fields(expression, context);
        self.placed(class, expression.span, fields)
    }

    fn expression_fields(&self, expression: &Expression, context: Context) -> (&'static str, Fields) {
        let ctx = || ("ctx", self.contexts[context as usize].clone());
        let boxed = |value: &Option<Box<Expression>>| self.maybe(value.as_deref());
        let elements = |items: &[Expression]| ("elts", self.list(items, |item| self.expression(item, context)));
        match &expression.kind {
            ExpressionKind::Constant(constant) => ("Constant", self.constant(constant, expression.span)),
            ExpressionKind::Name(name) => ("Name", vec![("id", Value::str(name)), ctx()]),
            ExpressionKind::Boolean { operator, operands } => {
                let class = if *operator == BooleanOperator::And { "And" } else { "Or" };
                ("BoolOp", vec![("op", self.node(class, Vec::new())), ("values", self.loads(operands))])
            }
            ExpressionKind::Named { target, value } => {
                let name = vec![("id", identifier(target)), ("ctx", self.contexts[Context::Store as usize].clone())];
                ("NamedExpr", vec![("target", self.placed("Name", target.span, name)), ("value", self.load(value))])
            }
            ExpressionKind::Binary { left, operator, right } => (
                "BinOp",
                vec![
                    ("left", self.load(left)),
                    ("op", self.node(binary_class(*operator), Vec::new())),
                    ("right", self.load(right)),
                ],
            ),
            ExpressionKind::Unary { operator, operand } => {
                let class = match operator {
                    UnaryOperator::Invert => "Invert",
                    UnaryOperator::Not => "Not",
                    UnaryOperator::Plus => "UAdd",
                    UnaryOperator::Minus => "USub",
                };
                ("UnaryOp", vec![("op", self.node(class, Vec::new())), ("operand", self.load(operand))])
            }
            ExpressionKind::Lambda { parameters, body } => {
                ("Lambda", vec![("args", self.parameters(parameters)), ("body", self.load(body))])
            }
            ExpressionKind::Conditional { test, body, or_else } => {
                ("IfExp", vec![("test", self.load(test)), ("body", self.load(body)), ("orelse", self.load(or_else))])
            }
            ExpressionKind::Dict(items) => (
                "Dict",
                vec![
                    ("keys", self.list(items, |(key, _)| self.maybe(key.as_ref()))),
                    ("values", self.list(items, |(_, value)| self.load(value))),
                ],
            ),
            ExpressionKind::Set(items) => ("Set", vec![("elts", self.loads(items))]),
            ExpressionKind::List(items) => ("List", vec![elements(items), ctx()]),
            ExpressionKind::Tuple(items) => ("Tuple", vec![elements(items), ctx()]),
            ExpressionKind::ListComprehension(comprehension) => ("ListComp", self.comprehension(comprehension)),
            ExpressionKind::SetComprehension(comprehension) => ("SetComp", self.comprehension(comprehension)),
            ExpressionKind::Generator(comprehension) => ("GeneratorExp", self.comprehension(comprehension)),
            ExpressionKind::DictComprehension { key, value, clauses } => (
                "DictComp",
                vec![("key", self.load(key)), ("value", self.load(value)), ("generators", self.clauses(clauses))],
            ),
            ExpressionKind::Await(value) => ("Await", vec![("value", self.load(value))]),
            ExpressionKind::Yield(value) => ("Yield", vec![("value", boxed(value))]),
            ExpressionKind::YieldFrom(value) => ("YieldFrom", vec![("value", self.load(value))]),
            ExpressionKind::Compare { left, comparisons } => (
                "Compare",
                vec![
                    ("left", self.load(left)),
                    ("ops", self.list(comparisons, |(operator, _)| self.node(compare_class(*operator), Vec::new()))),
                    ("comparators", self.list(comparisons, |(_, value)| self.load(value))),
                ],
            ),
            ExpressionKind::Call { function, arguments } => (
                "Call",
                vec![
                    ("func", self.load(function)),
                    ("args", self.loads(&arguments.positional)),
                    ("keywords", self.keywords(arguments)),
                ],
            ),
            ExpressionKind::Format(parts) => ("JoinedStr", vec![("values", self.format_parts(parts, expression.span))]),
            ExpressionKind::Attribute { object, name } => {
                ("Attribute", vec![("value", self.load(object)), ("attr", identifier(name)), ctx()])
            }
            ExpressionKind::Subscript { object, index } => {
                ("Subscript", vec![("value", self.load(object)), ("slice", self.load(index)), ctx()])
            }
            ExpressionKind::Starred(value) => ("Starred", vec![("value", self.expression(value, context)), ctx()]),
            ExpressionKind::Slice { lower, upper, step } => {
                ("Slice", vec![("lower", boxed(lower)), ("upper", boxed(upper)), ("step", boxed(step))])
            }
        }
    }

    fn format_parts(&self, parts: &[FormatPart], span: Span) -> Value {
        self.list(parts, |part| match part {
            FormatPart::Literal(text) => {
                self.placed("Constant", span, vec![("value", Value::str(text)), ("kind", Value::None)])
            }
            FormatPart::Value { value, conversion, format } => {
                let conversion = match conversion {
                    Conversion::None => -1,
                    Conversion::Str => 's' as i64,
                    Conversion::Repr => 'r' as i64,
                    Conversion::Ascii => 'a' as i64,
                };
                let format = format.as_ref().map_or(Value::None, |format| {
                    self.placed("JoinedStr", span, vec![("values", self.format_parts(format, span))])
                });
                self.placed(
                    "FormattedValue",
                    span,
                    vec![("value", self.load(value)), ("conversion", Value::Int(conversion)), ("format_spec", format)],
                )
            }
        })
    }

    fn constant(&self, constant: &Constant, span: Span) -> Fields {
        let is_unicode = matches!(constant, Constant::Str(_))
            && matches!(self.source.as_bytes().get(span.start as usize), Some(b'u' | b'U'));
        let kind = if is_unicode { Value::str("u") } else { Value::None };
        vec![("value", constant_value(constant)), ("kind", kind)]
    }

    fn pattern(&self, pattern: &Pattern) -> Value {
        let all = |patterns: &[Pattern]| self.list(patterns, |pattern| self.pattern(pattern));
        let maybe = |name: &Option<Identifier>| name.as_ref().map_or(Value::None, identifier);
        let (class, fields) = match &pattern.kind {
            PatternKind::Value(value) => ("MatchValue", vec![("value", self.load(value))]),
            PatternKind::Singleton(constant) => ("MatchSingleton", vec![("value", constant_value(constant))]),
            PatternKind::Sequence(patterns) => ("MatchSequence", vec![("patterns", all(patterns))]),
            PatternKind::Mapping { keys, patterns, rest } => {
                ("MatchMapping", vec![("keys", self.loads(keys)), ("patterns", all(patterns)), ("rest", maybe(rest))])
            }
            PatternKind::Class { class, positional, keywords } => (
                "MatchClass",
                vec![
                    ("cls", self.load(class)),
                    ("patterns", all(positional)),
                    ("kwd_attrs", self.list(keywords, |(name, _)| identifier(name))),
                    ("kwd_patterns", self.list(keywords, |(_, pattern)| self.pattern(pattern))),
                ],
            ),
            PatternKind::Star(name) => ("MatchStar", vec![("name", maybe(name))]),
            PatternKind::As { pattern, name } => {
                let inner = pattern.as_ref().map_or(Value::None, |pattern| self.pattern(pattern));
                ("MatchAs", vec![("pattern", inner), ("name", maybe(name))])
            }
            PatternKind::Or(patterns) => ("MatchOr", vec![("patterns", all(patterns))]),
        };
        self.placed(class, pattern.span, fields)
    }
}

fn identifier(name: &Identifier) -> Value {
    Value::Str(Str::intern(&name.name))
}

fn constant_value(constant: &Constant) -> Value {
    match constant {
        Constant::None => Value::None,
        Constant::True => Value::Bool(true),
        Constant::False => Value::Bool(false),
        Constant::Ellipsis => Value::Ellipsis,
        Constant::Int(value) => Value::Int(*value),
        Constant::BigInt(digits) => integer::normalize(digits.parse::<BigInt>().unwrap_or_default()),
        Constant::Float(value) => Value::Float(*value),
        Constant::Imaginary(part) => complex::imaginary(*part),
        Constant::Str(text) => Value::str(text),
        Constant::Bytes(bytes) => Value::Bytes(Gc::new(Bytes::new(&**bytes))),
    }
}

/// The classes of operators, by their place in the tree.
pub const BINARY: [(BinaryOperator, &str); 13] = [
    (BinaryOperator::Add, "Add"),
    (BinaryOperator::Subtract, "Sub"),
    (BinaryOperator::Multiply, "Mult"),
    (BinaryOperator::MatrixMultiply, "MatMult"),
    (BinaryOperator::Divide, "Div"),
    (BinaryOperator::Modulo, "Mod"),
    (BinaryOperator::Power, "Pow"),
    (BinaryOperator::ShiftLeft, "LShift"),
    (BinaryOperator::ShiftRight, "RShift"),
    (BinaryOperator::BitOr, "BitOr"),
    (BinaryOperator::BitXor, "BitXor"),
    (BinaryOperator::BitAnd, "BitAnd"),
    (BinaryOperator::FloorDivide, "FloorDiv"),
];

pub const COMPARISONS: [(CompareOperator, &str); 10] = [
    (CompareOperator::Equal, "Eq"),
    (CompareOperator::NotEqual, "NotEq"),
    (CompareOperator::Less, "Lt"),
    (CompareOperator::LessEqual, "LtE"),
    (CompareOperator::Greater, "Gt"),
    (CompareOperator::GreaterEqual, "GtE"),
    (CompareOperator::Is, "Is"),
    (CompareOperator::IsNot, "IsNot"),
    (CompareOperator::In, "In"),
    (CompareOperator::NotIn, "NotIn"),
];

fn binary_class(operator: BinaryOperator) -> &'static str {
    BINARY.iter().find(|(other, _)| *other == operator).map_or("Add", |(_, class)| class)
}

fn compare_class(operator: CompareOperator) -> &'static str {
    COMPARISONS.iter().find(|(other, _)| *other == operator).map_or("Eq", |(_, class)| class)
}
