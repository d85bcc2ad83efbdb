//! The CSV export.

use crate::{FullDisk, sample, trials};
use bakeoff_interop::{TrialLine, csv::write_trials};
use std::convert::Infallible;

fn written(lines: Vec<TrialLine>) -> Vec<std::collections::HashMap<String, String>> {
    let mut bytes = Vec::new();
    let metrics = ["label".to_owned(), "missing".to_owned()];
    write_trials(&mut bytes, &metrics, lines.into_iter().map(Ok::<_, Infallible>))
        .expect("memory takes everything");
    csv::Reader::from_reader(&*bytes).deserialize().map(|row| row.expect("each line is a row")).collect()
}

#[test]
fn a_trial_is_one_line_with_every_number() {
    let rows = written(vec![sample::trial(7)]);
    let expected = [
        ("run", "12"),
        ("campaign", "tickets"),
        ("case_id", "t-007"),
        ("variant", "definitions"),
        ("repetition", "1"),
        ("outcome", "pass"),
        ("score", "1"),
        ("latency_ms", "812.25"),
        ("wait_ms", "0"),
        ("input_tokens", "310"),
        ("cached_input_tokens", ""),
        ("total_tokens", "322"),
        ("cost_usd", "0.0004"),
        ("attempts", "1"),
        ("expected_label", "storage"),
        ("started_at", "2025-11-20T09:13:20.123Z"),
        ("score:label", "1"),
        ("score:missing", ""),
        ("other_scores", "{\"format\":0.5}"),
        ("answer", "storage"),
        ("error", ""),
    ];
    for (column, value) in expected {
        assert_eq!(rows[0][column], value, "column {column}");
    }
}

#[test]
fn no_text_is_run_as_a_formula_and_every_text_comes_back() {
    let texts = [
        "=HYPERLINK(\"x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "  =1+1",
        "\t=1",
        "＝1",
        "'quoted'",
        "plain, \"with\" all\nkinds; of = signs",
        "",
    ];
    let line = |text: &&str| {
        let mut line = sample::trial(0);
        line.record.answer = Some((*text).to_owned());
        line.variant = (*text).into();
        line
    };
    let rows = written(texts.iter().map(line).collect());
    for (row, text) in rows.iter().zip(texts) {
        for column in ["answer", "variant"] {
            let cell = &row[column];
            let runs = cell.trim_start().starts_with(['=', '+', '-', '@', '＝']);
            assert!(!runs, "{cell:?} would be run as a formula");
            assert_eq!(
                cell.strip_prefix('\'').unwrap_or(cell),
                text,
                "one apostrophe less gives the text back"
            );
        }
    }
}

#[test]
fn a_negative_number_stays_a_number() {
    let mut line = sample::trial(0);
    line.record.score = Some(-0.5);
    assert_eq!(written(vec![line])[0]["score"], "-0.5");
}

#[test]
fn a_full_disk_and_an_unreadable_result_are_errors() {
    let error = write_trials(FullDisk(100), &[], trials(5_000)).unwrap_err().to_string();
    assert!(error.contains("failed to write the export") && error.contains("disk"), "{error}");
    let broken = [Err::<TrialLine, _>("the database is corrupt")];
    let error = write_trials(Vec::new(), &[], broken).unwrap_err().to_string();
    assert!(error.contains("the database is corrupt"), "{error}");
}

#[test]
fn the_count_is_that_of_the_trials() {
    let mut bytes = Vec::new();
    assert_eq!(write_trials(&mut bytes, &[], trials(1_000)).unwrap(), 1_000);
    assert_eq!(csv::Reader::from_reader(&*bytes).records().count(), 1_000);
}
