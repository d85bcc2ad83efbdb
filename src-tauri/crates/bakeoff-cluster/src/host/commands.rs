//! What a controller may ask of a host.

use super::cluster::{Host, empty};
use crate::files;
use crate::node::journal;
use crate::process::Signal;
use crate::protocol::{Command, Fill, NodeState, Written};
use crate::ready;
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::time::Duration;

/// A signal has done its work within this time.
const SIGNAL_LIMIT: Duration = Duration::from_secs(2);

/// Does what is asked and says what came of it.
pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Value, String> {
    match command {
        Command::Status => value(host.status()),
        Command::StartNode { node } => {
            host.start_node(node, false).await?;
            status(host, node)
        }
        Command::StopNode { node } => {
            host.slot(node)?.stop().await?;
            settled(host, node)
        }
        Command::KillNode { node } => {
            host.slot(node)?.kill().await?;
            settled(host, node)
        }
        Command::RestartNode { node } => {
            let slot = host.slot(node)?;
            if slot.mark().is_some() {
                slot.stop().await?;
                host.settle()?;
            }
            host.start_node(node, false).await?;
            status(host, node)
        }
        Command::PauseNode { node } => signal(host, node, Signal::Stop, NodeState::Paused).await,
        Command::ResumeNode { node } => signal(host, node, Signal::Continue, NodeState::Running).await,
        Command::SetLink { from, to, link } => {
            let known = host.links.get(&(from, to));
            known.ok_or_else(|| format!("there is no link from {from:?} to n{to}"))?.set_mode(link);
            Ok(Value::Null)
        }
        Command::FillDisk { node, fill, file } => value(fill_disk(host, node, fill, &file)?),
        Command::Disk { node } => {
            let quota = host.options.quota_bytes;
            let dir = &host.slot(node)?.data_dir;
            value(files::disk(dir, quota).map_err(|error| format!("n{node}: {error}"))?)
        }
        Command::ListFiles { node } => {
            let dir = &host.slot(node)?.data_dir;
            value(files::list(dir).map_err(|error| format!("n{node}: {error}"))?)
        }
        Command::RemoveFile { node, file } => {
            let path = files::inside(&host.slot(node)?.data_dir, &file)?;
            std::fs::remove_file(path).map_err(|error| format!("n{node}: {file}: {error}"))?;
            Ok(Value::Null)
        }
        Command::ReadLog { node, lines } => {
            let path = &host.slot(node)?.log_file;
            match journal::tail(path, lines) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => value(Vec::<String>::new()),
                read => value(read.map_err(|error| format!("n{node}: {error}"))?),
            }
        }
        Command::WipeNode { node } => {
            let slot = host.slot(node)?;
            if slot.mark().is_some() {
                slot.stopped = true;
                slot.kill().await?;
            }
            empty(&slot.data_dir).map_err(|error| format!("n{node}: {error}"))?;
            settled(host, node)
        }
        Command::Reset => host.reset().await,
        // The loop above ends the host before it comes here.
        Command::Shutdown => Ok(Value::Null),
    }
}

fn value(answer: impl Serialize) -> Result<Value, String> {
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

fn status(host: &mut Host, node: u64) -> Result<Value, String> {
    value(host.slot(node)?.status())
}

fn settled(host: &mut Host, node: u64) -> Result<Value, String> {
    host.settle()?;
    status(host, node)
}

/// Sends a signal and waits a moment for what it does: the system does it soon, not at once.
async fn signal(host: &mut Host, node: u64, signal: Signal, expected: NodeState) -> Result<Value, String> {
    let slot = host.slot(node)?;
    slot.signal(signal)?;
    let look = async || {
        let state = slot.status().state;
        if state == expected {
            Ok(())
        } else {
            Err(format!("n{node} is {state:?} and should be {expected:?}"))
        }
    };
    ready::wait(SIGNAL_LIMIT, look).await?;
    status(host, node)
}

/// Makes a file of nothing: only its length counts against the quota, so this machine's disk stays as it is.
fn fill_disk(host: &mut Host, node: u64, fill: Fill, file: &str) -> Result<Written, String> {
    let quota = host.options.quota_bytes;
    let dir = host.slot(node)?.data_dir.clone();
    let told = |error: io::Error| format!("n{node}: {file}: {error}");
    let path = files::inside(&dir, file)?;
    let old = std::fs::symlink_metadata(&path).map_or(0, |about| about.len());
    let others = files::used(&dir).map_err(told)?.saturating_sub(old);
    let bytes = match fill {
        Fill::Bytes(bytes) => bytes,
        Fill::Percent(percent) if (0.0..=100.0).contains(&percent) => {
            ((quota as f64 * percent / 100.0) as u64).saturating_sub(others)
        }
        Fill::Percent(percent) => return Err(format!("{percent} % is not from 0 to 100")),
    };
    let free = quota.saturating_sub(others);
    if bytes > free {
        return Err(format!("n{node}: {bytes} bytes don't fit: {free} of {quota} are free"));
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(told)?;
    }
    let made = std::fs::File::create(&path).and_then(|file| file.set_len(bytes));
    made.map_err(told)?;
    Ok(Written { file: file.to_owned(), bytes })
}
