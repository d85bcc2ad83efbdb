//! A cluster in a folder of its own, and a client.

use bakeoff_cluster::{Cluster, ClusterOptions, LinkMode, Party};
use serde_json::Value;
use std::fmt::Debug;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For everything that is to happen; the machine may be busy.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A cluster that ends with the test.
pub struct Place {
    pub cluster: Cluster,
    pub client: reqwest::Client,
    pub folder: TempDir,
}

/// The program with the two roles.
pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_bakeoff-cluster")
}

/// Options for an instance below a folder.
pub fn options(folder: &TempDir, name: &str) -> ClusterOptions {
    ClusterOptions::new(binary(), folder.path().join(name))
}

/// An answer: its status and its JSON.
pub type Answer = (u16, Value);

impl Place {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ClusterOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = options(&folder, "one");
        change(&mut options);
        let cluster = Cluster::start(options).await.expect("the cluster starts");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { cluster, client, folder }
    }

    /// A request to a node through its client link.
    pub async fn ask(
        &self,
        method: &str,
        node: u64,
        path: &str,
        body: &str,
    ) -> Result<Answer, reqwest::Error> {
        let endpoint = &self.cluster.endpoints()[usize::try_from(node).expect("a node's number") - 1];
        assert_eq!(endpoint.node, node);
        let method = method.parse().expect("a method");
        let request =
            self.client.request(method, format!("{}{path}", endpoint.url)).timeout(Duration::from_secs(6));
        let answer = request.body(body.to_owned()).send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub async fn try_put(&self, node: u64, key: &str, value: &str) -> Result<(), String> {
        match self.ask("PUT", node, &format!("/kv/{key}"), value).await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// A write that is tried until it is acknowledged.
    pub async fn put(&self, node: u64, key: &str, value: &str) {
        until(&format!("{key} is written through n{node}"), async || self.try_put(node, key, value).await)
            .await;
    }

    /// A value, as soon as the node answers at all.
    pub async fn get(&self, node: u64, key: &str) -> Option<String> {
        let mut found = None;
        until(&format!("{key} is read through n{node}"), async || {
            match self.ask("GET", node, &format!("/kv/{key}"), "").await {
                Ok((200, body)) => found = body["value"].as_str().map(str::to_owned),
                Ok((404, _)) => found = None,
                other => return Err(format!("{other:?}")),
            }
            Ok(())
        })
        .await;
        found
    }

    /// What a node says of itself, without a link.
    pub async fn of(&self, node: u64, path: &str) -> Value {
        self.cluster.ask_node(node, path).await.unwrap_or(Value::Null)
    }

    /// The node that leads, when some node says so of itself and none of the others is asked.
    pub async fn leader(&self) -> u64 {
        let mut leader = 0;
        until("there is a leader", async || {
            for node in 1..=self.nodes() {
                let status = self.of(node, "/status").await;
                if status["role"] == "leader" && self.of(node, "/health").await["healthy"] == true {
                    leader = node;
                    return Ok(());
                }
            }
            Err("nobody leads")
        })
        .await;
        leader
    }

    pub fn nodes(&self) -> u64 {
        self.cluster.endpoints().len() as u64
    }

    /// The nodes other than one.
    pub fn others(&self, than: u64) -> Vec<u64> {
        (1..=self.nodes()).filter(|node| *node != than).collect()
    }

    /// Every link between one node and the others, both ways.
    pub async fn around(&self, node: u64, mode: LinkMode) {
        for other in self.others(node) {
            self.link(Party::Node(node), other, mode).await;
            self.link(Party::Node(other), node, mode).await;
        }
    }

    pub async fn link(&self, from: Party, to: u64, mode: LinkMode) {
        self.cluster.set_link(from, to, mode).await.expect("the link is there");
    }

    pub async fn ready(&self) {
        self.cluster.wait_ready(LIMIT).await.expect("the cluster serves");
    }

    /// All nodes have the same data and log as far as they tell.
    pub async fn agree(&self) {
        until("all nodes have the same log", async || {
            let mut seen = Vec::new();
            for node in 1..=self.nodes() {
                let status = self.of(node, "/status").await;
                let fields = ["term", "leader", "last_log_index", "applied_index", "keys"];
                seen.push(fields.map(|field| status[field].clone()));
            }
            let same = seen.iter().all(|one| one == &seen[0] && !one[0].is_null());
            if same { Ok(()) } else { Err(format!("{seen:?}")) }
        })
        .await;
    }

    /// The node's log has a line with this text.
    pub async fn told(&self, node: u64, text: &str) {
        until(&format!("n{node}'s log tells {text:?}"), async || {
            let lines = self.cluster.read_log(node, 200).await.expect("the log can be read");
            if lines.iter().any(|line| line.contains(text)) { Ok(()) } else { Err(lines) }
        })
        .await;
    }
}

/// Looks again and again until it is so; what was seen last otherwise.
pub async fn until<E: Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<(), E>) {
    let deadline = Instant::now() + LIMIT;
    loop {
        match look().await {
            Ok(()) => return,
            Err(seen) => {
                assert!(Instant::now() < deadline, "{what}: not after {LIMIT:?}; seen last: {seen:?}")
            }
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Whether a process lives (a zombie does not).
pub fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with(['Z', 'X']))
}

/// Kills a process.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a process number")).expect("not 0");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it can be killed");
}
