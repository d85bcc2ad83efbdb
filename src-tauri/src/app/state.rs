//! The open workspace's service, shared by all commands.

use crate::http::Server;
use bakeoff_service::Service;
use bakeoff_service::dto::{ErrorCode, ServiceError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

/// What the commands share.
pub struct AppState {
    service: RwLock<Option<Arc<Service>>>,
    /// Counts the workspaces opened, for whoever follows the open one.
    opened: watch::Sender<u64>,
    /// The local HTTP API, while it is switched on.
    http: Mutex<Option<Server>>,
    /// The workspace that was named on the command line.
    pub requested: Option<PathBuf>,
}

impl AppState {
    /// No workspace is open yet; the window opens one first thing.
    pub fn new(requested: Option<PathBuf>) -> Self {
        Self { service: RwLock::new(None), opened: watch::Sender::new(0), http: Mutex::new(None), requested }
    }

    /// The open service.
    pub fn service(&self) -> Result<Arc<Service>, ServiceError> {
        let service = self.service.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        service.clone().ok_or_else(|| {
            ServiceError::new(ErrorCode::NotFound, "no workspace is open").with_hint("open one in Settings")
        })
    }

    /// Puts another workspace in the place of the open one.
    pub fn replace(&self, service: Arc<Service>) {
        let mut slot = self.service.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let old = slot.replace(service);
        drop(slot);
        self.opened.send_modify(|opened| *opened += 1);
        // The last owner of a service waits for its writer; that must not happen on an async thread.
        tauri::async_runtime::spawn_blocking(move || drop(old));
    }

    /// Where the HTTP API is called; `None`: it is off.
    pub fn http_url(&self) -> Option<String> {
        self.http.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Server::url)
    }

    /// Keeps a running API; one that is too many is given back.
    pub fn keep_http(&self, server: Server) -> Option<Server> {
        let mut http = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        match &*http {
            Some(_) => Some(server),
            None => {
                *http = Some(server);
                None
            }
        }
    }

    /// The running API, to be ended away from the async threads.
    pub fn take_http(&self) -> Option<Server> {
        self.http.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Tells when another workspace is opened.
    pub fn opened(&self) -> watch::Receiver<u64> {
        self.opened.subscribe()
    }

    /// Runs one use case on a blocking thread.
    pub async fn call<T, F>(&self, use_case: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    {
        let service = self.service()?;
        blocking(move || use_case(&service)).await
    }
}

/// Runs blocking work away from the async threads; a panic in it becomes an error.
pub async fn blocking<T, F>(work: F) -> Result<T, ServiceError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ServiceError> + Send + 'static,
{
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(ServiceError::new(ErrorCode::Internal, format!("the program has a defect: {error}"))
            .with_hint("please report it with what you did; your files and results are safe"))
    })
}
