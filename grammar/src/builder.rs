//! What the grammar calls to build the tree.
//!
//! The builder gives nodes their spans, keeps the tree shallow enough to be walked with recursion, and
//! rejects what the grammar accepts too generously. It never stops the parser: what is wrong goes to
//! `errors`, and the tree that comes with errors is thrown away. Targets, arguments and parameters,
//! patterns and strings have files of their own.

use crate::ast::*;
use crate::diagnostic::Diagnostic;
use crate::targets::Purpose;

/// How deep a tree may be. Whoever walks a tree with recursion can rely on it.
pub const MAXIMUM_DEPTH: u32 = 3100;

/// What the start rule has read.
pub enum Source {
    Module(Module),
    Expression(Expression),
}

/// `key: value`, or `**value` without a key.
pub struct DictItem {
    pub key: Option<Expression>,
    pub value: Expression,
}

/// The state of one run of the parser.
pub struct Builder<'source> {
    pub source: &'source str,
    pub errors: Vec<Diagnostic>,
    /// Where each finished node that has no parent yet begins, and how deep it is. The parser finishes
    /// children before parents and in the order of the source, so the children of a node that begins at
    /// an offset are exactly the entries from that offset on. Leaves are not entered.
    depths: Vec<(u32, u32)>,
    too_deep: bool,
}

impl<'source> Builder<'source> {
    pub fn new(source: &'source str) -> Builder<'source> {
        Builder { source, errors: Vec::new(), depths: Vec::new(), too_deep: false }
    }

    /// Notes a mistake.
    pub fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(Diagnostic::syntax(span, message));
    }

    /// Takes the depths of the nodes from `start` on; gives the greatest.
    fn take_depths(&mut self, start: u32) -> u32 {
        let mut deepest = 0;
        while let Some(&(begin, depth)) = self.depths.last() {
            if begin < start {
                break;
            }
            deepest = deepest.max(depth);
            self.depths.pop();
        }
        deepest
    }

    /// Enters a finished node; says whether the tree may hold it.
    fn enter(&mut self, span: Span, depth: u32) -> bool {
        let fits = depth <= MAXIMUM_DEPTH;
        self.depths.push((span.start, if fits { depth } else { 0 }));
        if !fits && !self.too_deep {
            self.too_deep = true;
            self.error(span, format!("too complex: this nests more than {MAXIMUM_DEPTH} levels deep"));
        }
        fits
    }

    /// An expression over the source from `start` to `end`. One that is too deep is cut off.
    pub fn expression(&mut self, start: u32, end: u32, kind: ExpressionKind) -> Expression {
        let span = Span { start, end };
        let depth = self.take_depths(start) + 1;
        if self.enter(span, depth) {
            Expression { span, kind }
        } else {
            Expression { span, kind: ExpressionKind::Constant(Constant::None) }
        }
    }

    /// A statement over the source from `start` to `end`.
    pub fn statement(&mut self, start: u32, end: u32, kind: StatementKind) -> Statement {
        self.definition(start, start, end, kind)
    }

    /// A statement whose parts begin at `first`, before it: decorators.
    pub fn definition(&mut self, first: u32, start: u32, end: u32, kind: StatementKind) -> Statement {
        let span = Span { start, end };
        let depth = self.take_depths(first) + 1;
        if self.enter(Span { start: first, end }, depth) {
            Statement { span, kind }
        } else {
            Statement { span, kind: StatementKind::Pass }
        }
    }

    /// A pattern over the source from `start` to `end`.
    pub fn pattern(&mut self, start: u32, end: u32, kind: PatternKind) -> Pattern {
        let span = Span { start, end };
        let depth = self.take_depths(start) + 1;
        if self.enter(span, depth) {
            Pattern { span, kind }
        } else {
            Pattern { span, kind: PatternKind::As { pattern: None, name: None } }
        }
    }

    // Statements.

    pub fn assign(&mut self, targets: Vec<Expression>, value: Expression) -> StatementKind {
        for target in &targets {
            self.check_target(target, Purpose::Assign);
        }
        StatementKind::Assign { targets, value }
    }

    pub fn augmented_assign(
        &mut self,
        target: Expression,
        operator: BinaryOperator,
        value: Expression,
    ) -> StatementKind {
        self.check_single_target(&target, Purpose::Augmented);
        StatementKind::AugmentedAssign { target, operator, value }
    }

    pub fn annotated_assign(
        &mut self,
        start: u32,
        target: Expression,
        annotation: Expression,
        value: Option<Expression>,
    ) -> StatementKind {
        self.check_single_target(&target, Purpose::Annotated);
        let simple = matches!(target.kind, ExpressionKind::Name(_)) && target.span.start == start;
        StatementKind::AnnotatedAssign { target, annotation, value, simple }
    }

    pub fn delete(&mut self, targets: Expression) -> StatementKind {
        let start = targets.span.start;
        self.check_target(&targets, Purpose::Delete);
        match targets.kind {
            // `del (a, b)` deletes one tuple, `del a, b` two names.
            ExpressionKind::Tuple(items)
                if !self.source[start as usize..].starts_with('(') || self.is_open(&items, start) =>
            {
                StatementKind::Delete(items)
            }
            _ => StatementKind::Delete(vec![targets]),
        }
    }

    /// Whether a tuple that begins at `start` has no parentheses of its own: its first item begins there.
    fn is_open(&self, items: &[Expression], start: u32) -> bool {
        items.first().is_some_and(|first| first.span.start == start)
    }

    pub fn for_statement(
        &mut self,
        is_async: bool,
        target: Expression,
        iterable: Expression,
        body: Vec<Statement>,
        or_else: Vec<Statement>,
    ) -> StatementKind {
        self.check_target(&target, Purpose::Loop);
        StatementKind::For { is_async, target, iterable, body, or_else }
    }

    pub fn try_statement(
        &mut self,
        body: Vec<Statement>,
        handlers: Vec<(bool, ExceptHandler)>,
        or_else: Vec<Statement>,
        finally: Vec<Statement>,
    ) -> StatementKind {
        let is_star = handlers.first().is_some_and(|(star, _)| *star);
        if let Some((_, other)) = handlers.iter().find(|(star, _)| *star != is_star) {
            let rest = self.source.get(other.span.start as usize..).unwrap_or("");
            // Up to the star, when it has one.
            let end = if is_star { 6 } else { rest.find('*').map_or(6, |star| star as u32 + 1) };
            let span = Span { start: other.span.start, end: other.span.start + end };
            self.error(span, "cannot have both 'except' and 'except*' on the same 'try'");
        }
        let handlers = handlers.into_iter().map(|(_, handler)| handler).collect();
        StatementKind::Try { body, handlers, or_else, finally, is_star }
    }

    pub fn except_handler(
        &mut self,
        span: Span,
        is_star: bool,
        exceptions: Option<Vec<Expression>>,
        name: Option<Identifier>,
        body: Vec<Statement>,
    ) -> (bool, ExceptHandler) {
        let mut exceptions = exceptions.unwrap_or_default();
        let keyword = Span { start: span.start, end: span.start + 6 };
        if let (Some(first), Some(last)) = (exceptions.first(), exceptions.get(1..).and_then(|rest| rest.last())) {
            self.error(first.span.to(last.span), "multiple exception types must be parenthesized");
        }
        let exception = if exceptions.is_empty() { None } else { Some(exceptions.swap_remove(0)) };
        match (&exception, &name) {
            (None, Some(name)) => self.error(name.span, "invalid syntax"),
            (None, None) if is_star => self.error(keyword, "expected one or more exception types"),
            _ => {}
        }
        (is_star, ExceptHandler { span, exception, name, body })
    }

    pub fn with_item(&mut self, context: Expression, target: Option<Expression>) -> WithItem {
        if let Some(target) = &target {
            self.check_target(target, Purpose::With);
        }
        WithItem { context, target }
    }

    /// The name of a module.
    pub fn dotted_name(&mut self, start: u32, end: u32, first: Vec<Identifier>, last: Identifier) -> Identifier {
        if first.is_empty() {
            return last;
        }
        let parts: Vec<&str> = first.iter().chain([&last]).map(|part| part.name.as_ref()).collect();
        Identifier { span: Span { start, end }, name: parts.join(".").into() }
    }

    // Expressions.

    pub fn tuple(&mut self, start: u32, end: u32, first: Expression, rest: Option<Vec<Expression>>) -> Expression {
        let rest = rest.unwrap_or_default();
        let mut items = Vec::with_capacity(rest.len() + 1);
        items.push(first);
        items.extend(rest);
        self.expression(start, end, ExpressionKind::Tuple(items))
    }

    /// What stands alone in parentheses.
    pub fn group(&mut self, inner: Expression) -> Expression {
        if let ExpressionKind::Starred(_) = inner.kind {
            self.error(inner.span, "cannot use starred expression here");
        }
        inner
    }

    pub fn named(&mut self, start: u32, end: u32, target: Expression, value: Expression) -> Expression {
        let span = target.span;
        let name = match target.kind {
            ExpressionKind::Name(name) if span.start == start => name,
            other => {
                let what = Expression { span, kind: other };
                self.error(span, format!("cannot use assignment expressions with {}", what.describe()));
                "".into()
            }
        };
        let target = Identifier { span, name };
        self.expression(start, end, ExpressionKind::Named { target, value: Box::new(value) })
    }

    pub fn unary(&mut self, start: u32, end: u32, operator: UnaryOperator, operand: Expression) -> Expression {
        self.expression(start, end, ExpressionKind::Unary { operator, operand: Box::new(operand) })
    }

    pub fn binary(
        &mut self,
        start: u32,
        end: u32,
        left: Expression,
        operator: BinaryOperator,
        right: Expression,
    ) -> Expression {
        let kind = ExpressionKind::Binary { left: Box::new(left), operator, right: Box::new(right) };
        self.expression(start, end, kind)
    }

    /// `left and right`. A left side that is such a chain itself, and not in parentheses, grows.
    pub fn boolean(
        &mut self,
        start: u32,
        end: u32,
        left: Expression,
        operator: BooleanOperator,
        right: Expression,
    ) -> Expression {
        match left {
            Expression { span, kind: ExpressionKind::Boolean { operator: first, mut operands } }
                if first == operator && span.start == start =>
            {
                self.grow_chain(start, right.span.start);
                operands.push(right);
                Expression { span: Span { start, end }, kind: ExpressionKind::Boolean { operator, operands } }
            }
            left => self.expression(start, end, ExpressionKind::Boolean { operator, operands: vec![left, right] }),
        }
    }

    /// `left operator right`. A left side that is a comparison itself, and not in parentheses, grows.
    pub fn compare(
        &mut self,
        start: u32,
        end: u32,
        left: Expression,
        operator: CompareOperator,
        right: Expression,
    ) -> Expression {
        match left {
            Expression { span, kind: ExpressionKind::Compare { left, mut comparisons } } if span.start == start => {
                self.grow_chain(start, right.span.start);
                comparisons.push((operator, right));
                Expression { span: Span { start, end }, kind: ExpressionKind::Compare { left, comparisons } }
            }
            left => {
                let kind = ExpressionKind::Compare { left: Box::new(left), comparisons: vec![(operator, right)] };
                self.expression(start, end, kind)
            }
        }
    }

    /// A chain from `start` gets one more operand, which begins at `operand`: it becomes no deeper than
    /// its deepest operand asks.
    fn grow_chain(&mut self, start: u32, operand: u32) {
        let added = self.take_depths(operand);
        let chain = self.take_depths(start);
        // At worst one level above the bound, which the next node around it reports.
        self.depths.push((start, chain.max(added + 1)));
    }

    /// What stands alone in a subscript: `a[*b]` means `a[*b,]`.
    pub fn subscript(&mut self, start: u32, end: u32, item: Expression) -> Expression {
        match item.kind {
            ExpressionKind::Starred(_) => self.tuple(start, end, item, None),
            _ => item,
        }
    }

    pub fn slice(
        &mut self,
        start: u32,
        end: u32,
        lower: Option<Expression>,
        upper: Option<Expression>,
        step: Option<Expression>,
    ) -> Expression {
        let kind =
            ExpressionKind::Slice { lower: lower.map(Box::new), upper: upper.map(Box::new), step: step.map(Box::new) };
        self.expression(start, end, kind)
    }

    pub fn dict(&mut self, start: u32, end: u32, items: Vec<DictItem>) -> Expression {
        let items = items.into_iter().map(|item| (item.key, item.value)).collect();
        self.expression(start, end, ExpressionKind::Dict(items))
    }

    // Comprehensions.

    pub fn comprehension_clause(
        &mut self,
        is_async: bool,
        target: Expression,
        iterable: Expression,
        conditions: Vec<Expression>,
    ) -> ComprehensionClause {
        self.check_target(&target, Purpose::Loop);
        ComprehensionClause { is_async, target, iterable, conditions }
    }

    fn comprehension(&mut self, element: Expression, clauses: Vec<ComprehensionClause>) -> Box<Comprehension> {
        if let ExpressionKind::Starred(_) = element.kind {
            self.error(element.span, "iterable unpacking cannot be used in comprehension");
        }
        Box::new(Comprehension { element, clauses })
    }

    pub fn generator(
        &mut self,
        start: u32,
        end: u32,
        element: Expression,
        clauses: Vec<ComprehensionClause>,
    ) -> Expression {
        let comprehension = self.comprehension(element, clauses);
        self.expression(start, end, ExpressionKind::Generator(comprehension))
    }

    pub fn list_comprehension(
        &mut self,
        start: u32,
        end: u32,
        element: Expression,
        clauses: Vec<ComprehensionClause>,
    ) -> Expression {
        let comprehension = self.comprehension(element, clauses);
        self.expression(start, end, ExpressionKind::ListComprehension(comprehension))
    }

    pub fn set_comprehension(
        &mut self,
        start: u32,
        end: u32,
        element: Expression,
        clauses: Vec<ComprehensionClause>,
    ) -> Expression {
        let comprehension = self.comprehension(element, clauses);
        self.expression(start, end, ExpressionKind::SetComprehension(comprehension))
    }

    pub fn dict_comprehension(
        &mut self,
        start: u32,
        end: u32,
        item: DictItem,
        clauses: Vec<ComprehensionClause>,
    ) -> Expression {
        let DictItem { key, value } = item;
        let Some(key) = key else {
            self.error(value.span, "dict unpacking cannot be used in dict comprehension");
            return value;
        };
        let kind = ExpressionKind::DictComprehension { key: Box::new(key), value: Box::new(value), clauses };
        self.expression(start, end, kind)
    }
}
