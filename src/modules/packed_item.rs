//! What a format of `struct` means: the kinds of items, their sizes, and how the format is read.

use crate::builtins::codec::errors;
use crate::value::{Raised, Result, Str};

use super::packing::error;

/// What one code of a format stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Padding,
    Character,
    Bool,
    Signed,
    Unsigned,
    Pointer,
    Half,
    Float,
    Double,
    /// Bytes cut or filled up to a length.
    Text,
    /// Bytes with their number in front.
    Pascal,
}

/// A code with its repetitions.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub kind: Kind,
    pub code: u8,
    /// Bytes of one.
    pub size: usize,
    /// How many there are. Text is one item, of a size.
    pub count: usize,
    /// Where the first one begins.
    pub offset: usize,
}

/// Which byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

/// A format that has been read.
pub struct Format {
    pub text: Str,
    pub items: Vec<Item>,
    /// Bytes of all.
    pub size: usize,
    /// How many values it takes.
    pub values: usize,
    pub order: Order,
    /// Sizes and limits of the machine.
    pub is_native: bool,
}

impl Format {
    /// Reads a format.
    pub fn parse(text: &Str) -> Result<Format> {
        if let Some(start) = text.chars().position(|character| !character.is_ascii()) {
            let length = text.chars().skip(start).take_while(|character| !character.is_ascii()).count();
            let reason = "ordinal not in range(128)";
            return Err(errors::encode_error("ascii", text, start, start + length, reason));
        }
        if text.contains('\0') {
            return Err(error("embedded null character"));
        }
        let machine = if cfg!(target_endian = "little") { Order::Little } else { Order::Big };
        let (order, is_native, is_aligned, skipped) = match text.as_bytes().first() {
            Some(b'<') => (Order::Little, false, false, 1),
            Some(b'>' | b'!') => (Order::Big, false, false, 1),
            Some(b'=') => (machine, false, false, 1),
            Some(b'@') => (machine, true, true, 1),
            _ => (machine, true, true, 0),
        };
        let mut format = Format { text: text.clone(), items: Vec::new(), size: 0, values: 0, order, is_native };
        let mut codes = text.bytes().skip(skipped);
        while let Some(mut code) = codes.next() {
            if matches!(code, b' ' | b'\t'..=b'\r') {
                continue;
            }
            let mut count = 1usize;
            if code.is_ascii_digit() {
                count = 0;
                while code.is_ascii_digit() {
                    let more = count.checked_mul(10).and_then(|count| count.checked_add((code - b'0') as usize));
                    count = more.filter(|count| isize::try_from(*count).is_ok()).ok_or_else(too_long)?;
                    code = codes.next().ok_or_else(|| error("repeat count given without format specifier"))?;
                }
            }
            let (kind, size) = kind_of(code, is_native).ok_or_else(|| error("bad char in struct format"))?;
            format.add(Item { kind, code, size, count, offset: 0 }, is_aligned).ok_or_else(too_long)?;
        }
        Ok(format)
    }

    /// Puts an item at the end; None when the whole becomes too long.
    fn add(&mut self, mut item: Item, is_aligned: bool) -> Option<()> {
        if is_aligned && !matches!(item.kind, Kind::Text | Kind::Pascal) {
            self.size = self.size.checked_next_multiple_of(item.size)?;
        }
        item.offset = self.size;
        if matches!(item.kind, Kind::Text | Kind::Pascal) {
            (item.size, item.count) = (item.count, 1);
        }
        self.size = self.size.checked_add(item.size.checked_mul(item.count)?)?;
        isize::try_from(self.size).ok()?;
        if item.kind != Kind::Padding {
            self.values += item.count;
        }
        if item.kind != Kind::Padding && item.count > 0 {
            self.items.push(item);
        }
        Some(())
    }
}

fn too_long() -> Raised {
    error("total struct size too long")
}

/// What a code stands for, and its size.
fn kind_of(code: u8, is_native: bool) -> Option<(Kind, usize)> {
    Some(match code {
        b'x' => (Kind::Padding, 1),
        b'c' => (Kind::Character, 1),
        b'?' => (Kind::Bool, 1),
        b'b' => (Kind::Signed, 1),
        b'B' => (Kind::Unsigned, 1),
        b'h' => (Kind::Signed, 2),
        b'H' => (Kind::Unsigned, 2),
        b'i' => (Kind::Signed, 4),
        b'I' => (Kind::Unsigned, 4),
        b'l' => (Kind::Signed, if is_native { size_of::<std::ffi::c_long>() } else { 4 }),
        b'L' => (Kind::Unsigned, if is_native { size_of::<std::ffi::c_long>() } else { 4 }),
        b'q' => (Kind::Signed, 8),
        b'Q' => (Kind::Unsigned, 8),
        b'n' if is_native => (Kind::Signed, size_of::<isize>()),
        b'N' if is_native => (Kind::Unsigned, size_of::<usize>()),
        b'P' if is_native => (Kind::Pointer, size_of::<usize>()),
        b'e' => (Kind::Half, 2),
        b'f' => (Kind::Float, 4),
        b'd' => (Kind::Double, 8),
        b's' => (Kind::Text, 1),
        b'p' => (Kind::Pascal, 1),
        _ => return None,
    })
}
