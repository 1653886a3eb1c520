//! Files by their names: removing, renaming, linking, permissions, times.

use rustix::fs::{self, Access, AtFlags, CWD, Mode, Timespec, Timestamps};

use super::super::path_argument::{file_system_path, name_value};
use super::{Target, failure, named, target};
use crate::native;
use crate::value::{Native, Raised, Result, Value};
use crate::vm::Vm;

fn fspath(vm: &mut Vm, path: &Value) -> Result<Value> {
    file_system_path(vm, path)
}

fn unlink(vm: &mut Vm, path: &Value) -> Result<()> {
    let path = named(vm, path, "unlink")?;
    fs::unlink(&*path.name).map_err(|error| failure(error, &[&path]))
}

fn remove(vm: &mut Vm, path: &Value) -> Result<()> {
    let path = named(vm, path, "remove")?;
    fs::unlink(&*path.name).map_err(|error| failure(error, &[&path]))
}

fn rename(vm: &mut Vm, source: &Value, target: &Value) -> Result<()> {
    let (source, target) = (named(vm, source, "rename")?, named(vm, target, "rename")?);
    fs::rename(&*source.name, &*target.name).map_err(|error| failure(error, &[&source, &target]))
}

fn replace(vm: &mut Vm, source: &Value, target: &Value) -> Result<()> {
    let (source, target) = (named(vm, source, "replace")?, named(vm, target, "replace")?);
    fs::rename(&*source.name, &*target.name).map_err(|error| failure(error, &[&source, &target]))
}

fn link(vm: &mut Vm, source: &Value, target: &Value, follow: Option<bool>) -> Result<()> {
    let (source, target) = (named(vm, source, "link")?, named(vm, target, "link")?);
    let flags = if follow == Some(true) { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
    fs::linkat(CWD, &*source.name, CWD, &*target.name, flags).map_err(|error| failure(error, &[&source, &target]))
}

fn symlink(vm: &mut Vm, source: &Value, target: &Value, _: Option<bool>) -> Result<()> {
    let (source, target) = (named(vm, source, "symlink")?, named(vm, target, "symlink")?);
    fs::symlink(&*source.name, &*target.name).map_err(|error| failure(error, &[&source, &target]))
}

fn readlink(vm: &mut Vm, path: &Value) -> Result<Value> {
    let path = named(vm, path, "readlink")?;
    let name = std::fs::read_link(&path.name).map_err(|error| {
        let code = error.raw_os_error().unwrap_or(libc::EIO);
        failure(rustix::io::Errno::from_raw_os_error(code), &[&path])
    })?;
    name_value(vm, name.as_os_str(), path.is_bytes())
}

fn access(vm: &mut Vm, path: &Value, mode: i64) -> Result<bool> {
    let path = named(vm, path, "access")?;
    let mode = Access::from_bits_truncate(mode as u32);
    Ok(fs::access(&*path.name, mode).is_ok())
}

fn chmod(vm: &mut Vm, path: &Value, mode: i64, follow: Option<bool>) -> Result<()> {
    let mode = Mode::from_raw_mode(mode as u32);
    match target(vm, path, "chmod")? {
        Target::Descriptor(descriptor) => fs::fchmod(descriptor, mode).map_err(|error| failure(error, &[])),
        Target::Name(_) if follow == Some(false) => {
            Err(Raised::not_implemented_error("chmod: follow_symlinks unavailable on this platform"))
        }
        Target::Name(path) => fs::chmod(&*path.name, mode).map_err(|error| failure(error, &[&path])),
    }
}

fn chown(vm: &mut Vm, path: &Value, user: i64, group: i64, follow: Option<bool>) -> Result<()> {
    let user = u32::try_from(user).ok().map(rustix::fs::Uid::from_raw);
    let group = u32::try_from(group).ok().map(rustix::fs::Gid::from_raw);
    match target(vm, path, "chown")? {
        Target::Descriptor(descriptor) => fs::fchown(descriptor, user, group).map_err(|error| failure(error, &[])),
        Target::Name(path) => {
            let flags = if follow == Some(false) { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
            fs::chownat(CWD, &*path.name, user, group, flags).map_err(|error| failure(error, &[&path]))
        }
    }
}

fn truncate(vm: &mut Vm, path: &Value, length: i64) -> Result<()> {
    let size = u64::try_from(length).map_err(|_| failure(rustix::io::Errno::INVAL, &[]))?;
    match target(vm, path, "truncate")? {
        Target::Descriptor(descriptor) => fs::ftruncate(descriptor, size).map_err(|error| failure(error, &[])),
        Target::Name(path) => {
            let flags = fs::OFlags::WRONLY | fs::OFlags::CLOEXEC;
            let file = fs::open(&*path.name, flags, Mode::empty()).map_err(|error| failure(error, &[&path]))?;
            fs::ftruncate(file, size).map_err(|error| failure(error, &[&path]))
        }
    }
}

/// Seconds as a time of the system.
fn time_of(vm: &mut Vm, seconds: &Value) -> Result<Timespec> {
    if let Value::Int(whole) = seconds.native() {
        return Ok(Timespec { tv_sec: *whole, tv_nsec: 0 });
    }
    let seconds = vm.float(seconds)?;
    if !seconds.is_finite() {
        return Err(Raised::value_error("Invalid value NaN (not a number)"));
    }
    let whole = seconds.floor();
    let part = ((seconds - whole) * 1e9).floor().clamp(0.0, 999_999_999.0);
    Ok(Timespec { tv_sec: whole as i64, tv_nsec: part as i64 as _ })
}

fn nanoseconds_of(vm: &mut Vm, time: &Value) -> Result<Timespec> {
    let time = vm.index(time)?;
    Ok(Timespec { tv_sec: time.div_euclid(1_000_000_000), tv_nsec: time.rem_euclid(1_000_000_000) as _ })
}

fn utime(
    vm: &mut Vm,
    path: &Value,
    times: Option<Value>,
    nanoseconds: Option<Value>,
    follow: Option<bool>,
) -> Result<()> {
    let times = times.filter(|times| !times.is_none());
    let pair = |value: &Value, name: &str| match value.native() {
        Value::Tuple(items) if items.items().len() == 2 => Ok((items.items()[0].clone(), items.items()[1].clone())),
        _ if name == "ns" => Err(Raised::type_error("utime: 'ns' must be a tuple of two ints")),
        _ => Err(Raised::type_error("utime: 'times' must be either a tuple of two ints or None")),
    };
    let (last_access, last_modification) = match (times, nanoseconds) {
        (Some(_), Some(_)) => {
            return Err(Raised::value_error("utime: you may specify either 'times' or 'ns' but not both"));
        }
        (Some(times), None) => {
            let (first, second) = pair(&times, "times")?;
            (time_of(vm, &first)?, time_of(vm, &second)?)
        }
        (None, Some(times)) => {
            let (first, second) = pair(&times, "ns")?;
            (nanoseconds_of(vm, &first)?, nanoseconds_of(vm, &second)?)
        }
        (None, None) => {
            let now = Timespec { tv_sec: 0, tv_nsec: fs::UTIME_NOW };
            (now, now)
        }
    };
    let times = Timestamps { last_access, last_modification };
    match target(vm, path, "utime")? {
        Target::Descriptor(descriptor) => fs::futimens(descriptor, &times).map_err(|error| failure(error, &[])),
        Target::Name(path) => {
            let flags = if follow == Some(false) { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
            fs::utimensat(CWD, &*path.name, &times, flags).map_err(|error| failure(error, &[&path]))
        }
    }
}

fn mkfifo(vm: &mut Vm, path: &Value, mode: Option<i64>) -> Result<()> {
    let path = named(vm, path, "mkfifo")?;
    let mode = Mode::from_raw_mode(mode.unwrap_or(0o666) as u32);
    fs::mknodat(CWD, &*path.name, fs::FileType::Fifo, mode, 0).map_err(|error| failure(error, &[&path]))
}

/// Functions on names.
pub const FUNCTIONS: &[Native] = &[
    native!("fspath(path)", fspath(required), "The name of a file that an object stands for."),
    native!("unlink(path)", unlink(required), "Removes a file."),
    native!("remove(path)", remove(required), "Removes a file."),
    native!("rename(src, dst)", rename(required, required), "Gives a file another name."),
    native!(
        "replace(src, dst)",
        replace(required, required),
        "Gives a file another name, in the place of what is there."
    ),
    native!("link(src, dst, *, follow_symlinks=True)", link(required, required, named), "One more name for a file."),
    native!(
        "symlink(src, dst, target_is_directory=False)",
        symlink(required, required, optional),
        "Makes a symbolic link."
    ),
    native!("readlink(path)", readlink(required), "Where a symbolic link points to."),
    native!("access(path, mode)", access(required, required), "Whether the file may be used in this way."),
    native!("chmod(path, mode, *, follow_symlinks=True)", chmod(required, required, named), "Sets the permissions."),
    native!(
        "chown(path, uid, gid, *, follow_symlinks=True)",
        chown(required, required, required, named),
        "Sets the owner."
    ),
    native!("truncate(path, length)", truncate(required, required), "Cuts a file off at a length."),
    native!(
        "utime(path, times=None, *, ns=None, follow_symlinks=True)",
        utime(required, optional, named, named),
        "Sets when the file was last used and changed."
    ),
    native!("mkfifo(path, mode=438)", mkfifo(required, optional), "Makes a named pipe."),
];
