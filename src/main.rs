//! The program `asy`.

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: asy::memory::allocator::Allocator = asy::memory::allocator::Allocator;

fn main() -> ExitCode {
    #[cfg(feature = "mimalloc")]
    asy::memory::allocator::keep_reserve();
    ExitCode::from(asy::cli::main(std::env::args_os().collect()))
}
