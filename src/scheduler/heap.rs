//! A binary heap in a vector, with the order of equal items that CPython's `heapq` gives.
//!
//! The algorithm is that of Lib/heapq.py: an item that is taken out at the top is replaced by the last
//! one, which first sinks to a leaf past the smaller children and then rises. Items are only ever
//! swapped, so that a comparison that raises leaves all of them in the heap.

/// Adds an item.
pub fn push<T, E>(heap: &mut Vec<T>, item: T, less: &mut impl FnMut(&T, &T) -> Result<bool, E>) -> Result<(), E> {
    let last = heap.len();
    heap.push(item);
    rise(heap, 0, last, less)
}

/// Takes out the smallest item.
pub fn pop<T, E>(heap: &mut Vec<T>, less: &mut impl FnMut(&T, &T) -> Result<bool, E>) -> Result<Option<T>, E> {
    if heap.is_empty() {
        return Ok(None);
    }
    let smallest = heap.swap_remove(0);
    // As in CPython, what was taken out is lost when a comparison raises.
    sink(heap, 0, less)?;
    Ok(Some(smallest))
}

/// Makes a heap of any slice.
pub fn make<T, E>(heap: &mut [T], less: &mut impl FnMut(&T, &T) -> Result<bool, E>) -> Result<(), E> {
    (0..heap.len() / 2).rev().try_for_each(|index| sink(heap, index, less))
}

fn rise<T, E>(
    heap: &mut [T],
    top: usize,
    mut index: usize,
    less: &mut impl FnMut(&T, &T) -> Result<bool, E>,
) -> Result<(), E> {
    while index > top {
        let parent = (index - 1) / 2;
        if !less(&heap[index], &heap[parent])? {
            break;
        }
        heap.swap(index, parent);
        index = parent;
    }
    Ok(())
}

fn sink<T, E>(heap: &mut [T], top: usize, less: &mut impl FnMut(&T, &T) -> Result<bool, E>) -> Result<(), E> {
    let mut index = top;
    loop {
        let mut child = 2 * index + 1;
        if child >= heap.len() {
            return rise(heap, top, index, less);
        }
        if child + 1 < heap.len() && !less(&heap[child], &heap[child + 1])? {
            child += 1;
        }
        heap.swap(index, child);
        index = child;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    #[test]
    fn equal_items_come_out_in_the_order_of_heapq() {
        let mut less = |a: &(u32, char), b: &(u32, char)| Ok::<_, Infallible>(a.0 < b.0);
        let mut heap = Vec::new();
        for item in [(1, 'a'), (1, 'b'), (0, 'c'), (1, 'd'), (0, 'e'), (1, 'f')] {
            let Ok(()) = super::push(&mut heap, item, &mut less);
        }
        let mut order = String::new();
        while let Ok(Some((_, name))) = super::pop(&mut heap, &mut less) {
            order.push(name);
        }
        assert_eq!(order, "ceafbd");
    }
}
