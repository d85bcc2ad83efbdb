//! The window: a Tauri shell that translates commands to the service and its notices to a channel.

mod commands;
mod state;
mod window;

pub use state::AppState;

use std::path::PathBuf;

/// Opens the window on a workspace (`None`: the last one, else the starter) and returns when it is closed.
pub fn run(workspace: Option<PathBuf>) -> Result<(), tauri::Error> {
    builder(tauri::Builder::default(), workspace).run(context())
}

/// The app's configuration with the front end in it.
pub fn context<R: tauri::Runtime>() -> tauri::Context<R> {
    tauri::generate_context!()
}

/// The whole app on any runtime, so that tests can build it on Tauri's mock.
pub fn builder<R: tauri::Runtime>(
    builder: tauri::Builder<R>,
    workspace: Option<PathBuf>,
) -> tauri::Builder<R> {
    builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_store::Builder::default().build())
        .manage(AppState::new(workspace))
        .invoke_handler(commands::handler())
        .setup(|app| window::open(app.handle()).map_err(Into::into))
}
