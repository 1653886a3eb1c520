//! The builtin functions `eval`, `exec` and `compile`: from text to a value.
//!
//! They stand here and not among the other builtins because a text that is no program becomes a
//! SyntaxError, which is `source`'s business. `compile` gives a code object; the other two make one of a
//! text and run it with its names in a namespace.

use std::rc::Rc;

use asy_grammar::{CheckOptions, Diagnostic};

use super::source;
use crate::bytecode::Code;
use crate::bytecode::code::Source;
use crate::compiler::{CompileMode, CompileOptions, compile_expression, compile_module};
use crate::native;
use crate::value::{CodeObject, Dict, Gc, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// What a text is compiled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Expression,
    Statements,
    /// One statement of a prompt.
    Single,
}

/// The text of a str or bytes; the code object when it is one already.
enum Program {
    Text(String),
    Code(Gc<CodeObject>),
}

fn program(function: &str, value: &Value) -> Result<Program> {
    let text = match value.native() {
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8(bytes.data.to_vec())
            .map_err(|_| Raised::syntax_error("(unicode error) the source is not valid UTF-8"))?,
        Value::Code(code) => return Ok(Program::Code(code.clone())),
        other => {
            let kind = other.type_name();
            return Err(Raised::type_error(match function {
                "compile" => format!("compile() arg 1 must be a string, bytes or AST object, not {kind}"),
                _ => format!("{function}() arg 1 must be a string, bytes or code object"),
            }));
        }
    };
    if text.contains('\0') {
        return Err(Raised::syntax_error("source code string cannot contain null bytes"));
    }
    Ok(Program::Text(text))
}

/// The code of a text, and what there is to warn of.
fn to_code(
    source: &Rc<Source>,
    mode: Mode,
    annotations_are_text: bool,
) -> std::result::Result<(Rc<Code>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let options = |mode| CompileOptions { mode, top_level_await: false, annotations_are_text };
    if mode == Mode::Expression {
        let expression = asy_grammar::parse_expression(&source.text)?;
        let findings = asy_grammar::check_expression(&expression, CheckOptions { top_level_await: false });
        if !findings.errors.is_empty() {
            return Err(findings.errors);
        }
        let code = compile_expression(&expression, source, options(CompileMode::Namespace))?;
        return Ok((code, source::all_warnings(source, findings)));
    }
    let tree = asy_grammar::parse(&source.text)?;
    let findings = asy_grammar::check(&tree, CheckOptions { top_level_await: false });
    if !findings.errors.is_empty() {
        return Err(findings.errors);
    }
    let mode = if mode == Mode::Single { CompileMode::Interactive } else { CompileMode::Namespace };
    Ok((compile_module(&tree, source, options(mode))?, source::all_warnings(source, findings)))
}

fn make_code(vm: &mut Vm, text: String, name: &str, mode: Mode, annotations_are_text: bool) -> Result<Gc<CodeObject>> {
    // Blanks in front of an expression are no indentation.
    let text = if mode == Mode::Expression { text.trim_start_matches([' ', '\t']).to_string() } else { text };
    let source = Rc::new(Source { name: name.to_string(), text });
    match to_code(&source, mode, annotations_are_text) {
        Ok((code, warnings)) => {
            source::issue_warnings(vm, &source, &warnings)?;
            Ok(CodeObject::link(&code))
        }
        Err(diagnostics) => Err(source::syntax_error(&source, &diagnostics)),
    }
}

/// Looks at the flags of `compile`. Gives whether annotations are to stay text.
fn check_flags(flags: i64) -> Result<bool> {
    /// Features of `__future__`, of which only that of annotations still changes something.
    const FUTURE: i64 = 0x1FE_0010;
    const ANNOTATIONS: i64 = 0x100_0000;
    /// Two flags of prompts and one for comments with types: nothing depends on them here.
    const WITHOUT_EFFECT: i64 = 0x200 | 0x4000 | 0x1000;
    const ONLY_TREE: i64 = 0x400;
    const TOP_LEVEL_AWAIT: i64 = 0x2000;
    if flags & ONLY_TREE != 0 {
        return Err(Raised::not_implemented_error("compile(): there is no module ast, so no trees are given"));
    }
    if flags & TOP_LEVEL_AWAIT != 0 {
        return Err(Raised::not_implemented_error("compile(): await outside of functions is for whole programs"));
    }
    if flags & !(FUTURE | WITHOUT_EFFECT) != 0 {
        return Err(Raised::value_error("compile(): unrecognised flags"));
    }
    Ok(flags & ANNOTATIONS != 0)
}

fn compile(
    vm: &mut Vm,
    text: &Value,
    file: &Value,
    mode: &Str,
    flags: Option<i64>,
    _dont_inherit: Option<bool>,
    optimize: Option<i64>,
) -> Result<Value> {
    let annotations_are_text = check_flags(flags.unwrap_or(0))?;
    if !(-1..=2).contains(&optimize.unwrap_or(-1)) {
        return Err(Raised::value_error("compile(): invalid optimize value"));
    }
    let file = match file.as_str() {
        Some(file) => file.clone(),
        None => match vm.call_special(file, &symbols().fspath, &[]) {
            Some(path) => vm.str(&path?)?,
            None => {
                let kind = file.type_name();
                return Err(Raised::type_error(format!("expected str, bytes or os.PathLike object, not {kind}")));
            }
        },
    };
    let mode = match &**mode {
        "eval" => Mode::Expression,
        "exec" => Mode::Statements,
        "single" => Mode::Single,
        _ => return Err(Raised::value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    match program("compile", text)? {
        Program::Text(text) => make_code(vm, text, &file, mode, annotations_are_text).map(Value::Code),
        Program::Code(code) => Ok(Value::Code(code)),
    }
}

/// Globals and namespace that code runs in: those given, else those of the caller.
fn namespaces(
    vm: &mut Vm,
    function: &str,
    globals: Option<&Value>,
    locals: Option<&Value>,
) -> Result<(Gc<Dict>, Value)> {
    let given = |value: Option<&Value>| value.filter(|value| !value.is_none()).cloned();
    let (globals, locals) = match (given(globals), given(locals)) {
        (None, None) => (vm.globals(), vm.locals()),
        (None, Some(locals)) => (vm.globals(), locals),
        (Some(globals), locals) => {
            let Value::Dict(dict) = globals.native() else {
                let kind = globals.type_name();
                return Err(Raised::type_error(match function {
                    "eval" => "globals must be a dict".to_string(),
                    _ => format!("{function}() globals must be a dict, not {kind}"),
                }));
            };
            let locals = locals.unwrap_or_else(|| Value::Dict(dict.clone()));
            (dict.clone(), locals)
        }
    };
    if locals.class().lookup(&symbols().getitem).is_none() {
        let kind = locals.type_name();
        return Err(Raised::type_error(match function {
            "eval" => "locals must be a mapping".to_string(),
            _ => format!("{function}() locals must be a mapping or None, not {kind}"),
        }));
    }
    let builtins = &symbols().builtins;
    if globals.find_str(builtins).is_none() {
        globals.set_str(builtins, Value::Dict(vm.builtins.clone()));
    }
    Ok((globals, locals))
}

fn run(
    vm: &mut Vm,
    function: &str,
    program: Program,
    mode: Mode,
    globals: Option<&Value>,
    locals: Option<&Value>,
) -> Result<Value> {
    let (globals, locals) = namespaces(vm, function, globals, locals)?;
    let code = match program {
        Program::Text(text) => make_code(vm, text, "<string>", mode, false)?,
        Program::Code(code) => code,
    };
    if !code.code.free_names.is_empty() {
        return Err(Raised::type_error(format!("code object passed to {function}() may not contain free variables")));
    }
    vm.run_code(&code, &globals, Some(locals))
}

fn eval(vm: &mut Vm, text: &Value, globals: Option<&Value>, locals: Option<&Value>) -> Result<Value> {
    let program = program("eval", text)?;
    run(vm, "eval", program, Mode::Expression, globals, locals)
}

fn exec(vm: &mut Vm, text: &Value, globals: Option<&Value>, locals: Option<&Value>) -> Result<()> {
    let program = program("exec", text)?;
    run(vm, "exec", program, Mode::Statements, globals, locals).map(drop)
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "eval(source, /, globals=None, locals=None)",
        eval(required, optional, optional),
        "The value of an expression given as text or code."
    ),
    native!(
        "exec(source, /, globals=None, locals=None)",
        exec(required, optional, optional),
        "Runs statements given as text or code."
    ),
    native!(
        "compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1)",
        compile(required, required, required, optional, optional, optional),
        "A code object made of a text."
    ),
];
