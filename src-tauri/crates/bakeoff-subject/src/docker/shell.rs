//! The agent's shell: a container on the nodes' network with nothing else. Two commands lead out of it, `labctl` and
//! `docker`, and both end in this program, which decides what they may do.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use super::exec::Exec;
use super::labels;
use super::project::Project;
use bakeoff_core::lab::LabReply;
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Shell, ShellOutput, SubjectError};
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, HostConfig};
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// Carries calls out of the container.
const RELAY: &str = include_str!("relay.py");
/// What `labctl` and `docker` are in it.
const CLIENT: &str = include_str!("client.py");
/// The user of the agent's commands.
const AGENT: &str = "65534:65534";
/// The user of what must survive them.
const KEEPER: &str = "65533:65533";
/// What the relay may take to start.
const START: Duration = Duration::from_secs(15);
/// What a command may take beyond its own limit, before it is given up from outside.
const MARGIN: Duration = Duration::from_secs(10);

/// Who carries out `labctl` and `docker`: the program's name and its words.
pub type Carry = Arc<dyn Fn(String, Vec<String>) -> BoxFuture<'static, LabReply> + Send + Sync>;

/// The shell of one project. Dropping it ends the relay; the container goes with the project.
pub struct DockerShell {
    engine: Engine,
    container: String,
    relay: JoinHandle<()>,
    /// Ending what one command left would end another one too.
    one_at_a_time: Mutex<()>,
}

impl Drop for DockerShell {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

impl DockerShell {
    /// Starts the container and the relay. May be called again: the container is made anew.
    ///
    /// # Errors
    /// When Docker refuses, or the relay does not start.
    pub async fn open(project: &Project, carry: Carry) -> Result<Self, DockerError> {
        let engine = project.engine().clone();
        let container = format!("{}-ops-1", project.identity().name);
        engine.remove(&container).await?;
        project.create(&container, body(project)).await?;
        engine.start(&container).await?;
        let relay = start_relay(&engine, &container, carry).await?;
        Ok(Self { engine, container, relay, one_at_a_time: Mutex::new(()) })
    }

    async fn run_command(&self, command: &str, limit: Duration) -> Result<ShellOutput, DockerError> {
        let _alone = self.one_at_a_time.lock().await;
        let seconds = format!("{:.3}", limit.as_secs_f64().max(0.001));
        // One stream, so that errors stand where they came.
        let line = "exec timeout -k 5 \"$1\" sh -c \"$2\" 2>&1 </dev/null";
        let exec = Exec {
            working_dir: Some("/tmp".to_owned()),
            ..Exec::new(["sh", "-c", line, "sh", &seconds, command])
        };
        let executed = self.engine.exec(&self.container, &exec.as_user(AGENT).within(limit + MARGIN)).await;
        // What left the command's process group is still the same user.
        let ended = self.engine.exec(&self.container, &Exec::shell("kill -KILL -1").as_user(AGENT)).await;
        let executed = executed?;
        ended?;
        let exit_code = executed.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(124);
        Ok(ShellOutput { exit_code, output: executed.stdout.plain_text() })
    }
}

impl Shell for DockerShell {
    fn tier(&self) -> &str {
        "container"
    }

    fn run<'a>(
        &'a self,
        command: &'a str,
        limit: Duration,
    ) -> BoxFuture<'a, Result<ShellOutput, SubjectError>> {
        Box::pin(async move { self.run_command(command, limit).await.map_err(SubjectError::from) })
    }
}

fn body(project: &Project) -> ContainerCreateBody {
    let text = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let memory = Some(256 << 20);
    ContainerCreateBody {
        image: Some(project.tools_image().to_owned()),
        hostname: Some("ops".to_owned()),
        entrypoint: text(&["sleep"]),
        cmd: text(&["infinity"]),
        user: Some(KEEPER.to_owned()),
        env: text(&["HOME=/tmp", "ETCDCTL_API=3", "TERM=dumb"]),
        labels: Some(labels::labels(project.identity(), "ops")),
        host_config: Some(HostConfig {
            init: Some(true),
            network_mode: Some(project.network().to_owned()),
            extra_hosts: Some(project.hosts()),
            cap_drop: text(&["ALL"]),
            security_opt: text(&["no-new-privileges"]),
            readonly_rootfs: Some(true),
            tmpfs: Some(HashMap::from([
                ("/tmp".to_owned(), "size=16m,mode=1777".to_owned()),
                ("/usr/local/bin".to_owned(), "size=1m,mode=755,uid=65533,gid=65533,exec".to_owned()),
            ])),
            memory,
            memory_swap: memory,
            nano_cpus: Some(500_000_000),
            pids_limit: Some(64),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Starts the relay in the container and carries out what it passes on until it ends.
async fn start_relay(engine: &Engine, container: &str, carry: Carry) -> Result<JoinHandle<()>, DockerError> {
    let doing = || format!("start the relay in {container}");
    let options = CreateExecOptions {
        cmd: Some(["python3", "-u", "-c", RELAY, CLIENT].map(str::to_owned).to_vec()),
        user: Some(KEEPER.to_owned()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..Default::default()
    };
    let created = engine.docker.create_exec(container, options).await.doing(doing)?;
    // A line of a call may be long; the relay takes at most 64 KiB.
    let options = StartExecOptions { output_capacity: Some(256 << 10), ..Default::default() };
    let started = engine.docker.start_exec(&created.id, Some(options)).await.doing(doing)?;
    let StartExecResults::Attached { mut output, input } = started else {
        return Err(DockerError::failed(doing(), "Docker did not attach to it"));
    };
    let mut lines = Lines::default();
    let ready = async {
        while let Some(part) = output.next().await {
            lines.push(&part.doing(doing)?.into_bytes());
            if let Some(line) = lines.next() {
                return match serde_json::from_str::<Value>(&line) {
                    Ok(said) if said["id"] == 0 => Ok(()),
                    _ => Err(DockerError::failed(doing(), line)),
                };
            }
        }
        Err(DockerError::failed(doing(), "it ended at once"))
    };
    let late = |_| DockerError::TimedOut { doing: doing(), after: START };
    tokio::time::timeout(START, ready).await.map_err(late)??;
    let (answers, to_write) = mpsc::channel::<String>(64);
    Ok(tokio::spawn(async move {
        let reading = async {
            while let Some(Ok(part)) = output.next().await {
                lines.push(&part.into_bytes());
                while let Some(line) = lines.next() {
                    let (carry, answers) = (Arc::clone(&carry), answers.clone());
                    tokio::spawn(async move {
                        if let Some(answer) = answer(&line, &carry).await {
                            // The relay is gone when nobody takes the answer.
                            let _ = answers.send(answer).await;
                        }
                    });
                }
            }
        };
        tokio::select! {
            () = reading => {}
            () = write(input, to_write) => {}
        }
    }))
}

async fn write(mut input: std::pin::Pin<Box<dyn AsyncWrite + Send>>, mut answers: mpsc::Receiver<String>) {
    while let Some(answer) = answers.recv().await {
        let written = input.write_all(answer.as_bytes()).await;
        if written.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

async fn answer(line: &str, carry: &Carry) -> Option<String> {
    let call: Value = serde_json::from_str(line).ok()?;
    let words =
        call["arguments"].as_array()?.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect();
    let reply = carry(call["program"].as_str()?.to_owned(), words).await;
    let answer =
        json!({"id": call["id"], "stdout": reply.stdout, "stderr": reply.stderr, "exit": reply.exit_code});
    Some(format!("{answer}\n"))
}

/// Whole lines out of pieces.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut lines = Lines::default();
        lines.push(b"one\ntw");
        assert_eq!((lines.next().as_deref(), lines.next()), (Some("one"), None), "the second is not whole");
        lines.push(b"o\n");
        assert_eq!(lines.next().as_deref(), Some("two"), "now it is");
    }
}
