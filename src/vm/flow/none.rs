//! Where there is one native stack only, there are no flows but the main one.

use std::io;

use super::{Progress, Vm};

/// There is no way back, since nobody goes away.
pub struct WayBack;

impl WayBack {
    pub const NONE: WayBack = WayBack;

    pub fn is_none(&self) -> bool {
        true
    }
}

/// Never made.
pub enum Native {}

impl Native {
    pub fn new(_: usize, _: impl FnOnce(&mut Vm) + 'static) -> io::Result<Native> {
        Err(io::Error::other("threads are not supported on this platform"))
    }

    pub fn lowest(&self) -> usize {
        match *self {}
    }

    pub fn resume(&mut self, _: &mut Vm) -> Progress {
        match *self {}
    }
}

pub fn suspend(_: &mut Vm) {}

pub fn on_deep_stack<T>(run: impl FnOnce() -> T) -> T {
    run()
}
