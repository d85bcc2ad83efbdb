//! Faults: how each is done to a node, seen from outside, and undone.
//!
//! [`plan`] chooses the mechanism and says how it will be undone before anything is done. [`inject`], [`presence`] and
//! [`revert`] may each be called again. Network rules are held by a sidecar with a lease: when this program dies they
//! go by themselves.

pub(crate) mod disk;
mod network;
pub(crate) mod network_scripts {
    //! What the probe of the daemon runs too.
    pub(crate) use super::network::DELAY;
}

pub use disk::{DiskUse, disk_use, disk_uses};
pub use network::{LinkState, clear_link, links};

use super::capability::Capabilities;
use super::container::{ContainerState, Phase};
use super::error::DockerError;
use super::project::Project;
use super::sidecar::{Share, Sidecar};
use bakeoff_core::fault::{Direction, Fault, FaultKind, PlannedFault, Undo};
use bakeoff_core::ports::lab::Presence;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// By what means faults are done that need no ability of the daemon's kernel: kept with each trial, and told beforehand.
pub(crate) const KILL: &str = "docker kill";
/// As [`KILL`].
pub(crate) const RESTART: &str = "signal and restart policy";
/// As [`KILL`].
pub(crate) const PAUSE: &str = "docker pause";
/// As [`KILL`].
pub(crate) const BALLAST: &str = "tmpfs ballast";

/// Chooses mechanism and undo of a fault on one node, and does nothing yet. `tag` marks rules and files; it must say
/// nothing. `volume` is where the node has its own small volume.
///
/// # Errors
/// [`DockerError::Unavailable`] when this daemon or this subject can't do it, with the literal reason.
pub async fn plan(
    project: &Project,
    capabilities: &Capabilities,
    fault: &Fault,
    service: &str,
    volume: Option<&str>,
    tag: &str,
) -> Result<PlannedFault, DockerError> {
    let node = project.node(service)?;
    let name = || service.to_owned();
    let mut detail = Map::new();
    let rules = || Undo::RemoveRules {
        node: name(),
        helper: format!("{}-net-{tag}", project.identity().name),
        tag: tag.to_owned(),
    };
    let (mechanism, undo) = match fault.kind {
        FaultKind::None => ("none", Undo::Nothing),
        FaultKind::NodeKill => (KILL, Undo::StartNode { node: name() }),
        FaultKind::ProcessRestart => {
            let state = running(project, service).await?;
            detail.insert("restart_policy".to_owned(), json!(state.restart_policy));
            detail.insert("started_at".to_owned(), json!(state.started_at));
            (RESTART, Undo::StartNode { node: name() })
        }
        FaultKind::NodePause => (PAUSE, Undo::ResumeNode { node: name() }),
        FaultKind::Latency => (capabilities.latency()?, rules()),
        FaultKind::PacketLoss => (capabilities.packet_loss()?, rules()),
        FaultKind::NetworkPartition => {
            detail.insert("peers".to_owned(), json!(project.peers(service)?));
            (capabilities.partition()?, rules())
        }
        FaultKind::DiskPressure => {
            let volume = disk::volume(project, service, volume)?;
            let percent = fault.fill_percent.unwrap_or(80.0);
            let bytes = disk::ballast_bytes(project, &volume, percent).await?;
            detail.insert("bytes".to_owned(), json!(bytes));
            detail.insert("keeper_path".to_owned(), json!(volume));
            (BALLAST, Undo::RemoveFile { node: name(), path: format!("snapshot-{tag}.part") })
        }
    };
    detail.insert("container".to_owned(), json!(node.container));
    Ok(PlannedFault {
        fault: fault.clone(),
        node: (fault.kind != FaultKind::None).then(name),
        mechanism: mechanism.to_owned(),
        undo,
        detail,
    })
}

/// Does what was planned. Network faults go by themselves after `lease`.
///
/// # Errors
/// When it can't be done; what was done of it is undone by [`revert`].
pub async fn inject(project: &Project, planned: &PlannedFault, lease: Duration) -> Result<(), DockerError> {
    let Some(service) = &planned.node else { return Ok(()) };
    let container = &project.node(service)?.container;
    match planned.fault.kind {
        FaultKind::None => Ok(()),
        FaultKind::NodeKill => project.engine().kill(container, "KILL").await.map(drop),
        FaultKind::ProcessRestart => kill_process(project, service).await,
        FaultKind::NodePause => project.engine().pause(container).await.map(drop),
        FaultKind::Latency | FaultKind::PacketLoss | FaultKind::NetworkPartition => {
            network::inject(project, planned, service, lease).await
        }
        FaultKind::DiskPressure => disk::fill(project, planned).await,
    }
}

/// Whether the fault is in force, by a probe.
pub async fn presence(project: &Project, planned: &PlannedFault) -> Presence {
    match look(project, planned).await {
        Ok(presence) => presence,
        Err(error) => Presence::Unknown(error.to_string()),
    }
}

/// Whether the fault has happened, by a probe. Of one that is over in a moment (a process that is started again at once)
/// this is seen by what it left, not by what is in force.
pub async fn landed(project: &Project, planned: &PlannedFault) -> Presence {
    let (FaultKind::ProcessRestart, Some(service)) = (planned.fault.kind, &planned.node) else {
        return presence(project, planned).await;
    };
    match project.state(service).await {
        Err(error) => Presence::Unknown(error.to_string()),
        Ok(state) => has_restarted(planned, state.as_ref(), service),
    }
}

/// Undoes it: what is already undone, or was on a node that is gone, is fine.
///
/// # Errors
/// When it may still be in force.
pub async fn revert(project: &Project, planned: &PlannedFault) -> Result<(), DockerError> {
    let engine = project.engine();
    match &planned.undo {
        Undo::Nothing | Undo::ClearLinks { .. } => Ok(()),
        Undo::StartNode { node } => {
            let container = &project.node(node)?.container;
            if let Some(policy) = planned.detail.get("restart_policy").and_then(Value::as_str) {
                engine.set_restart_policy(container, policy).await?;
            }
            engine.start(container).await.map(drop)
        }
        Undo::ResumeNode { node } => engine.unpause(&project.node(node)?.container).await.map(drop),
        Undo::RemoveRules { node, helper, tag } => network::revert(project, node, helper, tag).await,
        Undo::RemoveFile { node, path } => match keeper_path(planned) {
            Some(volume) => disk::remove(project, volume, path).await,
            None => {
                Err(DockerError::failed(format!("find the volume of {node}"), "the plan does not say it"))
            }
        },
    }
}

fn keeper_path(planned: &PlannedFault) -> Option<&str> {
    planned.detail.get("keeper_path").and_then(Value::as_str)
}

async fn look(project: &Project, planned: &PlannedFault) -> Result<Presence, DockerError> {
    let Some(service) = &planned.node else { return Ok(Presence::Absent("nothing was done".to_owned())) };
    let state = project.state(service).await?;
    let phase = state.as_ref().map(|state| state.phase);
    let is = |words: &str| format!("{service} {words}");
    let describe = match phase {
        None => is("has no container"),
        Some(phase) => is(&format!("is {phase:?}").to_lowercase()),
    };
    Ok(match planned.fault.kind {
        FaultKind::None => Presence::Absent("nothing was done".to_owned()),
        FaultKind::NodeKill => match phase {
            Some(Phase::Running | Phase::Paused) => Presence::Absent(describe),
            _ => Presence::Present(describe),
        },
        FaultKind::NodePause => match phase {
            Some(Phase::Paused) => Presence::Present(describe),
            _ => Presence::Absent(describe),
        },
        FaultKind::ProcessRestart => restarted(planned, state.as_ref(), &describe),
        FaultKind::Latency | FaultKind::PacketLoss | FaultKind::NetworkPartition => match phase {
            Some(Phase::Running | Phase::Paused) => network::look(project, planned, service).await?,
            // Rules live in the network of a run; a node that starts again has a new one.
            _ => Presence::Absent(format!("{describe}: its network rules went with it")),
        },
        FaultKind::DiskPressure => disk::look(project, planned).await?,
    })
}

/// A killed process is seen by what Docker did then: it is down, or it is another run than before.
fn restarted(planned: &PlannedFault, state: Option<&ContainerState>, describe: &str) -> Presence {
    let before = planned.detail.get("started_at").and_then(Value::as_str);
    match state {
        Some(state) if state.phase == Phase::Running && Some(state.started_at.as_str()) == before => {
            Presence::Absent(format!("{describe} since {}", state.started_at))
        }
        Some(state) if state.phase == Phase::Running => {
            Presence::Absent(format!("{describe} again since {}", state.started_at))
        }
        _ => Presence::Present(describe.to_owned()),
    }
}

/// A killed process landed when its run is over: it is down, or in another run than before.
fn has_restarted(planned: &PlannedFault, state: Option<&ContainerState>, service: &str) -> Presence {
    let before = planned.detail.get("started_at").and_then(Value::as_str).unwrap_or_default();
    match state {
        Some(state) if state.phase != Phase::Running => {
            Presence::Present(format!("{service} is {:?}", state.phase).to_lowercase())
        }
        Some(state) if state.started_at != before => {
            Presence::Present(format!("{service} was started again at {}", state.started_at))
        }
        Some(_) => Presence::Absent(format!("{service} runs since {before}")),
        None => Presence::Unknown(format!("{service} has no container")),
    }
}

async fn running(project: &Project, service: &str) -> Result<ContainerState, DockerError> {
    match project.state(service).await? {
        Some(state) if state.phase == Phase::Running => Ok(state),
        _ => Err(DockerError::failed(format!("plan a fault on {service}"), "it does not run")),
    }
}

/// Kills what Docker's init runs in the node. Docker takes that for a crash, not for the user's wish, so that the restart
/// policy starts it again.
async fn kill_process(project: &Project, service: &str) -> Result<(), DockerError> {
    let container = project.node(service)?.container.clone();
    let policy = running(project, service).await?.restart_policy;
    if policy == "no" {
        project.engine().set_restart_policy(&container, "on-failure").await?;
    }
    // Children of process 1, read without tools that an image may lack.
    let script = "for stat in /proc/[0-9]*/stat; do \
        line=$(cat \"$stat\" 2>/dev/null) || continue; rest=${line##*) }; set -- $rest; \
        [ \"$2\" = 1 ] && kill -KILL \"${line%% *}\" && done_=1; done; [ -n \"${done_:-}\" ]";
    let sidecar =
        sidecar(project, format!("{}-ps-1", project.identity().name), &container, Share::Processes, script);
    let executed = project.engine().run_sidecar(&sidecar).await?;
    // The sidecar ends with the processes of the node: its own exit code says nothing then.
    match executed.exit_code {
        Some(0 | 137) => Ok(()),
        _ => executed.success(&format!("kill the process of {service}")).map(drop),
    }
}

pub(super) fn sidecar<'a>(
    project: &'a Project,
    name: String,
    target: &'a str,
    share: Share,
    script: &str,
) -> Sidecar<'a> {
    Sidecar {
        name,
        identity: project.identity(),
        image: project.tools_image(),
        target,
        share,
        command: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
    }
}

/// Which way a partition cuts.
fn direction(fault: &Fault) -> Direction {
    fault.direction.unwrap_or_default()
}
