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
    let rules: [fn(&Context) -> Option<Diagnostic>; 11] = [
        explain_field,
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

    fn opening_token(&self) -> Option<&Token> {
        self.opening().and_then(|index| self.token(index))
    }

    fn name_is(&self, index: usize, wanted: &[&str]) -> bool {
        matches!(self.token(index), Some(Token::Name(name)) if wanted.contains(&name.as_ref()))
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
    let message = if context.before() == Some(&Token::FieldBang) {
        let missing = matches!(found, Token::FieldClose | Token::FieldColon);
        if missing { "f-string: missing conversion character" } else { "f-string: invalid conversion character" }
            .to_string()
    } else if opening + 1 == context.index && !sign.is_empty() {
        format!("f-string: valid expression required before '{sign}'")
    } else if *found == Token::FieldColon && field.iter().any(|spanned| spanned.token == Token::Lambda) {
        "f-string: lambda expressions are not allowed without parentheses".to_string()
    } else if context.before().is_some_and(Token::ends_expression) {
        if begins_expression(found) {
            "invalid syntax. Perhaps you forgot a comma?".to_string()
        } else {
            "f-string: expecting '=', or '!', or ':', or '}'".to_string()
        }
    } else if opening + 1 == context.index {
        "f-string: expecting a valid expression after '{'".to_string()
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
    if !compound || context.opening().is_some() || !context.expects(":") {
        return None;
    }
    // These can only be followed by a colon, whatever stands there instead.
    let closed = matches!(word, Token::Else | Token::Try | Token::Finally | Token::Def | Token::For | Token::With);
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
            Some(Diagnostic::syntax(context.span(context.begin), "Did you mean to use 'from ... import ...' instead?"))
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
    if in_definition && matches!(before, Token::Name(_)) && context.opening().is_none() && context.expects("(") {
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
        return Some(context.error(format!("{whose} parameters cannot be parenthesized")));
    }
    let ends_default = matches!(found, Token::Comma | Token::CloseParenthesis) || lambda && *found == Token::Colon;
    let in_head = in_definition && opening.is_some_and(|index| context.tokens[context.begin..index].len() <= 3);
    if *before == Token::Equal && ends_default && (in_head || lambda) {
        return Some(context.error("expected default value expression"));
    }
    None
}

fn explain_comprehension(context: &Context) -> Option<Diagnostic> {
    let opening = context.opening()?;
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
    (in_call && ends && context.before()? == &Token::Equal).then(|| context.error("expected argument value expression"))
}

/// `a if b` without `else`.
fn explain_conditional(context: &Context) -> Option<Diagnostic> {
    let begin = context.opening().unwrap_or(context.begin);
    let line = &context.tokens[begin..context.index];
    let is_conditional = line.iter().skip(1).any(|spanned| spanned.token == Token::If);
    let ends = !matches!(context.found()?, Token::Colon | Token::Equal);
    (context.expects("else") && !context.expects(":") && is_conditional && ends && context.before()?.ends_expression())
        .then(|| context.error("expected 'else' after 'if' expression"))
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
