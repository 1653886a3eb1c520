//! The words for a syntax error.
//!
//! The grammar only knows that a token did not fit. `explain` looks at the tokens around it for the
//! common mistakes and says what Python says about them; each rule is one function that may pass.

use crate::ast::Span;
use crate::diagnostic::Diagnostic;
use crate::token::{Spanned, Token};

/// Where the grammar stopped.
pub struct Context<'run> {
    pub tokens: &'run [Spanned],
    /// The token that did not fit.
    pub index: usize,
    /// The first token of its logical line.
    pub begin: usize,
    /// The terminals that fit, quoted as in the grammar.
    pub expected: &'run [String],
}

/// Says what is wrong.
pub fn explain(context: &Context) -> Diagnostic {
    let rules: [fn(&Context) -> Option<Diagnostic>; 17] = [
        explain_field,
        explain_yield_target,
        explain_not,
        explain_star,
        explain_type_parameters,
        explain_pattern_target,
        explain_missing_colon,
        explain_print,
        explain_import,
        explain_assignment,
        explain_parameters,
        explain_comprehension,
        explain_dict,
        explain_argument,
        explain_conditional,
        explain_missing_comma,
        explain_open_field,
    ];
    rules.iter().find_map(|rule| rule(context)).unwrap_or_else(|| context.error("invalid syntax"))
}

impl Context<'_> {
    fn token(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index).map(|spanned| &spanned.token)
    }

    fn found(&self) -> Option<&Token> {
        self.token(self.index)
    }

    fn before(&self) -> Option<&Token> {
        self.index.checked_sub(1).and_then(|index| self.token(index))
    }

    /// The first word of the line, `async` aside.
    fn line_word(&self) -> Option<&Token> {
        match self.token(self.begin) {
            Some(Token::Async) => self.token(self.begin + 1),
            first => first,
        }
    }

    fn expects(&self, terminal: &str) -> bool {
        self.expected.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    fn span(&self, index: usize) -> Span {
        let last = self.tokens.last().map_or(Span::default(), |last| last.span);
        self.tokens.get(index).map_or(Span { start: last.end, end: last.end }, |spanned| spanned.span)
    }

    /// What the logical line covers.
    fn line(&self) -> Span {
        let rest = self.tokens.get(self.begin..).unwrap_or_default();
        let length = rest.iter().position(|spanned| spanned.token == Token::Newline).unwrap_or(rest.len());
        self.span(self.begin).to(self.span((self.begin + length).saturating_sub(1)))
    }

    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::syntax(self.span(self.index), message)
    }

    /// The innermost opening token of this line that is still open where the grammar stopped.
    fn opening(&self) -> Option<usize> {
        let mut closed = 0usize;
        for index in (self.begin..self.index.min(self.tokens.len())).rev() {
            let token = &self.tokens[index].token;
            if token.closes() {
                closed += 1;
            } else if token.opens() {
                if closed == 0 {
                    return Some(index);
                }
                closed -= 1;
            }
        }
        None
    }

    /// Whether the head of a compound statement has its colon already.
    fn has_colon(&self) -> bool {
        let mut depth = 0isize;
        self.tokens[self.begin..self.index.min(self.tokens.len())].iter().any(|spanned| {
            depth += isize::from(spanned.token.opens()) - isize::from(spanned.token.closes());
            depth == 0 && spanned.token == Token::Colon
        })
    }

    fn opening_token(&self) -> Option<&Token> {
        self.opening().and_then(|index| self.token(index))
    }

    fn name_is(&self, index: usize, wanted: &[&str]) -> bool {
        matches!(self.token(index), Some(Token::Name(name)) if wanted.contains(&name.as_ref()))
    }
}

impl Context<'_> {
    /// The index behind the operand that begins at `begin`: where its line, its brackets or its list end.
    fn operand_end(&self, begin: usize) -> usize {
        let mut depth = 0usize;
        for (index, spanned) in self.tokens.iter().enumerate().skip(begin) {
            let token = &spanned.token;
            let ends = matches!(
                token,
                Token::Newline | Token::Comma | Token::Colon | Token::Equal | Token::And | Token::Or | Token::If
            );
            if depth == 0 && (ends || token.closes()) {
                return index.max(begin + 1);
            }
            if token.opens() {
                depth += 1;
            } else if token.closes() {
                depth -= 1;
            }
        }
        self.tokens.len()
    }

    /// The operand that begins at `begin`.
    fn operand(&self, begin: usize) -> Span {
        self.span(begin).to(self.span(self.operand_end(begin) - 1))
    }

    /// The index of the first token, from `index` back, of the innermost list entry or statement part that
    /// holds it.
    fn entry_begin(&self, index: usize) -> usize {
        let mut depth = 0usize;
        for at in (self.begin..index).rev() {
            let token = &self.tokens[at].token;
            if token.closes() {
                depth += 1;
            } else if token.opens() {
                if depth == 0 {
                    return at + 1;
                }
                depth -= 1;
            } else if depth == 0
                && matches!(token, Token::Comma | Token::Semicolon | Token::Colon | Token::Equal | Token::Return)
            {
                return at + 1;
            }
        }
        self.begin
    }

    /// Whether the brackets at `opening` belong to a call or a subscript.
    fn is_applied(&self, opening: usize) -> bool {
        matches!(self.token(opening), Some(Token::OpenParenthesis | Token::OpenBracket))
            && opening.checked_sub(1).and_then(|before| self.token(before)).is_some_and(Token::ends_expression)
    }

    /// Whether an expression, or the beginning of one that is one by itself, stands from `begin` on.
    fn has_expression(&self, begin: usize) -> bool {
        let operand = (begin..self.index).find(|index| {
            let prefix = Token::is_prefix;
            !self.token(*index).is_some_and(prefix)
        });
        match operand.and_then(|index| Some((index, self.token(index)?))) {
            Some((_, Token::Lambda)) | None => false,
            Some((index, token)) if token.opens() => {
                let mut depth = 0usize;
                self.tokens[index..self.index].iter().any(|spanned| {
                    depth += usize::from(spanned.token.opens());
                    depth -= usize::from(spanned.token.closes());
                    depth == 0
                })
            }
            Some((_, token)) => token.ends_expression(),
        }
    }
}

fn begins_expression(token: &Token) -> bool {
    token.begins_expression_only()
}

/// Inside the field of an f-string.
fn explain_field(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
    if context.token(opening) != Some(&Token::FieldOpen) {
        return None;
    }
    let found = context.found()?;
    let sign = match found {
        Token::FieldClose => "}",
        Token::FieldEqual => "=",
        Token::FieldBang => "!",
        Token::FieldColon => ":",
        _ => "",
    };
    let field = &context.tokens[opening..context.index];
    if let [.., Spanned { token: Token::FieldBang, .. }, Spanned { token: Token::Name(_), .. }] = field {
        return Some(context.error("f-string: expecting ':' or '}'"));
    }
    let first = context.span(opening + 1);
    let lambda = field.iter().rposition(|spanned| spanned.token == Token::Lambda);
    if let Some(lambda) = lambda.filter(|lambda| matches!(field[lambda - 1].token, Token::FieldOpen | Token::Comma))
        && *found == Token::FieldColon
        && context.before() != Some(&Token::FieldBang)
    {
        let place = context.span(opening + lambda).to(context.span(context.index - 1));
        return Some(Diagnostic::syntax(place, "f-string: lambda expressions are not allowed without parentheses"));
    }
    let message = if context.before() == Some(&Token::FieldEqual) {
        "f-string: expecting '!', or ':', or '}'".to_string()
    } else if context.before() == Some(&Token::FieldBang) {
        let missing = matches!(found, Token::FieldClose | Token::FieldColon);
        if missing { "f-string: missing conversion character" } else { "f-string: invalid conversion character" }
            .to_string()
    } else if opening + 1 == context.index && !sign.is_empty() {
        format!("f-string: valid expression required before '{sign}'")
    } else if context.before().is_some_and(Token::ends_expression) {
        if begins_expression(found) {
            let place = context.span(context.index - 1).to(context.span(context.index));
            return Some(Diagnostic::syntax(place, "invalid syntax. Perhaps you forgot a comma?"));
        } else {
            "f-string: expecting '=', or '!', or ':', or '}'".to_string()
        }
    } else if !context.has_expression(opening + 1) {
        return Some(Diagnostic::syntax(first, "f-string: expecting a valid expression after '{'"));
    } else {
        "f-string: expecting '=', or '!', or ':', or '}'".to_string()
    };
    Some(context.error(message))
}

/// `if x` and no colon.
fn explain_missing_colon(context: &Context) -> Option<Diagnostic> {
    let word = context.line_word()?;
    let compound = matches!(
        word,
        Token::If
            | Token::Elif
            | Token::Else
            | Token::For
            | Token::While
            | Token::Def
            | Token::Class
            | Token::With
            | Token::Try
            | Token::Except
            | Token::Finally
            | Token::Match
            | Token::Case
    );
    if !compound || context.opening().is_some() || context.has_colon() || !context.expects(":") {
        return None;
    }
    // These can only be followed by a colon, whatever stands there instead.
    let closed = matches!(word, Token::Else | Token::Try | Token::Finally | Token::Def);
    let found = context.found()?;
    if *found == Token::Newline || closed && *found != Token::Equal {
        return Some(context.error("expected ':'"));
    }
    None
}

/// `print x`, as Python 2 had it.
fn explain_print(context: &Context) -> Option<Diagnostic> {
    let name = context.index.checked_sub(1)?;
    let begins_statement =
        name == context.begin || matches!(context.token(name.checked_sub(1)?), Some(Token::Semicolon | Token::Colon));
    if !begins_statement || !context.name_is(name, &["print", "exec"]) || !begins_expression(context.found()?) {
        return None;
    }
    let Some(Token::Name(word)) = context.token(name) else { return None };
    let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
    Some(Diagnostic::syntax(context.span(name).to(context.span(context.index)), message))
}

fn explain_import(context: &Context) -> Option<Diagnostic> {
    let found = context.found()?;
    match (context.token(context.begin)?, context.before()?) {
        (Token::From, Token::Import) if *found == Token::Newline => {
            Some(context.error("Expected one or more names after 'import'"))
        }
        (Token::Import, Token::Import) if *found == Token::Newline => {
            Some(context.error("Expected one or more names after 'import'"))
        }
        (Token::From, Token::Comma) if *found == Token::Newline => {
            Some(context.error("trailing comma not allowed without surrounding parentheses"))
        }
        (Token::Import, _) if *found == Token::From => {
            Some(Diagnostic::syntax(context.line(), "Did you mean to use 'from ... import ...' instead?"))
        }
        _ => None,
    }
}

/// `=` where an expression is compared or named.
fn explain_assignment(context: &Context) -> Option<Diagnostic> {
    if context.found()? != &Token::Equal {
        return None;
    }
    let before = context.before()?;
    let last = context.index.checked_sub(1)?;
    let entry = context.entry_begin(context.index);
    if context.opening().is_some_and(|opening| context.is_applied(opening)) {
        let unpacking = match context.token(entry) {
            Some(Token::Star) => Some("iterable"),
            Some(Token::DoubleStar) => Some("keyword"),
            _ => None,
        };
        if let Some(unpacking) = unpacking {
            let place = context.span(entry).to(context.operand(context.index + 1));
            return Some(Diagnostic::syntax(place, format!("cannot assign to {unpacking} argument unpacking")));
        }
    }
    let behind_dot = last.checked_sub(1).is_some_and(|index| context.token(index) == Some(&Token::Dot));
    let what = match before {
        Token::Name(_) if behind_dot => "attribute",
        Token::Name(_) => {
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            return Some(Diagnostic::syntax(context.span(last).to(context.span(context.index)), message));
        }
        Token::CloseBracket => "subscript",
        Token::CloseParenthesis => "function call",
        Token::Number(_) | Token::Str(_) | Token::Bytes(_) => "literal",
        _ => return None,
    };
    let message = format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?");
    Some(Diagnostic::syntax(context.span(last), message))
}

/// The heads of functions and lambdas.
fn explain_parameters(context: &Context) -> Option<Diagnostic> {
    let found = context.found()?;
    let before = context.before()?;
    let in_definition = context.line_word() == Some(&Token::Def);
    let named = matches!(before, Token::Name(_) | Token::CloseBracket);
    if in_definition && named && context.opening().is_none() && context.expects("(") {
        return Some(context.error("expected '('"));
    }
    let opening = context.opening();
    let lambda = context.tokens[opening.unwrap_or(context.begin)..context.index]
        .iter()
        .rev()
        .take_while(|spanned| spanned.token != Token::Colon)
        .any(|spanned| spanned.token == Token::Lambda);
    let wants_parameter = context.expects("name") && context.expects("**") && !context.expects("number");
    if *found == Token::OpenParenthesis
        && wants_parameter
        && matches!(before, Token::OpenParenthesis | Token::Comma | Token::Lambda)
    {
        let whose = if lambda { "Lambda expression" } else { "Function" };
        let inside = context.tokens[context.index + 1..]
            .iter()
            .take_while(|spanned| matches!(spanned.token, Token::Name(_) | Token::Comma))
            .count();
        let close = context.index + 1 + inside;
        if inside == 0 || context.token(close) != Some(&Token::CloseParenthesis) {
            return None;
        }
        let place = context.span(context.index).to(context.span(close));
        return Some(Diagnostic::syntax(place, format!("{whose} parameters cannot be parenthesized")));
    }
    if *before == Token::Slash && matches!(found, Token::Star | Token::DoubleStar) && (in_definition || lambda) {
        return Some(context.error("expected comma between / and *"));
    }
    let ends_default = matches!(found, Token::Comma | Token::CloseParenthesis) || lambda && *found == Token::Colon;
    let in_head = in_definition && opening.is_some_and(|index| context.tokens[context.begin..index].len() <= 3);
    if *before == Token::Equal && ends_default && (in_head || lambda) {
        let begin = if lambda { context.begin } else { opening.unwrap_or(context.begin) };
        let slash = (begin + 1..context.index).find(|index| context.token(*index) == Some(&Token::Slash));
        if let Some(slash) =
            slash.filter(|slash| matches!(context.token(slash - 1), Some(Token::OpenParenthesis | Token::Lambda)))
        {
            return Some(Diagnostic::syntax(context.span(slash), "at least one argument must precede /"));
        }
        let mut entry = context.entry_begin(context.index - 1);
        if context.token(entry - 1) == Some(&Token::Colon) {
            entry = context.entry_begin(entry - 1);
        }
        let message = match context.token(entry) {
            Some(Token::Star) => "var-positional argument cannot have default value",
            Some(Token::DoubleStar) => "var-keyword argument cannot have default value",
            _ => "expected default value expression",
        };
        return Some(Diagnostic::syntax(context.span(context.index - 1), message));
    }
    None
}

fn explain_comprehension(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
    let clause = &context.tokens[opening..context.index];
    if context.expects("in")
        && context.found()? != &Token::In
        && clause.iter().any(|spanned| spanned.token == Token::For)
    {
        return Some(context.error("'in' expected after for-loop variables"));
    }
    let entry = context.entry_begin(context.index);
    if context.found()? == &Token::For
        && context.is_applied(opening)
        && context.token(entry.checked_sub(1)?) == Some(&Token::Equal)
        && matches!(context.token(entry.checked_sub(2)?), Some(Token::Name(_)))
    {
        let place = context.span(entry - 2).to(context.span(entry - 1));
        let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
        return Some(Diagnostic::syntax(place, message));
    }
    let is_display = matches!(context.token(opening), Some(Token::OpenBracket | Token::OpenBrace));
    if !is_display || !matches!(context.found()?, Token::For | Token::Async) {
        return None;
    }
    let several = context.tokens[opening..context.index].iter().any(|spanned| spanned.token == Token::Comma);
    several.then(|| {
        let target = context.span(opening + 1).to(context.span(context.index - 1));
        Diagnostic::syntax(target, "did you forget parentheses around the comprehension target?")
    })
}

fn explain_dict(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
    if context.token(opening) != Some(&Token::OpenBrace) || context.line_word() == Some(&Token::Case) {
        return None;
    }
    let found = context.found()?;
    if *found == Token::Star && context.before() == Some(&Token::Colon) {
        let message = "cannot use a starred expression in a dictionary value";
        return Some(Diagnostic::syntax(context.operand(context.index), message));
    }
    if !matches!(found, Token::CloseBrace | Token::Comma) {
        return None;
    }
    let before = context.before()?;
    if *before == Token::Colon {
        return Some(Diagnostic::syntax(
            context.span(context.index - 1),
            "expression expected after dictionary key and ':'",
        ));
    }
    if before.ends_expression() && context.expects(":") && !context.expects("}") {
        return Some(Diagnostic::syntax(context.span(context.index - 1), "':' expected after dictionary key"));
    }
    None
}

/// `f(name=)`
fn explain_argument(context: &Context) -> Option<Diagnostic> {
    let in_call = context.opening_token() == Some(&Token::OpenParenthesis);
    let ends = matches!(context.found()?, Token::Comma | Token::CloseParenthesis);
    (in_call && ends && context.before()? == &Token::Equal && context.index >= 2).then(|| {
        let place = context.span(context.index - 2).to(context.span(context.index - 1));
        Diagnostic::syntax(place, "expected argument value expression")
    })
}

/// `a if b` without `else`.
fn explain_conditional(context: &Context) -> Option<Diagnostic> {
    let begin = context.opening().unwrap_or(context.begin);
    let line = &context.tokens[begin..context.index];
    let is_conditional = line.iter().skip(1).any(|spanned| spanned.token == Token::If);
    let ends = !matches!(context.found()?, Token::Colon | Token::Equal);
    (context.expects("else") && !context.expects(":") && is_conditional && ends && context.before()?.ends_expression())
        .then(|| {
            let place = context.span(context.entry_begin(context.index)).to(context.span(context.index - 1));
            Diagnostic::syntax(place, "expected 'else' after 'if' expression")
        })
}

/// `yield = 1`
fn explain_yield_target(context: &Context) -> Option<Diagnostic> {
    if context.found()? != &Token::Equal || context.opening().is_some() {
        return None;
    }
    let begin = context.entry_begin(context.index);
    (context.token(begin)? == &Token::Yield).then(|| {
        let place = context.span(begin).to(context.span(context.index - 1));
        Diagnostic::syntax(place, "assignment to yield expression not possible")
    })
}

/// `a + not b`
fn explain_not(context: &Context) -> Option<Diagnostic> {
    if context.found()? != &Token::Not || !context.before()?.is_arithmetic() {
        return None;
    }
    let message = "'not' after an operator must be parenthesized";
    Some(Diagnostic::syntax(context.operand(context.index), message))
}

/// `f(*)`, `a[*:]`
fn explain_star(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
    let begins = |opening: usize, star: usize| {
        let before = star.checked_sub(1).and_then(|before| context.token(before));
        context.token(star) == Some(&Token::Star)
            && context.is_applied(opening)
            && (star == opening + 1 || before == Some(&Token::Comma))
    };
    let alone = begins(opening, context.index.checked_sub(1)?)
        && matches!(context.found()?, Token::CloseParenthesis | Token::CloseBracket | Token::Colon | Token::Comma);
    let around = Context { index: opening, tokens: context.tokens, begin: context.begin, expected: &[] };
    let inside = around.opening().is_some_and(|outer| begins(outer, opening - 1)) && *context.found()? == Token::Colon;
    (alone || inside).then(|| context.error("Invalid star expression"))
}

/// `class A[]:`
fn explain_type_parameters(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
    let head = matches!(context.line_word()?, Token::Def | Token::Class | Token::Type);
    let first = opening.checked_sub(2).and_then(|word| context.token(word)) == context.line_word();
    let empty = *context.found()? == Token::CloseBracket && opening + 1 == context.index;
    (head && first && empty && context.token(opening) == Some(&Token::OpenBracket)).then(|| {
        let close = context.span(context.index);
        let place = if context.line_word() == Some(&Token::Type) { context.span(opening).to(close) } else { close };
        Diagnostic::syntax(place, "Type parameter list cannot be empty")
    })
}

/// `case 1 as 2:`
fn explain_pattern_target(context: &Context) -> Option<Diagnostic> {
    let in_case = context.line_word() == Some(&Token::Case) && context.before()? == &Token::As;
    (in_case && !matches!(context.found()?, Token::Newline | Token::Colon))
        .then(|| Diagnostic::syntax(context.operand(context.index), "invalid pattern target"))
}

/// A field of an f-string whose expression stops being one inside brackets.
fn explain_open_field(context: &Context) -> Option<Diagnostic> {
    let mut opening = context.opening()?;
    while context.token(opening) != Some(&Token::FieldOpen) {
        let around = Context { index: opening, tokens: context.tokens, begin: context.begin, expected: &[] };
        opening = around.opening()?;
    }
    (!context.has_expression(opening + 1))
        .then(|| Diagnostic::syntax(context.span(opening + 1), "f-string: expecting a valid expression after '{'"))
}

/// Two expressions side by side in brackets.
fn explain_missing_comma(context: &Context) -> Option<Diagnostic> {
    context.opening()?;
    let before = context.before()?;
    let found = context.found()?;
    if !before.ends_expression() || !begins_expression(found) {
        return None;
    }
    // A name before a string is more likely a mistaken prefix.
    if matches!((before, found), (Token::Name(_), Token::Str(_) | Token::Bytes(_) | Token::FormatStart)) {
        return None;
    }
    if matches!(context.line_word(), Some(Token::Def | Token::Class | Token::Import | Token::From)) {
        return None;
    }
    let place = context.span(context.index - 1).to(context.span(context.index));
    Some(Diagnostic::syntax(place, "invalid syntax. Perhaps you forgot a comma?"))
}
