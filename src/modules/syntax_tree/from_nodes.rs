//! From the nodes of `ast` to the parser's tree, so that they can be compiled.
//!
//! What the grammar rules out is refused here: a tree that comes from nodes is as well formed as a parsed one.
//! Places are lines and columns; they become offsets in the text of the file when it fits, else in a text of
//! blanks that is made for them.

use std::rc::Rc;

use asy_grammar::ast::*;
use asy_grammar::{LineIndex, MAXIMUM_DEPTH};

use super::to_nodes::{BINARY, COMPARISONS};
use super::{Parsed, Shape};
use crate::bytecode::code::Source;
use crate::value::complex::Complex;
use crate::value::{Gc, Instance, Raised, Result, Str, Value, types};

/// Lines of the blank text that stands in for a file.
const WIDEST: usize = 1 << 24;

/// Reads a tree with all its places.
pub fn read(node: &Value, file: &str, text: Option<String>, shape: Shape) -> Result<(Parsed, Rc<Source>)> {
    let (mut lines, mut columns) = (1, 1);
    measure(node, &mut lines, &mut columns, 0)?;
    let text = match text {
        Some(text) if LineIndex::new(&text).count() >= lines => text,
        _ => format!("{}\n", " ".repeat(columns.min(WIDEST / lines.max(1)))).repeat(lines.min(WIDEST)),
    };
    let mut reader = Reader { index: LineIndex::new(&text), length: text.len() as u32, depth: 0 };
    let wanted = match shape {
        Shape::Module => "Module",
        Shape::Expression => "Expression",
        Shape::Interactive => "Interactive",
    };
    let root = Node::of(node).filter(|root| *root.class == *wanted);
    let Some(root) = root else {
        return Err(Raised::type_error(format!("expected {wanted} node, got {}", node.type_name())));
    };
    let parsed = match shape {
        Shape::Expression => Parsed::Expression(reader.expression(&root.required("body")?, Place::Load)?),
        _ => Parsed::Module(Module { body: reader.statements(&root, "body")? }),
    };
    Ok((parsed, Rc::new(Source { name: file.to_string(), text })))
}

/// The greatest line and column of the nodes.
fn measure(value: &Value, lines: &mut usize, columns: &mut usize, depth: u32) -> Result<()> {
    if depth > 2 * MAXIMUM_DEPTH {
        return Err(too_deep());
    }
    match value {
        Value::List(list) => list.snapshot().iter().try_for_each(|item| measure(item, lines, columns, depth + 1)),
        Value::Instance(node) => {
            for (name, value) in node.attributes() {
                match (&*name, &value) {
                    ("lineno" | "end_lineno", Value::Int(line)) => *lines = (*lines).max(*line as usize),
                    ("col_offset" | "end_col_offset", Value::Int(column)) if *column >= 0 => {
                        *columns = (*columns).max(*column as usize + 1);
                    }
                    (_, Value::List(_) | Value::Instance(_)) => measure(&value, lines, columns, depth + 1)?,
                    _ => {}
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn too_deep() -> Raised {
    Raised::recursion_error("maximum recursion depth exceeded during compilation")
}

/// A node and the name of the class of `ast` that it belongs to.
pub(super) struct Node {
    pub(super) object: Gc<Instance>,
    pub(super) class: Str,
}

impl Node {
    pub(super) fn of(value: &Value) -> Option<Node> {
        let Value::Instance(object) = value else { return None };
        let module = Str::intern("__module__");
        let classes = value.class().search_order();
        let class = classes.iter().find(|class| {
            let place = class.namespace.get_str(&module);
            place.is_some_and(|place| place.as_str().is_some_and(|place| &**place == "ast"))
        })?;
        Some(Node { object: object.clone(), class: class.name() })
    }

    /// A field, its default included; None when there is none.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        let name = Str::intern(name);
        let value = self.object.get(&name).or_else(|| self.object.class().lookup(&name));
        value.filter(|value| !value.is_none())
    }

    pub(super) fn required(&self, name: &str) -> Result<Value> {
        match self.object.get(&Str::intern(name)) {
            Some(Value::None) => Err(Raised::value_error(format!("field '{name}' is required for {}", self.class))),
            Some(value) => Ok(value),
            None => self.field(name).ok_or_else(|| self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> Raised {
        Raised::type_error(format!("required field \"{name}\" missing from {}", self.class))
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<Value>> {
        match self.field(name) {
            Some(Value::List(list)) => Ok(list.snapshot()),
            Some(other) => Err(Raised::type_error(format!(
                "{} field \"{name}\" must be a list, not a {}",
                self.class,
                other.type_name()
            ))),
            None => Ok(Vec::new()),
        }
    }

    fn name(&self, field: &str) -> Result<Name> {
        self.maybe_name(field)?.ok_or_else(|| self.missing(field))
    }

    pub(super) fn maybe_name(&self, field: &str) -> Result<Option<Name>> {
        self.field(field).map(|value| name_of(&value)).transpose()
    }

    fn number(&self, field: &str) -> i64 {
        match self.field(field) {
            Some(Value::Int(number)) => number,
            Some(Value::Bool(true)) => 1,
            _ => 0,
        }
    }
}

pub(super) fn name_of(value: &Value) -> Result<Name> {
    let Some(name) = value.as_str() else {
        return Err(Raised::type_error("AST identifier must be of type str"));
    };
    if matches!(&**name, "None" | "True" | "False") {
        return Err(Raised::value_error(format!("identifier field can't represent '{name}' constant")));
    }
    Ok(name.to_string().into())
}

pub(super) fn unexpected(what: &str, value: &Value) -> Raised {
    if value.is_none() {
        let what = if what == "expr" { "expression" } else { "statement" };
        return Raised::value_error(format!("None disallowed in {what} list"));
    }
    let (kind, address) = (value.full_type_name(), value.address());
    Raised::type_error(format!("expected some sort of {what}, but got <{kind} object at 0x{address:x}>"))
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Load,
    /// Between brackets behind an object, where slices may be.
    Index,
    /// In a list, a tuple or a call, where `*spread` may be.
    Element,
    Target,
    TargetElement,
    Delete,
}

pub(super) struct Reader {
    index: LineIndex,
    length: u32,
    depth: u32,
}

impl Reader {
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Reader) -> Result<T>) -> Result<T> {
        self.depth += 1;
        let outcome = if self.depth > MAXIMUM_DEPTH { Err(too_deep()) } else { read(self) };
        self.depth -= 1;
        outcome
    }

    pub(super) fn span(&self, node: &Node, kind: &str) -> Result<Span> {
        let offset = |line: &str, column: &str| {
            let Some(Value::Int(number)) = node.field(line) else { return None };
            let column = node.number(column).max(0) as u32;
            let start = self.index.line_start(number.max(1) as u32).unwrap_or(self.length);
            let end = self.index.line_start(number.max(1) as u32 + 1).map_or(self.length, |end| end - 1);
            Some(start.saturating_add(column).min(end))
        };
        let Some(start) = offset("lineno", "col_offset") else {
            return Err(Raised::type_error(format!("required field \"lineno\" missing from {kind}")));
        };
        let end = offset("end_lineno", "end_col_offset").unwrap_or(start);
        let (line, end_line) = (node.number("lineno"), node.field("end_lineno").map(|_| node.number("end_lineno")));
        let (column, end_column) = (node.number("col_offset"), node.number("end_col_offset"));
        if let Some(end_line) = end_line {
            if line > end_line {
                let message = format!("AST node line range ({line}, {end_line}) is not valid");
                return Err(Raised::value_error(message));
            }
            if line == end_line && column > end_column && node.field("end_col_offset").is_some() {
                let message = format!("line {line}, column {column}-{end_column} is not a valid range");
                return Err(Raised::value_error(message));
            }
        }
        Ok(Span { start, end: end.max(start) })
    }

    fn statements(&mut self, node: &Node, field: &str) -> Result<Vec<Statement>> {
        node.list(field)?.iter().map(|statement| self.statement(statement)).collect()
    }

    fn body(&mut self, node: &Node) -> Result<Vec<Statement>> {
        let body = self.statements(node, "body")?;
        if body.is_empty() {
            return Err(Raised::value_error(format!("empty body on {}", node.class)));
        }
        Ok(body)
    }

    fn statement(&mut self, value: &Value) -> Result<Statement> {
        let node = Node::of(value).ok_or_else(|| unexpected("stmt", value))?;
        let span = self.span(&node, "stmt")?;
        let kind = self.deeper(|reader| reader.statement_kind(&node, span, value))?;
        Ok(Statement { span, kind })
    }

    fn statement_kind(&mut self, node: &Node, span: Span, value: &Value) -> Result<StatementKind> {
        let identifier = |name: Name| Identifier { span, name };
        Ok(match &*node.class {
            "Expr" => StatementKind::Expression(self.load(node, "value")?),
            "Assign" => StatementKind::Assign {
                targets: self.some(node, "targets", Place::Target)?,
                value: self.load(node, "value")?,
            },
            "AugAssign" => StatementKind::AugmentedAssign {
                target: self.single_target(node)?,
                operator: operator(node, &BINARY)?,
                value: self.load(node, "value")?,
            },
            "AnnAssign" => {
                let target = self.single_target(node)?;
                let simple = node.number("simple") != 0;
                if simple && !matches!(target.kind, ExpressionKind::Name(_)) {
                    return Err(Raised::type_error("AnnAssign with simple non-Name target"));
                }
                let annotation = self.load(node, "annotation")?;
                StatementKind::AnnotatedAssign { target, annotation, value: self.maybe(node, "value")?, simple }
            }
            "Return" => StatementKind::Return(self.maybe(node, "value")?),
            "Delete" => StatementKind::Delete(self.some(node, "targets", Place::Delete)?),
            "Pass" => StatementKind::Pass,
            "Break" => StatementKind::Break,
            "Continue" => StatementKind::Continue,
            "Raise" => {
                let (exception, cause) = (self.maybe(node, "exc")?, self.maybe(node, "cause")?);
                if exception.is_none() && cause.is_some() {
                    return Err(Raised::value_error("Raise with cause but no exception"));
                }
                StatementKind::Raise { exception, cause }
            }
            "Global" | "Nonlocal" => {
                let names = node.list("names")?;
                let names = names.iter().map(|name| name_of(name).map(identifier)).collect::<Result<Vec<_>>>()?;
                if names.is_empty() {
                    return Err(Raised::value_error(format!("empty names on {}", node.class)));
                }
                if &*node.class == "Global" { StatementKind::Global(names) } else { StatementKind::Nonlocal(names) }
            }
            "Assert" => StatementKind::Assert { test: self.load(node, "test")?, message: self.maybe(node, "msg")? },
            "Import" => StatementKind::Import(self.aliases(node, span)?),
            "ImportFrom" => {
                let level = node.number("level");
                if level < 0 {
                    return Err(Raised::value_error("Negative ImportFrom level"));
                }
                let module = node.maybe_name("module")?.map(identifier);
                StatementKind::ImportFrom { module, names: self.aliases(node, span)?, level: level as u32 }
            }
            "If" => StatementKind::If {
                test: self.load(node, "test")?,
                body: self.body(node)?,
                or_else: self.statements(node, "orelse")?,
            },
            "While" => StatementKind::While {
                test: self.load(node, "test")?,
                body: self.body(node)?,
                or_else: self.statements(node, "orelse")?,
            },
            "For" | "AsyncFor" => StatementKind::For {
                is_async: &*node.class == "AsyncFor",
                target: self.expression(&node.required("target")?, Place::Target)?,
                iterable: self.load(node, "iter")?,
                body: self.body(node)?,
                or_else: self.statements(node, "orelse")?,
            },
            "With" | "AsyncWith" => StatementKind::With {
                is_async: &*node.class == "AsyncWith",
                items: self.with_items(node)?,
                body: self.body(node)?,
            },
            "Try" | "TryStar" => self.try_statement(node)?,
            "Match" => StatementKind::Match { subject: self.load(node, "subject")?, cases: self.cases(node)? },
            "FunctionDef" | "AsyncFunctionDef" => StatementKind::Function(Box::new(FunctionDefinition {
                is_async: &*node.class == "AsyncFunctionDef",
                name: identifier(node.name("name")?),
                type_parameters: self.type_parameters(node)?,
                parameters: self.parameters(&node.required("args")?, span)?,
                returns: self.maybe(node, "returns")?,
                body: self.body(node)?,
                decorators: self.all(node, "decorator_list", Place::Load)?,
            })),
            "ClassDef" => StatementKind::Class(Box::new(ClassDefinition {
                name: identifier(node.name("name")?),
                type_parameters: self.type_parameters(node)?,
                arguments: Arguments {
                    positional: self.all(node, "bases", Place::Element)?,
                    keywords: self.keywords(node, span)?,
                },
                body: self.body(node)?,
                decorators: self.all(node, "decorator_list", Place::Load)?,
            })),
            "TypeAlias" => {
                let name = node.required("name")?;
                let name = Node::of(&name).filter(|name| &*name.class == "Name");
                let name = name.ok_or_else(|| Raised::type_error("TypeAlias with non-Name name"))?.name("id")?;
                StatementKind::TypeAlias {
                    name: identifier(name),
                    type_parameters: self.type_parameters(node)?,
                    value: self.load(node, "value")?,
                }
            }
            _ => return Err(unexpected("stmt", value)),
        })
    }

    fn try_statement(&mut self, node: &Node) -> Result<StatementKind> {
        let body = self.body(node)?;
        let mut handlers = Vec::new();
        for handler in node.list("handlers")? {
            let node = Node::of(&handler).filter(|node| &*node.class == "ExceptHandler");
            let node = node.ok_or_else(|| unexpected("excepthandler", &handler))?;
            let span = self.span(&node, "excepthandler")?;
            let name = node.maybe_name("name")?.map(|name| Identifier { span, name });
            let exception = self.maybe(&node, "type")?;
            if exception.is_none() && name.is_some() {
                return Err(Raised::value_error("ExceptHandler with a name but no type"));
            }
            handlers.push(ExceptHandler { span, exception, name, body: self.body(&node)? });
        }
        let (or_else, finally) = (self.statements(node, "orelse")?, self.statements(node, "finalbody")?);
        if handlers.is_empty() && finally.is_empty() {
            return Err(Raised::value_error(format!("{} has neither except handlers nor finalbody", node.class)));
        }
        if handlers.is_empty() && !or_else.is_empty() {
            return Err(Raised::value_error(format!("{} has orelse but no except handlers", node.class)));
        }
        Ok(StatementKind::Try { body, handlers, or_else, finally, is_star: &*node.class == "TryStar" })
    }

    fn with_items(&mut self, node: &Node) -> Result<Vec<WithItem>> {
        let items = node.list("items")?;
        if items.is_empty() {
            return Err(Raised::value_error(format!("empty items on {}", node.class)));
        }
        let mut read = |item: &Value| {
            let node = Node::of(item).ok_or_else(|| unexpected("withitem", item))?;
            let target = node.field("optional_vars").map(|target| self.expression(&target, Place::Target));
            Ok(WithItem { context: self.load(&node, "context_expr")?, target: target.transpose()? })
        };
        items.iter().map(&mut read).collect()
    }

    fn cases(&mut self, node: &Node) -> Result<Vec<MatchCase>> {
        let cases = node.list("cases")?;
        if cases.is_empty() {
            return Err(Raised::value_error("empty cases on Match"));
        }
        let mut read = |case: &Value| {
            let node = Node::of(case).ok_or_else(|| unexpected("match_case", case))?;
            let pattern = self.pattern(&node.required("pattern")?)?;
            Ok(MatchCase { pattern, guard: self.maybe(&node, "guard")?, body: self.body(&node)? })
        };
        cases.iter().map(&mut read).collect()
    }

    fn aliases(&mut self, node: &Node, span: Span) -> Result<Vec<Alias>> {
        let names = node.list("names")?;
        if names.is_empty() {
            return Err(Raised::value_error(format!("empty names on {}", node.class)));
        }
        let read = |alias: &Value| {
            let node = Node::of(alias).ok_or_else(|| unexpected("alias", alias))?;
            let alias = node.maybe_name("asname")?.map(|name| Identifier { span, name });
            Ok(Alias { span, name: node.name("name")?, alias })
        };
        names.iter().map(read).collect()
    }

    fn type_parameters(&mut self, node: &Node) -> Result<Vec<TypeParameter>> {
        let mut read = |parameter: &Value| {
            let node = Node::of(parameter).ok_or_else(|| unexpected("type_param", parameter))?;
            let span = self.span(&node, "type_param")?;
            let kind = match &*node.class {
                "TypeVar" => TypeParameterKind::TypeVar,
                "TypeVarTuple" => TypeParameterKind::TypeVarTuple,
                "ParamSpec" => TypeParameterKind::ParamSpec,
                _ => return Err(unexpected("type_param", parameter)),
            };
            let name = Identifier { span, name: node.name("name")? };
            let bound = if kind == TypeParameterKind::TypeVar { self.maybe(&node, "bound")? } else { None };
            Ok(TypeParameter { span, kind, name, bound, default: self.maybe(&node, "default_value")? })
        };
        node.list("type_params")?.iter().map(&mut read).collect()
    }

    fn parameters(&mut self, value: &Value, around: Span) -> Result<Parameters> {
        let node = Node::of(value).filter(|node| &*node.class == "arguments");
        let node = node.ok_or_else(|| unexpected("arguments", value))?;
        let mut group =
            |field: &str| node.list(field)?.iter().map(|item| self.parameter(item, around)).collect::<Result<Vec<_>>>();
        let (mut positional_only, mut positional) = (group("posonlyargs")?, group("args")?);
        let mut keyword_only = group("kwonlyargs")?;
        let defaults = self.all(&node, "defaults", Place::Load)?;
        let places = positional_only.iter_mut().chain(&mut positional);
        let count = places.size_hint().0;
        if defaults.len() > count {
            return Err(Raised::value_error("more positional defaults than args on arguments"));
        }
        for (parameter, default) in places.skip(count - defaults.len()).zip(defaults) {
            parameter.default = Some(default);
        }
        let defaults = node.list("kw_defaults")?;
        if defaults.len() != keyword_only.len() {
            return Err(Raised::value_error("length of kwonlyargs is not the same as kw_defaults on arguments"));
        }
        for (parameter, default) in keyword_only.iter_mut().zip(&defaults) {
            if !default.is_none() {
                parameter.default = Some(self.expression(default, Place::Load)?);
            }
        }
        let mut one = |field: &str| node.field(field).map(|item| self.parameter(&item, around)).transpose();
        Ok(Parameters { star: one("vararg")?, double_star: one("kwarg")?, positional_only, positional, keyword_only })
    }

    fn parameter(&mut self, value: &Value, around: Span) -> Result<Parameter> {
        let node = Node::of(value).filter(|node| &*node.class == "arg").ok_or_else(|| unexpected("arg", value))?;
        let span = self.span(&node, "arg").unwrap_or(around);
        let annotation = node.field("annotation").map(|annotation| self.expression(&annotation, Place::Element));
        let name = Identifier { span, name: node.name("arg")? };
        Ok(Parameter { name, annotation: annotation.transpose()?, default: None })
    }

    fn keywords(&mut self, node: &Node, span: Span) -> Result<Vec<Keyword>> {
        let mut read = |keyword: &Value| {
            let node = Node::of(keyword).ok_or_else(|| unexpected("keyword", keyword))?;
            let span = self.span(&node, "keyword").unwrap_or(span);
            let name = node.maybe_name("arg")?.map(|name| Identifier { span, name });
            Ok(Keyword { span, name, value: self.load(&node, "value")? })
        };
        node.list("keywords")?.iter().map(&mut read).collect()
    }

    // Expressions.

    pub(super) fn load(&mut self, node: &Node, field: &str) -> Result<Expression> {
        self.expression(&node.required(field)?, Place::Load)
    }

    fn boxed(&mut self, node: &Node, field: &str) -> Result<Box<Expression>> {
        self.load(node, field).map(Box::new)
    }

    fn maybe(&mut self, node: &Node, field: &str) -> Result<Option<Expression>> {
        node.field(field).map(|value| self.expression(&value, Place::Load)).transpose()
    }

    pub(super) fn all(&mut self, node: &Node, field: &str, place: Place) -> Result<Vec<Expression>> {
        node.list(field)?.iter().map(|value| self.expression(value, place)).collect()
    }

    /// One expression or more.
    fn some(&mut self, node: &Node, field: &str, place: Place) -> Result<Vec<Expression>> {
        let found = self.all(node, field, place)?;
        if found.is_empty() {
            return Err(Raised::value_error(format!("empty {field} on {}", node.class)));
        }
        Ok(found)
    }

    fn single_target(&mut self, node: &Node) -> Result<Expression> {
        let target = self.expression(&node.required("target")?, Place::Target)?;
        match target.kind {
            ExpressionKind::Name(_) | ExpressionKind::Attribute { .. } | ExpressionKind::Subscript { .. } => Ok(target),
            _ => Err(Raised::value_error(format!("illegal target for {}", node.class))),
        }
    }

    fn expression(&mut self, value: &Value, place: Place) -> Result<Expression> {
        let node = Node::of(value).ok_or_else(|| unexpected("expr", value))?;
        let span = self.span(&node, "expr")?;
        let is_target = matches!(place, Place::Target | Place::TargetElement | Place::Delete);
        let fits = match &*node.class {
            "Name" | "Attribute" | "Subscript" | "List" | "Tuple" => true,
            "Starred" => matches!(place, Place::Element | Place::TargetElement),
            "Slice" => place == Place::Index,
            _ => !is_target,
        };
        if !fits {
            let context = if place == Place::Delete { "Del" } else { "Store" };
            return Err(match &*node.class {
                "Starred" => Raised::syntax_error("can't use starred expression here"),
                "Slice" => Raised::syntax_error("slice is not allowed here"),
                _ => Raised::value_error(format!("expression which can't be assigned to in {context} context")),
            });
        }
        if let Some(context) = node.field("ctx") {
            let wanted = match place {
                Place::Delete => "Del",
                _ if is_target => "Store",
                _ => "Load",
            };
            let given = context.type_name();
            if &*given != wanted {
                let message = format!("expression must have {wanted} context but has {given} instead");
                return Err(Raised::value_error(message));
            }
        }
        let kind = self.deeper(|reader| reader.expression_kind(&node, span, place, value))?;
        Ok(Expression { span, kind })
    }

    fn expression_kind(&mut self, node: &Node, span: Span, place: Place, value: &Value) -> Result<ExpressionKind> {
        Ok(match &*node.class {
            "Constant" => {
                let constant = node.object.get(&Str::intern("value")).ok_or_else(|| node.missing("value"))?;
                constant_kind(&constant, span)?
            }
            "Name" => ExpressionKind::Name(node.name("id")?),
            "BoolOp" => {
                let operator = match node.required("op")?.type_name() {
                    name if &*name == "Or" => BooleanOperator::Or,
                    _ => BooleanOperator::And,
                };
                let operands = self.all(node, "values", Place::Load)?;
                if operands.len() < 2 {
                    return Err(Raised::value_error("BoolOp with less than 2 values"));
                }
                ExpressionKind::Boolean { operator, operands }
            }
            "NamedExpr" => {
                let target = self.expression(&node.required("target")?, Place::Target)?;
                let ExpressionKind::Name(name) = target.kind else {
                    return Err(Raised::type_error("NamedExpr target must be a Name"));
                };
                let target = Identifier { span: target.span, name };
                ExpressionKind::Named { target, value: self.boxed(node, "value")? }
            }
            "BinOp" => ExpressionKind::Binary {
                left: self.boxed(node, "left")?,
                operator: operator(node, &BINARY)?,
                right: self.boxed(node, "right")?,
            },
            "UnaryOp" => {
                let operator = match &*node.required("op")?.type_name() {
                    "Invert" => UnaryOperator::Invert,
                    "Not" => UnaryOperator::Not,
                    "UAdd" => UnaryOperator::Plus,
                    "USub" => UnaryOperator::Minus,
                    _ => return Err(unexpected("unaryop", &node.required("op")?)),
                };
                ExpressionKind::Unary { operator, operand: self.boxed(node, "operand")? }
            }
            "Lambda" => ExpressionKind::Lambda {
                parameters: Box::new(self.parameters(&node.required("args")?, span)?),
                body: self.boxed(node, "body")?,
            },
            "IfExp" => ExpressionKind::Conditional {
                test: self.boxed(node, "test")?,
                body: self.boxed(node, "body")?,
                or_else: self.boxed(node, "orelse")?,
            },
            "Dict" => {
                let (keys, values) = (node.list("keys")?, self.all(node, "values", Place::Load)?);
                if keys.len() != values.len() {
                    return Err(Raised::value_error("Dict doesn't have the same number of keys as values"));
                }
                let mut read =
                    |key: &Value| if key.is_none() { Ok(None) } else { self.expression(key, Place::Load).map(Some) };
                let keys = keys.iter().map(&mut read).collect::<Result<Vec<_>>>()?;
                ExpressionKind::Dict(keys.into_iter().zip(values).collect())
            }
            "Set" => {
                let items = self.all(node, "elts", Place::Element)?;
                // There is no way to write an empty set; `{*()}` is one.
                let empty = || {
                    let tuple = Expression { span, kind: ExpressionKind::Tuple(Vec::new()) };
                    vec![Expression { span, kind: ExpressionKind::Starred(Box::new(tuple)) }]
                };
                ExpressionKind::Set(if items.is_empty() { empty() } else { items })
            }
            "List" | "Tuple" => {
                let place = match (place, &*node.class) {
                    (Place::Target | Place::TargetElement, _) => Place::TargetElement,
                    (Place::Delete, _) => Place::Delete,
                    (Place::Index, "Tuple") if has_slice(node)? => Place::Index,
                    _ => Place::Element,
                };
                let items = self.all(node, "elts", place)?;
                if &*node.class == "List" { ExpressionKind::List(items) } else { ExpressionKind::Tuple(items) }
            }
            "ListComp" => ExpressionKind::ListComprehension(self.comprehension(node)?),
            "SetComp" => ExpressionKind::SetComprehension(self.comprehension(node)?),
            "GeneratorExp" => ExpressionKind::Generator(self.comprehension(node)?),
            "DictComp" => ExpressionKind::DictComprehension {
                key: self.boxed(node, "key")?,
                value: self.boxed(node, "value")?,
                clauses: self.clauses(node)?,
            },
            "Await" => ExpressionKind::Await(self.boxed(node, "value")?),
            "Yield" => ExpressionKind::Yield(self.maybe(node, "value")?.map(Box::new)),
            "YieldFrom" => ExpressionKind::YieldFrom(self.boxed(node, "value")?),
            "Compare" => {
                let (operators, values) = (node.list("ops")?, self.all(node, "comparators", Place::Load)?);
                if values.is_empty() {
                    return Err(Raised::value_error("Compare with no comparators"));
                }
                if operators.len() != values.len() {
                    return Err(Raised::value_error("Compare has a different number of comparators and operands"));
                }
                let operators = operators.iter().map(|operator| find_operator(operator, &COMPARISONS));
                let operators = operators.collect::<Result<Vec<_>>>()?;
                let comparisons = operators.into_iter().zip(values).collect();
                ExpressionKind::Compare { left: self.boxed(node, "left")?, comparisons }
            }
            "Call" => ExpressionKind::Call {
                function: self.boxed(node, "func")?,
                arguments: Arguments {
                    positional: self.all(node, "args", Place::Element)?,
                    keywords: self.keywords(node, span)?,
                },
            },
            "JoinedStr" => ExpressionKind::Format(self.format_parts(node)?),
            "FormattedValue" => ExpressionKind::Format(vec![self.format_value(node)?]),
            "Attribute" => ExpressionKind::Attribute {
                object: self.boxed(node, "value")?,
                name: Identifier { span, name: node.name("attr")? },
            },
            "Subscript" => ExpressionKind::Subscript {
                object: self.boxed(node, "value")?,
                index: Box::new(self.expression(&node.required("slice")?, Place::Index)?),
            },
            "Starred" => {
                let inner = if place == Place::TargetElement { Place::Target } else { Place::Load };
                ExpressionKind::Starred(Box::new(self.expression(&node.required("value")?, inner)?))
            }
            "Slice" => ExpressionKind::Slice {
                lower: self.maybe(node, "lower")?.map(Box::new),
                upper: self.maybe(node, "upper")?.map(Box::new),
                step: self.maybe(node, "step")?.map(Box::new),
            },
            _ => return Err(unexpected("expr", value)),
        })
    }

    fn comprehension(&mut self, node: &Node) -> Result<Box<Comprehension>> {
        Ok(Box::new(Comprehension { element: self.load(node, "elt")?, clauses: self.clauses(node)? }))
    }

    fn clauses(&mut self, node: &Node) -> Result<Vec<ComprehensionClause>> {
        let clauses = node.list("generators")?;
        if clauses.is_empty() {
            return Err(Raised::value_error("comprehension with no generators"));
        }
        let mut read = |clause: &Value| {
            let node = Node::of(clause).ok_or_else(|| unexpected("comprehension", clause))?;
            Ok(ComprehensionClause {
                is_async: node.number("is_async") != 0,
                target: self.expression(&node.required("target")?, Place::Target)?,
                iterable: self.load(&node, "iter")?,
                conditions: self.all(&node, "ifs", Place::Load)?,
            })
        };
        clauses.iter().map(&mut read).collect()
    }

    fn format_parts(&mut self, node: &Node) -> Result<Vec<FormatPart>> {
        let mut parts = Vec::new();
        for value in node.list("values")? {
            let part = Node::of(&value).ok_or_else(|| unexpected("expr", &value))?;
            match &*part.class {
                "FormattedValue" => parts.push(self.format_value(&part)?),
                "JoinedStr" => parts.extend(self.format_parts(&part)?),
                "Constant" => {
                    let text = part.required("value")?;
                    let text = text.as_str().ok_or_else(|| unexpected("str", &text))?;
                    parts.push(FormatPart::Literal(text.to_string().into()));
                }
                _ => return Err(unexpected("expr", &value)),
            }
        }
        Ok(parts)
    }

    fn format_value(&mut self, node: &Node) -> Result<FormatPart> {
        let conversion = match node.number("conversion") {
            115 => Conversion::Str,
            114 => Conversion::Repr,
            97 => Conversion::Ascii,
            -1 | 0 => Conversion::None,
            other => return Err(Raised::system_error(format!("Unrecognized conversion character {other}"))),
        };
        let value = self.boxed(node, "value")?;
        let format = node.field("format_spec").map(|format| {
            let node = Node::of(&format).filter(|node| &*node.class == "JoinedStr");
            self.format_parts(&node.ok_or_else(|| unexpected("expr", &format))?)
        });
        Ok(FormatPart::Value { value, conversion, format: format.transpose()? })
    }
}

/// Whether a tuple between brackets has slices, which rule out `*spread` beside them no more than elsewhere.
fn has_slice(node: &Node) -> Result<bool> {
    let items = node.list("elts")?;
    Ok(items.iter().any(|item| Node::of(item).is_some_and(|item| &*item.class == "Slice")))
}

fn operator<T: Copy>(node: &Node, classes: &[(T, &str)]) -> Result<T> {
    find_operator(&node.required("op")?, classes)
}

fn find_operator<T: Copy>(value: &Value, classes: &[(T, &str)]) -> Result<T> {
    let name = value.type_name();
    let found = classes.iter().find(|(_, class)| *class == &*name);
    found.map(|(operator, _)| *operator).ok_or_else(|| unexpected("operator", value))
}

/// A constant; a tuple or frozenset of them is written out.
fn constant_kind(value: &Value, span: Span) -> Result<ExpressionKind> {
    let several = |items: &[Value]| {
        let each = |item: &Value| Ok(Expression { span, kind: constant_kind(item, span)? });
        items.iter().map(each).collect::<Result<Vec<_>>>()
    };
    Ok(ExpressionKind::Constant(match value {
        Value::None => Constant::None,
        Value::Bool(true) => Constant::True,
        Value::Bool(false) => Constant::False,
        Value::Ellipsis => Constant::Ellipsis,
        Value::Int(number) => Constant::Int(*number),
        Value::BigInt(number) => Constant::BigInt(number.0.to_string().into()),
        Value::Float(number) => Constant::Float(*number),
        Value::Str(text) => Constant::Str(text.to_string().into()),
        Value::Bytes(bytes) => Constant::Bytes(bytes.data.clone().into()),
        Value::Tuple(items) => return Ok(ExpressionKind::Tuple(several(items.items())?)),
        other => match other.payload::<Complex>() {
            Some(number) if other.class().same(&types().complex) => {
                let imaginary = Constant::Imaginary(number.imaginary);
                if number.real == 0.0 && number.real.is_sign_positive() {
                    return Ok(ExpressionKind::Constant(imaginary));
                }
                let part = |constant| Box::new(Expression { span, kind: ExpressionKind::Constant(constant) });
                return Ok(ExpressionKind::Binary {
                    left: part(Constant::Float(number.real)),
                    operator: BinaryOperator::Add,
                    right: part(imaginary),
                });
            }
            _ => return Err(Raised::type_error(format!("got an invalid type in Constant: {}", other.type_name()))),
        },
    }))
}
