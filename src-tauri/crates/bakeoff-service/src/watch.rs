//! Watching the workspace's files, so that an edit made outside shows up at once.

use crate::dto::{FileKind, Notice};
use crate::workspace::{Workspace, folder_of, kind_of};
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::broadcast;

/// Keeps the watch up; it ends when this is dropped.
pub struct Watcher {
    _inner: notify::RecommendedWatcher,
}

/// Starts watching. Where files can't be watched (too many watches, a network disk) the window still works; it reads
/// files anew when they are opened.
pub fn start(workspace: &Workspace, notices: broadcast::Sender<Notice>) -> Option<Watcher> {
    let watched = workspace.clone();
    let mut inner = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.kind.is_access() {
            return;
        }
        let paths: Vec<String> = event
            .paths
            .iter()
            .map(|path| watched.display(path))
            .filter(|path| kind_of(path).is_some())
            .collect();
        if !paths.is_empty() {
            // Nobody may be watching.
            let _ = notices.send(Notice::Files { paths });
        }
    })
    .ok()?;
    for kind in FileKind::ALL {
        let folder = workspace.root().join(folder_of(kind));
        if folder.is_dir() {
            inner.watch(&folder, RecursiveMode::NonRecursive).ok()?;
        }
    }
    Some(Watcher { _inner: inner })
}
