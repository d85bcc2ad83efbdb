//! A shell inside bubblewrap: its own processes and files, this machine's programs read-only, the network of this
//! machine (the nodes listen on loopback).

use super::Labctl;
use super::broker::Broker;
use super::client::{LABCTL, SOCKET};
use crate::capture::{Ends, read_both};
use crate::error::refused;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Shell, ShellOutput, SubjectError};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Folders of this machine's programs and what they need to run; those that exist are seen read-only.
const SEEN: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache"];
/// Size of its /tmp in bytes.
const TMP: &str = "16777216";
/// What a command may use: seconds of CPU, KiB a file, files, KiB of address space.
const LIMITS: &str =
    "ulimit -t 120; ulimit -f 16384; ulimit -n 256; ulimit -v 2097152; exec /bin/bash -c \"$0\"";
/// Of a command that took too long, as `timeout` has it.
const TIMED_OUT: i32 = 124;

/// Whether bubblewrap works here; asked once.
pub(super) async fn works() -> Result<(), String> {
    static ANSWER: OnceCell<Result<(), String>> = OnceCell::const_new();
    ANSWER.get_or_init(probe).await.clone()
}

async fn probe() -> Result<(), String> {
    let mut command = jail();
    command.args(["--", "/bin/true"]).stdin(Stdio::null());
    let output = timeout(Duration::from_secs(5), command.output()).await;
    match output.map_err(|_| "bwrap did not answer within 5 s".to_owned())? {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("bwrap: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("bubblewrap (bwrap) is not installed".to_owned())
        }
        Err(error) => Err(format!("bwrap: {error}")),
    }
}

/// bwrap with everything but what is bound for one trial.
fn jail() -> Command {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]);
    command.args(["--new-session", "--uid", "65534", "--gid", "65534", "--hostname", "ops", "--clearenv"]);
    for folder in SEEN {
        command.args(["--ro-bind-try", folder, folder]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev", "--size", TMP, "--tmpfs", "/tmp", "--chdir", "/tmp"]);
    command.args(["--setenv", "HOME", "/tmp", "--setenv", "PATH", "/opt:/usr/bin:/bin:/usr/sbin:/sbin"]);
    command.kill_on_drop(true);
    command
}

/// A shell in bubblewrap with `labctl`.
pub(super) struct BwrapShell {
    program: PathBuf,
    broker: Broker,
}

impl BwrapShell {
    pub fn open(program: PathBuf, labctl: Labctl) -> Result<Self, SubjectError> {
        let broker = Broker::open(labctl)
            .map_err(|error| refused(format!("The socket of the agent's shell can't be opened: {error}")))?;
        Ok(Self { program, broker })
    }

    fn command(&self, line: &str) -> Command {
        let mut command = jail();
        let labctl = format!("/opt/{LABCTL}");
        command.arg("--ro-bind").arg(&self.program).arg(&labctl);
        command.arg("--bind").arg(self.broker.folder()).arg("/run");
        command.args(["--setenv", SOCKET, "/run/ops.sock"]);
        command.args(["--", "/bin/bash", "-c", LIMITS, line]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Shell for BwrapShell {
    fn tier(&self) -> &str {
        "bwrap"
    }

    fn run<'a>(&'a self, line: &'a str, limit: Duration) -> BoxFuture<'a, Result<ShellOutput, SubjectError>> {
        Box::pin(async move {
            debug_assert!(self.broker.socket().starts_with(self.broker.folder()));
            let not_run = |error: std::io::Error| refused(format!("The command could not be run: {error}"));
            let mut child = self.command(line).spawn().map_err(not_run)?;
            let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
                return Err(refused("The command has no output."));
            };
            let mut capture = Ends::default();
            let ended = timeout(limit, async {
                read_both(stdout, stderr, &mut capture).await?;
                child.wait().await
            })
            .await;
            let exit_code = match ended {
                Ok(status) => status.map_err(not_run)?.code().unwrap_or(137),
                Err(_) => {
                    // bwrap is the first process of the jail: with it everything inside ends.
                    child.kill().await.map_err(not_run)?;
                    capture.push(format!("\n[ended after {} s]\n", limit.as_secs_f64()).as_bytes());
                    TIMED_OUT
                }
            };
            Ok(ShellOutput { exit_code, output: capture.plain_text() })
        })
    }
}
