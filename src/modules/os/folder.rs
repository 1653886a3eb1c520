//! Folders: what is in them, making and removing them, the current one.

use rustix::fs::{self, FileType, Mode};
use rustix::io::Errno;

use super::super::path_argument::{self, name_value};
use super::{PathArgument, Target, failure, named, target};
use crate::native;
use crate::value::{Native, Result, Value};
use crate::vm::Vm;

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw_os_error(error.raw_os_error().unwrap_or(libc::EIO))
}

/// The folder of an argument, the current one when it is missing.
fn folder_of(vm: &mut Vm, path: Option<Value>, function: &str) -> Result<PathArgument> {
    match path.filter(|path| !path.is_none()) {
        None => path_argument::path(vm, &Value::str(".")),
        Some(path) => match target(vm, &path, function)? {
            Target::Name(name) => Ok(name),
            Target::Descriptor(_) => {
                // The system names what a descriptor has open.
                let number = vm.index(&path)?;
                let name = format!("/proc/self/fd/{number}");
                Ok(PathArgument { name: name.into(), value: path })
            }
        },
    }
}

fn listdir(vm: &mut Vm, path: Option<Value>) -> Result<Value> {
    let folder = folder_of(vm, path, "listdir")?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder.name).map_err(|error| failure(errno(&error), &[&folder]))? {
        let entry = entry.map_err(|error| failure(errno(&error), &[&folder]))?;
        names.push(name_value(vm, &entry.file_name(), folder.is_bytes())?);
    }
    Ok(Value::list(names))
}

/// The entries of a folder: name, kind (`d`, `f`, `l`, another letter for what is none of them), inode.
fn scan(vm: &mut Vm, path: Option<Value>) -> Result<Value> {
    use std::os::unix::fs::DirEntryExt;
    let folder = folder_of(vm, path, "scandir")?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&folder.name).map_err(|error| failure(errno(&error), &[&folder]))? {
        let entry = entry.map_err(|error| failure(errno(&error), &[&folder]))?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => "d",
            Ok(kind) if kind.is_file() => "f",
            Ok(kind) if kind.is_symlink() => "l",
            _ => "o",
        };
        let name = name_value(vm, &entry.file_name(), folder.is_bytes())?;
        entries.push(Value::tuple(vec![name, Value::str(kind), Value::Int(entry.ino() as i64)]));
    }
    Ok(Value::list(entries))
}

fn mkdir(vm: &mut Vm, path: &Value, mode: Option<i64>) -> Result<()> {
    let path = named(vm, path, "mkdir")?;
    let mode = Mode::from_raw_mode(mode.unwrap_or(0o777) as u32);
    fs::mkdir(&*path.name, mode).map_err(|error| failure(error, &[&path]))
}

fn rmdir(vm: &mut Vm, path: &Value) -> Result<()> {
    let path = named(vm, path, "rmdir")?;
    fs::rmdir(&*path.name).map_err(|error| failure(error, &[&path]))
}

fn chdir(vm: &mut Vm, path: &Value) -> Result<()> {
    match target(vm, path, "chdir")? {
        Target::Descriptor(descriptor) => rustix::process::fchdir(descriptor).map_err(|error| failure(error, &[])),
        Target::Name(path) => rustix::process::chdir(&*path.name).map_err(|error| failure(error, &[&path])),
    }
}

fn current(vm: &mut Vm, as_bytes: bool) -> Result<Value> {
    let folder = std::env::current_dir().map_err(|error| failure(errno(&error), &[]))?;
    name_value(vm, folder.as_os_str(), as_bytes)
}

fn getcwd(vm: &mut Vm) -> Result<Value> {
    current(vm, false)
}

fn getcwdb(vm: &mut Vm) -> Result<Value> {
    current(vm, true)
}

/// Whether a name is that of a file of some kind, links followed.
fn is_kind(vm: &mut Vm, path: &Value, wanted: FileType) -> bool {
    let status = match target(vm, path, "stat") {
        Ok(Target::Descriptor(descriptor)) => fs::fstat(descriptor),
        Ok(Target::Name(path)) => fs::stat(&*path.name),
        Err(_) => return false,
    };
    status.is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == wanted)
}

fn is_folder(vm: &mut Vm, path: &Value) -> Result<bool> {
    checked(vm, path)?;
    Ok(is_kind(vm, path, FileType::Directory))
}

fn is_file(vm: &mut Vm, path: &Value) -> Result<bool> {
    checked(vm, path)?;
    Ok(is_kind(vm, path, FileType::RegularFile))
}

fn exists(vm: &mut Vm, path: &Value) -> Result<bool> {
    checked(vm, path)?;
    Ok(match target(vm, path, "stat") {
        Ok(Target::Descriptor(descriptor)) => fs::fstat(descriptor).is_ok(),
        Ok(Target::Name(path)) => fs::stat(&*path.name).is_ok(),
        Err(_) => false,
    })
}

/// What is no name at all is a TypeError; a name that cannot be is one of no file.
fn checked(vm: &mut Vm, path: &Value) -> Result<()> {
    match target(vm, path, "stat") {
        Err(raised) if raised.is_a(&crate::value::types().type_error) => Err(raised),
        _ => Ok(()),
    }
}

/// Functions on folders.
pub const FUNCTIONS: &[Native] = &[
    native!("listdir(path=None)", listdir(optional), "The names in a folder."),
    native!("_scan(path=None)", scan(optional), "The entries of a folder: name, kind, inode."),
    native!("mkdir(path, mode=511)", mkdir(required, optional), "Makes a folder."),
    native!("rmdir(path)", rmdir(required), "Removes an empty folder."),
    native!("chdir(path)", chdir(required), "Makes a folder the current one."),
    native!("getcwd()", getcwd, "The current folder."),
    native!("getcwdb()", getcwdb, "The current folder as bytes."),
    native!("_path_isdir(path)", is_folder(required), "Whether it is a folder."),
    native!("_path_isfile(path)", is_file(required), "Whether it is a file."),
    native!("_path_exists(path)", exists(required), "Whether there is such a file."),
];
