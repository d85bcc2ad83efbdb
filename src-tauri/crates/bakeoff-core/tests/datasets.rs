//! Reading data sets: ids, formats, limits, samples.

use bakeoff_core::campaign::Sample;
use bakeoff_core::dataset::{self, Case, Format, MAX_DIAGNOSTICS};
use bakeoff_core::diagnostic::Checked;
use serde_json::json;

fn read(format: Format, text: &str) -> Checked<Vec<Case>> {
    dataset::read(format, text.as_bytes())
}

fn good(format: Format, text: &str) -> Vec<Case> {
    let checked = read(format, text);
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    checked.value.expect("a data set without findings has a value")
}

fn ids(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| &*case.id).collect()
}

#[test]
fn formats_are_told_by_the_extension() {
    for (path, format) in [
        ("datasets/a.jsonl", Some(Format::Jsonl)),
        ("a.NDJSON", Some(Format::Jsonl)),
        ("a.b.csv", Some(Format::Csv)),
        ("a.yml", Some(Format::Yaml)),
        ("a.json", None),
        ("csv", None),
    ] {
        assert_eq!(Format::from_path(path), format, "{path}");
    }
}

#[test]
fn a_missing_id_is_a_stable_hash_of_the_row() {
    let cases = good(
        Format::Jsonl,
        "{\"input\": \"x\"}\n{\"input\": \"y\"}\n{\"input\": \"x\"}\n{\"input\": \"x\"}\n",
    );
    let hash = bakeoff_core::hash::sha256_hex(br#"{"input": "x"}"#);
    let first = format!("row-{}", &hash[..12]);
    assert_eq!(ids(&cases)[0], first);
    assert_eq!(
        ids(&cases)[2..],
        [format!("{first}-2"), format!("{first}-3")],
        "identical rows are told apart"
    );
    assert_eq!(cases[0].fields()["id"], json!(first), "templates see the id also where the row had none");
    let alone = good(Format::Jsonl, "{\"input\": \"x\"}");
    assert_eq!(ids(&alone)[0], first, "the place in the file doesn't matter");
}

#[test]
fn own_ids_may_be_numbers_but_come_once() {
    let cases = good(Format::Jsonl, "{\"id\": 7}\n{\"id\": \"8\"}\n{\"id\": 1.5}");
    assert_eq!(ids(&cases), ["7", "8", "1.5"]);
    let checked = read(Format::Jsonl, "{\"id\": 7}\n\n{\"id\": \"7\"}");
    assert!(checked.value.is_none());
    assert!(checked.diagnostics[0].message.contains("line 3 is already that of line 1"));
}

#[test]
fn a_row_keeps_its_text() {
    let row = r#"{"id":"a",  "big": 123456789012345678901234567890, "exact": 1.10}"#;
    let cases = good(Format::Jsonl, &format!("  {row}\t\r\n"));
    assert_eq!(cases[0].json.get(), row);
}

#[test]
fn the_formats_give_the_same_fields() {
    let jsonl = good(
        Format::Jsonl,
        "\u{feff}{\"id\": \"a\", \"input\": \"one\\ntwo, \\\"x\\\"\", \"expected\": \"s\", \"metadata\": {\"team\": \"core\"}}",
    );
    let csv =
        good(Format::Csv, "\u{feff}id,input,expected,metadata.team\r\na,\"one\ntwo, \"\"x\"\"\",s,core\r\n");
    let yaml = good(
        Format::Yaml,
        "- id: a\n  input: \"one\\ntwo, \\\"x\\\"\"\n  expected: s\n  metadata: {team: core}\n",
    );
    assert_eq!(jsonl[0].fields(), csv[0].fields());
    assert_eq!(jsonl[0].fields(), yaml[0].fields());
}

#[test]
fn csv_rows_may_bring_scorers_as_json() {
    let text = "input,scorers\nx,\"[{\"\"type\"\": \"\"is-json\"\"}]\"\ny,\n";
    assert_eq!(good(Format::Csv, text)[0].fields()["scorers"][0]["type"], "is-json");
    let checked = read(Format::Csv, "input,scorers\nx,[oops\n");
    assert_eq!(checked.diagnostics[0].start.map(|start| start.line), Some(2));
}

#[test]
fn findings_are_bounded_and_counted() {
    let text = "{\"input\": oops}\n".repeat(250);
    let checked = read(Format::Jsonl, &text);
    assert_eq!(checked.diagnostics.len(), MAX_DIAGNOSTICS + 1);
    assert!(checked.diagnostics[MAX_DIAGNOSTICS].message.contains("150 more"));
}

#[test]
fn one_bad_row_fails_the_set_but_hides_no_other() {
    let checked = read(Format::Jsonl, "{\"id\": \"a\"}\n{\n{\"id\": \"a\"}\n");
    assert!(checked.value.is_none());
    let lines: Vec<_> = checked.diagnostics.iter().filter_map(|one| Some(one.start?.line)).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn huge_rows_and_deep_rows_are_refused_with_their_line() {
    let huge = format!("{{\"input\": \"ok\"}}\n{{\"input\": \"{}\"}}\n", "x".repeat(dataset::MAX_ROW_BYTES));
    let checked = read(Format::Jsonl, &huge);
    assert_eq!((checked.diagnostics.len(), checked.diagnostics[0].code.as_str()), (1, "row-too-large"));
    assert_eq!(checked.diagnostics[0].start.map(|start| start.line), Some(2));
    let deep = format!("{{\"input\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(read(Format::Jsonl, &deep).diagnostics[0].message.contains("recursion limit"));
}

#[test]
fn a_sample_is_seeded_and_keeps_the_order_of_the_file() {
    let text: String = (0..500).map(|number| format!("{{\"id\": {number}}}\n")).collect();
    let take = |max_items, seed| {
        let cases = dataset::sample(good(Format::Jsonl, &text), &Sample { max_items, seed });
        cases.iter().map(|case| case.id.parse().unwrap()).collect::<Vec<u32>>()
    };
    let taken = take(50, 7);
    assert_eq!(taken.len(), 50);
    assert!(taken.is_sorted(), "{taken:?}");
    assert_eq!(taken, take(50, 7), "the same seed takes the same rows");
    assert_ne!(taken, take(50, 8));
    assert!(taken.iter().any(|id| *id > 400) && taken.iter().any(|id| *id < 100), "taken from everywhere");
    assert_eq!(take(1000, 7).len(), 500);
}
