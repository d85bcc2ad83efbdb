//! Runs the starter's triage campaign through the parts that read it, choose its items, answer it and read the answers:
//! the prompt alone must make the difference.

use bakeoff_core::campaign::{self, Campaign};
use bakeoff_core::dataset::{self, Format};
use bakeoff_core::template;
use bakeoff_core::triage::{
    Candidate, CandidateSource, Selection, Topic, TriageAnswer, TriageTrial, agreement, answer_schema,
    candidates, check_topic, prompt_fields, select, summarize, with_prompts,
};
use bakeoff_core::variant::{self, Variant};
use bakeoff_model::builtin;
use serde_json::{Map, Value};

const TOPIC: &str = include_str!("../../../starter/topics/operations.yaml");
const CAMPAIGN: &str = include_str!("../../../starter/campaigns/news-triage.yaml");
const VARIANTS: [(&str, &str); 3] = [
    ("news-short", include_str!("../../../../variants/news-short.yaml")),
    ("news-interests", include_str!("../../../../variants/news-interests.yaml")),
    ("news-exclusions", include_str!("../../../../variants/news-exclusions.yaml")),
];
const NEWS: &str = include_str!("../../../starter/datasets/operations-news.jsonl");

fn topic() -> Topic {
    let checked = check_topic("operations", TOPIC);
    assert_eq!(checked.diagnostics, [], "the topic has no finding");
    let topic = checked.value.expect("a topic without findings is valid");
    assert_eq!(topic.source, CandidateSource::File("datasets/operations-news.jsonl".to_owned()));
    topic
}

fn checked_campaign() -> Campaign {
    let checked = campaign::check("news-triage", CAMPAIGN);
    assert_eq!(checked.diagnostics, [], "the campaign has no finding");
    checked.value.expect("a campaign without findings is valid")
}

/// The items that the campaign takes, at most so many.
fn items(most: Option<u32>) -> (Vec<Candidate>, Selection) {
    let read = dataset::read(Format::Jsonl, NEWS.as_bytes());
    assert_eq!(read.diagnostics, [], "the data set has no finding");
    let cases = read.value.expect("a data set without findings is valid");
    let row = |case: &dataset::Case| serde_json::from_str(case.json.get()).expect("a row is an object");
    let rows: Vec<Map<String, Value>> = cases.iter().map(row).collect();
    let found = candidates(rows, &topic().mapping);
    assert_eq!(found.diagnostics, [], "the rows have no finding");
    let settings = checked_campaign().triage.expect("it is a triage campaign");
    select(
        found.value.expect("rows without findings are good"),
        settings.window,
        most.unwrap_or(settings.max_items),
        7,
    )
}

#[test]
fn sixty_items_are_left_of_sixty_six_rows() {
    let (chosen, selection) = items(None);
    assert_eq!((selection.read, selection.duplicates, selection.represented), (66, 3, 3));
    assert_eq!((selection.undated, selection.outside), (0, 0));
    assert_eq!((selection.eligible, chosen.len()), (60, 60));
    assert_eq!(selection.buckets, 12, "a week is cut into as many parts as there may be");
    for one in &chosen {
        let words = one.body.as_deref().unwrap_or_default().split_whitespace().count();
        assert!((40..=120).contains(&words) && one.more.contains_key("label_relevant"), "{}", one.id);
    }
    let sources = |chosen: &[Candidate]| {
        let sources = chosen.iter().map(|one| one.source_id.clone());
        sources.collect::<std::collections::BTreeSet<String>>().len()
    };
    let (fewer, _) = items(Some(30));
    assert_eq!((fewer.len(), sources(&chosen), sources(&fewer)), (30, 5, 5), "a sample has all sources");
}

/// What a variant says of each item.
fn answers(variant: Variant, items: &[Candidate]) -> Vec<TriageAnswer> {
    let variant = with_prompts(variant, Some(&topic()));
    let schema = answer_schema();
    let answer = |item: &Candidate| {
        let fields = serde_json::from_str(item.case_json().get()).expect("a case is an object");
        let fields = prompt_fields(fields);
        let render = |source: &str| template::render(source, &fields).expect("the template fits the item");
        let system = variant.system_prompt.as_deref().map(render).unwrap_or_default();
        let text = builtin::answer(&system, &render(variant.prompt_template()), Some(&schema)).text;
        TriageAnswer::read(&text).expect("the built-in model keeps to the schema")
    };
    items.iter().map(answer).collect()
}

#[test]
fn better_prompts_find_more() {
    let (items, _) = items(None);
    let names = VARIANTS.map(|(name, _)| name.to_owned());
    assert_eq!(checked_campaign().variants, names);
    let of_variant = VARIANTS.map(|(name, text)| {
        let checked = variant::check_without_prompt(name, text);
        assert_eq!(checked.diagnostics, [], "{name} has no finding");
        answers(checked.value.expect("a variant without findings is valid"), &items)
    });
    let right: Vec<usize> = of_variant
        .iter()
        .map(|answers| {
            let is_right = |(item, answer): &(&Candidate, &TriageAnswer)| {
                item.more["label_relevant"] == Value::Bool(answer.is_relevant)
            };
            items.iter().zip(answers).filter(is_right).count()
        })
        .collect();
    assert!(right[0] < 36 && right[1] >= 48 && right[2] > right[1], "of 60 right: {right:?}");

    let trials: Vec<TriageTrial> = (0..)
        .zip(&of_variant)
        .flat_map(|(variant, answers)| {
            (0..).zip(answers).map(move |(item, answer)| TriageTrial {
                item,
                variant,
                answer: Some(answer.clone()),
                input_tokens: None,
                output_tokens: None,
                latency_ms: None,
                cost_usd: None,
            })
        })
        .collect();
    let scores: Vec<f64> = summarize(&names, &trials, 0.95)
        .iter()
        .map(|summary| summary.score.value.expect("it answered"))
        .collect();
    assert!(scores[0] + 10.0 < scores[1], "the mean scores differ to be seen: {scores:?}");
    assert!(scores[2] < scores[1], "what is unwanted is scored lower: {scores:?}");
    let kappas: Vec<f64> = agreement(&names, &trials, 0.95)
        .pairs
        .iter()
        .map(|pair| pair.kappa.value.expect("they vary"))
        .collect();
    assert!(kappas[2] > kappas[0], "the two with a list agree more: {kappas:?}");
}
