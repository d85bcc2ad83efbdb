//! Triage tests and their queue. Each command is one service method.

use crate::app::AppState;
use bakeoff_service::dto::{
    Page, ProviderCall, QueueView, ServiceError, TopicRow, TriageDetail, TriageItem, TriageOrder,
    TriagePreview, TriageRequest, TriageRow, TriageSwitch,
};
use tauri::State;

type Answer<T> = Result<T, ServiceError>;

#[tauri::command]
pub async fn triage_switch(state: State<'_, AppState>) -> Answer<TriageSwitch> {
    state.call(|service| service.triage_switch()).await
}

/// This program works on the queue from now on, until the workspace is closed.
#[tauri::command]
pub async fn start_queue_worker(state: State<'_, AppState>) -> Answer<()> {
    state.service()?.start_queue_worker();
    Ok(())
}

#[tauri::command]
pub async fn list_topics(state: State<'_, AppState>) -> Answer<Vec<TopicRow>> {
    state.call(|service| service.list_topics()).await
}

#[tauri::command]
pub async fn preview_triage(state: State<'_, AppState>, request: TriageRequest) -> Answer<TriagePreview> {
    state.call(move |service| service.preview_triage(&request)).await
}

#[tauri::command]
pub async fn create_triage(state: State<'_, AppState>, request: TriageRequest) -> Answer<TriageRow> {
    state.call(move |service| service.create_triage(&request)).await
}

#[tauri::command]
pub async fn list_triage(state: State<'_, AppState>, offset: u32, limit: u32) -> Answer<Page<TriageRow>> {
    state.call(move |service| service.list_triage(offset, limit)).await
}

#[tauri::command]
pub async fn triage_detail(state: State<'_, AppState>, run: u32) -> Answer<TriageDetail> {
    state.call(move |service| service.triage_detail(run)).await
}

#[tauri::command]
pub async fn triage_items(
    state: State<'_, AppState>,
    run: u32,
    order: TriageOrder,
    search: Option<String>,
    offset: u32,
    limit: u32,
) -> Answer<Page<TriageItem>> {
    state.call(move |service| service.triage_items(run, order, search.as_deref(), offset, limit)).await
}

#[tauri::command]
pub async fn triage_calls(
    state: State<'_, AppState>,
    run: u32,
    offset: u32,
    limit: u32,
) -> Answer<Page<ProviderCall>> {
    state.call(move |service| service.triage_calls(run, offset, limit)).await
}

#[tauri::command]
pub async fn cancel_triage(state: State<'_, AppState>, run: u32) -> Answer<TriageRow> {
    state.call(move |service| service.cancel_triage(run)).await
}

#[tauri::command]
pub async fn queue_view(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.queue_view()).await
}

#[tauri::command]
pub async fn pause_queue(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.pause_queue()).await
}

#[tauri::command]
pub async fn continue_queue(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.continue_queue()).await
}

#[tauri::command]
pub async fn emergency_stop(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.emergency_stop()).await
}

#[tauri::command]
pub async fn clear_emergency_stop(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.clear_emergency_stop()).await
}

#[tauri::command]
pub async fn drain_queue(state: State<'_, AppState>) -> Answer<QueueView> {
    state.call(|service| service.drain_queue()).await
}

#[tauri::command]
pub async fn drop_job(state: State<'_, AppState>, run: u32) -> Answer<QueueView> {
    state.call(move |service| service.drop_job(run)).await
}
