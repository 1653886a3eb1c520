//! What goes into an array: a value as the bytes of an item, with CPython's errors for each code.

use num_traits::ToPrimitive;

use crate::value::packed_array::item_size;
use crate::value::{Raised, Result, Value, integer};
use crate::vm::Vm;

/// The codes there are, in the order of `typecodes`.
pub const CODES: &str = "bBuwhHiIlLqQfd";

/// Whether the items are characters.
pub fn is_text(code: u8) -> bool {
    matches!(code, b'u' | b'w')
}

/// The bytes of one item, in the order of the machine.
pub struct Packed {
    bytes: [u8; 8],
    size: usize,
}

impl Packed {
    fn of_bits(code: u8, bits: u64) -> Packed {
        let size = item_size(code).unwrap_or(1);
        let mut bytes = bits.to_ne_bytes();
        if cfg!(target_endian = "big") {
            bytes.rotate_left(8 - size);
        }
        Packed { bytes, size }
    }
}

impl std::ops::Deref for Packed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

/// A value as an item of an array with this code.
pub fn pack(vm: &mut Vm, code: u8, value: &Value) -> Result<Packed> {
    let bits = match code {
        b'd' => vm.float(value)?.to_bits(),
        b'f' => (vm.float(value)? as f32).to_bits() as u64,
        b'u' | b'w' => {
            let mut characters = value.as_str().map(|text| text.chars()).into_iter().flatten();
            match (characters.next(), characters.next()) {
                (Some(character), None) => character as u64,
                _ => return Err(Raised::type_error("array item must be unicode character")),
            }
        }
        _ => match value {
            Value::Int(number) => integer_bits(code, Some(*number), value)?,
            _ => {
                let number = vm.index_value(value)?;
                let small = if let Value::Int(number) = number { Some(number) } else { None };
                integer_bits(code, small, &number)?
            }
        },
    };
    Ok(Packed::of_bits(code, bits))
}

/// An int as bits; `small` is the number when it has 64 bits.
fn integer_bits(code: u8, small: Option<i64>, number: &Value) -> Result<u64> {
    let overflow = |message: &str| Err(Raised::overflow_error(message));
    match code {
        b'I' | b'L' | b'Q' => {
            let wide = match (small, integer::as_big(number)) {
                (Some(number), _) => u64::try_from(number).ok(),
                (None, Some(number)) if number.sign() == num_bigint::Sign::Minus => None,
                (None, Some(number)) => match number.to_u64() {
                    Some(wide) => Some(wide),
                    None if code == b'Q' => return overflow("int too big to convert"),
                    None => return overflow("Python int too large to convert to C unsigned long"),
                },
                (None, None) => None,
            };
            match wide {
                None if code == b'Q' => overflow("can't convert negative int to unsigned"),
                None => overflow("can't convert negative value to unsigned int"),
                Some(wide) if code == b'I' && wide > u32::MAX as u64 => {
                    overflow("unsigned int is greater than maximum")
                }
                Some(wide) => Ok(wide),
            }
        }
        _ => {
            let Some(number) = small else {
                let is_wide = code == b'q';
                return overflow(if is_wide {
                    "int too big to convert"
                } else {
                    "Python int too large to convert to C long"
                });
            };
            for (least, most, name) in limits(code) {
                if number < *least {
                    return overflow(&format!("{name} is less than minimum"));
                }
                if number > *most {
                    return overflow(&format!("{name} is greater than maximum"));
                }
            }
            Ok(number as u64)
        }
    }
}

/// What a number is checked against, one after the other, and how messages name it.
fn limits(code: u8) -> &'static [(i64, i64, &'static str)] {
    const SHORT: (i64, i64, &str) = (i16::MIN as i64, i16::MAX as i64, "signed short integer");
    const INTEGER: (i64, i64, &str) = (i32::MIN as i64, i32::MAX as i64, "signed integer");
    match code {
        b'b' => &[SHORT, (i8::MIN as i64, i8::MAX as i64, "signed char")],
        b'B' => &[(0, u8::MAX as i64, "unsigned byte integer")],
        b'h' => &[SHORT],
        b'H' => &[INTEGER, (0, u16::MAX as i64, "unsigned short")],
        b'i' => &[INTEGER],
        _ => &[],
    }
}
