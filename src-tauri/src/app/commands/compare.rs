//! Comparing, applying and exporting. Each command is one service method.

use crate::app::AppState;
use bakeoff_core::chart::ChartKind;
use bakeoff_service::dto::{
    AppliedRow, ApplyPreview, ApplyRequest, Breakdown, CaseAnswers, CaseRow, ChartRequest, CompareRequest,
    CompareView, DrawnChart, ExportFormat, Page, ServiceError,
};
use tauri::State;

#[tauri::command]
pub async fn compare(
    state: State<'_, AppState>,
    request: CompareRequest,
) -> Result<CompareView, ServiceError> {
    state.call(move |service| service.compare(&request)).await
}

#[tauri::command]
pub async fn draw_charts(
    state: State<'_, AppState>,
    request: ChartRequest,
) -> Result<Vec<DrawnChart>, ServiceError> {
    state.call(move |service| service.draw_charts(&request)).await
}

#[tauri::command]
pub async fn save_chart(
    state: State<'_, AppState>,
    request: ChartRequest,
    kind: ChartKind,
    path: String,
) -> Result<(), ServiceError> {
    state.call(move |service| service.save_chart(&request, kind, &path)).await
}

#[tauri::command]
pub async fn list_cases(
    state: State<'_, AppState>,
    request: CompareRequest,
    only_different: bool,
    search: Option<String>,
    offset: u32,
    limit: u32,
) -> Result<Page<CaseRow>, ServiceError> {
    state
        .call(move |service| service.list_cases(&request, only_different, search.as_deref(), offset, limit))
        .await
}

#[tauri::command]
pub async fn case_answers(
    state: State<'_, AppState>,
    request: CompareRequest,
    case: u32,
) -> Result<CaseAnswers, ServiceError> {
    state.call(move |service| service.case_answers(&request, case)).await
}

#[tauri::command]
pub async fn breakdown(
    state: State<'_, AppState>,
    request: CompareRequest,
    field: String,
) -> Result<Breakdown, ServiceError> {
    state.call(move |service| service.breakdown(&request, &field)).await
}

#[tauri::command]
pub async fn preview_apply(
    state: State<'_, AppState>,
    request: ApplyRequest,
) -> Result<ApplyPreview, ServiceError> {
    state.call(move |service| service.preview_apply(&request)).await
}

#[tauri::command]
pub async fn apply(
    state: State<'_, AppState>,
    request: ApplyRequest,
    target_hash: String,
) -> Result<AppliedRow, ServiceError> {
    state.call(move |service| service.apply(&request, &target_hash)).await
}

#[tauri::command]
pub async fn undo_apply(state: State<'_, AppState>, id: u32) -> Result<AppliedRow, ServiceError> {
    state.call(move |service| service.undo_apply(id)).await
}

#[tauri::command]
pub async fn list_applied(state: State<'_, AppState>) -> Result<Vec<AppliedRow>, ServiceError> {
    state.call(|service| service.list_applied()).await
}

#[tauri::command]
pub async fn export_run(
    state: State<'_, AppState>,
    run: u32,
    format: ExportFormat,
    path: String,
) -> Result<(), ServiceError> {
    state.call(move |service| service.export_run(run, format, &path)).await
}
