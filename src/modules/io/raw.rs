//! What buffers ask of the stream below: directly when it is a FileIO, by its methods when it is a class
//! of the script.

use super::base::{self, data_of};
use super::file::{self, File};
use crate::value::{Raised, Result, Str, Value, bytes, types};
use crate::vm::Vm;

/// A memoryview of an object.
pub fn view(vm: &mut Vm, object: Value) -> Result<Value> {
    vm.call(&Value::Class(types().memoryview.clone()), &[object])
}

/// Reads so many bytes at most behind what is in `data`. None when there is nothing yet.
pub fn read_onto(vm: &mut Vm, raw: &Value, data: &mut Vec<u8>, size: usize) -> Result<Option<usize>> {
    if let Some(file) = File::of_exact(raw) {
        return file.read_onto(vm, data, size);
    }
    let target = bytes::new_array(vec![0; size]);
    let window = view(vm, target.clone())?;
    let count = vm.call_method(raw, &Str::intern("readinto"), &[window])?;
    if count.is_none() {
        return Ok(None);
    }
    let count = vm.index(&count)?;
    match usize::try_from(count) {
        Ok(count) if count <= size => {
            data.extend_from_slice(&data_of(&target)?[..count]);
            Ok(Some(count))
        }
        _ => Err(Raised::os_error(format!(
            "raw readinto() returned invalid length {count} (should have been between 0 and {size})"
        ))),
    }
}

/// All that is left. None when there is nothing yet.
pub fn read_rest(vm: &mut Vm, raw: &Value) -> Result<Option<Vec<u8>>> {
    if let Some(file) = File::of_exact(raw) {
        return file::read_rest(vm, file);
    }
    if let Some(readall) = vm.get_attribute_if_any(raw, &Str::intern("readall"))? {
        let data = vm.call(&readall, &[])?;
        return match data.native() {
            Value::None => Ok(None),
            Value::Bytes(data) => Ok(Some(data.data.to_vec())),
            _ => Err(Raised::type_error("readall() should return bytes")),
        };
    }
    let mut all = Vec::new();
    loop {
        let piece = vm.call_method(raw, &Str::intern("read"), &[])?;
        match piece.native() {
            Value::None if all.is_empty() => return Ok(None),
            Value::None => return Ok(Some(all)),
            Value::Bytes(piece) if piece.data.is_empty() => return Ok(Some(all)),
            Value::Bytes(piece) => all.extend_from_slice(&piece.data),
            _ => return Err(Raised::type_error("read() should return bytes")),
        }
    }
}

/// Writes some of the bytes and says how many. None when nothing can be written now.
pub fn write(vm: &mut Vm, raw: &Value, data: &[u8]) -> Result<Option<usize>> {
    if let Some(file) = File::of_exact(raw) {
        return file.write(vm, data);
    }
    let window = view(vm, bytes::new(data))?;
    let count = vm.call_method(raw, &Str::intern("write"), &[window])?;
    if count.is_none() {
        return Ok(None);
    }
    let count = vm.index(&count)?;
    match usize::try_from(count) {
        Ok(count) if count <= data.len() => Ok(Some(count)),
        _ => Err(Raised::os_error(format!(
            "raw write() returned invalid length {count} (should have been between 0 and {})",
            data.len()
        ))),
    }
}

/// Changes the position and gives the new one.
pub fn seek(vm: &mut Vm, raw: &Value, offset: i64, whence: i64) -> Result<i64> {
    if let Some(file) = File::of_exact(raw) {
        return file.seek(offset, whence);
    }
    let position = vm.call_method(raw, &Str::intern("seek"), &[Value::Int(offset), Value::Int(whence)])?;
    checked(vm, &position)
}

/// The position.
pub fn tell(vm: &mut Vm, raw: &Value) -> Result<i64> {
    if let Some(file) = File::of_exact(raw) {
        return file.seek(0, 1);
    }
    let position = vm.call_method(raw, &Str::intern("tell"), &[])?;
    checked(vm, &position)
}

fn checked(vm: &mut Vm, position: &Value) -> Result<i64> {
    let position = vm.index(position)?;
    if position < 0 {
        return Err(Raised::os_error(format!("Raw stream returned invalid position {position}")));
    }
    Ok(position)
}

/// Whether a stream can be read, written, or moved in: `readable`, `writable`, `seekable`.
pub fn ask(vm: &mut Vm, raw: &Value, method: &str) -> Result<bool> {
    if let Some(file) = File::of_exact(raw)
        && !file.is_closed()
    {
        return match method {
            "readable" => Ok(file.is_readable()),
            "writable" => Ok(file.is_writable()),
            _ => file.is_seekable(),
        };
    }
    base::ask(vm, raw, method)
}

/// Whether a stream has been closed.
pub fn is_closed(vm: &mut Vm, raw: &Value) -> Result<bool> {
    match File::of_exact(raw) {
        Some(file) => Ok(file.is_closed()),
        None => base::is_closed(vm, raw),
    }
}
