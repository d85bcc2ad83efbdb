//! The queue of triage tests: looking at it, pausing it, emptying it, and the emergency stop.

use super::abtests::TriageOn;
use super::abtests_view::{Status, job_id};
use super::answer::iso;
use super::body::RunId;
use super::error::{ApiError, ErrorAnswer};
use super::state::Workspace;
use axum::Json;
use axum::extract::State;
use bakeoff_service::Service;
use bakeoff_service::dto::{JobState, QueueView, TriageRow};
use serde::Serialize;
use utoipa::ToSchema;

/// The queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueAnswer {
    /// Always true.
    ok: bool,
    /// Tests that run.
    active: Vec<JobView>,
    /// Tests that wait, in their order.
    waiting: Vec<JobView>,
    /// How many there are.
    counts: CountsView,
    /// No further test is started.
    is_paused: bool,
    /// Nothing may run until it is cleared.
    emergency_stop: bool,
    /// Tests at the same time, over all programs on this workspace.
    workers: u32,
    /// A program works on the queue now; else nothing begins.
    is_worked_on: bool,
}

/// A job of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobView {
    /// `run_abtest_` and the run's number.
    #[schema(example = "run_abtest_12")]
    job_id: String,
    /// Always `run_abtest`.
    name: String,
    /// The run's number, as text.
    #[schema(example = "12")]
    run_id: String,
    /// The topic's id.
    topic_id: String,
    /// Where it stands.
    status: Status,
    /// Results there are.
    done: u32,
    /// Results there will be.
    planned: u32,
    /// ISO 8601 in UTC.
    created_at: String,
    /// ISO 8601 in UTC.
    started_at: Option<String>,
}

/// How many jobs there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountsView {
    /// Running.
    active: usize,
    /// Waiting.
    waiting: usize,
    /// Ended.
    completed: u32,
    /// Failed.
    failed: u32,
    /// Dropped or stopped.
    cancelled: u32,
}

/// The queue as it is
#[utoipa::path(get, path = "/admin/queue-status", tag = "queue", responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn status(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.queue_view()?)).await
}

/// Start no further test; those that run go on
#[utoipa::path(post, path = "/admin/queue/pause", tag = "queue", responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn pause(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.pause_queue()?)).await
}

/// Start waiting tests again
#[utoipa::path(post, path = "/admin/queue/resume", tag = "queue", responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn resume(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.continue_queue()?)).await
}

/// Drop every test that waits; those that run go on
#[utoipa::path(post, path = "/admin/queue/drain", tag = "queue", responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn drain(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.drain_queue()?)).await
}

/// Drop every test that waits and stop every test that runs; results that are there stay
#[utoipa::path(post, path = "/admin/queue/obliterate", tag = "queue",
    responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn obliterate(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, emptied).await
}

/// Stop everything at once; nothing runs until it is cleared
#[utoipa::path(post, path = "/admin/queue/emergency-stop", tag = "queue",
    responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn emergency_stop(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.emergency_stop()?)).await
}

/// Let tests run again after an emergency stop
#[utoipa::path(post, path = "/admin/queue/clear-emergency-stop", tag = "queue",
    responses((status = 200, body = QueueAnswer)))]
pub(crate) async fn clear_emergency_stop(
    _: TriageOn,
    State(workspace): State<Workspace>,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, |service| Ok(service.clear_emergency_stop()?)).await
}

/// Drop a test that waits, or stop one that runs
#[utoipa::path(delete, path = "/admin/queue/job/{jobId}", tag = "queue",
    params(("jobId" = String, Path, description = "The job's id or the run's number",
        pattern = "^(run_abtest_)?[1-9][0-9]{0,8}$", example = "run_abtest_12")),
    responses((status = 200, body = QueueAnswer),
        (status = 404, description = "There is no such job", body = ErrorAnswer),
        (status = 409, description = "It has ended already", body = ErrorAnswer)))]
pub(crate) async fn drop_job(
    _: TriageOn,
    State(workspace): State<Workspace>,
    RunId(run): RunId,
) -> Result<Json<QueueAnswer>, ApiError> {
    change(workspace, move |service| Ok(service.drop_job(run)?)).await
}

async fn change(
    workspace: Workspace,
    change: impl FnOnce(&Service) -> Result<QueueView, ApiError> + Send + 'static,
) -> Result<Json<QueueAnswer>, ApiError> {
    workspace.call(change).await.map(QueueAnswer::of).map(Json)
}

fn emptied(service: &Service) -> Result<QueueView, ApiError> {
    let drained = service.drain_queue()?;
    for job in &drained.jobs {
        // One that has ended since needs no stop.
        match service.drop_job(job.run) {
            Err(error) if error.code != bakeoff_service::dto::ErrorCode::Conflict => return Err(error.into()),
            _ => {}
        }
    }
    Ok(service.queue_view()?)
}

impl QueueAnswer {
    fn of(view: QueueView) -> Self {
        let (active, waiting): (Vec<TriageRow>, Vec<TriageRow>) =
            view.jobs.into_iter().partition(|job| job.state == JobState::Running);
        let jobs = |rows: Vec<TriageRow>| rows.into_iter().map(JobView::of).collect::<Vec<_>>();
        Self {
            ok: true,
            counts: CountsView {
                active: active.len(),
                waiting: waiting.len(),
                completed: view.completed,
                failed: view.failed,
                cancelled: view.cancelled,
            },
            active: jobs(active),
            waiting: jobs(waiting),
            is_paused: view.paused,
            emergency_stop: view.emergency_stop,
            workers: view.workers,
            is_worked_on: view.is_worked_on,
        }
    }
}

impl JobView {
    fn of(row: TriageRow) -> Self {
        Self {
            job_id: job_id(row.run),
            name: "run_abtest".to_owned(),
            run_id: row.run.to_string(),
            topic_id: row.topic_id,
            status: row.state.into(),
            done: row.done,
            planned: row.planned,
            created_at: iso(row.created_at),
            started_at: row.started_at.map(iso),
        }
    }
}
