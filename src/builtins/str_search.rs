//! Methods of str that search and take apart: find, count, replace, split, partition, strip.
//!
//! Positions of the script are in characters, those of UTF-8 in bytes; for ASCII text they are the same
//! and nothing is counted. A needle found in UTF-8 always starts at a character.

use memchr::memmem;

use crate::memory::StrBuilder;
use crate::native;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::str_properties::{is_space, is_space_byte};
use crate::value::{Native, Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

/// A bound such as the `start` of `str.find`: an index, clamped to what fits.
#[derive(Clone, Copy)]
pub struct Bound(pub i64);

impl<'a> FromArgument<'a> for Bound {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        if let Value::Int(index) = value {
            return Ok(Bound(*index));
        }
        match vm.index_clamped(value) {
            Ok(index) => Ok(Bound(index)),
            Err(_) if vm.special(value, &symbols().index)?.is_none() => {
                Err(Raised::type_error("slice indices must be integers or None or have an __index__ method").into())
            }
            Err(raised) => Err(raised.into()),
        }
    }
}

/// Where a search between two bounds takes place: from `start` to `end`, None when that is out of range
/// (an empty needle is then not found either).
pub fn clamp_bounds(length: usize, start: Option<Bound>, end: Option<Bound>) -> Option<(usize, usize)> {
    let length = length as i64;
    let from_end = |bound: i64| if bound < 0 { (bound + length).max(0) } else { bound };
    let start = start.map_or(0, |Bound(start)| from_end(start));
    let end = end.map_or(length, |Bound(end)| from_end(end)).min(length);
    (start <= end).then_some((start as usize, end as usize))
}

/// A piece of a text as a string: the text itself when it is all of it.
#[inline]
fn piece_of(text: &Str, piece: &str) -> Str {
    if piece.len() == text.len() {
        text.clone()
    } else if text.is_ascii() {
        Str::with_length(piece, piece.len())
    } else {
        Str::new(piece)
    }
}

/// The part of a text between bounds and the index of its first character.
fn window(text: &Str, start: Option<Bound>, end: Option<Bound>) -> Option<(&str, usize)> {
    if start.is_none() && end.is_none() {
        return Some((text, 0));
    }
    let (start, end) = clamp_bounds(text.characters(), start, end)?;
    Some((text.substring(start, end), start))
}

/// The byte at which the needle is first found.
#[inline]
pub fn find_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [byte] => memchr::memchr(*byte, text),
        _ => memmem::find(text, needle),
    }
}

/// The byte at which the needle is last found.
#[inline]
pub fn find_last_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [byte] => memchr::memrchr(*byte, text),
        _ => memmem::rfind(text, needle),
    }
}

/// Shows every byte at which the needle, which is not empty, is found without overlaps, at most `limit`
/// of them.
#[inline]
pub fn each_match(text: &[u8], needle: &[u8], limit: usize, mut visit: impl FnMut(usize)) {
    /// Below this, a search is not worth a prepared searcher.
    const SHORT: usize = 64;
    match needle {
        [byte] => memchr::memchr_iter(*byte, text).take(limit).for_each(visit),
        _ if text.len() < SHORT => {
            let (mut start, mut left) = (0, limit);
            while left > 0
                && let Some(place) = memmem::find(&text[start..], needle)
            {
                visit(start + place);
                start += place + needle.len();
                left -= 1;
            }
        }
        _ => memmem::find_iter(text, needle).take(limit).for_each(visit),
    }
}

/// How often the needle, which is not empty, is found without overlaps.
pub fn count_bytes(text: &[u8], needle: &[u8]) -> usize {
    let mut count = 0;
    each_match(text, needle, usize::MAX, |_| count += 1);
    count
}

type Search = fn(&[u8], &[u8]) -> Option<usize>;

fn search(text: &Str, needle: &str, start: Option<Bound>, end: Option<Bound>, search: Search) -> Option<usize> {
    let (part, first) = window(text, start, end)?;
    let offset = search(part.as_bytes(), needle.as_bytes())?;
    Some(first + if text.is_ascii() { offset } else { part[..offset].chars().count() })
}

fn find(_: &mut Vm, this: &Str, needle: &Str, start: Option<Bound>, end: Option<Bound>) -> i64 {
    search(this, needle, start, end, find_bytes).map_or(-1, |index| index as i64)
}

fn rfind(_: &mut Vm, this: &Str, needle: &Str, start: Option<Bound>, end: Option<Bound>) -> i64 {
    search(this, needle, start, end, find_last_bytes).map_or(-1, |index| index as i64)
}

fn index(_: &mut Vm, this: &Str, needle: &Str, start: Option<Bound>, end: Option<Bound>) -> Result<usize> {
    search(this, needle, start, end, find_bytes).ok_or_else(|| Raised::value_error("substring not found"))
}

fn rindex(_: &mut Vm, this: &Str, needle: &Str, start: Option<Bound>, end: Option<Bound>) -> Result<usize> {
    search(this, needle, start, end, find_last_bytes).ok_or_else(|| Raised::value_error("substring not found"))
}

fn count(_: &mut Vm, this: &Str, needle: &Str, start: Option<Bound>, end: Option<Bound>) -> usize {
    match window(this, start, end) {
        None => 0,
        Some((part, _)) if needle.is_empty() => part.chars().count() + 1,
        Some((part, _)) => count_bytes(part.as_bytes(), needle.as_bytes()),
    }
}

/// `startswith` and `endswith`: whether one of the given texts is at an end of the part.
fn is_at_end(
    method: &str,
    this: &Str,
    wanted: &Value,
    (start, end): (Option<Bound>, Option<Bound>),
    matches: fn(&str, &str) -> bool,
) -> Result<bool> {
    let part = window(this, start, end);
    let found = |text: &Str| part.is_some_and(|(part, _)| matches(part, text));
    if let Some(text) = wanted.as_str() {
        return Ok(found(text));
    }
    let Value::Tuple(tuple) = wanted.native() else {
        let message = format!("{method} first arg must be str or a tuple of str, not {}", wanted.type_name());
        return Err(Raised::type_error(message));
    };
    for item in tuple.items() {
        match item.as_str() {
            Some(text) if found(text) => return Ok(true),
            Some(_) => {}
            None => {
                let message = format!("tuple for {method} must only contain str, not {}", item.type_name());
                return Err(Raised::type_error(message));
            }
        }
    }
    Ok(false)
}

fn startswith(_: &mut Vm, this: &Str, prefix: &Value, start: Option<Bound>, end: Option<Bound>) -> Result<bool> {
    is_at_end("startswith", this, prefix, (start, end), |part, text| part.as_bytes().starts_with(text.as_bytes()))
}

fn endswith(_: &mut Vm, this: &Str, suffix: &Value, start: Option<Bound>, end: Option<Bound>) -> Result<bool> {
    is_at_end("endswith", this, suffix, (start, end), |part, text| part.as_bytes().ends_with(text.as_bytes()))
}

fn removeprefix(_: &mut Vm, this: &Str, prefix: &Str) -> Str {
    this.strip_prefix(&**prefix).map_or_else(|| this.clone(), |rest| piece_of(this, rest))
}

fn removesuffix(_: &mut Vm, this: &Str, suffix: &Str) -> Str {
    this.strip_suffix(&**suffix).map_or_else(|| this.clone(), |rest| piece_of(this, rest))
}

/// From this length of what is put in on, the room for the result is made at once.
const HUGE: usize = 1 << 20;

fn replace(_: &mut Vm, this: &Str, old: &Str, new: &Str, count: Option<i64>) -> Result<Str> {
    let limit = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    if limit == 0 || old.len() > this.len() || **old == **new {
        return Ok(this.clone());
    }
    if old.is_empty() {
        return Ok(interleave(this, new, limit));
    }
    let Some(first) = find_bytes(this.as_bytes(), old.as_bytes()) else { return Ok(this.clone()) };
    let mut room = this.len().max(first + new.len());
    if new.len() > HUGE {
        let mut count = 0;
        each_match(this.as_bytes(), old.as_bytes(), limit, |_| count += 1);
        room = new.len().saturating_mul(count).saturating_add(this.len());
    }
    let mut builder = StrBuilder::try_with_capacity(room).ok_or_else(Raised::out_of_memory)?;
    let mut done = 0;
    each_match(this.as_bytes(), old.as_bytes(), limit, |place| {
        builder.push_str(&this[done..place]);
        builder.push_str(new);
        done = place + old.len();
    });
    builder.push_str(&this[done..]);
    Ok(builder.finish())
}

/// Replaces the emptiness before each character and at the end.
fn interleave(this: &Str, new: &Str, limit: usize) -> Str {
    let mut builder = StrBuilder::with_capacity(this.len() + new.len());
    let mut left = limit;
    for character in this.chars() {
        if left > 0 {
            builder.push_str(new);
            left -= 1;
        }
        builder.push(character);
    }
    if left > 0 {
        builder.push_str(new);
    }
    builder.finish()
}

/// The separator of `split` and `rsplit`; None: white space.
struct Separator<'a>(&'a Str);

impl<'a> FromArgument<'a> for Separator<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.as_str() {
            Some(text) if text.is_empty() => Err(Raised::value_error("empty separator").into()),
            Some(text) => Ok(Separator(text)),
            None => Err(Raised::type_error(format!("must be str or None, not {}", value.type_name())).into()),
        }
    }
}

fn limit_of(limit: Option<i64>) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

fn split(_: &mut Vm, this: &Str, separator: Option<Separator<'_>>, limit: Option<i64>) -> Value {
    let limit = limit_of(limit);
    let mut parts = Vec::new();
    match separator {
        None if this.is_ascii() => split_ascii_words(this, limit, &mut parts),
        None => {
            let mut rest = this.trim_start_matches(is_space);
            while !rest.is_empty() {
                // What is left at the limit keeps its white space.
                let end = if parts.len() == limit { None } else { rest.find(is_space) };
                let Some(end) = end else {
                    parts.push(Value::str(rest));
                    break;
                };
                parts.push(Value::str(&rest[..end]));
                rest = rest[end..].trim_start_matches(is_space);
            }
        }
        Some(Separator(separator)) => {
            let mut start = 0;
            let mut push = |place: usize, parts: &mut Vec<Value>| {
                parts.push(Value::Str(piece_of(this, &this[start..place])));
                start = place + separator.len();
            };
            each_match(this.as_bytes(), separator.as_bytes(), limit, |place| push(place, &mut parts));
            push(this.len(), &mut parts);
        }
    }
    Value::list(parts)
}

fn split_ascii_words(this: &Str, limit: usize, parts: &mut Vec<Value>) {
    let bytes = this.as_bytes();
    let mut position = 0;
    loop {
        while position < bytes.len() && is_space_byte(bytes[position]) {
            position += 1;
        }
        if position == bytes.len() {
            return;
        }
        let start = position;
        if parts.len() == limit {
            parts.push(Value::Str(piece_of(this, &this[start..])));
            return;
        }
        while position < bytes.len() && !is_space_byte(bytes[position]) {
            position += 1;
        }
        parts.push(Value::Str(piece_of(this, &this[start..position])));
    }
}

fn rsplit(_: &mut Vm, this: &Str, separator: Option<Separator<'_>>, limit: Option<i64>) -> Value {
    let limit = limit_of(limit);
    let mut parts = Vec::new();
    match separator {
        None => {
            let mut rest = this.trim_end_matches(is_space);
            while !rest.is_empty() {
                let space = if parts.len() == limit { None } else { rest.char_indices().rfind(|(_, c)| is_space(*c)) };
                let Some((place, space)) = space else {
                    parts.push(Value::Str(piece_of(this, rest)));
                    break;
                };
                parts.push(Value::Str(piece_of(this, &rest[place + space.len_utf8()..])));
                rest = rest[..place].trim_end_matches(is_space);
            }
        }
        Some(Separator(separator)) => {
            let mut end = this.len();
            while parts.len() < limit
                && let Some(place) = find_last_bytes(&this.as_bytes()[..end], separator.as_bytes())
            {
                parts.push(Value::Str(piece_of(this, &this[place + separator.len()..end])));
                end = place;
            }
            parts.push(Value::Str(piece_of(this, &this[..end])));
        }
    }
    parts.reverse();
    Value::list(parts)
}

/// Whether a character ends a line for `str.splitlines`.
fn ends_line(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn splitlines(_: &mut Vm, this: &Str, keep_ends: Option<bool>) -> Value {
    let keep_ends = keep_ends.unwrap_or(false);
    let mut lines = Vec::new();
    let mut rest: &str = this;
    while !rest.is_empty() {
        let (line, after) = match rest.find(ends_line) {
            None => (rest.len(), rest.len()),
            Some(place) if rest[place..].starts_with("\r\n") => (place, place + 2),
            Some(place) => (place, place + rest[place..].chars().next().map_or(0, char::len_utf8)),
        };
        lines.push(Value::Str(piece_of(this, &rest[..if keep_ends { after } else { line }])));
        rest = &rest[after..];
    }
    Value::list(lines)
}

/// The separator of `partition` and `rpartition`.
struct Divider<'a>(&'a Str);

impl<'a> FromArgument<'a> for Divider<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        match value.as_str() {
            Some(text) if text.is_empty() => Err(Raised::value_error("empty separator").into()),
            Some(text) => Ok(Divider(text)),
            None => Err(Raised::type_error(format!("must be str, not {}", value.type_name())).into()),
        }
    }
}

fn divide(this: &Str, divider: &Str, place: usize) -> Value {
    let after = &this[place + divider.len()..];
    Value::tuple(vec![piece_of(this, &this[..place]).into(), divider.clone().into(), piece_of(this, after).into()])
}

fn partition(_: &mut Vm, this: &Str, Divider(divider): Divider<'_>) -> Value {
    match find_bytes(this.as_bytes(), divider.as_bytes()) {
        Some(place) => divide(this, divider, place),
        None => Value::tuple(vec![this.clone().into(), "".into(), "".into()]),
    }
}

fn rpartition(_: &mut Vm, this: &Str, Divider(divider): Divider<'_>) -> Value {
    match find_last_bytes(this.as_bytes(), divider.as_bytes()) {
        Some(place) => divide(this, divider, place),
        None => Value::tuple(vec!["".into(), "".into(), this.clone().into()]),
    }
}

/// `strip`, `lstrip` and `rstrip`: the ends that are stripped.
#[derive(Clone, Copy)]
enum Ends {
    Both,
    Left,
    Right,
}

fn strip_ends(method: &str, this: &Str, characters: Option<&Value>, ends: Ends) -> Result<Str> {
    let strip = |unwanted: &dyn Fn(char) -> bool| match ends {
        Ends::Both => this.trim_matches(unwanted),
        Ends::Left => this.trim_start_matches(unwanted),
        Ends::Right => this.trim_end_matches(unwanted),
    };
    let stripped = match characters {
        None | Some(Value::None) => strip(&is_space),
        Some(value) => match value.as_str() {
            Some(unwanted) => strip(&|character| unwanted.contains(character)),
            None => return Err(Raised::type_error(format!("{method} arg must be None or str"))),
        },
    };
    Ok(piece_of(this, stripped))
}

fn strip(_: &mut Vm, this: &Str, characters: Option<&Value>) -> Result<Str> {
    strip_ends("strip", this, characters, Ends::Both)
}

fn lstrip(_: &mut Vm, this: &Str, characters: Option<&Value>) -> Result<Str> {
    strip_ends("lstrip", this, characters, Ends::Left)
}

fn rstrip(_: &mut Vm, this: &Str, characters: Option<&Value>) -> Result<Str> {
    strip_ends("rstrip", this, characters, Ends::Right)
}

/// The rows of this file, part of the methods of str.
pub const METHODS: &[Native] = &[
    native!(
        "find(self, sub, start=None, end=None, /)",
        find(required, required, optional, optional),
        "The first index at which sub is found between start and end, or -1."
    ),
    native!(
        "rfind(self, sub, start=None, end=None, /)",
        rfind(required, required, optional, optional),
        "The last index at which sub is found between start and end, or -1."
    ),
    native!(
        "index(self, sub, start=None, end=None, /)",
        index(required, required, optional, optional),
        "As find, but a ValueError when sub is not found."
    ),
    native!(
        "rindex(self, sub, start=None, end=None, /)",
        rindex(required, required, optional, optional),
        "As rfind, but a ValueError when sub is not found."
    ),
    native!(
        "count(self, sub, start=None, end=None, /)",
        count(required, required, optional, optional),
        "How often sub is found between start and end, without overlaps."
    ),
    native!(
        "startswith(self, prefix, start=None, end=None, /)",
        startswith(required, required, optional, optional),
        "Whether the text between start and end starts with the prefix, or with one of a tuple."
    ),
    native!(
        "endswith(self, suffix, start=None, end=None, /)",
        endswith(required, required, optional, optional),
        "Whether the text between start and end ends with the suffix, or with one of a tuple."
    ),
    native!(
        "removeprefix(self, prefix, /)",
        removeprefix(required, required),
        "The text without the prefix, if it starts with it."
    ),
    native!(
        "removesuffix(self, suffix, /)",
        removesuffix(required, required),
        "The text without the suffix, if it ends with it."
    ),
    native!(
        "replace(self, old, new, /, count=-1)",
        replace(required, required, required, optional),
        "The text with old replaced by new, at most count times from the left."
    ),
    native!(
        "split(self, /, sep=None, maxsplit=-1)",
        split(required, optional, optional),
        "The parts between separators, or the words between white space."
    ),
    native!(
        "rsplit(self, /, sep=None, maxsplit=-1)",
        rsplit(required, optional, optional),
        "As split, but maxsplit counts from the right."
    ),
    native!("splitlines(self, /, keepends=False)", splitlines(required, optional), "The lines of the text."),
    native!(
        "partition(self, sep, /)",
        partition(required, required),
        "What is before the first separator, the separator, and what is after."
    ),
    native!(
        "rpartition(self, sep, /)",
        rpartition(required, required),
        "What is before the last separator, the separator, and what is after."
    ),
    native!(
        "strip(self, chars=None, /)",
        strip(required, optional),
        "The text without white space or chars at its ends."
    ),
    native!(
        "lstrip(self, chars=None, /)",
        lstrip(required, optional),
        "The text without white space or chars at its start."
    ),
    native!(
        "rstrip(self, chars=None, /)",
        rstrip(required, optional),
        "The text without white space or chars at its end."
    ),
];
