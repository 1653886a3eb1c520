//! Running a child process under a time limit.
//!
//! Owns the start, the feeding of standard input, the collecting of both outputs and the end of one
//! process. A process that outlives its limit is killed and is an error, so no test can hang. What
//! the outputs have to be is left to the tests.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest time one script may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What a process left behind. Bytes that are not UTF-8 are shown as replacement characters.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `command` to its end with `input` as its standard input.
///
/// Errors: the program cannot be started, or it was still running after `limit`.
pub fn run(command: &mut Command, input: &str, limit: Duration) -> Result<Finished, String> {
    let mut child = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    if let Some(mut pipe) = child.stdin.take() {
        let input = input.as_bytes().to_vec();
        // A program may end without reading its input: a closed pipe is no failure here.
        thread::spawn(move || drop(pipe.write_all(&input)));
    }
    finish(child, limit)
}

/// Starts `command` with its standard error collected; the other streams are as the caller set them.
pub fn start(command: &mut Command) -> Result<Child, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stderr(Stdio::piped()).spawn().map_err(|error| format!("cannot start {program}: {error}"))
}

/// Waits for the end of `child` and collects those of its outputs that are pipes.
///
/// Errors: it was still running after `limit`; it has been killed then.
pub fn finish(mut child: Child, limit: Duration) -> Result<Finished, String> {
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let Some(status) = wait(&mut child, limit)? else {
        child.kill().and_then(|()| child.wait()).map_err(|error| format!("cannot kill: {error}"))?;
        let heard = |output: &Receiver<String>| output.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        return Err(format!(
            "still running after {limit:?}, killed\n--- stdout\n{}--- stderr\n{}",
            shorten(&heard(&stdout)),
            shorten(&heard(&stderr))
        ));
    };
    let text = |output: Receiver<String>| output.recv().map_err(|_| "an output could not be read".to_string());
    Ok(Finished { status, stdout: text(stdout)?, stderr: text(stderr)? })
}

/// The first 4,000 characters of `text`: enough to see what went wrong, short enough for a report.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(4000) {
        Some((end, _)) => format!("{}\n... ({} bytes in all)\n", &text[..end], text.len()),
        None => text.to_string(),
    }
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe never blocks the child.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a read error is still worth comparing.
            drop(pipe.read_to_end(&mut bytes));
        }
        drop(sender.send(String::from_utf8_lossy(&bytes).into_owned()));
    });
    receiver
}

/// The exit status, or `None` when `limit` has passed.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, String> {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait().map_err(|error| format!("cannot wait: {error}"))? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
