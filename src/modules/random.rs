//! The module `random`: the class Random, and its methods bound to one hidden instance.
//!
//! A seed gives the numbers it gives in CPython, in every method. A class of the script derived from
//! Random may bring its own `random` or `getrandbits`; then all the others draw from that. Distributions
//! are in `random_distribution`, the generator is in `mersenne_twister`.

use std::cell::Cell;
use std::collections::HashSet;

use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, ToPrimitive};
use sha2::{Digest, Sha512};

use super::mersenne_twister::MersenneTwister;
use super::{entropy, random_distribution as distribution};
use crate::builtins::add_rows;
use crate::builtins::int::bytes_of;
use crate::bytecode::Operator;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{
    BoundMethod, Bytes, Class, Dict, Gc, Instance, Module, Mutable, Native, Raised, Result, Str, Value, hash, integer,
    types,
};
use crate::vm::{Vm, add_dictionary};

/// The state of a Random.
struct State {
    twister: Mutable<MersenneTwister>,
    /// The second number of the pair that `gauss` makes.
    next_gauss: Cell<Option<f64>>,
}

impl Payload for State {}

/// `self` of every method: an instance of Random or of a class derived from it.
struct Random<'a> {
    this: &'a Value,
    state: &'a State,
    source: Source,
}

/// Where numbers come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Twister,
    System,
    /// The methods `random` and `getrandbits` of a class of the script.
    Script,
    /// Its method `random` alone, because that is the one that the most derived class has.
    ScriptUnit,
}

impl<'a> FromArgument<'a> for Random<'a> {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        let (Some(state), Value::Instance(instance)) = (value.payload::<State>(), value) else {
            return Err(Mismatch::Expected("Random"));
        };
        Ok(Random { this: value, state, source: source_of(instance) })
    }
}

thread_local! {
    /// The names of the two methods, and the version of the class Random as it was made.
    static GENERATORS: (Str, Str) = (Str::intern("random"), Str::intern("getrandbits"));
    static VERSION: Cell<u32> = const { Cell::new(0) };
}

fn source_of(instance: &Instance) -> Source {
    let (types, class) = (types(), instance.class_ref());
    let is_untouched = types.random.version() == VERSION.with(Cell::get);
    if is_untouched && class.same(&types.random) && !instance.has_attributes() {
        return Source::Twister;
    }
    GENERATORS.with(|(unit, bits)| {
        let is_native =
            |name: &Str| matches!(class.lookup(name), Some(Value::Native(_))) && instance.get(name).is_none();
        if is_native(unit) && is_native(bits) {
            return if class.is_subclass(&types.system_random) { Source::System } else { Source::Twister };
        }
        for class in std::iter::once(class.clone()).chain(class.ancestors()) {
            if class.namespace.get_str(bits).is_some() {
                break;
            }
            if class.namespace.get_str(unit).is_some() {
                return Source::ScriptUnit;
            }
        }
        Source::Script
    })
}

impl Random<'_> {
    /// A float from 0 up to 1, without 1.
    #[inline]
    fn unit(&self, vm: &mut Vm) -> Result<f64> {
        match self.source {
            Source::Twister => Ok(self.state.twister.borrow_mut().unit()),
            Source::System => system_unit(),
            Source::Script | Source::ScriptUnit => {
                let number = vm.call_method(self.this, &Str::intern("random"), &[])?;
                vm.float(&number)
            }
        }
    }

    /// So many random bits, at most 64.
    #[inline]
    fn bits(&self, vm: &mut Vm, count: u32) -> Result<u64> {
        if self.source == Source::Twister {
            return Ok(self.state.twister.borrow_mut().bits(count));
        }
        Ok(self.big_bits(vm, count as u64)?.to_u64().unwrap_or(0))
    }

    fn big_bits(&self, vm: &mut Vm, count: u64) -> Result<BigUint> {
        match self.source {
            Source::Twister => Ok(BigUint::new(self.state.twister.borrow_mut().digits(count))),
            Source::System => {
                let mut bytes = vec![0; count.div_ceil(8) as usize];
                entropy::fill(&mut bytes)?;
                Ok(BigUint::from_bytes_be(&bytes) >> (bytes.len() as u64 * 8 - count))
            }
            Source::Script | Source::ScriptUnit => {
                let bits = vm.call_method(self.this, &Str::intern("getrandbits"), &[integer::from_u64(count)])?;
                let bits = vm.index_value(&bits)?;
                Ok(integer::to_big(&bits).and_then(|bits| bits.to_biguint()).unwrap_or_default())
            }
        }
    }

    /// A whole number from 0 up to the limit, without it. The limit is not 0.
    #[inline]
    fn below(&self, vm: &mut Vm, limit: u64) -> Result<u64> {
        if self.source == Source::ScriptUnit {
            return self.below_by_unit(vm, limit);
        }
        let count = 64 - limit.leading_zeros();
        loop {
            let number = self.bits(vm, count)?;
            if number < limit {
                return Ok(number);
            }
        }
    }

    fn below_big(&self, vm: &mut Vm, limit: &BigUint) -> Result<BigUint> {
        if let Some(limit) = limit.to_u64() {
            return self.below(vm, limit).map(BigUint::from);
        }
        loop {
            let number = self.big_bits(vm, limit.bits())?;
            if number < *limit {
                return Ok(number);
            }
        }
    }

    fn below_by_unit(&self, vm: &mut Vm, limit: u64) -> Result<u64> {
        const WHOLE: u64 = 1 << 53;
        if limit >= WHOLE {
            return Ok((self.unit(vm)? * limit as f64) as u64);
        }
        let bound = (WHOLE - WHOLE % limit) as f64 / WHOLE as f64;
        loop {
            let number = self.unit(vm)?;
            if number < bound {
                return Ok((number * WHOLE as f64) as u64 % limit);
            }
        }
    }
}

fn system_unit() -> Result<f64> {
    let mut bytes = [0; 8];
    entropy::fill(&mut bytes)?;
    Ok((u64::from_be_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64)
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Result<Value> {
    if !class.is_subclass(&types().random) {
        let message = format!("Random.__new__({0}): {0} is not a subtype of Random", class.name());
        return Err(Raised::type_error(message));
    }
    Ok(make(class))
}

/// An instance seeded by the system.
fn make(class: &Class) -> Value {
    let twister = Mutable::new(MersenneTwister::seeded(&entropy::seed()));
    Value::Instance(Instance::with_payload(class.clone(), State { twister, next_gauss: Cell::new(None) }))
}

fn init(vm: &mut Vm, this: Random<'_>, seed: Option<&Value>) -> Result<()> {
    let seed = seed.unwrap_or(&Value::None);
    if this.source != Source::System {
        vm.call_method(this.this, &Str::intern("seed"), std::slice::from_ref(seed))?;
    }
    Ok(())
}

fn seed(_: &mut Vm, this: Random<'_>, seed: Option<&Value>, version: Option<&Value>) -> Result<()> {
    if this.source == Source::System {
        return Ok(());
    }
    let version = match version {
        Some(Value::Int(version)) => *version,
        _ => 2,
    };
    let key = match seed.unwrap_or(&Value::None) {
        Value::None => entropy::seed(),
        seed => key_of(seed, version)?,
    };
    this.state.twister.borrow_mut().seed(&key);
    this.state.next_gauss.set(None);
    Ok(())
}

/// The 32-bit digits that a seed stands for.
fn key_of(seed: &Value, version: i64) -> Result<Vec<u32>> {
    if let Some(number) = integer::as_big(seed) {
        return Ok(number.magnitude().to_u32_digits());
    }
    if let Value::Float(number) = seed.native() {
        let hash = hash::hash_float(*number) as u64;
        return Ok(BigUint::from(hash).to_u32_digits());
    }
    let bytes = match seed.as_str() {
        Some(text) if version == 1 => return Ok(first_version_key(text.chars().map(u64::from))),
        Some(text) => text.as_bytes().to_vec(),
        None => match bytes_of(seed) {
            Some(bytes) if version == 1 => return Ok(first_version_key(bytes.into_iter().map(u64::from))),
            Some(bytes) => bytes,
            None => {
                return Err(Raised::type_error(
                    "The only supported seed types are:\nNone, int, float, str, bytes, and bytearray.",
                ));
            }
        },
    };
    let digest = Sha512::digest(&bytes);
    Ok(BigUint::from_bytes_be(&[&bytes[..], &digest[..]].concat()).to_u32_digits())
}

/// What text meant as a seed before version 2: its hash in Python 2.
fn first_version_key(codes: impl Iterator<Item = u64>) -> Vec<u32> {
    let codes: Vec<u64> = codes.collect();
    let mut hash = codes.first().map_or(0, |first| first.wrapping_mul(128));
    for code in &codes {
        hash = hash.wrapping_mul(1000003) ^ code;
    }
    hash ^= codes.len() as u64;
    let hash = if hash == u64::MAX { BigUint::from(2u8) } else { BigUint::from(hash) };
    hash.to_u32_digits()
}

fn get_state(_: &mut Vm, this: Random<'_>) -> Result<Value> {
    if this.source == Source::System {
        return Err(no_state());
    }
    let numbers = this.state.twister.borrow().numbers().map(|number| Value::Int(number as i64)).collect();
    let next_gauss = Value::from(this.state.next_gauss.get());
    Ok(Value::tuple(vec![Value::Int(3), Value::tuple(numbers), next_gauss]))
}

/// The class, and the state it goes on from.
fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    let state = vm.call_method(this, &Str::intern("getstate"), &[])?;
    Ok(Value::tuple(vec![Value::Class(this.class()), Value::tuple(Vec::new()), state]))
}

fn state_for_copies(vm: &mut Vm, this: &Value) -> Result<Value> {
    vm.call_method(this, &Str::intern("getstate"), &[])
}

fn set_state_of_copy(vm: &mut Vm, this: &Value, state: Value) -> Result<()> {
    vm.call_method(this, &Str::intern("setstate"), &[state]).map(drop)
}

fn no_state() -> Raised {
    Raised::not_implemented_error("System entropy source does not have state.")
}

fn set_state(vm: &mut Vm, this: Random<'_>, state: &Value) -> Result<()> {
    if this.source == Source::System {
        return Err(no_state());
    }
    let version = vm.get_item(state, &Value::Int(0))?;
    // In version 2 the numbers had a sign.
    let has_signs = vm.equal(&version, &Value::Int(2))?;
    if !has_signs && !vm.equal(&version, &Value::Int(3))? {
        let shown = vm.str(&version)?;
        return Err(Raised::value_error(format!(
            "state with version {shown} passed to Random.setstate() of version 3"
        )));
    }
    let parts = vm.collect(state)?;
    let [_, numbers, next_gauss] = &parts[..] else {
        let problem = if parts.len() > 3 {
            "too many values to unpack (expected 3)".to_string()
        } else {
            format!("not enough values to unpack (expected 3, got {})", parts.len())
        };
        return Err(Raised::value_error(problem));
    };
    let unsigned;
    let numbers = if has_signs {
        let mut all = Vec::new();
        let collected = vm.for_each(numbers, |vm, number| {
            all.push(vm.binary(Operator::Modulo, &number, &Value::Int(1 << 32))?);
            Ok(())
        });
        if let Err(raised) = collected {
            let is_value_error = raised.is_a(&types().value_error);
            return Err(if is_value_error { Raised::type_error("state vector must be a tuple") } else { raised });
        }
        unsigned = Value::tuple(all);
        &unsigned
    } else {
        numbers
    };
    let Value::Tuple(numbers) = numbers.native() else {
        return Err(Raised::type_error("state vector must be a tuple"));
    };
    if numbers.len() != 625 {
        return Err(Raised::value_error("state vector is the wrong size"));
    }
    let mut state = Vec::with_capacity(numbers.len());
    for number in numbers.items() {
        let number = vm.index(number)?;
        state.push(u32::try_from(number).map_err(|_| Raised::value_error("invalid state"))?);
    }
    let twister = MersenneTwister::from_numbers(&state).ok_or_else(|| Raised::value_error("invalid state"))?;
    let next_gauss = if next_gauss.is_none() { None } else { Some(vm.float(next_gauss)?) };
    this.state.twister.set(twister);
    this.state.next_gauss.set(next_gauss);
    Ok(())
}

fn random(_: &mut Vm, this: Random<'_>) -> Result<f64> {
    // Called on the class itself: the script's own `random` is not meant.
    match this.source {
        Source::System => system_unit(),
        _ => Ok(this.state.twister.borrow_mut().unit()),
    }
}

/// The generator itself, when a class of the script calls a method it has overridden.
fn plain<'a>(this: Random<'a>) -> Random<'a> {
    match this.source {
        Source::System => this,
        _ => Random { source: Source::Twister, ..this },
    }
}

fn getrandbits(vm: &mut Vm, this: Random<'_>, count: i64) -> Result<Value> {
    let count = u64::try_from(count).map_err(|_| Raised::value_error("number of bits must be non-negative"))?;
    let this = plain(this);
    match count {
        0..=64 => this.bits(vm, count as u32).map(integer::from_u64),
        0x8000_0000.. => Err(Raised::overflow_error("Python int too large to convert to C int")),
        _ => this.big_bits(vm, count).map(|bits| integer::normalize(bits.into())),
    }
}

fn randbytes(vm: &mut Vm, this: Random<'_>, count: i64) -> Result<Gc<Bytes>> {
    let count = usize::try_from(count).map_err(|_| Raised::value_error("number of bits must be non-negative"))?;
    if count >= 1 << 28 {
        return Err(Raised::overflow_error("Python int too large to convert to C int"));
    }
    if this.source == Source::System {
        let mut bytes = vec![0; count];
        entropy::fill(&mut bytes)?;
        return Ok(Gc::new(Bytes::new(bytes)));
    }
    let mut bytes = this.big_bits(vm, count as u64 * 8)?.to_bytes_le();
    bytes.resize(count, 0);
    Ok(Gc::new(Bytes::new(bytes)))
}

fn randrange(
    vm: &mut Vm,
    this: Random<'_>,
    start: &Value,
    stop: Option<&Value>,
    step: Option<&Value>,
) -> Result<Value> {
    let first = vm.index_value(start)?;
    let Some(stop) = stop.filter(|stop| !stop.is_none()) else {
        if step.is_some() {
            return Err(Raised::type_error("Missing a non-None stop argument"));
        }
        return match &first {
            Value::Int(limit) if *limit > 0 => this.below(vm, *limit as u64).map(integer::from_u64),
            Value::BigInt(limit) if limit.0.is_positive() => {
                this.below_big(vm, limit.0.magnitude()).map(|number| integer::normalize(number.into()))
            }
            _ => Err(Raised::value_error("empty range for randrange()")),
        };
    };
    let last = vm.index_value(stop)?;
    let stride = step.map_or(Ok(Value::Int(1)), |step| vm.index_value(step))?;
    if let (Value::Int(start), Value::Int(stop), Value::Int(1)) = (&first, &last, &stride)
        && let Some(width) = stop.checked_sub(*start)
        && width > 0
    {
        let offset = this.below(vm, width as u64)?;
        return Ok(integer::from_i128(*start as i128 + offset as i128));
    }
    any_range(vm, &this, &first, &last, &stride)
}

fn any_range(vm: &mut Vm, this: &Random<'_>, start: &Value, stop: &Value, step: &Value) -> Result<Value> {
    let [first, last, stride] = [start, stop, step].map(|value| integer::to_big(value).unwrap_or_default());
    let width = last - &first;
    let one = BigInt::from(1);
    let (count, is_plain) = match stride.sign() {
        num_bigint::Sign::NoSign => return Err(Raised::value_error("zero step for randrange()")),
        num_bigint::Sign::Plus => ((width + &stride - &one) / &stride, stride == one),
        num_bigint::Sign::Minus => ((width + &stride + &one) / &stride, false),
    };
    if !count.is_positive() {
        let mut shown = format!("{}, {}", vm.str(start)?, vm.str(stop)?);
        if !is_plain {
            shown.push_str(&format!(", {}", vm.str(step)?));
        }
        return Err(Raised::value_error(format!("empty range in randrange({shown})")));
    }
    let offset = this.below_big(vm, count.magnitude())?;
    Ok(integer::normalize(first + stride * BigInt::from(offset)))
}

fn randint(vm: &mut Vm, this: Random<'_>, low: &Value, high: &Value) -> Result<Value> {
    let (low, high) = (vm.index_value(low)?, vm.index_value(high)?);
    let stop = match &high {
        Value::Int(high) => integer::from_i128(*high as i128 + 1),
        high => vm.binary(Operator::Add, high, &Value::Int(1))?,
    };
    randrange(vm, this, &low, Some(&stop), None)
}

fn choice(vm: &mut Vm, this: Random<'_>, sequence: &Value) -> Result<Value> {
    let length = vm.length(sequence)?;
    if length == 0 {
        return Err(Raised::index_error("Cannot choose from an empty sequence"));
    }
    let index = this.below(vm, length as u64)?;
    vm.get_item(sequence, &integer::from_u64(index))
}

/// The sums of the weights up to each, as floats.
fn running_sums(vm: &mut Vm, weights: &Value) -> Result<Vec<f64>> {
    let mut total = 0.0;
    let mut sums = Vec::new();
    vm.for_each(weights, |vm, weight| {
        total += vm.float(&weight)?;
        sums.push(total);
        Ok(())
    })?;
    Ok(sums)
}

fn choices(
    vm: &mut Vm,
    this: Random<'_>,
    population: &Value,
    weights: Option<&Value>,
    cumulative: Option<&Value>,
    count: Option<i64>,
) -> Result<Value> {
    let count = count.unwrap_or(1);
    let given = |value: Option<&Value>| value.is_some_and(|value| !value.is_none());
    let length = vm.length(population)?;
    let sums = match (weights, cumulative) {
        (Some(_), Some(_)) if given(weights) && given(cumulative) => {
            return Err(Raised::type_error("Cannot specify both weights and cumulative weights"));
        }
        (_, Some(sums)) if given(cumulative) => {
            let sums = vm.collect(sums)?;
            Some(sums.iter().map(|sum| vm.float(sum)).collect::<Result<Vec<f64>>>()?)
        }
        (Some(weights), _) if given(Some(weights)) => {
            if integer::as_big(weights).is_some() {
                let shown = vm.repr(weights)?;
                return Err(Raised::type_error(format!("The number of choices must be a keyword argument: k={shown}")));
            }
            Some(running_sums(vm, weights)?)
        }
        _ => None,
    };
    let Some(sums) = sums else {
        let scale = length as f64;
        return draw(vm, count, |vm| {
            let index = (this.unit(vm)? * scale) as i64;
            vm.get_item(population, &Value::Int(index))
        });
    };
    if sums.len() != length {
        return Err(Raised::value_error("The number of weights does not match the population"));
    }
    let total = sums.last().copied().ok_or_else(|| Raised::index_error("list index out of range"))?;
    if total <= 0.0 {
        return Err(Raised::value_error("Total of weights must be greater than zero"));
    }
    if !total.is_finite() {
        return Err(Raised::value_error("Total of weights must be finite"));
    }
    draw(vm, count, |vm| {
        let point = this.unit(vm)? * total;
        let index = sums[..length - 1].partition_point(|sum| point >= *sum);
        vm.get_item(population, &Value::from(index))
    })
}

/// A list of so many items.
fn draw(vm: &mut Vm, count: i64, mut next: impl FnMut(&mut Vm) -> Result<Value>) -> Result<Value> {
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(next(vm)?);
    }
    Ok(Value::list(items))
}

fn shuffle(vm: &mut Vm, this: Random<'_>, sequence: &Value) -> Result<()> {
    for index in (1..vm.length(sequence)?).rev() {
        let other = this.below(vm, index as u64 + 1)? as usize;
        if let Value::List(list) = sequence {
            let mut items = list.items.borrow_mut();
            if index < items.len() {
                items.swap(index, other);
                continue;
            }
            return Err(Raised::index_error("list index out of range"));
        }
        let (index, other) = (Value::from(index), Value::from(other));
        let (first, second) = (vm.get_item(sequence, &other)?, vm.get_item(sequence, &index)?);
        vm.set_item(sequence, &index, first)?;
        vm.set_item(sequence, &other, second)?;
    }
    Ok(())
}

/// Whether items can be drawn by index.
fn is_sequence(value: &Value) -> bool {
    match value.native() {
        Value::List(_) | Value::Tuple(_) | Value::Str(_) | Value::Bytes(_) | Value::Range(_) => true,
        Value::Instance(instance) => {
            let class = instance.class();
            class.lookup(&Str::intern("__getitem__")).is_some()
                && class.lookup(&Str::intern("__len__")).is_some()
                && class.lookup(&Str::intern("keys")).is_none()
        }
        _ => false,
    }
}

fn sample(vm: &mut Vm, this: Random<'_>, population: &Value, count: &Value, counts: Option<&Value>) -> Result<Value> {
    if !is_sequence(population) {
        return Err(Raised::type_error("Population must be a sequence.  For dicts or sets, use sorted(d)."));
    }
    let length = vm.length(population)?;
    let Some(counts) = counts.filter(|counts| !counts.is_none()) else {
        let chosen = sample_indices(vm, &this, length as u64, count)?;
        let items = chosen.into_iter().map(|index| vm.get_item(population, &integer::from_u64(index)));
        return Ok(Value::list(items.collect::<Result<_>>()?));
    };
    let mut sums: Vec<i64> = Vec::new();
    for item in vm.collect(counts)? {
        if integer::as_big(&item).is_none() {
            return Err(Raised::type_error("Counts must be integers"));
        }
        let sum = sums.last().copied().unwrap_or(0).checked_add(vm.index(&item)?);
        sums.push(sum.ok_or_else(|| Raised::overflow_error("total of counts does not fit 64 bits"))?);
    }
    if sums.len() != length {
        return Err(Raised::value_error("The number of counts does not match the population"));
    }
    let total = sums.pop().ok_or_else(|| Raised::index_error("pop from empty list"))?;
    if total <= 0 {
        return Err(Raised::value_error("Total of counts must be greater than zero"));
    }
    let chosen = sample_indices(vm, &this, total as u64, count)?;
    let items = chosen.into_iter().map(|chosen| {
        let index = sums.partition_point(|sum| chosen as i64 >= *sum);
        vm.get_item(population, &Value::from(index))
    });
    Ok(Value::list(items.collect::<Result<_>>()?))
}

/// Different numbers below `length`.
fn sample_indices(vm: &mut Vm, this: &Random<'_>, length: u64, count: &Value) -> Result<Vec<u64>> {
    let wrong = || Raised::value_error("Sample larger than population or is negative");
    let count = vm.index_clamped(count)?;
    let count = u64::try_from(count).ok().filter(|count| *count <= length).ok_or_else(wrong)?;
    // A pool of all numbers, unless a set of the chosen ones takes less memory.
    let mut set_size = 21.0;
    if count > 5 {
        set_size += 4f64.powf(((count as f64 * 3.0).ln() / 4f64.ln()).ceil());
    }
    let mut chosen = Vec::with_capacity(count as usize);
    if length as f64 <= set_size {
        let mut pool: Vec<u64> = (0..length).collect();
        for drawn in 0..count {
            let last = length - drawn - 1;
            let index = this.below(vm, last + 1)? as usize;
            chosen.push(pool[index]);
            pool[index] = pool[last as usize];
        }
    } else {
        let mut seen = HashSet::new();
        while (chosen.len() as u64) < count {
            let index = this.below(vm, length)?;
            if seen.insert(index) {
                chosen.push(index);
            }
        }
    }
    Ok(chosen)
}

fn uniform(vm: &mut Vm, this: Random<'_>, low: f64, high: f64) -> Result<f64> {
    Ok(low + (high - low) * this.unit(vm)?)
}

fn triangular(vm: &mut Vm, this: Random<'_>, low: Option<f64>, high: Option<f64>, mode: Option<f64>) -> Result<f64> {
    distribution::triangular(|| this.unit(vm), low.unwrap_or(0.0), high.unwrap_or(1.0), mode)
}

fn normalvariate(vm: &mut Vm, this: Random<'_>, mu: Option<f64>, sigma: Option<f64>) -> Result<f64> {
    distribution::normal(|| this.unit(vm), mu.unwrap_or(0.0), sigma.unwrap_or(1.0))
}

fn gauss(vm: &mut Vm, this: Random<'_>, mu: Option<f64>, sigma: Option<f64>) -> Result<f64> {
    let number = match this.state.next_gauss.take() {
        Some(number) => number,
        None => {
            let (number, next) = distribution::normal_pair(|| this.unit(vm))?;
            this.state.next_gauss.set(Some(next));
            number
        }
    };
    Ok(mu.unwrap_or(0.0) + number * sigma.unwrap_or(1.0))
}

fn lognormvariate(vm: &mut Vm, this: Random<'_>, mu: f64, sigma: f64) -> Result<f64> {
    let result = distribution::normal(|| this.unit(vm), mu, sigma)?.exp();
    if result.is_infinite() { Err(Raised::overflow_error("math range error")) } else { Ok(result) }
}

fn expovariate(vm: &mut Vm, this: Random<'_>, rate: Option<f64>) -> Result<f64> {
    distribution::exponential(|| this.unit(vm), rate.unwrap_or(1.0))
}

fn vonmisesvariate(vm: &mut Vm, this: Random<'_>, mu: f64, kappa: f64) -> Result<f64> {
    distribution::von_mises(|| this.unit(vm), mu, kappa)
}

fn gammavariate(vm: &mut Vm, this: Random<'_>, alpha: f64, beta: f64) -> Result<f64> {
    distribution::gamma(|| this.unit(vm), alpha, beta)
}

fn betavariate(vm: &mut Vm, this: Random<'_>, alpha: f64, beta: f64) -> Result<f64> {
    distribution::beta(|| this.unit(vm), alpha, beta)
}

fn paretovariate(vm: &mut Vm, this: Random<'_>, alpha: f64) -> Result<f64> {
    distribution::pareto(|| this.unit(vm), alpha)
}

fn weibullvariate(vm: &mut Vm, this: Random<'_>, alpha: f64, beta: f64) -> Result<f64> {
    distribution::weibull(|| this.unit(vm), alpha, beta)
}

fn binomialvariate(vm: &mut Vm, this: Random<'_>, count: Option<i64>, p: Option<f64>) -> Result<i64> {
    distribution::binomial(&mut || this.unit(vm), count.unwrap_or(1), p.unwrap_or(0.5))
}

const METHODS: &[Native] = &[
    native!("__new__(cls, *args, **kwargs)", new(required, rest, keywords), "A generator.").static_method(),
    native!("__init__(self, x=None)", init(required, optional), "Seeds the generator."),
    native!("seed(self, a=None, version=2)", seed(required, optional, optional), "Starts again from a seed."),
    native!("getstate(self)", get_state(required), "What setstate() takes to go on from here."),
    native!("setstate(self, state)", set_state(required, required), "Goes on from where getstate() was called."),
    native!("__reduce__(self)", reduce(required), "The class, and the state it goes on from."),
    native!("__getstate__(self)", state_for_copies(required), "What getstate() gives."),
    native!("__setstate__(self, state)", set_state_of_copy(required, required), "Goes on from a state."),
    native!("random(self, /)", random(required), "A float from 0 up to 1, without 1."),
    native!("getrandbits(self, k, /)", getrandbits(required, required), "An int of k random bits."),
    native!("randbytes(self, n)", randbytes(required, required), "So many random bytes."),
    native!(
        "randrange(self, start, stop=None, step=1)",
        randrange(required, required, optional, optional),
        "One of range(start, stop, step)."
    ),
    native!("randint(self, a, b)", randint(required, required, required), "An int from a to b, both included."),
    native!("choice(self, seq)", choice(required, required), "One item of a sequence."),
    native!(
        "choices(self, population, weights=None, *, cum_weights=None, k=1)",
        choices(required, required, optional, named, named),
        "So many items of a sequence, each from all of them, more often those of more weight."
    ),
    native!("shuffle(self, x)", shuffle(required, required), "Puts the items of a list in a random order."),
    native!(
        "sample(self, population, k, *, counts=None)",
        sample(required, required, required, named),
        "So many different items of a sequence, in a random order."
    ),
    native!("uniform(self, a, b)", uniform(required, required, required), "A float between a and b."),
    native!(
        "triangular(self, low=0.0, high=1.0, mode=None)",
        triangular(required, optional, optional, optional),
        "A float between low and high, most often near mode."
    ),
    native!("normalvariate(self, mu=0.0, sigma=1.0)", normalvariate(required, optional, optional), "Normal."),
    native!("gauss(self, mu=0.0, sigma=1.0)", gauss(required, optional, optional), "Normal, made in pairs."),
    native!(
        "lognormvariate(self, mu, sigma)",
        lognormvariate(required, required, required),
        "A number whose logarithm is normal."
    ),
    native!("expovariate(self, lambd=1.0)", expovariate(required, optional), "Exponential, with mean 1 / lambd."),
    native!("vonmisesvariate(self, mu, kappa)", vonmisesvariate(required, required, required), "An angle near mu."),
    native!("gammavariate(self, alpha, beta)", gammavariate(required, required, required), "Gamma."),
    native!("betavariate(self, alpha, beta)", betavariate(required, required, required), "Beta, between 0 and 1."),
    native!("paretovariate(self, alpha)", paretovariate(required, required), "Pareto."),
    native!("weibullvariate(self, alpha, beta)", weibullvariate(required, required, required), "Weibull."),
    native!(
        "binomialvariate(self, n=1, p=0.5)",
        binomialvariate(required, optional, optional),
        "How many of n tries with probability p succeed."
    ),
];

/// Names of the module that are methods of the hidden instance.
fn public_methods() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(Native::name).filter(|name| !name.starts_with('_'))
}

/// Makes the module.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let types = types();
    add_rows(&types.random, METHODS);
    types.random.namespace.set_str(&Str::intern("VERSION"), Value::Int(3));
    for class in [&types.random, &types.system_random] {
        class.allow_changes();
        add_dictionary(class);
    }
    types.random.changed();
    VERSION.with(|version| version.set(types.random.version()));
    let module = Module::new("random");
    let hidden = make(&types.random);
    for name in public_methods() {
        if let Some(function) = types.random.lookup(&Str::intern(name)) {
            module.set(name, Value::Method(Gc::new(BoundMethod { function, receiver: hidden.clone() })));
        }
    }
    let twice_pi = 2.0 * std::f64::consts::PI;
    module.set("TWOPI", Value::Float(twice_pi));
    module.set("NV_MAGICCONST", Value::Float(4.0 * (-0.5f64).exp() / 2f64.sqrt()));
    module.set("LOG4", Value::Float(4f64.ln()));
    module.set("SG_MAGICCONST", Value::Float(1.0 + 4.5f64.ln()));
    module.set("_e", Value::Float(std::f64::consts::E));
    module.set("BPF", Value::Int(53));
    module.set("RECIP_BPF", Value::Float(2f64.powi(-53)));
    module.set("_inst", hidden);
    module.set("Random", Value::Class(types.random.clone()));
    module.set("SystemRandom", Value::Class(types.system_random.clone()));
    let mut names: Vec<&str> = public_methods().chain(["Random", "SystemRandom"]).collect();
    names.sort_unstable();
    module.set("__all__", Value::list(names.into_iter().map(Value::str).collect()));
    module.set("__doc__", Value::str("Random numbers of many distributions."));
    Ok(module)
}
