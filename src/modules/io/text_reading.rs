//! How a TextIOWrapper reads: chunks, characters, lines.

use super::buffered::Buffered;
use super::newline::Newline;
use super::text::{CHUNK, Decoded, Snapshot, Text};
use super::{base, unsupported};
use crate::value::bytes::ByteView;
use crate::value::{Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

impl Text {
    /// The stream below of an open wrapper that can be read, with everything written passed on.
    fn readable_buffer(&self, vm: &mut Vm, this: &Value) -> Result<Value> {
        let buffer = self.open_buffer(vm, this)?;
        if self.decoder.borrow().is_none() {
            return Err(unsupported("not readable"));
        }
        self.write_pending(vm, &buffer)?;
        Ok(buffer)
    }

    /// Decodes bytes that have just been read. The decoder keeps its state from before when that fails.
    fn decode(&self, vm: &mut Vm, data: Vec<u8>, is_final: bool) -> Result<Str> {
        let Some(before) = self.decoder.borrow().clone() else { return Err(unsupported("not readable")) };
        let mut decoder = before.clone();
        let text = decoder.decode(vm, &data, is_final)?;
        self.decoder.replace(Some(decoder));
        if self.tells.get() {
            self.snapshot.replace(Some(Snapshot { decoder: before, input: data }));
        }
        Ok(text)
    }

    /// Reads and decodes one more chunk behind what is there. False at the end.
    fn read_chunk(&self, vm: &mut Vm, buffer: &Value) -> Result<bool> {
        let data = match Buffered::of_exact(buffer) {
            Some(buffered) => buffered.read1(vm, Some(CHUNK))?,
            None => {
                let read1 = vm.get_attribute_if_any(buffer, &Str::intern("read1"))?;
                let (method, read) = match read1 {
                    Some(read1) => ("read1", read1),
                    None => ("read", vm.get_attribute(buffer, &Str::intern("read"))?),
                };
                let data = vm.call(&read, &[Value::from(CHUNK)])?;
                bytes_of(&data, method)?
            }
        };
        let is_end = data.is_empty();
        let text = self.decode(vm, data, is_end)?;
        let has_text = !text.is_empty();
        self.decoded.replace(Decoded { text, used: 0 });
        Ok(!is_end || has_text)
    }

    /// Reads so many characters, or all.
    pub fn read(&self, vm: &mut Vm, this: &Value, size: Option<usize>) -> Result<Str> {
        let buffer = self.readable_buffer(vm, this)?;
        let Some(size) = size else {
            let data = match Buffered::of_exact(&buffer) {
                Some(buffered) => buffered.read(vm, None)?.unwrap_or_default(),
                None => {
                    let data = vm.call_method(&buffer, &Str::intern("read"), &[])?;
                    bytes_of(&data, "read")?
                }
            };
            let Some(mut decoder) = self.decoder.borrow().clone() else { return Err(unsupported("not readable")) };
            let text = decoder.decode(vm, &data, true)?;
            decoder.codec.reset(false);
            self.decoder.replace(Some(decoder));
            self.snapshot.replace(None);
            let before = self.decoded.replace(Decoded::default());
            return Ok(if before.rest().is_empty() { text } else { Str::join(&[before.rest(), &text]) });
        };
        let mut out = String::new();
        let mut missing = size;
        loop {
            {
                let mut decoded = self.decoded.borrow_mut();
                let rest = decoded.rest();
                let (length, count) = match rest.char_indices().nth(missing) {
                    Some((length, _)) => (length, missing),
                    None => (rest.len(), rest.chars().count()),
                };
                out.push_str(&rest[..length]);
                decoded.used += length;
                missing -= count;
            }
            if missing == 0 || !self.read_chunk(vm, &buffer)? {
                return Ok(Str::from(out));
            }
        }
    }

    /// A line with its end, or so many characters of it.
    pub fn readline(&self, vm: &mut Vm, this: &Value, limit: Option<usize>) -> Result<Str> {
        let buffer = self.readable_buffer(vm, this)?;
        let newline = self.settings(|settings| settings.newline)?;
        // What came before in chunks that had no end of a line.
        let mut line = String::new();
        loop {
            let found = {
                let mut decoded = self.decoded.borrow_mut();
                let rest = decoded.rest();
                if line.is_empty() {
                    // The usual case: a whole line in this chunk.
                    let end = cut(newline, rest, 0, limit);
                    let found = end.map(|end| Str::new(&rest[..end]));
                    if found.is_none() {
                        line.push_str(rest);
                    }
                    decoded.used = end.map_or(decoded.text.len(), |end| decoded.used + end);
                    found
                } else {
                    // An end of two characters may be spread over two chunks.
                    let before = line.len();
                    let start = before - usize::from(line.ends_with('\r'));
                    line.push_str(rest);
                    let end = cut(newline, &line, start, limit).map(|end| end.max(before));
                    decoded.used = end.map_or(decoded.text.len(), |end| decoded.used + end - before);
                    end.map(|end| {
                        line.truncate(end);
                        Str::from(std::mem::take(&mut line))
                    })
                }
            };
            if let Some(found) = found {
                return Ok(found);
            }
            if !self.read_chunk(vm, &buffer)? {
                self.decoded.replace(Decoded::default());
                self.snapshot.replace(None);
                return Ok(Str::from(line));
            }
        }
    }
}

/// Where the first line of a text ends, in bytes; None when its end has not come yet. There is none before
/// `start`.
fn cut(newline: Newline, text: &str, start: usize, limit: Option<usize>) -> Option<usize> {
    let end = newline.line_length(&text[start..]).map(|length| start + length);
    let Some(limit) = limit else { return end };
    let mut boundaries = text.char_indices().map(|(place, _)| place).chain([text.len()]);
    match (end, boundaries.nth(limit)) {
        (Some(end), Some(most)) => Some(end.min(most)),
        (end, most) => end.or(most),
    }
}

/// The bytes that a stream has given.
fn bytes_of(data: &Value, method: &str) -> Result<Vec<u8>> {
    match ByteView::of(data) {
        Some(data) => Ok(data.to_vec()),
        None => Err(Raised::type_error(format!(
            "underlying {method}() should have returned a bytes-like object, not '{}'",
            data.type_name()
        ))),
    }
}

/// The next line of an iteration.
pub fn next(vm: &mut Vm, this: &Value) -> Result<Value> {
    let text = this.payload::<Text>().ok_or_else(|| Raised::type_error("this is not a TextIOWrapper"))?;
    text.buffer()?;
    text.tells.set(false);
    let line = if base::is_exactly(this, &super::classes().text) {
        Value::Str(text.readline(vm, this, None)?)
    } else {
        vm.call_method(this, &symbols().readline, &[])?
    };
    match line.as_str() {
        Some(line) if !line.is_empty() => {}
        Some(_) => {
            text.snapshot.replace(None);
            text.tells.set(text.is_seekable.get());
            return Err(Raised::stop_iteration(Value::None));
        }
        None => {
            let kind = line.type_name();
            return Err(Raised::os_error(format!("readline() should have returned a str object, not '{kind}'")));
        }
    }
    Ok(line)
}
