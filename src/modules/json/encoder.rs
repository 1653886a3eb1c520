//! Writing JSON: `make_encoder`, whose instances give the text of a value.

use super::text::{Charset, write_string};
use crate::memory::{StrBuilder, Tracer};
use crate::modules::native_class;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Gc, Instance, Native, Raised, Result, Str, Tuple, Value, float, integer, types};
use crate::vm::Vm;

/// How strings are written.
enum StringWriter {
    Native(Charset),
    Script(Value),
}

/// The options of an encoder.
struct Encoder {
    /// Whether a container inside itself is looked for.
    checks_circles: bool,
    default: Value,
    strings: StringWriter,
    indent: Option<Str>,
    key_separator: Str,
    item_separator: Str,
    sorts_keys: bool,
    skips_keys: bool,
    allows_nan: bool,
}

impl Payload for Encoder {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.default.trace(tracer);
        if let StringWriter::Script(function) = &self.strings {
            function.trace(tracer);
        }
    }
}

impl<'a> FromArgument<'a> for &'a Encoder {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Encoder>().ok_or(Mismatch::Expected("_json.Encoder"))
    }
}

thread_local! {
    pub static ENCODER: Class = native_class("_json.Encoder", &types().object, METHODS);
}

fn new(vm: &mut Vm, class: &Class, arguments: &[Value]) -> Result<Value> {
    let [markers, default, encoder, indent, key_separator, item_separator, options @ ..] = arguments else {
        return Err(wrong_count(arguments.len()));
    };
    let [sort_keys, skip_keys, allow_nan] = options else { return Err(wrong_count(arguments.len())) };
    if !matches!(markers, Value::None | Value::Dict(_)) {
        let message = format!("make_encoder() argument 1 must be dict or None, not {}", markers.type_name());
        return Err(Raised::type_error(message));
    }
    let strings = match encoder {
        Value::Native(native) if native.row.name() == "encode_basestring_ascii" => StringWriter::Native(Charset::Ascii),
        Value::Native(native) if native.row.name() == "encode_basestring" => StringWriter::Native(Charset::Unicode),
        other => StringWriter::Script(other.clone()),
    };
    let encoder = Encoder {
        checks_circles: !markers.is_none(),
        default: default.clone(),
        strings,
        indent: indent.as_str().cloned(),
        key_separator: separator(key_separator)?,
        item_separator: separator(item_separator)?,
        sorts_keys: vm.truth(sort_keys)?,
        skips_keys: vm.truth(skip_keys)?,
        allows_nan: vm.truth(allow_nan)?,
    };
    Ok(Value::Instance(Instance::with_payload(class.clone(), encoder)))
}

fn wrong_count(given: usize) -> Raised {
    Raised::type_error(format!("make_encoder() takes exactly 9 arguments ({given} given)"))
}

fn separator(value: &Value) -> Result<Str> {
    let message = || format!("make_encoder() separators must be str, not {}", value.type_name());
    value.as_str().cloned().ok_or_else(|| Raised::type_error(message()))
}

fn call(vm: &mut Vm, encoder: &Encoder, value: &Value, level: Option<i64>) -> Result<Value> {
    let level = usize::try_from(level.unwrap_or(0)).unwrap_or(0);
    let mut writer = Writer { encoder, out: StrBuilder::with_capacity(64), level, open: Vec::new() };
    writer.value(vm, value)?;
    Ok(Value::tuple(vec![Value::Str(writer.out.finish())]))
}

/// A text that is being written.
struct Writer<'a> {
    encoder: &'a Encoder,
    out: StrBuilder,
    level: usize,
    /// Addresses of the containers around the present one.
    open: Vec<usize>,
}

impl Writer<'_> {
    fn value(&mut self, vm: &mut Vm, value: &Value) -> Result<()> {
        match value.native() {
            Value::None => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Str(text) => self.string(vm, value, text)?,
            Value::Int(number) => self.out.push_str(itoa::Buffer::new().format(*number)),
            Value::BigInt(number) => self.out.push_str(&integer::to_decimal(&number.0)?),
            Value::Float(number) => {
                let text = self.float(*number)?;
                self.out.push_str(&text);
            }
            Value::List(_) | Value::Tuple(_) => self.inside(vm, value, Writer::sequence)?,
            Value::Dict(_) => self.inside(vm, value, Writer::mapping)?,
            _ => self.inside(vm, value, |writer, vm, value| {
                let replaced = vm.call(&writer.encoder.default, std::slice::from_ref(value))?;
                writer.value(vm, &replaced)
            })?,
        }
        Ok(())
    }

    fn string(&mut self, vm: &mut Vm, value: &Value, text: &str) -> Result<()> {
        match &self.encoder.strings {
            StringWriter::Native(charset) => write_string(text, *charset, &mut self.out),
            StringWriter::Script(function) => {
                let written = vm.call(function, std::slice::from_ref(value))?;
                match written.as_str() {
                    Some(written) => self.out.push_str(written),
                    None => {
                        let kind = written.type_name();
                        return Err(Raised::type_error(format!("encoder() must return a string, not {kind}")));
                    }
                }
            }
        }
        Ok(())
    }

    fn float(&self, number: f64) -> Result<String> {
        if number.is_finite() {
            return Ok(float::repr(number));
        }
        if !self.encoder.allows_nan {
            let shown = float::repr(number);
            return Err(Raised::value_error(format!("Out of range float values are not JSON compliant: {shown}")));
        }
        Ok(match number {
            f64::INFINITY => "Infinity".into(),
            f64::NEG_INFINITY => "-Infinity".into(),
            _ => "NaN".into(),
        })
    }

    /// Writes what is inside an object, one level deeper.
    fn inside(
        &mut self,
        vm: &mut Vm,
        value: &Value,
        write: impl FnOnce(&mut Self, &mut Vm, &Value) -> Result<()>,
    ) -> Result<()> {
        if self.encoder.checks_circles {
            let address = value.address();
            if self.open.contains(&address) {
                return Err(Raised::value_error("Circular reference detected"));
            }
            self.open.push(address);
        }
        vm.nest(" while encoding a JSON object", |vm| write(self, vm, value))?;
        self.open.pop();
        Ok(())
    }

    fn sequence(&mut self, vm: &mut Vm, value: &Value) -> Result<()> {
        let items = vm.collect(value)?;
        if items.is_empty() {
            self.out.push_str("[]");
            return Ok(());
        }
        self.out.push('[');
        self.level += 1;
        self.new_line();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.separate();
            }
            self.value(vm, item)?;
        }
        self.level -= 1;
        self.new_line();
        self.out.push(']');
        Ok(())
    }

    fn new_line(&mut self) {
        if let Some(indent) = &self.encoder.indent {
            self.out.push('\n');
            for _ in 0..self.level {
                self.out.push_str(indent);
            }
        }
    }

    fn separate(&mut self) {
        self.out.push_str(&self.encoder.item_separator);
        self.new_line();
    }

    fn mapping(&mut self, vm: &mut Vm, value: &Value) -> Result<()> {
        let items = self.items(vm, value)?;
        if items.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        self.out.push('{');
        self.level += 1;
        self.new_line();
        let mut is_first = true;
        for (key, item) in items {
            let name = match key.native() {
                Value::Str(_) => key.clone(),
                Value::Float(number) => Value::from(self.float(*number)?),
                Value::Bool(truth) => Value::str(if *truth { "true" } else { "false" }),
                Value::None => Value::str("null"),
                Value::Int(number) => Value::str(itoa::Buffer::new().format(*number)),
                Value::BigInt(number) => Value::from(integer::to_decimal(&number.0)?),
                _ if self.encoder.skips_keys => continue,
                _ => {
                    let kind = key.type_name();
                    let message = format!("keys must be str, int, float, bool or None, not {kind}");
                    return Err(Raised::type_error(message));
                }
            };
            if !is_first {
                self.separate();
            }
            is_first = false;
            if let Some(text) = name.as_str() {
                self.string(vm, &name, text)?;
            }
            self.out.push_str(&self.encoder.key_separator);
            self.value(vm, &item)?;
        }
        self.level -= 1;
        self.new_line();
        self.out.push('}');
        Ok(())
    }

    /// Keys and values, in the order in which they are written.
    fn items(&self, vm: &mut Vm, value: &Value) -> Result<Vec<(Value, Value)>> {
        let mut pairs: Vec<(Value, Value)> = Vec::new();
        if let (Value::Dict(dict), false) = (value, self.encoder.sorts_keys) {
            let mut at = 0;
            pairs.reserve(dict.len());
            while let Some((index, key, item)) = dict.entry_from(at) {
                pairs.push((key, item));
                at = index + 1;
            }
            return Ok(pairs);
        }
        let items = vm.call_method(value, &Str::intern("items"), &[])?;
        let mut items = vm.collect(&items)?;
        if self.encoder.sorts_keys {
            crate::builtins::sort::sort(vm, &mut items, None, false)?;
        }
        for item in &items {
            match pair(item).map(|pair| pair.items()) {
                Some([key, item]) => pairs.push((key.clone(), item.clone())),
                _ => return Err(Raised::value_error("items must return 2-tuples")),
            }
        }
        Ok(pairs)
    }
}

fn pair(item: &Value) -> Option<&Gc<Tuple>> {
    match item.native() {
        Value::Tuple(pair) => Some(pair),
        _ => None,
    }
}

const METHODS: &[Native] = &[
    native!(
        "__new__(cls, /, *args)",
        new(required, rest),
        "An encoder: markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan."
    )
    .static_method(),
    native!(
        "__call__(self, obj, _current_indent_level=0)",
        call(required, required, optional),
        "The text of an object, as a tuple."
    ),
];
