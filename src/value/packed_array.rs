//! Machine numbers side by side in memory: the payload of `array.array`, and how an item of a given code
//! is read out of its bytes.

use super::bytes::ByteArray;
use super::instance::Payload;
use super::{Class, Instance, Mutable, Raised, Result, Str, Value, bytes, integer};
use crate::memory::mutable::Changing;

/// Bytes of one item with this code; None when there is no such code. `u` and `w` are characters, `c` is
/// a byte and `?` a truth value (both for memoryviews only).
pub fn item_size(code: u8) -> Option<usize> {
    Some(match code {
        b'b' | b'B' | b'c' | b'?' => 1,
        b'h' | b'H' => 2,
        b'u' | b'w' | b'i' | b'I' | b'f' => 4,
        b'l' | b'L' => size_of::<std::ffi::c_long>(),
        b'q' | b'Q' | b'd' | b'n' | b'N' | b'P' => 8,
        _ => return None,
    })
}

/// The value of an item, whose bytes are as many as its code wants, in the order of the machine.
#[inline]
pub fn read_item(code: u8, data: &[u8]) -> Value {
    let mut wide = [0; 8];
    let length = data.len().min(8);
    if cfg!(target_endian = "little") {
        wide[..length].copy_from_slice(&data[..length]);
    } else {
        wide[8 - length..].copy_from_slice(&data[..length]);
    }
    let bits = u64::from_ne_bytes(wide);
    match code {
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
            let unused = 64 - 8 * length as u32;
            Value::Int((bits << unused) as i64 >> unused)
        }
        b'f' => Value::Float(f32::from_bits(bits as u32) as f64),
        b'd' => Value::Float(f64::from_bits(bits)),
        b'c' => bytes::new(data),
        b'?' => Value::Bool(bits != 0),
        b'u' | b'w' => Value::Str(Str::of_char(char::from_u32(bits as u32).unwrap_or(char::REPLACEMENT_CHARACTER))),
        _ => integer::from_u64(bits),
    }
}

/// An array: the code of its items, and their bytes.
pub struct PackedArray {
    pub code: u8,
    /// Bytes of one item.
    pub size: usize,
    pub storage: ByteArray,
}

impl Payload for PackedArray {}

impl PackedArray {
    /// An array of a class with these bytes, which are whole items.
    pub fn of_class(class: &Class, code: u8, data: Vec<u8>) -> Value {
        let storage = ByteArray::new(data);
        let array = PackedArray { code, size: item_size(code).unwrap_or(1), storage };
        Value::Instance(Instance::with_payload(class.clone(), array))
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.data().borrow().len() / self.size
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, to read, or to write in place.
    #[inline]
    pub fn data(&self) -> &Mutable<Vec<u8>> {
        &self.storage.data
    }

    /// One item, None behind the last one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Value> {
        let start = index.checked_mul(self.size)?;
        Some(read_item(self.code, self.data().borrow().get(start..start + self.size)?))
    }

    /// The bytes, to add or remove items; BufferError while a memoryview shows them.
    pub fn resize(&self) -> Result<Changing<'_, Vec<u8>>> {
        let refused = |_| Raised::buffer_error("cannot resize an array that is exporting buffers");
        self.storage.resize().map_err(refused)
    }
}
