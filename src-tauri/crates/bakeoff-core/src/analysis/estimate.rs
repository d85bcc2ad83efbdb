//! Building estimates: a number that isn't finite never gets out, and what is missing is explained.

use super::Estimate;
use crate::stats::Interval;

/// Cautions and reasons that end up in one note.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Vec<String>);

impl Notes {
    /// Adds a note.
    pub(crate) fn add(&mut self, note: impl Into<String>) {
        self.0.push(note.into());
    }

    /// Adds a note that was made elsewhere.
    pub(crate) fn extend(&mut self, notes: &[String]) {
        self.0.extend_from_slice(notes);
    }

    fn joined(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }
}

impl Estimate {
    /// An estimate with what is finite of it.
    pub(crate) fn new(
        value: f64,
        interval: Option<Interval>,
        n: usize,
        method: impl Into<String>,
        notes: Notes,
    ) -> Self {
        let interval = interval.map(|interval| Interval {
            low: interval.low.filter(|low| low.is_finite()),
            high: interval.high.filter(|high| high.is_finite()),
        });
        Self {
            value: value.is_finite().then_some(value),
            interval: interval.filter(|interval| interval.low.is_some() || interval.high.is_some()),
            n: count(n),
            method: method.into(),
            note: notes.joined(),
        }
    }

    /// No value, and why.
    pub(crate) fn missing(n: usize, method: impl Into<String>, mut notes: Notes, why: &str) -> Self {
        notes.add(why);
        Self { value: None, interval: None, n: count(n), method: method.into(), note: notes.joined() }
    }
}

/// A count as it is shown.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// `1 time-out`, `3 time-outs`: a count with its noun.
pub(crate) fn counted(n: u32, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
