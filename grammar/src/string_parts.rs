//! Joining adjacent string literals, and the fields of f-strings.

use std::rc::Rc;

use crate::ast::*;
use crate::builder::Builder;

impl Builder<'_> {
    /// Adjacent literals as one expression.
    pub fn strings(&mut self, start: u32, end: u32, mut parts: Vec<Expression>) -> Expression {
        if parts.len() == 1 {
            return parts.swap_remove(0);
        }
        let span = Span { start, end };
        let is_bytes = |part: &Expression| matches!(part.kind, ExpressionKind::Constant(Constant::Bytes(_)));
        let bytes_count = parts.iter().filter(|part| is_bytes(part)).count();
        if bytes_count == parts.len() {
            let mut joined = Vec::new();
            for part in &parts {
                if let ExpressionKind::Constant(Constant::Bytes(bytes)) = &part.kind {
                    joined.extend_from_slice(bytes);
                }
            }
            return Expression { span, kind: ExpressionKind::Constant(Constant::Bytes(joined.into())) };
        }
        if bytes_count > 0 {
            self.error(span, "cannot mix bytes and nonbytes literals");
        }
        let mut joined = Vec::new();
        let mut text = String::new();
        let mut is_format = false;
        for part in parts {
            match part.kind {
                ExpressionKind::Constant(Constant::Str(more)) => text.push_str(&more),
                ExpressionKind::Format(pieces) => {
                    is_format = true;
                    for piece in pieces {
                        match piece {
                            FormatPart::Literal(more) => text.push_str(&more),
                            value => {
                                if !text.is_empty() {
                                    joined.push(FormatPart::Literal(std::mem::take(&mut text).into()));
                                }
                                joined.push(value);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        if !is_format {
            return Expression { span, kind: ExpressionKind::Constant(Constant::Str(text.into())) };
        }
        if !text.is_empty() {
            joined.push(FormatPart::Literal(text.into()));
        }
        self.expression(start, end, ExpressionKind::Format(joined))
    }

    /// Adds literal text to an f-string.
    pub fn push_text(&mut self, parts: &mut Vec<FormatPart>, text: &Rc<str>) {
        if let Some(FormatPart::Literal(before)) = parts.last_mut() {
            *before = format!("{before}{text}").into();
        } else {
            parts.push(FormatPart::Literal(text.clone()));
        }
    }

    /// Adds a field to an f-string. `written` is what `{value=}` repeats.
    pub fn push_field(
        &mut self,
        parts: &mut Vec<FormatPart>,
        value: Expression,
        written: Option<Span>,
        conversion: Option<Identifier>,
        format: Option<Vec<FormatPart>>,
    ) {
        if let Some(written) = written {
            let text = &self.source[written.start as usize..written.end as usize];
            self.push_text(parts, &without_comments(text).into());
        }
        let conversion = match conversion {
            Some(letter) => self.conversion(letter),
            None if written.is_some() && format.is_none() => Conversion::Repr,
            None => Conversion::None,
        };
        parts.push(FormatPart::Value { value: Box::new(value), conversion, format });
    }

    fn conversion(&mut self, letter: Identifier) -> Conversion {
        if !self.source[..letter.span.start as usize].ends_with('!') {
            self.error(letter.span, "f-string: conversion type must come right after the exclamanation mark");
        }
        match letter.name.as_ref() {
            "s" => Conversion::Str,
            "r" => Conversion::Repr,
            "a" => Conversion::Ascii,
            other => {
                let message = format!("f-string: invalid conversion character '{other}': expected 's', 'r', or 'a'");
                self.error(letter.span, message);
                Conversion::None
            }
        }
    }
}

/// The text of an expression without its comments.
fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_string();
    }
    let mut kept = String::with_capacity(text.len());
    let mut quote: Option<&str> = None;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        match quote {
            Some(mark) if rest.starts_with(mark) => {
                length = mark.len();
                quote = None;
            }
            Some(_) if letter == '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(_) => {}
            None if letter == '#' => {
                rest = &rest[rest.find(['\n', '\r']).unwrap_or(rest.len())..];
                continue;
            }
            None => {
                quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| rest.starts_with(mark));
                length = quote.map_or(length, str::len);
            }
        }
        kept.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    kept
}
