//! The shape of the project as a test: layers, names, sizes, where `unsafe` may stand.
//!
//! Reads the sources as text and knows nothing of their meaning. A rule that fails names the file,
//! the line and the rule. Style inside a file is left to rustfmt and clippy.

use std::fs;
use std::path::{Path, PathBuf};

/// The layer of every module directly below `src/`: a file imports its own layer or a lower one.
const LAYERS: &[(&str, u32)] = &[
    ("bytecode", 1),
    ("memory", 1),
    ("compiler", 2),
    ("value", 2),
    ("vm", 3),
    ("builtins", 4),
    ("scheduler", 5),
    ("modules", 6),
    ("interpreter", 7),
    ("report", 8),
    ("cli", 9),
    ("main", 10),
];

/// Imports that go upward all the same, as `(from, to, why)`.
const UPWARD: &[(&str, &str, &str)] = &[
    ("value", "vm", "the signature of a native function names the Vm it is called with"),
    ("vm", "builtins", "instructions that build containers share the merging of dicts and sets with the methods"),
];

/// Crates that only one place may know, as `(crate, module)`.
const OWNERS: &[(&str, &str)] = &[("ariadne", "report"), ("clap", "cli")];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "other", "extra"];

/// Files with such a name all the same, since programs import them by it.
const GIVEN_NAMES: &[&str] = &["stdlib/importlib/util.asy"];

/// Modules in which `unsafe` may stand.
const UNSAFE_ALLOWED: &[&str] = &["memory", "vm"];

/// The most lines a source file may have.
const MOST_LINES: usize = 800;

/// Files that may have more, as `(file, why)`.
const LONG_FILES: &[(&str, &str)] =
    &[("src/vm/dispatch.rs", "one loop with an arm for every instruction: its parts would have no names of their own")];

#[test]
fn modules_import_only_downward() {
    let mut complaints = Vec::new();
    for file in Source::all_below("src") {
        let Some(module) = file.module() else { continue };
        let Some(own) = layer(&module) else {
            complaints.push(format!("{}: module `{module}` has no row in LAYERS", file.name));
            continue;
        };
        for (number, name) in crate_names(&file.code()) {
            let is_known = UPWARD.iter().any(|(from, to, _)| *from == module && *to == name);
            if let Some(other) = layer(name).filter(|other| *other > own && !is_known) {
                complaints
                    .push(format!("{}:{number}: `{module}` (layer {own}) imports `{name}` (layer {other})", file.name));
            }
        }
    }
    report("a module imports only its own layer or a lower one", &complaints);
}

#[test]
fn some_crates_are_known_in_one_place() {
    let mut complaints = Vec::new();
    for file in Source::all_below("src") {
        let Some(module) = file.module() else { continue };
        for (number, line) in file.code_lines() {
            for (name, owner) in OWNERS {
                if module != *owner && mentions(line, &format!("{name}::")) {
                    complaints.push(format!("{}:{number}: only `{owner}` knows {name}", file.name));
                }
            }
        }
    }
    report("a crate with an owner is used only there", &complaints);
}

#[test]
fn the_grammar_knows_nothing_of_the_interpreter() {
    let mut complaints = Vec::new();
    for file in Source::all_below("grammar") {
        for (number, line) in file.code_lines().filter(|(_, line)| mentions(line, "asy::")) {
            complaints.push(format!("{}:{number}: {line}", file.name));
        }
    }
    report("the grammar is a crate of its own", &complaints);
}

#[test]
fn names_of_files_say_what_is_in_them() {
    let mut complaints = Vec::new();
    for path in files_below(".", &|_| true) {
        if GIVEN_NAMES.iter().any(|given| path == Path::new(given)) {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folders = path.parent().into_iter().flat_map(Path::iter).map(|part| part.to_string_lossy().into_owned());
        if folders.chain([stem]).any(|name| EMPTY_NAMES.contains(&name.as_str())) {
            complaints.push(path.display().to_string());
        }
    }
    report("a name says what is in a file", &complaints);
}

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    for folder in ["src", "grammar", "stdlib"] {
        let is_source = |path: &Path| has_extension(path, &["rs", "lalrpop", "py", "asy"]);
        for path in files_below(folder, &is_source) {
            if LONG_FILES.iter().any(|(name, _)| path == Path::new(name)) {
                continue;
            }
            let text = read(&path);
            if text.lines().count() > MOST_LINES && !text.lines().take(5).any(|line| line.contains("@generated")) {
                complaints.push(format!("{}: {} lines", path.display(), text.lines().count()));
            }
        }
    }
    report("a file has at most 800 lines", &complaints);
}

#[test]
fn unsafe_stands_only_in_memory_and_vm() {
    let mut complaints = Vec::new();
    for file in Source::all_below("src").into_iter().chain(Source::all_below("grammar")) {
        let allowed = file.name.starts_with("src/")
            && file.module().is_some_and(|module| UNSAFE_ALLOWED.contains(&module.as_str()));
        if allowed {
            continue;
        }
        for (number, line) in file.code_lines() {
            let opens = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "unsafe extern"];
            if opens.iter().any(|open| mentions(line, open)) {
                complaints.push(format!("{}:{number}: {line}", file.name));
            }
        }
    }
    report("`unsafe` stands only in src/memory and src/vm", &complaints);
}

#[test]
fn source_files_open_with_their_role() {
    let sources = Source::all_below("src").into_iter().chain(Source::all_below("grammar"));
    let complaints: Vec<String> = sources.filter(|file| !file.text.starts_with("//!")).map(|file| file.name).collect();
    report("a source file opens with a `//!` paragraph", &complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut complaints = Vec::new();
    for file in Source::all_below("src").into_iter().chain(Source::all_below("grammar")) {
        for (number, line) in file.code_lines() {
            if ["todo!(", "unimplemented!(", "dbg!("].iter().any(|left| mentions(line, left)) {
                complaints.push(format!("{}:{number}: {line}", file.name));
            }
        }
    }
    report("no unfinished code", &complaints);
}

/// A path of the machine at hand in a text would be wrong everywhere else.
#[test]
fn no_text_names_a_path_of_this_machine() {
    let checkout = root();
    let mut paths = Vec::new();
    if checkout.components().count() > 2 {
        paths.push(checkout.display().to_string());
    }
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.components().count() > 1) {
        paths.push(format!("{}/", home.display()));
    }
    let mut complaints = Vec::new();
    let is_text = |path: &Path| {
        has_extension(path, &["rs", "lalrpop", "asy", "py", "md", "toml", "sh", "yml", "expected", "golden"])
    };
    for path in files_below(".", &is_text) {
        let text = read(&path);
        for found in paths.iter().filter(|found| mentions(&text, found)) {
            complaints.push(format!("{}: {found}", path.display()));
        }
    }
    report("no text names a path of this machine", &complaints);
}

/// A Rust source, its name relative to the checkout.
struct Source {
    name: String,
    text: String,
}

impl Source {
    /// The hand-written Rust sources below `folder`, which is relative to the checkout.
    fn all_below(folder: &str) -> Vec<Source> {
        files_below(folder, &|path| has_extension(path, &["rs"]))
            .into_iter()
            .map(|path| Source { name: path.display().to_string(), text: read(&path) })
            .collect()
    }

    /// The module directly below `src/` that the file belongs to; `None` for the crate root itself.
    fn module(&self) -> Option<String> {
        let below = self.name.split_once('/')?.1;
        let first = below.split('/').next()?.trim_end_matches(".rs");
        (first != "lib").then(|| first.to_string())
    }

    /// The text with its comment lines emptied, so that line numbers stay.
    fn code(&self) -> String {
        let keep =
            |line: &str| if line.trim_start().starts_with("//") { "\n".to_string() } else { format!("{line}\n") };
        self.text.lines().map(keep).collect()
    }

    /// The lines that are not comments, numbered from 1.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines.filter(|(_, line)| !line.starts_with("//"))
    }
}

fn layer(module: &str) -> Option<u32> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The modules that a text names as `crate::NAME` or `crate::{NAME, ...}`, with their lines.
fn crate_names(code: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        let line = code[..position].matches('\n').count() + 1;
        let rest = &code[position + "crate::".len()..];
        let named = match rest.strip_prefix('{') {
            Some(group) => names_in_group(group),
            None => leading_name(rest).into_iter().collect(),
        };
        names.extend(named.into_iter().map(|name| (line, name)));
    }
    names
}

/// The first name of every member of a group; deeper groups belong to a member already seen.
fn names_in_group(group: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.extend(leading_name(&group[start..position]));
                return names;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(leading_name(&group[start..position]));
                start = position + 1;
            }
            _ => {}
        }
    }
    names.extend(leading_name(&group[start..]));
    names
}

fn leading_name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.find(|character: char| !is_word(character)).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// Whether `part` occurs in `text` and does not continue a word to its left.
fn mentions(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(position, _)| !text[..position].ends_with(is_word))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension))
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `folder` that `wanted` accepts, relative to the checkout, without build products.
fn files_below(folder: &str, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let root = root();
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", ".git", "__pycache__"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if wanted(&path) {
                found.push(path.strip_prefix(&root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    found.sort();
    found
}

fn report(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}
