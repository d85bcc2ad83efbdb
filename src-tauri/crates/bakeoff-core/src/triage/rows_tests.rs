//! Rows of every kind, good and bad.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn rows(values: &[Value]) -> Vec<Map<String, Value>> {
    values.iter().map(|value| value.as_object().expect("a row is an object").clone()).collect()
}

/// The candidates of rows without a mapping.
fn read(values: &[Value]) -> Vec<Candidate> {
    let checked = candidates(rows(values), &Mapping::default());
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// What is said of one row, with the hint.
fn said(row: Value) -> String {
    let checked = candidates(rows(&[row]), &Mapping::default());
    assert!(checked.value.is_none(), "it is an error");
    checked.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_row_becomes_a_candidate() {
    let found = read(&[json!({
        "id": 7, "title": " Disk full ", "url": "https://news.example/7", "author": ["Ann", "Ben"],
        "source_type": "rss", "source_id": 12.5, "published_at": "2026-11-16 08:30:00", "body": "Text", "cluster_id": 3,
        "score": "12.5", "label": true, "lang": "en"
    })]);
    let expected = Candidate {
        id: "7".to_owned(),
        title: Some("Disk full".to_owned()),
        url: Some("https://news.example/7".to_owned()),
        author: Some("Ann, Ben".to_owned()),
        source_type: "rss".to_owned(),
        source_id: "12.5".to_owned(),
        published_at: Some(1_794_817_800_000),
        body: Some("Text".to_owned()),
        cluster_id: Some("3".to_owned()),
        score: Some(12.5),
        more: rows(&[json!({"label": true, "lang": "en"})]).remove(0),
    };
    assert_eq!(found, [expected]);
}

#[test]
fn what_is_empty_is_absent() {
    let empty = json!({"id": "", "title": "x", "url": " ", "author": null, "source_type": "", "published_at": "",
        "body": "", "cluster_id": "", "score": " "});
    let found = &read(&[empty])[0];
    assert_eq!((&found.url, &found.author, &found.body, &found.cluster_id), (&None, &None, &None, &None));
    assert_eq!((found.published_at, found.score), (None, None));
    assert_eq!((found.source_type.as_str(), found.source_id.as_str()), ("unknown", "unknown"));
    assert!(read(&[]).is_empty());
}

#[test]
fn ids_are_made_of_the_content() {
    let found = read(&[
        json!({"url": "https://news.example/1", "title": "One"}),
        json!({"url": "https://news.example/1", "title": "Another title"}),
        json!({"title": "a", "body": "b"}),
        json!({"title": "a\nb"}),
        json!({"body": "b"}),
    ]);
    let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
    // python3 -c 'import hashlib; print(hashlib.sha256(b"https://news.example/1").hexdigest()[:12])', and of b"a\nb".
    assert_eq!((ids[0], ids[2]), ("item-f1372b7cd058", "item-7e18f737311b"));
    assert_eq!(ids[0], ids[1], "the address says what it is");
    assert_ne!(ids[2], ids[4]);
    assert!(ids.iter().all(|id| id.len() == "item-".len() + 12));
}

#[test]
fn columns_may_have_other_names() {
    let mapping = Mapping {
        title: Some("headline".to_owned()),
        published_at: Some("seen".to_owned()),
        ..Mapping::default()
    };
    let row = json!({"headline": "Right", "title": "Dr", "seen": 1_794_817_800, "published_at": "never"});
    let found = candidates(rows(&[row]), &mapping).value.expect("they are good")[0].clone();
    assert_eq!((found.title.as_deref(), found.published_at), (Some("Right"), Some(1_794_817_800_000)));
    assert_eq!(Value::Object(found.more), json!({"row_title": "Dr", "row_published_at": "never"}));
}

#[test]
fn a_named_column_must_be_somewhere() {
    let mapping = |title: &str| Mapping { title: Some(title.to_owned()), ..Mapping::default() };
    let two = rows(&[json!({"body": "x"}), json!({"headline": "y", "body": "z"})]);
    assert!(candidates(two.clone(), &mapping("headline")).value.is_some(), "one row has it");
    let wrong = candidates(two.clone(), &mapping("hedline"));
    assert!(wrong.value.is_none());
    let message = wrong.diagnostics[0].to_string();
    assert_eq!(
        message,
        "error: `title` is taken from the column `hedline`, but no row has it (did you mean `headline`?)"
    );
    let far = candidates(two, &mapping("subject")).diagnostics[0].to_string();
    assert!(far.contains("the rows have `body`, `headline`"), "{far}");
    assert!(
        candidates(Vec::new(), &mapping("subject")).value.is_some(),
        "nothing says what columns there are"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let date = said(json!({"title": "x", "published_at": "soon"}));
    assert!(date.starts_with("error: row 1: `published_at` is \"soon\", which is no date"), "{date}");
    assert!(date.contains("2026-11-16T08:30:00Z"), "it says what is allowed: {date}");
    let score = said(json!({"title": "x", "score": "many"}));
    assert!(score.contains("row 1: `score` is \"many\", which is no number"), "{score}");
    for score in [json!("NaN"), json!("inf"), json!([1])] {
        assert!(said(json!({"title": "x", "score": score})).contains("no number"));
    }
    let title = said(json!({"title": {"en": "x"}}));
    assert!(title.contains("row 1: `title` is {\"en\":\"x\"}"), "{title}");
    let nothing = said(json!({"id": 3, "title": "", "author": "Ann"}));
    assert!(nothing.contains("row 1: `title`, `body` and `url` are all empty"), "{nothing}");
    let large = said(json!({"title": "x", "body": "b".repeat(10 << 20)}));
    assert!(large.contains("row 1: `body` is 10 MB long") && large.contains("at most 8 MB"), "{large}");
    let long = said(json!({"title": "x", "published_at": "ü".repeat(1_000)}));
    assert!(long.chars().count() < 400, "values are cut: {long}");
}

#[test]
fn a_hundred_findings_are_told() {
    let bad: Vec<Value> = (0..250).map(|_| json!({"title": "x", "published_at": "soon"})).collect();
    let checked = candidates(rows(&bad), &Mapping::default());
    assert_eq!(checked.diagnostics.len(), MAX_DIAGNOSTICS + 1);
    assert!(checked.diagnostics[99].message.starts_with("row 100: "));
    assert_eq!(checked.diagnostics[100].message, "and 150 more findings in these rows");
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Not any number: reading JSON may be off by the last binary digit.
        (-100_000..100_000).prop_map(|tenths| Value::from(f64::from(tenths) / 10.0)),
        Just(Value::from(1e300)),
        ".{0,12}".prop_map(Value::from),
        "20[0-9]{2}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?".prop_map(Value::from),
        prop::collection::vec(".{0,3}".prop_map(Value::from), 0..3).prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn any_row_is_read_or_refused_and_survives_as_a_case(
        values in prop::collection::vec(any_value(), FIELDS.len() + 1),
    ) {
        let names = FIELDS.iter().copied().chain(["label"]);
        let row: Map<String, Value> = names.map(str::to_owned).zip(values).collect();
        let checked = candidates(vec![row], &Mapping::default());
        prop_assert_eq!(checked.value.is_some(), checked.diagnostics.is_empty());
        for candidate in checked.value.into_iter().flatten() {
            prop_assert!(!candidate.id.is_empty());
            let case = candidate.case_json();
            let fields: Map<String, Value> = serde_json::from_str(case.get()).expect("a case is an object");
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            prop_assert_eq!(&names[..FIELDS.len()], &FIELDS[..]);
            prop_assert_eq!(Candidate::from_case(&fields), candidate);
        }
    }
}
