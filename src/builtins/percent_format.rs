//! `%` of str and bytes: formatting in the manner of C's `printf`.
//!
//! One loop reads the directives and takes the arguments for both; numbers are written the same way,
//! and a `Target` does what differs: literal text, keys of mappings, and the directives for text.

use crate::memory::StrBuilder;
use crate::value::bytes::{self, ByteView};
use crate::value::format_float::{FloatStyle, write_float_digits};
use crate::value::format_spec::{self, digits_of, is_negative};
use crate::value::{Raised, Result, Str, Value, str_repr, symbols};
use crate::vm::Vm;

/// One directive, such as `%-8.2f`.
#[derive(Default)]
struct Directive {
    /// `-`
    to_left: bool,
    /// `+`
    plus: bool,
    /// ` `
    space: bool,
    /// `#`
    alternate: bool,
    /// `0`
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    letter: u8,
}

/// What is written to: the result of `%` on a str or on bytes.
trait Target {
    /// The format.
    fn format(&self) -> &[u8];
    /// Copies literal text of the format.
    fn copy(&mut self, start: usize, end: usize);
    /// The key of a directive such as `%(key)s`.
    fn key(&self, start: usize, end: usize) -> Value;
    fn push(&mut self, ascii: &str);
    fn fill(&mut self, character: u8, count: usize) -> Result<()>;
    /// Writes a directive for text; false when its letter is none.
    fn write_text(&mut self, vm: &mut Vm, directive: &Directive, value: &Value) -> Result<bool>;
    /// The character at a byte of the format and its index, for messages.
    fn character(&self, position: usize) -> (char, usize);
    /// Whether values of this type are never mappings.
    fn is_text(value: &Value) -> bool;
    /// The name in messages.
    const NAME: &'static str;
}

/// Where the arguments come from.
struct Source<'a> {
    all: &'a Value,
    /// The items of a tuple; else the one value is `single`.
    items: Option<&'a [Value]>,
    next: usize,
    single: Option<Value>,
}

impl<'a> Source<'a> {
    fn new(all: &'a Value) -> Source<'a> {
        match all.native() {
            Value::Tuple(tuple) => Source { all, items: Some(tuple.items()), next: 0, single: None },
            _ => Source { all, items: None, next: 0, single: Some(all.clone()) },
        }
    }

    fn take(&mut self) -> Result<Value> {
        let value = match self.items {
            Some(items) => {
                self.next += 1;
                items.get(self.next - 1).cloned()
            }
            None => self.single.take(),
        };
        value.ok_or_else(|| Raised::type_error("not enough arguments for format string"))
    }

    fn is_mapping<T: Target>(&self, vm: &mut Vm) -> Result<bool> {
        match self.all.native() {
            Value::Tuple(_) => Ok(false),
            Value::Dict(_) => Ok(true),
            value if T::is_text(value) => Ok(false),
            _ => Ok(vm.special(self.all, &symbols().getitem)?.is_some()),
        }
    }

    /// The value of a key is the only argument of its directive.
    fn look_up<T: Target>(&mut self, vm: &mut Vm, key: Value) -> Result<()> {
        if !self.is_mapping::<T>(vm)? {
            return Err(Raised::type_error("format requires a mapping"));
        }
        self.single = Some(vm.get_item(self.all, &key)?);
        self.items = None;
        Ok(())
    }

    fn finish<T: Target>(&self, vm: &mut Vm) -> Result<()> {
        let is_left = match self.items {
            Some(items) => self.next < items.len(),
            None => self.single.is_some(),
        };
        if is_left && !self.is_mapping::<T>(vm)? {
            return Err(Raised::type_error(format!("not all arguments converted during {} formatting", T::NAME)));
        }
        Ok(())
    }
}

fn incomplete() -> Raised {
    Raised::value_error("incomplete format")
}

fn run<T: Target>(vm: &mut Vm, target: &mut T, arguments: &Value) -> Result<()> {
    let mut source = Source::new(arguments);
    let mut position = 0;
    while let Some(length) = memchr::memchr(b'%', &target.format()[position..]) {
        target.copy(position, position + length);
        position += length + 1;
        match target.format().get(position) {
            Some(b'%') => {
                target.push("%");
                position += 1;
                continue;
            }
            Some(b'(') => {
                let end = end_of_key(&target.format()[position..])?;
                let key = target.key(position + 1, position + end);
                source.look_up::<T>(vm, key)?;
                position += end + 1;
            }
            Some(_) => {}
            None => return Err(incomplete()),
        }
        let directive = parse_directive(target.format(), &mut position, &mut source)?;
        let value = source.take()?;
        write_directive(vm, target, &directive, &value, position - 1)?;
    }
    let end = target.format().len();
    target.copy(position, end);
    source.finish::<T>(vm)
}

/// The place of the parenthesis that closes the one at the start.
fn end_of_key(text: &[u8]) -> Result<usize> {
    let mut depth = 0;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(place);
        }
    }
    Err(Raised::value_error("incomplete format key"))
}

/// Reads flags, width, precision and the letter, after which `position` stands.
fn parse_directive(format: &[u8], position: &mut usize, source: &mut Source<'_>) -> Result<Directive> {
    let mut directive = Directive::default();
    while let Some(flag) = format.get(*position) {
        match flag {
            b'-' => directive.to_left = true,
            b'+' => directive.plus = true,
            b' ' => directive.space = true,
            b'#' => directive.alternate = true,
            b'0' => directive.zeros = true,
            _ => break,
        }
        *position += 1;
    }
    if let Some(width) = parse_size(format, position, source, i64::MAX, "width")? {
        directive.to_left |= width < 0;
        directive.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    }
    if format.get(*position) == Some(&b'.') {
        *position += 1;
        let precision = parse_size(format, position, source, i32::MAX as i64, "precision")?;
        directive.precision = Some(precision.unwrap_or(0).max(0) as usize);
    }
    if let Some(b'h' | b'l' | b'L') = format.get(*position) {
        *position += 1;
    }
    directive.letter = *format.get(*position).ok_or_else(incomplete)?;
    *position += 1;
    Ok(directive)
}

/// A width or precision: digits, or `*` for an argument; None when there is neither.
fn parse_size(
    format: &[u8],
    position: &mut usize,
    source: &mut Source<'_>,
    largest: i64,
    name: &str,
) -> Result<Option<i64>> {
    let too_big = || Raised::value_error(format!("{name} too big"));
    if format.get(*position) == Some(&b'*') {
        *position += 1;
        return match source.take()?.native() {
            Value::Int(size) if *size > largest => Err(too_big()),
            Value::Int(size) => Ok(Some(*size)),
            Value::Bool(size) => Ok(Some(*size as i64)),
            Value::BigInt(_) => Err(Raised::overflow_error("Python int too large to convert to C ssize_t")),
            _ => Err(Raised::type_error("* wants int")),
        };
    }
    let mut size = None;
    while let Some(digit @ b'0'..=b'9') = format.get(*position) {
        let next = size.unwrap_or(0i64).checked_mul(10).and_then(|size| size.checked_add((digit - b'0') as i64));
        size = Some(next.filter(|next| *next <= largest).ok_or_else(too_big)?);
        *position += 1;
    }
    Ok(size)
}

fn write_directive<T: Target>(
    vm: &mut Vm,
    target: &mut T,
    directive: &Directive,
    value: &Value,
    position: usize,
) -> Result<()> {
    match directive.letter {
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let number = integer_of(vm, directive, value)?;
            write_int(target, directive, &number)
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let number = match value {
                Value::Float(number) => *number,
                other => vm.float(other)?,
            };
            write_float(target, directive, number)
        }
        _ if target.write_text(vm, directive, value)? => Ok(()),
        _ => {
            let (character, index) = target.character(position);
            let shown = if (' '..='~').contains(&character) { character } else { '?' };
            let code = character as u32;
            let message = format!("unsupported format character '{shown}' ({code:#x}) at index {index}");
            Err(Raised::value_error(message))
        }
    }
}

/// The int a directive writes. Those in base ten take any number, the others only ints.
fn integer_of(vm: &mut Vm, directive: &Directive, value: &Value) -> Result<Value> {
    let letter = directive.letter as char;
    let kind = value.type_name();
    match value.native() {
        number @ (Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => return Ok(number.clone()),
        Value::Float(number) if matches!(letter, 'd' | 'i' | 'u') => return format_spec::truncated(*number),
        _ => {}
    }
    if matches!(letter, 'd' | 'i' | 'u') {
        if let Some(number) = vm.call_special(value, &symbols().int, &[]) {
            return Ok(number?.native().clone());
        }
        if vm.special(value, &symbols().index)?.is_some() {
            return vm.index_value(value);
        }
        return Err(Raised::type_error(format!("%{letter} format: a real number is required, not {kind}")));
    }
    if vm.special(value, &symbols().index)?.is_some() {
        return vm.index_value(value);
    }
    Err(Raised::type_error(format!("%{letter} format: an integer is required, not {kind}")))
}

fn sign_of(directive: &Directive, is_negative: bool) -> &'static str {
    match directive {
        _ if is_negative => "-",
        Directive { plus: true, .. } => "+",
        Directive { space: true, .. } => " ",
        _ => "",
    }
}

fn write_int<T: Target>(target: &mut T, directive: &Directive, number: &Value) -> Result<()> {
    let (radix, prefix) = match directive.letter {
        b'o' => (8, "0o"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut buffer = itoa::Buffer::new();
    let mut text;
    let digits = match number {
        Value::Int(number) if radix == 10 => buffer.format(number.unsigned_abs()),
        _ => {
            text = digits_of(number, radix)?;
            if directive.letter == b'X' {
                text.make_ascii_uppercase();
            }
            &text
        }
    };
    let prefix = if directive.alternate { prefix } else { "" };
    let sign = sign_of(directive, is_negative(number));
    let least_digits = directive.precision.unwrap_or(0);
    write_number(target, directive, (sign, prefix), least_digits.saturating_sub(digits.len()), digits)
}

fn write_float<T: Target>(target: &mut T, directive: &Directive, number: f64) -> Result<()> {
    let precision = directive.precision.unwrap_or(6);
    let style = match directive.letter {
        b'e' | b'E' => FloatStyle::Exponent(precision),
        b'f' | b'F' => FloatStyle::Fixed(precision),
        _ => FloatStyle::General(precision),
    };
    let mut digits = String::new();
    write_float_digits(&mut digits, number.abs(), style, directive.alternate)?;
    if directive.letter.is_ascii_uppercase() {
        digits.make_ascii_uppercase();
    }
    let sign = sign_of(directive, number.is_sign_negative() && !number.is_nan());
    write_number(target, directive, (sign, ""), 0, &digits)
}

fn write_number<T: Target>(
    target: &mut T,
    directive: &Directive,
    (sign, prefix): (&str, &str),
    zeros: usize,
    digits: &str,
) -> Result<()> {
    let length = (sign.len() + prefix.len() + digits.len()).saturating_add(zeros);
    let padding = directive.width.saturating_sub(length);
    let (before, inside, after) = match directive {
        Directive { to_left: true, .. } => (0, 0, padding),
        Directive { zeros: true, .. } => (0, padding, 0),
        _ => (padding, 0, 0),
    };
    target.fill(b' ', before)?;
    target.push(sign);
    target.push(prefix);
    target.fill(b'0', inside)?;
    target.fill(b'0', zeros)?;
    target.push(digits);
    target.fill(b' ', after)
}

/// The result of `%` on a str.
struct Text<'a> {
    format: &'a Str,
    out: StrBuilder,
}

impl Text<'_> {
    fn write_padded(&mut self, text: &str, characters: usize, directive: &Directive) -> Result<()> {
        let padding = directive.width.saturating_sub(characters);
        self.fill(b' ', if directive.to_left { 0 } else { padding })?;
        self.out.push_str(text);
        self.fill(b' ', if directive.to_left { padding } else { 0 })
    }

    fn write_str(&mut self, text: &Str, directive: &Directive) -> Result<()> {
        match directive.precision {
            Some(precision) if precision < text.characters() => {
                self.write_padded(text.substring(0, precision), precision, directive)
            }
            _ => self.write_padded(text, text.characters(), directive),
        }
    }
}

impl Target for Text<'_> {
    const NAME: &'static str = "string";

    fn format(&self) -> &[u8] {
        self.format.as_bytes()
    }

    fn copy(&mut self, start: usize, end: usize) {
        self.out.push_str(&self.format[start..end]);
    }

    fn key(&self, start: usize, end: usize) -> Value {
        Value::str(&self.format[start..end])
    }

    fn push(&mut self, ascii: &str) {
        self.out.push_str(ascii);
    }

    fn fill(&mut self, character: u8, count: usize) -> Result<()> {
        if count > 0 {
            format_spec::reserve(&mut self.out, count)?;
            self.out.push_repeated(character as char, count);
        }
        Ok(())
    }

    fn write_text(&mut self, vm: &mut Vm, directive: &Directive, value: &Value) -> Result<bool> {
        match (directive.letter, value) {
            (b's', Value::Str(text)) => self.write_str(text, directive)?,
            (b's', Value::Int(number)) if directive.width == 0 && directive.precision.is_none() => {
                format_spec::write_int(&mut self.out, *number);
            }
            (b's', _) => self.write_str(&vm.str(value)?, directive)?,
            (b'r', _) => self.write_str(&vm.repr(value)?, directive)?,
            (b'a', _) => self.write_str(&str_repr::escape_non_ascii(&vm.repr(value)?), directive)?,
            (b'c', _) => {
                let character = match value.native() {
                    Value::Str(text) if text.characters() == 1 => text.chars().next(),
                    Value::Str(_) | Value::Float(_) => None,
                    number @ (Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => {
                        Some(format_spec::character_of(number)?)
                    }
                    _ if vm.special(value, &symbols().index)?.is_some() => {
                        Some(format_spec::character_of(&vm.index_value(value)?)?)
                    }
                    _ => None,
                };
                let character = character.ok_or_else(|| Raised::type_error("%c requires int or char"))?;
                self.write_padded(character.encode_utf8(&mut [0; 4]), 1, directive)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn character(&self, position: usize) -> (char, usize) {
        let before = self.format.get(..position).map_or(position, |before| before.chars().count());
        let character = self.format.get(position..).and_then(|rest| rest.chars().next());
        (character.unwrap_or('?'), before)
    }

    fn is_text(value: &Value) -> bool {
        matches!(value, Value::Str(_))
    }
}

/// The result of `%` on bytes.
struct Data<'a> {
    format: &'a [u8],
    out: Vec<u8>,
}

impl Data<'_> {
    fn write_padded(&mut self, data: &[u8], directive: &Directive) -> Result<()> {
        let data = &data[..directive.precision.unwrap_or(usize::MAX).min(data.len())];
        let padding = directive.width.saturating_sub(data.len());
        self.fill(b' ', if directive.to_left { 0 } else { padding })?;
        self.out.extend_from_slice(data);
        self.fill(b' ', if directive.to_left { padding } else { 0 })
    }

    /// What `%b` writes.
    fn write_bytes(&mut self, vm: &mut Vm, directive: &Directive, value: &Value) -> Result<()> {
        if let Some(data) = ByteView::of(value) {
            return self.write_padded(&data, directive);
        }
        match vm.call_special(value, &symbols().bytes, &[]) {
            Some(result) => {
                let result = result?;
                match result.native() {
                    Value::Bytes(data) => self.write_padded(&data.data, directive),
                    _ => {
                        let kind = result.type_name();
                        Err(Raised::type_error(format!("__bytes__ returned non-bytes (type {kind})")))
                    }
                }
            }
            None => Err(Raised::type_error(format!(
                "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
                value.type_name()
            ))),
        }
    }
}

impl Target for Data<'_> {
    const NAME: &'static str = "bytes";

    fn format(&self) -> &[u8] {
        self.format
    }

    fn copy(&mut self, start: usize, end: usize) {
        self.out.extend_from_slice(&self.format[start..end]);
    }

    fn key(&self, start: usize, end: usize) -> Value {
        bytes::new(&self.format[start..end])
    }

    fn push(&mut self, ascii: &str) {
        self.out.extend_from_slice(ascii.as_bytes());
    }

    fn fill(&mut self, character: u8, count: usize) -> Result<()> {
        self.out.try_reserve(count).map_err(|_| Raised::out_of_memory())?;
        self.out.resize(self.out.len() + count, character);
        Ok(())
    }

    fn write_text(&mut self, vm: &mut Vm, directive: &Directive, value: &Value) -> Result<bool> {
        match directive.letter {
            b's' | b'b' => self.write_bytes(vm, directive, value)?,
            b'r' | b'a' => {
                let text = str_repr::escape_non_ascii(&vm.repr(value)?);
                self.write_padded(text.as_bytes(), directive)?;
            }
            b'c' => {
                let single = ByteView::of(value).and_then(|data| if data.len() == 1 { Some(data[0]) } else { None });
                let byte = match (single, value.native()) {
                    (Some(byte), _) => byte,
                    (None, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => {
                        let number = vm.index_clamped(value)?;
                        u8::try_from(number).map_err(|_| Raised::overflow_error("%c arg not in range(256)"))?
                    }
                    _ => {
                        let message = "%c requires an integer in range(256) or a single byte";
                        return Err(Raised::type_error(message));
                    }
                };
                self.write_padded(&[byte], directive)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn character(&self, position: usize) -> (char, usize) {
        (self.format.get(position).map_or('?', |byte| *byte as char), position)
    }

    fn is_text(value: &Value) -> bool {
        matches!(value, Value::Str(_)) || ByteView::of(value).is_some()
    }
}

/// `format % arguments` of a str.
pub fn format_str(vm: &mut Vm, format: &Str, arguments: &Value) -> Result<Str> {
    let mut target = Text { format, out: StrBuilder::with_capacity(format.len() + 16) };
    run(vm, &mut target, arguments)?;
    Ok(target.out.finish())
}

/// `format % arguments` of bytes.
pub fn format_bytes(vm: &mut Vm, format: &[u8], arguments: &Value) -> Result<Vec<u8>> {
    let mut target = Data { format, out: Vec::with_capacity(format.len() + 16) };
    run(vm, &mut target, arguments)?;
    Ok(target.out)
}
