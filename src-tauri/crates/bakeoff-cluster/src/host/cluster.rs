//! An instance: its folder, its links, its nodes.

use super::slot::Slot;
use crate::instance::Instance;
use crate::link::Link;
use crate::node::NodeConfig;
use crate::protocol::{Endpoint, Hello, HostOptions, LinkMode, LinkState, Party, RestartPolicy, Status};
use crate::{node, ready, sweep};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// With [`RestartPolicy::OnFailure`], between the end of a process and its next start.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Something that nobody asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// The process of this start has ended.
    Ended { node: u64, starts: u32 },
    /// It was decided that it is started again.
    Restart { node: u64, starts: u32 },
}

/// An instance.
pub(crate) struct Host {
    pub options: HostOptions,
    pub links: BTreeMap<(Party, u64), Link>,
    slots: BTreeMap<u64, Slot>,
    instance: Instance,
    events: mpsc::UnboundedSender<Event>,
    client: reqwest::Client,
}

impl Host {
    /// Makes the instance's folder and opens its links.
    pub(crate) fn new(options: HostOptions, events: mpsc::UnboundedSender<Event>) -> Result<Self, String> {
        let dir = options.dir.clone();
        let told = |error: io::Error| format!("{}: {error}", dir.display());
        if std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(format!("{}: the folder of an instance must be new or empty", dir.display()));
        }
        std::fs::create_dir_all(&dir).map_err(told)?;
        // The mark comes first: whatever happens from here on can be swept.
        let mut instance = Instance::of_this_process(options.controller).map_err(told)?;
        instance.write(&dir).map_err(told)?;
        let mut links = BTreeMap::new();
        for to in 1..=options.nodes {
            links.insert((Party::Client, to), Link::open().map_err(told)?);
            for from in (1..=options.nodes).filter(|from| *from != to) {
                links.insert((Party::Node(from), to), Link::open().map_err(told)?);
            }
        }
        instance.ports = links.values().map(Link::port).collect();
        let slots = (1..=options.nodes).map(|id| (id, Slot::new(&dir, id))).collect();
        let client = node::client().map_err(|error| error.to_string())?;
        let host = Self { options, links, slots, instance, events, client };
        for folder in ["logs", "conf"] {
            std::fs::create_dir_all(dir.join(folder)).map_err(told)?;
        }
        for slot in host.slots.values() {
            let config = serde_json::to_vec_pretty(&host.config(slot)).map_err(|error| told(error.into()))?;
            std::fs::write(&slot.config_file, config).map_err(told)?;
        }
        host.instance.write(&dir).map_err(told)?;
        Ok(host)
    }

    fn config(&self, slot: &Slot) -> NodeConfig {
        let own = self.links.iter().filter(|((from, _), _)| *from == Party::Node(slot.id));
        let peers = own.map(|((_, to), link)| (*to, format!("http://127.0.0.1:{}", link.port())));
        NodeConfig {
            id: slot.id,
            data_dir: slot.data_dir.clone(),
            log_file: slot.log_file.clone(),
            quota_bytes: self.options.quota_bytes,
            peers: peers.collect(),
            election_ms: self.options.election_ms,
            heartbeat_ms: self.options.heartbeat_ms,
        }
    }

    /// Starts all nodes as a new cluster and waits until it serves; says where.
    pub(crate) async fn start(&mut self) -> Result<serde_json::Value, String> {
        for id in self.ids() {
            self.start_node(id, true).await?;
        }
        let first = self.status().nodes.swap_remove(0);
        let url = first.direct_url.ok_or("n1 has ended")?;
        let limit = Duration::from_millis(self.options.ready_ms);
        let client = self.client.clone();
        ready::wait(limit, async || {
            let answer = client.post(format!("{url}/raft/initialize")).timeout(limit).send().await;
            let answer = answer.map_err(|error| format!("n1: {}", node::chain(&error)))?;
            if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
        })
        .await?;
        ready::wait(limit, async || ready::look(&client, &self.status().nodes).await).await?;
        let endpoints =
            self.links.iter().filter(|((from, _), _)| *from == Party::Client).map(|((_, node), link)| {
                Endpoint { node: *node, url: format!("http://127.0.0.1:{}", link.port()) }
            });
        let hello = Hello { endpoints: endpoints.collect() };
        serde_json::to_value(hello).map_err(|error| error.to_string())
    }

    /// Throws everything away and starts a new cluster at the same ports.
    pub(crate) async fn reset(&mut self) -> Result<serde_json::Value, String> {
        self.kill_all().await;
        for link in self.links.values() {
            link.set_mode(LinkMode::Pass);
        }
        for slot in self.slots.values() {
            let told = |error: io::Error| format!("n{}: {error}", slot.id);
            empty(&slot.data_dir).map_err(told)?;
            for log in [slot.log_file.clone(), slot.log_file.with_extension("log.1")] {
                match std::fs::remove_file(log) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told(error)),
                    _ => {}
                }
            }
        }
        self.start().await
    }

    pub(crate) fn ids(&self) -> Vec<u64> {
        self.slots.keys().copied().collect()
    }

    pub(crate) fn slot(&mut self, id: u64) -> Result<&mut Slot, String> {
        let last = self.options.nodes;
        self.slots.get_mut(&id).ok_or_else(|| format!("there is no node {id}; nodes are 1 to {last}"))
    }

    /// Starts a node's process and leads its links to it.
    pub(crate) async fn start_node(&mut self, id: u64, bootstrap: bool) -> Result<(), String> {
        let mut command = tokio::process::Command::new(&self.options.binary);
        command.args(&self.options.binary_args_prefix).arg("cluster-node").arg("--config");
        let events = self.events.clone();
        let slot = self.slot(id)?;
        command.arg(&slot.config_file);
        if bootstrap {
            command.arg("--bootstrap");
        }
        // Nothing of this program's environment concerns a database, least of all keys.
        command.env_clear().current_dir("/");
        #[cfg(unix)]
        command.arg0("ledger");
        let started = slot.start(command, events).await;
        let address = started?;
        for ((_, to), link) in &self.links {
            if *to == id {
                link.set_target(Some(address));
            }
        }
        self.note()
    }

    /// Brings links and the instance's file up to date after a node has ended.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        for slot in self.slots.values().filter(|slot| slot.ended_after().is_some()) {
            for ((_, to), link) in &self.links {
                if *to == slot.id {
                    link.set_target(None);
                }
            }
        }
        self.note()
    }

    fn note(&mut self) -> Result<(), String> {
        self.instance.nodes = self.slots.values().filter_map(Slot::mark).collect();
        let dir = &self.options.dir;
        self.instance.write(dir).map_err(|error| format!("{}: {error}", dir.display()))
    }

    pub(crate) async fn notice(&mut self, event: Event) {
        match event {
            Event::Ended { node, starts } => {
                // Its file is written again at the next change.
                let _ = self.settle();
                let heals = self.options.restart == RestartPolicy::OnFailure
                    && self
                        .slots
                        .get(&node)
                        .is_some_and(|slot| slot.ended_after() == Some(starts) && !slot.stopped);
                if heals {
                    let events = self.events.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(RESTART_AFTER).await;
                        let _ = events.send(Event::Restart { node, starts });
                    });
                }
            }
            Event::Restart { node, starts } => {
                let is_still = self.slots.get(&node).is_some_and(|slot| slot.ended_after() == Some(starts));
                if is_still {
                    // Why it failed is in its status.
                    let _ = self.start_node(node, false).await;
                }
            }
        }
    }

    pub(crate) fn status(&self) -> Status {
        let links = self.links.iter().map(|((from, to), link)| LinkState {
            from: *from,
            to: *to,
            port: link.port(),
            mode: link.mode(),
        });
        Status { nodes: self.slots.values().map(Slot::status).collect(), links: links.collect() }
    }

    async fn kill_all(&mut self) {
        for slot in self.slots.values_mut() {
            slot.stopped = true;
            // All at once, before waiting for any; those that don't run can't be.
            let _ = slot.signal(crate::process::Signal::Kill);
        }
        for slot in self.slots.values_mut() {
            let _ = slot.kill().await;
        }
        let _ = self.settle();
    }

    /// Kills all nodes and removes the folder.
    ///
    /// # Errors
    /// A file can't be removed.
    pub(crate) async fn clear(mut self) -> io::Result<()> {
        self.kill_all().await;
        sweep::remove(&self.options.dir)
    }
}

/// Removes everything in a folder, which may not exist.
pub(crate) fn empty(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => std::fs::create_dir_all(dir),
    }
}
