//! Runs a user's own program, once a call: one JSON text in on stdin, one JSON text out on stdout.
//!
//! The program starts without a shell in the workspace, in a process group of its own, and sees only a few harmless
//! environment variables and those that its workflow names, so no API key by accident. When it has ended, when its time
//! is up, when it writes too much and when its future is dropped, the whole group is killed: nothing that it started
//! goes on. A descendant that left the group can't be killed this way, but it can't hold a trial up either.
//!
//! On systems without process groups only the program itself is killed.

mod environment;
mod group;
mod pipes;
mod words;

use bakeoff_core::ports::{BoxFuture, Runner, RunnerAnswer, RunnerCall, RunnerError, RunnerErrorKind};
use group::Group;
use pipes::{Pipes, Tail};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::Instant;

/// The most that a program may write to stdout, in bytes.
pub const MOST_OUTPUT: usize = 8 << 20;
/// How much of the end of stderr is kept, in bytes.
pub const KEPT_STDERR: usize = 64 << 10;
/// How long pipes are read after the program has ended, in case that a descendant still holds them open.
const GRACE: Duration = Duration::from_millis(500);

/// Runs programs in a workspace.
#[derive(Debug, Clone)]
pub struct ProcessRunner {
    workspace: PathBuf,
}

impl ProcessRunner {
    /// Programs start in this folder.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self { workspace: workspace.into() }
    }
}

impl Runner for ProcessRunner {
    fn run<'a>(&'a self, call: &'a RunnerCall) -> BoxFuture<'a, Result<RunnerAnswer, RunnerError>> {
        Box::pin(async move {
            let mut group = Group::start(&self.workspace, call)?;
            let (mut output, mut errors) = (Vec::new(), Tail::new(KEPT_STDERR));
            let ended = match group.pipes() {
                Some(pipes) => {
                    let input = call.input.to_string().into_bytes();
                    let copying = pin!(copy(pipes, input, &mut output, &mut errors));
                    follow(&mut group, copying, call.timeout).await
                }
                None => Err(Trouble::Io("its pipes can't be used".to_owned())),
            };
            group.kill();
            group.reap(GRACE).await;
            let stderr = errors.into_text();
            let failed = |kind, message| RunnerError { kind, message, stderr: stderr.clone() };
            let program = words::program(call);
            let status = ended.map_err(|trouble| match trouble {
                Trouble::TimedOut => {
                    failed(RunnerErrorKind::TimedOut, words::timed_out(program, call.timeout, &stderr))
                }
                Trouble::TooMuch => failed(RunnerErrorKind::Failed, words::too_much(program)),
                Trouble::Io(detail) => failed(RunnerErrorKind::Failed, words::io(program, &detail)),
            })?;
            if !status.success() {
                return Err(failed(RunnerErrorKind::Failed, words::ended(program, status, &stderr)));
            }
            match serde_json::from_slice(&output) {
                Ok(output) => Ok(RunnerAnswer { output, stderr }),
                Err(error) => {
                    Err(failed(RunnerErrorKind::Failed, words::no_json(program, &output, &error, &stderr)))
                }
            }
        })
    }
}

/// Why a program has no exit status of its own.
enum Trouble {
    TimedOut,
    TooMuch,
    Io(String),
}

/// Writes stdin and reads both outputs, all at the same time, so that no full pipe blocks the program.
async fn copy(pipes: Pipes, input: Vec<u8>, output: &mut Vec<u8>, errors: &mut Tail) -> Result<(), Trouble> {
    let feeding = pipes::feed(pipes.stdin, &input);
    let reading = pipes::read(pipes.stdout, output, MOST_OUTPUT);
    let listening = pipes::read_tail(pipes.stderr, errors);
    tokio::try_join!(feeding, reading, listening)?;
    Ok(())
}

/// Waits until the program has ended and what it wrote is read.
async fn follow(
    group: &mut Group,
    mut copying: Pin<&mut impl Future<Output = Result<(), Trouble>>>,
    timeout: Duration,
) -> Result<ExitStatus, Trouble> {
    // A limit beyond what the clock can hold is no limit.
    let deadline = Instant::now().checked_add(timeout);
    let mut copied = false;
    let status = loop {
        tokio::select! {
            status = group.wait() => break status.map_err(|error| Trouble::Io(error.to_string()))?,
            result = &mut copying, if !copied => {
                result?;
                copied = true;
            }
            () = sleep_until(deadline) => return Err(Trouble::TimedOut),
        }
    };
    // What the program has left behind may hold its pipes open for ever.
    group.kill();
    if !copied && let Ok(result) = tokio::time::timeout(GRACE, copying).await {
        result?;
    }
    Ok(status)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
