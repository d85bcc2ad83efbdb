//! The store through its public functions, on real files.

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/plan.rs"]
mod plan;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/workflow.rs"]
mod workflow;

mod aggregates;
mod applies;
mod cases;
mod command_classes;
mod exports;
mod faults;
mod full_disk;
mod gates;
mod journal;
mod leases;
mod opening;
mod runs;
mod schema;
mod steps;
mod tickets;
mod trials;

use bakeoff_store::Store;

/// A store in a folder of its own, which goes with the first value.
fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(folder.path().join("bakeoff.db")).expect("a new database opens");
    (folder, store)
}
