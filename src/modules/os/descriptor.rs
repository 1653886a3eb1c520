//! Descriptors by their numbers.

use std::os::fd::IntoRawFd;

use rustix::fd::BorrowedFd;
use rustix::fs::{self, Mode, OFlags, SeekFrom};
use rustix::io::{self, Errno, FdFlags};

use super::super::io::base::{self, data_of};
use super::super::io::file::{close_descriptor, retry};
use super::{failure, named};
use crate::memory::outside;
use crate::native;
use crate::scheduler::input;
use crate::value::{Native, Raised, Result, Value, bytes};
use crate::vm::Vm;

/// The descriptor with a number. OSError when there cannot be one.
pub fn borrow(number: i64) -> Result<BorrowedFd<'static>> {
    let descriptor = i32::try_from(number).ok().and_then(outside::descriptor);
    descriptor.ok_or_else(|| failure(Errno::BADF, &[]))
}

fn plain(error: Errno) -> Raised {
    failure(error, &[])
}

/// What a call gives; one that would have to wait is a BlockingIOError.
fn now<T>(outcome: Result<Option<T>>) -> Result<T> {
    outcome?.ok_or_else(|| failure(Errno::AGAIN, &[]))
}

fn open(vm: &mut Vm, path: &Value, flags: i64, mode: Option<i64>) -> Result<i64> {
    let path = named(vm, path, "open")?;
    let flags = OFlags::from_bits_retain(flags as u32) | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(mode.unwrap_or(0o777) as u32);
    loop {
        match fs::open(&*path.name, flags, mode) {
            Ok(descriptor) => return Ok(i64::from(descriptor.into_raw_fd())),
            Err(Errno::INTR) => vm.check_interrupts()?,
            Err(error) => return Err(failure(error, &[&path])),
        }
    }
}

fn close(_: &mut Vm, number: i64) -> Result<()> {
    borrow(number)?;
    close_descriptor(number as i32)
}

fn closerange(_: &mut Vm, low: i64, high: i64) {
    for number in low.max(0)..high.min(1 << 20) {
        // Those that are not open are of no interest.
        let _ = close_descriptor(number as i32);
    }
}

fn read(vm: &mut Vm, number: i64, length: i64) -> Result<Value> {
    let descriptor = borrow(number)?;
    let length = usize::try_from(length).map_err(|_| plain(Errno::INVAL))?;
    let mut data = vec![0; length];
    input::wait(vm, number as i32)?;
    let count = now(retry(vm, || io::read(descriptor, data.as_mut_slice())))?;
    data.truncate(count);
    Ok(bytes::new(data))
}

fn readinto(vm: &mut Vm, number: i64, target: &Value) -> Result<usize> {
    let descriptor = borrow(number)?;
    let mut data = vec![0; base::room(target, "readinto")?];
    input::wait(vm, number as i32)?;
    let count = now(retry(vm, || io::read(descriptor, data.as_mut_slice())))?;
    base::put(target, &data[..count]);
    Ok(count)
}

fn write(vm: &mut Vm, number: i64, data: &Value) -> Result<usize> {
    let descriptor = borrow(number)?;
    let data = data_of(data)?.unborrowed();
    now(retry(vm, || io::write(descriptor, &data)))
}

fn pread(vm: &mut Vm, number: i64, length: i64, offset: i64) -> Result<Value> {
    let descriptor = borrow(number)?;
    let length = usize::try_from(length).map_err(|_| plain(Errno::INVAL))?;
    let offset = u64::try_from(offset).map_err(|_| plain(Errno::INVAL))?;
    let mut data = vec![0; length];
    let count = now(retry(vm, || io::pread(descriptor, data.as_mut_slice(), offset)))?;
    data.truncate(count);
    Ok(bytes::new(data))
}

fn pwrite(vm: &mut Vm, number: i64, data: &Value, offset: i64) -> Result<usize> {
    let descriptor = borrow(number)?;
    let data = data_of(data)?.unborrowed();
    let offset = u64::try_from(offset).map_err(|_| plain(Errno::INVAL))?;
    now(retry(vm, || io::pwrite(descriptor, &data, offset)))
}

fn lseek(_: &mut Vm, number: i64, offset: i64, whence: i64) -> Result<i64> {
    let target = match whence {
        0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| plain(Errno::INVAL))?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return Err(plain(Errno::INVAL)),
    };
    fs::seek(borrow(number)?, target).map(|position| position as i64).map_err(plain)
}

fn pipe(_: &mut Vm) -> Result<Value> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(plain)?;
    let number = |descriptor: rustix::fd::OwnedFd| Value::Int(i64::from(descriptor.into_raw_fd()));
    Ok(Value::tuple(vec![number(read), number(write)]))
}

fn dup(_: &mut Vm, number: i64) -> Result<i64> {
    let copy = io::fcntl_dupfd_cloexec(borrow(number)?, 0).map_err(plain)?;
    Ok(i64::from(copy.into_raw_fd()))
}

fn dup2(_: &mut Vm, number: i64, target: i64, inheritable: Option<bool>) -> Result<i64> {
    let descriptor = borrow(number)?;
    let wrong = || plain(Errno::BADF);
    let mut place = i32::try_from(target).ok().and_then(outside::owned_descriptor).ok_or_else(wrong)?;
    io::dup2(descriptor, &mut place).map_err(plain)?;
    if inheritable == Some(false) {
        io::fcntl_setfd(borrow(target)?, FdFlags::CLOEXEC).map_err(plain)?;
    }
    Ok(target)
}

fn isatty(_: &mut Vm, number: i64) -> bool {
    borrow(number).is_ok_and(rustix::termios::isatty)
}

fn number_of(vm: &mut Vm, file: &Value) -> Result<i64> {
    if matches!(file.native(), Value::Int(_) | Value::Bool(_)) {
        return vm.index(file);
    }
    match vm.get_attribute_if_any(file, &crate::value::Str::intern("fileno"))? {
        Some(fileno) => {
            let number = vm.call(&fileno, &[])?;
            vm.index(&number)
        }
        None => Err(Raised::type_error("argument must be an int, or have a fileno() method.")),
    }
}

fn fsync(vm: &mut Vm, file: &Value) -> Result<()> {
    let number = number_of(vm, file)?;
    fs::fsync(borrow(number)?).map_err(plain)
}

fn fdatasync(vm: &mut Vm, file: &Value) -> Result<()> {
    let number = number_of(vm, file)?;
    fs::fdatasync(borrow(number)?).map_err(plain)
}

fn ftruncate(_: &mut Vm, number: i64, length: i64) -> Result<()> {
    let length = u64::try_from(length).map_err(|_| plain(Errno::INVAL))?;
    fs::ftruncate(borrow(number)?, length).map_err(plain)
}

fn fchmod(_: &mut Vm, number: i64, mode: i64) -> Result<()> {
    fs::fchmod(borrow(number)?, Mode::from_raw_mode(mode as u32)).map_err(plain)
}

fn get_inheritable(_: &mut Vm, number: i64) -> Result<bool> {
    Ok(!io::fcntl_getfd(borrow(number)?).map_err(plain)?.contains(FdFlags::CLOEXEC))
}

fn set_inheritable(_: &mut Vm, number: i64, inheritable: bool) -> Result<()> {
    let flags = if inheritable { FdFlags::empty() } else { FdFlags::CLOEXEC };
    io::fcntl_setfd(borrow(number)?, flags).map_err(plain)
}

fn get_blocking(_: &mut Vm, number: i64) -> Result<bool> {
    Ok(!fs::fcntl_getfl(borrow(number)?).map_err(plain)?.contains(OFlags::NONBLOCK))
}

fn set_blocking(_: &mut Vm, number: i64, blocking: bool) -> Result<()> {
    let mut flags = fs::fcntl_getfl(borrow(number)?).map_err(plain)?;
    flags.set(OFlags::NONBLOCK, !blocking);
    fs::fcntl_setfl(borrow(number)?, flags).map_err(plain)
}

/// Functions on descriptors.
pub const FUNCTIONS: &[Native] = &[
    native!("open(path, flags, mode=511)", open(required, required, optional), "Opens a file; gives a descriptor."),
    native!("close(fd)", close(required), "Closes a descriptor."),
    native!("closerange(fd_low, fd_high, /)", closerange(required, required), "Closes all descriptors in a range."),
    native!("read(fd, length, /)", read(required, required), "Reads so many bytes at most."),
    native!("readinto(fd, buffer, /)", readinto(required, required), "Reads into an object."),
    native!("write(fd, data, /)", write(required, required), "Writes bytes and says how many were taken."),
    native!("pread(fd, length, offset, /)", pread(required, required, required), "Reads at a position."),
    native!("pwrite(fd, buffer, offset, /)", pwrite(required, required, required), "Writes at a position."),
    native!("lseek(fd, position, whence, /)", lseek(required, required, required), "Changes the position."),
    native!("pipe()", pipe, "A pipe: the descriptors to read and to write."),
    native!("dup(fd, /)", dup(required), "One more descriptor for the same file."),
    native!("dup2(fd, fd2, inheritable=True)", dup2(required, required, optional), "Makes a number mean a file."),
    native!("isatty(fd, /)", isatty(required), "Whether it is a terminal."),
    native!("fsync(fd)", fsync(required), "Waits until all is on the disk."),
    native!("fdatasync(fd)", fdatasync(required), "Waits until the contents are on the disk."),
    native!("ftruncate(fd, length, /)", ftruncate(required, required), "Cuts a file off at a length."),
    native!("fchmod(fd, mode)", fchmod(required, required), "Sets the permissions."),
    native!("get_inheritable(fd, /)", get_inheritable(required), "Whether programs that are started get it."),
    native!("set_inheritable(fd, inheritable, /)", set_inheritable(required, required), "Sets who gets it."),
    native!("get_blocking(fd, /)", get_blocking(required), "Whether reading waits."),
    native!("set_blocking(fd, blocking, /)", set_blocking(required, required), "Sets whether reading waits."),
];
