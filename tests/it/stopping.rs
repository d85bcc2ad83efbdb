//! Ctrl-C: what runs is cancelled and recorded, and `--resume` runs exactly what is missing.

use crate::support::{MockCampaign, Place, count, text, trial_of, until};
use bakeoff_testkit::{MockServer, Reply};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A server that answers `well` calls and lets all others hang until the flag is set.
fn stuck_after(well: usize) -> (MockServer, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mended);
    let rule = move |request: &bakeoff_testkit::RecordedRequest| {
        (request.number >= well && !flag.load(Ordering::SeqCst)).then_some(Reply::Hang)
    };
    (MockServer::with_rule(rule), mended)
}

#[test]
fn interrupt_stops_cleanly_and_resume_runs_exactly_the_missing_trials() {
    let (server, mended) = stuck_after(7);
    let place = Place::empty();
    let campaign = MockCampaign { server: &server, cases: 15, variants: &["a", "b"], more: "parallel: 3\n" };
    campaign.write(&place);
    let running = place.start(&["run", "calls", "--json"]);
    until("seven calls are answered and three hang", || server.count() == 10);
    until("the seven are recorded", || count(&place.newest_run(), "/done") == 7);
    running.interrupt();
    let stopped = running.wait().expect_code(130);
    assert!(stopped.err.contains("stopping:"), "{}", stopped.err);
    assert!(stopped.err.contains("go on with --resume"), "{}", stopped.err);
    assert_eq!(text(&stopped.json(), "/run/state"), "stopped");
    assert_eq!(count(&stopped.json(), "/run/done"), 7);

    let trials = place.trials(1);
    let of = |wanted: &str| -> BTreeSet<String> {
        trials.iter().filter(|(_, outcome)| outcome == wanted).map(|(trial, _)| trial.clone()).collect()
    };
    assert_eq!((of("pass").len(), of("cancelled").len(), trials.len()), (7, 3, 10), "{trials:?}");

    mended.store(true, Ordering::SeqCst);
    place.run(&["run", "calls", "--resume"]).expect_code(0).says("run #1: calls, 30 trials");
    let resumed: Vec<String> = server.requests().iter().skip(10).map(trial_of).collect();
    let distinct: BTreeSet<String> = resumed.iter().cloned().collect();
    assert_eq!((resumed.len(), distinct.len()), (23, 23), "each missing trial is called once");
    assert!(distinct.is_disjoint(&of("pass")), "no finished trial is called again");
    assert_eq!(place.trials(1).len(), campaign.planned());
    assert_eq!(text(&place.newest_run(), "/state"), "finished");

    place
        .run(&["run", "calls", "--resume"])
        .expect_code(3)
        .says("no unfinished run of calls")
        .says("leave out --resume");
}

#[test]
fn a_second_interrupt_quits_at_once_and_nothing_is_lost() {
    let (server, mended) = stuck_after(4);
    let place = Place::empty();
    let campaign = MockCampaign { server: &server, cases: 10, variants: &["a"], more: "parallel: 2\n" };
    campaign.write(&place);
    let running = place.start(&["run", "calls"]);
    until("four calls are answered and two hang", || server.count() == 6);
    until("the four are recorded", || count(&place.newest_run(), "/done") == 4);
    running.interrupt();
    running.interrupt();
    running.wait().expect_code(130);
    mended.store(true, Ordering::SeqCst);
    place.run(&["run", "calls", "--resume"]).expect_code(0);
    assert_eq!(server.count(), 6 + 6, "the four that had ended are not called again");
    assert!(place.trials(1).iter().all(|(_, outcome)| outcome == "pass"));
}
