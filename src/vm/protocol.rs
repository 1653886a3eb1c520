//! Conversions: truth, length, hash, text, numbers.

use crate::memory::surrogate;
use crate::value::{Class, Raised, Result, Str, Value, format_spec, hash, integer, symbols, types};

use super::Vm;

impl Vm {
    /// `bool(value)`
    #[inline]
    pub fn truth(&mut self, value: &Value) -> Result<bool> {
        Ok(match value {
            Value::Bool(truth) => *truth,
            Value::None | Value::Unbound => false,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Tuple(tuple) => !tuple.is_empty(),
            Value::Dict(dict) => !dict.is_empty(),
            Value::Set(set) => !set.is_empty(),
            _ => return self.truth_of_object(value),
        })
    }

    fn truth_of_object(&mut self, value: &Value) -> Result<bool> {
        if let Value::NotImplemented = value {
            let message = "NotImplemented should not be used in a boolean context";
            (self.hooks.warn)(self, &types().deprecation_warning, message)?;
            return Ok(true);
        }
        let names = symbols();
        let value = value.clone();
        if value.class().lookup(&names.bool).is_some_and(|method| method.is_none()) {
            return Err(Raised::type_error("'NoneType' object is not callable"));
        }
        if let Some(result) = self.call_special(&value, &names.bool, &[]) {
            return match result? {
                Value::Bool(truth) => Ok(truth),
                other => {
                    Err(Raised::type_error(format!("__bool__ should return bool, returned {}", other.type_name())))
                }
            };
        }
        match self.length_if_any(&value) {
            Some(length) => Ok(length? != 0),
            None => Ok(true),
        }
    }

    /// Warns when a conversion (`__int__`, `__index__`, `__float__`) gave a number of a derived class.
    pub fn warn_of_subclass(&mut self, result: &Value, expected: &Class, method: &Str) -> Result<()> {
        let class = result.class();
        if class.same(expected) || !class.is_subclass(expected) {
            return Ok(());
        }
        let (name, expected) = (class.name(), expected.name());
        let message = format!(
            "{method} returned non-{expected} (type {name}).  The ability to return an instance of a strict subclass \
             of {expected} is deprecated, and may be removed in a future version of Python."
        );
        let warn = self.hooks.warn;
        warn(self, &types().deprecation_warning, &message)
    }

    /// `operator.index(value)`, of any size: an Int or BigInt.
    pub fn index_value(&mut self, value: &Value) -> Result<Value> {
        match value.native() {
            Value::Int(number) => return Ok(Value::Int(*number)),
            Value::Bool(truth) => return Ok(Value::Int(*truth as i64)),
            big @ Value::BigInt(_) => return Ok(big.clone()),
            _ => {}
        }
        match self.call_special(value, &symbols().index, &[]) {
            Some(result) => match result? {
                Value::Int(number) => Ok(Value::Int(number)),
                Value::Bool(truth) => {
                    self.warn_of_subclass(&Value::Bool(truth), &types().int, &symbols().index)?;
                    Ok(Value::Int(truth as i64))
                }
                big @ Value::BigInt(_) => Ok(big),
                other => match other.native() {
                    number @ (Value::Int(_) | Value::BigInt(_)) => Ok(number.clone()),
                    _ => Err(Raised::type_error(format!("__index__ returned non-int (type {})", other.type_name()))),
                },
            },
            None => {
                Err(Raised::type_error(format!("'{}' object cannot be interpreted as an integer", value.type_name())))
            }
        }
    }

    /// `operator.index(value)`, as an i64; OverflowError when it does not fit.
    pub fn index(&mut self, value: &Value) -> Result<i64> {
        match self.index_value(value)? {
            Value::Int(number) => Ok(number),
            _ => Err(Raised::overflow_error("Python int too large to convert to C ssize_t")),
        }
    }

    /// As `index`, but clamped to what fits.
    pub fn index_clamped(&mut self, value: &Value) -> Result<i64> {
        match self.index_value(value)? {
            Value::Int(number) => Ok(number),
            Value::BigInt(big) if big.0.sign() == num_bigint::Sign::Minus => Ok(i64::MIN),
            _ => Ok(i64::MAX),
        }
    }

    /// The number as a float: `__float__`, else `__index__`; TypeError "must be real number, not str".
    pub fn float(&mut self, value: &Value) -> Result<f64> {
        match value.native() {
            Value::Float(number) => return Ok(*number),
            Value::Int(number) => return Ok(*number as f64),
            Value::Bool(truth) => return Ok(*truth as u8 as f64),
            Value::BigInt(big) => {
                return integer::to_float(&big.0);
            }
            _ => {}
        }
        let names = symbols();
        if let Some(result) = self.call_special(value, &names.float, &[]) {
            let result = result?;
            return match result.native() {
                Value::Float(number) => Ok(*number),
                _ => Err(Raised::type_error(format!(
                    "{}.__float__ returned non-float (type {})",
                    value.type_name(),
                    result.type_name()
                ))),
            };
        }
        if value.class().lookup(&names.index).is_some() {
            let number = self.index_value(value)?;
            return self.float(&number);
        }
        Err(Raised::type_error(format!("must be real number, not {}", value.type_name())))
    }

    /// `len(value)`
    pub fn length(&mut self, value: &Value) -> Result<usize> {
        match value {
            Value::Str(text) => Ok(text.characters()),
            Value::List(list) => Ok(list.len()),
            Value::Tuple(tuple) => Ok(tuple.len()),
            Value::Dict(dict) => Ok(dict.len()),
            Value::Set(set) => Ok(set.len()),
            Value::Bytes(bytes) => Ok(bytes.data.len()),
            _ => match self.length_if_any(&value.clone()) {
                Some(length) => length,
                None => Err(Raised::type_error(format!("object of type '{}' has no len()", value.type_name()))),
            },
        }
    }

    fn length_if_any(&mut self, value: &Value) -> Option<Result<usize>> {
        let result = self.call_special(value, &symbols().len, &[])?;
        Some(result.and_then(|length| match self.index_value(&length) {
            Err(_) => {
                Err(Raised::type_error(format!("'{}' object cannot be interpreted as an integer", length.type_name())))
            }
            Ok(Value::Int(number)) if number >= 0 => Ok(number as usize),
            Ok(Value::Int(_)) => Err(Raised::value_error("__len__() should return >= 0")),
            Ok(Value::BigInt(big)) if big.0.sign() == num_bigint::Sign::Minus => {
                Err(Raised::value_error("__len__() should return >= 0"))
            }
            Ok(_) => Err(Raised::overflow_error("cannot fit 'int' into an index-sized integer")),
        }))
    }

    /// `operator.length_hint(value)`: a guess, 0 if there is none.
    pub fn length_hint(&mut self, value: &Value) -> Result<usize> {
        match value {
            Value::Iterator(iterator) => Ok(iterator.clone().length_hint(self)?.unwrap_or(0)),
            Value::Coroutine(_) => Ok(0),
            _ => {
                if let Some(length) = self.length_if_any(value) {
                    return match length {
                        Err(raised) if raised.is_a(&types().type_error) => Ok(0),
                        length => length,
                    };
                }
                match self.call_special(value, &symbols().length_hint, &[]) {
                    Some(Ok(Value::Int(number))) if number >= 0 => Ok(number as usize),
                    Some(Ok(Value::NotImplemented)) | None => Ok(0),
                    Some(Ok(Value::Int(_))) => Err(Raised::value_error("__length_hint__() should return >= 0")),
                    Some(Ok(other)) => Err(Raised::type_error(format!(
                        "__length_hint__ must be an integer, not {}",
                        other.type_name()
                    ))),
                    Some(Err(raised)) if raised.is_a(&types().type_error) => Ok(0),
                    Some(Err(raised)) => Err(raised),
                }
            }
        }
    }

    /// `hash(value)`; TypeError "unhashable type: 'list'".
    #[inline]
    pub fn hash(&mut self, value: &Value) -> Result<i64> {
        match hash::hash(value) {
            Some(hash) => Ok(hash),
            None => self.hash_of_object(value),
        }
    }

    fn hash_of_object(&mut self, value: &Value) -> Result<i64> {
        if let Value::Tuple(tuple) = value {
            let mut hashes = Vec::with_capacity(tuple.len());
            for item in tuple.items() {
                hashes.push(self.nest(" while calling a Python object", |vm| vm.hash(item))?);
            }
            let mut hashes = hashes.into_iter();
            return Ok(hash::combine_tuple(tuple.len(), || hashes.next()).unwrap_or(0));
        }
        let unhashable = || Raised::type_error(format!("unhashable type: '{}'", value.type_name()));
        match value {
            Value::List(_) | Value::Dict(_) | Value::Set(_) => return Err(unhashable()),
            Value::Method(method) => {
                let (receiver, function) = (hash::hash_address(method.receiver.address()), method.function.address());
                return Ok(receiver ^ hash::hash_address(function));
            }
            _ => {}
        }
        let class = value.class();
        match class.lookup(&symbols().hash) {
            None => Ok(hash::hash_address(value.address())),
            Some(Value::None) => Err(unhashable()),
            Some(Value::Native(native)) if native.owner.as_ref().is_some_and(|owner| owner.same(&types().object)) => {
                Ok(hash::hash_address(value.address()))
            }
            Some(_) => {
                let result = self.call_special(value, &symbols().hash, &[]).unwrap_or(Ok(Value::Int(0)))?;
                match result.native() {
                    Value::Int(-1) => Ok(-2),
                    Value::Int(number) => Ok(*number),
                    Value::Bool(truth) => Ok(*truth as i64),
                    big @ Value::BigInt(_) => Ok(hash::hash(big).unwrap_or(0)),
                    _ => Err(Raised::type_error("__hash__ method should return an integer")),
                }
            }
        }
    }

    /// `repr(value)`. Guards itself against recursion deeper than the limit.
    pub fn repr(&mut self, value: &Value) -> Result<Str> {
        match value {
            Value::Int(number) => return Ok(decimal(*number)),
            Value::Float(number) => return Ok(format_spec::float_to_str(*number)),
            Value::None => return Ok(Str::intern("None")),
            Value::Bool(truth) => return Ok(Str::intern(if *truth { "True" } else { "False" })),
            _ => {}
        }
        self.repr_object(value).map(text_of)
    }

    /// `repr(value)` as it is: it may be of a class derived from str.
    pub fn repr_object(&mut self, value: &Value) -> Result<Value> {
        self.nest(" while getting the repr of an object", |vm| match vm.call_special(value, &symbols().repr, &[]) {
            Some(result) => expect_text(result?, "__repr__"),
            None => Ok(Value::str(&format!("<{} object at {:#x}>", value.type_name(), value.address()))),
        })
    }

    /// `str(value)`
    pub fn str(&mut self, value: &Value) -> Result<Str> {
        self.str_object(value).map(text_of)
    }

    /// `str(value)` as it is: it may be of a class derived from str.
    pub fn str_object(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::Str(_) => return Ok(value.clone()),
            Value::Int(_) | Value::Float(_) | Value::None | Value::Bool(_) => return self.repr(value).map(Value::Str),
            _ => {}
        }
        self.nest(" while getting the str of an object", |vm| match vm.call_special(value, &symbols().str, &[]) {
            Some(result) => expect_text(result?, "__str__"),
            None => vm.repr_object(value),
        })
    }

    /// `ascii(value)`
    pub fn ascii(&mut self, value: &Value) -> Result<Str> {
        let text = self.repr(value)?;
        if text.is_ascii() {
            return Ok(text);
        }
        let mut out = String::with_capacity(text.len() + 8);
        for character in text.chars() {
            match surrogate::code(character) {
                0..0x80 => out.push(character),
                code @ 0x80..0x100 => out.push_str(&format!("\\x{code:02x}")),
                code @ 0x100..0x10000 => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            }
        }
        Ok(Str::new(&out))
    }

    /// `format(value, spec)`
    pub fn format(&mut self, value: &Value, spec: &Str) -> Result<Str> {
        if let Some(done) = format_spec::format_to_str(value, spec) {
            return done;
        }
        match self.call_special(value, &symbols().format, &[Value::Str(spec.clone())]) {
            Some(result) => {
                let result = result?;
                match result.as_str() {
                    Some(text) => Ok(text.clone()),
                    None => {
                        Err(Raised::type_error(format!("__format__ must return a str, not {}", result.type_name())))
                    }
                }
            }
            None => self.str(value),
        }
    }

    /// `format(value, "")`, as `{value}` in an f-string.
    pub(super) fn format_plain(&mut self, value: &Value) -> Result<Str> {
        match value {
            Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::None | Value::Bool(_) => self.str(value),
            _ => {
                let value = value.clone();
                self.format(&value, &Str::intern(""))
            }
        }
    }

    pub(super) fn format_with(&mut self, value: &Value, spec: &Value) -> Result<Str> {
        let value = value.clone();
        match spec.as_str() {
            Some(spec) => self.format(&value, &spec.clone()),
            None => Err(Raised::type_error("a format specification must be a str")),
        }
    }

    /// Runs something that may call itself without end through native code. `doing` ends the message of the
    /// RecursionError that comes instead when it is too deep already.
    pub fn nest<T>(&mut self, doing: &str, run: impl FnOnce(&mut Vm) -> Result<T>) -> Result<T> {
        // What says more than that something is called is found out first.
        if self.is_nested_too_deeply(2) && (doing != super::call::CALLING || self.is_nested_too_deeply(0)) {
            return Err(Raised::recursion_error(format!("maximum recursion depth exceeded{doing}")));
        }
        self.nesting += 1;
        let result = run(self);
        self.nesting -= 1;
        result
    }

    /// Runs `show` unless `value` is already being shown further out (a list inside itself): then None.
    pub fn guard_repr<T>(&mut self, value: &Value, show: impl FnOnce(&mut Vm) -> Result<T>) -> Result<Option<T>> {
        let address = value.address();
        if self.showing.contains(&address) {
            return Ok(None);
        }
        self.showing.push(address);
        let result = show(self);
        self.showing.pop();
        result.map(Some)
    }
}

fn expect_text(result: Value, method: &str) -> Result<Value> {
    match result.as_str() {
        Some(_) => Ok(result),
        None => Err(Raised::type_error(format!("{method} returned non-string (type {})", result.type_name()))),
    }
}

/// The text of what is a str, or of a class derived from it.
fn text_of(value: Value) -> Str {
    match value {
        Value::Str(text) => text,
        other => other.as_str().cloned().unwrap_or_else(|| Str::new("")),
    }
}

/// A number as text, without a detour.
fn decimal(number: i64) -> Str {
    let mut buffer = [0u8; 20];
    let mut at = buffer.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    let text = std::str::from_utf8(&buffer[at..]).unwrap_or_default();
    Str::with_length(text, text.len())
}
