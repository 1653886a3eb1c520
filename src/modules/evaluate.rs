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

fn to_code(source: &Rc<Source>, mode: Mode) -> std::result::Result<Rc<Code>, Vec<Diagnostic>> {
    let options = |mode| CompileOptions { mode, top_level_await: false, annotations_are_text: false };
    if mode == Mode::Expression {
        let expression = asy_grammar::parse_expression(&source.text)?;
        let errors = asy_grammar::check_expression(&expression, CheckOptions { top_level_await: false });
        if !errors.is_empty() {
            return Err(errors);
        }
        return compile_expression(&expression, source, options(CompileMode::Namespace));
    }
    let tree = asy_grammar::parse(&source.text)?;
    let errors = asy_grammar::check(&tree, CheckOptions { top_level_await: false });
    if !errors.is_empty() {
        return Err(errors);
    }
    let mode = if mode == Mode::Single { CompileMode::Interactive } else { CompileMode::Namespace };
    compile_module(&tree, source, options(mode))
}

fn make_code(text: String, name: &str, mode: Mode) -> Result<Gc<CodeObject>> {
    // Blanks in front of an expression are no indentation.
    let text = if mode == Mode::Expression { text.trim_start_matches([' ', '\t']).to_string() } else { text };
    let source = Rc::new(Source { name: name.to_string(), text });
    match to_code(&source, mode) {
        Ok(code) => Ok(CodeObject::link(&code)),
        Err(diagnostics) => Err(source::syntax_error(&source, &diagnostics)),
    }
}

fn compile(
    vm: &mut Vm,
    text: &Value,
    file: &Value,
    mode: &Str,
    flags: Option<i64>,
    _dont_inherit: Option<bool>,
    _optimize: Option<i64>,
) -> Result<Value> {
    if flags.unwrap_or(0) != 0 {
        return Err(Raised::value_error("compile(): unrecognised flags"));
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
        Program::Text(text) => make_code(text, &file, mode).map(Value::Code),
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
        Program::Text(text) => make_code(text, "<string>", mode)?,
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
