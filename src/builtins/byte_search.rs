//! Methods of bytes and bytearray that search and take apart: find, count, replace, split, strip.

use super::byte_string::{Data, Receiver, byte_of, is_space, not_bytes_like};
use super::str_search::{Bound, clamp_bounds, count_bytes, find_bytes, find_last_bytes};
use crate::native;
use crate::value::bytes::ByteView;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Native, Raised, Result, Value, symbols};
use crate::vm::Vm;

/// What is searched for: bytes or a single byte.
enum Needle<'a> {
    Byte(u8),
    Data(Data<'a>),
}

impl<'a> FromArgument<'a> for Needle<'a> {
    fn from_argument(vm: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        if ByteView::of(value).is_some() {
            return Ok(Needle::Data(Data(value)));
        }
        let is_number = matches!(value.native(), Value::Int(_) | Value::Bool(_) | Value::BigInt(_));
        if !is_number && vm.special(value, &symbols().index)?.is_none() {
            let kind = value.type_name();
            let message = format!("argument should be integer or bytes-like object, not '{kind}'");
            return Err(Raised::type_error(message).into());
        }
        Ok(Needle::Byte(byte_of(vm, value)?))
    }
}

impl Needle<'_> {
    fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Needle::Byte(byte) => look(&[*byte]),
            Needle::Data(data) => look(&data.view()),
        }
    }
}

type Search = fn(&[u8], &[u8]) -> Option<usize>;

fn search(
    this: Receiver<'_>,
    needle: &Needle<'_>,
    bounds: (Option<Bound>, Option<Bound>),
    by: Search,
) -> Option<usize> {
    let data = this.view();
    let (start, end) = clamp_bounds(data.len(), bounds.0, bounds.1)?;
    needle.with(|needle| by(&data[start..end], needle)).map(|place| start + place)
}

fn find(_: &mut Vm, this: Receiver<'_>, needle: Needle<'_>, start: Option<Bound>, end: Option<Bound>) -> i64 {
    search(this, &needle, (start, end), find_bytes).map_or(-1, |place| place as i64)
}

fn rfind(_: &mut Vm, this: Receiver<'_>, needle: Needle<'_>, start: Option<Bound>, end: Option<Bound>) -> i64 {
    search(this, &needle, (start, end), find_last_bytes).map_or(-1, |place| place as i64)
}

fn index(
    _: &mut Vm,
    this: Receiver<'_>,
    needle: Needle<'_>,
    start: Option<Bound>,
    end: Option<Bound>,
) -> Result<usize> {
    search(this, &needle, (start, end), find_bytes).ok_or_else(|| Raised::value_error("subsection not found"))
}

fn rindex(
    _: &mut Vm,
    this: Receiver<'_>,
    needle: Needle<'_>,
    start: Option<Bound>,
    end: Option<Bound>,
) -> Result<usize> {
    search(this, &needle, (start, end), find_last_bytes).ok_or_else(|| Raised::value_error("subsection not found"))
}

fn count(_: &mut Vm, this: Receiver<'_>, needle: Needle<'_>, start: Option<Bound>, end: Option<Bound>) -> usize {
    let data = this.view();
    let Some((start, end)) = clamp_bounds(data.len(), start, end) else { return 0 };
    needle.with(|needle| if needle.is_empty() { end - start + 1 } else { count_bytes(&data[start..end], needle) })
}

fn contains(vm: &mut Vm, this: Receiver<'_>, item: &Value) -> Result<bool> {
    if ByteView::of(item).is_some() {
        return Ok(find_bytes(&this.view(), &Data(item).view()).is_some());
    }
    let is_number = matches!(item.native(), Value::Int(_) | Value::Bool(_) | Value::BigInt(_));
    if !is_number && vm.special(item, &symbols().index)?.is_none() {
        return Err(not_bytes_like(item));
    }
    let byte = byte_of(vm, item)?;
    Ok(memchr::memchr(byte, &this.view()).is_some())
}

fn is_at_end(
    method: &str,
    this: Receiver<'_>,
    wanted: &Value,
    (start, end): (Option<Bound>, Option<Bound>),
    matches: fn(&[u8], &[u8]) -> bool,
) -> Result<bool> {
    let data = this.view();
    let part = clamp_bounds(data.len(), start, end).map(|(start, end)| &data[start..end]);
    let found = |wanted: &[u8]| part.is_some_and(|part| matches(part, wanted));
    if let Some(wanted) = ByteView::of(wanted) {
        return Ok(found(&wanted));
    }
    let Value::Tuple(tuple) = wanted.native() else {
        let kind = wanted.type_name();
        return Err(Raised::type_error(format!("{method} first arg must be bytes or a tuple of bytes, not {kind}")));
    };
    for item in tuple.items() {
        match ByteView::of(item) {
            Some(wanted) if found(&wanted) => return Ok(true),
            Some(_) => {}
            None => return Err(not_bytes_like(item)),
        }
    }
    Ok(false)
}

fn startswith(
    _: &mut Vm,
    this: Receiver<'_>,
    prefix: &Value,
    start: Option<Bound>,
    end: Option<Bound>,
) -> Result<bool> {
    is_at_end("startswith", this, prefix, (start, end), |part, wanted| part.starts_with(wanted))
}

fn endswith(_: &mut Vm, this: Receiver<'_>, suffix: &Value, start: Option<Bound>, end: Option<Bound>) -> Result<bool> {
    is_at_end("endswith", this, suffix, (start, end), |part, wanted| part.ends_with(wanted))
}

fn removeprefix(_: &mut Vm, this: Receiver<'_>, prefix: Data<'_>) -> Value {
    match this.view().strip_prefix(&*prefix.view()) {
        Some(rest) => this.make(rest.to_vec()),
        None => this.same(),
    }
}

fn removesuffix(_: &mut Vm, this: Receiver<'_>, suffix: Data<'_>) -> Value {
    match this.view().strip_suffix(&*suffix.view()) {
        Some(rest) => this.make(rest.to_vec()),
        None => this.same(),
    }
}

fn replace(_: &mut Vm, this: Receiver<'_>, old: Data<'_>, new: Data<'_>, count: Option<i64>) -> Value {
    let limit = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    let (data, old, new) = (this.view(), old.view(), new.view());
    let mut result = Vec::with_capacity(data.len());
    if old.is_empty() {
        for (place, byte) in data.iter().enumerate() {
            if place < limit {
                result.extend_from_slice(&new);
            }
            result.push(*byte);
        }
        if data.len() < limit {
            result.extend_from_slice(&new);
        }
        return this.make(result);
    }
    let mut done = 0;
    for place in memchr::memmem::find_iter(&data, &*old).take(limit) {
        result.extend_from_slice(&data[done..place]);
        result.extend_from_slice(&new);
        done = place + old.len();
    }
    if done == 0 {
        return this.same();
    }
    result.extend_from_slice(&data[done..]);
    this.make(result)
}

fn check_separator(separator: Option<Data<'_>>) -> Result<()> {
    match separator {
        Some(separator) if separator.view().is_empty() => Err(Raised::value_error("empty separator")),
        _ => Ok(()),
    }
}

fn split(_: &mut Vm, this: Receiver<'_>, separator: Option<Data<'_>>, limit: Option<i64>) -> Result<Value> {
    check_separator(separator)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let data = this.view();
    let mut parts: Vec<Value> = Vec::new();
    match separator {
        None => {
            let mut rest = data.trim_start_matching(is_space);
            while !rest.is_empty() {
                let space = if parts.len() == limit { None } else { rest.iter().position(|byte| is_space(*byte)) };
                let Some(end) = space else {
                    parts.push(this.make(rest.to_vec()));
                    break;
                };
                parts.push(this.make(rest[..end].to_vec()));
                rest = rest[end..].trim_start_matching(is_space);
            }
        }
        Some(separator) => {
            let separator = separator.view();
            let mut start = 0;
            for place in memchr::memmem::find_iter(&data, &*separator).take(limit) {
                parts.push(this.make(data[start..place].to_vec()));
                start = place + separator.len();
            }
            parts.push(this.make(data[start..].to_vec()));
        }
    }
    Ok(Value::list(parts))
}

fn rsplit(_: &mut Vm, this: Receiver<'_>, separator: Option<Data<'_>>, limit: Option<i64>) -> Result<Value> {
    check_separator(separator)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let data = this.view();
    let mut parts: Vec<Value> = Vec::new();
    match separator {
        None => {
            let mut rest = data.trim_end_matching(is_space);
            while !rest.is_empty() {
                let space = if parts.len() == limit { None } else { rest.iter().rposition(|byte| is_space(*byte)) };
                let Some(place) = space else {
                    parts.push(this.make(rest.to_vec()));
                    break;
                };
                parts.push(this.make(rest[place + 1..].to_vec()));
                rest = rest[..place].trim_end_matching(is_space);
            }
        }
        Some(separator) => {
            let separator = separator.view();
            let mut end = data.len();
            while parts.len() < limit
                && let Some(place) = find_last_bytes(&data[..end], &separator)
            {
                parts.push(this.make(data[place + separator.len()..end].to_vec()));
                end = place;
            }
            parts.push(this.make(data[..end].to_vec()));
        }
    }
    parts.reverse();
    Ok(Value::list(parts))
}

/// Trimming of byte slices by a test.
trait Trim {
    fn trim_start_matching(&self, test: impl Fn(u8) -> bool) -> &Self;
    fn trim_end_matching(&self, test: impl Fn(u8) -> bool) -> &Self;
}

impl Trim for [u8] {
    fn trim_start_matching(&self, test: impl Fn(u8) -> bool) -> &[u8] {
        let start = self.iter().position(|byte| !test(*byte)).unwrap_or(self.len());
        &self[start..]
    }

    fn trim_end_matching(&self, test: impl Fn(u8) -> bool) -> &[u8] {
        let end = self.iter().rposition(|byte| !test(*byte)).map_or(0, |place| place + 1);
        &self[..end]
    }
}

fn is_unwanted(unwanted: Option<Data<'_>>) -> impl Fn(u8) -> bool {
    let unwanted = unwanted.map(|unwanted| unwanted.view().to_vec());
    move |byte| match &unwanted {
        None => is_space(byte),
        Some(unwanted) => unwanted.contains(&byte),
    }
}

/// The part that is left: the object itself when that is all of it.
fn trimmed(this: Receiver<'_>, trim: impl FnOnce(&[u8]) -> &[u8]) -> Value {
    let view = this.view();
    let part = trim(&view);
    if part.len() == view.len() {
        drop(view);
        return this.same();
    }
    this.make(part.to_vec())
}

fn strip(_: &mut Vm, this: Receiver<'_>, unwanted: Option<Data<'_>>) -> Value {
    let test = is_unwanted(unwanted);
    trimmed(this, |view| view.trim_start_matching(&test).trim_end_matching(&test))
}

fn lstrip(_: &mut Vm, this: Receiver<'_>, unwanted: Option<Data<'_>>) -> Value {
    trimmed(this, |view| view.trim_start_matching(is_unwanted(unwanted)))
}

fn rstrip(_: &mut Vm, this: Receiver<'_>, unwanted: Option<Data<'_>>) -> Value {
    trimmed(this, |view| view.trim_end_matching(is_unwanted(unwanted)))
}

fn splitlines(_: &mut Vm, this: Receiver<'_>, keep_ends: Option<bool>) -> Value {
    let keep_ends = keep_ends.unwrap_or(false);
    let data = this.view();
    let mut lines = Vec::new();
    let mut rest: &[u8] = &data;
    while !rest.is_empty() {
        let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let end = match &rest[line..] {
            [b'\r', b'\n', ..] => line + 2,
            [] => line,
            _ => line + 1,
        };
        lines.push(this.make(rest[..if keep_ends { end } else { line }].to_vec()));
        rest = &rest[end..];
    }
    Value::list(lines)
}

fn partition(_: &mut Vm, this: Receiver<'_>, separator: Data<'_>) -> Result<Value> {
    check_separator(Some(separator))?;
    let (data, divider) = (this.view(), separator.view());
    Ok(Value::tuple(match find_bytes(&data, &divider) {
        Some(place) => vec![
            this.make(data[..place].to_vec()),
            this.make(divider.to_vec()),
            this.make(data[place + divider.len()..].to_vec()),
        ],
        None => vec![this.make(data.to_vec()), this.make(Vec::new()), this.make(Vec::new())],
    }))
}

fn rpartition(_: &mut Vm, this: Receiver<'_>, separator: Data<'_>) -> Result<Value> {
    check_separator(Some(separator))?;
    let (data, divider) = (this.view(), separator.view());
    Ok(Value::tuple(match find_last_bytes(&data, &divider) {
        Some(place) => vec![
            this.make(data[..place].to_vec()),
            this.make(divider.to_vec()),
            this.make(data[place + divider.len()..].to_vec()),
        ],
        None => vec![this.make(Vec::new()), this.make(Vec::new()), this.make(data.to_vec())],
    }))
}

/// The rows of this file, for both types.
pub const METHODS: &[Native] = &[
    native!("__contains__(self, key, /)", contains(required, required), "key in self"),
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
        "Whether the bytes between start and end start with the prefix, or with one of a tuple."
    ),
    native!(
        "endswith(self, suffix, start=None, end=None, /)",
        endswith(required, required, optional, optional),
        "Whether the bytes between start and end end with the suffix, or with one of a tuple."
    ),
    native!("removeprefix(self, prefix, /)", removeprefix(required, required), "The bytes without the prefix."),
    native!("removesuffix(self, suffix, /)", removesuffix(required, required), "The bytes without the suffix."),
    native!(
        "replace(self, old, new, count=-1, /)",
        replace(required, required, required, optional),
        "The bytes with old replaced by new, at most count times from the left."
    ),
    native!(
        "split(self, /, sep=None, maxsplit=-1)",
        split(required, optional, optional),
        "The parts between separators, or between white space."
    ),
    native!(
        "rsplit(self, /, sep=None, maxsplit=-1)",
        rsplit(required, optional, optional),
        "As split, but maxsplit counts from the right."
    ),
    native!("splitlines(self, /, keepends=False)", splitlines(required, optional), "The lines."),
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
    native!("strip(self, bytes=None, /)", strip(required, optional), "Without white space or given bytes at the ends."),
    native!(
        "lstrip(self, bytes=None, /)",
        lstrip(required, optional),
        "Without white space or given bytes at the start."
    ),
    native!(
        "rstrip(self, bytes=None, /)",
        rstrip(required, optional),
        "Without white space or given bytes at the end."
    ),
];
