//! What a model says of a candidate: the output schema `triage_v1`, and reading it out of an answer.

use super::rows::shown;
use crate::scorer::{last_object, whole_or_fenced};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ts_rs::TS;

/// The name of the output schema.
pub const SCHEMA_VERSION: &str = "triage_v1";

/// What a model says of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageAnswer {
    /// How much it matters, 0 to 100.
    pub ai_score: f64,
    /// Why, in one or two sentences.
    pub reason: String,
    /// It belongs to the topic.
    pub is_relevant: bool,
    /// It tells something new.
    pub is_novel: bool,
    /// What it is about, in a few words each.
    pub categories: Vec<String>,
    /// It is worth a long summary.
    pub should_deep_summarize: bool,
    /// The larger story that it belongs to.
    pub theme: Option<String>,
    /// It in one line.
    pub one_liner: Option<String>,
}

/// A triage answer with where it came from: what is kept, and what people copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Triage {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// The prompt that was used: see [`super::prompt_id`].
    pub prompt_id: String,
    /// The provider, as in a variant file.
    pub provider: String,
    /// The model as it was asked for.
    pub model: String,
    /// The rest.
    #[serde(flatten)]
    pub answer: TriageAnswer,
}

/// The JSON Schema of an answer, for structured output: every field is required, as strict modes want it.
pub fn answer_schema() -> Value {
    let described = |kind: Value, description: &str| {
        let mut field = kind;
        if let Some(object) = field.as_object_mut() {
            object.insert("description".to_owned(), description.into());
        }
        field
    };
    let text = || json!({"type": "string"});
    let flag = || json!({"type": "boolean"});
    let properties = json!({
        "ai_score": described(json!({"type": "number"}), "0 to 100: how much it matters to the topic's readers"),
        "reason": described(text(), "why, in one or two sentences"),
        "is_relevant": described(flag(), "it belongs to the topic"),
        "is_novel": described(flag(), "it tells something new"),
        "categories": described(json!({"type": "array", "items": {"type": "string"}}), "one to five, a few words each"),
        "should_deep_summarize": described(flag(), "it is worth a long summary"),
        "theme": described(text(), "the larger story that it belongs to, in a few words"),
        "one_liner": described(text(), "it in one line"),
    });
    let required: Vec<String> =
        properties.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

impl TriageAnswer {
    /// Reads an answer: the whole text as JSON, else the last fenced block that is a JSON object, else the last JSON
    /// object with `ai_score` in it. Numbers and truth values may stand in quotes.
    ///
    /// # Errors
    /// Everything that is missing or of the wrong type, in words that the model understands too.
    pub fn read(answer: &str) -> Result<Self, String> {
        if answer.trim().is_empty() {
            return Err("the answer is empty".to_owned());
        }
        let fields = find(answer).ok_or("the answer has no JSON object with `ai_score` in it")?;
        let mut problems = Vec::new();
        let mut take = |name: &str, kind: &str, problem: Option<String>| match (fields.get(name), problem) {
            (None | Some(Value::Null), _) => problems.push(format!("`{name}` is missing ({kind})")),
            (Some(_), Some(found)) => problems.push(format!("`{name}` must be {kind}, but is {found}")),
            (Some(_), None) => {}
        };
        let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
        let wrong = |name: &str, is_right: bool| (!is_right).then(|| shown(field(name)));
        let score = number(field("ai_score")).filter(|score| (0.0..=100.0).contains(score));
        take("ai_score", "a number from 0 to 100", wrong("ai_score", score.is_some()));
        let reason = field("reason").as_str().map(str::trim).filter(|reason| !reason.is_empty());
        take("reason", "a text", wrong("reason", reason.is_some()));
        let mut flag = |name: &str| {
            let found = truth(field(name));
            take(name, "true or false", wrong(name, found.is_some()));
            found.unwrap_or_default()
        };
        let (is_relevant, is_novel) = (flag("is_relevant"), flag("is_novel"));
        let should_deep_summarize = flag("should_deep_summarize");
        let categories = texts(field("categories"));
        take("categories", "a list of texts", wrong("categories", categories.is_some()));
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let optional = |name: &str| {
            let text = field(name).as_str().map(str::trim).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        Ok(Self {
            ai_score: score.unwrap_or_default(),
            reason: reason.unwrap_or_default().to_owned(),
            is_relevant,
            is_novel,
            categories: categories.unwrap_or_default(),
            should_deep_summarize,
            theme: optional("theme"),
            one_liner: optional("one_liner"),
        })
    }
}

/// The JSON object that an answer means.
fn find(answer: &str) -> Option<Map<String, Value>> {
    let has_score = |value: &Value| value.get("ai_score").is_some();
    let whole = whole_or_fenced(answer).filter(Value::is_object);
    match whole.filter(has_score).or_else(|| last_object(answer, has_score)) {
        Some(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        value => value.as_bool(),
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?;
    let text = |item: &Value| item.as_str().map(|text| text.trim().to_owned());
    let texts: Vec<String> = items.iter().map(text).collect::<Option<_>>()?;
    Some(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
