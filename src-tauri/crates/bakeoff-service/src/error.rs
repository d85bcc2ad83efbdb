//! Making errors of the inner rooms into errors of the edge.

use crate::dto::{ErrorCode, ServiceError};
use bakeoff_core::diagnostic::Diagnostic;
use std::path::Path;

/// What every use case returns.
pub type Result<T> = std::result::Result<T, ServiceError>;

impl ServiceError {
    /// An error without hint and findings.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, diagnostics: Vec::new() }
    }

    /// Bad input.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadInput, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// It changed or exists.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// Something needed is missing.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    /// A file could not be read or written.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorCode::NotFound,
            _ => ErrorCode::Storage,
        };
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who may read and write it",
            std::io::ErrorKind::StorageFull => "make room on the disk and try again; nothing was changed",
            _ => "nothing was changed; mend the cause and try again",
        };
        Self::new(code, format!("failed to {what} {}: {error}", path.display())).with_hint(hint)
    }

    /// The same with a hint on what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with findings.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = diagnostics;
        self
    }
}

impl std::fmt::Display for ServiceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl std::error::Error for ServiceError {}

impl From<bakeoff_store::StoreError> for ServiceError {
    fn from(error: bakeoff_store::StoreError) -> Self {
        use bakeoff_store::Problem;
        let code = match &error.problem {
            Problem::NotFound { .. } => ErrorCode::NotFound,
            Problem::Owned { .. } | Problem::NotOwner { .. } | Problem::AlreadyFinal { .. } => {
                ErrorCode::Conflict
            }
            Problem::Invalid { .. } => ErrorCode::BadInput,
            _ => ErrorCode::Storage,
        };
        Self::new(code, error.to_string()).with_hint(error.hint())
    }
}
