//! Every script, example, golden and program of a page as a named test.
//!
//! Walks `tests/scripts`, `examples`, `tests/goldens` and `docs`; nothing is registered by hand. A script
//! states its behaviour in its first line and what it must print in comments:
//!
//! ```text
//! # expect: a line of standard output, in order; together they are the whole of it
//! # expect error: a part of standard error; the exit code is then 1 unless stated
//! # expect exit: the exit code
//! # args: words handed to the script
//! # stdin: a line of standard input
//! # not python: why CPython must not run it
//! # not yet: what asy lacks for it; it has to fail as long as this stands, so that it is not forgotten
//! ```
//!
//! Long output stands in a neighbour file `NAME.expected` instead. Where a CPython 3.13 is found
//! (`ASY_ORACLE`, or `python3.13` on the path), each script is also an `oracle::` test: CPython must
//! meet the same expectations. `ASY_BLESS=1` rewrites goldens and `.expected` files from what asy
//! prints. Folders called `fixtures` hold modules to import, not tests.
//!
//! In the README and the pages of `docs`, a block of `text` right below a block of `python` is what that
//! program prints, standard error last. A name behind the word `python` is that of its file.

mod child;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use child::{Finished, TIME_LIMIT, shorten};
use libtest_mimic::{Arguments, Failed, Trial};

/// The line between the source and what asy says about it in a golden.
const GOLDEN_RULE: &str = "\n----------------------------------------\n";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let oracle = find_oracle();
    let mut trials = Vec::new();
    for path in scripts_below(&root.join("tests/scripts")) {
        let name = test_name(&root.join("tests/scripts"), &path);
        add_script(&mut trials, "script", &name, path.clone(), path.with_extension("expected"), oracle.clone());
    }
    for path in scripts_below(&root.join("examples")) {
        let name = test_name(&root.join("examples"), &path);
        let expected = root.join("tests/examples").join(&name).with_extension("expected");
        add_script(&mut trials, "example", &name, path, expected, oracle.clone());
    }
    for kind in ["bytecode", "diagnostics"] {
        for path in scripts_below(&root.join("tests/goldens").join(kind)) {
            let name = test_name(&root.join("tests/goldens"), &path);
            trials.push(Trial::test(format!("golden::{name}"), move || check_golden(kind, &path)));
        }
    }
    for page in pages(root) {
        for program in programs_of(&page) {
            trials.push(Trial::test(format!("page::{}", program.name), move || program.check()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Adds a script as a test of asy and, unless it says `not python`, as a test of the oracle.
fn add_script(
    trials: &mut Vec<Trial>,
    group: &str,
    name: &str,
    path: PathBuf,
    expected: PathBuf,
    oracle: Option<PathBuf>,
) {
    let not_python =
        fs::read_to_string(&path).is_ok_and(|source| source.lines().any(|line| line.starts_with("# not python:")));
    if !not_python {
        let (path, expected, missing) = (path.clone(), expected.clone(), oracle.is_none());
        let trial = Trial::test(format!("oracle::{group}::{name}"), move || {
            let oracle = oracle.ok_or("no CPython 3.13: put python3.13 on the path or name it in ASY_ORACLE")?;
            let expectation = Expectation::read(&path, &expected)?;
            expectation.compare(&run_script(&mut Command::new(oracle), &path, &expectation)?)
        });
        trials.push(trial.with_ignored_flag(missing));
    }
    trials.push(Trial::test(format!("{group}::{name}"), move || {
        let bless = blessing() && (group_of_examples(&expected) || expected.exists());
        if bless && !expected.exists() {
            fs::write(&expected, "").map_err(|error| format!("{}: {error}", expected.display()))?;
        }
        let expectation = Expectation::read(&path, &expected)?;
        let mut asy = Command::new(env!("CARGO_BIN_EXE_asy"));
        let finished = run_script(asy.arg("--virtual-time"), &path, &expectation)?;
        if bless {
            fs::write(&expected, &finished.stdout).map_err(|error| format!("{}: {error}", expected.display()))?;
            return Ok(());
        }
        match (expectation.compare(&finished), &expectation.lacking) {
            (Ok(()), Some(lacking)) => Err(format!("asy can do it now: remove `# not yet: {lacking}`").into()),
            // What is lacking is said by an exception: a crash is never right.
            (Err(_), Some(_)) if matches!(finished.status.code(), Some(0 | 1)) => Ok(()),
            (Err(difference), Some(_)) => Err(difference),
            (result, None) => result,
        }
    }));
}

/// Whether the expectation belongs to an example: those always stand in a file of their own.
fn group_of_examples(expected: &Path) -> bool {
    expected.parent().is_some_and(|folder| folder.ends_with("tests/examples"))
}

/// What a script says about itself.
struct Expectation {
    stdout: String,
    errors: Vec<String>,
    exit: i32,
    arguments: Vec<String>,
    stdin: String,
    /// Why asy cannot meet the expectation yet.
    lacking: Option<String>,
}

impl Expectation {
    /// Reads the directives of the script at `path`, and `expected` if there is such a file.
    fn read(path: &Path, expected: &Path) -> Result<Expectation, Failed> {
        let source = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let first = source.lines().next().unwrap_or_default();
        if !(first.starts_with("# ") && first.ends_with('.')) {
            return Err("the first line must be a comment: a sentence that states the behaviour".into());
        }
        let (mut lines, mut errors, mut exit) = (Vec::new(), Vec::new(), None);
        let (mut arguments, mut stdin, mut lacking) = (Vec::new(), String::new(), None);
        for line in source.lines() {
            let Some((key, text)) = directive(line) else { continue };
            match key {
                "expect" => lines.push(text.to_string()),
                "expect error" => errors.push(text.to_string()),
                "expect exit" => exit = Some(text.parse().map_err(|_| format!("not an exit code: {line}"))?),
                "args" => arguments.extend(text.split_whitespace().map(str::to_string)),
                "stdin" => stdin.extend([text, "\n"]),
                "not python" => {}
                "not yet" => lacking = Some(text.to_string()),
                _ => return Err(format!("an unknown directive: {line}").into()),
            }
        }
        let stdout = match fs::read_to_string(expected) {
            Ok(_) if !lines.is_empty() => return Err("both `# expect:` lines and a file of expectations".into()),
            Ok(text) => text,
            Err(_) if group_of_examples(expected) => return Err(format!("no {}", expected.display()).into()),
            Err(_) => lines.iter().map(|line| format!("{line}\n")).collect(),
        };
        let exit = exit.unwrap_or(i32::from(!errors.is_empty()));
        Ok(Expectation { stdout, errors, exit, arguments, stdin, lacking })
    }

    /// Fails with the first difference, followed by what was printed.
    fn compare(&self, finished: &Finished) -> Result<(), Failed> {
        let mut complaints = Vec::new();
        if finished.stdout != self.stdout {
            complaints.push(first_difference(&self.stdout, &finished.stdout));
        }
        if finished.status.code() != Some(self.exit) {
            complaints.push(format!("expected exit code {}, ended with {}", self.exit, finished.status));
        }
        for error in self.errors.iter().filter(|error| !finished.stderr.contains(error.as_str())) {
            complaints.push(format!("standard error lacks: {error}"));
        }
        if complaints.is_empty() {
            return Ok(());
        }
        let (stdout, stderr) = (shorten(&finished.stdout), shorten(&finished.stderr));
        Err(format!("{}\n--- stdout\n{stdout}--- stderr\n{stderr}", complaints.join("\n")).into())
    }
}

/// Splits `# key: text`, for the keys that are directives; a misspelt `# expect...` is one, too.
fn directive(line: &str) -> Option<(&str, &str)> {
    let (key, text) = line.strip_prefix("# ")?.split_once(':')?;
    let known = key.starts_with("expect") || ["args", "stdin", "not python", "not yet"].contains(&key);
    known.then(|| (key, text.strip_prefix(' ').unwrap_or(text)))
}

/// Runs a script in its own folder, with everything that could vary pinned.
fn run_script(program: &mut Command, path: &Path, expectation: &Expectation) -> Result<Finished, Failed> {
    let command = in_folder_of(program, path).args(&expectation.arguments);
    Ok(child::run(command, &expectation.stdin, TIME_LIMIT)?)
}

/// Hands the script at `path` to `program` by its bare name, so that messages show no absolute path.
fn in_folder_of<'a>(program: &'a mut Command, path: &Path) -> &'a mut Command {
    let folder = path.parent().unwrap_or(Path::new("."));
    program
        .arg(path.file_name().unwrap_or_default())
        .current_dir(folder)
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUTF8", "1")
        .env("NO_COLOR", "1")
        .env_remove("PYTHONASYNCIODEBUG")
}

/// Compares what asy says about a source with `NAME.golden`: the source, a rule, then what it said.
fn check_golden(kind: &str, path: &Path) -> Result<(), Failed> {
    let source = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut asy = Command::new(env!("CARGO_BIN_EXE_asy"));
    let said = match kind {
        "bytecode" => {
            let finished = child::run(in_folder_of(asy.arg("dis"), path), "", TIME_LIMIT)?;
            if !finished.status.success() {
                return Err(format!("asy dis failed: {}\n{}", finished.status, finished.stderr).into());
            }
            finished.stdout
        }
        _ => child::run(in_folder_of(asy.arg("--virtual-time"), path), "", TIME_LIMIT)?.stderr,
    };
    let actual = format!("{}{GOLDEN_RULE}{said}", source.trim_end());
    let golden = path.with_extension("golden");
    if blessing() {
        return fs::write(&golden, actual).map_err(|error| format!("{}: {error}", golden.display()).into());
    }
    let expected =
        fs::read_to_string(&golden).map_err(|_| format!("no {}: ASY_BLESS=1 writes it", golden.display()))?;
    if expected == actual { Ok(()) } else { Err(first_difference(&expected, &actual).into()) }
}

/// The README and the pages of `docs`.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = vec![root.join("README.md")];
    pages.extend(fs::read_dir(root.join("docs")).into_iter().flatten().flatten().map(|entry| entry.path()));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// A program that stands on a page with what it prints.
struct PageProgram {
    /// The page and the line at which the program begins.
    name: String,
    file: String,
    source: String,
    printed: String,
}

impl PageProgram {
    /// Runs the program and compares all it says with what the page says.
    fn check(&self) -> Result<(), Failed> {
        let folder = std::env::temp_dir().join(format!("asy-page-{}-{}", std::process::id(), self.name));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let path = folder.join(&self.file);
        fs::write(&path, &self.source).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut asy = Command::new(env!("CARGO_BIN_EXE_asy"));
        let finished = child::run(in_folder_of(asy.arg("--virtual-time"), &path), "", TIME_LIMIT);
        drop(fs::remove_dir_all(&folder));
        let finished = finished?;
        let said = finished.stdout + &finished.stderr;
        if said == self.printed { Ok(()) } else { Err(first_difference(&self.printed, &said).into()) }
    }
}

/// The programs of the page at `path` below which their output stands.
fn programs_of(path: &Path) -> Vec<PageProgram> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let page = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut programs = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut above: Option<(usize, String, String)> = None;
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                above = None;
            }
            continue;
        };
        let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let block: String = block.flat_map(|line| [line, "\n"]).collect();
        above = match (language.split_once(' ').unwrap_or((language, "script.asy")), above) {
            (("python", file), _) => Some((number + 1, file.to_string(), block)),
            (("text", _), Some((line, file, source))) => {
                programs.push(PageProgram { name: format!("{page}:{line}"), file, source, printed: block });
                None
            }
            _ => None,
        };
    }
    programs
}

/// The first line in which two texts differ, with its number.
fn first_difference(expected: &str, actual: &str) -> String {
    let (mut left, mut right) = (expected.split('\n'), actual.split('\n'));
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                let show = |line: Option<&str>| line.map_or("(the end)".to_string(), |line| format!("{line:?}"));
                return format!("line {number}: expected {}, printed {}", show(left), show(right));
            }
        }
    }
    "no difference".to_string()
}

/// Whether expectations are to be rewritten instead of compared.
fn blessing() -> bool {
    std::env::var_os("ASY_BLESS").is_some_and(|value| value == "1")
}

/// A working CPython 3.13: a name on the path may be a shim for a version that is not installed.
fn find_oracle() -> Option<PathBuf> {
    let program = PathBuf::from(std::env::var_os("ASY_ORACLE").unwrap_or_else(|| "python3.13".into()));
    let finished = child::run(Command::new(&program).arg("--version"), "", Duration::from_secs(10)).ok()?;
    (finished.status.success() && finished.stdout.starts_with("Python 3.13")).then_some(program)
}

/// All `.asy` files below `folder` in the order of their names, except below folders of fixtures.
fn scripts_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut scripts = Vec::new();
    for path in paths {
        if path.is_dir() && !path.ends_with("fixtures") {
            scripts.extend(scripts_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "asy") {
            scripts.push(path);
        }
    }
    scripts
}

/// The path below `folder` without its extension, with slashes on every platform.
fn test_name(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
