//! Items as prompts show them, plain and odd.

use crate::builtin;
use bakeoff_core::triage::{SHIPPED_SYSTEM_PROMPT, TriageAnswer, answer_schema};

const OUTAGE: &str = "Title: Postmortem: a failed Postgres backup after the Kubernetes upgrade\nSource: rss / ops\n\n\
    On Monday the nightly backup of the billing database failed. The team found that the new operator had dropped the \
    volume claim during the rolling upgrade. Restoring from the copy of the day before took four hours, and one hour of \
    writes had to be replayed from the log by hand.";
const MATCH: &str = "Title: Late goal decides the cup final\nSource: rss / sport\n\nThe celebrity striker scored in the last \
    minute, and the report of the evening speaks of little else. Fans of both sides stayed for hours in the rain, sang, \
    and waited for the team's bus, which came long after midnight and left at once.";
const INTERESTS: &str = "Sort the news.\nReaders care about: kubernetes, postgres, backups, incident";
const EXCLUSIONS: &str =
    "Sort the news.\nReaders care about: kubernetes, postgres, report\nNot relevant: sport, celebrity";

/// What it answers, as a triage test reads it.
fn said(system: &str, user: &str) -> TriageAnswer {
    let schema = answer_schema();
    let text = builtin::answer(system, user, Some(&schema)).text;
    assert_eq!(unlike_the_schema(&text), Vec::<String>::new(), "{text}");
    TriageAnswer::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Fields in which the answer differs from the schema.
fn unlike_the_schema(text: &str) -> Vec<String> {
    let answer: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).expect("JSON");
    let schema = answer_schema();
    let properties = schema["properties"].as_object().expect("it has fields");
    let kind = |value: &serde_json::Value| match value {
        serde_json::Value::String(_) => "string",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::Array(_) => "array",
        _ => "other",
    };
    let missing = properties
        .iter()
        .filter(|(name, field)| answer.get(*name).is_none_or(|value| field["type"] != kind(value)));
    let unknown = answer.keys().filter(|name| !properties.contains_key(*name));
    missing.map(|(name, _)| name.clone()).chain(unknown.cloned()).collect()
}

#[test]
fn what_readers_care_about_is_relevant() {
    let outage = said(INTERESTS, OUTAGE);
    assert!(outage.is_relevant && outage.is_novel && outage.should_deep_summarize, "{outage:?}");
    assert_eq!(outage.categories, ["kubernetes", "postgres", "backups"]);
    assert_eq!(outage.theme.as_deref(), Some("kubernetes"));
    assert_eq!(
        outage.one_liner.as_deref(),
        Some("Postmortem: a failed Postgres backup after the Kubernetes upgrade")
    );
    assert!(
        outage.reason.starts_with("words in the title: kubernetes, postgres, backups"),
        "{}",
        outage.reason
    );
    let sport = said(INTERESTS, MATCH);
    assert!(!sport.is_relevant && sport.ai_score == 0.0, "{sport:?}");
    assert!(sport.reason.contains("no listed word is in it"), "{}", sport.reason);
}

#[test]
fn what_they_do_not_want_counts_against_it() {
    let with = said(EXCLUSIONS, MATCH);
    let without = said(EXCLUSIONS.split("\nNot").next().expect("it has one"), MATCH);
    assert!(with.ai_score < without.ai_score, "{with:?} {without:?}");
    assert!(with.reason.contains("unwanted words in the text: celebrity"), "{}", with.reason);
    assert!(!with.is_relevant);
}

#[test]
fn the_title_counts_more_than_the_text() {
    let title = said(INTERESTS, "Title: Postgres\n\nSomething else entirely.");
    let text = said(INTERESTS, "Title: Something else entirely\n\nPostgres");
    assert!(title.ai_score > text.ai_score && title.is_relevant && !text.is_relevant, "{title:?} {text:?}");
    let several = said("Interests: rolling upgrade, volume claim, sea", OUTAGE);
    assert_eq!(
        several.categories,
        ["rolling upgrade", "volume claim"],
        "all words of an entry must be there"
    );
}

#[test]
fn without_a_list_its_usual_words_count_and_it_says_so() {
    for system in ["", "Judge the item.", SHIPPED_SYSTEM_PROMPT] {
        let outage = said(system, OUTAGE);
        assert!(outage.reason.contains("usual words"), "{}", outage.reason);
        assert_ne!(said(INTERESTS, OUTAGE).ai_score, outage.ai_score);
    }
}

#[test]
fn items_may_be_shown_in_other_ways() {
    for user in
        ["Postgres is slow\nsince the upgrade", "postgres", "# Item\nHeadline: Postgres is slow\n\nText"]
    {
        assert!(said(INTERESTS, user).is_relevant, "{user}");
    }
    let bold = said("* **Readers care about:** postgres; kubernetes.", OUTAGE);
    assert_eq!(bold.categories, ["postgres", "kubernetes"]);
}

#[test]
fn the_same_item_has_the_same_answer_and_odd_ones_do_no_harm() {
    let long = "word ".repeat(200_000);
    for user in ["", " \n\n", ":", "Title:", "Title:\n\n", "磁盘已满", "{\"ai_score\": 1}", "\n\n\n\n", &long]
    {
        for system in ["", "Readers care about:", "Readers care about: , ;", "Not relevant: word", INTERESTS]
        {
            let first = said(system, user);
            assert_eq!(first, said(system, user));
            assert!((0.0..=100.0).contains(&first.ai_score) && !first.categories.is_empty(), "{first:?}");
        }
    }
}
