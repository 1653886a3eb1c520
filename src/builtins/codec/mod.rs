//! Codecs: text to bytes and back.
//!
//! Which encodings there are and what they are called; each kind has its own file. An encoding that is not
//! known here is asked of the library's `codecs` module, where scripts register theirs.

mod code_pages;
pub mod errors;
mod escapes;
mod single;
pub mod stream;
mod unicode;
mod utf7;

use code_pages::CodePage;
use errors::{Decoder, Encoder};

use crate::memory::surrogate;
use crate::value::{Raised, Result, Str, Value, bytes};
use crate::vm::Vm;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endian {
    Little,
    Big,
}

/// An encoding.
#[derive(Clone, Copy)]
enum Codec {
    Utf8,
    /// With a byte order mark that decoding drops.
    Utf8Signed,
    Utf7,
    Ascii,
    Latin1,
    /// Without an order: little, with a byte order mark.
    Utf16(Option<Endian>),
    Utf32(Option<Endian>),
    /// One byte for each of at most 256 characters.
    Page(&'static CodePage),
    /// The escapes of string literals.
    Escape,
    /// Latin-1, with escapes for what is beyond it.
    RawEscape,
}

/// A name in the spelling in which names are compared: small letters, `-` between words.
fn normal_name(name: &str) -> String {
    let letter = |letter: char| if matches!(letter, '_' | ' ') { '-' } else { letter.to_ascii_lowercase() };
    name.chars().map(letter).collect()
}

fn codec_of(name: &str) -> Option<Codec> {
    let normal = normal_name(name);
    Some(match normal.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "cp65001" | "utf8-ucs2" | "utf8-ucs4" => Codec::Utf8,
        "utf-8-sig" => Codec::Utf8Signed,
        "utf-7" | "utf7" | "u7" | "unicode-1-1-utf-7" => Codec::Utf7,
        "ascii" | "us-ascii" | "646" | "us" | "ansi-x3.4-1968" | "ansi-x3.4-1986" | "iso646-us" | "cp367" => {
            Codec::Ascii
        }
        "latin-1" | "latin1" | "latin" | "l1" | "iso-8859-1" | "iso8859-1" | "iso8859" | "8859" | "cp819" => {
            Codec::Latin1
        }
        "utf-16" | "utf16" | "u16" => Codec::Utf16(None),
        "utf-16-le" | "utf-16le" | "utf16le" | "unicodelittleunmarked" => Codec::Utf16(Some(Endian::Little)),
        "utf-16-be" | "utf-16be" | "utf16be" | "unicodebigunmarked" => Codec::Utf16(Some(Endian::Big)),
        "utf-32" | "utf32" | "u32" => Codec::Utf32(None),
        "utf-32-le" | "utf-32le" | "utf32le" => Codec::Utf32(Some(Endian::Little)),
        "utf-32-be" | "utf-32be" | "utf32be" => Codec::Utf32(Some(Endian::Big)),
        "unicode-escape" | "unicodeescape" => Codec::Escape,
        "raw-unicode-escape" | "rawunicodeescape" => Codec::RawEscape,
        normal => Codec::Page(code_pages::find(normal)?),
    })
}

/// The name by which `codecs.lookup` knows an encoding. LookupError when there is none.
pub fn canonical_name(name: &str) -> Result<&'static str> {
    let unknown = || Raised::lookup_error(format!("unknown encoding: {name}"));
    Ok(match codec_of(name).ok_or_else(unknown)? {
        Codec::Utf8 => "utf-8",
        Codec::Utf8Signed => "utf-8-sig",
        Codec::Utf7 => "utf-7",
        Codec::Ascii => "ascii",
        Codec::Latin1 => "iso8859-1",
        Codec::Utf16(None) => "utf-16",
        Codec::Utf16(Some(Endian::Little)) => "utf-16-le",
        Codec::Utf16(Some(Endian::Big)) => "utf-16-be",
        Codec::Utf32(None) => "utf-32",
        Codec::Utf32(Some(Endian::Little)) => "utf-32-le",
        Codec::Utf32(Some(Endian::Big)) => "utf-32-be",
        Codec::Page(page) => page.name,
        Codec::Escape => "unicode-escape",
        Codec::RawEscape => "raw-unicode-escape",
    })
}

/// Codecs of the library that are no encodings of text.
const NOT_TEXT: [&str; 7] = ["hex", "hex-codec", "rot13", "rot-13", "base64", "base-64", "base64-codec"];

/// Asks the library for an encoding that is not known here. Before it has been imported, nobody can have
/// registered one.
fn ask_library(vm: &mut Vm, verb: &str, object: Value, encoding: &str, errors: &str) -> Result<Value> {
    let loaded = vm.hooks.loaded_module;
    let library = loaded(&Str::intern("codecs"));
    // A file of the script's may have the same name.
    match library.and_then(|library| library.get(&format!("_{verb}_text"))) {
        Some(function) => vm.call(&function, &[object, Value::str(encoding), Value::str(errors)]),
        None if NOT_TEXT.contains(&&*normal_name(encoding)) => Err(Raised::lookup_error(format!(
            "'{encoding}' is not a text encoding; use codecs.{verb}() to handle arbitrary codecs"
        ))),
        None => Err(Raised::lookup_error(format!("unknown encoding: {encoding}"))),
    }
}

/// `text.encode(encoding, errors)`. Errors: LookupError, UnicodeEncodeError.
pub fn encode(vm: &mut Vm, text: &Str, encoding: &str, errors: &str) -> Result<Vec<u8>> {
    let Some(codec) = codec_of(encoding) else {
        let made = ask_library(vm, "encode", Value::Str(text.clone()), encoding, errors)?;
        return Ok(bytes::ByteView::of(&made).map_or_else(Vec::new, |data| data.unborrowed().to_vec()));
    };
    if text.is_ascii() && matches!(codec, Codec::Utf8 | Codec::Ascii | Codec::Latin1) {
        return Ok(text.as_bytes().to_vec());
    }
    if matches!(codec, Codec::Utf8) && !surrogate::occurs_in(text) {
        return Ok(text.as_bytes().to_vec());
    }
    let named = |encoding: &'static str| Encoder::new(encoding, errors, text);
    match codec {
        Codec::Utf8 => unicode::encode_utf8(vm, named("utf-8")),
        Codec::Utf8Signed => Ok([b"\xef\xbb\xbf", &*unicode::encode_utf8(vm, named("utf-8"))?].concat()),
        Codec::Utf7 => Ok(utf7::encode(text)),
        Codec::Ascii => single::encode_below(vm, named("ascii"), 0x80),
        Codec::Latin1 => single::encode_below(vm, named("latin-1"), 0x100),
        Codec::Utf16(endian) => unicode::encode_utf16(vm, named(canonical_name(encoding)?), endian),
        Codec::Utf32(endian) => unicode::encode_utf32(vm, named(canonical_name(encoding)?), endian),
        Codec::Page(page) => single::encode_page(vm, named("charmap"), page),
        Codec::Escape => Ok(escapes::encode(text)),
        Codec::RawEscape => Ok(escapes::encode_raw(text)),
    }
}

/// `data.decode(encoding, errors)`. Errors: LookupError, UnicodeDecodeError.
pub fn decode(vm: &mut Vm, data: &[u8], encoding: &str, errors: &str) -> Result<Str> {
    let Some(codec) = codec_of(encoding) else {
        let made = ask_library(vm, "decode", bytes::new(data), encoding, errors)?;
        return made.as_str().cloned().ok_or_else(|| Raised::type_error("decoder should return a string result"));
    };
    let data = match codec {
        Codec::Utf8Signed => data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data),
        _ => data,
    };
    if matches!(codec, Codec::Utf8 | Codec::Utf8Signed)
        && let Ok(text) = std::str::from_utf8(data)
    {
        return Ok(Str::new(text));
    }
    let encoding = match codec {
        Codec::Utf8 | Codec::Utf8Signed => "utf-8",
        Codec::Utf7 => "utf7",
        Codec::Page(_) => "charmap",
        Codec::Escape => "unicodeescape",
        Codec::RawEscape => "rawunicodeescape",
        _ => canonical_name(encoding)?,
    };
    let mut decoder = Decoder::new(encoding, errors, data);
    match codec {
        Codec::Utf8 | Codec::Utf8Signed => unicode::decode_utf8(vm, &mut decoder)?,
        Codec::Utf7 => utf7::decode(vm, &mut decoder)?,
        Codec::Ascii => single::decode_ascii(vm, &mut decoder)?,
        Codec::Latin1 => decoder.out.extend(data.iter().map(|byte| *byte as char)),
        Codec::Utf16(endian) => unicode::decode_utf16(vm, &mut decoder, endian)?,
        Codec::Utf32(endian) => unicode::decode_utf32(vm, &mut decoder, endian)?,
        Codec::Page(page) => single::decode_page(vm, &mut decoder, page)?,
        Codec::Escape => escapes::decode(vm, &mut decoder)?,
        Codec::RawEscape => escapes::decode_raw(vm, &mut decoder)?,
    }
    Ok(decoder.out.finish())
}
