//! Byte offsets as lines and columns.

use super::Span;
use crate::diagnostic::Position;

/// Where the lines of a text begin. A line ends with LF, CR LF or CR, as in editors.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let breaks = bytes.iter().enumerate().filter(|&(at, &byte)| {
            byte == b'\n' || (byte == b'\r' && bytes.get(at + 1).is_none_or(|&next| next != b'\n'))
        });
        Self { starts: std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect() }
    }

    /// The place of a byte; one inside a character counts as the character, one past the end as the end.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let column = text[self.starts[line - 1]..offset].chars().count() + 1;
        Position { line: line as u32, column: column as u32 }
    }

    /// A span of the text behind a byte order mark of `base` bytes; the mark counts in the offsets only.
    pub fn span(&self, text: &str, base: usize, start: usize, end: usize) -> Span {
        Span {
            start: base + start,
            end: base + end,
            from: self.position(text, start),
            to: self.position(text, end),
        }
    }
}

/// Where the line with this byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1)
}

/// Where the line with this byte ends, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |found| at + found)
}

/// Just past the line break at this byte, if there is one.
pub(super) fn past_break(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if rest.starts_with("\r\n") { at + 2 } else { at + usize::from(rest.starts_with(['\n', '\r'])) }
}
