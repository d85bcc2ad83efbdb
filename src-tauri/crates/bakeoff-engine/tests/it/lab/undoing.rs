//! Whatever happens, the fault is undone and the system under test is removed.

use super::{FakeLab, baseline, check, fault, lab_world, repairing, talking};
use bakeoff_core::fault::{FaultKind, FaultState};
use bakeoff_core::outcome::Outcome;
use bakeoff_testkit::FakeModel;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_fault_that_cannot_be_undone_takes_its_instance_with_it() {
    let labs = [
        (FakeLab { revert_fails: true, ..FakeLab::default() }, "permission denied."),
        (FakeLab { revert_lies: true, ..FakeLab::default() }, "it is still there"),
        (FakeLab { hangs_in: vec!["revert"], ..FakeLab::default() }, "took longer than 5 s"),
        (FakeLab { panics_in: vec!["revert"], ..FakeLab::default() }, "told to panic in revert"),
    ];
    for (lab, words) in labs {
        let one = lab_world(FaultKind::NodeKill, lab, talking("All is well."));
        let record = one.only().await;
        check(&record, Outcome::Fail, "The agent said that it is resolved");
        let states = one.log().journal().remove(0).states;
        let [.., failed, lost] = &states[..] else { panic!("{states:?}") };
        assert_eq!((failed.0, lost.0), (FaultState::RevertFailed, FaultState::Lost));
        assert!(failed.2.as_ref().unwrap().contains(words), "{failed:?}");
        assert_eq!(fault(&record).fault_state, Some(FaultState::Lost));
        assert_eq!(fault(&record).clocks.reverted_at, None);
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_be_removed_stays_in_the_journal() {
    let lab = FakeLab { revert_fails: true, panics_in: vec!["close"], ..FakeLab::default() };
    let one = lab_world(FaultKind::NodeKill, lab, talking("All is well."));
    let record = one.only().await;
    check(&record, Outcome::Fail, "");
    assert_eq!(one.path().last(), Some(&FaultState::RevertFailed), "the next sweep must find it");
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_moment_leaves_nothing() {
    // From the boot over warm-up, fault, ticket, agent and hold time to the taking down.
    for moment in 0..120 {
        let one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
        let run = one.world.start();
        tokio::time::sleep(Duration::from_millis(moment * 125)).await;
        run.stop();
        let end = run.wait().await;
        one.check_clean();
        let records = one.world.log.records();
        let [record] = &records[..] else {
            assert_eq!((moment, end.counts.not_run), (0, 1), "at {moment}: {end:?}, {records:?}");
            continue;
        };
        if record.outcome != Outcome::Pass {
            check(record, Outcome::Cancelled, "Stopped while it ran.");
            assert!(fault(record).clocks.boot_at.is_some(), "what was known is kept");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_is_a_defect_and_leaves_nothing() {
    for method in ["wait_healthy", "sample", "capture_state", "plan", "inject", "presence", "observe"] {
        let lab = FakeLab { panics_in: vec![method], ..FakeLab::default() };
        let one = lab_world(FaultKind::NodeKill, lab, repairing("node start {}"));
        check(&one.only().await, Outcome::InfraError, "A defect of this program ended the trial");
        one.check_clean();
    }
    for method in ["open_shell", "labctl", "check_data"] {
        let lab = FakeLab { panics_in: vec![method], ..FakeLab::default() };
        let one = lab_world(FaultKind::NodeKill, lab, repairing("node start {}"));
        check(&one.only().await, Outcome::InfraError, "A defect of this program ended the trial");
        assert!(
            !one.instance().is_whole()
                || method == "check_data"
                || one.path().contains(&FaultState::Reverted)
        );
        one.check_clean();
    }
    let model = FakeModel::new(|_, _| bakeoff_testkit::FakeAnswer::panic());
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), model);
    let record = one.only().await;
    check(&record, Outcome::InfraError, "A defect of this program ended the trial");
    assert!(!fault(&record).tickets.is_empty(), "what was seen is kept");
    assert_eq!(one.path().last(), Some(&FaultState::Reverted));
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_is_done() {
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), talking("never called"));
    one.log().set_failing(true);
    check(&one.only().await, Outcome::InfraError, "could not be written into the journal: The disk is full.");
    assert_eq!(one.trace.position("inject"), None);
    assert!(one.instance().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_breaks_meanwhile_does_not_keep_the_fault_in() {
    let mut one = lab_world(FaultKind::NodeKill, FakeLab::default(), FakeModel::always("never called"));
    one.world = one.world.variants(vec![baseline()]);
    let run = one.world.start();
    tokio::time::sleep(SECOND * 8).await;
    assert!(one.trace.position("journal Landed").is_some(), "it is in: {:?}", one.trace.all());
    one.log().set_failing(true);
    run.stop();
    run.wait().await;
    assert!(one.instance().is_closed() && one.instance().is_whole(), "undone all the same");
}

#[tokio::test(start_paused = true)]
async fn looks_that_hang_do_not_hold_the_trial_up() {
    let lab = FakeLab { hangs_in: vec!["observe"], ..FakeLab::default() };
    let mut one = lab_world(FaultKind::NodeKill, lab, talking("never called"));
    one.world.spec.timeout = SECOND * 20;
    let record = one.only().await;
    check(&record, Outcome::Timeout, "Not restored");
    assert!(fault(&record).tickets.is_empty());
    one.check_clean();
}
