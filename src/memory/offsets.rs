//! Where the characters of a string begin that is long and not ASCII.
//!
//! A string is UTF-8, so its n-th character would have to be counted out from the start each time. The first
//! time that is asked of a long string, the place of every 64th character is noted here; from then on there are
//! no more than 64 to count. The notes go when the string does.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

/// Characters from one note to the next.
const STEP: usize = 64;

/// Bytes below which counting is as quick.
pub(super) const LONG: usize = 4 * STEP;

thread_local! {
    static NOTES: RefCell<FxHashMap<usize, Box<[usize]>>> = RefCell::default();
}

/// Uses the notes of the string at this address, and makes them when there are none yet.
fn with_notes<R>(address: usize, text: &str, read: impl FnOnce(&[usize]) -> R) -> R {
    NOTES.with(|notes| {
        let mut notes = notes.borrow_mut();
        let starts = || text.char_indices().step_by(STEP).map(|(place, _)| place);
        read(notes.entry(address).or_insert_with(|| starts().collect()))
    })
}

/// The byte at which a character starts; the length when there are not so many.
pub(super) fn byte_offset(address: usize, text: &str, character: usize) -> usize {
    let noted = with_notes(address, text, |notes| notes.get(character / STEP).copied());
    noted.map_or(text.len(), |start| start + count_bytes(&text[start..], character % STEP))
}

/// How many characters start before a byte.
pub(super) fn character_index(address: usize, text: &str, byte: usize) -> usize {
    let (index, start) = with_notes(address, text, |notes| {
        let index = notes.partition_point(|start| *start <= byte) - 1;
        (index, notes[index])
    });
    index * STEP + text[start..byte].chars().count()
}

/// The bytes of so many characters at the start; all when there are not so many.
pub(super) fn count_bytes(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(place, _)| place)
}

/// The string at this address changes or goes.
#[cold]
pub(super) fn forget(address: usize) {
    // At the end of the thread the notes may be gone already.
    let _ = NOTES.try_with(|notes| notes.borrow_mut().remove(&address));
}

#[cfg(test)]
mod tests {
    use super::super::text::Str;

    #[test]
    fn characters_of_long_texts_are_found() {
        let text: String = "aä€😀".chars().cycle().take(1003).collect();
        let counted = Str::new(&text);
        for (index, (byte, character)) in text.char_indices().enumerate() {
            assert_eq!(counted.byte_offset(index), byte);
            assert_eq!(counted.character_index(byte), index);
            assert_eq!(counted.character_at(index as i64).as_deref(), Some(&*character.to_string()));
        }
        assert_eq!(counted.byte_offset(1003), text.len());
        assert_eq!(counted.byte_offset(5000), text.len());
        assert_eq!(counted.character_index(text.len()), 1003);
    }

    #[test]
    fn a_text_that_grows_is_noted_anew() {
        let text = "ä".repeat(500);
        let counted = Str::new(&text);
        assert_eq!(counted.byte_offset(400), 800);
        let counted = counted.append("xyz");
        assert_eq!(counted.byte_offset(501), 1001);
        assert_eq!(counted.character_at(502).as_deref(), Some("z"));
    }
}
