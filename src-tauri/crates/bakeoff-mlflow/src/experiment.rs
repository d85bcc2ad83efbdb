//! An experiment's runs by variant, and as trials that core's analysis takes. Pure.
//!
//! A variant is the tag `variant_name` (`default` where a run has none), as system S3 groups. What it gets wrong is
//! mended: a failed run and its `…_failed` companion are one trial, a trial that was run again counts once, summaries
//! don't count, and the prompt is that of the newest run which has one.

mod numbers;
mod twins;

use crate::read::Runs;
use crate::run::Run;
use crate::write::{key, prompt_hash};
use bakeoff_core::analysis::TrialNumbers;
use bakeoff_core::trial::{Millis, TrialKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The variant of runs that name none.
pub const UNNAMED_VARIANT: &str = "default";

/// An experiment with its runs by variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// All runs, newest first.
    pub runs: Vec<Run>,
    /// The variants, in the order in which they were first run.
    pub variants: Vec<VariantRuns>,
    /// Index of the variant that the others are compared with: what a summary of ours says, else the first.
    pub baseline: u16,
    /// What tells the cases apart: an id, or the first digits of the inputs' hash. One empty text when no run says its
    /// inputs.
    pub cases: Vec<String>,
    /// The runs that are trials, oldest first.
    pub trials: Vec<ReadTrial>,
    /// Runs that haven't ended (or were never closed); they are no trials.
    pub unfinished: usize,
    /// What could not be read or should be known before trusting the numbers.
    pub warnings: Vec<String>,
}

/// A run as a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadTrial {
    /// Its numbers, with indices of this experiment's variants and cases.
    pub numbers: TrialNumbers,
    /// Index of its run.
    pub run: usize,
}

/// The runs of one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantRuns {
    /// Its name.
    pub name: String,
    /// The prompt of the newest run that has one, whole where it is known whole.
    pub prompt: Option<PromptRead>,
    /// How many different prompts its runs had.
    pub prompts: usize,
    /// Indices of the runs that are its trials, newest first.
    pub runs: Vec<usize>,
}

/// A prompt as a run has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRead {
    /// The text.
    pub text: String,
    /// The text was cut when it was logged, so it must not be applied.
    pub cut: bool,
    /// The field it is: `prompt` or `system_prompt`.
    pub field: String,
    /// The node whose prompt it is, where the run says so.
    pub node: Option<String>,
    /// The system prompt beside it.
    pub system_prompt: Option<String>,
    /// The first 16 hexadecimal digits of its SHA-256, as the run says or else computed.
    pub hash: String,
    /// Id of the run that has it.
    pub run_id: String,
}

impl Experiment {
    /// Groups runs.
    pub fn new(name: &str, read: Runs) -> Self {
        let Runs { mut runs, warnings } = read;
        for run in &mut runs {
            numbers::join_prompt_parts(run);
        }
        let unfinished = runs.iter().filter(|run| !run.status.has_ended()).count();
        // Indices of the runs that are trials, oldest first.
        let mut of_trials = twins::trials(&runs);
        of_trials
            .sort_by_key(|index| (runs[*index].started_at.unwrap_or(Millis::MIN), std::cmp::Reverse(*index)));
        let variants = by_variant(&runs, &of_trials);
        let mut experiment = Self {
            name: name.to_owned(),
            baseline: baseline(&runs, &variants),
            variants,
            cases: Vec::new(),
            trials: Vec::new(),
            unfinished,
            warnings,
            runs,
        };
        experiment.number(&of_trials);
        experiment.warn();
        experiment
    }

    /// The trials' numbers, for core's analysis.
    pub fn numbers(&self) -> Vec<TrialNumbers> {
        self.trials.iter().map(|trial| trial.numbers).collect()
    }

    /// Every metric that a trial's run has, sorted.
    pub fn metric_names(&self) -> BTreeSet<&str> {
        self.trials.iter().flat_map(|trial| self.runs[trial.run].metrics.keys().map(String::as_str)).collect()
    }

    /// The values of any metric over a variant's trials, newest first; runs without it contribute nothing.
    pub fn values(&self, variant: &VariantRuns, metric: &str) -> Vec<f64> {
        variant.runs.iter().filter_map(|run| self.runs[*run].metric(metric)).collect()
    }

    /// Gives every trial its case and repetition.
    fn number(&mut self, of_trials: &[usize]) {
        let variants: HashMap<&str, u16> =
            self.variants.iter().zip(0..).map(|(variant, index)| (variant.name.as_str(), index)).collect();
        let mut cases: HashMap<String, u32> = HashMap::new();
        let mut repetitions: BTreeMap<(u32, u16), u16> = BTreeMap::new();
        for &index in of_trials {
            let run = &self.runs[index];
            let Some(&variant) = variants.get(variant_name(run)) else { continue };
            let (identity, label) = numbers::case_of(run);
            let case = *cases.entry(identity).or_insert_with(|| {
                self.cases.push(label);
                (self.cases.len() - 1) as u32
            });
            let repetition = repetitions.entry((case, variant)).or_default();
            let key = TrialKey { case, variant, repetition: *repetition };
            *repetition = repetition.saturating_add(1);
            self.trials.push(ReadTrial { numbers: numbers::numbers(run, key), run: index });
        }
    }

    fn warn(&mut self) {
        if self.unfinished > 0 {
            let runs = counted(self.unfinished, "run");
            self.warnings.push(format!("{runs} not ended (or never closed): not counted."));
        }
        for variant in self.variants.iter().filter(|variant| variant.prompts > 1) {
            let VariantRuns { name, prompts, .. } = variant;
            self.warnings.push(format!(
                "{name}: its runs have {prompts} different prompts; the numbers are of all of them."
            ));
        }
        let zeros =
            self.trials.iter().filter(|trial| numbers::has_false_zeros(&self.runs[trial.run])).count();
        if zeros > 0 {
            let runs = counted(zeros, "run");
            self.warnings
                .push(format!("{runs} with 0 tokens and 0 cost, which stands for unknown: left out there."));
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The variant that a run belongs to.
fn variant_name(run: &Run) -> &str {
    let named = run.tag("variant_name").or_else(|| run.params.get("variant_name").map(String::as_str));
    named.filter(|name| !name.is_empty()).unwrap_or(UNNAMED_VARIANT)
}

/// Variants in the order in which they were first run.
fn by_variant(runs: &[Run], of_trials: &[usize]) -> Vec<VariantRuns> {
    let mut variants: Vec<VariantRuns> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for &index in of_trials {
        let name = variant_name(&runs[index]);
        let at = *place.entry(name).or_insert_with(|| {
            variants.push(VariantRuns { name: name.to_owned(), prompt: None, prompts: 0, runs: Vec::new() });
            variants.len() - 1
        });
        variants[at].runs.push(index);
    }
    variants.truncate(usize::from(u16::MAX));
    for variant in &mut variants {
        variant.runs.reverse();
        let hashes: BTreeSet<&str> =
            variant.runs.iter().filter_map(|index| numbers::hash_said(&runs[*index])).collect();
        variant.prompt = variant.runs.iter().find_map(|index| prompt(&runs[*index]));
        variant.prompts = hashes.len().max(usize::from(variant.prompt.is_some()));
    }
    variants
}

fn prompt(run: &Run) -> Option<PromptRead> {
    let text = run.params.get("prompt").filter(|prompt| !prompt.is_empty())?;
    let computed = prompt_hash(text);
    let hash = numbers::hash_said(run).unwrap_or(&computed).to_owned();
    let system_prompt = run.params.get("system_prompt").cloned();
    Some(PromptRead {
        cut: hash != computed,
        text: text.clone(),
        field: run.tag(key::PROMPT_FIELD).unwrap_or("prompt").to_owned(),
        node: run.params.get("node_id").cloned(),
        system_prompt,
        hash,
        run_id: run.run_id.clone(),
    })
}

/// The baseline of our newest summary, else the first variant.
fn baseline(runs: &[Run], variants: &[VariantRuns]) -> u16 {
    let said = runs.iter().find_map(|run| run.tag(key::SUMMARY).and(run.tag("bakeoff.baseline")));
    let place = said.and_then(|name| variants.iter().position(|variant| variant.name == name));
    place.map_or(0, |index| index as u16)
}
