//! `print` and `input`.
//!
//! As long as `sys.stdout` is the stream the program started with, text goes straight into its buffer;
//! a stream of the script gets a call of its `write` for each piece, as in CPython.

use super::stream::{self, Channel};
use crate::native;
use crate::value::{Native, Raised, Result, Str, Value, float, symbols};
use crate::vm::Vm;

/// `sep` or `end`: None when it has its usual value.
fn piece<'a>(value: Option<&'a Value>, name: &str) -> Result<Option<&'a Str>> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(Raised::type_error(format!("{name} must be None or a string, not {}", value.type_name()))),
        },
    }
}

/// Writes a value as `str()` shows it.
fn write_value(vm: &mut Vm, stream: Channel, value: &Value) -> Result<()> {
    match value {
        Value::Str(text) => stream.write(text),
        Value::Int(number) => stream.write(itoa(*number, &mut [0; 20])),
        Value::Float(number) => stream.write(&float::repr(*number)),
        _ => stream.write(&vm.str(value)?),
    }
}

/// The decimal digits of a number, in a buffer that is long enough for all of them.
fn itoa(number: i64, buffer: &mut [u8; 20]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    std::str::from_utf8(&buffer[start..]).unwrap_or_default()
}

fn print(
    vm: &mut Vm,
    values: &[Value],
    separator: Option<&Value>,
    end: Option<&Value>,
    file: Option<&Value>,
    flush: Option<bool>,
) -> Result<()> {
    let target = match file {
        Some(file) if !file.is_none() => file.clone(),
        _ => match stream::current(&symbols().stdout) {
            Some(Value::None) => return Ok(()),
            Some(stdout) => stdout,
            None => return Err(Raised::runtime_error("lost sys.stdout")),
        },
    };
    let separator = piece(separator, "sep")?;
    let end = piece(end, "end")?;
    if let Some(channel) = stream::channel_of(&target) {
        let separator = separator.map_or(" ", |text| text);
        for (index, value) in values.iter().enumerate() {
            if index > 0 && !separator.is_empty() {
                channel.write(separator)?;
            }
            write_value(vm, channel, value)?;
        }
        channel.write(end.map_or("\n", |text| text))?;
        return if flush == Some(true) { channel.flush().map_err(super::stream::failed) } else { Ok(()) };
    }
    let names = symbols();
    let write = vm.get_attribute(&target, &names.write)?;
    let separator = separator.cloned().unwrap_or_else(|| Str::intern(" "));
    let end = end.cloned().unwrap_or_else(|| Str::intern("\n"));
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            vm.call(&write, &[Value::Str(separator.clone())])?;
        }
        let text = vm.str(value)?;
        vm.call(&write, &[Value::Str(text)])?;
    }
    vm.call(&write, &[Value::Str(end)])?;
    if flush == Some(true) {
        vm.call_method(&target, &names.flush, &[])?;
    }
    Ok(())
}

fn input(vm: &mut Vm, prompt: Option<&Value>) -> Result<Str> {
    let names = symbols();
    let lost = |name: &str| Raised::runtime_error(format!("lost sys.{name}"));
    let stdin = stream::current(&names.stdin).filter(|stdin| !stdin.is_none()).ok_or_else(|| lost("stdin"))?;
    let stdout = stream::current(&names.stdout).filter(|stdout| !stdout.is_none()).ok_or_else(|| lost("stdout"))?;
    if let Some(prompt) = prompt {
        let text = vm.str(prompt)?;
        vm.call_method(&stdout, &names.write, &[Value::Str(text)])?;
    }
    // As in CPython a stream that cannot be flushed does no harm here.
    drop(vm.call_method(&stdout, &names.flush, &[]));
    let line = match vm.call_method(&stdin, &names.readline, &[])?.as_str() {
        Some(line) => line.clone(),
        None => return Err(Raised::type_error("object.readline() returned non-string")),
    };
    match line.strip_suffix('\n') {
        Some(text) => Ok(Str::new(text)),
        None if line.is_empty() => Err(Raised::eof_error("EOF when reading a line")),
        None => Ok(line),
    }
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "print(*args, sep=' ', end='\\n', file=None, flush=False)",
        print(rest, named, named, named, named),
        "Writes the values as text, with sep between them and end behind."
    ),
    native!("input(prompt='', /)", input(optional), "Reads a line from standard input, without its newline."),
];

#[cfg(test)]
mod tests {
    use super::itoa;

    #[test]
    fn the_longest_numbers_fit() {
        for number in [0, 7, -10, i64::MAX, i64::MIN] {
            assert_eq!(itoa(number, &mut [0; 20]), number.to_string());
        }
    }
}
