//! What must not bring the interpreter down.
//!
//! Deep structures, endless recursion, garbage in cycles, signals, outputs that fail and sources that
//! are no sources: each ends in order, with a result or a clear error, never with a Rust panic, a
//! native stack overflow or a hang. What a script computes is left to the scripts.

#![cfg(unix)]

mod child;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use child::{Finished, TIME_LIMIT, shorten};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How many reference cycles the memory test makes: a debug build is an order of magnitude slower.
const CYCLES: usize = if cfg!(debug_assertions) { 500_000 } else { 10_000_000 };

#[test]
fn a_deeply_nested_list_is_dropped() {
    let source = "nest = []\nfor _ in range(1_000_000):\n    nest = [nest]\ndel nest\nprint('dropped')\n";
    assert_prints(&run_source("nested_list", source), "dropped\n");
}

#[test]
fn a_deeply_nested_tuple_dict_and_instance_are_dropped() {
    let source = "\
class Link:
    def __init__(self, next):
        self.next = next

for wrap in (lambda inner: (inner,), lambda inner: {1: inner}, Link):
    nest = None
    for _ in range(300_000):
        nest = wrap(nest)
    nest = None
print('dropped')
";
    assert_prints(&run_source("nested_kinds", source), "dropped\n");
}

#[test]
fn a_deeply_nested_list_is_not_printed() {
    let source = "\
nest = []
for _ in range(100_000):
    nest = [nest]
try:
    repr(nest)
except RecursionError:
    print('too deep')
";
    assert_prints(&run_source("nested_repr", source), "too deep\n");
}

#[test]
fn a_deeply_nested_list_is_not_compared() {
    let source = "\
left, right = [], []
for _ in range(100_000):
    left, right = [left], [right]
try:
    print(left == right)
except RecursionError:
    print('too deep')
";
    assert_prints(&run_source("nested_compare", source), "too deep\n");
}

#[test]
fn endless_recursion_is_an_exception() {
    let source = "\
def descend(depth):
    if depth == 10_000_000:
        return depth
    return descend(depth + 1)

try:
    descend(0)
except RecursionError as error:
    print(error)
";
    assert_prints(&run_source("recursion", source), "maximum recursion depth exceeded\n");
}

#[test]
fn endless_recursion_through_native_calls_is_an_exception() {
    let source = "\
class Loop:
    def __repr__(self):
        return repr([self])

    def __eq__(self, other):
        return [self] == [other]

    def __getattr__(self, name):
        return getattr(self, name + '_')

    def __lt__(self, other):
        return sorted([other, self])

def key(item):
    return max([item], key=key)

for action in (lambda: repr(Loop()), lambda: Loop() == Loop(), lambda: Loop().name, lambda: Loop() < Loop(),
               lambda: key(1)):
    try:
        action()
    except RecursionError:
        print('RecursionError')
";
    assert_prints(&run_source("native_recursion", source), &"RecursionError\n".repeat(5));
}

#[test]
fn a_raised_recursion_limit_allows_deep_recursion() {
    let source = "\
import sys

sys.setrecursionlimit(200_000)

def depth(left):
    return 0 if left == 0 else 1 + depth(left - 1)

print(depth(100_000))
";
    assert_prints(&run_source("recursion_limit", source), "100000\n");
}

#[test]
fn a_long_chain_of_awaits_is_walked() {
    let source = "\
import asyncio, sys

sys.setrecursionlimit(50_000)

async def chain(left):
    if left:
        return 1 + await chain(left - 1)
    await asyncio.sleep(0)
    return 0

print(asyncio.run(chain(10_000)))
";
    assert_prints(&run_source("await_chain", source), "10000\n");
}

#[test]
#[cfg(all(feature = "mimalloc", target_os = "linux"))]
fn an_exhausted_memory_is_an_exception() {
    let source = "\
import itertools

def many_lists():
    kept = []
    while True:
        kept.append([str(len(kept))])

def a_large_dict():
    kept = {}
    for number in itertools.count():
        kept[number] = (number, str(number))

def a_large_set():
    kept = set()
    for number in itertools.count():
        kept.add(str(number))

def in_native_code():
    return list(map(str, itertools.count()))

for use_up in (many_lists, a_large_dict, a_large_set, in_native_code):
    try:
        use_up()
    except MemoryError:
        print(use_up.__name__)
";
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 400000 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_asy")]);
    command.arg(write("exhausted_memory", source.as_bytes())).env("NO_COLOR", "1");
    let finished = child::run(&mut command, "", TIME_LIMIT).expect("it ends by itself");
    assert_prints(&finished, "many_lists\na_large_dict\na_large_set\nin_native_code\n");
}

#[test]
fn reference_cycles_are_collected() {
    let source = format!(
        "\
import resource

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def make(count):
    for _ in range(count):
        cycle = []
        cycle.append(cycle)

make(100_000)
before = peak()
make({CYCLES})
grown = peak() - before
print('bounded' if grown < 64 * 1024 else f'grew by {{grown}} KiB')
"
    );
    assert_prints(&run_source("cycles", &source), "bounded\n");
}

#[test]
fn cycles_through_instances_closures_and_tasks_are_collected() {
    let source = format!(
        "\
import asyncio, resource

class Node:
    pass

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def keep(box):
    box['task'] = asyncio.current_task()

async def make(count):
    for _ in range(count):
        node = Node()
        node.me = node
        closure = lambda: closure
        box = {{}}
        await asyncio.create_task(keep(box))

asyncio.run(make(5_000))
before = peak()
asyncio.run(make({}))
grown = peak() - before
print('bounded' if grown < 64 * 1024 else f'grew by {{grown}} KiB')
",
        CYCLES / 20
    );
    assert_prints(&run_source("cycle_kinds", &source), "bounded\n");
}

#[test]
fn an_interrupt_ends_a_busy_loop() {
    let source = "print('ready', flush=True)\nwhile True:\n    pass\n";
    assert_interrupted(&interrupt("busy_loop", source));
}

#[test]
fn an_interrupt_ends_builtin_functions_that_never_end() {
    for (name, call) in [
        ("sum", "sum(range(10 ** 15))"),
        ("max", "max(itertools.count())"),
        ("contains", "'x' in itertools.count()"),
        ("deque", "collections.deque(map(abs, itertools.repeat(-1)), maxlen=1)"),
        ("filter", "next(filter(None, itertools.repeat(0)))"),
    ] {
        let source = format!("import collections, itertools\nprint('ready', flush=True)\n{call}\n");
        assert_interrupted(&interrupt(&format!("endless_{name}"), &source));
    }
}

#[test]
fn an_interrupt_ends_a_busy_recursion() {
    let source = "\
print('ready', flush=True)

def burn(depth):
    if depth:
        burn(depth - 1)
        burn(depth - 1)

burn(200)
";
    assert_interrupted(&interrupt("busy_recursion", source));
}

#[test]
fn an_interrupt_ends_a_blocking_sleep() {
    let source = "import time\nprint('ready', flush=True)\ntime.sleep(100)\n";
    assert_interrupted(&interrupt("time_sleep", source));
}

#[test]
fn an_interrupt_ends_a_sleeping_task() {
    let source = "\
import asyncio

async def main():
    print('ready', flush=True)
    try:
        await asyncio.sleep(100)
    finally:
        print('cleaned up')

asyncio.run(main())
";
    let finished = interrupt("task_sleep", source);
    assert_interrupted(&finished);
    assert_eq!(finished.stdout, "cleaned up\n", "{}", describe(&finished));
}

#[test]
fn an_interrupt_can_be_caught() {
    let source = "\
print('ready', flush=True)
try:
    while True:
        pass
except KeyboardInterrupt:
    print('caught')
";
    assert_prints(&interrupt("caught_interrupt", source), "caught\n");
}

#[test]
fn output_to_a_closed_pipe_ends_quietly() {
    let mut command = asy_with_source("closed_pipe", "for number in range(1_000_000):\n    print(number)\n");
    let mut running = child::start(command.stdin(Stdio::null()).stdout(Stdio::piped())).expect("asy starts");
    let mut first = String::new();
    let mut output = BufReader::new(running.stdout.take().expect("stdout is a pipe"));
    output.read_line(&mut first).expect("a first line");
    drop(output);
    let finished = child::finish(running, TIME_LIMIT).expect("asy ends");
    assert_eq!(first, "0\n");
    assert_eq!(finished.stderr, "", "{}", describe(&finished));
}

#[test]
#[cfg(target_os = "linux")]
fn output_to_a_full_device_is_an_error() {
    let mut command = asy_with_source("full_device", "print('lost')\n");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let running = child::start(command.stdin(Stdio::null()).stdout(full)).expect("asy starts");
    let finished = child::finish(running, TIME_LIMIT).expect("asy ends");
    assert!(matches!(finished.status.code(), Some(1 | 120)), "{}", describe(&finished));
    assert!(finished.stderr.contains("No space left on device"), "{}", describe(&finished));
}

#[test]
fn a_source_that_is_not_utf8_is_an_error() {
    let finished = run_bytes("not_utf8", b"print('before')\nname = '\xff\xfe'\n");
    assert_fails_with(&finished, "SyntaxError");
    assert_eq!(finished.stdout, "");
}

#[test]
fn ten_thousand_nested_brackets_end_in_order() {
    for (name, open, close) in [("parentheses", "(", ")"), ("lists", "[", "]"), ("dicts", "{1:", "}")] {
        let source = format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
        assert_orderly(&run_source(&format!("nested_{name}"), &source));
    }
}

#[test]
fn ten_thousand_open_brackets_end_in_order() {
    for (name, open) in [("parenthesis", "("), ("list", "["), ("dict", "{"), ("call", "f("), ("index", "x[")] {
        assert_fails_with(&run_source(&format!("open_{name}"), &open.repeat(10_000)), "SyntaxError");
    }
}

#[test]
fn long_chains_of_operators_end_in_order() {
    let chains = [
        ("sum", format!("print({}1)\n", "1+".repeat(100_000))),
        ("power", format!("print({}1)\n", "1**".repeat(20_000))),
        ("not", format!("print({}1)\n", "not ".repeat(20_000))),
        ("minus", format!("print({}1)\n", "-".repeat(20_000))),
        ("attribute", format!("x{}\n", ".real".repeat(50_000))),
        ("condition", format!("print({}1)\n", "1 if 0 else ".repeat(20_000))),
        ("lambda", format!("x = {}1\n", "lambda: ".repeat(20_000))),
        ("elif", format!("if 0: pass\n{}", "elif 0: pass\n".repeat(20_000))),
    ];
    for (name, source) in chains {
        assert_orderly(&run_source(&format!("chain_{name}"), &source));
    }
}

#[test]
fn deep_indentation_ends_in_order() {
    let mut source = String::new();
    for depth in 0..2_000 {
        source.push_str(&" ".repeat(depth));
        source.push_str("if 1:\n");
    }
    source.push_str(&" ".repeat(2_000));
    source.push_str("print('deep')\n");
    assert_orderly(&run_source("indentation", &source));
}

#[test]
fn a_line_of_ten_megabytes_is_read() {
    let source = format!("text = '{}'\nprint(len(text))\n", "a".repeat(10_000_000));
    assert_prints(&run_source("long_line", &source), "10000000\n");
}

#[test]
fn a_long_list_on_one_line_is_read() {
    let source = format!("items = [{}]\nprint(len(items))\n", "1, ".repeat(200_000));
    assert_prints(&run_source("long_list", &source), "200000\n");
}

#[test]
fn a_source_with_a_nul_byte_is_an_error() {
    let finished = run_bytes("nul_byte", b"print('before')\nprint('a\0b')\n");
    assert_fails_with(&finished, "SyntaxError");
}

#[test]
fn an_empty_source_runs() {
    assert_prints(&run_source("empty", ""), "");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_prints(&run_bytes("byte_order_mark", b"\xef\xbb\xbfprint('read')\n"), "read\n");
}

#[test]
fn windows_line_ends_are_read() {
    assert_prints(&run_source("line_ends", "if True:\r\n    print('read')\r\n"), "read\n");
}

#[test]
fn a_truncated_source_ends_in_order() {
    let source = "\
import asyncio

class Box[T]:
    '''A box.'''
    items: list[int] = [1, 2.5e3, 0x_ff]

    async def each(self, *args, key=None, **rest):
        async with self as box, box:
            async for item in box:
                yield f\"{item!r:>{len(args)}} {'nested'}\"

match [1, {'a': b'bytes'}]:
    case [int() as first, {'a': value, **rest}] if first > 0:
        print(first, value, lambda x, /, *, y: x if y else ~x, end='')
    case _:
        pass
try:
    raise ValueError(\"\"\"long
text\"\"\") from None
except* (ValueError, OSError) as group:
    del group
finally:
    x = [y for z in range(10) if z % 2 for y in (z, z**2)]
";
    for end in (0..source.len()).step_by(9).filter(|end| source.is_char_boundary(*end)) {
        assert_orderly(&run_source("truncated", &source[..end]));
    }
}

#[test]
fn a_missing_file_is_a_failed_start() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asy"));
    let finished = child::run(command.arg("no_such_script.asy"), "", TIME_LIMIT).expect("asy ends");
    assert_eq!(finished.status.code(), Some(2), "{}", describe(&finished));
    assert!(finished.stderr.contains("no_such_script.asy"), "{}", describe(&finished));
}

#[test]
fn a_folder_without_a_main_script_is_an_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asy"));
    let finished = child::run(command.arg(env!("CARGO_TARGET_TMPDIR")), "", TIME_LIMIT).expect("asy ends");
    assert!(matches!(finished.status.code(), Some(1 | 2)), "{}", describe(&finished));
    assert!(!finished.stderr.contains("panicked"), "{}", describe(&finished));
}

#[test]
fn an_unreadable_file_is_a_failed_start() {
    let path = write("unreadable", b"print('read')\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions can be set");
    // The superuser reads everything: there is nothing to see then.
    let readable = fs::read(&path).is_ok();
    let finished = child::run(Command::new(env!("CARGO_BIN_EXE_asy")).arg(&path), "", TIME_LIMIT).expect("asy ends");
    fs::remove_file(&path).expect("the file can be removed");
    if !readable {
        assert_eq!(finished.status.code(), Some(2), "{}", describe(&finished));
    }
}

#[test]
fn a_closed_standard_input_is_an_exception_for_who_reads() {
    let source = "print('starting', flush=True)\ntry:\n    input()\nexcept (RuntimeError, EOFError, OSError) as error:\n    print('nothing to read')\n";
    let path = write("closed_stdin", source.as_bytes());
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$1\" <&-", env!("CARGO_BIN_EXE_asy")]).arg(path);
    let finished = child::run(&mut shell, "", TIME_LIMIT).expect("asy ends");
    assert_prints(&finished, "starting\nnothing to read\n");
}

#[test]
fn an_error_after_output_keeps_the_output() {
    let finished = run_source("output_then_error", "print('kept')\nraise ValueError('late')\n");
    assert_fails_with(&finished, "ValueError: late");
    assert_eq!(finished.stdout, "kept\n");
}

/// Writes a script into the folder for test files; `name` is the test's own.
fn write(name: &str, source: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.asy"));
    fs::write(&path, source).expect("a script can be written");
    path
}

fn asy_with_source(name: &str, source: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asy"));
    command.arg(write(name, source.as_bytes())).env("NO_COLOR", "1");
    command
}

fn run_source(name: &str, source: &str) -> Finished {
    run_bytes(name, source.as_bytes())
}

fn run_bytes(name: &str, source: &[u8]) -> Finished {
    let path = write(name, source);
    let mut command = Command::new(env!("CARGO_BIN_EXE_asy"));
    match child::run(command.arg(path).env("NO_COLOR", "1"), "", TIME_LIMIT) {
        Ok(finished) => finished,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Starts a script, waits for its line `ready`, lets it go on for a moment and sends it Ctrl-C.
fn interrupt(name: &str, source: &str) -> Finished {
    let mut command = asy_with_source(name, source);
    let mut running = child::start(command.stdin(Stdio::null()).stdout(Stdio::piped())).expect("asy starts");
    let mut output = BufReader::new(running.stdout.take().expect("stdout is a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a first line");
    assert_eq!(line, "ready\n");
    std::thread::sleep(Duration::from_millis(200));
    let process = i32::try_from(running.id()).expect("a process number");
    kill(Pid::from_raw(process), Signal::SIGINT).expect("the signal is sent");
    let mut finished = child::finish(running, Duration::from_secs(10)).expect("an interrupt ends the script");
    for line in output.lines() {
        finished.stdout.push_str(&line.expect("text"));
        finished.stdout.push('\n');
    }
    finished
}

#[track_caller]
fn assert_prints(finished: &Finished, stdout: &str) {
    assert!(finished.status.success() && finished.stdout == stdout, "{}", describe(finished));
}

/// Ended with exit code 1 and said why.
#[track_caller]
fn assert_fails_with(finished: &Finished, message: &str) {
    assert_orderly(finished);
    assert_eq!(finished.status.code(), Some(1), "{}", describe(finished));
    assert!(finished.stderr.contains(message), "{}", describe(finished));
}

/// Ended by itself, with a result or with an error of the language.
#[track_caller]
fn assert_orderly(finished: &Finished) {
    let ended = matches!(finished.status.code(), Some(0 | 1));
    let said_why = finished.status.success() || finished.stderr.contains("Error");
    assert!(ended && said_why && !finished.stderr.contains("panicked"), "{}", describe(finished));
}

#[track_caller]
fn assert_interrupted(finished: &Finished) {
    assert_eq!(finished.status.code(), Some(130), "{}", describe(finished));
    assert!(finished.stderr.contains("KeyboardInterrupt"), "{}", describe(finished));
}

fn describe(finished: &Finished) -> String {
    let signal = finished.status.signal().map_or(String::new(), |signal| format!(", signal {signal}"));
    let (stdout, stderr) = (shorten(&finished.stdout), shorten(&finished.stderr));
    format!("{}{signal}\n--- stdout\n{stdout}--- stderr\n{stderr}", finished.status)
}
