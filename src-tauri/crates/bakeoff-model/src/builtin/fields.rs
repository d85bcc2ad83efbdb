//! Answers for a JSON Schema, as workflows ask for them. Nothing is invented: a field is a label that the prompt names, a
//! value as the prompt's worked examples show it, a part of the text, or a number that says how much the text has in
//! common with what is asked. What is asked is the prompt, the field's name and its description, so another prompt gives
//! another answer; but it is word matching and no understanding.

use super::answer::Verdict;
use super::form::{Form, Purpose};
use super::parts::{numbers, parts, range, sentences, small_number};
use super::reading::Reading;
use super::similarity::{self, Class};
use super::{extract, lines, words};
use serde_json::{Map, Number, Value, json};
use std::collections::HashSet;

/// Where the description of the JSON begins that a workflow appends to its prompts: it says the same as the schema.
const INSTRUCTION: &str = "Answer with one JSON object only, without any text around it.";
/// The most items of a list.
const MOST_ITEMS: usize = 20;

/// The user turn without the description of the JSON and what follows it.
pub fn without_instruction(user: &str) -> &str {
    user.rfind(INSTRUCTION).map_or(user, |at| user[..at].trim_end())
}

/// The value that a schema asks for.
pub fn fill(reading: &Reading, schema: &Value) -> Value {
    let text = reading.text.as_str();
    // A prompt without a mark between the two begins with its instructions.
    let (instructions, text) = match text.split_once("\n\n") {
        Some((first, rest)) if reading.instructions.trim().is_empty() => (first, rest.trim()),
        _ => (reading.instructions.as_str(), text),
    };
    let filler = Filler { reading, instructions, verdict: Verdict::of(reading) };
    filler.object(schema, text)
}

struct Filler<'a> {
    reading: &'a Reading,
    instructions: &'a str,
    verdict: Option<Verdict>,
}

/// One property of a schema.
struct Field<'a> {
    name: &'a str,
    schema: &'a Value,
    purpose: Purpose,
}

impl Field<'_> {
    fn description(&self) -> &str {
        self.schema.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.schema.get("type").and_then(Value::as_str).unwrap_or("string")
    }

    /// Its name and description as words.
    fn words(&self) -> String {
        format!("{} {}", self.name.replace('_', " "), self.description())
    }

    /// Values that the schema or the description allows; empty: any.
    fn choices(&self) -> Vec<String> {
        let allowed = self.schema.get("enum").and_then(Value::as_array);
        match allowed {
            Some(allowed) => allowed.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => lines::listed_labels(self.description()),
        }
    }
}

impl Filler<'_> {
    /// An object with the properties of a schema; without any, what the text writes as `key: value`.
    fn object(&self, schema: &Value, text: &str) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            let pairs = text.lines().filter_map(lines::definition);
            return Value::Object(pairs.map(|pair| (pair.name, json!(pair.text))).collect());
        };
        let names: Vec<String> = properties.keys().cloned().collect();
        let mut fields = Map::new();
        for ((name, schema), purpose) in properties.iter().zip(Form::purposes(&names)) {
            let field = Field { name, schema, purpose };
            fields.insert(name.clone(), self.value(&field, text));
        }
        Value::Object(fields)
    }

    fn value(&self, field: &Field<'_>, text: &str) -> Value {
        match field.kind() {
            "number" => self.number(field, text, (0.0, 1.0)).into(),
            "integer" => json!(self.number(field, text, (0.0, 10.0)).as_f64().unwrap_or(0.0).round() as i64),
            "boolean" => json!(self.truth(field, text)),
            "array" => self.list(field, text),
            "object" => self.object(field.schema, text),
            _ => json!(self.text(field, text)),
        }
    }

    /// A label, a value as the examples show it, or the sentence that says most of what is asked.
    fn text(&self, field: &Field<'_>, text: &str) -> String {
        let choices = field.choices();
        if choices.len() > 1 {
            return self.most_similar(&choices, text);
        }
        match (&self.verdict, field.purpose) {
            (Some(verdict), Purpose::Label) => return verdict.label.clone(),
            (Some(verdict), Purpose::Reason) => return verdict.reason(),
            _ => {}
        }
        match extract::field(field.name, text, &self.reading.examples) {
            Value::String(shown) => shown,
            Value::Null => self.sentence(field, text),
            other => other.to_string(),
        }
    }

    /// The choice that the text resembles most, by what the prompt says about it; the first one among equals.
    fn most_similar(&self, choices: &[String], text: &str) -> String {
        let scores = self.scores(choices, text);
        let best = (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        best.map(|best| choices[best].clone()).unwrap_or_default()
    }

    fn scores(&self, choices: &[String], text: &str) -> Vec<f64> {
        let class = |name| {
            let known = self.reading.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name));
            Class {
                name,
                definition: known.map_or("", |label| label.definition.as_str()),
                examples: known
                    .map_or_else(Vec::new, |one| one.examples.iter().map(String::as_str).collect()),
            }
        };
        let classes: Vec<Class<'_>> = choices.iter().map(|name| class(name.as_str())).collect();
        similarity::scores(text, &classes)
    }

    /// The sentence of the text that has most in common with the field and the prompt; the first one among equals.
    fn sentence(&self, field: &Field<'_>, text: &str) -> String {
        let sentences = sentences(text);
        let classes: Vec<Class<'_>> = sentences
            .iter()
            .map(|sentence| Class { name: "", definition: sentence, examples: Vec::new() })
            .collect();
        let scores = similarity::scores(&format!("{} {}", field.words(), self.instructions), &classes);
        let best = (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        best.map(|best| sentences[best].to_owned()).unwrap_or_default()
    }

    /// How sure the label is; a number that stands beside the field's words; else how much the text has in common with
    /// what is asked, on the scale that the description names or on the usual one.
    fn number(&self, field: &Field<'_>, text: &str, usual: (f64, f64)) -> Number {
        if let (Some(verdict), Purpose::Confidence) = (&self.verdict, field.purpose) {
            return as_number(scaled(verdict.confidence, range(field.description()).unwrap_or(usual)));
        }
        if let Value::Number(shown) = extract::field(field.name, text, &self.reading.examples) {
            return shown;
        }
        let range = range(field.description());
        let beside = range.is_none().then(|| numbers(text, &words::stems(&field.words()))).flatten();
        as_number(beside.unwrap_or_else(|| {
            let asked = format!("{} {}", field.words(), self.instructions);
            scaled(similarity_of(&asked, text), range.unwrap_or(usual))
        }))
    }

    /// As the nearest example says, else whether the text uses a word of the field's name or description.
    fn truth(&self, field: &Field<'_>, text: &str) -> bool {
        if let Value::Bool(shown) = extract::field(field.name, text, &self.reading.examples) {
            return shown;
        }
        let known: HashSet<String> = words::stems(text).into_iter().collect();
        words::stems(&field.words()).iter().any(|stem| known.contains(stem))
    }

    /// The choices that the text has something of, or its parts; at most as many as the description says.
    fn list(&self, field: &Field<'_>, text: &str) -> Value {
        let most = small_number(field.description()).unwrap_or(MOST_ITEMS);
        let choices = field.choices();
        if choices.len() > 1 {
            let scores = self.scores(&choices, text);
            let chosen = choices.into_iter().zip(scores).filter(|(_, score)| *score > 0.0);
            return chosen.map(|(choice, _)| json!(choice)).take(most).collect();
        }
        let items = field.schema.get("items").unwrap_or(&Value::Null);
        let item = |part: &str| match items.get("type").and_then(Value::as_str) {
            None | Some("string") => json!(part),
            _ => self.value(&Field { name: field.name, schema: items, purpose: Purpose::Other }, part),
        };
        parts(text).into_iter().take(most).map(item).collect()
    }
}

/// How much a text has of what is asked, 0 to 1, in hundredths.
fn similarity_of(asked: &str, text: &str) -> f64 {
    let class = Class { name: "", definition: asked, examples: Vec::new() };
    let score = similarity::scores(text, &[class]).first().copied().unwrap_or(0.0);
    (score.clamp(0.0, 1.0) * 100.0).round() / 100.0
}

fn scaled(share: f64, (low, high): (f64, f64)) -> f64 {
    ((low + share * (high - low)) * 100.0).round() / 100.0
}

fn as_number(value: f64) -> Number {
    Number::from_f64(value).unwrap_or_else(|| 0.into())
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
