//! What was asked of the server.

use axum::body::Bytes;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One model call as it came over the wire.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// From 0, in the order of arrival.
    pub number: usize,
    /// Such as `POST`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Bytes,
}

impl RecordedRequest {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it isn't.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Default)]
struct Entries {
    count: usize,
    repeated: usize,
    seen: HashSet<u64>,
    requests: Vec<RecordedRequest>,
}

/// The server's memory of calls.
pub(super) struct Journal {
    keep: bool,
    entries: Mutex<Entries>,
}

impl Journal {
    pub(super) fn new(keep: bool) -> Self {
        Self { keep, entries: Mutex::default() }
    }

    /// Counts a request and gives it its number.
    pub(super) fn add(&self, request: &mut RecordedRequest) {
        let mut hasher = DefaultHasher::new();
        (&request.path, &request.body).hash(&mut hasher);
        let mut entries = self.entries();
        request.number = entries.count;
        entries.count += 1;
        if !entries.seen.insert(hasher.finish()) {
            entries.repeated += 1;
        }
        if self.keep {
            entries.requests.push(request.clone());
        }
    }

    pub(super) fn count(&self) -> usize {
        self.entries().count
    }

    pub(super) fn repeated(&self) -> usize {
        self.entries().repeated
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.entries().requests.clone()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
