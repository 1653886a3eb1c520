//! What the module `ast` rests on: the parser's tree as nodes of the script, and back.
//!
//! The classes of nodes are those of `ast` itself, which is written in the language. Neither direction runs
//! script code: nodes are filled and read as plain objects, so that both can work on the deep native stack.

mod from_nodes;
mod pattern_nodes;
mod to_nodes;

use std::rc::Rc;

use asy_grammar::ast::{Expression, Module as Tree};

use super::loader::import_absolute;
use super::{native_module, source};
use crate::bytecode::code::Source;
use crate::value::{Gc, Module, Raised, Result, Str, Value};
use crate::vm::Vm;
use crate::vm::flow::on_deep_stack;

/// What a tree is the tree of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Module,
    Expression,
    Interactive,
}

/// A tree that nodes have been made into.
pub enum Parsed {
    Module(Tree),
    Expression(Expression),
}

/// The module with the classes of nodes.
fn classes(vm: &mut Vm) -> Result<Gc<Module>> {
    match import_absolute(vm, "ast")? {
        Value::Module(module) => Ok(module),
        _ => Err(Raised::import_error("ast is no module")),
    }
}

/// The nodes of a text.
pub fn parse(vm: &mut Vm, source: &Rc<Source>, shape: Shape) -> Result<Value> {
    let classes = classes(vm)?;
    on_deep_stack(|| {
        let maker = to_nodes::Maker::new(&source.text, classes);
        Ok(match shape {
            Shape::Expression => maker.expression_tree(&asy_grammar::parse_expression(&source.text)?),
            Shape::Module => maker.module(&asy_grammar::parse(&source.text)?, "Module"),
            Shape::Interactive => maker.module(&asy_grammar::parse(&source.text)?, "Interactive"),
        })
    })
    .map_err(|diagnostics: Vec<_>| source::syntax_error(source, &diagnostics))
}

/// Whether this is a node of a tree.
pub fn is_node(value: &Value) -> bool {
    matches!(value, Value::Instance(_))
        && value.class().search_order().iter().any(|class| is_base(&class.name(), class))
}

fn is_base(name: &str, class: &crate::value::Class) -> bool {
    let module = class.namespace.get_str(&Str::intern("__module__"));
    name == "AST" && module.is_some_and(|module| module.as_str().is_some_and(|module| &**module == "ast"))
}

/// The tree that nodes stand for, with a source in which their places lie.
pub fn read(vm: &mut Vm, node: &Value, file: &str, shape: Shape) -> Result<(Parsed, Rc<Source>)> {
    let text = std::fs::read(file).ok().and_then(|bytes| source::decode_text(vm, bytes).ok());
    on_deep_stack(|| from_nodes::read(node, file, text, shape))
}

/// The module `_ast`: a place for names that belong to the machine.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_ast", &[]);
    for (name, flag) in
        [("PyCF_ONLY_AST", 0x400), ("PyCF_TYPE_COMMENTS", 0x1000), ("PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000)]
    {
        module.set(name, Value::Int(flag));
    }
    module.set("PyCF_OPTIMIZED_AST", Value::Int(0x8400));
    Ok(module)
}
