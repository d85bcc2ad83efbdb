//! The controlling program's side: starts a host and asks it for things.

use crate::options::{ClusterError, ClusterOptions, check};
use crate::protocol::{
    Command, DiskUse, Endpoint, FileEntry, Fill, Hello, HostOptions, LinkMode, LinkState, NodeStatus, Party,
    Reply, Request, Status, Written,
};
use crate::{node, ready};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The most that is kept of what a host says on standard error, in bytes.
const LAST_WORDS: u64 = 4096;
/// A host ends within this time.
const END_LIMIT: Duration = Duration::from_secs(10);
/// A request is answered within this time, apart from starting a cluster.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

type Answer = Result<Value, String>;

/// Requests that wait for their answers. `None`: the host is gone.
type Pending = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>>;

/// A running cluster. Dropping it, or dying, ends its host, all its nodes (also paused ones) and its folder;
/// [`Cluster::shutdown`] does the same and waits for it.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    requests: tokio::sync::Mutex<ChildStdin>,
    pending: Pending,
    last_words: Arc<Mutex<String>>,
    next: AtomicU64,
    endpoints: Vec<Endpoint>,
    dir: PathBuf,
    ready_limit: Duration,
    client: reqwest::Client,
}

impl Cluster {
    /// Starts a cluster and waits until it serves.
    ///
    /// # Errors
    /// The options are wrong, the program or its folder can't be used, or the cluster does not serve in time.
    pub async fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        check(&options)?;
        let not_started = |problem: String| ClusterError::NotStarted(problem);
        let binary = std::path::absolute(&options.binary).map_err(|error| not_started(error.to_string()))?;
        let dir = std::path::absolute(&options.dir).map_err(|error| not_started(error.to_string()))?;
        let mut command = tokio::process::Command::new(&binary);
        command.args(&options.binary_args_prefix).arg("cluster-host");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| not_started(format!("{}: {error}", binary.display())))?;
        let no_pipe = || not_started("the host has no pipes".to_owned());
        let mut stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let host = HostOptions {
            dir: dir.clone(),
            binary,
            binary_args_prefix: options.binary_args_prefix,
            nodes: options.nodes,
            quota_bytes: options.quota_bytes,
            election_ms: options.election_ms,
            heartbeat_ms: options.heartbeat_ms,
            restart: options.restart,
            ready_ms: u64::try_from(options.ready_limit.as_millis()).unwrap_or(u64::MAX),
            controller: std::process::id(),
        };
        let (hello, said) = oneshot::channel();
        let pending: Pending = Arc::new(Mutex::new(Some(HashMap::from([(0, hello)]))));
        let last_words = Arc::new(Mutex::new(String::new()));
        tokio::spawn(read_replies(stdout, stderr, pending.clone(), last_words.clone()));
        let mut line = serde_json::to_vec(&host).map_err(|error| not_started(error.to_string()))?;
        line.push(b'\n');
        stdin.write_all(&line).await.map_err(|error| not_started(error.to_string()))?;
        let client = node::client().map_err(|error| not_started(error.to_string()))?;
        let mut cluster = Self {
            child,
            requests: tokio::sync::Mutex::new(stdin),
            pending,
            last_words,
            next: AtomicU64::new(1),
            endpoints: Vec::new(),
            dir,
            ready_limit: options.ready_limit,
            client,
        };
        let limit = 2 * options.ready_limit + ANSWER_LIMIT;
        let hello: Hello = cluster.answer(said, limit).await.map_err(|error| match error {
            ClusterError::Refused(reason) => ClusterError::NotStarted(reason),
            other => other,
        })?;
        cluster.endpoints = hello.endpoints;
        Ok(cluster)
    }

    /// Where clients reach each node, in the order of nodes; they go through the client links.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The instance's folder.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// The host's process, while it lives.
    #[must_use]
    pub fn host_pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until every node is healthy and they agree on a leader. Nodes are asked themselves, not through links.
    ///
    /// # Errors
    /// They are not within the limit, or the host is gone.
    pub async fn wait_ready(&self, limit: Duration) -> Result<(), ClusterError> {
        ready::wait(limit, async || {
            let status = self.status().await?;
            Ok(ready::look(&self.client, &status.nodes).await?)
        })
        .await
    }

    /// What a node says of itself, at a path such as `/status` or `/health`, asked without a link.
    ///
    /// # Errors
    /// It does not run, does not answer within a second, or the host is gone.
    pub async fn ask_node(&self, node: u64, path: &str) -> Result<Value, ClusterError> {
        let status = self.status().await?;
        let known = status.nodes.iter().find(|status| status.id == node);
        let known = known.ok_or_else(|| ClusterError::Refused(format!("there is no node {node}")))?;
        Ok(ready::ask(&self.client, known, path).await?)
    }

    /// Nodes and links as the host sees them.
    ///
    /// # Errors
    /// As every request: the host refuses, is gone or silent.
    pub async fn status(&self) -> Result<Status, ClusterError> {
        self.call(Command::Status).await
    }

    /// All links and what they do.
    ///
    /// # Errors
    /// As every request.
    pub async fn links(&self) -> Result<Vec<LinkState>, ClusterError> {
        Ok(self.status().await?.links)
    }

    /// Starts a node that has ended, and waits until it listens; it may then still find that it can't go on.
    ///
    /// # Errors
    /// It runs already or ended at once; as every request.
    pub async fn start_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::StartNode { node }).await
    }

    /// Asks a node to end (SIGTERM, also when it is paused) and waits until it has; after 3 s it is killed.
    ///
    /// # Errors
    /// It does not run; as every request.
    pub async fn stop_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::StopNode { node }).await
    }

    /// Kills a node (SIGKILL).
    ///
    /// # Errors
    /// It does not run; as every request.
    pub async fn kill_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::KillNode { node }).await
    }

    /// Stops a node, if it runs, and starts it.
    ///
    /// # Errors
    /// It ended at once; as every request.
    pub async fn restart_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::RestartNode { node }).await
    }

    /// Pauses a node (SIGSTOP).
    ///
    /// # Errors
    /// It does not run, or the system can't pause processes; as every request.
    pub async fn pause_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::PauseNode { node }).await
    }

    /// Lets a paused node go on (SIGCONT); one that is not paused just goes on.
    ///
    /// # Errors
    /// It does not run; as every request.
    pub async fn resume_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::ResumeNode { node }).await
    }

    /// Changes what a link does.
    ///
    /// # Errors
    /// There is no such link; as every request.
    pub async fn set_link(&self, from: Party, to: u64, link: LinkMode) -> Result<(), ClusterError> {
        self.call(Command::SetLink { from, to, link }).await
    }

    /// Takes a node's disk space with a file of its data folder, replacing an earlier one of that name. The file is
    /// sparse: it counts against the node's quota and takes no space of this machine.
    ///
    /// # Errors
    /// It does not fit, or its name leads out of the folder; as every request.
    pub async fn fill_disk(&self, node: u64, fill: Fill, file: &str) -> Result<Written, ClusterError> {
        self.call(Command::FillDisk { node, fill, file: file.to_owned() }).await
    }

    /// How full a node's disk is.
    ///
    /// # Errors
    /// As every request.
    pub async fn disk(&self, node: u64) -> Result<DiskUse, ClusterError> {
        self.call(Command::Disk { node }).await
    }

    /// The files in a node's data folder.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_files(&self, node: u64) -> Result<Vec<FileEntry>, ClusterError> {
        self.call(Command::ListFiles { node }).await
    }

    /// Removes a file of a node's data folder, given by its path below it.
    ///
    /// # Errors
    /// There is none, or the path leads out; as every request.
    pub async fn remove_file(&self, node: u64, file: &str) -> Result<(), ClusterError> {
        self.call(Command::RemoveFile { node, file: file.to_owned() }).await
    }

    /// The last lines of a node's log, oldest first, also when it does not run.
    ///
    /// # Errors
    /// As every request.
    pub async fn read_log(&self, node: u64, lines: usize) -> Result<Vec<String>, ClusterError> {
        self.call(Command::ReadLog { node, lines }).await
    }

    /// Kills a node if it runs, and empties its data folder.
    ///
    /// # Errors
    /// As every request.
    pub async fn wipe_node(&self, node: u64) -> Result<NodeStatus, ClusterError> {
        self.call(Command::WipeNode { node }).await
    }

    /// Throws all data away and starts anew at the same endpoints, with all links passing; waits until it serves.
    ///
    /// # Errors
    /// It does not serve in time; as every request.
    pub async fn reset(&self) -> Result<(), ClusterError> {
        let limit = 2 * self.ready_limit + ANSWER_LIMIT;
        self.call_within::<Value>(Command::Reset, limit).await.map(drop)
    }

    /// Ends everything and waits until host, nodes and folder are gone.
    ///
    /// # Errors
    /// The host has not ended in time, or said that it could not remove its folder.
    pub async fn shutdown(mut self) -> Result<(), ClusterError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // If it can't be written the host is ending already.
        let _ = self.send(Request { id, command: Command::Shutdown }).await;
        let Ok(ended) = timeout(END_LIMIT, self.child.wait()).await else { return Err(ClusterError::Silent) };
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(ClusterError::Gone(format!(": {status}{}", self.words()))),
            Err(error) => Err(ClusterError::Gone(format!(": {error}"))),
        }
    }

    async fn call<T: DeserializeOwned>(&self, command: Command) -> Result<T, ClusterError> {
        self.call_within(command, ANSWER_LIMIT).await
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        command: Command,
        limit: Duration,
    ) -> Result<T, ClusterError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        match self.pending.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(pending) => drop(pending.insert(id, answer)),
            None => return Err(self.gone()),
        }
        if self.send(Request { id, command }).await.is_err() {
            return Err(self.gone());
        }
        self.answer(answered, limit).await
    }

    async fn send(&self, request: Request) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        self.requests.lock().await.write_all(&line).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        answered: oneshot::Receiver<Answer>,
        limit: Duration,
    ) -> Result<T, ClusterError> {
        let answer = timeout(limit, answered).await.map_err(|_| ClusterError::Silent)?;
        let value = answer.map_err(|_| self.gone())?.map_err(ClusterError::Refused)?;
        serde_json::from_value(value)
            .map_err(|error| ClusterError::Gone(format!(": it answers something else: {error}")))
    }

    fn gone(&self) -> ClusterError {
        ClusterError::Gone(self.words())
    }

    fn words(&self) -> String {
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.is_empty() { String::new() } else { format!(": {}", words.trim()) }
    }
}

/// Hands replies to those who wait for them until the host ends; then nobody waits any longer.
async fn read_replies(
    stdout: ChildStdout,
    stderr: ChildStderr,
    pending: Pending,
    last_words: Arc<Mutex<String>>,
) {
    let replies = async {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(Reply { id, result }) = serde_json::from_str(&line) else { continue };
            let waiting = pending
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_mut()
                .and_then(|all| all.remove(&id));
            if let Some(waiting) = waiting {
                // Whoever asked may have given up.
                let _ = waiting.send(result);
            }
        }
    };
    let words = async {
        let mut words = Vec::new();
        // What can't be read was not said.
        let _ = stderr.take(LAST_WORDS).read_to_end(&mut words).await;
        *last_words.lock().unwrap_or_else(PoisonError::into_inner) =
            String::from_utf8_lossy(&words).into_owned();
    };
    tokio::join!(replies, words);
    pending.lock().unwrap_or_else(PoisonError::into_inner).take();
}
