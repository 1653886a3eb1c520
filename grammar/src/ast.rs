//! The tree: what a parsed program is.
//!
//! Shapes follow CPython's `ast` module with names written in full. Every node carries the span of
//! the source it came from, in bytes. The tree is plain data: it knows neither tokens nor bytecode,
//! and it may still contain what Python forbids outside the grammar (`return` at the top, a
//! duplicate argument); `check` looks for that.

use std::rc::Rc;

/// A name in the source, normalised (NFKC) as Python asks.
pub type Name = Rc<str>;

/// A half-open range of bytes in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A whole source file.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub span: Span,
    pub kind: StatementKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    Expression(Expression),
    /// `targets[0] = targets[1] = value`
    Assign {
        targets: Vec<Expression>,
        value: Expression,
    },
    /// `target op= value`
    AugmentedAssign {
        target: Expression,
        operator: BinaryOperator,
        value: Expression,
    },
    /// `target: annotation = value`; `simple` when the target is a bare name without parentheses.
    AnnotatedAssign {
        target: Expression,
        annotation: Expression,
        value: Option<Expression>,
        simple: bool,
    },
    Return(Option<Expression>),
    Delete(Vec<Expression>),
    Pass,
    Break,
    Continue,
    Raise {
        exception: Option<Expression>,
        cause: Option<Expression>,
    },
    Global(Vec<Identifier>),
    Nonlocal(Vec<Identifier>),
    Assert {
        test: Expression,
        message: Option<Expression>,
    },
    Import(Vec<Alias>),
    /// `from ..module import names`; `level` counts the leading dots. An alias named `*` imports all.
    ImportFrom {
        module: Option<Identifier>,
        names: Vec<Alias>,
        level: u32,
    },
    /// `elif` is an `If` alone in `or_else`.
    If {
        test: Expression,
        body: Vec<Statement>,
        or_else: Vec<Statement>,
    },
    While {
        test: Expression,
        body: Vec<Statement>,
        or_else: Vec<Statement>,
    },
    For {
        is_async: bool,
        target: Expression,
        iterable: Expression,
        body: Vec<Statement>,
        or_else: Vec<Statement>,
    },
    With {
        is_async: bool,
        items: Vec<WithItem>,
        body: Vec<Statement>,
    },
    /// `is_star` for `except*`.
    Try {
        body: Vec<Statement>,
        handlers: Vec<ExceptHandler>,
        or_else: Vec<Statement>,
        finally: Vec<Statement>,
        is_star: bool,
    },
    Match {
        subject: Expression,
        cases: Vec<MatchCase>,
    },
    Function(Box<FunctionDefinition>),
    Class(Box<ClassDefinition>),
    /// `type name[parameters] = value`
    TypeAlias {
        name: Identifier,
        type_parameters: Vec<TypeParameter>,
        value: Expression,
    },
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Identifier {
    pub span: Span,
    pub name: Name,
}

/// `name as alias` in an import; `name` may be dotted.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    pub span: Span,
    pub name: Name,
    pub alias: Option<Identifier>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WithItem {
    pub context: Expression,
    pub target: Option<Expression>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ExceptHandler {
    pub span: Span,
    pub exception: Option<Expression>,
    pub name: Option<Identifier>,
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MatchCase {
    pub pattern: Pattern,
    pub guard: Option<Expression>,
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub span: Span,
    pub kind: PatternKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PatternKind {
    /// A literal or dotted name compared with `==`.
    Value(Expression),
    /// `None`, `True`, `False`, compared with `is`.
    Singleton(Constant),
    Sequence(Vec<Pattern>),
    /// `{key: pattern, **rest}`
    Mapping {
        keys: Vec<Expression>,
        patterns: Vec<Pattern>,
        rest: Option<Identifier>,
    },
    /// `Class(pattern, name=pattern)`
    Class {
        class: Expression,
        positional: Vec<Pattern>,
        keywords: Vec<(Identifier, Pattern)>,
    },
    /// `*name` in a sequence; no name for `*_`.
    Star(Option<Identifier>),
    /// `pattern as name`; a bare capture has no pattern, the wildcard `_` has neither.
    As {
        pattern: Option<Box<Pattern>>,
        name: Option<Identifier>,
    },
    Or(Vec<Pattern>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDefinition {
    pub is_async: bool,
    pub name: Identifier,
    pub type_parameters: Vec<TypeParameter>,
    pub parameters: Parameters,
    pub returns: Option<Expression>,
    pub body: Vec<Statement>,
    pub decorators: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClassDefinition {
    pub name: Identifier,
    pub type_parameters: Vec<TypeParameter>,
    /// Bases and keywords (`metaclass=...`) as they stand in the parentheses.
    pub arguments: Arguments,
    pub body: Vec<Statement>,
    pub decorators: Vec<Expression>,
}

/// The parameters of a function or lambda.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Parameters {
    /// Before `/`.
    pub positional_only: Vec<Parameter>,
    /// Positional or keyword.
    pub positional: Vec<Parameter>,
    /// `*args`
    pub star: Option<Parameter>,
    /// After `*` or `*args`.
    pub keyword_only: Vec<Parameter>,
    /// `**kwargs`
    pub double_star: Option<Parameter>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: Identifier,
    pub annotation: Option<Expression>,
    pub default: Option<Expression>,
}

/// The arguments of a call: positional and `*spread` in order, then keywords and `**spread` in order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Arguments {
    /// `*spread` stands here as `ExpressionKind::Starred`.
    pub positional: Vec<Expression>,
    pub keywords: Vec<Keyword>,
}

/// `name=value`, or `**value` when there is no name.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyword {
    pub span: Span,
    pub name: Option<Identifier>,
    pub value: Expression,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TypeParameter {
    pub span: Span,
    pub kind: TypeParameterKind,
    pub name: Identifier,
    /// `T: bound`; the checks refuse it for others than `TypeVar`.
    pub bound: Option<Expression>,
    /// `T = default`
    pub default: Option<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeParameterKind {
    /// `T`
    TypeVar,
    /// `*Ts`
    TypeVarTuple,
    /// `**P`
    ParamSpec,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub span: Span,
    pub kind: ExpressionKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    Constant(Constant),
    Name(Name),
    /// `a and b and c`, `a or b`: two operands or more.
    Boolean {
        operator: BooleanOperator,
        operands: Vec<Expression>,
    },
    /// `target := value`
    Named {
        target: Identifier,
        value: Box<Expression>,
    },
    Binary {
        left: Box<Expression>,
        operator: BinaryOperator,
        right: Box<Expression>,
    },
    Unary {
        operator: UnaryOperator,
        operand: Box<Expression>,
    },
    Lambda {
        parameters: Box<Parameters>,
        body: Box<Expression>,
    },
    /// `body if test else or_else`
    Conditional {
        test: Box<Expression>,
        body: Box<Expression>,
        or_else: Box<Expression>,
    },
    /// A missing key is a `**spread`.
    Dict(Vec<(Option<Expression>, Expression)>),
    Set(Vec<Expression>),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    ListComprehension(Box<Comprehension>),
    SetComprehension(Box<Comprehension>),
    DictComprehension {
        key: Box<Expression>,
        value: Box<Expression>,
        clauses: Vec<ComprehensionClause>,
    },
    Generator(Box<Comprehension>),
    Await(Box<Expression>),
    Yield(Option<Box<Expression>>),
    YieldFrom(Box<Expression>),
    /// `left op comparisons[0] op comparisons[1] ...`
    Compare {
        left: Box<Expression>,
        comparisons: Vec<(CompareOperator, Expression)>,
    },
    Call {
        function: Box<Expression>,
        arguments: Arguments,
    },
    /// An f-string, implicit concatenation with plain strings already joined in.
    Format(Vec<FormatPart>),
    Attribute {
        object: Box<Expression>,
        name: Identifier,
    },
    Subscript {
        object: Box<Expression>,
        index: Box<Expression>,
    },
    Starred(Box<Expression>),
    /// Only inside a subscript.
    Slice {
        lower: Option<Box<Expression>>,
        upper: Option<Box<Expression>>,
        step: Option<Box<Expression>>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    /// Decimal digits of an int that does not fit 64 bits.
    BigInt(Rc<str>),
    Float(f64),
    /// The imaginary part.
    Imaginary(f64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum FormatPart {
    Literal(Rc<str>),
    /// `{value!conversion:format}`. `{value=}` has become a literal before it (and `!r` unless a
    /// conversion or format was written).
    Value {
        value: Box<Expression>,
        conversion: Conversion,
        format: Option<Vec<FormatPart>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    None,
    Str,
    Repr,
    Ascii,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    pub element: Expression,
    pub clauses: Vec<ComprehensionClause>,
}

/// `for target in iterable if condition if condition`
#[derive(Clone, Debug, PartialEq)]
pub struct ComprehensionClause {
    pub is_async: bool,
    pub target: Expression,
    pub iterable: Expression,
    pub conditions: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BooleanOperator {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    MatrixMultiply,
    Divide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    BitOr,
    BitXor,
    BitAnd,
    FloorDivide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    Invert,
    Not,
    Plus,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOperator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Is,
    IsNot,
    In,
    NotIn,
}
