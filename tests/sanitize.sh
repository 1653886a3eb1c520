#!/usr/bin/env bash
# Runs the test-suite under the address sanitizer.
#
#     tests/sanitize.sh                  all tests
#     tests/sanitize.sh --test scripts   what follows is handed to `cargo test`
#
# Needs a nightly toolchain (`rustup toolchain install nightly`). The sanitizer finds reads and
# writes outside of memory and uses after free; leaks are not looked for, since what lives for ever (types, names)
# is unreachable once a test thread has ended. Build products go to target/sanitizer, so
# ordinary builds stay as they are. `--target` keeps build scripts and macros free of the sanitizer.
#
# The stack of a sanitized debug build is several times larger than usual: ulimit raises its limit
# where that is allowed. Freed memory is kept back for 16 MiB only, so that the tests of bounded
# memory still measure the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc +nightly -vV | sed -n 's/^host: //p')
ulimit -s unlimited 2>/dev/null || ulimit -s "$(ulimit -H -s)" 2>/dev/null || true

export CARGO_TARGET_DIR=target/sanitizer
export RUSTFLAGS="-Zsanitizer=address ${RUSTFLAGS:-}"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0:detect_stack_use_after_return=0:quarantine_size_mb=16:allocator_may_return_null=1}"
exec cargo +nightly test --workspace --no-default-features --features asy/sanitizer --target "$host" "$@"
