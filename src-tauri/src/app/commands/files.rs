//! Files of the workspace. Each command is one service method.

use crate::app::AppState;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_service::dto::{
    CampaignRow, DatasetPreview, DatasetRow, FileKind, FileText, ImportDecision, ImportItem, ServiceError,
    TextEdit, TrashedFile, VariantRow, VariantVersion,
};
use tauri::State;

#[tauri::command]
pub async fn list_variants(state: State<'_, AppState>) -> Result<Vec<VariantRow>, ServiceError> {
    state.call(|service| service.list_variants()).await
}

#[tauri::command]
pub async fn list_campaigns(state: State<'_, AppState>) -> Result<Vec<CampaignRow>, ServiceError> {
    state.call(|service| service.list_campaigns()).await
}

#[tauri::command]
pub async fn list_datasets(state: State<'_, AppState>) -> Result<Vec<DatasetRow>, ServiceError> {
    state.call(|service| service.list_datasets()).await
}

#[tauri::command]
pub async fn preview_dataset(
    state: State<'_, AppState>,
    path: String,
) -> Result<DatasetPreview, ServiceError> {
    state.call(move |service| service.preview_dataset(&path)).await
}

#[tauri::command]
pub async fn read_file(state: State<'_, AppState>, path: String) -> Result<FileText, ServiceError> {
    state.call(move |service| service.read_file(&path)).await
}

#[tauri::command]
pub async fn check_text(
    state: State<'_, AppState>,
    kind: FileKind,
    name: String,
    text: String,
) -> Result<Vec<Diagnostic>, ServiceError> {
    state.call(move |service| service.check_text(kind, &name, &text)).await
}

#[tauri::command]
pub async fn text_values(
    state: State<'_, AppState>,
    text: String,
) -> Result<serde_json::Value, ServiceError> {
    state.call(move |service| service.text_values(&text)).await
}

#[tauri::command]
pub async fn edit_text(
    state: State<'_, AppState>,
    text: String,
    edits: Vec<TextEdit>,
) -> Result<String, ServiceError> {
    state.call(move |service| service.edit_text(&text, &edits)).await
}

#[tauri::command]
pub async fn save_file(
    state: State<'_, AppState>,
    path: String,
    text: String,
    expected_hash: Option<String>,
) -> Result<FileText, ServiceError> {
    state.call(move |service| service.save_file(&path, &text, expected_hash.as_deref())).await
}

#[tauri::command]
pub async fn rename_file(
    state: State<'_, AppState>,
    path: String,
    name: String,
) -> Result<FileText, ServiceError> {
    state.call(move |service| service.rename_file(&path, &name)).await
}

#[tauri::command]
pub async fn delete_file(state: State<'_, AppState>, path: String) -> Result<TrashedFile, ServiceError> {
    state.call(move |service| service.delete_file(&path)).await
}

#[tauri::command]
pub async fn restore_file(state: State<'_, AppState>, id: String) -> Result<FileText, ServiceError> {
    state.call(move |service| service.restore_file(&id)).await
}

#[tauri::command]
pub async fn schema(state: State<'_, AppState>, kind: FileKind) -> Result<serde_json::Value, ServiceError> {
    state.call(move |service| service.schema(kind)).await
}

#[tauri::command]
pub async fn variant_versions(
    state: State<'_, AppState>,
    name: String,
) -> Result<Vec<VariantVersion>, ServiceError> {
    state.call(move |service| service.variant_versions(&name)).await
}

#[tauri::command]
pub async fn preview_import(
    state: State<'_, AppState>,
    paths: Vec<String>,
) -> Result<Vec<ImportItem>, ServiceError> {
    state.call(move |service| service.preview_import(&paths)).await
}

#[tauri::command]
pub async fn import_files(
    state: State<'_, AppState>,
    decisions: Vec<ImportDecision>,
) -> Result<Vec<String>, ServiceError> {
    state.call(move |service| service.import_files(&decisions)).await
}
