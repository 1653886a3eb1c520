//! `str.format` and `str.format_map`.
//!
//! A format string is literal text and fields `{name.attribute[index]!conversion:spec}`. The spec may hold
//! fields in its turn, one level deep.

use crate::memory::StrBuilder;
use crate::native;
use crate::value::str_properties::decimal_value;
use crate::value::{Dict, Gc, Native, Raised, Result, Str, Value, format_spec, str_repr};
use crate::vm::Vm;

/// How deep fields may be nested, the outermost included.
const DEPTH: u32 = 2;

/// Where the values of named fields come from.
enum Names<'a> {
    Keywords(Option<&'a Gc<Dict>>),
    Mapping(&'a Value),
}

/// Whether fields are numbered by the script or in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    Undecided,
    Manual,
    /// The next number.
    Automatic(usize),
}

struct Formatter<'a> {
    positional: &'a [Value],
    names: Names<'a>,
    numbering: Numbering,
}

/// One field, as it stands in the format string.
pub struct Field<'a> {
    pub name: &'a str,
    pub conversion: Option<char>,
    pub spec: &'a str,
    /// Whether the spec holds fields.
    nested: bool,
}

fn malformed<T>(message: &str) -> Result<T> {
    Err(Raised::value_error(message))
}

/// Takes a field off the text behind its `{` and gives it with what follows its `}`.
pub fn parse_field(text: &str) -> Result<(Field<'_>, &str)> {
    let bytes = text.as_bytes();
    let mut position = 0;
    let end = loop {
        match bytes.get(position) {
            None => return malformed("expected '}' before end of string"),
            Some(b'{') => return malformed("unexpected '{' in field name"),
            Some(b'[') => match memchr::memchr(b']', &bytes[position..]) {
                Some(length) => position += length,
                None => return malformed("expected '}' before end of string"),
            },
            Some(b'}' | b':' | b'!') => break position,
            Some(_) => {}
        }
        position += 1;
    };
    let mut field = Field { name: &text[..end], conversion: None, spec: "", nested: false };
    let mut rest = &text[end + 1..];
    match bytes[end] {
        b'}' => return Ok((field, rest)),
        b'!' => {
            let mut characters = rest.chars();
            let Some(conversion) = characters.next() else {
                return malformed("end of string while looking for conversion specifier");
            };
            field.conversion = Some(conversion);
            match characters.next() {
                Some('}') => return Ok((field, characters.as_str())),
                Some(':') => {}
                Some(_) => return malformed("expected ':' after conversion specifier"),
                None => {}
            }
            rest = characters.as_str();
        }
        _ => {}
    }
    let mut open = 1;
    for (place, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => {
                field.nested = true;
                open += 1;
            }
            b'}' => {
                open -= 1;
                if open == 0 {
                    field.spec = &rest[..place];
                    return Ok((field, &rest[place + 1..]));
                }
            }
            _ => {}
        }
    }
    malformed("unmatched '{' in format spec")
}

/// A number in decimal digits; None when it is anything else.
pub fn parse_index(text: &str) -> Result<Option<usize>> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut number = 0usize;
    for character in text.chars() {
        let Some(digit) = decimal_value(character) else { return Ok(None) };
        let next = number.checked_mul(10).and_then(|number| number.checked_add(digit as usize));
        match next.filter(|next| *next <= i64::MAX as usize) {
            Some(next) => number = next,
            None => return malformed("Too many decimal digits in format string"),
        }
    }
    Ok(Some(number))
}

impl Formatter<'_> {
    fn write(&mut self, vm: &mut Vm, format: &str, depth: u32, out: &mut StrBuilder) -> Result<()> {
        if depth == 0 {
            return malformed("Max string recursion exceeded");
        }
        let mut rest = format;
        while let Some(place) = memchr::memchr2(b'{', b'}', rest.as_bytes()) {
            out.push_str(&rest[..place]);
            let brace = rest.as_bytes()[place];
            let after = &rest[place + 1..];
            if after.as_bytes().first() == Some(&brace) {
                out.push(brace as char);
                rest = &after[1..];
            } else if brace == b'}' {
                return malformed("Single '}' encountered in format string");
            } else if after.is_empty() {
                return malformed("Single '{' encountered in format string");
            } else {
                let (field, following) = parse_field(after)?;
                self.write_field(vm, &field, depth, out)?;
                rest = following;
            }
        }
        out.push_str(rest);
        Ok(())
    }

    fn write_field(&mut self, vm: &mut Vm, field: &Field<'_>, depth: u32, out: &mut StrBuilder) -> Result<()> {
        let mut value = self.value_of(vm, field.name)?;
        if let Some(conversion) = field.conversion {
            value = Value::Str(match conversion {
                's' => vm.str(&value)?,
                'r' => vm.repr(&value)?,
                'a' => str_repr::escape_non_ascii(&vm.repr(&value)?),
                '!'..='\x7e' => return malformed(&format!("Unknown conversion specifier {conversion}")),
                _ => return malformed(&format!("Unknown conversion specifier \\x{:x}", conversion as u32)),
            });
        }
        if field.nested {
            let mut spec = StrBuilder::new();
            self.write(vm, field.spec, depth - 1, &mut spec)?;
            return write_formatted(vm, &value, spec.as_str(), out);
        }
        write_formatted(vm, &value, field.spec, out)
    }

    /// The value of a name such as `0.attribute[key]`.
    fn value_of(&mut self, vm: &mut Vm, name: &str) -> Result<Value> {
        let end = memchr::memchr2(b'.', b'[', name.as_bytes()).unwrap_or(name.len());
        let (first, mut rest) = name.split_at(end);
        let mut value = self.first_value(vm, first)?;
        while !rest.is_empty() {
            let part;
            if let Some(attribute) = rest.strip_prefix('.') {
                let end = memchr::memchr2(b'.', b'[', attribute.as_bytes()).unwrap_or(attribute.len());
                (part, rest) = attribute.split_at(end);
                if !part.is_empty() {
                    value = vm.get_attribute(&value, &Str::intern(part))?;
                }
            } else if let Some(item) = rest.strip_prefix('[') {
                let Some(found) = item.split_once(']') else { return malformed("Missing ']' in format string") };
                (part, rest) = found;
                if !part.is_empty() {
                    let key = parse_index(part)?.map_or_else(|| Value::str(part), Value::from);
                    value = vm.get_item(&value, &key)?;
                }
            } else {
                return malformed("Only '.' or '[' may follow ']' in format field specifier");
            }
            if part.is_empty() {
                return malformed("Empty attribute in format string");
            }
        }
        Ok(value)
    }

    fn first_value(&mut self, vm: &mut Vm, name: &str) -> Result<Value> {
        let index = if name.is_empty() { self.next_number()? } else { parse_index(name)? };
        let Some(index) = index else { return self.named(vm, name) };
        if !name.is_empty() {
            if let Numbering::Automatic(_) = self.numbering {
                return malformed("cannot switch from automatic field numbering to manual field specification");
            }
            self.numbering = Numbering::Manual;
        }
        if let Names::Mapping(_) = self.names {
            return malformed("Format string contains positional fields");
        }
        self.positional.get(index).cloned().ok_or_else(|| {
            Raised::index_error(format!("Replacement index {index} out of range for positional args tuple"))
        })
    }

    fn next_number(&mut self) -> Result<Option<usize>> {
        let number = match self.numbering {
            Numbering::Undecided => 0,
            Numbering::Automatic(next) => next,
            Numbering::Manual => {
                return malformed("cannot switch from manual field specification to automatic field numbering");
            }
        };
        self.numbering = Numbering::Automatic(number + 1);
        Ok(Some(number))
    }

    fn named(&self, vm: &mut Vm, name: &str) -> Result<Value> {
        let key = Str::new(name);
        match self.names {
            Names::Keywords(keywords) => {
                let found = keywords.and_then(|keywords| keywords.get_str(&key));
                found.ok_or_else(|| Raised::key_error(Value::Str(key)))
            }
            Names::Mapping(mapping) => vm.get_item(mapping, &Value::Str(key)),
        }
    }
}

/// Appends `format(value, spec)`.
pub fn write_formatted(vm: &mut Vm, value: &Value, spec: &str, out: &mut StrBuilder) -> Result<()> {
    match format_spec::format_value(out, value, spec) {
        Some(done) => done,
        None => {
            let text = vm.format(value, &Str::new(spec))?;
            out.push_str(&text);
            Ok(())
        }
    }
}

fn format(vm: &mut Vm, this: &Str, positional: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Str> {
    let mut formatter = Formatter { positional, names: Names::Keywords(keywords), numbering: Numbering::Undecided };
    let mut out = StrBuilder::with_capacity(this.len() + 16);
    formatter.write(vm, this, DEPTH, &mut out)?;
    Ok(out.finish())
}

fn format_map(vm: &mut Vm, this: &Str, mapping: &Value) -> Result<Str> {
    let names = Names::Mapping(mapping);
    let mut formatter = Formatter { positional: &[], names, numbering: Numbering::Undecided };
    let mut out = StrBuilder::with_capacity(this.len() + 16);
    formatter.write(vm, this, DEPTH, &mut out)?;
    Ok(out.finish())
}

/// The rows of this file, part of the methods of str.
pub const METHODS: &[Native] = &[
    native!(
        "format(self, /, *args, **kwargs)",
        format(required, rest, keywords),
        "The text with its fields in braces filled from the arguments."
    ),
    native!(
        "format_map(self, mapping, /)",
        format_map(required, required),
        "As format, with the values of named fields from a mapping."
    ),
];
