//! Opening a workspace and watching it.

use crate::app::{AppState, state::blocking, window};
use bakeoff_service::dto::{Notice, ServiceError, WorkspaceInfo};
use bakeoff_service::{Service, ServiceOptions};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::ipc::Channel;
use tauri::{AppHandle, Runtime, State};
use tokio::sync::broadcast::error::RecvError;

/// Opens a workspace. `None`: the one named on the command line, else the last one, else the starter.
#[tauri::command]
pub async fn open_workspace<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    path: Option<String>,
) -> Result<WorkspaceInfo, ServiceError> {
    let path = path.map(PathBuf::from).or_else(|| state.requested.clone());
    let last = window::last_workspace(&app);
    let service = blocking(move || match path {
        Some(path) => Service::open(&path, ServiceOptions::default()),
        None => Service::open_last_or_starter(last.as_deref(), ServiceOptions::default()),
    })
    .await?;
    let info = service.workspace()?;
    state.replace(Arc::new(service));
    window::remember_workspace(&app, &info.path);
    Ok(info)
}

/// The open workspace.
#[tauri::command]
pub async fn workspace(state: State<'_, AppState>) -> Result<WorkspaceInfo, ServiceError> {
    state.call(|service| service.workspace()).await
}

/// Sends notices of the open workspace until the channel's page is gone.
#[tauri::command]
pub async fn watch(state: State<'_, AppState>, channel: Channel<Notice>) -> Result<(), ServiceError> {
    let mut notices = state.service()?.notices();
    tauri::async_runtime::spawn(async move {
        loop {
            let notice = match notices.recv().await {
                Ok(notice) => notice,
                // The page was too slow: tell it to read everything anew.
                Err(RecvError::Lagged(_)) => Notice::Runs,
                Err(RecvError::Closed) => break,
            };
            if channel.send(notice).is_err() {
                break;
            }
        }
    });
    Ok(())
}
