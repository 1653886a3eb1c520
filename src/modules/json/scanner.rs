//! Reading JSON: `make_scanner`, whose instances give the value at a place of a text.

use hashbrown::HashMap;

use super::text::{decode_error, read_string};
use crate::builtins::number_parse;
use crate::memory::Tracer;
use crate::modules::native_class;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// What a decoder wants: hooks are None when there are none.
struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    /// None for the builtin classes.
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
}

impl Payload for Scanner {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        let hooks = [&self.object_hook, &self.object_pairs_hook, &self.parse_float, &self.parse_int];
        hooks.into_iter().chain([&self.parse_constant]).for_each(|hook| hook.trace(tracer));
    }
}

impl<'a> FromArgument<'a> for &'a Scanner {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Scanner>().ok_or(Mismatch::Expected("_json.Scanner"))
    }
}

thread_local! {
    pub static SCANNER: Class = native_class("_json.Scanner", &types().object, METHODS);
}

fn new(vm: &mut Vm, class: &Class, context: &Value) -> Result<Value> {
    let mut read = |name: &str| vm.get_attribute(context, &Str::intern(name));
    let strict = read("strict")?;
    let mut scanner = Scanner {
        strict: false,
        object_hook: read("object_hook")?,
        object_pairs_hook: read("object_pairs_hook")?,
        parse_float: read("parse_float")?,
        parse_int: read("parse_int")?,
        parse_constant: read("parse_constant")?,
    };
    scanner.strict = vm.truth(&strict)?;
    let is_class = |value: &Value, class: &Class| matches!(value, Value::Class(own) if own.same(class));
    if is_class(&scanner.parse_float, &types().float) {
        scanner.parse_float = Value::None;
    }
    if is_class(&scanner.parse_int, &types().int) {
        scanner.parse_int = Value::None;
    }
    Ok(Value::Instance(Instance::with_payload(class.clone(), scanner)))
}

fn call(vm: &mut Vm, this: &Scanner, text: &Value, start: i64) -> Result<Value> {
    let Some(text) = text.as_str() else {
        return Err(Raised::type_error(format!("first argument must be a string, not {}", text.type_name())));
    };
    let text = text.clone();
    let start = usize::try_from(start).map_err(|_| Raised::value_error("idx cannot be negative"))?;
    if start > text.characters() {
        return Err(Raised::stop_iteration(Value::from(start)));
    }
    let mut reader = Reader { scanner: this, text: &text, at: text.byte_offset(start), keys: HashMap::default() };
    match reader.value(vm) {
        Ok(value) => {
            let end = text.character_index(reader.at);
            Ok(Value::tuple(vec![value, Value::from(end)]))
        }
        Err(Stop::NoValue(byte)) => Err(Raised::stop_iteration(Value::from(text.character_index(byte)))),
        Err(Stop::Raised(raised)) => Err(raised),
    }
}

/// Why reading ended.
enum Stop {
    /// There is no value at this byte.
    NoValue(usize),
    Raised(Raised),
}

impl From<Raised> for Stop {
    fn from(raised: Raised) -> Stop {
        Stop::Raised(raised)
    }
}

type Read<T> = std::result::Result<T, Stop>;

/// A text and how far it has been read.
struct Reader<'a> {
    scanner: &'a Scanner,
    text: &'a Str,
    at: usize,
    /// The keys seen so far: equal ones become one string.
    keys: HashMap<&'a str, Str, ahash::RandomState>,
}

impl<'a> Reader<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    fn error(&self, vm: &mut Vm, message: &str, byte: usize) -> Stop {
        Stop::Raised(decode_error(vm, message, self.text, byte))
    }

    fn value(&mut self, vm: &mut Vm) -> Read<Value> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let (text, end) = read_string(vm, self.text, start + 1, self.scanner.strict)?;
                self.at = end;
                Ok(Value::Str(text))
            }
            Some(b'{') => self.nested(vm, Reader::object),
            Some(b'[') => self.nested(vm, Reader::array),
            Some(b'-' | b'0'..=b'9') => self.number(vm),
            _ => {
                for (word, value) in [("null", Value::None), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
                {
                    if self.takes(word) {
                        return Ok(value);
                    }
                }
                for word in ["NaN", "Infinity"] {
                    if self.takes(word) {
                        return self.constant(vm, word);
                    }
                }
                Err(Stop::NoValue(start))
            }
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    fn constant(&self, vm: &mut Vm, word: &str) -> Read<Value> {
        Ok(vm.call(&self.scanner.parse_constant, &[Value::str(word)])?)
    }

    /// Reads a container, which counts against the limit of recursion.
    fn nested(&mut self, vm: &mut Vm, read: fn(&mut Self, &mut Vm) -> Read<Value>) -> Read<Value> {
        let mut stop = None;
        let result = vm.nest(" while decoding a JSON object from a unicode string", |vm| match read(self, vm) {
            Ok(value) => Ok(value),
            Err(Stop::Raised(raised)) => Err(raised),
            Err(other) => {
                stop = Some(other);
                Ok(Value::None)
            }
        });
        match stop {
            Some(stop) => Err(stop),
            None => Ok(result?),
        }
    }

    fn array(&mut self, vm: &mut Vm) -> Read<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.skip_blanks() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(vm)?);
            match self.skip_blanks() {
                Some(b']') => break,
                Some(b',') => {}
                _ => return Err(self.error(vm, "Expecting ',' delimiter", self.at)),
            }
            let comma = self.at;
            self.at += 1;
            if self.skip_blanks() == Some(b']') {
                return Err(self.error(vm, "Illegal trailing comma before end of array", comma));
            }
        }
        self.at += 1;
        Ok(Value::list(items))
    }

    fn object(&mut self, vm: &mut Vm) -> Read<Value> {
        self.at += 1;
        let wants_pairs = !self.scanner.object_pairs_hook.is_none();
        let mut pairs = Vec::new();
        let dict = Gc::new(Dict::new());
        let mut next = self.skip_blanks();
        while next != Some(b'}') {
            if next != Some(b'"') {
                return Err(self.error(vm, "Expecting property name enclosed in double quotes", self.at));
            }
            let key = self.key(vm)?;
            if self.skip_blanks() != Some(b':') {
                return Err(self.error(vm, "Expecting ':' delimiter", self.at));
            }
            self.at += 1;
            self.skip_blanks();
            let value = self.value(vm)?;
            if wants_pairs {
                pairs.push(Value::tuple(vec![Value::Str(key), value]));
            } else {
                dict.set_str(&key, value);
            }
            match self.skip_blanks() {
                Some(b'}') => break,
                Some(b',') => {}
                _ => return Err(self.error(vm, "Expecting ',' delimiter", self.at)),
            }
            let comma = self.at;
            self.at += 1;
            next = self.skip_blanks();
            if next == Some(b'}') {
                return Err(self.error(vm, "Illegal trailing comma before end of object", comma));
            }
        }
        self.at += 1;
        if wants_pairs {
            return Ok(vm.call(&self.scanner.object_pairs_hook, &[Value::list(pairs)])?);
        }
        if !self.scanner.object_hook.is_none() {
            return Ok(vm.call(&self.scanner.object_hook, &[Value::Dict(dict)])?);
        }
        Ok(Value::Dict(dict))
    }

    fn key(&mut self, vm: &mut Vm) -> Read<Str> {
        let start = self.at + 1;
        // A key without escapes that was seen before is known by its source.
        let text: &'a str = self.text;
        if let Some(length) = memchr::memchr2(b'"', b'\\', &text.as_bytes()[start..])
            && text.as_bytes()[start + length] == b'"'
            && let source = &text[start..start + length]
            && let Some(known) = self.keys.get(source)
        {
            self.at = start + length + 1;
            return Ok(known.clone());
        }
        let (key, end) = read_string(vm, self.text, start, self.scanner.strict)?;
        self.at = end;
        let source = &text[start..end - 1];
        if source.len() == key.len() {
            self.keys.insert(source, key.clone());
        }
        Ok(key)
    }

    fn number(&mut self, vm: &mut Vm) -> Read<Value> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let first = start + (bytes[start] == b'-') as usize;
        let mut end = match bytes.get(first) {
            Some(b'0') => first + 1,
            Some(b'1'..=b'9') => digits(first),
            _ if first > start => {
                self.at = first;
                if self.takes("Infinity") {
                    return self.constant(vm, "-Infinity");
                }
                return Err(Stop::NoValue(start));
            }
            _ => return Err(Stop::NoValue(start)),
        };
        let whole = end;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction > end + 1 {
                end = fraction;
            }
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-')) as usize;
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        self.at = end;
        let source = &self.text[start..end];
        let (is_float, hook) = match end > whole {
            true => (true, &self.scanner.parse_float),
            false => (false, &self.scanner.parse_int),
        };
        if !hook.is_none() {
            return Ok(vm.call(hook, &[Value::str(source)])?);
        }
        if is_float {
            return Ok(Value::Float(source.parse().unwrap_or(f64::NAN)));
        }
        if let Ok(number) = source.parse::<i64>() {
            return Ok(Value::Int(number));
        }
        match number_parse::parse_int(source, 10) {
            Ok(number) => Ok(number),
            Err(error) => Err(Stop::Raised(error.raise(vm, &Value::str(source), 10))),
        }
    }
}

const METHODS: &[Native] = &[
    native!("__new__(cls, context)", new(required, required), "A scanner with the hooks of a decoder.").static_method(),
    native!(
        "__call__(self, string, idx)",
        call(required, required, required),
        "Reads the value at a place: the value, and where it goes on."
    ),
];
