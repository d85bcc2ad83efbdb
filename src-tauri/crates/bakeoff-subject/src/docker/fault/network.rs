//! Rules in a node's own network, set and looked at from sidecars that share it.

use super::{DockerError, Project, Share, direction, sidecar};
use crate::docker::container::Phase;
use crate::docker::sidecar::Sidecar;
use bakeoff_core::fault::{Direction, FaultKind, PlannedFault, Undo};
use bakeoff_core::ports::lab::Presence;
use futures::future::try_join_all;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Sets rules and takes them away.
pub(crate) const RULES: &str = include_str!("rules.sh");
/// Delays packets where there is no netem.
pub(crate) const DELAY: &str = include_str!("delay.py");
/// Looks at a node's network.
const PROBE: &str = include_str!("probe.py");

/// How many connections the probe tries: each tells little of a loss.
const LOSS_ATTEMPTS: u32 = 200;
/// A delay is there when the median of as many attempts has at least this share of it.
const DELAY_SHARE: f64 = 0.8;
const DELAY_ATTEMPTS: u32 = 9;

/// What the probe printed.
#[derive(Debug, Deserialize)]
struct Seen {
    rules: u32,
    netem: bool,
    milliseconds: Vec<Vec<Option<f64>>>,
}

/// Whether a link passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// As it should.
    Passes,
    /// Nothing passes.
    Blocked,
    /// What it carries is held up.
    Delayed,
    /// A part of what it carries is lost.
    Lossy,
    /// One of its ends does not run.
    Down,
}

pub(super) async fn inject(
    project: &Project,
    planned: &PlannedFault,
    service: &str,
    lease: Duration,
) -> Result<(), DockerError> {
    let Undo::RemoveRules { helper, tag, .. } = &planned.undo else {
        return Err(DockerError::failed(
            "inject a network fault",
            "its plan does not say who holds the rules",
        ));
    };
    let container = project.node(service)?.container.clone();
    if project.engine().container(helper).await?.is_some_and(|state| state.phase == Phase::Running) {
        return Ok(());
    }
    project.engine().remove(helper).await?;
    let lease = format!("{}", lease.as_secs().max(1));
    let mut sidecar = sidecar(project, helper.clone(), &container, Share::Network, RULES);
    if planned.mechanism == "nfqueue" {
        let (low, high) = bounds(planned);
        // Any number but 0, which tools use by default.
        let queue =
            1 + tag.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 60_000;
        let arguments = [lease, tag.clone(), queue.to_string(), low.to_string(), high.to_string()];
        sidecar.command = ["python3", "-c", DELAY].map(str::to_owned).into_iter().chain(arguments).collect();
        sidecar.command.extend(peers(project, service)?);
    } else {
        sidecar.command.extend(["rules".to_owned(), lease, tag.clone()]);
        sidecar.command.extend(arguments(project, planned, service)?);
    }
    project.engine().start_sidecar(&sidecar).await
}

/// The delays that S1's parameters mean: mean ± jitter.
fn bounds(planned: &PlannedFault) -> (u32, u32) {
    let (delay, jitter) = planned.fault.delay_ms().unwrap_or((100, 50));
    (delay - jitter.min(delay), delay + jitter)
}

/// The kind of rules and its arguments, for `rules.sh`.
fn arguments(project: &Project, planned: &PlannedFault, service: &str) -> Result<Vec<String>, DockerError> {
    let netem = planned.mechanism == "netem";
    let loss = planned.fault.percent.unwrap_or(30.0);
    Ok(match planned.fault.kind {
        FaultKind::NetworkPartition => {
            let both = if direction(&planned.fault) == Direction::Symmetric { "BOTH" } else { "OUT" };
            ["drop", both].map(str::to_owned).into_iter().chain(peers(project, service)?).collect()
        }
        FaultKind::PacketLoss if netem => vec!["netem".to_owned(), "loss".to_owned(), format!("{loss}%")],
        FaultKind::PacketLoss => {
            let share = ["loss".to_owned(), format!("{}", loss / 100.0)];
            share.into_iter().chain(peers(project, service)?).collect()
        }
        _ => {
            let (delay, jitter) = planned.fault.delay_ms().unwrap_or((100, 50));
            vec!["netem".to_owned(), "delay".to_owned(), format!("{delay}ms"), format!("{jitter}ms")]
        }
    })
}

/// The addresses of the other nodes, as words of a command.
fn peers(project: &Project, service: &str) -> Result<Vec<String>, DockerError> {
    Ok(project.peers(service)?.into_values().map(|address| address.to_string()).collect())
}

/// Ends the helper, which takes its rules away, and then takes away what is still there: a helper that was killed, or
/// that holds the network of a run that is over.
pub(super) async fn revert(
    project: &Project,
    node: &str,
    helper: &str,
    tag: &str,
) -> Result<(), DockerError> {
    let engine = project.engine();
    engine.stop(helper, Duration::from_secs(5)).await?;
    engine.remove(helper).await?;
    let container = project.node(node)?.container.clone();
    let state = engine.container(&container).await?;
    if !state.is_some_and(|state| matches!(state.phase, Phase::Running | Phase::Paused)) {
        return Ok(());
    }
    clear(project, &container, tag).await
}

/// Takes away every rule and queueing discipline in a node's network that carries this tag.
async fn clear(project: &Project, container: &str, tag: &str) -> Result<(), DockerError> {
    let name = format!("{}-net-{:06x}", project.identity().name, rand::random::<u32>() & 0x00ff_ffff);
    let mut sidecar = sidecar(project, name, container, Share::Network, RULES);
    sidecar.command.extend(["rules", "0", tag, "clear", "netem"].map(str::to_owned));
    project.engine().run_sidecar(&sidecar).await?.success("take away network rules").map(drop)
}

pub(super) async fn look(
    project: &Project,
    planned: &PlannedFault,
    service: &str,
) -> Result<Presence, DockerError> {
    let Undo::RemoveRules { tag, .. } = &planned.undo else {
        return Ok(Presence::Unknown("the plan does not say who holds the rules".to_owned()));
    };
    let mut peers = Vec::new();
    for (peer, address) in project.peers(service)? {
        if project.state(&peer).await?.is_some_and(|state| state.phase == Phase::Running) {
            peers.push(address.to_string());
        }
    }
    if peers.is_empty() {
        return Ok(Presence::Unknown(format!("no peer of {service} runs, so that nothing can be measured")));
    }
    let (attempts, limit) = match planned.fault.kind {
        FaultKind::Latency => (DELAY_ATTEMPTS, 2.0 * f64::from(bounds(planned).1) / 1000.0 + 0.5),
        FaultKind::PacketLoss => (LOSS_ATTEMPTS, 0.5),
        _ => (3, 0.5),
    };
    let seen = probe(project, service, tag, attempts, limit, &peers).await?;
    Ok(judge(planned, &seen))
}

async fn probe(
    project: &Project,
    service: &str,
    tag: &str,
    attempts: u32,
    limit: f64,
    peers: &[String],
) -> Result<Seen, DockerError> {
    let container = project.node(service)?.container.clone();
    let name = format!("{}-net-{:06x}", project.identity().name, rand::random::<u32>() & 0x00ff_ffff);
    let sidecar = Sidecar {
        command: ["python3", "-c", PROBE, tag, &attempts.to_string(), &limit.to_string()]
            .into_iter()
            .map(str::to_owned)
            .chain(peers.iter().cloned())
            .collect(),
        ..sidecar(project, name, &container, Share::Network, "")
    };
    let doing = format!("measure the network of {service}");
    let text = project.engine().run_sidecar(&sidecar).await?.success(&doing)?;
    serde_json::from_str(&text).map_err(|error| DockerError::failed(doing, format!("{error}: {text}")))
}

/// The artefact is there when its rules are there **and** do what they should.
fn judge(planned: &PlannedFault, seen: &Seen) -> Presence {
    let in_place = if planned.mechanism == "netem" { seen.netem } else { seen.rules > 0 };
    if !in_place {
        return Presence::Absent("no rule is in the node's network".to_owned());
    }
    let all: Vec<Option<f64>> = seen.milliseconds.iter().flatten().copied().collect();
    let lost = all.iter().filter(|one| one.is_none()).count();
    let share = lost as f64 / all.len().max(1) as f64;
    let (visible, measured) = match planned.fault.kind {
        FaultKind::Latency => {
            // One link that is still slow is enough: an agent may have cleared the others.
            let median = seen.milliseconds.iter().map(|peer| median(peer)).fold(0.0, f64::max);
            let delay = f64::from(planned.fault.delay_ms().unwrap_or((0, 0)).0);
            (median >= DELAY_SHARE * delay, format!("a connection to a peer takes {median:.1} ms (median)"))
        }
        FaultKind::PacketLoss => {
            let wanted = planned.fault.percent.unwrap_or(30.0) / 100.0;
            (share >= wanted / 3.0 && lost > 0, format!("{:.0} of 100 connections are lost", 100.0 * share))
        }
        _ => {
            let cut = seen.milliseconds.iter().filter(|peer| peer.iter().all(Option::is_none)).count();
            (cut > 0, format!("{cut} of {} peers can't be reached", seen.milliseconds.len()))
        }
    };
    if visible {
        Presence::Present(measured)
    } else {
        Presence::Unknown(format!("the rules are in place, but {measured}"))
    }
}

/// What was not answered in time took longer than any bound.
fn median(milliseconds: &[Option<f64>]) -> f64 {
    let mut times: Vec<f64> = milliseconds.iter().map(|one| one.unwrap_or(f64::INFINITY)).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// Every link between two nodes, sender first.
///
/// # Errors
/// When Docker fails.
pub async fn links(project: &Project) -> Result<BTreeMap<(String, String), LinkState>, DockerError> {
    // One sidecar a node, all at once.
    let tables = project.nodes().iter().map(|node| async move {
        let state = project.state(&node.service).await?;
        match state.is_some_and(|state| matches!(state.phase, Phase::Running | Phase::Paused)) {
            true => table(project, &node.container).await.map(Some),
            false => Ok::<_, DockerError>(None),
        }
    });
    let tables: Vec<Option<String>> = try_join_all(tables).await?;
    let mut links = BTreeMap::new();
    for (from, sender) in project.nodes().iter().zip(&tables) {
        for (to, receiver) in project.nodes().iter().zip(&tables) {
            if from.service == to.service {
                continue;
            }
            let state = match (sender, receiver) {
                (Some(sender), Some(receiver)) => link_state(sender, to.address, receiver, from.address),
                _ => LinkState::Down,
            };
            links.insert((from.service.clone(), to.service.clone()), state);
        }
    }
    Ok(links)
}

/// What the rules at both ends make of a link, as `iptables-save` and `tc` print them.
fn link_state(sender: &str, to: IpAddr, receiver: &str, from: IpAddr) -> LinkState {
    let (out, into) = (format!("-A OUTPUT -d {to}/"), format!("-A INPUT -s {from}/"));
    let has = |table: &str, rule: &str, what: &dyn Fn(&str) -> bool| {
        table.lines().any(|line| line.starts_with(rule) && what(line))
    };
    let drops = |line: &str| line.ends_with("-j DROP") && !line.contains("statistic");
    if has(sender, &out, &drops) || has(receiver, &into, &drops) {
        LinkState::Blocked
    } else if has(sender, &out, &|line| line.contains("statistic")) || sender.contains(" loss ") {
        LinkState::Lossy
    } else if has(sender, &out, &|line| line.contains("NFQUEUE")) || sender.contains("netem") {
        LinkState::Delayed
    } else {
        LinkState::Passes
    }
}

/// The rules and queueing disciplines in a node's network, as the tools print them.
async fn table(project: &Project, container: &str) -> Result<String, DockerError> {
    let name = format!("{}-net-{:06x}", project.identity().name, rand::random::<u32>() & 0x00ff_ffff);
    let script = "iptables-save -t filter && tc qdisc show";
    let sidecar = sidecar(project, name, container, Share::Network, script);
    project.engine().run_sidecar(&sidecar).await?.success("read network rules")
}

/// Takes away the rules that hold up or block a link, whoever set them: what an agent does with `link clear`. Rules about
/// other links stay. A queueing discipline (netem) is about all that leaves a node, so that it goes as a whole.
///
/// # Errors
/// When one of the nodes does not run, or Docker fails.
pub async fn clear_link(project: &Project, from: &str, to: &str) -> Result<(), DockerError> {
    let (sender, receiver) = (project.node(from)?.clone(), project.node(to)?.clone());
    if from == to {
        let reason = "a link has two ends";
        return Err(DockerError::failed(format!("clear the link {from} → {to}"), reason));
    }
    let out = format!("^-A OUTPUT -d {}/", receiver.address);
    let into = format!("^-A INPUT -s {}/", sender.address);
    for (node, rule, netem) in [(&sender, out, true), (&receiver, into, false)] {
        let name = format!("{}-net-{:06x}", project.identity().name, rand::random::<u32>() & 0x00ff_ffff);
        let script = "iptables-save -t filter | grep -E -- \"$1\" | sed 's/^-A/-D/' | \
            while read -r rule; do iptables -w $rule || exit 1; done || exit 1; \
            if [ \"$2\" = true ]; then for at in $(tc qdisc show | sed -n 's/^qdisc netem .* dev \\([^ ]*\\) .*/\\1/p'); do \
            tc qdisc del dev \"$at\" root || exit 1; done; fi";
        let mut sidecar = sidecar(project, name, &node.container, Share::Network, script);
        sidecar.command.extend(["clear".to_owned(), rule, netem.to_string()]);
        project.engine().run_sidecar(&sidecar).await?.success(&format!("clear the link {from} → {to}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn planned(kind: FaultKind, mechanism: &str) -> PlannedFault {
        PlannedFault {
            fault: kind.with_defaults(),
            node: Some("n1".to_owned()),
            mechanism: mechanism.to_owned(),
            undo: Undo::Nothing,
            detail: Map::new(),
        }
    }

    fn seen(rules: u32, milliseconds: &[&[Option<f64>]]) -> Seen {
        Seen { rules, netem: false, milliseconds: milliseconds.iter().map(|peer| peer.to_vec()).collect() }
    }

    #[test]
    fn a_fault_is_present_only_when_its_rules_are_there_and_work() {
        let late = planned(FaultKind::Latency, "nfqueue");
        let check = |planned: &PlannedFault, seen: &Seen, expected: &str| {
            let presence = format!("{:?}", judge(planned, seen));
            assert!(presence.starts_with(expected), "{expected} for {seen:?}: {presence}");
        };
        check(&late, &seen(1, &[&[Some(90.0), Some(85.0), Some(110.0)]]), "Present");
        check(&late, &seen(1, &[&[Some(0.1), Some(0.2), Some(110.0)]]), "Unknown");
        check(&late, &seen(0, &[&[Some(90.0)]]), "Absent");
        check(&planned(FaultKind::Latency, "netem"), &seen(1, &[&[Some(90.0)]]), "Absent");
        let cut = planned(FaultKind::NetworkPartition, "iptables");
        check(&cut, &seen(4, &[&[None, None], &[None, None]]), "Present");
        check(&cut, &seen(2, &[&[None, None], &[Some(0.1), Some(0.1)]]), "Present");
        check(&cut, &seen(4, &[&[None, Some(0.1)]]), "Unknown");
        let lossy = planned(FaultKind::PacketLoss, "iptables statistic");
        check(&lossy, &seen(1, &[&[None, Some(0.1), Some(0.1), None]]), "Present");
        check(&lossy, &seen(1, &[&[Some(0.1); 20]]), "Unknown");
    }

    #[test]
    fn delays_are_mean_and_jitter() {
        assert_eq!(bounds(&planned(FaultKind::Latency, "nfqueue")), (50, 150), "the defaults of S1");
        let mut narrow = planned(FaultKind::Latency, "nfqueue");
        (narrow.fault.min_ms, narrow.fault.max_ms) = (Some(80), Some(80));
        assert_eq!(bounds(&narrow), (80, 80), "no jitter");
    }

    #[test]
    fn a_links_state_is_what_the_rules_about_it_say() {
        let (to, from) = ("172.18.0.12".parse().unwrap(), "172.18.0.11".parse().unwrap());
        let check = |sender: &str, receiver: &str, expected: LinkState| {
            assert_eq!(link_state(sender, to, receiver, from), expected, "{sender} {receiver}");
        };
        let comment = "-m comment --comment 1a2b3c4d";
        check("", "", LinkState::Passes);
        check(&format!("-A OUTPUT -d 172.18.0.12/32 {comment} -j DROP"), "", LinkState::Blocked);
        check("", &format!("-A INPUT -s 172.18.0.11/32 {comment} -j DROP"), LinkState::Blocked);
        check(&format!("-A OUTPUT -d 172.18.0.13/32 {comment} -j DROP"), "", LinkState::Passes);
        let lossy = "-m statistic --mode random --probability 0.3";
        check(&format!("-A OUTPUT -d 172.18.0.12/32 {lossy} {comment} -j DROP"), "", LinkState::Lossy);
        let queue = "-j NFQUEUE --queue-num 7 --queue-bypass";
        check(&format!("-A OUTPUT -d 172.18.0.12/32 {comment} {queue}"), "", LinkState::Delayed);
        check("qdisc netem 8001: dev eth0 root refcnt 2 limit 1000 delay 100ms", "", LinkState::Delayed);
        check("qdisc netem 8001: dev eth0 root refcnt 2 limit 1000 loss 30%", "", LinkState::Lossy);
    }
}
