//! Putting new bytes in the place of old ones.

use std::ops::Range;

/// New bytes for a range of the old text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub range: Range<usize>,
    pub with: String,
}

impl Splice {
    pub fn new(range: Range<usize>, with: impl Into<String>) -> Self {
        Self { range, with: with.into() }
    }

    pub fn insert(at: usize, with: impl Into<String>) -> Self {
        Self::new(at..at, with)
    }
}

/// The text with all splices made; their ranges do not overlap.
pub(super) fn splice(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut result =
        String::with_capacity(text.len() + splices.iter().map(|splice| splice.with.len()).sum::<usize>());
    let mut done = 0;
    for Splice { range, with } in splices {
        result.push_str(&text[done..range.start]);
        result.push_str(&with);
        done = range.end;
    }
    result.push_str(&text[done..]);
    result
}
