//! The one window: its size, place and theme come back as they were left.

use std::path::PathBuf;
use std::sync::Arc;
use tauri::{AppHandle, Manager, PhysicalSize, Runtime, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_store::{Store, StoreExt};

/// The file of the store plugin, in the app's own data folder.
const STORE_FILE: &str = "window.json";
const SIZE: &str = "size";
const WORKSPACE: &str = "workspace";

/// Opens the window.
pub fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let (width, height) = remembered_size(app).unwrap_or((1280.0, 800.0));
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Bakeoff")
        .inner_size(width, height)
        .min_inner_size(800.0, 560.0)
        .build()?;
    let handle = app.clone();
    let resized = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { .. } = event {
            remember_size(&handle, resized.inner_size().ok(), resized.scale_factor().unwrap_or(1.0));
        }
    });
    Ok(())
}

/// The workspace that was open when the window was last used.
pub fn last_workspace<R: Runtime>(app: &AppHandle<R>) -> Option<PathBuf> {
    store(app)?.get(WORKSPACE)?.as_str().map(PathBuf::from)
}

/// Keeps the workspace for the next start.
pub fn remember_workspace<R: Runtime>(app: &AppHandle<R>, path: &str) {
    if let Some(store) = store(app) {
        store.set(WORKSPACE, path);
    }
}

fn remembered_size<R: Runtime>(app: &AppHandle<R>) -> Option<(f64, f64)> {
    let size = store(app)?.get(SIZE)?;
    let (width, height) = (size.get(0)?.as_f64()?, size.get(1)?.as_f64()?);
    // A size kept from a larger screen must not put the window out of reach.
    let monitor =
        app.primary_monitor().ok().flatten().map(|monitor| monitor.size().to_logical(monitor.scale_factor()));
    let limit = monitor.unwrap_or(tauri::LogicalSize::new(f64::MAX, f64::MAX));
    Some((width.clamp(800.0, limit.width.max(800.0)), height.clamp(560.0, limit.height.max(560.0))))
}

fn remember_size<R: Runtime>(app: &AppHandle<R>, size: Option<PhysicalSize<u32>>, scale: f64) {
    if let (Some(size), Some(store)) = (size, store(app)) {
        let size = size.to_logical::<f64>(scale);
        store.set(SIZE, serde_json::json!([size.width, size.height]));
    }
}

/// The store; a file that can't be read or written costs only the memory of size and workspace.
fn store<R: Runtime>(app: &AppHandle<R>) -> Option<Arc<Store<R>>> {
    app.app_handle().store(STORE_FILE).ok()
}
