//! Where in the source the instructions of a code object are, and copies of it.

use std::rc::Rc;

use crate::bytecode::Code;
use crate::native;
use crate::value::{CodeObject, Dict, Gc, Native, Raised, Result, Str, Value};
use crate::vm::Vm;

/// Where an instruction stands: line, last line, and the columns where it begins and ends, counted in bytes
/// from 0. Columns are None where the source has no such place.
pub fn position(code: &Code, pc: usize) -> Value {
    let position = code.position(pc);
    let text = &*code.source.text;
    let (start, end) = (position.span.start as usize, position.span.end as usize);
    let line = Value::Int(position.line.into());
    let Some(covered) = text.get(start..end).filter(|covered| !covered.is_empty()) else {
        return Value::tuple(vec![line.clone(), line, Value::None, Value::None]);
    };
    let column = |offset: usize| Value::from(offset - text[..offset].rfind('\n').map_or(0, |newline| newline + 1));
    let last = i64::from(position.line) + covered.matches('\n').count() as i64;
    Value::tuple(vec![line, Value::Int(last), column(start), column(end)])
}

fn positions(vm: &mut Vm, this: &Gc<CodeObject>) -> Result<Value> {
    let all = (0..this.code.ops.len()).map(|pc| position(&this.code, pc)).collect();
    vm.iterate(&Value::list(all))
}

/// Runs of instructions of one line: first instruction, the one behind the last, line.
fn lines(vm: &mut Vm, this: &Gc<CodeObject>) -> Result<Value> {
    let end = this.code.ops.len();
    let mut runs: Vec<(usize, usize, u32)> = Vec::new();
    for pc in 0..end {
        let line = this.code.position(pc).line;
        match runs.last_mut() {
            Some(run) if run.2 == line => run.1 = pc + 1,
            _ => runs.push((pc, pc + 1, line)),
        }
    }
    let run = |(start, end, line): (usize, usize, u32)| {
        Value::tuple(vec![Value::from(start), Value::from(end), Value::Int(line.into())])
    };
    vm.iterate(&Value::list(runs.into_iter().map(run).collect()))
}

fn source_text(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    Value::str(&this.code.source.text)
}

fn stack_size(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    i64::from(this.code.register_count)
}

/// `code.replace(...)`: name, qualified name and first line can be replaced; what the instructions depend
/// on cannot.
fn replace(_: &mut Vm, this: &Gc<CodeObject>, changes: Option<&Gc<Dict>>) -> Result<Value> {
    let mut code = (*this.code).clone();
    for entry in changes.map(|changes| changes.snapshot()).unwrap_or_default() {
        let name = entry.key.as_str().cloned().unwrap_or_else(|| Str::new(""));
        match (&*name, &entry.value) {
            ("co_name", Value::Str(text)) => code.name = (&**text).into(),
            ("co_qualname", Value::Str(text)) => code.qualified_name = (&**text).into(),
            ("co_firstlineno", Value::Int(line)) => {
                code.first_line = u32::try_from(*line)
                    .map_err(|_| Raised::value_error("code: co_firstlineno must be a positive integer"))?;
            }
            ("co_filename", Value::Str(text)) => {
                let source = crate::bytecode::code::Source { name: text.to_string(), text: code.source.text.clone() };
                code.source = Rc::new(source);
            }
            _ => return Err(Raised::not_implemented_error(format!("replace() cannot change {name}"))),
        }
    }
    Ok(Value::Code(CodeObject::link(&Rc::new(code))))
}

fn eq(_: &mut Vm, this: &Gc<CodeObject>, other: &Value) -> Value {
    match other {
        Value::Code(other) => Value::Bool(
            this.same(other)
                || Rc::ptr_eq(&this.code, &other.code)
                    && this.name == other.name
                    && this.qualified_name == other.qualified_name,
        ),
        _ => Value::NotImplemented,
    }
}

fn hash(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    Rc::as_ptr(&this.code) as i64
}

pub const METHODS: &[Native] = &[
    native!("co_positions(self, /)", positions(required), "For each instruction lines and columns."),
    native!("co_lines(self, /)", lines(required), "Runs of instructions that belong to one line."),
    native!("co_stacksize(self, /)", stack_size(required), "How many registers a frame has.").getter(),
    native!("_source_text(self, /)", source_text(required), "The text it was compiled from.").getter(),
    native!("replace(self, /, **changes)", replace(required, keywords), "A copy with some parts replaced."),
    native!("__replace__(self, /, **changes)", replace(required, keywords), "A copy with some parts replaced."),
    native!("__eq__(self, value, /)", eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", hash(required), "Return hash(self)."),
];
