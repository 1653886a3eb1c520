//! `_streams`: data that gets smaller and comes back, for `zlib`, `gzip` and `bz2`, which are written in the language.
//! The algorithms come from crates; here they get one face: a stream that takes bytes and gives bytes.

use bzip2::{Action, Decompress as Bunzip, Status as BzipStatus};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{native_class, native_module};
use crate::memory::Tracer;
use crate::native;
use crate::value::bytes::{self, ByteView};
use crate::value::instance::Payload;
use crate::value::{Class, Gc, Instance, Module, Mutable, Native, Raised, Result, Value, types};
use crate::vm::Vm;

enum State {
    Deflate(Compress),
    /// With the dictionary that a stream may ask for.
    Inflate(Decompress, Option<Vec<u8>>),
    Bzip(bzip2::Compress),
    Bunzip(Bunzip),
}

struct Stream {
    state: Mutable<State>,
}

impl Payload for Stream {
    fn trace(&self, _: &mut Tracer<'_>) {}
    fn clear(&self) {}
}

thread_local! {
    static STREAM: Class = native_class("_streams.Stream", &types().object, METHODS);
}

/// Bytes that are made in one go.
const CHUNK: usize = 1 << 14;

fn instance(state: State) -> Value {
    let stream = Stream { state: Mutable::new(state) };
    STREAM.with(|class| Value::Instance(Instance::with_payload(class.clone(), stream)))
}

fn data(value: &Value) -> Result<ByteView<'_>> {
    ByteView::of(value)
        .ok_or_else(|| Raised::type_error(format!("a bytes-like object is required, not '{}'", value.type_name())))
}

/// A failure, for the module in the language to make its own exception of.
fn failure(message: Option<&str>) -> Raised {
    Raised::value_error(message.unwrap_or("invalid data"))
}

/// The bits of the window, and whether there is a header and which.
fn window(bits: i64) -> Result<(u8, Header)> {
    let header = match bits {
        8..=15 => Header::Zlib,
        -15..=-8 => Header::None,
        24..=31 => Header::Gzip,
        _ => return Err(Raised::value_error("Invalid initialization option")),
    };
    // zlib makes 9 bits of 8.
    Ok((((bits.unsigned_abs() & 15) as u8).max(9), header))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Zlib,
    Gzip,
    None,
}

fn deflate(_: &mut Vm, level: i64, bits: i64, dictionary: &Value) -> Result<Value> {
    let level = match level {
        -1 => Compression::default(),
        0..=9 => Compression::new(level as u32),
        _ => return Err(Raised::value_error("Bad compression level")),
    };
    let (bits, header) = window(bits)?;
    let mut stream = match header {
        Header::Gzip => Compress::new_gzip(level, bits),
        header => Compress::new_with_window_bits(level, header == Header::Zlib, bits),
    };
    if !dictionary.is_none() {
        let dictionary = data(dictionary)?;
        stream.set_dictionary(&dictionary).map_err(|_| Raised::value_error("Invalid dictionary"))?;
    }
    Ok(instance(State::Deflate(stream)))
}

fn inflate(_: &mut Vm, bits: i64, dictionary: &Value) -> Result<Value> {
    let (bits, header) = window(bits)?;
    let mut stream = match header {
        Header::Gzip => Decompress::new_gzip(bits),
        header => Decompress::new_with_window_bits(header == Header::Zlib, bits),
    };
    let mut dictionary = if dictionary.is_none() { None } else { Some(data(dictionary)?.to_vec()) };
    if header == Header::None
        && let Some(dictionary) = dictionary.take()
    {
        stream.set_dictionary(&dictionary).map_err(|_| Raised::value_error("Invalid dictionary"))?;
    }
    Ok(instance(State::Inflate(stream, dictionary)))
}

fn bzip(_: &mut Vm, level: i64) -> Result<Value> {
    if !(1..=9).contains(&level) {
        return Err(Raised::value_error("compresslevel must be between 1 and 9"));
    }
    Ok(instance(State::Bzip(bzip2::Compress::new(bzip2::Compression::new(level as u32), 0))))
}

fn bunzip(_: &mut Vm) -> Value {
    instance(State::Bunzip(Bunzip::new(false)))
}

fn stream(this: &Value) -> Result<&Stream> {
    this.payload::<Stream>().ok_or_else(|| Raised::type_error("this is not a stream"))
}

/// Takes bytes and gives what is ready. `flush` is zlib's number: 0 for none, 2, 3, or 4 for the end.
fn compress(_: &mut Vm, this: &Value, input: &Value, flush: i64) -> Result<Value> {
    let input = data(input)?.to_vec();
    let mut input = &*input;
    let mut output = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut state = stream(this)?.state.borrow_mut();
    let is_end = flush == 4;
    loop {
        let (taken, given, is_done) = match &mut *state {
            State::Deflate(stream) => {
                let flush = match flush {
                    0 => FlushCompress::None,
                    2 => FlushCompress::Sync,
                    3 => FlushCompress::Full,
                    _ => FlushCompress::Finish,
                };
                let before = (stream.total_in(), stream.total_out());
                let status = stream.compress(input, &mut chunk, flush).map_err(|error| failure(error.message()))?;
                (stream.total_in() - before.0, stream.total_out() - before.1, status == Status::StreamEnd)
            }
            State::Bzip(stream) => {
                let action = if is_end { Action::Finish } else { Action::Run };
                let before = (stream.total_in(), stream.total_out());
                let status = stream.compress(input, &mut chunk, action);
                let status = status.map_err(|error| failure(Some(&error.to_string())))?;
                (stream.total_in() - before.0, stream.total_out() - before.1, status == BzipStatus::StreamEnd)
            }
            _ => return Err(Raised::type_error("this stream decompresses")),
        };
        input = &input[taken as usize..];
        output.extend_from_slice(&chunk[..given as usize]);
        let has_room = (given as usize) < chunk.len();
        if is_done || !is_end && input.is_empty() && has_room || taken == 0 && given == 0 {
            break;
        }
    }
    Ok(bytes::new(output))
}

/// Takes bytes: gives at most so many (any number below 0), how many it took, and whether the stream has ended.
fn decompress(_: &mut Vm, this: &Value, input: &Value, most: i64) -> Result<Value> {
    let input = data(input)?.to_vec();
    let mut rest = &*input;
    let mut output = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut state = stream(this)?.state.borrow_mut();
    let mut is_ended = false;
    loop {
        let room = usize::try_from(most).map_or(CHUNK, |most| (most - output.len()).min(CHUNK));
        if room == 0 {
            break;
        }
        let (taken, given) = match &mut *state {
            State::Inflate(stream, dictionary) => {
                let before = (stream.total_in(), stream.total_out());
                let outcome = stream.decompress(rest, &mut chunk[..room], FlushDecompress::Sync);
                match outcome {
                    Ok(status) => is_ended = status == Status::StreamEnd,
                    Err(error) if error.needs_dictionary().is_some() => {
                        let Some(dictionary) = dictionary.take() else { return Err(failure(Some("need dictionary"))) };
                        let outcome = stream.set_dictionary(&dictionary);
                        outcome.map_err(|_| failure(Some("setting zdict: inconsistent")))?;
                        rest = &rest[(stream.total_in() - before.0) as usize..];
                        continue;
                    }
                    Err(error) => return Err(failure(error.message())),
                }
                (stream.total_in() - before.0, stream.total_out() - before.1)
            }
            State::Bunzip(stream) => {
                let before = (stream.total_in(), stream.total_out());
                let status = stream.decompress(rest, &mut chunk[..room]);
                let status = status.map_err(|error| failure(Some(&error.to_string())))?;
                is_ended = status == BzipStatus::StreamEnd;
                (stream.total_in() - before.0, stream.total_out() - before.1)
            }
            _ => return Err(Raised::type_error("this stream compresses")),
        };
        rest = &rest[taken as usize..];
        output.extend_from_slice(&chunk[..given as usize]);
        let has_room = (given as usize) < room;
        if is_ended || rest.is_empty() && has_room || taken == 0 && given == 0 {
            break;
        }
    }
    let taken = input.len() - rest.len();
    Ok(Value::tuple(vec![bytes::new(output), Value::from(taken), Value::Bool(is_ended)]))
}

fn crc32(_: &mut Vm, input: &Value, start: i64) -> Result<i64> {
    let input = data(input)?;
    let mut sum = !(start as u32);
    for byte in input.iter() {
        sum = CRC_TABLE[usize::from(sum as u8 ^ byte)] ^ (sum >> 8);
    }
    Ok(i64::from(!sum))
}

/// What one byte does to a checksum.
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

fn adler32(_: &mut Vm, input: &Value, start: i64) -> Result<i64> {
    const MODULUS: u32 = 65521;
    let (mut low, mut high) = (start as u32 & 0xFFFF, start as u32 >> 16);
    // So many bytes fit before the sums must be reduced.
    for part in data(input)?.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    Ok(i64::from(high << 16 | low))
}

static METHODS: &[Native] = &[
    native!("compress(self, data, flush, /)", compress(required, required, required), "Takes bytes and gives bytes."),
    native!(
        "decompress(self, data, most, /)",
        decompress(required, required, required),
        "What comes of bytes, how many were taken, and whether the stream has ended."
    ),
];

static FUNCTIONS: &[Native] = &[
    native!(
        "deflate(level, bits, dictionary, /)",
        deflate(required, required, required),
        "A stream that compresses as zlib does."
    ),
    native!("inflate(bits, dictionary, /)", inflate(required, required), "A stream that undoes `deflate`."),
    native!("bzip(level, /)", bzip(required), "A stream that compresses as bzip2 does."),
    native!("bunzip()", bunzip, "A stream that undoes `bzip`."),
    native!("crc32(data, value, /)", crc32(required, required), "A checksum, continued from a value."),
    native!("adler32(data, value, /)", adler32(required, required), "A quicker checksum, continued from a value."),
];

/// The module `_streams`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_streams", FUNCTIONS))
}
