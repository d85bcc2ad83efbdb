//! From a reading of the prompt to the answer's text.

use super::form::{Form, Purpose};
use super::reading::{self, Reading};
use super::similarity::{self, Class};
use super::{extract, fields, triage, words};
use serde_json::{Map, Value, json};

/// What the built-in model says when a prompt names no labels.
const NO_LABELS: &str = "This prompt names no labels. I am lexical-1, a small word-matching model inside Bakeoff and no \
    language model: I can only sort a text into labels, or fill JSON fields, that the prompt names. Add a line for each \
    label, such as `- storage: disks, volumes`, and examples such as `Ticket: disk full` / `Label: storage`.";

/// An answer with its estimated token counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Estimated tokens of both turns.
    pub input_tokens: u64,
    /// Estimated tokens of the text.
    pub output_tokens: u64,
}

/// Answers a prompt, as JSON of a schema when there is one. Takes microseconds for a prompt of usual size, and grows
/// linearly with it.
pub fn answer(system: &str, user: &str, schema: Option<&Value>) -> Answer {
    let text = match schema {
        Some(schema) if triage::is_asked(schema) => triage::answer(system, user).to_string(),
        Some(schema) => {
            let reading = reading::read(system, fields::without_instruction(user));
            fields::fill(&reading, schema).to_string()
        }
        None => in_words(&reading::read(system, user)),
    };
    let input_tokens = words::count_tokens(system) + words::count_tokens(user);
    Answer { input_tokens, output_tokens: words::count_tokens(&text), text }
}

fn in_words(reading: &Reading) -> String {
    match Verdict::of(reading) {
        Some(verdict) => written(reading, &verdict),
        None => without_labels(&reading.form),
    }
}

/// The chosen label, how sure that is (its share in all labels' similarity), and the words that decided.
pub(super) struct Verdict {
    pub(super) label: String,
    pub(super) confidence: f64,
    shared: Vec<String>,
}

impl Verdict {
    /// The most similar label, the first one among equals; `None` when the prompt names no label.
    pub(super) fn of(reading: &Reading) -> Option<Self> {
        let labels = &reading.labels;
        let classes: Vec<Class<'_>> = labels
            .iter()
            .map(|label| Class {
                name: &label.name,
                definition: &label.definition,
                examples: label.examples.iter().map(String::as_str).collect(),
            })
            .collect();
        let scores = similarity::scores(&reading.text, &classes);
        let best = (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]))?;
        let sum: f64 = scores.iter().sum();
        let class = &classes[best];
        let said = [&[class.name, class.definition], class.examples.as_slice()].concat().join(" ");
        let known: std::collections::HashSet<String> = words::stems(&said).into_iter().collect();
        let mut shared: Vec<String> = Vec::new();
        for word in reading.text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
            let decides = words::stems(word).iter().any(|stem| known.contains(stem));
            if decides && shared.len() < 8 && !shared.iter().any(|other| other == word) {
                shared.push(word.to_owned());
            }
        }
        let confidence = if sum > 0.0 { (scores[best] / sum * 100.0).round() / 100.0 } else { 0.0 };
        Some(Self { label: labels[best].name.clone(), confidence, shared })
    }

    /// Which words decided.
    pub(super) fn reason(&self) -> String {
        if self.shared.is_empty() {
            return "no word of the text is known from the prompt".to_owned();
        }
        format!("words shared with the prompt: {}", self.shared.join(", "))
    }
}

fn written(reading: &Reading, verdict: &Verdict) -> String {
    let Form::Json(keys) = &reading.form else { return verdict.label.clone() };
    let mut fields = Map::new();
    for (key, purpose) in keys.iter().zip(Form::purposes(keys)) {
        let value = match purpose {
            Purpose::Label => json!(verdict.label),
            Purpose::Confidence => json!(verdict.confidence),
            Purpose::Reason => json!(verdict.reason()),
            Purpose::Other => extract::field(key, &reading.text, &reading.examples),
        };
        fields.insert(key.clone(), value);
    }
    Value::Object(fields).to_string()
}

fn without_labels(form: &Form) -> String {
    match form {
        Form::Bare => NO_LABELS.to_owned(),
        Form::Json(keys) => {
            let mut fields: Map<String, Value> = keys.iter().map(|key| (key.clone(), Value::Null)).collect();
            fields.insert("note".to_owned(), json!(NO_LABELS));
            Value::Object(fields).to_string()
        }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
