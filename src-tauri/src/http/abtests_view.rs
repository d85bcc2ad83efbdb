//! Triage tests as the API says them: the field names of the system whose calls it takes.

use super::answer::iso;
use super::body::JOB_PREFIX;
use bakeoff_core::outcome::Outcome;
use bakeoff_service::dto::{JobState, TriageDetail, TriageItem, TriageResult, TriageRow, TriageVariantRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A test was made and waits in the queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedAnswer {
    /// Always true.
    pub ok: bool,
    /// The run's number, as text.
    #[schema(example = "12")]
    pub run_id: String,
    /// The job's id in the queue: `run_abtest_` and the run's number.
    #[schema(example = "run_abtest_12")]
    pub job_id: String,
}

/// The newest tests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunsAnswer {
    /// Always true.
    pub ok: bool,
    /// At most 20, newest first.
    pub runs: Vec<RunView>,
}

/// A test with its items and what every variant said of each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunAnswer {
    /// Always true.
    pub ok: bool,
    /// The test.
    pub run: RunView,
    /// Its variants, in order.
    pub variants: Vec<VariantView>,
    /// Its items, without their bodies.
    pub items: Vec<ItemView>,
    /// What has been said so far, one for each item and variant.
    pub results: Vec<ResultView>,
    /// For each variant its mean score, rates, tokens, cost and time with their intervals: what
    /// `bakeoff abtest show --json` calls `summaries`.
    #[schema(value_type = Vec<Object>)]
    pub summaries: Value,
    /// How far the variants agree: what `bakeoff abtest show --json` calls `agreement`.
    #[schema(value_type = Object)]
    pub agreement: Value,
}

/// Where a test stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It waits for its turn.
    Queued,
    /// It is going on.
    Running,
    /// It has come to its end.
    Completed,
    /// It could not finish, or every call was an error.
    Failed,
    /// Somebody stopped or dropped it.
    Cancelled,
}

/// A test.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunView {
    /// The run's number, as text.
    #[schema(example = "12")]
    pub id: String,
    /// The topic's id.
    pub topic_id: String,
    /// The topic's name.
    pub topic: String,
    /// ISO 8601 in UTC.
    pub window_start: String,
    /// ISO 8601 in UTC; doesn't belong to the window.
    pub window_end: String,
    /// Where it stands.
    pub status: Status,
    /// What was asked for.
    pub config: ConfigView,
    /// The variants' names, in order.
    pub variants: Vec<String>,
    /// Items taken.
    pub items: u32,
    /// Results there are.
    pub done: u32,
    /// Results there will be.
    pub planned: u32,
    /// What it has cost so far; `null`: unknown.
    pub cost_usd: Option<f64>,
    /// Why it failed or was cancelled.
    pub error: Option<String>,
    /// ISO 8601 in UTC.
    pub created_at: String,
    /// When its first call could go out.
    pub started_at: Option<String>,
    /// When it ended, however it ended.
    pub completed_at: Option<String>,
}

/// What was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigView {
    /// The most items.
    pub max_items: u32,
    /// Variants.
    pub variant_count: usize,
}

/// A variant of a test.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VariantView {
    /// Within the test.
    pub id: String,
    /// The test.
    pub run_id: String,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub provider: String,
    /// The model.
    pub model: String,
    /// `null`: nothing is sent.
    pub reasoning_effort: Option<String>,
    /// `null`: nothing is sent.
    pub max_output_tokens: Option<u32>,
    /// Which prompt it is asked with.
    pub prompt_id: String,
    /// From 1.
    pub order: usize,
}

/// An item of a test, as it was when the test was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemView {
    /// Within the test.
    pub id: String,
    /// The test.
    pub run_id: String,
    /// Its id in the topic's source.
    pub candidate_id: String,
    /// The cluster that it stands for.
    pub cluster_id: Option<String>,
    /// Its source.
    pub source_id: String,
    /// The kind of its source.
    pub source_type: String,
    /// Its headline.
    pub title: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// ISO 8601 in UTC.
    pub published_at: Option<String>,
}

/// What a variant said of an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultView {
    /// Within the test.
    pub id: String,
    /// The item.
    pub abtest_item_id: String,
    /// The variant.
    pub variant_id: String,
    /// The answer: `ai_score`, `reason`, `is_relevant`, `is_novel`, `categories`, `should_deep_summarize`, `theme`,
    /// `one_liner`, and `schema_version`, `prompt_id`, `provider`, `model`. `null` when it could not be read.
    #[schema(value_type = Option<Object>)]
    pub triage: Option<Value>,
    /// 0 when the provider did not say.
    pub input_tokens: u32,
    /// 0 when the provider did not say.
    pub output_tokens: u32,
    /// `ok`: the answer could be read.
    pub status: ResultStatus,
    /// How the trial ended, in Bakeoff's words.
    pub outcome: String,
    /// What went wrong.
    pub error: Option<ResultError>,
    /// The model's own time.
    pub latency_ms: Option<f64>,
    /// USD; `null`: unknown.
    pub cost_usd: Option<f64>,
    /// ISO 8601 in UTC.
    pub created_at: String,
}

/// Whether an answer could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResultStatus {
    /// It could.
    Ok,
    /// It could not, or there was none.
    Error,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultError {
    /// In words.
    pub message: String,
}

/// A job's id in the queue.
pub(crate) fn job_id(run: u32) -> String {
    format!("{JOB_PREFIX}{run}")
}

impl From<JobState> for Status {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl RunView {
    /// A row of the list.
    pub fn of(row: TriageRow) -> Self {
        Self {
            id: row.run.to_string(),
            topic_id: row.topic_id,
            topic: row.topic,
            window_start: iso(row.window.start),
            window_end: iso(row.window.end),
            status: row.state.into(),
            config: ConfigView { max_items: row.max_items, variant_count: row.variants.len() },
            variants: row.variants,
            items: row.items,
            done: row.done,
            planned: row.planned,
            cost_usd: row.cost_usd,
            error: row.error,
            created_at: iso(row.created_at),
            started_at: row.started_at.map(iso),
            completed_at: row.ended_at.map(iso),
        }
    }
}

impl RunAnswer {
    /// Everything of a test; the items in the order of the test.
    pub fn of(detail: TriageDetail, mut items: Vec<TriageItem>) -> Self {
        items.sort_by_key(|item| item.index);
        let run = detail.row.run.to_string();
        let variants = detail.variants.into_iter().enumerate();
        let variants: Vec<VariantView> =
            variants.map(|(place, variant)| VariantView::of(&run, place + 1, variant)).collect();
        let results_of = |item: &TriageItem| -> Vec<ResultView> {
            let known = item.results.iter().zip(&variants);
            known.filter_map(|(result, of)| Some(ResultView::of(item, of, result.as_ref()?))).collect()
        };
        Self {
            ok: true,
            results: items.iter().flat_map(results_of).collect(),
            items: items.into_iter().map(|item| ItemView::of(&run, item)).collect(),
            variants,
            run: RunView::of(detail.row),
            summaries: serde_json::to_value(&detail.summaries).unwrap_or_default(),
            agreement: serde_json::to_value(&detail.agreement).unwrap_or_default(),
        }
    }
}

impl VariantView {
    fn of(run: &str, order: usize, variant: TriageVariantRow) -> Self {
        let effort = serde_json::to_value(variant.reasoning_effort).unwrap_or_default();
        Self {
            id: order.to_string(),
            run_id: run.to_owned(),
            name: variant.name,
            provider: variant.provider.name().to_owned(),
            model: variant.model,
            reasoning_effort: effort.as_str().map(str::to_owned),
            max_output_tokens: variant.max_output_tokens,
            prompt_id: variant.prompt_id,
            order,
        }
    }
}

impl ItemView {
    fn of(run: &str, item: TriageItem) -> Self {
        Self {
            id: item.index.to_string(),
            run_id: run.to_owned(),
            candidate_id: item.id,
            cluster_id: item.cluster_id,
            source_id: item.source_id,
            source_type: item.source_type,
            title: item.title,
            url: item.url,
            author: item.author,
            published_at: item.published_at.map(iso),
        }
    }
}

impl ResultView {
    fn of(item: &TriageItem, variant: &VariantView, result: &TriageResult) -> Self {
        let triage = result.triage.as_ref().and_then(|triage| serde_json::to_value(triage).ok());
        let message = |outcome: Outcome| format!("no answer that could be read ({})", outcome.name());
        let error = match (&triage, &result.error) {
            (Some(_), _) => None,
            (None, Some(error)) => Some(error.clone()),
            (None, None) => Some(message(result.outcome)),
        };
        Self {
            id: result.trial.to_string(),
            abtest_item_id: item.index.to_string(),
            variant_id: variant.id.clone(),
            status: if triage.is_some() { ResultStatus::Ok } else { ResultStatus::Error },
            triage,
            input_tokens: result.input_tokens.unwrap_or_default(),
            output_tokens: result.output_tokens.unwrap_or_default(),
            outcome: result.outcome.name().to_owned(),
            error: error.map(|message| ResultError { message }),
            latency_ms: result.latency_ms,
            cost_usd: result.cost_usd,
            created_at: iso(result.ended_at),
        }
    }
}
