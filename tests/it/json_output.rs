//! `--json`: one JSON value alone on standard output, for every verb and every kind of end.

use crate::support::{Place, text, tickets_run};

/// Verbs that only read the shared run.
const READING: [&[&str]; 14] = [
    &["validate"],
    &["plan", "tickets"],
    &["list"],
    &["list", "tickets"],
    &["show", "1"],
    &["show", "1", "--trials", "3"],
    &["show", "1", "--trial", "1"],
    &["compare", "1"],
    &["compare", "--experiment", "tickets"],
    &["evaluate", "--experiment", "tickets"],
    &["apply-optimized", "--experiment", "tickets", "--dry-run"],
    &["list-variants"],
    &["export", "1", "--format", "json"],
    &["doctor"],
];

#[test]
fn every_reading_verb_prints_one_value() {
    for verb in READING {
        let value = tickets_run().json(verb);
        assert!(value.is_object() || value.is_array(), "{verb:?}: {value}");
    }
}

#[test]
fn every_writing_verb_prints_one_value() {
    let place = Place::empty();
    assert!(!place.json(&["init", "."])["written"].as_array().expect("a list").is_empty());
    let campaign = place
        .read("campaigns/tickets.yaml")
        .replace("variants:", "sample: {max_items: 12, seed: 1}\nvariants:");
    place.write("campaigns/small.yaml", campaign);
    let ran = place.json(&["run", "small", "--report", "report"]);
    assert_eq!(text(&ran, "/run/state"), "finished");
    assert_eq!(
        ran["written"].as_array().expect("a list").len(),
        5 + 1,
        "charts and report: {}",
        ran["written"]
    );
    let target = place.root().join("out.csv").display().to_string();
    assert_eq!(text(&place.json(&["export", "1", "--format", "csv", "-o", &target]), "/written"), target);
    let applied = place.json(&["apply-optimized", "--experiment", "small", "--variant", "examples"]);
    assert_eq!(text(&applied, "/variant"), "examples");
    assert!(place.json(&["undo"])["undone_at"].is_i64());
}

#[test]
fn every_error_is_one_value_too() {
    let failing: [(&[&str], &str); 10] = [
        (&["run", "nobody"], "not_found"),
        (&["run", "tikets", "--resume"], "not_found"),
        (&["run", "tickets", "--resume"], "not_found"),
        (&["run", "tickets", "--retry-failed"], "not_found"),
        (&["plan", "nobody"], "not_found"),
        (&["show", "77"], "not_found"),
        (&["compare", "77"], "not_found"),
        (&["evaluate", "--experiment", "nobody"], "not_found"),
        (&["apply-optimized", "--experiment", "tickets", "--to", "nothing"], "bad_input"),
        (&["undo", "77"], "not_found"),
    ];
    for (arguments, code) in failing {
        let ran = tickets_run().run(&[arguments, &["--json"]].concat()).expect_code(3);
        assert_eq!(text(&ran.json(), "/error/code"), code, "{arguments:?}");
        assert!(!text(&ran.json(), "/error/message").is_empty());
        assert!(ran.err.contains("error: "), "people are told too: {}", ran.err);
    }
}
