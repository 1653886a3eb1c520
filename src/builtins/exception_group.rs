//! BaseExceptionGroup and ExceptionGroup, and what `except*` does with them.
//!
//! Source: PEP 654. The message and the exceptions of a group are set when it is made and kept among
//! its attributes, since `__init__` of a derived class may change `args`.

use super::exceptions::{part, to_raise};
use crate::bytecode::Intrinsic;
use crate::native;
use crate::value::{Class, Dict, Exception, Gc, Native, Raised, Result, Str, Tuple, Value, symbols, types};
use crate::vm::Vm;

fn new(_: &mut Vm, class: &Class, arguments: &[Value], _keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let [message, exceptions] = arguments else {
        return Err(Raised::type_error(format!(
            "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
            arguments.len()
        )));
    };
    if message.as_str().is_none() {
        let kind = message.type_name();
        return Err(Raised::type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {kind}")));
    }
    let items = match exceptions.native() {
        Value::List(list) => list.snapshot(),
        Value::Tuple(tuple) => tuple.items().to_vec(),
        _ => return Err(Raised::type_error("second argument (exceptions) must be a sequence")),
    };
    if items.is_empty() {
        return Err(Raised::value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let types = types();
    let mut only_exceptions = true;
    for (index, item) in items.iter().enumerate() {
        let Value::Exception(exception) = item else {
            return Err(Raised::value_error(format!(
                "Item {index} of second argument (exceptions) is not an exception"
            )));
        };
        only_exceptions &= exception.is_a(&types.exception);
    }
    let mut class = class.clone();
    if class.same(&types.base_exception_group) && only_exceptions {
        class = types.exception_group.clone();
    }
    if !only_exceptions {
        if class.same(&types.exception_group) {
            return Err(Raised::type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        }
        if class.is_subclass(&types.exception) {
            return Err(Raised::type_error(format!("Cannot nest BaseExceptions in '{}'", class.name())));
        }
    }
    let group = Exception::new(class, Gc::new(Tuple::from_slice(arguments)));
    group.set(&symbols().message, message.clone());
    group.set(&symbols().exceptions, Value::tuple(items));
    Ok(Value::Exception(group))
}

/// Whether an exception is a group.
pub fn is_group(exception: &Exception) -> bool {
    exception.is_a(&types().base_exception_group)
}

/// The exceptions in a group.
pub fn members(group: &Exception) -> Vec<Value> {
    match part(group, "exceptions") {
        Value::Tuple(items) => items.items().to_vec(),
        Value::List(items) => items.snapshot(),
        _ => Vec::new(),
    }
}

fn message(_: &mut Vm, this: &Gc<Exception>) -> Value {
    part(this, "message")
}

fn exceptions(_: &mut Vm, this: &Gc<Exception>) -> Value {
    Value::tuple(members(this))
}

fn str(vm: &mut Vm, this: &Gc<Exception>) -> Result<Str> {
    let count = members(this).len();
    let plural = if count == 1 { "" } else { "s" };
    Ok(format!("{} ({count} sub-exception{plural})", vm.str(&part(this, "message"))?).into())
}

fn derive(vm: &mut Vm, this: &Gc<Exception>, exceptions: Value) -> Result<Value> {
    let class = Value::Class(types().base_exception_group.clone());
    vm.call(&class, &[part(this, "message"), exceptions])
}

/// A group like another one with these exceptions: made by its `derive`, with its traceback, cause,
/// context and notes. None when there are no exceptions.
fn subset(vm: &mut Vm, group: &Gc<Exception>, exceptions: Vec<Value>) -> Result<Value> {
    if exceptions.is_empty() {
        return Ok(Value::None);
    }
    let derived =
        vm.call_method(&Value::Exception(group.clone()), &Str::intern("derive"), &[Value::list(exceptions)])?;
    let Value::Exception(copy) = &derived else {
        return Err(Raised::type_error("derive must return an instance of BaseExceptionGroup"));
    };
    if !is_group(copy) {
        return Err(Raised::type_error("derive must return an instance of BaseExceptionGroup"));
    }
    drop(super::traceback::traceback_object(group));
    copy.traceback.set(group.traceback.get());
    copy.shown.set(group.shown.get());
    copy.context.set(group.context.get());
    copy.cause.set(group.cause.get());
    copy.suppress_context.set(group.suppress_context.get());
    // Notes that are no sequence are not copied.
    if let Some(notes) = group.get(&symbols().notes)
        && notes.class().lookup(&symbols().getitem).is_some()
        && !matches!(notes.native(), Value::Dict(_))
    {
        let notes = vm.collect(&notes)?;
        copy.set(&symbols().notes, Value::list(notes));
    }
    Ok(derived)
}

/// What `split` and `subgroup` look for.
enum Condition<'a> {
    Classes(&'a Value),
    Function(&'a Value),
    /// These very exceptions.
    Members(&'a [Value]),
}

impl Condition<'_> {
    fn new(value: &Value) -> Result<Condition<'_>> {
        let is_class =
            |value: &Value| matches!(value, Value::Class(class) if class.is_subclass(&types().base_exception));
        match value {
            value if is_class(value) => Ok(Condition::Classes(value)),
            Value::Tuple(classes) if classes.items().iter().all(is_class) => Ok(Condition::Classes(value)),
            Value::Class(_) | Value::Tuple(_) => Err(Condition::mismatch()),
            value if super::functions::is_callable(value) => Ok(Condition::Function(value)),
            _ => Err(Condition::mismatch()),
        }
    }

    fn mismatch() -> Raised {
        Raised::type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)")
    }

    fn matches(&self, vm: &mut Vm, exception: &Value) -> Result<bool> {
        match self {
            Condition::Classes(classes) => vm.is_instance(exception, classes),
            Condition::Function(function) => {
                let answer = vm.call(function, std::slice::from_ref(exception))?;
                vm.truth(&answer)
            }
            Condition::Members(members) => Ok(members.iter().any(|member| member.is(exception))),
        }
    }
}

/// The part of an exception that fits and the part that does not; None for a part that is empty.
/// `depth` guards against groups nested without end.
fn split_by(vm: &mut Vm, exception: &Value, condition: &Condition<'_>, depth: usize) -> Result<(Value, Value)> {
    if depth > 500 {
        return Err(Raised::recursion_error("maximum recursion depth exceeded in exceptiongroup_split_recursive"));
    }
    let Value::Exception(group) = exception else { return Ok((Value::None, Value::None)) };
    if condition.matches(vm, exception)? {
        return Ok((exception.clone(), Value::None));
    }
    if !is_group(group) {
        return Ok((Value::None, exception.clone()));
    }
    let (mut fitting, mut rest) = (Vec::new(), Vec::new());
    for member in members(group) {
        let (yes, no) = split_by(vm, &member, condition, depth + 1)?;
        fitting.extend(Some(yes).filter(|part| !part.is_none()));
        rest.extend(Some(no).filter(|part| !part.is_none()));
    }
    Ok((subset(vm, group, fitting)?, subset(vm, group, rest)?))
}

fn split(vm: &mut Vm, this: &Value, condition: &Value) -> Result<Value> {
    let condition = Condition::new(condition)?;
    let (fitting, rest) = split_by(vm, this, &condition, 0)?;
    Ok(Value::tuple(vec![fitting, rest]))
}

fn subgroup(vm: &mut Vm, this: &Value, condition: &Value) -> Result<Value> {
    let condition = Condition::new(condition)?;
    Ok(split_by(vm, this, &condition, 0)?.0)
}

/// For `except* classes`: the part that is handled (wrapped into a group when the exception is none) and
/// the rest.
pub fn split_for_handler(vm: &mut Vm, exception: &Value, classes: &Value) -> Result<(Value, Value)> {
    let check = |class: &Value| match class {
        Value::Class(class) if class.is_subclass(&types().base_exception_group) => {
            Err(Raised::type_error("catching ExceptionGroup with except* is not allowed. Use except instead."))
        }
        Value::Class(class) if class.is_subclass(&types().base_exception) => Ok(()),
        _ => Err(Raised::type_error("catching classes that do not inherit from BaseException is not allowed")),
    };
    match classes {
        Value::Tuple(classes) => classes.items().iter().try_for_each(check)?,
        class => check(class)?,
    }
    let Value::Exception(inner) = exception else { return Ok((Value::None, Value::None)) };
    if is_group(inner) {
        return split_by(vm, exception, &Condition::Classes(classes), 0);
    }
    if !vm.is_instance(exception, classes)? {
        return Ok((Value::None, exception.clone()));
    }
    let class = Value::Class(types().base_exception_group.clone());
    let group = vm.call(&class, &[Value::str(""), Value::tuple(vec![exception.clone()])])?;
    if let Value::Exception(group) = &group {
        drop(super::traceback::traceback_object(inner));
        group.traceback.set(inner.traceback.get());
        group.shown.set(inner.shown.get());
    }
    Ok((group, Value::None))
}

/// The leaves of an exception that are none of groups.
fn leaves(exception: &Value, found: &mut Vec<Value>) {
    match exception {
        Value::Exception(group) if is_group(group) => {
            members(group).iter().for_each(|member| leaves(member, found));
        }
        other => found.push(other.clone()),
    }
}

/// Whether an exception is a part of the original that was raised again as it is: it has the same
/// context, cause, traceback and notes.
fn is_reraised(original: &Exception, exception: &Exception) -> bool {
    let notes = |exception: &Exception| exception.get(&symbols().notes).map(|notes| notes.address());
    let same_notes = notes(original).is_none() == notes(exception).is_none();
    let (left, right) = (original.traceback.borrow(), exception.traceback.borrow());
    same_notes
        && original.cause.borrow().is(&exception.cause.borrow())
        && original.context.borrow().is(&exception.context.borrow())
        && left.len() == right.len()
        && left.iter().zip(right.iter()).all(|(left, right)| left.pc == right.pc && left.function.same(&right.function))
}

/// At the end of `except*`: the exception to raise for what was raised in handlers and what was not
/// handled; None when nothing is left.
pub fn merge_after_handlers(vm: &mut Vm, original: &Value, parts: &[Value]) -> Result<Value> {
    let Value::Exception(whole) = original else { return Ok(Value::None) };
    let parts: Vec<&Gc<Exception>> = parts
        .iter()
        .filter_map(|part| match part {
            Value::Exception(exception) => Some(exception),
            _ => None,
        })
        .collect();
    if !is_group(whole) {
        // At most one clause has run; what it raised, or the exception itself, goes on.
        return Ok(parts.first().map_or(Value::None, |part| Value::Exception(Gc::clone(part))));
    }
    let (again, raised): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| is_group(part) && is_reraised(whole, part));
    let mut kept = Vec::new();
    again.iter().for_each(|part| leaves(&Value::Exception(Gc::clone(part)), &mut kept));
    let projection = match kept.is_empty() {
        true => Value::None,
        false => split_by(vm, original, &Condition::Members(&kept), 0)?.0,
    };
    let mut raised: Vec<Value> = raised.into_iter().map(|part| Value::Exception(part.clone())).collect();
    if raised.is_empty() {
        return Ok(projection);
    }
    if !projection.is_none() {
        raised.push(projection);
    }
    if raised.len() == 1 {
        return Ok(raised.swap_remove(0));
    }
    let class = Value::Class(types().base_exception_group.clone());
    let group = vm.call(&class, &[Value::str(""), Value::list(raised)])?;
    to_raise(vm, &group).map(|raised| Value::Exception(raised.0))
}

/// The two operations of `except*`, in the form of the VM's hook.
pub fn for_handlers(vm: &mut Vm, operation: Intrinsic, first: &Value, second: &Value) -> Result<Value> {
    if operation == Intrinsic::SplitExceptionGroup {
        let (fitting, rest) = match first {
            Value::None => (Value::None, Value::None),
            exception => split_for_handler(vm, exception, second)?,
        };
        return Ok(Value::tuple(vec![fitting, rest]));
    }
    let parts = vm.collect(second)?;
    merge_after_handlers(vm, first, &parts)
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Create and return a new object.")
        .static_method(),
    native!("__str__(self, /)", str(required), "Return str(self)."),
    native!("message(self, /)", message(required), "The message.").getter(),
    native!("exceptions(self, /)", exceptions(required), "The tuple of exceptions.").getter(),
    native!("derive(self, excs, /)", derive(required, required), "A group with the same message and other exceptions."),
    native!(
        "split(self, condition, /)",
        split(required, required),
        "The groups of those that fit and of those that do not."
    ),
    native!("subgroup(self, condition, /)", subgroup(required, required), "The group of those that fit."),
];
