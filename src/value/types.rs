//! The builtin classes.
//!
//! They are made once a thread and live for ever. Here they get name, bases and layout; their
//! methods are put in by `builtins::install`.

use super::class::{ClassObject, Layout};
use super::{Class, Dict, Gc, Str, Value, symbols};

macro_rules! types {
    ($($field:ident = $name:literal, $layout:ident, $base:tt;)*) => {
        /// The builtin classes, by field.
        pub struct Types {
            $(pub $field: Class,)*
        }

        impl Types {
            fn new() -> Types {
                $(let $field = types!(@make $name, $layout, $base);)*
                Types { $($field,)* }
            }

            /// All of them.
            pub fn all(&self) -> Vec<&Class> {
                vec![$(&self.$field,)*]
            }
        }
    };
    (@make $name:literal, $layout:ident, -) => { make($name, Layout::$layout, None) };
    (@make $name:literal, $layout:ident, $base:ident) => { make($name, Layout::$layout, Some(&$base)) };
}

fn make(name: &str, layout: Layout, base: Option<&Class>) -> Class {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let bases: Vec<Class> = base.into_iter().cloned().collect();
    let mro = bases.iter().flat_map(|base| std::iter::once(base.clone()).chain(base.ancestors())).collect();
    let class = ClassObject::new(Str::intern(short), layout, bases, mro, Gc::new(Dict::new()));
    // Instances of the others have no `__module__`.
    if module != "builtins" {
        class.namespace.set_str(&symbols().module, Value::Str(Str::intern(module)));
    }
    class.set_builtin();
    class.has_dictionary.set(matches!(layout, Layout::Exception | Layout::Class));
    class.has_weak_references.set(false);
    class
}

types! {
    object = "object", Object, -;
    type_ = "type", Class, object;
    none = "NoneType", Sealed, object;
    not_implemented = "NotImplementedType", Sealed, object;
    ellipsis = "ellipsis", Sealed, object;
    int = "int", Int, object;
    bool = "bool", Sealed, int;
    float = "float", Float, object;
    complex = "complex", Native, object;
    str = "str", Str, object;
    bytes = "bytes", Bytes, object;
    bytearray = "bytearray", Native, object;
    tuple = "tuple", Tuple, object;
    list = "list", List, object;
    dict = "dict", Dict, object;
    set = "set", Set, object;
    frozenset = "frozenset", FrozenSet, object;
    range = "range", Sealed, object;
    slice = "slice", Sealed, object;
    function = "function", Sealed, object;
    method = "method", Sealed, object;
    builtin_function = "builtin_function_or_method", Sealed, object;
    wrapper_descriptor = "wrapper_descriptor", Sealed, object;
    method_wrapper = "method-wrapper", Sealed, object;
    classmethod_descriptor = "classmethod_descriptor", Sealed, object;
    method_descriptor = "method_descriptor", Sealed, object;
    property = "property", Native, object;
    classmethod = "classmethod", Native, object;
    staticmethod = "staticmethod", Native, object;
    getset_descriptor = "getset_descriptor", Sealed, object;
    member_descriptor = "member_descriptor", Sealed, object;
    super_ = "super", Native, object;
    module = "module", Native, object;
    cell = "cell", Sealed, object;
    code = "code", Sealed, object;
    frame = "frame", Sealed, object;
    traceback = "traceback", Sealed, object;
    mappingproxy = "mappingproxy", Sealed, object;
    generic_alias = "types.GenericAlias", Native, object;
    union = "types.UnionType", Sealed, object;
    dict_keys = "dict_keys", Sealed, object;
    dict_values = "dict_values", Sealed, object;
    dict_items = "dict_items", Sealed, object;
    list_iterator = "list_iterator", Sealed, object;
    list_reverse_iterator = "list_reverseiterator", Sealed, object;
    tuple_iterator = "tuple_iterator", Sealed, object;
    range_iterator = "range_iterator", Sealed, object;
    long_range_iterator = "longrange_iterator", Sealed, object;
    str_iterator = "str_iterator", Sealed, object;
    str_ascii_iterator = "str_ascii_iterator", Sealed, object;
    bytes_iterator = "bytes_iterator", Sealed, object;
    bytearray_iterator = "bytearray_iterator", Sealed, object;
    memoryview = "memoryview", Sealed, object;
    memory_iterator = "memory_iterator", Sealed, object;
    dict_key_iterator = "dict_keyiterator", Sealed, object;
    dict_value_iterator = "dict_valueiterator", Sealed, object;
    dict_item_iterator = "dict_itemiterator", Sealed, object;
    dict_reverse_iterator = "dict_reversekeyiterator", Sealed, object;
    dict_reverse_value_iterator = "dict_reversevalueiterator", Sealed, object;
    dict_reverse_item_iterator = "dict_reverseitemiterator", Sealed, object;
    set_iterator = "set_iterator", Sealed, object;
    callable_iterator = "callable_iterator", Sealed, object;
    sequence_iterator = "iterator", Sealed, object;
    frame_locals = "FrameLocalsProxy", Native, object;
    generic_alias_iterator = "generic_alias_iterator", Sealed, object;
    enumerate = "enumerate", Native, object;
    zip = "zip", Native, object;
    map = "map", Native, object;
    filter = "filter", Native, object;
    reversed = "reversed", Native, object;
    generator = "generator", Sealed, object;
    coroutine = "coroutine", Sealed, object;
    async_generator = "async_generator", Sealed, object;
    awaitable = "async_generator_asend", Sealed, object;
    coroutine_wrapper = "coroutine_wrapper", Sealed, object;
    future = "_asyncio.Future", Future, object;
    task = "_asyncio.Task", Task, future;
    gathering_future = "asyncio.tasks._GatheringFuture", Future, future;
    event_loop = "asyncio.events.AbstractEventLoop", Native, object;
    base_event_loop = "asyncio.base_events.BaseEventLoop", Native, event_loop;
    unix_event_loop = "asyncio.unix_events._UnixSelectorEventLoop", Native, base_event_loop;
    loop_entry = "asyncio.TaskStepMethWrapper", Native, object;
    handle = "asyncio.events.Handle", Native, object;
    timer_handle = "asyncio.events.TimerHandle", Native, handle;
    lock = "asyncio.locks.Lock", Native, object;
    event = "asyncio.locks.Event", Native, object;
    condition = "asyncio.locks.Condition", Native, object;
    semaphore = "asyncio.locks.Semaphore", Native, object;
    bounded_semaphore = "asyncio.locks.BoundedSemaphore", Native, semaphore;
    barrier = "asyncio.locks.Barrier", Native, object;
    queue = "asyncio.queues.Queue", Native, object;
    priority_queue = "asyncio.queues.PriorityQueue", Native, queue;
    lifo_queue = "asyncio.queues.LifoQueue", Native, queue;
    timeout = "asyncio.timeouts.Timeout", Native, object;
    task_group = "asyncio.taskgroups.TaskGroup", Native, object;
    as_completed_iterator = "asyncio.tasks._AsCompletedIterator", Native, object;
    runner = "asyncio.runners.Runner", Native, object;
    random = "random.Random", Native, object;
    system_random = "random.SystemRandom", Native, random;
    regular_pattern = "re.Pattern", Sealed, object;
    regular_match = "re.Match", Sealed, object;
    regular_scanner = "_sre.SRE_Scanner", Sealed, object;
    context_variable = "_contextvars.ContextVar", Sealed, object;
    context = "_contextvars.Context", Sealed, object;
    context_token = "_contextvars.Token", Sealed, object;
    missing_token = "_contextvars.Token.MISSING", Sealed, object;
    base_exception = "BaseException", Exception, object;
    base_exception_group = "BaseExceptionGroup", Exception, base_exception;
    generator_exit = "GeneratorExit", Exception, base_exception;
    keyboard_interrupt = "KeyboardInterrupt", Exception, base_exception;
    system_exit = "SystemExit", Exception, base_exception;
    cancelled_error = "asyncio.exceptions.CancelledError", Exception, base_exception;
    deadlock_error = "asyncio.exceptions.DeadlockError", Exception, base_exception;
    exception = "Exception", Exception, base_exception;
    arithmetic_error = "ArithmeticError", Exception, exception;
    floating_point_error = "FloatingPointError", Exception, arithmetic_error;
    overflow_error = "OverflowError", Exception, arithmetic_error;
    zero_division_error = "ZeroDivisionError", Exception, arithmetic_error;
    assertion_error = "AssertionError", Exception, exception;
    attribute_error = "AttributeError", Exception, exception;
    buffer_error = "BufferError", Exception, exception;
    eof_error = "EOFError", Exception, exception;
    import_error = "ImportError", Exception, exception;
    module_not_found_error = "ModuleNotFoundError", Exception, import_error;
    lookup_error = "LookupError", Exception, exception;
    index_error = "IndexError", Exception, lookup_error;
    key_error = "KeyError", Exception, lookup_error;
    memory_error = "MemoryError", Exception, exception;
    name_error = "NameError", Exception, exception;
    unbound_local_error = "UnboundLocalError", Exception, name_error;
    os_error = "OSError", Exception, exception;
    blocking_io_error = "BlockingIOError", Exception, os_error;
    child_process_error = "ChildProcessError", Exception, os_error;
    connection_error = "ConnectionError", Exception, os_error;
    broken_pipe_error = "BrokenPipeError", Exception, connection_error;
    connection_aborted_error = "ConnectionAbortedError", Exception, connection_error;
    connection_refused_error = "ConnectionRefusedError", Exception, connection_error;
    connection_reset_error = "ConnectionResetError", Exception, connection_error;
    file_exists_error = "FileExistsError", Exception, os_error;
    file_not_found_error = "FileNotFoundError", Exception, os_error;
    interrupted_error = "InterruptedError", Exception, os_error;
    is_a_directory_error = "IsADirectoryError", Exception, os_error;
    not_a_directory_error = "NotADirectoryError", Exception, os_error;
    permission_error = "PermissionError", Exception, os_error;
    process_lookup_error = "ProcessLookupError", Exception, os_error;
    timeout_error = "TimeoutError", Exception, os_error;
    reference_error = "ReferenceError", Exception, exception;
    runtime_error = "RuntimeError", Exception, exception;
    not_implemented_error = "NotImplementedError", Exception, runtime_error;
    python_finalization_error = "PythonFinalizationError", Exception, runtime_error;
    recursion_error = "RecursionError", Exception, runtime_error;
    stop_async_iteration = "StopAsyncIteration", Exception, exception;
    stop_iteration = "StopIteration", Exception, exception;
    syntax_error = "SyntaxError", Exception, exception;
    incomplete_input_error = "_IncompleteInputError", Exception, syntax_error;
    indentation_error = "IndentationError", Exception, syntax_error;
    tab_error = "TabError", Exception, indentation_error;
    system_error = "SystemError", Exception, exception;
    type_error = "TypeError", Exception, exception;
    value_error = "ValueError", Exception, exception;
    unicode_error = "UnicodeError", Exception, value_error;
    unicode_decode_error = "UnicodeDecodeError", Exception, unicode_error;
    unicode_encode_error = "UnicodeEncodeError", Exception, unicode_error;
    unicode_translate_error = "UnicodeTranslateError", Exception, unicode_error;
    exception_group = "ExceptionGroup", Exception, base_exception_group;
    invalid_state_error = "asyncio.exceptions.InvalidStateError", Exception, exception;
    queue_empty = "asyncio.queues.QueueEmpty", Exception, exception;
    queue_full = "asyncio.queues.QueueFull", Exception, exception;
    queue_shut_down = "asyncio.queues.QueueShutDown", Exception, exception;
    broken_barrier_error = "asyncio.exceptions.BrokenBarrierError", Exception, runtime_error;
    warning = "Warning", Exception, exception;
    bytes_warning = "BytesWarning", Exception, warning;
    deprecation_warning = "DeprecationWarning", Exception, warning;
    encoding_warning = "EncodingWarning", Exception, warning;
    future_warning = "FutureWarning", Exception, warning;
    import_warning = "ImportWarning", Exception, warning;
    pending_deprecation_warning = "PendingDeprecationWarning", Exception, warning;
    resource_warning = "ResourceWarning", Exception, warning;
    runtime_warning = "RuntimeWarning", Exception, warning;
    syntax_warning = "SyntaxWarning", Exception, warning;
    unicode_warning = "UnicodeWarning", Exception, warning;
    user_warning = "UserWarning", Exception, warning;
}

thread_local! {
    static TYPES: &'static Types = {
        let types = Types::new();
        // ExceptionGroup has two bases.
        let mut bases = types.exception_group.bases.get();
        bases.push(types.exception.clone());
        types.exception_group.bases.set(bases);
        let order = [&types.base_exception_group, &types.exception, &types.base_exception, &types.object];
        types.exception_group.set_ancestors(order.into_iter().cloned().collect(), 0);
        Box::leak(Box::new(types))
    };
}

/// The builtin classes of this thread.
#[inline]
pub fn types() -> &'static Types {
    TYPES.with(|types| *types)
}
