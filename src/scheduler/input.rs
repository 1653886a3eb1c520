//! Waiting for something to read: while a flow waits for a descriptor, the others go on.

use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::flows::{self, Cause};
use crate::memory::outside;
use crate::value::Result;
use crate::vm::Vm;

/// To be called before reading: waits until that would not block. Without other flows nothing is done, since
/// the read itself can wait.
pub fn wait(vm: &mut Vm, descriptor: i32) -> Result<()> {
    if !flows::are_many() || !blocks(descriptor) {
        return Ok(());
    }
    while ready(&[descriptor], Duration::ZERO).is_empty() {
        flows::suspend(vm, Cause::Input(descriptor), None)?;
    }
    Ok(())
}

/// Whether reading waits when there is nothing: not when the script has asked for an error instead.
fn blocks(descriptor: i32) -> bool {
    let flags = outside::descriptor(descriptor).map(rustix::fs::fcntl_getfl);
    matches!(flags, Some(Ok(flags)) if !flags.contains(rustix::fs::OFlags::NONBLOCK))
}

/// Those of the descriptors that can be read, or cannot even be asked; waits for one at most this long.
pub(super) fn ready(descriptors: &[i32], limit: Duration) -> Vec<i32> {
    let known: Vec<_> = descriptors.iter().filter_map(|number| outside::descriptor(*number)).collect();
    if known.len() < descriptors.len() {
        return descriptors.to_vec();
    }
    let mut watched: Vec<PollFd> = known.iter().map(|known| PollFd::new(*known, PollFlags::POLLIN)).collect();
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    match poll(&mut watched, limit) {
        Ok(_) => {}
        // A signal: whoever asks looks at it.
        Err(nix::errno::Errno::EINTR) => return Vec::new(),
        // Reading will say what is wrong.
        Err(_) => return descriptors.to_vec(),
    }
    let is_ready = |watched: &PollFd| watched.revents().is_none_or(|events| !events.is_empty());
    let both = descriptors.iter().zip(&watched);
    both.filter(|(_, watched)| is_ready(watched)).map(|(number, _)| *number).collect()
}
