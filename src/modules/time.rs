//! `time`: clocks, sleeping, and dates of the calendar.
//!
//! What the clocks say and how long `sleep` takes is decided in `modules/clock.rs`, so that virtual time
//! holds. Dates are worked out in `modules/calendar.rs`.

use super::calendar::{self, Moment};
use super::{clock, native_module, structure, sys};
use crate::native;
use crate::value::{Class, Gc, Module, Native, Raised, Result, Str, Value};
use crate::vm::Vm;

const NANOSECONDS: f64 = 1e9;

thread_local! {
    static STRUCT_TIME: Class = structure::class(
        "time.struct_time",
        &["tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst"],
    );
}

fn time(_: &mut Vm) -> f64 {
    clock::wall() as f64 / NANOSECONDS
}

fn time_ns(_: &mut Vm) -> i64 {
    clock::wall()
}

fn monotonic(_: &mut Vm) -> f64 {
    crate::scheduler::clock::now()
}

fn monotonic_ns(_: &mut Vm) -> i64 {
    clock::monotonic()
}

fn process_time(_: &mut Vm) -> Result<f64> {
    Ok(clock::process()? as f64 / NANOSECONDS)
}

fn process_time_ns(_: &mut Vm) -> Result<i64> {
    clock::process()
}

fn thread_time(_: &mut Vm) -> Result<f64> {
    Ok(clock::thread()? as f64 / NANOSECONDS)
}

fn thread_time_ns(_: &mut Vm) -> Result<i64> {
    clock::thread()
}

/// The clocks of the system by their numbers: realtime, monotonic, and those of the processor.
const CLOCKS: [(&str, i64); 4] =
    [("CLOCK_REALTIME", 0), ("CLOCK_MONOTONIC", 1), ("CLOCK_PROCESS_CPUTIME_ID", 2), ("CLOCK_THREAD_CPUTIME_ID", 3)];

fn clock_gettime_ns(_: &mut Vm, clk_id: i64) -> Result<i64> {
    match clk_id {
        0 => Ok(clock::wall()),
        1 => Ok(clock::monotonic()),
        2 => clock::process(),
        3 => clock::thread(),
        _ => Err(invalid_clock()),
    }
}

fn clock_gettime(vm: &mut Vm, clk_id: i64) -> Result<f64> {
    Ok(clock_gettime_ns(vm, clk_id)? as f64 / NANOSECONDS)
}

fn clock_getres(_: &mut Vm, clk_id: i64) -> Result<f64> {
    if (0..4).contains(&clk_id) { Ok(1e-9) } else { Err(invalid_clock()) }
}

fn invalid_clock() -> Raised {
    crate::builtins::os_errors::os_error(libc::EINVAL, None)
}

fn get_clock_info(_: &mut Vm, name: &str) -> Result<Value> {
    let (clock, adjustable) = match name {
        "time" => ("CLOCK_REALTIME", true),
        "monotonic" | "perf_counter" => ("CLOCK_MONOTONIC", false),
        "process_time" => ("CLOCK_PROCESS_CPUTIME_ID", false),
        "thread_time" => ("CLOCK_THREAD_CPUTIME_ID", false),
        _ => return Err(Raised::value_error("unknown clock")),
    };
    let fields = vec![
        ("implementation", Value::str(&format!("clock_gettime({clock})"))),
        ("monotonic", Value::Bool(!adjustable)),
        ("adjustable", Value::Bool(adjustable)),
        ("resolution", Value::Float(1e-9)),
    ];
    Ok(sys::namespace("SimpleNamespace", fields))
}

fn strptime(vm: &mut Vm, string: &Value, format: Option<&Value>) -> Result<Value> {
    let (import, globals) = (vm.hooks.import, vm.builtins.clone());
    let module = import(vm, &Str::intern("datetime"), 0, &globals, true)?;
    let moment = vm.get_attribute(&module, &Str::intern("datetime"))?;
    let format = format.cloned().unwrap_or_else(|| Value::str("%a %b %d %H:%M:%S %Y"));
    let moment = vm.call_method(&moment, &Str::intern("strptime"), &[string.clone(), format])?;
    vm.call_method(&moment, &Str::intern("timetuple"), &[])
}

fn sleep(vm: &mut Vm, seconds: &Value) -> Result<()> {
    let seconds = match seconds.native() {
        Value::Float(seconds) => *seconds,
        // Of other kinds only what is a whole number.
        other => match vm.index(other) {
            Ok(seconds) => seconds as f64,
            Err(_) => vm.float(other)?,
        },
    };
    if seconds.is_nan() {
        return Err(Raised::value_error("Invalid value NaN (not a number)"));
    }
    if seconds < 0.0 {
        return Err(Raised::value_error("sleep length must be non-negative"));
    }
    if seconds >= i64::MAX as f64 / NANOSECONDS {
        return Err(Raised::overflow_error("timestamp too large to convert to C PyTime_t"));
    }
    clock::sleep(vm, seconds)
}

/// Seconds since the epoch: now when not given.
fn seconds(vm: &mut Vm, given: Option<&Value>) -> Result<i64> {
    match given {
        None | Some(Value::None) => Ok(clock::wall().div_euclid(1_000_000_000)),
        Some(value) => {
            let seconds = vm.float(value)?;
            if seconds.is_nan() {
                return Err(Raised::value_error("Invalid value NaN (not a number)"));
            }
            if seconds.abs() > 6.7e16 {
                return Err(Raised::overflow_error("timestamp out of range for platform time_t"));
            }
            Ok(seconds.floor() as i64)
        }
    }
}

fn struct_time(moment: &Moment) -> Value {
    let items = [
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.weekday,
        moment.day_of_year,
        moment.is_summer_time,
    ];
    STRUCT_TIME.with(|class| structure::make(class, items.into_iter().map(Value::Int).collect()))
}

/// The moment in a `struct_time` or another sequence of nine numbers.
fn moment(vm: &mut Vm, given: &Value) -> Result<Moment> {
    let Value::Tuple(items) = given.native() else {
        return Err(Raised::type_error("Tuple or struct_time argument required"));
    };
    if items.len() != 9 {
        return Err(Raised::type_error(format!("function takes exactly 9 arguments ({} given)", items.len())));
    }
    let mut numbers = [0; 9];
    for (number, item) in numbers.iter_mut().zip(items.items()) {
        *number = vm.index(item)?;
    }
    let [year, month, day, hour, minute, second, weekday, day_of_year, is_summer_time] = numbers;
    let ranges = [
        ("month", month, 0, 12),
        ("day of month", day, 0, 31),
        ("hour", hour, 0, 23),
        ("minute", minute, 0, 59),
        ("seconds", second, 0, 61),
        ("day of year", day_of_year, 0, 366),
    ];
    for (name, number, least, most) in ranges {
        if number < least || number > most {
            return Err(Raised::value_error(format!("{name} out of range")));
        }
    }
    if !(-100_000_000..=100_000_000).contains(&year) {
        return Err(Raised::overflow_error("year out of range"));
    }
    Ok(Moment {
        year,
        month: month.max(1),
        day: day.max(1),
        hour,
        minute,
        second,
        weekday: weekday.rem_euclid(7),
        day_of_year: day_of_year.max(1),
        is_summer_time,
        offset: 0,
        zone: calendar::local_zone_name(),
    })
}

fn moment_or_now(vm: &mut Vm, given: Option<&Value>) -> Result<Moment> {
    match given {
        None | Some(Value::None) => Ok(calendar::local(seconds(vm, None)?)),
        Some(given) => moment(vm, given),
    }
}

fn gmtime(vm: &mut Vm, given: Option<&Value>) -> Result<Value> {
    Ok(struct_time(&calendar::universal(seconds(vm, given)?)))
}

fn localtime(vm: &mut Vm, given: Option<&Value>) -> Result<Value> {
    Ok(struct_time(&calendar::local(seconds(vm, given)?)))
}

fn mktime(vm: &mut Vm, given: &Value) -> Result<f64> {
    Ok(calendar::local_seconds(&moment(vm, given)?) as f64)
}

fn strftime(vm: &mut Vm, format: &Str, given: Option<&Value>) -> Result<String> {
    Ok(calendar::format(&moment_or_now(vm, given)?, format))
}

fn asctime(vm: &mut Vm, given: Option<&Value>) -> Result<String> {
    Ok(calendar::format(&moment_or_now(vm, given)?, "%a %b %e %H:%M:%S %Y"))
}

fn ctime(vm: &mut Vm, given: Option<&Value>) -> Result<String> {
    Ok(calendar::format(&calendar::local(seconds(vm, given)?), "%a %b %e %H:%M:%S %Y"))
}

pub const FUNCTIONS: &[Native] = &[
    native!("time()", time(), "Seconds since the epoch."),
    native!("time_ns()", time_ns(), "Nanoseconds since the epoch."),
    native!("monotonic()", monotonic(), "Seconds of a clock that never goes back."),
    native!("monotonic_ns()", monotonic_ns(), "Nanoseconds of a clock that never goes back."),
    native!("perf_counter()", monotonic(), "Seconds of the clock to measure with."),
    native!("perf_counter_ns()", monotonic_ns(), "Nanoseconds of the clock to measure with."),
    native!("process_time()", process_time(), "Seconds of processor time used by the process."),
    native!("process_time_ns()", process_time_ns(), "Nanoseconds of processor time used by the process."),
    native!("thread_time()", thread_time(), "Seconds of processor time used by the thread."),
    native!("thread_time_ns()", thread_time_ns(), "Nanoseconds of processor time used by the thread."),
    native!("sleep(seconds, /)", sleep(required), "Does nothing for so many seconds."),
    native!("gmtime(seconds=None, /)", gmtime(optional), "A time in UTC."),
    native!("localtime(seconds=None, /)", localtime(optional), "A time in the local zone."),
    native!("mktime(time, /)", mktime(required), "Seconds since the epoch of a local time."),
    native!("strftime(format, time=None, /)", strftime(required, optional), "A time as text."),
    native!("asctime(time=None, /)", asctime(optional), "A time as text, in the usual form."),
    native!("clock_gettime(clk_id, /)", clock_gettime(required), "Seconds of a clock of the system."),
    native!("clock_gettime_ns(clk_id, /)", clock_gettime_ns(required), "Nanoseconds of a clock of the system."),
    native!("clock_getres(clk_id, /)", clock_getres(required), "How fine a clock of the system is."),
    native!("get_clock_info(name, /)", get_clock_info(required), "What is known about a clock of this module."),
    native!("strptime(string, format=None, /)", strptime(required, optional), "A time out of a text."),
    native!("ctime(seconds=None, /)", ctime(optional), "Seconds since the epoch as text."),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("time", FUNCTIONS);
    STRUCT_TIME.with(|class| module.set("struct_time", Value::Class(class.clone())));
    let now = calendar::local(clock::wall().div_euclid(1_000_000_000));
    for (name, number) in CLOCKS {
        module.set(name, Value::Int(number));
    }
    module.set("timezone", Value::Int(-now.offset));
    module.set("altzone", Value::Int(-now.offset));
    module.set("daylight", Value::Int(0));
    module.set("tzname", Value::tuple(vec![Value::str(&now.zone), Value::str(&now.zone)]));
    Ok(module)
}
