//! The user's own program as an agent.

use super::{FakeLab, LabWorld, check, fault, lab_world, settings};
use bakeoff_core::campaign::{Agent, LabSettings};
use bakeoff_core::fault::FaultKind;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::RunnerErrorKind;
use bakeoff_engine::Lab;
use bakeoff_testkit::{FakeModel, FakeRun, FakeRunner};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn world(lab: FakeLab, run: FakeRun) -> LabWorld {
    let mut one = lab_world(FaultKind::NodeKill, lab, FakeModel::always("never called"));
    one.world.runner = Arc::new(FakeRunner::new(move |_, _| run.clone()));
    let agent = Agent::Command(vec!["python3".to_owned(), "agent.py".to_owned()]);
    let settings = LabSettings { agent, ..settings() };
    one.world.spec.lab = Some(Lab { settings, subjects: Arc::from([]) });
    one
}

#[tokio::test(start_paused = true)]
async fn a_program_gets_the_ticket_and_its_word_is_judged() {
    // The program repairs within 2 s, which the fake cluster does by itself.
    let lab = FakeLab { heals_after: Some(SECOND * 2), ..FakeLab::default() };
    let output = json!({"resolved": true, "summary": "started n2", "tokens": 1234, "cost_usd": 0.25});
    let one = world(lab, FakeRun::output(output).after(SECOND * 4));
    let record = one.only().await;
    check(&record, Outcome::Pass, "");
    assert_eq!((fault(&record).mode.as_str(), record.answer.as_deref()), ("command", Some("started n2")));
    assert_eq!((record.usage.total_tokens(), record.cost_usd), (Some(1234), Some(0.25)));
    assert_eq!(record.latency_ms, Some(4_000.0));
    assert_eq!(record.attempts[0].model, "python3");
    let call = one.world.runner.calls().remove(0);
    assert_eq!(call.command, ["python3", "agent.py"]);
    assert_eq!(call.input["ticket"]["invariant"], json!("node_down"));
    assert_eq!(call.input["ticket"]["variant"], json!("a"));
    assert_eq!(call.input["variant"]["model"], json!("model-a"));
    assert_eq!(call.input["limits"]["max_steps"], json!(8));
    assert_eq!(call.input["labctl"], json!({"command": null, "socket": null}));
    assert!(call.input["briefing"].as_str().unwrap().contains("A ledger of 3 nodes"));
    let text = call.input.to_string();
    assert!(!text.contains("node_kill") && !text.contains("fault"), "nothing about what was done: {text}");
    assert!(call.timeout < Duration::from_secs(30), "what is left of the trial's time");
    assert_eq!(one.world.model.calls(), 0);
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn what_a_program_does_wrong_keeps_its_outcome() {
    let failed = |kind, words: &str| FakeRun::error(kind, words);
    let cases = [
        (
            FakeRun::output(json!({"resolved": false, "summary": "no idea"})),
            Outcome::Fail,
            "The agent gave up",
        ),
        (FakeRun::output(json!({"done": 1})), Outcome::Fail, "does not have the right shape"),
        (failed(RunnerErrorKind::Failed, "It ended with exit code 3."), Outcome::Fail, "exit code 3"),
        (failed(RunnerErrorKind::NotStarted, "There is no python3."), Outcome::InfraError, "no python3"),
        (FakeRun::output(json!({"resolved": true})).after(SECOND * 60), Outcome::Timeout, "Not restored"),
    ];
    for (run, outcome, words) in cases {
        let one = world(FakeLab::default(), run);
        check(&one.only().await, outcome, words);
        one.check_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn operators_agent_works_on_one_trial_at_a_time() {
    let mut one = world(FakeLab::default(), FakeRun::output(json!({})));
    let settings = LabSettings { agent: Agent::OperatorDb("operator.db".to_owned()), ..settings() };
    one.world.spec.lab = Some(Lab { settings, subjects: Arc::from([]) });
    one.world.spec.parallel = 2;
    let error = one.world.try_start().expect_err("two trials share one file").to_string();
    assert!(error.contains("parallel is 2, but must be 1"), "{error}");
}
