//! Triage tests from the shell: made, queued, worked on, killed, gone on with, looked at.

use crate::support::{Place, Running, count, list, text, until};
use bakeoff_testkit::{MockOptions, MockServer, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ITEMS: usize = 30;

/// A workspace with a topic of thirty items, two variants of which a mock server answers.
fn news(server: &MockServer) -> Place {
    let mut place = Place::empty();
    place.set_variable("ENABLE_ABTESTS", "1");
    // This makes it a workspace.
    place.write("variants/other.yaml", "model: lexical-1\nprompt: \"{{ title }}\"\n");
    place.write("topics/news.yaml", "id: topic-7\nsource: {file: datasets/news.jsonl}\n");
    let items = (0..ITEMS).map(|number| {
        let row = json!({
            "id": format!("n{number}"), "title": format!("<n{number}> report"), "body": "Something happened.",
            "source_type": "rss", "source_id": format!("feed{}", number % 3),
            "published_at": format!("2026-11-{:02}T08:00:00Z", number % 28 + 1),
        });
        format!("{row}\n")
    });
    place.write("datasets/news.jsonl", items.collect::<String>());
    let variant = |name: &str| {
        json!({
            "name": name, "provider": "openai-compatible", "model": format!("model-{name}"),
            "base_url": server.openai_url(), "max_output_tokens": 321,
        })
    };
    let request = json!({
        "topic": "topic-7", "window_start": "2026-11-01", "window_end": "2026-12-01",
        "variants": [variant("a"), variant("b")],
    });
    place.write("request.json", request.to_string());
    place
}

fn good(score: u32) -> Reply {
    let answer = json!({
        "ai_score": score, "reason": "it happened", "is_relevant": score > 50, "is_novel": true, "categories": ["x"],
        "should_deep_summarize": false, "theme": "t", "one_liner": "o",
    });
    Reply::text_with_tokens(format!("```json\n{answer}\n```"), 100, 20)
}

fn create(place: &Place) -> Value {
    place.json(&["abtest", "create", "--file", "request.json"])
}

/// Calls by item and model.
fn calls(server: &MockServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for request in server.requests() {
        let body = request.text();
        let item =
            body.split_once('<').and_then(|(_, rest)| rest.split_once('>')).expect("an item").0.to_owned();
        *calls.entry(format!("{item} {}", text(&request.json(), "/model"))).or_default() += 1;
    }
    calls
}

fn test_of(place: &Place, run: &str) -> Value {
    place.json(&["abtest", "show", run])["test"].clone()
}

#[test]
fn off_by_default_and_says_how_to_turn_it_on() {
    let place = Place::starter();
    let refused = place.run(&["abtest", "list"]).expect_code(1);
    refused.says("triage tests are turned off").says("ENABLE_ABTESTS=true");
    place.run(&["run", "news-triage"]).expect_code(1).says("triage tests are turned off");
    place.write_settings(&json!({"abtests": true}));
    assert_eq!(count(&place.json(&["abtest", "list"]), "/total"), 0);
}

#[test]
fn the_starters_test_runs_offline_and_its_variants_differ() {
    let mut place = Place::starter();
    place.set_variable("ENABLE_ABTESTS", "true");
    place.run(&["run", "news-triage"]).expect_code(0).prints("interests passes");
    let shown = test_of(&place, "1");
    assert_eq!(text(&shown, "/row/state"), "completed");
    assert_eq!((count(&shown, "/row/items"), count(&shown, "/row/done")), (60, 180));
    assert_eq!((count(&shown, "/selection/read"), count(&shown, "/selection/chosen")), (66, 60));
    let relevant =
        |variant: usize| shown["summaries"][variant]["relevant"]["value"].as_f64().expect("a rate");
    assert!(relevant(1) > relevant(0) + 0.2, "the interests change what is relevant: {shown:#}");
    assert_eq!(list(&shown, "/agreement/pairs").len(), 3);
}

#[test]
fn only_the_variants_own_prompts_are_applied_and_to_the_baseline() {
    let mut place = Place::starter();
    place.set_variable("ENABLE_ABTESTS", "true");
    place.run(&["run", "news-triage"]).expect_code(0);
    let before = place.read("variants/news-short.yaml");
    let apply = ["apply-optimized", "--experiment", "news-triage"];
    place.run(&apply).expect_code(0).prints("variants/news-short.yaml");
    let after = place.read("variants/news-short.yaml");
    assert!(after.contains("Not relevant: film"), "the best prompt is in the baseline's file: {after}");
    assert!(!after.contains("\nprompt:"), "the shipped user prompt is no variant's own: {after}");
    place.run(&["validate"]).expect_code(0);
    place.run(&["undo"]).expect_code(0);
    assert_eq!(place.read("variants/news-short.yaml"), before);
}

#[test]
fn a_test_that_waits_is_followed_by_whoever_watches_and_every_call_is_kept() {
    let server = MockServer::with_rule(|request| {
        let is_b = request.text().contains("model-b");
        Some(if is_b && request.text().contains("<n3>") {
            Reply::server_error()
        } else {
            good(if is_b { 80 } else { 20 })
        })
    });
    let place = news(&server);
    let mut request: Value = serde_json::from_str(&place.read("request.json")).expect("the request");
    request["variants"][0]["system_prompt"] = "Judge for people who run servers.".into();
    place.write("request.json", request.to_string());
    let made = create(&place);
    assert_eq!((text(&made, "/state"), text(&made, "/run_state")), ("queued", "queued"));
    assert_eq!(count(&made, "/items"), ITEMS as u64);
    assert_eq!(server.count(), 0, "nobody works on it yet");
    place.run(&["abtest", "watch", "1"]).expect_code(0);
    let shown = test_of(&place, "1");
    assert_eq!(text(&shown, "/row/state"), "completed", "one error is no failed test");
    assert_eq!((count(&shown, "/summaries/0/errors"), count(&shown, "/summaries/1/errors")), (0, 1));
    let body = server.requests()[0].json();
    let sent = ["max_tokens", "max_completion_tokens"].iter().find_map(|name| body[*name].as_u64());
    assert_eq!(sent, Some(321), "the variant's limit is sent: {body}");
    let has_own_prompt = |text: &str| text.contains("Judge for people who run servers.");
    for request in server.requests() {
        let (asked, is_a) = (request.text(), request.text().contains("model-a"));
        assert_eq!(
            has_own_prompt(&asked),
            is_a,
            "only the variant with a prompt of its own is asked so: {asked}"
        );
    }
    let audit = place.json(&["abtest", "show", "1", "--calls"]);
    assert_eq!(count(&audit, "/total") as usize, server.count(), "every call, the failed ones too");
    let failed: Vec<&Value> = list(&audit, "/rows").iter().filter(|call| !call["error"].is_null()).collect();
    assert_eq!(failed.len(), 2, "one more try after a server's error: {failed:#?}");
    for call in failed {
        assert_eq!(
            (text(call, "/item"), text(call, "/variant"), text(call, "/purpose")),
            ("n3", "b", "triage")
        );
        assert_eq!((call["credits"].as_f64(), call["status"].as_u64()), (Some(0.0), Some(500)));
    }
    let items = place.json(&["abtest", "show", "1", "--items", "30"]);
    let rows = list(&items, "/items/rows");
    assert_eq!(rows.len(), ITEMS);
    assert!(rows[0]["flags_differ"].as_bool().expect("a flag"), "differences first");
    assert!(
        !rows[ITEMS - 1]["flags_differ"].as_bool().expect("a flag"),
        "what one did not answer comes last"
    );
}

#[test]
fn only_errors_are_a_failed_test_and_it_says_so() {
    let server = MockServer::with_rule(|_| Some(Reply::text("I would rather not.")));
    let place = news(&server);
    create(&place);
    place.run(&["abtest", "watch", "1"]).expect_code(1);
    let shown = test_of(&place, "1");
    assert_eq!(text(&shown, "/row/state"), "failed");
    let error = text(&shown, "/row/error");
    assert!(
        error.contains("none of 60 trials") && error.contains("no JSON object with `ai_score`"),
        "{error}"
    );
    assert_eq!(server.count(), 120, "each was asked once more, and never again");
}

#[test]
fn killed_in_the_middle_it_goes_on_where_it_stopped() {
    let options = MockOptions { delay: Duration::from_millis(10), ..MockOptions::default() };
    let server = MockServer::with_options(options, |_| Some(good(40)));
    let place = news(&server);
    create(&place);
    let mut committed: Vec<(String, usize)> = Vec::new();
    for kill in 1..=3 {
        let enough = 14 * kill;
        let mut running = Running::start(place.command(&["abtest", "watch", "1"]));
        until("some calls were made", || {
            assert!(!running.has_ended(), "it ended before it was killed: {}", running.said());
            server.count() >= enough
        });
        running.kill();
        let called = calls(&server);
        for (trial, outcome) in place.trials(1) {
            let (item, variant) = trial.split_once(' ').expect("an item and a variant");
            let key = format!("{item} model-{variant}");
            if outcome == "pass" && !committed.iter().any(|(known, _)| *known == key) {
                committed.push((key.clone(), called[&key]));
            }
        }
    }
    assert!(!committed.is_empty(), "something was finished before the last kill");
    assert_eq!(text(&test_of(&place, "1"), "/row/state"), "queued", "it waits for whoever comes next");
    place.run(&["abtest", "watch", "1"]).expect_code(0);
    let shown = test_of(&place, "1");
    assert_eq!((text(&shown, "/row/state"), count(&shown, "/row/done")), ("completed", 2 * ITEMS as u64));
    let called = calls(&server);
    for (trial, before) in committed {
        assert_eq!(called[&trial], before, "{trial} was finished and called again");
    }
}

#[test]
fn one_that_waits_is_cancelled_and_never_called() {
    let server = MockServer::with_rule(|_| Some(good(40)));
    let place = news(&server);
    create(&place);
    create(&place);
    assert_eq!(text(&place.json(&["abtest", "cancel", "1"]), "/state"), "cancelled");
    place.run(&["abtest", "watch", "2"]).expect_code(0);
    assert_eq!(text(&test_of(&place, "1"), "/row/state"), "cancelled");
    assert_eq!(calls(&server).values().sum::<usize>(), 2 * ITEMS, "only the second test was called");
}

#[test]
fn an_emergency_stop_holds_whoever_asks() {
    let server = MockServer::with_rule(|_| Some(good(40)));
    let place = news(&server);
    create(&place);
    assert!(place.json(&["abtest", "queue", "stop"])["emergency_stop"].as_bool().expect("a state"));
    let resumed = place.run(&["run", "triage-news", "--resume"]).expect_code(3);
    resumed.says("stopped in an emergency").says("queue clear");
    assert_eq!(server.count(), 0, "nothing was called");
    place.run(&["abtest", "queue", "clear"]).expect_code(0);
    place.run(&["abtest", "watch", "1"]).expect_code(0);
    assert_eq!(text(&test_of(&place, "1"), "/row/state"), "completed");
}

#[test]
fn what_is_wrong_with_a_request_is_named_at_its_place() {
    let server = MockServer::with_rule(|_| Some(good(40)));
    let place = news(&server);
    let check = |change: &dyn Fn(&mut Value), words: &[&str]| {
        let mut request: Value = serde_json::from_str(&place.read("request.json")).expect("the request");
        change(&mut request);
        place.write("wrong.json", request.to_string());
        let mut ran = place.run(&["abtest", "create", "--file", "wrong.json"]).expect_code(3);
        for word in words {
            ran = ran.says(word);
        }
    };
    check(&|it| it["window_end"] = "2026-10-01".into(), &["`end` is not after its `start`"]);
    check(&|it| it["window_start"] = "soon".into(), &["\"soon\" is no moment", "2026-11-01T08:30:00Z"]);
    check(&|it| it["topic"] = "nws".into(), &["there is no topic", "did you mean news?"]);
    check(&|it| it["variants"] = json!([it["variants"][0]]), &["a comparison needs two"]);
    check(
        &|it| it["variants"][1]["provider"] = "opnai".into(),
        &["the variant `b`: `provider` is \"opnai\"", "did you mean `openai`?"],
    );
    check(
        &|it| it["variants"][1]["max_output_tokens"] = 0.into(),
        &["the variant `b`: `max_output_tokens` is 0; allowed is"],
    );
    check(&|it| it["variants"][1]["name"] = "a".into(), &["named twice"]);
    check(&|it| it["max_items"] = 0.into(), &["max_items", "allowed is"]);
    check(
        &|it| it["window_end"] = "2026-11-01T00:00:01Z".into(),
        &["no candidate is left of 30", "the candidates are of 2026-11-01 to 2026-11-28"],
    );
    assert_eq!(count(&place.json(&["abtest", "list"]), "/total"), 0, "nothing was kept");
    std::fs::remove_file(place.path("datasets/news.jsonl")).expect("the candidates can be removed");
    check(&|_| {}, &["datasets/news.jsonl"]);
}
