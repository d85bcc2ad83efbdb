//! Subjects, trying one by hand, faults in force. Each command is one service method.

use crate::app::AppState;
use bakeoff_core::fault::Fault;
use bakeoff_service::dto::{FaultRow, ServiceError, SubjectRow, SweepReport, TryOut};
use tauri::State;

#[tauri::command]
pub async fn list_subjects(state: State<'_, AppState>) -> Result<Vec<SubjectRow>, ServiceError> {
    state.call(|service| service.list_subjects()).await
}

#[tauri::command]
pub async fn start_try_out(state: State<'_, AppState>, subject: String) -> Result<TryOut, ServiceError> {
    state.call(move |service| service.start_try_out(&subject)).await
}

#[tauri::command]
pub async fn try_out(state: State<'_, AppState>) -> Result<Option<TryOut>, ServiceError> {
    state.call(|service| service.try_out()).await
}

#[tauri::command]
pub async fn inject_try_out(state: State<'_, AppState>, fault: Fault) -> Result<TryOut, ServiceError> {
    state.call(move |service| service.inject_try_out(&fault)).await
}

#[tauri::command]
pub async fn revert_try_out(state: State<'_, AppState>) -> Result<TryOut, ServiceError> {
    state.call(|service| service.revert_try_out()).await
}

#[tauri::command]
pub async fn close_try_out(state: State<'_, AppState>) -> Result<Option<TryOut>, ServiceError> {
    state.call(|service| service.close_try_out()).await
}

#[tauri::command]
pub async fn list_faults(state: State<'_, AppState>) -> Result<Vec<FaultRow>, ServiceError> {
    state.call(|service| service.list_faults()).await
}

#[tauri::command]
pub async fn revert_fault(state: State<'_, AppState>, id: i64) -> Result<Vec<FaultRow>, ServiceError> {
    state.call(move |service| service.revert_fault(id)).await
}

#[tauri::command]
pub async fn sweep(state: State<'_, AppState>) -> Result<SweepReport, ServiceError> {
    state.call(|service| service.sweep()).await
}
