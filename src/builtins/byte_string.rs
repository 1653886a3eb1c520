//! What bytes and bytearray share: the operators, methods that only read, and making bytes of whatever
//! bytes can be made of. Searching and taking apart is in `byte_search`.
//!
//! A method that gives bytes gives the type it was called on. Arguments are looked at only after all of
//! them have been converted, since converting one may run script code that changes another.

use std::cell::Cell;

use super::iterators::position;
use super::slice::{self, Subscript};
use super::str::{codec_name, repetitions};
use super::{codec, percent_format};
use crate::native;
use crate::value::bytes::{self, ByteArray, ByteView};
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Iterator, Native, Raised, Result, Str, Value, symbols, types};
use crate::vm::Vm;

/// The object a method is called on.
#[derive(Clone, Copy)]
pub struct Receiver<'a>(&'a Value);

impl<'a> FromArgument<'a> for Receiver<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        let is_bytes = matches!(value.native(), Value::Bytes(_)) || value.payload::<ByteArray>().is_some();
        if is_bytes { Ok(Receiver(value)) } else { Err(Mismatch::Expected("bytes")) }
    }
}

impl<'a> Receiver<'a> {
    pub fn view(self) -> ByteView<'a> {
        ByteView::of(self.0).unwrap_or(ByteView::Fixed(&[]))
    }

    pub fn is_bytes(self) -> bool {
        matches!(self.0.native(), Value::Bytes(_))
    }

    /// Bytes of the same type.
    pub fn make(self, data: Vec<u8>) -> Value {
        if self.is_bytes() { bytes::new(data) } else { bytes::new_array(data) }
    }

    /// The same bytes: the object itself if it cannot change.
    pub fn same(self) -> Value {
        if let Value::Bytes(_) = self.0 { self.0.clone() } else { self.make(self.view().to_vec()) }
    }
}

/// An argument that must be bytes-like.
#[derive(Clone, Copy)]
pub struct Data<'a>(pub &'a Value);

impl<'a> FromArgument<'a> for Data<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        if ByteView::of(value).is_some() { Ok(Data(value)) } else { Err(not_bytes_like(value).into()) }
    }
}

impl<'a> Data<'a> {
    pub fn view(self) -> ByteView<'a> {
        ByteView::of(self.0).unwrap_or(ByteView::Fixed(&[]))
    }
}

#[cold]
pub fn not_bytes_like(value: &Value) -> Raised {
    Raised::type_error(format!("a bytes-like object is required, not '{}'", value.type_name()))
}

/// The byte a value means; ValueError when it is out of range.
pub fn byte_of(vm: &mut Vm, value: &Value) -> Result<u8> {
    let number = vm.index_clamped(value)?;
    u8::try_from(number).map_err(|_| Raised::value_error("byte must be in range(0, 256)"))
}

/// Whether a byte is white space for bytes, which knows fewer than str.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn join(vm: &mut Vm, this: Receiver<'_>, iterable: &Value) -> Result<Value> {
    let items = match iterable {
        Value::List(list) => list.snapshot(),
        Value::Tuple(tuple) => tuple.items().to_vec(),
        other if vm.special(other, &symbols().iter)?.is_none() && vm.special(other, &symbols().getitem)?.is_none() => {
            return Err(Raised::type_error("can only join an iterable"));
        }
        other => vm.collect(other)?,
    };
    let separator = this.view();
    let mut result = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(data) = ByteView::of(item) else {
            let kind = item.type_name();
            let message = format!("sequence item {index}: expected a bytes-like object, {kind} found");
            return Err(Raised::type_error(message));
        };
        if index > 0 {
            result.extend_from_slice(&separator);
        }
        result.extend_from_slice(&data);
    }
    Ok(this.make(result))
}

/// A copy with each byte changed.
fn mapped(this: Receiver<'_>, change: impl Fn(u8) -> u8) -> Value {
    this.make(this.view().iter().map(|byte| change(*byte)).collect())
}

fn upper(_: &mut Vm, this: Receiver<'_>) -> Value {
    mapped(this, |byte| byte.to_ascii_uppercase())
}

fn lower(_: &mut Vm, this: Receiver<'_>) -> Value {
    mapped(this, |byte| byte.to_ascii_lowercase())
}

fn swapcase(_: &mut Vm, this: Receiver<'_>) -> Value {
    mapped(this, |byte| if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte })
}

fn capitalize(_: &mut Vm, this: Receiver<'_>) -> Value {
    let mut data = this.view().to_ascii_lowercase();
    if let Some(first) = data.first_mut() {
        first.make_ascii_uppercase();
    }
    this.make(data)
}

fn title(_: &mut Vm, this: Receiver<'_>) -> Value {
    let mut in_word = false;
    let data = this.view();
    let titled = data.iter().map(|byte| {
        let changed = if in_word { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
        in_word = byte.is_ascii_alphabetic();
        changed
    });
    this.make(titled.collect())
}

fn every(this: Receiver<'_>, test: impl Fn(u8) -> bool) -> bool {
    let data = this.view();
    !data.is_empty() && data.iter().all(|byte| test(*byte))
}

fn isalnum(_: &mut Vm, this: Receiver<'_>) -> bool {
    every(this, |byte| byte.is_ascii_alphanumeric())
}

fn isalpha(_: &mut Vm, this: Receiver<'_>) -> bool {
    every(this, |byte| byte.is_ascii_alphabetic())
}

fn isascii(_: &mut Vm, this: Receiver<'_>) -> bool {
    this.view().is_ascii()
}

fn isdigit(_: &mut Vm, this: Receiver<'_>) -> bool {
    every(this, |byte| byte.is_ascii_digit())
}

fn isspace(_: &mut Vm, this: Receiver<'_>) -> bool {
    every(this, is_space)
}

fn islower(_: &mut Vm, this: Receiver<'_>) -> bool {
    let data = this.view();
    data.iter().any(u8::is_ascii_lowercase) && !data.iter().any(u8::is_ascii_uppercase)
}

fn isupper(_: &mut Vm, this: Receiver<'_>) -> bool {
    let data = this.view();
    data.iter().any(u8::is_ascii_uppercase) && !data.iter().any(u8::is_ascii_lowercase)
}

fn istitle(_: &mut Vm, this: Receiver<'_>) -> bool {
    let (mut in_word, mut any) = (false, false);
    for byte in this.view().iter() {
        if byte.is_ascii_uppercase() && in_word || byte.is_ascii_lowercase() && !in_word {
            return false;
        }
        in_word = byte.is_ascii_alphabetic();
        any |= in_word;
    }
    any
}

/// The padding of `center`, `ljust` and `rjust`.
fn fill_byte(method: &str, fill: Option<&Value>) -> Result<u8> {
    let Some(fill) = fill else { return Ok(b' ') };
    match ByteView::of(fill) {
        Some(data) if data.len() == 1 => Ok(data[0]),
        _ => Err(Raised::type_error(format!(
            "{method}() argument 2 must be a byte string of length 1, not {}",
            fill.type_name()
        ))),
    }
}

fn padded(this: Receiver<'_>, left: usize, right: usize, fill: u8) -> Result<Value> {
    let data = this.view();
    let length =
        left.checked_add(right).and_then(|count| count.checked_add(data.len())).ok_or_else(Raised::out_of_memory)?;
    let mut result = Vec::new();
    result.try_reserve_exact(length).map_err(|_| Raised::out_of_memory())?;
    result.resize(left, fill);
    result.extend_from_slice(&data);
    result.resize(length, fill);
    Ok(this.make(result))
}

fn missing(this: Receiver<'_>, width: i64) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(this.view().len())
}

fn center(_: &mut Vm, this: Receiver<'_>, width: i64, fill: Option<&Value>) -> Result<Value> {
    let fill = fill_byte("center", fill)?;
    let padding = missing(this, width);
    let left = padding / 2 + (padding & width as usize & 1);
    padded(this, left, padding - left, fill)
}

fn ljust(_: &mut Vm, this: Receiver<'_>, width: i64, fill: Option<&Value>) -> Result<Value> {
    padded(this, 0, missing(this, width), fill_byte("ljust", fill)?)
}

fn rjust(_: &mut Vm, this: Receiver<'_>, width: i64, fill: Option<&Value>) -> Result<Value> {
    padded(this, missing(this, width), 0, fill_byte("rjust", fill)?)
}

fn zfill(_: &mut Vm, this: Receiver<'_>, width: i64) -> Result<Value> {
    let data = this.view();
    let zeros = missing(this, width);
    let sign = matches!(data.first(), Some(b'+' | b'-')) as usize;
    let length = data.len().checked_add(zeros).ok_or_else(Raised::out_of_memory)?;
    let mut result = Vec::new();
    result.try_reserve_exact(length).map_err(|_| Raised::out_of_memory())?;
    result.extend_from_slice(&data[..sign]);
    result.resize(sign + zeros, b'0');
    result.extend_from_slice(&data[sign..]);
    Ok(this.make(result))
}

fn expandtabs(_: &mut Vm, this: Receiver<'_>, size: Option<i64>) -> Result<Value> {
    let size = usize::try_from(size.unwrap_or(8)).unwrap_or(0);
    let mut result = Vec::new();
    let mut column = 0usize;
    for byte in this.view().iter() {
        match byte {
            b'\t' if size == 0 => {}
            b'\t' => {
                let spaces = size - column % size;
                result.try_reserve(spaces).map_err(|_| Raised::out_of_memory())?;
                result.resize(result.len() + spaces, b' ');
                column = column.wrapping_add(spaces);
            }
            _ => {
                result.push(*byte);
                column = if matches!(byte, b'\n' | b'\r') { 0 } else { column.wrapping_add(1) };
            }
        }
    }
    Ok(this.make(result))
}

fn translate(_: &mut Vm, this: Receiver<'_>, table: Option<Data<'_>>, unwanted: Option<&Value>) -> Result<Value> {
    if table.is_some_and(|table| table.view().len() != 256) {
        return Err(Raised::value_error("translation table must be 256 characters long"));
    }
    let table = table.map(Data::view);
    let unwanted = match unwanted {
        Some(unwanted) if ByteView::of(unwanted).is_none() => return Err(not_bytes_like(unwanted)),
        unwanted => unwanted.and_then(ByteView::of),
    };
    let kept = this.view();
    let kept = kept.iter().filter(|byte| !unwanted.as_ref().is_some_and(|unwanted| unwanted.contains(byte)));
    Ok(this.make(kept.map(|byte| table.as_ref().map_or(*byte, |table| table[*byte as usize])).collect()))
}

fn maketrans(_: &mut Vm, from: Data<'_>, to: Data<'_>) -> Result<Value> {
    let (from, to) = (from.view(), to.view());
    if from.len() != to.len() {
        return Err(Raised::value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (from, to) in from.iter().zip(to.iter()) {
        table[*from as usize] = *to;
    }
    Ok(bytes::new(table))
}

fn decode(vm: &mut Vm, this: Receiver<'_>, encoding: Option<&Value>, errors: Option<&Value>) -> Result<Str> {
    let encoding = codec_name("decode", "encoding", encoding)?.unwrap_or("utf-8");
    let errors = codec_name("decode", "errors", errors)?.unwrap_or("strict");
    codec::decode(vm, &this.view().unborrowed(), encoding, errors)
}

fn hex(vm: &mut Vm, this: Receiver<'_>, separator: Option<&Value>, group: Option<i64>) -> Result<String> {
    let separator = separator.map(|separator| separator_of(vm, separator)).transpose()?;
    Ok(to_hex(&this.view(), separator, group.unwrap_or(1)))
}

/// The character between groups of hexadecimal digits.
pub fn separator_of(vm: &mut Vm, separator: &Value) -> Result<char> {
    let character = match (separator.as_str(), ByteView::of(separator)) {
        (Some(text), _) if text.characters() == 1 => text.chars().next(),
        (None, Some(data)) if data.len() == 1 => Some(data[0] as char),
        (None, None) => {
            vm.length(separator)?;
            return Err(Raised::type_error("sep must be str or bytes."));
        }
        _ => None,
    };
    match character {
        None => Err(Raised::value_error("sep must be length 1.")),
        Some(character) if !character.is_ascii() => Err(Raised::value_error("sep must be ASCII.")),
        Some(character) => Ok(character),
    }
}

/// Hexadecimal digits, with a separator between groups that are counted from the right, or from the left
/// when `group` is negative.
pub fn to_hex(data: &[u8], separator: Option<char>, group: i64) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let size = usize::try_from(group.unsigned_abs()).unwrap_or(usize::MAX);
    let mut text = String::with_capacity(data.len() * 2);
    for (index, byte) in data.iter().enumerate() {
        if let Some(separator) = separator
            && index > 0
            && size > 0
            && (if group < 0 { index } else { data.len() - index }) % size == 0
        {
            text.push(separator);
        }
        text.push(DIGITS[(byte >> 4) as usize] as char);
        text.push(DIGITS[(byte & 15) as usize] as char);
    }
    text
}

/// The bytes of hexadecimal digits, with white space between bytes ignored.
pub fn from_hex(text: &str) -> Result<Vec<u8>> {
    let mut data = Vec::with_capacity(text.len() / 2);
    let mut characters = text.chars().enumerate();
    let fault = |index: usize| {
        Raised::value_error(format!("non-hexadecimal number found in fromhex() arg at position {index}"))
    };
    let digit = |character: char| character.to_digit(16).filter(|_| character.is_ascii());
    while let Some((index, character)) = characters.next() {
        if character.is_ascii() && is_space(character as u8) {
            continue;
        }
        let high = digit(character).ok_or_else(|| fault(index))?;
        let low = characters.next().and_then(|(_, character)| digit(character)).ok_or_else(|| fault(index + 1))?;
        data.push((high << 4 | low) as u8);
    }
    Ok(data)
}

fn length(_: &mut Vm, this: Receiver<'_>) -> usize {
    this.view().len()
}

fn get_item(vm: &mut Vm, this: Receiver<'_>, key: &Value) -> Result<Value> {
    let (name, out_of_range) =
        if this.is_bytes() { ("byte", "index out of range") } else { ("bytearray", "bytearray index out of range") };
    match slice::subscript(vm, key, name)? {
        Subscript::Index(index) => {
            let data = this.view();
            let place = slice::position(index, data.len()).ok_or_else(|| Raised::index_error(out_of_range))?;
            Ok(Value::Int(data[place] as i64))
        }
        Subscript::Slice(slice) => {
            let bounds = slice::unpack(vm, slice)?;
            let data = this.view();
            let indices = bounds.adjust(data.len());
            if indices.length == data.len() && indices.step == 1 {
                return Ok(this.same());
            }
            Ok(this.make(indices.positions().map(|place| data[place]).collect()))
        }
    }
}

struct ByteIterator {
    /// Unbound when it is used up.
    object: Value,
    position: Cell<usize>,
}

impl NativeIterator for ByteIterator {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let position = self.position.get();
        let byte = ByteView::of(&self.object).and_then(|data| data.get(position).copied());
        // Once at the end, it stays there, even if a bytearray grows.
        self.position.set(if byte.is_some() { position + 1 } else { usize::MAX });
        Ok(byte.map(|byte| Value::Int(byte as i64)))
    }

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        Ok(ByteView::of(&self.object).map(|data| data.len().saturating_sub(self.position.get())))
    }

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        Ok(match self.position.get() {
            usize::MAX => Recipe::iter(Value::tuple(Vec::new()), None),
            position => Recipe::iter(self.object.clone(), Some(Value::from(position))),
        })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let length = ByteView::of(&self.object).map_or(0, |data| data.len());
        self.position.set((position(vm, state)?.max(0) as usize).min(length));
        Ok(())
    }

    fn trace(&self, tracer: &mut crate::memory::Tracer<'_>) {
        self.object.trace(tracer);
    }
}

fn iterate(_: &mut Vm, this: Receiver<'_>) -> Value {
    let class = if this.is_bytes() { &types().bytes_iterator } else { &types().bytearray_iterator };
    iterator(class, this.0)
}

/// An iterator over the bytes of an object.
pub fn iterator(class: &Class, object: &Value) -> Value {
    Iterator::native(class, ByteIterator { object: object.clone(), position: Cell::new(0) })
}

fn add(_: &mut Vm, this: Receiver<'_>, other: &Value) -> Result<Value> {
    match ByteView::of(other) {
        Some(other) => Ok(this.make([&*this.view(), &*other].concat())),
        None => Err(Raised::type_error(format!("can't concat {} to {}", other.type_name(), this.0.type_name()))),
    }
}

/// `data * count`
pub fn repeated(data: &[u8], count: usize) -> Result<Vec<u8>> {
    let length = data.len().checked_mul(count).ok_or_else(Raised::out_of_memory)?;
    let mut result = Vec::new();
    result.try_reserve_exact(length).map_err(|_| Raised::out_of_memory())?;
    match data {
        [byte] => result.resize(length, *byte),
        [] => {}
        _ => (0..count).for_each(|_| result.extend_from_slice(data)),
    }
    Ok(result)
}

fn multiply(vm: &mut Vm, this: Receiver<'_>, count: &Value) -> Result<Value> {
    let count = repetitions(vm, count)?;
    if count == 1 {
        return Ok(this.same());
    }
    Ok(this.make(repeated(&this.view(), count)?))
}

fn modulo(vm: &mut Vm, this: Receiver<'_>, arguments: &Value) -> Result<Value> {
    // A bytearray may change while values are formatted.
    let format = this.view().to_vec();
    Ok(this.make(percent_format::format_bytes(vm, &format, arguments)?))
}

fn reflected_modulo(vm: &mut Vm, this: Receiver<'_>, format: &Value) -> Result<Value> {
    if !format.class().is_subclass(&this.0.class()) {
        return Ok(Value::NotImplemented);
    }
    let Some(data) = ByteView::of(format) else { return Ok(Value::NotImplemented) };
    let data = data.unborrowed().to_vec();
    Ok(Receiver(format).make(percent_format::format_bytes(vm, &data, this.0)?))
}

macro_rules! comparisons {
    ($($name:ident $operator:tt),* $(,)?) => {
        $(fn $name(_: &mut Vm, this: Receiver<'_>, other: &Value) -> Value {
            // Bytes compare with bytes alone; how another buffer compares with them is for that one to say.
            if this.is_bytes() && !matches!(other.native(), Value::Bytes(_)) {
                return Value::NotImplemented;
            }
            match ByteView::of(other) {
                Some(other) => Value::Bool(*this.view() $operator *other),
                None => Value::NotImplemented,
            }
        })*
    };
}

comparisons!(equal ==, not_equal !=, less <, less_equal <=, greater >, greater_equal >=);

/// Makes bytes of the arguments of `bytes` or `bytearray`, `class` by name.
pub fn make(
    vm: &mut Vm,
    class: &str,
    source: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
) -> Result<Vec<u8>> {
    let encoding = codec_name(class, "encoding", encoding)?;
    let errors = codec_name(class, "errors", errors)?;
    if encoding.is_none()
        && errors.is_none()
        && class == "bytes"
        && let Some(source) = source.filter(|source| has_bytes(source))
    {
        return of_value(vm, class, source);
    }
    if let Some(text) = source.and_then(Value::as_str) {
        let encoding = encoding.ok_or_else(|| Raised::type_error("string argument without an encoding"))?;
        return codec::encode(vm, text, encoding, errors.unwrap_or("strict"));
    }
    match (encoding, errors, source) {
        (Some(_), _, _) => Err(Raised::type_error("encoding without a string argument")),
        (None, Some(_), _) => Err(Raised::type_error("errors without a string argument")),
        (None, None, None) => Ok(Vec::new()),
        (None, None, Some(source)) => of_value(vm, class, source),
    }
}

/// Whether `bytes(value)` asks `__bytes__` of a class of the script.
pub fn has_bytes(value: &Value) -> bool {
    matches!(value, Value::Instance(_)) && value.class().lookup(&symbols().bytes).is_some_and(|found| !found.is_none())
}

/// What `__bytes__` gave, which has to be bytes.
pub fn expect_bytes(result: Value) -> Result<Value> {
    match result.native() {
        Value::Bytes(_) => Ok(result),
        _ => Err(Raised::type_error(format!("__bytes__ returned non-bytes (type {})", result.type_name()))),
    }
}

fn of_value(vm: &mut Vm, class: &str, source: &Value) -> Result<Vec<u8>> {
    if class == "bytes" && source.class().lookup(&symbols().bytes).is_some_and(|method| method.is_none()) {
        return Err(Raised::type_error("'NoneType' object is not callable"));
    }
    if let Some(data) = ByteView::of(source).filter(|_| class != "bytes" || !has_bytes(source)) {
        return Ok(data.to_vec());
    }
    if class == "bytes"
        && let Some(result) = vm.call_special(source, &symbols().bytes, &[])
    {
        let result = expect_bytes(result?)?;
        return Ok(ByteView::of(&result).map_or_else(Vec::new, |data| data.to_vec()));
    }
    let is_number = match source.native() {
        Value::Int(_) | Value::Bool(_) | Value::BigInt(_) => true,
        Value::List(_) | Value::Tuple(_) => false,
        _ => vm.special(source, &symbols().index)?.is_some(),
    };
    if is_number {
        let count = match vm.index(source) {
            Err(raised) if raised.is_a(&types().overflow_error) => {
                return Err(Raised::overflow_error("cannot fit 'int' into an index-sized integer"));
            }
            count => count?,
        };
        let count = usize::try_from(count).map_err(|_| Raised::value_error("negative count"))?;
        return repeated(&[0], count);
    }
    if vm.special(source, &symbols().iter)?.is_none() && vm.special(source, &symbols().getitem)?.is_none() {
        return Err(Raised::type_error(format!("cannot convert '{}' object to {class}", source.type_name())));
    }
    let name = if class == "bytes" { "bytes" } else { "byte" };
    of_items(vm, source, name)
}

/// The bytes of an iterable of ints. `name` is what must be in range, for the message.
pub fn of_items(vm: &mut Vm, iterable: &Value, name: &str) -> Result<Vec<u8>> {
    let expected = vm.length_hint(iterable)?;
    let mut data = Vec::new();
    data.try_reserve(expected).map_err(|_| Raised::out_of_memory())?;
    vm.for_each(iterable, |vm, item| {
        let number = vm.index_clamped(&item)?;
        let byte = u8::try_from(number).map_err(|_| Raised::value_error(format!("{name} must be in range(0, 256)")))?;
        data.push(byte);
        Ok(())
    })?;
    Ok(data)
}

/// The rows of this file, for both types.
pub const METHODS: &[Native] = &[
    native!("__len__(self, /)", length(required), "How many bytes there are."),
    native!("__iter__(self, /)", iterate(required), "An iterator over the bytes as ints."),
    native!("__getitem__(self, key, /)", get_item(required, required), "self[key]"),
    native!("__add__(self, value, /)", add(required, required), "self + value"),
    native!("__mul__(self, value, /)", multiply(required, required), "self * value"),
    native!("__rmul__(self, value, /)", multiply(required, required), "value * self"),
    native!("__mod__(self, value, /)", modulo(required, required), "self % value"),
    native!("__rmod__(self, value, /)", reflected_modulo(required, required), "value % self"),
    native!("__eq__(self, value, /)", equal(required, required), "self == value"),
    native!("__ne__(self, value, /)", not_equal(required, required), "self != value"),
    native!("__lt__(self, value, /)", less(required, required), "self < value"),
    native!("__le__(self, value, /)", less_equal(required, required), "self <= value"),
    native!("__gt__(self, value, /)", greater(required, required), "self > value"),
    native!("__ge__(self, value, /)", greater_equal(required, required), "self >= value"),
    native!(
        "join(self, iterable_of_bytes, /)",
        join(required, required),
        "The items of an iterable with this between."
    ),
    native!("upper(self, /)", upper(required), "ASCII letters in upper case."),
    native!("lower(self, /)", lower(required), "ASCII letters in lower case."),
    native!("swapcase(self, /)", swapcase(required), "Upper case made lower case and the other way round."),
    native!("capitalize(self, /)", capitalize(required), "The first letter in upper case, the rest in lower case."),
    native!("title(self, /)", title(required), "Each word with its first letter in upper case."),
    native!("isalnum(self, /)", isalnum(required), "Whether there are bytes and all are ASCII letters or digits."),
    native!("isalpha(self, /)", isalpha(required), "Whether there are bytes and all are ASCII letters."),
    native!("isascii(self, /)", isascii(required), "Whether all bytes are ASCII."),
    native!("isdigit(self, /)", isdigit(required), "Whether there are bytes and all are ASCII digits."),
    native!("isspace(self, /)", isspace(required), "Whether there are bytes and all are ASCII white space."),
    native!("islower(self, /)", islower(required), "Whether there are letters and all are lower case."),
    native!("isupper(self, /)", isupper(required), "Whether there are letters and all are upper case."),
    native!("istitle(self, /)", istitle(required), "Whether each word starts with its only upper case letter."),
    native!(
        "center(self, width, fillchar=b' ', /)",
        center(required, required, optional),
        "The bytes in the middle of a field."
    ),
    native!(
        "ljust(self, width, fillchar=b' ', /)",
        ljust(required, required, optional),
        "The bytes at the left of a field."
    ),
    native!(
        "rjust(self, width, fillchar=b' ', /)",
        rjust(required, required, optional),
        "The bytes at the right of a field."
    ),
    native!("zfill(self, width, /)", zfill(required, required), "The bytes with zeros after the sign to fill a field."),
    native!(
        "expandtabs(self, /, tabsize=8)",
        expandtabs(required, optional),
        "The bytes with spaces up to the next tab stop for each tab."
    ),
    native!(
        "translate(self, table, /, delete=b'')",
        translate(required, required, optional),
        "The bytes without those to delete, the others mapped by a table of 256."
    ),
    native!("maketrans(frm, to, /)", maketrans(required, required), "A table for translate.").static_method(),
    native!(
        "decode(self, /, encoding='utf-8', errors='strict')",
        decode(required, optional, optional),
        "The text that is encoded in the bytes."
    ),
    native!(
        "hex(self, sep=None, bytes_per_sep=1)",
        hex(required, optional, optional),
        "The bytes as hexadecimal digits."
    ),
];
