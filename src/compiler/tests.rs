//! What small programs compile to.

use std::rc::Rc;

use asy_grammar::parse;

use crate::bytecode::code::Source;
use crate::bytecode::disassemble::disassemble;
use crate::bytecode::{Code, CodeKind, Constant, Op};

use super::{CompileMode, CompileOptions, check_code, compile_module};

fn compile_with(text: &str, options: CompileOptions) -> Rc<Code> {
    let module = parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let source = Rc::new(Source { name: "<test>".into(), text: text.into() });
    compile_module(&module, &source, options).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn compile(text: &str) -> Rc<Code> {
    compile_with(text, CompileOptions::default())
}

fn check_all(code: &Code) {
    check_code(code).unwrap_or_else(|problem| panic!("{problem}\n{}", disassemble(code)));
    for constant in &code.constants {
        if let Constant::Code(inner) = constant {
            check_all(inner);
        }
    }
}

/// The code of the function, class or generator expression with this name, wherever it is.
fn find(code: &Rc<Code>, name: &str) -> Option<Rc<Code>> {
    if &*code.name == name {
        return Some(code.clone());
    }
    code.constants.iter().find_map(|constant| match constant {
        Constant::Code(inner) => find(inner, name),
        _ => None,
    })
}

fn function(text: &str, name: &str) -> Rc<Code> {
    let code = compile(text);
    check_all(&code);
    find(&code, name).unwrap_or_else(|| panic!("no {name} in\n{}", disassemble(&code)))
}

/// The instructions, without the words that belong to them.
fn instructions(code: &Code) -> Vec<String> {
    let ops = code.ops.iter().filter(|op| !matches!(op, Op::Data { .. } | Op::Offset { .. }));
    ops.map(|op| format!("{op:?}")).collect()
}

#[test]
fn dump() {
    if let Ok(path) = std::env::var("ASY_DUMP") {
        let code = compile(&std::fs::read_to_string(path).unwrap_or_default());
        println!("{}", disassemble(&code));
        check_all(&code);
    }
}
