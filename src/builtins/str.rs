//! str: making one, operators, joining, padding, translating.
//!
//! What searches and takes apart is in `str_search`, letter case and kinds of characters in `str_case`,
//! `format` in `str_format`, `%` in `percent_format`.

use super::arguments::Receiver;
use super::codec;
use super::percent_format;
use super::sequence::not_a_factor;
use crate::memory::{StrBuilder, surrogate};
use crate::native;
use crate::value::bytes::ByteView;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::str_repr::repr_str;
use crate::value::{Class, Dict, Gc, Native, Raised, Result, Slice, Str, Value, format_spec, ordering, symbols, types};
use crate::vm::Vm;

fn new(
    vm: &mut Vm,
    class: &Class,
    object: Option<&Value>,
    encoding: Option<&Value>,
    errors: Option<&Value>,
) -> Result<Value> {
    let text = match (object, encoding, errors) {
        (None, _, _) => Str::new(""),
        (Some(Value::Str(text)), None, None) => text.clone(),
        (Some(object), None, None) => {
            let text = vm.str_object(object)?;
            if class.same(&types().str) {
                return Ok(text);
            }
            text.as_str().cloned().unwrap_or_else(|| Str::new(""))
        }
        (Some(object), _, _) => {
            let encoding = codec_name("str", "encoding", encoding)?;
            let errors = codec_name("str", "errors", errors)?;
            if object.as_str().is_some() {
                return Err(Raised::type_error("decoding str is not supported"));
            }
            let Some(data) = ByteView::of(object) else {
                let message = format!("decoding to str: need a bytes-like object, {} found", object.type_name());
                return Err(Raised::type_error(message));
            };
            codec::decode(vm, &data.unborrowed(), encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))?
        }
    };
    Ok(super::wrap(class, &types().str, Value::Str(text)))
}

/// The name of a codec or error handler among the arguments of a function.
pub fn codec_name<'a>(function: &str, parameter: &str, value: Option<&'a Value>) -> Result<Option<&'a str>> {
    match value {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) if text.contains('\0') => Err(Raised::value_error("embedded null character")),
            Some(text) => Ok(Some(text)),
            None => Err(Raised::type_error(format!(
                "{function}() argument '{parameter}' must be str, not {}",
                value.type_name()
            ))),
        },
    }
}

fn repr(_: &mut Vm, this: &Str) -> Str {
    repr_str(this)
}

fn str(_: &mut Vm, this: &Str) -> Str {
    this.clone()
}

fn hash(_: &mut Vm, this: &Str) -> i64 {
    this.hash() as i64
}

fn length(_: &mut Vm, this: &Str) -> usize {
    this.characters()
}

fn iterate(vm: &mut Vm, this: &Str) -> Result<Value> {
    vm.iterate(&Value::Str(this.clone()))
}

fn format(vm: &mut Vm, this: Receiver<'_, Str>, spec: &Str) -> Result<Str> {
    if spec.is_empty() {
        return vm.str(this.value);
    }
    let mut out = StrBuilder::with_capacity(this.inner.len());
    format_spec::format_str(&mut out, this.inner, spec)?;
    Ok(out.finish())
}

fn add(_: &mut Vm, this: &Str, other: &Value) -> Result<Str> {
    match other.as_str() {
        Some(other) if other.is_empty() => Ok(this.clone()),
        Some(other) if this.is_empty() => Ok(other.clone()),
        Some(other) => Ok(Str::concatenated([this, other].into_iter())),
        None => {
            let message = format!("can only concatenate str (not \"{}\") to str", other.type_name());
            Err(Raised::type_error(message))
        }
    }
}

/// The count of a repetition.
pub fn repetitions(vm: &mut Vm, count: &Value) -> Result<usize> {
    let count = match count {
        Value::Int(count) => *count,
        Value::Bool(truth) => *truth as i64,
        other => {
            if vm.special(other, &symbols().index)?.is_none() {
                return Err(not_a_factor(other));
            }
            match vm.index(other) {
                Err(raised) if raised.is_a(&types().overflow_error) => {
                    return Err(Raised::overflow_error("cannot fit 'int' into an index-sized integer"));
                }
                count => count?,
            }
        }
    };
    Ok(count.max(0) as usize)
}

fn multiply(vm: &mut Vm, this: &Str, count: &Value) -> Result<Str> {
    match repetitions(vm, count)? {
        1 => Ok(this.clone()),
        count => this.repeated(count).ok_or_else(Raised::out_of_memory),
    }
}

fn modulo(vm: &mut Vm, this: &Str, arguments: &Value) -> Result<Str> {
    percent_format::format_str(vm, this, arguments)
}

fn reflected_modulo(vm: &mut Vm, this: &Str, format: &Value) -> Result<Value> {
    match format.as_str() {
        Some(format) => percent_format::format_str(vm, format, &Value::Str(this.clone())).map(Value::Str),
        None => Ok(Value::NotImplemented),
    }
}

macro_rules! comparisons {
    ($($name:ident $test:ident),* $(,)?) => {
        $(fn $name(_: &mut Vm, this: &Str, other: &Value) -> Value {
            match other.as_str() {
                Some(other) => Value::Bool(ordering::compare_text(this, other).$test()),
                None => Value::NotImplemented,
            }
        })*
    };
}

comparisons!(less is_lt, less_equal is_le, greater is_gt, greater_equal is_ge);

fn equal(_: &mut Vm, this: &Str, other: &Value) -> Value {
    other.as_str().map_or(Value::NotImplemented, |other| Value::Bool(this == other))
}

fn not_equal(_: &mut Vm, this: &Str, other: &Value) -> Value {
    other.as_str().map_or(Value::NotImplemented, |other| Value::Bool(this != other))
}

fn contains(_: &mut Vm, this: &Str, item: &Value) -> Result<bool> {
    match item.as_str() {
        Some(text) => Ok(super::str_search::find_bytes(this.as_bytes(), text.as_bytes()).is_some()),
        None => {
            let message = format!("'in <string>' requires string as left operand, not {}", item.type_name());
            Err(Raised::type_error(message))
        }
    }
}

fn get_item(vm: &mut Vm, this: &Str, index: &Value) -> Result<Str> {
    if let Value::Slice(slice) = index {
        return slice_of(vm, this, slice);
    }
    let index = match index {
        Value::Int(index) => *index,
        other if vm.special(other, &symbols().index)?.is_none() => {
            let message = format!("string indices must be integers, not '{}'", other.type_name());
            return Err(Raised::type_error(message));
        }
        other => index_of(vm, other)?,
    };
    this.character_at(index).ok_or_else(|| Raised::index_error("string index out of range"))
}

/// An index that is not a plain int; IndexError when it does not fit.
pub fn index_of(vm: &mut Vm, index: &Value) -> Result<i64> {
    match vm.index(index) {
        Err(raised) if raised.is_a(&types().overflow_error) => {
            Err(Raised::index_error("cannot fit 'int' into an index-sized integer"))
        }
        index => index,
    }
}

fn slice_of(vm: &mut Vm, text: &Str, slice: &Gc<Slice>) -> Result<Str> {
    let indices = super::slice::indices(vm, slice, text.characters())?;
    let (start, step, count) = (indices.start, indices.step, indices.length);
    if count == 0 {
        return Ok(Str::new(""));
    }
    if count == text.characters() && step == 1 {
        return Ok(text.clone());
    }
    if step == 1 {
        let start = start as usize;
        return Ok(Str::with_length(text.substring(start, start + count), count));
    }
    if text.is_ascii() {
        let bytes: Vec<u8> = indices.positions().map(|place| text.as_bytes()[place]).collect();
        return Ok(Str::with_length(std::str::from_utf8(&bytes).expect("it is ASCII"), count));
    }
    let mut builder = StrBuilder::with_capacity(count);
    if step > 0 {
        let rest = text[text.byte_offset(start as usize)..].chars();
        builder.extend(rest.step_by(step as usize).take(count));
    } else {
        let rest = text[..text.byte_offset(start as usize + 1)].chars().rev();
        builder.extend(rest.step_by(step.unsigned_abs() as usize).take(count));
    }
    Ok(builder.finish())
}

fn join(vm: &mut Vm, this: &Str, iterable: &Value) -> Result<Str> {
    match iterable {
        Value::List(list) => {
            let items = list.items.borrow();
            join_items(this, &items)
        }
        Value::Tuple(tuple) => join_items(this, tuple.items()),
        other => {
            let items = match vm.iterate(other) {
                Err(raised) if raised.is_a(&types().type_error) && vm.special(other, &symbols().iter)?.is_none() => {
                    return Err(Raised::type_error("can only join an iterable"));
                }
                iterator => vm.collect(&iterator?)?,
            };
            join_items(this, &items)
        }
    }
}

/// `separator.join(items)`. Runs no script code.
pub fn join_items(separator: &Str, items: &[Value]) -> Result<Str> {
    for (index, item) in items.iter().enumerate() {
        if item.as_str().is_none() {
            let message = format!("sequence item {index}: expected str instance, {} found", item.type_name());
            return Err(Raised::type_error(message));
        }
    }
    if let [only] = items
        && let Some(text) = only.as_str()
    {
        return Ok(text.clone());
    }
    Str::joined(separator, items.iter().filter_map(Value::as_str)).ok_or_else(Raised::out_of_memory)
}

/// The character that pads.
struct Fill(char);

impl<'a> FromArgument<'a> for Fill {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        let Some(text) = value.as_str() else {
            let message = format!("The fill character must be a unicode character, not {}", value.type_name());
            return Err(Raised::type_error(message).into());
        };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(Fill(character)),
            _ => Err(Raised::type_error("The fill character must be exactly one character long").into()),
        }
    }
}

fn pad(this: &Str, left: usize, right: usize, fill: Option<Fill>) -> Result<Str> {
    if left == 0 && right == 0 {
        return Ok(this.clone());
    }
    let fill = fill.map_or(' ', |Fill(fill)| fill);
    let padding = left.checked_add(right).and_then(|count| count.checked_mul(fill.len_utf8()));
    let bytes = padding.and_then(|bytes| bytes.checked_add(this.len())).ok_or_else(Raised::out_of_memory)?;
    let mut builder = StrBuilder::try_with_capacity(bytes).ok_or_else(Raised::out_of_memory)?;
    builder.push_repeated(fill, left);
    builder.push_str(this);
    builder.push_repeated(fill, right);
    Ok(builder.finish())
}

fn missing(this: &Str, width: i64) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(this.characters())
}

fn center(_: &mut Vm, this: &Str, width: i64, fill: Option<Fill>) -> Result<Str> {
    let padding = missing(this, width);
    // The odd one goes left when the width is odd.
    let left = padding / 2 + (padding & width as usize & 1);
    pad(this, left, padding - left, fill)
}

fn ljust(_: &mut Vm, this: &Str, width: i64, fill: Option<Fill>) -> Result<Str> {
    pad(this, 0, missing(this, width), fill)
}

fn rjust(_: &mut Vm, this: &Str, width: i64, fill: Option<Fill>) -> Result<Str> {
    pad(this, missing(this, width), 0, fill)
}

fn zfill(_: &mut Vm, this: &Str, width: i64) -> Result<Str> {
    let zeros = missing(this, width);
    if zeros == 0 {
        return Ok(this.clone());
    }
    let (sign, digits) = match this.as_bytes().first() {
        Some(b'+' | b'-') => this.split_at(1),
        _ => ("", &**this),
    };
    let bytes = zeros.checked_add(this.len()).ok_or_else(Raised::out_of_memory)?;
    let mut builder = StrBuilder::try_with_capacity(bytes).ok_or_else(Raised::out_of_memory)?;
    builder.push_str(sign);
    builder.push_repeated('0', zeros);
    builder.push_str(digits);
    Ok(builder.finish())
}

fn expandtabs(_: &mut Vm, this: &Str, size: Option<i64>) -> Result<Str> {
    let size = usize::try_from(size.unwrap_or(8)).unwrap_or(0);
    let mut builder = StrBuilder::with_capacity(this.len());
    for line in this.split_inclusive(['\n', '\r']) {
        let mut column = 0usize;
        for (index, part) in line.split('\t').enumerate() {
            if index > 0 && size > 0 {
                let spaces = size - column % size;
                format_spec::reserve(&mut builder, spaces)?;
                builder.push_repeated(' ', spaces);
                column = column.wrapping_add(spaces);
            }
            builder.push_str(part);
            column = column.wrapping_add(if this.is_ascii() { part.len() } else { part.chars().count() });
        }
    }
    Ok(builder.finish())
}

fn encode(vm: &mut Vm, this: &Str, encoding: Option<&Value>, errors: Option<&Value>) -> Result<Value> {
    let encoding = codec_name("encode", "encoding", encoding)?.unwrap_or("utf-8");
    let errors = codec_name("encode", "errors", errors)?.unwrap_or("strict");
    codec::encode(vm, this, encoding, errors).map(crate::value::bytes::new)
}

fn maketrans(_: &mut Vm, first: &Value, second: Option<&Value>, third: Option<&Value>) -> Result<Value> {
    let table = Gc::new(Dict::new());
    let set = |key: Value, value: Value| {
        let Some(hash) = crate::value::hash::hash(&key) else { return };
        match table.find(&key, hash) {
            crate::value::dict::Found::At(index) => drop(table.replace_at(index, value)),
            _ => table.insert_new(key, hash, value),
        }
    };
    let code = |character: char| Value::Int(surrogate::code(character) as i64);
    let text = |value: &'_ Value, position: usize| match value.as_str() {
        Some(text) => Ok(text.clone()),
        None => {
            Err(Raised::type_error(format!("maketrans() argument {position} must be str, not {}", value.type_name())))
        }
    };
    let Some(second) = second else {
        let Value::Dict(dict) = first.native() else {
            return Err(Raised::type_error("if you give only one argument to maketrans it must be a dict"));
        };
        for entry in dict.snapshot() {
            match entry.key.native() {
                Value::Str(name) if name.characters() == 1 => {
                    name.chars().for_each(|character| set(code(character), entry.value.clone()));
                }
                Value::Str(_) => return Err(Raised::value_error("string keys in translate table must be of length 1")),
                Value::Int(_) | Value::Bool(_) | Value::BigInt(_) => set(entry.key, entry.value),
                _ => return Err(Raised::type_error("keys in translate table must be strings or integers")),
            }
        }
        return Ok(Value::Dict(table));
    };
    let second = text(second, 2)?;
    let third = third.map(|third| text(third, 3)).transpose()?;
    let Some(first) = first.as_str() else {
        let message = "first maketrans argument must be a string if there is a second argument";
        return Err(Raised::type_error(message));
    };
    if first.characters() != second.characters() {
        return Err(Raised::value_error("the first two maketrans arguments must have equal length"));
    }
    first.chars().zip(second.chars()).for_each(|(from, to)| set(code(from), code(to)));
    third.iter().flat_map(|third| third.chars()).for_each(|unwanted| set(code(unwanted), Value::None));
    Ok(Value::Dict(table))
}

/// From this length on it is looked whether there is room for a text that a script has put in.
const HUGE: usize = 1 << 20;

fn translate(vm: &mut Vm, this: &Str, table: &Value) -> Result<Str> {
    let mut builder = StrBuilder::with_capacity(this.len());
    // ASCII characters that a plain dict has not, once that has been seen.
    let mut unmapped = 0u128;
    for character in this.chars() {
        if character.is_ascii() && unmapped >> character as u32 & 1 != 0 {
            builder.push(character);
            continue;
        }
        let key = Value::Int(surrogate::code(character) as i64);
        let found = match table {
            Value::Dict(dict) => vm.dict_get(dict, &key)?,
            other => match vm.get_item(other, &key) {
                Ok(found) => Some(found),
                Err(raised) if raised.is_a(&types().lookup_error) => None,
                Err(raised) => return Err(raised),
            },
        };
        match found.as_ref().map(Value::native) {
            None => {
                builder.push(character);
                if character.is_ascii() && matches!(table, Value::Dict(_)) {
                    unmapped |= 1 << character as u32;
                }
            }
            Some(Value::None) => {}
            Some(Value::Str(text)) if text.len() > HUGE && !builder.try_reserve(text.len()) => {
                return Err(Raised::out_of_memory());
            }
            Some(Value::Str(text)) => builder.push_str(text),
            Some(Value::Int(code)) => match u32::try_from(*code).ok().and_then(surrogate::character) {
                Some(mapped) => builder.push(mapped),
                None => return Err(Raised::value_error("character mapping must be in range(0x110000)")),
            },
            Some(Value::BigInt(_)) => {
                return Err(Raised::value_error("character mapping must be in range(0x110000)"));
            }
            Some(_) => return Err(Raised::type_error("character mapping must return integer, None or str")),
        }
    }
    Ok(builder.finish())
}

fn get_new_arguments(_: &mut Vm, this: &Str) -> Value {
    Value::tuple(vec![Value::str(this)])
}

/// The rows of this file, part of the methods of str.
pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, object='', encoding='utf-8', errors='strict')",
        new(required, optional, optional, optional),
        "A string of an object, or of encoded bytes."
    )
    .static_method(),
    native!("__repr__(self, /)", repr(required), "The literal that gives this text."),
    native!("__str__(self, /)", str(required), "The text itself."),
    native!("__hash__(self, /)", hash(required), "The hash of the text."),
    native!("__len__(self, /)", length(required), "How many characters there are."),
    native!("__iter__(self, /)", iterate(required), "An iterator over the characters."),
    native!("__format__(self, format_spec, /)", format(required, required), "The text as a format spec asks."),
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
    native!("__contains__(self, key, /)", contains(required, required), "key in self"),
    native!("__getitem__(self, key, /)", get_item(required, required), "self[key]"),
    native!("__getnewargs__(self, /)", get_new_arguments(required), "The arguments that make a copy."),
    native!("join(self, iterable, /)", join(required, required), "The strings of an iterable with this one between."),
    native!(
        "center(self, width, fillchar=' ', /)",
        center(required, required, optional),
        "The text in the middle of a field."
    ),
    native!(
        "ljust(self, width, fillchar=' ', /)",
        ljust(required, required, optional),
        "The text at the left of a field."
    ),
    native!(
        "rjust(self, width, fillchar=' ', /)",
        rjust(required, required, optional),
        "The text at the right of a field."
    ),
    native!("zfill(self, width, /)", zfill(required, required), "The text with zeros after its sign to fill a field."),
    native!(
        "expandtabs(self, /, tabsize=8)",
        expandtabs(required, optional),
        "The text with spaces up to the next tab stop for each tab."
    ),
    native!(
        "encode(self, /, encoding='utf-8', errors='strict')",
        encode(required, optional, optional),
        "The text as bytes."
    ),
    native!(
        "translate(self, table, /)",
        translate(required, required),
        "The text with each character replaced by what the table has for it."
    ),
    native!(
        "maketrans(x, y=None, z=None, /)",
        maketrans(required, optional, optional),
        "A table for translate, of a dict or of strings of equal length."
    )
    .static_method(),
];
