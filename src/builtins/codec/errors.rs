//! What happens to what cannot be encoded or decoded: the handlers known by name, those a script has
//! registered included, and the state of encoding and decoding that they act on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;

use crate::memory::{StrBuilder, surrogate};
use crate::value::str_repr::write_escape;
use crate::value::{Raised, Result, Str, Value, bytes, types};
use crate::vm::Vm;

/// A handler.
#[derive(Clone)]
enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlReplace,
    NameReplace,
    SurrogateEscape,
    SurrogatePass,
    /// A function of the script.
    Custom(Value),
}

thread_local! {
    static REGISTERED: RefCell<HashMap<String, Value>> = RefCell::default();
}

/// `codecs.register_error`: from now on the name means this function.
pub fn register(name: &str, handler: Value) {
    let old = REGISTERED.with_borrow_mut(|registered| registered.insert(name.to_string(), handler));
    drop(old);
}

/// The function that was registered for a name.
pub fn registered(name: &str) -> Option<Value> {
    REGISTERED.with_borrow(|registered| registered.get(name).cloned())
}

/// The handler with a name. LookupError when there is none.
fn handler_of(name: &str) -> Result<Handler> {
    if let Some(function) = registered(name) {
        return Ok(Handler::Custom(function));
    }
    Ok(match name {
        "strict" => Handler::Strict,
        "surrogateescape" => Handler::SurrogateEscape,
        "surrogatepass" => Handler::SurrogatePass,
        "ignore" => Handler::Ignore,
        "replace" => Handler::Replace,
        "backslashreplace" => Handler::BackslashReplace,
        "xmlcharrefreplace" => Handler::XmlReplace,
        "namereplace" => Handler::NameReplace,
        _ => return Err(Raised::lookup_error(format!("unknown error handler name '{name}'"))),
    })
}

/// What a handler of the script answers: a replacement, and where to go on in an object of this length.
/// `kind` is what the codec does, for messages.
fn ask(vm: &mut Vm, handler: &Value, error: Raised, length: usize, kind: &str) -> Result<(Value, usize)> {
    let answer = vm.call(handler, &[Value::Exception(error.0)])?;
    let wrong = || {
        let expected = if kind == "encoding" { "(str/bytes, int)" } else { "(str, int)" };
        Raised::type_error(format!("{kind} error handler must return {expected} tuple"))
    };
    let Value::Tuple(parts) = answer.native() else { return Err(wrong()) };
    let [replacement, position] = parts.items() else { return Err(wrong()) };
    let fits = replacement.as_str().is_some() || kind == "encoding" && matches!(replacement.native(), Value::Bytes(_));
    if !fits {
        return Err(wrong());
    }
    let given = vm.index(position)?;
    let place = if given < 0 { given + length as i64 } else { given };
    match usize::try_from(place) {
        Ok(place) if place <= length => Ok((replacement.clone(), place)),
        _ => Err(Raised::index_error(format!("position {given} from error handler out of bounds"))),
    }
}

/// The arguments of a UnicodeError.
fn error_arguments(encoding: &str, object: Value, start: usize, end: usize, reason: &str) -> Vec<Value> {
    vec![Value::str(encoding), object, Value::from(start), Value::from(end), Value::str(reason)]
}

/// A UnicodeEncodeError.
pub fn encode_error(encoding: &str, text: &Str, start: usize, end: usize, reason: &str) -> Raised {
    let object = Value::Str(text.clone());
    Raised::new(&types().unicode_encode_error, error_arguments(encoding, object, start, end, reason))
}

/// What stands in the place of characters that cannot be encoded.
pub enum Replacement {
    /// Text that the encoding must be able to encode.
    Text(String),
    Bytes(Vec<u8>),
}

/// Encoding in progress.
pub struct Encoder<'a> {
    /// As messages name it.
    pub encoding: &'static str,
    errors: &'a str,
    text: &'a Str,
    pub characters: Vec<char>,
    pub out: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub fn new(encoding: &'static str, errors: &'a str, text: &'a Str) -> Encoder<'a> {
        Encoder { encoding, errors, text, characters: text.chars().collect(), out: Vec::with_capacity(text.len()) }
    }

    /// The exception for characters that cannot be encoded.
    pub fn error(&self, start: usize, end: usize, reason: &str) -> Raised {
        encode_error(self.encoding, self.text, start, end, reason)
    }

    /// Deals with characters that cannot be encoded: what stands for them, and where to go on.
    pub fn handle(&self, vm: &mut Vm, start: usize, end: usize, reason: &str) -> Result<(Replacement, usize)> {
        let wrong = &self.characters[start..end];
        let mut text = String::new();
        match handler_of(self.errors)? {
            Handler::Strict => return Err(self.error(start, end, reason)),
            Handler::Custom(handler) => {
                let error = self.error(start, end, reason);
                let (replacement, place) = ask(vm, &handler, error, self.characters.len(), "encoding")?;
                let replacement = match replacement.native() {
                    Value::Bytes(bytes) => Replacement::Bytes(bytes.data.to_vec()),
                    other => Replacement::Text(other.as_str().map_or_else(String::new, |text| text.to_string())),
                };
                return Ok((replacement, place));
            }
            Handler::SurrogateEscape => {
                let bytes: Vec<u8> = wrong.iter().map_while(|character| surrogate::escaped_byte(*character)).collect();
                if bytes.is_empty() {
                    return Err(self.error(start, end, reason));
                }
                let place = start + bytes.len();
                return Ok((Replacement::Bytes(bytes), place));
            }
            Handler::SurrogatePass => {
                let mut bytes = Vec::new();
                for character in wrong {
                    if !surrogate::stands_for_one(*character) || !self.pass(surrogate::code(*character), &mut bytes) {
                        return Err(self.error(start, end, reason));
                    }
                }
                return Ok((Replacement::Bytes(bytes), end));
            }
            Handler::Ignore => {}
            Handler::Replace => text.extend(wrong.iter().map(|_| '?')),
            Handler::BackslashReplace => wrong.iter().for_each(|character| write_escape(*character, &mut text)),
            Handler::XmlReplace => wrong.iter().for_each(|character| {
                let _ = write!(text, "&#{};", surrogate::code(*character));
            }),
            Handler::NameReplace => wrong.iter().for_each(|character| match unicode_names2::name(*character) {
                Some(name) => {
                    let _ = write!(text, "\\N{{{name}}}");
                }
                None => write_escape(*character, &mut text),
            }),
        }
        Ok((Replacement::Text(text), end))
    }

    /// Appends a surrogate as if it were a character; false when the encoding has no place for it.
    fn pass(&self, code: u32, bytes: &mut Vec<u8>) -> bool {
        match self.encoding {
            "utf-8" => {
                bytes.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8])
            }
            "utf-16" | "utf-16-le" => bytes.extend((code as u16).to_le_bytes()),
            "utf-16-be" => bytes.extend((code as u16).to_be_bytes()),
            "utf-32" | "utf-32-le" => bytes.extend(code.to_le_bytes()),
            "utf-32-be" => bytes.extend(code.to_be_bytes()),
            _ => return false,
        }
        true
    }
}

/// Bytes that cannot be decoded.
pub struct Fault {
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// Decoding in progress.
pub struct Decoder<'a> {
    /// As messages name it.
    pub encoding: &'static str,
    errors: &'a str,
    pub data: &'a [u8],
    pub out: StrBuilder,
}

impl<'a> Decoder<'a> {
    pub fn new(encoding: &'static str, errors: &'a str, data: &'a [u8]) -> Decoder<'a> {
        Decoder { encoding, errors, data, out: StrBuilder::with_capacity(data.len()) }
    }

    /// Deals with a fault and says where to go on.
    pub fn handle(&mut self, vm: &mut Vm, fault: Fault) -> Result<usize> {
        let Fault { start, end, reason } = fault;
        let handler = handler_of(self.errors)?;
        let error = || {
            let args = error_arguments(self.encoding, bytes::new(self.data), start, end, reason);
            Raised::new(&types().unicode_decode_error, args)
        };
        match handler {
            Handler::Strict => return Err(error()),
            Handler::Custom(handler) => {
                let error = error();
                let (replacement, place) = ask(vm, &handler, error, self.data.len(), "decoding")?;
                self.out.push_str(replacement.as_str().map_or("", |replacement| replacement));
                return Ok(place);
            }
            Handler::SurrogateEscape => {
                let wrong = self.data[start..end].iter().take(4).take_while(|byte| !byte.is_ascii());
                let count = wrong.clone().count();
                if count == 0 {
                    return Err(error());
                }
                self.out.extend(wrong.filter_map(|byte| surrogate::character(0xdc00 + u32::from(*byte))));
                return Ok(start + count);
            }
            Handler::SurrogatePass => {
                let Some((code, length)) = self.passed(start) else { return Err(error()) };
                self.out.extend(surrogate::character(code));
                return Ok(start + length);
            }
            Handler::Ignore => {}
            Handler::Replace => self.out.push('\u{fffd}'),
            Handler::BackslashReplace => {
                for byte in &self.data[start..end] {
                    let _ = write!(self.out, "\\x{byte:02x}");
                }
            }
            Handler::XmlReplace | Handler::NameReplace => {
                let message = "don't know how to handle UnicodeDecodeError in error callback";
                return Err(Raised::type_error(message));
            }
        }
        Ok(end)
    }

    /// The surrogate that is encoded at a place as if it were a character, and its length.
    fn passed(&self, start: usize) -> Option<(u32, usize)> {
        let rest = &self.data[start..];
        let (code, length) = match (self.encoding, rest) {
            ("utf-8", [first @ 0xe0..=0xef, second @ 0x80..=0xbf, third @ 0x80..=0xbf, ..]) => {
                let [first, second, third] = [first & 0x0f, second & 0x3f, third & 0x3f].map(u32::from);
                (first << 12 | second << 6 | third, 3)
            }
            ("utf-16-le", [low, high, ..]) | ("utf-16-be", [high, low, ..]) => {
                (u32::from(u16::from_be_bytes([*high, *low])), 2)
            }
            ("utf-32-le", [a, b, c, d, ..]) | ("utf-32-be", [d, c, b, a, ..]) => {
                (u32::from_le_bytes([*a, *b, *c, *d]), 4)
            }
            _ => return None,
        };
        surrogate::is_surrogate(code).then_some((code, length))
    }
}
