//! Providers that misbehave, through the whole program.

use crate::support::{MockCampaign, Place, count, list, text, trial_of};
use bakeoff_testkit::{MockServer, Reply};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_rejected_key_fails_fast_and_clearly() {
    let server = MockServer::always(Reply::unauthorized());
    let mut place = Place::empty();
    place.set_variable("OPENAI_COMPATIBLE_API_KEY", "sk-wrong");
    MockCampaign { server: &server, cases: 100, variants: &["a"], more: "parallel: 4\n" }.write(&place);
    let ran = place.run(&["run", "calls", "--json"]).expect_code(1);
    assert!(server.count() <= 8, "no call is repeated and the rest is not tried: {} calls", server.count());
    assert!(ran.err.contains("401") || ran.err.contains("key"), "{}", ran.err);
    assert!(ran.err.contains("--resume"), "it says what to do: {}", ran.err);
    assert_eq!(text(&ran.json(), "/run/state"), "failed");
    assert_eq!(text(&ran.json(), "/error/code"), "run_failed");
    let reason = text(&ran.json(), "/run/reason").to_owned();
    assert!(reason.contains("openai-compatible"), "the reason names the provider: {reason}");
}

#[test]
fn a_missing_key_is_told_before_anything_runs() {
    let place = Place::starter();
    place.write(
        "variants/real.yaml",
        "provider: anthropic\nmodel: claude-sonnet-4-5\nprompt: \"{{ input }}\"\n",
    );
    let campaign =
        place.read("campaigns/tickets.yaml").replace("[default, definitions", "[default, real, definitions");
    place.write("campaigns/real.yaml", campaign);
    place
        .run(&["run", "real"])
        .expect_code(3)
        .says("there is no key for anthropic")
        .says("ANTHROPIC_API_KEY");
    place.run(&["list"]).expect_code(0).says("There are no runs yet");
}

#[test]
fn a_rate_limit_is_waited_for_as_asked() {
    let arrivals: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let seen = Arc::clone(&arrivals);
    let server = MockServer::with_rule(move |request| {
        seen.lock().expect("no test thread has panicked").push(Instant::now());
        (request.number == 0).then(|| Reply::rate_limited(Some(1)))
    });
    let place = Place::empty();
    MockCampaign { server: &server, cases: 1, variants: &["a"], more: "" }.write(&place);
    place.run(&["run", "calls"]).expect_code(0);
    let arrivals = arrivals.lock().expect("no test thread has panicked");
    assert_eq!(arrivals.len(), 2);
    assert!(arrivals[1] - arrivals[0] >= Duration::from_millis(990), "it came back too early");
    let trial = place.json(&["show", "1", "--trial", "1"]);
    assert_eq!(text(&trial, "/row/outcome"), "pass");
    let attempts = list(&trial, "/attempts");
    let statuses: Vec<u64> = attempts.iter().map(|attempt| count(attempt, "/status")).collect();
    assert_eq!(statuses, [429, 200]);
    let (latency, waited) = (&trial["row"]["latency_ms"], &trial["wait_ms"]);
    assert!(waited.as_f64().expect("a number") >= 990.0, "the waiting is kept: {waited}");
    assert!(latency.as_f64().expect("a number") < 990.0, "and is not the model's latency: {latency}");
}

#[test]
fn a_failing_server_is_an_infra_error_and_only_that_is_retried() {
    let mended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mended);
    let server = MockServer::with_rule(move |request| {
        let broken = trial_of(request).starts_with("c3 ") && !flag.load(Ordering::SeqCst);
        broken.then(Reply::server_error)
    });
    let place = Place::empty();
    let campaign = MockCampaign { server: &server, cases: 8, variants: &["a", "b"], more: "retries: 1\n" };
    campaign.write(&place);
    place
        .run(&["run", "calls"])
        .expect_code(0)
        .says("caution: 2 of 16 trials have no usable result")
        .says("HTTP 500")
        .says("--retry-failed");
    assert_eq!(server.count(), 14 + 2 * 2, "each failing trial is tried twice");
    let failed: Vec<String> = place
        .trials(1)
        .into_iter()
        .filter(|(_, outcome)| outcome == "infra_error")
        .map(|(trial, _)| trial)
        .collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    let view = place.json(&["compare", "1"]);
    assert_eq!(count(&view, "/comparison/variants/0/unusable"), 1, "an infra error is no failed answer");
    assert_eq!(view.pointer("/comparison/variants/0/success_rate/value"), Some(&1.0.into()));

    mended.store(true, Ordering::SeqCst);
    let before = server.count();
    place.run(&["run", "calls", "--retry-failed"]).expect_code(0);
    let again: Vec<String> = server.requests().iter().skip(before).map(trial_of).collect();
    assert!(again.len() == 2 && again.iter().all(|trial| trial.starts_with("c3 ")), "{again:?}");
    let trials = place.trials(1);
    assert_eq!(trials.len(), campaign.planned());
    assert!(trials.iter().all(|(_, outcome)| outcome == "pass"), "{trials:?}");
    place
        .run(&["run", "calls", "--retry-failed"])
        .expect_code(3)
        .says("no run of calls has failed calls to retry");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let place = Place::empty();
    {
        let server = MockServer::start();
        MockCampaign { server: &server, cases: 1, variants: &["a"], more: "retries: 0\n" }.write(&place);
    }
    let ran = place.run(&["run", "calls"]).expect_code(1);
    let ran = ran.says("none of the 1 trials has a usable result").says("127.0.0.1").says("--retry-failed");
    assert!(ran.err.contains("infra_error"), "{}", ran.err);
    assert_eq!(text(&place.newest_run(), "/state"), "finished");
}

#[test]
fn a_hanging_model_is_a_timeout() {
    let server = MockServer::always(Reply::Hang);
    let place = Place::empty();
    MockCampaign { server: &server, cases: 2, variants: &["a"], more: "timeout_seconds: 1\n" }.write(&place);
    place.run(&["run", "calls"]).expect_code(0);
    assert!(place.trials(1).iter().all(|(_, outcome)| outcome == "timeout"));
    let view = place.json(&["compare", "1"]);
    assert_eq!(
        view.pointer("/comparison/variants/0/success_rate/value"),
        Some(&0.0.into()),
        "it counts as a fail"
    );
}
