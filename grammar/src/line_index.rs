//! From byte offsets to lines and columns.

/// Where each line of a source begins. Lines end with `\n`, `\r\n` or `\r`, as in Python.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    pub fn new(source: &str) -> LineIndex {
        let bytes = source.as_bytes();
        let mut starts = vec![0];
        for (index, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' || byte == b'\r' && bytes.get(index + 1) != Some(&b'\n') {
                starts.push(index as u32 + 1);
            }
        }
        LineIndex { starts }
    }

    /// The 1-based line that holds the byte at `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// The byte offset at which a 1-based line begins, if there is such a line.
    pub fn line_start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// The 1-based line and the 1-based column, in characters, of the byte at `offset`.
    pub fn line_column(&self, source: &str, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.line_start(line).unwrap_or(0) as usize;
        let end = (offset as usize).min(source.len()).max(start);
        // Counting the bytes that begin a character never slices inside one.
        let column = source.as_bytes()[start..end].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        (line, column as u32 + 1)
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}
