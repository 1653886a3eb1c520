//! Positions of a TextIOWrapper. A position is that of the stream below at which decoding can begin anew.

use super::text::{Decoded, Text};
use super::{base, unsupported};
use crate::value::{Raised, Result, Str, Value, symbols};
use crate::vm::Vm;

impl Text {
    /// `tell()`.
    pub fn tell(&self, vm: &mut Vm, this: &Value) -> Result<i64> {
        let buffer = self.open_buffer(vm, this)?;
        if !self.is_seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        if !self.tells.get() {
            return Err(Raised::os_error("telling position disabled by next() call"));
        }
        self.write_pending(vm, &buffer)?;
        vm.call_method(this, &symbols().flush, &[])?;
        let position = vm.call_method(&buffer, &Str::intern("tell"), &[])?;
        let position = vm.index(&position)?;
        let (mut decoder, input) = match &*self.snapshot.borrow() {
            Some(snapshot) => (snapshot.decoder.clone(), snapshot.input.clone()),
            None => return Ok(position),
        };
        // The snapshot begins with what the decoder had held back then.
        let held = decoder.codec.pending().len() as i64;
        let start = position - input.len() as i64;
        let used = self.decoded.borrow().text[..self.decoded.borrow().used].chars().count();
        if used == 0 {
            return Ok(start - held);
        }
        if used == self.decoded.borrow().text.chars().count()
            && self.decoder.borrow().as_ref().is_some_and(|d| d.is_clean())
        {
            return Ok(position);
        }
        // Feeds the chunk byte by byte until as much text has come out as was read.
        let mut count = 0;
        let mut clean = 0;
        for (index, byte) in input.iter().enumerate() {
            let text = decoder.decode(vm, std::slice::from_ref(byte), false)?;
            let more = text.chars().count();
            if count + more > used {
                // A `\r` that was held back and what follows it have come out together.
                return Ok(start + index as i64);
            }
            count += more;
            if count == used && decoder.is_clean() {
                clean = index + 1;
                break;
            }
        }
        Ok(start + clean as i64)
    }

    /// `seek(offset, whence)`.
    pub fn seek(&self, vm: &mut Vm, this: &Value, offset: &Value, whence: i64) -> Result<Value> {
        let buffer = self.open_buffer(vm, this)?;
        if !self.is_seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        let is_zero = matches!(offset.native(), Value::Int(0));
        let target = match whence {
            0 => offset.clone(),
            1 if !is_zero => return Err(unsupported("can't do nonzero cur-relative seeks")),
            1 => {
                let here = vm.call_method(this, &Str::intern("tell"), &[])?;
                vm.call_method(this, &symbols().flush, &[])?;
                here
            }
            2 if !is_zero => return Err(unsupported("can't do nonzero end-relative seeks")),
            2 => {
                vm.call_method(this, &symbols().flush, &[])?;
                self.forget();
                self.reset(false);
                let position = vm.call_method(&buffer, &Str::intern("seek"), &[Value::Int(0), Value::Int(2)])?;
                let is_start = matches!(position, Value::Int(0));
                self.set_begun(!is_start);
                return Ok(position);
            }
            other => return Err(Raised::value_error(format!("invalid whence ({other}, should be 0, 1 or 2)"))),
        };
        let position = vm.index(&target)?;
        if position < 0 {
            return Err(Raised::value_error(format!("negative seek position {position}")));
        }
        vm.call_method(this, &symbols().flush, &[])?;
        vm.call_method(&buffer, &Str::intern("seek"), &[target.clone()])?;
        self.decoded.replace(Decoded::default());
        self.snapshot.replace(None);
        self.reset(position == 0);
        self.set_begun(position != 0);
        Ok(target)
    }

    fn reset(&self, is_start: bool) {
        if let Some(decoder) = &mut *self.decoder.borrow_mut() {
            decoder.reset(is_start);
        }
    }

    fn set_begun(&self, has_begun: bool) {
        if let Some(encoder) = &mut *self.encoder.borrow_mut() {
            encoder.set_begun(has_begun);
        }
    }

    /// What a wrapper finds out about the stream below when it is made: whether it can be moved in, and
    /// whether there is text before what will be written.
    pub fn look_below(&self, vm: &mut Vm, buffer: &Value) -> Result<()> {
        let is_seekable = super::raw::ask(vm, buffer, "seekable")?;
        self.is_seekable.set(is_seekable);
        self.tells.set(is_seekable);
        if is_seekable && self.encoder.borrow().is_some() {
            let position = vm.call_method(buffer, &Str::intern("tell"), &[])?;
            let is_start = vm.index(&position)? == 0;
            self.set_begun(!is_start);
        }
        Ok(())
    }

    /// `truncate(size)`.
    pub fn truncate(&self, vm: &mut Vm, this: &Value, size: Option<Value>) -> Result<Value> {
        let buffer = self.buffer()?;
        base::check_open(vm, this)?;
        vm.call_method(this, &symbols().flush, &[])?;
        vm.call_method(&buffer, &Str::intern("truncate"), &[size.unwrap_or(Value::None)])
    }
}
