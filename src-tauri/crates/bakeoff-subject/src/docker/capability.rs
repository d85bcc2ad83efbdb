//! What the daemon's kernel can do to a network, tried once in throw-away containers.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use super::fault::network_scripts::DELAY;
use super::labels::{self, Identity};
use super::sidecar::{Share, Sidecar};
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::CreateContainerOptionsBuilder;

/// Whether one mechanism works; if not, the literal words of the tool that refused.
pub type Ability = Result<(), String>;

/// What works here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// `tc … netem`: delays and losses by the kernel.
    pub netem: Ability,
    /// A netfilter queue with our own delayer.
    pub nfqueue: Ability,
    /// Rules that drop what goes to or comes from an address.
    pub iptables: Ability,
    /// Rules that drop a share.
    pub statistic: Ability,
}

impl Capabilities {
    /// Tries everything once. The image must have the tools of sidecars.
    ///
    /// # Errors
    /// When no container can be started at all.
    pub async fn probe(engine: &Engine, tools_image: &str) -> Result<Self, DockerError> {
        let identity = Identity::new("check", "preflight", "preflight");
        let probed = probe_in(engine, &identity, tools_image).await;
        super::sweep::project(engine, &identity.name).await?;
        probed
    }

    /// The mechanism of delays: the kernel's, else our own.
    pub(crate) fn latency(&self) -> Result<&'static str, DockerError> {
        first("latency", &[("netem", &self.netem), ("nfqueue", &self.nfqueue)])
    }

    /// The mechanism of losses.
    pub(crate) fn packet_loss(&self) -> Result<&'static str, DockerError> {
        first("packet_loss", &[("netem", &self.netem), ("iptables statistic", &self.statistic)])
    }

    /// The mechanism of partitions.
    pub(crate) fn partition(&self) -> Result<&'static str, DockerError> {
        first("network_partition", &[("iptables", &self.iptables)])
    }
}

fn first(what: &str, choices: &[(&'static str, &Ability)]) -> Result<&'static str, DockerError> {
    let reasons: Vec<String> = choices
        .iter()
        .filter_map(|(name, ability)| ability.as_ref().err().map(|reason| format!("{name}: {reason}")))
        .collect();
    let found = choices.iter().find(|(_, ability)| ability.is_ok()).map(|(name, _)| *name);
    found.ok_or_else(|| DockerError::Unavailable { what: what.to_owned(), reason: reasons.join("; ") })
}

async fn probe_in(engine: &Engine, identity: &Identity, image: &str) -> Result<Capabilities, DockerError> {
    let target = format!("{}-target", identity.name);
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["sleep".to_owned()]),
        cmd: Some(vec!["60".to_owned()]),
        labels: Some(labels::labels(identity, "probe")),
        host_config: Some(HostConfig {
            init: Some(true),
            network_mode: Some("none".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&target).build();
    engine.docker.create_container(Some(options), body).await.doing(|| "make a container".to_owned())?;
    engine.start(&target).await?;

    let attempt = async |name: &str, command: &[&str]| -> Result<Ability, DockerError> {
        let sidecar = Sidecar {
            name: format!("{}-{name}", identity.name),
            identity,
            image,
            target: &target,
            share: Share::Network,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
        };
        let executed = engine.run_sidecar(&sidecar).await?;
        Ok(if executed.is_success() { Ok(()) } else { Err(executed.stderr.text().trim().to_owned()) })
    };
    let shell = |line: &'static str| ["sh", "-c", line];
    Ok(Capabilities {
        netem: attempt(
            "netem",
            &shell("tc qdisc add dev lo root netem delay 1ms && tc qdisc del dev lo root"),
        )
        .await?,
        iptables: attempt("drop", &shell("iptables -w -A INPUT -s 192.0.2.1 -m comment --comment p -j DROP"))
            .await?,
        statistic: attempt(
            "share",
            &shell("iptables -w -A OUTPUT -d 192.0.2.1 -m statistic --mode random --probability 0.5 -j DROP"),
        )
        .await?,
        // The delayer itself, with a lease of no time: it binds the queue, sets its rule and takes it away.
        nfqueue: attempt("queue", &["python3", "-c", DELAY, "0", "p", "7", "1", "1", "192.0.2.1"]).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_mechanism_comes_first_and_what_is_missing_is_told_literally() {
        let no = |words: &str| Err(words.to_owned());
        let mut here = Capabilities { netem: Ok(()), nfqueue: Ok(()), iptables: Ok(()), statistic: Ok(()) };
        assert_eq!(here.latency(), Ok("netem"), "the kernel's own");
        here.netem = no("Specified qdisc kind is unknown.");
        assert_eq!(here.latency(), Ok("nfqueue"), "ours instead");
        assert_eq!(here.packet_loss(), Ok("iptables statistic"), "rules instead");
        here.nfqueue = no("nfqueue: error 93");
        let error = here.latency().unwrap_err().to_string();
        assert!(
            error.contains("qdisc kind is unknown") && error.contains("error 93"),
            "both reasons: {error}"
        );
        here.iptables = no("Permission denied");
        assert!(here.partition().unwrap_err().to_string().contains("Permission denied"), "the tool's words");
    }
}
