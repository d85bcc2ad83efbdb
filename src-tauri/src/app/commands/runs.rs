//! Campaigns, runs and trials. Each command is one service method.

use crate::app::AppState;
use bakeoff_core::trial::TrialKey;
use bakeoff_service::dto::{
    LaunchOptions, Matrix, Page, PlanPreview, RunDetail, RunEvent, RunRow, ServiceError, TrialDetail,
    TrialFilter, TrialRow,
};
use tauri::State;

#[tauri::command]
pub async fn preview_campaign(
    state: State<'_, AppState>,
    name: String,
    text: String,
) -> Result<PlanPreview, ServiceError> {
    state.call(move |service| service.preview_campaign(&name, &text)).await
}

#[tauri::command]
pub async fn launch(
    state: State<'_, AppState>,
    campaign: String,
    options: LaunchOptions,
) -> Result<RunRow, ServiceError> {
    state.call(move |service| service.launch(&campaign, &options)).await
}

#[tauri::command]
pub async fn pause_run(state: State<'_, AppState>, run: u32) -> Result<(), ServiceError> {
    state.call(move |service| service.pause_run(run)).await
}

#[tauri::command]
pub async fn continue_run(state: State<'_, AppState>, run: u32) -> Result<(), ServiceError> {
    state.call(move |service| service.continue_run(run)).await
}

#[tauri::command]
pub async fn stop_run(state: State<'_, AppState>, run: u32) -> Result<(), ServiceError> {
    state.call(move |service| service.stop_run(run)).await
}

#[tauri::command]
pub async fn resume_run(
    state: State<'_, AppState>,
    run: u32,
    options: LaunchOptions,
) -> Result<RunRow, ServiceError> {
    state.call(move |service| service.resume_run(run, &options)).await
}

#[tauri::command]
pub async fn retry_failed(state: State<'_, AppState>, run: u32) -> Result<RunRow, ServiceError> {
    state.call(move |service| service.retry_failed(run)).await
}

#[tauri::command]
pub async fn delete_run(state: State<'_, AppState>, run: u32) -> Result<(), ServiceError> {
    state.call(move |service| service.delete_run(run)).await
}

#[tauri::command]
pub async fn list_runs(
    state: State<'_, AppState>,
    campaign: Option<String>,
    offset: u32,
    limit: u32,
) -> Result<Page<RunRow>, ServiceError> {
    state.call(move |service| service.list_runs(campaign.as_deref(), offset, limit)).await
}

#[tauri::command]
pub async fn run_detail(state: State<'_, AppState>, run: u32) -> Result<RunDetail, ServiceError> {
    state.call(move |service| service.run_detail(run)).await
}

#[tauri::command]
pub async fn run_matrix(
    state: State<'_, AppState>,
    run: u32,
    offset: u32,
    limit: u32,
) -> Result<Matrix, ServiceError> {
    state.call(move |service| service.run_matrix(run, offset, limit)).await
}

#[tauri::command]
pub async fn list_trials(
    state: State<'_, AppState>,
    run: u32,
    filter: TrialFilter,
    offset: u32,
    limit: u32,
) -> Result<Page<TrialRow>, ServiceError> {
    state.call(move |service| service.list_trials(run, &filter, offset, limit)).await
}

#[tauri::command]
pub async fn trial_detail(
    state: State<'_, AppState>,
    run: u32,
    key: TrialKey,
) -> Result<TrialDetail, ServiceError> {
    state.call(move |service| service.trial_detail(run, key)).await
}

#[tauri::command]
pub async fn run_events(
    state: State<'_, AppState>,
    run: u32,
    after: i64,
) -> Result<Vec<RunEvent>, ServiceError> {
    state.call(move |service| service.run_events(run, after)).await
}
