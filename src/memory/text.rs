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
use std::mem::{ManuallyDrop, size_of};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::OnceLock;

use hashbrown::HashTable;

use super::collector::{INTERNED, NOTED, Tracer, UNTRACKED};
use super::counted::{self, Header, Table};
use super::offsets;

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
        if header.as_ref().registry.get() & NOTED != 0 {
            offsets::forget(header.as_ptr() as usize);
        }
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
        if block.header.count.get() != 1 || block.header.registry.get() & !NOTED != UNTRACKED {
            return Str::join(&[&self, other]);
        }
        self.forget_offsets();
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

    /// A string of one character. Those of ASCII characters are shared.
    #[inline]
    pub fn of_char(character: char) -> Str {
        if character.is_ascii() {
            return ASCII_STRINGS.with(|strings| strings[character as usize].clone());
        }
        Str::with_length(character.encode_utf8(&mut [0; 4]), 1)
    }

    /// A string whose length in characters is known.
    #[inline]
    pub fn with_length(text: &str, characters: usize) -> Str {
        debug_assert_eq!(count_characters(text), characters);
        if text.len() == 1 {
            return Str::of_char(text.as_bytes()[0] as char);
        }
        let block = Str::allocate(text.len(), characters);
        // SAFETY: the block has room for the text.
        unsafe { block.data().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        block
    }

    /// What is written: into a buffer that is kept for the next time, then copied at its right size. For
    /// short texts.
    pub fn written<E>(write: impl FnOnce(&mut StrBuilder) -> Result<(), E>) -> Result<Str, E> {
        const MOST_KEPT: usize = 1024;
        let kept = SCRATCH.with(Cell::take).map(ManuallyDrop::into_inner);
        let mut builder = kept.unwrap_or_else(|| StrBuilder::with_capacity(64));
        builder.clear();
        let written = write(&mut builder).map(|()| Str::new(builder.as_str()));
        if builder.capacity() <= MOST_KEPT {
            SCRATCH.with(|scratch| scratch.set(Some(ManuallyDrop::new(builder))));
        }
        written
    }

    /// The pieces one after the other, without counting characters again.
    #[inline]
    pub fn concatenated<'a>(pieces: impl std::iter::Iterator<Item = &'a Str> + Clone) -> Str {
        let (mut bytes, mut characters) = (0, 0);
        for piece in pieces.clone() {
            bytes += piece.len();
            characters += piece.characters();
        }
        let mut builder = StrBuilder::with_capacity(bytes);
        pieces.for_each(|piece| builder.push_str(piece));
        builder.finish_with_length(characters)
    }

    /// The pieces with the separator between them. Lengths are added up first: there is one allocation.
    pub fn joined<'a>(separator: &Str, pieces: impl std::iter::Iterator<Item = &'a Str> + Clone) -> Option<Str> {
        let (mut bytes, mut characters, mut count) = (0, 0, 0);
        for piece in pieces.clone() {
            bytes += piece.len();
            characters += piece.characters();
            count += 1;
        }
        let between = usize::saturating_sub(count, 1);
        let mut builder = StrBuilder::try_with_capacity(bytes + between * separator.len())?;
        for (index, piece) in pieces.enumerate() {
            if index > 0 {
                builder.push_str(separator);
            }
            builder.push_str(piece);
        }
        Some(builder.finish_with_length(characters + between * separator.characters()))
    }

    /// `self * count`; None when there is not enough memory.
    pub fn repeated(&self, count: usize) -> Option<Str> {
        let bytes = self.len().checked_mul(count)?;
        let mut builder = StrBuilder::try_with_capacity(bytes)?;
        if bytes > 0 {
            builder.push_str(self);
            // The text so far is doubled until what is missing is not longer than it.
            while builder.length < bytes {
                let more = builder.length.min(bytes - builder.length);
                // SAFETY: there is room for all `bytes`, and source and target do not overlap. What is copied is a
                // whole number of copies of `self`.
                unsafe {
                    let start = builder.data();
                    start.add(builder.length).copy_from_nonoverlapping(start, more);
                }
                builder.length += more;
            }
        }
        Some(builder.finish_with_length(self.characters() * count))
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

    /// The byte at which a character starts; the length when there are not so many.
    #[inline]
    pub fn byte_offset(&self, character: usize) -> usize {
        if self.is_ascii() {
            character.min(self.len())
        } else if self.is_noted() {
            offsets::byte_offset(self.address(), self, character)
        } else {
            offsets::count_bytes(self, character)
        }
    }

    /// How many characters start before a byte at which one starts.
    pub fn character_index(&self, byte: usize) -> usize {
        if self.is_ascii() {
            byte
        } else if self.is_noted() {
            offsets::character_index(self.address(), self, byte)
        } else {
            self[..byte].chars().count()
        }
    }

    /// Whether there are notes of where the characters start, or are from now on.
    fn is_noted(&self) -> bool {
        let registry = unsafe { &self.block.as_ref().header.registry };
        if self.len() >= offsets::LONG {
            registry.set(registry.get() | NOTED);
        }
        registry.get() & NOTED != 0
    }

    /// The text is about to change.
    fn forget_offsets(&self) {
        let registry = unsafe { &self.block.as_ref().header.registry };
        if registry.get() & NOTED != 0 {
            registry.set(registry.get() & !NOTED);
            offsets::forget(self.address());
        }
    }

    /// The characters from `start` to `end`, both in range.
    pub fn substring(&self, start: usize, end: usize) -> &str {
        &self[self.byte_offset(start)..self.byte_offset(end)]
    }

    /// The character at an index, counted from the end when negative; None when it is out of range.
    #[inline]
    pub fn character_at(&self, index: i64) -> Option<Str> {
        let length = self.characters() as i64;
        let index = if index < 0 { index.wrapping_add(length) } else { index };
        if !(0..length).contains(&index) {
            return None;
        }
        if self.is_ascii() {
            return Some(Str::of_char(self.as_bytes()[index as usize] as char));
        }
        self[self.byte_offset(index as usize)..].chars().next().map(Str::of_char)
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
        Str::try_allocate(bytes, characters).unwrap_or_else(|| alloc::handle_alloc_error(layout(bytes)))
    }

    fn try_allocate(bytes: usize, characters: usize) -> Option<Str> {
        let layout = Layout::from_size_align(size_of::<Block>().checked_add(bytes)?, align_of::<Block>()).ok()?;
        // SAFETY: the size is not zero; every field is written before the block is used.
        unsafe {
            let block = NonNull::new(alloc::alloc(layout).cast::<Block>())?;
            let header = Header { count: Cell::new(1), registry: Cell::new(UNTRACKED), table: &TABLE };
            block.write(Block { header, hash: Cell::new(0), characters, bytes });
            Some(Str { block })
        }
    }

    fn data(&self) -> *mut u8 {
        // SAFETY: the bytes follow the block in the same allocation.
        unsafe { self.block.as_ptr().add(1).cast() }
    }
}

/// A string that is being written, in the block that it will be.
pub struct StrBuilder {
    /// Its `bytes` are the capacity until `finish`.
    text: ManuallyDrop<Str>,
    /// Bytes written.
    length: usize,
}

impl StrBuilder {
    pub fn new() -> StrBuilder {
        StrBuilder::with_capacity(0)
    }

    pub fn with_capacity(bytes: usize) -> StrBuilder {
        StrBuilder { text: ManuallyDrop::new(Str::allocate(bytes, 0)), length: 0 }
    }

    /// None when there is not enough memory.
    pub fn try_with_capacity(bytes: usize) -> Option<StrBuilder> {
        Some(StrBuilder { text: ManuallyDrop::new(Str::try_allocate(bytes, 0)?), length: 0 })
    }

    /// Makes room for more bytes; false when there is not enough memory.
    #[must_use]
    pub fn try_reserve(&mut self, more: usize) -> bool {
        let Some(needed) = self.length.checked_add(more) else { return false };
        needed <= self.capacity() || self.resize(needed)
    }

    #[inline]
    pub fn push_str(&mut self, text: &str) {
        let needed = self.length + text.len();
        if needed > self.capacity() {
            self.grow(needed);
        }
        // SAFETY: there is room for the text, which cannot lie in this block.
        unsafe { self.data().add(self.length).copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        self.length = needed;
    }

    #[inline]
    pub fn push(&mut self, character: char) {
        if character.is_ascii() && self.length < self.capacity() {
            // SAFETY: there is room for one more byte.
            unsafe { self.data().add(self.length).write(character as u8) };
            self.length += 1;
            return;
        }
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// The same character many times.
    pub fn push_repeated(&mut self, character: char, count: usize) {
        let mut buffer = [0; 4];
        let text = &*character.encode_utf8(&mut buffer);
        self.grow(self.length + text.len() * count);
        for _ in 0..count {
            self.push_str(text);
        }
    }

    pub fn as_str(&self) -> &str {
        // SAFETY: the bytes up to `length` have been copied from `str`s.
        unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(self.data(), self.length)) }
    }

    pub fn as_mut_str(&mut self) -> &mut str {
        // SAFETY: as above, and nobody else knows the block.
        unsafe { std::str::from_utf8_unchecked_mut(std::slice::from_raw_parts_mut(self.data(), self.length)) }
    }

    /// Drops all text and keeps the room.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// The string.
    #[inline]
    pub fn finish(self) -> Str {
        let characters = count_characters(self.as_str());
        self.finish_with_length(characters)
    }

    /// The string, when its length in characters is known.
    pub fn finish_with_length(mut self, characters: usize) -> Str {
        debug_assert_eq!(count_characters(self.as_str()), characters);
        if self.length != self.capacity() && !self.resize(self.length) {
            alloc::handle_alloc_error(layout(self.length));
        }
        // SAFETY: nobody else knows the block, and `self` is forgotten, so that the string is taken once.
        unsafe {
            self.text.block.as_mut().characters = characters;
            let text = ManuallyDrop::take(&mut self.text);
            std::mem::forget(self);
            text
        }
    }

    /// Bytes it can hold without moving.
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        // SAFETY: the block lives as long as the builder.
        unsafe { self.text.block.as_ref().bytes }
    }

    #[inline(always)]
    fn data(&self) -> *mut u8 {
        self.text.data()
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        if needed > self.capacity() {
            let roomy = needed.max(self.capacity() * 2).max(24);
            if !self.resize(roomy) {
                alloc::handle_alloc_error(layout(roomy));
            }
        }
    }

    fn resize(&mut self, capacity: usize) -> bool {
        let Some(size) = capacity.checked_add(size_of::<Block>()).filter(|size| *size <= isize::MAX as usize - 16)
        else {
            return false;
        };
        // SAFETY: the block was allocated with the layout of its capacity; the text moves along.
        unsafe {
            let memory = alloc::realloc(self.text.block.as_ptr().cast(), layout(self.capacity()), size);
            let Some(mut block) = NonNull::new(memory.cast::<Block>()) else { return false };
            block.as_mut().bytes = capacity;
            self.text.block = block;
        }
        true
    }
}

impl Default for StrBuilder {
    fn default() -> StrBuilder {
        StrBuilder::new()
    }
}

impl Drop for StrBuilder {
    fn drop(&mut self) {
        // SAFETY: `finish` forgets the builder, so the string is still here.
        unsafe { ManuallyDrop::drop(&mut self.text) };
    }
}

impl fmt::Write for StrBuilder {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl Extend<char> for StrBuilder {
    fn extend<T: IntoIterator<Item = char>>(&mut self, characters: T) {
        characters.into_iter().for_each(|character| self.push(character));
    }
}

thread_local! {
    /// The buffer of `Str::written`, unless it is in use. It is not freed when the thread ends.
    static SCRATCH: Cell<Option<ManuallyDrop<StrBuilder>>> = const { Cell::new(None) };
    static ASCII_STRINGS: &'static [Str; 128] = Box::leak(Box::new(std::array::from_fn(|code| {
        Str::intern((code as u8 as char).encode_utf8(&mut [0; 4]))
    })));
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

/// The hash of str and bytes: keyed at random per process, since keys may come from strangers. 0 for no
/// bytes, as in CPython, and for nothing else.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    if bytes.is_empty() {
        return 0;
    }
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
