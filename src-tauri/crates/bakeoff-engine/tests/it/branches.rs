//! Parallel edges: really at the same time, bounded, and ended together.

use crate::common::World;
use crate::flows::{check_failed, fan_out, node, of, only, program, routes, to, world};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::trial::Step;
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::START;
use bakeoff_engine::{EndReason, ProviderLimits};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// `plan` names `items` items at once, each takes its own number of seconds and one, `merge` one second.
fn model(items: usize) -> FakeModel {
    FakeModel::new(move |request, _| {
        let after = match request.user.split_once("as number ") {
            Some((_, number)) => SECOND * (number.trim().parse::<u32>().unwrap_or(0) + 1),
            None => SECOND,
        };
        let list: Vec<String> = (0..items).map(|item| format!("i{item}")).collect();
        let text = match request.model.as_str() {
            "model-plan" => serde_json::json!({ "items": list }).to_string(),
            "model-work" => request.user.replace("Work on ", "done "),
            _ => "merged".to_owned(),
        };
        FakeAnswer::text_with_tokens(text, 10, 5).after(after)
    })
}

#[tokio::test(start_paused = true)]
async fn items_run_at_the_same_time_and_are_collected_in_order() {
    let world = world(1, fan_out(), model(4));
    let start = Instant::now();
    let record = only(&world).await;
    assert_eq!(record.outcome, Outcome::Pass, "{:?}", record.error);
    assert_eq!((start.elapsed(), world.model.most_in_flight()), (SECOND * 6, 4), "1 + the slowest of 4 + 1");
    assert_eq!(record.latency_ms, Some(6_000.0));
    let answer: serde_json::Value = serde_json::from_str(record.answer.as_deref().unwrap()).unwrap();
    let results: Vec<&str> =
        answer["results"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(results[0], "done i0 as number 0");
    assert_eq!((results.len(), results[3]), (4, "done i3 as number 3"));
    let steps: Vec<_> = record.steps.iter().map(|step| (step.node.as_str(), step.item)).collect();
    let items = [("work", Some(0)), ("work", Some(1)), ("work", Some(2)), ("work", Some(3))];
    assert_eq!((steps[0], &steps[1..5], steps[5]), (("plan", None), &items[..], ("merge", None)));
    assert!(record.steps[1].state.is_empty() && record.steps[5].state.contains_key("results"));
    let numbers: Vec<u32> = record.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(record.usage.total_tokens(), Some(6 * 15));
    assert!((record.cost_usd.unwrap() - 6.0 * 60e-6).abs() < 1e-12, "the sum of all");
}

#[tokio::test(start_paused = true)]
async fn permits_of_the_campaign_and_of_the_provider_hold_for_items_too() {
    let mut narrow = world(3, fan_out(), model(9));
    narrow.spec.parallel = 3;
    assert_eq!(narrow.run().await.counts.of(Outcome::Pass), 3);
    assert_eq!(narrow.model.most_in_flight(), 3, "all permits are used and no more");
    let mut limited = world(2, fan_out(), model(9));
    let limits = ProviderLimits { max_parallel: Some(2), ..ProviderLimits::default() };
    limited.limits.insert(Provider::Openai, limits);
    assert_eq!(limited.run().await.counts.of(Outcome::Pass), 2);
    assert_eq!(limited.model.most_in_flight(), 2);
    let record = limited.log.records().remove(0);
    assert_eq!(record.latency_ms, Some(11_000.0), "waiting for permits is no latency: 1 + 9 + 1");
    assert!(record.wait_ms > 1_000.0);
}

#[tokio::test(start_paused = true)]
async fn one_permit_with_a_cooldown_is_enough() {
    let mut world = world(2, fan_out(), model(3));
    (world.spec.parallel, world.spec.cooldown) = (1, SECOND * 10);
    let start = Instant::now();
    let end = tokio::time::timeout(SECOND * 1_000, world.run()).await.expect("nobody waits for ever");
    assert_eq!((end.counts.of(Outcome::Pass), world.model.most_in_flight()), (2, 1));
    assert_eq!(start.elapsed(), SECOND * (8 + 10 + 8), "1 + 1 + 2 + 3 + 1 each, and a rest between them");
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_ends_the_other_items_and_keeps_their_steps() {
    let failing = FakeModel::new(|request, _| match request.model.as_str() {
        "model-plan" => FakeAnswer::text(r#"["a", "b", "c", "d", "e", "f"]"#),
        _ if request.user.contains("Work on b") => {
            FakeAnswer::error(ModelErrorKind::NoAnswer).after(SECOND * 2)
        }
        _ if request.user.contains("Work on a") => FakeAnswer::text("early").after(SECOND),
        _ => FakeAnswer::hang(),
    });
    let world = world(1, fan_out(), failing);
    let start = Instant::now();
    let record = only(&world).await;
    check_failed(&record, Outcome::Fail, "Node `work`, item 2: ");
    assert_eq!((start.elapsed(), world.model.in_flight()), (SECOND * 2, 0), "nothing goes on after it");
    let told = |step: &Step| (step.item, step.answer.is_some(), step.error.is_some());
    let steps: Vec<_> = record.steps.iter().map(told).collect();
    let expected =
        [(None, true, false), (Some(0), true, false), (Some(1), false, true), (Some(2), false, true)];
    assert_eq!(&steps[..4], expected);
    assert!(record.steps[3].error.as_ref().is_some_and(|error| error.contains("given up")));
    assert_eq!(steps.len(), 6, "the one that took over the early one's place too; the last never began");
    assert_eq!(record.attempts.len(), world.model.calls(), "every call is kept");
    assert_eq!(record.cost_usd, None, "calls that were given up may have been charged");
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_keeps_what_every_item_had() {
    let world = world(3, fan_out(), model(4));
    let run = world.start();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    run.stop();
    let end = run.wait().await;
    assert_eq!((end.reason, world.model.in_flight()), (EndReason::Stopped, 0));
    let records = world.log.records();
    let attempts: usize = records.iter().map(|record| record.attempts.len()).sum();
    assert_eq!(attempts, world.model.calls());
    assert!(records.iter().all(|record| record.outcome == Outcome::Cancelled && record.latency_ms.is_none()));
    let open = records.iter().flat_map(|record| &record.steps).filter(|step| step.error.is_some());
    assert!(open.count() >= 4, "items that were under way are kept with a word");
}

#[tokio::test(start_paused = true)]
async fn no_items_are_no_calls() {
    let world = world(1, fan_out(), model(0));
    let record = only(&world).await;
    assert_eq!((record.outcome, world.model.calls()), (Outcome::Pass, 2), "{:?}", record.error);
    assert!(record.answer.unwrap().contains(r#""results":[]"#));
}

#[tokio::test(start_paused = true)]
async fn too_many_items_are_refused() {
    let world = world(1, fan_out(), model(1_001));
    check_failed(&only(&world).await, Outcome::Fail, "would run for 1001 items");
    assert_eq!(world.model.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn items_are_tried_again_like_every_call() {
    let flaky = FakeModel::new(|request, number| match request.model.as_str() {
        "model-plan" => FakeAnswer::text(r#"["a", "b", "c"]"#),
        "model-work" if number < 4 => FakeAnswer::rate_limited(SECOND),
        _ => FakeAnswer::text("fine"),
    });
    let world = world(1, fan_out(), flaky);
    let record = only(&world).await;
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Pass, 8), "{:?}", record.error);
    assert!(record.wait_ms >= 1_000.0);
}

#[tokio::test(start_paused = true)]
async fn no_budget_is_passed_by_items() {
    // 60 µUSD a call, six calls a trial.
    let build = |budget: f64| -> World {
        let mut program = fan_out();
        program.nodes.iter_mut().for_each(|node| node.llm.max_output_tokens = Some(6));
        let mut world = world(20, program, model(4));
        world.spec.budget_usd = Some(budget);
        world
    };
    for budget in [0.0001, 0.0005, 0.001, 0.003, 0.005] {
        let world = build(budget);
        let end = tokio::time::timeout(SECOND * 100_000, world.run()).await.expect("it ends");
        assert_eq!(end.reason, EndReason::OutOfBudget, "{budget}");
        assert!(end.counts.known_cost_usd <= budget + 1e-9, "{} of {budget}", end.counts.known_cost_usd);
        assert_eq!(end.counts.recorded() + end.counts.not_run, 20);
    }
    assert_eq!(build(1.0).run().await.reason, EndReason::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_requests_are_refused_closes_the_variant() {
    let refusing = FakeModel::new(|request, _| match request.model.as_str() {
        "model-plan" => FakeAnswer::text(r#"["a"]"#),
        _ => FakeAnswer::error(ModelErrorKind::BadRequest),
    });
    let mut world = world(40, fan_out(), refusing).variants(vec![of("w", "work", fan_out())]);
    world.spec.parallel = 1;
    let end = world.run().await;
    assert!(matches!(&end.reason, EndReason::Refused(text) if text.contains("node work of w")), "{end:?}");
    assert_eq!((end.counts.recorded(), end.counts.not_run), (5, 35));
}

#[tokio::test(start_paused = true)]
async fn a_refused_node_that_few_trials_come_to_does_not_close_the_variant() {
    let nodes =
        vec![node("grade", "Grade {input}", &[("grade", "int")]), node("rare", "Rare", &[("text", "str")])];
    let edges = vec![
        to(START, "grade"),
        routes("grade", &[(Some("state.grade == 0"), "rare"), (None, "END")]),
        to("rare", "END"),
    ];
    let program = program(&[("input", "str"), ("grade", "int"), ("text", "str")], nodes, edges);
    // Every third ticket comes to the node.
    let refusing = FakeModel::new(|request, _| match request.user.split_once("ticket ") {
        Some((_, rest)) => {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            FakeAnswer::text((number.parse::<u32>().unwrap() + 1).rem_euclid(3).to_string())
        }
        None => FakeAnswer::error(ModelErrorKind::BadRequest),
    });
    let mut world = world(40, program, refusing);
    world.spec.parallel = 1;
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::Finished);
    assert_eq!((end.counts.of(Outcome::Pass), end.counts.of(Outcome::InfraError)), (27, 13));
    let refused = world.model.requests().iter().filter(|request| request.model == "model-rare").count();
    assert_eq!(refused, 5, "it is not asked for ever");
    let warnings = world.warnings();
    assert!(
        warnings.iter().any(|text| text.contains("node rare of w") && text.contains("go on")),
        "{warnings:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn items_that_wait_for_money_and_items_that_wait_for_their_permits_end_the_run() {
    // With a cool-down a line keeps its permit while it waits. The second trial waits for money with one permit. Answers
    // that are lost on the way may cost all that was set aside, so an item of the first waits for money too in the end,
    // with the other permit, for which the other item waits.
    let model = FakeModel::new(|request, _| match request.model.as_str() {
        "model-plan" => FakeAnswer::text_with_tokens(r#"{"items": ["a", "b"]}"#, 10, 5),
        _ => FakeAnswer::error(ModelErrorKind::Connection),
    });
    let mut world = world(2, fan_out(), model);
    (world.spec.parallel, world.spec.cooldown, world.spec.retries) = (2, SECOND, 20);
    world.spec.budget_usd = Some(0.032);
    let end = tokio::time::timeout(SECOND * 86_400, world.run()).await.expect("the run must end");
    assert_eq!((end.reason, end.counts.not_run), (EndReason::OutOfBudget, 1));
    check_failed(&world.log.records()[0], Outcome::Cancelled, "Stopped in the middle. The budget");
}
