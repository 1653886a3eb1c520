//! "Did you mean": the known name most like a mistyped one.

use super::{find_native, state, stdlib};
use crate::value::{Exception, Gc, Str, Value, symbols, types};
use crate::vm::Vm;

/// What the message of an exception about a name that does not exist may say more; empty if nothing.
pub fn hint(vm: &mut Vm, exception: &Gc<Exception>) -> String {
    let names = symbols();
    let text = |key: &Str| exception.get(key).and_then(|value| value.as_str().cloned());
    let (name, known) = if exception.is_a(&types().name_error) {
        let Some(name) = text(&Str::intern("name")) else { return String::new() };
        let known = names_in_reach(vm, exception);
        (name, known)
    } else if exception.is_a(&types().attribute_error) {
        let (Some(name), Some(object)) = (text(&Str::intern("name")), exception.get(&names.obj)) else {
            return String::new();
        };
        (name, attribute_names(vm, &object))
    } else if exception.is_a(&types().import_error) {
        let (Some(name), Some(module)) = (text(&Str::intern("name_from")), text(&Str::intern("name"))) else {
            return String::new();
        };
        let module = state().modules.get_str(&module);
        (name, module.map_or(Vec::new(), |module| attribute_names(vm, &module)))
    } else {
        return String::new();
    };
    let wanted = name.starts_with('_');
    let known: Vec<Str> = known.into_iter().filter(|known| wanted || !known.starts_with('_')).collect();
    let meant = closest(&name, &known);
    let is_module =
        exception.is_a(&types().name_error) && (find_native(&name).is_some() || stdlib::find(&name).is_some());
    match meant {
        Some(meant) if is_module => format!(". Did you mean: '{meant}'? Or did you forget to import '{name}'?"),
        Some(meant) => format!(". Did you mean: '{meant}'?"),
        None if is_module => format!(". Did you forget to import '{name}'?"),
        None => String::new(),
    }
}

/// The names the innermost frame could have used: its variables, its globals, the builtins.
fn names_in_reach(vm: &mut Vm, exception: &Gc<Exception>) -> Vec<Str> {
    let traceback = exception.traceback.borrow();
    let Some(innermost) = traceback.first() else { return Vec::new() };
    let code = &innermost.function.code.code;
    let variables = code.register_names.iter().flatten().chain(&code.free_names).chain(&code.spill_names);
    let mut known: Vec<Str> = variables.map(|name| Str::intern(name)).collect();
    known.extend(innermost.function.globals.keys().iter().filter_map(|name| name.as_str().cloned()));
    known.extend(vm.builtins.keys().iter().filter_map(|name| name.as_str().cloned()));
    known
}

/// `dir(object)`; nothing when that fails.
fn attribute_names(vm: &mut Vm, object: &Value) -> Vec<Str> {
    let Some(dir) = vm.builtins.get_str(&Str::intern("dir")) else { return Vec::new() };
    let names = vm.call(&dir, std::slice::from_ref(object)).and_then(|names| vm.collect(&names));
    names.map_or(Vec::new(), |names| names.iter().filter_map(|name| name.as_str().cloned()).collect())
}

/// What a change of case costs; any other change costs `CHANGE`.
const CASE: usize = 1;
const CHANGE: usize = 2;
/// Names longer than this are not compared.
const LONGEST: usize = 40;
/// More names than this are not searched.
const MOST: usize = 750;

/// The known name most like `name`; none when all are too different.
pub fn closest(name: &str, known: &[Str]) -> Option<Str> {
    if name.chars().count() > LONGEST || known.len() > MOST {
        return None;
    }
    let mut best: Option<(usize, &Str)> = None;
    for candidate in known {
        if **candidate == *name || candidate.chars().count() > LONGEST {
            continue;
        }
        // A third of the letters of both may differ.
        let most = (name.chars().count() + candidate.chars().count() + 3) * CHANGE / 6;
        let most = best.map_or(most, |(distance, _)| most.min(distance.saturating_sub(1)));
        let distance = distance(name, candidate);
        if distance <= most && best.is_none_or(|(best, _)| distance < best) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.clone())
}

/// The cost of turning one text into the other, by Wagner and Fischer's table, row by row.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).map(|index| index * CHANGE).collect();
    for (index, one) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = (index + 1) * CHANGE;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + replacement(one, *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + CHANGE).min(diagonal + CHANGE);
        }
    }
    row[right.len()]
}

fn replacement(one: char, other: char) -> usize {
    if one == other {
        0
    } else if one.to_lowercase().eq(other.to_lowercase()) {
        CASE
    } else {
        CHANGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_found() {
        let known: Vec<Str> = ["append", "extend", "pop", "Index"].into_iter().map(Str::new).collect();
        let closest = |name| closest(name, &known).map(|found| found.to_string());
        assert_eq!(closest("apend"), Some("append".to_string()));
        assert_eq!(closest("index"), Some("Index".to_string()));
        assert_eq!(closest("something"), None);
    }
}
