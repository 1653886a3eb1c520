//! A deadlock: who waits for what, and where.

use crate::modules::traceback::describe::Frame;
use crate::modules::traceback::draw::{Paint, draw_frames};
use crate::scheduler::deadlock::{DeadlockReport, Waiting};
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
    let all = if report.threads.is_empty() { "task" } else { "task and thread" };
    let mut text = format!("Deadlock: every {all} waits, and nothing can wake one\n");
    let tasks = report.tasks.iter().map(|task| ("Task", task));
    for (kind, waiting) in tasks.chain(report.threads.iter().map(|thread| ("Thread", thread))) {
        let Waiting { name, waits_for, stack } = waiting;
        let order = if stack.is_empty() { "" } else { " (most recent call last):" };
        text.push_str(&format!("{kind} '{name}' waits for {waits_for}{order}\n"));
        let frames: Vec<Frame> = stack.iter().rev().map(frame).collect();
        text.push_str(&draw_frames(&frames, paint).concat());
    }
    text.push_str(&format!("DeadlockError: {}\n", report.headline()));
    text
}
