//! Workflows, their blocks, experiments and MLflow. Each command is one service method.

use crate::app::AppState;
use crate::app::state::blocking;
use bakeoff_service::dto::{
    DeployCheck, ErrorCode, ExperimentRow, MlflowState, PlanPreview, RunRow, ServiceError, WorkflowLaunch,
    WorkflowRow,
};
use tauri::State;

#[tauri::command]
pub async fn list_workflows(state: State<'_, AppState>) -> Result<Vec<WorkflowRow>, ServiceError> {
    state.call(|service| service.list_workflows()).await
}

#[tauri::command]
pub async fn preview_workflow(
    state: State<'_, AppState>,
    workflow: String,
    launch: WorkflowLaunch,
) -> Result<PlanPreview, ServiceError> {
    state.call(move |service| service.preview_workflow(&workflow, &launch)).await
}

#[tauri::command]
pub async fn launch_workflow(
    state: State<'_, AppState>,
    workflow: String,
    launch: WorkflowLaunch,
) -> Result<RunRow, ServiceError> {
    state.call(move |service| service.launch_workflow(&workflow, &launch)).await
}

#[tauri::command]
pub async fn deploy_check(state: State<'_, AppState>, workflow: String) -> Result<DeployCheck, ServiceError> {
    state.call(move |service| service.deploy_check(&workflow)).await
}

#[tauri::command]
pub async fn deploy_unblock(
    state: State<'_, AppState>,
    workflow: String,
    reason: String,
) -> Result<DeployCheck, ServiceError> {
    state.call(move |service| service.deploy_unblock(&workflow, &reason)).await
}

#[tauri::command]
pub async fn list_experiments(
    state: State<'_, AppState>,
    mlflow_uri: Option<String>,
) -> Result<Vec<ExperimentRow>, ServiceError> {
    state.call(move |service| service.list_experiments(mlflow_uri.as_deref())).await
}

#[tauri::command]
pub async fn mlflow_state(state: State<'_, AppState>) -> Result<MlflowState, ServiceError> {
    state.call(|service| service.mlflow_state()).await
}

/// Opens a page in the system's browser. Only web addresses: the front end must not be able to start programs.
#[tauri::command]
pub async fn open_url(url: String) -> Result<(), ServiceError> {
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(ServiceError::new(ErrorCode::BadInput, format!("{url:?} is not a web address"))
            .with_hint("only http:// and https:// addresses are opened"));
    }
    blocking(move || {
        open::that_detached(&url).map_err(|error| {
            ServiceError::new(ErrorCode::Unavailable, format!("no browser could be started: {error}"))
                .with_hint(format!("open {url} yourself"))
        })
    })
    .await
}
