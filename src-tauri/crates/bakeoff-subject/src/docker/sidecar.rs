//! Small containers that share a node's network or processes, with one capability and nothing else.

use super::engine::Engine;
use super::error::{DockerError, Doing};
use super::exec::{Ends, Executed};
use super::labels::{self, Identity};
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, LogsOptionsBuilder, StartContainerOptions, WaitContainerOptions,
};
use futures::StreamExt;
use std::time::{Duration, Instant};

/// How long a sidecar may take to say that it is ready, or to run to its end.
const LIMIT: Duration = Duration::from_secs(20);
/// What a sidecar prints when it has done what it is for.
pub(crate) const READY: &str = "ready";

/// What a sidecar shares with its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Its network; may change rules and queues there.
    Network,
    /// Its processes; may send them signals.
    Processes,
}

/// A sidecar to start.
#[derive(Debug, Clone)]
pub struct Sidecar<'a> {
    /// Its name, unique on the daemon.
    pub name: String,
    /// Whose it is.
    pub identity: &'a Identity,
    /// The image with the tools.
    pub image: &'a str,
    /// The node's container.
    pub target: &'a str,
    /// What it shares with it.
    pub share: Share,
    /// Program and arguments.
    pub command: Vec<String>,
}

impl Sidecar<'_> {
    fn body(&self) -> ContainerCreateBody {
        let mode = Some(format!("container:{}", self.target));
        let (network_mode, pid_mode, capability) = match self.share {
            Share::Network => (mode, None, "NET_ADMIN"),
            Share::Processes => (Some("none".to_owned()), mode, "KILL"),
        };
        ContainerCreateBody {
            image: Some(self.image.to_owned()),
            entrypoint: Some(self.command.iter().take(1).cloned().collect()),
            cmd: Some(self.command.iter().skip(1).cloned().collect()),
            user: Some("0:0".to_owned()),
            labels: Some(labels::labels(self.identity, "sidecar")),
            host_config: Some(HostConfig {
                // Docker's init would be a second process 1 in shared processes.
                init: Some(self.share == Share::Network),
                network_mode,
                pid_mode,
                cap_drop: Some(vec!["ALL".to_owned()]),
                cap_add: Some(vec![capability.to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

impl Engine {
    async fn launch(&self, sidecar: &Sidecar<'_>) -> Result<(), DockerError> {
        let options = CreateContainerOptionsBuilder::default().name(&sidecar.name).build();
        let created = self.docker.create_container(Some(options), sidecar.body()).await;
        created.doing(|| format!("make a sidecar of {}", sidecar.target))?;
        let started = self.docker.start_container(&sidecar.name, None::<StartContainerOptions>).await;
        started.doing(|| format!("start a sidecar of {}", sidecar.target))
    }

    /// Runs a sidecar to its end and removes it.
    ///
    /// # Errors
    /// When the node does not run, or Docker fails. A command that fails is an answer.
    pub async fn run_sidecar(&self, sidecar: &Sidecar<'_>) -> Result<Executed, DockerError> {
        let begun = Instant::now();
        let outcome = tokio::time::timeout(LIMIT, self.run_to_end(sidecar)).await;
        self.remove(&sidecar.name).await?;
        let (exit_code, stdout, stderr) = match outcome {
            Ok(outcome) => outcome?,
            Err(_) => (None, Ends::default(), Ends::default()),
        };
        Ok(Executed { stdout, stderr, exit_code, elapsed: begun.elapsed() })
    }

    async fn run_to_end(&self, sidecar: &Sidecar<'_>) -> Result<(Option<i64>, Ends, Ends), DockerError> {
        let doing = || format!("wait for a sidecar of {}", sidecar.target);
        self.launch(sidecar).await?;
        let mut waiting = self.docker.wait_container(&sidecar.name, None::<WaitContainerOptions>);
        let exit_code = match waiting.next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(error).doing(doing),
            None => return Err(DockerError::failed(doing(), "Docker said nothing")),
        };
        let (mut stdout, mut stderr) = (Ends::default(), Ends::default());
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let mut logs = self.docker.logs(&sidecar.name, Some(options));
        while let Some(part) = logs.next().await {
            match part.doing(doing)? {
                LogOutput::StdErr { message } => stderr.push(&message),
                other => stdout.push(&other.into_bytes()),
            }
        }
        Ok((Some(exit_code), stdout, stderr))
    }

    /// Starts a sidecar that stays, and returns when it has printed [`READY`].
    ///
    /// # Errors
    /// With what it printed when it ended before; it is removed then.
    pub async fn start_sidecar(&self, sidecar: &Sidecar<'_>) -> Result<(), DockerError> {
        let doing = || format!("prepare a sidecar of {}", sidecar.target);
        let ready = async {
            self.launch(sidecar).await?;
            let mut printed = Ends::default();
            let mut logs = std::pin::pin!(self.follow(&sidecar.name));
            while let Some(part) = logs.next().await {
                printed.push(&part?);
                if printed.text().lines().any(|line| line == READY) {
                    return Ok(());
                }
            }
            Err(DockerError::failed(doing(), printed.text().trim()))
        };
        let outcome = match tokio::time::timeout(LIMIT, ready).await {
            Ok(outcome) => outcome,
            Err(_) => Err(DockerError::TimedOut { doing: doing(), after: LIMIT }),
        };
        if outcome.is_err() {
            self.remove(&sidecar.name).await?;
        }
        outcome
    }
}
