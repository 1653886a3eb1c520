//! The source lines of a frame, with the part that was running marked below.
//!
//! What is marked is the span of the instruction. When that is an operator, a subscript or a call, the
//! operator, the brackets or the arguments stand out: `~` under the rest, `^` under these. A mark that
//! would only underline the whole line is left out. All as CPython 3.13 does it.

use asy_grammar::ast::{ExpressionKind, Span, Statement, StatementKind};
use unicode_width::UnicodeWidthChar;

use super::describe::Frame;
use crate::vm::flow::on_deep_stack;

/// What stands out inside a span: offsets from the beginning of the span.
struct Anchors {
    start: usize,
    end: usize,
}

/// A line to show, and the marks below it.
pub struct Marked {
    pub text: String,
    pub marks: Option<String>,
}

/// The lines to show for a frame, without indent; nothing when the source has no such line.
pub fn excerpt(frame: &Frame) -> Vec<Marked> {
    let text = &*frame.source.text;
    let (start, end) = (frame.span.start as usize, frame.span.end as usize);
    let is_place = start < end && text.get(start..end).is_some();
    let Some(first) = (if is_place { Some(line_start(text, start)) } else { start_of_line(text, frame.line) }) else {
        return Vec::new();
    };
    if !is_place {
        let line = text[first..].lines().next().unwrap_or("").trim();
        return if line.is_empty() { Vec::new() } else { vec![Marked { text: line.to_string(), marks: None }] };
    }
    let last = end + text[end..].find(['\n', '\r']).unwrap_or(text.len() - end);
    // Offsets from here on count from `first`.
    let lines = split_lines(&text[first..last]);
    let span = (start - first, end - first);
    let anchors = on_deep_stack(|| find_anchors(&text[start..end]))
        .map(|found| Anchors { start: span.0 + found.start, end: span.0 + found.end });
    let shows_marks = shows_marks(&text[first..last], span, anchors.is_some());
    let mark = |line: &Line| {
        let marks = shows_marks.then(|| marks(line, span, anchors.as_ref()));
        Marked { text: line.text.trim_end().to_string(), marks }
    };
    dedent(
        choose(&lines, anchors.as_ref())
            .into_iter()
            .map(|choice| match choice {
                Choice::Show(index) => mark(&lines[index]),
                Choice::Skip(count) => Marked { text: format!("...<{count} lines>..."), marks: None },
            })
            .collect(),
    )
}

/// A line and where it begins.
struct Line<'a> {
    start: usize,
    text: &'a str,
}

fn split_lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive('\n') {
        lines.push(Line { start, text: piece.trim_end_matches(['\n', '\r']) });
        start += piece.len();
    }
    lines
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

fn start_of_line(text: &str, line: u32) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].find('\n')? + 1;
    }
    Some(start)
}

enum Choice {
    Show(usize),
    /// So many lines are left out.
    Skip(usize),
}

/// The first line, the last, and those around what stands out; a single line between is shown too.
fn choose(lines: &[Line], anchors: Option<&Anchors>) -> Vec<Choice> {
    let last = lines.len().saturating_sub(1);
    let mut wanted = vec![0, last];
    if let Some(anchors) = anchors {
        for offset in [anchors.start, anchors.end] {
            let line = lines.iter().rposition(|line| line.start <= offset).unwrap_or(0);
            wanted.extend(line.saturating_sub(1)..=(line + 1).min(last));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut choices = Vec::new();
    let mut previous = None;
    for line in wanted {
        match previous.map(|previous| line - previous) {
            Some(2) => choices.push(Choice::Show(line - 1)),
            Some(distance) if distance > 2 => choices.push(Choice::Skip(distance - 1)),
            _ => {}
        }
        choices.push(Choice::Show(line));
        previous = Some(line);
    }
    choices
}

/// The marks below a line.
fn marks(line: &Line, span: (usize, usize), anchors: Option<&Anchors>) -> String {
    let indent = line.text.len() - line.text.trim_start().len();
    let mut marks = String::new();
    for (index, character) in line.text.char_indices() {
        let offset = line.start + index;
        if offset >= span.1 {
            break;
        }
        let mark = match anchors {
            _ if index < indent || offset < span.0 => ' ',
            Some(anchors) if !(anchors.start..anchors.end).contains(&offset) => '~',
            _ => '^',
        };
        for _ in 0..character.width().unwrap_or(0) {
            marks.push(mark);
        }
    }
    marks
}

/// Takes away the indent that all lines share.
fn dedent(mut lines: Vec<Marked>) -> Vec<Marked> {
    let indent = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let shared =
        lines.iter().filter(|line| !line.text.trim().is_empty()).map(|line| indent(&line.text)).min().unwrap_or(0);
    for line in &mut lines {
        let cut = shared.min(indent(&line.text));
        line.text.drain(..cut);
        if let Some(marks) = &mut line.marks {
            let cut = shared.min(indent(marks));
            marks.drain(..cut);
        }
    }
    lines
}

/// Whether marks say more than the line does.
fn shows_marks(lines: &str, span: (usize, usize), has_anchors: bool) -> bool {
    if on_deep_stack(|| is_plain_call(lines, span)) {
        return false;
    }
    has_anchors || !lines[..span.0].trim_start().is_empty() || !lines[span.1..].trim_end().is_empty()
}

/// Whether the lines are `return name(...)` or `target = call(...)` and the span is the whole call.
fn is_plain_call(lines: &str, span: (usize, usize)) -> bool {
    let indent = lines.len() - lines.trim_start().len();
    let Ok(module) = asy_grammar::parse(&lines[indent..]) else { return false };
    let [Statement { kind, .. }] = &module.body[..] else { return false };
    let call = match kind {
        StatementKind::Return(Some(value)) => match &value.kind {
            ExpressionKind::Call { function, .. } if matches!(function.kind, ExpressionKind::Name(_)) => value,
            _ => return false,
        },
        StatementKind::Assign { value, .. } if matches!(value.kind, ExpressionKind::Call { .. }) => value,
        _ => return false,
    };
    (call.span.start as usize + indent, call.span.end as usize + indent) == span
}

/// What stands out in an expression.
fn find_anchors(segment: &str) -> Option<Anchors> {
    // In brackets, so that it may go over several lines.
    let wrapped = format!("({segment})");
    let expression = asy_grammar::parse_expression(&wrapped).ok()?;
    let after = |span: Span| span.end as usize;
    let (start, end) = match &expression.kind {
        ExpressionKind::Binary { left, .. } => {
            let start = skip_to(&wrapped, after(left.span), |character| !matches!(character, ')' | '\\'))?;
            let operator = wrapped[start..].chars().take(2).collect::<Vec<_>>();
            let first = operator.first()?.len_utf8();
            let second = operator.get(1).filter(|character| matches!(character, '*' | '/' | '<' | '>'));
            (start, start + first + second.map_or(0, |character| character.len_utf8()))
        }
        ExpressionKind::Subscript { object, .. } => {
            (skip_to(&wrapped, after(object.span), |character| character == '[')?, after(expression.span))
        }
        ExpressionKind::Call { function, .. } => {
            (skip_to(&wrapped, after(function.span), |character| character == '(')?, after(expression.span))
        }
        _ => return None,
    };
    let end = end.min(wrapped.len() - 1);
    Some(Anchors { start: start.checked_sub(1)?, end: end.checked_sub(1)? })
}

/// The first offset whose character is wanted, spaces and comments passed over.
fn skip_to(text: &str, from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut in_comment = false;
    for (index, character) in text.get(from..)?.char_indices() {
        match character {
            '\n' => in_comment = false,
            '#' => in_comment = true,
            _ if in_comment || character.is_whitespace() => {}
            _ if wanted(character) => return Some(from + index),
            _ => {}
        }
    }
    None
}
