//! A repr that is never long, for the results that futures show: CPython's `reprlib.repr`.

use crate::value::{Result, Str, Value};
use crate::vm::Vm;

/// Containers deeper than this show as `...`.
const LEVELS: usize = 6;
/// The most items of a list, tuple or set,
const ITEMS: usize = 6;
/// entries of a dict,
const ENTRIES: usize = 4;
/// characters of an int,
const INT: usize = 40;
/// and characters of anything else.
const OTHER: usize = 30;

/// The repr of a value, with the middle of what is long left out.
pub fn short_repr(vm: &mut Vm, value: &Value) -> Result<String> {
    at_level(vm, value, LEVELS)
}

fn at_level(vm: &mut Vm, value: &Value, level: usize) -> Result<String> {
    match value {
        Value::Str(text) => {
            let shown = vm.repr(&Value::Str(first_characters(text, OTHER)))?;
            if shown.characters() <= OTHER {
                return Ok(shown.to_string());
            }
            // The repr of both ends, so that an escape is not cut in two.
            let (before, after) = halves(OTHER);
            let count = text.characters();
            let start = text.chars().take(before);
            let ends: String = start.chain(text.chars().skip(count.saturating_sub(after))).collect();
            let shown = vm.repr(&Value::from(ends))?;
            Ok(without_middle(&shown, OTHER))
        }
        Value::Int(_) | Value::BigInt(_) => Ok(shortened(&vm.repr(value)?, INT)),
        Value::List(list) => {
            let items = list.snapshot();
            Ok(format!("[{}]", joined(vm, &items, level)?))
        }
        Value::Tuple(tuple) => {
            let comma = if tuple.len() == 1 { "," } else { "" };
            Ok(format!("({}{comma})", joined(vm, tuple.items(), level)?))
        }
        Value::Set(set) => {
            let items = sorted(vm, set.snapshot().into_iter().map(|(item, _)| item).collect())?;
            Ok(match (items.is_empty(), set.is_frozen()) {
                (true, false) => "set()".to_string(),
                (true, true) => "frozenset()".to_string(),
                (false, false) => format!("{{{}}}", joined(vm, &items, level)?),
                (false, true) => format!("frozenset({{{}}})", joined(vm, &items, level)?),
            })
        }
        Value::Dict(dict) => {
            let keys = sorted(vm, dict.snapshot().into_iter().map(|entry| entry.key).collect())?;
            if keys.is_empty() {
                return Ok("{}".to_string());
            }
            if level == 0 {
                return Ok("{...}".to_string());
            }
            let mut pieces = Vec::new();
            for key in keys.iter().take(ENTRIES) {
                let value = vm.dict_get(dict, key)?.unwrap_or(Value::None);
                pieces.push(format!("{}: {}", at_level(vm, key, level - 1)?, at_level(vm, &value, level - 1)?));
            }
            if keys.len() > ENTRIES {
                pieces.push("...".to_string());
            }
            Ok(format!("{{{}}}", pieces.join(", ")))
        }
        _ => Ok(shortened(&vm.repr(value)?, OTHER)),
    }
}

fn joined(vm: &mut Vm, items: &[Value], level: usize) -> Result<String> {
    if level == 0 && !items.is_empty() {
        return Ok("...".to_string());
    }
    let mut pieces = Vec::new();
    for item in items.iter().take(ITEMS) {
        pieces.push(at_level(vm, item, level - 1)?);
    }
    if items.len() > ITEMS {
        pieces.push("...".to_string());
    }
    Ok(pieces.join(", "))
}

/// In order, if they have one.
fn sorted(vm: &mut Vm, items: Vec<Value>) -> Result<Vec<Value>> {
    let list = Value::list(items.clone());
    match vm.call_method(&list, &Str::intern("sort"), &[]) {
        Ok(_) => vm.collect(&list),
        Err(_) => Ok(items),
    }
}

fn first_characters(text: &Str, count: usize) -> Str {
    if text.characters() <= count { text.clone() } else { Str::from(text.chars().take(count).collect::<String>()) }
}

/// How many characters stay in front of and behind the dots.
fn halves(limit: usize) -> (usize, usize) {
    let before = (limit - 3) / 2;
    (before, limit - 3 - before)
}

fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit { text.to_string() } else { without_middle(text, limit) }
}

fn without_middle(text: &str, limit: usize) -> String {
    let (before, after) = halves(limit);
    let count = text.chars().count();
    let start: String = text.chars().take(before).collect();
    let end: String = text.chars().skip(count.saturating_sub(after)).collect();
    format!("{start}...{end}")
}
