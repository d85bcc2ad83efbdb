//! Fault trials: what is written while they run and what comes of it.

use crate::lab::{audit, fault_trial, resolved_ticket, sample, ticket};
use crate::store;
use crate::support::{NOW, key, new_run, record};
use bakeoff_core::lab::{CommandClass, FaultTrial, HealthSample, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_core::ports::lab::LabLog;
use bakeoff_core::trial::{TrialKey, TrialRecord};
use bakeoff_store::{CommandRow, FaultNumbers, RunId, RunLog, RunState, Store};
use std::path::Path;

const KEY: TrialKey = TrialKey { case: 0, variant: 1, repetition: 0 };

/// What a trial with a fault ends as.
fn ended(key: TrialKey, outcome: Outcome, at: i64, fault: Option<FaultTrial>) -> TrialRecord {
    TrialRecord { ended_at: at, fault: fault.map(Box::new), ..record(key, outcome) }
}

async fn run(store: &Store) -> (RunId, RunLog) {
    let run = store.create_run(new_run("chaos", 2, 1)).await.expect("a run");
    (run, store.trial_log(run))
}

/// Waits until everything that was queued before is written.
async fn written(store: &Store, run: RunId) {
    store.heartbeat(run, NOW).await.expect("the run is ours");
}

fn times(samples: &[HealthSample]) -> Vec<i64> {
    samples.iter().map(|sample| sample.at - NOW).collect()
}

fn count(folder: &Path, table: &str) -> u32 {
    let file = rusqlite::Connection::open(folder.join("bakeoff.db")).expect("opens");
    file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
}

#[tokio::test]
async fn everything_of_a_fault_trial_comes_back() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    log.sample(KEY, sample(NOW));
    log.ticket(KEY, ticket(1, NOW + 1_100));
    for entry in audit(NOW + 2_000) {
        log.audit(KEY, entry);
    }
    log.sample(KEY, sample(NOW + 250));
    written(&store, run).await;
    assert_eq!(
        store.trial_samples(run, KEY).expect("reads"),
        [sample(NOW), sample(NOW + 250)],
        "while it runs, in order"
    );
    assert_eq!(store.trial_tickets(run, KEY).expect("reads"), [ticket(1, NOW + 1_100)]);
    assert_eq!(store.trial_audit(run, KEY).expect("reads"), audit(NOW + 2_000));
    assert_eq!(store.trial_samples(run, key(1, 1, 0)).expect("reads"), [], "another trial has none");

    assert_eq!(store.run_commands(run).expect("reads"), [], "of trials that have ended only");
    let record = ended(KEY, Outcome::Fail, NOW + 8_000, Some(fault_trial()));
    log.append(record.clone()).await.expect("a trial");
    let command = CommandRow {
        key: KEY,
        at: NOW + 2_000,
        line: "labctl {\"command\": \"node start n2\"}".to_owned(),
        class: CommandClass::Repair,
    };
    assert_eq!(store.run_commands(run).expect("reads"), [command], "the call, not what it gave");
    let detail = store.trial_detail(run, KEY).expect("reads").expect("it is there");
    assert_eq!(detail.fault, record.fault, "with its ticket as it was at the end");
    assert_eq!(store.trial_audit(run, KEY).expect("reads").len(), 2, "what was written before is kept");
    assert_eq!(store.trial_samples(run, KEY).expect("reads").len(), 2);
}

#[tokio::test]
async fn trials_without_a_fault_have_none() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    log.append(record(KEY, Outcome::Pass)).await.expect("a trial");
    let detail = store.trial_detail(run, KEY).expect("reads").expect("it is there");
    assert_eq!(detail.fault, None);
    assert_eq!(store.fault_numbers(run).expect("reads"), []);
}

#[tokio::test]
async fn numbers_of_fault_trials_are_read_in_the_order_of_ending() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    let unresolved = FaultTrial {
        planned: None,
        detect_s: None,
        restore_s: None,
        censored_s: Some(15.0),
        ..fault_trial()
    };
    log.append(ended(key(1, 0, 0), Outcome::Fail, NOW, Some(unresolved))).await.expect("a trial");
    log.append(ended(key(0, 1, 0), Outcome::Void, NOW, None)).await.expect("a trial without a fault");
    log.append(ended(key(0, 0, 0), Outcome::Pass, NOW, Some(fault_trial()))).await.expect("a trial");
    let numbers = FaultNumbers {
        key: key(1, 0, 0),
        mechanism: None,
        detect_s: None,
        restore_s: None,
        censored_s: Some(15.0),
        commands: 3,
        destructive: 1,
    };
    let repaired = FaultNumbers {
        key: key(0, 0, 0),
        mechanism: Some("signal".into()),
        detect_s: Some(1.0),
        restore_s: Some(4.25),
        censored_s: None,
        ..numbers.clone()
    };
    assert_eq!(store.fault_numbers(run).expect("reads"), [numbers, repaired]);
}

#[tokio::test]
async fn nothing_of_an_earlier_attempt_is_mixed_into_a_retry() {
    let (folder, store) = store();
    let (run, log) = run(&store).await;
    for number in [1, 2] {
        log.ticket(KEY, ticket(number, NOW + 100));
    }
    log.sample(KEY, sample(NOW + 100));
    for entry in audit(NOW + 100) {
        log.audit(KEY, entry);
    }
    let first = FaultTrial { tickets: vec![ticket(1, NOW + 100), ticket(2, NOW + 100)], ..fault_trial() };
    log.append(ended(KEY, Outcome::Void, NOW + 10_000, Some(first.clone()))).await.expect("the first try");
    log.sample(KEY, sample(NOW + 9_900));
    written(&store, run).await;
    assert_eq!(
        times(&store.trial_samples(run, KEY).expect("reads")),
        [100, 9_900],
        "a sample that came late belongs to the attempt in which it was taken"
    );

    log.ticket(KEY, ticket(1, NOW + 20_500));
    log.sample(KEY, sample(NOW + 20_000));
    written(&store, run).await;
    assert_eq!(times(&store.trial_samples(run, KEY).expect("reads")), [20_000], "the retry's alone");
    assert_eq!(store.trial_tickets(run, KEY).expect("reads"), [ticket(1, NOW + 20_500)]);
    let detail = store.trial_detail(run, KEY).expect("reads").expect("it is there");
    assert_eq!(
        detail.fault,
        Some(Box::new(first)),
        "until the retry has a result, the first one stands whole"
    );

    let second = FaultTrial { tickets: vec![resolved_ticket(1, NOW + 20_500)], ..fault_trial() };
    log.append(ended(KEY, Outcome::Pass, NOW + 30_000, Some(second.clone()))).await.expect("the retry");
    let detail = store.trial_detail(run, KEY).expect("reads").expect("it is there");
    assert_eq!(detail.fault, Some(Box::new(second)));
    assert_eq!(store.trial_audit(run, KEY).expect("reads"), [], "the retry's agent did nothing");
    for (table, rows) in
        [("lab_logs", 1), ("fault_trials", 1), ("tickets", 1), ("health_samples", 1), ("audit_entries", 0)]
    {
        assert_eq!(count(folder.path(), table), rows, "{table}: nothing of the first try is left behind");
    }
}

#[tokio::test]
async fn a_retry_that_wrote_nothing_has_nothing() {
    let (_folder, store) = store();
    let (run, log) = run(&store).await;
    log.sample(KEY, sample(NOW));
    log.append(ended(KEY, Outcome::Void, NOW + 10, Some(fault_trial()))).await.expect("the first try");
    let never_began = FaultTrial { tickets: Vec::new(), planned: None, ..fault_trial() };
    log.append(ended(KEY, Outcome::InfraError, NOW + 20, Some(never_began.clone())))
        .await
        .expect("the retry");
    assert_eq!(store.trial_samples(run, KEY).expect("reads"), [], "not those of the first try");
    let detail = store.trial_detail(run, KEY).expect("reads").expect("it is there");
    assert_eq!(detail.fault, Some(Box::new(never_began)));
}

#[tokio::test]
async fn what_comes_late_to_a_final_result_stays_with_it() {
    let (folder, store) = store();
    let (run, log) = run(&store).await;
    log.append(ended(KEY, Outcome::Pass, NOW, Some(fault_trial()))).await.expect("a trial");
    log.sample(KEY, sample(NOW + 99_000));
    written(&store, run).await;
    assert_eq!(times(&store.trial_samples(run, KEY).expect("reads")), [99_000]);
    assert_eq!(count(folder.path(), "lab_logs"), 1, "a result that is never rolled again gets no second log");
}

#[tokio::test]
async fn a_resumed_run_starts_the_logs_of_its_trials_anew() {
    let (folder, store) = store();
    let (run, log) = run(&store).await;
    log.sample(KEY, sample(NOW));
    // Its first call never went out, so nothing marks this trial as interrupted.
    store.set_state(run, RunState::Stopped, None, NOW + 50).await.expect("stops");
    assert_eq!(times(&store.trial_samples(run, KEY).expect("reads")), [0], "what was seen is kept");
    store.acquire(run, NOW + 100).await.expect("nobody has it");
    log.sample(KEY, sample(NOW + 200));
    store.acquire(run, NOW + 300).await.expect("it is ours already");
    log.sample(KEY, sample(NOW + 250));
    written(&store, run).await;
    assert_eq!(
        times(&store.trial_samples(run, KEY).expect("reads")),
        [200, 250],
        "only those after it was taken up; taking one's own again changes nothing"
    );
    log.append(ended(KEY, Outcome::Pass, NOW + 400, Some(fault_trial()))).await.expect("a trial");
    assert_eq!(count(folder.path(), "health_samples"), 2, "and the others go with the result");
}

#[tokio::test]
async fn another_program_writes_no_samples() {
    let (folder, store) = store();
    let (run, _log) = run(&store).await;
    let other = Store::open(folder.path().join("bakeoff.db")).expect("opens");
    other.trial_log(run).sample(KEY, sample(NOW));
    other.trial_log(run).ticket(KEY, ticket(1, NOW));
    drop(other);
    assert_eq!(count(folder.path(), "lab_logs"), 0, "only the holder of the run's lease may");
}

#[tokio::test]
async fn fault_trials_go_with_their_run() {
    let (folder, store) = store();
    for _ in 0..2 {
        let (run, log) = run(&store).await;
        log.sample(KEY, sample(NOW));
        for entry in audit(NOW) {
            log.audit(KEY, entry);
        }
        log.append(ended(KEY, Outcome::Pass, NOW, Some(fault_trial()))).await.expect("a trial");
        store.set_state(run, RunState::Finished, None, NOW).await.expect("finishes");
    }
    let tables = ["lab_logs", "fault_trials", "tickets", "health_samples"];
    store.delete_run(1, NOW).await.expect("deletes");
    for table in tables {
        assert_eq!(count(folder.path(), table), 1, "{table}: the other run's");
    }
    assert_eq!(
        store.tickets(Default::default(), 0, 9).expect("reads").0[0].ticket.status,
        TicketStatus::Resolved
    );
    store.delete_run(2, NOW).await.expect("deletes");
    for table in tables {
        assert_eq!(count(folder.path(), table), 0, "{table}");
    }
}
