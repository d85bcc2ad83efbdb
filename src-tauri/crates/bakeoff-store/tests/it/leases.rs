//! Two handles on one file: one owns a run, the other watches.

use crate::store;
use crate::support::{NOW, key, new_run, record};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_store::{Problem, Recovered, RunState, Store};

#[tokio::test]
async fn one_owns_the_other_reads_live() {
    let (_folder, owner) = store();
    let watcher = Store::open(owner.path()).expect("a second handle");
    let run = owner.create_run(new_run("tickets", 2, 1)).await.expect("a run");
    owner.trial_log(run).append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a trial");
    assert_eq!(watcher.numbers(run).expect("reads").len(), 1, "seen as soon as it is written");
    let seen = watcher.owner(run).expect("reads").expect("it has an owner");
    assert_eq!((seen.process, seen.is_this, seen.is_gone), (std::process::id(), false, false));
    let refused = watcher.acquire(run, NOW).await.expect_err("it has an owner");
    assert_eq!(refused.problem, Problem::Owned { run, process: std::process::id() });
    let append = watcher.trial_log(run).append_record(record(key(1, 0, 0), Outcome::Pass)).await;
    assert_eq!(append.expect_err("it is not the owner").problem, Problem::NotOwner { run });
    assert_eq!(watcher.recover(NOW).await, Ok(Vec::new()), "the owner is alive");
    assert_eq!(
        watcher.heartbeat(run, NOW).await.expect_err("not the owner").problem,
        Problem::NotOwner { run }
    );
    owner.heartbeat(run, NOW + 5).await.expect("the owner");
    assert_eq!(watcher.owner(run).expect("reads").map(|owner| owner.heartbeat_at), Some(NOW + 5));
    owner.release(run).await.expect("gives it up");
    watcher.acquire(run, NOW).await.expect("nobody has it");
    assert_eq!(
        owner.acquire(run, NOW).await.expect_err("taken").problem,
        Problem::Owned { run, process: std::process::id() }
    );
}

#[tokio::test]
async fn both_write_at_the_same_time() {
    let (_folder, first) = store();
    let second = Store::open(first.path()).expect("a second handle");
    let mut writers = Vec::new();
    for store in [first.clone(), second] {
        let run = store.create_run(new_run("tickets", 100, 1)).await.expect("a run");
        writers.push(tokio::spawn(async move {
            for case in 0..100 {
                store.trial_log(run).append(record(key(case, 0, 0), Outcome::Fail)).await.expect("a trial");
            }
            run
        }));
    }
    for writer in writers {
        let run = writer.await.expect("no panic");
        assert_eq!(first.numbers(run).expect("reads").len(), 100);
    }
}

#[tokio::test]
async fn what_a_gone_program_left_is_marked_as_interrupted() {
    let (_folder, watcher) = store();
    let owner = Store::open(watcher.path()).expect("a second handle");
    let run = owner.create_run(new_run("tickets", 3, 1)).await.expect("a run");
    let log = owner.trial_log(run);
    log.append(record(key(0, 0, 0), Outcome::Pass)).await.expect("a trial");
    log.append(record(key(2, 0, 0), Outcome::InfraError)).await.expect("a trial");
    log.started(key(1, 0, 0), NOW);
    log.started(key(2, 0, 0), NOW);
    drop((log, owner));
    assert!(watcher.owner(run).expect("reads").is_some_and(|owner| owner.is_gone));
    assert_eq!(watcher.recover(NOW + 9).await, Ok(vec![Recovered { run, in_flight: 2 }]));
    let summary = watcher.run(run).expect("reads");
    assert_eq!((summary.state, summary.ended_at), (RunState::Interrupted, Some(NOW + 9)));
    assert_eq!(summary.count(|outcome| outcome == Outcome::Interrupted), 2);
    let retried = watcher.trial_detail(run, key(2, 0, 0)).expect("reads").expect("it is there");
    assert_eq!((retried.row.outcome, retried.attempts.len()), (Outcome::Interrupted, 1), "its call is kept");
    let remaining = watcher.remaining(run).expect("reads");
    assert_eq!(remaining.len(), 5, "all but the pass");
    assert!(!remaining.contains(&key(0, 0, 0)));
    assert_eq!(watcher.events(run, 0).expect("reads")[0].kind, "interrupted");
    assert_eq!(watcher.recover(NOW + 10).await, Ok(Vec::new()), "only once");
}

#[tokio::test]
async fn acquiring_takes_over_from_a_gone_program() {
    let (_folder, heir) = store();
    let owner = Store::open(heir.path()).expect("a second handle");
    let run = owner.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    owner.trial_log(run).started(key(0, 1, 0), NOW);
    drop(owner);
    heir.acquire(run, NOW + 1).await.expect("the owner is gone");
    assert_eq!(heir.run(run).expect("reads").count(|outcome| outcome == Outcome::Interrupted), 1);
    heir.set_state(run, RunState::Running, None, NOW + 1).await.expect("it is ours");
    heir.trial_log(run).append(record(key(0, 1, 0), Outcome::Pass)).await.expect("runs what was interrupted");
}

#[tokio::test]
async fn a_lease_of_another_machine_lasts_a_minute_without_heartbeat() {
    let (folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    file.execute("UPDATE leases SET host = 'elsewhere', instance = 1, heartbeat_ms = ?1", [NOW])
        .expect("writes");
    assert_eq!(store.recover(NOW + 60_000).await, Ok(Vec::new()));
    assert!(matches!(
        store.acquire(run, NOW + 60_000).await.expect_err("alive").problem,
        Problem::Owned { .. }
    ));
    assert_eq!(store.recover(NOW + 60_001).await, Ok(vec![Recovered { run, in_flight: 0 }]));
}

#[tokio::test]
async fn ending_a_run_marks_trials_whose_result_never_came() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 1, 1)).await.expect("a run");
    store.trial_log(run).started(key(0, 0, 0), NOW);
    store.set_state(run, RunState::Failed, Some("no room".into()), NOW).await.expect("ends");
    let numbers = store.numbers(run).expect("reads");
    assert_eq!((numbers.len(), numbers[0].outcome), (1, Outcome::Interrupted));
}
