//! The part of `itertools` that arranges a pool of items: product, permutations, combinations.
//!
//! All share one machine: a vector of indices into the pool (or pools), stepped to the next arrangement.

use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::NativeIterator;
use crate::value::{Class, Mutable, Native, Raised, Result, Value};
use crate::vm::Vm;

/// How the indices go on.
enum Kind {
    /// One index for each pool, the last one fastest.
    Product,
    /// The first `size` of all indices, each once; `turns` counts down how often each place changes.
    Permutations { size: usize },
    /// Ascending indices.
    Combinations,
    /// Ascending indices, each as often as wanted.
    WithReplacement,
}

struct Arrangements {
    kind: Kind,
    pools: Vec<Vec<Value>>,
    state: Mutable<State>,
}

struct State {
    indices: Vec<usize>,
    /// For permutations alone.
    turns: Vec<usize>,
    is_first: bool,
    is_over: bool,
}

impl State {
    /// Steps to the next arrangement. False when there is none.
    fn step(&mut self, kind: &Kind, pools: &[Vec<Value>]) -> bool {
        let count = pools.first().map_or(0, Vec::len);
        let size = self.indices.len();
        match kind {
            Kind::Product => {
                for place in (0..size).rev() {
                    self.indices[place] += 1;
                    if self.indices[place] < pools[place].len() {
                        return true;
                    }
                    self.indices[place] = 0;
                }
                false
            }
            Kind::Combinations => {
                let Some(place) = (0..size).rev().find(|&place| self.indices[place] < place + count - size) else {
                    return false;
                };
                let first = self.indices[place] + 1;
                for (offset, index) in self.indices[place..].iter_mut().enumerate() {
                    *index = first + offset;
                }
                true
            }
            Kind::WithReplacement => {
                let Some(place) = (0..size).rev().find(|&place| self.indices[place] + 1 < count) else {
                    return false;
                };
                let next = self.indices[place] + 1;
                self.indices[place..].fill(next);
                true
            }
            Kind::Permutations { size } => {
                for place in (0..*size).rev() {
                    self.turns[place] -= 1;
                    if self.turns[place] == 0 {
                        self.indices[place..].rotate_left(1);
                        self.turns[place] = count - place;
                    } else {
                        let other = count - self.turns[place];
                        self.indices.swap(place, other);
                        return true;
                    }
                }
                false
            }
        }
    }
}

impl NativeIterator for Arrangements {
    fn next(&self, _: &mut Vm) -> Result<Option<Value>> {
        let mut state = self.state.borrow_mut();
        if state.is_over {
            return Ok(None);
        }
        if state.is_first {
            state.is_first = false;
        } else if !state.step(&self.kind, &self.pools) {
            state.is_over = true;
            return Ok(None);
        }
        let size = match self.kind {
            Kind::Permutations { size } => size,
            _ => state.indices.len(),
        };
        let indices = state.indices[..size].iter();
        let items = match self.kind {
            Kind::Product => indices.zip(&self.pools).map(|(&index, pool)| pool[index].clone()).collect(),
            _ => indices.map(|&index| self.pools[0][index].clone()).collect(),
        };
        Ok(Some(Value::tuple(items)))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.pools.iter().flatten().for_each(|item| item.trace(tracer));
    }
}

fn arrangements(class: &Class, kind: Kind, pools: Vec<Vec<Value>>, indices: Vec<usize>, is_over: bool) -> Value {
    let turns = match kind {
        Kind::Permutations { size } => (0..size).map(|place| indices.len().saturating_sub(place)).collect(),
        _ => Vec::new(),
    };
    let state = Mutable::new(State { indices, turns, is_first: true, is_over });
    super::native_iterator(class, Arrangements { kind, pools, state })
}

fn new_product(vm: &mut Vm, class: &Class, iterables: &[Value], repeat: Option<i64>) -> Result<Value> {
    let Ok(repeat) = usize::try_from(repeat.unwrap_or(1)) else {
        return Err(Raised::value_error("repeat argument cannot be negative"));
    };
    let pools = iterables.iter().map(|iterable| vm.collect(iterable)).collect::<Result<Vec<_>>>()?;
    if pools.len().checked_mul(repeat).is_none_or(|count| count > 1 << 24) {
        return Err(Raised::overflow_error("repeat argument too large"));
    }
    let pools: Vec<Vec<Value>> = (0..repeat).flat_map(|_| pools.iter().cloned()).collect();
    let is_over = pools.iter().any(Vec::is_empty);
    let indices = vec![0; pools.len()];
    Ok(arrangements(class, Kind::Product, pools, indices, is_over))
}

/// How many items are to be taken.
fn size(number: i64) -> Result<usize> {
    usize::try_from(number).map_err(|_| Raised::value_error("r must be non-negative"))
}

fn new_permutations(vm: &mut Vm, class: &Class, iterable: &Value, number: Option<i64>) -> Result<Value> {
    let pool = vm.collect(iterable)?;
    let size = number.map_or(Ok(pool.len()), size)?;
    let indices = (0..pool.len()).collect();
    let is_over = size > pool.len();
    let size = size.min(pool.len());
    Ok(arrangements(class, Kind::Permutations { size }, vec![pool], indices, is_over))
}

fn new_combinations(vm: &mut Vm, class: &Class, iterable: &Value, number: i64) -> Result<Value> {
    let pool = vm.collect(iterable)?;
    let size = size(number)?;
    let is_over = size > pool.len();
    let indices = (0..size.min(pool.len())).collect();
    Ok(arrangements(class, Kind::Combinations, vec![pool], indices, is_over))
}

fn new_with_replacement(vm: &mut Vm, class: &Class, iterable: &Value, number: i64) -> Result<Value> {
    let pool = vm.collect(iterable)?;
    let size = size(number)?;
    let is_over = pool.is_empty() && size > 0;
    let indices = if is_over { Vec::new() } else { vec![0; size] };
    Ok(arrangements(class, Kind::WithReplacement, vec![pool], indices, is_over))
}

/// Each class: its name and its rows.
pub const CLASSES: &[(&str, &[Native])] = &[
    (
        "product",
        &[native!(
            "__new__(cls, /, *iterables, repeat=1)",
            new_product(required, rest, named),
            "All tuples with one item of each iterable."
        )
        .static_method()],
    ),
    (
        "permutations",
        &[native!(
            "__new__(cls, /, iterable, r=None)",
            new_permutations(required, required, optional),
            "All orders of so many items."
        )
        .static_method()],
    ),
    (
        "combinations",
        &[native!(
            "__new__(cls, /, iterable, r)",
            new_combinations(required, required, required),
            "All choices of so many items."
        )
        .static_method()],
    ),
    (
        "combinations_with_replacement",
        &[native!(
            "__new__(cls, /, iterable, r)",
            new_with_replacement(required, required, required),
            "All choices of so many items, each as often as wanted."
        )
        .static_method()],
    ),
];
