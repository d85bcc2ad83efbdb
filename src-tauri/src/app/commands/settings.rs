//! Settings and what works on this machine. Each command is one service method.

use crate::app::AppState;
use bakeoff_core::variant::Provider;
use bakeoff_service::dto::{
    Check, LocalServer, ProviderStatus, ProviderTest, ServiceError, Settings, SettingsView,
};
use tauri::State;

#[tauri::command]
pub async fn settings(state: State<'_, AppState>) -> Result<SettingsView, ServiceError> {
    state.call(|service| service.settings()).await
}

#[tauri::command]
pub async fn save_settings(
    state: State<'_, AppState>,
    settings: Settings,
) -> Result<SettingsView, ServiceError> {
    state.call(move |service| service.save_settings(&settings)).await
}

#[tauri::command]
pub async fn set_key(
    state: State<'_, AppState>,
    provider: Provider,
    key: String,
) -> Result<ProviderStatus, ServiceError> {
    state.call(move |service| service.set_key(provider, &key)).await
}

#[tauri::command]
pub async fn delete_key(
    state: State<'_, AppState>,
    provider: Provider,
) -> Result<ProviderStatus, ServiceError> {
    state.call(move |service| service.delete_key(provider)).await
}

#[tauri::command]
pub async fn test_provider(
    state: State<'_, AppState>,
    provider: Provider,
) -> Result<ProviderTest, ServiceError> {
    state.call(move |service| service.test_provider(provider)).await
}

#[tauri::command]
pub async fn local_servers(state: State<'_, AppState>) -> Result<Vec<LocalServer>, ServiceError> {
    state.call(|service| service.local_servers()).await
}

#[tauri::command]
pub async fn doctor(state: State<'_, AppState>) -> Result<Vec<Check>, ServiceError> {
    state.call(|service| service.doctor()).await
}
