//! An exception as plain data: what is needed to draw it, read once from the VM.
//!
//! A chain (causes and contexts) is a flat list, the oldest first, so that neither reading nor drawing
//! recurses along it.

use std::collections::HashSet;
use std::rc::Rc;

use asy_grammar::ast::Span;

use crate::bytecode::code::Source;
use crate::modules::suggestion;
use crate::value::exception::TracebackEntry;
use crate::value::{Class, Exception, Gc, Str, Value, symbols, types};
use crate::vm::Vm;

/// How an exception follows the one before it in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// `raise ... from ...`
    Cause,
    /// Raised while the other was being handled.
    Context,
}

/// A frame an exception has left.
#[derive(Clone)]
pub struct Frame {
    pub file: String,
    /// 1-based.
    pub line: u32,
    pub name: String,
    pub source: Rc<Source>,
    pub span: Span,
}

/// Where a SyntaxError is. Line and columns are 1-based; columns count characters.
#[derive(Clone, Debug)]
pub struct SyntaxPlace {
    pub file: String,
    pub line: i64,
    pub text: Option<String>,
    pub column: Option<i64>,
    pub end_line: Option<i64>,
    pub end_column: Option<i64>,
}

/// One exception.
pub struct Described {
    /// Nothing for the first of a chain.
    pub link: Option<Link>,
    /// With the module, unless that is `builtins` or `__main__`.
    pub class: String,
    pub message: String,
    pub place: Option<SyntaxPlace>,
    pub notes: Vec<String>,
    /// Outermost first.
    pub frames: Vec<Frame>,
    /// For a group: the chains of its members.
    pub members: Option<Vec<Vec<Described>>>,
}

/// An exception and what it came from, the oldest first.
pub fn describe_chain(vm: &mut Vm, exception: &Gc<Exception>) -> Vec<Described> {
    describe_unseen(vm, exception, &mut HashSet::new())
}

/// An exception without what it came from.
pub fn describe_alone(vm: &mut Vm, exception: &Gc<Exception>) -> Described {
    describe_one(vm, exception, &mut HashSet::new())
}

fn describe_unseen(vm: &mut Vm, exception: &Gc<Exception>, seen: &mut HashSet<usize>) -> Vec<Described> {
    let mut chain: Vec<Described> = Vec::new();
    let mut next = Some((exception.clone(), None));
    while let Some((exception, link)) = next.take() {
        seen.insert(exception.address());
        // The one pushed before is the newer one: the link says how it follows this one.
        if let Some(last) = chain.last_mut() {
            last.link = link;
        }
        chain.push(describe_one(vm, &exception, seen));
        let cause = exception.cause.get();
        let context = exception.context.get();
        next = match (cause, context) {
            (Value::Exception(cause), _) if !seen.contains(&cause.address()) => Some((cause, Some(Link::Cause))),
            (Value::None, Value::Exception(context))
                if !exception.suppress_context.get() && !seen.contains(&context.address()) =>
            {
                Some((context, Some(Link::Context)))
            }
            _ => None,
        };
    }
    chain.reverse();
    chain
}

fn describe_one(vm: &mut Vm, exception: &Gc<Exception>, seen: &mut HashSet<usize>) -> Described {
    let value = Value::Exception(exception.clone());
    let place = if exception.is_a(&types().syntax_error) { syntax_place(vm, &value) } else { None };
    let message = match &place {
        Some(_) => attribute(vm, &value, &symbols().msg).map(|message| shown(vm, &message)).unwrap_or_default(),
        None => match vm.str(&value) {
            Ok(text) => format!("{text}{}", suggestion::hint(vm, exception)),
            Err(_) => "<exception str() failed>".to_string(),
        },
    };
    Described {
        link: None,
        class: class_name(&exception.class()),
        message,
        place,
        notes: notes(vm, &value),
        frames: exception.traceback.borrow().iter().rev().map(frame).collect(),
        members: members(vm, exception, seen),
    }
}

/// The name of an exception's class as the last line shows it.
pub fn class_name(class: &Class) -> String {
    let name = class.qualified_name.get();
    match class.lookup(&symbols().module) {
        Some(Value::Str(module)) if &*module != "builtins" && &*module != "__main__" => format!("{module}.{name}"),
        _ => name.to_string(),
    }
}

/// A frame, from what the exception keeps.
pub fn frame(entry: &TracebackEntry) -> Frame {
    let code = &entry.function.code.code;
    let position = code.position(entry.pc as usize);
    Frame {
        file: code.source.name.clone(),
        line: position.line,
        name: code.name.to_string(),
        source: code.source.clone(),
        span: position.span,
    }
}

fn members(vm: &mut Vm, exception: &Gc<Exception>, seen: &mut HashSet<usize>) -> Option<Vec<Vec<Described>>> {
    if !exception.is_a(&types().base_exception_group) {
        return None;
    }
    let exceptions = attribute(vm, &Value::Exception(exception.clone()), &symbols().exceptions)?;
    let Value::Tuple(exceptions) = exceptions else { return None };
    let mut members = Vec::with_capacity(exceptions.len());
    for member in exceptions.items() {
        if let Value::Exception(member) = member
            && !seen.contains(&member.address())
        {
            members.push(describe_unseen(vm, member, seen));
        }
    }
    Some(members)
}

fn notes(vm: &mut Vm, value: &Value) -> Vec<String> {
    let notes = match attribute(vm, value, &symbols().notes) {
        None | Some(Value::None) => return Vec::new(),
        Some(notes) => notes,
    };
    match &notes {
        Value::List(_) | Value::Tuple(_) => {
            let Ok(items) = vm.collect(&notes) else { return Vec::new() };
            items.iter().map(|note| shown(vm, note)).collect()
        }
        other => vec![vm.repr(other).map_or_else(|_| "<__notes__ repr() failed>".to_string(), |text| text.to_string())],
    }
}

fn syntax_place(vm: &mut Vm, value: &Value) -> Option<SyntaxPlace> {
    let mut get = |name: &str| attribute(vm, value, &Str::intern(name));
    let number = |value: Option<Value>| match value {
        Some(Value::Int(number)) => Some(number),
        _ => None,
    };
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(|text| text.to_string()));
    let line = number(get("lineno"))?;
    Some(SyntaxPlace {
        file: text(get("filename")).unwrap_or_else(|| "<string>".to_string()),
        line,
        text: text(get("text")),
        column: number(get("offset")),
        end_line: number(get("end_lineno")),
        end_column: number(get("end_offset")),
    })
}

fn attribute(vm: &mut Vm, value: &Value, name: &Str) -> Option<Value> {
    vm.get_attribute_if_any(value, name).ok().flatten()
}

fn shown(vm: &mut Vm, value: &Value) -> String {
    vm.str(value).map_or_else(|_| "<note str() failed>".to_string(), |text| text.to_string())
}
