//! What must hold whatever the model does.

use crate::common::{World, exact, rubric, variant};
use crate::flows::{fan_out, object, of, parallel};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::START;
use bakeoff_engine::{EndReason, EngineEvent, ProviderLimits};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;

#[derive(Debug, Clone)]
struct Setting {
    trials: u32,
    behaviours: Vec<u8>,
    parallel: u16,
    retries: u16,
    cooldown: bool,
    judged: bool,
    workflow: bool,
    per_minute: Option<u32>,
    budget: Option<f64>,
    steer: Option<(u64, bool)>,
}

fn settings() -> impl Strategy<Value = Setting> {
    let first = (1u32..30, prop::collection::vec(0u8..13, 1..12), 1u16..9, 0u16..4, any::<bool>());
    let second = (any::<bool>(), any::<bool>(), prop::option::of(1u32..600), prop::option::of(0.0f64..0.05));
    let steer = prop::option::of((0u64..5_000, any::<bool>()));
    (first, second, steer).prop_map(
        |(
            (trials, behaviours, parallel, retries, cooldown),
            (judged, workflow, per_minute, budget),
            steer,
        )| Setting {
            trials,
            behaviours,
            parallel,
            retries,
            cooldown,
            judged,
            workflow,
            per_minute,
            budget,
            steer,
        },
    )
}

fn behave(kind: u8, judge: bool) -> FakeAnswer {
    let good = || match judge {
        true => FakeAnswer::text_with_tokens(r#"{"reason": "r", "score": 1}"#, 300, 40),
        false => FakeAnswer::text_with_tokens("yes", 12, 90),
    };
    match kind {
        0 => FakeAnswer::error(ModelErrorKind::RateLimited),
        1 => FakeAnswer::rate_limited(Duration::from_secs(3)),
        2 => FakeAnswer::error(ModelErrorKind::Server).after(Duration::from_millis(70)),
        3 => FakeAnswer::error(ModelErrorKind::Connection),
        4 => FakeAnswer::error(ModelErrorKind::BadRequest),
        5 => FakeAnswer::error(ModelErrorKind::NoAnswer),
        6 => FakeAnswer::hang(),
        7 => FakeAnswer::panic(),
        8 => FakeAnswer::error(ModelErrorKind::Auth),
        9 => FakeAnswer::text("no"),
        10 => good().after(Duration::from_millis(333)),
        _ => good(),
    }
}

fn world(setting: &Setting) -> World {
    let behaviours = setting.behaviours.clone();
    let model = FakeModel::new(move |request, number| {
        behave(behaviours[number % behaviours.len()], request.provider == Provider::Anthropic)
    });
    let mut variants = vec![variant("a", Provider::Openai), variant("b", Provider::Gemini)];
    if setting.workflow {
        // `plan` hardly ever gives a list, so items come from the campaign.
        let mut program = fan_out();
        program.edges.remove(0);
        program.edges.insert(0, parallel(START, "items", "work", "results"));
        program.nodes.iter_mut().for_each(|node| node.llm.max_output_tokens = Some(100));
        variants[1] = of("b", "work", program);
    }
    for one in &mut variants {
        one.max_output_tokens = Some(100);
    }
    let mut world = World::new(setting.trials, model).variants(variants);
    world.spec.parallel = setting.parallel;
    world.spec.retries = setting.retries;
    world.spec.cooldown = Duration::from_millis(if setting.cooldown { 200 } else { 0 });
    world.spec.budget_usd = setting.budget;
    world.spec.inputs = object(serde_json::json!({"items": ["x", "y", "z"]}));
    if setting.judged {
        world.spec.scorers = vec![exact(), rubric()];
    }
    let limits = ProviderLimits { requests_per_minute: setting.per_minute, ..ProviderLimits::default() };
    world.limits.insert(Provider::Openai, limits);
    world
}

async fn check(setting: Setting) -> Result<(), TestCaseError> {
    let world = world(&setting);
    let run = world.start();
    if let Some((at, stop)) = setting.steer {
        tokio::time::sleep(Duration::from_millis(at)).await;
        if stop {
            run.stop();
        } else {
            run.pause();
            tokio::time::sleep(Duration::from_secs(100)).await;
            run.resume();
        }
    }
    let end = tokio::time::timeout(Duration::from_secs(7 * 86_400), run.wait()).await;
    let end = end.map_err(|_| TestCaseError::fail("the run never ended"))?;
    let records = world.log.records();
    let keys: HashSet<_> = records.iter().map(|record| record.key).collect();
    prop_assert_eq!(keys.len(), records.len(), "no trial may have two records");
    let planned = world.spec.trials.len();
    prop_assert_eq!(records.len() + end.counts.not_run as usize, planned, "every trial is accounted for");
    prop_assert_eq!(end.counts.recorded() as usize, records.len());
    prop_assert!(world.model.most_in_flight() <= usize::from(setting.parallel));
    prop_assert_eq!(world.model.in_flight(), 0, "nothing goes on after the end");
    let attempts: usize = records.iter().map(|record| record.attempts.len()).sum();
    prop_assert_eq!(attempts, world.model.calls(), "every call is in exactly one record");
    let told = world.events().iter().filter(|one| matches!(one, EngineEvent::TrialEnded(_))).count();
    prop_assert_eq!(told, records.len());
    if end.reason == EndReason::Finished {
        prop_assert_eq!(records.len(), planned);
        prop_assert_eq!(end.counts.of(Outcome::Cancelled), 0);
    }
    if let Some(budget) = setting.budget {
        let known: f64 =
            records.iter().flat_map(|record| &record.attempts).filter_map(|one| one.cost_usd).sum();
        prop_assert!(known <= budget + 1e-9, "{} was spent of {}", known, budget);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn every_trial_is_recorded_once_or_not_run(setting in settings()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime can be built").block_on(check(setting))?;
    }

    #[test]
    fn no_budget_is_passed_by_prompts_that_take_more_tokens_than_usual(
        (parallel, budget) in (1u16..16, 0.0f64..0.05),
        (input, output, milliseconds) in (1u64..28, 1u64..1_000, prop::collection::vec(1u64..2_000, 1..8)),
    ) {
        // A prompt of the fake world has 28 bytes or more: up to a token for each.
        let model = FakeModel::new(move |_, number| {
            let after = Duration::from_millis(milliseconds[number % milliseconds.len()]);
            FakeAnswer::text_with_tokens("yes", input, output).after(after)
        });
        let mut world = World::new(30, model);
        world.spec.parallel = parallel;
        world.spec.budget_usd = Some(budget);
        world.price = Some(bakeoff_core::price::Price { input: 100.0, cached_input: None, output: 1.0 });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let end = runtime.expect("a runtime can be built").block_on(world.run());
        prop_assert!(end.counts.known_cost_usd <= budget + 1e-9, "{} of {budget}", end.counts.known_cost_usd);
    }
}
