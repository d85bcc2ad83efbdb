//! Triage tests: making, listing and reading them.

use super::abtests_view::{CreatedAnswer, RunAnswer, RunView, RunsAnswer, job_id};
use super::body::{JsonBody, RunId, whole};
use super::error::{ApiError, Code, ErrorAnswer};
use super::state::Workspace;
use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bakeoff_core::variant::ReasoningEffort;
use bakeoff_service::Service;
use bakeoff_service::dto::{TriageItem, TriageOrder, TriageRequest, TriageVariant};
use serde::Deserialize;
use utoipa::ToSchema;

/// The list shows so many.
const LISTED: u32 = 20;
/// Items that are read at once.
const PAGE: u32 = 200;

/// Providers of the other system that are subscriptions of other programs, and what takes their place.
const SUBSCRIPTIONS: [(&str, &str); 2] =
    [("claude-subscription", "anthropic"), ("codex-subscription", "openai")];

/// A triage test to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// The topic, by its id or by the name of its file.
    #[schema(example = "ops-news", min_length = 1)]
    topic_id: String,
    /// The window's start: ISO 8601, or a date (midnight UTC).
    #[schema(example = "2026-11-01T00:00:00Z")]
    window_start: String,
    /// The window's end, which doesn't belong to it; later than the start.
    #[schema(example = "2026-11-08T00:00:00Z")]
    window_end: String,
    /// Two or more, each with a name of its own.
    #[schema(min_items = 2)]
    variants: Vec<VariantBody>,
    /// At most this many items; 50 when absent, and no more than the cap in Settings (200).
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1)]
    max_items: Option<u32>,
    /// Of the sample; the same seed takes the same items. 42 when absent.
    #[serde(default, deserialize_with = "whole")]
    seed: Option<u32>,
    /// No call is made that would pass it.
    #[serde(default)]
    #[schema(minimum = 0)]
    budget_usd: Option<f64>,
}

/// One of the models of a test. What is absent or `null` is not sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VariantBody {
    /// What it is called; unique in the test.
    #[schema(example = "small", min_length = 1)]
    name: String,
    /// `openai`, `anthropic`, `gemini`, `ollama`, `openai-compatible` or `builtin`. Of the other system's, the
    /// subscriptions of other programs don't exist here: 400 says what to take instead.
    #[schema(example = "openai")]
    provider: String,
    /// The model, sent exactly as written.
    #[schema(example = "gpt-5-mini", min_length = 1)]
    model: String,
    /// `none` sends the provider's explicit "off"; absent or `null` sends nothing.
    #[serde(default)]
    reasoning_effort: Option<Effort>,
    /// The most tokens to write; absent or `null` sends nothing.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1)]
    max_output_tokens: Option<u32>,
    /// The address, for `openai-compatible`.
    #[serde(default)]
    base_url: Option<String>,
    /// What it is asked with; absent or `null`: the topic's prompt, or the one for triage that Bakeoff brings.
    #[serde(default)]
    system_prompt: Option<String>,
}

/// How much a model thinks.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effort {
    /// The provider's explicit "off".
    None,
    /// As little as there is.
    Minimal,
    /// A little.
    Low,
    /// The usual amount.
    Medium,
    /// A lot.
    High,
}

/// Triage tests are on; else the request goes no further, whatever is in it.
pub(crate) struct TriageOn;

impl<S: Send + Sync> FromRequestParts<S> for TriageOn
where
    Workspace: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let switch = Workspace::from_ref(state).call(|service| Ok(service.triage_switch()?)).await?;
        if switch.enabled {
            return Ok(Self);
        }
        Err(ApiError::new(Code::FeatureDisabled, "triage tests are turned off")
            .hint("turn them on in Settings, or set ENABLE_ABTESTS=true and start again"))
    }
}

/// Make a triage test; it waits in the queue for its turn
#[utoipa::path(post, path = "/admin/abtests", tag = "triage", request_body = CreateBody,
    responses((status = 201, description = "It is in the queue", body = CreatedAnswer),
        (status = 404, description = "There is no such topic", body = ErrorAnswer),
        (status = 409, description = "Its state forbids it", body = ErrorAnswer),
        (status = 415, description = "The body is not sent as JSON", body = ErrorAnswer)))]
pub(crate) async fn create(
    _: TriageOn,
    State(workspace): State<Workspace>,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<(StatusCode, Json<CreatedAnswer>), ApiError> {
    let made = workspace.call(move |service| {
        check_topic(service, &body.topic_id)?;
        let row = service.create_triage(&request_of(body)?).map_err(in_our_words)?;
        Ok(CreatedAnswer { ok: true, run_id: row.run.to_string(), job_id: job_id(row.run) })
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
}

/// The newest triage tests, at most 20
#[utoipa::path(get, path = "/admin/abtests", tag = "triage", responses((status = 200, body = RunsAnswer)))]
pub(crate) async fn list(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<RunsAnswer>, ApiError> {
    let runs = workspace.call(|service| Ok(service.list_triage(0, LISTED)?));
    Ok(Json(RunsAnswer { ok: true, runs: runs.await?.rows.into_iter().map(RunView::of).collect() }))
}

/// A triage test with its variants, items and results
#[utoipa::path(get, path = "/admin/abtests/{id}", tag = "triage",
    params(("id" = String, Path, description = "The run's number", pattern = "^[1-9][0-9]{0,8}$", example = "12")),
    responses((status = 200, body = RunAnswer),
        (status = 404, description = "There is no such test", body = ErrorAnswer)))]
pub(crate) async fn show(
    _: TriageOn,
    State(workspace): State<Workspace>,
    RunId(run): RunId,
) -> Result<Json<RunAnswer>, ApiError> {
    let found = workspace.call(move |service| {
        let detail = service.triage_detail(run)?;
        Ok(RunAnswer::of(detail, all_items(service, run)?))
    });
    found.await.map(Json)
}

/// A topic that is not there is no wrong value but nothing found.
fn check_topic(service: &Service, named: &str) -> Result<(), ApiError> {
    let topics = service.list_topics()?;
    let is_known = topics
        .iter()
        .any(|row| row.name == named || row.topic.as_ref().is_some_and(|topic| topic.id == named));
    if is_known {
        return Ok(());
    }
    let known: Vec<&str> =
        topics.iter().map(|row| row.topic.as_ref().map_or(&*row.name, |topic| &*topic.id)).collect();
    let hint = match known.is_empty() {
        true => "put a YAML file into topics/".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    Err(ApiError::new(Code::NotFound, format!("topicId: there is no topic {named:?}")).hint(hint))
}

fn all_items(service: &Service, run: u32) -> Result<Vec<TriageItem>, ApiError> {
    let mut items = Vec::new();
    loop {
        let offset = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let page = service.triage_items(run, TriageOrder::Newest, None, offset, PAGE)?;
        let is_last = page.rows.is_empty();
        items.extend(page.rows);
        if is_last || items.len() >= page.total as usize {
            return Ok(items);
        }
    }
}

/// The same request in Bakeoff's words.
fn request_of(body: CreateBody) -> Result<TriageRequest, ApiError> {
    let mut variants = Vec::new();
    for (place, variant) in body.variants.into_iter().enumerate() {
        let subscription = SUBSCRIPTIONS.iter().find(|(name, _)| *name == variant.provider);
        if let Some((name, instead)) = subscription {
            let problem = format!("{name} is a subscription of another program, which Bakeoff doesn't use");
            let path = format!("variants[{place}].provider");
            return Err(ApiError::param(&path, problem)
                .hint(format!("use {instead} with a key of your own, or ollama or builtin without one")));
        }
        variants.push(TriageVariant {
            name: variant.name,
            provider: Some(variant.provider),
            model: Some(variant.model),
            reasoning_effort: variant.reasoning_effort.map(ReasoningEffort::from),
            max_output_tokens: variant.max_output_tokens,
            system_prompt: variant.system_prompt,
            base_url: variant.base_url,
        });
    }
    Ok(TriageRequest {
        topic: body.topic_id,
        window_start: body.window_start,
        window_end: body.window_end,
        variants,
        max_items: body.max_items,
        seed: body.seed.map(u64::from),
        budget_usd: body.budget_usd,
    })
}

/// An error with the places named as this API names them: `windowStart` and not `window_start`.
fn in_our_words(mut error: bakeoff_service::dto::ServiceError) -> ApiError {
    for finding in &mut error.diagnostics {
        finding.path = camel(&finding.path);
    }
    ApiError::from(error)
}

fn camel(path: &str) -> String {
    let path = if path == "topic" { "topic_id" } else { path };
    let mut words = path.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let begin = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &begin.into_iter().chain(letters).collect::<String>()
    })
}

impl From<Effort> for ReasoningEffort {
    fn from(effort: Effort) -> Self {
        match effort {
            Effort::None => Self::None,
            Effort::Minimal => Self::Minimal,
            Effort::Low => Self::Low,
            Effort::Medium => Self::Medium,
            Effort::High => Self::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_the_body_names_them() {
        for (ours, theirs) in [
            ("topic", "topicId"),
            ("window_start", "windowStart"),
            ("variants[1].max_output_tokens", "variants[1].maxOutputTokens"),
            ("variants[0].model", "variants[0].model"),
            ("", ""),
        ] {
            assert_eq!(camel(ours), theirs);
        }
    }
}
