//! `_re`: regular expressions, the native part of the module `re`.
//!
//! `parser` reads Python's syntax into a tree (`syntax`), `program` makes instructions of it, `matcher`
//! runs them over a text, going back where it fails. No engine of another kind gives what Python
//! promises for every pattern: which alternative wins, what groups hold inside of repetitions, which
//! empty matches count. Classes: `pattern`, `match_object`. This file has the functions of the module,
//! and the patterns that were compiled lately.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::{loader, native_module};
use crate::builtins::add_rows;
use crate::builtins::generic_alias::SUBSCRIPTION;
use crate::native;
use crate::value::bytes::{self, ByteView};
use crate::value::{Bytes, Dict, Gc, Instance, Module, Native, Raised, Result, Str, Value, integer, types};
use crate::vm::Vm;

use pattern::{Manner, Pattern};
use reader::Fault;
use syntax::flag;

mod charset;
mod escape;
mod hunt;
mod input;
mod letter_case;
mod match_object;
mod matcher;
mod parser;
mod pattern;
mod program;
mod reader;
mod start;
mod subject;
mod substitution;
mod syntax;
mod template;

/// So many patterns are kept.
const MOST_KEPT: usize = 512;

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let types = types();
    for (class, rows) in [
        (&types.regular_pattern, pattern::METHODS),
        (&types.regular_pattern, SUBSCRIPTION),
        (&types.regular_match, match_object::METHODS),
        (&types.regular_match, SUBSCRIPTION),
        (&types.regular_scanner, pattern::SCANNER_METHODS),
    ] {
        add_rows(class, rows);
        class.changed();
    }
    let module = native_module("_re", FUNCTIONS);
    module.set("Pattern", Value::Class(types.regular_pattern.clone()));
    module.set("Match", Value::Class(types.regular_match.clone()));
    Ok(module)
}

/// What a pattern was compiled from.
#[derive(Clone)]
struct Key {
    source: Source,
    flags: i64,
}

#[derive(Clone)]
enum Source {
    Text(Str),
    Octets(Gc<Bytes>),
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(match &self.source {
            Source::Text(text) => text.hash(),
            Source::Octets(octets) => !octets.hash(),
        });
        state.write_i64(self.flags);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.flags == other.flags
            && match (&self.source, &other.source) {
                (Source::Text(one), Source::Text(other)) => one == other,
                (Source::Octets(one), Source::Octets(other)) => one.data == other.data,
                _ => false,
            }
    }
}

impl Eq for Key {}

/// Compiled patterns by what they were compiled from.
type Kept = RefCell<HashMap<Key, Value, rustc_hash::FxBuildHasher>>;

thread_local! {
    static KEPT: &'static Kept = Box::leak(Box::default());
}

fn kept() -> &'static Kept {
    KEPT.with(|kept| *kept)
}

/// The characters of a str or of bytes, each byte a character, and whether it is text.
fn characters_of(value: &Value) -> Option<(Vec<char>, bool)> {
    match value.as_str() {
        Some(text) => Some((text.chars().collect(), true)),
        None => Some((ByteView::of(value)?.iter().map(|byte| char::from(*byte)).collect(), false)),
    }
}

/// The exception for what is wrong with a pattern or a replacement.
fn raise(vm: &mut Vm, fault: Fault, source: &Value) -> Raised {
    match fault {
        Fault::Value(message) => Raised::value_error(message),
        Fault::Index(message) => Raised::index_error(message),
        Fault::Overflow(message) => Raised::overflow_error(message),
        Fault::Depth => Raised::recursion_error("maximum recursion depth exceeded"),
        Fault::Pattern(message, place) => pattern_error(vm, &message, source, place).unwrap_or_else(|raised| raised),
    }
}

/// `re.PatternError`, which is written in the language.
fn pattern_error(vm: &mut Vm, message: &str, source: &Value, place: Option<usize>) -> Result<Raised> {
    let module = loader::import_absolute(vm, "re")?;
    let class = vm.get_attribute(&module, &Str::intern("PatternError"))?;
    let mut arguments = vec![Value::str(message)];
    if let Some(place) = place {
        arguments.extend([source.clone(), place.into()]);
    }
    match vm.call(&class, &arguments)? {
        Value::Exception(exception) => Ok(Raised(exception)),
        other => Err(Raised::type_error(format!("'{}' object is not an exception", other.type_name()))),
    }
}

/// The number in the argument `flags`.
fn flags_of(flags: Option<&Value>) -> Result<i64> {
    match flags.map(Value::native) {
        None => Ok(0),
        Some(Value::Int(flags)) if i32::try_from(*flags).is_ok() => Ok(*flags),
        Some(Value::Bool(flag)) => Ok(i64::from(*flag)),
        Some(Value::Int(_) | Value::BigInt(_)) => {
            Err(Raised::overflow_error("Python int too large to convert to C int"))
        }
        Some(other) => {
            let kind = other.type_name();
            Err(Raised::type_error(format!("unsupported operand type(s) for &: '{kind}' and 'int'")))
        }
    }
}

/// The pattern for the arguments `pattern` and `flags`: compiled, or found among those kept.
fn compiled(vm: &mut Vm, source: &Value, flags: Option<&Value>) -> Result<Value> {
    let flags = flags_of(flags)?;
    let key = match source {
        Value::Str(text) => Key { source: Source::Text(text.clone()), flags },
        Value::Bytes(octets) => Key { source: Source::Octets(octets.clone()), flags },
        _ if source.payload::<Pattern>().is_some() => {
            if flags != 0 {
                return Err(Raised::value_error("cannot process flags argument with a compiled pattern"));
            }
            return Ok(source.clone());
        }
        _ => match source.native() {
            Value::Str(_) | Value::Bytes(_) => return compile_new(vm, source, flags),
            _ => {
                // Unhashable ones are found out first.
                vm.hash(source)?;
                return Err(Raised::type_error("first argument must be string or compiled pattern"));
            }
        },
    };
    if let Some(found) = kept().borrow().get(&key) {
        return Ok(found.clone());
    }
    let pattern = compile_new(vm, source, flags)?;
    let mut dropped = HashMap::default();
    if kept().borrow().len() >= MOST_KEPT {
        std::mem::swap(&mut *kept().borrow_mut(), &mut dropped);
    }
    kept().borrow_mut().insert(key, pattern.clone());
    Ok(pattern)
}

fn compile_new(vm: &mut Vm, source: &Value, flags: i64) -> Result<Value> {
    let Some((characters, is_text)) = characters_of(source) else {
        return Err(Raised::type_error("first argument must be string or compiled pattern"));
    };
    let mut warnings = Vec::new();
    let parsed = parser::parse(characters, is_text, flags as u32, &mut warnings);
    for message in warnings {
        (vm.hooks.warn)(vm, &types().future_warning, &message)?;
    }
    let program = parsed.and_then(|parsed| {
        let program = program::compile(&parsed.body, &parsed.widths, parsed.flags, is_text)?;
        Ok((parsed, program))
    });
    let (parsed, program) = match program {
        Ok(done) => done,
        Err(fault) => return Err(raise(vm, fault, source)),
    };
    if flags as u32 & flag::DEBUG != 0 {
        return Err(Raised::not_implemented_error("re.DEBUG: asy has no listing of patterns"));
    }
    let names: Vec<(Str, usize)> =
        parsed.names.into_iter().map(|(name, number)| (Str::intern(&name), number)).collect();
    let group_index = Gc::new(Dict::new());
    names.iter().for_each(|(name, number)| group_index.set_str(name, Value::from(*number)));
    let pattern = Pattern {
        source: source.clone(),
        flags: parsed.flags,
        is_text,
        program,
        names,
        group_index: Value::Dict(group_index),
        last_template: Default::default(),
    };
    Ok(Value::Instance(Instance::with_payload(types().regular_pattern.clone(), pattern)))
}

fn compile(vm: &mut Vm, pattern: &Value, flags: Option<&Value>) -> Result<Value> {
    compiled(vm, pattern, flags)
}

/// The least and the greatest width of a match; None when there is no greatest.
fn widths(vm: &mut Vm, source: &Value, flags: Option<&Value>) -> Result<Value> {
    let Some((characters, is_text)) = characters_of(source) else {
        return Err(Raised::type_error("first argument must be string or bytes"));
    };
    let flags = flags_of(flags)?;
    let parsed = parser::parse(characters, is_text, flags as u32, &mut Vec::new());
    let parsed = parsed.map_err(|fault| raise(vm, fault, source))?;
    let (least, most) = syntax::width(&parsed.body, &parsed.widths);
    let most = if most == syntax::MOST_WIDTH { Value::None } else { integer::from_u64(most) };
    Ok(Value::tuple(vec![integer::from_u64(least), most]))
}

fn purge(_: &mut Vm) {
    let dropped = kept().take();
    drop(dropped);
}

fn search(vm: &mut Vm, pattern: &Value, string: &Value, flags: Option<&Value>) -> Result<Value> {
    let pattern = compiled(vm, pattern, flags)?;
    pattern::try_text(vm, &pattern, Manner::Search, string, None, None)
}

fn match_(vm: &mut Vm, pattern: &Value, string: &Value, flags: Option<&Value>) -> Result<Value> {
    let pattern = compiled(vm, pattern, flags)?;
    pattern::try_text(vm, &pattern, Manner::Match, string, None, None)
}

fn fullmatch(vm: &mut Vm, pattern: &Value, string: &Value, flags: Option<&Value>) -> Result<Value> {
    let pattern = compiled(vm, pattern, flags)?;
    pattern::try_text(vm, &pattern, Manner::FullMatch, string, None, None)
}

fn findall(vm: &mut Vm, pattern: &Value, string: &Value, flags: Option<&Value>) -> Result<Value> {
    let pattern = compiled(vm, pattern, flags)?;
    pattern::find_all(vm, &pattern, string, None, None)
}

fn finditer(vm: &mut Vm, pattern: &Value, string: &Value, flags: Option<&Value>) -> Result<Value> {
    let pattern = compiled(vm, pattern, flags)?;
    pattern::find_iterator(&pattern, string, None, None)
}

/// What `split`, `sub` and `subn` take at the end, by position too, which is deprecated.
fn limit_and_flags(
    vm: &mut Vm,
    function: &str,
    limit: &str,
    rest: &[Value],
    by_name: (Option<Value>, Option<Value>),
) -> Result<(i64, Option<Value>)> {
    let (mut most, mut flags) = by_name;
    let twice = |name: &str| Raised::type_error(format!("{function}() got multiple values for argument '{name}'"));
    if let Some(first) = rest.first() {
        if most.replace(first.clone()).is_some() {
            return Err(twice(limit));
        }
        if let Some(second) = rest.get(1)
            && flags.replace(second.clone()).is_some()
        {
            return Err(twice("flags"));
        }
        if rest.len() > 2 {
            let fixed = if function == "split" { 2 } else { 3 };
            let (from, to, given) = (fixed, fixed + 2, fixed + rest.len());
            return Err(Raised::type_error(format!(
                "{function}() takes from {from} to {to} positional arguments but {given} were given"
            )));
        }
        let message = format!("'{limit}' is passed as positional argument");
        (vm.hooks.warn)(vm, &types().deprecation_warning, &message)?;
    }
    let most = most.map_or(Ok(0), |most| vm.index_clamped(&most))?;
    Ok((most, flags))
}

fn split(
    vm: &mut Vm,
    pattern: &Value,
    string: &Value,
    rest: &[Value],
    maxsplit: Option<Value>,
    flags: Option<Value>,
) -> Result<Value> {
    let (most, flags) = limit_and_flags(vm, "split", "maxsplit", rest, (maxsplit, flags))?;
    let pattern = compiled(vm, pattern, flags.as_ref())?;
    pattern::split_text(vm, &pattern, string, most)
}

fn sub(
    vm: &mut Vm,
    pattern: &Value,
    repl: &Value,
    string: &Value,
    rest: &[Value],
    count: Option<Value>,
    flags: Option<Value>,
) -> Result<Value> {
    substituted(vm, "sub", [pattern, repl, string], rest, (count, flags)).map(|(text, _)| text)
}

fn subn(
    vm: &mut Vm,
    pattern: &Value,
    repl: &Value,
    string: &Value,
    rest: &[Value],
    count: Option<Value>,
    flags: Option<Value>,
) -> Result<Value> {
    let (text, count) = substituted(vm, "subn", [pattern, repl, string], rest, (count, flags))?;
    Ok(Value::tuple(vec![text, count.into()]))
}

/// What `sub` and `subn` do: the text, and how many places were replaced.
fn substituted(
    vm: &mut Vm,
    function: &str,
    [pattern, replacement, string]: [&Value; 3],
    rest: &[Value],
    by_name: (Option<Value>, Option<Value>),
) -> Result<(Value, usize)> {
    let (most, flags) = limit_and_flags(vm, function, "count", rest, by_name)?;
    let pattern = compiled(vm, pattern, flags.as_ref())?;
    substitution::substitute(vm, &pattern, pattern::of(&pattern)?, replacement, string, most)
}

fn escape(_: &mut Vm, pattern: &Value) -> Result<Value> {
    let is_special = |character: char| "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(character);
    let Some((characters, is_text)) = characters_of(pattern) else {
        let kind = pattern.type_name();
        return Err(Raised::type_error(format!("decoding to str: need a bytes-like object, {kind} found")));
    };
    let mut escaped = String::with_capacity(characters.len() + 8);
    for character in characters {
        if is_special(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Ok(match is_text {
        true => Value::from(escaped),
        false => bytes::new(escaped.chars().map(|character| character as u32 as u8).collect::<Vec<u8>>()),
    })
}

const FUNCTIONS: &[Native] = &[
    native!("compile(pattern, flags=0)", compile(required, optional), "Compiles a regular expression."),
    native!("widths(pattern, flags=0, /)", widths(required, optional), "How wide a match can be."),
    native!("purge()", purge, "Forgets the patterns that are kept."),
    native!(
        "search(pattern, string, flags=0)",
        search(required, required, optional),
        "The first match in a text, or None."
    ),
    native!(
        "match(pattern, string, flags=0)",
        match_(required, required, optional),
        "The match at the beginning of a text, or None."
    ),
    native!(
        "fullmatch(pattern, string, flags=0)",
        fullmatch(required, required, optional),
        "The match of a whole text, or None."
    ),
    native!(
        "findall(pattern, string, flags=0)",
        findall(required, required, optional),
        "The texts of all matches; with groups, their texts."
    ),
    native!(
        "finditer(pattern, string, flags=0)",
        finditer(required, required, optional),
        "An iterator over all matches."
    ),
    native!(
        "split(pattern, string, *args, maxsplit=0, flags=0)",
        split(required, required, rest, named, named),
        "What is between the matches."
    ),
    native!(
        "sub(pattern, repl, string, *args, count=0, flags=0)",
        sub(required, required, required, rest, named, named),
        "The text with matches replaced."
    ),
    native!(
        "subn(pattern, repl, string, *args, count=0, flags=0)",
        subn(required, required, required, rest, named, named),
        "The text with matches replaced, and how many were."
    ),
    native!("escape(pattern)", escape(required), "The text with all that is special made ordinary."),
];
