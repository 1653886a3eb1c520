//! Interned names that the interpreter itself looks up.

use crate::memory::Str;

macro_rules! symbols {
    ($($field:ident = $text:literal),* $(,)?) => {
        /// The names, by field. `symbols().init` is `__init__`.
        pub struct Symbols {
            $(pub $field: Str,)*
        }

        impl Symbols {
            fn new() -> Symbols {
                Symbols { $($field: Str::intern($text),)* }
            }
        }
    };
}

symbols! {
    init = "__init__", new = "__new__", del = "__del__", call = "__call__", repr = "__repr__", str = "__str__",
    bytes = "__bytes__", format = "__format__", hash = "__hash__", bool = "__bool__", len = "__len__",
    length_hint = "__length_hint__",
    getattr = "__getattr__", getattribute = "__getattribute__", setattr = "__setattr__", delattr = "__delattr__",
    dir = "__dir__", get = "__get__", set = "__set__", delete = "__delete__", set_name = "__set_name__",
    getitem = "__getitem__", setitem = "__setitem__", delitem = "__delitem__", missing = "__missing__",
    contains = "__contains__", iter = "__iter__", next = "__next__", reversed = "__reversed__",
    aiter = "__aiter__", anext = "__anext__", await_ = "__await__", enter = "__enter__", exit = "__exit__",
    aenter = "__aenter__", aexit = "__aexit__", send = "send", throw = "throw", close = "close",
    eq = "__eq__", ne = "__ne__", lt = "__lt__", le = "__le__", gt = "__gt__", ge = "__ge__",
    add = "__add__", sub = "__sub__", mul = "__mul__", matmul = "__matmul__", truediv = "__truediv__",
    floordiv = "__floordiv__", mod_ = "__mod__", divmod = "__divmod__", pow = "__pow__", lshift = "__lshift__",
    rshift = "__rshift__", and = "__and__", xor = "__xor__", or = "__or__",
    radd = "__radd__", rsub = "__rsub__", rmul = "__rmul__", rmatmul = "__rmatmul__", rtruediv = "__rtruediv__",
    rfloordiv = "__rfloordiv__", rmod = "__rmod__", rdivmod = "__rdivmod__", rpow = "__rpow__",
    rlshift = "__rlshift__", rrshift = "__rrshift__", rand = "__rand__", rxor = "__rxor__", ror = "__ror__",
    iadd = "__iadd__", isub = "__isub__", imul = "__imul__", imatmul = "__imatmul__", itruediv = "__itruediv__",
    ifloordiv = "__ifloordiv__", imod = "__imod__", ipow = "__ipow__", ilshift = "__ilshift__",
    irshift = "__irshift__", iand = "__iand__", ixor = "__ixor__", ior = "__ior__",
    neg = "__neg__", pos = "__pos__", invert = "__invert__", abs = "__abs__", index = "__index__", int = "__int__",
    float = "__float__", complex = "__complex__", round = "__round__", trunc = "__trunc__", floor = "__floor__",
    ceil = "__ceil__",
    class = "__class__", dict = "__dict__", doc = "__doc__", name_ = "name", name = "__name__", qualname = "__qualname__",
    module = "__module__", file = "__file__", path = "__path__", package = "__package__", all = "__all__",
    annotations = "__annotations__", bases = "__bases__", mro = "__mro__", slots = "__slots__",
    classcell = "__classcell__", prepare = "__prepare__", init_subclass = "__init_subclass__",
    class_getitem = "__class_getitem__", mro_entries = "__mro_entries__", orig_bases = "__orig_bases__",
    instancecheck = "__instancecheck__", subclasscheck = "__subclasscheck__", subclasses = "__subclasses__",
    type_params = "__type_params__", match_args = "__match_args__", builtins = "__builtins__",
    traceback = "__traceback__", cause = "__cause__", context = "__context__", notes = "__notes__",
    suppress_context = "__suppress_context__", wrapped = "__wrapped__", self_ = "__self__", func = "__func__",
    main = "__main__", metaclass = "metaclass", keys = "keys", underscore = "_", args = "args", value = "value",
    code = "code", msg = "msg", obj = "obj", stdout = "stdout", stderr = "stderr", stdin = "stdin",
    write = "write", flush = "flush", readline = "readline", exceptions = "exceptions", message = "message",
    errno = "errno", strerror = "strerror", filename = "filename", sort = "sort", path_ = "path",
    modules = "modules", build_class = "__build_class__", import = "__import__", fspath = "__fspath__",
    abstractmethods = "__abstractmethods__", static_attributes = "__static_attributes__", isabstractmethod = "__isabstractmethod__",
    fset = "fset", fget = "fget", fdel = "fdel", debug = "__debug__", loader = "__loader__", spec = "__spec__",
}

thread_local! {
    static SYMBOLS: &'static Symbols = Box::leak(Box::new(Symbols::new()));
}

/// The names of this thread.
#[inline]
pub fn symbols() -> &'static Symbols {
    SYMBOLS.with(|symbols| *symbols)
}
