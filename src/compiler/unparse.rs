//! The text of an expression, as annotations keep it under `from __future__ import annotations`.
//!
//! The text is the canonical one: it does not remember how the source was laid out.

use asy_grammar::ast::{
    Arguments, BinaryOperator, BooleanOperator, CompareOperator, ComprehensionClause, Constant, Conversion, Expression,
    ExpressionKind, FormatPart, Parameter, Parameters, UnaryOperator,
};

/// How tightly an expression binds; a looser one inside a tighter place needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Named,
    Yield,
    Test,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Product,
    Factor,
    Power,
    Await,
    Atom,
}

/// The text of an expression.
pub fn unparse(expression: &Expression) -> String {
    text(expression, Level::Test)
}

/// The text, in parentheses when it binds more loosely than the place asks for.
fn text(expression: &Expression, place: Level) -> String {
    let (own, text) = with_level(expression);
    if own < place { format!("({text})") } else { text }
}

fn list(items: &[Expression]) -> String {
    items.iter().map(|item| text(item, Level::Test)).collect::<Vec<_>>().join(", ")
}

fn with_level(expression: &Expression) -> (Level, String) {
    match &expression.kind {
        ExpressionKind::Constant(constant) => (Level::Atom, constant_text(constant)),
        ExpressionKind::Name(name) => (Level::Atom, name.to_string()),
        ExpressionKind::Boolean { operator, operands } => {
            let (level, next, word) = match operator {
                BooleanOperator::And => (Level::And, Level::Not, " and "),
                BooleanOperator::Or => (Level::Or, Level::And, " or "),
            };
            (level, operands.iter().map(|operand| text(operand, next)).collect::<Vec<_>>().join(word))
        }
        ExpressionKind::Named { target, value } => {
            (Level::Named, format!("{} := {}", target.name, text(value, Level::Test)))
        }
        ExpressionKind::Binary { left, operator, right } => {
            let (level, sign) = binary(*operator);
            let (left_level, right_level) = match operator {
                BinaryOperator::Power => (Level::Await, Level::Factor),
                _ => (level, next_level(level)),
            };
            (level, format!("{} {sign} {}", text(left, left_level), text(right, right_level)))
        }
        ExpressionKind::Unary { operator, operand } => match operator {
            UnaryOperator::Not => (Level::Not, format!("not {}", text(operand, Level::Not))),
            UnaryOperator::Minus => (Level::Factor, format!("-{}", text(operand, Level::Factor))),
            UnaryOperator::Plus => (Level::Factor, format!("+{}", text(operand, Level::Factor))),
            UnaryOperator::Invert => (Level::Factor, format!("~{}", text(operand, Level::Factor))),
        },
        ExpressionKind::Lambda { parameters, body } => {
            let parameters = parameters_text(parameters);
            let gap = if parameters.is_empty() { "" } else { " " };
            (Level::Test, format!("lambda{gap}{parameters}: {}", text(body, Level::Test)))
        }
        ExpressionKind::Conditional { test, body, or_else } => {
            let (test, body) = (text(test, Level::Or), text(body, Level::Or));
            (Level::Test, format!("{body} if {test} else {}", text(or_else, Level::Test)))
        }
        ExpressionKind::Dict(items) => {
            let item = |(key, value): &(Option<Expression>, Expression)| match key {
                Some(key) => format!("{}: {}", text(key, Level::Test), text(value, Level::Test)),
                None => format!("**{}", text(value, Level::BitOr)),
            };
            (Level::Atom, format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(", ")))
        }
        ExpressionKind::Set(items) => (Level::Atom, format!("{{{}}}", list(items))),
        ExpressionKind::List(items) => (Level::Atom, format!("[{}]", list(items))),
        ExpressionKind::Tuple(items) => match &items[..] {
            [item] => (Level::Atom, format!("({},)", text(item, Level::Test))),
            items => (Level::Atom, format!("({})", list(items))),
        },
        ExpressionKind::ListComprehension(inner) => {
            (Level::Atom, format!("[{}{}]", text(&inner.element, Level::Test), clauses(&inner.clauses)))
        }
        ExpressionKind::SetComprehension(inner) => {
            (Level::Atom, format!("{{{}{}}}", text(&inner.element, Level::Test), clauses(&inner.clauses)))
        }
        ExpressionKind::DictComprehension { key, value, clauses: inner } => {
            let (key, value) = (text(key, Level::Test), text(value, Level::Test));
            (Level::Atom, format!("{{{key}: {value}{}}}", clauses(inner)))
        }
        ExpressionKind::Generator(inner) => {
            (Level::Atom, format!("({}{})", text(&inner.element, Level::Test), clauses(&inner.clauses)))
        }
        ExpressionKind::Await(operand) => (Level::Await, format!("await {}", text(operand, Level::Atom))),
        ExpressionKind::Yield(None) => (Level::Yield, "yield".into()),
        ExpressionKind::Yield(Some(value)) => (Level::Yield, format!("yield {}", text(value, Level::Test))),
        ExpressionKind::YieldFrom(value) => (Level::Yield, format!("yield from {}", text(value, Level::Test))),
        ExpressionKind::Compare { left, comparisons } => {
            let mut out = text(left, Level::BitOr);
            for (operator, right) in comparisons {
                out.push_str(&format!(" {} {}", comparison(*operator), text(right, Level::BitOr)));
            }
            (Level::Compare, out)
        }
        ExpressionKind::Call { function, arguments } => {
            (Level::Atom, format!("{}({})", text(function, Level::Atom), arguments_text(arguments)))
        }
        ExpressionKind::Format(parts) => (Level::Atom, format!("f{}", quoted(&format_text(parts)))),
        ExpressionKind::Attribute { object, name } => {
            let is_int = matches!(object.kind, ExpressionKind::Constant(Constant::Int(_) | Constant::BigInt(_)));
            let gap = if is_int { " " } else { "" };
            (Level::Atom, format!("{}{gap}.{}", text(object, Level::Atom), name.name))
        }
        ExpressionKind::Subscript { object, index } => {
            let index = match &index.kind {
                ExpressionKind::Tuple(items) if items.len() > 1 => list(items),
                _ => text(index, Level::Test),
            };
            (Level::Atom, format!("{}[{index}]", text(object, Level::Atom)))
        }
        ExpressionKind::Starred(operand) => (Level::Test, format!("*{}", text(operand, Level::BitOr))),
        ExpressionKind::Slice { lower, upper, step } => {
            let part =
                |part: &Option<Box<Expression>>| part.as_ref().map(|part| text(part, Level::Test)).unwrap_or_default();
            let step = step.as_ref().map(|step| format!(":{}", text(step, Level::Test))).unwrap_or_default();
            (Level::Test, format!("{}:{}{step}", part(lower), part(upper)))
        }
    }
}

fn next_level(level: Level) -> Level {
    match level {
        Level::BitOr => Level::BitXor,
        Level::BitXor => Level::BitAnd,
        Level::BitAnd => Level::Shift,
        Level::Shift => Level::Sum,
        Level::Sum => Level::Product,
        _ => Level::Factor,
    }
}

fn binary(operator: BinaryOperator) -> (Level, &'static str) {
    match operator {
        BinaryOperator::Add => (Level::Sum, "+"),
        BinaryOperator::Subtract => (Level::Sum, "-"),
        BinaryOperator::Multiply => (Level::Product, "*"),
        BinaryOperator::MatrixMultiply => (Level::Product, "@"),
        BinaryOperator::Divide => (Level::Product, "/"),
        BinaryOperator::Modulo => (Level::Product, "%"),
        BinaryOperator::FloorDivide => (Level::Product, "//"),
        BinaryOperator::Power => (Level::Power, "**"),
        BinaryOperator::ShiftLeft => (Level::Shift, "<<"),
        BinaryOperator::ShiftRight => (Level::Shift, ">>"),
        BinaryOperator::BitOr => (Level::BitOr, "|"),
        BinaryOperator::BitXor => (Level::BitXor, "^"),
        BinaryOperator::BitAnd => (Level::BitAnd, "&"),
    }
}

fn comparison(operator: CompareOperator) -> &'static str {
    match operator {
        CompareOperator::Equal => "==",
        CompareOperator::NotEqual => "!=",
        CompareOperator::Less => "<",
        CompareOperator::LessEqual => "<=",
        CompareOperator::Greater => ">",
        CompareOperator::GreaterEqual => ">=",
        CompareOperator::Is => "is",
        CompareOperator::IsNot => "is not",
        CompareOperator::In => "in",
        CompareOperator::NotIn => "not in",
    }
}

fn clauses(clauses: &[ComprehensionClause]) -> String {
    let mut out = String::new();
    for clause in clauses {
        let word = if clause.is_async { " async for " } else { " for " };
        let target = match &clause.target.kind {
            ExpressionKind::Tuple(items) if items.len() > 1 => list(items),
            _ => text(&clause.target, Level::Test),
        };
        out.push_str(&format!("{word}{target} in {}", text(&clause.iterable, Level::Or)));
        for condition in &clause.conditions {
            out.push_str(&format!(" if {}", text(condition, Level::Or)));
        }
    }
    out
}

fn arguments_text(arguments: &Arguments) -> String {
    let keywords = arguments.keywords.iter().map(|keyword| match &keyword.name {
        Some(name) => format!("{}={}", name.name, text(&keyword.value, Level::Test)),
        None => format!("**{}", text(&keyword.value, Level::Test)),
    });
    let positional = arguments.positional.iter().map(|argument| text(argument, Level::Test));
    positional.chain(keywords).collect::<Vec<_>>().join(", ")
}

fn parameters_text(parameters: &Parameters) -> String {
    let one = |parameter: &Parameter| match &parameter.default {
        Some(default) => format!("{}={}", parameter.name.name, text(default, Level::Test)),
        None => parameter.name.name.to_string(),
    };
    let mut out: Vec<String> = parameters.positional_only.iter().map(one).collect();
    if !out.is_empty() {
        out.push("/".into());
    }
    out.extend(parameters.positional.iter().map(one));
    match &parameters.star {
        Some(star) => out.push(format!("*{}", star.name.name)),
        None if !parameters.keyword_only.is_empty() => out.push("*".into()),
        None => {}
    }
    out.extend(parameters.keyword_only.iter().map(one));
    out.extend(parameters.double_star.iter().map(|parameter| format!("**{}", parameter.name.name)));
    out.join(", ")
}

fn format_text(parts: &[FormatPart]) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            FormatPart::Literal(literal) => out.push_str(&literal.replace('{', "{{").replace('}', "}}")),
            FormatPart::Value { value, conversion, format } => {
                let inner = text(value, Level::Or);
                let gap = if inner.starts_with('{') { " " } else { "" };
                out.push_str(&format!("{{{gap}{inner}"));
                out.push_str(match conversion {
                    Conversion::None => "",
                    Conversion::Str => "!s",
                    Conversion::Repr => "!r",
                    Conversion::Ascii => "!a",
                });
                if let Some(format) = format {
                    out.push(':');
                    out.push_str(&format_text(format));
                }
                out.push('}');
            }
        }
    }
    out
}

fn constant_text(constant: &Constant) -> String {
    match constant {
        Constant::None => "None".into(),
        Constant::True => "True".into(),
        Constant::False => "False".into(),
        Constant::Ellipsis => "...".into(),
        Constant::Int(value) => value.to_string(),
        Constant::BigInt(digits) => digits.to_string(),
        Constant::Float(value) => float_text(*value),
        Constant::Imaginary(value) => format!("{}j", float_text(*value).trim_end_matches(".0")),
        Constant::Str(text) => quoted(text),
        Constant::Bytes(bytes) => {
            let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
            let body: String = bytes.iter().map(|&byte| byte_text(byte, quote)).collect();
            format!("b{quote}{body}{quote}")
        }
    }
}

/// A float as source; infinity is what too large a number gives.
fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return "1e309".into();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

fn byte_text(byte: u8, quote: char) -> String {
    match byte {
        b'\\' => "\\\\".into(),
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\t' => "\\t".into(),
        byte if byte as char == quote => format!("\\{quote}"),
        b' '..=b'~' => (byte as char).to_string(),
        byte => format!("\\x{byte:02x}"),
    }
}

/// A string as `repr` shows it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            character if character.is_control() => match character as u32 {
                code @ ..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code => out.push_str(&format!("\\u{code:04x}")),
            },
            character => out.push(character),
        }
    }
    out.push(quote);
    out
}
