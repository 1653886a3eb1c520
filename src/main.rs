//! The program `asy`.

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // With huge pages the first small object of the allocator would take two megabytes of memory. A kernel
    // without the switch only costs that memory, so its answer does not matter.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    ExitCode::from(asy::cli::main(std::env::args_os().collect()))
}
