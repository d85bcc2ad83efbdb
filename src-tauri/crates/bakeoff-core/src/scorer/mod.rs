//! Scorers: how an answer is judged. Everything here is pure except the rubric, whose judge is a model: for it
//! this module only writes the question and reads the verdict.

mod compile;
mod json;
mod number;
pub(crate) mod raw;
pub mod rubric;
mod score;
mod structure;
mod weigh;

use crate::variant::Provider;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use compile::{CompiledScorer, ScorerProblem, compile, for_case};
pub use json::extract as extract_json;
pub(crate) use json::{last_object, whole_or_fenced};
pub(crate) use score::quoted;
pub use score::{AnswerFacts, RubricQuestion, Scoring, score};
pub use weigh::weigh;

/// One scorer of a campaign or of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Scorer {
    /// What is looked at.
    #[serde(flatten)]
    pub kind: ScorerKind,
    /// The name under which the score is reported; the type's name when the file gives none.
    pub metric: String,
    /// Its share in the trial's score; 0 reports without counting.
    pub weight: f64,
    /// Of a workflow: the output that is judged, by name; absent: the whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub output: Option<String>,
}

/// What a scorer looks at. Strings are templates over the case's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[ts(export)]
#[expect(missing_docs, reason = "the variants' comments name their fields")]
pub enum ScorerKind {
    /// The trimmed answer equals `value`.
    Exact { value: String },
    /// The answer contains `value`.
    Contains { value: String },
    /// The same, ignoring case.
    Icontains { value: String },
    /// The answer contains at least one of `values`.
    ContainsAny { values: Vec<String> },
    /// The answer contains all of `values`; the score is the share found.
    ContainsAll { values: Vec<String> },
    /// The trimmed answer starts with `value`.
    StartsWith { value: String },
    /// The pattern matches somewhere in the answer.
    Regex { pattern: String },
    /// The answer is JSON (a fenced block counts).
    IsJson {},
    /// The answer is JSON that the schema accepts.
    JsonSchema {
        #[ts(type = "unknown")]
        schema: serde_json::Value,
    },
    /// A field of the answer's JSON (dotted path) equals `equals`.
    JsonField { field: String, equals: String },
    /// The first number in the answer (or in its JSON field) is within `tolerance` of `value`.
    Numeric { value: String, tolerance: f64, field: Option<String> },
    /// 1 − edit distance ÷ longer length; passes at or above `threshold`.
    Levenshtein { value: String, threshold: f64 },
    /// The model's own time is at most `max_ms`.
    Latency { max_ms: f64 },
    /// The trial costs at most `max_usd`.
    Cost { max_usd: f64 },
    /// A model judges the answer by a criterion; passes at or above `threshold`.
    Rubric { provider: Provider, model: String, base_url: Option<String>, criterion: String, threshold: f64 },
}

impl ScorerKind {
    /// The type's name in files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact { .. } => "exact",
            Self::Contains { .. } => "contains",
            Self::Icontains { .. } => "icontains",
            Self::ContainsAny { .. } => "contains-any",
            Self::ContainsAll { .. } => "contains-all",
            Self::StartsWith { .. } => "starts-with",
            Self::Regex { .. } => "regex",
            Self::IsJson {} => "is-json",
            Self::JsonSchema { .. } => "json-schema",
            Self::JsonField { .. } => "json-field",
            Self::Numeric { .. } => "numeric",
            Self::Levenshtein { .. } => "levenshtein",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::Rubric { .. } => "rubric",
        }
    }
}
