//! `resource`: what the process has used, and its limits.

use nix::sys::resource::{Resource, UsageWho, getrlimit as read_limit, getrusage as read_usage, setrlimit};
use nix::sys::time::TimeVal;

use super::{native_module, structure};
use crate::native;
use crate::value::{Class, Gc, Module, Native, Raised, Result, Value};
use crate::vm::Vm;

const RUSAGE_SELF: i64 = 0;
const RUSAGE_CHILDREN: i64 = -1;
const RUSAGE_THREAD: i64 = 1;

/// The limits a script can name, with the numbers Linux gives them.
const LIMITS: &[(&str, i64, Resource)] = &[
    ("RLIMIT_CPU", 0, Resource::RLIMIT_CPU),
    ("RLIMIT_FSIZE", 1, Resource::RLIMIT_FSIZE),
    ("RLIMIT_DATA", 2, Resource::RLIMIT_DATA),
    ("RLIMIT_STACK", 3, Resource::RLIMIT_STACK),
    ("RLIMIT_CORE", 4, Resource::RLIMIT_CORE),
    ("RLIMIT_NOFILE", 7, Resource::RLIMIT_NOFILE),
    ("RLIMIT_AS", 9, Resource::RLIMIT_AS),
];

thread_local! {
    static USAGE: Class = structure::class(
        "resource.struct_rusage",
        &[
            "ru_utime", "ru_stime", "ru_maxrss", "ru_ixrss", "ru_idrss", "ru_isrss", "ru_minflt", "ru_majflt",
            "ru_nswap", "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw", "ru_nivcsw",
        ],
    );
}

fn system_error(error: nix::Error) -> Raised {
    Raised::new(&crate::value::types().os_error, vec![Value::Int(error as i32 as i64), Value::str(error.desc())])
}

fn seconds(time: TimeVal) -> Value {
    Value::Float(time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
}

fn getrusage(_: &mut Vm, who: i64) -> Result<Value> {
    let who = match who {
        RUSAGE_SELF => UsageWho::RUSAGE_SELF,
        RUSAGE_CHILDREN => UsageWho::RUSAGE_CHILDREN,
        RUSAGE_THREAD => UsageWho::RUSAGE_THREAD,
        _ => return Err(Raised::value_error("invalid who parameter")),
    };
    let usage = read_usage(who).map_err(system_error)?;
    let counts = [
        usage.max_rss(),
        usage.shared_integral(),
        usage.unshared_data_integral(),
        usage.unshared_stack_integral(),
        usage.minor_page_faults(),
        usage.major_page_faults(),
        usage.full_swaps(),
        usage.block_reads(),
        usage.block_writes(),
        usage.ipc_sends(),
        usage.ipc_receives(),
        usage.signals(),
        usage.voluntary_context_switches(),
        usage.involuntary_context_switches(),
    ];
    let times = [seconds(usage.user_time()), seconds(usage.system_time())];
    let items = times.into_iter().chain(counts.into_iter().map(Value::Int)).collect();
    Ok(USAGE.with(|class| structure::make(class, items)))
}

fn limit(number: i64) -> Result<Resource> {
    let found = LIMITS.iter().find(|limit| limit.1 == number);
    found.map(|limit| limit.2).ok_or_else(|| Raised::value_error("invalid resource specified"))
}

fn getrlimit(_: &mut Vm, resource: i64) -> Result<Value> {
    let (soft, hard) = read_limit(limit(resource)?).map_err(system_error)?;
    // No limit is the largest number, which scripts know as -1.
    Ok(Value::tuple(vec![Value::Int(soft as i64), Value::Int(hard as i64)]))
}

fn set_limit(vm: &mut Vm, resource: i64, limits: &Value) -> Result<()> {
    let limits = vm.collect(limits)?;
    let [soft, hard] = &limits[..] else {
        return Err(Raised::value_error("expected a tuple of 2 integers"));
    };
    let (soft, hard) = (vm.index(soft)?, vm.index(hard)?);
    setrlimit(limit(resource)?, soft as u64, hard as u64).map_err(system_error)
}

pub const FUNCTIONS: &[Native] = &[
    native!("getrusage(who, /)", getrusage(required), "What the process has used."),
    native!("getrlimit(resource, /)", getrlimit(required), "The soft and the hard limit."),
    native!("setrlimit(resource, limits, /)", set_limit(required, required), "Sets the soft and the hard limit."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("resource", FUNCTIONS);
    module.set("RUSAGE_SELF", Value::Int(RUSAGE_SELF));
    module.set("RUSAGE_CHILDREN", Value::Int(RUSAGE_CHILDREN));
    module.set("RUSAGE_THREAD", Value::Int(RUSAGE_THREAD));
    module.set("RLIM_INFINITY", Value::Int(-1));
    for (name, number, _) in LIMITS {
        module.set(name, Value::Int(*number));
    }
    module.set("error", Value::Class(crate::value::types().os_error.clone()));
    USAGE.with(|class| module.set("struct_rusage", Value::Class(class.clone())));
    Ok(module)
}
