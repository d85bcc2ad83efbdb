//! Opening a workspace and watching it.

use crate::app::{AppState, state::blocking, window};
use bakeoff_service::dto::{Notice, ServiceError, WorkspaceInfo};
use bakeoff_service::{Service, ServiceOptions};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, Runtime, State};
use tokio::sync::broadcast::Receiver;
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
    // What can't be sent to MLflow now goes on waiting, and the list of experiments says so.
    let _ = service.start_exporters();
    let info = service.workspace()?;
    state.replace(Arc::new(service));
    // A folder of `viewer` is gone when its window is.
    if !info.name.starts_with(crate::FLEETING) {
        window::remember_workspace(&app, &info.path);
    }
    Ok(info)
}

/// The open workspace.
#[tauri::command]
pub async fn workspace(state: State<'_, AppState>) -> Result<WorkspaceInfo, ServiceError> {
    state.call(|service| service.workspace()).await
}

/// Sends notices of whichever workspace is open until the channel's page is gone.
#[tauri::command]
pub async fn watch<R: Runtime>(app: AppHandle<R>, channel: Channel<Notice>) -> Result<(), ServiceError> {
    tauri::async_runtime::spawn(async move {
        let mut opened = app.state::<AppState>().opened();
        loop {
            let notices = app.state::<AppState>().service().ok().map(|service| service.notices());
            let goes_on = match notices {
                Some(notices) => forward(notices, &channel, &mut opened).await,
                None => opened.changed().await.is_ok(),
            };
            if !goes_on {
                break;
            }
        }
    });
    Ok(())
}

/// Forwards until another workspace is opened (`true`) or the page is gone (`false`).
async fn forward(
    mut notices: Receiver<Notice>,
    channel: &Channel<Notice>,
    opened: &mut tokio::sync::watch::Receiver<u64>,
) -> bool {
    loop {
        let notice = tokio::select! {
            changed = opened.changed() => return changed.is_ok(),
            notice = notices.recv() => match notice {
                Ok(notice) => notice,
                // The page was too slow: tell it to read everything anew.
                Err(RecvError::Lagged(_)) => Notice::Runs,
                // The workspace was closed; the next one is about to be opened.
                Err(RecvError::Closed) => return opened.changed().await.is_ok(),
            },
        };
        if channel.send(notice).is_err() {
            return false;
        }
    }
}
