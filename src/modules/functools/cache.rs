//! `_lru_cache_wrapper`: a function that remembers its results.
//!
//! No script code runs between finding an entry and using it: comparing keys may call `__eq__`, and the
//! function itself may call the wrapper or clear it.

use std::cell::Cell;

use crate::memory::Tracer;
use crate::modules::native_class;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{BoundMethod, Class, Dict, Gc, Instance, Mutable, Native, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// How many results are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Nothing,
    Some(usize),
    All,
}

/// A result, in the order of use. Without a limit the order does not matter and is not kept.
struct Link {
    key: Value,
    hash: i64,
    result: Value,
    /// Indices into the links.
    older: usize,
    newer: usize,
}

/// The links form a circle in which the first one, which has no result, stands between the newest and
/// the oldest.
const ENDS: usize = 0;

struct Cache {
    function: Value,
    limit: Limit,
    typed: bool,
    info_class: Value,
    hits: Cell<i64>,
    misses: Cell<i64>,
    /// From keys to results; with a limit, to indices of links.
    entries: Mutable<Gc<Dict>>,
    links: Mutable<Vec<Link>>,
}

impl Payload for Cache {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.function.trace(tracer);
        self.info_class.trace(tracer);
        tracer.visit(&*self.entries.borrow());
        for link in self.links.borrow().iter() {
            link.key.trace(tracer);
            link.result.trace(tracer);
        }
    }

    fn clear(&self) {
        self.forget();
    }
}

impl<'a> FromArgument<'a> for &'a Cache {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload::<Cache>().ok_or(Mismatch::Expected("functools._lru_cache_wrapper"))
    }
}

impl Cache {
    fn forget(&self) {
        let ends = Link { key: Value::Unbound, hash: 0, result: Value::Unbound, older: ENDS, newer: ENDS };
        let old = (self.entries.replace(Gc::new(Dict::new())), self.links.replace(vec![ends]));
        drop(old);
    }

    /// Makes a link the newest one.
    fn put_first(&self, index: usize) {
        let mut links = self.links.borrow_mut();
        let newest = links[ENDS].older;
        (links[index].older, links[index].newer) = (newest, ENDS);
        links[newest].newer = index;
        links[ENDS].older = index;
    }

    fn take_out(&self, index: usize) {
        let mut links = self.links.borrow_mut();
        let (older, newer) = (links[index].older, links[index].newer);
        links[older].newer = newer;
        links[newer].older = older;
    }

    fn is_newest(&self, index: usize) -> bool {
        self.links.borrow()[ENDS].older == index
    }

    /// Remembers a result under a key that is known to be missing.
    fn remember(&self, key: Value, hash: i64, result: Value, limit: usize) {
        let entries = self.entries.get();
        let index = if entries.len() < limit {
            let mut links = self.links.borrow_mut();
            links.push(Link { key: key.clone(), hash, result, older: ENDS, newer: ENDS });
            links.len() - 1
        } else {
            let oldest = self.links.borrow()[ENDS].newer;
            self.take_out(oldest);
            let link = Link { key: key.clone(), hash, result, older: ENDS, newer: ENDS };
            let old = std::mem::replace(&mut self.links.borrow_mut()[oldest], link);
            let place = entries.candidates(old.hash).into_iter().find(|(_, known)| known.is(&old.key));
            if let Some((place, _)) = place {
                drop(entries.remove_at(place));
            }
            drop(old);
            oldest
        };
        self.put_first(index);
        entries.insert_new(key, hash, Value::from(index));
    }
}

thread_local! {
    pub static WRAPPER: Class = {
        let class = native_class("functools._lru_cache_wrapper", &types().object, METHODS);
        crate::vm::add_dictionary(&class);
        class.changed();
        class
    };
    /// Stands in keys between positional arguments and those by name.
    static MARK: Value = Value::Instance(Instance::new(types().object.clone()));
}

fn new(vm: &mut Vm, class: &Class, function: Value, limit: &Value, typed: bool, info_class: Value) -> Result<Value> {
    let limit = match limit {
        Value::None => Limit::All,
        other => match usize::try_from(vm.index_clamped(other)?) {
            Ok(limit) if limit > 0 => Limit::Some(limit),
            _ => Limit::Nothing,
        },
    };
    let cache = Cache {
        function,
        limit,
        typed,
        info_class,
        hits: Cell::new(0),
        misses: Cell::new(0),
        entries: Mutable::new(Gc::new(Dict::new())),
        links: Mutable::default(),
    };
    cache.forget();
    Ok(Value::Instance(Instance::with_payload(class.clone(), cache)))
}

/// What a call is remembered by.
fn key_of(arguments: &[Value], keywords: &[(Str, Value)], typed: bool) -> Value {
    if keywords.is_empty() && !typed {
        return match arguments {
            [single @ (Value::Int(_) | Value::Str(_) | Value::BigInt(_))] => single.clone(),
            _ => Value::tuple(arguments.to_vec()),
        };
    }
    let mut parts = arguments.to_vec();
    if !keywords.is_empty() {
        parts.push(MARK.with(Value::clone));
        for (name, value) in keywords {
            parts.extend([Value::Str(name.clone()), value.clone()]);
        }
    }
    if typed {
        parts.extend(arguments.iter().map(|value| Value::Class(value.class())));
        parts.extend(keywords.iter().map(|(_, value)| Value::Class(value.class())));
    }
    Value::tuple(parts)
}

fn call(vm: &mut Vm, this: &Value, arguments: &[Value], keywords: Option<&Gc<Dict>>) -> Result<Value> {
    let Some(cache) = this.payload::<Cache>() else { return Err(Raised::type_error("this is not a cache")) };
    let pairs = match keywords {
        Some(keywords) if !keywords.is_empty() => crate::builtins::keyword_pairs(Some(keywords)),
        _ => Vec::new(),
    };
    if cache.limit == Limit::Nothing {
        cache.misses.set(cache.misses.get() + 1);
        return compute(vm, cache, arguments, pairs);
    }
    let key = key_of(arguments, &pairs, cache.typed);
    let hash = vm.hash(&key)?;
    let entries = cache.entries.get();
    if let Some(place) = vm.find_in_dict(&entries, &key, hash)? {
        let found = entries.value_at(place);
        cache.hits.set(cache.hits.get() + 1);
        let (Limit::Some(_), Value::Int(index)) = (cache.limit, &found) else { return Ok(found) };
        let index = *index as usize;
        // A cache that was cleared by the comparison has other entries now.
        if !entries.same(&cache.entries.borrow()) {
            return compute(vm, cache, arguments, pairs);
        }
        if !cache.is_newest(index) {
            cache.take_out(index);
            cache.put_first(index);
        }
        return Ok(cache.links.borrow()[index].result.clone());
    }
    drop(entries);
    cache.misses.set(cache.misses.get() + 1);
    let result = compute(vm, cache, arguments, pairs)?;
    // The function may have remembered the same call, or cleared the cache; so may the comparison of keys.
    let (entries, place) = loop {
        let entries = cache.entries.get();
        let place = vm.find_in_dict(&entries, &key, hash)?;
        if entries.same(&cache.entries.borrow()) {
            break (entries, place);
        }
    };
    match (place, cache.limit) {
        (None, Limit::Some(limit)) => cache.remember(key, hash, result.clone(), limit),
        (None, _) => entries.insert_new(key, hash, result.clone()),
        (Some(place), Limit::All) => drop(entries.replace_at(place, result.clone())),
        (Some(_), _) => {}
    }
    Ok(result)
}

fn compute(vm: &mut Vm, cache: &Cache, arguments: &[Value], keywords: Vec<(Str, Value)>) -> Result<Value> {
    let function = cache.function.clone();
    if keywords.is_empty() {
        return vm.call(&function, arguments);
    }
    let (names, values): (Vec<Str>, Vec<Value>) = keywords.into_iter().unzip();
    let all: Vec<Value> = arguments.iter().cloned().chain(values).collect();
    vm.call_with_keywords(&function, &all, &names)
}

fn cache_info(vm: &mut Vm, this: &Cache) -> Result<Value> {
    let limit = match this.limit {
        Limit::Nothing => Value::Int(0),
        Limit::Some(limit) => Value::from(limit),
        Limit::All => Value::None,
    };
    let length = this.entries.borrow().len();
    let class = this.info_class.clone();
    vm.call(&class, &[Value::Int(this.hits.get()), Value::Int(this.misses.get()), limit, Value::from(length)])
}

fn cache_clear(_: &mut Vm, this: &Cache) {
    this.hits.set(0);
    this.misses.set(0);
    this.forget();
}

fn get(_: &mut Vm, this: Value, instance: &Value, _: Option<&Value>) -> Value {
    if instance.is_none() {
        return this;
    }
    Value::Method(Gc::new(BoundMethod { function: this, receiver: instance.clone() }))
}

fn copy(_: &mut Vm, this: Value, _: &[Value]) -> Value {
    this
}

fn reduce(vm: &mut Vm, this: &Value) -> Result<Value> {
    vm.get_attribute(this, &crate::value::symbols().qualname)
}

const METHODS: &[Native] = &[
    native!(
        "__new__(cls, user_function, maxsize, typed, cache_info_type)",
        new(required, required, required, required, required),
        "A function that remembers its results."
    )
    .static_method(),
    native!(
        "__call__(self, /, *args, **kwargs)",
        call(required, rest, keywords),
        "The result of the function, remembered if it can be."
    ),
    native!("__get__(self, instance, owner=None, /)", get(required, required, optional), "Binds to an instance."),
    native!("cache_info(self, /)", cache_info(required), "Hits, misses, the limit and the number of results."),
    native!("cache_clear(self, /)", cache_clear(required), "Forgets everything."),
    native!("__copy__(self, /)", copy(required, rest), "The function itself."),
    native!("__deepcopy__(self, memo, /)", copy(required, rest), "The function itself."),
    native!("__reduce__(self, /)", reduce(required), "The name by which it is found."),
];
