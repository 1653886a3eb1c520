//! The builtin functions and the methods of the builtin types.
//!
//! One file per type or topic, each with its rows in a table; `install` puts the tables into the
//! classes and makes the module `builtins`. What a row becomes when it is looked up on an instance
//! (a bound method, an attribute ...) is told by its `Binding` and done by the VM.

use crate::value::instance::BaseValue;
use crate::value::weak_reference::builtin_has_weak_references;
use crate::value::{Class, Dict, Gc, Instance, Native, NativeFunction, Str, Value, symbols, types};
use crate::vm::{Vm, add_dictionary};

pub mod arguments;
pub mod arithmetic;
pub mod async_generator;
pub mod attributes;
pub mod bool;
pub mod byte_search;
pub mod byte_string;
pub mod bytearray;
pub mod bytes;
pub mod code_object;
pub mod codec;
pub mod complex;
pub mod descriptors;
pub mod dict;
pub mod dict_views;
pub mod exception_group;
pub mod exceptions;
pub mod float;
pub mod frame;
pub mod frame_locals;
pub mod function;
pub mod functions;
pub mod generator;
pub mod generic_alias;
pub mod int;
pub mod introspection;
pub mod iterators;
pub mod list;
pub mod mappingproxy;
pub mod memoryview;
pub mod module;
pub mod number_parse;
pub mod object;
pub mod os_errors;
pub mod percent_format;
pub mod print;
pub mod property;
pub mod range;
pub mod range_big;
pub mod reduce;
pub mod sequence;
pub mod set;
pub mod singletons;
pub mod slice;
pub mod sort;
pub mod str;
pub mod str_case;
pub mod str_format;
pub mod str_search;
pub mod stream;
pub mod super_object;
pub mod traceback;
pub mod tuple;
pub mod type_object;
pub mod union;

/// The rows of each class.
fn method_tables() -> Vec<(&'static Class, &'static [Native])> {
    let types = types();
    vec![
        (&types.object, object::METHODS),
        (&types.object, reduce::OBJECT),
        (&types.base_exception, reduce::EXCEPTION),
        (&types.set, reduce::SET),
        (&types.frozenset, reduce::SET),
        (&types.bytearray, reduce::BYTEARRAY),
        (&types.slice, reduce::BOUNDS),
        (&types.range, reduce::BOUNDS),
        (&types.ellipsis, reduce::NAME),
        (&types.not_implemented, reduce::NAME),
        (&types.type_, type_object::METHODS),
        (&types.none, singletons::NONE_METHODS),
        (&types.not_implemented, singletons::NOT_IMPLEMENTED_METHODS),
        (&types.ellipsis, singletons::ELLIPSIS_METHODS),
        (&types.module, module::METHODS),
        (&types.function, function::METHODS),
        (&types.method, function::METHOD_METHODS),
        (&types.builtin_function, function::NATIVE_METHODS),
        (&types.method_descriptor, function::NATIVE_METHODS),
        (&types.wrapper_descriptor, function::NATIVE_METHODS),
        (&types.method_wrapper, function::NATIVE_METHODS),
        (&types.classmethod_descriptor, function::NATIVE_METHODS),
        (&types.getset_descriptor, function::NATIVE_METHODS),
        (&types.getset_descriptor, descriptors::GETSET_METHODS),
        (&types.cell, function::CELL_METHODS),
        (&types.code, function::CODE_METHODS),
        (&types.code, code_object::METHODS),
        (&types.property, property::METHODS),
        (&types.classmethod, descriptors::CLASSMETHOD_METHODS),
        (&types.staticmethod, descriptors::STATICMETHOD_METHODS),
        (&types.member_descriptor, descriptors::MEMBER_METHODS),
        (&types.super_, super_object::METHODS),
        (&types.mappingproxy, mappingproxy::METHODS),
        (&types.generic_alias, generic_alias::METHODS),
        (&types.union, union::METHODS),
        (&types.generator, generator::GENERATOR_METHODS),
        (&types.coroutine, generator::COROUTINE_METHODS),
        (&types.coroutine_wrapper, generator::WRAPPER_METHODS),
        (&types.async_generator, async_generator::METHODS),
        (&types.awaitable, generator::AWAITABLE_METHODS),
        (&types.base_exception, exceptions::METHODS),
        (&types.stop_iteration, exceptions::STOP_ITERATION_METHODS),
        (&types.system_exit, exceptions::SYSTEM_EXIT_METHODS),
        (&types.key_error, exceptions::KEY_ERROR_METHODS),
        (&types.os_error, exceptions::OS_ERROR_METHODS),
        (&types.import_error, exceptions::IMPORT_ERROR_METHODS),
        (&types.attribute_error, exceptions::ATTRIBUTE_ERROR_METHODS),
        (&types.name_error, exceptions::NAME_ERROR_METHODS),
        (&types.syntax_error, exceptions::SYNTAX_ERROR_METHODS),
        (&types.unicode_decode_error, exceptions::UNICODE_DECODE_ERROR_METHODS),
        (&types.unicode_encode_error, exceptions::UNICODE_ENCODE_ERROR_METHODS),
        (&types.unicode_translate_error, exceptions::UNICODE_TRANSLATE_ERROR_METHODS),
        (&types.base_exception_group, exception_group::METHODS),
        (&types.traceback, traceback::METHODS),
        (&types.frame, frame::METHODS),
        (&types.frame_locals, frame_locals::METHODS),
        (&types.int, int::METHODS),
        (&types.bool, bool::METHODS),
        (&types.float, float::METHODS),
        (&types.complex, complex::METHODS),
        (&types.str, str::METHODS),
        (&types.str, str_case::METHODS),
        (&types.str, str_search::METHODS),
        (&types.str, str_format::METHODS),
        (&types.bytes, memoryview::BUFFER),
        (&types.bytearray, memoryview::BUFFER),
        (&types.memoryview, memoryview::BUFFER),
        (&types.bytes, byte_string::METHODS),
        (&types.bytes, byte_search::METHODS),
        (&types.bytes, bytes::METHODS),
        (&types.bytearray, byte_string::METHODS),
        (&types.bytearray, byte_search::METHODS),
        (&types.bytearray, bytearray::METHODS),
        (&types.memoryview, memoryview::METHODS),
        (&types.list, list::METHODS),
        (&types.tuple, tuple::METHODS),
        (&types.dict, dict::METHODS),
        (&types.dict_keys, dict_views::SET_LIKE),
        (&types.dict_items, dict_views::SET_LIKE),
        (&types.dict_values, dict_views::VALUES),
        (&types.set, set::SHARED),
        (&types.set, set::METHODS),
        (&types.frozenset, set::SHARED),
        (&types.frozenset, set::FROZEN_METHODS),
        (&types.range, range::METHODS),
        (&types.slice, slice::METHODS),
        (&types.enumerate, iterators::ENUMERATE),
        (&types.zip, iterators::ZIP),
        (&types.map, iterators::MAP),
        (&types.filter, iterators::FILTER),
        (&types.reversed, iterators::REVERSED),
    ]
}

/// The classes whose instances are native iterators, with what they have besides the protocol.
fn iterator_classes() -> Vec<(&'static Class, &'static [&'static [Native]])> {
    use iterators::{LENGTH_HINT, REDUCE, SET_STATE};
    const ALL: &[&[Native]] = &[LENGTH_HINT, REDUCE, SET_STATE];
    const SNAPSHOT: &[&[Native]] = &[LENGTH_HINT, REDUCE];
    const COMBINED: &[&[Native]] = &[REDUCE];
    let types = types();
    vec![
        (&types.list_iterator, ALL),
        (&types.list_reverse_iterator, ALL),
        (&types.tuple_iterator, ALL),
        (&types.range_iterator, ALL),
        (&types.long_range_iterator, ALL),
        (&types.str_iterator, ALL),
        (&types.str_ascii_iterator, ALL),
        (&types.bytes_iterator, ALL),
        (&types.bytearray_iterator, ALL),
        (&types.sequence_iterator, ALL),
        (&types.reversed, ALL),
        (&types.dict_key_iterator, SNAPSHOT),
        (&types.dict_value_iterator, SNAPSHOT),
        (&types.dict_item_iterator, SNAPSHOT),
        (&types.dict_reverse_iterator, SNAPSHOT),
        (&types.dict_reverse_value_iterator, SNAPSHOT),
        (&types.dict_reverse_item_iterator, SNAPSHOT),
        (&types.set_iterator, SNAPSHOT),
        (&types.callable_iterator, COMBINED),
        (&types.generic_alias_iterator, COMBINED),
        (&types.memory_iterator, &[]),
        (&types.enumerate, COMBINED),
        (&types.zip, &[REDUCE, SET_STATE]),
        (&types.map, COMBINED),
        (&types.filter, COMBINED),
    ]
}

/// The builtin functions.
fn function_tables() -> [&'static [Native]; 5] {
    [functions::FUNCTIONS, arithmetic::FUNCTIONS, print::FUNCTIONS, introspection::FUNCTIONS, sort::FUNCTIONS]
}

/// The builtin classes that can be subscripted: `list[int]`.
fn generic_classes() -> Vec<&'static Class> {
    let types = types();
    vec![
        &types.tuple,
        &types.list,
        &types.dict,
        &types.set,
        &types.frozenset,
        &types.enumerate,
        &types.future,
        &types.base_exception_group,
        &types.mappingproxy,
        &types.slice,
        &types.async_generator,
        &types.coroutine,
        &types.generator,
    ]
}

/// Fills the classes and the builtin names of a VM.
pub fn install(vm: &mut Vm) {
    for (class, rows) in method_tables() {
        add_rows(class, rows);
    }
    for (class, tables) in iterator_classes() {
        add_rows(class, iterators::PROTOCOL);
        tables.iter().for_each(|rows| add_rows(class, rows));
    }
    for class in generic_classes() {
        add_rows(class, generic_alias::SUBSCRIPTION);
    }
    let names = symbols();
    types().module.has_dictionary.set(true);
    add_dictionary(&types().classmethod);
    add_dictionary(&types().staticmethod);
    for class in types().all() {
        class.has_weak_references.set(builtin_has_weak_references(class));
        // A class with equality and no hash has no hash at all.
        if class.namespace.find_str(&names.eq).is_some() && class.namespace.find_str(&names.hash).is_none() {
            class.namespace.set_str(&names.hash, Value::None);
        }
        if class.namespace.find_str(&names.doc).is_none() {
            class.namespace.set_str(&names.doc, Value::None);
        }
    }
    types().object.changed();
    vm.hooks.set_builtin_attribute = attributes::set;
    vm.hooks.exception_group = exception_group::for_handlers;
    for rows in function_tables() {
        add_functions(vm, rows);
    }
    fill_names(&vm.builtins);
}

/// Puts rows into the namespace of a class. Whoever adds rows after `install` calls `changed` on the
/// class.
pub fn add_rows(class: &Class, rows: &'static [Native]) {
    for row in rows {
        class.namespace.set_str(&Str::intern(row.name()), Value::Native(NativeFunction::method(row, class)));
    }
}

/// Adds functions to the builtin names: those of the tables here, and of layers above.
pub fn add_functions(vm: &Vm, rows: &'static [Native]) {
    let module = Str::intern("builtins");
    for row in rows {
        let function = Value::Native(NativeFunction::of_module(row, &module));
        vm.builtins.set_str(&Str::intern(row.name()), function);
    }
}

/// Binds the builtin classes and constants.
fn fill_names(names: &Gc<Dict>) {
    let set = |name: &str, value: Value| names.set_str(&Str::intern(name), value);
    let types = types();
    let hidden = [
        &types.none,
        &types.not_implemented,
        &types.ellipsis,
        &types.function,
        &types.method,
        &types.builtin_function,
        &types.method_descriptor,
        &types.classmethod_descriptor,
        &types.wrapper_descriptor,
        &types.method_wrapper,
        &types.getset_descriptor,
        &types.member_descriptor,
        &types.module,
        &types.cell,
        &types.code,
        &types.frame,
        &types.traceback,
        &types.mappingproxy,
        &types.dict_keys,
        &types.dict_values,
        &types.dict_items,
        &types.callable_iterator,
        &types.sequence_iterator,
        &types.generator,
        &types.coroutine,
        &types.async_generator,
        &types.awaitable,
        &types.coroutine_wrapper,
    ];
    for class in types.all() {
        let is_public = type_object::module_name(class).as_str().is_some_and(|name| &**name == "builtins")
            && !hidden.iter().any(|other| other.same(class))
            && !class.name().ends_with("iterator");
        if is_public {
            set(&class.name(), Value::Class(class.clone()));
        }
    }
    set("EnvironmentError", Value::Class(types.os_error.clone()));
    set("IOError", Value::Class(types.os_error.clone()));
    set("None", Value::None);
    set("True", Value::Bool(true));
    set("False", Value::Bool(false));
    set("Ellipsis", Value::Ellipsis);
    set("NotImplemented", Value::NotImplemented);
    set("__debug__", Value::Bool(true));
    set("__doc__", Value::str("The functions, classes and constants that need no import."));
}

/// What `__new__` of a builtin type gives: the value itself, or for a class derived from the type an
/// instance of that class around it.
pub fn wrap(class: &Class, base: &Class, value: Value) -> Value {
    if class.same(base) {
        return value;
    }
    Value::Instance(Instance::with_payload(class.clone(), BaseValue(value)))
}

/// The keywords of a native call as pairs.
pub(crate) fn keyword_pairs(keywords: Option<&Gc<Dict>>) -> Vec<(Str, Value)> {
    let entries = keywords.map(|keywords| keywords.snapshot()).unwrap_or_default();
    entries.into_iter().filter_map(|entry| Some((entry.key.as_str()?.interned(), entry.value))).collect()
}
