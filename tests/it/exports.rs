//! `export`: what is written can be read back, and agrees with what the program says.

use crate::support::{Place, count, list, text, tickets_run};
use std::collections::BTreeMap;

fn passes(place: &Place) -> BTreeMap<String, usize> {
    let mut passes = BTreeMap::new();
    for (trial, outcome) in place.trials(1) {
        let (_, variant) = trial.split_once(' ').expect("case and variant");
        *passes.entry(variant.to_owned()).or_default() += usize::from(outcome == "pass");
    }
    passes
}

#[test]
fn csv_has_one_line_a_trial() {
    let place = tickets_run();
    let ran = place.run(&["export", "1", "--format", "csv"]).expect_code(0);
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    let header = reader.headers().expect("there is a header").clone();
    let column = |name: &str| header.iter().position(|known| known == name).expect("the column is there");
    let (variant, outcome, label) = (column("variant"), column("outcome"), column("score:label"));
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = 0;
    for row in reader.records() {
        let row = row.expect("every row can be read");
        *found.entry(row[variant].to_owned()).or_default() += usize::from(&row[outcome] == "pass");
        assert!(row[label].parse::<f64>().is_ok(), "a score is a number: {row:?}");
        rows += 1;
    }
    assert_eq!((rows, found), (450, passes(place)));
}

#[test]
fn json_has_everything() {
    let place = tickets_run();
    let exported = place.run(&["export", "1", "--format", "json"]).expect_code(0).json();
    assert_eq!(text(&exported, "/format"), "bakeoff-run/1");
    assert_eq!(list(&exported, "/trials").len(), 450);
    assert_eq!(list(&exported, "/cases").len(), 150);
    assert_eq!(
        text(&exported, "/variants/0/text"),
        place.read("variants/default.yaml"),
        "files as they were"
    );
    assert_eq!(text(&exported, "/run/definition"), place.read("campaigns/tickets.yaml"));
    assert_eq!(count(&exported, "/run/seed"), 42);
}

#[test]
fn html_is_one_file_that_loads_nothing() {
    let place = tickets_run();
    let target = place.root().join("report.html");
    place
        .run(&["export", "1", "--format", "html", "-o", &target.display().to_string()])
        .expect_code(0)
        .says("written to");
    let html = std::fs::read_to_string(target).expect("the report is written");
    assert!(html.starts_with("<!doctype html>") || html.starts_with("<!DOCTYPE html>"));
    assert!(html.trim_end().ends_with("</html>"), "the report is whole");
    for name in ["default", "definitions", "examples"] {
        assert!(html.contains(name), "{name} is in the report");
    }
    for loading in ["src=\"http", "<script src", "<link rel=\"stylesheet\" href", "@import", "url(http"] {
        assert!(!html.contains(loading), "the report would load something: {loading}");
    }
}

#[test]
fn a_target_that_cannot_be_written_is_told() {
    let place = tickets_run();
    let ran = place.run(&["export", "1", "--format", "csv", "-o", "/nonexistent/folder/out.csv"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:?}");
    assert!(ran.err.contains("/nonexistent/folder"), "{}", ran.err);
    place.run(&["export", "9", "--format", "csv"]).expect_code(3).says("run #9");
}

/// As `bakeoff export 1 --format json | head -c 1` does.
#[test]
fn a_reader_that_has_enough_is_no_error() {
    for arguments in [&["export", "1", "--format", "json"][..], &["show", "1", "--trials", "450", "--json"]] {
        let mut command = tickets_run().command(arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut out = child.stdout.take().expect("stdout is piped");
        std::io::Read::read_exact(&mut out, &mut [0]).expect("it begins to print");
        drop(out);
        let ended = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*err), (Some(0), ""), "{arguments:?}");
    }
}
