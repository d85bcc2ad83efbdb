//! What all requests share: the open workspace, the token, the limits.

use super::error::ApiError;
use super::guard::Names;
use super::server::Limits;
use super::token::Token;
use axum::extract::FromRef;
use bakeoff_service::Service;
use bakeoff_service::dto::{ErrorCode, ServiceError};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Asks for the workspace that is open now; `None`: none is. The window may open another one while the API runs.
pub type OpenWorkspace = Arc<dyn Fn() -> Option<Arc<Service>> + Send + Sync>;

/// What all requests share.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub workspace: OpenWorkspace,
    pub token: Token,
    pub names: Names,
    pub limits: Limits,
    /// The API ends: streams must, too.
    pub end: CancellationToken,
}

/// The open workspace, for handlers.
#[derive(Clone)]
pub(crate) struct Workspace(OpenWorkspace);

impl FromRef<ApiState> for Workspace {
    fn from_ref(state: &ApiState) -> Self {
        Self(Arc::clone(&state.workspace))
    }
}

impl Workspace {
    /// The service of the open workspace.
    pub fn service(&self) -> Result<Arc<Service>, ApiError> {
        (self.0)().ok_or_else(ApiError::not_initialized)
    }

    /// Runs one use case on a blocking thread; a panic in it becomes an error.
    pub async fn call<T, F>(&self, use_case: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Service) -> Result<T, ApiError> + Send + 'static,
    {
        let service = self.service()?;
        let done = tokio::task::spawn_blocking(move || use_case(&service)).await;
        done.unwrap_or_else(|error| Err(ServiceError::new(ErrorCode::Internal, error.to_string()).into()))
    }
}
