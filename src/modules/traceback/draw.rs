//! A described exception as text, in the form Python programmers know.
//!
//! The text comes in pieces that each end with a newline: the headline, one piece for each frame, the
//! last lines. Groups are drawn as a tree.

use super::describe::{Described, Frame, Link, SyntaxPlace};
use super::excerpt::excerpt;

/// Whether escape sequences for colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Colour,
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.to_string(),
            Paint::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    fn place(self, text: &str) -> String {
        self.wrap("35", text)
    }

    fn marks(self, text: &str) -> String {
        self.wrap("1;31", text)
    }
}

/// Equal frames in a row up to which each is shown.
const REPEATS_SHOWN: usize = 3;
/// Members of a group that are shown.
const GROUP_WIDTH: usize = 15;
/// Groups within groups that are shown.
const GROUP_DEPTH: usize = 10;

/// A chain of exceptions.
pub fn draw_chain(chain: &[Described], paint: Paint) -> Vec<String> {
    let mut drawing = Drawing { paint, depth: 0, needs_close: false, pieces: Vec::new() };
    drawing.chain(chain);
    drawing.pieces
}

/// The last lines of an exception: class and message, notes.
pub fn draw_last_lines(exception: &Described, paint: Paint) -> Vec<String> {
    let mut pieces = Vec::new();
    if let Some(place) = &exception.place {
        pieces.extend(draw_syntax_place(place, paint));
    }
    pieces.push(match &*exception.message {
        "" if exception.place.is_none() => format!("{}\n", exception.class),
        "" => format!("{}: <no detail available>\n", exception.class),
        message => format!("{}: {message}\n", exception.class),
    });
    for note in &exception.notes {
        pieces.extend(note.split('\n').map(|line| format!("{line}\n")));
    }
    pieces
}

/// The frames, outermost first, with repetitions cut short.
pub fn draw_frames(frames: &[Frame], paint: Paint) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = frames;
    while let Some(frame) = rest.first() {
        let is_same = |other: &&Frame| (&other.file, other.line, &other.name) == (&frame.file, frame.line, &frame.name);
        let count = rest.iter().take_while(is_same).count();
        let piece = draw_frame(frame, paint);
        pieces.extend(std::iter::repeat_n(piece, count.min(REPEATS_SHOWN)));
        if let Some(more @ 1..) = count.checked_sub(REPEATS_SHOWN) {
            let plural = if more == 1 { "" } else { "s" };
            pieces.push(format!("  [Previous line repeated {more} more time{plural}]\n"));
        }
        rest = &rest[count..];
    }
    pieces
}

fn draw_frame(frame: &Frame, paint: Paint) -> String {
    let mut text = format!(
        "  File {}, line {}, in {}\n",
        paint.place(&format!("\"{}\"", frame.file)),
        paint.place(&frame.line.to_string()),
        paint.place(&frame.name)
    );
    for line in excerpt(frame) {
        text.push_str(&format!("    {}\n", line.text));
        if let Some(marks) = line.marks {
            text.push_str(&format!("    {}\n", paint.marks(&marks)));
        }
    }
    text
}

fn draw_syntax_place(place: &SyntaxPlace, paint: Paint) -> Vec<String> {
    let file = paint.place(&format!("\"{}\"", place.file));
    let mut pieces = vec![format!("  File {file}, line {}\n", paint.place(&place.line.to_string()))];
    let Some(text) = &place.text else { return pieces };
    let line = text.trim_end_matches(['\n', '\r']);
    let shown = line.trim_start_matches([' ', '\n', '\x0c', '\t']);
    if shown.is_empty() {
        return pieces;
    }
    let cut = line.chars().count() - shown.chars().count();
    pieces.push(format!("    {shown}\n"));
    let Some(column) = place.column.and_then(|column| usize::try_from(column).ok()).filter(|column| *column > 0) else {
        return pieces;
    };
    let end = match place.end_column.and_then(|end| usize::try_from(end).ok()) {
        _ if place.end_line.is_some_and(|end| end != place.line) => line.chars().count() + 1,
        Some(end) if end > column => end.min(line.chars().count() + 1).max(column + 1),
        _ => column + 1,
    };
    let Some(start) = (column - 1).checked_sub(cut) else { return pieces };
    let spaces: String =
        shown.chars().chain(std::iter::repeat(' ')).take(start).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let marks = "^".repeat(end.saturating_sub(column).max(1));
    pieces.push(format!("    {spaces}{}\n", paint.marks(&marks)));
    pieces
}

struct Drawing {
    paint: Paint,
    /// How deep in groups.
    depth: usize,
    /// Whether the box of the innermost group is still open.
    needs_close: bool,
    pieces: Vec<String>,
}

impl Drawing {
    fn chain(&mut self, chain: &[Described]) {
        for exception in chain {
            match exception.link {
                Some(Link::Cause) => {
                    self.emit("\nThe above exception was the direct cause of the following exception:\n\n");
                }
                Some(Link::Context) => {
                    self.emit("\nDuring handling of the above exception, another exception occurred:\n\n");
                }
                None => {}
            }
            match &exception.members {
                Some(members) => self.group(exception, members),
                None => self.single(exception),
            }
        }
    }

    fn single(&mut self, exception: &Described) {
        if !exception.frames.is_empty() {
            self.emit("Traceback (most recent call last):\n");
            self.emit_all(draw_frames(&exception.frames, self.paint));
        }
        self.emit_all(draw_last_lines(exception, self.paint));
    }

    fn group(&mut self, exception: &Described, members: &[Vec<Described>]) {
        if self.depth > GROUP_DEPTH {
            self.emit(&format!("... (max_group_depth is {GROUP_DEPTH})\n"));
            return;
        }
        let is_outermost = self.depth == 0;
        if is_outermost {
            self.depth = 1;
        }
        if !exception.frames.is_empty() {
            let margin = if is_outermost { '+' } else { '|' };
            self.emit_with_margin("Exception Group Traceback (most recent call last):\n", margin);
            self.emit_all(draw_frames(&exception.frames, self.paint));
        }
        self.emit_all(draw_last_lines(exception, self.paint));
        let shown = members.len().min(GROUP_WIDTH + 1);
        self.needs_close = false;
        for (index, member) in members.iter().take(shown).enumerate() {
            if index + 1 == shown {
                self.needs_close = true;
            }
            let is_cut = index >= GROUP_WIDTH;
            let title = if is_cut { "...".to_string() } else { (index + 1).to_string() };
            let indent = self.indent();
            let corner = if index == 0 { "+-" } else { "  " };
            self.pieces.push(format!("{indent}{corner}+---------------- {title} ----------------\n"));
            self.depth += 1;
            if is_cut {
                let more = members.len() - GROUP_WIDTH;
                let plural = if more == 1 { "" } else { "s" };
                self.emit(&format!("and {more} more exception{plural}\n"));
            } else {
                self.chain(member);
            }
            if index + 1 == shown && self.needs_close {
                let indent = self.indent();
                self.pieces.push(format!("{indent}+------------------------------------\n"));
                self.needs_close = false;
            }
            self.depth -= 1;
        }
        if is_outermost {
            self.depth = 0;
        }
    }

    fn indent(&self) -> String {
        " ".repeat(2 * self.depth)
    }

    fn emit(&mut self, text: &str) {
        self.emit_with_margin(text, '|');
    }

    fn emit_all(&mut self, pieces: Vec<String>) {
        for piece in pieces {
            self.emit(&piece);
        }
    }

    fn emit_with_margin(&mut self, text: &str, margin: char) {
        if self.depth == 0 {
            self.pieces.push(text.to_string());
            return;
        }
        let indent = self.indent();
        let lines = text.split_inclusive('\n').map(|line| format!("{indent}{margin} {line}"));
        self.pieces.push(lines.collect());
    }
}
