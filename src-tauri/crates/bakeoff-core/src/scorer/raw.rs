//! Scorers as files write them. The doc comments here are the help that the editor shows.

use super::{Scorer, ScorerKind};
use crate::variant::Provider;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// A text; a number or truth value is taken as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            scalar @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => {
                Ok(Self(scalar.to_string()))
            }
            other => Err(serde::de::Error::custom(format!("{other} is not a text, number or truth value"))),
        }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["string", "number", "boolean"]})
    }
}

/// One scorer. `type` says what is looked at; texts are templates over the case's fields.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum RawScorer {
    /// The trimmed answer equals `value`.
    Exact {
        /// What the answer must be, such as `"{{ expected }}"`.
        value: Text,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer contains `value`.
    Contains {
        /// What the answer must contain.
        value: Text,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer contains `value`, ignoring upper and lower case.
    Icontains {
        /// What the answer must contain, in upper or lower case.
        value: Text,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer contains at least one of `values`.
    ContainsAny {
        /// The texts, one of which is enough.
        #[schemars(length(min = 1))]
        values: Vec<Text>,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer contains all of `values`; the score is the share found.
    ContainsAll {
        /// The texts, all of which are needed.
        #[schemars(length(min = 1))]
        values: Vec<Text>,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The trimmed answer starts with `value`.
    StartsWith {
        /// What the answer must start with.
        value: Text,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The pattern matches somewhere in the answer.
    Regex {
        /// A regular expression in Rust's syntax: no look-around and no back references; `(?i)` ignores case.
        pattern: String,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer is JSON; JSON in a fenced block counts.
    IsJson {
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The answer's JSON is valid against a JSON Schema.
    JsonSchema {
        /// The JSON Schema, written as YAML or JSON.
        schema: serde_json::Value,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// A field of the answer's JSON equals a value.
    JsonField {
        /// The field; dots lead into objects and lists: `result.labels.0`.
        #[schemars(length(min = 1))]
        field: String,
        /// What the field must be, such as `"{{ expected }}"`.
        equals: Text,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The first number in the answer is within `tolerance` of `value`.
    Numeric {
        /// The number expected, such as `"{{ expected }}"`.
        value: Text,
        /// The largest difference allowed. Default 0.
        #[schemars(range(min = 0.0))]
        tolerance: Option<f64>,
        /// Take the number from this field of the answer's JSON; dots lead into objects and lists.
        field: Option<String>,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// 1 − edit distance ÷ longer length; passes at or above `threshold`.
    Levenshtein {
        /// The text to be near to.
        value: Text,
        /// The similarity at or above which it passes, 0 to 1. Default 0.8.
        #[schemars(range(min = 0.0, max = 1.0))]
        threshold: Option<f64>,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The model's own time is at most `max_ms`.
    Latency {
        /// Milliseconds.
        #[schemars(range(min = 0.0))]
        max_ms: f64,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// The trial costs at most `max_usd`.
    Cost {
        /// USD.
        #[schemars(range(min = 0.0))]
        max_usd: f64,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
    /// A model judges the answer by a criterion; it gives its reason first and then a score from 0 to 1.
    Rubric {
        /// Where the judge runs; absent: taken from the model's prefix.
        provider: Option<Provider>,
        /// The judge's model, sent exactly as written.
        #[schemars(length(min = 1))]
        model: String,
        /// For `openai-compatible`: where the server listens.
        base_url: Option<String>,
        /// What a good answer does, in plain words.
        #[schemars(length(min = 1))]
        criterion: String,
        /// The judge's score at or above which it passes, 0 to 1. Default 0.5.
        #[schemars(range(min = 0.0, max = 1.0))]
        threshold: Option<f64>,
        /// Of a workflow: judge this output instead of the whole answer.
        output: Option<String>,
        /// The name under which the score is reported; by default the type.
        metric: Option<String>,
        /// Its share in the trial's score; 0 reports without counting. Default 1.
        #[schemars(range(min = 0.0))]
        weight: Option<f64>,
    },
}

/// The similarity that `levenshtein` asks for when the file names none.
const LEVENSHTEIN_THRESHOLD: f64 = 0.8;
/// The judge's score that passes when the file names none.
const RUBRIC_THRESHOLD: f64 = 0.5;

impl RawScorer {
    /// The scorer with its defaults. Fails with a message when a rubric's provider is neither written nor told by
    /// the model's name.
    pub(crate) fn checked(self) -> Result<Scorer, String> {
        let texts = |values: Vec<Text>| values.into_iter().map(|text| text.0).collect();
        let (kind, output, metric, weight) = match self {
            Self::Exact { value, output, metric, weight } => {
                (ScorerKind::Exact { value: value.0 }, output, metric, weight)
            }
            Self::Contains { value, output, metric, weight } => {
                (ScorerKind::Contains { value: value.0 }, output, metric, weight)
            }
            Self::Icontains { value, output, metric, weight } => {
                (ScorerKind::Icontains { value: value.0 }, output, metric, weight)
            }
            Self::ContainsAny { values, output, metric, weight } => {
                (ScorerKind::ContainsAny { values: texts(values) }, output, metric, weight)
            }
            Self::ContainsAll { values, output, metric, weight } => {
                (ScorerKind::ContainsAll { values: texts(values) }, output, metric, weight)
            }
            Self::StartsWith { value, output, metric, weight } => {
                (ScorerKind::StartsWith { value: value.0 }, output, metric, weight)
            }
            Self::Regex { pattern, output, metric, weight } => {
                (ScorerKind::Regex { pattern }, output, metric, weight)
            }
            Self::IsJson { output, metric, weight } => (ScorerKind::IsJson {}, output, metric, weight),
            Self::JsonSchema { schema, output, metric, weight } => {
                (ScorerKind::JsonSchema { schema }, output, metric, weight)
            }
            Self::JsonField { field, equals, output, metric, weight } => {
                (ScorerKind::JsonField { field, equals: equals.0 }, output, metric, weight)
            }
            Self::Numeric { value, tolerance, field, output, metric, weight } => {
                let tolerance = tolerance.unwrap_or(0.0);
                (ScorerKind::Numeric { value: value.0, tolerance, field }, output, metric, weight)
            }
            Self::Levenshtein { value, threshold, output, metric, weight } => {
                let threshold = threshold.unwrap_or(LEVENSHTEIN_THRESHOLD);
                (ScorerKind::Levenshtein { value: value.0, threshold }, output, metric, weight)
            }
            Self::Latency { max_ms, output, metric, weight } => {
                (ScorerKind::Latency { max_ms }, output, metric, weight)
            }
            Self::Cost { max_usd, output, metric, weight } => {
                (ScorerKind::Cost { max_usd }, output, metric, weight)
            }
            Self::Rubric { provider, model, base_url, criterion, threshold, output, metric, weight } => {
                let provider = provider.or_else(|| Provider::from_model(&model)).ok_or_else(|| {
                    format!("it can't be told from the model `{model}` where the judge runs: add `provider`")
                })?;
                let threshold = threshold.unwrap_or(RUBRIC_THRESHOLD);
                (
                    ScorerKind::Rubric { provider, model, base_url, criterion, threshold },
                    output,
                    metric,
                    weight,
                )
            }
        };
        let metric = metric.unwrap_or_else(|| kind.name().to_owned());
        Ok(Scorer { kind, metric, weight: weight.unwrap_or(1.0), output })
    }
}
