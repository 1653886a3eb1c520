//! Which words are keywords only here.
//!
//! `match`, `case` and `type` are names unless the line they begin says otherwise, and the parenthesis
//! behind `with` may hold its items or an expression. One token of lookahead cannot tell, so this pass
//! looks at the whole line and marks the tokens; after it the grammar needs no guess.

use crate::token::{Spanned, Token};

/// Marks the soft keywords in all the lines of a source.
pub fn mark_soft_keywords(tokens: &mut [Spanned]) {
    // For every indented block, whether it is the body of a `match`.
    let mut blocks = vec![false];
    let mut line_is_match = false;
    let mut at_line_start = true;
    let mut depth = 0usize;
    for index in 0..tokens.len() {
        let was_line_start = std::mem::replace(&mut at_line_start, false);
        match &tokens[index].token {
            Token::StartModule | Token::Newline => at_line_start = true,
            Token::Indent => {
                blocks.push(std::mem::take(&mut line_is_match));
                at_line_start = true;
            }
            Token::Dedent => {
                blocks.pop();
                at_line_start = true;
            }
            Token::Name(name) => {
                if was_line_start {
                    line_is_match = false;
                    let in_match = blocks.last() == Some(&true);
                    match name.as_ref() {
                        "match" if begins_match(tokens, index) => {
                            tokens[index].token = Token::Match;
                            line_is_match = true;
                            continue;
                        }
                        "case" if in_match => {
                            tokens[index].token = Token::Case;
                            continue;
                        }
                        _ => {}
                    }
                }
                let begins_statement =
                    was_line_start || depth == 0 && matches!(tokens[index - 1].token, Token::Semicolon | Token::Colon);
                if begins_statement && name.as_ref() == "type" && begins_type(tokens, index) {
                    tokens[index].token = Token::Type;
                }
            }
            Token::With if begins_with_items(tokens, index + 1) => {
                tokens[index + 1].token = Token::OpenWithItems;
            }
            token if token.opens() => depth += 1,
            token if token.closes() => depth = depth.saturating_sub(1),
            _ => {}
        }
        if was_line_start && !at_line_start {
            line_is_match = false;
        }
    }
}

/// Whether the name `match` at `index` begins a `match` statement: something follows that no expression
/// could go on with, or the line ends with a colon as no other line that begins like this does.
fn begins_match(tokens: &[Spanned], index: usize) -> bool {
    let token_at = |index: usize| tokens.get(index).map(|spanned| &spanned.token);
    match token_at(index + 1) {
        Some(Token::Not) => token_at(index + 2) != Some(&Token::In),
        Some(next) if next.begins_expression_only() => true,
        Some(Token::OpenParenthesis | Token::OpenBracket | Token::Plus | Token::Minus | Token::Star) => {
            let line = tokens[index..].iter().take_while(|spanned| spanned.token != Token::Newline);
            line.last().is_some_and(|last| last.token == Token::Colon)
        }
        _ => false,
    }
}

/// Whether the name `type` at `index` begins a type alias.
fn begins_type(tokens: &[Spanned], index: usize) -> bool {
    matches!(tokens.get(index + 1), Some(Spanned { token: Token::Name(_), .. }))
}

/// Whether the parenthesis at `index`, just behind `with`, holds items: it is the last thing before the
/// colon, and nothing in it makes it one expression.
fn begins_with_items(tokens: &[Spanned], index: usize) -> bool {
    if !matches!(tokens.get(index), Some(Spanned { token: Token::OpenParenthesis, .. })) {
        return false;
    }
    let mut depth = 0usize;
    let mut several = false;
    let mut item_start = false;
    for (position, spanned) in tokens.iter().enumerate().skip(index) {
        let token = &spanned.token;
        if token.opens() {
            // A starred group cannot be an item, any other may be.
            depth += 1;
            item_start = depth == 1;
            continue;
        }
        if token.closes() {
            depth -= 1;
            if depth == 0 {
                let next = tokens.get(position + 1).map(|spanned| &spanned.token);
                return several && matches!(next, Some(Token::Colon | Token::Newline));
            }
            item_start = false;
            continue;
        }
        if depth == 1 {
            match token {
                Token::Star if item_start => return false,
                Token::For | Token::Yield | Token::ColonEqual => return false,
                Token::As | Token::Comma => several = true,
                _ => {}
            }
            item_start = *token == Token::Comma;
        }
        if *token == Token::Newline {
            return false;
        }
    }
    false
}
