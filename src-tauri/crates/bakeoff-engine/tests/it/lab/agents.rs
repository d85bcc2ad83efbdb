//! The agent's loop: tools, budgets, last words.

use super::{FakeLab, LabWorld, check, fault, lab_world, labctl, node_of, repairing, settings, talking};
use crate::common::variant;
use bakeoff_core::campaign::LabSettings;
use bakeoff_core::fault::FaultKind;
use bakeoff_core::lab::{AuditKind, CommandClass, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{ModelErrorKind, ModelRequest, ToolChoice};
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_engine::{EndReason, Lab, TicketChange, TicketChangeError};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn kill(model: FakeModel) -> LabWorld {
    lab_world(FaultKind::NodeKill, FakeLab::default(), model)
}

fn with(mut one: LabWorld, change: impl FnOnce(&mut LabSettings)) -> LabWorld {
    let mut settings = settings();
    change(&mut settings);
    one.world.spec.lab = Some(Lab { settings, subjects: Arc::from([]) });
    one
}

fn having(mut one: LabWorld, change: impl FnOnce(&mut Variant)) -> LabWorld {
    let mut variant = variant("a", Provider::Openai);
    change(&mut variant);
    one.world.spec.variants = Arc::from([variant]);
    one
}

/// A model that calls the same tool for ever.
fn restless(call: (&'static str, Value)) -> FakeModel {
    FakeModel::new(move |_, _| {
        FakeAnswer::calls("Again.", std::slice::from_ref(&call)).after(Duration::from_millis(100))
    })
}

#[tokio::test(start_paused = true)]
async fn the_model_sees_its_tools_and_what_they_gave() {
    let one = kill(repairing("node start {}"));
    one.only().await;
    let requests = one.world.model.requests();
    let [first, second, third] = &requests[..] else { panic!("three calls: {requests:?}") };
    let names =
        |request: &ModelRequest| request.tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(first), names(third)), (vec!["shell".to_owned(), "labctl".to_owned()], names(first)));
    assert_eq!(first.tool_choice, None);
    assert!(first.tools.iter().all(|tool| tool.parameters["required"] == json!(["command"])));
    assert_eq!((first.turns.len(), second.turns.len(), third.turns.len()), (0, 1, 2));
    let turn = &second.turns[0];
    assert_eq!((turn.text.as_str(), turn.results[0].id.as_str()), ("Let me look.", "call-0"));
    assert!(turn.results[0].content.starts_with("exit code: 0\nn1 "), "{turn:?}");
    assert!(!turn.results[0].is_error);
    let told = format!("{}{}", first.user, first.system.clone().unwrap_or_default());
    for leak in ["kill", "fault", "inject", "trial"] {
        assert!(!told.to_lowercase().contains(leak), "`{leak}` must not be told: {told}");
    }
    let [look, start] = &one.audit(AuditKind::ToolCall)[..] else { panic!("two calls") };
    assert_eq!((look.content.as_str(), look.class), ("node list", Some(CommandClass::Read)));
    assert_eq!(start.class, Some(CommandClass::Repair));
    assert_eq!((look.summary.as_str(), look.tool.as_deref()), ("it is needed", Some("labctl")));
    assert_eq!(look.parameters.as_ref().unwrap()["command"], json!("node list"));
    let results = one.audit(AuditKind::ToolResult);
    assert_eq!((results.len(), results[1].exit_code), (2, Some(0)));
    assert_eq!(results[1].summary, "exit code 0: done");
    assert_eq!(one.audit(AuditKind::Reasoning)[0].content, "Let me look.");
}

#[tokio::test(start_paused = true)]
async fn only_enabled_tools_are_there_and_a_forced_choice_holds_once() {
    let model = FakeModel::new(|request, _| match request.turns.len() {
        0 => FakeAnswer::calls("", &[labctl("node list"), ("shell", json!({"command": "uptime"}))]),
        _ => FakeAnswer::text("I can't."),
    });
    let one = having(kill(model), |variant| {
        variant.tools_config.insert("enabled_tools".to_owned(), json!(["shell"]));
        variant.tools_config.insert("tool_choice".to_owned(), json!("shell"));
    });
    let record = one.only().await;
    let requests = one.world.model.requests();
    assert_eq!(requests[0].tools.len(), 1);
    assert_eq!(requests[0].tool_choice, Some(ToolChoice::Tool("shell".to_owned())));
    assert_eq!(requests[1].tool_choice, Some(ToolChoice::Auto));
    let results = &requests[1].turns[0].results;
    assert!(results[0].is_error && results[0].content == "There is no tool labctl; you have: shell.");
    assert_eq!(results[1].content, "exit code: 0\nuptime\n");
    assert_eq!(fault(&record).commands, 1, "a refused call is no command");
    assert_eq!(one.trace.position("labctl"), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_shell_there_is_no_sandbox() {
    let one = having(kill(talking("I can't.")), |variant| {
        variant.tools_config.insert("enabled_tools".to_owned(), json!([]));
        variant.tools_config.insert("tool_choice".to_owned(), json!("required"));
    });
    let record = one.only().await;
    let request = one.world.model.requests().remove(0);
    assert_eq!((request.tools.len(), request.tool_choice, fault(&record).sandbox.clone()), (0, None, None));
}

#[tokio::test(start_paused = true)]
async fn a_shell_command_is_ended_in_time_and_bad_calls_are_told() {
    let model = FakeModel::new(|request, _| match request.turns.len() {
        0 => FakeAnswer::calls(
            "",
            &[
                ("shell", json!({"command": "sleep 60", "reasoning": "let it settle"})),
                ("shell", json!("{not json")),
                labctl("node explode n1"),
            ],
        ),
        _ => FakeAnswer::text("I can't."),
    });
    let one = kill(model);
    let record = one.only().await;
    let results = one.world.model.requests()[1].turns[0].results.clone();
    assert!(results[0].content.starts_with("exit code: 124\n"), "{results:?}");
    assert_eq!(results[1].content, "shell needs the parameter `command`, a text.");
    assert!(results[2].is_error && results[2].content.contains("explode"), "{results:?}");
    assert_eq!(fault(&record).commands, 1);
    let audit = one.audit(AuditKind::ToolResult);
    assert_eq!(audit.iter().map(|one| one.exit_code).collect::<Vec<_>>(), [Some(124), None, Some(2)]);
    assert!(audit[0].at - one.audit(AuditKind::ToolCall)[0].at >= 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_used_up_fails_and_the_last_tools_are_not_run() {
    let of = |change: fn(&mut LabSettings)| with(kill(restless(labctl("node list"))), change);
    let one = of(|settings| settings.max_steps = 3);
    let record = one.only().await;
    check(&record, Outcome::Fail, "The budget of the trial is used up: 3 model calls of at most 3.");
    assert!(record.error.unwrap().contains("The oracle says:"));
    assert_eq!((one.world.model.calls(), record.fault.as_ref().unwrap().commands), (3, 2));
    let trial = record.fault.unwrap();
    assert!(trial.verdict.is_some() && !trial.thrashing, "{trial:?}");
    let kept = one.log().tickets();
    assert!(kept.iter().any(|(_, ticket)| ticket.status == TicketStatus::Diagnosed), "{kept:?}");
    let notes = one.audit(AuditKind::Note);
    assert!(notes.iter().any(|note| note.content.starts_with("1 tool calls were not run")), "{notes:?}");

    let one = of(|settings| settings.max_tokens = Some(250));
    check(&one.only().await, Outcome::Fail, "330 tokens of at most 250");
    // 100 tokens in and 10 out cost 0.0002 USD.
    let one = of(|settings| settings.max_cost_usd = Some(0.0005));
    check(&one.only().await, Outcome::Fail, "0.0006 USD of at most 0.0005 USD");
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn a_repair_within_a_budget_that_ran_out_is_still_judged() {
    let model = FakeModel::new(|request, _| {
        FakeAnswer::calls("", &[labctl(&format!("node start {}", node_of(request)))])
            .after(Duration::from_secs(1))
    });
    let one = with(kill(model), |settings| settings.max_steps = 2);
    let record = one.only().await;
    check(&record, Outcome::Fail, "The oracle says: restored: all four layers pass.");
    assert!(fault(&record).restore_s.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_same_command_again_and_again_is_thrashing() {
    let one = kill(restless(("shell", json!({"command": "uptime"}))));
    let record = one.only().await;
    let trial = fault(&record);
    assert_eq!((trial.commands, trial.unique_commands, trial.thrashing), (7, 1, true));
}

#[tokio::test(start_paused = true)]
async fn giving_up_is_a_word_of_its_own() {
    let one = kill(talking("ESCALATE: the disk of n2 is broken."));
    let record = one.only().await;
    check(&record, Outcome::Fail, "The agent gave up");
    let ticket = &fault(&record).tickets[0];
    assert_ne!(ticket.resolved_by.as_deref(), Some("agent"));
    let kept = one.log().tickets();
    let diagnosed = kept.iter().find(|(_, ticket)| ticket.status == TicketStatus::Diagnosed);
    assert!(diagnosed.unwrap().1.diagnosis.as_ref().unwrap().contains("the disk of n2 is broken"));
    assert_eq!(fault(&record).claim_lag_s, None);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_its_own_comes_after_the_ticket_or_where_it_says() {
    let sent = async |prompt: &str| {
        let one = having(kill(talking("done")), |variant| variant.prompt = Some(prompt.to_owned()));
        one.only().await.sent.user
    };
    let after = sent("Be quick with {{ subject }}.").await;
    assert!(after.starts_with("Ticket 1 (critical)") && after.ends_with("Be quick with ledger."), "{after}");
    let placed = sent("Hello.\n{{ input }}\nBye, {{ invariant }}.").await;
    assert!(
        placed.starts_with("Hello.\nTicket 1 (critical)") && placed.ends_with("Bye, node_down."),
        "{placed}"
    );
    let one = having(kill(talking("done")), |variant| variant.prompt = Some("{{ fault.kind }}".to_owned()));
    check(&one.only().await, Outcome::InfraError, "can't be filled in");
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn a_provider_at_fault_is_no_failure_of_the_variant_and_a_refusal_is() {
    let one = kill(FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::Server)]));
    let record = one.only().await;
    check(&record, Outcome::InfraError, "the last of 4 attempts");
    assert_eq!(record.attempts.len(), 4);
    one.check_clean();
    let one = kill(FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::NoAnswer)]));
    let record = one.only().await;
    check(&record, Outcome::Fail, "The oracle says:");
    assert!(fault(&record).verdict.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_runs_money_counts_too() {
    let mut one = kill(restless(labctl("node list")));
    one.world.spec.budget_usd = Some(0.0);
    // Others that are still starting up have no money to give back.
    one.world.spec.parallel = 4;
    one.world.spec.trials = (0..4).map(|repetition| TrialKey { repetition, ..super::KEY }).collect();
    let end = one.world.run().await;
    assert_eq!((end.reason, end.counts.of(Outcome::Cancelled)), (EndReason::OutOfBudget, 4));
    check(&one.world.log.records()[0], Outcome::Cancelled, "budget");
    assert_eq!(one.world.model.calls(), 0);
    one.check_clean();
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_a_person_resolves_stops_the_agent() {
    let one = kill(restless(("shell", json!({"command": "uptime"}))));
    let one = with(one, |settings| settings.max_steps = 1_000);
    let run = one.world.start();
    let change = |number, change| run.change_ticket(super::KEY, number, change);
    assert_eq!(change(1, TicketChange::Resolve), Err(TicketChangeError::NotOpen));
    tokio::time::sleep(Duration::from_secs(8)).await;
    let refused = change(9, TicketChange::Resolve).expect_err("there is one ticket");
    assert_eq!(refused.to_string(), "there is no ticket 9");
    assert!(!change(1, TicketChange::Unhold).unwrap().held && change(1, TicketChange::Hold).unwrap().held);
    assert_eq!(change(1, TicketChange::Resolve).unwrap().resolved_by.as_deref(), Some("person"));
    let calls = one.world.model.calls();
    run.wait().await;
    assert!(one.world.model.calls() <= calls + 1, "at most the call that was open");
    let record = one.world.log.records().remove(0);
    check(&record, Outcome::Cancelled, "resolved by a person");
    assert!(fault(&record).verdict.is_some());
    assert_eq!(change(1, TicketChange::Resolve), Err(TicketChangeError::NotOpen));
    one.check_clean();
}
