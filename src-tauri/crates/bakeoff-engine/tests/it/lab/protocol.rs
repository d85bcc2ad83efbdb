//! The steps of a trial and their outcomes.

use super::{FakeLab, LabWorld, baseline, cases, check, fault, lab_world, repairing, settings, talking};
use crate::common::{plan, variant};
use bakeoff_core::dataset::Case;
use bakeoff_core::fault::{FaultKind, FaultState};
use bakeoff_core::lab::{Attribution, AuditKind, LayerState, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::Provider;
use bakeoff_engine::{EndReason, EngineEvent, Lab};
use bakeoff_testkit::{FakeModel, fake_subject};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn without_agent(kind: FaultKind, lab: FakeLab) -> LabWorld {
    let mut one = lab_world(kind, lab, FakeModel::always("never called"));
    one.world = one.world.variants(vec![baseline()]);
    one
}

#[tokio::test(start_paused = true)]
async fn a_repaired_node_passes_and_everything_is_recorded() {
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
    let record = one.only().await;
    check(&record, Outcome::Pass, "");
    let trial = fault(&record);
    let clocks = trial.clocks;
    let moments = [
        clocks.boot_at,
        clocks.healthy_at,
        clocks.inject_begin_at,
        clocks.landed_at,
        clocks.onset_at,
        clocks.ticket_at,
        clocks.agent_at,
        clocks.resolved_at,
        clocks.verdict_at,
        clocks.reverted_at,
    ];
    assert!(moments.iter().all(Option::is_some), "{clocks:?}");
    assert!(moments.is_sorted(), "{clocks:?}");
    assert!(clocks.restored_at.unwrap() < clocks.resolved_at.unwrap(), "back-dated: {clocks:?}");
    let between = |value: Option<f64>, least: f64, most: f64| (least..=most).contains(&value.unwrap());
    assert!(between(trial.detect_s, 0.0, 1.3), "the monitor looks every second: {trial:?}");
    assert!(between(trial.restore_s, 2.0, 4.0), "two answers of a second each: {trial:?}");
    assert!(between(trial.claim_lag_s, 0.5, 1.1), "a third one: {trial:?}");
    assert_eq!((trial.censored_s, trial.attribution), (None, Some(Attribution::Targeted)));
    assert_eq!((trial.mode.as_str(), trial.sandbox.as_deref()), ("managed", Some("memory")));
    assert_eq!(trial.tools, ["shell", "labctl"]);
    assert_eq!((trial.commands, trial.unique_commands, trial.destructive), (2, 2, 0));
    assert_eq!(trial.fault_state, Some(FaultState::Reverted));
    let verdict = trial.verdict.as_ref().unwrap();
    assert!(verdict.layers().iter().all(|(_, layer)| layer.state == LayerState::Pass), "{verdict:?}");
    assert!(!trial.initial_state.as_ref().unwrap().members.is_empty() && trial.final_state.is_some());
    let [ticket] = &trial.tickets[..] else { panic!("one ticket: {trial:?}") };
    assert_eq!((ticket.status, ticket.resolved_by.as_deref()), (TicketStatus::Resolved, Some("agent")));
    assert_eq!(ticket.node, trial.planned.as_ref().unwrap().node);
    assert_eq!((record.latency_ms, record.usage.total_tokens()), (Some(3_000.0), Some(110 + 110 + 320)));
    assert_eq!((record.attempts.len(), record.attempts[0].model.as_str()), (3, "model-a"));
    assert_eq!(record.sent.system.as_deref(), Some("Answer with a label."));
    assert!(record.sent.user.contains("node_down") && record.sent.user.contains("A ledger of 3 nodes"));
    assert!(record.cost_usd.unwrap() > 0.0);
    assert_eq!(record.answer.as_deref(), Some("It was down; I repaired it."));
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn the_fault_is_journalled_before_it_is_done_and_tickets_are_bound_before_they_are_taken() {
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
    one.only().await;
    let place =
        |start: &str| one.trace.position(start).unwrap_or_else(|| panic!("{start}: {:?}", one.trace.all()));
    let order = ["open", "journal Planned", "journal Injecting", "inject", "journal Landed"];
    let order = order.into_iter().chain(["ticket 1 Open", "ticket 1 Acknowledged", "labctl NodeStart"]);
    let order =
        order.chain(["ticket 1 Resolved", "journal Reverting", "revert", "journal Reverted", "close"]);
    let places: Vec<usize> = order.map(place).collect();
    assert!(places.is_sorted(), "{places:?} in {:?}", one.trace.all());
    let (_, first) = one.log().tickets().remove(0);
    assert_eq!((first.status, first.variant.as_deref()), (TicketStatus::Open, Some("a")));
    let row = one.log().journal().remove(0);
    assert!(row.states.iter().find(|(state, ..)| *state == FaultState::Landed).unwrap().2.is_some());
    let lease = row.entry.expires_at - 1_000_000;
    assert!((150_000..400_000).contains(&lease), "all parts of a trial and a margin: {lease}");
    assert!(one.log().samples().len() > 30, "four a second");
    let audit = one.log().audit();
    assert!(audit.iter().zip(1..).all(|((_, entry), number)| entry.number == number), "{audit:?}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_repairs_nothing_fails_by_the_oracle() {
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), talking("All is well."));
    let record = one.only().await;
    check(&record, Outcome::Fail, "The agent said that it is resolved, but");
    let trial = fault(&record);
    assert_eq!((trial.restore_s, trial.claim_lag_s, trial.attribution), (None, None, None));
    assert!(trial.censored_s.unwrap() > 6.0, "watched until the verdict: {trial:?}");
    assert_eq!(trial.verdict.as_ref().unwrap().cause.state, LayerState::Fail);
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn who_claims_long_before_it_is_true_fails_with_a_negative_lag() {
    // It claims about 1.5 s after the fault; the node comes back 7 s after it, when the hold time is long over.
    let lab = FakeLab { heals_after: Some(SECOND * 7), ..FakeLab::default() };
    let one = lab_world(FaultKind::NodeKill, lab, talking("All is well."));
    let record = one.only().await;
    check(&record, Outcome::Fail, "The agent said that it is resolved");
    let lag = fault(&record).claim_lag_s.unwrap();
    assert!((-7.0..-4.5).contains(&lag), "{lag}");
}

#[tokio::test(start_paused = true)]
async fn without_an_agent_the_trial_ends_when_it_has_healed_or_at_the_limit() {
    let one = without_agent(
        FaultKind::ProcessRestart,
        FakeLab { heals_after: Some(SECOND * 4), ..FakeLab::default() },
    );
    let record = one.only().await;
    check(&record, Outcome::Pass, "");
    let trial = fault(&record);
    assert_eq!((trial.mode.as_str(), trial.attribution), ("baseline", Some(Attribution::SelfHealed)));
    assert!((3.5..4.6).contains(&trial.restore_s.unwrap()), "{trial:?}");
    assert_eq!(trial.tickets[0].resolved_by.as_deref(), Some("monitor"));
    assert_eq!((trial.tickets[0].variant.as_deref(), trial.claim_lag_s), (None, None));
    assert_eq!((record.cost_usd, record.attempts.len(), one.world.model.calls()), (Some(0.0), 0, 0));
    let took = record.ended_at - record.started_at;
    assert!((10_000..14_000).contains(&took), "boot, warm-up, 4 s, hold: {took}");

    let one = without_agent(FaultKind::NodeKill, FakeLab::default());
    let record = one.only().await;
    check(&record, Outcome::Timeout, "Not restored within the time limit");
    assert!((29.0..=30.0).contains(&fault(&record).censored_s.unwrap()), "{record:?}");
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_end_is_timed_out() {
    let model = FakeModel::new(|_, _| bakeoff_testkit::FakeAnswer::hang());
    let one = lab_world(FaultKind::NodePause, FakeLab::default(), model);
    let record = one.only().await;
    check(&record, Outcome::Timeout, "Not restored");
    let trial = fault(&record);
    assert!((29.0..=30.0).contains(&trial.censored_s.unwrap()), "{trial:?}");
    assert!(trial.detect_s.is_some() && !trial.tickets.is_empty(), "what was seen is kept");
    assert_eq!(record.attempts.len(), 1);
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn the_control_is_watched_and_passes_when_nothing_is_touched() {
    for agent in [true, false] {
        let mut one = lab_world(FaultKind::None, FakeLab::default(), FakeModel::always("never called"));
        if !agent {
            one.world = one.world.variants(vec![baseline()]);
        }
        let record = one.only().await;
        check(&record, Outcome::Pass, "");
        let trial = fault(&record);
        assert!(trial.tickets.is_empty() && trial.clocks.ticket_at.is_none());
        assert_eq!((trial.detect_s, trial.restore_s, trial.censored_s), (None, None, None));
        assert!(one.log().journal().is_empty(), "nothing was done, so nothing is written down");
        assert_eq!(one.world.model.calls(), 0);
        let took = record.ended_at - record.started_at;
        assert!((12_000..16_000).contains(&took), "4 s to warm up, then 9 s and no ticket: {took}");
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_fault_is_seen_and_can_be_repaired() {
    let repairs = [
        (FaultKind::NodeKill, "node start {}", Attribution::Targeted),
        (FaultKind::NodePause, "node cont {}", Attribution::Targeted),
        (FaultKind::NodePause, "node restart {}", Attribution::Restart),
        (FaultKind::Latency, "link clear {} n9", Attribution::Targeted),
        (FaultKind::NetworkPartition, "link clear {} n9", Attribution::Targeted),
        (FaultKind::DiskPressure, "disk rm {} segment.old", Attribution::Targeted),
    ];
    for (kind, command, by) in repairs {
        let one = lab_world(kind, FakeLab::default(), repairing(command));
        let record = one.only().await;
        check(&record, Outcome::Pass, "");
        assert_eq!(fault(&record).attribution, Some(by), "{kind:?}, {command}");
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn a_vandal_fails_although_the_ticket_is_gone() {
    let one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node delete {}"));
    let record = one.only().await;
    check(&record, Outcome::Fail, "but the");
    let trial = fault(&record);
    assert_eq!((trial.destructive, trial.commands), (1, 2));
    assert_eq!(trial.verdict.as_ref().unwrap().cause.state, LayerState::Fail);
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn lost_writes_fail_a_trial_that_looks_repaired() {
    let lab = FakeLab { lost_writes: 3, ..FakeLab::default() };
    let one = lab_world(FaultKind::NodeKill, lab, repairing("node start {}"));
    check(&one.only().await, Outcome::Fail, "3 are gone");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_resolves_no_ticket() {
    let lab = FakeLab { failing_looks: 6, heals_after: Some(SECOND * 9), ..FakeLab::default() };
    let one = without_agent(FaultKind::NodeKill, lab);
    let record = one.only().await;
    check(&record, Outcome::Pass, "");
    let trial = fault(&record);
    assert!(trial.detect_s.unwrap() > 5.0, "nothing could be seen before: {trial:?}");
    let notes = one.audit(AuditKind::Note);
    let blind = notes.iter().filter(|note| note.summary.contains("The monitor could not look"));
    assert_eq!(blind.count(), 1, "told once: {notes:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_to_a_system_that_is_not_ready() {
    let cases = [
        (
            FakeLab { never_healthy: true, ..FakeLab::default() },
            "never got healthy within 10 s: n2 does not answer.",
        ),
        (
            FakeLab { empty_state: true, ..FakeLab::default() },
            "the snapshot of the system before the fault is empty",
        ),
        (FakeLab { hangs_in: vec!["capture_state"], ..FakeLab::default() }, "took longer than 10 s"),
    ];
    for (lab, words) in cases {
        let one = lab_world(FaultKind::NodeKill, lab, talking("never called"));
        check(&one.only().await, Outcome::InfraError, words);
        assert!(one.log().journal().is_empty() && one.trace.position("inject").is_none());
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_does_not_land_is_void_and_undone() {
    let lab = FakeLab { does_not_land: true, ..FakeLab::default() };
    let one = lab_world(FaultKind::Latency, lab, talking("never called"));
    let record = one.only().await;
    check(&record, Outcome::Void, "The fault latency did not land within 2 s");
    assert_eq!(
        one.path(),
        [FaultState::Planned, FaultState::Injecting, FaultState::Reverting, FaultState::Reverted]
    );
    assert_eq!((fault(&record).clocks.landed_at, one.world.model.calls()), (None, 0));
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_available_is_tried_once() {
    let subject = FakeLab { unavailable: Some("There is no Docker here.".to_owned()), ..FakeLab::default() };
    let kernel =
        FakeLab { fault_unavailable: Some("no netem in this kernel.".to_owned()), ..FakeLab::default() };
    for (lab, words) in [(subject, "There is no Docker here."), (kernel, "no netem in this kernel.")] {
        let mut one = lab_world(FaultKind::Latency, lab, talking("never called"));
        one.world.spec.trials = (0..10).map(|repetition| TrialKey { repetition, ..super::KEY }).collect();
        let end = one.world.run().await;
        assert_eq!((end.counts.of(Outcome::InfraError), end.counts.not_run), (1, 9));
        assert!(matches!(&end.reason, EndReason::Refused(text) if text.contains(words)), "{end:?}");
        assert_eq!(one.world.warnings().len(), 1, "told once");
        check(&one.world.log.records()[0], Outcome::InfraError, words);
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_may_only_name_its_subject() {
    let mut one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
    let named = |name: &str| {
        let fault = FaultKind::NodeKill.with_defaults();
        let json = serde_json::json!({"subject": name, "fault": fault});
        Case { id: name.into(), json: serde_json::value::to_raw_value(&json).unwrap() }
    };
    let cases: Arc<[Case]> = Arc::from([named("etcd"), named("ledger")]);
    one.world.spec.cases = Arc::new(cases);
    one.world.spec.trials = plan(2, 1);
    one.world.spec.lab = Some(Lab { settings: settings(), subjects: Arc::from([fake_subject("etcd")]) });
    one.world.run().await;
    let records = one.world.log.records();
    assert_eq!((records[0].outcome, fault(&records[0]).subject.as_str()), (Outcome::Pass, "etcd"));
    check(&records[1], Outcome::InfraError, "Case ledger names the subject ledger; the run has: etcd.");
}

#[tokio::test(start_paused = true)]
async fn the_same_case_and_repetition_hit_the_same_node_whatever_the_variant() {
    let mut one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
    let variants = vec![variant("a", Provider::Openai), variant("b", Provider::Gemini), baseline()];
    one.world.spec.variants = variants.into();
    one.world.spec.cases = Arc::new(cases(&[FaultKind::NodeKill, FaultKind::NodePause]));
    let of = |repetition| plan(2, 3).into_iter().map(move |key| TrialKey { repetition, ..key });
    one.world.spec.trials = (0..6).flat_map(of).collect();
    one.world.run().await;
    let mut nodes = std::collections::BTreeMap::<_, Vec<String>>::new();
    for record in one.world.log.records() {
        let node = fault(&record).planned.as_ref().unwrap().node.clone().unwrap();
        nodes.entry((record.key.case, record.key.repetition)).or_default().push(node);
    }
    assert_eq!(nodes.len(), 12);
    for (case, hit) in &nodes {
        assert!(hit.len() == 3 && hit.iter().all(|node| *node == hit[0]), "{case:?}: {hit:?}");
    }
    let distinct: std::collections::BTreeSet<_> = nodes.values().map(|hit| &hit[0]).collect();
    assert!(distinct.len() > 1, "the seed varies the node over repetitions: {nodes:?}");
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_held_from_the_start_of_a_system_to_its_end() {
    let mut one = lab_world(FaultKind::NodeKill, FakeLab::default(), repairing("node start {}"));
    one.world.spec.trials = (0..3).map(|repetition| TrialKey { repetition, ..super::KEY }).collect();
    one.world.spec.cooldown = SECOND * 10;
    one.world.run().await;
    let trace: Vec<String> =
        one.trace.all().into_iter().filter(|one| one == "open" || one == "close").collect();
    assert_eq!(trace, ["open", "close", "open", "close", "open", "close"], "one at a time");
    let records = one.world.log.records();
    for pair in records.windows(2) {
        assert!(pair[1].started_at - pair[0].ended_at >= 10_000, "the cool-down lies between them");
    }
    let started = |event: &EngineEvent| matches!(event, EngineEvent::TrialStarted { .. });
    assert_eq!(one.world.events().iter().filter(|event| started(event)).count(), 3, "told once each");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lacks_what_it_needs_does_not_start() {
    let mut one = lab_world(FaultKind::NodeKill, FakeLab::default(), talking("never called"));
    one.world.subjects = None;
    let mut wrong = variant("a", Provider::Openai);
    wrong.tools_config.insert("enabled_tools".to_owned(), serde_json::json!(["shell", "browser"]));
    wrong.tools_config.insert("tool_choice".to_owned(), serde_json::json!("labctl"));
    one.world.spec.variants = Arc::from([wrong]);
    one.world.spec.lab = Some(Lab { settings: settings(), subjects: Arc::from([]) });
    let error = one.world.try_start().expect_err("it can't run");
    let text = error.to_string();
    assert_eq!(error.problems.len(), 3, "{text}");
    assert!(text.contains("there is no tool \"browser\"; there are: shell, labctl"), "{text}");
    assert!(
        text.contains("tool_choice can't be \"labctl\"; it is one of: auto, required, none, shell"),
        "{text}"
    );
}
