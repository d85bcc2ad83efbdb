//! Every scorer against answers it likes and answers it doesn't.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::scorer::{self, AnswerFacts, Scorer, Scoring, rubric::Verdict};
use serde_json::{Map, Value, json};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// A scorer as a data-set row may bring it along.
fn judge(scorer: Value, fields: Value, answer: &str) -> Scoring {
    let mut fields = map(fields);
    fields.insert("scorers".to_owned(), json!([scorer]));
    let scorers = scorer::for_case(&[], &fields).unwrap();
    let facts = AnswerFacts { text: answer, latency_ms: Some(120.0), cost_usd: Some(0.002) };
    scorer::score(&scorers, &fields, &facts)
}

fn check(scorer: Value, answer: &str, score: f64, passed: bool, reason: &str) {
    let fields = json!({"input": "Disk full", "expected": "storage", "number": 3.5});
    let scoring = judge(scorer.clone(), fields, answer);
    assert_eq!(scoring.error, None, "{scorer} on {answer}");
    let found = &scoring.scores[0];
    assert_eq!((found.score, found.passed), (score, passed), "{scorer} on {answer}: {}", found.reason);
    assert!(found.reason.contains(reason), "{scorer} on {answer}: {}", found.reason);
}

#[test]
fn exact_compares_trimmed() {
    let scorer = json!({"type": "exact", "value": "{{ expected }}"});
    check(scorer.clone(), " storage\n", 1.0, true, r#"the answer is "storage""#);
    check(scorer, "network", 0.0, false, r#"the answer is "network", expected "storage""#);
}

#[test]
fn contains_and_its_kin() {
    check(
        json!({"type": "contains", "value": "{{ expected }}"}),
        "the storage",
        1.0,
        true,
        "contains \"storage\"",
    );
    check(json!({"type": "contains", "value": "Storage"}), "the storage", 0.0, false, "does not contain");
    check(json!({"type": "icontains", "value": "STORÄGE"}), "the storäge", 1.0, true, "contains");
    check(json!({"type": "contains-any", "values": ["x", "the"]}), "the storage", 1.0, true, "\"the\"");
    check(json!({"type": "contains-any", "values": ["x", "y"]}), "the", 0.0, false, "none of \"x\", \"y\"");
    check(
        json!({"type": "contains-all", "values": ["a", "b", "c", "d"]}),
        "a b c",
        0.75,
        false,
        "lacks \"d\"",
    );
    check(json!({"type": "contains-all", "values": ["a", "b"]}), "a b c", 1.0, true, "all of");
    check(json!({"type": "starts-with", "value": "the"}), "  the storage", 1.0, true, "starts with");
    check(json!({"type": "starts-with", "value": "storage"}), "the storage", 0.0, false, "does not start");
}

#[test]
fn patterns_may_have_fields_in_them() {
    check(json!({"type": "regex", "pattern": r"(?i)DISK\d+"}), "see disk42!", 1.0, true, "disk42");
    check(json!({"type": "regex", "pattern": r"^\d+$"}), "x1", 0.0, false, "matches nowhere");
    check(json!({"type": "regex", "pattern": r"\b{{ expected }}\b"}), "is storage.", 1.0, true, "storage");
    let broken = judge(json!({"type": "regex", "pattern": "{{ expected }}"}), json!({"expected": "("}), "x");
    assert!(broken.error.unwrap().contains("not valid"), "a pattern that can't be used is no failed answer");
}

#[test]
fn json_is_asked_for_strictly_or_found_tolerantly() {
    let is_json = json!({"type": "is-json"});
    check(is_json.clone(), "{\"a\": 1}", 1.0, true, "is JSON");
    check(is_json.clone(), "```json\n{\"a\": 1}\n```", 1.0, true, "is JSON");
    check(is_json, "Sure: {\"a\": 1}", 0.0, false, "is not JSON");
    let schema = json!({"type": "json-schema", "schema": {"type": "object", "required": ["label"]}});
    check(schema.clone(), "Sure: {\"label\": 1}", 1.0, true, "valid");
    check(schema.clone(), "{\"lable\": 1}", 0.0, false, "label");
    check(schema, "no", 0.0, false, "no JSON");
}

#[test]
fn json_fields_are_compared_by_value() {
    let field = |field: &str, equals: Value| json!({"type": "json-field", "field": field, "equals": equals});
    check(
        field("label", json!("{{ expected }}")),
        "{\"label\": \"storage\"}",
        1.0,
        true,
        "label is \"storage\"",
    );
    let wrong = r#"label is "network", expected "storage""#;
    check(field("label", json!("{{ expected }}")), "{\"label\": \"network\"}", 0.0, false, wrong);
    check(field("a.1.b", json!(3)), "{\"a\": [0, {\"b\": 3.0}]}", 1.0, true, "");
    check(field("ok", json!(true)), "{\"ok\": true}", 1.0, true, "");
    check(field("ok", json!("true")), "{\"ok\": false}", 0.0, false, "");
    check(field("list", json!("[1, 2]")), "{\"list\": [1,2]}", 1.0, true, "");
    check(field("label", json!("x")), "{\"other\": 1}", 0.0, false, "no label");
    check(field("label", json!("x")), "I don't know", 0.0, false, "no JSON");
}

#[test]
fn numbers_are_found_in_text_and_in_fields() {
    let near = |tolerance: f64| json!({"type": "numeric", "value": "{{ number }}", "tolerance": tolerance});
    check(near(0.0), "It is 3.5 kg, not 4", 1.0, true, "within");
    check(near(0.1), "about 3.6", 1.0, true, "within");
    check(near(0.1), "about 3.61", 0.0, false, "not within");
    check(near(1e9), "none", 0.0, false, "no number");
    check(json!({"type": "numeric", "value": "-1,234,567.5"}), "= -1,234,567.5.", 1.0, true, "within");
    check(json!({"type": "numeric", "value": 1500}), "1.5e3", 1.0, true, "within");
    check(
        json!({"type": "numeric", "value": 7, "field": "n"}),
        "{\"m\": 1, \"n\": \"7 kg\"}",
        1.0,
        true,
        "within",
    );
    let text = judge(json!({"type": "numeric", "value": "{{ expected }}"}), json!({"expected": "many"}), "1");
    assert!(
        text.error.unwrap().contains("not a number"),
        "an expectation that is no number is no failed answer"
    );
}

#[test]
fn levenshtein_passes_above_its_threshold() {
    let near =
        |threshold: f64| json!({"type": "levenshtein", "value": "{{ expected }}", "threshold": threshold});
    check(near(0.7), "storaje", 1.0 - 1.0 / 7.0, true, "1 edits");
    check(near(0.9), "storaje", 1.0 - 1.0 / 7.0, false, "0.857");
    check(near(0.5), &"x".repeat(1_000_000), 0.0, false, "too many to compare");
}

#[test]
fn time_and_cost_have_limits() {
    check(json!({"type": "latency", "max_ms": 120}), "", 1.0, true, "took 120 ms");
    check(json!({"type": "latency", "max_ms": 100}), "", 0.0, false, "at most 100 ms");
    check(json!({"type": "cost", "max_usd": 0.001}), "", 0.0, false, "0.002 USD");
    let fields = map(json!({"scorers": [{"type": "cost", "max_usd": 1}]}));
    let scorers = scorer::for_case(&[], &fields).unwrap();
    let unknown = AnswerFacts { text: "", latency_ms: None, cost_usd: None };
    let scoring = scorer::score(&scorers, &fields, &unknown);
    assert!(scoring.scores.is_empty() && scoring.error.unwrap().contains("cost is not known"));
}

#[test]
fn a_scorer_that_only_reports_spoils_nothing() {
    let scoring = judge(json!({"type": "exact", "value": "{{ nothing }}", "weight": 0}), json!({}), "x");
    assert_eq!((scoring.error, scoring.scores.len()), (None, 0));
    let counting = judge(json!({"type": "exact", "value": "{{ nothing }}"}), json!({"nothink": 1}), "x");
    assert!(counting.error.unwrap().contains("no field `nothing`"));
}

#[test]
fn labels_come_from_the_first_scorer_that_compares_with_expected() {
    let campaign = compile(json!([
        {"type": "exact", "value": "fixed"},
        {"type": "json-field", "field": "label", "equals": "{{ expected.label }}"},
        {"type": "exact", "value": "{{ expected }}"},
    ]));
    let fields = map(json!({"expected": {"label": "storage"}}));
    let facts = AnswerFacts { text: "{\"label\": \"network\"}", latency_ms: None, cost_usd: None };
    let scoring = scorer::score(&campaign, &fields, &facts);
    assert_eq!(scoring.expected_label.as_deref(), Some("storage"));
    assert_eq!(scoring.answered_label.as_deref(), Some("network"));
    let none = scorer::score(&campaign, &fields, &AnswerFacts { text: "?", ..facts });
    assert_eq!((none.expected_label.as_deref(), none.answered_label), (Some("storage"), None));
}

fn compile(scorers: Value) -> Vec<scorer::CompiledScorer> {
    let fields = map(json!({ "scorers": scorers }));
    scorer::for_case(&[], &fields).unwrap().into_owned()
}

#[test]
fn verdicts_take_their_scorers_place() {
    let scorers = compile(json!([
        {"type": "is-json"},
        {"type": "rubric", "model": "gpt-5-mini", "criterion": "is about {{ expected }}", "threshold": 0.6},
        {"type": "exact", "value": "x"},
    ]));
    let fields = map(json!({"expected": "storage", "input": "Disk full"}));
    let facts = AnswerFacts { text: "x", latency_ms: None, cost_usd: None };
    let mut scoring = scorer::score(&scorers, &fields, &facts);
    assert_eq!(scoring.rubrics.len(), 1);
    let question = scoring.rubrics[0].clone();
    assert!(question.user.contains("is about storage"), "the criterion is a template too");
    scoring.add_verdict(&question, &Verdict { reason: "half".into(), score: 0.5 });
    let names: Vec<&str> = scoring.scores.iter().map(|score| score.scorer.as_str()).collect();
    assert_eq!(names, ["is-json", "rubric", "exact"]);
    assert!(!scoring.scores[1].passed && scoring.scores[1].reason == "half");
}

#[test]
fn rows_add_their_scorers_to_the_campaigns() {
    let campaign = compile(json!([{"type": "is-json"}]));
    let own = map(json!({"scorers": [{"type": "contains", "value": "x"}]}));
    assert_eq!(scorer::for_case(&campaign, &own).unwrap().len(), 2);
    assert_eq!(scorer::for_case(&campaign, &map(json!({}))).unwrap().len(), 1);
    let broken = map(json!({"scorers": [{"type": "regex", "pattern": "("}]}));
    assert!(scorer::for_case(&campaign, &broken).unwrap_err().contains("scorers[0].pattern"));
}

#[test]
fn every_type_survives_storing() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/fixtures/good/campaigns/every-scorer.yaml"
    ))
    .unwrap();
    let campaign = bakeoff_core::campaign::check("every-scorer", &text).value.unwrap();
    assert_eq!(campaign.scorers.len(), 15, "one of each type");
    for scorer in &campaign.scorers {
        let stored = serde_json::to_string(scorer).unwrap();
        assert_eq!(&serde_json::from_str::<Scorer>(&stored).unwrap(), scorer, "{stored}");
    }
}

#[test]
fn an_output_is_judged_instead_of_the_whole_answer() {
    let answer =
        r#"{"label": "storage", "score": 0.8, "tags": ["a", "b"], "nothing": null, "review": {"by": "x"}}"#;
    let on = |output: &str, scorer: Value| {
        let mut scorer = scorer;
        scorer["output"] = json!(output);
        scorer
    };
    let exact = json!({"type": "exact", "value": "{{ expected }}"});
    check(on("label", exact.clone()), answer, 1.0, true, r#"the answer is "storage""#);
    check(exact.clone(), answer, 0.0, false, "expected \"storage\"");
    check(
        on("score", json!({"type": "numeric", "value": 1, "tolerance": 0.2})),
        answer,
        1.0,
        true,
        "0.8 is within",
    );
    check(on("tags", json!({"type": "contains", "value": "\"b\""})), answer, 1.0, true, "contains");
    check(on("tags", json!({"type": "is-json"})), answer, 1.0, true, "the answer is JSON");
    check(
        on("review", json!({"type": "json-field", "field": "by", "equals": "x"})),
        answer,
        1.0,
        true,
        "by is \"x\"",
    );
    check(on("review.by", json!({"type": "exact", "value": "x"})), answer, 1.0, true, "the answer is \"x\"");
    let missing = "the answer has no output lable; it has label, score, tags, nothing, review";
    check(on("lable", exact.clone()), answer, 0.0, false, missing);
    check(on("nothing", exact.clone()), answer, 0.0, false, "the answer has no output nothing");
    check(on("label", exact.clone()), "no JSON", 0.0, false, "it has no JSON object in it");
    let labels = judge(on("label", exact), json!({"expected": "storage"}), answer);
    assert_eq!(labels.answered_label.as_deref(), Some("storage"));
}

#[test]
fn a_rubric_sees_its_output_only() {
    let rubric =
        json!({"type": "rubric", "model": "gpt-5-mini", "criterion": "is polite", "output": "reply"});
    let scoring =
        judge(rubric.clone(), json!({"input": "x"}), r#"{"reply": "thank you", "hidden": "secret"}"#);
    let question = &scoring.rubrics[0];
    assert!(question.user.contains("thank you") && !question.user.contains("secret"), "{}", question.user);
    let without = judge(rubric, json!({"input": "x"}), r#"{"hidden": "secret"}"#);
    assert!(without.rubrics.is_empty() && !without.scores[0].passed, "nobody is asked about nothing");
}
