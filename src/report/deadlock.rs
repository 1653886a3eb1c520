//! A deadlock: who waits for what, and where.

use crate::modules::traceback::describe::Frame;
use crate::modules::traceback::draw::{Paint, draw_frames};
use crate::scheduler::DeadlockReport;
use crate::scheduler::place::Place;

/// A frame of the traceback, from a place in the source.
pub fn frame(place: &Place) -> Frame {
    Frame {
        file: place.source.name.clone(),
        line: place.position.line,
        name: place.function.clone(),
        source: place.source.clone(),
        span: place.position.span,
    }
}

/// Each waiting task with its frames, outermost first, and what it waits for.
pub fn draw(report: &DeadlockReport, paint: Paint) -> String {
    let mut text = String::from("Deadlock: every task waits, and nothing can wake one\n");
    for task in &report.tasks {
        let order = if task.stack.is_empty() { "" } else { " (most recent call last):" };
        text.push_str(&format!("Task '{}' waits for {}{order}\n", task.name, task.waits_for));
        let frames: Vec<Frame> = task.stack.iter().rev().map(frame).collect();
        text.push_str(&draw_frames(&frames, paint).concat());
    }
    let count = report.tasks.len();
    let tasks = if count == 1 { "1 task waits".to_string() } else { format!("{count} tasks wait") };
    let them = if count == 1 { "it" } else { "them" };
    text.push_str(&format!("DeadlockError: deadlock: {tasks} and nothing can wake {them}\n"));
    text
}
