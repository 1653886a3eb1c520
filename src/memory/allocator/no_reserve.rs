//! Where address space cannot be kept back.

/// Does nothing.
pub fn keep() {}

/// There is none.
pub(super) fn release_for(_: usize) -> bool {
    false
}
