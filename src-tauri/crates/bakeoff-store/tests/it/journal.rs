//! The journal of faults.

use crate::plan::{journal_entry, place, planned};
use crate::store;
use crate::support::{NOW, key, new_run};
use bakeoff_core::fault::FaultState;
use bakeoff_core::ports::lab::{JournalId, LabLog};
use bakeoff_store::{Closing, JournalRows, RunId, RunLog, RunState, Store};

async fn run(store: &Store) -> (RunId, RunLog) {
    let run = store.create_run(new_run("chaos", 2, 1)).await.expect("a run");
    (run, store.trial_log(run))
}

async fn plan(log: &RunLog, folder: &str) -> JournalId {
    log.plan_fault(journal_entry(key(0, 1, 0), folder), NOW).await.expect("it is written down")
}

#[tokio::test]
async fn a_fault_is_followed_from_its_plan_to_its_end() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    let id = plan(&log, "/tmp/a").await;
    let open = store.open_faults().expect("reads");
    let row = &open[0];
    assert_eq!((open.len(), row.id, row.run, row.state), (1, id, run, FaultState::Planned));
    assert_eq!(row.entry, journal_entry(key(0, 1, 0), "/tmp/a"), "with its undo, its place and its lease");
    assert_eq!((row.planned_at, row.landed_at, row.note.as_deref()), (NOW, None, None));
    assert_eq!((row.owner.process, row.owner.is_this, row.owner.is_gone), (std::process::id(), true, false));
    assert!(!row.owner.is_earlier_boot && !row.owner.boot_id.is_empty());

    let steps = [
        (FaultState::Injecting, None),
        (FaultState::Landed, Some("n2 refuses connections")),
        (FaultState::Reverting, None),
        (FaultState::RevertFailed, Some("n2 does not start")),
    ];
    for (after, (state, note)) in (1..).zip(steps) {
        log.advance_fault(id, state, NOW + after, note.map(str::to_owned)).await.expect("noted");
    }
    let row = store.open_faults().expect("reads").remove(0);
    assert_eq!((row.injecting_at, row.landed_at), (Some(NOW + 1), Some(NOW + 2)));
    assert_eq!((row.reverting_at, row.ended_at), (Some(NOW + 3), Some(NOW + 4)));
    assert_eq!(row.note.as_deref(), Some("n2 does not start"), "one that could not be undone is still open");

    log.advance_fault(id, FaultState::Lost, NOW + 5, None).await.expect("noted");
    assert_eq!(store.open_faults().expect("reads"), []);
    let row = store.fault_journal(Some(run), 9).expect("reads").remove(0);
    assert_eq!((row.state, row.ended_at), (FaultState::Lost, Some(NOW + 5)));
    assert_eq!(row.note.as_deref(), Some("n2 does not start"), "the last word that was said");
}

#[tokio::test]
async fn a_closed_fault_is_never_opened_again() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    let id = plan(&log, "/tmp/a").await;
    log.advance_fault(id, FaultState::Reverted, NOW + 1, None).await.expect("noted");
    log.advance_fault(id, FaultState::Landed, NOW + 2, Some("late".into())).await.expect("is no failure");
    let row = store.fault_journal(Some(run), 9).expect("reads").remove(0);
    assert_eq!((row.state, row.landed_at, row.note), (FaultState::Reverted, None, None));
    let error = log.advance_fault(JournalId(77), FaultState::Landed, NOW, None).await.expect_err("unknown");
    assert!(error.message.contains("fault #77 in the journal"), "{error}");
}

#[tokio::test]
async fn a_sweep_closes_by_number_and_by_place() {
    let (_folder, store) = store();
    let (_, log) = run(&store).await;
    let ids = [plan(&log, "/tmp/a").await, plan(&log, "/tmp/a").await, plan(&log, "/tmp/b").await];
    log.advance_fault(ids[0], FaultState::Reverted, NOW + 1, None).await.expect("noted");
    let here = JournalRows::Place(place("/tmp/a"));
    let note = Some("its folder is gone".to_owned());
    let closed = store.close_faults(here.clone(), Closing::Lost, NOW + 2, note).await.expect("closes");
    assert_eq!(closed, 1, "the other one there was undone before");
    assert_eq!(store.close_faults(here, Closing::Lost, NOW + 3, None).await, Ok(0), "nothing is left there");
    let states = |store: &Store| {
        let rows = store.fault_journal(None, 9).expect("reads");
        rows.iter().rev().map(|row| row.state).collect::<Vec<_>>()
    };
    assert_eq!(states(&store), [FaultState::Reverted, FaultState::Lost, FaultState::Planned]);
    let all = JournalRows::Ids(ids.to_vec());
    assert_eq!(store.close_faults(all, Closing::Reverted, NOW + 4, None).await, Ok(1));
    assert_eq!(states(&store), [FaultState::Reverted, FaultState::Lost, FaultState::Reverted]);
    assert_eq!(store.fault_journal(None, 2).expect("reads").len(), 2, "no more than asked for");
}

#[tokio::test]
async fn only_the_owner_plans_but_who_lost_the_run_may_still_undo() {
    let (folder, store) = store();
    let (run, log) = run(&store).await;
    let id = plan(&log, "/tmp/a").await;
    let other = Store::open(folder.path().join("bakeoff.db")).expect("opens");
    let refused = other.trial_log(run).plan_fault(journal_entry(key(0, 0, 0), "/tmp/b"), NOW).await;
    assert!(refused.expect_err("not its run").message.contains("does not own run #1"));
    store.release(run).await.expect("gives it up");
    log.advance_fault(id, FaultState::Reverted, NOW + 1, None).await.expect("still its fault");
    assert_eq!(other.open_faults().expect("reads"), []);
}

#[tokio::test]
async fn what_is_in_force_outlives_its_deleted_run() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    let ids = [plan(&log, "/tmp/a").await, plan(&log, "/tmp/b").await];
    log.advance_fault(ids[0], FaultState::Reverted, NOW + 1, None).await.expect("noted");
    store.set_state(run, RunState::Stopped, None, NOW + 2).await.expect("stops");
    store.delete_run(run, NOW + 3).await.expect("deletes");
    let left = store.fault_journal(None, 9).expect("reads");
    assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[1]], "only what is still open");
    assert_eq!(left[0].entry.planned, planned());
}
