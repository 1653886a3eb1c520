//! Source files: read, compiled, and what is wrong with them as a SyntaxError of the script.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use asy_grammar::{CheckOptions, Diagnostic, Findings, LineIndex};

use super::warnings;
use crate::builtins::{codec, os_errors};
use crate::bytecode::Code;
use crate::bytecode::code::Source;
use crate::compiler::{CompileOptions, compile_module};
use crate::value::{CodeObject, Gc, Raised, Str, Value, symbols, types};
use crate::vm::Vm;
use crate::vm::flow::on_deep_stack;

/// Whether the top level of a module may await.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopLevelAwait {
    Yes,
    No,
}

/// Why a file could not be read.
pub enum ReadFailure {
    /// The system refused.
    System(std::io::Error, String),
    /// It is no UTF-8: the first bad byte, its 1-based line and the file.
    Encoding { byte: u8, line: usize, name: String },
    /// It names an encoding that is not known, or that it is not in.
    Unknown { encoding: String, name: String },
}

impl ReadFailure {
    /// The exception a script gets when it imports the file.
    pub fn raised(&self) -> Raised {
        match self {
            ReadFailure::System(error, name) => os_errors::from_io_error(error, Some(Value::str(name))),
            ReadFailure::Encoding { name, line, .. } => {
                let raised = Raised::syntax_error(self.message());
                set_place(&raised, name, *line as i64, Value::None, Value::None, None);
                raised
            }
            ReadFailure::Unknown { name, .. } => {
                let raised = Raised::syntax_error(self.message());
                set_place(&raised, name, 0, Value::None, Value::None, None);
                raised
            }
        }
    }

    /// The file, as messages call it.
    pub fn name(&self) -> &str {
        match self {
            ReadFailure::System(_, name) | ReadFailure::Encoding { name, .. } | ReadFailure::Unknown { name, .. } => {
                name
            }
        }
    }

    /// What is wrong, in words.
    pub fn message(&self) -> String {
        match self {
            ReadFailure::System(error, _) => system_message(error),
            ReadFailure::Unknown { encoding, .. } => format!("encoding problem: {encoding}"),
            ReadFailure::Encoding { byte, line, name } => format!(
                "Non-UTF-8 code starting with '\\x{byte:02x}' in file {name} on line {line}, but no encoding declared; \
                 see https://peps.python.org/pep-0263/ for details"
            ),
        }
    }
}

/// The message of the system, without the number that Rust adds to it.
pub fn system_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((message, _)) => message.to_string(),
        None => text,
    }
}

/// Reads a source file; `name` is how messages call it. A byte order mark is skipped.
pub fn read(vm: &mut Vm, path: &Path, name: &str) -> Result<Rc<Source>, ReadFailure> {
    let bytes = fs::read(path).map_err(|error| ReadFailure::System(error, name.to_string()))?;
    decode(vm, bytes, name)
}

/// The encoding that a comment in the first two lines names, other than UTF-8 (PEP 263).
fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    let first = lines.next()?;
    let is_blank = |line: &[u8]| {
        let text = line.trim_ascii_start();
        text.is_empty() || text[0] == b'#'
    };
    let encoding = encoding_in(first).or_else(|| if is_blank(first) { encoding_in(lines.next()?) } else { None })?;
    let normal = encoding.to_ascii_lowercase().replace('_', "-");
    (normal != "utf-8" && !normal.starts_with("utf-8-")).then_some(encoding)
}

/// `coding: NAME` in a line that is a comment.
fn encoding_in(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii_start();
    let comment = if line.first() == Some(&b'#') { line } else { return None };
    let at = comment.windows(7).position(|word| &word[..6] == b"coding" && matches!(word[6], b':' | b'='))?;
    let rest = comment[at + 7..].trim_ascii_start();
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count();
    std::str::from_utf8(&rest[..length]).ok().filter(|name| !name.is_empty())
}

/// The text of a source that a script gives as bytes.
pub fn decode_text(vm: &mut Vm, bytes: Vec<u8>) -> crate::value::Result<String> {
    let encoding = declared_encoding(&bytes);
    let encoding = encoding.unwrap_or("utf-8-sig").to_string();
    match codec::decode(vm, &bytes, &encoding, "strict") {
        Ok(text) => Ok(text.to_string()),
        Err(raised) if raised.is_a(&types().lookup_error) => {
            Err(Raised::syntax_error(format!("unknown encoding: {encoding}")))
        }
        Err(raised) if raised.is_a(&types().unicode_decode_error) => {
            let message = vm.str(&Value::Exception(raised.0))?;
            Err(Raised::syntax_error(format!("(unicode error) {message}")))
        }
        Err(raised) => Err(raised),
    }
}

/// The text of a source file that has been read.
pub fn decode(vm: &mut Vm, bytes: Vec<u8>, name: &str) -> Result<Rc<Source>, ReadFailure> {
    if let Some(encoding) = declared_encoding(&bytes) {
        let encoding = encoding.to_string();
        let text = codec::decode(vm, &bytes, &encoding, "strict")
            .map_err(|_| ReadFailure::Unknown { encoding, name: name.to_string() })?;
        return Ok(Rc::new(Source { name: name.to_string(), text: text.to_string() }));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let bad = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        ReadFailure::Encoding {
            byte: bytes.get(bad).copied().unwrap_or(0),
            line: bytes[..bad].iter().filter(|byte| **byte == b'\n').count() + 1,
            name: name.to_string(),
        }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(Rc::new(Source { name: name.to_string(), text }))
}

/// From text to code that can be run as a module; and what there is to warn of.
pub fn compile(
    source: &Rc<Source>,
    top_level_await: TopLevelAwait,
) -> Result<(Gc<CodeObject>, Vec<Diagnostic>), Vec<Diagnostic>> {
    compile_plain(source, top_level_await).map(|(code, warnings)| (CodeObject::link(&code), warnings))
}

/// As `compile`, without making values of the constants.
pub fn compile_plain(
    source: &Rc<Source>,
    top_level_await: TopLevelAwait,
) -> Result<(Rc<Code>, Vec<Diagnostic>), Vec<Diagnostic>> {
    on_deep_stack(|| {
        let tree = asy_grammar::parse(&source.text)?;
        let top_level_await = top_level_await == TopLevelAwait::Yes;
        let findings = asy_grammar::check(&tree, CheckOptions { top_level_await });
        if !findings.errors.is_empty() {
            return Err(findings.errors);
        }
        let options = CompileOptions { top_level_await, ..CompileOptions::default() };
        Ok((compile_module(&tree, source, options)?, all_warnings(source, findings)))
    })
}

/// What there is to warn of in a source that can be compiled.
pub fn all_warnings(source: &Rc<Source>, findings: Findings) -> Vec<Diagnostic> {
    let mut warnings = asy_grammar::literal_warnings(&source.text);
    warnings.extend(findings.warnings);
    warnings
}

/// Issues the warnings of a source. One that a filter makes an exception becomes a SyntaxError.
pub fn issue_warnings(vm: &mut Vm, source: &Rc<Source>, found: &[Diagnostic]) -> crate::value::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let (index, file) = (LineIndex::new(&source.text), Str::new(&source.name));
    for diagnostic in found {
        let line = index.line_column(&source.text, diagnostic.span().start).0;
        let text = source.text.lines().nth(line as usize - 1).unwrap_or("").trim();
        let warning = &types().syntax_warning;
        if let Err(raised) = warnings::warn_at(vm, warning, &diagnostic.message, &file, line, text, None) {
            let is_warning = raised.is_a(warning);
            return Err(if is_warning { syntax_error(source, std::slice::from_ref(diagnostic)) } else { raised });
        }
    }
    Ok(())
}

/// The exception for the first diagnostic.
pub fn syntax_error(source: &Rc<Source>, diagnostics: &[Diagnostic]) -> Raised {
    let Some(diagnostic) = diagnostics.first() else { return Raised::syntax_error("invalid syntax") };
    let class = match diagnostic.code {
        "IndentationError" => &types().indentation_error,
        "TabError" => &types().tab_error,
        _ => &types().syntax_error,
    };
    let index = LineIndex::new(&source.text);
    let span = diagnostic.span();
    let start = index.line_column(&source.text, span.start);
    let end = index.line_column(&source.text, span.end);
    let text = source.text.lines().nth(start.0 as usize - 1).unwrap_or("");
    let raised = Raised::new(class, vec![Value::str(&diagnostic.message)]);
    let text = Value::str(&format!("{text}\n"));
    set_place(&raised, &source.name, start.0.into(), Value::Int(start.1.into()), text, Some(end));
    raised
}

fn set_place(raised: &Raised, file: &str, line: i64, offset: Value, text: Value, end: Option<(u32, u32)>) {
    let exception = &raised.0;
    let message = exception.first_argument().unwrap_or(Value::None);
    let end_line = end.map_or(Value::None, |end| Value::Int(end.0.into()));
    let end_offset = end.map_or(Value::None, |end| Value::Int(end.1.into()));
    let place = [
        ("filename", Value::str(file)),
        ("lineno", Value::Int(line)),
        ("offset", offset),
        ("text", text),
        ("end_lineno", end_line),
        ("end_offset", end_offset),
    ];
    let items = place.iter().map(|(_, value)| value.clone()).collect();
    for (name, value) in place {
        exception.set(&Str::intern(name), value);
    }
    exception.set(&symbols().msg, message.clone());
    let arguments = crate::value::Tuple::new(vec![message, Value::tuple(items)]);
    exception.args.set(Gc::new(arguments));
}
