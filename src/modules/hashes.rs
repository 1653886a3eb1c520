//! `_hashes`: digests of bytes, as `stdlib/hashlib.asy` names them. The algorithms come from crates; here they get
//! one face: a state that takes bytes, and gives the digest of what it took so far.

use digest::{DynDigest, ExtendableOutput, Update, XofReader};

use super::{native_class, native_module};
use crate::builtins::byte_string::Data;
use crate::memory::Tracer;
use crate::native;
use crate::value::bytes::{self, ByteView};
use crate::value::instance::Payload;
use crate::value::{Class, Gc, Instance, Module, Mutable, Native, Raised, Result, Value, types};
use crate::vm::Vm;

#[derive(Clone)]
enum State {
    /// The digest has one length.
    Fixed(Box<dyn DynDigest>),
    /// The digest is as long as one wants.
    Shake128(shake::Shake128),
    Shake256(shake::Shake256),
    Blake2b(blake2b_simd::State),
    Blake2s(blake2s_simd::State),
}

impl State {
    /// A state that has taken nothing, and the size of the blocks it works on.
    fn new(name: &str) -> Option<(State, usize)> {
        fn fixed(state: impl DynDigest + 'static) -> State {
            State::Fixed(Box::new(state))
        }
        Some(match name {
            "md5" => (fixed(md5::Md5::default()), 64),
            "sha1" => (fixed(sha1::Sha1::default()), 64),
            "sha224" => (fixed(sha2::Sha224::default()), 64),
            "sha256" => (fixed(sha2::Sha256::default()), 64),
            "sha384" => (fixed(sha2::Sha384::default()), 128),
            "sha512" => (fixed(sha2::Sha512::default()), 128),
            "sha512_224" => (fixed(sha2::Sha512_224::default()), 128),
            "sha512_256" => (fixed(sha2::Sha512_256::default()), 128),
            "sha3_224" => (fixed(sha3::Sha3_224::default()), 144),
            "sha3_256" => (fixed(sha3::Sha3_256::default()), 136),
            "sha3_384" => (fixed(sha3::Sha3_384::default()), 104),
            "sha3_512" => (fixed(sha3::Sha3_512::default()), 72),
            "shake_128" => (State::Shake128(shake::Shake128::default()), 168),
            "shake_256" => (State::Shake256(shake::Shake256::default()), 136),
            "blake2b" => (State::Blake2b(blake2b_simd::State::new()), 128),
            "blake2s" => (State::Blake2s(blake2s_simd::State::new()), 64),
            _ => return None,
        })
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            State::Fixed(state) => state.update(data),
            State::Shake128(state) => state.update(data),
            State::Shake256(state) => state.update(data),
            State::Blake2b(state) => drop(state.update(data)),
            State::Blake2s(state) => drop(state.update(data)),
        }
    }

    /// The digest; `length` counts only where it is free.
    fn digest(&self, length: usize) -> Vec<u8> {
        fn read(mut reader: impl XofReader, length: usize) -> Vec<u8> {
            let mut digest = vec![0; length];
            reader.read(&mut digest);
            digest
        }
        match self {
            State::Fixed(state) => state.box_clone().finalize().into_vec(),
            State::Shake128(state) => read(state.clone().finalize_xof(), length),
            State::Shake256(state) => read(state.clone().finalize_xof(), length),
            State::Blake2b(state) => state.finalize().as_bytes().to_vec(),
            State::Blake2s(state) => state.finalize().as_bytes().to_vec(),
        }
    }

    fn is_free_length(&self) -> bool {
        matches!(self, State::Shake128(_) | State::Shake256(_))
    }
}

struct Hash {
    name: &'static str,
    state: Mutable<State>,
    block_size: usize,
}

impl Payload for Hash {
    fn trace(&self, _: &mut Tracer<'_>) {}
    fn clear(&self) {}
}

/// All algorithms, by their names.
const NAMES: [&str; 16] = [
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha512_224",
    "sha512_256",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
    "shake_128",
    "shake_256",
    "blake2b",
    "blake2s",
];

thread_local! {
    static HASH: Class = native_class("_hashlib.HASH", &types().object, METHODS);
    static FREE: Class = native_class("_hashlib.HASHXOF", &types().object, FREE_METHODS);
    static BLAKE2B: Class = native_class("_blake2.blake2b", &types().object, METHODS);
    static BLAKE2S: Class = native_class("_blake2.blake2s", &types().object, METHODS);
}

fn instance(name: &'static str, state: State, block_size: usize) -> Value {
    let class = match &state {
        State::Blake2b(_) => &BLAKE2B,
        State::Blake2s(_) => &BLAKE2S,
        State::Shake128(_) | State::Shake256(_) => &FREE,
        State::Fixed(_) => &HASH,
    };
    let hash = Hash { name, state: Mutable::new(state), block_size };
    class.with(|class| Value::Instance(Instance::with_payload(class.clone(), hash)))
}

fn hash(this: &Value) -> Result<&Hash> {
    this.payload::<Hash>().ok_or_else(|| Raised::type_error("this is not a hash"))
}

fn data(value: &Value) -> Result<ByteView<'_>> {
    ByteView::of(value).ok_or_else(|| {
        Raised::type_error(match value.as_str() {
            Some(_) => "Strings must be encoded before hashing",
            None => "object supporting the buffer API required",
        })
    })
}

/// None for an unknown name.
fn make(_: &mut Vm, name: &str, initial: &Value) -> Result<Value> {
    let Some(name) = NAMES.into_iter().find(|known| *known == name) else { return Ok(Value::None) };
    let Some((mut state, block_size)) = State::new(name) else { return Ok(Value::None) };
    state.update(&data(initial)?);
    Ok(instance(name, state, block_size))
}

/// The parameters of BLAKE2 have been checked by the caller: digest size, fanout, depth, leaf size, node offset, node
/// depth, inner size, last node.
fn blake2(_: &mut Vm, name: &str, initial: &Value, texts: &Value, numbers: &Value) -> Result<Value> {
    let (Value::Tuple(texts), Value::Tuple(numbers)) = (texts, numbers) else {
        return Err(Raised::type_error("parameters of BLAKE2 must be tuples"));
    };
    let texts = texts.items().iter().map(|text| Ok(data(text)?.to_vec())).collect::<Result<Vec<_>>>()?;
    let numbers: Vec<u64> =
        numbers.items().iter().map(|number| if let Value::Int(number) = number { *number as u64 } else { 0 }).collect();
    let ([key, salt, person], &[size, fanout, depth, leaf, offset, node_depth, inner, last]) =
        (texts.as_slice(), numbers.as_slice())
    else {
        return Err(Raised::type_error("parameters of BLAKE2 are missing"));
    };
    macro_rules! state {
        ($module:ident) => {{
            let mut parameters = $module::Params::new();
            parameters.hash_length(size as usize).key(key).salt(salt).personal(person);
            parameters.fanout(fanout as u8).max_depth(depth as u8).max_leaf_length(leaf as u32).node_offset(offset);
            parameters.node_depth(node_depth as u8).inner_hash_length(inner as usize).last_node(last != 0);
            parameters.to_state()
        }};
    }
    let (name, mut state, block_size) = match name {
        "blake2b" => ("blake2b", State::Blake2b(state!(blake2b_simd)), 128),
        _ => ("blake2s", State::Blake2s(state!(blake2s_simd)), 64),
    };
    state.update(&data(initial)?);
    Ok(instance(name, state, block_size))
}

fn update(_: &mut Vm, this: &Value, obj: &Value) -> Result<Value> {
    let data = data(obj)?;
    hash(this)?.state.borrow_mut().update(&data);
    Ok(Value::None)
}

fn length(length: i64) -> Result<usize> {
    usize::try_from(length)
        .ok()
        .filter(|length| *length < 1 << 29)
        .ok_or_else(|| Raised::value_error(if length < 0 { "value must be positive" } else { "length is too large" }))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(bytes::new(hash(this)?.state.borrow().digest(0)))
}

fn hexdigest(_: &mut Vm, this: &Value) -> Result<String> {
    Ok(hex(&hash(this)?.state.borrow().digest(0)))
}

fn digest_of_length(_: &mut Vm, this: &Value, wanted: i64) -> Result<Value> {
    Ok(bytes::new(hash(this)?.state.borrow().digest(length(wanted)?)))
}

fn hexdigest_of_length(_: &mut Vm, this: &Value, wanted: i64) -> Result<String> {
    Ok(hex(&hash(this)?.state.borrow().digest(length(wanted)?)))
}

fn copy(_: &mut Vm, this: &Value) -> Result<Value> {
    let hash = hash(this)?;
    Ok(instance(hash.name, hash.state.borrow().clone(), hash.block_size))
}

fn name(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::str(hash(this)?.name))
}

fn digest_size(_: &mut Vm, this: &Value) -> Result<Value> {
    let state = hash(this)?.state.borrow();
    Ok(Value::from(if state.is_free_length() { 0 } else { state.digest(0).len() }))
}

fn block_size(_: &mut Vm, this: &Value) -> Result<Value> {
    Ok(Value::from(hash(this)?.block_size))
}

fn repr(_: &mut Vm, this: &Value) -> Result<String> {
    Ok(format!("<{} {} object @ {:#x}>", hash(this)?.name, this.full_type_name(), this.address()))
}

/// HMAC as a state that has taken the key: the inner and the outer hash.
fn keyed(name: &str, key: &[u8]) -> Option<(State, State)> {
    let (empty, block_size) = State::new(name).filter(|(state, _)| !state.is_free_length())?;
    let mut block = if key.len() > block_size {
        let mut state = empty.clone();
        state.update(key);
        state.digest(0)
    } else {
        key.to_vec()
    };
    block.resize(block_size, 0);
    let (mut inner, mut outer) = (empty.clone(), empty);
    inner.update(&block.iter().map(|byte| byte ^ 0x36).collect::<Vec<_>>());
    outer.update(&block.iter().map(|byte| byte ^ 0x5c).collect::<Vec<_>>());
    Some((inner, outer))
}

fn authenticate((inner, outer): &(State, State), parts: &[&[u8]]) -> Vec<u8> {
    let (mut inner, mut outer) = (inner.clone(), outer.clone());
    parts.iter().for_each(|part| inner.update(part));
    outer.update(&inner.digest(0));
    outer.digest(0)
}

/// A key of a password (RFC 8018); None for an unknown name.
fn pbkdf2(vm: &mut Vm, name: &str, password: Data, salt: Data, iterations: i64, length: i64) -> Result<Value> {
    let Some(states) = keyed(name, &password.view()) else { return Ok(Value::None) };
    let (salt, length) = (salt.view().to_vec(), length as usize);
    let mut key = Vec::with_capacity(length);
    let mut number = 1u32;
    while key.len() < length {
        let mut turn = authenticate(&states, &[&salt, &number.to_be_bytes()]);
        let mut block = turn.clone();
        for count in 1..iterations {
            turn = authenticate(&states, &[&turn]);
            block.iter_mut().zip(&turn).for_each(|(block, turn)| *block ^= turn);
            if count % 4096 == 0 {
                vm.check_interrupts()?;
            }
        }
        key.extend(block);
        number += 1;
    }
    key.truncate(length);
    Ok(bytes::new(key))
}

const METHODS: &[Native] = &[
    native!("update(self, obj, /)", update(required, required), "Takes more bytes."),
    native!("digest(self)", digest(required), "The digest of all bytes taken so far."),
    native!("hexdigest(self)", hexdigest(required), "The same in hexadecimal digits."),
    native!("copy(self)", copy(required), "A second one that goes on by itself."),
    native!("name(self, /)", name(required), "The name of the algorithm.").getter(),
    native!("digest_size(self, /)", digest_size(required), "The length of the digest.").getter(),
    native!("block_size(self, /)", block_size(required), "How many bytes are worked on at once.").getter(),
    native!("__repr__(self, /)", repr(required), "The name of the algorithm."),
];

const FREE_METHODS: &[Native] = &[
    native!("update(self, obj, /)", update(required, required), "Takes more bytes."),
    native!("digest(self, length)", digest_of_length(required, required), "So many bytes of the digest."),
    native!("hexdigest(self, length)", hexdigest_of_length(required, required), "The same in hexadecimal digits."),
    native!("copy(self)", copy(required), "A second one that goes on by itself."),
    native!("name(self, /)", name(required), "The name of the algorithm.").getter(),
    native!("digest_size(self, /)", digest_size(required), "0: the length is free.").getter(),
    native!("block_size(self, /)", block_size(required), "How many bytes are worked on at once.").getter(),
    native!("__repr__(self, /)", repr(required), "The name of the algorithm."),
];

const FUNCTIONS: &[Native] = &[
    native!("make(name, data, /)", make(required, required), "A hash by the name of its algorithm."),
    native!("blake2(name, data, texts, numbers, /)", blake2(required, required, required, required), "BLAKE2."),
    native!(
        "pbkdf2(name, password, salt, iterations, length, /)",
        pbkdf2(required, required, required, required, required),
        "A key of a password."
    ),
];

pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    Ok(native_module("_hashes", FUNCTIONS))
}
