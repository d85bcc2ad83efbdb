//! Two programs in one workspace: one runs, the other watches and may not take over.

use crate::support::{MockCampaign, Place, count, text, until};
use bakeoff_service::{Service, ServiceOptions};
use bakeoff_testkit::{MockServer, Reply};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn a_second_program_watches_and_is_refused() {
    let mended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mended);
    let server = MockServer::with_rule(move |request| {
        (request.number >= 12 && !flag.load(Ordering::SeqCst)).then_some(Reply::Hang)
    });
    let place = Place::empty();
    let campaign = MockCampaign { server: &server, cases: 20, variants: &["a", "b"], more: "parallel: 2\n" };
    campaign.write(&place);
    let owner = place.start(&["run", "calls"]);
    until("twelve trials are recorded and two hang", || {
        server.count() == 14 && count(&place.newest_run(), "/done") == 12
    });

    let row = place.newest_run();
    assert_eq!(text(&row, "/state"), "running");
    assert_eq!(count(&row, "/owned_by"), u64::from(owner.id()));
    place.run(&["list"]).expect_code(0).prints("running").prints("12/40");
    place
        .run(&["show", "1"])
        .expect_code(0)
        .prints("running")
        .prints("12 of 40 trials")
        .prints("Still running");
    place.run(&["compare", "1"]).expect_code(0).prints("Still running");
    place.run(&["compare", "1", "--require", "better"]).expect_code(2);

    let process = format!("process {}", owner.id());
    place.run(&["run", "calls", "--resume"]).expect_code(3).says("run #1").says(&process);
    place.run(&["run", "calls", "--retry-failed"]).expect_code(3);
    assert_eq!(server.count(), 14, "the second program called nothing");

    // Another run of the same campaign is no clash.
    mended.store(true, Ordering::SeqCst);
    place.run(&["run", "calls"]).expect_code(0).says("run #2");
    assert_eq!(server.count(), 14 + campaign.planned());

    owner.interrupt();
    owner.wait().expect_code(130);
    place.run(&["run", "calls", "--resume"]).expect_code(0).says("run #1");
    assert_eq!(place.trials(1).len(), campaign.planned());
}

#[test]
fn a_run_whose_program_was_killed_is_taken_over() {
    let mended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mended);
    let server = MockServer::with_rule(move |request| {
        (request.number >= 5 && !flag.load(Ordering::SeqCst)).then_some(Reply::Hang)
    });
    let place = Place::empty();
    MockCampaign { server: &server, cases: 10, variants: &["a"], more: "parallel: 2\n" }.write(&place);
    let owner = place.start(&["run", "calls"]);
    until("five trials are recorded and two hang", || {
        server.count() == 7 && count(&place.newest_run(), "/done") == 5
    });
    owner.kill();
    let row = place.newest_run();
    assert_eq!(text(&row, "/state"), "interrupted");
    assert!(row["owned_by"].is_null());
    let interrupted = place.trials(1).iter().filter(|(_, outcome)| outcome == "interrupted").count();
    assert_eq!(interrupted, 2, "what was in flight is marked");
    place.run(&["show", "1"]).expect_code(0).prints("interrupted");
    mended.store(true, Ordering::SeqCst);
    place.run(&["run", "calls", "--resume"]).expect_code(0);
    assert_eq!(server.count(), 7 + 5);
}

/// A run may end between the look at it and the wait for it.
#[test]
fn a_run_that_nobody_here_works_on_is_waited_for_without_harm() {
    let place = Place::starter();
    let options = ServiceOptions { config_folder: place.root().join("config"), ..ServiceOptions::default() };
    let service = Service::open(&place.path(""), options).expect("the workspace opens");
    service.wait_for_end(1, Duration::from_millis(1));
}
