//! The class of commands that the rules don't know: asked of a model on request, kept, and used from then on.

use crate::support::{Place, Repair, count, list, stored_repairs, text};
use bakeoff_testkit::{MockServer, RecordedRequest, Reply};
use serde_json::{Value, json};

/// A run whose agent runs two programs that no rule knows, one of them twice.
fn place() -> Place {
    let place = Place::starter();
    let campaign = "subjects: [embedded]\nchaos_types: [{type: node_kill}, {type: node_pause}]\n\
                    variants: [no-agent, runbook]\ntrials_per_combination: 2\ntimeout_seconds: 15\n";
    stored_repairs(&place, "repairs2", campaign, |_, variant, _| {
        Some(match variant {
            "no-agent" => Repair::never(),
            _ => Repair::after(3.0).by(&["labctl node list", "./mend", "./mend", "python3 check.py"]),
        })
    });
    place
}

fn classifier(place: &Place, server: &MockServer, more: Value) {
    let mut settings = json!({
        "classifier": {"provider": "openai-compatible", "model": "judge-1", "base_url": server.openai_url()}
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        settings[key] = value.clone();
    }
    place.write_settings(&settings);
}

/// The commands of a question, in their order.
fn asked(request: &RecordedRequest) -> Vec<String> {
    let user = request.json()["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
    let blocks = user.split("<command ").skip(1);
    blocks
        .filter_map(|block| {
            block.split_once(">\n")?.1.split_once("\n</command").map(|(line, _)| line.to_owned())
        })
        .collect()
}

/// An answer that calls these commands so; others are left out.
fn saying(request: &RecordedRequest, classes: &[(&str, &str)]) -> Reply {
    let entries: Vec<Value> = (1..)
        .zip(asked(request))
        .filter_map(|(number, line)| {
            let (_, class) = classes.iter().find(|(known, _)| *known == line)?;
            Some(json!({"number": number, "reason": format!("{line} does so"), "class": class}))
        })
        .collect();
    Reply::text_with_tokens(json!({"commands": entries}).to_string(), 1_000, 100)
}

const WIPES: [(&str, &str); 2] = [("./mend", "destructive"), ("python3 check.py", "read")];

/// Destructive commands a trial of the runbook, as a comparison has them.
fn destructive(place: &Place, verb: &[&str]) -> f64 {
    let compared = place.json(verb);
    let variants =
        compared.pointer("/comparison/variants").or_else(|| compared.pointer("/duels/0/comparison/variants"));
    let variants = variants.or_else(|| compared.get("variants")).and_then(Value::as_array);
    let variants = variants.unwrap_or_else(|| panic!("no variants in {compared:#}"));
    let mean = variants.last().and_then(|of| of.pointer("/faults/destructive/mean/value"));
    mean.and_then(Value::as_f64).unwrap_or_else(|| panic!("no mean in {compared:#}"))
}

#[test]
fn what_a_model_says_is_kept_and_counts_everywhere_but_in_the_trials() {
    let place = place();
    let server = MockServer::with_rule(|request| Some(saying(request, &WIPES)));
    classifier(
        &place,
        &server,
        json!({"prices": {"judge-1": {"input": 1.0, "cached_input": null, "output": 10.0}}}),
    );
    let verbs: [&[&str]; 4] = [
        &["compare", "1", "--baseline", "no-agent"],
        &["compare-baseline", "1"],
        &["compare-variants", "embedded", "node_kill"],
        &["analyze", "1"],
    ];
    for verb in verbs {
        assert_eq!(destructive(&place, verb), 0.0, "{verb:?}: the rules don't know it");
    }
    let trial = || place.json(&["show", "1", "--trial", "3"])["fault"]["trial"].clone();
    let before = trial();
    assert_eq!(server.count(), 0, "nothing is asked without --classify");

    let analysis = place.json(&["analyze", "1", "--commands", "--classify"]);
    assert_eq!(server.count(), 1, "all in one question");
    let request = &server.requests()[0];
    assert_eq!(asked(request), ["./mend", "python3 check.py"], "only what the rules don't know, each once");
    assert!(request.text().contains("json_schema"), "structured output is asked for: {}", request.text());
    for secret in ["repairs2", "node_kill", "runbook"] {
        assert!(!request.text().contains(secret), "{secret} is nobody's business: {}", request.text());
    }
    let told = &analysis["classified"];
    assert_eq!(
        (count(told, "/asked"), count(told, "/classified"), count(told, "/known")),
        (2, 2, 0),
        "{told:#}"
    );
    let cost = told["cost_usd"].as_f64().expect("the price is known");
    assert!((cost - 0.002).abs() < 1e-12, "1,000 tokens at 1 USD and 100 at 10 USD a million: {cost}");
    let runbook = &list(&analysis, "/commands")[1];
    assert_eq!(count(runbook, "/unclassified"), 0);
    let classes: Vec<u64> = list(runbook, "/classes").iter().map(|class| count(class, "/count")).collect();
    assert_eq!(classes, [8, 0, 0, 8], "of 4 trials: read, repair, risky, destructive");
    let mend = &list(runbook, "/commands")[0];
    assert_eq!((text(mend, "/command"), text(mend, "/class")), ("./mend", "destructive"));
    assert_eq!((text(mend, "/classified_by/model"), text(mend, "/reason")), ("judge-1", "./mend does so"));

    for verb in verbs {
        assert_eq!(destructive(&place, verb), 2.0, "{verb:?}: two a trial");
        place.run(verb).expect_code(0).says("by the word of a model (judge-1)");
    }
    let exported = place.run(&["export", "1", "--format", "json"]).expect_code(0).json();
    let exported = exported.pointer("/comparison/variants/1/faults/destructive/mean/value");
    assert_eq!(exported.and_then(Value::as_f64), Some(2.0), "exports have it too");
    assert_eq!(trial(), before, "the trial is as it was written");
    place
        .run(&["analyze", "1", "--commands"])
        .expect_code(0)
        .prints("judge-1")
        .prints("python3 check.py does so");

    let again = place.json(&["analyze", "1", "--classify"]);
    assert_eq!((server.count(), count(&again, "/classified/known")), (1, 2), "nothing is asked twice");
    let other = json!({"classifier": {"provider": "openai-compatible", "model": "judge-2", "base_url": server.openai_url()}});
    place.write_settings(&other);
    assert_eq!(destructive(&place, verbs[0]), 2.0, "an earlier answer counts until the new model is asked");
    place
        .run(&["analyze", "1", "--classify"])
        .expect_code(0)
        .says("judge-2 told the class of 2 of 2 commands");
    assert_eq!(server.count(), 2, "another model is asked for itself");
    place.write_settings(&json!({}));
    assert_eq!(destructive(&place, verbs[0]), 2.0, "kept answers need no model");
}

#[test]
fn without_a_model_or_a_key_commands_stay_unclassified_and_it_is_told_what_to_do() {
    let place = place();
    place
        .run(&["analyze", "1", "--classify"])
        .expect_code(3)
        .says("no model is set for the class of commands")
        .says("settings.json");
    place.write_settings(&json!({"classifier": {"provider": "anthropic", "model": "claude-haiku-4-5"}}));
    place
        .run(&["analyze", "1", "--classify"])
        .expect_code(1)
        .says("there is no key for anthropic")
        .says("ANTHROPIC_API_KEY");
    let analysis = place.json(&["analyze", "1"]);
    assert_eq!(list(&analysis, "/commands")[1]["unclassified"], 12, "they still are in the analysis");
    place.run(&["analyze", "repars2", "--classify"]).expect_code(3);
}

#[test]
fn a_model_that_misbehaves_is_asked_again_and_what_it_said_stays() {
    let place = place();
    let server = MockServer::with_rule(|request| {
        Some(match request.number {
            0 => Reply::rate_limited(Some(0)),
            1 => Reply::text("They look fine to me."),
            // It forgets one of them.
            2 => saying(request, &[("./mend", "risky")]),
            3 => Reply::unauthorized(),
            _ => Reply::html(),
        })
    });
    classifier(&place, &server, json!({}));
    let first = place.json(&["analyze", "1", "--classify"]);
    assert_eq!(server.count(), 3, "{first:#}");
    let told = &first["classified"];
    assert_eq!((count(told, "/calls"), count(told, "/classified")), (3, 1));
    assert_eq!(told["cost_usd"], Value::Null, "the price of this model is not known");
    assert_eq!(list(&first, "/commands")[1]["unclassified"], 4, "what it forgot is not guessed");

    let refused = place.run(&["analyze", "1", "--classify"]).expect_code(1);
    assert_eq!(server.count(), 4, "a refused key is not tried again");
    assert_eq!(asked(&server.requests()[3]), ["python3 check.py"], "only what is still unknown");
    assert!(refused.err.contains("judge-1 could not be asked"), "{}", refused.err);
    assert!(refused.out.contains("unclassified"), "the analysis is there all the same: {}", refused.out);
    place.run(&["analyze", "1", "--classify"]).expect_code(1).says("not all commands were asked about");
    assert_eq!(
        list(&place.json(&["analyze", "1"]), "/commands")[1]["unclassified"],
        4,
        "the first answer stays"
    );
}

#[test]
fn the_spend_cap_holds_for_these_calls_too() {
    let place = place();
    let server = MockServer::with_rule(|request| Some(saying(request, &WIPES)));
    let prices = json!({"judge-1": {"input": 1000.0, "cached_input": null, "output": 1000.0}});
    classifier(&place, &server, json!({"prices": prices, "spend_cap_usd": 0.5}));
    let ran = place.run(&["analyze", "1", "--classify"]).expect_code(1).says("over the spend cap of 0.5 USD");
    assert_eq!(server.count(), 0, "no call is made that may pass it: {}", ran.err);
}
