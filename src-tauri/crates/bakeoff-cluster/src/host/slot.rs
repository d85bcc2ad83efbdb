//! A node's place in an instance: its files and the process that runs there, if one does.

use super::cluster::Event;
use crate::node::LISTENING;
use crate::process::{self, ProcessMark, Signal};
use crate::protocol::{NodeState, NodeStatus};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// A process that does not listen after this time has failed.
const START_LIMIT: Duration = Duration::from_secs(10);
/// A process that does not end by itself after this time is killed.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// The most that is kept of what a failed process said, in bytes.
const LAST_WORDS: u64 = 4096;

/// How a process ended, once it has.
type Ended = watch::Receiver<Option<String>>;

struct Running {
    mark: ProcessMark,
    port: u16,
    ended: Ended,
    /// The node ends with this pipe.
    _lifeline: ChildStdin,
}

/// A node's place.
pub(crate) struct Slot {
    pub id: u64,
    pub data_dir: PathBuf,
    pub log_file: PathBuf,
    pub config_file: PathBuf,
    running: Option<Running>,
    last_exit: Option<String>,
    starts: u32,
    /// Whether the end of the process was asked for.
    pub stopped: bool,
}

impl Slot {
    pub(crate) fn new(dir: &std::path::Path, id: u64) -> Self {
        Self {
            id,
            data_dir: dir.join(format!("n{id}")),
            log_file: dir.join("logs").join(format!("n{id}.log")),
            config_file: dir.join("conf").join(format!("n{id}.json")),
            running: None,
            last_exit: None,
            starts: 0,
            stopped: false,
        }
    }

    /// Starts the process and waits until it listens; returns where.
    pub(crate) async fn start(
        &mut self,
        mut command: Command,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<SocketAddr, String> {
        let id = self.id;
        if let Some(state) = self.state().filter(|state| *state != NodeState::Exited) {
            let word = if state == NodeState::Paused { "paused; resume it" } else { "running already" };
            return Err(format!("n{id} is {word}"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("n{id} can't be started: {error}"))?;
        self.starts += 1;
        self.stopped = false;
        let starts = self.starts;
        let no_pipe = || format!("n{id} has no pipes");
        let lifeline = child.stdin.take().ok_or_else(no_pipe)?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?).lines();
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let mark = child.id().and_then(ProcessMark::of);
        let (tell, ended) = watch::channel(None);
        tokio::spawn(watch_over(child, stderr, tell, move || {
            // The host may be ending.
            let _ = events.send(Event::Ended { node: id, starts });
        }));

        let mut end = ended.clone();
        let line = tokio::select! {
            line = timeout(START_LIMIT, stdout.next_line()) => line.ok().and_then(Result::ok).flatten(),
            _ = end.wait_for(Option::is_some) => None,
        };
        let port = line.and_then(|line| line.strip_prefix(LISTENING)?.parse().ok());
        let (Some(port), Some(mark)) = (port, mark) else {
            // Without its lifeline it ends, if it has not yet.
            drop(lifeline);
            let exit = timeout(STOP_LIMIT, end.wait_for(Option::is_some)).await;
            self.last_exit = exit.ok().and_then(Result::ok).and_then(|exit| exit.clone());
            let how = self.last_exit.as_deref().unwrap_or("it never listened");
            return Err(format!("n{id} did not start: {how}"));
        };
        self.running = Some(Running { mark, port, ended, _lifeline: lifeline });
        Ok((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), String> {
        let id = self.id;
        let running = self.alive().ok_or_else(|| format!("n{id} is not running"))?;
        process::send(running.mark.pid, signal).map_err(|error| format!("n{id} can't be signalled: {error}"))
    }

    /// Kills the process and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), String> {
        self.signal(Signal::Kill)?;
        self.wait(STOP_LIMIT).await
    }

    /// Asks the process to end, also a paused one; one that does not is killed.
    pub(crate) async fn stop(&mut self) -> Result<(), String> {
        self.stopped = true;
        self.signal(Signal::Terminate)?;
        if self.state() == Some(NodeState::Paused) {
            self.signal(Signal::Continue)?;
        }
        match self.wait(STOP_LIMIT).await {
            Ok(()) => Ok(()),
            Err(_) => self.kill().await,
        }
    }

    async fn wait(&mut self, limit: Duration) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let ended = timeout(limit, running.ended.wait_for(Option::is_some)).await;
        ended.map(drop).map_err(|_| format!("n{} has not ended after {} s", self.id, limit.as_secs()))
    }

    fn alive(&self) -> Option<&Running> {
        self.running.as_ref().filter(|running| running.ended.borrow().is_none())
    }

    /// `None` before the first start.
    fn state(&self) -> Option<NodeState> {
        match self.alive() {
            Some(running) if process::is_stopped(running.mark.pid) => Some(NodeState::Paused),
            Some(_) => Some(NodeState::Running),
            None => (self.starts > 0).then_some(NodeState::Exited),
        }
    }

    /// The living process.
    pub(crate) fn mark(&self) -> Option<ProcessMark> {
        self.alive().map(|running| running.mark.clone())
    }

    /// How often it was started, if its process has ended.
    pub(crate) fn ended_after(&self) -> Option<u32> {
        (self.starts > 0 && self.alive().is_none()).then_some(self.starts)
    }

    pub(crate) fn status(&self) -> NodeStatus {
        let alive = self.alive();
        let exit = self.running.as_ref().and_then(|running| running.ended.borrow().clone());
        NodeStatus {
            id: self.id,
            state: self.state().unwrap_or(NodeState::Exited),
            pid: alive.map(|running| running.mark.pid),
            exit: exit.or_else(|| self.last_exit.clone()).filter(|_| alive.is_none()),
            starts: self.starts,
            direct_url: alive.map(|running| format!("http://127.0.0.1:{}", running.port)),
        }
    }
}

/// Waits until the process has ended and tells how.
async fn watch_over(
    mut child: Child,
    stderr: ChildStderr,
    tell: watch::Sender<Option<String>>,
    notify: impl FnOnce(),
) {
    let mut words = Vec::new();
    let mut stderr = stderr.take(LAST_WORDS);
    // More than that is not read: a node says at most one sentence there.
    let (exit, _) = tokio::join!(child.wait(), stderr.read_to_end(&mut words));
    let exit = exit.map_or_else(|error| error.to_string(), |status| status.to_string());
    let words = String::from_utf8_lossy(&words);
    let words = words.trim();
    tell.send_replace(Some(if words.is_empty() { exit } else { format!("{exit}: {words}") }));
    notify();
}
