//! The attributes of what can be called: functions of the script, bound methods, native functions; and
//! of their parts, code objects and cells.

use crate::bytecode::CodeKind;
use crate::native;
use crate::value::native::Binding;
use crate::value::{
    BoundMethod, CellObject, CodeObject, Dict, Function, Gc, Native, NativeFunction, Raised, Result, Str, Value,
    symbols,
};
use crate::vm::{Vm, builtins_of};

use super::keyword_pairs;

// Functions of the script.

fn call(vm: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    vm.call_with_pairs(this, arguments, &keyword_pairs(keywords))
}

/// `function.__get__(instance, owner)`: a bound method, or the function itself without an instance.
fn bind(_: &mut Vm, this: &Value, instance: &Value, owner: Option<&Value>) -> Result<Value> {
    if instance.is_none() {
        if owner.is_none_or(Value::is_none) {
            return Err(Raised::type_error("__get__(None, None) is invalid"));
        }
        return Ok(this.clone());
    }
    Ok(bound(this.clone(), instance.clone()))
}

/// A bound method.
pub fn bound(function: Value, receiver: Value) -> Value {
    Value::Method(Gc::new(BoundMethod { function, receiver }))
}

fn function_repr(_: &mut Vm, this: &Gc<Function>) -> Str {
    format!("<function {} at {:#x}>", this.qualified_name(), this.address()).into()
}

fn function_name(_: &mut Vm, this: &Gc<Function>) -> Str {
    this.name()
}

fn function_qualified_name(_: &mut Vm, this: &Gc<Function>) -> Str {
    this.qualified_name()
}

fn function_module(_: &mut Vm, this: &Gc<Function>) -> Value {
    this.module()
}

fn function_doc(_: &mut Vm, this: &Gc<Function>) -> Value {
    this.doc()
}

fn function_defaults(_: &mut Vm, this: &Gc<Function>) -> Value {
    this.defaults.get().into()
}

fn function_keyword_defaults(_: &mut Vm, this: &Gc<Function>) -> Value {
    this.keyword_defaults.get().into()
}

fn function_code(_: &mut Vm, this: &Gc<Function>) -> Value {
    Value::Code(this.code.clone())
}

fn function_closure(_: &mut Vm, this: &Gc<Function>) -> Value {
    match &*this.closure {
        [] => Value::None,
        cells => Value::tuple(cells.iter().cloned().map(Value::Cell).collect()),
    }
}

fn function_attributes(_: &mut Vm, this: &Gc<Function>) -> Gc<Dict> {
    this.attributes()
}

fn function_annotations(_: &mut Vm, this: &Gc<Function>) -> Gc<Dict> {
    this.annotations()
}

fn function_globals(_: &mut Vm, this: &Gc<Function>) -> Gc<Dict> {
    this.globals.clone()
}

fn function_type_parameters(_: &mut Vm, this: &Gc<Function>) -> Value {
    this.type_parameters()
}

/// Sets (or, without a value, deletes) an attribute of a function that is a part of it. False when the
/// name is none of these and belongs into its `__dict__`.
pub fn set_function_attribute(_: &mut Vm, function: &Gc<Function>, name: &Str, value: Option<Value>) -> Result<bool> {
    let must_be = |what: &str| Raised::type_error(format!("{name} must be set to {what}"));
    match &**name {
        "__name__" | "__qualname__" => {
            let Some(text) = value.as_ref().and_then(Value::as_str) else { return Err(must_be("a string object")) };
            if &**name == "__name__" {
                function.set_name(text.clone());
            } else {
                function.set_qualified_name(text.clone());
            }
        }
        "__defaults__" => match value {
            None | Some(Value::None) => function.defaults.set(None),
            Some(Value::Tuple(defaults)) => function.defaults.set(Some(defaults)),
            Some(_) => return Err(must_be("a tuple object")),
        },
        "__kwdefaults__" => match value {
            None | Some(Value::None) => function.keyword_defaults.set(None),
            Some(Value::Dict(defaults)) => function.keyword_defaults.set(Some(defaults)),
            Some(_) => return Err(must_be("a dict object")),
        },
        "__annotations__" => match value {
            None | Some(Value::None) => function.set_annotations(Gc::new(Dict::new())),
            Some(Value::Dict(annotations)) => function.set_annotations(annotations),
            Some(_) => return Err(must_be("a dict object")),
        },
        "__type_params__" => match value {
            Some(parameters @ Value::Tuple(_)) => function.set_type_parameters(parameters),
            _ => return Err(must_be("a tuple")),
        },
        "__doc__" => function.set_doc(value.unwrap_or(Value::None)),
        "__module__" => function.set_module(value.unwrap_or(Value::None)),
        "__dict__" => match value {
            Some(Value::Dict(attributes)) => function.set_attributes(attributes),
            Some(other) => {
                return Err(Raised::type_error(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    other.type_name()
                )));
            }
            None => return Err(Raised::type_error("cannot delete __dict__")),
        },
        "__code__" => match value {
            Some(Value::Code(_)) => return Err(Raised::attribute_error("the code of a function cannot be replaced")),
            _ => return Err(must_be("a code object")),
        },
        "__closure__" | "__globals__" | "__builtins__" => return Err(Raised::attribute_error("readonly attribute")),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `types.FunctionType(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)`
#[allow(clippy::too_many_arguments)]
fn function_new(
    _: &mut Vm,
    _: &Value,
    code: &Gc<CodeObject>,
    globals: &Gc<Dict>,
    name: Option<&Value>,
    defaults: Option<&Value>,
    closure: Option<&Value>,
    keyword_defaults: Option<&Value>,
) -> Result<Value> {
    let given = |value: Option<&Value>| value.filter(|value| !value.is_none()).cloned();
    let cells = match given(closure) {
        None => Vec::new(),
        Some(Value::Tuple(cells)) => {
            let mut found = Vec::new();
            for cell in cells.items() {
                let Value::Cell(cell) = cell else {
                    let kind = cell.type_name();
                    return Err(Raised::type_error(format!("arg 5 (closure) expected cell, found {kind}")));
                };
                found.push(cell.clone());
            }
            found
        }
        Some(_) => return Err(Raised::type_error("arg 5 (closure) must be tuple")),
    };
    let wanted = code.code.free_names.len();
    if wanted > 0 && cells.is_empty() {
        return Err(Raised::type_error("arg 5 (closure) must be tuple"));
    }
    if wanted != cells.len() {
        let (name, given) = (&code.name, cells.len());
        return Err(Raised::value_error(format!("{name} requires closure of length {wanted}, not {given}")));
    }
    let function = Function::new(code.clone(), globals.clone(), cells.into_boxed_slice());
    match given(name) {
        None => {}
        Some(Value::Str(name)) => function.set_name(name),
        Some(_) => return Err(Raised::type_error("arg 3 (name) must be None or string")),
    }
    match given(defaults) {
        None => {}
        Some(Value::Tuple(defaults)) => function.defaults.set(Some(defaults)),
        Some(_) => return Err(Raised::type_error("arg 4 (defaults) must be None or tuple")),
    }
    match given(keyword_defaults) {
        None => {}
        Some(Value::Dict(defaults)) => function.keyword_defaults.set(Some(defaults)),
        Some(_) => return Err(Raised::type_error("arg 6 (kwdefaults) must be None or dict")),
    }
    Ok(Value::Function(function))
}

fn function_builtins(vm: &mut Vm, this: &Gc<Function>) -> Value {
    builtins_of(vm, &this.globals)
}

pub const METHODS: &[Native] = &[
    native!(
        "__new__(cls, code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)",
        function_new(required, required, required, optional, optional, optional, optional),
        "Create and return a new object."
    )
    .static_method(),
    native!("__builtins__(self, /)", function_builtins(required), "The builtin names.").member(),
    native!("__call__(self, /, *args, **kwargs)", call(required, rest, keywords), "Call self as a function."),
    native!(
        "__get__(self, instance, owner=None, /)",
        bind(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!("__repr__(self, /)", function_repr(required), "Return repr(self)."),
    native!("__name__(self, /)", function_name(required), "The name.").getter(),
    native!(
        "__qualname__(self, /)",
        function_qualified_name(required),
        "The name with those of the classes and functions around it."
    )
    .getter(),
    native!("__module__(self, /)", function_module(required), "The name of the module it was made in.").getter(),
    native!("__doc__(self, /)", function_doc(required), "The docstring.").getter(),
    native!("__defaults__(self, /)", function_defaults(required), "A tuple of the defaults, or None.").getter(),
    native!(
        "__kwdefaults__(self, /)",
        function_keyword_defaults(required),
        "A dict of the defaults of keyword-only parameters, or None."
    )
    .getter(),
    native!("__code__(self, /)", function_code(required), "The code object.").getter(),
    native!(
        "__closure__(self, /)",
        function_closure(required),
        "A tuple of the cells of variables from outside, or None."
    )
    .member(),
    native!("__dict__(self, /)", function_attributes(required), "The attributes set on the function.").getter(),
    native!(
        "__annotations__(self, /)",
        function_annotations(required),
        "The annotations by parameter; 'return' is the result."
    )
    .getter(),
    native!("__globals__(self, /)", function_globals(required), "The variables of its module.").member(),
    native!("__type_params__(self, /)", function_type_parameters(required), "The type parameters.").getter(),
];

// Bound methods.

fn method_function(_: &mut Vm, this: &Gc<BoundMethod>) -> Value {
    this.function.clone()
}

fn method_receiver(_: &mut Vm, this: &Gc<BoundMethod>) -> Value {
    this.receiver.clone()
}

fn method_new(_: &mut Vm, _: &Value, function: &Value, instance: &Value) -> Result<Value> {
    if !super::functions::is_callable(function) {
        return Err(Raised::type_error("first argument must be callable"));
    }
    if instance.is_none() {
        return Err(Raised::type_error("instance must not be None"));
    }
    Ok(bound(function.clone(), instance.clone()))
}

fn method_repr(vm: &mut Vm, this: &Gc<BoundMethod>) -> Result<Str> {
    let names = symbols();
    let name = match vm.get_attribute_if_any(&this.function, &names.qualname)? {
        Some(Value::Str(name)) => name,
        _ => match vm.get_attribute_if_any(&this.function, &names.name)? {
            Some(Value::Str(name)) => name,
            _ => Str::new("?"),
        },
    };
    let receiver = vm.repr(&this.receiver)?;
    Ok(format!("<bound method {name} of {receiver}>").into())
}

fn method_eq(_: &mut Vm, this: &Value, other: &Value) -> Value {
    match (this, other) {
        (Value::Method(this), Value::Method(other)) => {
            Value::Bool(this.receiver.is(&other.receiver) && this.function.is(&other.function))
        }
        (Value::Native(this), Value::Native(other)) => Value::Bool(this.same(other)),
        _ => Value::NotImplemented,
    }
}

fn method_hash(_: &mut Vm, this: &Value) -> i64 {
    let spread = |value: &Value| (value.address() as u64).rotate_right(4);
    match this {
        Value::Method(method) => (spread(&method.receiver) ^ spread(&method.function)) as i64,
        other => spread(other) as i64,
    }
}

/// What a method does not have itself it takes from its function.
fn method_attribute(vm: &mut Vm, this: &Gc<BoundMethod>, name: &Str) -> Result<Value> {
    vm.get_attribute(&this.function, name)
}

macro_rules! function_part {
    ($($function:ident = $symbol:ident),* $(,)?) => {
        $(fn $function(vm: &mut Vm, this: &Gc<BoundMethod>) -> Result<Value> {
            vm.get_attribute(&this.function, &symbols().$symbol)
        })*
    };
}

function_part!(method_name = name, method_qualified_name = qualname, method_module = module, method_doc = doc);

pub const METHOD_METHODS: &[Native] = &[
    native!(
        "__new__(cls, function, instance, /)",
        method_new(required, required, required),
        "Create and return a new object."
    )
    .static_method(),
    native!("__call__(self, /, *args, **kwargs)", call(required, rest, keywords), "Call self as a function."),
    native!(
        "__get__(self, instance, owner=None, /)",
        bound_again(required, required, optional),
        "The method itself: it is bound already."
    ),
    native!("__repr__(self, /)", method_repr(required), "Return repr(self)."),
    native!("__eq__(self, value, /)", method_eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", method_hash(required), "Return hash(self)."),
    native!("__getattr__(self, name, /)", method_attribute(required, required), "The attribute of the function."),
    native!("__reduce__(self, /)", method_reduce(required), "Helper for pickle."),
    native!("__func__(self, /)", method_function(required), "The function.").member(),
    native!("__self__(self, /)", method_receiver(required), "The instance it is bound to.").member(),
    native!("__name__(self, /)", method_name(required), "The name of the function.").getter(),
    native!("__qualname__(self, /)", method_qualified_name(required), "The full name of the function.").getter(),
    native!("__module__(self, /)", method_module(required), "The module of the function.").getter(),
    native!("__doc__(self, /)", method_doc(required), "The docstring of the function.").getter(),
];

fn bound_again(_: &mut Vm, this: Value, _: &Value, _: Option<&Value>) -> Value {
    this
}

// Native functions, alone or bound.

/// The native function behind a value, and what it is bound to.
fn parts(this: &Value) -> Result<(&Gc<NativeFunction>, Option<&Value>)> {
    match this {
        Value::Native(function) => Ok((function, None)),
        Value::Method(method) => match &method.function {
            Value::Native(function) => Ok((function, Some(&method.receiver))),
            _ => Err(not_native(this)),
        },
        _ => Err(not_native(this)),
    }
}

fn not_native(value: &Value) -> Raised {
    Raised::type_error(format!("a builtin function is needed, not '{}'", value.type_name()))
}

fn native_repr(_: &mut Vm, this: &Value) -> Result<Str> {
    let (function, receiver) = parts(this)?;
    let name = function.row.name();
    let is_special = function.has_slot_name();
    let text = match (receiver, &function.owner) {
        (Some(Value::Class(class)), _) => {
            format!("<built-in method {name} of type object at {:#x}>", class.address())
        }
        (Some(receiver), _) => {
            let (kind, address) = (receiver.type_name(), receiver.address());
            if is_special {
                format!("<method-wrapper '{name}' of {kind} object at {address:#x}>")
            } else {
                format!("<built-in method {name} of {kind} object at {address:#x}>")
            }
        }
        (None, Some(owner)) => match function.row.binding {
            Binding::Method if is_special => format!("<slot wrapper '{name}' of '{}' objects>", owner.name()),
            Binding::Method => format!("<method '{name}' of '{}' objects>", owner.name()),
            Binding::Getter => format!("<attribute '{name}' of '{}' objects>", owner.name()),
            Binding::Class => format!("<method '{name}' of '{}' objects>", owner.name()),
            Binding::Static => format!("<built-in method {name} of type object at {:#x}>", owner.address()),
        },
        (None, None) => format!("<built-in function {name}>"),
    };
    Ok(text.into())
}

fn native_name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::Str(Str::intern(parts(this)?.0.row.name())))
}

fn native_qualified_name(_: &mut Vm, this: &Value) -> Result<Value> {
    let function = parts(this)?.0;
    Ok(match &function.owner {
        Some(owner) => Value::from(format!("{}.{}", owner.qualified_name.get(), function.row.name())),
        None => Value::str(function.row.name()),
    })
}

fn native_module(_: &mut Vm, this: &Value) -> Result<Value> {
    let function = parts(this)?.0;
    let is_function = function.row.binding == Binding::Static || function.owner.is_none();
    let is_bound_function = matches!(this, Value::Method(_)) && !function.has_slot_name();
    if is_function || is_bound_function {
        return Ok(function.module.clone().into());
    }
    Err(Raised::attribute_error(format!("'{}' object has no attribute '__module__'", this.type_name())))
}

fn native_doc(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::str(parts(this)?.0.row.doc))
}

fn native_signature(_: &mut Vm, this: &Value) -> Result<Value> {
    let row = parts(this)?.0.row;
    Ok(Value::str(row.signature.strip_prefix(row.name()).unwrap_or(row.signature)))
}

fn native_receiver(vm: &mut Vm, this: &Value) -> Result<Value> {
    let (function, receiver) = parts(this)?;
    match (receiver, &function.owner) {
        (Some(receiver), _) => Ok(receiver.clone()),
        (None, Some(owner)) if function.row.binding == Binding::Static => Ok(Value::Class(owner.clone())),
        (None, Some(_)) => {
            Err(Raised::attribute_error(format!("'{}' object has no attribute '__self__'", this.type_name())))
        }
        (None, None) => {
            let Some(module) = &function.module else { return Ok(Value::None) };
            let (import, globals) = (vm.hooks.import, vm.builtins.clone());
            import(vm, module, 0, &globals, true)
        }
    }
}

/// By its name, or as an attribute of what it is bound to.
fn native_reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    let name = native_name(vm, this)?;
    if let Value::Native(function) = this
        && let Some(owner) = &function.owner
    {
        return attribute_of(vm, Value::Class(owner.clone()), name);
    }
    match native_receiver(vm, this)? {
        Value::None | Value::Module(_) => Ok(name),
        receiver => attribute_of(vm, receiver, name),
    }
}

fn method_reduce(vm: &mut Vm, this: &Gc<BoundMethod>) -> Result<Value> {
    let name = vm.get_attribute(&this.function, &symbols().name)?;
    attribute_of(vm, this.receiver.clone(), name)
}

/// What makes an attribute of an object again: `getattr` and its arguments.
fn attribute_of(vm: &mut Vm, object: Value, name: Value) -> Result<Value> {
    let getattr = vm.builtins.get_str(&Str::intern("getattr")).unwrap_or_default();
    Ok(Value::tuple(vec![getattr, Value::tuple(vec![object, name])]))
}

fn native_owner(_: &mut Vm, this: &Value) -> Result<Value> {
    let function = parts(this)?.0;
    match (&function.owner, this) {
        (Some(owner), _)
            if function.row.binding != Binding::Static
                && (function.has_slot_name() || matches!(this, Value::Native(_))) =>
        {
            Ok(Value::Class(owner.clone()))
        }
        _ => Err(Raised::attribute_error(format!("'{}' object has no attribute '__objclass__'", this.type_name()))),
    }
}

/// A method or attribute of a builtin class is for instances of that class alone.
pub(super) fn check_receiver(function: &NativeFunction, object: &Value) -> Result<()> {
    match &function.owner {
        Some(owner) if !object.class().is_subclass(owner) => Err(Raised::type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            function.row.name(),
            owner.name(),
            object.type_name()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn native_bind(vm: &mut Vm, this: &Value, instance: &Value, owner: Option<&Value>) -> Result<Value> {
    let Value::Native(function) = this else { return Ok(this.clone()) };
    match function.row.binding {
        Binding::Method if function.owner.is_some() && !instance.is_none() => {
            check_receiver(function, instance)?;
            Ok(bound(this.clone(), instance.clone()))
        }
        Binding::Getter if !instance.is_none() => {
            check_receiver(function, instance)?;
            vm.call(this, std::slice::from_ref(instance))
        }
        Binding::Class => {
            let class = match owner {
                Some(owner) if !owner.is_none() => owner.clone(),
                _ => Value::Class(instance.class()),
            };
            Ok(bound(this.clone(), class))
        }
        _ => Ok(this.clone()),
    }
}

pub const NATIVE_METHODS: &[Native] = &[
    native!("__call__(self, /, *args, **kwargs)", call(required, rest, keywords), "Call self as a function."),
    native!(
        "__get__(self, instance, owner=None, /)",
        native_bind(required, required, optional),
        "Return an attribute of instance, which is of type owner."
    ),
    native!("__repr__(self, /)", native_repr(required), "Return repr(self)."),
    native!("__eq__(self, value, /)", method_eq(required, required), "Return self==value."),
    native!("__hash__(self, /)", method_hash(required), "Return hash(self)."),
    native!("__name__(self, /)", native_name(required), "The name.").getter(),
    native!("__qualname__(self, /)", native_qualified_name(required), "The name with that of its class.").getter(),
    native!("__module__(self, /)", native_module(required), "The name of its module, or None.").getter(),
    native!("__doc__(self, /)", native_doc(required), "What it does.").getter(),
    native!("__reduce__(self, /)", native_reduce(required), "Helper for pickle."),
    native!("__text_signature__(self, /)", native_signature(required), "Its parameters, as text.").getter(),
    native!("__self__(self, /)", native_receiver(required), "What it is bound to.").getter(),
    native!("__objclass__(self, /)", native_owner(required), "The class it is a method of.").getter(),
];

// Cells.

fn cell_new(_: &mut Vm, _: &Value, contents: Option<&Value>) -> Value {
    Value::Cell(CellObject::new(contents.cloned().unwrap_or_default()))
}

fn cell_contents(_: &mut Vm, this: &Gc<CellObject>) -> Result<Value> {
    this.contents.get().bound().ok_or_else(|| Raised::value_error("cell is empty"))
}

fn cell_repr(_: &mut Vm, this: &Gc<CellObject>) -> Str {
    match this.contents.get() {
        Value::Unbound => format!("<cell at {:#x}: empty>", this.address()),
        contents => {
            let (kind, address) = (contents.type_name(), contents.address());
            format!("<cell at {:#x}: {kind} object at {address:#x}>", this.address())
        }
    }
    .into()
}

pub const CELL_METHODS: &[Native] = &[
    native!("__new__(cls, contents, /)", cell_new(required, optional), "Create and return a new object.")
        .static_method(),
    native!("cell_contents(self, /)", cell_contents(required), "The value of the variable.").getter(),
    native!("__repr__(self, /)", cell_repr(required), "Return repr(self)."),
];

// Code objects.

fn code_name(_: &mut Vm, this: &Gc<CodeObject>) -> Str {
    this.name.clone()
}

fn code_qualified_name(_: &mut Vm, this: &Gc<CodeObject>) -> Str {
    this.qualified_name.clone()
}

fn code_file(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    Value::str(&this.code.source.name)
}

fn code_first_line(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    i64::from(this.code.first_line)
}

fn code_argument_count(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    i64::from(this.code.positional_count)
}

fn code_positional_only_count(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    i64::from(this.code.positional_only_count)
}

fn code_keyword_only_count(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    i64::from(this.code.keyword_only_count)
}

/// Names of the local variables that live in registers or are spilled, parameters first.
fn local_names(code: &CodeObject) -> Vec<Value> {
    let code = &code.code;
    let free = |name: &str| code.free_names.iter().any(|free| &**free == name);
    let mut names: Vec<&str> = code.parameter_names.iter().map(|name| &**name).collect();
    for name in code.register_names.iter().flatten().chain(&code.spill_names) {
        if !free(name) && !names.contains(&&**name) {
            names.push(name);
        }
    }
    names.into_iter().map(Value::str).collect()
}

fn code_variable_names(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    Value::tuple(local_names(this))
}

fn code_variable_count(_: &mut Vm, this: &Gc<CodeObject>) -> usize {
    local_names(this).len()
}

fn code_free_names(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    Value::tuple(this.code.free_names.iter().map(|name| Value::str(name)).collect())
}

fn code_cell_names(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    let registers = this.code.cell_registers.iter();
    let names = registers.filter_map(|register| this.code.register_names.get(register.0 as usize)?.as_deref());
    Value::tuple(names.map(Value::str).collect())
}

fn code_names(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for name in &this.code.names {
        if !names.contains(&&**name) {
            names.push(name);
        }
    }
    Value::tuple(names.into_iter().map(Value::str).collect())
}

fn code_constants(_: &mut Vm, this: &Gc<CodeObject>) -> Value {
    Value::tuple(this.constants.clone())
}

/// The flags of CPython's code objects that tell the kind of a function.
fn code_flags(_: &mut Vm, this: &Gc<CodeObject>) -> i64 {
    let code = &this.code;
    let kind = match code.kind {
        CodeKind::Function => 0x3,
        CodeKind::Generator => 0x23,
        CodeKind::Coroutine => 0x83,
        CodeKind::AsyncGenerator => 0x203,
        CodeKind::Class | CodeKind::Module if code.awaits_at_top => 0x80,
        CodeKind::Class | CodeKind::Module => 0,
    };
    kind | if code.has_star { 0x4 } else { 0 }
        | if code.has_double_star { 0x8 } else { 0 }
        | if code.is_nested { 0x10 } else { 0 }
        | if this.is_awaitable.get() { 0x100 } else { 0 }
}

fn code_repr(_: &mut Vm, this: &Gc<CodeObject>) -> Str {
    let code = &this.code;
    format!(
        "<code object {} at {:#x}, file \"{}\", line {}>",
        this.name,
        this.address(),
        code.source.name,
        code.first_line
    )
    .into()
}

pub const CODE_METHODS: &[Native] = &[
    native!("co_name(self, /)", code_name(required), "The name of the function, class or module.").member(),
    native!("co_qualname(self, /)", code_qualified_name(required), "The name with those around it.").member(),
    native!("co_filename(self, /)", code_file(required), "The file it was compiled from.").member(),
    native!("co_firstlineno(self, /)", code_first_line(required), "Its first line.").member(),
    native!("co_argcount(self, /)", code_argument_count(required), "How many arguments can be given by position.")
        .member(),
    native!("co_posonlyargcount(self, /)", code_positional_only_count(required), "How many of them only by position.")
        .member(),
    native!(
        "co_kwonlyargcount(self, /)",
        code_keyword_only_count(required),
        "How many keyword-only parameters there are."
    )
    .member(),
    native!(
        "co_varnames(self, /)",
        code_variable_names(required),
        "The names of the local variables, parameters first."
    )
    .getter(),
    native!("co_nlocals(self, /)", code_variable_count(required), "How many local variables there are.").getter(),
    native!("co_freevars(self, /)", code_free_names(required), "The variables from outside.").getter(),
    native!("co_cellvars(self, /)", code_cell_names(required), "The variables that inner functions use.").getter(),
    native!("co_names(self, /)", code_names(required), "The names of globals and attributes.").member(),
    native!("co_consts(self, /)", code_constants(required), "The constants.").member(),
    native!("co_flags(self, /)", code_flags(required), "Bits that tell the kind of function.").member(),
    native!("__repr__(self, /)", code_repr(required), "Return repr(self)."),
];
