//! The two ways a text lies in memory: a byte for each character, or UTF-8.

/// Bytes that are read character by character. Places are numbers of bytes.
pub trait Input: Copy {
    fn bytes(&self) -> &[u8];

    /// The character at a place, and the place behind it; None at the end.
    fn next(&self, place: usize) -> Option<(u32, usize)>;

    /// The character before a place, and where it begins; None at the beginning.
    fn previous(&self, place: usize) -> Option<(u32, usize)>;

    /// The place so many characters before another; None when there are not so many.
    fn back(&self, place: usize, count: usize) -> Option<usize>;

    /// Whether each character is one byte.
    const SINGLE: bool;
}

/// Bytes, or text of ASCII characters only.
#[derive(Clone, Copy)]
pub struct Octets<'a>(pub &'a [u8]);

impl Input for Octets<'_> {
    const SINGLE: bool = true;

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        self.0
    }

    #[inline(always)]
    fn next(&self, place: usize) -> Option<(u32, usize)> {
        self.0.get(place).map(|byte| (u32::from(*byte), place + 1))
    }

    #[inline(always)]
    fn previous(&self, place: usize) -> Option<(u32, usize)> {
        let before = place.checked_sub(1)?;
        self.0.get(before).map(|byte| (u32::from(*byte), before))
    }

    #[inline(always)]
    fn back(&self, place: usize, count: usize) -> Option<usize> {
        place.checked_sub(count)
    }
}

/// UTF-8, which is known to be right; places are between characters.
#[derive(Clone, Copy)]
pub struct Utf8<'a>(pub &'a [u8]);

impl Input for Utf8<'_> {
    const SINGLE: bool = false;

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        self.0
    }

    #[inline(always)]
    fn next(&self, place: usize) -> Option<(u32, usize)> {
        let first = u32::from(*self.0.get(place)?);
        if first < 0x80 {
            return Some((first, place + 1));
        }
        let more = |index: usize| u32::from(self.0.get(place + index).copied().unwrap_or(0)) & 0x3f;
        Some(match first {
            0..0xe0 => ((first & 0x1f) << 6 | more(1), place + 2),
            0xe0..0xf0 => ((first & 0xf) << 12 | more(1) << 6 | more(2), place + 3),
            _ => ((first & 7) << 18 | more(1) << 12 | more(2) << 6 | more(3), place + 4),
        })
    }

    #[inline(always)]
    fn previous(&self, place: usize) -> Option<(u32, usize)> {
        let mut before = place.checked_sub(1)?;
        while before > 0 && self.0.get(before).is_some_and(|byte| byte & 0xc0 == 0x80) {
            before -= 1;
        }
        self.next(before).map(|(code, _)| (code, before))
    }

    fn back(&self, place: usize, count: usize) -> Option<usize> {
        place.checked_sub(count)?;
        (0..count).try_fold(place, |place, _| Some(self.previous(place)?.1))
    }
}
