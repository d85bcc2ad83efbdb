//! Answers as models write them.

use super::*;
use proptest::prelude::*;

const GOOD: &str = r#"{"ai_score": 72, "reason": "It is new.", "is_relevant": true, "is_novel": false,
    "categories": ["outage", " dns "], "should_deep_summarize": false, "theme": "", "one_liner": null}"#;

fn good() -> TriageAnswer {
    TriageAnswer {
        ai_score: 72.0,
        reason: "It is new.".to_owned(),
        is_relevant: true,
        is_novel: false,
        categories: vec!["outage".to_owned(), "dns".to_owned()],
        should_deep_summarize: false,
        theme: None,
        one_liner: None,
    }
}

/// The good answer with one field replaced.
fn with(field: &str, value: Value) -> String {
    let mut fields: Map<String, Value> = serde_json::from_str(GOOD).expect("JSON");
    fields.insert(field.to_owned(), value);
    Value::Object(fields).to_string()
}

#[track_caller]
fn refused(answer: &str, why: &str) {
    let error = TriageAnswer::read(answer).expect_err("it must be refused");
    assert!(error.contains(why), "{error:?} should say {why:?}");
}

#[test]
fn it_is_found_however_it_is_wrapped() {
    let other = with("ai_score", json!(1));
    for answer in [
        GOOD.to_owned(),
        format!("\n\u{a0}{GOOD}\n\n").replace('\u{a0}', " "),
        format!("```json\n{GOOD}\n```"),
        format!("```\n{GOOD}"),
        format!("Here it is:\n```json\n{GOOD}\n```\nTell me {{if}} you need more."),
        format!("I think: {GOOD} That is all."),
        format!("First {other}, no: {GOOD}"),
        format!("```json\n{other}\n```\nBetter:\n```json\n{GOOD}\n```"),
        // The last block has nothing of it.
        format!("```json\n{GOOD}\n```\nI used\n```json\n{{\"temperature\": 0}}\n```"),
        format!("{GOOD}\n{{\"note\": \"done\"}}"),
        format!("{{\"result\": {GOOD}}}"),
        format!("[{other}, {GOOD}]"),
        format!("<think>{{\"ai_score\": maybe}}</think>{GOOD}"),
        format!("{{{{{{ {GOOD}"),
    ] {
        assert_eq!(TriageAnswer::read(&answer), Ok(good()), "{answer}");
    }
}

#[test]
fn an_object_within_the_answer_is_not_the_answer() {
    let nested = with("extra", json!({"ai_score": 1}));
    assert_eq!(TriageAnswer::read(&nested), Ok(good()));
    assert_eq!(TriageAnswer::read(&format!("So: {nested}.")), Ok(good()));
}

#[test]
fn numbers_and_truths_may_stand_in_quotes() {
    for (field, value) in [
        ("ai_score", json!("72")),
        ("ai_score", json!(" 72.0 ")),
        ("is_relevant", json!("True")),
        ("is_novel", json!("false")),
        ("should_deep_summarize", json!(" FALSE ")),
        ("theme", json!("  ")),
        ("theme", json!(7)),
        ("unknown", json!("more")),
    ] {
        assert_eq!(TriageAnswer::read(&with(field, value.clone())), Ok(good()), "{field}: {value}");
    }
    let whole = TriageAnswer::read(&with("theme", json!(" Outages "))).expect("it is good");
    assert_eq!(whole.theme.as_deref(), Some("Outages"));
}

#[test]
fn what_is_wrong_is_named() {
    for (field, value, why) in [
        ("ai_score", json!(101), "`ai_score` must be a number from 0 to 100, but is 101"),
        ("ai_score", json!(-0.5), "but is -0.5"),
        ("ai_score", json!("NaN"), "but is \"NaN\""),
        ("ai_score", json!("high"), "but is \"high\""),
        ("ai_score", json!(true), "but is true"),
        ("ai_score", Value::Null, "`ai_score` is missing (a number from 0 to 100)"),
        ("reason", json!(" "), "`reason` must be a text"),
        ("reason", json!(["a"]), "`reason` must be a text, but is [\"a\"]"),
        ("is_relevant", json!(1), "`is_relevant` must be true or false, but is 1"),
        ("is_novel", json!("yes"), "`is_novel` must be true or false, but is \"yes\""),
        ("categories", json!("outage"), "`categories` must be a list of texts"),
        ("categories", json!(["a", 1]), "`categories` must be a list of texts"),
    ] {
        refused(&with(field, value), why);
    }
    refused("", "the answer is empty");
    refused(" \n", "the answer is empty");
    for answer in ["I can't.", "72", "null", "[]", "{}", r#"{"score": 72}"#, &GOOD[..GOOD.len() - 1]] {
        refused(answer, "no JSON object with `ai_score`");
    }
    let error = TriageAnswer::read(r#"{"ai_score": 5}"#).expect_err("most is missing");
    for field in ["reason", "is_relevant", "is_novel", "should_deep_summarize", "categories"] {
        assert!(error.contains(&format!("`{field}` is missing")), "all at once: {error}");
    }
    assert!(
        TriageAnswer::read(&with("reason", json!({"a": "x".repeat(10_000)})))
            .is_err_and(|error| error.len() < 200)
    );
}

/// Read in linear time: in quadratic time each of these takes minutes.
#[test]
fn long_hostile_answers_do_no_harm() {
    for hostile in [
        "{".repeat(500_000),
        r#"{"a":"#.repeat(100_000),
        r#"{"ai_score":"#.repeat(50_000),
        "{}".repeat(250_000),
        "```{".repeat(500_000),
        r#"{"a":[1,"#.repeat(50_000),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        "\"{".repeat(250_000),
    ] {
        assert!(TriageAnswer::read(&hostile).is_err());
    }
    let padded = format!("{}\n{GOOD}", "word ".repeat(250_000));
    assert_eq!(TriageAnswer::read(&padded), Ok(good()));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(answer in ".{0,200}") {
        let _ = TriageAnswer::read(&answer);
        let _ = TriageAnswer::read(&format!("{answer}{GOOD}{answer}"));
    }

    #[test]
    fn what_was_written_is_read_back(
        // Not any number: reading JSON may be off by the last binary digit.
        score in (0..=1_000).prop_map(|tenths| f64::from(tenths) / 10.0),
        flags in prop::array::uniform3(any::<bool>()),
        reason in "[a-z][a-z {}\"`\\\\]{0,40}[a-z]",
    ) {
        let answer = TriageAnswer {
            ai_score: score,
            reason,
            is_relevant: flags[0],
            is_novel: flags[1],
            categories: vec!["one".to_owned()],
            should_deep_summarize: flags[2],
            theme: Some("theme".to_owned()),
            one_liner: None,
        };
        let json = serde_json::to_string(&answer).expect("it has a JSON form");
        prop_assert_eq!(TriageAnswer::read(&json), Ok(answer.clone()));
        prop_assert_eq!(TriageAnswer::read(&format!("So:\n{json}\nDone.")), Ok(answer));
    }
}
