//! Runs the starter data set through the starter variants: the prompt alone must make the difference.

use bakeoff_model::builtin;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

const TICKETS: &str = include_str!("../../../starter/datasets/tickets.jsonl");
const DEFAULT: &str = include_str!("../../../../variants/default.yaml");
const DEFINITIONS: &str = include_str!("../../../../variants/definitions.yaml");
const EXAMPLES: &str = include_str!("../../../../variants/examples.yaml");

/// The literal block under `system_prompt: |`.
fn system_prompt(variant: &str) -> String {
    let block = variant.split_once("system_prompt: |\n").expect("the variant has a block").1;
    let lines = block.lines().take_while(|line| line.is_empty() || line.starts_with("  "));
    lines.map(|line| line.strip_prefix("  ").unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn rows() -> Vec<Value> {
    TICKETS.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

/// The share of right labels among rows of this difficulty.
fn success_rate(variant: &str, difficulty: &[&str]) -> f64 {
    let system = system_prompt(variant);
    let (mut asked, mut right) = (0_u32, 0_u32);
    for row in rows().iter().filter(|row| difficulty.iter().any(|d| row["metadata"]["difficulty"] == *d)) {
        let answer = builtin::answer(&system, row["input"].as_str().expect("an input"));
        let answer: Value = serde_json::from_str(&answer.text).expect("the prompt asks for JSON");
        asked += 1;
        right += u32::from(answer["label"] == row["expected"]);
    }
    f64::from(right) / f64::from(asked)
}

#[test]
fn better_prompts_score_better() {
    let all = [DEFAULT, DEFINITIONS, EXAMPLES].map(|variant| success_rate(variant, &["easy", "hard"]));
    assert!((0.45..=0.60).contains(&all[0]), "labels alone: {all:?}");
    assert!((0.65..=0.80).contains(&all[1]), "with definitions: {all:?}");
    assert!((0.83..=0.92).contains(&all[2]), "with examples: {all:?}");
}

#[test]
fn hard_tickets_are_harder_for_every_prompt() {
    for variant in [DEFAULT, DEFINITIONS, EXAMPLES] {
        let (easy, hard) = (success_rate(variant, &["easy"]), success_rate(variant, &["hard"]));
        assert!(easy > hard + 0.1, "easy {easy:.2}, hard {hard:.2}");
    }
}

#[test]
fn the_data_set_is_whole_and_balanced() {
    let rows = rows();
    assert_eq!(rows.len(), 150);
    let texts: HashSet<&str> = rows.iter().filter_map(|row| row["input"].as_str()).collect();
    assert_eq!(texts.len(), rows.len(), "no ticket twice");
    let mut labels = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row["id"], format!("t-{:03}", number + 1));
        assert!(row["metadata"]["team"].is_string(), "{row}");
        *labels.entry(row["expected"].as_str().expect("a label")).or_insert(0) += 1;
    }
    let expected = ["access", "database", "deployment", "network", "storage"].map(|label| (label, 30));
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn no_example_is_a_row_of_the_data_set() {
    let words = |text: &str| -> HashSet<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| w.len() > 2)
            .map(str::to_owned)
            .collect()
    };
    let prompt = system_prompt(EXAMPLES);
    let examples: Vec<&str> = prompt.lines().filter_map(|line| line.strip_prefix("Ticket: ")).collect();
    assert_eq!(examples.len(), 40);
    for row in rows() {
        let row = words(row["input"].as_str().expect("an input"));
        for example in &examples {
            let example = words(example);
            let shared = row.intersection(&example).count() as f64 / row.union(&example).count() as f64;
            assert!(shared < 0.4, "{:.0} % of the words are shared: {row:?} and {example:?}", shared * 100.0);
        }
    }
}
