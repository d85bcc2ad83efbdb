//! Budgets: calls stop before the money is passed, and a larger budget goes on.

use crate::support::{MockCampaign, Place, count, text};
use bakeoff_testkit::{MockServer, Reply};
use serde_json::json;

/// Each call costs one cent: 5 tokens in at 2,000 USD a million; the answer is free. What is set aside before a call is
/// more: half of the prompt's bytes and 16 before the first answer, about a quarter of them after it.
fn cents() -> MockServer {
    MockServer::with_rule(|request| {
        let body = request.text();
        let answer = body.split_once("[[answer:").and_then(|(_, rest)| rest.split_once("]]"));
        answer.map(|(answer, _)| Reply::text_with_tokens(answer, 5, 3))
    })
}

fn priced(place: &Place) {
    place.write_settings(&json!({
        "prices": {"mock-small": {"input": 2000.0, "cached_input": null, "output": 0.0}}
    }));
}

#[test]
fn a_budget_is_never_passed_and_a_larger_one_goes_on() {
    let server = cents();
    let place = Place::empty();
    priced(&place);
    let more = "budget_usd: 0.105\nparallel: 4\n";
    MockCampaign { server: &server, cases: 30, variants: &["a"], more }.write(&place);

    let ran = place.run(&["run", "calls", "--json"]).expect_code(1);
    assert!(ran.err.contains("out of budget"), "{}", ran.err);
    assert!(ran.err.contains("--resume"), "{}", ran.err);
    let row = ran.json();
    assert_eq!(text(&row, "/run/state"), "out_of_budget");
    let spent = row["run"]["cost_usd"].as_f64().expect("the cost is known");
    assert!(server.count() <= 10, "{} calls of a cent each", server.count());
    assert!(spent <= 0.105 && spent > 0.0, "{spent} USD");
    assert!((spent - 0.01 * server.count() as f64).abs() < 1e-9, "what was spent is what was called");
    let done = count(&row, "/run/done") as usize;
    assert_eq!(done, server.count());

    place.run(&["run", "calls", "--resume"]).expect_code(1).says("out of budget");
    let calls = server.count();
    assert!(calls <= 10, "the old budget still holds: {calls} calls");
    place.run(&["run", "calls", "--resume", "--budget", "0.205"]).expect_code(1);
    assert!((calls + 1..=20).contains(&server.count()), "{} calls", server.count());
    place.run(&["run", "calls", "--resume", "--budget", "10"]).expect_code(0);
    assert_eq!(server.count(), 30, "every trial was called once");
    assert_eq!(text(&place.newest_run(), "/state"), "finished");
}

#[test]
fn the_spend_cap_of_the_settings_holds_whatever_the_campaign_says() {
    let server = cents();
    let place = Place::empty();
    place.write_settings(&json!({
        "prices": {"mock-small": {"input": 2000.0, "cached_input": null, "output": 0.0}}, "spend_cap_usd": 0.05
    }));
    MockCampaign { server: &server, cases: 30, variants: &["a"], more: "budget_usd: 9\n" }.write(&place);
    place.run(&["run", "calls"]).expect_code(1).says("out of budget");
    assert!(server.count() <= 5, "{} calls of a cent each", server.count());
}

#[test]
fn an_unknown_price_is_unknown_and_not_zero() {
    let server = cents();
    let place = Place::empty();
    MockCampaign { server: &server, cases: 3, variants: &["a"], more: "" }.write(&place);
    place.run(&["plan", "calls"]).expect_code(0).prints("the price of mock-small (a) is unknown");
    place.run(&["run", "calls"]).expect_code(0);
    assert!(place.newest_run()["cost_usd"].is_null());
}
