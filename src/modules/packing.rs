//! `_struct`: values to bytes and back, by a format. Formats are read in `packed_item`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use num_traits::ToPrimitive;

use super::packed_item::{Format, Item, Kind, Order};
use super::{native_class, native_exception, native_iterator_class, native_module};
use crate::builtins::iterators::LENGTH_HINT;
use crate::memory::Tracer;
use crate::native;
use crate::value::bytes::{self, ByteArray, ByteView, MemoryView};
use crate::value::instance::Payload;
use crate::value::iterator::NativeIterator;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Gc, Instance, Iterator, Module, Mutable, Native, Raised, Result, Str, Value, integer, symbols, types,
};
use crate::vm::Vm;

/// How many formats are remembered.
const MOST_FORMATS: usize = 100;

thread_local! {
    static ERROR: Class = native_exception("struct.error", &types().exception);
    static STRUCT: Class = native_class("_struct.Struct", &types().object, METHODS);
    static ITERATOR: Class = native_iterator_class("_struct.unpack_iterator", LENGTH_HINT);
    static FORMATS: RefCell<HashMap<String, Rc<Format>>> = RefCell::default();
}

/// A `struct.error`.
#[cold]
pub fn error(message: impl AsRef<str>) -> Raised {
    ERROR.with(|class| Raised::new(class, vec![Value::str(message.as_ref())]))
}

fn format_of(value: &Value) -> Result<Rc<Format>> {
    let text = match value.native() {
        Value::Str(text) => text.clone(),
        Value::Bytes(bytes) => Str::new(&bytes.data.iter().map(|byte| *byte as char).collect::<String>()),
        _ => {
            let message = format!("Struct() argument 1 must be a str or bytes object, not {}", value.type_name());
            return Err(Raised::type_error(message));
        }
    };
    if let Some(known) = FORMATS.with_borrow(|formats| formats.get(&*text).cloned()) {
        return Ok(known);
    }
    let format = Rc::new(Format::parse(&text)?);
    FORMATS.with_borrow_mut(|formats| {
        if formats.len() >= MOST_FORMATS {
            formats.clear();
        }
        formats.insert(text.to_string(), format.clone());
    });
    Ok(format)
}

/// An argument that is a format.
impl<'a> FromArgument<'a> for Rc<Format> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        Ok(format_of(value)?)
    }
}

/// The values as bytes.
fn packed(vm: &mut Vm, format: &Format, function: &str, values: &[Value]) -> Result<Vec<u8>> {
    if values.len() != format.values {
        let (expected, given) = (format.values, values.len());
        return Err(error(format!("{function} expected {expected} items for packing (got {given})")));
    }
    let mut data = Vec::new();
    if data.try_reserve_exact(format.size).is_err() {
        return Err(Raised::out_of_memory());
    }
    data.resize(format.size, 0);
    let mut values = values.iter();
    for item in &format.items {
        let mut at = item.offset;
        for value in values.by_ref().take(item.count) {
            pack_one(vm, format, item, value, &mut data[at..at + item.size])?;
            at += item.size;
        }
    }
    Ok(data)
}

#[inline]
fn put(bytes: [u8; 8], order: Order, place: &mut [u8]) {
    let size = place.len();
    place.copy_from_slice(&bytes[..size]);
    if order == Order::Big {
        place.reverse();
    }
}

fn pack_one(vm: &mut Vm, format: &Format, item: &Item, value: &Value, place: &mut [u8]) -> Result<()> {
    let order = format.order;
    match item.kind {
        Kind::Padding => {}
        Kind::Signed => {
            let bits = item.size as u32 * 8;
            let number = match value {
                Value::Int(number) => Some(*number),
                _ => match whole(vm, value)? {
                    Value::Int(number) => Some(number),
                    _ => None,
                },
            };
            let (low, high) = (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits));
            let number = number.filter(|number| (low..=high).contains(number));
            let number = number.ok_or_else(|| out_of_range(item, &low.to_string(), high as u64))?;
            put(number.to_le_bytes(), order, place);
        }
        Kind::Unsigned => {
            let high = u64::MAX >> (64 - item.size as u32 * 8);
            let number = match value {
                Value::Int(number) => u64::try_from(*number).ok(),
                _ => integer::to_big(&whole(vm, value)?).and_then(|number| number.to_u64()),
            };
            let number = number.filter(|number| *number <= high).ok_or_else(|| out_of_range(item, "0", high))?;
            put(number.to_le_bytes(), order, place);
        }
        Kind::Pointer => {
            let number = integer::to_big(&whole(vm, value)?).unwrap_or_default();
            let number = number.to_u64().or_else(|| number.to_i64().map(|number| number as u64));
            put(number.ok_or_else(|| error("int too large to convert"))?.to_le_bytes(), order, place);
        }
        Kind::Bool => place[0] = vm.truth(value)? as u8,
        Kind::Character => match value.native() {
            Value::Bytes(bytes) if bytes.data.len() == 1 => place[0] = bytes.data[0],
            _ => return Err(error("char format requires a bytes object of length 1")),
        },
        Kind::Half | Kind::Float | Kind::Double => pack_float(vm, format, item.kind, value, place)?,
        Kind::Text | Kind::Pascal => {
            let is_text = matches!(value.native(), Value::Bytes(_)) || value.payload::<ByteArray>().is_some();
            let Some(data) = ByteView::of(value).filter(|_| is_text) else {
                return Err(error(format!("argument for '{}' must be a bytes object", item.code as char)));
            };
            let place = match (item.kind, place.len()) {
                (_, 0) => return Ok(()),
                (Kind::Pascal, size) => {
                    place[0] = data.len().min(size - 1).min(255) as u8;
                    &mut place[1..]
                }
                _ => place,
            };
            let length = data.len().min(place.len());
            place[..length].copy_from_slice(&data[..length]);
        }
    }
    Ok(())
}

fn out_of_range(item: &Item, low: &str, high: u64) -> Raised {
    error(format!("'{}' format requires {low} <= number <= {high}", item.code as char))
}

/// The value as an int.
fn whole(vm: &mut Vm, value: &Value) -> Result<Value> {
    match value.native() {
        Value::Int(_) | Value::Bool(_) | Value::BigInt(_) => {}
        _ if value.class().lookup(&symbols().index).is_some() => {}
        _ => return Err(error("required argument is not an integer")),
    }
    vm.index_value(value)
}

fn pack_float(vm: &mut Vm, format: &Format, kind: Kind, value: &Value, place: &mut [u8]) -> Result<()> {
    let number = match value {
        Value::Float(number) => *number,
        value => match vm.float(value) {
            Ok(number) => number,
            Err(raised) if raised.is_a(&types().type_error) => return Err(error("required argument is not a float")),
            Err(raised) => return Err(raised),
        },
    };
    let too_large = |code: &str| Raised::overflow_error(format!("float too large to pack with {code} format"));
    let bits = match kind {
        Kind::Double => number.to_bits(),
        Kind::Float => {
            let narrow = number as f32;
            if narrow.is_infinite() && number.is_finite() && !format.is_native {
                return Err(too_large("f"));
            }
            narrow.to_bits() as u64
        }
        _ => half_bits(number).ok_or_else(|| too_large("e"))? as u64,
    };
    put(bits.to_le_bytes(), format.order, place);
    Ok(())
}

/// A float of 16 bits; None when the number is too large.
fn half_bits(number: f64) -> Option<u16> {
    let sign = (number.is_sign_negative() as u16) << 15;
    if number.is_nan() {
        return Some(sign | 0x7e00);
    }
    if number.is_infinite() {
        return Some(sign | 0x7c00);
    }
    if number == 0.0 {
        return Some(sign);
    }
    let (_, exponent) = libm::frexp(number.abs());
    // The last of the 11 bits; small numbers have fewer.
    let last = (exponent - 11).max(-24);
    let mantissa = libm::ldexp(number.abs(), -last).round_ties_even() as u32;
    // A mantissa that was rounded up to 12 bits carries into the exponent by itself.
    let bits = ((last + 24) as u32 * 0x400) + mantissa;
    u16::try_from(bits).ok().filter(|bits| *bits < 0x7c00).map(|bits| sign | bits)
}

fn half_value(bits: u16) -> f64 {
    let (exponent, mantissa) = (bits >> 10 & 0x1f, (bits & 0x3ff) as f64);
    let magnitude = match exponent {
        0 => libm::ldexp(mantissa, -24),
        0x1f if mantissa == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => libm::ldexp(mantissa + 1024.0, exponent as i32 - 25),
    };
    if bits & 0x8000 != 0 { -magnitude } else { magnitude }
}

/// The values in some bytes, which are as many as the format needs.
fn unpacked(format: &Format, data: &[u8]) -> Value {
    let mut values = Vec::with_capacity(format.values);
    for item in &format.items {
        let mut at = item.offset;
        for _ in 0..item.count {
            values.push(unpack_one(format.order, item, &data[at..at + item.size]));
            at += item.size;
        }
    }
    Value::tuple(values)
}

#[inline]
fn unpack_one(order: Order, item: &Item, data: &[u8]) -> Value {
    let bits = || {
        let mut wide = [0; 8];
        match order {
            Order::Little => wide[..data.len()].copy_from_slice(data),
            Order::Big => data.iter().rev().zip(&mut wide).for_each(|(byte, place)| *place = *byte),
        }
        u64::from_le_bytes(wide)
    };
    match item.kind {
        Kind::Signed => {
            let unused = 64 - item.size as u32 * 8;
            Value::Int((bits() << unused) as i64 >> unused)
        }
        Kind::Unsigned | Kind::Pointer => integer::from_u64(bits()),
        Kind::Bool => Value::Bool(data[0] != 0),
        Kind::Double => Value::Float(f64::from_bits(bits())),
        Kind::Float => Value::Float(f32::from_bits(bits() as u32) as f64),
        Kind::Half => Value::Float(half_value(bits() as u16)),
        Kind::Padding => Value::None,
        Kind::Character | Kind::Text => bytes::new(data),
        Kind::Pascal => match data.split_first() {
            Some((length, rest)) => bytes::new(&rest[..rest.len().min(*length as usize)]),
            None => bytes::new(data),
        },
    }
}

fn view(buffer: &Value) -> Result<ByteView<'_>> {
    ByteView::of(buffer)
        .ok_or_else(|| Raised::type_error(format!("a bytes-like object is required, not '{}'", buffer.type_name())))
}

fn unpack_whole(format: &Format, buffer: &Value) -> Result<Value> {
    let data = view(buffer)?;
    if data.len() != format.size {
        return Err(error(format!("unpack requires a buffer of {} bytes", format.size)));
    }
    Ok(unpacked(format, &data))
}

/// Where an offset means, counted from the end when negative.
fn place_of(offset: i64, length: usize, size: usize, missing: &str) -> Result<usize> {
    if offset >= 0 {
        return Ok(offset as usize);
    }
    if offset.saturating_add(size as i64) > 0 {
        return Err(error(format!("{missing} {size} bytes at offset {offset}")));
    }
    usize::try_from(offset.saturating_add(length as i64))
        .map_err(|_| error(format!("offset {offset} out of range for {length}-byte buffer")))
}

fn too_small(function: &str, action: &str, size: usize, offset: usize, length: usize) -> Raised {
    error(format!(
        "{function} requires a buffer of at least {} bytes for {action} {size} bytes at offset {offset} (actual \
         buffer size is {length})",
        size + offset
    ))
}

fn unpack_part(format: &Format, buffer: &Value, offset: Option<i64>) -> Result<Value> {
    let data = view(buffer)?;
    let offset = place_of(offset.unwrap_or(0), data.len(), format.size, "not enough data to unpack")?;
    match offset.checked_add(format.size).and_then(|end| data.get(offset..end)) {
        Some(part) => Ok(unpacked(format, part)),
        None => Err(too_small("unpack_from", "unpacking", format.size, offset, data.len())),
    }
}

/// Writes into a bytearray or a view of one. `arguments`: the buffer, the offset, the values.
fn pack_part(vm: &mut Vm, format: &Format, arguments: &[Value]) -> Result<()> {
    let [buffer, offset, values @ ..] = arguments else {
        let missing = if arguments.is_empty() { "buffer" } else { "offset" };
        return Err(error(format!("pack_into expected {missing} argument")));
    };
    if values.len() != format.values {
        let (expected, given) = (format.values, values.len());
        return Err(error(format!("pack_into expected {expected} items for packing (got {given})")));
    }
    let array = ByteArray::within(buffer);
    let shown = buffer
        .payload::<MemoryView>()
        .filter(|view| !view.read_only && ByteArray::within(&view.object()).is_some())
        .and_then(|view| view.cast(b'B'));
    let length = match (array, &shown) {
        (Some(array), _) => array.data.borrow().len(),
        (None, Some(shown)) => shown.length,
        (None, None) => {
            let message = format!("argument must be read-write bytes-like object, not {}", buffer.type_name());
            return Err(Raised::type_error(message));
        }
    };
    let offset = place_of(vm.index(offset)?, length, format.size, "no space to pack")?;
    if offset.checked_add(format.size).is_none_or(|end| end > length) {
        return Err(too_small("pack_into", "packing", format.size, offset, length));
    }
    let data = packed(vm, format, "pack_into", values)?;
    if let Some(array) = array {
        // Script code may have made the array shorter in the meantime.
        if let Some(place) = array.data.borrow_mut().get_mut(offset..offset + data.len()) {
            place.copy_from_slice(&data);
        }
    } else if let Some(shown) = shown {
        shown.part(shown.start + offset as i64 * shown.step, shown.step, data.len()).write(&data);
    }
    Ok(())
}

/// Walks a buffer in steps of the size of a format.
struct Steps {
    format: Rc<Format>,
    buffer: Mutable<Value>,
    offset: Cell<usize>,
}

impl NativeIterator for Steps {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let buffer = self.buffer.get();
        let Some(data) = ByteView::of(&buffer) else { return Ok(None) };
        let offset = self.offset.get();
        let Some(part) = data.get(offset..offset + self.format.size) else {
            self.buffer.set(Value::None);
            return Ok(None);
        };
        self.offset.set(offset + self.format.size);
        Ok(Some(unpacked(&self.format, part)))
    }

    fn length_hint(&self, _: &mut Vm) -> Result<Option<usize>> {
        let buffer = self.buffer.get();
        let length = ByteView::of(&buffer).map_or(0, |data| data.len());
        Ok(Some(length.saturating_sub(self.offset.get()) / self.format.size))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.buffer.borrow().trace(tracer);
    }
}

fn steps(format: Rc<Format>, buffer: &Value) -> Result<Value> {
    if format.size == 0 {
        return Err(error("cannot iteratively unpack with a struct of length 0"));
    }
    let length = view(buffer)?.len();
    if length % format.size != 0 {
        let message = format!("iterative unpacking requires a buffer of a multiple of {} bytes", format.size);
        return Err(error(message));
    }
    let steps = Steps { format, buffer: Mutable::new(buffer.clone()), offset: Cell::new(0) };
    Ok(ITERATOR.with(|class| Iterator::native(class, steps)))
}

fn split_format(arguments: &[Value]) -> Result<(Rc<Format>, &[Value])> {
    match arguments {
        [format, rest @ ..] => Ok((format_of(format)?, rest)),
        [] => Err(Raised::type_error("missing format argument")),
    }
}

fn calcsize(_: &mut Vm, format: Rc<Format>) -> usize {
    format.size
}

fn pack(vm: &mut Vm, arguments: &[Value]) -> Result<Value> {
    let (format, values) = split_format(arguments)?;
    packed(vm, &format, "pack", values).map(bytes::new)
}

fn pack_into(vm: &mut Vm, arguments: &[Value]) -> Result<()> {
    let (format, rest) = split_format(arguments)?;
    pack_part(vm, &format, rest)
}

fn unpack(_: &mut Vm, format: Rc<Format>, buffer: &Value) -> Result<Value> {
    unpack_whole(&format, buffer)
}

fn unpack_from(_: &mut Vm, format: Rc<Format>, buffer: &Value, offset: Option<i64>) -> Result<Value> {
    unpack_part(&format, buffer, offset)
}

fn iter_unpack(_: &mut Vm, format: Rc<Format>, buffer: &Value) -> Result<Value> {
    steps(format, buffer)
}

fn clearcache(_: &mut Vm) {
    FORMATS.with_borrow_mut(HashMap::clear);
}

/// The payload of a Struct.
#[derive(Default)]
struct State {
    format: Mutable<Option<Rc<Format>>>,
}

impl Payload for State {}

/// `self` of the methods of Struct.
impl<'a> FromArgument<'a> for &'a State {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<State>().ok_or(Mismatch::Expected("_struct.Struct"))
    }
}

impl State {
    fn format(&self) -> Result<Rc<Format>> {
        self.format.get().ok_or_else(|| Raised::runtime_error("Struct object is not initialized"))
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), State::default()))
}

fn init(_: &mut Vm, this: &State, format: Rc<Format>) {
    this.format.set(Some(format));
}

fn method_pack(vm: &mut Vm, this: &State, values: &[Value]) -> Result<Value> {
    packed(vm, &*this.format()?, "pack", values).map(bytes::new)
}

fn method_pack_into(vm: &mut Vm, this: &State, arguments: &[Value]) -> Result<()> {
    pack_part(vm, &*this.format()?, arguments)
}

fn method_unpack(_: &mut Vm, this: &State, buffer: &Value) -> Result<Value> {
    unpack_whole(&*this.format()?, buffer)
}

fn method_unpack_from(_: &mut Vm, this: &State, buffer: &Value, offset: Option<i64>) -> Result<Value> {
    unpack_part(&*this.format()?, buffer, offset)
}

fn method_iter_unpack(_: &mut Vm, this: &State, buffer: &Value) -> Result<Value> {
    steps(this.format()?, buffer)
}

fn method_format(_: &mut Vm, this: &State) -> Result<Str> {
    Ok(this.format()?.text.clone())
}

fn method_size(_: &mut Vm, this: &State) -> Result<usize> {
    Ok(this.format()?.size)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let format = this.payload::<State>().ok_or_else(|| Raised::type_error("this is not a Struct"))?.format()?;
    let shown = vm.repr(&Value::Str(format.text.clone()))?;
    Ok(format!("{}({shown})", this.type_name()))
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A Struct without a format.")
        .static_method(),
    native!("__init__(self, format)", init(required, required), "Reads the format."),
    native!("pack(self, /, *values)", method_pack(required, rest), "The values as bytes."),
    native!(
        "pack_into(self, /, *arguments)",
        method_pack_into(required, rest),
        "Writes the values as bytes into a buffer, from an offset on."
    ),
    native!("unpack(self, buffer, /)", method_unpack(required, required), "The values in a buffer."),
    native!(
        "unpack_from(self, buffer, offset=0)",
        method_unpack_from(required, required, optional),
        "The values in a buffer, from an offset on."
    ),
    native!(
        "iter_unpack(self, buffer, /)",
        method_iter_unpack(required, required),
        "The values in a buffer, step by step."
    ),
    native!("format(self, /)", method_format(required), "The format.").getter(),
    native!("size(self, /)", method_size(required), "The number of bytes.").getter(),
    native!("__repr__(self, /)", repr(required), "The format as in a call."),
];

const FUNCTIONS: &[Native] = &[
    native!("calcsize(format, /)", calcsize(required), "The number of bytes a format needs."),
    native!("pack(*arguments)", pack(rest), "Values as bytes, by a format."),
    native!("pack_into(*arguments)", pack_into(rest), "Writes values as bytes into a buffer, from an offset on."),
    native!("unpack(format, buffer, /)", unpack(required, required), "The values in a buffer, by a format."),
    native!(
        "unpack_from(format, /, buffer, offset=0)",
        unpack_from(required, required, optional),
        "The values in a buffer, by a format, from an offset on."
    ),
    native!(
        "iter_unpack(format, buffer, /)",
        iter_unpack(required, required),
        "The values in a buffer, by a format, step by step."
    ),
    native!("_clearcache()", clearcache(), "Forgets the formats that have been read."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_struct", FUNCTIONS);
    STRUCT.with(|class| module.set("Struct", Value::Class(class.clone())));
    ERROR.with(|class| module.set("error", Value::Class(class.clone())));
    Ok(module)
}
