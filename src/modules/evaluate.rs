//! The builtin functions `eval`, `exec` and `compile`: from text to a value.
//!
//! They stand here and not among the other builtins because a text that is no program becomes a
//! SyntaxError, which is `source`'s business. `compile` gives a code object; the other two make one of a
//! text and run it with its names in a namespace.

use std::rc::Rc;

use asy_grammar::{CheckOptions, Diagnostic};

use super::source;
use super::syntax_tree::{self, Parsed, Shape};
use crate::builtins::int::bytes_of;
use crate::bytecode::Code;
use crate::bytecode::code::Source;
use crate::compiler::{CompileMode, CompileOptions, Optimize, compile_expression, compile_module};
use crate::native;
use crate::value::function::CellObject;
use crate::value::{CodeObject, Dict, Function, Gc, Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;
use crate::vm::flow::on_deep_stack;

/// The text of a str or bytes; the code object when it is one already, or the nodes of a tree.
enum Program {
    Text(String),
    Code(Gc<CodeObject>),
    Tree(Value),
}

fn program(vm: &mut Vm, function: &str, value: &Value) -> Result<Program> {
    let text = match value.native() {
        Value::Str(text) => text.to_string(),
        Value::Code(code) => return Ok(Program::Code(code.clone())),
        other if function == "compile" && syntax_tree::is_node(other) => return Ok(Program::Tree(other.clone())),
        other => match bytes_of(other) {
            Some(bytes) => source::decode_text(vm, bytes)?,
            None => {
                let what = if function == "compile" { "string, bytes or AST" } else { "string, bytes or code" };
                return Err(Raised::type_error(format!("{function}() arg 1 must be a {what} object")));
            }
        },
    };
    if text.contains('\0') {
        return Err(Raised::syntax_error("source code string cannot contain null bytes"));
    }
    Ok(Program::Text(text))
}

type Compiled = std::result::Result<(Rc<Code>, Vec<Diagnostic>), Vec<Diagnostic>>;

fn parse(source: &Source, shape: Shape) -> std::result::Result<Parsed, Vec<Diagnostic>> {
    Ok(match shape {
        Shape::Expression => Parsed::Expression(asy_grammar::parse_expression(&source.text)?),
        Shape::Module | Shape::Interactive => Parsed::Module(asy_grammar::parse(&source.text)?),
    })
}

/// The code of a tree, and what there is to warn of.
fn to_code(source: &Rc<Source>, tree: &Parsed, shape: Shape, options: CompileOptions) -> Compiled {
    let check = CheckOptions { top_level_await: options.top_level_await };
    let mut findings = match tree {
        Parsed::Expression(expression) => asy_grammar::check_expression(expression, check),
        Parsed::Module(module) => asy_grammar::check(module, check),
    };
    if !findings.errors.is_empty() {
        return Err(std::mem::take(&mut findings.errors));
    }
    let mode = if shape == Shape::Interactive { CompileMode::Interactive } else { CompileMode::Namespace };
    let code = match tree {
        Parsed::Expression(expression) => compile_expression(expression, source, options)?,
        Parsed::Module(module) => compile_module(module, source, CompileOptions { mode, ..options })?,
    };
    Ok((code, source::all_warnings(source, findings)))
}

fn link(vm: &mut Vm, source: &Rc<Source>, compiled: Compiled) -> Result<Gc<CodeObject>> {
    match compiled {
        Ok((code, warnings)) => {
            source::issue_warnings(vm, source, &warnings)?;
            Ok(CodeObject::link(&code))
        }
        Err(diagnostics) => Err(source::syntax_error(source, &diagnostics)),
    }
}

fn make_source(text: String, name: &str, shape: Shape) -> Rc<Source> {
    // Blanks in front of an expression are no indentation.
    let text = if shape == Shape::Expression { text.trim_start_matches([' ', '\t']).to_string() } else { text };
    Rc::new(Source { name: name.to_string(), text })
}

fn make_code(vm: &mut Vm, text: String, name: &str, shape: Shape, options: CompileOptions) -> Result<Gc<CodeObject>> {
    let source = make_source(text, name, shape);
    let compiled = on_deep_stack(|| to_code(&source, &parse(&source, shape)?, shape, options));
    link(vm, &source, compiled)
}

/// The flag of `compile` that asks for the tree instead of code.
const ONLY_TREE: i64 = 0x400;

/// What the flags of `compile` ask for.
fn options_of(flags: i64) -> Result<CompileOptions> {
    /// Features of `__future__`, of which only that of annotations still changes something.
    const FUTURE: i64 = 0x1FE_0010;
    const ANNOTATIONS: i64 = 0x100_0000;
    /// Two flags of prompts, one for comments with types, one for trees with folded constants: nothing depends on
    /// them here.
    const WITHOUT_EFFECT: i64 = 0x200 | 0x4000 | 0x1000 | 0x8000;
    const TOP_LEVEL_AWAIT: i64 = 0x2000;
    if flags & !(FUTURE | WITHOUT_EFFECT | TOP_LEVEL_AWAIT | ONLY_TREE) != 0 {
        return Err(Raised::value_error("compile(): unrecognised flags"));
    }
    Ok(CompileOptions {
        annotations_are_text: flags & ANNOTATIONS != 0,
        top_level_await: flags & TOP_LEVEL_AWAIT != 0,
        ..CompileOptions::default()
    })
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
    let mut options = options_of(flags.unwrap_or(0))?;
    options.optimize = match optimize.unwrap_or(-1) {
        -1 | 0 => Optimize::Nothing,
        1 => Optimize::Asserts,
        2 => Optimize::Docstrings,
        _ => return Err(Raised::value_error("compile(): invalid optimize value")),
    };
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
    let shape = match &**mode {
        "eval" => Shape::Expression,
        "exec" => Shape::Module,
        "single" => Shape::Interactive,
        "func_type" => return Err(Raised::not_implemented_error("compile(): types of functions are not read")),
        _ => return Err(Raised::value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    let only_tree = flags.unwrap_or(0) & ONLY_TREE != 0;
    match program(vm, "compile", text)? {
        Program::Text(text) if only_tree => syntax_tree::parse(vm, &make_source(text, &file, shape), shape),
        Program::Text(text) => make_code(vm, text, &file, shape, options).map(Value::Code),
        Program::Code(code) => Ok(Value::Code(code)),
        Program::Tree(tree) if only_tree => Ok(tree),
        Program::Tree(tree) => {
            let (tree, source) = syntax_tree::read(vm, &tree, &file, shape)?;
            let compiled = on_deep_stack(|| to_code(&source, &tree, shape, options));
            link(vm, &source, compiled).map(Value::Code)
        }
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
                let is_mapping = globals.class().lookup(&symbols().getitem).is_some();
                return Err(Raised::type_error(match function {
                    "eval" if is_mapping => "globals must be a real dict; try eval(code, {}, mapping)".to_string(),
                    "eval" => "globals must be a dict".to_string(),
                    _ => format!("{function}() globals must be a dict, not {kind}"),
                }));
            };
            // A dict of a derived class is the namespace itself, so that its own methods are asked.
            let locals = locals.unwrap_or_else(|| globals.clone());
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
        let inherited = crate::vm::builtins_of(vm, &vm.globals());
        globals.set_str(builtins, inherited);
    }
    Ok((globals, locals))
}

/// The cells for the free variables of code, as `exec` is given them.
fn cells(function: &str, code: &CodeObject, closure: Option<&Value>) -> Result<Box<[Gc<CellObject>]>> {
    let wanted = code.code.free_names.len();
    let closure = closure.filter(|closure| !closure.is_none());
    if wanted == 0 {
        return match closure {
            None => Ok(Box::new([])),
            Some(_) => Err(Raised::type_error("cannot use a closure with this code object")),
        };
    }
    if function == "eval" {
        return Err(Raised::type_error("code object passed to eval() may not contain free variables"));
    }
    let cells = match closure {
        Some(Value::Tuple(cells)) if cells.items().len() == wanted => cells.items().iter().map(|cell| match cell {
            Value::Cell(cell) => Some(cell.clone()),
            _ => None,
        }),
        _ => return Err(Raised::type_error(format!("code object requires a closure of exactly length {wanted}"))),
    };
    cells
        .collect::<Option<_>>()
        .ok_or_else(|| Raised::type_error(format!("code object requires a closure of exactly length {wanted}")))
}

fn run(
    vm: &mut Vm,
    function: &str,
    program: Program,
    globals: Option<&Value>,
    locals: Option<&Value>,
    closure: Option<&Value>,
) -> Result<Value> {
    let (globals, locals) = namespaces(vm, function, globals, locals)?;
    let code = match program {
        Program::Text(_) if closure.is_some_and(|closure| !closure.is_none()) => {
            return Err(Raised::type_error("closure can only be used when source is a code object"));
        }
        Program::Text(text) => {
            let shape = if function == "eval" { Shape::Expression } else { Shape::Module };
            make_code(vm, text, "<string>", shape, CompileOptions::default())?
        }
        Program::Code(code) => code,
        // Only `compile` takes trees.
        Program::Tree(_) => return Err(Raised::type_error("a tree must be compiled first")),
    };
    let closure = cells(function, &code, closure)?;
    vm.run_code(Function::new(code, globals, closure), Some(locals))
}

fn eval(vm: &mut Vm, text: &Value, globals: Option<&Value>, locals: Option<&Value>) -> Result<Value> {
    let program = program(vm, "eval", text)?;
    run(vm, "eval", program, globals, locals, None)
}

fn exec(
    vm: &mut Vm,
    text: &Value,
    globals: Option<&Value>,
    locals: Option<&Value>,
    closure: Option<&Value>,
) -> Result<()> {
    let program = program(vm, "exec", text)?;
    run(vm, "exec", program, globals, locals, closure).map(drop)
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "eval(source, /, globals=None, locals=None)",
        eval(required, optional, optional),
        "The value of an expression given as text or code."
    ),
    native!(
        "exec(source, /, globals=None, locals=None, *, closure=None)",
        exec(required, optional, optional, named),
        "Runs statements given as text or code."
    ),
    native!(
        "compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1)",
        compile(required, required, required, optional, optional, optional),
        "A code object made of a text."
    ),
];
