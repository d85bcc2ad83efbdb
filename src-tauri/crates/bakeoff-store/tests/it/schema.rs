//! Databases of every released version still open, with all that is in them.

use crate::lab::{audit, fault_trial, sample};
use crate::plan::journal_entry;
use crate::support::{NOW, key};
use crate::workflow::steps;
use bakeoff_core::lab::FaultTrial;
use bakeoff_core::outcome::Outcome;
use bakeoff_store::{JobState, RunState, Store};
use rusqlite::Connection;
use std::path::Path;

/// Dumps of databases as earlier versions left them (see the first lines of each).
const RELEASED: &[(u32, &str)] = &[
    (1, include_str!("../fixtures/schema_1.sql")),
    (2, include_str!("../fixtures/schema_2.sql")),
    (3, include_str!("../fixtures/schema_3.sql")),
    (4, include_str!("../fixtures/schema_4.sql")),
    (5, include_str!("../fixtures/schema_5.sql")),
    (6, include_str!("../fixtures/schema_6.sql")),
];

fn load(dump: &str, path: &Path) {
    Connection::open(path).expect("opens").execute_batch(dump).expect("the dump is SQL");
}

fn schema(path: &Path) -> Vec<(String, String)> {
    let file = Connection::open(path).expect("opens");
    let mut select = file
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .expect("SQL");
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("reads");
    rows.collect::<Result<_, _>>().expect("reads")
}

#[test]
fn every_released_version_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("new.db");
    drop(Store::open(&path).expect("opens"));
    let version: u32 = Connection::open(&path)
        .and_then(|file| file.pragma_query_value(None, "user_version", |row| row.get(0)))
        .expect("reads");
    let kept: Vec<u32> = RELEASED.iter().map(|(version, _)| *version).collect();
    assert_eq!(kept, (1..=version).collect::<Vec<_>>(), "add a dump of the new version to the fixtures");
}

#[test]
fn released_versions_come_to_the_newest_schema() {
    for (version, dump) in RELEASED {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
        load(dump, &old);
        drop(Store::open(&old).expect("an old database opens"));
        drop(Store::open(&new).expect("a new one too"));
        assert_eq!(
            schema(&old),
            schema(&new),
            "from version {version}; a released migration must never change"
        );
    }
}

#[test]
fn the_oldest_campaign_has_no_later_field() {
    // Else the test below would not show that one without them is read.
    let (_, oldest) = RELEASED[0];
    assert!(oldest.contains(r#""dataset":"datasets/tickets.jsonl""#) && !oldest.contains(r#""gates""#));
}

#[tokio::test]
async fn what_released_versions_wrote_is_read() {
    for (version, dump) in RELEASED {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("old.db");
        load(dump, &path);
        let store = Store::open(&path).expect("opens");
        assert_eq!(
            store.recover(NOW + 100_000).await.expect("recovers").len(),
            1,
            "version {version}: run 2 was going on"
        );
        let finished = store.run(1).expect("reads");
        assert_eq!((finished.state, finished.done()), (RunState::Finished, 4));
        let first = store.trial_detail(1, key(0, 0, 0)).expect("reads").expect("it is there");
        assert_eq!((first.row.outcome, first.attempts.len(), first.scores.len()), (Outcome::Pass, 2, 1));
        assert_eq!(first.sent.system.as_deref(), Some("File the ticket."));
        let campaign = store.definition(1).expect("a campaign without later fields is read").campaign;
        assert_eq!((campaign.name.as_str(), campaign.workflow, campaign.inputs.len()), ("tickets", None, 0));
        assert_eq!(store.run_variants(1).expect("reads").len(), 2);
        assert_eq!(store.load_cases(1).expect("reads").len(), 2);
        assert_eq!(store.run(2).expect("reads").count(|outcome| outcome == Outcome::Interrupted), 1);
        assert_eq!(store.list_applied().expect("reads")[0].apply.runs, [1]);
        assert_eq!(store.artifacts(1, None).expect("reads").len(), 1);
        assert_eq!(store.events(1, 0).expect("reads").len(), 1);
        let workflow = store.trial_detail(1, key(0, 1, 0)).expect("reads").expect("it is there");
        let expected = if *version < 2 { Vec::new() } else { steps() };
        assert_eq!(workflow.steps, expected, "version {version}: only later ones knew workflows");
        let known = usize::from(*version >= 2);
        assert_eq!(store.gate_results(1).expect("reads").iter().len(), known);
        assert_eq!(store.deploy_blocks(None).expect("reads").len(), known);
        assert_eq!(store.mlflow_exports(None).expect("reads").len(), known);
        faults(&store, *version >= 3);
        let imported =
            store.imported_run(1).expect("reads").map(|run| (run.source.file, run.source.campaign));
        assert_eq!(imported, (*version >= 4).then(|| ("eval.db".to_owned(), 3)));
        let job = store.job(1).expect("reads").map(|job| (job.state, job.error));
        let failed = (JobState::Failed, Some("every answer was an error".to_owned()));
        assert_eq!(job, (*version >= 5).then_some(failed));
        let calls = store.provider_calls(1, 0, 10).expect("reads").1;
        assert_eq!(calls, if *version >= 5 { 5 } else { 0 }, "the attempts of a run that has a job");
        assert_eq!(store.command_classes(1).expect("reads").len(), usize::from(*version >= 6));
    }
}

/// What a database has of fault campaigns, if its version knew them.
fn faults(store: &Store, are_known: bool) {
    let timeout = store.trial_detail(1, key(1, 0, 0)).expect("reads").expect("it is there");
    // The tools of an agent came later: such a record has none.
    let written = FaultTrial { tools: Vec::new(), ..fault_trial() };
    assert_eq!(timeout.fault, are_known.then(|| Box::new(written)));
    let samples = store.trial_samples(1, key(1, 0, 0)).expect("reads");
    assert_eq!(samples, if are_known { vec![sample(NOW)] } else { Vec::new() });
    let entries = store.trial_audit(1, key(1, 0, 0)).expect("reads");
    assert_eq!(entries, if are_known { audit(NOW + 2_000).to_vec() } else { Vec::new() });
    let open = store.open_faults().expect("reads");
    assert_eq!(open.len(), usize::from(are_known));
    for row in open {
        assert_eq!((row.run, row.entry.expires_at), (2, NOW + 60_000));
        assert_eq!(row.entry, journal_entry(key(1, 1, 0), "/tmp/bakeoff/embedded-1"));
        assert!(!row.owner.is_this, "it was another program's, on another machine");
    }
}
