//! Runs the starter campaign through the parts that read it, answer it and judge it: the prompt alone must make the
//! difference.

use bakeoff_core::campaign::{Campaign, Surroundings, check_against};
use bakeoff_core::dataset::{Case, Format};
use bakeoff_core::scorer::{AnswerFacts, compile, score, weigh};
use bakeoff_core::variant::Variant;
use bakeoff_core::{campaign, dataset, template, variant};
use bakeoff_model::builtin;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

const TICKETS: &str = include_str!("../../../starter/datasets/tickets.jsonl");
const CAMPAIGN: &str = include_str!("../../../starter/campaigns/tickets.yaml");
const VARIANTS: [(&str, &str); 3] = [
    ("default", include_str!("../../../../variants/default.yaml")),
    ("definitions", include_str!("../../../../variants/definitions.yaml")),
    ("examples", include_str!("../../../../variants/examples.yaml")),
];

fn variants() -> Vec<Variant> {
    let check = |(name, text)| {
        let checked = variant::check(name, text);
        assert_eq!(checked.diagnostics, [], "{name} has no finding");
        checked.value.expect("a variant without findings is valid")
    };
    VARIANTS.into_iter().map(check).collect()
}

fn cases() -> Vec<Case> {
    let read = dataset::read(Format::Jsonl, TICKETS.as_bytes());
    assert_eq!(read.diagnostics, [], "the data set has no finding");
    read.value.expect("a data set without findings is valid")
}

fn checked_campaign() -> Campaign {
    let checked = campaign::check("tickets", CAMPAIGN);
    assert_eq!(checked.diagnostics, [], "the campaign has no finding");
    checked.value.expect("a campaign without findings is valid")
}

/// One trial of one variant.
struct Trial {
    hard: bool,
    passed: bool,
}

/// Every trial of the campaign, by variant.
static TRIALS: LazyLock<Vec<Vec<Trial>>> = LazyLock::new(|| variants().iter().map(run).collect());

fn run(variant: &Variant) -> Vec<Trial> {
    let campaign = checked_campaign();
    let scorers = compile(&campaign.scorers).expect("the scorers are valid");
    let run_one = |case: &Case| {
        let fields = case.fields();
        let render = |source: &str| template::render(source, &fields).expect("the template fits the row");
        let system = variant.system_prompt.as_deref().map(render).unwrap_or_default();
        let answer = builtin::answer(&system, &render(variant.prompt_template()), None);
        let json: Map<String, Value> = serde_json::from_str(&answer.text).expect("the prompt asks for JSON");
        assert_eq!(json.keys().collect::<Vec<_>>(), ["label"], "the prompt asks for one key");
        let facts = AnswerFacts { text: &answer.text, latency_ms: Some(200.0), cost_usd: Some(0.0) };
        let scoring = score(&scorers, &fields, &facts);
        assert_eq!(scoring.error, None);
        let hard = fields["metadata"]["difficulty"] == "hard";
        Trial { hard, passed: weigh(&scoring.scores, campaign.pass_threshold).1 }
    };
    cases().iter().map(run_one).collect()
}

/// The share of passes among some trials of each variant.
fn success_rates(keep: impl Fn(&Trial) -> bool) -> Vec<f64> {
    let rate = |trials: &Vec<Trial>| {
        let kept: Vec<&Trial> = trials.iter().filter(|trial| keep(trial)).collect();
        kept.iter().filter(|trial| trial.passed).count() as f64 / kept.len() as f64
    };
    TRIALS.iter().map(rate).collect()
}

#[test]
fn better_prompts_score_better() {
    let rates = success_rates(|_| true);
    println!("success rates: {rates:.3?}");
    assert!((0.45..=0.60).contains(&rates[0]), "labels alone: {rates:?}");
    assert!((0.65..=0.80).contains(&rates[1]), "with definitions: {rates:?}");
    assert!((0.83..=0.92).contains(&rates[2]), "with examples: {rates:?}");
}

#[test]
fn hard_tickets_are_harder_for_every_prompt() {
    let (easy, hard) = (success_rates(|trial| !trial.hard), success_rates(|trial| trial.hard));
    println!("easy {easy:.3?}, hard {hard:.3?}");
    for (easy, hard) in easy.iter().zip(&hard) {
        assert!(*easy > hard + 0.1, "easy {easy:.2}, hard {hard:.2}");
    }
}

#[test]
fn the_campaign_fits_its_variants_and_its_data() {
    let (campaign, variants) = (checked_campaign(), variants());
    let around = Surroundings {
        known_variants: &["default", "definitions", "examples"],
        variants: &variants.iter().collect::<Vec<_>>(),
        case_fields: Some(&["id", "input", "expected", "metadata"]),
    };
    assert_eq!(check_against(CAMPAIGN, &campaign, &around), []);
    assert_eq!(campaign.baseline_variant, "default");
    let paced: f64 = variants.iter().filter_map(|variant| variant.pace_ms).map(|ms| ms as f64 * 1.25).sum();
    let seconds = paced * cases().len() as f64 / f64::from(campaign.parallel) / 1e3;
    assert!((10.0..=20.0).contains(&seconds), "a run can be watched, and takes {seconds:.0} s");
}

#[test]
fn the_data_set_is_whole_and_balanced() {
    let cases = cases();
    assert_eq!(cases.len(), 150);
    let mut labels = BTreeMap::new();
    let mut texts = HashSet::new();
    for (number, case) in cases.iter().enumerate() {
        let fields = case.fields();
        assert_eq!(&*case.id, format!("t-{:03}", number + 1));
        assert!(fields["metadata"]["team"].is_string(), "{}", case.id);
        assert!(texts.insert(fields["input"].to_string()), "{} stands there twice", case.id);
        *labels.entry(fields["expected"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(labels.into_values().collect::<Vec<_>>(), [30; 5]);
}

#[test]
fn no_example_is_a_row_of_the_data_set() {
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2);
        words.map(str::to_lowercase).collect()
    };
    let prompt = variants().pop().and_then(|variant| variant.system_prompt).expect("a prompt");
    let examples: Vec<&str> = prompt.lines().filter_map(|line| line.strip_prefix("Ticket: ")).collect();
    assert_eq!(examples.len(), 40);
    for case in cases() {
        let fields = case.fields();
        let row = words(fields["input"].as_str().expect("an input"));
        for example in &examples {
            let example = words(example);
            let shared = row.intersection(&example).count() as f64 / row.union(&example).count() as f64;
            assert!(
                shared < 0.4,
                "{}: {:.0} % of the words are those of {example:?}",
                case.id,
                shared * 100.0
            );
        }
    }
}
