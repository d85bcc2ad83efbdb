//! Running a command in a container: with a time limit, and never keeping more output than its two ends.

use super::engine::Engine;
use super::error::{DockerError, Doing};
pub use crate::capture::{Ends, KEPT_BYTES};
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures::StreamExt;
use std::time::{Duration, Instant};

/// A command for a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Program and arguments, without a shell.
    pub command: Vec<String>,
    /// `uid`, `uid:gid` or a name; none: the image's own.
    pub user: Option<String>,
    /// The folder to run in.
    pub working_dir: Option<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    /// The call returns after this. Docker can't end the command itself: what must not go on running needs a
    /// `timeout` inside, or must be killed afterwards.
    pub timeout: Duration,
}

impl Exec {
    /// A command as the image's own user, with 30 s.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            user: None,
            working_dir: None,
            environment: Vec::new(),
            timeout: Duration::from_secs(30),
        }
    }

    /// A line for the shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self::new(["sh".to_owned(), "-c".to_owned(), line.into()])
    }

    /// The same as this user.
    pub fn as_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The same with another time limit.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Standard output.
    pub stdout: Ends,
    /// Standard error.
    pub stderr: Ends,
    /// Exit code; none when it did not end in time.
    pub exit_code: Option<i64>,
    /// From the request to the last byte.
    pub elapsed: Duration,
}

impl Executed {
    /// Whether it ended with 0.
    pub fn is_success(&self) -> bool {
        self.exit_code == Some(0)
    }

    /// Standard output of a success, trimmed.
    ///
    /// # Errors
    /// With the standard error (else the output) of a command that failed or ran out of time.
    pub fn success(self, doing: &str) -> Result<String, DockerError> {
        match self.exit_code {
            Some(0) => Ok(self.stdout.text().trim().to_owned()),
            None => Err(DockerError::TimedOut { doing: doing.to_owned(), after: self.elapsed }),
            Some(code) => {
                let error = self.stderr.text();
                let words = if error.trim().is_empty() { self.stdout.text() } else { error };
                Err(DockerError::failed(doing, format!("exit code {code}: {}", words.trim())))
            }
        }
    }
}

impl Engine {
    /// Runs a command in a running container, with nothing on its standard input.
    ///
    /// # Errors
    /// When the container does not run or is paused (409), does not exist (404), or Docker fails. A command that fails
    /// or takes too long is an answer, not an error.
    pub async fn exec(&self, container: &str, exec: &Exec) -> Result<Executed, DockerError> {
        let doing =
            || format!("run {} in {container}", exec.command.first().map_or("nothing", String::as_str));
        let begun = Instant::now();
        let options = CreateExecOptions {
            cmd: Some(exec.command.clone()),
            user: exec.user.clone(),
            working_dir: exec.working_dir.clone(),
            env: (!exec.environment.is_empty()).then(|| exec.environment.clone()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let created = self.docker.create_exec(container, options).await.doing(doing)?;
        let started = self.docker.start_exec(&created.id, None::<StartExecOptions>).await.doing(doing)?;
        let StartExecResults::Attached { mut output, input: _input } = started else {
            return Err(DockerError::failed(doing(), "Docker did not attach to it"));
        };
        let (mut stdout, mut stderr) = (Ends::default(), Ends::default());
        let reading = async {
            while let Some(part) = output.next().await {
                match part.doing(doing)? {
                    LogOutput::StdErr { message } => stderr.push(&message),
                    other => stdout.push(&other.into_bytes()),
                }
            }
            Ok::<(), DockerError>(())
        };
        let exit_code = match tokio::time::timeout(exec.timeout, reading).await {
            Ok(read) => {
                read?;
                self.docker.inspect_exec(&created.id).await.doing(doing)?.exit_code
            }
            Err(_) => None,
        };
        Ok(Executed { stdout, stderr, exit_code, elapsed: begun.elapsed() })
    }
}
