//! The nodes of workflow trials.

use crate::store;
use crate::support::{NOW, key, new_run, record};
use crate::workflow::steps;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::trial::TrialRecord;
use bakeoff_store::RunState;

#[tokio::test]
async fn every_step_comes_back_in_order() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 2, 1)).await.expect("a run");
    let log = store.trial_log(run);
    let written = TrialRecord { steps: steps(), ..record(key(0, 0, 0), Outcome::Fail) };
    log.append(written).await.expect("a trial");
    log.append(record(key(1, 0, 0), Outcome::Pass)).await.expect("a trial without steps");
    let detail = store.trial_detail(run, key(0, 0, 0)).expect("reads").expect("it is there");
    assert_eq!(detail.steps, steps());
    let other = store.trial_detail(run, key(1, 0, 0)).expect("reads").expect("it is there");
    assert_eq!(other.steps, Vec::new());
}

#[tokio::test]
async fn a_retry_replaces_the_steps() {
    let (folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let log = store.trial_log(run);
    let first = TrialRecord { steps: steps(), ..record(key(0, 0, 0), Outcome::InfraError) };
    log.append(first).await.expect("the first try");
    let second = TrialRecord { steps: steps()[..1].to_vec(), ..record(key(0, 0, 0), Outcome::Pass) };
    log.append(second).await.expect("the retry");
    let detail = store.trial_detail(run, key(0, 0, 0)).expect("reads").expect("it is there");
    assert_eq!((detail.steps.len(), detail.attempts.len()), (1, 2), "new steps, and the calls of both tries");
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    let kept: u32 = file.query_row("SELECT count(*) FROM steps", [], |row| row.get(0)).expect("counts");
    assert_eq!(kept, 1, "nothing of the first try is left behind");
}

#[tokio::test]
async fn steps_go_with_their_run() {
    let (folder, store) = store();
    for _ in 0..2 {
        let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
        let written = TrialRecord { steps: steps(), ..record(key(0, 0, 0), Outcome::Pass) };
        store.trial_log(run).append(written).await.expect("a trial");
        store.set_state(run, RunState::Finished, None, NOW).await.expect("finishes");
    }
    store.delete_run(1, NOW).await.expect("deletes");
    let detail = store.trial_detail(2, key(0, 0, 0)).expect("reads").expect("it is there");
    assert_eq!(detail.steps, steps(), "their system prompts are still in use");
    store.delete_run(2, NOW).await.expect("deletes");
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    for table in ["steps", "system_prompts"] {
        let left: u32 =
            file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts");
        assert_eq!(left, 0, "{table}");
    }
}
