//! What is done to an embedded cluster, how it is seen and how it is undone.

use super::instance::{Inner, node_id, node_name, party_name};
use crate::error::{refused, unavailable};
use bakeoff_cluster::{Cluster, Fill, LinkMode, NodeState, NodeStatus, Party};
use bakeoff_core::fault::{Direction, Fault, FaultKind, PlannedFault, Target, Undo};
use bakeoff_core::ports::lab::{Presence, SubjectError};
use serde_json::{Map, Value, json};

/// The file that fills a disk: a name that a database would give.
const BALLAST: &str = "compaction-000017.tmp";
/// How a client is called among the ends of a link.
const CLIENT: &str = "client";

pub(super) async fn plan(inner: &Inner, fault: &Fault, seed: u64) -> Result<PlannedFault, SubjectError> {
    let mut planned = PlannedFault {
        fault: fault.clone(),
        node: None,
        mechanism: "none".to_owned(),
        undo: Undo::Nothing,
        detail: Map::new(),
    };
    if fault.kind == FaultKind::None {
        return Ok(planned);
    }
    let node = choose(inner, &fault.target, seed).await?;
    let others: Vec<String> =
        inner.endpoints.iter().map(|(name, _)| name.clone()).filter(|name| *name != node).collect();
    let pairs = |from: &str| -> Vec<(String, String)> {
        others.iter().map(|other| (from.to_owned(), other.clone())).collect()
    };
    let toward =
        || -> Vec<(String, String)> { others.iter().map(|other| (other.clone(), node.clone())).collect() };
    planned.mechanism = mechanism(fault.kind).map_err(unavailable)?.to_owned();
    planned.undo = match fault.kind {
        FaultKind::NodeKill => Undo::StartNode { node: node.clone() },
        FaultKind::NodePause => Undo::ResumeNode { node: node.clone() },
        FaultKind::Latency => {
            let client = (CLIENT.to_owned(), node.clone());
            Undo::ClearLinks { links: [pairs(&node), toward(), vec![client]].concat() }
        }
        FaultKind::NetworkPartition => {
            planned.detail.insert("peers".to_owned(), json!(others));
            let links = match fault.direction.unwrap_or_default() {
                Direction::Symmetric => [pairs(&node), toward()].concat(),
                Direction::Asymmetric => pairs(&node),
            };
            Undo::ClearLinks { links }
        }
        FaultKind::DiskPressure => {
            planned.detail.insert("file".to_owned(), json!(BALLAST));
            Undo::RemoveFile { node: node.clone(), path: BALLAST.to_owned() }
        }
        FaultKind::None | FaultKind::PacketLoss | FaultKind::ProcessRestart => Undo::Nothing,
    };
    planned.node = Some(node);
    Ok(planned)
}

/// By what means a fault is done to an embedded cluster, or why it can't be.
pub(crate) fn mechanism(kind: FaultKind) -> Result<&'static str, &'static str> {
    match kind {
        FaultKind::None => Ok("none"),
        FaultKind::NodeKill | FaultKind::NodePause => Ok("signal"),
        FaultKind::Latency | FaultKind::NetworkPartition => Ok("link proxy"),
        FaultKind::DiskPressure => Ok("quota"),
        FaultKind::PacketLoss => Err(
            "The embedded cluster's links carry TCP, in which no packet can be lost. Use a Docker subject for packet_loss.",
        ),
        FaultKind::ProcessRestart => Err(
            "Nothing restarts a node of the embedded cluster by itself. Use node_kill, or a Docker subject for process_restart.",
        ),
    }
}

/// The node that a fault hits. Only running ones are chosen from.
async fn choose(inner: &Inner, target: &Target, seed: u64) -> Result<String, SubjectError> {
    let nodes = inner.nodes().await?;
    if let Target::Node(name) = target {
        let is_there =
            nodes.iter().any(|node| node_name(node.id) == *name && node.state == NodeState::Running);
        return match is_there {
            true => Ok(name.clone()),
            false => Err(refused(format!("The node {name} is not running, so nothing can be done to it."))),
        };
    }
    let leader = leader(inner, &nodes).await;
    let running = nodes.iter().filter(|node| node.state == NodeState::Running);
    let candidates: Vec<u64> = running
        .map(|node| node.id)
        .filter(|id| match target {
            Target::Leader => Some(*id) == leader,
            Target::Follower => Some(*id) != leader,
            Target::Any | Target::Node(_) => true,
        })
        .collect();
    let index = usize::try_from(seed % candidates.len().max(1) as u64).unwrap_or_default();
    let chosen = candidates.get(index).copied();
    chosen.map(node_name).ok_or_else(|| refused("No node that the fault could hit is running."))
}

async fn leader(inner: &Inner, nodes: &[NodeStatus]) -> Option<u64> {
    for node in nodes.iter().filter(|node| node.state == NodeState::Running) {
        if let Some(leader) = inner.status_of(node.id).await.ok().and_then(|told| told["leader"].as_u64()) {
            return Some(leader);
        }
    }
    None
}

pub(super) async fn inject(inner: &Inner, planned: &PlannedFault) -> Result<(), SubjectError> {
    let fault = &planned.fault;
    let id = || {
        let name = planned.node.as_deref().unwrap_or_default();
        node_id(name).ok_or_else(|| refused(format!("There is no node {name}.")))
    };
    let cluster = inner.cluster()?;
    match fault.kind {
        FaultKind::NodeKill => drop(cluster.kill_node(id()?).await.map_err(refused)?),
        FaultKind::NodePause => drop(cluster.pause_node(id()?).await.map_err(refused)?),
        FaultKind::DiskPressure => {
            let free = cluster.disk(id()?).await.map_err(refused)?.free;
            let share = fault.fill_percent.unwrap_or(80.0) / 100.0;
            let bytes = (free as f64 * share).round() as u64;
            cluster.fill_disk(id()?, Fill::Bytes(bytes), BALLAST).await.map_err(refused)?;
        }
        FaultKind::Latency | FaultKind::NetworkPartition => {
            let mode = match fault.delay_ms() {
                Some((ms, jitter_ms)) => LinkMode::Delay { ms, jitter_ms },
                None => LinkMode::Blackhole,
            };
            set_links(&cluster, &planned.undo, mode).await?;
        }
        FaultKind::None | FaultKind::PacketLoss | FaultKind::ProcessRestart => {}
    }
    Ok(())
}

async fn set_links(cluster: &Cluster, undo: &Undo, mode: LinkMode) -> Result<(), SubjectError> {
    let Undo::ClearLinks { links } = undo else { return Ok(()) };
    for (from, to) in links {
        let (from, to) = ends(from, to)?;
        cluster.set_link(from, to, mode).await.map_err(refused)?;
    }
    Ok(())
}

/// The ends of a link from their names.
pub(super) fn ends(from: &str, to: &str) -> Result<(Party, u64), SubjectError> {
    let unknown = |name: &str| refused(format!("There is no node {name}."));
    let to = node_id(to).ok_or_else(|| unknown(to))?;
    let from = match from {
        CLIENT => Party::Client,
        name => Party::Node(node_id(name).ok_or_else(|| unknown(name))?),
    };
    Ok((from, to))
}

pub(super) async fn presence(inner: &Inner, planned: &PlannedFault) -> Presence {
    match look(inner, planned).await {
        Ok(presence) => presence,
        Err(error) => Presence::Unknown(error.message),
    }
}

async fn look(inner: &Inner, planned: &PlannedFault) -> Result<Presence, SubjectError> {
    let Some(node) = planned.node.as_deref() else {
        return Ok(Presence::Absent("nothing was done".to_owned()));
    };
    let id = node_id(node).ok_or_else(|| refused(format!("There is no node {node}.")))?;
    match (&planned.undo, planned.fault.kind) {
        (Undo::ClearLinks { links }, kind) => links_present(inner, node, links, kind, planned).await,
        (Undo::RemoveFile { path, .. }, _) => {
            let files = inner.cluster()?.list_files(id).await.map_err(refused)?;
            let used = inner.disk_percent(id).await.unwrap_or_default();
            Ok(match files.iter().find(|file| file.file == *path) {
                Some(file) => {
                    Presence::Present(format!("{path} of {} bytes, disk {used:.0} % used", file.bytes))
                }
                None => Presence::Absent(format!("no {path}, disk {used:.0} % used")),
            })
        }
        (_, kind) => {
            let nodes = inner.nodes().await?;
            let state = nodes.iter().find(|status| status.id == id).map(|status| status.state);
            let present = match kind {
                FaultKind::NodePause => state == Some(NodeState::Paused),
                _ => state == Some(NodeState::Exited),
            };
            let seen = match state {
                Some(NodeState::Running) => format!("{node} runs"),
                Some(NodeState::Paused) => format!("{node} is stopped (SIGSTOP)"),
                Some(NodeState::Exited) => format!("{node}'s process has ended"),
                None => format!("there is no {node}"),
            };
            Ok(if present { Presence::Present(seen) } else { Presence::Absent(seen) })
        }
    }
}

/// Links are believed when they say that they pass; that they delay is measured besides.
async fn links_present(
    inner: &Inner,
    node: &str,
    links: &[(String, String)],
    kind: FaultKind,
    planned: &PlannedFault,
) -> Result<Presence, SubjectError> {
    let states = inner.cluster()?.links().await.map_err(refused)?;
    let disturbed: Vec<String> = states
        .iter()
        .filter(|state| state.mode != LinkMode::Pass)
        .map(|state| (party_name(state.from), node_name(state.to)))
        .filter(|ends| links.contains(ends))
        .map(|(from, to)| format!("{from} to {to}"))
        .collect();
    if disturbed.is_empty() {
        return Ok(Presence::Absent("all links pass".to_owned()));
    }
    let count = disturbed.len();
    if kind != FaultKind::Latency {
        return Ok(Presence::Present(format!("{count} links don't pass: {}", disturbed.join(", "))));
    }
    let (mean, jitter) = planned.fault.delay_ms().unwrap_or_default();
    let least = 0.8 * f64::from(mean.saturating_sub(jitter));
    Ok(match inner.prober.round_trip(node).await {
        Ok(took) if took >= least => {
            Presence::Present(format!("{node} answers after {took:.0} ms, {count} links are slow"))
        }
        // Links between the nodes may be slow where the clients' no longer is.
        Ok(took) if disturbed.iter().any(|link| !link.starts_with(CLIENT)) && took < least => {
            Presence::Present(format!("{count} links are slow: {}", disturbed.join(", ")))
        }
        Ok(took) => {
            Presence::Unknown(format!("{node} answers after {took:.0} ms although {count} links are slow"))
        }
        Err(_) => Presence::Present(format!("{node} does not answer, {count} links are slow")),
    })
}

pub(super) async fn revert(inner: &Inner, planned: &PlannedFault) -> Result<(), SubjectError> {
    let states = inner.nodes().await?;
    let state_of = |node: &str| {
        let id = node_id(node).ok_or_else(|| refused(format!("There is no node {node}.")))?;
        let state = states.iter().find(|status| status.id == id).map(|status| status.state);
        Ok::<_, SubjectError>((id, state))
    };
    let cluster = inner.cluster()?;
    match &planned.undo {
        Undo::Nothing | Undo::RemoveRules { .. } => Ok(()),
        Undo::StartNode { node } => match state_of(node)? {
            (id, Some(NodeState::Exited)) => cluster.start_node(id).await.map(drop).map_err(refused),
            _ => Ok(()),
        },
        Undo::ResumeNode { node } => match state_of(node)? {
            (id, Some(NodeState::Paused)) => cluster.resume_node(id).await.map(drop).map_err(refused),
            _ => Ok(()),
        },
        Undo::ClearLinks { .. } => set_links(&cluster, &planned.undo, LinkMode::Pass).await,
        Undo::RemoveFile { node, path } => {
            let (id, _) = state_of(node)?;
            let files = cluster.list_files(id).await.map_err(refused)?;
            match files.iter().any(|file| file.file == *path) {
                true => cluster.remove_file(id, path).await.map_err(refused),
                false => Ok(()),
            }
        }
    }
}

/// What a link does, in the words that `labctl` uses.
pub(super) fn mode_words(mode: LinkMode) -> String {
    match mode {
        LinkMode::Pass => "ok".to_owned(),
        LinkMode::Delay { ms, jitter_ms: 0 } => format!("delayed {ms} ms"),
        LinkMode::Delay { ms, jitter_ms } => format!("delayed {ms} ms +- {jitter_ms} ms"),
        LinkMode::Blackhole => "blocked".to_owned(),
        LinkMode::Reset => "resetting".to_owned(),
        LinkMode::Refuse => "refusing".to_owned(),
    }
}

/// What a node said of itself, for `labctl`: its role, or a dash.
pub(super) fn role(told: Option<&Value>) -> &str {
    told.and_then(|told| told["role"].as_str()).unwrap_or("-")
}
