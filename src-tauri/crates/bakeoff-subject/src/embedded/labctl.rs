//! `labctl` on an embedded cluster.

use super::faults::{ends, mode_words, role};
use super::instance::{Inner, node_id, node_name, party_name};
use crate::error::refused;
use bakeoff_cluster::{Cluster, LinkMode, NodeState};
use bakeoff_core::lab::command::HELP;
use bakeoff_core::lab::{LabCommand, LabReply};
use bakeoff_core::ports::lab::SubjectError;
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn briefing(endpoints: &[(String, String)]) -> String {
    let mut text = String::from(
        "The system is `ledger`, a replicated key-value store. Every node serves HTTP: /health, /status, /metrics, \
         /log?lines=N, /kv/KEY, /members. Its nodes and their addresses:\n",
    );
    for (name, url) in endpoints {
        let _ = writeln!(text, "  {name}  {url}");
    }
    text.push_str("\nCommands for its operators:\n");
    text.push_str(HELP);
    text
}

pub(super) fn failed(message: impl Into<String>) -> LabReply {
    LabReply { exit_code: 1, stdout: String::new(), stderr: format!("labctl: {}\n", message.into()) }
}

pub(super) async fn execute(inner: &Inner, command: &LabCommand) -> LabReply {
    match run(inner, command).await {
        Ok(stdout) => LabReply { exit_code: 0, stdout, stderr: String::new() },
        Err(error) => failed(error.message),
    }
}

async fn run(inner: &Inner, command: &LabCommand) -> Result<String, SubjectError> {
    match command {
        LabCommand::Help => Ok(HELP.to_owned()),
        LabCommand::NodeList => node_list(inner).await,
        LabCommand::LinkList => link_list(inner).await,
        LabCommand::NodeInspect { node } => inspect(inner, id(inner, node)?).await,
        LabCommand::NodeDelete { node } => delete(inner, id(inner, node)?).await,
        LabCommand::NodeExec { .. } => Err(refused(
            "a node is a process here, not a container: use the other commands, or curl its address",
        )),
        LabCommand::NodeStart { node }
        | LabCommand::NodeStop { node }
        | LabCommand::NodeRestart { node }
        | LabCommand::NodeContinue { node }
        | LabCommand::NodeLogs { node, .. }
        | LabCommand::DiskFree { node }
        | LabCommand::DiskList { node }
        | LabCommand::DiskRemove { node, .. } => {
            let id = id(inner, node)?;
            of_node(&*inner.cluster()?, command, node, id).await
        }
        LabCommand::LinkClear { from, to } => {
            let (party, target) = ends(from, to)?;
            inner.cluster()?.set_link(party, target, LinkMode::Pass).await.map_err(refused)?;
            Ok(format!("{from} -> {to}  ok\n"))
        }
    }
}

fn id(inner: &Inner, node: &str) -> Result<u64, SubjectError> {
    let is_known = inner.endpoints.iter().any(|(name, _)| name == node);
    node_id(node).filter(|_| is_known).ok_or_else(|| {
        let names: Vec<&str> = inner.endpoints.iter().map(|(name, _)| name.as_str()).collect();
        refused(format!("there is no node {node}; there are {}", names.join(", ")))
    })
}

async fn of_node(
    cluster: &Cluster,
    command: &LabCommand,
    node: &str,
    id: u64,
) -> Result<String, SubjectError> {
    match command {
        LabCommand::NodeStart { .. } => cluster.start_node(id).await.map(|_| format!("{node} started\n")),
        LabCommand::NodeStop { .. } => cluster.stop_node(id).await.map(|_| format!("{node} stopped\n")),
        LabCommand::NodeRestart { .. } => cluster.restart_node(id).await.map(|_| format!("{node} restarted\n")),
        LabCommand::NodeContinue { .. } => cluster.resume_node(id).await.map(|_| format!("{node} goes on\n")),
        LabCommand::NodeLogs { lines, .. } => {
            let lines = usize::try_from(*lines).unwrap_or(usize::MAX);
            cluster.read_log(id, lines).await.map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
        }
        LabCommand::DiskFree { .. } => cluster.disk(id).await.map(|disk| {
            let percent = disk.used as f64 * 100.0 / disk.total.max(1) as f64;
            format!(
                "NODE  SIZE       USED       FREE       USE\n{node:<5} {:<10} {:<10} {:<10} {percent:.0} % used\n",
                size(disk.total),
                size(disk.used),
                size(disk.free)
            )
        }),
        LabCommand::DiskList { .. } => cluster.list_files(id).await.map(|files| {
            files.iter().map(|file| format!("{:>12}  {}\n", file.bytes, file.file)).collect()
        }),
        LabCommand::DiskRemove { path, .. } => {
            cluster.remove_file(id, path).await.map(|()| format!("{path} removed\n"))
        }
        _ => Ok(String::new()),
    }
    .map_err(refused)
}

async fn node_list(inner: &Inner) -> Result<String, SubjectError> {
    let mut text = String::new();
    for node in inner.nodes().await? {
        let told = match node.state {
            NodeState::Running => inner.status_of(node.id).await.ok(),
            NodeState::Paused | NodeState::Exited => None,
        };
        let state = match node.state {
            NodeState::Running => "running",
            NodeState::Paused => "paused",
            NodeState::Exited => "stopped",
        };
        let name = node_name(node.id);
        let url = inner.endpoints.iter().find(|(known, _)| *known == name).map_or("-", |(_, url)| url);
        let _ = writeln!(text, "{name}  {state:<8} {:<9} {url}", role(told.as_ref()));
    }
    Ok(text)
}

async fn link_list(inner: &Inner) -> Result<String, SubjectError> {
    let links = inner.cluster()?.links().await.map_err(refused)?;
    let line = |link: &bakeoff_cluster::LinkState| {
        format!("{} -> {}  {}\n", party_name(link.from), node_name(link.to), mode_words(link.mode))
    };
    Ok(links.iter().map(line).collect())
}

async fn inspect(inner: &Inner, id: u64) -> Result<String, SubjectError> {
    let nodes = inner.nodes().await?;
    let node = nodes.into_iter().find(|node| node.id == id);
    let told = inner.status_of(id).await.ok();
    let value = json!({
        "name": node_name(id),
        "state": node.as_ref().map(|node| node.state),
        "exit": node.as_ref().and_then(|node| node.exit.clone()),
        "starts": node.as_ref().map(|node| node.starts),
        "status": told,
    });
    Ok(format!("{value:#}\n"))
}

/// Out of the membership through another node, then its process and its data.
async fn delete(inner: &Inner, id: u64) -> Result<String, SubjectError> {
    let name = node_name(id);
    let mut told = String::new();
    for (other, url) in inner.endpoints.iter().filter(|(other, _)| *other != name) {
        match inner.prober.delete(&format!("{url}/members/{id}")).await {
            Ok(()) => {
                told = format!("{name} removed from the members by {other}\n");
                break;
            }
            Err(error) => told = format!("{name} could not be removed from the members: {error}\n"),
        }
    }
    inner.cluster()?.wipe_node(id).await.map_err(refused)?;
    Ok(format!("{told}{name} stopped, its data removed\n"))
}

fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
