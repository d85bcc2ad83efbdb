//! Campaigns beside their variants and data set.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use bakeoff_core::campaign::{self, Surroundings, check_against};
use bakeoff_core::variant::{self, Variant};

const CAMPAIGN: &str = r#"dataset: datasets/a.csv
variants: [plain, variants/careful.yaml]
scorers:
  - {type: exact, value: "{{ expected }}"}
"#;

fn variant(name: &str, prompt: &str) -> Variant {
    let text = format!("model: gpt-5-mini\nprompt: '{prompt}'\n");
    variant::check(name, &text).value.unwrap()
}

fn told(known: &[&str], variants: &[&Variant], fields: Option<&[&str]>) -> Vec<String> {
    let campaign = campaign::check("c", CAMPAIGN).value.unwrap();
    let around = Surroundings { known_variants: known, variants, case_fields: fields };
    check_against(CAMPAIGN, &campaign, &around).iter().map(ToString::to_string).collect()
}

#[test]
fn what_fits_is_not_mentioned() {
    let (plain, careful) = (variant("plain", "{{ input }} {{ id }}"), variant("careful", "{{ row.x }}"));
    let fields = ["input", "expected"];
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], Some(&fields)), Vec::<String>::new());
    assert_eq!(told(&["plain", "careful"], &[&plain, &careful], None), Vec::<String>::new());
}

#[test]
fn missing_and_broken_variants_are_named_where_they_stand() {
    let plain = variant("plain", "{{ input }}");
    assert_eq!(
        told(&["plain", "carefull"], &[&plain], None),
        ["2:19: error: there is no variant `careful` (did you mean `carefull`?)"]
    );
    assert_eq!(
        told(&["plain", "careful"], &[&plain], None),
        ["2:19: error: the variant `careful` has errors (mend variants/careful.yaml)"]
    );
}

#[test]
fn templates_are_held_against_the_data_sets_fields() {
    let (plain, careful) = (variant("plain", "{{ inputs }}"), variant("careful", "no field"));
    assert_eq!(
        told(&["plain", "careful"], &[&plain, &careful], Some(&["input", "label"])),
        [
            "2:12: error: `prompt` of the variant `plain` uses `inputs`, which the data set doesn't have (did you mean `input`?)",
            "4:5: error: the scorer uses `expected`, which the data set doesn't have (its fields are input, label)",
        ]
    );
}

const WORKFLOW: &str = r#"schema_version: "1.0"
flow: {name: w}
state:
  fields:
    topic: {type: str, required: true}
    words: {type: int, default: 100}
    answer: {type: str}
nodes:
  - {id: a, prompt: "{topic} {words}", outputs: [answer], llm: {provider: builtin}}
edges: [{from: START, to: a}, {from: a, to: END}]
ab_test:
  experiment: e
  variants: [{name: plain, prompt: "{topic}"}, {name: warm, prompt: "Dear {topic}"}]
"#;

fn with_workflow(text: &str) -> Vec<String> {
    let workflow = bakeoff_core::workflow::check("w", WORKFLOW).value.unwrap();
    let campaign = campaign::check("c", text).value.unwrap();
    let found = campaign::check_against_workflow(text, &campaign, &workflow, &["careful"]);
    let around = Surroundings { known_variants: &["careful"], variants: &[], case_fields: Some(&["topic"]) };
    let besides = check_against(text, &campaign, &around);
    found.iter().chain(&besides).map(ToString::to_string).collect()
}

#[test]
fn a_campaign_of_a_workflow_is_held_against_it() {
    let alone = "workflow: workflows/w.yaml\ninputs: {topic: x, words: '7'}\n";
    assert_eq!(with_workflow(alone), Vec::<String>::new());
    let campaign = campaign::check("c", alone).value.unwrap();
    assert_eq!((campaign.workflow.as_deref(), campaign.dataset.as_str()), (Some("workflows/w.yaml"), ""));
    assert!(campaign.variants.is_empty() && campaign.baseline_variant.is_empty(), "all of the A/B test's");
    let with_rows = "workflow: workflows/w.yaml\ndataset: datasets/a.csv\nvariants: [plain, careful]\nscorers: [{type: contains, value: '{{ topic }}', output: answer}]\n";
    assert_eq!(with_workflow(with_rows), Vec::<String>::new());
    assert_eq!(
        with_workflow(
            "workflow: workflows/w.yaml\ninputs: {topik: x, words: many}\nvariants: [plainn]\nscorers: [{type: exact, value: x, output: anser}]\n"
        ),
        [
            "2:9: error: the workflow's input `topic` (str) is missing (add it to `inputs:`, or name a `dataset:` whose rows have it)",
            "2:17: error: the workflow has no input `topik` (did you mean `topic`?)",
            "2:27: error: `words` must be int, but is the text \"many\" (write a value of the type int)",
            "3:12: error: there is no variant `plainn` (did you mean `plain`?)",
            "4:43: error: the workflow has no output `anser` (did you mean `answer`?)",
        ]
    );
}
