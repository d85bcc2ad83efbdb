//! What can go wrong between this program and Docker.

use std::time::Duration;

/// A failed step. Each message fits behind "error: " and names the thing that it is about.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DockerError {
    /// No daemon answers.
    #[error("failed to reach Docker: {0}; start Docker, or set DOCKER_HOST")]
    Unreachable(String),
    /// The daemon refused a request.
    #[error("failed to {doing}: Docker answered {status}: {message}")]
    Answer {
        /// What was being done.
        doing: String,
        /// HTTP status.
        status: u16,
        /// Docker's words.
        message: String,
    },
    /// It took too long.
    #[error("failed to {doing} within {:.1} s", after.as_secs_f64())]
    TimedOut {
        /// What was being done.
        doing: String,
        /// The time it had.
        after: Duration,
    },
    /// Anything else.
    #[error("failed to {doing}: {reason}")]
    Failed {
        /// What was being done.
        doing: String,
        /// Why it did not work.
        reason: String,
    },
    /// This daemon or this image can't do it.
    #[error("{what} is not available here: {reason}")]
    Unavailable {
        /// The fault or the part.
        what: String,
        /// The literal words of the tool that refused.
        reason: String,
    },
}

impl DockerError {
    /// Anything that is neither a refusal of Docker's nor a time limit.
    pub fn failed(doing: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Failed { doing: doing.into(), reason: reason.into() }
    }

    /// The HTTP status of Docker's refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// Says what was being done when a call of bollard failed.
pub trait Doing<T> {
    /// Turns the error into one of ours. `doing` completes "failed to …".
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, DockerError>;
}

impl<T> Doing<T> for Result<T, bollard::errors::Error> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, DockerError> {
        use bollard::errors::Error;
        self.map_err(|error| match error {
            Error::DockerResponseServerError { status_code, message } => DockerError::Answer {
                doing: doing(),
                status: status_code,
                message: message.trim().to_owned(),
            },
            Error::SocketNotFoundError(path) => {
                DockerError::Unreachable(format!("there is no socket at {path}"))
            }
            Error::HyperLegacyError { err } => DockerError::Unreachable(chain(&err)),
            // A daemon that ended in the middle of an answer.
            Error::HyperResponseError { err } => DockerError::Unreachable(chain(&err)),
            Error::RequestTimeoutError => {
                DockerError::TimedOut { doing: doing(), after: crate::docker::engine::REQUEST_TIMEOUT }
            }
            other => DockerError::failed(doing(), other.to_string()),
        })
    }
}

/// An error with what caused it: hyper's own words for most are "client error".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl From<DockerError> for bakeoff_core::ports::lab::SubjectError {
    fn from(error: DockerError) -> Self {
        let is_unavailable = matches!(error, DockerError::Unreachable(_) | DockerError::Unavailable { .. });
        Self { message: error.to_string(), is_unavailable }
    }
}
