//! What happens to what cannot be encoded or decoded: the handlers known by name, those a script has
//! registered included.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::value::{Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// A handler.
#[derive(Clone)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlReplace,
    NameReplace,
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
pub fn handler_of(name: &str) -> Result<Handler> {
    if let Some(function) = registered(name) {
        return Ok(Handler::Custom(function));
    }
    Ok(match name {
        "strict" | "surrogateescape" | "surrogatepass" => Handler::Strict,
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
pub fn ask(vm: &mut Vm, handler: &Value, error: Raised, length: usize, kind: &str) -> Result<(Value, usize)> {
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
pub fn error_arguments(encoding: &str, object: Value, start: usize, end: usize, reason: &str) -> Vec<Value> {
    vec![Value::str(encoding), object, Value::from(start), Value::from(end), Value::str(reason)]
}

/// A UnicodeEncodeError.
pub fn encode_error(encoding: &str, text: &Str, start: usize, end: usize, reason: &str) -> Raised {
    let object = Value::Str(text.clone());
    Raised::new(&types().unicode_encode_error, error_arguments(encoding, object, start, end, reason))
}
