//! Workflow trials: state, outputs, repair, routes, loops, recording.

use crate::common::{exact, rubric};
use crate::flows::{check_failed, node, object, of, one_node, only, program, routes, to, world};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::{Edge, Next, START, StateField};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use serde_json::json;
use std::time::Duration;

/// A model that answers by the first text that its prompt contains, with 10 and 5 tokens, in a second.
fn by_prompt(answers: &'static [(&'static str, &'static str)]) -> FakeModel {
    FakeModel::new(|request, _| {
        let found = answers.iter().find(|(part, _)| request.user.contains(part));
        let text = found.map_or("unexpected prompt", |(_, answer)| answer);
        FakeAnswer::text_with_tokens(text, 10, 5).after(Duration::from_secs(1))
    })
}

#[tokio::test(start_paused = true)]
async fn nodes_pass_typed_values_on_and_every_step_is_kept() {
    let nodes = vec![
        node("label", "Label {input} of {team}", &[("label", "str"), ("score", "float")]),
        node("reply", "Reply to {label} at {state.score}", &[("text", "str")]),
    ];
    let state = [("input", "str"), ("team", "str"), ("label", "str"), ("score", "float"), ("text", "str")];
    let edges = vec![to(START, "label"), to("label", "reply"), to("reply", "END")];
    let answers: &[_] = &[
        ("Label ticket 0 of core", r#"{"label": "disk", "score": "0.5"}"#),
        ("Reply to disk at 0.5", "Hello"),
    ];
    let mut world = world(1, program(&state, nodes, edges), by_prompt(answers));
    world.spec.inputs = object(json!({"team": "core", "input": "comes from the row instead"}));
    let record = only(&world).await;
    assert_eq!((record.outcome, record.error), (Outcome::Pass, None), "no scorers: it ran to its end");
    assert_eq!(record.answer.as_deref(), Some(r#"{"label":"disk","score":0.5,"text":"Hello"}"#));
    assert_eq!((record.latency_ms, record.attempts.len()), (Some(2_000.0), 2));
    assert_eq!(record.usage.total_tokens(), Some(30));
    assert!((record.cost_usd.unwrap() - 2.0 * 60e-6).abs() < 1e-12);
    assert_eq!(record.sent.user, "Reply to disk at 0.5", "the node under test");
    let [label, reply] = record.steps.try_into().unwrap();
    assert_eq!((label.node.as_str(), label.iteration, label.item), ("label", 1, None));
    assert_eq!(label.outputs, object(json!({"label": "disk", "score": 0.5})));
    assert_eq!(label.state["team"], json!("core"));
    assert_eq!((label.state["label"].clone(), label.state["text"].clone()), (json!("disk"), json!(null)));
    assert_eq!((label.latency_ms, label.usage.total_tokens()), (Some(1_000.0), Some(15)));
    assert_eq!((label.started_at, label.ended_at), (1_000_000, 1_001_000));
    assert_eq!((reply.answer.as_deref(), reply.state["text"].clone()), (Some("Hello"), json!("Hello")));
    let requests = world.model.requests();
    assert_eq!(requests[0].model, "model-label");
    let schema = requests[0].answer_schema.as_ref().expect("two outputs are asked for as JSON");
    assert_eq!(schema["properties"]["score"], json!({"type": "number"}));
    assert!(requests[0].user.contains("JSON object") && requests[1].answer_schema.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_repaired_once() {
    let program = one_node(&[("score", "float")]);
    let answers = ["rather high", r#"{"score": 0.9}"#]
        .map(|text| FakeAnswer::text_with_tokens(text, 10, 5).after(Duration::from_secs(1)));
    let world_of = |answers: &[FakeAnswer]| world(1, program.clone(), FakeModel::scripted(answers.to_vec()));
    let mended = world_of(&answers);
    let record = only(&mended).await;
    assert_eq!((record.outcome, record.answer.as_deref()), (Outcome::Pass, Some(r#"{"score":0.9}"#)));
    assert_eq!(record.steps.len(), 1, "it is the same node");
    assert_eq!((record.steps[0].latency_ms, record.attempts.len()), (Some(2_000.0), 2));
    assert_eq!(record.steps[0].usage.total_tokens(), Some(30), "both turns");
    let asked = &mended.model.requests()[1].user;
    assert!(
        asked.contains("Ticket: ticket 0") && asked.contains("<answer>\nrather high\n</answer>"),
        "{asked}"
    );
    assert!(asked.contains("`score` must be float, but is the text \"rather high\""), "{asked}");
    assert_eq!(&record.sent.user, asked, "what was sent last");

    let hopeless = world_of(&answers[..1]);
    let record = only(&hopeless).await;
    check_failed(&record, Outcome::Fail, "Node `answer`: its outputs can't be read");
    assert!(record.error.unwrap().contains("`score` must be float"));
    assert_eq!((hopeless.model.calls(), record.latency_ms), (2, Some(2_000.0)));
    assert_eq!(record.steps[0].answer.as_deref(), Some("rather high"));
    assert!(record.steps[0].error.as_ref().is_some_and(|error| error.contains("`score`")));
}

#[tokio::test(start_paused = true)]
async fn routes_choose_and_fields_of_nodes_that_did_not_run_are_no_answer() {
    let nodes = vec![
        node("grade", "Grade {input}", &[("grade", "int")]),
        node("praise", "Praise", &[("praise", "str")]),
        node("scold", "Scold", &[("scolding", "str")]),
    ];
    let state = [("input", "str"), ("grade", "int"), ("praise", "str"), ("scolding", "str")];
    let edges = vec![
        to(START, "grade"),
        routes("grade", &[(Some("state.grade >= 4 and not state.grade > 9"), "praise"), (None, "scold")]),
    ];
    let answers: &[_] =
        &[("Grade ticket 0", "5"), ("Grade ticket 1", "1"), ("Praise", "Well"), ("Scold", "Bad")];
    let world = world(2, program(&state, nodes, edges), by_prompt(answers));
    world.run().await;
    let mut records = world.log.records();
    records.sort_by_key(|record| record.key);
    let told: Vec<_> = records.iter().map(|record| record.answer.clone().unwrap()).collect();
    assert_eq!(told, [r#"{"grade":5,"praise":"Well"}"#, r#"{"grade":1,"scolding":"Bad"}"#]);
    assert_eq!(records[0].sent.user, "", "the node under test did not run");
    assert_eq!(records[1].sent.user, "Scold");
}

#[tokio::test(start_paused = true)]
async fn loops_end_by_their_field_or_their_bound() {
    let again = |most| {
        let next = Next::Loop { max_iterations: most, condition_field: "done".into(), exit_to: "END".into() };
        let nodes = vec![node("try", "Draft {draft}", &[("draft", "str"), ("done", "bool")])];
        let state = [("draft", "str"), ("done", "bool")];
        program(&state, nodes, vec![to(START, "try"), Edge { from: "try".into(), next }])
    };
    let model = || {
        FakeModel::new(|_, number| {
            FakeAnswer::text(format!(r#"{{"draft": "v{number}", "done": {}}}"#, number == 2))
        })
    };
    let record = only(&world(1, again(10), model())).await;
    assert_eq!(record.answer.as_deref(), Some(r#"{"draft":"v2","done":true}"#));
    let iterations: Vec<u32> = record.steps.iter().map(|step| step.iteration).collect();
    assert_eq!(iterations, [1, 2, 3]);
    assert!(record.steps[2].sent.user.starts_with("Draft v1"));
    let record = only(&world(1, again(2), model())).await;
    assert_eq!(record.answer.as_deref(), Some(r#"{"draft":"v1","done":false}"#), "the bound ends it");
}

#[tokio::test(start_paused = true)]
async fn a_workflow_that_goes_round_in_routes_is_ended() {
    let nodes = vec![node("a", "A", &[("text", "str")]), node("b", "B", &[("text", "str")])];
    let endless = program(&[("text", "str")], nodes, vec![to(START, "a"), to("a", "b"), to("b", "a")]);
    let world = world(1, endless, FakeModel::always("x"));
    let record = only(&world).await;
    check_failed(&record, Outcome::Fail, "has run 300 nodes and not come to its end");
    assert_eq!((world.model.calls(), record.steps.len()), (300, 300));
}

#[tokio::test(start_paused = true)]
async fn inputs_that_do_not_fit_are_the_cases_fault() {
    let mut needs = one_node(&[("text", "str")]);
    needs.state[0].required = true;
    needs.state[0].name = "ticket".into();
    let world = world(1, needs, FakeModel::always("x"));
    let record = only(&world).await;
    check_failed(
        &record,
        Outcome::InfraError,
        "The inputs of case case-0 don't fit the workflow: the input `ticket`",
    );
    assert_eq!(world.model.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_cannot_be_decided_fails_the_trial() {
    let nodes = vec![node("a", "A", &[("text", "str")])];
    let edges = vec![to(START, "a"), routes("a", &[(Some("text > 3"), "END"), (None, "END")])];
    let record = only(&world(1, program(&[("text", "str")], nodes, edges), FakeModel::always("x"))).await;
    check_failed(&record, Outcome::Fail, "After `a`: ");
    assert_eq!(record.steps.len(), 1, "what ran is kept");
}

#[tokio::test(start_paused = true)]
async fn failures_of_calls_name_their_node_and_keep_their_outcome() {
    let outcomes = [
        (FakeAnswer::error(ModelErrorKind::NoAnswer), Outcome::Fail, 1),
        (FakeAnswer::error(ModelErrorKind::Server), Outcome::InfraError, 4),
        (FakeAnswer::hang(), Outcome::Timeout, 1),
    ];
    for (answer, outcome, calls) in outcomes {
        let world = world(1, one_node(&[("text", "str")]), FakeModel::scripted(vec![answer]));
        let record = only(&world).await;
        check_failed(&record, outcome, "Node `answer`: ");
        assert_eq!((world.model.calls(), record.attempts.len(), record.steps.len()), (calls, calls, 1));
        assert!(record.steps[0].error.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_has_its_own_time_limit_and_retries() {
    let mut own = one_node(&[("text", "str")]);
    (own.nodes[0].timeout_seconds, own.nodes[0].retries) = (Some(2.0), Some(1));
    let slow = FakeModel::scripted(vec![FakeAnswer::text("x").after(Duration::from_secs(3))]);
    let record = only(&world(1, own.clone(), slow)).await;
    check_failed(&record, Outcome::Timeout, "within 2 s");
    let failing = world(1, own, FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::Server)]));
    only(&failing).await;
    assert_eq!(failing.model.calls(), 2, "one retry instead of the campaign's three");
}

#[tokio::test(start_paused = true)]
async fn scorers_and_judges_see_the_outputs_and_all_fields() {
    let model = FakeModel::new(|request, _| match request.provider {
        Provider::Anthropic => FakeAnswer::text(r#"{"reason": "polite", "score": 1}"#),
        _ => FakeAnswer::text(r#"{"label": "yes", "why": "so"}"#),
    });
    let mut program = one_node(&[("label", "str"), ("why", "str")]);
    let reason = StateField { name: "reason".into(), ..program.state[0].clone() };
    program.state.push(reason);
    let mut world = world(1, program, model);
    let of_field = ScorerKind::JsonField { field: "label".into(), equals: "{{ expected }}".into() };
    let of_output = ScorerKind::Exact { value: "{{ reason }}".into() };
    let scorer = |kind, metric: &str, output: Option<&str>| Scorer {
        kind,
        metric: metric.into(),
        weight: 1.0,
        output: output.map(str::to_owned),
    };
    world.spec.scorers =
        vec![scorer(of_field, "label", None), scorer(of_output, "why", Some("why")), rubric()];
    world.spec.inputs = object(json!({"reason": "so"}));
    let record = only(&world).await;
    assert_eq!((record.outcome, record.score), (Outcome::Pass, Some(1.0)), "{record:?}");
    assert_eq!(record.expected_label.as_deref(), Some("yes"));
}

#[tokio::test(start_paused = true)]
async fn inputs_that_the_workflow_does_not_know_are_told() {
    let mut world = world(1, one_node(&[("text", "str")]), FakeModel::always("x"));
    world.spec.inputs = object(json!({"inptu": "so"}));
    let record = only(&world).await;
    check_failed(&record, Outcome::InfraError, "the workflow has no input `inptu`: did you mean `input`?");
}

#[tokio::test(start_paused = true)]
async fn a_workflow_and_plain_variants_may_be_compared() {
    let mut world = world(2, one_node(&[("text", "str")]), FakeModel::always("yes"));
    let variants =
        vec![of("w", "answer", one_node(&[("text", "str")])), crate::common::variant("p", Provider::Gemini)];
    world = world.variants(variants);
    world.spec.scorers = vec![exact()];
    world.run().await;
    let (fail, pass) = (Outcome::Fail, Outcome::Pass);
    assert_eq!(world.outcomes(), [fail, pass, fail, pass], "the answer of a workflow is JSON");
}
