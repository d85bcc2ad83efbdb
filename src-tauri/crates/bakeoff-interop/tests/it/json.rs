//! The JSON export.

use crate::{FullDisk, sample, trials};
use bakeoff_core::dataset::Case;
use bakeoff_interop::{TrialLine, json::write};
use serde_json::Value;
use std::convert::Infallible;

fn case(text: &str) -> Result<Case, Infallible> {
    Ok(Case {
        id: "t-001".into(),
        json: serde_json::value::RawValue::from_string(text.into()).expect("the sample is JSON"),
    })
}

fn written(cases: Vec<Result<Case, Infallible>>, count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let comparison = sample::comparison();
    let (head, variants) = (sample::head(), sample::variants());
    let written = write(&mut bytes, 0, &head, &variants, Some(&comparison), cases, trials(count))
        .expect("memory takes everything");
    assert_eq!(written, u64::from(count));
    bytes
}

#[test]
fn everything_comes_back() {
    let row = r#"{"id": "t-001", "input": "<Disk> is \"full\"", "number": 1.50}"#;
    let bytes = written(vec![case(row)], 2);
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["format"], "bakeoff-run/1");
    assert_eq!(value["exported_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(value["run"]["seed"], 42);
    assert_eq!(value["variants"][2]["variant"]["model"], "gpt-5-mini");
    assert!(value["variants"][0]["text"].as_str().unwrap().contains(sample::HOSTILE));
    assert_eq!(value["comparison"]["variants"][0]["passes"], 74);
    assert_eq!(value["cases"][0]["row"]["input"], "<Disk> is \"full\"");
    assert_eq!(value["trials"][1]["case_id"], "t-001");
    assert_eq!(value["trials"][1]["outcome"], "pass");
    assert_eq!(value["trials"][1]["attempts"][0]["status"], 200);
    assert!(String::from_utf8(bytes).unwrap().contains("1.50"), "a row's JSON is kept to the letter");
}

#[test]
fn a_run_without_trials_is_a_whole_document_too() {
    let value: Value = serde_json::from_slice(&written(Vec::new(), 0)).unwrap();
    assert_eq!(value["trials"], Value::Array(Vec::new()));
    assert_eq!(value["cases"], Value::Array(Vec::new()));
}

#[test]
fn each_trial_is_a_line_that_can_be_read_alone() {
    let text = String::from_utf8(written(Vec::new(), 3)).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"run\":12,\"campaign\"")).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let trial: Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
        assert_eq!(trial["variant"], "definitions");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let (head, variants) = (sample::head(), sample::variants());
    let none: [Result<Case, Infallible>; 0] = [];
    let error = write(FullDisk(5_000), 0, &head, &variants, None, none, trials(5_000)).unwrap_err();
    assert!(error.to_string().contains("failed to write the export"), "{error}");
}

#[test]
fn an_unreadable_trial_is_an_error() {
    let (head, variants) = (sample::head(), sample::variants());
    let none: [Result<Case, &str>; 0] = [];
    let broken = [Err::<TrialLine, _>("the database is corrupt")];
    let error = write(Vec::new(), 0, &head, &variants, None, none, broken).unwrap_err();
    assert!(error.to_string().contains("the database is corrupt"), "{error}");
}
