//! MLflow's JSON: numbers may be texts, times too, and NaN is a text.

use super::{BYTES_A_REQUEST, ENTRIES_A_REQUEST, METRICS_A_REQUEST, TEXTS_A_REQUEST};
use crate::run::{Run, RunStatus};
use bakeoff_core::trial::Millis;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An experiment of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentInfo {
    /// MLflow's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made; old servers don't say.
    pub created_at: Option<Millis>,
    /// It is not deleted.
    pub active: bool,
}

/// A run that begins.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it began.
    pub started_at: Millis,
    /// At most 100 tags.
    pub tags: &'a [(String, String)],
}

/// Some runs of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPage {
    /// In the order that was asked for.
    pub runs: Vec<Run>,
    /// Of the next page.
    pub next: Option<String>,
}

/// A text or a number, which both stand for a text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn page_token(answer: &Value) -> Option<String> {
    answer["next_page_token"].as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

pub(super) fn experiment(value: &Value) -> Result<ExperimentInfo, &'static str> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    Ok(ExperimentInfo {
        id: text(&value["experiment_id"]).ok_or("an experiment without an id")?,
        name: text(&value["name"]).ok_or("an experiment without a name")?,
        created_at: number(&value["creation_time"]),
        active: value["lifecycle_stage"].as_str().is_none_or(|stage| stage == "active"),
    })
}

pub(super) fn run(value: &Value) -> Result<Run, &'static str> {
    WireRun::deserialize(value).map(WireRun::into_run).map_err(|_| "a run that can't be read")
}

pub(super) fn texts(pairs: &[(String, String)]) -> Vec<Value> {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// An answer with runs is large, so it is read without a tree of values in between.
#[derive(Deserialize)]
struct WirePage {
    #[serde(default)]
    runs: Vec<WireRun>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct WireRun {
    info: WireInfo,
    #[serde(default)]
    data: WireData,
}

#[derive(Deserialize)]
struct WireInfo {
    run_id: Option<String>,
    run_uuid: Option<String>,
    #[serde(alias = "name")]
    run_name: Option<String>,
    status: Option<String>,
    start_time: Option<Number>,
    end_time: Option<Number>,
}

#[derive(Deserialize, Default)]
struct WireData {
    #[serde(default)]
    metrics: Vec<WireMetric>,
    #[serde(default)]
    params: Vec<WireText>,
    #[serde(default)]
    tags: Vec<WireText>,
}

#[derive(Deserialize)]
struct WireMetric {
    key: String,
    value: Option<Number>,
}

#[derive(Deserialize)]
struct WireText {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Float(f64),
    Text(String),
}

impl Number {
    fn float(&self) -> f64 {
        match self {
            Self::Whole(number) => *number as f64,
            Self::Float(number) => *number,
            Self::Text(text) => match text.as_str() {
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                text => text.parse().unwrap_or(f64::NAN),
            },
        }
    }

    fn time(&self) -> Option<Millis> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Float(number) => Some(*number as Millis),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl WireRun {
    fn into_run(self) -> Run {
        let texts = |list: Vec<WireText>| -> BTreeMap<String, String> {
            list.into_iter().map(|text| (text.key, text.value.unwrap_or_default())).collect()
        };
        let (params, tags) = (texts(self.data.params), texts(self.data.tags));
        let metrics = self.data.metrics.into_iter();
        let name = self.info.run_name.filter(|name| !name.is_empty());
        Run {
            run_id: self.info.run_id.or(self.info.run_uuid).unwrap_or_default(),
            name: name.or_else(|| tags.get("mlflow.runName").cloned()).unwrap_or_default(),
            status: RunStatus::from_name(&self.info.status.unwrap_or_default()),
            started_at: self.info.start_time.and_then(|time| time.time()),
            ended_at: self.info.end_time.and_then(|time| time.time()).filter(|time| *time > 0),
            params,
            metrics: metrics
                .map(|metric| (metric.key, metric.value.map_or(0.0, |value| value.float())))
                .collect(),
            tags,
        }
    }
}

impl RunPage {
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let page: WirePage = serde_json::from_slice(body).map_err(|_| "a list of runs that can't be read")?;
        let next = page.next_page_token.filter(|token| !token.is_empty());
        Ok(Self { runs: page.runs.into_iter().map(WireRun::into_run).collect(), next })
    }
}

/// Something to log.
pub(super) enum Entry<'a> {
    Metric(&'a str, f64, Millis),
    Param(&'a str, &'a str),
    Tag(&'a str, &'a str),
}

impl Entry<'_> {
    fn bytes(&self) -> usize {
        match self {
            Self::Metric(key, ..) => key.len(),
            Self::Param(key, value) | Self::Tag(key, value) => key.len() + value.len(),
        }
    }
}

/// One `log-batch` request.
#[derive(Default)]
pub(super) struct Batch {
    metrics: Vec<Value>,
    params: Vec<Value>,
    tags: Vec<Value>,
    bytes: usize,
}

impl Batch {
    fn len(&self) -> usize {
        self.metrics.len() + self.params.len() + self.tags.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn has_room_for(&self, entry: &Entry<'_>) -> bool {
        let room = match entry {
            Entry::Metric(..) => self.metrics.len() < METRICS_A_REQUEST,
            Entry::Param(..) => self.params.len() < TEXTS_A_REQUEST,
            Entry::Tag(..) => self.tags.len() < TEXTS_A_REQUEST,
        };
        let small = self.is_empty() || self.bytes + entry.bytes() <= BYTES_A_REQUEST;
        room && small && self.len() < ENTRIES_A_REQUEST
    }

    pub(super) fn push(&mut self, entry: &Entry<'_>) {
        self.bytes += entry.bytes();
        match entry {
            Entry::Metric(key, value, at) => {
                self.metrics.push(json!({"key": key, "value": value, "timestamp": at, "step": 0}));
            }
            Entry::Param(key, value) => self.params.push(json!({"key": key, "value": value})),
            Entry::Tag(key, value) => self.tags.push(json!({"key": key, "value": value})),
        }
    }

    pub(super) fn body(self, run_id: &str) -> Value {
        json!({"run_id": run_id, "metrics": self.metrics, "params": self.params, "tags": self.tags})
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Entry, RunPage};
    use crate::run::RunStatus;

    #[test]
    fn a_batch_keeps_to_each_of_the_limits() {
        let mut batch = Batch::default();
        for number in 0..100 {
            let entry = Entry::Param("key", "value");
            assert!(batch.has_room_for(&entry), "parameter {number}");
            batch.push(&entry);
        }
        assert!(!batch.has_room_for(&Entry::Param("key", "value")));
        for _ in 0..900 {
            batch.push(&Entry::Metric("key", 1.0, 0));
        }
        assert!(!batch.has_room_for(&Entry::Metric("key", 1.0, 0)), "a thousand together");
        let mut batch = Batch::default();
        let long = "x".repeat(300_000);
        batch.push(&Entry::Tag("key", &long));
        assert!(!batch.has_room_for(&Entry::Tag("key", &long)), "too many bytes");
    }

    #[test]
    fn texts_stand_for_numbers_as_in_protobuf() {
        let body =
            br#"{"runs": [{"info": {"run_uuid": "r", "status": "KILLED", "start_time": "17", "end_time": 18},
            "data": {"metrics": [{"key": "a", "value": "NaN"}, {"key": "b", "value": "-Infinity"},
            {"key": "c", "value": 3}], "tags": [{"key": "mlflow.runName", "value": "old"}]}}],
            "next_page_token": "t"}"#;
        let page = RunPage::read(body).expect("it can be read");
        let run = &page.runs[0];
        assert_eq!((run.run_id.as_str(), run.name.as_str(), run.status), ("r", "old", RunStatus::Killed));
        assert_eq!((run.started_at, run.ended_at), (Some(17), Some(18)));
        assert!(run.metrics["a"].is_nan() && run.metric("a").is_none());
        assert_eq!((run.metrics["b"], run.metrics["c"]), (f64::NEG_INFINITY, 3.0));
        assert_eq!(page.next.as_deref(), Some("t"));
    }
}
