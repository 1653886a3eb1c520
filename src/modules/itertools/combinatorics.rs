//! The part of `itertools` that arranges a pool of items: product, permutations, combinations.
//!
//! All share one machine: a vector of indices into the pool (or pools), stepped to the next arrangement.

use super::{COPIES_WITH_STATE, Description, parts, wrong_parts};
use crate::memory::Tracer;
use crate::native;
use crate::value::iterator::{NativeIterator, Recipe};
use crate::value::{Class, Mutable, Raised, Result, Value};
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
    /// How many items an arrangement is to have, which may be more than there are.
    size: usize,
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
            // An empty product has ended only now, as its recipe says.
            state.is_first &= !matches!(self.kind, Kind::Product);
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

    fn recipe(&self, _: &mut Vm) -> Result<Recipe> {
        let state = self.state.borrow();
        let numbers = |numbers: &[usize]| Value::tuple(numbers.iter().map(|&number| Value::from(number)).collect());
        let has_ended = state.is_over && !state.is_first;
        let mut arguments: Vec<Value> = match has_ended {
            true => vec![Value::tuple(Vec::new())],
            false => self.pools.iter().map(|pool| Value::tuple(pool.clone())).collect(),
        };
        if !matches!(self.kind, Kind::Product) {
            arguments.push(Value::from(self.size));
        }
        let position = (!state.is_first && !has_ended).then(|| match self.kind {
            Kind::Permutations { .. } => Value::tuple(vec![numbers(&state.indices), numbers(&state.turns)]),
            _ => numbers(&state.indices),
        });
        Ok(Recipe { state: position, ..Recipe::of_class(arguments) })
    }

    fn set_state(&self, vm: &mut Vm, state: &Value) -> Result<()> {
        let (indices, turns) = match &self.kind {
            Kind::Permutations { .. } => match parts(state)? {
                [indices, turns] => (parts(indices)?, parts(turns)?),
                parts => return Err(wrong_parts(2, parts.len())),
            },
            _ => (parts(state).unwrap_or_default(), &[][..]),
        };
        let read = |vm: &mut Vm, numbers: &[Value]| {
            numbers.iter().map(|number| vm.index(number)).collect::<Result<Vec<i64>>>()
        };
        let (indices, turns) = (read(vm, indices)?, read(vm, turns)?);
        let mut now = self.state.borrow_mut();
        if (indices.len(), turns.len()) != (now.indices.len(), now.turns.len()) || parts(state).is_err() {
            return Err(Raised::value_error("invalid arguments"));
        }
        let (count, size) = (self.pools.first().map_or(0, Vec::len), now.indices.len());
        // What is out of bounds goes to the nearest that is not.
        let within = |number: i64, least: usize, most: usize| (number.max(least as i64) as usize).min(most.max(least));
        for (place, index) in indices.into_iter().enumerate() {
            let most = match &self.kind {
                Kind::Product => self.pools[place].len(),
                Kind::Combinations => place + count + 1 - size,
                Kind::Permutations { .. } | Kind::WithReplacement => count,
            };
            if most == 0 {
                now.is_over = true;
                return Ok(());
            }
            now.indices[place] = within(index, 0, most - 1);
        }
        for (place, number) in turns.into_iter().enumerate() {
            now.turns[place] = within(number, 1, count - place);
        }
        now.is_first = false;
        Ok(())
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.pools.iter().flatten().for_each(|item| item.trace(tracer));
    }
}

fn arrangements(
    class: &Class,
    kind: Kind,
    pools: Vec<Vec<Value>>,
    wanted: usize,
    indices: Vec<usize>,
    is_over: bool,
) -> Value {
    let turns = match kind {
        Kind::Permutations { size } => (0..size).map(|place| indices.len().saturating_sub(place)).collect(),
        _ => Vec::new(),
    };
    let state = Mutable::new(State { indices, turns, is_first: true, is_over });
    super::native_iterator(class, Arrangements { kind, pools, size: wanted, state })
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
    Ok(arrangements(class, Kind::Product, pools, repeat, indices, is_over))
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
    let kind = Kind::Permutations { size: size.min(pool.len()) };
    Ok(arrangements(class, kind, vec![pool], size, indices, is_over))
}

fn new_combinations(vm: &mut Vm, class: &Class, iterable: &Value, number: i64) -> Result<Value> {
    let pool = vm.collect(iterable)?;
    let size = size(number)?;
    let is_over = size > pool.len();
    let indices = (0..size.min(pool.len())).collect();
    Ok(arrangements(class, Kind::Combinations, vec![pool], size, indices, is_over))
}

fn new_with_replacement(vm: &mut Vm, class: &Class, iterable: &Value, number: i64) -> Result<Value> {
    let pool = vm.collect(iterable)?;
    let size = size(number)?;
    let is_over = pool.is_empty() && size > 0;
    let indices = if is_over { Vec::new() } else { vec![0; size] };
    Ok(arrangements(class, Kind::WithReplacement, vec![pool], size, indices, is_over))
}

pub const CLASSES: &[Description] = &[
    (
        "product",
        &[native!(
            "__new__(cls, /, *iterables, repeat=1)",
            new_product(required, rest, named),
            "All tuples with one item of each iterable."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "permutations",
        &[native!(
            "__new__(cls, /, iterable, r=None)",
            new_permutations(required, required, optional),
            "All orders of so many items."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "combinations",
        &[native!(
            "__new__(cls, /, iterable, r)",
            new_combinations(required, required, required),
            "All choices of so many items."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
    (
        "combinations_with_replacement",
        &[native!(
            "__new__(cls, /, iterable, r)",
            new_with_replacement(required, required, required),
            "All choices of so many items, each as often as wanted."
        )
        .static_method()],
        COPIES_WITH_STATE,
    ),
];
