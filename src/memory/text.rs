//! Strings: counted, immutable, UTF-8, with the characters in the same block as the header.
//!
//! The length in characters is kept, so that `len` is O(1), and a string is ASCII exactly when it has
//! as many characters as bytes: then indexing and slicing are O(1) too. The hash is kept once it has
//! been asked for. Interned strings (`Str::intern`) are unique: two of them are equal exactly when
//! they are the same block.

use std::alloc::{self, Layout};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::mem::size_of;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::OnceLock;

use hashbrown::HashTable;

use super::collector::{INTERNED, Tracer, UNTRACKED};
use super::counted::{self, Header, Table};

#[repr(C)]
struct Block {
    header: Header,
    /// 0: not asked for yet.
    hash: Cell<u64>,
    characters: usize,
    bytes: usize,
    // The bytes follow.
}

/// A counted string.
pub struct Str {
    block: NonNull<Block>,
}

static TABLE: Table = Table { free, trace, clear, finalize: None };

// SAFETY (the three functions below): only reached through the header of a `Block`.
unsafe fn free(header: NonNull<Header>) {
    unsafe {
        let bytes = header.cast::<Block>().as_ref().bytes;
        alloc::dealloc(header.as_ptr().cast(), layout(bytes));
    }
}

unsafe fn trace(_: NonNull<Header>, _: &mut Tracer<'_>) {}

unsafe fn clear(_: NonNull<Header>) {}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(size_of::<Block>() + bytes, align_of::<Block>()).expect("a string fits the address space")
}

impl Str {
    pub fn new(text: &str) -> Str {
        Str::join(&[text])
    }

    /// One string of several pieces.
    pub fn join(pieces: &[&str]) -> Str {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        let characters = pieces.iter().map(|piece| count_characters(piece)).sum();
        let block = Str::allocate(bytes, characters);
        let mut end = block.data();
        for piece in pieces {
            // SAFETY: the block has room for the sum of the lengths.
            unsafe {
                end.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                end = end.add(piece.len());
            }
        }
        block
    }

    /// `self + other`, reusing the block of `self` when nobody else has it.
    pub fn append(self, other: &str) -> Str {
        let block = unsafe { self.block.as_ref() };
        if block.header.count.get() != 1 || block.header.registry.get() != UNTRACKED {
            return Str::join(&[&self, other]);
        }
        let (bytes, characters) = (block.bytes + other.len(), block.characters + count_characters(other));
        // SAFETY: this is the only reference; the block was allocated with `layout(block.bytes)`.
        // `other` cannot lie in it, since it would borrow another reference.
        unsafe {
            let old = layout(block.bytes);
            let size = layout(bytes).size();
            let memory = alloc::realloc(self.block.as_ptr().cast(), old, size);
            let Some(mut moved) = NonNull::new(memory.cast::<Block>()) else {
                alloc::handle_alloc_error(layout(bytes))
            };
            std::mem::forget(self);
            let end = moved.as_ptr().add(1).cast::<u8>().add(moved.as_ref().bytes);
            end.copy_from_nonoverlapping(other.as_ptr(), other.len());
            let block = moved.as_mut();
            block.bytes = bytes;
            block.characters = characters;
            block.hash.set(0);
            Str { block: moved }
        }
    }

    /// The one string with this text that names of attributes and variables share. It lives for ever.
    pub fn intern(text: &str) -> Str {
        let hash = hash_bytes(text.as_bytes());
        INTERNED_STRINGS.with(|strings| {
            let mut strings = strings.borrow_mut();
            if let Some(found) = strings.find(hash, |known| &**known == text) {
                return found.clone();
            }
            let new = Str::new(text);
            unsafe { new.block.as_ref() }.header.registry.set(UNTRACKED | INTERNED);
            strings.insert_unique(hash, new.clone(), Str::hash);
            new
        })
    }

    /// The interned string equal to this one.
    pub fn interned(&self) -> Str {
        if self.is_interned() { self.clone() } else { Str::intern(self) }
    }

    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        unsafe { self.block.as_ref() }.header.registry.get() & INTERNED != 0
    }

    /// Length in characters.
    #[inline(always)]
    pub fn characters(&self) -> usize {
        unsafe { self.block.as_ref() }.characters
    }

    /// Whether all characters are ASCII, so that a character is a byte.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        let block = unsafe { self.block.as_ref() };
        block.characters == block.bytes
    }

    /// The hash, keyed by the seed of this process.
    #[inline]
    pub fn hash(&self) -> u64 {
        let kept = unsafe { &self.block.as_ref().hash };
        if kept.get() == 0 {
            kept.set(hash_bytes(self.as_bytes()));
        }
        kept.get()
    }

    #[inline(always)]
    pub fn same(&self, other: &Str) -> bool {
        self.block == other.block
    }

    /// The address, which serves as `id()`.
    pub fn address(&self) -> usize {
        self.block.as_ptr() as usize
    }

    /// How many references there are.
    pub fn count(&self) -> u32 {
        unsafe { self.block.as_ref() }.header.count.get()
    }

    fn allocate(bytes: usize, characters: usize) -> Str {
        let layout = layout(bytes);
        // SAFETY: the size is not zero; every field is written before the block is used.
        unsafe {
            let Some(block) = NonNull::new(alloc::alloc(layout).cast::<Block>()) else {
                alloc::handle_alloc_error(layout)
            };
            let header = Header { count: Cell::new(1), registry: Cell::new(UNTRACKED), table: &TABLE };
            block.write(Block { header, hash: Cell::new(0), characters, bytes });
            Str { block }
        }
    }

    fn data(&self) -> *mut u8 {
        // SAFETY: the bytes follow the block in the same allocation.
        unsafe { self.block.as_ptr().add(1).cast() }
    }
}

thread_local! {
    static INTERNED_STRINGS: RefCell<HashTable<Str>> = const { RefCell::new(HashTable::new()) };
}

fn count_characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

static SEED: OnceLock<ahash::RandomState> = OnceLock::new();

/// Fixes the seed of the hashes of str and bytes, for runs that must repeat. Without effect once a
/// hash has been computed.
pub fn pin_hash_seed(seed: u64) {
    let _ = SEED.set(ahash::RandomState::with_seeds(seed, 1, 2, 3));
}

/// The hash of str and bytes: keyed at random per process, since keys may come from strangers. Never 0.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = SEED.get_or_init(ahash::RandomState::new).build_hasher();
    hasher.write(bytes);
    hasher.finish().max(1)
}

impl Deref for Str {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        // SAFETY: the block holds `bytes` bytes of UTF-8, copied from `str`s.
        unsafe {
            let bytes = std::slice::from_raw_parts(self.data(), self.block.as_ref().bytes);
            std::str::from_utf8_unchecked(bytes)
        }
    }
}

impl Clone for Str {
    #[inline(always)]
    fn clone(&self) -> Str {
        let count = unsafe { &self.block.as_ref().header.count };
        count.set(count.get().wrapping_add(1));
        Str { block: self.block }
    }
}

impl Drop for Str {
    #[inline(always)]
    fn drop(&mut self) {
        let count = unsafe { &self.block.as_ref().header.count };
        let left = count.get().wrapping_sub(1);
        count.set(left);
        if left == 0 {
            counted::release(self.block.cast());
        }
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Str) -> bool {
        self.same(other) || **self == **other
    }
}

impl Eq for Str {}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str::new(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Str {
        Str::new(&text)
    }
}
