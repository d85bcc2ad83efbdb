//! What can go wrong with MLflow, in plain words.

/// Why MLflow could not be read or written. No message holds a password or token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MlflowError {
    /// The tracking URI is of no kind that this program knows.
    #[error("“{uri}” is no MLflow tracking URI that can be used here: {why}")]
    Address {
        /// As it was given, without a password.
        uri: String,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// Nobody answers, or the connection broke.
    #[error("the MLflow server at {address} can't be reached: {why}")]
    Unreachable {
        /// The server.
        address: String,
        /// The system's words.
        why: String,
    },
    /// Something answers that is no MLflow server.
    #[error("{address} answers with {what} (HTTP {status}). Is this an MLflow tracking server?")]
    NotMlflow {
        /// The server.
        address: String,
        /// The HTTP status.
        status: u16,
        /// Such as `an HTML page`.
        what: String,
    },
    /// 401 or 403.
    #[error(
        "the MLflow server at {address} refuses access (HTTP {status}): {message}. \
         Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )]
    Refused {
        /// The server.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server is at fault, or too busy: 5xx and 429.
    #[error("the MLflow server at {address} failed (HTTP {status}): {message}")]
    Server {
        /// The server.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server understood the request and does not accept it.
    #[error("the MLflow server at {address} does not accept this ({code}): {message}")]
    Rejected {
        /// The server.
        address: String,
        /// MLflow's error code.
        code: String,
        /// The server's words.
        message: String,
    },
    /// The experiment is in MLflow's trash.
    #[error(
        "the experiment “{name}” was deleted in MLflow. Restore it there \
         (mlflow experiments restore), or name another one under `mlflow: experiment:`"
    )]
    ExperimentDeleted {
        /// Its name.
        name: String,
    },
    /// There is no such experiment.
    #[error("there is no experiment “{name}” in {place}. {}", listed(known))]
    NoExperiment {
        /// What was asked for.
        name: String,
        /// Where was looked.
        place: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A SQLite store or an `mlruns` folder can't be read.
    #[error("the MLflow store {path} can't be read: {why}")]
    Store {
        /// The file or folder.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A store without a server can only be written by MLflow itself.
    #[error(
        "runs for {place} wait here until MLflow is installed (pip install mlflow) or the tracking URI is \
         the address of a server: {why}"
    )]
    NotInstalled {
        /// The store.
        place: String,
        /// What was tried.
        why: String,
    },
}

/// The result of everything that asks MLflow.
pub type Result<T> = std::result::Result<T, MlflowError>;

fn listed(known: &[String]) -> String {
    const MOST: usize = 30;
    if known.is_empty() {
        return "It has no experiments.".to_owned();
    }
    let shown = known.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match known.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("It has: {shown}{more}.")
}

#[cfg(test)]
mod tests {
    use super::MlflowError;

    #[test]
    fn an_unknown_experiment_lists_what_there_is() {
        let known: Vec<String> = (0..32).map(|number| format!("e{number}")).collect();
        let error = |known| MlflowError::NoExperiment { name: "x".into(), place: "here".into(), known };
        assert_eq!(
            error(vec!["a".into(), "b".into()]).to_string(),
            "there is no experiment “x” in here. It has: a, b."
        );
        assert!(error(known).to_string().ends_with("e28, e29 and 2 more."));
        assert!(error(Vec::new()).to_string().ends_with("It has no experiments."));
    }
}
