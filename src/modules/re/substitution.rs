//! `sub`, `subn` and `expand`.

use std::rc::Rc;

use super::hunt::Hunt;
use super::match_object::{Found, Match};
use super::pattern::{self, Pattern};
use super::subject::{Anchor, Output, Subject};
use super::template::Template;
use super::{characters_of, raise};
use crate::builtins::functions::is_callable;
use crate::value::{Raised, Result, Value};
use crate::vm::Vm;

/// What takes the place of matches.
enum Replacement {
    /// Always the same.
    Fixed(Value),
    Template(Rc<Template>),
    Function(Value),
}

impl Replacement {
    fn new(vm: &mut Vm, pattern: &Value, given: &Value) -> Result<Replacement> {
        if is_callable(given) {
            return Ok(Replacement::Function(given.clone()));
        }
        match characters_of(given) {
            Some((characters, _)) if !characters.contains(&'\\') => Ok(Replacement::Fixed(given.clone())),
            _ => template(vm, pattern, given).map(Replacement::Template),
        }
    }
}

/// A replacement, read. The one that was read last for a pattern is kept.
fn template(vm: &mut Vm, pattern: &Value, given: &Value) -> Result<Rc<Template>> {
    let this = pattern::of(pattern)?;
    if let Value::Str(text) = given
        && let Some((known, template)) = &*this.last_template.borrow()
        && known == text
    {
        return Ok(template.clone());
    }
    let Some((characters, is_text)) = characters_of(given) else {
        let kind = given.type_name();
        return Err(Raised::type_error(format!("decoding to str: need a bytes-like object, {kind} found")));
    };
    match Template::parse(characters, is_text, this) {
        Ok(template) => {
            let template = Rc::new(template);
            if let Value::Str(text) = given {
                this.last_template.set(Some((text.clone(), template.clone())));
            }
            Ok(template)
        }
        Err(fault) => Err(raise(vm, fault, given)),
    }
}

/// A replacement filled in for one match.
pub fn expand(vm: &mut Vm, pattern: &Value, subject: &Subject, found: &Found, given: &Value) -> Result<Value> {
    let template = template(vm, pattern, given)?;
    let mut out = Output::new(template.is_text);
    template.fill(subject, found, &mut out)?;
    Ok(out.finish())
}

/// The text with up to `most` matches replaced, all for 0, and how many were.
pub fn substitute(
    vm: &mut Vm,
    this: &Value,
    pattern: &Pattern,
    replacement: &Value,
    string: &Value,
    most: i64,
) -> Result<(Value, usize)> {
    let replacement = Replacement::new(vm, this, replacement)?;
    let subject = Subject::new(string, pattern.is_text)?;
    let mut hunt = Hunt::whole(pattern, &subject);
    let limits = (0, subject.characters());
    let mut out = Output::new(pattern.is_text);
    let (mut count, mut behind, mut items) = (0, 0, 0);
    let mut anchor = Anchor::default();
    while (most == 0 || (count as i64) < most)
        && let Some((start, end)) = hunt.next(vm, pattern, &subject)?
    {
        if behind < start {
            out.push_part(&subject, behind, start);
            items += 1;
        }
        match &replacement {
            Replacement::Fixed(text) => out.push_object(text, items)?,
            Replacement::Template(template) => template.fill(&subject, &hunt.found(start, end), &mut out)?,
            Replacement::Function(function) => {
                anchor = Anchor { place: start, index: subject.index(start, anchor) };
                let found = Match::value(this, &subject, limits, hunt.found(start, end), anchor);
                let text = vm.call(function, &[found])?;
                if !text.is_none() {
                    out.push_object(&text, items)?;
                }
            }
        }
        items += 1;
        count += 1;
        behind = end;
    }
    let length = subject.bytes().len();
    if count == 0 {
        return Ok((subject.part(0, length), 0));
    }
    out.push_part(&subject, behind, length);
    Ok((out.finish(), count))
}
