//! `sys.stdin`, `sys.stdout` and `sys.stderr`: text streams like all others, but for the buffer of the
//! two that are written, which they share with `print`.

use super::buffered::{Buffered, Kind};
use super::file::File;
use super::newline::Newline;
use super::text::{Settings, Text};
use super::text_methods::make;
use super::{BUFFER, classes};
use crate::builtins::stream::{self, Channel};
use crate::value::{Instance, Result, Str, Value, symbols};

thread_local! {
    /// They live as long as the thread, to its very end.
    static STREAMS: &'static [Value; 3] =
        Box::leak(Box::new([Channel::Stdin, Channel::Stdout, Channel::Stderr].map(build)));
}

/// The object for a standard stream: always the same one.
fn object(channel: Channel) -> Value {
    STREAMS.with(|streams| streams[channel.descriptor() as usize].clone())
}

/// Tells the builtins where the standard streams come from.
pub fn install() {
    stream::use_maker(object);
}

fn build(channel: Channel) -> Value {
    let reads = channel == Channel::Stdin;
    let file = File::standard(channel.descriptor(), reads);
    let is_seekable = file.is_seekable().unwrap_or(false);
    let raw = Instance::with_payload(classes().file.clone(), file);
    raw.set(&symbols().name_, Value::str(channel.name()));
    let kind = if reads { Kind::Reader } else { Kind::Writer };
    let buffered = Buffered::new(kind);
    buffered.connect(Value::Instance(raw), BUFFER);
    if !reads {
        buffered.set_channel(channel);
    }
    let class = if reads { &classes().reader } else { &classes().writer };
    let buffer = Value::Instance(Instance::with_payload(class.clone(), buffered));
    let settings = Settings {
        encoding: Str::new("utf-8"),
        errors: Str::new(if channel == Channel::Stderr { "backslashreplace" } else { "strict" }),
        newline: if reads { Newline::Translated } else { Newline::Only("\n") },
        line_buffering: channel.is_line_buffered(),
        write_through: false,
    };
    let wrapper = make(&classes().text);
    if let (Some(text), Value::Instance(instance)) = (wrapper.payload::<Text>(), &wrapper) {
        // utf-8 is always known.
        let _ = text.configure(settings, reads, !reads);
        text.is_seekable.set(is_seekable);
        text.tells.set(is_seekable);
        text.buffer.set(buffer);
        text.channel.set((!reads).then_some(channel));
        instance.set(&Str::intern("mode"), Value::str(if reads { "r" } else { "w" }));
    }
    channel.set_object(&wrapper);
    wrapper
}

/// The settings of a standard stream have changed.
pub fn reconfigured(channel: Channel, text: &Text) -> Result<()> {
    let is_utf8 = text.encoder.borrow().as_ref().is_some_and(|encoder| encoder.is_plain());
    let usual_errors = if channel == Channel::Stderr { "backslashreplace" } else { "strict" };
    let (newline, sends_lines, sends_all, has_usual_errors) = text.settings(|settings| {
        let has_usual_errors = &*settings.errors == usual_errors;
        (settings.newline, settings.line_buffering, settings.write_through, has_usual_errors)
    })?;
    channel.set_line_buffered(sends_lines);
    channel.set_plain(is_utf8 && has_usual_errors && newline.written().is_none() && !sends_all);
    Ok(())
}
