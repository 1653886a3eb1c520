//! FileIO: a descriptor that is read and written without a buffer.

use std::cell::Cell;

use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;

use super::super::path_argument;
use super::base::{self, check_open, data_of, is_exactly, limit, system_error};
use super::{BUFFER, classes, unsupported};
use crate::memory::outside;
use crate::native;
use crate::scheduler::input;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, Raised, Result, Str, Value, bytes, symbols};
use crate::vm::Vm;

/// The state of a FileIO.
#[derive(Default)]
pub struct File {
    /// None once it is closed, and before it is open.
    number: Cell<Option<i32>>,
    is_open_for_reading: Cell<bool>,
    is_open_for_writing: Cell<bool>,
    is_created: Cell<bool>,
    appends: Cell<bool>,
    closes_descriptor: Cell<bool>,
    /// Known after the first question.
    is_seekable: Cell<Option<bool>>,
    block: Cell<usize>,
}

impl Payload for File {}

impl<'a> FromArgument<'a> for &'a File {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<File>().ok_or(Mismatch::Expected("_io.FileIO"))
    }
}

impl File {
    /// The file of a standard stream, whose descriptor is not ours to close.
    pub fn standard(number: i32, reads: bool) -> File {
        let file = File::default();
        file.number.set(Some(number));
        file.is_open_for_reading.set(reads);
        file.is_open_for_writing.set(!reads);
        file
    }

    /// The state of a value that is a FileIO, and of no class derived from it.
    pub fn of_exact(value: &Value) -> Option<&File> {
        if is_exactly(value, &classes().file) { value.payload() } else { None }
    }

    fn descriptor(&self) -> Result<rustix::fd::BorrowedFd<'static>> {
        self.number
            .get()
            .and_then(outside::descriptor)
            .ok_or_else(|| Raised::value_error("I/O operation on closed file"))
    }

    fn check_readable(&self) -> Result<rustix::fd::BorrowedFd<'static>> {
        let descriptor = self.descriptor()?;
        if self.is_open_for_reading.get() { Ok(descriptor) } else { Err(unsupported("File not open for reading")) }
    }

    fn check_writable(&self) -> Result<rustix::fd::BorrowedFd<'static>> {
        let descriptor = self.descriptor()?;
        if self.is_open_for_writing.get() { Ok(descriptor) } else { Err(unsupported("File not open for writing")) }
    }

    pub fn is_closed(&self) -> bool {
        self.number.get().is_none()
    }

    /// The size of a block of the file, the best for a buffer.
    pub fn block(&self) -> usize {
        self.block.get().max(BUFFER)
    }

    /// Reads behind what is in `data`, so many bytes at most. None when there is nothing yet.
    pub fn read_onto(&self, vm: &mut Vm, data: &mut Vec<u8>, size: usize) -> Result<Option<usize>> {
        self.check_readable()?;
        input::wait(vm, self.number.get().unwrap_or(-1))?;
        // It may have been closed meanwhile.
        let descriptor = self.check_readable()?;
        let start = data.len();
        let target = data.try_reserve(size).map_err(|_| Raised::out_of_memory());
        target?;
        data.resize(start + size, 0);
        let outcome = retry(vm, || rustix::io::read(descriptor, &mut data[start..]));
        data.truncate(start + *outcome.as_ref().ok().and_then(Option::as_ref).unwrap_or(&0));
        outcome
    }

    /// Writes some of the bytes and says how many. None when nothing can be written now.
    pub fn write(&self, vm: &mut Vm, data: &[u8]) -> Result<Option<usize>> {
        let descriptor = self.check_writable()?;
        retry(vm, || rustix::io::write(descriptor, data))
    }

    pub fn seek(&self, offset: i64, whence: i64) -> Result<i64> {
        let target = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| system_error(Errno::INVAL, None))?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(system_error(Errno::INVAL, None)),
        };
        let position = rustix::fs::seek(self.descriptor()?, target).map_err(|error| system_error(error, None))?;
        Ok(position as i64)
    }

    pub fn is_seekable(&self) -> Result<bool> {
        self.descriptor()?;
        if let Some(known) = self.is_seekable.get() {
            return Ok(known);
        }
        let known = self.seek(0, 1).is_ok();
        self.is_seekable.set(Some(known));
        Ok(known)
    }

    pub fn is_readable(&self) -> bool {
        self.is_open_for_reading.get()
    }

    pub fn is_writable(&self) -> bool {
        self.is_open_for_writing.get()
    }

    pub fn number(&self) -> Result<i32> {
        self.descriptor()?;
        Ok(self.number.get().unwrap_or(-1))
    }

    pub fn is_terminal(&self) -> Result<bool> {
        Ok(rustix::termios::isatty(self.descriptor()?))
    }

    /// Closes the descriptor, unless it belongs to somebody else.
    pub fn close(&self) -> Result<()> {
        match self.number.take() {
            Some(number) if self.closes_descriptor.get() => close_descriptor(number),
            _ => Ok(()),
        }
    }

    fn mode(&self) -> &'static str {
        match (self.is_created.get(), self.appends.get(), self.is_open_for_reading.get()) {
            (true, _, true) => "xb+",
            (true, ..) => "xb",
            (_, true, true) => "ab+",
            (_, true, false) => "ab",
            (_, _, true) if self.is_open_for_writing.get() => "rb+",
            (_, _, true) => "rb",
            _ => "wb",
        }
    }
}

/// Closes a descriptor by its number.
pub fn close_descriptor(number: i32) -> Result<()> {
    nix::unistd::close(number).map_err(|error| crate::builtins::os_errors::os_error(error as i32, None))
}

/// A call of the system, made again when a signal interrupted it. None when it would have to wait.
pub fn retry<T>(vm: &mut Vm, mut call: impl FnMut() -> rustix::io::Result<T>) -> Result<Option<T>> {
    loop {
        match call() {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(Errno::INTR) => vm.check_interrupts()?,
            Err(Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(system_error(error, None)),
        }
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), File::default()))
}

/// What a mode such as `rb+` asks of the system.
fn set_mode(file: &File, mode: &str) -> Result<OFlags> {
    let (mut kinds, mut updates) = (0, 0);
    let mut flags = OFlags::CLOEXEC;
    let [mut reads, mut writes] = [false; 2];
    for letter in mode.chars() {
        match letter {
            'r' => reads = true,
            'w' => {
                writes = true;
                flags |= OFlags::CREATE | OFlags::TRUNC;
            }
            'x' => {
                writes = true;
                file.is_created.set(true);
                flags |= OFlags::CREATE | OFlags::EXCL;
            }
            'a' => {
                writes = true;
                file.appends.set(true);
                flags |= OFlags::CREATE | OFlags::APPEND;
            }
            'b' => continue,
            '+' => {
                updates += 1;
                continue;
            }
            _ => return Err(Raised::value_error(format!("invalid mode: {mode}"))),
        }
        kinds += 1;
    }
    if kinds != 1 || updates > 1 {
        let message = "Must have exactly one of create/read/write/append mode and at most one plus";
        return Err(Raised::value_error(message));
    }
    if updates == 1 {
        (reads, writes) = (true, true);
    }
    file.is_open_for_reading.set(reads);
    file.is_open_for_writing.set(writes);
    Ok(flags
        | match (reads, writes) {
            (true, true) => OFlags::RDWR,
            (true, false) => OFlags::RDONLY,
            _ => OFlags::WRONLY,
        })
}

/// Opens the file with a name.
fn open_named(vm: &mut Vm, name: &Value, flags: OFlags, opener: Option<&Value>) -> Result<i32> {
    if let Some(opener) = opener.filter(|opener| !opener.is_none()) {
        let path = path_argument::path(vm, name)?;
        let number = vm.call(opener, &[path.value, Value::Int(i64::from(flags.bits()))])?;
        if !matches!(number.native(), Value::Int(_) | Value::Bool(_)) {
            return Err(Raised::type_error("expected integer from opener"));
        }
        let number = vm.index(&number)?;
        return i32::try_from(number)
            .ok()
            .filter(|number| *number >= 0)
            .ok_or_else(|| Raised::value_error(format!("opener returned {number}")));
    }
    let path = path_argument::path(vm, name)?;
    loop {
        match rustix::fs::open(&*path.name, flags, Mode::from_raw_mode(0o666)) {
            Ok(descriptor) => return Ok(std::os::fd::IntoRawFd::into_raw_fd(descriptor)),
            Err(Errno::INTR) => vm.check_interrupts()?,
            Err(error) => return Err(system_error(error, Some(name.clone()))),
        }
    }
}

fn init(
    vm: &mut Vm,
    this: &Value,
    name: &Value,
    mode: Option<&Str>,
    closes_descriptor: Option<bool>,
    opener: Option<&Value>,
) -> Result<()> {
    let file = this.payload::<File>().ok_or_else(|| Raised::type_error("this is not a FileIO"))?;
    file.close()?;
    for flag in [&file.is_created, &file.appends] {
        flag.set(false);
    }
    file.is_seekable.set(None);
    let flags = set_mode(file, mode.map_or("r", |mode| mode))?;
    let closes_descriptor = closes_descriptor.unwrap_or(true);
    let number = match name.native() {
        Value::Int(_) | Value::Bool(_) => {
            let number = vm.index(name)?;
            if number < 0 {
                return Err(Raised::value_error("negative file descriptor"));
            }
            file.closes_descriptor.set(closes_descriptor);
            i32::try_from(number).map_err(|_| Raised::overflow_error("Python int too large to convert to C int"))?
        }
        _ if !closes_descriptor => return Err(Raised::value_error("Cannot use closefd=False with file name")),
        _ => {
            let number = open_named(vm, name, flags, opener)?;
            file.closes_descriptor.set(true);
            number
        }
    };
    let is_ours = !matches!(name.native(), Value::Int(_) | Value::Bool(_));
    file.number.set(Some(number));
    match rustix::fs::fstat(file.descriptor()?) {
        Ok(status) if FileType::from_raw_mode(status.st_mode) == FileType::Directory => {
            file.number.set(None);
            if is_ours {
                close_descriptor(number)?;
            }
            return Err(system_error(Errno::ISDIR, Some(name.clone())));
        }
        Ok(status) => file.block.set(usize::try_from(status.st_blksize).unwrap_or(BUFFER)),
        Err(error) => {
            file.number.set(None);
            return Err(system_error(error, None));
        }
    }
    if let Value::Instance(instance) = this {
        instance.set(&symbols().name_, name.clone());
    }
    if file.appends.get() {
        // Not every file has an end that can be gone to.
        let _ = file.seek(0, 2);
    }
    Ok(())
}

fn read(vm: &mut Vm, this: &Value, size: Option<i64>) -> Result<Value> {
    let Some(size) = limit(size) else { return vm.call_method(this, &Str::intern("readall"), &[]) };
    let file = this.payload::<File>().ok_or_else(|| Raised::type_error("this is not a FileIO"))?;
    let mut data = Vec::new();
    Ok(match file.read_onto(vm, &mut data, size)? {
        Some(_) => bytes::new(data),
        None => Value::None,
    })
}

/// Reads all that is left. None when there is nothing yet.
pub fn read_rest(vm: &mut Vm, file: &File) -> Result<Option<Vec<u8>>> {
    let descriptor = file.check_readable()?;
    let size = rustix::fs::fstat(descriptor).map_or(0, |status| status.st_size.max(0) as usize);
    let position = if size > 0 { file.seek(0, 1).map_or(0, |position| position as usize) } else { 0 };
    // One byte more than is expected, so that the end shows in the first read.
    let mut step = size.saturating_sub(position).saturating_add(1).max(BUFFER);
    let mut data = Vec::new();
    loop {
        match file.read_onto(vm, &mut data, step)? {
            Some(0) => return Ok(Some(data)),
            Some(_) => step = data.len().clamp(BUFFER, 1 << 24),
            None if data.is_empty() => return Ok(None),
            None => return Ok(Some(data)),
        }
    }
}

fn readall(vm: &mut Vm, this: &File) -> Result<Value> {
    Ok(read_rest(vm, this)?.map_or(Value::None, bytes::new))
}

fn readinto(vm: &mut Vm, this: &File, target: &Value) -> Result<Value> {
    this.check_readable()?;
    let mut data = Vec::new();
    let size = base::room(target, "readinto")?;
    let count = this.read_onto(vm, &mut data, size)?;
    base::put(target, &data);
    Ok(count.into())
}

fn write(vm: &mut Vm, this: &File, data: &Value) -> Result<Value> {
    this.check_writable()?;
    let data = data_of(data)?.to_vec();
    Ok(this.write(vm, &data)?.into())
}

fn seek(_: &mut Vm, this: &File, offset: i64, whence: Option<i64>) -> Result<i64> {
    this.seek(offset, whence.unwrap_or(0))
}

fn tell(_: &mut Vm, this: &File) -> Result<i64> {
    this.seek(0, 1)
}

fn truncate(vm: &mut Vm, this: &File, size: Option<&Value>) -> Result<Value> {
    let descriptor = this.check_writable()?;
    let size = match size {
        None | Some(Value::None) => this.seek(0, 1)?,
        Some(size) => vm.index(size)?,
    };
    let length = u64::try_from(size).map_err(|_| system_error(Errno::INVAL, None))?;
    retry(vm, || rustix::fs::ftruncate(descriptor, length))?;
    Ok(Value::Int(size))
}

fn close(vm: &mut Vm, this: &Value) -> Result<()> {
    let file = this.payload::<File>().ok_or_else(|| Raised::type_error("this is not a FileIO"))?;
    if file.is_closed() {
        return Ok(());
    }
    // A class of the script may have something to flush.
    let flushed = match File::of_exact(this) {
        Some(_) => Ok(Value::None),
        None => vm.call_method(this, &symbols().flush, &[]),
    };
    file.close()?;
    flushed.map(drop)
}

fn flush(vm: &mut Vm, this: &Value) -> Result<()> {
    check_open(vm, this)
}

fn is_seekable(_: &mut Vm, this: &File) -> Result<bool> {
    this.is_seekable()
}

fn is_readable(_: &mut Vm, this: &File) -> Result<bool> {
    this.descriptor().map(|_| this.is_readable())
}

fn is_writable(_: &mut Vm, this: &File) -> Result<bool> {
    this.descriptor().map(|_| this.is_writable())
}

fn fileno(_: &mut Vm, this: &File) -> Result<i64> {
    this.number().map(i64::from)
}

fn isatty(_: &mut Vm, this: &File) -> Result<bool> {
    this.is_terminal()
}

fn closed(_: &mut Vm, this: &File) -> bool {
    this.is_closed()
}

fn closes_descriptor(_: &mut Vm, this: &File) -> bool {
    this.closes_descriptor.get()
}

fn mode(_: &mut Vm, this: &File) -> &'static str {
    this.mode()
}

fn block_size(_: &mut Vm, this: &File) -> usize {
    this.block.get()
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    let file = this.payload::<File>().ok_or_else(|| Raised::type_error("this is not a FileIO"))?;
    if file.is_closed() {
        return Ok(format!("<{} [closed]>", class_name(this)));
    }
    let closes = if file.closes_descriptor.get() { "True" } else { "False" };
    let name = match base::name_of(vm, this)? {
        Some(name) => format!("name={}", vm.repr(&name)?),
        None => format!("fd={}", file.number()?),
    };
    Ok(format!("<{} {name} mode='{}' closefd={closes}>", class_name(this), file.mode()))
}

/// The class of a stream as its repr names it: with `_io.` for those of the module.
pub fn class_name(this: &Value) -> String {
    let class = this.class();
    match class.lookup(&symbols().module).and_then(|module| module.as_str().cloned()) {
        Some(module) if &*module != "builtins" => format!("{module}.{}", class.qualified_name.get()),
        _ => class.qualified_name.get().to_string(),
    }
}

/// The rows of FileIO.
pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "A file that is not open yet.")
        .static_method(),
    native!(
        "__init__(self, file, mode='r', closefd=True, opener=None)",
        init(required, required, optional, optional, optional),
        "Opens a file by its name, or takes a descriptor."
    ),
    native!("read(self, size=-1, /)", read(required, optional), "Reads so many bytes at most, or all."),
    native!("readall(self, /)", readall(required), "Reads until the end."),
    native!("readinto(self, buffer, /)", readinto(required, required), "Reads into an object."),
    native!("write(self, b, /)", write(required, required), "Writes bytes and says how many were taken."),
    native!("seek(self, pos, whence=0, /)", seek(required, required, optional), "Changes the position."),
    native!("tell(self, /)", tell(required), "The position."),
    native!("truncate(self, size=None, /)", truncate(required, optional), "Cuts the file off at a size."),
    native!("close(self, /)", close(required), "Closes the descriptor."),
    native!("flush(self, /)", flush(required), "Nothing waits here."),
    native!("seekable(self, /)", is_seekable(required), "Whether the position can be changed."),
    native!("readable(self, /)", is_readable(required), "Whether it was opened for reading."),
    native!("writable(self, /)", is_writable(required), "Whether it was opened for writing."),
    native!("fileno(self, /)", fileno(required), "The number of the descriptor."),
    native!("isatty(self, /)", isatty(required), "Whether it is a terminal."),
    native!("closed(self, /)", closed(required), "True if the file is closed").getter(),
    native!("closefd(self, /)", closes_descriptor(required), "Whether closing closes the descriptor.").getter(),
    native!("mode(self, /)", mode(required), "How it was opened.").getter(),
    native!("_blksize(self, /)", block_size(required), "The size of a block of the file.").getter(),
    native!("__repr__(self, /)", repr(required), "Return repr(self)."),
];
