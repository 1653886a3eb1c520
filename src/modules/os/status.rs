//! `stat`: what the system knows about a file.

use rustix::fs::{self, Stat};

use super::super::structure;
use super::{Target, descriptor, failure, named, target};
use crate::native;
use crate::value::instance::BaseValue;
use crate::value::{Class, Instance, Native, Result, Str, Value, integer};
use crate::vm::Vm;

/// The items of a stat_result.
const FIELDS: &[&str] =
    &["st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime"];

thread_local! {
    static STATUS: Class = status_class();
    static VOLUME: Class = structure::class(
        "os.statvfs_result",
        &["f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_flag", "f_namemax"],
    );
}

fn status_class() -> Class {
    let class = structure::class("os.stat_result", FIELDS);
    // As items times are whole seconds, as attributes they are exact: those are of the instance.
    for name in &FIELDS[7..] {
        class.namespace.remove_str(&Str::intern(name));
    }
    class.changed();
    class
}

/// The class stat_result.
pub fn class() -> Class {
    STATUS.with(Class::clone)
}

/// A stat_result.
fn make(status: &Stat) -> Value {
    let count = |value: u64| integer::from_u64(value);
    let times = [
        ("st_atime", status.st_atime as i64, status.st_atime_nsec as i64),
        ("st_mtime", status.st_mtime as i64, status.st_mtime_nsec as i64),
        ("st_ctime", status.st_ctime as i64, status.st_ctime_nsec as i64),
    ];
    let mut items = vec![
        Value::Int(i64::from(status.st_mode)),
        count(status.st_ino),
        count(status.st_dev),
        count(status.st_nlink as u64),
        Value::Int(i64::from(status.st_uid)),
        Value::Int(i64::from(status.st_gid)),
        Value::Int(status.st_size),
    ];
    items.extend(times.iter().map(|(_, seconds, _)| Value::Int(*seconds)));
    let instance = Instance::with_payload(class(), BaseValue(Value::tuple(items)));
    for (name, seconds, nanoseconds) in times {
        instance.set(&Str::intern(name), Value::Float(seconds as f64 + nanoseconds as f64 / 1e9));
        let exact = Value::Int(seconds * 1_000_000_000 + nanoseconds);
        instance.set(&Str::intern(&format!("{name}_ns")), exact);
    }
    for (name, value) in [
        ("st_blksize", status.st_blksize as i64),
        ("st_blocks", status.st_blocks as i64),
        ("st_rdev", status.st_rdev as i64),
    ] {
        instance.set(&Str::intern(name), Value::Int(value));
    }
    Value::Instance(instance)
}

fn stat(vm: &mut Vm, path: &Value, follow: Option<bool>) -> Result<Value> {
    let status = match target(vm, path, "stat")? {
        Target::Descriptor(descriptor) => fs::fstat(descriptor).map_err(|error| failure(error, &[]))?,
        Target::Name(path) if follow == Some(false) => {
            fs::lstat(&*path.name).map_err(|error| failure(error, &[&path]))?
        }
        Target::Name(path) => fs::stat(&*path.name).map_err(|error| failure(error, &[&path]))?,
    };
    Ok(make(&status))
}

fn lstat(vm: &mut Vm, path: &Value) -> Result<Value> {
    let path = named(vm, path, "lstat")?;
    let status = fs::lstat(&*path.name).map_err(|error| failure(error, &[&path]))?;
    Ok(make(&status))
}

fn fstat(_: &mut Vm, number: i64) -> Result<Value> {
    let status = fs::fstat(descriptor::borrow(number)?).map_err(|error| failure(error, &[]))?;
    Ok(make(&status))
}

fn statvfs(vm: &mut Vm, path: &Value) -> Result<Value> {
    let volume = match target(vm, path, "statvfs")? {
        Target::Descriptor(descriptor) => fs::fstatvfs(descriptor).map_err(|error| failure(error, &[]))?,
        Target::Name(path) => fs::statvfs(&*path.name).map_err(|error| failure(error, &[&path]))?,
    };
    let items = [
        volume.f_bsize,
        volume.f_frsize,
        volume.f_blocks,
        volume.f_bfree,
        volume.f_bavail,
        volume.f_files,
        volume.f_ffree,
        volume.f_favail,
        volume.f_flag.bits(),
        volume.f_namemax,
    ];
    Ok(VOLUME.with(|class| structure::make(class, items.into_iter().map(integer::from_u64).collect())))
}

/// Functions about files.
pub const FUNCTIONS: &[Native] = &[
    native!("stat(path, *, follow_symlinks=True)", stat(required, named), "What is known about a file."),
    native!("lstat(path)", lstat(required), "What is known about a file; a link is itself."),
    native!("fstat(fd)", fstat(required), "What is known about an open file."),
    native!("statvfs(path)", statvfs(required), "What is known about the volume of a file."),
];
