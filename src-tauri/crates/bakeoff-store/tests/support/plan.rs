//! A fault as it is planned, to test with.

use crate::support::NOW;
use bakeoff_core::fault::{FaultKind, Place, PlannedFault, Undo};
use bakeoff_core::ports::lab::JournalEntry;
use bakeoff_core::trial::TrialKey;

/// Node n2 killed.
pub fn planned() -> PlannedFault {
    PlannedFault {
        fault: FaultKind::NodeKill.with_defaults(),
        node: Some("n2".into()),
        mechanism: "signal".into(),
        undo: Undo::StartNode { node: "n2".into() },
        detail: serde_json::Map::from_iter([("was_leader".into(), true.into())]),
    }
}

/// A place of the embedded subject.
pub fn place(folder: &str) -> Place {
    Place::Embedded { folder: folder.into() }
}

/// What is journalled before node n2 is killed.
pub fn journal_entry(key: TrialKey, folder: &str) -> JournalEntry {
    JournalEntry { key, planned: planned(), place: place(folder), expires_at: NOW + 60_000 }
}
