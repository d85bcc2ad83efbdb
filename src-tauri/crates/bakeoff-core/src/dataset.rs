//! Data sets: the cases that variants are tried on. JSONL, CSV or YAML; one row, one case.

use serde_json::value::RawValue;
use std::sync::Arc;

/// One row. Its fields stay as the JSON text they came in (or were turned into), so that 100,000 rows
/// are held once; they are parsed when a trial needs them.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row's `id`, or `row-` and the first 12 hexadecimal digits of its hash. Unique in the data set.
    pub id: Arc<str>,
    /// The row as one JSON object, `id` included where the row had one.
    pub json: Box<RawValue>,
}

impl Case {
    /// SHA-256 of the row's JSON text: its identity.
    pub fn content_hash(&self) -> String {
        crate::hash::sha256_hex(self.json.get().as_bytes())
    }
}
