//! Sorting, stable, by `<` alone.
//!
//! Keys that are all numbers, all strings, or tuples of such in the same places are compared natively,
//! by the standard library's sort. All others are compared by the VM, which may raise: then a natural
//! merge sort (runs as they are found, short ones filled up by binary insertion, merged pairwise) moves
//! indices only, so that whatever happens no item is lost.

use std::cmp::Ordering;

use crate::native;
use crate::value::{Native, Result, Value, hash, ordering};
use crate::vm::Vm;

/// Sorts by the items themselves, or by what `key` gives for each. After an error the items are all
/// there, in the order they came.
pub fn sort(vm: &mut Vm, items: &mut Vec<Value>, key: Option<&Value>, reverse: bool) -> Result<()> {
    let Some(key) = key.filter(|key| !key.is_none()) else {
        return if sort_simple(items, reverse) { Ok(()) } else { sort_by_key(vm, items, |item| item, reverse) };
    };
    let mut pairs = Vec::with_capacity(items.len());
    for item in items.iter() {
        pairs.push((vm.call(key, std::slice::from_ref(item))?, item.clone()));
    }
    sort_by_key(vm, &mut pairs, |pair| &pair.0, reverse)?;
    items.clear();
    items.extend(pairs.into_iter().map(|(_, item)| item));
    Ok(())
}

/// Ints need no stability, since equal ones cannot be told apart.
fn sort_simple(items: &mut [Value], reverse: bool) -> bool {
    let int = |item: &Value| if let Value::Int(number) = item { Some(*number) } else { None };
    let Some(mut numbers) = items.iter().map(int).collect::<Option<Vec<i64>>>() else { return false };
    numbers.sort_unstable();
    if reverse {
        numbers.reverse();
    }
    for (item, number) in items.iter_mut().zip(numbers) {
        *item = Value::Int(number);
    }
    true
}

fn sort_by_key<T: Clone>(vm: &mut Vm, items: &mut Vec<T>, key: impl Fn(&T) -> &Value, reverse: bool) -> Result<()> {
    let shape = items.first().and_then(|first| Shape::of(key(first)));
    if let Some(shape) = shape
        && items.iter().all(|item| shape.fits(key(item)))
    {
        match reverse {
            false => items.sort_by(|left, right| order(key(left), key(right))),
            true => items.sort_by(|left, right| order(key(right), key(left))),
        }
        return Ok(());
    }
    // From the back to the front and back again, so that equal items keep their order.
    let mut places: Vec<usize> = (0..items.len()).collect();
    if reverse {
        places.reverse();
    }
    merge_sort(&mut places, &mut |left, right| vm.less(key(&items[left]), key(&items[right])))?;
    if reverse {
        places.reverse();
    }
    *items = places.into_iter().map(|place| items[place].clone()).collect();
    Ok(())
}

/// What keys must be like for native comparison to be a total order over all of them.
enum Shape {
    /// An int, bool or float that is a number.
    Number,
    Text,
    Bytes,
    Tuple(Vec<Shape>),
}

impl Shape {
    fn of(value: &Value) -> Option<Shape> {
        match value {
            Value::Float(number) if number.is_nan() => None,
            Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::BigInt(_) => Some(Shape::Number),
            Value::Str(_) => Some(Shape::Text),
            Value::Bytes(_) => Some(Shape::Bytes),
            Value::Tuple(tuple) => tuple.items().iter().map(Shape::of).collect::<Option<_>>().map(Shape::Tuple),
            _ => None,
        }
    }

    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Shape::Number, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => true,
            (Shape::Number, Value::Float(number)) => !number.is_nan(),
            (Shape::Text, Value::Str(_)) | (Shape::Bytes, Value::Bytes(_)) => true,
            (Shape::Tuple(shapes), Value::Tuple(tuple)) => {
                shapes.len() == tuple.len() && shapes.iter().zip(tuple.items()).all(|(shape, item)| shape.fits(item))
            }
            _ => false,
        }
    }
}

/// The order of two values of one shape.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Str(left), Value::Str(right)) => ordering::compare_text(left, right),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
        (Value::Bytes(left), Value::Bytes(right)) => left.data.cmp(&right.data),
        (Value::Tuple(left), Value::Tuple(right)) => {
            let mut orders = left.items().iter().zip(right.items()).map(|(left, right)| order(left, right));
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }
        _ => match hash::compare_numbers(left, right) {
            Some(hash::Order::Less) => Ordering::Less,
            Some(hash::Order::Greater) => Ordering::Greater,
            _ => Ordering::Equal,
        },
    }
}

/// Runs shorter than this are filled up by insertion.
const SHORTEST_RUN: usize = 16;

/// Sorts indices by a `less` that may fail.
fn merge_sort(places: &mut [usize], less: &mut impl FnMut(usize, usize) -> Result<bool>) -> Result<()> {
    let mut ends = Vec::new();
    let mut start = 0;
    while start < places.len() {
        let mut end = start + natural_run(&mut places[start..], less)?;
        let least = (start + SHORTEST_RUN).min(places.len());
        if end < least {
            insert_rest(&mut places[start..least], end - start, less)?;
            end = least;
        }
        ends.push(end);
        start = end;
    }
    while ends.len() > 1 {
        let mut merged = Vec::with_capacity(ends.len().div_ceil(2));
        let mut start = 0;
        for pair in ends.chunks(2) {
            if let [middle, end] = *pair {
                merge(&mut places[start..end], middle - start, less)?;
            }
            start = pair[pair.len() - 1];
            merged.push(start);
        }
        ends = merged;
    }
    Ok(())
}

/// The length of the ordered run at the front; a strictly falling one is turned round.
fn natural_run(places: &mut [usize], less: &mut impl FnMut(usize, usize) -> Result<bool>) -> Result<usize> {
    if places.len() < 2 {
        return Ok(places.len());
    }
    let falling = less(places[1], places[0])?;
    let mut length = 2;
    while length < places.len() && less(places[length], places[length - 1])? == falling {
        length += 1;
    }
    if falling {
        places[..length].reverse();
    }
    Ok(length)
}

/// Inserts the places from `sorted` on into the sorted ones before them.
fn insert_rest(places: &mut [usize], sorted: usize, less: &mut impl FnMut(usize, usize) -> Result<bool>) -> Result<()> {
    for index in sorted..places.len() {
        let pivot = places[index];
        let (mut low, mut high) = (0, index);
        while low < high {
            let middle = (low + high) / 2;
            if less(pivot, places[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        places[low..=index].rotate_right(1);
    }
    Ok(())
}

fn merge(places: &mut [usize], middle: usize, less: &mut impl FnMut(usize, usize) -> Result<bool>) -> Result<()> {
    if !less(places[middle], places[middle - 1])? {
        return Ok(());
    }
    let first = places[..middle].to_vec();
    let (mut left, mut right) = (0, middle);
    for target in 0..places.len() {
        // The rest of the second run is in place once the first is used up.
        if left == first.len() {
            break;
        }
        if right < places.len() && less(places[right], first[left])? {
            places[target] = places[right];
            right += 1;
        } else {
            places[target] = first[left];
            left += 1;
        }
    }
    Ok(())
}

fn sorted(vm: &mut Vm, iterable: &Value, key: Option<&Value>, reverse: Option<bool>) -> Result<Value> {
    let mut items = vm.collect(iterable)?;
    sort(vm, &mut items, key, reverse.unwrap_or(false))?;
    Ok(Value::list(items))
}

pub const FUNCTIONS: &[Native] = &[native!(
    "sorted(iterable, /, *, key=None, reverse=False)",
    sorted(required, named, named),
    "Return a new list of the items of an iterable in ascending order."
)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_sorted_by_what_they_stand_for_and_stably() {
        let mut seed = 7u64;
        for length in [0, 1, 2, 15, 16, 17, 100, 1000] {
            let keys: Vec<u64> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    seed >> 58
                })
                .collect();
            let mut places: Vec<usize> = (0..length).collect();
            merge_sort(&mut places, &mut |left, right| Ok(keys[left] < keys[right])).expect("nothing raises");
            let mut expected: Vec<usize> = (0..length).collect();
            expected.sort_by_key(|place| keys[*place]);
            assert_eq!(places, expected);
        }
    }

    #[test]
    fn an_ordered_list_takes_one_comparison_less_than_it_has_items() {
        let mut count = 0;
        let mut places: Vec<usize> = (0..1000).collect();
        let mut less = |left: usize, right: usize| {
            count += 1;
            Ok(left < right)
        };
        merge_sort(&mut places, &mut less).expect("nothing raises");
        assert_eq!(count, 999);
    }

    #[test]
    fn shapes_are_recognised() {
        let pair = |number: Value, text: &str| Value::tuple(vec![number, text.into()]);
        let shape = Shape::of(&pair(Value::Int(1), "a")).expect("a native shape");
        assert!(shape.fits(&pair(Value::Float(2.5), "b")));
        assert!(!shape.fits(&pair(Value::Float(f64::NAN), "b")));
        assert!(!shape.fits(&Value::tuple(vec![Value::Int(1)])));
        assert!(Shape::of(&Value::None).is_none());
        assert_eq!(order(&pair(Value::Int(1), "b"), &pair(Value::Float(1.0), "a")), Ordering::Greater);
    }
}
