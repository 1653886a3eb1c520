//! Diagnostics of a source, drawn with ariadne.

use ariadne::{Color, Config, IndexType, Label, Report, ReportKind};
use asy_grammar::{Diagnostic, LineIndex, Severity};

use crate::bytecode::code::Source;
use crate::modules::traceback::draw::Paint;

/// A place for ariadne: the file and the bytes.
type Place<'a> = (&'a str, std::ops::Range<usize>);

/// All diagnostics, one after the other. The last line is that of the first error, as Python says it.
pub fn draw(source: &Source, diagnostics: &[Diagnostic], paint: Paint) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&draw_one(source, diagnostic, paint));
    }
    if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        let line = LineIndex::new(&source.text).line(first.span().start);
        text.push_str(&format!("  File \"{}\", line {line}\n", source.name));
        text.push_str(&format!("{}: {}\n", first.code, first.message));
    }
    text
}

fn draw_one(source: &Source, diagnostic: &Diagnostic, paint: Paint) -> String {
    let colour = match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    // The headline is the line Python prints last.
    let kind = ReportKind::Custom(diagnostic.code, colour);
    let place = |span: asy_grammar::ast::Span| -> Place {
        let end = (span.end as usize).min(source.text.len());
        (&source.name, (span.start as usize).min(end)..end)
    };
    let config = Config::default().with_index_type(IndexType::Byte).with_color(paint == Paint::Colour);
    let mut report =
        Report::build(kind, place(diagnostic.span())).with_config(config).with_message(&diagnostic.message);
    for note in &diagnostic.notes {
        report.add_note(note);
    }
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let is_main = index == 0;
        let message = if is_main && label.message.is_empty() { &diagnostic.message } else { &label.message };
        let mut drawn = Label::new(place(label.span)).with_color(if is_main { colour } else { Color::Cyan });
        if !message.is_empty() {
            drawn = drawn.with_message(message);
        }
        report = report.with_label(drawn);
    }
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help);
    }
    let mut drawn = Vec::new();
    match report.finish().write((&*source.name, ariadne::Source::from(&source.text)), &mut drawn) {
        Ok(()) if paint == Paint::Plain => without_colours(&String::from_utf8_lossy(&drawn)),
        Ok(()) => String::from_utf8_lossy(&drawn).into_owned(),
        // Writing to memory does not fail; the last line still says what is wrong.
        Err(_) => String::new(),
    }
}

/// The text without escape sequences: ariadne paints a headline of one's own in any case.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut plain = pieces.next().unwrap_or("").to_string();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
    }
    plain
}
