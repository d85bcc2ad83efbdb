//! The numbers that gates are held against.

use crate::analysis::{AnalysisOptions, Comparison, TrialNumbers};
use crate::trial::{Score, TrialKey};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that a gate may look at.
#[derive(Debug, Clone, Copy)]
pub struct GateNumbers<'a> {
    /// The aggregates and differences of the contract's metrics.
    pub comparison: &'a Comparison,
    /// What the comparison was made with.
    pub options: &'a AnalysisOptions,
    /// Every trial's own numbers, for gates on trials.
    pub trials: &'a [TrialNumbers],
    /// Numbers that only this campaign has: those of scorers first, see [`Measures`].
    pub measures: &'a [Measure],
}

/// One number by name, for every trial that has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// A scorer's metric, or the name of an output.
    pub name: String,
    /// The values. Of runs that are pooled several may have the same key: each counts.
    pub values: Vec<(TrialKey, f64)>,
}

/// Collects measures trial by trial.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    of_scorers: BTreeMap<String, Vec<(TrialKey, f64)>>,
    of_outputs: BTreeMap<String, Vec<(TrialKey, f64)>>,
}

/// How many different names among outputs are kept; more come only from answers with free keys.
const MOST_NAMES: usize = 1_000;

impl Measures {
    /// Adds a trial: its scores, and the numbers (and truth values, as 0 and 1) at the top of its answer when that is
    /// a JSON object, as a workflow's is.
    pub fn add(&mut self, key: TrialKey, scores: &[Score], answer: Option<&str>) {
        for score in scores {
            self.of_scorers.entry(score.metric.clone()).or_default().push((key, score.score));
        }
        let answer = answer.map(str::trim_start).filter(|answer| answer.starts_with('{'));
        let Some(Ok(Value::Object(outputs))) = answer.map(serde_json::from_str) else { return };
        for (name, value) in outputs {
            let number = match value {
                Value::Bool(truth) => Some(f64::from(u8::from(truth))),
                Value::Number(number) => number.as_f64(),
                _ => None,
            };
            let Some(number) = number else { continue };
            if self.of_outputs.len() < MOST_NAMES || self.of_outputs.contains_key(&name) {
                self.of_outputs.entry(name).or_default().push((key, number));
            }
        }
    }

    /// The measures: the scorers', then the outputs'. A scorer's name hides an output's.
    pub fn into_list(mut self) -> Vec<Measure> {
        for name in self.of_scorers.keys() {
            self.of_outputs.remove(name);
        }
        let all = self.of_scorers.into_iter().chain(self.of_outputs);
        all.map(|(name, values)| Measure { name, values }).collect()
    }
}
