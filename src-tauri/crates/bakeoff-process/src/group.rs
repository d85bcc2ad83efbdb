//! A program with everything that it starts.

use crate::environment;
use crate::pipes::Pipes;
use crate::words;
use bakeoff_core::ports::{RunnerCall, RunnerError, RunnerErrorKind};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// A running program. Dropping it kills it and its group.
pub(crate) struct Group {
    child: Child,
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    /// Starts the program of a call in a group of its own.
    pub(crate) fn start(workspace: &Path, call: &RunnerCall) -> Result<Self, RunnerError> {
        let failed =
            |message| RunnerError { kind: RunnerErrorKind::NotStarted, message, stderr: String::new() };
        let Some((program, arguments)) = call.command.split_first() else {
            return Err(failed("The workflow's runner has an empty command; name a program.".to_owned()));
        };
        if !workspace.is_dir() {
            return Err(failed(words::no_folder(workspace)));
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(workspace)
            .env_clear()
            .envs(environment::of(&call.environment))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child =
            command.spawn().map_err(|error| failed(words::not_started(program, workspace, &error)))?;
        Ok(Self {
            #[cfg(unix)]
            leader: child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw),
            child,
        })
    }

    /// Its pipes; only once.
    pub(crate) fn pipes(&mut self) -> Option<Pipes> {
        let child = &mut self.child;
        Some(Pipes { stdin: child.stdin.take()?, stdout: child.stdout.take()?, stderr: child.stderr.take()? })
    }

    /// Until the program itself has ended.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills the program and everything in its group; again does no harm. The group's number can't belong to another
    /// group meanwhile: it stays taken while anything is in the group, and it is killed at once when the program has
    /// ended.
    pub(crate) fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // There may be nobody left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                self.leader = None;
            }
        }
        #[cfg(not(unix))]
        {
            // It may have ended by itself.
            let _ = self.child.start_kill();
        }
    }

    /// Waits a moment until the killed program is gone, so that it is no zombie.
    pub(crate) async fn reap(&mut self, most: Duration) {
        // What the system can't end in this time it ends later; tokio waits for it then.
        let _ = tokio::time::timeout(most, self.child.wait()).await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
