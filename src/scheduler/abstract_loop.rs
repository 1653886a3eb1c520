//! `asyncio.AbstractEventLoop`: the methods a loop has, each of which says that it is not there; and of the loop
//! that there is, those whose ground is missing.

use crate::native;
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Value};
use crate::vm::Vm;

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::new(class.clone()))
}

fn missing(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error(""))
}

fn no_sockets(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error("asy has no sockets yet"))
}

fn no_files(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error("asy does not watch file descriptors yet"))
}

fn no_processes(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error("asy has no processes yet"))
}

fn no_signals(_: &mut Vm, _: &Value, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    Err(Raised::not_implemented_error("asy has no handlers of signals yet"))
}

/// A row for each signature, all of them with one function.
macro_rules! missing_methods {
    ($missing:ident: $($signature:literal,)*) => {
        &[$(native!($signature, $missing(required, rest, keywords), "What a loop defines."),)*]
    };
}

pub const NEW: &[Native] =
    &[native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a loop.").static_method()];

/// What needs sockets, of the abstract loop and of the one there is.
pub const WITH_SOCKETS: &[Native] = missing_methods!(
    no_sockets:
    "connect_accepted_socket(self, *args, **kwargs)",
    "create_connection(self, *args, **kwargs)",
    "create_datagram_endpoint(self, *args, **kwargs)",
    "create_server(self, *args, **kwargs)",
    "create_unix_connection(self, *args, **kwargs)",
    "create_unix_server(self, *args, **kwargs)",
    "getaddrinfo(self, *args, **kwargs)",
    "getnameinfo(self, *args, **kwargs)",
    "sendfile(self, *args, **kwargs)",
    "sock_accept(self, *args, **kwargs)",
    "sock_connect(self, *args, **kwargs)",
    "sock_recv(self, *args, **kwargs)",
    "sock_recv_into(self, *args, **kwargs)",
    "sock_recvfrom(self, *args, **kwargs)",
    "sock_recvfrom_into(self, *args, **kwargs)",
    "sock_sendall(self, *args, **kwargs)",
    "sock_sendfile(self, *args, **kwargs)",
    "sock_sendto(self, *args, **kwargs)",
    "start_tls(self, *args, **kwargs)",
);

pub const WITH_FILES: &[Native] = missing_methods!(
    no_files:
    "add_reader(self, *args, **kwargs)",
    "add_writer(self, *args, **kwargs)",
    "connect_read_pipe(self, *args, **kwargs)",
    "connect_write_pipe(self, *args, **kwargs)",
    "remove_reader(self, *args, **kwargs)",
    "remove_writer(self, *args, **kwargs)",
);

pub const WITH_PROCESSES: &[Native] = missing_methods!(
    no_processes:
    "subprocess_exec(self, *args, **kwargs)",
    "subprocess_shell(self, *args, **kwargs)",
);

pub const WITH_SIGNALS: &[Native] = missing_methods!(
    no_signals:
    "add_signal_handler(self, *args, **kwargs)",
    "remove_signal_handler(self, *args, **kwargs)",
);

pub const METHODS: &[Native] = missing_methods!(
    missing:
    "run_forever(self, *args, **kwargs)",
    "run_until_complete(self, *args, **kwargs)",
    "stop(self, *args, **kwargs)",
    "is_running(self, *args, **kwargs)",
    "is_closed(self, *args, **kwargs)",
    "close(self, *args, **kwargs)",
    "shutdown_asyncgens(self, *args, **kwargs)",
    "shutdown_default_executor(self, *args, **kwargs)",
    "call_soon(self, *args, **kwargs)",
    "call_later(self, *args, **kwargs)",
    "call_at(self, *args, **kwargs)",
    "time(self, *args, **kwargs)",
    "create_future(self, *args, **kwargs)",
    "create_task(self, *args, **kwargs)",
    "call_soon_threadsafe(self, *args, **kwargs)",
    "run_in_executor(self, *args, **kwargs)",
    "set_default_executor(self, *args, **kwargs)",
    "set_task_factory(self, *args, **kwargs)",
    "get_task_factory(self, *args, **kwargs)",
    "get_exception_handler(self, *args, **kwargs)",
    "set_exception_handler(self, *args, **kwargs)",
    "default_exception_handler(self, *args, **kwargs)",
    "call_exception_handler(self, *args, **kwargs)",
    "get_debug(self, *args, **kwargs)",
    "set_debug(self, *args, **kwargs)",
);
