//! Servers that fail: nothing is lost and nothing is there twice.

use crate::support::fake_server::{FakeServer, Fault};
use crate::support::outbox::Waiting;
use crate::support::{sample, wait};
use bakeoff_mlflow::{Access, ExportOptions, ExportState, Exporter, ProgramPlaces, Target, TrackingUri};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Waits short enough for tests.
const OPTIONS: ExportOptions = ExportOptions {
    page: 7,
    parallel: 3,
    first_wait: Duration::from_millis(5),
    longest_wait: Duration::from_millis(40),
    look_again: Duration::from_secs(30),
};

fn target(uri: &str, timeout: Duration) -> Arc<Target> {
    let uri = TrackingUri::parse(uri, Path::new("/")).expect("an address");
    let access = Access { timeout, ..Access::default() };
    Arc::new(Target::new(uri, access, ProgramPlaces::default()))
}

fn start(outbox: &Arc<Waiting>, uri: &str) -> Exporter {
    start_within(outbox, uri, Duration::from_secs(60))
}

fn start_within(outbox: &Arc<Waiting>, uri: &str, timeout: Duration) -> Exporter {
    Exporter::start(Arc::<Waiting>::clone(outbox), target(uri, timeout), OPTIONS)
}

/// The first state that is wanted.
async fn until(
    state: &mut watch::Receiver<ExportState>,
    wanted: impl Fn(&ExportState) -> bool,
) -> ExportState {
    let found = tokio::time::timeout(Duration::from_secs(60), state.wait_for(|state| wanted(state))).await;
    found.expect("it takes no minute").expect("the exporter works").clone()
}

async fn until_all_sent(exporter: &Exporter, outbox: &Waiting) {
    let mut state = exporter.state();
    until(&mut state, |state| *state == ExportState::Idle && outbox.state().sent == outbox.last()).await;
}

async fn reason(exporter: &Exporter) -> String {
    match until(&mut exporter.state(), |state| matches!(state, ExportState::Waiting { .. })).await {
        ExportState::Waiting { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// Every run once, closed and with all its numbers.
fn assert_all_there(server: &FakeServer, count: usize) {
    let kept = server.shared.kept();
    let names: BTreeSet<&str> = kept.runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!((kept.runs.len(), names.len()), (count, count), "each run is there once");
    for run in &kept.runs {
        assert_eq!(run.status, "FINISHED", "{run:?}");
        assert!(run.metrics.contains_key("duration_ms") && run.params.contains_key("prompt"), "{run:?}");
    }
}

#[test]
fn everything_is_sent_in_order_and_with_bounded_concurrency() {
    wait(async {
        let server = FakeServer::start().await;
        let outbox = Arc::new(Waiting::new("e", sample::drafts(40)));
        let exporter = start(&outbox, &server.uri());
        until_all_sent(&exporter, &outbox).await;
        assert_all_there(&server, 40);
        exporter.stop().await;
        let kept = server.shared.kept();
        assert!((2..=3).contains(&kept.most_open), "{} at the same time", kept.most_open);
        let numbers =
            kept.runs.iter().map(|run| run.tags["bakeoff.trial"].parse::<usize>().expect("a number"));
        let out_of_order =
            numbers.enumerate().filter(|(place, number)| number.abs_diff(place + 1) > 3).count();
        assert_eq!(out_of_order, 0);
    });
}

#[test]
fn every_way_to_fail_is_waited_out() {
    let faults = [Fault::Error, Fault::Html, Fault::BrokenAnswer, Fault::NoAnswer, Fault::Unauthorized];
    wait(futures::future::join_all(faults.map(|fault| async move {
        let server = FakeServer::start().await;
        // Requests of all kinds fail, the first ones in a row. Those without an answer take long, so there are fewer.
        let (timeout, every) = match fault {
            Fault::NoAnswer => (Duration::from_secs(2), 29),
            _ => (Duration::from_secs(60), 5),
        };
        server.shared.set_rule(move |number, _, _| (number < 2 || number % every == 3).then_some(fault));
        let outbox = Arc::new(Waiting::new("e", sample::drafts(25)));
        let exporter = start_within(&outbox, &server.uri(), timeout);
        let reason = reason(&exporter).await;
        let expected = match fault {
            Fault::Error => "failed (HTTP 500): database is locked",
            Fault::Html => {
                "answers with an HTML page instead of JSON (HTTP 200). Is this an MLflow tracking server?"
            }
            Fault::BrokenAnswer => "can't be reached",
            Fault::NoAnswer => "no answer within 2s",
            _ => "refuses access (HTTP 401): who are you?. Set MLFLOW_TRACKING_TOKEN",
        };
        assert!(reason.contains(expected), "{fault:?}: {reason}");
        until_all_sent(&exporter, &outbox).await;
        assert_all_there(&server, 25);
        assert!(outbox.state().refused.is_empty());
        exporter.stop().await;
    })));
}

#[test]
fn a_server_that_goes_in_the_middle_and_comes_back() {
    wait(async {
        let server = FakeServer::start().await;
        let (uri, address) = (server.uri(), server.address);
        let outbox = Arc::new(Waiting::new("e", sample::drafts(60)));
        // It dies with runs begun, logged and closed.
        let (died, mut dead) = watch::channel(false);
        server.shared.set_rule(move |number, _, _| {
            (number >= 40).then(|| {
                died.send_replace(true);
                Fault::BrokenAnswer
            })
        });
        let exporter = start(&outbox, &uri);
        dead.wait_for(|dead| *dead).await.expect("the server is used");
        let shared = server.stop().await;
        let mut state = exporter.state();
        until(
            &mut state,
            |state| matches!(state, ExportState::Waiting { reason, .. } if reason.contains("refused")),
        )
        .await;
        assert!(outbox.state().sent < outbox.last());
        shared.set_rule(|_, _, _| None);
        let server = FakeServer::start_at(address, shared).await;
        until_all_sent(&exporter, &outbox).await;
        assert_all_there(&server, 60);
        exporter.stop().await;
    });
}

#[test]
fn a_crash_anywhere_doubles_nothing() {
    wait(async {
        let server = FakeServer::start().await;
        let outbox = Arc::new(Waiting::new("e", sample::drafts(30)));
        // The exporter dies again and again, each time after some more requests.
        for crash in 1..30 {
            let (told, mut now) = watch::channel(0);
            let seen = AtomicUsize::new(0);
            server.shared.set_rule(move |_, _, _| {
                told.send_replace(seen.fetch_add(1, Ordering::SeqCst));
                None
            });
            let exporter = start(&outbox, &server.uri());
            tokio::select! {
                enough = now.wait_for(|seen| *seen >= crash) => drop(enough.expect("the server is used")),
                () = until_all_sent(&exporter, &outbox) => {}
            }
            exporter.stop().await;
            if outbox.state().sent == outbox.last() {
                break;
            }
        }
        server.shared.set_rule(|_, _, _| None);
        let exporter = start(&outbox, &server.uri());
        until_all_sent(&exporter, &outbox).await;
        assert_all_there(&server, 30);
        exporter.stop().await;
    });
}

#[test]
fn stopping_does_not_wait_for_a_server_that_hangs() {
    wait(async {
        let server = FakeServer::start().await;
        let (told, mut hangs) = watch::channel(false);
        server.shared.set_rule(move |number, _, _| {
            (number > 5).then(|| {
                told.send_replace(true);
                Fault::NoAnswer
            })
        });
        let outbox = Arc::new(Waiting::new("e", sample::drafts(30)));
        let target = target(&server.uri(), Duration::from_secs(3_600));
        let exporter = Exporter::start(Arc::<Waiting>::clone(&outbox), target, OPTIONS);
        hangs.wait_for(|hangs| *hangs).await.expect("the server is used");
        tokio::time::timeout(Duration::from_secs(5), exporter.stop()).await.expect("it stops at once");
    });
}

#[test]
fn one_trial_that_is_refused_holds_nothing_up() {
    wait(async {
        let server = FakeServer::start().await;
        server.shared.set_rule(|_, call, body| {
            let third = call == "runs/log-batch" && body.contains("t-2");
            third.then_some(Fault::Rejected)
        });
        let outbox = Arc::new(Waiting::new("e", sample::drafts(12)));
        let exporter = start(&outbox, &server.uri());
        until_all_sent(&exporter, &outbox).await;
        exporter.stop().await;
        let state = outbox.state();
        assert_eq!(state.refused.len(), 1);
        assert_eq!(state.refused[0].position, 30);
        assert!(state.refused[0].reason.contains("no such value"), "{}", state.refused[0].reason);
        let finished = server.shared.kept().runs.iter().filter(|run| run.status == "FINISHED").count();
        assert_eq!(finished, 11);
    });
}

#[test]
fn a_deleted_experiment_is_told_and_not_asked_for_again() {
    wait(async {
        let server = FakeServer::start().await;
        server.shared.kept().deleted = true;
        let outbox = Arc::new(Waiting::new("tickets", sample::drafts(3)));
        let exporter = start(&outbox, &server.uri());
        let mut state = exporter.state();
        until(&mut state, |state| *state == ExportState::Idle && outbox.state().failed.is_some()).await;
        let failed = outbox.state().failed.clone().unwrap_or_default();
        assert!(failed.contains("“tickets” was deleted in MLflow"), "{failed}");
        assert!(server.shared.kept().requests <= 2);
        exporter.stop().await;
    });
}

#[test]
fn without_mlflow_a_store_waits_and_says_what_to_install() {
    wait(async {
        let outbox = Arc::new(Waiting::new("e", sample::drafts(1)));
        let uri = TrackingUri::parse("sqlite:////nowhere/mlflow.db", Path::new("/")).expect("a store");
        let target = Target::new(uri, Access::default(), ProgramPlaces::default());
        let exporter = Exporter::start(Arc::<Waiting>::clone(&outbox), Arc::new(target), OPTIONS);
        let reason = reason(&exporter).await;
        assert!(reason.contains("wait here until MLflow is installed (pip install mlflow)"), "{reason}");
        assert_eq!(outbox.state().sent, 0);
        exporter.stop().await;
    });
}
