//! The cycle collector: frees what only refers to itself.
//!
//! Counting frees nearly everything; this finds the rest, by CPython's method (Python/gc.c): in a
//! set of objects, take from each count the references that come from inside the set. What is left
//! above zero is held from outside, and so is what it reaches; all else is garbage. Two
//! generations: new objects are looked at often, survivors only when they have grown by a quarter.
//!
//! Invariant: a tracked object stands exactly once in `young` or `old`, at the index in its header.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::counted::{self, Gc, Header, Object};
use super::interrupt;

/// Flags and index in `Header::registry`.
const INDEX: u32 = (1 << 28) - 1;
const OLD: u32 = 1 << 31;
pub(super) const WATCHED: u32 = 1 << 30;
pub(super) const INTERNED: u32 = 1 << 29;
/// A string of which `offsets` has notes.
pub(super) const NOTED: u32 = 1 << 28;
/// An index no object has: the object is not tracked.
pub(super) const UNTRACKED: u32 = INDEX;

/// New objects that make a collection worth its time.
const YOUNG_LIMIT: usize = 10_000;

/// Objects in a block of the old generation.
const BLOCK: usize = 1 << 14;

/// The old objects, by index. They stand in blocks, so that growing does not move them: that would take half
/// as much memory again, and time in one piece.
struct Blocks {
    blocks: Vec<Vec<NonNull<Header>>>,
    length: usize,
}

impl Blocks {
    fn push(&mut self, header: NonNull<Header>) {
        let block = self.length / BLOCK;
        self.length += 1;
        if block == self.blocks.len() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks[block].push(header);
    }

    /// Takes an object out; the last one moves to its index and is given.
    fn swap_remove(&mut self, index: usize) -> Option<NonNull<Header>> {
        self.length -= 1;
        let last = self.blocks[self.length / BLOCK].pop()?;
        if self.length.is_multiple_of(BLOCK) {
            // One spare block stays.
            self.blocks.truncate(self.length / BLOCK + 1);
        }
        if index == self.length {
            return None;
        }
        self.blocks[index / BLOCK][index % BLOCK] = last;
        Some(last)
    }
}

struct Heap {
    young: UnsafeCell<ManuallyDrop<Vec<NonNull<Header>>>>,
    old: UnsafeCell<ManuallyDrop<Blocks>>,
    /// Length of `young` at which a collection is due.
    young_limit: Cell<usize>,
    /// Length of `old` at which a full collection is due.
    old_limit: Cell<usize>,
    enabled: Cell<bool>,
    collecting: Cell<bool>,
}

thread_local! {
    static HEAP: Heap = const {
        Heap {
            young: UnsafeCell::new(ManuallyDrop::new(Vec::new())),
            old: UnsafeCell::new(ManuallyDrop::new(Blocks { blocks: Vec::new(), length: 0 })),
            young_limit: Cell::new(YOUNG_LIMIT),
            old_limit: Cell::new(4 * YOUNG_LIMIT),
            enabled: Cell::new(true),
            collecting: Cell::new(false),
        }
    };
}

/// Receives the references an object holds.
pub struct Tracer<'a> {
    visit: &'a mut dyn FnMut(NonNull<Header>),
}

impl Tracer<'_> {
    #[inline]
    pub fn visit<T: Object>(&mut self, reference: &Gc<T>) {
        if T::TRACKED {
            (self.visit)(reference.header_pointer());
        }
    }
}

// SAFETY (whole file): the vectors belong to this thread and are borrowed only for the few
// instructions that touch them; no object code runs meanwhile. Headers in them are alive, since
// freeing untracks first.

#[inline]
pub(super) fn track(header: NonNull<Header>) {
    HEAP.with(|heap| {
        let young = unsafe { &mut *heap.young.get() };
        let index = young.len();
        debug_assert!((index as u32) < INDEX);
        unsafe { header.as_ref() }.registry.set(index as u32);
        young.push(header);
        if index >= heap.young_limit.get() {
            interrupt::request(interrupt::COLLECT);
        }
    });
}

#[inline]
pub(super) fn untrack(registry: u32) {
    let index = (registry & INDEX) as usize;
    if index == UNTRACKED as usize {
        return;
    }
    HEAP.with(|heap| {
        let moved = if registry & OLD == 0 {
            let young = unsafe { &mut *heap.young.get() };
            young.swap_remove(index);
            young.get(index).copied()
        } else {
            unsafe { &mut *heap.old.get() }.swap_remove(index)
        };
        if let Some(moved) = moved {
            let place = unsafe { &moved.as_ref().registry };
            place.set(place.get() & !INDEX | index as u32);
        }
    });
}

/// Whether `gc.enable` is in force.
pub fn is_enabled() -> bool {
    HEAP.with(|heap| heap.enabled.get())
}

/// Turns automatic collection on or off.
pub fn set_enabled(enabled: bool) {
    HEAP.with(|heap| heap.enabled.set(enabled));
}

/// How many objects the collector knows.
pub fn tracked() -> usize {
    HEAP.with(|heap| unsafe { (*heap.young.get()).len() + (&*heap.old.get()).length })
}

/// Collects if it is due: the answer to `interrupt::COLLECT`.
pub fn collect_if_due() {
    let (due, full) = HEAP.with(|heap| {
        let young = unsafe { (*heap.young.get()).len() };
        let old = unsafe { (&*heap.old.get()).length };
        (heap.enabled.get() && young > heap.young_limit.get(), old + young > heap.old_limit.get())
    });
    if due {
        collect(full);
    }
}

/// What a collection found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Objects that were unreachable and are gone.
    pub freed: usize,
    /// Whether there were some with something to finalize: nothing was freed then, since they reach others.
    pub has_finalizers: bool,
}

/// Collects the young objects, or with `full` all.
pub fn collect(full: bool) -> Found {
    if HEAP.with(|heap| heap.collecting.replace(true)) {
        return Found::default();
    }
    let garbage = find_garbage(full);
    let mut found = garbage.len();
    // An object with something to finalize is queued and lives on, with all it refers to; it is
    // looked at again by the next collection, when it has been finalized.
    let mut finalizing = false;
    for &header in &garbage {
        if let Some(finalize) = unsafe { header.as_ref() }.table.finalize {
            // The reference taken in `find_garbage` stands for the one `finalize` expects.
            let count = &unsafe { header.as_ref() }.count;
            let others = count.replace(0);
            if unsafe { finalize(header) } {
                finalizing = true;
            }
            count.set(count.get() + others);
        }
    }
    if finalizing {
        found = 0;
    } else {
        for &header in &garbage {
            let table = unsafe { header.as_ref() }.table;
            unsafe { (table.clear)(header) };
        }
    }
    for header in garbage {
        let count = &unsafe { header.as_ref() }.count;
        count.set(count.get() - 1);
        if count.get() == 0 {
            counted::release(header);
        }
    }
    HEAP.with(|heap| {
        heap.collecting.set(false);
        let old = unsafe { (&*heap.old.get()).length };
        let young = unsafe { (*heap.young.get()).len() };
        heap.young_limit.set(young + YOUNG_LIMIT);
        if full {
            heap.old_limit.set((old + old / 4).max(4 * YOUNG_LIMIT));
        }
    });
    Found { freed: found, has_finalizers: finalizing }
}

/// The unreachable objects, each with one more reference; survivors become old.
fn find_garbage(full: bool) -> Vec<NonNull<Header>> {
    HEAP.with(|heap| {
        if full {
            // All in one list: old and young alike.
            for header in take_young(heap) {
                promote(heap, header);
            }
        }
        let slices: Vec<&[NonNull<Header>]> = if full {
            unsafe { &*heap.old.get() }.blocks.iter().map(Vec::as_slice).collect()
        } else {
            vec![unsafe { &*heap.young.get() }]
        };
        let list = || slices.iter().copied().flatten().copied();
        let generation = if full { OLD } else { 0 };
        let inside = |header: NonNull<Header>| -> Option<usize> {
            let registry = unsafe { header.as_ref() }.registry.get();
            let index = registry & INDEX;
            (index != UNTRACKED && registry & OLD == generation).then_some(index as usize)
        };
        let mut outside: Vec<u32> = Vec::new();
        if outside.try_reserve_exact(slices.iter().map(|slice| slice.len()).sum()).is_err() {
            // There is no room to find out: another time.
            return Vec::new();
        }
        outside.extend(list().map(|header| unsafe { header.as_ref() }.count.get()));
        for header in list() {
            trace(header, &mut |child| {
                if let Some(index) = inside(child) {
                    outside[index] = outside[index].saturating_sub(1);
                }
            });
        }
        // From each object that is held from outside, what it reaches; the list of those still to be looked
        // at stays short that way.
        const REACHED: u32 = u32::MAX;
        let mut waiting: Vec<NonNull<Header>> = Vec::new();
        for (index, header) in list().enumerate() {
            if outside[index] == 0 || outside[index] == REACHED {
                continue;
            }
            waiting.push(header);
            while let Some(header) = waiting.pop() {
                trace(header, &mut |child| {
                    if let Some(index) = inside(child)
                        && outside[index] == 0
                    {
                        outside[index] = REACHED;
                        waiting.push(child);
                    }
                });
            }
        }
        let garbage: Vec<NonNull<Header>> =
            list().zip(&outside).filter(|(_, count)| **count == 0).map(|(header, _)| header).collect();
        for header in &garbage {
            let count = &unsafe { header.as_ref() }.count;
            count.set(count.get() + 1);
        }
        if !full {
            for (header, outside) in take_young(heap).into_iter().zip(outside) {
                if outside > 0 {
                    promote(heap, header);
                } else {
                    let young = unsafe { &mut *heap.young.get() };
                    let registry = unsafe { &header.as_ref().registry };
                    registry.set(registry.get() & !INDEX | young.len() as u32);
                    young.push(header);
                }
            }
        }
        garbage
    })
}

fn take_young(heap: &Heap) -> Vec<NonNull<Header>> {
    std::mem::take(unsafe { &mut **heap.young.get() })
}

fn promote(heap: &Heap, header: NonNull<Header>) {
    let old = unsafe { &mut *heap.old.get() };
    let registry = unsafe { &header.as_ref().registry };
    registry.set(registry.get() & !INDEX | OLD | old.length as u32);
    old.push(header);
}

fn trace(header: NonNull<Header>, visit: &mut dyn FnMut(NonNull<Header>)) {
    let table = unsafe { header.as_ref() }.table;
    unsafe { (table.trace)(header, &mut Tracer { visit }) };
}
