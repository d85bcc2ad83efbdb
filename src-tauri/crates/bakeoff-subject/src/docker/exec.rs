//! Running a command in a container: with a time limit, and never keeping more output than its two ends.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures::StreamExt;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How much of each end of an output is kept, in bytes.
pub const KEPT_BYTES: usize = 16 << 10;

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

/// The two ends of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Ends {
    /// Takes more output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let into_head = bytes.len().min(KEPT_BYTES - self.head.len());
        let (head, rest) = bytes.split_at(into_head);
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(KEPT_BYTES)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(KEPT_BYTES);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// How many bytes there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes are not kept.
    pub fn elided(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// Both ends as text, with a line that says what is missing between them.
    pub fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.elided() > 0 {
            bytes.extend_from_slice(format!("\n[{} bytes elided]\n", self.elided()).as_bytes());
        }
        bytes.extend(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_kept_and_the_middle_is_counted() {
        let mut ends = Ends::default();
        for number in 0..100_000_u32 {
            ends.push(format!("{number:06}\n").as_bytes());
        }
        assert_eq!(ends.total(), 700_000, "all bytes are counted");
        assert_eq!(ends.elided(), 700_000 - 2 * KEPT_BYTES as u64, "and what is not kept");
        let text = ends.text();
        assert!(text.starts_with("000000\n000001\n"), "the beginning is there");
        assert!(text.ends_with("099998\n099999\n"), "the end is there");
        assert!(text.contains("bytes elided]"), "the gap is told");
    }

    #[test]
    fn one_large_piece_is_cut_like_many_small_ones() {
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
        let mut whole = Ends::default();
        whole.push(&bytes);
        let mut parts = Ends::default();
        bytes.chunks(777).for_each(|part| parts.push(part));
        assert_eq!(whole, parts, "how the output arrives changes nothing");
        let mut short = Ends::default();
        short.push(b"abc\xff");
        assert_eq!(
            (short.text().as_str(), short.elided()),
            ("abc\u{fffd}", 0),
            "short output is whole, bad bytes shown"
        );
    }
}
