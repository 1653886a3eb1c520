//! The text that is searched: a str, or the bytes of a bytes-like object.

use super::matcher::Haystack;
use crate::memory::{StrBuilder, Tracer};
use crate::value::bytes::{self, ByteView, MemoryView};
use crate::value::{Bytes, Gc, Raised, Result, Str, Value};

/// A text, kept as long as matches refer to it.
#[derive(Clone)]
pub struct Subject {
    /// The object that was given.
    pub object: Value,
    data: Data,
}

#[derive(Clone)]
enum Data {
    Text(Str),
    Octets(Gc<Bytes>),
}

impl Subject {
    /// The text in an object; `is_text` says which kind the pattern can search, if there is a pattern.
    pub fn new(object: &Value, is_text: bool) -> Result<Subject> {
        let subject = Subject::of(object).ok_or_else(|| {
            Raised::type_error(format!("expected string or bytes-like object, got '{}'", object.type_name()))
        })?;
        match (is_text, &subject.data) {
            (true, Data::Octets(_)) => Err(Raised::type_error("cannot use a string pattern on a bytes-like object")),
            (false, Data::Text(_)) => Err(Raised::type_error("cannot use a bytes pattern on a string-like object")),
            _ => Ok(subject),
        }
    }

    fn of(object: &Value) -> Option<Subject> {
        let data = match object.native() {
            Value::Str(text) => Data::Text(text.clone()),
            Value::Bytes(bytes) => Data::Octets(bytes.clone()),
            // What can change is copied: finalizers may run between two matches.
            _ => Data::Octets(Gc::new(Bytes::new(ByteView::of(object)?.to_vec()))),
        };
        Some(Subject { object: object.clone(), data })
    }

    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Text(text) => text.as_bytes(),
            Data::Octets(bytes) => &bytes.data,
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self.data, Data::Text(_))
    }

    /// Whether characters can be longer than a byte.
    fn is_wide(&self) -> bool {
        matches!(&self.data, Data::Text(text) if !text.is_ascii())
    }

    /// What is before a place, to be searched.
    pub fn haystack(&self, end: usize) -> Haystack<'_> {
        Haystack { bytes: &self.bytes()[..end], is_wide: self.is_wide() }
    }

    /// Length in characters.
    pub fn characters(&self) -> usize {
        match &self.data {
            Data::Text(text) => text.characters(),
            Data::Octets(bytes) => bytes.data.len(),
        }
    }

    /// The place of a character, whose index is in range.
    pub fn place(&self, index: usize) -> usize {
        match &self.data {
            Data::Text(text) => text.byte_offset(index),
            Data::Octets(_) => index,
        }
    }

    /// The index of the character at a place, when that of another place is known.
    pub fn index(&self, place: usize, known: Anchor) -> usize {
        if !self.is_wide() {
            return place;
        }
        let count = |part: &[u8]| part.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let bytes = self.bytes();
        match place >= known.place {
            true => known.index + count(&bytes[known.place..place]),
            false => known.index - count(&bytes[place..known.place]),
        }
    }

    /// Keeps what can change its size from doing so, as long as the view is there.
    pub fn hold(&self) -> Option<MemoryView> {
        let can_change = !matches!(self.object.native(), Value::Str(_) | Value::Bytes(_));
        can_change.then(|| MemoryView::new(&self.object, self.bytes().len()))
    }

    /// A part as it is now: bytes that can change may have done so.
    pub fn part_now(&self, start: usize, end: usize) -> Value {
        if matches!(self.object.native(), Value::Str(_) | Value::Bytes(_)) {
            return self.part(start, end);
        }
        let Some(now) = ByteView::of(&self.object) else { return self.part(start, end) };
        let end = end.min(now.len());
        bytes::new(&now[start.min(end)..end])
    }

    /// A part as a value of its own.
    #[inline]
    pub fn part(&self, start: usize, end: usize) -> Value {
        match &self.data {
            Data::Text(text) if start == 0 && end == text.len() => Value::Str(text.clone()),
            Data::Text(text) if text.is_ascii() => Value::Str(Str::with_length(&text[start..end], end - start)),
            Data::Text(text) => Value::Str(Str::new(&text[start..end])),
            Data::Octets(all) if start == 0 && end == all.data.len() => Value::Bytes(all.clone()),
            Data::Octets(all) => bytes::new(&all.data[start..end]),
        }
    }

    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        self.object.trace(tracer);
    }
}

/// A place whose index in characters is known.
#[derive(Clone, Copy, Default)]
pub struct Anchor {
    pub place: usize,
    pub index: usize,
}

/// A text that is put together of parts of a subject and others.
pub enum Output {
    Text(StrBuilder),
    Octets(Vec<u8>),
}

impl Output {
    pub fn new(is_text: bool) -> Output {
        if is_text { Output::Text(StrBuilder::new()) } else { Output::Octets(Vec::new()) }
    }

    /// Appends a part of a subject of the same kind.
    pub fn push_part(&mut self, subject: &Subject, start: usize, end: usize) {
        match (self, &subject.data) {
            (Output::Text(text), Data::Text(whole)) => text.push_str(&whole[start..end]),
            (Output::Octets(octets), Data::Octets(whole)) => octets.extend_from_slice(&whole.data[start..end]),
            _ => {}
        }
    }

    /// Appends a text; for bytes, a character is the byte with its number.
    pub fn push_text(&mut self, more: &str) {
        match self {
            Output::Text(text) => text.push_str(more),
            Output::Octets(octets) => octets.extend(more.chars().map(|character| character as u32 as u8)),
        }
    }

    /// Appends an object of the same kind, the item with this number of what is joined.
    pub fn push_object(&mut self, object: &Value, number: usize) -> Result<()> {
        let expected = match self {
            Output::Text(text) => match object.as_str() {
                Some(more) => {
                    text.push_str(more);
                    return Ok(());
                }
                None => "str instance",
            },
            Output::Octets(octets) => match ByteView::of(object) {
                Some(more) => {
                    octets.extend_from_slice(&more);
                    return Ok(());
                }
                None => "a bytes-like object",
            },
        };
        let kind = object.type_name();
        Err(Raised::type_error(format!("sequence item {number}: expected {expected}, {kind} found")))
    }

    pub fn finish(self) -> Value {
        match self {
            Output::Text(text) => Value::Str(text.finish()),
            Output::Octets(octets) => bytes::new(octets),
        }
    }
}
