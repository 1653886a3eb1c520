//! Random bytes from the operating system.

use std::hash::{BuildHasher, RandomState};

#[cfg(unix)]
use crate::value::Raised;
use crate::value::Result;

#[cfg(unix)]
thread_local! {
    static SOURCE: std::cell::RefCell<Option<std::fs::File>> = const { std::cell::RefCell::new(None) };
}

/// Fills a buffer.
#[cfg(unix)]
pub fn fill(buffer: &mut [u8]) -> Result<()> {
    use std::io::Read;
    SOURCE.with_borrow_mut(|source| {
        let file = match source {
            Some(file) => file,
            None => source.insert(std::fs::File::open("/dev/urandom").map_err(|error| no_entropy(&error))?),
        };
        file.read_exact(buffer).map_err(|error| no_entropy(&error))
    })
}

#[cfg(unix)]
fn no_entropy(error: &std::io::Error) -> Raised {
    Raised::not_implemented_error(format!("the system gives no random bytes: {error}"))
}

/// Fills a buffer from the random keys that the standard library has for its hash maps.
#[cfg(not(unix))]
pub fn fill(buffer: &mut [u8]) -> Result<()> {
    for (index, chunk) in buffer.chunks_mut(8).enumerate() {
        let bytes = RandomState::new().hash_one(index).to_le_bytes();
        chunk.copy_from_slice(&bytes[..chunk.len()]);
    }
    Ok(())
}

/// Some 32-bit numbers to seed a generator with; weaker ones when the system gives none.
pub fn seed() -> Vec<u32> {
    let mut bytes = [0; 64];
    if fill(&mut bytes).is_err() {
        for (index, chunk) in bytes.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&RandomState::new().hash_one(index).to_le_bytes());
        }
    }
    bytes.as_chunks::<4>().0.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect()
}
