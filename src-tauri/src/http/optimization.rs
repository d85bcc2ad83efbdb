//! Experiments, comparing, and applying the best prompt, as the workflow tools' dashboard has them.

use super::body::{JsonBody, QueryOf};
use super::compare_view::{CompareAnswer, ExperimentView, ExperimentsAnswer};
use super::error::{ApiError, Code, ErrorAnswer};
use super::state::Workspace;
use axum::Json;
use axum::extract::State;
use bakeoff_service::Service;
use bakeoff_service::dto::{
    AppliedRow, ApplyPreview, ApplyRequest, ApplyTarget, CompareRequest, FieldDifference,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// By which metric variants are ranked when nobody says.
const METRIC: &str = "success_rate";

/// Where the results are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The runs of this workspace.
    #[default]
    Bakeoff,
    /// The MLflow store whose tracking URI is set in Settings, in the environment or in a workflow.
    Mlflow,
}

/// Which experiments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExperimentsQuery {
    /// Where the results are: `bakeoff` (this workspace, the default) or `mlflow`.
    #[param(inline)]
    #[serde(default)]
    source: Source,
}

/// Which experiment, and by what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
    /// The experiment: the name of a campaign, of a workflow's A/B test, or of an experiment in MLflow.
    experiment: String,
    /// Such as `success_rate` (the default), `cost_usd_avg`, `duration_ms_p95` or `total_tokens`.
    #[param(nullable = false)]
    metric: Option<String>,
    /// Where the results are: `bakeoff` (this workspace, the default) or `mlflow`.
    #[param(inline)]
    #[serde(default)]
    source: Source,
}

/// What is applied, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyBody {
    /// The experiment whose results are the evidence.
    #[schema(example = "ticket_sorting")]
    experiment: String,
    /// This variant; without it the best by the metric.
    #[serde(default)]
    variant: Option<String>,
    /// A workflow's or variant's name, or its file, relative to the workspace. Nothing outside of it is touched.
    #[schema(example = "workflows/mlflow_example.yaml")]
    workflow_path: String,
    /// Only say what would be written.
    #[serde(default)]
    dry_run: bool,
    /// The metric that decides; without it the campaign's.
    #[serde(default)]
    metric: Option<String>,
    /// The node that takes the prompt; without it the one that was under test.
    #[serde(default)]
    node: Option<String>,
    /// Why it is applied to a workflow that a gate blocks; kept with the evidence.
    #[serde(default)]
    override_reason: Option<String>,
    /// Where the results are.
    #[serde(default)]
    source: Source,
}

/// What was applied, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplyAnswer {
    /// Always true.
    ok: bool,
    /// Always true.
    success: bool,
    /// Nothing was written, because that was wanted.
    dry_run: bool,
    /// The file has this prompt already; nothing was or would be written.
    nothing_to_do: bool,
    /// The variant.
    variant: String,
    /// The file, relative to the workspace.
    workflow_path: String,
    /// The copy of the file as it was; only after writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    backup_path: Option<String>,
    /// `bakeoff undo` takes this number; only after writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    application: Option<u32>,
    /// The prompt in the file; `null` when it has none, or when nothing differs.
    current_prompt: Option<String>,
    /// The prompt that takes its place; `null` when nothing differs.
    new_prompt: Option<String>,
    /// Every prompt field that differs.
    differences: Vec<DifferenceView>,
    /// Numbers that speak for it.
    evidence: String,
    /// What speaks against it.
    caution: Option<String>,
    /// Other things to know, such as overrides that are not written.
    warnings: Vec<String>,
    /// The run whose gate blocks the file, when one does.
    blocked_by_run: Option<String>,
}

/// A field that differs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    /// Which.
    field: String,
    /// In the file.
    from: Option<String>,
    /// In the variant.
    to: Option<String>,
}

/// The experiments that have runs
#[utoipa::path(get, path = "/optimization/experiments.json", tag = "optimization", params(ExperimentsQuery),
    responses((status = 200, body = ExperimentsAnswer)))]
pub(crate) async fn experiments_json(
    State(workspace): State<Workspace>,
    QueryOf(query): QueryOf<ExperimentsQuery>,
) -> Result<Json<ExperimentsAnswer>, ApiError> {
    workspace.call(move |service| list(service, query.source)).await.map(Json)
}

/// The same under the page's path; the page itself is Bakeoff's window
#[utoipa::path(get, path = "/optimization/experiments", tag = "optimization", params(ExperimentsQuery),
    responses((status = 200, body = ExperimentsAnswer)))]
pub(crate) async fn experiments(
    State(workspace): State<Workspace>,
    QueryOf(query): QueryOf<ExperimentsQuery>,
) -> Result<Json<ExperimentsAnswer>, ApiError> {
    workspace.call(move |service| list(service, query.source)).await.map(Json)
}

/// The variants of an experiment, ranked by a metric
#[utoipa::path(get, path = "/optimization/compare.json", tag = "optimization", params(CompareQuery),
    responses((status = 200, body = CompareAnswer),
        (status = 404, description = "There is no such experiment, or no variant in it", body = ErrorAnswer)))]
pub(crate) async fn compare_json(
    State(workspace): State<Workspace>,
    QueryOf(query): QueryOf<CompareQuery>,
) -> Result<Json<CompareAnswer>, ApiError> {
    workspace.call(move |service| ranked(service, &query)).await.map(Json)
}

/// The same under the page's path; the page itself is Bakeoff's window
#[utoipa::path(get, path = "/optimization/compare", tag = "optimization", params(CompareQuery),
    responses((status = 200, body = CompareAnswer),
        (status = 404, description = "There is no such experiment, or no variant in it", body = ErrorAnswer)))]
pub(crate) async fn compare(
    State(workspace): State<Workspace>,
    QueryOf(query): QueryOf<CompareQuery>,
) -> Result<Json<CompareAnswer>, ApiError> {
    workspace.call(move |service| ranked(service, &query)).await.map(Json)
}

/// Write the best variant's prompt into a workflow or variant
///
/// The file's other bytes stay as they are, its old bytes are kept, and `bakeoff undo` takes it back.
#[utoipa::path(post, path = "/optimization/apply", tag = "optimization", request_body = ApplyBody,
    responses((status = 200, body = ApplyAnswer),
        (status = 404, description = "There is no such experiment, variant, prompt or file", body = ErrorAnswer),
        (status = 409, description = "A gate blocks the file, or it changed meanwhile", body = ErrorAnswer),
        (status = 415, description = "The body is not sent as JSON", body = ErrorAnswer)))]
pub(crate) async fn apply(
    State(workspace): State<Workspace>,
    JsonBody(body): JsonBody<ApplyBody>,
) -> Result<Json<ApplyAnswer>, ApiError> {
    workspace.call(move |service| applied(service, body)).await.map(Json)
}

fn list(service: &Service, source: Source) -> Result<ExperimentsAnswer, ApiError> {
    let state = service.mlflow_state()?;
    let uri = store_of(service, source)?;
    let rows = service.list_experiments(uri.as_deref()).map_err(mlflow_error)?;
    let query = if source == Source::Mlflow { "&source=mlflow" } else { "" };
    Ok(ExperimentsAnswer {
        ok: true,
        experiments: rows.into_iter().map(|row| ExperimentView::of(row, query)).collect(),
        mlflow_available: state.tracking_uri.is_some() && state.problem.is_none(),
    })
}

/// The tracking URI to read from. It is never taken from a request: it may name any folder or server.
fn store_of(service: &Service, source: Source) -> Result<Option<String>, ApiError> {
    match source {
        Source::Bakeoff => Ok(None),
        Source::Mlflow => service.mlflow_state()?.tracking_uri.map(Some).ok_or_else(|| {
            ApiError::new(Code::MlflowUnavailable, "no MLflow tracking URI is set")
                .hint("write one in Settings, or set MLFLOW_TRACKING_URI and start again")
        }),
    }
}

fn mlflow_error(error: bakeoff_service::dto::ServiceError) -> ApiError {
    ApiError::from(error).unavailable_is(Code::MlflowUnavailable)
}

fn ranked(service: &Service, query: &CompareQuery) -> Result<CompareAnswer, ApiError> {
    let uri = store_of(service, query.source)?;
    let metric = query.metric.as_deref().unwrap_or(METRIC);
    let evaluation = service.evaluate(&query.experiment, metric, 1, uri.as_deref()).map_err(mlflow_error)?;
    if evaluation.ranking.is_empty() {
        return Err(ApiError::new(Code::NotFound, format!("{} has no variants", query.experiment))
            .hint("run it first"));
    }
    let request = CompareRequest {
        experiment: Some(query.experiment.clone()),
        metric: Some(evaluation.metric.id().to_owned()),
        mlflow_uri: uri,
        ..CompareRequest::default()
    };
    let view = service.compare(&request).map_err(mlflow_error)?;
    Ok(CompareAnswer::of(evaluation, &view))
}

fn applied(service: &Service, body: ApplyBody) -> Result<ApplyAnswer, ApiError> {
    let file = service.file_inside(&body.workflow_path)?;
    let dry_run = body.dry_run;
    let request = ApplyRequest {
        compare: CompareRequest {
            experiment: Some(body.experiment),
            metric: body.metric,
            mlflow_uri: store_of(service, body.source)?,
            ..CompareRequest::default()
        },
        variant: body.variant,
        target: Some(ApplyTarget { file, key_path: None, node: body.node }),
        also: Vec::new(),
        override_block: body.override_reason,
    };
    let preview = service.preview_apply(&request).map_err(mlflow_error)?;
    if dry_run || preview.nothing_to_do {
        return Ok(ApplyAnswer::of(preview, dry_run, None));
    }
    let has_reason = request.override_block.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    let is_blocked = preview.block.is_some() && !has_reason;
    let applied = service.apply(&request, &preview.target_hash).map_err(|error| {
        if !is_blocked {
            return mlflow_error(error);
        }
        ApiError::new(Code::DeployBlocked, error.message).hint(
            "lift the block with `bakeoff deploy-unblock`, or send `override_reason`; nothing was written",
        )
    })?;
    Ok(ApplyAnswer::of(preview, dry_run, Some(applied)))
}

impl ApplyAnswer {
    fn of(preview: ApplyPreview, dry_run: bool, applied: Option<AppliedRow>) -> Self {
        let prompts = preview.differences.iter().filter(|difference| difference.is_prompt);
        // A node's field is called `node: prompt`, a variant's `prompt` or `system_prompt`.
        let is_user = |difference: &&&FieldDifference| {
            difference.field == "prompt" || difference.field.ends_with(": prompt")
        };
        let prompts: Vec<&FieldDifference> = prompts.collect();
        let shown = prompts.iter().find(is_user).or_else(|| prompts.first()).copied();
        Self {
            ok: true,
            success: true,
            dry_run,
            nothing_to_do: preview.nothing_to_do,
            current_prompt: shown.and_then(|difference| difference.from.clone()),
            new_prompt: shown.and_then(|difference| difference.to.clone()),
            differences: prompts.into_iter().map(DifferenceView::of).collect(),
            variant: preview.variant,
            workflow_path: preview.target.file,
            backup_path: applied.as_ref().map(|row| row.backup.clone()),
            application: applied.map(|row| row.id),
            evidence: preview.evidence,
            caution: preview.caution,
            warnings: preview.warnings,
            blocked_by_run: preview.block.map(|block| block.run.to_string()),
        }
    }
}

impl DifferenceView {
    fn of(difference: &FieldDifference) -> Self {
        Self { field: difference.field.clone(), from: difference.from.clone(), to: difference.to.clone() }
    }
}
