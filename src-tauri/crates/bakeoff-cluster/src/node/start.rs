//! From the command line to a running node.

use super::config::NodeConfig;
use super::disk::{Disk, META, SNAPSHOT, VOTE, WAL};
use super::journal::Journal;
use super::log_store::{self, LogStore};
use super::machine::Machine;
use super::peers::{self, Peers};
use super::server::{Core, Node};
use super::types::Raft;
use super::{api, watch};
use crate::process;
use serde_json::{Value, json};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// What a node prints before the port of 127.0.0.1 where it listens.
pub(crate) const LISTENING: &str = "listening on 127.0.0.1:";

/// Peers that don't answer are asked again after this time.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Runs a node until it is told to end: `--config FILE [--bootstrap]`. It prints where it listens, and ends when
/// standard input does, on SIGTERM, or with the process that started it.
#[must_use]
pub fn node_main(arguments: &[String]) -> ExitCode {
    process::die_with_parent();
    process::leave_session();
    process::end_with_stdin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime needs no more than a few descriptors");
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("ledger: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<(), String> {
    let (path, bootstrap) = read_arguments(arguments)?;
    let config = NodeConfig::read(&path)?;
    let raft_config = config.raft().map_err(|error| format!("{}: {error}", path.display()))?;
    let journal = Journal::open(&config.log_file);
    let journal = journal.map_err(|error| format!("{}: {error}", config.log_file.display()))?;
    let journal = Arc::new(journal);
    let version = env!("CARGO_PKG_VERSION");
    journal.info("server", format!("ledger {version} starting as n{}", config.id));
    let client = peers::client().map_err(|error| error.to_string())?;
    let peers = Peers::new(config.peers.clone(), client, journal.clone());
    let node = Arc::new(Node::new(config, journal.clone(), peers));

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let serving = tokio::spawn(axum::serve(listener, api::routes(node.clone())).into_future());
    println!("{LISTENING}{port}");
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    journal.info("server", format!("{LISTENING}{port}"));

    let joined = tokio::select! {
        joined = join(&node, raft_config, bootstrap) => joined,
        () = terminated() => return Ok(()),
    };
    if let Err(problem) = joined {
        journal.error("server", &problem);
        return Err(problem);
    }
    tokio::select! {
        () = watch::watch(&node) => {}
        () = terminated() => {}
    }
    journal.info("server", "shutting down");
    if let Some(core) = node.core() {
        // It has stopped already if its disk was full.
        let _ = core.raft.shutdown().await;
    }
    serving.abort();
    Ok(())
}

fn read_arguments(arguments: &[String]) -> Result<(PathBuf, bool), String> {
    let mut config = None;
    let mut bootstrap = false;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--config" => config = rest.next().map(PathBuf::from),
            "--bootstrap" => bootstrap = true,
            other => {
                return Err(format!(
                    "{other:?} is not an argument; allowed are --config FILE and --bootstrap"
                ));
            }
        }
    }
    Ok((config.ok_or("--config FILE is missing")?, bootstrap))
}

/// Until the process is asked to end.
async fn terminated() {
    #[cfg(unix)]
    {
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut signal) = signal {
            signal.recv().await;
            return;
        }
    }
    std::future::pending().await
}

/// Takes part in the cluster with what is in the data folder.
async fn join(node: &Node, raft_config: openraft::Config, bootstrap: bool) -> Result<(), String> {
    let (dir, journal) = (&node.config.data_dir, &node.journal);
    let in_folder = |error: std::io::Error| format!("{}: {error}", dir.display());
    std::fs::create_dir_all(dir).map_err(in_folder)?;
    if is_fresh(dir)? {
        if !bootstrap {
            journal.warn("server", "the data directory is empty; asking the other nodes");
            wait_until_unknown(node).await?;
        }
        let meta = json!({ "format": 1, "node": node.config.id });
        std::fs::write(dir.join(META), meta.to_string()).map_err(in_folder)?;
    }
    let recovered = log_store::recover(dir, journal).map_err(in_folder)?;
    let (purged, entries) = (recovered.purged(), recovered.entries());
    let disk = Disk::open(dir, node.config.quota_bytes).map_err(in_folder)?;
    let machine = Machine::load(dir, disk.clone(), journal.clone()).map_err(in_folder)?;
    if machine.applied() < purged {
        return Err(format!(
            "{}: {SNAPSHOT} is missing or older than {WAL}; remove this node from the cluster, clear its data \
             directory and add it again",
            dir.display()
        ));
    }
    journal
        .info("wal", format!("recovered {entries} entries and {} keys of the last snapshot", machine.keys()));
    let log = LogStore::new(recovered, disk.clone(), journal.clone());
    let (id, peers) = (node.config.id, node.peers.clone());
    let raft = Raft::new(id, Arc::new(raft_config), peers, log, machine.clone()).await;
    let raft = raft.map_err(|error| format!("{}: {error}", dir.display()))?;
    node.set_core(Core { raft, machine, disk });
    Ok(())
}

/// Whether nothing was ever kept in this folder.
fn is_fresh(dir: &Path) -> Result<bool, String> {
    let has = |name: &str| dir.join(name).exists();
    let lost = |name: &str| {
        Err(format!(
            "{}: {name} is missing, although this node has kept data here; remove this node from the cluster, clear \
             its data directory and add it again",
            dir.display()
        ))
    };
    match (has(META), has(WAL)) {
        (true, true) => Ok(false),
        (true, false) => lost(WAL),
        (false, true) => lost(META),
        (false, false) if has(VOTE) || has(SNAPSHOT) => lost(META),
        (false, false) => Ok(true),
    }
}

/// Until another node says that this one is no member.
async fn wait_until_unknown(node: &Node) -> Result<(), String> {
    let id = node.config.id;
    loop {
        for (peer, url) in node.peers.urls() {
            let request = node.peers.client().get(format!("{url}/members")).timeout(Duration::from_secs(1));
            let Ok(answer) = request.send().await else { continue };
            let Ok(answer) = answer.json::<Value>().await else { continue };
            let Some(members) = answer["members"].as_array().filter(|members| !members.is_empty()) else {
                continue;
            };
            if !members.iter().any(|member| member["id"].as_u64() == Some(id)) {
                node.journal
                    .info("server", format!("n{peer} does not know n{id}: waiting to be added as a member"));
                return Ok(());
            }
            return Err(format!(
                "the data directory is empty, but n{peer} counts n{id} as a member; remove n{id} from the cluster, \
                 start it, and add it again"
            ));
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}
